"""Pass 8: the backward pass, by the engine's own table of derivative rules.

The adjoint of x is ∂C/∂x for the cost C of a batch. It may have axes of length 1 where x is longer: it is then the same
along them, and is broadcast only where a node needs its full shape.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from .. import ops
from ..backward import times
from .nodes import LETTERS, SOFTMAX, Body, IllFormed, Node, reachable, substituted
from .passes import Compiled


class Adjoints:
    """The contributions to each adjoint so far: to the whole array, or to some entries only."""

    def __init__(self, needed: set[Node]) -> None:
        self.needed = needed
        self.whole: dict[Node, Node] = {}
        self.parts: dict[Node, list[tuple[Node, np.ndarray]]] = {}
        self.results: dict[Node, dict[int, Node]] = {}  # of a loop: the adjoint of each result

    def add(self, x: Node, share: Node) -> None:
        """One more contribution to all of x; summed over the axes along which x was broadcast."""
        if x not in self.needed:
            return
        if share.batched != x.batched or len(share.shape) > len(x.shape):
            share = share.builder.shrink(share, x.shape)
        before = self.whole.get(x)
        self.whole[x] = share if before is None else before + share

    def add_part(self, x: Node, share: Node, index: np.ndarray) -> None:
        """One more contribution to some entries of x."""
        if x in self.needed:
            self.parts.setdefault(x, []).append((share, index))

    def of(self, x: Node) -> Node | None:
        """The adjoint, once everything has arrived; None if nothing has."""
        whole, parts = self.whole.get(x), self.parts.get(x)
        if parts is None:
            return whole
        assembled = x.builder.put(x.entries, [share for share, _ in parts], [index for _, index in parts])
        return assembled if whole is None else full(whole, x) + assembled


def full(adjoint: Node, x: Node) -> Node:
    """The adjoint in x's full shape."""
    return adjoint.builder.stretch(adjoint, x.shape)


def differentiate(
    seeds: Sequence[tuple[Node, Node]], wrt: Iterable[Node]
) -> dict[Node, Node]:
    """The adjoint of everything between the outputs and the nodes in `wrt`, given what arrives at each output.

    Those of `wrt` have their full shape; a node that no gradient reaches has none.
    """
    wrt = set(wrt)
    order = reachable(output for output, _ in seeds)
    needed: set[Node] = set()
    for x in order:
        if x in wrt or not needed.isdisjoint(x.operands):
            needed.add(x)
    adjoints = Adjoints(needed)
    for output, seed in seeds:
        adjoints.add(output, seed)
    found = {}
    for x in reversed(order):
        if x in adjoints.results:
            _loop(x, adjoints.results[x], adjoints)
        adjoint = adjoints.of(x) if x in needed else None
        if adjoint is None:
            continue
        found[x] = full(adjoint, x) if x in wrt else adjoint
        if x not in wrt:
            BACKWARD[x.kind](x, adjoint, adjoints)
    return found


class Backward(NamedTuple):
    """Each parameter node with its derivative, and the inputs' derivatives, where there are any; and all adjoints."""

    gradients: list[tuple[Node, Node]]
    inputs: dict[int, Node]
    adjoints: dict[Node, Node]

    @property
    def ends(self) -> list[Node]:
        """All the derivatives that were asked for."""
        return [*(adjoint for _, adjoint in self.gradients), *self.inputs.values()]


def weight_of(compiled: Compiled) -> Node:
    """The adjoint of the cost: the weight of the example; if the cost is the same for all examples, the sum of their weights."""
    builder = compiled.builder
    if not compiled.arguments:
        return builder.constant(1.0)
    seed = builder.view(builder.seed(), compiled.outputs.entries)
    return seed if compiled.outputs.batched else builder.contract("n->", builder.seed())


def backward(compiled: Compiled, *, inputs: bool = False) -> Backward:
    """The derivatives of the cost of a batch, with matrices first; the errors ∂C/∂z get their names, δ1, δ2, ..."""
    cost, builder = compiled.outputs, compiled.builder
    seeds = [(cost, weight_of(compiled))]
    if compiled.penalty is not None:
        seeds.append((compiled.penalty, builder.constant(1.0)))
    leaves = [x for x in reachable(x for x, _ in seeds) if x.kind == "parameter" or (inputs and x.kind == "input")]
    adjoints = differentiate(seeds, leaves)
    for x, adjoint in adjoints.items():
        adjoint = adjoint.operands[0] if adjoint.is_view else adjoint
        if x.name.startswith("z") and x.kind in ("map", "contract") and not adjoint.name and adjoint.kind in ("map", "contract"):
            adjoint.name = "δ" + x.name[1:]
        elif x in compiled.labelled and x is not cost and adjoint.operands and not adjoint.name:
            adjoint.name = f"∂{compiled.cost}/∂{x.name}"
    arrived = [x for x in leaves if x in adjoints]
    gradients = [(x, adjoints[x]) for x in arrived if x.kind == "parameter"]
    gradients.sort(key=lambda both: (len(both[0].shape) < 2, both[0].size))
    return Backward(gradients, {x.position or 0: adjoints[x] for x in arrived if x.kind == "input"}, adjoints)


