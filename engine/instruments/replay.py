"""Evaluating a graph again for other numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Known, UndefinedValueError
from ..graph import Graph, names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..value import Value


def recompute(output: Value, values: Mapping[Value, float] | None = None) -> float:
    """Evaluate the graph of `output` again, in place, and return its new value.

    `values` gives leaves new numbers. It may override inner nodes too: such a node keeps the number it is given, whatever
    its operands say, until the next recompute without it; so one can nudge any node and watch the output.
    Inner gradients, which belonged to the old numbers, are dropped; `output.backward()` computes the new ones.
    If an operation is undefined at the new numbers, an UndefinedError says so and nothing is changed.
    """
    order = Graph.of(output).order
    for node in values or {}:
        if not hasattr(node, "operands"):
            raise TypeError(f"recompute takes Values with their new numbers, {{x: 5.0}}, not {node!r:.60}.")
    given = {node: type(node)(value).data for node, value in (values or {}).items()}
    strangers = given.keys() - set(order)
    if strangers:
        raise ValueError(f"{strangers.pop()!r} is not in the graph of {output!r}: recompute can only set nodes that are.")
    for node, number in evaluate(order, given).items():
        if node in given and (node.op is not None or number != node.data):  # an override, even to the same number
            node.data = number
        elif node not in given and node.op is not None:
            node._data = number
            if node._before is not None:
                del node._previous
        if node.op is not None:
            node._grad = None
    return output.data


def evaluate(
    order: Sequence[Value], given: Mapping[Value, float], *, held: bool = False
) -> dict[Value, float]:
    """What every node of the order would be with these numbers given, without changing any.

    `held` keeps inner nodes that were overridden at the number they have.
    """
    numbers: dict[Value, float] = {}
    for node in order:
        if node in given:
            numbers[node] = given[node]
        elif node.op is None or (held and node._before is not None):
            numbers[node] = node.data
        else:
            numbers[node] = _forward(node, [numbers[operand] for operand in node.operands], order)
    return numbers


def _forward(node: Value, numbers: list[float], order: Sequence[Value]) -> float:
    assert node.op is not None
    try:
        return node.op.evaluate(*numbers)
    except ArithmeticError:
        called = names(order)
        operands = [Known(called[x], number, x.constant) for x, number in zip(node.operands, numbers)]
        raise UndefinedValueError(node.op, operands, called[node]) from None
