"""Modules that are built without the user's help, and those that cannot be."""

from __future__ import annotations

import pytest
from workplace import CHILD, Workplace, imported

HEAD = "import flax.linen as nn\nimport jax\n\n"
NOT_BUILT = {
    "needs_a_cell.py": """\
class Needs(nn.Module):
    inner: nn.Module

    @nn.compact
    def __call__(self, xs):
        return self.inner(nn.RNN(nn.GRUCell(), 4)(xs))
""",
    "accepts_nothing.py": """\
class Accepts(nn.Module):
    @nn.compact
    def __call__(self, xs):
        if xs.shape != (1, 2, 3, 4, 5, 6, 7):
            raise ValueError("another shape is wanted")
        return nn.RNN(nn.GRUCell(), 4)(xs)
""",
    "is_a_function.py": """\
def function(xs):
    return nn.RNN(nn.GRUCell(), 4)(xs)
""",
    "cannot_be_imported.py": """\
import no_such_package


class Imported(nn.Module):
    @nn.compact
    def __call__(self, xs):
        return nn.RNN(nn.GRUCell(), 4)(xs)
""",
}
REASONS = {
    "Needs.__call__": "no value is known for its field inner",
    "Accepts.__call__": "ValueError: another shape is wanted",
    "function": "only a command or a probe can tell",
    "Imported.__call__": "cannot be imported: ModuleNotFoundError",
    "the text": "only files of Python are run",
}
MODELS = """\
class Stepper(nn.Module):
    hidden: int

    @nn.compact
    def __call__(self, carry, x):
        return nn.LSTMCell()(carry, x)

    @staticmethod
    def initialize_carry(batch_size, hidden):
        return nn.LSTMCell.initialize_carry(jax.random.PRNGKey(0), (batch_size,), hidden)


class Reader(nn.Module):
    hidden: int
    kind: str

    @nn.compact
    def __call__(self, xs, train):
        cell = nn.GRUCell() if self.kind == "gru" else nn.OptimizedLSTMCell()
        return nn.Dropout(0.5, deterministic=not train)(nn.RNN(cell, self.hidden)(xs))


class Residual(nn.RNNCellBase):
    @nn.compact
    def __call__(self, carry, x):
        carry, y = nn.GRUCell()(carry, x)
        return carry, nn.Dense(x.shape[-1])(y) + x

    @staticmethod
    def initialize_carry(rng, batch_dims, size, init_fn=nn.initializers.zeros):
        return nn.GRUCell.initialize_carry(rng, batch_dims, size, init_fn)


reader = nn.RNN(nn.GRUCell(), 6)
"""


def test_what_cannot_be_built_is_listed_with_the_reason(place: Workplace):
    for name, text in NOT_BUILT.items():
        (place.folder / "before" / name).write_text(HEAD + text)
    page = "# Page\n\n```python\nimport flax.linen as nn\nrnn = nn.RNN(nn.GRUCell(), 4)\n```\n"
    (place.folder / "before" / "page.md").write_text(page)
    result = place.verify(folder="before", before="")
    assert result.code == 1, result.out + result.err
    assert "NOTHING was exercised" in result.out
    told = {place["within"]: place["reason"] for place in result.data["not_exercised"]}
    assert told.keys() == REASONS.keys()
    for within, reason in REASONS.items():
        assert reason in told[within]
    assert place.left_behind() == []


def test_modules_are_built_on_both_sides(place: Workplace):
    (place.folder / "before" / "models.py").write_text(HEAD + MODELS)
    result = place.verify(folder="before", before="")
    assert result.code == 0, result.out + result.err
    built = result.data["runs"][0]["built"]
    assert "Stepper(hidden=4)(carry: (float[3, 4], float[3, 4]), x: float[3, 5])" in built
    assert "Stepper.initialize_carry(batch_size: 3, hidden: 4)" in built
    assert "Reader(hidden=4, kind='gru')(xs: float[7, 3, 5], train: False)" in built
    verdicts = result.verdicts()
    for path in ("Stepper/LSTMCell_0", "Reader/GRUCell_0", "Residual/GRUCell_0", "RNN/cell"):
        assert verdicts[path]["outcome"] == "identical"
    within = {place["within"] for place in result.data["not_exercised"]}
    assert within <= {"Residual.num_feature_axes"}


def test_a_fault_and_a_failure_after(place: Workplace):
    before = HEAD + MODELS
    after = (
        before.replace("nn.GRUCell() if", "nn.GRUCell(self.hidden) if")
        .replace("nn.OptimizedLSTMCell()", "nn.OptimizedLSTMCell(self.hidden)")
        .replace("nn.RNN(cell, self.hidden)", "nn.RNN(cell, reverse=True)")
        .replace("carry, y = nn.GRUCell()", "carry, y = nn.GRUCell(size)")
        .replace("reader = nn.RNN(nn.GRUCell(), 6)", "reader = nn.RNN(nn.GRUCell(6))")
    )
    place.write(before, after)
    result = place.verify()
    assert result.code == 1, result.out + result.err
    assert result.disagreeing().keys() >= {"Reader", "Residual.__call__"}
    assert "fails after: NameError" in result.verdicts()["Residual.__call__"]["reason"]


SOURCES = (
    ("def __call__(self, xs):\n        b, t, f = xs.shape", "xs", 3),
    ("def __call__(self, xs):\n        return xs[:, 0, 0, 0]", "xs", 4),
    ("def __call__(self, xs):\n        return xs.shape[4]", "xs", 5),
    ("def __call__(self, xs):\n        return xs", "xs", 3),
)


@pytest.mark.parametrize(("source", "name", "rank"), SOURCES)
def test_ranks_are_read(source: str, name: str, rank: int):
    values = imported("rnn_codemod_values")
    code = values._Code(f"class M:\n    {source}\n", "__call__")
    first = values._inputs(name, "", code, [4], False, 0)[0]
    assert first[0] == "float"
    assert len(first[1]) == rank


def test_the_child_is_python_3_8():
    import ast

    for file in CHILD.glob("*.py"):
        ast.parse(file.read_text(), feature_version=(3, 8))
