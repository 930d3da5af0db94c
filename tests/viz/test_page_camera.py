"""The camera: letters are large enough at every step, the new number is seen, nothing is hidden; the reader's hands win."""

import pytest
from page_graphs import GRAPHS, elman, ids, network, worked

from engine import Value
from nn import MLP

SCREENS = {  # size, whether it is a phone, the link, and how small a letter may be
    "1280x800": ((1280, 800), False, "", 12), "1920x1080": ((1920, 1080), False, "", 12),
    "projector": ((1920, 1080), False, "projector", 24), "phone": ((390, 844), True, "", 12),
}  # fmt: skip


def four_six_three():
    return MLP(4, [6, 3], "tanh", seed=0)([Value(0.3 * i, f"x{i}") for i in range(4)])[0]


STAGED = {"x²y/z": (worked, "auto"), "three paths": (GRAPHS["three paths"], "auto"),
          "2-2-1 open": (lambda: network(2, 2, 1), "none"), "2-2-1 folded": (lambda: network(2, 2, 1), "neurons"),
          "4-6-3": (four_six_three, "auto"), "a loop": (elman, "auto")}  # fmt: skip
each_graph = pytest.mark.parametrize(("build", "fold"), STAGED.values(), ids=STAGED)
each_screen = pytest.mark.parametrize(("size", "phone", "link", "least"), SCREENS.values(), ids=SCREENS)

LOOK = """
const shown = part => part.getClientRects().length && getComputedStyle(part).visibility !== "hidden";
const inWindow = b => b.right > 0 && b.left < innerWidth && b.bottom > 0 && b.top < innerHeight;
const box = part => { const b = part.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
const zoom = document.querySelector("#world").getScreenCTM().a;
const letters = [...document.querySelectorAll("#stage text, #stage tspan")]
  .filter(text => text.textContent && shown(text) && inWindow(text.getBoundingClientRect()))
  .map(text => [parseFloat(getComputedStyle(text).fontSize) * zoom, text.textContent]);
const named = part => [...box(part), part.parentNode.textContent];
const boxes = selector => [...document.querySelectorAll(selector)].filter(shown).map(named);
const panels = ["head", "dock", "side", "panel"].map(id => document.getElementById(id)).filter(shown).map(box);
const step = stepAt(state.time), card = step && target(step).card;
return { letter: letters.sort((a, b) => a[0] - b[0])[0], cards: boxes(".card > .body"), signs: boxes(".card > .operation"),
         chips: boxes(".chip > rect"), panels, card: card ? box(card.querySelector(".body")) : null,
         window: [innerWidth, innerHeight], words: card ? card.textContent : "" };
"""


def overlap(one, other, slack=1.0):
    return one[0] < other[2] - slack and other[0] < one[2] - slack and one[1] < other[3] - slack and other[1] < one[3] - slack


def pairs(ones, others=None):
    """Which boxes lie on which, by their texts."""
    if others is not None:
        return [(a[4], b[4]) for a in ones for b in others if overlap(a, b)]
    return [(a[4], b[4]) for i, a in enumerate(ones) for b in ones[:i] if overlap(a, b)]


@each_screen
@each_graph
def test_at_every_step_letters_are_large_enough_and_the_new_number_is_seen(build, fold, size, phone, link, least, opened):
    page = opened(build(), link, fold=fold, size=size, phone=phone)
    for step, seen in enumerate(page.walk(LOOK)):
        assert seen["cards"]
        assert pairs(seen["cards"]) == [], f"step {step}: cards"
        assert pairs(seen["chips"], [*seen["cards"], *seen["signs"]]) == [], f"step {step}: chips on cards"
        assert seen["letter"][0] >= least, f"step {step}: {seen['letter']}"
        if seen["card"] is None:
            continue
        left, top, right, bottom = seen["card"]
        assert left >= 0, f"step {step}"
        assert top >= 0, f"step {step}"
        assert right <= seen["window"][0], f"step {step}"
        assert bottom <= seen["window"][1], f"step {step}"
        hidden = [panel for panel in seen["panels"] if overlap(seen["card"], panel)]
        assert hidden == [], f"step {step}: {seen['words']} lies under a panel"


