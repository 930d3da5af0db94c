"""Neurons, layers and networks: how they are built, what they hold, what they answer."""

import copy
import io
import math
import pickle

import numpy as np
import pytest
from rich.console import Console

import engine
from engine import TABLE, UndefinedError, Value, count_operations, primitive, sigmoid, tanh
from engine.graph import topological_order
from nn import ELEMENTWISE, MLP, Layer, Neuron, fit, load, losses, optim, save, show
from nn.advice import TeacherWarning
from nn.init import BY_NAME, constant, normal, uniform

MAZUR_W = [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]]
MAZUR_B = [[0.35, 0.35], [0.60, 0.60]]


def mazur(activation="sigmoid"):
    return MLP.from_weights(MAZUR_W, MAZUR_B, activation, activation)


def drawn(table):
    console = Console(width=120, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


# --- building ---

@pytest.mark.parametrize(("n_in", "sizes", "count"), [
    (2, [2, 2], 12),  # Mazur's
    (2, [3, 2, 1], 20),  # the net of the derivation
    (64, [15, 10], 1135),
    (784, [15, 10], 11_935),  # 784·15 + 15 + 15·10 + 10
])  # fmt: skip
def test_a_network_has_a_weight_for_each_edge_and_a_bias_for_each_neuron(n_in, sizes, count):
    model = MLP(n_in, sizes)
    assert (len(model.parameters()), len(set(model.parameters()))) == (count, count)
    assert all(isinstance(p, Value) and not p.constant for p in model.parameters())


def test_hidden_layers_get_one_activation_and_the_output_its_own():
    assert [str(layer.activation) for layer in MLP(2, [3, 4, 1], "tanh", "sigmoid").layers] == ["tanh", "tanh", "sigmoid"]
    assert [str(layer.activation) for layer in MLP(2, [3, 4, 1], ["relu", "sin"]).layers] == ["relu", "sin", "linear"]


def test_the_representation_is_the_architecture():
    assert repr(MLP(2, [3, 1], "tanh", "sigmoid")) == "MLP(2 → 3 tanh → 1 sigmoid; 13 parameters)"
    assert repr(Layer(2, 3, "relu")) == "Layer(2 → 3 relu)"
    assert repr(Neuron(4, "tanh")) == "Neuron(4 → 1 tanh)"


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_unary_row_of_the_table_is_an_activation(name):
    z = 1.7 if name == "acosh" else 0.7  # 0.7 lies in the domain of all others
    answer = Neuron(1, name, init="zeros", bias=z)([123.0])
    assert answer.data == ELEMENTWISE[name](z)


def test_any_function_on_a_value_is_an_activation():
    model = MLP.from_weights([[[2.0]], [[3.0]]], [[1.0], [0.5]], lambda z: z * z)
    x = Value(1.5)
    answer = model([x])  # 3(2x + 1)² + 0.5
    answer.backward()
    assert (answer.data, x.grad) == (48.5, 48.0)  # 12(2x + 1)


def test_softmax_takes_the_output_layer_as_a_whole():
    shares = MLP.from_weights([[[1.0], [2.0], [3.0]]], [[0.0] * 3], output="softmax")([1.0])
    assert [p.data for p in shares] == pytest.approx([0.090030573, 0.244728471, 0.665240956], abs=1e-9)


def test_a_middle_layer_may_have_one_neuron():
    model = MLP.from_weights([[[1.0, 2.0]], [[3.0], [-4.0]]], [[0.5], [0.0, 1.0]])
    assert [a.data for a in model([1.0, 1.0])] == [10.5, -13.0]  # the middle one answers 3.5


def test_one_output_is_a_value_and_several_are_a_list():
    assert isinstance(MLP(2, [3, 1], seed=0)([1, 2]), Value)
    assert isinstance(Neuron(2, seed=0)([1, 2]), Value)
    assert [type(a) for a in MLP(2, [3, 2], seed=0)([1, 2])] == [Value, Value]
    assert len(Layer(2, 1, seed=0)([1, 2])) == 1  # a layer's answer is the next one's input: always a list


@pytest.mark.parametrize("inputs", [
    [0.05, 0.10], (0.05, 0.10), [Value(0.05), 0.10], np.array([0.05, 0.10]), np.array([[0.05, 0.10]])[0],
], ids=["list", "tuple", "a Value among them", "array", "row"])  # fmt: skip
def test_inputs_may_be_numbers_values_or_a_row_of_an_array(inputs):
    assert [a.data for a in mazur()(inputs)] == pytest.approx([0.751365069552, 0.772928465321], abs=1e-12)


def test_the_scalar_graph_of_the_digit_network_has_as_many_operations_as_the_lecture_counts():
    outputs = MLP(784, [15, 10], "sigmoid", "sigmoid", init="zeros")([0.5] * 784)
    nodes = {node for output in outputs for node in topological_order(output)}
    assert sum(node.op is not None for node in nodes) == 23_845  # 11 910 products, as many sums, 25 activations


@pytest.mark.parametrize(("output", "cost"), [(0.1, 0.45), (0.5, 1.25)])
def test_an_untrained_digit_network_costs_what_its_equal_answers_cost(output, cost):
    digit_6 = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    bias = math.log(output / (1 - output))  # where the sigmoid has this value
    answers = MLP(4, [3, 10], "sigmoid", "sigmoid", init="zeros", bias=bias)([1, 2, 3, 4])
    assert losses.quadratic(answers, digit_6).data == pytest.approx(cost, rel=1e-12)


def test_the_parameters_cost_twice_as_many_evaluations_by_central_differences():
    model = MLP(784, [15, 10], "sigmoid", "sigmoid", seed=0)
    counted = count_operations(losses.quadratic(model([0.5] * 784), [0.0] * 10))
    assert (counted.parameters, counted.central) == (11_935, 23_870)


# --- given weights ---

def test_weights_belong_to_the_layer_they_enter_and_the_receiver_comes_first():
    """E23, E34, E42: w[j][k] goes to neuron j from k, W1 = layers[0] enters the first hidden layer."""
    run = mazur().activations([0.05, 0.10])
    assert [z.data for z in run.z[0]] == pytest.approx([0.3775, 0.3925], abs=1e-15)  # E25: w2, not w3, multiplies i2
    assert mazur().layers[0].weight.tolist() == MAZUR_W[0]


def test_a_forgotten_transpose_gives_other_numbers():
    swapped = MLP.from_weights([list(zip(*W)) for W in MAZUR_W], MAZUR_B, "sigmoid", "sigmoid")
    z = swapped.activations([0.05, 0.10]).z[0]
    assert [value.data for value in z] == pytest.approx([0.3825, 0.3900], abs=1e-15)


def test_the_display_counts_layers_in_both_ways_and_can_be_transposed():
    title, first, other, _ = show.layers(mazur())
    first = drawn(first)
    assert title == "W1 = layers[0], sigmoid; lecture: W^2 (input is layer 1)"
    assert other == "W2 = layers[1], sigmoid; lecture: W^3 (input is layer 1)"
    rows = [[cell.strip() for cell in line.split("│")] for line in first.splitlines()]
    assert ["to 1", "0.15", "0.2", "0.35"] in rows and ["to 2", "0.25", "0.3", "0.35"] in rows
    rows = [[cell.strip() for cell in line.split("│")] for line in drawn(show.layers(mazur(), transposed=True)[1]).splitlines()]
    assert ["from 1", "0.15", "0.25"] in rows and ["from 2", "0.2", "0.3"] in rows and ["b", "0.35", "0.35"] in rows


def test_given_values_are_the_parameters_themselves():
    w = Value(0.5, "mine")
    model = MLP.from_weights([[[w, 2.0]]], [[0]])
    assert model.parameters()[0] is w
    assert [p.label for p in model.parameters()] == ["mine", "w1_12", "b1_1"]


def test_a_value_used_twice_is_one_parameter_and_adds_up_its_gradients():
    """A kernel [1, 0, -1] that slides over [1, 2, 3, 4]: two neurons, three weights between them (row R51; E17)."""
    k = [Value(1.0), Value(0.0), Value(-1.0)]
    zero = Value(0.0).detach()
    model = MLP.from_weights([[[*k, zero], [zero, *k]]], [[zero, zero]])
    answers = model([1, 2, 3, 4])
    assert [a.data for a in answers] == [-2, -2]
    (10 * answers[0] + answers[1]).backward()
    assert [w.grad for w in k] == [10 * 1 + 2, 10 * 2 + 3, 10 * 3 + 4]  # what each place brings, added
    assert [p for p in model.parameters() if not p.constant] == k


def test_linear_layers_collapse_into_one():
    """A network without curves is a single layer (5.2): W = W2 W1, b = W2 b1 + b2."""
    model = mazur("linear")
    (W1, W2), (b1, b2) = ([getattr(layer, what) for layer in model.layers] for what in ("weight", "bias"))
    matrix, bias = W2 @ W1, W2 @ b1 + b2
    assert matrix == pytest.approx(np.array([[0.1725, 0.215], [0.2125, 0.265]]), abs=1e-15)
    assert bias == pytest.approx([0.8975, 0.9675], abs=1e-15)
    one = MLP.from_weights([matrix], [bias])
    X = np.random.default_rng(0).normal(size=(20, 2))
    assert one.predict(X) == pytest.approx(model.predict(X), abs=1e-14)


def test_small_changes_of_the_weights_change_the_output_almost_linearly():
    """Row R21: what is left over after the linear prediction is of second order; a step ten times smaller, 100 times less."""
    model = MLP(2, [3, 1], "sigmoid", "sigmoid", seed=4)
    model([1.0, -2.0]).backward()
    before, start = model([1.0, -2.0]).data, [p.data for p in model.parameters()]
    left = []
    for h in (1e-2, 1e-3):
        changes = [h * (-1) ** i for i in range(len(start))]
        for p, number, change in zip(model.parameters(), start, changes):
            p.data = number + change
        predicted = sum(p.grad * change for p, change in zip(model.parameters(), changes))
        left.append(abs(model([1.0, -2.0]).data - before - predicted))
    assert left[0] / left[1] == pytest.approx(100, rel=0.05)


# --- the numbers in and out ---

def test_parameters_have_names_and_the_state_has_arrays():
    model = mazur()
    names = [name for name, _ in model.named_parameters()]
    assert names[:3] == ["layers.0.weight.0.0", "layers.0.weight.0.1", "layers.0.weight.1.0"]
    assert names[-1] == "layers.1.bias.1"
    assert {name: array.tolist() for name, array in model.state_dict().items()} == {
        "layers.0.weight": MAZUR_W[0], "layers.0.bias": MAZUR_B[0], "layers.1.weight": MAZUR_W[1], "layers.1.bias": MAZUR_B[1],
    }  # fmt: skip


def test_a_state_moves_from_one_network_to_another_and_the_values_stay_the_same_objects():
    one, other = MLP(3, [4, 2], "tanh", seed=1), MLP(3, [4, 2], "tanh", seed=2)
    before = other.parameters()
    other.load_state_dict(one.state_dict())
    assert all(p is q for p, q in zip(other.parameters(), before))
    assert [p.data for p in other.parameters()] == [p.data for p in one.parameters()]


@pytest.mark.parametrize(("change", "sentence"), [
    ({"layers.0.weight": np.zeros((2, 3))}, r"layers\.0\.weight has shape \(2, 3\) in the state and \(3, 2\) in this network"),
    ({"layers.0.bias": np.zeros((3, 1))}, r"layers\.0\.bias has shape \(3, 1\) in the state and \(3,\) in this network"),
    ({"layers.2.bias": np.zeros(1)}, r"missing none, unexpected \['layers\.2\.bias'\]"),
    ({"layers.1.bias": [math.nan]}, r"layers\.1\.bias contains nan or inf"),
    ({"layers.1.bias": "text"}, r"layers\.1\.bias"),
    ({"layers.1.bias": None}, r"layers\.1\.bias"),
])  # fmt: skip
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(change, sentence):
    model = MLP(2, [3, 1], seed=0)
    before = [p.data for p in model.parameters()]
    other = {name: array + 1 for name, array in model.state_dict().items()}
    with pytest.raises((TypeError, ValueError), match=sentence):
        model.load_state_dict(other | change)
    assert [p.data for p in model.parameters()] == before


def test_a_state_with_a_name_too_few_is_refused():
    model = MLP(2, [1], seed=0)
    with pytest.raises(ValueError, match=r"missing \['layers\.0\.bias'\], unexpected none"):
        model.load_state_dict({"layers.0.weight": np.zeros((1, 2))})


def test_zero_grad_forgets_every_gradient():
    model = mazur()
    model([0.05, 0.10])[0].backward()
    assert model.parameters()[0].has_grad
    model.zero_grad()
    assert not any(p.has_grad for p in model.parameters())


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))],
                         ids=["copy", "deepcopy", "pickle"])  # fmt: skip
