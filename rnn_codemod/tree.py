"""The files as a run sees them: what it may ask of the disk, and who answers."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

Question = tuple[Literal["read", "is_file", "is_folder"], str]
Answer = bytes | bool | OSError
"""The bytes of a file, what a path is, or why it cannot be read."""


def read(path: str) -> bytes:
    """All bytes of a file. Raises OSError where it cannot be read."""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


class Tree(ABC):
    """Answers every question about files that are not given as text."""

    @abstractmethod
    def answer(self, question: Question) -> Answer:
        """What is so, or an OSError as a value."""

    @abstractmethod
    def absolute(self, path: str) -> str:
        """``path`` from the root of the file system, without ``..``."""

    def read(self, path: str) -> bytes:
        """All bytes of a file. Raises OSError where it cannot be read."""
        answer = self.answer(("read", path))
        if isinstance(answer, OSError):
            raise answer
        assert isinstance(answer, bytes)
        return answer

    def is_file(self, path: str) -> bool:
        """Whether it is a file, or a link to one."""
        return self.answer(("is_file", path)) is True

    def is_folder(self, path: str) -> bool:
        """Whether it is a folder, or a link to one."""
        return self.answer(("is_folder", path)) is True


class Disk(Tree):
    """The disk itself. What is a file stays one as long as this object lives."""

    def __init__(self) -> None:
        self._known: dict[Question, bool] = {}

    def __reduce__(self) -> tuple[type[Disk], tuple[()]]:
        return Disk, ()  # What it remembers is of this machine.

    def absolute(self, path: str) -> str:
        return os.path.abspath(path)

    def answer(self, question: Question) -> Answer:
        kind, path = question
        if kind == "read":
            try:
                return read(path)
            except OSError as error:
                return error
        if question not in self._known:
            ask = os.path.isfile if kind == "is_file" else os.path.isdir
            self._known[question] = ask(path)
        return self._known[question]


class Recorded(Tree):
    """Another tree, and in ``answers`` all that it was asked."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.answers: dict[Question, Answer] = {}

    def absolute(self, path: str) -> str:
        return self._tree.absolute(path)

    def answer(self, question: Question) -> Answer:
        if question not in self.answers:
            self.answers[question] = self._tree.answer(question)
        return self.answers[question]


class Unanswered(BaseException):
    """A question that a ``Sent`` tree has no answer to. Nothing that expects a bad file may
    take it for one, so it is no Exception.
    """

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.question = question


class Sent(Tree):
    """Answers that came from another machine, whose working folder is ``folder``."""

    def __init__(self, folder: str, answers: Mapping[Question, Answer]) -> None:
        self._folder = folder
        self._answers = answers

    def absolute(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._folder, path))

    def answer(self, question: Question) -> Answer:
        """Raises Unanswered where nothing was sent."""
        if question not in self._answers:
            raise Unanswered(question)
        return self._answers[question]
