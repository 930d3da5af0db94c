"""How a node is written by its operands: one entry of a table for each kind.

    z1 = W1 a0 + b1        S = Q Kᵀ/√d        A = softmax(S)        x[2, 0:4]        [a; b]        σ'(z1)

Everything is written for one example: the batch axis is left out, and the weight of the example is 1. A vector is a column. Of
a matrix of data, say features at several positions, the positions are columns, so that a layer is W x for one position and for
many; if data are multiplied by data, as in attention, they are rows, as they lie in memory and as papers have them: X Wᵀ, Q Kᵀ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import reduce

import numpy as np

from ... import ops
from ...primitive import Primitive
from ...say.notation import Term, show, write
from ..nodes import Node, is_seed
from ..views import as_nested_steps, as_steps
from .patterns import bare, in_rows, masked, root, softmax_of, triangle
from .places import entries, is_permutation, slab
from .products import matrix_product, without
from .terms import ZERO, Product, call, joined, listed, named, summed, transposed, wrapped

REDUCED: dict[Primitive | None, str] = {ops.logsumexp: "logsumexp", ops.amax: "max", ops.amin: "min"}  # of an axis


def number(x: Node) -> Term:
    """A constant; a short array is written out."""
    if x.scalar is not None:
        return Term("1/2", r"\frac{1}{2}", 2, 5) if x.scalar == 0.5 else Term.number(x.scalar)
    flat = np.ravel(x.number)
    if triangle(x):
        return Term("j ≤ i", r"j \le i", 0)
    if len(flat) == 1 or (len(x.shape) > 1 and (flat == flat[0]).all()):
        return Term.number(float(flat[0]))
    listed = f"({', '.join(show(float(c)) for c in flat)})"
    return named("k") if len(flat) > 4 else Term(listed, listed)


class Formulas:
    """Writes nodes. `terms` has what their operands are called; the rest is found out from the whole program."""

    def __init__(self, order: Sequence[Node]) -> None:
        self.terms: dict[Node, Term] = {}
        self.remarks: dict[Node, str] = {}
        self.tables: dict[bytes, str] = {}
        self.rows = in_rows(order)
        self.sequence: dict[Node, Node] = {}  # of which sequence a step of a loop reads its own entry
        self.kept: dict[Node, list[Node]] = {}  # what is read of the steps of a loop
        self.states: set[Node] = set()
        self.steps: set[Node] = set()  # what is computed in each step of a loop
        for x in order:
            if x.body is not None:
                self.states.update(x.body.states)
                self.steps.update(x.body.order)
                self.sequence.update(zip(x.body.slices, x.operands[len(x.body.states) :]))
            if x.kind == "part":
                self.kept.setdefault(x.operands[0], []).append(result_of(x))
        self.patterns = _patterns(order)
        self.back = min((x.serial for x in order if x.kind == "seed"), default=math.inf)  # what is made later flows back
        learned: set[Node] = set()  # what depends on parameters
        for x in order:
            if x.kind == "parameter" or not learned.isdisjoint(x.operands):
                learned.add(x)
        self.data = set(order) - learned

    def turned(self, x: Node) -> bool:
        """Whether a sum or product reads better with its operands exchanged: w·x + b, y·log(a), x² + 1."""
        first, second = (bare(y) for y in x.operands)
        if x.serial > self.back:
            return False  # in the backward pass what arrives comes first
        if x.is_map(ops.add):
            return first.kind in ("parameter", "constant") and second.batched and bool(second.operands)
        if x.is_map(ops.mul) and x in self.steps and second.is_map(ops.sigmoid) and not first.is_map(ops.sigmoid):
            return True  # a gate, and what it lets through: o[t] ⊙ tanh(c[t])
        if first in self.states and second not in self.states:
            return x.is_map(ops.mul)  # f[t] ⊙ c[t-1]
        if second.kind == "parameter":
            return first.batched and first.kind not in ("parameter", "constant")
        return second in self.data and first not in self.data and first.kind != "parameter"

    def reads(self, x: Node) -> tuple[Node, ...]:
        """The nodes that are mentioned in what is written for x."""
        z = softmax_of(x)
        if z is not None:
            return (z,)
        if self._of_gate(x):
            return x.operands[:1]
        if x in self.sequence and self.sequence[x].kind == "part":
            return (result_of(self.sequence[x]),)
        if x.kind == "part":
            return (*x.operands, result_of(x))
        if x.body is not None:  # what its holes stand for, they mention themselves
            return (*(y for y in x.operands if y.kind != "part"), *x.body.following)
        return x.operands

    def write(self, x: Node) -> Term:
        """The node by its operands."""
        z = softmax_of(x)
        if z is None:
            return WRITTEN[x.kind](self, x, [self.terms[y] for y in x.operands])
        if masked(x.operands[0]):
            self.remarks[x] = "of j ≤ i" if triangle(x.operands[0].operands[0]) else "where the mask is 1"
        return call("softmax", [self.terms[z]])

    # --- one for each kind ---

    def _map(self, x: Node, terms: list[Term]) -> Term:
        row = x.row
        assert row is not None  # of this kind
        if self._of_gate(x):  # i'[t], where i[t] = σ(...)
            stem, _, step = terms[0].text.partition("[")
            return named(f"{stem}'[{step}")
        if x.position is not None:  # f'(z)
            written = write(row, terms[1:])
            return Term(written.text.replace("(", "'(", 1), written.latex.replace(r"\left(", r"'\left(", 1))
        if (scaled := root(x)) is not None:
            y, d = scaled
            self.remarks[x] = f"d = {d}"
            return joined(self.terms[y], "/√d", r" / \sqrt{d}", Term("", ""), 2, 0)
        if row is ops.where and triangle(x.operands[0]) and [y.scalar for y in x.operands[1:]] == [1.0, 0.0]:
            return listed(terms[:1])
        if row is ops.div and x.operands[0] is x.operands[1]:
            return Term("1", "1")
        if row is ops.add and len(summands := self._summands(x)) > 2:
            terms = [self.terms[y] for y in summands]
            return reduce(lambda a, b: write(ops.add, [a, b]), terms)
        if row is ops.add and self.turned(x):
            terms = terms[::-1]
        if row is ops.add and any(t is ZERO for t in terms):
            return terms[1] if terms[0] is ZERO else terms[0]
        return self._times(x, terms) if row is ops.mul else write(row, terms)

    def _of_gate(self, x: Node) -> bool:
        """Whether x is the slope of something with a name of its own, computed in a loop of something without one."""
        if x.kind != "map" or x.position is None:
            return False
        result, z = (result_of(self.sequence[y]) if self._is_taped(y) else y for y in x.operands[:2])
        return result.name.endswith("[t]") and not z.name and z.kind == "map"

    def _is_taped(self, x: Node) -> bool:
        return x in self.sequence and self.sequence[x].kind == "part"

    def _summands(self, x: Node) -> list[Node]:
        """Of a layer in a loop its terms: what is made of the data, then of the state, then the bias."""
        if not x.is_map(ops.add) or x not in self.steps:
            return [x]
        found = [z for y in x.operands for z in ([y] if y.name else self._summands(y))]
        if not any(y.kind == "contract" and not self.states.isdisjoint(y.operands) for y in found):
            return [x] if len(found) < 2 or x.name else found
        return sorted(found, key=lambda y: 2 if y.kind != "contract" else int(not self.states.isdisjoint(y.operands)))

    def _times(self, x: Node, terms: list[Term]) -> Term:
        for one, other in ((0, 1), (1, 0)):
            if _is_weight(x.operands[one]):
                return terms[other]
        if any(t is ZERO for t in terms) or any(y.kind == "constant" and not np.any(y.number) for y in x.operands):
            return ZERO
        first, second = (bare(y) for y in x.operands)
        if first is second:
            return write(ops.power.bind(2.0), terms[:1])
        if x.operands[0].scalar is not None and (terms[1].text.startswith("Σ") or terms[1].level == 2):
            rest = terms[1]  # no parentheses: c·x·y
            return joined(terms[0], *((" ", " ") if rest.text.startswith("Σ") else ("·", r" \cdot ")), rest, 2, 0)
        terms = terms[::-1] if self.turned(x) else terms
        if all(operand.size > 1 for operand in x.operands):
            crossing = _crossing(x)
            if crossing is not None:
                return Product(self.terms[x.operands[crossing]], transposed(self.terms[x.operands[1 - crossing]]))
            return joined(terms[0], " ⊙ ", r" \odot ", terms[1])
        return write(ops.mul, terms)

    def _hole(self, x: Node, terms: list[Term]) -> Term:
        """What a step of a loop is given: a state, or its entry of a sequence."""
        return named(x.name or "state") if x.name or x not in self.sequence else self._at_step(self.sequence[x])

    def _part(self, x: Node, terms: list[Term]) -> Term:
        """Something of all steps of a loop."""
        return named(self.terms[result_of(x)].text.removesuffix("[t]"))

    def _at_step(self, x: Node) -> Term:
        """x[t] of a sequence x."""
        if x.kind == "part":
            return self.terms[result_of(x)]
        inside = wrapped(self.terms[x], 5)
        return Term(f"{inside.text}[t]", rf"{inside.latex}\left[t\right]")

    def _contract(self, x: Node, terms: list[Term]) -> Term:
        *letters, result = (word.replace("n", "") for word in x.letters)
        if any(t is ZERO for t in terms) or any(y.kind == "constant" and not np.any(y.number) for y in x.operands):
            return ZERO
        if len(terms) == 1:
            (y,) = x.operands
            if y.kind == "part" and letters[0][:1] not in result:
                steps = self._at_step(y)
                return summed(steps if len(letters[0]) == len(result) + 1 else summed(steps), "t")
            several = any(d > 1 for c, d in zip(letters[0], x.operands[0].entries) if c not in result)
            return summed(terms[0], self._axis(letters[0], result)) if several else terms[0]
        for one, other in ((0, 1), (1, 0)):
            if _is_weight(x.operands[one]) and letters[other] == result:
                return terms[other]
        if letters[0] == letters[1]:  # entry by entry
            same = x.operands[0] is x.operands[1]
            terms = terms[::-1] if self.turned(x) else terms
            if same:
                squared = write(ops.power.bind(2.0), terms[:1])
            else:
                squared = write(ops.mul, terms) if x.operands[0].size == 1 else joined(terms[0], " ⊙ ", r" \odot ", terms[1])
            return summed(squared, self._axis(letters[0], result)) if len(result) < len(letters[0]) else squared
        time = next((word[0] for word, y in zip(letters, x.operands) if y.kind == "part"), "")
        if time and time not in result and all(word.find(time) <= 0 for word in letters):  # Σ_t δ[t] h[t]ᵀ
            terms = [self._at_step(y) if time in word else term for word, term, y in zip(letters, terms, x.operands)]
            return summed(self._product(x, [without(word, time) for word in letters], result, terms, stored=True), "t")
        return self._product(x, letters, result, terms)

    def _axis(self, word: str, result: str) -> str:
        """Where positions are rows: whether the rows i are added or, in each of them, its columns j; nothing if all is added."""
        gone = without(word, result)
        return ("j" if gone == word[-1] else "i") if self.rows and len(gone) == 1 and len(word) > 1 else ""

    def _product(
        self, x: Node, letters: list[str], result: str, terms: list[Term], *, stored: bool = False
    ) -> Term:  # fmt: skip
        """A product of matrices, if it is one, for each value of the letters that say nothing here (heads, say)."""
        lengths = {c: d for word, y in zip(x.letters, x.operands) for c, d in zip(word, y.shape)}
        ahead = [word[:1] for word in x.letters]
        outer = ahead[0] == ahead[1] != ahead[2]  # summed over examples or positions: the result is laid out as parameters are
        silent = "".join(c for c in result if c in letters[0] and c in letters[1])
        for i, y in enumerate(x.operands):
            laid_out = _as_in_source(y, letters[i], silent)
            if laid_out is not None:  # how the heads lie in a matrix is not written
                letters[i], terms[i] = laid_out, self.terms[y.operands[0]]
        laid = [*letters, result]
        if not self.rows and not stored:  # positions are columns
            weights = [y.kind == "parameter" or (y.kind == "constant" and i == 1) for i, y in enumerate(x.operands)]
            turned = [not weights[0] or x.operands[0].batched, x.operands[1].batched or outer, not outer]
            laid = [word[::-1] if turn else word for word, turn in zip(laid, turned)]
        written, silent = matrix_product(laid, terms)
        if silent:
            self.remarks[x] = ("heads h = " if self.rows else "for each h = ") + ", ".join(f"1..{lengths[c]}" for c in silent)
        return written

    def _take(self, x: Node, terms: list[Term]) -> Term:
        """Entries of something: x[3], x[0:4], or windows(x) if they overlap."""
        if len(terms) == 2:  # rows of a table that the data choose
            table = wrapped(terms[0], 5)
            return Term(f"{table.text}[{terms[1].text}]", rf"{table.latex}\left[{terms[1].latex}\right]")
        (source,), index, operand = terms, x.index[0], x.operands[0]
        if is_seed(x):
            return Term("1", "1")
        if len(operand.entries) == 2 and x.entries == operand.entries[::-1] and 1 in x.entries and operand.kind == "parameter":
            return transposed(source)
        if x.is_view or bare(x) is not x or operand.size == 1:
            return source
        if x.axes_taken is not None or is_permutation(index, operand.entries):
            return transposed(source)
        where = entries(index, operand.entries)
        inside = wrapped(source, 5)
        if operand.kind == "part" and where is not None and where.isdigit():  # steps are counted from 1
            if source.text.endswith("[t-1]"):  # δh[t-1] at the first of them is δh[0]
                return named(f"{source.text.removesuffix('[t-1]')}[{where}]")
            where = str(int(where) + 1)
        if where is not None:
            return Term(f"{inside.text}[{where}]", rf"{inside.latex}\left[{where}\right]")
        return call(self.patterns[_pattern(operand.size, index)], [source])

    def _put(self, x: Node, terms: list[Term]) -> Term:
        """Side by side, with zeros where nothing is put; or back where they were taken from."""
        if len(x.operands) == 2 and not x.index:  # rows of a table: what arrives is added to those that were chosen
            return _at(terms[0], terms[1].text, terms[1].latex)
        if len(x.index) == 1 and x.index[0].size == x.size and (steps := as_steps(x.index[0])) is not None:
            strides = [d for d, length in zip(steps.step, steps.shape) if length > 1]
            return terms[0] if len(strides) < 2 or strides[-2] > strides[-1] else transposed(terms[0])
        slabs = [slab(index, x.entries) for index in x.index]
        if all(slab is not None and slab[0] == slabs[0][0] for slab in slabs):  # type: ignore[index]  # by the first condition
            return self._beside(x, [(start, stop, t) for (_, start, stop), t in zip(slabs, terms)], slabs[0][0])  # type: ignore[misc, index]
        parts = []
        for index, term in zip(x.index, terms):
            pattern = self.patterns.get(_pattern(x.size, index))
            where = entries(index, x.entries)
            if pattern is not None and where is None:
                parts.append(call(f"back_{pattern}", [term]))
            else:
                parts.append(_at(term, where or "...", where or "..."))
        text, latex = (" + ".join(getattr(part, form) for part in parts) for form in ("text", "latex"))
        return Term(text, latex, 1 if len(parts) > 1 else 5)

    def _beside(self, x: Node, parts: list[tuple[int, int, Term]], axis: int) -> Term:
        """Parts along one axis; those that overlap are added."""
        parts = sorted(parts, key=lambda part: part[0])
        sums: list[list[tuple[int, int, Term]]] = []
        for part in parts:
            for row in sums:
                if row[-1][1] <= part[0]:
                    row.append(part)
                    break
            else:
                sums.append([part])
        sign = ", " if self.rows and axis > 0 and axis == len(x.entries) - 1 else "; "
        written = []
        for row in sums:
            filled, end = [], 0
            for start, stop, term in row:
                filled += [ZERO] * (start > end) + [term]
                end = stop
            filled += [ZERO] * (end < x.entries[axis])
            written.append(filled[0] if len(filled) == 1 else listed(filled, sign))
        text, latex = (" + ".join(getattr(part, form) for part in written) for form in ("text", "latex"))
        return Term(text, latex, written[0].level if len(written) == 1 else 1)


Written = Callable[[Formulas, Node, list[Term]], Term]
WRITTEN: dict[str, Written] = {
    "input": lambda _, x, terms: named(x.name or "x"),
    "parameter": lambda _, x, terms: named(x.name or "w"),
    "constant": lambda _, x, terms: number(x),
    "seed": lambda _, x, terms: Term("1", "1"),
    "map": Formulas._map,
    "contract": Formulas._contract,
    "reduce": lambda _, x, terms: call(REDUCED[x.row], terms),
    "take": Formulas._take,
    "put": Formulas._put,
    "hole": Formulas._hole,
    "part": Formulas._part,
    "loop": lambda _, x, terms: Term("", ""),
}


def result_of(x: Node) -> Node:
    """Of which node of a loop's body a part has the values of all steps."""
    body = x.operands[0].body
    assert body is not None and x.position is not None  # x is a part of a loop
    return body.results[x.position]


