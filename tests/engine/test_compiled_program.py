"""A program as its users meet it: the two sides of the parameters, odd batches, copies, and what is printed."""

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import engine
from engine import Value, maximum, relu, tanh
from nn import MLP, fit, losses, optim


def line():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    return a, b, engine.compile(lambda x: a * x + b).trace([1.0])


# --- the two sides ---

def test_an_assignment_to_a_value_is_followed():
    _a, b, program = line()
    assert program([1.0]) == 3.0
    b.data = 7.0
    assert program([1.0]) == 8.0


def moved():
    """A line whose vector is ahead of its Values: a step of 10 has led from a = 1 up and from b = 2 down."""
    a, b, program = line()
    program.descend(optim.SGD([a, b], lr=10.0)).step([-1.0], weight=1.0)
    after = {"a": 1.0 + 10.0, "b": 2.0 - 10.0}
    assert {name: array.tolist() for name, array in program.arrays.items()} == {name: [x] for name, x in after.items()}
    return a, b, program


def test_a_step_is_the_truth_until_it_is_stored():
    a, b, program = moved()
    assert (a.data, b.data, program([1.0])) == (1.0, 2.0, 3.0)
    program.store_to()
    assert (a.data, b.data, program([1.0])) == (11.0, -8.0, 3.0)


def test_if_both_sides_have_changed_the_user_decides():
    a, _b, program = moved()
    a.data = 5.0
    with pytest.raises(ValueError, match="say which side counts"):
        program([1.0])
    program.load_from()
    assert program([1.0]) == 7.0


def test_a_part_that_is_stored_or_loaded_decides_nothing_about_the_rest():
    a, b, program = moved()
    program.store_to([a])
    assert (a.data, b.data) == (11.0, 2.0)
    program.load_from([b])
    assert program([1.0]) == 13.0  # a was stored, b was loaded
    a, b, program = line()
    a.data, b.data = 5.0, 7.0
    program.load_from(a)
    assert program([1.0]) == 12.0  # b is followed as ever


def test_who_is_no_parameter_is_refused():
    _, _, program = line()
    for strangers in ([Value(1.0)], MLP(1, [1]), []):
        with pytest.raises(ValueError, match="parameter"):
            program.store_to(strangers)


def test_gradient_descent_on_the_arrays_is_gradient_descent_on_the_values():
    eager, compiled = MLP(3, [4, 1], "tanh", seed=0), MLP(3, [4, 1], "tanh", seed=0)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(9, 3)), rng.normal(size=9)
    program = engine.compile(lambda x, t: losses.quadratic(compiled(x), t)).trace(X, y)
    descent = program.descend(optim.SGD(compiled.parameters(), lr=0.1))
    for _ in range(20):
        descent.step(X, y)
        eager.zero_grad()
        for row, target in zip(X.tolist(), y.tolist()):
            losses.quadratic(eager(row), target).backward(1 / 9)
        for p in eager.parameters():
            p.data -= 0.1 * p.grad
    program.store_to(compiled)
    assert [p.data for p in compiled.parameters()] == pytest.approx([p.data for p in eager.parameters()], rel=1e-12)


def test_a_gradient_can_be_given_to_the_values():
    a, b, program = line()
    _, gradient = program.value_and_grad([2.0, 4.0])
    gradient.store_to()
    assert (a.grad, b.grad) == (gradient[a], gradient[b]) == (3.0, 1.0)
    with pytest.raises(KeyError, match="not a parameter of this program"):
        gradient[Value(1.0)]
    with pytest.raises(KeyError, match="there are"):
        gradient["W9"]


# --- what it is given ---

@pytest.mark.parametrize("batch", [
    np.array(1.0), 3.0, [], ["1"], [None], [1j], [10**400], np.ma.masked_array([1.0, 2.0], [True, False]), [[1.0], [1.0, 2.0]],
], ids=str)  # fmt: skip
def test_what_is_no_batch_of_numbers_gets_a_sentence(batch):
    _, _, program = line()
    with pytest.raises(ValueError, match="x "):
        program(batch)


def test_a_number_too_large_for_float32_is_said_to_be():
    program = engine.compile(lambda x: 2 * x, dtype="float32").trace([1.0])
    with pytest.raises(ArithmeticError, match="inf"):
        program([1e39])


def test_a_list_times_a_value_is_told_how_to_be_multiplied():
    w = Value(2.0)
    with pytest.raises(engine.TracingError, match=r"sum\(w \* v for v in x\)"):
        engine.compile(lambda x: w * x)([[1.0, 2.0]])


@pytest.mark.parametrize("wrong", ["eager", "no", 0, 1, 1.0])
def test_fit_takes_none_true_or_false(wrong):
    with pytest.raises(ValueError, match="None, True or False"):
        fit(MLP(1, [1]), [[1.0]], [1.0], compiled=wrong)


def test_programs_and_gradients_are_not_copied():
    _, _, program = line()
    _, gradient = program.value_and_grad([1.0])
    for thing in (program, gradient):
        for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="not copied or pickled"):
                duplicate(thing)
    assert {name: array.tolist() for name, array in dict(gradient).items()} == {"a": [1.0], "b": [1.0]}


