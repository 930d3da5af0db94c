"""Pass 6: equal stretches of the program become a loop.

The lift has made the nodes of every step of a recurrence, one stretch after the other. The last one is the pattern: each of its
nodes is compared with those that stand in its place in the other steps. What is the same node everywhere stays outside.
Entries of one sequence, other ones in each step, are a slice. A quantity of the step before is a state that is carried.
All else must be alike and is computed in the loop. Steps at the beginning that are unlike the others stay before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ... import ops
from ..nodes import BATCH, Builder, Node, unviewed
from .chains import FEWEST

PEELED = 4  # at most so many steps at the beginning stay before the loop
Steps = tuple[Node, ...]  # what stands in one place, step after step


class Unlike(Exception):
    """A step is not like the last one."""


class Quantity(NamedTuple):
    """A quantity of a recurrence: all its values as one node, made of the nodes of each step."""

    stacked: Node
    nodes: Sequence[Node]

    @property
    def entries(self) -> tuple[int, ...]:
        """The shape of one of its values."""
        return self.stacked.entries[1:]


def roll(builder: Builder, quantities: Sequence[Quantity]) -> dict[Node, Node]:
    """For each stacked quantity the node that takes its place: results of a loop, behind those of steps that come before it.
    Nothing if the steps are not alike."""
    fewest = min(len(quantity.nodes) for quantity in quantities)
    for steps in range(fewest, max(FEWEST - 2, fewest - PEELED - 1), -1):
        try:
            return Rolled(builder, quantities, steps).results()
        except Unlike:
            continue
    return {}


class Rolled:
    """The last `steps` steps as one loop."""

    def __init__(self, builder: Builder, quantities: Sequence[Quantity], steps: int) -> None:
        self.builder, self.steps = builder, steps
        # What reads a quantity reads it in any shape: the nodes themselves, without the views that the lift has put over them
        self.quantities = [q._replace(nodes=[unviewed(x) for x in q.nodes]) for q in quantities]
        quantities = self.quantities
        self.place = {node: (i, t - len(q.nodes)) for i, q in enumerate(quantities) for t, node in enumerate(q.nodes)}
        self.made: dict[Steps, Node] = {}  # what stands in the body for what the steps have
        self.slices: dict[Node, Node] = {}
        self.states: dict[tuple[int, int], Node] = {}  # quantity, how many steps ago: its hole
        self.first: dict[tuple[int, int], Node] = {}
        self.roots = [self._at(tuple(q.nodes[-steps:])) for q in quantities]
        for i, lag in list(self.states):  # a state of two steps ago was one of one step ago, one step before
            for nearer in range(1, lag):
                if (i, nearer) not in self.states:
                    self.states[i, nearer] = builder.hole(quantities[i].nodes[-1].shape)
                    self.first[i, nearer] = self._before(i, nearer)

    def results(self) -> dict[Node, Node]:
        """The loop, and each quantity as one of its results."""
        following = [self.roots[i] if lag == 1 else self.states[i, lag - 1] for i, lag in self.states]
        loop = self.builder.loop(self.steps, list(self.states.values()), following, [self.first[key] for key in self.states],
                                 list(self.slices), list(self.slices.values()), self.roots)  # fmt: skip
        found = {}
        for quantity, root in zip(self.quantities, self.roots):
            part = self.builder.view(self.builder.kept(loop, root), (self.steps, *quantity.entries))
            before = quantity.nodes[: -self.steps]
            if before:
                size, count = root.size, len(quantity.nodes)
                places = np.arange(size * count).reshape(count, *quantity.entries)
                begun = [self.builder.view(x, quantity.entries) for x in before]
                indices = [*places[: len(before)], places[len(before) :]]
                part = self.builder.put((count, *quantity.entries), [*begun, part], indices)
            found[quantity.stacked] = part
        return found

    def _before(self, i: int, lag: int) -> Node:
        """A quantity some steps before the first step of the loop."""
        nodes = self.quantities[i].nodes
        if len(nodes) < self.steps + lag:
            raise Unlike
        return nodes[-self.steps - lag]

    def _at(self, xs: Steps) -> Node:
        """What stands in the body for these: found from below, without recursion, since a step may be long."""
        stack = [xs]
        while stack:
            ys = stack[-1]
            for look in (self._carried, self._outside):
                if ys not in self.made and (found := look(ys)) is not None:
                    self.made[ys] = found
            below = [] if ys in self.made else [zs for zs in self._operands(ys) if zs not in self.made]
            stack += below
            if not below:
                stack.pop()
                if ys not in self.made:
                    self.made[ys] = self.builder.again(ys[-1], [self.made[zs] for zs in self._operands(ys)])
        return self.made[xs]

    def _carried(self, xs: Steps) -> Node | None:
        """A quantity of an earlier step."""
        if xs[-1] not in self.place:
            return None
        i, end = self.place[xs[-1]]
        lag = -1 - end
        nodes = self.quantities[i].nodes
        if lag == 0:
            return None
        if lag >= self.steps or any(x is not nodes[t - lag - self.steps] for t, x in enumerate(xs) if t >= lag):
            raise Unlike
        for t in range(lag):  # at step t, the quantity of `lag - t` steps before the first one
            key = i, lag - t
            if self.first.setdefault(key, xs[t]) is not xs[t]:
                raise Unlike
            if key not in self.states:
                self.states[key] = self.builder.hole(xs[-1].shape)
            if not _fits(xs[t], xs[-1]):
                raise Unlike
        return self.states[i, lag]

    def _outside(self, xs: Steps) -> Node | None:
        """The same in every step, or an entry of a sequence."""
        x, b = xs[0], self.builder
        if all(y is x for y in xs):
            return x
        if all(y.kind == "constant" and y.shape == x.shape for y in xs):
            sequence = b.constant(np.stack([np.asarray(y.number) for y in xs]))
        elif all(y.kind == "take" and y.operands == x.operands and len(x.operands) == 1 and y.shape == x.shape for y in xs):
            sequence = b.take(x.operands[0], np.stack([y.index[0] for y in xs]))
        else:
            return None
        hole = b.hole(((BATCH,) if x.batched else ()) + x.entries)
        self.slices[hole] = sequence
        return hole

    def _operands(self, xs: Steps) -> list[Steps]:
        """What the same operation reads in every step."""
        x = xs[-1]
        if not x.operands or any(_form(y) != _form(x) for y in xs):
            raise Unlike
        if any(not np.array_equal(i, j) for y in xs[:-1] for i, j in zip(y.index, x.index)):
            raise Unlike
        return list(zip(*(_in_order(y, x) for y in xs)))


def _form(x: Node) -> object:
    """What must be the same in every step; the first states may be the same for all examples."""
    return x.kind, x.row, x.position, x.spec.replace("n", ""), x.entries, len(x.operands), len(x.index)


def _in_order(y: Node, x: Node) -> tuple[Node, ...]:
    """The operands of y in the order in which x has its own, where that is free."""
    if not x.is_map(ops.add, ops.mul):
        return y.operands
    as_it_is, turned = (sum(map(_likeness, order, x.operands)) for order in (y.operands, y.operands[::-1]))
    return y.operands[::-1] if turned > as_it_is else y.operands


def _likeness(x: Node, y: Node) -> int:
    """How much two nodes look alike, by what they do and by what their operands do."""
    mine, others = ([_form(operand) for operand in z.operands] for z in (x, y))
    return (_form(x) == _form(y)) * (10 + sum(form in others for form in mine))


def _fits(first: Node, state: Node) -> bool:
    try:
        return np.broadcast_shapes(first.shape, state.shape) == state.shape
    except ValueError:
        return False
