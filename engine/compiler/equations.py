"""A program as the lectures write it: one line for each quantity, for one example as a column.

    z1 = W1 a0 + b1        a1 = σ(z1)        δ1 = W2ᵀ δ2 ⊙ σ'(z1)        ∂C/∂W2 = δ2 a1ᵀ

An instruction with a name has a line of its own; others are written where they are used, unless that becomes too
long or is repeated too often: then they are called v1, v2, ... The weight of an example in a batch is 1 here.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .. import ops
from ..primitive import Primitive
from ..say.notation import Term, latex_name, show, write
from .differentiate import backward
from .nodes import Node, is_seed, reachable
from .passes import Compiled
from .views import is_range

DEEPEST, LONGEST = 4, 60  # of a formula written inside another
TRANSPOSE = "ᵀ"
REDUCED: dict[Primitive | None, str] = {ops.logsumexp: "logsumexp", ops.amax: "max", ops.amin: "min"}  # of an axis


class Line:
    """One equation: what it defines, and how."""

    def __init__(self, left: Term, right: Term, remark: str = "") -> None:
        self.left, self.right, self.remark = left, right, remark


class Writer:
    """Writes instructions as terms."""

    def __init__(self, order: list[Node], column: dict[Node, str]) -> None:
        self.column = column  # other names for some: the input of the first layer is a0
        self.readers: dict[Node, int] = dict.fromkeys(order, 0)
        for x in order:
            for operand in x.operands:
                self.readers[operand] += 1
        self.terms: dict[Node, Term] = {}
        self.depth: dict[Node, int] = {}
        self.lines: dict[Node, Line] = {}
        self.numbered = 0
        self.patterns = _patterns(order)
        for x in order:
            self._add(x)

    def _add(self, x: Node) -> None:
        depth = max((self.depth[operand] for operand in x.operands), default=-1) + (x.kind not in ("reshape", "transpose"))
        term = self._written(x)
        name = self.column.get(x) or x.name
        if not name and x.operands and x.kind not in ("reshape", "transpose"):
            long = depth > DEEPEST or len(term.text) > LONGEST
            if long or (self.readers[x] > 1 and depth > 2):
                self.numbered += 1
                name = f"v{self.numbered}"
        self.depth[x], self.terms[x] = (0, named(name)) if name else (depth, term)
        if name and x.operands:
            self.lines[x] = Line(named(name), term)

    def _written(self, x: Node) -> Term:
        """The instruction by its operands."""
        terms = [self.terms[operand] for operand in x.operands]
        if x.kind in ("input", "parameter"):
            return named(x.name or "x")
        if x.kind == "constant":
            return number(x)
        if _is_weight(x):
            return Term("1", "1")
        if x.kind == "row":
            return self._row(x, terms)
        if x.kind == "slope":
            return slope(x, terms[1:])
        if x.kind in ("reshape", "sum_to", "total") and (x.kind == "reshape" or x.operands[0].shape == x.shape):
            return terms[0]
        if x.kind == "apply":
            return product(terms[0], terms[1])
        if x.kind == "outer":
            return product(terms[0], transposed(terms[1]))
        if x.kind == "transpose":
            return transposed(terms[0])
        if x.kind in ("reduce", "sum_to", "total"):
            return call(REDUCED[x.row], terms) if x.row in REDUCED else summed(terms[0])
        if x.kind == "take":
            return self._taken(x, terms[0])
        if x.kind == "concat":
            return Term(f"[{'; '.join(t.text for t in terms)}]", rf"\left[{'; '.join(t.latex for t in terms)}\right]")
        if x.kind == "assemble":
            return self._folded(x, terms)
        return call(x.kind, terms)

    def _row(self, x: Node, terms: list[Term]) -> Term:
        row = x.row
        assert row is not None  # of this kind
        if row is ops.div and is_softmax(x):
            return call("softmax", [self.terms[x.operands[0].operands[0].operands[0]]])
        if row is not ops.mul:
            return write(row, terms)
        for one, other in ((0, 1), (1, 0)):
            if _is_weight(x.operands[one]):
                return terms[other]
        if x.operands[0] is x.operands[1]:
            return write(ops.power.bind(2.0), terms[:1])
        if x.operands[0].scalar is not None and (terms[1].text.startswith("Σ") or terms[1].level == 2):
            factor, rest = _wrapped(terms[0], 2), terms[1]  # no parentheses: c·x·y
            dot, cdot = (" ", " ") if rest.text.startswith("Σ") else ("·", r" \cdot ")
            return Term(f"{factor.text}{dot}{rest.text}", f"{factor.latex}{cdot}{rest.latex}", 2)
        if all(operand.size > 1 for operand in x.operands):
            first, second = (_wrapped(term, 2) for term in terms)
            return Term(f"{first.text} ⊙ {second.text}", rf"{first.latex} \odot {second.latex}", 2)
        return write(row, terms)

    def _folded(self, x: Node, terms: list[Term]) -> Term:
        """The adjoint of entries that were taken: each part goes back to where it came from."""
        names = {pattern: name for (_, pattern), name in self.patterns.items()}
        parts = []
        for term, index in zip(terms, x.index):
            name = names.get(_pattern(index), f"{int(index.flat[0])}:{int(index.flat[-1]) + 1}" if is_range(index) else "")
            parts.append(call(f"back_{name}" if name.isidentifier() else "back", [term] if name.isidentifier() or not name
                              else [term, Term(name, name)]))  # fmt: skip
        text, latex = (" + ".join(getattr(part, form) for part in parts) for form in ("text", "latex"))
        return Term(text, latex, 1 if len(parts) > 1 else 5)

    def _taken(self, x: Node, source: Term) -> Term:
        """Entries of something: x[3], x[0:4], or windows(x) for a pattern."""
        index, operand = x.index[0], x.operands[0]
        if (index == index.flat[0]).all() and operand.size == 1:
            return source
        if index.size == 1:
            where = ", ".join(str(int(i)) for i in np.unravel_index(int(index.flat[0]), operand.shape))
        elif is_range(index):
            where = _range_in(int(index.flat[0]), index.size, operand.shape)
        else:
            return call(self.patterns[operand, _pattern(index)], [source])
        inside = _wrapped(source, 5)
        return Term(f"{inside.text}[{where}]", rf"{inside.latex}\left[{where}\right]")


def _pattern(index: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    return index.shape, index.tobytes()


def _patterns(order: list[Node]) -> dict[tuple[Node, tuple[tuple[int, ...], bytes]], str]:
    """A name for each irregular choice of entries from something: windows if they overlap; numbered if there are several."""
    found: dict[Node, list[np.ndarray]] = {}
    for x in order:
        if x.kind == "take" and x.index[0].size > 1 and not is_range(x.index[0]):
            known = found.setdefault(x.operands[0], [])
            if not any(_pattern(x.index[0]) == _pattern(index) for index in known):
                known.append(x.index[0])
    names = {}
    for operand, indices in found.items():
        for number_, index in enumerate(indices, 1):
            stem = "windows" if len(np.unique(index)) < index.size else "entries"
            names[operand, _pattern(index)] = stem + (str(number_) if len(indices) > 1 else "")
    return names


def _is_weight(x: Node) -> bool:
    """Whether x is the weight of the one example that the equations are for, 1: by itself, or added up over the batch."""
    return is_seed(x) or (x.kind == "sum_to" and is_seed(x.operands[0]))


def _range_in(start: int, size: int, shape: tuple[int, ...]) -> str:
    """A range of entries as it would be indexed: 3 for the row 3 of a matrix, 0:4 in a vector."""
    where = []
    for axis in range(len(shape)):
        inner = int(np.prod(shape[axis + 1 :]))
        if size == inner and start % inner == 0:
            where.append(str(start // inner))
            return ", ".join(where)
        if start // (shape[axis] * inner) or (start % inner + size > inner and axis + 1 < len(shape)):
            break
        if axis + 1 == len(shape):
            where.append(f"{start}:{start + size}")
            return ", ".join(where)
        where.append(str(start // inner))
        start %= inner
    return f"flat {start}:{start + size}" if len(shape) > 1 else f"{start}:{start + size}"


def named(name: str) -> Term:
    """A name as a term; δ and subscripts in LaTeX."""
    if name.startswith("∂"):
        above, below = (named(part.removeprefix("∂")).latex for part in name.split("/"))
        return Term(name, rf"\frac{{\partial {above}}}{{\partial {below}}}", 5)
    return Term(name, latex_name(name.replace("δ", "delta")))


def number(x: Node) -> Term:
    """A constant; a short array is written out."""
    if x.scalar is not None:
        return Term("1/2", r"\frac{1}{2}", 2, 5) if x.scalar == 0.5 else Term.number(x.scalar)
    flat = np.ravel(x.number)
    if len(flat) == 1:
        return Term.number(float(flat[0]))
    listed = f"({', '.join(show(float(c)) for c in flat)})"
    return named("k") if len(flat) > 4 else Term(listed, listed)


def slope(x: Node, terms: list[Term]) -> Term:
    """f'(z)."""
    assert x.row is not None  # of this kind
    written = write(x.row, terms)
    return Term(written.text.replace("(", "'(", 1), written.latex.replace(r"\left(", r"'\left(", 1))


