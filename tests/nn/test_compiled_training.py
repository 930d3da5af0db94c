"""Training by a compiled program against training one example at a time: the same run, but for the rounding of sums."""

import itertools
import math
import warnings
from typing import NamedTuple

import numpy as np
import pytest

import engine
from engine import Value
from nn import MLP, fit, l1, l2, losses, optim
from nn.advice import TeacherWarning
from nn.data import xor
from nn.stopping import EarlyStopping, Epochs, Plateau, Target

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 2))
YES = (RNG.random(7) > 0.5).astype(float)
CLASSES = RNG.integers(0, 3, 7)
NUMBERS = RNG.normal(size=(7, 2))


class Outcome(NamedTuple):
    numbers: list
    history: object
    said: list
    optimizer: object


def net(sizes=(3, 1), activation="tanh", output="sigmoid"):
    return MLP(2, list(sizes), activation, output, init="uniform", bias=0.1, seed=1)


def run(compiled, y=YES, model=net, optimizer=optim.SGD, data=X, **options):
    """One run; callbacks and stops that have a memory are made by a function of the optimiser."""
    network = model()
    chosen = optimizer(network.parameters())
    options = {name: option(chosen) if name in ("callbacks", "stop") else option for name, option in options.items()}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("error")
        warnings.simplefilter("always", TeacherWarning)
        history = fit(network, data, y, optimizer=chosen, compiled=compiled, **{"batch_size": 3, "epochs": 4} | options)
    return Outcome([p.data for p in network.parameters()], history, [str(warning.message) for warning in said], chosen)


def close(one, other, digits):
    """To that share of the largest number, nan being nan."""
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    assert one.shape == other.shape
    largest = np.nanmax(np.abs(one), initial=0.0)
    np.testing.assert_allclose(other, one, rtol=0, atol=digits * largest)


def same(eager, compiled, digits=1e-9):
    """The same parameters, history, reason and remarks."""
    close(eager.numbers, compiled.numbers, digits)
    one, other = eager.history, compiled.history
    for entries in ("cost", "accuracy", "gradient_norm", "validation_cost", "validation_accuracy"):
        close(getattr(one, entries), getattr(other, entries), digits)
        assert all(type(x) is float for x in getattr(other, entries))
    assert (one.updates, one.epochs, one.reason) == (other.updates, other.epochs, other.reason)
    assert eager.said == compiled.said


def both(digits=1e-9, **options):
    """Run eagerly and, with everything made anew, compiled; the two must be the same."""
    eager, compiled = run(False, **options), run(True, **options)
    same(eager, compiled, digits)
    return eager, compiled


OPTIMISERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "dampening": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "ema": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, ema=True),
    "weight decay": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.01),
    "everything": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1),
    "rmsprop": lambda p: optim.RMSprop(p),
    "adam": lambda p: optim.Adam(p, lr=0.01),
}
LOSSES = {  # with the output that goes with it, and targets
    "quadratic": ("sigmoid", YES, 1), "mse": ("linear", NUMBERS, 2), "binary_cross_entropy": ("sigmoid", YES, 1),
    "binary_cross_entropy_with_logits": ("linear", np.eye(2)[CLASSES % 2], 2), "cross_entropy": ("linear", CLASSES, 3),
    "hinge": ("linear", 2 * YES - 1, 1),
}  # fmt: skip
PENALTIES = {"none": None, "l1": l1(0.1), "l2": l2(0.1), "l1 of all": l1(0.1, biases=True), "l2 of all": l2(0.1, biases=True)}


def problem(loss):
    output, y, outputs = LOSSES[loss]
    return {"loss": loss, "y": y, "model": lambda: net((3, outputs), output=output)}


# --- the same steps ---

@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("reduction", "batch_size"), [*itertools.product(["mean", "sum"], [1, 3, "all"])])
def test_the_gradient_of_every_cost_agrees(loss, penalty, reduction, batch_size):
    """A step of SGD with rate 1 is the gradient; one batch of the data, so that nothing has moved before."""
    count = 7 if batch_size == "all" else batch_size
    options = problem(loss) | {"penalty": PENALTIES[penalty], "reduction": reduction, "epochs": 1, "shuffle": False}
    options |= {"data": X[:count], "y": options["y"][:count], "optimizer": lambda p: optim.SGD(p, lr=1.0)}
    before = [p.data for p in options["model"]().parameters()]
    eager, compiled = both(1e-12, batch_size=batch_size, **options)
    close(np.subtract(before, eager.numbers), np.subtract(before, compiled.numbers), 1e-12)


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", ["none", "l1", "l2 of all"])
def test_every_optimiser_makes_the_same_steps(loss, optimizer, penalty):
    """3 + 3 + 1 examples: the last batch is smaller. The rule is compiled from the second step on."""
    both(1e-9, **problem(loss), optimizer=OPTIMISERS[optimizer], penalty=PENALTIES[penalty], epochs=2)


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("batch_size", [1, 4, "all", 99])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_every_size_of_a_batch_makes_the_same_steps(optimizer, batch_size, reduction):
    both(1e-9, optimizer=OPTIMISERS[optimizer], batch_size=batch_size, reduction=reduction, penalty=l2(0.1), epochs=3)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu", "sin", "linear", "erf"])
