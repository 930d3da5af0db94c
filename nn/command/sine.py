"""python -m nn sine: the more hidden neurons, the nearer a network can come to a curve; bumps can do the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from .. import show
from ..losses import quadratic
from ..network import MLP
from ..networks.rbf import RBF
from ..optim import Adam
from ..training import fit
from .shared import checked, has_blocks

SIZES, STARTS, EPOCHS = (1, 2, 3, 5, 8), 3, 3000


def run(options: Any, console: Console) -> None:
    """Universal approximation: sin x on [-π, π] by one hidden layer of tanh, of 1 to 8 neurons.

    Cybenko (1989) and Hornik (1989) proved that one hidden layer comes as near to a continuous curve as one likes, if it has
    neurons enough. They did not say how many, nor that descent finds the weights: hence several starts.
    """
    seed = options.seed
    X = np.linspace(-np.pi, np.pi, 60)[:, None]
    y = np.sin(X[:, 0])
    console.print("sin x at 60 points from -π to π. One hidden layer of tanh, Adam with learning rate .02,\n"
                  f"{EPOCHS} epochs, the best of {STARTS} starts; beside it as many bumps (RBF) by least squares.",
                  highlight=False, soft_wrap=True)  # fmt: skip
    largest = MLP(1, [SIZES[-1], 1], "tanh", seed=seed)
    console.print(checked(quadratic(largest(X[7]), float(y[7])), largest, seed))
    slope = float((X[:, 0] * y).sum() / (X[:, 0] ** 2).sum())
    straight = y - slope * X[:, 0]
    rows: list[tuple[Any, ...]] = [("a straight line", 1, f"{rms(straight):.4f}", f"{abs(straight).max():.4f}", "")]
    curves = {}
    for units in SIZES:
        models = [MLP(1, [units, 1], "tanh", seed=seed + start) for start in range(STARTS)]
        for model in models:
            optimizer = Adam(model.parameters(), lr=0.02)
            fit(model, X, y, optimizer=optimizer, epochs=EPOCHS, batch_size="all", seed=seed, warn=False)
        best = min(models, key=lambda model: rms(model.predict(X) - y))
        curves[units] = best.predict(X)
        error, bumps = curves[units] - y, RBF(1, units, 1, seed=seed).fit(X, y).predict(X) - y
        rows.append((f"1-{units}-1", 3 * units + 1, f"{rms(error):.4f}", f"{abs(error).max():.4f}", f"{rms(bumps):.4f}"))
        console.print(f"{units} hidden: error {rms(error):.4f}", highlight=False)
    console.print()
    console.print(show.table("Root of the mean squared error, and the largest error",
                             ["network", "parameters", "error", "at worst", "as many bumps"], rows))  # fmt: skip
    plain = not has_blocks(console)
    console.print()
    for name, numbers in [("sin x", y), *((f"1-{units}-1", curve) for units, curve in curves.items())]:
        console.print(f"{name:<8}{show.curve(numbers.tolist(), ascii=plain)}", highlight=False)


def rms(errors: np.ndarray) -> float:
    """The root of the mean square."""
    return float(np.sqrt(np.mean(errors**2)))
