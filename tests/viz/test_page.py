"""The page, in a real browser: stepping, editing, guessing, links, labels, and numbers that are Python's to the last digits."""

import itertools
import json
import math
import re

import pytest
from browser import close, driver, ids, numbers, opened  # noqa: F401  # fixtures

from engine import (
    TABLE,
    UndefinedError,
    Value,
    elu,
    erf,
    exp,
    fsum,
    gelu,
    greater,
    leaky_relu,
    log,
    logsumexp,
    maximum,
    minimum,
    parse,
    recompute,
    sigmoid,
    sqrt,
    steps,
    tanh,
    where,
)
from engine.say.notation import show
from nn import MLP
from viz.pages.graph import html_of
from viz.pages.javascript import LIBRARY, functions


def worked():
    """The worked example: f = u/z with u = v·y and v = x², at x = 3, y = 4, z = 2."""
    return parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)


def inputs(*numbers):
    return [Value(number, label) for number, label in zip(numbers, "xyz")]


def of(f, *at):
    """A function's graph at a point; its inputs are x, y, z."""
    return lambda: f(*inputs(*at))


GRAPHS = {
    "x²y/z": worked,
    "three paths": of(lambda x, y, z: x * x * y / z + log(x), 3, 4, 2),
    "powers": of(lambda x: x**3 - x**-2 + x**0.5 + 2 * x + 3 * x**4, 2),
    "negative numbers": of(lambda x, y: (x - y) * (x + y) - -x**3 + x * -2.0, -1, 2),
    "functions of negative numbers": of(lambda x: erf(x) + gelu(x) + tanh(x) * exp(x), -1),
    "a saturated sigmoid": of(sigmoid, 40),
    "a saturated tanh": of(lambda x: tanh(x * x), 5),
    "larger and smaller": of(lambda x, y: maximum(x, y) * minimum(x, y), -1, 2),
    "a tie": of(lambda x: maximum(x, x), 2),
    "a choice": of(lambda x, y: where(greater(x, y), x * y, x / y), 1, 2),
    "parameters": of(lambda x: elu(x, alpha=2.0) + leaky_relu(x, negative_slope=0.2), -1),
    "any number of operands": of(lambda x, y, z: logsumexp([x, y, z]) + fsum([x, y, y]), 1, 2, -3),
    "large and small numbers": of(lambda x, y: 1e22 * x + 1e-7 * y, 1, 3),
    "a power of a value": of(lambda x, y: x**y, 2, 3),
}
each_graph = pytest.mark.parametrize("build", GRAPHS.values(), ids=GRAPHS)


# --- the steps ---

def test_buttons_keys_and_slider_move_through_the_steps(opened):
    from selenium.webdriver.common.keys import Keys

    page = opened(worked())
    assert (page.step, page.last) == (0, 9)
    seen = []
    for move in (
        lambda: page.click("next"), lambda: page.click("next"), lambda: page.click("back"), lambda: page.click("last"),
        lambda: page.click("next"), lambda: page.click("first"), lambda: page.click("back"), lambda: page.press(Keys.ARROW_RIGHT),
        lambda: page.press(Keys.ARROW_RIGHT), lambda: page.press(Keys.ARROW_LEFT), lambda: page.press(Keys.END),
        lambda: page.press(Keys.HOME), lambda: page.go(7), lambda: page.find("#steps li:nth-child(4)").click(),
    ):  # fmt: skip
        move()
        seen.append(page.step)
    assert seen == [1, 2, 1, 9, 9, 0, 0, 1, 2, 1, 9, 0, 7, 3]


def test_the_slider_moves_by_the_keyboard_a_step_at_a_time(opened):
    from selenium.webdriver.common.keys import Keys

    page = opened(worked())
    page.find("#slider").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.step == 2
    assert page.now[0] == "Forward, step 2 of 9"


def test_arrow_keys_in_a_field_move_the_cursor_and_not_the_step(opened):
    from selenium.webdriver.common.keys import Keys

    page = opened(worked())
    page.field("x").send_keys(Keys.ARROW_RIGHT, Keys.END)
    assert page.step == 0


