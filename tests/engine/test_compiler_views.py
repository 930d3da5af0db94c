"""Where numbers lie: entries at equal steps, the places of parameters, what is taken from places and added to them."""

import numpy as np
import pytest
from compiled_examples import MAKERS, compiled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from mpmath import mp, mpf

from engine import on_arrays, ops
from engine.compiler import views
from engine.compiler.finding.storage import arrange
from engine.compiler.nodes import Builder, reachable

stable = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

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
        views.scatter(out, given_part, *views.collected(index))
        np.add.at(want, (..., index.ravel()), given_part)
        np.testing.assert_allclose(out, want, rtol=1e-13, atol=1e-13)


@stable
@given(arrays_of.arrays(np.int64, arrays_of.array_shapes(max_dims=2, max_side=5), elements=st.integers(0, 6)))
def test_collected_groups_equal_places(index):
    order, starts, targets = views.collected(index)
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
    np.testing.assert_array_equal(views.strided(x, 1, *steps), x.reshape(3, -1)[:, entries(steps)])
    np.testing.assert_array_equal(views.strided(x[0], 0, *steps), x[0].ravel()[entries(steps)])
    assert np.shares_memory(views.strided(x, 1, *steps), x)
