"""Pictures of Hopfield networks: the energies of a recall, what was wrong before and after it, capacity beside its formula."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest
from matplotlib import pyplot

from nn import Hopfield
from nn.networks.hopfield import letters, measured_error, noisy, one_step_error
from viz.plots import plot_capacity, plot_energy, plot_recall

KNOWN = letters()
NET = Hopfield(64).store([*KNOWN.values()])
RECALL = NET.recall(noisy(KNOWN["H"], 0.2, seed=3), seed=3)
SWING = Hopfield(2).store([[1, 1]]).recall([1, -1], "sync")


@pytest.mark.parametrize("draw", [
    lambda ax: plot_energy(RECALL, ax), lambda ax: plot_recall(KNOWN["H"], RECALL, ax),
    lambda ax: plot_capacity(40, [0.2, 0.5], ax, repeats=1),
])  # fmt: skip
def test_each_draws_on_the_ax_that_is_given_and_returns_it(draw):
    ax = pyplot.subplots()[1]
    assert draw(ax) is ax
    assert ax.has_data()
    ax.figure.canvas.draw()


def test_the_energy_curve_has_each_states_energy_and_says_how_it_ended():
    ax = plot_energy({"one by one": RECALL, "all at once": SWING})
    assert ax.lines[0].get_ydata().tolist() == RECALL.energies
    words = [text.get_text() for text in ax.get_legend().texts]
    assert words == ["one by one, at rest", "all at once, for ever in a cycle of two"]


def test_what_differs_from_the_stored_pattern_is_framed():
    ax = plot_recall(KNOWN["H"], RECALL)
    assert [text.get_text() for text in ax.texts] == ["stored", "noisy: 13 wrong", "recalled: 0 wrong"]
    assert len(ax.patches) == 3 + 13
    np.testing.assert_array_equal(ax.images[1].get_array(), RECALL.states[0].reshape(8, 8))


def test_pictures_need_not_be_square():
    net = Hopfield(6).store([[1, -1, 1, 1, -1, 1]])
    ax = plot_recall(net.patterns[0], net.recall([-1, -1, 1, 1, -1, 1], seed=0), shape=(2, 3))
    assert ax.images[0].get_array().shape == (2, 3)


def test_capacity_is_measured_beside_the_formula():
    ax = plot_capacity(50, [0.2, 0.4], repeats=2, seed=1)
    formula, measured = ax.lines[:2]
    assert dict(zip(formula.get_xdata(), formula.get_ydata()))[0.4] == one_step_error(50, 20)
    assert measured.get_ydata().tolist() == [measured_error(50, p, repeats=2, seed=1) for p in (10, 20)]


@pytest.mark.parametrize(("draw", "error", "says"), [
    (lambda: plot_energy([1, 2]), TypeError, r"plot_energy takes what net.recall\(x\) gives"),
    (lambda: plot_recall([1, -1], RECALL), ValueError, "The pattern must have 64 numbers"),
    (lambda: plot_recall([1, 1], SWING), ValueError, r"2 pixels do not make up 1 rows of 1: give shape=\(rows, columns\)"),
])  # fmt: skip
def test_mistakes_are_answered_in_one_sentence(draw, error, says):
    with pytest.raises(error, match=says):
        draw()
