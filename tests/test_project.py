"""What the project says about itself, in its several files, agrees; and what CONTRIBUTING tells you to do works."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_layout import folder_of

import chainrule

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
CODE = ("chainrule", "engine", "nn", "viz")
BESIDE = ("tests", "notebooks", "benchmarks", "pictures", "docs")
TEXTS = {".json", ".md", ".py", ".toml", ".cff", ".yaml", ".ipynb", ".css", ".js", ".html", ".in", ""}
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def files():
    """The project's own files, without what was made from them."""
    folders = [ROOT / name for name in (*CODE, *BESIDE, ".ci", ".github") if (ROOT / name).is_dir()]
    found = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    made = {"__pycache__", "build", ".ipynb_checkpoints"}
    return [path for path in found if path.is_file() and path.name != ".git" and not made & {*path.relative_to(ROOT).parts}]


# --- the version ---

def test_the_version_is_the_same_everywhere():
    assert re.search(r"^version: (.*)$", read("CITATION.cff"), re.MULTILINE)[1] == chainrule.__version__
    version, date = re.search(r"^## (\d\S*) \((.*)\)$", read("CHANGELOG.md"), re.MULTILINE).groups()
    assert version == chainrule.__version__
    assert re.search(r"^date-released: (.*)$", read("CITATION.cff"), re.MULTILINE)[1] == date


def test_the_pythons_that_are_named_are_those_that_are_tried():
    named = re.findall(r"Python :: (3\.\d+)$", "\n".join(PROJECT["project"]["classifiers"]), re.MULTILINE)
    assert named == PYTHONS
    assert PROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{PYTHONS[0].replace('.', '')}"
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in read("CONTRIBUTING.md")
    assert " ".join(f"python{version}" for version in PYTHONS) in read(".ci/run")


# --- the dependencies ---

def canonical(requirement):
    """The name of the package that is required: "numpy>=2.0" is numpy."""
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def required(*extras):
    """The packages that the project asks for, and what these extras add."""
    groups = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *(one for extra in extras for one in groups[extra])]
    return {canonical(one) for one in asked} - {"chainrule"}


def imported(*folders):
    """The third-party modules that files in these folders import, at the top or inside a function."""
    names = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {*CODE}


PACKAGE = {  # where a module is not called like the package that brings it
    "PIL": "pillow", "sklearn": "scikit-learn", "IPython": "ipykernel", "docutils": "sphinx", "pygments": "sphinx",
}  # fmt: skip


def test_every_package_that_the_code_imports_is_asked_for_and_no_other():
    assert {PACKAGE.get(name, name) for name in imported(*CODE)} == required("torch", "jax")


OPTIONAL = {"tinygrad", "psutil"}  # tests and benchmarks that need these are skipped without them


def test_every_package_that_tests_and_benchmarks_import_is_asked_for():
    own = {*BESIDE, *(path.stem for folder in BESIDE for path in (ROOT / folder).rglob("*.py"))}
    found = {PACKAGE.get(name, name) for name in imported(*BESIDE) - own}
    assert found <= required(*PROJECT["project"]["optional-dependencies"]) | OPTIONAL


# --- what is packed ---

def test_every_file_beside_the_code_is_packed_with_it():
    patterns = SETUPTOOLS["package-data"]
    packed = set()
    for package, names in patterns.items():
        packed |= {path for name in names for path in folder_of(package).glob(name)}
    there = {path for path in files() if path.suffix not in (".py", ".pyc") and path.relative_to(ROOT).parts[0] in CODE}
    assert there <= packed


# --- no address that nobody answers (names in .example, which are kept free for tests, aside), no path of one machine ---

HOME = re.compile(r"(?<![\w.~-])/(?:root|home|work|Users)/\w+")
PLACES = (  # what addresses in our files may begin with: names in XML, licences, and sources that are cited
    "www.w3.org/", "purl.org/dc/", "creativecommons.org/", "doi.org/10.24432/C50P49", "matplotlib.org/", "127.0.0.1",
    "github.com/karpathy/micrograd",
)  # fmt: skip


def test_no_file_names_a_path_of_one_machine_or_an_address_that_was_made_up():
    for path in files():
        if path.suffix in TEXTS and path != Path(__file__):
            text = path.read_text(encoding="utf-8")
            assert not HOME.search(text), path
            addresses = re.findall(r"https?://(?!\w+\.example/)([\w.][^\s\"'<>)`,\\]*)", text)
            assert [address for address in addresses if not address.startswith(PLACES)] == [], path


# --- CONTRIBUTING ---

GUIDE = re.sub(r"^   ", "", read("CONTRIBUTING.md"), flags=re.MULTILINE)  # a block that belongs to a step is indented
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
ROW, ORACLE, *EXAMPLES = [place for place, (language, _) in enumerate(BLOCKS) if language == "python"]


def python(code, *words):
    """What a program prints, run where the lessons are."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT / "notebooks", capture_output=True, text=True, encoding="utf-8",
        env={"PATH": "", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}, timeout=120,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize("place", EXAMPLES)
def test_an_example_prints_what_is_shown(place):
    assert python(BLOCKS[place][1]) == BLOCKS[place + 1][1]


TRY = """
import sys
sys.path.insert(0, "../tests/engine")
import engine.ops
exec(sys.argv[1], vars(engine.ops))
import oracles
oracles.ORACLES |= eval(sys.argv[2], vars(oracles))
import pytest
print("status", pytest.main(["-k", "versin", "../tests/engine/test_table.py", "../tests/engine/test_digits.py"]))
"""


def test_the_row_passes_the_tests_of_the_table():
    said = python(TRY, BLOCKS[ROW][1], BLOCKS[ORACLE][1])
    assert "status ExitCode.OK" in said or "status 0" in said, said


def test_every_file_that_is_named_is_there():
    for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "MANIFEST.in"):
        named = re.findall(r"`((?:\.ci|chainrule|docs|engine|nn|notebooks|tests|viz)/[\w/.]*)`", read(name))
        assert [path for path in named if not (ROOT / path).exists()] == []
