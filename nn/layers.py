"""Neurons and layers: a = f(W x + b), made of Values.

Shapes and indices: a layer's weights are (out, in); weight [j][k] goes to neuron j from input k. Weights belong to the
layer that they enter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import add
from random import Random
from typing import Any

import numpy as np

from ..engine import Constant, Value
from .activations import Activation
from .examples import matrix
from .init import Initialiser, initialiser
from .module import Module

Kind = str | Callable[[Any], Any]


def weighted_sum(weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
    """w1·x1 + w2·x2 + ... + b, for Values and for plain numbers alike, to the last bit."""
    return add_up([w * x for w, x in zip(weights, inputs)]) + bias


def add_up(terms: Iterable[Any]) -> Any:
    """The sum from left to right. Python's own sum() rounds plain numbers differently, from 3.12 on."""
    return reduce(add, terms)


class Neuron(Module):
    """a = f(w·x + b)."""

    def __init__(
        self, n_in: int, activation: Kind = "relu", *, init: str | float | Initialiser | None = None, bias: float = 0.0,
        seed: int | None = None,
    ) -> None:  # fmt: skip
        layer = Layer(n_in, 1, activation, init=init, bias=bias, seed=seed)
        self.w, self.b, self.activation = layer.neurons[0].w, layer.neurons[0].b, layer.activation

    @classmethod
    def of(cls, w: list[Value], b: Value, activation: Activation) -> Neuron:
        """A neuron with given parameters."""
        neuron = cls.__new__(cls)
        neuron.w, neuron.b, neuron.activation = w, b, activation
        return neuron

    w: list[Value]
    b: Value
    activation: Activation

    def z(self, x: Sequence[Any]) -> Any:
        """The pre-activation w·x + b."""
        return weighted_sum(self.w, x, self.b)

    def __call__(self, x: Sequence[Any]) -> Any:
        """The activation for one example."""
        return self.activation([self.z(checked(x, len(self.w)))])[0]

    def settings(self) -> dict[str, Any]:
        """The number of its inputs and the name of its activation."""
        return {"n_in": len(self.w), "activation": self.activation.to_keep()}

    @classmethod
    def shapes(cls, n_in: int, activation: str = "relu") -> dict[str, tuple[int, ...]]:
        """weight (in) and a bias."""
        return {"weight": (n_in,), "bias": ()}

    def own_parameters(self) -> list[tuple[str, Value]]:
        """The weights, then the bias."""
        return [*((f"weight.{k}", w) for k, w in enumerate(self.w)), ("bias", self.b)]

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)} → 1 {self.activation})"


class Layer(Module):
    """Neurons that share their inputs: a = f(W x + b)."""

    def __init__(
        self, n_in: int, n_out: int, activation: Kind = "relu", *, init: str | float | Initialiser | None = None,
        bias: float = 0.0, seed: int | Random | None = None, number: int = 1,
    ) -> None:  # fmt: skip
        for size, of_what in ((n_in, "inputs"), (n_out, "neurons")):
            if not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(f"A layer needs a whole number of {of_what}, at least 1, not {size!r}.")
        self.activation = Activation(activation)
        draw = initialiser(init, self.activation.name)
        random = seed if isinstance(seed, Random) else Random(seed)
        weights = [[draw(n_in, n_out, random) for _ in range(n_in)] for _ in range(n_out)]
        self._set(weights, [bias] * n_out, number)

    @classmethod
    def from_weights(
        cls, weights: Sequence[Sequence[Any]], biases: Sequence[Any], activation: Kind = "relu", *, number: int = 1
    ) -> Layer:
        """A layer with given weights (out, in) and biases (out), numbers or Values; a Value that appears twice is shared."""
        layer = cls.__new__(cls)
        layer.activation = Activation(activation)
        rows = [list(row) for row in weights]
        lengths = {len(row) for row in rows}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"Weights are rows of one length, one row for each neuron; these have lengths {sorted(lengths)}.")
        if len(list(biases)) != len(rows):
            raise ValueError(f"A layer needs one bias for each neuron: {len(rows)} rows of weights, {len(list(biases))} biases.")
        layer._set(rows, list(biases), number)
        return layer

    def _set(self, weights: list[list[Any]], biases: list[Any], number: int) -> None:
        comma = "," if max(len(weights), len(weights[0])) > 9 else ""
        self.neurons = [
            Neuron.of(
                [as_value(w, f"w{number}_{j}{comma}{k}") for k, w in enumerate(row, 1)], as_value(b, f"b{number}_{j}"),
                self.activation,
            )
            for j, (row, b) in enumerate(zip(weights, biases), 1)
        ]  # fmt: skip

    @property
    def n_in(self) -> int:
        """How many inputs it takes."""
        return len(self.neurons[0].w)

    @property
    def n_out(self) -> int:
        """How many neurons it has."""
        return len(self.neurons)

    def examples(self, X: Any, name: str = "X") -> np.ndarray:
        """Rows of n_in numbers, one for each example."""
        return matrix(X, self.n_in, name)

    @property
    def output_activation(self) -> Activation:
        """The layer's own."""
        return self.activation

    def settings(self) -> dict[str, Any]:
        """Its sizes and the name of its activation."""
        return {"n_in": self.n_in, "n_out": self.n_out, "activation": self.activation.to_keep()}

    @classmethod
    def shapes(cls, n_in: int, n_out: int, activation: str = "relu") -> dict[str, tuple[int, ...]]:
        """weight (out, in) and bias (out)."""
        return {"weight": (n_out, n_in), "bias": (n_out,)}

    @property
    def weight(self) -> np.ndarray:
        """The weights' numbers as an array (out, in)."""
        return np.array([[w.data for w in neuron.w] for neuron in self.neurons])

    @property
    def bias(self) -> np.ndarray:
        """The biases' numbers as an array (out)."""
        return np.array([neuron.b.data for neuron in self.neurons])

    def z(self, x: Sequence[Any]) -> list[Any]:
        """The pre-activations W x + b."""
        return [neuron.z(x) for neuron in self.neurons]

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """The activations for one example."""
        return self.activation(self.z(checked(x, self.n_in)))

    def own_parameters(self) -> list[tuple[str, Value]]:
        """weight.j.k row by row, then bias.j: those of its neurons, by the names that they have in PyTorch."""
        weights = [(f"weight.{j}.{k}", w) for j, neuron in enumerate(self.neurons) for k, w in enumerate(neuron.w)]
        return [*weights, *((f"bias.{j}", neuron.b) for j, neuron in enumerate(self.neurons))]

    def named_children(self) -> list[tuple[str, Module]]:
        """None: what its neurons have is its own."""
        return []

    def __repr__(self) -> str:
        return f"Layer({self.n_in} → {self.n_out} {self.activation})"


def as_value(number: Any, label: str) -> Value:
    """A parameter: the Value itself if it is one, else a new one."""
    if isinstance(number, Value):
        number.label = number.label or label
        return number
    return Value(number, label)


def checked(x: Any, n_in: int) -> list[Any]:
    """One example's inputs as Values, as many as there are weights; each number becomes a constant that all neurons share."""
    if not hasattr(x, "__iter__"):
        raise ValueError(f"This takes {n_in} inputs, as a list; it was given {x!r:.60}.")
    inputs = x.tolist() if isinstance(x, np.ndarray) else list(x)
    if len(inputs) != n_in:
        raise ValueError(f"This takes {n_in} inputs; it was given {len(inputs)}.")
    return [value if isinstance(value, Value) else Constant(value) for value in inputs]
