"""How the three rooms are imported: one module under two names, and contents that are loaded on first use.

The installed code lives under chainrule/, where no other package puts its files: an `nn` and a `viz` exist on the package
index. Short names would make second copies of it (with a second class Value), if Python looked them up by itself. So
each room begins with `share(__name__)`: whoever imports the room by its short name is given the module that has the
long one. The finder does the same for what is inside: nn.layers is chainrule.nn.layers.

Another package's `nn`, or an `engine.py` of your own, stays what it is: only a short name that is ours is looked after.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

LONG = "chainrule."


def share(name: str, file: str | None = None) -> None:
    """If a room is imported as `name`, without chainrule before it, give that name the module that has both.

    So for what it has loaded inside; what it loads later is found by SameModule. A room tells its file: a copy of it
    that lies elsewhere, to be tinkered with, is not replaced by the installed one.
    """
    if not name.startswith(LONG) and file in (None, import_module(LONG + name).__file__):
        for long in [long for long in sys.modules if f"{long}.".startswith(f"{LONG}{name}.")]:
            sys.modules[long.removeprefix(LONG)] = sys.modules[long]


class SameModule(MetaPathFinder, Loader):
    """Finds nn.layers where nn is chainrule.nn, and loads it by handing out chainrule.nn.layers."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where the module of this name comes from; None if this is not one of ours."""
        room, _, inside = name.partition(".")
        ours = inside and room in sys.modules and sys.modules[room] is sys.modules.get(LONG + room)
        if not ours or inside == "__main__":  # python -m nn runs that file itself, under a name of its own
            return None
        long = find_spec(LONG + name)
        return long and ModuleSpec(name, self, origin=long.origin, is_package=long.submodule_search_locations is not None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module that has the long name."""
        module = import_module(LONG + spec.name)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run already; only the description that Python has just put on it is taken off again."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


sys.meta_path.insert(0, SameModule())


def on_first_use(room: str, *tables: str) -> Callable[[str], Any]:
    """A room's __getattr__: its tables of contents are loaded, one after the other, until one has the name asked for.

    So `import nn` takes no time, and works where NumPy is missing. What is asked for then raises
    ModuleNotFoundError, with a sentence that names the missing package.
    """

    def look_up(name: str) -> Any:
        if name == "__all__":  # for `from nn import *`
            return [name for table in tables for name in import_module(f"{room}.{table}").__all__]
        if name.startswith("__"):
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        for table in tables:
            try:
                contents = import_module(f"{room}.{table}")
            except ModuleNotFoundError as error:
                raise ModuleNotFoundError(needed(error, room), name=error.name) from None
            if hasattr(contents, name):
                return getattr(contents, name)
        raise AttributeError(f"module {room!r} has no attribute {name!r}", name=name, obj=sys.modules[room])

    return look_up


def listed(room: str, own: dict[str, Any], *tables: str) -> Callable[[], list[str]]:
    """A room's __dir__: what it has by itself, and what its tables of contents offer. What cannot be loaded is left out.

    So a notebook completes `nn.S`, and for nn.Sequental Python asks "Did you mean: 'Sequential'?".
    """

    def names() -> list[str]:
        found = {*own}
        for table in tables:
            with suppress(ModuleNotFoundError):
                found.update(name for name in vars(import_module(f"{room}.{table}")) if not name.startswith("_"))
        return sorted(found)

    return names


def needed(error: ModuleNotFoundError, room: str) -> str:
    """The sentence for a package that is not installed. What is missing from chainrule itself is raised again."""
    package = (error.name or "").partition(".")[0]
    if package in ("", "chainrule") or package in sys.stdlib_module_names:
        raise error
    return f"{room.removeprefix(LONG)} needs {package}, which is not installed: pip install {package}"
