"""The code of a document, migrated as the programs that its blocks make together."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from rnn_codemod.around import Around
from rnn_codemod.files.blocks import Block, Splice, apply, splices
from rnn_codemod.files.magics import parses
from rnn_codemod.files.search import RECURRENT, may_be_legacy
from rnn_codemod.findings import Finding, Migration, Options, Remark
from rnn_codemod.reading.source import quiet_tree
from rnn_codemod.tree import Disk

Migrate = Callable[[str, Options, Around | None], Migration]

_LINE_END = re.compile(r"\r\n|\r|\n")
_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Program:
    """Blocks that run one after another in one namespace, after ``prelude``.

    The prelude is read and never written: imports that the document speaks of, or the module
    around a docstring.
    """

    blocks: tuple[Block, ...]
    prelude: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A block that names a recurrent part and that Python cannot read; the line is the text's."""

    line: int
    cause: str


@dataclass(frozen=True, slots=True)
class Treated:
    """A document after its migration; findings are placed in the document."""

    migration: Migration
    unread: tuple[Unread, ...] = ()


def migrate_programs(
    text: str,
    extract: Callable[[str], Sequence[Program]],
    migrate: Migrate,
    options: Options,
    around: Around | None,
) -> Treated:
    """Migrates the code in ``text``; every character outside of it stays.

    Raises:
        ValueError: the document cannot be read, or would not give the new code back.
    """
    programs = extract(text)
    lines = _Lines(text)
    unread: list[Unread] = []
    done: list[tuple[_Joined, Migration]] = []
    for number, program in enumerate(programs):
        code = _all_code(program).encode("utf-8", "surrogatepass")
        if not (may_be_legacy(code) or (around is not None and around.users)):
            continue
        readable = []
        for block in program.blocks:
            error = _error(block)
            if error is None:
                readable.append(block)
            elif block.declared and any(part.decode() in block.code for part in RECURRENT):
                unread.append(_unread(lines, block, error))
        joined = _Joined(program.prelude, tuple(readable), text)
        # The prelude keeps its imports, so the code after it has to do with them. A document may
        # show a part of a program, in which not every name is defined.
        chosen = replace(
            options,
            target="flax" if program.prelude else options.target,
            ignore=options.ignore | {"undefined_name"},
        )
        done.append((joined, migrate(joined.text, chosen, _among(programs, number, around))))
    changes: list[Splice] = []
    expected = {id(block): block.code for program in programs for block in program.blocks}
    for joined, migration in done:
        for block, after in zip(joined.blocks, joined.split(migration.text), strict=True):
            expected[id(block)] = after
            changes += splices(block, after)
    after = apply(text, changes)
    if changes and not _comes_back(expected.values(), extract(after)):
        raise ValueError("the new code would not come back out of the document as it went in")
    return Treated(
        Migration(
            after,
            tuple(_placed(lines, done, "rewritten")),
            tuple(_placed(lines, done, "refused")),
            sum(migration.left_alone for _, migration in done),
            tuple(dict.fromkeys(chain.from_iterable(m.warnings for _, m in done))),
            tuple(_placed_remarks(lines, done)),
        ),
        tuple(unread),
    )


def _comes_back(expected: Iterable[str], programs: Sequence[Program]) -> bool:
    """Whether the programs hold the expected code, and no block that Python cannot read is new."""
    wanted = list(expected)
    blocks = [block for program in programs for block in program.blocks]
    broken = sum(not parses(code) for code in wanted)
    return _code_lines(wanted) == _code_lines(block.code for block in blocks) and broken >= sum(
        not parses(block.code) for block in blocks
    )


def _code_lines(codes: Iterable[str]) -> list[str]:
    return [line for code in codes for line in code.splitlines() if line]


