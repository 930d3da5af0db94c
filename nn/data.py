"""Data sets for the demos and lessons: scikit-learn's, split in a fixed way so that results can be compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split


class Split(NamedTuple):
    """Training examples and test examples; X (examples, features), y (examples)."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def digits() -> Split:
    """1797 handwritten digits of 8x8 pixels: 0 is paper, 1 is ink. A quarter is for the test, with equal shares of digits."""
    images, classes = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(images / 16, classes, test_size=0.25, random_state=0, stratify=classes)
    return Split(X, y, X_test, y_test)


def moons(examples: int = 200, noise: float = 0.1, seed: int = 1) -> Split:
    """Two interleaving half circles, classes 0 and 1; half of the examples are for the test."""
    X, y = make_moons(n_samples=examples, noise=noise, random_state=seed)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)
    return Split(X, y, X_test, y_test)


def xor() -> tuple[list[list[float]], list[float]]:
    """The four rows of XOR."""
    return [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
