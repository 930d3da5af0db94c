"""Nodes: what a program consists of. A builder makes them; equal ones are made once.

A node is data: its kind, its ordered operands, and what else the kind needs. It stands for an array. The batch is an axis
among others, always the first one, and its length is only known when a program runs: in a `shape` it is written BATCH, which is
0, since NumPy broadcasts a length of 0 as it does any other. A node without that axis has one value for all examples.

Since a node takes part in arithmetic like a number, the rules of engine's table run on it: running a derivative rule on
nodes writes the backward pass.
"""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..interpreter import Interpreter
from ..primitive import Primitive
from .views import Steps, as_steps

Shape = tuple[int, ...]

# Rows of a softmax are found among exponentials, sums and quotients, however they were written. It is no row of the table,
# since on numbers it has several results.
SOFTMAX = Primitive("softmax", lambda *x: x[0], (), any_arity=True, native=True)

BATCH = 0  # the length of the batch axis
LETTERS = "".join(letter for letter in string.ascii_letters if letter != "n")  # of a contraction's axes; n is the batch


class IllFormed(Exception):
    """A program breaks the grammar: the compiler has a bug. `verify` says where."""


class Node(Interpreter):
    """One node of a program; the package's docstring lists the kinds.

    row       of "map" and "reduce": the row of the table
    position  of "map": None, or with respect to which operand this is the row's derivative, f'(result, x, ...);
              of "input": which argument; of "part": which result of a loop; of "hole": its number
    spec      of "contract": the axes by letter, as in einsum
    index     of "take" and "parameter": which entries; of "put": one for each operand. Entries are counted in row-major
              order within one example: the batch axis goes along
    number    of "constant": the numbers
    body      of "loop": what is computed in each step
    name      what it is called in what is printed; given when the program is complete
    serial    its place in the order in which nodes are made
    """

    def __init__(
        self, builder: Builder, kind: str, operands: tuple[Node, ...], shape: Shape, *, row: Primitive | None = None,
        position: int | None = None, spec: str = "", index: tuple[np.ndarray, ...] = (), number: Any = None,
        body: Body | None = None,
    ) -> None:  # fmt: skip
        self.builder, self.kind, self.operands, self.shape = builder, kind, operands, shape
        self.row, self.position, self.spec, self.index, self.number = row, position, spec, index, number
        self.body = body
        self.name = ""
        self.serial = -1

    @cached_property
    def batched(self) -> bool:
        """Whether there is a value for each example."""
        return self.shape[:1] == (BATCH,)

    @cached_property
    def entries(self) -> Shape:
        """The shape of one example's part."""
        return self.shape[1:] if self.batched else self.shape

    @cached_property
    def size(self) -> int:
        """How many numbers there are, for one example."""
        return math.prod(self.entries)

    @cached_property
    def steps(self) -> Steps | None:
        """Of a take or a parameter: its index as equal steps along each axis, if it is that."""
        return as_steps(self.index[0]) if self.index else None

    @cached_property
    def is_view(self) -> bool:
        """Whether this takes all entries of its operand in their order: the same numbers in another shape."""
        if self.kind != "take" or len(self.operands) != 1 or self.size != self.operands[0].size:
            return False
        return bool((self.index[0].ravel() == np.arange(self.size)).all())

    @cached_property
    def axes_taken(self) -> list[int | None] | None:
        """Of a take that only permutes, stretches or drops axes: which axis of the operand each of its axes is, None where it
        stretches. Axes of length 1 may come and go."""
        if self.steps is None or self.steps.start != 0:
            return None
        source = self.operands[0].entries
        strides = [math.prod(source[axis + 1 :]) for axis in range(len(source))]
        found: list[int | None] = []
        for length, step in zip(self.steps.shape, self.steps.step):
            same = [axis for axis, d in enumerate(source) if d == length > 1 and strides[axis] == step and axis not in found]
            if length > 1 and step != 0 and not same:
                return None
            found.append(same[0] if length > 1 and step != 0 else None)
        return found if all(d == 1 or axis in found for axis, d in enumerate(source)) else None

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """Of a contraction: the letters of each operand, then those of the result."""
        return tuple(self.spec.replace("->", ",").split(","))

    def is_map(self, *rows: Primitive) -> bool:
        """Whether this is one of these rows, entry by entry."""
        return self.kind == "map" and self.position is None and self.row in rows

    @property
    def scalar(self) -> float | None:
        """The number, if this is a constant of one number without a shape."""
        return self.number if self.kind == "constant" and self.shape == () else None

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Node:
        """A row of the table, applied to nodes and numbers.

        A row over any number of operands is given one operand here, which stands for a whole axis.
        """
        lifted = [self.builder.lift(operand) for operand in operands]
        if row.arity is None:
            (axis,) = lifted
            return self.builder.reduce(row, axis)
        return self.builder.map(row, *lifted)

    def __repr__(self) -> str:
        what = f" {self.row.name}{'' if self.position is None else f' by operand {self.position}'}" if self.row else ""
        shape = str(tuple("n" if length == BATCH else length for length in self.shape)).replace("'", "")
        operands = ", ".join(f"#{x.serial}" for x in self.operands)
        return f"{self.name or f'#{self.serial}'} = {self.kind}{what}{f' {self.spec}' if self.spec else ''}({operands}) {shape}"


