"""Pass 1: run the function once on Values and keep the graph.

The inputs become Values that stand for the entries of any example; every other leaf that is not a constant is a parameter.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from ...modes import TracingError, no_grad, tracing
from ...value import Constant, Value


class Trace(NamedTuple):
    """What a function did with one example.

    names      of its arguments
    inputs     for each argument its Values in the order of an array's entries, and the shape of that array
    outputs    what it returned: Values, the cost first
    extra      how many of the outputs, at the end, are others than the result (has_aux)
    several    whether the result is a list
    penalty    what is added once to the cost of a batch; None if nothing is
    """

    names: list[str]
    inputs: list[tuple[list[Value], tuple[int, ...]]]
    outputs: list[Value]
    extra: int
    several: bool
    penalty: Value | None


def trace(
    f: Callable[..., Any], examples: Sequence[np.ndarray], *, has_aux: bool = False,
    penalty: Callable[[], Any] | None = None,
) -> Trace:  # fmt: skip
    """Run f on one example, an array for each argument."""
    names = argument_names(f, len(examples))
    inputs = [(_values(name, example), example.shape) for name, example in zip(names, examples)]
    with tracing(), no_grad.off():  # a trace needs the graph, even inside no_grad()
        result = f(*[nested(values, shape) for values, shape in inputs])
        others: list[Value] = []
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TracingError(f"With has_aux the function returns (cost, list of others); it returned {_kind(result)}.")
            result, beside = result
            others = [] if _is_list(beside) and not len(beside) else _flat(beside)
        several = _is_list(result)
        outputs = _flat(result)
        added = _one(penalty(), "penalty") if penalty else None
    return Trace(names, inputs, [*outputs, *others], len(others), several, added)


def argument_names(f: Callable[..., Any], count_of: int) -> list[str]:
    """What the function calls its arguments."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # a builtin without a signature
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"x{i + 1}" for i in range(count_of)]


def _values(name: str, example: np.ndarray) -> list[Value]:
    if not np.isfinite(example).all():
        wrong = float(example[~np.isfinite(example)].flat[0])
        raise ValueError(f"{name} has {wrong} in the first example, with which the function is traced: give finite numbers.")
    return [Value(number, name) for number in example.ravel().tolist()]


def nested(values: list[Value], shape: tuple[int, ...]) -> Any:
    """The values as lists in lists of that shape; a single value for the shape ()."""
    if not shape:
        return values[0]
    things: list[Any] = list(values)
    for axis in range(len(shape) - 1, 0, -1):
        length = shape[axis]
        things = [things[i * length : (i + 1) * length] for i in range(math.prod(shape[:axis]))]
    return things


def _flat(result: Any) -> list[Value]:
    things = list(result) if _is_list(result) else [result]
    if not things:
        raise TracingError("The function returned an empty list; it must return a Value or a list of Values.")
    return [_one(thing) for thing in things]


def _is_list(result: Any) -> bool:
    return isinstance(result, (list, tuple, np.ndarray))


def _one(thing: Any, what: str = "function") -> Value:
    if isinstance(thing, Value):
        return thing
    if isinstance(thing, (int, float, np.number)) and not isinstance(thing, bool):
        return Constant(thing)
    wanted = "a Value" if what == "penalty" else "a Value or a flat list of Values"
    raise TracingError(f"The {what} must return {wanted}; it returned {_kind(thing)}.")


def _kind(thing: Any) -> str:
    return "nothing (None)" if thing is None else f"{thing!r:.60}, of type {type(thing).__name__}"


def unique_names(wanted: Sequence[str]) -> list[str]:
    """The names, each made different from those before it by a number."""
    taken: set[str] = set()
    names = []
    for name in wanted:
        free = name if name not in taken else next(f"{name}_{i}" for i in count(2) if f"{name}_{i}" not in taken)
        taken.add(free)
        names.append(free)
    return names
