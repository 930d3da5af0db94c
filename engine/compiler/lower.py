"""Pass 7: every row in NumPy's functions.

Rows that are not native are replaced by their forward rule, derivatives by the derivative rule, run on instructions; since
equal instructions are made once, what a function and its derivative have in common is computed once. Where another form of
the same function shares more with its derivative, that form is in FORMS. These are not fields of the row: they pay
off for NumPy only, depend on how large its floats are, and add nothing to what the row says about the function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..primitive import Primitive
from .evaluate import apply_row
from .nodes import Builder, Node
from .rules import RULES


class Form(NamedTuple):
    """How a row and its slope are computed: forward(x), slope(result, x)."""

    forward: Callable[..., Any]
    slope: Callable[..., Any]


# Beyond 1e30 the quotient e/(1 + e) is 1 in every precision, and it must not become inf/inf
def _sigmoid(x: Any) -> Any:
    e = ops.minimum(ops.exp(x), 1e30)
    return e / (1.0 + e)


FORMS: dict[Primitive, Form] = {
    # σ = e/(1 + e) with e = exp(x), and σ' = σ/(1 + e), since 1 - σ = 1/(1 + e): every digit, and one division. Where e
    # overflows, the slope is 0, as it is in the table
    ops.sigmoid: Form(_sigmoid, lambda r, x: r / (1.0 + ops.exp(x))),
    # relu' is the sign of relu, which is 0 or positive: NumPy takes signs faster than it compares
    ops.relu: Form(lambda x: ops.maximum(x, 0.0), lambda r, x: ops.sign(r)),
    # tanh' = 4·σ(2x)·σ(-2x)
    ops.tanh: Form(lambda x: ops.tanh(x), lambda r, x: 4.0 * (ops.sigmoid(2.0 * x) / (1.0 + ops.exp(2.0 * x)))),
}


def lower(order: Sequence[Node]) -> dict[Node, Node]:
    """For each instruction the one that takes its place, all made by one new builder."""
    def expand(b: Builder, i: Node) -> Node | None:
        """The rule by which that builder replaces rows that NumPy lacks."""
        if i.kind == "map" and i.position is not None:
            result, *operands = i.operands
            form = FORMS.get(i.row)  # type: ignore[arg-type]  # a slope has a row
            slope = form.slope(result, *operands) if form else i.row.derivative(result, operands, i.position)  # type: ignore[union-attr]
            return b.lift(slope)
        if i.kind != "map":
            return None
        if all(x.kind == "constant" for x in i.operands) and any(x.shape for x in i.operands):
            return b.constant(apply_row(i, [x.number for x in i.operands], np))  # a mask's derivative, say
        if i.row.native:  # type: ignore[union-attr]  # a map has one
            return None
        form = FORMS.get(i.row)  # type: ignore[arg-type]
        return b.lift(form.forward(*i.operands) if form else i.row.forward(*i.operands))  # type: ignore[union-attr]

    builder = Builder([*RULES, ("a row in NumPy's words", expand)])
    lowered: dict[Node, Node] = {}
    steps: dict[Node, list[list[Node]]] = {}  # of each loop: the results of every step
    for x in order:
        operands = [lowered[operand] for operand in x.operands]
        if x.kind == "loop":
            steps[x] = _unrolled(builder, x, operands)
            lowered[x] = steps[x][-1][-1]
        elif x.kind == "part":
            lowered[x] = _stacked(builder, [results[x.position] for results in steps[x.operands[0]]])  # type: ignore[index]
        else:
            lowered[x] = _made(builder, x, operands)
    return lowered


def _made(b: Builder, x: Node, operands: Sequence[Node]) -> Node:
    """The same node, made by this builder."""
    return b.make(x.kind, operands, x.shape, row=x.row, position=x.position, spec=x.spec, index=x.index, number=x.number)


def _unrolled(b: Builder, loop: Node, operands: Sequence[Node]) -> list[list[Node]]:
    """The steps of a loop, one after the other: what is kept of each of them."""
    body = loop.body
    assert body is not None  # of a loop
    states = [b.stretch(x, hole.shape) for x, hole in zip(operands, body.states)]
    first, always = len(states), len(states) + len(body.slices)
    outside = dict(zip(loop.operands[always:], operands[always:]))
    inside, kept = body.order, {}
    for t in reversed(range(body.steps)) if body.backwards else range(body.steps):
        known = outside | dict(zip(body.states, states))
        for hole, sequence in zip(body.slices, operands[first:always]):
            known[hole] = b.take(sequence, _entries(hole, t))
        for x in inside:
            known[x] = _made(b, x, [known[operand] for operand in x.operands])
        states = [known[x] for x in body.following]
        kept[t] = [known[x] for x in body.results]
    return [kept[t] for t in range(body.steps)]


def _stacked(b: Builder, parts: Sequence[Node]) -> Node:
    """One result of all steps, along an axis in front."""
    return b.put((len(parts), *parts[0].entries), parts, [_entries(x, t) for t, x in enumerate(parts)])


def _entries(x: Node, t: int) -> np.ndarray:
    """The places of step t in a stack of such arrays."""
    return t * x.size + np.arange(x.size).reshape(x.entries)
