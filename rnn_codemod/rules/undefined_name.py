"""A name in a recurrent call that nothing defines."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.findings import MIGRATED
from rnn_codemod.reading.kinds import KINDS
from rnn_codemod.reading.reading import Reading
from rnn_codemod.rules.rule import Context, Rule

_KNOWN = {*dir(builtins), "__file__", "__path__", "__class__", "__builtins__"}
_OF_LINEN = {*KINDS, "MGUCell", "SimpleCell", "RNN", "Bidirectional"}
_MAY_DEFINE = re.compile(r"\b(?:exec|globals|locals|vars|__getattr__)\b")


def find(context: Context) -> Iterator[Decision]:
    reading = context.reading
    if _imports_all(reading) or _MAY_DEFINE.search(reading.source.text):
        return
    seen: set[ast.AST] = set()
    for call in _calls(reading):
        for name in _undefined(reading, call):
            if name not in seen:
                seen.add(name)
                yield rule.refuse(
                    context, name, f"{name.id} is not defined here", _reason(name), *_recipe(name)
                )


def _imports_all(reading: Reading) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        for node in reading.source.nodes
    )


def _calls(reading: Reading) -> list[ast.Call]:
    """The calls that build a cell, create a carry or run a layer."""
    sites = {made.node for made in reading.facts.constructions}
    sites |= {carry.node for carry in reading.facts.carries}
    sites |= {layer.node for layer in reading.facts.layers}
    for node in reading.source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "initialize_carry" or _is_of_linen(reading, node.func):
                sites.add(node)
    return sorted(sites, key=reading.source.span)


def _is_of_linen(reading: Reading, func: ast.Attribute) -> bool:
    """Whether it is ``nn.LSTMCell`` of an ``nn`` that nothing defines."""
    return (
        func.attr in _OF_LINEN
        and isinstance(func.value, ast.Name)
        and func.value.id in ("nn", "linen", "flax")
    )


def _undefined(reading: Reading, call: ast.Call) -> Iterator[ast.Name]:
    for node in ast.walk(call):
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and node.id not in _KNOWN
            and reading.scopes.lookup(node.id, node) is None
            and not (node.id.startswith("__") and node.id.endswith("__"))
            and not _caught(reading, node)
        ):
            yield node


def _caught(reading: Reading, node: ast.AST) -> bool:
    """Whether the code is ready for the name to be missing."""
    return any(
        isinstance(up, ast.Try)
        and any(h.type is None or "Error" in ast.unparse(h.type) for h in up.handlers)
        for up in reading.source.ancestors(node)
    )


def _reason(name: ast.Name) -> str:
    if name.id == "self":
        return "a static method has no self: nothing tells what is meant"
    return "nothing in the file, and no import, gives it a value"


def _recipe(name: ast.Name) -> tuple[str, ...]:
    known = {
        "nn": "from flax import linen as nn",
        "linen": "from flax import linen",
        "flax": "import flax.linen",
        "jax": "import jax",
        "jnp": "import jax.numpy as jnp",
        "key": "key = jax.random.PRNGKey(0)",
        "rng": "rng = jax.random.PRNGKey(0)",
    }
    return (known.get(name.id, f"{name.id} = <its value>"),)


rule = Rule(
    name="undefined_name",
    summary="a recurrent call uses a name that nothing defines",
    explanation=(
        "A call that was rewritten by hand may keep, or bring along, a name that its new place "
        "does not know: the key of another method, self in a static one, an input that is not "
        "there, a missing import. Python tells only when the line runs. The place is reported; "
        "what was meant cannot be known."
    ),
    before=(
        "def first_state(batch, n):\n"
        "    return nn.GRUCell(features=n).initialize_carry(rng, (batch, n))\n"
    ),
    after=(
        "def first_state(batch, n):\n"
        "    return nn.GRUCell(features=n).initialize_carry(rng, (batch, n))\n"
    ),
    find=find,
    group=MIGRATED,
)
