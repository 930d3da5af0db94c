"""program.to_jax: the same costs and gradients as the scalars have, and what JAX's users do with such a function."""

import math
import subprocess
import sys
import warnings
from pathlib import Path
from random import Random

import numpy as np
import pytest

import engine
import nn
from engine import Value, erf, exp, lookup, maximum, relu, sigmoid, softmax, tanh
from engine.graph import topological_order

jax = pytest.importorskip("jax", reason="JAX is an extra: pip install chainrule[jax]")

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _64_bits():
    with jax.enable_x64(True):
        yield


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def values(rows, columns=None, seed=0):
    random = Random(seed)
    if columns is None:
        return [Value(random.gauss(0, 1)) for _ in range(rows)]
    return [[Value(random.gauss(0, 1)) for _ in range(columns)] for _ in range(rows)]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def dense():
    model = nn.MLP(4, [5, 3], activation="sigmoid", output="sigmoid", seed=1)
    return lambda x, y: nn.losses.quadratic(model(x), y), (numbers(6, 4), np.eye(3)[[0, 1, 2, 0, 1, 2]]), None


def penalised():
    model = nn.MLP(4, [5, 3], seed=1)
    batch = numbers(6, 4), np.eye(3)[[0, 1, 2, 0, 1, 2]]
    return lambda x, y: nn.losses.quadratic(model(x), y), batch, lambda: nn.l2(0.1)(model, 10)


def classifier():
    model = nn.MLP(4, [5, 3], activation="gelu", seed=1)
    return lambda x, y: nn.losses.cross_entropy(model(x), y), (numbers(6, 4), np.eye(3)[[0, 1, 2, 0, 1, 2]]), None


def lstm():
    model = nn.LSTM(3, 4, seed=2)
    return lambda xs, y: (sum(model(xs)[-1]) - y) ** 2, (numbers(5, 12, 3), numbers(5, seed=1)), None


def gru():
    model = nn.GRU(3, 4, seed=2)
    return lambda xs, y: (sum(model(xs)[-1]) - y) ** 2, (numbers(5, 12, 3), numbers(5, seed=1)), None


def attention():
    q, k, v = values(4, 3, 1), values(4, 3, 2), values(4, 3, 3)

    def cost(xs, y):
        queries, keys, contents = ([[dot(row, x) for row in matrix] for x in xs] for matrix in (q, k, v))
        total = 0.0
        for query in queries:
            weights = softmax([dot(query, key) / 2 for key in keys])
            total += sum(tanh(dot(weights, column)) for column in zip(*contents))
        return (total - y) ** 2

    return cost, (numbers(5, 6, 3), numbers(5, seed=1)), None


def embedding():
    table, w = values(7, 3), values(3, seed=1)
    return (lambda i, y: (dot(w, lookup(table, i)) - y) ** 2), (np.array([0, 6, 2, 2, 5]), numbers(5, seed=1)), None


def overlapping():
    p = values(6)
    return (lambda x: dot(p[:4], x) ** 2 + sum(exp(a * b) for a, b in zip(p[2:], p[:4]))), (numbers(5, 4),), None


def functions():
    w = values(4)

    def cost(x):
        return erf(w[0] * x[0]) + maximum(w[1], x[1]) ** 2 + abs(w[2] * x[2]) + sigmoid(w[3]) * relu(x[0])

    return cost, (numbers(5, 4),), None


def same_for_all():
    w = values(3)
    return (lambda x: dot(w, w) + 0 * x), (numbers(5),), None


PROGRAMS = [dense, penalised, classifier, lstm, gru, attention, embedding, overlapping, functions, same_for_all]


def vector_of(program, arrays):
    """Arrays by name as the vector that the program keeps, and how often each place was given."""
    vector = np.zeros(len(program.parameters.vector))
    for name, index in program.parameters.leaves.items():
        vector[index] += arrays[name]
    return vector


def by_hand(f, batch, penalty):
    """The mean and its derivatives, by the engine on single numbers."""
    rows = [f(*[x.tolist() for x in example]) for example in zip(*batch)]
    total = engine.fsum(rows) / len(rows)
    total = total + penalty() if penalty else total
    parameters = [x for x in topological_order(total) if x.op is None and not x.constant]
    return total.data, dict(zip(parameters, engine.grad(total, parameters)))


