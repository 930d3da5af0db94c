"""python -m engine: the chain rule of an expression, from the command line."""

from __future__ import annotations

import io
import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from ..derivatives import grad
from ..graph import Graph
from ..instruments.drill import LEVELS
from ..say.explain import latex
from ..say.export import to_data
from ..say.layout import Page
from ..say.notation import DIGITS, latex_number
from .ask import ask
from .drill import ANY_SEED, drill
from .expression import parse
from .grade import grade
from .sheet import sheet
from .tables import check_table, chosen, hessian_table, lesson, path_list, program_of, somewhere, variables_from
from .terminal import Arguments, UsageError, answer, columns, has_colours, has_signs, writable
from .words import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WORKED_EXAMPLE = "v = x**2; u = v*y; u/z"
EXAMPLE_TO_TYPE = '"x**2*y/z" x=3 y=4 z=2'
YOUR_TURN = 'Your turn:  python -m engine "x*x*y/z" x=3 y=4 z=2', "    now x has two paths"


def arguments() -> Arguments:
    """The command line that is understood."""
    parser = Arguments(
        vocabulary,
        prog="python -m engine",
        usage='%(prog)s ["expression" x=3 ...] [options]',
        description="The value of an expression, its gradient, and every step of the chain rule.",
        epilog='Example: python -m engine "x**2*y/z" x=3 y=4 z=2',
    )
    parser.add_argument("expression", nargs="?", help='such as "x**2*y/z" or "v = sin(x); v*exp(v)", in quotes')
    parser.add_argument("values", nargs="*", help="a number for each variable: x=3 y=1/3 z=pi/2")
    parser.add_argument("--wrt", metavar="x,y", help="only the derivatives with respect to these")
    parser.add_argument("--check", action="store_true", help="only the gradient beside central differences")
    parser.add_argument("--hessian", action="store_true", help="the second derivatives")
    parser.add_argument("--paths", metavar="x", help="each path from x to the result, with its factors")
    parser.add_argument("--program", action="store_true", help="the same compiled: its equations, and the NumPy that runs")
    parser.add_argument("--latex", action="store_true", help="the steps as LaTeX")
    parser.add_argument("--json", action="store_true", help="everything as data (the form is described in engine/say/export.py)")
    parser.add_argument("--digits", type=int, default=DIGITS, help="significant digits to show, 1 to 17")
    parser.add_argument("--ask", action="store_true", help="asks for every number of the board; wrong answers get help")
    parser.add_argument("--drill", nargs="?", type=int, const=ANY_SEED, metavar="SEED", help="exercises, one after the other")
    parser.add_argument("--sheet", type=int, metavar="10", help="a worksheet of so many exercises, and its key")
    parser.add_argument("--level", metavar="quotient", help=f"of the exercises: {', '.join(LEVELS)}, or 1 to {len(LEVELS)}")
    parser.add_argument("--seed", type=int, metavar="7", help="of the worksheet: the same seed, the same sheet")
    parser.add_argument("--grade", metavar="folder", help="points, with reasons, for a folder of answers (docs/diagnosis.md)")
    parser.add_argument("-o", "--output", metavar="FILE", help="of a worksheet: .html to print, .tex or .txt; of --grade: .csv")
    parser.add_argument("--quiet", action="store_true", help="the gradient only, a line for each variable")
    return parser


