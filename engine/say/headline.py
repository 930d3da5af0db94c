"""The whole of a computation in one line: f = x²·y/z   at   x = 3, y = 4, z = 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graph import Graph
from .notation import DIGITS, Term, show, terms, write
from .rounding import leaf_digits

if TYPE_CHECKING:
    from ..value import Value
    from .layout import Page

MOST_INPUTS = 8  # named in the headline
LONGEST_EXPRESSION = 60  # characters of a formula that is still read at a glance


def headline(graph: Graph, page: Page) -> list[str]:
    """f = x²·y/z   at   x = 3, y = 4, z = 2: the whole expression, as long as it is short enough to be read."""
    called, inputs = graph.names, graph.inputs
    enough = leaf_digits(graph, page.digits)
    at = ", ".join(f"{called[leaf]} = {show(leaf.data, enough.get(leaf, page.digits))}" for leaf in inputs[:MOST_INPUTS])
    at += f", ... ({len(inputs)} inputs)" if len(inputs) > MOST_INPUTS else ""
    formula = expression(graph)
    left = f"{graph.title} = {formula}" if formula != graph.title else formula
    return page.prose(f"{left} ", f" at   {at}") if at else page.prose(left)


def expression(output: Value | Graph) -> str:
    """The output written in terms of the leaves; only its name, where that would be too long to read."""
    return expression_term(Graph.of(output)).text


def expression_term(graph: Graph) -> Term:
    """The same, to be set in LaTeX too."""
    written: dict[Value, Term] = {}
    enough = leaf_digits(graph, DIGITS)
    for node in graph.order:
        if node.op is None:
            written[node] = terms([node], graph.names, enough.get(node, DIGITS))[0]
        else:
            written[node] = write(node.op, [written[operand] for operand in node.operands])
        if len(written[node].text) > LONGEST_EXPRESSION:
            return Term.name(graph.title)
    return written[graph.output]
