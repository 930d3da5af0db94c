"""What a row says besides its rules: formulas for the board, its image, what networks should know of it."""

import math
from contextlib import suppress
from itertools import product

import pytest
from mpmath import mp, mpf
from oracles import CASES, CORNERS, DIGITS, is_smooth, named, points, slope, within

from engine import TABLE, UndefinedError, Value, ops
from engine.instruments.neurons import neurons
from engine.say.notation import Term, write

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


# --- what is shown: the textbook's formulas give the textbook's numbers ---

ORDINARY = (-2.9, -1.3, -0.8, -0.4, 0.3, 0.7, 1.2, 1.9, 3.1)


def ordinary_points(row):
    """Points at which no form loses digits, so that each must be right."""
    if row.arity == 1:
        return [(x,) for x in ORDINARY]
    if row.arity == 2:
        return list(product((-1.7, -0.6, 0.9, 2.3), (-1.2, 0.4, 1.5)))
    return [(1.0, -0.7, 0.4), (0.0, 1.3, -0.2), (-2.0, 0.6, 1.1), (0.5, 2.2, 1.9)]


def shown_slopes(row, at):
    """The derivatives in the textbook's form; None for each that has no value there."""
    result, found = apply(row, at), []
    for position in range(len(at)):
        try:
            found.append(float(row.derivative(result, at, position, shown=True)))
        except ArithmeticError:
            found.append(None)
    return found


@every_case
def test_the_textbooks_derivatives_are_right(row, oracle):
    tried = [at for at in ordinary_points(row) if is_smooth(row, at)]
    assert len(tried) >= 3
    for at in tried:
        with mp.workdps(DIGITS):
            want = [float(slope(oracle, position)(*map(mpf, at))) for position in range(len(at))]
        assert shown_slopes(row, at) == pytest.approx(want, rel=1e-12, abs=1e-15), at


UNDEFINED = {"hypot", "atan2", "pow"}  # at (0, 0), and where log(x) does not exist: there the convention is the computed form's


@pytest.mark.parametrize(("name", "at", "static", "slopes"), [(n, c[0], c[1], c[3]) for n in CORNERS for c in CORNERS[n]])
def test_the_textbooks_derivatives_follow_the_conventions_at_corners_and_ties(name, at, static, slopes):
    row, _ = named(TABLE[name], static)
    for shown, want in zip(shown_slopes(row, at), slopes, strict=True):
        assert shown == want or (shown is None and name in UNDEFINED) or (want is None and name == "pow")


WITH_FORMULA = [case for case in CASES if case[0].formula]


@pytest.mark.parametrize(("row", "oracle"), WITH_FORMULA, ids=[repr(row) for row, _ in WITH_FORMULA])
def test_the_textbooks_formula_for_the_value_is_right(row, oracle):
    tried = [at for at in ordinary_points(row) if within(row.domain, at)]
    assert len(tried) >= 3
    for at in tried:
        with mp.workdps(50):
            want = float(oracle(*map(mpf, at)))
        assert row.formula(*at) == pytest.approx(want, rel=1e-12), at
    for at, static, value, _ in CORNERS.get(row.name, ()):
        if row.static == static:
            assert row.formula(*at) == pytest.approx(value, abs=1e-15)


def test_a_row_has_a_formula_unless_it_is_the_vocabulary_of_formulas():
    bare = {name for name, row in TABLE.items() if row.formula is None}
    assert bare == {
        "add", "sub", "mul", "div", "neg", "power", "pow", "sqrt", "cbrt", "exp", "exp2", "log", "sin", "cos", "erf", "abs",
        "sign", "greater", "greater_equal", "equal", "where", "maximum", "minimum", "amax", "amin", "atan2",
    }  # fmt: skip


@pytest.mark.parametrize(("y", "x", "distance"), [
    (0.0, 2.0, 2.0), (1.0, 2.0, 2.0), (3.0, 2.0, 3.0), (-3.0, 2.0, 3.0),  # right of the cut's end: the larger coordinate
    (3.0, 0.0, 3.0), (3.0, -2.0, 3.0), (-0.5, -2.0, 0.5), (0.0, -2.0, 0.0), (0.0, 0.0, 0.0),  # above, below and on the cut
])  # fmt: skip
def test_the_distance_of_a_point_from_the_cut_of_atan2(y, x, distance):
    assert ops.atan2.kink(y, x) == distance


# --- how comparisons and choices bind ---

a, b, c, x, y, z = (Term.name(name) for name in "abcxyz")
greater, greater_equal, equal, where = ops.greater, ops.greater_equal, ops.equal, ops.where


