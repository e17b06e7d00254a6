"""A cell built only for its carry takes the name of the cell that is applied."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import AddArgument, Decision
from rnn_codemod.findings import MIGRATED, Applicability
from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.inside import compact_method, compact_places
from rnn_codemod.reading.reading import Reading
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "a cell built only for its carry takes a number from the cell that is applied"
REASON = (
    "the fix gives the parameters back the names that they had before the API changed, "
    "and checkpoints saved since have the names of now"
)
_LOOPS = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)


def find(context: Context) -> Iterator[Decision]:
    reading = context.reading
    for made in reading.facts.constructions:
        if made.legacy or not _takes_a_name(made) or not _only_for_carry(reading, made):
            continue
        if any(_renames(reading, made, place) for place in _places(reading, made)):
            fix = AddArgument(reading.source.span(made.node), "parent", "None")
            yield rule.rewrite(
                context,
                made.node,
                MESSAGE,
                fix,
                reason=REASON,
                applicability=Applicability.REVIEW,
                recipe=(_detached(made),),
            )


def _takes_a_name(made: Construction) -> bool:
    return not made.may_set("parent") and not made.may_set("name")


def _only_for_carry(reading: Reading, made: Construction) -> bool:
    """Whether all that happens to the instance is ``.initialize_carry``."""
    outer = reading.source.parents[made.node]
    if isinstance(outer, ast.Attribute):
        return outer.attr == "initialize_carry"
    match outer:
        case ast.Assign(targets=[ast.Name() as target]) if outer.value is made.node:
            pass
        case _:
            return False
    found = reading.scopes.lookup(target.id, target)
    if found is None or len(found[1]) != 1:
        return False
    uses = [
        node
        for node in reading.source.nodes
        if isinstance(node, ast.Name) and node.id == target.id and node is not target
        if (seen := reading.scopes.lookup(node.id, node)) is not None and seen[0] is found[0]
    ]
    return bool(uses) and all(
        isinstance(up := reading.source.parents[use], ast.Attribute)
        and up.attr in ("initialize_carry", "num_feature_axes")
        for use in uses
    )


def _places(reading: Reading, made: Construction) -> list[ast.AST]:
    return compact_places(reading.values, made.node)


def _renames(reading: Reading, made: Construction, place: ast.AST) -> bool:
    """Whether a cell of the same class is numbered after the one that is built at ``place``."""
    method = compact_method(reading.values, place)
    mine = _class_names(made)
    return any(
        other is not made
        and _class_names(other) == mine
        and _takes_a_name(other)
        and compact_method(reading.values, other.node) is method
        and not _only_for_carry(reading, other)
        and _comes_after(reading, other.node, place)
        for other in reading.facts.constructions
    )


def _class_names(made: Construction) -> frozenset[tuple[str, tuple[str, ...]]]:
    return frozenset((cls.kind.name, cls.lifted) for cls in made.classes)


def _comes_after(reading: Reading, node: ast.AST, place: ast.AST) -> bool:
    if reading.source.span(node)[0] > reading.source.span(place)[0]:
        return True
    around = [up for up in reading.source.ancestors(place) if isinstance(up, _LOOPS)]
    return any(up in around for up in reading.source.ancestors(node))


def _detached(made: Construction) -> str:
    given = [*made.node.args, *(keyword for keyword in made.node.keywords)]
    fields = ", ".join([*map(ast.unparse, given), "parent=None"])
    return f"{ast.unparse(made.node.func)}({fields})"


rule = Rule(
    name="carry_only_cell",
    summary="a cell built only for its carry renames the parameters of the real one",
    explanation=(
        "In a compact method, and in what is called from one, a cell takes the next free name "
        "when it is built, also if it is only asked for a carry: the cell that is applied is "
        "GRUCell_1 then, older checkpoints do not load, and other parameters are drawn. "
        "parent=None keeps such a cell out of the module. The fix gives the parameters their "
        "old names back, so checkpoints saved since then have to be renamed: it is only "
        "written with --unsafe."
    ),
    before=(
        "class Step(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, x, n):\n"
        "        carry = nn.GRUCell(features=n).initialize_carry(key, x.shape)\n"
        "        return nn.GRUCell(features=n)(carry, x)\n"
    ),
    after=(
        "class Step(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, x, n):\n"
        "        carry = nn.GRUCell(features=n, parent=None).initialize_carry(key, x.shape)\n"
        "        return nn.GRUCell(features=n)(carry, x)\n"
    ),
    find=find,
    group=MIGRATED,
)
