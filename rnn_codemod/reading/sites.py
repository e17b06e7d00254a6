"""Which sites belong to a construction."""

from __future__ import annotations

import ast

from rnn_codemod.reading.facts import Application, CarryCall, Construction, Facts, RnnCall
from rnn_codemod.reading.value import CellInstance
from rnn_codemod.reading.values import Values


class Sites:
    """The carries, applications and layers of the instance that a construction makes."""

    def __init__(self, values: Values, facts: Facts) -> None:
        self.values = values
        self.facts = facts

    def is_made_by(self, node: ast.expr, construction: Construction) -> bool:
        """Whether ``node`` may be the instance that ``construction`` makes."""
        return any(
            isinstance(value, CellInstance) and value.node is construction.node
            for value in self.values.of(node)
        )

    def layers(self, construction: Construction) -> list[RnnCall]:
        """The ``nn.RNN(cell, size)`` calls that this cell goes into."""
        return [r for r in self.facts.layers if self.is_made_by(r.cell, construction)]

    def applications(self, construction: Construction) -> list[Application]:
        return [a for a in self.facts.applications if self.is_made_by(a.cell, construction)]

    def own_carries(self, construction: Construction) -> list[CarryCall]:
        """The carry calls on the instance that this construction makes."""
        return [c for c in self.facts.carries if self.is_made_by(c.receiver, construction)]
