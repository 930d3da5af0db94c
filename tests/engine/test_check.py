"""Finite differences: the check that shares no formula with the engine, and the attack on the check itself."""

import itertools
import math
import re

import pytest

from engine import (
    TABLE,
    GradientError,
    Value,
    count_operations,
    elu,
    exp,
    fsum,
    grad,
    gradcheck,
    log,
    numeric_derivative,
    parse,
    relu,
    sigmoid,
    sin,
    sqrt,
)
from engine.graph import topological_order

# --- slopes from values alone ---

@pytest.mark.parametrize(("f", "at", "eps", "kind", "slope"), [
    (lambda t: t**3, 1, 0.01, "central", 3.0001),  # 3 + eps²: the quiz's answer
    (lambda t: t**3, 1, 0.01, "forward", 3.0301),  # its distractor, from one side only
    (lambda t: t**3, 1, 0.01, "backward", 2.9701),
    (lambda t: t**3, 1, 0.1, "central", 3.01),
    (lambda s: s**2, 3, 2.0, "forward", 8),  # the secant from 3 to 5
    (lambda s: s**2, 3, 2.0, "central", 6),  # exact for a parabola, however wide
    (lambda s: 2 * s, 7, 1.0, "backward", 2),
    (lambda s: s**3, 5, 1e-5, "central", 75),
])  # fmt: skip
def test_a_slope_is_a_difference_of_values(f, at, eps, kind, slope):
    assert numeric_derivative(f, at, eps, kind) == pytest.approx(slope, abs=1e-8)


def test_the_default_is_a_narrow_central_difference():
    assert numeric_derivative(lambda t: t**3, 1) == pytest.approx(3, abs=1e-9)


@pytest.mark.parametrize(("kind", "order"), [("central", 2), ("forward", 1), ("backward", 1)])
def test_a_central_difference_is_better_by_an_order(kind, order):
    coarse, fine = (abs(numeric_derivative(lambda t: t**3, 1, eps, kind) - 3) for eps in (1e-2, 1e-3))
    assert coarse / fine == pytest.approx(10**order, rel=0.02)


def test_the_function_may_be_written_with_values():
    assert numeric_derivative(lambda t: sigmoid(Value(t)), 0.0) == pytest.approx(0.25, abs=1e-9)


@pytest.mark.parametrize("eps", [0, -1e-5, float("nan")])
def test_a_step_that_is_none_is_refused(eps):
    with pytest.raises(ValueError, match=rf"eps = {eps} is not a step: it must be greater than 0, such as 1e-5\."):
        numeric_derivative(lambda t: t, 1.0, eps)
    with pytest.raises(ValueError, match="is not a step"):
        gradcheck(lambda t: t * t, [1.0], eps=eps)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind = 'middle' must be one of central, forward, backward"):
        numeric_derivative(lambda t: t, 1.0, kind="middle")


# --- gradcheck ---

def test_gradcheck_returns_both_derivatives_of_each_input():
    x, y, z = compared = gradcheck(lambda x, y, z: x**2 * y / z, [3, 4, 2])
    assert [(c.name, c.exact) for c in compared] == [("x1", 12.0), ("x2", 4.5), ("x3", -9.0)]
    assert [c.numeric for c in compared] == pytest.approx([12, 4.5, -9], rel=1e-8)
    assert x.agrees and y.agrees and z.agrees


def test_gradcheck_takes_values_with_their_labels_or_an_output_already_computed():
    f = parse("x**2*y/z", x=3, y=4, z=2)
    inputs = list(f.inputs.values())
    before = [node.data for node in topological_order(f)]
    assert gradcheck(f, inputs)[0].name == "x"
    assert gradcheck(lambda x, y, z: x**2 * y / z, inputs)[2].name == "z"
    assert [node.data for node in topological_order(f)] == before  # looking changes nothing
    assert not any(node.has_grad for node in topological_order(f))


def test_an_inner_node_may_be_checked_too():
    f = parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)
    u, _ = f.operands
    assert gradcheck(f, [u])[0].exact == 0.5


def test_an_input_that_plays_no_part_has_derivative_0_both_ways():
    assert gradcheck(lambda x, y: x * x, [3.0, 5.0])[1][1:3] == (0.0, 0.0)


