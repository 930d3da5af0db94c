"""The reverse sweep: the chain rule, from the output back to every node, each once.

The nodes are taken in reverse topological order: when one is reached, everything computed from it came before, so its
gradient is complete. Each of its operands then receives

    the gradient that arrived at the result  times  the local derivative of the result with respect to the operand

and an operand that is used in several places adds up what it receives.

`sweep` does this in place, on the nodes' own `_grad`: training spends its time there. `gradients` keeps them in
a dictionary, as floats or as Values, and touches no node. So several threads may call `gradients` on one graph at once; two
that `sweep` over shared leaves lose additions, as any two threads adding to one variable do: give each its own parameters,
or use a lock.
"""

from __future__ import annotations

from itertools import count
from math import isfinite
from operator import attrgetter, mul
from typing import TYPE_CHECKING

from .errors import UndefinedDerivativeError, check_fresh
from .graph import Graph, inner_order
from .primitive import UndefinedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .value import Value


_gradient = attrgetter("_grad")


class Assignments:
    """Counts assignments to the data of any Value: `last` is the number of the latest.

    Each computed node keeps the `last` of when it was made. If that is still the same, nothing has changed since.
    """

    __slots__ = ("_numbers", "last")

    def __init__(self) -> None:
        self.last = 0
        self._numbers = count(1)  # next() on it gives each thread a number of its own

    def note(self) -> None:
        """One more assignment."""
        self.last = next(self._numbers)


assignments = Assignments()


def sweep(output: Value, seed: float = 1.0) -> None:
    """Set the gradients of the whole graph: an inner node holds this sweep's, a leaf adds it to what it holds.

    A constant's `_grad` is None and stays None: it collects no gradient. Where a derivative does not exist, an
    UndefinedError is raised, and a StaleGraphError where a number was changed since results were computed from it; every
    gradient is then left as it was.
    """
    inner, leaves = inner_order(output)
    now, suspected = assignments.last, False
    inner_before, leaves_before = list(map(_gradient, inner)), list(map(_gradient, leaves))
    try:
        for node in inner:
            node._grad = 0.0
            if node._made is not now:
                suspected = True
        if suspected:  # the assignment may be in another graph, or have been undone: the values decide
            check_fresh(output)
        for leaf in leaves:
            if leaf._grad is None and not leaf.constant:
                leaf._grad = 0.0
        if output._grad is not None:
            output._grad += seed
        for node in reversed(inner):
            row, gradient = node.op, node._grad
            if row.arity == 2:  # type: ignore[union-attr]  # nearly every node; written out, since training spends its time here
                first, second = node.operands
                x, y = first._data, second._data
                slope, other_slope = row.derivatives  # type: ignore[union-attr]
                if first._grad is not None:
                    first._grad += gradient * slope(node._data, x, y)
                if second._grad is not None:
                    second._grad += gradient * other_slope(node._data, x, y)
            else:
                for operand, local in local_slopes(node, node._data, [x._data for x in node.operands]):
                    operand._grad += gradient * local
        if not (isfinite(sum(map(_gradient, inner))) and isfinite(sum(filter(None, map(_gradient, leaves))))):
            _check_finite(inner)  # finite numbers may have an infinite sum
            _check_finite(leaves)
    except BaseException as error:
        for nodes, before in ((inner, inner_before), (leaves, leaves_before)):
            for node, gradient in zip(nodes, before):
                node._grad = gradient
        if isinstance(error, (ArithmeticError, ValueError)):
            raise _first_undefined(output, seed) from None
        raise


def _check_finite(nodes: list[Value]) -> None:
    if not all(node._grad is None or isfinite(node._grad) for node in nodes):
        raise OverflowError


def local_slopes(node: Value, result: Any, operands: Sequence[Any]) -> list[tuple[Value, Any]]:
    """The operands of a node that collect a gradient, each with the local derivative; on floats or on Values."""
    row = node.op
    assert row is not None  # a leaf has no operands
    if row.arity is None:  # one rule gives all slopes at once
        rule = row.derivatives[0]
        return [(x, slope) for x, slope in zip(node.operands, rule(result, *operands)) if not x.constant]
    return [(x, slope(result, *operands)) for x, slope in zip(node.operands, row.derivatives) if not x.constant]


def gradients(output: Value, seed: float = 1.0, *, create_graph: bool = False) -> dict[Value, Any]:
    """The gradient of every node that is not a constant, outside the graph: as floats, or as Values with their own graphs."""
    inner, leaves = inner_order(output)
    now = assignments.last
    if any(node._made is not now for node in inner):
        check_fresh(output)
    arrived: dict[Value, Any] = dict.fromkeys(inner, 0.0)
    arrived.update([(leaf, 0.0) for leaf in leaves if not leaf.constant])
    arrived[output] = seed
    product = times if create_graph else mul
    node = output
    try:
        for node in reversed(inner):
            row, gradient, operands = node.op, arrived[node], node.operands
            if row.arity == 2:  # type: ignore[union-attr]  # as in `sweep`
                first, second = operands
                result, x, y = (node, *operands) if create_graph else (node._data, first._data, second._data)
                slope, other_slope = row.derivatives  # type: ignore[union-attr]
                if first in arrived:
                    arrived[first] += product(gradient, slope(result, x, y))
                if second in arrived:
                    arrived[second] += product(gradient, other_slope(result, x, y))
            else:
                numbers = (node, operands) if create_graph else (node._data, [x._data for x in operands])
                for operand, local in local_slopes(node, *numbers):
                    arrived[operand] += product(gradient, local)
        if not isfinite(sum([x for x in arrived.values() if type(x) is float])):  # Values are always finite
            overflown = {x for x, found in arrived.items() if type(found) is float and not isfinite(found)}
            if overflown:  # finite numbers, too, may have an infinite sum
                node = next(node for node in reversed(inner) if not overflown.isdisjoint(node.operands))
                raise OverflowError
    except (ArithmeticError, ValueError):
        raise UndefinedDerivativeError.at(node, Graph(output).names) from None
    return arrived


def times(gradient: Any, slope: Any) -> Any:
    """The product, without a node for a factor that is the number 1 or for a product that is the number 0."""
    for factor, other in ((gradient, slope), (slope, gradient)):
        if isinstance(factor, float) and factor in (0.0, 1.0):
            return factor if factor == 0.0 else other
    return gradient * slope


def _first_undefined(output: Value, seed: float) -> UndefinedError:
    """The error for a sweep that failed: found by `gradients`, which is slower, but knows at which node it failed."""
    try:
        gradients(output, seed)
    except UndefinedError as error:
        return error
    return UndefinedError("A gradient is too large for a float: it overflows when it is added to what a leaf already holds.")
