"""From scalar steps to nodes: which steps are one class, which classes are a recurrence, what the steps of a loop may be like,
and which node a class becomes. What is found in whole models is in test_compiled_patterns.
"""

from collections import Counter
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest

import engine
from engine import Value, exp, fsum, logsumexp, ops, relu, sigmoid, tanh
from engine.compiler.evaluate import evaluate
from engine.compiler.finding.chains import FEWEST, find_chains, open_sums
from engine.compiler.finding.classes import Classes
from engine.compiler.finding.roll import Quantity, roll
from engine.compiler.finding.scalars import flatten
from engine.compiler.finding.sums import collapse
from engine.compiler.finding.trace import trace
from engine.compiler.nodes import BATCH, Builder, reachable
from engine.compiler.passes import run_passes
from engine.compiler.verify import verify

random = np.random.default_rng(0)
EXAMPLES = 3


def array(*shape):
    """Nested lists of parameters."""
    if len(shape) == 1:
        return [Value(number) for number in random.normal(size=shape[0]).tolist()]
    return [array(*shape[1:]) for _ in range(shape[0])]


def times(matrix, vector):
    return [sum(w * x for w, x in zip(row, vector)) for row in matrix]


def plus(*vectors):
    return [reduce(add, entries) for entries in zip(*vectors)]


def squares(xs):
    return sum(x * x for x in xs)


# --- classes ---


def classes_of(f, *shapes):
    scalars = flatten(trace(f, [random.normal(size=shape) for shape in shapes]))
    return Classes(scalars, collapse(scalars))


def made_of(classes):
    """For each class its row, or "sum", and how many steps it has."""
    rows = {c: made.row.name if made.row else "sum" for c, made in enumerate(classes.made)}
    return Counter((rows[c], len(nodes)) for c, nodes in classes.members.items())


def test_steps_made_alike_are_one_class_in_any_order():
    W, V = array(4, 3), array(2, 4)

    def f(x, order=range(4)):
        hidden = {j: tanh(sum(w * v for w, v in zip(W[j], x))) for j in order}
        return squares(times(V, [hidden[j] for j in range(4)]))

    assert made_of(classes_of(f, (3,))) == {("sum", 4): 1, ("tanh", 4): 1, ("sum", 2): 1, ("sum", 1): 1}
    assert made_of(classes_of(lambda x: f(x, [2, 0, 3, 1]), (3,))) == made_of(classes_of(f, (3,)))


def test_sums_over_a_triangle_are_one_class_and_sums_of_chance_lengths_are_not():
    def triangle(x):
        return squares([sum(a * b for a, b in zip(x[:i], [*x[1:]])) for i in range(1, 6)])

    def chance(x):
        return squares([sum(a * b for a, b in zip(x[:i], [*x[1:]])) for i in (1, 9)])

    assert made_of(classes_of(triangle, (7,)))["sum", 5] == 1
    assert ("sum", 2) not in made_of(classes_of(chance, (10,)))


def test_the_first_position_of_a_causal_softmax_is_like_the_others():
    """e_1/e_1: there is no sum, so one is made."""
    def f(x):
        e = [exp(number) for number in x]
        return squares([e[i] / reduce(add, e[: i + 1]) for i in range(5)])

    made = made_of(classes_of(f, (5,)))
    assert made["div", 5] == made["exp", 5] == made["sum", 5] == 1


def test_a_bias_may_be_the_weight_of_a_one():
    W, b = array(4, 3), array(4)
    one = classes_of(lambda x: squares(map(tanh, plus(times(W, x), b))), (3,))
    other = classes_of(lambda x: squares(map(tanh, plus(times(W, x), [w * engine.Constant(1.0) for w in b]))), (3,))
    assert made_of(one) == made_of(other)


def test_what_differs_from_example_to_example_is_known():
    p = array(2)
    classes = classes_of(lambda x: exp(p[0]) * tanh(x) + p[1], ())
    rows = {made.row: made.batched for made in classes.made if made.row}
    assert not rows[ops.exp] and rows[ops.tanh]


# --- recurrences ---


def elman(steps, start=None, cell=tanh):
    W, U, b = array(3, 2), array(3, 3), array(3)

    def f(x):
        h = start
        for now in x:
            z = times(W, now)
            h = [cell(v) for v in plus(*([z] if h is None else [z, times(U, h)]), b)]
        return squares(h)

    return f, (steps, 2)


def lstm(steps):
    gates = [(array(2, 2), array(2, 2), array(2)) for _ in range(4)]

    def f(x):
        h = c = [engine.Constant(0.0)] * 2
        for now in x:
            i, o, g, z = (plus(times(W, now), times(U, h), b) for W, U, b in gates)
            c = [sigmoid(p) * tanh(q) + sigmoid(r) * v for p, q, r, v in zip(i, g, z, c)]
            h = [sigmoid(p) * tanh(v) for p, v in zip(o, c)]
        return squares(h)

    return f, (steps, 2)


