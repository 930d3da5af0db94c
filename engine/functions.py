"""Functions of several Values that give several Values, composed of rows of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ops

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def softmax(values: Iterable[Any]) -> list[Any]:
    """exp(x_i) / (exp(x_1) + exp(x_2) + ...): positive, with sum 1.

    Computed as exp(x_i - logsumexp(x)), so that nothing overflows, and divided by the sum of these, which is 1 but for
    the rounding of the logsumexp: for equal inputs of any size the shares are equal and add up.
    """
    values = listed(values, "softmax")
    largest = ops.logsumexp(values)
    shares = [ops.exp(value - largest) for value in values]
    total = ops.fsum(shares)
    return [share / total for share in shares]


def log_softmax(values: Iterable[Any]) -> list[Any]:
    """log of softmax: -log(exp(x_1 - x_i) + exp(x_2 - x_i) + ...), with its digits where it is nearly 0, too."""
    values = listed(values, "log_softmax")
    return [log_share(values, i) for i in range(len(values))]


def log_share(values: list[Any], i: int) -> Any:
    """The log of the softmax of one of the values."""
    return -ops.logsumexp([0.0 if j == i else value - values[i] for j, value in enumerate(values)])


def listed(values: Iterable[Any], name: str) -> list[Any]:
    """The values as a list of one or more."""
    found = list(values) if hasattr(values, "__iter__") else []
    if not found:
        raise TypeError(f"{name} takes a list of numbers or Values, at least one; it was given {values!r:.60}.")
    return found
