"""draw(output): the graph as DOT, Mermaid, SVG, PNG or PDF, and shown in a notebook by itself."""

from __future__ import annotations

import html
import os
from pathlib import Path

import graphviz

from ..engine import Value
from ..engine.files import write_whole
from ..engine.say.colours import LIGHT
from ..engine.say.notation import show
from .picture import NUMBERED, Box, Picture, Shades, lines_of, picture
from .render import can_render, render
from .shades import letters_on, shade, span

FILLS = {"input": "value_bg", "strip": "value_bg", "constant": "paper", "value": "card", "output": "card", "fold": "weight_bg"}
RENDERED = ("svg", "png", "pdf")
SHARP = 192  # dots per inch of a PNG at scale 1: two for each pixel of a screen
LONG = 1000  # columns over which the arrows may reach together before Graphviz is told to hurry
MOST_ROWS, MOST_WRITTEN = 16, 8  # of a layer whose numbers are written into their cells
TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="1">{rows}</TABLE>'


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

    def png(self, scale: float = 1.0) -> bytes:
        """The picture as a PNG file's bytes, with 192 dots per inch, times `scale`."""
        return render(self.dot, "png", dots(scale))

    def pdf(self) -> bytes:
        """The picture as a PDF file's bytes."""
        return render(self.dot, "pdf")

    def save(self, path: str | os.PathLike[str], *, scale: float = 1.0) -> Path:
        """Write the picture, in the form that the name ends with: .svg, .png, .pdf, .dot or .mmd. Whole or not at all.

        scale   a .png has 192 dots per inch times this; the other forms are sharp at any size
        """
        path = Path(path)
        form = path.suffix.lower().removeprefix(".")
        if form in RENDERED:
            data = self.png(scale) if form == "png" else render(self.dot, form)
        elif form in ("dot", "gv"):
            data = self.dot.encode()
        elif form == "mmd":
            data = self.mermaid.encode()
        elif form in ("html", "htm"):
            raise ValueError(f"{path.name} would be a page, which is made from the Value itself: viz.page(f, {path.name!r}).")
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
    output: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    fold: str = "auto",
    gradients: bool = True,
    slopes: bool = True,
    weights: str = "auto",
    flow: bool = False,
    digits: int = 4,
    scale: float = 1.0,
) -> Drawing:
    """Draw the graph of a Value; with a path, write it there as well: draw(f, "graph.svg").

    fold       "none", "neurons", "layers", or "auto": fold as soon as the whole would not fit on a screen, and say so
    gradients  whether each value's gradient is written below it ("not computed" before a sweep)
    slopes     whether each arrow has its local derivative, ×4; the arrow is dashed where that is negative
    weights    which folded neurons list their weights and the gradients of these: "all", "none", or "auto": those that
               have few. A folded layer shows its weights as shades, a row for each neuron, unless this is "none"
    flow       whether arrows are as thick as the gradient that flows back along them
    digits     significant digits of the numbers
    scale      how many times 192 dots per inch a .png has
    """
    painted = picture(output, fold=fold, gradients=gradients, slopes=slopes, weights=weights, digits=digits)
    drawing = Drawing(painted, flow=flow)
    if path is not None:
        drawing.save(path, scale=scale)
    return drawing


def dots(scale: float) -> float:
    """The dots per inch of a PNG."""
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 20:
        raise ValueError(f"scale = {scale!r} must be a number above 0, at most 20: 2 for twice as many dots as 1.")
    return SHARP * scale


def dot(painted: Picture, *, flow: bool = False) -> str:
    """The picture in Graphviz's language, forward from left to right."""
    graph = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "nodesep": "0.25", "fontname": "Helvetica", "bgcolor": LIGHT["card"]},
        node_attr={"fontname": "Helvetica", "fontsize": "12", "color": LIGHT["line"], "fontcolor": LIGHT["ink"]},
        edge_attr={"fontname": "Helvetica", "fontsize": "10", "fontcolor": LIGHT["ink"], "arrowsize": "0.6",
                   "color": LIGHT["line"]},
    )  # fmt: skip
    below = "\n".join(filter(None, [painted.note, painted.legend]))
    if below:
        graph.attr(label=graphviz.escape(below), labelloc="b", fontsize="10", fontcolor=LIGHT["soft"])
    for box in painted.boxes:
        small = {"fontsize": "9", "margin": "0.02"} if box.kind == "constant" else {}
        width = {"penwidth": "2", "color": LIGHT["ink"]} if box.kind == "output" else {}
        graph.node(box.id, label_of(box), shape="box", style="filled,rounded", fillcolor=LIGHT[FILLS[box.kind]], **small, **width)
    for circle in painted.circles:
        graph.node(circle.id, graphviz.escape(circle.text), shape="circle", margin="0.02", width="0.35", fontsize="14")
    folded = {box.id for box in painted.boxes if box.kind == "fold"}
    dense = sum(arrow.head in folded for arrow in painted.arrows) > NUMBERED
    graph.attr(ranksep="1.2" if dense else "0.35")  # many arrows between the same columns need room to spread
    if dense and len({(arrow.tail, arrow.head) for arrow in painted.arrows}) == len(painted.arrows):
        graph.attr(splines="line")  # straight between columns; two arrows of a square would lie on one another
    if stretch(painted) > LONG:
        graph.attr(splines="line", nslimit="0.2", mclimit="0.1")  # fewer rounds of its searches, no curves around boxes
    for arrow in painted.arrows:
        look = {"style": "dashed"} if arrow.negative else {}
        look |= {"tailport": "e", "headport": "w"} if dense and arrow.head in folded else {}
        look |= {"penwidth": f"{0.5 + 5 * arrow.weight:.2f}", "color": LIGHT["gradient"]} if flow and arrow.weight else {}
        graph.edge(arrow.tail, arrow.head, graphviz.escape(arrow.text), **look)
    for column in painted.columns:
        graph.body.append("\t{rank=same " + " -> ".join(column) + " [style=invis]}\n")
    return str(graph.source)


