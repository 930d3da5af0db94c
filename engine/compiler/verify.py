"""The checker that follows every pass on nodes: whether they are a program, by the grammar of the package."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .nodes import BATCH, SOFTMAX, IllFormed, Node, Shape

NONE: Shape = (-1,)  # the shape where no shape fits


def verify(order: Sequence[Node], parameters: int) -> None:
    """Raise IllFormed, naming the node and what is wrong, unless this is a program with this many parameters."""
    seen: set[Node] = set()
    for x in order:
        complaint = _complaint(x, seen, parameters)
        if complaint:
            raise IllFormed(f"{x!r}: {complaint}")
        seen.add(x)


def _complaint(x: Node, seen: set[Node], parameters: int) -> str:
    """What is wrong with one node; nothing if it is well-formed."""
    if x in seen:
        return "appears twice"
    if not seen.issuperset(x.operands):
        return "comes before one of its operands"
    if x.kind not in COMPLAINTS:
        return "has an unknown kind"
    if BATCH in x.entries:
        return "has a batch axis that is not the first"
    return COMPLAINTS[x.kind](x, parameters)


def _leaf(x: Node, parameters: int) -> str:
    if x.operands:
        return "is a leaf with operands"
    if x.kind in ("input", "seed") and not x.batched:
        return "has no batch axis"
    if x.kind == "constant" and np.shape(x.number) != x.shape:
        return f"has shape {x.shape} and numbers of shape {np.shape(x.number)}"
    return _index(x, parameters) if x.kind == "parameter" else ""


def _map(x: Node, parameters: int) -> str:
    if x.row is None:
        return "has no row of the table"
    takes = x.row.arity if x.position is None or x.row.arity is None else x.row.arity + 1
    if takes != len(x.operands):
        return f"has {len(x.operands)} operands; {x.row.name} takes {takes}"
    if x.position is not None and not 0 <= x.position < len(x.operands) - 1:
        return f"differentiates operand {x.position}, which does not exist"
    try:
        shape = np.broadcast_shapes(*[operand.shape for operand in x.operands])
    except ValueError:
        shape = NONE
    if any(operand.batched and len(operand.shape) < len(x.shape) for operand in x.operands):
        return "has an operand whose batch axis is not in front"
    return _differs(x, shape)


def _contract(x: Node, parameters: int) -> str:
    *letters, result = x.letters
    if not 1 <= len(x.operands) == len(letters) <= 2:
        return f"has {len(x.operands)} operands, its letters are for {len(letters)}; a contraction has one or two"
    if any(len(word) != len(operand.shape) or len(set(word)) < len(word) for word, operand in zip(letters, x.operands)):
        return "needs a letter for each axis of its operands, each of them once"
    lengths: dict[str, int] = {}
    for word, operand in zip(letters, x.operands):
        for letter, length in zip(word, operand.shape):
            if lengths.setdefault(letter, length) != length or (letter == "n") != (length == BATCH):
                return f"has axes of different length under the letter {letter}"
    if not set(result) <= lengths.keys() or set(result) == lengths.keys():
        return "must sum over a letter, and result in letters of its operands"
    return _differs(x, tuple(lengths[letter] for letter in result))


def _reduce(x: Node, parameters: int) -> str:
    if len(x.operands) != 1 or x.row is None or x.row.arity is not None:
        return "is not a reduction of one operand by a row over any number of operands"
    (operand,) = x.operands
    if not operand.entries:
        return "reduces a last axis that does not exist"
    return _differs(x, operand.shape if x.row is SOFTMAX else (*operand.shape[:-1], 1))


def _take(x: Node, parameters: int) -> str:
    if len(x.operands) == 2:
        table, number = x.operands
        if len(table.shape) != 2 or table.batched or x.index:
            return "chooses rows of what is not one table for all examples"
        return _differs(x, (*number.shape, table.shape[1]))
    if len(x.operands) != 1:
        return f"has {len(x.operands)} operands; it takes 1 or 2"
    if x.batched != x.operands[0].batched:
        return "has a batch axis where its operand has none, or none where it has one"
    return _index(x, x.operands[0].size)


def _put(x: Node, parameters: int) -> str:
    if not x.index and len(x.operands) == 2:
        part, number = x.operands
        return "" if part.shape == (*number.shape, *x.shape[1:]) and len(x.shape) == 2 else "adds rows that do not fit"
    if [index.shape for index in x.index] != [operand.entries for operand in x.operands]:
        return "has parts that do not have the shape of their index"
    if x.batched != any(operand.batched for operand in x.operands):
        return "has a batch axis that its parts contradict"
    return "adds parts outside its shape" if any(_outside(index, x.size) for index in x.index) else ""


def _loop(x: Node, parameters: int) -> str:
    body = x.body
    if body is None:
        return "has no body"
    first, sequences = x.operands[: len(body.states)], x.operands[len(body.states) :]
    if len(body.following) != len(body.states) or not all(_stretches(y.shape, hole.shape) for y, hole in zip(first, body.states)):
        return "begins with states of other shapes than it carries"
    if [y.shape for y in body.following] != [hole.shape for hole in body.states]:
        return "carries states whose shape changes"
    for hole, sequence in zip(body.slices, sequences):
        if sequence.entries != (body.steps, *hole.entries) or sequence.batched != hole.batched:
            return f"reads a sequence of shape {sequence.shape} in {body.steps} steps, {hole.shape} each"
    if len(x.operands) != len(body.states) + len(body.slices) + len(body.outside):
        return f"has {len(x.operands)} operands, and not one for each state, sequence and what the body reads"
    if list(sequences[len(body.slices) :]) != body.outside:
        return "does not list what its body reads"
    seen = {*body.states, *body.slices, *x.operands}
    for y in body.order:
        complaint = _complaint(y, seen, parameters)
        if complaint:
            return f"in its body {y!r} {complaint}"
        seen.add(y)
    return ""


def _part(x: Node, parameters: int) -> str:
    loop = x.operands[0] if x.operands else x
    if loop.body is None or x.position is None or not 0 <= x.position < len(loop.body.results):
        return "is not a result of a loop"
    return _differs(x, x.builder.part(loop, x.position).shape)


def _index(x: Node, limit: int) -> str:
    if len(x.index) != 1 or x.index[0].shape != x.entries:
        return f"has an index of shape {[index.shape for index in x.index]}"
    return f"takes entries outside the {limit} that exist" if _outside(x.index[0], limit) else ""


def _differs(x: Node, shape: Shape) -> str:
    return "" if x.shape == shape else f"has shape {x.shape}; its operands give {shape}"


def _stretches(shape: Shape, full: Shape) -> bool:
    """Whether an array of that shape can be broadcast to the full one."""
    try:
        return np.broadcast_shapes(shape, full) == full
    except ValueError:
        return False


def _outside(index: np.ndarray, limit: int) -> bool:
    return bool(index.size) and not (0 <= int(index.min()) <= int(index.max()) < limit)


COMPLAINTS: dict[str, Callable[[Node, int], str]] = {
    "input": _leaf, "parameter": _leaf, "constant": _leaf, "seed": _leaf,
    "map": _map, "contract": _contract, "reduce": _reduce, "take": _take, "put": _put,
    "loop": _loop, "part": _part, "hole": lambda x, parameters: "stands outside of a loop",
}  # fmt: skip
