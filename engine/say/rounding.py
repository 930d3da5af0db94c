"""How many digits a step needs so that it is true as it is read.

Six digits do for most. But 1.000001 is then shown as 1, and 1 - 1 = 1e-06 reads wrong; with seven it is 1.000001 - 1. More
digits are shown only where the rounded numbers contradict the result.
"""

from __future__ import annotations

from math import fsum, isclose
from typing import TYPE_CHECKING

from .notation import show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..graph import Graph
    from ..value import Value

MOST = 17  # significant digits, with which every float can be told from every other


def reads_true(read: float, result: float, digits: int) -> bool:
    """Whether a formula whose numbers are rounded to these digits gives the result, apart from what the rounding explains."""
    return isclose(read, result, rel_tol=min(0.5, max(1e-3, 10.0 ** (2 - digits))))


def digits_for(compute: Callable[..., float], numbers: Sequence[float], result: float, digits: int) -> list[int]:
    """How many digits each number needs, from `digits` on, so that what is computed from them as shown is the result."""
    for more in range(digits, MOST + 1):
        try:
            if reads_true(compute(*[float(show(number, more)) for number in numbers]), result, digits):
                break
        except (ArithmeticError, ValueError):  # log(1 - 1): with more digits it exists
            continue
    return [_fewest(number, digits, more) for number in numbers]


def _fewest(number: float, digits: int, more: int) -> int:
    """0.3 needs one digit, although 17 of it are 0.29999999999999999."""
    return next(few for few in range(digits, more + 1) if float(show(number, few)) == float(show(number, more)))


def sum_digits(numbers: Sequence[float], total: float, digits: int) -> list[int]:
    """The same for a sum."""
    return digits_for(lambda *shown: fsum(shown), numbers, total, digits)


def operand_digits(node: Value, digits: int) -> list[int]:
    """How many digits each operand of a node needs, for the step that computed it."""
    if node.op is None or node.previous is not None:  # set by hand: no step led there
        return [digits] * len(node.operands)
    return digits_for(node.op.evaluate, [operand.data for operand in node.operands], node.data, digits)


def leaf_digits(graph: Graph, digits: int) -> dict[Value, int]:
    """How many digits each leaf needs for the steps that it takes part in."""
    needed: dict[Value, int] = {}
    for node in graph.order:
        for operand, more in zip(node.operands, operand_digits(node, digits)):
            if operand.op is None:
                needed[operand] = max(more, needed.get(operand, digits))
    return needed
