"""python -m engine "x**2*y/z" x=3 y=4 z=2 --ask: the board, asked for number by number.

Each wrong answer gets a little more: a hint, then the product with a hole in it, then the step. An answer that follows from
earlier ones that were wrong counts as right. Nothing is written or sent anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..graph import Graph
from ..instruments.answers import AnswerError
from ..instruments.diagnose import diagnose
from ..instruments.verdict import Asked
from ..say.explain import readable, steps
from ..say.headline import headline
from ..say.notation import partial

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from ..instruments.verdict import Diagnosis
    from ..say.layout import Page
    from ..value import Value

INTRODUCTION = (
    "Type a number for each question: -9, -36/4 or 4.5, rounded as you like.",
    "show: the step;",
    "Enter alone: go on to the next;",
    "q: leave.",
)
SHOW, LEAVE = ("show", "s", "show me"), ("q", "quit", "exit")
FACTS = ("sign", "factor", "reciprocal")  # families whose sentence nearly gives the answer: said with the second help


class Question(NamedTuple):
    """One number of the board: the value of a node, or its gradient."""

    node: Value
    is_value: bool
    text: str


def questions(graph: Graph, wrt: Sequence[Value] | None) -> list[Question]:
    """The numbers of the board in its order; a gradient is asked for once all its paths have arrived."""
    found = []
    for step in steps(readable(graph), wrt=wrt):
        if step.kind == "forward":
            found.append(Question(step.node, True, f"{step.quantity} = {step.formula} = ?"))
        elif step.kind == "sum" or (step.kind == "backward" and step.expected == 1):
            found.append(Question(step.node, False, f"{step.quantity} = ?"))
    return found


def part_of(graph: Graph, node: Value) -> Graph:
    """The part of the graph from which a node is computed, under the names of the whole."""
    part = Graph(node)
    part.names = {below: graph.names[below] for below in part.order}
    return part


class Round:
    """The questions about one graph, the answers so far, and the score."""

    def __init__(self, graph: Graph, page: Page, read: Callable[[], str | None]) -> None:
        self.graph, self.page, self.read = graph, page, read
        self.values: dict[Value, object] = {}  # the answers that are not right, with which later ones may have been worked out
        self.gradients: dict[Value, object] = {}
        self.at_once = self.with_help = self.following = self.asked = 0

    def lines(self, wrt: Sequence[Value] | None = None) -> Iterator[str]:
        """What is said, line by line; between them the answers are read."""
        page = self.page
        yield from headline(self.graph, page)
        yield from page.prose(*INTRODUCTION)
        todo = questions(self.graph, wrt)
        on_the_way_back = False
        for number, question in enumerate(todo, 1):
            yield ""
            if not question.is_value and not on_the_way_back:
                on_the_way_back = True
                top = partial(self.graph.title, self.graph.title).text
                yield from page.prose(f"Now backwards, from {top} = 1:", "what arrives, times the local derivative.")
            yield from page.prose(f"{number} of {len(todo)}:", question.text)
            if not (yield from self._settle(question)):
                break
        yield ""
        yield from page.prose(*self.score(len(todo)))

    def _settle(self, question: Question) -> Generator[str, None, bool]:
        """Ask one question until it is answered, shown or passed over; whether to go on."""
        said: dict[Value, object] = self.values if question.is_value else self.gradients
        wrong = 0
        while True:
            line = self.read()
            if line is None or line.strip().lower() in LEAVE:
                return False
            word = line.strip()
            if not word or word.lower() in SHOW:
                self.asked += 1
                if word:
                    yield from self.say(self.step(question))
                return True
            try:
                diagnosis = self.diagnosed(question, word)
            except AnswerError as error:
                yield from self.say(str(error))
                continue
            if diagnosis.points or diagnosis.kind == "digits":
                yield from self.say(diagnosis.why)
                if diagnosis.points:
                    self._count(diagnosis, wrong)
                    said.pop(question.node, None)
                    if diagnosis.kind == "follows":
                        said[question.node] = word
                    return True
                continue
            said[question.node] = word
            wrong += 1
            yield from self.say(*help_after(diagnosis, wrong))
            if wrong == 3:
                self.asked += 1
                return True

    def _count(self, diagnosis: Diagnosis, wrong: int) -> None:
        self.asked += 1
        if wrong:
            self.with_help += 1
        else:
            self.at_once += 1
            self.following += diagnosis.kind == "follows"

    def step(self, question: Question) -> str:
        """The step that answers a question."""
        return Asked(*self.place(question)).step

    def place(self, question: Question) -> tuple[Graph, Value | None]:
        """The graph and the node that a question is about; None for the value of the graph's output."""
        if not question.is_value:
            return self.graph, question.node
        return part_of(self.graph, question.node), None

    def diagnosed(self, question: Question, word: str) -> Diagnosis:
        """What can be said about an answer, given the earlier ones."""
        graph, x = self.place(question)
        return diagnose(graph, x, word, self.gradients, {node: had for node, had in self.values.items() if node in graph.names})

    def say(self, *sentences: str) -> list[str]:
        """Sentences, indented under the question, each in as many lines as it needs."""
        return [line for sentence in sentences for part in sentence.split("\n") for line in self.page.prose(f"  {part}")]

    def score(self, count: int) -> list[str]:
        """The score at the end; half a point for an answer that needed help."""
        points = f"{self.at_once + self.with_help / 2:g}"
        parts = [f"{points} of {count} points:", f"{self.at_once} right at once"]
        if self.following:
            parts[-1] += f" ({self.following} of them given an earlier answer)"
        parts[-1] += ","
        parts.append(f"{self.with_help} with help" + ("." if self.asked == count else ","))
        return parts if self.asked == count else [*parts, f"{count - self.asked} not asked."]


def help_after(diagnosis: Diagnosis, wrong: int) -> list[str]:
    """What is said after the first, second and third wrong answer to a question."""
    if wrong == 1:
        hint_alone = diagnosis.kind == "unknown" or (diagnosis.kind == "family" and diagnosis.family in FACTS)
        return ["Not yet.", *(diagnosis.hint if hint_alone else str(diagnosis)).split("\n")]
    reason = [diagnosis.why] if diagnosis.kind in ("slip", "family", "pair", "close") else []
    return [*reason, diagnosis.hole if wrong == 2 else diagnosis.step]


def ask(graph: Graph, wrt: Sequence[Value] | None, page: Page, read: Callable[[], str | None]) -> Iterator[str]:
    """The conversation, line by line; `read` gives the next line of the learner, None at the end of the input."""
    return Round(graph, page, read).lines(wrt)
