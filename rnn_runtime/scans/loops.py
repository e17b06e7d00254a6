"""The scans over time that all kinds of cells share, as loops that XLA compiles.

Forwards the loop keeps what the backward pass needs. Backwards an inner loop goes through a chunk
of steps and hands on only the carry's cotangent; the gradients of the weights and inputs are then
taken over the whole chunk in a few large dots, which is where a step-by-step derivative loses time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp

from rnn_runtime.scans import columns
from rnn_runtime.scans.kind import Kind

Tree = Any
map_tree = jax.tree_util.tree_map


def plain(kind: Kind, full: bool, weights: Tree, carry: tuple, xs: jax.Array) -> tuple[Tree, Tree]:
    """``driver.scan`` without a derivative of its own; arguments and results are the same."""

    def keep(carry: tuple, new: tuple, gates: tuple) -> tuple:
        return new if full else new[-1:]

    if kind.plan.alone:
        kind = replace(kind, plan=kind.plan.alone)
    return _over_steps(kind, keep, weights, carry, xs)


def forward(
    kind: Kind, full: bool, weights: Tree, carry: tuple, xs: jax.Array
) -> tuple[tuple, tuple, tuple]:
    """``(last carry, carries, what the backward pass needs of every step)``."""

    def keep(carry: tuple, new: tuple, gates: tuple) -> tuple:
        return new if full else new[-1:], carry[:-1], () if kind.plan.recompute else gates

    last, (history, before, gates) = _over_steps(kind, keep, weights, carry, xs)
    return last, history, (before, gates)


def _over_steps(
    kind: Kind, keep: columns.Keep, weights: Tree, carry: tuple, xs: jax.Array
) -> tuple[tuple, Tree]:
    """The loop; where the plan hoists in chunks, inputs are projected a chunk at a time."""
    if kind.plan.columns:
        return columns.run(kind, keep, weights, carry, xs)
    x_weights, recurrent = kind.forward_weights(weights)

    def step(carry: tuple, item: Tree) -> tuple[tuple, Tree]:
        new, gates = kind.step(recurrent, carry, item)
        return new, keep(carry, new, gates)

    def part(carry: tuple, xs: jax.Array) -> tuple[tuple, Tree]:
        return lax.scan(step, carry, kind.project(x_weights, xs), unroll=kind.plan.unroll)

    chunk = kind.plan.hoist
    if not chunk or len(xs) <= chunk:
        return part(carry, xs)
    count, rest = divmod(len(xs), chunk)
    whole = xs[: count * chunk].reshape(count, chunk, *xs.shape[1:])
    carry, out = lax.scan(part, carry, whole)
    out = map_tree(lambda a: a.reshape(-1, *a.shape[2:]), out)
    if not rest:
        return carry, out
    carry, end = part(carry, xs[count * chunk :])
    return carry, map_tree(lambda *both: jnp.concatenate(both), out, end)


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
    """The cotangents of ``(weights, first, xs)``; arguments as ``forward`` took and gave them."""
    steps = len(xs)
    total = map_tree(jnp.zeros_like, weights)
    if steps == 0:
        return total, dlast, jnp.zeros_like(xs)
    chunk = min(kind.plan.chunk or steps, steps)
    before, gates = saved
    hs = history[-1]
    x_weights, recurrent = kind.backward_weights(weights)
    of_forward = kind.forward_weights(weights) if kind.plan.recompute else None

    def run(state: Tree, start: Any, size: int, h_before: jax.Array) -> Tree:
        carry, dcarry, total, dxs = state

        x = lax.dynamic_slice_in_dim(xs, start, size)
        # Kept values are read one step at a time where they lie; copies of chunks would be larger.
        kept = (before, hs, gates, dhistory)
        recomputed = ()
        if kind.plan.recompute:
            others = map_tree(lambda a: lax.dynamic_slice_in_dim(a, start, size), before)
            step = jax.vmap(kind.step, in_axes=(None, 0, 0))
            _, recomputed = step(of_forward[1], (*others, h_before), kind.project(of_forward[0], x))

        def back(state: Tree, item: Tree) -> tuple[Tree, Tree]:
            carry, dcarry = state
            index, recomputed = item
            previous, h_now, gates, dy = map_tree(
                lambda a: lax.dynamic_index_in_dim(a, start + index, keepdims=False),
                kept,
            )
            # Read where it lies too, for the loop would take a copy of ``h_before``.
            h_previous = lax.dynamic_index_in_dim(
                hs, jnp.maximum(start + index - 1, 0), keepdims=False
            )
            h_previous = jnp.where(start + index == 0, first[-1], h_previous)
            unseen = len(dcarry) - len(dy)
            seen = (a + b for a, b in zip(dcarry[unseen:], dy, strict=True))
            dcarry = (*dcarry[:unseen], *seen)
            dcarry, dz = kind.back_step(
                recurrent,
                dcarry,
                gates or recomputed,
                (*previous, h_previous),
                (*carry, h_now),
            )
            return (previous, dcarry), dz

        items = (jnp.arange(size), recomputed)
        (carry, dcarry), dz = lax.scan(
            back, (carry, dcarry), items, reverse=True, unroll=kind.plan.unroll
        )
        total = kind.add_gradient(total, x, h_before, dz)
        dx = kind.input_gradient(x_weights, dz)
        dxs = lax.dynamic_update_slice_in_dim(dxs, dx.astype(dxs.dtype), start, 0)
        return carry, dcarry, total, dxs

    def delayed(size: int) -> jax.Array:
        return jnp.concatenate([first[-1][None], hs[: size - 1]])

    def chunks(state: Tree, index: Any) -> tuple[Tree, None]:
        start = head + index * chunk
        h_before = lax.dynamic_slice_in_dim(hs, jnp.maximum(start - 1, 0), chunk)
        if head == 0:
            h_before = jnp.where(start == 0, delayed(chunk), h_before)
        return run(state, start, chunk, h_before), None

    # The earliest steps take what does not divide.
    count, head = divmod(steps, chunk)
    state = (last[:-1], dlast, total, jnp.zeros_like(xs))
    if count > 1 or head:
        state, _ = lax.scan(chunks, state, jnp.arange(count), reverse=True)
    if count == 1 and not head:
        state = run(state, 0, chunk, delayed(chunk))
    elif head:
        state = run(state, 0, head, delayed(head))
    _, dfirst, total, dxs = state
    return total, dfirst, dxs
