"""Choices of entries, as they are written: x[3], x[0:4], x[:, ::2]; and what kind of choice one is."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from ..views import is_range

SHORT = 6  # places that are written out one by one


def entries(index: np.ndarray, shape: tuple[int, ...]) -> str | None:
    """The index as it would be written in brackets: "3", "1, 0:4", ":, ::2"; None if no choice along each axis gives it."""
    if not shape or not index.size:
        return None
    chosen = [np.array(list(dict.fromkeys(axis))) for axis in np.unravel_index(index.ravel(), shape)]
    grid = np.ravel_multi_index(np.ix_(*chosen), shape).ravel()
    if len(grid) != index.size or (grid != index.ravel()).any():
        return f"flat {index.flat[0]}:{index.flat[0] + index.size}" if is_range(index) and len(shape) > 1 else None
    written = [_along(places, length) for places, length in zip(chosen, shape)]
    if None in written:
        return None
    while len(written) > 1 and written[-1] == ":":
        written.pop()
    return ", ".join(map(str, written))


def _along(places: np.ndarray, length: int) -> str | None:
    """A choice along one axis."""
    if len(places) == 1:
        return str(places[0]) if length > 1 else "0"
    first, last, step = int(places[0]), int(places[-1]), int(places[1] - places[0])
    if len(places) == length and step == 1 and is_range(places):
        return ":"
    if (np.diff(places) == step).all():
        after = last + (1 if step > 0 else -1)
        start = "" if first == (0 if step > 0 else length - 1) and abs(step) > 1 else str(first)
        stop = "" if abs(step) > 1 and (last + step >= length or last + step < 0) else str(after) if after >= 0 else ""
        return f"{start}:{stop}" + (f":{step}" if step != 1 else "")
    return f"({', '.join(map(str, places))})" if len(places) <= SHORT else None


def slab(index: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """(axis, start, stop), if the index takes everything between two places along one axis, in order."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    for axis, length in enumerate(shape):
        across = places.size // length
        if index.size % across:
            continue
        start = int(np.unravel_index(int(index.flat[0]), shape)[axis])
        stop = start + index.size // across
        if stop <= length and (places.take(range(start, stop), axis).ravel() == index.ravel()).all():
            return axis, start, stop
    return None


def is_permutation(index: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether these are all entries, with the axes in another order."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    return index.size == places.size and len(shape) <= 4 and any(
        (places.transpose(axes).ravel() == index.ravel()).all() for axes in permutations(range(len(shape)))
    )
