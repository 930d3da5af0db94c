"""A Value is a number that remembers where it came from: how one is made, computed with, compared, copied and refused."""

import copy
import itertools
import math
import operator
import pickle
import threading
from fractions import Fraction

import numpy as np
import pytest

import engine
from engine import (
    TABLE,
    Constant,
    UndefinedError,
    Value,
    exp,
    fsum,
    leaky_relu,
    log,
    log1p,
    log_softmax,
    logsumexp,
    no_grad,
    softmax,
)
from engine.graph import topological_order

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
NUMBERS = [2, 2.0, True, Fraction(2), np.float64(2), np.float32(2), np.int64(2), np.array(2.0)]

each_operation = pytest.mark.parametrize("operation", ARITHMETIC, ids=lambda operation: operation.__name__)
each_number = pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{type(number).__name__}({number})")


def nodes_of(output):
    """How many nodes an output is made of, itself and its constants included."""
    return len(topological_order(output))


# --- arithmetic ---

@each_operation
def test_two_values_give_a_value_that_remembers_both(operation):
    x, y = Value(3.0), Value(2.0)
    result = operation(x, y)
    assert result.data == operation(3.0, 2.0)
    assert result.operands == (x, y)  # in order: x - y is not y - x


@each_operation
@each_number
def test_a_number_may_stand_on_either_side(operation, number):
    right, left = operation(Value(3.0), number), operation(number, Value(3.0))
    assert (type(right), right.data) == (Value, operation(3.0, float(number)))
    assert (type(left), left.data) == (Value, operation(float(number), 3.0))


def test_minus_and_abs():
    x = Value(-3.0)
    assert ((-x).data, (-x).op.name) == (3.0, "neg")  # a row of its own, not (-1)·x: a learner sees what was written
    assert (abs(x).data, abs(x).op.name) == (3.0, "abs")


def test_numpy_multiplies_a_matrix_of_values_with_a_vector_of_values():
    weights = np.array([[Value(1), Value(2)], [Value(3), Value(4)]])
    x = np.array([Value(5), Value(6)])
    assert [z.data for z in weights @ x] == [17.0, 39.0]  # 1·5 + 2·6, 3·5 + 4·6
    assert [z.data for z in np.array([[1.0, 2.0], [3.0, 4.0]]) @ x] == [17.0, 39.0]


@each_operation
def test_an_array_takes_a_value_element_by_element_on_either_side(operation):
    x, numbers = Value(3.0), np.array([1.0, 2.0])
    assert [v.data for v in operation(x, numbers)] == [operation(3.0, 1.0), operation(3.0, 2.0)]
    assert [v.data for v in operation(numbers, x)] == [operation(1.0, 3.0), operation(2.0, 3.0)]


def test_the_elementwise_product_and_the_dot_product_differ():
    s, t = np.array([Value(1), Value(2)]), np.array([Value(3), Value(4)])
    assert [v.data for v in s * t] == [3.0, 8.0]
    assert (s @ t).data == 11.0


def test_a_function_maps_over_a_layer_and_its_gradient_with_it():
    x = np.array([Value(2), Value(3)])
    squares = x**2
    squares.sum().backward()
    assert [v.data for v in squares] == [4.0, 9.0]
    assert [v.grad for v in x] == [4.0, 6.0]


@pytest.mark.parametrize("zero", [0, 0.0, False, np.float64(0), np.int64(0)], ids=repr)
def test_zero_plus_a_value_is_the_value_itself(zero):
    v = Value(3.0)
    assert zero + v is v


def test_sum_adds_no_node_of_its_own():
    x, y, z = Value(1), Value(2), Value(3)
    assert nodes_of(sum([x, y, z])) == 5  # three leaves and two additions; sum() begins with 0 + x
    assert nodes_of(fsum([x, y, z])) == 4  # or one addition of them all


