"""The cells against current flax.linen: fields, parameters, one step, and errors."""

from __future__ import annotations

import dataclasses

import flax.linen as nn
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp
from support import (
    CELLS,
    arguments,
    array,
    assert_same,
    feature_shape,
    pair,
    random_like,
)

import rnn_runtime as rr

KEY = jax.random.key(3)

VARIANTS = {
    **{name: (name, {}) for name in CELLS},
    "no reset gate": ("MGUCell", {"reset_gate": False}),
    "residual": ("SimpleCell", {"residual": True}),
    "no bias": ("ConvLSTMCell", {"use_bias": False}),
    "bfloat16": ("LSTMCell", {"dtype": jnp.bfloat16}),
    "bfloat16 parameters": (
        "GRUCell",
        {
            "param_dtype": jnp.bfloat16,
            "recurrent_kernel_init": nn.initializers.normal(1.0),
        },
    ),
    "other activations": (
        "OptimizedLSTMCell",
        {"gate_fn": nn.hard_sigmoid, "activation_fn": nn.relu},
    ),
    "initializers": ("GRUCell", {"bias_init": nn.initializers.normal(1.0)}),
    "carry_init": ("LSTMCell", {"carry_init": nn.initializers.normal(1.0)}),
}


@pytest.mark.parametrize("name", CELLS)
def test_fields_are_those_of_flax(name: str) -> None:
    def fields(cls: type) -> list[str]:
        return [field.name for field in dataclasses.fields(cls)]

    assert fields(getattr(rr, name)) == fields(getattr(nn, name))
    assert issubclass(getattr(rr, name), nn.RNNCellBase)


@pytest.mark.parametrize("variant", VARIANTS)
def test_parameters_carry_and_step_are_bit_identical(variant: str) -> None:
    name, options = VARIANTS[variant]
    theirs, ours = pair(name, **options)
    x = array(2, *feature_shape(name))
    carry = theirs.initialize_carry(KEY, x.shape)
    assert_same(ours.initialize_carry(KEY, x), carry)
    drawn = theirs.init(KEY, carry, x)
    assert_same(ours.init(KEY, carry, x), drawn)
    variables, carry = random_like(drawn), random_like(carry, seed=5)
    assert_same(ours.apply(variables, carry, x), theirs.apply(variables, carry, x))


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(CELLS),
    batch=st.lists(st.integers(1, 3), max_size=3).map(tuple),
    width=st.integers(1, 4),
)
def test_carry_of_any_batch_axes(name: str, batch: tuple[int, ...], width: int) -> None:
    theirs, ours = pair(name, features=width)
    shape = (*batch, *feature_shape(name))
    expected = theirs.initialize_carry(KEY, shape)
    for sample in (shape, jax.ShapeDtypeStruct(shape, np.float32), np.zeros(shape)):
        assert_same(ours.initialize_carry(KEY, sample), expected)
        assert_same(ours.initialize_carry(KEY, sample_input=sample), expected)
    assert_same(ours.initialize_carry(KEY, input_shape=shape), expected)
    assert ours.num_feature_dims == ours.num_feature_axes == theirs.num_feature_axes


def apply_with_carry(name: str, carry: object) -> None:
    cell = getattr(rr, name)(**arguments(name))
    cell.init(KEY, carry, array(2, *feature_shape(name)))


ERRORS = {
    "features a function": (
        TypeError,
        "integer.*sigmoid",
        lambda: rr.LSTMCell(nn.sigmoid),
    ),
    "features a float": (TypeError, "4.0 \\(float\\)", lambda: rr.GRUCell(4.0)),
    "features zero": (ValueError, "at least 1; 0 came", lambda: rr.MGUCell(0)),
    "rank": (
        ValueError,
        "at least 3 axes.*\\(4, 3\\) came",
        lambda: rr.ConvLSTMCell(4, (3, 3)).initialize_carry(KEY, (4, 3)),
    ),
    "no axis": (
        ValueError,
        "at least 1 axes.*\\(\\) came",
        lambda: rr.GRUCell(4).initialize_carry(KEY, ()),
    ),
    "legacy call": (
        TypeError,
        "positional",
        lambda: rr.LSTMCell(4).initialize_carry(KEY, (2,), 4),
    ),
    "a number": (
        TypeError,
        "ShapeDtypeStruct.*; 4 came",
        lambda: rr.LSTMCell(4).initialize_carry(KEY, 4),
    ),
    "neither": (
        TypeError,
        "neither came",
        lambda: rr.LSTMCell(4).initialize_carry(KEY),
    ),
    "both": (
        TypeError,
        "both came",
        lambda: rr.LSTMCell(4).initialize_carry(KEY, (2, 3), input_shape=(2, 3)),
    ),
    "wide carry": (
        ValueError,
        "\\(\\*batch, 4\\); .*\\(2, 5\\)",
        lambda: apply_with_carry("GRUCell", np.zeros((2, 5))),
    ),
    "no pair": (
        ValueError,
        "pair \\(c, h\\).*\\(2, 4\\)",
        lambda: apply_with_carry("LSTMCell", np.zeros((2, 4))),
    ),
    "a pair": (
        ValueError,
        "one array.*tuple",
        lambda: apply_with_carry("SimpleCell", (np.zeros((2, 4)),) * 2),
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_say_what_was_expected_and_what_came(case: str) -> None:
    error, message, call = ERRORS[case]
    with pytest.raises(error, match=f"(?s).*{message}"):
        call()


@pytest.mark.parametrize("name", ["LSTMCell", "OptimizedLSTMCell"])
def test_the_rows_of_one_array_are_a_pair_as_for_flax(name: str) -> None:
    carry, x = array(2, 5, 4), array(5, 3)
    ours, theirs = getattr(rr, name)(4), getattr(nn, name)(4)
    variables = theirs.init(KEY, carry, x)
    assert_same(ours.apply(variables, carry, x), theirs.apply(variables, carry, x))
    with pytest.raises(ValueError, match=r"pair \(c, h\)"):
        ours.apply(variables, carry[:1], x)
