"""Pictures of memory: what is drawn are the network's own numbers."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest
from matplotlib import pyplot

import nn
from nn.examples import numbers_of
from viz import draw_unrolled, plot_gates, plot_gradient_over_time, plot_states

X = np.random.default_rng(0).normal(size=(6, 2))
MODELS = {
    "Elman": nn.Elman(2, 3, 1, seed=0), "Jordan": nn.Jordan(2, 3, 1, alpha=0.5, seed=0), "LSTM": nn.LSTM(2, 3, seed=0),
    "GRU": nn.GRU(2, 3, seed=0), "row": nn.Sequential(nn.LSTM(2, 3, seed=0), nn.Last(), nn.Layer(3, 1, seed=0)),
}  # fmt: skip
PICTURES = {
    "unrolled": lambda ax: draw_unrolled(MODELS["Jordan"], X, ax),
    "states": lambda ax: plot_states(MODELS["Elman"], X, ax),
    "gates": lambda ax: plot_gates(MODELS["LSTM"], X, ax),
    "gradient": lambda ax: plot_gradient_over_time({"GRU": MODELS["GRU"]}, X, ax),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_draws_on_the_ax_that_is_given_or_makes_one(name):
    ax = pyplot.subplots()[1]
    assert PICTURES[name](ax) is ax
    ax.figure.canvas.draw()
    PICTURES[name](None).figure.canvas.draw()
    with pytest.raises(TypeError, match="ax must be one of matplotlib's axes"):
        PICTURES[name]("ax")


def images(ax):
    return {image.get_gid(): np.asarray(image.get_array()) for image in ax.images}


BANDS = {"Elman": "xhy", "Jordan": "xchy", "LSTM": "xch", "GRU": "xh", "row": "xch"}


@pytest.mark.parametrize(("name", "letters"), BANDS.items())
def test_the_bands_of_states_are_the_network_s_numbers(name, letters):
    model = MODELS[name].parts[0] if name == "row" else MODELS[name]
    found, expected = images(plot_states(MODELS[name], X)), model.activations(X.tolist())
    assert list(found) == list(letters)
    for letter in letters:
        np.testing.assert_array_equal(found[letter], np.array(numbers_of(getattr(expected, letter))).T)


@pytest.mark.parametrize(("name", "letters", "gates"), [("LSTM", "xifgoch", "ifo"), ("GRU", "xrznh", "rz")])
def test_gates_are_shown_from_0_to_1_and_states_around_0(name, letters, gates):
    ax = plot_gates(MODELS[name], X)
    assert "".join(images(ax)) == letters
    for image in ax.images:
        low, high = image.get_clim()
        assert (low, high) == (0, 1) if image.get_gid() in gates else low == -high
    with pytest.raises(TypeError, match="Only an LSTM and a GRU have gates; plot_states shows a network of class Elman"):
        plot_gates(MODELS["Elman"], X)


@pytest.mark.parametrize("name", MODELS)
def test_the_unrolled_network_has_a_box_for_each_unit_at_each_step(name):
    model = MODELS[name].parts[0] if name == "row" else MODELS[name]
    ax = draw_unrolled(MODELS[name], X)
    boxes = [patch.get_gid() for patch in ax.patches if patch.get_gid()]
    assert boxes.count("h[6]") == 3 and boxes.count("x[1]") == 2 and "h[7]" not in boxes
    texts = [text.get_text() for text in ax.texts]
    assert f"{numbers_of(model.states(X).h)[4][1] + 0.0:.2f}" in texts and texts.count("W") == 1
    ax = draw_unrolled(MODELS[name], np.zeros((20, 2)))
    assert "the first 12 of 20 steps" in ax.get_title() and "h[13]" not in [patch.get_gid() for patch in ax.patches]


def test_the_line_is_the_gradient_by_distance_and_the_median_over_networks():
    models = [nn.Elman(2, 3, 1, seed=seed) for seed in range(3)]
    alone, median = plot_gradient_over_time({"one": models[0], "three": models}, X).lines
    shares = [nn.gradient_over_time(model, X)[::-1] / nn.gradient_over_time(model, X)[-1] for model in models]
    np.testing.assert_allclose(alone.get_ydata(), shares[0], rtol=1e-12)
    np.testing.assert_allclose(median.get_ydata(), np.median(shares, axis=0), rtol=1e-12)
    assert alone.get_ydata()[0] == 1 and list(alone.get_xdata()) == list(range(6))
    assert median.axes.get_yscale() == "log"


@pytest.mark.parametrize(("draw", "sentence"), [
    (lambda: plot_states(nn.MLP(2, [1]), X), "plot_states draws a recurrent network"),
    (lambda: draw_unrolled(nn.Forced(nn.Jordan(1, 2, 1)), X), "draw_unrolled draws an Elman, .*; it was given a Forced"),
    (lambda: plot_gradient_over_time(MODELS["GRU"], X), "Name the networks"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_one_sentence(draw, sentence):
    with pytest.raises(TypeError, match=sentence):
        draw()
