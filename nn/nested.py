"""Lists in lists, as shapes: what images, sequences and kernels of Values are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..engine.arrays import shown
from .arguments import is_whole


def each(given: Any, dims: int, what: str, least: int) -> tuple[int, ...]:
    """One whole number for each dimension: the one that was given, or the pair."""
    entries = list(given) if isinstance(given, (list, tuple)) else [given] * dims
    if len(entries) != dims or not all(is_whole(entry) and entry >= least for entry in entries):
        pair = ", or a pair of them" if dims == 2 else ""
        raise ValueError(f"{what} = {shown(given)}: give a whole number, at least {least}{pair}.")
    return tuple(int(entry) for entry in entries)


def is_list(thing: Any) -> bool:
    """Whether it has entries; a text has none here."""
    return hasattr(thing, "__iter__") and not isinstance(thing, str)


def entries(nested: Any) -> Iterator[Any]:
    """The entries of lists in lists, in order."""
    if not is_list(nested):
        yield nested
    else:
        for entry in nested:
            yield from entries(entry)


def flat(nested: Any) -> list[Any]:
    """The entries of lists in lists, in a row."""
    return list(entries(nested))


def grid(row: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    """A row as lists in lists of this shape."""
    cut = list(row)
    for size in reversed(shape[1:]):
        cut = [cut[i : i + size] for i in range(0, len(cut), size)]
    return cut


def shape_of(nested: Any) -> tuple[int, ...]:
    """The shape of lists in lists; a ValueError refuses rows of different lengths."""
    if not is_list(nested):
        return ()
    shapes = {shape_of(entry) for entry in nested}
    if len(shapes) > 1:
        raise ValueError(f"Rows must have one length; here are rows of shapes {sorted(shapes)}.")
    return (len(nested), *(shapes.pop() if shapes else ()))
