"""Shared weights as pictures: the kernels, what they make of an input, one window followed through, and weights over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...engine.say.notation import show
from ...nn.examples import numbers_of
from ...nn.networks.conv import Conv2d, Convolution
from ...nn.networks.sequential import Sequential
from ...nn.networks.tdnn import TDNN
from .axes import BLACK, ORANGE, axes, shades_of
from .pixels import rectangle

INK = "gray_r"


class Tile(NamedTuple):
    """A small picture: rows of numbers, where its top left corner is, how it is shaded, and the words above."""

    rows: np.ndarray
    left: float
    top: float
    word: str
    shades: dict[str, Any]


def plot_kernels(conv: Convolution, ax: Any = None) -> Any:
    """The kernels of a Conv1d or Conv2d, dark below 0 and light above; a column for each output, a row for each input channel.

    A Conv1d has one picture for each output: a row for each input channel, a column for each tap. Returns the ax.
    """
    kernels = weights_of(conv)
    shades = signed(kernels)
    if kernels.ndim == 3:  # (out, in, taps)
        kernels = kernels[:, None]
    outs, ins, height, width = kernels.shape
    tiles = [
        Tile(kernels[o, c], o * (width + 1), c * (height + 1), f"{o + 1}" if c == 0 else "", shades)
        for o in range(outs) for c in range(ins)
    ]  # fmt: skip
    ax = axes(ax, *inches(tiles))
    lay(ax, tiles)
    ax.set_title(f"{conv!r}", fontsize=10)
    ax.figure.colorbar(ax.images[-1], ax=ax, label="weight", shrink=0.8)
    return ax


def plot_maps(model: Any, x: Any, ax: Any = None) -> Any:
    """What an image becomes: the image on top, and below it the maps that each part of the model makes; returns the ax.

    `model` is a Conv2d, or a Sequential that begins with one; parts that give no images, from Flatten on, are left out. Each
    row of pictures has its own scale, from the least number (light) to the largest (dark).
    """
    parts = model.parts if isinstance(model, Sequential) else [model]
    if not isinstance(parts[0], Conv2d):
        raise TypeError(f"plot_maps takes a Conv2d, or a Sequential that begins with one; it was given {model!r:.60}.")
    maps: list[Any] = [parts[0].checked(x)]
    for part in parts:
        found = part(maps[-1])
        if np.ndim(numbers_of(found)) != 3:
            break
        maps.append(found)
    arrays = [np.array(numbers_of(row)) for row in maps]
    widest = max(len(row) * (row.shape[2] + 1) - 1 for row in arrays)
    tiles, names, top = [], ["input", *(type(part).__name__ for part in parts)], 0.0
    for name, row in zip(names, arrays):
        shades = {"cmap": INK, "vmin": float(row.min()), "vmax": max(float(row.max()), float(row.min()) + 1e-12)}
        left = (widest - (len(row) * (row.shape[2] + 1) - 1)) / 2
        for c, channel in enumerate(row):
            tiles.append(Tile(channel, left + c * (channel.shape[1] + 1), top, name if c == 0 else "", shades))
        top += row.shape[1] + 2.2
    ax = axes(ax, *inches(tiles))
    lay(ax, tiles, align="left")
    return ax


def plot_window(conv: Convolution, x: Any, *place: int, channel: int = 0, ax: Any = None) -> Any:
    """One window followed through: the inputs under it, times the kernel, and the sum that lands on one place of the map.

    `place` is counted from 0, as is the output `channel`; several input channels stand below each other. Numbers are rounded
    to two decimals, and beyond the border there is a dash. Returns the ax.
    """
    weights = weights_of(conv)
    found = conv.follow(x, *place, channel=channel)
    inputs, kernel = np.array(numbers_of(conv.checked(x))), weights[channel]
    z = np.array(numbers_of(conv.z(conv.checked(x))))[channel]
    inputs, kernel, z = (np.atleast_2d(array).reshape(-1, array.shape[-1]) for array in (inputs, kernel, z))
    patch, terms = (
        np.array([math.nan if value is None else value.data for value in values]).reshape(kernel.shape)
        for values in (found.inputs, found.terms)
    )
    ink = {"cmap": INK, "vmin": min(float(inputs.min()), 0.0), "vmax": max(float(inputs.max()), 1e-12) * 1.6}
    columns = [
        (inputs, "input", ink), (patch, "window", ink), (kernel, f"kernel {channel + 1}", signed(kernel)),
        (terms, "products", signed(terms, "value")), (z, f"z, map {channel + 1}", signed(z, "value")),
    ]  # fmt: skip
    tallest = max(len(rows) for rows, *_ in columns)
    tiles, left = [], 0.0
    for (rows, word, shades), gap in zip(columns, (2.2, 2.2, 2.2, 3.8, 0)):
        tiles.append(Tile(rows, left, (tallest - len(rows)) / 2, word, shades))
        left += rows.shape[1] + gap
    ax = axes(ax, 12, 12 * (tallest + 3.5) / (left + 1))
    lay(ax, tiles)
    for tile, sign, back in zip(tiles[1:], ("→", "×", "=", "Σ + b\n→"), (1.6, 1.6, 1.6, 2.4)):
        ax.text(tile.left - back, tallest / 2 - 0.5, sign, ha="center", va="center", fontsize=12)
    for tile in tiles[1:4]:
        write(ax, tile)
    corner = [at * s - p for at, s, p in zip(place, conv.stride, conv.padding)]
    if conv.dims == 1:
        mark(ax, tiles[0], (0, *corner), kernel.shape)
        mark(ax, tiles[4], (0, *place), (1, 1))
    else:
        for c in range(conv.in_channels):
            mark(ax, tiles[0], (corner[0] + c * len(inputs) // conv.in_channels, corner[1]), conv.kernel_size)
        mark(ax, tiles[4], place, (1, 1))
    ax.set_xlim(min(-1.0, corner[-1] - 0.7), left)
    ax.set_title(f"z = {show(found.z.data, 4)} with b = {show(found.bias.data, 4)}", fontsize=10)
    return ax


def plot_delays(tdnn: TDNN, layer: int = 0, ax: Any = None) -> Any:
    """A TDNN's weights over time: for each unit of a layer a picture, its inputs below each other, its delays side by side.

    The newest step, delay 0, is on the right, so time runs as in a picture of the sound itself; the first coefficient is at
    the bottom, as the lowest frequency is there. Returns the ax.
    """
    weights = tdnn_of(tdnn).delays(layer)[:, :, ::-1]
    units, inputs, window = weights.shape
    first = layer % len(tdnn.layers) == 0
    weights = weights[:, ::-1] if first else weights
    shades = signed(weights)
    tiles = [Tile(weights[j], j * (window + 1.5), 0, f"unit {j + 1}", shades) for j in range(units)]
    ax = axes(ax, max(0.3 * units * (window + 1.5) + 1.8, 3.5), 0.25 * inputs + 1.3)
    lay(ax, tiles)
    for tile in tiles:
        for d in range(window):
            ax.text(tile.left + window - 1 - d, inputs - 0.3, f"{d}", ha="center", va="top", fontsize=7)
    word, turned = ("coefficient →", 90) if first else ("unit below →", -90)
    ax.text(-0.9, inputs / 2 - 0.5, word, rotation=turned, ha="right", va="center", fontsize=8)
    ax.set_ylim(inputs + 0.9, -2.2)
    ax.set_title(f"layers[{layer}]: weights by delay (0 = now)", fontsize=10)
    ax.figure.colorbar(ax.images[-1], ax=ax, label="weight", shrink=0.8)
    return ax


def plot_evidence(tdnn: TDNN, x: Any, names: Sequence[str] | None = None, ax: Any = None) -> Any:
    """A sequence in a TDNN, step by step: the input, each layer's units, and beside the last the sums. Returns the ax.

    The first coefficient is at the bottom of the input, as the lowest frequency is; a unit's step stands under the last step
    that it has seen. `names` are those of the classes.
    """
    found = tdnn_of(tdnn).activations(x)
    stages = [np.array(numbers_of(found.x))[::-1], *(np.array(numbers_of(maps.a)) for maps in found.maps)]
    tiles, top = [], 0.0
    for i, rows in enumerate(stages):
        shades = {"cmap": INK, "vmin": float(rows.min()), "vmax": max(float(rows.max()), float(rows.min()) + 1e-12)}
        tiles.append(Tile(rows, stages[0].shape[1] - rows.shape[1], top, "input" if i == 0 else f"layers[{i - 1}]", shades))
        top += len(rows) + 2.2
    ax = axes(ax, 0.2 * (stages[0].shape[1] + 6.5), 0.2 * top + 0.3)
    lay(ax, tiles, align="left")
    sums = numbers_of(found.output)
    for j, total in enumerate(sums):
        word = f"{names[j]}: " if names is not None else ""
        best = "bold" if total == max(sums) else "normal"
        ax.text(stages[0].shape[1], tiles[-1].top + j, f"{word}Σ = {show(total, 3)}", va="center", fontsize=8, fontweight=best)
    ax.set_xlim(-1, stages[0].shape[1] + 5.5)
    ax.set_title("time →", fontsize=9)
    return ax


def lay(ax: Any, tiles: list[Tile], align: str = "center") -> None:
    """Draw the small pictures on one ax; nan is left white."""
    for tile in tiles:
        height, width = tile.rows.shape
        place = (tile.left - 0.5, tile.left + width - 0.5, tile.top + height - 0.5, tile.top - 0.5)
        ax.imshow(tile.rows, extent=place, interpolation="nearest", **tile.shades)
        ax.add_patch(rectangle((tile.left - 0.5, tile.top - 0.5), width, height, fill=False, edgecolor=BLACK, linewidth=0.5))
        at = tile.left + width / 2 - 0.5 if align == "center" else tile.left - 0.5
        ax.text(at, tile.top - 0.7, tile.word, ha=align, va="bottom", fontsize=8)
    ax.set_xlim(min(tile.left for tile in tiles) - 1, max(tile.left + tile.rows.shape[1] for tile in tiles))
    ax.set_ylim(max(tile.top + tile.rows.shape[0] for tile in tiles), min(tile.top for tile in tiles) - 2.2)
    ax.set_axis_off()


def write(ax: Any, tile: Tile) -> None:
    """Each number on its square, in what can be read on it; outside the border a dash."""
    low, high = tile.shades["vmin"], tile.shades["vmax"]
    for (i, j), number in np.ndenumerate(tile.rows):
        share = (number - low) / (high - low)
        dark = share > 0.6 if tile.shades["cmap"] == INK else share < 0.55
        word = "–" if math.isnan(number) else f"{round(number, 2) + 0.0:g}"
        ax.text(tile.left + j, tile.top + i, word, ha="center", va="center", fontsize=7, color="white" if dark else BLACK)


def mark(ax: Any, tile: Tile, corner: Sequence[float], size: Sequence[int]) -> None:
    """A frame on some squares of a small picture."""
    place = (tile.left + corner[1] - 0.5, tile.top + corner[0] - 0.5)
    ax.add_patch(rectangle(place, size[1], size[0], fill=False, edgecolor=ORANGE, linewidth=2.5))


def inches(tiles: list[Tile]) -> tuple[float, float]:
    """The size of a figure for them: a fifth of an inch for a square, more where there are few."""
    width = max(tile.left + tile.rows.shape[1] for tile in tiles)
    height = max(tile.top + tile.rows.shape[0] for tile in tiles)
    square = min(0.3, 11 / width)
    return max(3.5, square * width + 1.2), max(1.6, square * (height + 2.2) + 0.5)


def signed(numbers: np.ndarray, kind: str = "weight") -> dict[str, Any]:
    """Shades with 0 in the middle."""
    largest = float(np.nanmax(np.abs(numbers), initial=0.0)) or 1.0
    return {"cmap": shades_of(kind), "vmin": -largest, "vmax": largest}


def weights_of(conv: Any) -> np.ndarray:
    """The weights of a convolution, or an error that says what is needed."""
    if not isinstance(conv, Convolution):
        raise TypeError(f"A Conv1d or a Conv2d is needed; it was given {conv!r:.60}.")
    return conv.state_dict()["weight"]


def tdnn_of(model: Any) -> TDNN:
    """The model, if it is a TDNN."""
    if not isinstance(model, TDNN):
        raise TypeError(f"A TDNN is needed; it was given {model!r:.60}.")
    return model
