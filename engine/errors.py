"""The sentences for what does not exist: which operation, at which numbers, and what would work instead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .graph import names, topological_order
from .primitive import LARGEST, Primitive, UndefinedError
from .say.notation import Term, partial, show, terms, write
from .tracing import paused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .value import Value


class StaleGraphError(RuntimeError):
    """A number in the graph was changed after the output had been computed from it."""


class UndefinedValueError(UndefinedError):
    """An operation has no result at its operands; `row` and `operands` say which."""

    text: str | None = None  # where it stood in a text, if the operation was read from one; `column` counts from 1
    column: int | None = None

    def __init__(self, row: Primitive, operands: Sequence[Value], name: str = "") -> None:
        self.row = row
        self.operands = tuple(operands)
        with paused():
            super().__init__(_no_value(row, operands, name))


def _no_value(row: Primitive, operands: Sequence[Value], name: str) -> str:
    """Why there is no result, called `name` if it was to have one."""
    called = names(topological_order(*operands))
    written = terms(operands, called)
    formula = write(row, written).text
    subject = f"{name} = {formula}" if name else formula
    numbers = _numbers(operands, called)
    if _overflows(row, operands):
        numbers = f"{numbers}, and " if numbers else ""
        return f"{subject} overflows: {numbers}the result is larger than {LARGEST:.2g}, the largest float."
    sentence = f"{subject} {row.fault}: {numbers}." if numbers else f"{subject} {row.fault}."
    result = Term.name(name) if name else write(row, written)
    for position, (operand, domain) in enumerate(zip(operands, row.domain)):
        if operand.data in domain:
            continue
        if operand.constant:
            sentence += " " + domain.instead_of(operand.data)
        else:
            slope = Term.of(row.derivative(result, written, position, shown=True))
            derivative = partial(name or f"({formula})", called[operand])
            sentence += f" Neither {result.text} nor {derivative.text} = {slope.text} exists there."
            sentence += " " + domain.works(called[operand])
    return sentence


def undefined_derivative(node: Value, called: dict[Value, str]) -> UndefinedError:
    """Why the sweep cannot pass from `node` to one of its operands, although the node itself has a value."""
    with paused():
        return _undefined_derivative(node, called)


def _undefined_derivative(node: Value, called: dict[Value, str]) -> UndefinedError:
    row, operands = node.op, node.operands
    assert row is not None  # a leaf has no operands to pass to
    position = _first_failing(node)
    written = terms(operands, called)
    slope = Term.of(row.derivative(Term.name(called[node]), written, position, shown=True))
    outside = [
        domain.instead_of(operand.data) if operand.constant else domain.works(called[operand])
        for operand, domain in zip(operands, row.smooth)
        if operand.data not in domain
    ]
    verdict = "does not exist" if outside else "is too large for a float"
    result, operand = called[node], called[operands[position]]
    sentence = (
        f"The derivative of {result} = {write(row, written).text} with respect to {operand} {verdict}: "
        f"{partial(result, operand).text} = {slope.text} at {_numbers(operands, called)}."
    )
    if outside:
        sentence += f" The value itself does: {result} = {show(node.data)}. {outside[0]}"
    return UndefinedError(sentence)


def _first_failing(node: Value) -> int:
    """The first operand for which the local derivative does not exist; if all exist, the first that collects one."""
    collecting = [position for position, operand in enumerate(node.operands) if not operand.constant]
    data = [operand.data for operand in node.operands]
    for position in collecting:
        try:
            if not math.isfinite(node.op.derivative(node.data, data, position)):  # type: ignore[union-attr]  # not a leaf
                return position
        except (ArithmeticError, ValueError):
            return position
    return collecting[0]


def _overflows(row: Primitive, operands: Sequence[Value]) -> bool:
    """Whether the result would exist if floats were larger."""
    try:
        return not math.isfinite(row.forward(*[operand.data for operand in operands]))
    except OverflowError:
        return True
    except (ArithmeticError, ValueError):
        return False


def _numbers(operands: Sequence[Value], called: dict[Value, str]) -> str:
    """u = 36, z = 0; an unlabelled operand is followed by the nearest labelled values that it comes from."""
    said = []
    for operand in dict.fromkeys(operands):
        if operand.constant:
            continue
        text = f"{called[operand]} = {show(operand.data)}"
        if operand.operands and not operand.label:
            origins = _nearest_labelled(operand)
            if origins:
                text += " (from " + ", ".join(f"{node.label} = {show(node.data)}" for node in origins) + ")"
        said.append(text)
    return ", ".join(said)


def _nearest_labelled(node: Value, most: int = 4) -> list[Value]:
    """The labelled values nearest below a node, a few of them, in the order of writing."""
    found: list[Value] = []
    seen: set[Value] = set()
    stack = list(node.operands[::-1])
    while stack and len(found) < most:
        below = stack.pop()
        if below not in seen:
            seen.add(below)
            if below.label:
                found.append(below)
            else:
                stack.extend(below.operands[::-1])
    return found
