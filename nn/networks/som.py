"""The self-organising map: neurons on a grid learn, without targets, where the data lie, and neighbours learn alike.

There is no loss and no gradient here: neurons compete for each example, and the winner takes its neighbours along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ...engine.arrays import real_array, shown
from ..arguments import generator_of, is_whole
from ..examples import matrix

# How the rate and σ become smaller: from the value at the beginning, in step t of T, counted from 0.
DECAYS: dict[str, Callable[[float, int, int], float]] = {
    "hyperbolic": lambda start, t, T: start / (1 + 2 * t / T),  # ends near a third; MiniSom calls it asymptotic
    "linear": lambda start, t, T: start * (1 - t / T),  # ends near 0
    "constant": lambda start, t, T: start,
}
# How strongly a neuron learns that lies so many rows and columns from the winner.
NEIGHBOURHOODS: dict[str, Callable[[np.ndarray, np.ndarray, float], np.ndarray]] = {
    "gaussian": lambda rows, columns, sigma: np.exp(-(rows**2 + columns**2) / (2 * sigma**2)),
    "bubble": lambda rows, columns, sigma: np.where((abs(rows) < sigma) & (abs(columns) < sigma), 1.0, 0.0),  # Kohonen 1982
}
# Steps to the neighbours below and to the right; the others have this neuron as theirs.
ADJACENT = {4: ((0, 1), (1, 0)), 8: ((0, 1), (1, 0), (1, 1), (1, -1))}


class Snapshot(NamedTuple):
    """The map after `step` examples, with the rate and the σ of the next one."""

    step: int
    rate: float
    sigma: float
    weights: np.ndarray


class SOM:
    """Kohonen's self-organising map: rows x columns neurons, each with a weight vector of n_in numbers.

    For an example x the winner c is the neuron whose weights are nearest (Euclidean distance; of equal ones the first, row by
    row). Then every neuron i moves towards x, the less the further it is from the winner ON THE GRID:

        w_i += rate · h(i, c) · (x - w_i),    h(i, c) = exp(-d(i, c)² / 2σ²)

    Rate and σ become smaller with every example, from `learning_rate` and `sigma` at the first: "hyperbolic" is
    start / (1 + 2t/T) in step t of T, "linear" is start · (1 - t/T), "constant" stays. The neighbourhood is "gaussian", as
    above, or "bubble": 1 for neurons less than σ rows and less than σ columns away, else 0.

    Weights begin at random numbers between 0 and 1, drawn from `seed`, so data should be scaled to about that range; or set
    `weights`, of shape (rows, columns, n_in), before `fit`.

    Source: T. Kohonen, Self-organized formation of topologically correct feature maps, Biological Cybernetics 43, 1982.
    There the neighbourhood is a bubble that is made smaller by hand; Gaussian and decay are as in the library MiniSom, whose
    numbers these are if start and order are the same.
    """

    def __init__(
        self, rows: int, columns: int, n_in: int, *, sigma: float = 1.0, learning_rate: float = 0.5,
        neighbourhood: str = "gaussian", decay: str = "hyperbolic", seed: int | None = None,
    ) -> None:  # fmt: skip
        for name, number in (("rows", rows), ("columns", columns), ("n_in", n_in)):
            if not is_whole(number) or number < 1:
                raise ValueError(f"{name} = {shown(number)}: give a whole number, at least 1.")
        for name, size in (("sigma", sigma), ("learning_rate", learning_rate)):
            if not isinstance(size, Real) or isinstance(size, bool) or not 0 < size < float("inf"):
                raise ValueError(f"{name} = {shown(size)}: give a number greater than 0.")
        if learning_rate > 1:
            raise ValueError(f"learning_rate = {learning_rate}: at 1 the winner jumps onto the example; give at most that.")
        if neighbourhood not in NEIGHBOURHOODS:
            raise ValueError(f"There is no neighbourhood {shown(neighbourhood)}; there are {', '.join(NEIGHBOURHOODS)}.")
        if decay not in DECAYS:
            raise ValueError(f"There is no decay {shown(decay)}; there are {', '.join(DECAYS)}.")
        self.rows, self.columns, self.n_in = int(rows), int(columns), int(n_in)
        self.sigma, self.learning_rate = float(sigma), float(learning_rate)
        self.neighbourhood, self.decay = neighbourhood, decay
        self._random = generator_of(seed)
        self._weights = self._random.random((self.rows, self.columns, self.n_in))

    @property
    def weights(self) -> np.ndarray:
        """The weight vectors, (rows, columns, n_in)."""
        return self._weights

    @weights.setter
    def weights(self, given: Any) -> None:
        array = real_array(given, f"weights must be numbers of shape {self._weights.shape}")
        if array.shape != self._weights.shape or not np.isfinite(array).all():
            raise ValueError(f"weights must be finite and have shape {self._weights.shape}; these have shape {array.shape}"
                             f"{'' if np.isfinite(array).all() else ' and contain nan or inf'}.")  # fmt: skip
        self._weights = array.copy()

    # --- learning ---

    def fit(
        self, X: Any, epochs: int = 10, *, steps: int | None = None, shuffle: bool = True, snapshots: Sequence[int] = ()
    ) -> list[Snapshot]:
        """Show the examples X (examples, n_in), `epochs` times all of them, or `steps` of them; the map learns from each.

        Each pass is in another random order, or with shuffle=False in the order of X. Rate and σ begin anew with every call.
        Returns the map after each number of steps in `snapshots`, 0 being the beginning.
        """
        X = matrix(X, self.n_in)
        for name, number in (("epochs", epochs), ("steps", steps)):
            if number is not None and (not is_whole(number) or number < 1):
                raise ValueError(f"{name} = {shown(number)}: give a whole number, at least 1.")
        total = len(X) * epochs if steps is None else steps
        wanted = set(snapshots)
        if not all(is_whole(step) and 0 <= step <= total for step in wanted):
            raise ValueError(f"snapshots = {shown(snapshots)}: give numbers of steps from 0 to {total}, which is all of them.")
        found = []
        order = np.arange(len(X))
        for t in range(total):
            if t in wanted:
                found.append(self._snapshot(t, total))
            if shuffle and t % len(X) == 0:
                order = self._random.permutation(len(X))
            self._learn(X[order[t % len(X)]], *self._decayed(t, total))
        return [*found, self._snapshot(total, total)] if total in wanted else found

    def _learn(self, x: np.ndarray, rate: float, sigma: float) -> None:
        """One step: the winner for x and its neighbours move towards x."""
        row, column = self._nearest(x)
        down, right = np.arange(self.rows)[:, None] - row, np.arange(self.columns) - column
        h = NEIGHBOURHOODS[self.neighbourhood](down, right, sigma)
        self._weights += rate * h[:, :, None] * (x - self._weights)

    def _decayed(self, t: int, total: int) -> tuple[float, float]:
        """Rate and σ in step t of so many."""
        decay = DECAYS[self.decay]
        return decay(self.learning_rate, t, total), decay(self.sigma, t, total)

    def _snapshot(self, step: int, total: int) -> Snapshot:
        return Snapshot(step, *self._decayed(step, total), self._weights.copy())

    def _nearest(self, x: np.ndarray) -> tuple[int, int]:
        return divmod(int(((self._weights - x) ** 2).sum(axis=2).argmin()), self.columns)

    # --- what it has learned ---

    def winner(self, x: Any) -> tuple[int, int]:
        """Row and column of the neuron whose weights are nearest to x, counted from 0."""
        return self._nearest(matrix([x], self.n_in, "[x]")[0])

    def winners(self, X: Any) -> np.ndarray:
        """Row and column of the winner for each example, (examples, 2)."""
        return np.array([divmod(int(row.argmin()), self.columns) for row in self._distances(X)])

    def quantization_error(self, X: Any) -> float:
        """How far examples lie from the weights of their winners, on the average."""
        return float(self._distances(X).min(axis=1).mean())

    def topographic_error(self, X: Any, *, adjacency: int = 8) -> float:
        """The share of examples whose nearest and second nearest neuron are not adjacent on the grid.

        Adjacent are a neuron's 8 neighbours, diagonal ones too, as in MiniSom, or with adjacency=4 those beside it alone.
        """
        check_adjacency(adjacency)
        if self.rows * self.columns == 1:
            raise ValueError("A map of one neuron has no second nearest one, so it has no topographic error.")
        nearest = self._distances(X).argsort(axis=1, kind="stable")[:, :2]
        apart = abs(np.diff(nearest // self.columns)), abs(np.diff(nearest % self.columns))
        distance = np.maximum(*apart) if adjacency == 8 else np.add(*apart)
        return float((distance > 1).mean())

    def distance_map(self, *, adjacency: int = 8, scaled: bool = True) -> np.ndarray:
        """The U-matrix, (rows, columns): the mean distance of a neuron's weights to those of its neighbours on the grid.

        Light valleys are groups of similar neurons, dark ridges the borders between them. Divided by the largest unless
        scaled=False; with 8 neighbours that is MiniSom's distance_map(scaling="mean"), whose default is the sum, which makes
        the rim look flat.
        """
        check_adjacency(adjacency)
        w = self._weights
        sums, counts = np.zeros((2, self.rows, self.columns))
        for down, right in ADJACENT[adjacency]:
            here = (slice(0, self.rows - down), slice(max(0, -right), self.columns - max(0, right)))
            there = (slice(down, self.rows), slice(max(0, right), self.columns - max(0, -right)))
            distance = np.sqrt(((w[here] - w[there]) ** 2).sum(axis=2))
            for place in (here, there):
                sums[place] += distance
                counts[place] += 1
        means = sums / np.maximum(counts, 1)
        return means / (means.max() or 1.0) if scaled else means

    def labels(self, X: Any, y: Any) -> np.ndarray:
        """A class for each neuron, (rows, columns): that of most of the examples it wins, of the nearest one if it wins none.

        The map itself never sees a class. `som.labels(X, y)[tuple(som.winners(X_test).T)]` are answers for other examples.
        """
        distances, classes = self._distances(X), np.asarray(y)
        if classes.shape != (len(distances),):
            raise ValueError(f"y must have one class for each of the {len(distances)} examples; its shape is {classes.shape}.")
        won = distances.argmin(axis=1)
        found: np.ndarray = classes[distances.argmin(axis=0)]
        for neuron in np.unique(won):
            names, counts = np.unique(classes[won == neuron], return_counts=True)
            found[neuron] = names[counts.argmax()]
        return found.reshape(self.rows, self.columns)

    def _distances(self, X: Any) -> np.ndarray:
        """From each example to each neuron, (examples, neurons); by differences, since |x|² - 2x·w + |w|² loses digits."""
        w = self._weights.reshape(-1, self.n_in)
        return np.array([np.sqrt(((w - x) ** 2).sum(axis=1)) for x in matrix(X, self.n_in)])

    def __repr__(self) -> str:
        return (f"SOM({self.rows}, {self.columns}, {self.n_in}, sigma={self.sigma:g}, learning_rate={self.learning_rate:g}, "
                f"neighbourhood={self.neighbourhood!r}, decay={self.decay!r})")  # fmt: skip


def check_adjacency(adjacency: Any) -> None:
    """Refuse anything but 4 or 8 neighbours."""
    if isinstance(adjacency, bool) or adjacency not in (4, 8):
        raise ValueError(f"adjacency = {shown(adjacency)}: give 8, with the diagonal neighbours, or 4, without.")
