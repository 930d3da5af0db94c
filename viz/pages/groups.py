"""What of a graph belongs together, so that a page can fold it: neurons, layers, and the moments of a loop over time.

Only structure is read, as in viz.draw. A neuron is a weighted sum with its activation (engine/instruments/neurons.py). Neurons
with the same inputs are a layer. Neurons that share a weight are one neuron at different moments: together with what is
computed between them they are one cell, with a group for each moment: if the later ones depend on the earlier ones, and so
are a loop. (The positions of a convolution share weights, too, but none depends on another.)

A group is folded into one operation, so no path may leave it and come back: a group of which that is not true is given up,
and what is in it belongs to the group around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...engine import Value
from ...engine.graph import Graph
from ...engine.instruments.neurons import Neuron, neurons


@dataclass(eq=False)
class Group:
    """Nodes that can be folded into one item; `parent` is the group around it. `nodes` are its own, not those of inner groups."""

    kind: str  # "neuron", "layer", "moment" or "cell"
    name: str
    sign: str
    formula: str = ""
    nodes: list[Value] = field(default_factory=list)
    parent: Group | None = None


MANY_INPUTS = 8  # that are folded into one strip
SIGNS = {"sigmoid": "σ"}
WEIGHTED_SUM = "<mo>∑</mo><mi>w</mi><mo>·</mo><mi>x</mi><mo>+</mo><mi>b</mi>"


def groups_of(graph: Graph) -> list[Group]:
    """The groups of a graph, each after the groups around it, in forward order."""
    place = {node: i for i, node in enumerate(graph.order)}
    readers: dict[Value, set[Value]] = {node: set() for node in graph.order}
    for node in graph.order:
        for operand in node.operands:
            readers[operand].add(node)
    found = neurons(graph)
    cells = [_neuron_group(graph.names[neuron.output], neuron, readers) for neuron in found]
    layers = [*_layers(found, cells), *_inputs(graph, readers, found)]
    every = [*_cells(found, cells, graph, readers), *layers, *cells]
    for group in [g for g in every if g.kind in ("cell", "moment") and not _is_closed(_inside(g, every), graph, place)]:
        for inner in every:
            inner.parent = group.parent if inner.parent is group else inner.parent
        every.remove(group)
    return every


def _neuron_group(name: str, neuron: Neuron, readers: dict[Value, set[Value]]) -> Group:
    """One neuron, called as its result, with the weights that nobody else reads."""
    inside = {*neuron.inside}
    own = [p for p in (*neuron.weights, *neuron.rest) if not p.operands and readers[p] <= inside]
    activation = SIGNS.get(neuron.activation, neuron.activation)
    formula = WEIGHTED_SUM if not activation else f"<mi>{activation}</mi><mo>(</mo>{WEIGHTED_SUM}<mo>)</mo>"
    return Group("neuron", name, f"Σ{activation}", formula, [*dict.fromkeys((*own, *neuron.inside))])


def _layers(found: list[Neuron], cells: list[Group]) -> list[Group]:
    """Two or more neurons with the same inputs and the same activation."""
    together: dict[tuple[object, ...], list[Group]] = {}
    for neuron, cell in zip(found, cells):
        together.setdefault((*neuron.inputs, neuron.activation), []).append(cell)
    layers = []
    for members in together.values():
        if len(members) > 1:
            layer = Group("layer", f"layer {len(layers) + 1}", members[0].sign, members[0].formula)
            layers.append(layer)
            for cell in members:
                cell.parent = layer
    return layers


def _inputs(graph: Graph, readers: dict[Value, set[Value]], found: list[Neuron]) -> list[Group]:
    """Inputs that the same neurons read, where there are many: the pixels of a picture."""
    owner = {product: number for number, neuron in enumerate(found) for product in neuron.products}
    together: dict[frozenset[int | Value], list[Value]] = {}
    for node in graph.order:
        if node.op is None and not node.constant and len(readers[node]) > 1:
            together.setdefault(frozenset(owner.get(reader, reader) for reader in readers[node]), []).append(node)
    many = [nodes for nodes in together.values() if len(nodes) >= MANY_INPUTS]
    return [Group("layer", "inputs" if len(many) == 1 else f"inputs {i}", "", nodes=nodes) for i, nodes in enumerate(many, 1)]


def _cells(found: list[Neuron], groups: list[Group], graph: Graph, readers: dict[Value, set[Value]]) -> list[Group]:
    """The loops over time: for each a cell, with a moment for each time round. The neurons' groups are put into them."""
    group_of = dict(zip(found, groups))
    cells = []
    for units in _loops(_units(found), graph):
        cell = Group("cell", f"loop {sum(group.kind == 'cell' for group in cells) + 1}", "↻")
        moments = [Group("moment", f"t = {t}", "↻", parent=cell) for t in range(1, len(units[0]) + 1)]
        inside = [{node for unit in units for node in unit[t].inside} for t in range(len(moments))]
        _add_between(inside, graph, readers)
        taken = {node for neuron in found for node in neuron.inside}
        for t, moment in enumerate(moments):
            moment.nodes = [node for node in graph.order if node in inside[t] and node not in taken]
            for unit in units:
                outermost = group_of[unit[t]].parent or group_of[unit[t]]
                outermost.parent = moment
        cells += [cell, *moments]
    return cells


