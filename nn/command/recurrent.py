"""The demos of networks with a memory: Elman's XOR in time, Jordan's plans, and the adding problem for the LSTM and the GRU."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from ...engine import Value
from .. import data, show
from ..history import History
from ..layers import Layer
from ..losses import loss_function
from ..module import Module
from ..networks.memory import GRU, LSTM
from ..networks.recurrent import Elman, Forced, Jordan
from ..networks.sequential import Last, Sequential
from ..optim import Adam
from ..run import evaluate
from ..targets import targets_for
from .shared import checked, curve, keep, trained

ADDED = 40  # steps of the adding problem
MOST = 20  # passes over its 3,200 examples, 2,000 updates
SOLVED = 0.01  # the mean squared error at which it counts as solved


def cost_of_one(model: Module, X: np.ndarray, y: np.ndarray) -> Value:
    """The mean squared error of the first sequence, to check derivatives through its steps."""
    prediction = model(X[0].tolist())
    targets = targets_for(prediction, y[:1], 1, loss_function("mse"))
    cost: Value = targets.cost(prediction, targets[0])
    return cost


def clipped(
    model: Module, X: np.ndarray, y: np.ndarray, options: Any, console: Console, *, lr: float, epochs: int, batch_size: int = 32,
    **given: Any,
) -> History:  # fmt: skip
    """Train with Adam, gradients clipped at 1."""
    adam = Adam(model.parameters(), lr=lr, clip=1.0)
    return trained(model, X, y, "mse", adam, epochs, batch_size, options.seed, console, **given)


def elman(options: Any, console: Console) -> None:
    """Elman's XOR in time: of each three bits the third follows from the two before it."""
    X, y = data.temporal_xor(200, 30, seed=options.seed)
    X_test, y_test = data.temporal_xor(200, 30, seed=options.seed + 1)
    model = Elman(1, 5, 1, seed=options.seed)
    console.print(f"{model!r}\nbits, each third the XOR of the two before it; the network predicts the bit to come")
    console.print(checked(cost_of_one(model, X, y), model, options.seed))
    clipped(model, X, y, options, console, lr=0.01, epochs=150, batch_size=20)
    keep(model, options, console)
    squares = (np.asarray(model.predict(X_test))[:, :, 0] - y_test) ** 2
    errors = squares.mean(axis=0)
    console.print(f"\nsquared error by step, on other bits: {curve(errors, console)}", highlight=False)
    names = ("the second of three, random", "the third, their XOR", "the first of the next three, random")
    rows = [(name, float(errors[k::3].mean()), 0.25) for k, name in enumerate(names)]
    console.print(show.table("", ["the bit to come", "squared error", "always 1/2"], rows))
    console.print(f"\npredictable bits that are right: {float((squares[:, 1::3] < 0.25).mean()):.1%}")


def plans(steps: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Jordan's task: a plan that stays the same for a whole sequence, and the movement that it stands for."""
    angles = 2 * np.pi * np.arange(steps) / 12
    slow, fast = (0.8 * np.stack([np.cos(turn * angles), np.sin(turn * angles)], axis=1) for turn in (1, -2))
    return np.repeat(np.eye(2)[:, None, :], steps, axis=1), np.stack([slow, fast])


def jordan(options: Any, console: Console) -> None:
    """Jordan's plans: a constant input stands for a movement, which the network continues from its own answers."""
    X, y = plans()
    model = Jordan(2, 8, 2, output="tanh", seed=options.seed)
    console.print(f"{model!r}\ntwo plans, each a constant input: go round a circle slowly, or backwards and twice as fast; "
                  "the answer is where to be, 24 times")  # fmt: skip
    console.print(checked(cost_of_one(model, X, y), model, options.seed))
    console.print("\nwith a teacher, whose right answers are the context:")
    clipped(Forced(model), np.concatenate([X, y], axis=2), y, options, console, lr=0.01, epochs=1500, batch_size=2)
    taught, _ = evaluate(model, X, y, "mse")
    console.print(f"running free after that, on its own answers: {taught:.4f}\n\nwith its own answers as the context, further:")
    # Adam's first steps are as long as any, and answers that feed on answers are sensitive: the cost jumps at first
    clipped(model, X, y, options, console, lr=0.001, epochs=1000, batch_size=2, warn=False)
    keep(model, options, console)
    free, _ = evaluate(model, X, y, "mse")
    console.print(f"\nrunning free: {free:.4f}; always the mean: {np.mean((y - y.mean(axis=1, keepdims=True)) ** 2):.4f}")
    for name, said, right in zip(("slow", "fast"), np.asarray(model.predict(X)), y):
        console.print(f"{name}, across: right  {curve(right[:, 0], console)}", highlight=False)
        console.print(f"              said   {curve(said[:, 0], console)}", highlight=False)


def adding(memory: LSTM | GRU, options: Any, console: Console) -> None:
    """The adding problem: of 40 numbers two are marked, and their sum is asked for at the end."""
    X, y = data.adding(3200, ADDED, seed=options.seed)
    test = data.adding(1000, ADDED, seed=options.seed + 1)
    name = type(memory).__name__
    model = Sequential(memory, Last(), Layer(memory.n_hidden, 1, "linear", seed=options.seed))
    console.print(f"{model!r}\n{ADDED} numbers from [0, 1], two of them marked; what is their sum?")
    console.print(checked(cost_of_one(model, X[:, -10:], y), model, options.seed))
    solved = lambda history, model: f"the error on other examples is below {SOLVED}" * (history.validation_cost[-1] < SOLVED)
    history = clipped(model, X, y, options, console, lr=0.01, epochs=MOST, validation=test, stop=[solved])
    keep(model, options, console)
    if not history.validation_cost:
        return
    console.print(f"Elman's network of {memory.n_hidden} units, for {MOST} epochs at most:")
    plain = Sequential(Elman(2, memory.n_hidden, 1, seed=options.seed), Last())
    beside = clipped(plain, X, y, options, console, lr=0.01, epochs=MOST, validation=test, stop=[solved])
    rows = [(name, history.validation_cost[-1]), ("Elman", (beside.validation_cost or [float("nan")])[-1]),
            ("always the mean, 1", float(np.mean((test[1] - 1) ** 2)))]  # fmt: skip
    console.print()
    console.print(show.table("", ["1,000 other examples", "mean squared error"], rows))
    found, x = memory.states(test[0][0].tolist()), test[0][0]
    console.print(f"\none of them: marks  {curve(x[:, 1], console)}", highlight=False)
    for j, unit in enumerate(np.array([[h.data for h in step] for step in found.h]).T[:4], 1):
        console.print(f"             h_{j}    {curve(unit, console)}", highlight=False)


def lstm(options: Any, console: Console) -> None:
    """The adding problem, solved by an LSTM of 8 units."""
    adding(LSTM(2, 8, seed=options.seed), options, console)


def gru(options: Any, console: Console) -> None:
    """The adding problem, solved by a GRU of 8 units."""
    adding(GRU(2, 8, seed=options.seed), options, console)
