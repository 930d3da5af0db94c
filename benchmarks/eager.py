"""This engine beside micrograd: the time of an operation, and of a training step. Run: python benchmarks/eager.py

Both engines run the same plain code, the network below, which is given the class of Value to use. They take turns within
one run, so that a busy machine is unfair to neither. A turn begins with a collection, so that neither pays for the other's
garbage, and with an untimed round that leaves its own. What is printed are medians, and this engine's part of micrograd's
time: with the garbage collector on, as users have it, and off, which shows what the collector costs.
"""

import gc
import platform
import random
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a bare clone needs no installation

import engine
from nn import data

try:
    from micrograd.engine import Value as Micrograd
except ImportError:
    sys.exit('This benchmark compares with micrograd, which is not installed. Install it with: pip install ".[bench]"')

SIZES = (2, 16, 16, 1)
ENGINES = {"chainrule": engine.Value, "micrograd": Micrograd}
TURNS = 8
SAMPLES_A_TURN = 25
STEPS_A_TURN = 2


class Network:
    """A ReLU network with a linear output, as in micrograd's nn.py: for each neuron its weights and its bias."""

    def __init__(self, value):
        draw = random.Random(1)
        self.value = value
        self.layers = [
            [([value(draw.uniform(-1, 1)) for _ in range(inputs)], value(0.0)) for _ in range(outputs)]
            for inputs, outputs in pairwise(SIZES)
        ]
        self.parameters = [p for layer in self.layers for weights, bias in layer for p in (*weights, bias)]

    def score(self, x):
        """The output for one example."""
        for layer in self.layers:
            x = [sum((w * a for w, a in zip(weights, x, strict=True)), bias) for weights, bias in layer]
            if layer is not self.layers[-1]:
                x = [z.relu() for z in x]
        return x[0]

    def cost(self, examples, labels):
        """Mean hinge loss and L2, as in micrograd's demo."""
        scores = [self.score([self.value(number) for number in x]) for x in examples]
        losses = [(1 + -y * score).relu() for y, score in zip(labels, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in self.parameters)

    def update(self, rate):
        """One step of gradient descent."""
        for p in self.parameters:
            p.data -= rate * p.grad

    def zero_grad(self):
        """Forget the last step's gradients."""
        for p in self.parameters:
            p.grad = 0


def count_operations(output):
    """How many nodes of the graph were computed, for either engine."""
    seen, stack = {output}, [output]
    while stack:
        node = stack.pop()
        for operand in node.operands if isinstance(node, engine.Value) else node._prev:
            if operand not in seen:
                seen.add(operand)
                stack.append(operand)
    return sum(bool(node.op if isinstance(node, engine.Value) else node._op) for node in seen)


def one_sample(network):
    """Seconds forward and backward for one example."""
    x = [network.value(0.3), network.value(-0.7)]
    start = perf_counter()
    output = network.score(x)
    forward = perf_counter()
    output.backward()
    return forward - start, perf_counter() - forward


def moons_step(network, examples, labels):
    """Seconds of one full training step: forward, backward, update."""
    start = perf_counter()
    cost = network.cost(examples, labels)
    network.zero_grad()
    cost.backward()
    network.update(0.1)
    return (perf_counter() - start,)


def interleaved(measure, rounds, collector):
    """For each engine the median of each time that measure(network) takes; the engines alternate."""
    networks = {name: Network(value) for name, value in ENGINES.items()}
    times = {name: [] for name in ENGINES}
    for _ in range(TURNS):
        for name, network in networks.items():
            gc.collect()
            if not collector:
                gc.disable()
            measure(network)
            times[name] += [measure(network) for _ in range(rounds)]
            gc.enable()
    return {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in times.items()}


def main():
    """Measure and print the table."""
    split = data.moons()  # 100 to learn from
    examples, labels = split.X.tolist(), [2.0 * c - 1 for c in split.y.tolist()]

    scores = {name: Network(value).score([value(0.3), value(-0.7)]) for name, value in ENGINES.items()}
    operations = count_operations(scores["chainrule"])
    assert count_operations(scores["micrograd"]) == operations, "the engines built different graphs"
    costs = [Network(value).cost(examples, labels).data for value in ENGINES.values()]
    assert abs(costs[0] - costs[1]) < 1e-12, f"the engines computed different costs: {costs}"
    del scores

    network = "-".join(map(str, SIZES))
    print(f"Python {platform.python_version()}; medians; {network} ReLU network, {operations} operations a sample\n")
    print(f"{'':26}{'collector':>10}{'chainrule':>13}{'micrograd':>13}{'ratio':>8}")
    for collector in (True, False):
        sample = interleaved(one_sample, SAMPLES_A_TURN, collector)
        micro = {name: [1e6 * t / operations for t in (*times, sum(times))] for name, times in sample.items()}
        for i, title in enumerate(("forward", "backward", "both")):
            row(f"one operation, {title}", collector, "µs", *[micro[name][i] for name in ENGINES])
    for collector in (True, False):
        step = interleaved(lambda network: moons_step(network, examples, labels), STEPS_A_TURN, collector)
        row("moons step, 100 samples", collector, "ms", *[1e3 * step[name][0] for name in ENGINES])


def row(title, collector, unit, ours, theirs):
    """Print one line of the table."""
    print(f"{title:26}{'on' if collector else 'off':>10}{ours:>10.3g} {unit}{theirs:>10.3g} {unit}{ours / theirs:>8.2f}")


if __name__ == "__main__":
    main()
