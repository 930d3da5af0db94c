"""Graphs whose pages are tried, and the numbers that Python has for them."""

import math
import sys

from engine import (
    Value,
    elu,
    erf,
    exp,
    fsum,
    gelu,
    grad,
    greater,
    leaky_relu,
    log,
    logsumexp,
    maximum,
    minimum,
    parse,
    sigmoid,
    tanh,
    where,
)
from engine.graph import names, topological_order
from nn import MLP


def worked():
    """The worked example: f = u/z with u = v·y and v = x², at x = 3, y = 4, z = 2."""
    return parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)


def inputs(*numbers):
    return [Value(number, label) for number, label in zip(numbers, "xyz")]


def of(f, *at):
    """A function's graph at a point; its inputs are x, y, z."""
    return lambda: f(*inputs(*at))


GRAPHS = {
    "x²y/z": worked,
    "three paths": of(lambda x, y, z: x * x * y / z + log(x), 3, 4, 2),
    "powers": of(lambda x: x**3 - x**-2 + x**0.5 + 2 * x + 3 * x**4, 2),
    "negative numbers": of(lambda x, y: (x - y) * (x + y) - -x**3 + x * -2.0, -1, 2),
    "functions of negative numbers": of(lambda x: erf(x) + gelu(x) + tanh(x) * exp(x), -1),
    "a saturated sigmoid": of(sigmoid, 40),
    "a saturated tanh": of(lambda x: tanh(x * x), 5),
    "larger and smaller": of(lambda x, y: maximum(x, y) * minimum(x, y), -1, 2),
    "a tie": of(lambda x: maximum(x, x), 2),
    "a choice": of(lambda x, y: where(greater(x, y), x * y, x / y), 1, 2),
    "parameters": of(lambda x: elu(x, alpha=2.0) + leaky_relu(x, negative_slope=0.2), -1),
    "any number of operands": of(lambda x, y, z: logsumexp([x, y, z]) + fsum([x, y, y]), 1, 2, -3),
    "large and small numbers": of(lambda x, y: 1e22 * x + 1e-7 * y, 1, 3),
    "a power of a value": of(lambda x, y: x**y, 2, 3),
}


def network(*sizes, seed=0, activation="sigmoid"):
    """The cost of one example of a small network."""
    model = MLP(sizes[0], [*sizes[1:]], activation=activation, seed=seed)
    answer = model([Value(0.5 - 0.8 * i, f"x{i + 1}") for i in range(sizes[0])])
    outputs = answer if isinstance(answer, list) else [answer]
    return sum((y - 0.25) ** 2 for y in outputs) / 2


def elman(steps=3):
    """A loop over time written by hand: h becomes tanh(w·x + u·h + b), then a readout and a cost."""
    w, u, b, v = (Value(number, name) for number, name in zip((0.7, -0.4, 0.1, 1.3), "wubv"))
    h = Value(0.2, "h0")
    for t in range(1, steps + 1):
        h = tanh(w * Value(0.3 * t - 0.5, f"x{t}") + u * h + b)
        h.label = f"h{t}"
    return (v * h - 0.5) ** 2


def ids(output):
    """The id of each node's card on the page, by its label or its name."""
    order = topological_order(output)
    return {name: f"n{i}" for i, name in enumerate(names(order)[node] for node in order)}


def numbers(output):
    """Every value, and every gradient (None for a constant), in the page's order."""
    order = topological_order(output)
    free = [node for node in order if not node.constant]
    slopes = dict(zip(free, grad(output, free)))
    return [node.data for node in order], [slopes.get(node) for node in order]


def close(theirs, ours, tolerance=1e-12):
    """Whether two numbers agree to 1e-12 of their size."""
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(theirs, ours, rel_tol=tolerance, abs_tol=sys.float_info.min)


def agree(page, output):
    """Every value and every gradient of the page is Python's."""
    for theirs, ours in zip(page.numbers(), numbers(output), strict=True):
        assert len(theirs) == len(ours)
        assert all(map(close, theirs, ours)), (theirs, ours)
