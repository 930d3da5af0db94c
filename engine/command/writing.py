"""Values to text: the graph as statements that `parse` reads back, a line for each node."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from .. import ops
from ..errors import check_fresh
from ..graph import names, topological_order
from ..say.notation import Term, write
from .expression import OPERATORS, printed_name
from .tokens import is_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..primitive import Primitive
    from ..value import Value

IN_THE_GRAMMAR = {*OPERATORS.values(), ops.power}  # the rows whose signs are read; any other is written as a function


def as_text(output: Value) -> str:
    """The graph as text, a line for each node, which `parse` turns into the same graph again.

        x = variable(3)
        v = x²
        f = 2v

    The same rows, static parameters, operands and constants, in the same order, and the same numbers to the last bit.
    Nodes have the names that they have everywhere (labels, v1, v2, ...); what cannot be read as a name is changed: w[0] to
    w_0. Raises StaleGraphError where a number was changed after the output was computed, and ValueError where an inner node
    was overridden by hand: its number follows from no formula.
    """
    check_fresh(output)
    order = topological_order(output)
    uses = Counter(operand for node in order for operand in node.operands)
    inline = {node for node in order if node.constant and not node.label and uses[node] == 1}  # written where they are used
    called = _readable({node: name for node, name in names(order).items() if node not in inline})
    words = frozenset(called.values())
    lines = []
    for node in order:
        if node.op is None:
            if node not in inline:
                kind = "constant" if node.constant else "variable"
                lines.append(f"{called[node]} = {kind}({_digits(node.data)})")
        elif node.previous is not None:
            by_hand = f"{called[node]} was set to {node.data:g} by hand, so no formula gives it"
            raise ValueError(f"{by_hand}: call recompute({called[output]}) first.")
        else:
            lines.append(f"{called[node]} = {_formula(node.op, node.operands, called, words)}")
    return "\n".join(lines)


def _readable(called: dict[Value, str]) -> dict[Value, str]:
    """The names, each changed where the parser would not take it for a name of its own."""
    taken = {name for name in called.values() if is_name(name)}
    readable = {}
    for node, name in called.items():
        if not is_name(name):
            name = name if node.label else "c"  # a constant without a label is called by its number
            stem = re.sub("[^A-Za-z0-9_]+", "_", name.replace("∂", "d")).strip("_") or "v"
            stem = stem if is_name(stem) else f"v_{stem}"
            name, number = stem, 1
            while name in taken:
                number += 1
                name = f"{stem}_{number}"
            taken.add(name)
        readable[node] = name
    return readable


def _formula(row: Primitive, operands: Sequence[Value], called: dict[Value, str], words: frozenset[str]) -> str:
    """The row as it is printed everywhere; as a function by its own name where that would be read differently.

    An operand that is not `called` anything is written as its number. `words` are all names that nodes have.
    """
    numbers = [operand not in called for operand in operands]
    static = "" if row.static is None else f", {row.parameter}={_digits(row.static)}"
    # numbers among themselves are computed when they are read, unless they are said to be nodes
    texts = [
        called[operand] if not is_number else f"constant({_digits(operand.data)})" if all(numbers) else _digits(operand.data)
        for operand, is_number in zip(operands, numbers)
    ]
    raised_to_a_number = row is ops.general_power and numbers[1]  # as x**2 it would be the row power
    misread = printed_name(row) != row.name and printed_name(row) in words  # σ(x) where σ is a variable
    unknown = row.notation.slots and row.family not in IN_THE_GRAMMAR
    if all(numbers) or raised_to_a_number or misread or unknown:
        return f"{row.name}({', '.join(texts)}{static})"
    terms = [Term(text, "", 1.5 if text.startswith("-") else 5) for text in texts]
    return write(row, terms, digits=17).text


def _digits(number: float) -> str:
    """All digits of a number: the shortest text that is read as the same float."""
    return repr(number).removesuffix(".0")
