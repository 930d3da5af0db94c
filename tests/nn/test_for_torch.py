"""to_torch: the same numbers, gradients and shapes in PyTorch as in the scalar engine."""

import copy
import io
import subprocess
import sys

import numpy as np
import pytest

import engine
import nn
from engine import Constant, Value
from nn import mazur
from nn.activations import ELEMENTWISE
from nn.examples import numbers_of
from nn.nested import flat

RANDOM = np.random.default_rng(0)
ROWS, STEPS, IMAGES = RANDOM.normal(size=(3, 4)), RANDOM.normal(size=(3, 6, 4)), RANDOM.normal(size=(3, 2, 6, 5))
TIED = nn.Layer(4, 4, "tanh", seed=3)
SAME_WEIGHTS = nn.Layer.from_weights([neuron.w for neuron in TIED.neurons], [0.1, 0.2, 0.3, 0.4], "silu")

CASES = {
    "neuron": (nn.Neuron(4, "sigmoid", seed=1), ROWS),
    "layer": (nn.Layer(4, 3, "gelu", seed=1), ROWS),
    "layer, linear": (nn.Layer(4, 3, "linear", seed=1), ROWS),
    "MLP": (nn.MLP(4, [5, 3, 2], ["tanh", "elu"], "softmax", init="uniform", seed=1), ROWS),
    "MLP, one output": (nn.MLP(4, [5, 1], "leaky_relu", "sigmoid", init="uniform", bias=0.1, seed=1), ROWS),
    "sequential": (nn.Sequential(nn.Layer(4, 3, "softplus", seed=1), engine.sin, nn.Layer(3, 2, "linear", seed=2)), ROWS),
    "softmax as a part": (nn.Sequential(nn.Layer(4, 3, "linear", seed=1), engine.softmax), ROWS),
    "log_softmax as a part": (nn.Sequential(nn.Layer(4, 3, "linear", seed=1), engine.log_softmax), ROWS),
    "a bound row": (nn.Sequential(nn.Layer(4, 3, "linear", seed=1), engine.elu.bind(0.3), engine.TABLE["power"].bind(2.0)), ROWS),
    **{f"{row} over a list": (nn.Sequential(nn.Layer(4, 3, "linear", seed=1), row), ROWS)
       for row in (engine.fsum, engine.logsumexp, engine.amax, engine.amin)},
    "one module at two places": (nn.Sequential(TIED, TIED), ROWS),
    "one array at two places": (nn.Sequential(TIED, SAME_WEIGHTS), ROWS),
    "convolutions": (nn.Sequential(
        nn.Conv2d(2, 3, (3, 2), stride=(1, 2), padding=(1, 0), activation="tanh", seed=1), nn.MaxPool2d(2, stride=1),
        nn.Conv2d(3, 2, 2, seed=2), nn.Flatten(), nn.MLP(4, [1], seed=3)), RANDOM.normal(size=(3, 2, 4, 6))),
    "one channel, left out": (nn.Sequential(nn.Conv2d(1, 2, 3, seed=1), nn.MaxPool2d((2, 1)), nn.Flatten()), IMAGES[:, 0]),
    "one channel, written out": (nn.Conv2d(1, 2, 3, activation="relu", seed=1), IMAGES[:, :1]),
    "signals": (nn.Conv1d(4, 2, 3, stride=2, padding=1, activation="sigmoid", seed=1), STEPS.transpose(0, 2, 1)),
    "one signal": (nn.Conv1d(1, 2, 3, seed=1), ROWS),
    "TDNN": (nn.TDNN(4, (3, 2), (2, 3), seed=1), STEPS),
    "RBF": (nn.RBF(4, 5, 2, centres="random", seed=1), ROWS),
    "RBF, one output": (nn.RBF(4, 5, 1, centres="random", width=0.7, seed=1), ROWS),
    "Elman": (nn.Elman(4, 3, 2, seed=1), STEPS),
    "Elman, relu": (nn.Elman(4, 3, 1, "relu", "sigmoid", seed=1), STEPS),
    "Elman, logistic": (nn.Elman(4, 3, 2, "sigmoid", seed=1), STEPS),
    "Elman, linear": (nn.Elman(4, 3, 2, "linear", seed=1), STEPS),
    "Jordan": (nn.Jordan(4, 3, 2, alpha=0.5, output="tanh", seed=1), STEPS),
    "Jordan, no older context": (nn.Jordan(4, 3, 1, activation="sigmoid", seed=1), STEPS),
    "Forced": (nn.Forced(nn.Jordan(2, 3, 2, alpha=0.5, seed=1)), STEPS),
    "LSTM": (nn.LSTM(4, 3, forget_bias=1.0, seed=1), STEPS),
    "GRU": (nn.GRU(4, 3, seed=1), STEPS),
    "GRU, reset before": (nn.GRU(4, 3, reset="before", seed=1), STEPS),
    "the last step": (nn.Sequential(nn.LSTM(4, 3, seed=1), nn.Last(), nn.Layer(3, 1, "linear", seed=2)), STEPS),
    "per step": (nn.Sequential(nn.GRU(4, 3, seed=1), nn.PerStep(nn.MLP(3, [1], seed=2)), nn.Layer(6, 2, seed=3)), STEPS),
    "an image at each step": (
        nn.Sequential(nn.PerStep(nn.Sequential(nn.Conv2d(1, 1, 2, seed=1), nn.Flatten())), nn.Elman(20, 2, 1, seed=2)), IMAGES,
    ),
}  # fmt: skip


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def close(ours, theirs):
    """Equal to 1e-12 of the larger of 1 and the number."""
    np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12)


