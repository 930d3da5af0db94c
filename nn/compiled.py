"""Training by a compiled program: the same run as in run.py, a batch at a time on arrays.

The cost of one example is traced once and compiled; so is the optimiser's rule. While an epoch runs, the program's vector
holds the parameters; after each epoch they are stored to the Values, so that whoever looks at the model sees the truth,
and what is assigned to a Value's data meanwhile is taken over at the next epoch.
"""

import math
from typing import Any

import numpy as np

import engine
from engine.compiler.inplace import InPlace
from engine.primitive import UndefinedError

from .losses import Loss, several
from .optim import Optimizer
from .penalties import Penalty
from .run import Run
from .targets import Targets


class CompiledRun(Run):
    """One run of training, compiled. Raises a TracingError if the network or the cost cannot be traced."""

    def __init__(
        self, model: Any, optimizer: Optimizer, loss: Loss, rows: np.ndarray, targets: Targets, penalty: Penalty | None,
        reduction: str,
    ) -> None:  # fmt: skip
        super().__init__(model, optimizer, loss, rows.tolist()[:1], targets, penalty, reduction)
        self.x, self.y = np.ascontiguousarray(rows), np.ascontiguousarray(targets.numbers)

        def cost(x: Any, y: Any) -> "tuple[Any, list[Any]]":
            prediction = model(x)
            return loss(prediction, y), several(prediction)

        charge = (lambda: penalty(model, len(rows))) if penalty else None
        self.program = engine.compile(cost, has_aux=True, penalty=charge).trace(self.x[:1], self.y[:1])
        self.size = len(rows)
        self.parameters = self.program.parameters
        self.update_rule = UpdateRule(optimizer, self.parameters)

    def epoch(self, batches: "list[list[int]]") -> None:
        """One pass over the data; the history gets its entries."""
        self.parameters.synchronise()
        self.update_rule.begin()
        order = np.array([i for batch in batches for i in batch], dtype=np.intp)
        largest = max(map(len, batches))
        xs, ys = (np.empty((largest, *array.shape[1:])) for array in (self.x, self.y))
        outputs, ends = np.empty((len(order), self.targets.n_out)), np.cumsum([len(batch) for batch in batches]).tolist()
        vector, gradient = self.parameters.vector, self.parameters.gradient
        code, mean, step = self.program.code(), self.mean, self.update_rule.step
        costs = penalties = 0.0
        start = 0
        try:
            with np.errstate(all="ignore"):
                for end in ends:
                    self.inside = True
                    n = end - start
                    run = code.built.get(n) or code.run(n, vector, gradient)
                    x = np.take(self.x, order[start:end], axis=0, out=xs[:n], mode="clip")
                    y = np.take(self.y, order[start:end], axis=0, out=ys[:n], mode="clip")
                    cost, *charge, outputs[start:end] = run(x, y, 1.0 / n if mean else 1.0)
                    square = np.dot(gradient, gradient)
                    if not (math.isfinite(cost) and math.isfinite(square)):
                        self._check(cost, x, y)
                    if charge:
                        penalties += float(charge[0])
                    costs += float(cost)
                    step()
                    self.parameters.ahead = True
                    self.history.updates += 1
                    self.inside = False
                    start = end
        finally:
            self.norm = self.update_rule.norm()
            self.parameters.store_to()
        self._note(costs, self.targets.hits(order, outputs), penalties / len(ends))

    def _check(self, cost: float, x: np.ndarray, y: np.ndarray) -> None:
        """Raise the error that says where the numbers were left, if they were."""
        if not (math.isfinite(cost) and np.isfinite(self.parameters.gradient).all()):
            self.program.value_and_grad(x, y, copy=False)
            raise UndefinedError("The sum of the costs of a batch is too large for a float.")

    def judge(self, X: np.ndarray, targets: Targets) -> "tuple[float, float]":
        """The cost over other examples, reduced, and the share decided rightly."""
        costs, outputs = self.program(X, targets.numbers)
        total = math.fsum(costs.tolist())
        return (total / len(X) if self.mean else total), targets.hits(range(len(X)), outputs) / len(X)

    def show_gradients(self) -> None:
        """Give each parameter Value the gradient of the last update, for a callback to look at."""
        for value, number in zip(self.parameters.values, self.parameters.gradient[self.parameters.order].tolist()):
            value.grad = number

    def finish(self) -> None:
        """Give the optimiser its memory back."""
        self.update_rule.finish()


