"""How each module of ours is made in torch: a function for each kind. Importing this file imports torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import engine
from ..engine import Value
from ..engine.arrays import shown
from ..engine.primitive import Primitive
from . import torch_modules as small
from .activations import Activation
from .layers import Layer, Neuron
from .module import Module, Stack, stacked
from .network import MLP
from .networks.conv import Conv1d, Conv2d, Convolution
from .networks.memory import GRU, LSTM
from .networks.pooling import Flatten, MaxPool2d
from .networks.rbf import RBF
from .networks.recurrent import Elman, Forced, Jordan, Recurrent
from .networks.sequential import Last, PerStep, Sequential
from .networks.tdnn import TDNN

# Rows that torch has a module for, slopes at corners included. Not leaky_relu: at 0 torch has the negative slope, we have 1.
SAME: dict[str, Callable[[float | None], Any]] = {
    "tanh": lambda _: torch.nn.Tanh(), "sigmoid": lambda _: torch.nn.Sigmoid(), "relu": lambda _: torch.nn.ReLU(),
    "gelu": lambda _: torch.nn.GELU(), "silu": lambda _: torch.nn.SiLU(), "softsign": lambda _: torch.nn.Softsign(),
    "elu": lambda alpha: torch.nn.ELU(alpha),
    "softplus": lambda _: torch.nn.Softplus(threshold=40),  # torch's own 20, from which on it gives x, costs 2e-9
}  # fmt: skip


class Conversion:
    """One call of to_torch. What was made already is kept, so that what is shared here is shared there."""

    def __init__(self, model: Module) -> None:
        self.paths = {id(module): path for path, module in model.named_modules()}
        self.modules: dict[int, Any] = {}
        self.parameters: dict[tuple[Any, ...], Any] = {}
        self.placed: set[Value] = set()  # those that stand in one of the parameters

    def of(self, module: Module) -> Any:
        """A module in torch."""
        make = MAKERS.get(type(module))
        if make is None:
            raise TypeError(f"to_torch does not know how to make {self.name_of(module)}, which is a class of your own: write it "
                            "as a torch.nn.Module, and give to_torch the modules inside it.")  # fmt: skip
        if id(module) not in self.modules:
            self.modules[id(module)] = make(self, module)
        return self.modules[id(module)]

    def name_of(self, module: Module) -> str:
        """Its class, and where it stands in the model."""
        path = self.paths.get(id(module))
        return f"{type(module).__name__} (at {path})" if path else type(module).__name__

    def parameter(self, stack: Stack, what: str) -> Any:
        """An array of Values as a parameter; one of Constants takes no gradient."""
        values, key = stack.values, (stack.shape, *map(id, stack.values))
        if key in self.parameters:
            return self.parameters[key]
        constants = {value.constant for value in values}
        if len(constants) > 1 or any(value.op is not None for value in values):
            raise ValueError(f"{what} holds computed numbers, or constants among its parameters, which a torch parameter cannot: "
                             "an array of it is learned as a whole or not at all.")  # fmt: skip
        if len(set(values)) < len(values) or not self.placed.isdisjoint(values):
            raise ValueError(f"A Value stands twice in {what}, or in another array too: torch shares whole arrays alone.")
        self.placed.update(values)
        tensor = torch.from_numpy(stack.numbers())
        self.parameters[key] = torch.nn.Parameter(tensor, requires_grad=not constants.pop())
        return self.parameters[key]

    def arrays(self, module: Module) -> dict[str, Any]:
        """The module's own arrays, by name."""
        own = stacked(module.own_parameters())
        return {name: self.parameter(stack, f"{self.name_of(module)}.{name}") for name, stack in own.items()}

    def filled(self, kind: Callable[..., Any], arrays: dict[str, Any], *sizes: Any, **options: Any) -> Any:
        """A module of torch's with these parameters; on the device "meta" it draws none of its own."""
        made = kind(*sizes, device="meta", dtype=torch.float64, **options)
        for name, parameter in arrays.items():
            setattr(made, name, parameter)
        return made


# --- activations and functions ---

def activation(given: Activation) -> list[Any]:
    """A list of the module that an activation is, of none for linear."""
    if given.custom:
        raise ValueError(f"The activation {given.name!r} is a function of your own, which torch cannot run: use a named one.")
    if given.name == "linear":
        return []
    return [torch.nn.Softmax(-1) if given.name == "softmax" else function(given.row, "activation")]


def function(given: Any, what: str) -> Any:
    """A function of the engine's as a module."""
    if given is engine.softmax or given is engine.log_softmax:
        return torch.nn.Softmax(-1) if given is engine.softmax else torch.nn.LogSoftmax(-1)
    if not isinstance(given, Primitive) or given.arity not in (1, None):
        raise ValueError(f"The {what} {shown(given)} is a function of your own, which torch cannot run: use one of the engine's.")
    if given.arity is None:
        if given.name not in small.REDUCTIONS:
            raise ValueError(f"The {what} {given} is a row of your own, over any number of operands, which torch cannot run.")
        return small.Reduce(given)
    row = given.bind(given.default) if given.parameter and given.static is None else given
    return SAME[row.name](row.static) if row.name in SAME else small.Row(row)


def row_of(*parts: Any) -> Any:
    """Modules in a row; a single one is itself."""
    return parts[0] if len(parts) == 1 else torch.nn.Sequential(*parts)


