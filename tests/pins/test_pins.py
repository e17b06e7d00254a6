"""What a run says of pins, by target and selection, and where it does not look."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnn_codemod.findings import Options
from rnn_codemod.pins import setup_py
from rnn_codemod.pins.dialects import raised
from rnn_codemod.pins.treat import NEEDED, RUNTIME, Verdict, treat_manifest
from rnn_codemod.pins.versions import written
from rnn_codemod.results import FileResult
from rnn_codemod.rules import RULES
from rnn_codemod.run import Mode, migrate_paths

ROOT = Path(__file__).parents[2]
OLD = "from flax import linen as nn\n\nlayer = nn.RNN(nn.GRUCell(), 8)\n"
NEW = "from flax import linen as nn\n\nlayer = nn.RNN(nn.GRUCell(features=8))\n"
REFUSED = "from flax import linen as nn\n\ncell = nn.GRUCell()\n"
CODE = set(RULES) - {"flax_pin"}


def project(folder: Path, code: str, pin: str) -> Path:
    (folder / "model.py").write_text(code)
    (folder / "requirements.txt").write_text(pin)
    return folder / "requirements.txt"


def run(*paths: Path, mode: Mode = Mode.WRITE, **options: object) -> dict[str, FileResult]:
    results = migrate_paths([str(path) for path in paths], Options(**options), mode)  # type: ignore[arg-type]
    return {Path(result.path).name: result for result in results}


@pytest.mark.parametrize("options", [{"select": {"rnn_size"}}, {"ignore": {"flax_pin"}}])
def test_not_selected(tmp_path: Path, options: dict[str, set[str]]) -> None:
    pin = project(tmp_path, OLD, "flax<0.7\n")
    assert "requirements.txt" not in run(tmp_path, **options)
    assert pin.read_text() == "flax<0.7\n"


def test_only_the_given_folders_are_searched(tmp_path: Path) -> None:
    pin = project(tmp_path, "", "flax<0.7\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "model.py").write_text(OLD)
    assert set(run(inner)) == {"model.py"}
    assert set(run(inner / "model.py")) == {"model.py"}
    assert pin.read_text() == "flax<0.7\n"


def test_ignored_files_and_environments_are_left_alone(tmp_path: Path) -> None:
    project(tmp_path, OLD, "")
    (tmp_path / ".gitignore").write_text("build/\n")
    for name in ("build", ".venv"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "requirements.txt").write_text("flax<0.7\n")
    assert set(run(tmp_path)) == {"model.py"}


def test_files_without_recurrent_code_ask_for_no_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, "from flax import linen as nn\nd = nn.Dense(3)\n", "flax<0.7\n")
    monkeypatch.setattr("rnn_codemod.pins.project.discover", None)
    assert set(run(tmp_path)) == {"model.py"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"select": {"rnn_size", "flax_pin"}}, "only some rules were run"),
        ({"ignore": {"dynamic_name"}}, "only some rules were run"),
    ],
)
def test_some_rules_are_not_enough(
    tmp_path: Path, options: dict[str, set[str]], reason: str
) -> None:
    pin = project(tmp_path, OLD, "flax<0.7\n")
    (refused,) = run(tmp_path, **options)["requirements.txt"].refused
    assert reason in refused.reason
    assert refused.recipe == ("flax>=0.7",)
    assert pin.read_text() == "flax<0.7\n"


def test_a_file_that_cannot_be_treated_keeps_the_pin(tmp_path: Path) -> None:
    pin = project(tmp_path, OLD, "flax<0.7\n")
    (tmp_path / "bad.py").write_text("# flax LSTM\nx = (\n")
    (refused,) = run(tmp_path)["requirements.txt"].refused
    assert refused.reason == "1 file of the code could not be treated"
    assert pin.read_text() == "flax<0.7\n"


@pytest.mark.parametrize(
    ("code", "mode", "sites"),
    [
        (NEW, Mode.CHECK, 0),
        (OLD, Mode.WRITE, 0),
        (OLD, Mode.CHECK, 1),
        (REFUSED, Mode.CHECK, 1),
        (REFUSED, Mode.WRITE, 1),
    ],
)
def test_legacy_code_beside_a_pin_of_new_releases(
    tmp_path: Path, code: str, mode: Mode, sites: int
) -> None:
    project(tmp_path, code, "jax\nflax >= 0.8\n")
    result = run(tmp_path, mode=mode).get("requirements.txt")
    if not sites:
        assert result is None
        return
    assert result is not None
    assert (result.rewritten, result.refused) == ((), ())
    (warning,) = result.warnings
    assert warning.startswith("line 2: flax_pin: >= 0.8 has only the new API, and ")
    assert warning.endswith(", and 1 site of the code still needs flax < 0.7")


def test_the_runtime_asks_for_more(tmp_path: Path) -> None:
    pin = project(tmp_path, OLD, "flax>=0.7,<0.9\n")
    result = run(tmp_path, target="runtime")["requirements.txt"]
    assert pin.read_text() == "flax>=0.10.6\n"
    assert len(result.rewritten) == 1
    (warning,) = result.warnings
    assert "rnn-codemod[runtime]" in warning


def test_the_runtime_is_asked_for_already(tmp_path: Path) -> None:
    project(tmp_path, OLD, "flax\nrnn_codemod[runtime]\n")
    assert set(run(tmp_path, target="runtime")) == {"model.py"}


def test_the_runtime_needs_what_this_project_says() -> None:
    needed = (ROOT / "setup.cfg").read_text()
    assert f"flax>={written(RUNTIME)}\n" in needed
    assert f"jax>={written(NEEDED[RUNTIME]['jax'])}\n" in needed


@pytest.mark.parametrize(
    ("name", "data", "cause"),
    [
        ("pyproject.toml", b'[project\nname = "flax"\n', "its pins cannot be read"),
        ("setup.py", b"# flax\nsetup(\n", "cannot be parsed"),
        ("setup.py", b"# coding: nonsense\n# flax\n", "its pins cannot be read"),
    ],
)
def test_broken_manifests_are_problems(tmp_path: Path, name: str, data: bytes, cause: str) -> None:
    (tmp_path / name).write_bytes(data)
    result = treat_manifest(str(tmp_path / name), Verdict((0, 7)))
    assert result.problem is not None
    assert cause in result.problem.cause
    assert (tmp_path / name).read_bytes() == data


def test_a_broken_manifest_without_flax_is_none_of_ours(tmp_path: Path) -> None:
    project(tmp_path, OLD, "")
    (tmp_path / "pyproject.toml").write_text("[project\n")
    assert set(run(tmp_path)) == {"model.py"}


def test_any_order_of_paths_raises_once(tmp_path: Path) -> None:
    project(tmp_path, OLD, "flax<0.7\n")
    results = list(migrate_paths([str(tmp_path)] * 2, Options(), Mode.CHECK))
    assert [Path(result.path).name for result in results] == ["model.py", "requirements.txt"]


def test_the_rule_shows_what_is_written() -> None:
    rule = RULES["flax_pin"]
    (pin,) = setup_py.pins(rule.before, "flax")
    first, last = pin.span
    new = raised(rule.before[first:last], pin.dialect, (0, 7))
    assert rule.before[:first] + str(new) + rule.before[last:] == rule.after


def test_code_is_read_again_only_for_an_old_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, NEW, "flax>=0.7\n")
    monkeypatch.setattr("rnn_codemod.pins.evidence._is_new", None)
    assert set(run(tmp_path)) == {"model.py"}


JAX = {
    "new enough": ("requirements.txt", "flax<0.7\njax>=0.4\n", ""),
    "one release, new enough": ("requirements.txt", "flax<0.7\njax==0.4.13\n", ""),
    "another package": ("requirements.txt", "flax<0.7\njax-md<0.4\n", ""),
    "no pin of flax is raised": ("requirements.txt", "flax\njax<0.4\n", ""),
    "in words nobody knows": ("requirements.txt", "flax<0.7\njax==0.4.1+cuda\n", ""),
    "pip": ("requirements.txt", "flax<0.7\njax[cpu]<0.4.2\n", "line 2: flax_pin: jax <0.4.2"),
    "conda": (
        "environment.yml",
        "dependencies:\n  - jax=0.3\n  - flax=0.6\n",
        "line 2: flax_pin: jax =0.3",
    ),
    "poetry": (
        "pyproject.toml",
        '[tool.poetry.dependencies]\nflax = "^0.6"\njax = "~0.4.1"\n',
        "",
    ),
    "PEP 621": (
        "pyproject.toml",
        '[project]\ndependencies = ["jax==0.3.*", "flax<0.7"]\n',
        "line 2: flax_pin: jax ==0.3.*",
    ),
    "setup.cfg": (
        "setup.cfg",
        "[options]\ninstall_requires =\n  flax<0.7\n  jax<=0.4.1\n",
        "line 4: flax_pin: jax <=0.4.1",
    ),
    "setup.py": (
        "setup.py",
        "install_requires = ['flax<0.7', 'jax<0.4']\n",
        "line 1: flax_pin: jax <0.4",
    ),
    "Pipfile": (
        "Pipfile",
        '[packages]\nflax = "<0.7"\njax = "==0.4.1"\n',
        "line 3: flax_pin: jax ==0.4.1",
    ),
}


@pytest.mark.parametrize(("name", "text", "told"), JAX.values(), ids=JAX)
def test_a_jax_that_is_too_old_is_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / "model.py").write_text(OLD)
    (tmp_path / name).write_text(text)
    result = run(tmp_path).get(name)
    warnings = result.warnings if result is not None else ()
    wanted = (f"{told} is too old: flax 0.7 needs jax 0.4.2",) if told else ()
    assert warnings == wanted


OTHERS = {
    "jaxlib, new enough": ("requirements.txt", "flax<0.7\njaxlib==0.4.1\n", ""),
    "another package": ("requirements.txt", "flax<0.7\npython-dateutil<3\n", ""),
    "an older Python too": ("setup.cfg", "[options]\npython_requires = >=3.7\n{}\n", ""),
    "of another section": ("setup.cfg", "[tool]\npython_requires = <3.7\n[options]\n{}\n", ""),
    "a Python by its classifier": (
        "pyproject.toml",
        '[project]\nclassifiers = ["python <3.8"]\ndependencies = ["flax<0.7"]\n',
        "",
    ),
    "no plain text": (
        "setup.py",
        "f(python_requires=r'<3.7', install_requires=['flax<0.7'])\n",
        "",
    ),
    "jaxlib": ("requirements.txt", "flax<0.7\njaxlib<0.4\n", "line 2: jaxlib <0.4 0.4.1"),
    "PEP 621": (
        "pyproject.toml",
        '[project]\nrequires-python = ">=3.6,<3.8"\ndependencies = ["flax<0.7"]\n',
        "line 2: python >=3.6,<3.8 3.8",
    ),
    "poetry": (
        "pyproject.toml",
        '[tool.poetry.dependencies]\npython = "~3.7"\nflax = "^0.6"\n',
        "line 2: python ~3.7 3.8",
    ),
    "conda": (
        "environment.yml",
        "dependencies:\n  - python=3.7\n  - flax=0.6\n",
        "line 2: python =3.7 3.8",
    ),
    "setup.cfg": (
        "setup.cfg",
        "[options]\npython_requires = <3.8\n{}\n",
        "line 2: python <3.8 3.8",
    ),
    "setup.py": (
        "setup.py",
        "f(python_requires='<3.8', install_requires=['flax<0.7'])\n",
        "line 1: python <3.8 3.8",
    ),
}


@pytest.mark.parametrize(("name", "text", "told"), OTHERS.values(), ids=OTHERS)
def test_what_else_is_too_old_is_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / "model.py").write_text(OLD)
    (tmp_path / name).write_text(text.format("install_requires =\n  flax<0.7"))
    result = run(tmp_path)[name]
    assert len(result.rewritten) == 1
    if not told:
        assert result.warnings == ()
        return
    place, package, pin, needed = told.rsplit(" ", 3)
    assert result.warnings == (
        f"{place} flax_pin: {package} {pin} is too old: flax 0.7 needs {package} {needed}",
    )


def test_all_that_is_too_old_is_told_in_order(tmp_path: Path) -> None:
    pin = project(tmp_path, OLD, "flax<0.7\njax<0.4\njaxlib<0.4\n")
    told = run(tmp_path)[pin.name].warnings
    assert [warning.split()[3] for warning in told] == ["jax", "jaxlib"]
