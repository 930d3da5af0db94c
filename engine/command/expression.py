"""Text to Values: "v = x**2; u = v*y; u/z" becomes the graph, safely. There is no `eval`; `grammar.py` says what is read.

Names are the variables given, then the ones assigned, then pi and e; followed by a parenthesis, a name is a function:
a row of the table by its own name (sigmoid, add) or by the one it is printed with (σ). What this reads, `writing.py` writes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .. import ops
from ..errors import UndefinedValueError
from ..primitive import Primitive
from ..value import Constant, Value, apply
from .grammar import NUMBER, Instruction, Parser, Statement, is_variable
from .tokens import ParseError

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATORS = {
    "+": ops.add, "-": ops.sub, "*": ops.mul, "/": ops.div, "**": ops.general_power, "negative": ops.neg, "√": ops.sqrt,
    "absolute": ops.absolute, ">": ops.greater, ">=": ops.greater_equal, "==": ops.equal, "if": ops.where,
}  # fmt: skip
TURNED = {"<": ">", "<=": ">="}  # x < y is y > x
ALIASES = {"ln": "log", "max": "maximum", "min": "minimum"}
OF_MANY = {"maximum": "amax", "minimum": "amin"}  # the rows for more than two arguments
LEAVES = {"variable": Value, "constant": Constant}  # variable(3) is a leaf of the graph; so is constant(3), without a gradient
HINTS = {  # names that people know from elsewhere
    "square": "write x**2", "sum": "write x + y, or fsum(x, y)", "Sigmoid": "did you mean sigmoid?",
}  # fmt: skip
CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}


def parse(text: str, /, **variables: float | Value) -> Value:
    """The Value that the text describes, with its graph; the variables are numbers or Values.

    The last expression is the result, called f unless it is assigned to a name of its own. Its inputs are there by name:
    parse("x**2*y/z", x=3, y=4, z=2).inputs["x"]. What the engine prints can be read, too: parse("x²·y/z", x=3, y=4, z=2),
    parse(as_text(f)). Raises ParseError, or UndefinedError where the arithmetic is undefined.
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
        if isinstance(result, Value) and not result.label:
            result.label = title
    return result if isinstance(result, Value) else Constant(result)


def _run(text: str, code: list[Instruction], known: Mapping[str, Value | float], title: str) -> Value | float:
    """Run one statement; `title` is what its result will be called."""
    stack: list[Value | float] = []
    for step in code:
        if step.action == NUMBER:
            if not math.isfinite(step.number):
                raise ParseError(text, step.column, "this number is larger than any float; 1.8e308 is the largest")
            stack.append(step.number)
        elif is_variable(step):
            if step.action not in known:
                raise ParseError(text, step.column, _unknown_name(step.action, known))
            stack.append(known[step.action])
        else:
            operands = stack[len(stack) - step.takes :]
            del stack[len(stack) - step.takes :]
            try:
                stack.append(_apply(text, step, operands, known))
            except UndefinedValueError as error:
                error.name = title if step is code[-1] else ""
                error.text, error.column = text, step.column
                raise
    return stack.pop()


def _apply(text: str, step: Instruction, operands: list[Value | float], known: Mapping[str, Value | float]) -> Value | float:
    """One operation. Plain numbers go the same way as Values, to raise the same errors, and stay plain."""
    if step.call and step.action in LEAVES:
        return _leaf(text, step, operands)
    if step.call:
        row, operands = _function(text, step, operands, known)
    elif step.action == "**" and isinstance(operands[1], float):
        row, operands = ops.power.bind(operands[1]), operands[:1]
    elif step.action == "if":  # read as x if c else y, computed as where(c, x, y)
        row, operands = ops.where, [operands[1], operands[0], operands[2]]
    elif step.action in TURNED:
        row, operands = OPERATORS[TURNED[step.action]], operands[::-1]
    else:
        row = OPERATORS[step.action]
    result = apply(row, operands)
    return result if any(isinstance(operand, Value) for operand in operands) else result.data


def _leaf(text: str, step: Instruction, operands: list[Value | float]) -> Value:
    """variable(3) and constant(3): what is computed from them becomes a node, while 2*3 is computed at once."""
    if step.keyword or len(operands) != 1 or isinstance(operands[0], Value):
        raise ParseError(text, step.column, f"{step.action} takes one number, as in {step.action}(3)")
    return LEAVES[step.action](operands[0])


def row_called(name: str) -> Primitive | None:
    """The row that a function's name means; the table is asked each time, since users add rows of their own."""
    row = ops.TABLE.get(name) or ops.TABLE.get(ALIASES.get(name, name))
    return row or next((row for row in ops.TABLE.values() if printed_name(row) == name), None)


def printed_name(row: Primitive) -> str:
    """The name before the parenthesis where the row is printed as a function: σ for sigmoid; empty where it is not."""
    name, parenthesis, _ = row.notation.text.partition("({0})")
    return name if parenthesis else ""


def _function(
    text: str, step: Instruction, operands: list[Value | float], known: Mapping[str, Value | float]
) -> tuple[Primitive, list[Value | float]]:
    """The row that a call means, and its operands without the static parameter."""
    row = row_called(step.action)
    if row is None:
        raise ParseError(text, step.column, _unknown_function(step.action))
    if step.action in known and step.action not in ops.TABLE and step.action not in ALIASES:  # σ, and a σ was given
        advice = f"{step.action} is a variable here: write {step.action}*(...) for a product, {row.name}(...) for the function"
        raise ParseError(text, step.column, advice)
    if row.arity and len(operands) > row.arity:
        row = ops.TABLE.get(OF_MANY.get(row.name, ""), row)
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
    close = get_close_matches(name.lower(), ops.TABLE, 1, cutoff=0.75)
    functions = [row.name for row in ops.TABLE.values() if row not in OPERATORS.values()]
    instead = f"did you mean {close[0]}?" if close else "there are " + ", ".join(functions)
    return f"there is no function {name:.30}; {instead}"


def _unknown_name(name: str, known: Mapping[str, Value | float]) -> str:
    name = name if len(name) <= 30 else name[:30] + "..."
    if row_called(name):
        return f"{name} is a function: write {name}(x)"
    mine = [other for other in known if other not in CONSTANTS]
    return f"{name} has no value; give it one, such as {name}=2" + (f" (known: {', '.join(mine[:8])})" if mine else "")
