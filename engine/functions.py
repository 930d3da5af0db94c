"""Functions of several Values that give several Values, composed of rows of the table."""

from . import ops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def log_softmax(values: "Iterable[Any]") -> "list[Any]":
    """log of softmax: x_i - logsumexp(x). Nothing overflows; exact to a unit in the last place of the largest input."""
    values = list(values)
    total = ops.logsumexp(values)
    return [value - total for value in values]


def softmax(values: "Iterable[Any]") -> "list[Any]":
    """exp(x_i) / (exp(x_1) + exp(x_2) + ...), positive and with sum 1, as exp(x_i - logsumexp(x)): nothing overflows."""
    return [ops.exp(value) for value in log_softmax(values)]
