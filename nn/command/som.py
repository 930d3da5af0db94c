"""The demo `python -m nn som`: a map of handwritten digits that no one has labelled."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from .. import data, show
from ..networks.som import SOM
from .shared import has_blocks

STEPS = 10_000
SHOWN = 3  # pictures of every third neuron


def run(options: Any, console: Console) -> None:
    """A 10x10 map orders the digits; it is judged beside 100 of the digits themselves, taken at random."""
    seed = options.seed
    split = data.digits()
    som = SOM(10, 10, 64, sigma=2.0, learning_rate=0.5, seed=seed)
    console.print(str(som), soft_wrap=True)
    console.print(f"{len(split.X)} digits of 8x8 pixels, {STEPS} steps; no labels, no loss, no gradient")
    portions = [STEPS * i // 5 for i in range(6)]
    for shot in som.fit(split.X, steps=STEPS, snapshots=portions):
        som.weights = shot.weights
        console.print(f"step {shot.step:>5}: rate {shot.rate:.3f}, sigma {shot.sigma:.3f}, "
                      f"quantization error {som.quantization_error(split.X):.3f}, "
                      f"topographic error {som.topographic_error(split.X):.3f}", soft_wrap=True)  # fmt: skip
    drawn = np.random.default_rng(seed).choice(len(split.X), size=100, replace=False)
    baseline = SOM(10, 10, 64)
    baseline.weights = split.X[drawn].reshape(10, 10, 64)
    rows = [(name, *judged(each, split)) for name, each in (("the map", som), ("100 random digits", baseline))]
    console.print(f"\nOn the {len(split.X_test)} digits of the test:\n")
    columns = ["", "quantization error", "topographic error", "right by label"]
    console.print(show.table("", columns, [(name, *(f"{number:.3f}" for number in numbers)) for name, *numbers in rows]))
    console.print("\nWhat most of the digits are that a neuron wins; like lies beside like:\n")
    labels = som.labels(split.X, split.y)
    console.print("\n".join("  " + " ".join(map(str, row)) for row in labels), highlight=False)
    plain = not has_blocks(console)
    places = [(row, column) for row in range(0, 10, SHOWN) for column in range(0, 10, SHOWN)]
    pictures = [show.digit(np.clip(som.weights[place], 0, 1), ascii=plain) for place in places]
    console.print("\nThe weights of some neurons, each at its row and column:\n")
    console.print("\n".join(show.beside(pictures, [f"{row}, {column}" for row, column in places])), highlight=False)


def judged(som: SOM, split: data.Split) -> tuple[float, float, float]:
    """Both errors on the test, and the share that is right if a neuron answers with the label of most digits that it won."""
    answers = som.labels(split.X, split.y)[tuple(som.winners(split.X_test).T)]
    return som.quantization_error(split.X_test), som.topographic_error(split.X_test), float(np.mean(answers == split.y_test))
