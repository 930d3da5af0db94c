"""The engine in a browser: Python compiled to WebAssembly (Pyodide), run by node. Skipped, with a word, where there is none.

What it prints is compared with what the same lines print here.
"""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = [ROOT / name for name in ("chainrule", "engine", "nn", "viz")]
RUNNER = ROOT / "tests" / "pyodide.js"

WORKED = """
from engine import UndefinedError, explain, grad, latex, parse, to_data
f = parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)
f.backward()
print(f, *f.inputs.values(), sep="\\n")
print(explain(f))
print(latex(f))
print(to_data(f)["gradient"], grad(grad(f, f.inputs["x"], create_graph=True), f.inputs["x"]))
try:
    parse("x/z", x=1, z=0)
except UndefinedError as error:
    print(error)
"""


@functools.cache
def missing():
    """What there is to install before Python can run as in a browser; nothing if all is there."""
    if shutil.which("node") is None:
        return "there is no node"
    found = subprocess.run(["node", "-e", "require.resolve('pyodide')"], cwd=RUNNER.parent, capture_output=True, check=False)
    return "" if found.returncode == 0 else "node does not find the package pyodide (npm install pyodide, and set NODE_PATH)"


def run(code, *folders):
    """Run the code in Pyodide, to whatever end."""
    if missing():
        pytest.skip(f"nothing was tried in Pyodide: {missing()}")
    command = ["node", RUNNER, *OURS, *folders]
    return subprocess.run(command, input=code, encoding="utf-8", capture_output=True, check=False, timeout=600)


def in_pyodide(code, *folders):
    """What the code prints in Pyodide."""
    done = run(code, *folders)
    assert done.returncode == 0, done.stderr
    return done.stdout


def here(code, *paths):
    """What the code prints in this Python."""
    search = os.pathsep.join(map(str, [ROOT, *paths]))
    environment = os.environ | {"PYTHONPATH": search, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, timeout=600)
    return done.stdout.decode()


def installed(*names):
    """The folders of packages that are written in Python alone, and so run in Pyodide as they are."""
    return [Path(importlib.util.find_spec(name).submodule_search_locations[0]) for name in names]


def test_the_worked_example_prints_the_same_with_nothing_installed():
    printed = in_pyodide(WORKED)
    assert "∂f/∂x" in printed and "z = 0" in printed
    assert printed == here(WORKED)


def test_the_command_prints_the_same():
    code = """
import runpy, sys
sys.argv = ["engine", "x**2*y/z", "x=3", "y=4", "z=2"]
try:
    runpy.run_module("engine", run_name="__main__", alter_sys=True)
except SystemExit as end:
    print("status", end.code)
"""
    printed = in_pyodide(code)
    assert "status 0" in printed
    assert printed == here(code)


# A notebook's cells: what is printed, and of the last line's value what stands in a notebook without Graphviz
RUN_CELLS = """
import ast, json, sys
sys.path.append("/packages/notebooks")
space = {}
for cell in json.loads(CELLS):
    *statements, last = ast.parse(cell).body
    exec(compile(ast.Module(statements, []), "cell", "exec"), space)
    if isinstance(last, ast.Expr):
        shown = eval(compile(ast.Expression(last.value), "cell", "eval"), space)
        print(shown.mermaid if hasattr(shown, "mermaid") else shown)
    else:
        exec(compile(ast.Module([last], []), "cell", "exec"), space)
"""


def test_lesson_1_prints_the_same():
    """Its first cell imports viz, so rich and graphviz are lent to it; NumPy and the like are not there."""
    lesson = json.loads((ROOT / "notebooks" / "01_chain_rule.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in lesson["cells"] if cell["cell_type"] == "code"]
    cells = [source.replace("guess = None", "guess = 1") for source in sources]
    quizzes = sum("reveal(ask(" in source for source in sources)  # which want a letter
    code = f"CELLS = {json.dumps(cells)!r}\n{RUN_CELLS}"
    printed = in_pyodide(code, ROOT / "notebooks", *installed("graphviz", "rich"))
    assert printed.count("flowchart LR") == 2 and printed.count("It is ") == cells.count("guess = 1") - quizzes
    assert printed == here(code, ROOT / "notebooks")


def test_a_drawing_shows_itself_in_mermaid_and_says_what_cannot_be_saved():
    code = """
from engine import parse
from viz import NoRenderer, draw
drawing = draw(parse("x*y", x=3, y=4))
print(drawing._repr_svg_(), drawing._repr_markdown_())
drawing.save("graph.mmd")
try:
    drawing.save("graph.svg")
except NoRenderer as error:
    print(error)
"""
    printed = in_pyodide(code, *installed("graphviz", "rich"))
    assert printed.startswith("None ```mermaid\nflowchart LR\n")
    assert "Graphviz, which would draw the svg, does not run in a browser." in printed


DEEP = """
import gc
from engine import Value, grad
from engine.graph import topological_order

def chain(length, start=1.0):
    end = Value(start, "x")
    for _ in range(length):
        end = end + 1.0
    return end

for length in (10_000, 100_000):
    loss = chain(length)        # the second takes the place of the first
loss.backward()
print(loss.inputs["x"].grad)

shared = chain(10_000)
top, other = shared * 2.0, shared * shared
for _ in range(10_000):
    top = top + 1.0
del shared, top                 # other still needs what was shared
print(grad(other, other.inputs["x"]), len(topological_order(other)))
del other

holder = [chain(10_000)]
holder.append(holder)           # a cycle, which the garbage collector takes apart
del holder
gc.collect()

def fails():
    graph = chain(10_000)
    graph.no_such_thing

try:
    fails()
except AttributeError as error:
    print(error)
"""


def test_deep_graphs_go_without_ending_the_interpreter():
    printed = in_pyodide(DEEP)
    assert printed.splitlines()[:2] == ["1.0", "20002.0 20002"]
    assert printed == here(DEEP)


def test_without_the_engines_help_a_deep_graph_would_end_it():
    """If this no longer holds, engine/browser.py has become superfluous."""
    done = run(f"from engine import Value\ndel Value.__del__\n{DEEP}")
    assert done.returncode != 0
    assert "Maximum call stack size exceeded" in done.stderr
