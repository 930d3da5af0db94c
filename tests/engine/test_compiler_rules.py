"""Rules are one line with their algebra, and every rule has its tests: it fires, it refuses a near miss, and value and
gradient stay as they were.
"""

from typing import NamedTuple

import numpy as np
import pytest

from engine import ops
from engine.compiler.differentiate import differentiate
from engine.compiler.evaluate import evaluate
from engine.compiler.nodes import LETTERS, SOFTMAX, Builder, reachable
from engine.compiler.rules import RULES
from engine.compiler.verify import verify

EXAMPLES = 3
SHAPES = [(), (1,), (3,), (2, 3)]
PARAMETERS = 18


class Leaves(NamedTuple):
    """What the examples are made of: x and y of any form; for each example z (1,), v (3,), v8 (8,) and a whole number i, 0 or 1;
    a matrix W (2, 3)."""

    b: object
    x: object
    y: object
    z: object
    v: object
    v8: object
    i: object
    W: object

    @property
    def s(self):
        return self.b.seed()

    @property
    def line(self):
        """x with an axis to sum over."""
        return self.x if self.x.entries else self.b.view(self.x, (1,))

    @property
    def square(self):
        return self.b.map(ops.power.bind(2.0), self.x)

    @property
    def WT(self):
        return self.b.transpose(self.W, (1, 0))

    def flat(self, x):
        """x in another shape: one axis, behind two of length 1."""
        return self.b.view(x, (1, 1, x.size))

    def over_row(self, row, x):
        return self.b.reduce(row, x)

    def row_sums(self, x):
        """Over the last axis, which is gone."""
        return self.b.contract(f"{word(x)}->{word(x)[:-1]}", x)

    def total(self, x):
        """Over all entries of all examples."""
        return self.b.contract(f"{word(x)}->", x)

    def both(self):
        """All entries of x, and then those of y, along one axis."""
        return self.b.side_by_side([self.b.view(operand, (operand.size,)) for operand in (self.x, self.y)])

    def by_hand(self, z):
        """exp(z)/Σ exp(z)."""
        return ops.exp(z) / self.over_row(ops.fsum, ops.exp(z))

    def masked(self, x):
        """x, and -inf in place of the last entry of each row, if there are several."""
        there = np.ones(x.entries)
        there[..., 1:] = np.arange(1, x.entries[-1]) < x.entries[-1] - 1
        return self.b.map(ops.where, self.b.constant(there), x, self.b.constant(-np.inf))

    def where(self, mask, x, c):
        """x where the mask is 1, else c."""
        return self.b.map(ops.where, self.b.constant(mask), x, self.b.lift(c))

    def returned(self):
        """Rows that were looked up in W, added where they had come from: W's adjoint."""
        return self.b.make("put", (self.b.choose(self.W, self.i), self.i), self.W.shape)


def word(x):
    """A letter for each axis."""
    return ("n" if x.batched else "") + LETTERS[: len(x.entries)]


def leaves(rules, forms):
    """Leaves of these (shape, batched) forms: inputs if batched, else parameters."""
    b = Builder(rules)
    made = [
        b.input(position, shape) if batched else b.parameter(position * 6 + np.arange(np.prod(shape, dtype=int)).reshape(shape))
        for position, (shape, batched) in enumerate(forms)
    ]
    others = [b.input(2, (1,)), b.input(3, (3,)), b.input(4, (8,)), b.input(5, ())]
    return Leaves(b, *made, *others, b.parameter(12 + np.arange(6).reshape(2, 3)))


