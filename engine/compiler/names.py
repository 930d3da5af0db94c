"""Names for what a program prints, as the lectures have them: W1, b1, z1, a1, ..., and δ for an error ∂C/∂z.

Layers are recognised here and not by instruments/neurons.py, since here a layer is one product of matrices: single neurons,
sums of products of scalars, no longer exist. What an activation is, both learn from the row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .. import ops
from .nodes import Node


class Names:
    """Gives each instruction that deserves one a name; `words` are the arguments of the function, `labels` those of the
    parameters, by place, `labelled` the instructions that stand for one Value with a label."""

    def __init__(
        self, order: Sequence[Node], words: Sequence[str], labels: Sequence[str],
        labelled: Mapping[Node, str],
    ) -> None:  # fmt: skip
        self.labels = labels
        self.taken: set[str] = set(words)
        self.layers = 0
        for x in order:
            if x.kind == "input":
                x.name = words[x.position]
            elif x in labelled and not x.name:
                x.name = self._free(labelled[x])
        sums = _sums(order)
        for x in order:
            if x in sums:
                self._layer(x, sums[x])
        for x in order:
            if _is_activation(x) and x.operands[0].name.startswith("z"):
                x.name = x.name or self._free("a" + x.operands[0].name[1:])
        for x in order:
            if x.kind == "parameter" and not x.name:
                x.name = self._parameter(x)

    def _layer(self, z: Node, terms: list[Node]) -> None:
        """z = W a + b: the next layer."""
        self.layers += 1
        z.name = z.name or self._free(f"z{self.layers}")
        matrices = [term.operands[1] for term in terms if term.kind == "contract"]
        for matrix, letter in zip(matrices, ("W", "U", "V", "Q")):
            if matrix.kind == "parameter" and not matrix.name:
                matrix.name = self._free(f"{letter}{self.layers}")
        for term in terms:
            if term.kind == "parameter" and not term.name:
                term.name = self._free(f"b{self.layers}")

    def _parameter(self, x: Node) -> str:
        """A single parameter is named by its label, several by the letter w."""
        if x.size == 1:
            label = self.labels[int(x.index[0].flat[0])]
            if label.isidentifier():
                return self._free(label)
        return self._free("w")

    def _free(self, name: str) -> str:
        free, number = name, 2
        while free in self.taken:
            free, number = f"{name}_{number}", number + 1
        self.taken.add(free)
        return free


def _sums(order: Sequence[Node]) -> dict[Node, list[Node]]:
    """The sums with a product of matrices in them, each with its terms: products, biases, and activations that skip a layer.

    A sum that continues in another, and is read nowhere else, is not counted by itself.
    """
    readers: dict[Node, int] = dict.fromkeys(order, 0)
    for x in order:
        for operand in x.operands:
            readers[operand] += 1
    sums: dict[Node, list[Node]] = {}
    for x in order:
        if x.kind == "contract" and x.operands[-1].kind == "parameter" and len(x.operands) == 2:
            sums[x] = [x]
        elif (
            x.is_map(ops.add, ops.sub)
            and any(operand in sums for operand in x.operands)
            and all((y in sums and readers[y] == 1) or y.kind == "parameter" or _is_activation(y) for y in x.operands)
        ):
            sums[x] = [term for operand in x.operands for term in sums.pop(operand, [operand])]
    return sums


def _is_activation(x: Node) -> bool:
    return x.kind == "map" and x.row is not None and x.row.activation is not None


def plain(name: str) -> str:
    """The name as Python takes it."""
    return re.sub(r"∂\w+/∂", "d", name).replace("δ", "delta")
