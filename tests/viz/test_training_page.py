"""The page of a network that learns: its numbers are those of nn, and of plain NumPy, to the last digits; what it refuses; and
the page in a real browser, as a reader uses it."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from browser import Page, driver  # noqa: F401  # a fixture

from engine import Value
from nn import MLP, Layer, evaluate, fit, losses, optim
from nn.data import moons
from viz import training_page
from viz.pages.assemble import bundle
from viz.pages.training import data_module, datasets

MOONS = moons(200, noise=0.1, seed=1)
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def weights(model):
    """The numbers of a network in the form that the page keeps."""
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in model.layers]


def flat(layers):
    return np.concatenate([np.ravel(layer[part]) for layer in layers for part in ("weight", "bias")])


def node(code, model=None, X=XOR[0], y=XOR[1], modules=("train_run.js",), given=None, **options):
    """What the code returns, run by node after modules of the page and all that they import; GIVEN, WORDS, ... are the page's,
    and TEST is what is given here."""
    if shutil.which("node") is None:
        pytest.skip("the page's script was not tried by itself: there is no node")
    model = model or MLP(2, [3, 1], "tanh", output="sigmoid", seed=1)
    imports = "".join(f'import {{}} from "./{name}";\n' for name in ("data.js", *modules))
    script = bundle("first.js", {"first.js": imports, "data.js": data_module(model, X, y, **options)})
    program = f'"use strict";\n{script}\nconst TEST = {json.dumps(given)};\n'
    program += f"process.stdout.write(JSON.stringify((() => {{ {code} }})()));"
    done = subprocess.run(["node", "-"], input=program, encoding="utf-8", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


RUN = """
const run = { points: GIVEN.points, low: GIVEN.low, cost: GIVEN.cost, rate: GIVEN.rate, shuffled: false, seed: 1 };
begin(run, GIVEN.layers);
"""


# --- exactness: two oracles, neither of which shares code with the page's script ---

F = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "linear": (lambda z: z, np.ones_like),
    "softplus": (lambda z: np.log1p(np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
}
SLOPES = {
    "quadratic": lambda a, y: a - y,
    "binary_cross_entropy": lambda a, y: (a - y) / (a * (1 - a)),
    "binary_cross_entropy_with_logits": lambda a, y: 1 / (1 + np.exp(-a)) - y,
}


def descend(layers, kinds, loss, X, y, rate):
    """One update of plain gradient descent in NumPy, with matrices; the new [W, b] of each layer."""
    a, z = [np.asarray(X, float)], []
    for (W, b), kind in zip(layers, kinds):
        z.append(a[-1] @ W.T + b)
        a.append(F[kind][0](z[-1]))
    delta = SLOPES[loss](a[-1], np.asarray(y, float)[:, None]) * F[kinds[-1]][1](z[-1])
    moved = []
    for i in reversed(range(len(layers))):
        W, b = layers[i]
        moved.insert(0, [W - rate * delta.T @ a[i] / len(X), b - rate * delta.mean(axis=0)])
        if i:
            delta = (delta @ W) * F[kinds[i - 1]][1](z[i - 1])
    return moved


def by_numpy(model, loss, X, y, rate, size, updates):
    """So many updates in a fixed order, as one long row of numbers."""
    layers = [[layer.weight.copy(), layer.bias.copy()] for layer in model.layers]
    kinds = [layer.activation.name for layer in model.layers]
    X, y = np.asarray(X, float), np.asarray(y, float)
    starts = list(range(0, len(X), size))
    for n in range(updates):
        at = starts[n % len(starts)]
        layers = descend(layers, kinds, loss, X[at : at + size], y[at : at + size], rate)
    return np.concatenate([np.ravel(part) for layer in layers for part in layer])


NETWORKS = {
    "xor": ([3, 1], "tanh", "sigmoid", "quadratic", 1, XOR),
    "one layer": ([1], "tanh", "linear", "quadratic", 0, XOR),
    "sigmoids": ([4, 4, 1], "sigmoid", "sigmoid", "binary_cross_entropy", 2, (MOONS.X, MOONS.y)),
    "relu and logits": ([8, 1], "relu", "linear", "binary_cross_entropy_with_logits", 3, (MOONS.X, MOONS.y)),
    "targets of tanh": ([5, 1], "softplus", "tanh", "quadratic", 4, (MOONS.X, 2 * MOONS.y - 1)),
    "the largest": ([16, 16, 1], "tanh", "sigmoid", "binary_cross_entropy", 5, (MOONS.X, MOONS.y)),
}
each_network = pytest.mark.parametrize(("sizes", "hidden", "output", "loss", "seed", "data"), NETWORKS.values(), ids=NETWORKS)


@each_network
def test_one_update_is_python_s(sizes, hidden, output, loss, seed, data):
    model, (X, y) = MLP(2, sizes, hidden, output=output, seed=seed, bias=0.1), data
    theirs = flat(node(RUN + "update(run, 1000); return run.layers;", model, X, y, loss=loss, lr=0.5))
    np.testing.assert_allclose(theirs, by_numpy(model, loss, X, y, 0.5, 1000, 1), rtol=1e-12, atol=1e-14)
    fit(model, X, y, loss=loss, optimizer=optim.SGD(model.parameters(), lr=0.5), epochs=1, batch_size="all", shuffle=False, warn=False)
    np.testing.assert_allclose(theirs, flat(weights(model)), rtol=1e-12, atol=1e-14)


def test_a_hundred_updates_in_a_fixed_order_are_python_s():
    """The preset of the command: two moons and 2-8-1; batches of ten, ten epochs."""
    model = MLP(2, [8, 1], "tanh", output="sigmoid", seed=1)
    points = np.array(datasets()["moons"])
    X, y, loss = points[:, :2], points[:, 2], "binary_cross_entropy"
    theirs = flat(node(RUN + "for (let n = 0; n < 100; n++) update(run, 10); return run.layers;", model, X, y, loss=loss, lr=0.3))
    np.testing.assert_allclose(theirs, by_numpy(model, loss, X, y, 0.3, 10, 100), rtol=0, atol=1e-8)
    before = flat(weights(model))
    fit(model, X, y, loss=loss, optimizer=optim.SGD(model.parameters(), lr=0.3), epochs=10, batch_size=10, shuffle=False)
    np.testing.assert_allclose(theirs, flat(weights(model)), rtol=0, atol=1e-8)
    assert abs(theirs - before).max() > 0.5  # it has learned


@each_network
def test_the_cost_over_all_points_is_python_s(sizes, hidden, output, loss, seed, data):
    model, (X, y) = MLP(2, sizes, hidden, output=output, seed=seed), data
    assert node(RUN + "return measure(run);", model, X, y, loss=loss) == pytest.approx(evaluate(model, X, y, loss)[0], rel=1e-12)


@pytest.mark.parametrize("loss", losses.BY_NAME.keys() & SLOPES)
def test_costs_and_their_slopes_are_those_of_nn(loss):
    """Also where a probability is 0 or 1 to the last bit."""
    outputs = [-40.0, -1.0, 0.0, 0.3, 30.0] if loss != "binary_cross_entropy" else [0.0, 1e-300, 0.3, 0.5, 1 - 1e-16, 1.0]
    pairs = [(a, y) for a in outputs for y in (0, 1)]
    theirs = node(f"return TEST.map(([a, y]) => [COSTS.{loss}.value(a, y), COSTS.{loss}.slope(a, y)]);", given=pairs)
    for (a, y), (value, slope) in zip(pairs, theirs):
        at = Value(a)
        cost = losses.BY_NAME[loss](at, y)
        cost.backward()
        assert (value, slope) == (pytest.approx(cost.data, rel=1e-15, abs=1e-300), pytest.approx(at.grad, rel=1e-15))


def test_delta_is_the_gradient_of_z_in_python():
    model = MLP(2, [4, 3, 1], "tanh", output="sigmoid", seed=3)
    found = model.activations([0.3, -0.7])
    losses.quadratic(found.output, 1).backward()
    code = "const passed = forward(GIVEN.layers, [0.3, -0.7]); return [passed, backward(GIVEN.layers, 'quadratic', passed, 1)];"
    passed, delta = node(code, model)
    np.testing.assert_allclose(np.concatenate(delta), np.concatenate(found.delta), rtol=1e-13)
    np.testing.assert_allclose(np.concatenate(passed["z"]), [z.data for layer in found.z for z in layer], rtol=1e-13)


def test_the_board_shows_the_contributions_from_which_the_weight_moved():
    """Their mean, times -η, is how far it moved; they are taken at the weights before the update."""
    code = RUN + """
    update(run, 4); update(run, 4);
    const parameters = [{ layer: 0, to: 1, from: 0 }, { layer: 0, to: 2, from: "b" }, { layer: 1, to: 0, from: 2 }];
    return parameters.map(p => {
      const rows = contributionsOf(run.last, p), mean = rows.reduce((total, row) => total + row.product, 0) / rows.length;
      return [parameterOf(run.layers, p) - parameterOf(run.last.layers, p), -run.last.rate * mean, rows.map(row => row.d * row.a - row.product)];
    });"""
    for moved, expected, differences in node(code, modules=("train_run.js", "train_board.js"), lr=0.5):
        assert moved == pytest.approx(expected, rel=1e-12)
        assert set(differences) == {0}


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
    "201 points": (lambda: (MLP(2, [1]), [[0, 1]] * 201, [0] * 201), ValueError, r"room for 200 points; here are 201: .*X\[:200\]"),
    "three classes": (lambda: (MLP(2, [1]), XOR[0], [0, 1, 2, 1]), ValueError, "y must be 0 and 1, or -1 and 1; here it has 0, 1, 2"),
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


# --- points from a text ---

CSV = {
    "commas": ("0.5,1.2,1\n-1,2e-1,0\n", [[0.5, 1.2, 1], [-1, 0.2, 0]]),
    "a heading, empty lines, spaces": ("x1, x2, class\n\n 0.5 , 1 , 1 \r\n", [[0.5, 1, 1]]),
    "semicolons and signs": ("+0.5;\u22121;-1\n1;1;1", [[0.5, -1, 0], [1, 1, 1]]),
    "tabs": ("1\t2\t1.0", [[1, 2, 1]]),
    "spaces": ("1 2  0", [[1, 2, 0]]),
}
WRONG_CSV = {
    "a decimal comma": ("0,1,1\n0,5;1;0", "Line 2: write 0.5, with a point, instead of 0,5."),
    "decimal commas between commas": ("0,5,1,2,1", "Line 1: write 0.5, with a point, instead of 0,5."),
    "a missing column": ("1,2,1\n\n3,4", "Line 3: it has 2 of 3 columns; write x1, x2 and the class. It reads: 3,4"),
    "a word": ("1,two,1", "Line 1: two is no number (up to a million) such as 0.5 or -1.2."),
    "infinity": ("1,inf,1", "Line 1: inf is no number (up to a million) such as 0.5 or -1.2."),
    "an empty field": ("1,,1", "Line 1:  is no number"),
    "another class": ("1,2,2", "Line 1: the class 2 must be 0 or 1, or -1 or 1."),
    "a word for a class": ("x1,x2,y\n1,2,red", "Line 2: the class red must be 0 or 1, or -1 or 1."),
    "nothing": ("\n \n", "There is no point in this text."),
    "only a heading": ("x1,x2,class", "There is no point in this text."),
    "many": ("1,2,1\n" * 201, "The page has room for 200 points; these would be 201."),
}
READ = "return TEST.map(text => readPoints(text, WORDS.csv, MOST_POINTS));"


def test_points_are_read_from_a_text():
    found = node(READ, modules=["train_csv.js"], given=[text for text, _ in CSV.values()])
    assert [result.get("points", result) for result in found] == [points for _, points in CSV.values()]


def test_a_mistake_in_a_text_of_points_is_named_with_its_line():
    found = node(READ, modules=["train_csv.js"], given=[text for text, _ in WRONG_CSV.values()])
    for result, (_, sentence) in zip(found, WRONG_CSV.values()):
        assert "points" not in result
        assert result["error"].startswith(sentence)


# --- random numbers, links ---

def test_the_generator_is_mulberry32():
    """The same steps in Python's whole numbers."""
    def mulberry32(seed, count):
        numbers, mask = [], 2**32 - 1
        for _ in range(count):
            seed = (seed + 0x6D2B79F5) & mask
            t = ((seed ^ (seed >> 15)) * (seed | 1)) & mask
            t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & mask)) & mask
            numbers.append((t ^ (t >> 14)) / 2**32)
        return numbers

    code = "return TEST.map(seed => { const random = randomFrom(seed); return [random(), random(), random()]; });"
    assert node(code, modules=["train_random.js"], given=[0, 1, 12345]) == [mulberry32(seed, 3) for seed in (0, 1, 12345)]


