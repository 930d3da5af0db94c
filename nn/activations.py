"""The activations that a layer can have, by name: each unary row of the engine's table, `linear`, and `softmax`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from .. import engine
from ..engine import TABLE, Constant, Value
from ..engine.on_arrays import on_array, slope_on_array
from ..engine.primitive import Primitive
from ..engine.value import number_of

ELEMENTWISE: dict[str, Callable[[Any], Any]] = {"linear": lambda z: z}
ELEMENTWISE |= {name: row for name, row in TABLE.items() if row.arity == 1 and name not in ("neg", "power")}


def elementwise(name: str) -> Callable[[Any], Any] | None:
    """The activation of that name; the table is asked each time, since users add rows of their own."""
    row = TABLE.get(name)
    return ELEMENTWISE.get(name) or (row if row is not None and row.arity == 1 and row.is_function else None)


class Activation:
    """What turns a layer's z into its a; softmax takes the layer as a whole, all others work unit by unit."""

    def __init__(self, wanted: str | Callable[[Any], Any]) -> None:
        if isinstance(wanted, Primitive) and elementwise(wanted.name) is wanted:
            wanted = wanted.name  # rows of the table are stored by name
        self.name = wanted if isinstance(wanted, str) else getattr(wanted, "__name__", getattr(wanted, "name", "custom"))
        self.custom = not isinstance(wanted, str)
        if isinstance(wanted, str) and wanted != "softmax":
            function = elementwise(wanted)
            if function is None:
                raise ValueError(f"There is no activation {wanted!r}; there are {', '.join(ELEMENTWISE)}, and softmax.")
            self.function = function
        elif not isinstance(wanted, str) and callable(wanted):
            self.function = wanted
        elif not isinstance(wanted, str):
            raise TypeError(f"An activation is a name or a function on a Value, not {wanted!r}.")

    def __call__(self, z: Sequence[Any]) -> list[Any]:
        """a = f(z), for a whole layer; a function of the user's own always gets Values, and may use their methods."""
        if self.name == "softmax" and not self.custom:
            return engine.softmax(z)
        if not self.custom:
            return [self.function(x) for x in z]
        return [self.function(x) if isinstance(x, Value) else number_of(self.function(Constant(x))) for x in z]

    def on_rows(self, z: np.ndarray) -> np.ndarray:
        """The same for rows of plain numbers (examples, units)."""
        if self.name == "linear" and not self.custom:
            return z
        if self.row is not None:
            with suppress(TypeError):  # a user's rule that only plain numbers can go through
                return on_array(self.row, z)
        return np.array([[number_of(value) for value in self(row)] for row in z.tolist()])

    @property
    def row(self) -> Primitive | None:
        """The row of the table that this is; None for linear, for softmax and for a function of the user's own."""
        if self.custom or self.name == "softmax" or not isinstance(self.function, Primitive):
            return None
        row = self.function
        return row.bind(row.default) if row.parameter else row

    @property
    def image(self) -> tuple[float, float]:
        """The least and the greatest value; a target outside these can never be reached."""
        if self.name == "softmax" and not self.custom:
            return 0.0, 1.0
        return self.row.image if self.row else (-math.inf, math.inf)

    def steepness(self, z: np.ndarray) -> np.ndarray | None:
        """|f'(z)| as a fraction of the largest slope; None for an activation that does not saturate."""
        facts = self.row.activation if self.row else None
        if self.row is None or facts is None or not facts.steepest:
            return None
        slope: np.ndarray = np.abs(slope_on_array(self.row, z))
        return slope / facts.steepest

    def to_keep(self) -> str:
        """The name, for a file; a ValueError refuses a function of the user's own."""
        if self.custom:
            raise ValueError(f"The activation {self.name!r} is a function of your own, which a file cannot hold; "
                             "use a named one.")  # fmt: skip
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles store the name."""
        return Activation, (self.function if self.custom else self.name,)

    def __repr__(self) -> str:
        return self.name
