"""How the scalar nodes became blocks, pass by pass: what `program.explain()` says."""

from __future__ import annotations

from ..differentiate import backward
from ..finding.summing import Found
from ..nodes import Node, reachable
from ..passes import Compiled
from .equations import Writer, columns, dimensions

LEAVES = ("input", "parameter", "constant", "seed")
BOOKKEEPING = ("x[0, 1", "x[i][j]", "a shape for", "entries of numbers", "x·c = c·x", "x·s = s·x", "Σ over no axis")


def operations(order: list[Node]) -> list[Node]:
    """What computes: leaves, and the same numbers in another shape, are left out."""
    return [x for x in order if x.kind not in LEAVES and not (x.kind == "take" and x.is_view)]


def explain(compiled: Compiled) -> str:
    """Pass by pass: what was looked for, and what was found."""
    c = compiled.counts
    nodes = c.computed + c.parameters + c.inputs + c.constants
    forward = reachable(compiled.ends)
    writer = Writer(forward, columns(forward))
    lines = [
        f"trace          {nodes} scalar nodes: {c.computed} computed from {_many(c.parameters, 'parameter')}, "
        f"{_many(c.inputs, 'input')} and {_many(c.constants, 'constant')}",
        f"sums           {_many(c.computed - c.steps, 'product and addition', 'products and additions')} became terms of "
        f"{_many(c.sums, 'sum of products', 'sums of products')}; {_many(c.steps, 'step is', 'steps are')} left",
    ]
    lines += [f"blocks         {_found(found, writer)}" for found in compiled.found if found.block in writer.terms]
    count = len(operations(forward))
    lines.append(f"               {_many(count, 'operation')} on arrays in place of {c.computed} on numbers")
    lines.append(f"arrange        {_many(c.parameters, 'parameter')} in one vector: {_layout(compiled)}")
    if not compiled.several:
        more = len(operations(reachable([*compiled.ends, *backward(compiled).ends]))) - count
        lines.append(f"differentiate  {_many(more, 'operation')} more, by the derivative rules of the table of primitives")
    fired = [(algebra, times) for algebra, times in compiled.builder.fired.most_common() if not algebra.startswith(BOOKKEEPING)]
    lines += [f"simplify       {algebra}" + (f"   ({times} times)" if times > 1 else "") for algebra, times in fired]
    if any("s" in algebra.split("·") or "(s·" in algebra for algebra, _ in fired):
        lines.append("               (s is the weight of an example in the cost of the batch)")
    lines.append("lower, write   rows in NumPy's words, and the text that runs: program.source")
    return "\n".join(lines)


def _found(found: Found, writer: Writer) -> str:
    """What became of the steps of one form."""
    line = writer.lines.get(found.block)
    name = line.equation if line else writer.terms[found.block].text
    inner = [writer.lines[x] for x in found.block.operands if x in writer.lines and x.name.startswith("z")]
    if found.what == "grid" and not line and inner:  # z2 - y: the sum goes on, but the layer is what was found
        name = f"{inner[0].equation}, and {name}"
    if found.what == "grid":
        rows, across = found.shape
        grid = f"{_many(rows, 'row')} of weights × {_many(across, 'column')} of data"
        return f"{_many(found.steps, 'sum')} of {_many(found.terms, 'term')}, a grid of {grid}: {name}"
    if found.what == "sums":
        return f"{_many(found.steps, 'sum')} of {_many(found.terms, 'term')}, added up: {name}"
    if found.what == "reduction":
        return f"{found.steps} × a function of {found.terms} numbers: {name}"
    return f"{found.steps} × {found.block.row.name if found.block.row else 'one operation'}, all at once: {name}"


def _layout(compiled: Compiled) -> str:
    return ", ".join(f"{x.name} ({dimensions(x.shape)})" for x in compiled.parameters) or "none"


def _many(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"
