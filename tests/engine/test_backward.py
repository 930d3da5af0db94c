"""The sweep and what follows from it: gradients that add up, derivatives of derivatives, and graphs as deep as one likes."""

import gc
import math
import sys
import tracemalloc

import numpy as np
import pytest

from engine import (
    UndefinedError,
    Value,
    count_operations,
    exp,
    explain,
    grad,
    hessian,
    jacobian,
    sigmoid,
    softmax,
    sqrt,
    steps,
    tanh,
    zero_grad,
)
from engine.graph import topological_order


class Example:
    """The lecture's f = x²y/z at (3, 4, 2), with its inner values v = x² and u = v·y."""

    def __init__(self):
        self.x, self.y, self.z = Value(3, "x"), Value(4, "y"), Value(2, "z")
        self.v = self.x**2
        self.u = self.v * self.y
        self.f = self.u / self.z


@pytest.fixture
def example():
    return Example()


# --- one sweep ---

@pytest.mark.parametrize(("name", "data", "gradient"), [
    ("f", 18, 1),
    ("u", 36, 0.5),  # 1/z
    ("v", 9, 2),  # y/z
    ("x", 3, 12),  # 2xy/z
    ("y", 4, 4.5),  # x²/z
    ("z", 2, -9),  # -x²y/z²
])  # fmt: skip
def test_every_node_of_the_worked_example_gets_its_derivative(example, name, data, gradient):
    example.f.backward()
    node = getattr(example, name)
    assert (node.data, node.grad) == (data, gradient)


@pytest.mark.parametrize(("f", "slope"), [
    (lambda a: a * a + a, 7),  # 2a + 1
    (lambda a: a + a, 2),
    (lambda a: a * a, 6),
    (lambda a: a * a * 4 / 2, 12),  # x·x·y/z: each of the two branches carries 6
    (lambda a: a - a, 0),
    (lambda a: a / a, 0),
    (lambda a: (a + 1) * (a + 2) * a, 47),  # 3a² + 6a + 2
    (lambda a: a**a, 27 * (1 + math.log(3))),
])  # fmt: skip
def test_a_value_used_several_times_adds_up_what_each_use_brings(f, slope):
    a = Value(3)
    f(a).backward()
    assert a.grad == pytest.approx(slope, rel=1e-15)


@pytest.mark.parametrize(("x", "slope"), [(0.5, 10.873127313836), (0.25, 2.568050833375), (1.0, 436.785200265), (0.0, 0.0)])
def test_the_chain_rule_goes_through_an_exponential(x, slope):
    x = Value(x)
    exp(4 * x**2).backward()  # d/dx e^(4x²) = 8x·e^(4x²)
    assert x.grad == pytest.approx(slope, rel=1e-11)


def test_dividing_and_multiplying_by_the_inverse_give_the_same_gradient():
    z, u = Value(2.0), Value(36.0)
    inverse = z**-1
    (u * inverse).backward()
    assert (inverse.data, inverse.grad, z.grad) == (0.5, 36.0, -9.0)


def test_a_seed_scales_the_whole_sweep(example):
    example.f.backward(seed=10)
    assert (example.f.grad, example.u.grad, example.x.grad) == (10.0, 5.0, 120.0)


def test_constants_collect_no_gradient():
    x = Value(3.0)
    y = x * 2
    constant = y.operands[1]
    y.backward()
    constant.grad = 5.0  # not even if one insists
    assert (constant.constant, constant.has_grad, constant.grad) == (True, False, 0.0)


def test_the_derivative_of_a_leaf_with_respect_to_itself_is_1():
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0


def test_the_lecture_softmax_has_this_jacobian():
    logits = [Value(x) for x in (1.0, 2.0, 3.0)]
    rows = jacobian(softmax(logits), logits)
    expected = [[0.081925069, -0.022033045, -0.059892025],
                [-0.022033045, 0.184836447, -0.162803402],
                [-0.059892025, -0.162803402, 0.222695427]]  # fmt: skip
    assert np.array(rows) == pytest.approx(np.array(expected), abs=1e-9)
    assert [sum(row) for row in rows] == pytest.approx([0, 0, 0], abs=1e-15)  # what one class gains the others lose


