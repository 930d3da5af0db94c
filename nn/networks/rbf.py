"""Radial basis functions: Gaussian bumps around centres, and a linear layer that adds them up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from random import Random
from typing import Any, NamedTuple

import numpy as np

from ...engine import Value, exp
from ...engine.arrays import shown
from ..activations import Activation
from ..arguments import is_whole, random_of
from ..examples import matrix
from ..layers import Layer, add_up, checked
from ..losses import quadratic
from ..module import Module
from ..targets import Targets

STARTS, ROUNDS = 10, 300  # of k-means; its rounds end by themselves long before


class Bumps(NamedTuple):
    """What an RBF network computed for one example: the squared distances to the centres, the bumps' heights, the outputs."""

    x: list[Any]
    squared_distances: list[Value]
    phi: list[Value]
    outputs: list[Value]

    @property
    def output(self) -> Any:
        """The prediction: a single Value if there is one output."""
        return self.outputs[0] if len(self.outputs) == 1 else self.outputs


class RBF(Module):
    """y_j = b_j + Σ_i w_ji φ_i(x) with φ_i(x) = exp(-‖x - c_i‖² / 2s²), after Broomhead and Lowe (1988).

    A unit answers near its centre c_i and is silent far from it, where a unit of an MLP answers on one side of a line. All
    units share the width s. One output gives a Value, several give a list. (scikit-learn's RBFSampler is something else:
    random Fourier features.)

    centres   "kmeans": `fit(X, y)` or `place(X)` puts them where the examples are; or rows of n_in numbers, which stay; or
              "random": drawn from the standard normal distribution
    width     s, in the units of x; None takes d_max / √(2·units), d_max being the largest distance between two centres (1 if
              all lie in one place)

    `fit(X, y)` finds the output weights by least squares. Beyond 1988, nn.fit trains everything by backpropagation, the
    centres and the width too; nn.fit with an optimiser of `model.output.parameters()` trains the output weights alone. The
    parameters are centres (units, n_in), width, output.weight (n_out, units) and output.bias (n_out).
    """

    def __init__(
        self, n_in: int, units: int, n_out: int, centres: str | Sequence[Sequence[float]] = "kmeans", width: float | None = None,
        *, seed: int | None = None,
    ) -> None:  # fmt: skip
        for size, of_what in ((n_in, "inputs"), (units, "units"), (n_out, "outputs")):
            if not is_whole(size) or size < 1:
                raise ValueError(f"An RBF network needs a whole number of {of_what}, at least 1, not {shown(size)}.")
        if width is not None and (not isinstance(width, Real) or isinstance(width, bool) or not 0 < width < math.inf):
            raise ValueError(f"width = {shown(width)}: give a number greater than 0, or None to take it from the centres.")
        if isinstance(centres, str) and centres not in ("kmeans", "random"):
            raise ValueError(f'centres = {shown(centres)}: give "kmeans", "random", or {units} rows of {n_in} numbers.')
        random = random_of(seed)
        self.seed, self.given_width = seed, None if width is None else float(width)
        self.by_kmeans = isinstance(centres, str) and centres == "kmeans"
        self.placed = not self.by_kmeans  # whether the centres are where they belong
        if isinstance(centres, str):
            numbers = np.array([[random.gauss(0.0, 1.0) for _ in range(n_in)] for _ in range(units)])
        else:
            numbers = matrix(centres, n_in, "centres")
            if len(numbers) != units:
                raise ValueError(f"Each unit needs a centre: there are {units} units and {len(numbers)} centres.")
        comma = "," if max(units, n_in) > 9 else ""
        self.centres = [[Value(c, f"c{i}{comma}{k}") for k, c in enumerate(row, 1)] for i, row in enumerate(numbers.tolist(), 1)]
        self.width = Value(self.width_for(numbers), "s")
        self.output = Layer(units, n_out, "linear", seed=random, number=2)

    @property
    def n_in(self) -> int:
        """How many inputs it takes."""
        return len(self.centres[0])

    @property
    def units(self) -> int:
        """How many bumps it has."""
        return len(self.centres)

    @property
    def n_out(self) -> int:
        """How many outputs it gives."""
        return self.output.n_out

    @property
    def output_activation(self) -> Activation:
        """The outputs are sums: linear."""
        return self.output.activation

    def examples(self, X: Any, name: str = "X") -> np.ndarray:
        """Rows of n_in numbers, one for each example."""
        return matrix(X, self.n_in, name)

    def __call__(self, x: Sequence[Any]) -> Any:
        """The output for one example."""
        return self.activations(x).output

    def activations(self, x: Sequence[Any]) -> Bumps:
        """The squared distances, the heights of the bumps and the outputs, as Values."""
        if not self.placed:
            raise ValueError("The centres have no places yet: call fit(X, y), or place(X) before training them with nn.fit.")
        a = checked(x, self.n_in)
        squared = [add_up((x - c) ** 2 for x, c in zip(a, centre)) for centre in self.centres]
        spread = 2 * self.width**2
        phi = [exp(-d / spread) for d in squared]
        for letter, values in (("d²", squared), ("φ", phi)):
            for i, value in enumerate(values, 1):
                value.label = value.label or f"{letter}{i}"
        return Bumps(a, squared, phi, self.output.z(phi))

    def features(self, X: Any) -> np.ndarray:
        """The heights of the bumps for rows of plain numbers, (examples, units)."""
        squared = squared_distances(self.examples(X), self.centre_numbers)
        heights: np.ndarray = np.exp(-squared / (2 * self.width.data**2))
        return heights

    @property
    def centre_numbers(self) -> np.ndarray:
        """The centres as an array (units, n_in)."""
        return np.array([[c.data for c in centre] for centre in self.centres])

    def width_for(self, centres: np.ndarray) -> float:
        """The width that was asked for, or d_max / √(2·units)."""
        if self.given_width is not None:
            return self.given_width
        largest = max(float(np.linalg.norm(centres - centre, axis=1).max()) for centre in centres)
        return largest / math.sqrt(2 * len(centres)) if largest > 0 else 1.0

    def place(self, X: Any) -> RBF:
        """Put the centres where k-means finds the middles of as many clusters, and set the width; returns the network."""
        numbers = kmeans(self.examples(X), self.units, random_of(self.seed))
        for centre, row in zip(self.centres, numbers.tolist()):
            for value, number in zip(centre, row):
                value.data = number
        self.width.data, self.placed = self.width_for(numbers), True
        return self

    def fit(self, X: Any, y: Any) -> RBF:
        """The output weights by least squares, after k-means if the centres are to come from it; returns the network.

        The half sum of squares over the examples has one lowest value, found in one step. Where several weights reach it
        (more units than examples, say), those with the smallest sum of squares are taken.
        """
        rows = self.examples(X)
        targets = Targets(y, len(rows), self.n_out, quadratic).numbers.reshape(len(rows), -1)
        if self.by_kmeans:
            self.place(rows)
        heights = np.column_stack([self.features(rows), np.ones(len(rows))])
        solution = np.linalg.lstsq(heights, targets, rcond=None)[0].T.tolist()
        for neuron, (*weights, bias) in zip(self.output.neurons, solution):
            neuron.b.data = bias
            for value, number in zip(neuron.w, weights):
                value.data = number
        return self

    def load_state_dict(self, state: Any) -> None:
        """Set the parameters, the centres too, to the numbers of `state`."""
        super().load_state_dict(state)
        self.placed = True

    def settings(self) -> dict[str, Any]:
        """Its sizes, where its centres come from, and the width that was asked for."""
        kind = "kmeans" if self.by_kmeans else "random"
        return {"n_in": self.n_in, "units": self.units, "n_out": self.n_out, "centres": kind, "width": self.given_width}

    @classmethod
    def shapes(
        cls, n_in: int, units: int, n_out: int, centres: str = "kmeans", width: float | None = None
    ) -> dict[str, tuple[int, ...]]:
        """centres (units, n_in), width (), output.weight (n_out, units) and output.bias (n_out)."""
        return {"centres": (units, n_in), "width": (), "output.weight": (n_out, units), "output.bias": (n_out,)}


