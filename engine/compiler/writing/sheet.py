"""The sheet that a program's text is written on: names, references, buffers, and lines that run once.

`before` holds the lines of `build`, which run once for each batch size; `lines` those of `run`.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...on_arrays import NUMPY
from ..nodes import BATCH, SOFTMAX, Node, Shape
from ..views import Steps, collected, row_major
from .buffers import Buffer, Place
from .contractions import MANY, Axes, axes, in_order
from .memory import Memory

WIDTH = 56  # the last column where comments may begin
# Names that already mean something in the text
RESERVED = frozenset([
    *keyword.kwlist, *keyword.softkwlist, *NUMPY.values(), "array", "empty", "zeros", "ones", "dot", "matmul", "vecdot", "copyto",
    "take", "list", "zip", "range", "reversed", "t", "strided",
    "scatter", "logsumexp", "build", "run", "n", "s", "theta", "gradient", "constants", "k", "view", "steps",
    "enumerate", "float", "inf", "nan", "__debug__",
])  # fmt: skip
WORD = re.compile(r"\w+")
COMMENT = "  #: "  # separates a line from its comment until the comments are aligned


class Seen(NamedTuple):
    """A node as a contraction sees it: its axes by letter. If it is an argument, views of it cannot be made in advance."""

    node: Node
    text: str
    axes: Axes
    given: bool


class Sheet:
    """The text so far, and what each node is called in it."""

    def __init__(self, memory: Memory, arguments: Sequence[str], dtype: str, remarks: Mapping[Node, str]) -> None:
        self.remarks = remarks  # what a node is in the equations
        self.plan, self.dtype = memory, dtype
        self.before: list[str] = []
        self.lines: list[str] = []
        self.used: set[str] = {"empty"}  # NumPy's functions
        self.helpers: set[str] = set()  # this package's
        self.constants: list[np.ndarray] = []
        self.called: dict[Node, str] = {}
        self.views: dict[str, str] = {}  # names of views, by their text
        self.copies: dict[tuple[Node, tuple[int, ...]], str] = {}  # names of copies with the axes in another order
        self.names = set(RESERVED)
        self.arguments = [self.fresh(name) for name in arguments]
        self.free: list[Buffer] = []  # whose memory can be used again
        self.steps: dict[str, str] = {}  # in a loop: what changes its name from step to step, and the list of all of them
        self.outer: list[str] = self.lines  # the lines before that loop
        self.in_loop: set[Node] = set()  # what it computes

    # --- how things are written ---

    def name(self, x: Node, other: str = "") -> str:
        """Give x a name that is still free."""
        self.called[x] = self.fresh(x.name or other or f"t{x.serial}")
        return self.called[x]

    def fresh(self, name: str) -> str:
        """The name, or one like it that is still free."""
        while name in self.names:
            name += "_"
        self.names.add(name)
        return name

    def do(self, line: str, x: Node) -> None:
        """One more line of run, with the shape of what it gives, and what that is in the equations."""
        shape = tuple_of(dims(x.shape)) if x.shape else ""
        remark = self.remarks.get(x, "")
        self.lines.append(line_with(line, f"{shape}  {remark}" if shape and remark else shape or remark))

    def call(self, function: str) -> str:
        """A function of NumPy's, which will be imported."""
        self.used.add(function)
        return function

    def text(self, x: Node) -> str:
        """How x is referred to."""
        if x.scalar is None:
            return self.called[x]
        if not math.isfinite(x.scalar):
            self.call(repr(abs(x.scalar)))  # inf and nan are names
        return repr(x.scalar)

    def number(self, x: Node) -> str:
        """How x is referred to in a loop, where a number that NumPy need not convert in each step is quicker."""
        if x.scalar is None:
            return self.text(x)
        return self.view(f"{self.call('array')}({self.text(x)}, {self.dtype!r})", "number", given=False)

    def array(self, numbers: np.ndarray, stem: str) -> str:
        """A constant array, under a name."""
        name = self.fresh(f"{stem}{len(self.constants)}")
        self.before.append(f"{name} = constants[{len(self.constants)}]")
        self.constants.append(numbers)
        return name

    def ones(self, length: str) -> str:
        """A vector of ones: a product with it is a sum, and BLAS is quicker than a reduction."""
        name = "ones_" + "".join(c if c.isalnum() else "_" for c in length)
        if name not in self.views:
            self.views[name] = self.fresh(name)
            made = f"{self.views[name]} = {self.call('ones')}({length}, {self.dtype!r})"
            self.before.append(line_with(made, "dot with ones is a sum"))
        return self.views[name]

    def scratch(self, shape: Shape) -> str:
        """A buffer that nobody reads after the next few lines."""
        return self.view(f"{self.call('empty')}({tuple_of(dims(shape))}, {self.dtype!r})", "scratch", given=False)

    def scatter(self, target: str, part: str, index: np.ndarray) -> str:
        """The call that adds entries to places, several of them to the same place."""
        self.helpers.add("scatter")
        return f"scatter({target}, {part}, {', '.join(self.array(array, 'i') for array in collected(index))})"

    # --- views ---

    def view(self, text: str, name: str, *, given: bool) -> str:
        """A view under a name: made once if it is of a buffer, in each run if it is of an argument."""
        if text not in self.views:
            self.views[text] = self.fresh(name)
            self.put_down(self.views[text], text, given=given)
        return self.views[text]

    def put_down(self, name: str, text: str, comment: str = "", *, given: bool) -> None:
        """Define a view: in build, in run, or, if it is of what each step has its own of, in build for all steps."""
        changing = [word for word in WORD.findall(text) if word in self.steps]
        if changing:
            (each,) = changing
            self.before.append(f"{self.stepwise(name)} = [{text} for {each} in {self.steps[each]}]")
        else:
            (self.lines if given else self.before).append(line_with(f"{name} = {text}", comment))

    def stepwise(self, name: str) -> str:
        """The list of what has this name in each step."""
        self.steps[name] = self.fresh(f"{name}_steps")
        return self.steps[name]

    def at(self, place: Place) -> str:
        """What lies at a place, as an expression."""
        (buffer, steps), name = place, place.buffer.name
        rows, ahead = (["n"], ":, ") if buffer.batched else ([], "")
        if place.is_whole and (steps.shape == buffer.shape or not buffer.last):
            return name if steps.shape == buffer.shape else name + reshape_to([*rows, *map(str, steps.shape)])
        if buffer.last:
            return self._slice(place) or self.strided(buffer, steps)
        if steps.in_one_piece:
            flat = name if len(buffer.shape) == 1 else f"{name}.reshape({', '.join([*rows, '-1'])})"
            if not steps.shape and buffer.batched:
                return f"{flat}[:, {steps.start}]"
            piece = f"{flat}[{ahead}{steps.start}:{steps.start + math.prod(steps.shape)}]"
            return piece if len(steps.shape) == 1 else piece + reshape_to([*rows, *map(str, steps.shape)])
        if place.is_transposed:
            usual = row_major(buffer.shape).step
            order = [usual.index(step) if step in usual else -1 for step in steps.step]
            if len(set(usual)) == len(usual) and sorted(order) == list(range(len(usual))):
                return name + transposed([0, *(axis + 1 for axis in order)] if buffer.batched else order)
        return self.strided(buffer, steps)

    def _slice(self, place: Place) -> str:
        """A part of a buffer with the same axes, or the first ones left out, as a slice."""
        (buffer, steps), usual = place, row_major(place.buffer.shape).step
        ahead = len(buffer.shape) - len(steps.shape)
        start = [int(i) for i in np.unravel_index(steps.start, buffer.shape)] if buffer.shape else []
        inside = [a + length <= whole for a, length, whole in zip(start[ahead:], steps.shape, buffer.shape[ahead:])]
        if ahead < 0 or steps.step != usual[ahead:] or not all(inside):
            return ""
        parts = [str(i) for i in start[:ahead]]
        for a, length, whole in zip(start[ahead:], steps.shape, buffer.shape[ahead:]):
            parts.append("" if length == whole else f"{a}:{a + length}")
        while parts and not parts[-1]:
            parts.pop()
        return f"{buffer.name}[:, {', '.join(part or ':' for part in parts)}]"

    def strided(self, buffer: Buffer, steps: Steps) -> str:
        """A view of entries at equal steps, of each row or of the whole."""
        self.helpers.add("strided")
        batch = -1 if buffer.last else int(buffer.batched)
        return f"strided({buffer.name}, {batch}, {steps.start}, {steps.shape}, {steps.step})"

    def seen(self, x: Node, word: str) -> Seen:
        """x under these letters."""
        place = self.plan.places[x]
        found = axes(x, word, place.steps, place.buffer.size, last=place.buffer.last)
        return Seen(x, self.text(x), found, place.buffer.given)

    def merged(self, x: Seen, *groups: str) -> str:
        """x with the axes of each group as one, in the order of the groups. A group of none is an axis of length 1."""
        word = x.axes.word
        order = [word.index(c) for c in "".join(groups)]
        if len(groups) == 2 and order != sorted(order) and word == groups[1] + groups[0]:
            inner = self.merged(x, *groups[::-1])
            # in a loop a view is worth a name
            return f"{inner}.T" if self.lines is self.outer else self.view(f"{inner}.T", f"{inner}_T", given=x.given)
        text = x.text + transposed(order)
        if any(len(group) != 1 for group in groups):
            text += reshape_to([_length(group, x.axes) for group in groups])
        if text == x.text or (text == f"{x.text}.T" and self.lines is self.outer):
            return text
        if text == f"{x.text}.T":
            return self.view(text, f"{x.text}_T", given=x.given)
        suffix = ("_flat", "_rows")[len(groups) - 1] if len(groups) < 3 and order == sorted(order) else "_stack"
        return self.view(text, f"{x.text}{suffix}", given=x.given)

    def copied(self, x: Seen, stack: str, rows: str, columns: str) -> Seen:
        """A copy in which rows and columns are one axis each; made once in a run. What lies together in x stays together."""
        turn = self._turn(x, stack, rows, columns)
        order = "".join(x.axes.word[axis] for axis in turn)
        if (x.node, turn) not in self.copies:
            self.copies[x.node, turn] = copy = self.fresh(f"{x.text}_copy")
            self.before.append(f"{copy} = empty({tuple_of([dims(x.node.shape)[axis] for axis in turn])}, {self.dtype!r})")
            lines = self.lines if x.node in self.in_loop or self._is_of_a_step(x.text) else self.outer
            lines.append(f"{self.call('copyto')}({copy}, {x.text}{transposed(turn)})")
        lengths = tuple(x.axes.lengths[axis] for axis in turn)
        return Seen(x.node, self.copies[x.node, turn], Axes(order, lengths, in_order(lengths)), given=False)

    def turned(self, x: Node) -> str:
        """A copy with the batch as its last axis in memory; made once in a run."""
        key = x, (-1,)
        if key not in self.copies:
            copy = Buffer(x.entries, x.batched, last=True, kept=True)
            self.allocate(copy, f"{self.text(x)}_copy")
            self.copies[key] = copy.name
            lines = self.lines if x in self.in_loop or self._is_of_a_step(self.text(x)) else self.outer
            lines.append(f"{self.call('copyto')}({copy.name}, {self.text(x)})")
        return self.copies[key]

    def _is_of_a_step(self, text: str) -> bool:
        """Whether this is one thing in each step of a loop."""
        return any(word in self.steps for word in WORD.findall(text))

    def readable(self, x: Seen, rows: str, columns: str) -> bool:
        """Whether BLAS can read x as this matrix, or a copy of it that there is."""
        return x.axes.is_matrix(rows, columns) or (x.node, self._turn(x, "", rows, columns)) in self.copies

    def _turn(self, x: Seen, stack: str, rows: str, columns: str) -> tuple[int, ...]:
        """The order of the axes in a copy."""
        word = x.axes.word
        together = [group for group in (rows, columns) if group and x.axes.strides[word.index(group[-1])] == 1]
        order = stack + "".join(sorted((rows, columns), key=lambda group: (group in together, "n" not in group)))
        return tuple(word.index(c) for c in order)

    def flat(self, x: Node) -> str:
        """x as (n, entries), or (entries,)."""
        if len(x.entries) == 1:
            return self.text(x)
        place = self.plan.places[x]
        if place.buffer.last and place.steps.in_one_piece:
            entries = Steps(place.steps.start, (x.size,), (1,))
            return self.view(self.strided(place.buffer, entries), f"{self.text(x)}_entries", given=False)
        text = self.text(x) + (".reshape(n, -1)" if x.batched else ".reshape(-1)")
        if not self.plan.places[x].steps.in_one_piece:  # this makes a copy, so it cannot be done in advance
            return text
        return self.view(text, f"{self.text(x)}_entries", given=self.plan.places[x].buffer.given)

    # --- buffers ---

    def target(self, x: Node, number: int) -> str:
        """Where x's result is written, which may be the memory of an operand read here for the last time."""
        place = self.plan.places[x]
        if not place.buffer.name:
            self._allocate(x, place, number)
        return self.define(x)

    def define(self, x: Node) -> str:
        """What lies at x's place, under x's name; the buffer's own name if x is all of it."""
        place = self.plan.places[x]
        text = self.at(place)
        if text == place.buffer.name:
            self.called[x] = text
        else:
            self.put_down(self.name(x), text, tuple_of(dims(x.shape)), given=place.buffer.given)
        return self.called[x]

    def _allocate(self, x: Node, place: Place, number: int) -> None:
        """Memory for a buffer, of which x is the first part: that of an operand that ends, one that is free, or new."""
        buffer = place.buffer
        earlier = None
        if not buffer.kept:
            operands = [self.plan.places[y] for y in x.operands if y in self.plan.places]
            operands = operands if x.kind == "map" or x.row is SOFTMAX else []
            ending = [y.buffer for y in operands if self._ends(y.buffer, number) and y.steps.alike(place.steps)]
            free = sorted(self.free, key=lambda other: other.shape != buffer.shape)
            fitting = [y for y in [*ending, *free] if (y.size, y.batched, y.last) == (buffer.size, buffer.batched, buffer.last)]
            fitting = [y for y in fitting if not y.last or y.shape == buffer.shape]
            earlier = fitting[0] if fitting else None
        hint = x.name if place.is_whole else ""
        if earlier is None:
            self.allocate(buffer, hint or self._later_name(x) or f"t{x.serial}")
            return
        if earlier in self.free:
            self.free.remove(earlier)
        buffer.memory, earlier.memory = earlier.memory, None
        same = earlier.shape == buffer.shape
        if same and hint in ("", earlier.name):
            buffer.name = earlier.name
        else:
            text = earlier.name + ("" if same else reshape_to([*(["n"] if buffer.batched else []), *map(str, buffer.shape)]))
            buffer.name = self.fresh(hint or f"t{x.serial}")
            self.before.append(line_with(f"{buffer.name} = {text}", f"{earlier.name} is free by now"))

    def allocate(self, buffer: Buffer, name: str) -> None:
        """New memory."""
        buffer.name, buffer.memory = self.fresh(name), buffer
        lengths, made = [*map(str, buffer.shape)], self.call("zeros" if buffer.zeros else "empty")
        if buffer.last:
            turn = transposed([len(lengths), *range(len(lengths))])
            self.before.append(f"{buffer.name} = {made}({tuple_of([*lengths, 'n'])}, {self.dtype!r}){turn}")
        else:
            lengths = ["n", *lengths] if buffer.batched else lengths
            self.before.append(f"{buffer.name} = {made}({tuple_of(lengths)}, {self.dtype!r})")

    def _ends(self, buffer: Buffer, number: int) -> bool:
        """Whether a buffer can be written over now."""
        return self.plan.last[buffer] == number and buffer.memory is not None and not buffer.kept

    def is_written_over(self, x: Node) -> bool:
        """Whether the node being written has taken x's memory."""
        buffer = self.plan.places[x].buffer if x in self.plan.places else None
        return buffer is not None and not buffer.kept and buffer.memory is None

    def _later_name(self, x: Node) -> str:
        """What x will soon be, by operations in place: W1 x is called z1, since b1 is added to it next."""
        y = x
        while not y.name and len(self.plan.readers[y]) == 1:
            (reader,) = self.plan.readers[y]
            first = [z for z in reader.operands if z.shape == reader.shape]
            if reader.kind != "map" or reader.shape != x.shape or first[:1] != [y]:
                break
            y = reader
        return y.name if y not in self.called else ""

    def release(self, x: Node, number: int) -> None:
        """Buffers that are not read after this place may be used again."""
        for buffer in self.plan.buffers(x):
            if self._ends(buffer, number):
                self.free.insert(0, buffer)


