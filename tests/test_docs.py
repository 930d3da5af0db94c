"""What the documentation shows is what happens, every public name is in it, and the site builds without a network."""

import ast
import importlib
import re
import subprocess
import sys

import pytest
from shown import PAGES, README, ROOT, programs, run_command, run_program, sessions, words_of

DOCS = ROOT / "docs"
ALL = [README, *PAGES]
ROOMS = ("engine", "nn", "viz")


def params(examples):
    return [pytest.param(example, id=example.name) for example in examples]


@pytest.mark.parametrize("example", params(x for page in ALL for x in programs(page)))
def test_a_program_prints_what_is_shown(example, tmp_path):
    printed = run_program(example.text, tmp_path)
    if example.broken:
        assert words_of(printed) == words_of(example.printed)
    else:
        assert printed == example.printed


@pytest.mark.parametrize("example", params(x for page in ALL for x in sessions(page)))
def test_a_command_prints_what_is_shown(example, tmp_path):
    assert run_command(example.text, tmp_path) == example.printed


def test_chainrules_column_of_the_cheat_sheet_runs_from_top_to_bottom(tmp_path):
    """Each piece of code in it, after the page's first program."""
    page = DOCS / "cheatsheet.md"
    rows = re.findall(r"^\|(.+)\|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    cells = [re.findall("`([^`]+)`", row.split("|")[1]) for row in rows]
    pieces = [piece for cell in cells for piece in cell]
    assert len(pieces) > 40
    first = next(programs(page))
    assert "ran to the end" in run_program("\n".join([first.text, *pieces, "print('ran to the end')"]), tmp_path)


# --- the reference ---


def documented():
    """The names in the directives: engine.grad, nn.optim.SGD, ..."""
    found = []
    for page in PAGES:
        found += re.findall(r"\.\. (?:auto(?!module)\w+|py:function):: ([\w.]+)", page.read_text(encoding="utf-8"))
    return found


def public(room):
    """The names that a room's table of contents imports from its files, except the rows, which have a page of their own."""
    import engine

    for name in ("__init__.py", "contents.py", "plots/__init__.py"):
        path = ROOT / room / name
        if path.exists():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level == 1:
                    yield from (x.name for x in node.names if x.name not in ("*", "contents") and x.name not in engine.TABLE)


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_in_the_reference_once(room):
    module = importlib.import_module(room)
    known = documented()
    assert len(known) == len(set(known))
    constants = {"TABLE", "ELEMENTWISE"}  # dictionaries, which speak for themselves
    modules = {name for name in public(room) if type(getattr(module, name)) is type(module)}
    listed = {"compiler", "micrograd", "init", "losses", "optim", "reading", "stopping"}
    assert modules <= listed, "what is in them is listed name by name"
    missing = [name for name in public(room) if name not in constants | modules and f"{room}.{name}" not in known]
    assert missing == []


def test_every_folder_has_its_reading_order():
    """The table of a folder's files is made from the source, and has every file; only the folder must be named."""
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    listed = set(re.findall(r"^```\{files\} (\S+)", pages, re.MULTILINE))
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if not path.name.startswith("__")]
    assert listed == {str(path.parent.relative_to(ROOT)) for path in files}


def test_every_operation_has_its_row_in_the_page_of_operations(site):
    from engine import TABLE

    html = (site / "operations.html").read_text(encoding="utf-8")
    assert [name for name in TABLE if f">{name}</span>" not in html] == []
    assert html.count("<math") > 2 * len(TABLE)


# --- pictures ---


