"""The Hopfield network: weights by hand, energy that never rises one by one, cycles all at once, letters, and capacity."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import Hopfield
from nn.networks.hopfield import letters, measured_error, noisy, one_step_error


def energy(weights, s):
    """By the definition, pair by pair."""
    n = len(s)
    return -0.5 * sum(weights[i][j] * s[i] * s[j] for i in range(n) for j in range(n))


def signs(count, n, seed=0):
    return np.random.default_rng(seed).choice([-1, 1], size=(count, n))


# --- storing ---

def test_the_weights_of_one_pattern_by_hand():
    net = Hopfield(3).store([[1, -1, 1]])
    np.testing.assert_allclose(net.weights, np.array([[0, -1, 1], [-1, 0, -1], [1, -1, 0]]) / 3)
    assert net.energy([1, -1, 1]) == pytest.approx(-1)  # -½ · 6/3
    assert net.energy([1, 1, 1]) == pytest.approx(1 / 3)  # -½ · (2 - 4)/3


def test_patterns_are_added_to_those_that_are_stored():
    P = signs(3, 10)
    once, twice = Hopfield(10).store(P), Hopfield(10).store(P[:1]).store(P[1:])
    np.testing.assert_array_equal(once.weights, twice.weights)
    np.testing.assert_array_equal(twice.patterns, P)


def test_a_pattern_and_its_opposite_have_the_same_energy_and_both_rest():
    P = signs(1, 12)
    net = Hopfield(12).store(P)
    assert net.energy(P[0]) == net.energy(-P[0])
    for s in (P[0], -P[0]):
        assert len(net.recall(s).states) == 1 and net.recall(s).settled


# --- one after the other ---

def rows_of(n):
    row = st.lists(st.sampled_from([-1, 1]), min_size=n, max_size=n)
    return st.lists(row, min_size=2, max_size=7)


patterns = st.integers(2, 12).flatmap(rows_of)


@given(patterns, st.integers(0, 1000))
def test_asynchronously_the_energy_falls_with_every_change_and_it_comes_to_rest(rows, seed):
    """So it never rises. The last row is where it begins, the others are stored."""
    *P, x = rows
    net = Hopfield(len(x)).store(P)
    recall = net.recall(x, seed=seed)
    assert all(after < before for before, after in zip(recall.energies, recall.energies[1:]))
    assert recall.settled and recall.cycle is None
    assert recall.energies == pytest.approx([energy(net.weights, s) for s in recall.states])
    assert all(np.sum(a != b) == 1 for a, b in zip(recall.states, recall.states[1:]))
    fields = net.weights @ recall.state
    assert np.all(fields * recall.state >= -1e-12)  # no unit wants to change


def test_at_a_tie_a_unit_keeps_its_state():
    """Between two units that pull in opposite directions, the third has the sum 0."""
    net = Hopfield(3).store([[1, 1, 1]])
    for third in (-1, 1):
        np.testing.assert_array_equal(net.step([1, -1, third])[2], third)
    # a tie must be 0 to the last bit: 1/3 + 1/3 + 1/3 - 1 and its like are not
    net = Hopfield(7).store(signs(6, 7))
    for x in product([-1, 1], repeat=7):
        sums = [sum(int(a) * int(b) * s for p in net.patterns for a, b, s in [(p[i], p[j], x[j])]) if i != j else 0
                for i in range(7) for j in range(7)]  # fmt: skip
        expected = [np.sign(sum(sums[7 * i : 7 * i + 7])) or x[i] for i in range(7)]
        assert net.step(x).tolist() == expected


# --- all at once ---

def test_synchronously_two_units_that_agree_swing_for_ever():
    net = Hopfield(2).store([[1, 1]])
    recall = net.recall([1, -1], "sync")
    assert recall.states.tolist() == [[1, -1], [-1, 1], [1, -1]]
    assert not recall.settled and recall.cycle == 2
    assert net.recall([1, -1], "async", seed=0).settled  # and one after the other they come to rest


def test_synchronously_the_energy_can_rise():
    """From 0 it goes up to 3/2 and stays there, while the states swing; one after the other it only falls."""
    net = Hopfield(4).store([[1, -1, -1, 1], [-1, 1, -1, 1], [1, 1, -1, -1]])
    x = [-1, -1, -1, 1]
    recall = net.recall(x, "sync")
    assert recall.energies[:2] == [0, 1.5]
    assert recall.cycle == 2
    one_by_one = net.recall(x, "async", seed=1).energies
    assert len(one_by_one) > 1 and max(np.diff(one_by_one)) < 0


def test_synchronously_it_always_ends_at_rest_or_in_a_cycle_of_two():
    ends = [Hopfield(8).store(signs(4, 8, seed)).recall(x, "sync") for seed in range(10) for x in signs(20, 8, seed + 100)]
    assert all(end.settled or end.cycle == 2 for end in ends)
    assert {end.cycle for end in ends} == {None, 2}


def test_if_the_steps_run_out_it_says_so():
    recall = Hopfield(20).store(signs(3, 20)).recall(signs(1, 20, 9)[0], steps=1, seed=0)
    assert not recall.settled and len(recall.states) > 1


# --- letters ---

def test_the_first_letters_are_nearly_orthogonal():
    P = np.array([*letters().values()])
    assert P.shape == (4, 64)
    assert np.abs(P @ P.T / 64 - np.eye(4)).max() == 0.125


@pytest.mark.parametrize("name", "HJYZ")
def test_few_letters_are_recalled_from_noise(name):
    """With 16 of the 64 pixels turned over, in each of 20 ways."""
    known = letters()
    net = Hopfield(64).store([*known.values()])
    for seed in range(20):
        recall = net.recall(noisy(known[name], 0.25, seed), seed=seed)
        np.testing.assert_array_equal(recall.state, known[name])
    assert net.overlaps(known[name]).max() == 1


def test_letters_that_are_alike_are_not():
    known = letters("EFPA")
    net = Hopfield(64).store([*known.values()])
    assert not np.array_equal(net.step(known["F"]), known["F"])


def test_noise_turns_over_as_many_as_it_says():
    x = signs(1, 50)[0]
    assert np.sum(noisy(x, 0.3, seed=1) != x) == 15
    np.testing.assert_array_equal(noisy(x, 0.3, seed=1), noisy(x, 0.3, seed=1))
    np.testing.assert_array_equal(noisy(x, 0), x)


# --- how much can be stored ---

@pytest.mark.parametrize(("load", "published"), [
    (0.105, 0.0010), (0.138, 0.0036), (0.185, 0.0100), (0.37, 0.0501), (0.61, 0.1002),
])  # fmt: skip
def test_the_formula_gives_the_published_figures(load, published):
    assert round(one_step_error(1000, round(1000 * load)), 4) == published


def test_the_formula_is_the_chance_that_a_normal_number_exceeds_its_signal():
    from statistics import NormalDist

    for n, p in ((400, 42), (100, 50), (1, 1)):
        assert one_step_error(n, p) == pytest.approx(1 - NormalDist().cdf((n / p) ** 0.5), rel=1e-9)


@pytest.mark.parametrize(("patterns", "published"), [(42, 0.0009), (55, 0.0031), (74, 0.0093), (148, 0.0497)])
def test_measured_it_is_as_published(patterns, published):
    """At 400 units: 4 times the standard error of so many bits, and the published figure's own rounding and error."""
    bits = 10 * patterns * 400
    allowed = 8 * (published / bits) ** 0.5 + 5e-5
    assert measured_error(400, patterns, seed=1) == pytest.approx(published, abs=allowed)
    assert measured_error(400, patterns, seed=1) < one_step_error(400, patterns) + allowed


