"""Gradient descent in plain NumPy, which shares no code with the page of a network that learns, and data to try both on."""

import numpy as np

from nn.data import moons

MOONS = moons(200, noise=0.1, seed=1)
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def weights(model):
    """The numbers of a network in the form that the page keeps."""
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in model.layers]


def flat(layers):
    return np.concatenate([np.ravel(layer[part]) for layer in layers for part in ("weight", "bias")])


F = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "linear": (lambda z: z, np.ones_like),
    "softplus": (lambda z: np.log1p(np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
}
SLOPES = {
    "quadratic": lambda a, y: a - y,
    "binary_cross_entropy": lambda a, y: (a - y) / (a * (1 - a)),
    "binary_cross_entropy_with_logits": lambda a, y: 1 / (1 + np.exp(-a)) - y,
}


def descend(layers, kinds, loss, X, y, rate):
    """One update of plain gradient descent in NumPy, with matrices; the new [W, b] of each layer."""
    a, z = [np.asarray(X, float)], []
    for (W, b), kind in zip(layers, kinds):
        z.append(a[-1] @ W.T + b)
        a.append(F[kind][0](z[-1]))
    delta = SLOPES[loss](a[-1], np.asarray(y, float)[:, None]) * F[kinds[-1]][1](z[-1])
    moved = []
    for i in reversed(range(len(layers))):
        W, b = layers[i]
        moved.insert(0, [W - rate * delta.T @ a[i] / len(X), b - rate * delta.mean(axis=0)])
        if i:
            delta = (delta @ W) * F[kinds[i - 1]][1](z[i - 1])
    return moved


def by_numpy(model, loss, X, y, rate, size, updates):
    """So many updates in a fixed order, as one long row of numbers."""
    layers = [[layer.weight.copy(), layer.bias.copy()] for layer in model.layers]
    kinds = [layer.activation.name for layer in model.layers]
    X, y = np.asarray(X, float), np.asarray(y, float)
    starts = list(range(0, len(X), size))
    for n in range(updates):
        at = starts[n % len(starts)]
        layers = descend(layers, kinds, loss, X[at : at + size], y[at : at + size], rate)
    return np.concatenate([np.ravel(part) for layer in layers for part in layer])