def residual(steps):
    W, b = array(3, 3), array(3)
    return lambda x: squares(reduce(lambda h, _: plus(h, map(tanh, plus(times(W, h), b))), range(steps), x)), (3,)


def chains_of(f, *shapes):
    classes = classes_of(f, *shapes)
    open_sums(classes)
    return [[classes.members[c] for c in chain] for chain in find_chains(classes)]


@pytest.mark.parametrize("make", [elman, lstm, residual])
@pytest.mark.parametrize("steps", [5, 9])
def test_every_quantity_of_a_recurrence_is_a_chain(make, steps):
    f, shape = make(steps)
    chains = chains_of(f, shape)
    assert chains and {len(chain) for chain in chains} <= {steps - 2, steps - 1, steps} and max(map(len, chains)) >= steps - 1
    for chain in chains:
        assert len({len(nodes) for nodes in chain}) == 1  # a vector of one length
        assert all(max(one) < min(other) for one, other in pairwise(chain))  # the first step first
    assert len({node for chain in chains for nodes in chain for node in nodes}) == sum(len(n) for chain in chains for n in chain)


@pytest.mark.parametrize("f", [
    lambda x: squares(map(tanh, x)), lambda x: fsum([tanh(a) * b for a, b in pairwise(x)]), lambda x: logsumexp(x),
])  # fmt: skip
def test_what_reads_nothing_of_the_step_before_is_no_recurrence(f):
    assert chains_of(f, (8,)) == []


def test_a_few_steps_are_not_worth_a_loop():
    f, shape = elman(FEWEST - 2)
    assert chains_of(f, shape) == []


# --- loops, by hand: h[t] = tanh(W x[t] + h[t-1]) ---


def unrolled(rows, *, start="zeros", lag=1, numbers=None):
    """A builder, the steps' nodes and all of them stacked; `rows` is one for each step, and each has the steps before to read."""
    b = Builder()
    steps = len(rows)
    x, W = b.input(0, (steps, 2)), b.parameter(np.arange(6).reshape(3, 2))
    begin = {"zeros": b.constant(np.zeros(3)), "none": None, "parameters": b.parameter(6 + np.arange(3))}[start]
    nodes = []
    for t, row in enumerate(rows):
        now = b.contract("nk,rk->nr", b.take(x, np.array([2 * t, 2 * t + 1])), W)
        if numbers is not None:
            now = b.map(ops.mul, b.constant([numbers[t]] * 3), now)
        before = nodes[t - lag] if t >= lag else begin
        nodes.append(b.map(row, now if before is None else b.map(ops.add, now, before)))
    places = list(np.arange(3 * steps).reshape(steps, 3))
    return b, nodes, b.put((steps, 3), nodes, places)


def rolled(rows, **options):
    """What takes the place of the steps, after it was compared with them; None if they are not alike."""
    b, nodes, stacked = unrolled(rows, **options)
    hole = b.hole((BATCH, len(rows), 3))
    found = roll(b, [Quantity(hole, nodes)])
    if not found:
        return None
    new = found[hole]
    theta, batch = random.normal(size=9), [random.normal(size=(EXAMPLES, len(rows), 2))]
    values = []
    for end in (new, stacked):
        order = reachable([end])
        verify(order, 9)
        values.append(dict(evaluate(order, theta, batch))[end])
    np.testing.assert_allclose(*values, rtol=1e-13)
    return new


def steps_of(node):
    (loop,) = [x for x in reachable([node]) if x.kind == "loop"]
    return loop.body.steps


@pytest.mark.parametrize("steps", [4, 7])
@pytest.mark.parametrize("start", ["zeros", "parameters", "none"])
def test_equal_steps_are_a_loop(steps, start):
    """The first step is one of them if it has something to read; else it stays before the loop."""
    new = rolled([ops.tanh] * steps, start=start)
    assert steps_of(new) == steps - (start == "none")


@pytest.mark.parametrize("lag", [2, 3])
def test_steps_may_read_further_back(lag):
    new = rolled([ops.tanh] * 8, lag=lag)
    (loop,) = [x for x in reachable([new]) if x.kind == "loop"]
    assert len(loop.body.states) == lag


def test_numbers_of_the_steps_are_a_sequence():
    new = rolled([ops.tanh] * 6, numbers=[1.0, 0.5, 0.25, 2.0, 3.0, 0.1])
    assert steps_of(new) == 6


def test_a_first_step_of_another_kind_stays_before_the_loop():
    assert steps_of(rolled([ops.sin, *[ops.tanh] * 6])) == 6


@pytest.mark.parametrize("other", [5, 7])
def test_a_later_step_of_another_kind_is_no_loop(other):
    assert rolled([ops.sin if t == other else ops.tanh for t in range(8)]) is None


# --- nodes ---


