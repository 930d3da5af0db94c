"""A strip with the boxes of its digits, and what was read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...nn.reading import UNKNOWN, Cut, Reading
from .axes import BLUE, GREY, ORANGE, axes
from .pixels import rectangle

SURE = 0.5  # a digit read with less confidence than this is marked


def plot_reading(strip: Any, reading: Reading | Cut, ax: Any = None) -> Any:
    """The strip with a box around each digit, what was read above it and the confidence below; returns the ax.

    What touches has a dashed box and a question mark, specks have a thin grey one. Takes what `digits_in` or `read` gave.
    """
    if not isinstance(reading, (Reading, Cut)):
        raise TypeError(f"plot_reading takes what digits_in(strip) or read(strip, model) gave; it was given {reading!r:.60}.")
    cut = reading.cut if isinstance(reading, Reading) else reading
    image = np.asarray(strip, dtype=float)
    rows, columns = image.shape
    unit = rows / 12  # the words around the boxes are as large for a strip of larger pixels
    ax = axes(ax, 0.16 * columns / unit + 0.4, 2.4)
    ax.imshow(image, cmap="gray", extent=(0, columns, rows, 0))
    for i, piece in enumerate(cut.pieces):
        left, top, right, bottom = piece.box
        look = {"edgecolor": ORANGE, "linestyle": "--"} if piece.touching else {"edgecolor": BLUE, "linestyle": "-"}
        ax.add_patch(rectangle((left, top), right - left, bottom - top, fill=False, linewidth=2, **look))
        above, below, unsure = UNKNOWN if piece.touching else "", "", piece.touching
        if isinstance(reading, Reading):
            above, below, unsure = reading.text[i], f"{reading.confidence[i]:.2f}", reading.confidence[i] < SURE
        colour = {"color": ORANGE if unsure else "black"}
        ax.text((left + right) / 2, -0.6 * unit, above, ha="center", va="bottom", fontsize=14, fontweight="bold", **colour)
        ax.text((left + right) / 2, rows + 0.6 * unit, below, ha="center", va="top", fontsize=8, **colour)
    for left, top, right, bottom in cut.specks:
        ax.add_patch(rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=GREY, linewidth=0.8))
    ax.set(xlim=(-1, columns + 1), ylim=(rows + 3.5 * unit, -4.5 * unit), aspect="equal")
    ax.set_axis_off()
    return ax
