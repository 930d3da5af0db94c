"""A page is for everybody: on a phone, in the dark, on paper, by keyboard and for a screen reader."""

import re

import pytest
from browser import CALM
from page_graphs import ids, network, of, worked

from engine import Value

PHONE = (390, 844)


@pytest.mark.parametrize("build", [worked, lambda: network(2, 4, 1), of(lambda x: x + Value(1, "a_label_without_an_end" * 5), 1)],
                         ids=["x²y/z", "a network", "a long label"])  # fmt: skip
def test_on_a_phone_the_page_does_not_scroll_sideways(build, opened):
    page = opened(build(), size=(360, 740), phone=True)
    assert set(page.walk("return document.documentElement.scrollWidth")) == {360}
    page.click("list")
    assert page.js("return document.documentElement.scrollWidth") == 360


def test_on_a_phone_the_graph_runs_from_top_to_bottom(opened):
    output = worked()
    page = opened(output, size=PHONE, phone=True)
    place = "const b = document.getElementById(arguments[0]).getBoundingClientRect(); return [b.left, b.top]"
    boxes = [page.js(place, ids(output)[name]) for name in "xvuf"]
    assert sorted(boxes, key=lambda box: box[1]) == boxes
    assert boxes[-1][1] - boxes[0][1] > boxes[-1][0] - boxes[0][0]


@pytest.mark.parametrize("size", [PHONE, (1280, 800), (1920, 1080)], ids=str)
def test_what_is_touched_is_44_pixels_large(size, opened):
    page = opened(worked(), "step=5&cover=gradient", size=size, phone=size is PHONE)
    small = page.js("""
        const touched = document.querySelectorAll("#head button, #head select, #bar button, #bar input, #ask input, #ask button");
        return [...touched].filter(e => e.getClientRects().length).map(e => [e.id, e.offsetWidth, e.offsetHeight])
          .filter(([, width, height]) => width < 44 || height < 44)""")
    assert small == []


@pytest.mark.parametrize("size", [PHONE, (1280, 800)], ids=str)
def test_no_control_is_cut_off_or_covered(size, opened):
    """Each control answers to a touch in its middle."""
    page = opened(worked(), "step=5&cover=gradient", size=size, phone=size is PHONE)
    hidden = page.js("""
        return [...document.querySelectorAll("#head button, #head select, #dock button, #dock input, #dock select")].filter(e => {
          const box = e.getBoundingClientRect();
          const top = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
          return e.getClientRects().length && !(top && (e === top || e.contains(top)));
        }).map(e => e.id || e.textContent)""")
    assert hidden == []


