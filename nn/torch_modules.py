"""What torch has no module for, as small modules of torch: the rows of our table, and the networks of the lectures.

x is a batch: its first dimension counts the examples. Importing this file imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..engine.interpreter import Interpreter
from ..engine.primitive import Primitive

COMPARISONS = ("greater", "greater_equal", "equal")
REDUCTIONS = {"fsum": torch.sum, "logsumexp": torch.logsumexp, "amax": torch.amax, "amin": torch.amin}


# --- a row of the table ---

class Tensor(Interpreter):
    """A tensor in a rule of the table: native rows are torch's functions, all others are made of these."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Tensor:
        if not row.native:
            return Tensor(value_of(row.forward(*[x if isinstance(x, Tensor) else Tensor(x) for x in operands])))
        like = next(x.value for x in operands if isinstance(x, Tensor) and torch.is_tensor(x.value))
        return Tensor(native(row, [torch.as_tensor(value_of(x), dtype=like.dtype, device=like.device) for x in operands]))


def value_of(x: Any) -> Any:
    """What a rule gave: a tensor, or the plain number that a constant slope is."""
    return x.value if isinstance(x, Tensor) else x


def native(row: Primitive, xs: list[Any]) -> Any:
    """One native row on tensors; most have their own name in torch."""
    if row.arity is None:
        return REDUCTIONS[row.name](torch.stack(torch.broadcast_tensors(*xs), -1), -1)
    if row.name == "where":
        return torch.where(xs[0] != 0, xs[1], xs[2])
    if row.name == "power":
        return torch.pow(xs[0], row.static)
    if row.name == "cbrt":
        return torch.sign(xs[0]) * torch.pow(torch.abs(xs[0]), 1 / 3)
    result = getattr(torch, {"equal": "eq"}.get(row.name, row.name))(*xs)
    return result.to(xs[0].dtype) if row.name in COMPARISONS else result


class OfOneNumber(torch.autograd.Function):
    """y = f(x), entry by entry, with the row's own derivative: at a corner torch would take a slope of its choosing."""

    @staticmethod
    def forward(ctx: Any, x: Any, row: Primitive) -> Any:
        """The row's forward rule."""
        y = Tensor(x)._compute(row, (Tensor(x),)).value
        ctx.row = row
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """∂C/∂x = f'(x)·∂C/∂y; the row has no gradient."""
        x, y = map(Tensor, ctx.saved_tensors)
        return grad * value_of(ctx.row.derivative(y, (x,), 0)), None


class Row(torch.nn.Module):
    """A row of the table for one number, on every number of a tensor."""

    def __init__(self, row: Primitive) -> None:
        super().__init__()
        self.row = row

    def forward(self, x: Any) -> Any:
        """f(x)."""
        return OfOneNumber.apply(x, self.row)

    def extra_repr(self) -> str:
        """The row's name, between the parentheses of the repr."""
        return repr(self.row)


class Reduce(torch.nn.Module):
    """A row of the table for any number of operands, along the last dimension."""

    def __init__(self, row: Primitive) -> None:
        super().__init__()
        self.row = row

    def forward(self, x: Any) -> Any:
        """One number for each list of them."""
        return REDUCTIONS[self.row.name](x, -1)

    def extra_repr(self) -> str:
        """The row's name."""
        return repr(self.row)


# --- shapes ---

class OneChannel(torch.nn.Module):
    """Signals (examples, length) or images (examples, height, width) get the dimension of their only channel."""

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Any) -> Any:
        """x, with the dimension if it came without."""
        return x.unsqueeze(1) if x.ndim == self.dims + 1 else x


class Last(torch.nn.Module):
    """The last step of (examples, steps, ...)."""

    def forward(self, x: Any) -> Any:
        """It alone."""
        return x[:, -1]


class PerStep(torch.nn.Module):
    """The same module at each step: the steps of all examples are its batch."""

    def __init__(self, part: Any) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Any) -> Any:
        """What it makes of each step, (examples, steps, ...)."""
        return self.part(x.flatten(0, 1)).unflatten(0, x.shape[:2])


# --- networks ---

class TDNN(torch.nn.Module):
    """Convolutions over time, and the sum over it: (examples, steps, n_in) gives (examples, units)."""

    def __init__(self, layers: Any) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Any) -> Any:
        """The steps become the last dimension, as a convolution has them."""
        return self.layers(x.transpose(1, 2)).sum(-1)


