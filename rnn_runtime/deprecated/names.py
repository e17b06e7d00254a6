"""``flax.linen`` with the legacy classes under its recurrent names, for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flax.linen as nn
import flax.linen.recurrent

from rnn_runtime.deprecated import cells, layers

LEGACY = {
    cls.__name__: cls
    for cls in (
        cells.RNNCellBase,
        cells.LSTMCell,
        cells.OptimizedLSTMCell,
        cells.GRUCell,
        cells.ConvLSTMCell,
        layers.RNN,
        layers.Bidirectional,
    )
}


_lock = threading.Lock()
_entered = 0
_today: list[tuple[Any, str, Any]] = []


@contextmanager
def legacy_names() -> Iterator[None]:
    """Lets ``flax.linen.X`` and ``flax.linen.recurrent.X`` mean the classes of flax 0.6.11.

    Import and run legacy code inside. What it imported by name keeps the legacy meaning
    afterwards; an attribute access (``nn.LSTMCell``) after the end means today's class again, and
    code imported before keeps what it had. The names are those of the whole process, threads
    included: today's are back when the last of those who entered has left. It can be nested, and
    used as a decorator.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _entered
    with _lock:
        if not _entered:
            homes = (nn, flax.linen.recurrent)
            _today[:] = [(home, name, getattr(home, name)) for home in homes for name in LEGACY]
            for home, name, _ in _today:
                setattr(home, name, LEGACY[name])
        _entered += 1


def _leave() -> None:
    global _entered
    with _lock:
        _entered -= 1
        if not _entered:
            for home, name, cls in _today:
                setattr(home, name, cls)
