"""The table on arrays: native rows by NumPy's functions; all other rows are made of these."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .interpreter import Interpreter
from .primitive import Primitive

NUMPY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "pow": "power", "power": "power",
    "sqrt": "sqrt", "exp": "exp", "log": "log", "expm1": "expm1", "log1p": "log1p", "sin": "sin", "cos": "cos",
    "tanh": "tanh", "abs": "absolute", "sign": "sign", "greater": "greater", "greater_equal": "greater_equal",
    "equal": "equal", "where": "where", "maximum": "maximum", "minimum": "minimum", "erf": "erf", "erfc": "erfc",
    "cbrt": "cbrt", "hypot": "hypot", "exp2": "exp2", "log2": "log2", "log10": "log10", "atan2": "arctan2", "sinh": "sinh",
    "cosh": "cosh", "asinh": "arcsinh", "acosh": "arccosh",
}  # fmt: skip
COMPARISONS = ("greater", "greater_equal", "equal")


def entry_by_entry(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of one number on each entry of an array, in the array's precision."""
    def on_entries(x: Any) -> Any:
        x = np.asarray(x)
        kind = x.dtype if x.dtype.kind == "f" else np.dtype(float)
        return np.fromiter(map(function, x.ravel().tolist()), kind, x.size).reshape(x.shape)[()]  # [()]: a number from a number

    return on_entries


# NumPy has no error function. Python's, one entry after another, gives a compiled program the very digits that a Value has,
# for some 50 ns an entry. Polynomials in NumPy's arithmetic would take a hundred calls to be as exact: ten times slower for a
# hundred entries, and not twice as fast for thousands.
erf, erfc = entry_by_entry(math.erf), entry_by_entry(math.erfc)
SPECIAL = {"erf": erf, "erfc": erfc}


def native(row: Primitive, operands: list[Any], xp: Any) -> Any:
    """One native row on arrays."""
    name = row.name
    if name in SPECIAL and xp is np:
        return SPECIAL[name](*operands)
    if name == "power":
        return xp.multiply(*operands, *operands) if row.static == 2.0 else xp.power(operands[0], row.static)
    if name == "where":
        return xp.where(xp.not_equal(operands[0], 0.0), *operands[1:])
    result = getattr(xp, NUMPY[name])(*operands)
    if name not in COMPARISONS:
        return result
    kinds = [x.dtype for x in operands if hasattr(x, "dtype")]
    return xp.asarray(result, dtype=kinds[0] if kinds else float)


class Array(Interpreter):
    """An array in a rule of the table."""

    def __init__(self, value: Any, xp: Any) -> None:
        self.value, self.xp = value, xp

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Array:
        if not row.native:
            result = row.forward(*[x if isinstance(x, Array) else Array(x, self.xp) for x in operands])
            return result if isinstance(result, Array) else Array(result, self.xp)
        values = [x.value if isinstance(x, Array) else x for x in operands]
        return Array(REDUCTIONS[row.name](*values, self.xp) if row.arity is None else native(row, values, self.xp), self.xp)


def on_array(row: Primitive, x: np.ndarray) -> np.ndarray:
    """A row of one operand on each entry of an array; where it does not exist, nan or inf."""
    with np.errstate(all="ignore"):
        result: np.ndarray = np.broadcast_to(Array(x, np)._compute(row, (Array(x, np),)).value, x.shape)
    return result


def slope_on_array(row: Primitive, x: np.ndarray) -> np.ndarray:
    """The derivative of a row of one operand, likewise."""
    with np.errstate(all="ignore"):
        at = Array(x, np)
        slope = row.derivative(at._compute(row, (at,)), (at,), 0)
        result: np.ndarray = np.broadcast_to(slope.value if isinstance(slope, Array) else slope, x.shape)
    return result


# --- along the last axis, which is kept with length 1 ---

def fsum(x: Any, xp: Any = np) -> Any:
    """The sum."""
    return xp.sum(x, axis=-1, keepdims=True)


def logsumexp(x: Any, xp: Any = np) -> Any:
    """log Σ exp(x): shifted by the largest, whose own share of 1 goes through log1p for the digits near 0."""
    largest = xp.max(x, axis=-1, keepdims=True)
    shares = xp.exp(x - largest)
    first = xp.arange(x.shape[-1]) == xp.argmax(x, axis=-1)[..., None]
    return largest + xp.log1p(xp.sum(xp.where(first, 0.0, shares), axis=-1, keepdims=True))


def amax(x: Any, xp: Any = np) -> Any:
    """The largest."""
    return xp.max(x, axis=-1, keepdims=True)


def amin(x: Any, xp: Any = np) -> Any:
    """The smallest."""
    return xp.min(x, axis=-1, keepdims=True)


def softmax(x: Any, xp: Any = np) -> Any:
    """exp(x)/Σ exp(x), which keeps the length of the axis: shifted by the largest, so that nothing overflows."""
    shares = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return shares / xp.sum(shares, axis=-1, keepdims=True)


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "fsum": fsum, "logsumexp": logsumexp, "amax": amax, "amin": amin, "softmax": softmax,
}  # fmt: skip
