"""A program as a pure function for JAX: what `program.to_jax()` gives.

While JAX traces that function, the nodes are evaluated one by one, as in evaluate.py. What differs from there is below:

    map      rows with a function of their own in JAX are that function. Slopes at corners are the table's
    reduce   by JAX's logsumexp and softmax
    take     rows chosen by the data: JAX cannot raise an error for a position outside the table, so such a row is nan
    put      rows chosen by the data are added where they belong, without a matrix of zeros and ones
    loop     one lax.scan. The text that XLA compiles is then the same for every number of steps; it can be differentiated
             both ways, and XLA's CPU and GPU compilers take seconds for some hundred unrolled steps

JAX is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from ... import ops
from ...on_arrays import Array, native
from ...primitive import Primitive
from ..evaluate import VALUE, Given
from ..nodes import Node, reachable
from ..parameters import Parameters
from ..passes import Compiled

OWN = {  # rows that JAX has as well, beside those that on_arrays.py finds under NumPy's names
    "tan": "numpy.tan", "asin": "numpy.arcsin", "acos": "numpy.arccos", "atan": "numpy.arctan", "atanh": "numpy.arctanh",
    "sigmoid": "nn.sigmoid", "softplus": "nn.softplus", "relu": "nn.relu", "silu": "nn.silu", "softsign": "nn.soft_sign",
}  # fmt: skip


def jax_module() -> Any:
    """JAX, or one sentence that says how to get it."""
    try:
        import jax
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("This needs jax, which is not installed: pip install jax") from error
    return jax


def to_jax(
    compiled: Compiled, parameters: Parameters, *, several_results: bool, parts: bool
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The pure function and its parameters; `Program.to_jax` says what they are."""
    jax = jax_module()
    order = reachable(compiled.ends)

    def run(params: Mapping[str, Any], *batch: Any) -> tuple[Any, Any, Any]:
        """The examples' costs, the penalty, and the others."""
        leaves = Leaves(params, parameters.leaves)
        arrays = [_argument(x, leaves.dtype) for x in batch]
        _check_batch(arrays, compiled)
        given = Given(leaves, arrays, 1.0, len(arrays[0]) if arrays else 1, arrays_of_jax())
        known: dict[Node, Any] = {}
        for x in order:
            known[x] = _value(x, [known[operand] for operand in x.operands], given)
        xp, rows = jax.numpy, given.n
        costs = xp.broadcast_to(known[compiled.outputs].reshape(-1), (rows,))
        penalty = known[compiled.penalty].reshape(()) if compiled.penalty is not None else xp.zeros((), leaves.dtype)
        if compiled.others is None:
            return costs, penalty, xp.zeros((rows, 0), leaves.dtype)
        return costs, penalty, xp.broadcast_to(known[compiled.others], (rows, *compiled.others.entries))

    def cost(params: Mapping[str, Any], *batch: Any) -> Any:
        """The mean cost of the batch, plus the penalty: a pure function, made by `program.to_jax`."""
        costs, penalty, others = run(params, *batch)
        mean = jax.numpy.mean(costs) + penalty
        return (mean, others) if several_results else mean

    params = {name: jax.numpy.asarray(parameters.vector[index]) for name, index in parameters.leaves.items()}
    return (run if parts else cost), params