def test_fresh_weights_have_the_deviation_of_nn_s_initialisation():
    code = """return ["tanh", "relu"].map(hidden => {
      const all = [];
      for (let seed = 0; seed < 200; seed++) all.push(...freshLayers([2, 16, 16, 1], hidden, "sigmoid", seed)[1].weight.flat());
      return [all.reduce((a, b) => a + b) / all.length, Math.sqrt(all.reduce((a, b) => a + b * b) / all.length)];
    });"""
    for (mean, deviation), expected in zip(node(code, modules=["train_random.js"]), (np.sqrt(2 / 32), np.sqrt(2 / 16))):
        assert abs(mean) < 0.005
        assert deviation == pytest.approx(expected, rel=0.02)


def test_a_shuffled_order_has_every_point_once_and_is_another_in_every_epoch():
    orders = node("return [0, 1, 2].map(epoch => orderOf(50, true, 7, epoch)).concat([orderOf(50, false, 7, 0)]);",
                  modules=["train_random.js"])  # fmt: skip
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert orders[3] == list(range(50))


def test_a_log_of_updates_does_them_again():
    code = RUN + """
    update(run, 1); update(run, 3); run.rate = 0.25; update(run, 2); run.shuffled = true; finishEpoch(run, 3); finishEpoch(run, 3);
    const again = { ...run, shuffled: false, rate: GIVEN.rate };
    begin(again, GIVEN.layers);
    replay(again, readLog(linkOf(run, { data: "given", hidden: [3], point: null, selected: null }).hash.match(/did=([^&]*)/)[1]));
    return [run, again].map(({ layers, updates, epoch, position }) => ({ layers, updates, epoch, position }));"""
    first, second = node(code, modules=["train_run.js", "train_link.js"])
    assert first == second
    assert first["updates"] == 6


