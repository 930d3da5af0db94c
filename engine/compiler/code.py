"""One compiled variant of a program: its instructions, its text, and the functions that the text makes for each batch size.

A program has several variants: the values alone, value and gradient, with weights for the examples, with the gradients of
the inputs. Each is made when it is first asked for.
"""

import linecache
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .instructions import Instruction, reachable
from .lower import lower
from .names import plain
from .source import Wanted, write
from .verify import verify

SIZES = 8  # how many batch sizes keep their buffers


class Code:
    """The text for what is wanted, and its functions."""

    def __init__(
        self, results: "list[tuple[str, Instruction]]", gradients: "list[tuple[Instruction, Instruction]]", weighted: bool,
        arguments: "Sequence[str]", dtype: str, heading: str, parameters: int,
    ) -> None:  # fmt: skip
        ends = [*(x for _, x in results), *(x for pair in gradients for x in pair)]
        order = reachable(ends)
        lowered = lower(order, dtype)
        for x in order:
            y = lowered[x]
            if x.name and not y.name:
                y.name = plain(x.name)
        wanted = Wanted(
            [(name, lowered[x]) for name, x in results], [(lowered[p], lowered[g]) for p, g in gradients], weighted
        )
        verify(reachable([lowered[x] for x in ends]), parameters)
        for parameter, adjoint in wanted.gradients:
            adjoint.name = adjoint.name or f"d{parameter.name}"
        self.source, self.constants = write(wanted, arguments, dtype, heading)
        self.wanted = wanted
        self.built: dict[int, Callable[..., Any]] = {}
        filename = f"<compiled program {id(self):x}>"
        linecache.cache[filename] = (len(self.source), None, self.source.splitlines(keepends=True), filename)
        space: dict[str, Any] = {}
        exec(compile(self.source, filename, "exec"), space)  # the text printed as `program.source`
        self.build = space["build"]

    def run(self, n: int, theta: np.ndarray, gradient: np.ndarray) -> "Callable[..., Any]":
        """The function for batches of n examples."""
        run: Callable[..., Any] | None = self.built.get(n)
        if run is None:
            while len(self.built) >= SIZES:
                self.built.pop(next(iter(self.built)))
            run = self.built[n] = self.build(n, theta, gradient, self.constants)
        return run
