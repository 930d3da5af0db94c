"""Plots over the plane: what a model answers at every point, and the path of an optimiser over a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine import UndefinedError
from ...engine.value import number_of
from ...nn.examples import matrix
from ...nn.losses import Loss, loss_function
from ...nn.perceptron import Perceptron
from ...nn.targets import Targets
from .axes import BLACK, COLOURS, GREY, MARKERS, axes, style

FINE = 90  # points in each direction of the plane


def plot_boundary(model: Any, X: Any, y: Any, ax: Any = None, *, loss: str | Loss = "quadratic") -> Any:
    """The decision boundary of a model of two inputs, and the examples: a shape for each class, ringed if wrong. Returns the ax.

    y      classes, or the targets that the loss takes, as for `fit`; what counts as right follows `evaluate`
    loss   decides where the middle lies: 0 for logits, else half way between the two targets
    """
    rows = matrix(X, 2)
    answers = outputs(model, rows)
    n_out = 1 if answers.ndim == 1 else answers.shape[1]
    targets = Targets(y, len(rows), n_out, loss_function(loss))
    if math.isnan(targets.middle):
        raise ValueError("A boundary lies between classes: y must be classes, or rows of 0 and 1, not other numbers.")
    middle = 0.0 if isinstance(model, Perceptron) else targets.middle
    wrong = [not targets.hit(i, answer) for i, answer in enumerate(outputs(model, rows, judged=True))]
    classes = (targets.numbers > targets.middle).astype(int) if n_out == 1 else targets.numbers.argmax(axis=1)
    ax = axes(ax, 5.4, 4.4)
    margin = 0.12 * (np.ptp(rows, axis=0) + (np.ptp(rows, axis=0) == 0))
    (left, bottom), (right, top) = rows.min(axis=0) - margin, rows.max(axis=0) + margin
    across, up = np.meshgrid(np.linspace(left, right, FINE), np.linspace(bottom, top, FINE))
    over = outputs(model, np.column_stack([across.ravel(), up.ravel()]))
    if n_out == 1:
        regions(ax, across, up, over.reshape(across.shape) - middle)
    else:
        for k in range(n_out):
            others = np.delete(over, k, axis=1).max(axis=1)
            ahead = (over[:, k] - others).reshape(across.shape)  # how far class k is ahead of the best other
            if ahead.min() < 0 < ahead.max():
                ax.contour(across, up, ahead, levels=[0], colors=BLACK, linewidths=1.8)
    for k in sorted(set(classes.tolist())):
        mine = rows[classes == k]
        look = {"marker": MARKERS[k % len(MARKERS)], "color": COLOURS[k % len(COLOURS)]}
        ax.scatter(*mine.T, s=36, edgecolors="white", linewidths=0.5, label=f"class {k}", zorder=3, **look)
    if any(wrong):
        ring = {"facecolors": "none", "edgecolors": BLACK, "linewidths": 1.8}  # around the point, whose class stays visible
        ax.scatter(*rows[wrong].T, s=150, marker="o", label="answered wrongly", zorder=4, **ring)
    ax.set(xlabel="x1", ylabel="x2", title=f"{len(rows) - sum(wrong)} of {len(rows)} right")
    ax.legend(fontsize=8)
    return ax


def outputs(model: Any, rows: np.ndarray, *, judged: bool = False) -> np.ndarray:
    """The model's answers to rows; for a perceptron its sums, which show the boundary, unless they are judged."""
    if isinstance(model, Perceptron):
        return np.array([model(row) if judged else model.sum(row) for row in rows.tolist()])
    if not hasattr(model, "predict"):
        raise TypeError(f"A model is needed that can predict, such as an MLP or a Perceptron; {model!r:.60} cannot.")
    return np.asarray(model.predict(rows), dtype=float)


def regions(ax: Any, across: np.ndarray, up: np.ndarray, score: np.ndarray) -> None:
    """Yes is shaded, no is white, and a line runs between them."""
    if score.max() > 0:
        ax.contourf(across, up, score, levels=[0, math.nextafter(score.max(), math.inf)], colors=["#dddddd"])
    if score.min() < 0 < score.max():
        ax.contour(across, up, score, levels=[0], colors=BLACK, linewidths=1.8)


