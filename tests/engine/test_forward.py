"""Forward mode: hand-computed numbers, agreement with reverse mode, and what each costs."""

import math

import pytest

import engine
from engine import StaleGraphError, UndefinedError, Value, count_operations, exp, fsum, grad, jacobian, jvp, log, sin, sqrt, tanh
from engine.forward import Dual


def test_the_worked_example_in_each_direction():
    def f(x, y, z):
        return x**2 * y / z

    for tangents, slope in (([1, 0, 0], 12.0), ([0, 1, 0], 4.5), ([0, 0, 1], -9.0), ([1, 2, -1], 30.0)):
        assert jvp(f, [3, 4, 2], tangents) == (18.0, slope)


@pytest.mark.parametrize("row", [row for row in engine.TABLE.values() if row.arity == 1 and not row.parameter], ids=repr)
def test_every_row_of_one_operand_agrees_with_reverse_mode(row):
    for x in (0.3, 0.7, 1.5):
        if x in row.domain[0] and x in row.smooth[0]:
            value, slope = jvp(row, [x], [2.0])
            assert value == row(x)
            assert slope == pytest.approx(2.0 * grad(row(v := Value(x)), v), rel=1e-15, abs=1e-300)


def test_one_pass_gives_every_output_of_one_direction_and_reverse_mode_agrees():
    xs = [Value(0.4), Value(-1.2), Value(2.0)]
    outputs = [tanh(xs[0] * xs[1]) + exp(xs[2]), log(xs[2]) / xs[0], fsum([sin(x) for x in xs]), engine.logsumexp(xs)]
    tangents = [0.5, -2.0, 3.0]
    values, rates = jvp(outputs, xs, tangents)
    assert values == [output.data for output in outputs]
    for rate, row in zip(rates, jacobian(outputs, xs), strict=True):
        assert rate == pytest.approx(math.fsum(s * t for s, t in zip(row, tangents, strict=True)), rel=1e-14)
    assert not any(x.has_grad for x in xs)


def test_an_inner_node_may_be_the_input():
    x = Value(3.0)
    v = x**2
    assert jvp(v * x, [v], [1.0]) == (27.0, 3.0)


def test_a_dual_number_by_itself():
    y = Dual(3.0, 1.0) ** 2 * 4.0
    assert (y.value, y.tangent, repr(y)) == (36.0, 24.0, "Dual(36, 24)")
    assert (2.0 / Dual(4.0, 1.0)).tangent == -0.125 and Dual(1.0, 1.0).exp().tangent == math.e


@pytest.mark.parametrize(("call", "error", "sentence"), [
    (lambda: jvp(lambda x: sqrt(x), [0.0], [1.0]), UndefinedError, r"derivative of y = sqrt\(x1\) .* does not exist"),
    (lambda: jvp(lambda x: log(x), [-1.0], [1.0]), UndefinedError, "log"),
    (lambda: jvp(lambda x: x, [1.0], [1.0, 2.0]), ValueError, "one tangent for each input: 1 inputs, 2 tangents"),
    (lambda: jvp(lambda x: x, [1.0], [math.inf]), ValueError, "finite"),
    (lambda: jvp(lambda x: 3, [1.0], [1.0]), TypeError, "f gave the int 3"),
])  # fmt: skip
def test_what_is_wrong_is_said(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_where_nothing_moves_no_derivative_is_asked_for():
    assert jvp(lambda x, y: sqrt(x) + y, [0.0, 2.0], [0.0, 1.0]) == (2.0, 1.0)


def test_old_numbers_are_refused_here_too():
    x = Value(1.0, "x")
    y = x * x
    x.data = 2.0
    with pytest.raises(StaleGraphError):
        jvp(y, [x], [1.0])


def test_the_costs_show_when_each_mode_wins():
    many_in = fsum([Value(0.1 * i) * Value(2.0) for i in range(1, 51)])  # 100 inputs, one output
    cost = count_operations(many_in)
    assert cost.parameters == 100
    assert cost.backward.total < 100 * cost.directional.total
    one_in = Value(0.5)
    cost = count_operations(sin(one_in) * one_in)  # one input: a pass forward costs no more than one backward
    assert cost.parameters == 1 and cost.directional.total <= cost.backward.total




def test_an_input_given_twice_is_refused():
    x = Value(2.0)
    with pytest.raises(ValueError, match="A Value is given twice"):
        jvp(lambda a, b: a * b, [x, x], [1.0, 0.0])