def product(first: Term, second: Term) -> Term:
    """W a: written side by side."""
    first, second = _wrapped(first, 2), _wrapped(second, 3)
    return Term(f"{first.text} {second.text}", f"{first.latex} {second.latex}", 2)


def transposed(term: Term) -> Term:
    """Wᵀ."""
    inside = _wrapped(term, 5)
    return Term(inside.text + TRANSPOSE, inside.latex + r"^{\top}")


def summed(term: Term) -> Term:
    """Σ x."""
    inside = _wrapped(term, 2)
    return Term(f"Σ {inside.text}", rf"\sum {inside.latex}", 1.5)


def call(name: str, terms: Iterable[Term]) -> Term:
    """name(x, y)."""
    terms = list(terms)
    latex = rf"\operatorname{{{name}}}\left({', '.join(t.latex for t in terms)}\right)"
    return Term(f"{name}({', '.join(t.text for t in terms)})", latex)


def _wrapped(term: Term, level: float) -> Term:
    text = term.text if term.level >= level else f"({term.text})"
    latex = term.latex if term.latex_level >= level else rf"\left({term.latex}\right)"
    return Term(text, latex, max(level, term.level), max(level, term.latex_level))


def is_softmax(x: Node) -> bool:
    """Whether x is exp(z - logsumexp(z)) over the sum of these."""
    share, total = x.operands
    if not share.is_map(ops.exp) or not share.operands[0].is_map(ops.sub) or total.kind != "reduce":
        return False
    z, largest = share.operands[0].operands
    return total.operands[0] is share and largest.kind == "reduce" and largest.operands[0] is z


