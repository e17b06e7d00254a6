"""Changes to the arguments of one call, written by LibCST."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from rnn_codemod.editing.edits import AddArgument, ArgumentEdit, DropArgument, NameArgument


class RoundTripError(ValueError):
    """The parser does not give the text back as it was."""


def edit_call(text: str, edits: Sequence[ArgumentEdit], newline: str) -> str:
    """The call ``text`` with its arguments changed; all other characters stay.

    Raises RoundTripError where LibCST cannot reproduce the text.
    """
    module = cst.Module([], default_newline=newline)
    try:
        # In brackets, since the text may go on over lines as it does where it stands.
        call = cst.parse_expression(f"({text})", cst.PartialParserConfig(default_newline=newline))
    except cst.ParserSyntaxError as error:
        raise RoundTripError(f"LibCST cannot read this call: {error.message}") from error
    if not isinstance(call, cst.Call) or module.code_for_node(call) != f"({text})":
        raise RoundTripError("LibCST does not give this call back as it was written")
    after = module.code_for_node(_changed(call, edits))[1:-1]
    if after.count("#") < text.count("#"):
        raise RoundTripError("a comment stands where an argument goes away")
    return after


def _changed(call: cst.Call, edits: Sequence[ArgumentEdit]) -> cst.Call:
    names = {e.index: e.keyword for e in edits if isinstance(e, NameArgument)}
    dropped = {e.index for e in edits if isinstance(e, DropArgument)}
    args = [
        _named(arg, names[index]) if index in names else arg for index, arg in enumerate(call.args)
    ]
    for index in sorted(dropped, reverse=True):
        args = _without(args, index)
    call = call.with_changes(args=args)
    for edit in edits:
        if isinstance(edit, AddArgument):
            made = _named(cst.Arg(cst.parse_expression(edit.value)), edit.keyword)
            call = _with_first(call, made) if edit.first else _with_last(call, made)
    return call


def _named(arg: cst.Arg, keyword: str) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return arg.with_changes(keyword=cst.Name(keyword), equal=tight)


def _without(args: list[cst.Arg], index: int) -> list[cst.Arg]:
    gone = args[index]
    rest = [*args[:index], *args[index + 1 :]]
    if index == 0:
        return rest
    before = args[index - 1]
    comma = gone.comma
    tail = comma.whitespace_after if isinstance(comma, cst.Comma) else gone.whitespace_after_arg
    gap = _after(before.comma, tail) if _comment(before.comma) or _comment(comma) else tail
    if isinstance(comma, cst.Comma):
        kept = before.with_changes(comma=comma.with_changes(whitespace_after=gap))
    else:
        kept = before.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=gap)
    rest[index - 1] = kept
    return rest


def _comment(comma: cst.Comma | cst.MaybeSentinel) -> bool:
    if not isinstance(comma, cst.Comma):
        return False
    space = comma.whitespace_after
    return isinstance(space, cst.ParenthesizedWhitespace) and (
        space.first_line.comment is not None
        or any(line.comment is not None for line in space.empty_lines)
    )


def _after(
    comma: cst.Comma | cst.MaybeSentinel, tail: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """The white space of a comma, with the comments of ``tail`` as lines of their own."""
    space = comma.whitespace_after if isinstance(comma, cst.Comma) else None
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return tail
    if not isinstance(tail, cst.ParenthesizedWhitespace):
        return space.with_changes(last_line=tail)
    lines = list(space.empty_lines)
    if tail.first_line.comment is not None:
        lines.append(
            cst.EmptyLine(
                indent=space.indent,
                whitespace=space.last_line,
                comment=tail.first_line.comment,
                newline=tail.first_line.newline,
            )
        )
    return tail.with_changes(first_line=space.first_line, empty_lines=[*lines, *tail.empty_lines])


def _with_first(call: cst.Call, made: cst.Arg) -> cst.Call:
    """On a line of its own where the arguments have lines of their own."""
    space = call.whitespace_before_args
    if not call.args and isinstance(space, cst.ParenthesizedWhitespace):
        made = made.with_changes(whitespace_after_arg=space)
        return call.with_changes(args=[made], whitespace_before_args=cst.SimpleWhitespace(""))
    if not call.args:
        return call.with_changes(args=[made])
    first = call.args[0]
    inline = len(call.args) > 1 and not (
        isinstance(first.comma, cst.Comma)
        and isinstance(first.comma.whitespace_after, cst.ParenthesizedWhitespace)
    )
    if inline or not isinstance(space, cst.ParenthesizedWhitespace):
        made = made.with_changes(comma=cst.Comma(whitespace_after=_SPACE))
        return call.with_changes(args=[made, *call.args])
    plain = cst.TrailingWhitespace(newline=space.first_line.newline)
    gap = space.with_changes(first_line=plain)
    made = made.with_changes(comma=cst.Comma(whitespace_after=gap))
    before = space.with_changes(empty_lines=[])
    return call.with_changes(args=[made, *call.args], whitespace_before_args=before)


def _with_last(call: cst.Call, made: cst.Arg) -> cst.Call:
    if not call.args:
        return call.with_changes(args=[made])
    *others, last = call.args
    gap = cst.Comma(whitespace_after=_gap_before_last(call))
    if isinstance(last.comma, cst.Comma):
        made = made.with_changes(comma=last.comma)
        return call.with_changes(args=[*others, last.with_changes(comma=gap), made])
    made = made.with_changes(whitespace_after_arg=last.whitespace_after_arg)
    nothing = cst.SimpleWhitespace("")
    last = last.with_changes(comma=gap, whitespace_after_arg=nothing)
    return call.with_changes(args=[*others, last, made])


_SPACE = cst.SimpleWhitespace(" ")


def _gap_before_last(call: cst.Call) -> cst.BaseParenthesizableWhitespace:
    """The white space that separates the last argument from the one before, without comments."""
    space: cst.BaseParenthesizableWhitespace = call.whitespace_before_args
    if len(call.args) > 1:
        comma = call.args[-2].comma
        assert isinstance(comma, cst.Comma)
        space = comma.whitespace_after
    elif not isinstance(space, cst.ParenthesizedWhitespace):
        return _SPACE
    if isinstance(space, cst.ParenthesizedWhitespace):
        plain = cst.TrailingWhitespace(newline=space.first_line.newline)
        return space.with_changes(first_line=plain, empty_lines=[])
    return space
