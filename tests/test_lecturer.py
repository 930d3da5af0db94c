"""The lecturer's sheet: its commands do what they say, and lessons, questions and minutes are those that there are."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nn.command.table import DEMOS
from nn.questions import QUESTIONS

ROOT = Path(__file__).parents[1]
SHEET = (ROOT / "docs" / "lecturer.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`python -m ([^`]*)`", SHEET)))


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("nn ")])
def test_a_command_runs_and_writes_what_it_promises(command, tmp_path):
    words = shlex.split(command)
    there = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, env=there, capture_output=True, text=True,
                          encoding="utf-8", timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    if "-o" in words:
        assert (tmp_path / words[words.index("-o") + 1]).exists()


def test_every_demo_that_is_named_is_there():
    named = {command.split()[1] for command in COMMANDS if command.startswith("nn ")}
    assert named and named <= set(DEMOS)


def test_every_question_of_the_quiz_goes_with_a_lecture():
    column = " ".join(re.findall(r"(?:questions|quiz:) ([^|]*?)(?: of the quiz)? \|", SHEET))
    assert sorted(re.findall(r"`([^`]+)`", column)) == sorted(question.name for question in QUESTIONS)


def test_a_lesson_takes_as_long_as_it_says():
    for lesson, minutes in re.findall(r"(?<!section )(?<!and )\b(\d+) \((\d\d)\)", SHEET):
        [path] = (ROOT / "notebooks").glob(f"{lesson:0>2}_*.ipynb")
        assert re.search(rf"about\s+{minutes}\s+minutes", nbformat.read(path, as_version=4).cells[0].source), lesson
