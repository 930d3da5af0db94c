"""What the lessons share: a prediction first, then the answer.

A question carries what it accepts, and says so before there is a guess:

    reveal(6, guess)                  a whole number: exactly
    reveal(0.9783, guess)             any other number: at least its first two digits, rounded
    reveal(77, guess, within=10)      a band: up to 10 away
    reveal(3.5e-5, guess, factor=10)  a size: up to ten times too large or too small
    reveal(-9.0, guess, sign=True)    a sign: "-", -1 or any other negative number; the number itself is not given away
    reveal((2, 3), guess)             a shape: "2 3", (2, 3), "2x3", ...
    reveal({4, 9}, guess)             numbers in any order: "9 4"
    reveal("old", guess, choices=("old", "new"))
    reveal(a == 9, guess)             whether a statement is "true" or "false"
    reveal({"for n = 1": True, "for n = 2": False}, guess)    a statement that is true "only if"
    reveal(ask("xor"), guess)         the letter of a choice, with what there is to say about it; ask is in nn.questions

A guess may be a number or text such as "-36/4". Where the answer is a derivative, `of` and `wrt` say of which graph: a wrong
guess then gets the likely slip as well, if there is one that leads to just this number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from numbers import Integral
from typing import Any

import engine

ENOUGH = 2  # significant digits that a guess needs
CLOSE = 5e-3  # relative; for those who give more digits than they computed
MINUSES = str.maketrans("−–", "--")  # the signs that a text editor may put in place of a minus
SIGNS = {"+": 1, "positive": 1, "-": -1, "negative": -1, "0": 0, "zero": 0}


def reveal(
    answer: Any,
    guess: Any = None,
    *,
    within: float | None = None,
    factor: float | None = None,
    sign: bool = False,
    choices: Sequence[str] = (),
    of: Any = None,
    wrt: Any = None,
) -> None:
    """Show the answer once there is a guess, and say how close it was."""
    if choices:
        question: Question = Choice(answer, choices)
    elif isinstance(answer, dict) or type(answer).__name__ == "bool":  # Python's, or NumPy's, which lesson 1 does without
        question = Statement(answer)
    elif hasattr(answer, "options"):
        question = Quiz(answer)
    elif isinstance(answer, (tuple, set)):
        question = Numbers(answer)
    elif sign:
        question = Sign(answer)
    else:
        question = Number(answer, within, factor)
    if guess is None:
        print("First your prediction: put it in place of None in the cell above, then run both cells again." + question.accepts)
        return
    read = question.read(guess)
    if read is None:
        print(f"{guess!r} is not an answer to this question; give {question.wanted}.")
        return
    if question.is_right(read):
        print(f"Yes. It is {question.shown}.")
        return
    print(f"Not quite: look again at how it comes about. It is {question.shown}.{question.distance(read)}")
    slip = _slip(of, wrt, read) if of is not None else ""
    if slip:
        print(slip)


class Question:
    """What is asked for: how a guess is read, when it is right, and how the answer is written."""

    wanted = "a number"
    accepts = ""
    shown = ""

    def read(self, guess: Any) -> Any:
        """The guess as this question understands it; None if it does not."""
        raise NotImplementedError

    def is_right(self, guess: Any) -> bool:
        """Whether this guess is accepted."""
        raise NotImplementedError

    def distance(self, guess: Any) -> str:
        """How far off a wrong guess is, in a sentence; empty if that says nothing."""
        return ""


class Number(Question):
    """A number: exact if it is a whole one, else to the digits given; or within a band, or to a factor."""

    def __init__(self, answer: Any, within: float | None = None, factor: float | None = None) -> None:
        self.answer, self.within, self.factor = float(answer), within, factor
        self.whole = isinstance(answer, Integral) or self.answer.is_integer()
        self.shown = f"{self.answer:g}"
        if within is not None:
            self.accepts = f" Within {within:g} is good."
        elif factor is not None:
            self.accepts = f" Up to {factor:g} times too large or too small is good."

    def read(self, guess: Any) -> tuple[float, str] | None:
        """The number and the text that it was typed as; None if there is no number in it."""
        text = str(guess).strip().translate(MINUSES)
        try:
            return float(Fraction(text.replace(" ", "")) if isinstance(guess, str) else guess), text
        except (TypeError, ValueError, OverflowError, ZeroDivisionError):
            return None

    def is_right(self, guess: tuple[float, str]) -> bool:
        """Whether it is near enough: in the band, within the factor, or to its digits."""
        number, text = guess
        if self.within is not None:
            return abs(number - self.answer) <= self.within * (1 + 1e-9)
        if self.factor is not None:
            ratio = number / self.answer if self.answer else 0.0
            return 1 / self.factor <= ratio * (1 + 1e-9) and ratio <= self.factor * (1 + 1e-9)
        if self.whole:
            return math.isclose(number, self.answer, rel_tol=1e-9, abs_tol=1e-9)
        return math.isclose(number, self.answer, rel_tol=CLOSE, abs_tol=1e-9) or _is_rounding(text, number, self.answer)

    def distance(self, guess: tuple[float, str]) -> str:
        """How far off it is."""
        return f" Your guess {guess[0]:g} is off by {abs(guess[0] - self.answer):g}."


def _is_rounding(text: str, number: float, answer: float) -> bool:
    """Whether the text is the answer, rounded to the digits that the text has, and these are enough."""
    found = re.fullmatch(r"-?(\d*)\.?(\d*)(?:e([+-]?\d+))?", text)
    if not found:
        return False
    whole, decimals, exponent = found.groups()
    if len((whole + decimals).lstrip("0")) < ENOUGH:
        return False
    unit = 10.0 ** (int(exponent or 0) - len(decimals))
    return abs(number - answer) <= unit / 2 * (1 + 1e-9)


class Sign(Question):
    """Only whether it is positive, negative or 0."""

    wanted = "a sign: + or -, 1 or -1"
    accepts = " Only the sign counts."

    def __init__(self, answer: Any) -> None:
        self.answer = _sign_of(float(answer))
        self.shown = {1: "positive (+)", -1: "negative (-)", 0: "0"}[self.answer]

    def read(self, guess: Any) -> int | None:
        """1, 0 or -1, from a sign, a word or any number."""
        if isinstance(guess, str) and guess.strip().lower().translate(MINUSES) in SIGNS:
            return SIGNS[guess.strip().lower().translate(MINUSES)]
        number = Number(0).read(guess)
        return None if number is None else _sign_of(number[0])

    def is_right(self, guess: int) -> bool:
        """Whether the signs are the same."""
        return guess == self.answer


def _sign_of(number: float) -> int:
    return (number > 0) - (number < 0)


class Numbers(Question):
    """Several whole numbers, such as a shape; in any order if the answer is a set."""

    wanted = 'whole numbers such as "2 3" or (2, 3)'

    def __init__(self, answer: tuple[int, ...] | set[int]) -> None:
        self.ordered = isinstance(answer, tuple)
        self.answer = [int(n) for n in answer] if self.ordered else sorted(int(n) for n in answer)
        self.shown = " ".join(map(str, self.answer))

    def read(self, guess: Any) -> list[int] | None:
        """The whole numbers, from text or from a list; None if there are none."""
        parts = re.findall(r"\d+", guess) if isinstance(guess, str) else guess
        try:
            return [int(part) for part in parts] or None
        except (TypeError, ValueError):
            return None

    def is_right(self, guess: list[int]) -> bool:
        """Whether they are the same, in their order if it counts."""
        return (guess if self.ordered else sorted(guess)) == self.answer


class Choice(Question):
    """One of a few words; True and False stand for "true" and "false"."""

    def __init__(self, answer: str, choices: Sequence[str]) -> None:
        self.choices = [choice.lower() for choice in choices]
        if answer.lower() not in self.choices:
            raise ValueError(f"The answer {answer!r} is none of the choices {', '.join(choices)}.")
        self.shown = answer.lower()
        self.wanted = f"one of {', '.join(choices)}"
        self.accepts = f" Give {self.wanted}."

    def read(self, guess: Any) -> str | None:
        """The choice that the guess is, or begins."""
        word = str(guess).strip(" \"'().").lower()
        word = word.removeprefix("true ") if word.removeprefix("true ") in self.choices else word
        begun = [choice for choice in self.choices if word and choice.startswith(word)]
        return word if word in self.choices else begun[0] if len(begun) == 1 else None

    def is_right(self, guess: str) -> bool:
        """Whether it is the one."""
        return guess == self.shown


class Statement(Choice):
    """Whether a statement is true, false, or true only if something else holds: then the answer says for which cases."""

    def __init__(self, answer: bool | dict[str, bool]) -> None:
        depends = isinstance(answer, dict)
        super().__init__("only if" if depends else "true" if answer else "false", ("true", "false", "only if"))
        self.right = self.shown
        if depends:
            self.shown = ", ".join(f"{'true' if holds else 'false'} {case}" for case, holds in answer.items())

    def is_right(self, guess: str) -> bool:
        """Whether this is the verdict."""
        return guess == self.right


class Quiz(Question):
    """A question of the quiz, answered by a letter."""

    accepts = " Give a letter."

    def __init__(self, answer: Any) -> None:
        self.answer, self.wanted = answer, f"one of the letters a to {'abcdefgh'[len(answer.options) - 1]}"
        self.shown = f"{answer.letter}) {answer.right.text}. {answer.right.why}".removesuffix(".")

    def read(self, guess: Any) -> Any:
        """The choice with this letter."""
        return self.answer.option(str(guess))

    def is_right(self, guess: Any) -> bool:
        """Whether it is the right choice."""
        return bool(guess == self.answer.right)

    def distance(self, guess: Any) -> str:
        """What is wrong with the choice."""
        return f"\nAs to {guess.text!r}: {guess.why}"


def _slip(output: Any, wrt: Any, guess: tuple[float, str]) -> str:
    """The slip that leads to just this number, in a sentence; empty if none is found. It is asked about what was typed."""
    if not hasattr(engine, "diagnose"):
        return ""
    found = engine.diagnose(output, wrt, guess[1])
    return "" if found.right else str(found.why or "")
