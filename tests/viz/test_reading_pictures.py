"""The picture of a strip has a box for each digit, what was read, and marks what touches."""

import matplotlib

matplotlib.use("Agg")
import numpy as np
import pytest
from matplotlib import pyplot

from nn import MLP
from nn.reading import digits_in, read
from viz.plots import plot_reading

STRIP = np.zeros((12, 32))
STRIP[2:10, 2:6] = STRIP[2:10, 9:14] = STRIP[2:10, 17:30] = 1  # two digits, and what is too wide for one
STRIP[5, 7] = 1  # a speck
MODEL = MLP(64, [10], output="sigmoid", seed=0)


def test_boxes_stand_around_the_pieces_with_text_and_confidence():
    ax, found = pyplot.subplots()[1], read(STRIP, MODEL)
    assert plot_reading(STRIP, found, ax) is ax
    ax.figure.canvas.draw()
    boxes = [(*patch.get_xy(), patch.get_width(), patch.get_height()) for patch in ax.patches]
    assert boxes == [(2, 2, 4, 8), (9, 2, 5, 8), (17, 2, 13, 8), (7, 5, 1, 1)]
    assert [patch.get_linestyle() for patch in ax.patches[:3]] == ["-", "-", "--"]
    texts = [text.get_text() for text in ax.texts]
    assert texts[::2] == list(found.text) and found.text[-1] == "?"
    assert texts[1::2] == [f"{sure:.2f}" for sure in found.confidence]


def test_a_cut_alone_can_be_drawn():
    ax = plot_reading(STRIP, digits_in(STRIP))
    assert [text.get_text() for text in ax.texts] == ["", "", "", "", "?", ""]


def test_anything_else_is_refused():
    with pytest.raises(TypeError, match="plot_reading takes what digits_in"):
        plot_reading(STRIP, "731977")
