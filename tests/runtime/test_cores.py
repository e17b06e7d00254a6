"""The cores beside the compiled loop: the Pallas kernel, interpreted, and cuDNN by a reference."""

from __future__ import annotations

import functools
from typing import Any

import flax.linen as nn
import jax
import numpy as np
import pytest
from jax import numpy as jnp
from jax.experimental import rnn
from support import array, assert_close, drawn, pair, random_like

import rnn_runtime as rr
from rnn_runtime import fast, strategy
from rnn_runtime.scans import columns, cudnn, kernel, lstm
from rnn_runtime.strategy import Plan, Task, choose

LSTM = Task("lstm", 8, 4, 5, jnp.dtype("float32"))
OTHER_THAN_CUDNN = {
    "a GRU": {"kind": "gru"},
    "a ConvLSTM": {"kind": "conv_lstm"},
    "bfloat16": {"dtype": jnp.dtype("bfloat16")},
    "double": {"dtype": jnp.dtype("float64")},
    "no step": {"steps": 0},
    "all carries": {"full": True},
    "gates recomputed": {"recompute": True},
}


def test_no_plan_has_a_kernel_by_default() -> None:
    for platform in ("cpu", "gpu", "tpu"):
        for kind in ("lstm", "gru", "conv_lstm"):
            plan = choose(Task(kind, 8, 4, 5, jnp.dtype("float32")), platform)
            assert plan.core == ("cudnn" if (kind, platform) == ("lstm", "gpu") else "xla")


@pytest.mark.parametrize("case", OTHER_THAN_CUDNN)
def test_cudnn_is_left_alone_for(case: str) -> None:
    task = Task(**{**vars(LSTM), **OTHER_THAN_CUDNN[case]})
    assert choose(task, "gpu").core == "xla"


def test_cudnn_is_left_alone_for_a_precision_it_does_not_have() -> None:
    with jax.default_matmul_precision("bfloat16"):
        assert choose(LSTM, "gpu").core == "xla"


def weights(width_in: int, width: int) -> lstm.Weights:
    """Weights that are all different, so that any other order shows."""
    numbers = iter(range(1, 4 * width * (width_in + width + 1) + 1))

    def part(*shape: int) -> tuple:
        return tuple(
            jnp.asarray([next(numbers) for _ in range(int(np.prod(shape)))], float).reshape(shape)
            for _ in range(4)
        )

    return lstm.Weights(part(width_in, width), part(width, width), part(width))


def test_the_vector_of_cudnn_is_the_tree_and_its_gradient_comes_back() -> None:
    tree = weights(2, 3)
    vector = cudnn.pack(tree)
    assert vector.shape == (rnn.get_num_params_in_lstm(2, 3, 1, False),)
    w_x, w_h, b_x, b_h = (part[0] for part in rnn.unpack_lstm_weights(vector, 2, 3, 1, False))
    for gate in range(4):
        rows = slice(3 * gate, 3 * gate + 3)
        np.testing.assert_array_equal(w_x[rows], tree.x[gate].T)
        np.testing.assert_array_equal(w_h[rows], tree.h[gate].T)
        np.testing.assert_array_equal(b_h[rows], tree.bias[gate])
    np.testing.assert_array_equal(b_x, 0)
    # As a gradient, the vector of the tree is the tree: every number finds its own place.
    jax.tree_util.tree_map(np.testing.assert_array_equal, cudnn.unpack(vector, tree), tree)


def reference(x: Any, h: Any, c: Any, w: Any, lengths: Any, **sizes: Any) -> Any:
    sizes.pop("precision")
    size = (sizes["input_size"], sizes["hidden_size"], 1, False)
    parts = rnn.unpack_lstm_weights(w, *size)
    return rnn.lstm_ref(x, h, c, *parts, lengths, **sizes)


def reference_forward(x: Any, h: Any, c: Any, w: Any, lengths: Any, **sizes: Any) -> Any:
    out = reference(x, h, c, w, lengths, **sizes)
    return out, (x, h, c, w, lengths, out[0], jnp.full(3, 7.0))


def reference_backward(
    size_in: int,
    width: int,
    count: int,
    dropout: float,
    both: bool,
    precision: Any,
    kept: Any,
    ct: Any,
) -> Any:
    x, h, c, w, lengths, _, reserve = kept
    sizes = {
        "input_size": size_in,
        "hidden_size": width,
        "num_layers": count,
        "dropout": dropout,
        "bidirectional": both,
        "precision": precision,
    }
    run = functools.partial(reference, lengths=lengths, **sizes)
    dx, dh, dc, dw = jax.vjp(run, x, h, c, w)[1](ct)
    # Fails to be right where anything but cuDNN's own reserve came.
    return dx + (reserve[0] - 7), dh, dc, dw, None


