"""The script of the page of a network that learns, run by node: its numbers are those of nn, and of plain NumPy, to the last
digits; points from a text; links."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from descent import MOONS, SLOPES, XOR, by_numpy, flat, weights

from engine import Value
from nn import MLP, evaluate, fit, losses, optim
from viz.pages.assemble import bundle
from viz.pages.training import data_module, datasets


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
    sgd = optim.SGD(model.parameters(), lr=0.5)
    fit(model, X, y, loss=loss, optimizer=sgd, epochs=1, batch_size="all", shuffle=False, warn=False)
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
      const moved = parameterOf(run.layers, p) - parameterOf(run.last.layers, p);
      return [moved, -run.last.rate * mean, rows.map(row => row.d * row.a - row.product)];
    });"""
    for moved, expected, differences in node(code, modules=("train_run.js", "train_board.js"), lr=0.5):
        assert moved == pytest.approx(expected, rel=1e-12)
        assert set(differences) == {0}


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
    "a word": ("1,two,1", "Line 1: two must be a number such as 0.5 or -1.2, and of at most a million."),
    "infinity": ("1,inf,1", "Line 1: inf must be a number such as 0.5 or -1.2, and of at most a million."),
    "an empty field": ("1,,1", "Line 1:  must be a number"),
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
    update(run, 1); update(run, 3); run.rate = 0.25; update(run, 2);
    run.shuffled = true; finishEpoch(run, 3); finishEpoch(run, 3);
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
