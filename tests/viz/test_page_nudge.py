"""Direct manipulation: drag an input, slide it, type it; everything follows, and beside it what the derivative promises."""

import re

import pytest
from page_graphs import GRAPHS, agree, ids, of, worked

from engine import grad, log, parse, recompute, sqrt
from engine.graph import topological_order
from engine.say.notation import show

NUMBER = r"([-+]?[\d.]+(?:e[-+]\d+)?)"


def moved(output, **numbers):
    leaves = {node.label: node for node in topological_order(output) if not node.operands}
    recompute(output, {leaves[name]: number for name, number in numbers.items()})
    return output


def signed(x):
    text = show(x, 4)
    return f"+{text}" if x > 0 else text


def sentences(build, name, h):
    """The three sentences of the panel, computed in Python."""
    output = build()
    leaf = next(node for node in topological_order(output) if node.label == name)
    slope, before, start = grad(output, [leaf])[0], output.data, leaf.data
    after = moved(output, **{name: start + h}).data
    label = output.label or list(ids(output))[-1]
    return [f"{name} moved by {signed(h)}.", f"The derivative promises {signed(slope)} · {signed(h)} = {signed(slope * h)}.",
            f"{label} really moved by {signed(after - before)}."]  # fmt: skip


def panel(page):
    return [page.text(f"#{part}") for part in ("nudged", "promised", "really")]


def slide(page, number, done=False):
    page.js("const s = document.querySelector('#slide'); s.value = arguments[0]; s.dispatchEvent(new Event('input'));"
            "if (arguments[1]) s.dispatchEvent(new Event('change'))", number, done)  # fmt: skip
    page.wait()
    return float(page.js("return document.querySelector('#slide').value"))


def select(page, output, name):
    page.find(f"#{ids(output)[name]}").click()
    page.wait()


TRIED = {"x²y/z in x": (worked, "x"), "x²y/z in z": (worked, "z"), "three paths": (GRAPHS["three paths"], "x"),
         "negative": (GRAPHS["negative numbers"], "x")}  # fmt: skip


@pytest.mark.parametrize(("build", "name"), TRIED.values(), ids=TRIED)
def test_the_panel_says_what_was_moved_what_was_promised_and_what_really_happened(build, name, opened):
    output = build()
    page = opened(output, f"step={99}")
    select(page, output, name)
    start = page.js("return NODES.find(node => node.name === arguments[0]).value", name)
    assert panel(page)[1:] == ["", ""]
    for share in (0.3, 0.6, 0.55):
        number = slide(page, start + share)
        assert panel(page) == sentences(build, name, number - start)
    agree(page, moved(build(), **{name: number}))


def test_each_slide_begins_where_the_last_one_ended(opened):
    output = worked()
    page = opened(output, "step=9")
    select(page, output, "x")
    first = slide(page, 4, done=True)
    second = slide(page, 5)
    assert panel(page) == sentences(lambda: moved(worked(), x=first), "x", second - first)


