"""Exercises: their numbers are short, their answers are right by sympy, and no slip hides at their points."""

import io
import math
import re
import subprocess
import sys
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
import sympy

from engine import Value, exercise, parse
from engine.command.drill import HELP, assistance, drill
from engine.command.main import main, report
from engine.command.terminal import UsageError
from engine.command.worked import backward, forward, statement
from engine.instruments import drill as drills
from engine.instruments.drill import LEVELS, Draw, Exercise, Form, accidents, level_called
from engine.instruments.points import Head, clean, is_short, meetings, wrong_answers
from engine.say.layout import Page

ROOT = Path(__file__).parents[2]
SEEDS = range(25)
EVERY = [pytest.param(level, seed, id=f"{level} {seed}") for level in LEVELS for seed in SEEDS]
SIGNS = {"·": "*", "²": "**2", "σ": "sigmoid", ", negative_slope=0.1": ""}


def in_python(text):
    """A printed formula as Python and sympy read it."""
    for sign, word in SIGNS.items():
        text = text.replace(sign, word)
    return re.sub(r"\b(\d+)([a-z])", r"\1*\2", text)


def by_sympy(given, name=None):
    """The output, or its derivative with respect to a name, from the printed text and nothing else."""
    functions = {
        "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)),
        "leaky_relu": lambda x: sympy.Piecewise((x, x >= 0), (x / 10, True)),
    }
    lines = [in_python(line).split(" = ") for line in given.text.split("; ")]
    point = dict(line.split(" = ") for line in given.at)
    local = {word: sympy.Symbol(word) for line in lines for word in [line[0], *re.findall(r"[A-Za-z]\w*", line[1])]}
    names = {**local, **functions}
    formulas = {left: sympy.sympify(right, locals=names) for left, right in lines}
    result = formulas[lines[-1][0]]
    for left, formula in reversed(formulas.items()):  # an inner node that is asked for is held as a variable
        if left != name:
            result = result.subs(local[left], formula)
    result = result if name is None else sympy.diff(result, local[name])
    for left, formula in reversed(formulas.items()):
        result = result.subs(local[left], formula)
    return float(result.subs({local[left]: sympy.Rational(right) for left, right in point.items()}))


@pytest.mark.parametrize("level, seed", EVERY)
def test_the_answers_are_those_of_sympy(level, seed):
    given = exercise(level, seed)
    for node in (None, *given.asked):
        right = by_sympy(given, node and given.graph.names[node])
        assert given.answer(node) == pytest.approx(right, rel=5e-3 if given.to_use else 1e-9)
        assert given.is_right(right, node)
        assert not given.is_right(1.03 * right, node)
        assert not given.is_right(-right, node)


def digits(text):
    return len(Decimal(text).normalize().as_tuple().digits)


@pytest.mark.parametrize("level, seed", EVERY)
def test_a_head_can_do_every_line_and_every_line_is_true(level, seed):
    given = exercise(level, seed)
    lines = forward(given) + [line for node in given.asked for line in backward(given, node)]
    assert len(lines) > len(given.asked)
    for line in lines:
        assert digits(line.result) <= 3
        known = {"sigmoid": lambda x: 1 / (1 + math.exp(-x)), "leaky_relu": lambda x: x if x >= 0 else 0.1 * x}
        assert float(line.result) == pytest.approx(eval(in_python(line.numbers.text), known), rel=5e-3, abs=1e-12)
    assert all(digits(text.split(" = ")[1]) <= 3 for text in given.at)


@pytest.mark.parametrize("level, seed", EVERY)
def test_no_wrong_way_leads_to_the_right_answer_or_to_that_of_another(level, seed):
    assert accidents(exercise(level, seed)) == 0


@pytest.mark.parametrize("level, seed", EVERY)
def test_what_is_printed_can_be_typed(level, seed):
    given = exercise(level, seed)
    point = {name: float(number) for name, number in (text.split(" = ") for text in given.at)}
    assert parse(given.text, **point).data == pytest.approx(given.output.data, rel=1e-12)


def apart(numbers):
    return all(abs(a - b) > 0.029 * max(abs(a), abs(b)) for a, b in combinations(numbers, 2))


