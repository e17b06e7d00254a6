"""The field ``carry_init``: where the carry would be another without it, and what it is then."""

from __future__ import annotations

import ast

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.facts import CarryCall, Construction
from rnn_codemod.reading.reading import Reading
from rnn_codemod.rules.axes import one_line
from rnn_codemod.rules.rule import CannotWrite

_FLOAT32 = {"jax.numpy.float32", "numpy.float32"}
_KNOWN_INITIALIZERS = ("flax.linen.initializers.", "jax.nn.initializers.")


def plain_zeros(reading: Reading) -> str:
    """A ``carry_init`` that gives the legacy carry whatever the cell's ``param_dtype`` is."""
    zeros = reading.scopes.path_to("jax.numpy", "zeros")
    if zeros.startswith("jax.numpy.") and not reading.scopes.imports("jax"):
        raise CannotWrite("jax.numpy is not imported, and the carry needs it to keep its dtype")
    return f"lambda key, shape, dtype: {zeros}(shape)"


def carry_init(reading: Reading, carry: CarryCall, *, other_dtype: bool = False) -> str | None:
    """The field ``carry_init`` that gives the same carry as the legacy call, if one is needed.

    ``other_dtype`` says that the cell would hand another dtype to it than the legacy default.
    """
    given = carry.parts.get("init_fn")
    if carry.own:
        return None
    if given is None:
        return plain_zeros(reading) if reading.wide_floats else None
    text = one_line(reading.source.segment(given))
    known = _is_initializer(reading, given)
    if known and not reading.wide_floats and not other_dtype:
        return text
    if isinstance(given, ast.Lambda):
        return _with_dtype(reading, given)
    if {"key", "shape"} & {part.id for part in ast.walk(given) if isinstance(part, ast.Name)}:
        raise CannotWrite("a wrapper of (key, shape, dtype) would hide a name that init_fn uses")
    if not reading.purity.cheap(given) and not known:
        raise CannotWrite("init_fn is made by a call, and would be made again for each array")
    return f"lambda key, shape, dtype: {text}(key, shape)"


def _is_initializer(reading: Reading, node: ast.expr) -> bool:
    """Whether ``node`` is an initializer of flax or jax, which takes (key, shape, dtype)."""
    if isinstance(node, ast.Call) and any(k.arg == "dtype" for k in node.keywords):
        return False
    maker = node.func if isinstance(node, ast.Call) else node
    if (reading.values.dotted(maker) or "").startswith(_KNOWN_INITIALIZERS):
        return True
    value = bound_once(reading.values, node) if isinstance(node, ast.Name) else None
    return value is not None and _is_initializer(reading, value)


def _with_dtype(reading: Reading, given: ast.Lambda) -> str:
    """A lambda of (key, shape) that also takes the dtype, and does not look at it."""
    names = [arg.arg for arg in given.args.args]
    if len(names) != 2 or len(names) != len(
        [node for node in ast.walk(given.args) if isinstance(node, ast.arg)]
    ):
        raise CannotWrite("init_fn does not take (key, shape)")
    start = reading.source.span(given)[0]
    end = reading.source.span(given.args.args[1])[1]
    used = {node.id for node in ast.walk(given) if isinstance(node, ast.Name)}
    dtype = "_" if "dtype" in used | {*names} else "dtype"
    text = (
        reading.source.text[start:end]
        + f", {dtype}"
        + reading.source.text[end : reading.source.span(given)[1]]
    )
    return one_line(text)


def makes_carries(reading: Reading, made: Construction) -> bool:
    return bool(reading.sites.layers(made) or reading.sites.own_carries(made))


def stays_float32(reading: Reading, made: Construction) -> bool:
    """Whether the parameters of a cell have the dtype of a legacy carry."""
    dtype = made.keyword("param_dtype")
    written = dtype is not None and reading.values.dotted(dtype.value) in _FLOAT32
    return written or not made.may_set("param_dtype")


def kept_dtype(reading: Reading, made: Construction) -> str | None:
    """Legacy carries were float32 (float64 under x64), whatever the cell's ``param_dtype``."""
    default = stays_float32(reading, made)
    given = [carry.parts.get("init_fn") for carry in reading.sites.own_carries(made)]
    given += [None for _ in reading.sites.layers(made)]
    if len({None if init is None else ast.dump(init) for init in given}) > 1:
        raise CannotWrite("its carries are created with different init_fn")
    for carry in reading.sites.own_carries(made):
        if carry.parts.get("init_fn") is not None:
            return carry_init(reading, carry, other_dtype=not default)
    return None if default and not reading.wide_floats else plain_zeros(reading)
