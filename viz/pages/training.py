"""training_page(model, X, y, path): one HTML file on which a small network learns, by plain gradient descent, in the browser.

The network's weights and the points come from here, and so do the activations and their derivatives, which the engine's table
writes as JavaScript. The rest is in script/train_*.js; the file makes no request.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...engine import TABLE
from ...engine.files import write_whole
from ...engine.primitive import Primitive
from .assemble import assemble, asset, bundle, colour_rules, embedded, words
from .javascript import LIBRARY, functions
from .typed import typed_functions

if TYPE_CHECKING:
    from ...nn import MLP

MOST_POINTS, MOST_NEURONS, MOST_HIDDEN = 200, 16, 2
OFFERED = ("sigmoid", "tanh", "relu")  # hidden activations that can be chosen besides the network's own
NEEDED = ("softplus",)  # for cross-entropy from logits
COSTS = ("quadratic", "binary_cross_entropy", "binary_cross_entropy_with_logits")
LINEAR = {"forward": "(x0) => x0", "slope": "(r, x0) => 1", "init": "xavier", "least": None, "greatest": None}


def training_page(
    model: MLP, X: Any, y: Any, path: str | os.PathLike[str] = "training.html", *, loss: str = "quadratic", lr: float = 0.1,
    batch_size: int | str = 32,
) -> Path:  # fmt: skip
    """Write the page of a network that learns, whole or not at all, and return its path. The network itself stays as it is.

    model       an MLP with two inputs and one output, and at most two hidden layers of at most 16 neurons
    X, y        up to 200 points (examples, 2) and their classes: 0 and 1, or -1 and 1
    loss        "quadratic", "binary_cross_entropy" for a sigmoid output, or "binary_cross_entropy_with_logits" for a linear one
    lr, batch_size   as for `fit`; on the page they can be changed, and so can the points and the activations

    On the page the weights move as in `fit(model, X, y, loss=loss, optimizer=SGD(params, lr), shuffle=False)`: the mean of
    ∂C/∂w over a batch, and w ← w - η ∂C/∂w. A ValueError says what the page cannot show.
    """
    path = Path(path)
    write_whole(path, html_of(model, X, y, loss=loss, lr=lr, batch_size=batch_size).encode())
    return path


def html_of(model: MLP, X: Any, y: Any, **options: Any) -> str:
    """The page as text; options as for `training_page`."""
    script = bundle("train_main.js", {"data.js": data_module(model, X, y, **options)})
    parts = {"style": colour_rules() + asset("assets", "training.css"), "script": script}
    return assemble("training.html", words("training"), parts)


def data_module(model: MLP, X: Any, y: Any, *, loss: str = "quadratic", lr: float = 0.1, batch_size: int | str = 32) -> str:
    """What the page's script is given, as a module: the network, the points, the activations and the words."""
    layers = layers_of(model)
    points, low = points_of(X, y)
    check_cost(loss, layers[-1]["activation"], low)
    if isinstance(lr, bool) or not isinstance(lr, (int, float)) or not 0 < lr < float("inf"):
        raise ValueError(f"lr = {lr!r} must be a number above 0.")
    size = len(points) if batch_size == "all" else batch_size
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"batch_size = {batch_size!r}: give a whole number, at least 1, or 'all'.")
    given = {"layers": layers, "points": points, "low": low, "cost": loss, "rate": lr, "size": size}
    return "\n".join([
        LIBRARY,
        f"export const FUNCTIONS = {typed_functions()};",
        f"export const WORDS = {embedded(words('training'))};",
        f"export const GIVEN = {embedded(given)};",
        f"export const DATASETS = {embedded(datasets())};",
        f"export const ACTIVATIONS = {activations(layers)};",
        f"export const MOST_POINTS = {MOST_POINTS};",
    ])  # fmt: skip


# --- what the page can show ---


def layers_of(model: Any) -> list[dict[str, Any]]:
    """The network's numbers, layer by layer; a ValueError for a network that the page cannot show."""
    from ...nn import MLP

    if not isinstance(model, MLP):
        raise TypeError(f"The page trains an MLP, such as MLP(2, [8, 1]); this is a {type(model).__name__}.")
    if model.n_in != 2:
        raise ValueError(f"The page draws a plane, so the network must have two inputs; this one has {model.n_in}.")
    if model.n_out != 1:
        raise ValueError(f"The page colours the plane by one output; this network has {model.n_out} outputs.")
    sizes = [layer.n_out for layer in model.layers[:-1]]
    if len(sizes) > MOST_HIDDEN or max(sizes, default=0) > MOST_NEURONS:
        raise ValueError(f"The page has room for two hidden layers of {MOST_NEURONS} neurons; this network has {shown(sizes)}.")
    parameters = [p for layer in model.layers for neuron in layer.neurons for p in (*neuron.w, neuron.b)]
    if len(set(map(id, parameters))) < len(parameters) or any(p.constant for p in parameters):
        raise ValueError("On the page every weight learns for itself; in this network some are shared, or constants.")
    for layer in model.layers:
        if layer.activation.name != "linear" and layer.activation.row is None:
            raise ValueError(f"The page computes activations of the engine's table; {layer.activation.name} is not one of them.")
    return [
        {
            "weight": [[w.data for w in neuron.w] for neuron in layer.neurons],
            "bias": [neuron.b.data for neuron in layer.neurons],
            "activation": layer.activation.name,
        }
        for layer in model.layers
    ]