def test_whole_runs_of_smooth_networks_agree(activation):
    inputs, targets = xor()
    both(1e-9, model=lambda: net((4, 3, 1), activation), data=inputs, y=targets, epochs=150, batch_size=3, validation=(X, YES))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "abs", "sign", "step"])
def test_a_step_of_a_network_with_corners_agrees(activation):
    both(1e-12, model=lambda: net((4, 1), activation), epochs=1, batch_size="all")


def test_a_network_whose_gradient_is_flat_everywhere_stands_still_in_both_modes():
    """But for weight decay: a gradient of 0 is a gradient."""
    eager, _ = both(model=lambda: net((3, 1), "step", "step"), epochs=3)
    assert eager.history.gradient_norm == [0.0] * 3 and eager.numbers == [p.data for p in net().parameters()]
    eager, _ = both(model=lambda: net((3, 1), "step", "step"), optimizer=OPTIMISERS["weight decay"], epochs=3)
    assert eager.numbers != [p.data for p in net().parameters()]


@pytest.mark.parametrize("loss", ["quadratic", "mse", "binary_cross_entropy"])
@pytest.mark.parametrize("y", [CLASSES, np.eye(3)[CLASSES]], ids=["classes", "rows"])
def test_softmax_goes_with_every_cost_of_probabilities(loss, y):
    both(model=lambda: net((4, 3), output="softmax"), y=y, loss=loss, validation=0.3)


@pytest.mark.parametrize("sizes", [(1,), (2,), (1, 1), (3, 2, 2), (1, 3, 1, 2)], ids=str)
def test_networks_of_every_shape_agree(sizes):
    both(model=lambda: net(sizes, output="linear"), y=NUMBERS[:, 0] if sizes[-1] == 1 else NUMBERS)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_weights_of_0_and_equal_weights_are_parameters_like_others(penalty):
    def model():
        return MLP.from_weights([[[0.0, 0.0], [1.0, 1.0]], [[1.0, 0.0]]], [[0.0, 1.0], [0.0]], "tanh", "linear")

    both(model=model, penalty=PENALTIES[penalty])


@pytest.mark.parametrize("data", [
    X.round().astype(int), X.astype(np.float32), X.tolist(), np.asfortranarray(X), X[::-1], np.zeros((7, 2)), X > 0,
], ids=["int", "float32", "list", "fortran", "reversed", "zeros", "bool"])  # fmt: skip
@pytest.mark.parametrize("y", [
    YES.astype(int), YES.astype(np.float32), YES.tolist(), YES > 0, YES[:, None], 2 * YES - 1, -NUMBERS[:, 0],
], ids=["int", "float32", "list", "bool", "column", "signs", "numbers"])  # fmt: skip
def test_data_of_every_kind_agree(data, y):
    both(data=data, y=y, model=lambda: net(output="linear"), epochs=2)


# --- the same history ---

