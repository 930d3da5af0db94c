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
from engine.compiler.differentiate import differentiate
from engine.compiler.evaluate import evaluate
from engine.compiler.nodes import Builder, reachable
from engine.compiler.rules import RULES
from engine.compiler.verify import verify
from engine.compiler.writing.code import loaded
from engine.compiler.writing.lower import lower
from engine.compiler.writing.memory import Wanted
from engine.compiler.writing.source import write

stable = settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
EXAMPLES = 3


class Hand:
    """A program made by hand: leaves with random numbers, and what is asked of it."""

    def __init__(self, seed=0, rules=RULES, examples=EXAMPLES, dtype="float64"):
        self.random, self.builder = np.random.default_rng(seed), Builder(rules)
        self.batch, self.theta = [], np.empty(0)
        self.examples, self.dtype = examples, dtype

    def input(self, *shape):
        self.batch.append(self.random.normal(size=(self.examples, *shape)))
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
        source, constants = write(wanted, [f"x{i}" for i in range(len(self.batch))], self.dtype, "A program made by hand.")
        seed = self.random.uniform(size=self.examples) if weighted else 0.25
        given = [x.astype(self.dtype) for x in self.batch]
        gradient, near = np.full(len(self.theta), np.nan, self.dtype), {"rtol": 1e-12, "atol": 1e-12}
        if self.dtype == "float32":
            near = {"rtol": 1e-4, "atol": 1e-5}  # a sum over many steps, in single precision
        run = loaded(source)(self.examples, self.theta.astype(self.dtype), gradient, constants)
        for _ in range(2):  # the second run finds what the first has left in the buffers
            found = run(*given, seed.astype(self.dtype) if weighted else seed)
        known = dict(evaluate(order, self.theta, self.batch, seed))
        for x, number in zip(results, found, strict=True):
            assert np.shape(number) == known[x].shape, source
            np.testing.assert_allclose(number, known[x], **near, err_msg=source)
        summed, touched = np.zeros(len(self.theta)), np.zeros(len(self.theta), dtype=bool)
        for parameter, adjoint in gradients:
            np.add.at(summed, parameter.index[0], np.broadcast_to(known[adjoint], parameter.shape))
            touched[parameter.index[0]] = True
        np.testing.assert_allclose(gradient[touched], summed[touched], **near, err_msg=source)
        for x, number in zip(given, self.batch, strict=True):
            np.testing.assert_array_equal(x, number.astype(self.dtype))
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


# --- loops ---

INPUTS, CELLS = 3, 4


