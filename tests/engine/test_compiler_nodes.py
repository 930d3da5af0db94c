"""What the nodes mean, and how they are differentiated: against loops over single numbers, central differences and Values.

Everything else is compared with `evaluate`, so here its oracles are plain Python.
"""

import math
from collections import defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine
from engine import Value, ops
from engine.compiler.differentiate import BACKWARD, differentiate
from engine.compiler.evaluate import VALUE, evaluate
from engine.compiler.nodes import BATCH, Builder, reachable, substituted
from engine.compiler.rules import RULES
from engine.compiler.verify import COMPLAINTS, verify
from engine.compiler.writing.lower import lower

stable = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
random = np.random.default_rng(0)
EXAMPLES = 3
WHOLE = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])


def leaves(rules=()):
    """A builder with inputs x (2, 3), v (3,), z () and whole numbers i (2,); a matrix W (2, 3) and a vector b (2,)."""
    b = Builder(rules)
    inputs = [b.input(position, shape) for position, shape in enumerate([(2, 3), (3,), (), (2,)])]
    return b, *inputs, b.parameter(np.arange(6).reshape(2, 3)), b.parameter(6 + np.arange(2))


def given_numbers():
    batch = [random.uniform(0.5, 2, (EXAMPLES, *shape)) for shape in [(2, 3), (3,), ()]]
    return random.uniform(0.5, 2, 8), [*batch, WHOLE], random.uniform(0.5, 2, EXAMPLES)


def value(x, numbers):
    order = reachable([x])
    verify(order, 8)
    return dict(evaluate(order, *numbers))[x]


# --- meaning ---


def contracted(spec, *arrays):
    """Products of entries, added up one by one."""
    *words, result = spec.replace("->", ",").split(",")
    lengths = {c: d for word, x in zip(words, arrays) for c, d in zip(word, x.shape)}
    found = np.zeros([lengths[c] for c in result])
    for places in product(*map(range, lengths.values())):
        at = dict(zip(lengths, places))
        found[tuple(at[c] for c in result)] += math.prod(float(x[tuple(at[c] for c in w)]) for w, x in zip(words, arrays))
    return found


@pytest.mark.parametrize("rules", [[], RULES], ids=["as written", "simplified"])
@pytest.mark.parametrize(
    ("spec", "read"),
    [("nk,rk->nr", "vW"), ("rk,nk->nr", "Wv"), ("nck,rk->ncr", "xW"), ("nbc,nac->nab", "xx"), ("nk,nc->kc", "vv"),
     ("nr,nrk->nk", "ix"),
     ("nab->na", "x"), ("nab->b", "x"), ("nab->", "x"), ("n->", "z"), ("n,nk->nk", "zv"), ("n,nk->k", "zv"), ("nk,r->nr", "vb"),
     ("rk,r->k", "Wb"), ("nab->nba", "x"), ("rk,ck->rc", "WW"), ("nk,nk->n", "vv"), ("r,nk->nrk", "bv"),
     ("nrk,r->n", "xb")],
)  # fmt: skip
def test_a_contraction_is_a_sum_of_products(spec, read, rules):
    b, x, v, z, i, W, bias = leaves(rules)
    nodes, numbers = {"x": x, "v": v, "z": z, "i": i, "W": W, "b": bias}, given_numbers()
    arrays = [value(nodes[letter], numbers) for letter in read]
    got = value(b.contract(spec, *(nodes[letter] for letter in read)), numbers)
    np.testing.assert_allclose(got, contracted(spec, *arrays), rtol=1e-13)


def test_a_row_is_applied_to_each_entry_and_the_batch_stays_in_front():
    b, x, v, z, _, W, bias = leaves()
    numbers = given_numbers()
    theta, (xs, vs, zs, _), _ = numbers
    two = b.constant(2.0)
    for example in range(EXAMPLES):
        known = {x: xs[example], v: vs[example], z: zs[example], W: theta[:6].reshape(2, 3), bias: theta[6:], two: 2.0}
        for left, right in [(x, v), (v, z), (z, v), (x, W), (z, W), (z, bias), (v, two)]:
            got = value(ops.sub(left, right), numbers)[example]
            np.testing.assert_array_equal(got, np.subtract(known[left], known[right]))


