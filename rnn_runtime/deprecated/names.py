"""``flax.linen`` with the legacy classes under its recurrent names, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def legacy_names() -> Iterator[None]:
    """Lets ``flax.linen.X`` and ``flax.linen.recurrent.X`` mean the classes of flax 0.6.11.

    Import and run legacy code inside. What it imported by name keeps the legacy meaning
    afterwards; an attribute access (``nn.LSTMCell``) after the end means today's class again, and
    code imported before keeps what it had. The names are those of the whole process, threads
    included. It can be nested, and used as a decorator.
    """
    homes = (nn, flax.linen.recurrent)
    saved = [(home, name, getattr(home, name)) for home in homes for name in LEGACY]
    try:
        for home in homes:
            for name, cls in LEGACY.items():
                setattr(home, name, cls)
        yield
    finally:
        for home, name, cls in saved:
            setattr(home, name, cls)