def stretch(painted: Picture) -> int:
    """Over how many columns all arrows reach together; Graphviz's time grows faster than that."""
    depth: dict[str, int] = {}
    for arrow in painted.arrows:  # in forward order
        depth[arrow.head] = max(depth.get(arrow.head, 0), depth.get(arrow.tail, 0) + 1)
    first: dict[str, int] = {}  # where an input is first read: it stands just before that
    for arrow in painted.arrows:
        first[arrow.tail] = min(first.get(arrow.tail, depth[arrow.head]), depth[arrow.head])
    return sum(depth[arrow.head] - depth.get(arrow.tail, first[arrow.tail] - 1) for arrow in painted.arrows)


def label_of(box: Box) -> str:
    """An HTML-like label, so that value, gradient and weight have colours of their own; every word is escaped."""
    number = box.kind == "constant" or (len(box.lines) > 1 and not box.shades)  # whether the last line is a value
    colours = ["ink"] + ["soft"] * (len(box.lines) - 1)
    colours[-1] = "value" if number else colours[-1]
    bold = [len(box.lines) > 1] + [False] * len(box.lines)
    rows = [row(line, colour, bold=strong) for line, colour, strong in zip(box.lines, colours, bold)]
    if box.gradient:
        rows.append(row(box.gradient, "gradient"))
    if box.table:
        cells = "".join(
            f"<TR>{cell(name, 'ink', 'LEFT')}{cell(value, 'weight', 'RIGHT')}{cell(gradient, 'gradient', 'RIGHT')}</TR>"
            for name, value, gradient in ((" ", "w", "∂" if box.table[0][2] else " "), *box.table)
        )
        rows.append(f'<TR><TD><FONT POINT-SIZE="10">{TABLE.format(spacing=2, rows=cells)}</FONT></TD></TR>')
    if box.shades:
        grids = "".join(f'<TD VALIGN="TOP">{grid(shades)}</TD>' for shades in box.shades)
        rows.append(f"<TR><TD>{TABLE.format(spacing=3, rows=f'<TR>{grids}</TR>')}</TD></TR>")
    return f"<{TABLE.format(spacing=0, rows=''.join(rows))}>"


def row(text: str, colour: str, *, bold: bool = False) -> str:
    """One line of a box."""
    word = f"<B>{html_word(text)}</B>" if bold else html_word(text)
    return f'<TR><TD><FONT COLOR="{LIGHT[colour]}">{word}</FONT></TD></TR>'


def cell(text: str, colour: str, align: str) -> str:
    """One word of the table of weights; Graphviz refuses a font without a word."""
    return f'<TD ALIGN="{align}"><FONT COLOR="{LIGHT[colour]}">{html_word(text or " ")}</FONT></TD>'


def grid(shades: Shades) -> str:
    """Numbers as cells of colour; with the numbers in them, or only their minus signs, where these fit."""
    numbers = [number for line in shades.rows for number in line]
    low, high = span(numbers)
    lines, across = len(shades.rows), len(shades.rows[0])
    written = lines <= MOST_ROWS and across <= MOST_WRITTEN
    height = 14 if lines <= MOST_ROWS else max(5, 360 // lines)
    width = 34 if written else max(5, min(height, 360 // across)) if across > 1 else 14
    rows = []
    for line in shades.rows:
        cells = []
        for number in line:
            colour = shade(number, low, high, shades.kind)
            word = show(number, 2) if written else "-" if number < 0 and min(width, height) >= 10 else ""
            word = f'<FONT COLOR="{letters_on(colour)}" POINT-SIZE="8">{word}</FONT>' if word else ""
            cells.append(f'<TD FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}" BGCOLOR="{colour}">{word}</TD>')
        rows.append(f"<TR>{''.join(cells)}</TR>")
    reach = "" if written else f"<BR/>{show(min(numbers), 2)} to {show(max(numbers), 2)}"
    head = f'<FONT COLOR="{LIGHT[shades.kind]}" POINT-SIZE="9">{html_word(shades.head)}{reach}</FONT>'
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
    return f"{table}<TR><TD>{head}</TD></TR><TR><TD>{table}{''.join(rows)}</TABLE></TD></TR></TABLE>"


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
