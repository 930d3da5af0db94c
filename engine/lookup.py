"""A table looked up by a position, which may be an input of a function that is being traced: an embedding.

A Python list takes a whole number, and while a function is traced an input has none to give: it stands for every example.
`lookup` then leaves a node in the graph for each number of the row, of the operation `choose`.
"""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real
from typing import TYPE_CHECKING

from . import ops
from .modes import TracingError, tracing
from .primitive import Primitive
from .value import Value, apply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def _entry(i: float, *entries: float) -> float:
    """The entry at position i."""
    position = round(i)
    if not 0 <= position < len(entries):
        raise ValueError
    return entries[position]


# e_i. The slope is 1 for the entry that is chosen and 0 for the others; between two positions there is nothing to choose, so
# it is 0 for the position itself. The row is not in the table of operations: only a trace needs it.
choose = Primitive(
    "choose", _entry, lambda result, i, *entries: [0.0, *(ops.equal(i, float(k)) for k in range(len(entries)))],
    any_arity=True, native=True, fault="has no such entry",
)  # fmt: skip


def lookup(table: Sequence[Any], i: Any) -> Any:
    """Row i of a table, which is a list of Values, or of lists of Values: table[i], for an embedding or a class's own cost.

    i is a whole number from 0 to len(table) - 1, or a Value that holds one. The result is the entry itself, or the row itself.
    In a function that `engine.compile` traces, i may be an entry of an argument. The row is then made of new Values; its gradient
    goes to the row of the table that was looked up, and the other rows get 0.

    An IndexError refuses a position outside the table. A negative one is outside: it never counts from the end. A TypeError
    refuses what is no whole number. While tracing, a ValueError refuses rows of different lengths, and a TracingError a position
    that was computed.
    """
    rows = len(table)
    position = _position(i, rows)
    if not tracing or not isinstance(i, Value) or i.constant:
        return table[position]
    if i.op is not None:
        raise TracingError(
            "lookup takes a position that is an argument of the compiled function, or an entry of one, so that every batch can "
            f"be checked before the program runs; this one is computed, by {i.op}: compute it beforehand, and pass it as an "
            "argument."
        )
    return _chosen(i, list(table))


def _chosen(i: Value, entries: list[Any]) -> Any:
    """One node for entries that are numbers; for rows a list, column by column."""
    lengths = {len(entry) if hasattr(entry, "__len__") else None for entry in entries}
    if lengths == {None}:
        return apply(choose, (i, *entries))
    if len(lengths) > 1:
        had = ", ".join("a number" if length is None else str(length) for length in sorted(lengths, key=lambda n: n or 0))
        raise ValueError(f"The rows of a table that is looked up have one length; these have {had}.")
    return [_chosen(i, list(column)) for column in zip(*entries)]


def _position(i: Any, rows: int) -> int:
    """The position as a whole number, if it is one and lies in a table of so many rows."""
    number = i._data if isinstance(i, Value) else i  # while tracing, that of the first example; the program checks all others
    truth = isinstance(number, bool) or not isinstance(number, Real)  # a NumPy bool is not Real
    if truth or not (isinstance(number, Integral) or (isfinite(number) and float(number).is_integer())):
        raise TypeError(f"lookup takes a whole number for the position, or a Value that holds one; it was given {i!r:.60}.")
    if rows == 0:
        raise IndexError("lookup was given an empty table, which has no rows to look up.")
    if not 0 <= number < rows:
        why = " a negative position does not count from the end," if number < 0 else ""
        raise IndexError(f"There is no row {int(number)} in a table of {rows}:{why} the first row is 0 and the last {rows - 1}.")
    return int(number)
