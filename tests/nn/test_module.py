"""Modules: what counts as a parameter, its name, and the arrays it belongs to."""

from dataclasses import dataclass, field

import numpy as np
import pytest

import nn
from engine import Constant, Value, tanh


class Line(nn.Module):
    def __init__(self, slope=1.0):
        self.slope, self.start = Value(slope), Value(0.0)
        self.factor, self.title = Constant(2.0), "a line"

    def __call__(self, x):
        return self.slope * x[0] + self.start


class Tree(nn.Module):
    """Everything a parameter can stand in."""

    def __init__(self):
        self.matrix = [[Value(float(10 * j + k)) for k in range(3)] for j in range(2)]
        self.lines = [Line(), Line()]
        self.table = {"left": Value(1.0), "right": [Value(2.0), Value(3.0)]}
        self.ragged = [[Value(1.0)], [Value(2.0), Value(3.0)]]
        self.layer = nn.Layer(2, 3, seed=0)
        self.computed = self.lines[0].slope * 2
        self.itself = [self.matrix[0]]
        self.itself.append(self.itself)


def test_the_parameters_are_the_attributes_that_are_values_by_their_path():
    assert [name for name, _ in Line().named_parameters()] == ["slope", "start"]
    names = [name for name, _ in Tree().named_parameters()]
    lines = ["lines.0.slope", "lines.0.start", "lines.1.slope", "lines.1.start"]
    assert names[:9] == [*(f"matrix.{j}.{k}" for j in range(2) for k in range(3)), "table.left", "table.right.0", "table.right.1"]
    assert names[9:16] == ["ragged.0.0", "ragged.1.0", "ragged.1.1", *lines]
    assert names[16:] == [*(f"layer.weight.{j}.{k}" for j in range(3) for k in range(2)), *(f"layer.bias.{j}" for j in range(3))]


def test_a_constant_a_computed_value_and_a_second_place_add_no_parameter():
    tree = Tree()
    assert len(tree.parameters()) == len(set(tree.parameters())) == 25
    assert tree.computed not in tree.parameters() and tree.lines[0].factor not in tree.parameters()


def test_state_dict_stacks_rows_into_arrays():
    state = Tree().state_dict()
    shapes = {name: array.shape for name, array in state.items()}
    assert shapes == {
        "matrix": (2, 3), "table.left": (), "table.right": (2,), "ragged.0": (1,), "ragged.1": (2,), "itself": (1, 3),
        "lines.0.slope": (), "lines.0.start": (), "lines.1.slope": (), "lines.1.start": (), "layer.weight": (3, 2),
        "layer.bias": (3,),
    }  # fmt: skip
    np.testing.assert_array_equal(state["matrix"], [[0, 1, 2], [10, 11, 12]])


def test_what_state_dict_gives_load_state_dict_takes_back():
    tree, other = Tree(), Tree()
    for i, value in enumerate(tree.parameters()):
        value.data = float(i)
    other.load_state_dict(tree.state_dict())
    assert [value.data for value in other.parameters()] == [float(i) for i in range(25)]


@pytest.mark.parametrize(("change", "sentence"), [
    ({"slope": None}, "missing .'slope'"),
    ({"hill": 1.0}, "unexpected .'hill'"),
    ({"slope": [1.0, 2.0]}, r"slope has shape \(2,\) in the state and \(\) in this network"),
    ({"slope": float("nan")}, "slope contains nan"),
    ({"slope": "steep"}, "slope must be numbers"),
])  # fmt: skip
def test_a_state_that_does_not_fit_changes_nothing(change, sentence):
    line = Line(slope=3.0)
    state = {name: array for name, array in {"slope": 5.0, "start": 6.0, **change}.items() if array is not None}
    with pytest.raises(ValueError, match=sentence):
        line.load_state_dict(state)
    assert [value.data for value in line.parameters()] == [3.0, 0.0]


def test_modules_are_found_by_name_each_once():
    tree = Tree()
    tree.again = tree.lines
    assert [name for name, _ in tree.named_modules()] == ["", "lines.0", "lines.1", "layer"]


def test_a_module_that_contains_itself_is_no_endless_loop():
    line = Line()
    line.parent = line
    assert [name for name, _ in line.named_parameters()] == ["slope", "start"]
    assert repr(line) == "Line(2 parameters)\n  (parent): ..."


@dataclass
class Weighted(nn.Module):
    """A dataclass has __eq__, and therefore no hash."""

    part: nn.Module
    factor: Value = field(default_factory=lambda: Value(0.5))

    def __call__(self, x):
        return self.factor * self.part(x)


def test_a_module_needs_no_hash():
    model = Weighted(Weighted(Line()))
    assert [name for name, _ in model.named_parameters()] == ["factor", "part.factor", "part.part.slope", "part.part.start"]
    assert [name for name, _ in model.named_modules()] == ["", "part", "part.part"]
    assert nn.fit(model, [[1.0], [2.0]], [1.0, 2.0], epochs=2).epochs == 2
    model = Weighted(Line())
    model.part = model  # contains itself
    assert len(model.parameters()) == 1


def test_zero_grad_reaches_every_parameter():
    line = Line()
    line([3.0]).backward()
    assert [value.grad for value in line.parameters()] == [3.0, 1.0]
    line.zero_grad()
    assert not any(value.has_grad for value in line.parameters())


def test_repr_shows_the_tree():
    class Both(nn.Module):
        def __init__(self):
            self.lines = [Line(), Line()]
            self.net = nn.MLP(2, [1], seed=0)

    assert repr(Both()) == (
        "Both(7 parameters)\n"
        "  (lines.0): Line(2 parameters)\n"
        "  (lines.1): Line(2 parameters)\n"
        "  (net): MLP(2 → 1 linear; 3 parameters)"
    )


