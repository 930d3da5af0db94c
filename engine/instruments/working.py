"""A derivative worked out once more, with something in it changed: a slip, or a learner's own earlier answers.

`Working` has the numbers of a graph as someone works with them: the values, the local derivatives, what arrives at each
node on the way back, and how fast each node changes with x. `sweep` goes backwards once more with a `Change`: other local
derivatives, other sums where paths meet, other values. No Value is touched.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UndefinedDerivativeError
from ..graph import dependents
from .neurons import neurons
from .replay import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ..graph import Graph
    from ..primitive import Primitive
    from ..value import Value
    from .neurons import Neuron

NOTHING: Mapping[Value, float] = {}


class Change(NamedTuple):
    """What someone does differently.

    slopes    the local derivative along an edge (node, position of the operand)
    rates     the derivative of a whole node with respect to x: whatever lies between the two no longer counts
    meetings  how the shares are put together that arrive at a node from several paths, in the order of the sweep
    values    the value of a node, with which the work goes on
    result    the answer itself
    """

    slopes: Mapping[tuple[Value, int], float] = {}
    rates: Mapping[Value, float] = {}
    meetings: Mapping[Value, Callable[[list[float]], float]] = {}
    values: Mapping[Value, float] = {}
    result: float | None = None

    def joined(self, other: Change) -> Change | None:
        """Both changes at once; None where they change the same thing."""
        if self.result is not None or other.result is not None:
            return None
        both: list[Any] = []
        for mine, others in zip(self[:4], other[:4]):
            if mine.keys() & others.keys():  # type: ignore[attr-defined]  # a slice of a NamedTuple has forgotten its types
                return None
            both.append({**mine, **others})  # type: ignore[dict-item]
        return Change(*both)


class Edge:
    """One step of the chain rule: a node, one of its operands, and the local derivative between them."""

    def __init__(self, working: Working, node: Value, position: int) -> None:
        assert node.op is not None  # a leaf has no operands
        self.working, self.node, self.position = working, node, position
        self.row: Primitive = node.op
        self.name = self.row.name
        self.operand = node.operands[position]
        self.result: float = working.numbers[node]
        self.numbers: list[float] = [working.numbers[operand] for operand in node.operands]
        self.number: float = self.numbers[position]
        self.slope: float = working.slopes[node, position]

    @property
    def other(self) -> Value | None:
        """The second of two operands; None where there are not two."""
        return self.node.operands[1 - self.position] if len(self.numbers) == 2 else None

    @property
    def other_number(self) -> float:
        """The number of the second of two operands."""
        return self.numbers[1 - self.position]

    @property
    def at_x(self) -> float:
        """The value of x, the variable itself."""
        return self.working.numbers[self.working.x]

    @property
    def is_weight(self) -> bool:
        """Whether the operand is the weight of a neuron, which meets its input here."""
        return self.working.weights.get(self.node) is self.operand

    @property
    def inner(self) -> float:
        """How fast the operand changes with x."""
        return self.working.rates[self.operand]

    def slope_at(self, number: float) -> float:
        """The derivative of a function of one operand at another number."""
        return float(self.row.derivative(self.row.evaluate(number), [number], 0))


class Forwards:
    """The values of a graph as someone has them: with `values` for nodes that they worked out otherwise."""

    def __init__(self, graph: Graph, values: Mapping[Value, float] = NOTHING) -> None:
        self.graph, self.output, self.values = graph, graph.output, values
        self.numbers = evaluate(graph.order, values) if values else {node: node.data for node in graph.order}
        self.right = self.numbers[graph.output]

    def result(self, change: Change) -> float:
        """The answer that one gets with the change."""
        if change.result is not None:
            return change.result
        return evaluate(self.graph.order, {**self.values, **change.values})[self.output]


class Working(Forwards):
    """The derivative of the graph's output with respect to x, with all that is needed on the way.

    numbers    the value of every node
    slopes     the local derivative along every edge to something that is not a constant
    gradients  what arrives at each node on the way back; `right` is what arrives at x
    rates      how fast each node changes with x; 0 where it does not depend on x
    order      x and the nodes that depend on it, the output last

    `values` and `said` are numbers that someone works with instead: values of nodes, and gradients. `textbook` takes the
    local derivatives in the form of the textbook, which is how they are worked out by hand.
    """

    def __init__(
        self,
        graph: Graph,
        x: Value,
        values: Mapping[Value, float] = NOTHING,
        said: Mapping[Value, float] = NOTHING,
        *,
        textbook: bool = False,
    ) -> None:
        super().__init__(graph, values)
        self.x, self.textbook = x, textbook
        self.said = {node: number for node, number in said.items() if node is not x}
        self.slopes: dict[tuple[Value, int], float] = {}
        for node in graph.order:
            self._differentiate(node)
        self.gradients = self._arrivals(graph.order, Change())
        self.right = self.gradients[x]
        depends = dependents(graph.order, [x])
        self.order = [node for node in graph.order if node in depends]
        self.rates = dict.fromkeys(graph.order, 0.0)
        for node in self.order:
            below = [self.slopes[node, i] * self.rates[operand] for i, operand in enumerate(node.operands) if operand in depends]
            self.rates[node] = 1.0 if node is x else sum(below)
        self.edges = [
            Edge(self, node, i) for node in self.order if node is not x
            for i, operand in enumerate(node.operands) if operand in depends
        ]  # fmt: skip
        self.users: dict[Value, list[Edge]] = {node: [] for node in self.order}
        for edge in self.edges:
            self.users[edge.operand].append(edge)

    def _differentiate(self, node: Value) -> None:
        """The local derivatives of one node."""
        if node.op is None:
            return
        numbers = [self.numbers[operand] for operand in node.operands]
        rules = node.op.slopes(self.numbers[node], numbers, shown=self.textbook)
        for i, operand in enumerate(node.operands):
            if not operand.constant:
                try:
                    self.slopes[node, i] = float(rules[i]())
                except (ArithmeticError, ValueError):
                    raise UndefinedDerivativeError.at(node, self.graph.names) from None

    @cached_property
    def neurons(self) -> list[Neuron]:
        """The neurons of the graph; none where no weighted sum has an activation: x·y + z alone is no neuron."""
        found = neurons(self.graph)
        return found if any(neuron.activation for neuron in found) else []

    @cached_property
    def weights(self) -> dict[Value, Value]:
        """For each product w·x of a neuron its weight."""
        return {product: weight for neuron in self.neurons for product, weight in zip(neuron.products, neuron.weights)}

    def depends(self, node: Value) -> bool:
        """Whether the node depends on x."""
        return node in self.users

    def sweep(self, change: Change) -> dict[Value, float]:
        """What arrives at x, and at each node that depends on x, with the change."""
        if change.values:
            again = Working(self.graph, self.x, {**self.values, **change.values}, self.said, textbook=self.textbook)
            return again.sweep(change._replace(values={}))
        return self._arrivals(self.order, change)

    def result(self, change: Change) -> float:
        """The answer that one gets with the change."""
        return self.sweep(change)[self.x] if change.result is None else change.result

    def _arrivals(self, order: list[Value], change: Change) -> dict[Value, float]:
        shares: dict[Value, list[float]] = {node: [] for node in order}
        shares.setdefault(self.output, []).append(1.0)
        arrived: dict[Value, float] = {}
        at_once = 0.0  # what reaches x past the nodes whose whole rate is changed
        for node in reversed(order):
            put_together = change.meetings.get(node, sum)
            arrived[node] = gradient = self.said.get(node, put_together(shares[node]))
            if node in change.rates:
                at_once += gradient * change.rates[node]
                continue
            for i, operand in enumerate(node.operands):
                if operand in shares and (node, i) in self.slopes:
                    slope = change.slopes.get((node, i), self.slopes[node, i])
                    shares[operand].append(gradient * slope)
        arrived[self.x] += at_once
        return arrived
