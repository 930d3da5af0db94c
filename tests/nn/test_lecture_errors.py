"""The errors that lectures print: for each a detector that accepts what we compute and rejects what was printed.

A detector is arithmetic of its own, plain Python and NumPy, with differences in place of derivatives. `ours` comes from the
engine and from nn; `printed` is the wrong fixture, computed as the slide has it. The numbers E01 to E49 are those of the lesson
"Spot the error" and of docs/errors_in_lectures.md, which a test holds to this table.
"""

import math
import re
from pathlib import Path
from random import Random
from typing import NamedTuple

import nbformat
import numpy as np
import pytest

from engine import Value, count_paths, grad, log, sigmoid
from nn import MLP, Hopfield, Perceptron, data, fit, init, l1, l2, losses, mazur, optim
from nn.perceptron import GATES, inputs

ROOT = Path(__file__).parents[2]


class Detector(NamedTuple):
    """What the error is about, the check, what we compute, and what was printed."""

    about: str
    accepts: object
    ours: object
    printed: object


DETECTORS = {}


def detector(number, about):
    """The decorated function gives the check, ours and the printed one."""

    def keep(make):
        DETECTORS[number] = Detector(about, *make())
        return make

    return keep


def slope_of(f, at, h=1e-6):
    """A central difference."""
    return (f(at + h) - f(at - h)) / (2 * h)


def near(expected, tolerance=1e-7):
    """A check that accepts numbers close to these, in their shape."""
    return lambda found: np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=tolerance, atol=tolerance)


def squash(z):
    return 1 / (1 + np.exp(-z))


# --- the 2-2-2 network in NumPy ---

W1, W2 = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])
B1, B2 = 0.35, 0.60
X, Y = np.array([0.05, 0.10]), np.array([0.01, 0.99])


def answer(W1=W1, W2=W2, y=Y, nudge=0.0):
    """The cost of the 2-2-2 network, its hidden pre-activations moved by `nudge`."""
    return np.sum((y - squash(W2 @ squash(W1 @ X + B1 + nudge) + B2)) ** 2) / 2


Z1 = W1 @ X + B1
H = squash(Z1)
Z2 = W2 @ H + B2
O = squash(Z2)  # noqa: E741  # the outputs, as the lectures call them
DELTA1 = [slope_of(lambda t, j=j: answer(nudge=t * np.eye(2)[j]), 0.0) for j in range(2)]  # dE/dnet of the hidden ones
DELTA2 = (O - Y) * O * (1 - O)
EXAMPLE = mazur.example()
OURS1, OURS2 = EXAMPLE.activations.delta


# --- slopes ---

@detector("E01", "the slope of s² at 3")
def _():
    s = Value(3.0)
    return near(slope_of(lambda s: s**2, 3.0)), grad(s**2, s), 9.0


@detector("E03", "s³ at 5")
def _():
    s = Value(5.0)
    return near(5 * 5 * 5), (s**3).data, 75.0


@detector("E21", "the derivative of the sigmoid at 0")
def _():
    z = Value(0.0)
    return near(slope_of(squash, 0.0)), grad(sigmoid(z), z), -math.exp(0) / (1 + math.exp(0)) ** 2


@detector("E17", "the gradient of a value that is used twice")
def _():
    x = Value(3.0)
    return near(slope_of(lambda x: x * x, 3.0)), grad(x * x, x), 3.0


@detector("E43", "the change of the cost if z grows by 0.01")
def _():
    slope = slope_of(lambda z: squash(z) ** 2, 0.5)
    z = Value(0.5)
    check = near(squash(0.51) ** 2 - squash(0.5) ** 2, 2e-5)
    return check, grad(sigmoid(z) ** 2, z) * 0.01, slope


# --- a neuron ---

def table(w, b, tie):
    """The truth table of a neuron."""
    sums = [w[0] * x1 + w[1] * x2 + b for x1 in (0, 1) for x2 in (0, 1)]
    return [int(s >= 0 if tie == ">=" else s > 0) for s in sums]


def of(neuron):
    return [said for _, said in neuron.truth_table()]


@detector("E19", "the bias of an AND with the threshold 1.5, which the learning rule raises where the sum should rise")
def _():
    return near(table((1, 1), -1.5, ">=")), of(Perceptron([1, 1], -1.5)), of(Perceptron([1, 1], 1.5))


@detector("E40", "the same where a neuron fires above 0 only")
def _():
    return near(table((1, 1), -1.5, ">")), of(Perceptron([1, 1], -1.5, fires=">")), of(Perceptron([1, 1], 1.5, fires=">"))


