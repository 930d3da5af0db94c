"""An optimiser's rule, moving all parameters of a compiled program at once."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

import numpy as np

from engine.compiler.inplace import InPlace
from engine.compiler.parameters import Parameters

from .optim import Optimizer


def has_a_way_of_its_own(optimizer: Optimizer) -> bool:
    """Whether `step` or `zero_grad` are not those of every optimiser, by the class or on the object itself."""
    kind = type(optimizer)
    return any(name in vars(optimizer) or getattr(kind, name) is not getattr(Optimizer, name) for name in ("step", "zero_grad"))


class UpdateRule:
    """The rule, compiled to work in place on the program's vector.

    An optimiser begins with an empty memory, which its rule fills. So the first step is made parameter by parameter, on the
    Values; then the memory becomes arrays, and the rule a program. An optimiser that is not arithmetic on one parameter and
    its own memory alone, or that has a `step` of its own, goes on step by step on the Values.
    """

    def __init__(self, optimizer: Optimizer, parameters: Parameters) -> None:
        self.optimizer, self.parameters = optimizer, parameters
        self.moving = [p for p in optimizer.parameters if p in parameters.place]
        self.index = np.array([parameters.place[p] for p in self.moving], dtype=np.intp)
        self.whole = len(self.moving) == len(set(self.moving)) == len(parameters.vector)
        self.slot = {p: i for i, p in enumerate(optimizer.parameters)}  # of each parameter in the optimiser's memory
        twice = len(self.moving) > len(set(self.moving))  # who is named twice moves twice
        self.own_way = twice or has_a_way_of_its_own(optimizer)
        self.p = self.g = np.zeros(0)
        self.rule: InPlace | None = None
        self.memory: dict[str, np.ndarray] = {}
        self.counts: dict[str, float] = {}
        self.options: Any = None  # those that the rule was compiled with
        self.refusals = 0
        self._norm_by_values = 0.0

    def begin(self) -> None:
        """Before an epoch: notice if the learning rate or another option was changed."""
        if self.rule and self._options() != self.options:
            self.hand_back()
            self._compile()

    def _options(self) -> Any:
        """What the rule may read besides its arguments."""
        return deepcopy({name: x for name, x in vars(self.optimizer).items() if name not in ("parameters", "memory", "warn")})

    def step(self) -> None:
        """Move the parameters by the program's gradient."""
        if self.rule is None:
            self._step_by_values()
            return
        if not self.whole:
            np.take(self.parameters.vector, self.index, out=self.p, mode="clip")
            np.take(self.parameters.gradient, self.index, out=self.g, mode="clip")
        counts = self.rule(*self.counts.values())
        if counts:
            self.counts = dict(zip(self.counts, counts))
        if not self.whole:
            self.parameters.vector[self.index] = self.p

    def _step_by_values(self) -> None:
        parameters = self.parameters
        parameters.store_to()
        self.optimizer.zero_grad()
        for value, number in dict(zip(self.moving, parameters.gradient[self.index].tolist())).items():
            value._grad = number if value._grad is None else value._grad + number  # as a sweep does, if it was not cleared
        self._norm_by_values = math.hypot(*[p.grad for p in self.optimizer.parameters])
        self.optimizer.step()
        parameters.load_from()
        if not self.own_way and self.refusals < 3:
            self._compile()

    def _compile(self) -> None:
        """Compile the rule for the arrays of its memory, if it can be."""
        optimizer, vector = self.optimizer, self.parameters.vector
        self.rule = None
        if not self._gather():
            return
        self.p = vector if self.whole else vector[self.index]
        self.g = self.parameters.gradient if self.whole else self.parameters.gradient[self.index]

        def rule(symbols: dict[str, Any]) -> dict[str, Any]:
            p, g = symbols.pop("p"), symbols.pop("g")
            return {"p": optimizer.rule(p, g, symbols), **symbols}

        before = dict(vars(optimizer))
        self.options = self._options()
        try:
            self.rule = InPlace(rule, {"p": self.p, "g": self.g, **self.memory}, list(self.counts), read=["g"])
        except Exception:  # whatever a rule may do with symbols that it could do with numbers: it goes on with numbers
            self.refusals += 1
        if self._options() != self.options:  # it keeps something on the optimiser: put that back
            vars(optimizer).clear()
            vars(optimizer).update(before)
            self.rule, self.own_way = None, True

    def _gather(self) -> bool:
        """The memory of all parameters as arrays; False if it is not the same, and numbers, for all."""
        memories = [self.optimizer.memory[self.slot[p]] for p in self.moving]
        first = memories[0] if memories else {}
        numbers = [number for memory in memories for number in memory.values()]
        if (
            not memories
            or any(memory.keys() != first.keys() for memory in memories)
            or not {"p", "g"}.isdisjoint(first)
            or not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers)
        ):
            return False
        same = {name for name, x in first.items() if type(x) is int and all(memory[name] == x for memory in memories)}
        self.counts = {name: first[name] for name in first if name in same}
        self.memory = {}
        for name in first.keys() - same:
            column = np.array([memory[name] for memory in memories], dtype=float)
            self.memory[name] = np.empty_like(column)
            self.memory[name][self._rows()] = column
        return True

    def _rows(self) -> np.ndarray:
        """Where each moving parameter's number is in the arrays of the memory."""
        return self.index if self.whole else np.arange(len(self.moving))

    def norm(self) -> float:
        """The Euclidean norm of the gradient of the parameters that move."""
        if self.rule is None:
            return self._norm_by_values
        return math.hypot(*self.parameters.gradient[self.index].tolist())

    def hand_back(self) -> None:
        """Give the optimiser its memory, a dictionary for each parameter."""
        if self.rule is None:
            return
        columns = {name: array[self._rows()].tolist() for name, array in self.memory.items()}
        counts = {name: int(x) if float(x).is_integer() else float(x) for name, x in self.counts.items()}
        for i, p in enumerate(self.moving):
            self.optimizer.memory[self.slot[p]] = {**{name: column[i] for name, column in columns.items()}, **counts}

    def take_up(self) -> None:
        """Take the optimiser's memory again, after somebody may have changed it."""
        if self.rule is not None:
            self._compile()

    def snapshot(self) -> Any:
        """The state before an epoch, to go back to."""
        return self.parameters.vector.copy(), {name: array.copy() for name, array in self.memory.items()}, dict(self.counts)

    def restore(self, state: Any) -> None:
        """Go back to it; the same state serves several times."""
        vector, memory, counts = state
        self.parameters.vector[:] = vector
        self.counts = dict(counts)
        for name, array in memory.items():
            self.memory[name][:] = array