class Body(NamedTuple):
    """One step of a loop, in terms of holes: nodes without operands that stand for what a step is given.

    steps     how many there are; backwards: whether the last one is computed first
    states    a hole for each state that is carried from step to step; following: what it becomes
    slices    a hole for each sequence of which every step reads its own entry
    results   what is kept of every step

    The operands of the loop are the first states, the sequences (their second axis, or the first where there is no batch, is
    time), and then every other node that the body reads, which is the same for all steps.
    """

    steps: int
    backwards: bool
    states: tuple[Node, ...]
    following: tuple[Node, ...]
    slices: tuple[Node, ...]
    results: tuple[Node, ...]

    @property
    def order(self) -> list[Node]:
        """What is computed in each step: all that depends on a hole, operands first."""
        holes = {*self.states, *self.slices}
        inside: set[Node] = set()
        found = []
        for x in reachable([*self.following, *self.results]):
            if x in holes or not inside.isdisjoint(x.operands):
                inside.add(x)
                if x not in holes:
                    found.append(x)
        return found

    @property
    def outside(self) -> list[Node]:
        """What the body reads that is the same for all steps."""
        inside = {*self.states, *self.slices, *self.order}
        read = [*self.following, *self.results, *(y for x in self.order for y in x.operands)]
        return sorted({y for y in read if y not in inside}, key=lambda y: y.serial)


Rule = Callable[["Builder", Node], "Node | None"]