@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("validation", [None, 0.3, "pair"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_history_is_the_same(loss, validation, reduction):
    options = problem(loss)
    validation = (X[:4] + 0.1, options["y"][:4]) if validation == "pair" else validation
    both(1e-9, **options, validation=validation, reduction=reduction, penalty=l2(0.1), epochs=5)


@pytest.mark.parametrize("stop", [
    lambda o: [EarlyStopping(patience=2)], lambda o: [Target(0.12)], lambda o: [Plateau(2, 1e-3)], lambda o: [Epochs(3)],
    lambda o: [EarlyStopping(patience=50)],
])  # fmt: skip
@pytest.mark.parametrize("lr", [0.5, 8.0])
def test_the_run_stops_for_the_same_reason_with_the_same_weights(stop, lr):
    both(1e-7, optimizer=lambda p: optim.SGD(p, lr=lr), stop=stop, epochs=25, validation=(X + 0.5, 1 - YES), batch_size="all")


def test_silence_is_kept_in_both_modes():
    for compiled in (False, None, True):
        assert run(compiled, y=YES * 3, optimizer=lambda p: optim.SGD(p, lr=1e300), warn=False).said == []
    assert run(None, loss=lambda p, y: (p - y) ** 2 if y else p**2, warn=False).said == []


def test_gradients_are_cleared_at_the_end_in_both_modes():
    """Of the parameters that stand still, too: they are no optimiser's."""
    left = []
    for compiled in (False, True):
        model = net()
        fit(model, X, YES, optimizer=optim.SGD(model.layers[-1].parameters()), epochs=1, compiled=compiled,
            callbacks=[lambda history, model: None])  # fmt: skip
        left.append([p.has_grad for p in model.layers[-1].parameters()])
    assert left[0] == left[1] and not any(left[0])


# --- callbacks ---

def watching(seen, look):
    return lambda optimizer: [lambda history, model: seen.append(look(model, optimizer))]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("look", [
    lambda m, o: [p.data for p in m.parameters()], lambda m, o: [p.grad for p in m.parameters()],
    lambda m, o: [p.has_grad for p in m.parameters()], lambda m, o: m.predict(X), lambda m, o: m.layers[0].weight,
], ids=["data", "grad", "has_grad", "predict", "weight"])  # fmt: skip
def test_a_callback_sees_the_truth(optimizer, look):
    seen = [], []
    for entries, compiled in zip(seen, (False, True)):
        run(compiled, optimizer=OPTIMISERS[optimizer], callbacks=watching(entries, look), validation=0.3)
    close(*seen, 1e-9)


@pytest.mark.parametrize("optimizer", ["momentum", "ema", "adam", "rmsprop", "adagrad"])
def test_a_callback_sees_the_memory_of_the_optimiser(optimizer):
    def look(model, optimizer):
        return [memory[name] for memory in optimizer.memory for name in sorted(memory)]

    seen = [], []
    for entries, compiled in zip(seen, (False, True)):
        run(compiled, optimizer=OPTIMISERS[optimizer], callbacks=watching(entries, look))
    close(*seen, 1e-9)


def test_a_callback_sees_the_gradients_of_frozen_layers_too():
    """Nobody clears them in between; whether they add up or are the last update's, it should be the same in both modes."""
    seen = [], []
    for entries, compiled in zip(seen, (False, True)):
        model = net()
        fit(model, X, YES, optimizer=optim.SGD(model.layers[-1].parameters()), epochs=3, compiled=compiled, batch_size=3,
            callbacks=[lambda history, model, entries=entries: entries.append([p.grad for p in model.parameters()])])  # fmt: skip
    close(*seen, 1e-9)


def changing(change):
    return lambda optimizer: [lambda history, model: change(history, model, optimizer)]


def halve(history, model, optimizer):
    for p in model.parameters():
        p.data *= 0.5


def one_weight_only(history, model, optimizer):
    if history.epochs == 2:
        model.layers[0].neurons[1].w[0].data = 0.25


def reload(history, model, optimizer):
    model.load_state_dict({name: numbers + 0.1 for name, numbers in model.state_dict().items()})


def decay(history, model, optimizer):
    optimizer.lr *= 0.5


def momentum_on(history, model, optimizer):
    optimizer.momentum = 0.9


def momentum_off_and_on(history, model, optimizer):
    optimizer.momentum = 0.9 - optimizer.momentum


def forget(history, model, optimizer):
    optimizer.memory = [{} for _ in optimizer.parameters]


def forget_in_place(history, model, optimizer):
    for memory in optimizer.memory:
        memory.clear()


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("change", [halve, one_weight_only, reload, decay, forget, forget_in_place])
def test_a_callback_changes_the_truth(optimizer, change):
    both(1e-9, optimizer=OPTIMISERS[optimizer], callbacks=changing(change), validation=(X, YES), epochs=5)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "ema", "weight decay"])
@pytest.mark.parametrize("change", [momentum_on, momentum_off_and_on])
def test_a_callback_turns_the_momentum_on(optimizer, change):
    """Then the memory begins later than at the first step."""
    both(1e-9, optimizer=OPTIMISERS[optimizer], callbacks=changing(change), epochs=6)


def test_a_callback_changes_a_constant_of_the_network():
    """A bias that is a Constant is no parameter to be trained, but its number can be assigned."""
    both(model=lambda: MLP.from_weights([[[0.5, 0.2]]], [[Value(0.3).detach()]]), callbacks=changing(halve), epochs=5)


def test_a_callback_may_train_another_network_meanwhile():
    def other(history, model, optimizer):
        fit(net((2, 1)), X, YES, epochs=2)

    both(callbacks=changing(other))


def test_ctrl_c_in_a_callback_ends_both_in_the_same_way():
    def interrupt(history, model, optimizer):
        if history.epochs == 2:
            raise KeyboardInterrupt

    eager, compiled = both(callbacks=changing(interrupt), optimizer=OPTIMISERS["adam"], stop=lambda o: [EarlyStopping(9)],
                           validation=0.3)  # fmt: skip
    assert eager.history.reason.startswith("interrupted after update 4")
    assert [sorted(m) for m in eager.optimizer.memory] == [sorted(m) for m in compiled.optimizer.memory]


# --- optimisers: memory handed over, parameters that stand still, rules of one's own ---

