"""Forward mode: derivatives pushed along with the values, on dual numbers.

A dual number is a value with a tangent, x + ẋε where ε² = 0: the tangent says how fast the value changes along a direction.
One pass from the inputs to the outputs gives the rate of change of everything in that direction,

    ẏ = Σ ∂y/∂x_i · ẋ_i,

the product of the Jacobian with a vector (hence jvp). The reverse sweep gives all derivatives of one output in one pass;
this gives one direction's derivative of all outputs. So it wins where inputs are few and outputs many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from .errors import Known, UndefinedDerivativeError, check_fresh
from .graph import Graph, topological_order
from .interpreter import Interpreter
from .modes import refuse
from .value import Value, number_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .primitive import Primitive


class Dual(Interpreter):
    """A value and its tangent; arithmetic on it follows the rows of the table."""

    def __init__(self, value: float, tangent: float = 0.0) -> None:
        self.value, self.tangent = value, tangent

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Dual:
        """The row's value, and Σ of its local derivatives times the operands' tangents."""
        duals = [x if isinstance(x, Dual) else Dual(number_of(x)) for x in operands]
        numbers = [x.value for x in duals]
        result = row.evaluate(*numbers)
        tangent = 0.0
        try:
            for dual, slope in zip(duals, row.slopes(result, numbers)):
                if dual.tangent:
                    tangent += slope() * dual.tangent
            if not isfinite(tangent):
                raise OverflowError
        except (ArithmeticError, ValueError):
            names = [Known(f"x{i}", number) for i, number in enumerate(numbers, 1)]
            raise UndefinedDerivativeError(row, Known("y", result), names) from None
        return Dual(result, tangent)

    def __repr__(self) -> str:
        return f"Dual({self.value:.12g}, {self.tangent:.12g})"


def jvp(f: Value | Sequence[Value] | Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[float]) -> tuple[Any, Any]:
    """The value of f and its derivative along a direction, Σ ∂f/∂x_i · tangent_i, in one pass forward.

    f         a function of the inputs, a Value computed from them, or a list of such Values
    inputs    numbers or Values; for an f that is already computed, Values of its graph
    tangents  how fast each input moves: 1 for one of them and 0 for the others gives the derivative with respect to that one

    Two numbers are returned, (value, tangent); for several outputs two lists. No `.grad` is touched.
    """
    refuse("asks for a derivative as a plain number", "Write engine.grad(f, x, create_graph=True).")
    inputs, directions = list(inputs), [number_of(tangent) for tangent in tangents]
    if len(inputs) != len(directions):
        raise ValueError(f"jvp needs one tangent for each input: {len(inputs)} inputs, {len(directions)} tangents.")
    if len({id(x) for x in inputs if isinstance(x, Value)}) < sum(isinstance(x, Value) for x in inputs):
        raise ValueError("A Value is given twice among the inputs, and it moves in one direction only: give each once.")
    if not all(isfinite(direction) for direction in directions):
        raise ValueError(f"tangents = {directions} must be finite numbers.")
    values = [x if isinstance(x, Value) else Value(x, f"x{i}") for i, x in enumerate(inputs, 1)]
    outputs: Any = f if isinstance(f, (Value, Iterable)) else f(*values)
    several: list[Any] = list(outputs) if isinstance(outputs, Iterable) else [outputs]
    for output in several:
        if not isinstance(output, Value):
            raise TypeError(f"jvp differentiates Values; f gave the {type(output).__name__} {output!r:.60}.")
        check_fresh(Graph(output))
    duals = _pushed(several, dict(zip(values, directions)))
    pairs = [(duals[output].value, duals[output].tangent) for output in several]
    return ([x for x, _ in pairs], [t for _, t in pairs]) if isinstance(outputs, Iterable) else pairs[0]


def _pushed(outputs: Sequence[Value], directions: dict[Value, float]) -> dict[Value, Dual]:
    """Every node of the graph as a dual number, from the leaves up. An inner node may be an input, too."""
    duals: dict[Value, Dual] = {}
    for node in topological_order(*outputs):
        if node in directions or node.op is None or node.previous is not None:
            duals[node] = Dual(node.data, directions.get(node, 0.0))
        else:
            duals[node] = duals[node.operands[0]]._compute(node.op, tuple([duals[x] for x in node.operands]))
    return duals
