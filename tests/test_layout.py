"""One name that nobody else has: the code lives under chainrule/, and the short names are the same modules."""

import ast
import shutil
import subprocess
import sys
import tomllib
from itertools import permutations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
SAME = "; assert cr.nn.layers is nn.layers and cr.engine.value is engine.value and cr.Value is engine.Value is nn.layers.Value"


def folder_of(package):
    """Where the source of a package lies, by setuptools' rule: the longest name in package-dir decides."""
    known = SETUPTOOLS["package-dir"]
    name = max((name for name in known if f"{package}.".startswith(f"{name}.")), key=len, default=None)
    return ROOT / (package if name is None else known[name] + package[len(name) :]).replace(".", "/")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The packages as pip puts them, file by file."""
    place = tmp_path_factory.mktemp("site")
    for package in SETUPTOOLS["packages"]:
        to = place.joinpath(*package.split("."))
        to.mkdir(parents=True, exist_ok=True)
        patterns = ["*.py", *SETUPTOOLS["package-data"].get(package, [])]
        for file in {file for pattern in patterns for file in folder_of(package).glob(pattern)}:
            (to / file.relative_to(folder_of(package))).parent.mkdir(exist_ok=True)
            shutil.copy(file, to / file.relative_to(folder_of(package)))
    return place


def python(code, path, *, options=()):
    """Run some code with `path` before everything else; its output, or its error."""
    words = code if isinstance(code, list) else ["-c", code]
    done = subprocess.run([sys.executable, *options, *words], cwd=path, capture_output=True, text=True, timeout=120)
    return done.stdout if done.returncode == 0 else done.stderr


def test_every_folder_of_code_is_installed():
    listed = {folder_of(package) for package in SETUPTOOLS["packages"]}
    there = {file.parent for room in ("engine", "nn", "viz") for file in (ROOT / room).rglob("*.py")}
    assert there <= listed
    assert all((folder / "__init__.py").is_file() for folder in listed)


@pytest.mark.parametrize("order", [*permutations(["import engine", "import nn", "import chainrule as cr"])], ids="; ".join)
@pytest.mark.parametrize("place", ["clone", "installed"])
def test_the_short_names_are_the_same_modules_whoever_is_imported_first(order, place, installed):
    code = "; ".join(order) + "; nn.MLP" + SAME + "; print(cr.engine.value.__name__, engine.__spec__.name)"
    assert python(code, ROOT if place == "clone" else installed) == "chainrule.engine.value chainrule.engine\n"


def test_a_module_is_the_same_under_both_names_whichever_is_asked_for_first(installed):
    code = "import nn.search as a, chainrule.nn.search as b, chainrule.viz.render as c, viz.render as d; print(a is b, c is d, a)"
    assert python(code, installed).startswith("True True <module 'chainrule.nn.search'")


THREADS = """
import sys, threading
sys.setswitchinterval(1e-6)
start, found = threading.Barrier(8), []
def work():
    start.wait()
    import nn, engine
    found.append((nn.MLP, engine.compile, engine.Value))
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
import chainrule as cr
print(found == 8 * [(cr.nn.MLP, cr.compile, cr.Value)])
"""


def test_threads_that_import_at_once_find_the_same_classes(installed):
    assert python(THREADS, installed) == "True\n"


def test_functions_that_are_called_like_a_module_stay_functions():
    code = "import engine.primitive, engine, viz.pages.graph, viz; print(callable(engine.primitive), callable(viz.page))"
    assert python(code, ROOT) == "True True\n"


def test_a_pickle_names_the_one_module():
    code = "import engine, pickle; print(b'chainrule.engine.value' in pickle.dumps(engine.Value(1.0)))"
    assert python(code, ROOT) == "True\n"


@pytest.mark.parametrize("first", ["import nn", "import chainrule"])
def test_another_package_called_nn_changes_nothing_and_is_not_changed(first, installed, tmp_path):
    (tmp_path / "nn").mkdir()
    (tmp_path / "nn" / "__init__.py").write_text("theirs = True\n")
    (tmp_path / "nn" / "layers.py").write_text("theirs = True\n")
    code = f"import sys; sys.path.append({str(installed)!r}); {first}; import chainrule as cr, nn, nn.layers; "
    code += "print(cr.nn.MLP(1, [1]).layers[0].n_in, nn.theirs, nn.layers.theirs, cr.nn.layers is nn.layers)"
    assert python(code, tmp_path) == "1 True True False\n"


def test_a_copy_of_the_engine_to_tinker_with_is_not_replaced(installed, tmp_path):
    shutil.copytree(ROOT / "engine", tmp_path / "engine")
    code = f"import sys; sys.path.append({str(installed)!r}); import engine, engine.value; print(engine.value.__file__)"
    assert Path(python(code, tmp_path).strip()) == tmp_path / "engine" / "value.py"


def test_importing_chainrule_or_nn_or_viz_loads_nothing_but_the_standard_library():
    code = "import sys; before = {*sys.modules}; import chainrule, nn, viz; print(*{*sys.modules} - before)"
    loaded = {name.split(".")[0] for name in python(code, ROOT).split()}
    assert "nn" in loaded
    assert loaded <= sys.stdlib_module_names | {"chainrule", "engine", "nn", "viz"}


def test_chainrule_has_the_names_of_the_engine_and_says_which_it_lacks():
    assert python("import chainrule as cr; print({*dir(cr.engine)} <= {*dir(cr)}, cr.sigmoid(0.0))", ROOT) == "True 0.5\n"
    assert "has no attribute 'sigmoyd'" in python("import chainrule as cr; cr.sigmoyd", ROOT)
    assert "module 'nn' has no attribute 'MPL'" in python("import nn; nn.MPL", ROOT).replace("chainrule.", "")


@pytest.mark.parametrize(("room", "some"), [("nn", ["MLP", "Perceptron", "fit"]), ("viz", ["draw", "plot_history", "tree"])])
def test_a_room_lists_what_it_has_before_it_is_asked_for(room, some):
    assert python(f"import {room}; print({{*{some}}} <= {{*dir({room})}})", ROOT) == "True\n"


def test_python_suggests_the_name_that_was_meant():
    assert "Did you mean: 'Sequential'?" in python("import nn; nn.Sequental", ROOT)


@pytest.mark.parametrize(("words", "begins"), [
    (["x*x", "x=3", "--quiet"], "∂f/∂x = 6"),
    (["nn"], "Networks that learn from examples:\n  python -m nn "),
    (["viz", "--help"], "usage: python -m viz"),
])  # fmt: skip
def test_one_command_for_all_three(words, begins):
    assert python(["-X", "utf8", "-m", "chainrule", *words], ROOT).startswith(begins)


# --- without the packages that nn and viz need (-S: none that is installed can be imported) ---

ALONE = ("-S", "-E", "-X", "utf8")


@pytest.mark.parametrize("words", [["engine", "--quiet"], ["engine", "--help"], ["chainrule", "sin(x)", "x=1", "--check"]])
def test_the_engine_command_needs_nothing(words):
    assert "needs" not in python(["-m", *words], ROOT, options=ALONE)


@pytest.mark.parametrize("words", [["nn"], ["nn", "--help"], ["nn", "xor"], ["viz"], ["viz", "--help"], ["chainrule", "nn"]])
def test_a_command_names_the_package_that_is_missing(words):
    said = python(["-m", *words], ROOT, options=ALONE)
    room = next(word for word in words if word in ("nn", "viz"))
    assert said.startswith(f"python -m {room} needs ")
    assert said.count("\n") == 1 and "which is not installed: pip install " in said


def test_so_does_a_name_that_needs_it():
    assert python("import nn; nn.MLP", ROOT, options=ALONE).endswith("needs numpy, which is not installed: pip install numpy\n")


def test_what_cannot_be_loaded_is_not_listed():
    assert python("import nn; print('Perceptron' in dir(nn), 'MLP' in dir(nn))", ROOT, options=ALONE) == "True False\n"


def test_the_perceptron_needs_no_numpy():
    code = "import nn, sys; learned = nn.Perceptron((0, 0), 0).learn(nn.perceptron.inputs(), (0, 0, 0, 1)); "
    assert python(code + "print(learned.converged, 'numpy' in sys.modules)", ROOT, options=ALONE) == "True False\n"


# --- what a room offers ---

CONTENTS = ["engine/__init__.py", "nn/contents.py", "viz/contents.py", "viz/plots/__init__.py", "nn/data/__init__.py"]


@pytest.mark.parametrize("path", CONTENTS)
def test_a_table_of_contents_lists_what_it_imports(path):
    """So that editors and type checkers know what is offered, and `from nn import *` brings just that."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) and node.level for alias in node.names}
    (listed,) = (ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign))
    assert sorted(imported) == sorted(listed)


def test_a_star_brings_what_a_room_offers():
    code = "from nn import *; from viz import *; from engine import *; print(MLP.__name__, callable(draw), plot_history, sin)"
    assert python(code, ROOT).startswith("MLP True <function plot_history")
    assert "Value" in python("from engine import *; print(Value)", ROOT, options=ALONE)


def test_the_common_command_says_what_it_has():
    assert python(["-m", "chainrule", "--version"], ROOT) == "chainrule 0.2.0\n"
    assert "chainrule nn xor" in python(["-m", "chainrule", "--help"], ROOT)
    assert python(["-X", "utf8", "-m", "chainrule", "engine", "x*x", "x=3", "--quiet"], ROOT) == "∂f/∂x = 6\n"


def test_compiling_names_the_package_that_it_needs():
    said = python("import engine; engine.compile", ROOT, options=ALONE)
    assert said.endswith("engine.compile needs numpy, which is not installed: pip install numpy\n")