# --- the same numbers ---

@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_ours_to_1e_12(case, torch):
    model, X = CASES[case]
    theirs = nn.to_torch(model)
    inputs = torch.tensor(X, requires_grad=True)
    found = theirs(inputs)
    assert found.shape == np.shape(model.predict(X))
    close([numbers_of(model(x)) for x in X.tolist()], found.detach().numpy())

    model.zero_grad()
    ours = [Value(number) for number in X.ravel().tolist()]
    per_example = len(ours) // len(X)
    examples = [nn.nested.grid(ours[i : i + per_example], X.shape[1:]) for i in range(0, len(ours), per_example)]
    predictions = [model(x) for x in examples]
    cost = sum((place + 1) * y**3 for place, y in enumerate(flat(predictions)))
    cost.backward()
    (torch.arange(1, found.numel() + 1) * found.flatten() ** 3).sum().backward()
    close([x.grad for x in ours], inputs.grad.numpy().ravel())
    grads = [parameter.grad.numpy().ravel() for parameter in theirs.parameters()]
    close([value.grad for value in model.parameters()], np.concatenate(grads) if grads else [])
    model.zero_grad()


@pytest.mark.parametrize("name", sorted({*ELEMENTWISE} - {"linear"}))
def test_every_activation_has_our_values_and_slopes_at_corners_too(name, torch):
    row = ELEMENTWISE[name]
    places = [-30.0, -7.25, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 1.5, 7.25, 25.0, 30.0]
    places = [x for x in places if x in row.domain[0] and x in row.smooth[0]]
    ours = [Value(x) for x in places]
    results = [row(x) for x in ours]
    sum(results).backward()
    layer = nn.Layer.from_weights([[1.0]], [0.0], name)
    theirs = torch.tensor(places, dtype=torch.float64, requires_grad=True)
    found = nn.to_torch(layer)(theirs[:, None])
    found.sum().backward()
    close([y.data for y in results], found.detach().numpy().ravel())
    close([x.grad for x in ours], theirs.grad.numpy())


def test_a_row_of_one_s_own_and_its_second_derivative(torch):
    row = engine.primitive("cubed_for_torch", lambda x: x * x * x, lambda r, x: 3.0 * x * x)
    try:
        theirs = nn.to_torch(nn.Sequential(row))
        x = torch.tensor([[0.5, -2.0]], requires_grad=True)
        (slope,) = torch.autograd.grad(theirs(x).sum(), x, create_graph=True)
        slope.sum().backward()
        assert slope.tolist() == [[0.75, 12.0]]
        assert x.grad.tolist() == [[3.0, -12.0]]
    finally:
        del engine.TABLE["cubed_for_torch"]


# --- what it is made of ---

def test_it_is_made_of_torch_s_own_modules_where_these_are_the_same(torch):
    def kinds(model):
        return [type(part).__name__ for part in nn.to_torch(model).modules() if not isinstance(part, torch.nn.Sequential)]

    assert kinds(nn.MLP(2, [3, 2], "tanh", "softmax")) == ["Linear", "Tanh", "Linear", "Softmax"]
    assert kinds(nn.Layer(2, 2, "linear")) == ["Linear"]
    assert kinds(nn.Sequential(nn.Conv2d(2, 1, 2), nn.MaxPool2d(2), nn.Flatten())) == ["Conv2d", "MaxPool2d", "Flatten"]
    assert kinds(nn.Elman(2, 3, 1)) == ["Outputs", "RNN", "Linear"]
    assert kinds(nn.LSTM(2, 3)) == ["Outputs", "LSTM"]
    assert kinds(nn.GRU(2, 3)) == ["Outputs", "GRU"]
    assert repr(nn.to_torch(nn.Layer(1, 1, "leaky_relu"))[1]) == "Row(leaky_relu(negative_slope=0.01))"


def test_torch_s_random_numbers_are_left_alone(torch):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    nn.to_torch(CASES["convolutions"][0])
    nn.to_torch(nn.LSTM(2, 3))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("case", ["MLP, one output", "convolutions", "RBF", "Elman", "Jordan", "GRU, reset before"])
