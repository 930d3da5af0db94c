"""python -m nn conv: shared weights counted, and a small network of them that reads digits."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from rich.console import Console

from .. import data, show
from ..layers import Layer
from ..losses import cross_entropy
from ..network import MLP
from ..networks.conv import Conv2d
from ..networks.counting import lecun_1989
from ..networks.pooling import Flatten, MaxPool2d
from ..networks.sequential import Sequential
from ..optim import SGD, Adam
from .shared import checked, has_blocks, keep, trained


def run(options: Any, console: Console) -> None:
    """Eight kernels of 3x3 beside 15 hidden neurons, on the handwritten digits.

    Measured, mean test accuracy of the seeds 0 to 4; the standard deviation of one seed is .005, 2 of the 450 test digits:

        64-15-10, as in `python -m nn digits`, SGD     1135 parameters   .9751
        64-15-10, relu, cross entropy, Adam            1135 parameters   .9756
        8 kernels, as here                              810 parameters   .9778
        6 kernels                                       610 parameters   .9751
        8 kernels, then 12 of 2x2 on their maps         966 parameters   .9680

    So with fewer parameters it does as well, give or take: on pictures of 8x8, cut out and centred, there is no more to win.
    """
    seed = options.seed
    counting(console)
    split = data.digits()
    images, test = split.X.reshape(-1, 8, 8), split.X_test.reshape(-1, 8, 8)
    model = network(seed)
    console.print(f"\n{model}", highlight=False)
    conv = model.parts[0]
    console.print(f"the {conv.connections(8, 8):,} connections of its first part share {8 * 9} weights")
    console.print(checked(cross_entropy(model(images[0]), int(split.y[0])), model, seed))
    trained(model, images, split.y, "cross_entropy", Adam(model.parameters(), lr=0.01), 30, 32, seed, console)
    baseline = MLP(64, [15, 10], "sigmoid", "sigmoid", seed=seed)
    console.print(f"\nbeside it, as in python -m nn digits: {baseline}")
    trained(baseline, split.X, split.y, "quadratic", SGD(baseline.parameters(), lr=3.0), 60, 10, seed, console)
    right = [float(np.mean(model.predict(test).argmax(axis=1) == split.y_test)),
             float(np.mean(baseline.predict(split.X_test).argmax(axis=1) == split.y_test))]  # fmt: skip
    rows = [("8 kernels", len(model.parameters()), right[0]), ("64-15-10", len(baseline.parameters()), right[1])]
    console.print()
    console.print(show.table(f"Test accuracy, seed {seed}", ["network", "parameters", "accuracy"], rows))
    console.print("Of the seeds 0 to 4 the means are .978 and .975, one seed's spread .005.")
    console.print("\nA digit, and what the eight kernels make of it:\n")
    maps = np.array([[[value.data for value in row] for row in channel] for channel in conv(test[0])])
    plain = not has_blocks(console)
    pictures = [show.picture(rows, ascii=plain) for rows in (test[0], *(maps / maps.max()))]
    padded = [picture + [""] * (8 - len(picture)) for picture in pictures]
    titles = ["the digit", *(f"kernel {o}" for o in range(1, 9))]
    console.print("\n".join(show.beside(padded, titles, per_row=max(1, min(5, console.width // 19)))), highlight=False)
    keep(model, options, console)


def network(seed: int) -> Sequential:
    """8 kernels of 3x3, the largest of each 2x2, and a layer: 8·(9 + 1) + (72 + 1)·10 = 810 parameters."""
    random = Random(seed)
    conv = Conv2d(1, 8, 3, activation="relu", seed=random)
    return Sequential(conv, MaxPool2d(2), Flatten(), Layer(72, 10, "linear", seed=random))


def counting(console: Console) -> None:
    """What sharing saves: the lectures' patch, and the network of 1989."""
    patch = Conv2d(3, 1, 4, seed=0)
    rows, columns = patch.places(64, 64)
    weights, uses = len(patch.parameters()) - 1, patch.connections(64, 64)
    console.print(f"64x64 pixels of 3 colours, a kernel of 4x4: {weights} weights, laid on {rows * columns:,} places.\n"
                  f"Without sharing there would be {uses:,}.\n", highlight=False)  # fmt: skip
    table = [(row.layer, f"{row.units:,}", f"{row.connections:,}", f"{row.parameters:,}") for row in lecun_1989()]
    console.print(show.table("LeCun and others 1989, for zip codes", ["layer", "units", "connections", "parameters"], table))
    shared = lecun_1989(shared_biases=True)[-1].parameters
    console.print("Each unit of H1 and H2 has a bias of its own there. With one for each plane there\n"
                  f"would be {shared:,} parameters.", highlight=False)  # fmt: skip
