"""Legacy recurrent programs, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from layout import noisy
from parts import (
    cells,
    classes,
    functional,
    layers,
    names,
    nests,
    scans,
    scripts,
    setups,
    splats,
    stacks,
    steps,
    values,
)
from writer import Part, Writer

PARTS: dict[str, Part] = {
    part.__name__: part
    for part in (
        steps.step,
        steps.whole,
        setups.setup,
        setups.stack,
        setups.base_class,
        setups.zeros_of_caller,
        scans.lifted,
        scans.scanned_function,
        scans.population,
        scans.while_loop,
        layers.rnn,
        layers.script_layer,
        layers.bidirectional,
        layers.script,
        values.conditional,
        values.class_field,
        values.factory,
        values.submodule,
        values.decoys,
        values.both_apis,
        values.looked_up,
        cells.conv,
        cells.custom,
        cells.inherits,
        nests.closure,
        nests.branches,
        nests.changed,
        nests.records,
        classes.inheritance,
        classes.compact_methods,
        functional.functional,
        names.named,
        names.set_by_name,
        splats.splat,
        splats.splat_layer,
        stacks.sizes,
        stacks.layers_of_sizes,
        stacks.reshaped,
        stacks.chain,
        stacks.states,
        scripts.agent,
        scripts.command_line,
        scripts.coroutine,
        scripts.annotated,
        scripts.never_run,
        scripts.init_passed,
    )
}


@dataclass(frozen=True)
class Program:
    """A source text, and the choices that made it."""

    text: str
    tags: tuple[str, ...]


def program(random: Random) -> Program:
    """A program of one to three parts."""
    writer = Writer(random)
    for _ in range(writer.one(1, 1, 2, 3)):
        name = writer.one(*PARTS)
        writer.tag(name)
        PARTS[name](writer)
    return Program(writer.text(), tuple(writer.tags))


def numbered(number: int) -> Program:
    """Program ``number``: the same on every machine; odd numbers are in an odd layout."""
    random = Random(number)
    drawn = program(random)
    return replace(drawn, text=noisy(drawn.text, random)) if number % 2 else drawn
