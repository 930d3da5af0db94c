"""Where everything stands on the slides: laid out once by Graphviz, for all of them.

Widths are computed here from the number of letters, so that the layout does not depend on the fonts of a machine, and every
box has room for what will be known at the end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import graphviz

from ..engine.graph import Graph
from ..engine.say.notation import show
from .frames import Frame
from .picture import symbol
from .render import render

LETTER, LINE = 0.62, 1.45  # the width of a letter and the height of a line, in sizes of the type
SIZE, SIGN, SMALL = 12.0, 14.0, 11.0  # of the type in boxes, in circles and on arrows, in points


class Edge(NamedTuple):
    """An arrow: its curve, from its tail to its tip, and where its words stand."""

    curve: list[tuple[float, float]]
    words: tuple[float, float] | None


class Layout:
    """Places and sizes in points, upwards from the lower left corner.

    boxes    the size of each node's box
    radii    the radius of the circle of each node that is computed
    places   the middle of each box, "n3", and of each circle, "n3op"
    edges    "n3" from a circle to its result, "n3e0" into it from the first operand
    size     width and height of the whole
    """

    def __init__(self, graph: Graph, frames: Sequence[Frame]) -> None:
        self.boxes = {i: size_of(lines_at_most(graph, frames, i)) for i in range(len(graph.order))}
        self.radii = {i: max(15.0, LETTER * SIGN / 2 * len(symbol(node)) + 4) for i, node in enumerate(graph.order) if node.op}
        found = json.loads(render(self._sheet(graph, frames), "json"))
        self.places = {thing["name"]: point(thing["pos"]) for thing in found["objects"]}
        self.size = point(found["bb"].split(",", 2)[2])
        self.edges = {}
        for thing in found.get("edges", ()):
            end, *curve = thing["pos"].split()  # Graphviz names the tip of the arrow first
            words = point(thing["lp"]) if "lp" in thing else None
            self.edges[thing["id"]] = Edge([*map(point, curve), point(end.removeprefix("e,"))], words)

    def _sheet(self, graph: Graph, frames: Sequence[Frame]) -> str:
        """The graph in Graphviz's language: sizes only, no words but those on arrows."""
        sheet = graphviz.Digraph(graph_attr={"rankdir": "LR", "nodesep": "0.25", "ranksep": "0.4"},
                                 node_attr={"label": "", "fixedsize": "true"}, edge_attr={"fontsize": f"{SMALL}"})  # fmt: skip
        place = {node: i for i, node in enumerate(graph.order)}
        slopes = frames[-1].slopes
        for node, i in place.items():
            width, height = self.boxes[i]
            sheet.node(f"n{i}", shape="box", width=f"{width / 72:.3f}", height=f"{height / 72:.3f}")
            if node.op is None:
                continue
            across = f"{2 * self.radii[i] / 72:.3f}"
            sheet.node(f"n{i}op", shape="circle", width=across, height=across)
            sheet.edge(f"n{i}op", f"n{i}", id=f"n{i}")
            for k, operand in enumerate(node.operands):
                words = slope_words(slopes[i, k], frames[-1].digits) if (i, k) in slopes else ""
                sheet.edge(f"n{place[operand]}", f"n{i}op", words, id=f"n{i}e{k}")
        return str(sheet.source)


def lines_at_most(graph: Graph, frames: Sequence[Frame], i: int) -> list[str]:
    """The longest words that a box will ever have: name, value, gradient."""
    node = graph.order[i]
    value = max((frame.values.get(i, "") for frame in frames), key=len)
    gradient = max((frame.gradients.get(i, "") for frame in frames), key=len)
    name = [] if node.constant and not node.label else [graph.names[node]]
    return [*name, value] + ([] if node.constant else [f"∂ {gradient}"])


def size_of(lines: list[str]) -> tuple[float, float]:
    """The width and height of a box that has room for these lines."""
    return max(30.0, LETTER * SIZE * max(map(len, lines)) + 14), LINE * SIZE * len(lines) + 8


def slope_words(slope: float, digits: int) -> str:
    """The local derivative as it stands on an arrow."""
    return f"×{show(slope, digits)}"


def point(text: str) -> tuple[float, float]:
    """Two numbers with a comma between them."""
    x, y = text.split(",")
    return float(x), float(y)
