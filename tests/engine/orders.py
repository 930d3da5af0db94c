"""Programs written in any order: a draw decides it, and the layers and windows that are written so.

A draw decides in which order the parameters are made, on which side the factors of each product stand, and in which order and
in which brackets the terms of each sum are added. Each pattern takes a draw and a size, and gives a function of one example
and the shapes of its arguments.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from random import Random

import numpy as np
from test_compiled_patterns import leaves

import engine
from engine import Value, amax, exp, relu, tanh


class Draw:
    """One way to write things down; without a seed as they stand here, from left to right."""

    def __init__(self, seed, each_step_alike=True):
        self.seed, self.each_step_alike = seed, each_step_alike
        self.random = Random(seed)
        self.sums = "left" if seed is None else ("left", "right", "tree", "fsum", "any")[seed % 5]

    def step(self):
        """Another step of a recurrence: the same lines of a program, and so in the same orders."""
        if self.seed is not None and self.each_step_alike:
            self.random.seed(f"step {self.seed}")

    def order(self, things):
        """The things in any order."""
        things = list(things)
        return things if self.seed is None else self.random.sample(things, len(things))

    def parameters(self, **shapes):
        """Nested lists of Values, made array by array in any order, by columns, row by row in turn, or all mixed up."""
        arrays = {name: np.empty(shapes[name], dtype=object) for name in self.order(shapes)}
        places = [(name, place) for name, array in arrays.items() for place in np.ndindex(array.shape)]
        how = "arrays" if self.seed is None else self.random.choice(["arrays", "columns", "rows in turn", "mixed"])
        if how == "columns":
            places.sort(key=lambda at: (list(arrays).index(at[0]), at[1][::-1]))
        if how == "rows in turn":
            places.sort(key=lambda at: at[1][:1])
        if how == "mixed":
            self.random.shuffle(places)
        for name, place in places:
            arrays[name][place] = Value(Random(f"{name}{place}").uniform(-1, 1))
        return [arrays[name].tolist() for name in shapes]

    def times(self, a, b):
        return a * b if self.seed is None or self.random.random() < 0.5 else b * a

    def plus(self, *terms):
        """The sum of the terms, in any order and in brackets of one kind, or of any."""
        terms = self.order(terms)
        how = self.random.choice(["left", "right", "tree"]) if self.sums == "any" else self.sums
        if how == "fsum":
            return engine.fsum(terms)
        return tree(terms) if how == "tree" else reduce(add if how == "left" else lambda s, t: t + s, terms)

    def dot(self, a, b):
        return self.plus(*[self.times(x, y) for x, y in zip(a, b, strict=True)])

    def matvec(self, W, x):
        return [self.dot(row, x) for row in W]

    def affine(self, *terms):
        """W x + U h + b, entry by entry: a pair is a matrix and what it is applied to, anything else a vector."""
        columns = [self.matvec(*term) if isinstance(term, tuple) else term for term in terms]
        return [self.plus(*column) for column in zip(*columns, strict=True)]

    def distance(self, a, b):
        """Σ (a - b)²"""
        return self.plus(*[(x - y) ** 2 for x, y in zip(a, b, strict=True)])

    def squares(self, nested):
        return self.plus(*[x * x for x in leaves(list(nested))])


def tree(terms):
    half = len(terms) // 2
    return tree(terms[:half]) + tree(terms[half:]) if half else terms[0]


def every(f, xs):
    return [f(x) for x in xs]


# --- layers ---


def dense(o, width):
    W1, b1, W2, b2 = o.parameters(W1=(width, 3), b1=(width,), W2=(2, width), b2=(2,))

    def f(x, y):
        return o.distance(o.affine((W2, every(tanh, o.affine((W1, x), b1))), b2), y)

    return f, (3,), (2,)


def residual(o, width):
    W, b, V = o.parameters(W=(width, 4), b=(width,), V=(4, width))

    def f(x):
        for _ in range(2):
            x = [o.plus(p, q) for p, q in zip(x, o.matvec(V, every(relu, o.affine((W, x), b))))]
        return o.squares(x)

    return f, (4,)


def rbf(o, units):
    C, s, w = o.parameters(C=(units, 3), s=(units,), w=(units,))

    def f(x):
        return o.dot(w, [exp(-o.times(width * width, o.distance(x, c))) for c, width in zip(C, s)]) ** 2

    return f, (3,)


def layer_norm(o, width):
    g, b = o.parameters(g=(width,), b=(width,))

    def f(x, y):
        mean = o.plus(*x) / len(x)
        centred = [v - mean for v in x]
        deviation = (o.squares(centred) / len(x) + 1e-5) ** 0.5
        return o.distance([o.plus(o.times(v / deviation, p), q) for v, p, q in zip(centred, g, b)], y)

    return f, (width,), (width,)


def rms(o, x):
    scale = (o.squares(x) / len(x) + 1e-5) ** -0.5
    return [o.times(v, scale) for v in x]


def rms_norm(o, width):
    (g,) = o.parameters(g=(width,))
    return lambda x, y: o.distance([o.times(v, p) for v, p in zip(rms(o, x), g)], y), (width,), (width,)


def product_of_data(o, columns):
    """A B"""
    def f(A, B):
        return o.squares(o.dot(row, column) for row in A for column in zip(*B))

    return f, (3, 4), (4, columns)


def bilinear(o, width):
    (W,) = o.parameters(W=(width, 3))
    return lambda x, y: o.dot(x, o.matvec(W, y)) ** 2, (width,), (3,)


def bilinear_in_one_sum(o, width):
    (W,) = o.parameters(W=(width, 3))

    def f(x, y):
        return o.plus(*[o.times(o.times(x[i], W[i][j]), y[j]) for i in range(width) for j in range(3)])

    return f, (width,), (3,)


def outer(o, width):
    (W,) = o.parameters(W=(width, 3))

    def f(x, y):
        return o.plus(*[(o.times(x[i], y[j]) - W[i][j]) ** 2 for i in range(width) for j in range(3)])

    return f, (width,), (3,)


# --- windows ---


def convolution_1d(o, length, stride=1, dilation=1, pad=0):
    K, b = o.parameters(K=(2, 3), b=(2,))

    def f(x):
        x = [0.0] * pad + x + [0.0] * pad
        starts = range(0, len(x) - 2 * dilation, stride)
        return o.squares(tanh(o.plus(o.dot(k, x[i : i + 2 * dilation + 1 : dilation]), c)) for k, c in zip(K, b) for i in starts)

    return f, (length,)


def convolution_2d(o, side, stride=1, dilation=1, pad=0):
    K, b = o.parameters(K=(2, 2, 2), b=(2,))

    def f(image):
        wide = side + 2 * pad
        image = [[0.0] * wide] * pad + [[0.0] * pad + row + [0.0] * pad for row in image] + [[0.0] * wide] * pad
        reach = range(0, 2 * dilation, dilation)
        starts = range(0, wide - dilation, stride)
        patches = [[image[i + p][j + q] for p in reach for q in reach] for i in starts for j in starts]
        return o.squares(relu(o.plus(o.dot(list(leaves(k)), patch), c)) for k, c in zip(K, b) for patch in patches)

    return f, (side, side)


def tdnn(o, length):
    W, b, V, c = o.parameters(W=(4, 6), b=(4,), V=(2, 8), c=(2,))

    def f(X):
        for layer in ((W, b), (V, c)):
            X = [every(tanh, o.affine((layer[0], list(leaves(X[t : t + 2]))), layer[1])) for t in range(len(X) - 1)]
        return o.squares(X)

    return f, (length, 3)


def pooling(o, side, pool):
    (w,) = o.parameters(w=((side // 2) ** 2,))

    def f(image):
        at = range(0, side, 2)
        return o.dot(w, [pool(o, o.order([image[i + p][j + q] for p in (0, 1) for q in (0, 1)])) for i in at for j in at]) ** 2

    return f, (side, side)


def average(o, patch):
    return o.plus(*patch) / len(patch)


def largest(o, patch):
    return amax(*patch)


# each with a small and a large size


def written(pattern, **options):
    return lambda o, size: pattern(o, size, **options)


WINDOWS = {
    "1-D convolution": (convolution_1d, 7, 10), "1-D, stride": (written(convolution_1d, stride=2), 7, 11),
    "1-D, dilation": (written(convolution_1d, dilation=2), 8, 11), "1-D, padding": (written(convolution_1d, pad=1), 7, 10),
    "2-D convolution": (convolution_2d, 4, 6), "2-D, stride": (written(convolution_2d, stride=2), 4, 6),
    "2-D, dilation": (written(convolution_2d, dilation=2), 5, 6), "2-D, padding": (written(convolution_2d, pad=1), 4, 5),
    "TDNN": (tdnn, 5, 8), "average pooling": (written(pooling, pool=average), 4, 6),
    "max pooling": (written(pooling, pool=largest), 4, 6),
}  # fmt: skip
LAYERS = {
    "dense layers": (dense, 4, 7), "residual layers": (residual, 5, 7), "RBF units": (rbf, 4, 7),
    "layer norm": (layer_norm, 4, 7), "RMS norm": (rms_norm, 4, 7), "a product of data": (product_of_data, 3, 5),
    "a bilinear form": (bilinear, 4, 6), "a bilinear form in one sum": (bilinear_in_one_sum, 4, 6),
    "an outer product": (outer, 4, 6),
}  # fmt: skip
