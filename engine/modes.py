"""The two switches for all arithmetic, `no_grad` and `tracing`, and the error for looking at a number while tracing.

`engine.compile` runs a function once, on the numbers of one example, and keeps the graph. The graph then stands for every
example; so the function may compute with its Values, but must not look at their numbers: whatever it decided by
looking would be frozen into the program. While tracing, every look ends in `refuse`, which names the place and the remedy.
"""

from __future__ import annotations

import linecache
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Frames of these packages are skipped; the user's own line is the useful one.
OURS = ("chainrule", "numpy", "copy", "pickle")


class Switch:
    """Off, until a block turns it on: `with switch(): ...`. Blocks nest, and are per thread and task.

    That is what a ContextVar is for, but reading one takes longer than an addition. `blocks` counts the blocks that are
    open in any thread, so that code in a hurry can check this plain number first.
    """

    __slots__ = ("_here", "_lock", "blocks")

    def __init__(self, name: str) -> None:
        self._here = ContextVar(name, default=False)
        self._lock = Lock()
        self.blocks = 0

    def __bool__(self) -> bool:
        return self.blocks > 0 and self._here.get()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Inside this block the switch is on."""
        token = self._here.set(True)
        with self._lock:
            self.blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self.blocks -= 1
            self._here.reset(token)

    @contextmanager
    def off(self) -> Iterator[None]:
        """Inside this block it is off, whatever surrounds it."""
        token = self._here.set(False)
        try:
            yield
        finally:
            self._here.reset(token)


# Inside `with no_grad():` arithmetic records nothing: results are constants.
no_grad = Switch("no_grad")

# Inside `with tracing():` no Value's number may be looked at.
tracing = Switch("tracing")


# What to write instead of looking at a number
CHOOSE = "Choose by a computation: engine.maximum, minimum, where(greater(x, y), a, b), step, relu."
COMPUTE = "Compute with the Value itself, by operators and engine's functions: engine.exp(x), not math.exp(x)."


class TracingError(TypeError):
    """A function that is being traced looked at a number, which differs from example to example."""


def refuse(looked: str, instead: str) -> None:
    """Raise a TracingError if this thread is tracing: what looked, and what to write instead."""
    if tracing:
        raise TracingError(f"{_place()}{looked}: a compiled program sees values, not numbers, since these differ from "
                           f"example to example. {instead}")  # fmt: skip


def _place() -> str:
    """Where the function did it: the innermost line that is not ours."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return "" if frame is None else line_of(frame.f_code.co_filename, frame.f_lineno)


def is_ours(frame: FrameType) -> bool:
    """Whether a frame belongs to this project's packages, or to a library that is merely on the way."""
    module: str = frame.f_globals.get("__name__", "")
    return module.partition(".")[0] in OURS


def line_of(path: str, line: int) -> str:
    """A file, a line number and what is written there, to begin a message with."""
    written = linecache.getline(path, line).strip()
    name = "this cell" if "ipykernel" in path else path.replace("\\", "/").rpartition("/")[2]
    return f"{name}, line {line}" + (f": `{written}` " if written else " ")