def test_weights_in_a_link_keep_every_bit():
    model = MLP(2, [4, 1], seed=4)
    code = "return withBits(freshLayers([2, 4, 1], 'relu', 'linear', 9), bitsOf(GIVEN.layers));"
    found = node(code, model, modules=["train_link.js", "train_random.js"])
    assert flat(found).tolist() == flat(weights(model)).tolist()


def test_a_link_that_would_be_long_says_what_it_leaves_out():
    code = RUN + """
    const chosen = { data: "own", hidden: [16, 16], point: null, selected: null };
    run.points = TEST; const many = linkOf(run, chosen);
    update(run, 10); run.log = null; chosen.data = "moons"; const learned = linkOf(run, chosen);
    return [many, learned].map(({ hash, missing }) => [hash.length <= 2000, missing]);"""
    X = np.random.default_rng(0).normal(size=(200, 2)).tolist()
    big = MLP(2, [16, 16, 1], seed=0)
    found = node(code, big, modules=["train_run.js", "train_link.js"], given=[[*row, 1] for row in X])
    assert found == [[True, "points"], [True, "weights"]]


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
    rows = page.js("return [...document.querySelectorAll('.board tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))")
    assert len(rows) == 10
    for _, delta, a, product in rows:
        d, x, p = (float(text.replace("\u2212", "-")) for text in (delta, a, product))
        assert p == pytest.approx(d * x, rel=1e-3, abs=1e-9)
    page.js("document.querySelectorAll('.board tbody button')[4].click()")
    assert "δ of neuron 3 in layer 1, for point 5" in page.text(".board")
    page.js("document.querySelector('.further button').click()")
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
    state = "return [run.layers, run.points, run.updates, run.position, run.rate, run.cost, chosen.point, chosen.selected, chosen.size]"
    before, link = page.js(state), settled(page)
    assert len(link) <= 2000
    assert learn(link=link).js(state) == before


