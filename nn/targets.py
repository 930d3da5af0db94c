"""The targets of a data set in the form that losses take, and when a prediction counts as right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.arrays import real_array
from ..engine.value import number_of
from .examples import examples_of
from .losses import Loss, binary_cross_entropy_with_logits, hinge, is_row, over_steps, several


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

    @property
    def cost(self) -> Loss:
        """The loss of an example."""
        return self.loss

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
            (output,) = several(output)
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


class StepTargets:
    """A target for each step of each example, for networks that predict at every step: Targets of all steps in a row.

    `ends` are the places where the examples begin and end in that row. The share of steps that are right is what counts
    as right in an example.
    """

    def __init__(self, y: Any, examples: int, n_out: int, loss: Loss, name: str = "y") -> None:
        given = examples_of(y, name)
        if len(given) != examples or any(steps.ndim == 0 or not len(steps) for steps in given):
            raise ValueError(f"This network predicts at every step, so {name} must have a target for each step of each example: "
                             f"there are {examples} examples and {len(given)} rows of targets.")  # fmt: skip
        self.n_out, self.loss, self.uniform = n_out, loss, isinstance(given, np.ndarray)
        self.ends: list[int] = [0, *np.cumsum([len(steps) for steps in given]).tolist()]
        self.steps = Targets(np.concatenate(list(given)), self.ends[-1], n_out, loss, name)

    @property
    def numbers(self) -> np.ndarray:
        """The targets of all steps; (examples, steps) or (examples, steps, outputs) if all examples have one length."""
        found = self.steps.numbers
        return found.reshape(len(self.ends) - 1, -1, *found.shape[1:]) if self.uniform else found

    @property
    def cost(self) -> Loss:
        """The loss of an example: the mean over its steps."""
        return over_steps(self.loss)

    def __getitem__(self, i: int) -> Any:
        return self.steps.rows[self.ends[i] : self.ends[i + 1]]

    def at(self, positions: list[int]) -> StepTargets:
        """The targets of some of the examples."""
        return self.like([self[i] for i in positions], len(positions))

    def like(self, y: Any, examples: int, name: str = "y") -> StepTargets:
        """Other targets, read and judged in the same way."""
        other = StepTargets(y, examples, self.n_out, self.loss, name)
        other.steps.middle = self.steps.middle
        return other

    def hit(self, i: int, output: Any) -> float:
        """The share of the steps of example i at which the output is right."""
        first, end = self.ends[i], self.ends[i + 1]
        return math.fsum(self.steps.hit(step, output[step - first]) for step in range(first, end)) / (end - first)

    def hits(self, positions: Sequence[int] | np.ndarray, outputs: np.ndarray) -> float:
        """The sum of these shares over examples of one length; `outputs` are (examples, steps times outputs)."""
        length = self.ends[1]
        places = np.asarray(positions)[:, None] * length + np.arange(length)
        right: float = self.steps.hits(places.ravel(), outputs.reshape(-1, self.n_out)) / length
        return right


AnyTargets = Targets | StepTargets


def targets_for(prediction: Any, y: Any, examples: int, loss: Loss, name: str = "y") -> AnyTargets:
    """The targets y of so many examples, in the form of a prediction: a number, a list, or a list for each step."""
    if not is_row(prediction):
        return Targets(y, examples, 1, loss, name)
    if not len(prediction) or (is_row(prediction[0]) and not len(prediction[0])):
        raise ValueError("There is nothing to train: for the first example the prediction is an empty list.")
    if not is_row(prediction[0]):
        return Targets(y, examples, len(prediction), loss, name)
    if is_row(prediction[0][0]):
        raise ValueError("A prediction is a number, a list of numbers, or such a list for each step; this one is nested deeper.")
    return StepTargets(y, examples, len(prediction[0]), loss, name)


def signs(numbers: np.ndarray, n_out: int) -> np.ndarray:
    """Targets for hinge, -1 and 1: one-hot rows are converted, other numbers refused."""
    if n_out > 1 and set(np.unique(numbers)) <= {0.0, 1.0}:
        return 2 * numbers - 1
    if not set(np.unique(numbers)) <= {-1.0, 1.0}:
        raise ValueError("hinge takes the targets -1 and 1; for targets 0 and 1 write 2*y - 1.")
    return numbers
