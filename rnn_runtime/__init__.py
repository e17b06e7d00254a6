"""The refactored recurrent cells on flax.linen modules, and the layers that scan them."""

from __future__ import annotations

from rnn_runtime.bidirectional import Bidirectional
from rnn_runtime.cells import (
    ConvLSTMCell,
    GRUCell,
    LSTMCell,
    MGUCell,
    OptimizedLSTMCell,
    RNNCellBase,
    SimpleCell,
)
from rnn_runtime.rnn import RNN
from rnn_runtime.sequences import flip_sequences
from rnn_runtime.stack import RNNStack

__all__ = [
    "RNN",
    "Bidirectional",
    "ConvLSTMCell",
    "GRUCell",
    "LSTMCell",
    "MGUCell",
    "OptimizedLSTMCell",
    "RNNCellBase",
    "RNNStack",
    "SimpleCell",
    "flip_sequences",
]