def test_a_module_without_a_call_says_what_is_missing():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty is a module without __call__"):
        Empty()([1.0])


class Giving(nn.Module):
    """What it predicts is up to the test."""

    def __init__(self, give):
        self.w, self.give = Value(2.0), give

    def __call__(self, x):
        return self.give(self.w, x)


def test_an_array_of_values_is_a_prediction_too():
    X = np.arange(20.0).reshape(10, 2)
    for rows in (X, X[:3]):  # compiled, and one by one
        assert (Giving(lambda w, x: np.array([w * x[0], w * x[1]])).predict(rows) == 2 * rows).all()
        assert (Giving(lambda w, x: [np.array([w * x[0]])]).predict(rows) == 2 * rows[:, None, :1]).all()
        assert (Giving(lambda w, x: np.array(w * x[0])).predict(rows) == 2 * rows[:, 0]).all()


@pytest.mark.parametrize("nothing", [None, "one", (value for value in "ab")])
def test_a_prediction_that_is_no_number_is_refused(nothing):
    with pytest.raises(ValueError, match="A prediction is a number, or lists of numbers"):
        Giving(lambda w, x: nothing).predict([[1.0]])


class OfTheClass(nn.Module):
    w = Value(2.0)

    def __call__(self, x):
        return self.w * x[0]


def test_a_module_without_parameters_is_told_where_they_belong():
    for model in (OfTheClass(), nn.Flatten()):
        with pytest.raises(ValueError, match="no parameters to train: they are its attributes"):
            nn.fit(model, [[1.0]], [1.0])


@pytest.mark.parametrize("empty", [[], [[]]])
def test_an_empty_prediction_cannot_be_trained(empty):
    with pytest.raises(ValueError, match="the prediction is an empty list"):
        nn.fit(Giving(lambda w, x: empty), [[1.0]], [1.0])


# --- Sequential ---

def test_sequential_is_its_parts_one_after_the_other():
    first, second = nn.Layer(2, 3, "tanh", seed=0), nn.Layer(3, 1, "linear", seed=1)
    model = nn.Sequential(first, second, lambda outputs: outputs[0])
    x = [0.3, -0.7]
    assert model(x).data == second(first(x))[0].data
    inside = model.activations(x)
    assert [len(output) for output in inside.outputs[:2]] == [3, 1] and inside.output.data == model(x).data
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert repr(model).startswith("Sequential(13 parameters)\n  (0): Layer(2 → 3 tanh)\n  (1): Layer(3 → 1 linear)")


def test_a_function_of_one_number_is_taken_of_each_in_the_row():
    X = [[0.3, -0.7], [1.0, 2.0]]
    first, last = nn.Layer(2, 3, "linear", seed=0), nn.Layer(3, 1, "linear", seed=1)
    model, plain = nn.Sequential(first, tanh, last), nn.MLP(2, [3, 1], "tanh", seed=0)
    plain.layers[1] = last
    assert model(X[0])[0].data == plain(X[0]).data
    assert [value.data for value in model.activations(X[0]).outputs[1]] == [value.data for value in plain.layers[0](X[0])]
    assert nn.fit(model, X, [0.0, 1.0], epochs=2, compiled=True).epochs == 2
    image = nn.Sequential(nn.Conv2d(1, 2, 2, seed=0), tanh)([[1.0, 2.0], [3.0, 4.0]])
    assert np.shape(image) == (2, 1, 1)


def test_sequential_trains_like_the_mlp_with_its_weights():
    mlp = nn.MLP(2, [3, 1], "tanh", seed=0)
    row = nn.Sequential(*[nn.Layer.from_weights(layer.weight, layer.bias, layer.activation.name) for layer in mlp.layers])
    X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
    assert nn.fit(row, X, y, epochs=5).cost == pytest.approx(nn.fit(mlp, X, y, epochs=5).cost, rel=1e-12)
    with pytest.raises(ValueError, match=r"X must have shape \(examples, 2\)"):
        row.predict([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="Sequential takes modules, as in"):
        nn.Sequential(nn.Layer(2, 1), 3)


# --- what happens inside ---

class Twice(nn.Module):
    """A layer that is used at two places, and a sum."""

    def __init__(self):
        self.layer, self.line = nn.Layer(2, 2, "tanh", seed=0), Steep()

    def __call__(self, x):
        return self.line(self.layer(self.layer(x)))


class Steep(Line):
    def __call__(self, x):
        return 2 * super().__call__(x)


def test_activations_note_what_each_module_gave_call_by_call():
    model, x = Twice(), [0.3, -0.7]
    inside = model.activations(x)
    once = model.layer(x)
    assert [[v.data for v in given] for given in inside.outputs["layer"]] == [
        [v.data for v in once], [v.data for v in model.layer(once)]
    ]  # fmt: skip
    assert [given.data for given in inside.outputs["line"]] == [inside.output.data] == [model(x).data]
    inside.output.backward()
    assert inside.outputs["layer"][0][0].grad != 0


def test_a_module_that_was_watched_is_as_before_even_if_it_raises():
    before = Steep.__call__, Line.__call__, nn.Layer.__call__
    model = Twice()
    model.activations([0.3, -0.7])
    with pytest.raises(ValueError, match="This takes 2 inputs"):
        model.activations([0.3])
    assert (Steep.__call__, Line.__call__, nn.Layer.__call__) == before
    assert "__call__" in vars(Steep) and "__call__" in vars(Line)

    class Plain(Line):
        pass

    assert Plain().activations([2.0]).output.data == 2.0
    assert "__call__" not in vars(Plain)
