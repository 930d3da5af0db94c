"""The base class of interpreters that are not numbers: every operation on one becomes a row applied to operands.

A rule of the table run on such objects calls `_compute(row, operands)` for each operation in it, in order. Terms answer
with a formula, tallies with a count, the compiler with an instruction. None of them is a number, so anything that
would need one (float, if, <) is refused.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

from . import ops
from .primitive import Primitive

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, Self


class Interpreter:
    """Arithmetic whose every operator is a row of the table. Subclasses say in `_compute` what a row means to them.

    The methods of a Value that stand for a row (x.exp(), x.elu(alpha=2)) work here as well.
    """

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Self:
        raise NotImplementedError

    def __add__(self, other: Any) -> Self:
        return self._compute(ops.add, (self, other))

    def __radd__(self, other: Any) -> Self:
        return self._compute(ops.add, (other, self))

    def __sub__(self, other: Any) -> Self:
        return self._compute(ops.sub, (self, other))

    def __rsub__(self, other: Any) -> Self:
        return self._compute(ops.sub, (other, self))

    def __mul__(self, other: Any) -> Self:
        return self._compute(ops.mul, (self, other))

    def __rmul__(self, other: Any) -> Self:
        return self._compute(ops.mul, (other, self))

    def __truediv__(self, other: Any) -> Self:
        return self._compute(ops.div, (self, other))

    def __rtruediv__(self, other: Any) -> Self:
        return self._compute(ops.div, (other, self))

    def __neg__(self) -> Self:
        return self._compute(ops.neg, (self,))

    def __abs__(self) -> Self:
        return self._compute(ops.absolute, (self,))

    def __pow__(self, exponent: Any) -> Self:
        """With a number, the row that has the exponent as its static parameter, as for a Value."""
        if isinstance(exponent, Real):
            return self._compute(ops.power.bind(float(exponent)), (self,))
        return self._compute(ops.general_power, (self, exponent))

    def __rpow__(self, base: Any) -> Self:
        return self._compute(ops.general_power, (base, self))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        row = ops.TABLE.get(name)
        if row is None or not row.is_function:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return lambda *others, **named: row(self, *others, **named)

    def _look(self, *_: Any) -> NoReturn:
        raise TypeError(
            "A rule of the table looks at a number (float, int, a function of math, if, max, or a comparison), but it runs on "
            "formulas and arrays too: it must be arithmetic and engine's functions alone, engine.exp(x) instead of math.exp(x), "
            "engine.where(engine.greater(x, y), a, b) instead of if."
        )

    __float__ = __int__ = __index__ = __complex__ = __bool__ = __round__ = __trunc__ = __floor__ = __ceil__ = _look
    __lt__ = __le__ = __gt__ = __ge__ = _look

    def __eq__(self, other: object) -> bool:
        """Two of them are equal if they are the same object; comparing one with a number would be looking at it."""
        if isinstance(other, Real):
            self._look()
        return self is other or NotImplemented

    __hash__ = object.__hash__
