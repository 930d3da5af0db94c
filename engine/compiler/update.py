"""An optimiser's rule, written for one parameter, as a program that works on arrays of all parameters at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..interpreter import Interpreter
from ..modes import TracingError
from ..primitive import Primitive
from .nodes import BATCH, Builder, Node
from .rules import RULES
from .writing.code import loaded
from .writing.lower import lower
from .writing.memory import Wanted
from .writing.source import write


class Symbol(Interpreter):
    """A number in a rule: it can be computed with, but not looked at."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Symbol:
        builder = self.node.builder
        if row is ops.mul and any(isinstance(x, (int, float)) and x == 0 for x in operands):
            return Symbol(builder.constant(0.0))  # an option that is off costs nothing
        lifted = [x.node if isinstance(x, Symbol) else builder.lift(x) for x in operands]
        return Symbol(builder.map(row, *lifted))

    def __pow__(self, exponent: Any) -> Symbol:
        if isinstance(exponent, Symbol):
            return self._compute(ops.general_power, (self, exponent))
        return self._compute(ops.sqrt if exponent == 0.5 else ops.power.bind(float(exponent)), (self,))

    def _look(self, *_: Any) -> Any:
        raise TracingError(
            "The rule looks at a number (a comparison, if, float, max), and a rule that is compiled must be arithmetic alone. "
            "Without the list `options` in its class, the optimiser makes its steps on the Values."
        )

    __bool__ = __float__ = __int__ = __index__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __hash__ = _look


class Update:
    """rule(p, g, memory), compiled: update(turn, p, g, memory) gives p - p', the change of each parameter, and the new memory.

    p and g are arrays of one length. `memory` is an array of that length for each name in `arrays`, and then a single
    number for each in `numbers`. The arguments are not written into. The results are in buffers of the function that computed
    them. There are two such functions, for turn 0 and turn 1, so that one reads the memory that the other has computed.
    """

    def __init__(
        self, rule: Callable[..., Any], arrays: Sequence[str], numbers: Sequence[str], length: int, dtype: np.dtype[Any]
    ) -> None:  # fmt: skip
        builder = Builder(RULES)
        names = [*arrays, *numbers]
        leaves = [
            builder.make("input", (), (BATCH,) if position < 2 + len(arrays) else (), position=position)
            for position in range(2 + len(names))
        ]
        p, g, *kept = leaves
        memory = {name: Symbol(x) for name, x in zip(names, kept)}
        change = _change(p, _node(rule(Symbol(p), Symbol(g), memory), builder))
        self.complete = memory.keys() == set(names)  # else this step creates memory, and is not the usual one
        if not self.complete:
            return
        results = [("change", change), *((name, _node(memory[name], builder)) for name in names)]
        if any(x.batched for name, x in results if name in numbers):
            raise TracingError("A memory entry that was one number for all parameters became one number for each.")
        lowered = lower([*leaves, *(x for _, x in results)])
        wanted = Wanted([(name, lowered[x]) for name, x in results], [])
        self.source, constants = write(wanted, ["p", "g", *names], dtype.name, "An optimiser's rule.")
        build = loaded(self.source)
        # Without arrays in the memory one function is enough
        functions = [build(length, None, None, constants) for _ in range(2 if arrays else 1)]
        self._functions = functions[0], functions[-1]
        # A rule may hand on what it was given, or give one number for all: such results need arrays of their own
        self._copied = [
            i for i, (name, x) in enumerate(wanted.results) if name not in numbers and (x.kind == "input" or not x.batched)
        ]

    def __call__(self, turn: int, p: np.ndarray, g: np.ndarray, memory: Sequence[Any]) -> list[Any]:
        """The change, and behind it the new memory. NumPy's own warnings are not suppressed here."""
        results = [*self._functions[turn](p, g, *memory, 1.0)]
        for i in self._copied:
            results[i] = np.array(np.broadcast_to(results[i], p.shape), p.dtype)
        return results


def _change(p: Node, moved: Node) -> Node:
    """c, where the rule gives p - c."""
    if moved is p:
        return p.builder.constant(0.0)
    if moved.is_map(ops.sub) and moved.operands[0] is p:
        return moved.operands[1]
    raise TracingError("A rule that is compiled must return p minus a change.")


def _node(result: Any, builder: Builder) -> Node:
    return result.node if isinstance(result, Symbol) else builder.lift(result)
