"""python -m nn linear: gradient descent on a unit with one weight and a bias, in batches and online."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from ...engine import compare
from .. import show
from ..history import History
from ..layers import add_up
from ..losses import quadratic
from ..network import MLP
from ..optim import SGD
from ..run import evaluate
from ..stopping import Target
from ..training import fit

X, Y = [[1.0], [2.0], [3.0]], [2.0, 3.0, 4.0]  # on the line y = x + 1
SMALL = 1e-6  # a cost at which a run has arrived
RATES = (0.05, 0.1, 0.12, 0.13, 0.3, 0.36, 0.37)
MOST = 3000  # epochs; a run that has not arrived by then creeps, or runs away
WAYS: dict[str, dict[str, Any]] = {  # as fit takes them
    "batch, sum": {"batch_size": "all", "reduction": "sum"},
    "batch, mean": {"batch_size": "all", "reduction": "mean"},
    "online": {"batch_size": 1, "shuffle": False},
}  # fmt: skip

REMARKS = (
    "The largest second derivative of J is 16.639, so a batch may take steps of up to 2/16.639 = 0.1202. The mean's gradient "
    "is a third of the sum's: three times the rate makes the same steps.",
    "Online, three small steps make about the way of one step of the sum, and each begins where the last one ended. On these "
    "points that is faster, and it bears rates up to 0.375. That is no rule: these points lie on a line, so all three examples "
    "agree at the end. With noise in y, online steps never come to rest.",
)


def run(options: Any, console: Console) -> None:
    """Everything about the smallest network that learns: its gradient, one epoch in two ways, and how large a step may be."""
    console.print("A linear unit, a = w·x + b, learns y = x + 1 from (1, 2), (2, 3), (3, 4).\n"
                  "It starts at w = b = 0; the cost is J = ½ Σ (a - y)².\n", highlight=False)  # fmt: skip
    console.print(derivatives())
    console.print()
    console.print(one_epoch(options.lr))
    console.print()
    console.print(rates())
    console.print()
    for sentence in REMARKS:
        console.print(sentence, highlight=False)


def unit() -> MLP:
    """The linear unit at its start."""
    return MLP(1, [1], "linear", "linear", init="zeros")


def derivatives() -> Any:
    """The derivatives at the start: by the lecture's formula, by the engine, by a difference."""
    model = unit()
    neuron = model.layers[0].neurons[0]
    cost = add_up(quadratic(model(x), y) for x, y in zip(X, Y))
    formula = -sum(y * x for (x,), y in zip(X, Y)), -sum(Y)  # Σ (a - y) x and Σ (a - y), where a is still 0
    names = "dJ/dw = Σ (a - y)·x", "dJ/db = Σ (a - y)"
    found = compare(cost, [neuron.w[0], neuron.b])
    rows = [(name, by_hand, each.exact, each.numeric) for name, by_hand, each in zip(names, formula, found)]
    return show.table(f"Where it starts: J = {cost.data:g}", ["", "by hand", "by the engine", "central difference"], rows)


def one_epoch(lr: float) -> Any:
    """The first epoch, step by step."""
    rows = []

    def note(step: str, model: MLP) -> None:
        cost, _ = evaluate(model, X, Y, "quadratic", "sum")
        neuron = model.layers[0].neurons[0]
        rows.append((step, neuron.w[0].data, neuron.b.data, cost))

    for way in ("batch, sum", "batch, mean"):
        model = unit()
        train(model, lr, WAYS[way], epochs=1)
        note(f"{way}: one step for all three", model)
    model = unit()
    for (x,), y in zip(X, Y):
        fit(model, [[x]], [y], optimizer=SGD(model.parameters(), lr=lr), epochs=1, warn=False)
        note(f"online: after x = {x:g}", model)
    return show.table(f"The first epoch, learning rate {lr:g}", ["", "w", "b", "J"], rows)


def rates() -> Any:
    """How many epochs each way needs, for several learning rates."""
    rows = [(f"{lr:g}", *(verdict(train(unit(), lr, way, MOST)) for way in WAYS.values())) for lr in RATES]
    return show.table(f"Epochs until the cost is below {SMALL:g}", ["learning rate", *WAYS], rows)


def train(model: MLP, lr: float, way: dict[str, Any], epochs: int) -> History:
    """Gradient descent in one of the ways."""
    return fit(model, X, Y, optimizer=SGD(model.parameters(), lr=lr), epochs=epochs, stop=[Target(SMALL)], warn=False, **way)


def verdict(history: History) -> str:
    """The number of epochs, or what happened instead."""
    if history.diverged or history.cost[-1] > history.cost[0]:
        return "runs away"
    return f"{history.epochs:4}" if history.cost[-1] <= SMALL else f"not in {MOST}"
