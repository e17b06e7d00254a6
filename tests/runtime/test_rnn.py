"""RNN, Bidirectional and the stack against current flax.linen, and what flax does not have."""

from __future__ import annotations

import types
from typing import Any

import flax.linen as nn
import jax
import numpy as np
import pytest
from jax import numpy as jnp
from support import (
    CELLS,
    FAST,
    arguments,
    array,
    assert_close,
    assert_same,
    drawn,
    feature_shape,
    pair,
    random_like,
)

import rnn_runtime as rr
import rnn_runtime.fast
import rnn_runtime.rnn

KEY = jax.random.key(3)
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "carry": {"return_carry": True},
    "time-major": {"time_major": True, "return_carry": True},
    "reverse": {"reverse": True, "return_carry": True, "unroll": 2},
    "keep-order": {"reverse": True, "keep_order": True},
}


def layers(name: str, cell: dict[str, Any] | None = None, **options: Any) -> tuple[Any, Any]:
    theirs, ours = pair(name, **(cell or {}))
    return nn.RNN(theirs, **options), rr.RNN(ours, **options)


def sequence(name: str, batch: tuple[int, ...], steps: int, time_major: bool = False) -> jax.Array:
    lead = (steps, *batch) if time_major else (*batch, steps)
    return array(*lead, *feature_shape(name))


def results_and_gradients(layer: Any, variables: Any, x: Any, **kwargs: Any) -> Any:
    def loss(variables: Any, x: Any) -> Any:
        out = layer.apply(variables, x, **kwargs)
        return sum((random_like(a, 9) * a).sum() for a in jax.tree_util.tree_leaves(out)), out

    return jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(variables, x)


def compare(name: str, batch: tuple[int, ...], steps: int, option: str, lengths: bool) -> None:
    theirs, ours = layers(name, **OPTIONS[option])
    x = sequence(name, batch, steps, OPTIONS[option].get("time_major", False))
    variables = drawn(theirs, x)
    kwargs = {"seq_lengths": jnp.arange(1, batch[0] + 1)} if lengths else {}
    assert_close(
        results_and_gradients(ours, variables, x, **kwargs),
        results_and_gradients(theirs, variables, x, **kwargs),
    )


GRID = [
    ("LSTMCell", (2,), 19, "carry", False),
    ("LSTMCell", (), 5, "reverse", False),
    ("OptimizedLSTMCell", (3,), 7, "carry", True),
    ("GRUCell", (2, 3), 11, "time-major", False),
    ("GRUCell", (3,), 8, "keep-order", True),
    ("MGUCell", (2,), 5, "reverse", False),
    ("SimpleCell", (2,), 5, "carry", True),
    ("ConvLSTMCell", (2,), 4, "reverse", False),
]


@pytest.mark.parametrize("case", GRID, ids=lambda case: "-".join(map(str, case[:4])))
def test_results_and_gradients_are_those_of_flax(case: tuple) -> None:
    compare(*case)


@pytest.mark.slow
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("steps", [1, 16, 35])
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("name", CELLS)
def test_grid(name: str, batch: tuple[int, ...], steps: int, option: str) -> None:
    compare(name, batch, steps, option, lengths=len(batch) == 1 and steps >= 3)


@pytest.mark.parametrize("name", FAST)
def test_the_own_derivative_is_used_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    plain = rnn_runtime.rnn.scan
    monkeypatch.setattr(rnn_runtime.rnn, "scan", lambda *a: calls.append(1) or plain(*a))
    _, ours = layers(name)
    x = sequence(name, (2,), 3)
    variables = drawn(ours, x)
    assert not calls
    jax.eval_shape(ours.apply, variables, x)
    assert len(calls) == 1


def test_the_cell_is_stepped_where_flax_cannot_say_that_nobody_watches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(rnn_runtime.rnn, "scan")
    monkeypatch.setattr(rnn_runtime.fast, "flax_module", types.SimpleNamespace())
    theirs, ours = layers("LSTMCell")
    x = sequence("LSTMCell", (2,), 3)
    variables = drawn(theirs, x)
    assert_same(ours.apply(variables, x), theirs.apply(variables, x))


