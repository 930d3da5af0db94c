"""The four equations of backpropagation, read off a network of Values and compared with matrices written by hand.

    BP1  delta^L = grad_a C ⊙ f'(z^L)             BP3  dC/db^l_j  = delta^l_j
    BP2  delta^l = (W^(l+1))ᵀ delta^(l+1) ⊙ f'(z^l)   BP4  dC/dw^l_jk = a^(l-1)_k delta^l_j

Each delta is the `.grad` of a z. In the NumPy below layer 0 is the input, so that W[l] enters layer l + 1.
"""

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Value, count_paths, gradcheck, paths
from nn import MLP, Neuron, fit, losses, optim, show

MAZUR = {
    "weights": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
    "biases": [[0.35, 0.35], [0.60, 0.60]],
}
NET_2321 = {
    "weights": [[[-0.5, 0], [-0.2, 0.3], [0.1, -0.5]], [[0.2, -0.4, 0.1], [0.5, -0.1, 0.4]], [[-0.2, 0.3]]],
    "biases": [[0.1, 0.4, -0.4], [-0.3, 0], [0.4]],
}


def mazur(activation="sigmoid"):
    return MLP.from_weights(**MAZUR, activation=activation, output=activation)


def net_2321():
    return MLP.from_weights(**NET_2321, activation="sigmoid", output="sigmoid")


def close(found, expected, digits=9):
    assert np.asarray(found, dtype=float) == pytest.approx(np.asarray(expected, dtype=float), abs=0.6 * 10**-digits)


def swept(model, x, y, loss="quadratic"):
    """The activations of one example, after the backward sweep, and its cost."""
    model.zero_grad()
    run = model.activations(x)
    cost = getattr(losses, loss)(run.output, y)
    cost.backward()
    return run, cost


def gradients(model):
    """dW and db of each layer as arrays."""
    return [(np.array([[w.grad for w in n.w] for n in layer.neurons]), np.array([n.b.grad for n in layer.neurons]))
            for layer in model.layers]  # fmt: skip


# --- backpropagation by hand, in matrices ---

def logistic(z):
    return 1 / (1 + np.exp(-z))


F = {"sigmoid": logistic, "tanh": np.tanh, "linear": lambda z: z, "sin": np.sin, "relu": lambda z: np.maximum(z, 0)}
SLOPE = {  # f'(z)
    "sigmoid": lambda z: logistic(z) * (1 - logistic(z)), "tanh": lambda z: 1 - np.tanh(z) ** 2, "linear": np.ones_like,
    "sin": np.cos, "relu": lambda z: (z > 0).astype(float),
}  # fmt: skip


def by_hand(model, x, grad_a):
    """z, a, delta, dW, db of each layer; grad_a(a) is the gradient of the cost with respect to the outputs."""
    W, b = [layer.weight for layer in model.layers], [layer.bias for layer in model.layers]
    f = [layer.activation.name for layer in model.layers]
    a, z = [np.asarray(x, dtype=float)], []
    for l in range(len(W)):  # noqa: E741  # the lectures' l
        z.append(W[l] @ a[l] + b[l])
        a.append(F[f[l]](z[l]))
    delta = [grad_a(a[-1]) * SLOPE[f[-1]](z[-1])]  # BP1
    for l in reversed(range(len(W) - 1)):  # noqa: E741
        delta.insert(0, (W[l + 1].T @ delta[0]) * SLOPE[f[l]](z[l]))  # BP2
    dW = [np.outer(d, below) for d, below in zip(delta, a)]  # BP4
    return z, a[1:], delta, dW, delta  # BP3


@pytest.mark.parametrize(("make", "x", "y"), [(mazur, (0.05, 0.10), (0.01, 0.99)), (net_2321, (1, 2), (1,))],
                         ids=["Mazur", "2-3-2-1"])  # fmt: skip
