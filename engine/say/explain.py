"""The chain rule, seen: every step of a computation as data, as text and as LaTeX.

`steps` lists the forward steps in order, then the backward steps in the order of the sweep. Each has its formula, the
formula with the numbers put in, and the result. Nothing here reads or changes `.grad`: the sweep is done again, step by
step, with the textbook's form of each local derivative beside the form that is computed.
"""

from __future__ import annotations

from html import escape
from math import isfinite, nan
from typing import TYPE_CHECKING, NamedTuple

from ..errors import StaleGraphError, UndefinedDerivativeError, check_fresh
from ..graph import Graph, dependents, exceeds
from ..primitive import Primitive, UndefinedError
from ..value import Value
from .headline import headline
from .layout import Page
from .notation import DIGITS, Term, latex_number, partial, show, terms, write
from .rounding import MOST, operand_digits, reads_true, sum_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

LARGEST = 2000  # nodes that are explained line by line
LATEX = r"\left({}\right)"
COUNTS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


class Step(NamedTuple):
    """One line on the board.

    kind        "forward", "seed" (the output's derivative with respect to itself), "backward" (one product of the chain
                rule, along one edge) or "sum" (the products that met at one node, added)
    node        the node whose value or gradient this step computes; `name` is what it is called
    quantity    the left-hand side: v, or ∂f/∂v
    formula     the right-hand side: x², or ∂f/∂u · y
    numbers     the formula with the numbers put in: 3², or 0.5 · 4
    result      the number that comes out; for "backward" the product, not yet the sum
    via         the node that the gradient came through; None for other kinds
    position    which operand of `via` the node is
    total       for "backward" and "sum": what has arrived at the node so far, this product included
    arrived     how many products that are, and `expected`, how many it will be in all
    computed    where the textbook's formula would give another number: the form that is computed, with its value
    latex       quantity, formula and numbers in LaTeX
    """

    kind: str
    node: Value
    name: str
    quantity: str
    formula: str
    numbers: str
    result: float
    via: Value | None = None
    position: int = 0
    total: float = 0.0
    arrived: int = 0
    expected: int = 0
    computed: str = ""
    latex: tuple[str, str, str] = ("", "", "")


def steps(output: Value | Graph, *, wrt: Value | Sequence[Value] | None = None, digits: int = DIGITS) -> list[Step]:
    """The whole computation of `output` and of its gradient; `wrt` keeps the backward steps that lead to these nodes."""
    graph = Graph.of(output)
    check_fresh(graph)
    if wrt is not None:
        wrt = [wrt] if isinstance(wrt, Value) else list(wrt)
        strangers = [x for x in wrt if x not in graph.names]
        if strangers:
            raise ValueError(f"{strangers[0]!r:.60} is not in the graph of {graph.title}: wrt takes its nodes.")
    return _forward_steps(graph, digits) + _backward_steps(graph, wrt, digits)


def _forward_steps(graph: Graph, digits: int) -> list[Step]:
    found, called = [], graph.names
    for node in graph.order:
        if node.op is not None:
            enough = operand_digits(node, digits)
            formula = write(node.op, [terms([x], called, some)[0] for x, some in zip(node.operands, enough)], digits)
            numbers = write(node.op, [_number(x, some) for x, some in zip(node.operands, enough)], digits)
            if node.previous is not None:  # assigned by hand, so that formula and value need not agree
                formula = numbers = Term("set by hand", r"\text{set by hand}")
            name = Term.name(called[node])
            latex = (name.latex, formula.latex, numbers.latex)
            found.append(
                Step("forward", node, name.text, name.text, formula.text, numbers.text, node.data, latex=latex)
            )
    return found


