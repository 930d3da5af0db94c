"""The mathematics."""

from typing import Any


def heading(compiled: Any, dtype: str, *, gradient: bool) -> str:
    """The docstring of a module."""
    return "A program."


def written(x: Any) -> str:
    """An instruction in an error."""
    return x.name or repr(x)


def text(compiled: Any) -> str:
    """Placeholder."""
    return ""


def latex(compiled: Any) -> str:
    """Placeholder."""
    return ""
