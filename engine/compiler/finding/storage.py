"""Pass 7: where each parameter lies in the one vector that holds them all.

Matrices first, in the order of their use, then vectors and single numbers, each contiguous unless an entry already has its place:
then W1 is a view of the vector, and so is its gradient, and an update of all parameters is one operation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..nodes import Node


def arrange(order: Sequence[Node], count: int) -> np.ndarray:
    """The place of each parameter; the nodes' indices are changed from numbers of parameters to places."""
    parameters = [x for x in order if x.kind == "parameter"]
    readers: dict[Node, list[Node]] = {x: [] for x in order}
    for x in order:
        for operand in x.operands:
            readers[operand].append(x)
    sums = [x for x in parameters if only_added_up(x, readers)]  # last: any order suits them
    place = np.full(count, -1)
    free = 0
    for x in sorted(parameters, key=lambda x: (x in sums, len(x.shape) < 2, x.serial)):
        for number in dict.fromkeys(x.index[0].ravel().tolist()):
            if place[number] < 0:
                place[number] = free
                free += 1
    for number in np.flatnonzero(place < 0):  # parameters that no node reads
        place[number] = free
        free += 1
    for x in parameters:
        index = place[x.index[0]]
        x.index = (np.sort(index) if x in sums else index,)
    return place


def only_added_up(x: Node, readers: dict[Node, list[Node]]) -> bool:
    """Whether nothing but the sum of x's entries, or of functions of single entries, is used: then their order is free."""
    if len(x.shape) != 1:
        return False
    family, stack = {x}, [x]
    while stack:
        for reader in readers[stack.pop()]:
            alike = len(set(reader.letters[:-1])) == 1 and family.issuperset(reader.operands)  # Σ w², not Σ w·c
            if reader.kind == "contract" and reader.shape == () and alike:
                continue
            if reader.kind != "map" or any(y not in family and y.scalar is None for y in reader.operands):
                return False
            if reader not in family:
                family.add(reader)
                stack.append(reader)
    return True
