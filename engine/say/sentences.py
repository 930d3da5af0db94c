"""The engine's error messages: which operation, at which numbers, and what would work instead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..primitive import LARGEST
from .notation import Term, partial, show, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..errors import Known, StaleGraphError, UndefinedDerivativeError, UndefinedValueError
    from ..primitive import Primitive


def no_value(error: UndefinedValueError) -> str:
    """Why an operation has no result."""
    row, operands, name = error.row, error.operands, error.name
    written = _terms(operands)
    formula = write(row, written).text
    subject = f"{name} = {formula}" if name else formula
    numbers = _numbers(operands)
    if _overflows(row, operands):
        numbers = f"{numbers}, and " if numbers else ""
        return f"{subject} overflows: {numbers}the result is larger than {LARGEST:.2g}, the largest float."
    sentence = f"{subject} {row.fault}: {numbers}." if numbers else f"{subject} {row.fault}."
    result = Term.name(name) if name else write(row, written)
    for position, (operand, domain) in enumerate(zip(operands, row.domain)):
        if operand.number in domain:
            continue
        if operand.constant:
            sentence += " " + domain.instead_of(operand.number)
        else:
            slope = _slope(row, result, written, position)
            derivative = partial(name or f"({formula})", operand.name)
            sentence += f" Neither {result.text} nor {derivative.text}{slope} exists there."
            sentence += " " + domain.works(operand.name)
    return sentence


def no_derivative(error: UndefinedDerivativeError) -> str:
    """Why an operation has no derivative, although it has a value."""
    row, operands, result = error.row, error.operands, error.result
    position = _first_failing(error)
    written = _terms(operands)
    slope = _slope(row, Term.name(result.name), written, position)
    outside = [
        domain.instead_of(operand.number) if operand.constant else domain.works(operand.name)
        for operand, domain in zip(operands, row.smooth)
        if operand.number not in domain
    ]
    verdict = "does not exist" if outside else "is too large for a float"
    operand = operands[position].name
    sentence = (
        f"The derivative of {result.name} = {write(row, written).text} with respect to {operand} {verdict}: "
        f"{partial(result.name, operand).text}{slope} at {_numbers(operands)}."
    )
    if outside:
        sentence += f" The value itself does: {result.name} = {show(result.number)}. {outside[0]}"
    return sentence


def stale(error: StaleGraphError) -> str:
    """Which number was changed, and the two ways out."""
    output, changed, before = error.output, error.changed, error.before
    was = f"from {show(before)} " if before is not None else ""
    belongs = f"{changed.name} = {show(before)}" if before is not None else f"an earlier {changed.name}"
    belongs = "the earlier numbers" if error.others else belongs
    name = f"{changed.name} (and {error.others} more)" if error.others else changed.name
    return (
        f"{name} was changed {was}to {show(changed.number)} after {output.name} was computed; "
        f"{output.name} = {show(output.number)} still belongs to {belongs}. "
        f"Call recompute({output.name}), or compute {output.name} again."
    )


def _terms(operands: Sequence[Known]) -> list[Term]:
    return [Term.number(x.number) if x.constant and not x.labelled else Term.name(x.name) for x in operands]


def _slope(row: Primitive, result: Term, operands: Sequence[Term], position: int) -> str:
    """The formula of a derivative after an equals sign; nothing for a user's rule that only floats can go through."""
    try:
        return f" = {Term.of(row.derivative(result, operands, position, shown=True)).text}"
    except TypeError:
        return ""


def _first_failing(error: UndefinedDerivativeError) -> int:
    """The first operand for which the local derivative does not exist; if all exist, the first that collects one."""
    collecting = [position for position, operand in enumerate(error.operands) if not operand.constant]
    numbers = [operand.number for operand in error.operands]
    for position in collecting:
        try:
            if not math.isfinite(error.row.derivative(error.result.number, numbers, position)):
                return position
        except (ArithmeticError, ValueError):
            return position
    return collecting[0]


def _overflows(row: Primitive, operands: Sequence[Known]) -> bool:
    """Whether the result would exist if floats were larger."""
    try:
        return math.isinf(row.forward(*[operand.number for operand in operands]))
    except OverflowError:
        return True
    except (ArithmeticError, ValueError):
        return False


def _numbers(operands: Sequence[Known]) -> str:
    """u = 36, z = 0; an unlabelled operand is followed by the nearest labelled values that it comes from."""
    said = []
    for operand in dict.fromkeys(operands):
        if operand.constant:
            continue
        text = f"{operand.name} = {show(operand.number)}"
        if operand.origins:
            text += " (from " + ", ".join(f"{name} = {show(number)}" for name, number in operand.origins) + ")"
        said.append(text)
    return ", ".join(said)
