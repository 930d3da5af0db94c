"""The rules by which a builder simplifies: one line each, with its algebra.

A rule looks at a node about to be made and returns a better one, or None. Its operands are already simplified. Where a
rule would change the shape of a result (1·x is x only if the other factor did not stretch it), it refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from .. import ops
from .nodes import LETTERS, SOFTMAX, Builder, Node, Rule, constant_scale, is_seed

RULES: list[tuple[str, Rule]] = []


def rule(algebra: str) -> Callable[[Rule], Rule]:
    """Add a rule under the line of algebra that it stands for."""

    def add(function: Rule) -> Rule:
        RULES.append((algebra, function))
        return function

    return add


def same(x: Node, result: Node) -> Node | None:
    """x in place of the result, if it has the result's form."""
    return x if x.shape == result.shape else None


def fits(c: float, d: float) -> bool:
    """Whether numbers are of a size that is safe to move: with others, c·(d·x) may exist where (c·d)·x does not."""
    return all(1e-30 < abs(number) < 1e30 or number == 0 for number in (c, d))


def seeded(x: Node) -> bool:
    """Whether x is something times the weight of its example."""
    return x.is_map(ops.mul) and is_seed(x.operands[0])


# --- numbers ---

@rule("f(2, 3) is a number")
def _fold(b: Builder, i: Node) -> Node | None:
    numbers = [x.scalar for x in i.operands if x.scalar is not None]
    if i.kind != "map" or i.position is not None or i.row is None or not numbers or len(numbers) < len(i.operands):
        return None
    try:
        return b.constant(i.row.evaluate(*numbers))
    except ArithmeticError:
        return None  # the program itself will say so when it runs


@rule("x·c = c·x")
def _number_first(b: Builder, i: Node) -> Node | None:
    if i.is_map(ops.mul) and i.operands[1].scalar is not None and i.operands[0].scalar is None:
        return b.map(ops.mul, i.operands[1], i.operands[0])
    return None


@rule("1·x = x")
def _one(b: Builder, i: Node) -> Node | None:
    return same(i.operands[1], i) if i.is_map(ops.mul) and i.operands[0].scalar == 1.0 else None


@rule("-1·x = -x")
def _minus_one(b: Builder, i: Node) -> Node | None:
    return b.map(ops.neg, i.operands[1]) if i.is_map(ops.mul) and i.operands[0].scalar == -1.0 else None


@rule("x/1 = x")
def _over_one(b: Builder, i: Node) -> Node | None:
    return same(i.operands[0], i) if i.is_map(ops.div) and i.operands[1].scalar == 1.0 else None


@rule("x + 0 = 0 + x = x - 0 = x")
def _zero(b: Builder, i: Node) -> Node | None:
    if i.is_map(ops.add, ops.sub) and i.operands[1].scalar == 0.0:
        return same(i.operands[0], i)
    return same(i.operands[1], i) if i.is_map(ops.add) and i.operands[0].scalar == 0.0 else None


@rule("c·(d·x) = (c·d)·x")
def _numbers_together(b: Builder, i: Node) -> Node | None:
    if not i.is_map(ops.mul) or i.operands[0].scalar is None:
        return None
    c, (d, x) = i.operands[0].scalar, constant_scale(i.operands[1])
    return b.map(ops.mul, b.constant(c * d), x) if d != 1.0 and fits(c, d) else None


@rule("x·(c·y) = (c·y)·x = c·(x·y)")
def _number_outside(b: Builder, i: Node) -> Node | None:
    if not i.is_map(ops.mul) or i.operands[0].scalar is not None:
        return None
    (c, x), (d, y) = constant_scale(i.operands[0]), constant_scale(i.operands[1])
    if (c, d) == (1.0, 1.0) or not fits(c, d):
        return None
    return b.map(ops.mul, b.constant(c * d), b.map(ops.mul, x, y))


@rule("(x + y) + y = x + 2·y")
def _twice_in_sum(b: Builder, i: Node) -> Node | None:
    if not i.is_map(ops.add) or not i.operands[0].is_map(ops.add):
        return None
    (x, y), z = i.operands[0].operands, i.operands[1]
    if z is x:
        x, y = y, x
    return b.map(ops.add, x, b.map(ops.mul, b.constant(2.0), y)) if z is y and y.shape == i.shape else None


# --- masks ---

@rule("(m ? x[i] : c) = (m ? x : c) where i takes every entry that m leaves in its place")
def _take_under_mask(b: Builder, i: Node) -> Node | None:
    """Rows of different lengths are padded by a take, and masked afterwards: the padding need not be taken."""
    if not i.is_map(ops.where) or i.operands[0].kind != "constant" or i.operands[2].scalar is None:
        return None
    mask, x, c = i.operands
    whole = _untaken(b, x, np.broadcast_to(np.not_equal(mask.number, 0.0), i.entries)) if x.shape == i.shape else None
    return None if whole is None else b.map(ops.where, mask, whole, c)


