"""Predict first: what is covered stands nowhere on the page, and a guess gets a hint, then a product with a hole."""

import math
import re

import pytest
from page_graphs import ids, network, of, worked

from engine import grad, log, parse, sin
from engine.graph import topological_order

NUMBER = re.compile(r"(?<![\w.])[-+−]?\d+\.?\d*(?:e[-+]\d+)?")


def unlike():
    """A graph in which no number happens to equal another."""
    x, y, z, w = (parse("a*1", a=number).operands[0] for number in (1.3, 0.7, 2.9, 1.7))
    for value, label in zip((x, y, z, w), "xyzw"):
        value.label = label
    return (sin(x * y) + log(x / z) * 2.3) / w


def known(output):
    """The values of results, the local derivatives, and all that arrives at a node on each path; each a set of numbers."""
    order = topological_order(output)
    free = [node for node in order if not node.constant]
    slopes = dict(zip(free, grad(output, free)))
    local, gradients = set(), {slope for node, slope in slopes.items() if node is not output}
    for node in order:
        for operand in dict.fromkeys(node.operands):
            if not operand.constant and node.operands.count(operand) == 1:
                partial = grad_of_one(node, operand)
                local.add(partial)
                gradients.add(partial * slopes[node])
    return {"value": {node.data for node in order if node.operands}, "local": local, "gradient": gradients}


def grad_of_one(node, operand):
    """∂node/∂operand of the one operation alone, from a small change, so that it shares nothing with the table of derivatives."""
    numbers = [value.data for value in node.operands]
    place = node.operands.index(operand)

    def at(x):
        return node.op.evaluate(*[x if i == place else number for i, number in enumerate(numbers)])

    h = 1e-5 * max(1.0, abs(operand.data))
    return (at(operand.data + h) - at(operand.data - h)) / (2 * h)


@pytest.mark.parametrize("kind", [
    "value",
    "local", "gradient",
])  # fmt: skip
def test_what_is_covered_stands_nowhere_on_the_page(kind, opened):
    """At any moment, also in the middle of a step and with a panel open: not in a text, not in a name for a screen reader."""
    output = unlike()
    page = opened(output, fold="none")
    page.go(page.last)  # everything was seen once before it is covered
    page.choose("cover", kind)
    numbers = known(output)
    elsewhere = {abs(x) for other in numbers.keys() - {kind} for x in numbers[other]} | {1.3, 0.7, 2.9, 1.7, 2.3, 1, 0}
    covered = [x for x in numbers[kind] if not any(math.isclose(abs(x), y, rel_tol=1e-3) for y in elsewhere)]
    assert len(covered) >= 3
    leaf = page.js("return document.querySelector('.card.input').id")
    for time in [step + share for step in range(page.last) for share in (0.2, 0.4, 0.7, 0.9, 1)]:
        page.go(time)
        if time == int(time):
            page.js("document.getElementById(arguments[0]).dispatchEvent(new Event('click'))", leaf)
            page.wait()
        seen = [float(text.replace("−", "-")) for text in NUMBER.findall(page.everything())]
        found = [(x, y) for x in covered for y in seen if math.isclose(abs(x), abs(y), rel_tol=5e-4)]
        assert found == [], f"at {time}: {found}"


def test_a_covered_gradient_is_not_told_by_what_the_derivative_promises(opened):
    output = worked()
    page = opened(output, "step=9&cover=gradient")
    page.js("document.getElementById(arguments[0]).dispatchEvent(new Event('click'))", ids(output)["x"])
    page.js("const s = document.querySelector('#slide'); s.value = 4; s.dispatchEvent(new Event('input'))")
    page.wait()
    assert "12" not in page.text("#promised")


@pytest.mark.parametrize("kind", ["value", "local", "gradient"])
def test_a_covered_step_waits_with_its_question(kind, opened):
    page = opened(worked(), f"cover={kind}")
    asked = page.walk("return document.querySelector('#ask:not([hidden]) #question')?.textContent ?? ''", first=1)
    assert asked == {
        "value": ["v=", "u=", "f=", *[""] * 6],
        "local": [""] * 4 + ["∂f∂u=", "∂f∂z=", "∂u∂v=", "∂u∂y=", "∂v∂x="],
        "gradient": [""] * 4 + ["∂f∂u=", "∂f∂z=", "∂f∂v=", "∂f∂y=", "∂f∂x="],
    }[kind]


def test_while_it_waits_a_step_shows_the_rule_in_letters_alone(opened):
    """The numbers put in would leave nothing but arithmetic; a hint may put them in."""
    page = opened(worked(), "step=6&cover=gradient")
    assert page.now == ["∂f/∂z = ∂f/∂f · (-u/z²) = ?"]
    assert page.texts("#formula .hole") == ["?"]
    assert page.text("#sentence") == ""
    page.choose("cover", "local")
    assert page.now == ["∂f/∂z = ?"]
    page.go(1)
    page.choose("cover", "value")
    assert page.now == ["v = x² = ?"]


def guess(page, text):
    page.js("document.querySelector('#guess').value = ''")
    page.find("#guess").send_keys(text + "\n")
    page.wait()
    return page.text("#hint")


RIGHT = [(5, "1/2"), (5, "0.5"), (5, "sqrt(1/4)"), (6, "-36/4"), (6, "-9"), (6, "-9.0"), (6, "-3**2")]


