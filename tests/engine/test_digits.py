"""Numbers one can trust: every primitive and every derivative, digit by digit, against mpmath.

The measure is 4 ulp x (1 + kappa). An ulp is the gap between neighbouring floats. kappa, the condition number, says by how
many ulp the true result moves when an operand moves by one: no computation can do better than that for certain.
"""

import math
from itertools import combinations_with_replacement

import pytest
from mpmath import mp, mpf
from oracles import CASES, CORNERS, DIGITS, ORACLES, TINY, is_smooth, named, points, slope

import engine
from engine import (
    TABLE,
    UndefinedError,
    Value,
    fsum,
    grad,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    softplus,
    sqrt,
    tanh,
)
from engine.graph import topological_order

LARGEST = float.fromhex("0x1.fffffffffffffp1023")
EPSILON = 2.0**-52

every_row = pytest.mark.parametrize("row", TABLE.values(), ids=str)
every_case = pytest.mark.parametrize(("row", "oracle"), CASES, ids=[repr(row) for row, _ in CASES])


def apply(row, operands):
    """The row of its operands; a row over any number of operands takes them as a list."""
    return row(*operands) if row.arity else row(list(operands))


def engine_value(row, at):
    """The row's value through Values; None where it refuses."""
    try:
        return apply(row, map(Value, at)).data
    except UndefinedError:
        return None


def engine_slope(row, at, position):
    """The row's derivative by one operand, the others being constants; None where the value or the sweep is refused."""
    operands = list(at)
    operands[position] = x = Value(at[position])
    try:
        apply(row, operands).backward()
    except UndefinedError:
        return None
    return x.grad


def disagreement(got, quantity, at):
    """What is wrong with `got` as quantity(*at), in words; "" if it is within 4 ulp x (1 + kappa)."""
    with mp.workdps(DIGITS):
        at = [mpf(x) for x in at]
        want = quantity(*at)
        shown = f"at {', '.join(mp.nstr(x, 17) for x in at)}: {got!r} instead of {mp.nstr(want, 17)}"
        if abs(want) > LARGEST or got is None:
            return "" if abs(want) > LARGEST and got is None else f"{shown} (None: refused)"
        ulp, off = math.ulp(float(want)), abs(got - want)
        if off <= 4 * ulp:  # nearly always; kappa is dear
            return ""
        # kappa·|want|; at operands below the least normal float, whose neighbours are no nearer, kappa of that float
        moves = sum(max(abs(x), TINY) * abs(slope(quantity, i)(*at)) for i, x in enumerate(at))
        allowed = 4 * (ulp + moves * (ulp / abs(want) if want else EPSILON))
        return "" if off <= allowed else f"{shown}, off by {mp.nstr(off / ulp, 3)} ulp, allowed {mp.nstr(allowed / ulp, 3)}"


# --- the table and its oracles ---

@every_row
def test_every_row_has_an_oracle(row):
    assert row.name in ORACLES, f"The row {row.name!r} has no oracle: define it in mpmath, in tests/engine/oracles.py."


@every_row
def test_every_row_with_a_kink_states_its_convention_there(row):
    corners = [at for at, static, _, _ in CORNERS.get(row.name, ()) if not row.kink or named(row, static)[0].kink(*at) == 0]
    assert corners or not row.kink, f"The row {row.name!r} has a kink: write its slopes there into CORNERS of oracles.py."


def test_every_oracle_belongs_to_a_row():
    assert set(ORACLES) | set(CORNERS) <= set(TABLE)


# --- values and first derivatives ---

@every_case
def test_the_value_has_every_digit_that_its_operands_have(row, oracle):
    wrong = [disagreement(engine_value(row, at), oracle, at) for at in points(row)]
    assert len(wrong) > 10
    assert not any(wrong), "\n".join(filter(None, wrong))


@every_case
def test_the_derivative_has_every_digit_that_its_operands_have(row, oracle):
    wrong = [
        disagreement(engine_slope(row, at, position), slope(oracle, position), at)
        for at in points(row)
        if is_smooth(row, at) and engine_value(row, at) is not None
        for position in range(len(at))
    ]
    assert len(wrong) > 10
    assert not any(wrong), "\n".join(filter(None, wrong))


@every_case
def test_plain_numbers_give_the_same_as_values(row, oracle):
    defined = [at for at in points(row) if engine_value(row, at) is not None]
    assert [apply(row, at) for at in defined] == [engine_value(row, at) for at in defined]


# --- corners, jumps and edges ---

@pytest.mark.parametrize(
    ("name", "at", "static", "value", "slopes"), [(name, *corner) for name in CORNERS for corner in CORNERS[name]]
)
def test_corners_follow_the_table_of_conventions(name, at, static, value, slopes):
    row, _ = named(TABLE[name], static)
    assert engine_value(row, at) == value
    assert tuple(engine_slope(row, at, position) for position in range(len(at))) == slopes


def test_the_corner_of_the_hinge_loss_is_flat():
    score = Value(1.0)
    relu(1 - score).backward()
    assert score.grad == 0