@each_graph
def test_every_step_reads_like_the_engines(build, opened):
    output = build()
    page = opened(output)
    expected = [step for step in steps(output) if step.kind != "sum"]
    assert page.last == len(expected)
    shown = []
    for number in range(1, page.last + 1):
        page.go(number)
        assert page.now[0].endswith(f"step {number} of {page.last}")
        shown.append(page.now[1])
    for step, text in zip(expected, shown):
        left = step.quantity
        if step.expected > 1:
            left += f" by way of {next(s.name for s in steps(output) if s.node is step.via)}:"
        equals = " " if step.expected > 1 else " = "
        whole = f"{left}{equals}{step.formula} = {step.numbers} = {show(step.result)}"
        assert text == (whole if step.kind != "seed" else f"{left} = 1")


@pytest.mark.parametrize("name", ["a saturated sigmoid", "a saturated tanh"])
def test_where_the_textbooks_formula_loses_the_digits_the_computed_form_is_shown_too(name, opened):
    output = GRAPHS[name]()
    page = opened(output)
    found = [step for step in steps(output) if step.kind != "sum"]
    remarks = [(number, step.computed) for number, step in enumerate(found, 1) if step.computed]
    assert remarks
    for number, computed in remarks:
        page.go(number)
        assert computed in page.text("#now")


def test_where_paths_meet_the_sum_grows(opened):
    page = opened(GRAPHS["three paths"]())
    sums = []
    for number in range(page.last + 1):
        page.go(number)
        sums += [line for line in page.now if line.startswith("so far")]
    assert sums == [
        "so far 0.333333 + 6 = 6.33333 (2 of 3 paths: add)",
        "so far 0.333333 + 6 + 6 = 12.3333 (3 of 3 paths: add)",
    ]


def test_the_current_nodes_and_edges_are_lit(opened):
    output = worked()
    at = ids(output)
    page = opened(output)
    page.go(2)  # u = v·y
    assert page.lit() == {at["u"], at["v"], at["y"], f"{at['u']}e0", f"{at['u']}e1"}
    page.go(9)  # ∂f/∂x by way of v
    assert page.lit() == {at["v"], at["x"], f"{at['v']}e0"}


def test_a_product_of_a_number_with_itself_lights_one_edge_after_the_other(opened):
    output = parse("x*x", x=3)
    page = opened(output)
    page.go(3)
    assert f"{ids(output)['f']}e0" in page.lit()
    page.go(4)
    assert f"{ids(output)['f']}e1" in page.lit()


def test_a_number_stands_in_the_graph_from_its_step_on(opened):
    output = worked()
    v = ids(output)["v"]
    page = opened(output)
    assert page.box(v) == ["v", "…"]
    page.go(1)
    assert page.box(v) == ["v", "9"]
    page.go(page.last)
    assert page.box(v) == ["v", "9", "∂ 2"]
    page.go(0)
    assert page.box(v) == ["v", "…"]


def test_the_list_marks_the_current_step_and_leads_to_each(opened):
    page = opened(worked())
    page.go(5)
    current = page.js("return [...document.querySelectorAll('#steps [aria-current]')].map(item => item.textContent)")
    assert current == ["∂f/∂u = ∂f/∂f · 1/z = 1 · 1/2 = 0.5"]


def test_the_headline_has_the_expression_and_the_point(opened):
    assert opened(worked()).text("h1") == "f = x²·y/z   at   x = 3, y = 4, z = 2"


@pytest.mark.parametrize("event", ["hover", "focus"])
def test_a_node_tells_its_story(event, opened, driver):
    from selenium.webdriver import ActionChains

    output = GRAPHS["three paths"]()
    page = opened(output)
    box = page.find(f"#{ids(output)['x']}")
    if event == "hover":
        ActionChains(driver).move_to_element(box).perform()
    else:
        page.js("arguments[0].focus()", box)
    told = page.text("#story")
    assert told.startswith("x = 3, given\n")
    assert told.endswith("so far 0.333333 + 6 + 6 = 12.3333 (3 of 3 paths: add)")


def test_every_box_can_be_reached_by_the_keyboard(opened):
    page = opened(worked())
    reachable = page.js("return [...document.querySelectorAll('#graph .node[tabindex=\"0\"]')].map(node => node.id)")
    assert set(ids(worked()).values()) <= set(reachable)


# --- one's own numbers ---

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


@pytest.mark.parametrize("name", POINTS)
def test_editing_an_input_recomputes_every_number(name, opened):
    output = GRAPHS[name]()
    page = opened(output)
    for label, number in POINTS[name].items():
        page.type(label, repr(number))
    leaves = {node.label: node for step in steps(output) for node in step.node.operands if not node.operands}
    recompute(output, {leaves[label]: number for label, number in POINTS[name].items()})
    for theirs, ours in zip(page.numbers(), numbers(output)):
        assert len(theirs) == len(ours)
        assert all(map(close, theirs, ours)), (theirs, ours)


