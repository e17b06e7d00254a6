"""The scan over time that all kinds of cells share, forwards and backwards.

Forwards the loop keeps what the backward pass needs. Backwards an inner loop goes through a chunk
of steps and hands on only the carry's cotangent; the gradients of the weights and inputs are then
taken over the whole chunk in a few large dots, which is where a step-by-step derivative loses time.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Protocol

import jax
from jax import lax
from jax import numpy as jnp

from rnn_runtime.scans.transposable import transposable
from rnn_runtime.strategy import Plan

Tree = Any
map_tree = jax.tree_util.tree_map


class Kind(Protocol):
    """One kind of cell, as arithmetic on arrays. A carry is a tuple whose last part is h."""

    def forward_weights(self, weights: Tree) -> Tree:
        """The weights in the form the forward loop uses, made once before it."""

    def step(self, ready: Tree, carry: tuple, x: jax.Array) -> tuple[tuple, tuple]:
        """``(new carry, gates)``."""

    def backward_weights(self, weights: Tree) -> Tree:
        """The weights in the form the backward loop uses."""

    def back_step(
        self, ready: Tree, dcarry: tuple, gates: tuple, previous: tuple, carry: tuple
    ) -> tuple[tuple, Tree]:
        """``(cotangent of the previous carry, cotangents of the gates' sums)``."""

    def zero_gradient(self, weights: Tree) -> Tree:
        """What the weights' gradient is summed in."""

    def add_gradient(self, total: Tree, x: jax.Array, h: jax.Array, dz: Tree) -> Tree:
        """``total`` plus the gradient from a chunk of steps."""

    def input_gradient(self, ready: Tree, dz: Tree) -> jax.Array:
        """The cotangent of the inputs of a chunk of steps."""

    def finish_gradient(self, total: Tree, weights: Tree) -> Tree:
        """The weights' gradient in the form of the weights."""

    plan: Plan


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def scan(kind: Kind, full: bool, weights: Tree, carry: tuple, xs: jax.Array) -> tuple[tuple, tuple]:
    """Runs a cell over time.

    Args:
      kind: the arithmetic and its plan; hashable.
      full: whether all parts of the carries are returned, or only h.
      weights: the parameters, a pytree of arrays of the computation's dtype.
      carry: a tuple of arrays ``(*batch, *features)``; the last is h.
      xs: ``(time, *batch, *features)``.

    Returns:
      ``(last carry, carries of all steps)``; the second is a tuple of arrays with time first, of
      the form of the carry or, unless ``full``, only of its h.
    """
    ready = kind.forward_weights(weights)

    def step(carry: tuple, x: jax.Array) -> tuple[tuple, tuple]:
        new, _ = kind.step(ready, carry, x)
        return new, new if full else new[-1:]

    return lax.scan(step, carry, xs, unroll=kind.plan.unroll)


@scan.defjvp
def _scan_jvp(kind: Kind, full: bool, primals: Tree, tangents: Tree) -> tuple[Tree, Tree]:
    weights, carry, xs = primals
    last, history, saved = _scan_and_save(kind, full, weights, carry, xs)
    residuals, tree = jax.tree_util.tree_flatten((weights, carry, xs, last, history, saved))
    linear, linear_tree = jax.tree_util.tree_flatten(tangents)
    out_tree = jax.tree_util.tree_structure((last, history))
    rule = _Derivative(kind, full, tree, linear_tree, out_tree)
    out = transposable(rule, tuple(residuals), tuple(linear))
    return (last, history), jax.tree_util.tree_unflatten(out_tree, out)


def _scan_and_save(
    kind: Kind, full: bool, weights: Tree, carry: tuple, xs: jax.Array
) -> tuple[tuple, tuple, tuple]:
    """``(last carry, carries, what the backward pass needs of every step)``."""
    ready = kind.forward_weights(weights)

    def step(carry: tuple, x: jax.Array) -> tuple[tuple, tuple]:
        new, gates = kind.step(ready, carry, x)
        return new, (
            new if full else new[-1:],
            carry[:-1],
            () if kind.plan.recompute else gates,
        )

    last, (history, before, gates) = lax.scan(step, carry, xs, unroll=kind.plan.unroll)
    return last, history, (before, gates)


@dataclass(frozen=True)
class _Derivative:
    """The tangent map of ``scan`` at one point, and its transpose, on flat tuples."""

    kind: Kind
    full: bool
    tree: Any
    linear_tree: Any
    out_tree: Any

    def linear(self, residuals: tuple, tangents: tuple) -> tuple:
        """The tangents of ``(last carry, carries)``."""
        weights, carry, xs, *_ = jax.tree_util.tree_unflatten(self.tree, residuals)
        plain = functools.partial(scan.fun, self.kind, self.full)
        moves = jax.tree_util.tree_unflatten(self.linear_tree, tangents)
        _, out = jax.jvp(plain, (weights, carry, xs), tuple(moves))
        return tuple(jax.tree_util.tree_leaves(out))

    def transpose(self, residuals: tuple, cotangents: tuple) -> tuple:
        """The cotangents of ``(weights, carry, xs)``."""
        known = jax.tree_util.tree_unflatten(self.tree, residuals)
        dlast, dhistory = jax.tree_util.tree_unflatten(self.out_tree, cotangents)
        out = _backward(self.kind, *known, dlast, dhistory)
        return tuple(jax.tree_util.tree_leaves(out))


def _backward(
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
    steps = len(xs)
    total = kind.zero_gradient(weights)
    if steps == 0:
        return kind.finish_gradient(total, weights), dlast, jnp.zeros_like(xs)
    chunk = min(kind.plan.chunk or steps, steps)
    before, gates = saved
    hs = history[-1]
    ready = kind.backward_weights(weights)
    forward = kind.forward_weights(weights) if kind.plan.recompute else None

    def run(state: Tree, start: Any, size: int, h_before: jax.Array) -> Tree:
        carry, dcarry, total, dxs = state

        x = lax.dynamic_slice_in_dim(xs, start, size)
        # Kept values are read one step at a time where they lie; copies of chunks would be larger.
        kept = (before, hs, gates, dhistory)
        recomputed = ()
        if kind.plan.recompute:
            others = map_tree(lambda a: lax.dynamic_slice_in_dim(a, start, size), before)
            step = jax.vmap(kind.step, in_axes=(None, 0, 0))
            _, recomputed = step(forward, (*others, h_before), x)

        def back(state: Tree, item: Tree) -> tuple[Tree, Tree]:
            carry, dcarry = state
            index, h_previous, recomputed = item
            previous, h_now, gates, dy = map_tree(
                lambda a: lax.dynamic_index_in_dim(a, start + index, keepdims=False),
                kept,
            )
            unseen = len(dcarry) - len(dy)
            seen = (a + b for a, b in zip(dcarry[unseen:], dy, strict=True))
            dcarry = (*dcarry[:unseen], *seen)
            dcarry, dz = kind.back_step(
                ready,
                dcarry,
                gates or recomputed,
                (*previous, h_previous),
                (*carry, h_now),
            )
            return (previous, dcarry), dz

        items = (jnp.arange(size), h_before, recomputed)
        (carry, dcarry), dz = lax.scan(
            back, (carry, dcarry), items, reverse=True, unroll=kind.plan.unroll
        )
        total = kind.add_gradient(total, x, h_before, dz)
        dx = kind.input_gradient(ready, dz)
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
    return kind.finish_gradient(total, weights), dfirst, dxs
