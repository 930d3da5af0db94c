"""Steps of descent on a program's vector: the optimiser's rule on arrays, updates made as a whole or not at all."""

import math

import numpy as np
import pytest

import engine
from engine import Value
from engine.compiler.update import Update
from engine.modes import TracingError
from nn import MLP, losses, optim
from tests.interrupts import Interrupted

RNG = np.random.default_rng(0)


# --- a rule on arrays ---

def on_arrays(rule, arrays=(), numbers=(), steps=3):
    """p, and the memory, after some steps on arrays; and the same by the rule itself, entry by entry."""
    p, g = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, -4.0])
    memory = {name: np.arange(1.0, 4.0) * (i + 1) for i, name in enumerate(arrays)} | dict.fromkeys(numbers, 3)
    singles = [{name: float(x[i]) if isinstance(x, np.ndarray) else x for name, x in memory.items()} for i in range(3)]
    update = Update(rule, arrays, numbers, 3, p.dtype)
    expected = p.tolist()
    for k in range(steps):
        change, *results = update(k % 2, p, g, memory.values())
        memory = dict(zip(memory, results, strict=True))
        p = p - change
        expected = [rule(x, y, own) for x, y, own in zip(expected, g.tolist(), singles)]
    assert g.tolist() == [0.3, 0.1, -4.0]
    assert p == pytest.approx(expected, rel=1e-12)
    for name in memory:
        assert np.broadcast_to(memory[name], 3) == pytest.approx([own[name] for own in singles], rel=1e-12)
    return update.source


def momentum(p, g, memory):
    memory["V"] = 0.9 * memory["V"] + g
    return p - 0.1 * memory["V"]


def uses_the_memory_before_it_moves(p, g, memory):
    last, memory["V"] = memory["V"], 0.5 * memory["V"] + g
    return p - last


def swaps(p, g, memory):
    memory["V"], memory["U"] = memory["U"], memory["V"]
    return p - 0.1 * memory["V"]


def keeps_the_gradient(p, g, memory):
    last, memory["V"], memory["U"] = memory["V"], g, memory["V"]
    return p - 0.1 * last


def forgets(p, g, memory):
    memory["V"] = 0.25
    return p - memory["V"]


def counts(p, g, memory):
    memory["t"] = memory["t"] + 1
    return p - g / (1 - 0.9 ** memory["t"])


@pytest.mark.parametrize(("rule", "arrays", "numbers"), [
    (lambda p, g, memory: p - 0.1 * g, "", ""), (lambda p, g, memory: p - g, "", ""), (lambda p, g, memory: p - 0.0 * g, "", ""),
    (lambda p, g, memory: p - 0.1 * (g + 0.2 * p), "", ""), (lambda p, g, memory: p - 0.1 * g / (g * g + 0.1) ** 0.5, "", ""),
    (lambda p, g, memory: p - p, "", ""), (momentum, "V", ""), (momentum, "VU", "t"),
    (uses_the_memory_before_it_moves, "V", ""), (swaps, "VU", ""), (keeps_the_gradient, "VU", ""), (forgets, "V", ""),
    (counts, "", "t"), (counts, "V", "t"),
])  # fmt: skip
def test_a_rule_on_arrays_is_the_rule_on_each_number(rule, arrays, numbers):
    on_arrays(rule, arrays, numbers)


def test_an_option_that_is_off_costs_nothing():
    with_it, without = on_arrays(lambda p, g, m: p - 0.1 * (g + 0.0 * p)), on_arrays(lambda p, g, m: p - 0.1 * g)
    assert with_it == without


@pytest.mark.parametrize("rule", [
    lambda p, g, memory: p - g if g > 0 else p, lambda p, g, memory: p - float(g), lambda p, g, memory: p - max(g, 0.1),
    lambda p, g, memory: p - g if g != 0 else p,
], ids=["if", "float", "max", "!="])  # fmt: skip
def test_a_rule_that_looks_at_numbers_is_refused(rule):
    with pytest.raises(TracingError, match="must be arithmetic alone"):
        Update(rule, "", "", 3, np.dtype(float))