def places(x):
    return np.arange(x.size).reshape(x.entries)


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
    "(x + y) + y = x + 2·y": (
        [lambda o: (o.x + o.y) + o.y, lambda o: (o.y + o.x) + o.y],
        [lambda o: (o.x + o.y) + o.z, lambda o: (o.x - o.y) + o.y, lambda o: o.b.map(ops.sub, o.x + o.y, o.y)],
    ),
    "(m ? x[i] : c) = (m ? x : c) where i takes every entry that m leaves in its place": (
        [lambda o: o.where([1, 1, 0], o.b.take(o.v, np.array([0, 1, 1])), 0.0),
         lambda o: o.where([0, 1, 1], ops.exp(2.0 * o.b.take(o.v, np.array([2, 1, 2]))), -5.0)],
        [lambda o: o.where([1, 1, 0], o.b.take(o.v, np.array([1, 0, 2])), 0.0), lambda o: o.where([1, 1, 0], o.v, 0.0),
         lambda o: o.where([1, 1, 0], o.b.take(o.v, np.array([0, 1, 1])), o.z),
         lambda o: o.where([1, 1, 0], o.b.take(o.v8, np.array([0, 1, 1])), 0.0),
         lambda o: o.where([1, 1, 0], o.b.take(o.v, np.array([0, 1, 1])) * o.z, 0.0),
         lambda o: o.where([1, 1, 1], o.b.take(o.v, np.array([0, 1, 1])), 0.0)],
    ),
    "(a ⊙ x) ⊙ m = a ⊙ x for a softmax that is 0 where m is": (
        [lambda o: (o.b.softmax(o.where([1, 0, 1], o.v, -np.inf)) * ops.sin(o.v)) * o.b.constant([1.0, 0.0, 1.0]),
         lambda o: (ops.sin(o.v) * o.b.softmax(o.where([1, 0, 1], o.v, -np.inf))) * o.b.constant([1.0, 0.0, 1.0])],
        [lambda o: (o.b.softmax(o.where([1, 0, 1], o.v, -np.inf)) * ops.sin(o.v)) * o.b.constant([1.0, 0.0, 0.0]),
         lambda o: (o.b.softmax(o.where([1, 0, 1], o.v, -np.inf)) * ops.sin(o.v)) * o.b.constant([2.0, 0.0, 2.0]),
         lambda o: (o.b.softmax(o.where([1, 0, 1], o.v, -5.0)) * ops.sin(o.v)) * o.b.constant([1.0, 0.0, 1.0]),
         lambda o: (o.b.softmax(o.v) * ops.sin(o.v)) * o.b.constant([1.0, 0.0, 1.0]),
         lambda o: (o.b.softmax(o.where([1, 0, 1], o.v, -np.inf)) + ops.sin(o.v)) * o.b.constant([1.0, 0.0, 1.0])],
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
        [lambda o: o.total(2.0 * o.x), lambda o: o.over_row(ops.fsum, 2.0 * o.line), lambda o: o.total(-o.x),
         lambda o: o.over_row(ops.fsum, -o.line)],
        [lambda o: o.over_row(ops.logsumexp, 2.0 * o.line), lambda o: o.total(2.0 + o.x),
         lambda o: o.over_row(ops.fsum, o.line * o.z), lambda o: o.b.contract("na->a", -o.v),
         lambda o: o.b.contract("nk,rk->nr", 2.0 * o.v, o.W)],
    ),
    "Σ_i Σ_k x[i, k] = Σ_ik x[i, k]": (
        [lambda o: o.total(o.row_sums(o.line)), lambda o: o.total(o.over_row(ops.fsum, o.line)),
         lambda o: o.total(o.b.contract(f"{word(o.line)},{word(o.line)}->{word(o.line)[:-1]}", o.line, ops.sin(o.line)))],
        [lambda o: o.total(o.over_row(ops.logsumexp, o.line)), lambda o: o.total(o.x),
         lambda o: o.total(o.b.contract("nk,rk->nr", o.v, o.W)),
         lambda o: o.b.contract("nr,r->n", o.b.contract("nk,rk->nr", o.v, o.W), o.b.constant([1.0, 2.0]))],
    ),
    "Σ x·y = x·y, the inner product; Σ x² = x·x": (
        [lambda o: o.total(o.x * o.y), lambda o: o.total(o.square)],
        [lambda o: o.total(o.x * o.z), lambda o: o.total(o.b.map(ops.power.bind(3.0), o.x)),
         lambda o: o.total(o.x * o.b.parameter(np.arange(3))), lambda o: o.row_sums(o.line * o.line),
         lambda o: o.total(o.x / o.y)],
    ),
    "Σ_k xᵀ[i, k]·y[k] = Σ_k x[k, i]·y[k]": (
        [lambda o: o.b.contract("nk,kr->nr", o.v, o.WT),
         lambda o: o.b.contract("nak,rak->nar", o.b.view(o.v, (1, 3)), o.b.view(o.W, (2, 1, 3))),
         lambda o: o.b.contract("nkr,rk->nr", o.b.stretch(o.b.view(o.v, (3, 1)), (0, 3, 2)), o.W)],
        [lambda o: o.b.contract("nrk->n", o.b.stretch(o.b.view(o.v, (1, 3)), (0, 2, 3))),
         lambda o: o.b.contract("nk,rk->nr", o.b.take(o.v, np.array([2, 1, 0])), o.W),
         lambda o: o.b.contract("nr,rk->nk", o.b.take(o.v, np.array([0, 1])), o.W),
         lambda o: o.b.contract("nka,rk->nra", o.b.view(o.v, (3, 1)), o.W),
         lambda o: o.b.contract("nk,rk->nr", ops.sin(o.v), o.W),
         lambda o: o.b.contract("nra,ka->nrk", o.b.view(o.v, (3, 1)), o.b.view(o.W, (6, 1)))],
    ),
    "Σ over all entries does not depend on their shape": (
        [lambda o: o.total(o.flat(o.x)), lambda o: o.total(o.b.view(o.W, (6,))), lambda o: o.b.contract("nabc->n", o.flat(o.v)),
         lambda o: o.b.contract("a,a->", *[o.b.view(o.W, (6,))] * 2)],
        [lambda o: o.total(o.x), lambda o: o.total(o.b.take(o.x, np.array([0, 0]))),
         lambda o: o.b.contract("ab->a", o.b.view(o.W, (3, 2))),
         lambda o: o.b.contract("a,a->", o.b.view(o.W, (6,)), o.b.parameter(np.arange(6)))],
    ),
    "exp(z - m)/Σ exp(z - m) = softmax(z), whatever m is subtracted from a whole row": (
        [lambda o: o.by_hand(o.line), lambda o: o.by_hand(o.line - o.over_row(ops.amax, o.line)),
         lambda o: o.by_hand(o.masked(o.line)), lambda o: o.by_hand(o.masked(o.line - o.z)),
         lambda o: o.by_hand(o.line - o.y),
         lambda o: o.b.softmax(o.line) / o.over_row(ops.fsum, o.b.softmax(o.line))],
        [lambda o: ops.exp(o.line) / o.over_row(ops.fsum, ops.exp(2.0 * o.line)),
         lambda o: ops.exp(o.line) / o.total(ops.exp(o.line)),
         lambda o: o.over_row(ops.fsum, ops.exp(o.line)) / ops.exp(o.line),
         lambda o: ops.exp(o.W) / o.b.contract("ab->b", ops.exp(o.W)),
         lambda o: ops.sigmoid(o.line) / o.over_row(ops.fsum, ops.sigmoid(o.line)),
         lambda o: ops.exp(o.line) / o.over_row(ops.amax, ops.exp(o.line))],
    ),
    "entries of numbers are numbers": (
        [lambda o: o.b.take(o.b.constant(2.5), np.array([0, 0])), lambda o: o.b.view(o.b.constant([1.0, 2.0]), (2, 1))],
        [lambda o: o.b.take(o.x, np.array([0, 0])), lambda o: o.flat(o.x), lambda o: o.b.choose(o.b.constant(np.eye(2)), o.i)],
    ),
    "x[0, 1, 2, ...] = x": (
        [lambda o: o.b.take(o.x, places(o.x))],
        [lambda o: o.b.take(o.x, np.arange(o.x.size)[::-1].copy()), lambda o: o.b.take(o.x, np.arange(o.x.size)[:2]),
         lambda o: o.flat(o.x), lambda o: o.b.take(o.x, np.arange(o.x.size + 1) % o.x.size), lambda o: o.b.choose(o.W, o.i)],
    ),
    "x[i][j] = x[i[j]]": (
        [lambda o: o.b.take(o.b.take(o.x, np.array([[0, -1 % o.x.size]])), np.array([1, 1, 0])),
         lambda o: o.b.take(o.flat(o.x), np.array([[0, 0]])), lambda o: o.b.take(o.WT, np.array([1, 3]))],
        [lambda o: o.b.take(o.x * o.y, np.array([0, 0])), lambda o: o.b.take(o.b.choose(o.W, o.i), np.array([2, 0])),
         lambda o: o.b.choose(o.WT, o.i)],
    ),
    "a shape for c·x = c·(a shape for x), and so for -x and s·x": (
        [lambda o: o.flat(2.5 * o.x), lambda o: o.flat(-o.x), lambda o: o.flat(o.s * o.x)],
        [lambda o: o.flat(o.x * o.x), lambda o: o.flat(ops.exp(o.x)), lambda o: o.b.take(2.5 * o.x, np.array([0])),
         lambda o: o.flat(o.s * o.b.parameter(np.arange(6)))],
    ),
    "entries of parts side by side are entries of the parts": (
        [lambda o: o.b.take(o.both(), np.arange(o.x.size)), lambda o: o.b.take(o.both(), o.x.size + np.arange(o.y.size)[::-1]),
         lambda o: o.b.take(o.both(), np.array([[0, 0]])),
         lambda o: o.b.take(o.b.put((3,), [o.z, o.z], [np.array([2]), np.array([0])]), np.array([0]))],
        [lambda o: o.b.take(o.both(), np.array([0, o.x.size])),
         lambda o: o.b.take(o.b.put((2,), [o.z], [np.array([1])]), np.array([0])),
         lambda o: o.b.take(o.b.put((2,), [o.z, o.z], [np.array([1]), np.array([1])]), np.array([1])),
         lambda o: o.b.take(o.b.put((2,), [o.b.take(o.x, np.array([0, 0]))], [np.array([1, 1])]), np.array([1])),
         lambda o: o.b.choose(o.b.put((2, 3), [o.b.view(o.W, (6,))], [np.arange(6)[::-1]]), o.i),
         lambda o: o.b.take(o.returned(), np.array([0, 1]))],
    ),
    "f(x[0:8, 12:16]) = f(x[0:8]) and f(x[12:16]) side by side": (
        [lambda o: ops.sin(o.b.take(o.v8, np.array([0, 1, 4, 5]))),
         lambda o: ops.exp(o.b.take(o.v8, np.array([6, 7, 0, 1, 2, 0, 1])))],
        [lambda o: ops.sin(o.b.take(o.v8, np.arange(2, 8))), lambda o: ops.sin(o.b.take(o.v8, np.array([0, 2, 4, 6]))),
         lambda o: ops.sin(o.b.take(o.v8, np.array([0, 1, 4]))), lambda o: ops.sin(o.b.take(o.v8, np.array([[0, 1], [5, 6]]))),
         lambda o: ops.sin(o.b.take(o.v8, np.array([0, 1] * 5))), lambda o: ops.sin(o.b.choose(o.W, o.i)),
         lambda o: o.b.take(o.v8, np.array([0, 1, 4, 5])) * o.z, lambda o: ops.sin(o.v8)],
    ),
    "one part that fills everything in order = the part": (
        [lambda o: o.b.put(o.x.entries, [o.x], [places(o.x)]), lambda o: o.b.put((1, 1, o.x.size), [o.x], [places(o.x)])],
        [lambda o: o.b.put((o.x.size + 1,), [o.x], [places(o.x)]), lambda o: o.b.put((3,), [o.v], [np.array([2, 1, 0])]),
         lambda o: o.b.put(o.x.entries, [o.x, o.x], [places(o.x), places(o.x)]), lambda o: o.returned()],
    ),
}  # fmt: skip
CASES = [(rule, make) for rule, both in EXPRESSIONS.items() for makes in both for make in makes]
FORMS_OF_LEAVES = [((a, p), (b, q)) for a in SHAPES for b in SHAPES for p in (True, False) for q in (True, False)]
USUAL = (((3,), True),) * 2
SOFTMAXES = "exp(z - m)/Σ exp(z - m) = softmax(z), whatever m is subtracted from a whole row"
RUNS = "f(x[0:8, 12:16]) = f(x[0:8]) and f(x[12:16]) side by side"  # more nodes, none of which gathers


