"""The text that runs, against the nodes evaluated one by one: every form of contraction, take and put, in random shapes.

The programs are made by hand, node by node: what the passes find in a function is tested elsewhere.
"""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import ops
from engine.compiler.code import loaded
from engine.compiler.differentiate import differentiate
from engine.compiler.evaluate import evaluate
from engine.compiler.lower import lower
from engine.compiler.memory import Wanted
from engine.compiler.nodes import Builder, reachable
from engine.compiler.rules import RULES
from engine.compiler.source import write
from engine.compiler.verify import verify

stable = settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
EXAMPLES = 3


class Hand:
    """A program made by hand: leaves with random numbers, and what is asked of it."""

    def __init__(self, seed=0, rules=RULES):
        self.random, self.builder = np.random.default_rng(seed), Builder(rules)
        self.batch, self.theta = [], np.empty(0)

    def input(self, *shape):
        self.batch.append(self.random.normal(size=(EXAMPLES, *shape)))
        return self.builder.input(len(self.batch) - 1, shape)

    def parameter(self, *shape):
        index = len(self.theta) + np.arange(math.prod(shape)).reshape(shape)
        self.theta = np.append(self.theta, self.random.normal(size=index.size))
        return self.builder.parameter(index)

    def leaf(self, word, length):
        shape = [length[c] for c in word if c != "n"]
        return self.input(*shape) if "n" in word else self.parameter(*shape)

    def turned(self, x):
        """x's numbers, computed in another order of the axes: they lie transposed."""
        ahead = int(x.batched)
        order = self.random.permutation(len(x.entries))
        there = self.builder.transpose(x, [*range(ahead), *(order + ahead)])
        return self.builder.transpose(self.builder.map(ops.sin, there), [*range(ahead), *(np.argsort(order) + ahead)])

    def text(self, results, gradients=(), weighted=False):
        """The text of the program, after its results were compared with those of the nodes evaluated one by one."""
        order = reachable([*results, *(x for pair in gradients for x in pair)])
        verify(order, len(self.theta))
        lowered = lower([*results, *(x for pair in gradients for x in pair)])
        wanted = Wanted([("", x) for x in results], list(gradients), weighted).lowered(lowered)
        verify(reachable(wanted.ends), len(self.theta))
        source, constants = write(wanted, [f"x{i}" for i in range(len(self.batch))], "float64", "A program made by hand.")
        given, seed = [x.copy() for x in self.batch], self.random.uniform(size=EXAMPLES) if weighted else 0.25
        gradient = np.full(len(self.theta), np.nan)
        run = loaded(source)(EXAMPLES, self.theta.copy(), gradient, constants)
        for _ in range(2):  # the second run finds what the first has left in the buffers
            found = run(*given, seed)
        known = dict(evaluate(order, self.theta, self.batch, seed))
        for x, number in zip(results, found, strict=True):
            assert np.shape(number) == known[x].shape, source
            np.testing.assert_allclose(number, known[x], rtol=1e-12, atol=1e-12, err_msg=source)
        summed, touched = np.zeros(len(self.theta)), np.zeros(len(self.theta), dtype=bool)
        for parameter, adjoint in gradients:
            np.add.at(summed, parameter.index[0], np.broadcast_to(known[adjoint], parameter.shape))
            touched[parameter.index[0]] = True
        np.testing.assert_allclose(gradient[touched], summed[touched], rtol=1e-12, atol=1e-12, err_msg=source)
        for x, number in zip(given, self.batch, strict=True):
            np.testing.assert_array_equal(x, number)
        return source

    def gradients(self, cost):
        """The parameters of a cost, each with its derivative."""
        parameters = [x for x in reachable([cost]) if x.kind == "parameter"]
        found = differentiate([(cost, self.builder.view(self.builder.seed(), cost.entries))], parameters)
        return [(x, found[x]) for x in parameters]


# --- contractions ---


@st.composite
def contractions(draw):
    """One operand or two, letters in any order, the batch in front; lengths from 1 to 3."""
    letters = "nabcde"[: draw(st.integers(2, 6))]

    def word(of):
        chosen = draw(st.permutations([c for c in of if draw(st.booleans())]))
        return "".join(sorted(chosen, key=lambda c: c != "n"))

    words = [w for w in (word(letters) for _ in range(draw(st.integers(1, 2)))) if w]
    result = word("".join(c for c in letters if any(c in w for w in words)))
    return words, result, {c: draw(st.integers(1, 3)) for c in letters}


@stable
@given(contractions(), st.integers(0, 10**6), st.lists(st.booleans(), min_size=2, max_size=2), st.booleans(), st.booleans())
def test_every_contraction_is_right_however_its_operands_lie(drawn, seed, turned, simplified, read_again):
    words, result, length = drawn
    if not words:
        return
    hand = Hand(seed, RULES if simplified else [])
    operands = [hand.leaf(word, length) for word in words]
    operands = [hand.turned(x) if turn and x.entries else x for x, turn in zip(operands, turned)]
    y = hand.builder.contract(f"{','.join(words)}->{result}", *operands)
    hand.text([y, hand.builder.map(ops.exp, hand.builder.map(ops.sin, y))] if read_again else [y])