class Builder:
    """Makes nodes. Equal nodes are made once, and each new one is first offered to the rules."""

    def __init__(self, rules: Sequence[tuple[str, Rule]] = ()) -> None:
        self.rules = rules
        self.fired: Counter[str] = Counter()
        self.made: dict[Any, Node] = {}

    def make(self, kind: str, operands: Iterable[Node], shape: Iterable[int], **more: Any) -> Node:
        """The node, simplified by the first rule that applies."""
        candidate = Node(self, kind, tuple(operands), tuple(map(int, shape)), **more)
        key = _key(candidate)
        if key in self.made:
            return self.made[key]
        for name, rule in self.rules:
            better = rule(self, candidate)
            if better is not None:
                self.fired[name] += 1
                self.made[key] = better
                return better
        candidate.serial = len(self.made)
        self.made[key] = candidate
        return candidate

    def find(self, kind: str, operands: Iterable[Node], shape: Iterable[int], **more: Any) -> Node | None:
        """What was made when this node was asked for; None if it never was."""
        return self.made.get(_key(Node(self, kind, tuple(operands), tuple(map(int, shape)), **more)))

    def again(self, x: Node, operands: Sequence[Node]) -> Node:
        """The same node with other operands."""
        return self.make(x.kind, operands, x.shape, row=x.row, position=x.position, spec=x.spec, index=x.index, number=x.number,
                         body=x.body)  # fmt: skip

    # --- leaves ---

    def lift(self, number: Any) -> Node:
        """A number as a constant; a node is one already."""
        return number if isinstance(number, Node) else self.constant(float(number))

    def constant(self, number: Any) -> Node:
        """Numbers that are known when the program is compiled."""
        array = np.asarray(number, dtype=float)
        return self.make("constant", (), array.shape, number=array if array.ndim else float(number))

    def input(self, position: int, shape: Shape) -> Node:
        """What a batch brings for one argument of the function."""
        return self.make("input", (), (BATCH, *shape), position=position)

    def parameter(self, index: np.ndarray) -> Node:
        """These entries of the vector of all parameters."""
        return self.make("parameter", (), index.shape, index=(index,))

    def seed(self) -> Node:
        """The weight of each example in the cost of the batch: 1/n for the mean."""
        return self.make("seed", (), (BATCH,))

    # --- the five ---

    def map(self, row: Primitive, *operands: Node) -> Node:
        """A row of the table on each entry; shapes broadcast as in NumPy, from the right, the batch in front."""
        aligned, shape = self._aligned(operands)
        return self.make("map", aligned, shape, row=row)

    def slope(self, row: Primitive, position: int, result: Node, operands: Sequence[Node]) -> Node:
        """A row's derivative with respect to one operand, kept as one node: σ'(z)."""
        aligned, shape = self._aligned((result, *operands))
        return self.make("map", aligned, shape, row=row, position=position)

    def _aligned(self, operands: Sequence[Node]) -> tuple[list[Node], Shape]:
        """The operands, batched ones with as many axes as the result has; and the shape of that."""
        rank = max(len(x.entries) for x in operands)
        found = [self.view(x, (1,) * (rank - len(x.entries)) + x.entries) if x.batched else x for x in operands]
        return found, np.broadcast_shapes(*[x.shape for x in found])

    def contract(self, spec: str, *operands: Node) -> Node:
        """Products of the operands' entries, summed over the letters that the result lacks: "nk,rk->nr". One operand or two.

        A letter of one operand alone that the result lacks is summed before the product is formed.
        """
        *letters, result = spec.replace("->", ",").split(",")
        if len(operands) == 2:
            found = list(operands)
            for i, mine in enumerate(letters):
                kept = "".join(c for c in mine if c in result or c in letters[1 - i])
                if kept != mine:
                    found[i], letters[i] = self.contract(f"{mine}->{kept}", found[i]), kept
            if all(c in result for mine in letters for c in mine):  # nothing is left to be summed
                return self._product(letters, result, found)
            operands = tuple(found)
        elif sorted(letters[0]) == sorted(result):
            return self.transpose(operands[0], [letters[0].index(c) for c in result])
        length = {c: d for mine, x in zip(letters, operands) for c, d in zip(mine, x.shape)}
        renamed = _canonical([*letters, result])
        return self.make("contract", operands, [length[c] for c in result], spec=f"{','.join(renamed[:-1])}->{renamed[-1]}")

    def _product(self, letters: Sequence[str], result: str, operands: Sequence[Node]) -> Node:
        """The entry by entry product of two operands whose axes are these letters, laid out as the result is."""
        laid_out = []
        for mine, x in zip(letters, operands):
            if x.scalar is not None:  # a number stays one
                laid_out.append(x)
                continue
            present = [c for c in result if c in mine]
            y = self.transpose(x, [mine.index(c) for c in present])
            length = dict(zip(present, y.shape))
            ahead = 0 if y.batched or not present else result.index(present[0])  # NumPy adds axes in front by itself
            laid_out.append(self.view(y, [length.get(c, 1) for c in result[ahead:] if c != "n"] if present else ()))
        return self.map(ops.mul, *laid_out)

    def reduce(self, row: Primitive, x: Node) -> Node:
        """fsum, logsumexp, amax or amin over the last axis, which is kept with length 1. A sum is a contraction."""
        if row.name == "fsum":
            axes = ("n" if x.batched else "") + LETTERS[: len(x.entries)]
            return self.view(self.contract(f"{axes}->{axes[:-1]}", x), (*x.entries[:-1], 1))
        return self.make("reduce", (x,), (*x.shape[:-1], 1), row=row)

    def softmax(self, x: Node) -> Node:
        """exp(x)/Σ exp(x) along the last axis: a reduction that keeps the axis whole."""
        return self.make("reduce", (x,), x.shape, row=SOFTMAX)

    def take(self, x: Node, index: np.ndarray) -> Node:
        """x's entries (in row-major order within one example) at these places."""
        return self.make("take", (x,), ((BATCH,) if x.batched else ()) + index.shape, index=(index,))

    def put(self, shape: Iterable[int], parts: Sequence[Node], indices: Sequence[np.ndarray]) -> Node:
        """Zeros of that shape (of one example), to which each part is added at its index: the adjoint of takes."""
        batch = (BATCH,) if any(x.batched for x in parts) else ()
        return self.make("put", parts, (*batch, *shape), index=tuple(indices))

    def choose(self, table: Node, number: Node) -> Node:
        """The rows of a table (rows, columns) that whole numbers of the data choose: (n, *numbers, columns)."""
        return self.make("take", (table, number), (*number.shape, *table.shape[1:]))

    # --- a repeated stretch ---

    def hole(self, shape: Shape) -> Node:
        """What a step of a loop is given, not known yet."""
        return self.make("hole", (), shape, position=len(self.made))

    def loop(
        self, steps: int, states: Sequence[Node], following: Sequence[Node], first: Sequence[Node], slices: Sequence[Node],
        sequences: Sequence[Node], wanted: Sequence[Node] = (), *, backwards: bool = False,
    ) -> Node:  # fmt: skip
        """A loop. Whatever it computes in each step can be asked for, by `kept`; what nobody asks for is not kept."""
        body = Body(steps, backwards, tuple(states), tuple(following), tuple(slices), tuple(wanted))
        body = body._replace(results=(*body.order, *states))
        return self.make("loop", [*first, *sequences, *body.outside], (), body=body)

    def kept(self, loop: Node, x: Node) -> Node:
        """What x of the loop's body was in every step: (n, steps, ...)."""
        assert loop.body is not None
        return self.part(loop, loop.body.results.index(x))

    def part(self, loop: Node, position: int) -> Node:
        """One result of a loop."""
        assert loop.body is not None
        x = loop.body.results[position]
        batch = (BATCH,) if x.batched else ()
        return self.make("part", (loop,), (*batch, loop.body.steps, *x.entries), position=position)

    # --- in terms of these ---

    def view(self, x: Node, entries: Iterable[int]) -> Node:
        """The same entries in another shape of one example."""
        entries = tuple(entries)
        return x if entries == x.entries else self.take(x, np.arange(x.size).reshape(entries))

    def transpose(self, x: Node, axes: Sequence[int]) -> Node:
        """The axes in another order; the batch stays in front."""
        if list(axes) == list(range(len(axes))):
            return x
        ahead = int(x.batched)
        places = np.arange(x.size).reshape(x.entries)
        return self.take(x, np.ascontiguousarray(places.transpose([axis - ahead for axis in axes if axis >= ahead])))

    def stretch(self, x: Node, shape: Shape) -> Node:
        """x broadcast to a shape, if it has not got it."""
        if x.shape == shape:
            return x
        if shape[:1] == (BATCH,) and not x.batched:  # only arithmetic brings the batch axis in
            return self.stretch(self.map(ops.add, x, self.map(ops.mul, self.constant(0.0), self.seed())), shape)
        entries = shape[1:] if shape[:1] == (BATCH,) else shape
        return self.take(x, stretched(x.entries, entries))

    def shrink(self, x: Node, shape: Shape) -> Node:
        """x summed over the axes along which an operand of that shape had been broadcast, the batch included."""
        if x.shape == shape:
            return x
        entries = shape[1:] if shape[:1] == (BATCH,) else shape
        names = LETTERS[: len(x.entries)]
        ahead = len(x.entries) - len(entries)
        kept = "".join(c for i, c in enumerate(names) if i >= ahead and (entries[i - ahead] > 1 or x.entries[i] == 1))
        batch, kept_batch = ("n" if x.batched else ""), ("n" if x.batched and shape[:1] == (BATCH,) else "")
        summed = self.contract(f"{batch}{names}->{kept_batch}{kept}", x)
        return self.view(summed, entries) if summed.size == math.prod(entries) else summed

    def side_by_side(self, parts: Sequence[Node]) -> Node:
        """The parts one after the other along the last axis."""
        if len(parts) == 1:
            return parts[0]
        lengths = [x.entries[-1] for x in parts]
        shape = (*parts[0].entries[:-1], sum(lengths))
        places, ends = np.arange(math.prod(shape)).reshape(shape), np.cumsum([0, *lengths])
        return self.put(shape, parts, [np.ascontiguousarray(places[..., a:b]) for a, b in pairwise(ends)])