@pytest.mark.parametrize("row", [ops.fsum, ops.logsumexp, ops.amax, ops.amin], ids=str)
def test_a_reduction_is_the_row_of_a_whole_line(row):
    b, x, *_ = leaves()
    numbers = given_numbers()
    want = [[[row.evaluate(*line)] for line in example] for example in numbers[1][0].tolist()]
    np.testing.assert_allclose(value(b.reduce(row, x), numbers), want, rtol=1e-14)


def test_softmax_is_shares_of_a_line():
    b, x, *_ = leaves()
    numbers = given_numbers()
    numbers[1][0][0] += 1000.0  # the largest is subtracted
    for got, line in zip(value(b.softmax(x), numbers).reshape(-1, 3), numbers[1][0].reshape(-1, 3).tolist()):
        shares = [math.exp(number - line[0]) for number in line]
        np.testing.assert_allclose(got, np.divide(shares, math.fsum(shares)), rtol=1e-12)


def test_take_and_put_move_entries():
    b, x, v, _, i, W, _ = leaves()
    numbers = given_numbers()
    theta, (xs, vs, _, _), _ = numbers
    index = np.array([[5, 0], [0, 2]])
    for example in range(EXAMPLES):
        flat = xs[example].ravel().tolist()
        assert value(b.take(x, index), numbers)[example].tolist() == [[flat[place] for place in line] for line in index.tolist()]
        put = [0.0] * 7
        for part, where in ((flat, [6, 0, 0, 3, 3, 3]), (vs[example].tolist(), [0, 1, 6])):
            for number, place in zip(part, where):
                put[place] += number
        node = b.put((7,), [x, v], [np.array([[6, 0, 0], [3, 3, 3]]), np.array([0, 1, 6])])
        np.testing.assert_allclose(value(node, numbers)[example], put, rtol=1e-15)
        rows = [theta[:6].reshape(2, 3)[int(place)].tolist() for place in WHOLE[example]]
        assert value(b.choose(W, i), numbers)[example].tolist() == rows


def test_rows_return_to_the_rows_of_the_table():
    b, x, _, _, i, W, _ = leaves()
    numbers = given_numbers()
    want = np.zeros((2, 3))
    for rows, places in zip(numbers[1][0], WHOLE.astype(int)):
        for row, place in zip(rows, places):
            want[place] += row
    np.testing.assert_allclose(value(b.make("put", (x, i), W.shape), numbers), want, rtol=1e-15)


# --- the builder ---


def test_equal_nodes_are_one_and_others_are_not():
    b, x, v, _, _, W, _ = leaves()
    assert b.contract("nk,rk->nr", v, W) is b.contract("nb,ab->na", v, W)
    assert b.take(x, np.array([0, 1])) is b.take(x, np.array([0, 1]))
    apart = [
        b.take(x, np.array([0, 1])), b.take(x, np.array([[0, 1]])), b.constant(0.0), b.constant(-0.0), b.constant([0.0]),
        b.contract("nk,rk->nr", v, W), b.contract("nk,rj->nr", v, W), ops.exp(x), ops.sin(x), b.slope(ops.sin, 0, x, [x]),
    ]  # fmt: skip
    assert len(set(apart)) == len(apart)


def test_a_contraction_is_what_cannot_be_said_otherwise():
    b, x, v, _, _, W, bias = leaves()
    assert b.contract("nk,rk->nr", v, W).spec == "na,ba->nb"
    assert b.contract("nk,n->nk", v, b.seed()).is_map(ops.mul)  # nothing is summed
    assert b.contract("nab->nba", x).kind == "take"  # nor here
    early = b.contract("nk,rk->r", v, W)  # over the batch before the product
    assert [y.shape for y in early.operands] == [(3,), (2, 3)]
    assert b.contract("nab,r->nr", x, bias).is_map(ops.mul)


def test_what_depends_on_a_node_is_made_again_and_nothing_else():
    b, x, v, *_ = leaves()
    other = b.input(4, (2, 3))
    beside, end = ops.exp(v), ops.exp(ops.sin(x))
    new = substituted([beside, end, x], lambda y: other if y is x else None)
    assert new == [beside, ops.exp(ops.sin(other)), other]
    assert reachable([end, beside]) == sorted({x, v, beside, end, ops.sin(x)}, key=lambda y: y.serial)


# --- derivatives ---


