"""A graph of Values as a picture to be laid out: boxes, circles and arrows with their words, not yet in any drawing language.

Value nodes are boxes with three lines: what it is, its value above, its gradient below. Operations are circles. An arrow
into an operation carries the local derivative, the number that the sweep multiplies by on the way back. `x*x` has two
arrows. A folded neuron is like an operation: its arrows carry its derivatives by its inputs, its weights are a small table.
A folded layer shows shades instead of numbers. The same graph gives the same picture, node by node.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from ..engine import Value
from ..engine.derivatives import local_derivative
from ..engine.errors import check_fresh
from ..engine.graph import Graph
from ..engine.primitive import UndefinedError
from ..engine.say.notation import show, terms, write
from .folding import Fold, choose

NOT_COMPUTED = "not computed"
WEIGHTS = ("auto", "all", "none")
FEW = 6  # weights of a neuron that are listed in its box without being asked for
NUMBERED = 12  # arrows into folded neurons that still have room for their derivatives
LARGEST_SIDE = 64  # of a matrix of shades; larger ones are summarised


@dataclass(frozen=True)
class Shades:
    """Numbers as cells in rows, a row for each neuron: "weight", "value" or "gradient"."""

    kind: str
    head: str
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Box:
    """A value, or several folded into one. `lines` are shown under each other; `kind` decides the colour."""

    id: str
    kind: str  # "input", "strip" of inputs, "constant", "value", "output" or "fold"
    lines: tuple[str, ...]  # its name; its formula, if it is folded; its value
    gradient: str = ""
    weight: float = 0.0  # the size of its gradient relative to the largest, 0 to 1
    table: tuple[tuple[str, str, str], ...] = ()  # of a neuron: each weight's name, value and gradient
    shades: tuple[Shades, ...] = ()  # of a layer


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
    negative: bool = False  # whether the local derivative is


@dataclass
class Picture:
    """Everything to be drawn, in forward order."""

    boxes: list[Box] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)  # ids of boxes that stand below each other in this order
    note: str = ""  # what was left out or folded, if anything was
    legend: str = ""  # how to read the shades, if there are any


def picture(
    output: Value | Graph, *,
    fold: str = "auto", gradients: bool = True, slopes: bool = True, weights: str = "auto", digits: int = 4,
) -> Picture:  # fmt: skip
    """The picture of the graph of `output`; see `draw` for the options."""
    if weights not in WEIGHTS:
        raise ValueError(f"weights = {weights!r} must be one of {', '.join(WEIGHTS)}.")
    graph = Graph.of(output)
    check_fresh(graph)
    folds, note = choose(graph, fold)
    return _Painter(graph, folds, gradients, slopes, weights, digits).paint(note)


class _Painter:
    """Puts one picture together."""

    def __init__(
        self, graph: Graph, folds: list[Fold], gradients: bool, slopes: bool, weights: str, digits: int,
    ) -> None:  # fmt: skip
        order = graph.order
        self.graph, self.folds = graph, folds
        self.gradients, self.slopes, self.weights, self.digits = gradients, slopes, weights, digits
        self.ids = {node: f"n{i}" for i, node in enumerate(order)}
        self.home = {node: fold for fold in folds for node in fold.inside}
        sizes = [abs(node.grad) for node in order if node.has_grad]
        self.largest = max(sizes, default=0.0) or 1.0
        self.room = sum(len(fold.inputs) for fold in folds) <= NUMBERED

    def paint(self, note: str) -> Picture:
        result = Picture(note=note, columns=self._columns())
        for node in self.graph.order:
            fold = self.home.get(node)
            if fold is not None:
                if node is fold.inside[-1]:
                    self._fold(result, fold)
                continue
            result.boxes.append(self._box(node))
            if node.op is not None:
                self._operation(result, node)
        if any(box.shades for box in result.boxes):
            result.legend = "shades: light is large, dark is small or negative"
        return result

    def _id(self, node: Value) -> str:
        return self.home[node].id if node in self.home else self.ids[node]

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
        circle = f"{self.ids[node]}op"
        result.circles.append(Circle(circle, symbol(node)))
        for position, operand in enumerate(node.operands):
            result.arrows.append(self._arrow(operand, circle, node.grad, [(node, position)]))
        result.arrows.append(Arrow(circle, self.ids[node], "", abs(node.grad) / self.largest))

    def _arrow(self, operand: Value, head: str, gradient: float, *ways: list[tuple[Value, int]]) -> Arrow:
        """An arrow with the derivative along it: the sum over ways, each a product of local derivatives."""
        tail = self._id(operand)
        if operand.constant or not self.slopes:
            return Arrow(tail, head)
        try:
            slope = sum(prod(local_derivative(node, place, self.graph.names) for node, place in way) for way in ways)
        except UndefinedError:
            return Arrow(tail, head, "undefined")
        return Arrow(tail, head, f"×{show(slope, self.digits)}", abs(slope * gradient) / self.largest, slope < 0)

    def _fold(self, result: Picture, fold: Fold) -> None:
        if len(fold.outputs) == 1:
            self._folded_value(result, fold, fold.outputs[0])
            return
        kind = "fold" if fold.neurons else "strip"
        result.boxes.append(Box(fold.id, kind, (fold.name, fold.formula), shades=self._shades(fold)))
        result.arrows += [Arrow(tail, fold.id) for tail in dict.fromkeys(map(self._id, fold.inputs))]

    def _folded_value(self, result: Picture, fold: Fold, node: Value) -> None:
        """A neuron, whose arrows carry its derivatives by its inputs where these have room; or a whole cost."""
        lines = (fold.name, f"= {fold.formula}" if fold.neurons else fold.formula, show(node.data, self.digits))
        result.boxes.append(
            Box(fold.id, "fold" if fold.neurons else "output", lines, self._gradient(node), abs(node.grad) / self.largest,
                self._table(fold))
        )  # fmt: skip
        for tail, sources in self._by_tail(fold).items():
            ways = ways_through(fold, sources[0]) if fold.neurons and len(sources) == 1 and self.room else []
            result.arrows.append(self._arrow(sources[0], fold.id, node.grad, *ways) if ways else Arrow(tail, fold.id))

    def _by_tail(self, fold: Fold) -> dict[str, list[Value]]:
        """What a fold reads, by the box that it comes from: one arrow for each."""
        found: dict[str, list[Value]] = {}
        for source in fold.inputs:
            found.setdefault(self._id(source), []).append(source)
        return found

    def _table(self, fold: Fold) -> tuple[tuple[str, str, str], ...]:
        """The weights of a folded neuron, biases last; those without a label are w1, w2, ... and b."""
        rows = []
        for neuron in fold.neurons:
            found = [(f"w{k}", weight) for k, weight in enumerate(neuron.weights, 1)]
            found += [("b", bias) for bias in neuron.rest if not bias.operands and not bias.constant]
            for name, weight in found:
                name = self.graph.names[weight] if weight.label else name
                rows.append((name, show(weight.data, self.digits), self._gradient(weight).removeprefix("∂ ")))
        return () if self.weights == "none" or (self.weights == "auto" and len(rows) > FEW) else tuple(rows)

    def _shades(self, fold: Fold) -> tuple[Shades, ...]:
        """What a layer shows instead of numbers: its weights, a row for each neuron; its outputs; their gradients."""
        found = []
        if fold.neurons and self.weights != "none":
            rows = [tuple(weight.data for weight in neuron.weights) for neuron in fold.neurons]
            size = f"W {len(rows)}×{len(rows[0])}"
            found.append(Shades("weight", size, summarised(rows)))
        found.append(Shades("value", "a" if fold.neurons else "x", summarised([(node.data,) for node in fold.outputs])))
        if self.gradients and all(node.has_grad for node in fold.outputs):
            found.append(Shades("gradient", "∂", summarised([(node.grad,) for node in fold.outputs])))
        if self.gradients and self.weights == "all" and all(w.has_grad for neuron in fold.neurons for w in neuron.weights):
            rows = [tuple(weight.grad for weight in neuron.weights) for neuron in fold.neurons]
            found += [Shades("gradient", "∂ of W", summarised(rows))] if rows else []
        return tuple(found)

    def _columns(self) -> list[list[str]]:
        """What stands below each other in order: inputs of the same stem, such as x1, x2, x3, that are first read at the same
        depth, and the neurons of a layer."""
        depth: dict[str, int] = {}
        readers: dict[Value, set[str]] = {}
        for node in self.graph.order:
            here = self._id(node)
            for operand in node.operands:
                if self._id(operand) != here:
                    depth[here] = max(depth.get(here, 0), depth.get(self._id(operand), 0) + 1)
                    readers.setdefault(operand, set()).add(here)
        found: dict[Any, list[tuple[int, str]]] = {}
        for node, homes in readers.items():
            match = re.fullmatch(r"(.*?)(\d+)", self.graph.names[node])
            if match and not node.operands and not node.constant and node not in self.home:
                key = (match[1], min(depth[home] for home in homes))
                found.setdefault(key, []).append((int(match[2]), self.ids[node]))
        columns = [[name for _, name in sorted(members)] for members in found.values()]
        layers: dict[tuple[Value, ...], list[str]] = {}
        for fold in self.folds:
            if len(fold.neurons) == 1:
                layers.setdefault(fold.inputs, []).append(fold.id)
        return [column for column in (*columns, *layers.values()) if len(column) > 1]


def ways_through(fold: Fold, source: Value) -> list[list[tuple[Value, int]]]:
    """Every way from an input of a folded neuron to its output, as (node, which operand)."""
    ways: dict[Value, list[list[tuple[Value, int]]]] = {source: [[]]}
    for node in fold.inside:
        for place, operand in enumerate(node.operands):
            if operand in ways:
                ways.setdefault(node, []).extend([*way, (node, place)] for way in ways[operand])
    return ways.get(fold.outputs[0], [])


def summarised(rows: list[tuple[float, ...]]) -> tuple[tuple[float, ...], ...]:
    """A matrix of at most 64 rows and columns: where there are more, each cell is the number of largest size in a block."""

    def blocks(numbers: Sequence[Any]) -> list[Any]:
        size = -(-len(numbers) // LARGEST_SIDE)
        return [numbers[i : i + size] for i in range(0, len(numbers), size)]

    narrow = [[max(block, key=abs) for block in blocks(row)] for row in rows]
    return tuple(tuple(max(column, key=abs) for column in zip(*block)) for block in blocks(narrow))


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
