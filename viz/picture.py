"""A graph of Values as a picture to be laid out: boxes, circles and arrows with their words, not yet in any drawing language.

Value nodes are boxes with three lines: what it is, its value above, its gradient below. Operations are circles. An arrow
into an operation carries the local derivative, the number that the sweep multiplies by on the way back. `x*x` has two
arrows. The same graph gives the same picture, node by node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..engine import Value
from ..engine.derivatives import local_derivative
from ..engine.errors import check_fresh
from ..engine.graph import Graph
from ..engine.primitive import UndefinedError
from ..engine.say.notation import show, terms, write
from .folding import Fold, choose

NOT_COMPUTED = "not computed"


@dataclass(frozen=True)
class Box:
    """A value, or several folded into one. `lines` are shown under each other; `kind` decides the colour."""

    id: str
    kind: str  # "input", "constant", "value", "output" or "fold"
    lines: tuple[str, ...]
    gradient: str = ""
    weight: float = 0.0  # the size of its gradient relative to the largest, 0 to 1


@dataclass(frozen=True)
class Circle:
    """An operation."""

    id: str
    text: str


@dataclass(frozen=True)
class Arrow:
    """From an operand to an operation, with the local derivative; or from an operation to its result."""

    tail: str
    head: str
    text: str = ""
    weight: float = 0.0  # how much of the gradient flows back here, relative to the largest


@dataclass
class Picture:
    """Everything to be drawn, in forward order."""

    boxes: list[Box] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    note: str = ""  # what was left out or folded, if anything was


def picture(
    output: Value | Graph, *, fold: str = "auto", gradients: bool = True, slopes: bool = True, digits: int = 4
) -> Picture:
    """The picture of the graph of `output`; see `draw` for the options."""
    graph = Graph.of(output)
    check_fresh(graph)
    folds, note = choose(graph, fold)
    return _Painter(graph, folds, gradients, slopes, digits).paint(note)


class _Painter:
    """Puts one picture together."""

    def __init__(
        self, graph: Graph, folds: list[Fold], gradients: bool, slopes: bool, digits: int,
    ) -> None:  # fmt: skip
        order = graph.order
        self.graph, self.folds = graph, folds
        self.gradients, self.slopes, self.digits = gradients, slopes, digits
        self.ids = {node: f"n{i}" for i, node in enumerate(order)}
        self.home = {node: fold for fold in folds for node in fold.inside}
        sizes = [abs(node.grad) for node in order if node.has_grad]
        self.largest = max(sizes, default=0.0) or 1.0

    def paint(self, note: str) -> Picture:
        result = Picture(note=note)
        drawn: set[str] = set()
        for node in self.graph.order:
            fold = self.home.get(node)
            if fold is not None:
                if node is fold.inside[-1]:
                    self._fold(result, fold, drawn)
                continue
            result.boxes.append(self._box(node))
            if node.op is not None:
                self._operation(result, node)
        return result

    def _gradient(self, node: Value) -> str:
        if not self.gradients or node.constant:
            return ""
        return f"∂ {show(node.grad, self.digits)}" if node.has_grad else NOT_COMPUTED

    def _box(self, node: Value) -> Box:
        kind = "constant" if node.constant else "input" if not node.operands else "value"
        kind = "output" if kind == "value" and node is self.graph.output else kind
        number = show(node.data, self.digits)
        lines = (number,) if kind == "constant" and not node.label else (self.graph.names[node], number)
        return Box(self.ids[node], kind, lines, self._gradient(node), abs(node.grad) / self.largest)

    def _operation(self, result: Picture, node: Value) -> None:
        assert node.op is not None
        circle = f"{self.ids[node]}op"
        result.circles.append(Circle(circle, symbol(node)))
        for position, operand in enumerate(node.operands):
            result.arrows.append(self._arrow(operand, node, position, circle))
        result.arrows.append(Arrow(circle, self.ids[node], "", abs(node.grad) / self.largest))

    def _arrow(self, operand: Value, node: Value, position: int, head: str) -> Arrow:
        tail = self.home[operand].id if operand in self.home else self.ids[operand]
        if operand.constant or not self.slopes:
            return Arrow(tail, head)
        try:
            slope = local_derivative(node, position, self.graph.names)
        except UndefinedError:
            return Arrow(tail, head, "undefined")
        return Arrow(tail, head, show(slope, self.digits), abs(slope * node.grad) / self.largest)

    def _fold(self, result: Picture, fold: Fold, drawn: set[str]) -> None:
        if fold.id in drawn:
            return
        drawn.add(fold.id)
        outputs = fold.outputs
        lines = [fold.title]
        if len(outputs) == 1:
            lines.append(show(outputs[0].data, self.digits))
        result.boxes.append(Box(fold.id, "fold", tuple(lines), self._gradient(outputs[0]) if len(outputs) == 1 else ""))
        feeding: dict[str, str] = {}
        for source, words in fold.inputs:
            if source.constant and not source.label and source in self.ids and len(fold.inputs) > 12:
                continue
            feeding.setdefault(self.home[source].id if source in self.home else self.ids[source], words)
        for tail, words in feeding.items():
            result.arrows.append(Arrow(tail, fold.id, words if self.slopes else ""))


def symbol(node: Value) -> str:
    """How an operation is written in its circle: +, ·, /, ², tanh."""
    assert node.op is not None
    signs = {"add": "+", "sub": "-", "mul": "·", "div": "/", "neg": "-", "fsum": "Σ", "pow": "^"}
    if node.op.name in signs:
        return signs[node.op.name]
    if node.op.name == "power":
        return write(node.op, terms(node.operands, dict.fromkeys(node.operands, "x"))).text[1:]
    return node.op.notation.text.partition("(")[0] if not node.op.notation.slots else repr(node.op)


def lines_of(thing: Any) -> list[str]:
    """The words of a box from top to bottom: name, value, gradient."""
    return [*thing.lines, *([thing.gradient] if thing.gradient else [])]
