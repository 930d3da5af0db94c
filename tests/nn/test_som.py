"""The self-organising map: against MiniSom, a second one written here, and maps whose answers are known; it orders itself."""

import math

import numpy as np
import pytest

from nn import SOM, data

DIGITS = data.digits()


def points(count, n_in=2, seed=0):
    return np.random.default_rng(seed).random((count, n_in))


def mapped(weights, **settings):
    """A map with these weights."""
    weights = np.asarray(weights, dtype=float)
    som = SOM(*weights.shape, **settings)
    som.weights = weights
    return som


# --- the rule, written a second time: one number after the other ---

def by_hand(weights, X, sigma, rate, decay, neighbourhood):
    """The weights after the rows of X, one after the other, in plain Python."""
    rows, columns, T = len(weights), len(weights[0]), len(X)
    w = {(i, j): list(weights[i][j]) for i in range(rows) for j in range(columns)}
    for t, x in enumerate(X):
        shrunk = {"hyperbolic": T / (T + 2 * t), "linear": (T - t) / T, "constant": 1}[decay]
        r, s = rate * shrunk, sigma * shrunk
        won = min(w, key=lambda place: sum((a - b) ** 2 for a, b in zip(w[place], x)))
        for i, j in w:
            di, dj = i - won[0], j - won[1]
            near = max(abs(di), abs(dj)) < s
            h = math.exp(-(di * di + dj * dj) / (2 * s * s)) if neighbourhood == "gaussian" else float(near)
            w[i, j] = [a + r * h * (b - a) for a, b in zip(w[i, j], x)]
    return np.array([[w[i, j] for j in range(columns)] for i in range(rows)])


@pytest.mark.parametrize("neighbourhood", ["gaussian", "bubble"])
@pytest.mark.parametrize("decay", ["hyperbolic", "linear", "constant"])
def test_it_learns_as_the_rule_says(decay, neighbourhood):
    X = points(60, 3)
    som = SOM(4, 5, 3, sigma=2.5, learning_rate=0.4, decay=decay, neighbourhood=neighbourhood, seed=1)
    expected = by_hand(som.weights.tolist(), X.tolist(), 2.5, 0.4, decay, neighbourhood)
    som.fit(X, 1, shuffle=False)
    np.testing.assert_allclose(som.weights, expected, rtol=0, atol=1e-12)


def test_one_step_with_a_pencil():
    """The winner of 1 is the last of three neurons; σ = 1, so its neighbour moves e^(-1/2) as far, the next one e^(-2)."""
    som = mapped([[[0.0], [0.5], [0.75]]], sigma=1, learning_rate=0.5)
    som.fit([[1.0]], 1)
    expected = [0 + 0.5 * math.exp(-2) * 1, 0.5 + 0.5 * math.exp(-0.5) * 0.5, 0.75 + 0.5 * 0.25]
    np.testing.assert_allclose(som.weights.ravel(), expected, rtol=1e-15)


@pytest.mark.parametrize(("neighbourhood", "sigma"), [("gaussian", 1.7), ("bubble", 3)])
@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (1, 9)])
def test_from_the_same_start_and_order_it_is_minisom(shape, neighbourhood, sigma):
    minisom = pytest.importorskip("minisom")
    X = points(200, 4)
    theirs = minisom.MiniSom(*shape, 4, sigma=sigma, learning_rate=0.5, neighborhood_function=neighbourhood, random_seed=3)
    ours = mapped(theirs.get_weights(), sigma=sigma, learning_rate=0.5, neighbourhood=neighbourhood)
    theirs.train(X, 600)
    ours.fit(X, steps=600, shuffle=False)
    np.testing.assert_allclose(ours.weights, theirs.get_weights(), rtol=0, atol=1e-9)
    assert ours.quantization_error(X) == pytest.approx(theirs.quantization_error(X), abs=1e-9)
    assert ours.topographic_error(X) == pytest.approx(theirs.topographic_error(X), abs=1e-9)
    np.testing.assert_allclose(ours.distance_map(), theirs.distance_map(scaling="mean"), rtol=0, atol=1e-9)
    assert [ours.winner(x) for x in X] == [tuple(map(int, theirs.winner(x))) for x in X]


