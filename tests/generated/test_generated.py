"""Legacy programs drawn from a grammar, run before and after the migration.

pytest tests/generated                         60 programs
PROGRAMS=5000 pytest -m slow tests/generated   as many as you like
python tests/generated/sweep.py                the same, sorted by what went wrong
"""

from __future__ import annotations

import os
from random import Random

import pytest

pytest.importorskip("jax", reason="programs need the extra `runtime`")
pytest.importorskip("flax", reason="programs need the extra `runtime`")

from grammar import numbered, program
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge import judge
from layout import noisy

from rnn_codemod.findings import Options

PROGRAMS = int(os.environ.get("PROGRAMS", "1000"))
CHUNK = 20


def _check(text: str, target: str = "flax") -> None:
    verdict = judge(text, Options(target=target))
    faults = "\n".join(map(str, verdict.faults))
    assert not verdict.faults, f"{faults}\n--- before\n{text}\n--- after\n{verdict.after}"


@pytest.mark.parametrize("first", range(0, 60, CHUNK))
def test_programs_compute_the_same(first: int) -> None:
    for number in range(first, first + CHUNK):
        _check(numbered(number).text, "runtime" if number % 3 == 2 else "flax")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["flax", "runtime"])
@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_many_programs_compute_the_same(first: int, target: str) -> None:
    for number in range(first, first + CHUNK):
        _check(numbered(number).text, target)


@pytest.mark.slow
@settings(
    max_examples=PROGRAMS,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False), st.booleans())
def test_the_smallest_program_that_fails(random: Random, odd_layout: bool) -> None:
    text = program(random).text
    _check(noisy(text, random) if odd_layout else text)