# --- several sweeps ---

def test_leaves_accumulate_and_inner_nodes_hold_the_latest_sweep(example):
    example.f.backward()
    example.f.backward()
    assert [leaf.grad for leaf in (example.x, example.y, example.z)] == [24, 9, -18]
    assert [inner.grad for inner in (example.v, example.u, example.f)] == [2, 0.5, 1]


def test_gradients_of_two_outputs_add_up_in_a_shared_leaf():
    x = Value(3.0)
    (x * x).backward()
    (5 * x).backward()
    assert x.grad == 11.0


def test_a_gradient_not_yet_computed_reads_0_and_can_be_told_from_one_that_is_0():
    x, y = Value(3.0), Value(0.0)
    f = x * y
    assert (x.grad, x.has_grad) == (0.0, False)
    f.backward()
    assert (x.grad, x.has_grad) == (0.0, True)


def test_zero_grad_on_an_output_clears_its_whole_graph(example):
    example.f.backward()
    example.f.zero_grad()
    assert not any(node.has_grad for node in topological_order(example.f))
    example.f.backward()
    assert example.x.grad == 12.0


@pytest.mark.parametrize("collect", [list, tuple, set, iter, np.array], ids=lambda kind: kind.__name__)
def test_zero_grad_on_an_iterable_clears_those_values_only(example, collect):
    example.f.backward()
    zero_grad(collect([example.x, example.y]))
    assert (example.x.has_grad, example.y.has_grad, example.z.grad) == (False, False, -9.0)


@pytest.mark.parametrize("given", [3.0, [3.0], "x", [[Value(1.0)]]], ids=repr)
def test_zero_grad_of_what_is_no_value_says_what_it_takes(given):
    with pytest.raises(TypeError) as caught:
        zero_grad(given)
    assert str(caught.value).startswith("zero_grad takes Values: zero_grad([x, y]), or f.zero_grad() for a whole graph; not ")


def test_a_sweep_that_fails_changes_nothing():
    x, y = Value(0.0, "x"), Value(2.0, "y")
    (x * y).backward()
    root = sqrt(x)
    f = root * y
    with pytest.raises(UndefinedError) as caught:
        f.backward()
    assert str(caught.value) == (
        "The derivative of v1 = sqrt(x) with respect to x does not exist: ∂v1/∂x = 1/(2·v1) at x = 0. "
        "The value itself does: v1 = 0. Any x > 0 works."
    )
    assert (x.grad, y.grad, root.has_grad, f.has_grad) == (2.0, 0.0, False, False)


@pytest.mark.parametrize(("f", "operation"), [
    (lambda x, zero: zero**0.5, r"v1 = zero\*\*0\.5"),
    (lambda x, zero: zero**x, r"v1 = zero\*\*x"),  # x = 0.5
    (lambda x, zero: (zero - 2) ** (x * 4), r"v3 = v1\*\*v2"),  # (-2)² is 4, but (-2)^2.001 is no number
    (lambda x, zero: (-2) ** (x * 4), r"v2 = \(-2\)\*\*v1 with respect to v1 does not exist"),
    (lambda x, zero: (x * 1e-200) ** -1, r"v2 = v1⁻¹ with respect to v1 is too large for a float"),
])  # fmt: skip
def test_where_there_is_a_value_but_no_derivative_the_sweep_names_the_operation(f, operation):
    output = f(Value(0.5, "x"), Value(0.0, "zero"))
    with pytest.raises(UndefinedError, match=operation):
        output.backward()
    with pytest.raises(UndefinedError, match=operation):
        grad(output, [])


@pytest.mark.parametrize(("f", "slopes"), [
    (lambda x, y: x**0, (0.0, 0.0)),  # x⁰ is 1 everywhere
    (lambda x, y: x**y, (0.0, 0.0)),  # 0^y is 0 for every y > 0
    (lambda x, y: x**1.5, (0.0, 0.0)),
])  # fmt: skip
def test_powers_of_0_have_the_derivatives_that_exist(f, slopes):
    x, y = Value(0.0), Value(2.0)
    f(x, y).backward()
    assert (x.grad, y.grad) == slopes