@pytest.mark.parametrize("screen", ["1280x800", "phone"])
@pytest.mark.parametrize("name", STAGED)
def test_no_chip_lies_on_another(name, screen, opened):
    (build, fold), (size, phone, *_) = STAGED[name], SCREENS[screen]
    for step, seen in enumerate(opened(build(), fold=fold, size=size, phone=phone).walk(LOOK)):
        assert pairs(seen["chips"]) == [], f"step {step}"


@each_graph
def test_after_longer_numbers_chips_still_lie_on_nothing(build, fold, opened):
    page = opened(build(), fold=fold)
    page.go(page.last)
    page.js("for (const i of INPUTS) NODES[i].value *= -123.456789; recompute(); goTo(Infinity)")
    page.wait()
    seen = page.js(LOOK)
    assert pairs(seen["chips"]) == []
    assert pairs(seen["chips"], seen["cards"]) == []


@pytest.mark.parametrize(("link", "least"), [("", 12), ("projector", 24)])
def test_the_letters_of_the_panels_are_large_enough_too(link, least, opened):
    page = opened(worked(), link, size=(1920, 1080))
    small = page.walk("""
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
        for (let node = texts.nextNode(); node; node = texts.nextNode()) {
          const parent = node.parentElement;
          if (!node.data.trim() || !parent.getClientRects().length) continue;
          if (parent.closest("svg, .visually-hidden, script, style, option")) continue;
          const size = parseFloat(getComputedStyle(parent).fontSize);
          if (size < arguments[0]) found.push(`${node.data.trim()} has ${size}`);
        }
        return found;""", least)  # fmt: skip
    assert sorted({text for step in small for text in step}) == []


def test_a_graph_of_one_card_and_a_very_wide_one_are_shown(opened):
    for output in (Value(2, "x") * 1, sum(Value(0.1 * i, f"x{i}") for i in range(40))):
        page = opened(output)
        seen = page.js(LOOK)
        assert seen["letter"][0] >= 12
        assert seen["cards"]


# --- the reader's hands ---

WORLD = "const m = document.querySelector('#world').getScreenCTM(); return [m.a, m.e, m.f]"


def hand(page, kind, x, y, **more):
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})
    page.wait()


def pan(page, start, end):
    hand(page, "mousePressed", *start, button="left", clickCount=1)
    hand(page, "mouseMoved", (start[0] + end[0]) / 2, (start[1] + end[1]) / 2, button="left", buttons=1)
    hand(page, "mouseMoved", *end, button="left", buttons=1)
    hand(page, "mouseReleased", *end, button="left", clickCount=1)


def empty_place(page):
    """A place of the window where nothing but the ground is."""
    return page.js("""
        for (let y = 120; y < 600; y += 20) for (let x = 60; x < 1100; x += 20)
          if ([[x, y], [x + 60, y + 40]].every(([a, b]) => document.elementFromPoint(a, b).id === "ground")) return [x, y];""")


def test_a_pan_by_hand_wins_until_follow_is_pressed(opened):
    page = opened(network(2, 2, 1), fold="none")
    chosen = page.js(WORLD)
    x, y = empty_place(page)
    pan(page, (x, y), (x + 60, y + 40))
    moved = page.js(WORLD)
    assert moved == pytest.approx([chosen[0], chosen[1] + 60, chosen[2] + 40], abs=0.1)
    assert page.find("#follow").get_attribute("aria-pressed") == "false"
    assert page.walk(WORLD) == [pytest.approx(moved, abs=0.1)] * (page.last + 1)
    page.go(0)
    page.click("follow")
    assert page.js(WORLD) == pytest.approx(chosen, abs=0.1)
    assert page.find("#follow").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize(("delta", "larger"), [(-240, True), (240, False)], ids=["in", "out"])
def test_the_wheel_zooms_about_the_point_under_it(delta, larger, opened):
    page = opened(worked())
    zoom, left, top = page.js(WORLD)
    at = (700, 350)
    before = ((at[0] - left) / zoom, (at[1] - top) / zoom)
    hand(page, "mouseWheel", *at, deltaX=0, deltaY=delta)
    now, left, top = page.js(WORLD)
    assert (now > zoom) == larger
    assert ((at[0] - left) / now, (at[1] - top) / now) == pytest.approx(before, abs=0.2)