@stable
@given(contractions(), st.integers(0, 10**6), st.integers(0, 5), st.booleans())
def test_every_contraction_is_right_where_its_gradient_lies(drawn, seed, turn, shared):
    words, result, length = drawn
    result = result.replace("n", "")
    if not words or not result:
        return
    hand = Hand(seed)
    y = hand.builder.contract(f"{','.join(words)}->{result}", *[hand.leaf(word, length) for word in words])
    order = [*permutations(range(len(result)))][turn % math.factorial(len(result))]
    place = len(hand.theta) + np.arange(y.size).reshape([y.shape[axis] for axis in order]).transpose(np.argsort(order))
    hand.theta = np.append(hand.theta, np.ones(y.size))
    gradients = [(hand.builder.parameter(np.ascontiguousarray(place)), y)]
    if shared:  # another derivative goes to a part of the same place
        few = np.arange((y.size + 1) // 2)
        gradients.append((hand.builder.parameter(place.ravel()[few]), hand.builder.take(y, few)))
    hand.text([hand.builder.constant(1.0)], gradients)


@pytest.mark.parametrize(
    ("spec", "call"),
    [
        ("nk,rk->nr", "dot(t0, t1.T, out="),  # a layer
        ("rk,nk->nr", "dot(t1, t0.T, out="),
        ("nr,nk->rk", "dot(t0.T, t1, out="),  # its weights' gradient
        ("nr,nk->kr", "dot(t1.T, t0, out="),
        ("nak,rk->nar", "dot(t0_rows, t1.T, out="),  # a layer at every position
        ("nar,nak->rk", "dot(t0_rows.T, t1_rows, out="),
        ("nabr,nabk->rk", "dot(t0_rows.T, t1_rows, out="),
        ("nabk,k->nab", "dot(t0_rows, t1, out="),
        ("nak,nbk->nab", "matmul(t0, t1_stack, out="),  # Q Kᵀ
        ("nab,nbk->nak", "matmul(t0, t1, out="),  # A V
        ("nhac,nhbc->nhab", "matmul(t0, t1_stack, out="),
        ("nahc,nbhc->nhab", "matmul(t0_stack, t1_stack, out="),  # heads as they come from one matrix
        ("nhab,nbhc->nahc", "matmul(t0, t1_stack, out="),  # and as the next one takes them
        ("nahc,rhc->nar", "dot(t0_rows, t1_rows.T, out="),
        ("nk,nk->n", "vecdot(t0, t1, out="),
        ("nabk,nabk->", "dot(t0_flat, t1_flat)"),
        ("nk->k", "dot(ones_n, t0, out="),
        ("nak->k", "dot(ones_n___2, t0_rows, out="),
        ("nak->na", "dot(t0_rows, ones_4, out="),
        ("nk->", "dot(ones_n___4, t0_flat)"),
        ("nak->nk", "add.reduce(t0, axis=(1,), out="),
    ],
)  # fmt: skip
def test_common_contractions_are_one_call_without_copies(spec, call):
    length = {"n": 0, "a": 2, "b": 3, "c": 2, "h": 5, "k": 4, "r": 3}
    hand = Hand()
    operands = [hand.builder.map(ops.sin, hand.leaf(word, length)) for word in spec.partition("->")[0].split(",")]
    for number, x in enumerate(operands):
        x.name = f"t{number}"
    source = hand.text([hand.builder.contract(spec, *operands)])
    for number in range(len(operands)):  # lowering numbers them anew
        source = source.replace(f"t{2 * number + 1}", f"t{number}")
    assert call in source, source
    assert "copyto" not in source, source


# --- moves ---


@stable
@given(st.data(), st.integers(0, 10**6), st.booleans())
def test_takes_are_right_whether_they_are_views_or_not(data, seed, batched):
    hand = Hand(seed)
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    first = hand.input()  # so that there is a batch
    x = hand.input(*shape) if batched else hand.parameter(*shape)
    x = hand.turned(x) if data.draw(st.booleans()) else x
    taken = data.draw(st.lists(st.integers(1, 3), max_size=3))
    if data.draw(st.booleans()):  # equal steps
        step = [data.draw(st.integers(0, 2)) for _ in taken]
        index = sum(np.ix_(*[np.arange(length) * s for length, s in zip(taken, step)]), np.array(0)) % x.size
    else:
        index = hand.random.integers(0, x.size, taken)
    y = hand.builder.take(x, np.asarray(index, dtype=int).reshape(taken))
    again = hand.builder.map(ops.mul, y, y)
    total = hand.builder.contract("n,n->", hand.builder.seed(), first)
    hand.text([y, again, hand.builder.map(ops.add, total, again)])


@stable
@given(st.data(), st.integers(0, 10**6), st.booleans(), st.booleans())
def test_puts_are_right_whether_parts_share_places_or_not(data, seed, apart, read_again):
    hand = Hand(seed)
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    size = math.prod(shape)
    cut = sorted(data.draw(st.lists(st.integers(0, size), min_size=1, max_size=3)))
    places = np.arange(size) if data.draw(st.booleans()) else hand.random.permutation(size)
    indices = [places[a:b] for a, b in zip([0, *cut], cut) if b > a]
    if not apart:
        indices = [hand.random.integers(0, size, data.draw(st.integers(1, 6))) for _ in range(3)]
    if not indices:
        return
    parts = []
    for index in indices:
        leaf = hand.input(*index.shape) if data.draw(st.booleans()) else hand.parameter(*index.shape)
        kind = data.draw(st.integers(0, 3))
        if kind == 1:
            leaf = hand.builder.map(ops.sin, leaf)
        elif kind == 2:
            leaf = hand.builder.contract("ab,nb->na" if leaf.batched else "ab,b->a", hand.parameter(len(index), len(index)), leaf)
        elif kind == 3:
            leaf = hand.builder.take(hand.builder.map(ops.sin, leaf), np.arange(len(index))[::-1].copy())
        parts.append(leaf)
    y = hand.builder.put(shape, parts, indices)
    hand.text([y, *(hand.builder.map(ops.exp, part) for part in parts)] if read_again else [hand.builder.map(ops.exp, y)])


def test_parts_are_computed_where_they_belong():
    hand = Hand()
    x, (w, u) = hand.input(3), (hand.parameter(2, 3), hand.parameter(4, 3))
    parts = [hand.builder.contract("nk,rk->nr", x, w), hand.builder.map(ops.sin, hand.builder.contract("nk,rk->nr", x, u))]
    source = hand.text([hand.builder.side_by_side(parts)])
    assert "copyto(" not in source and source.count("empty(") == 2  # the whole, and what the sine is of


def test_a_border_of_zeros_is_made_once():
    hand = Hand()
    inside = hand.builder.map(ops.sin, hand.input(2, 3))
    padded = hand.builder.put((4, 5), [inside], [np.arange(20).reshape(4, 5)[1:3, 1:4].copy()])
    source = hand.text([hand.builder.contract("nab->nb", padded)])
    assert "zeros((n, 4, 5)" in source and "fill" not in source and "copyto" not in source


@pytest.mark.parametrize("shape", [(), (4,)])
def test_rows_of_a_table_are_chosen_and_their_derivatives_added(shape):
    hand = Hand()
    b, table, number = hand.builder, hand.parameter(5, 3), hand.input(*shape)
    hand.batch[0] = hand.random.integers(0, 5, hand.batch[0].shape).astype(float)
    word = "na" if shape else "n"
    rows = b.choose(table, number)
    cost = b.contract(f"{word}c,{word}c->n", rows, b.map(ops.sin, rows))
    hand.text([rows, cost], hand.gradients(cost))


# --- a block of attention ---


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_with_heads_is_products_alone(masked, weighted):
    tokens, heads, width = 4, 2, 3
    hand = Hand()
    b, x = hand.builder, hand.input(tokens, heads * width)

    def layer(x):
        return b.contract("nad,cd->nac", x, hand.parameter(heads * width, heads * width))

    q, k, v = (b.view(layer(x), (tokens, heads, width)) for _ in range(3))
    scores = b.map(ops.mul, b.constant(width**-0.5), b.contract("nahc,nbhc->nhab", q, k))
    if masked:
        scores = b.map(ops.where, b.constant(np.tri(tokens)), scores, b.constant(-np.inf))
    mixed = b.contract("nhab,nbhc->nahc", b.softmax(scores), v)
    out = layer(b.view(mixed, (tokens, heads * width)))
    cost = b.contract("nad,nad->n", out, out)
    source = hand.text([b.contract("n->", cost)], hand.gradients(cost), weighted)
    copies = [line for line in source.splitlines() if "copyto(" in line and "mask" not in line and "scratch" not in line]
    assert not copies, source
    assert source.count(" dot(") == 4 + 5 + 3  # products; with ones, the sums over rows and over the batch
    assert source.count(" matmul(") == 2 + 4


@pytest.mark.parametrize("length", [3, 40])
@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_softmax_beside_logsumexp_looks_for_the_largest_once(length, scale):
    hand = Hand()
    b = hand.builder
    x = b.map(ops.mul, b.constant(scale), hand.input(4, length))
    both = hand.text([b.softmax(x), b.reduce(ops.logsumexp, x)])
    assert "maximum.reduce" in both  # softmax comes first
    other = Hand()
    x = other.builder.map(ops.mul, other.builder.constant(scale), other.input(4, length))
    log = other.builder.reduce(ops.logsumexp, x)
    assert "maximum.reduce" not in other.text([log, other.builder.softmax(x)])