def _is_weight(x: Node) -> bool:
    """Whether x is the weight of the one example that the equations are for, 1: by itself, or added up over the batch."""
    x = bare(x)
    return is_seed(x) or (x.kind == "contract" and len(x.operands) == 1 and is_seed(x.operands[0]))


def _at(term: Term, where: str, latex: str) -> Term:
    """put(x at [where]): zeros elsewhere."""
    return call("put", [Term(f"{term.text} at [{where}]", rf"{term.latex} \text{{ at }} \left[{latex}\right]")])


def is_layout(x: Node) -> bool:
    """Whether x is its operand in another shape, or with its axes in another order, perhaps with one axis seen as several."""
    return x.kind == "take" and len(x.operands) == 1 and x.size == x.operands[0].size and (x.is_view or (
        x.steps is not None and len(set(x.index[0].ravel().tolist())) == x.size
    ))


def _as_in_source(x: Node, word: str, silent: str) -> str | None:
    """The letters of an operand as they lie in what it was taken from, if it is that in another layout: by heads, say."""
    if x.kind != "take" or x.is_view or not is_layout(x) or x.steps is None:
        return None
    if len(without(word, silent)) > len(x.operands[0].entries):
        return None
    return "".join(c for _, c in sorted(zip(x.steps.step, word), reverse=True))


