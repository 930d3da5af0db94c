"""Names for what a program prints: those that their owners gave, else the lectures': W1, b1, z1, a1, ..., δ for an error ∂C/∂z.

Layers are recognised here and not by instruments/neurons.py, since here a layer is one product of matrices: single neurons,
sums of products of scalars, no longer exist. What an activation is, both learn from the row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from ... import ops
from ..finding.owners import Owned
from ..nodes import Node
from .formulas import is_layout
from .patterns import attentions, bare
from .places import entries
from .shown import is_all_of, stack_of, with_bodies

NUMBERED = re.compile(r"[wWb]\d+(_\d+,?)?")  # what neurons and layers are called by themselves: as the layers are counted here

FEW = 4  # so many names of parts make one


class Names:
    """Gives each node that deserves one a name; `words` are the arguments of the function, `labels` those of the
    parameters, by place, `labelled` the nodes that stand for one Value with a label, `owned` the arrays that hold parameters."""

    def __init__(
        self, order: Sequence[Node], words: Sequence[str], labels: Sequence[str], labelled: Mapping[Node, str],
        owned: Sequence[Owned] = (),
    ) -> None:  # fmt: skip
        self.labels, self.owned = labels, owned
        self.loops = [x for x in order if x.body is not None]
        order = with_bodies(order)
        self.steps = {y for x in self.loops if x.body for y in x.body.order}  # what is computed at each step t
        self.called: dict[int, str] = {}  # an owned array's name, by its id
        self.taken: set[str] = set(words)
        self.layers = self.matrices = 0
        for x in order:
            if x.kind == "input" and x.position is not None:
                x.name = words[x.position]
            elif x in labelled and not x.name:
                x.name = self._free(labelled[x])
        parameters = [x for x in order if x.kind == "parameter"]
        self._owned(parameters)
        self._attention(order)
        for x in self.loops:
            self._states(x)
        sums = _sums(order)
        for x in order:
            if x in sums and not (x in self.steps and self._gate(x, sums[x], [y for y in self.steps if x in y.operands])):
                self._layer(x, sums[x])
        for x in order:
            if _is_activation(x) and (z := bare(x.operands[0])).name.startswith("z"):
                x.name = x.name or self._at(x, "a" + z.name[1:].removesuffix("[t]"))
        for x in parameters:
            x.name = x.name or self._parameter(x)
        for x in order:
            if x.kind == "part" and not x.name and x.operands[0].body is not None:
                x.name = x.operands[0].body.results[x.position or 0].name.removesuffix("[t]")

    def _at(self, x: Node, name: str) -> str:
        """A free name; in a loop, what it is at step t."""
        return self._free(name) + ("[t]" if x in self.steps else "")

    def _states(self, loop: Node) -> None:
        """h, which goes through weights to the next step, and c, which does not; h[t] was h[t-1] at the step before."""
        body = loop.body
        assert body is not None
        for hole, after in zip(body.states, body.following):
            weighed = any(x.kind == "contract" and hole in x.operands for x in body.order)
            if not after.name and after in self.steps:
                after.name = self._at(after, "h" if weighed else "c")
            hole.name = hole.name or after.name.replace("[t]", "[t-1]") or self._free("h" if weighed else "c") + "[t-1]"
        for hole, sequence in zip(body.slices, loop.operands[len(body.states) :]):
            hole.name = f"{sequence.name}[t]" if sequence.name else ""

    def _gate(self, z: Node, terms: list[Node], readers: Sequence[Node]) -> bool:
        """i = σ(W_i x + U_i h + b_i) has its parameters' index as its name."""
        read = {bare(y) for term in terms for y in (term, *term.operands)}
        ends = {y.name.rpartition("_")[2] for y in read if y.kind == "parameter" and "_" in y.name and "[" not in y.name}
        activations = [x for x in readers if _is_activation(x)]
        if len(ends) != 1 or len(activations) != 1 or len(readers) != 1:
            return False
        activations[0].name = activations[0].name or self._at(activations[0], ends.pop())
        return True

    def _layer(self, z: Node, terms: list[Node]) -> None:
        """z = W a + b: the next layer. Its parameters are counted by themselves, since layers may share them."""
        if not z.name:
            self.layers += 1
            z.name = self._at(z, f"z{self.layers}")
        read = [bare(y) for term in terms if term.kind == "contract" for y in term.operands]
        matrices = [y for y in dict.fromkeys(read) if y.kind == "parameter" and not y.name]
        biases = [bare(term) for term in terms if bare(term).kind == "parameter" and not bare(term).name]
        self.matrices += bool(matrices or biases)
        for matrix, letter in zip(matrices, ("W", "U", "V", "Q")):
            matrix.name = self._free(f"{letter}{self.matrices}")
        for bias in biases:
            bias.name = bias.name or self._free(f"b{self.matrices}")

    def _owned(self, parameters: Sequence[Node]) -> None:
        """A parameter that is all of an array, or a part of one, has its name: W, W[0:4]."""
        matrices = [set(x.index[0].ravel().tolist()) for x in parameters if len(x.shape) > 1]
        lists = {  # a flat list with a matrix in it is no array, but a list of all parameters, say
            id(array) for array in self.owned if array.places.ndim == 1
            and any(matrix < set(array.places.tolist()) for matrix in matrices)
        }  # fmt: skip
        for x in parameters:
            for array in self.owned:
                if id(array) in lists:
                    continue
                part = _part(x.index[0], array.places)
                if part is None:
                    continue
                if id(array) not in self.called:
                    label = common_label(array.places, self.labels)
                    label = label if label.isidentifier() else ""
                    each = [label] if label else [self.labels[i] for i in array.places.flat if i >= 0]
                    if all(NUMBERED.fullmatch(one) for one in each):  # also a list of all, with nothing in common: w1_11, b1_1
                        continue
                    alone = label or sum(other.name == array.name for other in self.owned) == 1
                    self.called[id(array)] = self._free(label or (array.name if alone else array.longer))
                x.name = self.called[id(array)] + part
                break
            else:
                label = common_label(x.index[0], self.labels) if x.size > 1 else ""
                if label.isidentifier() and not NUMBERED.fullmatch(label):
                    x.name = self._free(label)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The places of arrays of which all entries are parameters, by name."""
        return {self.called[id(x)]: x.places for x in self.owned if id(x) in self.called and (x.places >= 0).all()}

    def stacked(self, x: Node) -> str:
        """A parameter that is shown apart has the names of its parts."""
        parts = [self.called.get(id(array), "") for array in stack_of(x, self.owned)] if x.kind == "parameter" else []
        return self._free("_".join(parts) if len(parts) <= FEW and all(parts) else "stacked") if parts else ""

    def _attention(self, order: Sequence[Node]) -> None:
        """S = Q Kᵀ/√d, A = softmax(S), O = A V; with a number if there are several."""
        found = list(attentions(order))
        for number, attention in enumerate(found, 1):
            for letter, x in attention._asdict().items():
                if x is not None and not x.name and letter not in self.taken and x.kind not in ("input", "parameter"):
                    x.name = self._free(letter + (str(number) if len(found) > 1 else ""))

    def _parameter(self, x: Node) -> str:
        """A single parameter is named by its label, several by what their labels have in common, or by the letter w."""
        label = self.labels[int(x.index[0].flat[0])] if x.size == 1 else common_label(x.index[0], self.labels)
        return self._free(label if label.isidentifier() else "w")

    def _free(self, name: str) -> str:
        free, number = name, 2
        while free in self.taken:
            free, number = f"{name}_{number}", number + 1
        self.taken.add(free)
        return free


def _part(index: np.ndarray, places: np.ndarray) -> str | None:
    """How the entries of a parameter are taken from an array: "" for all of it, perhaps transposed, "[0:4]" for a part."""
    if is_all_of(index, places):
        return ""
    if index.size >= places.size or not np.isin(index, places).all():
        return None
    order = np.argsort(places, axis=None)
    taken = order[np.searchsorted(places.ravel()[order], index)]
    lengths = [len(np.unique(axis)) for axis in np.unravel_index(taken.ravel(), places.shape)]
    if [d for d in lengths if d > 1] != [d for d in index.shape if d > 1]:
        return None
    where = entries(taken, places.shape)
    return None if where is None or "flat" in where else f"[{where}]"


def common_label(places: np.ndarray, labels: Sequence[str]) -> str:
    """What the labels of an array's entries have in common, before the numbers of row and column: W for W1_1 ... W3_2."""
    if places.size == 0 or (places < 0).any():
        return ""
    found: set[str] = set()
    for corner in np.ndindex(*(min(d, 2) for d in places.shape)):
        place = tuple(d - 1 if c else 0 for c, d in zip(corner, places.shape))
        label = labels[int(places[place])]
        numbers = [str(i + 1) for i in place]
        ends = {sign.join(numbers) for sign in ("_", ",", "")}
        found |= {label.removesuffix(end).rstrip("_,") for end in ends if label.endswith(end) and end} or {""}
        if not numbers:
            return label
    return min(found) if len(found) == 1 else ""


