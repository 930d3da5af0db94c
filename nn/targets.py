"""The targets of a data set in the form that losses take, and when a prediction counts as right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.arrays import real_array
from ..engine.value import number_of
from .losses import Loss, binary_cross_entropy_with_logits, hinge


def one_hot(classes: Any, count: int) -> np.ndarray:
    """Class k as a row with 1 in place k and 0 elsewhere: digit 6 of ten is (0,0,0,0,0,0,1,0,0,0)."""
    numbers = real_array(classes, f"Classes must be whole numbers from 0 to {count - 1}")
    wrong = numbers[(numbers != np.floor(numbers)) | (numbers < 0) | (numbers >= count)]
    if wrong.size:
        raise ValueError(f"A class is a whole number from 0 to {count - 1}; {wrong[0]:g} is not. (For {count} outputs, targets "
                         f"are classes, or rows of {count} numbers.)")  # fmt: skip
    rows: np.ndarray = np.eye(count)[numbers.astype(int)]
    return rows


class Targets:
    """One target for each example: a number for one output, a row for several; classes become one-hot rows.

    A prediction is right if its largest output is the class; with one output, if it is on the target's side of the midpoint
    between the two targets (0 for logits). If targets are neither classes nor two-valued, nothing counts as right or wrong,
    and accuracy is nan.
    """

    def __init__(self, y: Any, examples: int, n_out: int, loss: Loss, name: str = "y") -> None:
        self.n_out, self.loss = n_out, loss
        self.numbers = self._read(y, examples, name)
        self.rows: list[Any] = self.numbers.tolist()
        self.middle = float("nan")  # between "no" and "yes"
        values = set(np.unique(self.numbers).tolist())
        if values <= {0.0, 1.0}:
            self.middle = 0.0 if loss is binary_cross_entropy_with_logits else 0.5
        elif values <= {-1.0, 1.0}:
            self.middle = 0.0

    def _read(self, y: Any, examples: int, name: str) -> np.ndarray:
        given = numbers = real_array(y, f"{name} must be numbers, one target or one row of targets for each example")
        if numbers.ndim == 0 or len(numbers) != examples:
            count = len(numbers) if numbers.ndim else 1
            raise ValueError(f"{name} must have one target for each example: {examples} rows of data, {count} targets.")
        if not np.isfinite(numbers).all():
            row = int(np.argwhere(~np.isfinite(numbers))[0][0])
            raise ValueError(f"The target of row {row} is {numbers[row]}; every target must be finite.")
        if self.n_out == 1 and numbers.ndim == 2 and numbers.shape[1] == 1:
            numbers = numbers[:, 0]
        if self.n_out > 1 and numbers.ndim == 1:
            numbers = one_hot(numbers, self.n_out)
        if numbers.shape[1:] != ((self.n_out,) if self.n_out > 1 else ()):
            raise ValueError(f"The network has {self.n_out} outputs, but the targets have shape {given.shape}.")
        return signs(numbers, self.n_out) if self.loss is hinge else numbers

    def __getitem__(self, i: int) -> Any:
        return self.rows[i]

    def at(self, positions: list[int]) -> Targets:
        """The targets of some of the examples."""
        return self.like(self.numbers[positions], len(positions))

    def like(self, y: Any, examples: int, name: str = "y") -> Targets:
        """Other targets, read and judged in the same way: one class alone does not show where the middle is."""
        other = Targets(y, examples, self.n_out, self.loss, name)
        other.middle = self.middle
        return other

    def hit(self, i: int, output: Any) -> float:
        """1 if this output is right for example i, 0 if not, nan if there is no right or wrong."""
        target = self.rows[i]
        if self.n_out == 1:
            yes = number_of(output) >= self.middle
            return float(yes == (target > self.middle)) if self.middle == self.middle else float("nan")
        if self.middle != self.middle:
            return float("nan")
        numbers = [number_of(value) for value in output]
        return float(numbers.index(max(numbers)) == target.index(max(target)))

    def hits(self, positions: Sequence[int] | np.ndarray, outputs: np.ndarray) -> float:
        """How many of the outputs (examples, outputs) are right for the examples at these positions; nan as for `hit`."""
        if self.middle != self.middle:
            return float("nan")
        targets = self.numbers[np.asarray(positions)]
        if self.n_out == 1:
            return float(((outputs[:, 0] >= self.middle) == (targets > self.middle)).sum())
        return float((outputs.argmax(axis=1) == targets.argmax(axis=1)).sum())


def signs(numbers: np.ndarray, n_out: int) -> np.ndarray:
    """Targets for hinge, -1 and 1: one-hot rows are converted, other numbers refused."""
    if n_out > 1 and set(np.unique(numbers)) <= {0.0, 1.0}:
        return 2 * numbers - 1
    if not set(np.unique(numbers)) <= {-1.0, 1.0}:
        raise ValueError("hinge takes the targets -1 and 1; for targets 0 and 1 write 2*y - 1.")
    return numbers
