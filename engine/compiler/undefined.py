"""Which block is the first to become inf or nan, and at which example."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import ops
from ..primitive import UndefinedError
from .evaluate import evaluate
from .nodes import Node, reachable
from .printing.equations import written


def first_undefined(ends: Sequence[Node], vector: np.ndarray, batch: Sequence[np.ndarray]) -> UndefinedError | None:
    """The error for the first node with an entry that is inf or nan; None if all are finite."""
    n = len(batch[0]) if batch else 1
    with np.errstate(all="ignore"):
        for x, value in evaluate(reachable(ends), vector, batch, 1.0 / n):
            if x.kind == "loop":
                error = _in_a_loop(x, value, rows=bool(batch))
                if error:
                    return error
            elif not _is_masked(x):
                wrong = np.argwhere(~np.isfinite(value))
                if len(wrong):
                    return UndefinedError(_sentence(x, float(value[tuple(wrong[0])]), wrong[0].tolist(), rows=bool(batch)))
    return None


def _is_masked(x: Node) -> bool:
    """Whether entries are minus infinity on purpose: under a mask, before an exponential makes zeros of them."""
    number = x.operands[2].scalar if x.is_map(ops.where) else x.scalar
    return number is not None and not np.isfinite(number)


def _in_a_loop(loop: Node, values: list[np.ndarray], *, rows: bool) -> UndefinedError | None:
    """The error for the first step in which something becomes inf or nan, and for the first node of that step."""
    body = loop.body
    assert body is not None  # of a loop
    first: tuple[int, Node, list[int], float] | None = None
    for x, value in zip(body.results, values):
        wrong = np.argwhere(~np.isfinite(value))
        time = int(x.batched)
        for place in wrong[np.argsort(wrong[:, time], kind="stable")][-1 if body.backwards else 0 :][:1].tolist():
            step = place.pop(time)
            if first is None or (step > first[0] if body.backwards else step < first[0]):
                first = step, x, place, float(np.moveaxis(value, time, 0)[(step, *place)])
    if first is None:
        return None
    step, x, place, number = first
    return UndefinedError(f"In step {step + 1} of {body.steps}, " + _sentence(x, number, place, rows=rows))


def _sentence(x: Node, number: float, place: list[int], *, rows: bool) -> str:
    example, entry = "", place
    if x.batched:
        example, entry = (f" for example {place[0]} of the batch" if rows else ""), place[1:]
    where = f", entry {', '.join(map(str, entry))}" if x.size > 1 else ""
    return f"{written(x)} is {number:g}{example}{where}. Everything before it is finite."