@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("modes", [(True, False), (False, True), (True, True)], ids=str)
def test_an_optimiser_hands_its_memory_over(optimizer, modes):
    found = []
    for first, second in (modes, (False, False)):
        model = net()
        chosen = OPTIMISERS[optimizer](model.parameters())
        for compiled in (first, second, first):
            fit(model, X, YES, optimizer=chosen, epochs=2, batch_size=3, compiled=compiled)
        found.append(([p.data for p in model.parameters()], chosen.memory))
    (numbers, memory), (expected, expected_memory) = found
    close(expected, numbers, 1e-9)
    assert [m.keys() for m in memory] == [m.keys() for m in expected_memory]
    for name in expected_memory[0]:
        close([m[name] for m in expected_memory], [m[name] for m in memory], 1e-9)
        assert {type(m[name]) for m in memory} == {type(m[name]) for m in expected_memory}


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("choose", [
    lambda m: m.layers[0].parameters(), lambda m: m.layers[1].parameters(), lambda m: m.parameters()[::-2],
    lambda m: m.parameters()[::-1], lambda m: [m.parameters()[3]], lambda m: [*m.parameters(), Value(3.0)],
    lambda m: [p for n, p in m.named_parameters() if "bias" in n],
], ids=["first", "last", "some", "reversed", "one", "a stranger", "biases"])  # fmt: skip
def test_parameters_that_are_not_the_optimisers_stand_still(optimizer, choose):
    found = []
    for compiled in (False, True):
        model = net()
        chosen = OPTIMISERS[optimizer](choose(model))
        history = fit(model, X, YES, optimizer=chosen, epochs=3, batch_size=3, compiled=compiled, penalty=l2(0.1))
        assert all(p.data == q.data for p, q in zip(model.parameters(), net().parameters()) if p not in set(chosen.parameters))
        found.append(Outcome([p.data for p in model.parameters()], history, [], chosen))
    same(*found)


class Custom(optim.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, 0.1)


def looks_by_if(self, p, g, memory):
    return p - self.lr * g if g > 0 else p


def looks_by_max(self, p, g, memory):
    return p - self.lr * max(g, 0.01)


def looks_by_math(self, p, g, memory):
    return p - self.lr * math.copysign(0.1, g)


def looks_by_a_method_of_float(self, p, g, memory):
    return p if g.is_integer() else p - self.lr * g


def looks_by_equality(self, p, g, memory):
    return p if g == 0 else p - self.lr * g / (abs(g) + 0.1)


def first_step_differs(self, p, g, memory):
    t = memory["t"] = memory.get("t", 0) + 1
    return p - self.lr * g if t == 1 else p - 0.5 * self.lr * g


def warms_up_by_equality(self, p, g, memory):
    t = memory["t"] = memory.get("t", 0) + 1
    return p - self.lr * g * (0.1 if t in (1, 2, 3) else 1.0)


def warms_up_by_comparison(self, p, g, memory):
    t = memory["t"] = memory.get("t", 0) + 1
    return p - self.lr * g * (0.1 if t <= 3 else 1.0)


def every_other_step(self, p, g, memory):
    t = memory["t"] = memory.get("t", 0) + 1
    return p if t % 2 else p - self.lr * g


def memory_grows_later(self, p, g, memory):
    if "last" in memory:
        memory["sum"] = memory.get("sum", 0.0) + g
        g = memory["sum"]
    memory["last"] = g
    return p - self.lr * g


def memory_comes_and_goes(self, p, g, memory):
    last = memory.pop("last", None)
    if last is None:
        memory["last"] = g
        return p - self.lr * g
    return p - self.lr * last


def memory_starts_as_the_whole_number_0(self, p, g, memory):
    memory["V"] = 0.9 * memory["V"] + g if "V" in memory else 0
    return p - self.lr * memory["V"]


def memory_keeps_the_last_parameter(self, p, g, memory):
    last = memory.get("last", p)
    memory["last"] = p
    return p - self.lr * g + 0.5 * (p - last)


def memory_delays_the_gradient(self, p, g, memory):
    last, before = memory.get("last", 0.0), memory.get("before", 0.0)
    memory["last"], memory["before"] = g, last
    return p - self.lr * before


def memory_is_swapped(self, p, g, memory):
    a, b = memory.get("a", g), memory.get("b", p)
    memory["a"], memory["b"] = b, a
    return p - self.lr * (g + 0.1 * a)


def memory_is_used_before_it_moves(self, p, g, memory):
    last = memory.get("V", 0.0)
    memory["V"] = 0.9 * last + g
    return p - self.lr * last


def memory_halves(self, p, g, memory):
    memory["k"] = memory["k"] / 2 if "k" in memory else 1
    return p - self.lr * memory["k"] * g


def memory_is_a_list(self, p, g, memory):
    memory.setdefault("all", []).append(g)
    return p - self.lr * sum(memory["all"]) / len(memory["all"])


def memory_is_text(self, p, g, memory):
    memory["note"] = "moved"
    return p - self.lr * g


def memory_is_a_bool(self, p, g, memory):
    first, memory["first"] = memory.get("first", True), False
    return p - self.lr * g * (2.0 if first else 1.0)


def memory_called_p(self, p, g, memory):
    memory["p"] = 0.9 * memory.get("p", 0.0) + g
    return p - self.lr * memory["p"]