def shown(sizes: list[int]) -> str:
    """Numbers of neurons in words: 3, 4 and 5."""
    return " and ".join(filter(None, [", ".join(map(str, sizes[:-1])), str(sizes[-1])]))


def points_of(X: Any, y: Any) -> tuple[list[list[float]], int]:
    """The points with their classes, [x1, x2, 0 or 1] each, and the target of class 0: 0 or -1."""
    from ...nn.examples import matrix
    from ...nn.losses import quadratic
    from ...nn.targets import Targets

    rows = matrix(X, 2)
    if len(rows) > MOST_POINTS:
        raise ValueError(f"The page has room for {MOST_POINTS} points; here are {len(rows)}: give it X[:{MOST_POINTS}].")
    targets = Targets(y, len(rows), 1, quadratic).numbers.tolist()
    found = set(targets)
    if not (found <= {0.0, 1.0} or found <= {-1.0, 1.0}):
        raise ValueError("The page shows two classes: y must be 0 and 1, or -1 and 1; here it has "
                         f"{', '.join(f'{number:g}' for number in sorted(found)[:4])}.")  # fmt: skip
    return [[*row, int(target > 0)] for row, target in zip(rows.tolist(), targets)], -1 if -1.0 in found else 0


def check_cost(loss: str, output: str, low: int) -> None:
    """A ValueError for a cost that does not fit the output and the targets."""
    if loss not in COSTS:
        raise ValueError(f"The page has the costs {', '.join(COSTS)}, and not {loss!r}.")
    if loss != "quadratic" and low == -1:
        raise ValueError(f"{loss} takes the targets 0 and 1; for -1 and 1 use the quadratic cost.")
    wanted = {"binary_cross_entropy": "sigmoid", "binary_cross_entropy_with_logits": "linear"}.get(loss, output)
    if output != wanted:
        raise ValueError(f"{loss} goes with a {wanted} output; this network's is {output}.")


# --- what it is made from ---


def activations(layers: list[dict[str, Any]]) -> str:
    """The activations as a JavaScript object, by name: each with its functions, its range, and how weights begin."""
    names = dict.fromkeys([*(layer["activation"] for layer in layers if layer["activation"] != "linear"), *OFFERED, *NEEDED])
    entries = {"linear": script(LINEAR), **{name: script(facts(TABLE[name])) for name in names}}
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {entry}" for name, entry in entries.items()) + "\n}"


def facts(row: Primitive) -> dict[str, Any]:
    """What the page needs to know of an activation."""
    row = row.bind(row.default) if row.parameter else row
    written = functions(row, 1)
    least, greatest = (bound if abs(bound) < float("inf") else None for bound in row.image)
    init = row.activation.init if row.activation else "xavier"
    return {"forward": written["forward"], "slope": written["slopes"][0], "init": init, "least": least, "greatest": greatest}


def script(entry: dict[str, Any]) -> str:
    """One activation as a JavaScript object; its functions are JavaScript already."""
    texts = {name: thing if name in ("forward", "slope") else json.dumps(thing) for name, thing in entry.items()}
    return "{ " + ", ".join(f"{name}: {text}" for name, text in texts.items()) + " }"


def datasets() -> dict[str, list[list[float]]]:
    """Points that can be chosen on every page: the corners of xor, two moons, and a disc within a ring."""
    import numpy as np

    from ...nn.data import moons

    split = moons(200, noise=0.1, seed=1)
    random = np.random.RandomState(1)
    kinds = np.arange(100) % 2
    radius = np.where(kinds == 1, 0.55 * np.sqrt(random.uniform(size=100)), random.uniform(0.85, 1.2, size=100))
    angle = random.uniform(0, 2 * np.pi, size=100)
    rings = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    both = {"xor": (xor, np.array([0, 1, 1, 0])), "moons": (split.X, split.y), "rings": (rings, kinds)}
    return {
        name: [[round(a, 2), round(b, 2), int(kind)] for (a, b), kind in zip(X.tolist(), y.tolist())]
        for name, (X, y) in both.items()
    }


def example() -> tuple[MLP, list[list[float]], list[int]]:
    """A network and points for a page that nobody gave any: 2-8-1 and two moons."""
    from ...nn import MLP

    points = datasets()["moons"]
    return MLP(2, [8, 1], "tanh", output="sigmoid", seed=1), [point[:2] for point in points], [int(point[2]) for point in points]
