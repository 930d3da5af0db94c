"""The graph by itself: its order, its names, its paths, and the neurons in it."""

import re
import time
from math import prod

import pytest

import engine
import viz
from engine import Value, count_paths, fsum, grad, parse, recompute, relu, sigmoid
from engine.derivatives import paths
from engine.graph import check_topological, dependents, exceeds, leaves, names, topological_order
from engine.instruments.neurons import neurons


def labels(nodes):
    return [node.label for node in nodes]


def named(output):
    """What the nodes of an output are called, in order."""
    return list(names(topological_order(output)).values())


@pytest.fixture
def f():
    return parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)


# --- order ---

def test_operands_come_before_results_in_the_order_of_writing(f):
    assert labels(topological_order(f)) == ["x", "v", "y", "u", "z", "f"]


def test_a_node_used_twice_stands_in_the_order_once():
    x = Value(3, "x")
    square = x * x
    assert topological_order(square * square + x)[:2] == [x, square]
    assert len(topological_order(square * square + x)) == 4


def test_several_outputs_share_one_order(f):
    u, z = f.operands
    assert topological_order(u, f) == topological_order(f)
    assert topological_order(z, f)[0] is z


def test_every_order_of_the_engine_passes_the_checker(f):
    check_topological(topological_order(f))
    x = Value(2.0)
    check_topological(topological_order(sigmoid(x * x + x) * x))
    assert check_topological([]) is None


