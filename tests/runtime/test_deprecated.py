"""The deprecated cells against what was recorded on real flax 0.6.11."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from pathlib import Path

import flax.linen as nn
import jax
import numpy as np
import pytest
from legacy_cases import CASES, run_case

from rnn_runtime import deprecated
from rnn_runtime.deprecated import legacy_names, warn

GOLDENS = np.load(Path(__file__).parent / "goldens" / "flax-0.6.11.npz")


def golden(case: str) -> dict[str, np.ndarray]:
    keys = [key for key in GOLDENS.files if key.startswith(f"{case}|")]
    return {key.partition("|")[2]: GOLDENS[key] for key in keys}


def test_names_are_untouched_outside_the_context() -> None:
    today = {name: getattr(nn, name) for name in deprecated.names.LEGACY}
    with legacy_names(), legacy_names():
        assert nn.LSTMCell is nn.recurrent.LSTMCell is deprecated.LSTMCell
    assert {name: getattr(nn, name) for name in today} == today
    assert nn.recurrent.LSTMCell is nn.LSTMCell
    with pytest.raises(KeyError), legacy_names():
        raise KeyError
    assert nn.RNN is today["RNN"]


def test_names_are_today_s_again_when_the_last_thread_has_left() -> None:
    today = nn.LSTMCell
    first, second = legacy_names(), legacy_names()
    # What two threads do where one enters before the other has left.
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert nn.LSTMCell is deprecated.LSTMCell
    second.__exit__(None, None, None)
    assert nn.LSTMCell is nn.recurrent.LSTMCell is today


# Base classes below flax's own, arguments of the call, as real flax 0.6.11 tells them.
LAYER_CALL = (
    "self inputs initial_carry init_key seq_lengths return_carry time_major reverse keep_order"
)
FORMS = {
    "RNNCellBase": ("", None),
    "LSTMCell": ("RNNCellBase", "self carry inputs"),
    "OptimizedLSTMCell": ("RNNCellBase", "self carry inputs"),
    "GRUCell": ("RNNCellBase", "self carry inputs"),
    "ConvLSTMCell": ("RNNCellBase", "self carry inputs"),
    "RNN": ("", LAYER_CALL),
    "Bidirectional": ("", LAYER_CALL),
}


@pytest.mark.parametrize("name", FORMS)
def test_classes_have_the_form_of_flax_0_6_11(name: str) -> None:
    bases, call = FORMS[name]
    cls = getattr(deprecated, name)
    mro = [base.__name__ for base in cls.__mro__]
    assert mro[1 : mro.index("Module")] == bases.split()
    if call is not None:
        assert list(inspect.signature(cls.__call__).parameters) == call.split()
    if "Cell" in name:
        assert isinstance(inspect.getattr_static(cls, "initialize_carry"), staticmethod)
    assert not any(hasattr(cls, new) for new in ("num_feature_axes", "carry_init"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", CASES)
def test_case_matches_flax_0_6_11(case: str) -> None:
    with legacy_names(), jax.threefry_partitionable(False):
        ours = run_case(case)
    theirs = golden(case)
    assert ours.keys() == theirs.keys()
    for path, expected in theirs.items():
        tolerance = 2e-2 if case.startswith("bfloat16") and path.startswith("result") else 1e-6
        np.testing.assert_allclose(
            ours[path], expected, rtol=tolerance, atol=tolerance, err_msg=path
        )


REFUSED = {
    "features": (TypeError, lambda: nn.LSTMCell(features=4)),
    "no cell_size": (TypeError, lambda: nn.RNN(nn.GRUCell())),
    "base carry": (
        NotImplementedError,
        lambda: nn.RNNCellBase.initialize_carry(0, (), 1),
    ),
    "list of batch dims": (
        TypeError,
        lambda: nn.GRUCell.initialize_carry(jax.random.key(0), [2], 4),
    ),
    "lengths without carry": (
        ValueError,
        lambda: nn.RNN(nn.GRUCell(), 4).init(
            jax.random.key(0),
            np.ones((2, 3, 4), np.float32),
            seq_lengths=np.array([1, 2]),
        ),
    ),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", REFUSED)
def test_refused_as_in_flax_0_6_11(case: str) -> None:
    error, call = REFUSED[case]
    with legacy_names(), pytest.raises(error):
        call()


def test_each_name_warns_once_and_names_its_replacement(monkeypatch) -> None:
    monkeypatch.setattr(warn, "_told", set())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            deprecated.RNN(deprecated.GRUCell(), 4)
            deprecated.LSTMCell()
    told = [str(one.message) for one in caught if one.category is DeprecationWarning]
    assert len(told) == 3
    for name in ("GRUCell", "RNN", "LSTMCell"):
        assert sum(f"use rnn_runtime.{name}(" in message for message in told) == 1


def test_legacy_and_refactored_code_share_a_process_and_its_parameters() -> None:
    import rnn_runtime

    x = np.random.RandomState(0).standard_normal((2, 5, 3)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = deprecated.RNN(deprecated.LSTMCell(), 4)
    new = rnn_runtime.RNN(rnn_runtime.LSTMCell(4))
    variables = old.init(jax.random.key(0), x)
    jax.tree_util.tree_map(np.testing.assert_array_equal, variables, new.init(jax.random.key(0), x))
    np.testing.assert_allclose(
        old.apply(variables, x), new.apply(variables, x), rtol=1e-6, atol=1e-6
    )


def test_a_legacy_module_is_imported_under_the_names(tmp_path: Path) -> None:
    (tmp_path / "old_model.py").write_text(
        "from flax.linen import LSTMCell\n"
        "from flax.linen.recurrent import RNN\n"
        "import flax.linen as nn\n"
        "assert not hasattr(nn.LSTMCell(), 'num_feature_axes')\n"
        "def width():\n"
        "    import jax\n"
        "    return LSTMCell.initialize_carry(jax.random.PRNGKey(0), (2,), 7)[0].shape\n"
    )
    program = (
        "from rnn_runtime.deprecated import legacy_names\n"
        "with legacy_names():\n"
        "    import old_model\n"
        "assert old_model.width() == (2, 7)\n"
        "import flax.linen as nn\n"
        "assert old_model.nn.LSTMCell is nn.LSTMCell is not old_model.LSTMCell\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        timeout=120,
        cwd=tmp_path,
        env={
            "PYTHONPATH": f"{root}:{tmp_path}",
            "JAX_PLATFORMS": "cpu",
            "PATH": "/usr/bin:/bin",
        },
    )
