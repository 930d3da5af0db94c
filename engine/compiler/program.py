"""Program: what `engine.compile` gives. It is traced at the first batch, and then runs as NumPy."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from ..primitive import UndefinedError
from ..value import Value, assignments
from . import equations, report
from .blocks import Blocks, Found
from .code import Code
from .differentiate import differentiate
from .evaluate import evaluate
from .instructions import Builder, Instruction, reachable
from .names import Names
from .rules import RULES
from .scalars import flatten
from .storage import arrange
from .sums import collapse
from .trace import trace, unique_names
from .verify import verify


def compile(
    f: "Callable[..., Any]", *, has_aux: bool = False, penalty: "Callable[[], Any] | None" = None, dtype: Any = "float64"
) -> "Program":
    """Compile f, a function of one example written in scalars, to a program that runs on batches of examples.

    f        takes one example: numbers, or (nested) lists of numbers; reads parameters, which are Values; returns a Value,
             its cost say, or a list of Values
    has_aux  f returns (cost, list of others): the others are computed along, and no derivative is taken of them
    penalty  a function without arguments, added once to the cost of a batch
    dtype    "float64" or "float32"

    f runs once, on the first example of the first batch, to be traced. Its Values may be computed with, but not looked at:
    a comparison or a look at `.data` raises a TracingError. What f does besides (random numbers, printing) happens in that
    one run: a random number is frozen into the program.
    """
    if not callable(f):
        raise TypeError(f"engine.compile takes a function of one example, not {f!r:.60}.")
    if np.dtype(dtype).name not in ("float64", "float32"):
        raise ValueError(f'dtype = {dtype!r}: a program computes in "float64" or "float32".')
    return Program(f, has_aux=has_aux, penalty=penalty, dtype=np.dtype(dtype).name)


class Gradient(Mapping[Any, Any]):
    """Derivatives of the cost of a batch: gradient["W1"] is an array, gradient[p] the number for a parameter Value.

    `inputs` has an array for each argument, if they were asked for; `vector` all derivatives in the program's order.
    """

    def __init__(self, program: "Program", vector: np.ndarray, inputs: "tuple[np.ndarray, ...]" = ()) -> None:
        self.program, self.vector, self.inputs = program, vector, inputs

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, Value):
            if key not in self.program.places:
                raise KeyError(f"{key!r} is no parameter of this program.")
            return float(self.vector[self.program.places[key]])
        return self.vector[self.program.index_of(key)]

    def __iter__(self) -> "Iterator[str]":
        return iter(self.program.names)

    def __len__(self) -> int:
        return len(self.program.names)

    def store_to_values(self) -> None:
        """Set the `.grad` of each parameter Value."""
        for value, number in zip(self.program.parameters, self.vector[self.program.order].tolist()):
            value._grad = number

    def __repr__(self) -> str:
        shapes = ", ".join(f"∂C/∂{name} {self.program.index_of(name).shape}" for name in self)
        return f"Gradient({shapes})"


class Compiled(NamedTuple):
    """What compiling found, before any variant is written."""

    builder: Builder
    found: "list[Found]"
    outputs: Instruction  # the result: the cost, or all of a list
    others: "Instruction | None"
    charge: "Instruction | None"
    arguments: "list[str]"
    shapes: "list[tuple[int, ...]]"
    several: bool
    counts: "dict[str, int]"


class Program:
    """A function of one example, compiled to run on batches. Made by `engine.compile`.

    program(X, Y)                 the value for each example, (n,); for a function that returns a list, (n, outputs)
    program.value_and_grad(X, Y)  the mean over the batch and its Gradient
    print(program)                the mathematics, for one example as a column
    program.source                the text that runs, for examples as rows
    program.latex(), .explain()   the same as LaTeX; how the scalar nodes became blocks

    Numbers live on two sides: the Values' data, and the program's arrays, which are what it computes with. Assigning to a
    Value's data is noticed at the next call, and the arrays follow. A program never changes a Value by itself:
    `store_to()` does. `current` says which side is the newer one.
    """

    def __init__(
        self, f: "Callable[..., Any]", *, has_aux: bool, penalty: "Callable[[], Any] | None", dtype: str
    ) -> None:
        self.f, self.has_aux, self.penalty, self.dtype = f, has_aux, penalty, dtype
        self.compiled: Compiled | None = None
        self.codes: dict[Any, Code] = {}
        self.parameters: list[Value] = []
        self.places: dict[Value, int] = {}  # of each parameter in the vector
        self.order = np.zeros(0, dtype=np.intp)
        self.names: dict[str, Instruction] = {}
        self._running = Lock()  # the buffers belong to one call at a time
        self._ahead = False
        self._seen = -1

    # --- compiling ---

    def trace(self, *batch: Any) -> "Program":
        """Compile now, for batches like this one; a call does it when it is needed."""
        if self.compiled is None:
            arrays = [_array(x, self.dtype, f"argument {i}") for i, x in enumerate(batch, 1)]
            self._compile([_first_example(array, i) for i, array in enumerate(arrays, 1)])
        return self

    def _compile(self, examples: "list[np.ndarray]") -> None:
        traced = trace(self.f, examples, has_aux=self.has_aux, penalty=self.penalty)
        scalars = flatten(traced)
        counts = report.counted(scalars)
        names, extra, several = unique_names(traced.names), traced.extra, traced.several
        del traced  # the graph of Values is not needed any more
        steps = collapse(scalars)
        counts["sums"], counts["steps"] = len(steps.sums), len(steps.nodes)
        builder = Builder(RULES)
        shapes = [example.shape for example in examples]
        blocks = Blocks(builder, scalars, steps, shapes)
        ends = blocks.outputs()
        charge = joined(builder, [ends.pop()]) if self.penalty else None
        others = joined(builder, ends[len(ends) - extra :]) if extra else None
        outputs = joined(builder, ends[: len(ends) - extra])
        everything = reachable([outputs, *(x for x in (others, charge) if x)])
        verify(everything, len(scalars.parameters))
        places = arrange(everything, len(scalars.parameters))
        verify(everything, len(scalars.parameters))
        self.parameters, self.order = scalars.parameters, places
        self.places = dict(zip(scalars.parameters, places.tolist()))
        labels = [""] * len(places)
        for value, place in self.places.items():
            labels[place] = value.label
        Names(everything, names, labels)
        if outputs.kind == "row" and not outputs.name and outputs.size == 1 and not several:
            outputs.name = "C"
        self.names = {x.name: x for x in everything if x.kind == "parameter"}
        self.vector, self.gradient = (np.zeros(len(places), self.dtype) for _ in range(2))
        self.compiled = Compiled(builder, blocks.found, outputs, others, charge, names, shapes, several, counts)
        self.load_from()

    @property
    def _ready(self) -> Compiled:
        if self.compiled is None:
            raise ValueError("This program is not traced yet: give it a batch first, program(X, Y) or program.trace(X, Y).")
        return self.compiled

    def _code(self, *, gradient: bool, weighted: bool = False, inputs: bool = False) -> Code:
        """The variant that is asked for."""
        key = gradient, weighted, inputs
        if key not in self.codes:
            ready = self._ready
            results, gradients = self.instructions(gradient=gradient, weighted=weighted, inputs=inputs)
            heading = equations.heading(ready.arguments, ready.shapes, self.dtype, gradient)
            self.codes[key] = Code(
                results, gradients, weighted, ready.arguments, self.dtype, heading, len(self.parameters)
            )
        return self.codes[key]

    def instructions(
        self, *, gradient: bool = True, weighted: bool = False, inputs: bool = False
    ) -> "tuple[list[tuple[str, Instruction]], list[tuple[Instruction, Instruction]]]":
        """What a variant computes: its results by name, and each parameter instruction with its derivative."""
        ready = self._ready
        builder, cost = ready.builder, ready.outputs
        others = [("others", ready.others)] if ready.others else []
        if not gradient:
            return [("outputs", cost), *others], []
        seed = builder.seed() if cost.batched else builder.constant(1.0)
        seeds = [(cost, seed)]
        value = builder.inner(seed, cost) if weighted and cost.batched else builder.total(cost)
        results = [("value", value)]
        if ready.charge:
            seeds.append((ready.charge, builder.constant(1.0)))
            results.append(("penalty", builder.total(ready.charge)))
        results += others
        everything = reachable([cost, *([ready.charge] if ready.charge else [])])
        wrt = [x for x in everything if x.kind == "parameter" or (inputs and x.kind == "input")]
        adjoints = differentiate(seeds, wrt)
        if not weighted and not inputs:
            equations.name_adjoints(adjoints, {name for name in self.names} | set(ready.arguments))
        for position, shape in enumerate(ready.shapes if inputs else []):
            leaf = builder.input(position, shape)
            results.append((f"input {position}", adjoints.get(leaf, builder.constant(np.zeros(shape)))))
        gradients = [(x, adjoints[x]) for x in wrt if x.kind == "parameter" and x in adjoints]
        return results, sorted(gradients, key=lambda both: (len(both[0].shape) < 2, both[0].size))

    # --- running ---

    def __call__(self, *batch: Any, check: bool = False) -> Any:
        """The value of each example; with has_aux, (values, others).

        `check` looks at every block, and names the first one and the first example that leave the numbers.
        """
        arrays, n = self._batch(batch)
        ready = self._ready
        if check:
            self._find_undefined(arrays, n, asked=True)
        with self._running, np.errstate(all="ignore"):
            found = self._code(gradient=False).run(n, self.vector, self.gradient)(*arrays, 1.0)
        outputs = [
            self._rows(result, x, n if batch else None) for result, x in zip(found, (ready.outputs, ready.others)) if x
        ]
        if not all(np.isfinite(output).all() for output in outputs):
            self._find_undefined(arrays, n)
        if not ready.several:
            outputs[0] = outputs[0][..., 0] if batch else float(outputs[0][0])
        return tuple(outputs) if self.has_aux else outputs[0]

    def value_and_grad(
        self, *batch: Any, weights: Any = None, reduction: str = "mean", inputs: bool = False, check: bool = False,
        copy: bool = True,
    ) -> "tuple[Any, Gradient]":  # fmt: skip
        """The mean over the batch (or the sum), and its derivative with respect to every parameter.

        weights    a number for each example: the weighted mean Σ w·C / Σ w, or the weighted sum Σ w·C
        reduction  "mean" or "sum"
        inputs     also the derivatives with respect to the inputs, as gradient.inputs
        check      look at every block; see the call
        copy       with False the gradient is the program's own memory, which the next call overwrites

        With has_aux the first result is (value, others).
        """
        arrays, n = self._batch(batch)
        if check:
            self._find_undefined(arrays, n, asked=True)
        return self._value_and_grad(arrays, n, weights, reduction, inputs, copy)

    def _value_and_grad(
        self, arrays: "list[np.ndarray]", n: int, weights: Any, reduction: str, inputs: bool, copy: bool
    ) -> "tuple[Any, Gradient]":
        ready = self._ready
        self._one_cost()
        if reduction not in ("mean", "sum"):
            raise ValueError(f'reduction = {reduction!r}: give "mean" or "sum".')
        given = self._weights(weights, n, reduction)
        scale = 1.0 / n if reduction == "mean" else 1.0
        code = self._code(gradient=True, weighted=given is not None, inputs=inputs)
        with self._running, np.errstate(all="ignore"):
            run = code.run(n, self.vector, self.gradient)
            value, *rest = run(*arrays, scale if given is None else given)
            if not ready.outputs.batched:  # the same for every example
                times = 1.0 if reduction == "mean" else float(n if given is None else given.sum())
                self.gradient *= times
                value = value * times
            elif given is None:
                value = value * scale
            if ready.charge:
                value = value + rest.pop(0)
            vector = self.gradient.copy() if copy else self.gradient
            others = self._rows(rest.pop(0), ready.others, n) if ready.others else None
            slopes = tuple(np.array(np.broadcast_to(x, (n, *s))) for x, s in zip(rest, ready.shapes))
        value = float(value)
        if not math.isfinite(value) or not math.isfinite(float(np.dot(vector, vector))):
            if not (math.isfinite(value) and np.isfinite(vector).all()):
                self._find_undefined(arrays, n)
        gradient = Gradient(self, vector, slopes)
        return ((value, others) if self.has_aux else value), gradient

    def _one_cost(self) -> None:
        ready = self._ready
        if ready.several or ready.outputs.size != 1:
            raise ValueError(
                f"value_and_grad needs one cost, and this function returns a list of {ready.outputs.size}: a gradient belongs "
                "to one number. Return their sum, or the one that matters; program(X) gives the values of them all."
            )

    def _weights(self, weights: Any, n: int, reduction: str) -> "np.ndarray | None":
        if weights is None:
            return None
        given = _array(weights, self.dtype, "weights")
        if given.shape != (n,):
            raise ValueError(f"There is one weight for each example: {n} examples, weights of shape {given.shape}.")
        total = float(given.sum())
        if not math.isfinite(total) or (reduction == "mean" and total == 0):
            raise ValueError(f"The weights add up to {total:g}: a weighted mean divides by their sum.")
        column: np.ndarray = (given / total if reduction == "mean" else given).reshape(n, 1)
        return column

    def _rows(self, result: np.ndarray, x: Instruction, n: int | None) -> np.ndarray:
        """A result as an array of its own, with a row for each example."""
        return np.array(result if x.batched or n is None else np.broadcast_to(result, (n, *x.shape)))

    def _batch(self, batch: "Sequence[Any]") -> "tuple[list[np.ndarray], int]":
        """The arguments as arrays of the right shape, and how many examples they have."""
        if self.compiled is None:
            self.trace(*batch)
        ready = self._ready
        if len(batch) != len(ready.shapes):
            raise TypeError(f"This program takes {len(ready.shapes)} argument(s), {', '.join(ready.arguments) or 'none'}; "
                            f"it was given {len(batch)}.")  # fmt: skip
        arrays = [_array(x, self.dtype, name) for x, name in zip(batch, ready.arguments)]
        n = len(arrays[0]) if arrays and arrays[0].ndim else 1
        for array, shape, name in zip(arrays, ready.shapes, ready.arguments):
            if array.shape != (n, *shape) or n == 0:
                raise ValueError(_shape_sentence(array, shape, name, n, ready.arguments[0]))
        self._synchronise()
        return arrays, n

    def _find_undefined(self, arrays: "list[np.ndarray]", n: int, *, asked: bool = False) -> None:
        """Raise an error that names the first block and the first example that are no numbers."""
        ready = self._ready
        ends = [ready.outputs, *(x for x in (ready.others, ready.charge) if x)]
        if not ready.several and ready.outputs.size == 1 and ready.outputs.batched:
            _, gradients = self.instructions()
            ends += [adjoint for _, adjoint in gradients]
        batch = [np.asarray(array, dtype="float64") for array in arrays] if asked else arrays
        with np.errstate(all="ignore"):
            for x, value in evaluate(reachable(ends), self.vector, batch, 1.0 / n):
                finite = np.isfinite(value)
                if not finite.all():
                    place = np.argwhere(~finite)[0]
                    example = f" for example {place[0]} of the batch" if x.batched and len(arrays) else ""
                    number = float(np.asarray(value)[tuple(place)])
                    entry = tuple(int(i) for i in place[1 if x.batched else 0 :])
                    where = f", entry {entry if len(entry) > 1 else entry[0]}" if x.size > 1 and entry else ""
                    raise UndefinedError(f"{equations.written(x)} is {number:g}{example}{where}: not a number to compute with.")
        if not asked:
            raise UndefinedError("The cost or a derivative of this batch is too large for a float.")

    # --- the two sides ---

    @property
    def current(self) -> str:
        """Which side is newer: "both" if they agree, else "values" or "arrays"."""
        if self._ahead:
            return "arrays"
        return "both" if self._seen == assignments.count or not self._differing() else "values"

    def moved(self) -> None:
        """To be told when `vector` was written into: now the arrays are newer, until `store_to()`."""
        self._ahead = True

    def load_from(self, values: "Iterable[Value] | None" = None) -> None:
        """Take the Values' data into the arrays: all parameters', or those given (a list, or a model)."""
        chosen = self._chosen(values)
        self.vector[[self.places[value] for value in chosen]] = [value._data for value in chosen]
        self._ahead, self._seen = False, assignments.count

    def store_to(self, values: "Iterable[Value] | None" = None) -> None:
        """Put the arrays' numbers into the Values: all parameters, or those given (a list, or a model)."""
        chosen = self._chosen(values)
        for value, number in zip(chosen, self.vector[[self.places[value] for value in chosen]].tolist()):
            value.data = number
        self._ahead, self._seen = False, assignments.count

    def _chosen(self, values: Any) -> "list[Value]":
        self._ready if values is not None else None
        if values is None:
            return self.parameters
        chosen = list(values.parameters() if hasattr(values, "parameters") else values)
        strangers = [value for value in chosen if value not in self.places]
        if strangers or not chosen:
            what = f"{strangers[0]!r:.80} is no parameter" if strangers else "An empty list has no parameter"
            raise ValueError(f"{what} of this program: it has the {len(self.parameters)} Values that the function read.")
        return chosen

    def _differing(self) -> bool:
        numbers = np.array([value._data for value in self.parameters], self.dtype)
        return bool((numbers != self.vector[self.order]).any())

    def _synchronise(self) -> None:
        """Follow the Values if any were assigned to; refuse to choose if both sides were changed."""
        if self._seen == assignments.count:
            return
        if self._ahead:
            raise ValueError(
                "The program's arrays have moved, and Values were assigned to since: say which side counts, "
                "by program.store_to() (the arrays) or program.load_from() (the Values)."
            )
        self.load_from()

    # --- looking ---

    def index_of(self, name: str) -> np.ndarray:
        """Where a parameter array's numbers lie in the vector; of that array's shape."""
        if name not in self.names:
            raise KeyError(f"There is no {name!r}; there are {', '.join(self.names)}.")
        index: np.ndarray = self.names[name].index[0]
        return index

    @property
    def arrays(self) -> "dict[str, np.ndarray]":
        """The parameters' numbers by name, as copies."""
        self._ready
        self._synchronise() if not self._ahead else None
        return {name: self.vector[self.index_of(name)] for name in self.names}

    @property
    def source(self) -> str:
        """The text that runs: value and gradient, or the values alone if the function returns a list."""
        return self._code(gradient=not self._ready.several).source

    def latex(self) -> str:
        """The mathematics of `print(program)` as LaTeX."""
        return equations.latex(self)

    def explain(self) -> str:
        """How the scalar nodes became blocks, rule by rule."""
        return report.explain(self)

    def __str__(self) -> str:
        return equations.text(self) if self.compiled else repr(self)

    def __repr__(self) -> str:
        if self.compiled is None:
            return "Program(not traced yet)"
        return f"Program({', '.join(self.compiled.arguments)}; {len(self.parameters)} parameters, {self.dtype})"