def _backward_steps(graph: Graph, wrt: Sequence[Value] | None, digits: int) -> list[Step]:
    output, order, called = graph.output, graph.order, graph.names
    wanted = set(order) if wrt is None else dependents(order, wrt)
    expected = dict.fromkeys(order, 0)
    for node in order:
        for operand in node.operands:
            expected[operand] += operand in wanted and not operand.constant
    shares: dict[Value, list[float]] = {node: [] for node in order}
    gradient = {output: 1.0}

    top = graph.title
    seed = partial(top, top)
    found = [Step("seed", output, top, seed.text, "1", "1", 1.0, latex=(seed.latex, "1", "1"))]
    for node in reversed(order):
        if node.op is None or node not in gradient:
            continue
        edges = _Edges(node, gradient[node], called, top, digits)
        for position, operand in enumerate(node.operands):
            if operand not in wanted or operand.constant:
                continue
            step = edges.step(position)
            arrived = shares[operand]
            arrived.append(step.result)
            gradient[operand] = gradient.get(operand, 0.0) + step.result
            found.append(step._replace(total=gradient[operand], arrived=len(arrived), expected=expected[operand]))
            if len(arrived) == expected[operand] > 1:
                found.append(_sum(operand, arrived, gradient[operand], called[operand], top, digits))
    return found


class _Edges:
    """The edges that leave one node on the way back: the gradient that arrived, times the slope in each operand."""

    def __init__(self, node: Value, gradient: float, called: dict[Value, str], top: str, digits: int) -> None:
        row = node.op
        assert row is not None  # a leaf has no operands to go back to
        self.node, self.gradient, self.called, self.top, self.digits = node, gradient, called, top, digits
        named = Term.name(called[node]), terms(node.operands, called, digits)
        self.local = row.slopes(node.data, [x.data for x in node.operands])
        self.formulas, self.computed = row.slopes(*named, shown=True), row.slopes(*named)
        self.numbers, self.as_read = self._rounded(row, digits)

    def step(self, position: int) -> Step:
        """The product along one edge."""
        node, called, digits = self.node, self.called, self.digits
        operand = node.operands[position]
        try:
            local = float(self.local[position]())
            share = self.gradient * local
            if not isfinite(share):
                raise OverflowError
        except (ArithmeticError, ValueError):
            raise UndefinedDerivativeError.at(node, called) from None
        formula, numbers = Term.of(self.formulas[position]()), Term.of(self.numbers[position]())
        remark = ""
        if not reads_true(_read(self.as_read[position]), local, digits):
            exact = Term.of(self.computed[position]())
            if exact.text == formula.text:
                numbers = self._exact_enough(position, local)
            else:
                remark = f"computed as {exact.text} = {show(local, digits)}, which keeps the digits"
        arriving, target = partial(self.top, called[node]), partial(self.top, called[operand])
        g = show(self.gradient, digits)
        return Step(
            "backward", operand, called[operand], target.text,
            f"{arriving.text} · {_factor(formula.text, formula.level)}", f"{g} · {_factor(numbers.text, numbers.level)}",
            share, via=node, position=position, computed=remark,
            latex=(target.latex,
                   rf"{arriving.latex} \cdot {_factor(formula.latex, formula.latex_level, LATEX)}",
                   rf"{latex_number(g)} \cdot {_factor(numbers.latex, numbers.latex_level, LATEX)}"),
        )  # fmt: skip

    def _rounded(self, row: Primitive, digits: int) -> tuple[Sequence[Callable[[], Any]], Sequence[Callable[[], Any]]]:
        """The textbook's slopes with the numbers put in, to some digits: as formulas, and as what these then give."""
        node = self.node
        written = row.slopes(Term.number(node.data, digits), [_number(x, digits) for x in node.operands], shown=True)
        try:
            shown = float(show(node.data, digits)), [float(show(x.data, digits)) for x in node.operands]
            return written, row.slopes(*shown, shown=True)
        except (ArithmeticError, ValueError):
            return written, [lambda: nan] * len(node.operands)

    def _exact_enough(self, position: int, local: float) -> Term:
        """The slope's formula with the fewest digits that make it true."""
        assert self.node.op is not None
        for more in range(self.digits, MOST + 1):
            written, as_read = self._rounded(self.node.op, more)
            if reads_true(_read(as_read[position]), local, self.digits):
                break
        return Term.of(written[position]())


def _read(slope: Callable[[], Any]) -> float:
    """What a slope's formula gives; nan where it gives nothing."""
    try:
        return float(slope())
    except (ArithmeticError, ValueError):
        return nan


def _number(operand: Value, digits: int) -> Term:
    """An operand's number, as it is put into a formula."""
    return Term.number(operand.data, digits, constant=operand.constant)


def _factor(text: str, level: float, parentheses: str = "({})") -> str:
    """A formula as the right-hand factor of a product that is written with spaces: products and quotients need no parentheses."""
    return text if level >= 2 else parentheses.format(text)


