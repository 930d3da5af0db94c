"""The page of a network that learns: what it refuses, and the page in a real browser, as a reader uses it."""

import re

import numpy as np
import pytest
from browser import Page
from descent import MOONS, XOR, by_numpy, flat, weights

from engine import Value
from nn import MLP, Layer, losses
from viz import training_page
from viz.pages.assemble import asset, bundle, words
from viz.pages.training import data_module

# --- what is refused ---

def shared():
    w = Value(0.5)
    return MLP.from_weights([[[w, w]]], [[0.0]])


def softmax_like(z):
    return z


REFUSED = {
    "no MLP": (lambda: (Layer(2, 1), *XOR), TypeError, "The page trains an MLP, such as .*; this is a Layer"),
    "three inputs": (lambda: (MLP(3, [1]), *XOR), ValueError, "must have two inputs; this one has 3"),
    "two outputs": (lambda: (MLP(2, [2]), *XOR), ValueError, "by one output; this network has 2 outputs"),
    "three hidden layers": (lambda: (MLP(2, [3, 4, 5, 1]), *XOR), ValueError, "two hidden layers of 16 neurons.* has 3, 4 and 5"),
    "a wide layer": (lambda: (MLP(2, [17, 1]), *XOR), ValueError, "two hidden layers of 16 neurons; this network has 17"),
    "shared weights": (lambda: (shared(), *XOR), ValueError, "every weight learns for itself"),
    "a function of one's own": (lambda: (MLP(2, [3, 1], softmax_like), *XOR), ValueError, "softmax_like is not one of them"),
    "201 points": (lambda: (MLP(2, [1]), [[0, 1]] * 201, [0] * 201), ValueError, "room for 200 points; here are 201"),
    "three classes": (lambda: (MLP(2, [1]), XOR[0], [0, 1, 2, 1]), ValueError, "y must be 0 and 1, or -1 and 1; .* 0, 1, 2"),
    "three columns": (lambda: (MLP(2, [1]), [[1, 2, 3]], [1]), ValueError, "3"),
    "too few targets": (lambda: (MLP(2, [1]), XOR[0], [0, 1]), ValueError, "4 rows of data, 2 targets"),
}


@pytest.mark.parametrize(("make", "kind", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_the_page_cannot_show_gets_a_sentence_and_no_file(make, kind, sentence, tmp_path):
    with pytest.raises(kind, match=sentence):
        training_page(*make(), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "output", "y", "sentence"), [
    ({"loss": "hinge"}, "linear", [0, 1, 1, 0], "The page has the costs quadratic, .*'hinge'"),
    ({"loss": "binary_cross_entropy"}, "tanh", [0, 1, 1, 0], "goes with a sigmoid output; this network's is tanh"),
    ({"loss": "binary_cross_entropy"}, "sigmoid", [-1, 1, 1, -1], "takes the targets 0 and 1"),
    ({"lr": 0}, "tanh", [0, 1, 1, 0], "lr = 0 must be a number above 0"),
    ({"batch_size": 0}, "tanh", [0, 1, 1, 0], "batch_size = 0: give a whole number"),
])  # fmt: skip
def test_options_that_do_not_fit_get_a_sentence(options, output, y, sentence):
    with pytest.raises(ValueError, match=sentence):
        data_module(MLP(2, [3, 1], "tanh", output=output), XOR[0], y, **options)


def test_the_network_is_left_as_it_was(tmp_path):
    model = MLP(2, [3, 1], "tanh", output="tanh", seed=0)
    before = weights(model)
    path = training_page(model, XOR[0], [-1, 1, 1, -1], tmp_path / "page.html", batch_size="all")
    assert path.read_bytes().startswith(b"<!doctype html>")
    assert weights(model) == before


# --- in a browser ---

@pytest.fixture
def learn(driver, tmp_path):
    """learn(model, X, y, link="...", size=(1280, 800)): the page in the browser. Afterwards: no console message, no request."""

    def open_it(model=None, X=MOONS.X, y=MOONS.y, link="", size=(1280, 800), **options):
        model = model or MLP(2, [8, 1], "tanh", output="sigmoid", seed=1)
        options = {"loss": "binary_cross_entropy", "lr": 0.3, "batch_size": 10} | options
        path = training_page(model, X, y, tmp_path / "training.html", **options)
        driver.get("about:blank")
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get_log("browser")
        driver.get(path.as_uri() + link)
        return Page(driver)

    yield open_it
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert driver.get_log("browser") == []
    assert driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)") == []


def settled(page):
    """The link, once it has been written."""
    page.driver.execute_async_script("setTimeout(arguments[0], 400)")
    return page.js("return location.hash")


