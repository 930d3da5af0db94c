"""Programs as users write them, and the products of matrices that must be found in them.

Each function is compiled, compared with the engine's own values and derivatives on a small batch, and then looked at as a
list of nodes: a layer that was found is a contraction with a matrix, not an entry by entry product.
"""

import re
from collections import Counter
from functools import reduce
from itertools import chain
from operator import add
from random import Random
from typing import NamedTuple

import numpy as np
import pytest

import engine
import nn
from engine import Value, cos, log, maximum, relu, sigmoid, sin, softmax, tanh
from engine.compiler.differentiate import backward
from engine.compiler.nodes import reachable
from engine.graph import topological_order


def is_apply(x):
    """W a: a contraction of data with a matrix that is the same for all examples."""
    return x.kind == "contract" and len(x.operands) == 2 and len(x.operands[1].shape) == 2 and not x.operands[1].batched \
        and x.operands[0] is not x.operands[1] and "," in x.spec and len(x.letters[-1]) == len(x.letters[0])  # fmt: skip


def is_outer(x):
    """δ aᵀ, summed over the batch."""
    return x.kind == "contract" and len(x.operands) == 2 and len(x.shape) == 2 and not x.batched and x.operands[0].batched


class Found(NamedTuple):
    """A compiled program, its nodes forward, and all of them with the backward pass."""

    program: object
    forward: list
    everything: list

    def count(self, what):
        return self._counted(self.forward)[what]

    @property
    def kinds(self):
        return self._counted(self.everything)

    @staticmethod
    def _counted(nodes):
        """By kind, views left out; products of matrices by what they are."""
        found = Counter(x.kind for x in nodes if not x.is_view)
        return found | Counter({"apply": sum(map(is_apply, nodes)), "outer": sum(map(is_outer, nodes))})

    @property
    def moving(self):
        """The nodes, forward and backward, that move entries; a dense network needs none."""
        return [x for x in self.everything if x.kind in ("take", "put") and not x.is_view]

    def __repr__(self):
        return f"Found({dict(Counter(x.kind for x in self.forward))})"

    @property
    def applies(self):
        """The shapes of the matrix and of what it is applied to."""
        return sorted((x.operands[1].shape, x.operands[0].entries) for x in self.forward if is_apply(x))

    @property
    def matrices(self):
        return [matrix for matrix, _ in self.applies]


def found(f, *batch, penalty=None):
    """Compile f, compare it with the eager engine, and give what was found."""
    program = engine.compile(f, penalty=penalty)
    values, (value, gradient) = program(*batch), program.value_and_grad(*batch)
    with_inputs = program.value_and_grad(*batch, inputs=True)[1]
    arguments = [[nested(example) for example in array] for array in batch]
    costs = [f(*example) for example in zip(*arguments)]
    mean = engine.fsum(costs) / len(costs)
    total = mean + penalty() if penalty else mean
    inputs = list(leaves(arguments))
    given = set(inputs)
    parameters = [x for x in topological_order(total) if x.op is None and not x.constant and x not in given]
    slopes = engine.grad(total, [*parameters, *inputs])
    close(values, [cost.data for cost in costs])
    close([value], [total.data])
    close([gradient[p] for p in parameters], slopes[: len(parameters)])
    close([with_inputs[p] for p in parameters], slopes[: len(parameters)])
    if inputs:  # the derivatives of all arguments, by argument, example and entry
        close(np.concatenate([array.ravel() for array in with_inputs.inputs]), slopes[len(parameters) :])
    gradients = [adjoint for _, adjoint in backward(program.compiled).gradients]
    ends = program.compiled.ends
    return Found(program, reachable(ends), reachable([*ends, *gradients]))


def close(got, want):
    """Equal to 12 digits of the largest number."""
    want = np.array(want, dtype=float)
    np.testing.assert_allclose(np.array(got, dtype=float), want, rtol=0, atol=1e-12 * np.abs(want).max(initial=1e-300))


def nested(array):
    return [nested(row) for row in array] if np.ndim(array) else Value(float(array))


def leaves(things):
    """All Values of nested lists in one row."""
    return chain.from_iterable(map(leaves, things)) if isinstance(things, list) else [things]


def weights(*shape, seed=0):
    """Parameters in nested lists."""
    random = Random(f"{shape}{seed}")

    def made(shape):
        return [made(shape[1:]) for _ in range(shape[0])] if shape else Value(random.uniform(-1, 1))

    return made(shape)


