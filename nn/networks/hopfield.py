"""The Hopfield network: patterns are stored in the weights between its units, and it recalls them from a part or from noise.

It is recurrent: every unit is connected with every other, and the state of all of them is input and output. (A lecture that
lists it among the feedforward networks has it in the wrong place.)
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import Any, NamedTuple

import numpy as np

from ...engine.arrays import real_array, shown
from ..arguments import generator_of, is_whole

MODES = ("async", "sync")

# Letters of 8x8 pixels. The first four are nearly orthogonal: any two differ in 28 to 36 of the 64 pixels, so each disturbs
# the others little. The last four are not: E, F and P have most of their pixels in common.
LETTERS = """
H        J        Y        Z        E        F        P        A
##....## ......## ##....## ######## ######## ######## #######. ...##...
##....## ......## ##....## ######## ######## ######## ######## ..####..
##....## ......## .##..##. .....##. ##...... ##...... ##....## .##..##.
######## ......## ..####.. ....##.. #####... ######.. ##....## ##....##
######## ......## ...##... ..##.... #####... ######.. #######. ########
##....## ##....## ...##... .##..... ##...... ##...... ######.. ########
##....## ######## ...##... ######## ######## ##...... ##...... ##....##
##....## .######. ...##... ######## ######## ##...... ##...... ##....##
"""


class Recall(NamedTuple):
    """How a recall went: the states one after the other, from the one it began with, and the energy of each.

    Asynchronously there is a state for each unit that changed, synchronously one for each step. `settled`: the last state
    changes no more. `cycle`: after how many steps the last state comes again, if it moves on for ever; that is 2 or None.
    """

    states: np.ndarray
    energies: list[float]
    settled: bool
    cycle: int | None

    @property
    def state(self) -> np.ndarray:
        """The last state."""
        last: np.ndarray = self.states[-1]
        return last


class Hopfield:
    """n units that are +1 or -1, each connected with every other one, the same both ways, and none with itself.

        w_ij = 1/n · Σ p_i p_j  over the stored patterns p, w_ii = 0        (Hebb: units that agree excite each other)
        s_i  = sign(Σ_j w_ij s_j); where the sum is 0 the unit keeps its state
        E    = -½ Σ_ij w_ij s_i s_j

    One unit after the other (asynchronously), E never rises: a change of s_i lowers it by 2 |Σ_j w_ij s_j|. So the network
    comes to rest. All at once (synchronously), E can rise, and it may swing between two states for ever.

    Source: J. J. Hopfield, Neural networks and physical systems with emergent collective computational abilities, Proc. Natl.
    Acad. Sci. 79, 1982. There units are 0 or 1 and the sum of products has no factor 1/n; it changes no state, and keeps
    energies comparable between sizes. Thresholds are 0, as there in most examples.
    """

    def __init__(self, n: int) -> None:
        if not is_whole(n) or n < 1:
            raise ValueError(f"n = {shown(n)}: give the number of units, at least 1.")
        self.n = int(n)
        self.patterns = np.zeros((0, self.n))
        # n times the weights. These are whole numbers, with which floats compute exactly: a tie is 0 to the last bit.
        self._sums = np.zeros((self.n, self.n))

    @property
    def weights(self) -> np.ndarray:
        """w (n, n): symmetric, with zeros on the diagonal."""
        return self._sums / self.n

    def store(self, P: Any) -> Hopfield:
        """Add the patterns P (patterns, n) of numbers +1 and -1 to those that are stored; returns the network."""
        P = self._states(P, "P")
        self.patterns = np.concatenate([self.patterns, P])
        self._sums += P.T @ P
        np.fill_diagonal(self._sums, 0.0)
        return self

    def energy(self, x: Any) -> float:
        """-½ Σ w_ij x_i x_j."""
        return self._energy(self._states([x], "[x]")[0])

    def _energy(self, s: np.ndarray) -> float:
        return float(0.0 - s @ self._sums @ s) / (2 * self.n)  # 0.0 - 0.0 is no minus zero

    def recall(self, x: Any, mode: str = "async", *, seed: int | None = None, steps: int = 100) -> Recall:
        """Let the network run from the state x until nothing changes, for at most so many `steps`.

        mode    "async": a step visits every unit once, in a random order drawn from `seed`, and each sees what the ones before
                it became; "sync": in a step, all units change at once
        """
        s = self._states([x], "[x]")[0]
        if mode not in MODES:
            raise ValueError(f'mode = {shown(mode)}: give "async", one unit after the other, or "sync", all at once.')
        if not is_whole(steps) or steps < 1:
            raise ValueError(f"steps = {shown(steps)}: give a whole number, at least 1.")
        return self._one_by_one(s, generator_of(seed), steps) if mode == "async" else self._at_once(s, steps)

    def _one_by_one(self, s: np.ndarray, random: np.random.Generator, steps: int) -> Recall:
        states, settled = [s.copy()], False
        for _ in range(steps):
            before = len(states)
            for i in random.permutation(self.n):
                field = self._sums[i] @ s
                if field * s[i] < 0:  # 0 is a tie
                    s[i] = -s[i]
                    states.append(s.copy())
            settled = len(states) == before
            if settled:
                break
        return Recall(np.array(states), [self._energy(state) for state in states], settled, None)

    def _at_once(self, s: np.ndarray, steps: int) -> Recall:
        states, settled, cycle = [s], False, None
        for _ in range(steps):
            new = self.step(states[-1])
            settled = np.array_equal(new, states[-1])
            if settled:
                break
            cycle = 2 if len(states) > 1 and np.array_equal(new, states[-2]) else None
            states.append(new)
            if cycle:
                break
        return Recall(np.array(states), [self._energy(state) for state in states], settled, cycle)

    def step(self, S: Any) -> np.ndarray:
        """All units changed at once: the state after S (n), or after each of the states S (states, n)."""
        given = np.asarray(S)
        states = self._states(S if given.ndim > 1 else [S], "S")
        fields = states @ self._sums
        return np.where(fields == 0, states, np.sign(fields)).reshape(given.shape)

    def overlaps(self, x: Any) -> np.ndarray:
        """How much x agrees with each stored pattern: 1 in every unit, 0 in half of them, -1 in none."""
        agreeing: np.ndarray = self.patterns @ self._states([x], "[x]")[0]
        return agreeing / self.n

    def _states(self, given: Any, name: str) -> np.ndarray:
        """Rows of n numbers, each +1 or -1."""
        must = f"{name} must be rows of {self.n} numbers, each +1 or -1"
        rows = real_array(given, must)
        if rows.ndim != 2 or rows.shape[1] != self.n or not len(rows):
            raise ValueError(f"{must}; it has shape {rows.shape}.")
        other = rows[abs(rows) != 1]
        if len(other):
            hint = ": for 0 and 1, give 2 * x - 1" if set(np.unique(rows)) <= {0, 1} else ""
            raise ValueError(f"{must}; it has {other[0]:g}{hint}.")
        return rows.copy()

    def __repr__(self) -> str:
        return f"Hopfield({self.n}), {len(self.patterns)} patterns stored"


# --- noise, letters, and how much can be stored ---

def noisy(x: Any, share: float, seed: int | None = None) -> np.ndarray:
    """x with this share of its entries, rounded to a whole number of them, chosen at random and turned over."""
    x = real_array(x, "x must be one row of numbers, each +1 or -1")
    if x.ndim != 1:
        raise ValueError(f"x must be one row of numbers; it has shape {x.shape}.")
    if not 0 <= share <= 1:
        raise ValueError(f"share = {shown(share)}: give a number from 0 to 1.")
    signs: np.ndarray = np.ones(len(x))
    signs[generator_of(seed).permutation(len(x))[: round(share * len(x))]] = -1
    signs *= x
    return signs


def letters(names: str = "HJYZ") -> dict[str, np.ndarray]:
    """These letters as patterns of 64 numbers, row by row of 8x8 pixels: 1 is ink, -1 is paper."""
    known, *rows = [line.split() for line in LETTERS.strip().splitlines()]
    if not isinstance(names, str) or not set(names) <= set(known):
        raise ValueError(f"letters = {shown(names)}: there are {''.join(known)}.")
    drawn = {name: "".join(row[i] for row in rows) for i, name in enumerate(known)}
    return {name: np.array([1.0 if pixel == "#" else -1.0 for pixel in drawn[name]]) for name in names}


def one_step_error(n: int, patterns: int) -> float:
    """The share of units of a stored pattern that turn over in the first step: ½ erfc(√(n / 2p)) for p random patterns.

    What the other patterns add to a unit's sum is nearly normal, with mean 0 and standard deviation √(p/n) beside a signal
    of 1; the formula is the chance that it outweighs the signal. Source: J. Hertz, A. Krogh and R. Palmer, Introduction to
    the Theory of Neural Computation, 1991, section 2.2.
    """
    check_load(n, patterns)
    return 0.5 * erfc(sqrt(n / (2 * patterns)))


def measured_error(n: int, patterns: int, *, repeats: int = 10, seed: int | None = 0) -> float:
    """The same, measured: networks of n units store so many random patterns, and all units of each take one step."""
    check_load(n, patterns)
    check_load(repeats, 1)
    random = generator_of(seed)
    shares = []
    for _ in range(repeats):
        P = random.choice([-1.0, 1.0], size=(patterns, n))
        shares.append(float(np.mean(Hopfield(n).store(P).step(P) != P)))
    return float(np.mean(shares))


def check_load(n: Any, patterns: Any) -> None:
    """Refuse anything but whole numbers from 1 on."""
    if not all(is_whole(number) and number >= 1 for number in (n, patterns)):
        raise ValueError(f"{shown(n)} units and {shown(patterns)} patterns: both must be whole numbers, at least 1.")
