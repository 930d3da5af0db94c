"""What `python -m engine` says, apart from the chain rule itself: the tables under it, and the messages for mistakes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .. import ops
from ..derivatives import count_paths, grad, hessian, paths
from ..graph import Graph
from ..instruments.check import compare, corner_of
from ..instruments.replay import evaluate
from ..primitive import UndefinedError
from ..say.explain import board
from ..say.layout import Page, wide
from ..say.notation import show
from .expression import CONSTANTS, build, parse, row_called
from .grammar import Parser, variables_of
from .terminal import UsageError
from .tokens import ParseError, is_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..instruments.check import Comparison
    from ..value import Value

MOST_ROWS = 40  # derivatives in the table under the board
TRACED_AT = (1.0, 0.5, 2.0, 3.7, -0.5)  # where --program looks at an expression without numbers
MOST_PATHS = 1000  # listed by --paths
TARGETS = ("y", "t", "target")  # what the lectures call what an output should be
NUDGES = (0.01, 1e-4, 1e-6)  # tried in this order, to put a derivative into words


def variables_from(text: str, assignments: Sequence[str]) -> dict[str, float]:
    """The variables of an expression from words such as x=3, y=1/3 and z=pi/2; each once, none missing, none left over."""
    found: dict[str, float] = {}
    program = Parser(text).program()
    wanted = variables_of(program)
    for word in assignments:
        name, equals, number = word.partition("=")
        name = name.strip()
        if not equals or not is_name(name):
            raise UsageError(f"{word!r:.60} is not a value such as x=3. (An expression with spaces needs quotes.)")
        if name in found:
            raise UsageError(f"{name} is given twice; give it once.")
        try:
            found[name] = number_from(number)
        except (ParseError, UndefinedError) as error:
            right = f"{name}=3, {name}=1/3 or {name}=pi/2"
            raise UsageError(f"{name}={number:.60} is not a number such as {right}: {error}") from None
    elsewhere = {*CONSTANTS, *filter(row_called, wanted)}  # the parser has a better message for a function without (x)
    assigned = [name for name in found if name not in wanted and name in [statement.name for statement in program]]
    if assigned:
        inputs = [name for name in wanted if name not in elsewhere]
        takes = f"give numbers to {', '.join(inputs)}" if inputs else "it has no other variables"
        raise UsageError(f"{assigned[0]} is assigned in the expression, so leave {assigned[0]}=... out; {takes}.")
    known = {*found, *elsewhere}
    missing = [name if len(name) <= 30 else name[:30] + "..." for name in wanted if name not in known]
    if missing:
        place = min(column for name, column in wanted.items() if name not in known)
        have = "have" if len(missing) > 1 else "has"
        advice = f"{' and '.join(missing[:5])} {have} no value; add {' '.join(f'{name}=2' for name in missing[:5])}"
        raise ParseError(text, place, advice)
    spare = [name for name in found if name not in wanted]
    called = [name for name in spare if f"{name}(" in text.replace(" ", "")]
    if called:
        place = text.index(called[0]) + 1
        raise ParseError(text, place, f"{called[0]} is a variable: write products with a star, {called[0]}*(...)")
    if spare and "()" not in text and not any(map(row_called, wanted)):
        raise UsageError(f"The expression does not use {', '.join(spare)}; it uses {', '.join(wanted) or 'no variables'}.")
    return found


def somewhere(text: str) -> Value:
    """An expression without values for its variables, at a point where it exists: tracing needs some numbers."""
    program = Parser(text).program()
    wanted = [name for name in variables_of(program) if name not in CONSTANTS and not row_called(name)]
    for number in TRACED_AT:
        try:
            return build(text, program, dict.fromkeys(wanted, number))
        except UndefinedError as error:
            last = error
    raise last


def program_of(graph: Graph, page: Page, *, numbers: bool) -> list[str]:
    """The expression as a compiled program: its equations, every step by its name, its numbers, and the text that runs."""
    output, inputs, called = graph.output, graph.inputs, graph.names
    if numbers:
        grad(output, inputs)  # where a derivative does not exist, the engine says why
    try:
        from .. import compiler  # NumPy is loaded only where it is asked for
    except ModuleNotFoundError as error:
        raise UsageError(f"--program needs NumPy ({error}): pip install . installs it.") from None
    for node in graph.order:
        if node.operands and called[node].isidentifier():
            node.label = called[node]
    program = compiler.compile(lambda: output).trace()
    equations = [page.text(line) for line in str(program).split("\n")]
    source = [page.text(line).rstrip() for line in program.source.split("\n")]
    if not numbers:
        return [*equations, "", *source]
    value, gradient = program.value_and_grad()
    slopes = [f"∂{called[output]}/∂{called[x]} = {page.show(gradient[x])}" for x in inputs]
    at = f"at {', '.join(f'{called[x]} = {page.show(x.data)}' for x in inputs)}:"
    results = page.prose(at, f"{called[output]} = {page.show(value)},", ", ".join(slopes))
    return [*equations, "", *results, "", *source]


def number_from(text: str) -> float:
    """A number such as 3, 1/3 or pi/2: one expression, nothing assigned, no names but pi and e."""
    for sign in ";=\n":
        if sign in text:
            raise ParseError(text, text.index(sign) + 1, "a value is one number")
    if text.strip().lower() in ("nan", "inf", "-inf"):
        raise ParseError(text, 1, "a variable has a finite value")
    return parse(text).data


def chosen(graph: Graph, words: str) -> list[Value]:
    """The nodes of these names, written as x,y."""
    by_name = {name: node for node, name in graph.names.items() if not node.constant}
    found = []
    for name in words.split(","):
        if name.strip() not in by_name:
            raise UsageError(f"There is no {name.strip()!r} to differentiate by; there are {', '.join(by_name)}.")
        found.append(by_name[name.strip()])
    return found


def lesson(graph: Graph, wrt: Sequence[Value] | None, page: Page) -> list[str]:
    """The chain rule on the board, the gradient beside its check, and one derivative put into words."""
    inputs = list(wrt) if wrt else graph.inputs
    words = in_words(graph, inputs, page)
    return [*board(graph, wrt, page), "", *check_table(graph, inputs, page), *([""] if words else []), *words]


def check_table(graph: Graph, inputs: Sequence[Value], page: Page) -> list[str]:
    """Each derivative by the chain rule and by a central difference, its step h, and whether the two agree.

    The step is in the header if it is the same for all, else in a column, which a very narrow page leaves out.
    """
    top = graph.title
    compared = compare(graph, inputs[:MOST_ROWS])
    steps = ["" if one.step is None else show(one.step, 3) for one in compared]
    wide_page = page.width >= 72
    shared = wide_page and len(set(steps)) == 1 and steps[0] != ""
    title = f"central difference (h = {steps[0]})" if shared else "central difference" if wide_page else "difference"
    untold: dict[str, list[str]] = {}  # by the reason
    rows = [[page.gradient("Gradient"), "chain rule", title, "h", ""]]
    for node, one, step in zip(inputs, compared, steps):
        verdict = "not differentiable here" if corner_of(graph, [node]) else _verdict(one)
        slope = f"∂{top}/∂{one.name}"
        if verdict == "cannot tell":
            untold.setdefault(one.reason, []).append(slope)
        exact, numeric = _two_numbers(one, page)
        rows.append([f"  {page.gradient(slope)}", page.gradient(exact), numeric, step, verdict])
    without_steps = [[*row[:3], row[4]] for row in rows]
    lines = page.table(without_steps if shared else rows)
    if max(map(wide, lines)) > page.width:
        lines = page.table(without_steps)
    lines = [line.removeprefix("  ") for line in lines]
    for reason, slopes in untold.items():
        lines += page.prose(f"Cannot tell {', '.join(slopes)}:", f"{reason}.")
    if len(inputs) > MOST_ROWS:
        lines.append(f"  ... and {len(inputs) - MOST_ROWS} more; --quiet lists them all")
    return lines


def _verdict(compared: Comparison) -> str:
    if not compared.conclusive:
        return "cannot tell"
    return "agree" if compared.agrees else "DISAGREE"


def _two_numbers(compared: Comparison, page: Page) -> tuple[str, str]:
    """The derivative and the difference; to more digits where they disagree and would look the same."""
    if compared.step is None:
        return page.show(compared.exact), "none"
    digits = page.digits
    while compared.disagrees and show(compared.exact, digits) == show(compared.numeric, digits):
        digits += 1
    return show(compared.exact, digits), show(compared.numeric, digits)


def in_words(graph: Graph, inputs: Sequence[Value], page: Page) -> list[str]:
    """What one derivative says: the change that it predicts for a small nudge, beside the actual change."""
    output, order = graph.output, graph.order
    slopes = [(node, slope) for node, slope in zip(inputs, grad(output, list(inputs))) if slope]
    if not slopes:
        return []
    # rather a parameter than a target, and first one that makes the output fall: its sign is the lesson
    node, slope = min(slopes, key=lambda pair: (how_like_a_target(pair[0], graph), pair[1] > 0))
    if corner_of(graph, [node]):
        return []
    for nudge in NUDGES:
        if not math.isclose(node.data + nudge - node.data, nudge, rel_tol=1e-6):  # a number so large hardly notices it
            return []
        try:
            change = evaluate(order, {node: node.data + nudge})[output] - output.data
        except UndefinedError:
            continue
        if math.isclose(change, slope * nudge, rel_tol=0.5):  # else it steps over a corner or far around a bend
            about = f"{page.gradient(page.show(slope))} · {nudge:g} = {page.show(slope * nudge)} (exactly {show(change, 3)})."
            read = f"Read it: raise {graph.names[node]} by {nudge:g} and {graph.title} changes by about"
            return page.prose(read, about)
    return []


def how_like_a_target(node: Value, graph: Graph) -> int:
    """1 if the node is only ever one side of a difference, as both are in (a - y)²; 2 if it also has a target's name."""
    a_side = all(other.op is ops.sub for other in graph.order if node in other.operands)
    return a_side + (a_side and graph.names[node] in TARGETS)