def test_the_network_of_values_and_the_matrices_agree_in_every_number(make, x, y):
    model = make()
    run, _ = swept(model, x, y)
    z, a, delta, dW, db = by_hand(model, x, lambda a: a - np.array(y))
    for l in range(len(z)):  # noqa: E741
        assert [v.data for v in run.z[l]] == pytest.approx(z[l], rel=1e-14)
        assert [v.data for v in run.a[l]] == pytest.approx(a[l], rel=1e-14)
        assert run.delta[l] == pytest.approx(delta[l], rel=1e-13)
        assert gradients(model)[l][0] == pytest.approx(dW[l], rel=1e-13)
        assert gradients(model)[l][1] == pytest.approx(db[l], rel=1e-13)


# --- the equations, component by component ---

CASES = [
    pytest.param(mazur, (0.05, 0.10), (0.01, 0.99), id="Mazur"),
    pytest.param(net_2321, (1, 2), (1,), id="2-3-2-1"),
    pytest.param(lambda: MLP(3, [4, 1, 2], ["tanh", "sin"], "sigmoid", seed=3), (1, -2, 0.5), (0, 1), id="3-4-1-2"),
]


@pytest.mark.parametrize(("make", "x", "y"), CASES)
def test_BP1_the_error_of_an_output_is_the_slope_of_the_cost_times_the_slope_of_the_activation(make, x, y):
    run, _ = swept(make(), x, y)
    for z, a, t in zip(run.z[-1], run.a[-1], y):
        assert a.grad == pytest.approx(a.data - t, rel=1e-15)  # grad_a C of the quadratic cost
        assert z.grad == pytest.approx((a.data - t) * a.data * (1 - a.data), rel=1e-14)


@pytest.mark.parametrize(("make", "x", "y"), CASES)
def test_BP2_a_hidden_error_is_the_weighted_sum_of_the_errors_it_feeds_times_its_slope(make, x, y):
    """E06 prints delta^L and f'(z^L), E30 omits f': here each component has the slope at its own z."""
    model = make()
    run, _ = swept(model, x, y)
    for layer, above, zs, activations, deltas in zip(model.layers, model.layers[1:], run.z, run.a, run.delta[1:]):
        for k, (z, a) in enumerate(zip(zs, activations)):
            backed_up = sum(neuron.w[k].data * delta for neuron, delta in zip(above.neurons, deltas))
            assert a.grad == pytest.approx(backed_up, rel=1e-13)
            assert z.grad == pytest.approx(backed_up * SLOPE[layer.activation.name](np.float64(z.data)), rel=1e-12)


@pytest.mark.parametrize(("make", "x", "y"), CASES)
def test_BP3_and_BP4_a_bias_gets_the_error_and_a_weight_gets_it_times_what_comes_in(make, x, y):
    model = make()
    run, _ = swept(model, x, y)
    for layer, inputs, deltas in zip(model.layers, [run.x, *run.a], run.delta):
        for neuron, delta in zip(layer.neurons, deltas):
            assert neuron.b.grad == delta
            assert [w.grad for w in neuron.w] == [delta * a_in.data for a_in in inputs]


def test_activations_are_named_and_an_input_that_is_a_value_gets_its_gradient_too():
    x = [Value(1.0, "left"), Value(2.0, "right")]
    run, _ = swept(net_2321(), x, 1, "binary_cross_entropy")
    assert [v.label for v in run.z[0]] == ["z1_1", "z1_2", "z1_3"] and run.a[2][0].label == "a3_1"
    assert run.x[0] is x[0]
    close([v.grad for v in x], [0.0012877262, 0.0005163244], 10)


def test_a_linear_layers_a_is_its_z_and_has_its_name():
    run = MLP.from_weights([[[2.0]]], [[0.0]]).activations([3.0])
    assert run.a[0][0] is run.z[0][0] and run.output.label == "z1_1"


def test_the_table_of_errors_has_every_neuron():
    run, _ = swept(net_2321(), (1, 2), 1, "binary_cross_entropy")
    table = show.backpropagation(run)
    assert table.row_count == 6
    assert list(table.columns[0].cells)[::3] == ["1 (lecture 2)", "2 (lecture 3)"]
    assert list(table.columns[4].cells)[-1] == "-0.380007541"


