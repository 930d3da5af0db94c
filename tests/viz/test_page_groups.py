"""What of a graph belongs together on a page: neurons, layers, moments of a loop; found whatever the order of creation."""

import random

import pytest

from engine import Value, tanh
from engine.graph import Graph
from nn import LSTM, MLP, Elman
from viz.pages.groups import groups_of

SEEDS = range(1, 7)


def found(output):
    """The groups as sets of labels: {(kind, name): {labels of its own nodes}}, and what is in what."""
    graph = Graph(output)
    groups = groups_of(graph)
    key = {g: (g.kind, g.name) if g.kind != "layer" or not g.parent else (g.kind, f"{g.parent.name}, {g.name}") for g in groups}
    own = {key[g]: frozenset(node.label for node in g.nodes if node.label) for g in groups}
    around = {key[g]: g.parent and key[g.parent] for g in groups}
    assert len(own) == len(groups), "two groups of one kind and one name"
    return own, around


def two_layers(seed, order="neurons"):
    """2 inputs, 3 hidden neurons, 2 outputs: made in any order, or with each sum in an order of its own, or with x before w."""
    rng = random.Random(seed)
    below = [Value(0.3, "x1"), Value(-0.7, "x2")]
    for layer, (count, name) in enumerate([(3, "h"), (2, "y")]):
        made = {}
        for j in rng.sample(range(count), count):
            terms = [Value(0.1 * j, f"b{name}{j}")]
            for k in range(len(below)):
                weight = Value(0.5 - 0.3 * j * k, f"w{name}{j}{k}")
                terms.append(below[k] * weight if order == "factors" else weight * below[k])
            if order == "terms":
                rng.shuffle(terms)
            total = sum(terms)
            made[j] = tanh(total) if layer == 0 else total
            made[j].label = f"{name}{j}"
        below = [made[j] for j in range(count)]
    return (below[0] - 1) ** 2 + (below[1] - 2) ** 2


@pytest.mark.parametrize("order", ["neurons", "terms", "factors"])
@pytest.mark.parametrize("seed", SEEDS)
def test_neurons_and_layers_are_found_whatever_the_order(seed, order):
    own, around = found(two_layers(seed, order))
    expected = {("neuron", f"{name}{j}"): frozenset([f"{name}{j}", f"b{name}{j}", *(f"w{name}{j}{k}" for k in range(below))])
                for name, count, below in (("h", 3, 2), ("y", 2, 3)) for j in range(count)}  # fmt: skip
    assert {key: labels for key, labels in own.items() if key[0] == "neuron"} == expected
    assert {around[key] for key in expected if key[1][0] == "h"} == {("layer", "layer 1")}
    assert {around[key] for key in expected if key[1][0] == "y"} == {("layer", "layer 2")}


def loop(seed, moments=4, width=1):
    """A loop over time written by hand, its terms in any order: h(t) = tanh(w·x(t) + u·h(t-1) + b)."""
    rng = random.Random(seed)
    w, b = ([Value(rng.uniform(-1, 1), f"{name}{j}") for j in range(width)] for name in "wb")
    u = [[Value(rng.uniform(-1, 1), f"u{j}{k}") for k in range(width)] for j in range(width)]
    state = [Value(0.1, f"start{j}") for j in range(width)]
    for t in range(1, moments + 1):
        x, new = Value(rng.uniform(-1, 1), f"x{t}"), {}
        for j in rng.sample(range(width), width):
            terms = [w[j] * x, b[j], *(u[j][k] * state[k] for k in range(width))]
            rng.shuffle(terms)
            new[j] = tanh(sum(terms))
            new[j].label = f"h{j}_{t}"
        state = [new[j] for j in range(width)]
    return sum(state) * 2


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_loop_over_time_is_one_cell_with_its_moments(seed, width):
    own, around = found(loop(seed, width=width))
    assert [key for key in own if key[0] == "cell"] == [("cell", "loop 1")]
    assert [key for key in own if key[0] == "moment"] == [("moment", f"t = {t}") for t in range(1, 5)]
    assert all(around["moment", f"t = {t}"] == ("cell", "loop 1") for t in range(1, 5))
    for j in range(width):
        for t in range(1, 5):
            home = around["neuron", f"h{j}_{t}"]
            while home[0] == "layer":
                home = around[home]
            assert home == ("moment", f"t = {t}")


@pytest.mark.parametrize(("model", "steps"), [(Elman(2, 3, 1, seed=0), 3), (LSTM(2, 2, seed=0), 3), (LSTM(1, 3, seed=1), 4)],
                         ids=["Elman", "LSTM", "a wider LSTM"])  # fmt: skip
def test_the_networks_of_the_library_are_cells_too(model, steps):
    given = [[Value(0.3 * t - 0.2 * i, f"x{t}_{i}") for i in range(model.n_in)] for t in range(steps)]
    last = model(given)[-1]
    own, _ = found(sum(last) if isinstance(last, list) else last)
    assert sum(kind == "cell" for kind, _ in own) == 1
    assert sorted(name for kind, name in own if kind == "moment") == [f"t = {t}" for t in range(1, steps + 1)]


def test_a_convolution_is_no_loop_though_its_positions_share_their_weights():
    w = [Value(0.3, "w0"), Value(-0.5, "w1")]
    x = [Value(0.1 * i, f"x{i}") for i in range(5)]
    output = sum(tanh(w[0] * x[i] + w[1] * x[i + 1]) for i in range(4))
    own, _ = found(output)
    assert not any(kind in ("cell", "moment") for kind, _ in own)
    assert sum(kind == "neuron" for kind, _ in own) == 4


def test_a_neuron_with_a_label_keeps_its_name_though_something_is_added_to_it():
    w, x, b, v = (Value(number, name) for number, name in zip((0.5, 2.0, 0.1, 0.3), "wxbv"))
    y = v * tanh(w * x + b) + b
    y.label = "y"
    own, _ = found((y + 1) ** 2)
    assert ("neuron", "y") in own


def test_a_sum_of_products_that_somebody_typed_is_no_neuron():
    a, b, c, d = (Value(number, name) for number, name in zip((0.5, 2.0, 0.1, 0.3), "abcd"))
    own, _ = found((a * b + c * d) ** 2)
    assert own == {}


def test_many_inputs_are_one_strip():
    model = MLP(12, [3, 1], "tanh", seed=0)
    own, _ = found(model([Value(0.1 * i, f"x{i}") for i in range(12)]))
    assert own["strip", "inputs"] == {f"x{i}" for i in range(12)}


def test_a_graph_without_neurons_has_no_groups():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    assert groups_of(Graph(x * y / (x - y))) == []


def test_every_node_is_in_one_group_at_most_and_groups_come_after_those_around_them():
    for output in (two_layers(0), loop(0, width=2)):
        groups = groups_of(Graph(output))
        nodes = [node for group in groups for node in group.nodes]
        assert len(nodes) == len(set(nodes))
        assert all(group.parent is None or groups.index(group.parent) < groups.index(group) for group in groups)