@pytest.mark.parametrize("text", ["-", "", "1e", ".", "1e999", "three", "1/", "NaN"])
def test_a_half_typed_number_changes_nothing_yet(text, opened):
    page = opened(worked(), "step=3")
    before = page.numbers()
    page.put("x", text)
    assert page.numbers() == before
    assert page.now[1] == "f = u/z = 36/2 = 18"
    assert page.field("x").get_attribute("aria-invalid") == "true"
    page.type("x", "5")
    assert page.now[1] == "f = u/z = 100/2 = 50"
    assert page.field("x").get_attribute("aria-invalid") == "false"


UNDEFINED = {
    "divided by zero": (worked, {"z": 0.0}),
    "log of a negative": (of(lambda x, y, z: x * x * y / z + log(x), 3, 4, 2), {"x": -1.0}),
    "a node without a name": (of(lambda x, y: x / (y - 2.0), 3, 4), {"y": 2.0}),
    "too large": (of(lambda x: exp(x) * 2.0, 1), {"x": 1000.0}),
    "power of zero": (of(lambda x: x**-2, 1), {"x": 0.0}),
    "power of a negative": (of(lambda x: x**0.5 + 1, 1), {"x": -4.0}),
    "a slope that does not exist": (of(sqrt, 4), {"x": 0.0}),
    "a slope inside": (of(lambda x: 3 * sqrt(x * x), 4), {"x": 0.0}),
    "an exponent without a slope": (of(lambda x, y: x**y, 2, 3), {"x": -2.0}),
}


def engines_sentence(output, numbers):
    """What the engine says about this graph at these numbers."""
    leaves = {node.label: node for step in steps(output) for node in step.node.operands if node.label in numbers}
    with pytest.raises(UndefinedError) as caught:
        recompute(output, {leaves[label]: number for label, number in numbers.items()})
        steps(output)
    return str(caught.value)


@pytest.mark.parametrize(("build", "at"), UNDEFINED.values(), ids=UNDEFINED)
def test_an_undefined_point_has_the_engines_sentence_and_never_nan(build, at, opened):
    page = opened(build())
    before = page.numbers()
    original = {label: page.field(label).get_attribute("value") for label in at}
    for step in (page.last, 0):
        page.go(step)
        for label, number in at.items():
            page.type(label, repr(number))
        assert not re.search("NaN|Infinity|undefined|null", page.js("return document.body.innerText").replace("is undefined", ""))
        for label, text in original.items():
            page.type(label, text)
        assert page.numbers() == before
        assert page.find("#trouble").is_displayed() is False
    for label, number in at.items():
        page.type(label, repr(number))
    assert page.find("#trouble").get_attribute("role") == "alert"
    assert page.text("#trouble") == engines_sentence(build(), at)


def test_two_exponents_that_look_alike_are_two_operations(opened):
    output = of(lambda x: x ** (1 / 3) + x**0.333333, 8)()
    for theirs, ours in zip(opened(output).numbers(), numbers(output)):
        assert all(map(close, theirs, ours)), (theirs, ours)


# --- links ---

def test_a_link_is_a_moment_in_a_lecture(opened):
    page = opened(worked(), "x=3&y=4&z=0.1&step=5")
    assert page.step == 5
    assert page.field("z").get_attribute("value") == "0.1"
    assert page.now[1] == "∂f/∂u = ∂f/∂f · 1/z = 1 · 1/0.1 = 10"


def test_the_address_follows_the_point_and_the_step(opened):
    page = opened(worked())
    assert page.hash == "#x=3&y=4&z=2&step=0"
    page.go(4)
    page.type("y", "-0.5")
    assert page.hash == "#x=3&y=-0.5&z=2&step=4"


def test_the_browsers_own_address_line_moves_the_page(opened):
    page = opened(worked())
    page.js("location.hash = '#x=10&step=1'")
    page.js("return new Promise(done => setTimeout(done))")
    assert page.now[1] == "v = x² = 10² = 100"


@pytest.mark.parametrize("link", ["step=99", "step=-3", "step=x", "q=5&x=&y=two&z=1e999", "%", "x=%zz&step=1", "=", "&&step=2"])
def test_a_damaged_link_opens_the_page_all_the_same(link, opened):
    page = opened(worked(), link)
    assert 0 <= page.step <= page.last == 9
    assert page.now[0].endswith(f"tep {page.step} of 9")
    assert page.numbers()[0] == [3, 9, 4, 36, 2, 18]


