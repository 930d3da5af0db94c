"""Training by a compiled program: the same run as in run.py, a batch at a time on arrays.

The cost of one example is traced once and compiled. While an epoch runs, the program's vector holds the parameters; after
each epoch they are stored to the Values, so that callbacks see them; what callbacks assign takes effect at the next step.
"""

from __future__ import annotations

import math
from traceback import walk_tb
from typing import Any

import numpy as np

from .. import engine
from ..engine import Value
from ..engine.modes import CHOOSE, COMPUTE, is_ours, line_of
from .examples import Examples
from .history import History
from .losses import Loss, flat
from .optim import Optimizer
from .penalties import Penalty
from .run import Run
from .targets import AnyTargets


class CompiledRun(Run):
    """One run of training, compiled. Raises a TracingError if the network or the cost cannot be traced."""

    def __init__(
        self, model: Any, optimizer: Optimizer, loss: Loss, rows: Examples, targets: AnyTargets, penalty: Penalty | None,
        reduction: str, history: History,
    ) -> None:  # fmt: skip
        super().__init__(model, optimizer, loss, len(rows), targets, penalty, reduction, history)
        if not isinstance(rows, np.ndarray):
            raise engine.TracingError("The sequences have different lengths, and a program is made for one length.")
        self.x, self.y = np.ascontiguousarray(rows), np.ascontiguousarray(targets.numbers)
        self._trace()
        self._compare()

    def _trace(self) -> None:
        """Compile the cost of one example, with the network's outputs beside it."""
        model, loss, penalty = self.model, self.loss, self.penalty

        def cost(x: Any, y: Any) -> tuple[Any, list[Any]]:
            prediction = model(x)
            outputs = flat(prediction)
            self.width = len(outputs)
            return loss(prediction, y), outputs

        term = (lambda: penalty(model, self.size)) if penalty else None
        self.program = engine.compile(cost, has_aux=True, penalty=term)
        try:
            self.program.trace(self.x[:1], self.y[:1])
            self.descent = self.program.descend(self.optimizer)  # here the rules run, a user's own among them
        except (engine.TracingError, ArithmeticError):
            raise
        except Exception as error:  # the cost worked with numbers, so this is something that cannot be done with symbols
            raise engine.TracingError(f"{_place(error)}{type(error).__name__}: {str(error).rstrip('.')}. {COMPUTE}") from error
        self.constants = [(p, p.data) for p in self.model.parameters() if p.constant]  # their numbers are part of the program
        self.counted = self.history.updates  # before this descent began

    def _compare(self) -> None:
        """Compare the program with the cost itself: they differ if the cost looked at a number and tracing missed it."""
        different = np.flatnonzero((self.y != self.y[0]).reshape(len(self.y), -1).any(axis=1))
        for i in [0, *different[:1].tolist()]:
            prediction = self.model(self.x[i].tolist())
            cost = self.loss(prediction, self.targets[i])
            expected = float(cost.data if isinstance(cost, Value) else cost)
            traced, _ = self.program(self.x[i : i + 1], self.y[i : i + 1])
            if not math.isclose(traced[0], expected, rel_tol=1e-6, abs_tol=1e-9):
                raise engine.TracingError(
                    f"The cost of example {i} is {expected:g}, but {traced[0]:g} when it is traced: it branches on the type or "
                    "identity of its inputs (isinstance, a set, a dictionary, text), which tracing cannot see, or it is random. "
                    f"{CHOOSE}"
                )

    def epoch(self, batches: list[list[int]]) -> None:
        """One pass over the data; the history gets its entries."""
        if any(p.data != number for p, number in self.constants):
            self.descent.hand_back()
            self._trace()
        try:
            costs, penalties, hits = self._updates(batches)
        finally:
            self.descent.store()
        if not math.isfinite(costs + penalties):
            raise engine.UndefinedError("The sum of the costs of an epoch is too large for a float.")
        self._note(costs, hits, penalties / len(batches))

    def _updates(self, batches: list[list[int]]) -> tuple[float, float, float]:
        """An update for each batch; the sums of the costs, of the penalties, and of the hits."""
        order = np.array([i for batch in batches for i in batch], dtype=np.intp)
        largest = max(map(len, batches))
        xs, ys = (np.empty((largest, *array.shape[1:])) for array in (self.x, self.y))
        outputs = np.empty((len(order), self.width))
        costs = penalties = 0.0
        start = 0
        for batch in batches:
            self.inside = True
            n = len(batch)
            end = start + n
            x = np.take(self.x, order[start:end], axis=0, out=xs[:n], mode="clip")
            y = np.take(self.y, order[start:end], axis=0, out=ys[:n], mode="clip")
            cost, penalty, outputs[start:end] = self.descent.step(x, y, weight=1.0 / n if self.mean else 1.0)
            costs += cost
            penalties += penalty
            self.history.updates, self.inside = self.counted + self.descent.updates, False
            start = end
        self.norm = self.descent.norm()
        return costs, penalties, self.targets.hits(order, outputs)

    def settle(self) -> None:
        """Count the updates that have been made."""
        self.descent.settle()
        self.history.updates, self.inside = self.counted + self.descent.updates, False

    def judge(self, X: Examples, targets: AnyTargets) -> tuple[float, float]:
        """The cost over other examples, reduced, and the share classified correctly."""
        if not isinstance(X, np.ndarray) or X.shape[1:] != self.x.shape[1:]:  # other lengths than the program's
            return super().judge(X, targets)
        costs, outputs = self.program(X, targets.numbers)
        total = math.fsum(costs.tolist())
        return (total / len(X) if self.mean else total), targets.hits(range(len(X)), outputs) / len(X)

    def before_callbacks(self) -> None:
        """Give each parameter Value the gradient of the last update, and the optimiser its memory."""
        self.descent.store_gradients()
        self.descent.hand_back()

    def finish(self) -> None:
        """Give the Values their numbers and the optimiser its memory, however the run ended."""
        self.descent.store()
        self.descent.hand_back()
        super().finish()


def _place(error: Exception) -> str:
    """The user's line that raised the error."""
    lines = [line_of(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__) if not is_ours(frame)]
    return lines[-1] + "raises " if lines else ""
