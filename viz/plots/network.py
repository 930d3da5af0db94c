"""draw_network(model): neurons as circles, layer by layer, and weights as lines between them.

With an input, the circles hold the activations; with a target too, the errors delta = ∂C/∂z are below them. The gradients
come from `engine.grad`, which does not change the graph: the model's `.grad` stays as it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...engine import grad
from ...engine.say.notation import show
from ...nn.losses import Loss, loss_function, quadratic
from ...nn.network import Activations
from ...nn.targets import Targets
from .axes import BLACK, BLUE, GREY, ORANGE, axes, layers_of

NUMBERED = 12  # the most lines that have their weights written on them
PITCH = 0.62  # inches from one circle to the next below it, where there is a choice


class Column(NamedTuple):
    """One layer: which of its neurons are drawn, at which heights, and how many are not."""

    shown: list[int]
    heights: list[float]
    hidden: int

    @property
    def slots(self) -> int:
        """The rows it needs; those left out need one."""
        return len(self.shown) + (self.hidden > 0)

    @property
    def gap(self) -> float:
        """The height at which the number of those left out is written."""
        upper = len(self.shown) - len(self.shown) // 2
        return self.heights[upper - 1] - 1


def column(count: int, most: int) -> Column:
    """The first and the last few of `count` neurons, centred around height 0."""
    if count <= most:
        return Column(list(range(count)), [(count - 1) / 2 - j for j in range(count)], 0)
    upper, lower = most - most // 2, most // 2
    heights = [most / 2 - j for j in range(most + 1)]
    return Column([*range(upper), *range(count - lower, count)], heights[:upper] + heights[upper + 1 :], count - most)


def draw_network(
    model: Any, x: Any = None, target: Any = None, *, loss: str | Loss = quadratic, most: int = 10, ax: Any = None
) -> Any:
    """Draw a network; returns the ax.

    x        one example: the activations are written into the circles
    target   the output it should give, a number, a row or a class: the errors delta of the loss are written below
    most     at most this many neurons of a layer are drawn, half of them from its top; the number left out is shown
    """
    layers = layers_of(model)
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise ValueError(f"most = {most!r} must be a whole number, at least 1: the number of neurons of a layer to draw.")
    if target is not None and x is None:
        raise ValueError("A target belongs to an input: draw_network(model, x, target).")
    found = None if x is None else model.activations(x)
    deltas, cost = ([], None) if found is None or target is None else errors(model, found, target, loss_function(loss))
    columns = [column(count, most) for count in (model.n_in, *(layer.n_out for layer in layers))]
    rows = max(c.slots for c in columns)
    ax = axes(ax, max(2.3, 0.3 * rows) * len(columns), PITCH * (rows + 2.5))
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(-rows / 2 - 0.6, rows / 2 + 0.9)
    ax.set_axis_off()
    size = diameter(ax)
    lines(ax, layers, columns)
    for i, drawn in enumerate(columns):
        name = "input" if i == 0 else str(layers[i - 1].activation)
        ax.text(i, rows / 2 + 0.1, f"layer {i} (lecture {i + 1})\n{name}", ha="center", va="bottom", fontsize=9)
        inside, below = words(model, i, found, deltas)
        circles(ax, i, drawn, [inside[j] for j in drawn.shown], [below[j] for j in drawn.shown], size)
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


def diameter(ax: Any) -> float:
    """How large a circle may be, in points, for this ax: a share of the way to the next."""
    low, high = ax.get_ylim()
    height = ax.get_position().height * ax.figure.get_figheight() * 72
    return float(min(32.0, 0.66 * height / (high - low)))


def circles(ax: Any, i: int, drawn: Column, inside: list[str], below: list[str], size: float) -> None:
    """The neurons of one layer, with their words, and the number of those left out."""
    fill = "#eeeeee" if i == 0 else "white"
    points = ax.scatter([i] * len(drawn.shown), drawn.heights, s=size**2, c=fill, edgecolors=BLACK, linewidths=1, zorder=3)
    points.set_gid(f"layer {i}")
    room = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8}
    for height, word, note in zip(drawn.heights, inside, below):
        ax.text(i, height, word, ha="center", va="center", fontsize=min(8.0, size / 4), zorder=4)
        if note:
            place = {"xytext": (0, -size / 2 - 1), "textcoords": "offset points", "ha": "center", "va": "top"}
            ax.annotate(note, (i, height), **place, fontsize=min(7.5, size / 4), bbox=room, zorder=4)
    if drawn.hidden:
        ax.text(i, drawn.gap, f"⋮\n… {drawn.hidden} more", ha="center", va="center", fontsize=8, bbox=room, zorder=4)


def lines(ax: Any, layers: list[Any], columns: list[Column]) -> None:
    """The weights between neurons that are drawn: the wider the larger, dashed where negative; and what that means."""
    every = [
        (i, drawn_from, drawn_to, layer.weight[j, k], f"W{i + 1}[{j + 1},{k + 1}]")
        for i, layer in enumerate(layers)
        for j, drawn_to in zip(columns[i + 1].shown, columns[i + 1].heights)
        for k, drawn_from in zip(columns[i].shown, columns[i].heights)
    ]
    largest = max(abs(w) for *_, w, _ in every) or 1.0
    for i, start, end, w, name in every:
        colour, dashes = (BLUE, "-") if w > 0 else (ORANGE, (0, (3, 1.5))) if w < 0 else (GREY, ":")
        width = 0.3 + 3.2 * abs(w) / largest
        ax.plot([i, i + 1], [start, end], color=colour, linestyle=dashes, linewidth=width, gid=name, zorder=1)
        if len(every) <= NUMBERED:
            place = 0.72 if abs(start - end) < 1e-9 else 0.28  # lines that cross do so in the middle
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            ax.text(i + place, start + place * (end - start), show(float(w), 3), ha="center", va="center", fontsize=7.5, bbox=box)
    ax.plot([], [], color=BLUE, linewidth=2, label="w > 0")
    ax.plot([], [], color=ORANGE, linewidth=2, linestyle=(0, (3, 1.5)), label="w < 0")
    ax.plot([], [], " ", label=f"the widest: |w| = {show(float(largest), 3)}")
    ax.legend(loc="lower center", ncols=3, frameon=False, fontsize=8, bbox_to_anchor=(0.5, -0.06))