def hessian_table(graph: Graph, inputs: Sequence[Value], page: Page) -> list[str]:
    """The second derivatives, as a matrix with names."""
    words = [graph.names[node] for node in inputs]
    rows = [["", *(page.gradient(f"∂/∂{word}") for word in words)]]
    for word, row in zip(words, hessian(graph.output, inputs)):
        rows.append([page.gradient(text) for text in (f"∂{graph.title}/∂{word}", *map(page.show, row))])
    return [*page.prose("Second derivatives:", "first by the row's variable, then by the column's"), *page.table(rows)]


def path_list(graph: Graph, source: Value, page: Page) -> list[str]:
    """Each path from a node to the output: the rate factors along it and their product; then the sum."""
    output, called = graph.output, graph.names
    count = count_paths(source, output)
    target = page.gradient(page.text(f"∂{called[output]}/∂{called[source]}"))
    if count > MOST_PATHS:
        derivative = page.gradient(page.show(grad(output, source)))
        return [f"{count} paths lead from {called[source]} to {called[output]}, too many to list; {target} = {derivative}."]
    rows, products = [], []
    for path in paths(source, output):
        way = " → ".join(called[node] for node in path.nodes)
        rows.append((way, " · ".join(map(page.show, path.factors)) or "1", f"= {page.show(path.product)}"))
        products.append(path.product)
    shown = [f"({page.show(p)})" if p < 0 else page.show(p) for p in products]
    total = " + ".join(shown) + " = " if 1 < len(shown) <= 8 else ""
    title = page.prose(f"Paths from {called[source]} to {called[output]}:", "multiply along each, add over all")
    return [*title, *page.table(rows), f"  {target} = {total}{page.gradient(page.show(sum(products)))}"]
