"""Instructions: what a program consists of. A builder makes them; equal ones are made once.

An instruction is data: its kind, its ordered operands, and what else the kind needs. It stands for an array whose `shape`
is that of one example; a `batched` one has a value for each example, in rows (n, *shape), any other has one value for all.

Since an instruction takes part in arithmetic like a number, the rules of engine's table run on it: running a derivative
rule on instructions writes the backward pass.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..interpreter import Interpreter
from ..primitive import Primitive

Shape = tuple[int, ...]


class IllFormed(Exception):
    """A program breaks the grammar: the compiler has a bug. `verify` says where."""


class Instruction(Interpreter):
    """One line of a program; the package's docstring lists the kinds.

    row       of kinds "row", "slope", "reduce": the row of the table
    position  of "slope": with respect to which operand; of "input": which argument
    index     of "take" and "parameter": which entries, an array of the instruction's shape; of "assemble": one for each
              operand
    number    of "constant": the numbers
    name      what it is called in what is printed; given when the program is complete
    """

    __slots__ = ("batched", "builder", "index", "kind", "name", "number", "operands", "position", "row", "serial", "shape")

    def __init__(
        self, builder: Builder, kind: str, operands: tuple[Instruction, ...], shape: Shape, batched: bool, *,
        row: Primitive | None = None, position: int = 0, index: tuple[np.ndarray, ...] = (), number: Any = None,
    ) -> None:  # fmt: skip
        self.builder, self.kind, self.operands, self.shape, self.batched = builder, kind, operands, shape, batched
        self.row, self.position, self.index, self.number = row, position, index, number
        self.name = ""
        self.serial = -1  # its place in the order in which they are made

    @property
    def size(self) -> int:
        """How many numbers there are, for one example."""
        return math.prod(self.shape)

    def is_row(self, *rows: Primitive) -> bool:
        """Whether this is an elementwise operation of one of these rows."""
        return self.kind == "row" and self.row in rows

    @property
    def scalar(self) -> float | None:
        """The number, if this is a constant of one number without a shape."""
        return self.number if self.kind == "constant" and self.shape == () else None

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Instruction:
        """A row of the table, applied to instructions and numbers.

        A row over any number of operands is given one operand here, which stands for a whole axis.
        """
        lifted = [self.builder.lift(operand) for operand in operands]
        if row.arity is None:
            (axis,) = lifted
            return self.builder.reduce(row, axis)
        return self.builder.elementwise(row, *lifted)

    def __repr__(self) -> str:
        what = self.row.name if self.row else ""
        rows = ("n", *self.shape) if self.batched else self.shape
        return f"{self.name or f'#{self.serial}'} = {self.kind} {what}({', '.join(f'#{x.serial}' for x in self.operands)}) {rows}"


Rule = Callable[["Builder", Instruction], "Instruction | None"]


class Builder:
    """Makes instructions. Equal instructions are made once, and each new one is first offered to the rules."""

    def __init__(self, rules: Sequence[tuple[str, Rule]] = ()) -> None:
        self.rules = rules
        self.fired: Counter[str] = Counter()
        self.made: dict[Any, Instruction] = {}

    def make(self, kind: str, operands: Iterable[Instruction], shape: Shape, batched: bool, **more: Any) -> Instruction:
        """The instruction, simplified by the first rule that applies."""
        candidate = Instruction(self, kind, tuple(operands), tuple(int(d) for d in shape), batched, **more)
        key = _key(candidate)
        if key in self.made:
            return self.made[key]
        for name, rule in self.rules:
            better = rule(self, candidate)
            if better is not None:
                self.fired[name] += 1
                self.made[key] = better
                return better
        candidate.serial = len(self.made)
        self.made[key] = candidate
        return candidate

    # --- leaves ---

    def lift(self, number: Any) -> Instruction:
        """A number as a constant; an instruction is one already."""
        return number if isinstance(number, Instruction) else self.constant(float(number))

    def constant(self, number: Any) -> Instruction:
        """Numbers that are known when the program is compiled."""
        array = np.asarray(number, dtype=float)
        return self.make("constant", (), array.shape, False, number=array if array.ndim else float(number))

    def input(self, position: int, shape: Shape) -> Instruction:
        """What a batch brings for one argument of the function."""
        return self.make("input", (), shape, True, position=position)

    def parameter(self, index: np.ndarray) -> Instruction:
        """These entries of the vector of all parameters."""
        return self.make("parameter", (), index.shape, False, index=(index,))

    def seed(self) -> Instruction:
        """The weight of each example in the cost of the batch: 1/n for the mean."""
        return self.make("seed", (), (1,), True)

    # --- elementwise ---

    def elementwise(self, row: Primitive, *operands: Instruction) -> Instruction:
        """A row of the table on each entry; shapes broadcast as in NumPy, from the right.

        The batch is one more axis, in front; so a batched operand gets as many axes as the result has.
        """
        shape = np.broadcast_shapes(*[x.shape for x in operands])
        ranked = [
            self.reshape(x, (1,) * (len(shape) - len(x.shape)) + x.shape) if x.batched and len(x.shape) < len(shape) else x
            for x in operands
        ]
        return self.make("row", ranked, shape, any(x.batched for x in operands), row=row)

    def slope(self, row: Primitive, position: int, result: Instruction, operands: Sequence[Instruction]) -> Instruction:
        """A row's derivative with respect to one operand, kept as one instruction: σ'(z)."""
        return self.make("slope", (result, *operands), result.shape, result.batched, row=row, position=position)

    # --- along the last axis ---

    def reduce(self, row: Primitive, x: Instruction) -> Instruction:
        """fsum, logsumexp, amax or amin over the last axis, which is kept with length 1."""
        return self.make("reduce", (x,), (*x.shape[:-1], 1), x.batched, row=row)

    def apply(self, matrix: Instruction, x: Instruction) -> Instruction:
        """W x: y[..., r] = Σ_k W[r, k]·x[..., k]."""
        return self.make("apply", (matrix, x), (*x.shape[:-1], matrix.shape[0]), x.batched)

    def outer(self, delta: Instruction, x: Instruction) -> Instruction:
        """δ xᵀ: M[r, k] = Σ δ[..., r]·x[..., k], summed over all other axes and over the batch."""
        return self.make("outer", (delta, x), (delta.shape[-1], x.shape[-1]), False)

    def transpose(self, matrix: Instruction) -> Instruction:
        """Wᵀ."""
        return self.make("transpose", (matrix,), matrix.shape[::-1], matrix.batched)

    # --- moving entries ---

    def reshape(self, x: Instruction, shape: Shape) -> Instruction:
        """The same entries in the same order in another shape."""
        return self.make("reshape", (x,), shape, x.batched)

    def take(self, x: Instruction, index: np.ndarray) -> Instruction:
        """x's entries (in row-major order) at these places."""
        return self.make("take", (x,), index.shape, x.batched, index=(index,))

    def concat(self, parts: Sequence[Instruction]) -> Instruction:
        """The parts side by side along the last axis."""
        if len(parts) == 1:
            return parts[0]
        return self.make("concat", parts, (*parts[0].shape[:-1], sum(x.shape[-1] for x in parts)),
                         any(x.batched for x in parts))  # fmt: skip

    def assemble(self, shape: Shape, parts: Sequence[Instruction], indices: Sequence[np.ndarray]) -> Instruction:
        """Zeros of that shape, to which each part is added at its index: a scatter, the adjoint of takes."""
        batched = any(x.batched for x in parts)
        return self.make("assemble", parts, shape, batched, index=tuple(indices))

    # --- sums ---

    def sum_to(self, x: Instruction, shape: Shape, batched: bool) -> Instruction:
        """Sum over the axes along which an operand of that shape was broadcast, the batch included."""
        return self.make("sum_to", (x,), shape, batched)

    def inner(self, x: Instruction, y: Instruction) -> Instruction:
        """The sum of the products of all entries of all examples."""
        return self.make("inner", (x, y), (), False)

    def total(self, x: Instruction) -> Instruction:
        """The sum over all entries of all examples."""
        return self.make("total", (x,), (), False)


def _key(x: Instruction) -> Any:
    number = x.number.tobytes() if isinstance(x.number, np.ndarray) else repr(x.number)
    indices = tuple((index.shape, index.tobytes()) for index in x.index)
    return x.kind, x.row, x.position, x.shape, x.batched, tuple(map(id, x.operands)), indices, number


def reachable(outputs: Iterable[Instruction]) -> list[Instruction]:
    """Every instruction that the outputs need, operands first, otherwise in the order in which they were made."""
    found: set[Instruction] = set()
    stack = list(outputs)
    while stack:
        x = stack.pop()
        if x not in found:
            found.add(x)
            stack.extend(x.operands)
    return sorted(found, key=lambda x: x.serial)


def is_seed(x: Instruction) -> bool:
    """Whether x is the weight of an example, perhaps with axes of length 1 added."""
    return x.kind == "seed" or (x.kind == "reshape" and x.operands[0].kind == "seed")


def constant_scale(x: Instruction) -> tuple[float, Instruction]:
    """x as a number times the rest: (c, y) for c·y."""
    if x.is_row(ops.mul) and x.operands[0].scalar is not None:
        return x.operands[0].scalar, x.operands[1]
    return 1.0, x
