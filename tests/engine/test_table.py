"""What a row says besides its rules: formulas for the board, its image, what networks should know of it."""

import math
from contextlib import suppress

import pytest
from oracles import CASES, points

from engine import TABLE, UndefinedError, Value
from engine.instruments.neurons import neurons

every_case = pytest.mark.parametrize(("row", "oracle"), CASES, ids=[repr(row) for row, _ in CASES])


def apply(row, at):
    return row(*at) if row.arity else row(list(at))


def values_of(row):
    """The row's values at all sample points at which it has one."""
    found = []
    for at in [*points(row), *([(math.pi,), (math.pi / 2,), (-math.pi / 2,)] if row.arity == 1 else [])]:
        with suppress(UndefinedError):
            found.append(apply(row, at))
    return found


# --- what networks should know ---

@every_case
def test_the_values_fill_the_image(row, oracle):
    found = values_of(row)
    low, high = row.image
    assert low <= min(found) and max(found) <= high
    assert low == -math.inf or min(found) == pytest.approx(low, abs=1e-3)
    assert high == math.inf or max(found) == pytest.approx(high, abs=1e-3)


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.activation and row.activation.steepest], ids=str)
def test_the_steepest_slope_of_an_activation_is_its_largest_and_far_out_it_is_flat(row):
    slopes = [row.derivative(row(x), (x,), 0) for (x,) in points(row)]
    assert max(slopes) == pytest.approx(row.activation.steepest, rel=1e-15)
    assert row.derivative(row(100.0), (100.0,), 0) < 0.01 * row.activation.steepest


def test_the_rows_that_saturate():
    saturating = {name for name, row in TABLE.items() if row.activation and row.activation.steepest}
    assert saturating == {"sigmoid", "tanh", "erf", "softsign"}


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.activation], ids=str)
def test_each_activation_belongs_to_its_neuron(row):
    w, x = Value(0.3), Value(2.0)
    (neuron,) = neurons(row(w * x + 0.1))
    assert neuron.activation == row.name


def test_a_function_that_is_no_activation_belongs_to_no_neuron():
    w, x = Value(0.3), Value(2.0)
    (neuron,) = neurons((w * x + 0.1).log())
    assert neuron.activation == ""
