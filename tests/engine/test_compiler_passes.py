"""The passes one by one, by hand-made inputs and by properties; then the text that runs, and what a program says of mistakes.
"""

import gc
import os
import re
import subprocess
import sys
from array import array

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from mpmath import mp, mpf

import engine
import nn
from engine import UndefinedError, Value, exp, log, logsumexp, on_arrays, ops, softmax, tanh
from engine.compiler import grids, scalars, scatter, sums, views
from engine.compiler.differentiate import backward
from engine.compiler.evaluate import evaluate
from engine.compiler.instructions import Builder, IllFormed, Instruction, reachable
from engine.compiler.storage import arrange
from engine.compiler.verify import verify

stable = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
X = np.random.default_rng(0).normal(size=(5, 3))
Y = np.random.default_rng(1).uniform(size=(5, 2))


def parameters(*shape, label="", start=0.3):
    if not shape:
        return Value(start, label)
    return [parameters(*shape[1:], label=label, start=start * (0.7 - 0.13 * i)) for i in range(shape[0])]


# --- programs that several tests look at ---


def dense():
    model = nn.MLP(3, [4, 2], "tanh", "sigmoid", seed=1, bias=0.1)
    return lambda x, y: nn.losses.quadratic(model(x), y), None, (X, Y)


def classes():
    model = nn.MLP(3, [4, 2], "relu", "linear", seed=2, bias=0.1)
    return lambda x, y: nn.losses.cross_entropy(model(x), y), lambda: nn.l2(0.1)(model, 10), (X, np.eye(2)[[0, 1, 1, 0, 1]])


def convolution():
    k, b = parameters(2, 2), Value(0.1)

    def f(x):
        patches = [[x[i + r][j + c] for r in range(2) for c in range(2)] for i in range(3) for j in range(3)]
        return sum(tanh(sum(w * v for w, v in zip([*k[0], *k[1]], patch)) + b) ** 2 for patch in patches)

    return f, None, (np.random.default_rng(2).normal(size=(4, 4, 4)),)


def two_convolutions():
    k, q = parameters(2, 2), parameters(4)

    def convolved(w, x, n):
        return [[tanh(w[0] * x[i][j] + w[1] * x[i][j + 1] + w[2] * x[i + 1][j] + w[3] * x[i + 1][j + 1]) for j in range(n)]
                for i in range(n)]  # fmt: skip

    return lambda x: sum(sum(row) for row in convolved(q, convolved([*k[0], *k[1]], x, 3), 2)), None, (
        np.random.default_rng(2).normal(size=(4, 4, 4)),
    )


def loose():
    a, b, c = Value(0.5, "a"), Value(-0.4, "b"), Value(1.5, "c")
    return lambda x: exp(a * x[0]) / (1 + x[1] * x[1]) + logsumexp([b, x[2], c * x[0]]) - softmax([a, x[1], b])[0], None, (X,)


def attention():
    q, k = parameters(3, 3), parameters(3, 3, start=0.4)

    def f(x):
        keys = [[sum(w * v for w, v in zip(row, t)) for row in k] for t in x]
        asks = [[sum(w * v for w, v in zip(row, t)) for row in q] for t in x]
        shares = [softmax([sum(a * b for a, b in zip(ask, key)) for key in keys]) for ask in asks]
        return sum(sum(s * t[0] for s, t in zip(share, x)) for share in shares)

    return f, None, (np.random.default_rng(3).normal(size=(3, 2, 3)),)


def same_for_all():
    a, b = Value(0.5, "a"), Value(2.0, "b")
    return lambda x: a * b + log(b), None, (X,)


def without_arguments():
    a, b = Value(0.5, "a"), Value(2.0, "b")
    return lambda: a * b + log(b), None, ()


MAKERS = [dense, classes, convolution, two_convolutions, loose, attention, same_for_all, without_arguments]


def compiled(make, **options):
    f, penalty, batch = make()
    return engine.compile(f, penalty=penalty, **options).trace(*batch), batch


def everything(program):
    """All instructions, forward and backward."""
    return reachable(program._all_ends())


# --- verify ---

B = Builder([])
P6 = B.parameter(np.arange(6).reshape(2, 3))
V3 = B.parameter(np.arange(3))
X3, X2, X23 = B.input(0, (3,)), B.input(1, (2,)), B.input(2, (2, 3))


def made(kind, operands, shape, batched=False, **more):
    return Node(B, kind, tuple(operands), (BATCH, *shape) if batched else shape, **more)


def program_of(*last):
    return [P6, V3, X3, X2, X23, *last]


