"""From a wrong answer to what may have gone wrong: `engine.diagnose(f, x, "-18")`.

In this order: is it right, in whatever form; does it follow from the learner's own earlier answers; is it the right number but
for rounding; does one slip give it. The sweep is done again with each slip of the catalogue, and a slip is named only where
it outweighs the other slips and chance together (beliefs.py). Otherwise it says what the slips have in common, asks the
question that tells them apart, or says that it cannot tell: a false reason does more harm than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import check_fresh
from ..graph import Graph
from ..say.notation import partial
from .answers import Answer, read_answer
from .beliefs import is_same, only_pair, predictions, weigh
from .network_slips import NETWORKS
from .slips import CALCULUS, FORWARDS
from .verdict import Asked, Diagnosis, verdict_on
from .working import Forwards, Working

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ..value import Value

DERIVATIVES = [*CALCULUS, *NETWORKS, *FORWARDS]  # the slips that are tried where a derivative is asked for
VALUES = [*FORWARDS, *[slip for slip in CALCULUS if slip.is_fact]]  # ... where a value is
CLOSE = 0.01  # nearer than this, rounding on the way explains more than any slip does
LARGEST = 300  # nodes between x and the output: above this no slips are tried


def diagnose(
    output: Value | Graph,
    wrt: Value | str | None,
    answer: object,
    earlier: Mapping[Any, object] | None = None,
    values: Mapping[Any, object] | None = None,
) -> Diagnosis:
    """What can be said about an answer to "what is ∂output/∂wrt?"; for wrt=None, to "what is the value of output?".

        f = engine.parse("x**2*y/z", x=3, y=4, z=2)
        print(engine.diagnose(f, f.inputs["z"], "9"))

    `answer` is a number or a text in any form that the command takes: -9, -36/4, -9.0. A number that is written with a
    point counts as rounded to the digits given. `earlier` has the learner's earlier answers for gradients, {v: 3}, by node
    or by name ("v" or "∂f/∂v"), and `values` those for values of nodes: an answer that follows from these is right, given these.
    Raises AnswerError (a ValueError) where an answer is not a number, ValueError where a node is not in the graph, and
    StaleGraphError where a number was changed after the output was computed.
    """
    graph = Graph.of(output)
    check_fresh(graph)
    asked = Asked(graph, None if wrt is None else node_called(graph, wrt))
    typed = read_answer(answer)
    said = {node_called(graph, key): read_answer(number) for key, number in (earlier or {}).items()}
    had = {node_called(graph, key): read_answer(number) for key, number in (values or {}).items()}
    if typed.fits(asked.right, _rounding(asked.working)) or typed.is_cut_from(asked.right):
        if typed.is_precise or typed.half == 0 or is_same(typed.value, asked.right):
            return Diagnosis(asked, "right")
        if typed.value == float(f"{asked.right:.1g}"):
            return Diagnosis(asked, "digits")
    followed = _follow_through(asked, typed, said, had)
    if isinstance(followed, Diagnosis):
        return followed
    found = Diagnosis(asked, "unknown")
    for working in filter(None, (asked.working, followed)):  # someone who was shown the right numbers may have gone on with them
        if found.kind == "unknown":
            found = _judged(asked, typed, working)
    return found


def node_called(graph: Graph, key: Value | str) -> Value:
    """The node itself, or the one of this name: v, ∂f/∂v and df/dv all mean v."""
    if not isinstance(key, str):
        if key not in graph.names:
            raise ValueError(f"{key!r:.60} is not in the graph of {graph.title}.")
        if key.constant:
            raise ValueError(f"{graph.names[key]} is a constant of {graph.title}, which has no derivative with respect to it.")
        return key
    by_name = {name: node for node, name in graph.names.items() if not node.constant}
    for name in (key.strip(), key.strip().rpartition("/")[2][1:]):
        if name in by_name:
            return by_name[name]
    raise ValueError(f"There is no {key.strip()!r:.60} in the graph of {graph.title}; there are {', '.join(by_name)}.")


def _rounding(working: Forwards) -> float:
    """What the right number itself may be off by, where large terms cancel."""
    if not isinstance(working, Working):
        return 1e-12 * max(map(abs, working.numbers.values()))
    return 1e-12 * sum(abs(working.gradients[edge.node] * edge.slope) for edge in working.users.get(working.x, []))


def _follow_through(
    asked: Asked, typed: Answer, said: Mapping[Value, Answer], had: Mapping[Value, Answer]
) -> Diagnosis | Forwards | None:
    """Whether the answer follows from the earlier ones. If not, the working that does; None where these are all right."""
    graph, x, right = asked.graph, asked.x, asked.working
    said = {node: answer for node, answer in said.items() if node is not x}
    had = {node: answer for node, answer in had.items() if x is not None or node is not graph.output}
    wrong_values = {node: answer for node, answer in had.items() if not answer.fits(right.numbers[node])}
    arrived = right.gradients if isinstance(right, Working) else {}
    wrong = {node: answer for node, answer in said.items() if not answer.fits(arrived.get(node, 0.0))}
    first: Forwards | None = None
    for textbook in (True, False):  # by hand one uses the textbook's forms, in which a wrong value enters elsewhere
        for gradients, numbers in ((wrong, wrong_values), (said, had)):
            if not gradients and not numbers:
                continue
            working = _with(graph, x, gradients, numbers, textbook)
            if working is None:
                continue
            if typed.fits(working.right, _slack(working, gradients, numbers)) and not is_same(working.right, right.right):
                return Diagnosis(asked, "follows", given=_blamed(working, gradients, numbers))
            if first is None and (wrong or wrong_values):
                first = working
    return first


def _with(
    graph: Graph, x: Value | None, said: Mapping[Value, Answer], had: Mapping[Value, Answer], textbook: bool
) -> Forwards | None:
    """The working with someone's own answers put in; None where there is no result then."""
    numbers = {node: answer.value for node, answer in had.items()}
    try:
        if x is None:
            return Forwards(graph, numbers)
        return Working(graph, x, numbers, {node: answer.value for node, answer in said.items()}, textbook=textbook)
    except (ArithmeticError, ValueError):
        return None