def test_the_worked_example_has_six_nodes_and_three_operations():
    x, y, z = Value(3, "x"), Value(4, "y"), Value(2, "z")
    f = x**2 * y / z
    assert f.data == 18.0
    assert [node.op.name for node in topological_order(f) if node.op] == ["power", "mul", "div"]
    assert nodes_of(f) == 6  # x, x², y, x²·y, z, f: the exponent is a part of its operation, not a node


def test_a_number_as_exponent_belongs_to_the_operation():
    x = Value(3.0)
    assert (x**2).operands == (x,)
    assert (x**2).op.static == 2.0
    assert repr((x**2).op) == "power(exponent=2)"


def test_a_value_as_exponent_or_a_number_as_base_is_an_operand():
    x, y = Value(3.0), Value(2.0)
    assert ((x**y).data, (x**y).operands) == (9.0, (x, y))
    power = 2**y
    assert (power.data, power.operands[0].data, power.operands[1]) == (4.0, 2.0, y)


def test_a_node_used_twice_is_an_operand_twice():
    x = Value(3.0)
    assert (x * x).operands == (x, x)


# --- functions and methods ---

UNARY = ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "relu", "leaky_relu", "elu", "gelu", "softplus", "erf",
         "erfc", "expm1", "log1p", "sech", "sign", "step", "silu", "softsign", "cbrt", "exp2", "log2", "log10", "tan", "asin",
         "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"]  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_each_function_of_one_value_is_a_method_too_and_works_on_plain_numbers(name):
    function, x = getattr(engine, name), Value(1.7 if name == "acosh" else 0.7)
    assert function(x).operands == getattr(x, name)().operands == (x,)
    assert function(x).data == getattr(x, name)().data == function(x.data)


def test_no_function_of_one_value_is_missing_above():
    assert {row.name for row in TABLE.values() if row.arity == 1} == {*UNARY, "neg", "abs", "power"}


@pytest.mark.parametrize(("name", "operands", "result"), [
    ("maximum", (2.0, 5.0), 5.0),
    ("minimum", (2.0, 5.0), 2.0),
    ("hypot", (3.0, 4.0), 5.0),
    ("atan2", (1.0, -1.0), 0.75 * math.pi),
    ("where", (1.0, 2.0, 5.0), 2.0),
    ("where", (0.0, 2.0, 5.0), 5.0),
])  # fmt: skip
def test_functions_of_several_values_are_methods_of_the_first(name, operands, result):
    first, *others = map(Value, operands)
    assert getattr(engine, name)(first, *others).data == result
    assert getattr(engine, name)(*operands) == result
    assert getattr(first, name)(*others).data == result


# The lecture's activations at -2, -1, -0.5, 0, 0.5, 1 and 2, and under each its slopes, to nine digits.
POINTS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
ACTIVATIONS = {
    "relu": ((0, 0, 0, 0, 0.5, 1, 2),
             (0, 0, 0, 0, 1, 1, 1)),
    "elu": ((-0.864664717, -0.632120559, -0.393469340, 0, 0.5, 1, 2),
            (0.135335283, 0.367879441, 0.606530660, 1, 1, 1, 1)),
    "leaky_relu": ((-0.02, -0.01, -0.005, 0, 0.5, 1, 2),
                   (0.01, 0.01, 0.01, 1, 1, 1, 1)),
    "tanh": ((-0.964027580, -0.761594156, -0.462117157, 0, 0.462117157, 0.761594156, 0.964027580),
             (0.070650825, 0.419974342, 0.786447733, 1, 0.786447733, 0.419974342, 0.070650825)),
    "sigmoid": ((0.119202922, 0.268941421, 0.377540669, 0.5, 0.622459331, 0.731058579, 0.880797078),
                (0.104993585, 0.196611933, 0.235003712, 0.25, 0.235003712, 0.196611933, 0.104993585)),
    "gelu": ((-0.045500264, -0.158655254, -0.154268769, 0, 0.345731231, 0.841344746, 1.954499736),
             (-0.085231801, -0.083315471, 0.132504875, 0.5, 0.867495125, 1.083315471, 1.085231801)),
}  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_activations_have_the_values_and_slopes_of_the_lecture(name):
    values, slopes = ACTIVATIONS[name]
    inputs = [Value(x) for x in POINTS]
    outputs = [getattr(x, name)() for x in inputs]
    sum(outputs).backward()
    assert [a.data for a in outputs] == pytest.approx(values, abs=1e-9)
    assert [x.grad for x in inputs] == pytest.approx(slopes, abs=1e-9)