@pytest.mark.parametrize(("term", "text", "latex"), [
    (greater(x + 1.0, 2.0 * y), "x + 1 > 2y", "x + 1 > 2 y"),
    (greater(2.0 * x, y + 1.0), "2x > y + 1", "2 x > y + 1"),
    (greater(greater(x, y), z), "(x > y) > z", r"\left(x > y\right) > z"),
    (greater(x, greater(y, z)), "x > (y > z)", r"x > \left(y > z\right)"),
    (greater_equal(greater_equal(x, y), z), "(x >= y) >= z", r"\left(x \ge y\right) \ge z"),
    (greater_equal(x, greater_equal(y, z)), "x >= (y >= z)", r"x \ge \left(y \ge z\right)"),
    (greater_equal(x - y, -z), "x - y >= -z", r"x - y \ge -z"),
    (equal(equal(x, y), z), "(x == y) == z", r"\left(x = y\right) = z"),
    (equal(x, equal(y, z)), "x == (y == z)", r"x = \left(y = z\right)"),
    (equal(x + y, z - x), "x + y == z - x", "x + y = z - x"),
    (z + greater(x, y), "z + (x > y)", r"z + \left(x > y\right)"),
    (greater_equal(x, y) + z, "(x >= y) + z", r"\left(x \ge y\right) + z"),
    (-equal(x, y), "-(x == y)", r"-\left(x = y\right)"),
    (greater(x, y) ** 2, "(x > y)²", r"\left(x > y\right)^{2}"),
    (greater(where(a, x, y), z), "(x if a else y) > z", None),
    (where(greater(x, y), x, y), "x if x > y else y", r"\begin{cases}x & \text{if } x > y \\ y & \text{else}\end{cases}"),
    (where(greater_equal(x, y), equal(x, z), greater(y, z)), "x == z if x >= y else y > z", None),
    (where(equal(x, y), x, y), "x if x == y else y", None),
    (where(where(a, b, c), x, y), "x if (b if a else c) else y", None),
    (where(a, where(b, x, y), z), "(x if b else y) if a else z", None),
    (where(a, x, where(b, y, z)), "x if a else y if b else z", None),
    (z + where(a, x, y), "z + (x if a else y)", r"z + \begin{cases}x & \text{if } a \\ y & \text{else}\end{cases}"),
    (ops.exp(where(a, x, y)), "exp(x if a else y)", None),
])  # fmt: skip
def test_comparisons_and_choices_stand_in_parentheses_where_they_need_them(term, text, latex):
    assert term.text == text
    assert latex is None or term.latex == latex


@pytest.mark.parametrize(("term", "text", "latex"), [
    (ops.elu(x), "elu(x)", r"\operatorname{elu}\left(x\right)"),  # a parameter that has its default goes without saying
    (ops.elu(x, alpha=2.0), "elu(x, alpha=2)", r"\operatorname{elu}\left(x, \mathrm{alpha=2}\right)"),
    (ops.log10(x), "log10(x)", r"\log_{10}\left(x\right)"),
    (ops.log2(x), "log2(x)", r"\log_2\left(x\right)"),
    (ops.exp2(x), "exp2(x)", "2^{x}"),
    (ops.cbrt(x), "cbrt(x)", r"\sqrt[3]{x}"),
    (ops.asin(x), "asin(x)", r"\arcsin\left(x\right)"),
    (ops.asinh(x), "asinh(x)", r"\operatorname{arsinh}\left(x\right)"),
    (ops.atan2(y, x), "atan2(y, x)", r"\operatorname{atan2}\left(y, x\right)"),
])  # fmt: skip
def test_functions_are_written_as_they_are_called_and_in_latex_as_in_books(term, text, latex):
    assert term.text == text
    assert term.latex == latex


@pytest.mark.parametrize(("term", "text", "latex"), [
    (ops.TWO_OVER_ROOT_PI * x, "2/√π·x", r"\frac{2}{\sqrt{\pi}} \cdot x"),
    (x * ops.TWO_OVER_ROOT_PI, "x·(2/√π)", r"x \cdot \frac{2}{\sqrt{\pi}}"),
    (x - ops.TWO_OVER_ROOT_PI, "x - 2/√π", r"x - \frac{2}{\sqrt{\pi}}"),
    (x / ops.ROOT_TWO, "x/√2", r"\frac{x}{\sqrt{2}}"),
    (x / ops.ROOT_TWO_PI, "x/√(2π)", r"\frac{x}{\sqrt{2\pi}}"),
    (ops.LOG_2 * x, "log(2)·x", r"\log 2 \cdot x"),
    (x / ops.LOG_10, "x/log(10)", r"\frac{x}{\log 10}"),
])  # fmt: skip
def test_a_named_number_is_written_by_its_name_and_binds_as_that_does(term, text, latex):
    assert term.text == text
    assert term.latex == latex


@pytest.mark.parametrize(("row", "latex"), [(ops.amax, r"\max"), (ops.amin, r"\min")], ids=str)
def test_several_operands_of_the_largest_and_the_smallest(row, latex):
    term = write(row, [x, y, z])
    assert (term.text, term.latex) == (f"{row.name}(x, y, z)", rf"{latex}\left(x, y, z\right)")


def test_the_rows_whose_derivative_is_written_with_a_prime():
    primed = {name for name, row in TABLE.items() if row.primed}
    assert primed == {
        "sigmoid", "softplus", "relu", "leaky_relu", "elu", "gelu", "silu", "softsign", "tanh", "sech", "erf", "erfc",
    }  # fmt: skip


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
