"""Pictures of shared weights: the numbers that they show are the network's, and each can be drawn anywhere."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest
from matplotlib import pyplot

import nn
from nn.examples import numbers_of
from viz import draw_network, plot_delays, plot_evidence, plot_kernels, plot_maps, plot_weights, plot_window

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.random((6, 5))
CONV = nn.Conv2d(1, 3, 3, activation="relu", seed=0)
CNN = nn.Sequential(CONV, nn.MaxPool2d(2), nn.Flatten(), nn.Layer(6, 2, seed=0))
TDNN = nn.TDNN(4, (3, 2), (3, 2), seed=0)
SOUND = RANDOM.normal(size=(7, 4))


def shown(ax):
    """The numbers of each small picture, in the order of drawing."""
    return [np.ma.filled(image.get_array().astype(float), np.nan) for image in ax.images]


def words(ax):
    return [text.get_text() for text in ax.texts]


PLOTS = {
    "kernels": lambda ax: plot_kernels(CONV, ax),
    "kernels of a signal": lambda ax: plot_kernels(nn.Conv1d(2, 3, 4, seed=0), ax),
    "maps": lambda ax: plot_maps(CNN, IMAGE, ax),
    "a window": lambda ax: plot_window(CONV, IMAGE, 1, 2, ax=ax),
    "delays": lambda ax: plot_delays(TDNN, ax=ax),
    "evidence": lambda ax: plot_evidence(TDNN, SOUND, ax=ax),
}


@pytest.mark.parametrize("name", PLOTS)
def test_each_draws_on_the_ax_that_is_given_and_returns_it(name):
    ax = pyplot.subplots()[1]
    assert PLOTS[name](ax) is ax
    ax.figure.canvas.draw()
    own = PLOTS[name](None)
    assert own is not ax
    own.figure.canvas.draw()


def test_kernels_are_a_column_for_each_output_and_a_row_for_each_input():
    conv = nn.Conv2d(2, 3, (2, 3), seed=0)
    weight = conv.state_dict()["weight"]
    ax = plot_kernels(conv)
    for image, (o, c) in zip(ax.images, [(o, c) for o in range(3) for c in range(2)]):
        np.testing.assert_array_equal(image.get_array(), weight[o, c])
        left, _, _, top = image.get_extent()
        assert (left, top) == (o * 4 - 0.5, c * 3 - 0.5)
    low, high = ax.images[0].get_clim()
    assert -low == high == np.abs(weight).max()
    (signal,) = [plot_kernels(nn.Conv1d.from_weights([[[1, 2], [3, 4]]]))]
    np.testing.assert_array_equal(shown(signal)[0], [[1, 2], [3, 4]])


def test_maps_are_what_each_part_makes_of_the_image():
    ax = plot_maps(CNN, IMAGE)
    outputs = CNN.activations(IMAGE).outputs
    expected = [IMAGE, *np.array(numbers_of(outputs[0])), *np.array(numbers_of(outputs[1]))]
    assert len(ax.images) == 7
    for picture, numbers in zip(shown(ax), expected):
        np.testing.assert_array_equal(picture, numbers)
    assert [word for word in words(ax) if word] == ["input", "Conv2d", "MaxPool2d"]


def test_a_single_convolution_has_maps_too():
    assert len(plot_maps(CONV, IMAGE).images) == 4


def test_a_window_shows_the_patch_the_kernel_the_products_and_where_the_sum_lands():
    ax = plot_window(CONV, IMAGE, 1, 2, channel=1)
    kernel = CONV.state_dict()["weight"][1, 0]
    patch = IMAGE[1:4, 2:5]
    pictures = shown(ax)
    for picture, numbers in zip(pictures, (IMAGE, patch, kernel, patch * kernel)):
        np.testing.assert_allclose(picture, numbers, rtol=1e-15)
    z = numbers_of(CONV.activations(IMAGE).z)[1]
    np.testing.assert_allclose(pictures[4], z, rtol=1e-15)
    assert ax.get_title().startswith(f"z = {z[1][2]:.3f}")
    frames = [patch.get_bbox().bounds for patch in ax.patches if patch.get_linewidth() > 2]
    map_left, _, _, map_top = ax.images[4].get_extent()
    assert frames == [(1.5, 0.5, 3, 3), (map_left + 2, map_top + 1, 1, 1)]


def test_the_example_of_four_inputs_can_be_read():
    ax = plot_window(nn.Conv1d.from_weights([[[1, 0, -1]]]), [1, 2, 3, 4], 1)
    numbers = [word for word in words(ax) if word.lstrip("-").isdigit()]
    assert numbers == ["2", "3", "4", "1", "0", "-1", "2", "0", "-4"]
    assert ax.get_title() == "z = -2 with b = 0"


def test_beyond_the_border_there_is_a_dash_and_no_number():
    conv = nn.Conv2d(2, 1, 3, padding=1, seed=0)
    ax = plot_window(conv, RANDOM.random((2, 3, 3)), 0, 0)
    assert words(ax).count("–") == 2 * 2 * 5  # five of nine squares, for two channels, in the window and the products
    assert ax.get_xlim()[0] < -1.5


def test_delays_run_from_the_oldest_to_now_and_the_first_coefficient_is_at_the_bottom():
    ax = plot_delays(TDNN)
    delays = TDNN.delays(0)
    for picture, unit in zip(shown(ax), delays):
        np.testing.assert_array_equal(picture, unit[::-1, ::-1])
    from_left = sorted((text for text in ax.texts if text.get_text().isdigit()), key=lambda text: text.get_position())
    assert [text.get_text() for text in from_left] == ["2", "1", "0"] * 3
    second = plot_delays(TDNN, 1)
    for picture, unit in zip(shown(second), TDNN.delays(1)):
        np.testing.assert_array_equal(picture, unit[:, ::-1])


def test_evidence_shows_each_layer_over_time_and_the_sums():
    ax = plot_evidence(TDNN, SOUND, names="xy")
    found = TDNN.activations(SOUND)
    expected = [SOUND.T[::-1], *(np.array(numbers_of(maps.a)) for maps in found.maps)]
    for picture, numbers in zip(shown(ax), expected):
        np.testing.assert_array_equal(picture, numbers)
    assert {image.get_extent()[1] for image in ax.images} == {6.5}  # all end at the last step
    sums = numbers_of(found.output)
    texts = [text for text in ax.texts if "Σ" in text.get_text()]
    assert [text.get_text()[:3] for text in texts] == ["x: ", "y: "]
    assert [float(text.get_text()[7:]) for text in texts] == pytest.approx(sums, abs=0.005)
    assert [text.get_fontweight() for text in texts] == ["bold" if total == max(sums) else "normal" for total in sums]


@pytest.mark.parametrize("draw, message", [
    (lambda: plot_kernels(TDNN), "A Conv1d or a Conv2d is needed"),
    (lambda: plot_maps(nn.Layer(2, 1), IMAGE), "a Sequential that begins with one"),
    (lambda: plot_window(nn.Flatten(), IMAGE, 0), "A Conv1d or a Conv2d is needed"),
    (lambda: plot_delays(CONV), "A TDNN is needed"),
    (lambda: plot_evidence(CONV, SOUND), "A TDNN is needed"),
    (lambda: plot_weights(TDNN), "layers that see all that is below them"),
    (lambda: draw_network(TDNN), "layers that see all that is below them"),
])  # fmt: skip
def test_anything_else_is_answered_in_a_sentence(draw, message):
    with pytest.raises(TypeError, match=message):
        draw()