def test_slips_in_a_quotient_written_by_hand_are_told_apart_from_each_other():
    """By another source than the list: the formulas of ∂/∂z and ∂/∂x for x²·y/z, with a slip in each."""
    seen = 0
    for seed in range(200):
        given = exercise("quotient", seed)
        if given.text == "f = x²·y/z":
            seen += 1
            x, y, z = (leaf.data for leaf in given.inputs)
            u = x * x * y
            assert apart([-u / z**2, u / z**2, -u / z, -1 / z**2, u / z])  # right; minus, square, numerator; the value
            assert apart([2 * x * y / z, x * y / z, 2 * y / z, y / z, 2 * x / z, x * x / z, -2 * x * y / z, 2 * x])
    assert seen > 20


def test_slips_at_a_shared_node_are_told_apart():
    """x² + x·y: both paths; one; the other; multiplied; the value."""
    seen = 0
    for seed in range(200):
        given = exercise("shared", seed)
        if given.text == "f = x² + x·y":
            seen += 1
            x, y = (leaf.data for leaf in given.inputs)
            assert apart([2 * x + y, 2 * x, y, 2 * x * y, x * x + x * y])
    assert seen > 20


def test_slips_at_a_neuron_are_told_apart():
    """(a - y)·a(1 - a); then without the slope, with a or z(1 - z) for it, without the error, y - a, and the cost itself."""
    for seed in range(60):
        given = exercise("neuron", seed)
        z, a = (given.head.number[node] for node in reversed(given.asked[:2]))
        e = a - given.inputs[-1].data
        assert apart([e * a * (1 - a), e, e * a, e * z * (1 - z), a * (1 - a), -e * a * (1 - a), e * e / 2])


def test_the_same_level_and_seed_give_the_same_exercise_in_every_process():
    code = "from engine import exercise; print([(e.text, e.at) for e in [exercise(k, 5) for k in range(1, 7)]])"
    here = str([(e.text, e.at) for e in [exercise(level, 5) for level in LEVELS]])
    for hash_seed in ("1", "77"):
        environment = {"PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=60
        )
        assert done.stdout.strip() == here


@pytest.mark.parametrize("level, text, at", [
    ("product", "f = x²·y", "x = 4, y = -3"),
    ("quotient", "f = x·y/z", "x = -6, y = 8, z = 4"),
    ("shared", "f = x·(x + y)", "x = -5, y = -4"),
    ("sigmoid", "f = y·σ(x)", "x = 1.5, y = 5"),
    ("neuron", "C = 0.5·(a - y)²", "w1 = 2, x1 = -3, w2 = 0.5, x2 = -4, b = 8.5, y = 0.422"),
    ("layers", "C = 0.5·(o - y)²", "w1 = -6, b1 = 43, w2 = -4, b2 = 35, v1 = 5, v2 = 3, x = 8, y = 3.5"),
])  # fmt: skip
def test_an_exercise_stays_what_it_was(level, text, at):
    """A seed that somebody wrote down years ago, on another machine."""
    given = exercise(level, 7)
    assert given.text.endswith(text)
    assert ", ".join(given.at) == at


def test_many_seeds_give_many_exercises():
    for level in LEVELS:
        assert len({(e.text, *e.at) for e in (exercise(level, seed) for seed in range(60))}) > 35


def test_draws_are_spread_over_the_numbers():
    draw = Draw("anything")
    drawn = [draw.one_of(1, 2, 3, 4) for _ in range(4000)]
    assert all(900 < drawn.count(number) < 1100 for number in (1, 2, 3, 4))


