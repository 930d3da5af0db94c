"""Motion with meaning: a value travels along its arrow, a gradient against it, is multiplied at the chip, and adds itself up."""

import math

import pytest
from page_graphs import GRAPHS, elman, network, worked

AT = """
const time = arguments[0], done = arguments[arguments.length - 1];
goTo(time);
Object.assign(state, { speed: 0, playing: arguments[1] });
requestAnimationFrame(() => requestAnimationFrame(() => {
  const box = e => { const b = e.getBoundingClientRect(); return [(b.left + b.right) / 2, (b.top + b.bottom) / 2]; };
  const own = e => { const m = e.getAttribute("transform").match(/-?[\\d.]+/g).map(Number); return m; };
  done([...document.querySelectorAll(".token")].filter(token => token.getAttribute("visibility") === "visible").map(token =>
    ({ text: token.textContent, look: token.getAttribute("class"), at: own(token), seen: box(token) })));
}));
"""  # what moves at a time: in the drawing's own places, and where it is seen


def moving(page, time, playing=False):
    """What moves; while it plays, or where it was stopped."""
    return page.driver.execute_async_script(AT, time, playing)


def steps_of(page, kind):
    """For each step of a kind: its number, the places of its arrow's tail and head, of both cards, and of its chip."""
    return page.js("""
        return steps.filter(step => step.kind === arguments[0]).map(step => {
          const place = item => [item.x, item.y], { ins } = step.item;
          const link = step.link ?? ins.find(l => l.sources.length === 1) ?? ins[0];
          return { number: step.number, item: place(step.item), from: place(link.from), ins: ins.length,
            tail: pointAlong(link, 0), head: pointAlong(link, 1), chip: link.chipAt ?? null, bent: link.segments.length,
            share: link.sources.length === 1 && localOf(link) !== null ? shareOf(link) : null,
            arriving: step.item.node === null ? null : gradients[step.item.node],
            slope: link.sources.length === 1 ? localOf(link) : null };
        });""", kind)  # fmt: skip


def away(one, other):
    return math.dist(one, other)


TRIED = {"x²y/z": worked, "three paths": GRAPHS["three paths"], "a network": lambda: network(2, 2, 1), "a loop": elman}
each_graph = pytest.mark.parametrize("build", TRIED.values(), ids=TRIED)


@each_graph
def test_backward_the_number_travels_against_the_arrow(build, opened):
    """It goes away from the arrow's head all the time, and towards the card at its tail."""
    page = opened(build())
    for step in steps_of(page, "backward"):
        if step["share"] is None:
            continue
        shares = (0.15, 0.18, 0.21, 0.24, 0.27, 0.6, 0.63, 0.66, 0.69, 0.72)
        places = [moving(page, step["number"] - 1 + share) for share in shares]
        assert all(len(found) == 1 and found[0]["look"] == "token gradient" for found in places)
        along = [found[0]["at"] for found in places]
        if step["bent"] == 1:  # an arrow that passes a frame's edge need not go straight away
            distances = [away(at, step["head"]) for at in along]
            assert distances == sorted(distances)
            assert distances[-1] > distances[0]
        assert away(along[0], step["head"]) < away(along[0], step["tail"])
        assert away(along[-1], step["tail"]) < away(along[-1], step["head"])


@each_graph
def test_it_is_multiplied_at_the_chip_and_arrives_as_the_product(build, opened):
    page = opened(build())
    for step in steps_of(page, "backward"):
        if step["share"] is None:
            continue
        before, product, after = (moving(page, step["number"] - 1 + share)[0] for share in (0.2, 0.36, 0.6))
        sign = "+" if step["arriving"] > 0 else ""
        assert number(before["text"]) == pytest.approx(step["arriving"], rel=1e-3, abs=1e-12)
        assert before["text"].startswith(sign)
        arriving, slope = product["text"].split(" × ")
        assert number(arriving) * number(slope.strip("()")) == pytest.approx(step["share"], rel=3e-3, abs=1e-12)
        assert number(after["text"]) == pytest.approx(step["share"], rel=1e-3, abs=1e-12)
        assert away(product["at"], step["chip"]) < 60, "the product stands at the chip"


