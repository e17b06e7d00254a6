"""Carries in the new form: ``cell.initialize_carry(rng, input_shape)`` on an instance."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import CellInstance

INITIALIZE = "initialize_carry"


@dataclass(frozen=True, eq=False)
class ShapedCarry:
    """``shape`` is what the call gives as its second argument."""

    node: ast.Call
    receiver: ast.expr
    instances: frozenset[CellInstance]
    shape: ast.expr

    def is_made_by(self, made: Construction) -> bool:
        """Whether the receiver can only be the instance that ``made`` builds."""
        return all(value.node is made.node for value in self.instances)


def shaped_carry(reading: Reading, node: ast.AST) -> ShapedCarry | None:
    """The carry in the new form that ``node`` creates, if it does."""
    match node:
        case ast.Call(func=ast.Attribute(attr="initialize_carry", value=receiver)):
            pass
        case _:
            return None
    found = reading.values.of(receiver)
    instances = frozenset(value for value in found if isinstance(value, CellInstance))
    given: dict[str, ast.expr] = dict(zip(("rng", "input_shape"), node.args, strict=False))
    given.update({k.arg: k.value for k in node.keywords if k.arg})
    if not instances or len(instances) != len(found) or given.keys() != {"rng", "input_shape"}:
        return None
    if len(node.args) + len(node.keywords) != 2:
        return None
    return ShapedCarry(node, receiver, instances, given["input_shape"])
