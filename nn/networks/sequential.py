"""Modules in a row, each taking what the one before gives; and what a row with a sequence in it needs: Last and PerStep."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...engine.primitive import Primitive
from ..activations import Activation
from ..examples import Examples
from ..module import Module
from ..nested import is_list


class Steps(NamedTuple):
    """What came out of each module of a row, for one example x; `output` is the prediction."""

    x: Any
    outputs: list[Any]

    @property
    def output(self) -> Any:
        """What the last module gave."""
        return self.outputs[-1]


class Sequential(Module):
    """Sequential(Conv2d(1, 4, 3), Flatten(), Layer(144, 10)): f3(f2(f1(x))).

    A part may also be a function that takes what the part before it gives; one of the engine's for a single number, such as
    engine.tanh, is taken of each. The parameters are named by the part's place, as in PyTorch: 0.weight, 2.bias.
    """

    def __init__(self, *parts: Any) -> None:
        if not parts or not all(map(callable, parts)):
            raise ValueError(f"Sequential takes modules, as in Sequential(Layer(2, 3), Layer(3, 1)); it was given {parts!r:.60}.")
        self.parts = list(parts)

    def named_children(self) -> list[tuple[str, Module]]:
        """The parts that are modules, by their places."""
        return [(str(i), part) for i, part in enumerate(self.parts) if isinstance(part, Module)]

    def examples(self, X: Any, name: str = "X") -> Examples:
        """What the first part takes."""
        first = self.parts[0]
        return first.examples(X, name) if isinstance(first, Module) else super().examples(X, name)

    @property
    def output_activation(self) -> Activation | None:
        """The last part's."""
        return getattr(self.parts[-1], "output_activation", None)

    def __call__(self, x: Any) -> Any:
        """The prediction for one example."""
        for part in self.parts:
            x = applied(part, x)
        return x

    def activations(self, x: Any) -> Steps:
        """What each part gives for one example."""
        outputs: list[Any] = []
        for part in self.parts:
            outputs.append(applied(part, outputs[-1] if outputs else x))
        return Steps(x, outputs)


def applied(part: Any, x: Any) -> Any:
    """What a part of a row makes of x: a function of one number is taken of every number in a list, or in lists of them."""
    if isinstance(part, Primitive) and part.arity == 1 and is_list(x):
        return [applied(part, entry) for entry in x]
    return part(x)


class Last(Module):
    """The last of a sequence: Sequential(LSTM(2, 8), Last(), Layer(8, 1, "linear")) answers once, at the end."""

    def settings(self) -> dict[str, Any]:
        """None are needed."""
        return {}

    @classmethod
    def shapes(cls) -> dict[str, tuple[int, ...]]:
        """No parameters."""
        return {}

    def __call__(self, x: Any) -> Any:
        """The last step."""
        return x[-1]


class PerStep(Module):
    """The same module at each step: Sequential(LSTM(2, 8), PerStep(Layer(8, 1, "linear"))) answers at every step."""

    def __init__(self, part: Module) -> None:
        if not isinstance(part, Module):
            raise TypeError(f"PerStep takes a module, such as Layer(8, 1); it was given {part!r:.60}.")
        self.part = part

    @property
    def output_activation(self) -> Activation | None:
        """The module's."""
        return self.part.output_activation

    def __call__(self, x: Any) -> list[Any]:
        """What the module makes of each step."""
        return [self.part(step) for step in x]