@pytest.mark.parametrize("f", [lambda x: 3.0, lambda x: "x"])
def test_a_function_that_gives_no_value_cannot_be_checked(f):
    with pytest.raises(TypeError, match="f must give a Value to be differentiated; it gave the"):
        gradcheck(f, [1.0])


def test_the_check_is_as_close_as_the_lecture_asks():
    """The largest relative error on a 2-3-2-1 network of sigmoids with the log loss is below 1e-6."""

    def loss(*w):
        a = [1.0, 2.0]
        rest = list(w)
        for size in (3, 2, 1):
            a = [sigmoid(fsum([rest.pop(0) * x for x in a])) for _ in range(size)]
        return -log(a[0])

    weights = [0.1 * (-1) ** i * (i % 5 + 1) for i in range(2 * 3 + 3 * 2 + 2)]
    errors = [abs(c.exact - c.numeric) / (abs(c.exact) + abs(c.numeric)) for c in gradcheck(loss, weights)]
    assert max(errors) < 1e-6


@pytest.mark.parametrize(("f", "at"), [
    (lambda x: log(x), 1e-7),  # the usual step would leave the domain
    (lambda x: sqrt(x), 1e-8),
    (lambda x: 1 / x, 1e-6),
    (lambda x: exp(x), 709.0),  # and here it would overflow a little later
    (lambda x: x**2, 1e150),
    (lambda x: x * 1e-300, 1.0),
    (lambda x: sin(1000 * x), 1.0),
    (lambda x: (x + 1e8) - 1e8, 1.0),  # cancellation: the difference knows less, and says so by `allowed`
])  # fmt: skip
def test_near_an_edge_or_at_a_scale_of_its_own_the_check_still_agrees(f, at):
    assert gradcheck(f, [at])[0].agrees


# --- the table, checked and attacked ---

def call(row, operands):
    return row(*operands) if row.arity else row(list(operands))


def at_kink(row, operands):
    return row.kink is not None and row.kink(*operands, *[row.default] * bool(row.parameter)) == 0


def smooth_points(row):
    """A few points at which a row has a derivative."""
    domains = row.bind(row.default).smooth if row.parameter else row.smooth
    for operands in itertools.product((-2.3, -0.4, 0.6, 1.7), repeat=row.arity or 2):
        if all(x in domain for x, domain in zip(operands, domains * 2)) and not at_kink(row, operands):
            yield operands


each_row = pytest.mark.parametrize("row", TABLE.values(), ids=str)
each_operand = pytest.mark.parametrize(
    ("row", "position"), [(row, i) for row in TABLE.values() for i in range(row.arity or 2)], ids=str
)


@each_row
def test_every_row_of_the_table_passes_the_check(row):
    points = list(smooth_points(row))
    assert points
    for operands in points:
        assert all(c.agrees for c in gradcheck(lambda *xs: call(row, xs), operands))


def spoilt(row, position, spoil):
    """The derivative rules of a row, one of them wrong. A row over any number of operands has one rule for them all."""
    rules = list(row.derivatives)
    if row.arity is None:
        honest = rules[0]
        rules[0] = lambda r, *xs: [spoil(d) if i == position else d for i, d in enumerate(honest(r, *xs))]
    else:
        honest = rules[position]
        rules[position] = lambda *operands: spoil(honest(*operands))
    return tuple(rules)


@each_operand
@pytest.mark.parametrize("spoil", [
    lambda d: d + 1e-3, lambda d: d * 1.0001 + 1e-5, lambda d: -d - 1e-3, lambda d: d + 1e-4,
], ids=["shifted", "scaled", "wrong sign", "shifted less"])  # fmt: skip
def test_a_corrupted_derivative_is_found_and_its_row_and_operand_are_named(row, position, spoil, monkeypatch):
    used = row.bind(row.default) if row.parameter else row
    monkeypatch.setattr(used, "derivatives", spoilt(used, position, spoil))
    with pytest.raises(GradientError) as caught:
        at = (1.3 if 1.3 in used.smooth[0] else 0.3, 0.6, 0.4)[: row.arity or 2]
        gradcheck(lambda *xs: 2.0 - 3.0 * call(row, xs) + 5.0 * xs[0], at)
    accused = rf"The derivative of {row.name} with respect to its operand {position + 1} is wrong: for v\d+ = "
    assert re.match(accused, str(caught.value))


