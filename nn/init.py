"""Initial weights. An initialiser draws one weight: initialiser(n_in, n_out, random) -> float.

Sizes are those of the layer that the weights enter. Standard deviations:

    xavier, xavier_uniform   sqrt(2 / (n_in + n_out))    Glorot and Bengio 2010; for sigmoid and tanh
    he                       sqrt(2 / n_in)              He et al. 2015; for ReLU

(One lecture prints Xavier's formula as a variance and calls it He's; it is the variance's square root, and Xavier's.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from ..engine import TABLE

Initialiser = Callable[[int, int, Random], float]


def constant(number: float) -> Initialiser:
    """Every weight the same. The units of a layer then stay identical for ever: the lesson on symmetry."""
    return lambda n_in, n_out, random: float(number)


def uniform(r: float = 0.5) -> Initialiser:
    """Uniform from -r to r; standard deviation r / sqrt(3)."""
    return lambda n_in, n_out, random: random.uniform(-r, r)


def normal(std: float = 0.1) -> Initialiser:
    """Normally distributed around 0; `std` is the standard deviation, not the variance."""
    return lambda n_in, n_out, random: random.gauss(0.0, std)


def xavier(n_in: int, n_out: int, random: Random) -> float:
    """Normal with standard deviation sqrt(2 / (n_in + n_out)): the variance of signals is kept, forward and backward."""
    return random.gauss(0.0, math.sqrt(2 / (n_in + n_out)))


def xavier_uniform(n_in: int, n_out: int, random: Random) -> float:
    """Uniform within ±sqrt(6 / (n_in + n_out)), which has the same standard deviation."""
    limit = math.sqrt(6 / (n_in + n_out))
    return random.uniform(-limit, limit)


def he(n_in: int, n_out: int, random: Random) -> float:
    """Normal with standard deviation sqrt(2 / n_in): ReLU lets half of the variance through, the 2 makes up for it."""
    return random.gauss(0.0, math.sqrt(2 / n_in))


BY_NAME: dict[str, Initialiser] = {
    "zeros": constant(0.0),
    "uniform": uniform(),
    "normal": normal(),
    "xavier": xavier,
    "xavier_normal": xavier,
    "xavier_uniform": xavier_uniform,
    "he": he,
}


def initialiser(wanted: str | float | Initialiser | None, activation: str) -> Initialiser:
    """The initialiser with this name, or for a number a constant. By default the one that the activation's row names: He's for
    relu and its relatives, Xavier's for all others."""
    if wanted is None:
        facts = TABLE[activation].activation if activation in TABLE else None
        return BY_NAME[facts.init] if facts else xavier
    if isinstance(wanted, str):
        if wanted not in BY_NAME:
            raise ValueError(f"There is no initialisation {wanted!r}; there are {', '.join(BY_NAME)}.")
        return BY_NAME[wanted]
    return constant(wanted) if isinstance(wanted, (int, float)) else wanted
