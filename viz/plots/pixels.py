"""Arrays as pictures: digits with their answers, weights as shades."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .axes import BLACK, ORANGE, axes, layers_of, shades_of

WRONG = "✗"  # shown beside an answer that is not the target


def plot_digits(images: Any, answers: Any = None, targets: Any = None, ax: Any = None, *, per_row: int = 8) -> Any:
    """Pictures of ink on paper side by side, with the answers above; wrong ones are framed and marked. Returns the ax.

    images    one flat or square picture in each row, as scikit-learn's digits are; 0 is paper
    answers   what is written above: the classes that were answered, or the outputs, whose largest is the class
    targets   the right classes, against which answers are compared
    """
    stack = squares(images)
    if isinstance(per_row, bool) or not isinstance(per_row, int) or per_row < 1:
        raise ValueError(f"per_row = {per_row!r} must be a whole number, at least 1.")
    given, right = titles(answers, len(stack), "answers"), titles(targets, len(stack), "targets")
    if given is None:
        given, right = right, None
    columns = min(per_row, len(stack))
    rows = math.ceil(len(stack) / columns)
    ax = axes(ax, 1.0 * columns, 1.25 * rows + 0.3)
    corners = mosaic(ax, stack, columns, cmap="gray_r", vmin=0, vmax=max(float(stack.max()), 1e-12))
    wrong = 0
    for i, (left, top) in enumerate(corners):
        side = stack.shape[1]
        word, weight = ("", "normal") if given is None else (str(given[i]), "normal")
        if given is not None and right is not None and given[i] != right[i]:
            wrong += 1
            word, weight = f"{given[i]} {WRONG} is {right[i]}", "bold"
            frame = {"fill": False, "edgecolor": ORANGE, "linewidth": 2.5, "linestyle": "--", "gid": f"wrong {i}"}
            ax.add_patch(rectangle((left - 0.5, top - 0.5), side, side, **frame))
        ax.text(left + side / 2 - 0.5, top - 0.8, word, ha="center", va="bottom", fontsize=9, fontweight=weight)
    if given is not None and right is not None:
        ax.set_title(f"{len(stack) - wrong} of {len(stack)} right", fontsize=10)
    return ax


def plot_weights(model: Any, layer: int = 0, ax: Any = None) -> Any:
    """The weights of layers[layer], dark below 0 and light above; returns the ax.

    A layer that reads 64 pixels is shown as one picture of 8x8 for each neuron, any other a matrix: a row for each neuron.
    """
    layers = layers_of(model)
    if isinstance(layer, bool) or not isinstance(layer, int) or not -len(layers) <= layer < len(layers):
        raise ValueError(f"This network has layers[0] to layers[{len(layers) - 1}]; layer = {layer!r} is not one of them.")
    layer %= len(layers)
    weight = layers[layer].weight
    outs, ins = weight.shape
    largest = float(np.abs(weight).max()) or 1.0
    shades = {"cmap": shades_of("weight"), "vmin": -largest, "vmax": largest}
    pictures = layer == 0 and ins == 64
    if pictures:
        columns = min(outs, 5)
        ax = axes(ax, 1.15 * columns + 1.2, 1.35 * math.ceil(outs / columns) + 0.6)
        for j, (left, top) in enumerate(mosaic(ax, weight.reshape(outs, 8, 8), columns, **shades), 1):
            ax.text(left + 3.5, top - 0.8, f"neuron {j}", ha="center", va="bottom", fontsize=8)
    else:
        ax = axes(ax, min(9.0, 2.8 + 0.3 * ins), min(8.0, 1.8 + 0.3 * outs))
        ax.imshow(weight, **shades)
        source = "input k" if layer == 0 else f"neuron k of layer {layer}"
        ax.set(xlabel=f"from {source}", ylabel=f"to neuron j of layer {layer + 1}")
        for axis, count in ((ax.xaxis, ins), (ax.yaxis, outs)):
            places = range(0, count, math.ceil(count / 12))
            axis.set_ticks(places, [str(k + 1) for k in places])
    ax.set_title(f"W{layer + 1}, the weights of layers[{layer}]", fontsize=10)
    ax.figure.colorbar(ax.images[-1], ax=ax, label="weight", shrink=0.8)
    return ax


def squares(images: Any) -> np.ndarray:
    """Pictures as an array (pictures, side, side)."""
    try:
        stack = np.asarray(images, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"Pictures are rows of numbers, all of one length; these are {images!r:.60}.") from None
    stack = stack.reshape(1, -1) if stack.ndim == 1 else stack
    side = math.isqrt(stack.shape[-1]) if stack.ndim == 2 else stack.shape[-1] if stack.ndim == 3 else 0
    if not stack.size or not side or stack[0].size != side * side:
        raise ValueError(f"Pictures are square, such as 64 numbers for 8x8 in each row; these have shape {stack.shape}.")
    return stack.reshape(-1, side, side)


def titles(words: Any, count: int, what: str) -> list[Any] | None:
    """One word for each picture; rows of outputs become the class of the largest."""
    if words is None:
        return None
    listed = list(words) if hasattr(words, "__len__") and not isinstance(words, str) else [words]
    if len(listed) != count:
        raise ValueError(f"There must be as many {what} as pictures: {count} pictures, {len(listed)} {what}.")
    numbers = [np.argmax(word) if hasattr(word, "__len__") and not isinstance(word, str) else word for word in listed]
    return [int(word) if isinstance(word, np.number | float) and int(word) == word else word for word in numbers]


def mosaic(ax: Any, stack: np.ndarray, columns: int, **shades: Any) -> list[tuple[int, int]]:
    """The pictures in rows on one ax, with a strip above each for its words; where each begins, left and top."""
    side = stack.shape[1]
    corners = [(i % columns * (side + 2), i // columns * (side + 3)) for i in range(len(stack))]
    for (left, top), picture in zip(corners, stack):
        ax.imshow(picture, extent=(left - 0.5, left + side - 0.5, top + side - 0.5, top - 0.5), **shades)
        ax.add_patch(rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor=BLACK, linewidth=0.5))
    ax.set_xlim(-1.5, columns * (side + 2) - 1.5)
    ax.set_ylim(max(top for _, top in corners) + side + 0.5, -3.5)
    ax.set_axis_off()
    return corners


def rectangle(*place: Any, **look: Any) -> Any:
    """A frame; matplotlib is loaded when the first is drawn."""
    from matplotlib.patches import Rectangle

    return Rectangle(*place, **look)
