"""What every network is: a tree of modules with parameters as its leaves. The words are PyTorch's.

A module is a class with `__init__` and `__call__`; there is nothing to register:

    class Line(nn.Module):
        def __init__(self):
            self.slope, self.start = Value(1.0), Value(0.0)

        def __call__(self, x):
            return self.slope * x[0] + self.start

Its parameters are its attributes that are Values, or lists of Values (nested, of any depth), and the parameters of its
attributes that are modules, or lists of modules. Each is named by its path: slope, cell.weight_ih.0.3, layers.1.bias.2. A
Constant and a computed Value are no parameters: no gradient is collected for the one, and the other follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from .. import engine
from ..engine import Value, zero_grad
from ..engine.arrays import real_array
from .examples import Examples, examples_of, in_a_row, numbers_of
from .inside import watch

if TYPE_CHECKING:
    from .activations import Activation


ONE_BY_ONE = 8  # so few examples are computed sooner than a program is compiled


class Stack(NamedTuple):
    """Parameters that make up one array: Values row by row, and the array's shape."""

    values: list[Value]
    shape: tuple[int, ...]

    def numbers(self) -> np.ndarray:
        """The array."""
        return np.array([value.data for value in self.values], dtype=float).reshape(self.shape)


class Module:
    """The base class of networks and their parts."""

    def __call__(self, x: Any) -> Any:
        """The prediction for one example."""
        raise NotImplementedError(f"{type(self).__name__} is a module without __call__: define __call__(self, x), which "
                                  "computes the prediction for one example.")  # fmt: skip

    def examples(self, X: Any, name: str = "X") -> Examples:
        """X as this module takes it: an array of one shape (examples, ...), or a list of arrays of different lengths."""
        return examples_of(X, name)

    @property
    def output_activation(self) -> Activation | None:
        """The activation of the outputs, if there is one that says which numbers they can be."""
        return None

    def predict(self, X: Any) -> Any:
        """The predictions for plain examples, as an array (a list of arrays for sequences of different lengths).

        Nothing is recorded. Many examples are computed together, by a compiled program, if the module can be compiled.
        """
        examples = self.examples(X)
        if len(examples) > ONE_BY_ONE and isinstance(examples, np.ndarray):
            with suppress(engine.TracingError):
                found = self.compile()(examples)
                return found.reshape(len(examples), *self._shape(examples[0]))
        with engine.no_grad():
            found = [numbers_of(self(example.tolist())) for example in examples]
        return np.array(found) if isinstance(examples, np.ndarray) else [np.array(numbers) for numbers in found]

    def activations(self, x: Any) -> Any:
        """What happened inside for one example, as Values: `.outputs["cell"]` lists what the module `cell` gave, call by call.

        The networks of this package have one of their own, with the names of what they compute.
        """
        return watch(self, x)

    def compile(self) -> engine.Program:
        """The module's prediction for one example as a compiled program, which takes arrays of many.

        A program gives a number or a row of them: what the module predicts as lists of lists comes in one row.
        """
        return engine.compile(lambda x: in_a_row(self(x)))

    def _shape(self, example: np.ndarray) -> tuple[int, ...]:
        """The shape of the prediction for such an example."""
        with engine.no_grad():
            return np.shape(numbers_of(self(example.tolist())))

    def settings(self) -> dict[str, Any] | None:
        """What to give the class to make such a module again, as JSON can hold it; None if a file shall not say."""
        return None

    # A class whose settings a file may hold says which arrays a module with these settings has, by name: the file is held
    # against that before a module is made.
    shapes: ClassVar[Callable[..., dict[str, tuple[int, ...]]]]

    def own_parameters(self) -> list[tuple[str, Value]]:
        """The parameters among this module's attributes, without those of the modules inside it; one may appear twice."""
        return [(path, leaf) for path, leaf in leaves(self) if isinstance(leaf, Value)]

    def named_children(self) -> list[tuple[str, Module]]:
        """The modules among this module's attributes."""
        return [(path, leaf) for path, leaf in leaves(self) if isinstance(leaf, Module)]

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, named "", and every module inside it by its path, each once."""
        found: dict[int, tuple[str, Module]] = {}  # by id: a dataclass, or a class with __eq__, has no hash
        stack: list[tuple[str, Module]] = [("", self)]
        while stack:
            path, module = stack.pop()
            if id(module) not in found:
                found[id(module)] = path, module
                stack += [(f"{path}.{name}".lstrip("."), child) for name, child in reversed(module.named_children())]
        return list(found.values())

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter with its name; one that is used twice has its first name."""
        return unique(
            (f"{path}.{name}".lstrip("."), value)
            for path, module in self.named_modules()
            for name, value in module.own_parameters()
        )

    def parameters(self) -> list[Value]:
        """Every parameter once."""
        return [value for _, value in self.named_parameters()]

    def zero_grad(self) -> None:
        """Reset the gradient of every parameter to not computed."""
        zero_grad(self.parameters())

    def stacks(self) -> dict[str, Stack]:
        """The parameters as arrays, by name: w.0.0, w.0.1, ... are the array w."""
        return {
            f"{path}.{name}".lstrip("."): stack
            for path, module in self.named_modules()
            for name, stack in stacked(module.own_parameters()).items()
        }

    def state_dict(self) -> dict[str, np.ndarray]:
        """The parameters' numbers as arrays: layers.0.weight (out, in), layers.0.bias (out), ..."""
        return {name: stack.numbers() for name, stack in self.stacks().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the parameters to the numbers of `state`, which must have this module's names and shapes; else nothing changes."""
        own = self.stacks()
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict takes what state_dict() gives, a dictionary of arrays, not {state!r:.60}.")
        if own.keys() != state.keys():
            missing, extra = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
            raise ValueError(f"These are another network's names: missing {missing or 'none'}, unexpected {extra or 'none'}.")
        arrays: dict[str, np.ndarray] = {}
        for name, given in state.items():
            arrays[name] = array = real_array(given, f"{name} must be numbers, of shape {own[name].shape}")
            if array.shape != own[name].shape:
                raise ValueError(f"{name} has shape {array.shape} in the state and {own[name].shape} in this network.")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} contains nan or inf, which no parameter can be.")
        for name, array in arrays.items():
            for value, number in zip(own[name].values, array.ravel().tolist()):
                value.data = number

    @recursive_repr()
    def __repr__(self) -> str:
        """The tree of modules, a line for each, with the number of parameters."""
        count = len(self.parameters())
        title = f"{type(self).__name__}({count} parameter{'s' if count != 1 else ''})"
        lines = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        return "\n  ".join([title, *lines])


