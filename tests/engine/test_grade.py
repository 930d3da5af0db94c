"""python -m engine --grade: points with reasons, and nothing that was handed in is lost."""

import csv
import io
from types import SimpleNamespace

import pytest

from engine import parse
from engine.command import grade as grading
from engine.command.main import main
from engine.graph import Graph

RUBRIC = """
expression = "v = x**2; u = v*y; u/z"
values = { x = 3, y = 4, z = 2 }

[points]
"∂f/∂x" = 2
"∂f/∂z" = 2
"df/dv" = 1
v = 1
"""


OVERRIDE = """
[override.ada]
"∂f/∂z" = [2, "the minus is on the paper"]
v = 0.5
"∂f/∂q" = 1
"∂f/∂y" = 1

[override.zoe]
v = 1
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a rubric; call it with more files."""
    place = tmp_path / "answers"
    place.mkdir()

    def write(rubric=RUBRIC, **files):
        (place / "rubric.toml").write_text(rubric, encoding="utf-8")
        for name, text in files.items():
            content = text if isinstance(text, bytes) else text.encode()
            (place / f"{name}.txt").write_bytes(content)
        return place

    return write


@pytest.fixture
def table(capsys):
    """The rows that the command prints, as dictionaries."""

    def call(place, *words):
        status = main(["--grade", str(place), *words])
        out, err = capsys.readouterr()
        assert (status, err) == (0, "")
        return list(csv.DictReader(io.StringIO(out)))

    return call


@pytest.fixture
def complaint(capsys):
    """What the command says to what it cannot do."""

    def call(*words):
        status = main(list(words))
        out, err = capsys.readouterr()
        assert (status, out) == (2, "")
        return err.strip()

    return call


def of(rows, student):
    return {row["question"]: (row["points"], row["of"], row["reason"]) for row in rows if row["student"] == student}


def test_points_with_a_reason_for_each(folder, table):
    rows = table(folder(ada="v = 9\n∂f/∂v = 2\ndf/dz = -36/4\n∂f/∂x = 12.0\n", bob="v = 9\n∂f/∂z = 9\n"))
    assert [row["question"] for row in rows if row["student"] == "ada"] == ["v", "∂f/∂z", "df/dv", "∂f/∂x", "sum"]
    assert of(rows, "ada")["sum"] == ("6", "6", "")
    assert of(rows, "ada")["∂f/∂z"] == ("2", "2", "right")
    assert of(rows, "bob")["∂f/∂z"] == ("0", "2", "Everything but the sign is right.")
    assert of(rows, "bob")["∂f/∂x"] == ("0", "2", "no answer")
    assert of(rows, "bob")["sum"] == ("1", "6", "")


def test_one_early_error_costs_its_points_once(folder, table):
    rows = table(folder(ada="∂f/∂x = 18\nv = 9\n∂f/∂v = 3\n∂f/∂z = -9\n"))
    assert of(rows, "ada")["∂f/∂x"] == ("2", "2", "Right, given your ∂f/∂v = 3.")
    assert of(rows, "ada")["sum"][0] == "5"


def test_a_part_of_the_points_where_the_rubric_says_so(folder, table):
    rows = table(folder(RUBRIC + "\n[partial]\nsign = 0.5\nclose = 1\n", ada="∂f/∂z = 9\n∂f/∂x = 12.1\n"))
    assert of(rows, "ada")["∂f/∂z"] == ("1", "2", "Everything but the sign is right. (50 % by the rubric.)")
    assert of(rows, "ada")["∂f/∂x"][0] == "2"


def test_the_grader_decides_in_the_end(folder, table):
    rows = table(folder(RUBRIC + OVERRIDE, ada="∂f/∂z = 9\nv = 9\n"))
    found = of(rows, "ada")
    assert found["∂f/∂z"] == ("2", "2", "override: the minus is on the paper")
    assert found["v"] == ("0.5", "1", "override (without it: right)")
    assert found["sum"][0] == "2.5"
    assert "override not applied: There is no '∂f/∂q'" in found["∂f/∂q"][2]
    assert found["y"][2] == "override not applied: it is not asked for"
    assert of(rows, "zoe")[""][2] == "has an override in the rubric, but no file"


