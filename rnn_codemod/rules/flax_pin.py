"""Pins of flax in the files of dependencies; ``rnn_codemod.pins`` finds them."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.rules.rule import Context, Rule


def find(context: Context) -> Iterator[Decision]:
    """A pin is a site of a project, not of a Python text."""
    return iter(())


rule = Rule(
    name="flax_pin",
    summary="a dependency pin excludes the flax that the code needs",
    explanation=(
        "When all recurrent code of a project is new, or becomes new in this run, a pin that "
        "excludes Flax 0.7 would bring back a Flax on which that code fails. In "
        "requirements*.txt, constraints*.txt, setup.cfg, setup.py, pyproject.toml, "
        "environment.yml and Pipfile its specifier is raised; lock files are reported."
    ),
    before="setup(install_requires=['flax[all] >= 0.5, < 0.7'])\n",
    after="setup(install_requires=['flax[all] >= 0.7'])\n",
    find=find,
)
