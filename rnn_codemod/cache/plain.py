"""Results as JSON has them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rnn_codemod.around import Verdict
from rnn_codemod.findings import Applicability, Finding
from rnn_codemod.results import FileResult
from rnn_codemod.treat import Job


def dumped(result: object) -> object:
    """``None`` for what may be of this moment: a file that failed could be read the next time."""
    if isinstance(result, frozenset):
        return sorted(result)
    if isinstance(result, tuple):
        return {"verdicts": [asdict(verdict) for verdict in result]}
    if not isinstance(result, FileResult) or result.problem is not None:
        return None
    return {
        **asdict(result),
        "rewritten": [_plain_finding(it) for it in result.rewritten],
        "refused": [_plain_finding(it) for it in result.refused],
        "before": result.before.decode("latin-1"),
        "after": result.after.decode("latin-1"),
    }


def _plain_finding(finding: Finding) -> object:
    return {**asdict(finding), "applicability": finding.applicability.value}


def loaded(plain: Any) -> object:
    """Raises KeyError, TypeError, ValueError or AttributeError for what ``dumped`` never made."""
    if isinstance(plain, list):
        return frozenset(plain)
    if "verdicts" in plain:
        return tuple(_verdict(it) for it in plain["verdicts"])
    return FileResult(
        plain["path"],
        tuple(_finding(it) for it in plain["rewritten"]),
        tuple(_finding(it) for it in plain["refused"]),
        plain["left_alone"],
        tuple(plain["warnings"]),
        plain["before"].encode("latin-1"),
        plain["after"].encode("latin-1"),
    )


def _finding(plain: Any) -> Finding:
    return Finding(
        **{
            **plain,
            "applicability": Applicability(plain["applicability"]),
            "recipe": tuple(plain["recipe"]),
        }
    )


def _verdict(plain: Any) -> Verdict:
    return Verdict(
        **{
            **plain,
            "names": tuple(plain["names"]),
            "open_carries": tuple((path, line) for path, line in plain["open_carries"]),
            "faults": tuple((path, why) for path, why in plain["faults"]),
            "links": tuple((*link, tuple(names)) for *link, names in plain["links"]),
            "left_alone": tuple(plain["left_alone"]),
        }
    )


def dumped_job(job: Job) -> dict[str, object]:
    """All that a job on a file of the disk consists of."""
    return {
        "path": job.path,
        "users": dict(job.users),
        "verdicts": [asdict(verdict) for verdict in job.verdicts],
        "wide_floats": job.wide_floats,
        "heirs": dict(job.heirs),
        "fillers": dict(job.fillers),
    }


def loaded_job(plain: Any) -> Job:
    """Raises KeyError, TypeError, ValueError or AttributeError, as ``loaded`` does."""
    return Job(
        plain["path"],
        {name: tuple(paths) for name, paths in plain["users"].items()},
        tuple(_verdict(it) for it in plain["verdicts"]),
        wide_floats=plain["wide_floats"],
        heirs={path: tuple(paths) for path, paths in plain["heirs"].items()},
        fillers={path: tuple(paths) for path, paths in plain["fillers"].items()},
    )
