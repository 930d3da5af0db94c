"""Pass 10: a lowered program as the text of a Python module that runs on NumPy.

The text has one function, `build`, which makes every buffer for batches of n examples and gives back `run`, which fills
them. Buffers, views of them and views of the parameters are made once, in `build`. In `run` each line is one call that writes
into a buffer. Buffers are used again once their content has been read for the last time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ... import ops
from ...on_arrays import NUMPY, SPECIAL
from ..nodes import SOFTMAX, Node
from ..views import as_nested_steps, is_range
from .buffers import Buffer, Looped, Place, part_of
from .contractions import Letters, letters_of, stacked
from .memory import Memory, Wanted, is_apart, is_full
from .sheet import COMMENT, WORD, Seen, Sheet, aligned, dims, line_with, reshape_to, transposed

ENGINE = __name__.rpartition(".compiler")[0]  # chainrule.engine: the text imports from where this lies
OPERATORS = {  # on single numbers
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}",
    "greater": "float({} > {})", "greater_equal": "float({} >= {})", "equal": "float({} == {})",
}  # fmt: skip
SHORT = 32  # NumPy finds the largest of so few columns faster than that of each row, and a copy in between pays off
REDUCED = {"amax": "maximum", "amin": "minimum"}


class Text(NamedTuple):
    """A module's text, and the arrays that its `build` is given."""

    source: str
    constants: list[np.ndarray]


def write(
    wanted: Wanted, arguments: Sequence[str], dtype: str, heading: str, remarks: Mapping[Node, str] | None = None
) -> Text:
    """The module for what is wanted; `remarks` say what nodes are in the equations."""
    return Writer(wanted, arguments, dtype, remarks or {}).module(heading)