def test_a_rule_that_gives_no_change_is_refused():
    with pytest.raises(TracingError, match="must return p minus a change"):
        Update(lambda p, g, memory: 0.5 * p, "", "", 3, np.dtype(float))


def test_a_memory_that_is_still_to_begin_is_noticed():
    def begins(p, g, memory):
        memory["V"] = memory.get("V", 0.0) + g
        return p - memory["V"]

    assert not Update(begins, "", "", 3, np.dtype(float)).complete
    assert Update(begins, "V", "", 3, np.dtype(float)).complete


# --- steps ---

X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
OPTIMISERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1), "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1), "rmsprop": optim.RMSprop, "adam": lambda p: optim.Adam(p, lr=0.01),
    "a subclass": lambda p: type("Own", (optim.SGD,), {})(p, lr=0.1),
}  # fmt: skip


def network():
    return MLP(3, [4, 2], "tanh", seed=0)


def descent_of(model, optimizer, **options):
    program = engine.compile(lambda x, y: losses.quadratic(model(x), y), **options).trace(X[:1], Y[:1])
    return program.descend(optimizer)


def eager_step(model, optimizer, x, y, weight):
    optimizer.zero_grad()
    costs = [losses.quadratic(model(row), target) for row, target in zip(x.tolist(), y.tolist())]
    for cost in costs:
        cost.backward(weight)
    norm = math.hypot(*[p.grad for p in optimizer.parameters])
    optimizer.step()
    return sum(cost.data for cost in costs), norm


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("weight", [None, 1.0, 0.25])
@pytest.mark.parametrize("part", [slice(None), slice(5, None, 3)], ids=["all", "some"])
def test_steps_on_arrays_are_the_steps_on_values(optimizer, weight, part):
    eager, compiled = network(), network()
    one, other = (OPTIMISERS[optimizer](m.parameters()[part]) for m in (eager, compiled))
    descent = descent_of(compiled, other)
    for k in range(6):
        x, y = X[k : k + 4], Y[k : k + 4]
        cost, norm = eager_step(eager, one, x, y, 0.25 if weight is None else weight)
        assert descent.step(x, y, weight=weight) == (pytest.approx(cost, rel=1e-9), 0.0, None)
        assert descent.norm() == pytest.approx(norm, rel=1e-9)
    descent.store()
    descent.hand_back()
    assert [p.data for p in compiled.parameters()] == pytest.approx([p.data for p in eager.parameters()], rel=1e-9)
    assert descent.updates == 6
    for a, b in zip(one.memory, other.memory, strict=True):
        assert b == pytest.approx(a, rel=1e-9)
        assert [type(x) for x in a.values()] == [type(b[name]) for name in a]


def test_a_step_gives_the_penalty_and_the_others():
    w = Value(3.0)
    program = engine.compile(lambda x: (w * x, [x, w]), has_aux=True, penalty=lambda: w * w).trace([1.0])
    descent = program.descend(optim.SGD([w], lr=0.5))
    cost, penalty, others = descent.step([1.0, 2.0])
    assert (cost, penalty, others.tolist()) == (9.0, 9.0, [[1.0, 3.0], [2.0, 3.0]])
    assert w.data == 3.0  # the vector runs ahead
    descent.store()
    assert w.data == 3.0 - 0.5 * (1.5 + 6.0)


def test_a_cost_that_is_the_same_for_all_examples_counts_for_each():
    w = Value(3.0)
    descent = engine.compile(lambda x: w * w).trace([1.0]).descend(optim.SGD([w], lr=0.5))
    assert descent.step([1.0, 2.0, 5.0])[0] == pytest.approx(27.0)
    descent.store()
    assert w.data == pytest.approx(0.0)
    assert descent.step([1.0, 2.0], weight=1.0)[0] == pytest.approx(0.0)


