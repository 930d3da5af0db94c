"""A rule on single numbers, applied in place to arrays of them: how an optimiser moves all parameters at once.

The rule is run once on symbols and becomes a program whose results overwrite what it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..interpreter import Interpreter
from ..modes import TracingError
from ..primitive import Primitive
from .code import loaded
from .instructions import Builder, Instruction, reachable
from .lower import lower
from .memory import Wanted
from .rules import RULES
from .source import write


class Symbol(Interpreter):
    """A number in a rule: it can be computed with, but not looked at."""

    def __init__(self, instruction: Instruction) -> None:
        self.instruction = instruction

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Symbol:
        builder = self.instruction.builder
        if row is ops.mul and any(isinstance(x, (int, float)) and x == 0 for x in operands):
            return Symbol(builder.constant(0.0))  # an option that is off costs nothing
        lifted = [x.instruction if isinstance(x, Symbol) else builder.lift(x) for x in operands]
        return Symbol(builder.elementwise(row, *lifted))

    def __pow__(self, exponent: Any) -> Symbol:
        if isinstance(exponent, Symbol):
            return self._compute(ops.general_power, (self, exponent))
        return self._compute(ops.sqrt if exponent == 0.5 else ops.power.bind(float(exponent)), (self,))

    def __rpow__(self, base: float) -> Symbol:
        return self._compute(ops.general_power, (base, self))

    def _look(self, *_: Any) -> Any:
        raise TracingError("The rule looks at a number (a comparison, if, float, max): it must be arithmetic alone.")

    __bool__ = __float__ = __int__ = __index__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __hash__ = _look


class InPlace:
    """rule(symbols by name) -> results by name, as a function of arrays that overwrites each with its result.

    `arrays` are of one length; a name in `numbers` stands for one number instead, and its result is returned. There is a
    result for every name but those in `read`. Raises a TracingError for a rule that cannot be done so.
    """

    def __init__(
        self, rule: Callable[[dict[str, Any]], Mapping[str, Any]], arrays: Mapping[str, np.ndarray],
        numbers: Sequence[str], read: Sequence[str] = (),
    ) -> None:  # fmt: skip
        builder = Builder(RULES)
        names = [*arrays, *numbers]
        leaves = {
            name: builder.make("input", (), (), name in arrays, position=position) for position, name in enumerate(names)
        }
        found = {name: _instruction(result, builder) for name, result in rule({n: Symbol(x) for n, x in leaves.items()}).items()}
        if {*found, *read} != {*names}:
            raise TracingError(f"The rule gives {sorted(found)} for {sorted(names)}: its memory comes and goes.")
        if any(found[name].batched for name in numbers):
            raise TracingError("A number of the rule became one for each entry.")
        if any(x in leaves.values() and x is not leaves[name] for name, x in found.items()):
            raise TracingError("The rule hands one array on as another, which in place would be lost.")
        first = next(iter(arrays.values()))
        lowered = lower(reachable([*leaves.values(), *found.values()]), first.dtype)
        moved = {name: x for name, x in found.items() if name in arrays and x is not leaves[name]}
        into = {names.index(name): lowered[x] for name, x in moved.items()}
        returned = [(name, lowered[found[name]]) for name in numbers]
        self.source, constants = write(Wanted(returned, [], into=into), names, first.dtype.name, "A rule, in place.")
        self._run = loaded(self.source)(len(first), None, None, constants)
        self._arrays = list(arrays.values())

    def __call__(self, *numbers: float) -> tuple[float, ...]:
        """Overwrite the arrays; give the new numbers. NumPy's own warnings are not held back here."""
        results: tuple[float, ...] = self._run(*self._arrays, *numbers, 1.0)
        return results


def _instruction(result: Any, builder: Builder) -> Instruction:
    return result.instruction if isinstance(result, Symbol) else builder.lift(result)