def steep_points():
    """For each derivative of the table a point at which it is not 0; the rows that are flat everywhere have none."""
    for row in TABLE.values():
        points = [[Value(x) for x in operands] for operands in ((1.3, 0.6, 0.4), (0.6, 1.3, 0.4))]
        for position in range(row.arity or 2):
            for values in [point[: row.arity or 2] for point in points]:
                if values[0].data in row.smooth[0] and grad(call(row, values), values)[position]:
                    yield pytest.param(row, position, [x.data for x in values], id=f"{row}-{position}")
                    break


@pytest.mark.parametrize("factor", [1.001, 1.00001, 2.0, -1.0, 0.0])
@pytest.mark.parametrize(("row", "position", "at"), list(steep_points()))
def test_a_derivative_off_by_a_factor_is_found(row, position, at, factor, monkeypatch):
    used = row.bind(row.default) if row.parameter else row
    monkeypatch.setattr(used, "derivatives", spoilt(used, position, lambda d: factor * d))
    with pytest.raises(GradientError, match=f"The derivative of {row.name} with respect to its operand {position + 1} is wrong"):
        gradcheck(lambda *xs: 2.0 - 3.0 * call(row, xs), at)


def test_only_flat_derivatives_escape_a_factor():
    """And the last operand of where, whose slope is not 0 only where the condition stands on its jump."""
    tried = {case.id for case in steep_points()}
    every = {f"{row}-{i}" for row in TABLE.values() for i in range(row.arity or 2)}
    comparisons = [f"{name}-{i}" for name in ("greater", "greater_equal", "equal") for i in (0, 1)]
    assert every - tried == {"sign-0", "step-0", "where-0", "where-2", *comparisons}


def test_the_sentence_has_both_numbers(monkeypatch):
    row = TABLE["exp"]
    monkeypatch.setattr(row, "derivatives", (lambda r, x: 2.0 * r,))
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: exp(3 * x), [Value(0, "x")])
    assert str(caught.value) == (
        "The derivative of exp with respect to its operand 1 is wrong: for v2 = exp(v1) its rule gives ∂v2/∂v1 = 2, "
        "the central difference 1. For x the chain rule gives 6, the central difference of f 3."
    )


def test_the_numbers_in_the_sentence_have_nine_digits(monkeypatch):
    row = TABLE["exp"]
    monkeypatch.setattr(row, "derivatives", (lambda r, x: r / 3.0,))
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: exp(x / 7), [Value(0, "x")])
    assert "∂v2/∂v1 = 0.333333333, the central difference 1. " in str(caught.value)
    assert "the chain rule gives 0.0476190476, the central difference of f 0.142857143." in str(caught.value)


def test_a_function_that_is_not_the_same_each_time_is_suspected():
    slopes = itertools.chain([1.0], itertools.repeat(2.0))
    with pytest.raises(GradientError, match="Each operation by itself agrees: does f give the same result each time"):
        gradcheck(lambda x: x * next(slopes), [1.0])


# --- corners and jumps ---

