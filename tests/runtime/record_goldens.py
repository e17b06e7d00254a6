"""Records what the legacy programs give on real flax 0.6.11.

Run with an interpreter that has flax 0.6.11 and jax 0.4.13:

    JAX_PLATFORMS=cpu python tests/runtime/record_goldens.py
"""

from __future__ import annotations

from pathlib import Path

import flax
import jax
import numpy as np
from legacy_cases import CASES, run_case


def main() -> None:
    """Writes one compressed file with the arrays of all cases, named ``case|path:dtype``."""
    assert flax.__version__ == "0.6.11", flax.__version__
    assert jax.__version__ == "0.4.13", jax.__version__
    arrays = {f"{name}|{path}": a for name in CASES for path, a in run_case(name).items()}
    target = Path(__file__).parent / "goldens" / "flax-0.6.11.npz"
    target.parent.mkdir(exist_ok=True)
    np.savez_compressed(target, **arrays)
    print(f"{len(arrays)} arrays, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
