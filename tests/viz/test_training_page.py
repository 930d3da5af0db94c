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
    imports = "".join(f'import {{}} from "./{name}";\n' for name in modules)
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
