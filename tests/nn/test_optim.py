"""Update rules: first steps by hand, five steps from the published formulas, twenty beside torch's."""

import math
import warnings
from fractions import Fraction
from itertools import pairwise

import pytest

import nn
from engine import Value, log
from nn import optim
from nn.advice import TeacherWarning
from nn.optim import SGD, Adagrad, Adam, RMSprop


def iterates(make, start, cost, steps):
    """Where a parameter goes: its number before the first step and after each."""
    w = Value(start, "w")
    optimizer = make([w])
    found = [start]
    for _ in range(steps):
        optimizer.zero_grad()
        cost(w).backward()
        optimizer.step()
        found.append(w.data)
    return found


def bowl(w):
    """f = w²/2, whose gradient is w itself."""
    return w * w / 2


# --- plain descent ---

@pytest.mark.parametrize(("lr", "after_10"), [
    (0.1, 0.348678), (1.0, 0.0), (1.9, 0.348678), (2.0, 1.0), (2.1, 2.593742),  # each step multiplies w by 1 - lr
])  # fmt: skip
def test_a_learning_rate_is_too_small_right_or_too_large(lr, after_10):
    found = iterates(lambda p: SGD(p, lr=lr), 1.0, bowl, 10)
    assert found[-1] == pytest.approx(after_10, abs=6e-7)
    assert all((a * b > 0) == (lr < 1) for a, b in pairwise(found) if b)  # above 1 it flips its sign at every step


def test_two_starts_end_in_two_minima():
    """Row R50: w⁴ - 2w² + 0.3w has a local minimum right of the middle and a deeper one left of it."""

    def cost(w):
        return w**4 - 2 * w**2 + 0.3 * w

    ends = [iterates(lambda p: SGD(p, lr=0.05), start, cost, 300)[-1] for start in (1.5, -1.5)]
    assert ends == pytest.approx([0.960149556, -1.035578714], abs=6e-10)
    assert [cost(w) for w in ends] == pytest.approx([-0.705853519, -1.305428484], abs=6e-10)


def line(sum_or_mean, rows, w):
    """1/2 Σ (w0 + w1 x - y)² over some rows, or that divided by their number."""
    total = sum((w[0] + w[1] * x - y) ** 2 for x, y in rows) / 2
    return total / len(rows) if sum_or_mean == "mean" else total


