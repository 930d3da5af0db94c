"""The demo `python -m nn read`: six-digit numbers are cut into digits and read."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from .. import data, show
from ..losses import quadratic
from ..network import MLP
from ..optim import SGD
from ..reading import as_read, digits_in, read
from ..targets import one_hot
from ..training import fit
from .shared import checked, has_blocks, keep

EPOCHS, STRIPS, LENGTH = 60, 100, 6
KINDS: dict[str, dict[str, Any]] = {
    "1 to 4 blank columns between digits": {}, "the same with noise": {"noise": 0.05}, "dark ink": {"ink": "dark"},
}  # fmt: skip


def run(options: Any, console: Console) -> None:
    """A network learns the digits of the training set, and reads strips of digits of the test."""
    seed = options.seed
    split = data.digits()
    X, X_test = as_read(split.X), as_read(split.X_test)
    model = MLP(64, [30, 10], activation="sigmoid", output="sigmoid", seed=seed)
    console.print(f"{model}\n{len(X)} digits to learn from, placed as the reader places them")
    console.print(checked(quadratic(model(X[0]), one_hot(split.y[:1], 10)[0]), model, seed))
    history = fit(model, X, split.y, optimizer=SGD(model.parameters(), lr=3.0), epochs=EPOCHS, batch_size=10, seed=seed,
                  progress=True)  # fmt: skip
    costs = f"cost {history.cost[0]:.4f} → {history.cost[-1]:.4f}"
    console.print(f"{costs} in {history.epochs} epochs and {history.time[-1]:.1f} s\n")
    accuracy = float(np.mean(model.predict(X_test).argmax(axis=1) == split.y_test))
    example = data.strips(1, LENGTH, seed=seed)[0]
    reading = read(example.image, model)
    pictures = [show.digit(crop, ascii=not has_blocks(console)) for crop in reading.cut.crops]
    titles = [f"{digit}, {sure:.2f}" for digit, sure in zip(reading.text, reading.confidence)]
    console.print(f"A strip with the number {example.text}, cut, and read as {reading.text}, with the network's confidence:\n",
                  soft_wrap=True)  # fmt: skip
    console.print("\n".join(show.beside(pictures, titles, max(1, console.width // 20))), highlight=False)
    rows = []
    for name, settings in KINDS.items():
        strips = data.strips(STRIPS, LENGTH, seed=seed, **settings)
        cut = sum(len(found.pieces) == LENGTH and not found.touching for found in (digits_in(strip.image) for strip in strips))
        rows.append((name, cut, sum(read(strip.image, model).text == strip.text for strip in strips)))
    console.print(show.table("", [f"of {STRIPS} strips", "cut rightly", "read rightly"], rows))
    console.print(f"\nOf single digits of the test {accuracy:.4f} are read rightly; of {LENGTH} in a row that would be "
                  f"{accuracy:.4f}^{LENGTH} = {accuracy**LENGTH:.2f}, if mistakes were independent.", soft_wrap=True)  # fmt: skip
    touching = data.strips(STRIPS, 2, gap=(-1, 0), seed=seed)
    found = [digits_in(strip.image) for strip in touching]
    parted = sum(len(cut.pieces) == 2 and not cut.touching for cut in found)
    reported = sum(bool(cut.touching) for cut in found)
    console.print(f"Of {STRIPS} pairs without a gap {parted} are parted at a faint column, {reported} reported as touching, "
                  f"and {STRIPS - parted - reported} taken for one digit.", soft_wrap=True)  # fmt: skip
    keep(model, options, console)
