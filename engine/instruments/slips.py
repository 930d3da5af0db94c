"""The catalogue of slips: what people do to a derivative, and what one says to them.

A slip is a line: its name, its family, "This is what one gets if ...", a hint that gives nothing away, and the rules for
what changes in the sweep. A rule looks at one place (an edge, a node, a meeting of paths) and gives the number that stands
there instead, or None where the slip does not apply. What a rule reads is the row's own derivative, so a new row of the
table has the general slips from the start. To add a slip, add its line. Those of networks are in network_slips.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from .working import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from ..primitive import Primitive
    from ..value import Value
    from .working import Edge, Forwards, Working

    Rule = Callable[[Any], Iterator["Found"]]  # of a Working; of Forwards, where a value is asked for


class Found(NamedTuple):
    """A slip at a place. Those of one kind can happen everywhere at once: whoever drops one minus drops every one."""

    change: Change
    kind: str | None = None


class Slip(NamedTuple):
    """A line of the catalogue; `why` completes "This is what one gets if ..."."""

    name: str
    family: str
    why: str
    hint: str
    rules: tuple[Rule, ...]

    @property
    def is_fact(self) -> bool:
        """Whether it is a statement about the number, to which many causes lead, rather than a cause."""
        return self.name in FACTS


FACTS = ("sign", "factor two", "reciprocal")

# What is true of every slip of a family, and a hint for all. Families that are not here have no sentence in common.
FAMILIES = {
    "sign": ("Everything but the sign is right.", "Does the result grow or fall?"),
    "factor": ("It is the right number but for a plain factor in front.", "Which plain numbers multiply it, and how often?"),
    "chain": ("A link of the chain is missing.", "Which nodes lie between the two, and what does each contribute?"),
    "operand": ("It is a derivative with respect to something else.", "Which number moves, and which are held?"),
    "paths": ("The paths that meet there are not added up.", "In how many places does it enter? Add what comes from each."),
    "reciprocal": ("It is the right number upside down.", "A change of which, per change of which?"),
}


# --- where a rule looks ---

def edges(names: str, number: Callable[[Edge], float | None]) -> Rule:
    """At each edge of these operations: another local derivative."""

    def rule(working: Working) -> Iterator[Found]:
        for edge in working.edges:
            if is_among(edge.row, names):
                slope = attempt(number, edge)
                if slope is not None:
                    yield Found(Change(slopes={(edge.node, edge.position): slope}), edge.name)

    return rule


def nodes(names: str, number: Callable[[Working, Value], float | None]) -> Rule:
    """At each node of these operations: another derivative of the whole node with respect to x."""

    def rule(working: Working) -> Iterator[Found]:
        for node in working.order:
            if node.op is not None and node is not working.x and is_among(node.op, names):
                rate = attempt(number, working, node)
                if rate is not None:
                    yield Found(Change(rates={node: rate}), node.op.name)

    return rule


def meetings(ways: Callable[[int], Iterable[Callable[[list[float]], float]]]) -> Rule:
    """Where several paths meet: ways(how many) gives functions of their shares."""

    def rule(working: Working) -> Iterator[Found]:
        for node, users in working.users.items():
            if len(users) > 1:
                for way in ways(len(users)):
                    yield Found(Change(meetings={node: way}), "")

    return rule


def values(names: str, number: Callable[[Primitive, list[float]], float | None]) -> Rule:
    """At each node of these operations: another value, with which the work then goes on."""

    def rule(working: Forwards) -> Iterator[Found]:
        for node in working.graph.order:
            if node.op is not None and is_among(node.op, names):
                value = attempt(number, node.op, [working.numbers[operand] for operand in node.operands])
                if value is not None:
                    yield Found(Change(values={node: value}), None)

    return rule


def results(numbers: Callable[[Working], Iterable[float]]) -> Rule:
    """Another answer."""

    def rule(working: Working) -> Iterator[Found]:
        for number in numbers(working):
            yield Found(Change(result=number))

    return rule


def is_among(row: Primitive, names: str) -> bool:
    """Whether a row has one of these names; "function" stands for all of one operand, "activation" for those of neurons."""
    words = names.split()
    is_function = row.arity == 1 and row.is_function and row.name not in ("neg", "power")
    return row.name in words or ("function" in words and is_function) or ("activation" in words and row.activation is not None)


def attempt(number: Callable[..., float | None], *place: object) -> float | None:
    """What a rule gives at a place; None, too, where what it computes does not exist."""
    try:
        return number(*place)
    except (ArithmeticError, ValueError):
        return None


# --- what the rules below ask ---

def both_vary(working: Working, node: Value) -> bool:
    """Whether each operand of a node depends on x."""
    return all(working.depends(operand) for operand in node.operands)


def apart(combine: Callable[[float, float], float]) -> Callable[[Working, Value], float | None]:
    """The rates of two operands put together: combine(u', v')."""

    def number(working: Working, node: Value) -> float | None:
        u, v = node.operands
        return combine(working.rates[u], working.rates[v]) if both_vary(working, node) else None

    return number


def times_rate(factor: Callable[[Working, Value], float]) -> Callable[[Working, Value], float | None]:
    """The right rate of an operation whose two operands vary, times this."""
    return lambda working, node: factor(working, node) * working.rates[node] if both_vary(working, node) else None


def with_constants(working: Working, node: Value) -> float | None:
    """The rate of a sum in which what does not depend on x is kept as it stands."""
    kept = [working.slopes.get((node, i), 1.0) * working.numbers[operand]
            for i, operand in enumerate(node.operands) if not working.depends(operand)]
    return working.rates[node] + sum(kept) if kept else None


def taken_as_x(working: Working, node: Value) -> float | None:
    """1 for a node that goes into a function, so that its own derivative is left out."""
    into = [edge for edge in working.users[node] if is_among(edge.row, "function power pow div")]
    return 1.0 if any(edge.name != "div" or edge.position == 1 for edge in into) else None


def has_constant_factor(edge: Edge) -> bool:
    """Whether the other operand is a plain number."""
    return edge.other is not None and edge.other.constant and (edge.name == "mul" or edge.position == 0)


def other_leaves(working: Working) -> list[Value]:
    """The inputs that are not x."""
    return [node for node in working.graph.inputs if node is not working.x]


def on_the_way(working: Working) -> list[Value]:
    """The nodes between x and the output."""
    return working.order[1:-1]


def one_left_out(count: int) -> Iterable[Callable[[list[float]], float]]:
    """The sum without one of its shares."""
    return [lambda shares, k=k: sum(shares[:k] + shares[k + 1 :]) for k in range(count)]  # type: ignore[misc]


def only_one(count: int) -> Iterable[Callable[[list[float]], float]]:
    """One of the shares."""
    return [lambda shares, k=k: sum(shares[k : k + 1]) for k in range(count)]  # type: ignore[misc]


# The catalogue. Beside each name its family.

CALCULUS = [
    Slip("quotient: minus dropped", "sign", "the minus of the quotient rule is dropped",
         "If the denominator grows, does the quotient grow or fall?",
         (edges("div", lambda e: -e.slope if e.position == 1 else None),)),
    Slip("quotient: reversed", "sign", "the two terms of the quotient rule change places",
         "Which of the two terms carries the minus?",
         (nodes("div", times_rate(lambda w, n: -1.0)),)),
    Slip("quotient: not squared", "quotient", "the denominator of the quotient rule is not squared",
         "What stands under the fraction bar in (u/v)'?",
         (edges("div", lambda e: e.slope * e.number if e.position == 1 else None),
          nodes("div", times_rate(lambda w, n: w.numbers[n.operands[1]])))),
    Slip("quotient: u'/v'", "quotient", "numerator and denominator are differentiated apart, (u/v)' = u'/v'",
         "Try your rule on x/x.", (nodes("div", apart(lambda u, v: u / v)),)),
    Slip("product: u'v'", "product", "the factors are differentiated apart, (uv)' = u'v'",
         "Try your rule on x·x.", (nodes("mul", apart(lambda u, v: u * v)),)),
    Slip("product: own factor", "operand", "the derivative of u·v with respect to u is taken to be u",
         "If u grows a little, u·v grows how many times as much?",
         (edges("mul", lambda e: e.number if e.other is not e.operand else None),)),
    Slip("factor left out", "chain", "a factor beside the variable is left out",
         "What multiplies it there?",
         (edges("mul", lambda e: None if has_constant_factor(e) or e.is_weight else 1.0),
          edges("div", lambda e: 1.0 if e.position == 0 and not has_constant_factor(e) else None))),
    Slip("constant factor left out", "factor", "a constant factor, such as ½ or the 1/n of a mean, is left out",
         "What becomes of a constant factor when one differentiates?",
         (edges("mul div", lambda e: 1.0 if has_constant_factor(e) else None),)),
    Slip("power: exponent not in front", "factor", "the exponent is not brought to the front",
         "What stands before the power in its derivative?",
         (edges("power", lambda e: e.slope / e.row.static if e.row.static else None),)),
    Slip("power: base lost", "power", "only the exponent is left of the power",
         "What has become of the base?", (edges("power", lambda e: e.row.static),)),
    Slip("power rule on an exponential", "power", "the power rule is used on an exponential",
         "Is the variable in the base or in the exponent?",
         (edges("exp", lambda e: e.number * math.exp(e.number - 1)),
          edges("pow", lambda e: e.number * e.other_number ** (e.number - 1) if e.position == 1 else None))),
    Slip("constant kept", "constant", "something that stays constant is kept in the derivative of a sum",
         "How much does a constant change when the variable does?", (nodes("add sub fsum", with_constants),)),
    Slip("constant varied", "constant", "something that is held fixed is varied, too",
         "Which one of the inputs moves?",
         (results(lambda w: [w.right + w.gradients[n] for n in other_leaves(w)]),)),
    Slip("inner forgotten", "chain", "the inner derivative is forgotten",
         "What stands inside, and how does that change?",
         (nodes("add sub mul div power neg pow fsum function", taken_as_x),)),
    Slip("outer at x", "outer", "the outer derivative is taken at the variable instead of at what stands inside",
         "At which number is the outer derivative wanted?",
         (edges("power function", lambda e: e.slope_at(e.at_x) if e.operand is not e.working.x else None),)),
    Slip("outer at g'", "outer", "the outer derivative is taken at the inner derivative",
         "At which number is the outer derivative wanted?",
         (edges("power function", lambda e: e.slope_at(e.inner) if e.operand is not e.working.x else None),)),
    Slip("outer left out", "chain", "the derivative of the function itself is left out",
         "How does the function change with what stands inside?", (edges("function", lambda e: 1.0),)),
    Slip("value for slope", "value", "a value stands where a derivative should",
         "How fast does it change there? That is not how large it is.",
         (edges("power function", lambda e: e.result), edges("pow", lambda e: e.result if e.position == 1 else None),
          results(lambda w: [w.numbers[w.output]]))),
    Slip("path forgotten", "paths", "one of the paths does not count",
         "In how many places does it enter?", (meetings(one_left_out),)),
    Slip("gradient overwritten", "paths",
         "only one path counts: the gradient is overwritten instead of added up (in a network: only one output's path)",
         "What becomes of what arrived first?", (meetings(only_one),)),
    Slip("paths multiplied", "paths", "the paths are multiplied instead of added",
         "Along a path one multiplies; what does one do with several paths?", (meetings(lambda count: [math.prod]),)),
    Slip("local only", "chain", "the local derivative is not multiplied by what arrives",
         "Of what is this the derivative: of the output, or of something on the way?",
         (results(lambda w: [w.rates[n] for n in on_the_way(w)]),)),
    Slip("other operand", "operand", "the derivative with respect to another input is given",
         "With respect to what is the derivative wanted?",
         (results(lambda w: [w.gradients[n] for n in other_leaves(w)]),)),
    Slip("neighbour", "chain", "the gradient of the node next to it is given",
         "How does one come from that node to the variable?",
         (results(lambda w: [w.gradients[e.node] for e in w.users[w.x] if e.node is not w.output]),)),
    Slip("minus lost", "sign", "a minus is lost, or is one too many, at one operation",
         "Does it grow or fall there?",
         (edges("sub neg sin cos", lambda e: -e.slope if e.name != "sub" or e.position == 1 else None),)),
    Slip("angle in degrees", "angle", "the angle is taken in degrees",
         "In which unit does the derivative of the sine have no factor?",
         (edges("sin cos tan", lambda e: e.slope_at(math.radians(e.number))),)),
    Slip("inverse slope", "reciprocal", "the derivative at one operation stands upside down",
         "A change of which, per change of which?",
         (edges("function", lambda e: 1 / e.slope), edges("div", lambda e: 1 / e.slope if e.position == 0 else None))),
    Slip("sign", "sign", "the sign is turned", "Does the result grow or fall?", (results(lambda w: [-w.right]),)),
    Slip("factor two", "factor", "there is a factor of two too many, or one too few",
         "Where does a two come from, and how often does it count?", (results(lambda w: [w.right * 2, w.right / 2]),)),
    Slip("reciprocal", "reciprocal", "the number stands upside down", "A change of which, per change of which?",
         (results(lambda w: [1 / w.right] if w.right else []),)),
]  # fmt: skip

# Slips on the way forwards: a wrong value, with which the rest is then worked out rightly.
FORWARDS = [
    Slip("squared as doubled", "forwards", "a power is worked out as a product, 3² as 3·2",
         "What does the exponent count?", (values("power", lambda row, x: x[0] * (row.static or 0.0)),)),
    Slip("product as sum", "forwards", "two numbers are added that should be multiplied",
         "Which operation joins the two?", (values("mul", lambda row, x: x[0] + x[1]),)),
    Slip("sum as product", "forwards", "two numbers are multiplied that should be added",
         "Which operation joins the two?", (values("add", lambda row, x: x[0] * x[1]),)),
    Slip("order reversed", "forwards", "a difference or a quotient is worked out the other way round",
         "Which of the two comes first?",
         (values("sub", lambda row, x: x[1] - x[0]), values("div", lambda row, x: x[1] / x[0]))),
    Slip("minus forgotten", "forwards", "a minus is forgotten on the way forwards",
         "Which of the numbers has a minus?",
         (values("neg", lambda row, x: x[0]), values("sub", lambda row, x: x[0] + x[1]))),
    Slip("function left out", "forwards", "a function is left out, and its argument taken for its result",
         "What does the function make of that number?", (values("function", lambda row, x: x[0]),)),
    Slip("degrees forwards", "forwards", "the angle is taken in degrees",
         "In which unit is the angle?", (values("sin cos tan", lambda row, x: row.evaluate(math.radians(x[0]))),)),
]  # fmt: skip
