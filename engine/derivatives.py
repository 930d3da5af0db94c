"""Derivatives that are returned, rather than left on the nodes: grad, jacobian, hessian, and the paths of the chain rule."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, prod
from typing import TYPE_CHECKING, NamedTuple

from .backward import gradients
from .errors import UndefinedDerivativeError, check_fresh
from .graph import Graph, dependents, names, topological_order
from .modes import refuse
from .value import Constant, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any


def grad(
    output: Value, inputs: Value | Iterable[Value], *, seed: float = 1.0, create_graph: bool = False
) -> Any:
    """The derivatives of `output` with respect to `inputs`, leaving every `.grad` as it is.

    One Value gives one derivative, a sequence a list; an input that the output does not depend on gives 0. With
    `create_graph` the derivatives are Values with a graph of their own, to be drawn and differentiated again: the same
    rules, run on Values instead of floats.
    """
    several: Iterable[Value] = list(inputs) if isinstance(inputs, Iterable) else [inputs]
    if not create_graph:
        refuse("asks for derivatives as plain numbers", "Write create_graph=True: then they are Values.")
    for value in (output, *several):
        if not isinstance(value, Value):
            raise TypeError(f"grad takes Values: grad(output, [x, y]); {value!r:.60} is a {type(value).__name__}.")
    if not isfinite(seed):
        raise ValueError(f"seed = {seed} must be a finite number.")
    arrived = gradients(output, float(seed), create_graph=create_graph)
    found = [arrived.get(node, 0.0) for node in several]
    if create_graph:
        found = [derivative if isinstance(derivative, Value) else Constant(derivative) for derivative in found]
    return found if isinstance(inputs, Iterable) else found[0]


def local_derivative(node: Value, position: int, called: Mapping[Value, str] | None = None) -> float:
    """The factor that one edge contributes: the derivative of `node` with respect to one of its operands, as a float.

    `called` has the names for an error; without it the node's own graph gives them.
    """
    assert node.op is not None  # a leaf has no operands
    try:
        return float(node.op.derivative(node.data, [operand.data for operand in node.operands], position))
    except (ArithmeticError, ValueError):
        raise UndefinedDerivativeError.at(node, called or names(topological_order(node))) from None


class Path(NamedTuple):
    """One path from a source to the output: the nodes along it, the local derivative of each edge, and their product."""

    nodes: tuple[Value, ...]
    factors: tuple[float, ...]
    product: float


def paths(source: Value, output: Value) -> Iterator[Path]:
    """Each path from source to output with its rate factors. The products add up to the derivative: that is what the
    sweep computes, without visiting the paths one by one. There can be very many: see `count_paths`."""
    refuse("asks for paths, which are plain numbers", "Write engine.grad(f, x, create_graph=True).")
    graph = Graph(output)
    check_fresh(graph)
    for edges in edge_paths(source, output):
        factors = tuple(local_derivative(node, position, graph.names) for node, position in edges)
        yield Path((source, *[node for node, _ in edges]), factors, prod(factors))


def edge_paths(source: Value, output: Value) -> Iterator[list[tuple[Value, int]]]:
    """Each path from source to output, as edges (result, position of the operand) from the source upwards.

    Only nodes that lead to the source are entered, so the time is proportional to what is listed.
    """
    leads = dependents(topological_order(output), [source])
    if output not in leads:
        return
    trail: list[tuple[Value, int]] = []  # the edges from the output down to the current node
    choices = [_descents(output, source, leads)]  # for each node on that path, the edges still to be tried
    if output is source:
        yield []
    while choices:
        edge = next(choices[-1], None)
        if edge is None:
            choices.pop()
            if trail:
                trail.pop()
            continue
        trail.append(edge)
        below = edge[0].operands[edge[1]]
        if below is source:
            yield trail[::-1]
        choices.append(_descents(below, source, leads))


def _descents(node: Value, source: Value, leads: set[Value]) -> Iterator[tuple[Value, int]]:
    if node is source:  # a graph has no cycles: nothing above the source's operands leads back to it
        return iter(())
    return iter([(node, i) for i, operand in enumerate(node.operands) if operand in leads])


def count_paths(source: Value, output: Value) -> int:
    """How many paths lead from source to output, counted without listing them: each node adds up its operands' counts."""
    ways = {source: 1}
    for node in topological_order(output):
        if node is not source:
            ways[node] = sum(ways.get(operand, 0) for operand in node.operands)
    return ways.get(output, 0)


def jacobian(outputs: Sequence[Value], inputs: Sequence[Value], *, create_graph: bool = False) -> list[list[Any]]:
    """The matrix of first derivatives: row i has the derivatives of outputs[i] with respect to each input."""
    inputs = list(inputs)
    return [grad(output, inputs, create_graph=create_graph) for output in outputs]


def hessian(output: Value, inputs: Sequence[Value], *, create_graph: bool = False) -> list[list[Any]]:
    """The matrix of second derivatives, ∂²output/∂inputs[i]∂inputs[j]: the Jacobian of the gradient."""
    inputs = list(inputs) if isinstance(inputs, Iterable) else [inputs]
    return jacobian(grad(output, inputs, create_graph=True), inputs, create_graph=create_graph)
