"""The pictures of a reservoir and of a forecast show the numbers that there are."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest
from matplotlib import pyplot

import nn
from nn import data
from viz import plot_forecast, plot_reservoir

SERIES = data.sine(60)
NET = nn.EchoState(1, 12, seed=0).fit(SERIES[:-1], SERIES[1:], warmup=5)


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


@pytest.mark.parametrize("draw", [lambda ax: plot_reservoir(NET, SERIES, ax), lambda ax: plot_forecast(SERIES, SERIES, ax)])
def test_each_draws_on_the_ax_that_is_given_or_on_a_new_one(draw):
    ax = pyplot.subplots()[1]
    assert draw(ax) is ax
    new = draw(None)
    new.figure.canvas.draw()
    assert new.get_xlabel() and new.get_ylabel()
    with pytest.raises(TypeError, match="ax must be one of matplotlib's axes"):
        draw("ax")


def test_the_shades_are_the_states_and_the_line_below_is_the_input():
    ax = plot_reservoir(NET, SERIES, most=7)
    np.testing.assert_array_equal(ax.images[0].get_array(), NET.activations(SERIES).states[:, :7].T)
    assert ax.get_title() == "7 of 12 units of a reservoir"
    drawn = -ax.lines[0].get_ydata()  # the axis points down
    np.testing.assert_allclose((drawn - drawn.min()) / np.ptp(drawn), (SERIES - SERIES.min()) / np.ptp(SERIES), atol=1e-12)
    assert (NET.state == NET.activations(SERIES[:-1]).states[-1]).all()  # looking changes nothing


def test_an_input_that_never_changes_is_a_line_too():
    plot_reservoir(NET, np.ones(10)).figure.canvas.draw()


def test_the_forecast_stands_where_it_begins():
    forecast = SERIES[40:] + 0.1
    ax = plot_forecast(SERIES[:50], forecast, begins=40)
    assert line(ax, "truth").get_ydata().tolist() == SERIES[:50].tolist()
    assert line(ax, "forecast").get_xdata().tolist() == [*range(40, 60)]  # it may reach beyond the truth
    assert line(ax, "forecast").get_ydata().tolist() == forecast.tolist()
    heights = np.ptp(ax.collections[0].get_paths()[0].vertices[:, 1])
    assert heights == pytest.approx(0.1)


@pytest.mark.parametrize(("call", "error", "sentence"), [
    (lambda: plot_reservoir(nn.MLP(1, [1]), SERIES), TypeError, r"plot_reservoir draws a reservoir, such as EchoState"),
    (lambda: plot_reservoir(NET, SERIES, most=0), ValueError, "most = 0 must be a whole number, at least 1"),
    (lambda: plot_forecast([[1.0, 2.0]], [1.0]), ValueError, r"truth must be finite numbers, .* its shape is \(1, 2\)"),
    (lambda: plot_forecast(SERIES, [np.nan]), ValueError, "forecast must be finite numbers"),
    (lambda: plot_forecast(SERIES, SERIES, begins=60), ValueError, "begins = 60: give the step .* 0 to 59"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