# --- the 2-3-2-1 net of the derivation (4.5) ---

@pytest.fixture
def derivation():
    model = net_2321()
    run, cost = swept(model, (1, 2), 1, "binary_cross_entropy")
    return model, run, cost


def test_the_derivation_goes_forward(derivation):
    _, run, cost = derivation
    for zs, activations, z, a in zip(
        run.z, run.a,
        ([-0.4, 0.8, -1.3], [-0.4743108228, 0.2173247286], [0.4895162169]),
        ([0.4013123399, 0.6899744811, 0.2141650170], [0.3835964385, 0.5541183487], [0.6199924588]),
    ):  # fmt: skip
        close([v.data for v in zs], z, 10)
        close([v.data for v in activations], a, 10)
    close(cost.data, 0.4780479643, 10)


def test_the_derivation_goes_backward(derivation):
    """E29: delta is taken with respect to z, and the log loss has its minus sign, so the last delta is a - y."""
    model, run, _ = derivation
    for delta, expected in zip(run.delta, ([-0.0025201487, -0.0009351194, -0.0015937204], [0.0179705727, -0.0281666763],
                                           [-0.3800075412])):  # fmt: skip
        close(delta, expected, 10)
    dW = [W for W, _ in gradients(model)]
    close(dW[0], [[-0.0025201487, -0.0050402974], [-0.0009351194, -0.0018702388], [-0.0015937204, -0.0031874408]], 10)
    close(dW[1], [[0.0072118126, 0.0123992365, 0.0038486680], [-0.0113036348, -0.0194342878, -0.0060323167]], 10)
    close(dW[2], [[-0.1457695394, -0.2105691512]], 10)
    assert [b.tolist() for _, b in gradients(model)] == run.delta


def test_the_same_net_with_the_quadratic_cost():
    run, cost = swept(net_2321(), (1, 2), 1)
    close([cost.data, run.delta[-1][0]], [0.0722028657, -0.0895304645], 10)


def test_the_shapes_of_the_derivation_fit(derivation):
    """E33: dL/dW = (W4ᵀ ∘ g'(z3)) (a4 - y) a2ᵀ has the shapes 2x3 = (2x1 ∘ 2x1)(1x1)(1x3), with a transposed."""
    model, run, _ = derivation
    a2 = np.array([[a.data] for a in run.a[0]])
    a3 = np.array([[a.data] for a in run.a[1]])
    error = np.array([[run.a[2][0].data - 1]])
    column = model.layers[2].weight.T * (a3 * (1 - a3))
    assert (column.shape, error.shape, a2.T.shape) == ((2, 1), (1, 1), (1, 3))
    assert column @ error @ a2.T == pytest.approx(gradients(model)[1][0], rel=1e-13)
    assert error @ a3.T == pytest.approx(gradients(model)[2][0], rel=1e-13)


def test_the_derivation_passes_the_gradient_check():
    model = net_2321()
    compared = gradcheck(losses.binary_cross_entropy(model((1, 2)), 1), model.parameters())
    assert len(compared) == 20
    assert max(abs(c.exact - c.numeric) for c in compared) < 1e-9  # the curriculum found 1.2e-10
    assert max(abs(c.exact - c.numeric) / max(abs(c.exact) + abs(c.numeric), 1e-12) for c in compared) < 1e-6  # R02


@pytest.mark.parametrize(("y", "delta"), [(1, 0.017733974), (0, -0.028610436)])
def test_weights_of_zero_silence_the_layer_below_and_not_their_own(y, delta):
    """The quiz (4.3): with Theta_11 = Theta_21 = 0, delta_1 of the layer they enter is open; of the one they leave, 0."""
    model = net_2321()
    for neuron in model.layers[1].neurons:
        neuron.w[0].data = 0.0
    run, _ = swept(model, (1, 2), y, "binary_cross_entropy")
    close(run.delta[1][0], delta)
    assert run.delta[0][0] == 0.0


