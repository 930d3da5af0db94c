"""The program as it is shown, where that reads better than what is computed, and is the same mathematics.

The compiler stacks what reads the same input: the four gates of an LSTM, or queries, keys and values, are one product with one
matrix, and then parts of the result. Taking parts commutes with arithmetic and with a product's rows, so each take of such a
result can be moved inwards until it takes rows of the matrix: (W x + b)[0:4] = W[0:4] x + b[0:4] = W_i x + b_i.

Under a mask the compiler may fill a ragged array with any entries; shown are those that the mask lets through.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from itertools import permutations

import numpy as np

from ... import ops
from ..finding.owners import Owned
from ..nodes import Builder, Node, stretched


def shown(order: Sequence[Node], owned: Sequence[Owned]) -> dict[Node, Node]:
    """The nodes of a program, made again as they are shown; nothing if that is as they are."""
    everything = with_bodies(order)
    stacks = {x for x in everything if x.kind == "parameter" and stack_of(x, owned)}
    if not stacks and not any(x.kind == "loop" or _is_mask(x) for x in everything):
        return {}
    maker = _Maker(Builder(order[0].builder.rules), stacks, order)  # a new builder: parameters have moved since they were made
    for x in order:
        maker.new[x] = maker.made(x)
    return maker.new


class _Maker:
    """Makes nodes again. `inside` is what is a part of a stack, entry by entry."""

    def __init__(self, builder: Builder, stacks: set[Node], order: Sequence[Node]) -> None:
        self.b, self.inside = builder, stacks
        self.new: dict[Node, Node] = {}
        self.kept: dict[Node, list[int]] = {}  # which results of a loop are read
        for x in order:
            if x.kind == "part":
                self.kept.setdefault(x.operands[0], []).append(x.position or 0)

    def made(self, x: Node) -> Node:
        """x, of what was made of its operands."""
        operands = [self.new[y] for y in x.operands]
        if x.kind == "loop":
            return self._loop(x, operands)
        if x.kind == "part":
            body = x.operands[0].body
            assert body is not None  # of a loop
            return self.b.kept(operands[0], self.new[body.results[x.position or 0]])
        if x.kind in ("map", "take", "contract") and not self.inside.isdisjoint(x.operands):
            self.inside.add(x)
            if x.kind == "take" and len(operands) == 1 and not x.is_view:
                return taken(self.b, operands[0], x.index[0])
        if x.kind == "take" and len(operands) == 1 and not x.is_view and _is_part_of_gates(x.operands[0]):
            (gates,) = operands
            (part,) = gates.operands
            assert gates.row is not None
            return self.b.map(gates.row, self.b.take(part, x.index[0]))
        if x.kind == "contract" and len(x.operands) == 1 and x.operands[0] in self.inside and x.operands[0].kind == "parameter":
            (stack,) = operands
            if x.letters[1] == x.letters[0][:-1]:  # two biases that are added
                index = stack.index[0]
                columns = [self.b.parameter(np.ascontiguousarray(index[..., i])) for i in range(index.shape[-1])]
                return reduce(partial(self.b.map, ops.add), columns)
        if _is_mask(x):
            operands[1] = _unfilled(self.b, operands[1], np.asarray(operands[0].number) != 0)
        return self.b.again(x, operands)

    def _loop(self, x: Node, operands: list[Node]) -> Node:
        """A loop reads the data themselves, and not what was computed of them for all steps at once."""
        body = x.body
        assert body is not None
        count = len(body.states)
        holes: dict[Node, Node] = {}
        for hole in body.states:
            self.new[hole] = self.b.hole(hole.shape)
        for hole, sequence, before in zip(body.slices, operands[count:], x.operands[count:]):
            self.new[hole] = self._slice(sequence, holes)
            if before in self.inside:
                self.inside.add(hole)
        for y in body.order:
            self.new[y] = self.made(y)
        following = [self.new[y] for y in body.following]
        wanted = [self.new[body.results[i]] for i in self.kept.get(x, [])]
        return self.b.loop(body.steps, [self.new[y] for y in body.states], following, operands[:count], list(holes.values()),
                           list(holes), wanted, backwards=body.backwards)  # fmt: skip

    def _slice(self, y: Node, holes: dict[Node, Node]) -> Node:
        """What a step reads of a sequence: W x + b of it is made of x of it."""
        ahead = int(y.batched)
        if y.kind == "map" and y.position is None:
            assert y.row is not None
            parts = []
            for z in y.operands:
                if len(z.entries) < len(y.entries):
                    parts.append(z)
                elif z.entries[0] == 1:
                    parts.append(self.b.view(z, z.entries[1:]))
                else:
                    parts.append(self._slice(z, holes))
            return self.b.map(y.row, *parts)
        if y.kind == "contract":
            time = y.letters[-1][ahead]
            places = [word.removeprefix("n").find(time) for word in y.letters[:-1]]
            if max(places) == 0:
                parts = [self._slice(z, holes) if place == 0 else z for z, place in zip(y.operands, places)]
                return self.b.contract(y.spec.replace(time, ""), *parts)
        if y not in holes:
            holes[y] = self.b.hole((*y.shape[:ahead], *y.entries[1:]))
        return holes[y]


def with_bodies(order: Sequence[Node]) -> list[Node]:
    """The nodes with what is computed in each step of a loop before the loop."""
    found: list[Node] = []
    for x in order:
        if x.body is not None:
            found += [*x.body.states, *x.body.slices, *x.body.order]
        found.append(x)
    return found


def _is_part_of_gates(x: Node) -> bool:
    """Whether x is one function of a part, as the gates of a cell are: σ(z[0:6])[3:6] is σ(z[3:6])."""
    return x.kind == "map" and x.position is None and len(x.operands) == 1 and x.operands[0].kind == "take"


def _is_mask(x: Node) -> bool:
    return x.is_map(ops.where) and x.operands[0].kind == "constant" and x.operands[0].shape == x.entries


def _unfilled(b: Builder, x: Node, mask: np.ndarray) -> Node:
    """x without a take that changes only what the mask hides."""
    if x.kind == "take" and x.entries == mask.shape == x.operands[0].entries:
        return x.operands[0] if (x.index[0].ravel() == np.arange(x.size))[mask.ravel()].all() else x
    if x.kind == "map" and x.position is None:
        return b.again(x, [_unfilled(b, y, mask) for y in x.operands])
    return x


def stack_of(x: Node, owned: Sequence[Owned]) -> list[Owned]:
    """The arrays that a parameter is made of, if they are several, or one whose rows are in another order."""
    index = np.atleast_1d(x.index[0])
    own = set(index.ravel().tolist())
    parts = [array for array in owned if array.places.ndim <= index.ndim and own.issuperset(array.places.ravel().tolist())]
    whole = [place for array in parts for place in array.places.ravel().tolist()]
    if len(whole) != len(own) or (len(parts) == 1 and is_all_of(index, parts[0].places)):
        return []
    lines = {frozenset(array.places.ravel().tolist()) for array in parts}
    columns = {frozenset(line) for line in index.reshape(-1, index.shape[-1]).T.tolist()}
    return parts if columns == lines or all(array.places.ndim == index.ndim for array in parts) else []


def is_all_of(index: np.ndarray, places: np.ndarray) -> bool:
    """Whether these are all entries of an array in their order, perhaps with its axes in another."""
    if index.size != places.size:
        return False
    orders = permutations(range(places.ndim)) if places.ndim <= 4 else [tuple(range(places.ndim))]
    return any(bool((places.transpose(axes).ravel() == index.ravel()).all()) for axes in orders)


def taken(b: Builder, x: Node, index: np.ndarray) -> Node:
    """take(x, index), with the take moved inwards as far as it goes."""
    if x.kind == "parameter":
        return b.parameter(x.index[0].ravel()[index])
    if x.kind == "take" and len(x.operands) == 1:
        return taken(b, x.operands[0], x.index[0].ravel()[index])
    if x.kind == "map" and x.position is None:
        assert x.row is not None
        return b.map(x.row, *(_spread(b, y, x, index) for y in x.operands))
    if x.kind == "contract":
        rows = _rows(b, x, index)
        return b.take(x, index) if rows is None else rows
    return b.take(x, index)


def _spread(b: Builder, y: Node, x: Node, index: np.ndarray) -> Node:
    """The same of an operand that x broadcasts: without the axes along which it repeats."""
    if y.size == 1:
        return y
    index = stretched(y.entries, x.entries).ravel()[index]
    for axis in range(index.ndim):
        first = index.take([0], axis)
        index = first if (index == first).all() else index
    while index.ndim > 1 and index.shape[0] == 1:
        index = index[0]
    return taken(b, y, index)


def _rows(b: Builder, x: Node, index: np.ndarray) -> Node | None:
    """Of a product the rows (or columns) that the index takes from; None if they are all, or not a choice along each axis."""
    word = x.letters[-1].removeprefix("n")
    chosen = [np.unique(places) for places in np.unravel_index(index.ravel(), x.entries)]
    grid = np.ravel_multi_index(np.ix_(*chosen), x.entries)
    if grid.size == x.size or grid.size > index.size:
        return None
    operands = []
    for letters, y in zip(x.letters, x.operands):
        for c, places in zip(word, chosen):
            axis = letters.removeprefix("n").find(c)
            if axis >= 0 and len(places) < y.entries[axis]:
                y = taken(b, y, np.ascontiguousarray(np.arange(y.size).reshape(y.entries).take(places, axis)))
        operands.append(y)
    return b.take(b.contract(x.spec, *operands), np.searchsorted(grid.ravel(), index))
