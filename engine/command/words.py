"""What can be typed in an expression, as a list for --help: operators, functions by group, constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import ops
from ..say.layout import wrapped
from ..say.manual import operand_names
from ..say.notation import show
from .expression import ALIASES, CONSTANTS, printed_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..primitive import Primitive
    from ..say.layout import Page

OPERATORS = (
    "x + y", "x - y", "x*y or x·y", "2x", "x/y", "-x", "x**2 or x²", "x**y", "√x", "|x|",
    "x > y", "x >= y or x ≥ y", "x < y", "x <= y or x ≤ y", "x == y", "x if c else y", "v = x; 2v",
)  # fmt: skip
# The headings of the table in ops.py, and the row with which each part begins
GROUPS = {
    "add": "arithmetic",
    "power": "powers and roots",
    "exp": "exponentials and logarithms",
    "sin": "sines, hyperbolic functions, their inverses, and the error function",
    "abs": "corners, jumps and choices",
    "sigmoid": "activations",
}
SEPARATOR, UNBROKEN = "   ", "\N{NO-BREAK SPACE}"


def vocabulary(page: Page) -> list[str]:
    """Everything that can be typed, a paragraph for each group."""
    by_number = {number: [name for name in CONSTANTS if CONSTANTS[name] == number] for number in CONSTANTS.values()}
    constants = [" or ".join(names) for names in by_number.values()]
    lines = ["What an expression is made of:", *_paragraph("operators", OPERATORS, page)]
    for heading, rows in functions().items():
        lines += _paragraph(heading, map(typed, rows), page)
    lines += _paragraph("constants, unless these are variables of yours", constants, page)
    return [*lines, "", *wrapped("What a function is, and its derivative: help(engine.gelu) in Python.", page.width)]


def functions() -> dict[str, list[Primitive]]:
    """The rows that are written as functions, by the heading they stand under in the table."""
    found: dict[str, list[Primitive]] = {}
    heading = ""
    for row in ops.TABLE.values():
        heading = GROUPS.get(row.name, heading)
        if row.is_function or row.arity is None:
            found.setdefault(heading, []).append(row)
    return found


def typed(row: Primitive) -> str:
    """How a function is typed, its other names too: elu(x, alpha=1), sigmoid(x) or σ(x), logsumexp(x, y, ...)."""
    operands = operand_names(row) if row.arity else ["x", "y", "..."]
    static = [f"{row.parameter}={show(row.default)}"] if row.parameter else []
    inside = ", ".join(operands + static)
    names = [row.name, *(alias for alias, name in ALIASES.items() if name == row.name), printed_name(row)]
    return " or ".join(f"{name}({inside})" for name in dict.fromkeys(names) if name)


def _paragraph(heading: str, entries: Iterable[str], page: Page) -> list[str]:
    """A heading and its entries, as many in a line as fit; none is broken."""
    from textwrap import wrap  # only help needs it

    ways = [[way for way in entry.split(" or ") if way.isascii() or not page.ascii] for entry in entries]
    text = SEPARATOR.join(" or ".join(some).replace(" ", UNBROKEN) for some in ways if some)
    lines = wrap(text, page.width, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
    return [*wrapped(f"  {heading}:", page.width), *(line.replace(UNBROKEN, " ") for line in lines)]
