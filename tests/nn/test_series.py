"""Series: sine, and Mackey-Glass against an integrator that shares nothing with ours."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nn import data


def test_the_sine_repeats_after_its_period():
    series = data.sine(101, period=20, amplitude=2.0)
    assert series.shape == (101,)
    assert series[[0, 5, 10, 15, 20]] == pytest.approx([0.0, 2.0, 0.0, -2.0, 0.0], abs=1e-14)
    assert series[20:] == pytest.approx(series[:-20], abs=1e-12)


def by_the_method_of_steps(times, tau, start=1.2, beta=0.2, gamma=0.1, power=10):
    """From one multiple of tau to the next it is an ordinary equation, the delayed part being known: solved by DOP853."""
    past, x, began, found = (lambda t: start), start, 0.0, {}
    while began <= times[-1]:
        change = lambda t, y, past=past: [beta * past(t - tau) / (1 + past(t - tau) ** power) - gamma * y[0]]
        solved = solve_ivp(change, (began, began + tau), [x], "DOP853", rtol=1e-12, atol=1e-13, dense_output=True)
        found |= {t: solved.sol(t)[0] for t in times if began <= t <= began + tau}
        past, x, began = (lambda t, sol=solved.sol: sol(t)[0]), solved.y[0, -1], began + tau
    return np.array([found[t] for t in times])


@pytest.mark.parametrize("tau", [17.0, 30.0])
def test_mackey_glass_is_the_solution_of_its_equation(tau):
    np.testing.assert_allclose(data.mackey_glass(201, tau), by_the_method_of_steps(range(201), tau), rtol=0, atol=2e-7)


def test_so_with_other_steps_and_parameters():
    times = np.arange(101) * 0.5
    exact = by_the_method_of_steps(times.tolist(), 5.0, 0.7, 0.25, 0.12, 8)
    found = data.mackey_glass(101, 5.0, step=0.5, start=0.7, beta=0.25, gamma=0.12, power=8)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-8)


def test_halving_the_step_divides_the_error_by_sixteen():
    """Order 4, in spite of the delayed number half way between two steps."""
    exact = by_the_method_of_steps(range(101), 17.0)
    errors = [abs(data.mackey_glass(101, substeps=n) - exact).max() for n in (2, 4, 8)]
    assert [errors[0] / errors[1], errors[1] / errors[2]] == pytest.approx([16, 16], rel=0.35)


def test_before_the_delay_has_passed_the_solution_is_known():
    """x' = c - gamma x with c = beta·start/(1 + start^power): x = c/gamma + (start - c/gamma) e^(-gamma t)."""
    c = 0.2 * 1.2 / (1 + 1.2**10)
    t = np.arange(18)
    assert data.mackey_glass(18) == pytest.approx(c / 0.1 + (1.2 - c / 0.1) * np.exp(-0.1 * t), rel=1e-9)


def test_a_small_delay_settles_and_a_large_one_does_not():
    assert np.ptp(data.mackey_glass(1500, 3.0)[-100:]) < 1e-3
    assert np.ptp(data.mackey_glass(1500, 17.0)[-100:]) > 0.5


@pytest.mark.parametrize(("call", "sentence"), [
    (lambda: data.sine(0), "steps = 0: give a whole number, at least 1: the length of the series"),
    (lambda: data.sine(5, period=0), "period = 0: give a number greater than 0, the number of steps after which it repeats"),
    (lambda: data.sine(5, amplitude=math.inf), "amplitude = inf: give a number greater than 0"),
    (lambda: data.mackey_glass(2.0), r"steps = 2\.0: give a whole number"),
    (lambda: data.mackey_glass(5, 0), "tau = 0: give a number greater than 0, the delay"),
    (lambda: data.mackey_glass(5, 17.03), r"tau = 17\.03 must be a whole number of the integrator's steps, .* = 0\.1"),
    (lambda: data.mackey_glass(5, step=True), "step = True: give a number greater than 0"),
    (lambda: data.mackey_glass(5, substeps=0), "substeps = 0: give a whole number of steps of the integrator"),
    (lambda: data.mackey_glass(5, gamma=-1), "gamma = -1: give a number greater than 0, the share of cells that die"),
    (lambda: data.mackey_glass(500, gamma=1e4), "With beta = 0.2, gamma = 10000 and power = 10 steps of 0.1 are too long"),
    (lambda: data.mackey_glass(500, gamma=60.0, power=0.5), "leaves the finite numbers"),
])  # fmt: skip
def test_series_that_cannot_be_made_are_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
