"""Contractions as products of matrices: which letters become rows and columns, and where an array can be seen as that matrix.

The letters of "nhbc,nhac->nhba" are of four kinds. Those of both operands and the result (n, h) number the products;
those of one operand and the result (b; a) are rows and columns; those of both operands alone (c) are summed.
Where the axes of one kind lie one behind the other they are seen as one axis, and nothing is copied.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..nodes import BATCH, Node, Shape
from ..views import Steps, row_major


class Letters(NamedTuple):
    """The letters of a contraction by kind; a sum of one operand is a product with ones, whose letters are all summed."""

    shared: str
    first: str
    second: str
    summed: str


def letters_of(x: Node) -> Letters:
    """The letters by kind. Rows and columns are in the order of the result, what is summed in that of the first operand."""
    *words, result = x.letters
    one, other = words[0], words[1] if len(words) == 2 else "".join(c for c in words[0] if c not in result)
    return Letters(
        "".join(c for c in result if c in one and c in other),
        "".join(c for c in result if c not in other),
        "".join(c for c in result if c not in one),
        "".join(c for c in one if c not in result),
    )


MANY = 1_000_003  # stands for the length of the batch, which is not known, in lengths and strides: no other length is like it


class Axes(NamedTuple):
    """The axes of an array: a letter, the length and the stride of each."""

    word: str
    lengths: Shape
    strides: Shape

    def merged(self, group: str) -> tuple[int, int] | None:
        """Length and stride of these axes seen as one axis; None if that needs a copy. Axes of length 1 are in no one's way."""
        length, stride = 1, 1
        for letter in reversed(group):
            mine, step = self.lengths[self.word.index(letter)], self.strides[self.word.index(letter)]
            if mine == 1:
                continue
            if length == 1:
                length, stride = mine, step
            elif step != length * stride:
                return None
            else:
                length *= mine
        return length, stride

    def is_matrix(self, rows: str, columns: str) -> bool:
        """Whether BLAS can read this as a matrix, or as one that is transposed."""
        down, right = self.merged(rows), self.merged(columns)
        if down is None or right is None:
            return False
        for (length, stride), (others, far) in ((down, right), (right, down)):
            if (length == 1 or stride == 1) and (others == 1 or far >= max(length, 1)):
                return True
        return False

    def is_transposed(self, rows: str, columns: str) -> bool:
        """Whether this is a matrix, or several, that lies column by column."""
        down, right = self.merged(rows), self.merged(columns)
        return down is not None and down[0] != 1 and down[1] == 1 and (right is None or right[1] != 1)

    def is_contiguous(self, group: str) -> bool:
        """Whether these axes, which are all, lie in one piece in this order."""
        found = self.merged(group)
        return found is not None and found[1] == 1


def axes(x: Node, word: str, steps: Steps, rows: int, *, last: bool) -> Axes:
    """The axes of a node that lies at these steps in a buffer of so many entries an example; the batch may be its last axis."""
    lengths = tuple(MANY if length == BATCH else length for length in x.shape)
    if last:
        return Axes(word, lengths, ((1,) if x.batched else ()) + tuple(step * MANY for step in steps.step))
    return Axes(word, lengths, ((rows,) if x.batched else ()) + steps.step)


def in_order(lengths: Shape) -> Shape:
    """The strides of a contiguous array with these axes."""
    return tuple(math.prod(lengths[axis + 1 :]) for axis in range(len(lengths)))


def fits(result: Axes, by: Letters) -> bool:
    """Whether a product can be computed straight into an array with these axes."""
    groups = [result.merged(group) for group in (by.first, by.second)]
    return None not in groups and ((1, 1) == groups[0] == groups[1] or result.is_matrix(by.first, by.second))


def stacked(result: Axes, x: Node) -> Letters | None:
    """The letters by kind for a result that lies like this; None if it cannot be computed there. Where rows or columns are no
    one axis, the first of their letters numbers products, as shared ones do."""
    by = letters_of(x)
    if len(x.operands) == 1 or fits(result, by):
        return by
    for letter in result.word:
        fewer = Letters(letter + by.shared, by.first.replace(letter, ""), by.second.replace(letter, ""), by.summed)
        if letter not in "n" + by.shared and fits(result, fewer):
            return fewer
    return None


def laid_out(x: Node) -> tuple[Shape, Steps]:
    """The shape of a buffer for a contraction's result, and where the result lies in it: in order, if that suits the product."""
    by, result = letters_of(x), x.letters[-1]
    for word in (result, by.shared + by.first + by.second, by.first + by.shared + by.second, by.second + by.shared + by.first):
        lengths = dict(zip(result, x.shape))
        shape = tuple(lengths[c] for c in word if c != "n")
        step = dict(zip([c for c in word if c != "n"], row_major(shape).step))
        steps = Steps(0, x.entries, tuple(step[c] for c in result if c != "n"))
        suits = len(x.operands) == 1 or fits(axes(x, result, steps, x.size, last=False), by)
        if suits and (word[0] == "n" or not x.batched):
            return shape, steps
    return x.entries, row_major(x.entries)
