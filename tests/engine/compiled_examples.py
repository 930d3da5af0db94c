"""Small programs that several tests of the compiler look at: a function, a penalty or None, and a batch."""

import numpy as np

import engine
import nn
from engine import Value, exp, log, logsumexp, softmax, tanh
from engine.compiler.nodes import reachable

X = np.random.default_rng(0).normal(size=(5, 3))
Y = np.random.default_rng(1).uniform(size=(5, 2))


def parameters(*shape, label="", start=0.3):
    if not shape:
        return Value(start, label)
    return [parameters(*shape[1:], label=label, start=start * (0.7 - 0.13 * i)) for i in range(shape[0])]


def dense():
    model = nn.MLP(3, [4, 2], "tanh", "sigmoid", seed=1, bias=0.1)
    return lambda x, y: nn.losses.quadratic(model(x), y), None, (X, Y)


def classes():
    model = nn.MLP(3, [4, 2], "relu", "linear", seed=2, bias=0.1)
    return lambda x, y: nn.losses.cross_entropy(model(x), y), lambda: nn.l2(0.1)(model, 10), (X, np.eye(2)[[0, 1, 1, 0, 1]])


def convolution():
    k, b = parameters(2, 2), Value(0.1)

    def f(x):
        patches = [[x[i + r][j + c] for r in range(2) for c in range(2)] for i in range(3) for j in range(3)]
        return sum(tanh(sum(w * v for w, v in zip([*k[0], *k[1]], patch)) + b) ** 2 for patch in patches)

    return f, None, (np.random.default_rng(2).normal(size=(4, 4, 4)),)


def two_convolutions():
    k, q = parameters(2, 2), parameters(4)

    def convolved(w, x, n):
        return [[tanh(w[0] * x[i][j] + w[1] * x[i][j + 1] + w[2] * x[i + 1][j] + w[3] * x[i + 1][j + 1]) for j in range(n)]
                for i in range(n)]  # fmt: skip

    return lambda x: sum(sum(row) for row in convolved(q, convolved([*k[0], *k[1]], x, 3), 2)), None, (
        np.random.default_rng(2).normal(size=(4, 4, 4)),
    )


def loose():
    a, b, c = Value(0.5, "a"), Value(-0.4, "b"), Value(1.5, "c")
    return lambda x: exp(a * x[0]) / (1 + x[1] * x[1]) + logsumexp([b, x[2], c * x[0]]) - softmax([a, x[1], b])[0], None, (X,)


def attention():
    q, k = parameters(3, 3), parameters(3, 3, start=0.4)

    def f(x):
        keys = [[sum(w * v for w, v in zip(row, t)) for row in k] for t in x]
        asks = [[sum(w * v for w, v in zip(row, t)) for row in q] for t in x]
        shares = [softmax([sum(a * b for a, b in zip(ask, key)) for key in keys]) for ask in asks]
        return sum(sum(s * t[0] for s, t in zip(share, x)) for share in shares)

    return f, None, (np.random.default_rng(3).normal(size=(3, 2, 3)),)


def same_for_all():
    a, b = Value(0.5, "a"), Value(2.0, "b")
    return lambda x: a * b + log(b), None, (X,)


def without_arguments():
    a, b = Value(0.5, "a"), Value(2.0, "b")
    return lambda: a * b + log(b), None, ()


MAKERS = [dense, classes, convolution, two_convolutions, loose, attention, same_for_all, without_arguments]


def compiled(make, **options):
    f, penalty, batch = make()
    return engine.compile(f, penalty=penalty, **options).trace(*batch), batch


def everything(program):
    """All instructions, forward and backward."""
    return reachable(program._all_ends())
