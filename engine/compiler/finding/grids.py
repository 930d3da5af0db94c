"""Grids: where a contraction hides in sums of products.

Sum m is Σ_k u[m, k]·v[m, k]. If the different rows of u and the different rows of v occur in every combination, the sums are
the entries of one product of matrices: a dense layer is a grid of neurons × 1, a convolution of filters × positions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .tables import HOLE, completed, distinct

Row = tuple[np.ndarray, np.ndarray, np.ndarray]  # of one sum: the positions u and v, and the scales


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


class Sheet(NamedTuple):
    """The terms of one kind, a row for each sum (later: an axis for each axis of the grid), the terms along the last axis.

    u, v   positions of the two factors; v is 0 where there is none
    scale  the numbers before the products; nan where nobody asked for the sum
    hole   where the row has no term: what is read there does not count
    """

    u: np.ndarray
    v: np.ndarray
    scale: np.ndarray
    hole: np.ndarray

    @classmethod
    def of_rows(cls, rows: Sequence[Row], *, by_data: bool) -> Sheet:
        """The rows, each sorted by its data (v), so that equal rows of weights look equal; else by its weights."""
        longest = max(len(row[0]) for row in rows)
        u, v = np.full((len(rows), longest), HOLE), np.full((len(rows), longest), HOLE)
        scale = np.zeros((len(rows), longest))
        for m, (mine, others, scales) in enumerate(rows):
            order = np.lexsort((mine, others) if by_data else (others, mine))
            u[m, : len(order)], v[m, : len(order)], scale[m, : len(order)] = mine[order], others[order], scales[order]
        return cls(u, v, scale, u == HOLE)

    def key(self) -> np.ndarray:
        """Rows that are equal are equal sums."""
        _, code = np.unique(self.scale, return_inverse=True)
        return np.concatenate([self.u, self.v, code.reshape(self.scale.shape)], axis=1)

    def of(self, chosen: np.ndarray) -> Sheet:
        """These rows."""
        return Sheet(*(part[chosen] for part in self))

    def aligned(self, sizes: tuple[int, int]) -> Sheet:
        """Short rows laid over the longest ones, holes filled so that the tables are regular."""
        if not self.hole.any():
            return self
        best: tuple[int, Sheet] | None = None
        for sheet in [s for side in "vu" if (s := self.over(side)) is not None] or [self, self._flushed_right()]:
            u, v = (completed(table, size) if size else np.zeros_like(table) for table, size in zip(sheet[:2], sizes))
            cost = len(distinct(u)[0]) + len(distinct(v)[0])
            if best is None or cost < best[0]:
                best = cost, Sheet(u, v, sheet.scale, sheet.hole)
        assert best is not None
        return best[1]

    def over(self, side: str) -> Sheet | None:
        """Each short row where a whole one has the same factors on one side, which is whole then, too; None if there is no such
        row for some."""
        table = getattr(self, side)
        short = self.hole.any(axis=1)
        whole = np.unique(table[~short], axis=0)
        if not len(whole) or any(len(set(row)) < len(row) for row in whole.tolist()):
            return None
        found = Sheet(*(part.copy() for part in self))
        for m in np.flatnonzero(short):
            there = ~self.hole[m]
            mine = table[m, there]
            fitting = [row for row in whole if np.isin(mine, row).all()]
            if not len(mine) or not fitting or len(set(mine.tolist())) < len(mine):  # each has a column of its own
                return None
            order = np.argsort(fitting[0])
            at = order[np.searchsorted(fitting[0][order], mine)]
            for new, old, empty in zip(found, self, (HOLE, HOLE, 0.0, True)):
                new[m] = empty
                new[m, at] = old[m, there]
            getattr(found, side)[m] = fitting[0]
        return found

    def _flushed_right(self) -> Sheet:
        """Short rows begin with their holes."""
        order = np.argsort(~self.hole, axis=1, kind="stable")
        return Sheet(*(np.take_along_axis(part, order, 1) for part in self))

    def on(self, grid: np.ndarray) -> Sheet:
        """The rows laid out as a grid of their numbers; holes of the grid are holes of u and v, and nan in the scale."""
        asked = (grid >= 0)[..., None]
        return Sheet(np.where(asked, self.u[grid], HOLE), np.where(asked, self.v[grid], HOLE),
                     np.where(asked, self.scale[grid], np.nan), asked & self.hole[grid])  # fmt: skip


def orient(rows: Sequence[Row]) -> Sequence[Row]:
    """Sums of products of two entries of one source, x·y or y·x, oriented so that what is first in one is first in all.

    The factors of each sum are two sets of positions; a sum joins its two sets. If the sets can be coloured with two colours
    so that every sum joins different ones, those of one colour go first: the queries, and then the keys.
    """
    joined: dict[bytes, list[tuple[bytes, int]]] = defaultdict(list)
    sets = []
    for m, (u, v, _) in enumerate(rows):
        low, high = np.sort(np.minimum(u, v)), np.sort(np.maximum(u, v))
        sets.append((low.tobytes(), high.tobytes()))
        if len(u):
            joined[sets[m][0]].append((sets[m][1], m))
            joined[sets[m][1]].append((sets[m][0], m))
    colour: dict[bytes, int] = {}
    for start in sorted(joined, key=lambda key: int(np.frombuffer(key, dtype=np.int64).min())):
        if start in colour:
            continue
        colour[start], stack = 0, [start]
        while stack:
            one = stack.pop()
            for other, _ in joined[one]:
                if other not in colour:
                    colour[other] = 1 - colour[one]
                    stack.append(other)
                elif colour[other] == colour[one]:
                    return rows  # a Gram matrix, squares: as it was written
    found = []
    for (u, v, scale), (key, _) in zip(rows, sets):
        first, second = np.minimum(u, v), np.maximum(u, v)
        found.append((first, second, scale) if not len(u) or colour[key] == 0 else (second, first, scale))
    return found
