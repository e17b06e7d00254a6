"""Times the recurrent layers of several libraries on one machine, in one process.

    PYTHONPATH=. JAX_PLATFORMS=cpu KERAS_BACKEND=jax python benchmarks/runtime/run.py [CASE ...]

Needs flax, dm-haiku, equinox, keras and torch. In every round each library runs once, in random
order, so a busy machine disturbs all of them alike; a ratio is the median over rounds of
(flax.linen's time in the round / the library's), from the wall clock and from the process's CPU
time. Adds the cases to docs/runtime-benchmarks.json, each when it is done, so they can be measured
a few at a time; those of other versions are dropped. benchmarks/runtime/report.py makes the table
and the picture. All cases take about twelve minutes on two idle cores.
"""

from __future__ import annotations

import json
import math
import os
import platform
import random
import sys
import time
from pathlib import Path
from typing import Any

import flax
import jax
import numpy as np
from peers import AGAIN, PEERS

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
    "GRU speech": ("GRUCell", False, (8, 2000, 80), 320),
    "GRU big": ("GRUCell", False, (64, 512, 128), 512),
    "Bidirectional mid": ("LSTMCell", True, (32, 128, 128), 256),
    "ConvLSTM": ("ConvLSTMCell", False, (8, 20, 32, 32, 3), 16),
}
OUTPUT = Path(__file__).parents[2] / "docs" / "runtime-benchmarks.json"
# At least ROUNDS[0] of them, and until SECONDS are over at most ROUNDS[1].
ROUNDS, SECONDS = (4, 100), float(os.environ.get("SECONDS_A_CASE", "12"))
# Threads of one library wait busily for more work, on the cores that the next library needs.
PAUSE = 0.03


def measure(programs: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Interleaved rounds: median milliseconds, and medians of ratios of times.

    ``ratio`` and ``cpu_ratio`` are flax.linen's time over the program's, ``to_ours`` is the
    program's wall time over rnn_runtime's.
    """
    wall: dict[str, list[float]] = {name: [] for name in programs}
    cpu: dict[str, list[float]] = {name: [] for name in programs}
    for run in programs.values():
        run()
    started = time.perf_counter()
    programs["flax.linen"]()
    # What is over at once is run several times over, for the first one after a pause is slow.
    times = math.ceil(0.02 / (time.perf_counter() - started))
    end = time.perf_counter() + SECONDS
    done = 0
    while done < ROUNDS[0] or (time.perf_counter() < end and done < ROUNDS[1]):
        for name, run in random.sample(list(programs.items()), len(programs)):
            time.sleep(PAUSE)
            started, used = time.perf_counter(), time.process_time()
            for _ in range(times):
                run()
            wall[name].append((time.perf_counter() - started) / times)
            cpu[name].append((time.process_time() - used) / times)
        done += 1

    def ratio(times: dict[str, list[float]], over: str, under: str) -> float:
        return float(np.median(np.divide(times[over], times[under])))

    return {
        name: {
            "rounds": done,
            "ms": 1e3 * float(np.median(wall[name])),
            "ratio": ratio(wall, "flax.linen", name),
            "cpu_ratio": ratio(cpu, "flax.linen", name),
            "to_ours": ratio(wall, name, "rnn_runtime"),
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
    # Gates are computed again only in a backward pass.
    going_forward = {peer: made[peer][0] for peer in made if peer != AGAIN}
    return {
        "forward": measure(going_forward),
        "backward": measure({peer: programs[1] for peer, programs in made.items()}),
        "to_flax": {
            peer: {key: facts[key] / flax[key] for key in facts}
            for peer, (_, _, facts) in made.items()
        },
    }


def main() -> None:
    """Measures the named cases, or all, and adds them to the file."""
    results = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    machine = {
        "python": platform.python_version(),
        "jax": jax.__version__,
        "flax": flax.__version__,
        "platform": jax.default_backend(),
        "cores": os.cpu_count(),
    }
    # Cases may be measured one after another, but not with other versions than the rest.
    if results.get("machine") != machine:
        results = {"machine": machine}
    for name in sys.argv[1:] or CASES:
        results[name] = run_case(name)
        OUTPUT.write_text(json.dumps(results, indent=1) + "\n")
        own = results[name]
        print(name, *(f"{k} {own[k]['rnn_runtime']['ratio']:.2f}" for k in ("forward", "backward")))


if __name__ == "__main__":
    main()