class Writer(Sheet):
    """Writes one module, node by node: a method for each kind."""

    def __init__(self, wanted: Wanted, arguments: Sequence[str], dtype: str, remarks: Mapping[Node, str]) -> None:
        super().__init__(Memory(wanted), arguments, dtype, remarks)
        self.wanted = wanted
        bodies = {looped.holes[0][0]: loop for loop, looped in self.plan.loops.items()}  # with which node each body begins
        for number, x in enumerate(self.plan.order):
            if x in bodies:
                self._begin(bodies[x])
            getattr(self, f"_write_{x.kind}")(x, number)
            self.release(x, number)
        self._finish()

    # --- loops ---

    def _begin(self, loop: Node) -> None:
        """Before a loop: memory for what it hands on, the first states, and for each step its own part of all that."""
        looped, self.in_loop = self.plan.loops[loop], {*self.plan.loops[loop].order}
        ahead = 1 if looped.body.backwards else 0
        for x, (stack, step) in looped.joined.items():
            self.allocate(stack, x.name or f"t{x.serial}")
            self._each(step, stack.name, looped, shift=ahead)
            for y, index in zip(x.operands, x.index):
                if y not in looped.body.states:
                    self._written_before(y, part_of(stack, index), looped)
        for c in looped.carried:
            whole, name = c.stack.buffer, c.following.name or f"t{c.hole.serial}"
            if whole.name:
                name = self.view(self.at(c.stack), name, given=False)
            else:
                self.allocate(whole, name)
                name = whole.name
            first = looped.body.steps if looped.body.backwards and c.whole else 0
            start = f"{name}[{':, ' if whole.batched else ''}{first}, ...]"
            once = c.first.kind == "constant" and c.whole  # nobody writes over it
            (self.before if once else self.lines).append(f"{self.call('copyto')}({start}, {self.text(c.first)})")
            shift = ahead if c.whole else 0
            self._each(c.current, name, looped, shift=shift, cycle=not c.whole)
            self._each(c.next, name, looped, shift=1 - shift, cycle=not c.whole)
        for x, (stack, step) in looped.kept.items():
            self.allocate(stack, x.name or f"t{x.serial}")
            self._each(step, stack.name, looped)
        for hole, x, step in looped.slices:
            if any(reader not in looped.joined for reader in self.plan.readers[hole]):
                self._each(step, self._sequence(x), looped)
        self.lines = []

    def _written_before(self, y: Node, place: Place, looped: Looped) -> None:
        """A part of what is put together in each step that is known before the loop: the data, and constants."""
        sequences = {hole: x for hole, x, _ in looped.slices}
        if y not in sequences:
            self.before.append(f"{self.call('copyto')}({self.at(place)}, {self.text(y)})")
            return
        steps = place.steps.shape[0] - 1
        ahead = 1 if looped.body.backwards else 0
        inside = place.inside(np.arange(math.prod(place.steps.shape)).reshape(place.steps.shape)[ahead : ahead + steps])
        assert inside is not None
        into = self.view(self.at(inside), f"{place.buffer.name}_part", given=False)
        self.lines.append(f"{self.call('copyto')}({into}, {self.text(sequences[y])})")

    def _sequence(self, x: Node) -> str:
        """A sequence whose steps are views that can be made in build: what arrives with a batch is copied first."""
        if x.kind == "constant" or (x in self.plan.places and not self.plan.places[x].buffer.given):
            return self.text(x)
        return self.turned(x)

    def _each(self, step: Buffer, stack: str, looped: Looped, *, shift: int = 0, cycle: bool = False) -> None:
        """The name of what each step has its own of, and the list of all of them."""
        step.name = self.fresh(f"{stack}_t")
        steps = f"reversed(range({looped.body.steps}))" if looped.body.backwards and not cycle else f"range({looped.body.steps})"
        at = f"(t + {shift})" if shift and cycle else f"t + {shift}" if shift else "t"
        where = f"{':, ' if step.batched else ''}{f'{at} % 2' if cycle else at}{'' if step.shape else ', ...'}"
        self.before.append(f"{self.stepwise(step.name)} = [{stack}[{where}] for t in {steps}]")

    def _write_hole(self, x: Node, number: int) -> None:
        self.called[x] = self.plan.places[x].buffer.name

    def _write_loop(self, x: Node, number: int) -> None:
        """The loop itself, once its body is written."""
        looped = self.plan.loops[x]
        for y, step in looped.written:
            if y in self.plan.numbers or self.plan.places[y].buffer is not step:
                self.lines.append(f"{self.call('copyto')}({step.name}, {self.text(y)})")
        body, self.lines = self.lines, self.outer
        read = {word for line in body for word in WORD.findall(line.split(COMMENT)[0])}
        names = {name: each for name, each in self.steps.items() if name in read}
        steps = self.fresh("steps")
        self.before.append(f"{steps} = list(zip({', '.join(names.values())}))")
        self.lines.append(f"for {', '.join(names)}{',' if len(names) == 1 else ''} in {steps}:")
        self.lines += [f"    {line}" for line in body]
        self.steps, self.in_loop = {}, set()

    def _write_part(self, x: Node, number: int) -> None:
        self.define(x)

    # --- leaves ---

    def _write_input(self, x: Node, number: int) -> None:
        self.called[x] = self.arguments[x.position]  # type: ignore[index]  # an input has a position
        if x in self.plan.places:
            self.plan.places[x].buffer.name = self.called[x]

    def _write_constant(self, x: Node, number: int) -> None:
        readers = self.plan.readers[x]
        is_mask = readers and all(reader.is_map(ops.where) and x not in reader.operands[1:] for reader in readers)
        if x.scalar is None and (not is_mask or x in self.wanted.ends):
            self.called[x] = self.plan.places[x].buffer.name = self.array(x.number.astype(self.dtype), "c")

    def _write_parameter(self, x: Node, number: int) -> None:
        if x in self.plan.numbers:
            self.do(f"{self.name(x)} = theta[{int(x.index[0])}]", x)
        elif self.plan.places[x].buffer is self.plan.theta:
            self.define(x)
        else:
            array = self.array(x.index[0], "i")
            out = self.target(x, number)
            if self._is_one_piece(x):
                self.do(f'{self.call("take")}(theta, {array}, out={out}, mode="clip")', x)
            else:
                self.do(f"{self.call('copyto')}({out}, theta[{array}])", x)

    def _write_seed(self, x: Node, number: int) -> None:
        self.called[x] = "s"
        if x in self.plan.numbers:
            return
        buffer = self.plan.places[x].buffer
        buffer.name = "s"
        if not self.wanted.weighted:
            self.called[x] = buffer.name = self.fresh("seeds")
            self.before.append(line_with(f"{buffer.name} = empty((n,), {self.dtype!r})", "the weight of each example"))
            self.lines.append(line_with(f"{buffer.name}.fill(s)", "(n,)"))

    # --- entry by entry, and along the last axis ---

    def _write_map(self, x: Node, number: int) -> None:
        row = x.row
        assert row is not None  # of this kind
        if row is ops.where and x.operands[0].kind == "constant" and x not in self.plan.numbers:
            self._masked(x, number)
            return
        texts = [self.text(operand) for operand in x.operands]
        if self.lines is not self.outer and x not in self.plan.numbers:
            texts = [self.number(operand) for operand in x.operands]
        if x in self.plan.numbers:
            form = OPERATORS.get(row.name)
            wrapped = [text if text.isidentifier() or operand.scalar is not None else f"({text})"
                       for text, operand in zip(texts, x.operands)]  # fmt: skip
            written = form.format(*wrapped) if form else self._ufunc(x, texts)
            self.lines.append(f"{self.name(x)} = {written}")
            return
        if self.plan.places[x].buffer.last:
            texts = [self._along(operand, x) or text for operand, text in zip(x.operands, texts)]
        call = self._ufunc(x, texts)
        out = self.target(x, number)
        copied = row is ops.where or row.name in SPECIAL  # these take no out=
        into = "out=" if self.lines is self.outer else ""  # without the name a call is a tenth quicker: this counts in loops
        self.do(f"{self.call('copyto')}({out}, {call})" if copied else f"{call[:-1]}, {into}{out})", x)

    def _along(self, operand: Node, x: Node) -> str:
        """A copy of an operand that is stretched, with the batch as its last axis in memory, if x has it there: NumPy chooses
        the axis along which it goes by the first operand."""
        if not operand.batched or operand.size in (1, x.size) or self.plan.places[operand].buffer.last:
            return ""
        return self.turned(operand)

    def _masked(self, x: Node, number: int) -> None:
        """One of two by a mask that is known: the one where it lies already, the other copied over it."""
        mask, one, other = x.operands
        out = self.target(x, number)
        where = np.asarray(mask.number) == 0  # where the other is chosen
        if self.is_written_over(other):
            one, other, where = other, one, ~where
        if not self.is_written_over(one):
            self.do(f"{self.call('copyto')}({out}, {self.text(one)})", x)
        self.do(f"{self.call('copyto')}({out}, {self.text(other)}, where={self.array(where, 'mask')})", x)

    def _ufunc(self, x: Node, texts: list[str]) -> str:
        row = x.row
        assert row is not None
        if row.name == "power" and row.static == 2.0:
            return f"{self.call('multiply')}({texts[0]}, {texts[0]})"
        if row.name == "power":
            return f"{self.call('power')}({texts[0]}, {row.static!r})"
        name = NUMPY[row.name]
        (self.helpers if name in SPECIAL else self.used).add(name)
        return f"{name}({', '.join(texts)})"

    def _write_reduce(self, x: Node, number: int) -> None:
        (operand,) = x.operands
        assert x.row is not None  # of this kind
        text, out = self.text(operand), self.target(x, number)
        if x.row is SOFTMAX:
            self._softmax(x, text, out)
        elif x.row.name in REDUCED:
            self.do(f"{self.call(REDUCED[x.row.name])}.reduce({text}, axis=-1, keepdims=True, out={out})", x)
        else:
            self.helpers.add("logsumexp")
            self.do(f"{self.call('copyto')}({out}, logsumexp({text}))", x)

    def _softmax(self, x: Node, text: str, out: str) -> None:
        """exp(x - c)/Σ exp(x - c), each step in place."""
        row = self.scratch((*x.shape[:-1], 1))
        self.lines.append(f"{self.call('subtract')}({text}, {self._shift(x, text, row)}, out={out})")
        self.lines.append(f"{self.call('exp')}({out}, out={out})")
        if self.plan.places[x].is_whole and not self.plan.places[x].buffer.last:  # else a change of shape would be a copy
            rows = self.view(f"{out}.reshape(-1, {x.shape[-1]})", f"{out}_rows", given=False)
            sums = self.view(f"{row}.reshape(-1)", f"{row}_flat", given=False)
            self.lines.append(f"{self.call('dot')}({rows}, {self.ones(str(x.shape[-1]))}, out={sums})")
        else:
            self.lines.append(f"{self.call('add')}.reduce({out}, axis=-1, keepdims=True, out={row})")
        self.do(f"{self.call('divide')}({out}, {row}, out={out})", x)

    def _shift(self, x: Node, text: str, row: str) -> str:
        """What keeps a softmax finite: the logsumexp of each row, if it is known, else the largest of it."""
        if x in self.plan.shifts:
            return self.text(self.plan.shifts[x])
        if x.shape[-1] > SHORT:
            self.lines.append(f"{self.call('maximum')}.reduce({text}, axis=-1, keepdims=True, out={row})")
            return row
        turned = self.scratch((x.shape[-1], *x.shape[:-1]))
        columns = text + transposed([len(x.shape) - 1, *range(len(x.shape) - 1)])
        self.lines.append(f"{self.call('copyto')}({turned}, {columns})")
        largest = self.view(row + reshape_to(dims(x.shape[:-1])), f"{row}_row", given=False)
        self.lines.append(f"{self.call('maximum')}.reduce({turned}, axis=0, out={largest})")
        return row

    # --- contractions ---

    def _write_contract(self, x: Node, number: int) -> None:
        by = letters_of(x)
        operands = [self.seen(y, word) for y, word in zip(x.operands, x.letters)]
        if x in self.plan.numbers:
            self.do(f"{self.name(x)} = {self.call('dot')}({', '.join(self._vectors(operands, by))})", x)
            return
        target = self.target(x, number)
        if not x.shape:  # one number of a step of a loop, which is kept in an array
            self.do(f"{self.call('copyto')}({target}, {self.call('dot')}({', '.join(self._vectors(operands, by))}))", x)
            return
        out = self.seen(x, x.letters[-1])
        if len(operands) == 1:
            self.do(self._sum(operands[0], by, out), x)
            return
        a, b = operands
        by = stacked(out.axes, x) or by
        rows, columns = by.first, by.second
        if out.axes.is_transposed(rows, columns):  # (A B)ᵀ = Bᵀ Aᵀ
            a, b, rows, columns = b, a, columns, rows
        self.do((self._stacked if by.shared else self._product)(a, b, by, rows, columns, out), x)

    def _vectors(self, operands: list[Seen], by: Letters) -> list[str]:
        """The factors of an inner product; a sum is one with ones."""
        found = [self._matrix(y, "", by.summed) for y in operands]
        return found if len(found) == 2 else [self._ones(operands[0], by.summed), *found]

    def _sum(self, operand: Seen, by: Letters, out: Seen) -> str:
        """A product with ones if BLAS can read the operand as a matrix, a reduction otherwise."""
        word, result = operand.axes.word, out.axes.word
        if operand.axes.is_matrix(by.first, by.summed) and out.axes.is_contiguous(result):
            ones = self._ones(operand, by.summed)
            pair = (by.summed, by.first) if word.startswith(by.summed) else (by.first, by.summed)
            factors = [self._matrix(operand, *pair)]
            factors.insert(0 if pair[0] == by.summed else 1, ones)
            return f"{self.call('dot')}({', '.join(factors)}, out={self.merged(out, result)})"
        order = self._order(by.summed, (operand, by.first))
        # to add up what lies across the memory is so slow that it is copied first, if it is not yet
        across = self.plan.places[operand.node].buffer.last and "n" in by.summed
        if by.first and by.summed and out.axes.is_contiguous(result) and (across or self.readable(operand, by.first, order)):
            copy = self._matrix(operand, by.first, order)
            return f"{self.call('dot')}({copy}, {self._ones(operand, by.summed)}, out={self.merged(out, result)})"
        gone = tuple(axis for axis, c in enumerate(word) if c not in result)
        kept = [c for c in word if c in result]
        return f"{self.call('add')}.reduce({operand.text}, axis={gone}, out={self.merged(out, *kept)})"

    def _ones(self, x: Seen, summed: str) -> str:
        """As many ones as there are terms in a sum over these axes."""
        size = math.prod(length for c, length in zip(x.axes.word, x.axes.lengths) if c in summed and c != "n")
        return self.ones(str(size) if "n" not in summed else f"n * {size}" if size > 1 else "n")

    def _product(self, a: Seen, b: Seen, by: Letters, rows: str, columns: str, out: Seen) -> str:
        """One product of matrices: rows × summed, summed × columns. dot is quicker, but its result is in one piece."""
        summed = self._order(by.summed, (a, rows), (b, columns))
        left, right = self._matrix(a, rows, summed), self._matrix(b, summed, columns)
        product = self.call("dot" if out.axes.is_contiguous(rows + columns) else "matmul")
        return f"{product}({left}, {right}, out={self.merged(out, *filter(None, (rows, columns)))})"

    def _stacked(self, a: Seen, b: Seen, by: Letters, rows: str, columns: str, out: Seen) -> str:
        """Such a product for each of the shared letters; an inner product if there is nothing else."""
        stack, summed = tuple(by.shared), self._order(by.summed, (a, rows), (b, columns))
        if not rows and not columns:
            left, right = self._matrix(a, "", summed, stack), self._matrix(b, "", summed, stack)
            return f"{self.call('vecdot')}({left}, {right}, out={self.merged(out, *stack)})"
        left, right = self._matrix(a, rows, summed, stack, whole=True), self._matrix(b, summed, columns, stack, whole=True)
        return f"{self.call('matmul')}({left}, {right}, out={self.merged(out, *stack, rows, columns)})"

    def _matrix(self, x: Seen, rows: str, columns: str, stack: tuple[str, ...] = (), *, whole: bool = False) -> str:
        """x as a matrix, one for each letter of the stack; copied if its axes lie otherwise. Where rows or columns are missing
        it is a vector, unless a whole matrix is wanted."""
        stack = tuple(c for c in stack if c in x.axes.word)  # a factor that is the same for all of them is broadcast
        if not x.axes.is_matrix(rows, columns):
            x = self.copied(x, "".join(stack), rows, columns)
        return self.merged(x, *stack, *((rows, columns) if whole else filter(None, (rows, columns))))

    def _order(self, summed: str, *factors: tuple[Seen, str]) -> str:
        """The order of the summed letters in which the fewest numbers have to be copied, in addition to the copies there are."""
        orders = []
        for x, _ in factors:
            far_first = sorted(zip(x.axes.strides, x.axes.word), reverse=True)  # as they lie in memory
            orders.append("".join(c for _, c in far_first if c in summed))
        return min(orders, key=lambda order: sum(x.node.size for x, kept in factors if not self.readable(x, kept, order)))

    # --- moves ---

    def _write_take(self, x: Node, number: int) -> None:
        operand = x.operands[0]
        if not x.index:  # rows of a table, chosen by the data
            chosen = f'{self.text(x.operands[1])}.astype("intp")'
            out = self.target(x, number)
            if self._is_one_piece(x):
                self.do(f"{self.call('take')}({self.text(operand)}, {chosen}, axis=0, out={out})", x)
            else:
                self.do(f"{self.call('copyto')}({out}, {self.text(operand)}[{chosen}])", x)
            return
        if operand in self.plan.numbers:
            if x in self.plan.numbers:
                self.called[x] = self.text(operand)
            else:
                self.do(f"{self.call('copyto')}({self.target(x, number)}, {self.text(operand)})", x)
            return
        source = self.plan.places[operand]
        if x in self.plan.numbers:
            start = int(source.steps.entries.ravel()[x.index[0]])
            where = np.unravel_index(start, source.buffer.shape) if len(source.buffer.shape) > 1 else (start,)
            self.do(f"{self.name(x)} = {source.buffer.name}[{', '.join(str(int(i)) for i in where)}]", x)
        elif self.plan.places[x].buffer is source.buffer:
            self.define(x)
        else:
            self._gather(x, number)

    def _is_one_piece(self, x: Node) -> bool:
        """Whether x's numbers lie in one piece: `take` writes into contiguous memory alone."""
        place = self.plan.places[x]
        return place.is_whole and not place.buffer.last

    def _gather(self, x: Node, number: int) -> None:
        """Entries from a grid of equal steps with more axes than x has are copied from a view of it; others by a table."""
        (operand,), index = x.operands, x.index[0]
        place, steps = self.plan.places[operand], as_nested_steps(index)
        out = self.target(x, number)
        last = self.plan.places[x].buffer.last
        if steps is not None and place.is_whole and (steps.shape == x.entries or not last):
            text = self.strided(place.buffer, steps)
            view = self.view(text, f"{self.text(operand)}_windows", given=place.buffer.given)
            lengths = [*(["n"] if x.batched else []), *map(str, steps.shape)]
            if steps.shape != x.entries:
                out = self.view(out + reshape_to(lengths), f"{out}_nested", given=False)
            self.do(f"{self.call('copyto')}({out}, {view})", x)
            return
        if not self._is_one_piece(x):
            rows = ":, " if x.batched else ""
            self.do(f"{self.call('copyto')}({out}, {self.flat(operand)}[{rows}{self.array(index, 'i')}])", x)
            return
        axis = int(x.batched)
        self.do(f'{self.call("take")}({self.flat(operand)}, {self.array(index, "i")}, axis={axis}, out={out}, mode="clip")', x)

    def _write_put(self, x: Node, number: int) -> None:
        if x in self.plan.numbers:
            sums = [self.text(part) if part in self.plan.numbers else f"{self.flat(part)}.sum()" for part in x.operands]
            self.do(f"{self.name(x)} = {' + '.join(sums)}", x)
            return
        if any(x in looped.joined for looped in self.plan.loops.values()):  # it was, before the loop
            self.called[x] = self.plan.places[x].buffer.name
            return
        out, place = self.target(x, number), self.plan.places[x]
        if not x.index:  # rows of a table, chosen by the data
            self.do(f"{out}.fill(0.0)", x)
            rows, chosen = map(self.text, x.operands)
            self.do(f'{self.call("add")}.at({out}, {chosen}.astype("intp"), {rows})', x)
            return
        apart = is_apart(x)
        if not (apart and (is_full(x) or place.buffer.zeros)):
            self.do(f"{out}.fill(0.0)", x)
        for part, index in zip(x.operands, x.index):
            inside = place.inside(index)
            if inside is None or len(np.unique(index)) < index.size:
                self._add_entries(x, part, index, add=not apart)
            elif part in self.plan.numbers or not self.plan.places[part].same_as(inside):
                view, text = self.view(self.at(inside), f"{out}_part", given=False), self.text(part)
                written = f"{self.call('copyto')}({view}, {text})" if apart else f"{self.call('add')}({view}, {text}, out={view})"
                self.do(written, x)

    def _add_entries(self, x: Node, part: Node, index: np.ndarray, *, add: bool) -> None:
        """out[index] += part, or = where nothing is there yet. No index expression names a place twice."""
        text = self.text(part) if part in self.plan.numbers else self.flat(part)
        if len(np.unique(index)) == index.size:
            where = f"{':, ' if x.batched else ''}{self.array(index.ravel(), 'i')}"
            self.do(f"{self.flat(x)}[{where}] {'+=' if add else '='} {text}", x)
        elif not self._add_columns(x, part, index):
            self.do(self.scatter(self.flat(x), text, index), x)

    def _add_columns(self, x: Node, part: Node, index: np.ndarray) -> bool:
        """Add patches column by column, each a view that names no place twice; False if that is not possible."""
        columns = [index[..., k] for k in range(index.shape[-1])] if index.ndim > 1 else []
        steps = [as_nested_steps(column) for column in columns if len(np.unique(column)) == column.size]
        fitting = part.batched == x.batched and self.plan.places[x].is_whole and part not in self.plan.numbers
        fitting = fitting and not self.plan.places[x].buffer.last and x not in self.in_loop
        if not columns or len(steps) < len(columns) or None in steps or not fitting:
            return False
        given = self.plan.places[part].buffer.given
        if given or not self.plan.places[part].is_whole or self.plan.places[part].buffer.last:
            return False
        views, columns_of = self.fresh(f"{self.text(x)}_into"), self.fresh(f"{self.text(part)}_columns")
        listed = ", ".join(self.strided(self.plan.places[x].buffer, s) for s in steps if s)
        self.before.append(f"{views} = [{listed}]")
        (shape,) = {s.shape for s in steps if s}
        lengths = [*(["n"] if x.batched else []), *map(str, shape), str(len(columns))]
        self.before.append(f"{columns_of} = {self.text(part)}{reshape_to(lengths)}")
        self.do(f"for k, view in enumerate({views}):", x)
        self.lines.append(f"    {self.call('add')}(view, {columns_of}[..., k], out=view)")
        return True

    # --- the end ---

    def _finish(self) -> None:
        """Add the gradients that were not computed in place, and return the results."""
        late = [(parameter, adjoint) for parameter, adjoint in self.wanted.gradients if not self._is_placed(parameter, adjoint)]
        everything, here = ({i for p, _ in pairs for i in p.index[0].ravel().tolist()} for pairs in (
            self.wanted.gradients, [pair for pair in self.wanted.gradients if pair not in late]))  # fmt: skip
        rest = sorted(everything - here)
        if rest:
            where = f"{rest[0]}:{rest[-1] + 1}" if rest[-1] - rest[0] + 1 == len(rest) else self.array(np.array(rest), "i")
            self.lines.append(f"gradient[{where}] = 0.0")
        for parameter, adjoint in late:
            self._add_gradient(parameter, adjoint)
        self.lines.append("return " + "".join(f"{self.text(x)}, " for _, x in self.wanted.results).rstrip())

    def _is_placed(self, parameter: Node, adjoint: Node) -> bool:
        """Whether the derivative was computed in the place where it belongs."""
        return adjoint not in self.plan.numbers and parameter.steps is not None and self.plan.places[adjoint].same_as(
            Place(self.plan.gradient, parameter.steps)
        )

    def _add_gradient(self, parameter: Node, adjoint: Node) -> None:
        """Add a derivative to its places in the vector of gradients."""
        index = parameter.index[0]
        part = self.text(adjoint) if adjoint in self.plan.numbers else self.flat(adjoint)
        if is_range(index):
            view = self.fresh(f"{self.called[parameter]}_gradient")
            self.before.append(f"{view} = gradient[{index.flat[0]}:{index.flat[0] + index.size}]")
            self.lines.append(f"{self.call('add')}({view}, {part}, out={view})")
        elif len(np.unique(index)) == index.size:
            self.lines.append(f"gradient[{self.array(index.ravel(), 'i')}] += {part}")
        else:
            self.lines.append(self.scatter("gradient", part, index))

    def module(self, heading: str) -> Text:
        """The whole module."""
        lines = [f'"""{heading}"""', "", f"from numpy import {', '.join(sorted(self.used))}"]
        for module, names in (("on_arrays", {*SPECIAL, "logsumexp"}), ("compiler.views", {"scatter", "strided"})):
            used = sorted(self.helpers & names)
            if used:
                lines += ["", f"from {ENGINE}.{module} import {', '.join(used)}"]
        lines += ["", "", "def build(n, theta, gradient, constants):"]
        lines += aligned(self.before, 4)
        lines += ["", f"    def run({', '.join([*self.arguments, 's'])}):"]
        lines += aligned(self.lines, 8)
        lines += ["", "    return run", ""]
        return Text("\n".join(lines), self.constants)
