"""Shared weights: convolutions against SciPy, PyTorch and sums by hand; what they count; what moves with the input."""

import warnings
from collections import Counter

import numpy as np
import pytest
from scipy.signal import correlate

import engine
import nn
from engine import Value
from engine.graph import Graph
from nn import data
from nn.examples import numbers_of
from nn.nested import flat

RANDOM = np.random.default_rng(0)


def said(module, x):
    return np.array(numbers_of(module(x)))


# --- what is computed ---

def test_the_example_of_four_inputs():
    conv = nn.Conv1d.from_weights([[[1, 0, -1]]])
    assert numbers_of(conv([1, 2, 3, 4])) == [[-2, -2]]
    assert numbers_of(conv([[1, 2, 3, 4]])) == [[-2, -2]]


def by_scipy(x, weight, bias, stride, padding):
    """The whole cross-correlation with the border filled with zeros, then every stride-th place."""
    around = [(0, 0), *((p, p) for p in padding)]
    full = np.pad(x, around)
    maps = [correlate(full, kernel, mode="valid")[0] + b for kernel, b in zip(weight, bias)]
    return np.array(maps)[(slice(None), *(slice(None, None, s) for s in stride))]


CASES = [  # class, channels in and out, kernel, stride, padding, size
    (nn.Conv1d, 1, 1, 3, 1, 0, (3,)),
    (nn.Conv1d, 2, 3, 4, 2, 1, (9,)),
    (nn.Conv1d, 3, 2, 1, 3, 0, (7,)),
    (nn.Conv1d, 2, 2, 5, 3, 4, (6,)),
    (nn.Conv2d, 1, 2, 3, 1, 0, (5, 6)),
    (nn.Conv2d, 3, 2, (2, 3), (2, 1), (1, 2), (5, 4)),
    (nn.Conv2d, 2, 4, (3, 1), 2, (2, 0), (4, 7)),
]


@pytest.mark.parametrize("kind, ins, outs, kernel, stride, padding, size", CASES)
def test_it_is_the_cross_correlation_of_scipy(kind, ins, outs, kernel, stride, padding, size):
    conv = kind(ins, outs, kernel, stride, padding, seed=1)
    x = RANDOM.normal(size=(ins, *size))
    state = conv.state_dict()
    expected = by_scipy(x, state["weight"], state["bias"], conv.stride, conv.padding)
    np.testing.assert_allclose(said(conv, x), expected, rtol=1e-13, atol=1e-14)
    assert conv.places(*size) == expected.shape[1:]
    np.testing.assert_allclose(conv.predict([x] * 12)[5], expected, rtol=1e-12, atol=1e-14)  # compiled


