"""A program as the lectures write it: one line for each quantity, for one example.

    z1 = W1 a0 + b1        a1 = σ(z1)        δ1 = W2ᵀ δ2 ⊙ σ'(z1)        ∂C/∂W2 = δ2 a1ᵀ

A node with a name has a line of its own; others are written where they are used, unless that becomes too long or is
repeated too often: then they are called v1, v2, ... How each is written is in `formulas`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ... import ops
from ...say.notation import Term
from ..differentiate import backward
from ..nodes import Node, reachable, unviewed
from ..passes import Compiled
from .formulas import Formulas, is_layout, result_of
from .patterns import in_rows
from .shown import with_bodies
from .terms import named

DEEPEST, LONGEST = 4, 60  # of a formula written inside another


class Line:
    """One equation: what it defines, and how. Or a heading, such as `for t = 1 ... T`, with the lines under it."""

    def __init__(self, left: Term, right: Term | None = None, remark: str = "", under: Sequence[Line] = ()) -> None:
        self.left, self.right, self.remark, self.under = left, right, remark, under

    @property
    def equation(self) -> str:
        """left = right."""
        return self.left.text if self.right is None else f"{self.left.text} = {self.right.text}"

    def text(self, indent: str = "") -> list[str]:
        """The line, and those under it further to the right."""
        remark = f"    ({self.remark})" if self.remark else ""
        own = self.equation + (":" if self.right is None else "") + remark
        return [indent + own, *(text for line in self.under for text in line.text(indent + "    "))]

    def latex(self, indent: str = "") -> list[str]:
        """The same in LaTeX. A loop and the lines under it stand to the right of the others' signs of equality."""
        remark = rf" \quad \text{{({self.remark})}}" if self.remark else ""
        if self.right is None:
            own = rf"&{indent}\text{{for }} {self.left.latex}{remark}"
        elif indent:
            own = rf"&{indent}{self.left.latex} = {self.right.latex}{remark}"
        else:
            own = f"{self.left.latex} &= {self.right.latex}{remark}"
        return [own, *(text for line in self.under for text in line.latex(indent + r"\quad "))]


