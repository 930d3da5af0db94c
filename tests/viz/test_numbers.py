"""Numbers on a page: shown as Python shows them, and read in the browser as the command reads them."""

import math
import random
import re

import pytest
from script import run

from engine import TABLE, UndefinedError
from engine.command.tables import number_from
from engine.command.tokens import ParseError

READ = "return GIVEN.map(text => arithmetic(text, FUNCTIONS));"


def read(texts):
    return run("numbers.js", READ, texts)


def by_python(text):
    try:
        return {"value": number_from(text)}
    except (ParseError, UndefinedError) as error:
        return {"error": str(error).removeprefix("f = ")}  # on the page the field says what it is


def ulps(a, b):
    return 0 if a == b else abs(a - b) / math.ulp(max(abs(a), abs(b)))


# --- how numbers are shown ---


def test_numbers_are_shown_to_six_digits_as_python_shows_them():
    draw = random.Random(1)
    numbers = [draw.uniform(-1, 1) * 10.0 ** draw.randint(-12, 12) for _ in range(2000)]
    numbers += [draw.randint(-(10**8), 10**8) / 2 ** draw.randint(0, 20) for _ in range(2000)]  # many lie exactly between two
    numbers += [0.0, -0.0, 1.0, -9.0, 0.0001, 0.00009999999, 999999.5, 999999.4, 100000.5, 100001.5, 1e21, 5e-324, 1.7e308]
    shown = run("numbers.js", "return GIVEN.map(x => [show(x), show(x, 3), show(x, 2)]);", numbers)
    assert shown == [[f"{x + 0.0:.{digits}g}" for digits in (6, 3, 2)] for x in numbers]


def test_a_signed_number_has_its_plus_too():
    assert run("numbers.js", "return [3, -3, 0].map(x => signed(x));") == ["+3", "-3", "0"]


# --- numbers that are typed ---

TYPED = {
    "1/3": 1 / 3, "pi/2": math.pi / 2, "π": math.pi, "2e-3": 0.002, "-9": -9.0, "3**2": 9.0, "3²": 9.0, "2⁻¹": 0.5, "4·0.5": 2.0,
    "sqrt(2)": 2**0.5, "√2": 2**0.5, "exp(1)": math.e, "e": math.e, "2pi": 2 * math.pi, "-2**2": -4.0, "2**3**2": 512.0,
    "2**-1": 0.5, "|-3|": 3.0, ".5": 0.5, "3.": 3.0, "1e3": 1000.0, "2e": 2 * math.e, " 7 ": 7.0, "max(1, 2, 3)": 3.0,
    "1 if 2 > 1 else 0": 1.0, "ln(1)": 0.0, "σ(0)": 0.5, "elu(-1, 2)": 2 * math.expm1(-1), "2 ≥ 2": 1.0,
}  # fmt: skip


def test_a_number_in_any_form_of_the_command():
    values = [answer.get("value") for answer in read(list(TYPED))]
    for text, ours, right in zip(TYPED, values, TYPED.values()):
        assert ours is not None, text
        assert ulps(ours, right) <= 1, text


REFUSED = {
    "2,5": "Write 2.5, with a point.",
    "-0,25": "Write -0.25, with a point.",
    "1,000": "Write 1.000, with a point, or 1000, without a comma.",
    "": "Write a number such as 3, 1/3 or pi/2.",
    "   ": "Write a number such as 3, 1/3 or pi/2.",
    "abc": 'Cannot read "abc" at column 1: there is no number called abc; write one such as 3, 1/3 or pi/2.',
    "1/0": "1/0 divides by zero. Any other number works in place of 0.",
    "log(-2)": "log(-2) is undefined. Any number > 0 works in place of -2.",
    "1e400": 'Cannot read "1e400" at column 1: this number is larger than any float; 1.8e308 is the largest.',
    "10**400": "10⁴⁰⁰ overflows: the result is larger than 1.8e+308, the largest float.",
}  # fmt: skip
REFUSED |= {
    f"{name}(1)": f'Cannot read "{name}(1)" at column 1: there is no function {name}; '
    "there are, for example, sqrt(2), exp(1) and sin(pi/2)." for name in ("foo", "alert", "constructor")
}  # fmt: skip


def test_what_is_no_number_is_refused_with_one_sentence():
    assert read(list(REFUSED)) == [{"error": sentence} for sentence in REFUSED.values()]


