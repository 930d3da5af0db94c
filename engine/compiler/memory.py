"""The memory plan of a program, decided before its text is written.

Which instructions are views of others, how long each result is live, and which derivatives are computed directly in
the vector of gradients.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .. import ops
from .nodes import Node, constant_scale, reachable
from .views import as_steps, is_range


class Wanted(NamedTuple):
    """What a program computes: results by name, and each parameter instruction with its derivative, for the gradient vector."""

    results: list[tuple[str, Node]]
    gradients: list[tuple[Node, Node]]
    weighted: bool = False  # whether each example has a weight of its own; else the seed is one number

    @property
    def ends(self) -> list[Node]:
        """Everything that is asked for."""
        return [*(x for _, x in self.results), *(x for pair in self.gradients for x in pair)]

    def lowered(self, taken: Mapping[Node, Node]) -> Wanted:
        """The same in the instructions that replace these."""
        return self._replace(
            results=[(name, taken[x]) for name, x in self.results],
            gradients=[(taken[parameter], taken[adjoint]) for parameter, adjoint in self.gradients],
        )


class Memory:
    """The plan.

    order       the instructions; readers: the instructions that read each of them
    aliases     instructions without a buffer of their own, being views of an operand; contiguous: those in one piece
    last        the place in the order where each buffer is read for the last time
    placed      derivatives computed in their part of the vector of gradients, by its start and end; others may be added to
                them at the end
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.order = reachable(wanted.ends)
        self.readers: dict[Node, list[Node]] = {x: [] for x in self.order}
        for x in self.order:
            for operand in x.operands:
                self.readers[operand].append(x)
        self.aliases: set[Node] = set()
        self.contiguous: set[Node] = set()
        for x in self.order:
            self._sort(x)
        self.placed = self._placed()
        self.last = self._last_uses(wanted.ends)

    def _sort(self, x: Node) -> None:
        """Decide whether x is a view of its operand, and whether it is contiguous."""
        first = x.operands[0] if x.operands else None
        if x.kind == "transpose":
            self.aliases.add(x)
        elif x.kind == "reshape" and first in self.contiguous:
            self.aliases.add(x)
            self.contiguous.add(x)
        elif x.kind == "take" and first in self.contiguous and is_range(x.index[0]):
            self.aliases.add(x)
            if not x.batched:
                self.contiguous.add(x)
        elif x.kind == "take" and first in self.contiguous and as_steps(x.index[0]) and self._only_rows_read(x):
            self.aliases.add(x)
        elif x.kind != "parameter" or is_range(x.index[0]) or as_steps(x.index[0]) is None:
            self.contiguous.add(x)

    def _only_rows_read(self, x: Node) -> bool:
        """Elementwise operations take strided operands; a product of matrices wants contiguous ones."""
        return all(reader.kind == "row" for reader in self.readers[x])

    def base(self, x: Node) -> Node:
        """The instruction whose buffer x is a view of."""
        while x in self.aliases:
            x = x.operands[0]
        return x

    def _last_uses(self, ends: Iterable[Node]) -> dict[Node, int]:
        """For each instruction with a buffer the last place at which it, or a view of it, is read."""
        last = {}
        for place, x in enumerate(self.order):
            for operand in (x, *x.operands):
                last[self.base(operand)] = place
        for x in ends:
            last[self.base(x)] = len(self.order)
        return last

    def broadcasts(self, reader: Node, seed: Node) -> bool:
        """Whether one number s will broadcast in place of a column of them: the other factor has a row for each example."""
        if reader.kind == "reshape":
            return all(self.broadcasts(further, reader) for further in self.readers[reader])
        if reader.is_map(ops.mul):
            (other,) = [y for y in reader.operands if y is not seed] or [seed]
            return other.batched and other is not seed and other.shape == reader.shape
        return False

    def _placed(self) -> dict[Node, tuple[int, int]]:
        """Gradients that are written straight into their part of the vector, a part that no other parameter shares.

        One that is also a result, or needed twice, has a buffer of its own, since others may be added to this part.
        """
        placed: dict[Node, tuple[int, int]] = {}
        adjoints = [adjoint for _, adjoint in self.wanted.gradients]
        scaled = [constant_scale(adjoint)[1] for adjoint in adjoints if constant_scale(adjoint)[0] != 1.0]
        asked = Counter(self.base(x) for x in [*(x for _, x in self.wanted.results), *adjoints, *scaled])
        taken: set[int] = set()
        for parameter, adjoint in self.wanted.gradients:
            index = parameter.index[0].ravel()
            fresh = taken.isdisjoint(index.tolist())
            taken.update(index.tolist())
            has_memory = adjoint not in self.aliases and adjoint.kind not in ("parameter", "constant") and asked[adjoint] == 1
            if fresh and is_range(index) and has_memory and not adjoint.batched and adjoint.shape and adjoint not in placed:
                placed[adjoint] = int(index[0]), int(index[-1]) + 1
        return placed