BAD = {
    "v = 9,0": "'9,0' has a decimal comma; write a point: 9.0",
    "v = nine": "'nine' is not a number",
    "v =": "no answer",
    "hello": "it is not a line such as ∂f/∂x = 12",
    "∂f/∂q = 3": "There is no '∂f/∂q' in the graph of f",
    "∂f/∂y = 4.5": "it is not asked for",
    "= 9": "There is no ''",
    "v = 1/0": "divides by zero",
}


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_cannot_be_read_has_a_row_with_the_reason(folder, table, line):
    rows = table(folder(ada=f"{line}\n∂f/∂x = 12\n"))
    assert any(BAD[line] in row["reason"] for row in rows)
    assert of(rows, "ada")["∂f/∂x"][2] == "right", "and the next line counts"


def test_a_file_that_cannot_be_read_has_a_row_and_its_override_counts(folder, table):
    place = folder(RUBRIC + "\n[override.cyd]\nv = 1\n", ada="v = 9", cyd=b"\xff\xfe\x00", dan="x" * 200_000)
    (place / "essay.docx").write_bytes(b"PK")
    (place / "eva.txt").mkdir()
    rows = table(place)
    assert of(rows, "cyd")[""][2] == "not read: the file is not UTF-8 text"
    assert of(rows, "cyd")["sum"][0] == "1"
    assert "more than 100000 bytes" in of(rows, "dan")[""][2]
    assert of(rows, "eva")[""][2] == "not read: it is not a file"
    assert "not read: answers are in a file such as ada.txt" in of(rows, "essay.docx")[""][2]
    assert of(rows, "ada")["v"][0] == "1"


def test_a_later_line_replaces_an_earlier_one_and_both_are_kept(folder, table):
    rows = table(folder(ada="v = 8\nv = 9  # I looked again\n"))
    mine = [(row["answer"], row["reason"]) for row in rows if row["question"] == "v"]
    assert mine == [("9", "right"), ("8", "replaced by a later line")]


def test_windows_files_are_read(folder, table):
    rows = table(folder(ada="\ufeffv = 9\r\n\r\n# a remark\r\n∂f/∂x = 12\r\n".encode()))
    assert of(rows, "ada")["sum"][0] == "3"


