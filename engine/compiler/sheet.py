"""The sheet that a program's text is written on: names, references, buffers, and lines that run once.

`before` holds the lines of `build`, which run once for each batch size; `lines` those of `run`.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence

import numpy as np

from ..on_arrays import NUMPY
from .nodes import Node, Shape
from .memory import Memory
from .scatter import collected
from .views import Steps

GIVEN = ("input", "seed")  # arguments of each run: a view of them cannot be made in advance
WIDTH = 56  # the last column where comments may begin
# Names that already mean something in the text
RESERVED = frozenset([
    *keyword.kwlist, *keyword.softkwlist, *NUMPY.values(), "empty", "ones", "dot", "copyto", "take", "strided",
    "scatter", "logsumexp", "build", "run", "n", "s", "theta", "gradient", "constants", "k", "view", "steps", "enumerate",
    "__debug__",
])  # fmt: skip
COMMENT = "  #: "  # separates a line from its comment until the comments are aligned


class Sheet:
    """The text so far, and what each instruction is called in it."""

    def __init__(
        self, memory: Memory, arguments: Sequence[str], dtype: str, remarks: Mapping[Node, str]
    ) -> None:
        self.remarks = remarks  # what an instruction is in the equations
        self.plan, self.dtype = memory, dtype
        self.before: list[str] = []
        self.lines: list[str] = []
        self.used: set[str] = {"empty"}  # NumPy's functions
        self.helpers: set[str] = set()  # this package's
        self.constants: list[np.ndarray] = []
        self.called: dict[Node, str] = {}
        self.views: dict[str, str] = {}  # names of views, by their text
        self.names = set(RESERVED)
        self.arguments = [self._fresh(name) for name in arguments]
        self.memory: dict[Node, str] = {}  # the buffer that an instruction's result lies in
        self.free: dict[tuple[Shape, bool], list[str]] = {}

    # --- how things are written ---

    def _name(self, x: Node, other: str = "") -> str:
        """Give x a name that is still free."""
        self.called[x] = self._fresh(x.name or other or f"t{x.serial}")
        return self.called[x]

    def _fresh(self, name: str) -> str:
        """The name, or one like it that is still free."""
        while name in self.names:
            name += "_"
        self.names.add(name)
        return name

    def _dims(self, x: Node) -> list[str]:
        return [*(["n"] if x.batched else []), *map(str, x.shape)]

    def _do(self, line: str, x: Node) -> None:
        """One more line of run, with the shape of what it gives, and what that is in the equations."""
        shape = tuple_of(self._dims(x)) if x.shape or x.batched else ""
        remark = self.remarks.get(x, "")
        self.lines.append(line_with(line, f"{shape}  {remark}" if shape and remark else shape or remark))

    def _call(self, function: str) -> str:
        self.used.add(function)
        return function

    def _is_number(self, x: Node) -> bool:
        return x.shape == () and not x.batched

    def _text(self, x: Node) -> str:
        """How x is referred to."""
        if x.scalar is not None:
            return repr(x.scalar)
        if x.kind == "transpose":
            return f"{self._text(x.operands[0])}.T"
        return self.called[x]

    def _array(self, numbers: np.ndarray, stem: str) -> str:
        """A constant array, under a name."""
        name = self._fresh(f"{stem}{len(self.constants)}")
        self.before.append(f"{name} = constants[{len(self.constants)}]")
        self.constants.append(numbers)
        return name

    def _view(self, x: Node, end: str, suffix: str) -> str:
        """x seen in another shape; made once, if x is a buffer."""
        text = self._text(x) + end
        if self.plan.base(x).kind in GIVEN or x not in self.plan.contiguous:
            return text
        if text not in self.views:
            self.views[text] = self._fresh(self._text(x) + suffix)
            self.before.append(f"{self.views[text]} = {text}")
        return self.views[text]

    def _rows(self, x: Node) -> str:
        """x as a matrix: all axes but the last become rows."""
        if len(x.shape) == (1 if x.batched else 2):
            return self._text(x)
        return self._view(x, f".reshape(-1, {x.shape[-1]})", "_rows")

    def _flat(self, x: Node) -> str:
        """All entries in a row."""
        return self._view(x, ".reshape(-1)", "_flat") if len(x.shape) + x.batched != 1 else self._text(x)

    def _entries(self, x: Node) -> str:
        """x as (n, entries), or (entries,)."""
        if len(x.shape) == 1:
            return self._text(x)
        return self._view(x, ".reshape(n, -1)" if x.batched else ".reshape(-1)", "_entries")

    def _ones(self, length: str) -> str:
        """A vector of ones: a product with it is a sum, and BLAS is quicker than a reduction."""
        name = "ones_" + "".join(c if c.isalnum() else "_" for c in length)
        if name not in self.views:
            self.views[name] = self._fresh(name)
            made = f"{self.views[name]} = {self._call('ones')}({length}, {self.dtype!r})"
            self.before.append(line_with(made, "dot with ones is a sum"))
        return self.views[name]

    def _strided(self, text: str, steps: Steps, *, rows: bool) -> str:
        """A view of entries at equal steps, of each row or of the whole."""
        self.helpers.add("strided")
        return f"strided({text}, {int(rows)}, {steps.start}, {steps.shape}, {steps.step})"

    def _scatter(self, target: str, part: str, index: np.ndarray) -> str:
        """The call that adds entries to places, several of them to the same place."""
        self.helpers.add("scatter")
        return f"scatter({target}, {part}, {', '.join(self._array(array, 'i') for array in collected(index))})"

    def _row_count(self, x: Node) -> str:
        size = int(np.prod(x.shape[:-1]))
        return (f"n * {size}" if size > 1 else "n") if x.batched else str(size)

    # --- buffers ---

    def _buffer(self, x: Node, place: int) -> str:
        """A buffer for x's result: that of an operand read here for the last time, one that is free, or a new one."""
        if x in self.plan.placed:
            start, end = self.plan.placed[x]
            name = self._name(x)
            self.before.append(line_with(f"{name} = gradient[{start}:{end}]{flat_to(x.shape)}", str(x.shape)))
            self.memory[x] = name
            return name
        memory = None
        if x.kind == "row":
            ending = [y for y in x.operands if y in self.memory and self.plan.last[y] == place]
            fitting = [y for y in ending if y not in self.plan.placed and (y.shape, y.batched) == (x.shape, x.batched)]
            memory = self.memory.pop(fitting[0]) if fitting else None
        if memory is None and self.free.get((x.shape, x.batched)):
            memory = self.free[x.shape, x.batched].pop()
        if memory is None:
            memory = self._name(x, self._later_name(x))
            self.before.append(line_with(f"{memory} = empty({tuple_of(self._dims(x))}, {self.dtype!r})", ""))
        elif x.name and x.name != memory:
            self.before.append(line_with(f"{self._name(x)} = {memory}", f"{memory} is free by now"))
        self.called.setdefault(x, memory)
        self.memory[x] = memory
        return self.called[x]

    def _later_name(self, x: Node) -> str:
        """What x will soon be, by operations in place: W1 x is called z1, since b1 is added to it next."""
        y = x
        while not y.name and len(self.plan.readers[y]) == 1:
            (reader,) = self.plan.readers[y]
            first = [z for z in reader.operands if z.shape == reader.shape and z.batched == reader.batched]
            if reader.kind != "row" or (reader.shape, reader.batched) != (x.shape, x.batched) or first[:1] != [y]:
                break
            y = reader
        return y.name if y not in self.called else ""

    def _release(self, x: Node, place: int) -> None:
        """Buffers that are not read after this place may be used again."""
        for operand in {self.plan.base(operand) for operand in (x, *x.operands)}:
            if self.plan.last[operand] == place and operand in self.memory and operand not in self.plan.placed:
                self.free.setdefault((operand.shape, operand.batched), []).append(self.memory.pop(operand))


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


def reshape_to(dims: Sequence[str]) -> str:
    """The call that gives an array these dimensions."""
    return f".reshape({', '.join(dims) or '()'})"


def flat_to(shape: Shape) -> str:
    """The call that gives a flat piece its shape; nothing if that is what it has."""
    return reshape_to([str(length) for length in shape]) if len(shape) != 1 else ""
