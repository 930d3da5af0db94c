"""Descent: what `program.descend(optimizer)` gives. One step is a gradient, and then the optimiser's rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from .batch import batch_of, check_lookups
from .update import Update

if TYPE_CHECKING:
    from .program import Program


class Descent:
    """Training of a program's parameters by an optimiser; made by `program.descend(optimizer)`.

    descent.step(X, Y)   one update by a batch
    descent.updates      how many were made
    descent.norm()       the Euclidean norm of the last gradient
    descent.store()      copies the program's vector, which runs ahead of them, to the Values
    descent.hand_back()  gives the optimiser its memory back

    An optimiser has `parameters`, and for each a dictionary in `memory`; `rule(p, g, memory)`, which gives the new number
    of a parameter; `step()` and `zero_grad()`. If its class itself, not a base class, has a list `options`, then
    its rule must be arithmetic that reads these options and nothing else of the optimiser: it is compiled, and moves all
    parameters at once. Any other optimiser makes its own `step()` on the Values.

    A step is made as a whole or not at all. If a cost, a derivative or a parameter would become inf or nan, it raises an
    ArithmeticError, and nothing has moved. After a KeyboardInterrupt `settle()` counts an update that had just been made.
    """

    def __init__(self, program: Program, optimizer: Any) -> None:
        self.program, self.optimizer, self.updates = program, optimizer, 0
        parameters = self.parameters = program.parameters
        self.moving = sorted({p for p in optimizer.parameters if p in parameters.place}, key=lambda p: parameters.place[p])
        # Where they are in the vector, followed by the entry that marks an update as made
        self._index = np.array([*(parameters.place[p] for p in self.moving), len(parameters.vector)], dtype=np.intp)
        self._whole = len(self.moving) == len(parameters.vector)
        self._slots = [i for i, p in enumerate(optimizer.parameters) if p in parameters.place]
        self._slots.sort(key=lambda i: parameters.place[optimizer.parameters[i]])
        self._compilable = _has_compiled_rule(optimizer) and 0 < len(self._slots) == len(self.moving)  # each is listed once
        self._options: Callable[[Any], Any] = attrgetter(*type(optimizer).options) if self._compilable else _nothing
        compiled = program.compiled
        self._takes = compiled.arguments, compiled.shapes, program.dtype
        self._lookups = compiled.lookups
        self._code = program.code()
        self._has_penalty = compiled.penalty is not None
        self._others_are_rows = compiled.others is not None and compiled.others.batched
        # A cost that is the same for all examples comes multiplied by their weights
        self._is_weighted = not compiled.outputs.batched and bool(compiled.arguments)
        # The rule on arrays, the memory that it works on, by name, and the options that it was compiled with
        self._update: Update | None = None
        self._names: list[str] = []
        self._memory: list[Any] = []
        self._turn = 0  # which of the update's functions comes next
        self._compiled_with: Any = None
        # What `settle` needs: the new memory of an update under way; the Values' numbers before a step on them
        self._pending: list[Any] | None = None
        self._before: list[float] | None = None
        self._norm: float | None = None  # of the gradient of a step on the Values

    def step(self, *batch: Any, weight: float | None = None) -> tuple[float, float, Any]:
        """Move the parameters by one batch: the sum of the examples' costs, the penalty (0 if there is none), and the others
        that a function with has_aux returns (None without it; the next step writes into them), all from before the update.

        weight  what each example's derivatives are multiplied by; if None it is 1/n, so that the gradient is the mean
        """
        program = self.program
        with program._running:
            arrays, n = batch_of(batch, *self._takes)
            if self._lookups:
                check_lookups(arrays, self._takes[0], self._lookups)
            self.parameters.synchronise()
            if self._update is not None and self._options(self.optimizer) != self._compiled_with:
                self.hand_back()
            if self._update is None and self._compilable:
                self._compile()
            cost, *rest = program._quiet.run(self._sweep, arrays, n, 1.0 / n if weight is None else weight)
            if self._update is None:
                self._step_on_values(arrays)
        penalty = float(rest.pop(0)) if self._has_penalty else 0.0
        others = rest[0] if rest and self._others_are_rows else program._others(rest, n, batch)
        return float(cost), penalty, others

    def _sweep(self, arrays: list[np.ndarray], n: int, scale: float) -> list[Any]:
        """Compute the gradient, and move the parameters if the rule is compiled; the sum of the costs and the other results."""
        run = self._code.built.get(n) or self._code.run(n, self.parameters.vector, self.parameters.gradient)
        results = [*run(*arrays, scale)]
        if self._is_weighted:
            results[0] /= scale
        if not math.isfinite(results[0] + results[1] if self._has_penalty else results[0]):
            self.program._explain_failure(self.program._all_ends(), arrays)
        if self._update is not None:
            self._step_on_arrays(self._update, arrays)
        return results

    def _step_on_arrays(self, update: Update, arrays: list[np.ndarray]) -> None:
        """Move the numbers of the vector by the compiled rule."""
        vector, gradient = self.parameters.marked, self.parameters.marked_gradient
        # The last entry belongs to no parameter. The one NumPy call that moves the parameters also sets it to 1: an interrupt
        # comes before or after that call, and `settle` can tell which
        vector[-1] = 0.0
        p, g = (vector, gradient) if self._whole else (vector[self._index], gradient[self._index])
        clip = getattr(self.optimizer, "clip", None)
        norm = 0.0 if clip is None else float(np.linalg.norm(g[:-1]))
        if clip is not None and norm > clip:
            g = g * (clip / norm)
        change, *memory = update(self._turn, p, g, self._memory)
        change[-1] = -1.0
        # inf and nan anywhere in g or the change make this product inf or nan (0·inf is nan); so may numbers that are large
        if not math.isfinite(np.dot(g, change)) or not (self._whole or np.isfinite(gradient).all()):
            self._refuse(p, change, arrays)
        self._pending, self._norm, self.parameters.ahead = memory, None, True
        if self._whole:
            np.subtract(p, change, out=p)
        else:
            vector[self._index] = p - change
        self.settle()

    def _refuse(self, p: np.ndarray, change: np.ndarray, arrays: list[np.ndarray]) -> None:
        """Raise the error that says what would become inf or nan, if anything would."""
        if not np.isfinite(self.parameters.gradient).all():
            self.program._explain_failure(self.program._all_ends(), arrays)
        if not np.isfinite(p - change).all():
            rate = getattr(self.optimizer, "lr", None)
            raise OverflowError(f"A parameter would become larger than any float: the learning rate {rate} is too large.")

    def _step_on_values(self, arrays: list[np.ndarray]) -> None:
        """Give the Values their gradients, and let the optimiser move them."""
        if not np.isfinite(self.parameters.gradient).all():
            self.program._explain_failure(self.program._all_ends(), arrays)
        self.store()
        self.optimizer.zero_grad()
        for p, number in zip(self.moving, self.parameters.gradient[self._index[:-1]].tolist()):
            p._grad = number if p._grad is None else p._grad + number  # as a sweep does, if the optimiser did not clear it
        self._norm = math.hypot(*[p.grad for p in self.optimizer.parameters])
        self._before = self._numbers()
        self.optimizer.step()
        self.updates, self._before = self.updates + 1, None  # the vector follows the Values at the next call

    def _numbers(self) -> list[float]:
        return [p.data for p in self.moving]

    def settle(self) -> None:
        """Count the update that has been made, if that is not done yet."""
        if self._pending is not None and self.parameters.marked[-1] == 1.0:
            # one line without a call, so that no interrupt comes in between
            self.updates, self._turn, self._memory, self._pending = self.updates + 1, 1 - self._turn, self._pending, None
        if self._before is not None and self._numbers() != self._before:
            self.updates, self._before = self.updates + 1, None

    # --- the optimiser's memory ---

    def _compile(self) -> None:
        """Compile the rule for the optimiser's memory, once its first step on Values has made that complete."""
        optimizer = self.optimizer
        memories = [optimizer.memory[slot] for slot in self._slots]
        first = memories[0]
        if any(memory.keys() != first.keys() for memory in memories):
            return
        same = [name for name, x in first.items() if type(x) is int and all(memory[name] == x for memory in memories)]
        columns = [name for name in first if name not in same]
        dtype = self.parameters.vector.dtype
        update = Update(optimizer.rule, columns, same, len(memories) + 1, dtype)
        if update.complete:
            self._names = [*columns, *same]
            arrays = [np.array([*(memory[name] for memory in memories), 0.0], dtype) for name in columns]
            self._memory = [*arrays, *(first[name] for name in same)]
            self._compiled_with = self._options(optimizer)
            self._update = update

    def hand_back(self) -> None:
        """Give the optimiser its memory, a dictionary for each parameter; the next step takes it up again."""
        self.settle()
        if self._update is None:
            return
        columns = {name: _column(x, len(self._slots)) for name, x in zip(self._names, self._memory)}
        for i, slot in enumerate(self._slots):
            self.optimizer.memory[slot] = {name: column[i] for name, column in columns.items()}
        self._update = None

    # --- the two sides ---

    def store(self) -> None:
        """Give the Values their numbers."""
        self.settle()
        if self.parameters.ahead:
            self.parameters.store_to()

    def store_gradients(self) -> None:
        """Give the Values the last update's gradient; a step on the Values has left its own there already."""
        left = set() if self._norm is None else set(self.moving)
        parameters = self.parameters
        for p, number in zip(parameters.values, parameters.gradient[parameters.order].tolist()):
            if p not in left:
                p.grad = number

    def norm(self) -> float:
        """The Euclidean norm of the last gradient, over the optimiser's parameters."""
        if self._norm is not None:
            return self._norm
        return math.hypot(*self.parameters.gradient[self._index[:-1]].tolist())

    def __repr__(self) -> str:
        return f"Descent({type(self.optimizer).__name__}, {len(self.moving)} parameters, {self.updates} updates)"


def _column(x: Any, length: int) -> list[Any]:
    """A name's numbers in the memory, one for each parameter; counters are whole numbers again."""
    if isinstance(x, np.ndarray):
        numbers: list[Any] = x.tolist()
        return numbers
    return [int(x) if float(x).is_integer() else float(x)] * length


def _has_compiled_rule(optimizer: Any) -> bool:
    """Whether the class itself lists the rule's options, and neither it nor the object has a step of its own."""
    own = {**vars(type(optimizer)), **vars(optimizer)}
    return "options" in vars(type(optimizer)) and "rule" not in vars(optimizer) and not {"step", "zero_grad"} & own.keys()


def _nothing(optimizer: Any) -> None:
    """The options of a rule that is not compiled."""
