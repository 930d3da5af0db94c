"""Training: one loop for online, mini-batch and full-batch descent.

For each batch: the cost of every example is built from Values and swept at once, its gradient weighted by 1/m for the
mean (by 1 for the sum), so that only one example's graph is alive at a time. Then the penalty, then the optimiser's step.
"""

import math
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

from engine import Value

from .advice import Teacher
from .history import History
from .losses import Loss, loss_function
from .network import matrix
from .optim import BY_NAME, SGD, Optimizer
from .progress import Progress
from .stopping import EarlyStopping, Epochs, Stop
from .targets import Targets

Penalty = Callable[[Any, int], Any]  # of the model and the number of training examples, to a Value


def l2(lam: float, *, biases: bool = False) -> Penalty:
    """lam/(2m)·Σ w² over the weights, m the size of the training set. `biases=True`: lam/2·Σ over all parameters, no 1/m.

    The two are the lectures' two conventions; they agree where lam here is lam/m there and biases are left out.
    """
    return lambda model, m: (lam / 2 if biases else lam / (2 * m)) * sum(p * p for p in penalised(model, biases))


def l1(lam: float, *, biases: bool = False) -> Penalty:
    """lam/m·Σ |w| over the weights; `biases=True`: lam·Σ over all parameters. Unlike L2 it makes weights exactly 0."""
    return lambda model, m: (lam if biases else lam / m) * sum(abs(p) for p in penalised(model, biases))


def penalised(model: Any, biases: bool) -> "list[Value]":
    """The weights, or all parameters."""
    return [p for name, p in model.named_parameters() if biases or ".weight." in name]


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: "str | Loss" = "quadratic",
    optimizer: "Optimizer | str | None" = None,
    epochs: int | None = None,
    batch_size: "int | str" = 32,
    shuffle: bool = True,
    reduction: str = "mean",
    validation: "float | tuple[Any, Any] | None" = None,
    stop: "Sequence[Stop]" = (),
    penalty: Penalty | None = None,
    callbacks: "Sequence[Callable[[History, Any], None]]" = (),
    seed: int | None = 0,
    progress: bool = False,
    warn: bool = True,
) -> History:
    """Train `model` on the examples X (examples, features) and their targets y; return what happened.

    loss        a name or a function of (prediction, target) for one example
    optimizer   an optimiser of the model's parameters, its name, or None for SGD(lr=0.1)
    epochs      passes over the data; 10 if neither this nor `stop` is given
    batch_size  1 (online), a number, or "all"; the last batch of an epoch may be smaller
    reduction   "mean" or "sum" of the examples' costs in a batch
    validation  a share of the data to set aside, or (X, y); its cost is computed after each epoch
    stop        conditions from nn.stopping; the first that has a reason ends the run
    penalty     l2(lam) or l1(lam), added after the reduction
    callbacks   called with (history, model) after each epoch; they may read and change the parameters
    seed        of the shuffling and of the split; the same seed gives the same numbers to the last bit

    Ctrl-C ends the run and keeps what was learned.
    """
    rows = matrix(X, model.n_in)
    targets = Targets(y, len(rows), model.n_out, loss_function(loss))
    random = Random(seed)
    train, held_out = split(len(rows), validation, random)
    checks: tuple[np.ndarray, Targets] | None = None
    if isinstance(validation, tuple):
        checks = matrix(validation[0], model.n_in), targets.like(validation[1])
    elif held_out:
        checks = rows[held_out], targets.at(held_out)
    rows, targets = rows[train], targets.at(train)
    m = len(rows)
    size = m if batch_size == "all" else batch_size
    if isinstance(size, str) or size < 1:
        raise ValueError(f'batch_size = {batch_size!r}: give a number of examples from 1 on, or "all".')
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction = {reduction!r}: give "mean" or "sum".')
    if optimizer is None:
        optimizer = SGD(model.parameters(), lr=0.1)
    elif isinstance(optimizer, str):
        if optimizer not in BY_NAME:
            raise ValueError(f"There is no optimiser {optimizer!r}; there are {', '.join(BY_NAME)}.")
        kind: Any = BY_NAME[optimizer]  # each has a default learning rate of its own
        optimizer = kind(model.parameters())
    if epochs is not None and epochs < 1:
        raise ValueError(f"epochs = {epochs}: at least one pass over the data is needed.")
    limit = epochs or (10 if not stop else None)
    conditions = [*stop, *([Epochs(limit)] if limit else [])]

    assert isinstance(optimizer, Optimizer)
    optimizer.warn = optimizer.warn and warn
    teacher = Teacher(model, rows, warn=warn)
    teacher.targets(targets.numbers)
    run = Run(model, optimizer, loss_function(loss), rows.tolist(), targets, penalty, reduction)
    run.loss(model(run.rows[0]), targets[0])  # a loss that does not go with the network says so before anything moves
    history = run.history
    order = list(range(m))
    with Progress(limit, enabled=progress) as bar:
        try:
            while not history.reason:
                if shuffle:
                    random.shuffle(order)
                run.epoch([order[i : i + size] for i in range(0, m, size)])
                if checks:
                    cost, accuracy = evaluate(model, *checks, loss_function(loss), reduction)
                    history.validation_cost.append(cost)
                    history.validation_accuracy.append(accuracy)
                teacher.epoch(history)
                for callback in callbacks:
                    callback(history, model)
                bar.advance(history)
                history.reason = next(filter(None, (condition(history, model) for condition in conditions)), "")
        except KeyboardInterrupt:
            history.reason = f"interrupted after update {history.updates}; what was learned until then is kept"
        except ArithmeticError as error:
            if not run.inside:
                raise
            history.reason = f"update {history.updates + 1} left the numbers: {error}"
            teacher.say("diverged", f"The cost left the numbers at update {history.updates + 1}: the learning rate is probably "
                        f"too large. The parameters are those before that update. ({error})")  # fmt: skip
    optimizer.zero_grad()
    for condition in conditions:
        if isinstance(condition, EarlyStopping):
            condition.finish(model)
    return history


