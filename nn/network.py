"""Neurons, layers and multilayer perceptrons, made of Values all the way down.

Shapes and indices: a layer's weights are (out, in); weight [j][k] goes to neuron j from input k; z = W a + b, a = f(z).
Weights belong to the layer that they enter. `layers[0]` holds W1 and b1; lectures that count the input as layer 1 call
them W² and b².
"""

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np

from engine import Constant, Value, zero_grad

from .activations import Activation
from .init import Initialiser, initialiser

Kind = str | Callable[[Any], Any]


def weighted_sum(weights: "Sequence[Any]", inputs: "Sequence[Any]", bias: Any) -> Any:
    """w1·x1 + w2·x2 + ... + b, for Values and for plain numbers alike."""
    return sum((w * x for w, x in zip(weights, inputs)), 0.0) + bias


class Module:
    """What neurons, layers and networks have in common: their parameters, by position and by name."""

    def named_parameters(self) -> "list[tuple[str, Value]]":
        """Every parameter with its name; one that is used twice has the name of its first place."""
        raise NotImplementedError

    def parameters(self) -> "list[Value]":
        """Every parameter once."""
        return [value for _, value in self.named_parameters()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter back to not computed."""
        zero_grad(self.parameters())


class Neuron(Module):
    """a = f(w·x + b)."""

    def __init__(
        self, n_in: int, activation: Kind = "relu", *, init: "str | Initialiser | None" = None, bias: float = 0.0,
        seed: int | None = None,
    ) -> None:  # fmt: skip
        layer = Layer(n_in, 1, activation, init=init, bias=bias, seed=seed)
        self.w, self.b, self.activation = layer.neurons[0].w, layer.neurons[0].b, layer.activation

    @classmethod
    def of(cls, w: "list[Value]", b: Value, activation: Activation) -> "Neuron":
        """A neuron of given parameters."""
        neuron = cls.__new__(cls)
        neuron.w, neuron.b, neuron.activation = w, b, activation
        return neuron

    w: "list[Value]"
    b: Value
    activation: Activation

    def z(self, x: "Sequence[Any]") -> Any:
        """The pre-activation w·x + b."""
        return weighted_sum(self.w, x, self.b)

    def __call__(self, x: "Sequence[Any]") -> Any:
        """The activation for one example."""
        return self.activation([self.z(checked(x, len(self.w)))])[0]

    def named_parameters(self) -> "list[tuple[str, Value]]":
        """The weights, then the bias."""
        return unique([*((f"weight.{k}", w) for k, w in enumerate(self.w)), ("bias", self.b)])

    def __repr__(self) -> str:
        return f"Neuron({len(self.w)} → 1 {self.activation})"


class Layer(Module):
    """Neurons that share their inputs: a = f(W x + b)."""

    def __init__(
        self, n_in: int, n_out: int, activation: Kind = "relu", *, init: "str | Initialiser | None" = None, bias: float = 0.0,
        seed: "int | Random | None" = None, number: int = 1,
    ) -> None:  # fmt: skip
        for size, of_what in ((n_in, "inputs"), (n_out, "neurons")):
            if not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(f"A layer has at least one of its {of_what}, in whole numbers; {size!r} was asked for.")
        self.activation = Activation(activation)
        draw = initialiser(init, self.activation.name)
        random = seed if isinstance(seed, Random) else Random(seed)
        weights = [[draw(n_in, n_out, random) for _ in range(n_in)] for _ in range(n_out)]
        self._set(weights, [bias] * n_out, number)

    @classmethod
    def from_weights(
        cls, weights: "Sequence[Sequence[Any]]", biases: "Sequence[Any]", activation: Kind = "relu", *, number: int = 1
    ) -> "Layer":
        """A layer of given weights (out, in) and biases (out), numbers or Values; a Value that stands twice is shared."""
        layer = cls.__new__(cls)
        layer.activation = Activation(activation)
        rows = [list(row) for row in weights]
        lengths = {len(row) for row in rows}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"Weights are rows of one length, one row for each neuron; these have lengths {sorted(lengths)}.")
        if len(list(biases)) != len(rows):
            raise ValueError(f"There is one bias for each neuron: {len(rows)} rows of weights, but {len(list(biases))} biases.")
        layer._set(rows, list(biases), number)
        return layer

    def _set(self, weights: "list[list[Any]]", biases: "list[Any]", number: int) -> None:
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

    @property
    def weight(self) -> np.ndarray:
        """The weights' numbers as an array (out, in)."""
        return np.array([[w.data for w in neuron.w] for neuron in self.neurons])

    @property
    def bias(self) -> np.ndarray:
        """The biases' numbers as an array (out)."""
        return np.array([neuron.b.data for neuron in self.neurons])

    def z(self, x: "Sequence[Any]") -> "list[Any]":
        """The pre-activations W x + b."""
        return [neuron.z(x) for neuron in self.neurons]

    def __call__(self, x: "Sequence[Any]") -> "list[Any]":
        """The activations for one example."""
        return self.activation(self.z(checked(x, self.n_in)))

    def named_parameters(self) -> "list[tuple[str, Value]]":
        """weight.j.k row by row, then bias.j."""
        weights = [(f"weight.{j}.{k}", w) for j, neuron in enumerate(self.neurons) for k, w in enumerate(neuron.w)]
        return unique([*weights, *((f"bias.{j}", neuron.b) for j, neuron in enumerate(self.neurons))])

    def __repr__(self) -> str:
        return f"Layer({self.n_in} → {self.n_out} {self.activation})"


class Activations(NamedTuple):
    """What a network computed for one example, layer by layer; z[0] and a[0] belong to layers[0], lecture layer 2.

    After `cost.backward()` the error delta = ∂C/∂z of each neuron is the `.grad` of its z.
    """

    x: "list[Any]"
    z: "list[list[Value]]"
    a: "list[list[Value]]"

    @property
    def output(self) -> Any:
        """What the network answers: the last layer's a, a single Value if it has one neuron."""
        return self.a[-1][0] if len(self.a[-1]) == 1 else self.a[-1]

    @property
    def delta(self) -> "list[list[float]]":
        """The errors ∂C/∂z of each layer, after the sweep."""
        return [[z.grad for z in layer] for layer in self.z]


class MLP(Module):
    """A multilayer perceptron: MLP(64, [15, 10], activation="sigmoid", output="sigmoid").

    `sizes` are the numbers of neurons of each layer, the last being the outputs. `activation` is for all hidden layers, or
    a list with one for each; `init` likewise, over all layers. One output neuron gives a Value, several give a list.
    """

    def __init__(
        self, n_in: int, sizes: "Sequence[int]", activation: "Kind | Sequence[Kind]" = "relu", output: Kind = "linear", *,
        init: "str | Initialiser | Sequence[str | Initialiser] | None" = None, bias: float = 0.0, seed: int | None = None,
    ) -> None:  # fmt: skip
        sizes = [sizes] if isinstance(sizes, int) else list(sizes)
        if not sizes:
            raise ValueError("A network has at least one layer: give the number of its outputs, such as MLP(2, [1]).")
        kinds = [*per_layer(activation, len(sizes) - 1, "activation"), output]
        inits = per_layer(init, len(sizes), "init")
        random = Random(seed)
        self.layers = [
            Layer(a, b, kind, init=first, bias=bias, seed=random, number=number)
            for number, (a, b, kind, first) in enumerate(zip([n_in, *sizes], sizes, kinds, inits), 1)
        ]
        self._no_softmax_inside()

    @classmethod
    def from_weights(
        cls, weights: "Sequence[Sequence[Sequence[Any]]]", biases: "Sequence[Sequence[Any]]",
        activation: "Kind | Sequence[Kind]" = "relu", output: Kind = "linear",
    ) -> "MLP":  # fmt: skip
        """A network of given weights, one matrix (out, in) and one list of biases for each layer, numbers or Values."""
        if len(weights) != len(biases) or not weights:
            raise ValueError(f"Each layer has weights and biases: given are {len(weights)} matrices, {len(biases)} biases.")
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

    def __call__(self, x: "Sequence[Any]") -> Any:
        """The output for one example."""
        a = checked(x, self.n_in)
        for layer in self.layers:
            a = layer.activation(layer.z(a))
        return a[0] if len(a) == 1 else a

    def activations(self, x: "Sequence[Any]") -> Activations:
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

    def predict(self, X: Any) -> np.ndarray:
        """The outputs for rows of plain numbers, (examples, outputs), or (examples,) for one output; no graph is built."""
        rows = matrix(X, self.n_in)
        plain = [([[w.data for w in n.w] for n in layer.neurons], [n.b.data for n in layer.neurons], layer.activation)
                 for layer in self.layers]  # fmt: skip
        outputs = []
        for row in rows.tolist():
            a = row
            for weights, biases, activation in plain:
                a = activation([weighted_sum(w, a, b) for w, b in zip(weights, biases)])
            outputs.append([float(value) for value in a])
        result = np.array(outputs).reshape(len(outputs), self.n_out)
        return result[:, 0] if self.n_out == 1 else result

    def named_parameters(self) -> "list[tuple[str, Value]]":
        """layers.0.weight.j.k, layers.0.bias.j, layers.1.weight.j.k, ..."""
        return unique(
            (f"layers.{i}.{name}", value) for i, layer in enumerate(self.layers) for name, value in layer.named_parameters()
        )

    def state_dict(self) -> "dict[str, np.ndarray]":
        """The parameters' numbers as arrays: layers.0.weight (out, in), layers.0.bias (out), ..."""
        state: dict[str, np.ndarray] = {}
        for i, layer in enumerate(self.layers):
            state |= {f"layers.{i}.weight": layer.weight, f"layers.{i}.bias": layer.bias}
        return state

    def load_state_dict(self, state: "dict[str, Any]") -> None:
        """Give the parameters the numbers of `state`, which has this network's names and shapes; else nothing changes."""
        own = self.state_dict()
        if own.keys() != state.keys():
            missing, extra = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
            raise ValueError(f"These are another network's names: missing {missing or 'none'}, not known here {extra or 'none'}.")
        arrays = {name: np.asarray(array, dtype=float) for name, array in state.items()}
        for name, array in arrays.items():
            if array.shape != own[name].shape:
                raise ValueError(f"{name} has shape {array.shape} there and {own[name].shape} in this network.")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} contains nan or inf, which no parameter can be.")
        for i, layer in enumerate(self.layers):
            weight, bias = arrays[f"layers.{i}.weight"], arrays[f"layers.{i}.bias"]
            for neuron, row, b in zip(layer.neurons, weight.tolist(), bias.tolist()):
                for w, number in zip([*neuron.w, neuron.b], [*row, b]):
                    w.data = number

    def __repr__(self) -> str:
        chain = " → ".join(f"{layer.n_out} {layer.activation}" for layer in self.layers)
        return f"MLP({self.n_in} → {chain}; {len(self.parameters())} parameters)"


