"""Pass 5: from classes of steps to nodes. Each class becomes one node on arrays.

Every scalar node then has a place: the node of its class, and a position in it. The operands of a class are tables of
positions, and one question finds everything: along which axes does each operand vary? Sums of products become contractions
in `summing`; what has no form is taken by a table.

Not every entry need be asked for. Tables and grids may have holes: sums of different lengths, q_i·k_j for j <= i only.
What a hole reads is free, so it is chosen to make the table regular; what it contributes to a sum is 0. A node keeps which of its
entries are valid, and the others are masked before they meet a function that could make an inf of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ... import ops
from ...lookup import choose
from ..nodes import Builder, IllFormed, Node, Shape, reachable, stretched, substituted, unviewed
from .chains import find_chains, open_sums, roll_up
from .classes import ARITHMETIC, Classes, is_reduction
from .roll import Quantity, roll
from .scalars import CONSTANT, INPUT, PARAMETER, Scalars
from .summing import Apart, Found, Source, Summing, first_of
from .sums import Steps
from .tables import HOLE, along_an_axis, completed, distinct, joint_shape, repeated, without_repeats

Table = np.ndarray  # of positions in a source, HOLE where there is none


class Lift:
    """The nodes of a graph, class by class."""

    def __init__(self, builder: Builder, scalars: Scalars, steps: Steps, shapes: Sequence[Shape]) -> None:
        self.builder, self.scalars, self.shapes = builder, scalars, shapes
        self.classes = Classes(scalars, steps)
        open_sums(self.classes)
        while chains := find_chains(self.classes):
            roll_up(self.classes, chains)
        self.classes.drop_zeros()
        while True:
            try:
                self._lift()
                return
            except Apart as found:
                for group in found.groups:
                    number = len(set(self.classes.apart.values())) + 1
                    self.classes.apart.update(dict.fromkeys(group, number))
                self.classes.settle()

    def _lift(self) -> None:
        classes = self.classes
        self.numbers = np.array(self.scalars.constants)
        self.sources: dict[int, Source] = {}
        self.position, self.seen = np.zeros(classes.size, dtype=np.int64), np.zeros(classes.size, dtype=np.int64)
        for places in (self.position, self.seen):
            places[: len(self.scalars)] = self.scalars.entry
        self.kind_of_leaf = {c: made.below for c, made in enumerate(classes.made) if made.depth == 0 and made.below is not None}
        for c, kind in self.kind_of_leaf.items():
            if kind not in (PARAMETER, CONSTANT):
                argument = kind - INPUT
                self.sources[c] = Source(self.builder.input(argument, self.shapes[argument]))
        self.matrices: set[tuple[Shape, bytes]] = set()  # the indices of parameters that were gathered as matrices
        self.found: list[Found] = []
        self.lookups: list[tuple[int, int, int]] = []  # entries of arguments that choose: argument, entry, among how many
        self.padded: dict[Any, int] = {}  # the classes of sources with zeros around them
        self.stacked: dict[Node, list[Node]] = {}  # a quantity of a recurrence at all times, and its node at each
        self.labelled: dict[Node, str] = {}  # nodes of one Value that has a label
        summing = Summing(self)
        for c in self._order():
            if c not in classes.members:
                self._over_time(c)
                continue
            nodes = classes.members[c]
            step = classes.step[nodes[0]]
            self.inside = nodes[0] in classes.within
            self.of = classes.seen_by(nodes[0])  # the classes as these steps see them, and the positions
            self.at = np.where(self.of == classes.of, self.position, self.seen)
            if step.terms is not None:
                summing.add(c, nodes)
            elif is_reduction(step.row):
                self._reduction(c, nodes)
            elif step.row is choose:
                self._choice(c, nodes)
            else:
                self._map(c, nodes)

    def _order(self) -> list[int]:
        """The classes, what is read before what reads it."""
        classes = self.classes
        over_time: dict[int, set[int]] = {}
        for node in classes.body:
            over_time.setdefault(int(classes.seen[node]), set()).add(int(classes.of[node]))
        below = {c: {int(x) for node in nodes for x in classes.seen_by(node)[classes.step[node].reads]}
                 for c, nodes in classes.members.items()} | over_time  # fmt: skip
        order: list[int] = []
        open_, done, stack = set[int](), set[int](), [(c, False) for c in reversed(below)]
        while stack:
            c, left = stack.pop()
            if left:
                done.add(c)
                order.append(c)
            elif c not in done and c in below:
                if c in open_:
                    raise IllFormed("a recurrence reads what is only made after it")
                open_.add(c)
                stack += [(c, True), *((x, False) for x in sorted(below[c], reverse=True) if x not in done)]
        return order

    def _over_time(self, c: int) -> None:
        """A quantity of a recurrence at all times: its nodes one behind the other."""
        classes = self.classes
        mine = sorted({int(classes.of[node]) for node in classes.body if classes.seen[node] == c})
        nodes = [self.sources[x].node for x in mine]
        size, shape = nodes[-1].size, nodes[-1].entries
        last = self.position[classes.members[mine[-1]]]
        for t, x in enumerate(mine):
            if nodes[t].size != size:  # its entries are all the same, zeros say
                index = np.zeros(size, int)
                index[last] = self.position[classes.members[x]]
                nodes[t] = self.builder.take(nodes[t], index.reshape(shape))
                self.position[classes.members[x]] = last
        stacked = self.builder.hole((*nodes[-1].shape[: -len(shape)], len(nodes), *shape))  # until the loop is made
        for t, x in enumerate(mine):
            self.seen[classes.members[x]] = t * size + self.position[classes.members[x]]
        self.sources[c] = Source(stacked)
        self.stacked[stacked] = nodes

    # --- entries of sources ---

    def size_of(self, c: int) -> int:
        """How many entries the source of a class has."""
        if c in self.sources:
            return self.sources[c].node.size
        return self.scalars.count(PARAMETER) if self.kind_of_leaf[c] == PARAMETER else len(self.numbers)

    def gather(self, c: int, index: Table) -> Node:
        """These entries of a source, as a node of the index's shape. There are no holes."""
        if c in self.sources:
            return self.builder.take(self.sources[c].node, index)
        if self.kind_of_leaf[c] == CONSTANT:
            return self.builder.constant(self.numbers[index])
        if index.ndim == 2 and (index.T.shape, index.T.tobytes()) in self.matrices:  # the same matrix, transposed
            return self.builder.transpose(self.builder.parameter(np.ascontiguousarray(index.T)), (1, 0))
        self.matrices.add((index.shape, index.tobytes()))
        return self.builder.parameter(index)

    def access(self, c: int, index: Table, axes: Sequence[int] = ()) -> tuple[Node, list[int]]:
        """The entries of a source without the axes along which they repeat, holes apart; and which axes are left. `axes` are
        left in any case: a matrix of one row is a matrix."""
        if c not in self.sources and self.kind_of_leaf[c] == CONSTANT:  # equal numbers repeat, too
            if self.inside and not self.numbers[index].any():  # a first state of zeros has the axes of the later ones
                kept = list(axes) or [axis for axis, length in enumerate(index.shape) if length > 1]
                lines = index.max(axis=tuple(axis for axis in range(index.ndim) if axis not in kept))
                return self.builder.constant(self.numbers[completed(lines, len(self.numbers))]), kept
            numbers = np.where(index >= 0, self.numbers[index], np.nan)
            _, index = np.unique(numbers, return_inverse=True)
            values = np.unique(numbers)
            index = np.where(np.isnan(numbers), HOLE, index.reshape(numbers.shape))
            index, kept = without_repeats(index)
            return self.builder.constant(values[np.where(index < 0, 0, index)]), kept
        index, kept = without_repeats(index, axes)
        return self.gather(c, completed(index, self.size_of(c))), kept

    def spread(self, c: int, index: Table) -> Node:
        """The same for an operand that will be broadcast: with length 1 along those axes."""
        x, kept = self.access(c, index)
        shape = [length if axis in kept else 1 for axis, length in enumerate(index.shape)]
        while len(shape) > len(kept) and shape[:1] == [1]:
            shape.pop(0)
        return self.builder.view(x, shape)

    def put_down(self, c: int, nodes: list[int], where: np.ndarray, node: Node, found: Found | None,
                 valid: np.ndarray | None = None, *, zero: bool = False) -> None:  # fmt: skip
        """The node of a class: where each step lies in it, and which of its entries are valid."""
        self.position[nodes] = self.seen[nodes] = where
        if valid is not None and valid.all():
            valid = None
        self.sources[c] = Source(node, None if valid is None else valid.reshape(node.entries), zero)
        if found:
            self.found.append(found)
        label = self.scalars.labels.get(nodes[0], "") if len(nodes) == 1 else ""
        node = unviewed(node)
        if label.isidentifier() and node.kind != "parameter":
            self.labelled.setdefault(node, label)

    # --- a row on arrays ---

    def _map(self, c: int, nodes: list[int]) -> None:
        """One row, entry by entry, in the layout of an operand."""
        row, below = self.classes.made[c].row, self.classes.made[c].below
        assert row is not None
        operands = np.array([self.classes.step[node].operands for node in nodes])
        index, which = distinct(self.at[operands][:, ::-1])
        index = index[:, ::-1]
        shape, at, mask = self._layout(below, index, first_of(which, len(index)))
        table = np.full((int(np.prod(shape)), len(below)), HOLE)
        table[at] = index
        sources = [self.sources.get(x, Source(None)) for x in below]  # type: ignore[arg-type]  # leaves are always valid
        xs = []
        for x, source, column in zip(below, sources, table.T):
            column = column.reshape(shape)
            asked = mask if source.made_up else None  # which entries are real
            if asked is not None and row not in ARITHMETIC and row is not ops.exp:
                column = repeated(column)  # real entries again
            y = self.spread(x, column)
            if asked is not None and row is ops.exp:
                y = self.builder.map(ops.where, self.builder.constant(asked.astype(float)), y, self.builder.constant(-np.inf))
            xs.append(y)
        block = self.whole(self.builder.map(row, *xs), shape)
        zeros = [source.zero for source in sources]
        stays_zero = (row is ops.mul and any(zeros)) or (row in (ops.neg, ops.div) and zeros[0])
        zero = stays_zero or (row is ops.exp and sources[0].made_up)
        found = Found(block, "elementwise", len(nodes), len(below), ())
        self.put_down(c, nodes, at[which], block, found, mask, zero=zero and mask is not None)

    def _choice(self, c: int, nodes: list[int]) -> None:
        """choose(i, e_0, e_1, ...) = e_i, where i is a whole number of the data: rows of a table, an embedding; or one entry out
        of some that differ from example to example, the log-probability of a class."""
        number, *below = self.classes.made[c].below
        index = self.at[np.array([self.classes.step[node].operands for node in nodes])]
        rows = index.shape[1] - 1
        self.lookups += [(self.kind_of_leaf[number] - INPUT, int(entry), rows) for entry in np.unique(index[:, 0])]
        if self.classes.batched[below].any():
            index, which = distinct(index)
            i = self.builder.view(self.gather(number, index[:, 0]), (len(index), 1))
            ends = [self.builder.view(self.gather(x, column), (len(index), 1)) for x, column in zip(below, index.T[1:])]
            entries = self.gather(below[0], index[:, 1:]) if len(set(below)) == 1 else self.builder.side_by_side(ends)
            is_it = self.builder.map(ops.equal, i, self.builder.constant(np.arange(float(rows))))
            one = self.builder.map(ops.where, is_it, entries, self.builder.constant(0.0))
            block = self.builder.contract("nab->na", one)
        else:
            columns, column = distinct(index[:, 1:])
            choices, choice = distinct(index[:, :1])
            if len(set(below)) == 1:
                table = self.gather(below[0], np.ascontiguousarray(columns.T))
            else:
                lines = [self.builder.view(self.gather(x, line), (1, len(line))) for x, line in zip(below, columns.T)]
                places = np.arange(columns.size).reshape(rows, 1, -1)
                table = self.builder.put((rows, len(columns)), lines, list(places))
            block = self.builder.choose(table, self.gather(number, choices[:, 0]))
            which = choice * len(columns) + column
        self.put_down(c, nodes, which, block, Found(block, "lookup", len(nodes), rows, ()))

    def _layout(self, below: Sequence[int], index: Table, made: np.ndarray) -> tuple[Shape, np.ndarray, np.ndarray | None]:
        """The shape of a map; where each of its rows lies in it; and which entries are valid, None if all.

        It has the layout of an operand of which each valid entry is read once, one with as many axes as possible; else the
        axes along which all operands go in equal steps.
        """
        best: tuple[Shape, np.ndarray, np.ndarray | None] | None = None
        for x, column in zip(below, index.T):
            if x not in self.sources:
                continue
            node, valid, _ = self.sources[x]
            asked = node.size if valid is None else int(valid.sum())
            once = len(column) == asked == len(np.unique(column)) and (valid is None or valid.ravel()[column].all())
            if node.entries and once and (best is None or len(node.entries) > len(best[0])):
                best = node.entries, column, valid
        if best is not None:
            return best
        found = []
        for order in (np.arange(len(index)), np.lexsort(index.T), np.argsort(made, kind="stable")):
            shape = joint_shape(index[order])
            found.append((len(shape) if shape else 9, shape or (len(index),), order))
        _, shape, order = min(found, key=lambda option: option[0])
        at = np.empty(len(index), int)
        at[order] = np.arange(len(index))
        return shape, at, None

    def whole(self, block: Node, shape: Shape) -> Node:
        """The block in its shape, although every operand may be the same for all entries."""
        return block if block.entries == shape else self.builder.take(block, stretched(block.entries, shape))

    # --- a row over any number of operands ---

    def _reduction(self, c: int, nodes: list[int]) -> None:
        """logsumexp, say; holes are filled with what changes nothing."""
        row = self.classes.made[c].row
        assert row is not None
        operands = [np.array(self.classes.step[node].operands) for node in nodes]
        below = list(dict.fromkeys(int(x) for mine in operands for x in self.of[mine]))
        tables = []
        for x in below:
            mine = [np.sort(self.at[xs[self.of[xs] == x]]) for xs in operands]
            longest = max(map(len, mine))
            tables.append(np.array([np.append(row_, np.full(longest - len(row_), HOLE)) for row_ in mine]))
        index, which = distinct(np.concatenate(tables, axis=1))
        shape, order = self.lines(below[0], completed(index, self.size_of(below[0]))) if len(below) == 1 else (None, None)
        if shape is None or order is None:
            order, shape = np.argsort(first_of(which, len(index)), kind="stable"), (len(index),)
        index, which = index[order], np.argsort(order)[which]
        ends = np.cumsum([0, *(table.shape[1] for table in tables)])
        tables = [completed(index[:, a:b], self.size_of(x)) for x, (a, b) in zip(below, pairwise(ends))]
        axis = self.builder.side_by_side([self.gather(x, table.reshape(*shape, -1)) for x, table in zip(below, tables)])
        index = index.reshape(*shape, -1)
        if (index < 0).any():
            neutral = {"amin": np.inf}.get(row.name, -np.inf)
            there = self.builder.constant((index >= 0).astype(float))
            axis = self.builder.map(ops.where, there, axis, self.builder.constant(neutral))
        block = self.builder.view(self.builder.reduce(row, axis), shape)
        self.put_down(c, nodes, which, block, Found(block, "reduction", len(nodes), index.shape[-1], ()))

    def lines(self, c: int, rows: np.ndarray) -> tuple[Shape, np.ndarray] | tuple[None, None]:
        """Whether these rows are the lines along one axis of a source."""
        node = self.sources[c].node if c in self.sources else None
        return (along_an_axis(rows, node.entries) if node is not None and node.entries else None) or (None, None)

    def _roll(self) -> dict[Node, Node]:
        """What takes the place of the quantities of recurrences: results of loops; where steps are not alike, their nodes."""
        replaced: dict[Node, Node] = {}
        pending = [{int(self.classes.seen[steps[0][0]]) for steps in quantities} for quantities in self.classes.loops]
        while pending:  # a loop over what another one has made comes after it
            holes = {self.sources[c].node for loop in pending for c in loop}
            loop = next(loop for loop in pending if holes.isdisjoint(reachable(self._unrolled(loop))))
            pending.remove(loop)
            new = dict(zip(self._unrolled(loop), substituted(self._unrolled(loop), replaced.get)))
            found = [Quantity(self.sources[c].node, [new[x] for x in self.stacked[self.sources[c].node]]) for c in sorted(loop)]
            rolled = roll(self.builder, found)
            for stacked, nodes in found:
                size, shape = nodes[-1].size, nodes[-1].entries
                places = list(np.arange(size * len(nodes)).reshape(len(nodes), *shape))
                alike = [self.builder.view(x, shape) for x in nodes]
                replaced[stacked] = rolled[stacked] if rolled else self.builder.put((len(nodes), *shape), alike, places)
        return replaced

    def _unrolled(self, loop: set[int]) -> list[Node]:
        """The nodes of all steps of a recurrence."""
        return [x for c in sorted(loop) for x in self.stacked[self.sources[c].node]]

    def outputs(self) -> list[tuple[Node, int]]:
        """For each output the node it is in, and where."""
        found = []
        for node in self.scalars.outputs:
            c, position = int(self.classes.seen[node]), int(self.seen[node])
            if c in self.sources:
                found.append((self.sources[c].node, position))
            else:  # a parameter or a constant itself
                leaf = self.gather(c, np.array([position]))
                found.append((self.builder.view(leaf, (1,)), 0))
        replaced = self._roll()
        if replaced:
            nodes = substituted([node for node, _ in found], replaced.get)
            blocks = substituted([f.block for f in self.found], replaced.get)
            self.found = [f._replace(block=block) for f, block in zip(self.found, blocks)]
            found = [(node, position) for node, (_, position) in zip(nodes, found)]
        return found