def point(page, x1, x2, *, shift=False, to=None):
    """Press the mouse at a place of the plane, given in its coordinates; with `to`, drag from there to another."""
    from selenium.webdriver import ActionChains, Keys

    def place(x1, x2):
        return page.js("""const box = document.querySelector('#points').getBoundingClientRect(), v = view;
            return [Math.round((arguments[0] - v.left) / v.size * box.width - box.width / 2),
                    Math.round((1 - (arguments[1] - v.bottom) / v.size) * box.height - box.height / 2)]""", x1, x2)  # fmt: skip

    field, actions = page.find("#points"), ActionChains(page.driver, duration=20)
    if shift:
        actions.key_down(Keys.SHIFT)
    actions.move_to_element_with_offset(field, *place(x1, x2)).click_and_hold()
    if to:
        actions.move_to_element_with_offset(field, *place(*to))
    actions.release()
    if shift:
        actions.key_up(Keys.SHIFT)
    actions.perform()


def test_the_buttons_make_updates_and_undo_them_in_the_browser(learn):
    model = MLP(2, [8, 1], "tanh", output="sigmoid", seed=1)
    page = learn(model)
    page.click("one-batch")
    assert (page.text("#updates-done"), page.text("#epochs-done")) == ("1", "0")
    page.click("one-epoch")
    assert (page.text("#updates-done"), page.text("#epochs-done")) == ("10", "1")
    expected = by_numpy(model, "binary_cross_entropy", MOONS.X, MOONS.y, 0.3, 10, 10)
    np.testing.assert_allclose(flat(page.js("return run.layers")), expected, rtol=1e-11, atol=1e-13)
    page.click("one-example")
    expected = by_numpy(MLP.from_weights(*parts_of(page)), "binary_cross_entropy", MOONS.X[:1], MOONS.y[:1], 0.3, 1, 0)
    page.click("undo")
    page.click("undo")
    assert page.text("#updates-done") == "1"
    page.click("reset")
    assert page.js("return run.layers") == [
        {**numbers, "activation": kind} for numbers, kind in zip(weights(model), ("tanh", "sigmoid"))
    ]
    assert len(expected) == 33


def parts_of(page):
    layers = page.js("return run.layers")
    return [layer["weight"] for layer in layers], [layer["bias"] for layer in layers]


def test_a_hundred_updates_in_the_browser_are_those_of_numpy(learn):
    page = learn()
    for _ in range(10):
        page.click("one-epoch")
    expected = by_numpy(MLP(2, [8, 1], "tanh", output="sigmoid", seed=1), "binary_cross_entropy", MOONS.X, MOONS.y, 0.3, 10, 100)
    np.testing.assert_allclose(flat(page.js("return run.layers")), expected, rtol=0, atol=1e-8)


def test_it_learns_while_it_plays_and_rests_when_it_is_paused(learn):
    page = learn()
    page.click("play")
    page.driver.execute_async_script("""const done = arguments[0];
        (function wait() { if (run.epoch >= 5) done(); else setTimeout(wait, 20); })()""")
    page.click("play")
    updates = page.text("#updates-done")
    page.driver.execute_async_script("setTimeout(arguments[0], 100)")
    assert page.text("#updates-done") == updates
    assert page.find("#details").is_displayed()
    page.click("undo")
    assert page.text("#updates-done") == "0"


def test_points_come_and_go_by_hand(learn):
    from selenium.webdriver import Keys

    page = learn(X=XOR[0], y=XOR[1])
    point(page, 0.5, 0.5)
    point(page, 0.5, 0.2, shift=True)
    added = page.js("return run.points")[4:]
    np.testing.assert_allclose(added, [[0.5, 0.5, 1], [0.5, 0.2, 0]], atol=0.02)
    point(page, 1, 1, to=(0.8, 0.9))
    np.testing.assert_allclose(page.js("return run.points[3]"), [0.8, 0.9, 0], atol=0.02)
    assert "Point 4 of 6" in page.text("#point-panel")
    page.press(Keys.DELETE)
    assert len(page.js("return run.points")) == 5
    page.press("n", "n", Keys.ARROW_RIGHT)
    assert page.js("return run.points[1][0]") > 0
    page.press(*"uuuuu")
    assert page.js("return run.points") == [[*row, kind] for row, kind in zip(*XOR)]


def test_the_selected_point_shows_its_own_delta(learn):
    model = MLP(2, [3, 1], "tanh", output="sigmoid", seed=2)
    page = learn(model, *XOR, link="#data=given&weights=given&point=1", loss="quadratic")
    found = model.activations([0.0, 1.0])
    losses.quadratic(found.output, 1).backward()
    shown = page.js("return [...document.querySelectorAll('.card .gradient')].map(text => text.textContent)")
    numbers = [float(text.removeprefix("δ ").replace("\u2212", "-")) for text in shown]
    np.testing.assert_allclose(numbers, np.concatenate(found.delta), rtol=0.06)


