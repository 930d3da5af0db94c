"""Every line on the board is true as it is read: the numbers as printed give the printed result."""

import math
import re
from decimal import Decimal

import pytest

from engine import TABLE, parse, steps
from engine.command.main import report
from engine.say.rounding import digits_for


def read(text):
    """What a step says, read by Python from the printed signs."""
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "**" + m[0].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")), text)
    text = re.sub(r"\|(.*)\|", r"abs(\1)", text.replace("·", "*"))
    return eval(text, {**vars(math), "abs": abs, "sign": lambda x: math.copysign(1, x)})  # our own output


@pytest.mark.parametrize(("text", "values", "numbers"), [
    ("x - y", {"x": 1, "y": 1.000001}, "1 - 1.000001"),
    ("x - y", {"x": 1.0004567, "y": 1.001}, "1.000457 - 1.001"),
    ("x - 1.0000001", {"x": 1}, "1 - 1.0000001"),  # a constant
    ("v = x + y; f = v - 0.3", {"x": 0.1, "y": 0.2}, "0.30000000000000004 - 0.3"),  # 0.3 as short as it can be
    ("sin(x)", {"x": 123456789.123}, "sin(123456789.1)"),
    ("log(x)", {"x": 1.0000000001}, "log(1.0000000001)"),
    ("x - y", {"x": 2 / 3, "y": 1 / 3}, "0.666667 - 0.333333"),  # rounding explains the last digit of 0.333333
    ("x*y", {"x": 1 / 3, "y": 3}, "0.333333·3"),
    ("x**2*y", {"x": 1.23456789, "y": 1}, "1.52416·1"),
])  # fmt: skip
def test_a_step_has_as_many_digits_as_make_it_true(text, values, numbers):
    f = parse(text, **values)
    step = [step for step in steps(f) if step.kind == "forward"][-1]
    assert step.numbers == numbers
    assert read(numbers) == pytest.approx(step.result, rel=1e-3)


BOARDS = [
    ("abs(x - y)", {"x": 1, "y": 1.000001}),
    ("(x - y)/(x + y)", {"x": 0.99999999, "y": 1}), ("x*y - x", {"x": 3, "y": 1.00000001}),
    ("exp(x) - 1 - x", {"x": 1e-4}), ("sqrt(x**2 + 1) - x", {"x": 12345.678}), ("cos(x)*sin(x)", {"x": 98765432.1}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "values"), BOARDS)
@pytest.mark.parametrize("digits", [4, 6, 9])
def test_every_step_is_true_as_it_is_printed(text, values, digits):
    """Python computes each step from its printed numbers; only a step with a remark may differ."""
    for step in steps(parse(text, **values), digits=digits):
        if not step.computed:
            assert read(step.numbers) == pytest.approx(step.result, rel=0.02 if digits == 4 else 2e-3), step


def test_the_headline_shows_the_digits_that_its_steps_need():
    assert report(["abs(x-y)", "x=1", "y=1.000001"], 80, False)[0] == "f = |x - y|   at   x = 1, y = 1.000001"
    assert report(["x - 1.0000001", "x=1"], 80, False)[0] == "f = x - 1.0000001   at   x = 1"
    assert report(["x*y", "x=1.0000001", "y=2"], 80, False)[0] == "f = x·y   at   x = 1, y = 2"


def test_a_sum_of_paths_is_true_as_it_is_printed():
    (total,) = [step for step in steps(parse("x*y - x", x=3, y=1.00000001)) if step.kind == "sum"]
    assert total.numbers == "-1 + 1.00000001"
    assert sum(map(Decimal, total.numbers.split(" + "))) == Decimal("1e-8")


def test_few_digits_that_were_asked_for_are_no_contradiction():
    shown = "\n".join(report(["x/y", "x=1.2345", "y=3.777", "--digits", "2"], 80, False))
    assert "1.2/3.8" in shown and "keeps the digits" not in shown


def test_where_the_same_formula_would_be_quoted_the_numbers_get_digits_instead():
    step = steps(parse("sin(x)", x=123456789.123))[-1]
    assert (step.numbers, step.computed) == ("1 · cos(123456789.123)", "")


def test_digits_end_with_those_of_a_float():
    assert digits_for(lambda x: x + 1, [0.1 + 0.2], 5.0, 6) == [17]  # nothing makes it true
    assert digits_for(lambda x: 1 / (x - 1), [1 + 1e-9], 1 / (1 + 1e-9 - 1), 6) == [10]  # undefined with fewer


def test_two_numbers_that_disagree_never_look_the_same(monkeypatch):
    monkeypatch.setattr(TABLE["exp"], "derivatives", (lambda r, x: 1.00001 * r,))
    row = report(["exp(x)", "x=0", "--check", "--digits", "3"], 80, False)[1].split()
    assert row == ["∂f/∂x", "1.00001", "1", "DISAGREE"]