def data(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def linear(z):
    return z


def dense(W, x, b=None, f=tanh):
    """A layer with bare loops; f may be a list, one function for each neuron."""
    z = [sum(w * v for w, v in zip(row, x)) for row in W]
    z = [s + t for s, t in zip(z, b)] if b else z
    return [g(s) for g, s in zip(f if isinstance(f, list) else [f] * len(z), z)]


def squares(a):
    return sum(v * v for v in leaves(list(a)))


def transposed(W):
    return [list(column) for column in zip(*W)]


# --- dense layers ---

LOSSES = {
    "quadratic": ("linear", "sigmoid", "softmax"), "mse": ("linear", "tanh", "softmax"), "binary_cross_entropy": ("sigmoid",),
    "binary_cross_entropy_with_logits": ("linear",), "cross_entropy": ("linear",), "hinge": ("linear", "tanh"),
}  # fmt: skip


def targets(loss, n, outputs):
    random = np.random.default_rng(5)
    if loss == "cross_entropy":
        return np.eye(outputs)[random.integers(0, outputs, n)]
    return random.choice([-1.0, 1.0], (n, outputs)) if loss == "hinge" else random.uniform(0, 1, (n, outputs))


def network(n_in, sizes, activation="tanh", output="linear", loss="quadratic", penalty=None):
    model = nn.MLP(n_in, sizes, activation, output, seed=1, bias=0.1)
    cost = getattr(nn.losses, loss)
    charge = (lambda: penalty(model, 10)) if penalty else None
    return found(lambda x, y: cost(model(x), y), data(4, n_in), targets(loss, 4, sizes[-1]), penalty=charge)


def shapes(n_in, sizes):
    """(outputs, inputs) of each layer's matrix; a layer of one weight needs none."""
    return sorted((m, k) for k, m in zip([n_in, *sizes], sizes) if m * k > 1)


@pytest.mark.parametrize("sizes", [[1], [3], [4, 1], [4, 3], [1, 3], [5, 4, 3], [3, 3, 3], [3, 1, 3], [4, 1, 1], [1, 1]])
@pytest.mark.parametrize("n_in", [1, 3])
def test_each_layer_of_an_mlp_is_one_product(n_in, sizes):
    program = network(n_in, sizes)
    assert program.matrices == shapes(n_in, sizes)
    assert not program.moving


@pytest.mark.parametrize("sizes", [[2], [4, 2], [2, 2], [2, 1]])
def test_layers_of_two_neurons_are_like_any_other(sizes):
    program = network(3, sizes)
    assert program.matrices == shapes(3, sizes)
    assert not program.moving


@pytest.mark.parametrize("activation", nn.ELEMENTWISE)
def test_each_layer_is_one_product_with_every_activation(activation):
    row = nn.ELEMENTWISE[activation]
    if activation != "linear" and row.smooth[0].low > -np.inf:  # not every z is in its domain
        inside = (lambda z: row(z * z + 1.5)) if row.smooth[0].high == np.inf else (lambda z: row(1 / (z * z + 2)))
        model = nn.MLP.from_weights([weights(4, 3), weights(3, 4)], [weights(4), weights(3)], inside)
        program = found(lambda x: squares(model(x)), data(4, 3))
    else:
        program = network(3, [4, 3], activation)
    assert program.matrices == [(3, 4), (4, 3)]
    assert not program.moving


@pytest.mark.parametrize(("loss", "output"), [(loss, output) for loss, outputs in LOSSES.items() for output in outputs])
@pytest.mark.parametrize("outputs", [1, 2, 3, 5])
def test_every_loss_of_nn_stands_on_products(loss, output, outputs):
    if outputs == 1 and (loss == "cross_entropy" or output == "softmax"):
        pytest.skip("of classes there are two or more")
    program = network(3, [4, outputs], output=output, loss=loss)
    assert program.matrices == shapes(3, [4, outputs])
    assert program.kinds["outer"] == 2 and program.kinds["apply"] == 3  # backward: two δ xᵀ and one Wᵀ δ
    assert not program.moving


@pytest.mark.parametrize("penalty", [nn.l1(0.1), nn.l2(0.1), nn.l1(0.1, biases=True), nn.l2(0.1, biases=True)])
@pytest.mark.parametrize("sizes", [[1], [4, 3], [1, 1], [4, 2, 3]])
def test_penalties_add_one_sum(penalty, sizes):
    plain, charged = network(3, sizes), network(3, sizes, penalty=penalty)
    assert charged.matrices == plain.matrices
    assert charged.count("reduce") <= plain.count("reduce") + 1
    assert len(charged.forward) <= len(plain.forward) + 8
    assert not charged.moving


@pytest.mark.parametrize("loss", LOSSES)
def test_wider_layers_need_no_more_instructions(loss):
    sizes = {len(network(width, [width + 1, width + 2, width], output=LOSSES[loss][0], loss=loss).everything) for width in (3, 8)}
    assert len(sizes) == 1


# --- the same with bare loops ---


def subtracted(w, x, b):
    z = b
    for p, q in zip(w, x):
        z -= p * q
    return z


def looped(w, x, b):
    z = b
    for p, q in zip(w, x):
        z = z + p * q
    return z


def indexed(w, x, b):
    z = 0
    for k in range(len(x)):
        z += x[k] * w[k]
    return z + b


SUMS = {
    "sum": lambda w, x, b: sum(p * q for p, q in zip(w, x)) + b,
    "sum of x·w": lambda w, x, b: sum(q * p for p, q in zip(w, x)) + b,
    "sum of a list": lambda w, x, b: sum([p * q for p, q in zip(w, x)]) + b,
    "sum from b": lambda w, x, b: sum((p * q for p, q in zip(w, x)), b),
    "bias first": lambda w, x, b: b + sum(p * q for p, q in zip(w, x)),
    "bias in the middle": lambda w, x, b: w[0] * x[0] + b + sum(p * q for p, q in zip(w[1:], x[1:])),
    "minus bias": lambda w, x, b: sum(p * q for p, q in zip(w, x)) - b,
    "no bias": lambda w, x, b: sum(p * q for p, q in zip(w, x)),
    "reduce": lambda w, x, b: reduce(add, [p * q for p, q in zip(w, x)]) + b,
    "reduce from b": lambda w, x, b: reduce(add, [p * q for p, q in zip(w, x)], b),
    "reduce, no bias": lambda w, x, b: reduce(lambda s, t: s + t, [q * p for p, q in zip(w, x)]),
    "fsum": lambda w, x, b: engine.fsum([p * q for p, q in zip(w, x)]) + b,
    "fsum with b": lambda w, x, b: engine.fsum([*(p * q for p, q in zip(w, x)), b]),
    "fsum, no bias": lambda w, x, b: engine.fsum([p * q for p, q in zip(w, x)]),
    "loop": looped,
    "loop by number": indexed,
    "loop of -=": subtracted,
    "reversed order": lambda w, x, b: sum(p * q for p, q in zip(reversed(w), reversed(x))) + b,
    "reversed input": lambda w, x, b: sum(p * q for p, q in zip(w, reversed(x))) + b,
    "minus the sum": lambda w, x, b: -(sum(p * q for p, q in zip(w, x)) + b),
    "sum of negatives": lambda w, x, b: sum(-(p * q) for p, q in zip(w, x)) + b,
    "two halves": lambda w, x, b: (w[0] * x[0] + w[1] * x[1]) + (sum(p * q for p, q in zip(w[2:], x[2:])) + b),
    "scaled": lambda w, x, b: 0.5 * (sum(p * q for p, q in zip(w, x)) + b),
    "averaged": lambda w, x, b: sum(p * q for p, q in zip(w, x)) / 3 + b,
    "centred inputs": lambda w, x, b: sum(p * ((q - 0.3) / 0.7) for p, q in zip(w, x)) + b,
}


@pytest.mark.parametrize("written", SUMS)
def test_a_neuron_may_be_written_in_any_way(written):
    W, b, U, c = weights(5, 4), weights(5), weights(3, 5), weights(3)
    z = SUMS[written]

    def cost(x):
        hidden = [tanh(z(w, x, s)) for w, s in zip(W, b)]
        return squares([sigmoid(z(w, hidden, s)) for w, s in zip(U, c)])

    program = found(cost, data(4, 4))
    assert program.applies == [((3, 5), (5,)), ((5, 4), (4,))]
    assert not program.moving


SCALED = {
    "c·w·x": lambda w, x: 0.5 * w * x,
    "c·(w·x)": lambda w, x: 0.5 * (w * x),
    "w·x·c": lambda w, x: w * x * 0.5,
    "w·(c·x)": lambda w, x: w * (0.5 * x),
    "w·x/c": lambda w, x: w * x / 2,
    "-w·x": lambda w, x: -w * x,
}


@pytest.mark.parametrize("term", SCALED)
def test_a_number_in_each_term_does_not_hide_the_product(term):
    W, b, scaled = weights(5, 4), weights(5), SCALED[term]
    program = found(lambda x: squares([tanh(sum(scaled(p, q) for p, q in zip(w, x)) + s) for w, s in zip(W, b)]), data(4, 4))
    assert program.applies == [((5, 4), (4,))]


def test_the_order_in_which_neurons_are_made_does_not_matter():
    W, U = weights(5, 4), weights(3, 5)

    def backwards(x):
        hidden = [None] * 5
        for j in (3, 0, 4, 2, 1):
            hidden[j] = tanh(sum(W[j][k] * x[k] for k in (2, 0, 3, 1)))
        return squares([sum(U[i][j] * hidden[j] for j in (4, 1, 0, 3, 2)) for i in (2, 0, 1)])

    assert found(backwards, data(4, 4)).applies == [((3, 5), (5,)), ((5, 4), (4,))]


def test_columns_outside_rows_inside():
    W, b = weights(5, 4), weights(5)

    def cost(x):
        z = list(b)
        for k in range(4):
            for j in range(5):
                z[j] = z[j] + W[j][k] * x[k]
        return squares(map(tanh, z))

    program = found(cost, data(4, 4))
    assert program.applies == [((5, 4), (4,))] and not program.moving


def test_weights_may_lie_by_input():
    W, b = weights(4, 5), weights(5)  # W[k][j]: from input k to neuron j
    program = found(lambda x: squares([tanh(sum(W[k][j] * x[k] for k in range(4)) + b[j]) for j in range(5)]), data(4, 4))
    assert program.applies == [((5, 4), (4,))] and not program.moving


def test_a_bias_as_the_weight_of_an_input_that_is_one():
    W = weights(5, 5)
    program = found(lambda x: squares(dense(W, [*x, 1.0])), data(4, 4))
    assert program.applies == [((5, 4), (4,))]


def test_scalar_functions_of_one_input():
    a, b, c, d = weights(4)
    program = found(lambda x, y: (c * tanh(a * x + b) + d - y) ** 2, data(5), data(5, seed=1))
    assert not program.moving
    W, b, U = weights(3), weights(3), weights(3)
    program = found(lambda x, y: (sum(u * tanh(w * x + s) for w, s, u in zip(W, b, U)) - y) ** 2, data(5), data(5, seed=1))
    assert program.applies == [((1, 3), (3,)), ((3, 1), (1,))]


# --- layers put together ---


def test_skip_connections():
    A, B, C, a, b = weights(4, 4), weights(4, 4, seed=1), weights(4, 4, seed=2), weights(4), weights(4)

    def residual(x):
        h = dense(A, x, a)
        return squares([p + q for p, q in zip(h, dense(B, h, b))])

    def inside(x):
        h = dense(A, x, a)
        return squares([tanh(p + q + s) for p, q, s in zip(h, dense(B, h, f=linear), b)])

    def two_matrices(x):
        h = dense(A, x, a)
        return squares([tanh(p + q + s) for p, q, s in zip(dense(B, h, f=linear), dense(C, x, f=linear), b)])

    for f, products in ((residual, 2), (inside, 2), (two_matrices, 3)):
        program = found(f, data(4, 4))
        assert program.matrices == [(4, 4)] * products
        assert not program.moving


@pytest.mark.parametrize("blocks", [1, 3])
def test_residual_blocks(blocks):
    layers = [(weights(5, 4, seed=i), weights(5, seed=i), weights(4, 5, seed=i), weights(4, seed=i)) for i in range(blocks)]

    def cost(x):
        for W, b, U, c in layers:
            x = [p + q for p, q in zip(x, dense(U, dense(W, x, b, relu), c, linear))]
        return squares(x)

    program = found(cost, data(4, 4))
    assert program.matrices == sorted([(5, 4), (4, 5)] * blocks)
    assert not program.moving


@pytest.mark.parametrize("turned", [False, True])
def test_inputs_beside_hidden_units_are_two_products(turned):
    A, U = weights(5, 4), weights(3, 9)

    def cost(x):
        h = dense(A, x)
        return squares(dense(U, [*x, *h] if turned else [*h, *x]))

    program = found(cost, data(4, 4))
    assert program.matrices == [(3, 4), (3, 5), (5, 4)]
    assert not program.moving


def test_neurons_of_a_layer_may_have_different_activations():
    A, U, a = weights(8, 4), weights(3, 8), weights(8)
    for kinds in ([tanh, relu] * 4, [tanh] * 5 + [sigmoid] * 3, [tanh, linear, relu, linear, sin, sin, cos, linear]):
        program = found(lambda x, kinds=kinds: squares(dense(U, dense(A, x, a, kinds), f=linear)), data(4, 4))
        assert program.matrices.count((8, 4)) == 1
        assert sum(columns for rows, columns in program.matrices if rows == 3) == 8
        assert program.count("apply") == 1 + len(set(kinds))


@pytest.mark.parametrize("code", [1, 2, 3, 6])
@pytest.mark.parametrize("biased", [False, True])
def test_tied_layers_share_one_matrix(code, biased):
    W, b, c = weights(code, 4), weights(code), weights(4)

    def reconstruction(x):
        h = dense(W, x, b if biased else None)
        return sum((p - q) ** 2 for p, q in zip(dense(transposed(W), h, c if biased else None, linear), x))

    program = found(reconstruction, data(5, 4))
    assert [sorted(shape) for shape in program.matrices] == [sorted((code, 4))] * 2  # the way back sums over the other letter
    assert sum(x.kind == "parameter" and len(x.shape) == 2 for x in program.forward) == 1
    assert not program.moving


def test_a_matrix_used_again_is_one_parameter():
    W, b = weights(4, 4), weights(4)
    program = found(lambda x: squares(dense(W, dense(transposed(W), dense(W, dense(W, x, b), b)), b)), data(4, 4))
    assert program.matrices == [(4, 4)] * 4
    assert program.count("parameter") == 2
    assert not program.moving


@pytest.mark.parametrize("at", [1, 2])
def test_layers_of_constant_weights(at):
    K = np.random.default_rng(0).normal(size=(5, 4)).tolist()
    W, b, U = weights(4, 4), weights(4), weights(3, 5)

    def cost(x):
        return squares(dense(U, dense(K, x))) if at == 1 else squares(dense(K, dense(W, x, b)))

    program = found(cost, data(4, 4))
    assert (5, 4) in program.matrices and program.count("apply") == 2
    assert program.kinds["outer"] == 1
    assert not program.moving


@pytest.mark.parametrize("compare", [lambda p, q: (p - q) ** 2, lambda p, q: p * q])
def test_two_towers_share_their_matrices(compare):
    W, b, U, c = weights(5, 4), weights(5), weights(3, 5), weights(3)

    def tower(x):
        return dense(U, dense(W, x, b), c)

    program = found(lambda x, y: sum(compare(p, q) for p, q in zip(tower(x), tower(y))), data(4, 4), data(4, 4, seed=1))
    assert program.matrices == [(3, 5), (3, 5), (5, 4), (5, 4)]
    assert program.count("parameter") == 4
    assert not program.moving


def test_softmax_outputs():
    W, b, U, c = weights(5, 4), weights(5), weights(3, 5), weights(3)

    def shares(x):
        return softmax(dense(U, dense(W, x, b), c, linear))

    program = found(lambda x: -log(shares(x)[1]), data(4, 4))
    assert program.matrices == [(3, 5), (5, 4)]
    listed = engine.compile(shares)
    close(listed(data(4, 4)), [[p.data for p in shares(row)] for row in data(4, 4)])
    assert sum(map(is_apply, reachable(listed.compiled.ends))) == 2
    assert not any(x.kind in ("take", "put") and not x.is_view for x in reachable(listed.compiled.ends))


def test_outputs_in_any_order():
    W, b = weights(5, 4), weights(5)
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0], [1, 1, 3]):
        program = engine.compile(lambda x, order=order: [dense(W, x, b)[j] for j in order])
        close(program(data(4, 4)), [[dense(W, row, b)[j].data for j in order] for row in data(4, 4)])
        assert sum(map(is_apply, reachable(program.compiled.ends))) == 1
        program = engine.compile(lambda x, order=order: [b[j] * 2.0 for j in order])  # the same for every example
        close(program(data(4, 4)), [[b[j].data * 2.0 for j in order]] * 4)


