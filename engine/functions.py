"""Functions of several Values that give several Values, composed of rows of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ops

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def softmax(values: Iterable[Any]) -> list[Any]:
    """exp(x_i) / (exp(x_1) + exp(x_2) + ...): positive, with sum 1.

    Computed as exp(x_i - logsumexp(x)), so that nothing overflows, and divided by the sum of these, which is 1 up to
    the rounding of the logsumexp: equal inputs get equal shares that sum to 1, however large the inputs are.
    """
    values = listed(values, "softmax")
    largest = ops.logsumexp(values)
    shares = [ops.exp(value - largest) for value in values]
    total = ops.fsum(shares)
    return [share / total for share in shares]


def log_softmax(values: Iterable[Any]) -> list[Any]:
    """log of softmax: x_i - logsumexp(x), computed as (x_i - m) - logsumexp(x_1 - m, x_2 - m, ...), m being the largest.

    Subtracting m first keeps the digits of a result near 0, the log of a probability that is nearly 1. The number of nodes
    grows with the number of values. (A slope 1 - p near p = 1 is right to 1e-15, not to its own last digit: the loss of one
    class, nn.losses.cross_entropy, uses a form for that one class that keeps these digits too.)
    """
    values = listed(values, "log_softmax")
    largest = ops.amax(values)
    shifted = [value - largest for value in values]
    total = ops.logsumexp(shifted)
    return [x - total for x in shifted]


def listed(values: Iterable[Any], name: str) -> list[Any]:
    """The values as a list of one or more."""
    found = list(values) if hasattr(values, "__iter__") else []
    if not found:
        raise TypeError(f"{name} takes a list of numbers or Values, at least one; it was given {values!r:.60}.")
    return found
