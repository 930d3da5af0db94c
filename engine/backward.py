"""The reverse sweep: the chain rule, from the output back to every node, each once.

The nodes are taken in reverse topological order: when one is reached, everything computed from it came before, so its
gradient is complete. Each of its operands then receives

    the gradient that arrived at the result  times  the local derivative of the result with respect to the operand

and an operand that is used in several places adds up what it receives.

This is written twice: `sweep` works on floats in place, since training spends its time there, and `_gradients` beside the
graph, on floats or on Values.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, prod
from typing import TYPE_CHECKING, NamedTuple

from . import tracing
from .errors import undefined_derivative
from .graph import edge_paths, inner_order, names, topological_order
from .primitive import UndefinedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .value import Value


def sweep(output: Value, seed: float = 1.0) -> None:
    """Set the gradients of the whole graph: an inner node holds this sweep's, a leaf adds it to what it holds.

    A constant's `_grad` is None and stays None: it collects no gradient. Where a derivative does not exist, an
    UndefinedError is raised and every gradient is left as it was.
    """
    inner, leaves = inner_order(output)
    inner_before = [node._grad for node in inner]
    leaves_before = [leaf._grad for leaf in leaves]
    try:
        for node in inner:
            node._grad = 0.0
        for leaf in leaves:
            if leaf._grad is None and not leaf.constant:
                leaf._grad = 0.0
        if output._grad is not None:
            output._grad += seed
        for node in reversed(inner):
            row, gradient = node.op, node._grad
            if row.arity == 2:  # type: ignore[union-attr]  # nearly every node; written out, for training's time goes here
                first, second = node.operands
                x, y = first._data, second._data
                slope, other_slope = row.derivatives  # type: ignore[union-attr]
                if first._grad is not None:
                    first._grad += gradient * slope(node._data, x, y)
                if second._grad is not None:
                    second._grad += gradient * other_slope(node._data, x, y)
            else:
                numbers = [operand._data for operand in node.operands]
                for operand, slope in zip(node.operands, row.slopes(node._data, numbers)):  # type: ignore[union-attr]
                    if operand._grad is not None:
                        operand._grad += gradient * slope()
        if not (_all_finite(leaves) and _all_finite(inner)):
            raise OverflowError
    except BaseException as error:
        for nodes, before in ((inner, inner_before), (leaves, leaves_before)):
            for node, gradient in zip(nodes, before):
                node._grad = gradient
        if isinstance(error, (ArithmeticError, ValueError)):
            raise _first_undefined(output, seed) from None
        raise


def _all_finite(nodes: list[Value]) -> bool:
    """Whether no gradient among these has overflowed; one that has makes the sum of them all inf or nan."""
    total = sum([node._grad for node in nodes if node._grad is not None])  # faster than asking each
    return isfinite(total) or all(node._grad is None or isfinite(node._grad) for node in nodes)


def grad(
    output: Value, inputs: Value | Iterable[Value], *, seed: float = 1.0, create_graph: bool = False
) -> Any:
    """The derivatives of `output` with respect to `inputs`, leaving every `.grad` as it is.

    One Value gives one derivative, a sequence a list; an input that the output does not depend on gives 0. With
    `create_graph` the derivatives are Values with a graph of their own, to be drawn and differentiated again: the same
    rules, run on Values instead of floats.
    """
    several: Iterable[Value] = list(inputs) if isinstance(inputs, Iterable) else [inputs]
    if tracing.open_traces and not create_graph:
        tracing.refuse("asks for derivatives as plain numbers", "Write create_graph=True: they are Values then.")
    for value in (output, *several):
        if not hasattr(value, "operands"):
            raise TypeError(f"grad takes Values: grad(output, [x, y]); {value!r:.60} is a {type(value).__name__}.")
    if not isfinite(seed):
        raise ValueError(f"seed = {seed} must be a finite number.")
    order = topological_order(output)
    gradients = _gradients(order, output, float(seed), create_graph)
    found = [gradients.get(node, 0.0) for node in several]
    if create_graph:
        found = [output._wrap(derivative) for derivative in found]
    return found if isinstance(inputs, Iterable) else found[0]


def _gradients(order: list[Value], output: Value, seed: float, create_graph: bool) -> dict[Value, Any]:
    """The gradient of every node that is not a constant, as floats or as Values."""
    gradients: dict[Value, Any] = {output: seed}
    for node in reversed(order):
        if node.op is None or node not in gradients:
            continue
        numbers = node.operands if create_graph else [operand._data for operand in node.operands]
        try:
            slopes = node.op.slopes(node if create_graph else node._data, numbers)
            for operand, slope in zip(node.operands, slopes):
                if not operand.constant:
                    share = times(gradients[node], slope())
                    gradients[operand] = gradients[operand] + share if operand in gradients else share
                    if not isfinite(getattr(gradients[operand], "_data", gradients[operand])):
                        raise OverflowError
        except (ArithmeticError, ValueError):
            with tracing.paused():
                raise undefined_derivative(node, names(order)) from None
    return gradients


def times(gradient: Any, slope: Any) -> Any:
    """The product, without a node for a factor that is the number 1 or for a product that is the number 0."""
    for factor, other in ((gradient, slope), (slope, gradient)):
        if isinstance(factor, float) and factor in (0.0, 1.0):
            return factor if factor == 0.0 else other
    return gradient * slope


def _first_undefined(output: Value, seed: float) -> UndefinedError:
    """The error for a sweep that failed: the slower way is taken once more, since it knows where it stands."""
    try:
        _gradients(topological_order(output), output, seed, create_graph=False)
    except UndefinedError as error:
        return error
    return UndefinedError("A gradient is too large for a float: it overflows when it is added to what a leaf already holds.")


def local_derivative(node: Value, position: int, called: dict[Value, str] | None = None) -> float:
    """The factor that one edge contributes: the derivative of `node` with respect to one of its operands, as a float.

    `called` has the names for an error; without it the node's own graph gives them.
    """
    assert node.op is not None  # a leaf has no operands
    try:
        return float(node.op.derivative(node.data, [operand.data for operand in node.operands], position))
    except (ArithmeticError, ValueError):
        raise undefined_derivative(node, called or names(topological_order(node))) from None


class Path(NamedTuple):
    """One way from a source to the output: the nodes along it, the local derivative of each edge, and their product."""

    nodes: tuple[Value, ...]
    factors: tuple[float, ...]
    product: float


def paths(source: Value, output: Value) -> Iterator[Path]:
    """Each path from source to output with its rate factors. The products add up to the derivative: that is what the
    sweep computes, without visiting the paths one by one. There can be very many: see `count_paths`."""
    if tracing.open_traces:
        tracing.refuse("asks for paths, which are plain numbers", "Write engine.grad(f, x, create_graph=True).")
    called = names(topological_order(output))
    for edges in edge_paths(source, output):
        factors = tuple(local_derivative(node, position, called) for node, position in edges)
        yield Path((source, *[node for node, _ in edges]), factors, prod(factors))


def jacobian(outputs: Sequence[Value], inputs: Sequence[Value], *, create_graph: bool = False) -> list[list[Any]]:
    """The matrix of first derivatives: row i has the derivatives of outputs[i] with respect to each input."""
    inputs = list(inputs)
    return [grad(output, inputs, create_graph=create_graph) for output in outputs]


def hessian(output: Value, inputs: Sequence[Value], *, create_graph: bool = False) -> list[list[Any]]:
    """The matrix of second derivatives, ∂²output/∂inputs[i]∂inputs[j]: the Jacobian of the gradient."""
    inputs = list(inputs) if isinstance(inputs, Iterable) else [inputs]
    return jacobian(grad(output, inputs, create_graph=True), inputs, create_graph=create_graph)
