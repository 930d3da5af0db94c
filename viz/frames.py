"""draw_steps(output, path): one frame for each step of the computation, as pages of a PDF or as SVGs in a folder."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..engine import Value, steps
from ..engine.files import write_whole
from ..engine.graph import Graph
from ..engine.say.explain import Step
from ..engine.say.notation import show
from .drawing import dot
from .picture import Arrow, Box, Picture, picture
from .render import render


def draw_steps(output: Value, path: str | os.PathLike[str]) -> list[Path]:
    """Draw each step and return the files: a .pdf has a page for each, a folder gets 00.svg, 01.svg, ...

    A frame shows what is known by then: values appear going forward, gradients going backward; what the step is about is
    highlighted, and its equation is written below.
    """
    path = Path(path)
    frames = [frame for _, frame in step_pictures(output)]
    if path.suffix.lower() == ".pdf":
        write_whole(path, pages([render(dot(frame), "png") for frame in frames]))
        return [path]
    if path.suffix:
        raise ValueError(f"{path.name}: the frames of the steps go into a .pdf, or into a folder of SVGs.")
    drawn = [render(dot(frame), "svg") for frame in frames]  # all of them, before anything is written
    path.mkdir(exist_ok=True)
    written = [path / f"{number:02d}.svg" for number in range(len(drawn))]
    for file, svg in zip(written, drawn):
        write_whole(file, svg)
    return written


def step_pictures(output: Value) -> list[tuple[Step, Picture]]:
    """Each step with its picture."""
    graph = Graph(output)
    order = graph.order
    ids = {node: f"n{i}" for i, node in enumerate(order)}
    whole = picture(graph, fold="none", gradients=False, slopes=False)
    values = {ids[node] for node in order if node.op is None}
    gradients: dict[str, str] = {}
    frames = []
    for step in steps(graph):
        here = ids[step.node]
        if step.kind == "forward":
            values.add(here)
        else:
            gradients[here] = show(step.total if step.kind in ("backward", "sum") else step.result, 4)
        lit = {here} | ({ids[step.via]} if step.via else set())
        edges = {(here, f"{ids[step.via]}op")} if step.via else set()
        words = f"{step.quantity} = {step.formula} = {step.numbers} = {show(step.result)}"
        words = words if step.kind != "seed" else f"{step.quantity} = 1"
        boxes = [_box(box, values, gradients, lit) for box in whole.boxes]
        arrows = [_arrow(arrow, edges) for arrow in whole.arrows]
        frames.append((step, Picture(boxes, whole.circles, arrows, words)))
    return frames


def _box(box: Box, values: set[str], gradients: dict[str, str], lit: set[str]) -> Box:
    lines = box.lines if box.id in values else (box.lines[0], "…")
    gradient = f"∂ {gradients[box.id]}" if box.id in gradients else "∂ …"
    return replace(box, lines=lines, gradient="" if box.kind == "constant" else gradient, lit=box.id in lit)


def _arrow(arrow: Arrow, edges: set[tuple[str, str]]) -> Arrow:
    return replace(arrow, lit=(arrow.tail, arrow.head) in edges)


def pages(pictures: list[bytes]) -> bytes:
    """PNG pictures as the pages of one PDF, each page as large as its picture."""
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    kept = io.BytesIO()
    with PdfPages(kept) as pdf:
        for png in pictures:
            image: Any = imread(io.BytesIO(png))
            height, width = image.shape[:2]
            figure = Figure(figsize=(width / 100, height / 100), dpi=200)
            axes = figure.add_axes((0, 0, 1, 1))
            axes.imshow(image, aspect="auto")
            axes.set_axis_off()
            pdf.savefig(figure)
    return kept.getvalue()
