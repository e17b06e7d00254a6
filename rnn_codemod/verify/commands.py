"""What ``rnn-codemod verify`` does: verify, print, write the reports, choose the exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from rnn_codemod.findings import Options
from rnn_codemod.run import Mode, migrate_paths
from rnn_codemod.verify.problem import UsageError, VerifyError

USAGE, TROUBLE, INTERRUPTED = 2, 3, 130


def verify(
    rtol: float | None,
    atol: float | None,
    json_file: str | None = None,
    html_file: str | None = None,
    **asked: Any,
) -> int:
    """Verifies and reports; the exit code."""
    try:
        import numpy  # noqa: F401
    except ImportError:
        return _told(
            "verify needs numpy, jax and flax: pip install 'rnn-codemod[runtime]'", TROUBLE
        )
    from rnn_codemod.verify import html_report, json_report, text
    from rnn_codemod.verify.closeness import Tolerance
    from rnn_codemod.verify.session import Request
    from rnn_codemod.verify.session import verify as run

    for file in (json_file, html_file):
        if file is not None and not Path(file).absolute().parent.is_dir():
            return _told(f"{file}: no such folder", USAGE)
    try:
        with _ended_by_signals(), _progress() as progress:
            report = run(Request(tolerance=Tolerance(rtol, atol), **asked), progress)
    except UsageError as error:
        return _told(str(error), USAGE)
    except VerifyError as error:
        return _told(str(error), TROUBLE)
    except KeyboardInterrupt:
        return _told("interrupted", INTERRUPTED)
    try:
        for line in text.lines(report):
            print(text.printable(line, sys.stdout.encoding or "ascii"))
        sys.stdout.flush()
    except BrokenPipeError:  # Who reads no further has seen enough; the exit code is the same.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    try:
        if json_file is not None:
            Path(json_file).write_text(json_report.render(report), "utf-8")
        if html_file is not None:
            Path(html_file).write_text(html_report.render(report), "utf-8", "replace")
    except OSError as error:
        return _told(f"{error.filename}: {error.strerror}", TROUBLE)
    return report.exit_code


def tried_out(paths: tuple[str, ...], words: tuple[str, ...], options: Options) -> int:
    """Verifies what a migration of ``paths`` would do; 0 where it may be done."""
    results = migrate_paths(paths, options, Mode.CHECK)
    if not any(result.before != result.after for result in results):
        return 0
    code = verify(None, None, paths=paths, command=words, options=options)
    if code:
        _told("nothing is written, because the numbers are not shown to agree", code)
    return code


def _told(message: str, code: int) -> int:
    print(f"rnn-codemod verify: {message}", file=sys.stderr)
    return code


@contextmanager
def _progress() -> Iterator[Any]:
    """Shows one line that changes, where someone is looking."""
    if not sys.stderr.isatty():
        yield lambda message: None
        return

    def show(message: str) -> None:
        print(f"\r\x1b[K{message[:100]}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turns a request to end into an exception, so that processes and folders are cleared."""

    def end(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