def _length(group: str, known: Axes) -> str:
    """The length of several axes as one."""
    lengths = [known.lengths[known.word.index(c)] for c in group]
    return ("n" if len(group) == 1 else "-1") if MANY in lengths else str(math.prod(lengths))


def dims(shape: Shape) -> list[str]:
    """The lengths of a node's axes as they are written."""
    return ["n" if length == BATCH else str(length) for length in shape]


def line_with(text: str, comment: str) -> str:
    """A line with a comment."""
    return f"{text}{COMMENT}{comment}" if comment else text


def aligned(lines: Sequence[str], indent: int) -> list[str]:
    """The lines, indented, with their comments aligned; a long line pushes its own to the right."""
    parts = [line.split(COMMENT) for line in lines]
    width = min(max((len(part[0]) for part in parts if len(part) > 1), default=0), WIDTH)
    return [" " * indent + (f"{part[0]:<{width}}  # {part[1]}" if len(part) > 1 else part[0]) for part in parts]


def tuple_of(parts: Sequence[str]) -> str:
    """A tuple as Python writes it."""
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def reshape_to(lengths: Sequence[str]) -> str:
    """The call that gives an array these dimensions."""
    return f".reshape({', '.join(lengths) or '()'})"


def transposed(order: Sequence[int]) -> str:
    """The call that puts the axes in another order; nothing if it is theirs."""
    if list(order) == sorted(order):
        return ""
    return ".T" if list(order) == [1, 0] else f".transpose({', '.join(map(str, order))})"
