"""Finite differences: an answer to "is this derivative right?" that does not share the engine's formulas.

They are approximate and slow (two evaluations for each input), which is why one checks with them and does not train with
them. When they disagree, the check goes on to test every operation in the graph, and names the one that is wrong. Where
floats allow no useful difference, as for sin at 1e17, the check says that it cannot tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ..derivatives import grad, local_derivative
from ..errors import check_fresh
from ..graph import Graph, dependents, names, topological_order
from ..primitive import Primitive
from ..say.notation import show, terms, write
from ..value import Value, number_of
from .difference import EPS, Sample, best_difference, first_step, nearest_edge, tells_at
from .replay import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any


class GradientError(AssertionError):
    """The chain rule and the finite differences disagree, or there is no derivative to agree on."""


class Comparison(NamedTuple):
    """One derivative in two ways: `exact` by the chain rule, `numeric` by a central difference with the step h = `step`.

    `allowed` is how far they may be apart: one part in a million and the difference's own error. Where that error leaves
    nothing to compare, `reason` says why in a few words, and the two neither agree nor disagree. Without any neighbour
    at which f could be evaluated, `numeric` is nan and `step` None.
    """

    name: str
    exact: float
    numeric: float
    allowed: float
    step: float | None = None
    reason: str = ""

    @property
    def conclusive(self) -> bool:
        """Whether the difference can tell right from wrong here."""
        return not self.reason

    @property
    def agrees(self) -> bool:
        """Whether the difference confirms the derivative: the two are as close as they can be expected to be."""
        return self.conclusive and abs(self.exact - self.numeric) <= self.allowed

    @property
    def disagrees(self) -> bool:
        """Whether the difference refutes the derivative. Where it cannot tell, it does neither."""
        return self.conclusive and not self.agrees


def numeric_derivative(f: Callable[[float], Any], x: float, eps: float = EPS, kind: str = "central") -> float:
    """The slope of f at x from values alone.

    central   (f(x + eps) - f(x - eps)) / (2 eps),  error ~ eps²: θ³ at 1 with eps 0.01 gives 3.0001
    forward   (f(x + eps) - f(x)) / eps,            error ~ eps:  3.0301
    backward  (f(x) - f(x - eps)) / eps,            error ~ eps:  2.9701

    x + eps is rounded; the difference is divided by the distance that is left between the two points.
    """
    _check_step(eps)
    sides = {"central": (x + eps, x - eps), "forward": (x + eps, x), "backward": (x, x - eps)}
    if kind not in sides:
        raise ValueError(f"kind = {kind!r} must be one of {', '.join(sides)}.")
    right, left = sides[kind]
    if right == left:
        raise ValueError(f"eps = {eps} is lost beside x = {x}: take a larger step.")
    return (number_of(f(right)) - number_of(f(left))) / (right - left)


def compare(f: Value | Graph | Callable[..., Value], inputs: Sequence[Any], eps: float = EPS) -> list[Comparison]:
    """The derivative of f with respect to each input, by the chain rule and by central differences.

    f is a function of the inputs (numbers, or Values, which keep their labels), called anew for each difference; or a
    Value already computed from the inputs, whose graph is evaluated again. Nothing in the graph is changed. eps is the
    step to begin with near 1; where it does not work, wider and narrower ones are tried.
    """
    _check_step(eps)
    return _differences(f, *_build(f, inputs), eps)


def _differences(f: Value | Graph | Callable[..., Value], graph: Graph, values: list[Value], eps: float) -> list[Comparison]:
    """The comparison for each input of an output that is built already."""
    called, slopes = names([*graph.order, *values]), grad(graph.output, graph.order)
    slope_in = dict(zip(graph.order, slopes))
    compared = []
    for position, x in enumerate(values):
        along = _call(f, values, position) if callable(f) else _replay(graph, slopes, x)
        compared.append(_compare(called[x], slope_in.get(x, 0.0), x.data, along, eps))
    return [one._replace(reason=_doubt(graph, x, one.step)) if one.disagrees else one for x, one in zip(values, compared)]


def _doubt(graph: Graph, x: Value, step: float | None) -> str:
    """Why a difference that disagrees may itself be at fault; empty if nothing suggests that.

    The difference of 5x + sin(x) at 1e17 looks precise and is 5: its step spans many periods of sin. So the step is
    propagated to each operation, and that operation's own difference with a step of that size must be able to tell.
    """
    assert step is not None  # a difference was taken: it disagrees
    try:
        moved = evaluate(graph.order, {x: x.data + step}, held=True)
    except ArithmeticError:  # f takes another branch there, which this graph does not have
        return ""
    for node, position, exact in _local_derivatives(graph):
        data = [operand.data for operand in node.operands]
        reach = abs(moved[node.operands[position]] - data[position])
        if reach and not tells_at(_along(node.op, data, position, exact), data[position], exact, reach):  # type: ignore[arg-type]
            return f"h is too wide for {node.op}"
    return ""


def _build(f: Value | Graph | Callable[..., Value], inputs: Sequence[Any]) -> tuple[Graph, list[Value]]:
    values = [x if isinstance(x, Value) else Value(x, f"x{i}") for i, x in enumerate(inputs, start=1)]
    output = f(*values) if callable(f) else f
    if not isinstance(output, (Value, Graph)):
        raise TypeError(f"f must give a Value to be differentiated; it gave the {type(output).__name__} {output!r:.60}.")
    graph = Graph.of(output)
    check_fresh(graph)
    return graph, values


def _check_step(eps: float) -> None:
    if not 0 < eps < math.inf:
        raise ValueError(f"eps = {eps} is not a step: it must be greater than 0, such as 1e-5.")


def _compare(name: str, exact: float, x: float, along: Callable[[float], Sample], eps: float) -> Comparison:
    """Compare one derivative with the best difference available."""
    best, reason = best_difference(along, x, exact, eps)
    if best is None:
        return Comparison(name, exact, math.nan, math.inf, None, reason)
    return Comparison(name, exact, best.numeric, best.allowed(exact), best.step, reason)


# --- f as a function of one number, with what is known of its values ---

def _replay(graph: Graph, slopes: list[float], x: Value) -> Callable[[float], Sample]:
    """The output as a function of x: the graph is evaluated again. `slopes`: its derivative with respect to each node."""

    def along(number: float) -> Sample:
        numbers = evaluate(graph.order, {x: number}, held=True)
        edges = [edge for node in graph.order if node.op for edge in _edges(node.op, [numbers[y] for y in node.operands])]
        return Sample(numbers[graph.output], _rounding(numbers.values(), slopes), tuple(edges))

    return along


def _call(f: Callable[..., Any], values: list[Value], position: int) -> Callable[[float], Sample]:
    """f as a function of the input at this position: f is called again."""

    def along(number: float) -> Sample:
        result = f(*[Value(number if i == position else x.data, x.label) for i, x in enumerate(values)])
        if not isinstance(result, Value):
            return Sample(float(result), _rounding([float(result)], [1.0]))
        order = topological_order(result)
        edges = [edge for node in order if node.op for edge in _edges(node.op, [y.data for y in node.operands])]
        return Sample(result.data, _rounding([node.data for node in order], grad(result, order)), tuple(edges))

    return along


def _along(row: Primitive, data: list[float], position: int, slope: float) -> Callable[[float], Sample]:
    """A row as a function of one of its operands; `slope` is its derivative there."""

    def along(number: float) -> Sample:
        operands = [number if i == position else x for i, x in enumerate(data)]
        result = row.evaluate(*operands)
        return Sample(result, _rounding([result, number], [1.0, slope]), tuple(_edges(row, operands)))

    return along


def _rounding(numbers: Iterable[float], slopes: Iterable[float]) -> float:
    """How far rounding may move an output. Each number on the way is off by some units in its last place, and its slope
    carries this to the output; such errors are independent, so they add up like the sides of right triangles."""
    return 4 * math.hypot(*[slope * math.ulp(number) for number, slope in zip(numbers, slopes)])


def _edges(row: Primitive, operands: list[float]) -> list[float]:
    """Numbers that are 0 where a row has a corner or a jump, or reaches the edge of its domain (for 1/x: its pole)."""
    edges = []
    for x, domain in zip(operands, row.domain):
        edges += [x] * domain.hole
        edges += [edge for edge in (x - domain.low, domain.high - x) if abs(edge) < math.inf]
    return [*edges, row.kink(*operands)] if row.kink else edges


def gradcheck(f: Value | Callable[..., Value], inputs: Sequence[Any], eps: float = EPS) -> list[Comparison]:
    """Raise GradientError if central differences refute the chain rule for an input; return the comparison.

    The error names the operation, and the operand for which its local derivative is wrong. At a corner or a jump it
    says so instead: there is no derivative to be right or wrong. Where no difference can tell, the operations are checked
    one by one; if none is wrong, the comparison is returned, and is neither `agrees` nor `disagrees`.
    """
    _check_step(eps)
    graph, values = _build(f, inputs)
    compared = _differences(f, graph, values, eps)
    wrong = [comparison for comparison in compared if comparison.disagrees]
    complaint = corner_of(graph, values)
    if not complaint and not all(comparison.agrees for comparison in compared):
        complaint = culprit_of(graph, eps)
    if not complaint and wrong:
        complaint = "Each operation by itself agrees: does f give the same result each time?"
    if complaint:
        raise GradientError(f"{complaint} {_both((wrong or compared)[0])}")
    return compared


def _both(compared: Comparison) -> str:
    chain_rule = f"For {compared.name} the chain rule gives {show(compared.exact, 9)}, the central difference of f"
    if compared.step is None:
        return f"{chain_rule} cannot be taken ({compared.reason})."
    return f"{chain_rule} {show(compared.numeric, 9)}{'' if compared.conclusive else f' ({compared.reason})'}."


def corner_of(output: Value | Graph, inputs: Sequence[Value]) -> str:
    """A sentence about the first operation at a corner or a jump that also shows in the output; empty if there is none.

    A kink of 0 only makes an operation a suspect: relu(relu(x)) at -2 is at the corner of the outer relu, yet flat there.
    It counts if the output's slopes to the right and to the left of an input differ, or do not converge.
    """
    graph = Graph.of(output)
    reached = dependents(graph.order, inputs)
    suspects = [
        node for node in graph.order
        if node in reached and node.op and node.op.kink and node.op.kink(*[x.data for x in node.operands]) == 0
    ]  # fmt: skip
    if not suspects:
        return ""
    slopes = grad(graph.output, graph.order)
    if not any(_is_bent(_replay(graph, slopes, x), x.data) for x in inputs if x in reached):
        return ""
    node, called = suspects[0], graph.names
    at = ", ".join(f"{called[x]} = {show(x.data)}" for x in node.operands if not x.constant)
    formula = write(node.op, terms(node.operands, called)).text  # type: ignore[arg-type]  # suspects have an op
    return f"{called[node]} = {formula} is not differentiable here, at {at}: it has a corner or a jump."


def _is_bent(along: Callable[[float], Sample], x: float) -> bool:
    """Whether a function has a corner or a jump at x, by its slopes to the right and to the left as the step is halved.

    On a smooth curve the two come twice as close, at a corner they stay as far apart. At a jump they double; if it is as
    high on both sides, as that of sign is, they are equal too. The step stays clear of the next corner.
    """
    here = along(x)
    step = min(first_step(x), nearest_edge(along, x, here) / 4)
    try:
        right, left, nearer_right, nearer_left = (
            (along(x + h).value - here.value) / h for h in (step, -step, step / 2, -step / 2)
        )
    except (ArithmeticError, ValueError):
        return True
    apart, nearer = abs(right - left), abs(nearer_right - nearer_left)
    rounding = 4 * here.rounding / step
    is_corner = nearer > 0.75 * apart > rounding
    sides = ((right, nearer_right), (left, nearer_left))
    is_jump = all(abs(closer) > 1.5 * abs(slope) + rounding for slope, closer in sides)
    return is_corner or is_jump


def culprit_of(output: Value | Graph, eps: float = EPS) -> str:
    """The first operation whose local derivative disagrees with its own values, in a sentence; empty if there is none."""
    graph = Graph.of(output)
    called = graph.names
    for node, position, exact in _local_derivatives(graph):
        assert node.op is not None  # a leaf has no derivatives
        operand, data = node.operands[position], [operand.data for operand in node.operands]
        local = _compare(called[operand], exact, operand.data, _along(node.op, data, position, exact), eps)
        if local.disagrees:
            formula = f"{called[node]} = {write(node.op, terms(node.operands, called)).text}"
            return (
                f"The derivative of {node.op.name} with respect to its operand {position + 1} is wrong: for {formula} "
                f"its rule gives ∂{called[node]}/∂{called[operand]} = {show(exact, 9)}, "
                f"the central difference {show(local.numeric, 9)}."
            )
    return ""


def _local_derivatives(graph: Graph) -> Iterator[tuple[Value, int, float]]:
    """The factor of each edge in the graph that does not come from a constant: the node, the operand's position, the factor."""
    for node in graph.order:
        for position, operand in enumerate(node.operands):
            if not operand.constant:
                yield node, position, local_derivative(node, position, graph.names)
