"""page(output, path): one HTML file that steps through the chain rule forward and backward, with the reader's own numbers.

The file makes no request. What is in it comes from here: the nodes, the groups into which they fold, and the operations, each
once, as functions and formulas that the engine's table has written (javascript.py, mathml.py). Everything that is seen is
computed and laid out in the browser, by the modules in script/, so that the numbers can be changed and groups be opened.
"""

from __future__ import annotations

import html
import os
from collections import Counter
from pathlib import Path
from typing import Any

from ...engine import Value
from ...engine.errors import check_fresh
from ...engine.files import write_whole
from ...engine.graph import Graph, exceeds
from ...engine.ops import power
from ...engine.primitive import REAL, Primitive
from ...engine.say.headline import expression_term
from ...engine.say.notation import Term
from ..folding import FOLDS
from ..picture import symbol
from .assemble import assemble, asset, bundle, colour_rules, embedded, words
from .groups import Group, clear_neurons, groups_of
from .javascript import LIBRARY, functions
from .mathml import mathml, row_formulas
from .typed import domain_data, typed_functions

LARGEST = 20_000  # nodes of a page; a file of 8 MB
SEEN_AT_ONCE = 60  # items with which the page opens, if folding can make them so few


def page(output: Value, path: str | os.PathLike[str] = "chain-rule.html", *, fold: str = "auto") -> Path:
    """Write the page of a graph to a file, whole or not at all, and return its path.

    fold    how the page opens, as for `draw`: "none" shows every node, "neurons" and "layers" close these, "auto" closes what
            would not fit on a screen. On the page everything can be opened and closed.
    """
    path = Path(path)
    write_whole(path, html_of(output, fold=fold).encode())
    return path


def html_of(output: Value, *, fold: str = "auto") -> str:
    """The page as text."""
    if fold not in FOLDS:
        raise ValueError(f"fold = {fold!r} must be one of {', '.join(FOLDS)}.")
    if exceeds(output, LARGEST):
        raise ValueError(f"The page takes graphs of up to {LARGEST} nodes, and this one has more. Show a part of it: page(v) for "
                         "a node v inside, such as one example's cost.")  # fmt: skip
    graph = Graph(output)
    check_fresh(graph)
    groups = groups_of(graph)
    opened = open_groups(graph, groups, fold)
    rows: dict[tuple[Primitive, int], int] = {}  # each operation once, by what it is and how many operands it has here
    scripts: list[str] = []
    for node in graph.order:
        if node.op is not None and (node.op, len(node.operands)) not in rows:
            rows[node.op, len(node.operands)] = len(rows)
            scripts.append(row_script(node, len(node.operands)))
    said = words("graph")
    data = {
        "NODES": embedded(node_data(graph, groups, rows)),
        "GROUPS": embedded(group_data(groups, opened)),
        "ROWS": "[\n" + ",\n".join(scripts) + "\n]",
        "FUNCTIONS": typed_functions(),
        "WORDS": embedded(said),
    }
    given = LIBRARY + "\n" + "\n".join(f"export const {name} = {text};" for name, text in data.items())
    called = graph.title
    term = expression_term(graph)
    title = Term(term.text, term.latex, 0) if term.text == called else Term("", f"{Term.name(called).latex} = {term.latex}", 0)
    parts = {
        "title": html.escape(f"{said['title']} {called}"),
        "colours": colour_rules(),
        "style": asset("assets", "graph.css").strip(),
        "headline": f'<math displaystyle="true">{mathml(title).markup}</math>' if title.latex else html.escape(called),
        "script": bundle("graph_main.js", {"data.js": given}),
    }
    return assemble("graph.html", said, parts)


def node_data(graph: Graph, groups: list[Group], rows: dict[tuple[Primitive, int], int]) -> list[dict[str, Any]]:
    """The nodes in forward order; only what is not usual is said."""
    place = {node: i for i, node in enumerate(graph.order)}
    home = {node: i for i, group in enumerate(groups) for node in group.nodes}
    weights = {p for neuron in clear_neurons(graph) for p in (*neuron.weights, *neuron.rest) if p.op is None and not p.constant}
    return [
        {
            "name": graph.names[node],
            "label": bool(node.label),
            "value": node.data,
            "constant": node.constant,
            "row": None if node.op is None else rows[node.op, len(node.operands)],
            "operands": [place[operand] for operand in node.operands],
            "group": home.get(node),
            **({"weight": True} if node in weights else {}),
        }
        for node in graph.order
    ]


def group_data(groups: list[Group], opened: list[Group]) -> list[dict[str, Any]]:
    """The groups as the page knows them; `id` is a group's name in a link."""
    number = {group: i for i, group in enumerate(groups)}
    called = Counter(group.name for group in groups)
    return [
        {
            "id": group.name.replace(" ", "") + ("" if called[group.name] == 1 else f".{i}"),
            "kind": group.kind, "name": group.name, "sign": group.sign, "formula": group.formula, "open": group in opened,
            "parent": None if group.parent is None else number[group.parent],
        }
        for group, i in number.items()
    ]  # fmt: skip


def open_groups(graph: Graph, groups: list[Group], fold: str) -> list[Group]:
    """The groups that are open at first."""
    if fold == "none":
        return groups
    if fold == "neurons":
        return [group for group in groups if group.kind != "neuron"]
    if fold == "layers":
        return []
    opened: list[Group] = []
    single = sum(group.kind == "neuron" for group in groups) == 1  # of several one sees the network first
    for kinds in (("cell",), ("cell", "layer"), ("cell", "layer", *(["neuron"] if single else []))):
        tried = [group for group in groups if group.kind in kinds]
        if seen(graph, groups, tried) > SEEN_AT_ONCE:
            break
        opened = tried
    return opened


def seen(graph: Graph, groups: list[Group], opened: list[Group]) -> int:
    """How many items are seen with these groups open."""
    closed: dict[Group, Group] = {}  # a group to the outermost closed one around it
    for group in groups:  # each comes after the groups around it
        outer = closed.get(group.parent) if group.parent else None
        if outer or group not in opened:
            closed[group] = outer or group
    home = {node: closed.get(group) for group in groups for node in group.nodes}
    return len({home.get(node) or node for node in graph.order})


def row_script(node: Value, count: int) -> str:
    """One operation as a JavaScript object: its functions, its formulas with places for the operands, where it exists."""
    row = node.op
    assert row is not None
    written = functions(row, count)
    data = {
        "sign": ("x" if row.family is power else "") + symbol(node),
        "formulas": row_formulas(row, count),
        "fault": row.fault,
        "domain": [domain_data(domain) for domain in (row.domain if row.arity else [REAL] * count)],
        "smooth": [domain_data(domain) for domain in (row.smooth if row.arity else [REAL] * count)],
    }
    listed = {form: ", ".join(written[form]) for form in ("slopes", "textbook")}
    return (f"{{...{embedded(data)}, forward: {written['forward']}, slopes: [{listed['slopes']}], "
            f"textbook: [{listed['textbook']}]}}")  # fmt: skip
