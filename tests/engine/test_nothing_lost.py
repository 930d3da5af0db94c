"""Nothing is lost without a word: a Value that becomes a plain number, and a sweep over numbers that have changed since."""

import math
import pickle
import random
import statistics
import sys
import threading

import numpy as np
import pytest

import engine
from engine import Constant, StaleGraphError, UndefinedError, Value, explain, grad, no_grad, parse, paths, recompute

SENTENCE = r"Compute with the Value itself: engine\.exp\(x\), not math\.exp\(x\); for the number alone write x\.data\."

CUTS = {
    "math.exp": lambda v: math.exp(-v), "math.sqrt": math.sqrt, "math.fsum": lambda v: math.fsum([v, v]), "int": int,
    "float": float, "math.floor": math.floor, "math.isclose": lambda v: math.isclose(v, 1), "round": lambda v: math.ceil(v),
    "an entry of an array": lambda v: np.zeros(3).__setitem__(0, v), "an array of floats": lambda v: np.array([v], dtype=float),
    "statistics.fmean": lambda v: statistics.fmean([v, v]), "Value of a Value": lambda v: Value(v * v),
    "Constant of a Value": lambda v: Constant(v), "%": lambda v: "%.3f" % v,  # noqa: UP031  # it is what users write
    "random.choices": lambda v: random.choices([1, 2], weights=[v, v]), "assigning it": lambda v: setattr(Value(1.0), "data", v),
    "a seed": lambda v: (v * 2).backward(v),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_value_is_not_turned_into_a_plain_number(cut):
    with pytest.raises(TypeError, match=SENTENCE):
        cut(Value(0.5, "x"))


def test_the_gradient_that_was_lost_is_found_by_the_engine_s_own_function():
    w, x = Value(2.0), Value(1.0)
    with pytest.raises(TypeError, match=SENTENCE):
        w * math.exp(-x)
    (w * engine.exp(-x)).backward()
    assert x.grad == pytest.approx(-2 * math.exp(-1), rel=1e-15)


def test_a_position_is_a_whole_number():
    with pytest.raises(TypeError, match=r"write int\(value\.data\)"):
        [1, 2, 3][Value(1.0)]


def test_a_number_that_no_gradient_reaches_converts_freely():
    with no_grad():
        free = Value(2.0) * 2
    for number in (free, Value(4.0).detach(), Constant(4.0)):
        assert (float(number), int(number), math.sqrt(number), math.floor(number)) == (4.0, 4, 2.0, 4)
        assert np.array([number], dtype=float)[0] == 4.0 and Value(number).data == 4.0


def test_what_loses_nothing_goes_on_working():
    x, y = Value(1.23456), Value(2.0)
    assert f"{x:.3f}" == "1.235" and f"{x:8.2e}" == "1.23e+00" and f"{x}" == str(x) == repr(x) == "Value(1.23456)"
    assert x.item() == 1.23456 and type(x.item()) is float
    assert x < y and sorted([y, x]) == [x, y] and min(x, y) is x and max(x, y) is y and x and x > 0 and x < np.float32(3)
    assert np.exp(np.array([x]))[0].op is engine.exp
    assert (np.array([x, y]) * 2).dtype == object and (np.array([x, y]) @ np.array([y, x])).op is engine.ops.add
    assert 1 + x > x and (np.float64(2.0) * x).op is engine.ops.mul


def test_torch_s_and_numpy_s_own_numbers_may_be_held():
    assert Value(np.float32(1.5)).data == 1.5 and Value(np.array(2.5)).data == 2.5 and Value(True).data == 1.0


# --- sweeps over numbers that have changed ---

SWEEPS = {
    "backward": lambda f, a: f.backward(), "grad": lambda f, a: grad(f, a),
    "create_graph": lambda f, a: grad(f, a, create_graph=True), "hessian": lambda f, a: engine.hessian(f, [a]),
    "explain": lambda f, a: explain(f),
    "paths": lambda f, a: list(paths(a, f)),
}  # fmt: skip


@pytest.mark.parametrize("sweep", SWEEPS.values(), ids=SWEEPS)
def test_a_sweep_over_an_old_number_is_refused_and_leaves_every_gradient(sweep):
    a = Value(1.0, "a")
    b = a * a
    b.label = "b"
    b.backward()
    a.data = 5
    with pytest.raises(StaleGraphError) as caught:
        sweep(b, a)
    assert str(caught.value) == (
        "a was changed from 1 to 5 after b was computed; b = 1 still belongs to a = 1. Call recompute(b), or compute b again."
    )
    assert (a.grad, b.grad) == (2.0, 1.0)


@pytest.mark.parametrize("way_out", [recompute, lambda b: None], ids=["recompute", "build it again"])
def test_both_ways_out_give_the_right_gradient(way_out):
    a = Value(1.0)
    b = a * a
    a.data = 5
    if way_out(b) is None:
        b = a * a
    b.backward()
    assert (b.data, a.grad) == (25.0, 10.0)


def test_a_change_between_two_parts_of_a_graph_is_noticed():
    a = Value(2.0, "a")
    early = a * a
    a.data = 3.0
    late = early + a  # made after the change, from a number made before
    with pytest.raises(StaleGraphError, match="a was changed from 2 to 3"):
        late.backward()


def test_several_changes_are_counted():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    f = a * b
    a.data, b.data = 4.0, 5.0
    with pytest.raises(StaleGraphError, match=r"a \(and 1 more\) was changed .*still belongs to the earlier numbers"):
        f.backward()


@pytest.mark.parametrize(("position", "sentence"), [
    (0, "a was changed from 2 to 7 after f was computed; f = 6 still belongs to a = 2."),
    (1, "b was changed from 3 to 7 after f was computed; f = 6 still belongs to b = 3."),
])  # fmt: skip
def test_the_operand_that_was_changed_is_named_beside_one_that_was_not(position, sentence):
    operands = [Value(2.0, "a"), Value(3.0, "b")]
    f = operands[0] * operands[1]
    f.label = "f"
    operands[position].data = 7.0
    with pytest.raises(StaleGraphError) as caught:
        f.backward()
    assert str(caught.value).startswith(sentence)


def test_of_several_changes_one_that_reaches_the_stale_result_is_named():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    f = a * 0.0 + b * b  # a·0 is 0 before and after
    a.data, b.data = 4.0, 5.0
    with pytest.raises(StaleGraphError, match=r"^b \(and 1 more\) was changed from 3 to 5 "):
        f.backward()


def train(step):
    """Three steps of gradient descent on (w - 3)², w from 0; the numbers w takes."""
    w = Value(0.0, "w")
    seen = []
    for _ in range(3):
        step(w)
        seen.append(w.data)
    return seen


def descend(w):
    cost = (w - 3.0) ** 2
    w.grad = 0
    cost.backward()
    w.data -= 0.25 * w.grad


def perturb(w):
    cost = (w - 3.0) ** 2
    before = w.data
    w.data = before + 1e-3  # a finite difference by hand
    w.data = before
    w.grad = 0
    cost.backward()
    w.data -= 0.25 * w.grad


def accumulate(w):
    w.grad = 0
    for _ in range(2):
        (0.5 * (w - 3.0) ** 2).backward()
    w.data -= 0.25 * w.grad


def follow(w, target=Value(0.0, "target")):  # noqa: B008  # one target for all steps, as a target network is
    cost = (w - 3.0) ** 2 + 0.0 * target.detach()
    target.data = w.data  # between building and sweeping; the cost does not depend on it
    w.grad = 0
    cost.backward()
    w.data -= 0.25 * w.grad


@pytest.mark.parametrize("step", [descend, perturb, accumulate, follow])
def test_honest_work_never_meets_the_error(step):
    assert train(step) == [1.5, 2.25, 2.625]


def test_an_inner_node_that_was_overridden_on_purpose_is_swept_with_its_number():
    f = parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)
    x, z = f.inputs["x"], f.inputs["z"]
    u = f.operands[0]
    recompute(f, {u: 40.0})
    f.backward()
    assert (f.data, z.grad, x.grad) == (20.0, -10.0, 12.0)