@detector("E41", "w = (1, 1), b = -1 under both rules")
def _():
    both = [table((1, 1), -1, tie) for tie in (">=", ">")]
    one, other = (of(Perceptron([1, 1], -1, fires=tie)) for tie in (">=", ">"))
    return near(both), [one, other], [one, one]


@detector("E18", "how many epochs AND takes by the perceptron's rule")
def _():
    def epochs(bias_twice):
        w, b, w0 = [0, 0], 0, 0
        for epoch in range(1, 20):
            mistakes = 0
            for (x1, x2), t in zip(((0, 0), (0, 1), (1, 0), (1, 1)), (0, 0, 0, 1)):
                step = t - (w[0] * x1 + w[1] * x2 + b + w0 * bias_twice >= 0)
                w, b, w0, mistakes = [w[0] + step * x1, w[1] + step * x2], b + step, w0 + step, mistakes + abs(step)
            if not mistakes:
                return epoch
        return None

    twice = Perceptron([0, 0, 0], 0).learn([(1, *x) for x in inputs()], GATES["and"])
    assert len(twice.errors) == epochs(bias_twice=True)  # the fixture is what the slide says
    return near(epochs(bias_twice=False)), len(Perceptron([0, 0], 0).learn(inputs(), GATES["and"]).errors), len(twice.errors)


@detector("E15", "the activations of the hidden layer")
def _():
    return near(squash(W1 @ X + B1)), [a.data for a in EXAMPLE.activations.a[0]], W1 @ X + B1


@detector("E23", "which weight enters which neuron")
def _():
    sums = [sum(w * x for w, x in zip(row, X)) + B1 for row in W1]
    return near(sums), [z.data for z in EXAMPLE.activations.z[0]], W1.T @ X + B1


@detector("E14", "∂C/∂w of a sigmoid unit with the quadratic cost")
def _():
    w = Value(0.4)
    return (near(slope_of(lambda w: (1 - squash(2 * w)) ** 2 / 2, 0.4)), grad((1 - sigmoid(2 * w)) ** 2 / 2, w),
            -(1 - squash(0.8)) * 2)  # fmt: skip


@detector("E44", "what one unit of a Hopfield network gets from the other, and gives to it")
def _():
    memory = Hopfield(4)
    memory.store([[1, -1, 1, -1]])
    pattern = np.array([1, -1, 1, -1])
    mutual = (np.outer(pattern, pattern) - np.eye(4)) / 4
    return near(mutual), memory.weights, np.triu(mutual)  # feedforward: from earlier units to later ones only


# --- one step of backpropagation ---

@detector("E06", "the hidden errors")
def _():
    return near(DELTA1), OURS1, (W2.T @ DELTA2) * O * (1 - O)


@detector("E30", "the hidden errors, with their own slope")
def _():
    return near(DELTA1), OURS1, W2.T @ DELTA2


@detector("E33", "∂C/∂W, in the shape of W")
def _():
    W = [[Value(0.2), Value(-0.1)]]
    a = [0.6, 0.3]
    z = W[0][0] * a[0] + W[0][1] * a[1]
    cost = (sigmoid(z) - 1) ** 2 / 2
    difference = [[slope_of(lambda w: (squash(w * 0.6 - 0.1 * 0.3) - 1) ** 2 / 2, 0.2),
                   slope_of(lambda w: (squash(0.2 * 0.6 + w * 0.3) - 1) ** 2 / 2, -0.1)]]  # fmt: skip
    slopes = [grad(cost, row) for row in W]
    return near(difference), slopes, np.array(slopes).T


@detector("E42", "∂E/∂w1, by both outputs")
def _():
    difference = slope_of(lambda w: answer(W1=np.array([[w, 0.20], [0.25, 0.30]])), 0.15)
    assert count_paths(EXAMPLE.weights[0], EXAMPLE.cost) == 2
    return near(difference, 1e-9), EXAMPLE.weights[0].grad, DELTA2[0] * 0.40 * H[0] * (1 - H[0]) * X[0]


@detector("E24", "the cost before the first step")
def _():
    return near(answer()), EXAMPLE.cost.data, answer(y=np.array([0.1, 0.99]))


@detector("E25", "net_h1")
def _():
    return near(0.15 * 0.05 + 0.20 * 0.10 + 0.35), EXAMPLE.activations.z[0][0].data, 0.15 * 0.05 + 0.25 * 0.10 + 0.35