def joined(builder: Builder, ends: "list[tuple[Instruction, int]]") -> Instruction:
    """Outputs side by side: entries of one block at once."""
    parts, i = [], 0
    while i < len(ends):
        block, _ = ends[i]
        j = i
        while j < len(ends) and ends[j][0] is block:
            j += 1
        parts.append(builder.take(block, np.array([position for _, position in ends[i:j]])))
        i = j
    return builder.concat(parts)


def _array(x: Any, dtype: str, name: str) -> np.ndarray:
    """The argument as an array of numbers in one piece."""
    if type(x) is np.ndarray and x.dtype.name == dtype and x.flags.c_contiguous:
        return x
    try:
        return np.ascontiguousarray(np.asarray(x, dtype=dtype)) if np.ndim(x) else np.asarray(x, dtype=dtype)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, an array with a row for each example; it is {x!r:.60}.") from None


def _first_example(array: np.ndarray, number: int) -> np.ndarray:
    if array.ndim == 0 or len(array) == 0:
        what = "one number" if array.ndim == 0 else "an empty batch"
        raise ValueError(f"Argument {number} is {what}: a program takes batches, arrays with a row for each example, at least one.")
    return array[0]


def _shape_sentence(array: np.ndarray, shape: "tuple[int, ...]", name: str, n: int, first: str) -> str:
    if array.ndim and len(array) == 0:
        return f"{name} is an empty batch: there is no mean over no examples. Give at least one."
    wanted = f"(n, {', '.join(map(str, shape))})" if shape else "(n,)"
    if array.ndim == 0 or array.shape[1:] != shape:
        return f"{name} has shape {array.shape}: this program takes {wanted}, n examples of shape {shape}, as it was traced."
    return f"{first} has {n} examples and {name} has {len(array)}: there is one row of each for every example."