def _units(found: list[Neuron]) -> list[list[Neuron]]:
    """Neurons that share a weight, in forward order: the same neuron, time after time."""
    units: list[list[Neuron]] = []
    owner: dict[Value, list[Neuron]] = {}
    for neuron in found:
        weights = [w for w in (*neuron.weights, *neuron.rest) if w.op is None and not w.constant]
        unit = next((owner[w] for w in weights if w in owner), None)
        if unit is None:
            unit = []
            units.append(unit)
        unit.append(neuron)
        owner.update(dict.fromkeys(weights, unit))
    return units


def _loops(units: list[list[Neuron]], graph: Graph) -> list[list[list[Neuron]]]:
    """Units that depend on one another's past, each time on the time before: in a plain loop all neurons of the layer."""
    bit = {unit[0].output: 1 << i for i, unit in enumerate(units)}
    past: dict[Value, int] = {}  # the units whose first output a node depends on
    for node in graph.order:
        past[node] = bit.get(node, 0)
        for operand in node.operands:
            past[node] |= past[operand]
    loops: dict[tuple[int, int], list[list[Neuron]]] = {}
    for i, unit in enumerate(units):
        if len(unit) < 2:
            continue
        mutual = sum(
            1 << j for j, other in enumerate(units)
            if len(other) == len(unit) and past[unit[-1].output] >> j & 1 and past[other[-1].output] >> i & 1
        )  # fmt: skip
        if mutual >> i & 1 and all(past[later.output] >> i & 1 for later in unit[1:]):
            loops.setdefault((len(unit), mutual), []).append(unit)
    return list(loops.values())


def _add_between(inside: list[set[Value]], graph: Graph, readers: dict[Value, set[Value]]) -> None:
    """What is computed from one moment on the way to the next belongs to the moment: the gates' products of an LSTM."""
    leads: set[Value] = set()
    for t in range(len(inside) - 2, -1, -1):
        leads = set(inside[t + 1])
        for node in reversed(graph.order):
            if any(reader in leads for reader in readers[node]):
                leads.add(node)
        come = set(inside[t])
        for node in graph.order:
            if node in leads and node not in inside[t + 1] and any(x in come for x in node.operands):
                come.add(node)
        inside[t] |= come - inside[t + 1]
    if len(inside) > 1:
        inside[-1] |= _same_again(inside[-2], inside[-1], graph, readers)


def _same_again(model: set[Value], last: set[Value], graph: Graph, readers: dict[Value, set[Value]]) -> set[Value]:
    """In the last moment, what corresponds to the nodes of the one before it: nothing comes after it that would tell."""
    image: dict[Value, Value] = {}
    for one, other in zip((n for n in graph.order if n in model and n.op), (n for n in graph.order if n in last and n.op)):
        if one.op is other.op:
            image[one] = other
    found: set[Value] = set()
    for node in graph.order:
        if node not in model or node in image or node.op is None:
            continue
        wanted = [image.get(x) for x in node.operands]
        for reader in next((readers[x] for x in wanted if x is not None), set()):
            if reader.op is node.op and all(w is None or w is x for w, x in zip(wanted, reader.operands)):
                image[node] = reader
                found.add(reader)
    return found


def _inside(group: Group, every: list[Group]) -> set[Value]:
    """All nodes of a group, those of the groups in it too."""
    found = set(group.nodes)
    for inner in every:
        around: Group | None = inner
        while around is not None and around is not group:
            around = around.parent
        if around is group:
            found |= {*inner.nodes}
    return found


def _is_closed(inside: set[Value], graph: Graph, place: dict[Value, int]) -> bool:
    """Whether no path leaves these nodes and comes back."""
    after: set[Value] = set()
    first, last = min(place[node] for node in inside), max(place[node] for node in inside)
    for node in graph.order[first : last + 1]:
        comes_after = any(x in after for x in node.operands)
        if node in inside and comes_after:
            return False
        if node not in inside and (comes_after or any(x in inside for x in node.operands)):
            after.add(node)
    return True
