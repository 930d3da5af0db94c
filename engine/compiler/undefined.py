"""Which block is the first to become inf or nan, and at which example."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..primitive import UndefinedError
from .equations import written
from .evaluate import evaluate
from .nodes import Node, reachable


def first_undefined(ends: Sequence[Node], vector: np.ndarray, batch: Sequence[np.ndarray]) -> UndefinedError | None:
    """The error for the first node with an entry that is inf or nan; None if all are finite."""
    n = len(batch[0]) if batch else 1
    with np.errstate(all="ignore"):
        for x, value in evaluate(reachable(ends), vector, batch, 1.0 / n):
            wrong = np.argwhere(~np.isfinite(value))
            if len(wrong):
                return UndefinedError(_sentence(x, float(value[tuple(wrong[0])]), wrong[0].tolist(), bool(batch)))
    return None


def _sentence(x: Node, number: float, place: list[int], rows: bool) -> str:
    example, entry = "", place
    if x.batched:
        example, entry = (f" for example {place[0]} of the batch" if rows else ""), place[1:]
    where = f", entry {', '.join(map(str, entry))}" if x.size > 1 else ""
    return f"{written(x)} is {number:g}{example}{where}. Everything before it is finite."
