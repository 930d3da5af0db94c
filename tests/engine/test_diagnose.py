"""From a wrong answer to its cause: what is called right, what follows, what is named, and where nothing is said."""

import math
import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import AnswerError, diagnose, parse
from engine.graph import Graph
from engine.instruments.answers import read_answer
from engine.instruments.verdict import Diagnosis

ROOT = Path(__file__).parents[2]


def worked():
    """f = 18; ∂f/∂u = 0.5, ∂f/∂z = -9, ∂f/∂v = 2, ∂f/∂y = 4.5, ∂f/∂x = 12."""
    return parse("v = x**2; u = v*y; u/z", x=3, y=4, z=2)


# Numbers at which slips do not meet by accident, as they do at 3, 4, 2
GENERIC = {"x": 1.73, "y": 2.39, "z": 0.94}


def generic():
    return parse("v = x**2; u = v*y; u/z", **GENERIC)


# --- right ---

@pytest.mark.parametrize("form", [
    "-9", "-9.0", "-36/4", "-36/2**2", "-36/2²", " -9 ", "−9", "z = -9", "∂f/∂z = -9", "-9e0", "-90e-1", "-(18/2)", "-4.5·2",
    "-√81", "≈ -9", -9, -9.0, Fraction(-36, 4), Decimal(-9), engine.Value(-9.0),
])  # fmt: skip
def test_a_right_answer_is_right_in_any_form(form):
    if isinstance(form, Decimal):
        form = float(form)
    found = diagnose(worked(), "z", form)
    assert (found.kind, found.right, found.points, found.slip, found.hint) == ("right", True, 1.0, None, "")
    assert str(found) == "Right: ∂f/∂z = -9."


@pytest.mark.parametrize(("typed", "is_right"), [
    ("8.8", True), ("8.80", True), ("8.797", True), ("8.79723", True), ("8.4", False), ("8.82", False), ("8.798", False),
])  # fmt: skip
def test_an_answer_is_right_if_the_number_rounds_to_it(typed, is_right):
    """The derivative is 2·1.73·2.39/0.94 = 8.797234..."""
    assert diagnose(generic(), "x", typed).right == is_right


def test_digits_that_were_cut_off_are_no_mistake():
    f = parse("x/y", x=2, y=3)
    assert diagnose(f, None, "0.66").right
    assert diagnose(f, None, "0.67").right
    assert not diagnose(f, None, "0.65").right
    assert not diagnose(parse("x*y", x=1, y=12), "x", "11").right


def test_one_digit_is_asked_to_be_more():
    f = parse("x*y", x=1, y=0.734)
    found = diagnose(f, "x", "0.7")
    assert (found.kind, found.right, found.points) == ("digits", False, 0.0)
    assert "two or more" in found.why
    assert diagnose(f, "x", "0.73").right
    assert diagnose(parse("x*y", x=1, y=0.7), "x", "0.7").right


@pytest.mark.parametrize(("right", "typed"), [(0.3, "0"), (0.03, "0.0"), (0.6, "1"), (-0.4, "0"), (0.004, "0.00")])
def test_a_number_that_rounds_to_something_else_is_not_right(right, typed):
    found = diagnose(parse("x*y", x=1, y=right), "x", typed)
    assert found.kind not in ("right", "digits")


def test_zero_is_right_where_it_is():
    f = parse("x**2*y", x=0, y=3)
    assert diagnose(f, "x", "0").right
    assert not diagnose(f, "x", "1").right


@given(st.floats(-1e6, 1e6).filter(lambda number: abs(number) > 1e-3), st.integers(2, 15))
@settings(max_examples=150, deadline=None)
def test_the_right_number_rounded_to_any_digits_is_never_called_wrong(number, digits):
    f = engine.Value(number, "a") * engine.Value(1.0, "x")
    x = f.operands[1]
    for text in (f"{number:.{digits}g}", f"{number:.{digits}e}", repr(number), f"({number!r})*3/3", f"{number:+.{digits}g}"):
        found = diagnose(f, x, text)
        assert found.kind == "right" or (found.kind == "digits" and read_answer(text).digits < 2)