class Writer:
    """The nodes of a program as terms, and the lines of those that have one. `ends` are what the reader wants to know."""

    def __init__(self, order: Sequence[Node], column: dict[Node, str], ends: Iterable[Node] | None = None) -> None:
        self.column = dict(column)  # other names for some: the input of the first layer is a0
        ends = order if ends is None else ends
        order = with_bodies(order)
        self.formulas = Formulas(order)
        self.body = {y: x for x in order if x.body is not None for y in x.body.order}  # in which loop something is computed
        sequences = set(self.formulas.sequence.values())
        self.forced = {y for y in sequences if y.operands and y.kind != "part"}  # what needs a name, since it is read at [t]
        self.forced |= {result_of(y) for x in order if x.body is None for y in x.operands if y.kind == "part"}
        for x in order:
            if x.body is not None and x.body.backwards:
                self._adjoint_states(x)
        self.terms = self.formulas.terms
        self.mentioned = self.mentions(ends)
        self.readers: dict[Node, int] = dict.fromkeys(order, 0)
        for x in self.mentioned:
            for operand in self.formulas.reads(x):
                self.readers[operand] += 1
        self.depth: dict[Node, int] = {}
        self.remarks: dict[Node, str] = {}  # of what is written where it is used
        self.lines: dict[Node, Line] = {}
        self.numbered = 0
        for x in order:
            self._add(x)

    def mentions(self, ends: Iterable[Node]) -> set[Node]:
        """What the formulas of these are made of: of softmax(z), z, and not what it is computed by."""
        found: set[Node] = set()
        waiting = list(ends)
        while waiting:
            x = waiting.pop()
            if x not in found:
                found.add(x)
                waiting.extend(self.formulas.reads(x))
        return found

    def _height(self, x: Node) -> int:
        """By how much a formula is deeper than what it is made of: Σ x ⊙ y is a product and a sum."""
        if x.kind == "contract" and len(x.operands) == 2 and x.letters[0] == x.letters[1]:
            return 2
        return int(not is_layout(x))

    def _add(self, x: Node) -> None:
        inside = self.formulas.reads(x)
        depth = max((self.depth[y] for y in inside), default=-1) + self._height(x)
        term = self.formulas.write(x)
        name = self.column.get(x) or x.name
        if not name and x.operands and not is_layout(x) and x.kind not in ("part", "loop") and x in self.mentioned:
            long = depth > DEEPEST or len(term.text) > LONGEST
            often = (self.readers[x] > 1 and depth > 2) or (self.readers[x] > 2 and depth > 0 and self.formulas.rows)
            if long or often or x in self.forced:
                self.numbered += 1
                name = f"v{self.numbered}" + ("[t]" if x in self.body else "")
        remarks = dict.fromkeys(self.remarks[y] for y in inside if y not in self.lines)
        remarks[self.formulas.remarks.get(x, "")] = None
        self.remarks[x] = "; ".join(remark for remark in remarks if remark)
        self.depth[x], self.terms[x] = (0, named(name)) if name else (depth, term)
        if x.body is not None:
            self.lines[x] = self._loop(x)
        elif name and x.operands and x in self.mentioned and term.text != name:
            self.lines[x] = Line(named(name), term, self.remarks[x])


    def _adjoint_states(self, loop: Node) -> None:
        """What a loop backwards in time carries: δh[t] is ∂C/∂h[t], as far as it comes from later steps."""
        body = loop.body
        assert body is not None
        read = [y.operands[0].body for y in loop.operands if y.kind == "part"]
        states = next((other.states for other in read if other is not None and not other.backwards), ())
        for hole, after, state in zip(body.states, body.following, states):
            name = state.name.removesuffix("[t-1]")
            self.column[hole] = f"δ{name}[t]"
            if after in self.body:
                self.column.setdefault(after, f"δ{name}[t-1]")

    def _loop(self, x: Node) -> Line:
        """for t = 1 ... T, and what is computed in each step."""
        body = x.body
        assert body is not None
        last, first = (1, body.steps) if body.backwards else (body.steps, 1)
        before = []
        for hole, operand in zip(body.states, x.operands):
            name = self.terms[hole].text.replace("[t-1]", "[0]").replace("[t]", f"[{body.steps}]")
            zero = operand.kind == "constant" and not np.any(operand.number)
            before.append(f"{name} = {'0' if zero else self.terms[operand].text}")
        under = [self.lines[y] for y in body.order if y in self.lines]
        heading = Term(f"for t = {first} ... {last}", rf"t = {first}, \dots, {last}")
        return Line(heading, None, ", ".join(before), under)


def top_level(writer: Writer) -> dict[Node, Line]:
    """The lines that are not under another."""
    return {x: line for x, line in writer.lines.items() if x not in writer.body}


def lines(compiled: Compiled) -> list[list[Line]]:
    """The equations: forward, and, if there is one cost, the errors and then the derivatives."""
    compiled = compiled.shown or compiled
    ends = [x for x in (compiled.outputs, compiled.penalty) if x is not None]
    forward = reachable(ends)
    column = columns(forward)
    if compiled.several and compiled.outputs.operands:
        column[compiled.outputs] = "f"
    if compiled.penalty is not None:
        column[compiled.penalty] = "penalty"
    if compiled.several:
        writer = Writer(forward, column, ends)
        missing = [] if compiled.outputs in writer.lines else [Line(named("f"), writer.terms[compiled.outputs])]
        return [_inputs(column) + list(top_level(writer).values()) + missing]
    found = backward(compiled)
    gradients = found.gradients
    order = reachable([*ends, *found.ends])
    for p, adjoint in gradients:  # a derivative without a name, read nowhere else, is written only once
        if not adjoint.name and adjoint.operands and all(adjoint not in x.operands for x in order):
            column.setdefault(adjoint, f"∂{compiled.cost}/∂{p.name}")
        if adjoint.kind == "contract" and len(adjoint.operands) == 2 and adjoint.operands[0].kind == "part":
            error = result_of(adjoint.operands[0])  # ∂C/∂W_i = Σ_t δ_i[t] x[t]ᵀ
            name = "_".join(["δ", *p.name.split("_")[1:]]) + "[t]"
            if not error.name and name not in column.values():
                column.setdefault(error, name)
    cost = compiled.outputs
    while cost.is_view and not cost.operands[0].name and cost.operands[0].operands:
        cost = cost.operands[0]
        column[cost] = compiled.cost
    writer = Writer(order, column, [*ends, *found.ends])
    ahead = writer.mentions(ends)
    first = [line for x, line in top_level(writer).items() if x in ahead]
    own = {adjoint for _, adjoint in gradients if adjoint in writer.lines and column.get(adjoint, "").startswith("∂")}
    back = [line for x, line in top_level(writer).items() if x in writer.mentioned and x not in ahead and x not in own]
    if compiled.outputs not in writer.lines and cost not in writer.lines and unviewed(cost) not in writer.lines:
        first.append(Line(named(compiled.cost), writer.terms[compiled.outputs]))
    derivatives = []
    for p, adjoint in sorted(gradients, key=_last_layer_first(forward)):
        right = writer.lines[adjoint].right if adjoint in own else writer.terms[adjoint]
        remarks = [_together(p, [q for q, _ in gradients]), writer.remarks[adjoint] if adjoint in own else ""]
        derivatives.append(Line(named(f"∂{compiled.cost}/∂{p.name}"), right, "; ".join(filter(None, remarks))))
    return [_inputs(column) + first, back, derivatives]