LINE = [(1, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize(("scale", "cost", "gradient"), [("sum", 14.5, (-9, -20)), ("mean", 4.8333333333, (-3, -6.6666666667))])
def test_a_sum_and_a_mean_differ_in_scale(scale, cost, gradient):
    w = [Value(0.0), Value(0.0)]
    found = line(scale, LINE, w)
    found.backward()
    assert found.data == pytest.approx(cost, abs=1e-9)
    assert [p.grad for p in w] == pytest.approx(gradient, abs=1e-9)


def test_one_step_on_the_sum_and_one_pass_online():
    w = [Value(0.0), Value(0.0)]
    optimizer = SGD(w, lr=0.05)
    line("sum", LINE, w).backward()
    optimizer.step()
    assert [p.data for p in w] == pytest.approx([0.45, 1.0], abs=1e-15)
    assert line("sum", LINE, w).data == pytest.approx(0.45375, abs=1e-12)
    for p in w:
        p.data = 0.0
    for row, after in zip(LINE, [(0.1, 0.1), (0.235, 0.37), (0.36775, 0.76825)]):
        optimizer.zero_grad()
        line("sum", [row], w).backward()
        optimizer.step()
        assert [p.data for p in w] == pytest.approx(after, abs=1e-15)
    assert line("sum", LINE, w).data == pytest.approx(1.85471, abs=6e-6)


@pytest.mark.parametrize(("scale", "limit"), [("sum", 0.12020), ("mean", 0.36059)])
def test_the_scale_of_the_cost_sets_the_largest_learning_rate(scale, limit):
    def end(lr):
        w = [Value(0.0), Value(0.0)]
        optimizer = SGD(w, lr=lr)
        for _ in range(300):
            optimizer.zero_grad()
            cost = line(scale, LINE, w)
            cost.backward()
            optimizer.step()
        return cost.data

    assert end(0.99 * limit) < 0.1 < 1000 < end(1.01 * limit)


def test_weight_decay_shrinks_by_a_factor_each_step():
    found = iterates(lambda p: SGD(p, lr=0.1, weight_decay=0.5), 1.0, lambda w: 0 * w, 100)
    assert found[:4] == pytest.approx([1, 0.95, 0.9025, 0.857375], rel=1e-14)
    assert next(step for step, w in enumerate(found) if w < 0.01) == 90


# --- momentum, both forms ---

def test_classical_momentum_by_hand():
    found = iterates(lambda p: SGD(p, lr=0.1, momentum=0.9), 1.0, bowl, 5)
    assert found == pytest.approx([1, 0.9, 0.72, 0.486, 0.2268, -0.02916], abs=1e-15)


def test_the_running_average_is_classical_momentum_at_a_smaller_rate():
    """V ← 0.9 V + 0.1 g from 0: with alpha = 1 it moves as the classical form with eta = 1·(1 - 0.9) = 0.1."""
    ema = iterates(lambda p: SGD(p, lr=1.0, momentum=0.9, ema=True), 1.0, bowl, 5)
    assert ema == pytest.approx([1, 0.9, 0.72, 0.486, 0.2268, -0.02916], abs=1e-14)
    small = iterates(lambda p: SGD(p, lr=0.1, momentum=0.9, ema=True), 1.0, bowl, 2)
    assert small == pytest.approx([1, 0.99, 0.9711], abs=1e-15)  # V: .1, .189


def test_the_running_average_differs_from_torchs_dampening_in_its_first_step():
    """torch's V starts as g, whatever the dampening; the lectures' V starts at 0."""
    dampened = iterates(lambda p: SGD(p, lr=0.1, momentum=0.9, dampening=0.9), 1.0, bowl, 1)
    assert dampened == [1.0, 0.9]
    assert iterates(lambda p: SGD(p, lr=0.1, momentum=0.9, ema=True), 1.0, bowl, 1) == pytest.approx([1.0, 0.99])


def test_nesterov_looks_ahead():
    """V: 1, then .9 + .81; the steps go by g + .9 V: 1.9, then .81 + .9·1.71."""
    found = iterates(lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True), 1.0, bowl, 2)
    assert found == pytest.approx([1, 0.81, 0.81 - 0.1 * (0.81 + 0.9 * 1.71)], abs=1e-15)


# --- the published rules, said a second time ---

def published_nesterov(g, w, steps, eta=0.1, mu=0.9):
    """Sutskever et al. 2013: v ← mu v - eta g(w + mu v), w ← w + v. Its look-ahead points w + mu v are torch's iterates."""
    v, found = 0.0, []
    for _ in range(steps):
        v = mu * v - eta * g(w + mu * v)
        w += v
        found.append(w + mu * v)
    return found


def published_adagrad(g, w, steps, eta=0.5):
    """Duchi et al. 2011: each gradient over the root of the sum of all squares so far."""
    past, found = [], []
    for _ in range(steps):
        past.append(g(w))
        w -= eta * past[-1] / math.sqrt(math.fsum(x * x for x in past))
        found.append(w)
    return found


def published_rmsprop(g, w, steps, eta=0.1, gamma=0.9):
    """Tieleman and Hinton 2012: the mean square is a running average; here as its explicit sum."""
    past, found = [], []
    for t in range(1, steps + 1):
        past.append(g(w))
        mean_square = (1 - gamma) * math.fsum(gamma ** (t - i) * x * x for i, x in enumerate(past, 1))
        w -= eta * past[-1] / math.sqrt(mean_square)
        found.append(w)
    return found


def published_adam(g, w, steps, eta=0.1, b1=0.9, b2=0.999):
    """Kingma and Ba 2015, Algorithm 1, with the moments as explicit weighted means (their equation 4)."""
    past, found = [], []
    for t in range(1, steps + 1):
        past.append(g(w))
        m = math.fsum(b1 ** (t - i) * x for i, x in enumerate(past, 1)) / math.fsum(b1**i for i in range(t))
        v = math.fsum(b2 ** (t - i) * x * x for i, x in enumerate(past, 1)) / math.fsum(b2**i for i in range(t))
        w -= eta * m / math.sqrt(v)
        found.append(w)
    return found


@pytest.mark.parametrize(("make", "published"), [
    (lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True), published_nesterov),
    (lambda p: Adagrad(p, lr=0.5, eps=0.0), published_adagrad),
    (lambda p: RMSprop(p, lr=0.1, alpha=0.9, eps=0.0), published_rmsprop),
    (lambda p: Adam(p, lr=0.1, eps=0.0), published_adam),
], ids=["nesterov", "adagrad", "rmsprop", "adam"])  # fmt: skip
@pytest.mark.parametrize(("cost", "g"), [
    (bowl, lambda w: w),
    (lambda w: w**4 - 2 * w**2 + 0.3 * w, lambda w: 4 * w**3 - 4 * w + 0.3),
], ids=["bowl", "two minima"])  # fmt: skip
def test_the_first_five_iterates_are_the_published_rules(make, published, cost, g):
    assert iterates(make, 1.5, cost, 5)[1:] == pytest.approx(published(g, 1.5, 5), rel=1e-12)


