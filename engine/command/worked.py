"""An exercise as text, and its solution line by line: what a drill shows, and the key of a worksheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .. import ops
from ..graph import dependents
from ..say.notation import Term, partial, show, terms, write

if TYPE_CHECKING:
    from ..instruments.drill import Exercise
    from ..value import Value


class Line(NamedTuple):
    """A line of a solution: quantity = formula = the formula with the numbers put in = result.

    hole      the same with a hole in place of the number that is to be found
    remark    what the line is, where that needs saying
    """

    quantity: Term
    formula: Term
    numbers: Term
    result: str
    hole: Term
    remark: str = ""

    @property
    def text(self) -> str:
        """The whole line."""
        same = self.numbers.text in (self.formula.text, self.result)
        parts = [self.quantity.text, self.formula.text, *([] if same else [self.numbers.text]), self.result]
        return " = ".join(dict.fromkeys(parts)) + (f"   ({self.remark})" if self.remark else "")

    @property
    def with_hole(self) -> str:
        """The line with its hole."""
        return f"{self.quantity.text} = {self.formula.text} = {self.hole.text}"


def statement(exercise: Exercise) -> list[str]:
    """What is given: the computation line by line, the point, and what may be used."""
    lines = [f"{name} = {formula.text}" for name, formula in exercise.lines]
    lines.append(f"at {', '.join(exercise.at)}")
    if exercise.to_use:
        lines.append(f"Use {' and '.join(exercise.to_use)}.")
    return lines


def quantity(exercise: Exercise, node: Value | None) -> Term:
    """What is asked for: the output's name, or its derivative with respect to a node."""
    title = exercise.graph.title
    return Term.name(title) if node is None else partial(title, exercise.graph.names[node])


def forward(exercise: Exercise, *, unnamed: bool = False) -> list[Line]:
    """The computation; with `unnamed`, only the steps that the exercise gives no name."""
    called, head = exercise.graph.names, exercise.head
    found = []
    for node in exercise.graph.order:
        if node.op is not None and not (unnamed and node.label):
            formula = write(node.op, terms(node.operands, called))
            numbers = write(node.op, [_number(exercise, x) for x in node.operands])
            found.append(Line(Term.name(called[node]), formula, numbers, show(head.number[node]), Term("?", "?")))
    return found


def backward(exercise: Exercise, node: Value) -> list[Line]:
    """The products of the chain rule that lead to a node, from the derivatives that are asked for before it."""
    asked = exercise.asked[: exercise.asked.index(node)]
    known = dependents(exercise.graph.order, asked)
    wanted = dependents(exercise.graph.order, [node]) - known
    found = []
    for user in reversed(exercise.graph.order):
        for i, operand in enumerate(user.operands):
            if operand in wanted:
                found.append(_product(exercise, user, i))
                arrived = [line for line in found if line.quantity.text == quantity(exercise, operand).text]
                if len(arrived) > 1 and len(arrived) == _ways(exercise, operand):
                    found.append(_sum(exercise, operand, arrived))
    return found


def arriving(exercise: Exercise, node: Value) -> list[Line]:
    """The products that arrive at a node: one for each path."""
    return [
        _product(exercise, user, i)
        for user in reversed(exercise.graph.order) for i, operand in enumerate(user.operands) if operand is node
    ]  # fmt: skip


def _ways(exercise: Exercise, node: Value) -> int:
    return sum(operand is node for user in exercise.graph.order for operand in user.operands)


def _product(exercise: Exercise, user: Value, i: int) -> Line:
    """The derivative that arrives, times the local derivative."""
    graph, head = exercise.graph, exercise.head
    assert user.op is not None  # a leaf has no operands
    named = user.op.slopes(Term.name(graph.names[user]), terms(user.operands, graph.names), shown=True)
    inserted = user.op.slopes(
        Term.number(head.number[user]), [_number(exercise, x) for x in user.operands], shown=True
    )
    arrives, gradient = partial(graph.title, graph.names[user]), Term.number(head.gradient[user])
    ways = _ways(exercise, user.operands[i])
    return Line(
        quantity(exercise, user.operands[i]),
        _times(arrives, Term.of(named[i]())),
        _times(gradient, Term.of(inserted[i]())),
        show(head.product[user, i]),
        _times(gradient, Term("?", "?")),
        "" if ways == 1 else f"one of {ways} paths",
    )


def _sum(exercise: Exercise, node: Value, arrived: list[Line]) -> Line:
    """Where several paths meet, they add."""
    total = Term.number(float(arrived[0].result))
    for line in arrived[1:]:
        total = write(ops.add, [total, Term.number(float(line.result))])
    result = show(exercise.head.gradient[node])
    return Line(arrived[0].quantity, total, total, result, Term("?", "?"), "the paths add")


def _number(exercise: Exercise, node: Value) -> Term:
    return Term.number(exercise.head.number[node], constant=node.constant)


def _times(arrives: Term, slope: Term) -> Term:
    """A product that is written with spaces."""
    text = slope.text if slope.level >= 2 else f"({slope.text})"
    latex = slope.latex if slope.latex_level >= 2 else rf"\left({slope.latex}\right)"
    return Term(f"{arrives.text} · {text}", rf"{arrives.latex} \cdot {latex}", 2)
