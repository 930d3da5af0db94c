"""Walks over a graph of Values: order and names; and Graph, which computes them once. No arithmetic is done here.

A node is anything with `.operands` (an ordered tuple of nodes) and `.op` (None for a leaf). Every walk is a loop with a
stack of its own, so the deepest graph cannot exhaust Python's.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .value import Value


class Graph:
    """The graph of an output: its nodes in topological order, their names, and which of them are inputs.

    Made once and passed along, so that nothing that needs the order or the names searches again. It is a snapshot: labels
    given later are not seen.
    """

    def __init__(self, output: Value) -> None:
        self.output = checked(output)
        self.order = topological_order(output)

    @classmethod
    def of(cls, thing: Any) -> Graph:
        """The thing itself if it is a Graph, else the graph of a Value."""
        return thing if isinstance(thing, Graph) else cls(thing)

    @cached_property
    def names(self) -> dict[Value, str]:
        """What each node is called."""
        return names(self.order)

    @cached_property
    def inputs(self) -> list[Value]:
        """The leaves that are not constants, in the order they were written."""
        return leaves(self.order)

    @property
    def title(self) -> str:
        """What the output is called."""
        return self.names[self.output]


def checked(output: Any) -> Value:
    """The output, if it is a node of a graph."""
    if not hasattr(output, "operands"):
        raise TypeError(f"A Value is needed here, such as f = x*y, not the {type(output).__name__} {output!r:.60}.")
    node: Value = output
    return node


def topological_order(*outputs: Value) -> list[Value]:
    """Every node that the outputs depend on, once each, operands before results, in the order they were written.

    A depth-first search: a node is listed once all its operands are. `None` on the stack says that the node below it
    has been opened and its operands are done.
    """
    order: list[Value] = []
    opened: set[Value] = set()
    stack: list[Value | None] = list(outputs[::-1])
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # type: ignore[arg-type]  # below a None there is always a node
        elif node not in opened:
            opened.add(node)
            if node.operands:
                stack.append(node)
                stack.append(None)
                stack.extend(node.operands[::-1])
            else:
                order.append(node)
    return order


def inner_order(output: Value) -> tuple[list[Value], list[Value]]:
    """The computed nodes in topological order, and separately the leaves, constants included, in no particular order.

    The same search as above, but leaves never go on the stack, since nothing depends on when they are listed. That saves
    the sweep, which calls this in every training step, a quarter of its time.
    """
    inner: list[Value] = []
    at_bottom: dict[Value, None] = {}
    opened: set[Value] = set()
    stack: list[Value | None] = [output]
    while stack:
        node = stack.pop()
        if node is None:
            inner.append(stack.pop())  # type: ignore[arg-type]  # below a None there is always a node
        elif node not in opened:
            opened.add(node)
            stack.append(node)
            stack.append(None)
            for operand in node.operands:
                if operand.op is None:
                    at_bottom[operand] = None
                else:
                    stack.append(operand)
    if output.op is None:
        return [], [output]
    return inner, list(at_bottom)


def check_topological(order: Sequence[Value]) -> None:
    """Raise ValueError unless every node appears once and after all its operands."""
    seen: set[Value] = set()
    for place, node in enumerate(order):
        if node in seen:
            raise ValueError(f"{node!r} appears twice in the order, the second time at place {place}")
        if not seen.issuperset(node.operands):
            raise ValueError(f"{node!r}, at place {place}, comes before one of its operands")
        seen.add(node)


def exceeds(output: Value, limit: int) -> bool:
    """Whether the graph has more than `limit` nodes, found without walking further than that."""
    seen = {checked(output)}
    frontier = [output]
    while frontier and len(seen) <= limit:
        for operand in frontier.pop().operands:
            if operand not in seen:
                seen.add(operand)
                frontier.append(operand)
    return len(seen) > limit


def names(order: Iterable[Value]) -> dict[Value, str]:
    """What each node is called, by one rule for text, pictures, errors and data.

    A labelled node has its label; a second node of the same label gets a number (x, x_2). A constant is called by its
    number. The rest are v1, v2, ... in forward order, skipping names that are labels.
    """
    nodes = list(dict.fromkeys(order))
    labels = {node: printable(node.label) for node in nodes if node.label}
    taken = {*labels.values()}
    used: set[str] = set()
    numbers = {"v": 0}  # the last number given to each stem

    def numbered(stem: str) -> str:
        numbers[stem] = numbers.get(stem, 1) + 1
        while f"{stem}{numbers[stem]}" in taken:
            numbers[stem] += 1
        return f"{stem}{numbers[stem]}"

    result: dict[Value, str] = {}
    for node in nodes:
        label = labels.get(node, "")
        if not label:
            result[node] = repr(node._data).removesuffix(".0") if node.constant else numbered("v")
        else:
            result[node] = numbered(f"{label}_") if label in used else label
            used.add(label)
    return result


def printable(label: str) -> str:
    """A label as one line that can be written to a file: half of a surrogate pair, which no encoding has, becomes U+FFFD."""
    return " ".join(label.encode("utf-16", "surrogatepass").decode("utf-16", "replace").split())


def leaves(order: Iterable[Value]) -> list[Value]:
    """The inputs and parameters of a graph: its nodes without operands, constants left out."""
    return [node for node in order if not node.operands and not node.constant]


def dependents(order: Iterable[Value], sources: Iterable[Value]) -> set[Value]:
    """The sources, and every node of the order that is computed from one of them."""
    found = set(sources)
    for node in order:
        if not found.isdisjoint(node.operands):
            found.add(node)
    return found
