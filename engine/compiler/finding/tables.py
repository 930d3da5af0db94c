"""Tables of positions: their regular axes, and what may be read in their holes (-1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

HOLE = -1


def distinct(index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows, sorted, and for each row of the index which of them it is."""
    rows, which = np.unique(index, axis=0, return_inverse=True)
    return rows, which.reshape(-1)


def joint_shape(columns: np.ndarray) -> tuple[int, ...] | None:
    """The shape with the fewest axes along each of which every column goes in equal steps: (2, 2) for 0 2 8 10 and 0 1 0 1.

    From the last axis outwards: as long as the steps of all columns are equal, the axis goes on. None if there is no such shape.
    """
    rest, shape = columns, list[int]()
    while len(rest) > 1 and len(shape) < 4:
        changes = np.diff(rest, axis=0)
        different = np.flatnonzero((changes != changes[0]).any(axis=1))
        length = int(different[0]) + 1 if len(different) else len(rest)
        if length == 1 or len(rest) % length:
            return None
        shape.insert(0, length)
        rows = rest.reshape(-1, length, rest.shape[1])
        if (rows - rows[:, :1] != rows[0] - rows[0, 0]).any():
            return None
        rest = rows[:, 0]
    return (tuple(shape) or (1,)) if len(rest) == 1 else None


def along_an_axis(rows: np.ndarray, shape: tuple[int, ...]) -> tuple[tuple[int, ...], np.ndarray] | None:
    """Whether the rows of positions are all the lines along one axis of an array of that shape: then the shape without that
    axis, and which row belongs at each place of it."""
    for axis, length in reversed(list(enumerate(shape))):
        lines = np.moveaxis(np.arange(int(np.prod(shape))).reshape(shape), axis, -1).reshape(-1, length)
        if lines.shape == rows.shape:
            order = np.argsort(rows[:, 0], kind="stable")
            where = order[np.argsort(np.argsort(lines[:, 0], kind="stable"), kind="stable")]
            if (rows[where] == lines).all():
                return tuple(d for i, d in enumerate(shape) if i != axis) or (1,), where
    return None


def without_repeats(table: np.ndarray, always: Sequence[int] = ()) -> tuple[np.ndarray, list[int]]:
    """The table without the axes along which it is the same, holes apart; and which axes are left, some of them always."""
    kept = []
    for axis in range(table.ndim):
        most = table.max(axis, keepdims=True)
        if axis in always or (table.shape[axis] > 1 and not ((table == most) | (table < 0)).all()):
            kept.append(axis)
        else:
            table = most
    return np.ascontiguousarray(table.reshape([table.shape[axis] for axis in kept])), kept


def completed(table: np.ndarray, size: int) -> np.ndarray:
    """The table with its holes filled, if possible so that it goes in equal steps; `size` is how many entries there are."""
    if not (table < 0).any():
        return table
    line = _in_steps(table)
    if line is not None and line.min() >= 0 and line.max() < size:
        return line
    rows = table.reshape(-1, table.shape[-1])
    return _extended(rows, size).reshape(table.shape)


def _in_steps(table: np.ndarray) -> np.ndarray | None:
    """The table whose steps along each axis are those between its entries, if these are equal along each axis."""
    steps = []
    for axis, length in enumerate(table.shape):
        a, b = table.take(range(length - 1), axis), table.take(range(1, length), axis)
        found = np.unique((b - a)[(a >= 0) & (b >= 0)])
        if len(found) > 1:
            return None
        steps.append(int(found[0]) if len(found) else 0)
    first = np.unravel_index(int(np.argmax(table >= 0)), table.shape)
    line = np.full(table.shape, table[first])
    for axis, (length, start, step) in enumerate(zip(table.shape, first, steps)):
        line = line + ((np.arange(length) - start) * step).reshape([-1 if d == axis else 1 for d in range(table.ndim)])
    return line if (line == table)[table >= 0].all() else None


def _extended(rows: np.ndarray, size: int) -> np.ndarray:
    """Rows with holes filled from the row of which they are a part; else in the steps of all; else with entries of their own."""
    different, which = distinct(rows)
    counts = (different >= 0).sum(axis=1)
    full = different.copy()
    for i in np.flatnonzero(counts < different.shape[1]):
        inside = different[i] >= 0
        longer = np.flatnonzero((different[:, inside] == different[i, inside]).all(axis=1) & (counts > counts[i]))
        if len(longer):
            full[i] = different[longer[np.argmax(counts[longer])]]
    steps = np.unique(np.diff(full, axis=1)[(full[:, 1:] >= 0) & (full[:, :-1] >= 0)])
    if (full < 0).any() and len(steps) == 1 and (full >= 0).any(axis=1).all():
        start = np.argmax(full >= 0, axis=1)[:, None]
        line = np.take_along_axis(full, start, 1) + (np.arange(full.shape[1]) - start) * steps[0]
        if line.min() >= 0 and line.max() < size and (line == full)[full >= 0].all():
            full = line
    found: np.ndarray = repeated(full)[which]
    return found


def repeated(table: np.ndarray) -> np.ndarray:
    """Holes read a real entry of their row again; in a row without any, one of the table."""
    rows = table.reshape(-1, table.shape[-1])
    own = rows.max(axis=1, keepdims=True)
    return np.where(rows != HOLE, rows, np.where(own != HOLE, own, table.max())).reshape(table.shape)


def shifted(table: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray] | None:
    """The table (rows, K) of positions in an array of that shape, as its coordinates, holes filled as if the array went on beyond
    its border: each row is the same pattern, shifted. None if it is not, or if a hole is not beyond the border."""
    hole = table < 0
    whole = np.flatnonzero(~hole.any(axis=1))
    if not len(whole) or hole.all(axis=1).any():
        return None
    found, beyond = [], np.zeros(table.shape, bool)
    first = np.argmax(~hole, axis=1)[:, None]
    for place, length in zip(np.unravel_index(np.where(hole, 0, table), shape), shape):
        pattern = place[whole[0]] - place[whole[0], 0]
        filled = np.take_along_axis(place - pattern, first, 1) + pattern
        if (filled != place)[~hole].any():
            return None
        beyond |= (filled < 0) | (filled >= length)
        found.append(filled)
    return found if beyond[hole].all() else None
