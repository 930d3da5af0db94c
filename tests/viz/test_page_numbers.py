"""The reader's own numbers on a page, in a real browser: every number follows, and is Python's to the last digits."""

import re

import pytest
from page_graphs import GRAPHS, agree, of, worked

from engine import Value, exp, log, parse, recompute, steps, tanh

POINTS = {
    "x²y/z": {"x": -1.5, "y": 0.1, "z": 0.1},
    "three paths": {"x": 0.7, "y": -3.0, "z": -0.2},
    "negative numbers": {"x": 2.0, "y": -7.25},
    "a saturated sigmoid": {"x": -800.0},
    "larger and smaller": {"x": 2.0, "y": 2.0},
    "a choice": {"x": 3.0, "y": -1.0},
    "any number of operands": {"x": 1000.0, "y": 999.0, "z": 998.0},
    "parameters": {"x": 0.0},
}


def moved(output, numbers):
    """The graph at other numbers of its inputs, computed by the engine."""
    leaves = {node.label: node for step in steps(output) for node in step.node.operands if not node.operands}
    recompute(output, {leaves[label]: number for label, number in numbers.items()})
    return output


@pytest.mark.parametrize("build", GRAPHS.values(), ids=GRAPHS)
def test_every_number_is_pythons(build, opened):
    agree(opened(build()), build())


@pytest.mark.parametrize("name", POINTS)
def test_editing_an_input_recomputes_every_number(name, opened):
    output = GRAPHS[name]()
    page = opened(output)
    for label, number in POINTS[name].items():
        page.type(label, repr(number))
    agree(page, moved(output, POINTS[name]))


def test_two_exponents_that_look_alike_are_two_operations(opened):
    output = of(lambda x: x ** (1 / 3) + x**0.333333, 8)()
    agree(opened(output), output)


def test_a_graph_of_five_hundred_nodes_opens(opened):
    total = Value(0.5, "x")
    for i in range(167):
        total = tanh(total * Value(0.5, f"w{i}"))
    page = opened(total)
    page.go(page.last)
    agree(page, total)


# --- a field takes what the command takes ---

TAKEN = {"1/3": 1 / 3, "pi/2": 1.5707963267948966, "sqrt(2)": 1.4142135623730951, "-3**2": -9.0, "1e-3": 0.001,
         "2·e": 5.43656365691809, "|2-5|": 3.0, "x²".replace("x", "3"): 9.0, " 7 ": 7.0, "max(1, 3)": 3.0}  # fmt: skip


@pytest.mark.parametrize("where", ["the list at the side", "the panel"])
@pytest.mark.parametrize("text", TAKEN)
def test_a_field_takes_what_the_command_takes_and_computes_with_it(text, where, opened):
    output = worked()
    page = opened(output, "step=3")
    if where == "the panel":
        open_panel(page, output, "z")
        put_in_panel(page, text)
    else:
        page.put("z", text)
    agree(page, moved(output, {"z": TAKEN[text]}))
    assert float(page.js("return NODES[5 - 1].value")) == pytest.approx(TAKEN[text], rel=1e-15)
    assert f"z={text}" in page.hash
    shown = page.text("#refused") if where == "the panel" else page.refused("z")
    plain = re.fullmatch(r"\s*-?[\d.]+(e-?\d+)?\s*", text)
    assert shown == "" if plain else shown.startswith("= ")


REFUSED = {
    "2,5": "Write 2.5, with a point.", "1,000": "1000", "": "Write a number such as 3, 1/3 or pi/2.",
    "abc": "there is no number called abc", "1e999": "larger than any float", "1/": "something is missing here", "1/0": "1/0",
    "log(-1)": "log(-1)", "2x": "x", "NaN": "a variable has a finite value", "-": "something is missing here",
}  # fmt: skip


@pytest.mark.parametrize("where", ["the list at the side", "the panel"])
@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused_visibly_and_changes_nothing(text, where, opened):
    output = worked()
    page = opened(output, "step=3")
    before = page.numbers()
    if where == "the panel":
        open_panel(page, output, "x")
        put_in_panel(page, text)
        field, said = page.find("#number"), page.text("#refused")
    else:
        page.put("x", text)
        field, said = page.field("x"), page.refused("x")
    assert page.numbers() == before
    assert page.now == ["f = u/z = 36/2 = 18"]
    assert field.get_attribute("aria-invalid") == "true"
    assert said
    assert REFUSED[text] in said
    assert field.get_attribute("value") == text, "what was typed stays, so that it can be mended"
    assert "x=" not in page.hash


