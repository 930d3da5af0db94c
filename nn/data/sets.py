"""Data sets for the demos and lessons, split in a fixed way so that results can be compared.

The digits are those of E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
1998, https://doi.org/10.24432/C50P49, under the licence CC BY 4.0; assets/digits.md says more. Moons and splits are, to the last
bit, those of scikit-learn for the same seed: they are drawn in the same order from NumPy's RandomState, which is frozen.
"""

from __future__ import annotations

from math import ceil
from numbers import Real
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """Training examples and test examples; X (examples, features), y (examples)."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def digits() -> Split:
    """1797 handwritten digits of 8x8 pixels: 0 is paper, 1 is ink. A quarter is for the test, with equal shares of digits."""
    with np.load(Path(__file__).parents[1] / "assets" / "digits.npz") as file:
        images, classes = file["images"], file["classes"]
    return stratified_split(images.reshape(-1, 64) / 16, classes.astype(int), test_share=0.25)


def moons(examples: int = 200, noise: float = 0.1, seed: int | None = 1) -> Split:
    """Two interleaving half circles of radius 1, classes 0 and 1; half of the examples are for the test.

    The upper one is (cos t, sin t), the lower one (1 - cos t, 1/2 - sin t), both for t from 0 to π; `noise` is the standard
    deviation of what is added to each coordinate. Another seed gives other noise; None gives another data set each time.
    """
    if not isinstance(examples, (int, np.integer)) or examples < 4:
        raise ValueError(f"examples = {examples!r}: give a whole number, at least 4: two of each moon, one of them for the test.")
    if not isinstance(noise, Real) or not 0 <= noise < np.inf:
        raise ValueError(f"noise = {noise!r}: give a standard deviation, a number that is 0 or more.")
    random = np.random.RandomState(seed)
    upper = examples // 2
    t, s = np.linspace(0, np.pi, upper), np.linspace(0, np.pi, examples - upper)
    X = np.column_stack([np.append(np.cos(t), 1 - np.cos(s)), np.append(np.sin(t), 1 - np.sin(s) - 0.5)])
    y = np.repeat([0, 1], [upper, examples - upper])
    order = random.permutation(examples)
    X = X[order] + random.normal(scale=noise, size=X.shape)
    return stratified_split(X, y[order], test_share=0.5)


def stratified_split(X: np.ndarray, y: np.ndarray, test_share: float = 0.25, seed: int | None = 0) -> Split:
    """Training and test examples, both in random order, each with the same share of every class.

    The number of test examples is rounded up; every class needs one example on either side. The numbers are those of
    scikit-learn's train_test_split(X, y, test_size=test_share, random_state=seed, stratify=y).
    """
    X, y = np.asarray(X), np.asarray(y)
    if y.ndim != 1 or len(X) != len(y):
        raise ValueError(f"X and y must have one row and one class for each example; their shapes are {X.shape} and {y.shape}.")
    if y.dtype.kind == "O" or (y.dtype.kind == "f" and np.isnan(y).any()):
        raise ValueError("y must be classes, numbers or names, without None or nan: those belong to no class.")
    if not isinstance(test_share, Real) or not 0 < test_share < 1:
        raise ValueError(f"test_share = {test_share!r}: give a share between 0 and 1.")
    classes, counts = np.unique(y, return_counts=True)
    testing = ceil(test_share * len(y))
    if not len(y) or counts.min() < 2 or not len(classes) <= testing <= len(y) - len(classes):
        raise ValueError(f"{len(y)} examples, {testing} of them for the test, are too few for a share of each of {len(classes)} "
                         "classes: every class needs two examples, and either side one for each class.")  # fmt: skip
    random = np.random.RandomState(seed)
    to_train = apportioned(counts, len(y) - testing, random)
    # All that is left is for the test, so these counts are known beforehand; but apportioning them draws lots where rounding
    # falls short, at 1/49·49, and without those draws the permutations below would not be scikit-learn's.
    to_test = apportioned(counts - to_train, testing, random)
    train, test = [], []
    for kind, first, second in zip(classes, to_train, to_test):
        members = random.permutation(np.flatnonzero(y == kind))
        train.append(members[:first])
        test.append(members[first : first + second])
    train, test = random.permutation(np.concatenate(train)), random.permutation(np.concatenate(test))
    return Split(X[train], y[train], X[test], y[test])


def apportioned(counts: np.ndarray, seats: int, random: np.random.RandomState) -> np.ndarray:
    """How many of each class when so many are taken in all: the method of the largest remainders, as for seats in parliaments.

    Each class gets its share rounded down; the seats left over go to the largest remainders, by lot where these are equal.
    """
    shares = counts / counts.sum() * seats
    given: np.ndarray = np.floor(shares).astype(int)
    remainders, left = shares - given, seats - int(given.sum())
    for remainder in np.unique(remainders)[::-1]:
        if left <= 0:
            break
        tied = np.flatnonzero(remainders == remainder)
        winners = random.choice(tied, size=min(left, len(tied)), replace=False)
        given[winners] += 1
        left -= len(winners)
    return given


def xor() -> tuple[list[list[float]], list[float]]:
    """The four rows of XOR."""
    return [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]


SYLLABLES = "bdg"  # the classes of syllables(): which of them a frequency that rises, falls, or does both stands for
SWEEPS = ((0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (0, 2, 4, 5, 3, 1))


def syllables(examples: int = 600, noise: float = 0.15, seed: int | None = 1) -> Split:
    """Made-up sounds that differ only in the order of what happens; X (examples, 15 frames, 16 coefficients), classes 0, 1, 2.

    A tone moves through six neighbouring coefficients in six frames: upwards (0, "b"), downwards (1, "d"), or up by the even
    ones and down by the odd ones (2, "g"). It is 1 at its coefficient and falls off as exp(-distance²/2·0.7²). It begins at a
    random frame, and its lowest coefficient is the fifth, sixth or seventh; `noise` is the standard deviation of what is added to
    every number. All three classes visit the same coefficients, once each, so the mean over time says nothing about the
    class. Half of the examples are for the test. These are no recordings: Waibel's network of 1989 was made for B, D and G
    in Japanese words, and the numbers of frames and coefficients are its own.
    """
    if not isinstance(examples, (int, np.integer)) or examples < 12:
        raise ValueError(f"examples = {examples!r}: give a whole number, at least 12: two of each class for either half.")
    if not isinstance(noise, Real) or not 0 <= noise < np.inf:
        raise ValueError(f"noise = {noise!r}: give a standard deviation, a number that is 0 or more.")
    random = np.random.RandomState(seed)
    classes = np.arange(examples) % len(SWEEPS)
    frames, coefficients, length = 15, 16, len(SWEEPS[0])
    X = random.normal(scale=noise, size=(examples, frames, coefficients))
    begins, lowest = random.randint(frames - length + 1, size=examples), random.randint(4, 7, size=examples)
    for i, kind in enumerate(classes):
        distances = np.arange(coefficients) - (lowest[i] + np.array(SWEEPS[kind])[:, None])
        X[i, begins[i] : begins[i] + length] += np.exp(-0.5 * (distances / 0.7) ** 2)
    return stratified_split(X, classes, test_share=0.5)