def test_every_picture_that_is_shown_is_there():
    shown = [(page, path) for page in PAGES for path in re.findall(r"!\[[^]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))]
    assert len(shown) >= 3
    for page, path in shown:
        assert (page.parent / path).stat().st_size > 1000


def test_the_picture_is_the_one_that_the_command_draws_and_shows_the_numbers_of_the_sweep():
    from engine import parse
    from viz import draw

    f = parse("v = x**2; u = v*y; u/z", x=3, y=4, z=2)
    f.backward()
    assert (ROOT / "pictures" / "graph.dot").read_text(encoding="utf-8") == draw(f).dot
    picture = (ROOT / "pictures" / "graph.svg").read_text(encoding="utf-8")
    for number in ("12", "4.5", "-9", "36", "0.5", "18"):
        assert f">{number}<" in picture.replace("&#45;", "-") or f">∂ {number}<" in picture.replace("&#45;", "-")


# --- the site ---


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    for package in ("sphinx", "myst_parser", "furo"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f'the site is built where {package} is installed: pip install ".[docs]"')
    folder = tmp_path_factory.mktemp("site")
    words = ["-W", "--keep-going", "-q", "-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *words],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_the_site_is_built_without_a_warning_and_every_page_is_in_it(site):
    pages = {path.relative_to(DOCS).with_suffix(".html") for path in PAGES}
    assert pages <= {path.relative_to(site) for path in site.rglob("*.html")}


LOADS = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)[^>]+(?:src|data)=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link[^>]+rel=["']?(?:stylesheet|preload|preconnect|icon)[^>]+href=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link[^>]+href=["']?(?:https?:)?//[^"'\s>]+[^>]+rel=["']?(?:stylesheet|preload|preconnect|icon)"""
    r"""|@import[^;]+//[^;]+|url\(["']?(?:https?:)?//[^)]+""",
    re.IGNORECASE,
)


def test_nothing_in_the_site_is_loaded_from_elsewhere(site):
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        assert LOADS.findall(path.read_text(encoding="utf-8")) == [], path.name


@pytest.mark.parametrize("text", [
    '<script src="https://cdn.example/mathjax.js">', "<img src=//a.example/b.png>", "@import url('https://fonts.example/x.css');",
    '<link href="https://fonts.example/css" rel="stylesheet">', '<link rel="stylesheet" href="https://fonts.example/css">',
])  # fmt: skip
def test_what_is_loaded_from_elsewhere_would_be_found(text):
    assert LOADS.search(text)


# --- what the tests above rely on ---


def test_a_page_is_read_as_its_rules_say(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nprint(1)\n```\n\n```\n1\n```\n\n```python\nraise ValueError('no')\n```\n\n```text\nValueError:\nno\n```\n\n"
        "```python\npass\n```\nand then\n\n```\nsomething else\n```\n\n```console\n$ python -c 2\n$ python -V\nPython\n```\n",
        encoding="utf-8",
    )
    shown, wrong, silent = programs(page)
    assert (shown.text, shown.printed, shown.broken) == ("print(1)\n", "1\n", False)
    assert (wrong.printed, wrong.broken) == ("ValueError:\nno\n", True)
    assert words_of(run_program(wrong.text, tmp_path)) == "ValueError: no"
    assert (silent.text, silent.printed) == ("pass\n", "")
    assert [(x.text, x.printed) for x in sessions(page)] == [("python -c 2", ""), ("python -V", "Python\n")]


def test_docstrings_get_their_markup(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "extensions"))
    from docstrings import marked_up

    assert marked_up(["2*x of `f(x)`, then:", "    y = x**2", "", "    z = y"]) == [
        r"2\*x of ``f(x)``, then:", "", "::", "", "        y = x**2", "", "        z = y", "",
    ]  # fmt: skip
    columns = ["``lr``", "    how far, at", "    most", "``eps``", r"    *a* number".replace("*", r"\*"), ""]
    assert marked_up(["lr    how far, at", "      most", "eps   *a* number"]) == columns
    assert marked_up(["  lr    how far, at", "        most", "  eps   *a* number"]) == columns
    grammar = ["    leaf := input      what comes", "          | constant   what stays"]
    assert marked_up(grammar) == ["::", "", *(f"    {line}" for line in grammar), ""]