def _sums(order: Sequence[Node]) -> dict[Node, list[Node]]:
    """The sums with a product of matrices in them, each with its terms: products, biases, and activations that skip a layer.

    A sum that continues in another, and is read nowhere else, is not counted by itself.
    """
    readers: dict[Node, int] = dict.fromkeys(order, 0)
    for x in order:
        for operand in x.operands:
            readers[operand] += 1
    sums: dict[Node, list[Node]] = {}

    def term(x: Node) -> Node:
        """A sum that is read here alone, perhaps in another shape; else x."""
        y = x.operands[0] if is_layout(x) else x
        return y if y in sums and readers[y] == readers[x] == 1 else x

    for x in order:
        if x.kind == "contract" and len(x.operands) == 2 and _is_weighing(x):
            sums[x] = [x]
        elif x.is_map(ops.add, ops.sub):
            terms = [term(y) for y in x.operands]
            if any(y in sums for y in terms) and all(y in sums or _is_bias(y) or _is_activation(y) for y in terms):
                sums[x] = [part for y in terms for part in sums.pop(y, [y])]
    return sums


def _is_weighing(x: Node) -> bool:
    """Whether a contraction multiplies something by a matrix of parameters."""
    kinds = [bare(y).kind for y in x.operands]
    return "parameter" in kinds and x.letters[0] != x.letters[1]


def _is_bias(x: Node) -> bool:
    """Whether x is a parameter, or a sum of two."""
    x = bare(x)
    return x.kind == "parameter" or (x.is_map(ops.add) and all(bare(y).kind == "parameter" for y in x.operands))


def _is_activation(x: Node) -> bool:
    return x.kind == "map" and x.row is not None and x.row.activation is not None


def plain(name: str) -> str:
    """The name as Python takes it."""
    name = re.sub(r"∂\w+/∂", "d", name).replace("δ", "delta").replace("'", "_prime")
    return re.sub(r"\W+", "_", name).strip("_")
