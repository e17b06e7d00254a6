"""What was asked of a tree, with the digests of the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from rnn_codemod.tree import Answer, Question, Tree

Trace = dict[Question, str]
"""By question, the digest of its answer."""

CHANGED = "changed"
"""Stands for two answers to one question. It is no digest, so what has it never holds again."""


@dataclass(frozen=True, slots=True)
class Traced(Tree):
    """Another tree, and in ``trace`` the digests of all that it answered."""

    tree: Tree
    trace: Trace

    def absolute(self, path: str) -> str:
        return self.tree.absolute(path)

    def answer(self, question: Question) -> Answer:
        answer = self.tree.answer(question)
        add(self.trace, question, digest(answer))
        return answer


def add(trace: Trace, question: Question, answered: str) -> None:
    """One more answer, which may be another one than before."""
    if trace.setdefault(question, answered) != answered:
        trace[question] = CHANGED


def add_all(trace: Trace, other: Mapping[Question, str]) -> None:
    """All answers of another trace."""
    for question, answered in other.items():
        add(trace, question, answered)


def digest(answer: Answer) -> str:
    """Differs wherever the answer does."""
    if isinstance(answer, bytes):
        return hashlib.blake2b(answer, digest_size=20).hexdigest()
    return f"error {answer.errno}" if isinstance(answer, OSError) else str(answer)