def test_a_point_that_is_typed_far_away_is_in_view(learn):
    page = learn(X=XOR[0], y=XOR[1], link="#data=given&weights=given&point=1")
    field = page.find("#point-panel input")
    page.js("arguments[0].select()", field)
    field.send_keys("10*pi\n")
    assert page.js("return run.points[1]") == [pytest.approx(31.41592653589793, rel=1e-15), 1, 1]
    inside = page.js("""const box = document.querySelector('#points').getBoundingClientRect();
        return [...document.querySelectorAll('#dots > g')].every(dot => { const b = dot.lastChild.getBoundingClientRect();
          return b.left >= box.left && b.right <= box.right && b.top >= box.top && b.bottom <= box.bottom; })""")  # fmt: skip
    assert inside
    assert "x1 = 31.4159" in page.text("#told")


def test_the_points_of_the_latest_update_glow(learn):
    page = learn()
    page.click("one-batch")
    page.click("one-batch")
    glowing = "return [...document.querySelectorAll('#dots > g')].flatMap((g, i) => g.classList.contains('latest') ? [i] : [])"
    assert page.js(glowing) == list(range(10, 20))


def test_the_gradient_runs_back_through_the_network_and_is_gone(learn):
    page = learn()
    page.click("one-batch")
    assert page.js("return document.querySelectorAll('.flow').length") > 5
    page.driver.execute_async_script("""const done = arguments[0];
        Promise.all(document.getAnimations().map(moving => moving.finished)).then(() => setTimeout(done, 50))""")
    assert page.js("return document.querySelectorAll('.flow').length") == 0


def test_while_it_learns_slowly_the_numbers_are_there(learn):
    page = learn(link="#data=given&weights=given&at=1.1.1")
    page.js("document.querySelector('#speed').value = '2'")
    page.click("play")
    page.driver.execute_async_script("""const done = arguments[0];
        (function wait() { if (run.updates >= 2) done(); else setTimeout(wait, 20); })()""")
    assert "How w1_11 moved in update " in page.text("#weight-panel")
    page.click("play")


def test_targets_of_minus_one_are_kept(learn):
    model = MLP(2, [3, 1], "tanh", output="tanh", seed=2)
    page = learn(model, XOR[0], [-1, 1, 1, -1], link="#data=given&weights=given&point=0", loss="quadratic", batch_size="all")
    page.click("one-epoch")
    expected = by_numpy(model, "quadratic", XOR[0], [-1, 1, 1, -1], 0.3, 4, 1)
    np.testing.assert_allclose(flat(page.js("return run.layers")), expected, rtol=1e-12)
    assert "the target is -1" in page.text("#point-panel")


def test_a_weight_opens_its_board_and_each_delta_can_be_derived(learn):
    page = learn()
    page.click("one-batch")
    page.js("document.querySelectorAll('.card[role=button]')[2].dispatchEvent(new Event('click'))")
    page.js("document.querySelectorAll('.parameter')[1].click()")
    assert "How w1_32 moved in update 1" in page.text(".board")
    rows = page.js("""return [...document.querySelectorAll('.board tbody tr')]
        .map(row => [...row.cells].map(cell => cell.textContent))""")
    assert len(rows) == 10
    for _, delta, a, product in rows:
        d, x, p = (float(text.replace("\u2212", "-")) for text in (delta, a, product))
        assert p == pytest.approx(d * x, rel=1e-3, abs=1e-9)
    page.js("document.querySelectorAll('.board tbody button')[4].click()")
    assert "δ of neuron 3 in layer 1, for point 5" in page.text(".board")
    page.js("document.querySelector('.further button').focus()")
    page.press(" ")
    assert page.js("return document.activeElement.closest('.further') !== null"), "the focus stays where it was"
    assert "δ of the output, for point 5" in page.text(".board")


def test_a_pasted_text_with_a_mistake_changes_nothing_and_is_kept(learn):
    page = learn()
    page.click("csv-open")
    page.js("document.querySelector('#csv').value = '0.5,1,1\\n0,5;1;0'")
    page.click("csv-take")
    assert page.text("#csv-trouble") == "Line 2: write 0.5, with a point, instead of 0,5."
    assert page.js("return [run.points.length, document.querySelector('#csv').value]") == [100, "0.5,1,1\n0,5;1;0"]
    page.js("document.querySelector('#csv').value = '0.5,1,1\\n0.5;1;0'")
    page.click("csv-take")
    assert page.js("return run.points") == [[0.5, 1, 1], [0.5, 1, 0]]