def cases(index):
    """The expressions that fire (0), or the near misses (1)."""
    table = [(rule, i, make) for rule, both in EXPRESSIONS.items() for i, make in enumerate(both[index])]
    return [pytest.param(rule, make, id=f"{rule} [{i}]") for rule, i, make in table]


def forms_of(make):
    """The forms of x and y for which an expression is to be tested: the usual one of what it does not read."""
    o = leaves([], USUAL)
    read = reachable([make(o)])
    return [forms for forms in FORMS_OF_LEAVES
            if all(x in read or form == usual for x, form, usual in zip((o.x, o.y), forms, USUAL))]  # fmt: skip


def test_every_rule_has_its_line_in_this_table():
    assert list(EXPRESSIONS) == [algebra for algebra, _ in RULES]
    assert len(set(EXPRESSIONS)) == len(RULES)
    assert all(fires and misses for fires, misses in EXPRESSIONS.values())


@pytest.mark.parametrize(("rule", "make"), cases(0))
def test_a_rule_fires(rule, make):
    o = leaves(RULES, USUAL)
    make(o)
    assert o.b.fired[rule]


@pytest.mark.parametrize(("rule", "make"), cases(1))
def test_a_rule_refuses_a_near_miss(rule, make):
    o = leaves(RULES, USUAL)
    make(o)
    assert not o.b.fired[rule]