ILL_FORMED = {
    "an operand after its reader": (lambda: [B.transpose(P6), P6], "comes before one of its operands"),
    "a missing operand": (lambda: [B.transpose(P6)], "comes before one of its operands"),
    "twice the same": (lambda: program_of(P6), "appears twice"),
    "an unknown kind": (lambda: program_of(made("fold", [X3], (3,), True)), "has an unknown kind"),
    "too many operands": (lambda: program_of(made("transpose", [P6, P6], (3, 2))), "has 2 operands; its kind takes 1"),
    "too few operands": (lambda: program_of(made("apply", [P6], (2,))), "has 1 operands; its kind takes 2"),
    "a leaf with operands": (lambda: program_of(made("seed", [X3], (1,), True)), "has 1 operands; its kind takes 0"),
    "a batched parameter": (lambda: [made("parameter", [], (1,), True, index=(np.array([0]),))], "batched is True"),
    "an input for all examples": (lambda: [made("input", [], (3,))], "batched is False"),
    "a batched total": (lambda: program_of(made("total", [X3], (), True)), "batched is True"),
    "a row that forgot the batch": (lambda: program_of(made("row", [X3], (3,), row=ops.exp)), "batched is False"),
    "a row of another shape": (lambda: program_of(made("row", [X3], (2,), True, row=ops.exp)), r"has shape \(2,\).*\(3,\)"),
    "a row of shapes apart": (lambda: program_of(made("row", [X3, X2], (3,), True, row=ops.add)), r"has shape \(3,\)"),
    "a seed of three": (lambda: [made("seed", [], (3,), True)], r"has shape \(3,\)"),
    "a constant of another shape": (lambda: [made("constant", [], (3,), number=np.ones(2))], r"has shape \(3,\)"),
    "a product that does not fit": (lambda: program_of(made("apply", [P6, X2], (2,), True)), r"has shape \(2,\)"),
    "a product turned round": (lambda: program_of(made("apply", [P6, X3], (3,), True)), r"has shape \(3,\).*\(2,\)"),
    "an outer product turned round": (lambda: program_of(made("outer", [X3, X2], (2, 3))), r"has shape \(2, 3\).*\(3, 2\)"),
    "an outer product of axes apart": (lambda: program_of(made("outer", [X23, X3], (3, 3))), r"has shape \(3, 3\)"),
    "a transposed vector": (lambda: program_of(made("transpose", [V3], (3,))), r"has shape \(3,\)"),
    "a transpose of the same shape": (lambda: program_of(made("transpose", [P6], (2, 3))), r"operands give \(3, 2\)"),
    "a sum that lost its axis": (lambda: program_of(made("reduce", [X23], (2,), True, row=ops.fsum)), r"give \(2, 1\)"),
    "parts too short": (lambda: program_of(made("concat", [X3, X2], (4,), True)), r"operands give \(5,\)"),
    "parts of other axes": (lambda: program_of(made("concat", [X3, X23], (6,), True)), r"has shape \(6,\)"),
    "a total with an axis": (lambda: program_of(made("total", [X3], (1,))), r"operands give \(\)"),
    "an inner product of lengths apart": (lambda: program_of(made("inner", [X3, X2], ())), r"has shape \(\)"),
    "a reshape that loses entries": (lambda: program_of(made("reshape", [X23], (5,), True)), r"has shape \(5,\)"),
    "a sum to more": (lambda: program_of(made("sum_to", [X3], (2, 3), True)), r"has shape \(2, 3\)"),
    "an index of another shape": (
        lambda: program_of(made("take", [X3], (2,), True, index=(np.array([0]),))), r"has an index of shape \(1,\)"
    ),
    "an entry too far": (lambda: program_of(made("take", [X3], (1,), True, index=(np.array([3]),))), "outside the 3 that exist"),
    "an entry before the first": (
        lambda: program_of(made("take", [X3], (1,), True, index=(np.array([-1]),))), "outside the 3 that exist"
    ),
    "a parameter too far": (lambda: [made("parameter", [], (1,), index=(np.array([6]),))], "outside the 6 that exist"),
    "parts of another shape": (
        lambda: program_of(made("assemble", [X3], (4,), True, index=(np.array([0, 1]),))), "shape of their index"
    ),
    "parts without an index": (lambda: program_of(made("assemble", [X3], (4,), True)), "shape of their index"),
    "a part too far": (
        lambda: program_of(made("assemble", [X3], (4,), True, index=(np.array([0, 1, 4]),))), "adds parts outside its shape"
    ),
    "a row of two of one": (lambda: program_of(made("row", [X3], (3,), True, row=ops.add)), "has 1 operands; add takes 2"),
    "a slope by the third": (
        lambda: program_of(made("slope", [X3, X3], (3,), True, row=ops.tanh, position=1)),
        "differentiates operand 1, which does not exist",
    ),
}  # fmt: skip

# The grammar forbids these, too.
MORE_ILL_FORMED = {
    "a sum to what does not fit": lambda: program_of(made("sum_to", [X3], (2,), True)),
    "a product with a vector for a matrix": lambda: program_of(made("apply", [V3, X3], (3,), True)),
    "a product with a matrix for each example": lambda: program_of(made("apply", [X23, X3], (2,), True)),
    "an outer product of numbers": lambda: program_of(x := B.input(3, ()), made("outer", [x, x], ())),
    "an outer product of one batched factor": lambda: program_of(made("outer", [X3, V3], (3, 3))),
    "an inner product of one batched factor": lambda: program_of(made("inner", [X3, V3], ())),
    "a sum over no axis": lambda: program_of(x := B.input(3, ()), made("reduce", [x], (1,), True, row=ops.fsum)),
    "a reduction by a row of one operand": lambda: program_of(made("reduce", [X3], (1,), True, row=ops.exp)),
    "a take without an index": lambda: program_of(made("take", [X3], (3,), True)),
    "a take with two indices": lambda: program_of(made("take", [X3], (1,), True, index=(np.array([0]), np.array([1])))),
    "a slope without the row's operands": lambda: program_of(made("slope", [X3, X3], (3,), True, row=ops.mul)),
    "a row without a row": lambda: program_of(made("row", [X3], (3,), True)),
    "a row without operands": lambda: [made("row", [], (), row=ops.add)],
    "a transposed matrix for each example": lambda: program_of(made("transpose", [X23], (3, 2), True)),
    "nothing side by side": lambda: [made("concat", [], ())],
    "numbers side by side": lambda: program_of(x := B.input(3, ()), made("concat", [x, x], (2,), True)),
    "a sum to a batch that there is not": lambda: program_of(made("sum_to", [V3], (3,), True)),
}


def test_the_good_half_of_the_broken_programs_is_accepted():
    verify(program_of(), 6)


@pytest.mark.parametrize("case", ILL_FORMED)
def test_verify_says_what_is_wrong(case):
    make, complaint = ILL_FORMED[case]
    with pytest.raises(IllFormed, match=complaint):
        verify(make(), 6)


