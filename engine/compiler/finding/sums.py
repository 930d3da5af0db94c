"""Pass 3: sums of products. Every tree of additions whose partial sums are read nowhere else becomes one sum with many terms.

    total = c·t + c·u·v + ...     t: any node; u·v: a product that is read nowhere else; c: a number, mostly 1 or -1

What is left are steps: sums, and the operations that are not part of one.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from ... import ops
from ..nodes import IllFormed
from .scalars import COMPUTED, CONSTANT, Scalars

SUMS = {ops.add: (1, 1), ops.sub: (1, -1), ops.neg: (-1,)}  # the sign of each operand; in fsum all are +


class Sum(NamedTuple):
    """The terms of one sum: scale[i]·first[i]·second[i]; second[i] is -1 where the term is first[i] alone."""

    scale: array[float]
    first: array[int]
    second: array[int]


class Steps(NamedTuple):
    """What is to be computed: for each node in `nodes`, in topological order, its Sum if it has one in `sums`."""

    nodes: list[int]
    sums: dict[int, Sum]


def collapse(scalars: Scalars) -> Steps:
    """Find the sums of products."""
    uses, parent = _uses(scalars)
    summing = [row in SUMS or row is ops.fsum for row in scalars.rows]
    inside = bytearray(len(scalars))  # whether a node is taken into the sum above it
    for node in reversed(range(len(scalars))):  # from above, since what is below a factor depends on it
        above = parent[node]
        if scalars.kind[node] == COMPUTED and uses[node] == 1 and above >= 0:
            if summing[scalars.row[above]]:
                inside[node] = summing[scalars.row[node]] or _is_product(scalars, node) or _factor(scalars, node) is not None
            elif inside[above] and _factor(scalars, above) is not None:  # c·(u·v), inside a sum
                inside[node] = _is_product(scalars, node) or _factor(scalars, node) is not None
    steps = Steps([], {})
    for node in range(len(scalars)):
        if scalars.kind[node] != COMPUTED or inside[node]:
            continue
        steps.nodes.append(node)
        if summing[scalars.row[node]]:
            found = _terms(scalars, node, inside)
            if len(found.scale) > 2 or _worth_keeping(scalars, found) or scalars.row_of(node) is ops.fsum:
                steps.sums[node] = found
            else:  # x + y, x - y and -x are operations like any other, and so are the signs and sums inside
                steps.nodes.pop()
                steps.nodes.extend(_opened(scalars, node, inside))
    check(scalars, steps)
    return steps


def _worth_keeping(scalars: Scalars, found: Sum) -> bool:
    """Whether two terms are more than an addition: products, or two results of one operation, which may lie side by side."""
    rows = [scalars.row[first] for first in found.first]
    return any(second >= 0 for second in found.second) or (len(rows) == 2 and rows[0] == rows[1] >= 0)


def _uses(scalars: Scalars) -> tuple[array[int], array[int]]:
    """How often each node is read, being an output included; and its reader, if there is only one."""
    uses, parent = array("i", bytes(4 * len(scalars))), array("i", [-1]) * len(scalars)
    for node in range(len(scalars)):
        for operand in scalars.of(node):
            uses[operand] += 1
            parent[operand] = node
    for output in scalars.outputs:
        uses[output] += 1
    return uses, parent


def _is_product(scalars: Scalars, node: int) -> bool:
    return scalars.row_of(node) is ops.mul


def _factor(scalars: Scalars, node: int) -> tuple[float, int] | None:
    """c·y or y/c as the number and the place of y among the operands, where y is computed; None for anything else."""
    if scalars.kind[node] != COMPUTED:
        return None
    found = _number_and_rest(scalars, node)
    # other numbers stay where they are: moved into another product they might overflow
    return found if found and 1e-30 < abs(found[0]) < 1e30 else None


def _number_and_rest(scalars: Scalars, node: int) -> tuple[float, int] | None:
    row, operands = scalars.row_of(node), scalars.of(node)
    if row is ops.mul and scalars.kind[operands[0]] == CONSTANT and scalars.kind[operands[1]] == COMPUTED:
        return scalars.constants[scalars.entry[operands[0]]], 1
    if row in (ops.mul, ops.div) and scalars.kind[operands[1]] == CONSTANT and scalars.kind[operands[0]] == COMPUTED:
        number = scalars.constants[scalars.entry[operands[1]]]
        return (number if row is ops.mul or abs(number) < 1e-300 else 1 / number), 0
    return None


def _terms(scalars: Scalars, total: int, inside: bytearray) -> Sum:
    """The terms of a sum, from left to right."""
    found = Sum(array("d"), array("i"), array("i"))
    stack = [(total, 1.0)]
    while stack:
        node, sign = stack.pop()
        if node != total and not inside[node]:
            _append(found, sign, node, -1)
            continue
        factor = _factor(scalars, node)
        if factor and inside[scalars.of(node)[factor[1]]]:
            stack.append((scalars.of(node)[factor[1]], sign * factor[0]))
        elif _is_product(scalars, node):
            first, second = scalars.of(node)
            _append(found, sign, first, second)
        elif factor:  # y/c of a y that is also read elsewhere: a term by itself
            _append(found, sign * factor[0], scalars.of(node)[factor[1]], -1)
        else:
            row = scalars.row_of(node)
            signs: Sequence[int] = SUMS.get(row) or (1,) * len(scalars.of(node))
            stack.extend(reversed([(operand, sign * s) for operand, s in zip(scalars.of(node), signs)]))
    return found


def _append(found: Sum, scale: float, first: int, second: int) -> None:
    found.scale.append(scale)
    found.first.append(first)
    found.second.append(second)


def _opened(scalars: Scalars, node: int, inside: bytearray) -> list[int]:
    """A short sum and the nodes that had been taken into it, as operations of their own."""
    found, stack = [], [node]
    while stack:
        below = stack.pop()
        found.append(below)
        stack.extend(operand for operand in scalars.of(below) if inside[operand])
    return sorted(found)


def check(scalars: Scalars, steps: Steps) -> None:
    """Raise IllFormed unless each step comes after what it needs, and what it needs is a leaf or a step."""
    done = bytearray(len(scalars))
    for node in range(len(scalars)):
        done[node] = scalars.kind[node] != COMPUTED
    for node in steps.nodes:
        for operand in needs(scalars, steps, node):
            if not done[operand]:
                raise IllFormed(f"step {node} needs node {operand}, which is not computed before it")
        done[node] = 1
    for output in scalars.outputs:
        if not done[output]:
            raise IllFormed(f"output {output} is not computed")


def needs(scalars: Scalars, steps: Steps, node: int) -> Sequence[int]:
    """What a step reads."""
    if node not in steps.sums:
        return scalars.of(node)
    found = steps.sums[node]
    return [*found.first, *(second for second in found.second if second >= 0)]