def test_no_rule_makes_more_operations():
    for rule, make in CASES:
        plain, ruled = (reachable([make(leaves(rules, USUAL))]) for rules in ([], RULES))
        if rule != RUNS:
            assert sum(x.kind != "constant" for x in ruled) <= sum(x.kind != "constant" for x in plain), rule


@pytest.mark.parametrize("make", EXPRESSIONS[RUNS][0])
def test_runs_are_read_without_a_gather(make):
    order = reachable([make(leaves(RULES, USUAL))])
    assert order[-1].kind == "put" and all(x.steps is not None for x in order if x.kind == "take")


@pytest.mark.parametrize("make", EXPRESSIONS[SOFTMAXES][0])
def test_a_softmax_is_one_node_without_what_is_the_same_for_its_row(make):
    order = reachable([make(leaves(RULES, USUAL))])
    assert order[-1].row is SOFTMAX and not any(x.row in (ops.amax, ops.exp, ops.div) for x in order)
    subtracted = [x for x in order if x.is_map(ops.sub)]
    assert all(operand.entries == (3,) for x in subtracted for operand in x.operands)


def numbers(forms, seed=0):
    random = np.random.default_rng(seed)
    shapes = [*(shape for shape, _ in forms), (1,), (3,), (8,)]
    batch = [random.uniform(0.5, 2, (EXAMPLES, *shape)) * random.choice([-1, 1], (EXAMPLES, *shape)) for shape in shapes]
    return random.uniform(0.5, 2, PARAMETERS), [*batch, np.array([1.0, 0.0, 1.0])], random.uniform(0.5, 2, EXAMPLES)


