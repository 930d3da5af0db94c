"""Restarts from several initialisations, and the choice of a learning rate by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .arguments import is_whole
from .examples import examples_of, some
from .history import History
from .optim import SGD
from .run import evaluate
from .training import fit


def restarts(
    make: Callable[[int], Any], train: Callable[[Any], History], count: int = 5
) -> tuple[Any, History, list[float]]:
    """Train make(0), make(1), ... and keep the one whose last cost is smallest: it, its history, and the last cost of each."""
    runs = []
    for seed in range(count):
        model = make(seed)
        runs.append((model, train(model)))
    costs = [history.cost[-1] if history.cost else float("inf") for _, history in runs]
    model, history = runs[int(np.argmin(costs))]
    return model, history, costs


def learning_rate_search(
    make: Callable[[], Any], X: Any, y: Any, rates: Sequence[float], *, k: int = 5, loss: Any = "quadratic",
    optimizer: Callable[[Any, float], Any] = SGD, **options: Any,
) -> tuple[float, dict[float, float]]:  # fmt: skip
    """The rate with the smallest mean validation cost over k folds, and that cost for each rate.

    Every example validates exactly once. `make()` gives a fresh model, the same each time if it is seeded. A rate at which
    training diverges costs inf.
    """
    rows, targets = make().examples(X), examples_of(y, "y")
    costs: dict[float, float] = {}
    for rate in rates:
        found = []
        for train, held_out in folds(len(rows), k):
            model = make()
            steps = optimizer(model.parameters(), rate)
            history = fit(model, some(rows, train), some(targets, train), loss=loss, optimizer=steps, warn=False, **options)
            if history.diverged:
                found.append(float("inf"))
                continue
            found.append(evaluate(model, some(rows, held_out), some(targets, held_out), loss, "mean")[0])
        costs[rate] = float(np.mean(found))
    return min(costs, key=lambda rate: costs[rate]), costs


def folds(examples: int, k: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """k times, the positions to train on and those held out: one run of the data after the other, without shuffling.

    The runs are equally long, or the first ones longer by one, as in scikit-learn's KFold(k).
    """
    if not is_whole(k) or not 2 <= k <= examples:
        raise ValueError(f"k = {k!r}: give a whole number of folds, from 2 to the number of examples, {examples}.")
    positions = np.arange(examples)
    for held_out in np.array_split(positions, k):
        yield np.setdiff1d(positions, held_out), held_out