SHARED = {
    "bias": lambda p, q, x: squares([tanh(v + p) for v in x]),
    "temperature": lambda p, q, x: squares([tanh(p * v) for v in x]),
    "line": lambda p, q, x: squares([p * v + q for v in x]),
    "slope of prelu": lambda p, q, x: squares([maximum(v, 0.0) + p * engine.minimum(v, 0.0) for v in x]),
    "divisor": lambda p, q, x: squares([(v - q) / p for v in x]),
}


@pytest.mark.parametrize("use", SHARED)
@pytest.mark.parametrize("behind_a_layer", [False, True])
def test_one_parameter_for_all_units(use, behind_a_layer):
    p, q, W = Value(0.7), Value(-0.3), weights(5, 4)
    found(lambda x: SHARED[use](p, q, dense(W, x) if behind_a_layer else x), data(4, 4))


def test_one_bias_for_all_neurons_of_a_layer():
    W, b = weights(5, 4), Value(0.3)
    program = found(lambda x: squares(dense(W, x, [b] * 5)), data(4, 4))
    assert program.applies == [((5, 4), (4,))] and not program.moving


# --- convolutions as plain loops ---


def convolve(x, K, b=None, stride=1, f=relu, padding=0):
    """x by channel, row, column; K by filter, channel, row, column. At the border terms are left out."""
    height, width, k = len(x[0]), len(x[0][0]), len(K[0][0])

    def at(filter, i, j):
        z = b[filter] if b else 0.0
        for c in range(len(x)):
            for p in range(k):
                for q in range(k):
                    if 0 <= i + p < height and 0 <= j + q < width:
                        z = z + K[filter][c][p][q] * x[c][i + p][j + q]
        return f(z)

    rows = range(-padding, height + padding - k + 1, stride)
    columns = range(-padding, width + padding - k + 1, stride)
    return [[[at(filter, i, j) for j in columns] for i in rows] for filter in range(len(K))]


