"""python -m nn generalise, choose: what a network makes of examples that it has not seen, and how its settings are chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from .. import data, show
from ..curves import Curve, learning_curve, validation_curve
from ..history import History
from ..network import MLP
from ..optim import SGD, Adam
from ..penalties import l2
from ..run import evaluate
from ..search import learning_rate_search, restarts
from ..stopping import EarlyStopping, Epochs, Stop, Target
from ..training import fit

LOSS = "binary_cross_entropy"
SIZES, STRENGTHS = (10, 20, 50, 100, 200), (0.0, 0.01, 0.1, 1.0, 10.0)
FEW = 40  # examples, where the penalty is varied
EPOCHS = 300
EXAMPLES = 100  # where the learning rate is chosen
RATES = (0.001, 0.01, 0.1, 1.0, 10.0)
STARTS = 10  # of the network for XOR
LEARNED = 0.1  # a cost below which it knows all four rows; where it is stuck, it is 0.35 and more


def network(seed: int) -> MLP:
    """A network that can learn forty examples by heart."""
    return MLP(2, [16, 1], "tanh", "sigmoid", seed=seed)


def train(model: MLP, X: Any, y: Any, lam: float = 0.0, **options: Any) -> History:
    """Train it until nothing moves, without regard to what it does elsewhere."""
    penalty = l2(lam) if lam else None
    settings = {"epochs": EPOCHS, "batch_size": "all", "warn": False, **options}
    return fit(model, X, y, loss=LOSS, optimizer=Adam(model.parameters(), lr=0.1), penalty=penalty, **settings)


def cloudy_moons() -> data.Split:
    """Two moons so noisy that they overlap: 1000 to learn from, 1000 to be judged by."""
    return data.moons(2000, noise=0.3, seed=0)


def generalise(options: Any, console: Console) -> None:
    """Overfitting against the number of examples and the penalty, and three conditions to stop."""
    split, seeds = cloudy_moons(), options.seeds
    unseen = split.X_test, split.y_test
    console.print(f"{network(0)}, {LOSS}, Adam with learning rate 0.1, {EPOCHS} epochs on all examples at once.\n"
                  "Two moons, so noisy that no network can tell them apart in full; the test has 1000 examples.\n"
                  f"Means of {seeds} start{'s' * (seeds != 1)}, each with examples of its own.\n", highlight=False)  # fmt: skip
    curve = learning_curve(network, train, split.X, split.y, unseen, SIZES, seeds=seeds, loss=LOSS)
    console.print(errors(curve, "More data, no penalty"))
    console.print()
    curve = validation_curve(network, train, split.X, split.y, unseen, STRENGTHS, size=FEW, seeds=seeds, loss=LOSS)
    console.print(errors(curve, f"{FEW} examples and a penalty, λ/(2m) Σ w²"))
    best = curve.at[int(curve.validation_cost.mean(axis=1).argmin())]
    console.print("\nWhat was learned by heart is of no use elsewhere. More data close the gap. A penalty does, too, until it "
                  f"forbids what is to be learned; the smallest test cost is at λ = {best:g}.\n", highlight=False)  # fmt: skip
    three_ends(split, seeds, console)


def errors(curve: Curve, title: str) -> Any:
    """A row for each setting: cost and errors where it learned and where it did not."""
    rows = [
        (f"{at:g}", f"{cost:.3f}", f"{test:.3f}", percent(1 - right), percent(1 - test_right), percent(right - test_right))
        for at, cost, right, test, test_right in curve.means()
    ]
    return show.table(title, [curve.name, "cost", "test cost", "errors", "test errors", "gap"], rows)


def percent(share: float) -> str:
    """A share in percent."""
    return f"{100 * share:5.1f} %"


def three_ends(split: data.Split, seeds: int, console: Console) -> None:
    """The same training, ended by each of three conditions, and what the network is worth then."""
    conditions: dict[str, Stop] = {
        f"Epochs({EPOCHS})": Epochs(EPOCHS), "Target(0.1)": Target(0.1), "EarlyStopping(20)": EarlyStopping(20),
    }  # fmt: skip
    rows, reasons = [], []
    for name, condition in conditions.items():
        found = []
        for seed in range(seeds):
            order = np.random.default_rng(seed).permutation(len(split.y))
            seen, aside = order[:FEW], order[FEW : 2 * FEW]
            model, watched = network(seed), (split.X[aside], split.y[aside])
            history = train(model, split.X[seen], split.y[seen], epochs=2 * EPOCHS, stop=[condition], validation=watched)
            cost, right = evaluate(model, split.X_test, split.y_test, LOSS)
            found.append((history.epochs, history.cost[-1], cost, 1 - right))
            if seed == 0:
                reasons.append(f"  {name}: {history.reason}")
        epochs, cost, test, wrong = np.mean(found, axis=0)
        rows.append((name, f"{epochs:.0f}", f"{cost:.3f}", f"{test:.3f}", percent(wrong)))
    title = f"When to stop: {FEW} examples, and {FEW} more to watch"
    console.print(show.table(title, ["condition", "epochs", "last cost", "test cost", "test errors"], rows))
    console.print("\nWhat ended the first start:")
    for reason in reasons:
        console.print(reason, highlight=False)


def choose(options: Any, console: Console) -> None:
    """The learning rate by cross-validation, the start by trying several."""
    a_rate(options.folds, console)
    console.print()
    a_start(console)


def a_rate(k: int, console: Console) -> None:
    """Several learning rates by cross-validation, and what the best of them is worth."""
    split = cloudy_moons()
    X, y = split.X[:EXAMPLES], split.y[:EXAMPLES]
    console.print(f"{network(0)}, {LOSS}, plain descent, 50 epochs in batches of 10.\n"
                  f"{EXAMPLES} examples of two noisy moons, cut into {k} folds: each fold validates once what the others have "
                  "taught.\n", highlight=False)  # fmt: skip
    best, costs = learning_rate_search(lambda: network(0), X, y, RATES, k=k, loss=LOSS, epochs=50, batch_size=10)
    rows = [(f"{rate:g}", f"{cost:.3f}", "smallest" if rate == best else "") for rate, cost in costs.items()]
    console.print(show.table("Mean over the folds", ["learning rate", "validation cost", ""], rows))
    model = network(0)
    fit(model, X, y, loss=LOSS, optimizer=SGD(model.parameters(), lr=best), epochs=50, batch_size=10, warn=False)
    _, right = evaluate(model, split.X_test, split.y_test, LOSS)
    commoner = float(np.mean(split.y_test == round(float(np.mean(y)))))
    console.print(f"\nTrained on all {EXAMPLES} with {best:g}: {percent(1 - right).strip()} errors on {len(split.y_test)} "
                  f"others; the commoner class for everything: {percent(1 - commoner).strip()}.", highlight=False)  # fmt: skip


def a_start(console: Console) -> None:
    """XOR with as few hidden neurons as can be, from several starts."""
    X, y = data.xor()

    def learn(model: MLP) -> History:
        return fit(model, X, y, loss=LOSS, optimizer=SGD(model.parameters(), lr=0.5), epochs=500, batch_size="all", warn=False)

    model, history, costs = restarts(lambda seed: MLP(2, [2, 1], "tanh", "sigmoid", seed=seed), learn, count=STARTS)
    console.print(f"{model} on XOR: two hidden neurons are just enough, and descent often ends elsewhere.\n", highlight=False)
    rows = [(seed, f"{cost:.3f}", "learned" if cost < LEARNED else "stuck") for seed, cost in enumerate(costs)]
    console.print(show.table(f"{STARTS} starts", ["seed", "cost after 500 epochs", ""], rows))
    learned = sum(cost < LEARNED for cost in costs)
    answers = ", ".join(f"{answer:.2f}" for answer in model.predict(X))
    console.print(f"\n{learned} of {STARTS} learn it. The best is kept, cost {history.cost[-1]:.3f}: "
                  f"00, 01, 10 and 11 give {answers}.", highlight=False)  # fmt: skip
