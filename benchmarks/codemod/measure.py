"""CPU time and peak memory of a command and of all processes that it starts."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """``cpu`` in seconds, over all processes; ``memory`` in MiB, of the largest of them."""

    cpu: float
    memory: float


def cost(command: list[str], folder: Path) -> Cost:
    """Runs ``command`` in ``folder`` and tells what it cost.

    Raises:
        RuntimeError: it ended by a signal or with another exit code than 0 or 1.
    """
    # In between stands a process of its own, as small as can be: the numbers that a process can
    # read are those of all its children together.
    told = subprocess.run(
        [sys.executable, "-S", __file__, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    numbers = json.loads(told.stdout)
    if numbers["code"] not in (0, 1):
        raise RuntimeError(f"{command} ended with {numbers['code']}: {numbers['said']}")
    return Cost(numbers["cpu"], numbers["memory"])


def _main() -> None:
    done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    numbers = {
        "code": done.returncode,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss / unit,
        "said": done.stderr[-500:].decode(errors="replace"),
    }
    print(json.dumps(numbers))


if __name__ == "__main__":
    _main()