@pytest.mark.parametrize("kind, ins, outs, kernel, stride, padding, size", CASES)
def test_values_gradients_and_names_are_those_of_torch(kind, ins, outs, kernel, stride, padding, size):
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, kind.__name__)(ins, outs, kernel, stride, padding, dtype=torch.float64)
    ours = kind(ins, outs, kernel, stride, padding, seed=2)
    ours.load_state_dict({name: tensor.numpy() for name, tensor in theirs.state_dict().items()})
    x = RANDOM.normal(size=(ins, *size))
    inputs = [Value(number) for number in x.ravel()]
    tensor = torch.tensor(x, requires_grad=True)
    cost = (theirs(tensor[None])[0] ** 3).sum()
    cost.backward()
    ours_cost = sum(z**3 for z in flat(ours(nn.nested.grid(inputs, x.shape))))
    ours_cost.backward()
    assert ours_cost.data == pytest.approx(cost.item(), rel=1e-12)
    for name, stack in ours.stacks().items():
        grads = np.reshape([value.grad for value in stack.values], stack.shape)
        np.testing.assert_allclose(grads, getattr(theirs, name).grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose([value.grad for value in inputs], tensor.grad.numpy().ravel(), rtol=1e-10, atol=1e-12)


def test_the_activation_is_laid_on_the_sums():
    x = RANDOM.normal(size=(1, 5, 5))
    linear, bent = nn.Conv2d(1, 2, 2, seed=3), nn.Conv2d(1, 2, 2, activation="tanh", seed=3)
    np.testing.assert_allclose(said(bent, x), np.tanh(said(linear, x)), rtol=1e-14)
    inside = bent.activations(x)
    assert numbers_of(inside.z) == numbers_of(linear(x))
    assert numbers_of(inside.output) == numbers_of(bent(x))
    assert (inside.z[1][2][0].label, inside.a[0][0][3].label) == ("z1_231", "a1_114")


def test_a_window_followed_through_has_the_terms_of_the_sum():
    conv = nn.Conv2d(1, 2, 3, padding=1, seed=0)
    x = RANDOM.normal(size=(4, 4))
    found = conv.follow(x, 0, 2, channel=1)
    weight = conv.state_dict()["weight"][1, 0]
    assert [value is None for value in found.inputs] == [True] * 3 + [False] * 6
    np.testing.assert_allclose([term.data for term in found.terms[3:]], (weight[1:] * x[0:2, 1:4]).ravel(), rtol=1e-15)
    assert found.z.data == pytest.approx((weight[1:] * x[0:2, 1:4]).sum() + conv.bias[1].data, rel=1e-14)
    assert found.z.data == conv(x)[1][0][2].data


def test_a_plain_image_is_an_image_of_one_channel():
    conv, x = nn.Conv2d(1, 2, 2, seed=0), RANDOM.normal(size=(10, 3, 4))
    assert numbers_of(conv(x[0])) == numbers_of(conv([x[0].tolist()]))
    np.testing.assert_array_equal(conv.predict(x), conv.predict(x[:, None]))


# --- gradients ---

def test_the_gradient_of_a_weight_is_the_sum_over_its_places_by_hand():
    """z = (-2, -2) on [1, 2, 3, 4]; of (z1² + z2²)/2 each place adds z·x: -2·1 - 2·2 = -6, -2·2 - 2·3 = -10, -2·3 - 2·4 = -14."""
    conv = nn.Conv1d.from_weights([[[1, 0, -1]]])
    x = [Value(number) for number in (1, 2, 3, 4)]
    (z,) = conv(x)
    cost = (z[0] ** 2 + z[1] ** 2) / 2
    cost.backward()
    assert [w.grad for w in conv.weight[0][0]] == [-6, -10, -14]
    assert conv.bias[0].grad == -4
    assert [value.grad for value in x] == [-2, -2, 2, 2]


def test_it_is_the_gradient_of_an_unshared_weight_at_each_place_added_up():
    """The same sums with a weight of its own at each place; those gradients, added over the places, are the shared weights'."""
    conv, x = nn.Conv2d(1, 1, 2, seed=0), RANDOM.normal(size=(4, 3))
    (z,) = conv(x)
    (sum(flat(z)) ** 2).backward()
    unshared = {(i, j): [[Value(w.data) for w in row] for row in conv.weight[0][0]] for i in range(3) for j in range(2)}
    free = sum(unshared[i, j][p][q] * x[i + p, j + q] for i, j in unshared for p in range(2) for q in range(2))
    ((free + 6 * conv.bias[0].data) ** 2).backward()
    for p in range(2):
        for q in range(2):
            added = sum(own[p][q].grad for own in unshared.values())
            assert conv.weight[0][0][p][q].grad == pytest.approx(added, rel=1e-12)


@pytest.mark.parametrize("kind, ins, outs, kernel, stride, padding, size", CASES)
def test_central_differences_agree(kind, ins, outs, kernel, stride, padding, size):
    conv = kind(ins, outs, kernel, stride, padding, "tanh", seed=4)
    inputs = [Value(number) for number in RANDOM.normal(size=(ins * int(np.prod(size)))).tolist()]
    cost = nn.losses.quadratic(flat(conv(nn.nested.grid(inputs, (ins, *size)))), [0.1] * outs * int(np.prod(conv.places(*size))))
    compared = engine.gradcheck(cost, [*conv.parameters()[:8], conv.bias[-1], inputs[0], inputs[-1]])
    assert all(comparison.agrees for comparison in compared)


# --- shared: what is counted, and what moves ---

def test_the_lectures_counts():
    """64x64 pixels with 3 colours, a patch of 4x4x3: 48 weights, 3,721 places, 178,608 weights if none were shared."""
    conv = nn.Conv2d(3, 1, 4, seed=0)
    assert len(flat(conv.weight)) == 48
    assert conv.places(64, 64) == (61, 61)
    assert 61 * 61 == 3721
    assert conv.connections(64, 64) == 178_608
    assert conv.connections(64, 64, bias=True) == 178_608 + 3721


@pytest.mark.parametrize("kind, ins, outs, kernel, stride, padding, size", CASES)
def test_connections_are_the_products_in_the_graph(kind, ins, outs, kernel, stride, padding, size):
    conv = kind(ins, outs, kernel, stride, padding, seed=1)
    total = sum(flat(conv(np.ones((ins, *size)))))
    operations = Counter(node.op.name for node in Graph.of(total).order if node.op is not None)
    assert conv.connections(*size) == operations["mul"]
    assert conv.connections(*size, bias=True) - operations["mul"] == outs * int(np.prod(conv.places(*size)))


def test_the_network_of_1989_counted():
    by_name = {row.layer: row[1:] for row in nn.lecun_1989()}
    assert by_name["H1"] == (768, 19_968, 1_068)
    assert by_name["H2"] == (192, 38_592, 2_592)
    assert by_name["H3"] == (30, 5_790, 5_790)
    assert by_name["output"] == (10, 310, 310)
    assert by_name["together"] == (1_256, 64_660, 9_760)
    assert nn.lecun_1989(shared_biases=True)[-1].parameters == 8_824


def test_the_planes_of_1989_are_convolutions():
    """H1 by a kernel of 5x5 at every second pixel; with one bias for each plane its parameters are those of a Conv2d."""
    h1 = nn.Conv2d(1, 12, 5, stride=2, padding=2, seed=0)
    shared = {row.layer: row for row in nn.lecun_1989(shared_biases=True)}
    assert (h1.places(16, 16), len(h1.parameters())) == ((8, 8), shared["H1"].parameters)


@pytest.mark.parametrize("down, right", [(1, 0), (0, 2), (3, 1)])
def test_shift_the_input_and_the_output_shifts(down, right):
    conv = nn.Conv2d(1, 3, 3, activation="tanh", seed=5)
    picture = np.zeros((9, 9))
    picture[1:4, 2:5] = RANDOM.normal(size=(3, 3))
    moved = np.roll(picture, (down, right), axis=(0, 1))  # nothing but paper comes in at the other side
    before, after = said(conv, picture), said(conv, moved)
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(after[:, down:, right:], before[:, : 7 - down, : 7 - right])


# --- parameters ---

def test_weights_begin_uniform_within_one_over_the_root_of_the_inputs():
    conv = nn.Conv2d(4, 50, 5, seed=0)
    for name, numbers in conv.state_dict().items():
        assert np.abs(numbers).max() < 0.1, name  # 1/sqrt(4·5·5)
        assert np.abs(numbers).max() > 0.09, name
    weight = conv.state_dict()["weight"]
    assert weight.shape == (50, 4, 5, 5)
    assert abs(weight.mean()) < 4 * 0.1 / np.sqrt(3 * weight.size)
    assert weight.std() == pytest.approx(0.1 / np.sqrt(3), rel=0.02)
    assert conv.state_dict()["bias"].shape == (50,)


def test_the_same_seed_gives_the_same_weights():
    first, again, other = (nn.Conv1d(2, 3, 4, seed=seed).state_dict()["weight"] for seed in (7, 7, 8))
    assert first.tolist() == again.tolist() != other.tolist()


def test_parameters_are_named_and_labelled_by_their_places():
    conv = nn.Conv2d(2, 3, 2, seed=0, number=4)
    names = dict(conv.named_parameters())
    assert list(names)[:3] == ["weight.0.0.0.0", "weight.0.0.0.1", "weight.0.0.1.0"]
    assert names["weight.2.1.0.1"].label == "w4_3212"
    assert names["bias.2"].label == "b4_3"
    assert nn.Conv1d(1, 12, 3, seed=0).weight[9][0][1].label == "w1_10,1,2"


def test_given_values_are_used_as_they_are():
    w, b = Value(2.0, "w"), Value(1.0, "b")
    conv = nn.Conv1d.from_weights([[[w, w]]], [b])
    assert conv.parameters() == [w, b]
    assert numbers_of(conv([1, 2, 3])) == [[7, 11]]


def test_saved_and_loaded_it_is_the_same(tmp_path):
    model = nn.Sequential(
        nn.Conv2d(1, 2, (3, 2), stride=(1, 2), padding=(1, 0), activation="relu", seed=0), nn.MaxPool2d((2, 1), 1),
        nn.Flatten(), nn.Layer(24, 3, "linear", seed=0),
    )  # fmt: skip
    nn.save(model, tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors")
    x = RANDOM.normal(size=(7, 5, 6))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert repr(again) == repr(model)


def test_a_repr_says_what_differs_from_the_usual():
    assert repr(nn.Conv1d(2, 3, 4, seed=0)) == "Conv1d(2 → 3 linear, kernel 4)"
    conv = nn.Conv2d(1, 2, (3, 2), 2, (1, 0), "relu", seed=0)
    assert repr(conv) == "Conv2d(1 → 2 relu, kernel (3, 2), stride=2, padding=(1, 0))"
    assert [repr(nn.MaxPool2d(2)), repr(nn.MaxPool2d(3, (1, 2)))] == ["MaxPool2d(2)", "MaxPool2d(3, stride=(1, 2))"]
    assert repr(nn.Flatten()) == "Flatten()"


# --- pooling and flattening ---

@pytest.mark.parametrize("kernel, stride, size", [(2, None, (4, 4)), (2, None, (5, 7)), ((3, 2), (1, 2), (6, 5)), (3, 1, (3, 3))])
def test_pooling_takes_the_largest_of_each_window(kernel, stride, size):
    x = RANDOM.normal(size=(3, *size))
    pool = nn.MaxPool2d(kernel, stride)
    windows = np.lib.stride_tricks.sliding_window_view(x, pool.kernel_size, axis=(1, 2))[:, :: pool.stride[0], :: pool.stride[1]]
    found = pool(nn.nested.grid([Value(number) for number in x.ravel()], x.shape))
    np.testing.assert_array_equal(numbers_of(found), windows.max(axis=(3, 4)))


def test_the_gradient_goes_to_the_largest_and_is_shared_at_a_tie():
    x = [[[Value(1.0), Value(3.0)], [Value(2.0), Value(0.0)]], [[Value(5.0), Value(5.0)], [Value(1.0), Value(5.0)]]]
    (((a,),), ((b,),)) = nn.MaxPool2d(2)(x)
    (a + 3 * b).backward()
    assert [value.grad for value in flat(x)] == [0, 1, 0, 0, 1, 1, 0, 1]


def test_flatten_keeps_the_order_of_numpy():
    x = RANDOM.normal(size=(2, 3, 4))
    assert nn.Flatten()(x.tolist()) == nn.Flatten()(x) == x.ravel().tolist()


# --- trained ---

def cnn(seed=0):
    conv = nn.Conv2d(1, 4, 3, activation="relu", seed=seed)
    return nn.Sequential(conv, nn.MaxPool2d(2), nn.Flatten(), nn.Layer(36, 10, "linear", seed=seed))


def test_compiled_it_is_found_as_matrix_products_and_trains_as_it_does_on_values():
    digits = data.digits()
    images, classes = digits.X[:24].reshape(-1, 8, 8), digits.y[:24]
    program = cnn().compile()
    program(images)
    assert "z1 = W1 windows(x) + b1" in str(program)
    runs = []
    for compiled in (True, False):
        model = cnn()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", nn.TeacherWarning)
            history = nn.fit(model, images, classes, loss="cross_entropy", batch_size=8, epochs=2, compiled=compiled)
        runs.append([history.cost, [value.data for value in model.parameters()]])
    np.testing.assert_allclose(runs[0][0], runs[1][0], rtol=1e-10)
    np.testing.assert_allclose(runs[0][1], runs[1][1], rtol=1e-8, atol=1e-12)


def test_feature_maps_are_what_each_part_gives():
    model, image = cnn(), data.digits().X[0].reshape(8, 8)
    found = model.activations(image)
    assert [np.shape(numbers_of(output)) for output in found.outputs] == [(4, 6, 6), (4, 3, 3), (36,), (10,)]
    assert numbers_of(found.output) == numbers_of(model(image))


# --- bad input ---

@pytest.mark.parametrize("change", [
    {"padding": [3]}, {"kernel_size": [0]}, {"kernel_size": "x"}, {"in_channels": True}, {"activation": "no"}, {"more": 1},
])  # fmt: skip
def test_a_file_whose_settings_are_not_such_is_refused(change, tmp_path, monkeypatch):
    conv, path = nn.Conv1d(1, 2, 3, seed=0), tmp_path / "m.safetensors"
    settings = conv.settings()
    monkeypatch.setattr(nn.Conv1d, "settings", lambda self: settings | change)
    nn.save(conv, path)
    with pytest.raises(ValueError, match="does not fit together"):
        nn.load(path)


CONV1, CONV2 = nn.Conv1d(2, 1, 3, seed=0), nn.Conv2d(2, 1, (3, 2), seed=0)
MISTAKES = {
    "A Conv1d needs a whole number of input channels": lambda: nn.Conv1d(0, 1, 3),
    "needs a whole number of output channels": lambda: nn.Conv2d(1, 1.5, 3),
    "kernel_size = 0: give a whole number, at least 1, or a pair": lambda: nn.Conv2d(1, 1, 0),
    "kernel_size = .1, 2.: give a whole number, at least 1.$": lambda: nn.Conv1d(1, 1, [1, 2]),
    "stride = -1": lambda: nn.Conv1d(1, 1, 2, stride=-1),
    "padding = True": lambda: nn.Conv1d(1, 1, 2, padding=True),
    "padding of 3 is too wide": lambda: nn.Conv1d(1, 1, 3, padding=3),
    "softmax is for outputs": lambda: nn.Conv1d(1, 1, 3, activation="softmax"),
    r"of shape \(out, in, kernel\); these have \(2,\)": lambda: nn.Conv1d.from_weights([1, 2]),
    "one bias for each output channel: 1 channels, 2 biases": lambda: nn.Conv1d.from_weights([[[1]]], [1, 2]),
    "Rows must have one length": lambda: nn.Conv1d.from_weights([[[1, 2]], [[1]]]),
    r"shape \(2, length\); it was given \(4,\)": lambda: CONV1([1, 2, 3, 4]),
    r"shape \(2, height, width\); it was given \(3, 4, 4\)": lambda: CONV2(np.zeros((3, 4, 4))),
    r"does not fit on an input of size \(2,\)": lambda: CONV1([[1, 2], [1, 2]]),
    r"\(examples, 2, height, width\); it has shape \(5, 4, 4\)": lambda: CONV2.examples(np.zeros((5, 4, 4))),
    "it has examples of different sizes": lambda: CONV1.examples([np.zeros((2, 4)), np.zeros((3, 4))]),
    r"shape \(2, length\); it was given \(\)": lambda: CONV1("abc"),
    "A size is a length": lambda: CONV1.connections(4, 4),
    "The places are 0 to": lambda: CONV2.follow(np.zeros((2, 4, 4)), 2, 0),
    "The output channels are 0 to 0": lambda: CONV2.follow(np.zeros((2, 4, 4)), 0, 0, channel=1),
    r"takes \(channels, height, width\), the image being \(3, 3\)": lambda: nn.MaxPool2d(3)(np.zeros((1, 2, 4))),
    "stride = 'x'": lambda: nn.MaxPool2d(3, "x"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistakes_are_answered_in_a_sentence(message):
    with pytest.raises(ValueError, match=message):
        MISTAKES[message]()