@pytest.mark.parametrize("make", [
    lambda: MLP(2, [3, 1], "tanh", seed=0), lambda: Layer(2, 2, seed=0), lambda: Neuron(2, "sigmoid", seed=0),
    lambda: MLP(2, [3, 1], tanh, seed=0),  # the engine's function itself
    lambda: MLP(2, [3, 1], "tanh", sigmoid, seed=0),
], ids=["MLP", "Layer", "Neuron", "engine.tanh inside", "engine.sigmoid outside"])  # fmt: skip
def test_a_model_can_be_duplicated(make, duplicate):
    model = make()
    twin = duplicate(model)
    assert repr(twin) == repr(model)
    assert [p.data for p in twin.parameters()] == [p.data for p in model.parameters()]
    assert str(twin([1.0, 2.0])) == str(model([1.0, 2.0]))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_a_duplicate_has_parameters_of_its_own_and_no_graph_hangs_on_them(duplicate):
    shared = Value(2.0)
    model = MLP.from_weights([[[shared, shared]]], [[shared * 3]])  # its bias was computed
    model([1, 1]).backward()
    twin = duplicate(model)
    assert all(p.op is None and p.operands == () and not p.has_grad for p in twin.parameters())
    assert len(twin.parameters()) == 2  # what was shared is shared still
    twin.parameters()[0].data = 9.0
    assert shared.data == 2.0