def _untaken(b: Builder, x: Node, left: np.ndarray) -> Node | None:
    """x, with the operand of a take in its place; the take may stand under maps with numbers."""
    if x.kind == "take" and x.index and x.operands[0].shape == x.shape:
        places = np.arange(x.size).reshape(x.entries)
        return x.operands[0] if np.array_equal(x.index[0][left], places[left]) else None
    inner = [y for y in x.operands if y.scalar is None]
    if x.kind != "map" or len(inner) != 1 or inner[0].shape != x.shape:
        return None
    found = _untaken(b, inner[0], left)
    return None if found is None else b.again(x, [found if y is inner[0] else y for y in x.operands])


@rule("(a ⊙ x) ⊙ m = a ⊙ x for a softmax that is 0 where m is")
def _masked_share(b: Builder, i: Node) -> Node | None:
    """Behind a softmax of scores under a mask the derivative is masked already."""
    if not i.is_map(ops.mul) or i.operands[1].kind != "constant" or i.operands[0].shape != i.shape:
        return None
    x, m = i.operands
    if not x.is_map(ops.mul) or not np.isin(m.number, (0.0, 1.0)).all():
        return None
    for a in x.operands:
        if a.row is SOFTMAX and a.shape == x.shape and a.operands[0].is_map(ops.where):
            mask, _, other = a.operands[0].operands
            if other.scalar == -np.inf and mask.kind == "constant" and np.array_equal(np.not_equal(mask.number, 0.0), m.number):
                return x
    return None


# --- signs ---

@rule("-(-x) = x")
def _double_minus(b: Builder, i: Node) -> Node | None:
    return i.operands[0].operands[0] if i.is_map(ops.neg) and i.operands[0].is_map(ops.neg) else None


@rule("-(c·x) = (-c)·x and c·(-x) = (-c)·x")
def _minus_into_number(b: Builder, i: Node) -> Node | None:
    if i.is_map(ops.neg):
        c, x = constant_scale(i.operands[0])
        return None if c == 1.0 else b.map(ops.mul, b.constant(-c), x)
    if i.is_map(ops.mul) and i.operands[0].scalar is not None and i.operands[1].is_map(ops.neg):
        return b.map(ops.mul, b.constant(-i.operands[0].scalar), i.operands[1].operands[0])
    return None


@rule("(-x)·y = x·(-y) = -(x·y)")
def _minus_outside(b: Builder, i: Node) -> Node | None:
    if not i.is_map(ops.mul) or not any(x.is_map(ops.neg) for x in i.operands):
        return None
    bare = [x.operands[0] if x.is_map(ops.neg) else x for x in i.operands]
    product = b.map(ops.mul, *bare)
    return product if all(x.is_map(ops.neg) for x in i.operands) else b.map(ops.neg, product)


@rule("(-x)/y = -(x/y)")
def _minus_out_of_fraction(b: Builder, i: Node) -> Node | None:
    if i.is_map(ops.div) and i.operands[0].is_map(ops.neg):
        return b.map(ops.neg, b.map(ops.div, i.operands[0].operands[0], i.operands[1]))
    return None


@rule("x + (-y) = x - y, (-x) + y = y - x, x - (-y) = x + y")
def _minus_in_sum(b: Builder, i: Node) -> Node | None:
    if i.is_map(ops.add, ops.sub) and i.operands[1].is_map(ops.neg):
        return b.map(ops.sub if i.row is ops.add else ops.add, i.operands[0], i.operands[1].operands[0])
    if i.is_map(ops.add) and i.operands[0].is_map(ops.neg):
        return b.map(ops.sub, i.operands[1], i.operands[0].operands[0])
    return None


@rule("x + (-c)·y = x - c·y and (-c)·x + y = y - c·x, for c > 0")
def _negative_number_in_sum(b: Builder, i: Node) -> Node | None:
    if not i.is_map(ops.add):
        return None
    for x, y in (i.operands, i.operands[::-1]):
        c, rest = constant_scale(y)
        if c < 0:
            return b.map(ops.sub, x, b.map(ops.mul, b.constant(-c), rest))
    return None


@rule("x + x = 2·x")
def _twice(b: Builder, i: Node) -> Node | None:
    if i.is_map(ops.add) and i.operands[0] is i.operands[1]:
        return b.map(ops.mul, b.constant(2.0), i.operands[0])
    return None


# --- the weight of an example moves outside, as a number does ---