@pytest.mark.parametrize(("step", "text"), RIGHT)
def test_a_right_guess_in_any_form_goes_on(step, text, opened):
    page = opened(worked(), f"step={step}&cover=gradient")
    assert guess(page, text) == ""
    assert page.js("return state.time") == step
    assert page.now[0].endswith(f"= {[0.5, -9][step - 5]}".replace(".0", ""))
    assert page.texts("#ask") == []


def test_a_first_wrong_guess_gets_a_hint_and_a_second_one_the_product_with_a_hole(opened):
    page = opened(worked(), "step=5&cover=gradient")
    page.click("show")
    page.go(8)
    assert page.now == ["∂f/∂y = ∂f/∂u · v = ?"]
    assert guess(page, "-4.5") == "The size is right. What is its sign?"
    again = guess(page, "17")
    assert again.startswith("Multiply what arrives at u by what stands on the arrow to y.")
    assert page.js("return [...document.querySelectorAll('#hint math')].map(m => m.textContent)")[-1] == "=0.5⋅?"
    assert "4.5" not in page.everything().replace("-4.5", "")
    assert guess(page, "9").startswith("This is the local derivative ∂u/∂y alone.")
    assert page.js("return [...document.querySelectorAll('#hint math')].map(m => m.textContent)")[-1] == "=?⋅9"
    assert guess(page, "4.5") == ""
    assert page.now[0].endswith("= 4.5")


def test_a_hint_does_not_tell_another_covered_gradient(opened):
    page = opened(worked(), "step=8&cover=gradient")
    assert page.now == ["∂f/∂y = ∂f/∂u · v = ?"]
    for wrong in ("17", "18"):
        guess(page, wrong)
    assert "0.5" not in page.text("#hint")


def test_a_path_that_is_missing_is_named(opened):
    page = opened(parse("(x*x + 5*x)*2", x=31), "cover=gradient")
    asked = [number for number in range(1, page.last + 1)
             if page.go(number) or page.js("return !document.querySelector('#ask').hidden")]  # fmt: skip
    seen = []
    for number in asked:
        page.go(number)
        if page.text("#question").startswith("∂f∂x"):
            seen.append(guess(page, "62"))
            page.click("show")
    assert seen[1] == "This is what this path alone brings. x has received something by another path before."


@pytest.mark.parametrize(("text", "said"), [("4,5", "Write 4.5, with a point."), ("", "Write a number such as 3, 1/3 or pi/2."),
                                            ("half", "there is no number called half")])  # fmt: skip
def test_what_is_no_number_is_refused_and_costs_no_try(text, said, opened):
    page = opened(worked(), "step=6&cover=gradient")
    assert said in guess(page, text)
    assert said in guess(page, text)
    assert guess(page, "9") == "The size is right. What is its sign?", "this is the first guess that counts"
    assert page.js("return document.querySelectorAll('#hint math').length") == 0


def test_show_me_is_always_there_and_goes_on(opened):
    page = opened(worked(), "step=5&cover=gradient")
    page.click("show")
    assert page.now[0].endswith("= 0.5")
    assert page.text("#sentence").startswith("If u grows")
    page.click("next")
    assert page.now[0].endswith("= ?")
    page.click("back")
    assert page.now[0].endswith("= 0.5"), "what was shown stays shown"
    page.choose("cover", "")
    page.choose("cover", "gradient")
    assert page.now[0].endswith("= ?"), "until it is covered again"


def test_playing_waits_at_what_is_covered_and_goes_on_after_the_answer(opened):
    from selenium.webdriver.support.ui import WebDriverWait

    page = opened(worked(), "step=4&cover=gradient", media=())
    page.choose("speed", "4")
    page.click("play")
    WebDriverWait(page.driver, 20).until(lambda _: page.texts("#ask") and page.text("#play-word") == "play")
    assert page.step == 5
    assert page.now == ["∂f/∂u = ∂f/∂f · 1/z = ?"]
    guess(page, "0.5")
    WebDriverWait(page.driver, 20).until(lambda _: page.step == 6 and page.text("#play-word") == "play")
    assert page.now[0].endswith("= ?")


def test_a_covered_value_of_a_folded_neuron_is_asked_for_too(opened):
    page = opened(network(2, 2, 1), "step=1&cover=value", fold="neurons")
    assert page.now[0].endswith("= ?")
    page.click("show")
    assert re.search(r"= -?\d+\.\d+$", page.now[0])


@pytest.mark.parametrize("kind", ["value", "local", "gradient"])
def test_every_question_of_a_folded_network_can_be_answered_wrong_twice_and_shown(kind, opened):
    """No question ends in an error or in words with a gap."""
    page = opened(network(2, 2, 1), f"cover={kind}", fold="neurons")
    for step in range(1, page.last + 1):
        page.go(step)
        if page.texts("#ask"):
            for _ in range(2):
                hint = guess(page, "98765")
                assert hint
                assert not re.search(r"undefined|null|NaN|\{", hint)
            page.click("show")
            assert page.step == step


def test_where_paths_meet_no_sum_tells_what_is_covered(opened):
    page = opened(of(lambda x, y, z: x * x * y / z + log(x), 31, 4, 2)(), "cover=gradient")
    for number in range(1, page.last + 1):
        page.go(number)
        if page.texts("#ask"):
            assert len(page.now) == 1
            assert page.now[0].endswith("= ?")