@pytest.mark.parametrize("case", MORE_ILL_FORMED)
def test_verify_rejects_what_the_grammar_forbids(case):
    with pytest.raises(IllFormed):
        verify(MORE_ILL_FORMED[case](), 6)


@pytest.mark.parametrize("make", MAKERS)
def test_verify_accepts_what_the_passes_make(make):
    program, _ = compiled(make)
    verify(everything(program), len(program.compiled.order))


# --- the scalar passes ---


def graph(kinds, operands, outputs=(), rows=(ops.add,)):
    """A scalar graph by hand: rows for computed nodes are all the first."""
    found = scalars.Scalars()
    found.rows = list(rows)
    for kind, below in zip(kinds, operands):
        found.operands.extend(below)
        scalars._add(found, kind, 0, 0 if kind == scalars.COMPUTED else -1)
    found.outputs = list(outputs)
    return found


LEAF, NODE = scalars.PARAMETER, scalars.COMPUTED


def test_a_scalar_graph_in_order_is_accepted():
    scalars.check(graph([LEAF, LEAF, NODE], [[], [], [0, 1]]))


@pytest.mark.parametrize(
    ("kinds", "operands"),
    [
        ([LEAF, NODE], [[], [0, 1]]),  # it reads itself
        ([LEAF, NODE, LEAF], [[], [0, 2], []]),  # what comes later
        ([LEAF, LEAF], [[], [0]]),  # a leaf that is computed
        ([LEAF, NODE], [[], []]),  # a computed node of nothing
        ([scalars.CONSTANT, scalars.INPUT], [[], [0]]),
    ],
)
def test_a_broken_scalar_graph_is_rejected(kinds, operands):
    with pytest.raises(IllFormed, match="of the scalar graph"):
        scalars.check(graph(kinds, operands))


CHAIN = ([LEAF, LEAF, NODE, NODE], [[], [], [0, 1], [2, 1]])


@pytest.mark.parametrize(
    ("steps", "outputs", "complaint"),
    [
        (sums.Steps([3], {}), [3], "step 3 needs node 2"),
        (sums.Steps([3, 2], {}), [3], "step 3 needs node 2"),
        (sums.Steps([2], {}), [3], "output 3 is not computed"),
        (sums.Steps([], {}), [2], "output 2 is not computed"),
        (sums.Steps([3], {3: sums.Sum(array("d", [1.0]), array("i", [0]), array("i", [2]))}), [3], "step 3 needs node 2"),
    ],
)
def test_broken_steps_are_rejected(steps, outputs, complaint):
    with pytest.raises(IllFormed, match=complaint):
        sums.check(graph(*CHAIN, outputs), steps)


def test_steps_in_order_are_accepted():
    sums.check(graph(*CHAIN, [3]), sums.Steps([2, 3], {}))
    sums.check(graph(*CHAIN, [3]), sums.Steps([3], {3: sums.Sum(array("d", [1, 1]), array("i", [0, 1]), array("i", [-1, 1]))}))


# --- grids ---

rows_of = arrays_of.arrays(np.int32, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=st.integers(0, 3))


def combinations(R, C, order):
    pairs = [(u, v) for v in C for u in R]
    return np.array([pairs[i][0] for i in order]), np.array([pairs[i][1] for i in order])


@stable
@given(st.data(), st.integers(1, 3))
def test_every_shuffled_grid_is_found(data, k):
    rows = data.draw(st.lists(st.tuples(*[st.integers(0, 5)] * k), min_size=1, max_size=4, unique=True))
    columns = data.draw(st.lists(st.tuples(*[st.integers(0, 5)] * k), min_size=1, max_size=4, unique=True))
    u, v = combinations(rows, columns, data.draw(st.permutations(range(len(rows) * len(columns)))))
    grid = grids.find_grid(u, v)
    assert grid.rows.tolist() == sorted(map(list, rows)) and grid.columns.tolist() == sorted(map(list, columns))
    assert sorted(grid.order.tolist()) == list(range(len(u)))
    np.testing.assert_array_equal(u[grid.order], np.tile(grid.rows, (len(columns), 1)))
    np.testing.assert_array_equal(v[grid.order], np.repeat(grid.columns, len(rows), axis=0))
    if len(u) > 1:
        assert grids.find_grid(u[1:], v[1:]) is None or 1 in (len(rows), len(columns))
        assert grids.find_grid(np.vstack([u, u[:1]]), np.vstack([v, v[:1]])) is None  # one stands twice
        assert grids.find_grid(np.vstack([u[1:], u[1:2]]), np.vstack([v[1:], v[1:2]])) is None  # and one is missing


@stable
@given(rows_of)
def test_distinct_rows_are_sorted_and_give_the_index_back(index):
    rows, which = grids.distinct(index)
    np.testing.assert_array_equal(rows[which], index)
    assert rows.tolist() == sorted(map(list, set(map(tuple, index.tolist()))))


@stable
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=12))
def test_components_are_what_is_connected(pairs):
    u, v = (np.array([[pair[i]] for pair in pairs]) for i in (0, 1))
    group = list(range(len(pairs)))  # by hand: join until nothing changes
    for _ in pairs:
        for i, a in enumerate(pairs):
            for j, b in enumerate(pairs):
                if a[0] == b[0] or a[1] == b[1]:
                    group[i] = group[j] = min(group[i], group[j])
    assert grids.components(u, v).tolist() == group


# --- views ---


def entries(steps):
    """What some steps take."""
    index = np.array(steps.start)
    for length, step in zip(steps.shape, steps.step):
        index = index[..., None] + np.arange(length) * step
    return index