def _blamed(working: Forwards, said: Mapping[Value, Answer], had: Mapping[Value, Answer]) -> str:
    """The earlier answers from which the result follows. One that leads to it through a later one need not be named."""
    x, textbook = (working.x, working.textbook) if isinstance(working, Working) else (None, False)
    place = {node: i for i, node in enumerate(working.graph.order)}
    kept_said = dict(sorted(said.items(), key=lambda one: -place[one[0]]))  # in the order in which they were worked out
    kept_had = dict(sorted(had.items(), key=lambda one: place[one[0]]))
    for answers in (kept_had, kept_said):
        for node in list(answers):
            answer = answers.pop(node)
            again = _with(working.graph, x, kept_said, kept_had, textbook)
            if again is None or not is_same(again.right, working.right):
                answers[node] = answer
    top, called = working.graph.title, working.graph.names
    found = [f"{called[node]} = {answer.text}" for node, answer in kept_had.items()]
    found += [f"{partial(top, called[node]).text} = {answer.text}" for node, answer in kept_said.items()]
    return " and ".join(found[-3:])


def _slack(working: Forwards, said: Mapping[Value, Answer], had: Mapping[Value, Answer]) -> float:
    """How far the result may be off because earlier answers were rounded, at most one percent.

    A whole number is taken as it is, and from the others the result is to be off by no more than half a unit of each.
    """
    total = 0.0
    x, textbook = (working.x, working.textbook) if isinstance(working, Working) else (None, False)
    for answers in (said, had):
        for node, answer in answers.items():
            if 0 < answer.half < 0.5:
                nudged = {**answers, node: answer._replace(value=answer.value + answer.half)}
                all_said, all_had = (nudged, had) if answers is said else (said, nudged)
                moved = _with(working.graph, x, all_said, all_had, textbook)
                total += abs(moved.right - working.right) if moved else 0.0
    return min(total, CLOSE * abs(working.right))


def _judged(asked: Asked, typed: Answer, working: Forwards) -> Diagnosis:
    """What is behind a wrong answer in this working, as far as it can be told."""
    if typed.half and abs(typed.value - working.right) <= CLOSE * abs(working.right):
        return Diagnosis(asked, "close")
    size = len(working.order) if isinstance(working, Working) else len(asked.graph.order)
    if size > LARGEST:
        return Diagnosis(asked, "unknown")
    found = predictions(working, VALUES if asked.x is None else DERIVATIVES)
    beliefs = weigh(typed, working.right, found)
    if not beliefs and isinstance(working, Working):
        pair = only_pair(typed, working, found)
        return Diagnosis(asked, "pair" if pair else "unknown", pair)
    return verdict_on(asked, beliefs, working)