@pytest.mark.parametrize(
    ("f", "at", "operation"),
    [
        (sqrt, (0.0,), "sqrt"),
        (lambda x: x**0.5, (0.0,), "x**0.5"),
        (lambda x, y: x**y, (0.0, 0.5), "x**y"),
        (lambda x, y: x**y, (0.0, 0.0), "x**y"),
        (lambda x, y: x**y, (-2.0, 2.0), "x**y"),
        (lambda y: (-2) ** y, (3.0,), "x"),
    ],
)
def test_where_only_the_derivative_is_missing_forward_works_and_the_sweep_refuses_and_changes_nothing(f, at, operation):
    operands = [Value(number, label) for number, label in zip(at, "xy"[: len(at)], strict=True)]
    bystander = Value(5.0, "w")
    inner = f(*operands)
    output = inner * bystander
    nodes = [output, inner, bystander, *operands]
    operands[0].grad, inner.grad = 7.0, 8.0
    before = [(node.has_grad, node.grad) for node in nodes]
    with pytest.raises(UndefinedError) as refusal:
        output.backward()
    assert operation in str(refusal.value)
    assert [(node.has_grad, node.grad) for node in nodes] == before


# --- saturation: the named cases ---

@pytest.mark.parametrize(
    ("f", "x", "slope_there"),
    [
        (sigmoid, 40.0, 4.248354255291589e-18),
        (sigmoid, -40.0, 4.248354255291589e-18),
        (sigmoid, 700.0, 9.859676543759770e-305),
        (tanh, 20.0, 1.699341702116635e-17),
        (tanh, -20.0, 1.699341702116635e-17),
        (softplus, -40.0, 4.248354255291589e-18),
    ],
)
def test_a_saturated_slope_is_small_and_not_zero(f, x, slope_there):
    x = Value(x)
    f(x).backward()
    assert x.grad == pytest.approx(slope_there, rel=1e-13, abs=0)


@pytest.mark.parametrize("size", [1000.0, 1e308])
def test_saturated_functions_survive_any_size(size):
    assert [(f(size), f(-size)) for f in (sigmoid, tanh, softplus)] == [(1, 0), (1, -1), (size, 0)]
    assert logsumexp([size, -size, 0.0]) == size
    assert logsumexp([-size, -size]) == pytest.approx(-size + math.log(2), rel=EPSILON)
    for f in (sigmoid, tanh, softplus):
        high, low = Value(size), Value(-size)
        (f(high) + f(low)).backward()
        assert (high.grad, low.grad) == (1.0 if f is softplus else 0.0, 0.0)


def test_logsumexp_keeps_its_digits_near_zero():
    assert logsumexp([0.0, -40.0]) == pytest.approx(4.248354255291589e-18, rel=1e-15, abs=0)  # log(1 + 4e-18) would be 0


@pytest.mark.parametrize("size", [0.0, 1.0, 1000.0, 1e16, 1e308])
def test_equal_logits_share_the_probability_at_any_size(size):
    logits = [Value(size), Value(size)]
    logsumexp(logits).backward()
    assert [x.grad for x in logits] == pytest.approx([0.5, 0.5], abs=1e-12)
    assert [p.data for p in softmax(logits)] == pytest.approx([0.5, 0.5], abs=1e-12)


# --- sums whose terms cancel: within 4 ulp of the largest term ---

TERMS = [[1.0, 1e-16, -1.0], [1e16, 1.0, -1e16], [0.1, 0.2, -0.3], [1e300, -1e300, 1e-300], [1 / 3, -1.0, 2 / 3]]


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("total", [fsum, sum], ids=["fsum", "sum"])
def test_a_cancelling_sum_is_right_to_the_last_place_of_its_largest_term(terms, total):
    assert abs(total([Value(t) for t in terms]).data - math.fsum(terms)) <= 4 * math.ulp(max(map(abs, terms)))


@pytest.mark.parametrize("terms", TERMS)
def test_a_gradient_of_cancelling_paths_is_right_to_the_last_place_of_its_largest_path(terms):
    x = Value(1.0)
    sum(t * x for t in terms).backward()
    assert abs(x.grad - math.fsum(terms)) <= 4 * math.ulp(max(map(abs, terms)))


def test_fsum_rounds_once():
    assert fsum([Value(1e16), Value(1.0), Value(-1e16)]).data == 1.0


@pytest.mark.parametrize("logits", [[1.0, 2.0, 3.0], [0.0, -40.0], [1000.0, 999.0, 0.0], [-3e5, -3e5, -3e5 + 1]])
def test_log_softmax_is_right_to_the_last_place_of_its_largest_logit(logits):
    with mp.workdps(DIGITS):
        total = ORACLES["logsumexp"](*map(mpf, logits))
        exact = [mpf(x) - total for x in logits]
    ulp = math.ulp(max(map(abs, logits)))
    assert all(abs(got.data - want) <= 4 * ulp for got, want in zip(log_softmax(map(Value, logits)), exact, strict=True))