@pytest.mark.parametrize(("pixels", "sign"), [(40, 1), (-40, -1), (120, 1)])
def test_an_input_is_dragged_to_the_right_and_to_the_left(pixels, sign, opened, driver):
    from selenium.webdriver import ActionChains

    output = worked()
    page = opened(output, "step=9")
    card = page.find(f"#{ids(output)['z']}")
    ActionChains(driver).click_and_hold(card).move_by_offset(pixels // 2, 0).move_by_offset(pixels - pixels // 2, 0).perform()
    page.wait()
    number = page.js("return NODES.find(node => node.name === 'z').value")
    assert (number - 2) * sign > 0
    assert panel(page) == sentences(worked, "z", number - 2)
    ActionChains(driver).release().perform()
    page.wait()
    agree(page, moved(worked(), z=number))
    assert page.in_field("z") == page.js("return String(NODES.find(node => node.name === 'z').value)")
    assert float(re.search(r"z=([^&]+)", page.hash)[1]) == number
    assert page.js("return state.follow"), "the stage was not dragged with it"


def test_a_click_without_a_drag_opens_the_panel_and_changes_nothing(opened):
    output = worked()
    page = opened(output)
    select(page, output, "x")
    assert page.text("#panel-name") == "x"
    assert page.find("#number").get_attribute("value") == "3"
    agree(page, worked())
    page.click("close-panel")
    assert page.texts("#panel") == []


def test_the_number_that_is_dragged_is_written_without_noise(opened, driver):
    """0.1 + 0.2 is no number that anyone drags to."""
    from selenium.webdriver import ActionChains

    output = worked()
    page = opened(output)
    card = page.find(f"#{ids(output)['x']}")
    for pixels in (7, 13, 22):
        ActionChains(driver).drag_and_drop_by_offset(card, pixels, 0).perform()
        page.wait()
        assert len(page.in_field("x")) <= 6, page.in_field("x")


@pytest.mark.parametrize(("key", "sign"), [("\ue013", 1), ("\ue015", -1)], ids=["up", "down"])
def test_arrow_keys_move_an_input_that_has_the_focus(key, sign, opened):
    output = worked()
    page = opened(output)
    page.js("document.getElementById(arguments[0]).focus()", ids(output)["y"])
    page.press(key)
    number = page.js("return NODES.find(node => node.name === 'y').value")
    assert (number - 4) * sign > 0
    agree(page, moved(worked(), y=number))


def test_typing_in_the_panel_is_a_nudge_too(opened):
    output = worked()
    page = opened(output, "step=9")
    select(page, output, "x")
    page.js("const f = document.querySelector('#number'); f.value = '10/3'; f.dispatchEvent(new Event('input'))")
    page.wait()
    assert panel(page) == sentences(worked, "x", 10 / 3 - 3)
    assert page.text("#refused") == "= 3.33333333333"


CURVE = """
const path = document.querySelector("#curve"), tangent = document.querySelector("#tangent"), length = path.getTotalLength();
const at = id => { const c = document.querySelector(id); return [Number(c.getAttribute("cx")), Number(c.getAttribute("cy"))]; };
const points = Array.from({ length: 400 }, (_, n) => path.getPointAtLength(length * n / 399)).map(p => [p.x, p.y]);
const ends = tangent.getAttribute("d").match(/-?[\\d.]+(e-?\\d+)?/g).map(Number);
return { points, was: at("#was"), is: at("#is"), ends, dashed: getComputedStyle(tangent).strokeDasharray !== "none" };
"""


@pytest.mark.parametrize(("build", "name"), TRIED.values(), ids=TRIED)
def test_both_points_lie_on_the_curve_and_the_tangent_touches_it_at_the_first(build, name, opened):
    output = build()
    page = opened(output, "step=99")
    select(page, output, name)
    start = page.js("return NODES.find(node => node.name === arguments[0]).value", name)
    slide(page, start + 0.4)
    drawn = page.js(CURVE)
    for point in ("was", "is"):
        assert min(abs(x - drawn[point][0]) + abs(y - drawn[point][1]) for x, y in drawn["points"]) < 2
    x0, y0, x1, y1 = drawn["ends"]
    was = drawn["was"]
    assert y0 + (y1 - y0) * (was[0] - x0) / (x1 - x0) == pytest.approx(was[1], abs=0.5)
    near = [(x, y) for x, y in drawn["points"] if 0 < abs(x - was[0]) < 8]
    slope = (y1 - y0) / (x1 - x0)
    steep = [(y - was[1]) / (x - was[0]) for x, y in near if abs(x - was[0]) > 2]
    assert min(steep) - 0.25 <= slope <= max(steep) + 0.25
    assert drawn["dashed"] == (grad(output, [n for n in topological_order(output) if n.label == name])[0] < 0)


def test_the_curve_has_a_gap_where_the_function_does_not_exist(opened):
    page = opened(of(lambda x: sqrt(x) + log(x), 0.5)())
    page.find(".card.input").click()
    page.wait()
    slide(page, 1.5)
    assert not re.search("NaN|Infinity", page.js("return document.querySelector('#nudge').innerHTML"))
    assert min(x for x, _ in page.js(CURVE)["points"]) > 15, "the curve begins in the middle of the picture"


def test_an_undefined_number_in_the_panel_says_so_and_comes_back(opened):
    output = worked()
    page = opened(output, "step=9")
    select(page, output, "z")
    slide(page, 0)
    assert "divides by zero" in page.text("#sentence")
    assert not re.search("NaN|Infinity|undefined", page.texts("#panel")[0])
    number = slide(page, 1)
    agree(page, moved(worked(), z=number))


def test_a_number_on_its_way_can_be_dragged_in_the_middle_of_a_step(opened):
    page = opened(parse("v = x*y; f = v*x", x=2, y=3), "step=1.5")
    select(page, parse("v = x*y; f = v*x", x=2, y=3), "x")
    slide(page, 3)
    assert page.js("return state.time") == 1.5
    agree(page, parse("v = x*y; f = v*x", x=page.js("return NODES.find(n => n.name === 'x').value"), y=3))
