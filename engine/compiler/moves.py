"""Pass 8, continued: lines that move entries. A range, or a grid of equal steps, is a view and copies nothing."""

from __future__ import annotations

import numpy as np

from .nodes import Node
from .sheet import GIVEN, Sheet, line_with, reshape_to, tuple_of
from .views import as_nested_steps, as_steps, is_range


class Moves(Sheet):
    """Emits gathers, reshapes, concatenations and scatters."""

    def _write_reshape(self, x: Node, place: int) -> None:
        (operand,) = x.operands
        if operand.kind == "seed" and self.called[operand] == "s" and not self.plan.wanted.weighted:
            self.called[x] = "s"  # a single number, which broadcasts
        elif x in self.plan.aliases:
            self._define_view(x, f"{self._text(operand)}{reshape_to(self._dims(x))}")
        else:
            out = self._buffer(x, place)
            self._do(f"{self._call('copyto')}({out}, {self._text(operand)}{reshape_to(self._dims(x))})", x)

    def _define_view(self, x: Node, text: str) -> None:
        """A view: made once if it is of a buffer, in each run if it is of an argument."""
        if self.plan.base(x).kind in GIVEN:
            self._do(f"{self._name(x)} = {text}", x)
        else:
            self.before.append(line_with(f"{self._name(x)} = {text}", tuple_of(self._dims(x))))

    def _write_take(self, x: Node, place: int) -> None:
        (operand,) = x.operands
        index = x.index[0]
        rows = "n, " if operand.batched else ""
        steps = as_steps(index) or as_nested_steps(index)
        if x in self.plan.aliases and is_range(index):
            start = int(index.flat[0])
            ahead = ":, " if operand.batched else ""
            text = f"{self._entries(operand)}[{ahead}{start}:{start + index.size}]"
            self._define_view(x, text + (f".reshape({rows}{', '.join(map(str, x.shape))})" if len(x.shape) > 1 else ""))
            return
        if operand in self.plan.contiguous and steps is not None:
            text = self._strided(self._text(operand), steps, rows=operand.batched)
            if x in self.plan.aliases:
                self._define_view(x, text)
            else:  # a matrix product wants it contiguous
                if self.plan.base(operand).kind not in GIVEN:
                    view = self._fresh(f"{self._text(operand)}_windows")
                    self.before.append(f"{view} = {text}")
                    text = view
                self._buffer(x, place)
                nested = f".reshape({rows}{', '.join(map(str, steps.shape))})"
                out = self.called[x] if steps.shape == x.shape else self._view(x, nested, "_nested")
                self._do(f"{self._call('copyto')}({out}, {text})", x)
            return
        array = self._array(index, "i")
        axis = 1 if operand.batched else 0
        out = self._buffer(x, place)
        self._do(f'{self._call("take")}({self._entries(operand)}, {array}, axis={axis}, out={out}, mode="clip")', x)

    def _write_concat(self, x: Node, place: int) -> None:
        out, start = self._buffer(x, place), 0
        for part in x.operands:
            end = start + part.shape[-1]
            self._do(f"{self._call('copyto')}({out}[..., {start}:{end}], {self._text(part)})", x)
            start = end

    def _write_assemble(self, x: Node, place: int) -> None:
        out = self._buffer(x, place)
        everything = np.concatenate([index.ravel() for index in x.index])
        apart = len(np.unique(everything)) == len(everything)  # no entry is added to twice
        if not apart or len(everything) < x.size:
            self._do(f"{out}.fill(0.0)", x)
        for part, index in zip(x.operands, x.index):
            self._add_into(out, x, part, index, add=not apart)

    def _add_into(self, out: str, x: Node, part: Node, index: np.ndarray, *, add: bool) -> None:
        """out[index] += part, or = where nothing is there yet. No index expression names a place twice."""
        ahead = ":, " if x.batched else ""
        if len(np.unique(index)) < index.size:
            if self._add_columns(out, x, part, index):
                return
            self._do(self._scatter(self._entries(x), self._entries(part), index), x)
            return
        steps = as_steps(index)
        if steps is not None:
            view = self._fresh(f"{out}_part")
            self.before.append(f"{view} = {self._strided(out, steps, rows=x.batched)}")
            text = self._text(part)
            self._do(f"{self._call('add')}({view}, {text}, out={view})" if add else f"{self._call('copyto')}({view}, {text})", x)
        else:
            array = self._array(index.ravel(), "i")
            self._do(f"{self._entries(x)}[{ahead}{array}] {'+=' if add else '='} {self._entries(part)}", x)

    def _add_columns(self, out: str, x: Node, part: Node, index: np.ndarray) -> bool:
        """Add patches column by column, each a view that names no place twice; False if that is not possible."""
        columns = [index[..., k] for k in range(index.shape[-1])] if index.ndim > 1 else []
        steps = [as_nested_steps(column) for column in columns if len(np.unique(column)) == column.size]
        if not columns or len(steps) < len(columns) or None in steps or part not in self.plan.contiguous:
            return False
        if self.plan.base(part).kind in GIVEN:
            return False
        views, columns_of = self._fresh(f"{out}_into"), self._fresh(f"{self._text(part)}_columns")
        listed = ", ".join(self._strided(out, s, rows=x.batched) for s in steps if s)
        self.before.append(f"{views} = [{listed}]")
        (shape,) = {s.shape for s in steps if s}
        rows = "n, " if x.batched else ""
        self.before.append(f"{columns_of} = {self._text(part)}.reshape({rows}{', '.join(map(str, shape))}, {len(columns)})")
        self._do(f"for k, view in enumerate({views}):", x)
        self.lines.append(f"    {self._call('add')}(view, {columns_of}[..., k], out=view)")
        return True
