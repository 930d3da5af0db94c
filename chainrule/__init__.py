"""chainrule: the engine, the networks and the pictures, under one import name that nobody else has.

    import chainrule as cr
    x = cr.Value(3.0, label="x")
    model = cr.nn.MLP(2, [2, 1])
    cr.viz.draw(x * x)

`cr` offers whatever `engine` offers, and `cr.nn` and `cr.viz`. The short names `engine`, `nn` and `viz` are the same
module objects; see rooms.py.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers, which do not run __getattr__
    from . import engine, nn, viz
    from .engine import *

__version__ = "0.2.0"

_HERE = Path(__file__).parent
if not (_HERE / "engine").is_dir():
    __path__ = [*__path__, str(_HERE.parent)]  # in a clone the three rooms lie beside this folder, where everyone finds them


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("engine", "nn", "viz"):
        return import_module(f"{__name__}.{name}")
    found = getattr(import_module(f"{__name__}.engine"), name)
    globals()[name] = found  # asked once
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(import_module(f"{__name__}.engine")), "engine", "nn", "viz"})