class UpdateRule:
    """The optimiser's rule, moving the program's vector in place.

    An optimiser begins with an empty memory, which its rule fills; so the first step is made parameter by parameter, on
    the Values, and its memory becomes arrays. An optimiser whose rule is not arithmetic alone goes on in that way.
    """

    def __init__(self, optimizer: Optimizer, parameters: Any) -> None:
        self.optimizer, self.parameters = optimizer, parameters
        self.moving = [p for p in optimizer.parameters if p in parameters.place]
        self.index = np.array([parameters.place[p] for p in self.moving], dtype=np.intp)
        self.all = len(self.moving) == len(parameters.vector)
        self.memory: dict[str, np.ndarray] = {}
        self.counts: dict[str, float] = {}
        self.options: Any = None  # those that the rule was compiled with
        self.rule: InPlace | None = None

    def begin(self) -> None:
        """Before an epoch: notice if the learning rate or another option was changed."""
        if self.rule and self._options() != self.options:
            self._compile()

    def _options(self) -> Any:
        return {name: option for name, option in vars(self.optimizer).items() if name not in ("parameters", "memory", "warn")}

    def step(self) -> None:
        """Move the parameters by the program's gradient."""
        if self.rule is None:
            self._step_by_values()
            return
        p, g = self.parameters.vector, self.parameters.gradient
        if not self.all:
            np.take(p, self.index, out=self.p, mode="clip")
            np.take(g, self.index, out=self.g, mode="clip")
        counts = self.rule(*self.counts.values())
        if counts:
            self.counts = dict(zip(self.counts, counts))
        if not self.all:
            p[self.index] = self.p

    def _step_by_values(self) -> None:
        parameters = self.parameters
        parameters.store_to()
        self.optimizer.zero_grad()
        for value, number in zip(self.moving, parameters.gradient[self.index].tolist()):
            value.grad = number
        self.optimizer.step()
        parameters.load_from()
        self._compile()

    def _compile(self) -> None:
        """Compile the rule for the arrays of its memory, if it can be."""
        optimizer, vector = self.optimizer, self.parameters.vector
        if type(optimizer).step is not Optimizer.step:
            return
        if self.rule is None and not self._gather_memory():
            return
        self.p = vector if self.all else vector[self.index]
        self.g = self.parameters.gradient if self.all else self.parameters.gradient[self.index]

        def rule(symbols: "dict[str, Any]") -> "dict[str, Any]":
            p, g = symbols.pop("p"), symbols.pop("g")
            return {"p": optimizer.rule(p, g, symbols), **symbols}

        try:
            self.rule = InPlace(rule, {"p": self.p, "g": self.g, **self.memory}, list(self.counts))
            self.options = self._options()
        except (TypeError, KeyError):  # the rule looks at numbers, or does not keep its memory as a number for each parameter
            self.finish()
            self.rule = None

    def _gather_memory(self) -> bool:
        """The memory of all parameters as arrays; False if it is not the same for all."""
        memories = [memory for p, memory in zip(self.optimizer.parameters, self.optimizer.memory) if p in self.parameters.place]
        first = memories[0] if memories else {}
        if not memories or any(memory.keys() != first.keys() for memory in memories) or {"p", "g"} & first.keys():
            return False
        counts = {name: number for name, number in first.items() if isinstance(number, int)}
        if any(memory[name] != number for memory in memories for name, number in counts.items()):
            return False
        numbers = [number for memory in memories for number in memory.values()]
        if not all(isinstance(number, (int, float)) for number in numbers):
            return False
        self.counts = dict(counts)
        self.memory = {}
        for name in first.keys() - counts.keys():
            column = np.array([memory[name] for memory in memories])
            self.memory[name] = np.empty_like(column)
            self.memory[name][self._slots()] = column
        return True

    def _slots(self) -> np.ndarray:
        """Where each moving parameter's number is in the arrays of the memory."""
        return self.index if self.all else np.arange(len(self.moving))

    def norm(self) -> float:
        """The Euclidean norm of the gradient of the parameters that move."""
        g = self.parameters.gradient if self.all else self.parameters.gradient[self.index]
        return math.hypot(*g.tolist()) if len(g) else 0.0

    def finish(self) -> None:
        """Give the optimiser its memory back, a dictionary for each parameter."""
        if self.rule is None:
            return
        columns = {name: array[self._slots()].tolist() for name, array in self.memory.items()}
        counts = {name: int(number) for name, number in self.counts.items()}
        place = {p: i for i, p in enumerate(self.moving)}
        for k, p in enumerate(self.optimizer.parameters):
            if p in place:
                self.optimizer.memory[k] = {**{name: column[place[p]] for name, column in columns.items()}, **counts}
