"""python -m nn rbf: bumps that solve XOR exactly and tell two moons apart, and bumps that learn where to stand."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console

from .. import data, show
from ..losses import quadratic
from ..module import Module
from ..networks.rbf import RBF
from ..optim import Adam
from ..run import evaluate
from ..training import fit
from .shared import checked, keep

MANY, FEW = 10, 4


def run(options: Any, console: Console) -> None:
    """Radial basis functions on XOR and on two moons of 200 points, beside a straight line."""
    seed = options.seed
    xor(console)
    split = data.moons(400)  # half of them to learn from
    began = perf_counter()
    placed = RBF(2, MANY, 1, seed=seed).fit(split.X, split.y)
    took = perf_counter() - began
    console.print(f"\nTwo moons, {len(split.y)} points to learn from, {len(split.y_test)} for the test.\n"
                  f"{MANY} bumps, centres by k-means, s = {placed.width.data:.3f}, output weights by least squares: "
                  f"{1e3 * took:.0f} ms", highlight=False)  # fmt: skip
    few = RBF(2, FEW, 1, seed=seed).fit(split.X, split.y)
    before = shares(few, split)
    console.print(f"\n{FEW} bumps, placed likewise; then everything learns by backpropagation:", highlight=False)
    console.print(checked(quadratic(few(split.X[0]), float(split.y[0])), few, seed))
    optimizer = Adam(few.parameters(), lr=0.02)
    history = fit(few, split.X, split.y, optimizer=optimizer, epochs=60, batch_size=20, seed=seed, progress=True)
    if history.updates:
        update = 1e3 * history.time[-1] / history.updates
        console.print(f"cost {history.cost[0]:.4f} → {history.cost[-1]:.4f} in {history.epochs} epochs, {history.time[-1]:.1f} s "
                      f"({update:.2g} ms an update)")  # fmt: skip
    rows = [
        ("a straight line, least squares", 3, *straight(split)),
        (f"{FEW} bumps by k-means", count(few), *before),
        (f"{FEW} bumps that moved", count(few), *shares(few, split)),
        (f"{MANY} bumps by k-means", count(placed), *shares(placed, split)),
    ]
    console.print()
    console.print(show.table(f"Right answers, seed {seed}", ["network", "parameters", "training", "test"], rows))
    console.print(f"\nWhere the {FEW} bumps say which moon; O is a centre:\n")
    console.print("\n".join(plane(few, split.X)), highlight=False)
    keep(few, options, console)


def xor(console: Console) -> None:
    """The four rows of XOR with the centres (0, 0) and (1, 1)."""
    X, y = data.xor()
    model = RBF(2, 2, 1, centres=[[0, 0], [1, 1]]).fit(X, y)
    rows = []
    for x, target in zip(X, y):
        inside = model.activations(x)
        heights = (f"{phi.data:.4f}" for phi in inside.phi)
        output = round(inside.output.data, 12) + 0  # no minus zeros
        rows.append((*map(int, x), *heights, int(target), f"{output:.12f}"))
    console.print(show.table("XOR with centres at (0,0) and (1,1)", ["x1", "x2", "φ1", "φ2", "target", "output"], rows))
    (w1, w2), bias = model.output.weight[0], model.output.bias[0]
    console.print(f"y = {bias:.4f} - {-w1:.4f} φ1 - {-w2:.4f} φ2 with φ = exp(-‖x - c‖²):\n"
                  "for the heights of the bumps a straight line is enough.", highlight=False, soft_wrap=True)  # fmt: skip


def shares(model: Module, split: data.Split) -> tuple[float, float]:
    """The shares that are right, in training and in the test."""
    return evaluate(model, split.X, split.y)[1], evaluate(model, split.X_test, split.y_test)[1]


def straight(split: data.Split) -> tuple[float, float]:
    """The same for the line that least squares draws."""
    line = np.linalg.lstsq(np.column_stack([split.X, np.ones(len(split.X))]), split.y, rcond=None)[0]
    both = (split.X, split.y), (split.X_test, split.y_test)
    training, test = (float(np.mean((X @ line[:2] + line[2] >= 0.5) == y)) for X, y in both)
    return training, test


def count(model: Module) -> int:
    """How many parameters a network has."""
    return len(model.parameters())


def plane(model: RBF, X: np.ndarray, columns: int = 60, rows: int = 18) -> list[str]:
    """The plane as the network sees it: # where it says class 1, and an O at each centre that is in sight."""
    (left, bottom), (right, top) = X.min(axis=0) - 0.2, X.max(axis=0) + 0.2
    points = [[x, y] for y in np.linspace(top, bottom, rows) for x in np.linspace(left, right, columns)]
    signs = ["#" if output >= 0.5 else "." for output in model.predict(points)]
    for x, y in model.centre_numbers:
        across, down = round((x - left) / (right - left) * (columns - 1)), round((top - y) / (top - bottom) * (rows - 1))
        if 0 <= across < columns and 0 <= down < rows:
            signs[down * columns + across] = "O"
    return ["".join(signs[i : i + columns]) for i in range(0, len(signs), columns)]