def test_every_kind_of_node_has_its_meaning_and_its_derivative():
    assert VALUE.keys() == COMPLAINTS.keys() - {"hole"}
    assert BACKWARD.keys() == COMPLAINTS.keys() - {"hole", "loop"}  # what arrives at the parts of a loop is treated at once
    assert {make(*leaves()).kind for make in EXPRESSIONS} == {"map", "contract", "reduce", "take", "put"}


EXPRESSIONS = [
    lambda b, x, v, z, i, W, c: x * v + z,
    lambda b, x, v, z, i, W, c: ops.tanh(ops.sub(z, W)),
    lambda b, x, v, z, i, W, c: b.contract("nk,rk->nr", v, W),
    lambda b, x, v, z, i, W, c: b.contract("nbc,nac->nab", x, x),
    lambda b, x, v, z, i, W, c: b.contract("nab->b", x),
    lambda b, x, v, z, i, W, c: b.contract("nk,rk->nkr", v, W) * z,
    lambda b, x, v, z, i, W, c: b.contract("ab,b->a", W, b.contract("nab->b", x)),
    lambda b, x, v, z, i, W, c: b.contract("rk,r->k", W, c),
    lambda b, x, v, z, i, W, c: b.reduce(ops.fsum, x) * b.reduce(ops.logsumexp, W),
    lambda b, x, v, z, i, W, c: b.reduce(ops.amax, x * v),
    lambda b, x, v, z, i, W, c: b.softmax(x * v),
    lambda b, x, v, z, i, W, c: b.reduce(ops.amin, b.view(z, (1,)) * v),
    lambda b, x, v, z, i, W, c: b.take(x * v, np.array([[0, 5], [5, 2]])),
    lambda b, x, v, z, i, W, c: b.take(W, np.array([0, 0, 4])) * v,
    lambda b, x, v, z, i, W, c: b.view(ops.exp(x), (3, 2)),
    lambda b, x, v, z, i, W, c: b.transpose(x, (0, 2, 1)),
    lambda b, x, v, z, i, W, c: b.choose(ops.sin(W), i) * x,
    lambda b, x, v, z, i, W, c: b.choose(W, b.take(i, np.array([1, 1, 0]))),
    lambda b, x, v, z, i, W, c: b.put((7,), [x, v], [np.array([[6, 0, 0], [3, 3, 3]]), np.array([0, 1, 6])]),
    lambda b, x, v, z, i, W, c: b.put((4,), [v, c], [np.array([0, 1, 2]), np.array([2, 3])]),
]  # fmt: skip


@pytest.mark.parametrize("rules", [[], RULES], ids=["as written", "simplified"])
@pytest.mark.parametrize("number", range(len(EXPRESSIONS)))
def test_derivatives_are_central_differences(number, rules):
    """Of the sum of all entries, each with a weight; a step of 1e-5 leaves an error of about 1e-10."""
    nodes = b, x, v, z, _, W, bias = leaves(rules)
    end, numbers = EXPRESSIONS[number](*nodes), given_numbers()
    weight = b.constant(random.uniform(0.5, 2, end.entries))
    adjoints = differentiate([(end, b.seed() * weight if end.batched else weight)], [x, v, z, W, bias])
    examples = numbers[2].reshape(-1, *[1] * len(end.entries)) if end.batched else 1.0

    def cost():
        return float(np.sum(value(end, numbers) * examples * value(weight, numbers)))

    theta, (xs, vs, zs, _), _ = numbers
    for leaf, array in ((x, xs), (v, vs), (z, zs), (W, theta[:6]), (bias, theta[6:])):
        slopes = np.empty(array.size)
        flat = array.reshape(-1)  # a view: what is written here is read by cost()
        for place, number in enumerate(flat.tolist()):
            flat[place] = number + 1e-5
            above = cost()
            flat[place] = number - 1e-5
            slopes[place] = (above - cost()) / 2e-5
            flat[place] = number
        got = value(adjoints[leaf], numbers).ravel() if leaf in adjoints else np.zeros(array.size)
        np.testing.assert_allclose(got, slopes, rtol=1e-7, atol=1e-8)


def test_what_no_derivative_reaches_has_none():
    b, x, v, z, *_ = leaves()
    found = differentiate([(ops.greater(x, v), b.constant(1.0))], [x, v, z])
    assert not {x, v, z} & found.keys()


