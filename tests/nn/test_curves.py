"""Learning curves: who is trained on what, and what is measured; more data and a penalty close the gap."""

import numpy as np
import pytest

import nn
from engine import Value
from nn import MLP, data, fit, l2, learning_curve, optim, validation_curve
from nn.command import generalise

X, Y = [[float(i)] for i in range(6)], [float(i) for i in range(6)]
VALIDATION = [[1.0], [2.0]], [1.0, 4.0]


class Constant(nn.Module):
    """Answers w, whatever it is asked."""

    def __init__(self, w=0.0):
        self.w = Value(w)

    def __call__(self, x):
        return self.w + 0 * x[0]


def mean_of_targets(model, X, y):
    model.w.data = float(np.mean(y))


def test_the_costs_are_those_of_the_examples_trained_on_and_of_the_validation():
    """A model that answers the mean of its targets: the costs can be computed by hand."""
    seen = []

    def train(model, X, y):
        seen.append(([x for (x,) in X], list(y)))
        mean_of_targets(model, X, y)

    found = learning_curve(lambda seed: Constant(), train, X, Y, VALIDATION, [1, 4], seeds=3)
    assert (found.name, found.at, found.cost.shape) == ("training examples", [1, 4], (2, 3))
    assert all(x == y for x, y in seen)  # examples keep their targets
    for run, (_, y) in enumerate(seen):
        cost = sum((t - sum(y) / len(y)) ** 2 for t in y) / len(y) / 2
        held_out = sum((t - sum(y) / len(y)) ** 2 for t in VALIDATION[1]) / 4
        assert found.cost[run // 3, run % 3] == pytest.approx(cost, abs=1e-14)
        assert found.validation_cost[run // 3, run % 3] == pytest.approx(held_out, rel=1e-14)
    for fewer, more in zip(seen[:3], seen[3:]):
        assert len(fewer[0]) == 1 and more[0][:1] == fewer[0]  # the more contain the fewer
    assert len({tuple(x) for x, _ in seen[3:]}) == 3  # each seed has another order


def test_the_means_are_over_the_starts():
    found = learning_curve(lambda seed: Constant(), mean_of_targets, X, Y, VALIDATION, [1, 6], seeds=4)
    assert [row[0] for row in found.means()] == [1, 6]
    assert [row[1] for row in found.means()] == [pytest.approx(sum(row) / 4) for row in found.cost.tolist()]
    assert found.means()[1][1] == pytest.approx(35 / 24)  # the variance of 0 to 5, halved
    assert [row[3] for row in found.means()] == [pytest.approx(sum(row) / 4) for row in found.validation_cost.tolist()]


def test_a_seed_starts_the_model_and_gives_the_same_numbers_again():
    started = []

    def make(seed):
        started.append(seed)
        return MLP(1, [1], seed=seed)

    curve = lambda: learning_curve(make, lambda m, X, y: fit(m, X, y, epochs=1, warn=False), X, Y, VALIDATION, [2, 3], seeds=2)
    one, other = curve(), curve()
    assert (one.cost == other.cost).all() and (one.validation_cost == other.validation_cost).all()
    assert started[1:5] == [0, 1, 0, 1]  # the first only reads the data


def test_a_value_reaches_the_training_and_all_values_see_the_same_examples():
    seen = []

    def train(model, X, y, value):
        seen.append((value, tuple(x for (x,) in X)))
        model.w.data = value

    found = validation_curve(lambda seed: Constant(), train, X, Y, VALIDATION, [0.0, 3.0], size=4, name="w", seeds=2)
    assert (found.name, found.at) == ("w", [0.0, 3.0])
    assert [value for value, _ in seen] == [0.0, 0.0, 3.0, 3.0]
    assert seen[0][1] == seen[2][1] != seen[1][1] == seen[3][1]
    assert found.validation_cost.tolist() == [[17 / 4] * 2, [5 / 4] * 2]
    everything = validation_curve(lambda seed: Constant(), train, X, Y, VALIDATION, [2.0], seeds=1)
    assert everything.name == "λ" and sorted(seen[-1][1]) == [0, 1, 2, 3, 4, 5]


def test_sequences_of_different_lengths_are_taken_too():
    class Last(Constant):
        def __call__(self, x):
            return self.w * x[-1][0]

    sequences = [[[1.0]], [[1.0], [2.0]], [[0.0], [0.0], [3.0]]]
    found = learning_curve(lambda seed: Last(1.0), lambda *_: None, sequences, [1.0, 2.0, 3.0], (sequences, [1.0, 2.0, 4.0]),
                           [1, 3], seeds=2)  # fmt: skip
    assert found.cost.tolist() == [[0, 0], [0, 0]]
    assert found.validation_cost == pytest.approx(1 / 6)


@pytest.mark.parametrize(("change", "sentence"), [
    ({"sizes": [0]}, "0 is no number of examples to train on: give a whole number from 1 to all 6"),
    ({"sizes": [7]}, "7 is no number"),
    ({"sizes": [2.0]}, r"2\.0 is no number"),
    ({"sizes": []}, "Give at least one setting of training examples"),
    ({"seeds": 0}, "seeds = 0: give the number of starts"),
    ({"seeds": 2.5}, r"seeds = 2\.5"),
    ({"y": Y[:-1]}, "X has 6 examples and y 5 targets"),
    ({"loss": "cubic"}, "There is no loss"),
])  # fmt: skip
def test_what_cannot_be_done_is_said(change, sentence):
    settings = {"X": X, "y": Y, "validation": VALIDATION, "sizes": [2], **change}
    with pytest.raises(ValueError, match=sentence):
        learning_curve(lambda seed: Constant(), mean_of_targets, **settings)


def test_so_it_is_for_a_setting():
    with pytest.raises(ValueError, match="Give at least one setting of λ"):
        validation_curve(lambda seed: Constant(), lambda *_: None, X, Y, VALIDATION, [])
    with pytest.raises(ValueError, match="9 is no number of examples"):
        validation_curve(lambda seed: Constant(), lambda *_: None, X, Y, VALIDATION, [1.0], size=9)


# --- row R48: overfitting, against the number of examples and against the penalty ---

def gap(row):
    _, _, right, _, test_right = row
    return right - test_right


@pytest.fixture(scope="module")
def moons():
    return data.moons(2000, noise=0.3, seed=0)


def train(model, X, y, lam=0.0):
    penalty = l2(lam) if lam else None
    fit(model, X, y, loss="binary_cross_entropy", optimizer=optim.Adam(model.parameters(), lr=0.1), epochs=300,
        batch_size="all", penalty=penalty, warn=False)  # fmt: skip


def test_more_data_close_the_gap(moons):
    """Means of ten seeds, at both ends."""
    few, many = learning_curve(generalise.network, train, moons.X, moons.y, (moons.X_test, moons.y_test), [10, 200],
                               loss="binary_cross_entropy").means()  # fmt: skip
    assert gap(few) > 0.2 > 0.06 > gap(many)
    assert few[1] < 0.01 and few[2] == 1  # learned by heart
    assert few[1] < many[1] < many[3] < few[3]  # the two costs meet from both sides


def test_a_penalty_closes_the_gap_and_too_much_of_it_forbids_learning(moons):
    """Means of ten seeds, at both ends and in the middle."""
    none, some, much = validation_curve(generalise.network, train, moons.X, moons.y, (moons.X_test, moons.y_test),
                                        [0.0, 0.1, 10.0], size=40, loss="binary_cross_entropy").means()  # fmt: skip
    assert gap(none) > 0.12 and gap(some) < 0.1 and gap(much) < 0.1
    assert none[1] < some[1] < much[1]  # the cost of training only grows
    assert some[3] < none[3] / 2 and some[3] < much[3] / 1.5  # that of the test is smallest between the ends