def test_a_refused_field_is_well_again_after_a_number(opened):
    page = opened(worked(), "step=3")
    page.put("x", "2,5")
    page.type("x", "5")
    assert page.now == ["f = u/z = 100/2 = 50"]
    assert page.field("x").get_attribute("aria-invalid") == "false"
    assert page.refused("x") == ""


def test_the_fields_that_are_not_typed_into_keep_their_numbers(opened):
    page = opened(worked())
    page.type("y", "1/3")
    page.type("x", "5")
    assert [page.in_field(name) for name in "xyz"] == ["5", "1/3", "2"]


def test_a_number_from_the_panel_stands_in_the_list_at_the_side_too(opened):
    output = worked()
    page = opened(output)
    open_panel(page, output, "z")
    put_in_panel(page, "1/3")
    assert page.in_field("z") == "1/3"


def open_panel(page, output, name):
    from page_graphs import ids

    page.find(f"#{ids(output)[name]}").click()
    page.wait()
    assert page.text("#panel-name") == name


def put_in_panel(page, text):
    page.js("const f = document.querySelector('#number'); f.value = arguments[0]; f.dispatchEvent(new Event('input'))", text)
    page.wait()


def test_list_cards_and_sentence_follow_a_new_number(opened):
    page = opened(worked(), "step=9")
    page.type("x", "1/2")
    assert page.texts("#steps li")[0] == "v = x² = 0.5² = 0.25"
    assert page.texts("#steps li")[8] == "∂f/∂x = ∂f/∂v · 2x = 2 · 2·0.5 = 2"
    assert page.texts(".card.result .value") == ["0.25", "1", "0.5"]


# --- where something does not exist ---

UNDEFINED = {
    "divided by zero": (worked, {"z": 0.0}),
    "log of a negative": (of(lambda x, y, z: x * x * y / z + log(x), 3, 4, 2), {"x": -1.0}),
    "a node without a name": (of(lambda x, y: x / (y - 2.0), 3, 4), {"y": 2.0}),
    "too large": (of(lambda x: exp(x) * 2.0, 1), {"x": 1000.0}),
    "power of zero": (of(lambda x: x**-2, 1), {"x": 0.0}),
    "power of a negative": (of(lambda x: x**0.5 + 1, 1), {"x": -4.0}),
    "a slope that does not exist": (lambda: parse("sqrt(x)", x=4), {"x": 0.0}),
    "a slope inside": (lambda: parse("3*sqrt(x*x)", x=4), {"x": 0.0}),
    "an exponent without a slope": (of(lambda x, y: x**y, 2, 3), {"x": -2.0}),
}


def engines_sentence(output, numbers):
    """What the engine says about this graph at these numbers."""
    from engine import UndefinedError

    with pytest.raises(UndefinedError) as caught:
        steps(moved(output, numbers))
    return str(caught.value)


@pytest.mark.parametrize(("build", "at"), UNDEFINED.values(), ids=UNDEFINED)
def test_an_undefined_point_has_the_engines_sentence_and_never_nan(build, at, opened):
    page = opened(build(), fold="none")
    before = page.numbers()
    original = {label: page.js("return String(NODES.find(node => node.name === arguments[0]).value)", label) for label in at}
    for step in (page.last, 0):
        page.go(step)
        for label, number in at.items():
            page.type(label, repr(number))
        page.go(page.last)
        assert page.text("#sentence") == engines_sentence(build(), at)
        assert nothing_strange(page)
        for label, text in original.items():
            page.type(label, text)
        assert page.numbers() == before
        assert page.js("return document.querySelectorAll('.broken').length") == 0


def nothing_strange(page):
    """No number that is none, neither in a text nor in the drawing; fields apart, which have tests of their own."""
    said = page.js("return document.body.innerText + [...document.querySelectorAll('svg text')].map(t => t.textContent).join()")
    drawn = page.js("return [...document.querySelectorAll('svg *')].flatMap(e => [...e.attributes].map(a => a.value)).join(' ')")
    return not re.search(r"NaN|\bnan\b|Infinity|\binf\b|undefined|null", said.replace("is undefined", "")) and "NaN" not in drawn


def test_no_result_of_what_does_not_exist_stays_on_the_page(opened):
    """After z = 0 nothing is left of f = 18 and its derivatives."""
    page = opened(worked(), "step=9")
    page.type("z", "0")
    seen = page.texts("#stage text, #steps li, #dock p, #formula")
    assert "x" in seen
    assert not any("18" in text or "0.5" in text or "−9" in text for text in seen), seen


def test_what_does_not_exist_is_announced(opened):
    page = opened(worked(), "step=9")
    page.type("z", "0")
    announced = page.texts("[aria-live], [role=alert], [role=status]")
    assert any(engines_sentence(worked(), {"z": 0.0}) in text for text in announced)
