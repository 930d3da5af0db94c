"""How the scalar nodes became blocks: what `program.explain()` says."""

from typing import TYPE_CHECKING

from .scalars import COMPUTED, CONSTANT, INPUT, PARAMETER, Scalars

if TYPE_CHECKING:
    from .program import Program


def counted(scalars: Scalars) -> "dict[str, int]":
    """How many nodes of each kind were traced."""
    kinds = {"computed": COMPUTED, "parameters": PARAMETER, "constants": CONSTANT}
    counts = {name: scalars.count(kind) for name, kind in kinds.items()}
    counts["inputs"] = sum(1 for kind in scalars.kind if kind >= INPUT)
    return counts


def explain(program: "Program") -> str:
    """Placeholder."""
    return ""