def test_a_link_may_lead_to_an_undefined_point(opened):
    page = opened(worked(), "z=0&step=5")
    assert page.text("#trouble") == engines_sentence(worked(), {"z": 0.0})
    page.type("z", "2")
    assert page.find("#trouble").is_displayed() is False
    assert page.numbers()[0] == [3, 9, 4, 36, 2, 18]


def test_a_label_with_the_signs_of_a_link_finds_its_way_back(opened):
    output = Value(2, "a&b=c%") * Value(3, "y")
    page = opened(output)
    page.type("a&b=c%", "7")
    link = page.js("return location.hash")[1:]
    assert opened(output, link).field("a&b=c%").get_attribute("value") == "7"


# --- cover the gradients ---

def all_text(page):
    return page.js("return document.querySelector('main').innerText + document.querySelector('#story').textContent + "
                   "[...document.querySelectorAll('#graph text')].map(text => text.textContent).join(' ')")  # fmt: skip


def test_a_covered_gradient_is_nowhere_on_the_page(opened):
    output = parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=7)  # ∂f/∂u is 0.142857
    page = opened(output, "step=5")
    assert "0.142857" in all_text(page)
    page.click("cover")
    assert page.now[1] == "∂f/∂u = ∂f/∂f · 1/z = 1 · 1/7 = ?"
    assert "0.142857" not in all_text(page)
    page.js("arguments[0].focus()", page.find(f"#{ids(output)['u']}"))
    assert "0.142857" not in all_text(page)
    page.click("uncover")
    assert "0.142857" in all_text(page)


def test_where_paths_meet_each_contribution_is_covered(opened):
    page = opened(parse("x*x + 5*x", x=31), "step=7")
    page.click("cover")
    for number in range(5, page.last + 1):
        page.go(number)
        if page.find("#guess").is_displayed():
            assert page.now[1].count("?") == 1
            assert re.search(r"· \S+ = \?$", page.now[1])
            assert len(page.now) == 2  # no sum, and no words that would tell


def test_guessing_right_and_wrong(opened):
    page = opened(worked(), "step=5")
    page.click("cover")
    page.find("#guessed").send_keys("half\n")
    assert page.text("#verdict") == "Write a number."
    assert page.now[1].endswith("= ?")
    page.find("#guessed").clear()
    page.find("#guessed").send_keys("0.5\n")
    assert page.text("#verdict") == "Yes."
    assert page.now[1].endswith("= 0.5")
    page.click("next")
    page.find("#guessed").send_keys("9\n")
    assert page.text("#verdict") == "Not quite: it is -9."
    assert page.now[1].endswith("= -9")


def test_what_was_shown_stays_shown_until_it_is_covered_again(opened):
    page = opened(worked(), "step=5")
    page.click("cover")
    page.click("uncover")
    page.go(6)
    assert page.now[1].endswith("= ?")
    page.go(5)
    assert page.now[1].endswith("= 0.5")
    page.click("cover")
    page.click("cover")
    assert page.now[1].endswith("= ?")


# --- labels are text ---

HOSTILE = ["<script>alert(1)</script>", '"', "'", "&amp;", "two\nlines", "</script>", "</title>", "<!--", "{{rows}}", "\\", r"\N",
           "\u2028", "${x}", " "]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_is_shown_as_text(label, opened):
    output = Value(2, label) * Value(5, "y")
    box, label = "n0", next(iter(ids(output)))  # its name: the label, but for line breaks, and v1 if it is blank
    page = opened(output)
    assert page.box(box) == [label, "2"]
    assert page.field("y").get_attribute("value") == "5"
    assert page.js("return document.querySelector('#inputs label').textContent") == f"{label} = "
    assert page.text("h1").endswith(f"{label} = 2, y = 5")
    page.go(1)
    assert f"= {label}·y = 2·5 = 10" in page.text("#now")
    assert page.js("return document.scripts.length") == 1
    assert page.js("return document.title").startswith("The chain rule of v")
    page.go(page.last)
    assert page.box(box)[-1] == "∂ 5"


def test_the_output_s_label_is_text_in_the_title_too(opened):
    output = Value(2, "x") * 3
    output.label = "</title><script>alert(1)</script>"
    assert opened(output).js("return document.title") == f"The chain rule of {output.label}"