def test_measured_one_bit_after_the_other():
    """The measurement itself, against sums written out: each pattern, each unit."""
    P = np.random.default_rng(4).choice([-1.0, 1.0], size=(9, 30))
    wrong = 0
    for p in P:
        for i in range(30):
            field = sum(q[i] * q[j] * p[j] for q in P for j in range(30) if j != i)
            wrong += field * p[i] < 0
    assert measured_error(30, 9, repeats=1, seed=4) == pytest.approx(wrong / P.size, abs=1e-12)


# --- what is refused ---

@pytest.mark.parametrize(("make", "says"), [
    (lambda: Hopfield(0), "n = 0: give the number of units"),
    (lambda: Hopfield(3).store([1, -1, 1]), r"P must be rows of 3 numbers, each \+1 or -1; it has shape \(3,\)"),
    (lambda: Hopfield(3).store([[1, 0, 1]]), "it has 0: for 0 and 1, give 2 [*] x - 1"),
    (lambda: Hopfield(3).store([[1, 2, 1]]), "it has 2[.]"),
    (lambda: Hopfield(3).energy([1, -1]), r"\[x\] must be rows of 3 numbers"),
    (lambda: Hopfield(3).recall([1, 1, 1], "both"), "mode = 'both': give \"async\""),
    (lambda: Hopfield(3).recall([1, 1, 1], steps=0), "steps = 0"),
    (lambda: Hopfield(3).recall([1, 1, 1], seed=0.5), "seed = 0.5"),
    (lambda: noisy([1, -1], 2), "share = 2: give a number from 0 to 1"),
    (lambda: letters("HQ"), "letters = 'HQ': there are HJYZEFPA"),
    (lambda: one_step_error(10, 0), "10 units and 0 patterns: both must be whole numbers"),
])  # fmt: skip
def test_mistakes_are_answered_in_one_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()
