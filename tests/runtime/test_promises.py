"""What a user of flax's layers may do to a layer, done to both; and what flax does not have."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import numpy as np
import pytest
from flax import serialization
from jax import export
from jax import numpy as jnp
from support import CELLS, array, assert_close, assert_same, drawn, pair, random_like

import rnn_runtime as rr
from rnn_runtime import deprecated
from rnn_runtime.deprecated import warn

KEY = jax.random.key(3)
Model = Callable[[Any], Any]


class Noisy(nn.RNNCellBase):
    """A user's cell with dropout, a counter and a sown value."""

    features: int

    @nn.compact
    def __call__(self, carry: Any, x: Any) -> Any:
        steps = self.variable("counts", "steps", lambda: jnp.zeros((), jnp.int32))
        steps.value += 1
        y = nn.Dropout(0.5, deterministic=False)(carry + nn.Dense(self.features)(x))
        self.sow("seen", "y", y)
        return y, y

    @nn.nowrap
    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> Any:
        return jnp.zeros((*input_shape[:-1], self.features))

    num_feature_axes = 1


def test_every_lifting_argument_is_handed_on() -> None:
    options = {
        "variable_axes": {"seen": 0},
        "variable_broadcast": ("params",),
        "variable_carry": "counts",
        "split_rngs": {"params": False, "dropout": True},
        "return_carry": True,
    }
    theirs, ours = nn.RNN(Noisy(4), **options), rr.RNN(Noisy(4), **options)
    x = array(2, 5, 3)
    rngs = {"params": KEY, "dropout": jax.random.key(4)}
    alone = Noisy(4).init(rngs, jnp.zeros((2, 4)), x[:, 0])
    variables = {name: {"cell": alone[name]} for name in ("params", "counts")}
    expected, ran = (
        layer.apply(variables, x, rngs=rngs, mutable=["counts", "seen"]) for layer in (theirs, ours)
    )
    assert_same(ran, expected)
    assert ran[1]["seen"]["cell"]["y"][0].shape == (5, 2, 4)
    assert ran[1]["counts"]["cell"]["steps"] == 1 + 5


@pytest.mark.parametrize("name", CELLS[:5])
def test_a_random_initial_carry_is_drawn_from_the_key(name: str) -> None:
    cells = pair(name, carry_init=nn.initializers.normal(1.0))
    x = array(2, 3, 3)
    variables = drawn(nn.RNN(cells[0]), x)
    for both in (False, True):
        for kwargs in ({}, {"init_key": jax.random.key(8)}):
            results = []
            for home, cell in zip((nn, rr), cells, strict=True):
                layer = home.RNN(cell)
                if both:
                    layer = home.Bidirectional(layer, home.RNN(cell.clone()))
                tree = variables["params"]
                tree = {"forward_rnn": tree, "backward_rnn": tree} if both else tree
                results.append(layer.apply({"params": tree}, x, **kwargs))
            assert_close(results[1], results[0])


