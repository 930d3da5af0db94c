"""help(engine.gelu), and what else a row says and keeps of itself."""

import copy
import inspect
import math
import pickle
import pydoc

import pytest

import engine
from engine import TABLE
from engine.primitive import Primitive


def helped(thing):
    return pydoc.render_doc(thing, renderer=pydoc.plaintext)


@pytest.mark.parametrize("row", TABLE.values(), ids=str)
def test_help_shows_each_row_with_its_derivatives_and_its_convention(row):
    text = helped(row)
    assert "    r = " in text
    assert text.count("∂r/∂") == (row.arity or 1)
    assert (f"Convention: {row.convention}." in text) == bool(row.convention)


def test_a_row_with_a_corner_has_a_convention():
    assert {name for name, row in TABLE.items() if row.kink and not row.convention} == set()


def test_help_on_gelu():
    assert helped(engine.gelu).splitlines()[2:] == [
        "gelu",
        "    r = gelu(x) = 0.5·x·(1 + erf(x/√2))",
        "    ∂r/∂x = 0.5·(1 + erf(x/√2)) + x·exp(-x²/2)/√(2π)",
        "        computed as 0.5·erfc((-x)/√2) + x·(exp(-(x/√2 if 40 > |x/√2| else 0)·(x/√2 if 40 > |x/√2| else 0)) "
        "if 40 > |x/√2| else 0)/√(2π)",
    ]


@pytest.mark.parametrize(("name", "lines"), [
    ("relu", ["r = relu(x) = maximum(x, 0)", "∂r/∂x = 1 if x > 0 else 0", "Convention: the slope at 0, a corner, is 0."]),
    ("tanh", ["r = tanh(x) = sinh(x)/cosh(x)", "∂r/∂x = 1 - r²", "computed as sech(x)²"]),
    ("sqrt", ["r = sqrt(x)", "∂r/∂x = 1/(2r)", "Any x >= 0 works.", "For the derivative, any x > 0 works."]),
    ("atan2", ["r = atan2(y, x)", "∂r/∂y = x/(x² + y²)", "∂r/∂x = -y/(x² + y²)"]),
    ("leaky_relu", ["This is for negative_slope = 0.01, the default."]),
    ("atanh", ["Any x strictly between -1 and 1 works."]),
])  # fmt: skip
def test_help_names_formula_derivative_domain_and_corner(name, lines):
    assert set(lines) <= {line.strip() for line in helped(TABLE[name]).splitlines()}


def test_a_bound_row_and_its_docstring():
    assert inspect.getdoc(TABLE["power"].bind(3.0)).startswith("r = x³\n∂r/∂x = 3·x²")
    assert inspect.getdoc(TABLE["elu"].bind(2.0)).splitlines()[0] == "r = elu(x, alpha=2) = x if x > 0 else 2·(exp(x) - 1)"


def test_the_class_keeps_its_own_docstring():
    assert inspect.getdoc(Primitive).startswith("One row of the table")
    assert "One row of the table" in helped(Primitive)


def test_a_rule_that_only_floats_can_go_through_is_not_shown_and_says_why():
    mine = Primitive("mine", lambda v: math.exp(v), lambda r, v: math.exp(v))
    assert "Its rules cannot be shown." in helped(mine)
    assert "engine.exp(x) instead of math.exp(x)" in helped(mine)


def test_a_builtin_function_may_be_a_rule():
    mine = Primitive("mine", math.exp, lambda r, x: r, native=True)
    assert inspect.getdoc(mine).startswith("r = mine(x)\n∂r/∂x = r")


# --- copies and pickles ---

@pytest.mark.parametrize("row", TABLE.values(), ids=str)
def test_a_row_is_pickled_by_its_name(row):
    bound = row.bind(0.25) if row.parameter else row
    for again in (pickle.loads(pickle.dumps(bound)), copy.deepcopy(bound), copy.copy(bound)):
        assert again is bound
    assert pickle.loads(pickle.dumps(row)) is row


def test_what_is_no_row_of_the_table_cannot_be_pickled():
    mine = Primitive("mine", lambda x: 2.0 * x, lambda r, x: 2.0)
    for thing in (mine, Primitive("sin", lambda x: 2.0 * x, lambda r, x: 2.0)):
        with pytest.raises(TypeError, match="only rows of the table can"):
            pickle.dumps(thing)


def test_a_pickle_of_a_row_that_is_not_declared_here_says_so(monkeypatch):
    monkeypatch.setitem(TABLE, "mine", mine := Primitive("mine", lambda x: 2.0 * x, lambda r, x: 2.0))
    text = pickle.dumps(mine)
    monkeypatch.delitem(TABLE, "mine")
    with pytest.raises(LookupError, match="There is no row 'mine' in this table: declare it first"):
        pickle.loads(text)
