"""The mathematics."""

from typing import Any


def heading(arguments: Any, shapes: Any, dtype: str, gradient: bool) -> str:
    """The docstring of a module."""
    return "A program."


def name_adjoints(adjoints: Any, taken: Any) -> None:
    for x, adjoint in adjoints.items():
        if x.name.startswith("z") and not adjoint.name and adjoint.kind in ("row", "apply"):
            adjoint.name = "δ" + x.name[1:]


def written(x: Any) -> str:
    """An instruction in an error."""
    return x.name or repr(x)


def text(program: Any) -> str:
    """Placeholder."""
    return ""


def latex(program: Any) -> str:
    """Placeholder."""
    return ""
