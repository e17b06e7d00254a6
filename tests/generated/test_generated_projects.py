"""Legacy projects drawn from a grammar, run before and after the migration of the whole folder.

pytest tests/generated                           24 projects
PROGRAMS=5000 pytest -m slow tests/generated     as many as you like
python tests/generated/sweep.py --projects       the same, sorted by what went wrong
"""

from __future__ import annotations

import os
from random import Random

import pytest

pytest.importorskip("jax", reason="projects need the extra `runtime`")
pytest.importorskip("flax", reason="projects need the extra `runtime`")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_projects import judge_project
from projects import Project, numbered_project, project

from rnn_codemod.findings import Options

PROJECTS = int(os.environ.get("PROGRAMS", "1000"))
CHUNK = 8


def _check(drawn: Project, target: str = "flax", processes: int = 0) -> None:
    verdict = judge_project(drawn, Options(target=target), processes=processes)
    assert not verdict.faults, f"{verdict}\n--- before\n{drawn}\n--- after\n{verdict.after}"


@pytest.mark.parametrize("first", range(200, 224, CHUNK))
def test_projects_compute_the_same(first: int) -> None:
    for number in range(first, first + CHUNK):
        target = "runtime" if number % 4 == 3 else "flax"
        _check(numbered_project(number), target, processes=0 if number % 8 else 3)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["flax", "runtime"])
@pytest.mark.parametrize("first", range(0, PROJECTS, CHUNK))
def test_many_projects_compute_the_same(first: int, target: str) -> None:
    for number in range(first, first + CHUNK):
        _check(numbered_project(number), target, processes=0 if number % 10 else 3)


@pytest.mark.slow
@settings(
    max_examples=PROJECTS,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_the_smallest_project_that_fails(random: Random) -> None:
    _check(project(random))
