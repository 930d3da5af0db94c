"""The lessons run as students run them: from top to bottom with a guess wherever one is asked for, and some cells twice."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from nn.questions import QUESTIONS, ask

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
SPOT = "06b_spot_the_error"
PROMPT = "guess = None"
CLOCK = re.compile(r"history\.time|\beager\b")  # the cells whose output depends on how fast the machine is

# Put before the first cell. Whatever answer a question has when the lesson is run for the first time is the guess from then on.
STUDENT = """
import lesson as _lesson
_known = {}


def _at(place):
    def reveal(answer, guess=None, **accepts):
        right = "only if" if isinstance(answer, dict) else getattr(answer, "letter", answer)
        _lesson.reveal(answer, _known.setdefault(place, right), **accepts)

    return reveal
"""


def load(path):
    return nbformat.read(path, as_version=4)


def shown(cell):
    """What a cell shows: its printed text, and its pictures."""
    return "".join(output["text"] if "text" in output else str(output.get("data", output)) for output in cell.outputs)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_and_shows_the_same_however_often_a_cell_is_run(path, monkeypatch):
    """Once from top to bottom, then again with each cell twice in a row: no right guess is ever called wrong."""
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOKS.parent))
    lesson = load(path)
    code = [cell.source for cell in lesson.cells if cell.cell_type == "code"]
    errors = [cell.metadata.get("tags") for cell in lesson.cells if cell.cell_type == "code"]
    places = [*range(len(code)), *(place for place in range(len(code)) for _ in range(2))]
    runs = [
        nbformat.v4.new_code_cell(f"reveal = _at({place})\n{code[place].replace('from lesson import reveal', 'pass')}")
        for place in places
    ]
    lesson.cells = [nbformat.v4.new_code_cell(STUDENT), *runs]
    NotebookClient(lesson, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    for place, cell in zip(places, runs):
        if "reveal(" in code[place]:
            assert shown(cell).count("Yes. It is ") == 1, code[place]
        if path.stem == SPOT and "reveal(" in code[place]:
            assert shown(cell).endswith("Yes. It is true.\n") == (not errors[place]), code[place]
        if not CLOCK.search(code[place]):
            assert shown(cell) == shown(runs[place]), code[place]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_committed_without_answers(path):
    for cell in load(path).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_prediction_is_followed_by_its_answer(path):
    code = [cell.source for cell in load(path).cells if cell.cell_type == "code"]
    assert any(cell.startswith(PROMPT) for cell in code)
    for cell, following in pairwise(code):
        assert ("reveal(" in following) == cell.startswith(PROMPT) or "check(" in following


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_says_what_it_is_for_and_how_long_it_takes_and_ends_with_questions_for_later(path):
    cells = load(path).cells
    assert "you will be able to" in " ".join(cells[0].source.split())
    assert re.search(r"[Ii]t takes (about )?\d\d minutes", " ".join(cells[0].source.split()))
    later = cells[-1].source.partition("**For later.**")[2]
    assert re.findall(r"^(\d)\. (Tomorrow|In a week|In a month)\b.*[?.]$", later, re.MULTILINE) == [
        ("1", "Tomorrow"), ("2", "In a week"), ("3", "In a month"),
    ]  # fmt: skip


def test_every_question_of_the_quiz_is_asked_in_its_lesson():
    for question in QUESTIONS:
        [path] = NOTEBOOKS.glob(f"{question.lesson:0>2}_*.ipynb")
        assert any(cell.source == f'reveal(ask("{question.name}"), guess)' for cell in load(path).cells), question.name


# --- reveal: what a question accepts ---

@pytest.fixture
def answered(monkeypatch, capsys):
    """What `reveal` prints."""
    monkeypatch.syspath_prepend(str(NOTEBOOKS))
    from lesson import reveal

    def said(answer, guess, **accepts):
        reveal(answer, guess, **accepts)
        return capsys.readouterr().out

    return said


def test_it_waits_for_a_guess_and_then_says_how_far_off_it_is(answered):
    asked = "First your prediction: put it in place of None in the cell above, then run both cells again."
    assert answered(6.0, None) == f"{asked}\n"
    assert "It is 6. Your guess 9 is off by 3." in answered(6.0, 9)
    assert answered(6.0, 6) == "Yes. It is 6.\n"
    assert answered(77, None, within=10) == f"{asked} Within 10 is good.\n"


ACCEPTED = [  # the answer, a guess that is right, what the question accepts
    (77, 70, {"within": 10}),
    (77, 87, {"within": 10}),
    (0.92, 0.9, {"within": 0.03}),
    (18, 20, {"within": 5}),
    (3.51e-5, 1e-5, {"factor": 10}),
    (3.51e-5, "1e-4", {"factor": 10}),
    ((2, 3), "2 3", {}),
    ((2, 3), "2, 3", {}),
    ((2, 3), (2, 3), {}),
    ((2, 3), [2, 3], {}),
    ((2, 3), "(2, 3)", {}),
    ((2, 3), "2x3", {}),
    ({1, 8}, "8 1", {}),
    ({1, 8}, (1, 8), {}),
    (-9.0, -1, {"sign": True}),
    (-9.0, -9, {"sign": True}),
    (-9.0, "-", {"sign": True}),
    (-9.0, "−", {"sign": True}),
    (4.5, "positive", {"sign": True}),
    (-9.0, "-36/4", {}),
    (-9.0, "−9", {}),
    (0.5, "1/2", {}),
    (2 / 3, 0.67, {}),
    (2 / 3, 0.667, {}),
    (0.978261, 0.98, {}),
    (0.025, "0.025", {}),
    (1135, 1135, {}),
    ("true", True, {"choices": ("true", "false", "only if")}),
    ("only if", "Only if ...", {"choices": ("true", "false", "only if")}),
    ("false", "f", {"choices": ("true", "false", "only if")}),
    (True, True, {}),
    (True, "true", {}),
    (np.bool_(False), "False", {}),
    ({"under >=": True, "under >": False}, "only if", {}),
    ({"under >=": True, "under >": False}, "true only if", {}),
    (ask("xor"), ask("xor").letter, {}),
    (ask("xor"), f"{ask('xor').letter.upper()})", {}),
]
REFUSED = [
    (77, 88, {"within": 10}),
    (0.92, 0.8, {"within": 0.03}),
    (3.51e-5, 1e-3, {"factor": 10}),
    (3.51e-5, -3.51e-5, {"factor": 10}),
    (3.51e-5, 0, {"factor": 10}),
    ((2, 3), "3 2", {}),
    ((2, 3), "2 3 1", {}),
    ({1, 8}, "1 7", {}),
    (-9.0, 9, {"sign": True}),
    (-9.0, 0, {"sign": True}),
    (-9.0, 9, {}),
    (-9.0, -9.01, {}),
    (0.5, 0.51, {}),
    (2 / 3, 0.7, {}),
    (2 / 3, 0.66, {}),
    (1135, 1136, {}),
    (0.978261, 0.97, {}),
    ("true", False, {"choices": ("true", "false", "only if")}),
    (True, "only if", {}),
    (False, True, {}),
    ({"under >=": True, "under >": False}, "true", {}),
    (ask("xor"), min(set("abcd") - {ask("xor").letter}), {}),
]


@pytest.mark.parametrize(("answer", "guess", "accepts"), ACCEPTED)
def test_a_question_takes_what_it_says_it_takes(answered, answer, guess, accepts):
    assert answered(answer, guess, **accepts).startswith("Yes. It is ")


@pytest.mark.parametrize(("answer", "guess", "accepts"), REFUSED)
def test_a_question_refuses_what_is_wrong(answered, answer, guess, accepts):
    assert answered(answer, guess, **accepts).startswith("Not quite: look again at how it comes about. It is ")


@pytest.mark.parametrize(("answer", "guess", "accepts", "wanted"), [
    (6.0, "six", {}, "a number"),
    (6.0, "1/0", {}, "a number"),
    ((2, 3), "two", {}, 'whole numbers such as "2 3" or (2, 3)'),
    (-9.0, "down", {"sign": True}, "a sign: + or -, 1 or -1"),
    ("true", "maybe", {"choices": ("true", "false", "only if")}, "one of true, false, only if"),
    (True, 1.5, {}, "one of true, false, only if"),
    (ask("xor"), "e", {}, "one of the letters a to d"),
])  # fmt: skip
def test_what_is_no_answer_at_all_is_not_called_wrong(answered, answer, guess, accepts, wanted):
    assert answered(answer, guess, **accepts) == f"{guess!r} is not an answer to this question; give {wanted}.\n"


def test_a_statement_that_depends_says_for_which_cases(answered):
    assert answered({"under >=": True, "under >": False}, "only if") == "Yes. It is true under >=, false under >.\n"


def test_a_wrong_choice_is_explained_and_so_is_the_right_one(answered):
    question = ask("and")
    wrong = next(option for option in question.options if option != question.right)
    said = answered(question, "abcd"[question.options.index(wrong)])
    assert f"It is {question.letter}) w = (1, 1), b = -1.5. Only 1 + 1" in said and wrong.why in said


def test_a_sign_does_not_give_the_number_away(answered):
    assert answered(-9.0, 1, sign=True) == "Not quite: look again at how it comes about. It is negative (-).\n"
    assert answered(-9.0, -1, sign=True) == "Yes. It is negative (-).\n"


def test_a_question_that_cannot_be_answered_is_refused(answered):
    with pytest.raises(ValueError, match="none of the choices true, false"):
        answered("yes", None, choices=("true", "false"))


def test_a_wrong_derivative_gets_the_slip_that_leads_to_it(answered, monkeypatch):
    import engine

    class Found:
        right = False
        why = "9 is what one gets if the minus of the quotient rule is left out."

    asked = []
    monkeypatch.setattr(engine, "diagnose", lambda *question: asked.append(question) or Found, raising=False)
    f = engine.parse("u/z", u=36, z=2)
    z = f.inputs["z"]
    assert answered(-9.0, 9, of=f, wrt=z).splitlines() == [
        "Not quite: look again at how it comes about. It is -9. Your guess 9 is off by 18.", Found.why,
    ]  # fmt: skip
    assert asked == [(f, z, "9")]
    assert answered(-9.0, -9, of=f, wrt=z) == "Yes. It is -9.\n"
    assert len(asked) == 1


# --- the lesson of errors ---

def test_there_are_as_many_true_statements_as_errors():
    """Else "false" would always be a good guess. What is an error has the numbers of its detectors as tags."""
    cells = load(NOTEBOOKS / f"{SPOT}.ipynb").cells
    asked = [cell for cell in cells if cell.cell_type == "code" and "reveal(" in cell.source]
    errors = [cell for cell in asked if cell.metadata.get("tags")]
    assert len(errors) == len(asked) - len(errors) == 32
