"""The passes in their order, from a function of one example to the nodes of its values. Each ends in a checker.

    trace      the function, run once on Values
    flatten    the graph as arrays of small numbers; the Values go
    collapse   trees of additions become sums of products
    owners     the parameters are numbered as the arrays that hold them
    Classes    steps that are made alike are one class; of those of a recurrence, one step after the other
    Lift       each class becomes a node: contractions, maps, reductions
    roll       the steps of a recurrence become a loop
    arrange    parameters get their places in one vector
    Names      z1, W1, a1, ...

What follows is done for each variant of a program when it is asked for: differentiate, lower, write (code.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..value import Value
from .batch import Lookup
from .finding.lift import Lift
from .finding.owners import Owned, owners
from .finding.scalars import COMPUTED, CONSTANT, INPUT, PARAMETER, Scalars, flatten
from .finding.storage import arrange
from .finding.summing import Found
from .finding.sums import Steps, collapse
from .finding.trace import trace, unique_names
from .nodes import Builder, IllFormed, Node, Shape, reachable, unviewed
from .printing.names import Names
from .printing.shown import shown
from .rules import RULES
from .verify import verify


class Counts(NamedTuple):
    """How many scalar nodes of each kind were traced, and how many sums and steps are left of them."""

    computed: int
    parameters: int
    inputs: int
    constants: int
    sums: int
    steps: int


def _count(scalars: Scalars, steps: Steps) -> Counts:
    """Count them."""
    inputs = sum(kind >= INPUT for kind in scalars.kind)
    return Counts(scalars.count(COMPUTED), scalars.count(PARAMETER), inputs, scalars.count(CONSTANT), len(steps.sums),
                  len(steps.nodes))  # fmt: skip


class Compiled(NamedTuple):
    """What the passes give.

    builder    made the nodes, and can make more
    outputs    the result: the cost, or all of a list side by side; several: whether it was a list
    others     what has_aux adds; penalty: what is added once to the cost of a batch; None if there is none
    arguments  their names, and the shapes of one example
    values     the parameters, and order: the place of each in the vector
    found      what became of which steps, and counts of nodes, both for explain(); labelled: blocks that have a Value's label
    arrays     those that hold parameters: the places of their entries, by name
    lookups    which entries of the arguments look up rows of tables
    shown      what is printed, if that is not what is computed: layers computed as one are shown apart
    """

    builder: Builder
    outputs: Node
    several: bool
    others: Node | None
    penalty: Node | None
    arguments: list[str]
    shapes: list[Shape]
    values: list[Value]
    order: np.ndarray
    found: list[Found]
    labelled: Mapping[Node, str]
    counts: Counts
    arrays: Mapping[str, np.ndarray]
    lookups: Sequence[Lookup] = ()
    shown: Compiled | None = None

    @property
    def ends(self) -> list[Node]:
        """Everything that is computed forward."""
        return [x for x in (self.outputs, self.others, self.penalty) if x is not None]

    @property
    def cost(self) -> str:
        """What the cost is called."""
        cost = unviewed(self.outputs)
        return next((x.name for x in (cost, self.outputs) if x.name and x.operands), "C")

    @property
    def parameters(self) -> list[Node]:
        """The nodes that read parameters, as they are shown."""
        found: dict[str, Node] = {}
        for x in reachable((self.shown or self).ends):
            if x.kind == "parameter":
                array, part, _ = x.name.partition("[")
                if part and array in self.arrays:  # W[0:3] and W[3:6] are read: that is W
                    x = Node(x.builder, "parameter", (), self.arrays[array].shape, index=(self.arrays[array],))
                    x.name = array
                found[x.name] = x
        return list(found.values())


def run_passes(
    f: Callable[..., Any], examples: list[np.ndarray], *, has_aux: bool, penalty: Callable[[], Any] | None
) -> Compiled:
    """Compile f from one example, an array for each argument."""
    traced = trace(f, examples, has_aux=has_aux, penalty=penalty)
    names, extra, several = unique_names(traced.names), traced.extra, traced.several
    scalars = flatten(traced)
    del traced  # the graph of Values is not needed any more
    by_owner(scalars, [f, penalty])
    steps = collapse(scalars)
    builder = Builder(RULES)
    shapes = [example.shape for example in examples]
    blocks = Lift(builder, scalars, steps, shapes)
    ends = blocks.outputs()
    penalties = side_by_side(builder, [ends.pop()]) if penalty else None
    others = side_by_side(builder, ends[len(ends) - extra :]) if extra else None
    outputs = side_by_side(builder, ends[: len(ends) - extra])
    everything = reachable(x for x in (outputs, others, penalties) if x is not None)
    verify(everything, len(scalars.parameters))
    order = arrange(everything, len(scalars.parameters))
    verify(everything, len(scalars.parameters))
    labels = [""] * len(order)
    for value, place in zip(scalars.parameters, order.tolist()):
        labels[place] = value.label
    held = owners((f, penalty), dict(zip(scalars.parameters, order.tolist())))
    compiled = Compiled(builder, outputs, several, others, penalties, names, shapes, scalars.parameters, order, blocks.found,
                        blocks.labelled, _count(scalars, steps), {})  # fmt: skip
    new = _shown(everything, held)
    if new:
        labelled = {new[x]: label for x, label in blocks.labelled.items() if x in new}
        beside, added = (None if x is None else new[x] for x in (others, penalties))
        compiled = compiled._replace(shown=compiled._replace(
            builder=new[outputs].builder, outputs=new[outputs], others=beside, penalty=added, labelled=labelled))  # fmt: skip
    read = compiled.shown or compiled
    called = Names(reachable(read.ends), names, labels, read.labelled, held)
    named = any(x.name and x.operands for x in (unviewed(read.outputs), read.outputs))
    if not named and outputs.size == 1 and not several and outputs.kind != "constant":
        read.outputs.name = "C"
    for x, y in new.items():
        x.name = y.name or called.stacked(x)
    return compiled._replace(arrays=called.arrays, lookups=_together(blocks.lookups))


def _shown(everything: list[Node], held: list[Owned]) -> dict[Node, Node]:
    """What is shown in place of the nodes; nothing if it would not be a program, or is what they are."""
    try:
        new = shown(everything, held)
        verify(reachable(new[x] for x in everything if x in new), 2**62)  # parameters have their places already
    except (IllFormed, ValueError):
        return {}
    return new


def _together(lookups: list[tuple[int, int, int]]) -> list[Lookup]:
    """What is asked of the entries of arguments that choose rows, by argument and number of rows."""
    entries: dict[tuple[int, int], set[int]] = {}
    for argument, entry, rows in lookups:
        entries.setdefault((argument, rows), set()).add(entry)
    return [Lookup(argument, np.array(sorted(found)), rows) for (argument, rows), found in entries.items()]


def by_owner(scalars: Scalars, functions: list[Any]) -> None:
    """Number the parameters as they lie in the arrays that hold them, W before U if that is how they were written down: the
    order in which a sum happens to read them plays no part."""
    number = {value: i for i, value in enumerate(scalars.parameters)}
    held = [int(i) for owned in owners(functions, number) for i in owned.places.ravel() if i >= 0]
    order = list(dict.fromkeys([*held, *range(len(number))]))
    new = {old: i for i, old in enumerate(order)}
    scalars.parameters = [scalars.parameters[i] for i in order]
    for node, kind in enumerate(scalars.kind):
        if kind == PARAMETER:
            scalars.entry[node] = new[scalars.entry[node]]


def side_by_side(builder: Builder, ends: list[tuple[Node, int]]) -> Node:
    """Outputs as one array: neighbours in one block are taken at once."""
    parts, i = [], 0
    while i < len(ends):
        block, j = ends[i][0], i
        while j < len(ends) and ends[j][0] is block:
            j += 1
        parts.append(builder.take(block, np.array([position for _, position in ends[i:j]])))
        i = j
    return builder.side_by_side(parts)
