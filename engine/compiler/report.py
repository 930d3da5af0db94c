"""How the scalar nodes became blocks, rule by rule: what `program.explain()` says."""

from .blocks import Found
from .differentiate import backward
from .equations import dimensions, written
from .instructions import reachable
from .passes import Compiled


def explain(compiled: Compiled) -> str:
    """Pass by pass: what was looked for, and what was found."""
    c = compiled.counts
    nodes = c.computed + c.parameters + c.inputs + c.constants
    lines = [
        f"trace     {nodes} scalar nodes: {c.computed} computed, {c.parameters} parameters, {c.inputs} inputs, "
        f"{c.constants} constants",
        f"sums      {c.computed - c.steps} additions and products went into {c.sums} sums of products; {c.steps} steps are left",
    ]
    forward = reachable(compiled.ends)
    kept = set(forward)
    for found in compiled.found:
        lines.append(f"block     {_found(found)}" + ("" if found.block in kept else " (not needed by itself)"))
    lines.append(f"forward   {len(forward)} instructions in place of {nodes} nodes")
    if not compiled.several:
        gradients = backward(compiled).gradients
        everything = reachable([*compiled.ends, *(adjoint for _, adjoint in gradients)])
        lines.append(f"backward  {len(everything) - len(forward)} more, by the table's derivative rules")
    for algebra, times in compiled.builder.fired.most_common():
        lines.append(f"rule      {algebra}   ({times} times)" if times > 1 else f"rule      {algebra}")
    return "\n".join(lines)


def _found(found: Found) -> str:
    """What became of the steps of one form."""
    name = written(found.block)
    operations = f"{found.steps} × {found.block.row.name}" if found.block.row else f"{found.steps} operations"
    if found.what == "grid":
        rows, columns = found.shape
        across = f"{rows} rows of weights × {columns} column{'s' * (columns != 1)} of data"
        return f"{found.steps} sums of {found.terms} terms, a grid of {across}: {name}"
    if found.what == "sums":
        return f"{found.steps} sums of {found.terms} terms, no grid, added up as they are: {name}"
    if found.what == "reduction":
        return f"{found.steps} × a function of {found.terms} numbers ({dimensions(found.block.shape)}): {name}"
    return f"{operations}, all at once: {name}"
