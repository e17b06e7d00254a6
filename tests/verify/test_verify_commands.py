"""Commands of all kinds, end to end: what is recorded, the exit code, and what is left."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from workplace import FIXTURES, Workplace

from rnn_codemod.verify.legacy_env import pinned

MODEL = """\
import flax.linen as nn
import jax
import jax.numpy as jnp


class Model(nn.Module):
    @nn.compact
    def __call__(self, xs):
        ys = nn.RNN(nn.GRUCell({cell}){size})(xs)
        return nn.Dense(1)(ys)


def main():
    model, xs = Model(), jnp.ones((2, 5, 3))
    variables = model.init(jax.random.PRNGKey({seed}), xs)
    loss = lambda variables, xs: model.apply(variables, xs).mean()
    jax.jit(jax.value_and_grad(loss))(variables, xs)
    jax.jit(jax.vmap(model.apply, (None, 0)))(variables, jnp.stack([xs, 2 * xs]))
    return variables
"""
BEFORE = MODEL.format(cell="", size=", 4", seed=0)
AFTER = MODEL.format(cell="features=4", size="", seed=0)


def run_driver(place: Workplace, code: str, *words: str):
    for side in ("before", "after"):
        (place.folder / side / "driver.py").write_text(code)
    return place.verify(*words, "--", "driver.py")


@pytest.mark.parametrize(
    ("code", "codes"),
    [
        ("import sys; sys.exit(4)", 3),
        ("print('no recurrent module at all')", 1),
        ("import time; time.sleep(600)", 3),
    ],
    ids=["fails", "exercises nothing", "hangs"],
)
def test_no_numbers_no_agreement(place: Workplace, code: str, codes: int):
    place.write(BEFORE, AFTER)
    result = run_driver(place, code, "--timeout", "5")
    assert result.code == codes, result.out
    assert place.left_behind() == []


def test_nothing_changed(place: Workplace):
    place.write(AFTER, AFTER)
    result = run_driver(place, "")
    assert result.code == 2
    assert "nothing changed" in result.err


def test_jit_vmap_and_gradients_in_a_forked_process_elsewhere(place: Workplace):
    place.write(BEFORE, AFTER)
    code = (
        "import os, subprocess, sys\n"
        "os.chdir('/')\n"
        "code = 'import model, os; model.main(); os.fork() or os._exit(0)'\n"
        "sys.exit(subprocess.run([sys.executable, '-c', code]).returncode)\n"
    )
    result = run_driver(place, code)
    assert result.code == 0, result.out
    verdicts = result.verdicts()
    assert verdicts["Model"]["calls"] == 4
    assert verdicts["Model/GRUCell_0"]["outcome"] == "identical"
    assert verdicts["value_and_grad of <lambda>"]["calls"] == 1
    assert place.left_behind() == []


def test_a_process_that_dies_half_way_is_read_up_to_there(place: Workplace):
    place.write(BEFORE, AFTER)
    result = run_driver(place, "import model, os\nmodel.main()\nos.abort()\n")
    assert result.code == 3
    assert "was killed by SIGABRT" in result.out
    assert result.verdicts()["Model"]["outcome"] == "identical"


def test_one_side_that_dies_half_way_is_not_called_different(place: Workplace):
    place.write(BEFORE, AFTER)
    code = (
        "import model, os, signal\n"
        "model.main()\n"
        "if 'features=' in open('model.py').read(): os.kill(os.getpid(), signal.SIGKILL)\n"
        "model.main()\n"
    )
    result = run_driver(place, code)
    assert result.code == 3
    assert result.disagreeing() == {}
    assert result.verdicts()["Model"]["calls"] == 4
    last = result.out.splitlines()[-1]
    assert last.startswith("FAILED: after was killed by SIGKILL, so this proves nothing")
    assert place.left_behind() == []


def test_one_side_that_computes_too_much_and_then_dies_is_different(place: Workplace):
    place.write(BEFORE, AFTER)
    code = (
        "import model, os, signal\n"
        "model.main()\n"
        "if 'features=' in open('model.py').read():\n"
        "    model.main()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    result = run_driver(place, code)
    assert result.code == 3
    assert result.disagreeing()["Model"] == "different"


HOSTILE = """\
import multiprocessing, os, sys, tempfile
import model

def child():
    model.main()

if __name__ == "__main__":
    assert sys.stdin.read() == ""
    open("left.txt", "w").write("x")
    tempfile.NamedTemporaryFile(delete=False).write(b"x")
    assert os.path.samefile(open("./driver.py").name, __file__)
    process = multiprocessing.get_context("spawn").Process(target=child)
    process.start()
    process.join()
    print("y" * 3_000_000)
    if os.fork() == 0:
        os.setsid()
        import time
        time.sleep(600)
    os.chdir("/")
    sys.exit(process.exitcode)
