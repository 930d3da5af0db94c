"""Pass 8: a lowered program as the text of a Python module that runs on NumPy.

The text has one function, `build`, which makes every buffer for batches of n examples and gives back `run`, which fills
them. Buffers, views of them and views of the parameters are made once, in `build`. In `run` each line is one call that writes
into a buffer. Buffers are used again once their content has been read for the last time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .. import ops
from ..on_arrays import NUMPY, SPECIAL
from .nodes import Node
from .memory import Memory, Wanted
from .moves import Moves
from .sheet import aligned, flat_to, line_with, reshape_to
from .views import as_steps, is_range

ENGINE = __name__.rpartition(".compiler")[0]  # chainrule.engine: the text imports from where this lies
OPERATORS = {"add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}"}


class Text(NamedTuple):
    """A module's text, and the arrays that its `build` is given."""

    source: str
    constants: list[np.ndarray]


def write(
    wanted: Wanted, arguments: Sequence[str], dtype: str, heading: str, remarks: Mapping[Node, str] | None = None
) -> Text:
    """The module for what is wanted; `remarks` say what instructions are in the equations."""
    return Writer(wanted, arguments, dtype, remarks or {}).text(heading)


class Writer(Moves):
    """Writes one module, instruction by instruction."""

    def __init__(
        self, wanted: Wanted, arguments: Sequence[str], dtype: str, remarks: Mapping[Node, str]
    ) -> None:
        super().__init__(Memory(wanted), arguments, dtype, remarks)
        self.wanted, plan = wanted, self.plan
        for place, x in enumerate(plan.order):
            self._write(x, place)
            self._release(x, place)
        self._finish()

    def _write(self, x: Node, place: int) -> None:
        getattr(self, f"_write_{x.kind}")(x, place)

    def _write_input(self, x: Node, place: int) -> None:
        self.called[x] = self.arguments[x.position]

    def _write_constant(self, x: Node, place: int) -> None:
        if x.scalar is None:
            self.called[x] = self._array(x.number.astype(self.dtype), "c")

    def _write_parameter(self, x: Node, place: int) -> None:
        index = x.index[0]
        steps = as_steps(index)
        if is_range(index):
            start = int(index.flat[0])
            self.before.append(line_with(f"{self._name(x)} = theta[{start}:{start + x.size}]{flat_to(x.shape)}", str(x.shape)))
        elif steps is not None:
            self.before.append(line_with(f"{self._name(x)} = {self._strided('theta', steps, rows=False)}", str(x.shape)))
        else:
            array = self._array(index, "i")
            self._do(f'{self._call("take")}(theta, {array}, out={self._buffer(x, place)}, mode="clip")', x)

    def _write_seed(self, x: Node, place: int) -> None:
        self.called[x] = "s"
        if not self.wanted.weighted and not all(self.plan.broadcasts(reader, x) for reader in self.plan.readers[x]):
            self.called[x] = self._fresh("seeds")
            self.before.append(line_with(f"{self.called[x]} = empty((n, 1), {self.dtype!r})", "the weight of each example"))
            self.lines.append(line_with(f"{self.called[x]}.fill(s)", "(n, 1)"))

    def _write_row(self, x: Node, place: int) -> None:
        row = x.row
        assert row is not None  # of this kind
        texts = [self._text(operand) for operand in x.operands]
        if all(map(self._is_number, x.operands)):
            form = OPERATORS.get(row.name)
            wrapped = [text if text.isidentifier() or operand.scalar is not None else f"({text})"
                       for text, operand in zip(texts, x.operands)]  # fmt: skip
            written = form.format(*wrapped) if form else self._ufunc(x, texts)
            self.lines.append(f"{self._name(x)} = {written}")
            return
        call = self._ufunc(x, texts)
        out = self._buffer(x, place)
        copied = row is ops.where or row.name in SPECIAL  # these take no out=
        self._do(f"{self._call('copyto')}({out}, {call})" if copied else f"{call[:-1]}, out={out})", x)

    def _ufunc(self, x: Node, texts: list[str]) -> str:
        row = x.row
        assert row is not None
        if row.name == "power" and row.static == 2.0:
            return f"{self._call('multiply')}({texts[0]}, {texts[0]})"
        if row.name == "power":
            return f"{self._call('power')}({texts[0]}, {row.static!r})"
        name = NUMPY[row.name]
        (self.helpers if name in SPECIAL else self.used).add(name)
        return f"{name}({', '.join(texts)})"

    def _write_apply(self, x: Node, place: int) -> None:
        matrix, a = x.operands
        w = self._text(matrix.operands[0]) if matrix.kind == "transpose" else f"{self._text(matrix)}.T"
        out = self._buffer(x, place)
        if len(x.shape) == 1 and not x.batched:
            self._do(f"{self._call('dot')}({self._text(a)}, {w}, out={out})", x)
        else:
            self._do(f"{self._call('dot')}({self._rows(a)}, {w}, out={self._rows(x)})", x)

    def _write_outer(self, x: Node, place: int) -> None:
        delta, a = x.operands
        out = self._buffer(x, place)
        self._do(f"{self._call('dot')}({self._rows(delta)}.T, {self._rows(a)}, out={out})", x)

    def _write_transpose(self, x: Node, place: int) -> None:
        pass  # written where it is used

    def _write_reduce(self, x: Node, place: int) -> None:
        (operand,) = x.operands
        out = self._buffer(x, place)
        if x.row is ops.fsum:
            ones = self._ones(str(operand.shape[-1]))
            self._do(f"{self._call('dot')}({self._rows(operand)}, {ones}, out={self._flat(x)})", x)
        elif x.row in (ops.amax, ops.amin):
            larger = self._call("maximum" if x.row is ops.amax else "minimum")
            self._do(f"{larger}.reduce({self._text(operand)}, axis=-1, keepdims=True, out={out})", x)
        else:
            self.helpers.add("logsumexp")
            self._do(f"{self._call('copyto')}({out}, logsumexp({self._text(operand)}))", x)

    def _write_sum_to(self, x: Node, place: int) -> None:
        (operand,) = x.operands
        out = self._buffer(x, place)
        if not x.batched and len(x.shape) == 1 and operand.shape[-1] == x.shape[0]:
            ones = self._ones(self._row_count(operand))
            self._do(f"{self._call('dot')}({ones}, {self._rows(operand)}, out={out})", x)
        elif x.batched and x.shape == (1,) and len(operand.shape) == 1:
            ones = self._ones(str(operand.shape[-1]))
            self._do(f"{self._call('dot')}({self._text(operand)}, {ones}, out={self._flat(x)})", x)
        elif x.size == 1 and not x.batched:
            self._do(f"{self._call('copyto')}({out}, {self._total(operand)})", x)
        else:
            axes, rest = _summed_axes(operand, x)
            target = f"{out}{reshape_to(rest)}"
            self._do(f"{self._call('add')}.reduce({self._text(operand)}, axis={axes}, out={target})", x)

    def _write_total(self, x: Node, place: int) -> None:
        (operand,) = x.operands
        self._do(f"{self._name(x)} = {self._total(operand)}", x)

    def _total(self, x: Node) -> str:
        """The sum of all entries."""
        sizes = [*(["n"] if x.batched else []), *([str(x.size)] if x.size > 1 or not x.batched else [])]
        return f"{self._call('dot')}({self._ones(' * '.join(sizes))}, {self._flat(x)})"

    def _write_inner(self, x: Node, place: int) -> None:
        first, second = x.operands
        self._do(f"{self._name(x)} = {self._call('dot')}({self._flat(first)}, {self._flat(second)})", x)

    # --- the end ---

    def _finish(self) -> None:
        """Add the gradients that were not computed in place, and return the results."""
        written: set[int] = set()
        for parameter, adjoint in self.wanted.gradients:
            if self._is_placed(parameter, adjoint):
                written.update(parameter.index[0].ravel().tolist())
        rest = sorted({i for p, _ in self.wanted.gradients for i in p.index[0].ravel().tolist()} - written)
        if rest:
            where = f"{rest[0]}:{rest[-1] + 1}" if rest[-1] - rest[0] + 1 == len(rest) else self._array(np.array(rest), "i")
            self.lines.append(f"gradient[{where}] = 0.0")
        for parameter, adjoint in self.wanted.gradients:
            if not self._is_placed(parameter, adjoint):
                self._add_gradient(parameter, adjoint)
        self.lines.append("return " + "".join(f"{self._text(x)}, " for _, x in self.wanted.results).rstrip())

    def _is_placed(self, parameter: Node, adjoint: Node) -> bool:
        """Whether the derivative was computed in the place where it belongs."""
        return adjoint in self.plan.placed and self.plan.placed[adjoint] == _range(parameter)

    def _add_gradient(self, parameter: Node, adjoint: Node) -> None:
        """Add a derivative to its places in the vector of gradients."""
        index = parameter.index[0]
        if is_range(index):
            view = self._fresh(f"{self.called[parameter]}_gradient")
            self.before.append(f"{view} = gradient[{index.flat[0]}:{index.flat[0] + index.size}]")
        part = self._entries(adjoint)
        if is_range(index):
            self.lines.append(f"{self._call('add')}({view}, {part}, out={view})")
        elif len(np.unique(index)) == index.size:
            self.lines.append(f"gradient[{self._array(index.ravel(), 'i')}] += {part}")
        else:
            self.lines.append(self._scatter("gradient", part, index))

    def text(self, heading: str) -> Text:
        """The whole module."""
        lines = [f'"""{heading}"""', "", f"from numpy import {', '.join(sorted(self.used))}"]
        for module, names in (("on_arrays", {*SPECIAL, "logsumexp"}), ("compiler.scatter", {"scatter", "strided"})):
            used = sorted(self.helpers & names)
            if used:
                lines += ["", f"from {ENGINE}.{module} import {', '.join(used)}"]
        lines += ["", "", "def build(n, theta, gradient, constants):"]
        lines += aligned(self.before, 4)
        lines += ["", f"    def run({', '.join([*self.arguments, 's'])}):"]
        lines += aligned(self.lines, 8)
        lines += ["", "    return run", ""]
        return Text("\n".join(lines), self.constants)


def _range(parameter: Node) -> tuple[int, int] | None:
    index = parameter.index[0]
    return (int(index.flat[0]), int(index.flat[-1]) + 1) if is_range(index) else None


def _summed_axes(operand: Node, x: Node) -> tuple[tuple[int, ...], list[str]]:
    """The axes of the operand's array to sum over, and the dimensions that are left."""
    axes, rest = [], []
    if operand.batched:
        if x.batched:
            rest.append("n")
        else:
            axes.append(0)
    ahead = len(operand.shape) - len(x.shape)
    for d, length in enumerate(operand.shape):
        axis = d + int(operand.batched)
        if d < ahead or (x.shape[d - ahead] == 1 and length != 1):
            axes.append(axis)
        else:
            rest.append(str(length))
    return tuple(axes), rest
