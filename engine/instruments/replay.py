"""Record once, replay: the same graph for other numbers, and the notice when numbers and graph no longer agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import StaleGraphError, UndefinedValueError
from ..graph import names, topological_order
from ..say.notation import show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..value import Value


def recompute(output: Value, values: Mapping[Value, float] | None = None) -> float:
    """Evaluate the graph of `output` again, in place, and return its new value.

    `values` gives leaves new numbers. It may override inner nodes too: such a node keeps the number it is given, whatever
    its operands say, until the next recompute without it; so one can nudge any node and watch the output.
    Inner gradients, which belonged to the old numbers, are forgotten; `output.backward()` finds the new ones.
    If an operation is undefined at the new numbers, an UndefinedError says so and nothing is changed.
    """
    order = topological_order(output)
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
            node._forget_previous()
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
        elif node.op is None or (held and node.previous is not None):
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
        operands = [type(operand)(number, called[operand]) for operand, number in zip(node.operands, numbers)]
        raise UndefinedValueError(node.op, operands, called[node]) from None


def check_fresh(output: Value) -> None:
    """Raise StaleGraphError if a number was changed after `output` was computed from it.

    Each node is computed once more from its operands and compared to the last bit. A node whose data was assigned by
    hand is taken as it is.
    """
    order = topological_order(output)
    for node in order:
        if node.op is not None and node.previous is None and not _agrees(node, [operand.data for operand in node.operands]):
            called = names(order)
            changed = [leaf for leaf in order if leaf.previous is not None]
            culprits = [leaf for leaf in changed if leaf in node.operands] or changed or list(node.operands)
            culprit = culprits[0]
            before = [culprit.previous if operand is culprit else operand.data for operand in node.operands]
            known = culprit.previous is not None and _agrees(node, before)  # type: ignore[arg-type]  # checked just here
            others = len([leaf for leaf in changed if leaf is not culprit])
            name, was = called[culprit], f"from {show(culprit.previous)} " if known else ""  # type: ignore[arg-type]
            belongs = f"{name} = {show(culprit.previous)}" if known else f"an earlier {name}"  # type: ignore[arg-type]
            belongs = belongs if not others else "the earlier numbers"
            name += f" (and {others} more)" if others else ""
            raise StaleGraphError(
                f"{name} was changed {was}to {show(culprit.data)} after {called[output]} was computed; "
                f"{called[output]} = {show(output.data)} still belongs to {belongs}. "
                f"Call recompute({called[output]}), or compute {called[output]} again."
            )


def _agrees(node: Value, numbers: list[float]) -> bool:
    try:
        return node.op is not None and node.op.forward(*numbers) == node.data
    except (ArithmeticError, ValueError):
        return False
