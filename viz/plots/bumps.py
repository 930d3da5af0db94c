"""The bumps of an RBF network, along a line or over the plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...nn.networks.rbf import RBF
from .axes import BLACK, BLUE, COLOURS, GREY, MARKERS, ORANGE, axes

FINE = 90  # points in each direction of the plane; along a line four times as many


def plot_bumps(model: RBF, X: Any = None, y: Any = None, ax: Any = None, *, output: int = 0) -> Any:
    """The bumps of an RBF network of one or two inputs, and what they add up to; returns the ax.

    Along a line: each bump times its weight (thin), and their sum with the bias (thick). Over the plane: the output as
    shades and as lines of equal height, a cross at each centre, and a circle of radius s around it, solid where the bump
    counts for the output, dashed where it counts against it.

    X, y     examples, to be drawn as points: for one input at the height of their targets, for two as classes
    output   which output, if there are several
    """
    if not isinstance(model, RBF):
        raise TypeError(f"plot_bumps draws an RBF network, such as RBF(2, 10, 1).fit(X, y); {model!r:.60} is none.")
    if model.n_in > 2:
        raise ValueError(f"Bumps can be drawn for one input or two; this network has {model.n_in}.")
    if isinstance(output, bool) or not isinstance(output, int) or not 0 <= output < model.n_out:
        raise ValueError(f"output = {output!r}: this network has the outputs 0 to {model.n_out - 1}.")
    rows = None if X is None else model.examples(X)
    targets = None if y is None else np.asarray(y, dtype=float)
    if targets is not None and (rows is None or targets.shape != (len(rows),)):
        raise ValueError("y has a number or a class for each example in X: give both, of one length.")
    model.predict(model.centre_numbers[:1])  # says so where the centres have no places yet
    ax = axes(ax, 6.0, 4.0) if model.n_in == 1 else axes(ax, 5.6, 4.4)
    margin = abs(model.width.data) * (2.0 if rows is None else 0.5)
    seen = model.centre_numbers if rows is None else np.concatenate([rows, model.centre_numbers])
    low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
    weights, bias = model.output.weight[output], float(model.output.bias[output])
    (along_a_line if model.n_in == 1 else over_the_plane)(ax, model, rows, targets, low, high, weights, bias)
    return ax


def along_a_line(
    ax: Any, model: RBF, rows: Any, targets: Any, low: np.ndarray, high: np.ndarray, weights: np.ndarray, bias: float
) -> None:
    """Each bump at its weight, and the sum."""
    across = np.linspace(low[0], high[0], 4 * FINE)
    bumps = model.features(across[:, None]) * weights
    for i, bump in enumerate(bumps.T):
        ax.plot(across, bump, color=BLUE, linewidth=0.9, alpha=0.8, label="one bump, w·φ" if i == 0 else None)
    ax.plot(across, bumps.sum(axis=1) + bias, color=ORANGE, linewidth=2.4, label="their sum + b")
    if rows is not None and targets is not None:
        ax.plot(rows[:, 0], targets, "o", color=BLACK, markersize=3, label="examples", zorder=3)
    ax.plot(model.centre_numbers[:, 0], np.zeros(model.units), "x", color=BLACK, label="centres", zorder=4)
    ax.set(xlabel="x", ylabel="y", xlim=(across[0], across[-1]), title=title(model))
    ax.legend(fontsize=8)


def over_the_plane(
    ax: Any, model: RBF, rows: Any, targets: Any, low: np.ndarray, high: np.ndarray, weights: np.ndarray, bias: float
) -> None:
    """The output as shades, with a circle for each bump."""
    from matplotlib.patches import Circle

    across, up = np.meshgrid(np.linspace(low[0], high[0], FINE), np.linspace(low[1], high[1], FINE))
    over = (model.features(np.column_stack([across.ravel(), up.ravel()])) @ weights + bias).reshape(across.shape)
    shades = ax.contourf(across, up, over, levels=14, cmap="Greys", alpha=0.7)
    ax.contour(across, up, over, levels=shades.levels[::2], colors=GREY, linewidths=0.6)
    ax.figure.colorbar(shades, ax=ax, label="output", shrink=0.85)
    if rows is not None:
        classes = np.zeros(len(rows)) if targets is None else targets
        for k, kind in enumerate(np.unique(classes)[: len(MARKERS)].tolist()):
            look = {"marker": MARKERS[k], "color": COLOURS[k % len(COLOURS)]}
            name = "examples" if targets is None else f"y = {kind:g}"
            ax.scatter(*rows[classes == kind].T, s=24, edgecolors="white", linewidths=0.5, label=name, zorder=6, **look)
    for (x, y), weight in zip(model.centre_numbers.tolist(), weights.tolist()):
        dashes = "-" if weight >= 0 else "--"
        radius = abs(model.width.data)
        ax.add_patch(Circle((x, y), radius, fill=False, edgecolor=BLACK, linewidth=1.4, linestyle=dashes, zorder=4))
    ax.plot(*model.centre_numbers.T, "x", color=BLACK, markersize=11, markeredgewidth=1.6, label="centres", zorder=5)
    ax.plot([], [], "-", color=BLACK, label="w > 0, radius s")
    ax.plot([], [], "--", color=BLACK, label="w < 0")
    ax.set(xlabel="x1", ylabel="x2", title=title(model), aspect="equal", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False)


def title(model: RBF) -> str:
    """How many bumps, and how wide."""
    return f"{model.units} bump{'s' if model.units > 1 else ''}, s = {abs(model.width.data):.3g}"