def plot_descent(f: Callable[..., Any], paths: Any, ax: Any = None) -> Any:
    """The paths that optimisers take over a function of one or two numbers; returns the ax.

    f        f(w) or f(x, y), in plain arithmetic: the function that was descended
    paths    the points of one path, or a dictionary of several, name -> points; a point is a number or a pair
    """
    named = paths if isinstance(paths, dict) else {"": paths}
    walked = {name: points(name, path) for name, path in named.items()}
    sizes = {path.shape[1] for path in walked.values()}
    if len(sizes) != 1 or not sizes <= {1, 2}:
        raise ValueError("Each path needs points, all of one number or all of two: {'SGD': [(1, 2), (0.5, 1)]}.")
    if not callable(f):
        raise TypeError(f"f must be the function that was descended, such as lambda w: w**2 / 2; {f!r:.60} is not one.")
    ax = axes(ax, 6.0, 4.4)
    every = np.concatenate(list(walked.values()))
    margin = 0.15 * np.ptp(every, axis=0) + 0.15 * (np.ptp(every, axis=0) == 0) + 1e-12
    low, high = every.min(axis=0) - margin, every.max(axis=0) + margin
    (hill if sizes == {1} else contours)(ax, f, low, high)
    for number, (name, path) in enumerate(walked.items()):
        line = path.T if sizes == {2} else (path[:, 0], [height(f, point) for point in path])
        marker = MARKERS[number % len(MARKERS)]
        ax.plot(*line, **style(number), linewidth=1.3, marker=marker, markersize=4.5, label=name or "path", zorder=3)
        ax.plot(line[0][0], line[1][0], marker, color=style(number)["color"], markerfacecolor="white", markersize=9, zorder=4)
    ax.plot([], [], "o", color=GREY, markerfacecolor="white", markersize=9, label="start")
    ax.legend(fontsize=8)
    return ax


def points(name: str, path: Any) -> np.ndarray:
    """A path as an array (points, numbers of each), finite."""
    try:
        array = np.asarray(path, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"The path {name!r} must be a list of points, each a number or a pair; it is {path!r:.60}.") from None
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise ValueError(f"The path {name!r} must have at least one point, and every number in it must be finite.")
    return array


def height(f: Callable[..., Any], point: Any) -> float:
    """f at a point; nan where it is undefined, so that the picture has a gap."""
    try:
        return number_of(f(*(float(number) for number in point)))
    except (UndefinedError, ZeroDivisionError, OverflowError):
        return math.nan


def hill(ax: Any, f: Callable[..., Any], low: np.ndarray, high: np.ndarray) -> None:
    """A function of one number, as a curve."""
    across = np.linspace(low[0], high[0], 301)
    ax.plot(across, [height(f, [w]) for w in across], color=GREY, linewidth=2.5, alpha=0.6, label="f")
    ax.set(xlabel="w", ylabel="f(w)")


def contours(ax: Any, f: Callable[..., Any], low: np.ndarray, high: np.ndarray) -> None:
    """A function of two numbers, as lines of equal height, closer together near the bottom, where it matters."""
    across, up = np.meshgrid(np.linspace(low[0], high[0], FINE), np.linspace(low[1], high[1], FINE))
    over = np.array([height(f, point) for point in zip(across.ravel(), up.ravel())]).reshape(across.shape)
    seen = over[np.isfinite(over)]
    if not seen.size:
        raise ValueError("The function is undefined all around these paths.")
    if np.ptp(seen) > 0:
        levels = seen.min() + np.ptp(seen) * np.linspace(0.0, 1.0, 14)[1:] ** 3
        lines = ax.contour(across, up, np.ma.masked_invalid(over), levels=levels, colors="#999999", linewidths=0.8)
        ax.clabel(lines, lines.levels[::3], fontsize=7, fmt="%.3g")
    ax.set(xlabel="x", ylabel="y")
