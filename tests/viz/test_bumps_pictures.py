"""The picture of an RBF network shows its own bumps."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest
from matplotlib import pyplot

import nn
from nn import data
from viz import plot_bumps

X = np.linspace(0.0, 6.0, 40)[:, None]
LINE = nn.RBF(1, 5, 1, width=0.8, seed=0).fit(X, np.sin(X[:, 0]))
CORNERS, XOR = data.xor()
PLANE = nn.RBF(2, 2, 1, centres=[[0, 0], [1, 1]]).fit(CORNERS, XOR)


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


@pytest.mark.parametrize("draw", [lambda ax: plot_bumps(LINE, ax=ax), lambda ax: plot_bumps(PLANE, CORNERS, XOR, ax=ax)])
def test_it_draws_on_the_ax_that_is_given_or_on_a_new_one(draw):
    ax = pyplot.subplots()[1]
    assert draw(ax) is ax
    new = draw(None)
    new.figure.canvas.draw()
    assert new.get_xlabel() and new.get_ylabel() and new.get_legend()
    with pytest.raises(TypeError, match="ax must be one of matplotlib's axes"):
        draw("ax")


def test_along_a_line_the_bumps_add_up_to_the_networks_output():
    ax = plot_bumps(LINE, X, np.sin(X[:, 0]))
    total = line(ax, "their sum + b")
    across = total.get_xdata()
    np.testing.assert_allclose(total.get_ydata(), LINE.predict(across[:, None]), rtol=1e-10, atol=1e-12)
    bumps = [drawn.get_ydata() for drawn in ax.lines if drawn.get_linewidth() < 1]
    assert len(bumps) == 5
    np.testing.assert_allclose(np.sum(bumps, axis=0) + LINE.output.bias[0], total.get_ydata(), atol=1e-12)
    assert line(ax, "examples").get_ydata().tolist() == np.sin(X[:, 0]).tolist()


def test_over_the_plane_each_bump_is_a_circle_of_radius_s_dashed_if_it_counts_against():
    ax = plot_bumps(PLANE, CORNERS, XOR)
    circles = {tuple(patch.center): (patch.radius, patch.get_linestyle()) for patch in ax.patches}
    assert circles == {(0.0, 0.0): (PLANE.width.data, "--"), (1.0, 1.0): (PLANE.width.data, "--")}
    assert line(ax, "centres").get_xydata().tolist() == [[0.0, 0.0], [1.0, 1.0]]
    examples = {drawn.get_label(): drawn.get_offsets().tolist() for drawn in ax.collections if drawn.get_label().startswith("y")}
    assert examples == {"y = 0": [[0.0, 0.0], [1.0, 1.0]], "y = 1": [[0.0, 1.0], [1.0, 0.0]]}


def test_one_of_several_outputs_can_be_chosen():
    model = nn.RBF(1, 3, 2, width=1.0, seed=0).fit(X, np.column_stack([np.sin(X), np.cos(X)]))
    total = line(plot_bumps(model, output=1), "their sum + b")
    np.testing.assert_allclose(total.get_ydata(), model.predict(total.get_xdata()[:, None])[:, 1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("call", "error", "sentence"), [
    (lambda: plot_bumps(nn.MLP(2, [1])), TypeError, r"plot_bumps draws an RBF network, such as RBF\(2, 10, 1\)\.fit\(X, y\); "),
    (lambda: plot_bumps(nn.RBF(3, 2, 1, centres="random")), ValueError, "one input or two; this network has 3"),
    (lambda: plot_bumps(PLANE, output=1), ValueError, "output = 1: this network has the outputs 0 to 0"),
    (lambda: plot_bumps(PLANE, CORNERS, [1.0]), ValueError, "y has a number or a class for each example in X"),
    (lambda: plot_bumps(PLANE, y=XOR), ValueError, "give both, of one length"),
    (lambda: plot_bumps(nn.RBF(2, 2, 1)), ValueError, "The centres have no places yet"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