def lines(compiled: Compiled) -> list[list[Line]]:
    """The equations: forward, and, if there is one cost, the errors and then the derivatives."""
    ends = [x for x in (compiled.outputs, compiled.penalty) if x is not None]
    forward = reachable(ends)
    column = columns(forward)
    if compiled.several and compiled.outputs.operands:
        column[compiled.outputs] = "f"
    if compiled.penalty is not None:
        column[compiled.penalty] = "penalty"
    if compiled.several:
        writer = Writer(forward, column)
        missing = [] if compiled.outputs in writer.lines else [Line(named("f"), writer.terms[compiled.outputs])]
        return [_inputs(column) + list(writer.lines.values()) + missing]
    found = backward(compiled)
    gradients = found.gradients
    order = reachable([*ends, *found.ends])
    for p, adjoint in gradients:  # a derivative without a name, read nowhere else, is written only once
        if not adjoint.name and adjoint.operands and all(adjoint not in x.operands for x in order):
            column.setdefault(adjoint, f"∂{compiled.cost}/∂{p.name}")
    writer = Writer(order, column)
    ahead = set(forward)
    first = [line for x, line in writer.lines.items() if x in ahead]
    own = {adjoint for _, adjoint in gradients if adjoint in writer.lines and column.get(adjoint, "").startswith("∂")}
    back = [line for x, line in writer.lines.items() if x not in ahead and x not in own]
    if compiled.outputs not in writer.lines:
        first.append(Line(named(compiled.cost), writer.terms[compiled.outputs]))
    derivatives = [
        Line(named(f"∂{compiled.cost}/∂{p.name}"), writer.lines[adjoint].right if adjoint in own else writer.terms[adjoint],
             _together(p, [q for q, _ in gradients]))
        for p, adjoint in sorted(gradients, key=lambda both: _last_layer_first(both[0]))
    ]
    return [_inputs(column) + first, back, derivatives]


def _last_layer_first(parameter: Node) -> tuple[int, int, int]:
    """By the number in the name, W2 and b2 before W1; matrices before vectors."""
    digits = parameter.name.lstrip("WUVQb")
    return -int(digits) if digits.isdigit() else 0, -len(parameter.shape), parameter.serial


