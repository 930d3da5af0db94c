"""Programs written for micrograd run after replacing the import: `from engine import Value`.

The checks have the shapes of micrograd's own two tests. The numbers are exact fractions, which sympy found by
differentiating the same formulas; no engine had a part in them.
"""

import math
import random

import pytest

from engine import Value, no_grad, tanh


def test_a_short_program_with_every_sort_of_reuse():
    x = Value(-4.0)
    z = 2 * x + 2 + x  # -10
    q = z.relu() + z * x  # 0 + 40
    h = (z * z).relu()  # 100
    y = h + q + q * x  # 100 + 40 - 160
    y.backward()
    # Where z < 0 and so relu(z) = 0, y = z² + z·x + z·x² with z = 3x + 2; its derivative is 9x² + 28x + 14.
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_a_longer_program_with_every_operation():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == pytest.approx(2421 / 98, rel=1e-15)  # 49/2 + 10/49
    assert a.grad == pytest.approx(47620 / 343, rel=1e-14)
    assert b.grad == pytest.approx(221433 / 343, rel=1e-14)


class Neuron:
    """As in micrograd.nn: weights, a bias, and perhaps a relu."""

    def __init__(self, inputs, nonlinear, rng):
        self.w = [Value(rng.uniform(-1, 1)) for _ in range(inputs)]
        self.b = Value(0)
        self.nonlinear = nonlinear

    def __call__(self, x):
        z = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
        return z.relu() if self.nonlinear else z


class MLP:
    """As in micrograd.nn: layers of neurons; one output comes as a Value, not as a list."""

    def __init__(self, inputs, outputs, rng):
        sizes = [inputs, *outputs]
        last = len(outputs) - 1
        self.layers = [[Neuron(sizes[i], i != last, rng) for _ in range(sizes[i + 1])] for i in range(len(outputs))]

    def __call__(self, x):
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self):
        return [p for layer in self.layers for neuron in layer for p in [*neuron.w, neuron.b]]


def two_moons(count, rng):
    """Points on two interleaved half circles, a little scattered, and their labels 1 and -1."""
    points = []
    for i in range(count):
        t = math.pi * rng.random()
        x, y = (math.cos(t), math.sin(t)) if i % 2 else (1 - math.cos(t), 0.5 - math.sin(t))
        points.append(([x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)], 1 if i % 2 else -1))
    return points


def test_the_moons_are_told_apart_after_a_few_steps_of_gradient_descent():
    rng = random.Random(1337)
    points = two_moons(40, rng)
    model = MLP(2, [8, 8, 1], rng)
    assert isinstance(model(points[0][0]), Value)

    losses = []
    for k in range(25):
        scores = [model([Value(x) for x in point]) for point, _ in points]
        hinges = [(1 + -label * score).relu() for (_, label), score in zip(points, scores)]  # a margin of 1 for each
        loss = sum(hinges) * (1.0 / len(hinges)) + 1e-4 * sum(p * p for p in model.parameters())
        for p in model.parameters():
            p.grad = 0
        loss.backward()
        rate = 1.0 - 0.9 * k / 25
        for p in model.parameters():
            p.data -= rate * p.grad
        losses.append(loss.data)

    right = [(label > 0) == (model(point).data > 0) for point, label in points]
    assert sum(right) / len(right) > 0.9
    assert losses[-1] < losses[0] / 2


# --- the names that micrograd's users know ---

def trace(root):
    """All nodes and edges, found as micrograd's drawing notebook finds them: by _prev alone."""
    nodes, edges, todo = set(), set(), [root]
    while todo:
        v = todo.pop()
        if v not in nodes:
            nodes.add(v)
            edges |= {(child, v) for child in v._prev}
            todo.extend(v._prev)
    return nodes, edges


def test_a_drawing_that_walks_prev_and_op_finds_the_graph():
    x, y = Value(1.0), Value(2.0)
    f = (x * y + 1).relu() ** 2
    f.backward()
    nodes, edges = trace(f)
    assert sorted(n._op for n in nodes) == ["", "", "", "*", "**2", "+", "ReLU"]
    assert len(edges) == 6 and "data %.4f | grad %.4f" % (x.data, x.grad) == "data 1.0000 | grad 12.0000"  # noqa: UP031


@pytest.mark.parametrize(("make", "op"), [
    (lambda x, y: x + y, "+"), (lambda x, y: x - y, "-"), (lambda x, y: x * y, "*"), (lambda x, y: x / y, "/"),
    (lambda x, y: x**y, "**"), (lambda x, y: x**3, "**3"), (lambda x, y: x**-0.5, "**-0.5"), (lambda x, y: x.relu(), "ReLU"),
    (lambda x, y: tanh(x), "tanh"), (lambda x, y: x.exp(), "exp"),
])  # fmt: skip
def test_a_value_is_made_of_number_children_and_operation(make, op):
    x, y = Value(2.0, "x"), Value(3.0, "y")
    result = make(x, y)
    assert result._op == op
    for again in (Value(result.data, result.operands, op), Value(result.data, _children=result.operands, _op=op)):
        assert (again.data, again.op, again.operands) == (result.data, result.op, result.operands)
    x.grad = y.grad = 0
    again.backward()
    found = (x.grad, y.grad)
    x.grad = y.grad = 0
    result.backward()
    assert (x.grad, y.grad) == found


def test_the_lecture_s_way_to_make_a_leaf_and_a_tanh():
    x = Value(0.5, (), "", label="x1")
    assert (x.label, x._prev, x._op, x.op) == ("x1", set(), "", None)
    t = (math.exp(2 * x.data) - 1) / (math.exp(2 * x.data) + 1)
    out = Value(t, (x,), "tanh", label="o")
    out.backward()
    assert x.grad == pytest.approx(1 - math.tanh(0.5) ** 2, rel=1e-15) and out.label == "o"


@pytest.mark.parametrize(("given", "sentence"), [
    ((7.0, "+"), r"add of 2, 3 is 5, not 7\. .*leave the number to the engine"),
    ((5.0, "plus"), r"There is no operation 'plus' on 2 Value\(s\).*engine\.primitive"),
    ((5.0, "exp"), "no operation 'exp' on 2"), ((5.0, ""), "no operation ''"), ((5.0, "**x"), "no operation"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(given, sentence):
    number, op = given
    with pytest.raises(ValueError, match=sentence):
        Value(number, (Value(2.0), Value(3.0)), op)
    with pytest.raises(TypeError, match="a tuple of Values"):
        Value(5.0, (2.0, 3.0), "+")


def test_a_backward_of_one_s_own_is_met_with_the_row_to_write():
    out = Value(2.0) * 3
    with pytest.raises(AttributeError, match=r'cube = engine\.primitive\("cube"'):
        out._backward = lambda: None
    with pytest.raises(AttributeError, match="table"):
        out._backward()


def test_a_second_text_is_the_label():
    assert Value(1.0, "w").label == "w"
    with pytest.raises(TypeError, match="label of a Value is text"):
        Value(1.0, 3)


def test_under_no_grad_children_are_not_recorded():
    with no_grad():
        assert Value(5.0, (Value(2.0), Value(3.0)), "+").operands == ()