@detector("E49", "the sign of δ, for a step that subtracts")
def _():
    def falls(delta):
        return answer(W2=W2 - 0.5 * np.outer(delta, H)) < answer()

    return falls, OURS2, O * (1 - O) * (Y - O)


# --- costs ---

@detector("E29", "the error of a sigmoid output under the log loss")
def _():
    z = Value(math.log(4))

    def loss(z):
        return -math.log(squash(z))

    return near(slope_of(loss, math.log(4))), grad(losses.binary_cross_entropy(sigmoid(z), 1), z), grad(log(sigmoid(z)), z)


@detector("E27", "the gradient of a regularised cost over 4 examples, AND with θ = (0.1, 0.5, -0.3)")
def _():
    rows, targets, lam = np.array([[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]]), np.array([0, 0, 0, 1]), 1.0
    theta = np.array([0.1, 0.5, -0.3])

    def cost(theta):
        h = squash(rows @ theta)
        return -np.mean(targets * np.log(h) + (1 - targets) * np.log(1 - h)) + lam / 8 * np.sum(theta[1:] ** 2)

    difference = [slope_of(lambda t, j=j: cost(theta + t * np.eye(3)[j]), 0.0) for j in range(3)]
    model = MLP.from_weights([[[0.5, -0.3]]], [[0.1]], "sigmoid", "sigmoid")
    total = sum(losses.binary_cross_entropy(model(row[1:].tolist()), int(t)) for row, t in zip(rows, targets)) / 4
    ours = grad(total + l2(lam)(model, 4), [model.layers[0].neurons[0].b, *model.layers[0].neurons[0].w])
    unregularised = rows.T @ (squash(rows @ theta) - targets) / 4
    return near(difference), ours, unregularised + lam * np.array([0, 0.5, -0.3])


@detector("E36", "the penalty λ/(2m) on the weights alone, with m = 4")
def _():
    model = MLP.from_weights([[[0.3, 0.4]]], [[1.0]], "linear", "linear")
    return near(0.8 / 8 * (0.3**2 + 0.4**2)), l2(0.8)(model, 4).data, l2(0.8, biases=True)(model, 4).data


@detector("E37", "which penalty makes a weight exactly 0, at λ = 2")
def _():
    def rests_at_0(penalty):
        """Whether (w - 1)²/2 and the penalty grow to both sides of 0."""
        model = MLP.from_weights([[[0.0]]], [[0.0]], "linear", "linear")
        [w] = model.layers[0].neurons[0].w

        def cost(number):
            w.data = number
            return (number - 1) ** 2 / 2 + penalty(model, 1).data

        return cost(0.0) < min(cost(-1e-3), cost(1e-3))

    return rests_at_0, l1(2.0), l2(2.0)


@detector("E35", "the cost of a mini-batch")
def _():
    loss, batch = [0.9, 0.2, 0.4], [1, 2]
    model = MLP.from_weights([[[1.0]]], [[0.0]], "linear", "linear")
    inputs_of = [[math.sqrt(2 * number)] for number in loss]  # ½(x - 0)² is the loss
    ours = sum(losses.quadratic(model(inputs_of[j]), 0).data for j in batch) / len(batch)
    return near((0.2 + 0.4) / 2), ours, sum(loss[0] for _ in batch) / len(batch)


# --- training ---

@detector("E10", "the weights after a sweep back, before any optimiser")
def _():
    swept = [w.data for w in EXAMPLE.weights]
    descended = mazur.example()
    optim.SGD(descended.weights, lr=0.5).step()
    return near([0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]), swept, [w.data for w in descended.weights]


@detector("E08", "which weights an update changes: all")
def _():
    def all_move(chosen):
        model, w, _ = mazur.network()
        before = [weight.data for weight in w]
        losses.quadratic(model(mazur.INPUTS), mazur.TARGETS).backward()
        optim.SGD(w[chosen], lr=0.5).step()
        return all(weight.data != number for weight, number in zip(w, before))

    return all_move, slice(0, 8), slice(0, 4)  # layers 2 to L; only to L - 1


