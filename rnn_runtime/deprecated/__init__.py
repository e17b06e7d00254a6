"""The recurrent API of flax 0.6.11 on today's flax, for code that has not migrated yet."""

from __future__ import annotations

from rnn_runtime.deprecated.cells import (
    ConvLSTMCell,
    GRUCell,
    LSTMCell,
    OptimizedLSTMCell,
    RNNCellBase,
)
from rnn_runtime.deprecated.layers import RNN, Bidirectional
from rnn_runtime.deprecated.names import legacy_names

__all__ = [
    "RNN",
    "Bidirectional",
    "ConvLSTMCell",
    "GRUCell",
    "LSTMCell",
    "OptimizedLSTMCell",
    "RNNCellBase",
    "legacy_names",
]
