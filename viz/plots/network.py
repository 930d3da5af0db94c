"""draw_network(model): neurons as circles, layer by layer, and weights as lines between them.

With an input, the circles hold the activations; with a target too, the errors delta = ∂C/∂z are below them. The gradients
come from `engine.grad`, which does not change the graph: the model's `.grad` stays as it is.

A layer too large for circles is a strip, a cell for each neuron, and its weights are an image with a row for each neuron.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import grad
from ...engine.say.colours import LIGHT
from ...engine.say.notation import show
from ...nn.losses import Loss, loss_function, quadratic
from ...nn.network import Activations
from ...nn.targets import Targets
from ..shades import span
from .axes import BLACK, BLUE, GREEN, GREY, ORANGE, axes, layers_of, shades_of

NUMBERED = 12  # the most lines that have their weights written on them
PITCH = 0.62  # inches from one circle to the next below it
STRIP_ROWS = 7  # how high a strip is, in circles
WIDTH = 0.09  # of a strip, where layers are 1 apart


def draw_network(
    model: Any, x: Any = None, target: Any = None, *, loss: str | Loss = quadratic, most: int = 10, ax: Any = None
) -> Any:
    """Draw a network; returns the ax.

    x        one example: the activations are written into the circles, or are the shades of a strip
    target   the output it should give, a number, a row or a class: the errors delta of the loss are written below, or are
             the shades of a second strip
    most     a layer of more neurons than this is a strip, and the weights that lead to it or from it are an image
    """
    layers = layers_of(model)
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise ValueError(f"most = {most!r} must be a whole number, at least 1: the most neurons of a layer drawn as circles.")
    if target is not None and x is None:
        raise ValueError("A target belongs to an input: draw_network(model, x, target).")
    found = None if x is None else model.activations(x)
    deltas, cost = ([], None) if found is None or target is None else errors(model, found, target, loss_function(loss))
    counts = [model.n_in, *(layer.n_out for layer in layers)]
    rows = max(STRIP_ROWS if count > most else count for count in counts)
    ax = axes(ax, max(2.3, 0.3 * rows) * len(counts), PITCH * (rows + 2.5))
    size = diameter(ax, rows)
    for i, layer in enumerate(layers):
        if max(counts[i], counts[i + 1]) > most:
            image(ax, i, layer.weight, rows)
    lines(ax, [(i, layer.weight) for i, layer in enumerate(layers) if max(counts[i], counts[i + 1]) <= most])
    for i, count in enumerate(counts):
        name = "input" if i == 0 else f"layer {i}\n{layers[i - 1].activation}"
        ax.text(i, rows / 2 + 0.1, name, ha="center", va="bottom", fontsize=9)
        if count > most:
            strips(ax, i, count, found, deltas, rows)
        else:
            circles(ax, i, *words(model, i, found, deltas), size)
    ax.set(xlim=(-0.5, len(counts) - 0.5), ylim=(-rows / 2 - 0.6, rows / 2 + 0.9), aspect="auto")
    ax.set_axis_off()
    if cost is not None:
        ax.set_title(f"cost {show(cost, 4)}", fontsize=11)
    return ax


def errors(model: Any, found: Activations, target: Any, loss: Loss) -> tuple[list[list[float]], float]:
    """delta = ∂C/∂z of every layer's neurons, and the cost; no `.grad` is touched."""
    wanted = Targets([target], 1, model.n_out, loss)[0]
    cost = loss(found.output, wanted)
    flat = iter(grad(cost, [z for layer in found.z for z in layer]))
    return [[next(flat) for _ in layer] for layer in found.z], cost.data


def words(model: Any, i: int, found: Activations | None, deltas: list[list[float]]) -> tuple[list[str], list[str]]:
    """What is written inside and below the circles of layer i: names and biases, or activations and errors."""
    if i == 0:
        inside = [f"x{k}" for k in range(1, model.n_in + 1)] if found is None else [show(x.data, 3) for x in found.x]
        return inside, [""] * model.n_in
    layer = model.layers[i - 1]
    if found is None:
        return [f"a{j}" for j in range(1, layer.n_out + 1)], [f"b {show(b, 3)}" for b in layer.bias.tolist()]
    below = [f"δ {show(delta, 3)}" for delta in deltas[i - 1]] if deltas else [""] * layer.n_out
    return [show(a.data, 3) for a in found.a[i - 1]], below


def diameter(ax: Any, rows: int) -> float:
    """How large a circle may be, in points, for this ax: a share of the way to the next."""
    height = ax.get_position().height * ax.figure.get_figheight() * 72
    return float(min(32.0, 0.66 * height / (rows + 1.5)))


def heights(count: int) -> list[float]:
    """Where the neurons of a layer stand, the first on top, centred around 0."""
    return [(count - 1) / 2 - j for j in range(count)]