def test_on_the_digits_it_is_minisom_too():
    minisom = pytest.importorskip("minisom")
    theirs = minisom.MiniSom(10, 10, 64, sigma=2, learning_rate=0.5, random_seed=0)
    theirs.random_weights_init(DIGITS.X)
    ours = mapped(theirs.get_weights(), sigma=2, learning_rate=0.5)
    theirs.train(DIGITS.X, 2000)
    ours.fit(DIGITS.X, steps=2000, shuffle=False)
    np.testing.assert_allclose(ours.weights, theirs.get_weights(), rtol=0, atol=1e-9)


# --- it orders itself ---

@pytest.mark.parametrize("seed", range(5))
def test_a_line_of_neurons_orders_itself_along_the_numbers_from_0_to_1(seed):
    som = SOM(1, 20, 1, sigma=5, decay="linear", seed=seed)
    ordered = lambda: len(set(np.sign(np.diff(som.weights.ravel())))) == 1
    assert not ordered()
    som.fit(points(500, 1, seed), 10)
    assert ordered()
    w = np.sort(som.weights.ravel())
    assert w[0] < 0.1 and w[-1] > 0.9 and np.diff(w).max() < 0.12  # spread over all of it


def test_without_neighbours_it_does_not():
    """σ so small that the winner learns alone: then order comes from nowhere."""
    som = SOM(1, 20, 1, sigma=1e-3, decay="constant", seed=0)
    som.fit(points(500, 1), 10)
    assert len(set(np.sign(np.diff(som.weights.ravel())))) == 2


def test_a_net_unfolds_over_a_square():
    X = points(1000)
    som = SOM(8, 8, 2, sigma=4, decay="linear", seed=0)
    shots = som.fit(X, 5, snapshots=[0, 100, 5000])
    assert [shot.step for shot in shots] == [0, 100, 5000]
    assert [shot.sigma for shot in shots] == pytest.approx([4, 4 * 0.98, 0])
    errors = [mapped(shot.weights).topographic_error(X) for shot in shots]
    assert errors[0] > 0.5 and errors[-1] < 0.05
    assert mapped(shots[-1].weights).quantization_error(X) < 0.06
    np.testing.assert_array_equal(shots[-1].weights, som.weights)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_digits_come_within_three_percent_of_the_published_figures(seed):
    """MiniSom, three seeds: quantization error 1.336, topographic error .056 to .093, accuracy .907 to .927."""
    som = SOM(10, 10, 64, sigma=2, learning_rate=0.5, seed=seed)
    som.fit(DIGITS.X, steps=10_000)
    assert som.quantization_error(DIGITS.X_test) == pytest.approx(1.336, rel=0.03)
    assert 0.03 < som.topographic_error(DIGITS.X_test) < 0.12  # of 450 digits, three percent are 13
    answers = som.labels(DIGITS.X, DIGITS.y)[tuple(som.winners(DIGITS.X_test).T)]
    assert np.mean(answers == DIGITS.y_test) > 0.907 * 0.97


# --- seeds ---

def test_a_seed_gives_the_same_map_again():
    first, again, other = (SOM(3, 3, 2, seed=seed) for seed in (5, 5, 6))
    for som in (first, again, other):
        som.fit(points(50), 3)
    np.testing.assert_array_equal(first.weights, again.weights)
    assert not np.array_equal(first.weights, other.weights)


def test_weights_that_were_set_are_copied():
    start = np.zeros((2, 2, 2))
    som = mapped(start)
    som.fit(points(10), 1)
    assert not start.any() and som.weights.any()


# --- errors, on maps made for it ---

LINE = [[[0.0], [1.0], [2.0], [3.0]]]
TORN = [[[0.0], [2.0], [3.0], [1.0]]]  # 0 and 1 are the ends of the map


def test_quantization_error_is_the_mean_distance_to_the_winner():
    assert mapped(LINE).quantization_error([[0.0], [1.25], [4.0]]) == pytest.approx((0 + 0.25 + 1) / 3)
    assert mapped(LINE).quantization_error([[2.0], [3.0]]) == 0


def test_topographic_error_is_0_on_an_ordered_map_and_1_on_a_torn_one():
    X = [[0.25], [0.4], [0.6]]
    assert mapped(LINE).topographic_error(X) == 0
    assert mapped(TORN).topographic_error(X) == 1