def pool(planes):
    """The largest of each 2x2 square, of every plane."""
    return [
        [[maximum(maximum(P[i][j], P[i][j + 1]), maximum(P[i + 1][j], P[i + 1][j + 1])) for j in range(0, len(P[0]) - 1, 2)]
         for i in range(0, len(P) - 1, 2)] for P in planes
    ]  # fmt: skip


def no_repeated_index(program):
    """No entry is added to twice by one index: NumPy would forget one of the two, or be slow (np.add.at)."""
    source, arrays = program.source, program.code().constants
    assert "add.at" not in source
    place = dict(re.findall(r"(\w+) = constants\[(\d+)\]", source))
    for name in re.findall(r"\[(?:\.\.\., |:, )?(\w+)\] \+=", source):
        index = arrays[int(place[name])]
        assert len(np.unique(index)) == index.size, name


def maxima_of_views(program):
    """Every operand of a maximum is a view, made before the program runs, or an earlier maximum: nothing was copied for it."""
    source = program.source
    operands = {x for pair in re.findall(r"\bmaximum\((\w+), (\w+)", source) for x in pair}
    assert operands
    copied = set(re.findall(r"\btake\(.*?out=(\w+)", source)) | set(re.findall(r"copyto\((\w+),", source))
    assert not operands & copied


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("filters", "channels"), [(1, 1), (3, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("biased", [False, True])
def test_a_convolution_is_one_product_of_filters_and_patches(stride, filters, channels, biased):
    K, b = weights(filters, channels, 3, 3), weights(filters)
    program = found(lambda x: squares(convolve(x, K, b if biased else None, stride)), data(3, channels, 6, 6))
    positions = 16 if stride == 1 else 4
    assert program.applies == [((filters, 9 * channels), (positions, 9 * channels))]
    assert program.count("take") == 1 and program.kinds["outer"] == 1
    no_repeated_index(program.program)


def test_a_convolution_of_a_plain_image_with_filters_inside():
    K, b = weights(3, 2, 2), weights(3)

    def cost(x):
        return squares([relu(sum(K[f][p][q] * x[i + p][j + q] for p in range(2) for q in range(2)) + b[f])
                        for i in range(4) for j in range(4) for f in range(3)])  # fmt: skip

    program = found(cost, data(3, 5, 5))
    assert program.applies == [((3, 4), (16, 4))] and program.count("take") == 1


@pytest.mark.parametrize("stride", [1, 2])
def test_two_convolutions(stride):
    K, b, L, c = weights(3, 2, 3, 3), weights(3), weights(2, 3, 2, 2), weights(2)
    program = found(lambda x: squares(convolve(convolve(x, K, b), L, c, stride)), data(3, 2, 6, 6))
    assert program.applies == sorted([((3, 18), (16, 18)), ((2, 12), (9 if stride == 1 else 4, 12))])
    assert program.count("take") == 2 and program.kinds["outer"] == 2 and program.kinds["apply"] == 3
    no_repeated_index(program.program)


def test_a_larger_image_needs_no_more_instructions():
    K, b, L = weights(3, 1, 3, 3), weights(3), weights(2, 3, 2, 2)
    counts = {len(found(lambda x: squares(convolve(pool(convolve([x], K, b)), L)), data(2, m, m)).everything) for m in (8, 10)}
    assert len(counts) == 1


@pytest.mark.parametrize("filters", [1, 3])
def test_padding_by_leaving_out_terms_is_one_product_at_every_size(filters):
    K, b = weights(filters, 1, 3, 3), weights(filters)
    programs = [found(lambda x: squares(convolve([x], K, b, padding=1)), data(2, m, m)) for m in (5, 7)]
    assert len(programs[0].everything) == len(programs[1].everything)
    for program, positions in zip(programs, (25, 49)):
        assert program.applies == [((filters, 9), (positions, 9))]  # the border and the inside
        assert program.count("put") == 1  # zeros around the image
        no_repeated_index(program.program)


def test_padding_by_zeros_is_like_leaving_out_terms():
    """One product for the inside and the border."""
    K, b = weights(3, 1, 3, 3), weights(3)

    def cost(x):
        framed = [[0.0] * 6, *([0.0, *row, 0.0] for row in x), [0.0] * 6]
        return squares(convolve([framed], K, b))

    program = found(cost, data(3, 4, 4))
    assert program.applies == [((3, 9), (16, 9))] and program.count("put") == 1


@pytest.mark.parametrize("positions", ["i + k", "i - k", "2i + k", "i + 2k"])
def test_convolutions_in_one_dimension(positions):
    K, b = weights(2, 3), weights(2)
    place = {"i + k": lambda i, k: i + k, "i - k": lambda i, k: i + 2 - k, "2i + k": lambda i, k: 2 * i + k,
             "i + 2k": lambda i, k: i + 2 * k}[positions]  # fmt: skip

    def cost(x):
        return squares([tanh(sum(K[f][k] * x[place(i, k)] for k in range(3)) + b[f]) for f in range(2) for i in range(4)])

    program = found(cost, data(3, 9))
    assert program.applies == [((2, 3), (4, 3))] and program.count("take") == 1
    no_repeated_index(program.program)


def test_a_layer_at_every_position():
    W, b = weights(4, 3), weights(4)
    program = found(lambda x: squares([dense(W, place, b) for place in x]), data(3, 5, 3))
    assert program.applies == [((4, 3), (5, 3))] and not program.moving
    program = found(lambda x: squares([dense(W, place, b) for place in transposed(x)]), data(3, 3, 5))
    assert program.applies == [((4, 3), (3, 5))] and not program.moving  # positions are the columns


@pytest.mark.parametrize("chained", [False, True])
def test_max_pooling_takes_the_larger_of_slices(chained):
    def largest(a, b, c, d):
        return maximum(maximum(maximum(a, b), c), d) if chained else maximum(maximum(a, b), maximum(c, d))

    def cost(x):
        corners = [(i, j) for i in range(0, 6, 2) for j in range(0, 6, 2)]
        return squares([largest(x[i][j], x[i][j + 1], x[i + 1][j], x[i + 1][j + 1]) for i, j in corners])

    program = found(cost, data(3, 6, 6))
    assert sum(x.is_map(maximum) for x in program.forward) == (3 if chained else 2)
    maxima_of_views(program.program)


def test_max_pooling_of_a_convolution():
    K, b = weights(3, 2, 3, 3), weights(3)
    program = found(lambda x: squares(pool(convolve(x, K, b))), data(3, 2, 6, 6))
    assert program.applies == [((3, 18), (16, 18))]
    assert sum(x.is_map(maximum) for x in program.forward) == 2
    maxima_of_views(program.program)
    no_repeated_index(program.program)


def test_a_small_lenet():
    K, b, L, c = weights(3, 1, 3, 3), weights(3), weights(2, 3, 2, 2), weights(2)
    U, d, V, e = weights(5, 8), weights(5), weights(3, 5), weights(3)

    def cost(x, y):
        planes = pool(convolve(pool(convolve([x], K, b)), L, c))  # 12x12 -> 10x10 -> 5x5 -> 4x4 -> 2x2
        logits = dense(V, dense(U, list(leaves(planes)), d), e, linear)
        return nn.losses.cross_entropy(logits, y)

    program = found(cost, data(2, 12, 12), targets("cross_entropy", 2, 3))
    assert program.matrices == sorted([(3, 9), (2, 12), (5, 8), (3, 5)])
    assert program.kinds["outer"] == 4 and program.kinds["apply"] == 7
    assert sum(x.is_map(maximum) for x in program.forward) == 4
    maxima_of_views(program.program)
    no_repeated_index(program.program)


def test_convolution_pooling_convolution_dense():
    K, b, L, U = weights(2, 1, 3, 3), weights(2), weights(3, 2, 3, 3), weights(4, 12)

    def cost(x):
        return squares(dense(U, list(leaves(convolve(pool(convolve([x], K, b)), L))), f=linear))

    program = found(cost, data(2, 10, 10))
    assert program.applies == sorted([((2, 9), (64, 9)), ((3, 18), (4, 18)), ((4, 12), (12,))])
    no_repeated_index(program.program)


# --- cells unrolled ---


def loops(program):
    """Of each loop, forward, how many steps it has and the nodes of its body."""
    return [(x.body.steps, x.body.order) for x in program.forward if x.kind == "loop"]


@pytest.mark.parametrize("start", ["none", "zeros", "parameters"])
@pytest.mark.parametrize("hidden", [1, 4])
def test_an_elman_cell_is_a_loop_with_one_product(start, hidden):
    W, U, b = weights(hidden, 3), weights(hidden, hidden), weights(hidden)
    first = {"none": None, "zeros": [0.0] * hidden, "parameters": weights(hidden, seed=1)}[start]

    def cost(xs):
        h = first
        for x in xs:
            z = dense(W, x, b, linear)
            h = [tanh(s) for s in z] if h is None else [tanh(s + t) for s, t in zip(z, dense(U, h, f=linear))]
        return squares(h)

    program = found(cost, data(2, 20, 3))
    ((steps, body),) = loops(program)
    assert steps == (20 if start == "zeros" and hidden > 1 else 19)  # zeros are a state; else the first step is apart
    assert [x.operands[1].shape for x in body if is_apply(x)] == [(hidden, hidden)] * (hidden > 1)
    assert program.applies.count(((hidden, 3), (20, 3))) == 1  # W x of all steps is one product
    assert len(program.everything) == len(found(cost, data(2, 30, 3)).everything)


def test_an_elman_cell_with_one_matrix_for_input_and_state():
    W, b = weights(4, 7), weights(4)

    def cost(xs):
        h = [0.0] * 4
        for x in xs:
            h = dense(W, [*x, *h], b)
        return squares(h)

    program = found(cost, data(2, 5, 3))
    ((steps, body),) = loops(program)
    assert steps == 5 and sum(map(is_apply, body)) == 1 and program.matrices == [(4, 3)]


def test_an_elman_cell_that_answers_at_every_step():
    W, U, b, V = weights(4, 3), weights(4, 4), weights(4), weights(3, 4)

    def cost(xs):
        h, total = [0.0] * 4, 0.0
        for x in xs:
            h = [tanh(p + q) for p, q in zip(dense(W, x, b, linear), dense(U, h, f=linear))]
            total = total + squares(dense(V, h, f=linear))
        return total

    program = found(cost, data(2, 6, 3))
    assert program.applies == [((3, 4), (6, 4)), ((4, 3), (6, 3))]  # the answers of all steps are one product, too
    ((_, body),) = loops(program)
    assert sum(map(is_apply, body)) == 1


def test_an_lstm_is_right():
    W, U, b = weights(4, 3, 2), weights(4, 3, 3), weights(4, 3)  # four gates, three units

    def cost(xs):
        h, c = [0.0] * 3, [0.0] * 3
        for x in xs:
            z = [[p + q for p, q in zip(dense(W[g], x, b[g], linear), dense(U[g], h, f=linear))] for g in range(4)]
            i, f, o, g = [[(tanh if gate == 3 else sigmoid)(s) for s in z[gate]] for gate in range(4)]
            c = [r * s + t * u for r, s, t, u in zip(f, c, i, g)]
            h = [r * tanh(s) for r, s in zip(o, c)]
        return squares(h)

    program = found(cost, data(3, 4, 2))
    no_repeated_index(program.program)


@pytest.mark.parametrize("positions", [2, 3, 4])
def test_attention_is_right(positions):
    Q, K, V = weights(3, 2, seed=1), weights(3, 2, seed=2), weights(3, 2, seed=3)

    def cost(xs):
        q, k, v = [[dense(M, x, f=linear) for x in xs] for M in (Q, K, V)]
        answers = []
        for one in q:
            share = softmax([sum(s * t for s, t in zip(one, other)) / 3**0.5 for other in k])
            answers.append([sum(s * row[d] for s, row in zip(share, v)) for d in range(3)])
        return squares(answers)

    program = found(cost, data(3, positions, 2))
    no_repeated_index(program.program)


def test_a_bilinear_form_is_right():
    A = weights(4, 3)
    found(lambda x, y: sum(A[i][j] * x[i] * y[j] for i in range(4) for j in range(3)), data(3, 4), data(3, 3, seed=1))
    program = found(lambda x, y: sum(s * t for s, t in zip(x, dense(A, y, f=linear))), data(3, 4), data(3, 3, seed=1))
    assert program.applies == [((4, 3), (3,))]


@pytest.mark.parametrize("left_out", ["triangle", "chessboard", "blocks"])
def test_layers_with_missing_weights_are_right(left_out):
    there = {"triangle": lambda i, j: j <= i, "chessboard": lambda i, j: (i + j) % 2, "blocks": lambda i, j: i // 2 == j // 2}
    A, b = weights(4, 4), weights(4)

    def cost(x):
        return squares([tanh(sum(A[i][j] * x[j] for j in range(4) if there[left_out](i, j)) + b[i]) for i in range(4)])

    no_repeated_index(found(cost, data(3, 4)).program)


def test_the_cost_of_a_whole_data_set_is_a_program_of_matrices_too():
    """Examples that are plain numbers, zeros among them, added up in a loop: the columns of one product."""
    rng = np.random.default_rng(0)
    X, Y = rng.integers(0, 3, (7, 5)).astype(float), rng.random((7, 2))
    model = nn.MLP(5, [4, 2], "tanh", "sigmoid", seed=0)
    whole = engine.compile(lambda: sum(nn.losses.quadratic(model(x), y) for x, y in zip(X.tolist(), Y.tolist())) / 7).trace()
    shapes = [(x.operands[1].shape, x.operands[0].shape) for x in reachable(whole.compiled.ends) if is_apply(x)]
    assert shapes == [((4, 5), (7, 5)), ((2, 4), (7, 4))]
    by_batches = engine.compile(lambda x, y: nn.losses.quadratic(model(x), y))
    (cost, gradient), (expected, derivatives) = whole.value_and_grad(), by_batches.value_and_grad(X, Y)
    assert cost == pytest.approx(expected, rel=1e-12)
    assert all(gradient[p] == pytest.approx(derivatives[p], rel=1e-10, abs=1e-15) for p in model.parameters())