@pytest.mark.parametrize(("make", "first"), [
    (lambda p: Adagrad(p, lr=0.5), 0.5),  # g/√g² is 1: the first step is the learning rate
    (lambda p: RMSprop(p, lr=0.1, alpha=0.99), 0.1 / 0.1),  # 1/√0.01
    (lambda p: Adam(p, lr=0.1), 0.1),  # the two corrections cancel
], ids=["adagrad", "rmsprop", "adam"])  # fmt: skip
@pytest.mark.parametrize("scale", [1.0, 1000.0, -1e-3])
def test_the_first_step_of_an_adaptive_rule_does_not_depend_on_the_scale_of_the_gradient(make, first, scale):
    start, after = iterates(make, 2.0, lambda w: scale * w, 1)
    assert start - after == pytest.approx(math.copysign(first, scale), rel=1e-3)


@pytest.mark.parametrize(("name", "ours", "theirs"), [
    ("SGD", SGD, {"lr": 0.1}),
    ("SGD", SGD, {"lr": 0.1, "weight_decay": 0.3}),
    ("SGD", SGD, {"lr": 0.1, "momentum": 0.9}),
    ("SGD", SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}),
    ("SGD", SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.3}),
    ("SGD", SGD, {"lr": 0.1, "momentum": 0.5, "dampening": 0.5, "weight_decay": 0.1}),
    ("Adagrad", Adagrad, {}),
    ("Adagrad", Adagrad, {"lr": 0.5, "eps": 1e-3}),
    ("RMSprop", RMSprop, {}),
    ("RMSprop", RMSprop, {"lr": 0.1, "alpha": 0.9, "eps": 1e-3}),
    ("Adam", Adam, {}),
    ("Adam", Adam, {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3}),
], ids=str)  # fmt: skip
def test_torch_takes_the_same_twenty_steps(name, ours, theirs):
    torch = pytest.importorskip("torch")
    start = [1.5, -0.7]
    w, w_torch = [Value(x) for x in start], [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start]
    optimizer, optimizer_torch = ours(w, **theirs), getattr(torch.optim, name)(w_torch, **theirs)
    for _ in range(20):
        for p, step in ((w, optimizer), (w_torch, optimizer_torch)):
            step.zero_grad()
            ((p[0] ** 2 + p[1] - 1) ** 2 + (p[0] + p[1] ** 2 - 2) ** 2 * 0.3).backward()  # a narrow, curved valley
            step.step()
    assert [p.data for p in w] == pytest.approx([p.item() for p in w_torch], rel=1e-12)


# --- clipping ---

def test_a_gradient_that_is_too_long_keeps_its_direction():
    x, y, idle = w = [Value(0.0), Value(0.0), Value(7.0)]
    optimizer = SGD(w, lr=1.0, clip=1.0)
    (3 * x + 4 * y).backward()  # of norm 5
    optimizer.step()
    assert (x.data, y.data, idle.data) == pytest.approx((-0.6, -0.8, 7.0), rel=1e-15)
    assert (x.grad, y.grad) == (3.0, 4.0)  # what was computed can still be seen
    optimizer.zero_grad()
    (0.3 * x + 0.4 * y).backward()  # short enough
    optimizer.step()
    assert (x.data, y.data) == pytest.approx((-0.9, -1.2), rel=1e-15)


