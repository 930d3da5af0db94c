"""What the plots share: axes to draw on, and styles that can be told apart in grey and by colour-blind people.

The colours are those of values, gradients and weights in every picture, and for a fourth line Okabe and Ito's pink (2008);
they stay distinct for every common kind of colour vision. No plot relies on them: lines also differ by dashes, points by
their shape, right and wrong by a frame and a sign.
"""

from __future__ import annotations

from typing import Any

from ...engine.say.colours import LIGHT
from ..shades import ramp

BLUE, ORANGE, GREEN, PINK = LIGHT["value"], LIGHT["gradient"], LIGHT["weight"], "#cc79a7"
BLACK, GREY = LIGHT["ink"], LIGHT["soft"]
COLOURS = (BLUE, ORANGE, GREEN, PINK, BLACK)
DASHES = ("-", "--", ":", "-.", (0, (6, 2, 1, 2, 1, 2)))
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")


def axes(ax: Any = None, width: float = 6.0, height: float = 4.0) -> Any:
    """The ax that was given, or a new one of this size in inches; no window is opened, and matplotlib is loaded only here."""
    if ax is None:
        from matplotlib import pyplot

        return pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    if not hasattr(ax, "plot") or not hasattr(ax, "figure"):
        raise TypeError(f"ax must be one of matplotlib's axes, such as plt.subplots()[1] gives; {ax!r:.60} is not.")
    return ax


def style(number: int) -> dict[str, Any]:
    """Colour and dashes of the line with this number, counted from 0."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[number % len(DASHES)]}


def shades_of(kind: str) -> Any:
    """Matplotlib's colour map for "value", "gradient" or "weight": dark is small, light is large, also in grey."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(kind, ramp(kind))


def layers_of(model: Any) -> list[Any]:
    """The layers of a network, or an error that says what is needed."""
    if not hasattr(model, "layers") or not hasattr(model, "activations"):
        raise TypeError(f"A network is needed, such as MLP(2, [2, 1]); {model!r:.60} has no layers.")
    layers = list(model.layers)
    if not all(hasattr(layer, "n_in") and hasattr(layer, "n_out") for layer in layers):
        raise TypeError(f"A network of layers that see all that is below them is needed, such as MLP(2, [2, 1]); those of "
                        f"{type(model).__name__} are {layers[0]!r:.60}.")  # fmt: skip
    return layers
