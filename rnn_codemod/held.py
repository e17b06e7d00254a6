"""Files that change together for one cell: where one of them cannot change, none does."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rnn_codemod.files.problem import Problem, os_cause
from rnn_codemod.imports import reached_from
from rnn_codemod.results import FileResult
from rnn_codemod.together import WHOLE
from rnn_codemod.treat import Job


def held_together(jobs: Sequence[Job], results: Sequence[FileResult]) -> list[FileResult]:
    """The results of ``jobs``, with a problem for each file that has to stay as it is.

    That is a file which changes for a cell of its project while another that uses the same cell
    failed, or cannot be written.
    """
    fallen = {result.path: why for result in results if (why := _why_not(result))}
    if not fallen:
        return list(results)
    bound = {
        result.path
        for result in results
        if result.path in fallen or any(finding.rule in WHOLE for finding in result.rewritten)
    }
    graph = {job.path: sorted(_sharing(job, bound)) for job in jobs if job.path in bound}
    causes: dict[str, str] = {}
    for path in sorted(fallen):
        why = f"changes together with {os.path.basename(path)}, which {fallen[path]}"
        for other in reached_from(graph, [path]) - fallen.keys():
            causes.setdefault(other, why)
    return [
        FileResult(result.path, problem=Problem(result.path, causes[result.path]))
        if result.path in causes
        else result
        for result in results
    ]


def _sharing(job: Job, bound: set[str]) -> set[str]:
    return {path for paths in job.users.values() for path in paths if path in bound}


def _why_not(result: FileResult) -> str:
    """Why a file cannot change, or nothing."""
    if result.before == result.after:
        return result.problem.cause if result.problem is not None else ""
    from rnn_codemod.files import write

    try:
        write.check(result.path)
    except write.CannotWrite as error:
        return str(error)
    except OSError as error:
        return os_cause("cannot be written", error)
    return ""
