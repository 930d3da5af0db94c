"""Whether a function is being traced, and the refusal to look at a number while it is.

`engine.compile` runs a function once, on the numbers of one example, and keeps the graph. The graph then stands for every
example; so the function may compute with its Values, but must not look at their numbers: what it decided by looking would
be frozen into the program. While a trace is open, every way to look ends here, in a sentence with the place and the remedy.
"""

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

PACKAGE = __name__.rpartition(".")[0]

# As for no_grad: a trace belongs to one thread and task, and a plain count of open traces is looked at first.
open_traces = 0
_tracing = ContextVar("tracing", default=False)
_counting = Lock()


class TracingError(TypeError):
    """A function that is being traced looked at a number, which differs from example to example."""


@contextmanager
def tracing() -> "Iterator[None]":
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
def paused() -> "Iterator[None]":
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
    """Where the function did it: the innermost line that is not the engine's."""
    import linecache  # only an error needs it

    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == PACKAGE:
        frame = frame.f_back
    if frame is None:
        return ""
    path, line = frame.f_code.co_filename, frame.f_lineno
    written = linecache.getline(path, line).strip()
    name = path.replace("\\", "/").rpartition("/")[2]
    return f"{name}, line {line}" + (f": `{written}` " if written else " ")