small = arrays_of.arrays(
    np.int64, arrays_of.array_shapes(min_dims=1, max_dims=3, max_side=3), elements=st.integers(0, 4)
)
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@stable
@given(st.data(), shapes, st.integers(0, 50))
def test_equal_steps_are_recognised(data, shape, start):
    step = data.draw(st.tuples(*[st.integers(-3, 20)] * len(shape)))
    index = entries(views.Steps(start, tuple(shape), step))
    found = views.as_steps(index)
    assert found is not None and found.shape == index.shape
    np.testing.assert_array_equal(entries(found), index)
    nested = views.as_nested_steps(index)
    assert nested is not None
    np.testing.assert_array_equal(entries(nested).ravel(), index.ravel())


@stable
@given(small)
def test_steps_take_what_the_index_takes(index):
    for found in (views.as_steps(index), views.as_nested_steps(index)):
        if found is not None:
            np.testing.assert_array_equal(entries(found).ravel(), index.ravel())
    corner = index[(0,) * index.ndim]
    linear = sum(
        np.arange(n).reshape([-1 if a == d else 1 for a in range(index.ndim)])
        * (int(index[tuple(min(1, n - 1) if a == d else 0 for a in range(index.ndim))]) - corner)
        for d, n in enumerate(index.shape)
    )
    assert (views.as_steps(index) is not None) == bool((corner + linear == index).all())
    assert views.is_range(index) == (index.ravel().tolist() == list(range(corner, corner + index.size)))


@stable
@given(arrays_of.arrays(np.int64, st.integers(1, 16), elements=st.integers(0, 5)))
def test_a_nested_shape_is_a_grid_of_all_the_entries(index):
    shape = views.nested_shape(index)
    assert np.prod(shape) == len(index)
    if len(shape) > 1:
        np.testing.assert_array_equal(entries(views.as_steps(index.reshape(shape))), index.reshape(shape))
    if views.as_steps(index):
        assert shape == (len(index),)


@pytest.mark.parametrize(
    ("index", "shape"),
    [([0, 2, 8, 10], (2, 2)), ([0, 1, 2, 5, 6, 7], (2, 3)), ([0, 1, 4, 6], (4,)), ([3], (1,)), ([5, 5, 5], (3,)),
     ([0, 0, 1, 1], (2, 2)), ([0, 1, 4, 5, 16, 17, 20, 21], (2, 2, 2)), ([0, 1, 0, 1], (2, 2)), ([0, 1, 2, 4], (4,))],
)  # fmt: skip
def test_nested_shapes_by_hand(index, shape):
    assert views.nested_shape(np.array(index)) == shape


def test_an_empty_index_is_no_steps():
    assert views.as_steps(np.zeros((0,), dtype=int)) is None


# --- storage ---


@pytest.mark.parametrize("make", MAKERS)
def test_every_parameter_has_one_place(make):
    program, _ = compiled(make)
    order = program.compiled.order
    assert sorted(order.tolist()) == list(range(len(order))) == list(range(len(program.parameters.values)))
    read = {i for x in program.compiled.parameters for i in x.index[0].ravel().tolist()}
    assert read == set(range(len(order)))


def test_matrices_lie_first_and_in_one_piece_and_what_nobody_reads_lies_last():
    b = Builder([])
    bias, matrix = b.parameter(np.array([8, 6])), b.parameter(np.array([[5, 3], [1, 0]]))
    x = b.input(0, (2,))
    order = arrange(reachable([b.map(ops.add, b.contract("rk,nk->nr", matrix, x), bias)]), 9)
    assert matrix.index[0].tolist() == [[0, 1], [2, 3]] and bias.index[0].tolist() == [4, 5]
    assert order[[5, 3, 1, 0, 8, 6]].tolist() == list(range(6)) and sorted(order[[2, 4, 7]].tolist()) == [6, 7, 8]


def test_a_shared_parameter_has_the_place_of_its_first_reader():
    b = Builder([])
    first, second = b.parameter(np.array([[0, 1], [2, 3]])), b.parameter(np.array([[3, 4], [5, 0]]))
    x = b.input(0, (2,))
    arrange(reachable([b.contract("rk,nk->nr", second, b.contract("rk,nk->nr", first, x))]), 6)
    assert first.index[0].tolist() == [[0, 1], [2, 3]] and second.index[0].tolist() == [[3, 4], [5, 0]]


# --- gathers, scatters, reductions ---

places = st.integers(1, 4).flatmap(
    lambda n: st.tuples(arrays_of.arrays(np.int64, arrays_of.array_shapes(max_dims=3, max_side=4), elements=st.integers(0, 6)),
                        st.just(n))
)  # fmt: skip


@stable
@given(places)
def test_scatter_adds_as_add_at_does(drawn):
    index, n = drawn
    part = np.random.default_rng(0).normal(size=(n, index.size))
    for rows in ((), (n,)):
        out, want = np.ones((*rows, 7)), np.ones((*rows, 7))
        given_part = part if rows else part[0]
        scatter.scatter(out, given_part, *scatter.collected(index))
        np.add.at(want, (..., index.ravel()), given_part)
        np.testing.assert_allclose(out, want, rtol=1e-13, atol=1e-13)


@stable
@given(arrays_of.arrays(np.int64, arrays_of.array_shapes(max_dims=2, max_side=5), elements=st.integers(0, 6)))
def test_collected_groups_equal_places(index):
    order, starts, targets = scatter.collected(index)
    flat = index.ravel()
    assert sorted(order.tolist()) == list(range(index.size)) and targets.tolist() == sorted(set(flat.tolist()))
    for target, group in zip(targets, np.split(order, starts[1:])):
        assert group.tolist() == np.flatnonzero(flat == target).tolist()