@rule("x·s = s·x")
def _seed_first(b: Builder, i: Node) -> Node | None:
    if i.is_map(ops.mul) and is_seed(i.operands[1]) and not is_seed(i.operands[0]) and i.operands[0].scalar is None:
        return b.map(ops.mul, i.operands[1], i.operands[0])
    return None


@rule("x·(s·y) = (s·y)·x = s·(x·y)")
def _seed_outside(b: Builder, i: Node) -> Node | None:
    if not i.is_map(ops.mul) or is_seed(i.operands[0]):
        return None
    for weighed, other in (i.operands, i.operands[::-1]):
        # not where the weighed one is the smaller
        if seeded(weighed) and same(weighed, i) is not None and other.shape == i.shape:
            return b.map(ops.mul, weighed.operands[0], b.map(ops.mul, weighed.operands[1], other))
    return None


# --- contractions ---

@rule("Σ(c·x) = c·Σx and Σ(-x) = -Σx")
def _scale_of_sum(b: Builder, i: Node) -> Node | None:
    """Not in the sum of δ over the batch, ∂C/∂b: δ is computed anyway, and what is in it without its sign is not."""
    if i.kind != "contract" or len(i.operands) != 1 or (i.shape and i.operands[0].batched and not i.batched):
        return None
    (x,) = i.operands
    if x.is_map(ops.neg) and x.operands[0].shape == x.shape:
        return b.map(ops.neg, b.contract(i.spec, x.operands[0]))
    c, y = constant_scale(x)
    return None if c == 1.0 or y.shape != x.shape else b.map(ops.mul, b.constant(c), b.contract(i.spec, y))


@rule("Σ_i Σ_k x[i, k] = Σ_ik x[i, k]")
def _sum_of_sums(b: Builder, i: Node) -> Node | None:
    """A sum of a sum is one; so is the sum of all entries of a product whose factors have the same axes."""
    if i.kind != "contract" or len(i.operands) != 1 or i.operands[0].kind != "contract":
        return None
    (x,) = i.operands
    *inner, result = x.letters
    if len(inner) == 2 and not (i.shape == () and sorted(inner[0]) == sorted(inner[1])):
        return None
    outer = dict(zip(i.letters[0], result))
    return b.contract(f"{','.join(inner)}->{''.join(outer[c] for c in i.letters[1])}", *x.operands)


@rule("Σ x·y = x·y, the inner product; Σ x² = x·x")
def _inner(b: Builder, i: Node) -> Node | None:
    if i.kind != "contract" or len(i.operands) != 1 or i.shape != ():
        return None
    (x,) = i.operands
    letters = i.letters[0]
    if x.is_map(ops.mul) and all(same(factor, x) is not None for factor in x.operands):
        return b.contract(f"{letters},{letters}->", *x.operands)
    return b.contract(f"{letters},{letters}->", x.operands[0], x.operands[0]) if x.is_map(ops.power.bind(2.0)) else None


@rule("Σ_k xᵀ[i, k]·y[k] = Σ_k x[k, i]·y[k]")
def _axes_of_contraction(b: Builder, i: Node) -> Node | None:
    """An operand's transposition, its axes of length 1, and its stretching along axes that the other operand has anyway."""
    if i.kind != "contract":
        return None
    letters = list(i.letters)
    for place, x in enumerate(i.operands):
        found = x.axes_taken if x.kind == "take" else None
        if found is None:
            continue
        ahead = "n" if x.batched else ""
        mine = letters[place][len(ahead) :]
        others = {c for j, word in enumerate(letters[:-1]) if j != place for c in word}
        gone = [c for c, axis in zip(mine, found) if axis is None]
        single = [c for c, d in zip(mine, x.entries) if d == 1 and c not in letters[-1]]  # a matrix of one column stays one
        if any(c not in others or c in single for c in gone):
            continue
        spare = iter(c for c in LETTERS if not any(c in word for word in letters))
        back = {axis: c for c, axis in zip(mine, found) if axis is not None}
        letters[place] = ahead + "".join(back.get(axis) or next(spare) for axis in range(len(x.operands[0].entries)))
        operands = [x.operands[0] if j == place else y for j, y in enumerate(i.operands)]
        return b.contract(f"{','.join(letters[:-1])}->{letters[-1]}", *operands)
    return None


@rule("Σ over all entries does not depend on their shape")
def _shape_of_sum(b: Builder, i: Node) -> Node | None:
    if i.kind != "contract" or len(set(i.operands)) > 1 or len(set(i.letters[:-1])) > 1 or not i.operands[0].is_view:
        return None
    (x,) = i.operands[0].operands
    ahead = "n" if x.batched else ""
    if i.letters[-1] not in ("", "n"):
        return None
    word = ahead + LETTERS[: len(x.entries)]
    return b.contract(f"{','.join([word] * len(i.operands))}->{i.letters[-1]}", *[x] * len(i.operands))