def test_log_softmax_keeps_the_digits_of_a_probability_that_is_nearly_1():
    sure, other = Value(40.0), Value(0.0)
    loss = -log_softmax([sure, other])[0]
    loss.backward()
    share = float(mp.e**-40 / (1 + mp.e**-40))
    assert loss.data == pytest.approx(float(mp.log(1 + mp.e**-40)), rel=1e-15)
    assert (sure.grad, other.grad) == pytest.approx((-share, share), rel=1e-14)


NEARLY_SURE = [[40.0, 0.0], [36.0, 0.0, 0.0], [5.0, -30.0, -31.0], [745.0, 0.0, 1.0], [40.0, 39.0, -3.0], [0.0, -1e-9, -700.0]]


@pytest.mark.parametrize("logits", NEARLY_SURE)
def test_log_softmax_has_every_digit_and_its_slopes_are_right_to_1e_15(logits):
    for i in range(len(logits)):
        inputs = [Value(x) for x in logits]
        result = log_softmax(inputs)[i]
        assert not disagreement(result.data, lambda *xs, i=i: xs[i] - ORACLES["logsumexp"](*xs), logits)
        result.backward()
        with mp.workdps(DIGITS):
            total = ORACLES["logsumexp"](*map(mpf, logits))
            want = [(k == i) - mp.exp(mpf(x) - total) for k, x in enumerate(logits)]
        assert [x.grad for x in inputs] == pytest.approx([float(slope) for slope in want], rel=0, abs=1e-15)


def test_the_nodes_of_log_softmax_grow_with_the_number_of_values_and_no_faster():
    def nodes(count):
        return len(topological_order(fsum(log_softmax([Value(0.1 * i) for i in range(count)]))))

    assert [nodes(count) for count in (10, 50, 300)] == [3 * count + 3 for count in (10, 50, 300)]


def test_a_compiled_log_softmax_has_as_many_operations_for_any_number_of_classes_and_keeps_its_digits():
    lengths = set()
    for classes in (10, 50):
        batch = [[40.0] + [0.0] * (classes - 1), [0.1 * i for i in range(classes)]]
        program = engine.compile(lambda x: log_softmax(x)[0]).trace(batch)
        program.value_and_grad(batch)
        lengths.add(len(program.source.splitlines()))
        assert program(batch)[0] == pytest.approx(-(classes - 1) * math.exp(-40), rel=1e-14, abs=0)
    assert len(lengths) == 1


# --- derivatives of derivatives ---

PLACES = {
    1: [(x,) for x in (-40.0, -20.0, -3.3, -0.4, 0.0, 0.3, 1.0, 2.5, 20.0)],
    2: [(0.4, 1.3), (2.5, -1.7), (-1.5, 0.6), (3.0, 3.0), (1.0, 0.0)],
    3: [(1.0, -2.0, 3.0), (-1.0, 4.0, 0.5)],
    None: [(0.0, 0.0), (0.3, -1.2, 2.0), (5.0, -20.0)],
}


ONCE_ONLY = {"softsign": (0.0,)}  # where there is a derivative, but that has a corner

@every_case
def test_derivatives_to_the_fourth_order_agree_with_mpmath(row, oracle):
    compared = 0
    for at in PLACES[row.arity]:
        if not is_smooth(row, at) or at == ONCE_ONLY.get(row.name):
            continue
        operands = [Value(x) for x in at]
        derivatives = {(): apply(row, operands)}
        largest = 0.0  # a higher derivative may be a sum of cancelling terms, which are of the size of the lower ones
        for order in range(1, 5):
            slack = 4 * math.ulp(largest) + TINY
            for which in combinations_with_replacement(range(len(at)), order):
                derivatives[which] = grad(derivatives[which[:-1]], operands[which[-1]], create_graph=True)
                with mp.workdps(300 if max(map(abs, at)) > 5 else 160):  # erf(20) begins with 175 nines
                    want = mp.diff(oracle, at, tuple(which.count(i) for i in range(len(at))))
                assert derivatives[which].data == pytest.approx(float(want), rel=1e-9, abs=slack), (at, which)
                largest = max(largest, abs(float(want)))
                compared += 1
    assert compared >= 4


CANCELS = {"sigmoid"}  # σ'' is σ'(1 - 2σ): near 0 the right digits are those of its terms, not its own
UNARY = [(row, oracle) for row, oracle in CASES if row.arity == 1 and row.name not in CANCELS]


@pytest.mark.parametrize(("row", "oracle"), UNARY, ids=[repr(row) for row, _ in UNARY])
def test_the_second_derivative_has_every_digit_that_the_operand_has(row, oracle):
    wrong = []
    for at in points(row):
        if not is_smooth(row, at) or TINY > abs(at[0]) > 0 or engine_slope(row, at, 0) is None:
            continue
        x = Value(at[0])
        try:
            got = grad(grad(row(x), x, create_graph=True), x)
        except UndefinedError:
            got = None
        if at != ONCE_ONLY.get(row.name):
            wrong.append(disagreement(got, slope(slope(oracle, 0), 0), at))
    assert len(wrong) > 10
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_the_third_derivative_of_sigmoid_at_0_is_minus_an_eighth():
    x = Value(0.0)
    derivative = sigmoid(x)
    for _ in range(3):
        derivative = grad(derivative, x, create_graph=True)
    assert derivative.data == -0.125
