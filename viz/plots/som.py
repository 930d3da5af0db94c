"""Pictures of a self-organising map: borders between groups, what each neuron stands for, the net over the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...nn.networks.som import SOM, Snapshot
from .axes import BLUE, GREY, ORANGE, axes
from .pixels import rectangle


def plot_distance_map(som: SOM, labels: Any = None, ax: Any = None, *, adjacency: int = 8) -> Any:
    """The U-matrix: how far each neuron's weights are from its neighbours', black for the furthest. Returns the ax.

    Light valleys are groups, dark ridges the borders between them. `labels`, such as som.labels(X, y), are written on it.
    """
    shades = the_map(som).distance_map(adjacency=adjacency)
    words = labels_of(labels, som)
    ax = axes(ax, 1.7 + 0.45 * som.columns, 1.0 + 0.45 * som.rows)
    least = min(float(shades.min()), 0.99)
    picture = ax.imshow(shades, cmap="gray_r", vmin=least, vmax=1)
    if words is not None:
        for (row, column), word in np.ndenumerate(words):
            colour = "white" if shades[row, column] > (least + 1) / 2 else "black"
            ax.text(column, row, str(word), ha="center", va="center", color=colour, fontsize=10)
    count_from_0(ax, som)
    ax.set_title("U-matrix: dark ridges part the groups", fontsize=10)
    ax.figure.colorbar(picture, ax=ax, label="mean distance to the neighbours, largest = 1", shrink=0.8)
    return ax


def plot_som(som: SOM, labels: Any = None, ax: Any = None) -> Any:
    """Each neuron's weights as a picture, at its place on the grid; returns the ax.

    The weights must make up squares, as those of 8x8 pixels do: 0 is paper, 1 is ink. `labels` are written into the corners.
    """
    side = round(the_map(som).n_in ** 0.5)
    if side * side != som.n_in:
        raise ValueError(f"A neuron's weights must make up a square, such as 64 for 8x8 pixels; here there are {som.n_in}.")
    words = labels_of(labels, som)
    ax = axes(ax, 0.6 * som.columns + 0.5, 0.6 * som.rows + 0.7)
    framed = np.zeros((som.rows, som.columns, side + 2, side + 2))  # a pixel of paper around each
    framed[:, :, 1:-1, 1:-1] = som.weights.reshape(som.rows, som.columns, side, side)
    sheet = framed.transpose(0, 2, 1, 3).reshape(som.rows * (side + 2), -1)
    place = (-0.5, som.columns - 0.5, som.rows - 0.5, -0.5)
    ax.imshow(sheet, cmap="gray_r", vmin=0, vmax=max(float(sheet.max()), 1e-12), extent=place)
    for row in range(som.rows):
        for column in range(som.columns):
            ax.add_patch(rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=GREY, linewidth=0.5))
            if words is not None:
                ax.text(column - 0.47, row - 0.49, str(words[row, column]), ha="left", va="top", color=ORANGE, fontsize=7,
                        fontweight="bold")  # fmt: skip
    count_from_0(ax, som)
    ax.set_title(f"what each of {som.rows}x{som.columns} neurons stands for", fontsize=10)
    return ax


def plot_net(som: SOM | Snapshot, X: Any = None, ax: Any = None) -> Any:
    """The map's neurons where their weights lie in the plane, neighbours joined by lines, over the data X; returns the ax.

    Takes a map of points with 2 coordinates, or a snapshot of one.
    """
    weights = som.weights
    if weights.shape[2] != 2:
        raise ValueError(f"A net is drawn in the plane: its weights must be 2 coordinates; here they are {weights.shape[2]}.")
    ax = axes(ax, 4.0, 4.0)
    if X is not None:
        points = np.asarray(X, dtype=float)
        ax.scatter(points[:, 0], points[:, 1], s=3, color="#bbbbbb", linewidths=0, zorder=0, label="data")
    for line in (*weights, *weights.transpose(1, 0, 2)):
        ax.plot(line[:, 0], line[:, 1], color=BLUE, linewidth=0.9, zorder=1)
    ax.scatter(*weights.reshape(-1, 2).T, s=12, color=ORANGE, linewidths=0, zorder=2, label="neurons")
    ax.set(xlabel="x1", ylabel="x2", aspect="equal")
    if isinstance(som, Snapshot):
        ax.set_title(f"after {som.step} steps, σ = {som.sigma:.2g}", fontsize=10)
    return ax


def plot_unfolding(snapshots: Sequence[Snapshot], X: Any = None) -> list[Any]:
    """The net at each snapshot that som.fit(X, snapshots=[...]) gave, side by side; returns the axes."""
    from matplotlib import pyplot

    if not len(snapshots):
        raise ValueError("There are no snapshots: ask for some, som.fit(X, snapshots=[0, 100, 1000]).")
    grid = pyplot.subplots(1, len(snapshots), figsize=(2.9 * len(snapshots), 3.5), squeeze=False, layout="constrained",
                           sharex=True, sharey=True)[1][0]  # fmt: skip
    drawn = [plot_net(snapshot, X, ax) for snapshot, ax in zip(snapshots, grid)]
    for ax in drawn[1:]:
        ax.set_ylabel("")
    return drawn


def the_map(som: Any) -> SOM:
    """The map, or an error that says what is needed."""
    if not isinstance(som, SOM):
        raise TypeError(f"A self-organising map is needed, SOM(rows, columns, n_in); {som!r:.60} is not one.")
    return som


def labels_of(labels: Any, som: SOM) -> np.ndarray | None:
    """A word for each neuron."""
    if labels is None:
        return None
    words = np.asarray(labels)
    if words.shape != (som.rows, som.columns):
        raise ValueError(f"There must be a label for each neuron, ({som.rows}, {som.columns}), as som.labels(X, y) gives; "
                         f"their shape is {words.shape}.")  # fmt: skip
    return words


def count_from_0(ax: Any, som: SOM) -> None:
    """Rows and columns are numbered as som.winner(x) numbers them."""
    ax.set(xlabel="column", ylabel="row", xlim=(-0.5, som.columns - 0.5), ylim=(som.rows - 0.5, -0.5))
    for axis, count in ((ax.xaxis, som.columns), (ax.yaxis, som.rows)):
        axis.set_ticks(range(0, count, -(-count // 12)))
