"""Memory: a network unrolled in time, its states and gates step by step, and how far back a gradient reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...nn.examples import numbers_of
from ...nn.networks.memory import GRU, LSTM
from ...nn.networks.recurrent import Elman, Jordan, Recurrent, gradient_over_time
from ..shades import letters_on
from .axes import BLACK, GREY, MARKERS, axes, shades_of, style
from .pixels import rectangle

NAMES = {
    "x": "input x", "i": "input gate i", "f": "forget gate f", "g": "written g", "o": "output gate o", "c": "cell c",
    "r": "reset gate r", "z": "pre-activation z", "n": "proposal n", "h": "hidden h", "y": "output y",
}  # fmt: skip
GATES: dict[type, str] = {LSTM: "ifo", GRU: "rz"}  # what is between 0 and 1


def recurrent(model: Any, what: str) -> Recurrent:
    """The network, if it is one with states over time; a Sequential is asked for its first part."""
    model = getattr(model, "parts", [model])[0]
    if not isinstance(model, Recurrent):
        raise TypeError(f"{what} draws a recurrent network, such as LSTM(2, 8) or a Sequential that begins with one; "
                        f"it was given {model!r:.60}.")  # fmt: skip
    return model


def over_time(model: Recurrent, x: Any) -> dict[str, np.ndarray]:
    """The states for one sequence as arrays (units, steps), by letter."""
    return {letter: np.array(numbers_of(steps)).T for letter, steps in model.states(x)._asdict().items()}


def name_of(model: Recurrent, letter: str) -> str:
    """What a letter stands for in this network."""
    own = {(GRU, "z"): "update gate z", (Jordan, "c"): "context c"}
    return own.get((type(model), letter), NAMES[letter])


def bands(model: Recurrent, x: Any, letters: str, ax: Any, title: str) -> Any:
    """One picture (units, steps) above the other: gates from 0, white, to 1, black; all others dark below 0, light above.

    These have a scale each, whose end is written beside them: the cell of an LSTM may count far beyond what h can be.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    found = over_time(model, x)
    heights = [len(found[letter]) for letter in letters]
    total, steps = sum(heights) + len(letters) - 1, found["x"].shape[1]
    ax = axes(ax, max(4.5, min(11.0, 2.6 + 0.24 * steps)), max(2.6, min(9.0, 1.2 + 0.22 * total)))
    top, gates, places, words = 0.0, GATES.get(type(model), ""), [], []
    shown: dict[bool, dict[str, Any]] = {}
    for letter, height in zip(letters, heights):
        gate = letter in gates
        largest = 1.0 if gate else float(np.abs(found[letter]).max()) or 1.0
        look: dict[str, Any] = {"cmap": "Greys" if gate else shades_of("value"), "vmin": 0 if gate else -largest, "vmax": largest}
        words.append(name_of(model, letter) + ("" if gate else f"\n±{largest:.2g}"))
        shown[gate] = look
        ax.imshow(found[letter], extent=(0.5, steps + 0.5, top + height, top), aspect="auto", gid=letter, **look)
        ax.add_patch(rectangle((0.5, top), steps, height, fill=False, edgecolor=BLACK, linewidth=0.6))
        places.append(top + height / 2)
        top += height + 1
    ax.set_xlim(0.4, steps + 0.6)
    ax.set_ylim(top - 0.8, -0.2)
    ax.set_yticks(places, words, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="step t", title=title)
    ax.spines[:].set_visible(False)
    for gate, look in shown.items():
        scale = ScalarMappable(Normalize(0 if gate else -1, 1), look["cmap"])
        label = "gate: 0 shut, 1 open" if gate else "value, as a share of the ± beside it"
        ax.figure.colorbar(scale, ax=ax, label=label, shrink=0.8, pad=0.02)
    return ax


def plot_states(model: Any, x: Any, ax: Any = None) -> Any:
    """What went in, what is remembered and what came out, unit by unit over time, for one sequence x; returns the ax."""
    model = recurrent(model, "plot_states")
    letters = "".join(letter for letter in ("x", "c", "h", "y") if letter in model.states(x)._fields)
    return bands(model, x, letters, ax, f"{type(model).__name__}: states over time")


def plot_gates(model: Any, x: Any, ax: Any = None) -> Any:
    """The gates of an LSTM or a GRU over time, and what they let through, for one sequence x; returns the ax."""
    model = recurrent(model, "plot_gates")
    if type(model) not in GATES:
        raise TypeError(f"Only an LSTM and a GRU have gates; plot_states shows a network of class {type(model).__name__}.")
    letters = "xifgoch" if isinstance(model, LSTM) else "xrznh"
    return bands(model, x, letters, ax, f"{type(model).__name__}: gates over time")