def counts_on_itself(self, p, g, memory):
    self.steps = getattr(self, "steps", 0) + 1
    return p - self.lr * g / self.steps


def rows_of_the_table(self, p, g, memory):
    return p - self.lr * engine.where(engine.greater(g, 0.0), engine.tanh(g), engine.maximum(g, -0.05))


def powers_of_the_count(self, p, g, memory):
    t = memory["t"] = memory.get("t", 0) + 1
    return p - self.lr * g / t**0.5 - 1e-3 * g**3 * t**-1.0


def gives_a_constant(self, p, g, memory):
    return 0.25


RULES = [
    looks_by_if, looks_by_max, looks_by_math, looks_by_a_method_of_float, looks_by_equality, first_step_differs,
    warms_up_by_equality, warms_up_by_comparison, every_other_step, memory_grows_later, memory_comes_and_goes,
    memory_starts_as_the_whole_number_0, memory_keeps_the_last_parameter, memory_delays_the_gradient, memory_is_swapped,
    memory_is_used_before_it_moves, memory_halves, memory_is_a_list, memory_is_text, memory_is_a_bool, memory_called_p,
    counts_on_itself, rows_of_the_table, powers_of_the_count, gives_a_constant,
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_an_optimiser_of_ones_own_moves_the_same_way(rule):
    kind = type("Own", (Custom,), {"rule": rule})
    eager, compiled = both(1e-9, optimizer=kind)
    assert [m.keys() for m in eager.optimizer.memory] == [m.keys() for m in compiled.optimizer.memory]
    for one, other in zip(eager.optimizer.memory, compiled.optimizer.memory):
        assert all(isinstance(one[name], int) == isinstance(other[name], int) for name in one)
        assert all(one[n] == (pytest.approx(other[n], rel=1e-6, abs=1e-12) if isinstance(one[n], float) else other[n])
                   for n in one if n != "all")  # fmt: skip


def moves_by_itself(self):
    for p in self.parameters:
        p.data -= 0.5 * p.grad


def clips(self):
    for p in self.parameters:
        p.grad = max(-0.05, min(0.05, p.grad))
    optim.SGD.step(self)


@pytest.mark.parametrize("step", [moves_by_itself, clips])
def test_an_optimiser_with_a_step_of_its_own_makes_it(step):
    both(1e-9, optimizer=type("Own", (optim.SGD,), {"step": step}))


def test_a_callback_sees_the_gradients_that_a_step_has_clipped():
    seen = [], []
    for entries, compiled in zip(seen, (False, True)):
        run(compiled, optimizer=type("Own", (optim.SGD,), {"step": clips}),
            callbacks=watching(entries, lambda m, o: [p.grad for p in m.parameters()]))  # fmt: skip
    close(*seen, 1e-9)


def test_a_step_that_was_put_on_the_object_is_made():
    """A counter around step(), say, or a schedule that wraps it."""
    counts = []
    for compiled in (False, True):
        model = net()
        optimizer, made = optim.SGD(model.parameters()), []
        step = optimizer.step
        optimizer.step = lambda step=step, made=made: (made.append(1), step())
        fit(model, X, YES, optimizer=optimizer, batch_size=3, epochs=4, compiled=compiled)
        counts.append(len(made))
    assert counts == [12, 12]


def test_an_optimiser_that_never_clears_adds_gradients_up_in_both_modes():
    both(1e-9, optimizer=type("Own", (optim.SGD,), {"zero_grad": lambda self: None}))


# --- shared Values ---

def tied():
    w, b = Value(0.4), Value(-0.1)
    return MLP.from_weights([[[w, 0.3], [-0.2, w]], [[w, 0.5]]], [[b, b], [b]], "tanh", "linear")


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_shared_values_accumulate(optimizer, penalty):
    both(1e-9, model=tied, optimizer=OPTIMISERS[optimizer], penalty=PENALTIES[penalty])


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("choose", [
    lambda first, last: [*first.parameters(), *last.parameters()],
    lambda first, last: [p for layer in (first, last) for p in layer.parameters() if p.label not in ("w1_12", "w2_12")],
], ids=["layer by layer", "and as many left out"])  # fmt: skip
def test_a_shared_value_that_the_optimiser_has_twice(optimizer, choose):
    """Layer by layer it comes once for each; here w and b do."""
    found = []
    for compiled in (False, True):
        model = tied()
        chosen = OPTIMISERS[optimizer](choose(*model.layers))
        history = fit(model, X, YES, optimizer=chosen, epochs=3, batch_size=3, compiled=compiled)
        found.append(Outcome([p.data for p in model.parameters()], history, [], chosen))
    same(*found)


# --- costs of one's own that can be traced ---

@pytest.mark.parametrize("loss", [
    lambda p, y: engine.maximum(p, y) - engine.minimum(p, y), lambda p, y: abs(p - y), lambda p, y: (p - y) ** 4,
    lambda p, y: losses.quadratic(p, y) + 0.1 * p.sin(), lambda p, y: (p - np.exp(y)) ** 2, lambda p, y: p * 2.0 - y,
    lambda p, y: sum([(p - y) ** 2, p]), lambda p, y: (p - y).where(p - y, y - p), lambda p, y: p ** (1 + y) + p**2,
    lambda p, y: engine.where(engine.greater(y, 0.5), -p.log(), -(1 - p).log()), lambda p, y: p, lambda p, y: (p - y**y) ** 2,
    lambda p, y: np.array([p, y]) @ np.array([p, y]), lambda p, y: 3.0 * p / (1 + p**2) if p is not y else p,
])  # fmt: skip
def test_a_cost_of_ones_own_agrees(loss):
    both(1e-9, loss=loss, validation=0.3, penalty=l2(0.1))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_cost_that_is_the_same_for_every_example_agrees(reduction):
    """It depends on the parameters alone; each example of a batch adds its share of it all the same."""
    model = net()

    def loss(prediction, target):
        return engine.fsum([p * p for p in model.parameters()])

    start, found = [p.data for p in model.parameters()], []
    for compiled in (False, True):
        for p, number in zip(model.parameters(), start):
            p.data = number
        history = fit(model, X, YES, loss=loss, batch_size=3, epochs=2, reduction=reduction, compiled=compiled)
        found.append(Outcome([p.data for p in model.parameters()], history, [], None))
    same(*found)


def test_a_cost_with_a_parameter_that_is_not_the_networks():
    """A temperature, trained along or changed by a callback."""
    found = []
    for compiled in (False, True):
        model, t = net(output="linear"), Value(1.5)
        fit(model, X, YES, loss=lambda p, y, t=t: (p / t - y) ** 2, optimizer=optim.SGD([*model.parameters(), t]), epochs=2,
            compiled=compiled)  # fmt: skip

        def cool(history, model, t=t):
            t.data *= 0.9

        history = fit(model, X, YES, loss=lambda p, y, t=t: (p / t - y) ** 2, epochs=3, compiled=compiled, callbacks=[cool])
        found.append(Outcome([p.data for p in [*model.parameters(), t]], history, [], None))
    same(*found)


# --- what cannot be traced ---

def if_of_target(p, y):
    return (p - y) ** 2 if y else 2 * p**2


def compares_prediction(p, y):
    return (p - y) ** 2 if p > 0.5 else 2 * (p - y) ** 2


def takes_max(p, y):
    return max(p, y) - min(p, y)


def takes_math(p, y):
    return (p - math.exp(y)) ** 2


def reads_data(p, y):
    return (p - y) ** 2 * (1 + p.data)


def takes_float(p, y):
    return (p - y) ** 2 * p.item()


def takes_int(p, y):
    return (p - y) ** 2 * (1, 5)[int(y)]


def equals_target(p, y):
    return (p - y) ** 2 * (5 if y == 1 else 1)


def differs_from_target(p, y):
    return (p - y) ** 2 * (5 if y != 0 else 1)


def is_in_a_tuple(p, y):
    return (p - y) ** 2 * (5 if y in (1.0, 2.0) else 1)


def is_sorted(p, y):
    low, high = sorted([p, y * 1.0 + p * 0])
    return high - low


def takes_bool(p, y):
    return (p - y) ** 2 * (1 + bool(p))


def detaches(p, y):
    return (p - y) ** 2 * p.detach()


def takes_sign(p, y):
    return (p - y) ** 2 * (2 + np.sign(y - 0.5))


REFUSED = [
    if_of_target, compares_prediction, takes_max, takes_math, reads_data, takes_float, takes_int, equals_target,
    differs_from_target, is_in_a_tuple, is_sorted, takes_bool, detaches, takes_sign,
]  # fmt: skip


# In eager training the target is a float, and these do not look at a Value by any of its methods.
def is_in_a_set(p, y):
    return (p - y) ** 2 * (5 if y in {1.0} else 1)


def is_a_key(p, y):
    return (p - y) ** 2 * {0.0: 1, 1.0: 5}[y]


def is_a_key_with_a_default(p, y):
    return (p - y) ** 2 * {1.0: 5}.get(y, 1)


def is_text(p, y):
    return (p - y) ** 2 * (5 if str(y) == "1.0" else 1)


def is_formatted(p, y):
    return (p - y) ** 2 * (5 if f"{y:.0f}" == "1" else 1)


def takes_the_remainder(p, y):
    return (p - y) ** 2 * (1 + y % 2)


def takes_the_quotient(p, y):
    return (p - y) ** 2 * (1 + y // 1)


def is_rounded(p, y):
    return (p - round(y)) ** 2


def is_truncated(p, y):
    return (p - math.trunc(y)) ** 2


def asks_a_float(p, y):
    return (p - y) ** 2 * (5 if y.is_integer() else 1)


UNTRACEABLE = [is_in_a_set, is_a_key, is_a_key_with_a_default, is_text, is_formatted, takes_the_remainder, takes_the_quotient,
               is_rounded, is_truncated, asks_a_float]  # fmt: skip


@pytest.mark.parametrize("loss", [*REFUSED, *UNTRACEABLE], ids=lambda loss: loss.__name__)
def test_what_cannot_be_traced_trains_eagerly_with_one_sentence_why(loss):
    eager, fallen = run(False, loss=loss), run(None, loss=loss)
    assert (fallen.numbers, fallen.history.cost) == (eager.numbers, eager.history.cost)
    assert eager.said == []
    (why,) = fallen.said
    assert why.startswith("This trains one example at a time, since it cannot be compiled. ")
    line = f"test_compiled_training.py, line {loss.__code__.co_firstlineno + 1}"
    assert line in why or "when it is traced" in why  # noticed by its result, where nobody saw the look itself


@pytest.mark.parametrize("loss", [*REFUSED, *UNTRACEABLE], ids=lambda loss: loss.__name__)
def test_who_insists_on_compiling_gets_the_line_and_a_remedy_before_anything_moves(loss):
    model = net()
    with pytest.raises(engine.TracingError) as refused:
        fit(model, X, YES, loss=loss, compiled=True)
    sentence = str(refused.value)
    assert f"test_compiled_training.py, line {loss.__code__.co_firstlineno + 1}: `" in sentence or "when it is traced" in sentence
    assert [p.data for p in model.parameters()] == [p.data for p in net().parameters()]
    assert not any(p.has_grad for p in model.parameters())
    remedies = ("engine.maximum", "engine.exp", "Use ", "Choose by", "Compute with", "Add up", "Leave it out", "It would freeze")
    assert any(remedy in sentence for remedy in remedies)


@pytest.mark.parametrize("activation", [
    lambda z: z if z > 0 else 0.1 * z, lambda z: max(z, 0.1 * z), lambda z: z * math.exp(-abs(z.data)),
    lambda z: z * (1 + bool(z)), lambda z: z * z.item(), lambda z: sorted([z, -z])[1],
    lambda z: z * (1, 2)[int(z > 0)], lambda z: 2 * z if z == 1 else z,
], ids=["if", "max", "data", "bool", "float", "sorted", "int", "equal"])  # fmt: skip
def test_an_activation_that_looks_trains_eagerly_and_says_so(activation):
    eager = run(False, model=lambda: net(activation=activation), validation=0.3)
    fallen = run(None, model=lambda: net(activation=activation), validation=0.3)
    assert fallen.numbers == eager.numbers and eager.said == []
    (why,) = fallen.said
    assert f"test_compiled_training.py, line {activation.__code__.co_firstlineno}" in why
    with pytest.raises(engine.TracingError, match=r"test_compiled_training\.py, line"):
        run(True, model=lambda: net(activation=activation))


def largest_weight(model, m):
    """The penalty of the largest weight alone."""
    return 0.1 * max(abs(p) for p in model.parameters())


def test_a_penalty_that_looks_trains_eagerly_and_says_so():
    eager, fallen = run(False, penalty=largest_weight), run(None, penalty=largest_weight)
    assert fallen.numbers == eager.numbers and len(fallen.said) == 1
    with pytest.raises(engine.TracingError):
        run(True, penalty=largest_weight)


@pytest.mark.parametrize("look", [
    lambda m: m.parameters()[0].data, lambda m: m.layers[0].weight.max(), lambda m: m.predict([[1.0, 2.0]])[0],
    lambda m: m.state_dict()["layers.0.bias"][0],
], ids=["data", "weight", "predict", "state_dict"])  # fmt: skip
def test_a_cost_that_looks_at_a_parameter_is_refused_where_its_author_wrote_it(look):
    """Its own line, and not the line in nn that it called."""
    model = net()
    with pytest.raises(engine.TracingError) as refused:
        fit(model, X, YES, loss=lambda p, y: (p - y) ** 2 * look(model), compiled=True)
    assert "test_compiled_training.py, line" in str(refused.value)


def test_a_position_that_is_a_value_is_refused():
    def picks(p, y):
        return -engine.log_softmax(p)[y.index(1.0)]

    options = {"model": lambda: net((3, 3), output="linear"), "y": CLASSES, "loss": picks}
    eager, fallen = run(False, **options), run(None, **options)
    assert fallen.numbers == eager.numbers and len(fallen.said) == 1


def test_eager_training_never_traces():
    def loss(prediction, target):
        assert not engine.modes.tracing.blocks
        return losses.quadratic(prediction, target)

    assert run(False, loss=loss).said == []


def test_the_remark_on_eager_training_points_at_the_line_that_called_fit():
    with pytest.warns(TeacherWarning, match="one example at a time") as said:
        fit(net(), X, YES, loss=if_of_target)
    assert said[0].filename == __file__


def test_randomness_inside_a_cost_is_frozen_and_that_is_documented():
    drawn = []

    def noisy(prediction, target):
        drawn.append(RNG.normal())
        return (prediction - target + drawn[-1]) ** 2

    program = engine.compile(lambda x: x[0] * RNG.normal())
    assert program(X)[0] == program(X)[0]
    assert "frozen" in engine.compile.__doc__ and "frozen" in fit.__doc__
    with pytest.warns(TeacherWarning, match="it is random"):  # rather than with frozen noise, it is trained with noise
        fit(net(), X, YES, loss=noisy, epochs=1)
    assert len(set(drawn)) == len(drawn) > len(X)


# --- a run that diverges ---

def kind(reason):
    """Which update it was; what became too large is said in other words."""
    return reason.split(":")[0]


def left(outcome):
    return kind(outcome.history.reason), [kind(remark) for remark in outcome.said], len(outcome.history.cost)


@pytest.mark.parametrize(("activation", "output", "loss"), [
    ("relu", "linear", "quadratic"), ("softplus", "linear", "hinge"), ("tanh", "linear", "mse"),
    ("tanh", "linear", "binary_cross_entropy_with_logits"), ("tanh", "sigmoid", "binary_cross_entropy"),
    ("sigmoid", "sigmoid", "quadratic"), ("exp", "linear", "quadratic"),
])  # fmt: skip
@pytest.mark.parametrize("lr", [1e20, 1e120, 1e300])
@pytest.mark.parametrize("batch_size", [1, 3, "all"])
def test_a_run_that_diverges_does_so_in_both_modes(activation, output, loss, lr, batch_size):
    options = {"model": lambda: net((3, 1), activation, output), "loss": loss, "y": 2 * YES - 1 if loss == "hinge" else YES}
    outcomes = [run(c, optimizer=lambda p: optim.SGD(p, lr=lr), batch_size=batch_size, **options) for c in (False, True)]
    assert all(math.isfinite(number) for outcome in outcomes for number in outcome.numbers)
    assert all(math.isfinite(cost) for outcome in outcomes for cost in outcome.history.cost)
    assert left(outcomes[0]) == left(outcomes[1])


@pytest.mark.parametrize("optimizer", [
    lambda p: optim.SGD(p, momentum=0.9), lambda p: optim.SGD(p, weight_decay=1e200), optim.Adam, optim.RMSprop, optim.Adagrad,
], ids=["momentum", "decay", "adam", "rmsprop", "adagrad"])  # fmt: skip
@pytest.mark.parametrize("lr", [1e100, 1.7e308])
@pytest.mark.parametrize("batch_size", [3, "all"])
def test_a_rate_that_becomes_huge_later_ends_the_run_and_keeps_the_parameters(optimizer, lr, batch_size):
    """By then the rule is compiled, and the parameters that it moves must stay finite, too."""
    def explode(history, model, optimizer):
        if history.epochs == 2:
            optimizer.lr = lr

    outcomes = [run(c, optimizer=optimizer, callbacks=changing(explode), batch_size=batch_size, epochs=6,
                    model=lambda: net(output="linear")) for c in (False, True)]  # fmt: skip
    assert all(math.isfinite(number) for outcome in outcomes for number in outcome.numbers)
    assert left(outcomes[0]) == left(outcomes[1])
    close(outcomes[0].numbers, outcomes[1].numbers, 1e-6)


@pytest.mark.parametrize("penalty", [l2(0.1), l2(1e-170), l2(1e-170, biases=True)])
def test_a_penalty_that_diverges_ends_the_run(penalty):
    """The cost and every gradient are finite; the square of a weight is not."""
    outcomes = [run(c, model=lambda: MLP.from_weights([[[1e160, 0.0]]], [[0.0]]), data=np.zeros((7, 2)), penalty=penalty)
                for c in (False, None)]  # fmt: skip
    assert left(outcomes[0]) == left(outcomes[1])


def test_a_penalty_that_diverges_later_ends_the_run():
    def explode(history, model, optimizer):
        model.parameters()[0].data = 1e160

    outcomes = [run(c, model=lambda: MLP.from_weights([[[1.0, 0.0]]], [[0.0]]), data=np.zeros((7, 2)), penalty=l2(1e-10),
                    callbacks=changing(explode)) for c in (False, True)]  # fmt: skip
    assert left(outcomes[0]) == left(outcomes[1])
    assert all(math.isfinite(cost) for outcome in outcomes for cost in outcome.history.cost)


def test_a_unit_that_overflows_behind_a_saturated_activation():
    """z = w·x is inf and tanh(z) is 1: eagerly an error; a compiled run, which looks at results, goes on (fit says so)."""
    def explode(history, model, optimizer):
        model.parameters()[0].data = 1e300

    eager, compiled = (run(c, callbacks=changing(explode), data=X * 1e10) for c in (False, True))
    assert eager.history.diverged and not compiled.history.diverged
    assert all(map(math.isfinite, compiled[0]))
