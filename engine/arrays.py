"""Reading the arrays that users give: real numbers come in unchanged, anything else is refused with a clear error.

NumPy converts nearly everything to floats if it is told to: it drops imaginary parts, takes what lies under a mask, counts
dates in nanoseconds and reads numbers from text. Here nothing is lost on the way in. NumPy is needed for this, so only the
compiler and `nn` load this module.
"""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np

from .value import Value

REAL = "fiub"  # the kinds of dtype whose entries are real numbers: floats, signed and unsigned integers, booleans
UNMASKED = {float, int, bool, np.float64, np.float32, np.int64}  # common entries of lists, which need no closer look


def real_array(given: Any, must: str, dtype: Any = float) -> np.ndarray:
    """`given` as a contiguous array of real numbers.

    `must` begins the sentence of the ValueError that refuses anything else, such as "X must be rows of 2 numbers": masked
    arrays, complex numbers, dates, text, ragged rows, generators, sparse matrices, None, and Values that are not Constants.
    Objects that convert to a float (a Fraction, a Constant) are taken as that number. Whether inf and nan are allowed,
    and which shapes fit, is for the caller to check.
    """
    if _has_mask(given):
        raise ValueError(f"{must}; a masked array has none under its mask: fill it, x.filled(0), or leave those rows out.")
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{must}; {_ragged(given)}.") from None
    if array.dtype.kind == "O":
        array = _from_objects(array, must)
    elif array.dtype.kind not in REAL:
        kinds = {"c": "complex numbers, whose imaginary parts would be lost", "M": "dates", "m": "spans of time"}
        has = kinds.get(array.dtype.kind, "text" if array.dtype.kind in "US" else f"entries of type {array.dtype}")
        raise ValueError(f"{must}; it has {has}: {shown(given)}.")
    with np.errstate(over="ignore"):  # a number that is too large for float32 becomes inf
        return np.asarray(array, dtype=dtype, order="C")


def shown(thing: Any) -> str:
    """The beginning of a thing's repr, on one line."""
    text = reprlib.repr(thing) if isinstance(thing, (list, tuple, dict, set)) else _repr(thing)
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."


def _repr(thing: Any) -> str:
    try:
        return repr(thing)
    except Exception:  # someone else's repr, or an integer with more digits than Python writes
        return f"a {type(thing).__name__}"


def _has_mask(given: Any) -> bool:
    """Whether something is masked, here or in a list inside; NumPy forgets the masks of a list's rows."""
    waiting, seen = [given], set()
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, np.ma.MaskedArray):
            if np.ma.is_masked(thing):
                return True
        elif isinstance(thing, (list, tuple)) and id(thing) not in seen:
            seen.add(id(thing))  # a list may contain itself
            if not UNMASKED.issuperset(map(type, thing)):
                waiting.extend(thing)
    return False


def _ragged(given: Any) -> str:
    """What to say about nested lists that do not form an array."""
    lengths = {len(row) if hasattr(row, "__len__") else 1 for row in given} if isinstance(given, (list, tuple)) else set()
    return f"its rows have lengths {sorted(lengths)}" if len(lengths) > 1 else f"its rows differ in shape: {shown(given)}"


def _from_objects(array: np.ndarray, must: str) -> np.ndarray:
    """The numbers of an array of Python objects."""
    if array.ndim == 0 and not hasattr(array.item(), "__float__"):
        raise ValueError(f"{must}; {_not_an_array(array.item())}.")
    numbers = [_number(entry, must) for entry in array.flat]
    return np.array(numbers, dtype=float).reshape(array.shape)


def _not_an_array(thing: Any) -> str:
    """What to say about one object that NumPy does not see as an array."""
    if hasattr(thing, "toarray"):
        return f"it is a sparse matrix, a {type(thing).__name__}: give its .toarray()"
    if hasattr(thing, "__next__"):
        return f"it is a {type(thing).__name__}, which can be read only once: make a list of it"
    return f"it is {shown(thing)}"


def _number(entry: Any, must: str) -> float:
    """One entry of an object array as a float."""
    if isinstance(entry, Value):
        number = entry.data  # refused while tracing
        if not entry.constant:
            raise ValueError(f"{must}; it has the Value {shown(entry)}. No gradient flows through an array of numbers: "
                             "compute with the Value itself, or give its number, .data.")  # fmt: skip
        return number
    lossy = isinstance(entry, (np.generic, np.ndarray)) and entry.dtype.kind not in REAL  # these convert to a float, too
    if lossy or not hasattr(entry, "__float__"):
        raise ValueError(f"{must}; it has {shown(entry)}, which is not a number.")
    try:
        return float(entry)
    except OverflowError:
        raise ValueError(f"{must}; it has a number beyond {np.finfo(float).max:.2g}, the largest float.") from None
    except (TypeError, ValueError):
        raise ValueError(f"{must}; it has {shown(entry)}, which is not a number.") from None
