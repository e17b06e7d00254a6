"""What the commands do: run, print what was found, and choose the exit code."""

from __future__ import annotations

import io
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from rnn_codemod.findings import Options
from rnn_codemod.reporting import text
from rnn_codemod.reporting.diff import unified
from rnn_codemod.results import FileResult, Totals
from rnn_codemod.run import Mode, migrate_bytes, migrate_paths
from rnn_codemod.shard import Shard

CLEAN, SITES_REMAIN, TROUBLE, INTERRUPTED = 0, 1, 3, 130

STDIN = ("-",)


def check(paths: tuple[str, ...], options: Options, shard: Shard, cache: str | None) -> int:
    """Lists all sites on stdout; the exit code."""
    if paths == STDIN:
        results = _stdin(sys.stdin.buffer.read(), options)
    else:
        results = migrate_paths(
            paths, options, Mode.CHECK, processes=None, shard=shard, cache=cache
        )
    totals, finished = _consume(results, _print_sites, "to migrate")
    return _exit_code(totals, totals.rewritten + totals.refused, finished)


def migrate(
    paths: tuple[str, ...], options: Options, diff: bool, shard: Shard, cache: str | None
) -> int:
    """Rewrites, or shows what would be; the exit code."""
    mode = Mode.DIFF if diff else Mode.WRITE
    if paths == STDIN:
        source = sys.stdin.buffer.read()
        results = _stdin(source, options)
        show = _print_diff if diff else _code_printer(source)
    else:
        results = migrate_paths(paths, options, mode, processes=None, shard=shard, cache=cache)
        show = _print_diff if diff else _print_report
    totals, finished = _consume(results, show, "to migrate" if diff else "migrated")
    return _exit_code(totals, totals.refused + totals.rewritten * diff, finished)


def _stdin(source: bytes, options: Options) -> Iterator[FileResult]:
    yield migrate_bytes(source, "<stdin>", options, processes=None)


def _exit_code(totals: Totals, remaining: int, finished: bool) -> int:
    if not finished:
        return INTERRUPTED
    if totals.problems:
        return TROUBLE
    return SITES_REMAIN if remaining else CLEAN


def _consume(
    results: Iterable[FileResult], show: Callable[[FileResult], None], done: str
) -> tuple[Totals, bool]:
    """Shows all results as they come; the totals, and whether it got to the end."""
    started = time.perf_counter()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    totals, finished = Totals(), True
    # To be told to end is to be interrupted: no half file and no process may be left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for result in results:
            totals = totals.plus(result)
            show(result)
            _print_troubles(result)
    except KeyboardInterrupt:
        finished = False
        _print(["interrupted: what is not reported above is as it was"], sys.stderr)
    _print([text.summary(totals, done, time.perf_counter() - started)], sys.stderr)
    return totals, finished


def _print(lines: Iterable[str], stream: TextIO) -> None:
    for line in lines:
        print(line, file=stream)


def _print_troubles(result: FileResult) -> None:
    if result.problem is not None:
        _print([text.problem(result.problem)], sys.stderr)
    _print(text.warnings(result), sys.stderr)


def _print_sites(result: FileResult) -> None:
    sites = sorted(result.rewritten + result.refused, key=lambda it: (it.line, it.column, it.rule))
    _print((text.site(result.path, finding) for finding in sites), sys.stdout)


def _print_report(result: FileResult) -> None:
    if result.before != result.after:
        _print([text.changed(result)], sys.stdout)
    _print_refusals(result, sys.stdout)


def _print_refusals(result: FileResult, stream: TextIO) -> None:
    for finding in result.refused:
        _print(text.refusal(result.path, finding), stream)


def _print_diff(result: FileResult) -> None:
    if result.before != result.after:
        _write(unified(result.path, result.before, result.after))
    _print_refusals(result, sys.stderr)


def _code_printer(source: bytes) -> Callable[[FileResult], None]:
    """Prints the new code; where nothing changes or all fails, what came in goes out."""

    def show(result: FileResult) -> None:
        _write(result.after if result.before != result.after else source)
        _print_refusals(result, sys.stderr)

    return show


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