@pytest.mark.parametrize(("field", "text", "sentence"), [
    ("rate", "0,3", "Write 0.3, with a point."), ("rate", "0", "must be above 0"), ("rate", "abc", "abc"),
    ("batch", "2.5", "a whole number of points"), ("batch", "", "Write a number"),
])  # fmt: skip
def test_a_setting_that_cannot_be_is_visibly_refused(field, text, sentence, learn):
    page = learn()
    before = page.js("return [run.rate, chosen.size]")
    put = "const f = document.querySelector(arguments[0]); f.value = arguments[1]; f.dispatchEvent(new Event('change'))"
    page.js(put, f"#set-{field}", text)
    assert sentence in page.text("#trouble")
    assert page.js("return document.querySelector(arguments[0]).getAttribute('aria-invalid')", f"#set-{field}") == "true"
    assert page.js("return [run.rate, chosen.size]") == before
    page.js(put, f"#set-{field}", "1/2" if field == "rate" else "2*3")
    assert page.js("return [run.rate, chosen.size, document.querySelector('#trouble').hidden]")[2]


def test_a_rate_that_is_too_large_stops_before_the_weights_are_lost(learn):
    page = learn(MLP(2, [4, 1], "relu", output="linear", seed=1), loss="quadratic", lr=1e9)
    for _ in range(3):
        page.click("one-epoch")
    assert "the learning rate 1e+09 is probably too large" in page.text("#trouble")
    assert np.isfinite(flat(page.js("return run.layers"))).all()


@pytest.mark.parametrize("change", ["moons", "xor", "own"])
def test_the_link_brings_back_what_was(change, learn, tmp_path):
    page = learn()
    page.js("const f = document.querySelector('#set-data'); f.value = arguments[0]; f.dispatchEvent(new Event('change'))",
            "xor" if change == "own" else change)  # fmt: skip
    page.click("one-epoch")
    if change == "own":
        point(page, 0.5, 0.5)
    page.js("select(2); choose({ layer: 0, to: 1, from: 'b' })")
    state = "return [run.layers, run.points, run.updates, run.position, run.rate, run.cost, chosen.point, chosen.selected]"
    before, link = page.js(state), settled(page)
    assert len(link) <= 2000
    assert learn(link=link).js(state) == before


@pytest.mark.parametrize("link", [
    "#", "#data=moons&hidden=99&f=constructor&w=%%%&did=x_y", "#at=9.9.9&point=-4&points=1,2;3", "#rate=-1&low=7",
])  # fmt: skip
def test_a_damaged_link_says_nothing(link, learn):
    assert learn(link=link).text("#updates-done") == "0"


SIZES = {"phone": (390, 844), "laptop": (1280, 800), "lecture": (1920, 1080)}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("sizes", [[8, 1], [16, 16, 1]])
def test_it_fits_every_screen_in_letters_that_can_be_read(size, sizes, learn):
    page = learn(MLP(2, sizes, "tanh", output="sigmoid", seed=1), size=size, link="#data=given&weights=given&point=3&at=1.1.1")
    assert page.js("return document.documentElement.scrollWidth") <= size[0]
    smallest = page.js("""return Math.min(...[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
        [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && !e.closest('script'))
        .map(e => parseFloat(getComputedStyle(e).fontSize)))""")  # fmt: skip
    assert smallest >= 12
    outside = page.js("""const stage = document.querySelector('#stage').getBoundingClientRect();
        return [...document.querySelectorAll('.card text')].filter(t => { const b = t.getBoundingClientRect();
          const c = t.parentElement.querySelector('.ground').getBoundingClientRect();
          return t.textContent && (b.right > c.right + 1 || b.left < c.left - 1); }).map(t => t.textContent)""")  # fmt: skip
    assert outside == []


def test_a_finger_finds_everything_on_a_phone(learn):
    model = MLP(2, [16, 16, 1], "tanh", output="sigmoid", seed=1)
    page = learn(model, size=SIZES["phone"], link="#data=given&weights=given&point=3&at=1.1.1")
    page.js("document.querySelector('#fold').open = true")
    small = page.js("""const all = 'button, select, input, summary, .card[role=button] .ground';
        return [...document.querySelectorAll(all)].filter(e => e.checkVisibility())
        .map(e => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, b]) => b.width < 43.9 || b.height < 43.9)
        .map(([name, b]) => `${name} ${b.width} ${b.height}`)""")  # fmt: skip
    assert small == []


def test_large_type_is_twice_as_large(learn):
    page = learn(size=SIZES["lecture"])
    page.press("t")
    smallest = page.js("""return Math.min(...[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
        [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && !e.closest('script'))
        .map(e => parseFloat(getComputedStyle(e).fontSize)))""")  # fmt: skip
    assert smallest >= 24
    assert page.js("return document.documentElement.scrollWidth") <= 1920


def test_every_word_has_a_use():
    page = asset("assets", "training.html") + bundle("train_main.js", {"data.js": ""})
    for name in words("training"):
        assert re.search(rf"words\.{name}\b", page, re.IGNORECASE), name
