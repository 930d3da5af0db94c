"""Pass 9: every row in NumPy's functions.

Rows that are not native are replaced by their forward rule, derivatives by the derivative rule, run on instructions; since
equal instructions are made once, what a function and its derivative have in common is computed once. Where another form of
the same function shares more with its derivative, that form is in FORMS. These are not fields of the row: they pay
off for NumPy only, depend on how large its floats are, and add nothing to what the row says about the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...primitive import Primitive
from ..evaluate import apply_row
from ..nodes import Builder, Node, reachable
from ..rules import RULES
from .all_steps import kept_of_steps
from .hoist import given_to, lowered_loop


class Form(NamedTuple):
    """How a row and its slope are computed: forward(x), slope(result, x)."""

    forward: Callable[..., Any]
    slope: Callable[..., Any]


# Beyond 1e30 the quotient e/(1 + e) is 1 in every precision, and it must not become inf/inf
def _bounded(x: Any) -> Any:
    e = ops.minimum(ops.exp(x), 1e30)
    return e / (1.0 + e)


def _square(x: Any) -> Any:
    return x * x


FORMS: dict[Primitive, Form] = {
    # σ = 1/(1 + e) with e = exp(-x), which is right where e overflows, too; and σ' = σ/(1 + 1/e), since 1 - σ = 1/(1 + 1/e):
    # every digit, and one exponential
    ops.sigmoid: Form(lambda x: 1.0 / (1.0 + ops.exp(-x)), lambda r, x: r / (1.0 + 1.0 / ops.exp(-x))),
    # x·σ: where exp(-x) overflows σ is below every number, and x·σ is not yet; 1 - σ = 1/(1 + exp(x))
    ops.silu: Form(lambda x: x * _bounded(x), lambda r, x: _bounded(x) * (1.0 + x / (1.0 + ops.exp(x)))),
    # relu' from relu. Not its sign: NumPy takes signs with a branch, and where signs alternate the processor guesses wrong
    ops.relu: Form(lambda x: ops.maximum(x, 0.0), lambda r, x: ops.greater(r, 0.0)),
    # tanh' = 1/cosh², every digit as well; 1/cosh first, since cosh² overflows where tanh' is not yet 0
    ops.tanh: Form(lambda x: ops.tanh(x), lambda r, x: _square(1.0 / ops.cosh(x))),
}


def lower(ends: Iterable[Node]) -> dict[Node, Node]:
    """For each node that the ends need the one that takes its place, all made by one new builder.

    What loops compute for nobody is left out.
    """
    ends = list(ends)
    used = _used(ends)
    builder = Builder([*RULES, ("what a step has computed is kept", kept_of_steps), ("a row in NumPy's words", _expanded)])
    lowered: dict[Node, Node] = {}
    loops: dict[Node, dict[Node, Node]] = {}  # of each loop: what of its body is read, for all steps
    for x in reachable(ends):
        if x.kind == "loop" and x in used:
            loops[x] = lowered_loop(builder, x, used[x], lowered)
        elif x.kind == "part" and _result(x) in used.get(x.operands[0], ()):
            lowered[x] = loops[x.operands[0]][_result(x)]
        elif all(operand in lowered for operand in x.operands):
            lowered[x] = builder.again(x, [lowered[operand] for operand in x.operands])
    return lowered


def _result(part: Node) -> Node:
    """Which node of a loop's body is kept here."""
    body, position = part.operands[0].body, part.position
    assert body is not None and position is not None
    return body.results[position]


def _used(ends: Sequence[Node]) -> dict[Node, set[Node]]:
    """Of each loop that is needed, what of its body is read afterwards."""
    used: dict[Node, set[Node]] = {}
    needed = set(ends)
    for x in reversed(reachable(ends)):
        if x not in needed:
            continue
        if x.kind == "part":
            used.setdefault(x.operands[0], set()).add(_result(x))
        if x.kind == "loop":
            needed.update(operand for _, operand in given_to(x, used[x]))
        else:
            needed.update(x.operands)
    return used


def _is_level(x: Node) -> bool:
    """Whether these are constants that are all the same number."""
    return x.kind == "constant" and x.shape != () and len(np.unique(x.number)) == 1


def _expanded(b: Builder, i: Node) -> Node | None:
    """The rule by which rows that NumPy lacks are replaced."""
    if i.kind == "map" and i.position is not None:
        result, *operands = i.operands
        form = FORMS.get(i.row)  # type: ignore[arg-type]  # a slope has a row
        slope = form.slope(result, *operands) if form else i.row.derivative(result, operands, i.position)  # type: ignore[union-attr]
        return b.lift(slope)
    if i.kind != "map":
        return None
    if all(x.kind == "constant" for x in i.operands) and any(x.shape for x in i.operands):
        return b.constant(apply_row(i, [x.number for x in i.operands], np))  # a mask's derivative, say
    if any(_is_level(x) and i.shape == other.shape for x, other in zip(i.operands, i.operands[::-1])):
        return b.map(i.row, *(b.constant(x.number.flat[0]) if _is_level(x) else x for x in i.operands))  # type: ignore[arg-type]
    if i.row.native:  # type: ignore[union-attr]  # a map has one
        return None
    form = FORMS.get(i.row)  # type: ignore[arg-type]
    return b.lift(form.forward(*i.operands) if form else i.row.forward(*i.operands))  # type: ignore[union-attr]
