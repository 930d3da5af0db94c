"""Whether a function is being traced, and the refusal to look at a number while it is.

`engine.compile` runs a function once, on the numbers of one example, and keeps the graph. The graph then stands for every
example; so the function may compute with its Values, but must not look at their numbers: what it decided by looking would
be frozen into the program. While a trace is open, every way to look ends here, in a sentence with the place and the remedy.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Whose lines are passed over, since the user's own is what helps
OURS = ("engine", "nn", "numpy", "copy", "pickle")

# As for no_grad: a trace belongs to one thread and task, and a plain count of open traces is looked at first.
open_traces = 0
_tracing = ContextVar("tracing", default=False)
_counting = Lock()


class TracingError(TypeError):
    """A function that is being traced looked at a number, which differs from example to example."""


@contextmanager
def tracing() -> Iterator[None]:
    """Inside this block no Value's number may be looked at."""
    global open_traces
    token = _tracing.set(True)
    with _counting:
        open_traces += 1
    try:
        yield
    finally:
        with _counting:
            open_traces -= 1
        _tracing.reset(token)


@contextmanager
def paused() -> Iterator[None]:
    """Inside this block the engine itself may look again: an error message has numbers in it."""
    token = _tracing.set(False)
    try:
        yield
    finally:
        _tracing.reset(token)


def refuse(looked: str, instead: str) -> None:
    """Raise a TracingError if this thread is tracing: who looked, and what to write instead."""
    if _tracing.get():
        raise TracingError(f"{_place()}{looked}: a compiled program sees values, not numbers, since these differ from "
                           f"example to example. {instead}")  # fmt: skip


def _place() -> str:
    """Where the function did it: the innermost line that is not ours."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return "" if frame is None else line_of(frame.f_code.co_filename, frame.f_lineno)


def is_ours(frame: FrameType) -> bool:
    """Whether a frame belongs to this project's packages, or to a library that was only passed through."""
    module: str = frame.f_globals.get("__name__", "")
    return module.partition(".")[0] in OURS


def line_of(path: str, line: int) -> str:
    """A line of a file for the beginning of a sentence, with what is written there."""
    import linecache  # only an error needs it

    written = linecache.getline(path, line).strip()
    name = "this cell" if "ipykernel" in path else path.replace("\\", "/").rpartition("/")[2]
    return f"{name}, line {line}" + (f": `{written}` " if written else " ")
