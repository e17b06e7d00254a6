"""What a run computes on."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from workplace import Workplace, imported

from rnn_codemod.verify import devices
from rnn_codemod.verify.interpreters import Interpreter
from rnn_codemod.verify.problem import UsageError
from rnn_codemod.verify.recording import read_recording

NO_JAX = Interpreter(Path("/bin/false"), "3.11.7", "0.10.2", "0.12.8")


@pytest.mark.parametrize(
    ("device", "count", "flags", "expected"),
    [
        ("cpu", None, "", {"JAX_PLATFORMS": "cpu"}),
        ("cpu", None, "--mine=1", {"JAX_PLATFORMS": "cpu"}),
        (
            "cpu",
            8,
            "--mine=1",
            {
                "JAX_PLATFORMS": "cpu",
                "XLA_FLAGS": "--mine=1 --xla_force_host_platform_device_count=8",
            },
        ),
        (
            "gpu",
            None,
            "",
            {
                "JAX_PLATFORMS": "cuda",
                "JAX_DEFAULT_MATMUL_PRECISION": "highest",
                "XLA_FLAGS": "--xla_gpu_deterministic_ops=true",
            },
        ),
    ],
)
def test_variables(device: str, count: int | None, flags: str, expected: dict[str, str]):
    inherited = {"XLA_FLAGS": flags} if flags else {}
    assert devices.variables(device, count, inherited) == expected


def test_the_cpu_is_always_there():
    devices.check("cpu", 8, [NO_JAX])


def test_devices_are_of_the_cpu():
    with pytest.raises(UsageError, match="goes with --device cpu"):
        devices.check("gpu", 2, [NO_JAX])


def test_no_gpu():
    with pytest.raises(UsageError, match=r"jax 0\.10\.2 of /bin/false finds none"):
        devices.check("gpu", None, [NO_JAX])


def test_in_words():
    assert devices.in_words(["cpu", "cpu"]) == "2 x cpu"


def test_no_gpu_is_wrong_usage_in_one_line(place: Workplace):
    # A jax that finds no device on a machine with one, too.
    place.environment["CUDA_VISIBLE_DEVICES"] = ""
    place.write("x = 1\n", "x = 2\n")
    result = place.verify("--device", "gpu", "--", "model.py")
    assert result.code == 2
    assert "--device gpu: jax" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_value_that_waits_for_a_callback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The result of a program on several devices, and its callbacks, which come meanwhile."""
    monkeypatch.setenv("RNN_CODEMOD_RECORD", str(tmp_path))
    record = imported("rnn_codemod_recorder").record
    key = ("M", "M", "__call__", "apply")

    class Pending:
        def __array__(self, *asked: object) -> np.ndarray:
            callback = threading.Thread(
                target=record.event, args=("call", key, 1, ["output"], [np.ones(2)]), daemon=True
            )
            callback.start()
            callback.join(60)
            assert not callback.is_alive()
            return np.zeros(2)

    record.event("call", key, 0, ["output"], [Pending()])
    assert len(list(read_recording(tmp_path).events)) == 2


MESH_MODEL = """\
import flax.linen as nn


class Model(nn.Module):
    @nn.compact
    def __call__(self, xs):
        return nn.RNN(nn.GRUCell({cell}){size})(nn.RNN(nn.GRUCell({cell}){size})(xs))
"""
MESH = """\
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from model import Model

mesh = Mesh(np.array(jax.devices()), ("data",))
xs = jax.random.normal(jax.random.PRNGKey(1), (8, 5, 3))
xs = jax.device_put(xs, NamedSharding(mesh, PartitionSpec("data")))
variables = Model().init(jax.random.PRNGKey(0), xs)
ys = jax.jit(Model().apply)(variables, xs)
assert len(ys.sharding.device_set) == 4
"""


def test_a_program_over_a_mesh(place: Workplace):
    place.write(
        MESH_MODEL.format(cell="", size=", 4"), MESH_MODEL.format(cell="features=4", size="")
    )
    place.write(MESH, MESH, "driver.py")
    result = place.verify("--devices", "4", "--timeout", "200", "--", "driver.py")
    assert result.code == 0, result.out + result.err
    assert "computed on 4 x cpu" in result.data["notes"]
    assert result.verdicts()["Model/GRUCell_0"]["outcome"] == "identical"
