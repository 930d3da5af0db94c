"""A program as a pure function of parameters and batch: the nodes are run one after the other.

Nothing is written in place and no buffers are kept, so any module of arrays that has NumPy's functions can be given as
`xp`: for_jax.py is made of this. The tests compare the faster programs with it, and it finds the first block that becomes inf
or nan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..on_arrays import REDUCTIONS, Array
from .nodes import Node
from .views import collected


class Given(NamedTuple):
    """What a program is run with: all parameters, the batch of n examples, the weight of each, and the module of arrays."""

    parameters: Any
    batch: Sequence[Any]
    seed: Any
    n: int
    xp: Any

    def shape(self, x: Node) -> tuple[int, ...]:
        """The node's shape for this batch."""
        return (self.n, *x.entries) if x.batched else x.shape


def evaluate(
    order: Sequence[Node], parameters: Any, batch: Sequence[Any], seed: Any = 1.0, xp: Any = np
) -> Iterator[tuple[Node, Any]]:
    """Each node with its value: (n, ...) where it has the batch axis."""
    given = Given(parameters, batch, seed, len(batch[0]) if batch else 1, xp)
    known: dict[Node, Any] = {}
    for x in order:
        known[x] = VALUE[x.kind](x, [known[operand] for operand in x.operands], given)
        yield x, known[x]


def _loop(x: Node, operands: list[Any], given: Given) -> list[Any]:
    """All results of all steps, stacked along time."""
    body = x.body
    assert body is not None
    count = len(body.states)
    states = [given.xp.broadcast_to(value, given.shape(hole)) for value, hole in zip(operands, body.states)]
    sequences = operands[count : count + len(body.slices)]
    always = dict(zip(x.operands[count + len(sequences) :], operands[count + len(sequences) :]))
    kept: list[list[Any]] = []
    for t in reversed(range(body.steps)) if body.backwards else range(body.steps):
        known = always | dict(zip(body.states, states))
        for hole, sequence in zip(body.slices, sequences):
            known[hole] = sequence[:, t] if hole.batched else sequence[t]
        for y in body.order:
            known[y] = VALUE[y.kind](y, [known[operand] for operand in y.operands], given)
        states = [known[y] for y in body.following]
        kept.append([known[y] for y in body.results])
    if body.backwards:
        kept.reverse()
    return [given.xp.stack(steps, axis=int(y.batched)) for y, steps in zip(body.results, zip(*kept))]


def _seed(x: Node, operands: list[Any], given: Given) -> Any:
    weights = given.xp.asarray(given.seed, dtype=given.parameters.dtype)
    return given.xp.broadcast_to(weights.reshape(-1), (given.n,))


def _map(x: Node, operands: list[Any], given: Given) -> Any:
    return given.xp.broadcast_to(apply_row(x, operands, given.xp), given.shape(x))


def apply_row(x: Node, operands: list[Any], xp: Any) -> Any:
    """A row, or the derivative of one, on arrays."""
    assert x.row is not None  # called for kinds that have one
    arrays = [Array(value, xp) for value in operands]
    with np.errstate(all="ignore"):
        if x.position is not None:
            result = x.row.derivative(arrays[0], arrays[1:], x.position)
        else:
            result = arrays[0]._compute(x.row, tuple(arrays))
    return result.value if isinstance(result, Array) else result


def _contract(x: Node, operands: list[Any], given: Given) -> Any:
    return given.xp.einsum(x.spec, *operands, optimize=True)


def _take(x: Node, operands: list[Any], given: Given) -> Any:
    if len(operands) == 2:  # rows chosen by the data
        return operands[0][given.xp.asarray(operands[1]).astype(int)]
    (first,) = operands
    rows = (given.n,) if x.batched else ()
    return first.reshape(given.shape(x)) if x.is_view else first.reshape(*rows, -1)[..., x.index[0]]


def _put(x: Node, operands: list[Any], given: Given) -> Any:
    """Each entry of the result adds up what is put there; entries that get fewer terms are padded with zeros."""
    xp, rows = given.xp, ((given.n,) if x.batched else ())
    if not x.index:  # rows of a table, chosen by the data
        part, number = operands
        chosen = xp.asarray(number.reshape(-1, 1) == xp.arange(x.shape[0]), dtype=part.dtype)
        return xp.einsum("pr,pc->rc", chosen, part.reshape(-1, x.shape[1]))
    flat = [xp.broadcast_to(part, (*rows, *index.shape)).reshape((*rows, -1)) for part, index in zip(operands, x.index)]
    everything = xp.concatenate([*flat, xp.zeros((*rows, 1), dtype=flat[0].dtype)], axis=-1)
    order, starts, targets = collected(np.concatenate([index.ravel() for index in x.index]))
    counts = np.diff([*starts, len(order)])
    sources = np.full((x.size, counts.max(initial=1)), len(order))
    for target, start, count in zip(targets, starts, counts):
        sources[target, :count] = order[start : start + count]
    return xp.sum(everything[..., sources], axis=-1).reshape(given.shape(x))


Evaluate = Callable[[Node, list[Any], Given], Any]
VALUE: dict[str, Evaluate] = {
    "input": lambda x, operands, given: given.batch[x.position],  # type: ignore[index]  # an input has a position
    "parameter": lambda x, operands, given: given.parameters[x.index[0]],
    "constant": lambda x, operands, given: given.xp.asarray(x.number, dtype=given.parameters.dtype),
    "seed": _seed,
    "map": _map,
    "contract": _contract,
    "reduce": lambda x, operands, given: REDUCTIONS[x.row.name](operands[0], given.xp),  # type: ignore[union-attr]  # it has a row
    "take": _take,
    "put": _put,
    "loop": _loop,
    "part": lambda x, operands, given: operands[0][x.position],
}