def circles(ax: Any, i: int, inside: list[str], below: list[str], size: float) -> None:
    """The neurons of one layer with their words: values in blue, errors in vermilion."""
    fill = LIGHT["value_bg" if i == 0 else "card"]
    levels = heights(len(inside))
    points = ax.scatter([i] * len(levels), levels, s=size**2, c=fill, edgecolors=BLACK, linewidths=1, zorder=3)
    points.set_gid(f"layer {i}")
    room = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8}
    for height, word, note in zip(levels, inside, below):
        named = word[0].isalpha()
        ax.text(i, height, word, ha="center", va="center", fontsize=min(8.0, size / 4), color=BLACK if named else BLUE, zorder=4)
        if note:
            place = {"xytext": (0, -size / 2 - 1), "textcoords": "offset points", "ha": "center", "va": "top"}
            colour = ORANGE if note.startswith("δ") else GREEN
            ax.annotate(note, (i, height), **place, fontsize=min(7.5, size / 4), color=colour, bbox=room, zorder=4)


def strips(ax: Any, i: int, count: int, found: Activations | None, deltas: list[list[float]], rows: int) -> None:
    """A layer as a strip of its activations, and beside it one of its errors; an empty strip where nothing is known."""
    shown: list[tuple[str, str, list[float]]] = []
    if found is not None:
        shown.append(("value", "x" if i == 0 else "a", [value.data for value in (found.x if i == 0 else found.a[i - 1])]))
    if deltas and i > 0:
        shown.append(("gradient", "δ", deltas[i - 1]))
    for place, (kind, name, numbers) in enumerate(shown or [("", "", [])]):
        left = i + WIDTH * (1.3 * place - 0.65 * len(shown) + 0.15) if shown else i - WIDTH / 2
        if numbers:
            shaded(ax, np.array(numbers)[:, None], kind, (left, left + WIDTH, -rows / 2, rows / 2), f"{name} of layer {i}")
            ax.text(left + WIDTH / 2, -rows / 2 - 0.1, name, ha="center", va="top", fontsize=9, color=ORANGE if place else BLUE)
        ax.plot([left, left + WIDTH, left + WIDTH, left, left], [rows / 2, rows / 2, -rows / 2, -rows / 2, rows / 2],
                color=BLACK, linewidth=0.8, zorder=3)  # fmt: skip
    ax.text(i, -rows / 2 - 0.35, f"{count} neurons" if i else f"{count} numbers", ha="center", va="top", fontsize=8, color=GREY)


def image(ax: Any, i: int, weight: np.ndarray, rows: int) -> None:
    """The weights between layers i and i + 1: a row for each neuron that they lead to, the first on top."""
    half = 0.4 * rows
    shaded(ax, weight, "weight", (i + 0.24, i + 0.76, -half, half), f"W{i + 1}")
    size = f"W{i + 1}  {weight.shape[0]}×{weight.shape[1]}"
    ax.text(i + 0.5, half + 0.1, size, ha="center", va="bottom", fontsize=9, color=GREEN)
    reach = f"{show(float(weight.min()), 2)} (dark) to {show(float(weight.max()), 2)} (light)"
    ax.text(i + 0.5, -half - 0.1, reach, ha="center", va="top", fontsize=8, color=GREY)
    for start, end in ((i + 0.14, i + 0.23), (i + 0.77, i + 0.86)):
        ax.annotate("", (end, 0), (start, 0), arrowprops={"arrowstyle": "-|>", "color": GREY})


def shaded(ax: Any, numbers: np.ndarray, kind: str, extent: tuple[float, float, float, float], name: str) -> None:
    """Numbers as shades of their colour, the lighter the larger."""
    low, high = span(numbers.ravel().tolist())
    look = {"cmap": shades_of(kind), "vmin": low, "vmax": high, "interpolation": "nearest"}
    ax.imshow(numbers, extent=extent, aspect="auto", gid=name, zorder=2, **look)


def lines(ax: Any, between: list[tuple[int, np.ndarray]]) -> None:
    """The weights between circles: the wider the larger, dashed where negative; and what that means."""
    every = [
        (i, start, end, float(weight[j, k]), f"W{i + 1}[{j + 1},{k + 1}]")
        for i, weight in between
        for j, end in enumerate(heights(weight.shape[0]))
        for k, start in enumerate(heights(weight.shape[1]))
    ]
    if not every:
        return
    largest = max(abs(w) for *_, w, _ in every) or 1.0
    for i, start, end, w, name in every:
        colour, dashes = (GREEN, "-") if w > 0 else (GREEN, (0, (3, 1.5))) if w < 0 else (GREY, ":")
        width = 0.3 + 3.2 * abs(w) / largest
        ax.plot([i, i + 1], [start, end], color=colour, linestyle=dashes, linewidth=width, gid=name, zorder=1)
        if len(every) <= NUMBERED:
            place = 0.72 if abs(start - end) < 1e-9 else 0.28  # lines that cross do so in the middle
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            where = {"x": i + place, "y": start + place * (end - start), "ha": "center", "va": "center"}
            ax.text(s=show(w, 3), fontsize=7.5, color=GREEN, bbox=box, **where)
    ax.plot([], [], color=GREEN, linewidth=2, label="w > 0")
    ax.plot([], [], color=GREEN, linewidth=2, linestyle=(0, (3, 1.5)), label="w < 0")
    ax.plot([], [], " ", label=f"the widest: |w| = {show(largest, 3)}")
    ax.legend(loc="lower center", ncols=3, frameon=False, fontsize=8, bbox_to_anchor=(0.5, -0.06))
