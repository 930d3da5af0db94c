"""The rooms of the house: who may import whom. Read from the source, so that an import inside a function counts too."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("engine", "nn", "viz")


def modules(room):
    """The source files of a room, without the two places in the engine where NumPy lives: compiler and arrays."""
    return sorted(path for path in (ROOT / room).rglob("*.py") if "compiler" not in path.parts and path.stem != "arrays")


def is_module(name):
    """Whether the name stands for a file of this project, rather than for something in one."""
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def is_for_the_type_checker(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(path):
    """What a file imports, as absolute names, leaving out what only a type checker reads."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    stack = [ast.parse(path.read_text(encoding="utf-8"))]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()  # from nn, `..` is the root: its neighbours
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = {f"{module}.{alias.name}" for alias in node.names}
            found |= {name for name in names if is_module(name)} | ({module} if not all(map(is_module, names)) else set())
        children = node.orelse if is_for_the_type_checker(node) else ast.iter_child_nodes(node)
        stack.extend(children)
    return found


def top(name):
    return name.split(".")[0]


def ids(path):
    return str(path.relative_to(ROOT))


# --- who may know whom: the longest name that a module begins with decides ---

CORE = {  # each with what it may know of the others
    "engine.primitive": set(),
    "engine.graph": set(),
    "engine.browser": set(),
    "engine.modes": set(),
    "engine.ops": {"engine.primitive"},
    "engine.interpreter": {"engine.ops", "engine.primitive"},
    "engine.functions": {"engine.ops"},
    "engine.errors": {"engine.graph", "engine.primitive", "engine.say.sentences"},  # only when a sentence is read
    "engine.backward": {"engine.graph", "engine.primitive", "engine.errors"},
    "engine.value": {
        "engine.ops", "engine.graph", "engine.modes", "engine.errors", "engine.backward", "engine.browser", "engine.primitive",
    },
    "engine.files": set(),
    "engine.lookup": {"engine.ops", "engine.modes", "engine.primitive", "engine.value"},
}
ALLOWED = {
    **CORE,
    "engine.derivatives": {*CORE},
    "engine.forward": {*CORE},
    "engine.own_rows": {*CORE},
    "engine.micrograd": {*CORE},
}
ALLOWED["engine.on_arrays"] = {"engine.interpreter", "engine.primitive"}
ALLOWED["engine.say.notation"] = {"engine.ops", "engine.interpreter", "engine.primitive"}
ALLOWED["engine.say.sentences"] = {"engine.primitive", "engine.say.notation"}
ALLOWED["engine.say"] = {*ALLOWED, "engine.say"}
ALLOWED["engine.instruments"] = {*ALLOWED, "engine.instruments"}
# a typed answer is read by the grammar that reads everything typed
ALLOWED["engine.instruments.answers"] = {*CORE, "engine.command.expression", "engine.command.tokens"}
ALLOWED["engine.command"] = {*ALLOWED, "engine.command", "engine.compiler"}
ALLOWED["engine.compiler"] = {*ALLOWED, "engine.arrays", "engine.compiler"} - {"engine.command", "engine.instruments"}
ALLOWED["engine.arrays"] = {"engine.value"}
ALLOWED["nn"] = {"engine", "nn"}
ALLOWED["viz"] = {"engine", "nn", "viz"}


def test_nn_knows_of_the_compiler_only_what_everybody_knows():
    """engine.compile and program.descend; no file of it."""
    inside = {path.stem: name for path in modules("nn") for name in imports(path) if name.startswith("engine.compiler")}
    assert inside == {}


def edges(path):
    """The modules of this project that a file imports."""
    return {name for name in imports(path) if top(name) in ROOMS}


def room_of(name):
    """The entry of ALLOWED that a module belongs to."""
    return max((room for room in ALLOWED if name == room or name.startswith(f"{room}.")), key=len, default=None)


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


EVERY_FILE = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path.name[:2] != "__")


@pytest.mark.parametrize("path", EVERY_FILE, ids=ids)
def test_a_module_imports_only_what_its_room_allows(path):
    room = room_of(module_of(path))
    assert room is not None, "a new room needs its line in ALLOWED"
    allowed = ALLOWED[room]
    beyond = {name for name in edges(path) if not any(name == other or name.startswith(f"{other}.") for other in allowed)}
    assert not {name for name in beyond if name != "engine"}


def test_there_is_no_circle_of_imports_lazily_imported_or_not():
    """Walk from each module along the imports, those inside functions too; none may lead back."""
    known = {module_of(path): edges(path) for path in EVERY_FILE}
    graph = {name: {other for other in found if other in known} for name, found in known.items()}
    done, circles = set(), []
    for start in graph:
        trail, stack = [], [(start, iter(sorted(graph[start])))] if start not in done else []
        while stack:
            name, others = stack[-1]
            trail = [entry[0] for entry in stack]
            other = next(others, None)
            if other is None:
                done.add(name)
                stack.pop()
            elif other in trail:
                circles.append([*trail[trail.index(other) :], other])
            elif other not in done:
                stack.append((other, iter(sorted(graph[other]))))
    assert circles == []


@pytest.mark.parametrize("path", modules("engine"), ids=ids)
def test_the_engine_imports_the_standard_library_and_itself(path):
    """NumPy only where the table meets arrays, a file for nn and the compiler that the engine itself does not load."""
    arrays = {"numpy"} if path.stem == "on_arrays" else set()
    assert {top(name) for name in imports(path)} - {"chainrule"} <= sys.stdlib_module_names | {"engine"} | arrays
    assert {name for name in imports(path) if top(name) == "chainrule"} <= {"chainrule.rooms"}  # the names of the room


