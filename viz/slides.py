"""draw_steps(output, path): a numbered slide for each step of the computation, as pages of a PDF or as SVGs in a folder.

Drawn by matplotlib, as vectors, with text as text and formulas set as formulas. placing.py says where everything stands.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import hypot
from pathlib import Path
from typing import Any

from ..engine import Value
from ..engine.files import write_whole
from ..engine.graph import Graph, exceeds
from ..engine.say.colours import LIGHT
from ..engine.say.headline import expression
from ..engine.say.notation import latex_number, show
from .frames import Frame, formula, frames
from .picture import symbol
from .placing import LINE, SIGN, SIZE, SMALL, Edge, Layout, slope_words

MOST = 300  # nodes of a graph whose steps are drawn; nobody looks through more slides than that
WIDE, HIGH = 13.333, 7.5  # inches: 16 to 9
STAGE = (0.4, 2.3, WIDE - 0.8, HIGH - 3.2)  # where the graph stands: left, bottom, width, height
LARGEST = 2.0  # how much a small graph is magnified
HALO = 4.0  # the width of the glow around the box of the step, in points
LETTERS = 46  # of a formula that fits the slide in its full size
STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "chainrule", "pdf.fonttype": 42, "mathtext.fontset": "dejavusans",
              "font.family": ["DejaVu Sans", "sans-serif"]}  # fmt: skip


def draw_steps(output: Value, path: str | os.PathLike[str], *, answers: bool | str = True, digits: int = 4) -> list[Path]:
    """Draw each step as a slide and return the files: a .pdf has a page for each, a folder gets 01.svg, 02.svg, ...

    A slide shows what is known by then: values appear going forward; gradients, and the local derivatives on the arrows,
    going backward. Its step is written below as a formula and as a sentence. All slides have the same layout, so that
    nothing jumps. They are vector pictures, and their text is text.

    answers   False leaves the result of each step as a box to be filled; "both" has two slides a step, the question
              and its answer: 01a.svg, 01b.svg, ...
    digits    significant digits of the numbers
    """
    if not isinstance(answers, bool) and answers != "both":
        raise ValueError(f'answers = {answers!r} must be True, False or "both".')
    path = Path(path)
    if path.suffix and path.suffix.lower() != ".pdf":
        raise ValueError(f"{path.name}: the slides of the steps go into a .pdf, or into a folder of SVGs.")
    if exceeds(output, MOST):
        raise ValueError(f"The steps are a slide each, and this graph has more than {MOST} nodes: draw those of a part of it.")
    graph = Graph(output)
    slides = Slides(graph, list(frames(graph, answers, digits)))
    if path.suffix:
        write_whole(path, slides.pdf())
        return [path]
    drawn = slides.svgs()  # all of them, before anything is written
    path.mkdir(exist_ok=True)
    written = []
    for frame, svg in zip(slides.frames, drawn):
        letter = ("b" if frame.answered else "a") if answers == "both" else ""
        written.append(path / f"{frame.number:02d}{letter}.svg")
        write_whole(written[-1], svg)
    return written


class Slides:
    """All slides of a graph."""

    def __init__(self, graph: Graph, shown: list[Frame]) -> None:
        self.graph, self.frames, self.layout = graph, shown, Layout(graph, shown)
        self.title = expression(graph)
        self.title = self.title if self.title == graph.title else f"{graph.title} = {self.title}"

    def pdf(self) -> bytes:
        """A page for each frame."""
        from matplotlib.backends.backend_pdf import PdfPages

        kept = io.BytesIO()
        with typeset(), PdfPages(kept, metadata={"CreationDate": None, "Title": self.title}) as pages:
            for frame in self.frames:
                pages.savefig(self._figure(frame))
        return kept.getvalue()

    def svgs(self) -> list[bytes]:
        """A file for each frame."""
        found = []
        with typeset():
            for frame in self.frames:
                kept = io.BytesIO()
                self._figure(frame).savefig(kept, format="svg", metadata={"Date": None})
                found.append(kept.getvalue())
        return found

    def _figure(self, frame: Frame) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDE, HIGH), facecolor=LIGHT["card"])
        wide, high = self.layout.size
        left, bottom, width, height = STAGE
        scale = min(LARGEST, 72 * width / (wide + 2 * HALO), 72 * height / (high + 2 * HALO))
        ax = figure.add_axes((left / WIDE, bottom / HIGH, width / WIDE, height / HIGH))
        spare = (72 * width / scale - wide) / 2, (72 * height / scale - high) / 2
        ax.set(xlim=(-spare[0], wide + spare[0]), ylim=(-spare[1], high + spare[1]))
        ax.set_axis_off()
        for i in range(len(self.graph.order)):
            self._operation(ax, frame, i, scale)
        for i in range(len(self.graph.order)):
            self._box(ax, frame, i, scale)
        self._words(figure, frame)
        return figure

    def _box(self, ax: Any, frame: Frame, i: int, scale: float) -> None:
        from matplotlib.patches import FancyBboxPatch

        node = self.graph.order[i]
        (x, y), (width, height) = self.layout.places[f"n{i}"], self.layout.boxes[i]
        lit = i == frame.here
        ground = "paper" if node.constant else "card" if node.operands else "value_bg"

        def panel(wider: float, **look: Any) -> None:
            corner = x - width / 2 - wider, y - height / 2 - wider
            rounded = "round,pad=0,rounding_size=6"
            ax.add_patch(FancyBboxPatch(corner, width + 2 * wider, height + 2 * wider, boxstyle=rounded, **look))

        if lit:
            panel(HALO, facecolor=LIGHT["glow"], linewidth=0, zorder=1)
        edge = LIGHT["ink" if lit else "line"]
        panel(0, facecolor=LIGHT[ground], edgecolor=edge, linewidth=(2 if lit else 1) * scale, zorder=2)
        named = not (node.constant and not node.label)
        lines = [(self.graph.names[node], "ink", "bold")] if named else []
        lines.append((frame.values.get(i, ""), "value", "normal"))
        lines += [] if node.constant else [(f"∂ {frame.gradients[i]}" if i in frame.gradients else "", "gradient", "normal")]
        for k, (word, colour, weight) in enumerate(lines):
            level = y + height / 2 - 4 - LINE * SIZE * (k + 0.5)
            self._text(ax, x, level, word, SIZE * scale, colour, fontweight=weight)

    def _operation(self, ax: Any, frame: Frame, i: int, scale: float) -> None:
        """The circle of a node's operation, and its arrows; those of the step are lit."""
        from matplotlib.patches import Circle

        node, edges = self.graph.order[i], self.layout.edges
        if node.op is None:
            return
        forward = frame.step.kind == "forward" and frame.here == i
        for k in range(len(node.operands)):
            back = frame.via == i and frame.step.position == k
            slope = frame.slopes.get((i, k))
            edge = edges[f"n{i}e{k}"]
            arrow(ax, edge, scale, "value" if forward else "gradient" if back else "line", back, slope is not None and slope < 0)
            if slope is not None and edge.words:
                weight = "bold" if back else "normal"
                self._text(ax, *edge.words, slope_words(slope, frame.digits), SMALL * scale, "ink", fontweight=weight)
        back = frame.via == i
        arrow(ax, edges[f"n{i}"], scale, "value" if forward else "gradient" if back else "line", back)
        middle, radius = self.layout.places[f"n{i}op"], self.layout.radii[i]
        ax.add_patch(Circle(middle, radius, facecolor=LIGHT["card"], edgecolor=LIGHT["line"], linewidth=scale, zorder=2))
        self._text(ax, *middle, symbol(node), SIGN * scale, "ink")

    def _words(self, figure: Any, frame: Frame) -> None:
        """The title and the number above the graph; the formula and the sentence below it."""
        colour = "value" if frame.step.kind == "forward" else "gradient"
        top = 1 - 0.42 / HIGH
        self._text(figure, 0.03, top, self.title, 18, "ink", ha="left")
        self._text(figure, 0.97, top, f"{frame.number} of {frame.count}", 18, "soft", ha="right")
        text, is_set = formula(frame.step)
        letters = len(re.sub(r"\\[a-zA-Z]+|[{}$^_ ]", "", text))
        look: Any = {"fontsize": 26 * min(1, LETTERS / letters), "va": "center"}
        middle = 0.47, 1.55 / HIGH  # a little to the left, since the answer stands to the right of it
        written = figure.text(*middle, text, color=LIGHT["ink"], ha="center", parse_math=is_set, **look)
        answer = f"${latex_number(show(frame.step.result, frame.digits))}$" if frame.answered else "?"
        panel = {"boxstyle": "round,pad=0.3", "facecolor": LIGHT[f"{colour}_bg"], "edgecolor": LIGHT[colour]}
        figure.axes[0].annotate(answer, (1, 0.5), xycoords=written, xytext=(14, 0), textcoords="offset points", ha="left",
                                color=LIGHT[colour], bbox=panel, annotation_clip=False, **look)  # fmt: skip
        self._text(figure, 0.5, 0.5 / HIGH, frame.sentence, min(17, 17 * 110 / len(frame.sentence)), "ink")

    @staticmethod
    def _text(where: Any, x: float, y: float, word: str, size: float, colour: str, **look: Any) -> None:
        """Words as they are: a dollar sign in a label begins no formula."""
        look = {"ha": "center", "va": "center", "parse_math": False, **look}
        if hasattr(where, "add_patch"):  # axes, on which words stand above the arrows
            look |= {"zorder": 4}
        where.text(x, y, word, fontsize=size, color=LIGHT[colour], **look)


