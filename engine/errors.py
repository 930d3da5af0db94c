"""What can go wrong in a graph, as data: which row, with which names and numbers. The message is written when it is read.

Most errors are never read: a search tries a thousand points, a training run rolls back. And labels and numbers may change
before one is. So an error records what it needs when it is raised, without Values, so that it can be pickled; from that
say/sentences.py, which is loaded only then, makes the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .graph import Graph, names, printable, topological_order
from .primitive import Primitive, UndefinedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .value import Value

MOST_ORIGINS = 4  # labelled values that are named for an unlabelled operand


class Known(NamedTuple):
    """What an error remembers of a node: `origins` are the nearest labelled values below it, if it has no label itself."""

    name: str
    number: float
    constant: bool = False
    labelled: bool = True
    origins: tuple[tuple[str, float], ...] = ()


def known(node: Value, called: Mapping[Value, str]) -> Known:
    """The node as data."""
    origins = () if node.label or not node.operands else _nearest_labelled(node)
    return Known(called[node], node._data, node.constant, bool(node.label), origins)


def _nearest_labelled(node: Value) -> tuple[tuple[str, float], ...]:
    found: list[tuple[str, float]] = []
    seen: set[Value] = set()
    stack = list(node.operands[::-1])
    while stack and len(found) < MOST_ORIGINS:
        below = stack.pop()
        if below not in seen:
            seen.add(below)
            if below.label:
                found.append((printable(below.label), below._data))
            else:
                stack.extend(below.operands[::-1])
    return tuple(found)


class UndefinedValueError(UndefinedError):
    """An operation has no result at its operands. `name` is what the result would have been called, if it has a name."""

    text: str | None = None  # where it stood in a text, if the operation was read from one; `column` counts from 1
    column: int | None = None

    def __init__(self, row: Primitive, operands: Sequence[Known], name: str = "") -> None:
        super().__init__(row, operands, name)
        self.row, self.operands, self.name = row, operands, name

    @classmethod
    def at(cls, row: Primitive, operands: Sequence[Value]) -> UndefinedValueError:
        """The error for these nodes, with the names they have now."""
        called = names(topological_order(*operands))
        return cls(row, [known(operand, called) for operand in operands])

    def __str__(self) -> str:
        from .say.sentences import no_value

        return no_value(self)


class UndefinedDerivativeError(UndefinedError):
    """A node has a value, but its derivative with respect to one of its operands does not exist."""

    def __init__(self, row: Primitive, result: Known, operands: Sequence[Known]) -> None:
        super().__init__(row, result, operands)
        self.row, self.result, self.operands = row, result, operands

    @classmethod
    def at(cls, node: Value, called: Mapping[Value, str]) -> UndefinedDerivativeError:
        """The error for this node."""
        assert node.op is not None  # a leaf has no operands to pass to
        return cls(node.op, known(node, called), [known(operand, called) for operand in node.operands])

    def __str__(self) -> str:
        from .say.sentences import no_derivative

        return no_derivative(self)


class StaleGraphError(RuntimeError):
    """A number in the graph was changed after a result had been computed from it.

    output   the name and the number of what was asked for
    changed  the name and the number of the node that was changed; `before` its number before, if the result agrees with it
    others   how many more were changed
    """

    def __init__(self, output: Known, changed: Known, before: float | None = None, others: int = 0) -> None:
        super().__init__(output, changed, before, others)
        self.output, self.changed, self.before, self.others = output, changed, before, others

    def __str__(self) -> str:
        from .say.sentences import stale

        return stale(self)


def check_fresh(thing: Any) -> None:
    """Raise StaleGraphError if a number was changed after the output (a Value, or its Graph) was computed from it.

    Each node is computed once more from its operands and compared to the last bit. A node whose data was assigned by
    hand is taken as it is.
    """
    graph = Graph.of(thing)
    for node in graph.order:
        if node.op is not None and node._before is None and not agrees(node):
            raise _stale(node, graph)


def agrees(node: Value, numbers: Sequence[float] | None = None) -> bool:
    """Whether a computed node holds what its operation gives, to the last bit: at its operands' numbers, or at others."""
    try:
        at = [x._data for x in node.operands] if numbers is None else numbers
        return node.op is not None and node.op.forward(*at) == node._data
    except (ArithmeticError, ValueError):
        return False


def _stale(node: Value, graph: Graph) -> StaleGraphError:
    """The error for a node that no longer agrees with its operands, naming the operand or leaf that was changed."""
    changed = [leaf for leaf in graph.order if leaf._before is not None]
    culprits = [leaf for leaf in changed if leaf in node.operands] or changed or list(node.operands)
    culprit = culprits[0]
    before = culprit._before
    if before is not None and not agrees(node, [before if x is culprit else x._data for x in node.operands]):
        before = None  # it was changed more than once, or not alone
    others = len([leaf for leaf in changed if leaf is not culprit])
    called = graph.names
    return StaleGraphError(known(graph.output, called), known(culprit, called), before, others)