@pytest.mark.parametrize(
    "numbers",
    [(2.0,), (0.0, 0.0), (1.0, 2.0, 3.0), (-0.5, 0.25, -0.125), (0.0, -40.0), (-40.0, 0.0, -41.0), (0.0, -700.0, -740.0),
     (1000.0, 1000.0), (1000.0, -1000.0), (-1000.0, -1000.0), (1e308, -1e308), (1e-300, -1e5), (float(np.log(0.5)),) * 2],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_logsumexp_has_every_digit(numbers, dtype):
    if dtype == "float32" and max(map(abs, numbers)) > 1e30:
        pytest.skip("no float32")
    x = np.array([numbers, numbers[::-1]], dtype=dtype)
    with np.errstate(over="ignore"):
        got = on_arrays.logsumexp(x)
    assert got.shape == (2, 1) and got.dtype == dtype
    info = np.finfo(dtype)
    with mp.workdps(800):
        largest, *rest = sorted(map(mpf, x[0].tolist()), reverse=True)
        want = largest + mp.log(1 + mp.fsum(mp.exp(v - largest) for v in rest))
        for y in got.ravel().tolist():
            assert abs(mpf(y) - want) <= 8 * info.eps * max(abs(want), abs(largest)) + info.tiny


@stable
@given(st.data(), st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(0, 4))
def test_strided_is_the_same_as_an_index(data, shape, start):
    step = data.draw(st.tuples(*[st.integers(0, 5)] * len(shape)))
    steps = views.Steps(start, tuple(shape), step)
    x = np.random.default_rng(0).normal(size=(3, 8, 5))
    np.testing.assert_array_equal(scatter.strided(x, 1, *steps), x.reshape(3, -1)[:, entries(steps)])
    np.testing.assert_array_equal(scatter.strided(x[0], 0, *steps), x[0].ravel()[entries(steps)])
    assert np.shares_memory(scatter.strided(x, 1, *steps), x)


# --- the reference, and the text that runs ---


def by_meaning(program, batch, xp=np):
    """Values, mean and gradient by the reference evaluator."""
    c, n = program.compiled, len(batch[0]) if batch else 1
    found = backward(c).gradients
    order = reachable([*c.ends, *(adjoint for _, adjoint in found)])
    known = dict(evaluate(order, program.parameters.vector, batch, 1.0 / n, xp))
    gradient = np.zeros(len(c.order))
    for parameter, adjoint in found:
        np.add.at(gradient, parameter.index[0], known[adjoint])
    values = np.broadcast_to(known[c.outputs], (n, 1))[:, 0]
    penalty = float(known[c.penalty].sum()) if c.penalty is not None else 0.0
    return values, values.mean() + penalty, gradient


def frozen(x):
    if isinstance(x, np.ndarray):
        x.setflags(write=False)
    return x


class Frozen:
    """NumPy whose arrays cannot be written into."""

    def __getattr__(self, name):
        made = getattr(np, name)
        if not callable(made) or isinstance(made, type):
            return made
        if isinstance(made, np.ufunc):
            return Frozen.Ufunc(made)
        return lambda *arguments, **options: frozen(made(*arguments, **options))

    class Ufunc:
        def __init__(self, made):
            self.made = made

        def __call__(self, *arguments, **options):
            return frozen(self.made(*arguments, **options))

        def __getattr__(self, name):
            method = getattr(self.made, name)
            return lambda *arguments, **options: frozen(method(*arguments, **options))


@pytest.mark.parametrize("make", MAKERS)
def test_the_text_that_runs_agrees_with_the_meaning(make):
    program, batch = compiled(make)
    values, mean, gradient = by_meaning(program, batch)
    np.testing.assert_allclose(np.reshape(program(*batch), -1), values, rtol=1e-12, atol=1e-14)
    value, found = program.value_and_grad(*batch)
    np.testing.assert_allclose(value, mean, rtol=1e-12)
    np.testing.assert_allclose(found.vector, gradient, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("make", MAKERS)
def test_the_reference_writes_nothing_in_place(make):
    program, batch = compiled(make)
    before = [array.copy() for array in batch], program.parameters.vector.copy()
    values, mean, gradient = by_meaning(program, [frozen(array.copy()) for array in batch], Frozen())
    want = by_meaning(program, batch)
    for a, b in zip((values, mean, gradient), want):
        np.testing.assert_allclose(a, b, rtol=1e-13)
    for a, b in zip(batch, before[0]):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(program.parameters.vector, before[1])


@pytest.mark.parametrize("make", MAKERS)
def test_the_reference_keeps_single_precision(make):
    program, batch = compiled(make, dtype="float32")
    batch = [array.astype("float32") for array in batch]
    seed = np.float32(1 / max(1, len(batch[0]) if batch else 1))
    for x, value in evaluate(everything(program), program.parameters.vector, batch, seed):
        assert np.asarray(value).dtype == "float32", x


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("inputs", [False, True])
@pytest.mark.parametrize("make", MAKERS)
def test_the_source_is_a_module_that_shows_what_it_reads(make, inputs, weighted):
    program, _ = compiled(make)
    source = program.code(weighted=weighted, inputs=inputs).source
    compile(source, "source", "exec")
    for x in program.compiled.parameters:
        assert re.search(rf"\b{x.name}\b", source), x.name
    for name in program.compiled.arguments:
        assert re.search(rf"\b{name}\b", source), name
    assert os.getcwd() not in source and os.path.dirname(engine.__file__) not in source and " at 0x" not in source
    assert all(line == line.rstrip() for line in source.splitlines())


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_function_gives_the_same_text(make):
    f, penalty, batch = make()
    keep = []  # so that objects get other addresses
    texts = set()
    for _ in range(5):
        program = engine.compile(f, penalty=penalty).trace(*batch)
        keep.append((program, [object() for _ in range(37)]))
        texts.add((program.source, str(program), program.latex(), program.explain()))
    assert len(texts) == 1


def test_another_process_gives_the_same_text():
    code = "import sys; sys.path[:0] = ['tests/engine', '.']; import test_compiler_passes as t; "
    code += "print([t.compiled(make)[0].source for make in t.MAKERS])"
    root = os.path.dirname(os.path.dirname(engine.__file__))
    texts = {
        subprocess.run([sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True,
                       text=True, check=True, timeout=60).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(texts) == 1


@pytest.mark.parametrize("make", [dense, classes, two_convolutions, attention])
def test_more_batch_sizes_than_are_kept_give_right_results(make):
    program, batch = compiled(make)
    n = len(batch[0])
    for size in [*range(1, 13), 1, 12, 2, 11]:
        rows = [array[np.arange(size) % n] for array in batch]
        value, gradient = program.value_and_grad(*rows)
        values, mean, want = by_meaning(program, rows)
        np.testing.assert_allclose([value, *gradient.vector], [mean, *want], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(program(*rows), values, rtol=1e-12, atol=1e-14)


def test_two_programs_that_share_parameters_do_not_disturb_each_other():
    f, _, batch = dense()
    first, second = engine.compile(f), engine.compile(lambda x, y: f(x, y) * 2)
    value, gradient = first.value_and_grad(*batch)
    double, twice = second.value_and_grad(*batch)
    again, same = first.value_and_grad(*batch)
    assert (value, double) == (again, 2 * value)
    np.testing.assert_array_equal(gradient.vector, same.vector)
    np.testing.assert_allclose(twice.vector, 2 * gradient.vector, rtol=1e-12)


def test_results_are_the_callers_own():
    program, batch = compiled(dense)
    values, with_inputs = program(*batch), program.value_and_grad(*batch, inputs=True)[1].inputs
    kept = [values.copy(), *(slopes.copy() for slopes in with_inputs)]
    program(*(array[::-1].copy() for array in batch))
    program.value_and_grad(*(array[::-1].copy() for array in batch), inputs=True)
    for a, b in zip([values, *with_inputs], kept):
        np.testing.assert_array_equal(a, b)
        assert a.flags.writeable


def test_a_batch_is_never_written_into():
    for make in MAKERS:
        program, batch = compiled(make)
        before = [array.copy() for array in batch]
        batch = [frozen(array) for array in batch]
        program(*batch)
        program.value_and_grad(*batch, inputs=True)
        for a, b in zip(batch, before):
            np.testing.assert_array_equal(a, b)


def test_each_gradient_has_memory_of_its_own():
    program, (x, y) = compiled(dense)
    _, first = program.value_and_grad(x, y)
    kept = first.vector.copy()
    _, second = program.value_and_grad(x + 1, y)
    assert not np.shares_memory(first.vector, second.vector)
    np.testing.assert_array_equal(first.vector, kept)


def test_nothing_of_the_scalar_graph_is_kept():
    def nodes():
        gc.collect()
        return sum(isinstance(x, Value) and x.op is not None for x in gc.get_objects())

    before = nodes()
    kept = []
    for make in MAKERS:
        f, penalty, batch = make()
        program = engine.compile(f, penalty=penalty)
        program(*batch)
        program.value_and_grad(*batch, inputs=True)
        str(program), program.latex(), program.explain()
        kept.append(program)
        assert nodes() <= before, make.__name__


# --- names: what a user calls a thing may be anything ---

WORDS = ["n", "s", "theta", "gradient", "constants", "empty", "dot", "exp", "tanh", "multiply", "add", "take", "copyto", "ones",
         "ones_n", "ones_2", "seeds", "run", "build", "logsumexp", "strided", "z1", "W1", "C", "a0", "v1", "t3", "c0", "i0", "k",
         "view", "δ1", "print"]  # fmt: skip
SPECIAL_WORDS = ["lambda", "class", "None", "if", "import", "__debug__", "match", "ﬁ", "x", "two words", "1st", "∂C/∂w", "é"]


def agrees(f, batch):
    program = engine.compile(f)
    costs = [f(*map(valued, example)) for example in zip(*batch)]
    np.testing.assert_allclose(program(*batch), [cost.data for cost in costs], rtol=1e-12)
    value, gradient = program.value_and_grad(*batch, inputs=True)
    total = engine.fsum(costs) / len(costs)
    np.testing.assert_allclose(value, total.data, rtol=1e-12)
    values = program.parameters.values
    np.testing.assert_allclose([gradient[p] for p in values], engine.grad(total, values), rtol=1e-12)
    weighted, _ = program.value_and_grad(*batch, weights=np.ones(len(batch[0])))
    np.testing.assert_allclose(weighted, value, rtol=1e-12)
    assert str(program) and program.latex() and program.explain() and len(program.arrays) == len(gradient)


def valued(x):
    return [valued(row) for row in x] if np.ndim(x) else Value(float(x))


@pytest.mark.parametrize("word", WORDS)
def test_an_argument_may_have_any_name(word):
    w = [Value(0.5), Value(-0.25)]
    space = {"w": w, "tanh_": tanh, "exp_": exp, "logsumexp_": logsumexp}
    f = eval(f"lambda {word}: tanh_(w[0]*{word}[0] + w[1]*{word}[1] + w[0])**2 + exp_({word}[0]*{word}[1]) + logsumexp_({word})",
             space)  # fmt: skip
    agrees(f, (X[:, :2],))


@pytest.mark.parametrize("word", [*WORDS, *SPECIAL_WORDS])
def test_a_parameter_may_have_any_label(word):
    p, q = Value(0.5, word), Value(0.7, "q")
    agrees(lambda x: exp(p * x) + tanh(p + x) * q + log(p), (X[:, 0],))


# --- what a program is called with ---


def square(**options):
    return engine.compile(lambda x: x * x, **options)


def of_two():
    return engine.compile(lambda x, y: x[0] * y + x[1])


def traced(program, *batch):
    return program.trace(*batch)


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ((["a", "b"],), r"Argument 1 must be numbers.*\['a', 'b'\]"),
        (("abc",), "Argument 1 must be numbers"),
        (([[1.0, 2.0], [3.0]],), "Argument 1 must be numbers"),
        (([1j],), "Argument 1 must be numbers"),
        (([object()],), "Argument 1 must be numbers"),
        ((1.0,), "Argument 1 is one number"),
        (([],), "Argument 1 is an empty batch"),
        ((np.zeros((0, 3)),), "Argument 1 is an empty batch"),
        ((np.array([np.nan, 1.0]),), r"(Argument 1|\bx\b).*nan"),
        ((np.array([np.inf, 1.0]),), r"(Argument 1|\bx\b).*inf"),
        (([None, 1.0],), r"(Argument 1|\bx\b)"),
    ],
)
def test_a_first_batch_that_is_none_names_the_argument(batch, sentence):
    with pytest.raises((ValueError, UndefinedError), match=sentence):
        square()(*batch)


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        (([[1.0, 2.0]], ["a"]), "y must be numbers"),
        (([[1.0], [1.0, 2.0]], [1.0]), "x must be numbers"),
        ((np.zeros((2, 3)), [1.0, 2.0]), r"x has shape \(2, 3\); this program takes \(n, 2\)"),
        ((np.zeros((2, 2)), [[1.0], [2.0]]), r"y has shape \(2, 1\); this program takes \(n,\)"),
        ((np.zeros(2), [1.0, 2.0]), r"x has shape \(2,\); this program takes \(n, 2\)"),
        ((np.zeros((2, 2)), 1.0), r"y has shape \(\)"),
        ((1.0, [1.0]), r"x has shape \(\)"),
        ((np.zeros((2, 2)), [1.0, 2.0, 3.0]), "x has 2 examples and y has 3"),
        ((np.zeros((2, 2)), []), "y is an empty batch"),
        ((np.zeros((0, 2)), [1.0]), "x is an empty batch"),
        ((np.zeros((0, 2)), []), "x is an empty batch"),
    ],
)
@pytest.mark.parametrize("how", ["call", "value_and_grad"])
def test_a_later_batch_that_does_not_fit_names_the_argument(batch, sentence, how):
    program = traced(of_two(), np.zeros((2, 2)), [1.0, 2.0])
    with pytest.raises(ValueError, match=sentence):
        (program if how == "call" else program.value_and_grad)(*batch)


@pytest.mark.parametrize("batch", [(), ([[1.0, 2.0]],), ([[1.0, 2.0]], [1.0], [1.0])])
def test_a_wrong_number_of_arguments_names_those_that_there_are(batch):
    program = traced(of_two(), np.zeros((2, 2)), [1.0, 2.0])
    with pytest.raises(TypeError, match=f"takes 2 arguments: x, y; it was given {len(batch)}"):
        program(*batch)


def test_the_first_batch_is_looked_over_before_the_function_runs():
    with pytest.raises(ValueError, match="x has 1 examples and y has 2"):
        of_two()([[1.0, 2.0]], [1.0, 2.0])


def test_complex_numbers_are_refused_as_arrays_as_well():
    with pytest.raises(ValueError, match="Argument 1"):
        square()(np.array([1j, 2j]))


def test_an_axis_of_length_zero_is_an_axis():
    p = Value(0.5)
    np.testing.assert_allclose(engine.compile(lambda x: p * len(x))(np.zeros((3, 0))), [0.0] * 3)
    np.testing.assert_allclose(engine.compile(lambda x: p * len(x))(np.zeros((3, 2, 0))), [1.0] * 3)


def test_what_can_be_an_array_is_a_batch():
    for batch in ([1, 2], (1.0, 2.0), np.array([1, 2]), np.array([1.0, 2.0], "float32"), [True, 2],
                  [engine.Constant(1.0), 2.0], np.array([1.0, 0.0, 2.0, 0.0])[::2], range(1, 3)):  # fmt: skip
        np.testing.assert_array_equal(square()(batch), [1.0, 4.0])
        np.testing.assert_array_equal(traced(square(), [3.0])(batch), [1.0, 4.0])


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("how", ["call", "value_and_grad"])
def test_what_is_no_number_in_a_later_batch_is_named_with_its_example(how, check, number):
    program = traced(of_two(), np.zeros((2, 2)), [1.0, 2.0])
    batch = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, number]])
    with pytest.raises(UndefinedError, match=rf"The input x is {number} for example 2 of the batch, entry 1"):
        (program if how == "call" else program.value_and_grad)(batch, [1.0, 2.0, 3.0], check=check)