@pytest.mark.parametrize(("activation", "value", "slope"), [
    (lambda x: x.leaky_relu(0.2), -0.4, 0.2),
    (lambda x: x.leaky_relu(negative_slope=0.2), -0.4, 0.2),
    (lambda x: engine.leaky_relu(x, negative_slope=0.2), -0.4, 0.2),
    (lambda x: x.elu(alpha=2), 2 * (math.exp(-2) - 1), 2 * math.exp(-2)),
    (lambda x: engine.elu(x, 2), 2 * (math.exp(-2) - 1), 2 * math.exp(-2)),
    (lambda x: (x + 2).step(), 1.0, 0.0),  # it fires at 0 ...
    (lambda x: (x + 2).step(at_zero=0), 0.0, 0.0),  # ... unless asked not to
])  # fmt: skip
def test_parameters_are_given_by_place_or_by_name(activation, value, slope):
    x = Value(-2.0)
    result = activation(x)
    result.backward()
    assert (result.data, x.grad) == pytest.approx((value, slope), rel=1e-15)


@pytest.mark.parametrize(("call", "sentence"), [
    (lambda: exp(), "exp takes 1 operand(s); it was given 0."),
    (lambda: exp(Value(1), Value(2)), "exp takes 1 operand(s); it was given 2."),
    (lambda: leaky_relu(Value(1), slope=2),
     "leaky_relu takes 1 operand(s) and negative_slope=number; it was given 1 slope."),
    (lambda: logsumexp([]), "logsumexp takes a list of numbers or Values, at least one; it was given none."),
])  # fmt: skip
def test_a_function_called_wrongly_says_what_it_takes(call, sentence):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == sentence


@pytest.mark.parametrize("thing", ["1", None, 2j], ids=repr)
def test_a_function_refuses_what_is_no_number(thing):
    for number in (thing, Value(1.0)):
        with pytest.raises(TypeError, match=r"maximum takes numbers and Values|A Value holds one number"):
            engine.maximum(number, thing)


@pytest.mark.parametrize("shift", [0, 1000, -1000])
def test_softmax_depends_on_differences_only(shift):
    logits = [Value(shift + x) for x in (1.0, 2.0, 3.0)]
    assert [p.data for p in softmax(logits)] == pytest.approx([0.090030573, 0.244728471, 0.665240956], abs=1e-9)
    assert logsumexp(logits).data == pytest.approx(shift + 3.407605964, abs=1e-9)


def test_the_gradient_of_the_cross_entropy_is_softmax_minus_target():
    logits = [Value(x) for x in (1.0, 2.0, 3.0)]
    loss = -log_softmax(logits)[2]
    loss.backward()
    assert loss.data == pytest.approx(0.407605964, abs=1e-9)
    assert [x.grad for x in logits] == pytest.approx([0.090030573, 0.244728471, -0.334759044], abs=1e-9)


@pytest.mark.parametrize(("values", "result"), [
    ([0.0, 0.0, 0.0], math.log(3)),
    ([1000.0, 1000.0], 1000 + math.log(2)),
    ([5.0], 5.0),
    ([0.0, -40.0], 4.248354255291589e-18),  # log(1 + e^-40): written as log(1.000...) it would be 0
])  # fmt: skip
def test_logsumexp_neither_overflows_nor_loses_its_digits(values, result):
    assert logsumexp([Value(x) for x in values]).data == pytest.approx(result, rel=1e-15)


# --- a Value among numbers ---