def test_names_of_the_users_and_of_the_text_do_not_meet():
    """c0 and i0 are what the text calls its own arrays."""
    values = {name: Value(0.5 + k, name) for k, name in enumerate(["c0", "i0", "c1"])}
    for argument in ("c0", "i0"):
        space = {"maximum": maximum, "tanh": tanh, **{f"_{name}": value for name, value in values.items()}}
        body = f"sum(tanh({argument}[k]) * c for k, c in ((3, 2.0), (1, 5.0), (0, 7.0))) * _c0 + _i0 * tanh(_c1)"
        f = eval(f"lambda {argument}: {body}", space)
        x = [0.1, 0.2, 0.3, 0.4]
        assert engine.compile(f)([x])[0] == pytest.approx(f([Value(v) for v in x]).data, rel=1e-12)
        assert engine.compile(f).value_and_grad([x])[0] == pytest.approx(f([Value(v) for v in x]).data, rel=1e-12)


# --- several threads ---

def test_threads_that_make_the_first_call_together_get_one_program():
    """Two hundred Values take long enough to trace that the threads, which change places often, all begin before one ends."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(8):
            W = [Value(1.0 + k / 200) for k in range(200)]
            program = engine.compile(lambda x, W=W: sum(w * x * x for w in W))
            together = Barrier(4)

            def call(program=program, together=together):
                together.wait()
                return program.value_and_grad([2.0])

            with ThreadPoolExecutor(4) as pool:
                found = [future.result() for future in [pool.submit(call) for _ in range(4)]]
            assert [value for value, _ in found] == [pytest.approx(4 * sum(w.data for w in W))] * 4
            assert all((gradient.vector == 4.0).all() for _, gradient in found)
            W[0].data = 10.0
            assert program.value_and_grad([1.0])[0] == pytest.approx(sum(w.data for w in W))
    finally:
        sys.setswitchinterval(before)


# --- what it prints ---

BACKPROPAGATION = """\
inputs: x (4), y (2)
parameters: W1 (3×4), b1 (3), W2 (2×3), b2 (2)

a0 = x
z1 = W1 a0 + b1
a1 = σ(z1)
z2 = W2 a1 + b2
a2 = σ(z2)
C = 1/2 Σ (a2 - y)²

δ2 = (a2 - y) ⊙ σ'(z2)
δ1 = W2ᵀ δ2 ⊙ σ'(z1)

∂C/∂W2 = δ2 a1ᵀ
∂C/∂b2 = δ2
∂C/∂W1 = δ1 a0ᵀ
∂C/∂b1 = δ1"""


def test_the_program_of_a_network_is_the_four_equations_of_backpropagation():
    model = MLP(4, [3, 2], "sigmoid", "sigmoid", seed=0)
    program = engine.compile(lambda x, y: losses.quadratic(model(x), y)).trace([[0.0] * 4], [[0.0] * 2])
    assert str(program) == BACKPROPAGATION
    assert program.latex().count(r"\\") == 11
    assert r"\delta_{1} &= W_{2}^{\top} \delta_{2} \odot \sigma'\left(z_{1}\right)" in program.latex()
    assert program._repr_latex_() == f"$${program.latex()}$$"
    assert len(program.operations) == 20


def test_softmax_with_cross_entropy_is_the_difference_of_shares():
    model = MLP(4, [3], output="linear", seed=0)
    program = engine.compile(lambda x, y: losses.cross_entropy(model(x), y)).trace([[0.0] * 4], [[1.0, 0.0, 0.0]])
    assert "δ1 = (Σ y)·softmax(z1) - y" in str(program)


def test_backpropagation_through_time_is_a_sum_over_the_moments():
    U, V = [Value(0.1 * k, "u") for k in range(4)], [Value(0.2 * k, "v") for k in range(4)]

    def cell(xs):
        h = [0.1, 0.2]
        for x in xs:
            h = [tanh(U[2 * j] * x[0] + U[2 * j + 1] * x[1] + V[2 * j] * h[0] + V[2 * j + 1] * h[1]) for j in range(2)]
        return h[0] + h[1]

    shown = str(engine.compile(cell).trace(np.zeros((1, 3, 2))))
    assert "δ2 = " in shown and "ᵀ + " in shown and "xs[0]" in shown and "xs[2]" in shown


def test_different_entries_have_different_names():
    def pooled(x):
        a = [relu(v) for v in x]
        return sum(maximum(maximum(a[4 * i], a[4 * i + 1]), maximum(a[4 * i + 2], a[4 * i + 3])) ** 2 for i in range(3))

    shown = str(engine.compile(pooled).trace(np.zeros((1, 12))))
    assert "maximum(relu(x)[::2], relu(x)[1::2])" in shown and "maximum(v1[::2], v1[1::2])" in shown


def test_a_list_of_leaves_has_its_equation_too():
    p = Value(2.0, "p")
    assert str(engine.compile(lambda x: [x]).trace([1.0])).endswith("f = x")
    assert str(engine.compile(lambda: [p]).trace()).endswith("f = p")


def test_the_weight_of_an_example_is_not_printed():
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    shown = str(engine.compile(lambda x: a * x + b * c).trace([1.0]))
    assert "∂C/∂b = c" in shown and "∂C/∂c = b" in shown


def test_a_chain_of_thousands_of_steps_falls_nowhere_over():
    w = Value(0.9, "w")

    def chain(x):
        for _ in range(1500):
            x = tanh(w * x)
        return x

    program = engine.compile(chain)
    cost, gradient = program.value_and_grad([0.5, 0.25])
    eager = [chain(Value(x)) for x in (0.5, 0.25)]
    for output in eager:
        output.backward(0.5)
    assert cost == pytest.approx(sum(output.data for output in eager) / 2, rel=1e-12)
    assert gradient[w] == pytest.approx(w.grad, rel=1e-9)
    assert all(len(text) < 1500 for text in (str(program), program.latex(), program.explain()))  # a loop, printed once