def nested(home: Any) -> nn.Module:
    class Inner(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            y = home.RNN(home.LSTMCell(4))(x)
            y = home.RNN(home.GRUCell(4), name="second")(y)
            return home.Bidirectional(home.RNN(home.MGUCell(4)), home.RNN(home.SimpleCell(4)))(y)

    class Outer(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            cell = home.OptimizedLSTMCell(4)
            carry, y = cell(cell.initialize_carry(KEY, x[:, 0].shape), x[:, 0])
            again, _ = home.OptimizedLSTMCell(4)(carry, y)
            return Inner()(Inner()(x)), again

    return Outer()


def shared(home: Any) -> nn.Module:
    class Model(nn.Module):
        def setup(self) -> None:
            self.cell = home.LSTMCell(4)
            self.rnn = home.RNN(self.cell, return_carry=True)

        def __call__(self, x: Any) -> Any:
            carry, y = self.rnn(x)
            return y, self.cell(carry, x[:, 0])

    return Model()


def lifted_layer(home: Any, lift: Callable[[type], type]) -> nn.Module:
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return lift(home.RNN)(home.LSTMCell(4, parent=None))(x)

    return Model()


class Repeat(nn.Module):
    """Three layers as one scan over depth."""

    home: Any

    @nn.compact
    def __call__(self, x: Any) -> Any:
        def body(layer: nn.Module, x: Any) -> tuple[Any, None]:
            return layer(x), None

        scan = nn.scan(body, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        return scan(self.home.RNN(self.home.GRUCell(3)), x)[0]


MODELS: dict[str, Callable[[Any], nn.Module]] = {
    "auto-names": nested,
    "a cell shared with a layer": shared,
    "scan over depth": Repeat,
    "vmap of the layer": lambda home: lifted_layer(
        home, lambda c: nn.vmap(c, variable_axes={"params": 0}, split_rngs={"params": True})
    ),
    "remat of the layer": lambda home: lifted_layer(home, nn.remat),
    "jit of the layer": lambda home: lifted_layer(home, nn.jit),
    "one cell in both directions": lambda home: (
        lambda cell: home.Bidirectional(home.RNN(cell), home.RNN(cell))
    )(home.LSTMCell(4)),
    "own merge": lambda home: home.Bidirectional(
        home.RNN(home.GRUCell(4)), home.RNN(home.GRUCell(4)), merge_fn=jnp.add
    ),
    "partitioned parameters": lambda home: home.RNN(
        home.LSTMCell(
            4, kernel_init=nn.with_partitioning(nn.linear.default_kernel_init, (None, "model"))
        )
    ),
}


SLOW_MODELS = ("scan over depth", "jit of the layer", "remat of the layer")


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=pytest.mark.slow if c in SLOW_MODELS else ()) for c in MODELS],
)
def test_models_draw_and_compute_what_they_do_in_flax(case: str) -> None:
    theirs, ours = (MODELS[case](home) for home in (nn, rr))
    x = array(2, 5, 3)
    variables = theirs.init(KEY, x)
    assert_same(ours.init(KEY, x), variables)
    variables = random_like(variables)

    def outputs_and_gradients(model: nn.Module) -> Any:
        def loss(variables: Any) -> Any:
            out = model.apply(variables, x)
            return sum((a**2).sum() for a in jax.tree_util.tree_leaves(out)), out

        return jax.jit(jax.value_and_grad(loss, has_aux=True))(variables)

    assert_close(outputs_and_gradients(ours), outputs_and_gradients(theirs))
    saved = serialization.to_bytes(variables)
    assert_same(serialization.from_bytes(ours.init(KEY, x), saved), variables)


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("param_dtype", [jnp.float32, jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("dtype", [None, jnp.float32, jnp.bfloat16])
def test_draws_of_every_dtype_are_bit_identical(name: str, param_dtype: Any, dtype: Any) -> None:
    options = {"param_dtype": param_dtype, "dtype": dtype}
    if name != "ConvLSTMCell":
        options["recurrent_kernel_init"] = nn.initializers.normal(1.0)
    theirs, ours = pair(name, **options)
    shape = (2, 5, 4, 3) if name == "ConvLSTMCell" else (2, 3)
    x = array(*shape)
    for seed in range(3):
        carry = theirs.initialize_carry(KEY, x.shape)
        key = jax.random.key(seed)
        assert_same(ours.init(key, carry, x), theirs.init(key, carry, x))


def test_captured_intermediates_are_those_of_flax() -> None:
    x = array(2, 4, 3)
    variables = drawn(nn.RNN(nn.LSTMCell(4)), x)
    theirs, ours = (
        home.RNN(home.LSTMCell(4)).apply(variables, x, capture_intermediates=True)
        for home in (nn, rr)
    )
    assert_close(ours, theirs)


class Running(rr.RNNCellBase):
    """A user's cell in the refactored form: it reads the sample itself, and has no parameters."""

    @nn.compact
    def __call__(self, carry: Any, x: Any) -> Any:
        return carry + x, carry + x

    @nn.nowrap
    def initialize_carry(self, rng: Any, sample_input: Any) -> Any:
        return jnp.zeros_like(sample_input)

    @property
    def num_feature_dims(self) -> int:
        return 2


@pytest.mark.parametrize("batch", [(), (2,), (2, 1)], ids=str)
def test_a_cell_that_reads_the_sample_itself(batch: tuple[int, ...]) -> None:
    x = jnp.asarray(array(*batch, 5, 3, 2), jnp.bfloat16)
    layer = rr.RNN(Running(), return_carry=True)
    carry, y = layer.apply({}, x)
    assert carry.dtype == jnp.bfloat16
    assert carry.shape == (*batch, 3, 2)
    assert_same(y[..., -1, :, :], carry)
    assert Running().num_feature_axes == 2


@pytest.mark.parametrize("name", ["GRUCell", "ConvLSTMCell"])
def test_a_mask_in_both_directions_and_with_lengths(name: str) -> None:
    features = (4, 3, 2) if name == "ConvLSTMCell" else (2,)
    kernel = {"kernel_size": (3, 3)} if name == "ConvLSTMCell" else {}
    x = array(2, 1, 5, *features)
    mask = np.array([[[1, 0, 1, 1, 1]], [[0, 1, 1, 0, 1]]], bool)
    lengths = np.array([[4], [5]])
    make = lambda: rr.RNN(getattr(rr, name)(3, **kernel))  # noqa: E731
    layer = rr.Bidirectional(make(), make(), return_carry=True)
    variables = drawn(layer, x)
    carry, y = layer.apply(variables, x, mask=mask, seq_lengths=lengths)
    for row in range(2):
        stays = np.flatnonzero(mask[row, 0] & (np.arange(5) < lengths[row, 0]))
        alone, short = layer.apply(variables, x[row, 0][stays])
        assert_close(jax.tree_util.tree_map(lambda a, r=row: a[r, 0], carry), alone)
        assert_close(y[row, 0][stays], short)


def test_an_initial_carry_of_another_width_is_refused() -> None:
    layer = rr.RNN(rr.LSTMCell(4))
    x = array(2, 3, 3)
    variables = drawn(layer, x)
    with pytest.raises(ValueError, match=r"\(\*batch, 4\).*\(2, 5\)"):
        layer.apply(variables, x, initial_carry=(jnp.zeros((2, 5)),) * 2)


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell"])
@pytest.mark.parametrize("form", ["pair", "one in a tuple", "three", "dictionary", "numbers"])
def test_an_initial_carry_of_another_form_is_refused(name: str, form: str) -> None:
    part = jnp.zeros((2, 4))
    carry = {
        "pair": part if name == "LSTMCell" else (part, part),
        "one in a tuple": (part,),
        "three": (part,) * 3,
        "dictionary": {"c": part, "h": part},
        "numbers": (0.0, 0.0),
    }[form]
    layer = rr.RNN(getattr(rr, name)(4))
    x = array(2, 3, 3)
    variables = drawn(layer, x)
    with pytest.raises(ValueError, match=r"expected as carry .*\(\*batch, 4\); a .* came"):
        layer.apply(variables, x, initial_carry=carry)


@pytest.mark.parametrize("shape", ["b, 7, 3", "2, t, 3"])
def test_a_program_for_sizes_that_are_known_later(shape: str) -> None:
    layer = rr.RNN(rr.LSTMCell(4), reverse=True, keep_order=True)
    x = array(2, 7, 3)
    variables = drawn(layer, x)
    sample = jax.ShapeDtypeStruct(export.symbolic_shape(shape), np.float32)
    program = export.export(jax.jit(layer.apply))(variables, sample)
    assert_close(program.call(variables, x), layer.apply(variables, x))


class Drawing(nn.RNNCellBase):
    """It draws its carry from a stream of keys: who asks twice gets another."""

    @nn.compact
    def __call__(self, carry: Any, x: Any) -> Any:
        return carry + x, carry + x

    @nn.nowrap
    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> Any:
        return jax.random.normal(self.make_rng("carry"), input_shape)

    num_feature_axes = 1


def test_each_direction_asks_its_cell_for_a_carry_once() -> None:
    theirs, ours = (
        home.Bidirectional(home.RNN(Drawing()), home.RNN(Drawing()), return_carry=True).apply(
            {}, array(2, 5, 3), rngs={"carry": KEY}
        )
        for home in (nn, rr)
    )
    assert_same(ours, theirs)


STACKS = {
    "a step more, lengths": ({"include_initial_carry": True}, {"seq_lengths": [5, 2]}),
    "a step more, a mask": ({"include_initial_carry": True}, {"mask": np.ones((2, 5))}),
    "another order, a mask": ({"reverse": True}, {"mask": np.ones((2, 5))}),
}


@pytest.mark.parametrize("case", STACKS)
def test_a_stack_refuses_lengths_and_masks_about_other_steps(case: str) -> None:
    options, call = STACKS[case]
    x = array(2, 5, 3)
    last = rr.RNN(rr.GRUCell(4), **options)
    assert rr.RNNStack([rr.RNN(rr.GRUCell(4)), last]).init(KEY, x, **call)
    with pytest.raises(ValueError, match="RNNStack expected outputs"):
        rr.RNNStack([last.clone(), rr.RNN(rr.GRUCell(4))]).init(KEY, x, **call)


def test_turning_padded_sequences_is_its_own_inverse() -> None:
    x = array(2, 3, 5, 2)
    lengths = jnp.array([[0, 1, 2], [3, 4, 5]])
    turned = rr.flip_sequences(x, lengths, 2, False)
    for index in np.ndindex(2, 3):
        steps = int(lengths[index])
        np.testing.assert_array_equal(turned[index][:steps], x[index][:steps][::-1])
    assert_same(rr.flip_sequences(turned, lengths, 2, False), x)
    first = jnp.moveaxis(x, 2, 0)
    assert_same(rr.flip_sequences(first, lengths, 2, True), jnp.moveaxis(turned, 2, 0))


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell", "MGUCell"])
def test_double_precision_is_that_of_flax(name: str) -> None:
    with jax.enable_x64(True):
        theirs, ours = pair(name, param_dtype=jnp.float64)
        x = array(2, 3, 3, dtype=np.float64)
        variables = drawn(nn.RNN(theirs), x)
        results = [
            jax.grad(lambda v, layer=layer: (layer.apply(v, x) ** 2).sum())(variables)
            for layer in (rr.RNN(ours), nn.RNN(theirs))
        ]
        assert_close(*results, tolerance=1e-12)


LEGACY_CALLS = {
    "built": ("LSTMCell", lambda: deprecated.LSTMCell()),
    "carry of the class": (
        "GRUCell",
        lambda: deprecated.GRUCell.initialize_carry(KEY, (2,), 4),
    ),
    "carry of a lifted class": (
        "OptimizedLSTMCell",
        lambda: nn.remat(deprecated.OptimizedLSTMCell).initialize_carry(KEY, (2,), 4),
    ),
    "layer": ("RNN", lambda: deprecated.RNN(nn.Module(), 4)),
}


@pytest.mark.parametrize("case", LEGACY_CALLS)
def test_a_legacy_call_warns_at_the_line_of_its_caller(case: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(warn, "_told", set())
    name, call = LEGACY_CALLS[case]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
        call()
    told = [one for one in caught if issubclass(one.category, DeprecationWarning)]
    assert [f"use rnn_runtime.{name}(" in str(one.message) for one in told] == [True]
    assert told[0].filename == __file__


PUBLIC = [getattr(rr, name) for name in rr.__all__] + [
    getattr(deprecated, name) for name in deprecated.__all__
]
NO_EQUATION = {"legacy_names"}


@pytest.mark.parametrize("thing", PUBLIC, ids=lambda t: f"{t.__module__}.{t.__name__}")
def test_public_docstrings_say_what_is_needed(thing: Any) -> None:
    text = inspect.getdoc(thing)
    if thing.__name__ not in NO_EQUATION:
        # After one sentence the equations; then what their letters are.
        assert re.match(r"[^\n]+\.\n\n\.\. math::\n", text)
        places = [text.index(word) for word in (".. math::", "Shapes", "Dtypes:", "Raises:")]
        assert places == sorted(places)
        assert text.index("Source:") > places[-1]
    own = {
        name: member
        for name, member in vars(thing).items()
        if not name.startswith("_") and inspect.isfunction(inspect.unwrap(member))
        if name not in getattr(thing, "__dataclass_fields__", {})
    }
    for name, member in own.items():
        assert inspect.getdoc(member), f"{thing.__name__}.{name}"
