"""The report as one page that needs nothing else: verdicts, plots and diffs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from html import escape

from rnn_codemod.verify.closeness import Outcome
from rnn_codemod.verify.compare import Verdict
from rnn_codemod.verify.plot import plot
from rnn_codemod.verify.session import Report, Run, Side
from rnn_codemod.verify.text import conclusion, in_words
from rnn_codemod.verify.trees import Change

_STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --page: #fff; --good: #1a7f37; --bad: #cf222e;
  --mute: #59636e; --line: #d1d9e0; --card: #f6f8fa; --add: #dafbe1; --del: #ffebe9;
  --good-tint: #dafbe1; --bad-tint: #ffebe9; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --page: #0d1117; --good: #3fb950;
  --bad: #f85149; --mute: #9198a1; --line: #3d444d; --card: #151b23; --add: #12261e; --del: #2d1418;
  --good-tint: #12261e; --bad-tint: #2d1418; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--text); background: var(--page); }
h1 { font-size: 1.25rem; padding: .7rem 1rem; border-left: 4px solid; border-radius: 6px; }
h1.good { background: var(--good-tint); } h1.bad { background: var(--bad-tint); }
h2 { font-size: 1.1rem; margin-top: 2.2rem; } h2 code { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
.verdicts th { color: var(--mute); font-weight: 500; }
.verdicts td:nth-child(2), .verdicts th:nth-child(2) { text-align: right; }
.verdicts tr:has(td.bad) { background: var(--bad-tint); }
.wide { overflow-x: auto; }
code, pre { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
.verdicts code { overflow-wrap: break-word; }
ul.notes { color: var(--mute); padding-left: 1.2rem; margin: .6rem 0; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .8rem 0; overflow: hidden; }
summary { background: var(--card); padding: .4rem .7rem; cursor: pointer; }
details pre { border-top: 1px solid var(--line); }
pre { margin: 0; overflow-x: auto; padding: .4rem 0; }
pre.output { border: 1px solid var(--line); border-radius: 6px; background: var(--card); }
pre span { display: block; padding: 0 .7rem; white-space: pre; width: max-content;
  min-width: 100%; box-sizing: border-box; }
.good { color: var(--good); } .bad { color: var(--bad); } .mute { color: var(--mute); }
.add { background: var(--add); } .del { background: var(--del); } .at { color: var(--mute); }
svg { display: block; } svg polyline { fill: none; stroke: currentColor; stroke-width: 1.5; }
svg line { stroke: var(--line); } svg text { fill: var(--mute); font: 10px system-ui; }
@media (max-width: 45rem) { .sides td, .sides th { display: block; border: 0; padding: .1rem 0; }
  .sides th { padding-top: .6rem; } }
"""


def render(report: Report) -> str:
    """The page."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    tone = "good" if report.exit_code == 0 else "bad"
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>rnn-codemod verify</title><style>{_STYLE}</style></head><body>"
    yield f'<h1 class="{tone}" id="conclusion">{escape(conclusion(report))}</h1>'
    yield '<table class="sides">'
    yield _side("before", report.before)
    yield _side("after", report.after)
    yield "</table>"
    yield '<ul class="notes">'
    yield from (f"<li>{escape(note)}</li>" for note in report.notes)
    yield "</ul>"
    for run in report.runs:
        yield from _run(run)
    if report.unexercised:
        yield "<h2>Changed, and not exercised</h2><ul>"
        yield from (f"<li><code>{escape(str(it))}</code></li>" for it in report.unexercised)
        yield "</ul>"
    yield "<h2>What changed</h2>"
    for change in report.changes:
        yield from _diff(change)
    yield "</body></html>"


def _side(name: str, side: Side) -> str:
    return (
        f"<tr><th>{name}</th><td>{escape(side.tree)}</td><td>{escape(side.cells)}</td>"
        f"<td>{escape(str(side.interpreter))}</td></tr>"
    )


def _run(run: Run) -> Iterator[str]:
    yield f"<h2><code>{escape(run.name)}</code></h2>"
    for built in run.built:
        yield f'<p class="mute">built <code>{escape(built)}</code></p>'
    for side, ended in (("before", run.before), ("after", run.after)):
        if not ended.well:
            yield f'<p class="bad">{side}: {escape(str(ended))}</p>'
            yield f'<pre class="output"><span>{escape(ended.output[-2000:])}</span></pre>'
    yield '<div class="wide"><table class="verdicts"><tr><th>module</th><th>calls</th>'
    yield "<th>verdict</th><th>error over the steps</th></tr>"
    yield from (_row(verdict) for verdict in run.comparison.verdicts)
    yield "</table></div>"
    for old, new in run.comparison.renames.items():
        names = f"<code>{escape(old)}</code> to <code>{escape(new)}</code>"
        yield f'<p class="bad">renamed: {names}</p>'


def _row(verdict: Verdict) -> str:
    tone = "good" if verdict.outcome.agrees else "bad"
    if verdict.outcome is Outcome.NOT_EXERCISED:
        tone = "mute"
    return (
        f"<tr><td><code>{_breakable(verdict.path)}</code></td><td>{verdict.events}</td>"
        f'<td class="{tone}">{escape(in_words(verdict))}</td>'
        f'<td class="{tone}">{plot(verdict.errors)}</td></tr>'
    )


def _breakable(path: str) -> str:
    """A module path that breaks between its parts, where it has to."""
    return escape(path).replace("/", "/<wbr>").replace(".", "<wbr>.")


def _diff(change: Change) -> Iterator[str]:
    old, new = (
        source.decode(errors="backslashreplace").splitlines()
        for source in (change.before, change.after)
    )
    lines = list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]
    added, gone = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    yield (
        f"<details open><summary><code>{escape(change.path)}</code> "
        f'<span class="good">+{added}</span> <span class="bad">-{gone}</span></summary><pre>'
    )
    yield "".join(map(_line, lines)) + "</pre></details>"


def _line(line: str) -> str:
    kind = {"+": "add", "-": "del", "@": "at"}.get(line[0], "")
    return f'<span class="{kind}">{escape(line)}</span>'
