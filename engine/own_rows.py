"""Rows as methods of Values, v.exp() for engine.exp(v); and `primitive`, by which users add rows of their own."""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING

from . import ops
from .value import Value, prefix

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .primitive import Primitive

RESERVED = frozenset(dir(Value))  # names that a user's row cannot have
_added: set[str] = set()  # the names of users' own rows


def primitive(name: str, forward: Callable[..., Any], derivatives: Any, **options: Any) -> Primitive:
    """Add an operation of your own: from then on it is a function, a method of Values, and a word of `engine.parse`.

        cube = primitive("cube", lambda x: x**3, lambda result, x: 3*x**2)

    forward      the result, from as many numbers as there are operands
    derivatives  for each operand a rule (result, *operands) -> ∂result/∂operand; for one operand the rule alone will do
    options      the other fields of a row, see engine/primitive.py: textbook=, domain=, kink=, parameter=, notation=, ...

    Rules made of arithmetic and engine's functions are explained, drawn, differentiated again and compiled like those of the
    table. A rule that uses `math` works on plain numbers only; whatever needs more raises an error that says so. A row added
    earlier under the same name is replaced, so that a notebook's cell can be run again.
    """
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
        raise ValueError(f"A row needs a name such as cube, not {name!r:.60}.")
    if iskeyword(name):
        raise ValueError(f"{name} is a word of Python itself; give your row another name.")
    if name in RESERVED:
        raise ValueError(f"Every Value already has v.{name}; give your row another name.")
    if name in ops.TABLE and name not in _added:
        raise ValueError(f"{name} is a row of the engine's table already; give your row another name.")
    if options.get("native"):
        raise ValueError(f"native marks rows that every part of the engine implements itself; leave it out for {name}.")
    rules = tuple(derivatives) if isinstance(derivatives, (tuple, list)) else (derivatives,)
    for rule in (forward, *rules):
        if not callable(rule):
            raise TypeError(
                f"The rules of {name} are functions, such as lambda x: x**3 and lambda result, x: 3*x**2; {rule!r:.60} is not "
                "one."
            )
    row = ops.declare(name, forward, rules, **options)
    _added.add(name)
    _give_method(row)
    return row


def _give_method(row: Primitive) -> None:
    """The row as a method: v.exp(), v.elu(alpha=2), v.maximum(w). Operators, and rows over any number of operands, have none."""
    if not row.is_function and (row.arity is None or row.name not in _added):
        return
    if row.arity == 1 and not row.parameter:
        method: Callable[..., Any] = prefix(row)
    else:
        method = lambda self, *others, **named: row(self, *others, **named)
    method.__doc__ = f"engine.{row.name}(self, ...)"
    setattr(Value, row.name, method)


for _row in ops.TABLE.values():
    _give_method(_row)
