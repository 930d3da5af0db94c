"""Examples on their way into a network, and predictions on their way out: numbers, vectors, images, sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.arrays import real_array, shown
from ..engine.value import number_of

Examples = np.ndarray | list[np.ndarray]  # one array if all examples have one shape, else an array for each


def numbers_of(prediction: Any) -> Any:
    """A prediction, a number or lists of them, as plain numbers."""
    prediction = prediction.tolist() if isinstance(prediction, np.ndarray) else prediction
    if isinstance(prediction, (list, tuple)):
        return [numbers_of(entry) for entry in prediction]
    try:
        return number_of(prediction)
    except (TypeError, ValueError):
        raise ValueError(f"A prediction is a number, or lists of numbers, as Values; it has {shown(prediction)}.") from None


def in_a_row(prediction: Any) -> Any:
    """A prediction of lists of lists as one list; one number or one list stays as it is."""
    prediction = prediction.tolist() if isinstance(prediction, np.ndarray) else prediction
    nested = isinstance(prediction, (list, tuple)) and any(isinstance(entry, (list, tuple, np.ndarray)) for entry in prediction)
    return in_a_row([value for entry in prediction for value in entry]) if nested else prediction


def examples_of(X: Any, name: str = "X") -> Examples:
    """Examples of any shape: numbers, vectors, images, sequences. Sequences may differ in length, their first dimension.

    A ValueError names the example and what is wrong with it.
    """
    must = f"{name} must be numbers, one example after the other"
    if isinstance(X, (list, tuple)) and len({len(x) if hasattr(x, "__len__") else None for x in X}) > 1:
        found: Examples = [real_array(x, f"Example {i} of {name} must be numbers") for i, x in enumerate(X)]
        shapes = {array.shape[1:] for array in found}
        if len(shapes) > 1 or any(array.ndim == 0 for array in found):
            raise ValueError(f"{must}; sequences may have different lengths, but their entries one shape: {sorted(shapes)}.")
    else:
        found = real_array(X, must)
        if found.ndim == 0:
            raise ValueError(f"{must}; it is the single number {found:g}.")
    if not len(found):
        raise ValueError(f"{name} must have at least one example.")
    for i, array in enumerate(found):
        if not np.isfinite(array).all():
            raise ValueError(f"Example {i} of {name} contains {array[~np.isfinite(array)].flat[0]}; every number must be finite.")
    return found


def matrix(X: Any, n_in: int, name: str = "X") -> np.ndarray:
    """Rows of finite numbers, (examples, n_in); a ValueError says what is wrong with anything else, and in which row."""
    rows = real_array(X, f"{name} must be rows of {n_in} numbers, one row for each example")
    if rows.ndim != 2 or rows.shape[1] != n_in or not len(rows):
        raise ValueError(f"{name} must have shape (examples, {n_in}), with at least one example; it has shape {rows.shape}.")
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise ValueError(f"Row {row}, column {column} of {name} is {rows[row, column]}; every number must be finite.")
    return rows


def sequences(X: Any, n_in: int, name: str = "X") -> Examples:
    """Sequences of steps of n_in finite numbers: (examples, steps, n_in), or a list of (steps, n_in) of different lengths."""
    found = examples_of(X, name)
    for i, array in enumerate(found):
        if array.ndim != 2 or array.shape[1] != n_in or not len(array):
            raise ValueError(f"Each example of {name} must be a sequence, of shape (steps, {n_in}) with at least one step; "
                             f"example {i} has shape {array.shape}.")  # fmt: skip
    return found


def some(examples: Examples, positions: Sequence[int] | np.ndarray) -> Examples:
    """The examples at these positions."""
    return examples[positions] if isinstance(examples, np.ndarray) else [examples[i] for i in positions]