@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge], ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", [1.0, 2.0, 3.0])
def test_order_goes_by_the_number(compare, other):
    assert compare(Value(2.0), Value(other)) is compare(2.0, other)
    assert compare(Value(2.0), other) is compare(2.0, other)
    assert compare(other, Value(2.0)) is compare(other, 2.0)


def test_values_can_be_sorted():
    a, b, c = Value(3), Value(1), Value(2)
    assert sorted([a, b, c]) == [b, c, a]
    assert max(a, b, c) is a


@pytest.mark.parametrize("other", ["2", None, [2]], ids=repr)
def test_what_is_no_number_has_no_place_in_the_order(other):
    with pytest.raises(TypeError):
        Value(5.0) < other  # noqa: B015  # the comparison is what is tested


def test_equality_and_hash_are_identity():
    a, b = Value(3.0), Value(3.0)
    assert a == a
    assert a != b  # two nodes with the same number are two nodes
    assert a != 3.0
    assert len({a, b, a}) == 2


def test_a_value_serves_as_a_condition_and_a_constant_as_a_float_and_an_int():
    assert bool(Value(0.5)) and not Value(0.0)
    assert (float(Constant(3.7)), int(Constant(3.7)), int(Constant(-3.7)), math.sqrt(Value(9.0).detach())) == (3.7, 3, -3, 3.0)


@pytest.mark.parametrize(("value", "text"), [
    (Value(3), "Value(3)"),
    (Value(3, "x"), "Value(3, label='x')"),
    (Value(3, "x") ** 2, "Value(9, op=power(exponent=2))"),
    (Value(3, "x").detach(), "Constant(3, label='x')"),
])  # fmt: skip
def test_repr_says_what_a_node_is(value, text):
    assert repr(value) == text


def test_repr_shows_the_gradient_once_there_is_one():
    x = Value(3, "x")
    (x * x).backward()
    assert repr(x) == "Value(3, label='x', grad=6)"


def test_repr_of_a_long_chain_is_short_and_does_not_walk_it():
    v = Value(0.0)
    for _ in range(100_000):
        v = v + 1.0
    assert repr(v) == "Value(100000, op=add)"
    v.operands = None  # where there is nothing to walk on, a walk would fall
    assert repr(v) == "Value(100000, op=add)"


# --- leaving the graph ---

def test_detach_keeps_the_number_and_drops_the_history():
    x = Value(3, "x")
    constant = (x * x).detach()
    assert (constant.data, constant.op, constant.operands) == (9.0, None, ())
    (constant * x).backward()
    assert x.grad == 9.0  # as for 9·x: no gradient passes the detached square
    assert not constant.has_grad


def test_no_grad_computes_without_recording():
    x = Value(3.0)
    with no_grad():
        y = x * x
    assert (y.data, y.operands, y.constant) == (9.0, (), True)
    assert (x * x).operands == (x, x)  # and recording goes on afterwards


def test_no_grad_blocks_nest():
    x = Value(3.0)
    with no_grad():
        with no_grad():
            pass
        assert (x * x).constant  # the inner block's end is not the outer's
    assert not (x * x).constant


def test_no_grad_ends_with_an_exception_too():
    x = Value(3.0)
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert not (x * x).constant


def test_no_grad_holds_for_its_own_thread_only():
    x, elsewhere = Value(3.0), []
    with no_grad():
        thread = threading.Thread(target=lambda: elsewhere.append(x * x))
        thread.start()
        thread.join()
    assert elsewhere[0].operands == (x, x)


COPIES = [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))]
each_copy = pytest.mark.parametrize("duplicate", COPIES, ids=["copy", "deepcopy", "pickle"])


@each_copy
def test_a_copy_has_the_number_and_the_label_but_not_the_graph(duplicate):
    square = Value(3, "x") ** 2
    square.label = "v"
    twin = duplicate(square)
    assert twin is not square
    assert (twin.data, twin.label, twin.operands, twin.op) == (9.0, "v", (), None)


