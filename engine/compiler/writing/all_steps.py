"""What a step of a loop computes, and what that is for all steps: which entries, which rows, kept from where."""

from __future__ import annotations

import numpy as np

from ... import ops
from ..nodes import Builder, Node


def orders(inside: list[Node]) -> dict[Node, np.ndarray]:
    """Sums of which entries are taken that do not adjoin, such as gates before the same function: an order in which they do."""
    takes: dict[Node, list[Node]] = {}
    read: dict[Node, int] = {}
    for x in inside:
        for y in x.operands:
            read[y] = read.get(y, 0) + 1
        if x.kind == "take" and len(x.operands) == 1 and x.operands[0].is_map(ops.add) and len(x.operands[0].entries) == 1:
            takes.setdefault(x.operands[0], []).append(x)
    found = {}
    for y, parts in takes.items():
        order = np.concatenate([part.index[0].ravel() for part in sorted(parts, key=lambda part: -part.size)])
        complete = len(order) == y.size == len(np.unique(order)) and read[y] == len(parts)
        if complete and any(part.steps is None for part in parts) and all(operand.shape == y.shape for operand in y.operands):
            found[y] = order
    return found


def rearranged(b: Builder, x: Node, order: np.ndarray) -> Node:
    """x with the entries along its last axis in another order: that of weights, if possible, since they are fewer numbers."""
    if x.is_map(ops.add):
        return b.map(ops.add, *(rearranged(b, y, order) if y.entries[-1:] == x.entries[-1:] else y for y in x.operands))
    if x.kind == "contract" and len(x.operands) == 2:
        operands, letter = [], x.letters[-1][-1]
        for y, word in zip(x.operands, x.letters):
            if letter not in word:
                operands.append(y)
            elif not y.batched and letter == word[0]:
                operands.append(rearranged_rows(b, y, order))
        if len(operands) == 2:
            return b.contract(x.spec, *operands)
    return b.take(x, np.arange(x.size).reshape(x.entries)[..., order])


def sums_with(state: Node, inside: list[Node]) -> list[Node]:
    """Sums of a product of weights with a state and something else."""
    products = {x for x in inside if x.kind == "contract" and x.spec == "na,ba->nb" and x.operands[0] is state}
    return [x for x in inside if x.is_map(ops.add) and x.batched and len(products.intersection(x.operands)) == 1
            and all(y.shape in (x.shape, x.shape[1:]) for y in x.operands)]  # fmt: skip


def affine(b: Builder, x: Node) -> tuple[Node, Node, Node] | None:
    """x[t] = W y[t] + b, for all steps: y, W and b. x may be some of the entries."""
    if x.kind == "take" and len(x.operands) == 1 and len(x.entries) == len(x.operands[0].entries) == 2:
        order = x.index[0][0]
        if order.max() >= x.operands[0].entries[1]:  # it begins with a later step
            return None
        found = affine(b, x.operands[0])
        width = x.operands[0].entries[1]
        if found is None or max(order) >= width or not np.array_equal(x.index[0], in_all_steps(order, len(x.index[0]), width)):
            return None  # they begin at a later step, say
        y, weights, bias = found
        return y, rearranged_rows(b, weights, order), rearranged_rows(b, bias, order)
    if not x.is_map(ops.add):
        return None
    for product, bias in (x.operands, x.operands[::-1]):
        if product.kind == "contract" and product.spec == "nab,cb->nac" and bias.shape == product.shape[-1:]:
            y, weights = product.operands
            return y, weights, bias
    return None


def of_these_rows(b: Builder, x: Node) -> Node:
    """Of some entries of W y[t] + b the sums of these rows: the others may be computed elsewhere, or not at all."""
    found = affine(b, x) if x.kind == "take" else None
    return x if found is None else b.map(ops.add, b.contract("nab,cb->nac", found[0], found[1]), found[2])


def rearranged_rows(b: Builder, x: Node, order: np.ndarray) -> Node:
    """These rows."""
    return b.take(x, np.arange(x.size).reshape(x.shape)[order])


def in_all_steps(index: np.ndarray, steps: int, size: int) -> np.ndarray:
    """An index into what a step has, of so many entries, as one into the stack of all steps."""
    return np.stack([t * size + index for t in range(steps)])


def over_time(b: Builder, loop: Node, x: Node) -> Node:
    """What x of the loop's body was in every step. Entries are taken from what was kept."""
    body = loop.body
    assert body is not None
    if x in body.slices:
        return loop.operands[len(body.states) + body.slices.index(x)]
    if x.kind == "take" and len(x.operands) == 1 and x in body.results:
        (operand,) = x.operands
        return b.take(over_time(b, loop, operand), in_all_steps(x.index[0], body.steps, operand.size))
    if x in body.results:
        return b.kept(loop, x)
    ahead = b.view(x, (1, *x.entries))
    return b.stretch(ahead, (*x.shape[: int(x.batched)], body.steps, *x.entries))


def kept_of_steps(b: Builder, i: Node) -> Node | None:
    """f(x[1], x[2], ...) where each step has computed f(x[t]): kept from there."""
    if i.kind != "map":
        return None
    loops = {y.operands[0] if y.kind == "part" else y.operands[0].operands[0]
             for y in i.operands if y.kind == "part" or (y.kind == "take" and y.operands[0].kind == "part")}  # fmt: skip
    if len(loops) != 1:
        return None
    (loop,) = loops
    operands = [y if y.scalar is not None else of_step(b, loop, y) for y in i.operands]
    if any(y is None for y in operands):
        return None
    assert loop.body is not None
    there = [y for y in operands if y is not None]
    shape = np.broadcast_shapes(*[y.shape for y in there])
    found = b.find("map", there, shape, row=i.row, position=i.position)
    if found is None or found not in loop.body.results:
        return None
    whole = over_time(b, loop, found)
    return whole if whole.shape == i.shape else None


def of_step(b: Builder, loop: Node, x: Node) -> Node | None:
    """What stands in the body for these values of all steps."""
    body = loop.body
    assert body is not None
    if x.kind == "part" and x.operands[0] is loop and x.position is not None:
        return body.results[x.position]
    if x.kind != "take" or len(x.operands) != 1 or x.index[0].shape[:1] != (body.steps,):
        return None
    operand = of_step(b, loop, x.operands[0])
    if operand is None or not np.array_equal(x.index[0], in_all_steps(x.index[0][0], body.steps, operand.size)):
        return None
    shape = (*operand.shape[: int(operand.batched)], *x.index[0].shape[1:])
    return b.find("take", [operand], shape, index=(x.index[0][0],))