def plot_gradient_over_time(models: Mapping[str, Any], x: Any, ax: Any = None) -> Any:
    """‖∂h[T]/∂x[t]‖ against the distance T - t, as a share of that at distance 0, for each network; returns the ax.

    `x` is one sequence, or several of one length: then a line is the median over them. A network may be a list of networks,
    drawn with different seeds: the median is over these, too.
    """
    if not isinstance(models, Mapping) or not models:
        raise TypeError(f'Name the networks: plot_gradient_over_time({{"LSTM": LSTM(1, 8)}}, x); it was given {models!r:.60}.')
    ax = axes(ax, 6.0, 3.8)
    stack = np.array(x, dtype=float)
    stack = stack[None] if stack.ndim == 2 else stack
    for number, (name, given) in enumerate(models.items()):
        several = [recurrent(m, "plot_gradient_over_time") for m in (given if isinstance(given, (list, tuple)) else [given])]
        shares = [(g := gradient_over_time(model, sequence))[::-1] / g[-1] for model in several for sequence in stack]
        median = np.median(shares, axis=0)
        marker = MARKERS[number % len(MARKERS)]
        every = max(1, len(median) // 10)
        ax.semilogy(np.arange(len(median)), median, marker=marker, markersize=4, markevery=every, label=name, **style(number))
    ax.set(xlabel="distance T - t, in steps", ylabel="‖∂h[T]/∂x[t]‖, share of that at 0")
    ax.set_title("How far back the gradient reaches")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(axis="y", color="#dddddd", linewidth=0.6)
    ax.legend(fontsize=8)
    return ax


WAYS = {  # what an arrow carries, by the two letters at its ends: within a step, and to the next step
    Elman: ([("x", "h", "W"), ("h", "y", "V")], [("h", "h", "U")]),
    Jordan: ([("x", "h", "W"), ("c", "h", "U"), ("h", "y", "V")], [("y", "c", ""), ("c", "c", "α")]),
    LSTM: ([("x", "c", "W"), ("c", "h", "o")], [("h", "c", "U"), ("c", "c", "f")]),
    GRU: ([("x", "h", "W")], [("h", "h", "z, U")]),
}
ROWS = {Elman: "xhy", Jordan: "xchy", LSTM: "xch", GRU: "xh"}  # from the bottom to the top
SHOWN = 12  # steps


def draw_unrolled(model: Any, x: Any, ax: Any = None) -> Any:
    """A network unrolled in time for one sequence x: a column for each step, with the numbers of its units, and the weights
    that lead from column to column, the same at each step. A long sequence is cut after 12 steps. Returns the ax."""
    model = recurrent(model, "draw_unrolled")
    kind = next((kind for kind in ROWS if isinstance(model, kind)), None)
    if kind is None:
        raise TypeError(f"draw_unrolled draws an Elman, a Jordan, an LSTM or a GRU; it was given a {type(model).__name__}.")
    found = over_time(model, x)
    letters, (upwards, onwards) = ROWS[kind], WAYS[kind]
    steps = min(found["x"].shape[1], SHOWN)
    tallest = {letter: len(found[letter]) * UNIT for letter in letters}
    bottoms, level = {}, 0.0
    for letter in letters:
        bottoms[letter] = level
        level += tallest[letter] + GAP
    middles = {letter: bottoms[letter] + tallest[letter] / 2 for letter in letters}
    ax = axes(ax, max(4.0, 1.2 + 1.25 * steps), max(2.6, 0.9 + 0.75 * level))
    ax.set_aspect("auto")
    scale = max(float(np.abs(found[letter]).max()) for letter in letters if letter != "x") or 1.0
    for t in range(steps):
        for letter in letters:
            unit_column(ax, found[letter][:, t], t, bottoms[letter], scale, f"{letter}[{t + 1}]")
        for source, target, word in upwards:
            if letters.index(target) - letters.index(source) == 1:
                start, end, side, bend = bottoms[source] + tallest[source], bottoms[target], 0.0, 0.0
            else:  # around what stands between
                start, end, side, bend = middles[source], middles[target], -WIDTH / 2, -0.35
            arrow(ax, (t + side, start), (t + side, end), word if t == 0 else "", bend)
        for source, target, word in onwards if t + 1 < steps else ():
            arrow(ax, (t + WIDTH / 2, middles[source]), (t + 1 - WIDTH / 2, middles[target]), word, 0.0)
    ax.set_xlim(-0.7, steps - 0.3)
    ax.set_ylim(-0.45, level - GAP + 0.15)
    ax.set_axis_off()
    cut = f", the first {steps} of {found['x'].shape[1]} steps" if steps < found["x"].shape[1] else ""
    ax.set_title(f"{type(model).__name__}, unrolled in time{cut}", fontsize=10)
    return ax


UNIT, GAP, WIDTH = 0.3, 0.75, 0.44  # the height of a unit, between two rows, and the width of a column


def unit_column(ax: Any, numbers: np.ndarray, t: int, bottom: float, scale: float, word: str) -> None:
    """The units of a layer at one step as boxes with their numbers, the first unit on top."""
    from matplotlib.colors import to_hex

    for j, number in enumerate(numbers):
        share = float(np.clip(number / scale, -1, 1))
        low = bottom + (len(numbers) - 1 - j) * UNIT
        colour = to_hex(shades_of("value")(0.5 + 0.5 * share))
        ax.add_patch(rectangle((t - WIDTH / 2, low), WIDTH, UNIT, facecolor=colour, edgecolor=BLACK, linewidth=0.6, gid=word))
        ax.text(t, low + UNIT / 2, f"{number + 0.0:.2f}", ha="center", va="center", fontsize=7, color=letters_on(colour))
    ax.text(t + 0.05, bottom - 0.06, word, ha="left", va="top", fontsize=8)


def arrow(ax: Any, start: tuple[float, float], end: tuple[float, float], word: str, bend: float) -> None:
    """An arrow with the name of what it multiplies by, above it, or to its left if it is upright."""
    look = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.1, "shrinkA": 1, "shrinkB": 1}
    ax.annotate("", end, start, arrowprops={**look, "connectionstyle": f"arc3,rad={bend}"})
    middle = (start[1] + end[1]) / 2
    if start[0] == end[0]:
        ax.text(start[0] - 0.05 + 0.5 * bend, middle, word, fontsize=9, fontstyle="italic", ha="right", va="center")
    else:
        x = 0.65 * start[0] + 0.35 * end[0] if start[1] == end[1] else (start[0] + end[0]) / 2 + 0.06
        ax.text(x, middle + 0.04, word, fontsize=9, fontstyle="italic", ha="center", va="bottom")