def kmeans(X: np.ndarray, count: int, random: Random) -> np.ndarray:
    """The middles of `count` clusters, (count, features): of several starts the one whose examples are nearest in the end.

    From each start follow Lloyd's rounds. A start is k-means++ (Arthur and Vassilvitskii 2007): an example at random, then
    each time one drawn with a chance proportional to its squared distance to the nearest that is chosen already.
    """
    different = len(np.unique(X, axis=0))
    if different < count:
        raise ValueError(f"k-means needs as many different examples as centres: {different} examples, {count} centres.")
    found = [lloyd(X, spread_start(X, count, random)) for _ in range(STARTS)]
    return min(found, key=lambda centres: float(squared_distances(X, centres).min(axis=1).sum()))


def spread_start(X: np.ndarray, count: int, random: Random) -> np.ndarray:
    """Examples to begin with, the next one hardly ever near one that is chosen already."""
    chosen, chances = [X[random.randrange(len(X))]], np.full(len(X), np.inf)
    while len(chosen) < count:
        chances = np.minimum(chances, squared_distances(X, chosen[-1:])[:, 0])
        chosen.append(X[random.choices(range(len(X)), weights=chances.tolist())[0]])
    return np.array(chosen)


def lloyd(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Each example joins its nearest centre, each centre moves to the mean of its examples, until no example changes sides.

    A centre that nobody joins takes the place of the example that is farthest from its own.
    """
    centres, before = centres.copy(), None
    for _ in range(ROUNDS):
        distances = squared_distances(X, centres)
        nearest = distances.argmin(axis=1)
        if before is not None and (nearest == before).all():
            break
        before, own = nearest, distances.min(axis=1)
        for k in range(len(centres)):
            mine = nearest == k
            if not mine.any():
                mine = np.arange(len(X)) == own.argmax()
                own[mine] = 0.0  # another empty centre goes elsewhere
            centres[k] = X[mine].mean(axis=0)
    return centres


def squared_distances(X: np.ndarray, centres: Iterable[np.ndarray]) -> np.ndarray:
    """From each example to each centre, (examples, centres)."""
    return np.column_stack([((X - centre) ** 2).sum(axis=1) for centre in centres])  # one by one they fit into the cache
