"""Rules are one line with their algebra, and every rule has its tests: it fires, it refuses a near miss, and value and
gradient stay as they were. Then the lowering forms, against the definition in many digits.
"""

from typing import NamedTuple

import numpy as np
import pytest
from mpmath import mp, mpf
from oracles import DIGITS, ORACLES, slope

from engine import ops
from engine.compiler.differentiate import BACKWARD, differentiate
from engine.compiler.evaluate import apply_row, evaluate
from engine.compiler.instructions import Builder, reachable
from engine.compiler.lower import FORMS, lower
from engine.compiler.rules import RULES
from engine.compiler.verify import verify

EXAMPLES = 3
SHAPES = [(), (1,), (3,), (2, 3)]
PARAMETERS = 20


class Leaves(NamedTuple):
    """What the examples are made of: x and y of any form, z (1,) for each example, a matrix W."""

    b: object
    x: object
    y: object
    z: object
    W: object

    @property
    def s(self):
        return self.b.seed()

    @property
    def line(self):
        """x with an axis to sum over."""
        return self.x if self.x.shape else self.b.reshape(self.x, (1,))


def leaves(rules, forms):
    """Leaves of these (shape, batched) forms: inputs if batched, else parameters."""
    b = Builder(rules)
    made = [
        b.input(position, shape) if batched else b.parameter(position * 6 + np.arange(np.prod(shape, dtype=int)).reshape(shape))
        for position, (shape, batched) in enumerate(forms)
    ]
    return Leaves(b, *made, b.input(2, (1,)), b.parameter(12 + np.arange(6).reshape(2, 3)))


def places(x, shape=None):
    return np.arange(x.size).reshape(x.shape if shape is None else shape)


def squared(o):
    return o.b.elementwise(ops.power.bind(2.0), o.x)


def summed(o, x):
    return o.b.reduce(ops.fsum, x)