def columns(forward: list[Node]) -> dict[Node, str]:
    """The lectures call the input of the first layer a0."""
    first = [x.operands[1] for x in forward if x.kind == "apply" and x.operands[1].kind == "input"]
    return {first[0]: "a0"} if len(set(first)) == 1 and first[0].name != "a0" else {}


def _inputs(column: dict[Node, str]) -> list[Line]:
    return [Line(named(name), named(x.name)) for x, name in column.items() if x.kind == "input"]


def _together(parameter: Node, others: list[Node]) -> str:
    """A remark on parameters that are also read as one block."""
    own = set(parameter.index[0].ravel().tolist())
    inside = [q.name for q in others if q is not parameter and len(q.shape) <= 2 and own > set(q.index[0].ravel().tolist())]
    return f"{parameter.name} is {', '.join(inside)} as one block: added to theirs" if inside else ""


def text(compiled: Compiled) -> str:
    """The equations, a line each; inputs and parameters come first."""
    shapes = [f"{name} ({dimensions(shape)})" for name, shape in zip(compiled.arguments, compiled.shapes)]
    parameters = [f"{x.name} ({dimensions(x.shape)})" for x in compiled.parameters]
    head = [f"inputs: {', '.join(shapes)}"] if shapes else []
    head += [f"parameters: {', '.join(parameters)}"] if parameters else []
    parts = [[_line(line) for line in part] for part in lines(compiled) if part]
    return "\n\n".join("\n".join(part) for part in [head, *parts] if part)


def _line(line: Line) -> str:
    return f"{line.left.text} = {line.right.text}" + (f"    ({line.remark})" if line.remark else "")


def dimensions(shape: tuple[int, ...]) -> str:
    """30×784; 1 for a single number."""
    return "×".join(map(str, shape)) or "1"


def latex(compiled: Compiled) -> str:
    """The equations as one aligned block."""
    written = [f"{line.left.latex} &= {line.right.latex}" for part in lines(compiled) for line in part]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(written), r"\end{aligned}"])


def remarks_on(order: list[Node], compiled: Compiled) -> dict[Node, str]:
    """What a program's instructions are in the equations: those with a line of their own, and derivatives f'(z)."""
    writer = Writer(order, columns(reachable(compiled.ends)))
    remarks = {x: f"{line.left.text} = {line.right.text}" for x, line in writer.lines.items() if x.name}
    remarks |= {x: writer.terms[x].text for x in order if x.kind == "slope"}
    return {x: remark for x, remark in remarks.items() if len(remark) <= LONGEST}


def heading(compiled: Compiled, dtype: str, *, gradient: bool) -> str:
    """The docstring of a program's text."""
    what = "The cost of a batch of n examples, and its derivatives" if gradient else "The values of a batch of n examples"
    if not compiled.arguments:
        what = "The value, and its derivatives" if gradient else "The values"
    shapes = [f"{name} (n{''.join(f', {d}' for d in shape)})" for name, shape in zip(compiled.arguments, compiled.shapes)]
    sentences = [f"{what}, in {dtype}{': ' + ', '.join(shapes) if shapes else ''}."]
    given = ["theta: all parameters in one vector"] if compiled.values else []
    given += ["gradient: their derivatives", "s: the weight of an example, 1/n for the mean"] if gradient else []
    if compiled.arguments and given:
        sentences += ["", f"{'; '.join(given)}."]
    if any(x.kind in ("row", "slope") and x.row in (ops.sigmoid, ops.tanh) for x in reachable(compiled.ends)):
        sentences += ["", "σ(z) is e/(1 + e) with e = exp(z), and σ' = σ/(1 + e); minimum keeps e finite, however large z is."]
    if any(x.kind == "apply" for x in reachable(compiled.ends)):
        sentences += [
            "",
            "An example is a column in the equations and a row here, so every product is transposed: W a becomes a Wᵀ,",
            "since (W a)ᵀ = aᵀ Wᵀ; and the sum of δ aᵀ over the examples is the one product δᵀ a.",
        ]
    return "\n".join(sentences)


def written(x: Node) -> str:
    """What an instruction is called in an error: its name and how it is computed."""
    if x.kind == "input":
        return f"The input {x.name}"
    line = Writer(reachable([x]), {}).lines.get(x)
    if x.name:
        return f"{x.name} = {line.right.text}" if line and line.right.text != x.name else x.name
    return Writer(reachable([x]), {}).terms[x].text if line is None else line.right.text
