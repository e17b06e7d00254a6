"""What a rule is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from rnn_codemod.around import Verdict
from rnn_codemod.editing.edits import Decision, Edit
from rnn_codemod.findings import LEGACY, Applicability, Finding, Options
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.world import World


class CannotWrite(Exception):
    """A form that would not be exact here; the message is the reason."""


@dataclass(frozen=True)
class Context:
    """One file under one set of options; what every rule decides from."""

    reading: Reading
    options: Options
    world: World | None = None
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a cell class, the given files that mention it."""
    verdicts: tuple[Verdict, ...] = ()
    """What is known already of custom cells that the file may use."""


@dataclass(frozen=True)
class Rule:
    """One kind of legacy code. Its name is its file, id, fixture folder and docs anchor."""

    name: str
    summary: str
    explanation: str
    before: str
    after: str
    find: Callable[[Context], Iterator[Decision]]
    group: str = LEGACY

    def rewrite(
        self,
        context: Context,
        node: ast.AST,
        message: str,
        *edits: Edit,
        reason: str = "",
        applicability: Applicability = Applicability.SAFE,
        recipe: tuple[str, ...] = (),
    ) -> Decision:
        line, column = context.reading.source.place(node)
        finding = Finding(self.name, line, column, message, applicability, reason, recipe)
        return Decision(finding, edits)

    def refuse(
        self, context: Context, node: ast.AST, message: str, reason: str, *recipe: str
    ) -> Decision:
        line, column = context.reading.source.place(node)
        manual = Applicability.MANUAL
        return Decision(Finding(self.name, line, column, message, manual, reason, recipe))
