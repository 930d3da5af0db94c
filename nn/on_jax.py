"""Training by JAX: fit(..., backend="jax"). An epoch is one program of XLA, a scan over its batches.

The cost is traced and compiled as in compiled.py; `program.to_jax` makes it a function for JAX, whose gradient JAX computes. The
optimiser's own rule, which is arithmetic, moves the parameters there as well. With `devices` the batches are cut into equal
shares, one for each device; every device has all parameters, and per update they exchange one thing, the sum of the gradients
(docs/past_one_machine.md).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from .. import engine
from .compiled import CompiledRun
from .jax_updates import Shares, updates_of
from .optim import Optimizer


class JaxRun(CompiledRun):
    """One run of training by JAX. Raises a TracingError if the network or the cost cannot be traced."""

    def __init__(self, *run: Any, devices: Any, batch_size: int) -> None:
        self.memory: dict[str, dict[str, Any]] | None = None  # the optimiser's, by leaf; None while it has it itself
        self.first = True  # whether the next update is the one that makes the memory
        self.gradient: dict[str, Any] = {}  # of the last update
        super().__init__(*run)
        check_rule(self.optimizer)
        self.shares = Shares(devices, batch_size)

    def _trace(self) -> None:
        """Compile the cost, and make it a function for JAX."""
        self._hand_back()
        super()._trace()
        self.function, _ = self.program.to_jax(parts=True)
        self.leaves = self.program.parameters.leaves
        trained = set(self.optimizer.parameters)
        self.place = {p: i for p, i in self.program.parameters.place.items() if p in trained}
        moving = np.zeros(len(self.program.parameters.vector), dtype=bool)
        moving[list(self.place.values())] = True
        self.moving = {name: moving[index] for name, index in self.leaves.items()}
        self.epochs: dict[Any, Callable[..., Any]] = {}

    # --- an epoch ---

    def _updates(self, batches: list[list[int]]) -> tuple[float, float, float]:
        """An update for each batch; the sums of the costs, of the penalties, and of the hits."""
        import jax

        order = np.array([i for batch in batches for i in batch], dtype=np.intp)
        outputs: list[np.ndarray] = []
        costs: list[np.ndarray] = []
        penalties: list[np.ndarray] = []
        self.program.parameters.synchronise()  # callbacks may have assigned to the Values
        with jax.enable_x64(True):
            params = self.shares.whole(self._split(self.program.parameters.vector))
            for group in self._groups(batches):
                x, y = self._stacked(self.x, group), self._stacked(self.y, group)
                given = params, self.memory, self.optimizer.lr, x, y
                after = self._compiled(careful=False)(*given)
                if not after[3]:  # something became inf or nan: once more, to stop right before it
                    after = self._compiled(careful=True)(*given)
                params, memory, self.gradient, made, *found = after
                if made:  # else the optimiser's memory stays as it was
                    self.memory, self.first = memory, False
                self.program.load_from({name: np.asarray(array) for name, array in params.items()})
                self.history.updates += int(made)
                if made < len(group):
                    self._refuse(group[int(made)])
                for kept, part in zip((costs, penalties, outputs), map(np.asarray, found)):
                    kept.append(part.reshape(-1, self.width) if kept is outputs else part)
            self.norm = math.sqrt(sum(float((g[m] ** 2).sum()) for g, m in self._gradients_and_masks()))
        return (float(np.concatenate(costs).sum()), float(np.concatenate(penalties).sum()),
                self.targets.hits(order, np.concatenate(outputs)))  # fmt: skip

    def _groups(self, batches: list[list[int]]) -> list[list[list[int]]]:
        """The batches that one scan can take together: those of one size. The first update of all makes the optimiser's memory,
        whose form a scan has to know beforehand, so it comes alone."""
        if self.memory is None:
            self.memory = self._taken_up()
            self.first = not any(self.memory.values())
        cuts = {0, len(batches), *([1] if self.first else [])}
        cuts |= {i for i in range(1, len(batches)) if len(batches[i]) != len(batches[i - 1])}
        ends = sorted(cuts)
        return [batches[a:b] for a, b in pairwise(ends)]

    def _stacked(self, array: np.ndarray, group: list[list[int]]) -> Any:
        """The examples of these batches, (batches, n, ...), each device having its share of every batch."""
        return self.shares.cut(array[np.array(group, dtype=np.intp)])

    def _compiled(self, *, careful: bool) -> Callable[..., Any]:
        """The first update of all, or a scan over batches, compiled for the options that the rule reads now. The learning rate
        is an argument, since it often changes."""
        import jax

        kinds = bool, int, float, tuple
        options = sorted((name, x) for name, x in vars(self.optimizer).items() if isinstance(x, kinds) and name != "lr")
        key = careful, self.first, *options
        if key not in self.epochs:
            moving = {} if all(mask.all() for mask in self.moving.values()) else self.moving
            self.epochs[key] = jax.jit(updates_of(
                self.function, self.optimizer, moving, first=self.first, careful=careful, mean=self.mean, shares=self.shares,
            ))  # fmt: skip
        return self.epochs[key]

    def _refuse(self, batch: list[int]) -> None:
        """Raise the error that says what became inf or nan in this update; none of it was kept."""
        self.inside = True
        self.program.value_and_grad(self.x[batch], self.y[batch], check=True)
        rate = self.optimizer.lr
        raise OverflowError(f"A parameter would become larger than any float: the learning rate {rate} is too large.")

    # --- the Values' side ---

    def _split(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        return {name: vector[index] for name, index in self.leaves.items()}

    def _joined(self, arrays: dict[str, Any]) -> np.ndarray:
        vector = np.zeros(len(self.program.parameters.vector))
        for name, index in self.leaves.items():
            vector[index] = np.asarray(arrays[name])
        return vector

    def _gradients_and_masks(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return [(np.asarray(self.gradient[name]), mask) for name, mask in self.moving.items()]

    def _taken_up(self) -> dict[str, dict[str, Any]]:
        """The optimiser's memory, a dictionary for each parameter, as arrays."""
        slots = zip(self.optimizer.parameters, self.optimizer.memory)
        memories = [(self.place[p], memory) for p, memory in slots if p in self.place]
        names = list(memories[0][1]) if memories else []
        if any(list(memory) != names for _, memory in memories):
            raise ValueError(
                'Some parameters of this optimiser have made steps and others none; backend="jax" moves all together: give a new '
                "optimiser, or train without a backend."
            )
        found: dict[str, dict[str, Any]] = {name: {} for name in self.leaves}
        for name in names:
            numbers = [memory[name] for _, memory in memories]
            if all(type(x) is int and x == numbers[0] for x in numbers):
                for memory in found.values():
                    memory[name] = np.asarray(numbers[0])
                continue
            vector = np.zeros(len(self.program.parameters.vector))
            vector[[place for place, _ in memories]] = numbers
            for leaf, array in self._split(vector).items():
                found[leaf][name] = array
        return found

    def _hand_back(self) -> None:
        """Give the optimiser its memory."""
        if not self.memory:
            return
        columns: dict[str, list[Any]] = {}
        for name in next(iter(self.memory.values())):
            arrays = {leaf: np.asarray(memory[name]) for leaf, memory in self.memory.items()}
            columns[name] = self._joined(arrays).tolist()
            if all(array.dtype.kind == "i" for array in arrays.values()):
                columns[name] = list(map(int, columns[name]))
        for i, p in enumerate(self.optimizer.parameters):
            if p in self.place:
                self.optimizer.memory[i] = {name: column[self.place[p]] for name, column in columns.items()}
        self.memory = None

    def settle(self) -> None:
        """An epoch is made as a whole or not at all, so nothing is left to be counted."""
        self.inside = False

    def before_callbacks(self) -> None:
        """Give each parameter Value the gradient of the last update, and the optimiser its memory."""
        gradient = self._joined(self.gradient).tolist()
        for p, place in self.program.parameters.place.items():
            p.grad = gradient[place]
        self._hand_back()

    def finish(self) -> None:
        """Give the Values their numbers and the optimiser its memory, however the run ended."""
        self._hand_back()
        super().finish()


def check_rule(optimizer: Optimizer) -> None:
    """Refuse an optimiser that makes its steps on the Values, or whose rule does not take arrays."""
    import jax

    own = [name for name in ("step", "zero_grad") if getattr(type(optimizer), name) is not getattr(Optimizer, name)]
    if own or {"step", "zero_grad"} & vars(optimizer).keys():
        raise ValueError(
            f'{type(optimizer).__name__} has a step of its own, which works on Values: backend="jax" needs an optimiser that '
            "defines a rule and nothing else, as those in nn.optim do."
        )

    def once(p: Any, g: Any, lr: Any) -> Any:
        working = copy.copy(optimizer)
        working.lr = lr
        return working.rule(p, g, {})

    try:
        jax.eval_shape(once, 0.0, 0.0, 0.0)
    except jax.errors.ConcretizationTypeError as error:
        raise engine.TracingError(
            f"The rule of {type(optimizer).__name__} looks at a number (a comparison, if, float, a function of math), and for "
            'backend="jax" a rule must be arithmetic alone: + - * / and **.'
        ) from error
