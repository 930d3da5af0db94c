"""Networks and results in a terminal, with rich: layers as matrices, errors, confusion tables, digits drawn in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.table import Table

SHADES = " ░▒▓█"
PLAIN_SHADES = " .+#@"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A table; numbers are right-aligned, floats have six digits."""
    made = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for i, column in enumerate(columns):
        numeric = all(isinstance(row[i], (int, float, np.number)) for row in rows)
        made.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        made.add_row(*[f"{cell:.6g}" if isinstance(cell, (float, np.floating)) else str(cell) for cell in row])
    return made


def layers(model: Any, *, transposed: bool = False, most: int = 6) -> list[Any]:
    """Each layer's weights and biases as numbers, with both ways of counting layers: a title, then a table, for each.

    Rows are neurons and columns inputs, z = W a + b; `transposed` shows the other convention, z = Wᵀ a + b. Of more than
    `most` columns the first are shown, and the number left out.
    """
    tables: list[Any] = []
    for i, layer in enumerate(model.layers):
        title = f"W{i + 1} = layers[{i}], {layer.activation}; lecture: W^{i + 2} (input is layer 1)"
        ins = [f"from {k}" for k in range(1, layer.n_in + 1)]
        outs = [f"to {j}" for j in range(1, layer.n_out + 1)]
        if transposed:
            rows = [[name, *row] for name, row in zip(ins, layer.weight.T.tolist())] + [["b", *layer.bias.tolist()]]
            tables += [f"{title}, transposed", table("", *cut(["", *outs], rows, most))]
        else:
            rows = [[name, *row, b] for name, row, b in zip(outs, layer.weight.tolist(), layer.bias.tolist())]
            tables += [title, table("", *cut(["", *ins, "b"], rows, most))]
    return tables


def cut(columns: list[str], rows: list[list[Any]], most: int) -> tuple[list[str], list[list[Any]]]:
    """The first columns of a wide table, the last one too, and between them how many are left out."""
    if len(columns) <= most + 2:
        return columns, rows
    left_out = f"... {len(columns) - most - 2} more"
    return [*columns[: most + 1], left_out, columns[-1]], [[*row[: most + 1], "", row[-1]] for row in rows]


def backpropagation(run: Any) -> Table:
    """z, a and delta = ∂C/∂z of every neuron, after the sweep: `run` is what model.activations(x) gave."""
    _ = run.delta  # before the sweep, this raises an error that says what is missing
    rows = [
        (f"{i + 1} (lecture {i + 2})", j + 1, *(f"{number:.9f}" for number in (z.data, a.data, z.grad)))
        for i, (zs, activations) in enumerate(zip(run.z, run.a))
        for j, (z, a) in enumerate(zip(zs, activations))
    ]
    return table("Every neuron", ["layer", "neuron", "z", "a", "delta"], rows)


def confusion(targets: Sequence[int], answers: Sequence[int]) -> Table:
    """How often each class (row) was taken for each class (column); right answers are on the diagonal."""
    classes = sorted(set(targets) | set(answers))
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    for target, answer in zip(targets, answers):
        counts[classes.index(target), classes.index(answer)] += 1
    rows = [[f"is {c}", *("·" if n == 0 else int(n) for n in row)] for c, row in zip(classes, counts)]
    return table("Confusion: is (row), was taken for (column)", ["", *map(str, classes)], rows)


def learning(rows: Sequence[Any], title: str = "", *, narrow: bool = False) -> Table:
    """The perceptron's learning table: inputs, answers, how the weights changed and what they became.

    A narrow one, for 40 columns, has the inputs, the answers and the weights.
    """
    if narrow:
        short = [(row.epoch, " ".join(_short(row.x)), *_short((row.target, row.answer)), _weights(row)) for row in rows]
        return table(title, ["epoch", "x", "target", "answer", "w1 w2 b"], short)
    columns = ["epoch", "x1", "x2", "target", "w·x + b", "answer", "Δw1 Δw2 Δb", "w1 w2 b", ""]
    lines = [
        (row.epoch, *_short(row.x), *_short((row.target, row.sum, row.answer)), " ".join(f"{d:2g}" for d in (*row.dw, row.db)),
         _weights(row), "" if row.answer == row.target else "changes")
        for row in rows
    ]  # fmt: skip
    return table(title, columns, lines)


def _weights(row: Any) -> str:
    return " ".join(f"{w:2g}" for w in (*row.w, row.b))


def _short(numbers: Sequence[float]) -> list[str]:
    return [f"{number:g}" for number in numbers]


def curve(numbers: Sequence[float], *, ascii: bool = False, width: int = 60) -> str:
    """A curve in one line, from the largest number to the smallest; only every few epochs if there are more than fit."""
    bars = "_.-=+*#@" if ascii else "▁▂▃▄▅▆▇█"
    every = -(-len(numbers) // width)
    shown = list(numbers)[::every]
    low, high = min(shown), max(shown)
    return "".join(bars[int(7 * (x - low) / (high - low or 1))] for x in shown)


def digit(pixels: Sequence[float], *, ascii: bool = False) -> list[str]:
    """A digit of 8x8 pixels between 0 (paper) and 1 (ink), two characters per pixel."""
    return picture(np.asarray(pixels).reshape(8, 8), ascii=ascii)


def picture(rows: Any, *, ascii: bool = False) -> list[str]:
    """Rows of numbers between 0 (paper) and 1 (ink), two characters for each."""
    shades = PLAIN_SHADES if ascii else SHADES
    return ["".join(shades[max(0, min(4, int(ink * 5)))] * 2 for ink in row) for row in np.asarray(rows).tolist()]


def beside(pictures: Sequence[Sequence[str]], titles: Sequence[str], per_row: int = 4) -> list[str]:
    """Pictures with their titles, a few in a row."""
    lines = []
    for i in range(0, len(pictures), per_row):
        row, names = pictures[i : i + per_row], titles[i : i + per_row]
        width = max(len(line) for picture in row for line in picture) + 3
        lines.append("".join(name.ljust(width) for name in names).rstrip())
        lines += ["".join(line.ljust(width) for line in parts).rstrip() for parts in zip(*row)]
        lines.append("")
    return lines
