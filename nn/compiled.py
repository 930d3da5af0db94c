"""Training by a compiled program: the same run as in run.py, a batch at a time on arrays.

The cost of one example is traced once and compiled; so is the optimiser's rule. While an epoch runs, the program's vector
holds the parameters; after each epoch they are stored to the Values, so that whoever looks at the model sees the truth,
and what is assigned to a Value's data meanwhile is taken over at the next epoch.
"""

from __future__ import annotations

import math
from traceback import walk_tb
from typing import Any

import numpy as np

import engine
from engine.compiler.guard import CHOOSE, COMPUTE
from engine.modes import is_ours, line_of
from engine.primitive import UndefinedError

from .losses import Loss, several
from .optim import Optimizer
from .penalties import Penalty
from .run import Run
from .targets import Targets
from .update import UpdateRule


class CompiledRun(Run):
    """One run of training, compiled. Raises a TracingError if the network or the cost cannot be traced."""

    def __init__(
        self, model: Any, optimizer: Optimizer, loss: Loss, rows: np.ndarray, targets: Targets, penalty: Penalty | None,
        reduction: str,
    ) -> None:  # fmt: skip
        super().__init__(model, optimizer, loss, rows.tolist()[:1], targets, penalty, reduction)
        self.size = len(rows)
        self.x, self.y = np.ascontiguousarray(rows), np.ascontiguousarray(targets.numbers)
        self._trace()
        self._compare()

    def _trace(self) -> None:
        """Compile the cost of one example, with the network's outputs beside it."""
        model, loss, penalty = self.model, self.loss, self.penalty

        def cost(x: Any, y: Any) -> tuple[Any, list[Any]]:
            prediction = model(x)
            return loss(prediction, y), several(prediction)

        charge = (lambda: penalty(model, self.size)) if penalty else None
        self.program = engine.compile(cost, has_aux=True, penalty=charge)
        try:
            self.program.trace(self.x[:1], self.y[:1])
        except (engine.TracingError, ArithmeticError):
            raise
        except Exception as error:  # it went well with numbers, so it is something that cannot be done with symbols
            raise engine.TracingError(f"{_place(error)}{type(error).__name__}: {error}. {COMPUTE}") from error
        self.parameters = self.program.parameters
        self.constants = [(p, p._data) for p in model.parameters() if p.constant]  # frozen into the program
        self.rule = UpdateRule(self.optimizer, self.parameters)

    def _compare(self) -> None:
        """The program must say what the cost itself says; it does not if the cost looked at a number unnoticed."""
        different = np.flatnonzero((self.y != self.y[0]).reshape(len(self.y), -1).any(axis=1))
        for i in [0, *different[:1].tolist()]:
            prediction = self.model(self.x[i].tolist())
            expected = float(self.loss(prediction, self.targets[i]))
            found, _ = self.program(self.x[i : i + 1], self.y[i : i + 1])
            if not math.isclose(found[0], expected, rel_tol=1e-6, abs_tol=1e-9):
                raise engine.TracingError(
                    f"The cost of example {i} is {expected:g}, and {found[0]:g} when it is traced: it treats Values otherwise "
                    "than numbers, by a look that cannot be noticed (isinstance, a set, a dictionary, text), or it is random. "
                    f"{CHOOSE}"
                )

    def epoch(self, batches: list[list[int]]) -> None:
        """One pass over the data; the history gets its entries."""
        if any(p._data != number for p, number in self.constants):
            self.rule.hand_back()
            self._trace()
        self.parameters.synchronise()
        self.rule.begin()
        state = self.rule.snapshot()
        done = self.history.updates
        try:
            with np.errstate(all="ignore"):
                costs, penalties, hits = self._updates(batches)
                self._check_parameters()
        except ArithmeticError:
            if not np.isfinite(self.parameters.vector).all():
                with np.errstate(all="ignore"):
                    self._go_back(batches, state, done)
            raise
        finally:
            self.norm = self.rule.norm()
            self.parameters.store_to()
        self._note(costs, hits, penalties / len(batches))

    def _updates(self, batches: list[list[int]]) -> tuple[float, float, float]:
        """An update for each batch; the sums of the costs, of the penalties, and of the hits."""
        order = np.array([i for batch in batches for i in batch], dtype=np.intp)
        largest = max(map(len, batches))
        xs, ys = (np.empty((largest, *array.shape[1:])) for array in (self.x, self.y))
        outputs = np.empty((len(order), self.targets.n_out))
        vector, gradient = self.parameters.vector, self.parameters.gradient
        code, mean, step = self.program.code(), self.mean, self.rule.step
        alike = not self.program.compiled.outputs.batched  # the cost is the same for all examples: given once, reduced
        costs = penalties = 0.0
        start = 0
        for batch in batches:
            self.inside = True
            n = len(batch)
            end = start + n
            run = code.built.get(n) or code.run(n, vector, gradient)
            x = np.take(self.x, order[start:end], axis=0, out=xs[:n], mode="clip")
            y = np.take(self.y, order[start:end], axis=0, out=ys[:n], mode="clip")
            cost, *charge, outputs[start:end] = run(x, y, 1.0 / n if mean else 1.0)
            if charge:
                penalties += float(charge[0])
            costs += float(cost) * n if alike and mean else float(cost)
            if not (math.isfinite(costs + penalties) and math.isfinite(np.dot(gradient, gradient))):
                self._check_batch(costs + penalties, x, y)
            step()
            self.parameters.ahead = True
            self.history.updates += 1
            self.inside = False
            start = end
        return costs, penalties, self.targets.hits(order, outputs)

    def _check_batch(self, cost: float, x: np.ndarray, y: np.ndarray) -> None:
        """Raise the error that says where the numbers were left, if they were."""
        if not (math.isfinite(cost) and np.isfinite(self.parameters.gradient).all()):
            self._check_parameters()
            self.program.value_and_grad(x, y, copy=False)
            raise UndefinedError("The sum of the costs of an epoch is too large for a float.")

    def _check_parameters(self) -> None:
        if not np.isfinite(self.parameters.vector).all():
            rate = self.optimizer.lr
            raise OverflowError(f"A parameter would become larger than any float: the learning rate {rate} is too large.")

    def _go_back(self, batches: list[list[int]], state: Any, done: int) -> None:
        """Make the epoch's updates again, from the state before it, up to the one that made a parameter overflow."""
        failed = self.history.updates - done
        for count in range(failed, -1, -1):
            self.rule.restore(state)
            self.history.updates = done
            if count:
                self._updates(batches[:count])
            if np.isfinite(self.parameters.vector).all():
                break
        self.inside = True

    def judge(self, X: np.ndarray, targets: Targets) -> tuple[float, float]:
        """The cost over other examples, reduced, and the share decided rightly."""
        costs, outputs = self.program(X, targets.numbers)
        total = math.fsum(costs.tolist())
        return (total / len(X) if self.mean else total), targets.hits(range(len(X)), outputs) / len(X)

    def before_callbacks(self) -> None:
        """Give each parameter Value the gradient of the last update, and the optimiser its memory."""
        moved = set() if self.rule.rule else set(self.rule.moving)  # a step on the Values has left its gradients there
        for value, number in zip(self.parameters.values, self.parameters.gradient[self.parameters.order].tolist()):
            if value not in moved:
                value.grad = number
        self.rule.hand_back()

    def after_callbacks(self) -> None:
        """Take up what callbacks may have changed in the optimiser; the parameters are followed by themselves."""
        self.rule.take_up()

    def finish(self) -> None:
        """Give the optimiser its memory back."""
        self.rule.hand_back()
        super().finish()


def _place(error: Exception) -> str:
    """The user's line that raised the error."""
    lines = [line_of(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__) if not is_ours(frame)]
    return lines[-1] + "raises " if lines else ""
