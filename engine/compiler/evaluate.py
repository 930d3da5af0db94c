"""A program as a pure function of parameters and batch: the instructions are run one after the other.

Nothing is written in place and no buffers are kept, so any module of arrays that has NumPy's functions can be given as
`xp`: jax.numpy, say, under its jit (except for the error function, which is Python's). The tests compare the faster programs
with it, and it finds the first block that becomes inf or nan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..on_arrays import REDUCTIONS, Array
from .instructions import Instruction
from .scatter import collected


def evaluate(
    order: Sequence[Instruction], parameters: Any, batch: Sequence[Any], seed: Any = 1.0, xp: Any = np
) -> Iterator[tuple[Instruction, Any]]:
    """Each instruction with its value: (n, *shape) where it is batched, else its shape."""
    n = len(batch[0]) if batch else 1
    known: dict[Instruction, Any] = {}
    for x in order:
        known[x] = _value(x, [known[operand] for operand in x.operands], parameters, batch, seed, n, xp)
        yield x, known[x]


def _value(x: Instruction, operands: list[Any], parameters: Any, batch: Sequence[Any], seed: Any, n: int, xp: Any) -> Any:
    rows = (n,) if x.batched else ()
    whole = (*rows, *x.shape)
    if x.kind == "input":
        return batch[x.position]
    if x.kind == "parameter":
        return parameters[x.index[0]]
    if x.kind == "constant":
        return xp.asarray(x.number, dtype=parameters.dtype)
    if x.kind == "seed":
        return xp.broadcast_to(xp.asarray(seed, dtype=parameters.dtype).reshape(-1, 1), (n, 1))
    if x.kind == "row" or x.kind == "slope":
        return xp.broadcast_to(apply_row(x, operands, xp), whole)
    (first, *others) = operands
    if x.kind == "reduce":
        return REDUCTIONS[x.row.name](first, xp)  # type: ignore[union-attr]  # a reduction has a row
    if x.kind == "apply":
        return others[0] @ first.T
    if x.kind == "outer":
        return first.reshape(-1, first.shape[-1]).T @ others[0].reshape(-1, others[0].shape[-1])
    if x.kind == "transpose":
        return first.T
    if x.kind == "reshape":
        return first.reshape(whole)
    if x.kind == "take":
        return first.reshape(*rows, -1)[..., x.index[0]]
    if x.kind == "concat":
        parts = [xp.broadcast_to(v, (*rows, *o.shape)) for v, o in zip(operands, x.operands)]
        return xp.concatenate(parts, axis=-1)
    if x.kind == "assemble":
        return _assembled(x, operands, rows, xp)
    if x.kind == "sum_to":
        return _summed(first, x, xp)
    return xp.sum(first * others[0] if x.kind == "inner" else first)  # else total


def apply_row(x: Instruction, operands: list[Any], xp: Any) -> Any:
    """A row, or the derivative of one, on arrays."""
    assert x.row is not None  # called for kinds that have one
    arrays = [Array(value, xp) for value in operands]
    with np.errstate(all="ignore"):
        if x.kind == "slope":
            result = x.row.derivative(arrays[0], arrays[1:], x.position)
        else:
            result = arrays[0]._compute(x.row, tuple(arrays))
    return result.value if isinstance(result, Array) else result


def _assembled(x: Instruction, parts: list[Any], rows: tuple[int, ...], xp: Any) -> Any:
    """Each entry of the result adds up what is scattered to it; entries that get fewer terms are padded with zeros."""
    flat = [xp.broadcast_to(part, (*rows, *index.shape)).reshape((*rows, -1)) for part, index in zip(parts, x.index)]
    everything = xp.concatenate([*flat, xp.zeros((*rows, 1), dtype=flat[0].dtype)], axis=-1)
    order, starts, targets = collected(np.concatenate([index.ravel() for index in x.index]))
    counts = np.diff([*starts, len(order)])
    sources = np.full((x.size, counts.max(initial=1)), len(order))
    for target, start, count in zip(targets, starts, counts):
        sources[target, :count] = order[start : start + count]
    return xp.sum(everything[..., sources], axis=-1).reshape((*rows, *x.shape))


def _summed(value: Any, x: Instruction, xp: Any) -> Any:
    (operand,) = x.operands
    if operand.batched and not x.batched:
        value = xp.sum(value, axis=0)
    ahead = 1 if x.batched else 0
    while value.ndim - ahead > len(x.shape):
        value = xp.sum(value, axis=ahead)
    for axis, length in enumerate(x.shape):
        if length == 1 and value.shape[ahead + axis] != 1:
            value = xp.sum(value, axis=ahead + axis, keepdims=True)
    return value