# For each rule: expressions in which it fires, and near misses that it must refuse.
EXPRESSIONS = {
    "f(2, 3) is a number": (
        [lambda o: o.b.constant(2.0) / 3.0, lambda o: ops.sin(o.b.constant(2.0))],
        [lambda o: 2.0 / o.x, lambda o: ops.sin(o.b.constant([2.0, 3.0])), lambda o: ops.exp(o.b.constant(1000.0))],
    ),
    "x·c = c·x": ([lambda o: o.x * 2.0], [lambda o: 2.0 * o.x, lambda o: o.x * o.b.constant([2.0]), lambda o: o.x * o.y]),
    "1·x = x": ([lambda o: 1.0 * o.x], [lambda o: o.b.constant(np.ones((4, 1, 1))) * o.x, lambda o: (1.0 + 2**-52) * o.x]),
    "-1·x = -x": ([lambda o: -1.0 * o.x], [lambda o: (-1.0 - 2**-52) * o.x, lambda o: o.b.constant([-1.0]) * o.x]),
    "x/1 = x": ([lambda o: o.x / 1.0], [lambda o: 1.0 / o.x, lambda o: o.x / o.b.constant(np.ones((4, 1, 1)))]),
    "x + 0 = 0 + x = x - 0 = x": (
        [lambda o: o.x + 0.0, lambda o: 0.0 + o.x, lambda o: o.x - 0.0],
        [lambda o: 0.0 - o.x, lambda o: o.x + 5e-324, lambda o: o.x + o.b.constant(np.zeros((4, 1, 1)))],
    ),
    "c·(d·x) = (c·d)·x": ([lambda o: 2.0 * (3.0 * o.x)], [lambda o: 2.0 * (o.x * o.y), lambda o: 2.0 * (3.0 + o.x)]),
    "x·(c·y) = (c·y)·x = c·(x·y)": (
        [lambda o: o.x * (2.0 * o.y), lambda o: (2.0 * o.y) * o.x, lambda o: (2.0 * o.x) * (3.0 * o.y)],
        [lambda o: o.x * (o.x * o.y), lambda o: o.x / (2.0 * o.y), lambda o: o.x * (o.b.constant([2.0]) * o.y)],
    ),
    "-(-x) = x": ([lambda o: ops.neg(-o.x)], [lambda o: -(o.x - o.y), lambda o: -o.x]),
    "-(c·x) = (-c)·x and c·(-x) = (-c)·x": (
        [lambda o: -(2.0 * o.x), lambda o: 2.0 * (-o.x)],
        [lambda o: -(o.x * o.y), lambda o: 2.0 * (o.x - o.y), lambda o: -(2.0 + o.x)],
    ),
    "(-x)·y = x·(-y) = -(x·y)": (
        [lambda o: (-o.x) * o.y, lambda o: o.x * (-o.y), lambda o: (-o.x) * (-o.y)],
        [lambda o: (-o.x) + o.y, lambda o: (o.x - o.y) * o.y],
    ),
    "(-x)/y = -(x/y)": ([lambda o: (-o.x) / o.y], [lambda o: o.x / (o.x - o.y), lambda o: (o.x - o.y) / o.y]),
    "x + (-y) = x - y, (-x) + y = y - x, x - (-y) = x + y": (
        [lambda o: o.x + (-o.y), lambda o: (-o.x) + o.y, lambda o: o.x - (-o.y)],
        [lambda o: (-o.x) - o.y, lambda o: o.x - o.y],
    ),
    "x + (-c)·y = x - c·y and (-c)·x + y = y - c·x, for c > 0": (
        [lambda o: o.x + -2.0 * o.y, lambda o: -2.0 * o.x + o.y],
        [lambda o: o.x + 2.0 * o.y, lambda o: o.x - -2.0 * o.y, lambda o: o.x + -2.0],
    ),
    "x + x = 2·x": ([lambda o: o.x + o.x], [lambda o: o.x + o.y, lambda o: o.x - o.x]),
    "x·s = s·x": ([lambda o: o.x * o.s], [lambda o: o.s * o.x, lambda o: o.s * o.s, lambda o: o.x + o.s]),
    "x·(s·y) = (s·y)·x = s·(x·y)": (
        [lambda o: o.x * (o.s * o.y), lambda o: (o.s * o.y) * o.x],
        [lambda o: o.x * (o.s * o.z), lambda o: o.z * (o.s * o.x), lambda o: o.s * (o.s * o.x), lambda o: o.x * (o.s + o.y)],
    ),
    "Σ(c·x) = c·Σx and Σ(-x) = -Σx": (
        [lambda o: o.b.total(2.0 * o.x), lambda o: summed(o, 2.0 * o.line), lambda o: o.b.total(-o.x),
         lambda o: summed(o, -o.line)],
        [lambda o: o.b.reduce(ops.logsumexp, 2.0 * o.line), lambda o: o.b.total(2.0 + o.x), lambda o: summed(o, o.line * o.z)],
    ),
    "total(Σx) = total(x)": (
        [lambda o: o.b.total(summed(o, o.line)), lambda o: o.b.total(o.b.reshape(o.x, (1, 1, o.x.size)))],
        [lambda o: o.b.total(o.b.reduce(ops.logsumexp, o.line)), lambda o: o.b.total(o.x)],
    ),
    "total(x·y) = x·y, the inner product; total(x²) = x·x": (
        [lambda o: o.b.total(o.x * o.y), lambda o: o.b.total(squared(o))],
        [lambda o: o.b.total(o.x * o.z), lambda o: o.b.total(o.b.elementwise(ops.power.bind(3.0), o.x)),
         lambda o: o.b.total(o.x * o.b.parameter(np.arange(3)))],
    ),
    "Σ over no axis = x": (
        [lambda o: o.b.sum_to(o.x, o.x.shape, o.x.batched), lambda o: summed(o, o.b.reshape(o.x, (*o.x.shape, 1)))],
        [lambda o: o.b.sum_to(o.x, (1,) * len(o.x.shape), o.x.batched), lambda o: o.b.sum_to(o.z, (1,), False),
         lambda o: o.b.reduce(ops.logsumexp, o.z), lambda o: summed(o, o.line)],
    ),
    "(Wᵀ)ᵀ = W": ([lambda o: o.b.transpose(o.b.transpose(o.W))], [lambda o: o.b.transpose(o.W)]),
    "entries of numbers, and their shape, are numbers": (
        [lambda o: o.b.take(o.b.constant(2.5), np.array([0, 0])), lambda o: o.b.reshape(o.b.constant([1.0, 2.0]), (2, 1))],
        [lambda o: o.b.take(o.x, np.array([0, 0])), lambda o: o.b.reshape(o.x, (1, 1, o.x.size))],
    ),
    "x[0, 1, 2, ...] = x": (
        [lambda o: o.b.take(o.x, places(o.x)), lambda o: o.b.take(o.x, places(o.x, (1, 1, o.x.size)))],
        [lambda o: o.b.take(o.x, places(o.x, (-1,))[::-1].copy()), lambda o: o.b.take(o.x, places(o.x, (-1,))[:2].copy()),
         lambda o: o.b.take(o.x, np.arange(o.x.size + 1) % o.x.size)],
    ),
    "x[i][j] = x[i[j]]": (
        [lambda o: o.b.take(o.b.take(o.x, np.array([[0, -1 % o.x.size]])), np.array([1, 1, 0])),
         lambda o: o.b.take(o.b.reshape(o.x, (1, 1, o.x.size)), np.array([[0, 0]]))],
        [lambda o: o.b.take(o.x * o.y, np.array([0, 0])), lambda o: o.b.take(o.b.transpose(o.W), np.array([1, 3]))],
    ),
    "a shape for the shape it has = x": (
        [lambda o: o.b.reshape(o.x, o.x.shape), lambda o: o.b.reshape(o.b.reshape(o.x, (1, 1, o.x.size)), (o.x.size, 1, 1))],
        [lambda o: o.b.reshape(o.x, (1, 1, o.x.size)), lambda o: o.b.reshape(o.b.transpose(o.W), (6,))],
    ),
    "a shape for c·x = c·(a shape for x), and so for -x and s·x": (
        [lambda o: o.b.reshape(2.5 * o.x, (1, 1, o.x.size)), lambda o: o.b.reshape(-o.x, (1, 1, o.x.size))],
        [lambda o: o.b.reshape(o.x * o.x, (1, 1, o.x.size)), lambda o: o.b.reshape(ops.exp(o.x), (1, 1, o.x.size))],
    ),
    "one part that fills everything in order = the part": (
        [lambda o: o.b.assemble(o.x.shape, [o.x], [places(o.x)]),
         lambda o: o.b.assemble((1, 1, o.x.size), [o.x], [places(o.x)])],
        [lambda o: o.b.assemble((o.x.size + 1,), [o.x], [places(o.x)]),
         lambda o: o.b.assemble((o.x.size,), [o.x], [o.x.size - 1 - places(o.x)]),
         lambda o: o.b.assemble(o.x.shape, [o.x, o.x], [places(o.x), places(o.x)])],
    ),
}  # fmt: skip
CASES = [(rule, make) for rule, both in EXPRESSIONS.items() for makes in both for make in makes]
FORMS_OF_LEAVES = [((a, p), (b, q)) for a in SHAPES for b in SHAPES for p in (True, False) for q in (True, False)]


