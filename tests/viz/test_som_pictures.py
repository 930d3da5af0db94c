"""Pictures of self-organising maps show the map's own numbers, at the places where winner counts them."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest
from matplotlib import pyplot

from nn import MLP, SOM
from viz.plots import plot_distance_map, plot_net, plot_som, plot_unfolding

X = np.random.default_rng(0).random((50, 2))
PLANE = SOM(3, 4, 2, seed=0)
IMAGES = SOM(2, 3, 64, seed=0)


@pytest.mark.parametrize("draw", [
    lambda ax: plot_distance_map(PLANE, ax=ax), lambda ax: plot_som(IMAGES, ax=ax), lambda ax: plot_net(PLANE, X, ax),
])  # fmt: skip
def test_each_draws_on_the_ax_that_is_given_and_returns_it(draw):
    ax = pyplot.subplots()[1]
    assert draw(ax) is ax
    assert ax.has_data() and ax.get_xlabel() and ax.get_ylabel()
    ax.figure.canvas.draw()


def test_the_u_matrix_is_the_distance_map_with_its_labels():
    labels = np.arange(12).reshape(3, 4)
    ax = plot_distance_map(PLANE, labels)
    np.testing.assert_array_equal(ax.images[0].get_array(), PLANE.distance_map())
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(column, row): str(label) for (row, column), label in np.ndenumerate(labels)}


def test_a_map_without_differences_can_be_drawn():
    som = SOM(2, 2, 2)
    som.weights = np.ones((2, 2, 2))
    plot_distance_map(som).figure.canvas.draw()


def test_each_neuron_is_a_picture_at_its_place():
    ax = plot_som(IMAGES, [["a", "b", "c"], ["d", "e", "f"]])
    sheet = ax.images[0].get_array()
    assert sheet.shape == (20, 30)
    for row in range(2):
        for column in range(3):
            cut = sheet[10 * row + 1 : 10 * row + 9, 10 * column + 1 : 10 * column + 9]
            np.testing.assert_array_equal(cut, IMAGES.weights[row, column].reshape(8, 8))
    assert [text.get_text() for text in ax.texts] == list("abcdef")


def test_the_net_joins_neighbours():
    ax = plot_net(PLANE)
    assert len(ax.lines) == 3 + 4
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), PLANE.weights[1])
    np.testing.assert_array_equal(ax.lines[3 + 2].get_xydata(), PLANE.weights[:, 2])


def test_it_unfolds_from_snapshot_to_snapshot():
    som = SOM(3, 3, 2, sigma=2, seed=0)
    axes = plot_unfolding(som.fit(X, 2, snapshots=[0, 100]), X)
    assert [ax.get_title() for ax in axes] == ["after 0 steps, σ = 2", "after 100 steps, σ = 0.67"]
    np.testing.assert_array_equal(axes[1].lines[0].get_xydata(), som.weights[0])


@pytest.mark.parametrize(("draw", "error", "says"), [
    (lambda: plot_som(PLANE), ValueError, "must make up a square, such as 64 for 8x8 pixels; here there are 2"),
    (lambda: plot_net(IMAGES), ValueError, "must be 2 coordinates; here they are 64"),
    (lambda: plot_distance_map(MLP(2, [1])), TypeError, "A self-organising map is needed"),
    (lambda: plot_distance_map(PLANE, [1, 2]), ValueError, r"a label for each neuron, \(3, 4\)"),
    (lambda: plot_unfolding([]), ValueError, "There are no snapshots"),
])  # fmt: skip
def test_mistakes_are_answered_in_one_sentence(draw, error, says):
    with pytest.raises(error, match=says):
        draw()
