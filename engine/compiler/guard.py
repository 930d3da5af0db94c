"""What must not be looked at while a function is traced: one table, applied to Value once, when the compiler is loaded.

Each entry is a member of Value, what a function does that uses it, and what to write instead. Outside a trace the members
do what they always did; the cost is one look at a plain number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from numbers import Real
from typing import Any

from ..modes import CHOOSE, COMPUTE, refuse, tracing
from ..value import Constant, Value

FREEZE = "Change numbers before or after the program runs, not inside it."
ORDER = "compares with <, <=, > or >= (as max, min and sorted do)"
NUMBER = "asks for a plain number (float, or a function of math)"

LOOKS: dict[str, tuple[str, str]] = {
    "data": ("reads .data", COMPUTE),
    "grad": ("reads .grad", "Write engine.grad(f, x, create_graph=True): derivatives as Values."),
    "has_grad": ("reads .has_grad", COMPUTE),
    "previous": ("reads .previous", COMPUTE),
    "backward": ("calls backward()", "Leave it out: the program has a backward pass of its own, value_and_grad."),
    "detach": ("calls detach()", "It would freeze the number of one example into the program."),
    "__reduce__": ("copies a Value", "Use the Value itself: a copy would be frozen at the number of one example."),
    "__float__": (NUMBER, COMPUTE),
    "__int__": ("asks for a whole number (int)", COMPUTE),
    "__index__": (
        "takes a Value for a position in a list, or multiplies a list by it",
        "To choose an entry by a position that is part of the data, engine.lookup(x, i); to multiply, sum(w * v for v in x).",
    ),
    "__bool__": ("asks whether a Value is true (if, and, or, not, while)", CHOOSE),
}
ASSIGNMENTS = {"data": "assigns to .data", "grad": "assigns to .grad"}
COMPARISONS = dict.fromkeys(("__lt__", "__le__", "__gt__", "__ge__"), ORDER) | {"__eq__": "compares with == or `in`"}


def guarded(plain: Callable[..., Any], looked: str, instead: str) -> Callable[..., Any]:
    """The member, which raises a TracingError in a thread that is tracing."""

    @wraps(plain)  # so that help() goes on showing its arguments
    def look(self: Value, *others: Any, **named: Any) -> Any:
        if tracing.blocks:
            refuse(looked, instead)
        return plain(self, *others, **named)

    return look


def guarded_comparison(plain: Callable[..., Any], looked: str) -> Callable[..., Any]:
    """A comparison, refused if it compares numbers; comparing a Value with itself reveals none."""

    def look(self: Value, other: Any) -> Any:
        if tracing.blocks and other is not self and isinstance(other, (Value, Real)):
            refuse(looked, CHOOSE)
        return plain(self, other)

    return look


def install() -> None:
    """Apply the table to Value."""
    for name, (looked, instead) in LOOKS.items():
        plain = vars(Value)[name]
        if not isinstance(plain, property):
            setattr(Value, name, guarded(plain, looked, instead))
            continue
        assert plain.fget is not None
        change = plain.fset and guarded(plain.fset, ASSIGNMENTS[name], FREEZE)
        setattr(Value, name, property(guarded(plain.fget, looked, instead), change, doc=plain.__doc__))
    for name, looked in COMPARISONS.items():
        setattr(Value, name, guarded_comparison(vars(Value)[name], looked))
    for name in ("__float__", "__int__"):
        setattr(Constant, name, guarded(vars(Constant)[name], *LOOKS[name]))


install()