def test_buttons_and_keys_zoom_fit_and_follow(opened):
    page = opened(network(2, 2, 1), fold="none")
    page.go(9)
    chosen = page.js(WORLD)
    buttons = (lambda: page.click("closer"), lambda: page.click("farther"))
    keys = (lambda: page.press("+"), lambda: page.press("-"))
    for closer, farther in (buttons, keys):
        closer()
        assert page.js(WORLD)[0] == pytest.approx(chosen[0] * 1.25, rel=1e-3)
        farther()
        assert page.js(WORLD)[0] == pytest.approx(chosen[0], rel=1e-3)
    for fit in (lambda: page.click("fit"), lambda: page.press("0")):
        page.press("+", "+")
        fit()
        every = page.js(LOOK)
        left, top, right, bottom = page.js("const r = freeRoom(); return [r.left, r.top, r.right, r.bottom]")
        assert all(left <= card[0] and top <= card[1] and card[2] <= right and card[3] <= bottom for card in every["cards"])
    assert len(every["cards"]) == page.js("return items.length")
    page.press("f")
    assert page.js(WORLD) == pytest.approx(chosen, abs=0.5)
    page.press("f")
    assert page.find("#follow").get_attribute("aria-pressed") == "false"


def touch(page, kind, *points):
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {
        "type": kind, "touchPoints": [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)],
    })  # fmt: skip
    page.wait()


def pinch(page, middle, before, after):
    """Two fingers, side by side; how the zoom changed, and where the point between them went."""
    zoom, left, top = page.js(WORLD)
    held = ((middle[0] - left) / zoom, (middle[1] - top) / zoom)
    fingers = [[(middle[0] - half, middle[1]), (middle[0] + half, middle[1])] for half in (before, (before + after) / 2, after)]
    touch(page, "touchStart", *fingers[0])
    touch(page, "touchMove", *fingers[1])
    touch(page, "touchMove", *fingers[2])
    touch(page, "touchEnd")
    now, left, top = page.js(WORLD)
    return now / zoom, (now * held[0] + left - middle[0], now * held[1] + top - middle[1])


def test_two_fingers_zoom_and_keep_what_is_between_them(opened):
    page = opened(worked(), size=(1280, 800))
    factor, (dx, dy) = pinch(page, (640, 600), 50, 100)
    assert factor == pytest.approx(2, rel=0.02)
    assert abs(dx) < 15
    assert abs(dy) < 3


def test_two_fingers_may_begin_on_a_card(opened):
    output = worked()
    page = opened(output, size=(1280, 800))
    left, top, right, bottom = page.js("const b = document.querySelector('#' + arguments[0] + ' .body').getBoundingClientRect();"
                                       "return [b.left, b.top, b.right, b.bottom]", ids(output)["u"])  # fmt: skip
    factor, _ = pinch(page, ((left + right) / 2 + 40, (top + bottom) / 2), 40, 80)
    assert factor == pytest.approx(2, rel=0.02)


def test_one_finger_moves_the_stage_on_a_phone(opened):
    page = opened(network(2, 2, 1), fold="neurons", size=(390, 844), phone=True)
    before = page.js(WORLD)
    x, y = page.js("""
        for (let y = 200; y < 560; y += 6) for (let x = 20; x < 370; x += 6)
          if (document.elementFromPoint(x, y).id === "ground") return [x, y];""")
    touch(page, "touchStart", (x, y))
    touch(page, "touchMove", (x + 10, y + 30))
    touch(page, "touchEnd")
    assert page.js(WORLD) == pytest.approx([before[0], before[1] + 10, before[2] + 30], abs=0.5)


def test_in_projector_mode_one_key_shows_the_graph_and_the_step_alone(opened):
    page = opened(worked(), "step=5", size=(1920, 1080))
    assert page.texts("#side h2") == ["Inputs", "Steps"]
    page.press("p")
    assert page.texts("#side, #side h2") == []
    assert page.js(LOOK)["letter"][0] >= 24
    page.press("p")
    assert page.texts("#side h2") == ["Inputs", "Steps"]
