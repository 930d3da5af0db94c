"""python -m nn quiz: questions with a few choices, and an explanation for each of them, right or wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from random import Random
from typing import Any

from rich.console import Console

from ...engine.say.layout import wrapped
from ..questions import LETTERS, QUESTIONS, Option, Question

HELP = "Answer with a letter; s shows the answer, q leaves."


def run(options: Any, console: Console) -> None:
    """Ask one question after the other, in an order drawn by the seed, until they or the answers come to an end."""
    asked = Random(options.seed).sample(QUESTIONS, len(QUESTIONS))[: options.questions]
    answers = typed()
    say(console, HELP)
    right = done = 0
    for number, question in enumerate(asked, 1):
        say(console, "", f"Question {number} of {len(asked)}  (lesson {question.lesson})")
        first = put(question.shuffled(options.seed), answers, console)
        if first is None:
            break
        right, done = right + first, done + 1
    say(console, "", f"{right} of {done} right at once." if done else "No question was answered.")
    if done < len(asked):
        say(console, f"The same questions again: python -m nn quiz --seed {options.seed}")


def put(question: Question, answers: Iterator[str], console: Console) -> bool | None:
    """Ask until the answer is right, or shown: whether it was right at once; None if there are no more answers."""
    console.print("\n".join(question.lines(console.width)), highlight=False, markup=False, soft_wrap=True)
    tried: list[Option] = []
    while True:
        answer = next(answers, "q")
        if answer == "q":
            return None
        if answer == "s":
            explain(question, tried, console)
            return False
        option = question.option(answer)
        if option is None:
            last = LETTERS[len(question.options) - 1]
            say(console, f"{answer!r:.40} is none of the choices: a letter from a to {last}, s or q.")
        elif option == question.right:
            say(console, "Right.")
            explain(question, tried, console)
            return not tried
        else:
            say(console, f"Not that one. {option.why}", *([] if tried else ["Try again, or s."]))
            tried.append(option)


def explain(question: Question, tried: list[Option], console: Console) -> None:
    """Say why the right one is right, and what is wrong with those that were not tried."""
    say(console, f"It is {question.letter}) {question.right.text}. {question.right.why}")
    for letter, option in zip(LETTERS, question.options):
        if option != question.right and option not in tried:
            say(console, f"  {letter}) {option.why}")


def say(console: Console, *sentences: str) -> None:
    """Print each, broken between words into lines that the terminal has room for."""
    for sentence in sentences:
        indent = " " * (len(sentence) - len(sentence.lstrip()) + 2) if sentence.startswith(" ") else ""
        lines = wrapped(sentence, console.width, rest=indent) if sentence else [""]
        console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


def typed() -> Iterator[str]:
    """The lines that are typed, or that come through a pipe, one answer each; empty ones are left out."""
    while True:
        if sys.stdin.isatty():
            print("> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip().lower()