@each_copy
def test_a_copy_of_a_constant_is_a_constant(duplicate):
    assert duplicate(Value(3).detach()).constant


@pytest.mark.parametrize("duplicate", COPIES[1:], ids=["deepcopy", "pickle"])
def test_a_copied_list_shares_what_the_list_shared(duplicate):
    x, y = Value(1), Value(2)
    first, second, third = duplicate([x, y, x])
    assert first is third
    assert first is not second


# --- what is refused ---

@pytest.mark.parametrize(("data", "error", "sentence"), [
    ("3", TypeError, "A Value holds one number, not the str '3'."),
    ([1.0], TypeError, "A Value holds one number, not the list [1.0]."),
    (None, TypeError, "A Value holds one number, not the NoneType None."),
    (1j, TypeError, "A Value holds one number, not the complex 1j."),
    (math.nan, ValueError, "nan is not a number to compute with: a Value holds a finite number."),
    (-math.inf, ValueError, "-inf is not a number to compute with: a Value holds a finite number."),
    (10**400, OverflowError, "A Value holds a float, and the int given is larger than any."),
], ids=repr)  # fmt: skip
def test_data_that_is_no_finite_number_is_refused_wherever_it_is_given(data, error, sentence):
    x = Value(1.0)
    gives = [lambda: Value(data), lambda: setattr(x, "data", data)]
    for give in gives if data is None else [*gives, lambda: setattr(x, "grad", data)]:
        with pytest.raises(error) as caught:
            give()
        assert str(caught.value) == sentence
    assert (x.data, x.has_grad) == (1.0, False)


def test_a_gradient_may_be_cleared_with_none_as_in_pytorch():
    x = Value(3.0)
    (x * x).backward()
    x.grad = None
    assert (x.grad, x.has_grad) == (0.0, False)


@each_operation
@pytest.mark.parametrize("other", ["2", None, [2], 2j, math.nan, math.inf, 10**400], ids=lambda other: f"{other!r:.5}")
def test_arithmetic_with_what_is_no_finite_number_is_refused_on_either_side(operation, other):
    with pytest.raises((TypeError, ValueError, OverflowError)):
        operation(Value(3.0), other)
    with pytest.raises((TypeError, ValueError, OverflowError)):
        operation(other, Value(3.0))


def v(number, label):
    """A labelled Value: its name will stand in the sentence."""
    return Value(number, label)


def labelled(value, label):
    value.label = label
    return value


# Where a value does not exist: the operation, its numbers, the nearest labelled inputs, and what would be defined.
UNDEFINED = {
    "u/z": (lambda: labelled(v(3, "x") ** 2 * v(4, "y"), "u") / v(0, "z"),
            "u/z divides by zero: u = 36, z = 0. Neither u/z nor ∂(u/z)/∂z = -u/z² exists there. Any other z works."),
    "log(0)": (lambda: log(v(0, "x")),
               "log(x) is undefined: x = 0. Neither log(x) nor ∂(log(x))/∂x = 1/x exists there. Any x > 0 works."),
    "log(w-5)": (lambda: log(v(5, "w") - 5),
                 "log(v1) is undefined: v1 = 0 (from w = 5). Neither log(v1) nor ∂(log(v1))/∂v1 = 1/v1 exists there. "
                 "Any v1 > 0 works."),
    "half a surrogate pair": (lambda: log(v(5, "\ud800") - 5),
                              "log(v1) is undefined: v1 = 0 (from \ufffd = 5). Neither log(v1) nor ∂(log(v1))/∂v1 = 1/v1 "
                              "exists there. Any v1 > 0 works."),
    "0**-1": (lambda: v(0, "x") ** -1,
              "x⁻¹ is undefined: x = 0. Neither x⁻¹ nor ∂(x⁻¹)/∂x = -x⁻² exists there. Any other x works."),
    "(-8)**(1/3)": (lambda: v(-8, "x") ** (1 / 3),
                    "x**0.333333 is undefined: x = -8. Neither x**0.333333 nor ∂(x**0.333333)/∂x = 0.333333·x**-0.666667 "
                    "exists there. Any x >= 0 works."),
    "(-8)**p": (lambda: v(-8, "x") ** v(0.5, "p"),
                "x**p is undefined: x = -8, p = 0.5. Neither x**p nor ∂(x**p)/∂x = p·x**(p - 1) exists there. "
                "Any x > 0 works."),
    "sqrt(-1)": (lambda: v(-1, "x").sqrt(),
                 "sqrt(x) is undefined: x = -1. Neither sqrt(x) nor ∂(sqrt(x))/∂x = 1/(2·sqrt(x)) exists there. "
                 "Any x >= 0 works."),
    "log1p(-1)": (lambda: log1p(v(-1, "x")),
                  "log1p(x) is undefined: x = -1. Neither log1p(x) nor ∂(log1p(x))/∂x = 1/(1 + x) exists there. "
                  "Any x > -1 works."),
}  # fmt: skip


