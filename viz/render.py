"""From DOT to a picture: by pygraphviz, whose wheels carry Graphviz itself, or by `dot` where that is on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


class NoRenderer(RuntimeError):
    """Neither of the two ways to draw is available; the message says what to do."""


def render(dot: str, form: str, dpi: float | None = None) -> bytes:
    """The DOT text laid out and drawn, as the bytes of an svg, png or pdf, or of json; `dpi` are the dots per inch of a png."""
    options = [] if dpi is None else [f"-Gdpi={dpi:g}"]
    try:
        import pygraphviz
    except ImportError:
        return _by_command(dot, form, options)
    with quiet_stderr():
        return bytes(pygraphviz.AGraph(string=dot).draw(format=form, prog="dot", args=" ".join(options)))


def can_render() -> bool:
    """Whether one of the two ways is available."""
    try:
        import pygraphviz  # noqa: F401  # installed, it may still lack Graphviz's libraries
    except ImportError:
        return shutil.which("dot") is not None
    return True


def _by_command(dot: str, form: str, options: list[str]) -> bytes:
    if sys.platform == "emscripten":
        raise NoRenderer(f"Graphviz, which would draw the {form}, does not run in a browser. Save the graph as .mmd or .dot, and "
                         "draw that elsewhere; in a notebook draw(f) shows itself, by Mermaid.")  # fmt: skip
    if shutil.which("dot") is None:
        raise NoRenderer('Nothing is installed to draw with: run  pip install "pygraphviz>=2"  (its wheels carry Graphviz). '
                         "The text forms .dot and .mmd need neither.")  # fmt: skip
    done = subprocess.run(["dot", f"-T{form}", *options], input=dot.encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"dot could not draw this graph: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hide what Graphviz's libraries write about fonts. They write to the file descriptor, bypassing sys.stderr."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
