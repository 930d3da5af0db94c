"""The slips of networks: what goes wrong where neurons pass back their errors. Where the neurons are, neurons.py says.

The lines have the form of slips.py, whose rules they use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .slips import Found, Slip, edges, is_among, results
from .working import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..value import Value
    from .neurons import Neuron
    from .working import Edge, Working

RATES = (0.01, 0.1, 0.5, 1.0)  # learning rates that are in use where one works by hand


def of_the_number(edge: Edge) -> float:
    """The formula that gives the slope from the result, a(1 - a), with the number in it that goes in."""
    return float(edge.row.derivative(edge.number, [edge.number], 0, shown=True))


def before_activation(edge: Edge) -> float | None:
    """What the other factor was before its activation."""
    other = edge.other
    if other is None or other.op is None or not is_among(other.op, "activation"):
        return None
    return edge.working.numbers[other.operands[0]]


def is_target(edge: Edge) -> bool:
    """Whether the other side of this difference is a given number, such as the target t in a - t."""
    return edge.other is not None and not edge.other.operands


def bias_times_input(working: Working) -> Iterator[Found]:
    """x is a neuron's bias, and its gradient is multiplied by one of the neuron's inputs."""
    for neuron in working.neurons:
        if working.x in neuron.rest and not working.x.operands:
            for value in neuron.inputs:
                yield Found(Change(result=working.right * working.numbers[value]))


def between_layers(working: Working) -> Iterator[tuple[list[Neuron], list[Value]]]:
    """Each layer of neurons with one list of inputs, and those inputs, as far as they are computed."""
    layers: dict[tuple[Value, ...], list[Neuron]] = {}
    for neuron in working.neurons:
        layers.setdefault(tuple(neuron.inputs), []).append(neuron)
    for inputs, layer in layers.items():
        if len(layer) > 1 and any(working.depends(value) for value in inputs):
            yield layer, list(inputs)


def transposed(working: Working) -> Iterator[Found]:
    """On the way back the entry w[j][k] is taken for w[k][j]; only square matrices let one."""
    for layer, inputs in between_layers(working):
        if len(layer) == len(inputs):
            number = [[working.numbers[weight] for weight in neuron.weights] for neuron in layer]
            yield Found(Change(slopes=_backwards(working, layer, lambda j, k, number=number: number[k][j])))  # type: ignore[misc]


def already_updated(working: Working) -> Iterator[Found]:
    """The errors of a hidden layer are computed with the new weights of the layer above it."""
    for rate in RATES:
        for layer, _ in between_layers(working):
            new = [[working.numbers[weight] - rate * working.gradients[weight] for weight in neuron.weights] for neuron in layer]
            yield Found(Change(slopes=_backwards(working, layer, lambda j, k, new=new: new[j][k])))  # type: ignore[misc]


def _backwards(working: Working, layer: list[Neuron], weight: Callable[[int, int], float]) -> dict[tuple[Value, int], float]:
    """The local derivatives of a layer's products with respect to its inputs, with other weights."""
    slopes = {}
    for j, neuron in enumerate(layer):
        for k, product in enumerate(neuron.products):
            position = 1 if product.operands[0] is neuron.weights[k] else 0
            if working.depends(product.operands[position]):
                slopes[product, position] = weight(j, k)
    return slopes


def as_updates(working: Working) -> Iterable[float]:
    """The step of gradient descent, or the weight after it, where the gradient of a weight or a bias is asked for."""
    learned = {leaf for neuron in working.neurons for leaf in (*neuron.weights, *neuron.rest) if not leaf.operands}
    if working.x not in learned:
        return []
    steps = [rate * working.right for rate in RATES if rate != 1.0]
    return steps + [working.numbers[working.x] - rate * working.right for rate in RATES]


NETWORKS = [
    Slip("activation: formula at z", "activation",
         "the activation's derivative, such as a(1 - a), is worked out with z in the place of a",
         "Which of the two stands in that formula, what goes in or what comes out?",
         (edges("activation", of_the_number),)),
    Slip("activation: slope at a", "activation", "the activation's derivative is taken at its result a instead of at z",
         "At which number is the slope of the activation wanted?",
         (edges("activation", lambda e: e.slope_at(e.result)),)),
    Slip("input missing", "chain", "the input a of the weight is missing from δ·a",
         "What does the weight multiply?", (edges("mul", lambda e: 1.0 if e.is_weight else None),)),
    Slip("pre-activation for activation", "activation", "a neuron's z stands where its activation a should",
         "What arrives at the weight, before or after the activation?", (edges("mul", before_activation),)),
    Slip("bias times input", "bias", "the bias is treated like a weight, and its δ multiplied by an input",
         "What does the bias multiply?", (bias_times_input,)),
    Slip("difference reversed", "sign",
         "t - a is taken for a - t (some lectures define the error so, and add the step instead of subtracting it)",
         "Which of the two grows when a does, a - t or t - a?",
         (edges("sub", lambda e: -e.slope if is_target(e) else None),)),
    Slip("W for its transpose", "weights", "W is used on the way back where its transpose belongs",
         "Which weights lead from this neuron to the next layer?", (transposed,)),
    Slip("weights already updated", "weights",
         "the errors of the hidden layer are worked out with weights that are already updated",
         "With which weights was the way forwards computed?", (already_updated,)),
    Slip("update for gradient", "update", "the step η·gradient, or the weight after it, stands for the gradient",
         "Is the gradient asked for, or what is done with it?", (results(as_updates),)),
]  # fmt: skip
