"""page(output, path): one HTML file that steps through the chain rule forward and backward, with the reader's own numbers.

The file makes no request: the graph is drawn here, and everything that changes with the inputs is computed in the browser
by functions that the engine's table has written (javascript.py). The files in assets/ are its skeleton.
"""

from __future__ import annotations

import html
import json
import os
import re
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

import graphviz

from ...engine import Value
from ...engine.errors import check_fresh
from ...engine.files import write_whole
from ...engine.graph import Graph, exceeds
from ...engine.primitive import REAL, Domain, Primitive
from ...engine.say.headline import expression
from ...engine.say.notation import Term, write
from ..drawing import html_word
from ..picture import symbol
from ..render import render
from .javascript import LIBRARY, functions

LARGEST = 600  # nodes of a page; more could not be read, and Graphviz can take minutes to lay them out
OPEN, CLOSE = "\ue000", "\ue001"  # around the place of an operand in a formula; characters that no label uses


def page(output: Value, path: str | os.PathLike[str] = "chain-rule.html") -> Path:
    """Write the page of a graph to a file, whole or not at all, and return its path."""
    path = Path(path)
    write_whole(path, html_of(output).encode())
    return path


def html_of(output: Value) -> str:
    """The page as text."""
    if exceeds(output, LARGEST):
        raise ValueError(f"The page shows every node, and this graph has more than {LARGEST}; draw(output) folds large ones.")
    graph = Graph(output)
    check_fresh(graph)
    order, called = graph.order, graph.names
    rows: dict[tuple[Primitive, int], int] = {}  # each operation once, by what it is and how many operands it has here
    scripts: list[str] = []
    for node in order:
        if node.op is not None and (node.op, len(node.operands)) not in rows:
            rows[node.op, len(node.operands)] = len(rows)
            scripts.append(row_script(node.op, len(node.operands)))
    place = {node: i for i, node in enumerate(order)}
    ids = {node: f"n{i}" for node, i in place.items()}
    whole = expression(graph)
    nodes: list[dict[str, Any]] = [
        {
            "id": ids[node],
            "name": called[node],
            "label": bool(node.label),
            "value": node.data,
            "constant": node.constant,
            "input": node.op is None and not node.constant,
            "row": None if node.op is None else rows[node.op, len(node.operands)],
            "operands": [place[operand] for operand in node.operands],
        }
        for node in order
    ]
    nodes[-1]["expression"] = f"{called[output]} = {whole}" if whole != called[output] else whole
    parts = {
        "title": html.escape(f"The chain rule of {called[output]}"),
        "style": asset("page.css"),
        "svg": drawn(order, called, ids),
        "library": LIBRARY,
        "rows": "[\n" + ",\n".join(scripts) + "\n]",
        "nodes": embedded(nodes),
        "script": asset("page.js"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], asset("page.html"))


def asset(name: str) -> str:
    """A file of the skeleton."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8").strip()


def embedded(data: Any) -> str:
    """Data as JavaScript that is safe inside a script element: nothing in it can end the element."""
    return json.dumps(data).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def row_script(row: Primitive, count: int) -> str:
    """One operation as a JavaScript object: its functions, its formulas with places for the operands, where it exists."""
    written = functions(row, count)
    # each place binds like a sign, so that it has parentheses wherever a negative number needs them
    places = [Term(f"{OPEN}{i}{CLOSE}", "", 1.5) for i in range(count)]
    result = Term(f"{OPEN}r{CLOSE}", "", 1.5)
    slopes = [Term.of(row.derivative(result, places, i, shown=True)) for i in range(count)]
    computed = [Term.of(row.derivative(result, places, i)) for i in range(count)]
    data = {
        "formula": write(row, places).text,
        "computed": [slope.text for slope in computed],
        "slopeFormulas": [{"text": slope.text, "level": slope.level} for slope in slopes],
        "fault": row.fault,
        "domain": [domain_data(domain) for domain in (row.domain if row.arity else [REAL] * count)],
        "smooth": [domain_data(domain) for domain in (row.smooth if row.arity else [REAL] * count)],
    }
    listed = {form: ", ".join(written[form]) for form in ("slopes", "textbook")}
    return (f"{{...{embedded(data)}, forward: {written['forward']}, slopes: [{listed['slopes']}], "
            f"textbook: [{listed['textbook']}]}}")  # fmt: skip


def domain_data(domain: Domain) -> dict[str, Any] | None:
    """Where an operand may lie; null for everywhere."""
    if domain is REAL:
        return None
    low, high = [bound if isfinite(bound) else None for bound in (domain.low, domain.high)]
    return {"low": low, "high": high, "closed": domain.closed, "hole": domain.hole, "words": domain.words}


def drawn(order: list[Value], called: dict[Value, str], ids: dict[Value, str]) -> str:
    """The graph as SVG, laid out by Graphviz; each part has an id by which the script finds it."""
    graph = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "nodesep": "0.25", "ranksep": "0.4", "bgcolor": "transparent"},
        node_attr={"fontname": "Helvetica", "fontsize": "12"},
        edge_attr={"fontname": "Helvetica", "fontsize": "10", "arrowsize": "0.6"},
    )
    for node in order:
        name = ids[node]
        small = node.constant and not node.label
        lines = ["0.000000"] if small else [html_word(called[node]), "-0.000000"] + ([] if node.constant else ["∂ -0.000000"])
        cells = "".join(f"<TR><TD>{line}</TD></TR>" for line in lines)
        table = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>>'
        graph.node(name, table, id=name, shape="box", style="filled,rounded")
        if node.op is None:
            continue
        graph.node(f"{name}op", graphviz.escape(symbol(node)), id=f"{name}op", shape="circle", margin="0.02", width="0.35")
        graph.edge(f"{name}op", name)
        for position, operand in enumerate(node.operands):
            words = "" if operand.constant else "-0.0000"
            graph.edge(ids[operand], f"{name}op", words, id=f"{name}e{position}")
    svg = render(str(graph.source), "svg").decode()
    return svg[svg.index("<svg") :]