class Recurrence(Hand):
    """A cell over time: what is carried, what each step reads of the data, and the cost at the last step or at all of them."""

    def sum_of_step(self, rows, x, h, slices):
        """W x[t] + b + U h[t-1]: what depends on the data is computed for all steps at once, as the lift does it."""
        b = self.builder
        from_x = b.map(ops.add, b.contract("nab,cb->nac", x, self.parameter(rows, INPUTS)), self.parameter(rows))
        slices[hole := b.hole((0, rows))] = from_x
        return b.map(ops.add, b.contract("na,ba->nb", h, self.parameter(rows, CELLS)), hole)

    def gate(self, row, z, number):
        return self.builder.map(row, self.builder.take(z, np.arange(number * CELLS, (number + 1) * CELLS)))

    def elman(self, x, h, slices):
        return {h: self.builder.map(ops.tanh, self.sum_of_step(CELLS, x, h, slices))}

    def lstm(self, x, h, slices):
        b, c = self.builder, self.builder.hole((0, CELLS))
        z = self.sum_of_step(4 * CELLS, x, h, slices)
        sigmoids = b.map(ops.sigmoid, b.take(z, np.r_[: 2 * CELLS, 3 * CELLS : 4 * CELLS]))  # i, f, o: g stands between
        i, f, o = (b.take(sigmoids, np.arange(k * CELLS, (k + 1) * CELLS)) for k in range(3))
        after = f * c + i * self.gate(ops.tanh, z, 2)
        return {h: o * b.map(ops.tanh, after), c: after}

    def gru(self, x, h, slices):
        z = self.sum_of_step(2 * CELLS, x, h, slices)
        r, u = (self.gate(ops.sigmoid, z, number) for number in (0, 1))
        b = self.builder
        past = b.map(ops.add, b.contract("na,ba->nb", h, self.parameter(CELLS, CELLS)), self.parameter(CELLS))
        slices[hole := b.hole((0, CELLS))] = b.contract("nab,cb->nac", x, self.parameter(CELLS, INPUTS))
        new = b.map(ops.tanh, hole + r * past)
        return {h: (1.0 - u) * new + u * h}

    def two_back(self, x, h, slices):
        """A state of two steps ago, which is the state of one step ago a step later; and the data as they are."""
        b, before = self.builder, self.builder.hole((0, CELLS))
        slices[hole := b.hole((0, INPUTS))] = x
        from_x = b.contract("na,ba->nb", hole, self.parameter(CELLS, INPUTS))
        return {h: b.map(ops.tanh, from_x + b.map(ops.mul, self.parameter(CELLS), before)), before: h}

    def alone(self, x, h, slices):
        """A state without a batch, and one that is a single number."""
        b, w, number = self.builder, self.builder.hole((CELLS,)), self.builder.hole(())
        slices[hole := b.hole((0, INPUTS))] = x
        from_x = b.contract("na,ba->nb", hole, self.parameter(CELLS, INPUTS))
        grown = b.map(ops.mul, self.parameter(), number)
        return {h: b.map(ops.sin, from_x + h * w), w: w * grown, number: grown}

    def program(self, cell, steps, *, every=False, backwards=False):
        """The costs of the examples."""
        b, x, y = self.builder, self.input(steps, INPUTS), self.input(CELLS)
        h, slices = b.hole((0, CELLS)), {}
        carried = getattr(self, cell)(x, h, slices)
        first = [b.constant(np.ones(hole.shape)) if not hole.batched else b.constant(np.zeros(hole.entries)) for hole in carried]
        loop = b.loop(steps, list(carried), list(carried.values()), first, list(slices), list(slices.values()),
                      backwards=backwards)  # fmt: skip
        states = b.kept(loop, carried[h])
        if every:
            errors = states - b.view(y, (1, CELLS))
            return b.contract("nab,nab->n", errors, errors)
        end = 0 if backwards else steps - 1
        error = b.take(states, np.arange(end * CELLS, (end + 1) * CELLS)) - y
        return b.contract("na,na->n", error, error)

    def inputs(self, cost):
        """The derivatives by the inputs."""
        leaves = [x for x in reachable([cost]) if x.kind == "input"]
        found = differentiate([(cost, self.builder.view(self.builder.seed(), cost.entries))], leaves)
        return [found[x] for x in leaves]


CELLS_KNOWN = ["elman", "lstm", "gru", "two_back", "alone"]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("cell", CELLS_KNOWN)
def test_a_loop_gives_what_its_steps_give(cell, every, backwards):
    hand = Recurrence()
    cost = hand.program(cell, 5, every=every, backwards=backwards)
    hand.text([cost], hand.gradients(cost))
    hand.text([cost, *hand.inputs(cost)], hand.gradients(cost), weighted=True)
    hand.text([cost])


@pytest.mark.parametrize("examples", [1, 2, 7])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("cell", CELLS_KNOWN)
def test_a_loop_is_right_for_every_batch_and_precision(cell, dtype, examples):
    hand = Recurrence(examples=examples, dtype=dtype)
    cost = hand.program(cell, 4, every=True)
    hand.text([cost, *hand.inputs(cost)], hand.gradients(cost))


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("cell", CELLS_KNOWN)
def test_the_text_of_a_loop_does_not_grow_with_time(cell, every):
    def text(steps):
        hand = Recurrence()
        cost = hand.program(cell, steps, every=every)
        return hand.text([cost], hand.gradients(cost)).splitlines()

    short, long = text(3), text(30)
    assert len(short) == len(long)
    assert sum(line.strip().startswith("for ") for line in short) == 2  # there and back


def test_a_step_of_an_lstm_is_few_calls():
    """As many as one would write by hand: the slopes are computed for all steps at once, the gradients after the loop."""
    hand = Recurrence()
    cost = hand.program("lstm", 6)
    lines = hand.text([cost], hand.gradients(cost)).splitlines()
    loops = [number for number, line in enumerate(lines) if line.strip().startswith("for ")]
    sizes = []
    for start in loops:
        indent = len(lines[start]) - len(lines[start].lstrip())
        body = lines[start + 1 :]
        sizes.append(next(k for k, line in enumerate(body) if len(line) - len(line.lstrip()) <= indent))
    assert sizes[0] <= 15 and sizes[1] == 8  # gates that do not adjoin are computed by themselves