def test_whether_diagonal_neighbours_are_adjacent_can_be_said():
    som = mapped([[[0.0], [5.0]], [[5.0], [1.0]]])
    assert som.topographic_error([[0.4]]) == 0
    assert som.topographic_error([[0.4]], adjacency=4) == 1


def test_winner_is_the_nearest_and_of_equal_ones_the_first():
    som = mapped([[[0.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]])
    assert som.winner([0.9, 0.2]) == (0, 1)
    assert som.winner([0.5, 0.5]) == (0, 0)
    np.testing.assert_array_equal(som.winners([[0.1, 0.8], [1, 1]]), [[1, 0], [1, 1]])


def test_the_distance_map_shows_where_groups_end():
    """Two groups of columns, at 0 and at 1: only the two in the middle have neighbours of the other group."""
    som = mapped(np.array([[0, 0, 1, 1]] * 3, dtype=float)[:, :, None])
    four, eight = (som.distance_map(adjacency=adjacency, scaled=False) for adjacency in (4, 8))
    np.testing.assert_allclose(four, [[0, share, share, 0] for share in (1 / 3, 1 / 4, 1 / 3)])
    np.testing.assert_allclose(eight, [[0, share, share, 0] for share in (2 / 5, 3 / 8, 2 / 5)])
    assert som.distance_map().max() == 1


@pytest.mark.parametrize("weights", [np.ones((3, 3, 2)), np.ones((1, 1, 2))])
def test_where_all_weights_are_equal_it_is_0(weights):
    assert not mapped(weights).distance_map().any()


def test_labels_are_by_majority_and_by_the_nearest_example_where_a_neuron_won_none():
    som = mapped([[[0.0], [10.0], [4.0]]])
    X, y = [[0.1], [-0.2], [0.3], [9.0]], ["a", "b", "b", "c"]
    assert som.labels(X, y).tolist() == [["b", "c", "b"]]  # 4 is nearest to 0.3


# --- what is refused ---

@pytest.mark.parametrize(("make", "says"), [
    (lambda: SOM(0, 3, 2), "rows = 0: give a whole number, at least 1"),
    (lambda: SOM(3, 2.5, 2), "columns = 2.5"),
    (lambda: SOM(3, 3, 2, sigma=0), "sigma = 0: give a number greater than 0"),
    (lambda: SOM(3, 3, 2, learning_rate=1.5), "learning_rate = 1.5: at 1 the winner jumps onto the example"),
    (lambda: SOM(3, 3, 2, neighbourhood="square"), "There is no neighbourhood 'square'; there are gaussian, bubble"),
    (lambda: SOM(3, 3, 2, decay="fast"), "There is no decay 'fast'; there are hyperbolic, linear, constant"),
    (lambda: SOM(3, 3, 2, seed="a"), "seed = 'a': give a whole number"),
    (lambda: SOM(3, 3, 2).fit([[1, 2, 3]]), r"X must have shape \(examples, 2\)"),
    (lambda: SOM(3, 3, 2).fit([[1, math.nan]]), "Row 0, column 1 of X is nan"),
    (lambda: SOM(3, 3, 2).fit([[1, 2]], 0), "epochs = 0"),
    (lambda: SOM(3, 3, 2).fit([[1, 2]], steps=2.0), "steps = 2.0"),
    (lambda: SOM(3, 3, 2).fit([[1, 2]], 5, snapshots=[6]), r"snapshots = \[6\]: give numbers of steps from 0 to 5"),
    (lambda: SOM(3, 3, 2).winner([1]), r"\[x\] must have shape \(examples, 2\)"),
    (lambda: SOM(1, 1, 2).topographic_error([[1, 2]]), "one neuron has no second nearest"),
    (lambda: SOM(3, 3, 2).topographic_error([[1, 2]], adjacency=6), "adjacency = 6: give 8"),
    (lambda: SOM(3, 3, 2).labels([[1, 2]], [1, 2]), "one class for each of the 1 examples"),
    (lambda: setattr(SOM(3, 3, 2), "weights", np.zeros((3, 3))), r"have shape \(3, 3, 2\); these have shape \(3, 3\)"),
])  # fmt: skip
def test_mistakes_are_answered_in_one_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()