def as_value(number: Any, label: str) -> Value:
    """A parameter: the Value itself if it is one, else a new one."""
    if isinstance(number, Value):
        number.label = number.label or label
        return number
    return Value(number, label)


def unique(named: "Iterable[tuple[str, Value]]") -> "list[tuple[str, Value]]":
    """Each Value once, by its first name."""
    first: dict[Value, str] = {}
    for name, value in named:
        first.setdefault(value, name)
    return [(name, value) for value, name in first.items()]


def per_layer(wanted: Any, count: int, what: str) -> "list[Any]":
    """One entry for each layer: the list that was given, or the one thing for all."""
    if isinstance(wanted, (list, tuple)):
        if len(wanted) != count:
            raise ValueError(f"{what} is one for all or a list with one for each: {count} are needed, {len(wanted)} given.")
        return list(wanted)
    return [wanted] * count


def checked(x: Any, n_in: int) -> "list[Any]":
    """One example's inputs as Values, if there are as many as the weights take; each number one constant for all neurons."""
    inputs = x.tolist() if isinstance(x, np.ndarray) else list(x)
    if len(inputs) != n_in:
        raise ValueError(f"This takes {n_in} inputs; it was given {len(inputs)}.")
    return [value if isinstance(value, Value) else Constant(value) for value in inputs]


def matrix(X: Any, n_in: int) -> np.ndarray:
    """Rows of finite numbers, (examples, n_in), or an error that names the row."""
    try:
        rows = np.asarray(X, dtype=float)
    except (TypeError, ValueError):
        lengths = {len(row) if hasattr(row, "__len__") else 1 for row in X}
        raise ValueError(f"The data must be rows of {n_in} numbers; here rows have lengths {sorted(lengths)}.") from None
    if rows.ndim != 2 or rows.shape[1] != n_in or not len(rows):
        raise ValueError(f"The data must have shape (examples, {n_in}), at least one example; it has shape {rows.shape}.")
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        raise ValueError(f"Row {row}, column {column} of the data is {rows[row, column]}; every number must be finite.")
    return rows
