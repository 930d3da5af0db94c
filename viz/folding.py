"""Large graphs, kept readable: a neuron becomes one box, and neurons that read the same inputs become a layer.

Only the engine's structural recognition is used: it does not matter how the network was written.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..engine import Value
from ..engine.graph import Graph
from ..engine.instruments.neurons import Neuron, neurons

FOLDS = ("none", "neurons", "layers", "auto")
READABLE = 60  # boxes and circles that still fit on one screen


@dataclass(frozen=True)
class Fold:
    """Nodes drawn as one box: `inside` are hidden in it, `outputs` leave it, `inputs` enter it with their weights."""

    id: str
    title: str
    inside: tuple[Value, ...]
    outputs: tuple[Value, ...]
    inputs: tuple[tuple[Value, str], ...]


def choose(graph: Graph, fold: str) -> tuple[list[Fold], str]:
    """The folds of a graph, and a note that says so where `auto` folded."""
    if fold not in FOLDS:
        raise ValueError(f"fold = {fold!r} must be one of {', '.join(FOLDS)}.")
    size = len(graph.order) + sum(node.op is not None for node in graph.order)
    if fold == "none" or (fold == "auto" and size <= READABLE):
        return [], ""
    found = neurons(graph)
    if fold == "auto":
        fold = "neurons" if size - sum(2 * len(n.inside) for n in found) <= READABLE and len(found) <= 12 else "layers"
        note = f"{size} nodes and operations: folded into {fold}; draw(..., fold='none') shows them all"
    else:
        note = ""
    singles = [_neuron(number, neuron) for number, neuron in enumerate(found, 1)]
    if fold == "neurons" or not singles:
        return singles, note if singles else ""
    return _layers(found), note


def _neuron(number: int, neuron: Neuron) -> Fold:
    words = tuple(f"w = {weight.data:.4g}" for weight in neuron.weights)
    own = [p for p in (*neuron.weights, *neuron.rest) if not p.operands]
    name = neuron.activation or "sum"
    return Fold(f"neuron{number}", f"neuron: {name}", (*own, *neuron.inside), (neuron.output,), tuple(zip(neuron.inputs, words)))


def _layers(found: list[Neuron]) -> list[Fold]:
    """Neurons with the same inputs and the same activation, as one box each."""
    groups: dict[tuple[tuple[Value, ...], str], list[Neuron]] = {}
    for neuron in found:
        groups.setdefault((tuple(neuron.inputs), neuron.activation), []).append(neuron)
    folds = []
    for number, ((inputs, activation), members) in enumerate(groups.items(), 1):
        inside = dict.fromkeys(p for n in members for p in (*n.weights, *n.rest) if not p.operands)
        inside |= dict.fromkeys(node for n in members for node in n.inside)
        many = f"{len(members)} × {activation or 'sum'}"
        folds.append(
            Fold(f"layer{number}", f"layer {number}: {many}", tuple(inside), tuple(n.output for n in members),
                 tuple((x, "") for x in inputs))
        )  # fmt: skip
    return folds
