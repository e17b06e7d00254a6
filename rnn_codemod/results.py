"""What a run tells about each file, and about all of them."""

from __future__ import annotations

from dataclasses import dataclass

from rnn_codemod.files.problem import Problem
from rnn_codemod.findings import Finding


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file.

    ``before`` and ``after`` are its bytes where they differ, and empty elsewhere. With a
    ``problem`` the file is as it was; of a notebook or a text, the piece of code it names.
    """

    path: str
    rewritten: tuple[Finding, ...] = ()
    refused: tuple[Finding, ...] = ()
    left_alone: int = 0
    warnings: tuple[str, ...] = ()
    before: bytes = b""
    after: bytes = b""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over the results of a run."""

    files: int = 0
    changed: int = 0
    rewritten: int = 0
    refused: int = 0
    left_alone: int = 0
    problems: int = 0

    def plus(self, result: FileResult) -> Totals:
        """These counts and those of one more file."""
        return Totals(
            self.files + 1,
            self.changed + (result.before != result.after),
            self.rewritten + len(result.rewritten),
            self.refused + len(result.refused),
            self.left_alone + result.left_alone,
            self.problems + (result.problem is not None),
        )