# --- predict ---

@pytest.mark.parametrize("output", ["linear", "sigmoid", "softmax", lambda z: z * z.tanh()],
                         ids=["linear", "sigmoid", "softmax", "custom"])  # fmt: skip
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", lambda z: z.sin() + 1])
def test_predict_equals_the_network_of_values_but_for_rounding(activation, output):
    """A product of matrices adds up in another order, and NumPy's functions round in their own way."""
    model = MLP(30, [20, 5], activation, output, seed=1)
    X = np.random.default_rng(0).normal(size=(20, 30))
    np.testing.assert_allclose(model.predict(X), [[a.data for a in model(x)] for x in X], rtol=1e-12, atol=1e-14)


def test_on_rows_has_each_layers_z_and_a():
    model = MLP(3, [4, 2], "tanh", seed=1)
    X = np.random.default_rng(0).normal(size=(5, 3))
    for i, x in enumerate(X):
        seen = model.activations(x)
        for (z, a), expected_z, expected_a in zip(model.on_rows(X), seen.z, seen.a, strict=True):
            np.testing.assert_allclose(z[i], [v.data for v in expected_z], rtol=1e-13, atol=1e-15)
            np.testing.assert_allclose(a[i], [v.data for v in expected_a], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("activation", "sentence"), [
    ("linear", r"Layer 1 has no finite value for row 1 of the data: unit 2 has z = inf and a = inf"),
    ("tanh", r"row 1 of the data: unit 2 has z = inf and a = 1"), ("log", r"row 0 of the data: unit 1 has z = -1 and a = nan"),
])  # fmt: skip
def test_predict_names_the_first_unit_that_has_no_number(activation, sentence):
    model = MLP.from_weights([[[-1.0], [1e300]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], activation)
    with pytest.raises(UndefinedError, match=sentence):
        model.predict([[1.0], [1e10]])


def test_predict_builds_no_graph(monkeypatch):
    model = MLP(3, [4, 1], "relu", "sigmoid", seed=0)

    def refuse(*_):
        raise AssertionError("predict computed with a Value")

    for operation in ("__add__", "__radd__", "__mul__", "__rmul__", "_compute", "__init__"):
        monkeypatch.setattr(Value, operation, refuse)
    assert model.predict([[1, 2, 3], [4, 5, 6]]).shape == (2,)


def test_predict_has_a_column_for_each_output_and_none_for_a_single_one():
    assert MLP(2, [3], seed=0).predict([[1, 2]] * 5).shape == (5, 3)
    assert MLP(2, [1], seed=0).predict([[1, 2]] * 5).shape == (5,)


# --- what is refused ---

@pytest.mark.parametrize(("act", "sentence"), [
    (lambda: MLP(2, []), "at least one layer"),
    (lambda: MLP(2, [0]), "A layer needs a whole number of neurons, at least 1, not 0"),
    (lambda: MLP(0, [1]), "a whole number of inputs, at least 1, not 0"),
    (lambda: MLP(2, [-3, 1]), "at least 1, not -3"),
    (lambda: MLP(2, [2.5, 1]), r"at least 1, not 2\.5"),
    (lambda: MLP(2, [3, 1], "sigmod"), "There is no activation 'sigmod'; there are linear, .*, and softmax"),
    (lambda: MLP(2, [3, 1], ["relu", "relu"]), "1 are needed, 2 given"),
    (lambda: MLP(2, [3, 1], "softmax"), "softmax is for the output layer"),
    (lambda: MLP(2, [3, 1], init="xavir"), "There is no initialisation 'xavir'"),
    (lambda: MLP(2, [3, 1], init=["he"]), "2 are needed, 1 given"),
    (lambda: MLP.from_weights([[[1, 2], [3]]], [[0, 0]]), r"lengths \[1, 2\]"),
    (lambda: MLP.from_weights([[[1, 2]]], [[0, 0]]), "one bias for each neuron: 1 rows of weights, 2 biases"),
    (lambda: MLP.from_weights([[[1, 2]]], []), "1 matrices and 0 biases"),
    (lambda: MLP.from_weights([[[1, 2]], [[1, 2]]], [[0], [0]]), r"W1 is \(1, 2\) and gives 1 .* W2 is \(1, 2\) and takes 2"),
    (lambda: mazur()([1]), "takes 2 inputs; it was given 1"),
    (lambda: Neuron(2)([1, 2, 3]), "takes 2 inputs; it was given 3"),
    (lambda: mazur()([1, math.nan]), "finite number"),
    (lambda: mazur().predict([1, 2]), r"must have shape \(examples, 2\).*; it has shape \(2,\)"),
    (lambda: mazur().predict([[1, 2, 3]]), r"it has shape \(1, 3\)"),
    (lambda: mazur().predict([[1, 2], [3]]), r"rows have lengths \[1, 2\]"),
    (lambda: mazur().predict([[1, 2], [3, math.inf]]), "Row 1, column 1 of X is inf"),
])  # fmt: skip
def test_a_mistake_is_answered_by_a_sentence(act, sentence):
    with pytest.raises(ValueError, match=sentence):
        act()


@pytest.mark.parametrize("x", [3.0, "ab", [[1, 2], [3, 4]]], ids=["a number", "text", "rows"])
def test_what_is_no_list_of_numbers_is_no_input(x):
    with pytest.raises((TypeError, ValueError), match=r"takes 2 inputs|holds one number"):
        mazur()(x)


def test_an_activation_that_is_neither_a_name_nor_a_function_is_refused():
    with pytest.raises(TypeError, match="a name or a function on a Value, not 3"):
        MLP(2, [3, 1], 3)


# --- beginnings ---

@pytest.mark.parametrize(("init", "n_in", "n_out", "std"), [
    ("xavier", 784, 15, 0.0500313),  # E26: the square root is the std, 0.0500; read as a variance it would be 0.2237
    ("xavier_normal", 784, 15, 0.0500313),
    ("xavier_uniform", 784, 15, 0.0500313),
    ("he", 784, 15, 0.0505076),  # E26: He's has n_in alone
    ("xavier", 15, 10, 0.2828427),
    ("he", 15, 10, 0.3651484),
    ("uniform", 15, 10, 0.2886751),  # 0.5/√3
    ("normal", 15, 10, 0.1),
    (uniform(0.2), 15, 10, 0.1154701),
    (normal(std=0.3162), 15, 10, 0.3162),
])  # fmt: skip
def test_weights_spread_as_their_initialisation_says(init, n_in, n_out, std):
    layers = [Layer(n_in, n_out, init=init, seed=seed) for seed in range(-(-11_760 // (n_in * n_out)))]
    weights = np.concatenate([layer.weight.ravel() for layer in layers])
    assert len(weights) >= 11_760
    assert np.std(weights) == pytest.approx(std, rel=0.03)
    assert abs(np.mean(weights)) < 0.03 * std
    assert not any(layer.bias.any() for layer in layers)


@pytest.mark.parametrize(("init", "n_in", "n_out", "limit"), [("xavier_uniform", 784, 15, 0.0866567), ("uniform", 784, 15, 0.5)])
def test_uniform_weights_fill_their_interval_and_stay_inside(init, n_in, n_out, limit):
    largest = abs(Layer(n_in, n_out, init=init, seed=0).weight).max()
    assert 0.999 * limit < largest <= limit * (1 + 1e-6)


@pytest.mark.parametrize(("activation", "std"), [("relu", 0.0505076), ("sigmoid", 0.0500313), ("linear", 0.0500313)])
def test_without_a_wish_relu_begins_as_he_and_the_others_as_xavier_proposed(activation, std):
    expected = BY_NAME["he" if activation == "relu" else "xavier"]
    assert (Layer(784, 15, activation, seed=3).weight == Layer(784, 15, activation, init=expected, seed=3).weight).all()
    assert np.std(Layer(784, 15, activation, seed=3).weight) == pytest.approx(std, rel=0.03)


def test_a_seed_fixes_the_beginning_and_each_layer_may_have_its_own():
    assert [p.data for p in MLP(2, [3, 1], seed=5).parameters()] == [p.data for p in MLP(2, [3, 1], seed=5).parameters()]
    assert [p.data for p in MLP(2, [3, 1], seed=5).parameters()] != [p.data for p in MLP(2, [3, 1], seed=6).parameters()]
    first, second = MLP(2, [3, 1], init=["zeros", constant(0.25)], bias=0.1).layers
    assert not first.weight.any() and (second.weight == 0.25).all()
    assert (first.bias == 0.1).all() and (second.bias == 0.1).all()


def test_a_positive_bias_keeps_every_relu_unit_alive():
    """Row R40: weights 0 and bias 0.1, so every unit answers 0.1 and has slope 1."""
    run = MLP(3, [4, 1], "relu", init="zeros", bias=0.1).activations([1, -2, 3])
    assert [a.data for a in run.a[0]] == [0.1] * 4
    run.a[0][0].backward()
    assert run.z[0][0].grad == 1.0


# --- symmetry (E28, R38) ---

AND = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def gradients(model, X, y):
    """The mean gradient of the log loss, by the names of the parameters."""
    model.zero_grad()
    for x, t in zip(X, y):
        losses.binary_cross_entropy(model(x), t).backward(1 / len(X))
    return {name: p.grad for name, p in model.named_parameters()}


def descend(model, X, y, steps):
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    for _ in range(steps):
        gradients(model, X, y)
        optimizer.step()


@pytest.mark.parametrize("c", [0.0, 0.5, -2.0])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_units_that_begin_equal_stay_equal(c, activation):
    model = MLP(2, [3, 1], activation, "sigmoid", init=constant(c), bias=0.1)
    descend(model, *AND, 200)
    first, second = model.layers
    assert (first.weight == first.weight[0]).all() and (first.bias == first.bias[0]).all()
    assert (second.weight == second.weight[0, 0]).all()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_from_all_zeros_only_the_output_bias_learns(activation):
    """A hidden layer that answers 0 passes nothing on: the bias alone goes to log odds of 1 in 4, ln(1/3)."""
    model = MLP(2, [2, 1], activation, "sigmoid", init="zeros")
    descend(model, *AND, 300)
    *others, bias = model.parameters()
    assert [p.data for p in others] == [0.0] * 8
    assert bias.data == pytest.approx(math.log(1 / 3), abs=1e-9)


def test_from_all_zeros_sigmoid_units_wake_up_layer_by_layer():
    found = gradients(MLP(2, [2, 1], "sigmoid", "sigmoid", init="zeros"), *AND)
    assert [found[f"layers.1.{name}"] for name in ("weight.0.0", "weight.0.1", "bias.0")] == [0.125, 0.125, 0.25]
    assert not any(grad for name, grad in found.items() if name.startswith("layers.0"))  # E28: exactly 0 at step 1


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_from_all_zeros_xor_pulls_nowhere(activation):
    assert not any(gradients(MLP(2, [2, 1], activation, "sigmoid", init="zeros"), *XOR).values())


def test_a_teacher_notices_the_symmetry():
    model = MLP(2, [2, 1], "sigmoid", "sigmoid", init="zeros")
    with pytest.warns(TeacherWarning, match="All 2 units of layer 1 are identical and stay so"):
        fit(model, *AND, epochs=2)


@pytest.fixture
def own_rows():
    yield primitive
    for name in ("own_cube", "own_tanh"):
        TABLE.pop(name, None)


def test_a_row_of_one_s_own_is_an_activation_by_its_name(own_rows, tmp_path):
    cube = own_rows("own_cube", lambda x: x**3, lambda result, x: 3 * x**2)
    model = MLP.from_weights([[[2.0]], [[3.0]]], [[1.0], [0.5]], "own_cube")
    x = Value(1.5)
    answer = model([x])  # 3(2x + 1)³ + 0.5
    answer.backward()
    assert (answer.data, x.grad) == (192.5, 288.0)  # 18(2x + 1)²
    assert model.predict([[1.5]]).tolist() == [192.5]
    save(MLP(1, [2, 1], cube), tmp_path / "row")  # the row goes by its name, as a file needs it
    assert load(tmp_path / "row").layers[0].activation.row is cube
    save(model, tmp_path / "model")
    assert load(tmp_path / "model").predict([[1.5]]).tolist() == [192.5]
    assert fit(model, [[0.1], [0.2]], [0.0, 1.0], epochs=1, compiled=True, warn=False).updates == 1


def test_a_row_that_uses_math_trains_one_example_at_a_time(own_rows):
    own_rows("own_tanh", lambda x: math.tanh(x), lambda r, x: 1 - math.tanh(x) ** 2)
    model, twin = MLP(2, [3, 1], "own_tanh", seed=1), MLP(2, [3, 1], "tanh", seed=1)
    X, y = [[0.3, 0.1], [1.0, -0.4]], [1.0, 0.0]
    with pytest.warns(TeacherWarning, match=r"one example at a time.*engine\.exp\(x\) instead of math\.exp\(x\)"):
        fit(model, X, y, epochs=2)
    fit(twin, X, y, epochs=2, warn=False)
    assert model.predict(X) == pytest.approx(twin.predict(X), rel=1e-12)
    with pytest.raises(engine.TracingError, match=r"engine\.exp\(x\) instead of math\.exp\(x\)"):
        fit(model, X, y, compiled=True)
