"""The lessons run from top to bottom, as a student runs them who has put a guess into every cell that asks for one."""

from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
PROMPT = "guess = None"


def load(path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_with_the_guesses_filled_in(path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOKS.parent))
    lesson = load(path)
    asked = [cell for cell in lesson.cells if cell.source.startswith(PROMPT)]
    for cell in asked:
        cell.source = cell.source.replace(PROMPT, "guess = 1")
    NotebookClient(lesson, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    outputs = [output for cell in lesson.cells for output in cell.get("outputs", [])]
    printed = "".join(output["text"] for output in outputs if output.get("name") == "stdout")
    assert printed.count("It is ") == len(asked) > 0
    assert "First your prediction" not in printed


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_committed_without_answers(path):
    for cell in load(path).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_prediction_is_followed_by_its_answer(path):
    code = [cell.source for cell in load(path).cells if cell.cell_type == "code"]
    for cell, following in pairwise(code):
        if cell.startswith(PROMPT):
            assert "reveal(" in following


def test_reveal_waits_for_a_guess_and_then_says_how_far_off_it_is(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(NOTEBOOKS))
    from lesson import reveal

    reveal(6.0, None)
    assert "6" not in capsys.readouterr().out
    reveal(6.0, 9)
    assert "It is 6. Your guess 9 is off by 3." in capsys.readouterr().out
    reveal(6.0, 6)
    assert capsys.readouterr().out == "Yes. It is 6.\n"
    reveal("seven", "eight")
    assert "It is seven." in capsys.readouterr().out