@given(st.integers(-300, 300).filter(bool), st.integers(1, 60), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_a_fraction_need_not_be_in_lowest_terms(top, below, times):
    f = engine.Value(float(top), "a") / engine.Value(float(below), "x")
    assert diagnose(f, f.operands[0], f"{times}/{times * below}").right
    assert diagnose(f, None, f"{times * top}/{times * below}").right
    assert diagnose(f, None, Fraction(top, below)).right


# --- what is not a number ---

@pytest.mark.parametrize(("text", "said"), [
    ("4,5", "write a point: 4.5"), ("-0,25", "write a point: -0.25"), ("1 1/2", "write 1 + 1/2"), ("-1 1/2", "write -1 - 1/2"),
    ("", "here is none"), ("  ", "here is none"), ("x", "x has no value"), ("twelve", "is not a number"),
    ("1/0", "divides by zero"),
    ("9; 3", "more than one number"), ("1 2", "is not a number"), ("1e999", "not a number that a float can hold"),
    ("0e-99999", "not a number that a float can hold"), ("nan", "is not a number"), (math.nan, "finite"), (math.inf, "finite"),
    (True, "finite number or a text"), (None, "finite number or a text"), ([1], "finite number or a text"),
    ("-", "is not a number"),
    ("1.2.3", "is not a number"), ("9=9=9", "more than one number"), ("e+", "is not a number"), ("(" * 500, "is not a number"),
])  # fmt: skip
def test_what_is_not_a_number_is_refused_with_a_sentence(text, said):
    with pytest.raises(AnswerError) as caught:
        diagnose(worked(), "x", text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200 and "\n" not in str(caught.value)


def test_a_node_is_named_in_several_ways_and_a_stranger_refused():
    f = worked()
    for key in (f.inputs["x"], "x", "∂f/∂x", "df/dx", " df/dx "):
        assert diagnose(f, key, "12").right
    with pytest.raises(ValueError, match="There is no 'q' in the graph of f; there are x, v, y, u, z, f"):
        diagnose(f, "q", "12")
    with pytest.raises(ValueError, match="is not in the graph"):
        diagnose(f, engine.Value(1.0), "12")
    with pytest.raises(ValueError, match="There is no 'w'"):
        diagnose(f, "x", "12", {"w": 3})
    two = parse("2*x", x=3).operands[0]
    with pytest.raises(ValueError, match="2 is a constant of v1"):
        diagnose(two * f.inputs["x"], two, "3")
    d = parse("dx = 2*x; dx*y", x=1, y=3)
    assert diagnose(d, "dx", "3").right, "a name that begins with d is a name first"


def test_numbers_that_have_changed_are_refused():
    f = worked()
    f.inputs["x"].data = 5.0
    with pytest.raises(engine.StaleGraphError):
        diagnose(f, "x", "12")


def test_a_derivative_that_does_not_exist_is_the_engines_error():
    with pytest.raises(engine.UndefinedError):
        diagnose(parse("sqrt(x)*y", x=0, y=1), "x", "1")
    assert diagnose(parse("sqrt(x)*y", x=0, y=1), None, "0").right, "its value exists"


# --- follow-through ---

def test_an_answer_that_follows_from_an_earlier_one_is_right_given_that():
    f = worked()
    found = diagnose(f, "x", "18", earlier={"v": 3})
    assert (found.kind, found.right, found.points) == ("follows", False, 1.0)
    assert str(found) == "Right, given your ∂f/∂v = 3."
    assert diagnose(f, "x", "12", earlier={"v": 3}).kind == "right", "and the right answer stays right"
    assert diagnose(f, "x", "20", earlier={"v": 3}).points == 0


def test_it_follows_from_a_wrong_value_too():
    f = worked()
    assert str(diagnose(f, "y", "5", values={"v": "10"})) == "Right, given your v = 10."
    assert str(diagnose(f, None, "19", values={"u": "38"})) == "Right, given your u = 38."
    found = diagnose(f, "x", "18", earlier={"∂f/∂v": 3, "y": 5}, values={"v": 10})
    assert found.why == "Right, given your ∂f/∂v = 3."


def test_only_the_answer_from_which_it_follows_is_named():
    f = worked()
    assert diagnose(f, None, "16", values={"v": 8, "u": 32}).why == "Right, given your u = 32."
    assert diagnose(f, "x", "24", earlier={"u": 1, "v": 4}).why == "Right, given your ∂f/∂v = 4."


def test_the_activations_derivative_is_taken_from_the_learners_own_activation():
    f = parse("a = sigmoid(x*w); a*y", x=0.5, w=0.8, y=2.0)
    found = diagnose(f, "x", f"{2 * 0.7 * 0.3 * 0.8:.6f}", values={"a": "0.7"})
    assert found.why == "Right, given your a = 0.7."


def test_a_whole_number_earlier_leaves_no_room_for_everything_around():
    """∂f/∂v = 3 is not anything from 2.5 to 3.5."""
    f = worked()
    for typed in ("17", "19", "16"):
        assert diagnose(f, "x", typed, earlier={"v": "3"}).kind != "follows"


def test_rounding_on_the_way_follows():
    f = parse("v = x**2; u = v*y; sin(u)", x=1.73, y=2.39)
    u = 7.15  # 7.153031
    typed = f"{math.cos(u) * 2.39 * 2 * 1.73:.5f}"
    assert diagnose(f, "x", typed, values={"u": "7.15"}).points == 1.0


def test_a_slip_is_looked_for_in_the_work_that_follows_from_earlier_answers():
    f = generic()
    said = 3.871  # for ∂f/∂v, which is 2.5426
    found = diagnose(f, "x", f"{said * 2:.4f}", earlier={"v": said})
    assert "power: base lost" in [belief.slip.name for belief in found.alternatives]


# --- slips ---

@pytest.mark.parametrize(("wrt", "number", "slip"), [
    ("z", -1.73**2 * 2.39 / 0.94, "quotient: not squared"),
    ("x", 2 * 2.39 / 0.94, "power: base lost"),
    ("x", 1.73**2 * 2.39 / 0.94, "value for slope"),
])  # fmt: skip
def test_a_slip_that_outweighs_everything_else_is_named(wrt, number, slip):
    found = diagnose(generic(), wrt, f"{number:.5f}")
    assert (found.kind, found.slip, found.points, found.right) == ("slip", slip, 0.0, False)
    assert found.why.startswith("This is what one gets if ") and found.why.endswith(".")
    assert str(found) == f"{found.why}\n{found.hint}"
    assert found.alternatives[0].slip.name == slip and found.alternatives[0].slip.family == found.family


def test_what_is_true_of_the_number_is_said_as_a_fact():
    f = worked()
    assert diagnose(f, "z", "9").why == "Everything but the sign is right."
    assert diagnose(f, "z", "9").slip is None
    assert diagnose(f, "z", "9").family == "sign"
    assert diagnose(generic(), "x", str(2 * 8.797234)).family == "factor"
    assert diagnose(generic(), "x", str(1 / 8.79723404)).why == "It is the right number upside down."


def test_the_other_lectures_convention_is_among_the_explanations_of_a_sign():
    f = parse("a = sigmoid(w*x+b); (a-t)**2/2", w=0.6, x=1.3, b=-0.2, t=0.9)
    found = diagnose(f, "w", f"{-engine.grad(f, f.inputs['w']):.5f}")
    assert found.family == "sign"
    reasons = {belief.slip.name: belief.slip.why for belief in found.alternatives}
    assert "some lectures define the error so" in reasons["difference reversed"]


def test_of_slips_that_give_one_number_it_is_said_what_they_have_in_common():
    found = diagnose(parse("sin(x*y)*z", x=1.7, y=2.3, z=1.3), "x", f"{math.cos(1.7 * 2.3) * 1.3:.6f}")
    names = [belief.slip.name for belief in found.alternatives]
    assert {"factor left out", "inner forgotten"} <= set(names)
    assert found.slip is None and found.family == "chain"


def test_a_question_is_asked_where_it_separates():
    f = worked()
    found = diagnose(f, "x", "6")  # x for 2x; or 2x without what arrives; or half
    assert found.kind == "several"
    assert found.question is not None
    answers = found.question.answers
    assert answers["power: exponent not in front"] != answers["local only"]
    assert found.question.text in str(found)
    first = found.narrowed(answers["power: exponent not in front"])
    assert isinstance(first, Diagnosis) and first.slip == "power: exponent not in front"
    other = found.narrowed(str(answers["local only"]))
    assert "power: exponent not in front" not in [belief.slip.name for belief in other.alternatives]
    assert found.narrowed("77").kind == "unknown"


def test_where_there_is_no_question_the_diagnosis_stays():
    found = diagnose(worked(), "z", "4.1")
    assert found.question is None and found.narrowed("1") is found


@pytest.mark.parametrize("typed", ["4.1", "-77.3", "1234", "0.0031"])
def test_a_number_that_no_slip_gives_is_given_no_reason(typed):
    found = diagnose(generic(), "x", typed)
    assert (found.kind, found.slip, found.family, found.alternatives) == ("unknown", None, None, ())
    assert "cannot be told" in found.why and found.hint.endswith(".")


def test_a_few_digits_prove_less_than_many():
    number = 2 * 2.39 / 0.94  # 5.0851, the base lost
    assert diagnose(generic(), "x", f"{number:.4f}").slip == "power: base lost"
    assert diagnose(generic(), "x", "5").slip is None


def test_near_the_right_number_it_is_rounding():
    found = diagnose(generic(), "x", "8.75")
    assert found.kind == "close" and found.points == 0.0


def test_two_slips_only_for_many_digits():
    number = 2 * 2.39 / 0.94 / 0.94 * 1.73 * 3.1  # nothing
    assert diagnose(generic(), "x", repr(number)).kind == "unknown"
    f = parse("sin(x**3*y)/z", x=1.13, y=0.71, z=1.9)
    inside = 1.13**3 * 0.71
    both = math.sin(inside) * 0.71 * 3 / 1.9  # sin for cos, and only the exponent left of the power
    found = diagnose(f, "x", f"{both:.9f}")
    assert found.kind == "pair"
    assert {belief.slip.name for belief in found.alternatives} == {"value for slope", "power: base lost"}
    assert "a value stands where a derivative should" in found.why and "only the exponent is left" in found.why
    assert diagnose(f, "x", f"{both:.3f}").kind != "pair"


def test_values_are_diagnosed():
    f = parse("v = x**2; u = v*y; u/z", x=3.7, y=4.1, z=2.3)
    found = diagnose(f, None, f"{3.7 * 2 * 4.1 / 2.3:.5f}")
    assert found.slip == "squared as doubled"
    assert diagnose(f, None, f"{2.3 / (3.7**2 * 4.1):.6f}").family == "reciprocal"


def test_a_large_graph_is_not_searched():
    x = engine.Value(0.9, "x")
    v = x
    for _ in range(1200):
        v = v * 1.001
    assert diagnose(v, x, "-5.1").kind == "unknown"
    assert diagnose(v, x, 1.001**1200).right


def test_an_output_that_does_not_depend_on_x_has_derivative_0():
    f = parse("y*2 + x*0", x=3, y=4)
    assert diagnose(f, "x", "0").right
    graph = Graph(f)
    assert diagnose(graph, "x", "1").points == 0.0, "a Graph serves as well as a Value"


# --- hint, hole, step ---

def test_the_hole_and_the_step():
    f = worked()
    x = diagnose(f, "x", "6")
    assert x.hole == "∂f/∂x = ∂f/∂v · ∂v/∂x = 2 · ?"
    assert x.step == "∂f/∂x = ∂f/∂v · 2x = 2 · 2·3 = 12"
    value = diagnose(f, None, "6")
    assert value.hole == "f = u/z = 36/2 = ?"
    assert value.step == "f = u/z = 36/2 = 18"


def test_the_hole_of_several_paths():
    f = parse("v = x*y; v - x**2", x=3, y=-4)
    found = diagnose(f, "x", "1")
    assert found.hole == "∂f/∂x = ∂f/∂v · ∂v/∂x + ∂f/∂v1 · ∂v1/∂x = 1 · ? + (-1) · ?"
    assert found.step.split("\n") == [
        "∂f/∂x = ∂f/∂v1 · 2x = -1 · 2·3 = -6", "∂f/∂x = ∂f/∂v · y = 1 · (-4) = -4", "∂f/∂x = -6 + (-4) = -10",
    ]  # fmt: skip


@pytest.mark.parametrize("wrt", ["x", "y", "z"])
@pytest.mark.parametrize("typed", ["1", "9", "18", "24", "6", "0.5", "-4.5", "2", "7.77"])
def test_hint_and_hole_do_not_give_the_answer_away(wrt, typed):
    f = worked()
    right = f"{engine.grad(f, f.inputs[wrt]):g}"
    found = diagnose(f, wrt, typed)
    assert right not in found.hint.split()
    assert not found.hole.endswith(right) and found.hole.endswith("?")


def test_it_is_shown_in_a_line():
    assert repr(diagnose(worked(), "z", "9")) == "Diagnosis('family', family='sign')"
    assert repr(diagnose(generic(), "x", "5.0851")) == "Diagnosis('slip', slip='power: base lost')"


def test_nothing_on_the_nodes_changes():
    f = worked()
    diagnose(f, "x", "6", {"v": 3}, {"u": 7})
    assert not any(node.has_grad for node in Graph(f).order)
    assert f.data == 18


# --- the bench test, small: benchmarks/diagnosis.py has the figures ---

@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import diagnosis

    return diagnosis


def test_on_the_bench_no_right_answer_is_called_wrong(bench):
    tally = bench.right_answers(random.Random(5), 60)
    assert tally["answers"] > 500 and tally["called wrong"] == 0


@pytest.mark.parametrize("whole", [False, True])
def test_on_the_bench_a_planted_slip_is_found_and_no_other_is_named(bench, whole):
    tally = bench.planted(random.Random(5), 60, whole)
    assert tally["a wrong name"] == 0
    assert tally["among the first two"] > 0.8 * tally["answers"] > 100


@pytest.mark.parametrize("whole", [False, True])
def test_on_the_bench_slips_that_the_catalogue_lacks_are_seldom_named(bench, whole):
    tally, _ = bench.held_out(random.Random(5), 120, whole)
    assert tally["answers"] > 250
    assert tally["named"] <= 0.05 * tally["answers"]
    assert tally["cannot tell"] > 0.7 * tally["answers"]


def test_on_the_bench_follow_through_is_seen(bench):
    tally = bench.following(random.Random(5), 60)
    assert tally["seen"] == tally["answers"] > 30


def test_the_held_out_slips_begin_with_the_right_derivative(bench):
    import held_out_slips

    f = parse("sin(x*y)/z + x**3", x=1.3, y=0.7, z=2.1)
    x = f.inputs["x"]
    right = engine.grad(f, x)
    assert math.isclose(held_out_slips.of_the_right_one(lambda right, f, x: right)(f, x), right)
    assert held_out_slips.carried(f, x, lambda node, numbers, rates: None) is None, "a slip without a place"
    assert held_out_slips.HELD_OUT["log: to base ten"](f, x) is None
    assert math.isclose(held_out_slips.HELD_OUT["three times too much"](f, x), 3 * right)
