"""What every stand-alone script ends with: it reads parameters and data, predicts and trains. See standalone.py.

The text below is copied into the script, so it uses nothing but NumPy and the standard library.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np


class Script:
    """A program with its parameters.

    file       an .npz file with the parameters, an array for each name
    places     where each lies in the vector `theta`: a slice, or the name of an array in the file that says where
    arguments  the shape of one example, for each argument
    values     makes the function that computes the values of a batch, and `cost` the one with the cost and its gradient
    constants  the arrays that these two are given, by their names in the file
    batched    whether each example has a cost of its own; penalty: whether there is one, added once
    """

    def __init__(
        self, file: Path, *, dtype: str, places: dict[str, slice | str], arguments: dict[str, tuple[int, ...]],
        values: Callable[..., Any], cost: Callable[..., Any] | None, constants: tuple[list[str], list[str]],
        batched: bool, penalty: bool,
    ) -> None:  # fmt: skip
        self.file, self.dtype, self.arguments = file, dtype, arguments
        self.batched, self.penalty = batched, penalty
        with np.load(file) as stored:
            self.stored = dict(stored)
        self.places = {name: x if isinstance(x, slice) else self.stored[x].ravel() for name, x in places.items()}
        self.theta = np.zeros(sum(self.stored[name].size for name in places), dtype)
        self.gradient = np.zeros_like(self.theta)
        for name, place in self.places.items():
            self.theta[place] = self.stored[name].ravel()
        self.builds = values, cost
        self.constants = [[self.stored[name] for name in names] for names in constants]
        self.runs: dict[tuple[int, int], Callable[..., Any]] = {}

    def _run(self, which: int, batch: Sequence[Any]) -> tuple[Any, int]:
        """The results for a batch, which is checked, and how many examples it has."""
        if len(batch) != len(self.arguments):
            takes = ", ".join(self.arguments) or "no arguments"
            raise ValueError(f"This program takes {takes}; it was given {len(batch)} arrays.")
        arrays = [np.ascontiguousarray(x, self.dtype) for x in batch]
        n = len(arrays[0]) if arrays and arrays[0].ndim else 1
        for array, (name, shape) in zip(arrays, self.arguments.items()):
            if n == 0 or array.shape != (n, *shape):
                wanted = ", ".join(["n", *map(str, shape)])
                raise ValueError(f"{name} has shape {array.shape}; it must be ({wanted}), a row for each of n examples.")
        if (which, n) not in self.runs:  # a function has buffers for one number of examples
            build = self.builds[which]
            if build is None:
                raise ValueError("This program has several results, and no one cost that could be made smaller.")
            self.runs[which, n] = build(n, self.theta, self.gradient, self.constants[which])
        scale = 1.0 / n if which else 1.0  # the weight of an example in the mean
        with np.errstate(all="ignore"):
            return self.runs[which, n](*arrays, scale), n

    def predict(self, *batch: Any) -> np.ndarray:
        """A row for each example: the value, or the values, and whatever else the program computes."""
        found, n = self._run(0, batch)
        rows = [np.broadcast_to(x, (n, x.shape[-1])) for x in map(np.asarray, found)]
        return np.concatenate(rows, axis=1)

    def value_and_grad(self, *batch: Any) -> tuple[float, np.ndarray]:
        """The mean over the batch (and the penalty), and its derivatives in the order of theta."""
        found, n = self._run(1, batch)
        cost = found[0] / n if self.batched else found[0]
        if self.penalty:
            cost = cost + found[1]
        return float(cost), self.gradient.copy()

    def train(self, *data: Any, epochs: int, rate: float, size: int | None = None) -> Iterator[float]:
        """Gradient descent, theta ← theta - rate·gradient, by batches in the order of the data; each epoch's mean cost."""
        examples = len(data[0]) if data else 1
        size = size or examples
        for _ in range(epochs):
            total = 0.0
            for start in range(0, examples, size):
                cost, gradient = self.value_and_grad(*[x[start : start + size] for x in data])
                if not np.isfinite(cost) or not np.isfinite(gradient).all():
                    raise ArithmeticError("The cost, or a derivative of it, became inf or nan: the rate is probably too large.")
                self.theta -= rate * gradient
                total += cost * min(size, examples - start)
            yield total / examples

    def save(self) -> None:
        """Write the parameters into their file."""
        for name, place in self.places.items():
            self.stored[name] = self.theta[place].reshape(self.stored[name].shape)
        np.savez(self.file, **self.stored)

    def command(self, words: Sequence[str] | None = None) -> None:
        """What the command line asks for."""
        parser = argparse.ArgumentParser(description="Predicts, or trains by gradient descent. Data are in an .npz file.")
        commands = parser.add_subparsers(dest="command", required=True)
        takes = ", ".join(f"{name} ({', '.join(['n', *map(str, shape)])})" for name, shape in self.arguments.items())
        predict = commands.add_parser("predict", help="print a row for each example")
        train = commands.add_parser("train", help=f"make the mean cost smaller, and write the parameters into {self.file.name}")
        for one in (predict, train) if self.arguments else ():
            one.add_argument("data", type=Path, help=f"an .npz file with the arrays {takes}")
        train.add_argument("--epochs", type=int, default=10)
        train.add_argument("--rate", type=float, default=0.1)
        train.add_argument("--batch", type=int, default=None, help="examples in a batch; all, if it is not given")
        options = parser.parse_args(words)
        try:
            data = self._data(options.data) if self.arguments else []
            if options.command == "predict":
                np.savetxt(sys.stdout, self.predict(*data), fmt="%.17g")
                return
            costs = self.train(*data, epochs=options.epochs, rate=options.rate, size=options.batch)
            for epoch, cost in enumerate(costs, 1):
                print(f"epoch {epoch}: cost {cost!r}")
            self.save()
        except (OSError, ValueError, ArithmeticError) as error:
            sys.exit(str(error))

    def _data(self, file: Path) -> list[np.ndarray]:
        with np.load(file) as given:
            missing = [name for name in self.arguments if name not in given]
            if missing:
                raise ValueError(f"{file} has no array {missing[0]}; it has {', '.join(given) or 'none'}.")
            return [given[name] for name in self.arguments]
