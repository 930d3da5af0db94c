"""Points for exercises: numbers that a head can do, and at which wrong ways can be told apart.

An exercise is good at a point if every number on the way is short, and if no wrong way of differentiating gives the right
number there, or the number of another wrong way. At x = 1 everybody is right about x², whatever they believe.
"""

from __future__ import annotations

from itertools import combinations
from math import fsum, prod
from typing import TYPE_CHECKING, NamedTuple

from .. import ops
from ..derivatives import grad
from ..graph import Graph, dependents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..primitive import Primitive
    from ..value import Value

    Slopes = Mapping[tuple[Value, int], float]  # by the node and the position of its operand
    Wrong = Callable[[Value, Value], Mapping[str, Sequence[float]]]  # of an output and a node: the answers of each wrong way

DIGITS = 3  # significant digits that a head can do
LARGEST, SMALLEST = 1000, 0.001  # beyond these a head counts zeros
FEW = 3  # inputs, any of which may be taken for another; of more, only those that meet in one operation
FAITHFUL = 0.005  # how far, relatively, rounding on the way may lead
GAP = 0.03  # two numbers that are closer than this, relative to the larger, are not told apart


def short(number: float) -> float:
    """The number to three significant digits."""
    return float(f"{number:.{DIGITS}g}")


def is_short(number: float) -> bool:
    """Whether a head can do the number: three significant digits say the whole of it, and it is neither huge nor tiny."""
    number = clean(number)
    return number == short(number) and (number == 0 or SMALLEST <= abs(number) <= LARGEST)


def clean(number: float) -> float:
    """The number without the noise of binary fractions: 0.1·3 is 0.3."""
    return round(number, 10) + 0.0


class Head:
    """A computation and its chain rule as one does them in the head: what is not arithmetic is known to three digits.

    number     what each node is
    slope      the local derivative along each edge: (node, position of the operand)
    product    the derivative that arrives, times the local derivative, along each edge
    gradient   the derivative of the output with respect to each node
    looked_up  the nodes whose number or slope had to be rounded, so that a table must give them
    """

    def __init__(self, output: Value | Graph) -> None:
        self.graph = Graph.of(output)
        self.number: dict[Value, float] = {}
        self.slope: dict[tuple[Value, int], float] = {}
        self.looked_up: list[Value] = []
        for node in self.graph.order:
            self.number[node] = self._forward(node)
        self.product: dict[tuple[Value, int], float] = {}
        self.gradient = swept(self.graph, self.slope, product=self.product)

    def _forward(self, node: Value) -> float:
        row = node.op
        if row is None:
            return node.data
        operands = [self.number[operand] for operand in node.operands]
        exact = clean(row.evaluate(*operands))
        number = short(exact) if row.is_function else exact
        slopes = [clean(slope()) for slope in row.slopes(number, operands, shown=True)]
        if row.is_function and (number != exact or any(slope != short(slope) for slope in slopes)):
            self.looked_up.append(node)
            slopes = [short(slope) for slope in slopes]
        self.slope.update({(node, i): slope for i, slope in enumerate(slopes)})
        return number

    def is_faithful(self, asked: Sequence[Value]) -> bool:
        """Whether rounding on the way does little to the answers: half a percent at most."""
        exact = [self.graph.output.data, *grad(self.graph.output, list(asked))]
        rounded = [self.number[self.graph.output], *(self.gradient[node] for node in asked)]
        return all(abs(a - b) <= FAITHFUL * abs(a) for a, b in zip(exact, rounded))

    def is_short(self) -> bool:
        """Whether a head can do it: every number, every product of the chain rule and every sum."""
        numbers = [*self.number.values(), *self.slope.values(), *self.product.values(), *self.gradient.values()]
        return all(map(is_short, numbers))


def swept(
    graph: Graph,
    slope: Slopes,
    *,
    meet: Mapping[Value, Callable[[Sequence[float]], float]] | None = None,
    product: dict[tuple[Value, int], float] | None = None,
) -> dict[Value, float]:
    """One sweep backwards with these local derivatives, right or wrong: the gradient of every node.

    `meet` says of some nodes how what arrives there is put together, where it is not added; the products along the edges go
    into `product`.
    """
    arrived: dict[Value, list[float]] = {node: [] for node in graph.order}
    arrived[graph.output].append(1.0)
    gradient = {}
    for node in reversed(graph.order):
        together = (meet or {}).get(node, fsum)  # not sum, whose last digits depend on Python's version
        gradient[node] = clean(together(arrived[node]))
        for i, operand in enumerate(node.operands):
            share = clean(gradient[node] * slope[node, i])
            arrived[operand].append(share)
            if product is not None:
                product[node, i] = share
    return gradient