def leaves(module: Module) -> Iterator[tuple[str, Value | Module]]:
    """The parameters and the modules among a module's attributes, by path, in the order in which they were assigned."""
    for name, thing in vars(module).items():
        yield from leaves_of(name, thing, ())


def leaves_of(path: str, thing: Any, around: tuple[Any, ...]) -> Iterator[tuple[str, Value | Module]]:
    """Those of one attribute; `around` are the lists that it stands in, since a list may contain itself."""
    if isinstance(thing, Module) or (isinstance(thing, Value) and thing.op is None and not thing.constant):
        yield path, thing
    elif isinstance(thing, (list, tuple, dict)) and not any(thing is outer for outer in around):
        for key, entry in thing.items() if isinstance(thing, dict) else enumerate(thing):
            yield from leaves_of(f"{path}.{key}", entry, (*around, thing))


def unique(named: Iterable[tuple[str, Value]]) -> list[tuple[str, Value]]:
    """Each Value once, by its first name."""
    first: dict[Value, str] = {}
    for name, value in named:
        first.setdefault(value, name)
    return [(name, value) for value, name in first.items()]


def stacked(named: Iterable[tuple[str, Value]]) -> dict[str, Stack]:
    """Values whose names differ in their numbers alone, as arrays: w.0.0, w.0.1, w.1.0, w.1.1 are w, of shape (2, 2).

    Where the numbers do not fill a box (rows of different lengths), each row is an array of its own, w.0 and w.1.
    """
    groups: dict[str, dict[tuple[int, ...], Value]] = {}
    for name, value in named:
        *words, last = name.split(".")
        places: list[int] = []
        while last.isdecimal() and words:
            places.insert(0, int(last))
            last = words.pop()
        groups.setdefault(".".join([*words, last]), {})[tuple(places)] = value
    found: dict[str, Stack] = {}
    for stem, members in groups.items():
        found |= boxes(stem, members)
    return found


def boxes(stem: str, members: dict[tuple[int, ...], Value]) -> dict[str, Stack]:
    """One array if the members fill a box; else one for each first number, or for each member if it has no number."""
    lengths = {len(place) for place in members}
    if len(lengths) == 1:
        shape = tuple(max(numbers) + 1 for numbers in zip(*members))
        if int(np.prod(shape)) == len(members):
            return {stem: Stack([members[place] for place in sorted(members)], shape)}
    found: dict[str, Stack] = {}
    for first in sorted({place[:1] for place in members}):
        inside = {place[1:]: value for place, value in members.items() if place[:1] == first}
        found |= boxes(".".join([stem, *map(str, first)]), inside)
    return found