@pytest.mark.parametrize("level, seed, sentence", [
    ("cubes", 1, "There is no level 'cubes'; there are product, quotient,"), (7, 1, "There is no level '7'"),
    ("product", -1, "A seed is a whole number from 0 on, not -1."), ("product", 1.5, "not 1.5"), ("0", 1, "no level"),
])  # fmt: skip
def test_a_level_or_seed_that_is_none_is_said(level, seed, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        exercise(level, seed)


def test_levels_have_names_and_numbers():
    assert [level_called(i) for i in range(1, 7)] == list(LEVELS) == [level_called(name) for name in LEVELS]
    assert level_called("2") == "quotient"


def test_where_no_point_is_good_the_best_has_to_do(monkeypatch):
    monkeypatch.setattr(drills, "TRIES", 20)
    scores = iter([5, 2, 9, *[4] * 50])
    tried = []
    monkeypatch.setattr(drills, "accidents", lambda given, enough: tried.append(given) or next(scores))
    assert exercise("product", 3) is tried[1]


# --- what makes a point good ---


def test_numbers_for_a_head():
    assert all(map(is_short, [0, 7, -0.25, 123, 0.00125, 0.1 * 3, 1000]))
    assert not any(map(is_short, [1.234, 1 / 3, 1010.5, 2000, 0.0001]))
    assert clean(0.1 * 3) == 0.3


def test_a_head_looks_up_what_is_not_arithmetic():
    x, y = Value(1.0, "x"), Value(10.0, "y")
    head = Head(y * x.sigmoid())
    assert (head.number[head.graph.output], head.gradient[x], head.gradient[y]) == (7.31, 1.97, 0.731)
    assert head.is_short() and len(head.looked_up) == 1
    assert not Head(x / Value(3.0)).is_short()


def test_at_a_bad_point_accidents_are_found():
    form = Form(lambda x, y: x * y, "x y", lambda draw: [2, 2], "x y")
    assert accidents(Exercise("product", 0, form, [3, 4])) == 0
    assert accidents(Exercise("product", 0, form, [2, 2])) > 0  # own factor: right
    assert accidents(Exercise("product", 0, form, [1, 5])) > 0  # a factor left out: right


def test_ways_of_ones_own_can_be_given():
    given = exercise("product", 1)
    assert accidents(given, lambda output, node: {"half": [0.5], "the same half": [0.5]}) == 0  # they meet everywhere
    right = [given.answer(node) for node in given.asked]
    assert accidents(given, lambda output, node: {"always this": [right[0]]}) == 1


def test_wrong_ways_are_wrong_in_the_ways_that_their_names_say():
    x, y, z = Value(3.0, "x"), Value(4.0, "y"), Value(2.0, "z")
    f = x**2 * y / z
    at_z = wrong_answers(f, z)
    assert at_z["the quotient's minus is dropped"] == [9.0]
    assert at_z["the denominator is not squared"] == [-18.0]
    at_x = wrong_answers(f, x)
    assert at_x["the exponent is not brought down"] == [6.0]
    assert at_x["the base is lost"] == [4.0]
    twice = wrong_answers(x * x + y, x)
    assert twice["a path is missing"] == [3.0, 3.0] and twice["the paths are multiplied"] == [9.0]
    assert ("a path is missing", 0) in {way for pair in meetings(x * x + y, x) for way in pair}


# --- the dialogue ---


@pytest.fixture
def talk(monkeypatch, capsys):
    """A drill with these lines typed; what it printed, and its farewell."""

    def call(*lines, seed=7, level="product", page=None):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        farewell = drill(seed, level, page or Page())
        return capsys.readouterr().out, " ".join(farewell).strip()

    return call


def right_ones(level, seed):
    given = exercise(level, seed)
    return [f"{given.answer(node):.6g}" for node in (None, *given.asked)]


@pytest.mark.parametrize("level", LEVELS)
def test_right_answers_are_right(talk, level):
    answers = right_ones(level, 7)
    out, farewell = talk(*answers, "q", level=level)
    assert out.count("Right.") == len(answers) and "Not yet" not in out
    assert farewell == f"{len(answers)} of {len(answers)} right at once."
    assert f"Again: python -m engine --drill 8 --level {level}" in out
    assert all(line in out for line in statement(exercise(level, 7)))


def test_a_fraction_is_as_good_as_a_decimal(talk):
    given = exercise("quotient", 7)
    forms = [f"{given.answer(node)}*6/6" for node in (None, *given.asked)]
    assert talk(*forms, level="quotient")[0].count("Right.") == len(forms)


def test_help_grows_from_a_hint_to_the_step(talk):
    value, at_x, *_ = right_ones("product", 7)
    hint, hole, step = (talk(value, *["999"] * times, "q")[0] for times in (1, 2, 3))
    assert "What arrives there" in hint and "?\n" in hint
    assert hole.startswith(hint[: hint.rindex("∂")]) and re.search(r"∂f/∂x = .* · \?\n", hole)
    assert re.search(rf"∂f/∂x = .* = {re.escape(at_x)}\n", step) and not re.search(rf"∂f/∂x = .* = {re.escape(at_x)}\n", hole)
    assert step.count("∂f/∂y = ") == 1  # the next question


def test_a_wrong_answer_that_a_slip_explains_is_told_what_it_is():
    given = exercise("quotient", 7)
    for node in given.asked:
        assert assistance(given, node, -given.answer(node), 1) == ["Everything but the sign is right."]


def test_a_hint_can_be_asked_for_and_costs_the_at_once(talk):
    answers = right_ones("product", 7)
    out, farewell = talk("hint", *answers)
    assert "One operation after the other" in out
    assert farewell == f"{len(answers) - 1} of {len(answers)} right at once, 1 more after a second look."


def test_show_and_skip_always_work(talk):
    out, farewell = talk("show", "skip", "s", "SKIP", "Q")
    assert out.count("Again:") == 3 and farewell == "0 of 2 right at once."


@pytest.mark.parametrize("typed, sentence", [
    ("4,5", "write 4.5, with a point"), ("four", "a number is such as -9, 9/2 or 4.5"), ("1/0", "a number is such as"),
    ("", HELP), ("nan", "a number is such as"), ("x = 3", "a number is such as"), ("\x1b[A", "a number is such as"),
])  # fmt: skip
def test_what_is_no_number_is_said_and_costs_nothing(talk, typed, sentence):
    answers = right_ones("product", 7)
    out, farewell = talk(typed, *answers)
    assert sentence in out and farewell == f"{len(answers)} of {len(answers)} right at once."


def test_two_in_a_row_without_a_mistake_lead_to_the_next_level(talk):
    answers = right_ones("product", 7) + right_ones("product", 8)
    out, _ = talk(*answers, level=None)
    assert "on to the level quotient" in out and "Again: python -m engine --drill 9 --level quotient" in out
    assert "on to the level" not in talk("show", *answers[1:], level=None)[0]
    assert "on to the level" not in talk(*answers, level="product")[0]


def test_the_end_of_the_input_is_a_polite_end(talk, monkeypatch, capsys):
    assert talk()[1] == "Come back any time."
    monkeypatch.setattr(sys, "stdin", None)
    assert drill(7, "1", Page())[-1] == "Come back any time."
    capsys.readouterr()


def test_without_a_seed_one_is_drawn_and_printed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("q\n"))
    assert main(["--drill"]) == 0
    assert re.search(r"Again: python -m engine --drill \d+ --level product", capsys.readouterr().out)


