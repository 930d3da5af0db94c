"""Exercises in the chain rule, from a level and a seed: the same two give the same exercise on every machine.

A form says how an exercise is computed and from which numbers its point is drawn. Points are drawn until one is good (see
points.py): short numbers, and no wrong way that leads to the right answer, or to the answer of another wrong way.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

from .. import ops
from ..graph import Graph
from ..primitive import UndefinedError
from ..say.notation import Term, show, terms, write
from ..value import Value
from .points import Head, clean, meetings, short, wrong_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .points import Wrong

    Point = dict[str, float]

TRIES = 2000  # points that are looked at before the best so far has to do
ROUNDED = 0.01  # how far an answer may be off, relatively, where the numbers to use are rounded
NEIGHBOURS = (1.13, 0.91, 1.07, 0.83, 1.19, 0.97, 1.03, 0.89), (0.94, 1.17, 0.87, 1.09, 0.99, 1.21, 0.85, 1.05)


class Draw:
    """Draws numbers from a seed. Only `random()` is used: Python promises its numbers for every version and machine."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed).random

    def one_of(self, *numbers: float) -> float:
        """One of the numbers."""
        return numbers[int(self._random() * len(numbers))]


class Form(NamedTuple):
    """A kind of exercise.

    compute   from the inputs, in the order of their names, to the output; nodes with a label are lines of their own
    names     of the inputs
    draw      a point: a number for each input
    asked     the inputs and labelled nodes whose derivatives are asked for
    """

    compute: Callable[..., Value]
    names: str
    draw: Callable[[Draw], Sequence[float]]
    asked: str


class Exercise:
    """A computation at a point, and the derivatives that are asked for.

    level, seed   from which `exercise` makes it again; `form` is the kind of exercise
    inputs        the variables, in the order of their names
    output        what is computed; `graph` is its graph
    asked         the nodes whose derivatives are asked for
    head          every number on the way, as one has it in the head
    """

    def __init__(self, level: str, seed: int, form: Form, point: Sequence[float]) -> None:
        self.level, self.seed, self.form = level, seed, form
        self.inputs = [Value(number, name) for name, number in zip(form.names.split(), point)]
        self.output = form.compute(*self.inputs)
        self.output.label = self.output.label or "f"
        self.graph = Graph(self.output)
        by_name = {name: node for node, name in self.graph.names.items()}
        self.asked = [by_name[name] for name in form.asked.split()]
        self.head = Head(self.graph)

    @property
    def at(self) -> list[str]:
        """The point: x = 3, y = 4."""
        return [f"{leaf.label} = {show(leaf.data)}" for leaf in self.inputs]

    @property
    def lines(self) -> list[tuple[str, Term]]:
        """The computation, a line for each node with a name of its own: the name and its formula."""
        written: dict[Value, Term] = {}
        found = []
        for node in self.graph.order:
            if node.op is None:
                written[node] = terms([node], self.graph.names)[0]
                continue
            written[node] = write(node.op, [written[operand] for operand in node.operands])
            if node.label:
                found.append((node.label, written[node]))
                written[node] = Term.name(node.label)
        return found

    @property
    def text(self) -> str:
        """The computation as it can be typed: z = w·x + b; f = σ(z)."""
        return "; ".join(f"{name} = {formula.text}" for name, formula in self.lines)

    @property
    def to_use(self) -> list[str]:
        """What a head does not know and may use: σ(1) = 0.731, and the product that its slope comes to."""
        found = []
        for node in self.head.looked_up:
            assert node.op is not None  # a leaf is not looked up
            number, at = self.head.number[node], self.head.number[node.operands[0]]
            formula = write(node.op, [Term.number(at)]).text
            slope = show(self.head.slope[node, 0])
            found += [f"{formula} = {show(number)}", f"{show(number)} · {show(1 - number)} = {slope}"]
        return list(dict.fromkeys(found))

    def answer(self, node: Value | None = None) -> float:
        """The right answer, with the numbers to use: the output's value, or its derivative with respect to a node."""
        return self.head.number[self.output] if node is None else self.head.gradient[node]

    def is_right(self, number: float, node: Value | None = None) -> bool:
        """Whether an answer is right: exactly, or to one percent where the numbers to use are rounded themselves."""
        right = self.answer(node)
        return abs(number - right) <= (ROUNDED if self.head.looked_up else 1e-9) * abs(right)