def luminance(rgb):
    linear = [x / 3294.6 if x <= 10.31 else ((x / 255 + 0.055) / 1.055) ** 2.4 for x in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """The contrast ratio of two colours, as the accessibility guidelines (WCAG) define it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colour(page, selector, key):
    """The colour of the first element that is seen, as the browser draws it: [red, green, blue, share]."""
    return page.js("""
        const part = [...document.querySelectorAll(arguments[0])].find(e => e.getClientRects().length);
        const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        canvas.fillStyle = getComputedStyle(part)[arguments[1]];
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data]""", selector, key)  # fmt: skip


TEXTS = [  # what is read, and what is behind it: selectors and properties
    ("h1", "color", "#head", "backgroundColor"), (".card.input .name", "fill", ".card.input .body", "fill"),
    (".card.input .value", "fill", ".card.input .body", "fill"), (".card.input .gradient", "fill", ".card.input .body", "fill"),
    (".card.result .value", "fill", ".card.result .body", "fill"),
    (".card.result .gradient", "fill", ".card.result .body", "fill"),
    (".sign", "fill", ".operation", "fill"), (".chip text", "fill", ".chip rect", "fill"),
    (".card.weight .value", "fill", ".card.weight .body", "fill"),
    (".card.weight .gradient", "fill", ".card.weight .body", "fill"),
    (".tab text", "fill", ".tab rect", "fill"), (".port text", "fill", ".port rect", "fill"),
    ("#sentence", "color", "#dock", "backgroundColor"), ("#phase.backward b", "color", "#phase", "backgroundColor"),
    ("#formula math .value", "color", "#dock", "backgroundColor"),
    ("#formula math .gradient", "color", "#dock", "backgroundColor"),
    ("#follow", "color", "#follow", "backgroundColor"), ("#fit", "color", "#fit", "backgroundColor"),
    ("#inputs input", "color", "#inputs input", "backgroundColor"),
    ("#steps li:not(.later)", "color", "#side", "backgroundColor"),
    ("#steps [aria-current]", "color", "#steps [aria-current]", "backgroundColor"),
    ("#steps .later", "color", "#side", "backgroundColor"),
]  # fmt: skip
LINES = [(".edge:not(.passed)", "stroke"), (".edge.passed", "stroke"), (".edge.backward", "stroke"), (".frame", "stroke"),
         (".card .body", "stroke")]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_and_every_line_stands_out_in_light_and_in_dark(scheme, opened):
    page = opened(network(2, 2, 1), fold="none", media=[CALM, {"name": "prefers-color-scheme", "value": scheme}])
    page.go(page.last - 9)
    paper = colour(page, "body", "backgroundColor")[:3]
    assert (luminance(paper) > 0.5) == (scheme == "light")
    for text, ink, behind, ground in TEXTS:
        assert contrast(colour(page, text, ink)[:3], colour(page, behind, ground)[:3]) >= 4.5, (text, behind)
    for line, ink in LINES:
        assert contrast(colour(page, line, ink)[:3], paper) >= 3, line


def test_a_sign_is_never_told_by_colour_alone(opened):
    page = opened(worked(), "step=9")
    minus = page.js("return [...document.querySelectorAll('.chip')].filter(chip => chip.classList.contains('negative'))"
                    ".map(chip => chip.textContent)")  # fmt: skip
    assert minus == ["×−9"]
    dashed = page.js("return [...document.querySelectorAll('.edge')]"
                     ".map(edge => getComputedStyle(edge).strokeDasharray !== 'none')")  # fmt: skip
    assert sorted(dashed) == [False] * 4 + [True]


def test_on_paper_all_steps_are_there_and_no_controls(opened, emulate):
    page = opened(worked(), size=(794, 1123))  # A4
    assert page.find("#bar").is_displayed()
    page.js("dispatchEvent(new Event('beforeprint'))")
    emulate("setEmulatedMedia", media="print")
    page.wait()
    assert page.texts("nav, #bar, #ask, #inputs, #panel") == []
    assert page.texts("#steps li")[8] == "∂f/∂x = ∂f/∂v · 2x = 2 · 2·3 = 12"
    assert page.js("const list = document.querySelector('#steps'); return list.scrollHeight <= list.clientHeight + 1")
    graph, world = page.js("return ['#stage', '#cards'].map(id => { const b = document.querySelector(id).getBoundingClientRect();"
                           "return [b.left, b.top, b.right, b.bottom]; })")  # fmt: skip
    assert graph[0] <= world[0]
    assert graph[1] <= world[1]
    assert graph[2] >= world[2]
    assert graph[3] >= world[3]


def test_after_printing_the_page_is_as_before(opened):
    page = opened(worked(), "step=2")
    page.js("dispatchEvent(new Event('beforeprint')); dispatchEvent(new Event('afterprint'))")
    page.wait()
    assert "=" not in page.texts("#steps li")[8]


def test_each_step_is_announced(opened):
    page = opened(worked())
    assert page.find("#now").get_attribute("aria-live") == "polite"
    page.go(5)
    assert page.now == ["∂f/∂u = ∂f/∂f · 1/z = 1 · 1/2 = 0.5"]
    assert page.find("#formula").get_attribute("aria-hidden") == "true", "not read twice"


@pytest.mark.parametrize("link", ["", "step=5&cover=gradient"])
def test_every_control_has_a_name_for_a_screen_reader(link, opened, driver):
    page = opened(network(2, 2, 1), link, fold="neurons")
    page.js("document.querySelector('.card.input').dispatchEvent(new Event('click'))")
    page.wait()
    parts = driver.find_elements("css selector", "button, input, select, aside form, section, [role=button], [role=application]")
    shown = [part for part in parts if part.is_displayed()]
    assert len(shown) > 20
    assert [part.get_attribute("outerHTML")[:80] for part in shown if not part.accessible_name] == []
    assert driver.find_element("css selector", "html").get_attribute("lang") == "en"


def test_a_card_is_read_with_its_value_and_its_gradient(opened):
    output = worked()
    page = opened(output, "step=9")
    assert page.find(f"#{ids(output)['v']}").accessible_name == "v, 9, ∂ +2"


def test_the_focus_stays_where_it_was_when_a_group_opens(opened):
    page = opened(network(2, 2, 1), fold="neurons")
    page.js("document.querySelector('.card.fold').focus()")
    page.press("\n")
    assert page.js("return document.activeElement !== document.body")


def test_a_large_text_of_the_steps_stays_inside_its_panel(opened):
    page = opened(of(lambda x: x + Value(1, "a_label_without_an_end" * 5), 1)(), "step=1")
    assert page.js("const d = document.querySelector('#dock'); return d.scrollWidth <= d.clientWidth + 1")
    assert re.search(r"a_label", page.now[0])
