"""The recurrent cells: one step of a recurrence as a flax.linen module each."""

from __future__ import annotations

from rnn_runtime.cells.base import RNNCellBase
from rnn_runtime.cells.conv_lstm import ConvLSTMCell
from rnn_runtime.cells.gru import GRUCell
from rnn_runtime.cells.lstm import LSTMCell, OptimizedLSTMCell
from rnn_runtime.cells.mgu import MGUCell
from rnn_runtime.cells.simple import SimpleCell

__all__ = [
    "ConvLSTMCell",
    "GRUCell",
    "LSTMCell",
    "MGUCell",
    "OptimizedLSTMCell",
    "RNNCellBase",
    "SimpleCell",
]