@rule("exp(z - m)/Σ exp(z - m) = softmax(z), whatever m is subtracted from a whole row")
def _softmax(b: Builder, i: Node) -> Node | None:
    if not i.is_map(ops.div):
        return None
    shares, total = i.operands
    summed = total.operands[0] if total.is_view else total
    if summed.kind != "contract" or summed.operands != (shares,) or total.shape != (*shares.shape[:-1], 1):
        return None
    if summed.letters[0][:-1] != summed.letters[1]:
        return None
    if shares.kind == "reduce" and shares.row is SOFTMAX:
        return shares
    return b.softmax(_unshifted(b, shares.operands[0])) if shares.is_map(ops.exp) else None


def _unshifted(b: Builder, z: Node) -> Node:
    """z, without what is subtracted from all of its row; under a mask as well."""
    if z.is_map(ops.sub) and z.operands[0].shape == z.shape and z.operands[1].shape[-1:] in ((), (1,)):
        return z.operands[0]
    if z.is_map(ops.where) and z.operands[2].scalar == -np.inf and z.operands[1].shape == z.shape:
        return b.map(ops.where, z.operands[0], _unshifted(b, z.operands[1]), z.operands[2])
    return z


# --- moving entries ---

@rule("entries of numbers are numbers")
def _entries_of_numbers(b: Builder, i: Node) -> Node | None:
    if i.kind != "take" or i.operands[0].kind != "constant" or not i.index:
        return None
    return b.constant(np.ravel(i.operands[0].number)[i.index[0]])


@rule("x[0, 1, 2, ...] = x")
def _take_all(b: Builder, i: Node) -> Node | None:
    return i.operands[0] if i.kind == "take" and i.shape == i.operands[0].shape and i.is_view else None


@rule("x[i][j] = x[i[j]]")
def _take_of_take(b: Builder, i: Node) -> Node | None:
    if i.kind == "take" and i.operands[0].kind == "take" and i.index and i.operands[0].index:
        (x,) = i.operands
        return b.take(x.operands[0], x.index[0].ravel()[i.index[0]])
    return None


@rule("a shape for c·x = c·(a shape for x), and so for -x and s·x")
def _shape_inside(b: Builder, i: Node) -> Node | None:
    if not i.is_view:
        return None
    (x,) = i.operands
    if x.is_map(ops.neg):
        return b.map(ops.neg, b.view(x.operands[0], i.entries))
    if not x.is_map(ops.mul) or x.operands[1].shape != x.shape:
        return None
    if x.operands[0].scalar is not None:
        return b.map(ops.mul, x.operands[0], b.view(x.operands[1], i.entries))
    if is_seed(x.operands[0]):
        return b.map(ops.mul, b.seed(), b.view(x.operands[1], i.entries))
    return None


@rule("entries of parts side by side are entries of the parts")
def _take_of_put(b: Builder, i: Node) -> Node | None:
    """If they all lie in one part, and no other part is added there."""
    if i.kind != "take" or i.operands[0].kind != "put" or not (i.index and i.operands[0].index):
        return None
    (x,) = i.operands
    filled = np.concatenate([index.ravel() for index in x.index])
    for part, index in zip(x.operands, x.index):
        if part.batched != x.batched or not np.isin(i.index[0], index).all():
            continue
        if np.isin(filled, i.index[0]).sum() == len(np.unique(i.index[0])):
            order = np.argsort(index, axis=None)
            return b.take(part, order[np.searchsorted(index.ravel()[order], i.index[0])])
    return None


RUNS = 4  # entries in so few runs are parts; more are taken by a table


@rule("f(x[0:8, 12:16]) = f(x[0:8]) and f(x[12:16]) side by side")
def _runs(b: Builder, i: Node) -> Node | None:
    if i.kind != "map" or i.position is not None or len(i.operands) != 1 or i.operands[0].kind != "take":
        return None
    (x,) = i.operands
    if len(x.operands) != 1 or len(x.entries) != 1 or x.steps is not None:
        return None
    (index,) = x.index
    starts = [0, *(np.flatnonzero(np.diff(index) != 1) + 1).tolist(), len(index)]
    if len(starts) - 1 > RUNS or min(np.diff(starts)) < 2:
        return None
    runs = [np.arange(start, end) for start, end in pairwise(starts)]
    return b.put(i.entries, [b.map(i.row, b.take(x.operands[0], index[run])) for run in runs], runs)  # type: ignore[arg-type]


@rule("one part that fills everything in order = the part")
def _put_all(b: Builder, i: Node) -> Node | None:
    if i.kind != "put" or len(i.operands) != 1 or i.index[0].size != i.size:
        return None
    return b.view(i.operands[0], i.entries) if (i.index[0].ravel() == np.arange(i.size)).all() else None
