"""Loops, made ready for the text: what does not depend on the states that are carried is computed for all steps at once.

The slopes of the backward loop depend on what was kept of the forward one alone. Outside they are a few calls on long
arrays, inside a few calls a step on short ones. So that little else stays inside, factors that are known outside are brought
together: (δ·x)·y is δ·(x·y), and so is each part of what is put together before it is multiplied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ... import ops
from ..nodes import Builder, Node, reachable
from .all_steps import affine, in_all_steps, of_these_rows, orders, over_time, rearranged, rearranged_rows, sums_with


class Stacked(NamedTuple):
    """A quantity of the body that no state has a part in: its values in all steps, one node outside."""

    node: Node
    entries: tuple[int, ...]  # of one step


class Product(NamedTuple):
    """One node of the body times what is known outside."""

    node: Node
    factor: Stacked


class Together(NamedTuple):
    """Such products, put together and not yet computed."""

    shape: tuple[int, ...]
    parts: tuple[Node | Product, ...]
    places: tuple[np.ndarray, ...]


Known = Node | Stacked | Product | Together


def given_to(loop: Node, used: Iterable[Node]) -> list[tuple[Node, Node]]:
    """What a loop reads if only some of its results are used: holes, or nodes from outside, each with the loop's operand."""
    body = loop.body
    assert body is not None
    inside = set(reachable([*body.following, *used]))
    outside = loop.operands[len(body.states) + len(body.slices) :]
    given = [*zip((*body.states, *body.slices), loop.operands), *zip(outside, outside)]
    return [(hole, operand) for hole, operand in given if hole in inside or hole in body.states]


def lowered_loop(b: Builder, loop: Node, used: Iterable[Node], lowered: Mapping[Node, Node]) -> dict[Node, Node]:
    """The loop, made by this builder: what of its body is used, for all steps."""
    return Hoisted(b, loop, used, lowered).results()


