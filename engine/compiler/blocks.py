"""Pass 4: blocks. Steps of the same form at the same depth become one instruction on arrays.

Every scalar node has a place: a source (the parameters, the constants, an argument, or a block) and a position in it. Two
steps have the same form if they apply the same row to operands from the same sources; then their operands are entries of
those sources, taken by an array of positions. Sums of products are searched for grids; any other sum
is multiplied elementwise and added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from .grids import components, distinct, find_grid
from .nodes import Builder, Node, Shape, stretched
from .scalars import CONSTANT, INPUT, PARAMETER, Scalars
from .sums import Steps, needs
from .views import nested_shape

PARAMETERS, CONSTANTS = 0, 1  # the first two sources; then the arguments, then the blocks
COMMUTATIVE = (ops.add, ops.mul)
FEW = 4  # up to so many entries of one source are added one by one; more become an array with an axis to sum over


class Found(NamedTuple):
    """What became of some steps: for `explain`."""

    block: Node
    what: str  # "grid", "sums", "elementwise", "reduction"
    steps: int
    terms: int  # of each sum; operands of each operation
    shape: tuple[int, ...]  # of a grid: rows, columns


class Kind(NamedTuple):
    """A kind of terms in a sum: scale · an entry of `source` · an entry of `other`, or without that if `other` is -1."""

    scale: float
    source: int
    other: int


Parts = dict[Kind, np.ndarray]  # for each kind the positions (sums, terms, 2): of the factor that is weighted, and of its weight


class Blocks:
    """The blocks of a graph, made level by level."""

    def __init__(self, builder: Builder, scalars: Scalars, steps: Steps, shapes: Sequence[Shape]) -> None:
        self.builder, self.scalars, self.steps = builder, scalars, steps
        self.sources: list[Node | None] = [None, None, *(builder.input(i, s) for i, s in enumerate(shapes))]
        self.source = np.zeros(len(scalars), dtype=np.int32)
        self.position = np.array(scalars.entry, dtype=np.int32)
        kind = np.array(scalars.kind)
        self.source[kind == PARAMETER] = PARAMETERS
        self.source[kind == CONSTANT] = CONSTANTS
        for argument in range(len(shapes)):
            self.source[kind == INPUT + argument] = 2 + argument
        self.uses = np.bincount(scalars.operands, minlength=len(scalars))
        self.numbers = np.array(scalars.constants)
        self.matrices: set[tuple[Shape, bytes]] = set()  # the indices of parameters that were gathered as matrices
        self.found: list[Found] = []
        self.labelled: dict[Node, str] = {}  # blocks of one Value that has a label
        for level in self._levels():
            for key, nodes in self._groups(level).items():
                {"row": self._elementwise, "reduce": self._reduction, "sum": self._sums}[key[0]](key, nodes)

    # --- which steps go together ---

    def _levels(self) -> list[list[int]]:
        """The steps by depth: one more than the deepest of what they need."""
        depth = [0] * len(self.scalars)
        levels: list[list[int]] = []
        for node in self.steps.nodes:
            depth[node] = 1 + max(map(depth.__getitem__, needs(self.scalars, self.steps, node)))
            if depth[node] > len(levels):
                levels.append([])
            levels[depth[node] - 1].append(node)
        return levels

    def _groups(self, level: list[int]) -> dict[Any, list[int]]:
        """The steps of one level by their form."""
        groups: dict[Any, list[int]] = {}
        for node in level:
            groups.setdefault(self._form(node), []).append(node)
        return groups

    def _form(self, node: int) -> Any:
        if node in self.steps.sums:
            counts: dict[Kind, int] = {}
            for term in self._oriented(node):
                kind = self._kind(*term)
                counts[kind] = counts.get(kind, 0) + 1
            return "sum", tuple(sorted(counts.items()))
        row, operands = self.scalars.row_of(node), self._operands(node)
        sources = [int(self.source[operand]) for operand in operands]
        return ("reduce" if row.arity is None else "row"), row, tuple(sources)

    def _oriented(self, node: int) -> list[tuple[float, int, int]]:
        """The terms of a sum. In a product, the factor that is the same for every example comes first.

        Among products with data, a parameter times a constant becomes one term with the constant as its scale, and is dropped
        if that is 0: a bias as the weight of 1, a border of zeros. Where all data are constants, they are kept as data.
        """
        found = self.steps.sums[node]
        terms = []
        with_data = any(self._batched(int(self.source[x])) for x in (*found.first, *found.second) if x >= 0)
        for c, u, v in zip(found.scale, found.first, found.second):
            if v >= 0 and self._rank(v) < self._rank(u):
                u, v = v, u
            if with_data and v >= 0 and {self.source[u], self.source[v]} == {PARAMETERS, CONSTANTS}:
                parameter, constant = (u, v) if self.source[u] == PARAMETERS else (v, u)
                c, u, v = c * float(self.numbers[self.position[constant]]), parameter, -1
            if c != 0:
                terms.append((c, u, v))
        return terms or [(0.0, found.first[0], -1)]

    def _kind(self, scale: float, first: int, second: int) -> Kind:
        return Kind(scale, int(self.source[first]), int(self.source[second]) if second >= 0 else -1)

    def _operands(self, node: int) -> list[int]:
        """The operands of an operation; where their order does not matter, those that are the same for all examples first."""
        operands, row = list(self.scalars.of(node)), self.scalars.row_of(node)
        if row.arity is None:
            return sorted(operands, key=self._rank)
        return sorted(operands, key=lambda x: self._batched(int(self.source[x]))) if row in COMMUTATIVE else operands

    def _rank(self, node: int) -> tuple[bool, int, int, int]:
        """A sort key: what is the same for all examples comes first; of two parameters the one used less often, a weight."""
        source = int(self.source[node])
        return self._batched(source), source, int(self.uses[node]) if source == PARAMETERS else 0, int(self.position[node])

    def _batched(self, source: int) -> bool:
        block = self.sources[source]
        return block is not None and block.batched

    # --- entries of sources ---

    def gather(self, source: int, index: np.ndarray) -> Node:
        """These entries of a source, as an instruction of the index's shape."""
        block = self.sources[source]
        if block is not None:
            return self.builder.take(block, index)
        if source == CONSTANTS:
            return self.builder.constant(self.numbers[index])
        if index.ndim == 2 and (index.T.shape, index.T.tobytes()) in self.matrices:  # the same matrix, transposed
            return self.builder.transpose(self.builder.parameter(np.ascontiguousarray(index.T)), (1, 0))
        self.matrices.add((index.shape, index.tobytes()))
        return self.builder.parameter(index)

    def spread(self, source: int, index: np.ndarray) -> Node:
        """The same for an operand that will be broadcast: without the axes along which it repeats."""
        if source == CONSTANTS and (self.numbers[index] == self.numbers[index.flat[0]]).all():
            return self.builder.constant(float(self.numbers[index.flat[0]]))
        for axis in range(index.ndim):
            first = index.take([0], axis)
            if (index == first).all():
                index = first
        while index.ndim > 1 and index.shape[0] == 1:
            index = index[0]
        return self.gather(source, index)

    def _place(self, nodes: Sequence[int], which: np.ndarray, block: Node) -> None:
        """The nodes are the entries `which` of a new source."""
        self.source[nodes] = len(self.sources)
        self.position[nodes] = which
        self.sources.append(block)

    # --- what a group becomes ---

    def _elementwise(self, key: Any, nodes: list[int]) -> None:
        """One row on arrays. The entries are in the order of the batched operand."""
        _, row, sources = key
        operands = np.array([self._operands(node) for node in nodes])
        index, which = distinct_by(self.position[operands], [not self._batched(s) for s in sources])
        shape = self._shape(sources, index)
        columns = [column.reshape(shape) for column in index.T]
        block = self.builder.map(row, *[self.spread(s, column) for s, column in zip(sources, columns)])
        self._finish(nodes, which, block, shape, "elementwise", index.shape[1])

    def _shape(self, sources: Sequence[int], index: np.ndarray) -> Shape:
        """The shape of a block: that of an operand that is used whole and in order; else the grid in which entries are taken."""
        best: Shape = (len(index),)
        for source, column in zip(sources, index.T):
            block = self.sources[source]
            if block is not None and block.size == len(column) and (column == np.arange(len(column))).all():
                return block.entries or (1,)
            nested = nested_shape(column)
            if block is not None and block.batched and len(nested) > len(best) and len(best) == 1:
                best = nested
        return best

    def _reduction(self, key: Any, nodes: list[int]) -> None:
        """A row over any number of operands, logsumexp say: operands from several sources are concatenated."""
        _, row, sources = key
        index, which = distinct(self.position[np.array([self._operands(node) for node in nodes])])
        index = index if len(index) > 1 else index[0]
        parts = []
        for source in dict.fromkeys(sources):
            parts.append(self.gather(source, index[..., np.array(sources) == source]))
        block = self.builder.reduce(row, self.builder.side_by_side(parts))
        shape = (len(index),) if index.ndim > 1 else (1,)
        self._finish(nodes, which, self.builder.view(block, shape), shape, "reduction", len(sources))

    def _sums(self, key: Any, nodes: list[int]) -> None:
        """Sums of products: a product of matrices where there is a grid."""
        _, counts = key
        kinds = dict(counts)
        parts: Parts = {kind: np.empty((len(nodes), count, 2), dtype=np.int32) for kind, count in counts}
        for m, node in enumerate(nodes):
            terms: dict[Kind, list[tuple[int, int]]] = {kind: [] for kind in kinds}
            for scale, first, second in self._oriented(node):
                kind = self._kind(scale, first, second)
                terms[kind].append((int(self.position[second]) if second >= 0 else 0, int(self.position[first])))
            for kind, pairs in terms.items():
                # by the data, so that equal rows of weights look equal; constants have no position, so by the weights
                parts[kind][m] = sorted(pairs, key=itemgetter(1, 0) if kind.other == CONSTANTS else None)
        flat = np.concatenate([part.reshape(len(nodes), -1) for part in parts.values()], axis=1)
        rows, which = distinct(flat)
        chosen = np.zeros(len(rows), dtype=int)  # of equal sums, the first
        chosen[which[::-1]] = np.arange(len(nodes))[::-1]
        parts = {kind: part[chosen] for kind, part in parts.items()}
        self._split(nodes, which, parts)

    def _split(self, nodes: list[int], which: np.ndarray, parts: Parts) -> None:
        """If the largest part is not one grid but several, each becomes its own block."""
        weighed = [kind for kind in parts if self._is_weighing(kind, parts[kind])]
        if weighed:
            largest = max(weighed, key=lambda kind: parts[kind].shape[1])
            v, u = parts[largest][..., 0], parts[largest][..., 1]
            if find_grid(u, v) is None:
                number = components(u, v)
                groups = [np.flatnonzero(number == group) for group in np.unique(number)]
                grids = [find_grid(u[group], v[group]) for group in groups]
                if len(groups) > 1 and all(grids) and min(map(len, groups)) * u.shape[1] > 8:
                    for group in groups:
                        mine = np.isin(which, group)
                        renumbered = np.searchsorted(group, which[mine])
                        members = [node for node, taken in zip(nodes, mine) if taken]
                        self._sum(members, renumbered, {kind: part[group] for kind, part in parts.items()}, largest)
                    return
        self._sum(nodes, which, parts, max(weighed, key=lambda kind: parts[kind].shape[1]) if weighed else None)

    def _is_weighing(self, kind: Kind, part: np.ndarray) -> bool:
        """Whether these products may be a product of matrices: weights that are the same for all examples, times data."""
        _, first, second = kind
        if second < 0 or self._batched(first) or not (self._batched(second) or first == PARAMETERS):
            return False
        if first == second and (part[..., 0] == part[..., 1]).all():
            return False  # squares
        if first == CONSTANTS and len(np.unique(self.numbers[part[..., 1]])) == 1:
            return False  # a factor, not weights
        return part.shape[1] > 1 or (first == PARAMETERS and len(np.unique(part[..., 1])) > 1)

    def _sum(self, nodes: list[int], which: np.ndarray, parts: Parts, largest: Kind | None) -> None:
        """One block of sums, laid out as the grid of its largest product."""
        count = len(next(iter(parts.values())))
        shape: Shape = (count,)
        grid = find_grid(parts[largest][..., 1], parts[largest][..., 0]) if largest is not None else None
        what = "sums"
        if grid is not None:
            shape = (len(grid.columns), len(grid.rows)) if len(grid.columns) > 1 else (count,)
            parts = {kind: part[grid.order] for kind, part in parts.items()}
            rank = np.empty(count, dtype=int)
            rank[grid.order] = np.arange(count)
            which = rank[which]
            what = "grid"
        terms = [(kind.scale, self._part(kind, part, shape)) for kind, part in sorted(parts.items(), key=_largest_first)]
        block: Node | None = None
        for scale, term in sorted(terms, key=lambda both: both[0] < 0):
            scaled = self.builder.map(ops.mul, self.builder.constant(abs(scale)), term)
            if block is None:
                block = scaled if scale > 0 else self.builder.map(ops.neg, scaled)
            else:
                block = self.builder.map(ops.add if scale > 0 else ops.sub, block, scaled)
        assert block is not None  # a sum has terms
        size = sum(part.shape[1] for part in parts.values())
        extent = (len(grid.rows), len(grid.columns)) if grid else ()
        self._finish(nodes, which, block, shape, what, size, extent)

    def _part(self, kind: Kind, part: np.ndarray, shape: Shape) -> Node:
        """The terms of one kind, added up, for every sum of the block."""
        _, source, other = kind
        v, u = part[..., 0], part[..., 1]
        terms = part.shape[1]
        if other >= 0 and self._is_weighing(kind, part):
            grid = find_grid(u, v)
            if grid is not None and (grid.order == np.arange(len(u))).all():
                columns = grid.columns if len(grid.columns) > 1 else grid.columns[0]
                product = apply(self.gather(source, grid.rows), self.gather(other, columns))
                return self.builder.view(product, shape)
        if other < 0 and 1 < terms <= FEW and len(u) > 1:
            columns = [self.spread(source, column.reshape(shape)) for column in u.T]
            added: Node = reduce(partial(self.builder.map, ops.add), columns)
            return added
        full = shape if terms == 1 else (terms,) if shape == (1,) else (*shape, terms)
        if other < 0:
            summed = self.spread(source, u.reshape(full)) if terms == 1 else self.gather(source, u.reshape(full))
        else:
            factors = self.spread(source, u.reshape(full)), self.spread(other, v.reshape(full))
            summed = self.builder.map(ops.mul, *factors)
            if terms > 1 and summed.entries != full:
                summed = self.builder.take(summed, stretched(summed.entries, full))
        if terms == 1:
            return summed
        return self.builder.view(self.builder.reduce(ops.fsum, summed), shape)

    def _finish(
        self, nodes: list[int], which: np.ndarray, block: Node, shape: Shape, what: str, terms: int,
        extent: tuple[int, ...] = (),
    ) -> None:  # fmt: skip
        if block.entries != shape:  # every operand is the same for all entries
            block = self.builder.take(block, stretched(block.entries, shape))
        self.found.append(Found(block, what, len(nodes), terms, extent))
        label = self.scalars.labels.get(nodes[0], "") if len(nodes) == 1 else ""
        if label.isidentifier() and block.kind != "parameter":
            self.labelled.setdefault(block, label)
        self._place(nodes, which, block)

    def outputs(self) -> list[tuple[Node, int]]:
        """For each output the block it is in, and where."""
        return [(self._block_of(node), int(self.position[node])) for node in self.scalars.outputs]

    def _block_of(self, node: int) -> Node:
        block: Node | None = self.sources[int(self.source[node])]
        if block is not None:
            return block
        # an output that is a parameter or a constant itself: a source of its own
        leaf = self.gather(int(self.source[node]), np.array([self.position[node]]))
        self._place([node], np.array([0]), leaf)
        return leaf


def apply(matrix: Node, x: Node) -> Node:
    """W x: y[..., r] = Σ_k W[r, k]·x[..., k]."""
    word = ("n" if x.batched else "") + "".join("abcdefghij"[i] for i in range(len(x.entries) - 1))
    return x.builder.contract(f"{word}k,rk->{word}r", x, matrix)


def _largest_first(item: tuple[Kind, np.ndarray]) -> tuple[int, bool]:
    kind, part = item
    return -part.shape[1], kind.other < 0


def distinct_by(index: np.ndarray, last: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """`distinct` with the rows sorted by the columns not in `last` first."""
    order = np.argsort(last, kind="stable")
    rows, which = distinct(index[:, order])
    return rows[:, np.argsort(order)], which