# --- Mazur's net (5.3): paths, two examples, and the detectors of wrong equations ---

def test_mazurs_errors():
    run, cost = swept(mazur(), (0.05, 0.10), (0.01, 0.99))  # E24: the first target is 0.01, not 0.1
    close(cost.data, 0.298371108760, 12)
    close(run.delta[1], [0.138498561629, -0.038098236517], 12)
    close(run.delta[0], [0.008771354689, 0.009954254705], 12)


def test_the_wrong_forms_of_BP2_would_give_other_numbers():
    """E06: with f' at the output's z, or with W in place of its transpose. The sweep gives neither."""
    run, _ = swept(mazur(), (0.05, 0.10), (0.01, 0.99))
    W, delta = np.array(MAZUR["weights"][1]), np.array(run.delta[1])
    slope = [np.array([a.data * (1 - a.data) for a in layer]) for layer in run.a]
    wrong_slope, wrong_matrix = (W.T @ delta) * slope[1], (W @ delta) * slope[0]
    close(wrong_slope, [0.0067908044, 0.0072609075], 10)
    close(wrong_matrix, [0.0092310113, 0.0116204853], 10)
    for wrong in (wrong_slope, wrong_matrix):
        assert (abs(wrong - run.delta[0]) > 1e-4).all()


def test_a_gradient_is_the_sum_over_all_paths():
    """E42: both outputs take part, not o1 alone."""
    model = mazur()
    run, cost = swept(model, (0.05, 0.10), (0.01, 0.99))
    w1 = model.layers[0].neurons[0].w[0]
    through = {output: sum(p.product for p in paths(w1, cost) if output in p.nodes) for output in run.a[1]}
    close(list(through.values()), [0.000668396021, -0.000229828287], 12)
    assert sum(through.values()) == pytest.approx(w1.grad, abs=1e-17)
    factors = [[sum(p.product for p in paths(h, o)) for h in run.a[0]] for o in run.a[1]]  # f'(z_q) w_qj
    close(factors, [[0.0747262407, 0.0840670208], [0.0877550264, 0.0965305290]], 10)


def test_the_paths_of_the_derivation_contribute_as_computed(derivation):
    model, run, cost = derivation
    w = model.layers[0].neurons[0].w[0]
    through = [sum(p.product for p in paths(w, cost) if unit in p.nodes) for unit in run.a[1]]
    close(through, [0.0008635246, -0.0033836733], 10)
    assert sum(through) == pytest.approx(w.grad, abs=1e-15)


@pytest.mark.parametrize(("n_in", "sizes", "count"), [(2, [3, 2, 1], 2), (784, [15, 10], 10), (4, [5, 6, 7, 3], 6 * 7 * 3)])
def test_paths_multiply_layer_by_layer(n_in, sizes, count):
    model = MLP(n_in, sizes, "sigmoid", "sigmoid", seed=0)
    outputs = model([0.5] * n_in)
    w = model.layers[0].neurons[0].w[0]
    assert sum(count_paths(w, o) for o in (outputs if isinstance(outputs, list) else [outputs])) == count


SECOND = (0.10, 0.20), (0.99, 0.01)  # beside Mazur's example: the mean cost of the two is the curriculum's


def test_two_examples_are_averaged():
    model = mazur()
    costs, dW = [], []
    for x, y in (((0.05, 0.10), (0.01, 0.99)), SECOND):
        costs.append(swept(model, x, y)[1].data)
        dW.append(by_hand(model, x, lambda a, y=y: a - np.array(y))[3])
    close(sum(costs) / 2, 0.309372435)
    one_step = optim.SGD(model.parameters(), lr=0.5)
    before = [layer.weight for layer in model.layers]
    history = fit(model, [(0.05, 0.10), SECOND[0]], [(0.01, 0.99), SECOND[1]], optimizer=one_step, batch_size="all", epochs=1)
    close(history.cost[0], 0.309372435)
    for layer, W, first, second in zip(model.layers, before, *dW):
        assert layer.weight == pytest.approx(W - 0.5 / 2 * (first + second), abs=1e-16)  # E09: eta/m, not n/m
        assert (layer.weight != W).all()  # E08: l runs from L down to 2, so the output layer moves as well