def _map(x: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """adjoint · ∂x/∂operand, the derivative being the row's own rule."""
    row = x.row
    assert row is not None and x.position is None  # the backward pass is not differentiated again
    for position, operand in enumerate(x.operands):
        if operand not in adjoints.needed:
            continue
        if row.primed:  # f'(z), one node; all other derivatives are written out
            slope: Node | float = x.builder.slope(row, position, x, x.operands)
        else:
            slope = row.derivative(x, x.operands, position)
        share = times(adjoint, slope)
        if isinstance(share, float):  # a slope of 0: nothing flows back
            continue
        if operand.shape != x.shape:
            share = x.builder.shrink(full(share, x), operand.shape)
        adjoints.add(operand, share)


def _contract(x: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """Contract what arrives with the other operand, onto the letters of this one.

    y = W a, "nk,rk->nr":  ∂C/∂W = δ aᵀ, "nr,nk->rk";  ∂C/∂a = Wᵀ δ, "nr,rk->nk". What arrives may be the same along an
    axis, and have length 1 there: that letter is left out. So is a letter that nobody else has, along which x was summed.
    """
    *letters, result = x.letters
    b = x.builder
    if len(adjoint.shape) != len(x.shape):
        adjoint = full(adjoint, x)
    whole = [length == known for length, known in zip(adjoint.shape, x.shape)]
    arrived = "".join(c for c, kept in zip(result, whole) if kept)
    adjoint = b.view(adjoint, [length for c, length in zip(result, adjoint.shape) if c in arrived and c != "n"])
    for place, operand in enumerate(x.operands):
        if operand not in adjoints.needed:
            continue
        others = [(y, word) for j, (y, word) in enumerate(zip(x.operands, letters)) if j != place]
        known = {c for word in (arrived, *(word for _, word in others)) for c in word}
        got = "".join(c for c in letters[place] if c in known)
        words = [arrived, *(word for _, word in others)]
        share = b.contract(f"{','.join(words)}->{got}", adjoint, *(y for y, _ in others))
        lengths = [d if c in got else 1 for c, d in zip(letters[place], operand.shape) if c != "n"]
        share = b.view(share, lengths)
        adjoints.add(operand, share)


def _reduce(x: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """One operand stands for the whole axis, and so does the one slope that the row's rule gives."""
    (axis,) = x.operands
    if x.row is SOFTMAX:  # a = softmax(z): ∂C/∂z = a ⊙ (δ - Σ a ⊙ δ)
        delta = full(adjoint, x)
        adjoints.add(axis, x * (delta - x.builder.reduce(ops.fsum, x * delta)))
        return
    (slope,) = x.row.derivatives[0](x, axis)  # type: ignore[union-attr]  # a reduction has a row
    share = times(adjoint, slope)
    adjoints.add(axis, share if isinstance(share, Node) else x.builder.lift(share))


def _take(x: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """Each entry goes back to where it was taken from. Of a view, nothing but the shape changes."""
    if len(x.operands) == 2:
        table, number = x.operands
        adjoints.add(table, x.builder.make("put", (full(adjoint, x), number), table.shape))
    elif not x.is_view:
        adjoints.add_part(x.operands[0], full(adjoint, x), x.index[0])
    elif adjoint.size == 1:  # the same for all entries, whatever their shape
        adjoints.add(x.operands[0], x.builder.view(adjoint, (1,) * min(1, len(x.operands[0].entries))))
    else:
        adjoints.add(x.operands[0], x.builder.view(full(adjoint, x), x.operands[0].entries))


def _put(x: Node, adjoint: Node, adjoints: Adjoints) -> None:
    """Each part gets what arrived where it was put."""
    for part, index in zip(x.operands, x.index):
        adjoints.add(part, x.builder.take(full(adjoint, x), index))


def _part(x: Node, adjoint: Node, adjoints: Adjoints) -> None:
    assert x.position is not None
    adjoints.results.setdefault(x.operands[0], {})[x.position] = full(adjoint, x)


def _loop(x: Node, arrived: dict[int, Node], adjoints: Adjoints) -> None:
    """A loop that runs the other way: backpropagation through time.

    It carries the adjoints of the states. What each step reads of the forward loop, it reads from what was kept of it. What
    arrives at things that are the same for all steps is summed outside: Σ_t δ[t] h[t-1]ᵀ is one contraction over batch and time.
    """
    body, b = x.body, x.builder
    assert body is not None
    carried = [b.hole(hole.shape) for hole in body.states]
    slices: dict[Node, Node] = {}  # what stands for a slice of which sequence
    seeds = list(zip(body.following, carried))
    count = len(body.states)
    first: list[Node] = [b.constant(0.0)] * count
    for position, delta in arrived.items():
        result = body.results[position]
        end = _at_the_end(delta, body) if result in body.following else None
        if end is not None:  # the cost reads the last state alone: so the way back begins
            first[body.following.index(result)] = end
            continue
        hole = b.hole(body.results[position].shape)
        slices[hole] = delta
        seeds.append((body.results[position], hole))
    sequences, outside = x.operands[count : count + len(body.slices)], x.operands[count + len(body.slices) :]
    given = [*zip(body.slices, sequences), *zip(outside, outside)]
    wrt = [*body.states, *(hole for hole, operand in given if operand in adjoints.needed)]
    within = differentiate(seeds, wrt)
    taped: dict[Node, Node] = {}
    forward = {*body.order, *body.states}

    def stand_in(y: Node) -> Node | None:
        """What stands in the backward body for a node of the forward one."""
        if y in taped:
            return taped[y]
        sequence = b.kept(x, y) if y in forward else dict(zip(body.slices, sequences)).get(y)
        if sequence is None or y.kind == "take":  # entries are taken again, not kept twice
            return None
        taped[y] = b.hole(y.shape)
        slices[taped[y]] = sequence
        return taped[y]

    zero = b.constant(0.0)
    moved = substituted([within.get(y, zero) for y in wrt], stand_in)
    new = dict(zip(wrt, moved))
    following = [b.stretch(new[hole], hole.shape) for hole in body.states]
    loop = b.loop(body.steps, carried, following, first, list(slices), list(slices.values()), moved,
                  backwards=not body.backwards)  # fmt: skip
    assert loop.body is not None
    last = body.steps - 1 if body.backwards else 0
    over_time = OverTime(loop, slices)
    for hole, begun, after in zip(body.states, x.operands, following):
        if begun in adjoints.needed:
            whole = over_time.kept(after)
            size = math.prod(hole.entries)
            places = np.arange(last * size, (last + 1) * size).reshape(hole.entries)
            adjoints.add(begun, b.shrink(b.take(whole, places), begun.shape))
    for hole, operand in given:
        if hole in within:
            share = over_time.kept(new[hole]) if hole is not operand else over_time.summed(new[hole])
            adjoints.add(operand, share)


def _at_the_end(delta: Node, body: Body) -> Node | None:
    """What arrives at a result, if it arrives at the last step that is computed, and nowhere else."""
    if delta.kind != "put" or len(delta.operands) != 1 or len(delta.index) != 1:
        return None
    size = delta.size // body.steps
    start = 0 if body.backwards else (body.steps - 1) * size
    (part,), (index,) = delta.operands, delta.index
    alone = part.batched == delta.batched and index.size == size and (index.ravel() == np.arange(start, start + size)).all()
    return part.builder.view(part, delta.entries[1:]) if alone else None


class OverTime:
    """What the body of a loop computes, for all steps at once."""

    def __init__(self, loop: Node, slices: dict[Node, Node]) -> None:
        assert loop.body is not None
        self.loop, self.slices, self.steps = loop, slices, loop.body.steps
        self.kept_here = set(loop.body.results)

    def depends(self, y: Node) -> bool:
        """Whether y differs from step to step."""
        return y in self.kept_here or y in self.slices

    def kept(self, y: Node) -> Node:
        """y of every step, stacked."""
        if y in self.slices:
            return self.slices[y]
        if y in self.kept_here:
            return y.builder.kept(self.loop, y)
        batch = y.shape[:1] if y.batched else ()
        ahead = y.builder.view(y, (1, *y.entries))
        return y.builder.stretch(ahead, (*batch, self.steps, *y.entries))

    def summed(self, y: Node) -> Node:
        """Σ_t y[t]; where y[t] is a contraction, time becomes one more of its letters."""
        b = y.builder
        if not self.depends(y):
            return b.map(ops.mul, b.constant(float(self.steps)), y)
        if y.is_map(ops.add):
            return b.map(ops.add, *(self.summed(operand) for operand in y.operands))
        if y.is_map(ops.neg) or (y.is_map(ops.mul) and y.operands[0].scalar is not None):
            return b.map(y.row, *y.operands[:-1], self.summed(y.operands[-1]))  # type: ignore[arg-type]  # it has a row
        if y.is_view:
            return b.view(self.summed(y.operands[0]), y.entries)
        if y.kind != "contract":
            word = ("n" if y.batched else "") + LETTERS[: len(y.entries)]
            time = ("n" if y.batched else "") + LETTERS[-1] + LETTERS[: len(y.entries)]
            return b.contract(f"{time}->{word}", self.kept(y))
        *letters, result = y.letters
        words, operands = [], []
        for word, operand in zip(letters, y.operands):
            later = self.depends(operand)
            operands.append(self.kept(operand) if later else operand)
            words.append(("n" if operand.batched else "") + LETTERS[-1] + word.removeprefix("n") if later else word)
        return b.contract(f"{','.join(words)}->{result}", *operands)


def _leaf(x: Node, adjoint: Node, adjoints: Adjoints) -> None:
    raise IllFormed(f"{x!r} is differentiated, but it is a leaf")


BACKWARD = {
    "map": _map, "contract": _contract, "reduce": _reduce, "take": _take, "put": _put, "part": _part,
    "parameter": _leaf, "input": _leaf, "constant": _leaf, "seed": _leaf,
}  # fmt: skip
