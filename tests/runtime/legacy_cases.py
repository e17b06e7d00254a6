"""Programs in the recurrent API of flax 0.6, each giving a tree of arrays.

They run on real flax 0.6.11 when goldens are recorded and on the deprecated cells in the tests, so
they import flax when called and use nothing newer than jax 0.4.13.
"""

from __future__ import annotations

import numpy as np

CELLS = ("LSTMCell", "OptimizedLSTMCell", "GRUCell")


def _array(seed, *shape):
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def _flatten(tree, path=()):
    if hasattr(tree, "items"):
        pairs = tree.items()
    elif isinstance(tree, (tuple, list)):
        pairs = enumerate(tree)
    else:
        return {"/".join(path): np.asarray(tree)}
    flat = {}
    for key, value in pairs:
        flat.update(_flatten(value, (*path, str(key))))
    return flat


def _random_like(tree, seed=7):
    """Parameters of the same names with random values, biases included."""
    from flax.core import unfreeze
    from flax.traverse_util import flatten_dict, unflatten_dict

    flat = flatten_dict(unfreeze(tree))
    drawn = {
        path: 0.3 * _array(seed + i, *value.shape)
        for i, (path, value) in enumerate(sorted(flat.items()))
    }
    return unflatten_dict(drawn)


def _run(module, *args, **kwargs):
    """Drawn parameters, and the results on random ones."""
    import jax

    variables = module.init(jax.random.PRNGKey(3), *args, **kwargs)
    return {
        "drawn": variables["params"],
        "result": module.apply({"params": _random_like(variables["params"])}, *args, **kwargs),
    }


def cell(name):
    import flax.linen as nn
    import jax

    cls = getattr(nn, name)
    normal = jax.nn.initializers.normal(1.0)
    carry = cls.initialize_carry(jax.random.PRNGKey(5), (2,), 6, normal)
    wide = cls().initialize_carry(jax.random.PRNGKey(5), batch_dims=(3, 2), size=6)
    return {"carry": carry, "wide": wide, **_run(cls(), carry, _array(1, 2, 4))}


def cell_bfloat16(name):
    import flax.linen as nn
    import jax
    import jax.numpy as jnp

    cls = getattr(nn, name)
    carry = cls.initialize_carry(jax.random.PRNGKey(5), (), 6)
    run = _run(cls(dtype=jnp.bfloat16, param_dtype=jnp.float32), carry, _array(1, 4))
    return {"carry": carry, **run}


def positional_gate(name):
    import flax.linen as nn
    import jax

    cls = getattr(nn, name)
    carry = cls.initialize_carry(jax.random.PRNGKey(5), (2,), 3)
    return _run(cls(nn.hard_sigmoid, nn.relu), carry, _array(1, 2, 4))


def conv():
    import flax.linen as nn
    import jax

    normal = jax.nn.initializers.normal(1.0)
    carry = nn.ConvLSTMCell.initialize_carry(jax.random.PRNGKey(5), (2,), (5, 4, 3), normal)
    return {
        "carry": carry,
        **_run(nn.ConvLSTMCell(3, (3, 3)), carry, _array(1, 2, 5, 4, 2)),
    }


def lifted_scan(name):
    """The common decorator form: an auto-named lifted class inside a compact method."""
    import flax.linen as nn
    import jax

    class Model(nn.Module):
        width: int = 5

        @nn.compact
        def __call__(self, xs):
            scanned = nn.scan(
                getattr(nn, name),
                variable_broadcast="params",
                split_rngs={"params": False},
                in_axes=1,
                out_axes=1,
            )
            carry = scanned.initialize_carry(jax.random.PRNGKey(0), xs[:, 0].shape[:-1], self.width)
            carry, ys = scanned()(carry, xs)
            return carry, nn.Dense(2)(ys)

    return _run(Model(), _array(1, 2, 6, 4))


