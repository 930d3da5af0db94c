"""What a computation costs: additions, multiplications and calls, forward and backward, and by finite differences.

A tally is a number that counts: running a rule of the table on tallies adds up the operations in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..graph import Graph
from ..interpreter import Interpreter
from ..primitive import Primitive

if TYPE_CHECKING:
    from typing import Any

    from ..value import Value

ADDITIONS = {"add", "sub"}
MULTIPLICATIONS = {"mul", "div"}
FREE = {"neg"}  # a sign costs nothing beside an addition or a multiplication


class Operations(NamedTuple):
    """How many operations of each kind; divisions count as multiplications, every other row as one call."""

    additions: int = 0
    multiplications: int = 0
    calls: int = 0


    @property
    def total(self) -> int:
        """All operations, whatever their kind."""
        return sum(self)


class Cost(NamedTuple):
    """What one evaluation, one sweep, and the alternatives cost.

    forward      the operations of one evaluation
    backward     the further operations of one sweep backward, which gives every derivative of one output
    directional  the further operations of one pass of forward mode (`jvp`), which gives one direction's derivative of every
                 output; all P directions take P of them
    parameters   how many leaves there are, P
    central      evaluations that central differences would take for the same derivatives: 2P
    one_sided    evaluations that one-sided differences would take: P + 1
    """

    forward: Operations
    backward: Operations
    directional: Operations
    parameters: int
    central: int
    one_sided: int


class Tally(Interpreter):
    """A number whose arithmetic is counted; all tallies of one count share the list it is kept in."""

    def __init__(self, counted: list[Operations]) -> None:
        self.counted = counted

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Tally:
        self.counted.append(cost_of(row, len(operands)))
        return self


def cost_of(row: Primitive, count: int) -> Operations:
    """What one application of a row to `count` operands costs."""
    if row.name in ADDITIONS:
        return Operations(additions=1)
    if row.name in MULTIPLICATIONS or (row.name == "power" and row.static == 2.0):
        return Operations(multiplications=1)
    if row.name == "fsum":
        return Operations(additions=count - 1)
    return Operations(calls=0 if row.name in FREE else 1)


def count_operations(output: Value | Graph) -> Cost:
    """Count the operations that computing `output` takes, and its gradient by the sweep or by finite differences.

    Along each edge both modes evaluate a local derivative and multiply by it (unless that is 1 or -1). They differ in the
    additions: backward, where edges meet again at an operand; forward, where several operands of one operation move.
    """
    graph = Graph.of(output)
    forward: list[Operations] = []
    slopes: list[Operations] = []
    meeting = joining = 0
    reached: set[Value] = set()
    for node in reversed(graph.order):
        if node.op is None:
            continue
        forward.append(cost_of(node.op, len(node.operands)))
        tally = Tally(slopes)
        joining += max(0, sum(not operand.constant for operand in node.operands) - 1)
        for operand, slope in zip(node.operands, node.op.slopes(tally, [tally] * len(node.operands))):
            if operand.constant:
                continue
            factor = slope()
            if isinstance(factor, Tally) or factor not in (1.0, -1.0):
                slopes.append(Operations(multiplications=1))
            meeting += operand in reached
            reached.add(operand)
    parameters = len(graph.inputs)
    backward, directional = (_total([*slopes, Operations(additions=count)]) for count in (meeting, joining))
    return Cost(_total(forward), backward, directional, parameters, 2 * parameters, parameters + 1)


def _total(counted: list[Operations]) -> Operations:
    return Operations(*[sum(kind) for kind in zip(*counted)]) if counted else Operations()
