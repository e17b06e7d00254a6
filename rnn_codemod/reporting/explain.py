"""What a rule does, in words and by example."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Protocol

from rnn_codemod.findings import LEGACY


class Explained(Protocol):
    """What is told of a rule."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def explanation(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def group(self) -> str: ...


def listed(rules: Iterable[Explained]) -> str:
    """One line for each rule."""
    known = sorted(rules, key=lambda rule: rule.name)
    width = max(len(rule.name) for rule in known)
    return "\n".join(f"{rule.name:{width}}  {rule.summary}" for rule in known)


def explained(rule: Explained) -> str:
    """The whole of one rule."""
    parts = [f"{rule.name}: {rule.summary}", rule.explanation.strip()]
    if rule.group != LEGACY:
        parts.append(f"Off unless selected: --select {rule.group} or --select {rule.name}.")
    for title, code in (("Before", rule.before), ("After", rule.after)):
        if code:
            parts.append(f"{title}:\n\n{textwrap.indent(code.strip(chr(10)), '    ')}")
    return "\n\n".join(parts)
