"""Which entries an index takes: recognised as a range, or as a grid of equal steps, it needs no copy.

At the end, what a program's text calls for the others: entries at equal steps as a view, sums of entries that share a place.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Steps(NamedTuple):
    """The entries start + Σ step[d]·i[d], with 0 <= i[d] < shape[d]: what NumPy calls a strided view."""

    start: int
    shape: tuple[int, ...]
    step: tuple[int, ...]

    @property
    def entries(self) -> np.ndarray:
        """The same as an index."""
        along = np.ix_(*[np.arange(length) * step for length, step in zip(self.shape, self.step)])
        return np.asarray(sum(along, np.array(self.start)))

    @property
    def in_one_piece(self) -> bool:
        """Whether these are consecutive entries, in order."""
        return all(length == 1 or step == usual for length, step, usual in zip(self.shape, self.step, row_major(self.shape).step))

    def alike(self, other: Steps) -> bool:
        """Whether entry by entry both are the same places; along an axis of length 1 there are no steps."""
        moves = [(length, *both) for length, *both in zip(self.shape, self.step, other.step)]
        return (self.start, self.shape) == (other.start, other.shape) and all(length == 1 or a == b for length, a, b in moves)


def row_major(shape: tuple[int, ...]) -> Steps:
    """All entries of an array of this shape, in their order."""
    return Steps(0, shape, tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape))))


def as_steps(index: np.ndarray) -> Steps | None:
    """The index as steps along its own axes, if it is that."""
    if index.size == 0:
        return None
    start = int(index.flat[0])
    expected = np.full(index.shape, start)
    steps = []
    for axis, length in enumerate(index.shape):
        corner = [0] * index.ndim
        corner[axis] = min(1, length - 1)
        step = int(index[tuple(corner)]) - start
        steps.append(step)
        expected = expected + np.arange(length).reshape([-1 if d == axis else 1 for d in range(index.ndim)]) * step
    return Steps(start, index.shape, tuple(steps)) if (expected == index).all() else None


def as_nested_steps(index: np.ndarray) -> Steps | None:
    """The same where an axis of the index runs over several: the positions (row, column) of a patch, its pixels."""
    shape: list[int] = []
    for axis in range(index.ndim):
        line = index[tuple(slice(None) if d == axis else 0 for d in range(index.ndim))]
        shape += nested_shape(line)
    return as_steps(index.reshape(shape)) if len(shape) <= 8 else None


def is_range(index: np.ndarray) -> bool:
    """Whether these are consecutive entries, in order."""
    flat = index.ravel()
    return bool((flat == np.arange(flat[0], flat[0] + flat.size)).all())


def nested_shape(index: np.ndarray) -> tuple[int, ...]:
    """The shape in which a flat index is a grid of equal steps with the fewest axes: 0 2 8 10 is (2, 2); (4,) if there is none.

    From the last axis outwards: as long as the steps are equal, the axis goes on.
    """
    shape: list[int] = []
    rest = index
    while len(rest) > 1 and len(shape) < 4:
        changes = np.diff(rest)
        different = np.flatnonzero(changes != changes[0])
        length = int(different[0]) + 1 if len(different) else len(rest)
        if length == 1 or len(rest) % length:
            return (len(index),)
        shape.insert(0, length)
        rows = rest.reshape(-1, length)
        if (rows - rows[:, :1] != rows[0] - rows[0, 0]).any():
            return (len(index),)
        rest = rows[:, 0]
    return tuple(shape) if len(rest) == 1 and shape else (len(index),)


# --- what a program's text calls ---

def collected(index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How to add up what goes to equal places without repeating an index: the order that brings equal places together,
    where each group starts in it, and the place of each group."""
    flat = index.ravel()
    order = np.argsort(flat, kind="stable")
    targets, starts = np.unique(flat[order], return_index=True)
    return order, starts, targets


def scatter(out: np.ndarray, part: np.ndarray, order: np.ndarray, starts: np.ndarray, targets: np.ndarray) -> None:
    """Add to each place of `out` (..., places) all that goes there; see `collected`."""
    out[..., targets] += np.add.reduceat(part[..., order], starts, axis=-1)


def strided(x: np.ndarray, batch: int, start: int, shape: tuple[int, ...], step: tuple[int, ...]) -> np.ndarray:
    """The entries start + Σ step·i of each row, as a view. x is (n, entries) for batch = 1, (entries,) for batch = 0; for
    batch = -1 it is (n, entries), too, but lies in memory with n as its last axis."""
    flat = np.moveaxis(x, 0, -1).reshape(-1, len(x)).T if batch < 0 else x.reshape(*x.shape[:batch], -1)
    *rows, entry = flat.strides
    strides = (*rows, *(entry * s for s in step))
    return np.lib.stride_tricks.as_strided(flat[..., start:], (*flat.shape[:-1], *shape), strides)