def _canonical(words: Sequence[str]) -> list[str]:
    """The letters renamed in the order in which they appear, so that equal contractions are written alike."""
    names = {"n": "n"}
    for word in words:
        for letter in word:
            names.setdefault(letter, LETTERS[len(names) - 1])
    return ["".join(names[letter] for letter in word) for word in words]


def stretched(shape: Shape, full: Shape) -> np.ndarray:
    """The index by which an array of `shape` is broadcast to `full`."""
    return np.ascontiguousarray(np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), full))


def _key(x: Node) -> Any:
    number = x.number.tobytes() if isinstance(x.number, np.ndarray) else repr(x.number)
    indices = tuple((index.shape, index.tobytes()) for index in x.index)
    return x.kind, x.row, x.position, x.spec, x.shape, tuple(map(id, x.operands)), indices, number, x.body


def reachable(outputs: Iterable[Node]) -> list[Node]:
    """Every node that the outputs need, operands first, otherwise in the order in which they were made."""
    found: set[Node] = set()
    stack = list(outputs)
    while stack:
        x = stack.pop()
        if x not in found:
            found.add(x)
            stack.extend(x.operands)
    return sorted(found, key=lambda x: x.serial)


def substituted(ends: Sequence[Node], stand_in: Callable[[Node], Node | None]) -> list[Node]:
    """The nodes, made again with others standing in for some of what they read."""
    new: dict[Node, Node] = {}
    for y in reachable(ends):
        other = stand_in(y)
        if other is not None:
            new[y] = other
        elif all(new[operand] is operand for operand in y.operands):
            new[y] = y
        else:
            new[y] = y.builder.again(y, [new[operand] for operand in y.operands])
    return [new[y] for y in ends]


def unviewed(x: Node) -> Node:
    """What x is a view of, in any number of steps; x itself, if it is none."""
    while x.is_view:
        (x,) = x.operands
    return x


def is_seed(x: Node) -> bool:
    """Whether x is the weight of an example, perhaps with axes of length 1 added."""
    return x.kind == "seed" or (x.kind == "take" and x.operands[0].kind == "seed")


def constant_scale(x: Node) -> tuple[float, Node]:
    """x as a number times the rest: (c, y) for c·y."""
    if x.is_map(ops.mul) and x.operands[0].scalar is not None:
        return x.operands[0].scalar, x.operands[1]
    return 1.0, x
