"""The steps of a computation as slides, before they are drawn: what is known at each, its sentence and its formula."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..engine import steps
from ..engine.derivatives import local_derivative
from ..engine.graph import Graph
from ..engine.say.explain import Step
from ..engine.say.notation import show


@dataclass(frozen=True)
class Frame:
    """One slide: a step, and what is known by then. Nodes are named by their place in the order, edges by (node, operand)."""

    number: int  # counted from 1, forward and backward together
    count: int
    step: Step
    answered: bool  # whether the result of this step is shown, or a box to be filled
    sentence: str
    here: int  # the node whose value or gradient this step computes
    via: int | None  # going back, the node that the gradient comes through
    values: dict[int, str]
    gradients: dict[int, str]
    slopes: dict[tuple[int, int], float]  # the local derivative of every edge that has been passed
    digits: int  # significant digits of every number


def frames(graph: Graph, answers: bool | str = True, digits: int = 4) -> Iterator[Frame]:
    """Every slide in turn."""
    place = {node: i for i, node in enumerate(graph.order)}
    values = {i: show(node.data, digits) for node, i in place.items() if node.op is None}
    gradients: dict[int, str] = {}
    slopes: dict[tuple[int, int], float] = {}
    found = steps(graph, digits=digits)
    for number, step in enumerate(found, 1):
        here = place[step.node]
        via = None if step.via is None else place[step.via]
        if step.via is not None:
            slopes[place[step.via], step.position] = local_derivative(step.via, step.position, graph.names)
        known = values if step.kind == "forward" else gradients
        result = step.total if step.kind == "backward" else step.result
        before = known.get(here)
        for answered in (False, True) if answers == "both" else (bool(answers),):
            known[here] = show(result, digits) if answered else "?"
            if not answered and before is not None:
                known[here] = f"{before} + ?"
            said = sentence(step, graph)
            yield Frame(number, len(found), step, answered, said, here, via, dict(values), dict(gradients), dict(slopes), digits)
        known[here] = show(result, digits)


def sentence(step: Step, graph: Graph) -> str:
    """What the step does, in words; the result is not among them."""
    name = step.name
    if step.kind == "forward":
        operands = list(dict.fromkeys(graph.names[operand] for operand in step.node.operands))
        listed = " and ".join(filter(None, [", ".join(operands[:-1]), operands[-1]])) if len(operands) < 6 else "its operands"
        return f"Forward: {name} is computed from {listed}."
    if step.kind == "seed":
        return f"The way back begins: where {name} changes by some amount, {name} changes by just that amount."
    if step.kind == "sum":
        return f"{step.expected} paths lead from {graph.title} back to {name}: what they bring is added up."
    assert step.via is not None
    path = f", on path {step.arrived} of {step.expected}" if step.expected > 1 else ""
    return (f"Backward from {graph.names[step.via]} to {name}{path}: "
            "the gradient that arrives, times the local derivative on the arrow.")  # fmt: skip


def formula(step: Step) -> tuple[str, bool]:
    """The step as a formula without its result, and whether it is in mathtext; plain where a name is more than that can set."""
    from matplotlib.mathtext import MathTextParser

    given = {"seed": [], "sum": [2]}.get(step.kind, [1, 2])  # which of formula and numbers say something
    text = " = ".join(dict.fromkeys([step.latex[0], *(step.latex[i] for i in given)])).replace(r"\frac", r"\dfrac")
    try:
        MathTextParser("path").parse(f"${text} =$")
    except ValueError:
        words = [step.quantity, step.formula, step.numbers]
        return " = ".join(dict.fromkeys([words[0], *(words[i] for i in given)])) + " =", False
    return f"${text} =$", True
