"""Finite differences: an answer to "is this derivative right?" that does not share the engine's formulas.

They are approximate and slow (two evaluations for each input), which is why one checks with them and does not train with
them. When they disagree, the check goes on to ask every operation in the graph, and names the one that is wrong.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ..derivatives import grad, local_derivative
from ..errors import check_fresh
from ..graph import dependents, names, topological_order
from ..primitive import Primitive
from ..say.notation import show, terms, write
from ..value import Value
from .replay import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

EPS = 1e-5  # near the cube root of a float's precision, where the two errors of a central difference balance
PRECISION = 2.0**-52
TOLERANCE = 1e-6  # relative; beyond it comes only what the difference itself cannot know


class GradientError(AssertionError):
    """The chain rule and the finite differences disagree, or there is no derivative to agree on."""


class Comparison(NamedTuple):
    """One derivative in two ways: `exact` by the chain rule, `numeric` by a central difference; `allowed` is how far
    they may be apart, given the size of the numbers and of the difference's own error."""

    name: str
    exact: float
    numeric: float
    allowed: float

    @property
    def agrees(self) -> bool:
        """Whether the two are as close as they can be expected to be."""
        return abs(self.exact - self.numeric) <= self.allowed


def numeric_derivative(f: Callable[[float], Any], x: float, eps: float = EPS, kind: str = "central") -> float:
    """The slope of f at x from values alone.

    central   (f(x + eps) - f(x - eps)) / (2 eps),  error ~ eps²: θ³ at 1 with eps 0.01 gives 3.0001
    forward   (f(x + eps) - f(x)) / eps,            error ~ eps:  3.0301
    backward  (f(x) - f(x - eps)) / eps,            error ~ eps:  2.9701
    """
    _check_step(eps)
    sides = {"central": (x + eps, x - eps), "forward": (x + eps, x), "backward": (x, x - eps)}
    if kind not in sides:
        raise ValueError(f"kind = {kind!r} is none of {', '.join(sides)}.")
    right, left = sides[kind]
    if right == left:
        raise ValueError(f"eps = {eps} is lost beside x = {x}: take a larger step.")
    return (float(f(right)) - float(f(left))) / (2 * eps if kind == "central" else eps)


def compare(f: Value | Callable[..., Value], inputs: Sequence[Any], eps: float = EPS) -> list[Comparison]:
    """The derivative of f with respect to each input, by the chain rule and by central differences.

    f is a function of the inputs (numbers, or Values, which keep their labels), called anew for each difference; or a
    Value already computed from the inputs, whose graph is evaluated again. Nothing in the graph is changed.
    """
    _check_step(eps)
    return _differences(f, *_build(f, inputs), eps)


def _differences(f: Value | Callable[..., Value], output: Value, values: list[Value], eps: float) -> list[Comparison]:
    """The comparison for each input of an output that is built already."""
    order = topological_order(output)
    called = names([*order, *values])

    def at(position: int, number: float) -> float:
        if isinstance(f, Value):
            return evaluate(order, {values[position]: number}, held=True)[output]
        return float(f(*[Value(number if i == position else x.data, x.label) for i, x in enumerate(values)]))

    magnitude = max(abs(node.data) for node in order)
    return [
        _compare(called[value], derivative, value.data, lambda t, i=i: at(i, t), eps, magnitude)  # type: ignore[misc]
        for i, (value, derivative) in enumerate(zip(values, grad(output, values)))
    ]


def _build(f: Value | Callable[..., Value], inputs: Sequence[Any]) -> tuple[Value, list[Value]]:
    values = [x if isinstance(x, Value) else Value(x, f"x{i}") for i, x in enumerate(inputs, start=1)]
    output = f if isinstance(f, Value) else f(*values)
    if not isinstance(output, Value):
        raise TypeError(f"f must give a Value to be differentiated; it gave the {type(output).__name__} {output!r:.60}.")
    check_fresh(output)
    return output, values


def _check_step(eps: float) -> None:
    if not 0 < eps < math.inf:
        raise ValueError(f"eps = {eps} is not a step: it must be greater than 0, such as 1e-5.")


def _compare(
    name: str, exact: float, x: float, along: Callable[[float], float], eps: float, magnitude: float
) -> Comparison:
    """Compare one derivative with the best of a few differences. `magnitude`: of the largest number on the way to f.

    The step begins at eps and shrinks. Near the edge of where f is defined only small steps exist; near a pole only they
    are of use. A difference's own error has two parts: what it still changes by when the step is halved, and the rounding
    of the numbers on the way, divided by the step. The step with the smallest error is taken. What halving changes may
    excuse a thousandth of the derivative at most: a difference that does not settle says nothing.
    """
    found = []
    for shrink in (1, 10, 100, 1e3, 1e4, 1e6, 1e8, 1e10):
        step = eps * max(1.0, abs(x)) / shrink
        try:
            numeric, finer = (numeric_derivative(along, x, h) for h in (step, step / 2))
        except (ArithmeticError, ValueError):
            continue
        rounding = 8 * PRECISION * magnitude / step + 8 * PRECISION * abs(exact) * (abs(x) / step)
        found.append((abs(numeric - finer) + rounding, numeric, rounding))
        if found[-1][0] <= TOLERANCE * max(abs(exact), abs(numeric)):
            break
    if not found:
        raise GradientError(f"{name} = {show(x)} has no neighbours at which f is defined: there is no difference to take.")
    error, numeric, rounding = min(found)
    size = max(abs(exact), abs(numeric))
    return Comparison(name, exact, numeric, TOLERANCE * size + min(2 * (error - rounding), 1e-3 * size) + rounding)


