"""The activations that a layer can have, by name: each unary row of the engine's table, `linear`, and `softmax`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import engine
from engine import TABLE, Constant, Value
from engine.compiler.kernels import on_array
from engine.primitive import Primitive

ELEMENTWISE: dict[str, Callable[[Any], Any]] = {"linear": lambda z: z}
ELEMENTWISE |= {name: row for name, row in TABLE.items() if row.arity == 1 and name not in ("neg", "power")}

# Where an activation's values lie; a target outside can never be reached. Those not listed reach every number.
RANGES = {
    "sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "step": (0.0, 1.0), "tanh": (-1.0, 1.0), "sign": (-1.0, 1.0),
    "erf": (-1.0, 1.0), "sin": (-1.0, 1.0), "cos": (-1.0, 1.0), "relu": (0.0, float("inf")), "exp": (0.0, float("inf")),
    "softplus": (0.0, float("inf")),
}  # fmt: skip


class Activation:
    """What turns a layer's z into its a; softmax takes the layer as a whole, all others go unit by unit."""

    def __init__(self, wanted: str | Callable[[Any], Any]) -> None:
        if isinstance(wanted, Primitive) and wanted.name in ELEMENTWISE and wanted.static is None:
            wanted = wanted.name  # the engine's own function goes by its name
        self.name = wanted if isinstance(wanted, str) else getattr(wanted, "__name__", getattr(wanted, "name", "custom"))
        self.custom = not isinstance(wanted, str)
        if isinstance(wanted, str) and wanted != "softmax":
            if wanted not in ELEMENTWISE:
                raise ValueError(f"There is no activation {wanted!r}; there are {', '.join(ELEMENTWISE)}, and softmax.")
            self.function = ELEMENTWISE[wanted]
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
        return [self.function(x) if isinstance(x, Value) else float(self.function(Constant(x))) for x in z]

    def on_rows(self, z: np.ndarray) -> np.ndarray:
        """The same for rows of plain numbers (examples, units)."""
        if self.name == "linear" and not self.custom:
            return z
        if not self.custom and self.name != "softmax":
            row = TABLE[self.name]
            return on_array(row.bind(row.default) if row.parameter else row, z)
        return np.array([[float(value) for value in self(row)] for row in z.tolist()])

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles go by the name."""
        return Activation, (self.function if self.custom else self.name,)

    def __repr__(self) -> str:
        return self.name