def lifted(f, *shapes, at=None):
    """The nodes of a function, after its values were compared with the function's own on Values."""
    batch = [random.uniform(0.2, 1, (EXAMPLES, *shape)) if at is None else at for shape in shapes]
    compiled = run_passes(f, [x[0] for x in batch], has_aux=False, penalty=None)
    order = reachable(compiled.ends)
    theta = np.empty(len(compiled.order))
    theta[compiled.order] = [p.data for p in compiled.values]
    got = np.broadcast_to(dict(evaluate(order, theta, batch))[compiled.outputs], (EXAMPLES, 1))[:, 0]
    want = [f(*map(valued, example)).data for example in zip(*batch)]
    np.testing.assert_allclose(got, want, rtol=1e-12)
    return order


def valued(x):
    return [valued(part) for part in x] if np.ndim(x) else Value(float(x))


def products(order):
    return [x for x in order if x.kind == "contract" and len(x.operands) == 2 and x.operands[0] is not x.operands[1]]


def gathers(order):
    return [x for x in order if x.kind == "take" and x.steps is None and not x.is_view]


def test_a_layer_is_one_contraction_whatever_the_order_of_its_parameters():
    numbers = random.permutation(12).tolist()
    flat = array(12)
    W = [[flat[numbers[3 * r + k]] for k in range(3)] for r in range(4)]
    (found,) = products(lifted(lambda x: squares(map(tanh, times(W, x))), (3,)))
    assert found.spec == "na,ba->nb" and found.operands[1].kind == "parameter" and found.operands[1].shape == (4, 3)


def test_layers_of_two_sizes_at_one_depth_are_two_contractions():
    """Their sums are one class, but they form two grids."""
    V, W = array(4, 3), array(2, 3)
    found = products(lifted(lambda x, y: squares(map(tanh, [*times(V, x), *times(W, y)])), (3,), (3,)))
    assert sorted(x.operands[1].shape for x in found) == [(2, 3), (4, 3)]


def test_products_of_data_are_a_contraction_with_its_axes():
    order = lifted(lambda x: squares(tanh(sum(a * b for a, b in zip(p, q))) for p in x for q in x), (4, 3))
    (found,) = products(order) or [x for x in order if x.kind == "contract" and len(x.shape) == 3]
    assert found.shape == (BATCH, 4, 4) and not gathers(order)


@pytest.mark.parametrize("tokens", [3, 6])
def test_a_triangle_is_padded_and_its_holes_add_nothing(tokens):
    """Attention over j <= i; where nobody asks for a score, its exponential may overflow."""
    def f(x):
        rows = [[sum(a * b for a, b in zip(q[:2], k[2:])) for k in x[: i + 1]] for i, q in enumerate(x)]
        shares = [[exp(s) / fsum([exp(s) for s in row]) for s in row] for row in rows]
        return fsum([share * v[0] for row in shares for share, v in zip(row, x)])

    order = lifted(f, (tokens, 4))
    assert len(order) == len(lifted(f, (tokens + 1, 4)))
    assert any(x.kind == "constant" and x.shape == (tokens, tokens) for x in order)
    steep = np.zeros((EXAMPLES, tokens, 4))
    steep[:, :, 0], steep[:, :, 2] = np.linspace(30, 1, tokens), np.linspace(1, 30, tokens)  # at most 241 for j <= i, else 900
    lifted(f, (tokens, 4), at=steep)


def test_a_number_that_no_row_reads_is_no_parameter_of_the_program():
    p = array(3)
    order = lifted(lambda x: p[0] * x + p[2], ())
    assert sum(x.size for x in order if x.kind == "parameter") == 2


def test_lengths_that_fit_together_are_one_reduction():
    order = lifted(lambda x: fsum([logsumexp(x[:i]) for i in (2, 3, 4, 5)]), (5,))
    (found,) = [x for x in order if x.row is ops.logsumexp]
    assert found.operands[0].entries == (4, 5)


@pytest.mark.parametrize("seed", range(40))
def test_what_has_no_form_gathers_and_is_right(seed):
    """Sums of products of entries drawn at random, some of them the same, over two layers."""
    p = array(6)

    def layer(draw, xs, count):
        found = []
        for _ in range(count):
            terms = [xs[draw.integers(len(xs))] * (p[draw.integers(6)] if draw.random() < 0.7 else xs[draw.integers(len(xs))])
                     for _ in range(draw.integers(1, 5))]  # fmt: skip
            found.append((tanh if draw.random() < 0.5 else relu)(reduce(add, terms)))
        return found

    def f(x):
        draw = np.random.default_rng(seed)  # the same function for every example
        return fsum(layer(draw, layer(draw, x, 7), 5))

    lifted(f, (5,))


def test_a_term_that_stands_twice_counts_twice():
    """Its row is a part of a longer one if it is taken for a set."""
    p = Value(0.7)
    lifted(lambda x: tanh(p * x[0] + p * x[1] + p * x[2]) + tanh(p * x[0] + p * x[0]), (3,))
