"""Grids: where a product of matrices hides in sums of products.

Sum m is Σ_k u[m, k]·v[m, k]. If the rows of u (the weights) and the rows of v (the data) occur in every combination
exactly once, the sums are the entries of one product of matrices: a dense layer is a grid of neurons × 1, a convolution
written as loops a grid of filters × positions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Grid(NamedTuple):
    """rows (R, K): the different u; columns (C, K): the different v; order: the sums, column by column."""

    rows: np.ndarray
    columns: np.ndarray
    order: np.ndarray


def find_grid(u: np.ndarray, v: np.ndarray) -> Grid | None:
    """The grid that the sums (M, K) form, if they do."""
    rows, r = distinct(u)
    columns, c = distinct(v)
    if len(rows) * len(columns) != len(u):
        return None
    place = c * len(rows) + r
    order = np.argsort(place, kind="stable")
    return Grid(rows, columns, order) if (place[order] == np.arange(len(u))).all() else None


def distinct(index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows, sorted, and for each row of the index which of them it is."""
    rows, which = np.unique(index, axis=0, return_inverse=True)
    return rows, which.reshape(-1)


def components(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Sums that share a row of u or of v, directly or through others, get the same number: each may be a grid."""
    _, r = distinct(u)
    _, c = distinct(v)
    number = np.arange(len(u))
    while True:  # each round, everyone takes the smallest number in their row, then in their column
        before = number
        for which in (r, c):
            least = np.full(which.max() + 1, len(u))
            np.minimum.at(least, which, number)
            number = least[which]
        if (number == before).all():
            return number