"""


def test_a_command_of_all_vices_side_by_side_with_itself(place: Workplace):
    place.write(BEFORE, AFTER)
    for side in ("before", "after"):
        (place.folder / side / "driver.py").write_text(HOSTILE)
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(place.verify, "--", "driver.py", report=f"{name}.json") for name in "ab"
        ]
    for result in (run.result() for run in runs):
        assert result.code == 0, result.out + result.err
        assert result.verdicts()["Model/GRUCell_0"]["outcome"] == "identical"
        assert len(result.out) < 5000
    assert place.left_behind() == []
    for side in ("before", "after"):
        names = {path.name for path in (place.folder / side).iterdir()}
        assert names == {"driver.py", "model.py"}


def test_shared_parameters_make_up_for_another_seed(place: Workplace):
    place.write(BEFORE, MODEL.format(cell="features=4", size="", seed=1))
    code = (
        "import model, jax, jax.numpy as jnp\n"
        "model.Model().apply(model.main(), jnp.ones((1, 2, 3)))\n"
    )
    result = run_driver(place, code, "--share-params")
    assert "initial parameters of after were taken over" in result.out
    taken = next(note for note in result.data["notes"] if "taken over" in note).split()
    assert taken[0] == taken[2] != "0"
    assert result.verdicts()["value_and_grad of <lambda>"]["outcome"] == "identical"
    assert (
        run_driver(place, code).verdicts()["value_and_grad of <lambda>"]["outcome"] == "different"
    )


RUNTIME = """\
import flax.linen as nn
import jax
import jax.numpy as jnp
{imports}

class Model(nn.Module):
    @nn.compact
    def __call__(self, xs):
        ys = {lstm}(xs)
        return {both}({gru}, {gru})(ys)


model, xs = Model(), jnp.ones((2, 5, 3))
variables = model.init(jax.random.PRNGKey(0), xs)
jax.jit(model.apply)(variables, xs)
jax.grad(lambda variables: model.apply(variables, xs).sum())(variables)
"""


@pytest.mark.parametrize("width", [3, 4])
def test_the_cells_inside_the_layers_of_rnn_runtime_are_stepped(place: Workplace, width: int):
    place.write(
        RUNTIME.format(
            imports="",
            lstm="nn.RNN(nn.LSTMCell(), 4)",
            both="nn.Bidirectional",
            gru="nn.RNN(nn.GRUCell(), 3)",
        ),
        RUNTIME.format(
            imports="from rnn_runtime import RNN, Bidirectional, GRUCell, LSTMCell\n",
            lstm="RNN(LSTMCell(features=4))",
            both="Bidirectional",
            gru=f"RNN(GRUCell(features={width}))",
        ),
    )
    result = place.verify("--", "model.py")
    assert result.code == (0 if width == 3 else 1), result.out + result.err
    verdicts = result.verdicts()
    assert verdicts["Model/LSTMCell_0"]["outcome"] == "identical"
    assert verdicts["Model/LSTMCell_0"]["calls"] == 15
    outcomes = {verdicts[f"Model/{name}"]["outcome"] for name in ("GRUCell_0", "GRUCell_1")}
    assert ("different" in outcomes) == (width != 3)


def test_calls_beyond_those_that_are_kept_are_told_of(place: Workplace):
    place.write(BEFORE, AFTER)
    code = (
        "import model, jax, jax.numpy as jnp\n"
        "xs = jnp.ones((1, 2, 3))\n"
        "variables = model.Model().init(jax.random.PRNGKey(0), xs)\n"
        "run = jax.jit(model.Model().apply)\n"
        "for n in range(2100): run(variables, xs)\n"
    )
    result = run_driver(place, code)
    assert result.code == 0, result.out + result.err
    assert result.verdicts()["Model"]["reason"] == "the first 2000 of 2048 or more"


def migrate(place: Workplace, driver: str) -> subprocess.CompletedProcess[str]:
    (place.folder / "before" / "driver.py").write_text(driver)
    command = [sys.executable, "-m", "rnn_codemod", "migrate", "--verify", "model.py"]
    return subprocess.run(
        [*command, "--", "driver.py"],
        cwd=place.folder / "before",
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("driver", "code", "side"),
    [
        ("import model; model.main()", 0, "after"),
        # Reads its own source, so that the numbers are not the same.
        (
            "import jax; import model; n = len(open('model.py').read())\n"
            "import jax.numpy as jnp; m = model.Model()\n"
            "m.init(jax.random.PRNGKey(n), jnp.ones((1, 2, 3)))",
            1,
            "before",
        ),
    ],
    ids=["agrees", "differs"],
)
def test_migrate_verify(place: Workplace, driver: str, code: int, side: str):
    place.write(BEFORE, AFTER)
    done = migrate(place, driver)
    assert done.returncode == code, done.stdout + done.stderr
    expected = BEFORE if side == "before" else AFTER
    assert (place.folder / "before" / "model.py").read_text() == expected
    assert ("nothing is written" in done.stderr) == (side == "before")


def test_the_pins_are_those_of_the_fixtures_and_pytest():
    recorded_on = (FIXTURES / "legacy-requirements.txt").read_text().split()
    more = {pin.partition("==")[0] for pin in set(pinned()) - set(recorded_on)}
    assert set(recorded_on) <= set(pinned())
    assert more == {"exceptiongroup", "iniconfig", "packaging", "pluggy", "pytest", "tomli"}