def test_a_gradient_that_overflows_in_a_leaf_is_an_error_and_changes_nothing():
    x = Value(1.0)
    f = x * 1e308
    f.backward()
    with pytest.raises(UndefinedError, match="overflows when it is added"):
        f.backward()
    assert x.grad == 1e308


# --- grad(): derivatives as results ---

def test_grad_returns_derivatives_and_leaves_every_grad_alone(example):
    assert grad(example.f, [example.x, example.y, example.z]) == [12.0, 4.5, -9.0]
    assert not any(node.has_grad for node in topological_order(example.f))


def test_grad_of_one_value_is_one_number(example):
    assert grad(example.f, example.x) == 12.0
    assert grad(example.f, example.u) == 0.5  # inner nodes may be asked for as well
    assert grad(example.f, example.f) == 1.0
    assert grad(example.f, example.x, seed=2.0) == 24.0


def test_grad_takes_repeats_and_gives_0_for_what_is_not_in_the_graph(example):
    stranger = Value(7.0)
    assert grad(example.f, [example.x, stranger, example.x]) == [12.0, 0.0, 12.0]


def test_a_gradient_with_a_graph_can_be_drawn_and_differentiated_again(example):
    slope = grad(example.f, example.x, create_graph=True)
    assert slope.data == 12.0
    assert all(leaf in explain(slope).splitlines()[0] for leaf in ("x = 3", "y = 4", "z = 2"))
    slope.backward()  # ∂f/∂x = 2xy/z
    assert (example.x.grad, example.y.grad, example.z.grad) == (4.0, 3.0, -6.0)


def test_a_product_of_the_chain_rule_has_what_arrived_first_and_the_local_derivative_second():
    x, y = Value(3.0, "x"), Value(4.0, "y")
    (v := x * y).label = "v"
    arrived_times_y, arrived_times_x = grad(v.sin(), [x, y], create_graph=True)  # cos(v)·y and cos(v)·x
    assert arrived_times_y.operands[1] is y and arrived_times_x.operands[1] is x
    assert arrived_times_y.operands[0] is arrived_times_x.operands[0]
    arrived, local = grad(v.sin().exp(), v, create_graph=True).operands  # exp(sin v)·cos v
    assert (arrived.op.name, local.op.name) == ("exp", "cos")


def test_the_hessian_of_the_worked_example(example):
    assert hessian(example.f, [example.x, example.y, example.z]) == [
        [4.0, 3.0, -6.0],  # 2y/z, 2x/z, -2xy/z²
        [3.0, 0.0, -2.25],  # 2x/z, 0, -x²/z²
        [-6.0, -2.25, 9.0],  # -2xy/z², -x²/z², 2x²y/z³
    ]


def test_the_jacobian_has_a_row_for_each_output(example):
    assert jacobian([example.u, example.f], [example.x, example.y]) == [[24.0, 9.0], [12.0, 4.5]]


def test_matrices_of_derivatives_have_graphs_if_one_asks(example):
    x, z = example.x, example.z
    first = jacobian([example.f], [x, z], create_graph=True)
    second = hessian(example.f, [x, z], create_graph=True)
    assert grad(first[0][0], z) == -6.0  # ∂²f/∂x∂z = -2xy/z²
    assert grad(second[0][0], z) == -2.0  # ∂³f/∂x²∂z = -2y/z²
    assert grad(second[1][1], x) == 6.0  # ∂³f/∂z²∂x = 4xy/z³


# The first four derivatives, by hand, at the given points.
TOWERS = {
    "x^4": (lambda x: x**4, 2.0, (32.0, 48.0, 48.0, 24.0)),
    "x*x*x*x": (lambda x: x * x * x * x, 2.0, (32.0, 48.0, 48.0, 24.0)),
    "1/x": (lambda x: 1 / x, 2.0, (-0.25, 0.25, -0.375, 0.75)),
    "exp": (lambda x: x.exp(), 0.0, (1.0, 1.0, 1.0, 1.0)),
    "log": (lambda x: x.log(), 2.0, (0.5, -0.25, 0.25, -0.375)),
    "sin": (lambda x: x.sin(), 0.0, (1.0, 0.0, -1.0, 0.0)),
    "sigmoid": (sigmoid, 0.0, (0.25, 0.0, -0.125, 0.0)),  # an |x| inside would spoil the third
    "tanh": (tanh, 0.0, (1.0, 0.0, -2.0, 0.0)),
    "softplus": (lambda x: x.softplus(), 0.0, (0.5, 0.25, 0.0, -0.125)),
    "2**x": (lambda x: 2**x, 0.0, tuple(math.log(2) ** n for n in (1, 2, 3, 4))),
}


