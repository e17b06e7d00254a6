"""What a name may mean that only a star import gives."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable

from rnn_codemod.reading.scopes import Scope, Star

_QUIET = {"jax", "numpy", "scipy", "optax", "chex", *sys.stdlib_module_names}
"""Libraries that give no name with a capital letter which a recurrent program also uses."""


def hides(star: Star, name: str) -> bool:
    """Whether a star import of a library that cannot be read may give ``name``."""
    top, _, rest = star.origin.partition(".")
    if top == "flax":
        return rest.startswith("nnx")
    return top not in _QUIET or name.islower()


def public_names(module: Scope) -> frozenset[str] | None:
    """The names in ``__all__`` where the text tells them all; None where it does not."""
    names: set[str] = set()
    for binding in module.bindings["__all__"]:
        node = binding.node
        value = node.value if isinstance(node, ast.AugAssign) else binding.value
        known = value is not None and not binding.path and _strings(value, names.add)
        if not known:
            return None
    return frozenset(names)


def _strings(node: ast.expr, add: Callable[[str], None]) -> bool:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            for part in parts:
                if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
                    return False
                add(part.value)
            return True
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _strings(left, add) and _strings(right, add)
        case _:
            return False