# --- alone in the world ---

def test_the_file_names_no_address_and_forbids_itself_all_requests():
    text = html_of(worked())
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names of XML, which nobody fetches
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)[1]
    assert policy.startswith("default-src 'none';")
    assert text.index("Content-Security-Policy") < text.index("<style")


def test_the_policy_holds_in_the_browser(opened, driver):
    page = opened(worked())
    blocked = page.js("return fetch('http://127.0.0.1:9/').then(() => 'fetched', error => error.name)")
    assert blocked == "TypeError"
    messages = driver.get_log("browser")  # read here, so that the fixture finds none
    assert any("Content Security Policy" in entry["message"] for entry in messages)


def test_the_same_graph_gives_the_same_page():
    assert html_of(worked()) == html_of(worked())


def test_a_slider_drawn_to_and_fro_leaves_no_message(opened):
    page = opened(worked())
    page.js("for (let n = 0; n < 500; n++) go(n % 10)")
    page.go(7)
    assert page.step == 7  # the fixture looks at the console


# --- the engine's numbers, in the browser's arithmetic ---

FEW = (0.0, 1e-9, 0.3, 1.0, 1.5, 2.5, 7.0, 40.0)
MANY = (*FEW, 1e-300, 1e-16, 0.5, 0.75, 1.9, 1.999, 2.0, 2.001, 3.3, 5.5, 10.0, 20.0, 26.0, 38.5, 100.0, 700.0, 740.0,
        1000.0, 1e10)  # fmt: skip
MIXED = [(2.0,), (0.0, 0.0), (1.0, 2.0, 3.0), (-0.5, 0.25, -0.125), (0.0, -40.0), (-40.0, 0.0, -41.0), (0.0, -700.0, -740.0),
         (math.log(0.5), math.log(0.5)), (1000.0, 999.0, 998.0), (0.1,) * 10, (1.0, 1e-16, -1.0), (1e16, 1.0, -1e16)]  # fmt: skip


def both_signs(magnitudes):
    return sorted({*magnitudes, *(-x for x in magnitudes)})


def points(row):
    """Where a row is tried, in its domain and outside."""
    if row.arity is None:
        return MIXED
    if row.arity == 3:
        return list(itertools.product((-2.5, 0.0, 3.0), repeat=3))
    return list(itertools.product(both_signs(MANY if row.arity == 1 else FEW), repeat=row.arity))


STATICS = {"power": (0.0, 1.0, 2.0, 3.0, 0.5, 1 / 3, 2.5, -1.0, -2.0, -0.5), "step": (1.0, 0.0), "elu": (1.0, 2.0)}
ROWS = [row.bind(static) for row in TABLE.values() if row.parameter for static in STATICS.get(row.name, (row.default,))]
ROWS += [row for row in TABLE.values() if not row.parameter]


def in_python(rule):
    """The number that a rule gives; None where it gives none."""
    try:
        number = float(rule())
    except (ArithmeticError, ValueError):
        return None
    return number if math.isfinite(number) else None


IN_BROWSER = """
return JSON.parse(arguments[0]).map(([script, at]) => {
  const {forward, slopes} = eval(script), r = forward(...at);
  return [r, ...slopes.map(slope => slope(r, ...at))].map(number => Number.isFinite(number) ? String(number) : null);
});
"""


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_value_and_every_derivative_is_pythons(row, driver):
    driver.get("about:blank")
    tried, scripts = points(row), {}
    for at in tried:
        if len(at) not in scripts:
            words = functions(row, len(at))
            slopes = ", ".join(words["slopes"])
            scripts[len(at)] = f"(() => {{ {LIBRARY}\nreturn {{forward: {words['forward']}, slopes: [{slopes}]}} }})()"
    found = driver.execute_script(IN_BROWSER, json.dumps([(scripts[len(at)], at) for at in tried]))
    compared = 0
    for at, (value, *slopes) in zip(tried, found):
        expected = in_python(lambda at=at: row.evaluate(*at))
        theirs = None if value is None else float(value)
        assert close(theirs, expected), f"{row}{at}: {theirs} in the browser, {expected} in Python"
        if expected is None:
            continue
        for position, slope in enumerate(slopes):
            expected_slope = in_python(lambda at=at, r=expected, i=position: row.derivative(r, at, i))
            theirs = None if slope is None else float(slope)
            assert close(theirs, expected_slope), f"slope {position} of {row}{at}: {theirs} there, {expected_slope} in Python"
            compared += expected_slope is not None
    inside = [at for at in tried if all(x in domain for x, domain in zip(at, row.smooth))]
    assert compared >= len(inside) / 4 >= 2


