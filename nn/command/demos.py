"""The first demos: multilayer perceptrons, the perceptron, and a network that was saved."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console

from ...engine.say.colours import ORANGE_OF_256
from .. import data, mazur, show
from ..examples import matrix
from ..files import load_with_remarks, save
from ..history import History
from ..losses import BY_NAME as LOSSES
from ..module import Module
from ..network import MLP
from ..optim import BY_NAME as OPTIMIZERS
from ..perceptron import GATES, Learning, gate
from ..run import evaluate
from ..targets import Targets
from ..training import fit
from .options import Recipe, recipe
from .shared import checked, compared, duration, has_blocks

WIDE = 74  # columns of the perceptron's whole table

DIGITS = Recipe((15,), "sigmoid", "sigmoid", "quadratic", "sgd", 3.0, 60, 10)
MOONS = Recipe((16, 16), "relu", "linear", "hinge", "sgd", 0.1, 40, 10)
XOR = Recipe((4,), "tanh", "sigmoid", "binary_cross_entropy", "sgd", 0.5, 300, "all", "uniform")


def train(plan: Recipe, X: np.ndarray, y: np.ndarray, n_out: int, options: Any, console: Console) -> tuple[MLP, History]:
    """Build the network of a recipe, train it with a progress bar, and say how it went."""
    model = MLP(X.shape[1], [*plan.hidden, n_out], plan.activation, plan.output, init=plan.init, seed=options.seed)
    optimizer = OPTIMIZERS[plan.optimizer](model.parameters(), lr=plan.lr)
    console.print(f"{model}\n{plan.loss}, {plan.optimizer} with learning rate {plan.lr:g}, batches of {plan.batch_size}")
    cost = LOSSES[plan.loss](model(X[0]), Targets(y, len(X), model.n_out, LOSSES[plan.loss])[0])
    console.print(checked(cost, model, options.seed))
    history = fit(model, X, y, loss=LOSSES[plan.loss], optimizer=optimizer, epochs=plan.epochs, batch_size=plan.batch_size,
                  seed=options.seed, progress=True)  # fmt: skip
    console.print(
        f"cost {history.cost[0]:.5f} → {history.cost[-1]:.5f} in {history.epochs} epochs, {history.updates} updates and "
        f"{history.time[-1]:.1f} s: {history.reason}" if history.cost else history.reason
    )  # fmt: skip
    if history.updates:
        console.print(speeds(model, X, y, plan, history))
    if history.epochs > 1:
        title = "cost by epoch: "
        width = min(60, console.width - len(title))
        console.print(f"{title}{show.curve(history.cost, ascii=not has_blocks(console), width=width)}")
    if options.save:
        save(model, options.save, demo=options.demo)
        console.print(f"saved as {options.save}", soft_wrap=True, markup=False)
        if options.demo == "digits":
            console.print(f"try: python -m nn predict {options.save} digits", soft_wrap=True, markup=False)
    return model, history


def speeds(model: MLP, X: np.ndarray, y: np.ndarray, plan: Recipe, history: History) -> str:
    """How long an update took, compiled, and how long it takes one example at a time: a few are swept to find out."""
    cost, targets = LOSSES[plan.loss], Targets(y, len(X), model.n_out, LOSSES[plan.loss])
    few = range(min(len(X), 3))
    began = perf_counter()
    for i in few:
        cost(model(X[i]), targets[i]).backward()
    size = len(X) if plan.batch_size == "all" else int(plan.batch_size)
    eager = (perf_counter() - began) / len(few) * size
    model.zero_grad()
    if history.epochs < 2:
        return f"an update takes {duration(eager)}, example by example on Values"
    after_the_first = history.updates * (history.epochs - 1) / history.epochs  # whose epoch began with tracing
    compiled = (history.time[-1] - history.time[0]) / after_the_first
    return compared(compiled, eager)


def digits(options: Any, console: Console) -> None:
    """Handwritten digits: 64 pixels, 15 hidden neurons, 10 outputs."""
    split = data.digits()
    model, _ = train(recipe(DIGITS, options), split.X, split.y, 10, options, console)
    judge(model, split.X_test, split.y_test, console)


def judge(
    model: Module, X: np.ndarray, y: np.ndarray, console: Console, shape: tuple[int, ...] = (64,)
) -> None:
    """Test accuracy, the confusion table, and the misclassified digits; the model takes a digit in this shape."""
    answers = model.predict(X.reshape(-1, *shape)).argmax(axis=1)
    console.print(f"\ntest accuracy {np.mean(answers == y):.4f}: {np.sum(answers == y)} of {len(y)} right\n")
    console.print(show.confusion(y.tolist(), answers.tolist()))
    wrong = np.flatnonzero(answers != y)
    if len(wrong):
        shown = wrong[:8]
        console.print(f"\n{len(shown)} of the {len(wrong)} misclassified digits:\n")
        plain = not has_blocks(console)
        pictures = [show.digit(X[i], ascii=plain) for i in shown]
        titles = [f"{y[i]}, taken for {answers[i]}" for i in shown]
        console.print("\n".join(show.beside(pictures, titles, per_row=max(1, min(4, console.width // 20)))), highlight=False)


def moons(options: Any, console: Console) -> None:
    """Two half circles, told apart by two hidden layers of 16 ReLU neurons."""
    split = data.moons()
    plan = recipe(MOONS, options)
    y, y_test = (2 * t - 1 if plan.loss == "hinge" else t for t in (split.y, split.y_test))
    model, _ = train(plan, split.X, y, 1, options, console)
    judged = Targets(y_test, len(y_test), 1, LOSSES[plan.loss])
    _, accuracy = evaluate(model, split.X_test, judged, plan.loss)
    console.print(f"\ntest accuracy {accuracy:.4f}: {round(accuracy * len(y_test))} of {len(y_test)} right\n")
    middle = judged.middle
    plane = boundary(model, split.X_test, split.y_test, middle, has_blocks(console), columns=min(60, console.width))
    console.print("\n".join(plane), highlight=False)
    console.print("Shaded: where the network says 1. The examples of the test: o is class 0, x is class 1.")


def boundary(
    model: MLP, X: np.ndarray, y: np.ndarray, middle: float, blocks: bool, columns: int = 60, rows: int = 20
) -> list[str]:
    """The plane as the network sees it, shaded where it says class 1, with the examples in it."""
    (left, bottom), (right, top) = X.min(axis=0) - 0.2, X.max(axis=0) + 0.2
    points = [[across, up] for up in np.linspace(top, bottom, rows) for across in np.linspace(left, right, columns)]
    yes, no = ("▒", " ") if blocks else ("+", " ")
    signs = [yes if output >= middle else no for output in model.predict(points)]
    for (across, up), wanted in zip(X, y):
        column = round((across - left) / (right - left) * (columns - 1))
        row = round((top - up) / (top - bottom) * (rows - 1))
        signs[row * columns + column] = "x" if wanted else "o"
    return ["".join(signs[i : i + columns]) for i in range(0, len(signs), columns)]


def xor(options: Any, console: Console) -> None:
    """XOR, which no single perceptron can do, by one hidden layer."""
    X, y = data.xor()
    plan = recipe(XOR, options)
    targets = 2 * np.array(y) - 1 if plan.loss == "hinge" else np.array(y)
    model, _ = train(plan, np.array(X), targets, 1, options, console)
    rows = [(*map(int, x), int(t), float(a)) for x, t, a in zip(X, y, model.predict(X))]
    console.print()
    console.print(show.table("", ["x1", "x2", "target", "output"], rows))


# The lecture's numbers in a terminal, by the first word of their title: the way forward and the way back, as in the pictures
STYLES = dict.fromkeys(("Forward", "Cost"), "bold") | dict.fromkeys(("Backward", "Gradients"), f"color({ORANGE_OF_256})")


def mazur_demo(options: Any, console: Console) -> None:
    """The lecture's 2-2-2 network by hand: every number of one step of backpropagation."""
    style = ""
    for line in mazur.lines(options.biases, width=console.width):
        style = STYLES.get(line.partition(":")[0].partition(",")[0], style) if line else ""  # an empty line ends a part
        console.print(line, style=style, highlight=False, soft_wrap=True)


