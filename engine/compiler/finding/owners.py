"""Who holds the parameters: the variables and attributes through which a function reads its Values, as arrays with names.

    W = [[Value(...), ...], ...]          a variable of a closure or a module: W, of its shape
    self.Wq, params["Wq"]                 an attribute, a key: Wq
    blocks[1].Wq                          one of a list of things: Wq2
    layers[0].neurons[2].w                a list in a list: no name, since such arrays are parts of something larger

Only what the function mentions is looked at, and nothing is called.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np

from ...value import Value

FAR = 8  # steps from the function to an array


class Owned(NamedTuple):
    """An array of Values: its name, a longer one in case others have the same, and the Values' places among the parameters."""

    name: str
    longer: str
    places: np.ndarray


class _Thing(NamedTuple):
    """Something that was reached: by which name, from what, and as which of a list."""

    held: Any
    name: str
    holder: str = ""
    number: str = ""
    steps: int = 0


def owners(functions: Iterable[Any], place: Mapping[Value, int]) -> list[Owned]:
    """The arrays that these functions read, nearest first, each once. Values without a place count as -1."""
    found: dict[bytes, Owned] = {}
    seen: set[int] = set()
    waiting = deque(_Thing(f, "") for f in functions if f is not None)
    while waiting:
        thing = waiting.popleft()
        if id(thing.held) in seen or thing.steps > FAR:
            continue
        seen.add(id(thing.held))
        array = _array(thing.held)
        if array is None:
            waiting.extend(_inside(thing))
            continue
        places = np.array([place.get(value, -1) for value in array.flat], dtype=int).reshape(array.shape)
        if (places >= 0).any() and thing.name:
            longer = re.sub(r"\W+", "_", f"{thing.holder}_{thing.name}".strip("_")) + thing.number
            name = re.sub(r"\W+", "_", thing.name.rpartition(".")[2]) + thing.number
            found.setdefault(np.sort(places, axis=None).tobytes(), Owned(name, longer, places))
    return list(found.values())


def _array(held: Any) -> np.ndarray | None:
    """A Value, or nested lists of Values of equal lengths, as an array; None if it is anything else."""
    if isinstance(held, np.ndarray):
        return held if held.dtype == object and held.size and all(isinstance(x, Value) for x in held.flat) else None
    shape: list[int] = []
    level = [held]
    while isinstance(level[0], (list, tuple)):
        if not all(isinstance(x, (list, tuple)) and len(x) == len(level[0]) > 0 for x in level):
            return None
        shape.append(len(level[0]))
        level = [x for row in level for x in row]
    if not all(isinstance(x, Value) for x in level):
        return None
    array = np.empty(len(level), dtype=object)
    array[:] = level
    return array.reshape(shape)


def _inside(thing: _Thing) -> Iterator[_Thing]:
    """What something holds."""
    held, steps = thing.held, thing.steps + 1
    if isinstance(held, FunctionType):
        for name, x in _mentioned(held).items():
            yield _Thing(x, name, steps=steps)
    elif isinstance(held, MethodType):
        yield _Thing(held.__self__, "", steps=steps)
        yield _Thing(held.__func__, "", steps=steps)
    elif isinstance(held, partial):
        for x in (held.func, *held.args):
            yield _Thing(x, "", steps=steps)
        for name, x in held.keywords.items():
            yield _Thing(x, name, steps=steps)
    elif isinstance(held, (list, tuple)):
        if not thing.number:
            for i, x in enumerate(held, 1):
                yield _Thing(x, thing.name, thing.holder, str(i), steps)
    elif isinstance(held, Mapping) or (hasattr(held, "__dict__") and not isinstance(held, type)):
        for name, x in (held if isinstance(held, Mapping) else vars(held)).items():
            if isinstance(name, str) and not name.startswith("__"):
                yield _Thing(x, name.lstrip("_"), thing.name, thing.number, steps)


def _mentioned(f: FunctionType) -> dict[str, Any]:
    """The variables of enclosing functions and of the module that a function reads, also inside its own inner functions."""
    found: dict[str, Any] = {}
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    codes: list[CodeType] = [f.__code__]
    while codes:
        code = codes.pop()
        codes.extend(x for x in code.co_consts if isinstance(x, CodeType))
        found.update({name: f.__globals__[name] for name in code.co_names if name in f.__globals__})
    return {name: x for name, x in found.items() if not _elsewhere(x, f)}


def _elsewhere(x: Any, f: FunctionType) -> bool:
    """Whether x is a module, or a function of another module: a library's, which holds no parameters of this one."""
    return type(x).__name__ == "module" or (isinstance(x, FunctionType) and x.__globals__ is not f.__globals__)
