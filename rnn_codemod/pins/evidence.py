"""What a run has found in the code, by folder: the ground on which a pin is raised or not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from rnn_codemod.findings import LEGACY, Finding
from rnn_codemod.reading.kinds import KINDS
from rnn_codemod.results import FileResult
from rnn_codemod.rules import RULES


@dataclass(slots=True)
class Code:
    """The recurrent code below one folder."""

    rewritten: int = 0
    refused: int = 0
    unread: int = 0
    perhaps_new: list[str] = field(default_factory=list)
    """Files in which something is left alone that may be the new API of flax."""

    def has_new(self) -> bool:
        """Whether code is written for flax >= 0.7 already."""
        return any(map(_is_new, self.perhaps_new))


class Evidence:
    """Gathers the results of a run."""

    def __init__(self) -> None:
        self._folders: dict[str, Code] = {}

    @staticmethod
    def of(results: Iterable[FileResult]) -> Evidence:
        """The evidence of some results."""
        evidence = Evidence()
        for result in results:
            evidence._add(result)
        return evidence

    def _add(self, result: FileResult) -> None:
        folder = os.path.dirname(os.path.realpath(result.path))
        while True:
            code = self._folders.setdefault(folder, Code())
            code.rewritten += sum(map(_is_legacy, result.rewritten))
            code.refused += sum(map(_is_legacy, result.refused))
            code.unread += result.problem is not None
            if result.left_alone:
                code.perhaps_new.append(result.path)
            above = os.path.dirname(folder)
            if above == folder:
                return
            folder = above

    def __bool__(self) -> bool:
        return any(c.rewritten or c.refused or c.perhaps_new for c in self._folders.values())

    def below(self, folder: str) -> Code:
        """The code in ``folder``, a real path, and in its folders."""
        return self._folders.get(folder, Code())


def _is_legacy(finding: Finding) -> bool:
    """Whether it is a site for an older flax, not a fault in new code."""
    rule = RULES.get(finding.rule)  # None for a finding of another engine
    return rule is None or rule.group == LEGACY


def _is_new(path: str) -> bool:
    """Whether a dense cell of flax is given its ``features`` in the file."""
    from rnn_codemod.files.decode import decode
    from rnn_codemod.reading.reading import Reading
    from rnn_codemod.tree import read

    try:
        reading = Reading.of(decode(read(path)).text)
        return any(
            not made.legacy
            and made.spread is not None
            and all(KINDS.get(kind.name) is kind and not kind.sized for kind in made.kinds)
            for made in reading.facts.constructions
        )
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False  # Whatever it is was told when the file was treated.