@pytest.mark.parametrize("typed", ['=HYPERLINK("x")', "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3+cmd"])
def test_nothing_that_was_handed_in_becomes_a_formula(folder, table, typed):
    rows = table(folder(ada=f"v = {typed}\n{typed}\n"))
    cells = [cell for row in rows for cell in row.values()]
    assert any(typed in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_without_points_every_input_is_asked_for(folder, table):
    rows = table(folder('expression = "x**2*y"\nvalues = { x = 3, y = 4 }\n', ada="∂f/∂x = 24\ndf/dy = 9"))
    assert of(rows, "ada")["sum"][:2] == ("2", "2")


def test_it_writes_the_table_whole(folder, tmp_path, capsys):
    place = folder(ada="v = 9", bob="v = 8")
    target = tmp_path / "points.csv"
    assert main(["--grade", str(place), "-o", str(target)]) == 0
    assert capsys.readouterr().out.strip() == f"{target}: 2 students, 10 rows."
    text = target.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf"), "which tells a spreadsheet that it is UTF-8"
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert of(rows, "ada")["v"] == ("1", "1", "right")


def test_a_table_in_the_folder_is_not_an_answer_the_next_time(folder, capsys):
    place = folder(ada="v = 9")
    for _ in range(2):
        assert main(["--grade", str(place), "-o", str(place / "points.csv")]) == 0
    assert "not read" not in (place / "points.csv").read_text(encoding="utf-8-sig")
    assert sorted(path.name for path in place.iterdir()) == ["ada.txt", "points.csv", "rubric.toml"]
    capsys.readouterr()


# --- an exercise for each student ---

def drawn(level, seed):
    """What a generator of exercises gives: another point for each seed."""
    graph = Graph(parse("x*y", x=float(seed), y=3.0))
    return SimpleNamespace(graph=graph, asked=graph.inputs)


def test_each_student_has_the_exercise_of_their_seed(folder, table, monkeypatch):
    monkeypatch.setattr(grading, "exercise_drawer", lambda: drawn)
    rubric = 'level = "product"\n[seeds]\nada = 7\nbob = 8\neve = "x"\n'
    rows = table(folder(rubric, ada="∂f/∂y = 7\n∂f/∂x = 3", bob="∂f/∂y = 7\n", cyd="∂f/∂y = 7", eve="∂f/∂y = 7"))
    assert of(rows, "ada")["sum"][0] == "2"
    assert of(rows, "bob")["∂f/∂y"][0] == "0"
    assert of(rows, "cyd")[""][2] == "not graded: the rubric has no seed for cyd: write cyd = 7 under [seeds]"
    assert of(rows, "bob")["∂f/∂x"][2] == "no answer"
    assert "no seed for eve" in of(rows, "eve")[""][2]


def test_rounded_numbers_are_right_in_an_exercise(folder, table, monkeypatch):
    monkeypatch.setattr(grading, "exercise_drawer", lambda: drawn)
    rows = table(folder('level = "product"\n[seeds]\nada = 7\n', ada="∂f/∂x = 3.02"))
    assert of(rows, "ada")["∂f/∂x"][0] == "1"


# --- mistakes in what the grader wrote ---

RUBRICS = {
    "": "has to have either expression",
    'expression = "x*y"\nlevel = "product"': "has to have either expression",
    "expression = 3": "expression is not a key that it can have with this value",
    'expression = "x*y"\npoint = 3': "point is not a key",
    'expression = "x*y': "cannot be read as TOML",
    'expression = "x*y"\nvalues = { x = 3 }': "y has no value",
    'expression = "x*y"\nvalues = { x = 3, y = "4" }': "values.y = '4' has to be a number",
    'expression = "x*y"\nvalues = { x = 3, y = 4 }\n[points]\n"∂f/∂z" = 1': "There is no '∂f/∂z'",
    'expression = "x*y"\nvalues = { x = 3, y = 4 }\n[points]\nx = true': "points.x = True has to be a number",
    'expression = "x*y"\nvalues = { x = 3, y = 4 }\n[override]\nada = 3': "override.ada has to be a table",
    'expression = "x*y"\nvalues = { x = 3, y = 4 }\n[override.ada]\nx = "a"': "has to be a number",
    'expression = "x/y"\nvalues = { x = 3, y = 0 }': "divides by zero",
}


@pytest.mark.parametrize("rubric", RUBRICS, ids=range(len(RUBRICS)))
def test_a_mistake_in_the_rubric_is_said_once(folder, complaint, rubric):
    said = complaint("--grade", str(folder(rubric, ada="x = 3", bob="x = 3")))
    assert RUBRICS[rubric] in said and "Traceback" not in said
    assert len(said.split("\n")) <= 3


def test_what_is_missing_is_said(folder, complaint, tmp_path):
    assert "is not a folder" in complaint("--grade", str(tmp_path / "nowhere"))
    assert "There is no rubric.toml in" in complaint("--grade", str(tmp_path))
    assert "There are no answers in" in complaint("--grade", str(folder()))
    place = folder(ada="v = 9")
    assert "-o is where --grade writes" in complaint("-o", "points.csv")
    assert "would write among the answers" in complaint("--grade", str(place), "-o", str(place / "ada.txt"))
    assert "goes with -o alone, not with expression" in complaint("--grade", str(place), "x*y")
    assert "goes with -o alone, not with ask" in complaint("--grade", str(place), "--ask")
    assert "Cannot write" in complaint("--grade", str(place), "-o", str(tmp_path / "no" / "points.csv"))
    assert (place / "ada.txt").read_text() == "v = 9"
