"""The rules by which a builder simplifies: one line each, with its algebra.

A rule looks at an instruction about to be made and returns a better one, or None. Its operands are already simplified. Where a
rule would change the shape of a result (1·x is x only if the other factor did not stretch it), it refuses.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import ops
from .instructions import Builder, Instruction, Rule, constant_scale, is_seed

RULES: list[tuple[str, Rule]] = []


def rule(algebra: str) -> Callable[[Rule], Rule]:
    """Add a rule under the line of algebra that it stands for."""

    def add(function: Rule) -> Rule:
        RULES.append((algebra, function))
        return function

    return add


def same(x: Instruction, result: Instruction) -> Instruction | None:
    """x in place of the result, if it has the result's form."""
    return x if x.shape == result.shape and x.batched == result.batched else None


def fits(c: float, d: float) -> bool:
    """Whether numbers are of a size that is safe to move: with others, c·(d·x) may exist where (c·d)·x does not."""
    return all(1e-30 < abs(number) < 1e30 or number == 0 for number in (c, d))


def seeded(x: Instruction) -> bool:
    """Whether x is something times the weight of its example."""
    return x.is_row(ops.mul) and is_seed(x.operands[0])


# --- numbers ---

@rule("f(2, 3) is a number")
def _fold(b: Builder, i: Instruction) -> Instruction | None:
    numbers = [x.scalar for x in i.operands if x.scalar is not None]
    if i.kind != "row" or i.row is None or not numbers or len(numbers) < len(i.operands):
        return None
    try:
        return b.constant(i.row.evaluate(*numbers))
    except ArithmeticError:
        return None  # the program itself will say so when it runs


@rule("x·c = c·x")
def _number_first(b: Builder, i: Instruction) -> Instruction | None:
    if i.is_row(ops.mul) and i.operands[1].scalar is not None and i.operands[0].scalar is None:
        return b.elementwise(ops.mul, i.operands[1], i.operands[0])
    return None


@rule("1·x = x")
def _one(b: Builder, i: Instruction) -> Instruction | None:
    return same(i.operands[1], i) if i.is_row(ops.mul) and i.operands[0].scalar == 1.0 else None


@rule("-1·x = -x")
def _minus_one(b: Builder, i: Instruction) -> Instruction | None:
    return b.elementwise(ops.neg, i.operands[1]) if i.is_row(ops.mul) and i.operands[0].scalar == -1.0 else None


@rule("x/1 = x")
def _over_one(b: Builder, i: Instruction) -> Instruction | None:
    return same(i.operands[0], i) if i.is_row(ops.div) and i.operands[1].scalar == 1.0 else None


@rule("x + 0 = 0 + x = x - 0 = x")
def _zero(b: Builder, i: Instruction) -> Instruction | None:
    if i.is_row(ops.add, ops.sub) and i.operands[1].scalar == 0.0:
        return same(i.operands[0], i)
    return same(i.operands[1], i) if i.is_row(ops.add) and i.operands[0].scalar == 0.0 else None


@rule("c·(d·x) = (c·d)·x")
def _numbers_together(b: Builder, i: Instruction) -> Instruction | None:
    if not i.is_row(ops.mul) or i.operands[0].scalar is None:
        return None
    c, (d, x) = i.operands[0].scalar, constant_scale(i.operands[1])
    return b.elementwise(ops.mul, b.constant(c * d), x) if d != 1.0 and fits(c, d) else None


@rule("x·(c·y) = (c·y)·x = c·(x·y)")
def _number_outside(b: Builder, i: Instruction) -> Instruction | None:
    if not i.is_row(ops.mul) or i.operands[0].scalar is not None:
        return None
    (c, x), (d, y) = constant_scale(i.operands[0]), constant_scale(i.operands[1])
    if (c, d) == (1.0, 1.0) or not fits(c, d):
        return None
    return b.elementwise(ops.mul, b.constant(c * d), b.elementwise(ops.mul, x, y))


# --- signs ---