def perceptron(options: Any, console: Console) -> None:
    """The learning rule of the perceptron, row by row, for a gate."""
    name = " ".join(options.gate).lower() or "and"
    if name not in GATES:
        raise ValueError(f"There is no gate {name!r}; there are {', '.join(GATES)}.")
    learned, run = gate(name, options.fires)
    title = f"{name}: starts at 0, fires where w·x + b {options.fires} 0, learning rate 1"
    console.print(show.learning(run.table, title, narrow=console.width < WIDE))
    console.print("\n" + verdict(name, learned, run), highlight=False, soft_wrap=True)


def verdict(name: str, learned: Any, run: Learning) -> str:
    """How the learning ended."""
    errors = ", ".join(map(str, run.errors))
    if run.converged:
        return (f"Learned in {len(run.errors)} epochs and {run.updates} changes (mistakes by epoch: {errors}): "
                f"w = ({learned.w[0]:g}, {learned.w[1]:g}), b = {learned.b:g}.")  # fmt: skip
    return (f"Never: the state after epoch {len(run.errors)} is the one after epoch {run.cycle}, so it cycles for "
            f"ever (mistakes by epoch: {errors}). No line separates {name}; a hidden layer does: python -m nn xor")  # fmt: skip


def predict(options: Any, console: Console) -> None:
    """A saved network on the test digits."""
    if options.file is None or options.data != "digits":
        raise ValueError("predict takes a file and a data set: python -m nn predict m.safetensors digits.")
    model, _ = load_with_remarks(options.file)
    split = data.digits()
    X = matrix(split.X_test, 64)
    shape = next((shape for shape in ((64,), (8, 8)) if tells_digits(model, X[0].reshape(shape))), None)
    if shape is None:
        title = str(model).split("\n")[0]
        raise ValueError(f"{options.file} holds {title}; digits have 64 inputs, or 8 rows of 8, and 10 outputs.")
    console.print(str(model))
    judge(model, X, split.y_test, console, shape)


def tells_digits(model: Module, digit: np.ndarray) -> bool:
    """Whether the model takes a digit in this shape and has ten outputs."""
    try:
        return bool(np.shape(model.predict([digit])) == (1, 10))
    except (ValueError, TypeError, LookupError, ArithmeticError):  # a file may hold parts that do not fit together
        return False


def console() -> Console:
    """Where the demos write: as wide as the terminal, 80 columns in a pipe, without colour there."""
    return Demonstration(file=sys.stdout, width=None if sys.stdout.isatty() else 80, highlight=False)


class Demonstration(Console):
    """A console that leaves a closed pipe to the command."""

    def on_broken_pipe(self) -> None:
        """Pass it on; rich would exit with status 1."""
        raise BrokenPipeError