def test_options_and_values_that_change_are_followed():
    eager, compiled = network(), network()
    one, other = (optim.Adam(m.parameters(), lr=0.01) for m in (eager, compiled))
    descent = descent_of(compiled, other)
    for k in range(6):
        eager_step(eager, one, X, Y, 1 / 12)
        descent.step(X, Y)
        for model, optimizer in ((eager, one), (compiled, other)):
            optimizer.lr *= 0.5
            if k == 3:
                descent.store()
                model.parameters()[2].data = 0.75
                optimizer.betas = (0.5, 0.9)
    descent.store()
    assert [p.data for p in compiled.parameters()] == pytest.approx([p.data for p in eager.parameters()], rel=1e-9)


def test_a_program_in_float32_descends_too():
    models = network(), network()
    for model, dtype in zip(models, ("float64", "float32")):
        descent = descent_of(model, optim.Adam(model.parameters(), lr=0.01), dtype=dtype)
        for _ in range(5):
            descent.step(X.astype(dtype), Y.astype(dtype))
        descent.store()
    assert [p.data for p in models[1].parameters()] == pytest.approx([p.data for p in models[0].parameters()], rel=1e-4)


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_step_that_would_overflow_is_not_made(optimizer, before):
    model = MLP(3, [2])
    chosen = OPTIMISERS[optimizer](model.parameters())
    descent = descent_of(model, chosen)
    for _ in range(before):
        descent.step(X, Y)
    descent.store()
    descent.hand_back()
    numbers, memory = [p.data for p in model.parameters()], [dict(m) for m in chosen.memory]
    with pytest.raises(ArithmeticError):
        descent.step(X * 1e300, Y)
    chosen.lr = 1.7e308
    with pytest.raises(OverflowError, match=r"learning rate 1\.7e\+308 is too large"):
        descent.step(10 * X, Y, weight=1e3)
    descent.store()
    descent.hand_back()
    assert ([p.data for p in model.parameters()], chosen.memory, descent.updates) == (numbers, memory, before)


def test_squares_that_overflow_are_no_reason_to_refuse():
    w = Value(1.0)
    descent = engine.compile(lambda x: w * x).trace([1.0]).descend(optim.SGD([w], lr=1.0))
    descent.step([1e190])
    descent.store()
    assert w.data == -1e190


def test_a_frozen_parameter_with_an_infinite_derivative_is_noticed():
    frozen, w = Value(0.0), Value(1.0)
    descent = engine.compile(lambda x: w * x + 1e200 * (1e200 * (x * frozen))).trace([1.0]).descend(optim.SGD([w], lr=0.1))
    with pytest.raises(ArithmeticError):
        descent.step([1.0])
    assert w.data == 1.0 and descent.updates == 0


def test_a_list_of_outputs_cannot_descend():
    w = Value(1.0)
    with pytest.raises(ValueError, match="descend needs one cost"):
        engine.compile(lambda x: [w * x, w]).trace([1.0]).descend(optim.SGD([w]))


# --- interrupts ---

@pytest.mark.parametrize("optimizer", ["sgd", "adam", "a subclass"])
def test_an_interrupt_comes_before_an_update_or_after_it(optimizer):
    """Wherever it comes, the numbers and the memory are those after as many updates as were counted."""
    def begin():
        model = MLP(1, [1], bias=0.5, seed=0)
        chosen = OPTIMISERS[optimizer](model.parameters())
        program = engine.compile(lambda x, y: losses.quadratic(model(x), y)).trace([[1.0]], [1.0])
        return model, chosen, program.descend(chosen)

    def state(model, chosen, descent):
        descent.store()
        descent.hand_back()
        return [p.data for p in model.parameters()], chosen.memory

    def steps(descent, count):
        for _ in range(count):
            descent.step([[1.0], [2.0]], [3.0, -1.0])

    expected = []
    for count in range(5):
        things = begin()
        steps(things[2], count)
        expected.append(state(*things))
    seen = set()
    for k in range(1, 100_000, 3):
        things = begin()
        try:
            with Interrupted(k, "descent.py", "update.py", "optim.py", ">"):
                steps(things[2], 4)
        except KeyboardInterrupt:
            things[2].settle()
            seen.add(things[2].updates)
            assert state(*things) == expected[things[2].updates]
        else:
            break
    assert seen == {0, 1, 2, 3, 4} or seen == {0, 1, 2, 3}