# --- the compiler: the order in which its rooms may know each other ---

FLOORS = [
    {"alone", "guard", "owners", "tables", "terms", "trace", "views"}, {"grids", "nodes", "places", "products"}, {"all_steps",
    "batch", "buffers", "contractions", "evaluate", "parameters", "patterns", "rules", "scalars", "shown", "storage",
    "verify"}, {"formulas", "hoist", "memory", "sums"}, {"classes", "lower", "names", "sheet"}, {"chains", "source",
    "summing"}, {"roll"}, {"lift"}, {"passes"}, {"differentiate", "for_jax"}, {"equations"}, {"code", "report", "undefined"},
    {"standalone", "update"}, {"descent"}, {"program"}, {"__init__"},
]  # fmt: skip


COMPILER = sorted({*(ROOT / "engine/compiler").glob("*.py"), *(ROOT / "engine/compiler").rglob("[!_]*.py")})


def test_every_file_of_the_compiler_has_its_floor():
    assert sorted(file for floor in FLOORS for file in floor) == sorted(path.stem for path in COMPILER)


@pytest.mark.parametrize("path", COMPILER, ids=ids)
def test_a_file_of_the_compiler_knows_no_floor_above_it_and_numpy_only(path):
    level = next(i for i, floor in enumerate(FLOORS) if path.stem in floor)
    above = {file for floor in FLOORS[level + 1 :] for file in floor}
    assert not above & {name.rpartition(".")[2] for name in imports(path) if name.startswith("engine.compiler.")}
    jax = {"jax"} if path.stem == "for_jax" else set()  # an extra
    assert {top(name) for name in imports(path)} <= sys.stdlib_module_names | {"engine", "numpy"} | jax


@pytest.mark.parametrize("path", EVERY_FILE, ids=ids)
def test_jax_is_imported_when_it_is_asked_for(path):
    """It is an extra: only inside functions."""
    outside, stack = set(), [ast.parse(path.read_text(encoding="utf-8"))]
    while stack:
        node = stack.pop()
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        outside |= set(map(top, names))
        stack.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.FunctionDef))
    assert "jax" not in outside


@pytest.mark.parametrize("path", modules("engine"), ids=ids)
def test_the_compiler_is_loaded_when_it_is_asked_for(path):
    """Only the table of contents and the command know it, inside a function."""
    inside = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if not is_for_the_type_checker(node)]
    tops = [node for node in inside if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not any("compiler" in ast.unparse(node) for node in tops)


@pytest.mark.parametrize("room", [*ROOMS, "chainrule"])
def test_nothing_lives_in_a_main_file(room):
    """It starts the command, and nobody imports it."""
    assert imports(ROOT / room / "__main__.py") - {"chainrule"} <= {
        "sys", "chainrule.engine.command.terminal", "engine.command.terminal",
    }  # fmt: skip
    assert not [path for path in EVERY_FILE if f"{room}.__main__" in imports(path)]


@pytest.mark.parametrize("path", modules("nn"), ids=ids)
def test_nn_knows_the_engine_and_not_the_pictures(path):
    assert not {"viz", "tests", "notebooks", "benchmarks"} & {top(name) for name in imports(path)}


BESIDE = ("__init__", "__main__", "command")  # of the files that are about graphs


@pytest.mark.parametrize("path", [path for path in (ROOT / "viz").glob("*.py") if path.stem not in BESIDE], ids=ids)
def test_the_picture_of_a_graph_needs_no_network(path):
    assert "nn" not in {top(name) for name in imports(path)}


@pytest.mark.parametrize("path", [path for room in ("engine", "nn") for path in modules(room)], ids=ids)
def test_nobody_imports_viz(path):
    assert "viz" not in {top(name) for name in imports(path)}


@pytest.mark.parametrize("path", [path for room in ROOMS for path in modules(room)], ids=ids)
def test_no_star_imports(path):
    """But for editors and type checkers, where a room's contents are loaded on first use."""
    read = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if not is_for_the_type_checker(node)]
    inner = [node for statement in read for node in ast.walk(statement) if isinstance(node, ast.ImportFrom)]
    assert not [node for node in inner if node.names[0].name == "*"]


def test_the_reader_of_imports_reads_them():
    """A checker that finds nothing would be content with everything."""
    assert imports(ROOT / "engine" / "ops.py") == {"__future__", "math", "typing", "engine.primitive"}
    assert "engine.graph" in imports(ROOT / "engine" / "backward.py")
    assert "engine.compiler" in imports(ROOT / "engine" / "command" / "tables.py")  # inside a function
    assert "engine.value" not in imports(ROOT / "engine" / "backward.py")  # for the type checker only


def test_importing_nn_does_not_load_the_compiler():
    code = "import sys, nn; nn.MLP; print(*sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert "chainrule.engine.value" in shown.stdout and "engine.compiler" not in shown.stdout


def test_importing_the_engine_loads_nothing_but_the_standard_library():
    code = "import sys; before = set(sys.modules); import engine; print(*sorted(set(sys.modules) - before))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    loaded = {top(name) for name in shown.stdout.split()}
    assert "engine" in loaded
    assert loaded <= sys.stdlib_module_names | {"engine", "chainrule"}
