"""Pass 6: the backward pass, by the engine's own table of derivative rules, run on instructions.

The adjoint of x is ∂C/∂x for the cost C of a batch. It may have axes of length 1 where x is longer: it is then the same
along them, and is broadcast only where an instruction needs its full shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..backward import times
from .blocks import stretched
from .instructions import IllFormed, Instruction, reachable
from .passes import Compiled


class Adjoints:
    """The contributions to each adjoint so far: to the whole array, or to some entries only."""

    def __init__(self, needed: set[Instruction]) -> None:
        self.needed = needed
        self.whole: dict[Instruction, Instruction] = {}
        self.parts: dict[Instruction, list[tuple[Instruction, np.ndarray]]] = {}

    def add(self, x: Instruction, share: Instruction) -> None:
        """One more contribution to all of x; summed over the axes along which x was broadcast."""
        if x not in self.needed:
            return
        if share.batched != x.batched or len(share.shape) > len(x.shape):
            share = share.builder.sum_to(share, x.shape, x.batched)
        before = self.whole.get(x)
        self.whole[x] = share if before is None else before + share

    def add_part(self, x: Instruction, share: Instruction, index: np.ndarray) -> None:
        """One more contribution to some entries of x."""
        if x in self.needed:
            self.parts.setdefault(x, []).append((share, index))

    def of(self, x: Instruction) -> Instruction | None:
        """The adjoint, once everything has arrived; None if nothing has."""
        whole, parts = self.whole.get(x), self.parts.get(x)
        if parts is None:
            return whole
        assembled = x.builder.assemble(x.shape, [share for share, _ in parts], [index for _, index in parts])
        return assembled if whole is None else full(whole, x) + assembled


def full(adjoint: Instruction, x: Instruction) -> Instruction:
    """The adjoint in x's full shape."""
    if adjoint.shape == x.shape:
        return adjoint
    return adjoint.builder.take(adjoint, stretched(adjoint.shape, x.shape))


def differentiate(
    seeds: Sequence[tuple[Instruction, Instruction]], wrt: Iterable[Instruction]
) -> dict[Instruction, Instruction]:
    """The adjoint of everything between the outputs and the instructions in `wrt`, given what arrives at each output.

    Those of `wrt` have their full shape; an instruction that no gradient reaches has none.
    """
    wrt = set(wrt)
    order = reachable(output for output, _ in seeds)
    needed: set[Instruction] = set()
    for x in order:
        if x in wrt or not needed.isdisjoint(x.operands):
            needed.add(x)
    adjoints = Adjoints(needed)
    for output, seed in seeds:
        adjoints.add(output, seed)
    found = {}
    for x in reversed(order):
        adjoint = adjoints.of(x) if x in needed else None
        if adjoint is None:
            continue
        found[x] = full(adjoint, x) if x in wrt else adjoint
        if x not in wrt:
            BACKWARD[x.kind](x, adjoint, adjoints)
    return found


class Backward(NamedTuple):
    """Each parameter instruction with its derivative, and the inputs' derivatives, where there are any; and all adjoints."""

    gradients: list[tuple[Instruction, Instruction]]
    inputs: dict[int, Instruction]
    adjoints: dict[Instruction, Instruction]

    @property
    def ends(self) -> list[Instruction]:
        """All the derivatives that were asked for."""
        return [*(adjoint for _, adjoint in self.gradients), *self.inputs.values()]


def weight_of(compiled: Compiled) -> Instruction:
    """The adjoint of the cost: the weight of the example; if the cost is the same for all examples, the sum of their weights."""
    builder = compiled.builder
    if not compiled.arguments:
        return builder.constant(1.0)
    return builder.seed() if compiled.outputs.batched else builder.sum_to(builder.seed(), (1,), False)