# --- wrong ways ---


class Edge(NamedTuple):
    """An edge of the graph as a wrong way sees it: the row, which operand, its slope, the operands' numbers and the result."""

    row: Primitive
    position: int
    slope: float
    operands: list[float]
    result: float

    @property
    def other(self) -> float:
        """The number of the other operand."""
        return self.operands[1 - self.position]


EDGE_SLIPS: dict[str, Callable[[Edge], float | None]] = {  # what stands in the slope's place; None where it does not apply
    "the quotient's minus is dropped": lambda e: -e.slope if e.row is ops.div and e.position == 1 else None,
    "the denominator is not squared": lambda e: e.slope * e.operands[1] if e.row is ops.div and e.position == 1 else None,
    "a factor's own number": lambda e: e.operands[e.position] if e.row is ops.mul else None,
    "the minus of a difference is dropped": lambda e: -e.slope if e.row is ops.sub and e.position == 1 else None,
    "the exponent is not brought down": lambda e: e.slope / e.row.static if e.row.static and is_power(e.row) else None,
    "the base is lost": lambda e: e.row.static if is_power(e.row) else None,
    "a link of the chain is left out": lambda e: 1.0 if e.row not in (ops.add, ops.sub) else None,
    "the value for the slope": lambda e: e.result if is_power(e.row) or e.row.is_function else None,
    "z(1 - z) for a(1 - a)": lambda e: e.operands[0] * (1 - e.operands[0]) if e.row is ops.sigmoid else None,
    "the slope at a, not at z": lambda e: e.row.derivative(e.row(e.result), [e.result], 0) if e.row is ops.sigmoid else None,
}


def is_power(row: Primitive) -> bool:
    """Whether it is x to the power of a number."""
    return row.family is ops.power


def wrong_answers(output: Value, node: Value) -> dict[str, list[float]]:
    """The derivatives of the output with respect to a node as some wrong ways give them, each at one place."""
    graph = Graph.of(output)
    slope = {
        (user, i): there() for user in graph.order if user.op
        for i, there in enumerate(user.op.slopes(user.data, [x.data for x in user.operands]))
    }  # fmt: skip
    right = swept(graph, slope)
    between = dependents(graph.order, [node])  # elsewhere a slip changes nothing
    edges = {(user, i): user.operands[i] for user, i in slope if user.operands[i] in between}
    found: dict[str, list[float]] = {}
    for (user, i), operand in edges.items():
        assert user.op is not None  # a leaf has no edges
        edge = Edge(user.op, i, slope[user, i], [x.data for x in user.operands], user.data)
        for name, slip in EDGE_SLIPS.items():
            instead = slip(edge)
            if instead is not None:
                found.setdefault(name, []).append(swept(graph, {**slope, (user, i): instead})[node])
        if operand is node and user is not graph.output:
            found.setdefault("the derivative of the node next to it", []).append(right[user])
            found.setdefault("the local derivative without what arrives", []).append(slope[user, i])
        if operand is node and len(graph.inputs) > FEW:
            found.setdefault("another's derivative", []).extend(right[x] for x in user.operands if x is not node)
    for meeting in [x for x in graph.order if x in between]:
        ways = [edge for edge, operand in edges.items() if operand is meeting]
        if len(ways) > 1:
            one_less = [swept(graph, {**slope, way: 0.0})[node] for way in ways]
            found.setdefault("a path is missing", []).extend(one_less)
            multiplied = swept(graph, slope, meet={meeting: prod})[node]
            found.setdefault("the paths are multiplied", []).append(multiplied)
    if len(graph.inputs) <= FEW:
        found["another's derivative"] = [right[x] for x in graph.inputs if x is not node]
    found["the value for the derivative"] = [output.data]
    found["the sign is turned"] = [-right[node]]
    return found


def meetings(output: Value, node: Value, wrong: Wrong = wrong_answers) -> set[frozenset[tuple[str, int]]]:
    """The pairs of answers, the right one and those of the wrong ways, that are not told apart; the ways of one name may meet."""
    answers = {("right", 0): grad(output, node)}
    answers |= {(name, i): number for name, numbers in wrong(output, node).items() for i, number in enumerate(numbers)}
    return {
        frozenset((a, b)) for a, b in combinations(answers, 2) if a[0] != b[0] and near(answers[a], answers[b])
    }


def near(a: float, b: float) -> bool:
    """Whether two answers are not told apart."""
    return abs(a - b) <= GAP * max(abs(a), abs(b))