def gradcheck(f: Value | Callable[..., Value], inputs: Sequence[Any], eps: float = EPS) -> list[Comparison]:
    """Raise GradientError unless the chain rule agrees with central differences for every input; return the comparison.

    The error names the operation, and the operand for which its local derivative is wrong. At a corner or a jump it
    says so instead: there is no derivative to be right or wrong.
    """
    _check_step(eps)
    output, values = _build(f, inputs)
    compared = _differences(f, output, values, eps)
    wrong = [comparison for comparison in compared if not comparison.agrees]
    complaint = corner_of(output, values)
    if wrong and not complaint:
        complaint = culprit_of(output, eps) or "Each operation by itself agrees: does f give the same result each time?"
    if complaint:
        name, exact, numeric, _ = (wrong or compared)[0]
        both = f"For {name} the chain rule gives {show(exact, 9)}, the central difference of f {show(numeric, 9)}."
        raise GradientError(f"{complaint} {both}")
    return compared


def corner_of(output: Value, inputs: Sequence[Value]) -> str:
    """The first operation that stands on a corner or a jump which the output feels too, in a sentence; empty if there is none.

    A row's kink being 0 makes an operation a suspect only: relu(relu(x)) at -2 stands on the outer corner and is flat all
    the same. It is one if the output's slopes to the right and to the left of an input differ, or do not settle.
    """
    order = topological_order(output)
    reached = dependents(order, inputs)
    suspects = [
        node for node in order
        if node in reached and node.op and node.op.kink and node.op.kink(*[x.data for x in node.operands]) == 0
    ]  # fmt: skip
    if not suspects or not any(_is_bent(output, order, x) for x in inputs if x in reached):
        return ""
    node, called = suspects[0], names(order)
    at = ", ".join(f"{called[x]} = {show(x.data)}" for x in node.operands if not x.constant)
    formula = write(node.op, terms(node.operands, called)).text  # type: ignore[arg-type]  # suspects have an op
    return f"{called[node]} = {formula} is not differentiable here, at {at}: it has a corner or a jump."


def _is_bent(output: Value, order: list[Value], x: Value) -> bool:
    """Whether the output has a corner or a jump at x, by its slopes to the right and to the left as the step is halved.

    On a smooth curve the two come twice as close, at a corner they stay as far apart, at a jump one of them doubles.
    """
    step = EPS * max(1.0, abs(x.data))
    try:
        right, left, nearer_right, nearer_left = (
            numeric_derivative(lambda t: evaluate(order, {x: t}, held=True)[output], x.data, h, side)
            for h in (step, step / 2)
            for side in ("forward", "backward")
        )
    except (ArithmeticError, ValueError):
        return True
    apart, nearer = abs(right - left), abs(nearer_right - nearer_left)
    is_corner = nearer > 0.75 * apart > 1e-6 * max(abs(right), abs(left))
    is_jump = abs(nearer_right) > 1.5 * abs(right) or abs(nearer_left) > 1.5 * abs(left)
    return is_corner or is_jump


def culprit_of(output: Value, eps: float = EPS) -> str:
    """The first operation whose local derivative disagrees with its own values, in a sentence; empty if there is none."""
    order = topological_order(output)
    called = names(order)
    for node in order:
        data = [operand.data for operand in node.operands]
        for position, operand in enumerate(node.operands):
            if operand.constant or node.op is None:
                continue
            exact = local_derivative(node, position, called)
            magnitude = max(map(abs, [node.data, *data]))
            local = _compare(called[operand], exact, operand.data, _along(node.op, data, position), eps, magnitude)
            if not local.agrees:
                formula = f"{called[node]} = {write(node.op, terms(node.operands, called)).text}"
                return (
                    f"The derivative of {node.op.name} with respect to its operand {position + 1} is wrong: for {formula} "
                    f"its rule gives ∂{called[node]}/∂{called[operand]} = {show(exact, 9)}, "
                    f"the central difference {show(local.numeric, 9)}."
                )
    return ""


def _along(row: Primitive, data: list[float], position: int) -> Callable[[float], float]:
    """A row as a function of one of its operands."""
    return lambda t: row.evaluate(*[t if i == position else x for i, x in enumerate(data)])