def is_forward(x):
    """Whether a derivative may be asked of it: sums over the batch are made by the backward pass only."""
    return all(y.kind in BACKWARD or y.kind in ("seed",) for y in reachable([x]))


def cases(index):
    """The expressions that fire (0), or the near misses (1)."""
    table = [(rule, i, make) for rule, both in EXPRESSIONS.items() for i, make in enumerate(both[index])]
    return [pytest.param(rule, make, id=f"{rule} [{i}]") for rule, i, make in table]


def test_every_rule_has_its_line_in_this_table():
    assert list(EXPRESSIONS) == [algebra for algebra, _ in RULES]
    assert len(set(EXPRESSIONS)) == len(RULES)
    assert all(fires and misses for fires, misses in EXPRESSIONS.values())


@pytest.mark.parametrize(("rule", "make"), cases(0))
def test_a_rule_fires(rule, make):
    o = leaves(RULES, [((3,), True)] * 2)
    make(o)
    assert o.b.fired[rule]


@pytest.mark.parametrize(("rule", "make"), cases(1))
def test_a_rule_refuses_a_near_miss(rule, make):
    o = leaves(RULES, [((3,), True)] * 2)
    make(o)
    assert not o.b.fired[rule]


def test_no_rule_makes_more_operations():
    for _, make in CASES:
        plain, ruled = (reachable([make(leaves(rules, [((3,), True)] * 2))]) for rules in ([], RULES))
        assert sum(x.kind != "constant" for x in ruled) <= sum(x.kind != "constant" for x in plain)


def numbers(forms, seed=0):
    random = np.random.default_rng(seed)
    batch = [random.uniform(0.5, 2, (EXAMPLES, *shape)) * random.choice([-1, 1], (EXAMPLES, *shape)) for shape, _ in forms]
    return random.uniform(0.5, 2, PARAMETERS), [*batch, random.normal(size=(EXAMPLES, 1))], random.uniform(0.5, 2, EXAMPLES)


def value(x, forms):
    verify(reachable([x]), PARAMETERS)
    parameters, batch, seed = numbers(forms)
    result = dict(evaluate(reachable([x]), parameters, batch, seed))[x]
    assert result.shape == ((EXAMPLES, *x.shape) if x.batched else x.shape)
    return result


@pytest.mark.parametrize(("rule", "make"), [*cases(0), *cases(1)])
def test_rules_preserve_form_and_value(rule, make):
    for forms in FORMS_OF_LEAVES:
        plain, ruled = (make(leaves(rules, forms)) for rules in ([], RULES))
        assert (plain.shape, plain.batched) == (ruled.shape, ruled.batched), forms
        np.testing.assert_allclose(value(ruled, forms), value(plain, forms), rtol=1e-12, atol=1e-12, err_msg=str(forms))


