"""Legacy programs drawn from a grammar, run before and after the migration."""

from __future__ import annotations

import os
from random import Random

import pytest

pytest.importorskip("jax", reason="programs need the extra `runtime`")
pytest.importorskip("flax", reason="programs need the extra `runtime`")

from grammar import program
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge import judge
from layout import noisy

from rnn_codemod.findings import Options

SWEEP = int(os.environ.get("PROGRAMS", "2000"))
CHUNK = 100


def _check(text: str, target: str) -> None:
    verdict = judge(text, Options(target=target))
    faults = "\n".join(map(str, verdict.faults))
    assert not verdict.faults, f"{faults}\n--- before\n{text}\n--- after\n{verdict.after}"


@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False), st.sampled_from(["flax", "flax", "runtime"]))
def test_a_program_computes_the_same(random: Random, target: str) -> None:
    text = program(random).text
    if random.randrange(2):
        text = noisy(text, random)
    _check(text, target)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["flax", "runtime"])
@pytest.mark.parametrize("first", range(0, SWEEP, CHUNK))
def test_many_programs_compute_the_same(first: int, target: str) -> None:
    for number in range(first, first + CHUNK):
        random = Random(number)
        text = program(random).text
        _check(noisy(text, random) if number % 2 else text, target)