def test_linear_neurons_leave_the_slope_out():
    """Exercise 3 of 5.2: with f(z) = z all slopes are 1, BP3 and BP4 stay as they are."""
    model = mazur("linear")
    run, cost = swept(model, (0.05, 0.10), (0.01, 0.99))
    close([v.data for v in run.a[0]], [0.3775, 0.3925], 12)
    close([v.data for v in run.a[1]], [0.927625, 1.004625], 12)
    close(cost.data, 0.421124765625, 12)
    close(run.delta[1], [0.917625, 0.014625], 12)
    close(run.delta[0], [0.3743625, 0.420975], 12)
    (dW2, _), (dW3, _) = gradients(model)
    close(dW3, [[0.3464034375, 0.3601678125], [0.0055209375, 0.0057403125]], 12)
    close(dW2, [[0.018718125, 0.03743625], [0.02104875, 0.0420975]], 12)


def test_what_leaves_a_silent_neuron_learns_nothing():
    """Row R37: a weight's gradient is proportional to the activation that comes in."""
    model = mazur()
    swept(model, (0, 0.10), (0.01, 0.99))
    (dW, _), _ = gradients(model)
    assert dW[:, 0].tolist() == [0.0, 0.0]  # w1 and w3, which leave i1
    assert (dW[:, 1] != 0).all()
    for i1 in (0.05, 0.025):
        run, _ = swept(model, (i1, 0.10), (0.01, 0.99))
        (dW, _), _ = gradients(model)
        assert dW[:, 0].tolist() == [delta * i1 for delta in run.delta[0]]


def test_the_demon_at_a_neuron_changes_the_cost_by_delta_times_its_nudge():
    """E43: not by dC/dz alone. A bias enters z as it is, so nudging the bias is nudging z."""
    model = net_2321()
    run, cost = swept(model, (1, 2), 1)
    for layer, deltas in zip(model.layers, run.delta):
        for neuron, delta in zip(layer.neurons, deltas):
            neuron.b.data += 1e-6
            change = losses.quadratic(model((1, 2)), 1).data - cost.data
            neuron.b.data -= 1e-6
            assert change == pytest.approx(delta * 1e-6, rel=1e-3)


# --- pairs of cost and activation ---

@pytest.mark.parametrize(("output", "loss", "y"), [
    ("linear", "quadratic", [0.3, -1.0, 2.0]),
    ("sigmoid", "binary_cross_entropy", [1, 0, 0]),
    ("linear", "binary_cross_entropy_with_logits", [1, 0, 0]),
    ("linear", "cross_entropy", [0, 1, 0]),
])  # fmt: skip
def test_a_matching_pair_has_the_error_a_minus_y(output, loss, y):
    run, _ = swept(MLP(2, [4, 3], "tanh", output, seed=2), (0.3, -0.7), y, loss)
    z = np.array([v.data for v in run.z[-1]])
    a = {"quadratic": z, "cross_entropy": np.exp(z) / np.exp(z).sum()}.get(loss, logistic(z))
    assert run.delta[-1] == pytest.approx(a - y, rel=1e-12)


def test_softmax_with_the_quadratic_cost_needs_its_jacobian():
    """BP1 element by element would give (.00737576, -.13960171, .14814612): softmax is no function of one z alone."""
    model = MLP.from_weights([[[1.0], [2.0], [3.0]]], [[0.0] * 3], output="softmax")
    run, _ = swept(model, [1.0], [0, 1, 0])
    close(run.delta[0], [-0.015825935, -0.249888844, 0.265714780])
    a = np.array([v.data for v in run.a[0]])
    close((a - [0, 1, 0]) * a * (1 - a), [0.00737576, -0.13960171, 0.14814612], 8)


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_a_sigmoid_unit_has_the_gradient_of_the_lecture(t):
    """E14, E22: - (t - o) o (1 - o) x_i, the slope being that with respect to net."""
    neuron, x = Neuron(3, "sigmoid", seed=1), [0.5, -1.0, 2.0]
    o = neuron(x)
    cost = losses.quadratic(o, t)
    cost.backward()
    assert [w.grad for w in neuron.w] == pytest.approx([-(t - o.data) * o.data * (1 - o.data) * xi for xi in x], rel=1e-13)
    assert all(c.agrees for c in gradcheck(cost, neuron.parameters()))


