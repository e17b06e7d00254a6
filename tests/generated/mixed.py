"""Cells that take both forms, so that a half-migrated program runs: what is left is legacy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flax.linen as nn
import flax.linen.recurrent

from rnn_runtime import deprecated

OLD_SITES: set[tuple[str, int]] = set()
"""File and line of each call in the old form since ``either_form`` was entered."""
_NAMES = ("LSTMCell", "OptimizedLSTMCell", "GRUCell", "ConvLSTMCell")


def _note_caller() -> None:
    caller = sys._getframe(2)
    OLD_SITES.add((caller.f_code.co_filename, caller.f_lineno))


class _EitherCarry:
    """``initialize_carry`` in the form of the arguments: the legacy one, or the refactored."""

    def __init__(self, old: Callable[..., Any], new: Callable[..., Any]) -> None:
        self._old = old
        self._new = new

    def _of_class(self, *args: Any, **kwargs: Any) -> Any:
        _note_caller()
        return self._old(*args, **kwargs)

    def __get__(self, cell: Any, owner: type) -> Callable[..., Any]:
        if cell is None:
            return self._of_class

        def initialize_carry(*args: Any, **kwargs: Any) -> Any:
            legacy = len(args) + len(kwargs) > 2 or "size" in kwargs
            if legacy:
                _note_caller()
            return self._old(*args, **kwargs) if legacy else self._new(cell, *args, **kwargs)

        return initialize_carry


def _either_cell(name: str) -> type:
    new, old = getattr(nn, name), getattr(deprecated, name)
    fields: dict[str, Any] = {"__module__": new.__module__, "__qualname__": name}
    if name != "ConvLSTMCell":
        fields.update(__annotations__={"features": Any}, features=None)
    cls = type(name, (new,), fields)
    cls.initialize_carry = _EitherCarry(old.initialize_carry, new.initialize_carry)
    if name != "ConvLSTMCell":
        cls.__init__ = _by_position(cls.__init__)
    return cls


def _by_position(init: Callable[..., None]) -> Callable[..., None]:
    """``Cell(gate_fn, ...)`` beside ``Cell(features, gate_fn, ...)``."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *((None, *args) if args and callable(args[0]) else args), **kwargs)
        if self.features is None:
            _note_caller()

    return __init__


class RNN(deprecated.RNN):
    """``nn.RNN`` with a cell that knows its size, or with the size."""

    cell_size: Any = None

    def __call__(self, inputs: Any, **options: Any) -> Any:
        if self.cell_size is None:
            return _NEW_RNN.__call__(self, inputs, **options)
        return super().__call__(inputs, **options)


_NEW_RNN = nn.RNN
_EITHER = {**{name: _either_cell(name) for name in _NAMES}, "RNN": RNN}


@contextmanager
def either_form() -> Iterator[None]:
    """Lets ``flax.linen.X`` and ``flax.linen.recurrent.X`` mean the classes of both forms."""
    homes = (nn, flax.linen.recurrent)
    OLD_SITES.clear()
    saved = [(home, name, getattr(home, name)) for home in homes for name in _EITHER]
    try:
        for home in homes:
            for name, cls in _EITHER.items():
                setattr(home, name, cls)
        yield
    finally:
        for home, name, cls in saved:
            setattr(home, name, cls)
