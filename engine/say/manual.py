"""What help(engine.gelu) says: the row's formulas and conventions, written from its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..primitive import REAL, Primitive
from .notation import Term, partial, show, write

if TYPE_CHECKING:
    from collections.abc import Sequence


def manual(row: Primitive) -> str:
    """The row as a page of a manual: value, derivatives, where they exist, and conventions."""
    bound = row.bind(row.default) if row.parameter and row.static is None else row
    operands = operand_names(row)
    lines = [*_formulas(bound, operands), "", *_conditions(bound, operands)]
    if row.parameter and row.static is None:
        lines.append(f"This is for {row.parameter} = {show(row.default)}, the default.")
    return "\n".join(lines).strip()


def operand_names(row: Primitive) -> list[str]:
    """What the forward rule calls its operands; x1, x2, x3 stand for any number of them."""
    from inspect import signature  # only help needs it

    if row.arity is None:
        return ["x1", "x2", "x3"]
    try:
        return list(signature(row.family.forward).parameters)[: row.arity]
    except ValueError:  # a function written in C need not have one
        return [f"x{i + 1}" for i in range(row.arity)]


def _formulas(row: Primitive, operands: Sequence[str]) -> list[str]:
    """r = the value, and ∂r/∂x for each operand; under a textbook's formula the one that is computed, if it differs.

    Where any number of operands is taken, they are all alike, and the first is shown.
    """
    terms, result = [Term.name(name) for name in operands], Term.name("r")
    written = write(row, terms).text
    try:
        formula = Term.of(row.formula(*terms)).text if row.formula else written
        lines = [f"r = {written}" if formula == written else f"r = {written} = {formula}"]
        for position, name in enumerate(operands if row.arity else operands[:1]):
            shown, computed = (Term.of(row.derivative(result, terms, position, shown=form)).text for form in (True, False))
            lines.append(f"{partial('r', name).text} = {shown}")
            if computed != shown:
                lines.append(f"    computed as {computed}")
    except TypeError as error:  # a user's rule that works on floats only
        lines = [f"r = {written}", f"Its rules cannot be shown. {error}"]
    return lines


def _conditions(row: Primitive, operands: Sequence[str]) -> list[str]:
    lines = []
    several = list(zip(operands, row.domain * len(operands), row.smooth * len(operands)))
    lines += [domain.works(name) for name, domain, _ in several if domain is not REAL]
    lines += [f"For the derivative, a{smooth.works(name)[1:]}" for name, domain, smooth in several if smooth is not domain]
    if row.convention:
        lines.append(f"Convention: {row.convention}.")
    return lines


Primitive.manual = manual  # set here, so that primitive.py need not know about typesetting
