"""Gathers and scatters that a program's text calls: entries at equal steps as a view, sums of entries that share a place."""

from __future__ import annotations

import numpy as np


def collected(index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How to add up what goes to equal places without repeating an index: the order that brings equal places together,
    where each group starts in it, and the place of each group."""
    flat = index.ravel()
    order = np.argsort(flat, kind="stable")
    targets, starts = np.unique(flat[order], return_index=True)
    return order, starts, targets


def scatter(out: np.ndarray, part: np.ndarray, order: np.ndarray, starts: np.ndarray, targets: np.ndarray) -> None:
    """Add to each place of `out` (..., places) all that goes there; see `collected`."""
    out[..., targets] += np.add.reduceat(part[..., order], starts, axis=-1)


def strided(x: np.ndarray, rows: int, start: int, shape: tuple[int, ...], step: tuple[int, ...]) -> np.ndarray:
    """The entries start + Σ step·i of each row, as a view. x is (n, entries) for rows = 1, (entries,) for rows = 0."""
    flat = x.reshape(*x.shape[:rows], -1)
    strides = (*flat.strides[:rows], *(flat.itemsize * s for s in step))
    return np.lib.stride_tricks.as_strided(flat[..., start:], (*flat.shape[:rows], *shape), strides)
