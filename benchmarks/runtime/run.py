"""Times the recurrent layers of several libraries on one machine, in one process.

    JAX_PLATFORMS=cpu KERAS_BACKEND=jax python benchmarks/runtime/run.py [CASE ...]

Needs flax, dm-haiku, equinox, keras and torch. In every round each library runs once, in random
order, so a busy machine disturbs all of them alike; a ratio is the median over rounds of
(flax.linen's time in the round / the library's), from the wall clock and from the process's CPU
time. Writes docs/runtime-benchmarks.json; benchmarks/runtime/report.py makes the table and the
picture.
"""

from __future__ import annotations

import json
import os
import platform
import random
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from peers import PEERS

# (cell, both directions, batch, time, *features in, width)
CASES = {
    "LSTM tiny": ("LSTMCell", False, (1, 128, 64), 128),
    "LSTM mid": ("LSTMCell", False, (32, 128, 128), 256),
    "LSTM rl": ("LSTMCell", False, (256, 128, 64), 64),
    "LSTM speech": ("LSTMCell", False, (8, 2000, 80), 320),
    "LSTM big": ("LSTMCell", False, (64, 512, 128), 512),
    "GRU tiny": ("GRUCell", False, (1, 128, 64), 128),
    "GRU mid": ("GRUCell", False, (32, 128, 128), 256),
    "GRU rl": ("GRUCell", False, (256, 128, 64), 64),
    "Bidirectional mid": ("LSTMCell", True, (32, 128, 128), 256),
    "ConvLSTM": ("ConvLSTMCell", False, (8, 20, 32, 32, 3), 16),
}
OUTPUT = Path(__file__).parents[2] / "docs" / "runtime-benchmarks.json"
ROUNDS, SECONDS = 60, float(os.environ.get("SECONDS_A_CASE", "15"))


def measure(programs: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Medians of interleaved rounds: milliseconds, and flax's time over each program's own."""
    wall: dict[str, list[float]] = {name: [] for name in programs}
    cpu: dict[str, list[float]] = {name: [] for name in programs}
    for run in programs.values():
        run()
    end = time.perf_counter() + SECONDS
    while len(wall["flax.linen"]) < 4 or (
        time.perf_counter() < end and len(wall["flax.linen"]) < ROUNDS
    ):
        # In a random order: what follows torch shares the cores with its waiting threads.
        order = random.sample(list(programs.items()), len(programs))
        for name, run in order:
            started, used = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - used)
    return {
        name: {
            "rounds": len(wall[name]),
            "ms": 1e3 * float(np.median(wall[name])),
            "ratio": float(np.median(np.divide(wall["flax.linen"], wall[name]))),
            "cpu_ratio": float(np.median(np.divide(cpu["flax.linen"], cpu[name]))),
        }
        for name in programs
    }


def run_case(name: str) -> dict[str, Any]:
    """All libraries on one shape."""
    cell, both, shape, width = CASES[name]
    x = jax.random.normal(jax.random.key(1), shape)
    made = {peer: make(cell, both, width, x) for peer, make in PEERS.items()}
    made = {peer: programs for peer, programs in made.items() if programs is not None}
    flax = made["flax.linen"][2]
    return {
        "forward": measure({peer: programs[0] for peer, programs in made.items()}),
        "backward": measure({peer: programs[1] for peer, programs in made.items()}),
        "to_flax": {
            peer: {key: facts[key] / flax[key] for key in facts}
            for peer, (_, _, facts) in made.items()
        },
    }


def main() -> None:
    """Measures the named cases, or all, and adds them to the file."""
    results = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    results["machine"] = {
        "python": platform.python_version(),
        "jax": jax.__version__,
        "platform": jax.default_backend(),
        "cores": os.cpu_count(),
    }
    for name in sys.argv[1:] or CASES:
        results[name] = run_case(name)
        OUTPUT.write_text(json.dumps(results, indent=1) + "\n")
        own = results[name]
        print(name, *(f"{k} {own[k]['rnn_runtime']['ratio']:.2f}" for k in ("forward", "backward")))


if __name__ == "__main__":
    main()
