"""Program: what `engine.compile` gives. It is traced with the first batch, and then runs as NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import copy_context
from threading import RLock
from typing import Any

import numpy as np

from ..primitive import UndefinedError
from ..value import Value
from .batch import batch_of, check_lookups, first_example, weights_of
from .descent import Descent
from .differentiate import backward
from .nodes import Node, reachable
from .parameters import Parameters
from .passes import Compiled, run_passes
from .printing import equations, report
from .undefined import first_undefined
from .writing.code import Code
from .writing.for_jax import to_jax
from .writing.standalone import write_script


def compile(
    f: Callable[..., Any], *, has_aux: bool = False, penalty: Callable[[], Any] | None = None, dtype: Any = "float64"
) -> Program:
    """Compile f, a function of one example written in scalars, to a program that runs on batches of examples.

    f        takes one example: numbers, or (nested) lists of numbers; reads parameters, which are Values; returns a Value,
             its cost say, or a list of Values
    has_aux  f returns (cost, list of others): the others are computed alongside, and not differentiated
    penalty  a function without arguments, added once to the cost of a batch
    dtype    "float64" or "float32"

    f runs once, on the first example of the first batch, to be traced. It may compute with its Values, but not look at them:
    a comparison, or reading `.data`, raises a TracingError. Side effects (random numbers, printing) happen in that one run: a
    random number is frozen into the program.

    A program checks its results, and an UndefinedError names the block and the example where one became inf or nan.
    Overflows inside an untaken `where` branch, or hidden by a saturating function, go unnoticed, unlike in the scalar
    engine, unless `check=True` is given.
    """
    if not callable(f):
        raise TypeError(f"engine.compile takes a function of one example, not {f!r:.60}.")
    if penalty is not None and not callable(penalty):
        raise TypeError(f"penalty is a function without arguments that gives a Value, not {penalty!r:.60}.")
    kinds: list[np.dtype[Any]] = [np.dtype("float64"), np.dtype("float32")]
    try:
        chosen = kinds[kinds.index(np.dtype(dtype))]
    except (TypeError, ValueError):
        raise ValueError(f'dtype = {dtype!r}: a program computes in "float64" or "float32".') from None
    return Program(f, has_aux=has_aux, penalty=penalty, dtype=chosen)


class Gradient(Mapping[Any, Any]):
    """Derivatives of the cost of a batch: gradient["W1"] is an array, gradient[p] the number for a parameter Value.

    `vector` has all of them in the program's order; `inputs` an array for each argument, if they were asked for.
    """

    def __init__(self, parameters: Parameters, vector: np.ndarray, inputs: tuple[np.ndarray, ...] = ()) -> None:
        self.parameters, self.vector, self.inputs = parameters, vector, inputs

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, Value):
            return self.vector[self.parameters.index_of(key)]
        if key not in self.parameters.place:
            raise KeyError(f"{key!r} is not a parameter of this program.")
        return float(self.vector[self.parameters.place[key]])

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters.arrays)

    def __len__(self) -> int:
        return len(self.parameters.arrays)

    def store_to(self) -> None:
        """Set the `.grad` of each parameter Value to its derivative."""
        for value, number in zip(self.parameters.values, self.vector[self.parameters.order].tolist()):
            value.grad = number

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("A Gradient belongs to its program and is not copied or pickled; dict(gradient) has its arrays.")

    def __repr__(self) -> str:
        return f"Gradient({', '.join(f'∂C/∂{name} {self.parameters.index_of(name).shape}' for name in self)})"


class Program:
    """A function of one example, compiled to run on batches. Made by `engine.compile`.

    program(X, Y)                 the value for each example, (n,); for a function that returns a list, (n, outputs)
    program.value_and_grad(X, Y)  the mean over the batch, and its Gradient
    print(program)                the mathematics, for one example as a column
    program.source                the text that runs, for examples as rows
    program.latex(), .explain()   the same as LaTeX; how the scalar nodes became blocks
    program.descend(optimizer)    training steps, by batches: descent.step(X, Y)
    program.to_jax()              a pure function for JAX, and its parameters
    program.to_numpy_script(path)           a script that predicts and trains without this package
    program.load_from(), .store_to()        the Values' numbers and the program's: see parameters.py

    Threads may share a program. Their calls take turns, the first of them traces, and each call computes with the numbers
    that the Values have when its turn comes. Threads that are to compute at the same time need a program each.
    """

    def __init__(
        self, f: Callable[..., Any], *, has_aux: bool, penalty: Callable[[], Any] | None, dtype: np.dtype[Any]
    ) -> None:  # fmt: skip
        self.f, self.has_aux, self.penalty, self.dtype = f, has_aux, penalty, dtype
        self._compiled: Compiled | None = None
        self._parameters: Parameters | None = None
        self._codes: dict[Any, Code] = {}
        # Tracing, the buffers and the parameters' vector belong to one call at a time. Reentrant: f may call a program
        self._running = RLock()
        # NumPy need not warn, since results are checked. A context with that setting costs a tenth of np.errstate in each call
        self._quiet = copy_context()
        self._quiet.run(np.seterr, all="ignore")

    def trace(self, *batch: Any) -> Program:
        """Compile now, for batches like this one; the first call does it by itself."""
        with self._running:
            if self._compiled is None:
                self._trace(batch)
        return self

    def _trace(self, batch: Sequence[Any]) -> None:
        """Run the passes on the first example."""
        examples = [first_example(x, self.dtype, number) for number, x in enumerate(batch, 1)]
        try:
            found = run_passes(self.f, examples, has_aux=self.has_aux, penalty=self.penalty)
        except Exception as error:
            shapes = ", ".join(str(example.shape) for example in examples)
            error.add_note(f"The function was being traced with the first example of a batch, of shape {shapes}; "
                           "a batch has a row for each example.")  # fmt: skip
            raise
        parameters = Parameters(found.values, found.order, found.parameters, self.dtype)
        self._parameters, self._compiled = parameters, found

    @property
    def compiled(self) -> Compiled:
        """What the passes produced."""
        if self._compiled is None:
            raise ValueError("This program is not traced yet: give it a batch first, program(X, Y) or program.trace(X, Y).")
        return self._compiled

    @property
    def parameters(self) -> Parameters:
        """The parameters' Values and arrays."""
        self.compiled  # noqa: B018  # raises if there are none yet
        assert self._parameters is not None
        return self._parameters

    # --- running ---

    def __call__(self, *batch: Any, check: bool = False) -> Any:
        """The value of each example; with has_aux, (values, others).

        `check` checks every block, and an error names the first block and example where a number became inf or nan.
        """
        with self._running:
            arrays, n = self._prepare(batch, check=check)
            compiled, parameters = self.compiled, self.parameters
            run = self.code(gradient=False).run(n, parameters.vector, parameters.gradient)
            found = self._quiet.run(run, *arrays, 1.0)
            rows = n if batch else None
            ends = [x for x in (compiled.outputs, compiled.others) if x is not None]
            outputs: list[Any] = [_rows(result, x, rows) for result, x in zip(found, ends)]
            if not all(np.isfinite(output).all() for output in outputs):
                self._explain_failure(ends, arrays)
        if not compiled.several:
            outputs[0] = outputs[0][..., 0] if batch else float(outputs[0][0])
        if self.has_aux and compiled.others is None:
            outputs.append(np.empty((n, 0) if batch else 0))
        return tuple(outputs) if self.has_aux else outputs[0]

    def value_and_grad(
        self, *batch: Any, weights: Any = None, reduction: str = "mean", inputs: bool = False, check: bool = False
    ) -> tuple[Any, Gradient]:
        """The mean over the batch (or the sum), and its derivative with respect to every parameter.

        weights    a number for each example: the weighted mean Σ w·C / Σ w, or the weighted sum Σ w·C
        reduction  "mean" or "sum"
        inputs     also the derivatives with respect to the inputs, as gradient.inputs
        check      check every block; see the call

        With has_aux the first result is (value, others).
        """
        with self._running:
            arrays, n = self._prepare(batch, check=check)
            compiled, parameters = self._compiled, self._parameters
            assert compiled is not None and parameters is not None  # _prepare has traced
            self._one_cost("value_and_grad")
            given = None if weights is None and reduction == "mean" else weights_of(weights, n, self.dtype, reduction)
            scale = 1.0 / n if reduction == "mean" else 1.0
            code = self._codes.get((True, given is not None, inputs)) or self.code(weighted=given is not None, inputs=inputs)
            run = code.built.get(n) or code.run(n, parameters.vector, parameters.gradient)
            value, *rest = self._quiet.run(run, *arrays, scale if given is None else given)
            if given is None and compiled.outputs.batched:
                value = value * scale
            vector = parameters.gradient.copy()
            length = self._quiet.run(np.dot, vector, vector)
            if compiled.penalty is not None:
                value = value + rest.pop(0)
            others = self._others(rest, n, batch)
            slopes = tuple([np.array(np.broadcast_to(x, (n, *shape))) for x, shape in zip(rest, compiled.shapes)])
            value = float(value)
            finite = math.isfinite(value) and (math.isfinite(length) or np.isfinite(vector).all())
            if not finite or not all(np.isfinite(x).all() for x in slopes):
                self._explain_failure(self._all_ends(inputs=inputs), arrays)
        gradient = Gradient(parameters, vector, slopes)
        return ((value, others) if self.has_aux else value), gradient

    def _others(self, rest: list[Any], n: int, batch: Sequence[Any]) -> np.ndarray | None:
        """What has_aux adds, taken from the front of the further results; None without has_aux."""
        if not self.has_aux:
            return None
        others = self.compiled.others
        if others is None:
            return np.empty((n, 0) if batch else 0)
        return _rows(rest.pop(0), others, n if batch else None)

    def _one_cost(self, what: str) -> None:
        """Refuse a function that returns a list."""
        if self.compiled.several:
            raise ValueError(
                f"{what} needs one cost, and this function returns a list of {self.compiled.outputs.size}: a gradient "
                "belongs to one number. Return their sum, or the one that matters; program(X) gives the values of them all."
            )

    def _prepare(self, batch: Sequence[Any], *, check: bool) -> tuple[list[np.ndarray], int]:
        """The arguments, checked, and the parameters brought up to date."""
        if self._compiled is None:
            self.trace(*batch)
        compiled = self._compiled
        assert compiled is not None and self._parameters is not None
        arrays, n = batch_of(batch, compiled.arguments, compiled.shapes, self.dtype)
        if compiled.lookups:
            check_lookups(arrays, compiled.arguments, compiled.lookups)
        self._parameters.synchronise()
        if check:
            error = first_undefined(self._all_ends(), self.parameters.vector, arrays)
            if error:
                raise error
        return arrays, n

    def _all_ends(self, *, inputs: bool = False) -> list[Node]:
        """Everything that can be checked: the values, and the derivatives if there is one cost."""
        compiled = self.compiled
        return compiled.ends if compiled.several else [*compiled.ends, *backward(compiled, inputs=inputs).ends]

    def _explain_failure(self, ends: list[Node], arrays: list[np.ndarray]) -> None:
        raise first_undefined(ends, self.parameters.vector, arrays) or UndefinedError(
            "The cost of this batch, or a derivative of it, is too large for a float, although no part of it is."
        )

    def code(self, *, gradient: bool = True, weighted: bool = False, inputs: bool = False) -> Code:
        """The text and the functions of a variant, made when it is first asked for."""
        key = gradient, weighted, inputs
        if key not in self._codes:
            self._codes[key] = Code(self.compiled, self.dtype.name, gradient=gradient, weighted=weighted, inputs=inputs)
        return self._codes[key]

    # --- the two sides ---

    def descend(self, optimizer: Any) -> Descent:
        """Training steps by this optimiser on the parameters, once the program is traced: see descent.py."""
        self._one_cost("descend")
        return Descent(self, optimizer)

    def load_from(self, values: Iterable[Value] | Mapping[str, Any] | None = None) -> None:
        """Take the Values' data into the arrays: all parameters', or those given (a list, or a model).

        A dictionary of arrays by name, as `arrays` or `to_jax` give it, goes into the program's arrays: it need not have all of
        them. The Values follow by `store_to()`.
        """
        self.parameters.load_from(values)

    def store_to(self, values: Iterable[Value] | None = None) -> None:
        """Put the arrays' numbers into the Values: all parameters, or those given (a list, or a model)."""
        self.parameters.store_to(values)

    def to_jax(self, *, parts: bool = False) -> tuple[Callable[..., Any], dict[str, Any]]:
        """cost, params: the program as a pure function for JAX, and its parameters as JAX's arrays.

        cost(params, X, Y) is the mean over the batch plus the penalty; with has_aux it is (cost, others), as JAX's has_aux wants
        it. params is a dictionary by name, as `arrays` is; parameters that the program reads in several arrays are in one of
        them. jit, grad, vmap, scan, optax and sharding work on it, and `load_from(params)` takes such a dictionary back.

        parts  the function gives (the cost of each example, the penalty, others) instead

        JAX computes with 32 bits unless it is told otherwise: `with jax.enable_x64(True):` around this call, and around what is
        done with its results, for this program's 64. A position outside a table that is looked up gives nan, since a function
        that JAX compiles can raise no error. A ModuleNotFoundError says so if JAX is not installed; a ValueError refuses a
        function that returns a list, and a program that is not traced yet.
        """
        self._one_cost("to_jax")
        with self._running:
            self.parameters.synchronise()
            return to_jax(self.compiled, self.parameters, several_results=self.has_aux, parts=parts)

    def to_numpy_script(self, path: Any) -> None:
        """Write a Python script that predicts and trains without this package, and its parameters beside it.

        path is the script's, "model.py" say; the parameters go to "model.npz". The script needs NumPy alone. It holds this
        program's text, and has a command line: `python model.py predict data.npz`, `python model.py train data.npz --epochs 10
        --rate 0.1`, plain gradient descent. Imported, `model.program` has predict, value_and_grad, train and save.

        A ValueError refuses a name that is no module's, and a program that is not traced yet; an OSError says what kept a file
        from being written. Existing files are replaced.
        """
        with self._running:
            self.parameters.synchronise()
            cost = None if self.compiled.several else self.code()
            write_script(path, self.compiled, self.parameters, self.code(gradient=False), cost, self.dtype.name)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The parameters' numbers by name, W1 and the like, as copies."""
        self.parameters.synchronise()
        return {name: self.parameters.vector[self.parameters.index_of(name)] for name in self.parameters.arrays}

    # --- looking ---

    @property
    def source(self) -> str:
        """The text that runs: value and gradient, or the values alone if the function returns a list."""
        return self.code(gradient=not self.compiled.several).source

    def latex(self) -> str:
        """The mathematics of `print(program)` as LaTeX."""
        return equations.latex(self.compiled)

    @property
    def operations(self) -> list[Node]:
        """What is computed for value and gradient, or for the values if there are several: one node for each."""
        return report.operations(reachable(self._all_ends()))

    def explain(self) -> str:
        """How the scalar nodes became blocks, rule by rule."""
        return report.explain(self.compiled)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("A program is not copied or pickled: save the parameters, and compile the function again.")

    def _repr_latex_(self) -> str:
        """The equations in a notebook."""
        return f"$${self.latex()}$$" if self._compiled else repr(self)

    def __str__(self) -> str:
        return equations.text(self.compiled) if self._compiled else f"{self!r}: give it a batch first, program(X, Y)"

    def __repr__(self) -> str:
        if self._compiled is None:
            return "Program(not traced yet)"
        return f"Program({', '.join(self.compiled.arguments)}; {len(self.parameters.values)} parameters, {self.dtype.name})"


def _rows(result: np.ndarray, x: Node, n: int | None) -> np.ndarray:
    """A result as an array of its own, with a row for each example."""
    return np.array(result if x.batched or n is None else np.broadcast_to(result, (n, *x.entries)))
