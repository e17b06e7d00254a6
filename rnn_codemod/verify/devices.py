"""What a run computes on, as environment variables, and whether an interpreter has it."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence

from rnn_codemod.verify.interpreters import Interpreter
from rnn_codemod.verify.problem import UsageError

_ASK = "import jax; print(len(jax.devices()))"


def variables(device: str, devices: int | None, inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables of a run on ``device``, ``cpu`` or ``gpu``; the user's own flags of XLA stay.

    On a GPU the same operations are asked for in the same order and in full float32: without
    that, two runs of one program differ in more than the last bits.
    """
    if device == "gpu":
        chosen = {"JAX_PLATFORMS": "cuda", "JAX_DEFAULT_MATMUL_PRECISION": "highest"}
        flags = "--xla_gpu_deterministic_ops=true"
    else:
        chosen = {"JAX_PLATFORMS": "cpu"}
        flags = f"--xla_force_host_platform_device_count={devices}" if devices else ""
    if flags:
        chosen["XLA_FLAGS"] = f"{inherited.get('XLA_FLAGS', '')} {flags}".strip()
    return chosen


def check(device: str, devices: int | None, interpreters: Sequence[Interpreter]) -> None:
    """Raises UsageError where ``device`` is not there."""
    if device == "cpu":
        return
    if devices:
        raise UsageError("--devices makes devices of the CPU, and goes with --device cpu")
    for interpreter in dict.fromkeys(interpreters):
        done = subprocess.run(
            [interpreter.path, "-c", _ASK],
            env={**os.environ, **variables(device, None, os.environ)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise UsageError(
                f"--device gpu: jax {interpreter.jax} of {interpreter.path} finds none"
            )


def in_words(devices: Sequence[str]) -> str:
    """``2 x cpu`` of the kinds of all devices."""
    return ", ".join(f"{count} x {kind}" for kind, count in Counter(devices).items())
