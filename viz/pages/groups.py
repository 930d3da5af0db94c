"""What of a graph belongs together, so that a page can fold it: neurons, layers, and the moments of a loop over time.

Only structure is read, as in viz.draw. A neuron is a weighted sum with its activation (engine/instruments/neurons.py). Neurons
with the same inputs are a layer. Neurons that share a weight are one neuron at different moments: together with what is
computed between them they are one cell, with a group for each moment: if the later ones depend on the earlier ones, and so
are a loop. (The positions of a convolution share weights, too, but none depends on another.)

A group is folded into one operation, so no path may leave it and come back: a loop of which that is not true is not folded.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ...engine import Value
from ...engine.graph import Graph
from ...engine.instruments.neurons import Neuron, neurons


@dataclass(eq=False)
class Group:
    """Nodes that can be folded into one item; `parent` is the group around it. `nodes` are its own, not those of inner groups."""

    kind: str  # "neuron"; "layer"; "moment" of a loop or the whole of it, "cell"; "strip" of inputs or weights
    name: str
    sign: str
    formula: str = ""
    nodes: list[Value] = field(default_factory=list)
    parent: Group | None = None


MANY_TERMS = 4  # of a sum that is a neuron even without an activation
MANY_INPUTS = 8  # that are folded into one strip
SIGNS = {"sigmoid": "σ"}
WEIGHTED_SUM = "<mo>∑</mo><mi>w</mi><mo>·</mo><mi>x</mi><mo>+</mo><mi>b</mi>"


def groups_of(graph: Graph) -> list[Group]:
    """The groups of a graph, each after the groups around it, in forward order."""
    readers: dict[Value, set[Value]] = {node: set() for node in graph.order}
    for node in graph.order:
        for operand in node.operands:
            readers[operand].add(node)
    found = clear_neurons(graph)
    cells = [_neuron_group(graph.names[neuron.output], neuron, readers) for neuron in found]
    layers = [*_layers(found, cells), *_inputs(graph, readers, found)]
    return [*_cells(found, cells, graph, readers), *layers, *cells]


def clear_neurons(graph: Graph) -> list[Neuron]:
    """The neurons of a graph, where it is clear that they are some: a*b + c*d alone, as one types it, is only a sum.

    It is clear where one of them has an activation, where several have the same inputs, or one has many terms.
    """
    found = neurons(graph)
    same = Counter(frozenset(neuron.inputs) for neuron in found)
    clear = any(n.activation or same[frozenset(n.inputs)] > 1 or len(n.products) >= MANY_TERMS for n in found)
    return found if clear else []


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
        together.setdefault((frozenset(neuron.inputs), neuron.activation), []).append(cell)
    layers: list[Group] = []
    numbers: dict[object, int] = {}  # a network that is called for several examples has its layers once for each
    calls: Counter[int] = Counter()
    weights_of = {cell: frozenset(neuron.weights) for neuron, cell in zip(found, cells)}
    for members in together.values():
        if len(members) > 1:
            number = numbers.setdefault(weights_of[members[0]], len(numbers) + 1)
            times = calls[number] = calls[number] + 1
            name = f"layer {number}" if times == 1 else f"layer {number} ({times})"
            layer = Group("layer", name, members[0].sign, members[0].formula)
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
    return [Group("strip", "inputs" if len(many) == 1 else f"inputs {i}", "", nodes=nodes) for i, nodes in enumerate(many, 1)]


def _cells(found: list[Neuron], groups: list[Group], graph: Graph, readers: dict[Value, set[Value]]) -> list[Group]:
    """The loops over time: for each a cell, with a moment for each time round. The neurons' groups are put into them."""
    group_of = dict(zip(found, groups))
    taken = {node for neuron in found for node in neuron.inside}
    cells: list[Group] = []
    for number, units in enumerate(_loops(_units(found), graph), 1):
        inside = _moments(units, graph, readers)
        whole = set().union(*inside)
        if not all(_is_closed(nodes, graph) for nodes in (whole, *inside)):
            continue
        cell = Group("cell", f"loop {number}", "↻")
        moments = [Group("moment", f"t = {t}", "↻", parent=cell) for t in range(1, len(inside) + 1)]
        for t, moment in enumerate(moments):
            moment.nodes = [node for node in graph.order if node in inside[t] and node not in taken]
            for unit in units:
                if t < len(unit):
                    outermost = group_of[unit[t]].parent or group_of[unit[t]]
                    outermost.parent = moment
        weights = {w for unit in units for neuron in unit for w in (*neuron.weights, *neuron.rest) if w.op is None}
        shared = [w for w in graph.order if w in weights and not w.constant and readers[w] <= whole]
        cells += [cell, *moments, *([Group("strip", "weights", "", nodes=shared, parent=cell)] if len(shared) > 1 else [])]
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
    loops: dict[int, list[list[Neuron]]] = {}
    for i, unit in enumerate(units):
        mutual = sum(
            1 << j for j, other in enumerate(units) if past[unit[-1].sum] >> j & 1 and past[other[-1].sum] >> i & 1
        )  # fmt: skip
        if len(unit) > 1 and all(past[later.sum] & mutual for later in unit[1:]):
            loops.setdefault(mutual, []).append(unit)
    return list(loops.values())


def _moments(units: list[list[Neuron]], graph: Graph, readers: dict[Value, set[Value]]) -> list[set[Value]]:
    """The nodes of each moment: its neurons, and what is computed from them on the way to the next: an LSTM's products."""
    inside = [{node for unit in units if t < len(unit) for node in unit[t].inside} for t in range(max(map(len, units)))]
    for t in range(len(inside) - 2, -1, -1):
        leads = set(inside[t + 1])
        for node in reversed(graph.order):
            if not readers[node].isdisjoint(leads):
                leads.add(node)
        come = set(inside[t])
        for node in graph.order:
            if node in leads and node not in inside[t + 1] and not come.isdisjoint(node.operands):
                come.add(node)
        inside[t] = come - inside[t + 1]
    if len(inside) > 1:  # nothing comes after the last moment that would tell: what looks like the one before it
        kinds: dict[tuple[object, ...], int] = {}
        before = _looks(units, len(inside) - 2, inside[-2], graph, kinds)
        last = _looks(units, len(inside) - 1, {*graph.order}, graph, kinds)
        inside[-1] |= {node for node, look in last.items() if look in {*before.values()}}
    return inside


def _looks(
    units: list[list[Neuron]], t: int, among: set[Value], graph: Graph, kinds: dict[tuple[object, ...], int]
) -> dict[Value, int]:
    """How each node comes from the neurons of a moment, as a number: by which operation, from what; all else is only given."""
    looks = {unit[t].output: -1 - i for i, unit in enumerate(units) if t < len(unit)}
    for node in graph.order:
        if node in among and node not in looks and any(operand in looks for operand in node.operands):
            kind = (node.op, *(looks.get(operand) for operand in node.operands))
            looks[node] = kinds.setdefault(kind, len(kinds))
    return looks


def _is_closed(inside: set[Value], graph: Graph) -> bool:
    """Whether no path leaves these nodes and comes back."""
    after: set[Value] = set()
    for node in graph.order:
        comes_after = any(x in after for x in node.operands)
        if node in inside and comes_after:
            return False
        if node not in inside and (comes_after or any(x in inside for x in node.operands)):
            after.add(node)
    return True