def _last_layer_first(forward: Sequence[Node]) -> Callable[[tuple[Node, Node]], tuple[int, int, int]]:
    """A sort key: W2 and b2 before W1, by the number in the name, else by the first layer that reads it; matrices first."""
    layer: dict[Node, int] = {}
    count = 1
    for x in forward:
        for y in x.operands:
            layer.setdefault(y, count)
        count += bool(x.operands) and x.name.startswith("z")

    def key(both: tuple[Node, Node]) -> tuple[int, int, int]:
        parameter = both[0]
        digits = parameter.name.lstrip("WUVQb")
        return -int(digits) if digits.isdigit() else -layer.get(parameter, 0), -len(parameter.shape), parameter.serial

    return key


def columns(forward: list[Node]) -> dict[Node, str]:
    """The lectures call the input of the first layer a0; a matrix of data with positions as rows has its own name."""
    if in_rows(forward):
        return {}
    first = {
        x.operands[0]
        for x in forward
        if x.kind == "contract" and len(x.operands) == 2 and not x.operands[1].batched and x.operands[0].kind == "input"
    }
    return {x: "a0" for x in first if len(first) == 1 and x.name != "a0"}


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
    parts = [[text for line in part for text in line.text()] for part in lines(compiled)]
    return "\n\n".join("\n".join(part) for part in [head, *parts] if part)


def dimensions(shape: tuple[int, ...]) -> str:
    """30×784; 1 for a single number. Axes of length 1 after the second are only there for broadcasting."""
    if shape[2:]:
        shape = tuple(d for i, d in enumerate(shape) if d > 1 or any(e > 1 for e in shape[i:])) or (1,)
    return "×".join(map(str, shape)) or "1"


def latex(compiled: Compiled) -> str:
    """The equations as one aligned block."""
    written = [text for part in lines(compiled) for line in part for text in line.latex()]
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(written), r"\end{aligned}"])


def remarks_on(order: list[Node], compiled: Compiled) -> dict[Node, str]:
    """What a program's nodes are in the equations: those with a line of their own, and derivatives f'(z)."""
    writer = Writer(order, columns(reachable(compiled.ends)))
    remarks = {x: line.equation for x, line in top_level(writer).items() if x.name}
    remarks |= {x: writer.terms[x].text for x in order if x.kind == "map" and x.position is not None}
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
    order = reachable(compiled.ends)
    if any(x.kind == "map" and x.row in (ops.sigmoid, ops.tanh) for x in order):
        sentences += ["", "σ(z) is e/(1 + e) with e = exp(z), and σ' = σ/(1 + e); minimum keeps e finite, however large z is."]
    if any(x.kind == "contract" and len(x.operands) == 2 and not x.operands[1].batched for x in order):
        sentences += [
            "",
            "An example is a column in the equations and a row here, so every product is transposed: W a becomes a Wᵀ,",
            "since (W a)ᵀ = aᵀ Wᵀ; and the sum of δ aᵀ over the examples is the one product δᵀ a.",
        ]
    return "\n".join(sentences)


def written(x: Node) -> str:
    """What a node is called in an error: its name and how it is computed."""
    if x.kind == "input":
        return f"The input {x.name}"
    writer = Writer(reachable([x]), {})
    line = writer.lines.get(x)
    if line is None or line.right is None:
        return x.name or writer.terms[x].text
    return f"{x.name} = {line.right.text}" if x.name else line.right.text
