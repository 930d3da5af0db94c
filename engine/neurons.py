"""Neurons, recognised by structure alone: a weighted sum, and the activation of it if there is one.

Pictures fold by this, and the compiler will look for the same shape. It does not matter whether the sum was written with
`nn`, with sum(), with a loop or by hand: only the graph is read.
"""

from .graph import topological_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .value import Value

SUMS = {"add", "fsum"}


class Neuron:
    """z = w1·x1 + w2·x2 + ... + bias, a = activation(z).

    output      the node that leaves the neuron: the activation, or the sum itself
    sum         the pre-activation z
    products    the weighted inputs, as nodes w·x
    weights     for each product its weight, a leaf
    inputs      for each product what the weight multiplies
    rest        the other terms of the sum: the bias, usually one leaf
    inside      every node that belongs to this neuron alone, the output last
    """

    def __init__(self, output: "Value", total: "Value", terms: "list[Value]", inside: "list[Value]") -> None:
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


def neurons(output: "Value") -> "list[Neuron]":
    """The neurons that the output is computed by, in forward order.

    A sum counts when at least one of its terms is a product with a leaf (its weight), and when the partial sums and
    products inside it are used nowhere else: a value that others read is not a neuron's own.
    """
    order = topological_order(output)
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


def _is_sum(node: "Value") -> bool:
    return node.op is not None and node.op.name in SUMS


def _is_activation(node: "Value") -> bool:
    return len(node.operands) == 1 and node.op is not None and node.op.name != "neg"


def _continues(node: "Value", uses: "dict[Value, list[Value]]") -> bool:
    """Whether the sum goes on above this node, as a term of a larger one."""
    return len(uses[node]) == 1 and _is_sum(uses[node][0])


def _terms(total: "Value", uses: "dict[Value, list[Value]]") -> "tuple[list[Value], list[Value]]":
    """The terms that a sum adds, in order, and its partial sums, the total last."""
    terms: list[Value] = []
    partial = []
    stack = [total]
    while stack:
        node = stack.pop()
        if node is total or (_is_sum(node) and len(uses[node]) == 1):
            partial.append(node)
            stack.extend(node.operands[::-1])
        else:
            terms.append(node)
    return terms, partial[::-1]


def _weight_first(product: "Value") -> "tuple[Value, Value]":
    first, second = product.operands
    return (first, second) if not first.operands and not first.constant else (second, first)


def _is_weighted(node: "Value") -> bool:
    return node.op is not None and node.op.name == "mul" and any(not x.operands and not x.constant for x in node.operands)