# --- any small network ---

@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.data())
def test_any_small_network_agrees_with_the_matrices_and_with_differences(sizes, data):
    n_in, *widths = sizes
    kinds = [data.draw(st.sampled_from(["sigmoid", "tanh", "linear", "sin"])) for _ in widths]
    model = MLP(n_in, widths, kinds[:-1], kinds[-1], seed=data.draw(st.integers(0, 999)), bias=0.1)
    numbers = st.floats(-2, 2)
    x, y = ([data.draw(numbers) for _ in range(n)] for n in (n_in, widths[-1]))
    run, cost = swept(model, x, y)
    _, _, delta, dW, db = by_hand(model, x, lambda a: a - np.array(y))
    for l, (found_dW, found_db) in enumerate(gradients(model)):  # noqa: E741
        assert run.delta[l] == pytest.approx(delta[l], rel=1e-10, abs=1e-13)
        assert found_dW == pytest.approx(dW[l], rel=1e-10, abs=1e-13)
        assert found_db == pytest.approx(db[l], rel=1e-10, abs=1e-13)
    model.zero_grad()
    # The matrices above have checked every digit; a difference cannot see a slope that is lost beside the cost's rounding.
    assert all(c.agrees or (c.reason and abs(c.exact) < 1e-10) for c in gradcheck(cost, model.parameters()))


@pytest.mark.parametrize(("loss", "output", "y"), [
    ("binary_cross_entropy", "sigmoid", [1, 0]), ("binary_cross_entropy_with_logits", "linear", [0.2, 1]),
    ("cross_entropy", "linear", 1), ("hinge", "linear", [1, -1]), ("mse", "softmax", [0.1, 0.9]), ("quadratic", "tanh", [1, 2]),
])  # fmt: skip
@pytest.mark.parametrize("activation", ["relu", "gelu", "elu", "softplus", "leaky_relu"])
def test_every_cost_agrees_with_differences(loss, output, y, activation):
    model = MLP(2, [3, 2], activation, output, seed=5)
    compared = gradcheck(getattr(losses, loss)(model([0.7, -0.4]), y), model.parameters())
    assert all(c.agrees for c in compared)


def test_relu_networks_agree_with_the_matrices_on_both_sides_of_the_corner():
    model = MLP(2, [5, 4, 2], "relu", seed=8, bias=0.05)
    seen = set()
    for x in product((-1.0, 0.3, 2.0), repeat=2):
        run, _ = swept(model, x, (1, -1))
        _, _, delta, dW, _ = by_hand(model, x, lambda a: a - np.array([1, -1]))
        seen |= {z.data > 0 for layer in run.z[:-1] for z in layer}
        for l, (found, _) in enumerate(gradients(model)):  # noqa: E741
            assert run.delta[l] == pytest.approx(delta[l], abs=1e-13)
            assert found == pytest.approx(dW[l], abs=1e-13)
    assert seen == {True, False}


def test_through_a_saturated_layer_hardly_any_error_passes():
    """The vanishing gradient: each layer of sigmoids multiplies the error by at most a quarter of its weights."""
    model = MLP(1, [1] * 6, "sigmoid", "sigmoid", init=lambda *_: 1.0)
    run, _ = swept(model, [0.0], 0.0)
    errors = [abs(layer[0]) for layer in run.delta]
    assert all(below <= above / 4 for below, above in pairwise(errors))
    assert errors[0] < 4**-5 and math.isfinite(errors[0])
