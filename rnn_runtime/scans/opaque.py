"""Scans computed by something that jax cannot look into: cuDNN, or a kernel of our own.

Both directions are computed there; their tangents are those of the plain loop at the same point,
so jvp, hessian and further derivatives work, and vmap takes one index after another.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
from jax import numpy as jnp
from jax.custom_batching import sequential_vmap

from rnn_runtime.scans import cudnn, kernel, loops
from rnn_runtime.scans.kind import Kind

Tree = Any
CORES = {"cudnn": cudnn, "kernel": kernel}


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def forward(kind: Kind, full: bool, weights: Tree, carry: tuple, xs: jax.Array) -> tuple:
    """``loops.forward`` by the plan's core; what is saved is the core's own affair."""
    run = functools.partial(CORES[kind.plan.core].forward, kind, full)
    return sequential_vmap(run)(weights, carry, xs)


@forward.defjvp
def _forward_jvp(kind: Kind, full: bool, primals: tuple, tangents: tuple) -> tuple[Tree, Tree]:
    out = forward(kind, full, *primals)
    _, moved = jax.jvp(functools.partial(loops.plain, kind, full), primals, tangents)
    # Only ``backward`` reads what is saved, and its tangents do not go through it.
    still = jax.tree_util.tree_map(jnp.zeros_like, out[2])
    return out, (*moved, still)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def backward(kind: Kind, *known: Tree) -> tuple:
    """``loops.backward`` by the plan's core."""
    return sequential_vmap(functools.partial(CORES[kind.plan.core].backward, kind))(*known)


@backward.defjvp
def _backward_jvp(kind: Kind, primals: tuple, tangents: tuple) -> tuple[Tree, Tree]:
    def exact(weights: Tree, carry: tuple, xs: jax.Array, *cotangents: Tree) -> tuple:
        full = len(cotangents[1]) == len(carry)
        return jax.vjp(functools.partial(loops.plain, kind, full), weights, carry, xs)[1](
            cotangents
        )

    def given(all_known: tuple) -> tuple:
        weights, carry, xs, _, _, _, dlast, dhistory = all_known
        return weights, carry, xs, dlast, dhistory

    _, moved = jax.jvp(exact, given(primals), given(tangents))
    return backward(kind, *primals), moved
