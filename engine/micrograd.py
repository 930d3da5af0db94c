"""micrograd's names, for users who know them: `_prev`, `_op`, and Value(data, children, op)."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING

from . import ops
from .value import Value, apply

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .primitive import Primitive

SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "relu": "ReLU"}
ROWS = {symbol: name for name, symbol in SYMBOLS.items()}

OWN_ROW = (
    "The derivative of an operation is in its row of the table, once for all its results, not in a _backward of each: "
    'cube = engine.primitive("cube", lambda x: x**3, lambda result, x: 3*x**2), then cube(x).'
)


def operation(value: Value) -> str:
    """micrograd's word for the operation: "+", "*", "**2", "ReLU", "tanh"; "" for a leaf."""
    if value.op is None:
        return ""
    return f"**{value.op.static:g}" if value.op.family is ops.power else SYMBOLS.get(value.op.name, value.op.name)


def row_of(op: str) -> Primitive | None:
    """The row that micrograd's word means, if there is one."""
    try:
        if op.startswith("**") and op != "**":
            return ops.power.bind(float(op[2:]))
    except ValueError:
        return None
    row = ops.TABLE.get(ROWS.get(op, op))
    return row.bind(row.default) if row is not None and row.parameter else row


def adopt(value: Value, children: Any, op: str) -> None:
    """Make a new Value the result of an operation on these children, if that gives its number."""
    if not isinstance(children, (tuple, list, set)) or not all(isinstance(child, Value) for child in children):
        raise TypeError(f"Value(data, children, op) takes a tuple of Values and an operation such as '+', not {children!r:.60}.")
    operands = tuple(children)
    row = row_of(op) if isinstance(op, str) else None
    if row is None or not operands or row.arity not in (None, len(operands)):
        raise ValueError(f"There is no operation {op!r:.30} on {len(operands)} Value(s). {OWN_ROW}")
    expected = apply(row, operands)
    if not isclose(value._data, expected._data, rel_tol=1e-9, abs_tol=1e-12):
        raise ValueError(
            f"{row} of {', '.join(f'{x._data:.12g}' for x in operands)} is {expected._data:.12g}, not {value._data:.12g}. Write "
            "x + y, x * y or x.tanh(), and leave the number to the engine."
        )
    if expected.op is None:  # under no_grad() nothing is recorded
        return
    value._data, value.op, value.operands, value._made = expected._data, row, operands, expected._made


def _no_backward(value: Value, rule: Any = None) -> NoReturn:
    raise AttributeError(OWN_ROW)


setattr(Value, "_prev", property(lambda value: set(value.operands)))  # noqa: B010  # set here, so that value.py need not know
setattr(Value, "_op", property(operation))  # noqa: B010
setattr(Value, "_backward", property(_no_backward, _no_backward))  # noqa: B010
setattr(Value, "_adopt", adopt)  # noqa: B010
