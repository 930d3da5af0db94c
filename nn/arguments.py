"""What `fit` may be given: each argument is checked before training starts, with a one-sentence error."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from numbers import Real
from random import Random
from typing import Any

import numpy as np

from ..engine import Value
from ..engine.arrays import shown
from .losses import SOFTMAX_TWICE, Loss, binary_cross_entropy, cross_entropy
from .optim import BY_NAME, SGD, Optimizer
from .penalties import Penalty
from .stopping import Stop


def check_match(model: Any, loss: Loss) -> None:
    """Refuse a loss of probabilities for outputs that are not probabilities."""
    last = model.output_activation
    if last is None:
        return
    low, high = last.image
    if loss is cross_entropy and last.name == "softmax":
        raise ValueError(SOFTMAX_TWICE)
    if loss is binary_cross_entropy and not last.custom and (low < 0 or high > 1):
        raise ValueError(
            f"binary_cross_entropy takes probabilities, and {last} also gives numbers outside [0, 1]: write output='sigmoid', "
            "or use the loss binary_cross_entropy_with_logits with output='linear'."
        )


def check_cost(cost: Any, what: str) -> None:
    """Refuse a loss or a penalty that returns anything but a Value."""
    if isinstance(cost, Value):
        return
    number = isinstance(cost, Real)
    returned = f"the number {cost}, through which no gradient flows" if number else shown(cost)
    raise ValueError(f"The {what} must return one Value, computed from the Values it is given; it returned {returned}.")


def check_penalty(penalty: Any) -> None:
    """Refuse anything but a penalty with its strength."""
    if penalty is not None and (not callable(penalty) or getattr(penalty, "__name__", "") in ("l1", "l2")):
        raise ValueError(f"penalty takes a penalty with its strength, l2(0.1) or l1(0.1); it was given {shown(penalty)}.")


def check_penalty_of(model: Any, penalty: Penalty | None, examples: int) -> None:
    """Refuse a penalty that returns anything but a Value for this model. If it overflows, the run itself will say where."""
    if penalty is not None:
        with suppress(ArithmeticError):
            check_cost(penalty(model, examples), "penalty")


def check_reduction(reduction: Any) -> None:
    """Refuse a reduction other than the two."""
    if not isinstance(reduction, str) or reduction not in ("mean", "sum"):
        raise ValueError(f'reduction = {shown(reduction)}: give "mean" or "sum".')


def check_compiled(compiled: Any) -> None:
    """Refuse anything but None, True or False."""
    if compiled is not None and not isinstance(compiled, bool):
        raise ValueError(f"compiled = {shown(compiled)}: give None, True or False.")


def check_backend(backend: Any, devices: Any, compiled: bool | None) -> None:
    """Refuse a backend other than the two, and what goes with one of them only."""
    if not isinstance(backend, str) or backend not in ("numpy", "jax"):
        raise ValueError(f'backend = {shown(backend)}: give "numpy" or "jax".')
    if backend == "jax" and compiled is False:
        raise ValueError('backend="jax" runs compiled programs, so compiled=False does not go with it.')
    if backend == "numpy" and devices is not None:
        raise ValueError('devices go with backend="jax"; NumPy computes on one machine\'s processor.')


def is_whole(number: Any) -> bool:
    """Whether this is an integer; True and False are not meant as numbers."""
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool)


def check_whole(number: Any, name: str, least: int) -> None:
    """Refuse what is not a whole number of at least so many."""
    if not is_whole(number) or number < least:
        raise ValueError(f"{name} = {number!r}: give a whole number, at least {least}.")


def batch_of(batch_size: int | str, examples: int) -> int:
    """How many examples an update sees."""
    if isinstance(batch_size, str) and batch_size == "all":
        return examples
    if not is_whole(batch_size) or int(batch_size) < 1:
        raise ValueError(f'batch_size = {shown(batch_size)}: give a number of examples, at least 1, or "all".')
    return int(batch_size)


def epochs_of(epochs: int | None, conditions: list[Stop]) -> int | None:
    """How many passes over the data at most; 10 if neither they nor a condition to stop are given."""
    if epochs is None:
        return None if conditions else 10
    if not is_whole(epochs) or epochs < 1:
        raise ValueError(f"epochs = {shown(epochs)}: give a whole number of passes over the data, at least 1.")
    return int(epochs)


def random_of(seed: int | None) -> Random:
    """The source of randomness of a run."""
    if isinstance(seed, np.integer):
        seed = int(seed)
    if seed is not None and not isinstance(seed, (int, float, str, bytes)):
        raise ValueError(f"seed = {shown(seed)}: give a whole number, or None for a different run each time.")
    return Random(seed)


def generator_of(seed: Any) -> np.random.Generator:
    """The source of randomness of a network that learns without gradients, whose numbers are arrays."""
    if seed is not None and (not is_whole(seed) or seed < 0):
        raise ValueError(f"seed = {shown(seed)}: give a whole number, at least 0, or None for a different run each time.")
    return np.random.default_rng(seed)


def conditions_of(stop: Any) -> list[Stop]:
    """The stopping conditions, as a list."""
    conditions = None if callable(stop) else as_list(stop)
    if conditions is None or any(isinstance(condition, type) or not callable(condition) for condition in conditions):
        raise ValueError("stop takes a list of conditions, instances and not classes, such as stop=[Target(0.01)]; it was given "
                         f"{shown(stop)}.")  # fmt: skip
    return conditions


def callbacks_of(callbacks: Any) -> list[Callable[..., None]]:
    """The callbacks, as a list."""
    functions = None if callable(callbacks) else as_list(callbacks)
    if functions is None or not all(map(callable, functions)):
        raise ValueError("callbacks takes a list of functions of (history, model), such as callbacks=[watch]; it was given "
                         f"{shown(callbacks)}.")  # fmt: skip
    return functions


def as_list(given: Any) -> list[Any] | None:
    """What can be iterated over, as a list; None for anything else."""
    return list(given) if isinstance(given, Iterable) else None


def optimizer_for(model: Any, wanted: Optimizer | str | None) -> Optimizer:
    """The optimiser itself, or a new one of that name; SGD with learning rate 0.1 for None."""
    if not model.parameters():
        raise ValueError("This module has no parameters to train: they are its attributes (of self, not of the class) that are "
                         "Values or modules, or lists, tuples and dictionaries of them.")  # fmt: skip
    if wanted is None:
        return SGD(model.parameters(), lr=0.1)
    if isinstance(wanted, type) and issubclass(wanted, Optimizer):
        raise ValueError(f"optimizer takes an instance, not a class: {wanted.__name__}(model.parameters(), lr=0.1).")
    if isinstance(wanted, str):
        name = wanted.lower()
        if name not in BY_NAME:
            raise ValueError(f"There is no optimiser {shown(name)}; there are {', '.join(BY_NAME)}.")
        kind: Any = BY_NAME[name]  # each has a default learning rate of its own
        made: Optimizer = kind(model.parameters())
        return made
    if not isinstance(wanted, Optimizer):
        raise ValueError(f"optimizer takes an optimiser such as SGD(model.parameters(), lr=0.1), or a name, one of "
                         f"{', '.join(BY_NAME)}; it was given {shown(wanted)}.")  # fmt: skip
    if not set(wanted.parameters) & set(model.parameters()):
        raise ValueError("This optimiser has the parameters of another model: make it with model.parameters().")
    return wanted


def validation_of(validation: Any) -> float | tuple[Any, Any] | None:
    """A share of the data, or a pair of X and y."""
    if isinstance(validation, (tuple, list)):
        if len(validation) != 2:
            raise ValueError(f"validation takes a share such as 0.2, or (X, y); it was given {len(validation)} things.")
        return validation[0], validation[1]
    if validation is not None and (not isinstance(validation, Real) or isinstance(validation, bool)):
        raise ValueError(f"validation takes a share such as 0.2, or (X, y); it was given {shown(validation)}.")
    return None if validation is None else float(validation)


def split(count: int, validation: float | tuple[Any, Any] | None, random: Random) -> tuple[list[int], list[int]]:
    """Positions to train on and positions to set aside: a random share, if `validation` is a number."""
    order = list(range(count))
    if validation is None or isinstance(validation, tuple):
        return order, []
    if not 0 < validation < 1 or not 1 <= round(count * validation) < count:
        raise ValueError(f"validation = {validation}: give a share that leaves examples on both sides, or (X, y).")
    random.shuffle(order)
    aside = round(count * validation)
    return sorted(order[aside:]), sorted(order[:aside])