def arrow(ax: Any, edge: Edge, scale: float, colour: str, back: bool = False, negative: bool = False) -> None:
    """An arrow along its curve; going back, its head is at its tail. Dashed where the local derivative is negative."""
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path as Curve

    lit = colour != "line"
    *curve, end = edge.curve
    codes = [Curve.MOVETO] + [Curve.CURVE4] * (len(curve) - 1) + [Curve.LINETO]
    look: Any = {"edgecolor": LIGHT[colour], "linewidth": (2.6 if lit else 1.1) * scale, "facecolor": "none"}
    ax.add_patch(PathPatch(Curve([*curve, end], codes), linestyle=(0, (4, 2)) if negative else "-", zorder=1.5, **look))
    tip, behind = (curve[0], curve[1]) if back else (end, curve[-1])
    dx, dy = tip[0] - behind[0], tip[1] - behind[1]
    length = hypot(dx, dy) or 1.0
    dx, dy = dx / length, dy / length
    size = 9.0 if lit else 7.0
    base = tip[0] - size * dx, tip[1] - size * dy
    wing = 0.4 * size
    corners = [tip, (base[0] - wing * dy, base[1] + wing * dx), (base[0] + wing * dy, base[1] - wing * dx)]
    ax.add_patch(Polygon(corners, facecolor=LIGHT[colour], linewidth=0, zorder=1.6))


@contextmanager
def typeset() -> Iterator[None]:
    """Fonts embedded, text as text, and no word about letters that a font lacks: the reader's may have them."""
    import matplotlib

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield
