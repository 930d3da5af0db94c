"""The time-delay network: weights shared over time."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np

from ..arguments import is_whole
from ..examples import Examples, examples_of
from ..layers import Kind, add_up
from ..module import Module
from ..nested import shape_of
from .conv import Conv1d, Maps


class Evidence(NamedTuple):
    """What a TDNN computed for one sequence: each layer's maps (units, steps), and the sums over time."""

    x: list[Any]
    maps: list[Maps]
    output: list[Any]

    @property
    def over_time(self) -> list[Any]:
        """The evidence for each class at each step: the last layer's a."""
        found: list[Any] = self.maps[-1].a
        return found


class TDNN(Module):
    """Layers that see a few steps at a time, with the same weights at every step, and a sum over time at the end.

        y[t] = f(Σ_d w[d] · x[t-d] + b)      d = 0, 1, ..., window - 1, in each layer; w[d] a matrix
        output = Σ_t a[t]                    of the last layer, unit by unit

    A delay d looks back in time. That is Conv1d with its taps in the reverse order, w[d] = weight[..., window - 1 - d]
    (`delays`), where only those t are computed whose whole window is there. Each layer is shift-equivariant: what comes a step
    later in the input comes a step later in y. The sum over time makes the output invariant: it does not ask when.

    A sequence is a list of steps with n_in numbers each, of any length from `shortest` on. `TDNN()` has the sizes of A. Waibel
    and others, Phoneme recognition using time-delay neural networks, IEEE Transactions ASSP 37, 1989: 16 coefficients over 15
    frames, 8 units with a window of 3 (13 frames remain), 3 units with a window of 5 (9 frames), for B, D and G. There the sum
    over time is a unit with equal, fixed weights; here it is the plain sum, which is given to the cross entropy as logits.
    It is no recurrent network: nothing that it computes comes back.
    """

    def __init__(
        self, n_in: int = 16, units: Sequence[int] = (8, 3), windows: Sequence[int] = (3, 5), activation: Kind = "sigmoid", *,
        seed: int | None = None,
    ) -> None:  # fmt: skip
        units, windows = ([*sizes] if isinstance(sizes, (list, tuple)) else [] for sizes in (units, windows))
        if not units or len(units) != len(windows):
            raise ValueError("A TDNN needs the units and the window of each layer, such as units=(8, 3), windows=(3, 5); it was "
                             f"given {len(units)} and {len(windows)}.")  # fmt: skip
        random = Random(seed)
        self.layers = [
            Conv1d(below, above, window, activation=activation, seed=random, number=number)
            for number, (below, above, window) in enumerate(zip([n_in, *units], units, windows), 1)
        ]

    def settings(self) -> dict[str, Any]:
        """Its sizes, and the name of its activation."""
        units, windows = [layer.out_channels for layer in self.layers], [layer.kernel_size[0] for layer in self.layers]
        return {"n_in": self.n_in, "units": units, "windows": windows, "activation": self.layers[0].activation.to_keep()}

    @classmethod
    def shapes(
        cls, n_in: int, units: Sequence[int], windows: Sequence[int], activation: str = "sigmoid"
    ) -> dict[str, tuple[int, ...]]:
        """layers.0.weight (units, inputs, window), layers.0.bias (units), ..."""
        layers = [Conv1d.shapes(*sizes) for sizes in zip([n_in, *units], units, windows)]
        return {f"layers.{i}.{name}": shape for i, layer in enumerate(layers) for name, shape in layer.items()}

    @property
    def n_in(self) -> int:
        """How many numbers a step has."""
        return self.layers[0].in_channels

    @property
    def shortest(self) -> int:
        """How many steps a sequence needs: so many a unit of the last layer sees."""
        return 1 + sum(layer.kernel_size[0] - 1 for layer in self.layers)

    def delays(self, layer: int = 0) -> np.ndarray:
        """The weights of a layer by delay, (units, inputs, window): [j, k, d] weighs what input k was d steps ago, for unit j."""
        if not is_whole(layer) or not -len(self.layers) <= layer < len(self.layers):
            last = len(self.layers) - 1
            raise ValueError(f"This network has layers[0] to layers[{last}]; layer = {layer!r} is not one of them.")
        return self.layers[layer].state_dict()["weight"][:, :, ::-1]

    def examples(self, X: Any, name: str = "X") -> Examples:
        """Sequences, (examples, steps, n_in), or a list of them of different lengths."""
        found = examples_of(X, name)
        for i, sequence in enumerate(found):
            if sequence.ndim != 2 or sequence.shape[1] != self.n_in or len(sequence) < self.shortest:
                raise ValueError(f"An example of {name} must have shape (steps, {self.n_in}), with {self.shortest} steps or more;"
                                 f" example {i} has shape {sequence.shape}.")  # fmt: skip
        return found

    def _steps(self, x: Sequence[Any]) -> list[Any]:
        """The sequence, input by input: the channels of a convolution."""
        x = x.tolist() if isinstance(x, np.ndarray) else x
        shape = shape_of(x)
        if len(shape) != 2 or shape[1] != self.n_in or shape[0] < self.shortest:
            raise ValueError(f"This takes at least {self.shortest} steps of {self.n_in} numbers each; it was given {shape}.")
        return [list(channel) for channel in zip(*x)]

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """The sum over time of each unit of the last layer, for one sequence."""
        a = self._steps(x)
        for layer in self.layers:
            a = layer(a)
        return [add_up(unit) for unit in a]

    def activations(self, x: Sequence[Any]) -> Evidence:
        """What every layer computed, as Values; the maps are (units, steps)."""
        maps: list[Maps] = []
        a = self._steps(x)
        for layer in self.layers:
            maps.append(layer.activations(a))
            a = maps[-1].a
        return Evidence(maps[0].x, maps, [add_up(unit) for unit in a])
