"""Large graphs, kept readable: a neuron becomes one box, neurons that read the same inputs become a layer.

Only the engine's structural recognition is used: it does not matter how the network was written. Beside a folded layer,
many inputs become one strip, and where the cost itself has many operations, these are one box, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..engine import Value
from ..engine.graph import Graph
from ..engine.instruments.neurons import Neuron, neurons

FOLDS = ("none", "neurons", "layers", "auto")
READABLE = 60  # boxes and circles that still fit on one screen
STRIP = 12  # more inputs than this, all read by the same neurons, are one strip


@dataclass(frozen=True)
class Fold:
    """Nodes drawn as one box: `inside` are hidden in it, `outputs` leave it, `inputs` enter it.

    `name` is what it is called, the user's own word if there is one; `formula` says what it does. `neurons` are those in it:
    one for a neuron, several for a layer, none for a strip of inputs or a folded cost.
    """

    id: str
    name: str
    formula: str
    inside: tuple[Value, ...]
    outputs: tuple[Value, ...]
    inputs: tuple[Value, ...] = ()
    neurons: tuple[Neuron, ...] = ()


def choose(graph: Graph, fold: str) -> tuple[list[Fold], str]:
    """The folds of a graph, and a note that says so where `auto` folded."""
    if fold not in FOLDS:
        raise ValueError(f"fold = {fold!r} must be one of {', '.join(FOLDS)}.")
    size = len(graph.order) + sum(node.op is not None for node in graph.order)
    if fold == "none" or (fold == "auto" and size <= READABLE):
        return [], ""
    found = neurons(graph)
    if not found:
        return [], ""
    automatic = fold == "auto"
    if automatic:
        fold = "neurons" if size - sum(2 * len(n.inside) for n in found) <= READABLE and len(found) <= 12 else "layers"
    note = f"{size} nodes and operations: folded into {fold}; draw(..., fold='none') shows them all" if automatic else ""
    called = _names(graph, found)
    groups = [[neuron] for neuron in found] if fold == "neurons" else _layers(found)
    folds = []
    for number, members in enumerate(groups, 1):
        folds.append(_neuron(number, members[0], called) if len(members) == 1 else _layer(number, members))
    folds += _strips(graph, folds)
    if automatic and fold == "layers":
        folds += _cost(graph, folds)
    return folds, note


def _names(graph: Graph, found: list[Neuron]) -> dict[Neuron, str]:
    """What each neuron is called: by its output's label, or n1, n2, ... where that is no one's label."""
    taken = {graph.names[node] for node in graph.order if node.label}
    called, number = {}, 0
    for neuron in found:
        name = graph.names[neuron.output] if neuron.output.label else ""
        while not name:
            number += 1
            name = f"n{number}" if f"n{number}" not in taken else ""
        called[neuron] = name
    return called


def formula_of(neuron: Neuron) -> str:
    """What a neuron computes: σ(Σ w·x + b)."""
    total = ("Σ w·x" if len(neuron.products) > 1 else "w·x") + (" + b" if neuron.rest else "")
    return f"{sign_of(neuron)}({neuron.sum.label or total})" if neuron.activation else total


def sign_of(neuron: Neuron) -> str:
    """The sign of its activation: σ, tanh; Σ for a linear one."""
    row = neuron.output.op
    return row.notation.text.partition("(")[0] if neuron.activation and row is not None else "Σ"


def _own(members: Iterable[Neuron]) -> list[Value]:
    """What belongs to neurons alone: their weights and biases, and the nodes inside, the last output last."""
    leaves = [p for n in members for p in (*n.weights, *n.rest) if not p.operands]
    return [*dict.fromkeys(leaves), *dict.fromkeys(node for n in members for node in n.inside)]


def _neuron(number: int, neuron: Neuron, called: dict[Neuron, str]) -> Fold:
    inputs = tuple(dict.fromkeys(neuron.inputs))
    return Fold(f"neuron{number}", called[neuron], formula_of(neuron), tuple(_own([neuron])), (neuron.output,), inputs, (neuron,))


def _layers(found: list[Neuron]) -> list[list[Neuron]]:
    """Neurons with the same inputs and the same activation, together."""
    groups: dict[tuple[tuple[Value, ...], str], list[Neuron]] = {}
    for neuron in found:
        groups.setdefault((tuple(neuron.inputs), neuron.activation), []).append(neuron)
    return list(groups.values())


def _layer(number: int, members: list[Neuron]) -> Fold:
    many = f"{len(members)} × {sign_of(members[0])}"
    inputs = tuple(dict.fromkeys(members[0].inputs))
    outputs = tuple(n.output for n in members)
    return Fold(f"layer{number}", f"layer {number}", many, tuple(_own(members)), outputs, inputs, tuple(members))


def _strips(graph: Graph, folds: list[Fold]) -> list[Fold]:
    """Many inputs that only folded neurons read, as one box for each set that is read together."""
    hidden = {node for fold in folds for node in fold.inside}
    elsewhere = {operand for node in graph.order if node not in hidden for operand in node.operands}
    strips: list[Fold] = []
    for fold in folds:
        leaves = tuple(x for x in fold.inputs if not x.operands and x not in hidden and x not in elsewhere)
        if len(leaves) > STRIP:
            hidden.update(leaves)
            first, last = (graph.names[leaf] for leaf in (leaves[0], leaves[-1]))
            name = "inputs" if leaves[0].constant and not leaves[0].label else f"{first} … {last}"
            strips.append(Fold(f"inputs{len(strips) + 1}", name, f"{len(leaves)} numbers", leaves, leaves))
    return strips


def _cost(graph: Graph, folds: list[Fold]) -> list[Fold]:
    """What is computed from the layers and goes into none of them, as one box, if it would not fit on the screen."""
    hidden = {node for fold in folds for node in fold.inside}
    before = {x for fold in folds for x in fold.inputs}  # and everything that is needed for these
    for node in reversed(graph.order):
        if node in before:
            before.update(node.operands)
    inside = {node for node in graph.order if node.op is not None and node not in hidden and node not in before}
    operations = len(inside)
    if graph.output not in inside or 2 * operations + len(folds) <= READABLE:
        return []
    kept = {x for node in graph.order if node not in inside for x in node.operands} | hidden
    inside |= {x for node in inside for x in node.operands if not x.operands and x not in kept}
    nodes = tuple(node for node in graph.order if node in inside)
    inputs = tuple(dict.fromkeys(x for node in nodes for x in node.operands if x not in inside))
    return [Fold("cost", graph.title, f"{operations} operations", nodes, (graph.output,), inputs)]
