"""What a program is called with: arrays with a row for each example, and the errors for anything else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays import real_array
from .nodes import Shape


def array_of(x: Any, dtype: np.dtype[Any], name: str) -> np.ndarray:
    """The argument as a contiguous array of real numbers; it is copied only if it has to be."""
    if type(x) is np.ndarray and x.dtype == dtype and x.flags.c_contiguous:
        return x
    return real_array(x, f"{name} must be numbers, an array with a row for each example", dtype)


def first_example(x: Any, dtype: np.dtype[Any], number: int) -> np.ndarray:
    """The example that a function is traced with."""
    array = array_of(x, dtype, f"Argument {number}")
    if array.ndim == 0 or len(array) == 0:
        what = "one number" if array.ndim == 0 else "an empty batch"
        raise ValueError(f"Argument {number} is {what}: a program takes batches, one row for each example and at least one.")
    example: np.ndarray = array[0]
    return example


class Lookup(NamedTuple):
    """Entries of an argument by which rows of a table are looked up: whole numbers from 0 to rows - 1."""

    argument: int
    entries: np.ndarray
    rows: int


def check_lookups(arrays: Sequence[np.ndarray], names: Sequence[str], lookups: Sequence[Lookup]) -> None:
    """Raise the error for a position that no table has, before anything is computed. A negative one never counts from the end."""
    for argument, entries, rows in lookups:
        chosen = arrays[argument].reshape(len(arrays[argument]), -1)[:, entries]
        wrong = np.argwhere((chosen != np.floor(chosen)) | (chosen < 0) | (chosen >= rows))
        if len(wrong):
            example, entry = wrong[0]
            number = float(chosen[example, entry])
            where = f"{names[argument]} of example {example}"
            if not math.isfinite(number) or number != math.floor(number):
                raise TypeError(f"{where} has {number:g}, by which a row of a table is looked up: give whole numbers.")
            why = " A negative position does not count from the end." if number < 0 else ""
            raise IndexError(f"{where} has {number:g}, and the table has {rows} rows, 0 to {rows - 1}.{why}")


def batch_of(
    batch: Sequence[Any], names: Sequence[str], shapes: Sequence[Shape], dtype: np.dtype[Any]
) -> tuple[list[np.ndarray], int]:
    """The arguments as arrays of the shapes that were traced, and how many examples they have; 1 if there are no arguments."""
    if len(batch) == len(shapes) > 0 and type(batch[0]) is np.ndarray:  # the usual case: nothing to convert
        n = len(batch[0]) if batch[0].ndim else 0
        for array, shape in zip(batch, shapes):
            if type(array) is not np.ndarray or array.dtype != dtype or not array.flags.c_contiguous:
                break
            if array.shape != (n, *shape):
                break
        else:
            if n:
                return list(batch), n
    return _read(batch, names, shapes, dtype)


def _read(
    batch: Sequence[Any], names: Sequence[str], shapes: Sequence[Shape], dtype: np.dtype[Any]
) -> tuple[list[np.ndarray], int]:
    """The same for anything else."""
    if len(batch) != len(shapes):
        takes = f"{len(shapes)} argument{'s' * (len(shapes) != 1)}{': ' if names else ''}{', '.join(names)}"
        raise TypeError(f"This program takes {takes}; it was given {len(batch)}.")
    arrays = [array_of(x, dtype, name) for x, name in zip(batch, names)]
    n = len(arrays[0]) if arrays and arrays[0].ndim else 1
    for array, shape, name in zip(arrays, shapes, names):
        if n == 0 or array.shape != (n, *shape):
            raise ValueError(_shape_sentence(array, shape, name, n, names[0]))
    return arrays, n


def _shape_sentence(array: np.ndarray, shape: Shape, name: str, n: int, first: str) -> str:
    if array.ndim and len(array) == 0:
        return f"{name} is an empty batch, and a mean over no examples is undefined. Give at least one."
    if array.ndim == 0 or array.shape[1:] != shape:
        wanted = f"(n, {', '.join(map(str, shape))})" if shape else "(n,)"
        return f"{name} has shape {array.shape}; this program takes {wanted}, a row for each example, as when it was traced."
    return f"{first} has {n} examples and {name} has {len(array)}: each needs one row for every example."


def weights_of(weights: Any, n: int, dtype: np.dtype[Any], reduction: str) -> np.ndarray | None:
    """The weight of each example in the cost of the batch, (n,), if they differ."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction = {reduction!r}: give "mean" or "sum".')
    if weights is None:
        return None
    given = array_of(weights, dtype, "weights")
    if given.shape != (n,):
        raise ValueError(f"There is one weight for each example: {n} examples, weights of shape {given.shape}.")
    total = float(given.sum())
    if not math.isfinite(total) or (reduction == "mean" and total == 0):
        raise ValueError(f"The weights add up to {total:g}, and a weighted mean divides by their sum.")
    weighed: np.ndarray = given / total if reduction == "mean" else given
    return weighed
