"""Each trap, planted in a migrated fixture, is caught, and its module named."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from workplace import Workplace

SCANNED = "static_carry/scanned_gru"


@dataclass(frozen=True)
class Fault:
    """In the fixture ``case``, ``old`` is replaced; ``accused`` is what has to be named."""

    name: str
    case: str
    old: str
    new: str
    accused: str
    word: str
    in_neither: str = ""


TOGETHER = (
    (
        Fault(
            "the initializer of the carry lost",
            "init_fn/of_the_user",
            "features=hidden, carry_init=lambda k, s, dtype: jnp.full(s, 0.5), parent=None",
            "features=hidden, parent=None",
            "GRUCell.initialize_carry",
            "call 0, carry: by up to 0.5",
        ),
        Fault(
            "another spatial size",
            "conv_lstm/one_cell",
            "(clip.shape[0], *grid, self.filters)",
            "(clip.shape[0], 1, 1, self.filters)",
            "ManyFrames/ConvLSTMCell.initialize_carry",
            "shape (2, 6, 5, 2) before, (2, 1, 1, 2) after",
        ),
        Fault(
            "a lifted cell built for its carry alone",
            "lifted_class/static_carry_on_the_lifted_class",
            "cell = LSTM(features=self.width)\n"
            "        carry = cell.initialize_carry(jax.random.PRNGKey(0), xs[:, 0].shape)\n"
            "        return cell(",
            "carry = LSTM(features=self.width).initialize_carry(\n"
            "            jax.random.PRNGKey(0), xs[:, 0].shape\n"
            "        )\n"
            "        return LSTM(features=self.width)(",
            "Lifted/ScanOptimizedLSTMCell_0",
            "RENAMED to Lifted/ScanOptimizedLSTMCell_1",
        ),
        Fault(
            "another width than the cell's",
            "custom_cell/own_static_carry",
            "batch_dims, size = input_shape[:-1], self.features",
            "batch_dims, size = input_shape[:-1], input_shape[-1] - 2",
            "Model/LeakyCell.initialize_carry",
            "shape (3, 7) before, (3, 5) after",
        ),
        Fault(
            "a field lost",
            "positional_arguments/inside_rnn",
            "gate_fn=nn.hard_sigmoid, ",
            "",
            "RNN/cell",
            "__call__ (init), call 0",
        ),
        Fault(
            "cells reordered",
            "static_carry/two_cells_of_one_class",
            "low, y = nn.LSTMCell(features=self.lower)(low, x)\n"
            "        high, y = nn.LSTMCell(features=self.upper)(high, y)",
            "upper = nn.LSTMCell(features=self.upper)\n"
            "        low, y = nn.LSTMCell(features=self.lower)(low, x)\n"
            "        high, y = upper(high, y)",
            "TwoLayers/LSTMCell_0",
            "shape",
        ),
        Fault(
            "parent=None dropped",
            SCANNED,
            "nn.GRUCell(features=width, parent=None)",
            "nn.GRUCell(features=width)",
            "ScannedMemory/GRUCell_0",
            "RENAMED to ScannedMemory/GRUCell_1",
        ),
        Fault(
            "another dtype",
            "instance_carry/half_precision_parameters",
            "carry_init=lambda key, shape, dtype: jnp.zeros(shape)",
            "carry_init=nn.initializers.zeros_init()",
            "Half/LSTMCell.initialize_carry",
            "dtype float32 before, float16 after",
        ),
    ),
    (
        Fault(
            "a batch axis lost",
            "static_carry/several_batch_axes",
            "initialize_carry(key, (*batch_size, hidden))",
            "initialize_carry(key, (batch_size[0], hidden))",
            "GRUCell.initialize_carry",
            "shape (2, 3, 9) before, (2, 9) after",
        ),
        Fault(
            "another key",
            "init_fn/of_the_user",
            ").initialize_carry(key, (batch, hidden))",
            ").initialize_carry(jax.random.split(key)[0], (batch, hidden))",
            "LSTMCell.initialize_carry",
            "call 1, carry",
        ),
        Fault(
            "batch and width swapped",
            "custom_cell/own_static_carry",
            "(batch, hidden)\n",
            "(hidden, batch)\n",
            "LeakyCell.initialize_carry",
            "shape (2, 4) before, (4, 4) after",
        ),
        Fault(
            "a wrong width",
            "static_carry/two_cells_of_one_class",
            "features=self.upper, parent=None",
            "features=self.upper + 1, parent=None",
            "TwoLayers/LSTMCell.initialize_carry",
            "shape (3, 6) before, (3, 7) after",
        ),
    ),
    (
        Fault(
            "the one part of a pair taken for the other",
            "carry_form/width_of_a_pair",
            "(jax.random.PRNGKey(1), (c, h), x)",
            "(jax.random.PRNGKey(1), (h, c), x)",
            "Step/memory_0",
            "__call__ (init), call 0, carry/0: by up to",
        ),
        Fault(
            "a swapped argument",
            "static_carry/two_cells_of_one_class",
            "[low[1], y]",
            "[y, low[1]]",
            "TwoLayers",
            "__call__ (init), call 0, output",
        ),
        Fault(
            "an argument evaluated twice",
            "static_carry/size_from_a_call",
            'nn.GRUCell(features=width("first"), parent=None)',
            'nn.GRUCell(features=(width("first"), width("first"))[0], parent=None)',
            "LSTMCell.initialize_carry",
            "shape (3, 2, 6) before, (3, 2, 7) after",
            in_neither='    assert CALLS == ["first", "second"]\n',
        ),
    ),
)
"""Faults whose modules have different paths, and are run by one command."""

DRIVER = "from importlib import import_module\nfor name in {}:\n    import_module(name).probe()\n"


def named(faults: tuple[Fault, ...]) -> str:
    return ", ".join(fault.name for fault in faults)


@pytest.mark.parametrize("faults", TOGETHER, ids=named)
def test_caught_and_named(place: Workplace, faults: tuple[Fault, ...]):
    caught_and_named(place, faults)


@pytest.mark.slow
@pytest.mark.parametrize("faults", TOGETHER, ids=named)
def test_caught_and_named_against_real_flax_06(
    place: Workplace, legacy: tuple[str, str], faults: tuple[Fault, ...]
):
    caught_and_named(place, faults, *legacy)


def caught_and_named(place: Workplace, faults: tuple[Fault, ...], *words: str) -> None:
    names = [fault.case.replace("/", "__") for fault in faults]
    for fault, name in zip(faults, names, strict=True):
        place.fixture(fault.case, f"{name}.py")
        before = (place.folder / "before" / f"{name}.py").read_text()
        after = (place.folder / "after" / f"{name}.py").read_text()
        before, after = (text.replace(fault.in_neither, "") for text in (before, after))
        assert fault.old in after
        place.write(before, after.replace(fault.old, fault.new), f"{name}.py")
    driver = DRIVER.format(names)
    place.write(driver, driver, "driver.py")
    result = place.verify(*words, "--", "driver.py")
    assert result.code == 1, result.out + result.err
    for fault in faults:
        assert fault.accused in result.disagreeing(), fault.name
        told = [
            line for line in result.out.splitlines() if line.strip().startswith(fault.accused + " ")
        ]
        assert fault.word in told[0], fault.name
