"""Plots show the engine's numbers, name their axes, and can be read without colours."""

import math

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest
from matplotlib import pyplot

from engine import Value, grad, sigmoid, tanh
from nn import MLP, Curve, History, Perceptron
from nn.activations import ELEMENTWISE
from viz import (
    plot_activation,
    plot_activations,
    plot_boundary,
    plot_descent,
    plot_digits,
    plot_history,
    plot_learning_curves,
    plot_weights,
)

HISTORY = History(cost=[3.0, 2.0, 1.0], accuracy=[0.5, 0.7, 0.9], validation_cost=[3.0, 2.5, 2.6], reason="3 epochs are done")
RUNS = Curve("λ", [0.0, 0.1, 1.0], np.array([[1, 3], [2, 4], [5, 5]]) / 10, np.array([[1, 1], [1, 0.8], [0.7, 0.7]]),
             np.array([[9, 7], [3, 5], [6, 6]]) / 10, np.array([[0.6, 0.4], [0.8, 0.7], [0.7, 0.9]]))  # fmt: skip
DIAGONAL = MLP.from_weights([[[1.0, 1.0]]], [[-1.0]], output="sigmoid")  # yes where x1 + x2 > 1
CORNERS, OR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1]
PIXELS = np.zeros((3, 64))


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


# --- every plot ---

PLOTS = {
    "activation": lambda ax: plot_activation("tanh", ax),
    "history": lambda ax: plot_history(HISTORY, ax),
    "learning curves by epoch": lambda ax: plot_learning_curves(HISTORY, ax),
    "learning curves by setting": lambda ax: plot_learning_curves(RUNS, ax),
    "boundary": lambda ax: plot_boundary(DIAGONAL, CORNERS, OR, ax),
    "descent": lambda ax: plot_descent(lambda x, y: x * x + y * y, [(1, 1), (0, 0)], ax),
    "descent of one number": lambda ax: plot_descent(lambda w: w * w, [1, 0], ax),
    "weights": lambda ax: plot_weights(DIAGONAL, ax=ax),
    "digits": lambda ax: plot_digits(PIXELS, ax=ax),
}


@pytest.mark.parametrize("name", PLOTS)
def test_each_draws_on_the_ax_that_is_given_and_returns_it(name):
    ax = pyplot.subplots()[1]
    assert PLOTS[name](ax) is ax
    assert ax.has_data()
    ax.figure.canvas.draw()


@pytest.mark.parametrize("name", PLOTS.keys() - {"digits"})
def test_each_makes_an_ax_if_none_is_given_and_names_its_axes(name):
    ax = PLOTS[name](None)
    assert ax.get_xlabel() and ax.get_ylabel()


@pytest.mark.parametrize("name", PLOTS)
def test_what_is_no_ax_is_refused(name):
    with pytest.raises(TypeError, match=r"ax must be one of matplotlib's axes"):
        PLOTS[name]("ax")


# --- activations ---

def test_the_lines_are_the_engine_s_function_and_derivative():
    ax = plot_activation("tanh")
    for z, value, slope in zip(*line(ax, "f(z)").get_data(), line(ax, "f ′(z)").get_ydata()):
        point = Value(z)
        assert (value, slope) == (tanh(z), grad(tanh(point), point))
    assert line(ax, "f(z)").get_linestyle() != line(ax, "f ′(z)").get_linestyle()


@pytest.mark.parametrize(("name", "at_0", "left", "right"), [("relu", 0, 0, 1), ("leaky_relu", 1, 0.01, 1), ("abs", 0, -1, 1)])
def test_at_a_corner_the_slope_jumps_and_the_engine_s_choice_is_marked(name, at_0, left, right):
    ax = plot_activation(name)
    z, slope = (np.asarray(numbers) for numbers in line(ax, "f ′(z)").get_data())
    assert slope[z == 0].tolist() == pytest.approx([left, math.nan, right], nan_ok=True)
    assert line(ax, "_f ′(z) at 0").get_ydata() == [at_0]
    assert np.isfinite(line(ax, "f(z)").get_ydata()).all()  # the function itself is not interrupted


def test_where_a_function_is_undefined_there_is_no_line():
    z, value = (np.asarray(numbers) for numbers in line(plot_activation("log"), "f(z)").get_data())
    assert np.isnan(value[z <= 0]).all() and np.isfinite(value[z > 0]).all()


def test_the_sheet_has_every_activation_of_the_table():
    assert [ax.get_title() for ax in plot_activations()] == list(ELEMENTWISE)
    assert [ax.get_title() for ax in plot_activations(["relu", "elu"])] == ["relu", "elu"]


# --- learning ---

