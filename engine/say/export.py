"""A computation as plain data, in a stable form that other programs can read (`python -m engine ... --json`).

    format      "chainrule/1"; the number changes if the meaning of a field does
    expression  the output in terms of its inputs, as text; just its name where that would be too long
    output      the name of the output
    nodes       in forward order, each with
                    name, value, gradient (null for a constant), constant (true or false),
                    op (null for a leaf), parameter (the exponent of a power, ...; null if there is none), operands (names)
    steps       in the order of `engine.steps`, each with
                    kind ("forward", "seed", "backward", "sum"), node, quantity, formula, numbers, result,
                    via and position (the edge of a backward step; null else), total (what has arrived so far),
                    arrived and expected (how many products that is, and will be)
    gradient    the derivative of the output with respect to each input, by name

Numbers are complete floats: nothing is rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..derivatives import grad
from ..graph import Graph
from .explain import steps
from .headline import expression

if TYPE_CHECKING:
    from typing import Any

    from ..value import Value


def to_data(output: Value | Graph) -> dict[str, Any]:
    """The computation and its gradient as dictionaries, lists, strings and numbers; the module says what they mean."""
    graph = Graph.of(output)
    called, order = graph.names, graph.order
    gradients = dict(zip(order, grad(graph.output, order)))
    return {
        "format": "chainrule/1",
        "expression": expression(graph),
        "output": graph.title,
        "nodes": [
            {
                "name": called[node],
                "value": node.data,
                "gradient": None if node.constant else gradients[node],
                "constant": node.constant,
                "op": node.op.name if node.op else None,
                "parameter": node.op.static if node.op else None,
                "operands": [called[operand] for operand in node.operands],
            }
            for node in order
        ],
        "steps": [
            {
                "kind": step.kind,
                "node": step.name,
                "quantity": step.quantity,
                "formula": step.formula,
                "numbers": step.numbers,
                "result": step.result,
                "via": called[step.via] if step.via else None,
                "position": step.position if step.via else None,
                "total": step.total,
                "arrived": step.arrived,
                "expected": step.expected,
            }
            for step in steps(graph)
        ],
        "gradient": {called[leaf]: gradients[leaf] for leaf in graph.inputs},
    }