def value(x, forms):
    verify(reachable([x]), PARAMETERS)
    parameters, batch, seed = numbers(forms)
    result = dict(evaluate(reachable([x]), parameters, batch, seed))[x]
    assert result.shape == ((EXAMPLES, *x.entries) if x.batched else x.shape)
    return result


@pytest.mark.parametrize(("rule", "make"), [*cases(0), *cases(1)])
def test_rules_preserve_form_and_value(rule, make):
    for forms in forms_of(make):
        plain, ruled = (make(leaves(rules, forms)) for rules in ([], RULES))
        assert plain.shape == ruled.shape, forms
        np.testing.assert_allclose(value(ruled, forms), value(plain, forms), rtol=1e-12, atol=1e-12, err_msg=str(forms))


def gradient(make, rules, forms):
    """The derivatives by all leaves of the result's entries, each with a weight of its own."""
    o = leaves(rules, forms)
    result = make(o)
    weight = o.b.constant(np.random.default_rng(1).uniform(0.5, 2, result.entries))
    adjoint = o.b.seed() * weight if result.batched else weight
    by = [o.x, o.y, o.z, o.v, o.v8, o.W]
    found = differentiate([(result, adjoint)], by)
    return [value(found[x], forms) if x in found else np.zeros((EXAMPLES, *x.entries) if x.batched else x.shape) for x in by]


@pytest.mark.parametrize(("rule", "make"), [*cases(0), *cases(1)])
def test_rules_preserve_the_gradient(rule, make):
    for forms in forms_of(make):
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
        return dict(evaluate(reachable([result]), np.zeros(PARAMETERS), [np.array([x]), np.array([y])]))[result]

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(at(RULES), at([]), rtol=1e-12)
