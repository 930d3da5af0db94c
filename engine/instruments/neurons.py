"""Neurons, recognised by structure alone: a weighted sum, and its activation if there is one.

Pictures use this to fold neurons. It does not matter whether the sum was written with `nn`, with sum(), with a loop or by
hand: only the graph is read. (The compiler has a recogniser of its own, compiler/names.py: it finds layers, among products of
matrices.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..graph import Graph

if TYPE_CHECKING:
    from ..value import Value

SUMS = {"add", "fsum"}


class Neuron:
    """z = w1·x1 + w2·x2 + ... + bias, a = activation(z).

    output      the neuron's result: the activation, or the sum itself
    sum         the pre-activation z
    products    the weighted inputs, as nodes w·x
    weights     for each product its weight, a leaf
    inputs      for each product what the weight multiplies
    rest        the other terms of the sum: the bias, usually one leaf
    inside      every node that belongs to this neuron alone, the output last
    """

    def __init__(self, output: Value, total: Value, terms: list[Value], inside: list[Value]) -> None:
        self.output = output
        self.sum = total
        self.products = [term for term in terms if _is_weighted(term)]
        self.weights = [_weight_first(term)[0] for term in self.products]
        self.inputs = [_weight_first(term)[1] for term in self.products]
        self.rest = [term for term in terms if not _is_weighted(term)]
        self.inside = inside

    @property
    def activation(self) -> str:
        """The name of the activation's row; empty for a linear neuron."""
        return "" if self.output is self.sum or self.output.op is None else self.output.op.name


def neurons(output: Value | Graph) -> list[Neuron]:
    """The neurons that the output is computed from, in forward order.

    A sum counts when at least one of its terms is a product with a leaf (its weight), and when the partial sums and
    products inside it are used nowhere else: a value that is read elsewhere is not a neuron's own.
    """
    order = Graph.of(output).order
    uses: dict[Value, list[Value]] = {node: [] for node in order}
    for node in order:
        for operand in node.operands:
            uses[operand].append(node)

    found = []
    for node in order:
        if not _is_sum(node) or _continues(node, uses):
            continue
        terms, partial = _terms(node, uses)
        products = [term for term in terms if _is_weighted(term) and len(uses[term]) == 1]
        if not products:
            continue
        inside = [*products, *partial]
        result = node
        if len(uses[node]) == 1 and _is_activation(uses[node][0]):
            result = uses[node][0]
            inside.append(result)
        found.append(Neuron(result, node, terms, inside))
    return found


def _is_sum(node: Value) -> bool:
    return node.op is not None and node.op.name in SUMS


def _is_activation(node: Value) -> bool:
    return node.op is not None and node.op.activation is not None


def _continues(node: Value, uses: dict[Value, list[Value]]) -> bool:
    """Whether the sum goes on above this node, as a term of a larger one; a sum with a name of its own ends there."""
    return not node.label and len(uses[node]) == 1 and _is_sum(uses[node][0])


def _terms(total: Value, uses: dict[Value, list[Value]]) -> tuple[list[Value], list[Value]]:
    """The terms that a sum adds, in order, and its partial sums, the total last."""
    terms: list[Value] = []
    partial = []
    stack = [total]
    while stack:
        node = stack.pop()
        if node is total or (_is_sum(node) and _continues(node, uses)):
            partial.append(node)
            stack.extend(node.operands[::-1])
        else:
            terms.append(node)
    return terms, partial[::-1]


def _weight_first(product: Value) -> tuple[Value, Value]:
    """The weight and its input. Of two leaves the first is the weight, as in w*x, unless only the second is called like one."""
    first, second = product.operands
    swapped = _is_leaf(second) and second.label[:1] in ("w", "W") and first.label[:1] not in ("w", "W")
    return (first, second) if _is_leaf(first) and not swapped else (second, first)


def _is_weighted(node: Value) -> bool:
    """A product of a leaf and something else; not a square, and not a leaf with a plain number before it."""
    if node.op is None or node.op.name != "mul" or node.operands[0] is node.operands[1]:
        return False
    if any(x.constant and not x.label for x in node.operands) and node.operands[0].constant:
        return False  # 1.0*b is a term; w*1.0 is a weight and its input, which is a constant like any data
    return any(_is_leaf(x) for x in node.operands)


def _is_leaf(node: Value) -> bool:
    return not node.operands and not node.constant