class _Lines:
    """Offsets of a text as lines and columns, both from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    @property
    def count(self) -> int:
        return len(self._starts)

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column - 1


class _Joined:
    """The blocks of a program as one text, each below a comment that is nowhere else."""

    def __init__(self, prelude: str, blocks: tuple[Block, ...], text: str) -> None:
        self.blocks = blocks
        mark = "# code block of the document"
        while mark in text:
            mark += "'"
        newline = _LINE_END.search("".join(block.code for block in blocks))
        end = newline[0] if newline else "\n"
        parts = [_ended(prelude, end)]
        self._starts: list[int] = []
        self._ended: list[str] = []
        length = len(parts[0])
        for block in blocks:
            code = _ended(block.code, end)
            self._starts.append(length + len(mark) + len(end))
            self._ended.append(code[len(block.code) :])
            parts.append(f"{mark}{end}{code}")
            length += len(parts[-1])
        self.text = "".join(parts)
        self._mark = f"{mark}{end}"
        self._lines = _Lines(self.text)

    def split(self, after: str) -> list[str]:
        """The code of each block in a migrated text."""
        _, *codes = after.split(self._mark)
        if len(codes) != len(self.blocks):
            raise ValueError("the blocks of code did not come back one by one")
        found = []
        for code, added in zip(codes, self._ended, strict=True):
            if not code.endswith(added):
                raise ValueError("a block of code did not come back with its end")
            found.append(code[: len(code) - len(added)])
        return found

    def origin(self, line: int, column: int) -> tuple[Block, int] | None:
        """The block and the offset in it of a place in the joined text."""
        offset = self._lines.offset(line, column)
        at = bisect_right(self._starts, offset) - 1
        return (self.blocks[at], offset - self._starts[at]) if at >= 0 else None


def _ended(code: str, end: str) -> str:
    return code if not code or code.endswith(("\n", "\r")) else code + end


def _all_code(program: Program) -> str:
    return "\n".join([program.prelude, *(block.code for block in program.blocks)])


def _error(block: Block) -> Exception | None:
    try:
        quiet_tree(block.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return error
    return None


def _unread(lines: _Lines, block: Block, error: Exception) -> Unread:
    offset, said = 0, str(error)
    if isinstance(error, SyntaxError):
        said = error.msg
        code = _Lines(block.code)
        offset = code.offset(min(error.lineno or 1, code.count), 1)
    line, _ = lines.place(block.place(offset))
    return Unread(line, f"{block.label or 'a block of code'} cannot be parsed: {said}")


def _among(programs: Sequence[Program], number: int, around: Around | None) -> Around | None:
    """What is around a program: files, and the other code of its own document.

    That code cannot be followed as a file can: a class that it may mention is used by a file
    that nobody reads.
    """
    rest = "\n".join(_all_code(other) for at, other in enumerate(programs) if at != number)
    names = {name for block in programs[number].blocks for name in _CLASS.findall(block.code)}
    names = {name for name in names if re.search(rf"\b{name}\b", rest)}
    users = dict(around.users) if around is not None else {}
    try:
        one_program(programs)
    except ValueError:
        names.update(users)
    if not names:
        return around
    path = around.path if around is not None else ""
    elsewhere = f"{path} (other code in it)"

    tree = around.tree if around is not None else Disk()

    def load(wanted: str) -> str:
        if around is None or wanted == tree.absolute(elsewhere):
            raise ValueError(wanted)
        return around.load(wanted)

    users.update((name, (*users.get(name, ()), elsewhere)) for name in names)
    wide_floats = around is not None and around.wide_floats
    return Around(path, load, users, tree, wide_floats=wide_floats)


def one_program(programs: Sequence[Program]) -> str:
    """The code of a document that is one program.

    Raises:
        ValueError: it is several, or part of it cannot be read.
    """
    blocks = [block for program in programs for block in program.blocks]
    for block in blocks:
        error = _error(block)
        if error is not None and block.declared:
            raise ValueError(f"{block.label or 'a block of code'} cannot be parsed: {error}")
    if len(programs) > 1:
        raise ValueError("its blocks of code are several programs")
    return _Joined("", tuple(blocks), "").text


def _placed_remarks(lines: _Lines, done: Sequence[tuple[_Joined, Migration]]) -> Iterator[Remark]:
    for joined, migration in done:
        for remark in migration.remarks:
            origin = joined.origin(remark.line, 1)
            if origin is not None:
                block, offset = origin
                yield replace(remark, line=lines.place(block.place(offset))[0])


def _placed(
    lines: _Lines, done: Sequence[tuple[_Joined, Migration]], kind: str
) -> Iterator[Finding]:
    for joined, migration in done:
        findings: tuple[Finding, ...] = getattr(migration, kind)
        for finding in findings:
            origin = joined.origin(finding.line, finding.column)
            if origin is None:
                continue
            block, offset = origin
            line, column = lines.place(block.place(offset))
            label = f" ({block.label})" if block.label else ""
            yield replace(finding, line=line, column=column, message=finding.message + label)