@pytest.fixture
def core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the strategy choose a core, and gives a list that grows with each use of it."""
    used: list[str] = []
    home = {"cudnn": cudnn, "kernel": kernel}[request.param]
    for name in ("forward", "backward"):
        plain = getattr(home, name)
        monkeypatch.setattr(home, name, lambda *a, n=name, f=plain: used.append(n) or f(*a))
    if home is kernel:
        monkeypatch.setattr(strategy, "KERNELS", True)
    else:
        monkeypatch.setattr(cudnn, "PLATFORM", "cpu")
        monkeypatch.setattr(rnn, "lstm_fwd", reference_forward)
        monkeypatch.setattr(rnn, "lstm_bwd", reference_backward)
        monkeypatch.setattr(fast, "choose", functools.partial(choose, platform="gpu"))
    return used


CALLS: dict[str, tuple[tuple[int, ...], dict[str, Any], bool]] = {
    "one batch axis": ((3,), {"return_carry": True}, False),
    "no batch axis": ((), {"reverse": True, "keep_order": True}, False),
    "two batch axes, time first": ((2, 3), {"time_major": True, "return_carry": True}, False),
    "lengths": ((3,), {"return_carry": True, "reverse": True}, True),
}
PAIRS = [("kernel", "LSTMCell"), ("kernel", "GRUCell"), ("cudnn", "LSTMCell")]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("core", "name"), PAIRS, indirect=["core"])
def test_results_and_gradients_are_those_of_flax(core: list, name: str, call: str) -> None:
    batch, options, with_lengths = CALLS[call]
    theirs, ours = pair(name)
    x = array(*((5, *batch) if options.get("time_major") else (*batch, 5)), 3)
    kwargs = {"seq_lengths": jnp.array([5, 2, 4])} if with_lengths else {}
    variables = drawn(nn.RNN(theirs), x)

    def run(layer: Any) -> Any:
        def loss(variables: Any, x: Any) -> Any:
            out = layer.apply(variables, x, **kwargs)
            return sum((random_like(a, 9) * a).sum() for a in jax.tree_util.tree_leaves(out)), out

        return jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(variables, x)

    assert_close(run(rr.RNN(ours, **options)), run(nn.RNN(theirs, **options)))
    # cuDNN does not give the carries that lengths need; the loop does.
    cudnn_cannot = with_lengths and not strategy.KERNELS
    assert set(core) == (set() if cudnn_cannot else {"forward", "backward"})


PLANS = {
    "split": Plan("split", chunk=0, recompute=False, unroll=1, wide=False),
    "split, in chunks that do not divide": Plan("split", chunk=3, recompute=False, unroll=1),
    "joined, gates recomputed": Plan("joined", chunk=3, recompute=True, unroll=1),
    "joined, turned": Plan("joined", chunk=3, recompute=False, unroll=1, turned=True),
    "hoisted": Plan("hoisted", chunk=7, recompute=False, unroll=2),
    "hoisted in chunks": Plan("hoisted", chunk=4, recompute=True, unroll=1, hoist=3),
    "gradients one after another": Plan("split", chunk=3, recompute=True, unroll=1, sparing=True),
    "split, without a derivative hoisted": Plan(
        "split", chunk=4, recompute=False, unroll=1, alone=Plan("hoisted", 0, False, 1)
    ),
    **{f"split, {c} in columns": Plan("split", 4, False, 1, columns=c) for c in columns.GATES},
}
CONV_PLANS = {
    "all steps at once": Plan("split", chunk=0, recompute=False, unroll=1),
    "steps one by one": Plan("split", chunk=1, recompute=True, unroll=1),
    "in chunks that do not divide": Plan("split", chunk=3, recompute=False, unroll=1),
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell"])
def test_every_plan_gives_the_numbers_of_flax(
    name: str, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shapes by which the strategy chooses are too large for tests; its plans are not."""
    check_plan(name, PLANS[plan], array(2, 7, 3), monkeypatch)


# Also windows of even size and one, unequal padding, and one or three axes that are convolved.
CONVOLUTIONS = {
    "3 x 2": ((3, 2), "SAME", (5, 4)),
    "padded unequally": ((2, 3), ((1, 0), (0, 2)), (5, 4)),
    "padded and cropped": ((3,), ((-1, 3),), (4,)),
    "one axis": ((3,), "SAME", (4,)),
    "three axes": ((1, 2, 3), "SAME", (2, 3, 4)),
}