# --- for everybody ---

@pytest.fixture
def emulate(driver):
    """Chromium's own emulation of screens and media, taken back afterwards."""
    yield lambda command, **options: driver.execute_cdp_cmd(f"Emulation.{command}", options)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def network_cost():
    return (MLP(2, [4, 1], activation="tanh", seed=0)([0.5, -0.3]) - 1.0) ** 2 / 2


@pytest.mark.parametrize("build", [worked, network_cost, of(lambda x: x + Value(1, "a_label_without_an_end" * 5), 1)],
                         ids=["x²y/z", "a network", "a long label"])  # fmt: skip
def test_on_a_phone_the_page_itself_does_not_scroll_sideways(build, opened, emulate):
    emulate("setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    page = opened(build())
    for number in (0, 1, page.last):
        page.go(number)
        assert page.js("return document.documentElement.scrollWidth") <= 360
    assert page.js("return document.querySelector('#graph').scrollWidth >= 320")


def contrast(page, selector, ink="color", paper="body"):
    """The contrast ratio of a text with what is behind it, as the accessibility guidelines (WCAG) define it."""
    colours = page.js("const style = (s, k) => getComputedStyle(document.querySelector(s))[k];"
                      "return [style(arguments[0], arguments[1]), style(arguments[2], 'backgroundColor')]",
                      selector, ink, paper)  # fmt: skip
    light, dark = sorted((luminance([float(x) for x in re.findall(r"[\d.]+", c)][:3]) for c in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(rgb):
    linear = [x / 3294.6 if x <= 10.31 else ((x / 255 + 0.055) / 1.055) ** 2.4 for x in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_in_light_and_in_dark(scheme, opened, emulate):
    emulate("setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page = opened(worked(), "step=9")
    background = page.js("return getComputedStyle(document.body).backgroundColor")
    assert (luminance([float(x) for x in re.findall(r"\d+", background)]) > 0.5) == (scheme == "light")
    pairs = [("h1",), ("#graph text", "fill"), ("#graph text.gradient", "fill"), ("#graph .edge text", "fill"),
             ("#now", "color", "#now"), ("button", "color", "button"), ("#inputs input", "color", "#inputs input"),
             ("[aria-current]", "color", "[aria-current]")]  # fmt: skip
    for pair in pairs:
        assert contrast(page, *pair) >= 4.5, pair


def test_on_paper_all_steps_are_there_and_no_controls(opened, emulate):
    page = opened(worked())
    assert page.find("#controls").is_displayed()
    emulate("setEmulatedMedia", media="print")
    assert not page.find("#controls").is_displayed()
    opacities = page.js("return [...document.querySelectorAll('#steps li')].map(item => getComputedStyle(item).opacity)")
    assert opacities == ["1"] * 10
    assert page.js("const list = document.querySelector('#steps'); return list.scrollHeight <= list.clientHeight + 1")


def test_each_step_is_announced(opened):
    page = opened(worked())
    assert page.find("#now").get_attribute("aria-live") == "polite"
    page.go(5)
    assert page.now == [
        "Backward, step 5 of 9", "∂f/∂u = ∂f/∂f · 1/z = 1 · 1/2 = 0.5",
        "If u grows a little, f changes 0.5 times as much, and f 0.5 times as much this way.",
    ]  # fmt: skip


def test_every_control_has_a_name_for_a_screen_reader(opened, driver):
    opened(worked())
    names = [element.accessible_name for element in driver.find_elements("css selector", "button, input, form, #graph")]
    shown = [element for element in driver.find_elements("css selector", "button, input, #graph") if element.is_displayed()]
    assert shown
    assert all(element.accessible_name for element in shown), names
    assert driver.find_element("css selector", "html").get_attribute("lang") == "en"


def test_a_graph_of_five_hundred_nodes_opens(opened):
    total = Value(0.5, "x")
    for i in range(167):
        total = tanh(total * Value(0.5, f"w{i}"))
    page = opened(total)
    page.go(page.last)
    for theirs, ours in zip(page.numbers(), numbers(total)):
        assert len(ours) >= 500
        assert all(map(close, theirs, ours))
