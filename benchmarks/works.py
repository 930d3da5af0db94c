"""Attention, a transformer block, LSTM, GRU and RBF on single numbers: what a user gives to engine.compile.

Each is a function of the parameters, nested lists of Values by name, and gives the cost of one example. The
conventions are those of by_hand.py and its neighbours, whose numbers the Values take.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from by_hand import RBF
from by_hand_attention import Attention, Block
from by_hand_gates import GRU, LSTM

import engine
from engine import Value, exp, relu, sigmoid, softmax, tanh

TOKENS, WIDTH, HEADS, HIDDEN = 8, 16, 4, 64
STEPS, INPUTS, CELLS = 20, 8, 16
UNITS = 32


# --- vectors and matrices as lists ---

def dot(a, b):
    """Σ a_i b_i."""
    return sum(x * y for x, y in zip(a, b))


def product(X, W):
    """X W for the rows of X, with W as (in, out)."""
    return [[dot(row, column) for column in zip(*W)] for row in X]


def add(X, Y):
    """X + Y for two matrices."""
    return [[x + y for x, y in zip(a, b)] for a, b in zip(X, Y)]


def quadratic(output, target):
    """1/2 Σ (output - target)²."""
    return 0.5 * sum((o - t) ** 2 for o, t in zip(output, target))


def affine(W, x, b):
    """W x + b, with W as (out, in)."""
    return [dot(row, x) + start for row, start in zip(W, b)]


# --- the works ---

def attention(p):
    """softmax(Q Kᵀ/√width) V with Q = X Wq, K = X Wk, V = X Wv."""

    def cost(X, Y):
        Q, K, V = (product(X, p[name]) for name in ("Wq", "Wk", "Wv"))
        outputs = [attend(q, K, V) for q in Q]
        return sum(quadratic(o, y) for o, y in zip(outputs, Y))

    return cost


def attend(q, K, V):
    """The values, each as much as its key suits the query."""
    weights = softmax([dot(q, k) / len(q) ** 0.5 for k in K])
    return [dot(weights, column) for column in zip(*V)]


def block(p):
    """H = X + heads(norm(X)) Wo, then H + relu(norm(H) W1) W2; each token sees itself and those before it."""

    def cost(X, Y):
        normed = [norm(x) for x in X]
        Q, K, V = (product(normed, p[name]) for name in ("Wq", "Wk", "Wv"))
        outputs, size = [], WIDTH // HEADS
        for i, q in enumerate(Q):
            joined = []
            for start in range(0, WIDTH, size):
                part = slice(start, start + size)
                joined += attend(q[part], [k[part] for k in K[: i + 1]], [v[part] for v in V[: i + 1]])
            outputs.append(joined)
        H = add(X, product(outputs, p["Wo"]))
        hidden = [[relu(z) for z in row] for row in product([norm(h) for h in H], p["W1"])]
        return sum(quadratic(o, y) for o, y in zip(add(H, product(hidden, p["W2"])), Y))

    return cost


def norm(x):
    """x / √(mean(x²) + 1e-5)."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [value * scale for value in x]


def sums(p, x, h):
    """W x + b and U h + b' of all gates, each cut into one list for a gate."""
    from_x = affine(p["weight_ih"], x, p["bias_ih"])
    from_h = affine(p["weight_hh"], h, p["bias_hh"])
    return [[z[start : start + CELLS] for start in range(0, len(z), CELLS)] for z in (from_x, from_h)]


def lstm(p):
    """nn.LSTM's equations; the cost is of the last h."""

    def cost(X, y):
        h = c = [0.0] * CELLS
        for x in X:
            from_x, from_h = sums(p, x, h)
            i, f, g, o = add(from_x, from_h)
            c = [sigmoid(f) * c + sigmoid(i) * tanh(g) for i, f, g, c in zip(i, f, g, c)]
            h = [sigmoid(o) * tanh(c) for o, c in zip(o, c)]
        return quadratic(h, y)

    return cost