@pytest.mark.parametrize(
    ("case", "plan"),
    [("3 x 2", plan) for plan in CONV_PLANS]
    + [(case, "steps one by one") for case in CONVOLUTIONS if case != "3 x 2"],
)
def test_every_convolution_and_plan_gives_the_numbers_of_flax(
    case: str, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, padding, size = CONVOLUTIONS[case]
    options = {"kernel_size": window, "padding": padding}
    x = array(2, 7, *size, 3)
    check_plan("ConvLSTMCell", CONV_PLANS[plan], x, monkeypatch, **options)


def check_plan(
    name: str, plan: Plan, x: Any, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> None:
    """Results and gradients by this plan are those of flax."""
    monkeypatch.setattr(fast, "choose", lambda task: plan)
    theirs, ours = pair(name, **options)
    variables = drawn(nn.RNN(theirs), x)

    def run(layer: Any) -> Any:
        def loss(variables: Any, x: Any) -> Any:
            carry, y = layer.apply(variables, x)
            return (y**2).sum() + carry[0].sum(), (carry, y)

        return jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(variables, x)

    expected = run(nn.RNN(theirs, return_carry=True))
    assert_close(run(rr.RNN(ours, return_carry=True)), expected)
    assert_close(jax.jit(rr.RNN(ours, return_carry=True).apply)(variables, x), expected[0][1])


def test_the_strategy_has_these_forms() -> None:
    tasks = [Task(k, b, 64, 50, LSTM.dtype) for k in ("lstm", "gru") for b in (1, 8, 32, 256)]
    forms = {choose(task, platform).form for task in tasks for platform in ("cpu", "tpu")}
    assert forms == {plan.form for plan in PLANS.values()}


TRANSFORMS = {
    "hessian": lambda f, v, x: jax.hessian(f, 1)(v, x[:, :2]),
    "jvp of grad": lambda f, v, x: jax.jvp(
        jax.grad(f, (0, 1)), (v, x), (random_like(v, 4), random_like(x, 5))
    ),
    "grad of grad": lambda f, v, x: jax.grad(
        lambda u: (jax.grad(f, 1)(v, u) * random_like(u, 6)).sum()
    )(x),
    "vmap of grad": lambda f, v, x: jax.vmap(jax.grad(f), (None, 0))(v, x[:, None]),
    "checkpoint": lambda f, v, x: jax.grad(jax.checkpoint(f), (0, 1))(v, x),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(
    ("core", "name"), [("kernel", "GRUCell"), ("cudnn", "LSTMCell")], indirect=["core"]
)
def test_transformations(core: list, name: str, transform: str) -> None:
    theirs, ours = pair(name)
    x = array(2, 4, 3)
    variables = drawn(nn.RNN(theirs), x)

    def run(layer: Any) -> Any:
        def loss(variables: Any, x: Any) -> Any:
            return (layer.apply(variables, x) ** 2).sum()

        return jax.jit(functools.partial(TRANSFORMS[transform], loss))(variables, x)

    assert_close(run(rr.RNN(ours)), run(nn.RNN(theirs)), 1e-4)
    assert core


@pytest.mark.parametrize(("core", "name"), PAIRS[:2], indirect=["core"])
def test_the_kernels_lower_for_mosaic(core: list, name: str) -> None:
    layer = rr.RNN(getattr(rr, name)(128))
    x = jax.ShapeDtypeStruct((8, 5, 128), np.float32)
    variables = jax.eval_shape(layer.init, jax.random.key(0), x)
    grad = jax.jit(jax.grad(lambda v, x: (layer.apply(v, x) ** 2).sum()))
    text = grad.trace(variables, x).lower(lowering_platforms=("tpu",)).as_text()
    assert text.count("@tpu_custom_call") == 2
    assert core


# cuDNN's LSTM is not among them: jax asks a GPU for its sizes before it can be lowered.
ACCELERATORS = [
    *(("gpu", "cuda", name) for name in ("GRUCell", "ConvLSTMCell")),
    *(("tpu", "tpu", name) for name in ("LSTMCell", "GRUCell", "ConvLSTMCell")),
]


@pytest.mark.parametrize(("platform", "lowered", "name"), ACCELERATORS)
def test_the_plans_of_accelerators_lower_for_them(
    platform: str, lowered: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Plan] = []

    def chosen(task: Task) -> Plan:
        plans.append(choose(task, platform))
        return plans[-1]

    monkeypatch.setattr(fast, "choose", chosen)
    _, ours = pair(name)
    x = jax.ShapeDtypeStruct((2, 5, *((5, 4) if name == "ConvLSTMCell" else ()), 3), np.float32)
    layer = rr.RNN(ours)
    variables = jax.eval_shape(layer.init, jax.random.key(0), x)
    grad = jax.jit(jax.grad(lambda v, x: (layer.apply(v, x) ** 2).sum()))
    text = grad.trace(variables, x).lower(lowering_platforms=(lowered,)).as_text()
    assert text.count("stablehlo.while") == 2
    assert {(plan.core, plan.chunk) for plan in plans} == {("xla", 0)}
