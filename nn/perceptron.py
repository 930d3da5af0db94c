"""The perceptron: a step neuron, its learning rule row by row, and what it can and cannot learn.

Two lectures differ at the tie w·x + b = 0: in one the neuron fires (">="), in the other it does not (">"). Both are here.
The bias is minus the threshold: a neuron that fires when w·x exceeds 1.5 has b = -1.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

GATES: dict[str, tuple[int, ...]] = {  # the targets for the inputs 00, 01, 10, 11
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "nand": (1, 1, 1, 0),
    "nor": (1, 0, 0, 0),
    "x1 and not x2": (0, 0, 1, 0),
    "xor": (0, 1, 1, 0),
}
FIRING_RULES = (">=", ">")


class Row(NamedTuple):
    """One row of the learning table: the input, its target, the sum, the answer, the changes, and what they lead to."""

    epoch: int
    x: tuple[float, ...]
    target: float
    sum: float
    answer: float
    dw: tuple[float, ...]
    db: float
    w: tuple[float, ...]
    b: float


class Learning(NamedTuple):
    """A whole run. `errors` are counted by epoch; `cycle` is the epoch after which the states began to repeat, or None."""

    table: list[Row]
    errors: list[int]
    converged: bool
    cycle: int | None

    @property
    def updates(self) -> int:
        """How often the weights changed: the mistakes that the convergence theorem bounds."""
        return sum(self.errors)

    @property
    def states(self) -> list[tuple[float, ...]]:
        """The weights and the bias at the end of each epoch."""
        last = {row.epoch: (*row.w, row.b) for row in self.table}
        return list(last.values())


class Perceptron:
    """Answers "yes" where w·x + b >= 0 (or > 0), else "no".

    outputs    the numbers for no and yes: (0, 1) or (-1, 1)
    threshold  may be given in place of the bias: w·x against the threshold is w·x + b against 0 with b = -threshold
    """

    def __init__(
        self, weights: Sequence[float], bias: float | None = None, *, threshold: float | None = None, fires: str = ">=",
        outputs: tuple[float, float] = (0, 1),
    ) -> None:  # fmt: skip
        if (bias is None) == (threshold is None):
            raise ValueError("Give exactly one of bias and threshold: bias = -threshold.")
        if fires not in FIRING_RULES:
            raise ValueError(f'fires = {fires!r}: give ">=" (fires at a tie) or ">" (silent at a tie).')
        self.w = tuple(plain(w) for w in weights)
        if outputs[0] == outputs[1]:
            raise ValueError(f"outputs = {outputs}: no and yes must be two different numbers.")
        self.b = bias if bias is not None else -threshold  # type: ignore[operator]  # one of the two is there
        self.fires, self.outputs = fires, outputs

    @property
    def threshold(self) -> float:
        """What w·x has to reach: minus the bias."""
        return -self.b

    def sum(self, x: Sequence[float]) -> float:
        """w·x + b."""
        if len(x) != len(self.w):
            raise ValueError(f"This perceptron takes {len(self.w)} inputs; it was given {len(x)}.")
        return sum(w * value for w, value in zip(self.w, x)) + self.b

    def __call__(self, x: Sequence[float]) -> float:
        """The number for yes or for no."""
        a = self.sum(x)
        no, yes = self.outputs
        return yes if (a >= 0 if self.fires == ">=" else a > 0) else no

    def truth_table(self) -> list[tuple[tuple[float, ...], float]]:
        """The answer to every combination of no and yes, in counting order."""
        return [(x, self(x)) for x in product(self.outputs, repeat=len(self.w))]

    def learn(
        self, X: Sequence[Sequence[float]], targets: Sequence[float], *, lr: float = 1, epochs: int = 100
    ) -> Learning:
        """Rosenblatt's rule, example by example: right answers change nothing; else w += ±lr·x and b += ±lr.

        The sign raises the sum where "yes" was wanted. Learning ends after an epoch without a mistake, or once the state
        at the end of an epoch is that of an earlier one: then it would cycle for ever, since no line separates the classes.
        With lr = 1 all numbers stay whole; other rates only scale them, but rounding can then decide a tie.
        """
        if not lr > 0:
            raise ValueError(f"lr = {lr} must be greater than 0.")
        X = [tuple(plain(value) for value in x) for x in X]
        no, yes = self.outputs
        wrong = [t for t in targets if t not in self.outputs]
        if wrong or len(list(targets)) != len(X):
            raise ValueError(f"learn needs one target, {no} or {yes}, for each of the {len(X)} inputs; "
                             f"it was given {list(targets)}.")  # fmt: skip
        run = Learning([], [], False, None)
        seen = {(*self.w, self.b): 0}
        for epoch in range(1, epochs + 1):
            mistakes = 0
            for x, target in zip(X, targets):
                a, answer = self.sum(x), self(x)
                sign = 0 if answer == target else 1 if target == yes else -1
                dw, db = tuple(lr * sign * value + 0 for value in x), lr * sign + 0  # + 0: no minus zeros
                self.w = tuple(w + d for w, d in zip(self.w, dw))
                self.b += db
                mistakes += sign != 0
                run.table.append(Row(epoch, tuple(x), target, a, answer, dw, db, self.w, self.b))
            run.errors.append(mistakes)
            state = (*self.w, self.b)
            if mistakes == 0:
                return run._replace(converged=True)
            if state in seen:
                return run._replace(cycle=seen[state])
            seen[state] = epoch
        return run

    def __repr__(self) -> str:
        return f"Perceptron(w={self.w}, b={self.b}, fires {self.fires} 0)"


def plain(number: Any) -> float:
    """A finite Python number; a whole one stays whole."""
    number = number.item() if hasattr(number, "item") else number
    if not abs(number) < float("inf"):
        raise ValueError(f"{number} is not a number to compute with.")
    return number  # type: ignore[no-any-return]  # int or float, as it came


def inputs(count: int = 2, outputs: tuple[float, float] = (0, 1)) -> list[tuple[float, ...]]:
    """All combinations of no and yes: 00, 01, 10, 11."""
    return list(product(outputs, repeat=count))


def gate(name: str, fires: str = ">=") -> tuple[Perceptron, Learning]:
    """A perceptron that has learned a gate from zero weights, with the whole run."""
    if name not in GATES:
        raise ValueError(f"There is no gate {name!r}; there are {', '.join(GATES)}.")
    perceptron = Perceptron([0, 0], 0, fires=fires)
    return perceptron, perceptron.learn(inputs(), GATES[name])


def xor_from_gates(x1: float, x2: float, *, way: str = "or") -> float:
    """XOR, which one perceptron cannot do, from three or four that can. No sum is 0, so both firing rules agree.

    or      OR(x1 and not x2, x2 and not x1)
    and     AND(OR, NAND)
    nand    four NANDs
    """
    AND, OR, NAND = Perceptron([1, 1], -1.5), Perceptron([1, 1], -0.5), Perceptron([-2, -2], 3)
    if way == "or":
        first, second = Perceptron([1, -1], -0.5), Perceptron([-1, 1], -0.5)
        return OR([first([x1, x2]), second([x1, x2])])
    if way == "and":
        return AND([OR([x1, x2]), NAND([x1, x2])])
    if way == "nand":
        both = NAND([x1, x2])
        return NAND([NAND([x1, both]), NAND([both, x2])])
    raise ValueError(f'way = {way!r}: give "or", "and" or "nand".')


def xor_from_features(x1: float, x2: float) -> float:
    """XOR by one perceptron that sees the product x1·x2 as a third input: there the classes can be separated."""
    return Perceptron([1, 1, -2], -0.5)([x1, x2, x1 * x2])


def decision_table(weights: Sequence[float], threshold: float, **options: Any) -> list[tuple[tuple[float, ...], float]]:
    """What an evidence-weighing perceptron decides for each combination of its factors."""
    return Perceptron(weights, threshold=threshold, **options).truth_table()