# --- loops: h[t] = tanh(W x[t] + U h[t - lag] + b), in both directions ---


def cell(rules, steps, *, backwards, batched_start, lag):
    """h of all steps, each made of h so many steps ago; and the leaves x (steps, 3), z, W (2, 3), b (2,). U is a part of W."""
    b = Builder(rules)
    x, z = b.input(0, (steps, 3)), b.input(1, ())
    W, bias = b.parameter(np.arange(6).reshape(2, 3)), b.parameter(6 + np.arange(2))
    U = b.take(W, np.array([[0, 1], [3, 4]]))
    holes = [b.hole((BATCH, 2)) for _ in range(lag)]
    now = b.hole((BATCH, 3))
    h = ops.tanh(b.contract("nk,rk->nr", now, W) + b.contract("nk,rk->nr", holes[-1], U) + bias)
    start = b.view(z, (1,)) if batched_start else bias
    loop = b.loop(steps, holes, [h, *holes[:-1]], [start] * lag, [now], [x], [h], backwards=backwards)
    return b, b.kept(loop, h), (x, z, W, bias)


def by_values(steps, numbers, *, backwards, batched_start, lag, read):
    """The same on Values: the cost of the batch, and its derivatives by inputs and parameters."""
    theta, (xs, zs), weights = numbers
    p = [Value(number) for number in theta.tolist()]
    X = [[[Value(number) for number in row] for row in example] for example in xs.tolist()]
    Z = [Value(number) for number in zs.tolist()]
    W, bias, cost = [p[:3], p[3:6]], p[6:8], Value(0.0)
    for x, z, weight in zip(X, Z, weights.tolist()):
        past = [[z, z] if batched_start else bias] * lag
        found = [None] * steps
        for t in reversed(range(steps)) if backwards else range(steps):
            h = [engine.tanh(sum(w * v for w, v in zip(W[r], x[t])) + W[r][0] * past[-1][0] + W[r][1] * past[-1][1] + bias[r])
                 for r in range(2)]  # fmt: skip
            past, found[t] = [h, *past[:-1]], h
        cost = cost + weight * sum((i + 1) * h * h for i, h in enumerate(found[t][r] for t in read for r in range(2)))
    cost.backward()
    inputs = [[[v.grad for v in row] for row in x] for x in X], [z.grad for z in Z]
    return cost.data, *inputs, [[v.grad for v in row] for row in W], [v.grad for v in bias]


@stable
@given(st.integers(2, 6), st.integers(1, 2), st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_a_loop_is_its_steps_and_is_differentiated_as_they_are(steps, lag, backwards, batched_start, all_steps, ruled, lowered):
    b, h, leaves_ = cell(RULES if ruled else [], steps, backwards=backwards, batched_start=batched_start, lag=lag)
    last = 0 if backwards else steps - 1
    read = range(steps) if all_steps else [last]
    batch = [random.normal(size=(EXAMPLES, steps, 3)), random.normal(size=EXAMPLES)]
    numbers = random.uniform(-1, 1, 8), batch, np.array([0.5, 1, 2])
    y = b.take(h, np.array([[2 * t, 2 * t + 1] for t in read]))
    scale = b.constant(1.0 + np.arange(2 * len(read)).reshape(-1, 2))
    cost = b.contract("nab->n", scale * y * y)
    adjoints = differentiate([(cost, b.seed())], leaves_)
    want = by_values(steps, numbers, backwards=backwards, batched_start=batched_start, lag=lag, read=read)
    order = reachable([cost, *adjoints.values()])
    verify(order, 8)
    ends = [cost, *(adjoints.get(leaf) for leaf in leaves_)]
    if lowered:
        new = lower([end for end in ends if end is not None])
        ends = [None if end is None else new[end] for end in ends]
        order = reachable(end for end in ends if end is not None)
        verify(order, 8)
    known = defaultdict(lambda: np.zeros(()), evaluate(order, *numbers))
    np.testing.assert_allclose(known[ends[0]] @ numbers[2], want[0], rtol=1e-12)
    for end, slopes in zip(ends[1:], want[1:]):
        np.testing.assert_allclose(np.broadcast_to(known[end], np.shape(slopes)), slopes, rtol=1e-10, atol=1e-12)
