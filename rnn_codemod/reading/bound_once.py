"""The one expression that a name stands for."""

from __future__ import annotations

import ast

from rnn_codemod.reading.values import Values


def bound_once(values: Values, name: ast.Name) -> ast.expr | None:
    """What a name is bound to, where one statement does that, and does it before.

    In ``size = size * 2`` the second ``size`` is another one, that of a star import or of the
    module around a class.
    """
    found = values.scopes.lookup(name.id, name)
    if found is None or len(found[1]) != 1:
        return None
    bound = found[1][0]
    if isinstance(bound.node, ast.arg) or bound.path:
        return None
    source = values.source
    in_order = source.function(name) is source.function(bound.node)
    if in_order and source.span(name)[0] < source.span(bound.node)[1]:
        return None
    return bound.value