def report(words: list[str], width: int, ascii: bool, colour: bool = False) -> Iterable[str]:
    """The lines that answer a command line; with --ask, a conversation that reads the answers as it goes."""
    given = arguments().read(words)
    if given.grade is not None:
        return grade(given)
    whole = [option for option in ("json", "program", "latex", "quiet", "ask") if getattr(given, option)]
    parts_asked = [option for option in ("check", "hessian", "paths") if getattr(given, option) not in (None, False)]
    if len(whole) > 1 or (whole and parts_asked) or ((given.json or given.program) and given.wrt is not None):
        clash = [*whole, *parts_asked, *(["wrt"] if given.wrt is not None else [])]
        raise UsageError(f"{' and '.join(f'--{option}' for option in clash)} do not go together: ask for one of them.")
    if not 1 <= given.digits <= 17:
        raise UsageError(f"--digits {given.digits}: a float has 1 to 17 significant digits to show.")
    page = Page(width, given.digits, ascii=ascii, colour=colour)
    check_exercises(given)
    if given.drill is not None:
        return drill(given.drill, given.level, page)
    if given.sheet is not None:
        return sheet(given, page)
    text = WORKED_EXAMPLE if given.expression is None else given.expression.strip()
    numbers = bool(given.values) or given.expression is None or not given.program
    if numbers:
        values = {"x": 3.0, "y": 4.0, "z": 2.0} if given.expression is None else variables_from(text, given.values)
        output = parse(text, **values)
    else:
        output = somewhere(text)
    graph = Graph(output)
    if not graph.inputs and not (given.json or (given.latex and output.op)):
        if given.latex:
            return [r"\begin{align*}", f"f &= {latex_number(page.show(output.data))}", r"\end{align*}"]
        return [f"{text} = {page.show(output.data)}", "It has no variables, so there is nothing to differentiate by."]
    wrt = chosen(graph, given.wrt) if given.wrt is not None else None
    inputs = wrt or graph.inputs
    if given.program:
        return program_of(graph, page, numbers=numbers)
    if given.ask:
        return ask(graph, wrt, page, typed_lines())
    if given.json:
        return [json.dumps(to_data(graph), ensure_ascii=True, indent=2)]
    if given.latex:
        return [latex(graph, wrt, digits=given.digits)]
    if given.quiet:
        slopes = zip(inputs, grad(output, inputs))
        pairs = [(page.text(f"∂{graph.title}/∂{graph.names[x]}"), page.show(slope)) for x, slope in slopes]
        return [" = ".join(map(page.gradient, pair)) for pair in pairs]
    parts = []
    if given.check:
        parts.append(check_table(graph, inputs, page))
    if given.hessian:
        parts.append(hessian_table(graph, inputs, page))
    if given.paths is not None:
        parts += [path_list(graph, source, page) for source in chosen(graph, given.paths)]
    if not parts:
        parts.append(lesson(graph, wrt, page))
        if given.expression is None:
            parts[0] += page.prose(*YOUR_TURN)
        drawn = EXAMPLE_TO_TYPE if given.expression is None else f'"{text}" {" ".join(given.values)}'
        parts[0] += page.prose("Picture:   ", f"python -m viz {drawn} -o graph.svg")
    return "\n\n".join("\n".join(part) for part in parts).split("\n")


def check_exercises(given: Namespace) -> None:
    """What belongs to exercises stands with them, and nothing else does."""
    kind = "drill" if given.drill is not None else "sheet" if given.sheet is not None else ""
    belong = {"drill": ("drill", "level"), "sheet": ("sheet", "level", "seed", "output", "latex"), "": ()}[kind]
    parser = arguments()
    others = [name for name, value in vars(given).items() if value not in (parser.get_default(name), []) and name not in belong]
    lone = [name for name in others if name in ("drill", "sheet", "level", "seed", "output")]
    if kind and others:
        spare = given.expression if others[0] == "expression" else f"--{others[0]}"
        raise UsageError(f"--{kind} makes exercises of its own: leave {spare:.40} out.")
    if lone == ["output"]:
        raise UsageError("-o is where --grade writes the points, and --sheet the worksheet: give it with one of these.")
    if lone:
        raise UsageError(f"--{lone[0]} goes with a worksheet: python -m engine --sheet 10 --{lone[0]} {getattr(given, lone[0])}")


def typed_lines() -> Callable[[], str | None]:
    """What gives the next line of the input; None at its end. Bytes that are not text stay in it as U+FFFD."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # before the first line is read; later it is refused
    return lambda: (sys.stdin and sys.stdin.readline()) or None


def main(words: list[str]) -> int:
    """Answer a command line; 0 if it could be answered, 2 if not."""

    def show() -> None:
        for line in report(words, columns(), ascii=not has_signs(sys.stdout), colour=has_colours(sys.stdout)):
            print(writable(line, sys.stdout), flush=True)

    return answer(show)
