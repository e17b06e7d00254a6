"""The scan over time with a derivative of its own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax

from rnn_runtime.scans import loops, opaque
from rnn_runtime.scans.kind import Kind
from rnn_runtime.scans.transposable import transposable

Tree = Any


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
    if kind.plan.core == "xla":
        return loops.plain(kind, full, weights, carry, xs)
    return opaque.forward(kind, full, weights, carry, xs)[:2]


@scan.defjvp
def _scan_jvp(kind: Kind, full: bool, primals: Tree, tangents: Tree) -> tuple[Tree, Tree]:
    weights, carry, xs = primals
    core = loops if kind.plan.core == "xla" else opaque
    last, history, saved = core.forward(kind, full, weights, carry, xs)
    residuals, tree = jax.tree_util.tree_flatten((weights, carry, xs, last, history, saved))
    linear, linear_tree = jax.tree_util.tree_flatten(tangents)
    out_tree = jax.tree_util.tree_structure((last, history))
    rule = _Derivative(kind, full, tree, linear_tree, out_tree)
    out = transposable(rule, tuple(residuals), tuple(linear))
    return (last, history), jax.tree_util.tree_unflatten(out_tree, out)


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
        plain = functools.partial(loops.plain, self.kind, self.full)
        moves = jax.tree_util.tree_unflatten(self.linear_tree, tangents)
        _, out = jax.jvp(plain, (weights, carry, xs), tuple(moves))
        return tuple(jax.tree_util.tree_leaves(out))

    def transpose(self, residuals: tuple, cotangents: tuple) -> tuple:
        """The cotangents of ``(weights, carry, xs)``."""
        known = jax.tree_util.tree_unflatten(self.tree, residuals)
        dlast, dhistory = jax.tree_util.tree_unflatten(self.out_tree, cotangents)
        core = loops if self.kind.plan.core == "xla" else opaque
        out = core.backward(self.kind, *known, dlast, dhistory)
        return tuple(jax.tree_util.tree_leaves(out))
