"""The scan as one Pallas kernel in each direction, the recurrent weights held on chip.

A program of the grid is a step. Mosaic on a TPU runs them in order, fetches a block again only
where its index changes, and prefetches the next: so weights and carry stay in VMEM while inputs and
results stream. A GPU runs programs side by side, which this kernel does not allow for. On CPU it is
interpreted, for tests.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp
from jax.experimental import pallas as pl

from rnn_runtime.scans.kind import Kind

Tree = Any
map_tree = jax.tree_util.tree_map


def forward(kind: Kind, full: bool, weights: Tree, carry: tuple, xs: jax.Array) -> tuple:
    """``(last carry, carries, (carries before each step without h, gates))``."""
    x_weights, recurrent = kind.forward_weights(weights)

    def step(recurrent: Tree, carry: tuple, item: Tree) -> tuple[tuple, tuple]:
        new, gates = kind.step(recurrent, carry, item)
        return new, (new if full else new[-1:], carry[:-1], gates)

    last, (history, before, gates) = _over_steps(
        step, recurrent, carry, kind.project(x_weights, xs), reverse=False
    )
    return last, history, (before, gates)


def backward(
    kind: Kind,
    weights: Tree,
    first: tuple,
    xs: jax.Array,
    last: tuple,
    history: tuple,
    saved: tuple,
    dlast: tuple,
    dhistory: tuple,
) -> tuple[Tree, tuple, jax.Array]:
    """The cotangents of ``(weights, first, xs)``."""
    x_weights, recurrent = kind.backward_weights(weights)
    before, gates = saved
    h_before = jnp.concatenate([first[-1][None], history[-1][:-1]])
    after = tuple(
        jnp.concatenate([a[1:], end[None]]) for a, end in zip(before, last[:-1], strict=True)
    )

    def step(recurrent: Tree, dcarry: tuple, item: tuple) -> tuple[tuple, Tree]:
        previous, carry, gates, dy = item
        unseen = len(dcarry) - len(dy)
        seen = (a + b for a, b in zip(dcarry[unseen:], dy, strict=True))
        return kind.back_step(recurrent, (*dcarry[:unseen], *seen), gates, previous, carry)

    items = ((*before, h_before), (*after, history[-1]), gates, dhistory)
    dfirst, dz = _over_steps(step, recurrent, dlast, items, reverse=True)
    total = kind.add_gradient(map_tree(jnp.zeros_like, weights), xs, h_before, dz)
    dxs = kind.input_gradient(x_weights, dz)
    return total, dfirst, dxs


def _over_steps(
    step: Callable[..., Any], constants: Tree, carry: tuple, items: Tree, reverse: bool
) -> tuple[tuple, Tree]:
    """``lax.scan`` of ``step(constants, carry, item)`` in one kernel."""
    steps = len(jax.tree_util.tree_leaves(items)[0])
    one = map_tree(lambda a: jax.ShapeDtypeStruct(a.shape[1:], a.dtype), items)
    shapes = jax.eval_shape(step, constants, carry, one)
    shapes = (shapes[0], map_tree(lambda a: a.update(shape=(steps, *a.shape)), shapes[1]))

    def held(a: Any) -> pl.BlockSpec:
        return pl.BlockSpec(a.shape, lambda t: (0,) * a.ndim)

    def streamed(a: Any) -> pl.BlockSpec:
        rest = (0,) * (a.ndim - 1)
        return pl.BlockSpec(
            (None, *a.shape[1:]), lambda t: (steps - 1 - t if reverse else t, *rest)
        )

    def program(constants: Tree, first: tuple, item: Tree, now: tuple, out: Tree) -> None:
        @pl.when(pl.program_id(0) == 0)
        def _() -> None:
            map_tree(_write, now, map_tree(_read, first))

        read = (map_tree(_read, tree) for tree in (constants, now, item))
        map_tree(_write, (now, out), step(*read))

    # Mosaic wants two axes of what stays on chip; a row is spread over the batch all the same.
    constants = map_tree(lambda a: a[None] if a.ndim == 1 else a, constants)
    call = functools.partial(
        pl.pallas_call,
        program,
        grid=(steps,),
        in_specs=(map_tree(held, constants), map_tree(held, carry), map_tree(streamed, items)),
        out_specs=(map_tree(held, carry), map_tree(streamed, shapes[1])),
        out_shape=shapes,
    )
    return lax.platform_dependent(constants, carry, items, cpu=call(interpret=True), default=call())


def _read(ref: Any) -> jax.Array:
    return ref[...]


def _write(ref: Any, value: jax.Array) -> None:
    ref[...] = value
