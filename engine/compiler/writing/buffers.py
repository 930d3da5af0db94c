"""Where the numbers of a node lie: buffers, places in them, and those of a loop, of which each step has its own part."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ..nodes import Body, Node, Shape, reachable
from ..views import Steps, as_steps, row_major


class Buffer:
    """A contiguous array, and what it is called.

    shape  of one example
    given  an argument of each run: views of it cannot be made in advance
    kept   its memory is never used for anything else
    zeros  it has entries into which nothing is ever written, and which are 0
    last   the batch is its last axis in memory, not its first: the entries of a step lie together, and so do those of a gate
    """

    def __init__(
        self, shape: Shape, batched: bool, *, name: str = "", given: bool = False, kept: bool = False, last: bool = False
    ) -> None:
        self.shape, self.batched, self.size = shape, batched, math.prod(shape)
        self.name, self.given, self.kept, self.zeros = name, given, kept or given, False
        self.last = last and batched
        self.memory: Buffer | None = None  # whose memory it has, its own or that of an earlier one


class Place(NamedTuple):
    """Where a node's numbers lie."""

    buffer: Buffer
    steps: Steps

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole buffer, in order."""
        return self.steps.in_one_piece and math.prod(self.steps.shape) == self.buffer.size

    @property
    def is_transposed(self) -> bool:
        """Whether this is the whole buffer with its axes in another order."""
        whole = math.prod(self.steps.shape) == self.buffer.size
        return whole and not self.is_whole and len(np.unique(self.steps.entries)) == self.buffer.size

    def same_as(self, other: Place) -> bool:
        """Whether both are the same place."""
        return self.buffer is other.buffer and self.steps.alike(other.steps)

    def inside(self, index: np.ndarray) -> Place | None:
        """The place of these of its entries; None if they are not at equal steps."""
        whole = self.steps == row_major(self.steps.shape)
        steps = as_steps(index if whole else self.steps.entries.ravel()[index])
        return None if steps is None else Place(self.buffer, steps)


def part_of(stack: Buffer, index: np.ndarray) -> Place:
    """The place of some entries of each step, which are consecutive."""
    steps, size = stack.shape[0], math.prod(stack.shape[1:])
    found = Place(stack, row_major(stack.shape)).inside(np.stack([t * size + index for t in range(steps)]))
    assert found is not None  # they are put at a range
    return found


class Carried(NamedTuple):
    """A state of a loop: its hole, what it is first, what follows; where all its values lie, and those of a step.

    Step t reads entry t of the stack and writes entry t + 1; if nobody reads them afterwards two entries are enough.
    """

    hole: Node
    first: Node
    following: Node
    stack: Place
    current: Buffer
    next: Buffer
    whole: bool


class Looped:
    """What a loop needs of memory.

    order    what is computed in a step
    used     what of it is read afterwards
    carried  the states
    slices   of each sequence that is read the hole, the loop's operand, and a buffer that stands for a step's part of it
    kept     what else is kept: the node, all its values, those of a step
    joined   what puts states, slices and constants together: all its values, those of a step. Nothing is copied in a step:
             the states lie in it, the rest is written before the loop
    """

    def __init__(self, loop: Node, used: Iterable[Node]) -> None:
        assert loop.body is not None
        self.body: Body = loop.body
        self.used = set(used)
        self.inside = set(reachable([*self.body.following, *self.used]))
        self.order = [x for x in self.body.order if x in self.inside]
        self.carried: list[Carried] = []
        self.kept: dict[Node, tuple[Buffer, Buffer]] = {}
        self.joined: dict[Node, tuple[Buffer, Buffer]] = {}
        given = {*self.body.states, *self.body.slices}
        inside: dict[Node, Place] = {}  # of a state that lies in such a stack
        for x in self.order:
            ranges = all(index.size == np.ptp(index) + 1 for index in x.index)
            leaves = ranges and all(y in given or y.kind == "constant" for y in x.operands)
            if x.kind == "put" and x.index and x.batched and leaves and inside.keys().isdisjoint(x.operands):
                stack = self._stack(x, self.body.steps + 1)
                self.joined[x] = stack, self._step(x)
                inside.update((y, part_of(stack, index)) for y, index in zip(x.operands, x.index) if y in self.body.states)
        for hole, first, following in zip(self.body.states, loop.operands, self.body.following):
            whole = hole in self.used or following in self.used or hole in inside
            buffer = self._stack(hole, self.body.steps + 1 if whole else 2)
            stack_of_hole = inside.get(hole) or Place(buffer, row_major(buffer.shape))
            self.carried.append(Carried(hole, first, following, stack_of_hole, self._step(hole), self._step(hole), whole))
        sequences = loop.operands[len(self.body.states) :]
        self.slices = [(hole, x, self._step(hole)) for hole, x in zip(self.body.slices, sequences) if hole in self.inside]
        for x in sorted(self.used, key=lambda x: x.serial):
            if not any(c.whole and x in (c.hole, c.following) for c in self.carried):
                self.kept[x] = self._stack(x, self.body.steps), self._step(x)

    def _stack(self, x: Node, steps: int) -> Buffer:
        return Buffer((steps, *x.entries), x.batched, kept=True, last=True)

    def _step(self, x: Node) -> Buffer:
        return Buffer(x.entries, x.batched, kept=True, last=True)

    @property
    def holes(self) -> list[tuple[Node, Buffer]]:
        """What stands for what a step is given, and where it lies."""
        return [*((c.hole, c.current) for c in self.carried), *((hole, step) for hole, _, step in self.slices)]

    @property
    def written(self) -> list[tuple[Node, Buffer]]:
        """What a step hands on, and where it is to lie."""
        return [*((c.following, c.next) for c in self.carried), *((x, step) for x, (_, step) in self.kept.items())]

    def place(self, x: Node) -> Place:
        """Where all values of a result lie."""
        for c in self.carried:
            if c.whole and x in (c.hole, c.following):
                later = int((x is c.following) != self.body.backwards)  # backwards, the last entry is the first
                entries = np.arange(math.prod(c.stack.steps.shape)).reshape(c.stack.steps.shape)[later : later + self.body.steps]
                found = c.stack.inside(entries)
                assert found is not None  # steps in a stack are equal
                return found
        stack, _ = self.kept[x]
        return Place(stack, row_major(stack.shape))