@pytest.mark.parametrize("link", ["#", "#data=moons&hidden=99&f=constructor&w=%%%&did=x_y", "#at=9.9.9&point=-4&points=1,2;3", "#rate=-1&low=7"])
def test_a_damaged_link_says_nothing(link, learn):
    assert learn(link=link).text("#updates-done") == "0"


SIZES = {"phone": (390, 844), "laptop": (1280, 800), "lecture": (1920, 1080)}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("sizes", [[8, 1], [16, 16, 1]])
def test_it_fits_every_screen_in_letters_that_can_be_read(size, sizes, learn):
    page = learn(MLP(2, sizes, "tanh", output="sigmoid", seed=1), size=size, link="#data=given&weights=given&point=3&at=1.1.1")
    assert page.js("return document.documentElement.scrollWidth") <= size[0]
    smallest = page.js("""return Math.min(...[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
        [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && !e.closest('script, math'))
        .map(e => parseFloat(getComputedStyle(e).fontSize)))""")  # fmt: skip
    assert smallest >= 12
    outside = page.js("""const stage = document.querySelector('#stage').getBoundingClientRect();
        return [...document.querySelectorAll('.card text')].filter(t => { const b = t.getBoundingClientRect();
          const c = t.parentElement.querySelector('.ground').getBoundingClientRect();
          return t.textContent && (b.right > c.right + 1 || b.left < c.left - 1); }).map(t => t.textContent)""")  # fmt: skip
    assert outside == []


