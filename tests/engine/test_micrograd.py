"""Programs written for micrograd run after replacing the import: `from engine import Value`.

The checks have the shapes of micrograd's own two tests. The numbers are exact fractions, which sympy found by
differentiating the same formulas; no engine had a part in them.
"""

import math
import random

import pytest

from engine import Value


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
