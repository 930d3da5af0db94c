"""The multilayer perceptron: layers in a row.

`layers[0]` holds W1 and b1; lectures that count the input as layer 1 call them W² and b².
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np

from ..engine import UndefinedError, Value
from .activations import Activation
from .examples import matrix
from .init import Initialiser
from .layers import Kind, Layer, checked
from .module import Module


class Activations(NamedTuple):
    """What a network computed for one example, layer by layer; z[0] and a[0] belong to layers[0], lecture layer 2.

    After `cost.backward()` the error delta = ∂C/∂z of each neuron is the `.grad` of its z.
    """

    x: list[Any]
    z: list[list[Value]]
    a: list[list[Value]]

    @property
    def output(self) -> Any:
        """The prediction: the last layer's a, a single Value if it has one neuron."""
        return self.a[-1][0] if len(self.a[-1]) == 1 else self.a[-1]

    @property
    def delta(self) -> list[list[float]]:
        """The errors ∂C/∂z of each layer, after the sweep."""
        if not any(z.has_grad for layer in self.z for z in layer):
            raise ValueError("There is no delta yet: build a cost of .output and call cost.backward() first.")
        return [[z.grad for z in layer] for layer in self.z]


class MLP(Module):
    """A multilayer perceptron: MLP(64, [15, 10], activation="sigmoid", output="sigmoid").

    `sizes` are the numbers of neurons of each layer, the last being the outputs. `activation` is for all hidden layers, or
    a list with one for each; `init` likewise, over all layers. One output neuron gives a Value, several give a list.
    """

    def __init__(
        self, n_in: int, sizes: Sequence[int], activation: Kind | Sequence[Kind] = "relu", output: Kind = "linear", *,
        init: str | float | Initialiser | Sequence[Any] | None = None, bias: float = 0.0, seed: int | None = None,
    ) -> None:  # fmt: skip
        sizes = list(sizes) if isinstance(sizes, (Sequence, np.ndarray)) else [sizes]
        if not sizes:
            raise ValueError("A network has at least one layer: give the number of its outputs, such as MLP(2, [1]).")
        kinds = [*per_layer(activation, len(sizes) - 1, "activation"), output]
        if len(sizes) == 1 and not isinstance(activation, (list, tuple)):  # it is not used, and yet a mistake is told
            Activation(activation)  # type: ignore[arg-type]  # no list: a name or a function
        inits = per_layer(init, len(sizes), "init")
        random = Random(seed)
        self.layers = [
            Layer(a, b, kind, init=first, bias=bias, seed=random, number=number)
            for number, (a, b, kind, first) in enumerate(zip([n_in, *sizes], sizes, kinds, inits), 1)
        ]
        self._no_softmax_inside()

    @classmethod
    def from_weights(
        cls, weights: Sequence[Sequence[Sequence[Any]]], biases: Sequence[Sequence[Any]],
        activation: Kind | Sequence[Kind] = "relu", output: Kind = "linear",
    ) -> MLP:  # fmt: skip
        """A network with given weights, one matrix (out, in) and one list of biases for each layer, numbers or Values."""
        if len(weights) != len(biases) or not weights:
            raise ValueError(f"Each layer needs weights and biases; here are {len(weights)} matrices and {len(biases)} biases.")
        kinds = [*per_layer(activation, len(weights) - 1, "activation"), output]
        network = cls.__new__(cls)
        network.layers = [
            Layer.from_weights(w, b, kind, number=number) for number, (w, b, kind) in enumerate(zip(weights, biases, kinds), 1)
        ]
        for number, (below, above) in enumerate(zip(network.layers, network.layers[1:]), 1):
            if below.n_out != above.n_in:
                raise ValueError(
                    f"W{number} is {below.weight.shape} and gives {below.n_out} numbers, "
                    f"but W{number + 1} is {above.weight.shape} and takes {above.n_in}."
                )
        network._no_softmax_inside()
        return network

    def _no_softmax_inside(self) -> None:
        last = self.layers[-1]
        if last.n_out == 1 and last.activation.name == "softmax" and not last.activation.custom:
            raise ValueError("softmax over one output is always 1: use sigmoid.")
        for layer in self.layers[:-1]:
            if layer.activation.name == "softmax" and not layer.activation.custom:
                raise ValueError("softmax is for the output layer: inside, its units would compete for a sum of 1.")

    @property
    def n_in(self) -> int:
        """How many inputs it takes."""
        return self.layers[0].n_in

    @property
    def n_out(self) -> int:
        """How many outputs it gives."""
        return self.layers[-1].n_out

    def examples(self, X: Any, name: str = "X") -> np.ndarray:
        """Rows of n_in numbers, one for each example."""
        return matrix(X, self.n_in, name)

    @property
    def output_activation(self) -> Activation:
        """The last layer's."""
        return self.layers[-1].activation

    def __call__(self, x: Sequence[Any]) -> Any:
        """The output for one example."""
        a = checked(x, self.n_in)
        for layer in self.layers:
            a = layer.activation(layer.z(a))
        return a[0] if len(a) == 1 else a

    def activations(self, x: Sequence[Any]) -> Activations:
        """Every layer's z and a as Values, named z1_1, a1_1, ...; an input that is a Value gets its gradient too."""
        a = checked(x, self.n_in)
        result = Activations(list(a), [], [])
        for number, layer in enumerate(self.layers, 1):
            z = layer.z(a)
            a = layer.activation(z)
            for letter, values in (("z", z), ("a", a)):
                for j, value in enumerate(values, 1):
                    value.label = value.label or f"{letter}{number}_{j}"
            result.z.append(z)
            result.a.append(a)
        return result

    def on_rows(self, rows: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """z and a of each layer on rows of plain numbers, both (examples, units); no graph is built.

        Nothing is checked here: where a number is too large or a function undefined, there is inf or nan.
        """
        found, a = [], rows
        with np.errstate(all="ignore"):
            for layer in self.layers:
                z = a @ layer.weight.T + layer.bias
                a = layer.activation.on_rows(z)
                found.append((z, a))
        return found

    def predict(self, X: Any) -> np.ndarray:
        """The outputs for rows of plain numbers, (examples, outputs), or (examples,) for one output; no graph is built."""
        rows = matrix(X, self.n_in)
        layers = self.on_rows(rows)
        for number, (z, a) in enumerate(layers, 1):
            wrong = ~(np.isfinite(z) & np.isfinite(a))
            if wrong.any():
                row, unit = np.argwhere(wrong)[0].tolist()
                raise UndefinedError(
                    f"Layer {number} has no finite value for row {row} of the data: unit {unit + 1} has z = {z[row, unit]:g} "
                    f"and a = {a[row, unit]:g}."
                )
        result = layers[-1][1]
        return result[:, 0] if self.n_out == 1 else result

    def __repr__(self) -> str:
        chain = " → ".join(f"{layer.n_out} {layer.activation}" for layer in self.layers)
        return f"MLP({self.n_in} → {chain}; {len(self.parameters())} parameters)"


def per_layer(wanted: Any, count: int, what: str) -> list[Any]:
    """One entry for each layer: the list that was given, or the same thing for all."""
    if isinstance(wanted, (list, tuple)):
        if len(wanted) != count:
            raise ValueError(f"{what} is one for all layers or a list with one each: {count} are needed, {len(wanted)} given.")
        return list(wanted)
    return [wanted] * count
