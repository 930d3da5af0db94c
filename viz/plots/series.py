"""Series over time: the states of a reservoir, and a forecast beside the truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.arrays import real_array
from ...nn.networks.echo import EchoState
from .axes import BLACK, BLUE, GREY, ORANGE, axes, shades_of


def plot_reservoir(model: EchoState, X: Any, ax: Any = None, *, most: int = 40) -> Any:
    """What a reservoir does on a series from state 0: time to the right, a row of shades for each of its first units.

    Below the first row, in the same time, runs the (first) input. Returns the ax.
    """
    if not isinstance(model, EchoState):
        raise TypeError(f"plot_reservoir draws a reservoir, such as EchoState(1, 100); {model!r:.60} is none.")
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise ValueError(f"most = {most!r} must be a whole number, at least 1: the number of units to draw.")
    inside = model.activations(X)
    states = inside.states[:, :most]
    ax = axes(ax, 7.0, 4.2)
    steps, units = states.shape
    room = max(2.0, 0.22 * units)  # the height of the strip with the input, in rows
    look = {"cmap": shades_of("value"), "vmin": -1, "vmax": 1, "extent": (-0.5, steps - 0.5, units + 0.5, 0.5)}
    image = ax.imshow(states.T, aspect="auto", **look)
    x = inside.x[:, 0]
    swing = float(np.ptp(x)) or 1.0
    ax.plot(np.arange(steps), units + 0.5 + room * (0.9 - 0.8 * (x - x.min()) / swing), color=ORANGE, linewidth=1.6)
    ax.axhline(units + 0.5, color=BLACK, linewidth=0.8)
    ax.set(xlim=(-0.5, steps - 0.5), ylim=(units + 0.5 + room, 0.5), xlabel="step t", ylabel="unit  (below: the input x)")
    ax.set_yticks([i for i in ax.get_yticks() if 1 <= i <= units and i == int(i)])
    ax.set_title(f"{units} of {model.units} units of a reservoir" if units < model.units else f"a reservoir of {units} units")
    ax.figure.colorbar(image, ax=ax, label="state r", shrink=0.85)
    return ax


def plot_forecast(truth: Any, forecast: Any, ax: Any = None, *, begins: int = 0) -> Any:
    """A forecast (dashed) beside the truth (solid), and below both how far they are apart; returns the ax.

    truth      the series, one number for each step
    forecast   what was forecast of it, from step `begins` of the truth on
    """
    series = one_series(truth, "truth")
    said = one_series(forecast, "forecast")
    if isinstance(begins, bool) or not isinstance(begins, int) or not 0 <= begins < len(series):
        raise ValueError(f"begins = {begins!r}: give the step of the truth at which the forecast begins, 0 to {len(series) - 1}.")
    ax = axes(ax, 7.0, 3.6)
    times = begins + np.arange(len(said))
    ax.plot(np.arange(len(series)), series, color=BLUE, linewidth=2.2, label="truth")
    ax.plot(times, said, color=ORANGE, linewidth=1.6, linestyle="--", label="forecast")
    both = times[times < len(series)]
    floor = min(series.min(), said.min())
    apart = np.abs(said[: len(both)] - series[both])
    foot = floor - 0.06 * float(np.ptp(series) or 1.0) - apart.max()
    ax.fill_between(both, foot, foot + apart, color=GREY, linewidth=0, label="how far apart, in the same units")
    if begins:
        ax.axvline(begins - 0.5, color=BLACK, linewidth=0.9, linestyle=":")
    ax.set(xlabel="step t", ylabel="x", xlim=(0, max(len(series), times[-1] + 1) - 1))
    ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False)
    return ax


def one_series(given: Any, name: str) -> np.ndarray:
    """A series of finite numbers (steps,)."""
    series = real_array(given, f"{name} must be a series of numbers, one for each step")
    series = series[:, 0] if series.ndim == 2 and series.shape[1] == 1 else series
    if series.ndim != 1 or not len(series) or not np.isfinite(series).all():
        raise ValueError(f"{name} must be finite numbers, one for each step; its shape is {series.shape}.")
    return series