@pytest.mark.parametrize("level", LEVELS)
def test_a_narrow_page_in_ascii(talk, level):
    out, _ = talk(*["show"] * 8, level=level, page=Page(40, ascii=True))
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 44  # a word that is longer has a line to itself


def test_a_pipe_works_line_by_line():
    environment = {"PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", "engine", "--drill", "7", "--level", "product"], input="\n".join(right_ones("product", 7)),
        cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr, done.stdout.count("Right.")) == (0, "", 3)


@pytest.mark.parametrize("words, sentence", [
    (["--drill", "x*y"], "invalid int value: 'x*y'"), (["--drill", "3", "--level", "cubes"], "There is no level 'cubes'"),
    (["--drill", "-3"], "A seed is a whole number from 0 on, not -3."), (["--level", "2"], "--level goes with a worksheet"),
    (["--drill", "3", "x*y", "x=2"], "leave x*y out"), (["--drill", "3", "--check"], "leave --check out"),
    (["--drill", "3", "--seed", "4"], "leave --seed out"), (["--drill", "3", "--sheet", "4"], "leave --sheet out"),
])  # fmt: skip
def test_what_does_not_go_with_a_drill_is_said(words, sentence):
    with pytest.raises((UsageError, ValueError), match=re.escape(sentence)):
        report(words, 80, ascii=False)
