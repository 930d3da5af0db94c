"""What README shows is what happens: each block of code is run and its output compared."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run(command, *arguments):
    done = subprocess.run(
        [sys.executable, *command, *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
        env={"PATH": "", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}, timeout=120,
    )  # fmt: skip
    return done.stdout + done.stderr


def sessions():
    """Each command of the console blocks with the lines that follow it."""
    for language, text in BLOCKS:
        if language == "console":
            for part in text.split("$ ")[1:]:
                command, _, output = part.partition("\n")
                yield pytest.param(command, output, id=command)


@pytest.mark.parametrize(("command", "output"), list(sessions()))
def test_a_command_prints_what_readme_shows(command, output):
    python, *arguments = shlex.split(command)
    assert python == "python"
    assert run(arguments) == output


EXAMPLES = [place for place, (language, _) in enumerate(BLOCKS) if language == "python"]


@pytest.mark.parametrize("place", EXAMPLES)
def test_a_python_example_prints_what_readme_shows(place):
    assert run(["-c", BLOCKS[place][1]]) == BLOCKS[place + 1][1]


def test_the_commands_to_begin_with_are_the_ones_that_exist():
    (shell,) = [text for language, text in BLOCKS if language == "sh"]
    commands = [line.split("#")[0].strip() for line in shell.splitlines()]
    assert commands[0] == "pip install . && python -m engine"
    assert commands[1] == 'pip install ".[test]" && pytest'
    checked = [line.replace("--quiet ", "") for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    install, test = commands[1].split(" && ")
    assert checked.index(install) < checked.index(test), "what .ci/run runs is what README says"


def test_the_picture_is_the_one_that_the_command_draws_and_shows_the_numbers_of_the_sweep():
    from engine import parse
    from viz import draw

    f = parse("v = x**2; u = v*y; u/z", x=3, y=4, z=2)
    f.backward()
    assert (ROOT / "pictures" / "graph.dot").read_text(encoding="utf-8") == draw(f).dot
    picture = (ROOT / "pictures" / "graph.svg").read_text(encoding="utf-8")
    for number in ("12", "4.5", "-9", "36", "0.5", "18"):
        assert f">{number}<" in picture.replace("&#45;", "-") or f">∂ {number}<" in picture.replace("&#45;", "-")


def test_every_picture_that_readme_shows_is_there():
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(shown) == 3
    for path in shown:
        assert (ROOT / path).stat().st_size > 1000


def test_every_file_of_the_reading_order_exists_and_none_is_forgotten():
    listed = set(re.findall(r"`(engine/[\w/]+\.py)`", README))
    files = [path for path in (ROOT / "engine").rglob("*.py") if path.parent.name != "compiler" and path.name[0] != "_"]
    rooms = {str(path.relative_to(ROOT)) for path in files}
    assert {name for name in listed if "compiler" not in name} <= rooms
    assert rooms - listed <= {"engine/interpreter.py", "engine/functions.py", "engine/say/layout.py", "engine/say/export.py"}