def test_check_names_the_first_block_and_example():
    w = [Value(1.0), Value(1.0)]
    program = engine.compile(lambda x: tanh(log(w[0] * x[0] + w[1] * x[1])) * 2).trace([[1.0, 1.0]])
    batch = [[1.0, 2.0], [1.0, -3.0], [-1.0, -1.0]]
    for run in (program, program.value_and_grad):
        for check in (False, True):
            with pytest.raises(UndefinedError, match=r"^log\(z1\) is nan for example 1 of the batch\. Everything before it"):
                run(batch, check=check)


def test_check_finds_what_does_not_reach_the_result():
    program = engine.compile(lambda x: engine.where(engine.greater(x, 0.0), x, log(x))).trace([1.0])
    program([1.0, 2.0], check=True)
    np.testing.assert_array_equal(program([1.0, 0.5]), [1.0, 0.5])
    with pytest.raises(UndefinedError, match=r"log\(x\) is -?nan|log\(x\) is nan for example 1"):
        program([1.0, -1.0], check=True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"weights": [1.0]}, r"one weight for each example: 2 examples, weights of shape \(1,\)"),
        ({"weights": 2.0}, r"weights of shape \(\)"),
        ({"weights": [[1.0], [2.0]]}, r"weights of shape \(2, 1\)"),
        ({"weights": ["a", "b"]}, "weights must be numbers"),
        ({"weights": [1.0, [2.0]]}, "weights must be numbers"),
        ({"weights": [1.0, -1.0]}, "The weights add up to 0"),
        ({"weights": [0.0, 0.0]}, "The weights add up to 0"),
        ({"weights": [np.nan, 1.0]}, "The weights add up to nan"),
        ({"weights": [np.inf, 1.0], "reduction": "sum"}, "The weights add up to inf"),
        ({"reduction": "max"}, "reduction = 'max': give \"mean\" or \"sum\""),
        ({"reduction": None}, "reduction = None"),
    ],
)
def test_weights_and_reductions_that_are_none_are_named(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        square().value_and_grad([1.0, 2.0], **options)


@pytest.mark.parametrize("make", [m for m in MAKERS if m is not without_arguments])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weights_of_examples_weigh_values_and_derivatives(make, reduction):
    program, batch = compiled(make)
    n = len(batch[0])
    charge = program.value_and_grad(*batch)[0] - np.mean(program(*batch))
    w = np.arange(1.0, n + 1)
    value, gradient = program.value_and_grad(*batch, weights=w, reduction=reduction, inputs=True)
    divisor = w.sum() if reduction == "mean" else 1.0
    np.testing.assert_allclose(value, np.dot(program(*batch), w) / divisor + charge, rtol=1e-12)
    repeated = [np.repeat(array, np.arange(1, n + 1), axis=0) for array in batch]  # a weight of 2 is the example twice
    again, same = program.value_and_grad(*repeated, reduction=reduction)
    np.testing.assert_allclose(value, again, rtol=1e-12)
    np.testing.assert_allclose(gradient.vector, same.vector, rtol=1e-11, atol=1e-13)


# --- what a function returns ---


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (None, r"it returned nothing \(None\)"),
        ("text", "it returned 'text', of type str"),
        ([], "an empty list"),
        ((), "an empty list"),
        ([[1.0]], r"flat list of Values; it returned \[1.0\], of type list"),
        ([None], "nothing"),
        ({}, "of type dict"),
        (True, "of type bool"),
        (np.zeros((2, 2)), "of type ndarray"),
        (1j, "of type complex"),
    ],
)
def test_a_result_that_is_none_is_named(result, sentence):
    for run in (engine.compile(lambda x: result), engine.compile(lambda x: result).value_and_grad):
        with pytest.raises(engine.TracingError, match=sentence):
            run([1.0])