@pytest.mark.parametrize("name", UNDEFINED)
def test_undefined_arithmetic_raises_at_the_operation_and_explains_itself(name):
    compute, sentence = UNDEFINED[name]
    with pytest.raises(UndefinedError) as caught:
        compute()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("compute", "operation"), [
    (lambda: v(5, "x") / 0, "x/0 divides by zero"),
    (lambda: 0 ** v(-1, "k"), "0**k is undefined"),
    (lambda: log(0), "log(0)"),
    (lambda: engine.sqrt(-1.0), "sqrt(-1)"),
], ids=["x/0", "0**k", "log(0)", "sqrt(-1)"])  # fmt: skip
def test_plain_numbers_in_the_wrong_place_are_told_what_would_work_as_well(compute, operation):
    with pytest.raises(UndefinedError) as caught:
        compute()
    assert operation in str(caught.value)
    assert "works" in str(caught.value)


OVERFLOWS = {
    "add": lambda: v(1.7e308, "a") + 1.7e308,
    "sub": lambda: v(-1.7e308, "a") - 1.7e308,
    "mul": lambda: v(1e200, "a") * v(1e200, "b"),
    "div": lambda: v(1e200, "a") / 1e-200,
    "power": lambda: v(1e200, "a") ** 2,
    "pow": lambda: 2 ** v(1024, "a"),
    "exp": lambda: exp(v(710, "a")),
    "expm1": lambda: engine.expm1(v(710, "a")),
    "exp2": lambda: engine.exp2(v(1024, "a")),
    "sinh": lambda: engine.sinh(v(711, "a")),
    "cosh": lambda: engine.cosh(v(-711, "a")),
    "hypot": lambda: engine.hypot(v(1.7e308, "a"), 1.7e308),
    "fsum": lambda: fsum([v(1.7e308, "a"), 1.7e308]),
    "leaky_relu": lambda: leaky_relu(v(-1e308, "a"), negative_slope=100),
}


@pytest.mark.parametrize("name", OVERFLOWS)
def test_overflow_is_an_error_and_says_so(name):
    with pytest.raises(UndefinedError, match=r"overflows: a = .*, and the result is larger than 1\.8e\+308") as caught:
        OVERFLOWS[name]()
    assert caught.value.row.name == name


@pytest.mark.parametrize("row", TABLE.values(), ids=str)
def test_no_primitive_ever_gives_inf_or_nan_and_only_those_above_overflow(row):
    steep = row.bind(100.0) if row.parameter else row
    overflowed = False
    for operands in itertools.product((1.7e308, -1.7e308, 1e-308, -1e-308, 0.0, 1.0), repeat=row.arity or 2):
        try:
            assert math.isfinite(steep(*map(Value, operands)).data)
        except UndefinedError:
            overflowed = overflowed or all(x in domain for x, domain in zip(operands, row.domain))
    assert overflowed is (row.name in OVERFLOWS)
