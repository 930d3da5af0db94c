"""Pass 2: the graph of Values as flat arrays of small numbers, so that the Values can be freed.

Nodes are numbered in topological order, operands before results. A node is a computed one, with a row of the table, or a
leaf: an entry of an argument, a parameter, or a constant.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from ...graph import topological_order
from ...modes import TracingError
from ...primitive import Primitive
from ...value import Value
from ..nodes import IllFormed
from .trace import Trace

COMPUTED, PARAMETER, CONSTANT, INPUT = 0, 1, 2, 3  # the kinds of nodes; INPUT + i belongs to argument i


class Scalars:
    """The scalar graph.

    rows       the rows that occur; row[i] is the number of node i's in this list
    kind       of each node; entry: of a leaf, its place among those of its kind
    operands   of all nodes one after the other; those of node i are operands[start[i] : start[i + 1]]
    parameters the Values that are parameters; constants: the numbers
    outputs    the requested nodes, the penalty last if there is one
    labels     of computed nodes that have one
    """

    def __init__(self) -> None:
        self.rows: list[Primitive] = []
        self.row, self.kind, self.operands, self.entry = array("h"), array("h"), array("i"), array("i")
        self.start = array("i", [0])
        self.parameters: list[Value] = []
        self.constants: list[float] = []
        self.outputs: list[int] = []
        self.labels: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.kind)

    def of(self, node: int) -> Sequence[int]:
        """The operands of a node."""
        return self.operands[self.start[node] : self.start[node + 1]]

    def row_of(self, node: int) -> Primitive:
        """The row of a computed node."""
        return self.rows[self.row[node]]

    def count(self, kind: int) -> int:
        """How many nodes are of a kind."""
        return self.kind.count(kind)


def flatten(trace: Trace) -> Scalars:
    """The graph of a trace as arrays."""
    scalars = Scalars()
    ends = [*trace.outputs, *([trace.penalty] if trace.penalty is not None else [])]
    number: dict[Value, int] = {}
    row_number: dict[Primitive, int] = {}
    constant_number: dict[str, int] = {}
    for position, (values, _) in enumerate(trace.inputs):
        for entry, value in enumerate(values):
            number[value] = _add(scalars, INPUT + position, entry)
    for node in topological_order(*ends):
        if node in number:
            continue
        if node.op is not None:
            row = row_number.get(node.op)
            if row is None:
                _check_row(node.op)
                row = row_number[node.op] = len(scalars.rows)
                scalars.rows.append(node.op)
            scalars.operands.extend([number[operand] for operand in node.operands])
            number[node] = _add(scalars, COMPUTED, 0, row)
            if node.label:
                scalars.labels[number[node]] = node.label
        elif node.constant:
            known = repr(node._data)  # equal numbers are one constant, but 0.0 and -0.0 are two
            if known not in constant_number:
                constant_number[known] = len(scalars.constants)
                scalars.constants.append(node._data)
            number[node] = _add(scalars, CONSTANT, constant_number[known])
        else:
            number[node] = _add(scalars, PARAMETER, len(scalars.parameters))
            scalars.parameters.append(node)
    scalars.outputs = [number[node] for node in ends]
    check(scalars)
    return scalars


def _check_row(row: Primitive) -> None:
    """Refuse a user's row over any number of operands: only the table's own can be taken along an axis."""
    if row.arity is None and not row.native:
        raise TracingError(
            f"{row.name} takes any number of operands, and such a row of your own is not compiled. Write it as a function of "
            "rows that are: engine.fsum([x * x for x in xs]), for instance."
        )


def _add(scalars: Scalars, kind: int, entry: int, row: int = -1) -> int:
    scalars.kind.append(kind)
    scalars.entry.append(entry)
    scalars.row.append(row)
    scalars.start.append(len(scalars.operands))
    return len(scalars.kind) - 1


def check(scalars: Scalars) -> None:
    """Raise IllFormed unless every node comes after its operands and leaves have none."""
    for node in range(len(scalars)):
        operands = scalars.of(node)
        if bool(operands) != (scalars.kind[node] == COMPUTED) or any(operand >= node for operand in operands):
            raise IllFormed(f"node {node} of the scalar graph: kind {scalars.kind[node]}, operands {list(operands)}")
