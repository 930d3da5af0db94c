"""The memory plan of a program, decided before its text is written: where the numbers of each node lie.

A place is a buffer and steps through it. A parameter lies in the vector theta; a take at equal steps where its operand
lies; a derivative in the vector of gradients; a part that is put somewhere in the buffer of what it becomes a part of. So
nothing of that is copied. All others have a buffer of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ... import ops
from ..nodes import SOFTMAX, Node, reachable
from ..views import as_steps, row_major
from .buffers import Buffer, Looped, Place
from .contractions import Axes, axes, laid_out, stacked

SHORT = 8  # a row of fewer numbers is no work for a loop of NumPy's


class Wanted(NamedTuple):
    """What a program computes: results by name, and each parameter node with its derivative, for the gradient vector."""

    results: list[tuple[str, Node]]
    gradients: list[tuple[Node, Node]]
    weighted: bool = False  # whether each example has a weight of its own; else the seed is one number

    @property
    def ends(self) -> list[Node]:
        """Everything that is asked for."""
        return [*(x for _, x in self.results), *(x for pair in self.gradients for x in pair)]

    def lowered(self, taken: Mapping[Node, Node]) -> Wanted:
        """The same in the nodes that replace these."""
        return self._replace(
            results=[(name, taken[x]) for name, x in self.results],
            gradients=[(taken[parameter], taken[adjoint]) for parameter, adjoint in self.gradients],
        )


class Memory:
    """The plan.

    order    the nodes, those of a loop's body before the loop; readers: the nodes that read each of them
    loops    what each loop needs
    turned   nodes whose buffer should have the batch as its last axis
    numbers  nodes that are a single number in the text
    places   where the others lie
    settled  those of them that are computed in a buffer that others have a part in
    shifts   for a softmax the logsumexp of the same rows, if there is one: then the largest need not be looked for
    last     where in the order each buffer is read for the last time
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.loops: dict[Node, Looped] = {}
        self.order = self._in_order(reachable(wanted.ends))
        self.handed = {x for looped in self.loops.values() for pairs in (looped.holes, looped.written) for x, _ in pairs}
        self.turned = self._turned()
        self.readers: dict[Node, list[Node]] = {x: [] for x in self.order}
        for x in self.order:
            for operand in x.operands:
                self.readers[operand].append(x)
        self.theta, self.gradient = (Buffer((-1,), False, name=name, kept=True) for name in ("theta", "gradient"))
        asked = [x for _, x in wanted.results] + [adjoint for _, adjoint in wanted.gradients]
        self.asked = Counter(map(_taken_from, asked))
        self.numbers: set[Node] = set()
        for x in self.order:
            if self._is_number(x, x in asked):
                self.numbers.add(x)
        self.settled: dict[Node, Place] = {}
        self._settle_gradients()
        for looped in self.loops.values():
            for x, step in looped.written:
                self._settle(x, Place(step, row_major(step.shape)))
            for x, (_, step) in looped.joined.items():
                self.settled[x] = Place(step, row_major(step.shape))
        for x in reversed(self.order):
            if x.kind == "put":
                self._settle_parts(x)
        self.places: dict[Node, Place] = {
            hole: Place(step, row_major(step.shape)) for looped in self.loops.values() for hole, step in looped.holes
        }
        for x in self.order:
            if x not in self.numbers and x.kind not in ("hole", "loop"):
                self.places[x] = self.settled.get(x) or self._place(x)
        reductions = {x.operands[0]: x for x in self.order if x.kind == "reduce" and x.row is ops.logsumexp}
        self.shifts = {
            x: reductions[x.operands[0]] for x in self.order
            if x.row is SOFTMAX and x.operands[0] in reductions and reductions[x.operands[0]].serial < x.serial
        }  # fmt: skip
        self.last: dict[Buffer, int] = {}
        for number, x in enumerate(self.order):
            self.last |= dict.fromkeys(self.buffers(x), number)
        self.last |= {self.places[x].buffer: len(self.order) for x in wanted.ends if x in self.places}

    def buffers(self, x: Node) -> list[Buffer]:
        """The buffers of a node and of what it reads, each once."""
        read = [x, *x.operands, *([self.shifts[x]] if x in self.shifts else [])]
        read += [y for y, _ in self.loops[x].written] if x in self.loops else []
        return list(dict.fromkeys(self.places[y].buffer for y in read if y in self.places))

    def _in_order(self, order: Sequence[Node]) -> list[Node]:
        """The nodes, with the holes and the bodies of loops in front of these."""
        found: list[Node] = []
        for x in order:
            if x.kind == "loop" and x.body is not None:
                used = {x.body.results[y.position] for y in order if y.kind == "part" and y.operands[0] is x}  # type: ignore[index]
                looped = self.loops[x] = Looped(x, used)
                found += [*(hole for hole, _ in looped.holes), *looped.order]
            found.append(x)
        return found

    def _turned(self) -> set[Node]:
        """What is computed in loops, and what they are given: entries that lie together are quicker step by step."""
        turned = {x for looped in self.loops.values() for x in looped.order}
        for looped in self.loops.values():
            turned.update([*(c.first for c in looped.carried), *(y for _, y, _ in looped.slices)])
        turned.update(x for x in self.order if x.kind == "part" or _stretches_short_rows(x))
        before = 0
        while before < len(turned):  # and so does what it is computed from, and what is computed from it
            before = len(turned)
            for x in self.order:
                after = x.kind in ("map", "put") or (x.kind == "contract" and len(x.operands) == 1)
                if after and x.batched and any(y in turned and y.entries for y in x.operands):
                    turned.add(x)
            for x in reversed(self.order):
                if x in turned and x.kind in ("map", "take", "put"):
                    turned.update(y for y in x.operands if y.batched)
        return {x for x in turned if x.batched}

    # --- numbers ---

    def _is_number(self, x: Node, asked: bool) -> bool:
        """Whether one number stands for x: it has no axes, or it broadcasts wherever it is read."""
        if x in self.handed or x.kind == "loop":
            return False
        if x.kind == "seed":
            return not self.wanted.weighted and all(self._broadcasts(reader, x) for reader in self.readers[x])
        if x.kind == "take" and x.operands[0] in self.numbers and not asked:
            return x.operands[0].batched or all(reader.kind == "map" for reader in self.readers[x])
        return x.shape == ()

    def _broadcasts(self, reader: Node, seed: Node) -> bool:
        """Whether one number s will broadcast in place of a column of them: the other factor has a row for each example."""
        if reader.kind == "take":
            return all(self._broadcasts(further, reader) for further in self.readers[reader])
        if reader.is_map(ops.mul):
            (other,) = [y for y in reader.operands if y is not seed] or [seed]
            return other is not seed and other.shape == reader.shape
        return False

    # --- what is computed where it belongs ---

    def _settle_gradients(self) -> None:
        """Derivatives are computed in their part of the vector, if it is a part that no other parameter shares.

        One that is also a result, or needed twice, has a buffer of its own, since others may be added to this part.
        """
        taken: set[int] = set()
        for parameter, adjoint in self.wanted.gradients:
            index = parameter.index[0].ravel().tolist()
            fresh = taken.isdisjoint(index) and self.asked[_taken_from(adjoint)] == 1
            taken.update(index)
            if fresh and parameter.steps is not None and len(set(index)) == len(index):
                self._settle(adjoint, Place(self.gradient, parameter.steps))

    def _settle_parts(self, x: Node) -> None:
        """Parts that share no entry are computed in the buffer of what they are parts of."""
        if x in self.numbers or not x.index or not is_apart(x) or (x in self.settled and not is_full(x)):
            return
        place = self.settled.get(x)
        if place is None:
            place = self.settled[x] = Place(Buffer(x.entries, x.batched, last=x in self.turned), row_major(x.entries))
            place.buffer.zeros = place.buffer.kept = not is_full(x)
        for part, index in zip(x.operands, x.index):
            inside = place.inside(index)
            if inside is not None and not self.asked[_taken_from(part)]:
                self._settle(part, inside)

    def _settle(self, x: Node, place: Place) -> None:
        """Let x be computed in this place, if it can be."""
        if x in self.settled or x in self.numbers or x.batched != place.buffer.batched:
            return
        if x.kind == "take" and x.index and _permutes(x):  # then its operand can be computed here
            index = np.empty(x.size, dtype=int)
            index[x.index[0].ravel()] = place.steps.entries.ravel()
            steps = as_steps(index.reshape(x.operands[0].entries))
            if steps is not None:
                self._settle(x.operands[0], Place(place.buffer, steps))
        elif x.kind == "contract" and len(x.operands) == 2:
            if stacked(self._axes(x, place), x) is not None:
                self.settled[x] = place
        elif x.kind == "put":
            if place.steps.in_one_piece:
                self.settled[x] = place
        elif x.kind in ("map", "contract", "reduce") or (x.kind == "take" and x.steps is None):
            self.settled[x] = place

    # --- where everything else lies ---

    def _axes(self, x: Node, place: Place) -> Axes:
        """The axes of a result that lies there."""
        return axes(x, x.letters[-1], place.steps, place.buffer.size, last=place.buffer.last)

    def _place(self, x: Node) -> Place:
        if x.kind == "part":
            body, position = x.operands[0].body, x.position
            assert body is not None and position is not None
            return self.loops[x.operands[0]].place(body.results[position])
        if x.kind == "parameter" and x.steps is not None:
            return Place(self.theta, x.steps)
        if x.kind == "take" and x.index and x.operands[0] in self.places:
            found = self.places[x.operands[0]].inside(x.index[0])
            if found is not None:
                return found
        shape, steps, last = x.entries, row_major(x.entries), x in self.turned
        if x.kind == "contract":
            if last and stacked(self._axes(x, Place(Buffer(shape, True, last=True), steps)), x) is None:
                last = False
            if not last:
                shape, steps = laid_out(x)
        elif x.kind == "map" or x.row is SOFTMAX:  # as its first operand of this shape: the one can be written over the other
            alike = [self.places[y] for y in x.operands if y.shape == x.shape and y in self.places]
            if alike and alike[0].is_transposed:
                shape, steps = alike[0].buffer.shape, alike[0].steps
            last = alike[0].buffer.last if alike else last
        given = x.kind == "input" or (x.kind == "seed" and self.wanted.weighted)
        last = last and x.kind not in ("input", "seed")
        return Place(Buffer(shape, x.batched, given=given, kept=x.kind in ("constant", "seed"), last=last), steps)


def _stretches_short_rows(x: Node) -> bool:
    """Whether x broadcasts its operands against each other along short rows: differences of all points and all centres in
    a plane, say. NumPy goes along the last axis in memory, which should be the batch then."""
    if x.kind != "map" or not x.batched or len(x.entries) < 2 or not 1 < x.entries[-1] < SHORT:
        return False
    return any(1 < y.size < x.size for y in x.operands if y.batched) and any(y.size > 1 for y in x.operands if not y.batched)


def _permutes(x: Node) -> bool:
    """Whether a take has all entries of its operand, each once."""
    return x.size == x.operands[0].size == len(np.unique(x.index[0]))


def _taken_from(x: Node) -> Node:
    """What a take, and a take of that, is taken from."""
    while x.kind == "take" and x.index:
        (x,) = x.operands
    return x


def is_apart(x: Node) -> bool:
    """Whether no two numbers are put in one place."""
    everything = np.concatenate([index.ravel() for index in x.index])
    return len(np.unique(everything)) == len(everything)


def is_full(x: Node) -> bool:
    """Whether something is put in every place."""
    return len(np.unique(np.concatenate([index.ravel() for index in x.index]))) == x.size
