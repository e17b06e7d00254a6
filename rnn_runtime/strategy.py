"""Which way a scan is computed: the one place that decides, by platform and shape.

Every figure behind a choice is in docs/runtime-benchmarks.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax


@dataclass(frozen=True)
class Plan:
    """How one scan is computed.

    Attributes:
      joined: one dot per gate on [x, h] side by side; else x and h have a dot each.
      chunk: steps whose weight gradients are taken in one dot; 0 is all of them.
      recompute: gates are computed again in the backward pass instead of being kept.
      unroll: steps in one iteration of the compiled loop.
    """

    joined: bool
    chunk: int
    recompute: bool
    unroll: int


def choose(
    kind: str,
    batch: int,
    steps: int,
    recompute: bool,
    unroll: int,
    platform: str | None = None,
) -> Plan:
    """The plan for one scan.

    Args:
      kind: "lstm", "gru" or "conv_lstm".
      batch: the product of the batch axes.
      steps: length of the time axis.
      recompute, unroll: what the caller asked for.
      platform: "cpu", "gpu" or "tpu"; by default the one jax computes on.
    """
    platform = platform or jax.default_backend()
    if kind == "conv_lstm":
        # The gradient of a small kernel is slow step by step and fast over all steps at once.
        return Plan(joined=False, chunk=0, recompute=recompute, unroll=unroll)
    if platform != "cpu":
        # Not measured: an accelerator has the memory, and one large dot fills it best.
        return Plan(joined=False, chunk=0, recompute=recompute, unroll=unroll)
    if batch == 1:
        # One row a step is bound by the loop's own cost, so longer chunks pay.
        return Plan(joined=False, chunk=64, recompute=recompute, unroll=unroll)
    # A GRU has more cotangents a step than an LSTM, so its chunks are shorter for the same memory.
    chunk = 8 if kind == "gru" else 16
    return Plan(joined=True, chunk=chunk, recompute=recompute, unroll=unroll)
