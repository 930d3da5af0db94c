"""draw(output): the graph as DOT, Mermaid, SVG, PNG or PDF, and shown in a notebook by itself."""

from __future__ import annotations

import html
import os
from pathlib import Path

import graphviz

from ..engine import Value
from ..engine.files import write_whole
from ..engine.say.colours import LIGHT
from .picture import Box, Picture, lines_of, picture
from .render import can_render, render

FILLS = {"input": "#e8f1fb", "constant": "#f4f4f4", "value": "#ffffff", "output": "#fdf3dc", "fold": "#eef6ee"}
RENDERED = ("svg", "png", "pdf")


class Drawing:
    """A picture in every form that is asked for; in a notebook it shows itself."""

    def __init__(self, painted: Picture, *, flow: bool = False) -> None:
        self.picture = painted
        self.note = painted.note  # what was folded, if anything was
        self.dot = dot(painted, flow=flow)
        self.mermaid = mermaid(painted)

    def svg(self) -> str:
        """The picture as SVG text."""
        return render(self.dot, "svg").decode()

    def png(self) -> bytes:
        """The picture as a PNG file's bytes."""
        return render(self.dot, "png")

    def pdf(self) -> bytes:
        """The picture as a PDF file's bytes."""
        return render(self.dot, "pdf")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture, in the form that the name ends with: .svg, .png, .pdf, .dot or .mmd. Whole or not at all."""
        path = Path(path)
        form = path.suffix.lower().removeprefix(".")
        if form in RENDERED:
            data = render(self.dot, form)
        elif form in ("dot", "gv"):
            data = self.dot.encode()
        elif form == "mmd":
            data = self.mermaid.encode()
        else:
            raise ValueError(f"{path.name} does not name a format: end it with .svg, .png, .pdf, .dot or .mmd.")
        write_whole(path, data)
        return path

    def _repr_svg_(self) -> str | None:
        return self.svg() if can_render() else None

    def _repr_markdown_(self) -> str | None:
        """Without Graphviz: JupyterLab draws Mermaid by itself, and elsewhere its text can be read."""
        return None if can_render() else f"```mermaid\n{self.mermaid}```\n"

    def __repr__(self) -> str:
        return f"Drawing({len(self.picture.boxes)} values, {len(self.picture.circles)} operations)"


def draw(
    output: Value, *, fold: str = "auto", gradients: bool = True, slopes: bool = True, flow: bool = False, digits: int = 4
) -> Drawing:
    """Draw the graph of a Value.

    fold       "none", "neurons", "layers", or "auto": fold as soon as the whole would not fit on a screen, and say so
    gradients  whether each value's gradient is written below it ("not computed" before a sweep)
    slopes     whether each arrow has its local derivative
    flow       whether arrows are as thick as the gradient that flows back along them
    digits     significant digits of the numbers
    """
    return Drawing(picture(output, fold=fold, gradients=gradients, slopes=slopes, digits=digits), flow=flow)


def dot(painted: Picture, *, flow: bool = False) -> str:
    """The picture in Graphviz's language, forward from left to right."""
    graph = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "nodesep": "0.25", "ranksep": "0.35", "fontname": "Helvetica"},
        node_attr={"fontname": "Helvetica", "fontsize": "12"},
        edge_attr={"fontname": "Helvetica", "fontsize": "10", "fontcolor": LIGHT["gradient"], "arrowsize": "0.6",
                   "color": LIGHT["line"]},
    )  # fmt: skip
    if painted.note:
        graph.attr(label=graphviz.escape(painted.note), labelloc="b", fontsize="10")
    for box in painted.boxes:
        small = {"fontsize": "9", "margin": "0.02"} if box.kind == "constant" else {}
        graph.node(box.id, label_of(box), shape="box", style="filled,rounded", fillcolor=FILLS[box.kind], **small)
    for circle in painted.circles:
        graph.node(circle.id, graphviz.escape(circle.text), shape="circle", margin="0.02", width="0.35", fontsize="14")
    for arrow in painted.arrows:
        width = {"penwidth": f"{0.5 + 5 * arrow.weight:.2f}", "color": LIGHT["gradient"]} if flow and arrow.weight else {}
        graph.edge(arrow.tail, arrow.head, graphviz.escape(arrow.text), **width)
    return str(graph.source)


def label_of(box: Box) -> str:
    """An HTML-like label, so that value and gradient have colours of their own; every word is escaped."""
    rows = []
    for place, line in enumerate(lines_of(box)):
        word = html_word(line)
        is_gradient = bool(box.gradient) and place == len(lines_of(box)) - 1
        color, bold = (LIGHT["gradient"], False) if is_gradient else (LIGHT["ink"], place == 0 and len(box.lines) > 1)
        word = f"<B>{word}</B>" if bold else word
        rows.append(f'<TR><TD><FONT COLOR="{color}">{word}</FONT></TD></TR>')
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>>'


def html_word(text: str) -> str:
    """Text for an HTML-like label, taken literally: neither HTML nor Graphviz's escapes such as \\N."""
    printable = "".join(sign if sign >= " " else " " for sign in text)
    return html.escape(printable).replace("\\", "\\\\")


def mermaid(painted: Picture) -> str:
    """The picture in Mermaid's language, which many web pages draw."""
    lines = ["flowchart LR"]
    for box in painted.boxes:
        words = "<br>".join(_mermaid_text(line) for line in lines_of(box))
        lines.append(f'    {box.id}["{words}"]')
    lines += [f'    {circle.id}(("{_mermaid_text(circle.text)}"))' for circle in painted.circles]
    for arrow in painted.arrows:
        middle = f'-- "{_mermaid_text(arrow.text)}" -->' if arrow.text else "-->"
        lines.append(f"    {arrow.tail} {middle} {arrow.head}")
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    """Text for the inside of quotes: characters that Mermaid or HTML would interpret are written as entities."""
    return "".join(sign if sign.isalnum() or sign in " .,=∂·²³⁻/+Σσ×" else f"#{ord(sign)};" for sign in text)