def gru(p):
    """nn.GRU's equations, reset after the product as PyTorch has it; the cost is of the last h."""

    def cost(X, y):
        h = [0.0] * CELLS
        for x in X:
            (r, z, n), (r_past, z_past, n_past) = sums(p, x, h)
            r = [sigmoid(a + b) for a, b in zip(r, r_past)]
            z = [sigmoid(a + b) for a, b in zip(z, z_past)]
            n = [tanh(a + r * b) for a, r, b in zip(n, r, n_past)]
            h = [(1 - z) * n + z * h for z, n, h in zip(z, n, h)]
        return quadratic(h, y)

    return cost


def rbf(p):
    """b + Σ_i w_i exp(-‖x - c_i‖² / 2s_i²)."""

    def cost(x, y):
        output = p["bias"][0]
        for centre, width, weight in zip(p["centres"], p["widths"], p["weights"]):
            distance = sum((a - c) ** 2 for a, c in zip(x, centre))
            output = output + weight * exp(-distance / (2 * width**2))
        return 0.5 * (output - y) ** 2

    return cost


class Work(NamedTuple):
    """A task: what it is called, the cost on single numbers, the step by hand, and the shapes of one example."""

    title: str
    scalars: Callable
    by_hand: Callable
    n: int
    x: tuple
    y: tuple

    def batch(self):
        """n examples."""
        draw = np.random.default_rng(1)
        return draw.normal(size=(self.n, *self.x)), draw.normal(size=(self.n, *self.y))

    def program(self, arrays):
        """The compiled program and its Values, which start with these numbers."""
        parameters = {name: values(array.tolist()) for name, array in arrays.items()}
        return engine.compile(self.scalars(parameters)), parameters


WORKS = {
    "attention": Work("attention: 8 tokens of 16", attention, lambda: Attention(TOKENS, WIDTH, 32), 32,
                      (TOKENS, WIDTH), (TOKENS, WIDTH)),
    "block": Work("transformer block: 8 tokens of 16, 4 heads, causal, 16-64-16", block,
                  lambda: Block(TOKENS, WIDTH, HEADS, HIDDEN, 32), 32, (TOKENS, WIDTH), (TOKENS, WIDTH)),
    "lstm": Work("LSTM: 20 steps, 8 -> 16", lstm, lambda: LSTM(STEPS, INPUTS, CELLS, 32), 32, (STEPS, INPUTS), (CELLS,)),
    "gru": Work("GRU: 20 steps, 8 -> 16", gru, lambda: GRU(STEPS, INPUTS, CELLS, 32), 32, (STEPS, INPUTS), (CELLS,)),
    "rbf": Work("RBF: 2 inputs, 32 Gaussian units", rbf, lambda: RBF(2, UNITS, 100), 100, (2,), ()),
}  # fmt: skip


def values(numbers):
    """Values in the place of numbers."""
    return [values(x) for x in numbers] if isinstance(numbers, list) else Value(numbers)


def gradients(parameters):
    """The derivatives that were stored to these Values, as arrays."""

    def grads(x):
        return [grads(y) for y in x] if isinstance(x, list) else x.grad

    return {name: np.array(grads(x)) for name, x in parameters.items()}


def check(name):
    """Refuse a step by hand whose cost or gradient is not that of the scalars, to 1e-10 of the largest."""
    work = WORKS[name]
    x, y = work.batch()
    task = work.by_hand()
    program, parameters = work.program(task.named(task.parameters.arrays))
    cost, gradient = program.value_and_grad(x, y)
    gradient.store_to()
    found, right = task.step(x, y, 0.0), gradients(parameters)
    by_hand = task.named(task.parameters.gradients)
    far = max(float(np.abs(by_hand[key] - right[key]).max()) for key in right)
    largest = max(float(np.abs(array).max()) for array in right.values())
    if not (abs(found - cost) <= 1e-10 * abs(cost) and far <= 1e-10 * largest):
        raise AssertionError(f"{name} by hand: the cost is {found!r}, by the engine {cost!r}; the gradients are {far:.1e} apart.")
    return far / largest