def test_what_was_learned_in_torch_comes_back(case, torch):
    model, X = copy.deepcopy(CASES[case][0]), CASES[case][1]
    before = model.predict(X)
    theirs = nn.to_torch(model)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.01)
    (theirs(torch.tensor(X)) ** 2).sum().backward()
    optimizer.step()
    close(before, model.predict(X))  # ours are not torch's
    model.load_state_dict(dict(zip(model.state_dict(), (p.detach() for p in theirs.parameters()), strict=True)))
    assert np.abs(model.predict(X) - before).max() > 1e-4
    close(model.predict(X), theirs(torch.tensor(X)).detach().numpy())


def test_it_can_be_saved_whole_and_cast(torch):
    theirs = nn.to_torch(nn.Sequential(nn.GRU(4, 3, reset="before", seed=1), nn.Last(), nn.Layer(3, 2, "sech", seed=2)))
    file = io.BytesIO()
    torch.save(theirs, file)
    file.seek(0)
    again = torch.load(file, weights_only=False)
    assert torch.equal(again(torch.tensor(STEPS)), theirs(torch.tensor(STEPS)))
    assert copy.deepcopy(theirs).float()(torch.tensor(STEPS, dtype=torch.float32)).dtype == torch.float32


def test_what_is_shared_is_shared_there(torch):
    theirs = nn.to_torch(nn.Sequential(TIED, SAME_WEIGHTS))
    assert theirs[0][0].weight is theirs[1][0].weight
    assert len(list(theirs.parameters())) == 3
    twice = nn.to_torch(nn.Sequential(TIED, TIED))
    assert twice[0] is twice[1]


def test_constants_do_not_learn(torch):
    fixed = nn.Layer.from_weights([[Constant(2.0), Constant(3.0)]], [0.5], "linear")
    theirs = nn.to_torch(fixed)
    assert [p.requires_grad for p in theirs.parameters()] == [False, True]
    assert theirs(torch.tensor([[1.0, 1.0]], dtype=torch.float64)).tolist() == [[5.5]]


def test_the_teacher_s_answers_may_be_given_to_jordan(torch):
    model = nn.Jordan(2, 3, 2, alpha=0.5, seed=1)
    expected = [numbers_of(model(x[:, :2].tolist(), targets=x[:, 2:].tolist())) for x in STEPS]
    x = torch.tensor(STEPS)
    close(expected, nn.to_torch(model)(x[..., :2], x[..., 2:]).detach().numpy())


# --- what is refused ---

class Net(nn.Module):
    def __init__(self):
        self.first = nn.Layer(2, 2)

    def __call__(self, x):
        return self.first(x)


def tied_by_one():
    w = Value(0.5)
    return nn.Layer.from_weights([[w, w]], [0.0])


def half_constant():
    return nn.Layer.from_weights([[Value(1.0), Constant(2.0)]], [0.0])


def computed():
    return nn.Layer.from_weights([[Value(1.0) * 2]], [0.0])


@pytest.mark.parametrize("make, error, words", [
    (lambda: "MLP", TypeError, "to_torch takes a module, such as MLP(2, [3, 1]); it was given 'MLP'."),
    (lambda: nn.Perceptron([1, 1], 0), TypeError, "it was given Perceptron"),
    (lambda: nn.Sequential(nn.Layer(2, 2), Net()), TypeError, "how to make Net (at 1), which is a class of your own"),
    (lambda: nn.Sequential(lambda x: x), ValueError, "The part at 0 <function"),
    (lambda: nn.Layer(2, 2, lambda z: z * z), ValueError, "The activation '<lambda>' is a function of your own"),
    (lambda: nn.RBF(2, 3, 1), ValueError, "The centres have no places yet"),
    (tied_by_one, ValueError, "A Value stands twice in Layer.weight, or in another array too"),
    (lambda: mazur.example("shared").network, ValueError, "A Value stands twice in Layer (at layers.0).bias"),
    (lambda: nn.Sequential(TIED, TIED.neurons[0]), ValueError, "A Value stands twice in Neuron (at 1).weight"),
    (half_constant, ValueError, "Layer.weight holds computed numbers, or constants among its parameters"),
    (computed, ValueError, "Layer.weight holds computed numbers"),
])  # fmt: skip
def test_what_torch_cannot_hold_is_refused_with_a_sentence(make, error, words, torch):
    with pytest.raises(error) as raised:
        nn.to_torch(make())
    assert words in str(raised.value)
    assert str(raised.value).endswith(".")


def test_without_torch_a_sentence_says_what_to_install():
    code = "import sys; sys.modules['torch'] = None; import nn; nn.to_torch(nn.Layer(1, 1))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.stderr.endswith("ModuleNotFoundError: to_torch needs torch, which is not installed: pip install torch\n")
