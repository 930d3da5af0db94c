"""The reverse sweep: the chain rule, from the output back to every node, each once.

The nodes are taken in reverse topological order: when one is reached, everything computed from it came before, so its
gradient is complete. Each of its operands then receives

    the gradient that arrived at the result  times  the local derivative of the result with respect to the operand

and an operand that is used in several places adds up what it receives.
"""

from collections.abc import Iterable
from math import isfinite, prod
from typing import NamedTuple

from .errors import undefined_derivative
from .graph import edge_paths, names, topological_order
from .primitive import UndefinedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .value import Value


def sweep(output: "Value", seed: float = 1.0) -> None:
    """Set the gradients of the whole graph: an inner node holds this sweep's, a leaf adds it to what it holds.

    A constant's `_grad` is None and stays None: it collects no gradient. Where a derivative does not exist, an
    UndefinedError is raised and every gradient is left as it was.
    """
    order = topological_order(output)
    before = [node._grad for node in order]
    try:
        for node in order:
            if node.operands or (node._grad is None and not node.constant):
                node._grad = 0.0
        if output._grad is not None:
            output._grad += seed
        for node in reversed(order):
            row = node.op
            if row is None:
                continue
            gradient = node._grad
            rules = row.derivatives
            if len(rules) == 2:  # nearly every node; written out, because this loop is where training spends its time
                first, second = node.operands
                x, y = first._data, second._data
                if first._grad is not None:
                    first._grad += gradient * rules[0](node._data, x, y)
                if second._grad is not None:
                    second._grad += gradient * rules[1](node._data, x, y)
            else:
                numbers = [operand._data for operand in node.operands]
                for position, operand in enumerate(node.operands):
                    if operand._grad is not None:
                        operand._grad += gradient * row.derivative(node._data, numbers, position)
        if not all([isfinite(node._grad) for node in order if node._grad is not None]):  # noqa: C419  # the faster form
            raise OverflowError
    except BaseException as error:
        for node, gradient in zip(order, before):
            node._grad = gradient
        if isinstance(error, (ArithmeticError, ValueError)):
            raise _first_undefined(order, output, seed) from None
        raise


def grad(
    output: "Value", inputs: "Value | Iterable[Value]", *, seed: float = 1.0, create_graph: bool = False
) -> "Any":
    """The derivatives of `output` with respect to `inputs`, leaving every `.grad` as it is.

    One Value gives one derivative, a sequence a list; an input that the output does not depend on gives 0. With
    `create_graph` the derivatives are Values with a graph of their own, to be drawn and differentiated again: the same
    rules, run on Values instead of floats.
    """
    order = topological_order(output)
    gradients = _gradients(order, output, seed, create_graph)
    several: Iterable[Value] = inputs if isinstance(inputs, Iterable) else [inputs]
    found = [gradients.get(node, 0.0) for node in several]
    if create_graph:
        found = [output._wrap(derivative) for derivative in found]
    return found if several is inputs else found[0]


def _gradients(order: "list[Value]", output: "Value", seed: float, create_graph: bool) -> "dict[Value, Any]":
    """The gradient of every node that is not a constant, as floats or as Values."""
    gradients: dict[Value, Any] = {output: seed}
    for node in reversed(order):
        if node.op is None or node not in gradients:
            continue
        numbers = node.operands if create_graph else [operand._data for operand in node.operands]
        result = node if create_graph else node._data
        for position, operand in enumerate(node.operands):
            if operand.constant:
                continue
            try:
                share = times(gradients[node], node.op.derivative(result, numbers, position))
                total = gradients[operand] + share if operand in gradients else share
                if not isfinite(float(total)):
                    raise OverflowError
            except (ArithmeticError, ValueError):
                raise undefined_derivative(node, position, names(order)) from None
            gradients[operand] = total
    return gradients


def times(gradient: "Any", slope: "Any") -> "Any":
    """The product, without a node for a factor that is the number 1 or for a product that is the number 0."""
    for factor, other in ((gradient, slope), (slope, gradient)):
        if isinstance(factor, float) and factor in (0.0, 1.0):
            return factor if factor == 0.0 else other
    return gradient * slope


def _first_undefined(order: "list[Value]", output: "Value", seed: float) -> UndefinedError:
    """The error for a sweep that failed: the slower way is taken once more, since it knows where it stands."""
    try:
        _gradients(order, output, seed, create_graph=False)
    except UndefinedError as error:
        return error
    return UndefinedError("A gradient is too large for a float: it overflows when it is added to what a leaf already holds.")


def local_derivative(node: "Value", position: int, called: "dict[Value, str]") -> float:
    """The factor that one edge contributes: the derivative of `node` with respect to one of its operands, as a float."""
    assert node.op is not None  # a leaf has no operands
    try:
        return float(node.op.derivative(node.data, [operand.data for operand in node.operands], position))
    except (ArithmeticError, ValueError):
        raise undefined_derivative(node, position, called) from None


class Path(NamedTuple):
    """One way from a source to the output: the nodes along it, the local derivative of each edge, and their product."""

    nodes: "tuple[Value, ...]"
    factors: "tuple[float, ...]"
    product: float


def paths(source: "Value", output: "Value") -> "Iterator[Path]":
    """Each path from source to output with its rate factors. The products add up to the derivative: that is what the
    sweep computes, without visiting the paths one by one. There can be very many: see `count_paths`."""
    called = names(topological_order(output))
    for edges in edge_paths(source, output):
        factors = tuple(local_derivative(node, position, called) for node, position in edges)
        yield Path((source, *[node for node, _ in edges]), factors, prod(factors))


def jacobian(outputs: "Sequence[Value]", inputs: "Sequence[Value]", *, create_graph: bool = False) -> "list[list[Any]]":
    """The matrix of first derivatives: row i has the derivatives of outputs[i] with respect to each input."""
    inputs = list(inputs)
    return [grad(output, inputs, create_graph=create_graph) for output in outputs]


def hessian(output: "Value", inputs: "Sequence[Value]", *, create_graph: bool = False) -> "list[list[Any]]":
    """The matrix of second derivatives, ∂²output/∂inputs[i]∂inputs[j]: the Jacobian of the gradient."""
    inputs = list(inputs)
    return jacobian(grad(output, inputs, create_graph=True), inputs, create_graph=create_graph)
