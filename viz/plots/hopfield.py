"""Pictures of a Hopfield network: energy while it recalls, what it recalled from what, and how much it can store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...nn.networks.hopfield import Recall, measured_error, one_step_error
from .axes import BLACK, GREY, MARKERS, ORANGE, axes, style

LOADS = (0.1, 0.138, 0.185, 0.25, 0.37, 0.5, 0.61)
CAPACITY = 0.138  # patterns for each unit: beyond this, stored patterns are lost altogether (Amit, Gutfreund, Sompolinsky 1985)


def plot_energy(recalls: Recall | dict[str, Recall], ax: Any = None) -> Any:
    """The energy along a recall, or along several by name: state by state, as they are in recall.states. Returns the ax."""
    named = recalls if isinstance(recalls, dict) else {"": recalls}
    if not named or not all(isinstance(recall, Recall) for recall in named.values()):
        raise TypeError(f"plot_energy takes what net.recall(x) gives, or several of them by name; it was given {recalls!r:.60}.")
    ax = axes(ax, 5.5, 3.4)
    for i, (name, recall) in enumerate(named.items()):
        end = "at rest" if recall.settled else "for ever in a cycle of two" if recall.cycle else "not at rest"
        label = f"{name}, {end}".lstrip(", ")
        marker = {"marker": MARKERS[i % len(MARKERS)], "markersize": 4}
        ax.plot(range(len(recall.energies)), recall.energies, **style(i), **marker, label=label)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="state (one by one: units that changed; all at once: steps)", ylabel="energy E")
    ax.legend(fontsize=8)
    return ax


def plot_recall(pattern: Any, recall: Recall, ax: Any = None, *, shape: tuple[int, int] | None = None) -> Any:
    """Three pictures: the pattern that was stored, the state the recall began with, and the one it ended with. Returns the ax.

    Pixels that differ from the stored pattern are framed. shape: rows and columns of pixels, a square unless given.
    """
    stored = np.asarray(pattern, dtype=float)
    if stored.shape != recall.state.shape:
        raise ValueError(f"The pattern must have {len(recall.state)} numbers, as the states have; its shape is {stored.shape}.")
    pictures = np.array([stored, recall.states[0], recall.state])
    rows, columns = sides(pictures.shape[1], shape)
    ax = axes(ax, 5.2, 2.3 * rows / columns + 0.2)
    for i, (picture, name) in enumerate(zip(pictures.reshape(3, rows, columns), ("stored", "noisy", "recalled"))):
        left = i * (columns + 1.5)
        ax.imshow(picture, cmap="gray_r", vmin=-1, vmax=1, extent=(left, left + columns, rows, 0))
        frame(ax, left, 0, columns, rows, BLACK, 0.8)
        wrong = np.argwhere(picture != stored.reshape(rows, columns))
        for row, column in wrong:
            frame(ax, left + column + 0.12, row + 0.12, 0.76, 0.76, ORANGE, 1.4)
        words = name if i == 0 else f"{name}: {len(wrong)} wrong"
        ax.text(left + columns / 2, -0.35, words, ha="center", va="bottom", fontsize=10)
    ax.set(xlim=(-0.3, 3 * columns + 3.3), ylim=(rows + 0.3, -1.6), aspect="equal")
    ax.set_axis_off()
    return ax


def plot_capacity(n: int = 400, loads: Sequence[float] = LOADS, ax: Any = None, *, repeats: int = 3, seed: int = 0) -> Any:
    """The share of wrong units after one step from a stored pattern, measured beside ½ erfc(√(n/2p)); returns the ax.

    Each point is the mean of so many networks of n units, which store p = load · n random patterns.
    """
    counts = [round(load * n) for load in loads]
    measured = [measured_error(n, p, repeats=repeats, seed=seed) for p in counts]
    ax = axes(ax, 5.5, 3.6)
    steps = range(max(1, min(counts) // 2), max(counts) + 1)
    ax.plot([p / n for p in steps], [one_step_error(n, p) for p in steps], **style(0), label="½ erfc(√(n / 2p))")
    ax.plot([p / n for p in counts], [share or math.nan for share in measured], "o", color=ORANGE, label=f"measured, n = {n}")
    ax.axvline(CAPACITY, color=GREY, linestyle=":", label=f"capacity, about {CAPACITY} n")
    ax.set(yscale="log", xlabel="patterns for each unit, p / n", ylabel="share of wrong units after a step")
    ax.set_ylim(max(1e-6, 0.3 * min(one_step_error(n, p) for p in counts)), 0.5)
    ax.legend(fontsize=8)
    return ax


def sides(n: int, shape: tuple[int, int] | None) -> tuple[int, int]:
    """Rows and columns of n pixels."""
    rows, columns = shape or (math.isqrt(n), math.isqrt(n))
    if rows * columns != n:
        raise ValueError(f"{n} pixels do not make up {rows} rows of {columns}: give shape=(rows, columns).")
    return rows, columns


def frame(ax: Any, left: float, top: float, width: float, height: float, colour: str, line: float) -> None:
    """A frame around pixels."""
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=colour, linewidth=line))