class Leaves:
    """The parameters by name, read as the vector that NumPy's program has: leaves[index] gives the entries at these places."""

    def __init__(self, params: Mapping[str, Any], leaves: Mapping[str, np.ndarray]) -> None:
        self.xp = jax_module().numpy
        if not isinstance(params, Mapping) or params.keys() != leaves.keys():
            given = f"has {', '.join(map(str, params)) or 'nothing'}" if isinstance(params, Mapping) else f"is {params!r:.60}"
            raise ValueError(f"params is a dictionary with the arrays {', '.join(leaves)}, as to_jax gave it; this one {given}.")
        for name, index in leaves.items():
            if self.xp.shape(params[name]) != index.shape:
                raise ValueError(f"{name} has shape {self.xp.shape(params[name])}; in this program it has shape {index.shape}.")
        self.arrays = {name: self.xp.asarray(params[name]) for name in leaves}
        self.indices = leaves
        self.dtype = self.xp.result_type(*self.arrays.values()) if leaves else self.xp.zeros(()).dtype
        self.known = {_key(index): name for name, index in leaves.items()}
        self.place = np.empty(sum(index.size for index in leaves.values()), dtype=np.intp)  # in all leaves laid end to end
        self.place[[i for index in leaves.values() for i in index.ravel().tolist()]] = np.arange(len(self.place))

    def __getitem__(self, index: np.ndarray) -> Any:
        """A leaf itself, or entries of one or several."""
        name = self.known.get(_key(index))
        if name is not None:
            return self.arrays[name]
        flat = self.xp.concatenate([array.reshape(-1) for array in self.arrays.values()])
        places = self.place[index.ravel()]
        cuts = [0, *(np.flatnonzero(np.diff(places) != 1) + 1).tolist(), len(places)]
        if len(cuts) > 10:  # many short pieces: a table is quicker
            return flat[places].reshape(index.shape)
        pieces = [flat[places[a] : places[b - 1] + 1] for a, b in pairwise(cuts) if b > a]
        return self.xp.concatenate(pieces).reshape(index.shape)


def _key(index: np.ndarray) -> tuple[Any, ...]:
    return index.shape, index.tobytes()


def _argument(x: Any, dtype: Any) -> Any:
    """An argument of a batch in the parameters' precision; whole numbers stay what they are, for they may choose rows."""
    xp = jax_module().numpy
    array = xp.asarray(x)
    return array.astype(dtype) if xp.issubdtype(array.dtype, xp.floating) else array


def _check_batch(arrays: list[Any], compiled: Compiled) -> None:
    """Refuse arguments of other shapes than the program was traced with; under jit this is done once, while JAX traces."""
    if len(arrays) != len(compiled.shapes):
        raise TypeError(f"This program takes {', '.join(compiled.arguments)} after params; it was given {len(arrays)} arrays.")
    for name, array, shape in zip(compiled.arguments, arrays, compiled.shapes):
        if array.ndim == 0 or array.shape != (*arrays[0].shape[:1], *shape):
            wanted = ", ".join(["n", *map(str, shape)])
            raise ValueError(f"{name} has shape {array.shape}; this program takes ({wanted}), a row for each of n examples.")


@cache
def arrays_of_jax() -> Any:
    """jax.numpy, with the functions that on_arrays.py looks for and jax keeps elsewhere."""
    jax = jax_module()
    from jax.scipy.special import erf, erfc

    class Arrays:
        def __getattr__(self, name: str) -> Any:
            return getattr(jax.numpy, name)

    arrays = Arrays()
    vars(arrays).update(erf=erf, erfc=erfc)
    return arrays


# --- the nodes ---


def _value(x: Node, operands: list[Any], given: Given) -> Any:
    return (VALUE_IN_JAX.get(x.kind) or VALUE[x.kind])(x, operands, given)


class Traced(Array):
    """An array in a rule of the table, while JAX traces it: rows within the rule are JAX's functions as well."""

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Traced:
        if row.arity is None:
            return Traced(super()._compute(row, operands).value, self.xp)
        return Traced(function_of(row)(*[x.value if isinstance(x, Array) else x for x in operands]), self.xp)


