"""Training: one loop for online, mini-batch and full-batch descent.

For each batch: the cost of every example, its gradient weighted by 1/m for the mean (by 1 for the sum); then the penalty,
then the optimiser's step. A Run computes this: a compiled program, a batch at a time (compiled.py), or Values, one example
after the other, so that only one example's graph is alive at a time (run.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import engine
from ..engine.arrays import shown
from .advice import Teacher
from .arguments import (
    batch_of,
    callbacks_of,
    check_backend,
    check_compiled,
    check_cost,
    check_match,
    check_penalty,
    check_penalty_of,
    check_reduction,
    conditions_of,
    epochs_of,
    optimizer_for,
    random_of,
    split,
    validation_of,
)
from .compiled import CompiledRun
from .examples import Examples, some
from .history import History
from .losses import Loss, loss_function
from .module import Module
from .on_jax import JaxRun
from .optim import Optimizer
from .penalties import Penalty
from .progress import Progress
from .run import EagerRun, Run
from .stopping import EarlyStopping, Epochs, Plateau, Stop
from .targets import AnyTargets, targets_for


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
    backend: str = "numpy",
    devices: Any = None,
) -> History:
    """Train `model`, a module, on the examples X and their targets y; return what happened.

    An example is what the module's call takes: a row of features, an image (a list of rows), a sequence (a list of steps;
    sequences may differ in length). Targets are one for each example, or one for each step if the module predicts at
    every step; then the cost of an example is the mean over its steps.

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
    compiled    None: by a compiled program, or one example at a time, with a remark, if the network or the cost cannot be
                traced; True and False insist. Both train the same way, except that sums in another order round differently
    backend     "numpy", or "jax": an epoch is one program of XLA, and the numbers are the same but for rounding. It needs JAX
                (pip install "chainrule[jax]"), a network and a cost that can be traced, and an optimiser that is a rule alone
    devices     for backend="jax": how many of JAX's devices, or a list of them, share the examples of every batch

    Ctrl-C ends the run and keeps what was learned. In a compiled run the network and the cost are called once, to be traced:
    randomness in them would be frozen (a cost that differs from call to call is therefore trained eagerly), and an
    overflow hidden by an activation that saturates goes unnoticed.
    """
    if not isinstance(model, Module):
        raise TypeError(f"fit trains modules, such as MLP(n_in, [1]), or a class of your own made with `class Net(nn.Module):`; "
                        f"it was given {shown(model)}.")  # fmt: skip
    rows = model.examples(X)
    validation = validation_of(validation)
    cost_of_one = loss_function(loss)
    check_match(model, cost_of_one)
    random = random_of(seed)
    train, held_out = split(len(rows), validation, random)
    prediction = model(rows[train[0]].tolist())  # shows what the targets must look like, and later whether the loss fits
    targets = targets_for(prediction, y, len(rows), cost_of_one)
    cost_of_one = targets.cost
    checks: tuple[Examples, AnyTargets] | None = None
    if isinstance(validation, tuple):
        held = model.examples(validation[0], "validation's X")
        checks = held, targets.like(validation[1], len(held), "validation's y")
    elif held_out:
        checks = some(rows, held_out), targets.at(held_out)
    rows, targets = some(rows, train), targets.at(train)
    m = len(rows)
    size = batch_of(batch_size, m)
    check_reduction(reduction)
    check_compiled(compiled)
    check_backend(backend, devices, compiled)
    check_penalty(penalty)
    chosen = optimizer_for(model, optimizer)
    conditions = conditions_of(stop)
    limit = epochs_of(epochs, conditions)
    conditions += [Epochs(limit)] if limit else []
    callbacks = callbacks_of(callbacks)

    teacher = Teacher(model, rows, warn=warn)
    teacher.targets(targets)
    # a loss or a penalty that does not fit the network is refused before anything moves
    check_cost(cost_of_one(prediction, targets[0]), "loss")
    del prediction  # a graph of its own, which nothing else needs
    check_penalty_of(model, penalty, m)
    history = History()
    run: Run | None = None
    order = list(range(m))
    for condition in conditions:
        if isinstance(condition, (Plateau, EarlyStopping)):
            condition.begin()
    spoke, chosen.warn = chosen.warn, chosen.warn and warn
    try:
        parts = model, chosen, cost_of_one, rows, targets, penalty, reduction
        if backend == "jax":
            run = JaxRun(*parts, history, devices=devices, batch_size=size)
        else:
            run = run_for(*parts, compiled, history, teacher)
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
                    diverged(run, teacher, error)
                    break
                # before the callbacks, which may change the parameters that were just judged
                reasons = [condition(history, model) for condition in conditions]
                if callbacks:
                    run.before_callbacks()
                    for callback in callbacks:
                        callback(history, model)
                bar.advance(history)
                history.reason = str(next(filter(None, reasons), ""))
    except KeyboardInterrupt:
        if run:
            run.settle()
        history.reason = f"interrupted after update {history.updates}; what was learned so far is kept"
    finally:
        if run:
            run.finish()
        chosen.warn = spoke
        for condition in conditions:
            if isinstance(condition, EarlyStopping):
                history.reason += condition.finish(model)
    return history


def run_for(
    model: Any, optimizer: Optimizer, loss: Loss, rows: Examples, targets: AnyTargets, penalty: Penalty | None, reduction: str,
    compiled: bool | None, history: History, teacher: Teacher,
) -> Run:  # fmt: skip
    """The run that trains: compiled where possible and allowed."""
    if compiled is not False:
        try:
            return CompiledRun(model, optimizer, loss, rows, targets, penalty, reduction, history)
        except engine.TracingError as error:
            if compiled:
                raise
            teacher.say("eager", f"This trains one example at a time, since it cannot be compiled. {error}")
        except ArithmeticError:
            pass  # undefined from the start: the run itself will say where
    return EagerRun(model, optimizer, loss, rows, targets, penalty, reduction, history)


def diverged(run: Run, teacher: Teacher, error: ArithmeticError) -> None:
    """Note in the history that a number became inf or nan; the teacher says what might help."""
    history = run.history
    update = history.updates + run.inside
    kept = "The parameters are those before that update." if run.inside else "The parameters are those after it."
    what = f"became inf or nan at update {update}"
    teacher.say("diverged", f"The cost {what}: the learning rate is probably too large. {kept} ({error})")
    history.diverged, history.reason = True, f"{what}: {error}"