@pytest.mark.parametrize("kind", [SGD, Adagrad, RMSprop, Adam])
def test_every_optimiser_clips_and_a_compiled_run_does_too(kind):
    X, y = [[1.0, 2.0], [3.0, -1.0], [0.5, 8.0]], [9.0, -9.0, 5.0]
    found = {}
    for clip in (0.5, None):
        for compiled in (True, False):
            model = nn.MLP(2, [3, 1], "tanh", seed=0)
            made = kind(model.parameters(), lr=0.05, clip=clip)
            nn.fit(model, X, y, optimizer=made, epochs=5, batch_size=1, compiled=compiled, warn=False)
            found[clip, compiled] = [p.data for p in model.parameters()]
    assert found[0.5, True] == pytest.approx(found[0.5, False], rel=1e-10)
    assert found[0.5, True] != pytest.approx(found[None, True], rel=1e-3)


def test_clipping_is_torch_s():
    torch = pytest.importorskip("torch")
    w, w_torch = [Value(1.5), Value(-0.7)], [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (1.5, -0.7)]
    ours, theirs = Adam(w, lr=0.1, clip=0.5), torch.optim.Adam(w_torch, lr=0.1)
    for _ in range(20):
        for p, step in ((w, ours), (w_torch, theirs)):
            step.zero_grad()
            ((p[0] ** 2 + p[1] - 1) ** 2 + (p[0] + p[1] ** 2 - 2) ** 2 * 0.3).backward()
            if step is theirs:
                torch.nn.utils.clip_grad_norm_(w_torch, 0.5)
            step.step()
    assert [p.data for p in w] == pytest.approx([p.item() for p in w_torch], rel=1e-5)  # torch adds 1e-6 to the norm


@pytest.mark.parametrize("clip", [0, -1.0, math.nan])
def test_clip_is_a_norm_above_0(clip):
    with pytest.raises(ValueError, match=r"clip = .* must be the largest norm that a gradient may have, above 0"):
        SGD([Value(1.0)], clip=clip)


def test_a_clipped_optimiser_notices_gradients_that_were_not_cleared_too():
    w = Value(1.0)
    optimizer = SGD([w], lr=0.1, clip=0.5)
    sweep(w)
    optimizer.step()
    sweep(w)
    with pytest.warns(TeacherWarning, match="contain those of an earlier step") as said:
        optimizer.step()
    assert said[0].filename == __file__


def test_a_parameter_without_a_gradient_stays_as_it_is():
    w, idle = Value(1.0), Value(5.0)
    for make in (lambda p: SGD(p, weight_decay=0.5), Adam):
        optimizer = make([w, idle])
        optimizer.zero_grad()
        bowl(w).backward()
        optimizer.step()
    assert idle.data == 5.0 and w.data < 1.0


def test_a_rule_is_arithmetic_and_serves_other_numbers_too():
    """One rule for floats now and arrays later: here on fractions, exactly."""
    w = [Value(1.0)]
    sgd = SGD(w, lr=Fraction(1, 10), momentum=Fraction(9, 10), dampening=Fraction(0), weight_decay=Fraction(0))
    memory, p = {}, Fraction(1)
    found = [p := sgd.rule(p, p, memory) for _ in range(5)]
    assert found == [Fraction(x) for x in ("9/10", "18/25", "243/500", "567/2500", "-729/25000")]
    numpy = pytest.importorskip("numpy")
    for make in (SGD, Adagrad, RMSprop, Adam):
        memory, p = {}, numpy.array([1.0, -2.0])
        assert make(w).rule(p, p, memory).shape == (2,)


# --- what a teacher notices ---

def sweep(w):
    bowl(w).backward()


def test_a_step_on_gradients_that_were_not_cleared_is_noticed_once():
    w = Value(1.0)
    optimizer = SGD([w], lr=0.1)
    sweep(w)
    optimizer.step()
    sweep(w)
    with pytest.warns(TeacherWarning, match=r"contain those of an earlier step: call zero_grad\(\) before backward\(\)") as said:
        optimizer.step()
        sweep(w)
        optimizer.step()
    assert len(said) == 1
    assert said[0].filename == __file__  # it points at the student's line


def test_the_notice_can_be_switched_off():
    w = Value(1.0)
    optimizer = SGD([w], lr=0.1)
    optimizer.warn = False
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(3):
            sweep(w)
            optimizer.step()
    assert said == []


def clear_by_zero_grad(w, optimizer):
    optimizer.zero_grad()


def clear_by_hand(w, optimizer):
    w.grad = 0


def clear_by_the_graph(w, optimizer):
    bowl(w).zero_grad()


