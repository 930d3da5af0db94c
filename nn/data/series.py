"""Series of numbers over time, to be forecast."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from ...engine.arrays import shown
from ..arguments import is_whole


def sine(steps: int = 1000, period: float = 25.0, amplitude: float = 1.0) -> np.ndarray:
    """A·sin(2πt / period) at the times t = 0, 1, 2, ...; shape (steps,)."""
    check_steps(steps)
    positive(period, "period", "the number of steps after which it repeats")
    positive(amplitude, "amplitude", "how far it swings from 0")
    found: np.ndarray = amplitude * np.sin(2 * np.pi / period * np.arange(steps))
    return found


def mackey_glass(
    steps: int = 2600, tau: float = 17.0, *, step: float = 1.0, substeps: int = 10, start: float = 1.2, beta: float = 0.2,
    gamma: float = 0.1, power: float = 10.0,
) -> np.ndarray:  # fmt: skip
    """The number of blood cells over time, after Mackey and Glass (1977): regular for small delays, chaotic from tau = 17 on.

        dx/dt = beta·x(t - tau) / (1 + x(t - tau)^power) - gamma·x(t),    x(t) = start for t <= 0

    Returned are x(0), x(step), x(2·step), ..., shape (steps,). The integrator is the classical Runge-Kutta method of order 4
    with steps of step/substeps; half way between two of them the delayed number comes from the cubic through both and their
    slopes. The first hundred or so are under the influence of the start. Two integrators drift apart after some hundred
    steps, as everything does here: compare forecasts on one series only.
    """
    check_steps(steps)
    for number, name, what in (
        (tau, "tau", "the delay, in units of time"),
        (step, "step", "the time between two numbers of the series"),
        (start, "start", "the number of cells up to time 0"),
        (beta, "beta", "the rate at which cells are made"),
        (gamma, "gamma", "the share of cells that die in a unit of time"),
        (power, "power", "how steeply many cells hinder the making of more"),
    ):
        positive(number, name, what)
    if not is_whole(substeps) or substeps < 1:
        raise ValueError(f"substeps = {shown(substeps)}: give a whole number of steps of the integrator, at least 1.")
    h = step / substeps
    delay = round(tau / h)
    if delay < 1 or not math.isclose(delay * h, tau, rel_tol=1e-9):
        raise ValueError(f"tau = {tau:g} must be a whole number of the integrator's steps, step/substeps = {h:g}.")

    def slope_of(x: float, delayed: float) -> float:
        made: float = beta * delayed / (1 + delayed**power)
        return made - gamma * x

    try:
        x = runge_kutta(slope_of, start, delay, h, (steps - 1) * substeps)
        finite = all(map(math.isfinite, x))
    except (ArithmeticError, TypeError):  # a negative number to a broken power is complex
        finite = False
    if not finite:
        raise ValueError(f"With beta = {beta:g}, gamma = {gamma:g} and power = {power:g} steps of {h:g} are too long: the "
                         "integrator leaves the finite numbers.")  # fmt: skip
    return np.array(x[::substeps])


def runge_kutta(slope_of: Callable[[float, float], float], start: float, delay: int, h: float, count: int) -> list[float]:
    """x(0), x(h), ..., x(count·h) of dx/dt = slope_of(x(t), x(t - delay·h)), constant up to time 0."""
    x, slopes = [start], []
    for i in range(count):
        j = i - delay  # where the delayed number stands
        before, after = (x[j], x[j + 1]) if j >= 0 else (start, start)
        slopes.append(slope_of(x[i], before))
        middle = (before + after) / 2 + h / 8 * (slopes[j] - slopes[j + 1]) if j >= 0 else start
        first = slopes[i]
        second = slope_of(x[i] + h / 2 * first, middle)
        third = slope_of(x[i] + h / 2 * second, middle)
        fourth = slope_of(x[i] + h * third, after)
        x.append(x[i] + h / 6 * (first + 2 * second + 2 * third + fourth))
    return x


def check_steps(steps: Any) -> None:
    """Refuse anything but a length."""
    if not is_whole(steps) or steps < 1:
        raise ValueError(f"steps = {shown(steps)}: give a whole number, at least 1: the length of the series.")


def positive(number: Any, name: str, what: str) -> None:
    """Refuse anything but a finite number greater than 0."""
    if not isinstance(number, Real) or isinstance(number, bool) or not 0 < float(number) < math.inf:
        raise ValueError(f"{name} = {shown(number)}: give a number greater than 0, {what}.")
