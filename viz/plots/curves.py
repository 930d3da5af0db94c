"""Curves: a function with its derivative, and the course of training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...engine import UndefinedError, Value, grad
from ...engine.primitive import Primitive
from ...nn.activations import ELEMENTWISE, Activation
from ...nn.curves import Curve
from ...nn.history import History
from .axes import BLACK, BLUE, ORANGE, axes, style

GRID = [i / 20 for i in range(-80, 81)]  # from -4 to 4; 0, where the table's corners are, is among them
BESIDE = 1e-9  # how far from a corner the limits from the left and from the right are read
SHOWN = 5.0  # larger values and slopes are cut off


def plot_activation(name: str | Callable[[Any], Any], ax: Any = None) -> Any:
    """An activation (solid) and its derivative (dashed), as the engine computes them; returns the ax.

    At a corner or a jump the curve is interrupted, open circles are the limits from both sides, and the filled one is the
    engine's own value there.
    """
    if name == "softmax":
        raise ValueError("softmax takes a layer as a whole, so there is no one curve to draw; all other activations have one.")
    activation = Activation(name)
    ax = axes(ax, 5.0, 3.6)
    ax.axhline(0, color="#cccccc", linewidth=0.8, zorder=0)
    ax.axvline(0, color="#cccccc", linewidth=0.8, zorder=0)
    corners = [z for z in GRID if is_corner(activation.function, z)]
    seen = []
    for order, label in ((0, "f(z)"), (1, "f ′(z)")):
        of = lambda z, order=order: value_and_slope(activation.function, z)[order]
        seen += curve(ax, of, corners, label, {"color": (BLUE, ORANGE)[order], "linestyle": ("-", "--")[order]})
    low, high = max(min(seen), -SHOWN), min(max(seen), SHOWN)
    ax.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    ax.set(xlim=(GRID[0], GRID[-1]), xlabel="z", ylabel="f(z), f ′(z)", title=repr(activation))
    ax.legend(fontsize=8)
    return ax


def plot_activations(names: Sequence[str] | None = None) -> list[Any]:
    """All elementwise activations of the table, or those named, on one sheet; returns the axes, one for each."""
    from matplotlib import pyplot

    names = list(ELEMENTWISE if names is None else [names] if isinstance(names, str) else names)
    if not names:
        raise ValueError('Name at least one activation: plot_activations(["sigmoid", "tanh"]).')
    for name in names:
        Activation(name)  # refuses anything else before anything is drawn
    columns = min(len(names), 5 if len(names) > 12 else 3)
    rows = math.ceil(len(names) / columns)
    grid = pyplot.subplots(rows, columns, figsize=(2.9 * columns, 2.4 * rows), squeeze=False, layout="constrained")[1]
    for ax in grid.flat[len(names) :]:
        ax.remove()
    return [plot_activation(name, ax) for name, ax in zip(names, grid.flat)]


def value_and_slope(function: Callable[[Any], Any], z: float) -> tuple[float, float]:
    """f(z) and f ′(z) by the engine; nan where there is none."""
    point = Value(z, "z")
    try:
        value = function(point)
    except UndefinedError:
        return math.nan, math.nan
    if not isinstance(value, Value):
        return float(value), 0.0
    try:
        return value.data, grad(value, point)
    except UndefinedError:
        return value.data, math.nan


def is_corner(function: Callable[[Any], Any], z: float) -> bool:
    """Whether a row of the table says that it has a corner or a jump at z."""
    if not isinstance(function, Primitive) or function.kink is None:
        return False
    static = [function.default] if function.parameter and function.static is None else []
    return bool(function.kink(z, *static) == 0)


def curve(ax: Any, of: Callable[[float], float], corners: list[float], label: str, line: dict[str, Any]) -> list[float]:
    """One line, interrupted at the corners where it jumps; the finite numbers that it goes through."""
    points = []
    for z in GRID:
        left, here, right = of(z - BESIDE), of(z), of(z + BESIDE)
        if z in corners and max(abs(here - left), abs(right - here)) > 1e-6:
            points += [(z, left), (z, math.nan), (z, right)]
            limits = [limit for limit in (left, right) if abs(limit - here) > 1e-6]
            ax.plot([z] * len(limits), limits, "o", color=line["color"], markerfacecolor="white", markersize=5, zorder=3)
            ax.plot([z], [here], "o", color=line["color"], markersize=5, zorder=4, label=f"_{label} at {z:g}")
        else:
            points.append((z, here))
    ax.plot(*zip(*points), linewidth=2, label=label, **line)
    return [y for _, y in points if math.isfinite(y)]


def plot_history(history: History, ax: Any = None) -> Any:
    """Cost and validation cost by epoch, and the accuracies on a second axis to the right; returns the ax of the costs."""
    if not hasattr(history, "validation_cost"):
        raise TypeError(f"A History is needed, which is what fit returns; {history!r:.60} is not one.")
    if not history.epochs:
        raise ValueError("This history has no epoch yet, so there is nothing to plot.")
    ax = axes(ax, 6.0, 3.8)
    drawn = [by_epoch(ax, history.cost, "cost", 0)]
    if history.validation_cost:
        drawn.append(by_epoch(ax, history.validation_cost, "validation cost", 1))
    ax.set(xlabel="epoch", ylabel="cost", title=history.reason)
    shares = {"accuracy": history.accuracy, "validation accuracy": history.validation_accuracy}
    known = {name: share for name, share in shares.items() if any(math.isfinite(s) for s in share)}  # nan for regression
    if known:
        right = ax.twinx()
        right.set(ylabel="accuracy", ylim=(-0.02, 1.02))
        drawn += [by_epoch(right, share, name, 2 + (name != "accuracy")) for name, share in known.items()]
    ax.legend(handles=drawn, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4, frameon=False)
    return ax


def plot_learning_curves(found: History | Curve, ax: Any = None, errors: bool = False) -> Any:
    """The cost on training and on validation data, and where the second is smallest; returns the ax.

    found    what fit returns, given validation=...: the costs against the epochs; or what learning_curve and validation_curve
             return: the means over the starts against the settings, and the range from the least to the greatest as a band
    errors   draw the share of wrong answers instead of the cost
    """
    at, training, validation, name = sides(found, "accuracy" if errors else "cost")
    if errors:
        training, validation = 1 - training, 1 - validation
    ax = axes(ax, 6.0, 3.8)
    few = isinstance(found, Curve)
    places = list(range(len(at))) if few else at  # settings are spaced evenly: some of them are 0 and the next a power of ten
    for number, (label, costs) in enumerate((("training", training), ("validation", validation))):
        look = style(number)
        if costs.shape[1] > 1:
            ax.fill_between(places, costs.min(axis=1), costs.max(axis=1), color=look["color"], alpha=0.12, linewidth=0)
        every = max(1, len(at) // 12)
        ax.plot(places, costs.mean(axis=1), label=label, marker="o^"[number], markersize=5, markevery=every, **look)
    means = validation.mean(axis=1)
    best = int(np.nanargmin(means))
    ax.plot(places[best], means[best], marker="*", markersize=15, color=BLACK, linestyle="none", zorder=4,
            label=f"smallest validation {'error' if errors else 'cost'}, at {at[best]:g}")  # fmt: skip
    if few:
        ax.set_xticks(places, [f"{setting:g}" for setting in at])
    if np.nanmin([training.min(), validation.min()]) >= 0:
        ax.set_ylim(bottom=0)
    starts = f", mean of {training.shape[1]} starts" if training.shape[1] > 1 else ""
    ax.set(xlabel=name, ylabel=("share of wrong answers" if errors else "cost") + starts)
    ax.legend(fontsize=8)
    return ax


def sides(found: Any, measured: str) -> tuple[list[float], np.ndarray, np.ndarray, str]:
    """The settings, what was measured at each on training and on validation data, a column for each start, and their name."""
    if not hasattr(found, f"validation_{measured}"):
        raise TypeError(f"A History is needed, which fit returns, or a Curve from learning_curve; {found!r:.60} is neither.")
    training, validation = np.array(getattr(found, measured)), np.array(getattr(found, f"validation_{measured}"))
    if not validation.size:
        raise ValueError("This history has no validation cost: train with fit(..., validation=0.2) or validation=(X, y).")
    if np.isnan(validation).all():
        raise ValueError("There are no classes in this regression, so there are no errors to count; draw the cost.")
    if isinstance(found, Curve):
        return found.at, training, validation, found.name
    count = len(validation)  # an interrupt may come between the two
    return list(range(1, count + 1)), training[:count, None], validation[:, None], "epoch"


def by_epoch(ax: Any, numbers: list[float], label: str, number: int) -> Any:
    """One line over the epochs 1, 2, ...; a single epoch is a point."""
    look = {**style(number), "color": BLACK} if number == 3 else style(number)
    marker = "os^D"[number]
    epochs = range(1, len(numbers) + 1)
    return ax.plot(epochs, numbers, label=label, marker=marker, markersize=4, markevery=max(1, len(numbers) // 12), **look)[0]