@pytest.mark.parametrize("result", [1.0, (1.0,), (1.0, [2.0], 3.0), [1.0, [2.0]]])
def test_without_a_pair_has_aux_says_so(result):
    with pytest.raises(engine.TracingError, match=r"With has_aux the function returns \(cost, list of others\)"):
        square_and(result)([1.0])


def square_and(result):
    return engine.compile(lambda x: result, has_aux=True)


@pytest.mark.parametrize("others", [[], ()])
def test_a_list_of_no_others_is_a_list(others):
    values, found = engine.compile(lambda x: (x * x, others), has_aux=True)([1.0, 2.0])
    np.testing.assert_array_equal(values, [1.0, 4.0])
    assert np.size(found) == 0


def test_a_penalty_that_is_no_cost_is_named():
    with pytest.raises(engine.TracingError, match="penalty"):
        engine.compile(lambda x: x, penalty=lambda: None)([1.0])
    with pytest.raises(TypeError, match="penalty"):
        engine.compile(lambda x: x, penalty=3)


@pytest.mark.parametrize("dtype", ["int32", "foo", "complex128"])
def test_a_dtype_that_is_none_is_named(dtype):
    with pytest.raises(ValueError, match=r"dtype = .*float64.*float32"):
        square(dtype=dtype)


def test_what_is_no_function_is_named():
    with pytest.raises(TypeError, match="takes a function of one example, not 3"):
        engine.compile(3)


