"""Shared weights: one small kernel is laid on every place of a signal or an image, and gives a number at each.

Shapes are PyTorch's, for one example: a signal is (channels, length), an image (channels, height, width), weights are
(out, in, *kernel), biases (out). The names are PyTorch's too, so that `state_dict()` travels both ways.

As in every library, this is called a convolution and computes a cross-correlation: the kernel is not turned round before it
is laid on. (A convolution of mathematics, Σ w[k] x[t - k], would be; with learned weights the two differ in the order in which
the weights are written down. TDNN has them by delay.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Any, NamedTuple

import numpy as np

from ...engine import Constant, Value
from ...engine.arrays import shown
from ..activations import Activation
from ..arguments import is_whole
from ..examples import examples_of
from ..layers import Kind, as_value, weighted_sum
from ..module import Module
from ..nested import each, flat, grid, shape_of


class Maps(NamedTuple):
    """What a convolution computed for one example: z and a for every channel, a signal or an image each."""

    x: list[Any]
    z: list[Any]
    a: list[Any]

    @property
    def output(self) -> list[Any]:
        """The prediction, a."""
        return self.a


class Window(NamedTuple):
    """One place followed through: z = Σ weights·inputs + bias. Outside the border there is no input and no term: None."""

    place: tuple[int, ...]
    inputs: list[Any]
    weights: list[Value]
    terms: list[Any]
    bias: Value
    z: Value


class Convolution(Module):
    """What Conv1d and Conv2d share: parameters, counting, and the sum at a place."""

    dims: int  # of a place: 1 in a signal, 2 in an image

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int | Sequence[int], stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0, activation: Kind = "linear", *, seed: int | Random | None = None, number: int = 1,
    ) -> None:  # fmt: skip
        shape = self.shapes(in_channels, out_channels, kernel_size)["weight"]  # checks them
        random = seed if isinstance(seed, Random) else Random(seed)
        limit = 1 / math.sqrt(math.prod(shape[1:]))
        weights = [random.uniform(-limit, limit) for _ in range(math.prod(shape))]
        self._set(grid(weights, shape), [random.uniform(-limit, limit) for _ in range(shape[0])], number)
        self._lay(stride, padding, activation)

    @classmethod
    def from_weights(
        cls, weight: Any, bias: Sequence[Any] | None = None, stride: int | Sequence[int] = 1, padding: int | Sequence[int] = 0,
        activation: Kind = "linear", *, number: int = 1,
    ) -> Any:  # fmt: skip
        """One with given weights (out, in, *kernel) and biases (out, or 0 if none are given), numbers or Values."""
        module = cls.__new__(cls)
        weight = weight.tolist() if isinstance(weight, np.ndarray) else weight
        shape = shape_of(weight)
        if len(shape) != cls.dims + 2 or 0 in shape:
            raise ValueError(f"The weights of a {cls.__name__} are lists in lists of shape {cls._in_words()}; "
                             f"these have {shape}.")  # fmt: skip
        biases = [0.0] * shape[0] if bias is None else list(bias)
        if len(biases) != shape[0]:
            raise ValueError(f"There must be one bias for each output channel: {shape[0]} channels, {len(biases)} biases.")
        module._set(weight, biases, number)
        module._lay(stride, padding, activation)
        return module

    def _set(self, weight: Any, bias: list[Any], number: int) -> None:
        """Make the parameters, w1_211 being from input 1 to output 2 at tap 1 of layer 1."""
        shape = shape_of(weight)
        comma = "," if max(shape) > 9 else ""
        places = [comma.join(str(i + 1) for i in place) for place in product(*map(range, shape))]
        values = [as_value(w, f"w{number}_{place}") for w, place in zip(flat(weight), places)]
        self.weight: list[Any] = grid(values, shape)
        self.bias = [as_value(b, f"b{number}_{o}") for o, b in enumerate(bias, 1)]
        self.in_channels, self.out_channels, self.kernel_size, self.number = shape[1], shape[0], shape[2:], number

    def _lay(self, stride: int | Sequence[int], padding: int | Sequence[int], activation: Kind) -> None:
        """How the kernel is laid on, and what is done with the sums."""
        self.stride = each(stride, self.dims, "stride", 1)
        self.padding = each(padding, self.dims, "padding", 0)
        if any(p >= k for p, k in zip(self.padding, self.kernel_size)):
            raise ValueError(f"A padding of {padding!r} is too wide for a kernel of size {self.kernel_size}: some windows would "
                             "see nothing but the padding.")  # fmt: skip
        self.activation = Activation(activation)
        if self.activation.name == "softmax" and not self.activation.custom:
            raise ValueError("softmax is for outputs, one for each class: put it, or the cross entropy, after the last layer.")

    def settings(self) -> dict[str, Any]:
        """Its sizes, how the kernel is laid on, and the name of its activation."""
        sizes = {"in_channels": self.in_channels, "out_channels": self.out_channels, "kernel_size": list(self.kernel_size)}
        laid = {"stride": list(self.stride), "padding": list(self.padding)}
        return {**sizes, **laid, "activation": self.activation.to_keep()}

    @classmethod
    def shapes(
        cls, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0, activation: str = "linear"
    ) -> dict[str, tuple[int, ...]]:
        """weight (out, in, *kernel) and bias (out)."""
        for size, of_what in ((in_channels, "input channels"), (out_channels, "output channels")):
            if not is_whole(size) or size < 1:
                raise ValueError(f"A {cls.__name__} needs a whole number of {of_what}, at least 1, not {shown(size)}.")
        kernel = each(kernel_size, cls.dims, "kernel_size", 1)
        return {"weight": (int(out_channels), int(in_channels), *kernel), "bias": (int(out_channels),)}

    @classmethod
    def _in_words(cls, channels: Any = None) -> str:
        """The shape of one example, or of the weights, in words."""
        kernel = "length" if cls.dims == 1 else "height, width"
        return f"({channels}, {kernel})" if channels else "(out, in, kernel)" if cls.dims == 1 else "(out, in, height, width)"

    @property
    def output_activation(self) -> Activation:
        """Its own."""
        return self.activation

    def places(self, *size: int) -> tuple[int, ...]:
        """At how many places the kernel lies on a signal of this length, or an image of this height and width."""
        if len(size) != self.dims or not all(map(is_whole, size)):
            raise ValueError(f"A size is {'a length' if self.dims == 1 else 'a height and a width'}; this is {size}.")
        found = tuple(
            (n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, self.kernel_size, self.stride, self.padding)
        )  # fmt: skip
        if min(found) < 1 or min(size) < 1:
            raise ValueError(f"A kernel of size {self.kernel_size} does not fit on an input of size {size} with padding "
                             f"{self.padding}.")  # fmt: skip
        return found

    def connections(self, *size: int, bias: bool = False) -> int:
        """How often a weight is used for one example of this size: the parameters that there were if none were shared.

        A product with the padding is none, since it is left out of the sum. `bias=True` counts a bias at each place as well.
        """
        places = self.places(*size)
        inside = [
            sum(0 <= t * s - p + tap < n for t in range(count) for tap in range(k))
            for n, count, k, s, p in zip(size, places, self.kernel_size, self.stride, self.padding)
        ]  # fmt: skip
        each_map = self.in_channels * math.prod(inside) + (math.prod(places) if bias else 0)
        return self.out_channels * each_map

    def examples(self, X: Any, name: str = "X") -> np.ndarray:
        """Signals or images of one size, (examples, channels, ...); with one channel its dimension may be left out."""
        found = examples_of(X, name)
        size = found.shape[1:] if isinstance(found, np.ndarray) else ()
        plain = self.in_channels == 1 and len(size) == self.dims
        if not isinstance(found, np.ndarray) or not (plain or (len(size) == self.dims + 1 and size[0] == self.in_channels)):
            shape = f"shape {found.shape}" if isinstance(found, np.ndarray) else "examples of different sizes"
            raise ValueError(f"{name} must have shape (examples, {self._in_words(self.in_channels)[1:]}; it has {shape}.")
        self.places(*size[-self.dims :])
        return found

    def window(self, x: Sequence[Any], *place: int) -> list[Any]:
        """The inputs under the kernel, channel by channel; None outside the border."""
        raise NotImplementedError

    def z(self, x: Sequence[Any]) -> list[Any]:
        """The sums: for each output channel one at each place."""
        places = self.places(*shape_of(x)[1:])
        windows = [self.window(x, *place) for place in product(*map(range, places))]
        return [
            grid([inner(kernel, window, b) for window in windows], places)
            for kernel, b in zip(map(flat, self.weight), self.bias)
        ]  # fmt: skip

    def _activated(self, z: list[Any]) -> list[Any]:
        return [grid(self.activation(flat(channel)), shape_of(channel)) for channel in z]

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """The activations for one example, (out, ...)."""
        return self._activated(self.z(self.checked(x)))

    def activations(self, x: Sequence[Any]) -> Maps:
        """The input, z and a as Values, named z1_211, a1_211, ...: layer, channel, place."""
        inputs = self.checked(x)
        z = self.z(inputs)
        a = self._activated(z)
        for letter, maps in (("z", z), ("a", a)):
            shape = shape_of(maps)
            comma = "," if max(shape) > 9 else ""
            for place, value in zip(product(*map(range, shape)), flat(maps)):
                value.label = value.label or f"{letter}{self.number}_{comma.join(str(i + 1) for i in place)}"
        return Maps(inputs, z, a)

    def follow(self, x: Sequence[Any], *place: int, channel: int = 0) -> Window:
        """What is computed at one place of one output channel, both counted from 0."""
        inputs = self.checked(x)
        places = self.places(*shape_of(inputs)[1:])
        if len(place) != self.dims or not all(is_whole(i) and 0 <= i < n for i, n in zip(place, places)):
            raise ValueError(f"The places are 0 to {tuple(n - 1 for n in places)}; {place} is not one of them.")
        if not is_whole(channel) or not 0 <= channel < self.out_channels:
            raise ValueError(f"The output channels are 0 to {self.out_channels - 1}; {channel!r} is not one of them.")
        window, weights = self.window(inputs, *place), flat(self.weight[channel])
        terms = [None if value is None else w * value for w, value in zip(weights, window)]
        return Window(place, window, weights, terms, self.bias[channel], inner(weights, window, self.bias[channel]))

    def checked(self, x: Any) -> list[Any]:
        """One example as Values, (channels, ...); a single channel may come without its dimension."""
        x = x.tolist() if isinstance(x, np.ndarray) else x
        shape = shape_of(x)
        if len(shape) == self.dims and self.in_channels == 1:
            x, shape = [x], (1, *shape)
        if len(shape) != self.dims + 1 or shape[0] != self.in_channels:
            raise ValueError(f"This takes an example of shape {self._in_words(self.in_channels)}; it was given {shape_of(x)}.")
        return grid([value if isinstance(value, Value) else Constant(value) for value in flat(x)], shape)

    def __repr__(self) -> str:
        plain = [sizes[0] if len(set(sizes)) == 1 else sizes for sizes in (self.kernel_size, self.stride, self.padding)]
        more = "".join(f", {name}={size}" for name, size, usual in zip(("stride", "padding"), plain[1:], (1, 0)) if size != usual)
        return f"{type(self).__name__}({self.in_channels} → {self.out_channels} {self.activation}, kernel {plain[0]}{more})"


class Conv1d(Convolution):
    """z[o][t] = b[o] + Σ_c Σ_k w[o][c][k] · x[c][t·stride - padding + k], then a = f(z); the signal is 0 outside its ends.

    x (in, length) gives (out, places), places = (length + 2·padding - kernel) // stride + 1. Kernel [1, 0, -1] on [1, 2, 3, 4]
    gives [-2, -2]. Weights and biases begin uniform within ±1/sqrt(in·kernel), as in PyTorch. Over time it is the time-delay
    network's layer: A. Waibel and others, Phoneme recognition using time-delay neural networks, IEEE Transactions ASSP 37, 1989.
    """

    dims = 1

    def window(self, x: Sequence[Any], *place: int) -> list[Any]:
        """x[c][t·stride - padding + k] for each channel c and tap k; None outside the ends."""
        (t,) = place
        start = t * self.stride[0] - self.padding[0]
        ts = range(start, start + self.kernel_size[0])
        return [channel[i] if 0 <= i < len(channel) else None for channel in x for i in ts]


class Conv2d(Convolution):
    """z[o][i][j] = b[o] + Σ_c Σ_p Σ_q w[o][c][p][q] · x[c][i·stride - padding + p][j·stride - padding + q], then a = f(z).

    x (in, height, width) gives (out, rows, columns); a plain image (height, width) will do if in = 1. The image is 0 outside
    its border. kernel_size, stride and padding are whole numbers or pairs (vertical, horizontal). Weights and biases begin
    uniform within ±1/sqrt(in·kernel height·kernel width), as in PyTorch. Source: Y. LeCun and others, Backpropagation applied to
    handwritten zip code recognition, Neural Computation 1, 1989; there each place has a bias of its own (`lecun_1989`), here
    and in every library each channel has one.
    """

    dims = 2

    def window(self, x: Sequence[Any], *place: int) -> list[Any]:
        """x[c][i + p][j + q] for each channel c and tap p, q; None outside the border."""
        top, left = (at * s - p for at, s, p in zip(place, self.stride, self.padding))
        rows, columns = (range(start, start + k) for start, k in zip((top, left), self.kernel_size))
        return [
            channel[i][j] if 0 <= i < len(channel) and 0 <= j < len(channel[0]) else None
            for channel in x for i in rows for j in columns
        ]  # fmt: skip


def inner(weights: Sequence[Value], window: Sequence[Any], bias: Value) -> Any:
    """The weighted sum over a window; what is outside the border is 0, and is left out."""
    inside = [(w, x) for w, x in zip(weights, window) if x is not None]
    return weighted_sum([w for w, _ in inside], [x for _, x in inside], bias)
