"""How well does it generalise? Cost and errors on training and validation data, measured over several starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .arguments import is_whole
from .examples import some
from .losses import Loss
from .run import evaluate

MEASURED = ("cost", "accuracy", "validation_cost", "validation_accuracy")


class Curve(NamedTuple):
    """What was measured at each setting: a row for each setting, a column for each start.

    name                  what was varied, such as "training examples"
    at                    its settings
    cost                  the cost over the examples that were trained on, without penalty
    accuracy              the share of them classified correctly; nan for regression
    validation_cost       the cost over the validation data
    validation_accuracy   the share of them classified correctly
    """

    name: str
    at: list[float]
    cost: np.ndarray
    accuracy: np.ndarray
    validation_cost: np.ndarray
    validation_accuracy: np.ndarray

    def means(self) -> list[tuple[float, float, float, float, float]]:
        """A row for each setting: the setting, then the means of the four over the starts, in the order above."""
        columns = [getattr(self, measured).mean(axis=1).tolist() for measured in MEASURED]
        return list(zip(self.at, *columns))


def learning_curve(
    make: Callable[[int], Any], train: Callable[[Any, Any, Any], Any], X: Any, y: Any, validation: tuple[Any, Any],
    sizes: Sequence[int], *, seeds: int = 10, loss: str | Loss = "quadratic",
) -> Curve:  # fmt: skip
    """Train on more and more examples. For each size and each seed: train(make(seed), some of X, some of y), then judge.

    A seed shuffles X and y once, and each size takes the first examples of that order: more data contain the fewer.
    """
    pool = Pool(make, X, y, seeds, [*sizes])

    def run(size: float, seed: int) -> tuple[Any, Any, Any]:
        model, few, targets = make(seed), *pool.first(int(size), seed)
        train(model, few, targets)
        return model, few, targets

    return measured("training examples", sizes, run, validation, seeds, loss)


def validation_curve(
    make: Callable[[int], Any], train: Callable[[Any, Any, Any, float], Any], X: Any, y: Any, validation: tuple[Any, Any],
    values: Sequence[float], *, size: int | None = None, name: str = "λ", seeds: int = 10, loss: str | Loss = "quadratic",
) -> Curve:  # fmt: skip
    """Vary one setting, such as the strength of a penalty. For each value and each seed: train(make(seed), X, y, value).

    With a `size`, each seed trains on so many of the examples, the same ones for all values; else on all of them.
    """
    pool = Pool(make, X, y, seeds, [] if size is None else [size])

    def run(value: float, seed: int) -> tuple[Any, Any, Any]:
        model, few, targets = make(seed), *pool.first(len(pool.rows) if size is None else size, seed)
        train(model, few, targets, value)
        return model, few, targets

    return measured(name, values, run, validation, seeds, loss)


class Pool:
    """Examples with their targets, in another order for each seed."""

    def __init__(self, make: Callable[[int], Any], X: Any, y: Any, seeds: int, sizes: list[int]) -> None:
        if not is_whole(seeds) or seeds < 1:
            raise ValueError(f"seeds = {seeds!r}: give the number of starts to take the mean of, a whole number from 1 on.")
        self.rows = make(0).examples(X)
        self.targets = y if isinstance(y, np.ndarray) else list(y)
        count = len(self.rows)
        if len(self.targets) != count:
            raise ValueError(f"X has {count} examples and y {len(self.targets)} targets: give one target for each example.")
        for size in sizes:
            if not is_whole(size) or not 1 <= size <= count:
                raise ValueError(f"{size!r} is no number of examples to train on: give a whole number from 1 to all {count}.")
        self.orders = [np.random.default_rng(seed).permutation(count).tolist() for seed in range(seeds)]

    def first(self, size: int, seed: int) -> tuple[Any, Any]:
        """So many examples and their targets, the first ones in the order of this seed."""
        taken = self.orders[seed][:size]
        return some(self.rows, taken), some(self.targets, taken)


def measured(
    name: str, at: Sequence[float], run: Callable[[float, int], tuple[Any, Any, Any]], validation: tuple[Any, Any], seeds: int,
    loss: str | Loss,
) -> Curve:  # fmt: skip
    """Judge what each run trained: on the examples it was trained on, and on those of the validation."""
    if not len(at):
        raise ValueError(f"Give at least one setting of {name}.")
    found = np.empty((len(at), seeds, len(MEASURED)))
    for i, setting in enumerate(at):
        for seed in range(seeds):
            model, X, y = run(setting, seed)
            found[i, seed] = [*evaluate(model, X, y, loss), *evaluate(model, *validation, loss)]
    return Curve(name, list(at), *np.moveaxis(found, -1, 0))