def backward(compiled: Compiled, *, inputs: bool = False) -> Backward:
    """The derivatives of the cost of a batch, with matrices first; the errors ∂C/∂z get their names, δ1, δ2, ..."""
    cost, builder = compiled.outputs, compiled.builder
    seeds = [(cost, weight_of(compiled))]
    if compiled.penalty is not None:
        seeds.append((compiled.penalty, builder.constant(1.0)))
    leaves = [x for x in reachable(x for x, _ in seeds) if x.kind == "parameter" or (inputs and x.kind == "input")]
    adjoints = differentiate(seeds, leaves)
    for x, adjoint in adjoints.items():
        if x.name.startswith("z") and x.kind in ("row", "apply") and not adjoint.name and adjoint.kind in ("row", "apply"):
            adjoint.name = "δ" + x.name[1:]
        elif x in compiled.labelled and x is not cost and adjoint.operands and not adjoint.name:
            adjoint.name = f"∂{compiled.cost}/∂{x.name}"
    arrived = [x for x in leaves if x in adjoints]
    gradients = [(x, adjoints[x]) for x in arrived if x.kind == "parameter"]
    gradients.sort(key=lambda both: (len(both[0].shape) < 2, both[0].size))
    return Backward(gradients, {x.position: adjoints[x] for x in arrived if x.kind == "input"}, adjoints)


def _row(x: Instruction, adjoint: Instruction, adjoints: Adjoints) -> None:
    """adjoint · ∂x/∂operand, the derivative being the row's own rule."""
    row = x.row
    assert row is not None  # an elementwise operation has a row
    for position, operand in enumerate(x.operands):
        if operand not in adjoints.needed:
            continue
        if row.primed:  # f'(z), one instruction; all other derivatives are written out
            slope: Instruction | float = x.builder.slope(row, position, x, x.operands)
        else:
            slope = row.derivative(x, x.operands, position)
        share = times(adjoint, slope)
        if isinstance(share, float):  # a slope of 0: nothing flows back
            continue
        if operand.shape != x.shape or operand.batched != x.batched:
            whole = full(share, x)
            share = whole.builder.sum_to(whole, operand.shape, operand.batched)
        adjoints.add(operand, share)


def _apply(x: Instruction, adjoint: Instruction, adjoints: Adjoints) -> None:
    """y = W a:  ∂C/∂W = δ aᵀ,  ∂C/∂a = Wᵀ δ."""
    matrix, a = x.operands
    delta, b = full(adjoint, x), x.builder
    if matrix in adjoints.needed:
        adjoints.add(matrix, b.outer(delta, a))
    if a in adjoints.needed:
        adjoints.add(a, b.apply(b.transpose(matrix), delta))


def _transpose(x: Instruction, adjoint: Instruction, adjoints: Adjoints) -> None:
    adjoints.add(x.operands[0], x.builder.transpose(full(adjoint, x)))


def _reduce(x: Instruction, adjoint: Instruction, adjoints: Adjoints) -> None:
    """One operand stands for the whole axis, and so does the one slope that the row's rule gives."""
    (axis,) = x.operands
    (slope,) = x.row.derivatives[0](x, axis)  # type: ignore[union-attr]  # a reduction has a row
    share = times(adjoint, slope)
    adjoints.add(axis, share if isinstance(share, Instruction) else x.builder.lift(share))


def _reshape(x: Instruction, adjoint: Instruction, adjoints: Adjoints) -> None:
    if adjoint.size == 1:  # the same for all entries, whatever their shape
        adjoints.add(x.operands[0], x.builder.reshape(adjoint, (1,)))
    else:
        adjoints.add(x.operands[0], x.builder.reshape(full(adjoint, x), x.operands[0].shape))


def _take(x: Instruction, adjoint: Instruction, adjoints: Adjoints) -> None:
    adjoints.add_part(x.operands[0], full(adjoint, x), x.index[0])


def _concat(x: Instruction, adjoint: Instruction, adjoints: Adjoints) -> None:
    delta, start = full(adjoint, x), 0
    places = np.arange(x.size).reshape(x.shape)
    for part in x.operands:
        end = start + part.shape[-1]
        adjoints.add(part, x.builder.take(delta, np.ascontiguousarray(places[..., start:end])))
        start = end


def _leaf(x: Instruction, adjoint: Instruction, adjoints: Adjoints) -> None:
    raise IllFormed(f"{x!r} is differentiated, but no rule for this kind is known")


BACKWARD = {
    "row": _row, "apply": _apply, "transpose": _transpose, "reduce": _reduce, "reshape": _reshape, "take": _take,
    "concat": _concat, "parameter": _leaf, "input": _leaf, "constant": _leaf, "slope": _leaf,
}  # fmt: skip
