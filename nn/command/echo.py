"""python -m nn echo: a reservoir that never learns, and a readout that forecasts a chaotic series."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from .. import data, show
from ..networks.echo import EchoState
from .shared import has_blocks

UNITS, LEAK, RADIUS, RIDGE = 100, 0.3, 1.25, 1e-8
WARMUP, TRAINING, TEST, FREE = 100, 2000, 500, 300
SEEDS, LAGS = 5, 20
FAR = 0.1  # a forecast that is farther off than this has lost the series, which lies between 0.2 and 1.3


class Reservoir(NamedTuple):
    """How one reservoir did: its errors one step ahead, how long it learned, and its free run."""

    seed: int
    range: float
    deviation: float
    took: str
    net: EchoState
    free: np.ndarray


def run(options: Any, console: Console) -> None:
    """An echo state network on the Mackey-Glass series, one step ahead and running free, beside forecasters without one.

    The median of several reservoirs is what counts, since a single one may be lucky or not. Of two simple forecasters one
    says "as now", the other is a linear combination of the last 20 numbers, by least squares too.
    """
    first = options.seed
    series = data.mackey_glass(WARMUP + TRAINING + TEST + 1)
    console.print("Mackey-Glass: dx/dt = 0.2 x(t-τ)/(1 + x(t-τ)^10) - 0.1 x(t), τ = 17, x = 1.2\n"
                  "up to time 0, a number for each unit of time; Runge-Kutta of order 4, steps of 0.1.\n"
                  f"{WARMUP} steps of warm-up, {TRAINING} to learn from, {TEST} for the test.\n\n"
                  f"{UNITS} units, leak {LEAK:g}, spectral radius {RADIUS:g}, ridge {RIDGE:g}.",
                  highlight=False, soft_wrap=True)  # fmt: skip
    end, truth = WARMUP + TRAINING, series[WARMUP + TRAINING :]
    found = []
    for seed in range(first, first + SEEDS):
        began = perf_counter()
        net = EchoState(1, UNITS, LEAK, RADIUS, ridge=RIDGE, seed=seed).fit(series[:end], series[1 : end + 1], warmup=WARMUP)
        took = perf_counter() - began
        free = net.run(FREE)
        net.reset().predict(series[:end])
        errors = judged(net.predict(series[end:-1]), truth[1:])
        found.append(Reservoir(seed, *errors, f"{took:.2f} s", net, free))
        console.print(f"seed {seed}: one step ahead {errors[0]:.1e} of the range", highlight=False)
    ranked = sorted(found, key=lambda entry: entry.range)
    middle = ranked[SEEDS // 2]
    rows = [
        (f"seed {one.seed}, {which}", f"{one.range:.1e}", f"{one.deviation:.1e}", lasts(one.free, truth), one.took)
        for which, one in (("best", ranked[0]), ("median", middle), ("worst", ranked[-1]))
    ]
    for name, ahead, free in simple(series, end):
        a, b = judged(ahead, truth[1:])
        rows.append((name, f"{a:.1e}", f"{b:.1e}", lasts(free, truth), ""))
    console.print()
    console.print(show.table(f"Errors on the {TEST} numbers of the test (root of the mean square)",
                             ["forecast", "of range", "of deviation", "free for", "learned in"], rows))  # fmt: skip
    console.print(f"Free: fed with its own outputs, it stays within {FAR:g} of the truth for so long.\nOne step ahead "
                  f"the last {LAGS} numbers say more than a reservoir; running free, they lose the series.",
                  highlight=False, soft_wrap=True)  # fmt: skip
    plain = not has_blocks(console)
    console.print(f"\nRunning free, {FREE} steps of seed {middle.seed}:\n"
                  f"truth     {show.curve(truth[:FREE].tolist(), ascii=plain)}\n"
                  f"forecast  {show.curve(middle.free.tolist(), ascii=plain)}", highlight=False)  # fmt: skip
    console.print("\n" + forgetting(middle.net, series), highlight=False, soft_wrap=True)


def judged(forecast: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The root of the mean squared error, as a share of the truth's range and of its standard deviation."""
    error = math.sqrt(float(np.mean((forecast - truth) ** 2)))
    return error / float(np.ptp(truth)), error / float(truth.std())


def lasts(free: np.ndarray, truth: np.ndarray) -> str:
    """For how many steps a free run stays near the truth."""
    far = np.flatnonzero(np.abs(free - truth[: len(free)]) > FAR)
    return f"{far[0]} step{'s' if far[0] != 1 else ''}" if len(far) else f"{len(free)} or more"


def simple(series: np.ndarray, end: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Forecasters without a reservoir: their names, their one-step forecasts of the test, and their free runs."""
    last = np.array([[*series[t - LAGS + 1 : t + 1], 1.0] for t in range(WARMUP, len(series) - 1)])
    learned = end - WARMUP
    weights = np.linalg.lstsq(last[:learned], series[WARMUP + 1 : end + 1], rcond=None)[0]
    past = series[:end].tolist()
    for _ in range(FREE):
        past.append(float(np.dot([*past[-LAGS:], 1.0], weights)))
    return [
        ("as now", series[end:-1], np.full(FREE, series[end - 1])),
        (f"last {LAGS}, linear", last[learned:] @ weights, np.array(past[end:])),
    ]


def forgetting(net: EchoState, series: np.ndarray) -> str:
    """How far apart two starts are after some steps."""
    starts = np.ones(net.units), -np.ones(net.units)
    one, other = (net.activations(series[:201], start).states for start in starts)
    apart = np.linalg.norm(one - other, axis=1)
    measured = ", ".join(f"{apart[t - 1]:.1g} after {t}" for t in (1, 50, 100, 200))
    return (f"W's largest singular value is {net.largest_singular_value:.2f}, so nothing is promised about forgetting.\n"
            f"Measured: two starts are apart by {measured} steps.")  # fmt: skip
