"""Questions whose answers need one another, asked until the answers stay the same."""

from __future__ import annotations

from collections.abc import Callable

from rnn_codemod.reading.value import NOTHING, UNKNOWN, Value

ROUNDS = 8
"""How often a question is asked again before its answer also counts as unknown."""


class Fixpoint:
    """Answers questions, each known by a key; one that meets itself is asked again."""

    def __init__(self) -> None:
        self._known: dict[object, frozenset[Value]] = {}
        self._open: set[object] = set()
        self._round: dict[object, frozenset[Value]] = {}
        self._before: dict[object, frozenset[Value]] = {}
        self._met_itself = False

    def settled(self, key: object, read: Callable[[], frozenset[Value]]) -> frozenset[Value]:
        """What ``read`` gives, also where it needs itself, as in ``h, y = cell(h, x)``.

        The outermost question is asked again until the answers to all questions that it leads to
        stay the same: then a question that met itself had the whole answer already.
        """
        if key in self._known:
            return self._known[key]
        if self._open:
            return self._answer(key, read)
        for _ in range(ROUNDS):
            self._met_itself = False
            self._round = {}
            self._answer(key, read)
            if not self._met_itself or self._round == self._before:
                break
            self._before = self._round
        else:
            self._round = {key: found | UNKNOWN for key, found in self._round.items()}
        self._known.update(self._round)
        self._before = {}
        return self._known[key]

    def _answer(self, key: object, read: Callable[[], frozenset[Value]]) -> frozenset[Value]:
        if key in self._round:
            return self._round[key]
        if key in self._open:
            self._met_itself = True
            return self._before.get(key, NOTHING)
        self._open.add(key)
        try:
            found = self._round[key] = read()
        finally:
            self._open.discard(key)
        return found
