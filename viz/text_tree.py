"""tree(output): the graph for a terminal, from the output down to its inputs, with values and gradients."""

from __future__ import annotations

from rich.markup import escape
from rich.tree import Tree

from ..engine import Value
from ..engine.errors import check_fresh
from ..engine.graph import Graph, exceeds
from ..engine.say.notation import show, terms, write

LARGEST = 2000  # nodes; a longer tree helps nobody


def tree(output: Value, *, digits: int = 6) -> Tree:
    """A rich Tree; print it with rich.print. A node that is used several times is drawn once, and from then on only named."""
    if exceeds(output, LARGEST):
        raise ValueError(f"The graph has more than {LARGEST} nodes; draw(output) folds it into neurons and layers.")
    graph = Graph(output)
    check_fresh(graph)
    called = graph.names

    def words(node: Value) -> str:
        name = called[node]
        formula = "" if node.op is None else f" = {write(node.op, terms(node.operands, called)).text}"
        gradient = "" if node.constant else f"   ∂ {show(node.grad, digits)}" if node.has_grad else "   ∂ not computed"
        number = "" if node.constant and not node.label else f" = {show(node.data, digits)}"
        return escape(f"{name}{formula}{number}{gradient}")

    root = Tree(words(output))
    drawn = {output}
    stack = [(root, operand) for operand in output.operands[::-1]]
    while stack:
        branch, node = stack.pop()
        if node in drawn and node.operands:
            branch.add(escape(f"{called[node]} (above)"))
            continue
        drawn.add(node)
        twig = branch.add(words(node))
        stack.extend((twig, operand) for operand in node.operands[::-1])
    return root