class Hoisted:
    """The body of a loop, node by node, inside or outside."""

    def __init__(self, b: Builder, loop: Node, used: Iterable[Node], lowered: Mapping[Node, Node]) -> None:
        assert loop.body is not None
        self.b, self.body, self.steps = b, loop.body, loop.body.steps
        self.used = sorted(used, key=lambda y: y.serial)
        self.slices: dict[Node, Node] = {}  # a hole for each sequence
        self.holes: dict[Node, Node] = {}  # and the other way round
        self.first: list[Node] = []
        self.known: dict[Node, Known] = {}
        self.inside: set[Node] = set()  # what depends on a state
        self.within: dict[Node, tuple[Node, int]] = {}  # what is part of which node of the new body, and from where on
        self.readers: dict[Node, list[Node]] = {}
        self.turned = orders(reachable([*self.body.following, *self.used]))
        for hole, operand in given_to(loop, self.used):
            node = lowered[operand]
            if hole in self.body.states:
                self.known[hole] = new = b.hole(hole.shape)
                self.first.append(node)
                self.inside.add(new)
            else:
                self.known[hole] = Stacked(node, hole.entries) if hole in self.body.slices else node
        for x in reachable([*self.body.following, *self.used]):
            for y in x.operands:
                self.readers.setdefault(y, []).append(x)
        self.sums = {hole: sums_with(hole, reachable([*self.body.following, *self.used])) for hole in self.body.states}
        for hole in self.body.states:
            self._sums(hole)
        for x in reachable([*self.body.following, *self.used]):
            if x not in self.known:
                self.known[x] = self._made(x, [self.known[operand] for operand in x.operands])

    def results(self) -> dict[Node, Node]:
        """The loop is made, and what of it is used."""
        b, body = self.b, self.body
        states = [self._at_step(self.known[hole]) for hole in body.states]
        following = [b.stretch(self._at_step(self.known[y]), y.shape) for y in body.following]
        kept = {y: self._kept(y) for y in self.used if not isinstance(self.known[y], Stacked)}
        loop = b.loop(body.steps, states, following, self.first, list(self.slices), list(self.slices.values()), [*kept.values()],
                      backwards=body.backwards)  # fmt: skip
        return {y: self._result(y, loop, kept) for y in self.used}

    def _kept(self, y: Node) -> Node:
        """What is kept so that y of all steps can be had: what y is a part of; of a product the factor that varies."""
        if y in self.within:
            return self.within[y][0]
        found = self.known[y]
        return found.node if isinstance(found, Product) else self._at_step(found)

    def _result(self, y: Node, loop: Node, kept: dict[Node, Node]) -> Node:
        """What y was in all steps."""
        found = self.known[y]
        if isinstance(found, Stacked):
            return found.node
        whole = over_time(self.b, loop, kept[y])
        if y in self.within:
            _, start = self.within[y]
            return self.b.take(whole, in_all_steps(np.arange(start, start + y.size).reshape(y.entries), self.steps, kept[y].size))
        if isinstance(found, Product):
            return self.b.map(ops.mul, whole, found.factor.node)
        if y not in self.turned:
            return whole
        return self.b.take(whole, in_all_steps(np.argsort(self.turned[y]), self.steps, y.size))

    # --- one node ---

    def _made(self, x: Node, operands: list[Known]) -> Known:
        """x, as far outside of the loop as it can be."""
        if x in self.turned:
            return self._turned(x, operands, self.turned[x])
        if x.kind == "take" and x.operands[0] in self.turned:
            made = self.b.take(self._at_step(operands[0]), np.argsort(self.turned[x.operands[0]])[x.index[0]])
            self._mark(made)
            return made
        if not any(isinstance(y, Stacked | Product | Together) or y in self.inside for y in operands):
            return self.b.again(x, [y for y in operands if isinstance(y, Node)])
        if not any(self._varies(y) for y in operands):
            outside = self._outside(x, operands)
            if outside is not None:
                return outside
        for found in (self._factored(x, operands), self._one_product(x)):
            if found is not None:
                return found
        made = self.b.again(x, [self._at_step(y) for y in operands])
        self._mark(made)
        return made

    def _turned(self, x: Node, operands: list[Known], order: np.ndarray) -> Node:
        """A sum of products whose entries are in this order, by the order of the rows of its weights."""
        found: list[Known] = []
        for y in operands:
            if isinstance(y, Stacked):
                found.append(Stacked(rearranged(self.b, y.node, order), y.entries))
            else:
                found.append(rearranged(self.b, self._at_step(y), order))
        made = self.b.map(ops.add, *map(self._at_step, found))
        self._mark(made)
        return made

    def _sums(self, hole: Node) -> None:
        """All U h + (W x[t] + b) and U h + b of one state h as one product with (h, x[t], 1), where W x + b had been computed
        for all steps at once: a product of somewhat longer vectors costs less than sums. Each sum is entries of it."""
        b, found = self.b, []
        for x in self.sums[hole]:
            first = x.operands[0].kind == "contract" and hole in x.operands[0].operands
            product, other = x.operands if first else x.operands[::-1]
            weights, extra = self.known.get(product.operands[1]), self.known.get(other)
            if not isinstance(weights, Node):
                continue
            data, more, bias = None, None, extra
            if isinstance(extra, Stacked):
                data, more, bias = affine(b, extra.node) or (None, None, None)
            if not isinstance(bias, Node) or bias.batched or bias in self.inside or bias.shape != weights.shape[:1]:
                continue
            if data is not None and (data.entries[0] != self.steps or data.entries[1] > len(hole.entries) * x.size):
                continue  # there is less to compute than to copy
            order = self.turned.get(x, np.arange(x.size))
            found.append((x, data, [None if y is None else rearranged_rows(b, y, order) for y in (weights, more, bias)]))
        sequences = {data for _, data, _ in found if data is not None}
        if len(sequences) != 1 and (sequences or len(found) < 2):
            return
        inputs = [self._at_step(Stacked(data, data.entries[1:])) for data in sequences]
        known = self.known[hole]
        assert isinstance(known, Node)
        together = b.side_by_side([known, *inputs, b.constant(np.ones(1))])
        ends = np.cumsum([0, *(x.size for x, _, _ in found)])
        places = np.arange(ends[-1] * together.size).reshape(ends[-1], together.size)
        parts, index = [], []
        for (_, _, blocks), start, end in zip(found, ends, ends[1:]):
            weights, more, bias = blocks
            for block, begin, after in ((weights, 0, hole.size), (more, hole.size, -1), (bias, -1, together.size)):
                if block is not None:
                    parts.append(b.view(block, (end - start, block.size // (end - start))))
                    index.append(np.ascontiguousarray(places[start:end, begin:after]))
        made = b.contract("na,ba->nb", together, b.put(places.shape, parts, index))
        self._mark(made)
        for (x, _, _), start, end in zip(found, ends, ends[1:]):
            self.known[x] = entries = b.take(made, np.arange(start, end))
            self._mark(entries)

    def _mark(self, made: Node) -> None:
        """Whatever a rule has made of it: nodes that depend on a state, or on a step, are inside."""
        for y in reachable([made]):
            if y in self.slices or not self.inside.isdisjoint(y.operands):
                self.inside.add(y)

    def _varies(self, x: Known) -> bool:
        """Whether x depends on a state."""
        return isinstance(x, Product | Together) or (isinstance(x, Node) and x in self.inside)

    def _at_step(self, x: Known) -> Node:
        """x as a node of the body."""
        b = self.b
        if isinstance(x, Node):
            return x
        if isinstance(x, Stacked):
            if x.node not in self.holes:
                hole = b.hole((*x.node.shape[: int(x.node.batched)], *x.entries))
                self.holes[x.node], self.slices[hole] = hole, of_these_rows(b, x.node)
                self.inside.add(hole)
            return self.holes[x.node]
        if isinstance(x, Product):
            made = b.map(ops.mul, x.node, self._at_step(x.factor))
        else:
            made = b.put(x.shape, [self._at_step(part) for part in x.parts], x.places)
        self._mark(made)
        return made

    def _factored(self, x: Node, operands: list[Known]) -> Known | None:
        """(v·r)·s = v·(r·s), v·r ± v·s = v·(r ± s), put(v·r, w)·s = put(v·(r·s), w·s), for r and s that are known outside."""
        if x.kind == "put" and x.index and any(isinstance(y, Product | Together) for y in operands):
            return self._put_together(x.entries, x.index, operands)
        if x.is_map(ops.mul):
            for y, factor in (operands, operands[::-1]):
                if isinstance(factor, Stacked) and factor.entries == x.entries and (factor.node.batched or not x.batched):
                    scaled = self._scaled(y, factor, x)
                    if scaled is not None:
                        return scaled
        if x.is_map(ops.add, ops.sub) and all(isinstance(y, Product) for y in operands):
            one, other = operands
            if isinstance(one, Product) and isinstance(other, Product) and one.node is other.node:
                outside = self._outside(x, [one.factor, other.factor])
                return outside and Product(one.node, outside)
        return None

    def _put_together(
        self, shape: tuple[int, ...], into: tuple[np.ndarray, ...], operands: list[Known]
    ) -> Together | None:
        """Parts, and the parts of parts, yet to be put where they belong."""
        parts: list[Node | Product] = []
        places: list[np.ndarray] = []
        for y, index in zip(operands, into):
            if isinstance(y, Together):
                parts += y.parts
                places += [index.ravel()[inner] for inner in y.places]
            elif isinstance(y, Product) or (isinstance(y, Node) and y in self.inside):
                parts.append(y)
                places.append(index)
            else:
                return None
        return Together(shape, tuple(parts), tuple(places))

    def _one_product(self, x: Node) -> Node | None:
        """Uᵀδ + Vᵀε + y as one product of (δ, ε) with the rows of U and V."""
        b = self.b
        terms = self._terms(x) if x.is_map(ops.add) and not self._is_inner(x) else []
        products = [y for y in terms if y.kind == "contract" and y.spec == "na,ab->nb" and self._is_outside(y.operands[1])]
        if len(products) < 2 or len({y.operands[0] for y in products}) < len(products):
            return None
        vectors = [y.operands[0] for y in products]
        ends = np.cumsum([0, *(y.size for y in vectors)])
        index = tuple(np.arange(start, end) for start, end in pairwise(ends))
        put = self._put_together((int(ends[-1]),), index, [self.known[y] for y in vectors])
        if put is None:
            return None
        together = self._at_step(put)
        weights = [self.known[y.operands[1]] for y in products]
        rows = [y for y in weights if isinstance(y, Node)]
        places = np.arange(ends[-1] * x.size).reshape(ends[-1], x.size)
        stacked = b.put(places.shape, rows, [places[start:end] for start, end in pairwise(ends)])
        self.within |= {y: (together, int(start)) for y, start in zip(vectors, ends)}
        made = b.contract("na,ab->nb", together, stacked)
        for y in terms:
            if y not in products:
                made = b.map(ops.add, made, self._at_step(self.known[y]))
        self._mark(made)
        return made

    def _terms(self, x: Node) -> list[Node]:
        """The terms of a sum, however it is associated."""
        return [z for y in x.operands for z in (self._terms(y) if y.is_map(ops.add) and self._is_inner(y) else [y])]

    def _is_inner(self, x: Node) -> bool:
        """Whether x is a term of one other sum, and nothing else."""
        readers = self.readers.get(x, [])
        alone = len(readers) == 1 and x not in self.used and x not in self.body.following
        return alone and readers[0].is_map(ops.add) and readers[0].shape == x.shape

    def _is_outside(self, x: Node) -> bool:
        """Whether x is the same for all steps, and for all examples."""
        known = self.known[x]
        return isinstance(known, Node) and known not in self.inside and not known.batched

    def _scaled(self, y: Known, factor: Stacked, x: Node) -> Known | None:
        """y·factor, for a y that varies."""
        if isinstance(y, Together):
            parts = []
            for part, index in zip(y.parts, y.places):
                share = self._taken(factor, index)
                scaled = self._scaled(part, share, x) if not isinstance(part, Node) or part.shape[1:] == index.shape else None
                if scaled is None or isinstance(scaled, Stacked | Together):
                    return None
                parts.append(scaled)
            return y._replace(parts=tuple(parts))
        if isinstance(y, Product):
            both = self.b.map(ops.mul, y.factor.node, factor.node)
            return Product(y.node, Stacked(both, factor.entries))
        if isinstance(y, Node) and y in self.inside and y.entries == factor.entries and y.batched == factor.node.batched:
            return Product(y, factor)
        return None

    # --- for all steps ---

    def _taken(self, x: Stacked, index: np.ndarray) -> Stacked:
        """These entries of each step."""
        return Stacked(self.b.take(x.node, in_all_steps(index, self.steps, int(np.prod(x.entries)))), index.shape)

    def _outside(self, x: Node, operands: list[Known]) -> Stacked | None:
        """x of all steps, if that is a map, a reduction or entries taken."""
        b = self.b
        if x.kind == "take" and len(operands) == 1 and isinstance(operands[0], Stacked):
            return self._taken(operands[0], x.index[0])
        if x.kind not in ("map", "reduce") or (x.kind == "reduce" and not x.entries):
            return None
        rank = len(x.entries)
        nodes = []
        for y in operands:
            if isinstance(y, Stacked):
                nodes.append(b.view(y.node, (self.steps, *(1,) * (rank - len(y.entries)), *y.entries)))
            elif isinstance(y, Node):
                nodes.append(b.view(y, (1,) * (rank + 1 - len(y.entries)) + y.entries) if y.batched else y)
            else:
                return None
        shape = (*x.shape[: int(x.batched)], self.steps, *x.entries)
        made = b.make(x.kind, nodes, shape, row=x.row, position=x.position)
        return Stacked(made, x.entries) if made.shape == shape else None
