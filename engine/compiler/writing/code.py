"""One compiled variant of a program: its instructions, its text, and the functions that the text makes for each batch size.

A program has several variants: the values alone, value and gradient, with weights for the examples, with the gradients of
the inputs. Each is compiled when it is first asked for.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ..differentiate import backward, weight_of
from ..nodes import Node, reachable
from ..passes import Compiled
from ..printing.equations import heading, remarks_on
from ..printing.names import plain
from ..verify import verify
from .lower import lower
from .memory import Wanted
from .source import write

SIZES = 8  # buffers are kept for at most this many batch sizes


def loaded(source: str) -> Callable[..., Any]:
    """The function `build` of a module's text; tracebacks can show its lines."""
    filename = f"<compiled program {abs(hash(source)):x}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    space: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), space)
    build: Callable[..., Any] = space["build"]
    return build


class Code:
    """The text of one variant, and its functions."""

    def __init__(self, compiled: Compiled, dtype: str, *, gradient: bool, weighted: bool, inputs: bool) -> None:
        asked = _variant(compiled, gradient=gradient, weighted=weighted, inputs=inputs)
        order = reachable(asked.ends)
        verify(order, len(compiled.order))
        lowered = lower(asked.ends)
        wanted = asked.lowered(lowered)
        verify(reachable(wanted.ends), len(compiled.order))
        for x in order:
            if x.name and x in lowered and not lowered[x].name:
                lowered[x].name = plain(x.name)
        for parameter, adjoint in wanted.gradients:
            adjoint.name = adjoint.name or f"d{parameter.name}"
        remarks: dict[Node, str] = {}
        for x, remark in remarks_on(order, compiled).items():
            if x in lowered:  # not in the body of a loop
                remarks.setdefault(lowered[x], remark)
        self.source, self.constants = write(
            wanted, compiled.arguments, dtype, heading(compiled, dtype, gradient=gradient), remarks
        )
        self.built: dict[int, Callable[..., Any]] = {}
        self.build = loaded(self.source)

    def run(self, n: int, theta: np.ndarray, gradient: np.ndarray) -> Callable[..., Any]:
        """The function for batches of n examples."""
        run: Callable[..., Any] | None = self.built.get(n)
        if run is None:
            while len(self.built) >= SIZES:
                self.built.pop(next(iter(self.built)))
            run = self.built[n] = self.build(n, theta, gradient, self.constants)
        return run


def total(x: Node) -> Node:
    """The sum of all entries of all examples."""
    return x.builder.shrink(x, ())


def _variant(compiled: Compiled, *, gradient: bool, weighted: bool, inputs: bool) -> Wanted:
    """The results of a variant, and each parameter instruction with its derivative.

    Results are: outputs and others; or, with a gradient, the value, the penalty, the others, and the derivatives of the
    inputs. The value is the sum over the batch, yet to be scaled; it is already weighted if the examples have weights, or
    if it is the same for all of them.
    """
    others = [("others", compiled.others)] if compiled.others is not None else []
    if not gradient:
        return Wanted([("outputs", compiled.outputs), *others], [])
    builder, cost = compiled.builder, compiled.outputs
    if cost.batched and weighted:
        cost = builder.map(ops.mul, builder.view(builder.seed(), cost.entries), cost)
    elif not cost.batched and compiled.arguments:
        cost = builder.map(ops.mul, weight_of(compiled), cost)
    results = [("value", total(cost))]
    if compiled.penalty is not None:
        results.append(("penalty", total(compiled.penalty)))
    found = backward(compiled, inputs=inputs)
    slopes = []
    for position, shape in enumerate(compiled.shapes if inputs else []):
        slopes.append((f"input {position}", found.inputs.get(position, builder.constant(np.zeros(shape)))))
    return Wanted([*results, *others, *slopes], found.gradients, weighted)