SAME_WORDS = [
    "3^2", "3−2", "3×2", "2(3)", "2 3", "2pi pi", "2sin(1)", "1/2pi", "2**2pi", "√2²", "2²²³⁻", "(2", "2)", "|2", "2|",
    "3 > 2 > 1",
    "1 if 2", "1 else 2", "sin", "sin 2", "exp(1,2)", "exp()", "fsum()", "elu(1,2,3)", "elu(1,alpha=2)", "3;2", "3=2", "3\n4",
    "nan",
    "-inf", "½", "2 % 3", "1:2", "*2", "2*", "-", "0**-1", "(-8)**(1/3)", "0**-0.5", "acos(2)", "atanh(1)", "sqrt(-1)", "√(0-1)",
    "div(3, 0)", "1e308*10", "exp(1000)", "(0-3)*1e308*1e10", "1/1e-320", "2⁰¹²³⁴⁵",
    "2**1234567", "0.5**-1e300", "(0-1)**0.5", "x2²2", "((" * 40 + "1", "1" + "+1" * 5001,
    "(1)(2)",
    "1_000", "0x10", "'3'", "2 if log(0) else 1", "hypot(3)", "2**", "--", "1 if 2 > 1 else", "|2|3|", "2 = = 3", "𝟛",
]  # fmt: skip
OWN_WORDS = ("has no value", "there is no function", "there is no expression", "write numbers with a point", "assign a part")


def test_every_other_refusal_is_in_the_words_of_the_command():
    theirs = [by_python(text) for text in SAME_WORDS]
    assert all("error" in answer for answer in theirs)
    for text, ours, right in zip(SAME_WORDS, read(SAME_WORDS), theirs):
        if any(words in right.get("error", "") for words in OWN_WORDS):
            assert "error" in ours, text
        else:
            assert ours == right, text


# --- a few thousand texts, right and wrong ---

FUNCTIONS = [row.name for row in TABLE.values() if row.arity == 1 and row.is_function and not row.parameter]


def number(draw):
    return draw.choice([
        str(draw.randint(0, 20)), f"{draw.uniform(0, 10):.3f}", f"{draw.randint(1, 9)}e{draw.randint(-4, 4)}", "pi", "e", "π",
        f".{draw.randint(0, 99)}", f"{draw.randint(1, 9)}pi", f"{draw.randint(0, 3)}{draw.choice('⁰¹²³')}",
    ])  # fmt: skip


def expression(draw, depth):
    """A random text of the grammar."""
    if depth == 0:
        return number(draw)
    part = lambda: expression(draw, depth - 1)
    space = draw.choice(["", "", " "])
    return draw.choice([
        lambda: f"{part()}{space}{draw.choice('+-*/·')}{space}{part()}", lambda: f"({part()})", lambda: f"-{part()}",
        lambda: f"({part()})**{draw.choice(['2', '-1', '0.5', '(1/3)'])}", lambda: f"|{part()}|", lambda: f"√({part()})",
        lambda: f"{draw.choice(FUNCTIONS)}({part()})", lambda: f"max({part()}, {part()})",
        lambda: f"({part()}){draw.choice('²³')}",
        lambda: f"({part()} if {part()} > {part()} else {part()})", lambda: f"fsum({part()},{part()},{part()})", part,
    ])()  # fmt: skip


def spoilt(draw, text):
    """The text with one sign put in, taken out or exchanged."""
    place = draw.randrange(len(text) + 1)
    return text[:place] + draw.choice([*"()|,^*+-.;=<>e²√ x\t", "", "sin", "if"]) + text[place + draw.randint(0, 1) :]


@pytest.mark.parametrize("seed", range(3))
def test_random_texts_are_read_as_python_reads_them(seed):
    draw = random.Random(seed)
    texts = [expression(draw, draw.randint(0, 3)) for _ in range(1000)]
    texts += [spoilt(draw, draw.choice(texts)) for _ in range(1000)]
    kinds = {"value": 0, "error": 0}
    for text, ours in zip(texts, read(texts)):
        right = by_python(text)
        assert ours.keys() == right.keys(), (text, ours, right)
        kinds[next(iter(right))] += 1
        if "value" in right:
            last_places = 1e-12 if re.search(r"\w\(|√|\*\*|[⁰¹²³]", text) else 0.0  # of functions; arithmetic is exact
            assert math.isclose(ours["value"], right["value"], rel_tol=last_places), text
        elif not any(words in right["error"] for words in OWN_WORDS):
            assert ours["error"] == re.sub(r" -0\.$", " 0.", right["error"]), text
    assert min(kinds.values()) > 300


BY_SERIES = ("erf", "erfc", "gelu")  # JavaScript has no error function: javascript.LIBRARY sums it up


def test_each_function_alone_agrees_to_the_last_place():
    draw = random.Random(5)
    texts = [f"{name}({draw.uniform(-1, 3):.4f})" for name in FUNCTIONS for _ in range(100)]
    for text, ours in zip(texts, read(texts)):
        right = by_python(text)
        assert ours.keys() == right.keys(), text
        if "value" in right and text.startswith(BY_SERIES):
            assert math.isclose(ours["value"], right["value"], rel_tol=1e-12), text
        elif "value" in right:
            assert ulps(ours["value"], right["value"]) <= 2, text  # each side may be one off