def _crossing(x: Node) -> int | None:
    """Of a product of a column and a row, x[:, None]·y[None, :], which operand is the column; else None."""
    if len(x.entries) != 2 or 1 in x.entries:
        return None
    shapes = [(1,) * (2 - len(y.entries)) + y.entries for y in x.operands]
    for column in (0, 1):
        if shapes[column] == (x.entries[0], 1) and shapes[1 - column] == (1, x.entries[1]):
            return column
    return None


Pattern = tuple[int, tuple[int, ...], bytes]


def _pattern(size: int, index: np.ndarray) -> Pattern:
    return size, index.shape, index.tobytes()


def _patterns(order: Iterable[Node]) -> dict[Pattern, str]:
    """A name for each choice of entries that no brackets express: windows if they overlap; numbered if an operand has several."""
    found: dict[Node, dict[Pattern, np.ndarray]] = {}
    for x in order:
        if x.kind != "take" or len(x.operands) != 1 or x.is_view or x.axes_taken is not None:
            continue
        if not is_permutation(x.index[0], x.operands[0].entries) and entries(x.index[0], x.operands[0].entries) is None:
            found.setdefault(x.operands[0], {}).setdefault(_pattern(x.operands[0].size, x.index[0]), x.index[0])
    names: dict[Pattern, str] = {}
    for patterns in found.values():
        for count, (pattern, index) in enumerate(patterns.items(), 1):
            stem = "windows" if len(np.unique(index)) < index.size else "patches" if as_nested_steps(index) else "chosen"
            names[pattern] = stem + (str(count) if len(patterns) > 1 else "")
    return names