def _sum(node: Value, arrived: list[float], total: float, name: str, top: str, digits: int) -> Step:
    """Where several paths meet: add what each brought."""
    terms = [show(share, enough) for share, enough in zip(arrived, sum_digits(arrived, total, digits))]
    numbers = " + ".join(f"({term})" if term.startswith("-") and i else term for i, term in enumerate(terms))
    ways = COUNTS[len(arrived)] if len(arrived) < len(COUNTS) else str(len(arrived))
    target = partial(top, name)
    return Step(
        "sum", node, name, target.text, f"{ways} paths: add", numbers, total,
        total=total, arrived=len(arrived), expected=len(arrived),
        latex=(target.latex, rf"\text{{{ways} paths: add}}", numbers),
    )  # fmt: skip


def explain(
    output: Value | Graph, wrt: Value | Sequence[Value] | None = None, *, digits: int = DIGITS, width: int = 80
) -> str:
    """The computation and its chain rule as a lecturer would put it on the board; `wrt` keeps what leads to these nodes."""
    return "\n".join(board(output, wrt, Page(width, digits)))


def readable(output: Value | Graph) -> Graph:
    """The graph, if it is small enough to be explained line by line."""
    if not isinstance(output, Graph) and exceeds(output, LARGEST):
        raise ValueError(
            f"This graph has more than {LARGEST} nodes, and an explanation has a line or more for each. Explain a part of it, "
            "explain(v) for a node v inside, such as one neuron; viz.draw(output) folds the whole into a picture."
        )
    return Graph.of(output)


def board(output: Value | Graph, wrt: Value | Sequence[Value] | None, page: Page) -> list[str]:
    """The lines of the board, in aligned columns where they fit the page."""
    graph = readable(output)
    forward: list[list[str]] = []
    backward: list[list[str]] = []
    for step in steps(graph, wrt=wrt, digits=page.digits):
        paint = page.value if step.kind == "forward" else page.gradient
        quantity, result = paint(step.quantity), paint(page.show(step.result))
        if step.kind == "forward":
            forward.append([f"{quantity} = {step.formula}", step.numbers, result])
        elif step.kind == "seed":
            backward.append([quantity, result])
        elif step.kind == "sum":
            backward.append([f"{quantity} = {paint(step.numbers)}", f"{result}   {step.formula}"])
        else:  # the local derivative is made of values
            formula, numbers = (_first_factor(text, paint) for text in (step.formula, step.numbers))
            backward.append([f"{quantity} = {formula}", numbers, result])
            if step.computed:
                backward.append([f"    {step.computed}"])
    lines = [*headline(graph, page), ""]
    if forward:
        lines += [*page.prose(page.value("Forward:"), "each value from the ones above it"), *page.equations(forward), ""]
    lines += page.prose(f"{page.gradient('Backward:')} the derivative that arrives,", "times the local derivative")
    return [*lines, *page.equations(backward)]


def _first_factor(product: str, paint: Callable[[str], str]) -> str:
    """A product whose first factor, the derivative that arrives, is painted."""
    first, dot, rest = product.partition(" · ")
    return paint(first) + dot + rest


def latex(output: Value | Graph, wrt: Value | Sequence[Value] | None = None, *, digits: int = DIGITS) -> str:
    """The same steps as a LaTeX align* environment, for slides and notebooks."""
    lines = []
    for step in steps(readable(output), wrt=wrt, digits=digits):
        quantity, formula, numbers = step.latex
        result = latex_number(show(step.result, digits))
        if step.kind == "seed":
            lines.append(f"{quantity} &= 1")
        elif step.kind == "sum":
            lines.append(rf"{quantity} &= {numbers} = {result} \quad {formula}")
        else:
            lines.append(f"{quantity} &= {formula} = {numbers} = {result}")
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def in_a_notebook(value: Value) -> str:
    """What a notebook shows for a Value: the chain rule of a small graph, the number of a large one."""
    text = repr(value)
    if value.op is not None and not exceeds(value, 40):
        try:
            text = explain(value)
        except (UndefinedError, StaleGraphError) as error:
            text += f"\n{error}"
    return f"<pre>{escape(text)}</pre>"


Value._repr_html_ = in_a_notebook  # set here, so that value.py need not know about typesetting
