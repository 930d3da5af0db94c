"""What takes part in arithmetic without being a number: formulas, counts, arrays, nodes."""

import math
import re

import numpy as np
import pytest

import engine
from engine.compiler.nodes import Builder
from engine.instruments.counting import Tally
from engine.on_arrays import Array
from engine.primitive import Primitive
from engine.say.notation import Term

x, y = Term.name("x"), Term.name("y")


@pytest.mark.parametrize(("term", "text"), [
    (x**2, "x²"),
    (x**-1.5, "x**-1.5"),
    (x**y, "x**y"),
    (2.0**x, "2**x"),
    (3 * x**2, "3·x²"),
    (x.exp(), "exp(x)"),
    (x.maximum(y), "maximum(x, y)"),
    (x.elu(alpha=2), "elu(x, alpha=2)"),
])  # fmt: skip
def test_a_rule_may_use_powers_and_the_methods_of_a_value(term, text):
    assert term.text == text


def test_an_array_has_them_too():
    at = Array(np.array([1.0, 2.0]), np)
    assert (at**2 + 2.0**at + at.exp()).value == pytest.approx([3 + math.e, 8 + math.e**2])


LOOKS = {
    "float": float, "int": int, "math.exp": math.exp, "bool": bool, "if": lambda v: 1.0 if v else 2.0, "<": lambda v: v < 1,
    ">=": lambda v: v >= v, "== 0": lambda v: v == 0, "in": lambda v: v in (0.0, 1.0), "max": lambda v: max(v, 0.0),
    "round": round, "floor": math.floor, "index": lambda v: [1, 2][v], "isfinite": math.isfinite,
}  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("one", [x, Tally([]), Array(np.ones(2), np), Builder().input(0, (2,))], ids=lambda v: type(v).__name__)
def test_a_rule_that_looks_at_a_number_is_told_what_to_write(one, look):
    with pytest.raises(TypeError, match=re.escape("it must be arithmetic and engine's functions alone, engine.exp(x) instead")):
        LOOKS[look](one)


def test_a_row_with_such_a_rule_works_on_numbers_and_is_refused_as_a_formula():
    row = Primitive("my_exp", lambda v: math.exp(v), lambda r, v: math.exp(v))
    assert row(engine.Value(0.0)).data == 1.0
    with pytest.raises(TypeError, match=r"engine\.where"):
        row.derivative(x, [x], 0)


def test_what_is_no_method_of_a_value_is_no_attribute():
    for name in ("nothing", "add", "greater", "amax", "fsum", "__array__"):
        assert not hasattr(x, name)


def test_they_are_equal_to_themselves_alone_and_may_stand_in_sets():
    assert x == x and x != y and x != "x" and len({x, y, x}) == 2
