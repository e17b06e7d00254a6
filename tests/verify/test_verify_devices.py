"""What a run computes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from workplace import Workplace

from rnn_codemod.verify import devices
from rnn_codemod.verify.interpreters import Interpreter
from rnn_codemod.verify.problem import UsageError

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