@rule("-(-x) = x")
def _double_minus(b: Builder, i: Instruction) -> Instruction | None:
    return i.operands[0].operands[0] if i.is_row(ops.neg) and i.operands[0].is_row(ops.neg) else None


@rule("-(c·x) = (-c)·x and c·(-x) = (-c)·x")
def _minus_into_number(b: Builder, i: Instruction) -> Instruction | None:
    if i.is_row(ops.neg):
        c, x = constant_scale(i.operands[0])
        return None if c == 1.0 else b.elementwise(ops.mul, b.constant(-c), x)
    if i.is_row(ops.mul) and i.operands[0].scalar is not None and i.operands[1].is_row(ops.neg):
        return b.elementwise(ops.mul, b.constant(-i.operands[0].scalar), i.operands[1].operands[0])
    return None


@rule("(-x)·y = x·(-y) = -(x·y)")
def _minus_outside(b: Builder, i: Instruction) -> Instruction | None:
    if not i.is_row(ops.mul) or not any(x.is_row(ops.neg) for x in i.operands):
        return None
    bare = [x.operands[0] if x.is_row(ops.neg) else x for x in i.operands]
    product = b.elementwise(ops.mul, *bare)
    return product if all(x.is_row(ops.neg) for x in i.operands) else b.elementwise(ops.neg, product)


@rule("(-x)/y = -(x/y)")
def _minus_out_of_fraction(b: Builder, i: Instruction) -> Instruction | None:
    if i.is_row(ops.div) and i.operands[0].is_row(ops.neg):
        return b.elementwise(ops.neg, b.elementwise(ops.div, i.operands[0].operands[0], i.operands[1]))
    return None


@rule("x + (-y) = x - y, (-x) + y = y - x, x - (-y) = x + y")
def _minus_in_sum(b: Builder, i: Instruction) -> Instruction | None:
    if i.is_row(ops.add, ops.sub) and i.operands[1].is_row(ops.neg):
        return b.elementwise(ops.sub if i.row is ops.add else ops.add, i.operands[0], i.operands[1].operands[0])
    if i.is_row(ops.add) and i.operands[0].is_row(ops.neg):
        return b.elementwise(ops.sub, i.operands[1], i.operands[0].operands[0])
    return None


@rule("x + (-c)·y = x - c·y and (-c)·x + y = y - c·x, for c > 0")
def _negative_number_in_sum(b: Builder, i: Instruction) -> Instruction | None:
    if not i.is_row(ops.add):
        return None
    for x, y in (i.operands, i.operands[::-1]):
        c, rest = constant_scale(y)
        if c < 0:
            return b.elementwise(ops.sub, x, b.elementwise(ops.mul, b.constant(-c), rest))
    return None


@rule("x + x = 2·x")
def _twice(b: Builder, i: Instruction) -> Instruction | None:
    if i.is_row(ops.add) and i.operands[0] is i.operands[1]:
        return b.elementwise(ops.mul, b.constant(2.0), i.operands[0])
    return None


# --- the weight of an example moves outside, as a number does ---

@rule("x·s = s·x")
def _seed_first(b: Builder, i: Instruction) -> Instruction | None:
    if i.is_row(ops.mul) and is_seed(i.operands[1]) and not is_seed(i.operands[0]) and i.operands[0].scalar is None:
        return b.elementwise(ops.mul, i.operands[1], i.operands[0])
    return None


@rule("x·(s·y) = (s·y)·x = s·(x·y)")
def _seed_outside(b: Builder, i: Instruction) -> Instruction | None:
    if not i.is_row(ops.mul) or is_seed(i.operands[0]):
        return None
    for weighed, other in (i.operands, i.operands[::-1]):
        # not where the weighed one is the smaller
        if seeded(weighed) and same(weighed, i) is not None and other.shape == i.shape:
            return b.elementwise(ops.mul, weighed.operands[0], b.elementwise(ops.mul, weighed.operands[1], other))
    return None


# --- sums and products of matrices ---