KINKS = {
    "abs": (0.0,), "sign": (0.0,), "step": (0.0,), "relu": (0.0,), "leaky_relu": (0.0,), "maximum": (3.0, 3.0),
    "minimum": (3.0, 3.0), "greater": (3.0, 3.0), "greater_equal": (3.0, 3.0), "equal": (3.0, 3.0), "where": (0.0, 1.0, 2.0),
    "amax": (3.0, 3.0), "amin": (3.0, 3.0), "hypot": (0.0, 0.0), "atan2": (0.0, -1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_at_a_corner_or_a_jump_there_is_no_derivative_to_be_right_or_wrong(name):
    inputs = [Value(x, label) for x, label in zip(KINKS[name], "abc")]
    with pytest.raises(GradientError, match=r"not differentiable here, at a = .*: it has a corner or a jump\."):
        gradcheck(lambda *xs: call(TABLE[name], xs), inputs)


def test_every_row_with_a_corner_is_tried_above():
    assert {row.name for row in TABLE.values() if row.kink} == {*KINKS, "elu"}


def test_elu_has_a_corner_unless_alpha_is_1():
    assert gradcheck(lambda x: elu(x), [0.0])[0].exact == 1.0
    with pytest.raises(GradientError, match="not differentiable here"):
        gradcheck(lambda x: elu(x, alpha=2), [0.0])


def test_a_corner_deep_inside_is_named_at_its_own_operand():
    with pytest.raises(GradientError) as caught:
        gradcheck(lambda x: exp(relu(x * x - 9)), [Value(3, "x")])
    assert str(caught.value).startswith(
        "v3 = relu(v2) is not differentiable here, at v2 = 0: it has a corner or a jump. For x the chain rule gives 0,"
    )


@pytest.mark.parametrize(("f", "at"), [
    (lambda x: relu(relu(x)), [-2.0]),  # the outer relu stands at its corner, and is flat all the same
    (lambda x: abs(x) ** 2, [0.0]),
    (lambda x: TABLE["where"](TABLE["greater"](x, 0.0), 2 * x, 3 * x), [-5.0]),
    (lambda x, y: TABLE["maximum"](relu(x), relu(y)), [-2.0, -3.0]),  # max-pooling over dead units
])  # fmt: skip
def test_a_corner_that_the_output_does_not_feel_is_none(f, at):
    assert all(comparison.agrees for comparison in gradcheck(f, at))


def test_a_derivative_that_is_half_a_percent_wrong_is_found_however_the_difference_trembles(monkeypatch):
    row = TABLE["sin"]
    monkeypatch.setattr(row, "derivatives", (lambda r, x: 1.005 * math.cos(x),))
    with pytest.raises(GradientError, match="The derivative of sin"):
        gradcheck(lambda x: sin(1e4 * x), [1.0])


def test_a_wrong_rule_next_to_a_corner_is_still_a_wrong_rule(monkeypatch):
    row = TABLE["relu"]
    monkeypatch.setattr(row, "derivatives", (lambda r, x: 2.0 * (x > 0),))
    with pytest.raises(GradientError, match="The derivative of relu with respect to its operand 1 is wrong"):
        gradcheck(relu, [0.5])


# --- what it costs ---

def cost(f, *inputs):
    counted = count_operations(f(*map(Value, inputs)))
    return tuple(counted.forward), tuple(counted.backward)


@pytest.mark.parametrize(("f", "inputs", "forward", "backward"), [
    # additions, multiplications (and divisions), calls
    (lambda x, y: x + y, (1, 2), (1, 0, 0), (0, 0, 0)),  # both slopes are 1: nothing to do
    (lambda x, y: x * y, (1, 2), (0, 1, 0), (0, 2, 0)),  # the slopes are there already: multiply by each
    (lambda x: x * x, (3,), (0, 1, 0), (1, 2, 0)),  # and where two edges meet, add
    (lambda x: 2 * x, (3,), (0, 1, 0), (0, 1, 0)),  # no edge leads to a constant
    (lambda x: exp(x), (3,), (0, 0, 1), (0, 1, 0)),  # the slope of exp is its result
    (lambda x: sin(x), (3,), (0, 0, 1), (0, 1, 1)),  # the slope of sin is a call of cos
    (lambda x, y: x / y, (3, 2), (0, 1, 0), (0, 4, 0)),  # 1/y and -r/y, and a product with each
    (lambda x: -x, (3,), (0, 0, 0), (0, 0, 0)),  # signs are free
    (lambda x, y: fsum([x, y, x]), (3, 2), (2, 0, 0), (1, 0, 0)),
    (lambda x, y, z: x**2 * y / z, (3, 4, 2), (0, 3, 0), (0, 8, 0)),
])  # fmt: skip
def test_operations_are_counted(f, inputs, forward, backward):
    assert cost(f, *inputs) == (forward, backward)


def test_an_input_alone_costs_nothing():
    assert cost(lambda x: x, 3) == ((0, 0, 0), (0, 0, 0))


def test_finite_differences_need_an_evaluation_or_two_for_each_parameter_and_the_sweep_none():
    """The quiz: a network of 784-15-10 has P = 11 935 parameters. One sweep costs about two evaluations."""
    sizes = (784, 15, 10)
    a = [Value(0.5).detach() for _ in range(sizes[0])]
    for size in sizes[1:]:
        a = [sigmoid(sum((Value(0.01) * x for x in a), Value(0.0))) for _ in range(size)]
    counted = count_operations(sum((x - 1) ** 2 for x in a))
    assert (counted.parameters, counted.central, counted.one_sided) == (11_935, 23_870, 11_936)
    assert counted.backward.total < 2 * counted.forward.total
