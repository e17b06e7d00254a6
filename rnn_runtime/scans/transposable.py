"""A linear function with a transpose of its own, which can itself be differentiated.

``jax.custom_vjp`` would close forward mode. Here the scan has a custom *tangent* map; this
primitive is that map, and tells jax how to transpose it. So one definition serves jvp, grad, vmap,
checkpoint and their compositions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jax import numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

Flat = tuple[Any, ...]


@dataclass(frozen=True)
class Batched:
    """``linear`` and ``transpose`` under vmap: all linear arguments and results batched first."""

    inner: Any
    residual_axes: tuple[int | None, ...]

    def linear(self, residuals: Flat, tangents: Flat) -> Flat:
        """The inner map for every index of the new axis."""
        return jax.vmap(self.inner.linear, in_axes=(self.residual_axes, 0))(residuals, tangents)

    def transpose(self, residuals: Flat, cotangents: Flat) -> Flat:
        """The inner transpose for every index of the new axis."""
        axes = (self.residual_axes, 0)
        return jax.vmap(self.inner.transpose, in_axes=axes)(residuals, cotangents)


transposable_p = Primitive("rnn_transposable")
transposable_p.multiple_results = True


def transposable(rule: Any, residuals: Flat, tangents: Flat) -> Flat:
    """``rule.linear(residuals, tangents)``, transposed by ``rule.transpose(residuals, cts)``.

    Args:
      rule: hashable, with these two methods on flat tuples of arrays; ``transpose`` returns one
        cotangent for each tangent.
      residuals: what the map depends on without being linear in it.
      tangents: what it is linear in.
    """
    out = transposable_p.bind(*residuals, *tangents, rule=rule, split=len(residuals))
    return tuple(out)


def _evaluate(*args: Any, rule: Any, split: int) -> list[Any]:
    return list(rule.linear(args[:split], args[split:]))


@transposable_p.def_impl
def _impl(*args: Any, rule: Any, split: int) -> list[Any]:
    return _compiled(rule, split)(*args)


@functools.lru_cache(maxsize=256)
def _compiled(rule: Any, split: int) -> Callable[..., list[Any]]:
    return jax.jit(functools.partial(_evaluate, rule=rule, split=split))


@transposable_p.def_abstract_eval
def _abstract(*avals: Any, rule: Any, split: int) -> list[Any]:
    closed = jax.make_jaxpr(functools.partial(_evaluate, rule=rule, split=split))(*avals)
    return list(closed.out_avals)


def _jvp(primals: Any, tangents: Any, *, rule: Any, split: int) -> tuple[Any, Any]:
    """Second derivatives: the plain map is differentiated, in all its arguments."""
    if all(type(t) is ad.Zero for t in tangents[:split]):
        out = transposable_p.bind(*primals, rule=rule, split=split)
        linear = [ad.instantiate_zeros(t) for t in tangents[split:]]
        dout = transposable_p.bind(*primals[:split], *linear, rule=rule, split=split)
        return out, dout
    tangents = [ad.instantiate_zeros(t) for t in tangents]
    plain = functools.partial(_evaluate, rule=rule, split=split)
    return jax.jvp(plain, tuple(primals), tuple(tangents))


def _transpose(cts: Any, *args: Any, rule: Any, split: int) -> list[Any]:
    residuals, linear = args[:split], args[split:]
    cotangents = tuple(ad.instantiate_zeros(ct) for ct in cts)
    out = rule.transpose(residuals, cotangents)
    wanted = [ad.is_undefined_primal(value) for value in linear]
    return [None] * split + [ct if want else None for ct, want in zip(out, wanted, strict=True)]


def _batch(args: Any, axes: Any, *, rule: Any, split: int) -> tuple[list[Any], list[int]]:
    is_batched = [axis is not None for axis in axes]
    size = next(a.shape[ax] for a, ax, b in zip(args, axes, is_batched, strict=True) if b)
    residual_axes = tuple(
        ax if b else None for ax, b in zip(axes[:split], is_batched[:split], strict=True)
    )
    linear = [
        jnp.moveaxis(a, ax, 0) if b else jnp.broadcast_to(a, (size, *a.shape))
        for a, ax, b in zip(args[split:], axes[split:], is_batched[split:], strict=True)
    ]
    batched = Batched(rule, residual_axes)
    out = transposable_p.bind(*args[:split], *linear, rule=batched, split=split)
    return out, [0] * len(out)


ad.primitive_jvps[transposable_p] = _jvp
ad.primitive_transposes[transposable_p] = _transpose
batching.primitive_batchers[transposable_p] = _batch
mlir.register_lowering(transposable_p, mlir.lower_fun(_evaluate, multiple_results=True))