@pytest.mark.parametrize("name", TOWERS)
def test_derivatives_of_derivatives_of_derivatives(name):
    f, x, tower = TOWERS[name]
    x = Value(x, "x")
    derivative, found = f(x), []
    for _ in tower:
        derivative = grad(derivative, x, create_graph=True)
        found.append(derivative.data)
    assert found == pytest.approx(tower, abs=1e-14)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "1/x", "sin", "softplus"])
def test_a_third_derivative_is_a_graph_that_can_be_explained(name):
    f, at, _ = TOWERS[name]
    x = Value(at + 1, "x")
    third = f(x)
    for _ in range(3):
        third = grad(third, x, create_graph=True)
    third.label = "third"
    assert third.operands
    assert "∂third/∂x" in explain(third)
    assert steps(third)[-1].result == pytest.approx(grad(third, x))  # the fourth derivative, explained


# --- deep and wide graphs ---

def chain(length):
    """v = v·y, over and over: two Values at the bottom and `length` results above them."""
    bottom = v = Value(1.0)
    y = Value(1.0)
    for _ in range(length):
        v = v * y
    return bottom, y, v


def test_a_chain_of_a_million_operations_is_built_swept_shown_and_let_go():
    assert sys.getrecursionlimit() <= 1000  # the default: nothing here calls itself
    length = 1_000_000
    bottom, y, top = chain(length)
    top.backward()
    assert repr(top) == "Value(1, op=mul, grad=1)"
    assert (bottom.grad, y.grad) == (1.0, length)  # d(yⁿ)/dy = n·yⁿ⁻¹
    del top  # and the whole chain with it
    assert sys.getrefcount(y) < 10  # nobody uses y any more


def test_other_walks_of_a_deep_chain_do_not_recurse_either():
    bottom, y, top = chain(100_000)
    assert grad(top, [bottom, top]) == [1.0, 1.0]
    assert count_operations(top).forward.multiplications == 100_000
    top.zero_grad()
    assert not y.has_grad


def test_a_sum_of_a_hundred_thousand_values_gives_each_a_gradient_of_1():
    values = [Value(1.0) for _ in range(100_000)]
    sum(values).backward()
    assert all(value.grad == 1.0 for value in values)


def test_a_value_takes_at_most_250_bytes_at_the_height_of_a_sweep():
    length = 200_000
    tracemalloc.start()
    try:
        _, _, top = chain(length)
        top.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / length <= 250


def test_graphs_form_no_reference_cycles():
    """Nothing is left for the garbage collector: that it may stay idle is what makes training fast."""
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(thing, Value) for thing in gc.get_objects())
        x, y = Value(0.3, "x"), Value(0.7, "y")
        f = tanh(x * y + x) ** 2 / (1 + exp(-y))
        f.backward()
        hessian(f, [x, y])
        explain(f)
        f.zero_grad()
        del x, y, f
        assert sum(isinstance(thing, Value) for thing in gc.get_objects()) == before
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_gradients_may_be_finite_though_their_sum_is_not():
    x, y = Value(1.0), Value(1.0)
    f = 1.7e308 * x - 1e300 + 1.7e308 * y * 1e-10
    assert grad(f, [x, y]) == [1.7e308, 1.7e298]
    (1e308 * x + 1e-3 * y + 0.9 * (1e308 * x) * 0.5).backward()
    assert x.grad == 1.45e308
    with pytest.raises(UndefinedError, match="is too large for a float"):
        grad(1e300 * ((1e10 * x) * 1e-300), x, seed=1e290)
