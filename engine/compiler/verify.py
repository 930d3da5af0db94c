"""The checker that follows every pass on instructions: whether they are a program, by the grammar of the package."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .instructions import IllFormed, Instruction, Shape

OPERANDS = {"input": 0, "parameter": 0, "constant": 0, "seed": 0, "reduce": 1, "transpose": 1, "reshape": 1, "take": 1,
            "sum_to": 1, "total": 1, "apply": 2, "outer": 2, "inner": 2}  # fmt: skip


def verify(order: Sequence[Instruction], parameters: int) -> None:
    """Raise IllFormed, naming the instruction and what is wrong, unless this is a program with this many parameters."""
    seen: set[Instruction] = set()
    for x in order:
        complaint = _complaint(x, seen, parameters)
        if complaint:
            raise IllFormed(f"{x!r}: {complaint}")
        seen.add(x)


def _complaint(x: Instruction, seen: set[Instruction], parameters: int) -> str:
    """What is wrong with one instruction; nothing if it is well-formed."""
    if x in seen:
        return "appears twice"
    if not seen.issuperset(x.operands):
        return "comes before one of its operands"
    if x.kind in OPERANDS and len(x.operands) != OPERANDS[x.kind]:
        return f"has {len(x.operands)} operands; its kind takes {OPERANDS[x.kind]}"
    if x.kind not in OPERANDS and x.kind not in ("row", "slope", "concat", "assemble"):
        return "has an unknown kind"
    if x.kind in ("outer", "inner", "total", "parameter", "constant"):
        batched = False
    elif x.kind in ("input", "seed"):
        batched = True
    else:
        batched = any(operand.batched for operand in x.operands)
    if x.batched != batched and not (x.kind == "sum_to" and batched):
        return f"batched is {x.batched}, which its operands contradict"
    if x.kind in ("apply", "transpose") and x.operands[0].batched:
        return "has a matrix that differs from example to example"
    if x.kind in ("outer", "inner") and x.operands[0].batched != x.operands[1].batched:
        return "sums over a batch that only one operand has"
    if x.kind in ("row", "slope", "reduce") and x.row is None:
        return "has no row of the table"
    if x.kind in ("take", "parameter") and len(x.index) != 1:
        return f"has {len(x.index)} indices; it takes 1"
    wanted = _shape(x)
    if wanted is not None and wanted != x.shape:
        return f"has shape {x.shape}; its operands give {wanted}"
    return _bounds(x, parameters)


def _shape(x: Instruction) -> Shape | None:
    """The shape that follows from the operands; None if any will do; (-1,) if none fits."""
    shapes = [operand.shape for operand in x.operands]
    if x.kind in ("reduce", "outer", "concat", "apply") and not all(shapes):
        return (-1,)  # there is no last axis
    if x.kind in ("row", "slope"):
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            return (-1,)
    if x.kind == "seed":
        return (1,)
    if x.kind == "constant":
        return tuple(np.shape(x.number))
    if x.kind == "apply":
        matrix, a = shapes
        return (*a[:-1], matrix[0]) if len(matrix) == 2 and a[-1] == matrix[1] else (-1,)
    if x.kind == "outer":
        return (shapes[0][-1], shapes[1][-1]) if shapes[0][:-1] == shapes[1][:-1] else (-1,)
    if x.kind == "transpose":
        return shapes[0][::-1] if len(shapes[0]) == 2 else (-1,)
    if x.kind == "reduce":
        return (*shapes[0][:-1], 1)
    if x.kind == "concat":
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes)) if len({s[:-1] for s in shapes}) == 1 else (-1,)
    if x.kind in ("total", "inner"):
        return () if len(set(shapes)) == 1 else (-1,)
    if x.kind == "reshape":
        return x.shape if x.size == x.operands[0].size else (-1,)
    if x.kind == "sum_to":
        return x.shape if _stretches(x.shape, shapes[0]) else (-1,)
    return None


def _bounds(x: Instruction, parameters: int) -> str:
    """Whether indices fit what they index."""
    if x.kind in ("take", "parameter"):
        limit = parameters if x.kind == "parameter" else x.operands[0].size
        (index,) = x.index
        if index.shape != x.shape:
            return f"has an index of shape {index.shape}"
        return f"takes entries outside the {limit} that exist" if _outside(index, limit) else ""
    if x.kind == "assemble":
        if [index.shape for index in x.index] != [operand.shape for operand in x.operands]:
            return "has parts that do not have the shape of their index"
        return "adds parts outside its shape" if any(_outside(index, x.size) for index in x.index) else ""
    if x.kind == "row" and x.row is not None and x.row.arity != len(x.operands):
        return f"has {len(x.operands)} operands; {x.row.name} takes {x.row.arity}"
    if x.kind == "slope" and x.row is not None:
        if x.row.arity != len(x.operands) - 1:
            return f"has {len(x.operands) - 1} operands besides the result; {x.row.name} takes {x.row.arity}"
        if not 0 <= x.position < len(x.operands) - 1:
            return f"differentiates operand {x.position}, which does not exist"
    if x.kind == "reduce" and x.row is not None and x.row.arity is not None:
        return f"reduces an axis by {x.row.name}, which is not a reduction"
    return ""


def _stretches(shape: Shape, full: Shape) -> bool:
    """Whether an array of that shape can be broadcast to the full one."""
    try:
        return np.broadcast_shapes(shape, full) == full
    except ValueError:
        return False


def _outside(index: np.ndarray, limit: int) -> bool:
    return bool(index.size) and not (0 <= int(index.min()) <= int(index.max()) < limit)