def test_a_list_of_results_has_no_gradient():
    program = engine.compile(lambda x: [x, x * x])
    np.testing.assert_array_equal(program([1.0, 2.0]), [[1.0, 1.0], [2.0, 4.0]])
    with pytest.raises(ValueError, match="returns a list of 2: a gradient belongs to one number"):
        program.value_and_grad([1.0, 2.0])
    assert "return" in program.source and str(program) and program.latex() and program.explain()
    with pytest.raises(ValueError, match="a list of 1"):
        engine.compile(lambda x: [x]).value_and_grad([1.0])


def test_a_program_that_is_not_traced_says_what_to_do():
    program = square()
    assert repr(program) == "Program(not traced yet)"
    assert str(program) == "Program(not traced yet): give it a batch first, program(X, Y)"
    for look in ("source", "arrays", "parameters", "compiled"):
        with pytest.raises(ValueError, match="not traced yet: give it a batch first"):
            getattr(program, look)
    for call in ("latex", "explain", "load_from", "store_to", "code"):
        with pytest.raises(ValueError, match="not traced yet: give it a batch first"):
            getattr(program, call)()


# --- numbers at the edge of what a float holds ---


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: (1e200 * x) * (1e200 * x), 1e-201),
        (lambda x: 1e200 * (1e200 * x), 1e-300),
        (lambda x: 1e-200 * (1e-200 * x), 1e300),
        (lambda x: (x * x) / 1e-310 + x, 1e-160),
        (lambda x: 1e200 * (1e200 * (x * x) + x) + x, 1e-300),
    ],
)
def test_numbers_in_a_function_may_be_large_and_small(f, x):
    np.testing.assert_allclose(engine.compile(f)([x]), [f(Value(x)).data], rtol=1e-9)