@pytest.mark.parametrize("make", PROGRAMS)
def test_cost_and_gradient_are_those_of_the_scalars(make):
    f, batch, penalty = make()
    program = engine.compile(f, penalty=penalty).trace(*batch)
    cost, params = program.to_jax()
    value, gradient = jax.jit(jax.value_and_grad(cost))(params, *batch)
    expected, slopes = by_hand(f, batch, penalty)
    assert math.isclose(value, expected, rel_tol=1e-13, abs_tol=1e-13)
    found = vector_of(program, gradient)
    for p, place in program.parameters.place.items():
        assert math.isclose(found[place], slopes.get(p, 0.0), rel_tol=1e-11, abs_tol=1e-12), p


@pytest.mark.parametrize("make", PROGRAMS)
def test_every_parameter_is_in_one_leaf(make):
    f, batch, penalty = make()
    program = engine.compile(f, penalty=penalty).trace(*batch)
    places = np.concatenate([index.ravel() for index in program.parameters.leaves.values()])
    assert sorted(places.tolist()) == list(range(len(program.parameters.values)))


def test_a_loop_over_time_stays_one():
    """The text that XLA compiles does not grow with the steps."""
    lengths = []
    for steps in (12, 24):
        f, (_, y), _ = lstm()
        batch = numbers(5, steps, 3), y
        cost, params = engine.compile(f).trace(*batch).to_jax()
        lengths.append(len(jax.jit(cost).lower(params, *batch).as_text().splitlines()))
    assert lengths[0] == lengths[1]


# --- corners and far ends: the table's conventions hold ---

@pytest.mark.parametrize("row", [row for row in engine.TABLE.values() if row.arity == 1], ids=repr)
def test_slopes_of_the_table_are_kept(row):
    points = np.array([x for x in (-30.0, -1.5, -0.5, 0.0, 0.25, 1.0, 40.0) if x in row.smooth[0]])
    p = Value(1.0)
    static = (row.default,) if row.parameter else ()
    program = engine.compile(lambda x: row(p * x, *static)).trace(points)
    costs, params = program.to_jax(parts=True)
    slopes = jax.vmap(jax.grad(lambda x: costs(params, x[None])[0][0]))(points)
    for x, slope in zip(points.tolist(), slopes.tolist()):
        v = Value(x)
        row(v, *static).backward()
        assert math.isclose(slope, v.grad, rel_tol=1e-11, abs_tol=1e-300), x


def test_second_derivatives_agree_with_the_engine():
    v, xs = Value(0.3), numbers(4)
    program = engine.compile(lambda x: sigmoid(v * x) + engine.gelu(v) * engine.softplus(x * v)).trace(xs)
    cost, params = program.to_jax()
    (curvature,) = [float(np.squeeze(entry)) for row in jax.hessian(cost)(params, xs).values() for entry in row.values()]
    total = engine.fsum([sigmoid(v * x) + engine.gelu(v) * engine.softplus(x * v) for x in xs.tolist()]) / len(xs)
    assert math.isclose(curvature, engine.hessian(total, [v])[0][0], rel_tol=1e-11)


# --- as JAX's users know it ---

def test_vmap_gives_the_gradient_of_each_example():
    f, (X, Y), _ = dense()
    program = engine.compile(f).trace(X, Y)
    cost, params = program.to_jax()
    each = jax.vmap(jax.grad(lambda params, x, y: cost(params, x[None], y[None])), in_axes=(None, 0, 0))(params, X, Y)
    for i in range(len(X)):
        one = program.value_and_grad(X[i : i + 1], Y[i : i + 1])[1]
        found = vector_of(program, {name: a[i] for name, a in each.items()})
        np.testing.assert_allclose(found, one.vector, rtol=1e-12, atol=1e-14)


def test_optax_and_scan_train_it_and_the_program_takes_the_result_back():
    optax = pytest.importorskip("optax")
    f, (X, Y), _ = dense()
    program = engine.compile(f).trace(X, Y)
    cost, params = program.to_jax()
    rule = optax.adam(0.01)

    def step(carried, batch):
        params, state = carried
        value, gradient = jax.value_and_grad(cost)(params, *batch)
        changes, state = rule.update(gradient, state, params)
        return (optax.apply_updates(params, changes), state), value

    with warnings.catch_warnings():  # optax itself warns of numbers of 64 bits in some versions
        warnings.simplefilter("ignore")
        (params, _), costs = jax.lax.scan(step, (params, rule.init(params)), (X.reshape(3, 2, 4), Y.reshape(3, 2, 3)))
    program.load_from(params)
    np.testing.assert_array_equal(program.arrays["W1"], params["W1"])
    p = program.parameters.values[0]
    before = p.data
    program.store_to()
    assert p.data != before
    assert len(costs) == 3