def test_a_history_s_costs_stand_left_and_its_accuracy_right():
    ax = plot_history(HISTORY)
    assert line(ax, "cost").get_xdata().tolist() == [1, 2, 3]
    assert line(ax, "cost").get_ydata().tolist() == HISTORY.cost
    assert line(ax, "validation cost").get_ydata().tolist() == HISTORY.validation_cost
    right = ax.figure.axes[1]
    assert (right.get_ylabel(), line(right, "accuracy").get_ydata().tolist()) == ("accuracy", HISTORY.accuracy)
    looks = {drawn.get_linestyle() for drawn in (*ax.lines, *right.lines)}
    assert len(looks) == 3 == len(ax.get_legend().texts)


def test_a_regression_has_no_accuracy():
    ax = plot_history(History(cost=[1.0], accuracy=[math.nan]))
    assert len(ax.figure.axes) == 1


# --- learning curves ---

def test_both_costs_against_the_epochs_and_where_to_have_stopped():
    ax = plot_learning_curves(HISTORY)
    assert line(ax, "training").get_xdata().tolist() == [1, 2, 3]
    assert line(ax, "training").get_ydata().tolist() == HISTORY.cost
    assert line(ax, "validation").get_ydata().tolist() == HISTORY.validation_cost
    best = line(ax, "smallest validation cost, at 2")
    assert (*best.get_xdata(), *best.get_ydata()) == (2, 2.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "cost")
    assert not ax.collections  # one run has no range


def test_means_over_the_starts_against_the_settings_with_their_range():
    ax = plot_learning_curves(RUNS)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "0.1", "1"]
    assert line(ax, "training").get_ydata() == pytest.approx([0.2, 0.3, 0.5])
    assert line(ax, "validation").get_ydata() == pytest.approx([0.8, 0.4, 0.6])
    assert line(ax, "smallest validation cost, at 0.1").get_ydata() == pytest.approx([0.4])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("λ", "cost, mean of 2 starts")
    below, above = (band.get_paths()[0].vertices for band in ax.collections)
    assert {tuple(corner) for corner in below.tolist()} == {(0, 0.1), (0, 0.3), (1, 0.2), (1, 0.4), (2, 0.5)}
    assert above[:, 1].max() == 0.9
    looks = {drawn.get_linestyle() for drawn in ax.lines[:2]}
    assert len(looks) == 2 and ax.get_ylim()[0] == 0


def test_errors_are_what_is_left_of_the_accuracy():
    ax = plot_learning_curves(RUNS, errors=True)
    assert line(ax, "training").get_ydata() == pytest.approx([0, 0.1, 0.3])
    assert line(ax, "smallest validation error, at 1").get_ydata() == pytest.approx([0.2])
    assert "wrong" in ax.get_ylabel()


def test_an_interrupt_between_the_two_costs_leaves_one_point_less():
    ax = plot_learning_curves(History(cost=[3.0, 2.0], accuracy=[0.5, 0.7], validation_cost=[3.0], validation_accuracy=[0.5]))
    assert line(ax, "training").get_ydata().tolist() == [3.0]


def test_costs_below_0_are_not_cut_off():
    ax = plot_learning_curves(History(cost=[-3.0, -4.0], accuracy=[0.5, 0.7], validation_cost=[1.0, -2.0]))
    assert ax.get_ylim()[0] < -4


def test_learning_curves_need_a_validation_and_errors_need_classes():
    with pytest.raises(ValueError, match="has no validation cost: train with fit"):
        plot_learning_curves(History(cost=[1.0], accuracy=[1.0]))
    with pytest.raises(ValueError, match="no errors to count; draw the cost"):
        plot_learning_curves(History(cost=[1.0], accuracy=[math.nan], validation_cost=[1.0], validation_accuracy=[math.nan]),
                             errors=True)  # fmt: skip
    with pytest.raises(TypeError, match="A History is needed"):
        plot_learning_curves([1.0, 2.0])


# --- boundaries, weights, digits ---

def test_the_boundary_runs_where_the_network_is_undecided():
    """sigmoid(x1 + x2 - 1) is 1/2 on the line x1 + x2 = 1; two corners lie on it and count as yes."""
    ax = plot_boundary(DIAGONAL, CORNERS, OR)
    border = ax.collections[1].get_paths()[0].vertices
    assert border.sum(axis=1) == pytest.approx(1, abs=1e-9)
    assert [text.get_text() for text in ax.get_legend().texts] == ["class 0", "class 1"]
    assert ax.get_title() == "4 of 4 right"


def test_what_a_perceptron_gets_wrong_has_a_ring_around_it_and_keeps_its_shape():
    ax = plot_boundary(Perceptron([1, 1], -1.5), CORNERS, OR)  # this is AND
    ring = next(points for points in ax.collections if points.get_label() == "answered wrongly")
    assert ring.get_offsets().tolist() == [[0, 1], [1, 0]]
    assert len(ring.get_facecolors()) == 0  # nothing is drawn inside it
    markers = [points.get_sizes().max() for points in ax.collections if "class" in points.get_label()]
    assert ring.get_sizes().min() > 2 * max(markers)
    assert ax.get_title() == "2 of 4 right"


