"""A run of training: epochs of batches, batches of examples; and evaluation without a graph."""

from __future__ import annotations

import math
import time
from typing import Any

from ..engine import Constant, zero_grad
from ..engine.value import number_of
from .examples import Examples
from .history import History
from .losses import BY_NAME, SOFTMAX_TWICE, Loss, cross_entropy, loss_function
from .optim import Optimizer
from .penalties import Penalty
from .targets import AnyTargets, targets_for


class Run:
    """One run of training, whichever way it computes: `epoch` trains, `judge` validates."""

    def __init__(
        self, model: Any, optimizer: Optimizer, loss: Loss, size: int, targets: AnyTargets, penalty: Penalty | None,
        reduction: str, history: History,
    ) -> None:  # fmt: skip
        self.model, self.optimizer, self.loss, self.penalty = model, optimizer, loss, penalty
        self.size, self.targets, self.mean, self.history = size, targets, reduction == "mean", history
        trained = set(optimizer.parameters)
        self.others = [p for p in model.parameters() if p not in trained]  # frozen
        self.began = time.perf_counter()
        self.norm = 0.0
        self.inside = False  # whether an update is being computed, so that an arithmetic error comes from it

    def epoch(self, batches: list[list[int]]) -> None:
        """One pass over the data; the history gets its entries."""
        raise NotImplementedError

    def judge(self, X: Any, targets: AnyTargets) -> tuple[float, float]:
        """The cost over other examples, reduced, and the share classified correctly."""
        return evaluate(self.model, X, targets, self.loss, "mean" if self.mean else "sum")

    def settle(self) -> None:
        """Count an update that was made just before an interrupt came."""
        raise NotImplementedError

    def before_callbacks(self) -> None:
        """Bring the Values and the optimiser up to date for callbacks to look at."""

    def finish(self) -> None:
        """Leave no gradients behind."""
        self.optimizer.zero_grad()
        zero_grad(self.others)

    def _note(self, cost: float, right: float, penalty: float) -> None:
        """Enter an epoch into the history: the sum of the costs, the hits, and the mean of the penalties."""
        history = self.history
        history.cost.append((cost / self.size if self.mean else cost) + penalty)
        history.accuracy.append(right / self.size)
        history.gradient_norm.append(self.norm)
        history.time.append(time.perf_counter() - self.began)


class EagerRun(Run):
    """One run on Values: the graph of one example is built, swept, and forgotten."""

    def __init__(
        self, model: Any, optimizer: Optimizer, loss: Loss, rows: Examples, targets: AnyTargets, penalty: Penalty | None,
        reduction: str, history: History,
    ) -> None:  # fmt: skip
        super().__init__(model, optimizer, loss, len(rows), targets, penalty, reduction, history)
        self.rows = [row.tolist() for row in rows]
        self.before: list[float] | None = None  # the parameters' numbers, while a step is made

    def epoch(self, batches: list[list[int]]) -> None:
        """One pass over the data; the history gets its entries."""
        cost = penalty = 0.0
        right = 0.0
        for batch in batches:
            costs, hits, extra = self.update(batch)
            cost += costs
            right += hits
            penalty += extra / len(batches)
        self._note(cost, right, penalty)

    def update(self, batch: list[int]) -> tuple[float, float, float]:
        """Sweep each example of the batch and the penalty, then step; the sum of the costs, the hits, and the penalty."""
        self.inside = True
        self.optimizer.zero_grad()
        zero_grad(self.others)
        costs = right = extra = 0.0
        weight = 1.0 / len(batch) if self.mean else 1.0
        for i in batch:
            prediction = self.model(self.rows[i])
            cost = self.loss(prediction, self.targets[i])
            cost.backward(weight)
            costs += cost.data
            right += self.targets.hit(i, prediction)
        if self.penalty:
            term = self.penalty(self.model, self.size)
            term.backward()
            extra = term.data
        self.norm = math.hypot(*[p.grad for p in self.optimizer.parameters])
        self.before = self._numbers()
        self.optimizer.step()
        self._count()
        return costs, right, extra

    def _numbers(self) -> list[float]:
        return [p.data for p in self.optimizer.parameters]

    def _count(self) -> None:
        self.history.updates, self.before, self.inside = self.history.updates + 1, None, False

    def settle(self) -> None:
        """Count an update that was made just before an interrupt came."""
        if self.before is not None and self._numbers() != self.before:
            self._count()

def wrapped(output: Any) -> Any:
    """Plain outputs as constants."""
    return [wrapped(value) for value in output] if isinstance(output, list) else Constant(output)


def evaluate(
    model: Any, X: Any, y: Any, loss: str | Loss = "quadratic", reduction: str = "mean"
) -> tuple[float, float]:
    """The cost over these examples, reduced, and the share classified correctly; on plain numbers, without a graph."""
    outputs = model.predict(X)
    loss = loss_function(loss)
    targets = y if isinstance(y, AnyTargets) else targets_for(outputs[0], y, len(outputs), loss)
    known = loss in BY_NAME.values()  # ours take plain numbers; a user's may use the methods of Values
    costs, right = [], 0.0
    if loss is cross_entropy and model.output_activation and model.output_activation.name == "softmax":
        raise ValueError(SOFTMAX_TWICE)
    for i, output in enumerate(row.tolist() for row in outputs):
        costs.append(number_of(targets.cost(output if known else wrapped(output), targets[i])))
        right += targets.hit(i, output)
    total = math.fsum(costs)
    return (total / len(costs) if reduction == "mean" else total), right / len(costs)
