"""The base of the interpreters that are not numbers: whatever is done to them becomes a row applied to operands.

A rule of the table run on such objects calls `_compute(row, operands)` for each operation in it, in order. Terms answer
with a formula, tallies with a count; a compiler may answer with an instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ops
from .primitive import Primitive

if TYPE_CHECKING:
    from typing import Any, Self


class Interpreter:
    """Arithmetic whose every operator is a row of the table. Subclasses say in `_compute` what a row means to them."""

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