@pytest.mark.parametrize("clear", [clear_by_zero_grad, clear_by_hand, clear_by_the_graph])
def test_cleared_gradients_are_not_noticed(clear):
    w = Value(1.0)
    optimizer = SGD([w], lr=0.1)
    for expected in (0.9, 0.81, 0.729):
        clear(w, optimizer)
        sweep(w)
        optimizer.step()
        assert w.data == pytest.approx(expected, abs=1e-15)


def test_sweeps_that_are_added_up_on_purpose_are_not_noticed():
    w = Value(1.0)
    optimizer = SGD([w], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        for _ in range(4):
            sweep(w)
        before, gradient = w.data, w.grad
        assert gradient == pytest.approx(4 * before)
        optimizer.step()
        assert w.data == before - 0.1 * gradient


def test_two_steps_on_one_sweep_are_not_noticed():
    """Strange, but nothing is added up."""
    w = Value(1.0)
    optimizer = SGD([w], lr=0.1)
    sweep(w)
    optimizer.step()
    optimizer.step()
    assert w.data == pytest.approx(0.8)


def test_uncleared_gradients_are_noticed_wherever_they_are():
    """Also where the first parameter has none: here it plays no part in the cost."""
    idle, w = Value(5.0), Value(1.0)
    optimizer = SGD([idle, w], lr=0.1)
    with pytest.warns(TeacherWarning, match="earlier step"):
        for _ in range(2):
            sweep(w)
            optimizer.step()
    assert idle.data == 5.0


# --- no half-made step ---

def too_far(make):
    """Two parameters of which the second would leave the numbers."""
    near, far = Value(1.0, "near"), Value(1e308, "far")
    optimizer = make([near, far])
    near.grad, far.grad = 1.0, -1e308
    return near, far, optimizer


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_that_leaves_the_numbers_is_not_made_at_all(momentum):
    near, far, optimizer = too_far(lambda p: SGD(p, lr=10.0, momentum=momentum))
    with pytest.raises(OverflowError, match=r"far would become inf: the learning rate 10\.0 is too large"):
        optimizer.step()
    assert (near.data, far.data) == (1.0, 1e308)
    assert (near.grad, far.grad) == (1.0, -1e308)


def test_a_step_not_made_leaves_no_trace_in_the_memory_either():
    """Otherwise the same gradient would count twice once the learning rate is made smaller."""
    near, far, optimizer = too_far(lambda p: SGD(p, lr=10.0, momentum=0.9))
    with pytest.raises(OverflowError):
        optimizer.step()
    optimizer.lr = 0.1
    far.grad = 0.0
    optimizer.step()
    assert near.data == 0.9  # V is 1, not 1.9


# --- what is refused ---

@pytest.mark.parametrize(("act", "sentence"), [
    (lambda: SGD([], lr=0.1), r"needs the parameters to improve, as Values: SGD\(model\.parameters\(\), lr=0\.1\)"),
    (lambda: SGD([1.0], lr=0.1), "as Values"),
    (lambda: SGD([Value(1.0)], lr=-0.1), r"lr = -0\.1 must be 0 or greater"),
    (lambda: SGD([Value(1.0)], lr=math.nan), "lr = nan must be 0 or greater"),
    (lambda: SGD([Value(1.0)], momentum=-1), "momentum = -1 must be 0 or greater"),
    (lambda: SGD([Value(1.0)], nesterov=True), "Nesterov's momentum needs a momentum"),
    (lambda: SGD([Value(1.0)], momentum=0.9, dampening=0.1, nesterov=True), "neither dampening nor ema"),
    (lambda: SGD([Value(1.0)], momentum=0.9, ema=True, nesterov=True), "neither dampening nor ema"),
    (lambda: Adam([Value(1.0)], betas=(-0.1, 0.9)), r"beta1 = -0\.1 must be 0 or greater"),
    (lambda: Adam([Value(1.0)], betas=(1.0, 0.999)), "beta1 = 1"),  # divides by 1 - beta1: torch refuses it too
])  # fmt: skip
def test_a_mistake_is_answered_by_a_sentence(act, sentence):
    with pytest.raises(ValueError, match=sentence):
        act()


def test_every_optimiser_has_a_name_and_improves_a_cost():
    assert set(optim.BY_NAME) == {"sgd", "adagrad", "rmsprop", "adam"}
    for make in optim.BY_NAME.values():
        found = iterates(lambda p, make=make: make(p, lr=0.05), 2.0, lambda w: bowl(w) - log(w), 50)
        assert bowl(found[-1]) - math.log(found[-1]) < bowl(2.0) - math.log(2.0)