def test_a_computed_number_that_was_nudged_and_put_back_is_not_overridden():
    a = Value(2.0, label="a")
    b = a * a
    c = b * 3
    before = b.data
    b.data += 1e-3
    b.data = before
    assert b.previous is None
    c.backward()
    assert a.grad == 12.0
    a.data = 5.0
    with pytest.raises(StaleGraphError, match="a"):
        c.backward()


def test_a_sweep_over_another_graph_does_not_mind_what_was_assigned_here():
    a, b = Value(2.0), Value(3.0)
    f, g = a * a, b * b
    a.data = 7.0
    g.backward()
    assert b.grad == 6.0
    with pytest.raises(StaleGraphError):
        f.backward()


def test_threads_that_ask_for_derivatives_beside_one_graph_do_not_disturb_each_other():
    xs = [Value(0.1 * i) for i in range(40)]
    f = engine.fsum([engine.tanh(x) * x for x in xs])
    expected, found = grad(f, xs), []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=lambda: found.extend(grad(f, xs) for _ in range(20))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert found == [expected] * 80 and not any(x.has_grad for x in xs)


# --- errors are data ---

def undefined_value():
    x, z = Value(3.0, "x"), Value(0.0, "z")
    x / z


def undefined_derivative():
    engine.sqrt(Value(0.0, "x")).backward()


def stale():
    a = Value(1.0, "a")
    b = a * a
    a.data = 2.0
    b.backward()


@pytest.mark.parametrize("go_wrong", [undefined_value, undefined_derivative, stale])
def test_errors_survive_pickling_with_their_sentence(go_wrong):
    with pytest.raises((UndefinedError, StaleGraphError)) as caught:
        go_wrong()
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value) and str(again) == str(caught.value) and len(str(again)) > 40


def test_an_error_speaks_of_the_names_and_numbers_of_its_moment():
    x, z = Value(3.0, "x"), Value(0.0, "z")
    with pytest.raises(UndefinedError) as caught:
        x / z
    z.label, x.data = "other", 8.0
    assert str(caught.value) == (
        "x/z divides by zero: x = 3, z = 0. Neither x/z nor ∂(x/z)/∂z = -x/z² exists there. Any other z works."
    )


def test_a_large_graph_is_not_explained_line_by_line():
    x = Value(1.0)
    total = x
    for _ in range(2500):
        total = total + x
    with pytest.raises(ValueError, match=r"more than 2000 nodes.*Explain a part of it"):
        explain(total)
    assert "Forward" in explain(total.operands[0].operands[1] * 2)
