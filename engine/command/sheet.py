"""`python -m engine --sheet 10 --seed 7`: a worksheet and its key, as text, as LaTeX, or as a page that a browser prints."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import write_whole
from ..instruments.drill import LEVELS, Exercise, exercise, level_called
from ..say.notation import latex_name, latex_number, show
from .drill import command
from .terminal import UsageError
from .worked import backward, forward, quantity, statement

if TYPE_CHECKING:
    from argparse import Namespace

    from ..say.layout import Page
    from .worked import Line

MOST = 100  # exercises on a sheet
APART = 1000  # between the seeds of two sheets, so that they share no exercise
TASK = "For each exercise: the value, and the derivatives that are asked for."
BLANK = "________"


def sheet(given: Namespace, page: Page) -> list[str]:
    """The worksheet as it was asked for: its lines, or the line that says where it was written."""
    seed = 0 if given.seed is None else given.seed
    exercises = chosen_exercises(given.sheet, seed, given.level)
    again = f"python -m engine --sheet {given.sheet} --seed {seed}" + (f" --level {given.level}" if given.level else "")
    if given.output is None:
        return in_latex(exercises, again).split("\n") if given.latex else in_text(exercises, again, page)
    path = Path(given.output)
    forms = {".html": in_html, ".tex": in_latex}
    if path.suffix not in (*forms, ".txt") or (given.latex and path.suffix != ".tex"):
        wanted = ".tex" if given.latex else ".html, .tex or .txt"
        raise UsageError(f"-o {given.output:.60}: the name of the file ends in {wanted}, which says what is written.")
    text = "\n".join(in_text(exercises, again, page)) if path.suffix == ".txt" else forms[path.suffix](exercises, again)
    write_whole(path, f"{text}\n".encode())
    return page.prose(f"{given.output}: {len(exercises)} exercises and their key, on pages of their own.")


def chosen_exercises(count: int, seed: int, level: str | None) -> list[Exercise]:
    """The exercises of a sheet, none twice: all of one level, or of all levels in their order."""
    if not 1 <= count <= MOST:
        raise UsageError(f"--sheet {count}: a sheet has 1 to {MOST} exercises.")
    if seed < 0:
        raise UsageError(f"--seed {seed}: a seed is a whole number from 0 on.")
    names = list(LEVELS) if level is None else [level_called(level)]
    found: dict[tuple[str, ...], Exercise] = {}
    number = seed * APART
    while len(found) < count:
        number += 1
        one = exercise(names[len(found) * len(names) // count], number)
        found.setdefault((one.text, *one.at), one)
    return list(found.values())


def solution(given: Exercise) -> list[Line]:
    """Every line that leads to the answers: forward, then backward to each derivative that is asked for."""
    lines = forward(given)
    for node in given.asked:
        lines += [line for line in backward(given, node) if line not in lines]
    return lines


def answers(given: Exercise) -> list[str]:
    """The answers alone: f = 36, ∂f/∂x = 24."""
    return [f"{quantity(given, node).text} = {show(given.answer(node))}" for node in (None, *given.asked)]


# --- text ---


def in_text(exercises: list[Exercise], again: str, page: Page) -> list[str]:
    """The sheet for a terminal or an editor."""
    lines = [*page.prose("Worksheet", f"  ({again})"), *page.prose(TASK)]
    for i, given in enumerate(exercises, 1):
        lines += ["", *page.prose(f"{i}. {given.level}")]
        lines += [part for line in statement(given) for part in page.prose(f"   {line}")]
        blanks = [f"{quantity(given, node).text} = {BLANK}" for node in (None, *given.asked)]
        lines += [part for blank in blanks for part in page.prose(f"      {blank}")]
    lines += ["", "", "Key"]
    for i, given in enumerate(exercises, 1):
        lines += ["", *page.prose(f"{i}. {', '.join(answers(given))}")]
        lines += [part for line in solution(given) for part in page.prose(f"   {line.text}")]
        lines += page.prose(f"   Again: {command(given)}")
    return lines


# --- LaTeX ---


def in_latex(exercises: list[Exercise], again: str) -> str:
    """The sheet as a LaTeX document; amsmath is all that it needs."""
    lines = [
        r"\documentclass[11pt]{article}", r"\usepackage{amsmath}", r"\setlength{\parindent}{0pt}", r"\begin{document}",
        r"\section*{Worksheet}", TASK, r"\begin{enumerate}",
    ]  # fmt: skip
    for given in exercises:
        formulas = r",\quad ".join(f"{latex_name(name)} = {formula.latex}" for name, formula in given.lines)
        at = r",\; ".join(f"{latex_name(leaf.label)} = {latex_number(show(leaf.data))}" for leaf in given.inputs)
        lines.append(f"\\item $ {formulas} $ at $ {at} $.")
        if given.to_use:
            use = " $ and $ ".join(given.to_use).replace("σ", r"\sigma ").replace("·", r"\cdot")
            lines.append(f"Use $ {use} $.")
        lines.append(r"\par\bigskip")
        blanks = [rf"$ {quantity(given, node).latex} = $ \underline{{\hspace{{2.2cm}}}}" for node in (None, *given.asked)]
        lines += [r"\quad ".join(blanks), r"\bigskip"]
    lines += [r"\end{enumerate}", r"\newpage", r"\section*{Key}", r"\begin{enumerate}"]
    for given in exercises:
        lines += [r"\item\ ", r"\begin{align*}"]
        lines.append(" \\\\\n".join(_line_in_latex(line) for line in solution(given)))
        lines += [r"\end{align*}", rf"\texttt{{{command(given).replace('--', '-{}-')}}}"]
    lines += [r"\end{enumerate}", rf"\texttt{{{again.replace('--', '-{}-')}}}", r"\end{document}"]
    return "\n".join(lines)


def _line_in_latex(line: Line) -> str:
    parts = dict.fromkeys([line.formula.latex, line.numbers.latex, latex_number(line.result)])
    remark = rf" \quad \text{{{line.remark}}}" if line.remark else ""
    return f"{line.quantity.latex} &= {' = '.join(parts)}{remark}"


# --- a page ---

STYLE = """
body { font: 12pt/1.5 Georgia, serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: black; background: white; }
li { margin: 0 0 1.6em; break-inside: avoid; } p { margin: 0.2em 0; }
.blank { display: inline-block; white-space: nowrap; margin: 0.9em 1.6em 0 0; }
.blank::after { content: ""; display: inline-block; width: 6em; border-bottom: 1px solid; }
.small { font: 0.8em monospace; color: #444; overflow-wrap: anywhere; }
.key { break-before: page; } h1 { font-size: 1.4em; }
@page { margin: 2cm; } @media print { body { margin: 0; max-width: none; } }
"""


def in_html(exercises: list[Exercise], again: str) -> str:
    """The sheet as one file for a browser, whose print makes the PDF: the key begins a page of its own."""
    tasks, key = [], []
    for given in exercises:
        what = "".join(f"<p>{_in_html(line)}</p>" for line in statement(given))
        blanks = [f'<span class="blank">{_in_html(quantity(given, node).text)} = </span>' for node in (None, *given.asked)]
        tasks.append(f"<li>{what}<p>{' '.join(blanks)}</p></li>")
        lines = "".join(f"<p>{_in_html(line.text)}</p>" for line in solution(given))
        key.append(f'<li><p><b>{_in_html(", ".join(answers(given)))}</b></p>{lines}<p class="small">{command(given)}</p></li>')
    return "\n".join([
        '<!DOCTYPE html>', '<html lang="en">', '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Worksheet: the chain rule</title><style>{STYLE}</style>",
        f"<h1>Worksheet</h1><p>{TASK}</p>", "<ol>", *tasks, "</ol>",
        '<section class="key"><h1>Key</h1>', "<ol>", *key, "</ol>", f'<p class="small">{escape(again)}</p></section>', "</html>",
    ])  # fmt: skip


def _in_html(text: str) -> str:
    """A formula as HTML: w1 with its index below."""
    return re.sub(r"\b([a-zA-Z])(\d+)\b", r"\1<sub>\2</sub>", escape(text))