@rule("Σ(c·x) = c·Σx and Σ(-x) = -Σx")
def _scale_of_sum(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind != "total" and not (i.kind == "reduce" and i.row is ops.fsum):
        return None
    x = i.operands[0]

    def summed(y: Instruction) -> Instruction:
        return b.make(i.kind, (y,), i.shape, i.batched, row=i.row)

    if x.is_row(ops.neg) and x.operands[0].batched == x.batched:
        return b.elementwise(ops.neg, summed(x.operands[0]))
    c, y = constant_scale(x)
    return None if c == 1.0 else b.elementwise(ops.mul, b.constant(c), summed(y))


@rule("total(Σx) = total(x)")
def _sum_of_sums(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind == "total" and i.operands[0].kind == "reduce" and i.operands[0].row is ops.fsum:
        return b.total(i.operands[0].operands[0])
    return b.total(i.operands[0].operands[0]) if i.kind == "total" and i.operands[0].kind == "reshape" else None


@rule("total(x·y) = x·y, the inner product; total(x²) = x·x")
def _inner(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind != "total":
        return None
    x = i.operands[0]
    if x.is_row(ops.mul) and all(same(factor, x) is not None for factor in x.operands):
        return b.inner(*x.operands)
    return b.inner(x.operands[0], x.operands[0]) if x.is_row(ops.power.bind(2.0)) else None


@rule("Σ over no axis = x")
def _no_sum(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind == "sum_to":
        return same(i.operands[0], i)
    if i.kind == "reduce" and i.row is ops.fsum and i.operands[0].shape[-1] == 1:
        return i.operands[0]
    return None


@rule("(Wᵀ)ᵀ = W")
def _transposed_twice(b: Builder, i: Instruction) -> Instruction | None:
    return i.operands[0].operands[0] if i.kind == "transpose" and i.operands[0].kind == "transpose" else None


# --- moving entries ---

@rule("entries of numbers, and their shape, are numbers")
def _entries_of_numbers(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind not in ("take", "reshape") or i.operands[0].kind != "constant":
        return None
    flat = np.ravel(i.operands[0].number)
    return b.constant(flat[i.index[0]] if i.kind == "take" else flat.reshape(i.shape))


@rule("x[0, 1, 2, ...] = x")
def _take_all(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind != "take" or i.index[0].size != i.operands[0].size:
        return None
    return b.reshape(i.operands[0], i.shape) if (i.index[0].ravel() == np.arange(i.index[0].size)).all() else None


@rule("x[i][j] = x[i[j]]")
def _take_of_take(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind == "take" and i.operands[0].kind == "take":
        return b.take(i.operands[0].operands[0], i.operands[0].index[0].ravel()[i.index[0]])
    return b.take(i.operands[0].operands[0], i.index[0]) if i.kind == "take" and i.operands[0].kind == "reshape" else None


@rule("a shape for the shape it has = x")
def _same_shape(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind != "reshape":
        return None
    x = i.operands[0]
    return x if x.shape == i.shape else b.reshape(x.operands[0], i.shape) if x.kind == "reshape" else None


@rule("a shape for c·x = c·(a shape for x), and so for -x and s·x")
def _shape_inside(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind != "reshape":
        return None
    (x,) = i.operands
    if x.is_row(ops.neg):
        return b.elementwise(ops.neg, b.reshape(x.operands[0], i.shape))
    if not x.is_row(ops.mul) or x.operands[1].shape != x.shape:
        return None
    if x.operands[0].scalar is not None:
        return b.elementwise(ops.mul, x.operands[0], b.reshape(x.operands[1], i.shape))
    if is_seed(x.operands[0]):
        return b.elementwise(ops.mul, b.seed(), b.reshape(x.operands[1], i.shape))
    return None


@rule("one part that fills everything in order = the part")
def _assemble_all(b: Builder, i: Instruction) -> Instruction | None:
    if i.kind != "assemble" or len(i.operands) != 1 or i.index[0].size != i.size:
        return None
    return b.reshape(i.operands[0], i.shape) if (i.index[0].ravel() == np.arange(i.size)).all() else None