@lru_cache(maxsize=256)
def function_of(row: Primitive) -> Callable[..., Any]:
    """The row as a function that JAX can differentiate, in either direction and again.

    The derivatives are the table's: all interpreters agree on what relu'(0) is, and keep the digits of tanh'(-30), which JAX
    rounds to 0. Arithmetic (add, mul, div) has JAX's own, which does no work for an operand that is not differentiated.
    """
    jax, xp = jax_module(), arrays_of_jax()

    def forward(*operands: Any) -> Any:
        if row.native:
            return native(row, list(operands), xp)
        if row is ops.TABLE.get(row.name) and row.name in OWN:
            module, name = OWN[row.name].split(".")
            return getattr(getattr(jax, module), name)(*operands)
        result = row.forward(*[Traced(x, xp) for x in operands])
        return result.value if isinstance(result, Array) else xp.asarray(result)

    if row.native and row.arity != 1 and (row.kink is None or row is ops.where):
        return forward
    function = jax.custom_jvp(forward)

    def derivative(operands: tuple[Any, ...], changes: tuple[Any, ...]) -> tuple[Any, Any]:
        result = function(*operands)
        numbers = [Traced(x, xp) for x in operands]
        slopes = [row.derivative(Traced(result, xp), numbers, i) for i in range(len(operands))]
        shares = [(slope.value if isinstance(slope, Array) else slope) * change for slope, change in zip(slopes, changes)]
        return result, xp.broadcast_to(xp.asarray(sum(shares), dtype=result.dtype), result.shape)

    function.defjvp(derivative)
    return function  # type: ignore[no-any-return]  # jax is not read by the type checker


def _map(x: Node, operands: list[Any], given: Given) -> Any:
    assert x.row is not None and x.position is None  # slopes belong to backward passes, which JAX makes itself
    operands = [given.xp.asarray(y, dtype=given.parameters.dtype) for y in operands]  # comparisons, and whole numbers of the data
    return given.xp.broadcast_to(function_of(x.row)(*operands), given.shape(x))


def _reduce(x: Node, operands: list[Any], given: Given) -> Any:
    """Along the last axis."""
    jax = jax_module()
    assert x.row is not None
    (operand,) = operands
    if x.row.name == "softmax":
        return jax.nn.softmax(operand, axis=-1)
    functions = {"amax": jax.numpy.max, "amin": jax.numpy.min, "logsumexp": jax.nn.logsumexp}
    return functions[x.row.name](operand, axis=-1, keepdims=True)


def _take(x: Node, operands: list[Any], given: Given) -> Any:
    if len(operands) == 1:
        return VALUE["take"](x, operands, given)
    table, number = operands
    rows = table.shape[0]
    number = given.xp.asarray(number).astype(int)
    return given.xp.take(table, given.xp.where(number < 0, rows, number), axis=0, mode="fill", fill_value=given.xp.nan)


def _put(x: Node, operands: list[Any], given: Given) -> Any:
    if x.index:
        return VALUE["put"](x, operands, given)
    part, number = operands
    rows = given.xp.zeros(x.shape, dtype=part.dtype)
    return rows.at[given.xp.asarray(number).astype(int).reshape(-1)].add(part.reshape(-1, *x.shape[1:]))


def _loop(x: Node, operands: list[Any], given: Given) -> list[Any]:
    """All results of all steps, stacked along time."""
    jax, xp, body = jax_module(), given.xp, x.body
    assert body is not None
    count = len(body.states)
    states = tuple(xp.broadcast_to(value, given.shape(hole)) for value, hole in zip(operands, body.states))
    sequences = operands[count : count + len(body.slices)]
    always = dict(zip(x.operands[count + len(sequences) :], operands[count + len(sequences) :]))

    def step(carried: tuple[Any, ...], entries: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        known = always | dict(zip(body.states, carried)) | dict(zip(body.slices, entries))
        for y in body.order:
            known[y] = _value(y, [known[operand] for operand in y.operands], given)
        following = [xp.broadcast_to(known[y], given.shape(hole)) for y, hole in zip(body.following, body.states)]
        return tuple(following), tuple(known[y] for y in body.results)

    by_time = tuple(xp.moveaxis(y, int(hole.batched), 0) for y, hole in zip(sequences, body.slices))
    _, kept = jax.lax.scan(step, states, by_time, length=body.steps, reverse=body.backwards)
    return [xp.moveaxis(y, 0, int(result.batched)) for y, result in zip(kept, body.results)]


VALUE_IN_JAX: dict[str, Callable[[Node, list[Any], Given], Any]] = {
    "map": _map, "reduce": _reduce, "take": _take, "put": _put, "loop": _loop,
}  # fmt: skip