class RBF(torch.nn.Module):
    """y = W φ + b with φ_i = exp(-‖x - c_i‖² / 2s²)."""

    def __init__(self, centres: Any, width: Any, output: Any) -> None:
        super().__init__()
        self.centres, self.width, self.output = centres, width, output

    def forward(self, x: Any) -> Any:
        """(examples, n_in) gives (examples, n_out)."""
        squared = ((x.unsqueeze(-2) - self.centres) ** 2).sum(-1)
        return self.output(torch.exp(-squared / (2 * self.width**2)))


class Outputs(torch.nn.Module):
    """h at each step alone, where torch's RNN, LSTM and GRU give the last state beside it."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Any) -> Any:
        """(examples, steps, n_in) gives (examples, steps, n_hidden)."""
        return self.cell(x)[0]


class Cell(torch.nn.Module):
    """A cell with the four arrays of torch's, for the formulas that torch does not have. Subclasses define `step`."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        super().__init__()
        for name, parameter in arrays.items():
            self.register_parameter(name, parameter)

    def step(self, seen: Any, h: Any) -> Any:
        """h[t] from W x[t] + b and h[t-1]."""
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        """(examples, steps, n_in) gives h, (examples, steps, n_hidden)."""
        seen = torch.nn.functional.linear(x, self.weight_ih_l0, self.bias_ih_l0)
        h, found = x.new_zeros(len(x), self.weight_hh_l0.shape[1]), []
        for now in seen.unbind(1):
            h = self.step(now, h)
            found.append(h)
        return torch.stack(found, 1)


class ElmanCell(Cell):
    """h[t] = f(W x[t] + b + U h[t-1] + b'), where torch's RNN has tanh and relu alone."""

    def __init__(self, arrays: dict[str, Any], activation: Any) -> None:
        super().__init__(arrays)
        self.activation = activation

    def step(self, seen: Any, h: Any) -> Any:
        """The formula."""
        return self.activation(seen + torch.nn.functional.linear(h, self.weight_hh_l0, self.bias_hh_l0))


class GRUBefore(Cell):
    """The GRU of Cho et al. 2014: h[t-1] is reset before the product with U, where torch's GRU resets after it."""

    def step(self, seen: Any, h: Any) -> Any:
        """r and z, then n = tanh(Wn x[t] + bn + Un (r·h[t-1]) + bn'), and h[t] between n and h[t-1]."""
        k, weights, biases = 2 * h.shape[1], self.weight_hh_l0, self.bias_hh_l0
        r, z = torch.sigmoid(seen[:, :k] + h @ weights[:k].T + biases[:k]).chunk(2, -1)
        n = torch.tanh(seen[:, k:] + (r * h) @ weights[k:].T + biases[k:])
        return (1 - z) * n + z * h


class Jordan(torch.nn.Module):
    """c[t] = alpha·c[t-1] + y[t-1], h[t] = f(W x[t] + U c[t] + b), y[t] = g(V h[t] + d)."""

    def __init__(self, arrays: Sequence[Any], alpha: float, activation: Any, readout: Any) -> None:
        super().__init__()
        self.weight_ih, self.weight_ch, self.bias_h = arrays
        self.alpha, self.activation, self.readout = alpha, activation, readout

    def forward(self, x: Any, targets: Any = None) -> Any:
        """(examples, steps, n_in) gives y; with `targets`, of y's shape, these are the context in place of y."""
        seen = torch.nn.functional.linear(x, self.weight_ih, self.bias_h)
        c = y = x.new_zeros(len(x), self.weight_ch.shape[1])
        found = []
        for t, now in enumerate(seen.unbind(1)):
            c = self.alpha * c + y
            found.append(self.readout(self.activation(now + c @ self.weight_ch.T)))
            y = found[-1] if targets is None else targets[:, t]
        return torch.stack(found, 1)


class Forced(torch.nn.Module):
    """A Jordan network with its teacher: a step is x[t] followed by the right answer y[t]."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Any) -> Any:
        """The network's outputs with the answers in its context."""
        n = self.model.weight_ih.shape[1]
        return self.model(x[..., :n], x[..., n:])
