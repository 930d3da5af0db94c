"""Functions of several Values that give several Values, composed of rows of the table."""

from . import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def softmax(values: "Iterable[Any]") -> "list[Any]":
    """exp(x_i) / (exp(x_1) + exp(x_2) + ...): positive, with sum 1.

    Computed as exp(x_i - logsumexp(x)), so that nothing overflows, and divided by the sum of these, which is 1 but for
    the rounding of the logsumexp: for equal inputs of any size the shares are equal and add up.
    """
    shares = [ops.exp(logarithm) for logarithm in log_softmax(values)]
    total = ops.fsum(shares)
    return [share / total for share in shares]


def log_softmax(values: "Iterable[Any]") -> "list[Any]":
    """log of softmax: x_i - logsumexp(x). Nothing overflows; exact to a unit in the last place of the largest input."""
    values = list(values)
    total = ops.logsumexp(values)
    return [value - total for value in values]