def exercise(level: str | int, seed: int) -> Exercise:
    """The exercise of a level and a seed, the same on every machine.

    The levels are product, quotient, shared, sigmoid, neuron and layers, or 1 to 6; a seed is any whole number from 0 on. Every
    number that comes up has three significant digits at most, and no two wrong ways that the module points.py knows meet, nor
    does one meet the right answer. Raises ValueError where there is no such level or seed.
    """
    name = level_called(level)
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"A seed is a whole number from 0 on, not {seed!r:.40}.")
    draw = Draw(f"{name} {seed}")
    forms = LEVELS[name]
    form = forms[int(draw.one_of(*range(len(forms))))]
    best: tuple[int, Exercise] | None = None
    for _ in range(TRIES):
        try:
            found = Exercise(name, seed, form, form.draw(draw))
        except UndefinedError:
            continue
        some = all(found.head.gradient[node] for node in found.asked)  # a zero says little about the way to it
        if some and found.head.is_short() and found.head.is_faithful(found.asked):
            meet = accidents(found, enough=best[0] if best else TRIES)
            if not meet:
                return found
            if best is None or meet < best[0]:
                best = meet, found
    if best is None:
        raise RuntimeError(f"No point was found for {name} {seed}.")
    return best[1]


def accidents(given: Exercise, wrong: Wrong = wrong_answers, enough: int = 1_000_000) -> int:
    """How many pairs of answers meet at the exercise's point that do not meet at the points around it.

    Two wrong ways that give one number everywhere, such as the sign of a quotient and the sign of all, are no accident.
    `wrong` gives the answers of the wrong ways, each way's in the same order at every point. From `enough` on, no more are
    counted.
    """
    count = 0
    around = [
        Exercise(given.level, given.seed, given.form, [leaf.data * factor for leaf, factor in zip(given.inputs, factors)])
        for factors in NEIGHBOURS
    ]
    for i, node in enumerate(given.asked):
        here = meetings(given.output, node, wrong)
        if here:
            one, other = (meetings(near.output, near.asked[i], wrong) for near in around)
            count += len(here - (one & other))
        if count >= enough:
            break
    return count


def level_called(level: str | int) -> str:
    """The name of a level, which may be given by its number, from 1 on."""
    names = list(LEVELS)
    if str(level) in names:
        return str(level)
    if str(level).isdecimal() and 1 <= int(level) <= len(names):
        return names[int(level) - 1]
    raise ValueError(f"There is no level {str(level)[:40]!r}; there are {', '.join(names)}, or 1 to {len(names)}.")


# --- the forms ---

SIGNED = (2, 3, 4, 5, 6, 7, 8, 9, -2, -3, -4, -5, -6)
NUMBERS = (*SIGNED, 0.2, 0.4, 0.5, 1.5, 2.5)
SMALL = (2, 3, 4, 5, -2, -3, -4, -5, 0.2, 0.4, 0.5, -0.5)
DIVISORS = (2, 4, 5, 8, 10, 20, 0.5, 0.2, 0.4, -2, -4, -5)
KNOWN = (0.5, 1, 1.5, 2, -0.5, -1, -1.5, -2)  # where σ is looked up: its slope there is far from its value
MISSES = (0.1, 0.2, 0.3, 0.4, 0.5, -0.1, -0.2, -0.3, -0.4, -0.5)  # result minus target
FACTORS = (3, 4, 5, 6, 10, 20, 50, 100, -3, -4, -5, -10)


def labelled(name: str, node: Value) -> Value:
    """The node, with a name."""
    node.label = name
    return node


def of(*choices: Sequence[float]) -> Callable[[Draw], list[float]]:
    """A draw of one number from each of the lists."""
    return lambda draw: [draw.one_of(*choice) for choice in choices]


def sigmoid_sum(w: Value, x: Value, b: Value) -> Value:
    """σ(w·x + b), in two lines."""
    return labelled("f", ops.sigmoid(labelled("z", w * x + b)))


def sum_point(draw: Draw) -> list[float]:
    """w, x and b, so that w·x + b is where σ is known."""
    w, x = draw.one_of(*NUMBERS), draw.one_of(*NUMBERS)
    return [w, x, clean(draw.one_of(*KNOWN) - w * x)]


def product_point(draw: Draw) -> list[float]:
    """x and y, so that x·y is where σ is known."""
    x = draw.one_of(2, 4, 5, 10, -2, -4, -5, -10, 0.5, 0.2, 0.25)
    return [x, clean(draw.one_of(*KNOWN) / x)]


def a_neuron(w1: Value, x1: Value, w2: Value, x2: Value, b: Value, y: Value) -> Value:
    """Two inputs, the sigmoid, and the quadratic cost of one example."""
    z = labelled("z", w1 * x1 + w2 * x2 + b)
    return labelled("C", 0.5 * (labelled("a", ops.sigmoid(z)) - y) ** 2)


def neuron_point(draw: Draw) -> list[float]:
    """Weights, inputs and bias that lead to where σ is known, and a target that is missed by a short number."""
    w1, x1, w2, x2 = (draw.one_of(*SMALL) for _ in range(4))
    z = draw.one_of(*KNOWN)
    targets = [clean(short(ops.sigmoid(z)) - miss) for miss in MISSES]
    y = draw.one_of(*[target for target in targets if 0 < target < 1])  # what a sigmoid can reach
    return [w1, x1, w2, x2, clean(z - w1 * x1 - w2 * x2), y]


