"""fit, predict and evaluate work for any module: vectors, images, sequences; a target for each example or for each step."""

import warnings

import numpy as np
import pytest

import engine
import nn
from engine import Value, tanh

RANDOM = np.random.default_rng(0)


class Line(nn.Module):
    def __init__(self):
        self.slope, self.start = Value(0.5), Value(0.0)

    def __call__(self, x):
        return self.slope * x + self.start


class Kernel(nn.Module):
    """One 2x2 kernel over a 3x3 image, and the largest answer of each row: two outputs."""

    def __init__(self):
        self.w = [[Value(0.1), Value(0.2)], [Value(-0.1), Value(0.3)]]

    def __call__(self, image):
        return [
            engine.maximum(*[
                sum(self.w[a][b] * image[i + a][j + b] for a in range(2) for b in range(2)) for j in range(2)
            ]) for i in range(2)
        ]  # fmt: skip


class Cell(nn.Module):
    """h[t] = tanh(w x[t] + u h[t-1]), y[t] = v h[t]: an output at every step."""

    def __init__(self, every_step=True):
        self.w, self.u, self.v, self.every_step = Value(0.5), Value(0.3), Value(1.0), every_step

    def __call__(self, sequence):
        h, found = 0.0, []
        for (x,) in sequence:
            h = tanh(self.w * x + self.u * h)
            found.append([self.v * h])
        return found if self.every_step else found[-1][0]


IMAGES, PAIRS = RANDOM.normal(size=(6, 3, 3)), RANDOM.normal(size=(6, 2))
SEQUENCES = RANDOM.normal(size=(6, 4, 1))
CASES = {
    "numbers": (Line, [0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0]),
    "images": (Kernel, IMAGES, PAIRS),
    "a target for each step": (Cell, SEQUENCES, np.tanh(SEQUENCES[:, :, 0])),
    "a target for each sequence": (lambda: Cell(every_step=False), SEQUENCES, SEQUENCES[:, -1, 0]),
    "a layer": (lambda: nn.Layer(2, 2, "tanh", seed=0), PAIRS, np.tanh(PAIRS)),
    "a neuron": (lambda: nn.Neuron(2, "tanh", seed=0), PAIRS, np.tanh(PAIRS[:, 0])),
}


def by_hand(model, X, y, lr, epochs):
    """Full-batch descent on the mean cost, by hand: for each step the quadratic cost, over steps the mean."""
    costs = []
    for _ in range(epochs):
        model.zero_grad()
        total = 0.0
        for x, target in zip(X, y):
            said = model(x.tolist() if isinstance(x, np.ndarray) else x)
            rows = said if isinstance(said, list) else [said]
            steps = isinstance(rows[0], list)
            entries = [row[0] for row in rows] if steps else rows
            half_squares = [0.5 * (a - t) ** 2 for a, t in zip(entries, np.atleast_1d(target).tolist())]
            total += sum(half_squares) / (len(half_squares) if steps else 1)
        cost = total / len(X)
        costs.append(cost.data)
        cost.backward()
        for value in model.parameters():
            value.data -= lr * value.grad
    return costs


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_fit_descends_as_by_hand(case, compiled):
    make, X, y = CASES[case]
    model, other = make(), make()
    history = nn.fit(model, X, y, epochs=5, batch_size="all", compiled=compiled, warn=False)
    assert history.cost == pytest.approx(by_hand(other, X, y, 0.1, 5), rel=1e-12)
    assert history.cost[-1] < history.cost[0]
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in other.parameters()], rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_predict_and_evaluate_agree_with_the_call(case):
    make, X, y = CASES[case]
    model = make()
    said = [nn.examples.numbers_of(model(np.asarray(x).tolist())) for x in X]
    few, many = model.predict(X), model.predict(np.concatenate([X, X, X]))
    np.testing.assert_allclose(np.reshape(few, -1), np.reshape(said, -1), rtol=1e-13)
    np.testing.assert_allclose(many[: len(X)], few, rtol=1e-13)
    cost, _ = nn.evaluate(model, X, y)
    assert cost == pytest.approx(by_hand(make(), X, y, 0.1, 1)[0], rel=1e-12)


def test_sequences_may_have_different_lengths():
    X = [[[0.1]], [[0.2], [0.3]], [[0.4], [0.5], [-0.6]]]
    y = [[0.1], [0.2, 0.3], [0.4, 0.5, -0.5]]
    model, other = Cell(), Cell()
    history = nn.fit(model, X, y, epochs=5, batch_size="all", warn=False)
    assert history.cost == pytest.approx(by_hand(other, X, y, 0.1, 5), rel=1e-12)
    assert [len(steps) for steps in model.predict(X)] == [1, 2, 3]
    with pytest.warns(nn.TeacherWarning, match="different lengths"):
        nn.fit(model, X, y, epochs=1)


def test_the_share_of_right_steps_is_the_accuracy():
    X, y = [[[1.0], [1.0]], [[-1.0], [-1.0]]], [[1, 0], [0, 0]]  # it says .46 and .56, then -.46 and -.56
    assert nn.evaluate(Cell(), X, y)[1] == 0.5
    for compiled in (True, False):
        assert nn.fit(Cell(), X, y, epochs=1, compiled=compiled, warn=False).accuracy == [0.5]


def test_validation_is_read_like_the_training_data():
    history = nn.fit(Cell(), SEQUENCES, np.tanh(SEQUENCES[:, :, 0]), epochs=2, validation=0.5, warn=False)
    assert len(history.validation_cost) == 2
    history = nn.fit(Kernel(), IMAGES, PAIRS, epochs=2, validation=(IMAGES[:2], PAIRS[:2]), warn=False)
    assert len(history.validation_cost) == 2


class Deep(Cell):
    def __call__(self, sequence):
        found = super().__call__(sequence)
        return [found]


class NotAModule:
    def __call__(self, x):
        return x


@pytest.mark.parametrize(("model", "X", "y", "sentence"), [
    (NotAModule(), [[1.0]], [1.0], r"fit trains modules, .*`class Net\(nn.Module\):`; it was given <.*NotAModule"),
    (Cell(), SEQUENCES, SEQUENCES[:, 0, 0], "This network predicts at every step, so y must have a target for each step"),
    (Cell(), SEQUENCES, SEQUENCES[:5, :, 0], "there are 6 examples and 5 rows of targets"),
    (Cell(), SEQUENCES, SEQUENCES[:, :3, 0], "Each step needs a target: there are 4 predictions and 3 targets"),
    (Deep(), SEQUENCES, SEQUENCES[:, :, 0], "this one is nested deeper"),
    (Cell(), [[[1.0]], [[np.nan], [1.0]]], [[1.0], [1.0, 2.0]], "Example 1 of X contains nan"),
    (Cell(), [[[1.0]], [[1.0, 2.0], [1.0, 2.0]]], [[1.0], [1.0, 2.0]], "their entries one shape"),
    (Line(), 3.0, [1.0], "it is the single number 3"),
    (Line(), [], [], "X must have at least one example"),
])  # fmt: skip
def test_what_does_not_fit_is_one_sentence(model, X, y, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence), warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.fit(model, X, y)


def test_a_learning_rate_is_searched_for_on_sequences_of_different_lengths_too():
    X, y = [[[0.1]], [[0.2], [0.3]], [[0.4], [0.5], [-0.6]], [[0.3]]], [[0.1], [0.2, 0.3], [0.4, 0.5, -0.5], [0.3]]
    best, costs = nn.learning_rate_search(Cell, X, y, [1e-6, 0.5], k=2, epochs=20, compiled=False)
    assert best == 0.5 and costs[0.5] < costs[1e-6]