@detector("E28", "the first gradient of a tanh network of zeros, on AND")
def _():
    def cost(theta):
        h = [np.tanh(theta[0:2] @ x + theta[2]) for x in inputs()], [np.tanh(theta[3:5] @ x + theta[5]) for x in inputs()]
        p = [squash(theta[6] * a + theta[7] * b + theta[8]) for a, b in zip(*h)]
        return -sum(np.log(q if t else 1 - q) for q, t in zip(p, (0, 0, 0, 1)))

    difference = [slope_of(lambda t, i=i: cost(t * np.eye(9)[i]), 0.0) for i in range(9)]
    model = MLP(2, [2, 1], activation="tanh", output="sigmoid", init=0.0)
    total = sum(losses.binary_cross_entropy(model(x), t) for x, t in zip(inputs(), GATES["and"]))
    order = [p for layer in model.layers for neuron in layer.neurons for p in (*neuron.w, neuron.b)]
    return near(difference), grad(total, order), [1.0] * 9  # "all move, and all alike"


@detector("E26", "the spread of Xavier's weights from 784 to 15")
def _():
    draw = Random(0)
    ours = float(np.std([init.xavier(784, 15, draw) for _ in range(20000)]))
    return near(math.sqrt(2 / (784 + 15)), 0.02), ours, math.sqrt(math.sqrt(2 / (784 + 15)))


@detector("E47", "updates in an epoch of 10 examples: one by one, in fours, all at once")
def _():
    def updates(size):
        model = MLP(1, [1], output="linear", seed=0)
        xs = [k / 10 for k in range(10)]
        return fit(model, [[x] for x in xs], xs, loss="mse", epochs=1, batch_size=size, warn=False).updates

    return near([10, math.ceil(10 / 4), 1]), [updates(size) for size in (1, 4, "all")], [10, 10, 10]


@detector("E48", "the rates at which descent on c·w²/2 comes closer, for c = 1, 4 and 20: below 2/c, not below 0.5")
def _():
    def converges(c, rate):
        w = Value(1.0)
        for _ in range(20):
            w.zero_grad()
            (c * w * w / 2).backward()
            optim.SGD([w], lr=rate).step()
        return abs(w.data) < 1

    rates = (0.05, 0.4, 0.6, 1.9)
    ours = [[converges(c, rate) for rate in rates] for c in (1, 4, 20)]
    return near([[rate < 2 / c for rate in rates] for c in (1, 4, 20)]), ours, [[rate < 0.5 for rate in rates]] * 3


@detector("E38", "that a network which has room for XOR need not learn it")
def _():
    def learns(seed):
        model = MLP(2, [2, 1], activation="tanh", output="sigmoid", seed=seed)
        rule = optim.SGD(model.parameters(), lr=0.5)
        fit(model, inputs(), GATES["xor"], loss="binary_cross_entropy", optimizer=rule, epochs=500, batch_size="all", warn=False)
        return model.predict(inputs()).round().tolist() == [0, 1, 1, 0]

    def some_but_not_all(outcomes):
        return any(outcomes) and not all(outcomes)

    return some_but_not_all, [learns(seed) for seed in range(10)], [True] * 10


@detector("E45", "ink is 1 and paper 0 in the digits that come with the package")
def _():
    X = data.digits().X

    def is_ink(pictures):
        """The border is paper on nearly all of them, and the middle is not."""
        squares = pictures.reshape(-1, 8, 8)
        return squares[:, :, 0].mean() < 0.05 < squares[:, 2:6, 2:6].mean()

    return is_ink, X, 1 - X


# --- the tests ---

@pytest.mark.parametrize("number", sorted(DETECTORS))
def test_what_we_compute_is_accepted(number):
    found = DETECTORS[number]
    assert found.accepts(found.ours), found.about


@pytest.mark.parametrize("number", sorted(DETECTORS))
def test_what_was_printed_is_rejected(number):
    found = DETECTORS[number]
    assert not found.accepts(found.printed), found.about


def test_the_lesson_has_each_of_them_and_no_other():
    lesson = nbformat.read(ROOT / "notebooks" / "06b_spot_the_error.ipynb", as_version=4)
    assert {tag for cell in lesson.cells for tag in cell.metadata.get("tags", [])} == set(DETECTORS)


def test_the_page_has_every_number_once():
    text = (ROOT / "docs" / "errors_in_lectures.md").read_text(encoding="utf-8")
    detected, others = text.split("## Slips that change no number")
    assert re.findall(r"^\| (E\d\d)", detected, re.MULTILINE) == sorted(DETECTORS)
    numbers = re.findall(r"^\| (E\d\d)", text, re.MULTILINE)
    assert sorted(numbers) == [f"E{n:02}" for n in range(1, 50)]
    assert re.findall(r"^\| (E\d\d)", others, re.MULTILINE)
