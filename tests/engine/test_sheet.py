"""Worksheets: the same from the same seed, the same in every form, and their key is right."""

import re
import subprocess
import sys
from argparse import Namespace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine import exercise, grad
from engine.command.main import report
from engine.command.sheet import MOST, chosen_exercises, in_html, in_latex, sheet
from engine.command.terminal import UsageError
from engine.instruments.drill import LEVELS
from engine.say.layout import Page

ROOT = Path(__file__).parents[2]


def lines(*words):
    return report(list(words), 80, ascii=False)


def test_a_sheet_goes_through_the_levels_in_their_order():
    levels = [given.level for given in chosen_exercises(12, 7, None)]
    assert levels == [name for name in LEVELS for _ in range(2)]
    assert {given.level for given in chosen_exercises(5, 7, "3")} == {"shared"}


def test_the_same_seed_gives_the_same_sheet_in_every_process():
    here = "\n".join(lines("--sheet", "12", "--seed", "7"))
    for hash_seed in ("1", "77"):
        done = subprocess.run(
            [sys.executable, "-m", "engine", "--sheet", "12", "--seed", "7"], cwd=ROOT, timeout=60, capture_output=True,
            encoding="utf-8", env={"PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        assert (done.stdout.rstrip("\n"), done.stderr) == (here, "")


def test_no_exercise_is_twice_on_a_sheet_and_sheets_have_none_in_common():
    points = [[(given.text, *given.at) for given in chosen_exercises(30, seed, "layers")] for seed in (7, 8)]
    assert len(set(points[0] + points[1])) == 60
    once = [(given.text, *given.at) for given in chosen_exercises(MOST, 3, "product")]
    assert len(set(once)) == MOST


def test_the_key_has_the_engines_derivatives():
    text = lines("--sheet", "12", "--seed", "3")
    key = " ".join(text[text.index("Key") :]).split("Again:")[:-1]
    for given, entry in zip(chosen_exercises(12, 3, None), key, strict=True):
        for node, slope in zip(given.asked, grad(given.output, given.asked), strict=True):
            name = re.escape(f"∂{given.graph.title}/∂{given.graph.names[node]}")
            shown = re.search(rf"{name}\s+=\s+(-?[\d.]+)", entry)
            assert float(shown[1]) == pytest.approx(slope, rel=5e-3)


def test_every_exercise_can_be_had_again_as_a_drill():
    text = "\n".join(lines("--sheet", "6", "--seed", "3"))
    again = re.findall(r"--drill (\d+) --level (\w+)", text)
    sheet_of = [(given.text, given.at) for given in chosen_exercises(6, 3, None)]
    assert [(exercise(level, int(seed)).text, exercise(level, int(seed)).at) for seed, level in again] == sheet_of


def test_the_answers_are_in_the_key_and_not_before_it():
    text = "\n".join(lines("--sheet", "10"))
    before, _, key = text.partition("\nKey\n")
    blanks = before.count("________")
    assert blanks == sum(1 + len(given.asked) for given in chosen_exercises(10, 0, None))
    assert "∂f/∂x = ________" in before and "________" not in key


class Tags(HTMLParser):
    """The tags of a page that are open, and those that were not closed in their order."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_is_one_file_that_prints_its_key_apart(tmp_path):
    path = tmp_path / "sheet.html"
    assert "12 exercises" in " ".join(" ".join(lines("--sheet", "12", "--seed", "7", "-o", str(path))).split())
    text = path.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.wrong) == ([], [])
    assert "<script" not in text and "http" not in text and "break-before: page" in text
    tasks, _, key = text.partition('<section class="key">')
    assert tasks.count("<li>") == key.count("<li>") == 12
    assert "w<sub>1</sub>" in text and "<script" not in text
    shown = "".join(re.findall(r">([^<]*)<", key))
    assert "∂f/∂x = " in shown


def test_latex_is_balanced_and_has_every_answer(tmp_path):
    exercises = chosen_exercises(12, 7, None)
    text = in_latex(exercises, "python -m engine --sheet 12 --seed 7")
    assert "\n".join(lines("--sheet", "12", "--seed", "7", "--latex")) == text
    depth = 0
    for sign in re.sub(r"\\[{}]", "", text):
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0 and text.count("$") % 2 == 0
    assert re.findall(r"\\begin\{(\w+\*?)\}", text).sort() == re.findall(r"\\end\{(\w+\*?)\}", text).sort()
    assert text.count(r"\left") == text.count(r"\right") and text.isascii()
    assert text.count(r"\begin{align*}") == 12


@pytest.mark.parametrize("ending", ["tex", "txt"])
def test_a_file_has_what_would_be_printed(ending, tmp_path):
    path = tmp_path / f"sheet.{ending}"
    lines("--sheet", "3", "-o", str(path))
    printed = lines("--sheet", "3", *["--latex"] * (ending == "tex"))
    assert path.read_text(encoding="utf-8") == "\n".join(printed) + "\n"


def test_html_is_escaped():
    given = chosen_exercises(1, 0, "product")
    assert "<b>&" not in in_html(given, "a < b") and "a &lt; b" in in_html(given, "a < b")


def test_a_narrow_ascii_page():
    text = sheet(Namespace(sheet=12, seed=7, level=None, output=None, latex=False), Page(40, ascii=True))
    assert "\n".join(text).isascii()
    assert max(map(len, text)) <= 48  # a word that is longer has a line to itself


@pytest.mark.parametrize("words, sentence", [
    (["--sheet", "0"], "a sheet has 1 to 100 exercises"), (["--sheet", "101"], "a sheet has 1 to 100 exercises"),
    (["--sheet", "3", "--seed", "-4"], "a seed is a whole number from 0 on"), (["--sheet", "3", "-o", "a.pdf"], "ends in .html"),
    (["--sheet", "3", "-o", "a.html", "--latex"], "ends in .tex"), (["--sheet", "3", "--quiet"], "leave --quiet out"),
    (["--sheet", "3", "x*y", "x=2", "y=1"], "leave x*y out"), (["--seed", "3"], "--seed goes with a worksheet"),
    (["-o", "a.html"], "-o is where --grade writes"), (["--sheet", "3", "--level", "9"], "There is no level '9'"),
    (["--sheet", "many"], "invalid int value"),
])  # fmt: skip
def test_what_cannot_be_a_sheet_is_said(words, sentence):
    with pytest.raises((UsageError, ValueError), match=re.escape(sentence)):
        report(words, 80, ascii=False)


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OSError, match="Cannot write"):
        lines("--sheet", "1", "-o", str(tmp_path / "missing" / "sheet.html"))