def lifted_vmap():
    import flax.linen as nn
    import jax

    class Model(nn.Module):
        @nn.compact
        def __call__(self, xs):
            many = nn.vmap(nn.GRUCell, variable_axes={"params": 0}, split_rngs={"params": True})
            carry = many.initialize_carry(jax.random.PRNGKey(0), xs.shape[:-1], 5)
            return many()(carry, xs)

    return _run(Model(), _array(1, 3, 2, 4))


def own_cell():
    """A user's subclass with a static carry of its own, under nn.RNN."""
    import flax.linen as nn
    import jax.numpy as jnp

    zeros = nn.initializers.zeros_init()

    class Leaky(nn.RNNCellBase):
        @nn.compact
        def __call__(self, carry, x):
            y = 0.5 * carry + nn.Dense(carry.shape[-1])(jnp.concatenate([carry, x], -1))
            return y, y

        @staticmethod
        def initialize_carry(rng, batch_dims, size, init_fn=zeros):
            return init_fn(rng, (*batch_dims, size))

    return _run(nn.RNN(Leaky(), 5, return_carry=True), _array(1, 2, 6, 4))


def inherited_carry():
    import flax.linen as nn
    import jax

    class Mine(nn.LSTMCell):
        pass

    carry = Mine.initialize_carry(jax.random.PRNGKey(2), (2,), 3, jax.nn.initializers.normal(1.0))
    return {"carry": carry, **_run(Mine(), carry, _array(1, 2, 4))}


def layer(name, options):
    import flax.linen as nn

    return _run(nn.RNN(getattr(nn, name)(), 5, **options), _array(1, 3, 6, 4))


def layer_lengths(name, options):
    import flax.linen as nn
    import jax.numpy as jnp

    module = nn.RNN(getattr(nn, name)(), cell_size=5, return_carry=True, **options)
    return _run(module, _array(1, 3, 6, 4), seq_lengths=jnp.array([6, 2, 0]))


def layer_conv():
    import flax.linen as nn

    module = nn.RNN(nn.ConvLSTMCell(3, (3, 3)), cell_size=(5, 4, 3), return_carry=True)
    return _run(module, _array(1, 2, 4, 5, 4, 2))


def both_directions(lengths):
    import flax.linen as nn
    import jax.numpy as jnp

    module = nn.Bidirectional(
        nn.RNN(nn.LSTMCell(), 5), nn.RNN(nn.GRUCell(), cell_size=4), return_carry=True
    )
    seq_lengths = jnp.array([6, 2, 4]) if lengths else None
    return _run(module, _array(1, 3, 6, 4), seq_lengths=seq_lengths)


OPTIONS = {
    "plain": {},
    "carry": {"return_carry": True},
    "time-major": {"time_major": True},
    "reverse": {"reverse": True},
    "keep-order": {"reverse": True, "keep_order": True, "unroll": 2},
}

CASES = {
    **{f"cell-{name}": (cell, name) for name in CELLS},
    **{f"bfloat16-{name}": (cell_bfloat16, name) for name in CELLS},
    **{f"positional-{name}": (positional_gate, name) for name in CELLS},
    **{f"scan-{name}": (lifted_scan, name) for name in CELLS},
    **{f"rnn-{name}-{o}": (layer, name, OPTIONS[o]) for name in CELLS for o in OPTIONS},
    **{f"lengths-{name}": (layer_lengths, name, {}) for name in CELLS},
    "lengths-reverse": (
        layer_lengths,
        "LSTMCell",
        {"reverse": True, "keep_order": True},
    ),
    "conv": (conv,),
    "rnn-conv": (layer_conv,),
    "vmap": (lifted_vmap,),
    "own-cell": (own_cell,),
    "inherited-carry": (inherited_carry,),
    "bidirectional": (both_directions, False),
    "bidirectional-lengths": (both_directions, True),
}


def run_case(name):
    """The flat results of a case: ``path -> array``; bfloat16 is kept as float32 with its name."""
    function, *args = CASES[name]
    flat = {}
    for path, value in _flatten(function(*args)).items():
        kind = str(value.dtype)
        flat[f"{path}:{kind}"] = value.astype(np.float32) if kind == "bfloat16" else value
    return flat
