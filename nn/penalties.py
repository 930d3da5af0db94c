"""Penalties on large weights, added to the cost of a batch after its reduction: fit(..., penalty=l2(0.1))."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import Value

Penalty = Callable[[Any, int], Any]  # of the model and the number of training examples, to a Value


def l2(lam: float, *, biases: bool = False) -> Penalty:
    """lam/(2m)·Σ w² over the weights, m the size of the training set. `biases=True`: lam/2·Σ over all parameters, no 1/m.

    The two are the lectures' two conventions; they agree where lam here is lam/m there and biases are left out.
    """
    strength(lam)
    return lambda model, m: (lam / 2 if biases else lam / (2 * m)) * sum(p * p for p in penalised(model, biases))


def l1(lam: float, *, biases: bool = False) -> Penalty:
    """lam/m·Σ |w| over the weights; `biases=True`: lam·Σ over all parameters. Unlike L2 it pulls
    small weights all the way: to within one step of 0, around which they then swing."""
    strength(lam)
    return lambda model, m: (lam if biases else lam / m) * sum(abs(p) for p in penalised(model, biases))


def strength(lam: float) -> None:
    """Refuse a penalty that would be a reward."""
    if not 0 <= lam < float("inf"):
        raise ValueError(f"lam = {lam} must be 0 or greater.")


def penalised(model: Any, biases: bool) -> list[Value]:
    """The weights, or all parameters."""
    return [p for name, p in model.named_parameters() if biases or "weight" in name.split(".")]
