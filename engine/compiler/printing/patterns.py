"""What is recognised for its name: attention around a softmax, and √d."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ... import ops
from ..nodes import SOFTMAX, Node, constant_scale


def bare(x: Node) -> Node:
    """x without the takes that only repeat it along an axis, or give it axes of length 1: in a formula it is written the same."""
    while x.kind == "take" and (x.is_view or _in_order(x.axes_taken)):
        x = x.operands[0]
    return x


def _in_order(axes: list[int | None] | None) -> bool:
    kept = [axis for axis in axes or [] if axis is not None]
    return axes is not None and kept == sorted(kept)


def softmax_of(x: Node) -> Node | None:
    """z, if x is softmax(z): the node, or exp(z - logsumexp(z))."""
    if x.kind == "reduce" and x.row is SOFTMAX:
        return x.operands[0].operands[1] if masked(x.operands[0]) else x.operands[0]
    if x.is_map(ops.exp) and x.operands[0].is_map(ops.sub):
        z, m = (bare(y) for y in x.operands[0].operands)
        if m.kind == "reduce" and m.row is ops.logsumexp and bare(m.operands[0]) is z:
            return z
    return None


def masked(x: Node) -> bool:
    """Whether x is a choice between something and -inf, by numbers that are known."""
    return x.is_map(ops.where) and x.operands[0].kind == "constant" and x.operands[2].scalar == -math.inf


def triangle(x: Node) -> bool:
    """Whether x is the constant that is 1 for j ≤ i and 0 elsewhere, i and j being its places along two axes; heads share it."""
    if x.kind != "constant" or len(x.shape) < 2:
        return False
    mask = np.asarray(x.number)
    for axis in reversed(range(mask.ndim)):
        if (mask == mask.take([0], axis)).all():
            mask = mask.take(0, axis)
    return mask.ndim == 2 and mask.shape[0] == mask.shape[1] and bool((mask == np.tril(np.ones(mask.shape))).all())


def in_rows(order: Iterable[Node]) -> bool:
    """Whether data are multiplied by data as matrices. Then positions are written as rows, else as columns."""
    return any(x.batched and len(x.entries) > 1 and product_of_data(x) is x and x.letters[0] != x.letters[1] for x in order)


class Attention(NamedTuple):
    """O = A V with A = softmax(S), S = c·Q Kᵀ. What was not found is None."""

    S: Node
    A: Node
    Q: Node
    K: Node
    V: Node | None
    O: Node | None  # noqa: E741  # the letter of the lectures


def attentions(order: Iterable[Node]) -> Iterator[Attention]:
    """Every softmax of products of data with data."""
    order = list(order)
    for A in order:
        S = softmax_of(A)
        product = product_of_data(S) if S is not None else None
        if S is None or product is None:
            continue
        letters = product.letters
        Q, K = product.operands if letters[2][-1] in letters[1] else product.operands[::-1]
        weighted = [
            (x, y) for x in order if x.kind == "contract" and len(x.operands) == 2 and x.batched
            for y, z in (x.operands, x.operands[::-1]) if bare(z) is A and y.batched and bare(y) is not A
        ]  # fmt: skip
        outputs, V = weighted[0] if weighted else (None, None)
        yield Attention(S, A, _source(Q), _source(K), None if V is None else _source(V), outputs)


def product_of_data(x: Node) -> Node | None:
    """The contraction of two operands that both belong to the example, of which x is a multiple."""
    x = x.operands[1] if x.is_map(ops.where) else x  # masked
    _, y = constant_scale(x)
    y = y.operands[0] if y.is_map(ops.div) and y.operands[1].scalar is not None else y
    y = bare(y)
    return y if y.kind == "contract" and len(y.operands) == 2 and all(z.batched for z in y.operands) else None


def _source(x: Node) -> Node:
    """What x was taken from: Q for the part of it that belongs to one head."""
    while x.kind == "take":
        x = x.operands[0]
    return x


def root(x: Node) -> tuple[Node, int] | None:
    """(y, d), if x is y/√d, where d is the length of the axis over which the product y is summed."""
    c, y = constant_scale(x)
    if x.is_map(ops.div) and x.operands[1].scalar is not None:
        y, divisor = x.operands[0], x.operands[1].scalar
    elif c not in (0.0, 1.0):
        divisor = 1.0 / c
    else:
        return None
    product = bare(y)
    if product_of_data(product) is not product:
        return None
    letters = product.letters
    lengths = [d for letter, d in zip(letters[0], product.operands[0].shape) if letter in letters[1] and letter not in letters[2]]
    d = math.prod(lengths)
    exact = d > 1 and (divisor == math.sqrt(d) or c in (1.0 / math.sqrt(d), d**-0.5))
    return (y, d) if exact else None
