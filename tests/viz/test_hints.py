"""Guesses on a page: what counts as right, and what a wrong one is told."""

import re

import pytest
from script import run

from viz.pages.assemble import words

HINTS = words("graph")["hints"]
NAMES = {"output": "f", "to": "u", "from": "x"}
# u = x·y with x = 3, y = 4; ∂f/∂u = -0.5
VALUE = {"kind": "value", "truth": 12, "operands": [3, 4], "names": NAMES,
         "formula": "<mrow><mn>3</mn><mo>⋅</mo><mn>4</mn></mrow>"}  # fmt: skip
LOCAL = {"kind": "local", "truth": 4, "operands": [3, 4], "position": 0, "result": 12, "arriving": -0.5, "names": NAMES,
         "formula": "<mi>y</mi>"}  # fmt: skip
GRADIENT = {"kind": "gradient", "truth": -2, "arriving": -0.5, "slope": 4, "names": NAMES}
SECOND = {**GRADIENT, "before": 7, "truth": 5}  # another path has brought 7


def judge(question, *texts, tries=0):
    code = "return GIVEN[1].map(text => judge(GIVEN[0], {text, value: arithmetic(text, FUNCTIONS).value}, GIVEN[2]));"
    module = "try.js"
    both = 'import { arithmetic } from "./numbers.js";\nimport { judge } from "./hints.js";\n'
    return run(module, code, [question, texts, tries], {module: both})


def are_right(truth, *texts):
    return [answer["right"] for answer in judge({**GRADIENT, "truth": truth}, *texts)]


def test_a_guess_is_right_in_any_form():
    assert are_right(0.5, "1/2", "0.5", ".50", "5e-1", "2**-1", "sqrt(1/4)") == [True] * 6
    assert are_right(-9, "-9", "-9.0", "-3**2", "-81/9", "-3·3") == [True] * 5
    assert are_right(0, "0", "0.0", "1-1", "0.001") == [True, True, True, False]


def test_a_guess_is_right_in_the_digits_that_were_typed_if_there_are_two():
    assert are_right(1 / 3, "0.33", "0.333", "0.3333333", "0.3", "0.34", "0.32", "-0.33") == [True] * 3 + [False] * 4
    assert are_right(2 / 3, "0.67", "0.66", "0.667", "0.7", "0.68", "0.65") == [True, True, True, False, False, False]
    assert are_right(0.0123456, "0.012", "0.0123", "1.2e-2", "0.01", "0.02") == [True, True, True, False, False]
    assert are_right(-4.52, "-4.5", "-4.6", "-5", "4.5") == [True, False, False, False]
    assert are_right(4.5, "4.5", "4.4", "4.6", "5", "4") == [True, False, False, False, False]


def test_factors_that_are_read_off_the_page_are_exact_enough():
    slope, arriving = 0.196611933, 0.731058579
    assert are_right(slope * arriving, "0.196612*0.731059", "0.1966*0.73") == [True, False]


SLIPS = [
    (VALUE, "-12", "sign"), (VALUE, "7", "added"), (VALUE, "3-4", "subtracted"), (VALUE, "1", "subtracted"),
    (VALUE, "3/4", "quotient"), (VALUE, "81", "raised"), (VALUE, "3", "operandAlone"), (VALUE, "99", "insert"),
    ({**VALUE, "truth": 7}, "12", "multiplied"),
    (LOCAL, "-4", "sign"), (LOCAL, "-2", "arrivesToo"), (LOCAL, "3", "ownValue"), (LOCAL, "12", "resultValue"),
    (LOCAL, "1/4", "otherWay"), (LOCAL, "-0.5", "arrivesAlone"), (LOCAL, "99", "nudge"),
    (GRADIENT, "2", "sign"), (GRADIENT, "4", "slopeAlone"), (GRADIENT, "-0.5", "arrivingAlone"), (GRADIENT, "-1/8", "divided"),
    (GRADIENT, "-8", "divided"), (GRADIENT, "3.5", "factorsAdded"), (GRADIENT, "99", "multiply"),
    (SECOND, "-2", "pathAlone"), (SECOND, "7", "beforeAlone"), (SECOND, "9", "pathSign"), (SECOND, "-14", "pathsMultiplied"),
    (SECOND, "-5", "sign"), (SECOND, "99", "multiplyAndAdd"),
]  # fmt: skip


@pytest.mark.parametrize("question, text, name", SLIPS)
def test_a_first_wrong_guess_is_told_what_it_is(question, text, name):
    said = re.sub(r"\{(\w+)\}", lambda match: NAMES[match[1]], HINTS[name])
    assert judge(question, text) == [{"right": False, "hint": said, "hole": None}]


def test_every_hint_has_its_slip_and_blames_nobody():
    assert {name for _, _, name in SLIPS} == set(HINTS)
    assert not re.search(r"\byou\b|wrong!|\d", " ".join(HINTS.values()), re.I)


def test_a_second_wrong_guess_is_shown_the_product_with_a_hole():
    def hole(question, text):
        pieces = judge(question, text, tries=1)[0]["hole"]
        return [re.sub("<[^>]*>", " ", piece).split() for piece in pieces]

    def seen(*pieces):
        return [piece.split() for piece in pieces]

    left, product = "∂ f ∂ x", "∂ f ∂ u ⋅ ∂ u ∂ x"
    assert hole(GRADIENT, "99") == seen(left, product, "− 0.5 ⋅ ?")
    assert hole(GRADIENT, "4") == seen(left, product, "? ⋅ 4")  # the local derivative is known: the other is missing
    assert hole(SECOND, "99") == seen(left, f"7 + {product}", "7 + ( − 0.5 ) ⋅ ?")
    assert hole(VALUE, "99") == seen("u", "3 ⋅ 4", "?")
    assert hole(LOCAL, "99") == seen("∂ u ∂ x", "y", "?")
    assert judge(GRADIENT, "-2", tries=1) == [{"right": True}]
