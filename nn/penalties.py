"""Penalties on large weights, added to the cost of a batch after its reduction: fit(..., penalty=l2(0.1))."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

from ..engine import Value
from ..engine.arrays import shown

Penalty = Callable[[Any, int], Any]  # of the model and the number of training examples, to a Value


def l2(lam: float, *, biases: bool = False) -> Penalty:
    """lam/(2m)·Σ w² over the weights, m the size of the training set. `biases=True`: lam/2·Σ over all parameters, no 1/m.

    These are the lectures' two conventions. They agree if lam/m takes the place of lam in the second and biases are left out.
    Raises ValueError for a negative lam.
    """
    strength(lam)
    return lambda model, m: (lam / 2 if biases else lam / (2 * m)) * sum(p * p for p in penalised(model, biases))


def l1(lam: float, *, biases: bool = False) -> Penalty:
    """lam/m·Σ |w| over the weights; `biases=True`: lam·Σ over all parameters. Unlike L2 it pulls
    small weights all the way to 0: to within one step of it, where they then oscillate."""
    strength(lam)
    return lambda model, m: (lam if biases else lam / m) * sum(abs(p) for p in penalised(model, biases))


def strength(lam: float) -> None:
    """Refuse a strength that is negative, infinite or not a number."""
    if not isinstance(lam, (Real, Value)) or not 0 <= lam < float("inf"):
        raise ValueError(f"lam = {shown(lam)} must be a finite number, 0 or greater.")


def penalised(model: Any, biases: bool) -> list[Value]:
    """The weights, or with `biases` all parameters."""
    return [p for name, p in model.named_parameters() if biases or "weight" in name.split(".")]