class Run:
    """The inner loops of one run: an epoch of batches, a batch of examples."""

    def __init__(
        self, model: Any, optimizer: Optimizer, loss: Loss, rows: "list[list[float]]", targets: Targets,
        penalty: Penalty | None, reduction: str,
    ) -> None:  # fmt: skip
        self.model, self.optimizer, self.loss, self.penalty = model, optimizer, loss, penalty
        self.rows, self.targets, self.mean = rows, targets, reduction == "mean"
        self.history = History()
        self.began = time.perf_counter()
        self.inside = False  # whether an update is being computed; an error then is the arithmetic's

    def epoch(self, batches: "list[list[int]]") -> None:
        """One pass over the data; the history gets its entries."""
        cost = penalty = 0.0
        right = 0.0
        for batch in batches:
            costs, hits, extra = self.update(batch)
            cost += costs
            right += hits
            penalty += extra / len(batches)
        history = self.history
        history.cost.append((cost / len(self.rows) if self.mean else cost) + penalty)
        history.accuracy.append(right / len(self.rows))
        history.gradient_norm.append(self.norm)
        history.time.append(time.perf_counter() - self.began)

    def update(self, batch: "list[int]") -> "tuple[float, float, float]":
        """Sweep each example of the batch and the penalty, then step; the sum of the costs, the hits, and the penalty."""
        self.inside = True
        self.optimizer.zero_grad()
        costs = right = extra = 0.0
        weight = 1.0 / len(batch) if self.mean else 1.0
        for i in batch:
            prediction = self.model(self.rows[i])
            cost = self.loss(prediction, self.targets[i])
            cost.backward(weight)
            costs += cost.data
            right += self.targets.hit(i, prediction)
        if self.penalty:
            charge = self.penalty(self.model, len(self.rows))
            charge.backward()
            extra = charge.data
        self.norm = math.sqrt(math.fsum(p.grad**2 for p in self.optimizer.parameters))
        self.optimizer.step()
        self.history.updates += 1
        self.inside = False
        return costs, right, extra


def evaluate(model: Any, X: np.ndarray, targets: Targets, loss: "str | Loss", reduction: str) -> "tuple[float, float]":
    """The cost over these examples, reduced, and the share decided rightly; on plain numbers, without a graph."""
    outputs = model.predict(X)
    loss = loss_function(loss)
    costs, right = [], 0.0
    for i, output in enumerate(outputs.tolist()):
        costs.append(float(loss(output, targets[i])))
        right += targets.hit(i, output)
    total = math.fsum(costs)
    return (total / len(costs) if reduction == "mean" else total), right / len(costs)


def split(count: int, validation: Any, random: Random) -> "tuple[list[int], list[int]]":
    """Positions to train on, and positions to set aside: a random share of `validation`, if that is a number."""
    if validation is None or isinstance(validation, tuple):
        return list(range(count)), []
    if not 0 < validation < 1 or not 1 <= round(count * validation) < count:
        raise ValueError(f"validation = {validation}: give a share that leaves examples on both sides, or (X, y).")
    order = list(range(count))
    random.shuffle(order)
    aside = round(count * validation)
    return sorted(order[aside:]), sorted(order[:aside])