def test_others_come_as_aux():
    w = values(3)
    X = numbers(4, 3)
    program = engine.compile(lambda x: (dot(w, x) ** 2, [dot(w, x), w[0]]), has_aux=True).trace(X)
    cost, params = program.to_jax()
    (value, others), _ = jax.value_and_grad(cost, has_aux=True)(params, X)
    expected, wanted = program(X)
    assert math.isclose(value, expected.mean(), rel_tol=1e-14)
    np.testing.assert_allclose(others, wanted, rtol=1e-14)


def test_without_64_bits_it_computes_in_32():
    f, batch, _ = dense()
    program = engine.compile(f).trace(*batch)
    with jax.enable_x64(False):
        cost, params = program.to_jax()
        value = jax.jit(cost)(params, *batch)
    assert value.dtype == np.float32 and params["W1"].dtype == np.float32
    assert math.isclose(value, program(*batch).mean(), rel_tol=1e-5)


def test_importing_and_using_it_leaves_jaxs_switch_alone():
    code = ("import engine, jax; p = engine.compile(lambda x: engine.Value(2.0) * x).trace([1.0]); p.to_jax(); "
            "print(jax.numpy.ones(1).dtype)")  # fmt: skip
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert shown.stdout.split() == ["float32"]


@pytest.mark.parametrize("position", [-1, 7])
def test_a_row_outside_the_table_is_nan(position):
    f, batch, _ = embedding()
    cost, params = engine.compile(f).trace(*batch).to_jax()
    assert math.isnan(jax.jit(cost)(params, np.array([position]), np.array([0.0])))


# --- what is refused ---

def test_a_list_of_results_is_refused():
    with pytest.raises(ValueError, match="to_jax needs one cost"):
        engine.compile(lambda x: [Value(1.0) * x, x]).trace([1.0]).to_jax()


def test_a_program_that_is_not_traced_is_refused():
    with pytest.raises(ValueError, match="not traced yet"):
        engine.compile(lambda x: x).to_jax()


def test_wrong_parameters_and_batches_are_refused():
    f, (X, Y), _ = dense()
    cost, params = engine.compile(f).trace(X, Y).to_jax()
    with pytest.raises(ValueError, match=r"a dictionary with the arrays W1, b1, W2, b2.*; this one has W1"):
        cost({"W1": params["W1"]}, X, Y)
    with pytest.raises(ValueError, match=r"W1 has shape \(4, 5\); in this program it has shape \(5, 4\)"):
        cost(params | {"W1": params["W1"].T}, X, Y)
    with pytest.raises(ValueError, match=r"y has shape \(5, 3\); this program takes \(n, 3\)"):
        cost(params, X, Y[:5])
    with pytest.raises(TypeError, match="takes x, y after params; it was given 1 "):
        cost(params, X)


def test_arrays_that_do_not_fit_are_refused_and_none_is_loaded():
    f, batch, _ = dense()
    program = engine.compile(f).trace(*batch)
    before = program.arrays
    good = before["b1"] + 1
    with pytest.raises(KeyError, match="no 'W9'"):
        program.load_from({"b1": good, "W9": good})
    with pytest.raises(ValueError, match=r"W1 has shape \(5,\); in this program it has shape \(5, 4\)"):
        program.load_from({"b1": good, "W1": good})
    with pytest.raises(ValueError, match="b2 has an entry that is inf or nan"):
        program.load_from({"b1": good, "b2": [1.0, math.nan, 0.0]})
    np.testing.assert_array_equal(program.arrays["b1"], before["b1"])
    program.load_from({"b1": good})
    np.testing.assert_array_equal(program.arrays["b1"], good)
    np.testing.assert_array_equal(program.arrays["W1"], before["W1"])


def test_without_jax_one_sentence_says_what_to_install(monkeypatch):
    program = engine.compile(lambda x: Value(2.0) * x).trace([1.0])
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ModuleNotFoundError, match=r"^This needs jax, which is not installed: pip install jax$"):
        program.to_jax()
