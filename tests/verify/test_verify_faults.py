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


FAULTS = (
    Fault(
        "parent=None dropped",
        SCANNED,
        "nn.GRUCell(features=width, parent=None)",
        "nn.GRUCell(features=width)",
        "ScannedMemory/GRUCell_0",
        "RENAMED to ScannedMemory/GRUCell_1",
    ),
    Fault(
        "a wrong width",
        "static_carry/two_cells_of_one_class",
        "features=self.upper, parent=None",
        "features=self.upper + 1, parent=None",
        "TwoLayers/LSTMCell.initialize_carry",
        "shape (3, 6) before, (3, 7) after",
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
        "another dtype",
        "instance_carry/half_precision_parameters",
        "carry_init=lambda key, shape, dtype: jnp.zeros(shape)",
        "carry_init=nn.initializers.zeros_init()",
        "Half/LSTMCell.initialize_carry",
        "dtype float32 before, float16 after",
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
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_caught_and_named(place: Workplace, fault: Fault):
    caught_and_named(place, fault)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_caught_and_named_against_real_flax_06(
    place: Workplace, legacy: tuple[str, str], fault: Fault
):
    caught_and_named(place, fault, *legacy)


def caught_and_named(place: Workplace, fault: Fault, *words: str) -> None:
    place.fixture(fault.case)
    before = (place.folder / "before" / "model.py").read_text().replace(fault.in_neither, "")
    after = (place.folder / "after" / "model.py").read_text().replace(fault.in_neither, "")
    assert fault.old in after
    place.write(before, after.replace(fault.old, fault.new))
    result = place.verify(*words, "--probe", "model.py")
    assert result.code == 1, result.out + result.err
    assert fault.accused in result.disagreeing()
    told = [
        line for line in result.out.splitlines() if line.strip().startswith(fault.accused + " ")
    ]
    assert fault.word in told[0]