def test_a_finger_finds_everything_on_a_phone(learn):
    page = learn(size=SIZES["phone"], link="#data=given&weights=given&point=3&at=1.1.1")
    page.js("document.querySelector('#fold').open = true")
    small = page.js("""return [...document.querySelectorAll('button, select, input, summary')].filter(e => e.checkVisibility())
        .map(e => [e.id || e.textContent, e.getBoundingClientRect()]).filter(([, b]) => b.width < 43.9 || b.height < 43.9)
        .map(([name, b]) => `${name} ${b.width} ${b.height}`)""")  # fmt: skip
    assert small == []


def test_large_type_is_twice_as_large(learn):
    page = learn(size=SIZES["lecture"])
    page.press("t")
    smallest = page.js("""return Math.min(...[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&
        [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && !e.closest('script, math'))
        .map(e => parseFloat(getComputedStyle(e).fontSize)))""")  # fmt: skip
    assert smallest >= 24
    assert page.js("return document.documentElement.scrollWidth") <= 1920


def test_every_word_has_a_use():
    from viz.pages.assemble import asset, words

    page = asset("assets", "training.html") + bundle("train_main.js", {"data.js": ""})
    for name in words("training"):
        assert re.search(rf"words\.{name}\b", page, re.IGNORECASE), name
