"""Which releases a set of version clauses lets in, decided exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

Version = tuple[int, ...]
"""The numbers of a final release; trailing zeros mean nothing."""


class Op(Enum):
    """How a release is compared with the version of a clause."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    PREFIX = "==.*"
    NOT_PREFIX = "!=.*"


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison."""

    op: Op
    version: Version

    def lets_in(self, release: Version) -> bool:
        """Whether ``release`` passes."""
        one, other = _stripped(release), _stripped(self.version)
        match self.op:
            case Op.EQUAL:
                return one == other
            case Op.NOT_EQUAL:
                return one != other
            case Op.LESS:
                return one < other
            case Op.AT_MOST:
                return one <= other
            case Op.GREATER:
                return one > other
            case Op.AT_LEAST:
                return one >= other
            case Op.PREFIX:
                return self._is_prefix(one)
            case Op.NOT_PREFIX:
                return not self._is_prefix(one)

    def bounds(self) -> Iterator[Version]:
        """The releases at which the answer may change."""
        yield _stripped(self.version)
        if self.op in (Op.PREFIX, Op.NOT_PREFIX):
            yield _stripped(after_prefix(self.version))

    def _is_prefix(self, release: Version) -> bool:
        length = len(self.version)
        return (release + (0,) * length)[:length] == self.version


@dataclass(frozen=True, slots=True)
class Specifier:
    """Alternatives, in each of which all clauses must hold; one without clauses lets all in."""

    alternatives: tuple[tuple[Clause, ...], ...]

    def lets_in(self, release: Version) -> bool:
        """Whether ``release`` passes."""
        return any(all(c.lets_in(release) for c in each) for each in self.alternatives)

    def lets_in_some_from(self, floor: Version) -> bool:
        """Whether some release, of today or to come, passes that is ``floor`` or newer."""
        return any(self.lets_in(v) for v in self._samples(floor) if v >= _stripped(floor))

    def lets_in_all_from(self, floor: Version) -> bool:
        """Whether every release passes that is ``floor`` or newer."""
        return all(self.lets_in(v) for v in self._samples(floor) if v >= _stripped(floor))

    def lets_in_some_below(self, floor: Version) -> bool:
        """Whether some release passes that is older than ``floor``."""
        return any(self.lets_in(v) for v in self._samples(floor) if v < _stripped(floor))

    def _samples(self, floor: Version) -> Iterator[Version]:
        """Releases that stand for all: the bounds, and one just above each of them.

        Between two neighbouring bounds no clause changes its answer. With ``n`` numbers in the
        longest bound, a bound filled up to ``n`` numbers and followed by a 1 lies above it and
        below the next.
        """
        bounds = {(), _stripped(floor)}
        bounds.update(b for each in self.alternatives for clause in each for b in clause.bounds())
        longest = max(map(len, bounds))
        for bound in bounds:
            yield bound
            yield bound + (0,) * (longest - len(bound)) + (1,)


def after_prefix(prefix: Version) -> Version:
    """The first release after all that begin with ``prefix``."""
    return (*prefix[:-1], prefix[-1] + 1)


def written(version: Iterable[int]) -> str:
    """``0.7`` of ``(0, 7)``."""
    return ".".join(map(str, version))


def _stripped(version: Version) -> Version:
    end = len(version)
    while end and version[end - 1] == 0:
        end -= 1
    return version[:end]
