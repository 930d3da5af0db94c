"""Echo state networks: a reservoir of units at random, which never learns, and a readout, which does."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ...engine.arrays import real_array, shown
from ..arguments import is_whole
from ..examples import matrix


class Echoes(NamedTuple):
    """What a reservoir did on one series, step by step: inputs, sums, states, and the outputs once there is a readout."""

    x: np.ndarray
    z: np.ndarray
    states: np.ndarray
    outputs: np.ndarray | None


class EchoState:
    """r[t] = (1 - leak)·r[t-1] + leak·tanh(W_in x[t] + W r[t-1] + b),  y[t] = W_out r[t] + b_out, after Jaeger (2001).

    W, W_in and b are drawn once and stay; there is no gradient, nothing is trained but the readout, and that in one step: the
    least squares of y[t] plus ridge·Σ w_out². So it is supervised, though the reservoir itself learns nothing. The leak is of
    Jaeger, Lukoševičius, Popovici and Siewert (2007); that b is drawn like an input that is always 1, of Lukoševičius (2012).
    Departures: the outputs are not fed back into the reservoir (only `run` makes them inputs), and the readout does not see
    the inputs.

    leak              the share of a state that is new at each step, greater than 0 and at most 1; small for slow series
    spectral_radius   the size of W's largest eigenvalue, to which W, drawn from a normal distribution, is scaled
    input_scaling     W_in and b are uniform from -input_scaling to input_scaling
    ridge             how dear large output weights are; b_out costs nothing
    seed              of W, W_in and b: the same seed draws the same reservoir

    Two starts are forgotten for certain if the largest singular value of W is below 1: each step then brings their states
    nearer by (1 - leak) + leak·(singular value) at least. A spectral radius below 1 promises less, and one above 1 need not
    do harm, since tanh flattens: measure it.

    A reservoir remembers: `fit` and `predict` leave `state` where the series ended, and the next `predict` or `run` goes on
    from there; `reset()` puts it at 0. X is one series, (steps, n_in), or (steps,) for one input; Y is likewise.
    """

    def __init__(
        self, n_in: int, units: int, leak: float = 1.0, spectral_radius: float = 0.9, input_scaling: float = 1.0,
        ridge: float = 1e-6, seed: int | None = None,
    ) -> None:  # fmt: skip
        for size, of_what in ((n_in, "inputs"), (units, "units")):
            if not is_whole(size) or size < 1:
                raise ValueError(f"A reservoir needs a whole number of {of_what}, at least 1, not {shown(size)}.")
        if not is_number(leak) or not 0 < leak <= 1:
            raise ValueError(f"leak = {shown(leak)}: give a number greater than 0 and at most 1, which keeps nothing.")
        for number, name in ((spectral_radius, "spectral_radius"), (input_scaling, "input_scaling")):
            if not is_number(number) or not number > 0:
                raise ValueError(f"{name} = {shown(number)}: give a number greater than 0.")
        if not is_number(ridge) or ridge < 0:
            raise ValueError(f"ridge = {shown(ridge)}: give a number that is 0 or more.")
        if seed is not None and (not is_whole(seed) or seed < 0):
            raise ValueError(f"seed = {shown(seed)}: give a whole number, at least 0, or None for another reservoir each time.")
        random = np.random.default_rng(seed)
        self.leak, self.ridge = float(leak), float(ridge)
        drawn = random.normal(size=(units, units))
        self.W: np.ndarray = drawn * (spectral_radius / np.abs(np.linalg.eigvals(drawn)).max())
        self.W_in: np.ndarray = random.uniform(-input_scaling, input_scaling, size=(units, n_in))
        self.b: np.ndarray = random.uniform(-input_scaling, input_scaling, size=units)
        self.W_out: np.ndarray | None = None  # (outputs, units), after fit
        self.b_out: np.ndarray | None = None  # (outputs,)
        self.flat = False  # whether the targets were a number for each step, as the outputs then are
        self.state: np.ndarray = np.zeros(units)

    @property
    def n_in(self) -> int:
        """How many inputs it takes at each step."""
        return len(self.W_in[0])

    @property
    def units(self) -> int:
        """How many units the reservoir has."""
        return len(self.W)

    @property
    def spectral_radius(self) -> float:
        """The size of W's largest eigenvalue."""
        return float(np.abs(np.linalg.eigvals(self.W)).max())

    @property
    def largest_singular_value(self) -> float:
        """How much W can stretch a difference of two states; below 1 every difference dies out."""
        return float(np.linalg.norm(self.W, 2))

    def reset(self) -> EchoState:
        """Forget the past: all states are 0."""
        self.state = np.zeros(self.units)
        return self

    def series(self, X: Any, name: str = "X") -> np.ndarray:
        """A series as (steps, n_in); for one input (steps,) will do."""
        given = real_array(X, f"{name} must be a series, {self.n_in} numbers for each step")
        return matrix(given[:, None] if given.ndim == 1 and self.n_in == 1 else given, self.n_in, name)

    def step(self, state: np.ndarray, driven: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sum z and the next state; `driven` is W_in x + b."""
        z = driven + np.einsum("jk,k->j", self.W, state)  # W @ state starts threads, which take longer than so small a product
        return z, (1 - self.leak) * state + self.leak * np.tanh(z)

    def activations(self, X: Any, start: Any = None) -> Echoes:
        """What the reservoir does on a series, from the state `start` or from 0; its own state stays as it is."""
        rows = self.series(X)
        state = np.zeros(self.units) if start is None else real_array(start, f"start must be {self.units} numbers")
        if state.shape != (self.units,) or not np.isfinite(state).all():
            raise ValueError(f"start must be a state, {self.units} finite numbers; it has shape {state.shape}.")
        z, states = np.empty((len(rows), self.units)), np.empty((len(rows), self.units))
        for t, driven in enumerate(rows @ self.W_in.T + self.b):
            z[t], state = self.step(state, driven)
            states[t] = state
        return Echoes(rows, z, states, None if self.W_out is None else self.read(states))

    def read(self, states: np.ndarray) -> np.ndarray:
        """The readout's outputs for states (steps, units): (steps, outputs), or (steps,) if it was fitted to such targets."""
        if self.W_out is None or self.b_out is None:
            raise ValueError("This network has no readout yet: call fit(X, Y) first.")
        outputs: np.ndarray = states @ self.W_out.T + self.b_out
        return outputs[:, 0] if self.flat else outputs

    def fit(self, X: Any, Y: Any, warmup: int = 0) -> EchoState:
        """Find the readout from a series X and the outputs Y wanted at its steps; returns the network.

        warmup   so many steps at the beginning do not count, since their states still depend on where the reservoir started
        """
        rows = self.series(X)
        wanted = real_array(Y, "Y must be the outputs that are wanted, a number or a row of numbers for each step")
        if wanted.ndim not in (1, 2) or len(wanted) != len(rows) or not wanted.size:
            raise ValueError(f"Y must have a target for each step: there are {len(rows)} steps, and Y has shape {wanted.shape}.")
        if not np.isfinite(wanted).all():
            raise ValueError(f"The target of step {np.argwhere(~np.isfinite(wanted))[0][0]} is not finite; every target must be.")
        if not is_whole(warmup) or not 0 <= warmup < len(rows):
            raise ValueError(f"warmup = {shown(warmup)}: give a whole number from 0 to {len(rows) - 1}: some steps must count.")
        found = self.activations(rows).states
        states, targets = found[warmup:], wanted.reshape(len(wanted), -1)[warmup:]
        middle, level = states.mean(axis=0), targets.mean(axis=0)  # taken out, so that b_out is not made small
        # ridge·Σ w² is the squared error of more equations, sqrt(ridge)·w = 0: no products of states, which would lose digits
        equations = np.vstack([states - middle, math.sqrt(self.ridge) * np.eye(self.units)])
        answers = np.vstack([targets - level, np.zeros((self.units, targets.shape[1]))])
        self.W_out = np.linalg.lstsq(equations, answers, rcond=None)[0].T
        self.b_out = level - self.W_out @ middle
        self.flat, self.state = wanted.ndim == 1, found[-1]
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The outputs at each step of a series, which goes on where the last one ended; for a new series, reset() first."""
        found = self.activations(X, self.state)
        outputs = self.read(found.states)
        self.state = found.states[-1]
        return outputs

    def run(self, steps: int) -> np.ndarray:
        """Free running: each output is the next input. For a network that was fitted to forecast the next step of its input.

        The first of the outputs is the forecast that follows the series seen last.
        """
        if not is_whole(steps) or steps < 1:
            raise ValueError(f"steps = {shown(steps)}: give a whole number of steps, at least 1.")
        if self.W_out is not None and len(self.W_out) != self.n_in:
            raise ValueError(f"Running free, outputs become inputs: here are {len(self.W_out)} outputs and {self.n_in} inputs.")
        outputs = [self.read(self.state[None])]
        while len(outputs) < steps:
            self.state = self.step(self.state, self.W_in @ np.atleast_1d(outputs[-1][0]) + self.b)[1]
            outputs.append(self.read(self.state[None]))
        return np.concatenate(outputs)

    def __repr__(self) -> str:
        fitted = "no readout yet" if self.W_out is None else f"{len(self.W_out)} outputs"
        return f"EchoState({self.n_in} → {self.units} units, leak {self.leak:g}, {fitted})"


def is_number(thing: Any) -> bool:
    """Whether this is one finite real number; True and False are not meant as numbers."""
    return isinstance(thing, Real) and not isinstance(thing, bool) and math.isfinite(thing)
