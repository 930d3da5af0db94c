"""What is said about an answer: the verdict on the slips that give it, the sentence, the hint, the hole and the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..say.explain import steps
from ..say.notation import partial, show
from .answers import read_answer
from .slips import FAMILIES
from .working import Forwards, Working

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..graph import Graph
    from ..value import Value
    from .beliefs import Belief

NAMED_AT, ASKED_AT = 0.97, 0.50  # the share of belief at which a slip is named; that all need together to be mentioned
FACT_AT = 0.50  # the share among the slips that fit, at which a turned sign or a reciprocal is stated as a fact
ON_THE_WAY = "Which nodes lie between the two? Multiply what arrives by the local derivative."
FORWARD_HINT = "Which operation is it, and which numbers go in?"


class Question(NamedTuple):
    """What to ask in order to tell slips apart: the text, and what someone with each of the slips would answer."""

    text: str
    answers: Mapping[str, float]


class Diagnosis:
    """What can be said about an answer.

    kind          "right", "follows" (right, given earlier answers), "digits" (right, but given to one digit), "close" (within
                  1 %), "slip", "pair" (two slips), "family", "several" or "unknown"
    right         whether it is the right number, in whatever form
    points        1.0 for "right" and "follows", else 0.0
    slip          the name of the slip that alone explains it, or None; its `family`, also where several of one family fit
    why           the sentence: "This is what one gets if ..."
    hint          a question that leads on, and gives nothing away; empty if nothing is wrong
    hole          the product of the chain rule, with a hole in it
    step          the step in full
    alternatives  the slips that give this number, each with its share of the belief, the most credible first
    question      what to ask next, where it would tell them apart; `narrowed` takes the answer
    """

    def __init__(
        self, asked: Asked, kind: str, beliefs: Sequence[Belief] = (), *, given: str = "", question: Question | None = None
    ) -> None:
        self._asked, self._given = asked, given
        self.kind, self.alternatives, self.question = kind, tuple(beliefs), question
        self.right = kind == "right"
        self.points = float(kind in ("right", "follows"))
        self.slip = beliefs[0].slip.name if kind == "slip" else None
        self.family = beliefs[0].slip.family if kind in ("slip", "family") else None

    @property
    def why(self) -> str:
        """What can be said about the number, as a sentence."""
        reasons = [belief.slip.why for belief in self.alternatives]
        if self.kind == "slip":
            return f"This is what one gets if {reasons[0]}."
        if self.kind == "pair":
            return f"This is what one gets if {reasons[0]}, and {reasons[1]}."
        if self.kind == "family":
            return FAMILIES[self.alternatives[0].slip.family][0]
        if self.kind == "several":
            return f"Several slips give this number; for example, if {reasons[0]}" + (
                f", or if {reasons[1]}." if len(reasons) > 1 else ", which may be chance."
            )
        return {
            "right": f"Right: {self._asked.quantity} = {show(self._asked.right)}.",
            "follows": f"Right, given your {self._given}.",
            "digits": "Right to one digit; give two or more.",
            "close": "Close: it is within 1 % of the right number. Was something rounded on the way?",
        }.get(self.kind, "What led to this number cannot be told.")

    @property
    def hint(self) -> str:
        """A question that leads on without giving the answer away."""
        if self.kind == "slip":
            return self.alternatives[0].slip.hint
        if self.kind == "family":
            return FAMILIES[self.alternatives[0].slip.family][1]
        if self.kind == "close":
            return "Keep more digits on the way."
        if self.kind in ("right", "follows", "digits"):
            return ""
        return self._asked.hint

    @property
    def hole(self) -> str:
        """The step with a hole in it."""
        return self._asked.hole

    @property
    def step(self) -> str:
        """The step in full."""
        return self._asked.step

    def narrowed(self, answer: object) -> Diagnosis:
        """The diagnosis after the question was answered: the slips that would have given this answer are left."""
        if self.question is None:
            return self
        said, would_say = read_answer(answer), self.question.answers
        left = [belief for belief in self.alternatives if said.fits(would_say[belief.slip.name])]
        return verdict_on(self._asked, left)

    def __str__(self) -> str:
        """What is said to the learner: the reason, and the question or the hint."""
        parts = [self.why, self.question.text if self.question else self.hint]
        return "\n".join(part for part in parts if part)

    def __repr__(self) -> str:
        about = f", slip={self.slip!r}" if self.slip else f", family={self.family!r}" if self.family else ""
        return f"Diagnosis({self.kind!r}{about})"


class Asked:
    """A question about a graph: the value of its output, or its derivative with respect to a node."""

    def __init__(self, graph: Graph, x: Value | None) -> None:
        self.graph, self.x = graph, x
        self.working = Forwards(graph) if x is None else Working(graph, x)
        self.right = self.working.right
        self.quantity = graph.title if x is None else partial(graph.title, graph.names[x]).text

    @property
    def hint(self) -> str:
        """Where nothing is known about the answer."""
        return FORWARD_HINT if self.x is None else ON_THE_WAY

    @property
    def step(self) -> str:
        """The lines of the board that give the number."""
        target = self.graph.output if self.x is None else self.x
        kinds = ("forward",) if self.x is None else ("seed", "backward", "sum")
        lines = []
        for step in steps(self.graph, wrt=self.x):
            if step.node is target and step.kind in kinds:
                parts = [step.quantity, step.formula, step.numbers, show(step.result)]
                parts = [parts[0], parts[2], parts[3]] if step.kind == "sum" else parts
                lines.append(" = ".join(part for i, part in enumerate(parts) if i == 0 or part != parts[i - 1]))
        return "\n".join(lines) or f"{self.quantity} = {show(self.right)}"

    @property
    def hole(self) -> str:
        """The same without the numbers that have to be found."""
        graph, called = self.graph, self.graph.names
        if self.x is None:
            whole, _, _ = self.step.rpartition(" = ")
            return f"{whole} = ?"
        assert isinstance(self.working, Working)
        products, numbers = [], []
        for user in [edge.node for edge in self.working.users.get(self.x, [])]:
            products.append(f"{partial(graph.title, called[user]).text} · {partial(called[user], called[self.x]).text}")
            number = show(self.working.gradients[user])
            numbers.append(f"({number}) · ?" if number.startswith("-") else f"{number} · ?")
        return " = ".join(part for part in (self.quantity, " + ".join(products), " + ".join(numbers) or "?") if part)


def verdict_on(asked: Asked, beliefs: Sequence[Belief], working: Forwards | None = None) -> Diagnosis:
    """A slip, a family, several slips, or nothing. Without a working the question that it allows has been answered, and the
    slips that are left are no longer weighed against chance."""
    settled = working is None
    if not beliefs:
        return Diagnosis(asked, "unknown")
    best, all_together = beliefs[0], sum(belief.share for belief in beliefs)
    if not best.slip.is_fact and (best.share >= NAMED_AT or (settled and len(beliefs) == 1)):
        return Diagnosis(asked, "slip", beliefs)
    for family in dict.fromkeys(belief.slip.family for belief in beliefs if belief.slip.family in FAMILIES):
        members = [belief for belief in beliefs if belief.slip.family == family]
        facts = {belief.slip.name for belief in members if belief.slip.is_fact}
        # a fact is true of the number whatever led there, so that only the other slips count against it
        needed = (FACT_AT if family in facts else NAMED_AT) * (all_together if facts or settled else 1.0)
        if sum(belief.share for belief in members) >= needed:
            return Diagnosis(asked, "family", [*members, *[belief for belief in beliefs if belief not in members]])
    if settled or all_together >= ASKED_AT:
        return Diagnosis(asked, "several", beliefs, question=_question(asked, beliefs, working))
    return Diagnosis(asked, "unknown", beliefs)


def _question(asked: Asked, beliefs: Sequence[Belief], working: Forwards | None) -> Question | None:
    """The gradient, or the local derivative, on which the slips differ most; None where they differ on none."""
    if not isinstance(working, Working) or len(beliefs) < 2:
        return None
    called = asked.graph.names
    sweeps = [(one.slip.name, one.change, working.sweep(one.change)) for one in beliefs]
    asks = []
    for node in working.order[1:-1]:
        if all(arrived[node] or not change.rates for _, change, arrived in sweeps):  # past a node taken whole nothing arrives
            text = f"What is {partial(asked.graph.title, called[node]).text}?"
            asks.append(Question(text, {name: arrived[node] for name, _, arrived in sweeps}))
    for edge in working.edges:
        if (edge.node, edge.operand) != (working.output, working.x) and not any(edge.node in one.change.rates for one in beliefs):
            text = f"What is {partial(called[edge.node], called[edge.operand]).text}, by itself?"
            place = edge.node, edge.position
            asks.append(Question(text, {name: change.slopes.get(place, edge.slope) for name, change, _ in sweeps}))
    best = max(asks, key=_kinds, default=None)
    return best if best is not None and _kinds(best) > 1 else None


def _kinds(question: Question) -> int:
    """How many different answers the slips would give."""
    return len({show(number) for number in question.answers.values()})
