"""`python -m engine --drill`: one exercise after the other, until the learner leaves."""

from __future__ import annotations

import sys
from random import SystemRandom
from typing import TYPE_CHECKING

from ..instruments.diagnose import diagnose
from ..instruments.drill import LEVELS, Exercise, exercise, level_called
from ..primitive import UndefinedError
from ..say.notation import show
from .tables import number_from
from .terminal import writable
from .tokens import NAME, ParseError
from .worked import arriving, backward, forward, quantity, statement

if TYPE_CHECKING:
    from ..say.layout import Page
    from ..value import Value
    from .worked import Line

ANY_SEED = -1  # --drill without a number
SEEDS = 10_000  # from which one is drawn then
ALL_OF_IT = 3  # the third help is the step in full, which settles a question
TO_CLIMB = 2  # exercises in a row without a mistake, and the next level begins
HELP = "Type a number (-9, 9/2, 4.5), or: hint, show, skip, q to leave."


def drill(seed: int, level: str | None, page: Page) -> list[str]:
    """Ask until the learner leaves or the input ends; the lines of the farewell.

    With a level, all exercises are of that level. Without one they begin with the first, and two in a row without a mistake
    lead to the next.
    """
    name = level_called(level if level is not None else 1)
    names = list(LEVELS)
    seed = SystemRandom().randrange(SEEDS) if seed == ANY_SEED else seed
    given = exercise(name, seed)  # a seed that is none is said before anything else
    dialogue = Dialogue(page)
    dialogue.say(HELP)
    in_a_row = 0
    try:
        while True:
            in_a_row = in_a_row + 1 if dialogue.work_through(given) else 0
            if level is None and in_a_row == TO_CLIMB and name != names[-1]:
                name, in_a_row = names[names.index(name) + 1], 0
                dialogue.say("", f"Two without a mistake: on to the level {name}.")
            seed += 1
            given = exercise(name, seed)
    except EOFError:
        return ["", *page.prose(dialogue.score())]


class Dialogue:
    """The questions and answers of a drill, and what they came to."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked = self.right = self.at_once = 0

    def say(self, *lines: str) -> None:
        """Print lines, each broken to the page."""
        for line in lines:
            print("\n".join(writable(part, sys.stdout) for part in self.page.prose(line)) if line else "")

    def score(self) -> str:
        """What was reached so far."""
        if not self.asked:
            return "Come back any time."
        later = f", {self.right - self.at_once} more after a second look" if self.right > self.at_once else ""
        return f"{self.at_once} of {self.asked} right at once{later}."

    def work_through(self, given: Exercise) -> bool:
        """Ask for everything that an exercise asks for; whether all of it was right at once. EOFError when the learner leaves."""
        number = list(LEVELS).index(given.level) + 1
        self.say("", f"Level {number} of {len(LEVELS)}, {given.level}")
        self.say(f"Again: {command(given)}")
        for line in statement(given):
            self.say(f"  {line}")
        clean = True
        for node in [None, *given.asked]:
            outcome = self._question(given, node)
            if outcome is None:  # skipped
                return False
            clean &= outcome
        return clean

    def _question(self, given: Exercise, node: Value | None) -> bool | None:
        """One question until it is settled; whether it was right at once, None if the whole exercise is skipped."""
        helped = 0
        while True:
            typed = self._read(f"{quantity(given, node).text} = ")
            word = typed.lower()
            if word in ("q", "quit", "exit"):
                raise EOFError
            if word == "skip":
                return None
            if word in ("", "?", "help"):
                self.say(HELP)
                continue
            number = None
            if word not in ("show", "s", "hint", "h"):
                number = self._number(typed)
                if number is None:
                    continue
                if given.is_right(number, node):
                    self.asked += 1
                    self.right += 1
                    self.at_once += not helped
                    self.say("  Right.")
                    return not helped
                self.say("  Not yet.")
            helped = ALL_OF_IT if word in ("show", "s") else helped + 1
            self.say(*(f"  {line}" for line in assistance(given, node, number, helped)))
            if helped == ALL_OF_IT:
                self.asked += 1
                return False

    def _read(self, prompt: str) -> str:
        """A line of input, without the spaces around it; in a pipe it is printed after its prompt, as a terminal shows it."""
        print(writable(self.page.text(prompt), sys.stdout), end="", flush=True)
        line = sys.stdin.readline() if sys.stdin else ""
        if not line:
            print()
            raise EOFError
        if not sys.stdin.isatty():
            print(writable(line.strip(), sys.stdout))
        return line.strip()

    def _number(self, typed: str) -> float | None:
        """The number that was typed, or None after saying what is wrong with it."""
        try:
            return number_from(typed)
        except (ParseError, UndefinedError):
            comma = typed.replace(",", ".")
            point = comma != typed and comma.replace(".", "", 1).lstrip("+-").isdigit()
            instead = f"write {comma}, with a point" if point else "a number is such as -9, 9/2 or 4.5"
            self.say(f"  {typed:.40} is not read as a number: {instead}.")
            return None


def command(given: Exercise) -> str:
    """What to type for the same exercise again."""
    return f"python -m engine --drill {given.seed} --level {given.level}"


def assistance(given: Exercise, node: Value | None, typed: float | None, times: int) -> list[str]:
    """Help with a question, more of it each time: a hint that gives nothing away, the product with a hole, the step in full.

    `typed` is the wrong answer, None where a hint was asked for. Where one slip explains it, the hint says which.
    """
    if times == 1:
        found = None if typed is None or node is None else diagnose(given.output, node, show(typed, 12))
        return [found.why] if found is not None and found.kind in ("slip", "family") else hint(given, node)
    return hole(given, node) if times < ALL_OF_IT else solution(given, node)


def hint(given: Exercise, node: Value | None) -> list[str]:
    """A question to oneself."""
    if node is None:
        return ["One operation after the other, each from numbers that are there already."]
    products = arriving(given, node)
    called = given.graph.names
    if len(products) > 1:
        return [f"{called[node]} has an effect along {len(products)} paths. What does each bring, and what becomes of them?"]
    user = next(user for user in given.graph.order if node in user.operands)
    first = next(line for line in forward(given) if line.quantity.text == called[user])
    where = f"{called[user]} = {first.formula.text}" if not user.label else called[user]
    return [f"{called[node]} enters {where}. What arrives there, and how fast does it change with {called[node]}?"]


def hole(given: Exercise, node: Value | None) -> list[str]:
    """The last step, with a hole where its new number goes."""
    if node is None:
        *before, last = forward(given)
        return [*(line.text for line in before), last.with_hole]
    lines = arriving(given, node)
    return [*where(given, lines), *(line.with_hole for line in lines)]


def solution(given: Exercise, node: Value | None) -> list[str]:
    """The step in full."""
    if node is None:
        return [line.text for line in forward(given)]
    lines = backward(given, node)
    return [*where(given, lines), *(line.text for line in lines)]


def where(given: Exercise, lines: list[Line]) -> list[str]:
    """What the names in the lines stand for that the statement does not have: where v1 = x² = 9."""
    used = {name for line in lines for name in NAME.findall(f"{line.quantity.text} {line.formula.text}")}
    found: list[str] = []
    for line in reversed(forward(given, unnamed=True)):
        if line.quantity.text in used:
            used.update(NAME.findall(line.formula.text))
            found.insert(0, f"where {line.text}")
    return found
