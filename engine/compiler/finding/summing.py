"""Pass 5, continued: sums of products. Where the different factors occur in every combination there is a contraction.

Σ_k u[m, k]·v[m, k] for many m: the rows of u that differ, and those of v, are the axes of a grid. A dense layer has
neurons × 1, a convolution filters × positions, attention rows × columns and a block for each head.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ... import ops
from ..nodes import LETTERS, Node, Shape
from .classes import NOTHING, Kind
from .grids import Row, Sheet, components, orient
from .scalars import CONSTANT
from .tables import HOLE, distinct, joint_shape, shifted, without_repeats

if TYPE_CHECKING:
    from .lift import Lift

FEW = 4  # up to so many parameters are added one by one; more become an array with an axis to sum over


class Found(NamedTuple):
    """What became of some steps: for `explain`."""

    block: Node
    what: str  # "grid", "sums", "elementwise", "reduction"
    steps: int
    terms: int  # of each sum; operands of each operation
    shape: tuple[int, ...]  # of a grid: rows, columns


class Source(NamedTuple):
    """The node of a class. valid: which entries were asked for, None if all; zero: whether the others are 0."""

    node: Node
    valid: np.ndarray | None = None
    zero: bool = False

    @property
    def made_up(self) -> bool:
        """Whether there are entries that nobody asked for, with any finite value."""
        return self.valid is not None and not self.zero


class Apart(Exception):
    """Steps of one class that form several grids: each group needs a class of its own."""

    def __init__(self, groups: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.groups = groups


class Summing:
    """Makes the node of a class of sums, for the lift that knows where the factors lie."""

    def __init__(self, lift: Lift) -> None:
        self.lift = lift

    def add(self, c: int, nodes: list[int]) -> None:
        """Σ over kinds of scale · Σ_k u[m, k]·v[m, k]: contractions over the grid that the largest kind forms."""
        sheets = self._sheets(nodes)
        rows, which = distinct(np.concatenate([sheet.key() for sheet in sheets.values()], axis=1))
        made = first_of(which, len(rows))
        sheets = {kind: sheet.of(made) for kind, sheet in sheets.items()}
        main = max(sheets, key=lambda kind: (kind[2] >= 0 and self._weighs(kind, sheets[kind]), sheets[kind].u.shape[1]))
        renamed = {}
        for kind, sheet in sheets.items():
            kind_, laid = self._padded(kind, sheet)
            renamed[kind] = kind_
            sheets[kind] = laid.aligned((self.lift.size_of(kind_[1]), self.lift.size_of(kind_[2]) if kind_[2] >= 0 else 0))
        sheets, main = {renamed[kind]: sheet for kind, sheet in sheets.items()}, renamed[main]
        grid, spread = self._grid(nodes, which, made, sheets[main], main)
        valid = grid >= 0
        at = np.empty(len(rows), int)
        at[grid[valid]] = np.flatnonzero(valid.ravel())
        laid_out = {kind: sheet.on(grid) for kind, sheet in sheets.items()}
        if spread is not None:  # no holes: rows of u and of v are known even where no sum was asked for
            laid_out[main] = laid_out[main]._replace(u=spread[0], v=spread[1])
        in_order = sorted(laid_out, key=lambda kind: (kind != main, -laid_out[kind].u.shape[-1], kind[2] < 0))
        parts = [self._part(kind, laid_out[kind], grid.shape) for kind in in_order]
        parts.sort(key=lambda part: part[0] < 0)
        block: Node | None = None
        for scale, x in parts:
            scaled = self.lift.builder.map(ops.mul, self.lift.builder.constant(abs(scale)), x)
            if block is None:
                block = scaled if scale > 0 else self.lift.builder.map(ops.neg, scaled)
            else:
                block = self.lift.builder.map(ops.add if scale > 0 else ops.sub, block, scaled)
        assert block is not None  # a sum has terms
        block = self.lift.whole(block, grid.shape)
        terms = sum(sheet.u.shape[1] for sheet in sheets.values())
        is_grid = main[2] >= 0 and self._weighs(main, sheets[main])
        extent = (len(distinct(sheets[main].u)[0]), len(distinct(sheets[main].v)[0])) if is_grid else ()
        found = Found(block, "grid" if extent else "sums", len(nodes), terms, extent)
        self.lift.put_down(c, nodes, at[which], block, found, valid)

    def _weighs(self, kind: Kind, sheet: Sheet) -> bool:
        """Whether these products could be a product of matrices: different factors, of which one is not the same everywhere."""
        if kind[1] == kind[2] and (sheet.u == sheet.v).all():
            return False  # squares
        if kind[1] not in self.lift.sources and self.lift.kind_of_leaf[kind[1]] == CONSTANT and len(np.unique(sheet.u)) <= 2:
            return False  # a factor, not weights
        return sheet.u.shape[1] > 1 or len(np.unique(sheet.u)) > 1

    def _padded(self, kind: Kind, sheet: Sheet) -> tuple[Kind, Sheet]:
        """The terms of a border, with a source that has zeros around it in place of the one whose entries were left out."""
        sign, first, second = kind
        weighed = first == self.lift.classes.parameters and second in self.lift.sources
        over = sheet.over("u") if weighed and sheet.hole.any() else None
        node = self.lift.sources[second].node if over is not None else None
        places = shifted(over.v, node.entries) if over is not None and node is not None and node.entries else None
        if over is None or node is None or places is None or len(np.unique(sheet.scale[~sheet.hole])) > 1:
            return kind, sheet
        lows = [max(0, -int(place.min())) for place in places]
        shape = tuple(low + max(d, int(place.max()) + 1) for low, d, place in zip(lows, node.entries, places))
        inner = np.ix_(*(np.arange(d) + low for d, low in zip(node.entries, lows)))
        c = self.lift.padded.setdefault((second, shape, *lows), len(self.lift.classes.made) + len(self.lift.padded))
        places_inside = np.arange(int(np.prod(shape))).reshape(shape)[inner]
        self.lift.sources[c] = Source(self.lift.builder.put(shape, [node], [places_inside]))
        v = np.ravel_multi_index([place + low for place, low in zip(places, lows)], shape)
        scale = np.full(sheet.scale.shape, float(sheet.scale[~sheet.hole][0]))
        return (sign, first, c), Sheet(over.u, v, scale, np.zeros(v.shape, bool))

    def _is_matrix(self, kind: Kind, sheet: Sheet) -> bool:
        """Whether the first factors are weights, of which there are several."""
        return kind[1] == self.lift.classes.parameters and self._weighs(kind, sheet)

    def _sheets(self, nodes: list[int]) -> dict[Kind, Sheet]:
        """For each kind of terms the positions of their factors and the scales, a row for each sum; short rows end in holes."""
        classes = self.lift.classes
        rows: dict[Kind, list[Any]] = {}
        for m, node in enumerate(nodes):
            terms = classes.step[node].terms
            assert terms is not None
            first, second = self.lift.of[terms.first], np.where(terms.second >= 0, self.lift.of[terms.second], NOTHING)
            u, v = self.lift.at[terms.first], np.where(terms.second >= 0, self.lift.at[terms.second], 0)
            for sign, one, other in classes.kinds(terms, self.lift.of):
                mine = (first == one) & (second == other) & ((terms.scale > 0) == sign)
                rows.setdefault((sign, one, other), [None] * len(nodes))[m] = u[mine], v[mine], terms.scale[mine]
        none = np.empty(0, int), np.empty(0, int), np.empty(0)
        found = {}
        for kind, maybe in rows.items():
            parts: Sequence[Row] = [none if part is None else part for part in maybe]
            if kind[1] == kind[2]:
                parts = orient(parts)
            by_data = kind[2] < 0 or kind[2] in self.lift.sources or self.lift.kind_of_leaf[kind[2]] != CONSTANT
            found[kind] = Sheet.of_rows(parts, by_data=by_data)
        return found

    def _grid(
        self, nodes: list[int], which: np.ndarray, made: np.ndarray, sheet: Sheet, kind: Kind
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
        """The sums' numbers laid out along the axes (blocks, columns, rows) of their largest kind, HOLE where there is none; and
        the rows of u and v there, if they are a grid.

        The neurons of a layer are the last axis. Other axes are ordered as the sums were made: so they will mostly be read.
        """
        if kind[2] < 0 or not self._weighs(kind, sheet):
            return self._flat(sheet, kind, made), None
        number = np.unique(components(sheet.u, sheet.v), return_inverse=True)[1].ravel()
        grids, us, vs = [], [], []
        for block in range(number.max() + 1):
            mine = np.flatnonzero(number == block)
            (rows, r), (columns, c) = distinct(sheet.u[mine]), distinct(sheet.v[mine])
            grid = np.full((len(columns), len(rows)), HOLE)
            grid[c, r] = mine
            grids.append(grid)
            us.append(np.broadcast_to(rows, (*grid.shape, rows.shape[1])))
            vs.append(np.broadcast_to(columns[:, None], (*grid.shape, rows.shape[1])))
        shapes = {grid.shape for grid in grids}
        count = len(sheet.u)
        if len(shapes) > 1:
            if min(int((grid >= 0).sum()) for grid in grids) * sheet.u.shape[1] > 8:
                groups: dict[Shape, set[int]] = {}
                for grid in grids:
                    groups.setdefault(grid.shape, set()).update(grid[grid >= 0].tolist())
                others = list(groups.values())[1:]
                raise Apart([[node for node, row in zip(nodes, which.tolist()) if row in mine] for mine in others])
            return np.arange(count), None
        whole = np.array(grids)
        if (whole >= 0).sum() < count or whole.size > 2.5 * count:
            return np.arange(count), None
        is_matrix = self._is_matrix(kind, sheet)
        last = whole.shape[2:] if is_matrix else tuple(length for length in whole.shape[2:] if length > 1)
        shape = (*(length for length in whole.shape[:2] if length > 1), *last) or (1,)
        whole = whole.reshape(shape)
        order = list(range(len(shape))) if is_matrix else _as_made(whole, made)
        u, v = (np.array(tables).reshape(*shape, -1).transpose([*order, len(order)]) for tables in (us, vs))
        return np.ascontiguousarray(whole.transpose(order)), (u, v)

    def _flat(self, sheet: Sheet, kind: Kind, made: np.ndarray) -> np.ndarray:
        """Sums that are no grid: they have the axes of what they add up, but for the one that they run along; else the order
        of what they read, or that in which they were made, if this has fewer axes along which the steps are equal."""
        shape, order = self.lift.lines(kind[1], sheet.u)
        if shape is None or order is None:
            first = np.concatenate([sheet.u[:, :1], sheet.v[:, :1]], axis=1)
            orders = [np.arange(len(made)), np.argsort(made, kind="stable")]
            shapes = [joint_shape(first[order]) for order in orders]
            shape, order = min(zip(shapes, orders), key=lambda both: len(both[0]) if both[0] else 9)
            shape = shape or (len(made),)
        return order.reshape(shape)

    def _part(self, kind: Kind, sheet: Sheet, shape: Shape) -> tuple[float, Node]:
        """The terms of one kind, added up for every sum: a scale, and the node to be scaled."""
        _, first, second = kind
        terms = sheet.u.shape[-1]
        if second < 0 and first == self.lift.classes.parameters and 1 < terms <= FEW < sheet.u.size and not sheet.hole.any():
            scale, numbers = self._scale(kind, sheet)
            if numbers is None:  # two biases are two vectors
                columns = [self.lift.spread(first, sheet.u[..., i]) for i in range(terms)]
                return scale, reduce(partial(self.lift.builder.map, ops.add), columns)
        k = LETTERS[len(shape)]
        axes = [len(shape) - 1, len(shape)] if second >= 0 and self._is_matrix(kind, sheet) else []
        xs, words = [], []
        for c, table in ((second, sheet.v), (first, sheet.u)):  # the data, and then what weighs them
            if c >= 0:
                x, kept = self.lift.access(c, table, axes[-2 if c == first else -1 :])
                xs.append(x)
                words.append("".join(LETTERS[axis] for axis in kept))
        scale, numbers = self._scale(kind, sheet)
        if numbers is not None:  # a table of numbers goes to the factor that is the same for all examples, or is one itself
            table, kept = without_repeats(numbers)
            word = "".join(LETTERS[axis] for axis in kept)
            factor = self.lift.builder.constant(np.where(table < 0, 0.0, table))
            if len(xs) == 1:
                xs.append(factor)
                words.append(word)
            else:
                both = "".join(c for c in LETTERS[: len(shape) + 1] if c in word or c in words[1])
                xs[1], words[1] = self.lift.builder.contract(_spec([xs[1], factor], [words[1], word], both), xs[1], factor), both
        there = {c for word in words for c in word}
        if k not in there:  # equal terms, or one: a product as it was written
            scale *= sheet.u.shape[-1]
            xs, words = xs[::-1], words[::-1]
        here = "".join(c for c in LETTERS[: len(shape)] if c in there)
        summed = self.lift.builder.contract(_spec(xs, words, here), *xs)
        lengths = [length if LETTERS[axis] in here else 1 for axis, length in enumerate(shape)]
        while not summed.batched and len(lengths) > len(here) and lengths[0] == 1:  # broadcast from the right
            lengths.pop(0)
        return scale, self.lift.builder.view(summed, lengths)

    def _scale(self, kind: Kind, sheet: Sheet) -> tuple[float, np.ndarray | None]:
        """The one scale of all terms; or 1 and the table of them, 0 in holes unless what is read there is 0."""
        hole, free = sheet.hole, np.isnan(sheet.scale)
        real = np.unique(sheet.scale[~hole & ~free])
        both = zip(kind[1:], (sheet.u, sheet.v))
        if len(real) == 1 and (not hole.any() or any(self._is_zero(c, table[hole]) for c, table in both)):
            return float(real[0]), None
        if len(real) == 1:
            return float(real[0]), np.where(free, HOLE, np.where(hole, 0.0, 1.0))
        sign = 1.0 if kind[0] else -1.0
        return sign, np.where(free, HOLE, np.where(hole, 0.0, sign * sheet.scale))

    def _is_zero(self, c: int, index: np.ndarray) -> bool:
        """Whether these entries are zeros in place of entries that nobody asked for."""
        source = self.lift.sources.get(c) if c >= 0 else None
        return source is not None and source.zero and source.valid is not None and not source.valid.ravel()[index].any()


def _spec(xs: Sequence[Node], words: Sequence[str], result: str) -> str:
    ahead = ["n" if x.batched else "" for x in xs]
    return f"{','.join(a + word for a, word in zip(ahead, words))}->{'n' if any(ahead) else ''}{result}"


def _as_made(grid: np.ndarray, made: np.ndarray) -> list[int]:
    """The axes in the order in which the loops that made the grid ran, outermost first."""
    when = np.where(grid >= 0, made[grid], np.nan)
    pace = []
    for axis in range(grid.ndim):
        steps = np.diff(when, axis=axis)
        pace.append(float(np.nanmedian(np.abs(steps))) if np.isfinite(steps).any() else 0.0)
    return sorted(range(grid.ndim), key=lambda axis: (-pace[axis], axis))


def first_of(which: np.ndarray, count: int) -> np.ndarray:
    """For each of the different rows the first of those that are equal to it."""
    first = np.zeros(count, dtype=int)
    first[which[::-1]] = np.arange(len(which))[::-1]
    return first
