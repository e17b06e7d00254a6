"""What a kind of cell tells the scans: its arithmetic, and the plan by which it is computed."""

from __future__ import annotations

from typing import Any, Protocol

import jax

from rnn_runtime.strategy import Plan

Tree = Any


class Kind(Protocol):
    """One kind of cell, as arithmetic on arrays. A carry is a tuple whose last part is h."""

    def forward_weights(self, weights: Tree) -> tuple[Tree, Tree]:
        """The weights for ``project`` and those for ``step``, made once before the loop."""

    def project(self, x_weights: Tree, xs: jax.Array) -> Tree:
        """What the steps need of the inputs, time first: sums, where the plan hoists them."""

    def step(self, recurrent: Tree, carry: tuple, item: Tree) -> tuple[tuple, tuple]:
        """``(new carry, gates)`` from one step of ``project``."""

    def advance(self, carry: tuple, sums: Any) -> tuple[tuple, tuple]:
        """``step`` from the sums of the gates on; only where a plan may have ``columns``."""

    def of_columns(self, weights: Tree, *parts: Any) -> Any:
        """Those sums with features first, of dots of x and of h or, if it ``joins``, of both."""

    def backward_weights(self, weights: Tree) -> tuple[Tree, Tree]:
        """The weights of x and of h in the form the backward pass uses."""

    def back_step(
        self, recurrent: Tree, dcarry: tuple, gates: tuple, previous: tuple, carry: tuple
    ) -> tuple[tuple, Tree]:
        """``(cotangent of the previous carry, cotangents of the gates' sums)``."""

    def add_gradient(self, total: Tree, x: jax.Array, h: jax.Array, dz: Tree) -> Tree:
        """``total`` plus the gradient from a chunk of steps."""

    def input_gradient(self, x_weights: Tree, dz: Tree) -> jax.Array:
        """The cotangent of the inputs of a chunk of steps."""

    plan: Plan
    joins: bool
