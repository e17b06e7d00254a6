"""What must hold when a legacy program stands in a notebook or a Markdown page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random

from judge import BrokenProgram, Fault, Verdict, of_the_half_migrated, of_the_numbers
from running import run_current, run_half_migrated, run_legacy

from rnn_codemod.findings import Options
from rnn_codemod.run import migrate_bytes

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROSE = ("# A study", "The carry is made first: `nn.GRUCell.initialize_carry(key, (3,), 4)`.", "")


def judge_document(text: str, random: Random, options: Options | None = None) -> Verdict:
    """Puts ``text`` in a document, migrates that, and compares what its code computes.

    Raises BrokenProgram where the text does not run on the deprecated cells.
    """
    try:
        before = run_legacy(text)
    except Exception as error:
        raise BrokenProgram(f"{type(error).__name__}: {error}\n{text}") from error
    options = options or Options()
    name = random.choice(["study.ipynb", "study.md"])
    cells = _cells(text, random)
    written = _notebook(cells) if name.endswith("ipynb") else _page(cells)
    result = migrate_bytes(written.encode(), name, options)
    after = (result.after or written.encode()).decode()
    faults = [Fault("problem", str(result.problem))] if result.problem else []
    faults += _of_the_document(name, written, after)
    code = "".join(_code_of(name, after))
    if not faults and not result.refused:
        faults += of_the_numbers(before, lambda: run_current(code))
    elif not faults and options.target == "flax":
        faults += of_the_half_migrated(before, lambda: run_half_migrated(code))
    return Verdict(tuple(faults), result.refused, after)


def _cells(text: str, random: Random) -> list[str]:
    """The text in some pieces, cut between top-level blocks; joined they are the text."""
    pieces = re.split(r"(?<=\n\n)(?=\S)", text)
    cells = [""]
    for piece in pieces:
        if cells[-1] and random.randrange(3) == 0:
            cells.append("")
        cells[-1] += piece
    return cells


def _notebook(cells: list[str]) -> str:
    made = [{"cell_type": "markdown", "metadata": {}, "source": list(_PROSE)}]
    for cell in cells:
        made.append(
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": cell.splitlines(keepends=True),
            }
        )
    kernel = {"kernelspec": {"language": "python", "name": "python3", "display_name": "Python"}}
    whole = {"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1) + "\n"


def _page(cells: list[str]) -> str:
    parts = ["\n".join(_PROSE)]
    for number, cell in enumerate(cells):
        end = "" if cell.endswith("\n") else "\n"
        parts.append(f"Step {number}:\n\n```python\n{cell}{end}```\n")
    return "\n".join(parts)


def _code_of(name: str, text: str) -> list[str]:
    if name.endswith("ipynb"):
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return _BLOCK.findall(text)


def _of_the_document(name: str, before: str, after: str) -> Iterator[Fault]:
    """Whether all but the code is as it was, byte by byte."""
    if name.endswith("ipynb"):
        old, new = json.loads(before), json.loads(after)
        for cells in (old["cells"], new["cells"]):
            for cell in cells:
                if cell["cell_type"] == "code":
                    cell["source"] = []
        if old != new:
            yield Fault("another notebook", name)
    elif _BLOCK.sub("", before) != _BLOCK.sub("", after):
        yield Fault("another page", name)