GENERIC = {
    "activation": ("LSTMCell", {"activation_fn": nn.relu}, {}, {}),
    "mixed dtypes": ("LSTMCell", {"dtype": jnp.bfloat16}, {}, {}),
    "padding": ("ConvLSTMCell", {"padding": "CIRCULAR"}, {}, {}),
    "one place, spread over all": (
        "ConvLSTMCell",
        {"kernel_size": (5, 4), "padding": ((0, 0), (0, 0))},
        {},
        {},
    ),
    "lifting": ("GRUCell", {}, {"variable_broadcast": ("params", "other")}, {}),
    "narrow carry": (
        "GRUCell",
        {},
        {},
        {"initial_carry": np.zeros((2, 4), np.float16)},
    ),
}


@pytest.mark.parametrize("case", GENERIC)
def test_everything_else_steps_the_cell_as_flax_does(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(rnn_runtime.rnn, "scan")
    name, cell, options, call = GENERIC[case]
    theirs, ours = layers(name, cell, **options)
    x = sequence(name, (2,), 3)
    variables = drawn(theirs, x)
    if case == "narrow carry":
        call = {"initial_carry": jnp.zeros((2, 4), jnp.bfloat16)}
        with pytest.raises(TypeError):
            theirs.apply(variables, x, **call)
        with pytest.raises(TypeError):
            ours.apply(variables, x, **call)
        return
    assert_same(ours.apply(variables, x, **call), theirs.apply(variables, x, **call))


@pytest.mark.parametrize("both", [False, True])
def test_interceptors_see_every_step_of_the_cell(both: bool) -> None:
    ours = rr.RNN(rr.LSTMCell(4))
    if both:
        ours = rr.Bidirectional(ours, rr.RNN(rr.LSTMCell(4)))
    x = array(2, 3, 3)
    variables = drawn(ours, x)
    seen = []

    def watch(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        out = call(*args, **kwargs)
        if isinstance(context.module, rr.LSTMCell) and context.method_name == "__call__":
            jax.debug.callback(lambda h: seen.append(np.array(h)), out[1], ordered=True)
        return out

    with nn.intercept_methods(watch):
        y = jax.jit(ours.apply)(variables, x)
    jax.effects_barrier()
    forward, backward = np.stack(seen[:3], 1), np.stack(seen[3:] or seen[:3], 1)[:, ::-1]
    assert len(seen) == (6 if both else 3)
    np.testing.assert_array_equal(y, np.concatenate([forward, backward], -1) if both else forward)


@pytest.mark.parametrize("name", ["LSTMCell", "MGUCell"])
def test_lengths_of_zero_and_several_batch_axes(name: str) -> None:
    _, ours = layers(name, return_carry=True)
    x = sequence(name, (2, 2), 5)
    variables = drawn(ours, x)
    first = random_like(ours.cell.initialize_carry(KEY, (2, 2, 3)), 5)
    lengths = np.array([[0, 1], [3, 5]])
    carry, _ = ours.apply(variables, x, initial_carry=first, seq_lengths=jnp.asarray(lengths))
    for index in np.ndindex(2, 2):
        steps = lengths[index]
        start = jax.tree_util.tree_map(lambda a, i=index: a[i], first)
        alone, _ = ours.apply(variables, x[index][:steps], initial_carry=start)
        assert_close(jax.tree_util.tree_map(lambda a, i=index: a[i], carry), alone)


@pytest.mark.parametrize("time_major", [False, True])
def test_masked_steps_are_as_if_they_were_not_there(time_major: bool) -> None:
    _, ours = layers("LSTMCell", return_carry=True, time_major=time_major)
    x = np.array(array(1, 6, 3))
    mask = np.array([[True, False, True, True, False, True]])
    x[~mask] = np.nan
    x = jnp.asarray(x)
    turn = (lambda a: a.swapaxes(0, 1)) if time_major else (lambda a: a)
    variables = drawn(ours, turn(x))

    def run(variables: Any, x: Any, **kwargs: Any) -> Any:
        carry, y = ours.apply(variables, turn(x), **kwargs)
        return (carry[0].sum() + (turn(y) ** 2).sum()), (carry, turn(y))

    grad = jax.value_and_grad(run, has_aux=True)
    (_, (carry, y)), slope = grad(variables, x, mask=turn(mask))
    (_, (short_carry, short_y)), short_slope = grad(variables, x[mask][None])
    assert_close(carry, short_carry)
    assert_close(y[mask][None], short_y)
    np.testing.assert_array_equal(y[~mask], 0)
    assert_close(slope, short_slope)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_initial_carry_in_the_output(reverse: bool) -> None:
    ours = rr.RNN(rr.LSTMCell(4), include_initial_carry=True, reverse=reverse, keep_order=reverse)
    x = sequence("LSTMCell", (2,), 4)
    variables = drawn(ours, x)
    first = random_like(ours.cell.initialize_carry(KEY, (2, 3)), 5)
    lengths = jnp.array([4, 2])
    y = ours.apply(variables, x, initial_carry=first, seq_lengths=lengths)
    plain = ours.apply(
        variables,
        x,
        initial_carry=first,
        seq_lengths=lengths,
        include_initial_carry=False,
    )
    for row, steps in enumerate((4, 2)):
        at = steps if reverse else 0
        np.testing.assert_array_equal(y[row, at], first[1][row])
        np.testing.assert_array_equal(np.delete(y[row, : steps + 1], at, 0), plain[row, :steps])


def test_no_steps_give_the_initial_carry() -> None:
    _, ours = layers("LSTMCell", return_carry=True)
    x = sequence("LSTMCell", (2,), 3)
    variables = drawn(ours, x)
    first = random_like(ours.cell.initialize_carry(KEY, (2, 3)), 5)
    value, pull = jax.vjp(lambda c: ours.apply(variables, x[:, :0], initial_carry=c)[0], first)
    assert_same(value, first)
    assert_same(pull(first)[0], first)


ERRORS = {
    "no time axis": ("at least 2 axes.*\\(3,\\)", np.zeros(3, np.float32), {}),
    "lengths": (
        "seq_lengths.*\\(2,\\); \\(3,\\)",
        np.zeros((2, 4, 3)),
        {"seq_lengths": [1, 1, 1]},
    ),
    "float lengths": (
        "integers.*float",
        np.zeros((2, 4, 3)),
        {"seq_lengths": np.ones(2)},
    ),
    "mask": (
        "mask.*\\(2, 4\\); \\(4, 2\\)",
        np.zeros((2, 4, 3)),
        {"mask": np.ones((4, 2))},
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case: str) -> None:
    message, x, kwargs = ERRORS[case]
    with pytest.raises((TypeError, ValueError), match=message):
        rr.RNN(rr.GRUCell(4)).init(KEY, x, **kwargs)


class Own(nn.RNNCellBase):
    """A user's cell, written for flax."""

    features: int

    @nn.compact
    def __call__(self, carry: Any, x: Any) -> Any:
        y = 0.5 * carry + nn.Dense(self.features)(x)
        return y, y

    @nn.nowrap
    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> Any:
        return jax.random.normal(rng, (*input_shape[:-1], self.features))

    @property
    def num_feature_axes(self) -> int:
        return 1


def test_a_cell_written_for_flax_in_our_layer() -> None:
    theirs, ours = (rnn(Own(4), return_carry=True) for rnn in (nn.RNN, rr.RNN))
    x = array(2, 5, 3)
    variables = theirs.init(KEY, x)
    assert_same(ours.init(KEY, x), variables)
    assert_same(ours.apply(variables, x), theirs.apply(variables, x))


@pytest.mark.parametrize("name", CELLS)
def test_our_cell_in_the_layer_of_flax(name: str) -> None:
    cells = pair(name)
    theirs, ours = (nn.RNN(cell, return_carry=True) for cell in cells)
    x = sequence(name, (2,), 3)
    drawn = theirs.init(KEY, x)
    assert_same(ours.init(KEY, x), drawn)
    assert_same(rr.RNN(cells[1]).init(KEY, x), drawn)
    variables = random_like(drawn)
    assert_same(ours.apply(variables, x), theirs.apply(variables, x))


def lifted(transform: str, cell: Any, x: Any) -> Any:
    """Parameters and results of an auto-named lifted cell class inside a compact method."""
    lift = {
        "scan": lambda c: nn.scan(
            c,
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=1,
            out_axes=1,
        ),
        "vmap": lambda c: nn.vmap(c, variable_axes={"params": 0}, split_rngs={"params": True}),
        "remat": nn.remat,
    }[transform]

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            layer = lift(cell)(4)
            step = x[:, 0] if transform == "scan" else x
            carry = layer.initialize_carry(KEY, step.shape)
            return layer(carry, x)

    out, variables = Model().init_with_output(KEY, x)
    return out, variables


@pytest.mark.parametrize("transform", ["scan", "vmap", "remat"])
def test_our_cells_under_the_lifted_transforms(transform: str) -> None:
    x = array(2, 5, 3)
    assert_same(lifted(transform, rr.LSTMCell, x), lifted(transform, nn.LSTMCell, x))


@pytest.mark.parametrize("lengths", [False, True])
def test_both_directions(lengths: bool) -> None:
    theirs = nn.Bidirectional(nn.RNN(nn.LSTMCell(4)), nn.RNN(nn.LSTMCell(4)), return_carry=True)
    ours = rr.Bidirectional(rr.RNN(rr.LSTMCell(4)), rr.RNN(rr.LSTMCell(4)), return_carry=True)
    x = array(3, 7, 3)
    kwargs = {"seq_lengths": jnp.array([7, 2, 4])} if lengths else {}
    variables = drawn(theirs, x)
    assert_same(ours.init(KEY, x), theirs.init(KEY, x))
    assert_close(
        results_and_gradients(ours, variables, x, **kwargs),
        results_and_gradients(theirs, variables, x, **kwargs),
    )


def test_directions_of_different_cells() -> None:
    theirs = nn.Bidirectional(nn.RNN(nn.LSTMCell(4)), nn.RNN(nn.GRUCell(5)))
    ours = rr.Bidirectional(rr.RNN(rr.LSTMCell(4)), rr.RNN(rr.GRUCell(5)))
    x = array(3, 7, 3)
    variables = drawn(theirs, x)
    assert_close(ours.apply(variables, x), theirs.apply(variables, x))


def test_a_stack_is_its_layers_one_after_another() -> None:
    first, second = rr.RNN(rr.GRUCell(4)), rr.RNN(rr.LSTMCell(5))
    stack = rr.RNNStack([first, second], dropout_rate=0.5, return_carry=True)
    x = array(2, 5, 3)
    variables = drawn(stack, x)
    params = variables["params"]
    carry, y = stack.apply(variables, x)
    middle = first.apply({"params": params["layers_0"]}, x)
    assert_same(y, second.apply({"params": params["layers_1"]}, middle))
    assert len(carry) == 2
    _, dropped = stack.apply(variables, x, deterministic=False, rngs={"dropout": KEY})
    assert not np.array_equal(dropped, y)
    with pytest.raises(ValueError, match="2 initial carries; 1 came"):
        stack.apply(variables, x, initial_carry=[None])


def test_parameters_of_another_width_are_explained_by_flax() -> None:
    _, ours = layers("LSTMCell")
    wide = drawn(rr.RNN(rr.LSTMCell(5)), array(2, 3, 3))
    with pytest.raises(nn.module.errors.ScopeParamShapeError):
        ours.apply(wide, array(2, 3, 3))
    assert arguments("LSTMCell") == {"features": 4}