def sigmoid_layers(w: Value, x: Value, b: Value, v: Value, y: Value) -> Value:
    """A hidden neuron with the sigmoid, a linear output, and the quadratic cost."""
    h = labelled("h", ops.sigmoid(labelled("z", w * x + b)))
    return labelled("C", 0.5 * (labelled("o", v * h) - y) ** 2)


def sigmoid_layers_point(draw: Draw) -> list[float]:
    """The same for them."""
    w, x, v = draw.one_of(*SMALL), draw.one_of(*SMALL), draw.one_of(*SIGNED)
    z = draw.one_of(*KNOWN)
    return [w, x, clean(z - w * x), v, clean(v * short(ops.sigmoid(z)) - draw.one_of(*MISSES))]


def leaky_layers(
    w1: Value, b1: Value, w2: Value, b2: Value, v1: Value, v2: Value, x: Value, y: Value
) -> Value:
    """Two hidden neurons with leaky ReLUs, a linear output, and the quadratic cost."""
    leaky = ops.leaky_relu.bind(0.1)
    h1 = labelled("h1", leaky(labelled("z1", w1 * x + b1)))
    h2 = labelled("h2", leaky(labelled("z2", w2 * x + b2)))
    return labelled("C", 0.5 * (labelled("o", v1 * h1 + v2 * h2) - y) ** 2)


def leaky_layers_point(draw: Draw) -> list[float]:
    """The first hidden neuron is below 0, where the slope is not 1; the second is on either side."""
    w1, w2, v1, v2, x = (draw.one_of(*SIGNED) for _ in range(5))
    z1, z2 = draw.one_of(-20, -30, -40, -50, -5), draw.one_of(2, 3, 4, 5, -10, -20, -30)
    output = v1 * 0.1 * z1 + v2 * (z2 if z2 > 0 else 0.1 * z2)
    return [w1, z1 - w1 * x, w2, z2 - w2 * x, v1, v2, x, clean(output - draw.one_of(2, 3, 4, 5, 6, -2, -3, -4, -5))]


LEVELS: Mapping[str, Sequence[Form]] = {
    "product": [
        Form(lambda x, y: x * y, "x y", of(NUMBERS, NUMBERS), "x y"),
        Form(lambda x, y: x**2 * y, "x y", of(SIGNED, NUMBERS), "x y"),
        Form(lambda x, y: 3 * x * y, "x y", of(NUMBERS, NUMBERS), "x y"),
        Form(lambda x, y: x * (y + 3), "x y", of(NUMBERS, NUMBERS), "x y"),
        Form(lambda x, y: (x - 1) * y**2, "x y", of(NUMBERS, SIGNED), "x y"),
    ],
    "quotient": [
        Form(lambda x, y: x / y, "x y", of(NUMBERS, DIVISORS), "x y"),
        Form(lambda x, y: x**2 / y, "x y", of(SIGNED, DIVISORS), "x y"),
        Form(lambda x, y, z: x * y / z, "x y z", of(NUMBERS, NUMBERS, DIVISORS), "x y z"),
        Form(lambda x, y, z: x**2 * y / z, "x y z", of(SIGNED, NUMBERS, DIVISORS), "x y z"),
        Form(lambda x, y, z: (x + y) / z, "x y z", of(NUMBERS, NUMBERS, DIVISORS), "x z"),
    ],
    "shared": [
        Form(lambda x, y: x**2 + x * y, "x y", of(NUMBERS, NUMBERS), "x y"),
        Form(lambda x, y: x * (x + y), "x y", of(NUMBERS, NUMBERS), "x y"),
        Form(lambda x, y, z: x * y + x / z, "x y z", of(NUMBERS, NUMBERS, DIVISORS), "x y z"),
        Form(lambda x, y, z: (x * y) * (x + z), "x y z", of(NUMBERS, NUMBERS, NUMBERS), "x y z"),
    ],
    "sigmoid": [
        Form(sigmoid_sum, "w x b", sum_point, "b w x"),
        Form(lambda x, y: y * ops.sigmoid(x), "x y", of(KNOWN, FACTORS), "x y"),
        Form(lambda x, y: ops.sigmoid(x * y), "x y", product_point, "x y"),
    ],
    "neuron": [Form(a_neuron, "w1 x1 w2 x2 b y", neuron_point, "a z w1 w2 b")],
    "layers": [
        Form(sigmoid_layers, "w x b v y", sigmoid_layers_point, "o v h z w x"),
        Form(leaky_layers, "w1 b1 w2 b2 v1 v2 x y", leaky_layers_point, "o v1 h1 z1 w1"),
    ],
}