def number(text):
    return float(text.replace("−", "-"))


@each_graph
def test_it_begins_at_the_readers_card_and_ends_on_the_card_at_the_tail(build, opened):
    page = opened(build())
    for step in steps_of(page, "backward"):
        if step["share"] is None:
            continue
        first, last = moving(page, step["number"] - 1 + 0.035)[0], moving(page, step["number"] - 1 + 0.795)[0]
        assert away(first["at"], step["item"]) < 30
        assert away(last["at"], step["from"]) < 30
        assert moving(page, step["number"] - 1 + 0.81) == [], "and is on the card from then on"


def test_the_running_sum_stands_on_the_card_when_the_number_has_arrived(opened):
    output = GRAPHS["three paths"]()
    page = opened(output)
    sums = []
    card = page.js("return itemOf[NODES.findIndex(node => node.name === 'x')].key")
    for step in range(page.js("return itemOf[LAST].seeded"), page.last):
        for share in (0.75, 0.85):
            page.js("goTo(arguments[0])", step + share)
            page.wait()
            sums.append(page.card(card).get("sum", ""))
    assert list(dict.fromkeys(sums)) == ["", "+0.333  …", "+0.333  +6  …", "+0.333  +6  +6"]


@each_graph
def test_forward_values_travel_along_their_arrows_into_the_operation(build, opened):
    page = opened(build())
    for step in steps_of(page, "forward"):
        early, late = moving(page, step["number"] - 1 + 0.15), moving(page, step["number"] - 1 + 0.55)
        assert len(early) == len(late) <= min(8, step["ins"])
        assert all(found["look"] == "token value" for found in early)
        if early and step["bent"] == 1:
            assert away(early[0]["at"], step["tail"]) < away(late[0]["at"], step["tail"])
            assert away(late[0]["at"], step["head"]) < away(early[0]["at"], step["head"])


@each_graph
def test_a_number_on_its_way_is_inside_the_window(build, opened):
    page = opened(build(), size=(1280, 800))
    for time in [step + share for step in range(page.last) for share in (0.1, 0.36, 0.6, 0.78)]:
        for token in moving(page, time, playing=True)[:1]:
            left, top, right, bottom = page.js("const r = freeRoom(); return [r.left, r.top, r.right, r.bottom]")
            assert left <= token["seen"][0] <= right
            assert top <= token["seen"][1] <= bottom


def test_a_moment_looks_the_same_however_it_was_come_by(opened):
    """Scrubbed to, played to from before, and opened by a link."""
    scene = ("const scene = document.querySelector('#world').cloneNode(true);"
             "for (const hidden of scene.querySelectorAll('[visibility=hidden], [display=none]')) hidden.remove();"
             "return scene.outerHTML")  # fmt: skip
    page = opened(worked(), media=())
    page.js("goTo(6.4)")
    page.wait()
    scrubbed = page.js(scene)
    page.js("goTo(0)")
    page.wait()
    page.js("for (let n = 0; n <= 64; n++) { state.time = n / 10; paint(state.time); paintMotion(state.time); } goTo(6.4)")
    page.wait()
    assert page.js(scene) == scrubbed
    assert opened(worked(), "step=6.4").js(scene) == scrubbed


def test_play_takes_longer_for_a_product_than_for_a_value_and_obeys_its_speed(opened):
    """Counted in the page's own seconds, not in ours."""
    page = opened(worked())
    seconds = """
        const { number, kind } = steps.find(step => step.kind === arguments[0]);
        let count = 0;
        goTo(number - 1);
        for (Object.assign(state, { playing: true, until: number, speed: arguments[1] }); state.playing; count++) advance(0.01);
        return count / 100"""
    forward, backward = page.js(seconds, "forward", 1), page.js(seconds, "backward", 1)
    assert 1 < forward < backward < 5
    assert page.js(seconds, "backward", 2) == pytest.approx(backward / 2, abs=0.02)
    page.wait()


def test_for_those_who_want_no_motion_a_step_is_done_at_once(opened):
    page = opened(worked())
    page.click("next")
    assert page.js("return [state.time, state.playing]") == [1, False]