@pytest.mark.parametrize(("spoil", "sentence"), [
    (lambda order: order[::-1], "Value(18, label='f', op=div), at place 0, comes before one of its operands"),
    (lambda order: order[1:], "Value(9, label='v', op=power(exponent=2)), at place 0, comes before one of its operands"),
    (lambda order: [*order, order[0]], "Value(3, label='x') appears twice in the order, the second time at place 6"),
])  # fmt: skip
def test_the_checker_rejects_a_wrong_order(f, spoil, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        check_topological(spoil(topological_order(f)))


def test_leaves_are_the_nodes_without_operands_except_constants():
    x, y = Value(3, "x"), Value(4, "y")
    assert leaves(topological_order(2 * x + y)) == [x, y]


def test_dependents_are_what_a_change_would_reach(f):
    order = topological_order(f)
    assert sorted(labels(dependents(order, [f.inputs["y"]]))) == ["f", "u", "y"]


@pytest.mark.parametrize(("limit", "more"), [(5, True), (6, False), (7, False)])
def test_exceeds_tells_whether_a_graph_is_larger_than_a_limit(f, limit, more):
    assert exceeds(f, limit) is more  # f has 6 nodes


def test_exceeds_stops_walking_at_the_limit():
    top = far = Value(1.0)
    for _ in range(100):
        top = top + 1.0
    far.operands = None  # a walk that went so far down would fall
    assert exceeds(top, 50)


# --- names ---

def test_unlabelled_nodes_are_called_v1_v2_and_so_on_in_forward_order():
    x, y = Value(3, "x"), Value(4, "y")
    assert named((x * y + x) * y) == ["x", "y", "v1", "v2", "v3"]


def test_names_that_are_labels_are_passed_over():
    x = Value(3, "v1")
    assert named((x + x) * x) == ["v1", "v2", "v3"]
    x = Value(3, "v2")
    assert named((x + x) * x) == ["v2", "v1", "v3"]


def test_a_second_node_of_the_same_label_gets_a_number():
    a, b, c = Value(1, "x"), Value(2, "x"), Value(3, "x")
    assert named(a * b * c) == ["x", "x_2", "v1", "x_3", "v2"]
    assert named(a * b * Value(3, "x_2")) == ["x", "x_3", "v1", "x_2", "v2"]  # x_2 is taken by one that is called so


def test_a_constant_is_called_by_its_number_unless_it_has_a_label():
    x = Value(3, "x")
    assert named(2.5 * x + 2.5) == ["2.5", "x", "v1", "2.5", "v2"]
    assert named(x.detach() * Value(1, "y")) == ["x", "y", "v1"]


def test_no_two_nodes_but_constants_share_a_name():
    x = [Value(i, label) for i, label in enumerate(["x", "", "x", "v1", "x_2", "", "v1_2", "v1"])]
    found = named(fsum(x) + x[0])
    assert len(found) == len(set(found))


def test_naming_takes_time_in_proportion_to_the_graph():
    weights = [Value(0, "w") for _ in range(10_000)]
    start = time.perf_counter()
    found = named(fsum(weights))
    assert time.perf_counter() - start < 1
    assert found[-3:] == ["w_9999", "w_10000", "v1"]


# --- paths ---

def mazur():
    """The 2-2-2 network of Matt Mazur's example, in bare loops: its weights by label, its z's, and the cost."""
    start = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
    weights = {f"w{i}": Value(number, f"w{i}") for i, number in enumerate(start, start=1)}
    i1, i2 = Value(0.05).detach(), Value(0.10).detach()
    w = list(weights.values())
    z = [w[0] * i1 + w[1] * i2 + 0.35, w[2] * i1 + w[3] * i2 + 0.35]
    h = [sigmoid(z_j) for z_j in z]
    z += [w[4] * h[0] + w[5] * h[1] + 0.60, w[6] * h[0] + w[7] * h[1] + 0.60]
    o1, o2 = sigmoid(z[2]), sigmoid(z[3])
    return weights, z, 0.5 * (o1 - 0.01) ** 2 + 0.5 * (o2 - 0.99) ** 2


def network(*sizes):
    """A network of sigmoids in bare loops: a weight of its first layer, and its quadratic cost (target 0)."""
    a = [Value(0.1).detach() for _ in range(sizes[0])]
    weights = []
    for size in sizes[1:]:
        layer = [[Value(0.1) for _ in a] for _ in range(size)]
        weights.append(layer)
        a = [sigmoid(sum(w * x for w, x in zip(row, a))) for row in layer]
    return weights[0][0][0], sum(x**2 for x in a)


def test_each_path_has_its_rate_factors_and_their_product(f):
    (path,) = paths(f.inputs["x"], f)
    assert labels(path.nodes) == ["x", "v", "u", "f"]
    assert path.factors == (6.0, 4.0, 0.5)  # 2x, y, 1/z
    assert path.product == 12.0


def test_a_value_used_twice_has_two_paths():
    x = Value(3, "x")
    f = x * x * 4 / 2
    assert [path.product for path in paths(x, f)] == [6.0, 6.0]
    assert grad(f, x) == 12.0


def test_a_node_has_one_path_to_itself_and_a_stranger_has_none(f):
    assert [(path.nodes, path.factors, path.product) for path in paths(f, f)] == [((f,), (), 1.0)]
    assert list(paths(Value(1), f)) == []
    assert (count_paths(f, f), count_paths(Value(1), f)) == (1, 0)


def test_a_small_change_of_a_first_weight_reaches_the_cost_through_both_outputs():
    weights, _, cost = mazur()
    first, second = paths(weights["w1"], cost)
    assert first.product == pytest.approx(0.000668396021, abs=1e-12)
    assert second.product == pytest.approx(-0.000229828287, abs=1e-12)
    assert first.product + second.product == pytest.approx(0.000438567734, abs=1e-12)


def test_the_products_of_all_paths_add_up_to_the_gradient():
    w, cost = network(2, 3, 2, 3)
    found = list(paths(w, cost))
    assert len(found) == count_paths(w, cost) == 2 * 3
    assert all(path.product == pytest.approx(prod(path.factors)) for path in found)
    assert sum(path.product for path in found) == pytest.approx(grad(cost, w), rel=1e-12)


@pytest.mark.parametrize(("sizes", "count"), [((2, 3, 2, 1), 2), ((784, 15, 10), 10), ((4, 5, 6, 7, 3), 6 * 7 * 3)])
def test_a_first_weight_reaches_the_cost_in_as_many_ways_as_later_layers_can_be_crossed(sizes, count):
    assert count_paths(*network(*sizes)) == count


def test_paths_beyond_number_are_counted_without_being_listed():
    start = time.perf_counter()
    x = v = Value(1e-20)
    for _ in range(100):
        v = v + v
    assert count_paths(x, v) == 2**100  # 1.27·10³⁰
    assert grad(v, x) == 2.0**100  # what the sweep makes of them, one node at a time
    assert time.perf_counter() - start < 0.5


def test_the_first_of_very_many_paths_is_there_at_once():
    x = v = Value(1.0)
    for _ in range(100):
        v = v + v
    assert len(next(paths(x, v)).factors) == 100


# --- small changes (a demon sits at a neuron and turns its z a little) ---

@pytest.mark.parametrize(("unit", "delta"), [(0, 0.008771354689), (1, 0.009954254705), (2, 0.138498561629),
                                             (3, -0.038098236517)])  # fmt: skip
def test_the_error_of_a_neuron_says_what_a_demon_at_its_z_would_change(unit, delta):
    _, z, cost = mazur()
    before, at = cost.data, z[unit].data
    cost.backward()
    assert z[unit].grad == pytest.approx(delta, abs=1e-12)
    change = recompute(cost, {z[unit]: at + 1e-6}) - before
    assert change == pytest.approx(delta * 1e-6, rel=1e-4)
    assert recompute(cost) == before  # the demon lets go


def test_a_small_change_of_all_weights_changes_the_cost_by_the_gradient_times_it():
    weights, _, cost = mazur()
    before = cost.data
    nudges = {w: (-1) ** i * (i + 1) for i, w in enumerate(weights.values())}
    predicted = sum(grad(cost, w) * nudge for w, nudge in nudges.items())

    def error(size):
        after = recompute(cost, {w: start + size * nudges[w] for w, start in starts.items()})
        return after - before - predicted * size

    starts = {w: w.data for w in weights.values()}
    coarse, fine = error(1e-3), error(1e-4)
    assert abs(fine) < 1e-2 * abs(predicted * 1e-4)
    assert coarse / fine == pytest.approx(100, rel=0.05)  # ten times nearer, a hundred times better: second order


# --- neurons ---

def weighted_sum(style, weights, inputs, bias):
    products = [w * x for w, x in zip(weights, inputs)]
    if style == "bias first":
        return sum(products, bias)
    if style == "bias last":
        return sum(products) + bias
    if style == "fsum":
        return fsum([*products, bias])
    return sum([x * w for w, x in zip(weights, inputs)], bias)  # "input first"


@pytest.mark.parametrize("style", ["bias first", "bias last", "fsum", "input first"])
def test_a_weighted_sum_with_its_activation_is_one_neuron_however_it_is_written(style):
    weights, bias = [Value(0.1, "w1"), Value(0.2, "w2")], Value(0.3, "b")
    inputs = [Value(1, "x1") * 1, Value(2, "x2") * 1]
    z = weighted_sum(style, weights, inputs, bias)
    a = sigmoid(z)
    (neuron,) = [found for found in neurons(a) if found.output is a]
    assert (neuron.sum, neuron.activation) == (z, "sigmoid")
    assert (neuron.weights, neuron.inputs, neuron.rest) == (weights, inputs, [bias])
    assert neuron.inside[-1] is a
    assert {node for node in neuron.inside if node.op.name in ("mul", "add", "fsum", "sigmoid")} == set(neuron.inside)


def test_a_weighted_sum_without_an_activation_is_a_linear_neuron():
    w, x, b = Value(2, "w"), Value(3, "x") * 1, Value(1, "b")
    z = w * x + b
    (neuron,) = neurons(z)
    assert (neuron.output, neuron.activation) == (z, "")


def test_a_value_that_others_read_is_no_neurons_own():
    w, x, b = Value(2, "w"), Value(3, "x") * 1, Value(1, "b")
    product = w * x
    z = product + b
    assert neurons(relu(z) * product) == []  # the product is used twice
    (neuron,) = neurons(relu(w * x + b) * z)[:1]
    assert neuron.activation == "relu"


def test_a_network_is_read_as_its_neurons_in_forward_order():
    _, z, cost = mazur()
    found = neurons(cost)
    assert [neuron.sum for neuron in found[:4]] == z
    assert [neuron.activation for neuron in found[:4]] == ["sigmoid"] * 4
    assert [labels(neuron.weights) for neuron in found[:4]] == [["w1", "w2"], ["w3", "w4"], ["w5", "w6"], ["w7", "w8"]]


def test_the_worked_example_has_no_neurons(f):
    assert neurons(f) == []


@pytest.mark.parametrize("use", [
    engine.explain, engine.latex, engine.steps, engine.to_data, engine.as_text, engine.recompute, engine.count_operations,
    viz.draw,
    lambda thing: viz.page(thing, "never written"),
])  # fmt: skip
@pytest.mark.parametrize("thing", [3, None, [Value(1.0)]], ids=["number", "None", "list"])
def test_what_takes_a_graph_says_so(use, thing):
    with pytest.raises(TypeError, match=rf"^A Value is needed here, .* not the {type(thing).__name__} "):
        use(thing)
