"""python -m engine --grade folder/ -o points.csv: points for a folder of answers, each with its reason.

The folder has a rubric and a text file for each student. Every line of every file ends up in the table, with points or
with the reason why it has none; an answer that follows from wrong ones above it has its points. docs/diagnosis.md has
the two formats. Only files in the folder are read, and only the table is written.
"""

from __future__ import annotations

import csv
import io
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..files import write_whole
from ..graph import Graph
from ..instruments.diagnose import diagnose, node_called
from ..say.notation import partial, show
from .ask import part_of
from .expression import parse
from .terminal import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from ..instruments.verdict import Diagnosis
    from ..value import Value

RUBRIC = "rubric.toml"
COLUMNS = ("student", "question", "answer", "points", "of", "reason")
LARGEST = 100_000  # bytes of one student's file
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute
KEYS = {  # of the rubric, with what each has to be
    "expression": str, "values": dict, "points": dict, "partial": dict, "override": dict, "level": str, "seeds": dict,
}  # fmt: skip


class Row(NamedTuple):
    """A line of the table."""

    student: str
    question: str = ""
    answer: str = ""
    points: str = ""
    of: str = ""
    reason: str = ""


class Rubric:
    """What is asked for, how many points each answer has, and what the grader decided otherwise.

    points    for each question, ∂f/∂x or v, its points
    partial   for each kind or family of a wrong answer ("close", "sign") the share of the points that it still has
    override  for each student and question the points, or [points, "reason"]
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"There is no {RUBRIC} in {path.parent}: it says what is asked for (docs/diagnosis.md).") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} cannot be read as TOML: {error}.") from None
        for key, value in found.items():
            if not isinstance(value, KEYS.get(key, ())):
                known = ", ".join(KEYS)
                raise UsageError(f"{path}: {key} is not a key that it can have with this value; there are {known}.")
        self.text: str = found.get("expression", "")
        self.level: str = found.get("level", "")
        if bool(self.text) == bool(self.level):
            raise UsageError(f'{path} has to have either expression = "x**2*y/z" or level = "quotient", one of the two.')
        self.seeds: dict[str, Any] = found.get("seeds", {})
        self.values: dict[str, float] = {name: self._number(x, f"values.{name}") for name, x in found.get("values", {}).items()}
        self.points = {name: self._number(x, f"points.{name}") for name, x in found.get("points", {}).items()}
        self.partial = {name: self._number(x, f"partial.{name}") for name, x in found.get("partial", {}).items()}
        if self.level:  # an exercise may say to use rounded numbers
            self.partial.setdefault("close", 1.0)
        self.override: dict[str, dict[str, tuple[float, str]]] = {}
        for student, decided in found.get("override", {}).items():
            if not isinstance(decided, dict):
                raise UsageError(f'{path}: override.{student} has to be a table such as {{"∂f/∂x" = [1, "reason"]}}.')
            self.override[student] = {question: self._decision(x, question) for question, x in decided.items()}

    def _number(self, given: object, where: str) -> float:
        if isinstance(given, bool) or not isinstance(given, (int, float)):
            raise UsageError(f"{self.path}: {where} = {given!r:.40} has to be a number.")
        return float(given)

    def _decision(self, given: object, where: str) -> tuple[float, str]:
        points, reason = given if isinstance(given, list) and len(given) == 2 else (given, "")
        return self._number(points, f"the override of {where}"), str(reason)

    def task(self, student: str) -> tuple[Graph, list[Value]]:
        """The computation that a student was given, the same for all or an exercise from the student's seed; and the nodes whose
        derivatives are asked for unless the rubric says otherwise."""
        if self.text:
            graph = Graph(parse(self.text, **self.values))
            return graph, graph.inputs
        seed = self.seeds.get(student)
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise ValueError(f"the rubric has no seed for {student}: write {student} = 7 under [seeds]")
        drawn = exercise_drawer()(self.level, seed)
        return drawn.graph, list(drawn.asked)

    def questions(self, graph: Graph, asked: list[Value]) -> dict[tuple[Value, bool], tuple[str, float]]:
        """What is asked for, with its points: values in the order of the board, then gradients from the output backwards."""
        if not self.points:
            return {(x, False): (partial(graph.title, graph.names[x]).text, 1.0) for x in asked}
        found = {question_called(graph, name): (name, points) for name, points in self.points.items()}
        place = {node: i for i, node in enumerate(graph.order)}
        return dict(sorted(found.items(), key=lambda one: (0, place[one[0][0]]) if one[0][1] else (1, -place[one[0][0]])))


def exercise_drawer() -> Callable[[str, int], Any]:
    """The generator of exercises."""
    try:
        from ..instruments.drill import exercise  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError:
        raise UsageError("There are no exercises from a seed in this version: give the rubric an expression.") from None
    return exercise  # type: ignore[no-any-return, unused-ignore]


def grade(given: Namespace) -> list[str]:
    """The table of points: as lines, or in a file and a line that says so."""
    if given.grade is None:
        raise UsageError("-o is where --grade writes: python -m engine --grade folder -o points.csv.")
    mine = ("grade", "output", "digits")
    others = [name for name, value in vars(given).items() if name not in mine and value not in (None, [], False)]
    if others:
        raise UsageError(f"--grade goes with -o alone, not with {', '.join(others)}: what is asked for stands in {RUBRIC}.")
    folder = Path(given.grade)
    if not folder.is_dir():
        raise UsageError(f"{given.grade} is not a folder; --grade takes one with {RUBRIC} and a text file for each student.")
    output = None if given.output is None else Path(given.output).resolve()
    if output and output.parent == folder.resolve() and output.suffix in (".txt", ".toml"):
        raise UsageError(f"-o {given.output} would write among the answers; write to a file such as points.csv.")
    rubric = Rubric(folder / RUBRIC)
    if rubric.text:
        try:  # a mistake in the rubric is said once, not to every student
            rubric.questions(*rubric.task(""))
        except (ValueError, ArithmeticError) as error:
            raise UsageError(f"{rubric.path}: {error}") from None
    files = sorted(path for path in folder.iterdir() if path.name != RUBRIC and path.name[:1] != "." and path.resolve() != output)
    students = [path for path in files if path.suffix == ".txt"]
    if not students:
        raise UsageError(f"There are no answers in {given.grade}: a text file for each student, such as ada.txt.")
    rows = [row for path in students for row in graded(path, rubric)]
    rows += [Row(path.name, reason="not read: answers are in a file such as ada.txt") for path in files if path not in students]
    missing = sorted(set(rubric.override) - {path.stem for path in students})
    rows += [Row(student, reason="has an override in the rubric, but no file") for student in missing]
    text = as_csv(rows)
    if given.output is None:
        return text.splitlines()
    write_whole(given.output, text.encode("utf-8-sig"))  # the mark at the beginning tells spreadsheets that it is UTF-8
    return [f"{given.output}: {len(students)} students, {len(rows)} rows."]


def graded(path: Path, rubric: Rubric) -> Iterator[Row]:
    """The rows of one student: each question, then what else the file has."""
    student = path.stem
    try:
        graph, asked = rubric.task(student)
        wanted = rubric.questions(graph, asked)
    except UsageError:
        raise
    except (ValueError, ArithmeticError) as error:
        yield Row(student, reason=f"not graded: {error}")
        return
    rest = []
    try:
        lines = _text(path).splitlines()
    except (ValueError, OSError) as error:
        lines = []
        rest.append(Row(student, reason=f"not read: {error}"))
    answers: dict[tuple[Value, bool], str] = {}
    for line in lines:
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, equals, answer = text.partition("=")
        try:
            if not equals:
                raise ValueError("it is not a line such as ∂f/∂x = 12")
            key = question_called(graph, name)
            if key not in wanted:
                raise ValueError("it is not asked for")
            if key in answers:
                rest.append(Row(student, name.strip(), answers[key], reason="replaced by a later line"))
            answers[key] = answer.strip()
        except ValueError as error:
            rest.append(Row(student, answer=line.strip(), reason=f"not read: {error}"))
    yield from _judged(student, graph, wanted, answers, rubric)
    yield from rest


def _judged(
    student: str,
    graph: Graph,
    wanted: dict[tuple[Value, bool], tuple[str, float]],
    answers: dict[tuple[Value, bool], str],
    rubric: Rubric,
) -> Iterator[Row]:
    """A row for each question, and one for the sum."""
    total = 0.0
    decided, unknown = {}, []
    for name, decision in rubric.override.get(student, {}).items():
        try:
            decided[question_called(graph, name)] = decision
        except ValueError as error:
            unknown.append(Row(student, name, reason=f"override not applied: {error}"))
    values: dict[Value, object] = {}
    gradients: dict[Value, object] = {}
    for key, (question, most) in wanted.items():
        node, is_value = key
        text = answers.get(key, "")
        points, reason = 0.0, "no answer"
        if text:
            try:
                diagnosis = _diagnosed(graph, node, is_value, text, gradients, values)
                share = _share(diagnosis, rubric)
                points, reason = most * share, _reason(diagnosis, share)
                (values if is_value else gradients)[node] = text
            except (ValueError, ArithmeticError) as error:
                reason = f"not read: {error}"
        if key in decided:
            points, why = decided.pop(key)
            reason = f"override: {why}" if why else f"override (without it: {reason})"
        total += points
        yield Row(student, question, text, show(points), show(most), reason)
    unknown += [Row(student, graph.names[node], reason="override not applied: it is not asked for") for node, _ in decided]
    yield from unknown
    yield Row(student, "sum", points=show(total), of=show(sum(most for _, most in wanted.values())))


def _diagnosed(
    graph: Graph, node: Value, is_value: bool, text: str, gradients: dict[Value, object], values: dict[Value, object]
) -> Diagnosis:
    """What can be said about an answer, given those above it."""
    if not is_value:
        return diagnose(graph, node, text, gradients, values)
    part = part_of(graph, node)
    return diagnose(part, None, text, values={below: had for below, had in values.items() if below in part.names})


def _share(diagnosis: Diagnosis, rubric: Rubric) -> float:
    """Which share of the points an answer has."""
    if diagnosis.points:
        return diagnosis.points
    return rubric.partial.get(diagnosis.kind, rubric.partial.get(diagnosis.family or "", 0.0))


def _reason(diagnosis: Diagnosis, share: float) -> str:
    """Why it has these points, in a line."""
    if diagnosis.kind == "right":
        return "right"
    return f"{diagnosis.why} ({show(100 * share)} % by the rubric.)" if share and not diagnosis.points else diagnosis.why


def question_called(graph: Graph, name: str) -> tuple[Value, bool]:
    """The node that a question is about, and whether its value is asked for: v is a value, ∂f/∂v and df/dv are gradients."""
    name = name.strip().strip('"')
    return node_called(graph, name), "/" not in name


def _text(path: Path) -> str:
    """What a student handed in."""
    if not path.is_file():
        raise ValueError("it is not a file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"the file has more than {LARGEST} bytes")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("the file is not UTF-8 text") from None


def as_csv(rows: list[Row]) -> str:
    """The table as CSV. What a student typed never becomes a formula of the spreadsheet that opens it."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(text) for text in row])
    return file.getvalue()


def _cell(text: str) -> str:
    if not text.startswith(FORMULA) or _is_number(text):
        return text
    return "'" + text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