def gradient(make, rules, forms):
    """The derivatives by all leaves of the result's entries, each with a weight of its own."""
    o = leaves(rules, forms)
    result = make(o)
    weight = o.b.constant(np.random.default_rng(1).uniform(0.5, 2, result.shape))
    adjoint = o.b.seed() * weight if result.batched else weight
    found = differentiate([(result, adjoint)], [o.x, o.y, o.z, o.W])
    return [value(found[x], forms) if x in found else np.zeros((EXAMPLES, *x.shape) if x.batched else x.shape)
            for x in (o.x, o.y, o.z, o.W)]  # fmt: skip


@pytest.mark.parametrize(("rule", "make"), [*cases(0), *cases(1)])
def test_rules_preserve_the_gradient(rule, make):
    if not is_forward(make(leaves([], [((3,), True)] * 2))):
        pytest.skip("made by the backward pass only")
    for forms in FORMS_OF_LEAVES:
        plain, ruled = (gradient(make, rules, forms) for rules in ([], RULES))
        for a, b in zip(plain, ruled):
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12, err_msg=str(forms))


@pytest.mark.parametrize(
    ("make", "x", "y"),
    [
        (lambda o: (1e200 * o.x) * (1e200 * o.y), 1e-201, 1e-201),
        (lambda o: 1e200 * (1e200 * o.x), 1e-300, 1.0),
        (lambda o: (1e-200 * o.x) * (1e-200 * o.y), 1e200, 1e200),
        (lambda o: 1e-200 * (1e-200 * o.x), 1e300, 1.0),
        (lambda o: -(1e308 * o.x), 1e-300, 1.0),
    ],
)
def test_numbers_are_put_together_only_where_the_product_is_a_float(make, x, y):
    def at(rules):
        result = make(leaves(rules, [((), True)] * 2))
        return dict(evaluate(reachable([result]), np.zeros(PARAMETERS), [np.array([x]), np.array([y]), np.zeros((1, 1))]))[result]

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(at(RULES), at([]), rtol=1e-12)


# --- lowering ---

EXTREMES = [s * x for x in (1e-300, 1e-8, 0.1, 0.3, 1.0, 2.5, 18.0, 36.0, 40.0, 88.0, 100.0, 350.0, 700.0, 710.0, 745.0, 1e6)
            for s in (1, -1)]  # fmt: skip


def lowered(row, dtype, *, derivative):
    """The numbers that the program computes for a row, or its slope, at all extremes."""
    b = Builder(RULES)
    x = b.input(0, ())
    end = b.elementwise(row, x)
    if derivative:
        end = b.slope(row, 0, end, (x,))
    order = reachable([end])
    found = lower(order)
    at = np.array([0.0, *EXTREMES], dtype=dtype)
    with np.errstate(all="ignore"):
        values = dict(evaluate(reachable([found[end]]), np.zeros(0, dtype), [at]))[found[end]]
        return at, values, apply_row(end, [at] if not derivative else [apply_row(end.operands[0], [at], np), at], np)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("derivative", [False, True], ids=["forward", "slope"])
@pytest.mark.parametrize("row", FORMS, ids=str)
def test_a_form_is_the_row_to_the_last_digits(row, derivative, dtype):
    at, got, by_the_table = lowered(row, dtype, derivative=derivative)
    assert got.dtype == dtype and np.isfinite(got).all()
    info = np.finfo(dtype)
    oracle = slope(ORACLES[row.name], 0) if derivative else ORACLES[row.name]
    for x, y, table in zip(at.tolist(), got.tolist(), by_the_table.tolist()):
        with mp.workdps(DIGITS):
            want = oracle(mpf(x))
            error, near = abs(mpf(y) - want), abs(want)
        if not (derivative and row.kink and x == 0):  # the slope at a corner is the table's
            assert error <= 8 * info.eps * near + 4 * info.tiny, (x, y, mp.nstr(want, 17))
        assert abs(y - table) <= 16 * info.eps * abs(table) + 8 * info.tiny, (x, y, table)


ROWS = [row for row in ops.TABLE.values() if row.arity == 1 and row not in (ops.power,)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_lowering_any_row_of_one_operand_changes_nothing(row, dtype):
    row = row.bind(row.default) if row.parameter else row
    info = np.finfo(dtype)
    for derivative in (False, True):
        at, got, table = lowered(row, dtype, derivative=derivative)
        inside = np.array([x in (row.smooth if derivative else row.domain)[0] for x in at.tolist()])
        got, table = np.broadcast_to(got, at.shape)[inside], np.broadcast_to(table, at.shape)[inside]
        assert not np.isnan(got[~np.isnan(table)]).any()
        finite = np.isfinite(table)
        np.testing.assert_array_equal(np.isfinite(got), finite)
        np.testing.assert_allclose(got[finite], table[finite], rtol=16 * info.eps, atol=8 * info.tiny)
