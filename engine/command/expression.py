"""Text to Values: "v = x**2; u = v*y; u/z" becomes the graph, safely. There is no `eval`; `grammar.py` says what is read.

Names are the variables given, then the ones assigned, then the primitives' functions, pi and e.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .. import ops
from ..errors import UndefinedValueError
from ..primitive import Primitive
from ..value import Constant, Value, apply
from .grammar import Instruction, ParseError, Parser, Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

FUNCTIONS = {name: row for name, row in ops.TABLE.items() if not row.notation.slots or row is ops.where}
OPERATORS = {"+": ops.add, "-": ops.sub, "*": ops.mul, "/": ops.div, "**": ops.general_power, "negative": ops.neg}
HINTS = {  # what people write who come from elsewhere
    "ln": "did you mean log?", "max": "did you mean maximum?", "min": "did you mean minimum?", "pow": "write x**2",
    "log10": "write log(x)/log(10)", "log2": "write log(x)/log(2)", "tan": "write sin(x)/cos(x)",
    "sinh": "write (exp(x) - exp(-x))/2", "cosh": "write (exp(x) + exp(-x))/2", "square": "write x**2",
    "atan": "angles have no inverses here", "asin": "angles have no inverses here", "acos": "angles have no inverses here",
    "sum": "write x + y, or fsum(x, y)", "Sigmoid": "did you mean sigmoid?",
}  # fmt: skip
CONSTANTS = {"pi": math.pi, "e": math.e}


def parse(text: str, /, **variables: float | Value) -> Value:
    """The Value that the text describes, with its graph; the variables are numbers or Values.

    The last expression is the result, called f unless it is assigned to a name of its own. Its inputs are there by name:
    parse("x**2*y/z", x=3, y=4, z=2).inputs["x"]. Raises ParseError, or UndefinedError where the arithmetic is undefined.
    """
    return build(text, Parser(text).program(), variables)


def build(text: str, program: list[Statement], variables: Mapping[str, float | Value]) -> Value:
    """Run the statements of a text on Values."""
    known: dict[str, Value | float] = dict(CONSTANTS)
    for name, given in variables.items():
        known[name] = given if isinstance(given, Value) else Value(given, name)
        if isinstance(given, Value) and not given.label:
            given.label = name
    result: Value | float = 0.0
    for statement in program:
        is_last = statement is program[-1]
        title = statement.name or ("f" if is_last and "f" not in known else "")
        result = _run(text, statement.code, known, title)
        if statement.name:
            known[statement.name] = result
        if isinstance(result, Value) and result.operands and not result.label:
            result.label = title
    return result if isinstance(result, Value) else Constant(result)


def _run(text: str, code: list[Instruction], known: Mapping[str, Value | float], title: str) -> Value | float:
    """Run one statement; `title` is what its result will be called."""
    stack: list[Value | float] = []
    for step in code:
        if step.action == "number":
            if not math.isfinite(step.number):
                raise ParseError(text, step.column, "this number is larger than any float; 1.8e308 is the largest")
            stack.append(step.number)
        elif step.takes == 0:
            if step.action not in known:
                raise ParseError(text, step.column, _unknown_name(step.action, known))
            stack.append(known[step.action])
        else:
            count = max(step.takes, 0)
            operands = stack[len(stack) - count :]
            del stack[len(stack) - count :]
            try:
                stack.append(_apply(text, step, operands))
            except UndefinedValueError as error:
                error.name = title if step is code[-1] else ""
                error.text, error.column = text, step.column
                raise
    return stack.pop()


def _apply(text: str, step: Instruction, operands: list[Value | float]) -> Value | float:
    """One operation. Numbers among themselves take the same way as Values, for the same sentences, and stay numbers."""
    if step.action == "**" and isinstance(operands[1], float):
        row, operands = ops.power.bind(operands[1]), operands[:1]
    elif step.action in OPERATORS:
        row = OPERATORS[step.action]
    else:
        row, operands = _function(text, step, operands)
    values = [operand if isinstance(operand, Value) else Constant(operand) for operand in operands]
    result = apply(row, values)
    return result if any(isinstance(operand, Value) for operand in operands) else result.data


def _function(text: str, step: Instruction, operands: list[Value | float]) -> tuple[Primitive, list[Value | float]]:
    """The row that a call means, and its operands without the static parameter."""
    row = FUNCTIONS.get(step.action)
    if row is None:
        raise ParseError(text, step.column, _unknown_function(step.action))
    least = row.arity or 1
    most = math.inf if row.arity is None else least + bool(row.parameter)
    if not least <= len(operands) <= most:
        takes = "one argument or more" if row.arity is None else f"{least} argument" + "s" * (least > 1)
        takes += f", and {row.parameter}= if you like" if row.parameter else ""
        raise ParseError(text, step.column, f"{row.name} takes {takes}; here it has {len(operands)}")
    if step.keyword and (step.keyword != row.parameter or len(operands) != most):
        raise ParseError(text, step.column, f"{row.name} has no argument {step.keyword}=")
    if row.parameter and len(operands) == most:
        static = operands[-1]
        if isinstance(static, Value):
            raise ParseError(text, step.column, f"{row.parameter} of {row.name} must be a number, not something computed")
        return row.bind(static), operands[:-1]
    return (row.bind(row.default) if row.parameter else row), operands


def _unknown_function(name: str) -> str:
    from difflib import get_close_matches  # only a mistake needs it

    if name in HINTS:
        return f"there is no function {name}; {HINTS[name]}"
    close = get_close_matches(name.lower(), FUNCTIONS, 1, cutoff=0.75)
    instead = f"did you mean {close[0]}?" if close else "there are " + ", ".join(FUNCTIONS)
    return f"there is no function {name:.30}; {instead}"


def _unknown_name(name: str, known: Mapping[str, Value | float]) -> str:
    name = name if len(name) <= 30 else name[:30] + "..."
    if name in FUNCTIONS:
        return f"{name} is a function: write {name}(x)"
    mine = [other for other in known if other not in CONSTANTS]
    return f"{name} has no value; give it one, such as {name}=2" + (f" (known: {', '.join(mine[:8])})" if mine else "")
