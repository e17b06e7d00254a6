"""The command line: what may be asked for, and in which words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from rnn_codemod import __version__

if TYPE_CHECKING:
    from rnn_codemod.findings import Options
    from rnn_codemod.shard import Shard

# The commands themselves are imported when one runs: --help has no use for them.

EXIT_CODES = """\b
Exit codes:
  0  nothing legacy is left
  1  legacy sites remain: check and --diff found some, or migrate refused some
  2  wrong usage
  3  a file could not be read, understood or written; the others were done
"""


def unknown_rule(name: str, known: Iterable[str]) -> str:
    """What to say of a rule that does not exist."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the rules are {', '.join(sorted(known))}"
    return f"unknown rule {name!r}; {hint}"


def _rules(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> frozenset[str]:
    names = {name.strip() for part in given for name in part.split(",")} - {""}
    if names:
        from rnn_codemod.rules import GROUPS, RULES

        for name in sorted(names - set(RULES) - GROUPS):
            raise click.BadParameter(unknown_rule(name, [*RULES, *GROUPS]))
    return frozenset(names)


def _paths(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    if "-" in given and len(given) > 1:
        raise click.BadParameter("- stands for stdin and goes with no other path")
    return given


def _shard(context: click.Context, parameter: click.Parameter, given: str | None) -> Shard:
    from rnn_codemod.shard import WHOLE, Shard

    if given is None:
        return WHOLE
    try:
        return Shard.parse(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _what_to_do(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments that ``migrate`` and ``check`` share."""
    several: dict[str, Any] = {"multiple": True, "callback": _rules, "metavar": "RULES"}
    for decorate in (
        click.option("--unsafe", is_flag=True, help="Also apply what is only plausible."),
        click.option(
            "--ignore", **several, help="Leave out these rules or groups (comma-separated)."
        ),
        click.option(
            "--select", **several, help="Only these rules, or groups: legacy (default), migrated."
        ),
        click.option(
            "--target",
            type=click.Choice(["flax", "runtime"]),
            default="flax",
            show_default=True,
            help="What to write for: flax >= 0.7 or rnn_runtime.",
        ),
        click.option(
            "--style",
            type=click.Choice(["minimal", "idiomatic"]),
            default="minimal",
            show_default=True,
            help="Whether wrappers keep their signature, or get features where that is proved.",
        ),
        click.option(
            "--shard", callback=_shard, metavar="K/N", help="Only the K-th of N parts of the files."
        ),
        click.option(
            "--cache-dir", metavar="DIR", help="Where results of unchanged files are kept."
        ),
        click.option("--no-cache", is_flag=True, help="Neither use nor keep results."),
        click.argument("paths", nargs=-1, required=True, callback=_paths, metavar="PATH..."),
    ):
        command = decorate(command)
    return command


def _split_up(paths: tuple[str, ...], shard: Shard) -> Shard:
    if paths == ("-",) and shard.count > 1:
        raise click.UsageError("--shard needs files, not -")
    return shard


def _cache(folder: str | None, none: bool) -> str | None:
    if none:
        if folder is not None:
            raise click.UsageError("--cache-dir and --no-cache exclude each other")
        return None
    if folder is not None:
        return folder
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    # Without a home there is no place that is surely none of the user's trees.
    return os.path.join(home, "rnn-codemod", "results") if os.path.isabs(home) else None


def _options(**chosen: Any) -> Options:
    from rnn_codemod.findings import Options
    from rnn_codemod.packages import site_packages

    return Options(**chosen, site_packages=site_packages())


class _WithCommand(click.Command):
    """A command that takes another after ``--``, as its parameter ``words``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        mine, divider, words = _split(args)
        remaining = super().parse_args(ctx, mine)
        ctx.params["words"] = tuple(words)
        if divider and not words:
            raise click.UsageError("nothing to run after --", ctx)
        return remaining


class _MayVerify(_WithCommand):
    """A command in which ``--`` means another command only with ``--verify``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--verify" in _split(args)[0]:
            return super().parse_args(ctx, args)
        return click.Command.parse_args(self, ctx, args)


def _split(args: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in args:
        return args, False, []
    at = args.index("--")
    return args[:at], True, args[at + 1 :]


VERIFY_EXIT_CODES = """\b
Exit codes:
  0  all that was exercised agrees
  1  something differs, or nothing was exercised
  2  wrong usage
  3  a run failed, was stopped, or could not be read
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(__version__)
def main() -> None:
    """Rewrites recurrent code for Flax <= 0.6 so that it runs on the API of today.

    What is not proved to compute the same numbers is left as it was, and reported with the reason
    and the lines to write by hand.
    """


@main.command(cls=_MayVerify, epilog=EXIT_CODES)
@_what_to_do
@click.option("--verify", is_flag=True, help="Only if -- COMMAND computes the same numbers.")
@click.option("--diff", is_flag=True, help="Print a unified diff and write nothing.")
@click.option("--annotate", is_flag=True, help="Leave each refusal as a comment in the code too.")
@click.pass_context
def migrate(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    diff: bool,
    verify: bool,
    shard: Shard,
    cache_dir: str | None,
    no_cache: bool,
    words: tuple[str, ...] = (),
    **chosen: Any,
) -> None:
    """Rewrite files, and all Python, notebooks and texts in folders, where they are.

    PATH may be - for stdin to stdout. Folders are searched without what .gitignore excludes.

    With --shard only a part of the files is rewritten and told, with all of them in view. Run
    every part on the same old files.

    With --verify the migration is first tried out in a scratch copy, as the command verify does,
    and the files are only written if the numbers agree.
    """
    from rnn_codemod import commands

    cache = _cache(cache_dir, no_cache)
    if verify:
        from rnn_codemod.verify.commands import tried_out

        if diff or "-" in paths:
            raise click.UsageError("--verify goes with neither --diff nor -")
        if shard.count > 1:
            raise click.UsageError("--verify needs all files, not a shard")
        code = tried_out(paths, words, _options(**chosen))
        if code:
            context.exit(code)
    shard = _split_up(paths, shard)
    context.exit(commands.migrate(paths, _options(**chosen), diff, shard, cache))


@main.command(epilog=EXIT_CODES)
@_what_to_do
@click.pass_context
def check(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    shard: Shard,
    cache_dir: str | None,
    no_cache: bool,
    **chosen: Any,
) -> None:
    """List every legacy site as path:line:col rule message, and write nothing."""
    from rnn_codemod import commands

    cache = _cache(cache_dir, no_cache)
    context.exit(commands.check(paths, _options(**chosen), _split_up(paths, shard), cache))


@main.command(cls=_WithCommand, epilog=VERIFY_EXIT_CODES, options_metavar="[OPTIONS]")
@click.argument("paths", nargs=-1, metavar="[PATH]... [-- COMMAND...]")
@click.option("--probe", metavar="FILE[::FUNCTION]", default="", help="Run this function instead.")
@click.option("--before", metavar="REV|DIR", help="What was before: a revision or a folder.")
@click.option("--before-python", metavar="PYTHON", help="The interpreter for before.")
@click.option("--after-python", metavar="PYTHON", help="The interpreter for after.")
@click.option("--legacy-env", is_flag=True, help="Run before on flax 0.6.11, installed if need be.")
@click.option("--share-params", is_flag=True, help="Start after from the parameters of before.")
@click.option("--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True)
@click.option("--devices", type=click.IntRange(1), default=None, help="So many devices of the CPU.")
@click.option("--rtol", type=click.FloatRange(0), help="Instead of the tolerance of each dtype.")
@click.option("--atol", type=click.FloatRange(0), help="Likewise.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=600,
    show_default=True,
    help="Seconds for each run.",
)
@click.option("--json", "json_file", metavar="FILE", help="Write the report as JSON too.")
@click.option("--html", "html_file", metavar="FILE", help="Write the report as one page too.")
@click.pass_context
def verify(context: click.Context, /, words: tuple[str, ...], **asked: Any) -> None:
    """Run COMMAND before and after the migration and compare the recurrent modules' numbers.

    COMMAND is a script, -m MODULE, or any program such as pytest. It runs in scratch copies of
    the tree: nothing here is touched. Without it, and without --probe, the functions probe() of
    the tree are run, and the changed modules built with inputs of our own.

    Before is the tree as it is and after the tree as migrate would leave it; where nothing is
    left to migrate, before is the last commit and after the tree as it is.
    """
    from rnn_codemod.verify import commands

    if words and asked["probe"]:
        raise click.UsageError("--probe and a COMMAND exclude each other")
    context.exit(commands.verify(command=words, **asked))


@main.command()
@click.argument("name", required=False)
def rule(name: str | None) -> None:
    """Explain a rule with its before and after; without NAME, list all."""
    from rnn_codemod.reporting.explain import explained, listed
    from rnn_codemod.rules import RULES

    if name is None:
        click.echo(listed(RULES.values()))
    elif name in RULES:
        click.echo(explained(RULES[name]))
    else:
        raise click.BadParameter(unknown_rule(name, RULES), param_hint="NAME")