def number_alone(n_out: int) -> list[Any]:
    """For one output, where a module of ours gives a number and no list: (..., 1) becomes (...)."""
    return [torch.nn.Flatten(-2, -1)] if n_out == 1 else []


# --- each kind ---

def linear(conversion: Conversion, layer: Layer) -> list[Any]:
    """W x + b, and the activation."""
    made = conversion.filled(torch.nn.Linear, conversion.arrays(layer), layer.n_in, layer.n_out)
    return [made, *activation(layer.activation)]


def of_layer(conversion: Conversion, layer: Layer) -> Any:
    """Linear, and the activation."""
    return row_of(*linear(conversion, layer))


def of_neuron(conversion: Conversion, neuron: Neuron) -> Any:
    """A layer of one, which gives a number."""
    what = conversion.name_of(neuron)
    weight = conversion.parameter(Stack(neuron.w, (1, len(neuron.w))), f"{what}.weight")
    bias = conversion.parameter(Stack([neuron.b], (1,)), f"{what}.bias")
    made = conversion.filled(torch.nn.Linear, {"weight": weight, "bias": bias}, len(neuron.w), 1)
    return row_of(made, *activation(neuron.activation), *number_alone(1))


def of_mlp(conversion: Conversion, network: MLP) -> Any:
    """Linear, activation, Linear, activation, ..."""
    layers = [part for layer in network.layers for part in linear(conversion, layer)]
    return row_of(*layers, *number_alone(network.n_out))


def convolution(conversion: Conversion, conv: Convolution) -> list[Any]:
    """torch's convolution, and the activation."""
    kind = torch.nn.Conv1d if conv.dims == 1 else torch.nn.Conv2d
    sizes = conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding
    return [conversion.filled(kind, conversion.arrays(conv), *sizes), *activation(conv.activation)]


def of_convolution(conversion: Conversion, conv: Convolution) -> Any:
    """The same, where a single channel may come without its dimension."""
    before = [small.OneChannel(conv.dims)] if conv.in_channels == 1 else []
    return row_of(*before, *convolution(conversion, conv))


def of_sequential(conversion: Conversion, sequential: Sequential) -> Any:
    """Part by part, each at its place."""
    return torch.nn.Sequential(*(
        conversion.of(part) if isinstance(part, Module) else function(part, f"part at {place}")
        for place, part in enumerate(sequential.parts)
    ))  # fmt: skip


def of_tdnn(conversion: Conversion, network: TDNN) -> Any:
    """Its convolutions, and the sum over time."""
    layers = [part for layer in network.layers for part in convolution(conversion, layer)]
    return small.TDNN(torch.nn.Sequential(*layers))


def of_rbf(conversion: Conversion, network: RBF) -> Any:
    """The bumps; their places must be known."""
    if not network.placed:
        raise ValueError("The centres have no places yet: call fit(X, y) or place(X), and to_torch then.")
    own = conversion.arrays(network)
    made = small.RBF(own["centres"], own["width"], conversion.of(network.output))
    return row_of(made, *number_alone(network.n_out))


def cell(kind: Callable[..., Any]) -> Callable[[Conversion, Recurrent], Any]:
    """torch's own cell of a kind, of which the outputs alone go on."""
    return lambda conversion, network: small.Outputs(
        conversion.filled(kind, conversion.arrays(network), network.n_in, network.n_hidden, batch_first=True)
    )


def of_elman(conversion: Conversion, network: Elman) -> Any:
    """torch's RNN where it has the activation, and the readout."""
    own, kind = conversion.arrays(network), network.activation
    if kind.name in ("tanh", "relu") and not kind.custom:
        options = {"nonlinearity": kind.name, "batch_first": True}
        made = small.Outputs(conversion.filled(torch.nn.RNN, own, network.n_in, network.n_hidden, **options))
    else:
        made = small.ElmanCell(own, torch.nn.Sequential(*activation(kind)))
    return torch.nn.Sequential(made, conversion.of(network.readout))


def of_gru(conversion: Conversion, network: GRU) -> Any:
    """torch's GRU resets after the product with U; ours for the other."""
    if network.reset == "before":
        return small.GRUBefore(conversion.arrays(network))
    return cell(torch.nn.GRU)(conversion, network)


def of_jordan(conversion: Conversion, network: Jordan) -> Any:
    """The network, running free; with `targets`, its teacher's answers."""
    own = conversion.arrays(network)
    arrays = [own[name] for name in ("weight_ih", "weight_ch", "bias_h")]
    kind = torch.nn.Sequential(*activation(network.activation))
    return small.Jordan(arrays, network.alpha, kind, conversion.of(network.readout))


MAKERS: dict[type[Module], Callable[[Conversion, Any], Any]] = {
    Neuron: of_neuron,
    Layer: of_layer,
    MLP: of_mlp,
    Conv1d: of_convolution,
    Conv2d: of_convolution,
    MaxPool2d: lambda _, pool: torch.nn.MaxPool2d(pool.kernel_size, pool.stride),
    Flatten: lambda _, flatten: torch.nn.Flatten(),
    TDNN: of_tdnn,
    RBF: of_rbf,
    Elman: of_elman,
    Jordan: of_jordan,
    Forced: lambda conversion, forced: small.Forced(conversion.of(forced.model)),
    LSTM: cell(torch.nn.LSTM),
    GRU: of_gru,
    Sequential: of_sequential,
    Last: lambda _, last: small.Last(),
    PerStep: lambda conversion, per_step: small.PerStep(conversion.of(per_step.part)),
}
