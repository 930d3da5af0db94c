"""Costs of one example: loss(prediction, target) -> Value. Over a batch, `fit` takes their mean or their sum.

`prediction` is what a network returns: a Value, or a list of them. `target` has as many numbers; cross_entropy also takes a
class (a whole number). Targets are constants of the cost: no gradient flows to them.

A loss and the last activation match if delta = a - y: quadratic with linear, binary cross entropy with sigmoid, cross
entropy with softmax. Bad input raises a ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import GeneratorType
from typing import Any

import numpy as np

from ..engine import Value, log, logsumexp, maximum, relu, softplus
from ..engine.arrays import real_array, shown
from .layers import add_up

Loss = Callable[[Any, Any], Any]

SOFTMAX_TWICE = (
    "softmax would be applied twice: cross_entropy takes the logits z. Write output='linear' for the network, and "
    "softmax(model(x)) where you want to see the probabilities."
)
# What arithmetic would refuse without saying where, or silently change
UNREAL = (str, bytes, type(None), GeneratorType, complex, np.complexfloating, np.datetime64, np.timedelta64, np.ma.MaskedArray)
SMALLEST_PROBABILITY = math.exp(-100.0)  # a logarithm below -100 counts as -100, as in PyTorch


def is_row(given: Any) -> bool:
    """Whether this is a row of numbers, rather than one number."""
    return bool(getattr(given, "ndim", 1)) and hasattr(given, "__len__")


def several(given: Any, what: str = "prediction") -> list[Any]:
    """A row as a list, and one number as a list of one. A ValueError refuses what is neither a real number nor a Value."""
    if isinstance(given, np.ndarray) and given.dtype.kind != "O":  # an object array may hold Values
        given = real_array(given, f"The {what} must be real numbers")
    entries = list(given) if is_row(given) else [given]
    for entry in entries:
        if isinstance(entry, UNREAL):
            raise ValueError(f"The {what} must be real numbers or Values; it has {shown(entry)}.")
    return entries


def flat(prediction: Any) -> list[Any]:
    """All numbers or Values of a prediction in a row: one number, a list of them, or a list for each step."""
    rows = several(prediction)
    return [value for row in rows for value in several(row)] if rows and is_row(rows[0]) else rows


def pairs(prediction: Any, target: Any) -> list[tuple[Any, Any]]:
    """Outputs and targets side by side."""
    outputs, targets = several(prediction), several(target, "target")
    if len(outputs) != len(targets):
        raise ValueError(f"A loss needs one target for each output: {len(outputs)} outputs, {len(targets)} targets.")
    return list(zip(outputs, targets))


def over_steps(loss: Loss) -> Loss:
    """The same loss for a prediction at each step: the mean of the steps' losses, so that no length counts more than another."""

    def mean(predictions: Any, targets: Any) -> Any:
        if len(predictions) != len(targets):
            raise ValueError(f"Each step needs a target: there are {len(predictions)} predictions and {len(targets)} targets.")
        return add_up(loss(prediction, target) for prediction, target in zip(predictions, targets)) / len(targets)

    return mean


def quadratic(prediction: Any, target: Any) -> Any:
    """1/2 Σ (a - y)², the lectures' quadratic cost; its delta is (a - y) f'(z)."""
    return 0.5 * add_up((a - y) ** 2 for a, y in pairs(prediction, target))


def mse(prediction: Any, target: Any) -> Any:
    """The mean over the outputs of (a - y)², without the factor 1/2."""
    both = pairs(prediction, target)
    return add_up((a - y) ** 2 for a, y in both) / len(both)


def binary_cross_entropy(prediction: Any, target: Any) -> Any:
    """-Σ [y log p + (1 - y) log(1 - p)] over the outputs, p from a sigmoid. 0·log 0 is 0, and -log p is at most 100."""
    return -add_up(y * _log(p) + (1 - y) * _log(1 - p) for p, y in pairs(prediction, target))


def _log(p: Any) -> Any:
    return log(maximum(p, SMALLEST_PROBABILITY))


def binary_cross_entropy_with_logits(prediction: Any, target: Any) -> Any:
    """The same from z instead of p = sigmoid(z), exact where p would be 0 or 1: Σ y log(1 + e^-z) + (1 - y) log(1 + e^z)."""
    return add_up(y * softplus(-z) + (1 - y) * softplus(z) for z, y in pairs(prediction, target))


def cross_entropy(prediction: Any, target: Any) -> Any:
    """-log softmax(z)[target], from the logits z; for a target distribution y (one-hot, say) Σ y (logsumexp(z) - z)."""
    logits = several(prediction)
    if len(logits) < 2:
        raise ValueError("cross_entropy compares classes, so it takes two logits or more; for one use binary_cross_entropy.")
    if _is_softmax(logits):
        raise ValueError(SOFTMAX_TWICE)
    if is_row(target):
        total = logsumexp(logits)
        return add_up(y * (total - z) for z, y in pairs(logits, target))
    right = class_number(target, len(logits))  # log Σ exp(z - z_right) keeps the digits of a loss near 0
    return logsumexp([0.0 if k == right else z - logits[right] for k, z in enumerate(logits)])


def class_number(target: Any, classes: int) -> int:
    """A class as a position, if it is one."""
    (target,) = several(target, "target")
    if not math.isfinite(target) or int(target) != target or not 0 <= target < classes:
        raise ValueError(f"A class is a whole number from 0 to {classes - 1}; the target is {target}.")
    return int(target)


def _is_softmax(outputs: list[Any]) -> bool:
    """Whether these are exponentials divided by one common sum, which is how softmax computes its outputs."""
    if not all(isinstance(p, Value) and p.op is not None and p.op.name == "div" for p in outputs):
        return False
    total = outputs[0].operands[1]
    is_sum = total.op is not None and total.op.name in ("fsum", "add")
    shares = [p.operands[0] for p in outputs if p.operands[1] is total]
    return is_sum and len(shares) == len(outputs) and all(e.op is not None and e.op.name == "exp" for e in shares)


def hinge(prediction: Any, target: Any) -> Any:
    """Σ max(0, 1 - y·score), where y is -1 or 1; the derivative at the corner is 0."""
    return add_up(relu(1 - y * score) for score, y in pairs(prediction, target))


BY_NAME: dict[str, Loss] = {
    loss.__name__: loss
    for loss in (quadratic, mse, binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, hinge)
}


def loss_function(wanted: str | Loss) -> Loss:
    """The loss with this name, or the function itself if one is given."""
    if isinstance(wanted, str):
        if wanted not in BY_NAME:
            raise ValueError(f"There is no loss {shown(wanted)}; there are {', '.join(BY_NAME)}.")
        return BY_NAME[wanted]
    if not callable(wanted):
        raise ValueError(f"loss takes a function of (prediction, target), or a name, one of {', '.join(BY_NAME)}; it was given "
                         f"{shown(wanted)}.")  # fmt: skip
    return wanted
