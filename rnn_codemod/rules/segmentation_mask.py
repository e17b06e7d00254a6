"""``segmentation_mask=`` became ``seq_lengths=`` in Flax 0.6.10."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision, Replace
from rnn_codemod.reading.value import RnnInstance
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "segmentation_mask is now seq_lengths"
RECIPE = "rnn(x, seq_lengths=mask.sum(axis=<the time axis of the mask>))"


def find(context: Context) -> Iterator[Decision]:
    reading = context.reading
    for node in reading.source.nodes:
        if not isinstance(node, ast.Call):
            continue
        mask = next((k for k in node.keywords if k.arg == "segmentation_mask"), None)
        if mask is None:
            continue
        layers = [v for v in reading.values.of(_callee(node)) if isinstance(v, RnnInstance)]
        if not layers:
            continue
        if isinstance(mask.value, ast.Constant) and mask.value.value is None:
            sums = "None"
        elif any(_time_major(call) for call in [node, *(v.node for v in layers)]):
            yield rule.refuse(context, node, MESSAGE, "the mask may be time major", RECIPE)
            continue
        else:
            text = _operand(reading.source.segment(mask.value), mask.value)
            absent = f"None if {text} is None else " if _may_be_none(context, mask.value) else ""
            sums = f"{absent}{text}.sum(axis=-1)"
        yield rule.rewrite(
            context,
            node,
            MESSAGE,
            _renamed(context, mask),
            Replace(reading.source.span(mask.value), sums),
            reason="the mask was only ever summed over time",
        )


def _renamed(context: Context, mask: ast.keyword) -> Replace:
    start = context.reading.source.span(mask)[0]
    return Replace((start, start + len("segmentation_mask")), "seq_lengths")


def _callee(node: ast.Call) -> ast.expr:
    """The layer in ``rnn(x)`` and in ``rnn.apply(variables, x)``."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("apply", "init"):
        return node.func.value
    return node.func


def _operand(text: str, node: ast.expr) -> str:
    simple = ast.Name | ast.Attribute | ast.Subscript | ast.Call
    return text if isinstance(node, simple) else f"({text})"


def _may_be_none(context: Context, node: ast.expr) -> bool:
    """Whether ``node`` is a parameter with the default None."""
    found = context.reading.scopes.lookup(node.id, node) if isinstance(node, ast.Name) else None
    return found is not None and any(
        isinstance(binding.node, ast.arg)
        and isinstance(binding.value, ast.Constant)
        and binding.value.value is None
        for binding in found[1]
    )


def _time_major(call: ast.Call) -> bool:
    return any(
        keyword.arg is None
        or (
            keyword.arg == "time_major"
            and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        )
        for keyword in call.keywords
    )


rule = Rule(
    name="segmentation_mask",
    summary="nn.RNN is called with a segmentation_mask",
    explanation=(
        "Flax 0.6.8 and 0.6.9 took a mask of shape (*batch, time) and only ever summed it over "
        "time; since 0.6.10 the lengths themselves are given."
    ),
    before=("rnn = nn.RNN(nn.GRUCell(), 8)\ny = rnn.apply(variables, x, segmentation_mask=mask)\n"),
    after=(
        "rnn = nn.RNN(nn.GRUCell(features=8))\n"
        "y = rnn.apply(variables, x, seq_lengths=mask.sum(axis=-1))\n"
    ),
    find=find,
)
