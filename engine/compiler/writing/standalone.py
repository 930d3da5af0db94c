"""A program as a script that needs NumPy and nothing else: what `program.to_numpy_script` writes.

The script is put together from text that exists: the program's own (source.py) for the values, and for the cost with its
gradient; the few functions that this text imports, with all that they use; and the class in alone.py, which reads the
parameters and the command line.
"""

from __future__ import annotations

import ast
import io
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ...files import write_whole
from ..parameters import Parameters
from ..passes import Compiled
from ..views import is_range
from . import alone
from .code import Code


class Inlined:
    """Text gathered from modules: their imports from elsewhere, and what is defined in them, each once and in order."""

    def __init__(self) -> None:
        self.imports: dict[str, set[str]] = {}  # by module: the names that come from it; none for a module as a whole
        self.definitions: list[str] = []
        self._taken: set[tuple[str, int]] = set()

    def add(self, module: str, names: set[str]) -> None:
        """Whatever these names of a module stand for, and all that it needs."""
        text = Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8")
        statements = ast.parse(text).body
        bound = {name: statement for statement in statements for name in _bound(statement)}
        needed: set[ast.stmt] = set()
        stack = [bound[name] for name in names]
        while stack:
            statement = stack.pop()
            if statement not in needed:
                needed.add(statement)
                stack += [bound[x.id] for x in ast.walk(statement) if isinstance(x, ast.Name) and x.id in bound]
        used = {x.id for statement in needed for x in ast.walk(statement) if isinstance(x, ast.Name)} | names
        for statement in sorted(needed, key=lambda statement: statement.lineno):
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                self.add_import(statement, module, used)
            elif (module, statement.lineno) not in self._taken:
                self._taken.add((module, statement.lineno))
                self.definitions.append(str(ast.get_source_segment(text, statement)))

    def add_import(self, statement: ast.Import | ast.ImportFrom, module: str, used: set[str]) -> None:
        """An import of ours is replaced by what it brings; of others only the names that are used are kept."""
        names = {ast.unparse(alias) for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) in used}
        if isinstance(statement, ast.Import):
            self.imports |= {name: set() for name in names}
            return
        name = statement.module or ""
        if statement.level:
            name = ".".join([*module.split(".")[: -statement.level], *([name] if name else [])])
        if name.split(".")[0] == __name__.split(".")[0]:
            import_module(name)
            self.add(name, names)
        elif names:
            self.imports.setdefault(name, set()).update(names)

    @property
    def header(self) -> list[str]:
        """The imports as lines."""
        plain = [f"import {name}" for name, names in sorted(self.imports.items()) if not names]
        parts = [f"from {name} import {', '.join(sorted(names))}" for name, names in sorted(self.imports.items()) if names]
        return [*plain, *parts]

    def add_program(self, text: str, name: str) -> None:
        """A program's text, its function `build` under another name."""
        tree = ast.parse(text)
        for statement in tree.body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                self.add_import(statement, __name__, {alias.asname or alias.name for alias in statement.names})
        (build,) = [statement for statement in tree.body if isinstance(statement, ast.FunctionDef)]
        body = str(ast.get_source_segment(text, build))
        self.definitions.append(body.replace("def build(", f"def {name}(", 1))


def _bound(statement: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module gives a meaning."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    return [x.id for target in targets for x in ast.walk(target) if isinstance(x, ast.Name)]


def write_script(path: Any, compiled: Compiled, parameters: Parameters, values: Code, cost: Code | None, dtype: str) -> None:
    """Write the script, and its parameters beside it."""
    path = Path(path)
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise ValueError(f"{path.name!r} is no name for a script: give one such as model.py, which Python can import as well.")
    arrays: dict[str, np.ndarray] = {}
    places: list[str] = []
    for name, index in parameters.leaves.items():
        arrays[name] = parameters.vector[index]
        place = f"slice({index.flat[0]}, {index.flat[0] + index.size})" if is_range(index) else repr(f"places of {name}")
        if not is_range(index):
            arrays[f"places of {name}"] = index
        places.append(f"{name!r}: {place}")
    inlined = Inlined()
    listed = []
    for what, code in (("values", values), ("cost", cost)):
        constants = code.constants if code else []
        arrays |= {f"{what} {i}": np.asarray(x) for i, x in enumerate(constants)}
        listed.append([f"{what} {i}" for i in range(len(constants))])
        if code:
            inlined.add_program(code.source, f"build_{what}")
    inlined.add(alone.__name__, {"Script"})
    shapes = ", ".join(f"{name!r}: {tuple(shape)!r}" for name, shape in zip(compiled.arguments, compiled.shapes))
    each = [f"{name} ({', '.join(['n', *map(str, shape)])})" for name, shape in zip(compiled.arguments, compiled.shapes)]
    takes = " and ".join(each)
    data = "DATA.npz " if takes else ""
    head = [
        f'"""A compiled program. It needs NumPy, and {path.stem}.npz beside it, which holds the parameters.', "",
        f"    python {path.name} predict {data}".rstrip(),
        *([f"    python {path.name} train {data}--epochs 10 --rate 0.1"] if cost else []),
        *(["", f"DATA.npz holds {takes}, a row for each example."] if takes else []), '"""', "",
        "from __future__ import annotations", "", *inlined.header,
    ]  # fmt: skip
    end = [
        "program = Script(",
        f'    Path(__file__).with_suffix(".npz"), dtype={dtype!r}, arguments={{{shapes}}},',
        f"    places={{{', '.join(places)}}},",
        f"    values=build_values, cost={'build_cost' if cost else None}, constants={tuple(listed)!r},",
        f"    batched={compiled.outputs.batched}, penalty={compiled.penalty is not None},",
        ")", "", 'if __name__ == "__main__":', "    program.command()",
    ]  # fmt: skip
    text = "\n".join([*head, "", "", "\n\n\n".join(inlined.definitions), "", "", *end, ""])
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]  # its own option allow_pickle is no array
    write_whole(path.with_suffix(".npz"), stream.getvalue())
    write_whole(path, text.encode())
