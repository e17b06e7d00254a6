"""Which way a scan is computed: the one place that decides, by platform and shape.

The figures behind the choices are in docs/runtime-benchmarks.md and docs/runtime.md.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import jax
from jax import numpy as jnp

# Own kernels (scans/kernel.py) are off until they are measured to be faster.
KERNELS = os.environ.get("RNN_RUNTIME_KERNELS") == "1"


@dataclass(frozen=True)
class Plan:
    """How one scan is computed.

    Attributes:
      form: "split": x and h have a dot a gate; "joined": one dot a gate on [x, h] side by side;
        "hoisted": x has its dots before the loop.
      wide: the backward loop has one dot with all h kernels side by side, else one a gate.
      hoist: of how many steps x has its dots at once, where it is hoisted; 0 is all of them.
      chunk: steps whose weight gradients are taken in one dot; 0 is all of them.
      recompute: gates are computed again in the backward pass instead of being kept.
      unroll: steps in one iteration of the compiled loop.
      columns: how a pass runs with features first (scans/columns.py), whatever the form: "whole"
        has one dot a step for all gates, "pairs" one for two gates, "gates" one a gate; "" is not
        at all.
      turned: inputs and carries are transposed in memory before the dots of weight gradients.
      sparing: the gradients of a chunk are taken one after another, in the memory of one.
      alone: the plan of a pass without a derivative, where it is another.
      core: "xla", a compiled loop; "cudnn", cuDNN's LSTM; "kernel", a Pallas kernel.
    """

    form: str
    chunk: int
    recompute: bool
    unroll: int
    wide: bool = True
    hoist: int = 0
    columns: str = ""
    turned: bool = False
    sparing: bool = False
    alone: Plan | None = None
    core: str = "xla"

    @property
    def joined(self) -> bool:
        """Whether the form is "joined"."""
        return self.form == "joined"

    @property
    def hoisted(self) -> bool:
        """Whether the form is "hoisted"."""
        return self.form == "hoisted"


@dataclass(frozen=True)
class Task:
    """What is known of one scan.

    Attributes:
      kind: "lstm", "gru" or "conv_lstm".
      batch: the product of the batch axes.
      width: of the carry.
      steps: length of the time axis.
      dtype: of the whole computation.
      recompute, unroll: what the caller asked for.
      full: whether the carries of all steps are needed.
      both: whether it runs beside a second one, of the other direction.
    """

    kind: str
    batch: int
    width: int
    steps: int
    dtype: jnp.dtype
    recompute: bool = False
    unroll: int = 1
    full: bool = False
    both: bool = False


def choose(task: Task, platform: str | None = None) -> Plan:
    """The plan for a scan on "cpu", "gpu" or "tpu"; by default where jax computes."""
    platform = platform or jax.default_backend()
    asked: dict[str, Any] = {"recompute": task.recompute, "unroll": task.unroll}
    if task.kind == "conv_lstm":
        # On a CPU a step's arrays are large enough for its dots, and small enough for the cache.
        return Plan("split", chunk=1 if platform == "cpu" else 0, **asked)
    if KERNELS and platform in ("cpu", "tpu") and task.steps and not task.recompute:
        return Plan("hoisted", chunk=0, **asked, core="kernel")
    if platform != "cpu":
        # Not measured: an accelerator has the memory, and one large dot fills it best.
        core = "cudnn" if platform == "gpu" and _suits_cudnn(task) else "xla"
        return Plan("hoisted", chunk=0, **asked, core=core)
    if task.batch == 1:
        # One row a step: all is small, and copies of the weights weigh most.
        chunk, sparing = (16, True) if task.recompute else (0, False)
        # Two steps of an LSTM in one iteration hide a part of what the loop itself costs.
        unroll = max(task.unroll, 2 if task.kind == "lstm" else 1)
        alone = Plan("hoisted", chunk=0, **asked | {"unroll": unroll})
        return Plan("split", chunk=chunk, **asked, wide=False, sparing=sparing, alone=alone)
    # XLA's faster dots on a CPU sum along the last axis of what stands on the left.
    asked["turned"] = True
    # A GRU has more cotangents a step than an LSTM, so its chunks are shorter for the same memory.
    chunk = 8 if task.kind == "gru" else 16
    if task.batch >= 128:
        return Plan("joined", chunk=chunk, **asked, wide=task.kind == "gru")
    # Kept gates would have to be turned back at every step, which costs what features first gain.
    columns = _columns(task)
    alone = Plan("split", chunk=0, **asked, columns=columns) if columns else None
    if task.both and task.kind == "lstm":
        # Two directions in one loop already fill its dots; x hoisted would double what is kept.
        chunk = 8 if task.recompute else chunk
        return Plan("split", chunk=chunk, **asked, wide=True, alone=alone)
    if task.kind == "gru" or task.batch < 16:
        return Plan("split", chunk=chunk, **asked, wide=task.kind == "lstm", alone=alone)
    # In chunks, for large temporaries are paid for in page faults at every call.
    return Plan("hoisted", chunk=chunk, **asked, wide=False, hoist=16, alone=alone)


def _columns(task: Task) -> str:
    """``Plan.columns`` on a CPU for less than 128 rows, where there is no derivative.

    The larger a dot, the better it feeds two cores; few rows leave most of a large one to copying
    its weights.
    """
    if task.kind == "gru":
        if task.width < 256 or task.both:
            return ""
        return "whole" if task.width >= 512 else "gates"
    if task.width >= 512 or (task.batch >= 16 and task.both) or task.batch * task.width >= 12288:
        return "whole"
    if task.batch < 16:
        return "gates" if task.width >= 256 else ""
    return "pairs" if task.batch >= 32 else ""


def _suits_cudnn(task: Task) -> bool:
    """Whether cuDNN's LSTM, which is float32 or TF32, computes this with the asked precision."""
    precise = (None, "highest", "float32", "high", "tensorfloat32")
    return (
        task.kind == "lstm"
        and task.dtype == jnp.float32
        and task.steps > 0
        and not (task.full or task.recompute)
        and jax.config.jax_default_matmul_precision in precise
    )
