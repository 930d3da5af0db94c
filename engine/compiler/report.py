"""How the scalar nodes became blocks, rule by rule: what `program.explain()` says."""

from typing import TYPE_CHECKING, NamedTuple

from .scalars import COMPUTED, CONSTANT, INPUT, PARAMETER, Scalars
from .sums import Steps

if TYPE_CHECKING:
    from .program import Program


class Counts(NamedTuple):
    """How many scalar nodes of each kind were traced, and how many sums and steps are left of them."""

    computed: int
    parameters: int
    inputs: int
    constants: int
    sums: int
    steps: int


def count(scalars: Scalars, steps: Steps) -> Counts:
    """Count them."""
    inputs = sum(kind >= INPUT for kind in scalars.kind)
    kinds = [scalars.count(kind) for kind in (COMPUTED, PARAMETER)]
    return Counts(*kinds, inputs, scalars.count(CONSTANT), len(steps.sums), len(steps.nodes))


def explain(program: "Program") -> str:
    """Placeholder."""
    return ""
