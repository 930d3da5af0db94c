"""Training: one loop for online, mini-batch and full-batch descent.

For each batch: the cost of every example, its gradient weighted by 1/m for the mean (by 1 for the sum); then the penalty,
then the optimiser's step. Who computes that is a Run: by a compiled program a batch at a time (compiled.py), or from Values,
swept one example after the other, so that only one example's graph is alive at a time (run.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

import engine

from .activations import RANGES
from .advice import Teacher
from .compiled import CompiledRun
from .history import History
from .losses import SOFTMAX_TWICE, Loss, binary_cross_entropy, cross_entropy, loss_function
from .network import matrix
from .optim import BY_NAME, SGD, Optimizer
from .penalties import Penalty
from .progress import Progress
from .run import Run
from .stopping import EarlyStopping, Epochs, Plateau, Stop
from .targets import Targets


def fit(
    model: Any,
    X: Any,
    y: Any,
    *,
    loss: str | Loss = "quadratic",
    optimizer: Optimizer | str | None = None,
    epochs: int | None = None,
    batch_size: int | str = 32,
    shuffle: bool = True,
    reduction: str = "mean",
    validation: float | tuple[Any, Any] | None = None,
    stop: Sequence[Stop] = (),
    penalty: Penalty | None = None,
    callbacks: Sequence[Callable[[History, Any], None]] = (),
    seed: int | None = 0,
    progress: bool = False,
    warn: bool = True,
    compiled: bool | None = None,
) -> History:
    """Train `model` on the examples X (examples, features) and their targets y; return what happened.

    loss        a name or a function of (prediction, target) for one example
    optimizer   an optimiser of the model's parameters, its name, or None for SGD(lr=0.1)
    epochs      passes over the data; 10 if neither this nor `stop` is given
    batch_size  1 (online), a number, or "all"; the last batch of an epoch may be smaller
    reduction   "mean" or "sum" of the examples' costs in a batch
    validation  a share of the data to set aside, or (X, y); its cost is computed after each epoch
    stop        conditions from nn.stopping; the first that has a reason ends the run
    penalty     l2(lam) or l1(lam), added after the reduction
    callbacks   called with (history, model) after each epoch; they may read and change the parameters
    seed        of the shuffling and of the split; the same seed gives the same numbers to the last bit
    compiled    None: by a compiled program, or one example at a time if the network or the cost cannot be traced, which a
                remark says; True and False insist. Both train the same way, but for the rounding of sums in another order

    Ctrl-C ends the run and keeps what was learned. In a compiled run the network and the cost are called once, to be traced:
    randomness in them would be frozen (a cost that differs from call to call is therefore trained eagerly), and a number
    that overflows only inside, behind an activation that saturates, is not noticed.
    """
    if not hasattr(model, "layers"):
        raise TypeError(f"fit trains networks, not {model!r:.60}; one neuron is MLP(n_in, [1]).")
    rows = matrix(X, model.n_in)
    validation = tuple(validation) if isinstance(validation, list) else validation
    if isinstance(validation, tuple) and len(validation) != 2:
        raise ValueError(f"validation takes a share such as 0.2, or (X, y); it was given {len(validation)} things.")
    cost_of_one = loss_function(loss)
    check_match(model, cost_of_one)
    targets = Targets(y, len(rows), model.n_out, cost_of_one)
    random = Random(seed)
    train, held_out = split(len(rows), validation, random)
    checks: tuple[np.ndarray, Targets] | None = None
    if isinstance(validation, tuple):
        held = matrix(validation[0], model.n_in, "validation's X")
        checks = held, targets.like(validation[1], len(held), "validation's y")
    elif held_out:
        checks = rows[held_out], targets.at(held_out)
    rows, targets = rows[train], targets.at(train)
    m = len(rows)
    size = batch_of(batch_size, m)
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction = {reduction!r}: give "mean" or "sum".')
    chosen = optimizer_for(model, optimizer)
    if epochs is not None and (not isinstance(epochs, (int, np.integer)) or epochs < 1):
        raise ValueError(f"epochs = {epochs!r}: at least one pass over the data is needed, and whole ones.")
    limit = epochs or (10 if not stop else None)
    if callable(stop) or any(isinstance(condition, type) or not callable(condition) for condition in stop):
        raise ValueError("stop takes a list of conditions that are made already, such as stop=[Target(0.01)].")
    if compiled is not None and not isinstance(compiled, bool):
        raise ValueError(f"compiled = {compiled!r}: give None, True or False.")
    if penalty is not None and (not callable(penalty) or getattr(penalty, "__name__", "") in ("l1", "l2")):
        raise ValueError("penalty takes l2(0.1) or l1(0.1): the function with its strength.")
    conditions = [*stop, *([Epochs(limit)] if limit else [])]

    teacher = Teacher(model, rows, warn=warn)
    teacher.targets(targets.numbers)
    cost_of_one(model(rows[0].tolist()), targets[0])  # a loss that does not go with the network says so before anything moves
    run = run_for(model, chosen, cost_of_one, rows, targets, penalty, reduction, compiled, teacher)
    history = run.history
    order = list(range(m))
    for condition in conditions:
        if isinstance(condition, (Plateau, EarlyStopping)):
            condition.begin()
    spoke, chosen.warn = chosen.warn, chosen.warn and warn
    try:
        with Progress(limit, enabled=progress) as bar:
            while not history.reason:
                if shuffle:
                    random.shuffle(order)
                try:
                    run.epoch([order[i : i + size] for i in range(0, m, size)])
                    if checks:
                        cost, accuracy = run.judge(*checks)
                        history.validation_cost.append(cost)
                        history.validation_accuracy.append(accuracy)
                    teacher.epoch(history)
                except ArithmeticError as error:
                    history.reason = diverged(run, teacher, error)
                    break
                # before the callbacks, which may change the parameters that were just judged
                reasons = [condition(history, model) for condition in conditions]
                if callbacks:
                    run.before_callbacks()
                    for callback in callbacks:
                        callback(history, model)
                    run.after_callbacks()
                bar.advance(history)
                history.reason = str(next(filter(None, reasons), ""))
    except KeyboardInterrupt:
        history.reason = f"interrupted after update {history.updates}; what was learned until then is kept"
    finally:
        run.finish()
        chosen.warn = spoke
        for condition in conditions:
            if isinstance(condition, EarlyStopping):
                history.reason += condition.finish(model)
    return history


def run_for(
    model: Any, optimizer: Optimizer, loss: Loss, rows: np.ndarray, targets: Targets, penalty: Penalty | None, reduction: str,
    compiled: bool | None, teacher: Teacher,
) -> Run:  # fmt: skip
    """The run that trains: compiled if that can be and is not unwanted."""
    if compiled is not False:
        try:
            return CompiledRun(model, optimizer, loss, rows, targets, penalty, reduction)
        except engine.TracingError as error:
            if compiled:
                raise
            teacher.say("eager", f"This trains one example at a time, since it cannot be compiled. {error}")
        except ArithmeticError:
            pass  # undefined from the start: the run itself will say where
    return Run(model, optimizer, loss, rows.tolist(), targets, penalty, reduction)


def diverged(run: Run, teacher: Teacher, error: ArithmeticError) -> str:
    """The reason for a run that left the numbers; the teacher says what helps."""
    done = run.history.updates
    place = f"at update {done + run.inside}"
    kept = "The parameters are those before that update." if run.inside else "The parameters are those after it."
    teacher.say("diverged", f"The cost left the numbers {place}: the learning rate is probably too large. {kept} ({error})")
    return f"left the numbers {place}: {error}"


def check_match(model: Any, loss: Loss) -> None:
    """Refuse a cost of probabilities on outputs that are none."""
    last = model.layers[-1].activation
    low, high = RANGES.get(last.name, (-math.inf, math.inf))
    if loss is cross_entropy and last.name == "softmax":
        raise ValueError(SOFTMAX_TWICE)
    if loss is binary_cross_entropy and not last.custom and (low < 0 or high > 1):
        raise ValueError(
            f"binary_cross_entropy takes probabilities, and {last} gives other numbers, too: write output='sigmoid', or take "
            "the loss binary_cross_entropy_with_logits with output='linear'."
        )


def batch_of(batch_size: int | str, examples: int) -> int:
    """How many examples an update sees."""
    if batch_size == "all":
        return examples
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f'batch_size = {batch_size!r}: give a number of examples from 1 on, or "all".')
    return int(batch_size)


def optimizer_for(model: Any, wanted: Optimizer | str | None) -> Optimizer:
    """The optimiser itself, or a new one of that name; SGD with learning rate 0.1 if none is wanted."""
    if wanted is None:
        return SGD(model.parameters(), lr=0.1)
    if isinstance(wanted, type):
        raise ValueError(f"optimizer takes an optimiser that is made already: {wanted.__name__}(model.parameters(), lr=0.1).")
    if isinstance(wanted, str):
        wanted = wanted.lower()
        if wanted not in BY_NAME:
            raise ValueError(f"There is no optimiser {wanted!r}; there are {', '.join(BY_NAME)}.")
        kind: Any = BY_NAME[wanted]  # each has a default learning rate of its own
        made: Optimizer = kind(model.parameters())
        return made
    if not set(wanted.parameters) & set(model.parameters()):
        raise ValueError("This optimiser has the parameters of another model: make it of model.parameters().")
    return wanted


def split(count: int, validation: Any, random: Random) -> tuple[list[int], list[int]]:
    """Positions to train on, and positions to set aside: a random share of `validation`, if that is a number."""
    if validation is None or isinstance(validation, tuple):
        return list(range(count)), []
    if not 0 < validation < 1 or not 1 <= round(count * validation) < count:
        raise ValueError(f"validation = {validation}: give a share that leaves examples on both sides, or (X, y).")
    order = list(range(count))
    random.shuffle(order)
    aside = round(count * validation)
    return sorted(order[aside:]), sorted(order[:aside])
