"""The scans' own derivative under every transformation of jax, against the plain one."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import numpy as np
import pytest
from jax import numpy as jnp
from support import array, assert_close, drawn, pair, random_like

import rnn_runtime as rr

KEY = jax.random.key(3)
NAMES = ("LSTMCell", "GRUCell")


def losses(name: str, steps: int = 5) -> tuple[Any, Any, Any, Any]:
    """The same scalar function on flax's layer and on ours, its parameters and its input."""
    theirs, ours = pair(name)
    x = array(2, steps, 3)
    variables = drawn(nn.RNN(theirs), x)

    def loss(layer: nn.Module) -> Any:
        return lambda variables, x: (layer.apply(variables, x) ** 2).sum()

    return loss(nn.RNN(theirs)), loss(rr.RNN(ours)), variables, x


TRANSFORMS = {
    "jvp": lambda f, v, x: jax.jvp(f, (v, x), (random_like(v, 4), random_like(x, 5))),
    "jacfwd": lambda f, v, x: jax.jacfwd(f, 1)(v, x[:, :2]),
    "hessian": lambda f, v, x: jax.hessian(f, 1)(v, x[:, :2]),
    "jvp of grad": lambda f, v, x: jax.jvp(
        jax.grad(f, (0, 1)), (v, x), (random_like(v, 4), random_like(x, 5))
    ),
    "grad of grad": lambda f, v, x: jax.grad(
        lambda u: (jax.grad(f, 1)(v, u) * random_like(u, 6)).sum()
    )(x),
    "vmap of grad": lambda f, v, x: jax.vmap(jax.grad(f), (None, 0))(v, x[:, None]),
    "vmap over parameters": lambda f, v, x: jax.vmap(jax.grad(f, (0, 1)), (0, None))(
        jax.tree_util.tree_map(lambda a: jnp.stack([a, 2 * a]), v), x
    ),
    "grad of vmap": lambda f, v, x: jax.grad(lambda v: jax.vmap(f, (None, 0))(v, x[:, None]).sum())(
        v
    ),
    "checkpoint": lambda f, v, x: jax.grad(jax.checkpoint(f), (0, 1))(v, x),
    "jit of grad": lambda f, v, x: jax.jit(jax.grad(f))(v, x),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", NAMES)
def test_transformations_agree_with_the_plain_derivative(name: str, transform: str) -> None:
    theirs, ours, variables, x = losses(name)

    def run(f: Any) -> Any:
        # One program each; "jvp" stays without jit, where the scan's tangent map runs by itself.
        whole = functools.partial(TRANSFORMS[transform], f)
        return (whole if transform == "jvp" else jax.jit(whole))(variables, x)

    assert_close(run(ours), run(theirs), 1e-4)


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell", "ConvLSTMCell"])
def test_the_hessian_of_a_plain_sum(name: str) -> None:
    """Its cotangents are constants, which XLA on a CPU folds into code of its own."""
    theirs, ours = pair(name, **({"kernel_size": (2,)} if name == "ConvLSTMCell" else {}))
    x = array(2, 2, 3, 2) if name == "ConvLSTMCell" else array(2, 2, 3)
    variables = drawn(nn.RNN(theirs), x)
    curved = [
        jax.jit(jax.hessian(lambda x, layer=layer: layer.apply(variables, x).sum()))(x)
        for layer in (rr.RNN(ours), nn.RNN(theirs))
    ]
    assert_close(*curved, 1e-4)


def test_bfloat16_throughout() -> None:
    _, _, variables, x = losses("LSTMCell")
    low = jax.tree_util.tree_map(lambda a: a.astype(jnp.bfloat16), variables)
    x = x.astype(jnp.bfloat16)
    carry = (jnp.zeros((2, 4), jnp.bfloat16),) * 2
    layer = rr.RNN(rr.LSTMCell(4))
    y = layer.apply(low, x, initial_carry=carry)
    assert y.dtype == jnp.bfloat16
    expected = nn.RNN(nn.LSTMCell(4)).apply(low, x, initial_carry=carry)
    assert_close(y, expected, 2e-2)


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell", "ConvLSTMCell"])
def test_gradients_are_finite_differences_in_double_precision(name: str) -> None:
    from jax.test_util import check_grads

    with jax.enable_x64(True):
        kwargs = {"kernel_size": (2,)} if name == "ConvLSTMCell" else {}
        cell = getattr(rr, name)(2, param_dtype=jnp.float64, **kwargs)
        shape = (2, 3, 3, 2) if kwargs else (2, 3, 2)
        x = array(*shape, dtype=np.float64)
        layer = rr.RNN(cell)
        variables = drawn(layer, x)
        assert layer.apply(variables, x).dtype == np.float64
        check_grads(lambda v, x: layer.apply(v, x), (variables, x), order=1, modes=["rev"])


# (batch, time, *features in), width; those of docs/runtime-benchmarks.md.
MEMORY_SHAPES = {
    "tiny": ((1, 128, 64), 128),
    "mid": ((32, 128, 128), 256),
    "rl": ((256, 128, 64), 64),
    "speech": ((8, 2000, 80), 320),
    "big": ((64, 512, 128), 512),
    "conv": ((8, 20, 32, 32, 3), 16),
}
MEMORY = [(name, shape) for name in NAMES for shape in MEMORY_SHAPES if shape != "conv"]


@pytest.mark.parametrize(("name", "shape"), [*MEMORY, ("ConvLSTMCell", "conv")])
def test_memory_of_the_backward_pass(name: str, shape: str) -> None:
    shape, width = MEMORY_SHAPES[shape]
    kwargs = {"kernel_size": (3, 3)} if name == "ConvLSTMCell" else {}
    theirs, ours = (getattr(home, name)(width, **kwargs) for home in (nn, rr))
    layers = (nn.RNN(theirs), rr.RNN(ours), rr.RNN(ours, recompute_gates=True))
    x = jax.ShapeDtypeStruct(shape, np.float32)
    variables = jax.eval_shape(layers[0].init, KEY, x)

    def temporary(layer: nn.Module) -> int:
        def loss(variables: Any, x: Any) -> Any:
            return (layer.apply(variables, x) ** 2).sum()

        compiled = jax.jit(jax.grad(loss, (0, 1))).lower(variables, x).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    flax, kept, recomputed = map(temporary, layers)
    assert kept <= 0.70 * flax
    assert recomputed <= 0.45 * flax


ON_A_MESH = """
import jax, numpy as np, sys
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
import rnn_runtime as rr
mesh = Mesh(np.array(jax.devices()).reshape(4, 2), ("batch", "model"))
x = np.random.RandomState(0).standard_normal((8, 5, 6)).astype(np.float32)
for cell in (rr.LSTMCell(4), rr.GRUCell(4)):
    layer = rr.RNN(cell)
    variables = layer.init(jax.random.key(0), x)
    grad = jax.jit(jax.value_and_grad(lambda v, x: (layer.apply(v, x) ** 2).sum(), (0, 1)))
    alone = grad(variables, x)
    split = jax.tree_util.tree_map(
        lambda a: jax.device_put(a, NamedSharding(mesh, P(*(None,) * (a.ndim - 1), "model"))),
        variables,
    )
    for spec in (P("batch"), P("batch", None, "model")):
        shared = grad(split, jax.device_put(x, NamedSharding(mesh, spec)))
        for a, b in zip(*map(jax.tree_util.tree_leaves, (alone, shared)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
assert len(jax.devices()) == 8
print("same numbers")
"""

TYPED_MESH = """
import jax, numpy as np
from jax.sharding import PartitionSpec as P
import rnn_runtime as rr
x = np.random.RandomState(0).standard_normal((8, 5, 6)).astype(np.float32)
layer = rr.RNN(rr.LSTMCell(4))
variables = layer.init(jax.random.key(0), x)


def loss(v, x):
    # flax too wants a carry that lies where the inputs lie.
    carry = (0 * x[:, 0, :4],) * 2
    return (layer.apply(v, x, initial_carry=carry) ** 2).sum()


alone = jax.grad(loss)(variables, x)
axes = jax.sharding.AxisType
auto, explicit = (
    jax.make_mesh((8,), ("batch",), axis_types=(kind,)) for kind in (axes.Auto, axes.Explicit)
)
mapped = jax.shard_map(
    jax.grad(lambda v, x: jax.lax.psum(loss(v, x), "batch")),
    mesh=auto,
    in_specs=(P(), P("batch")),
    out_specs=P(),
)
by_map = jax.jit(mapped)(variables, x)
with jax.set_mesh(explicit):
    place = jax.jit(jax.grad(loss))
    by_type = place(jax.device_put(variables, P()), jax.device_put(x, P("batch")))
for shared in (by_map, by_type):
    for a, b in zip(*map(jax.tree_util.tree_leaves, (alone, shared)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
print("same numbers")
"""

TWO_PROCESSES = """
import jax, numpy as np, sys
jax.distributed.initialize(f"127.0.0.1:{sys.argv[2]}", 2, int(sys.argv[1]))
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
import rnn_runtime as rr
x = np.random.RandomState(0).standard_normal((8, 5, 6)).astype(np.float32)
layer = rr.RNN(rr.LSTMCell(4))
grad = jax.jit(jax.grad(lambda v, x: (layer.apply(v, x) ** 2).sum()))
variables = jax.tree_util.tree_map(np.asarray, layer.init(jax.random.key(0), x))
alone = jax.tree_util.tree_map(np.asarray, grad(variables, x))
mesh = Mesh(np.array(jax.devices()), ("batch",))
place = lambda a, spec: jax.make_array_from_callback(
    a.shape, NamedSharding(mesh, spec), lambda index: a[index]
)
shared = grad(
    jax.tree_util.tree_map(lambda a: place(a, P()), variables), place(x, P("batch"))
)
for a, b in zip(*map(jax.tree_util.tree_leaves, (alone, shared)), strict=True):
    np.testing.assert_allclose(a, np.asarray(b.addressable_data(0)), rtol=1e-5, atol=1e-5)
assert jax.process_count() == 2
print("same numbers")
"""


def start(program: str, devices: int, *arguments: str) -> subprocess.Popen:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": str(root),
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        },
    )


def finish(processes: list[subprocess.Popen]) -> None:
    try:
        for process in processes:
            out, errors = process.communicate(timeout=240)
            assert process.returncode == 0, errors
            assert "same numbers" in out
    finally:
        for process in processes:
            process.kill()


def test_a_mesh_of_eight_devices_gives_the_numbers_of_one() -> None:
    finish([start(ON_A_MESH, 8)])


@pytest.mark.skipif(not hasattr(jax, "set_mesh"), reason="this jax has no such types")
def test_arrays_whose_types_tell_where_they_lie_give_the_numbers_of_one_device() -> None:
    finish([start(TYPED_MESH, 8)])


def test_two_joined_processes_give_the_numbers_of_one() -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    finish([start(TWO_PROCESSES, 1, str(index), port) for index in range(2)])