def test_three_classes_have_three_shapes():
    model = MLP.from_weights([[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]], [[0.0, 0.0, 0.0]])
    ax = plot_boundary(model, [[1, 0], [-1, 0], [0, 1]], [0, 1, 2])
    classes = [points for points in ax.collections if points.get_label().startswith("class")]
    assert len({points.get_paths()[0].vertices.tobytes() for points in classes}) == 3
    assert ax.get_title() == "3 of 3 right"


def test_a_path_over_a_plane_is_drawn_point_by_point():
    ravine = lambda x, y: (x * x + 20 * y * y) / 2
    ax = plot_descent(ravine, {"SGD": [(2, 1), (1, -1)], "Adam": [(2, 1), (1.5, 0.5)]})
    assert line(ax, "SGD").get_xydata().tolist() == [[2, 1], [1, -1]]
    look = lambda name: (line(ax, name).get_linestyle(), line(ax, name).get_marker())
    assert all(a != b for a, b in zip(look("SGD"), look("Adam")))
    contour = ax.collections[0]
    for level, path in zip(contour.levels, contour.get_paths()):
        for x, y in path.vertices[:5]:
            assert ravine(x, y) == pytest.approx(level, rel=0.2, abs=0.05)  # lines are straight between grid points


def test_a_path_over_a_line_lies_on_the_curve():
    ax = plot_descent(lambda w: w * w / 2, {"lr 1.9": [1, -0.9, 0.81]})
    assert line(ax, "lr 1.9").get_ydata() == pytest.approx([0.5, 0.405, 0.32805])


# --- arrays ---

def test_wrong_digits_are_framed_and_say_so():
    ax = plot_digits(PIXELS, [3, 8, 1], [3, 9, 1])
    assert [text.get_text() for text in ax.texts] == ["3", "8 ✗ is 9", "1"]
    assert [patch.get_gid() for patch in ax.patches if patch.get_gid()] == ["wrong 1"]
    assert ax.get_title() == "2 of 3 right"


def test_outputs_are_answers_too():
    ax = plot_digits(PIXELS[:2], np.eye(10)[[4, 7]], np.array([4, 7]))
    assert [text.get_text() for text in ax.texts] == ["4", "7"]


def test_the_pixels_are_the_image():
    image = np.arange(64) / 64
    assert plot_digits(image).images[0].get_array().ravel().tolist() == image.tolist()


def test_weights_of_64_pixels_are_pictures_and_others_a_matrix():
    model = MLP(64, [3, 2], seed=1)
    ax = plot_weights(model)
    assert [picture.get_array().ravel().tolist() for picture in ax.images] == model.layers[0].weight.tolist()
    matrix = plot_weights(model, 1)
    assert matrix.images[0].get_array().tolist() == model.layers[1].weight.tolist()
    assert matrix.get_title() == "W2, the weights of layers[1]"
    low, high = matrix.images[0].get_clim()
    assert low == -high == -abs(model.layers[1].weight).max()  # 0 is the middle shade


# --- wrong input ---

@pytest.mark.parametrize(("call", "error", "sentence"), [
    (lambda: plot_activation("tanhh"), ValueError, "no activation 'tanhh'"),
    (lambda: plot_activation("softmax"), ValueError, "layer as a whole"),
    (lambda: plot_activations([]), ValueError, "at least one"),
    (lambda: plot_history([1, 2]), TypeError, "History is needed"),
    (lambda: plot_history(History()), ValueError, "no epoch yet"),
    (lambda: plot_boundary(sigmoid, CORNERS, OR), TypeError, "can predict"),
    (lambda: plot_boundary(DIAGONAL, CORNERS, [0.1, 0.2, 0.3, 0.4]), ValueError, "must be classes"),
    (lambda: plot_boundary(DIAGONAL, [[1, 2, 3]], [1]), ValueError, r"shape \(examples, 2\)"),
    (lambda: plot_descent(sigmoid, {}), ValueError, "Each path needs points"),
    (lambda: plot_descent(sigmoid, [(1, 2, 3)]), ValueError, "Each path needs points"),
    (lambda: plot_descent(sigmoid, {"SGD": [1, math.inf]}), ValueError, "'SGD' .* finite"),
    (lambda: plot_descent(3, [1, 2]), TypeError, "f must be the function"),
    (lambda: plot_digits([1, 2, 3]), ValueError, "square"),
    (lambda: plot_digits(PIXELS, [1]), ValueError, "3 pictures, 1 answers"),
    (lambda: plot_weights(DIAGONAL, 1), ValueError, "layer = 1 is not one of them"),
    (lambda: plot_weights("net"), TypeError, "A network is needed"),
])  # fmt: skip
def test_wrong_input_is_answered_in_one_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert pyplot.get_fignums() == []  # refused before anything is drawn
