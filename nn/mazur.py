"""The lecture's worked example, by Matt Mazur: a 2-2-2 sigmoid network, one example, one step of gradient descent.

Inputs (0.05, 0.10), targets (0.01, 0.99), learning rate 0.5. The lecture leaves the biases as they are (E falls faster if
they learn too); `biases` chooses: "fixed", "own" (one for each neuron) or "shared" (one for each layer, as it is drawn).
One slide prints the target 0.1 and another the weight w3 where w2 is meant; every later number agrees with what is here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..engine import Value, paths
from ..engine.say.layout import Page
from .losses import quadratic
from .network import MLP, Activations
from .optim import SGD

INPUTS = (0.05, 0.10)
TARGETS = (0.01, 0.99)
WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
BIASES = (0.35, 0.60)
RATE = 0.5


class Example(NamedTuple):
    """The network with the lecture's names, computed and swept."""

    network: MLP
    activations: Activations
    errors: tuple[Value, Value]  # E_o1 and E_o2
    cost: Value
    weights: list[Value]  # w1 ... w8
    biases: list[Value]


def network(biases: str = "fixed") -> tuple[MLP, list[Value], list[Value]]:
    """The network, its weights w1 ... w8, and its biases: two if they are shared, else four."""
    if biases not in ("fixed", "own", "shared"):
        raise ValueError(f'biases = {biases!r}: give "fixed", "own" or "shared".')
    w = [Value(number, f"w{i}") for i, number in enumerate(WEIGHTS, 1)]
    if biases == "shared":
        b = [Value(number, f"b{i}") for i, number in enumerate(BIASES, 1)]
        rows = [[b[0], b[0]], [b[1], b[1]]]
    else:
        b = [Value(number, name) for number, name in zip([BIASES[0]] * 2 + [BIASES[1]] * 2, ("b_h1", "b_h2", "b_o1", "b_o2"))]
        rows = [b[:2], b[2:]]
    return MLP.from_weights([[w[:2], w[2:4]], [w[4:6], w[6:8]]], rows, "sigmoid", "sigmoid"), w, b


def example(biases: str = "fixed") -> Example:
    """Forward and backward once."""
    model, w, b = network(biases)
    run = model.activations([Value(x, f"i{k}") for k, x in enumerate(INPUTS, 1)])
    for letter, layers in (("net", run.z), ("out", run.a)):
        for side, layer in zip("ho", layers):
            for j, value in enumerate(layer, 1):
                value.label = f"{letter}_{side}{j}"
    first, second = (quadratic(a, y) for a, y in zip(run.a[1], TARGETS))
    first.label, second.label = "E_o1", "E_o2"
    cost = first + second
    cost.label = "E"
    cost.backward()
    return Example(model, run, (first, second), cost, w, b)


def numbers(biases: str = "fixed") -> dict[str, float]:
    """Every number of the lecture by its name, in the lecture's order; the new weights last."""
    _, run, errors, cost, w, b = example(biases)
    found: dict[str, float] = {}
    for side, z, a in zip("ho", run.z, run.a):
        for j in (0, 1):
            found |= {f"net_{side}{j + 1}": z[j].data, f"out_{side}{j + 1}": a[j].data}
    found |= {"E_o1": errors[0].data, "E_o2": errors[1].data, "E": cost.data}
    for j in (0, 1):
        found[f"dE/dout_o{j + 1}"] = run.a[1][j].grad
        found[f"dout_o{j + 1}/dnet_o{j + 1}"] = run.z[1][j].grad / run.a[1][j].grad
        found[f"dE/dnet_o{j + 1}"] = run.z[1][j].grad
    for j in (0, 1):
        for k in (0, 1):
            found[f"dE_o{k + 1}/dout_h{j + 1}"] = sum(path.product for path in paths(run.a[0][j], errors[k]))
        found[f"dE/dout_h{j + 1}"] = run.a[0][j].grad
        found[f"dout_h{j + 1}/dnet_h{j + 1}"] = run.z[0][j].grad / run.a[0][j].grad
        found[f"dE/dnet_h{j + 1}"] = run.z[0][j].grad
    learning = w if biases == "fixed" else w + b
    found |= {f"dE/d{p.label}": p.grad for p in learning}
    SGD(learning, lr=RATE).step()
    found |= {f"new {p.label}": p.data for p in learning}
    return found


def train(steps: int, biases: str = "fixed") -> list[float]:
    """The cost before each of these steps, and after the last."""
    model, w, b = network(biases)
    optimizer = SGD(w if biases == "fixed" else w + b, lr=RATE)
    costs = []
    for _ in range(steps):
        cost = quadratic(model(INPUTS), TARGETS)
        costs.append(cost.data)
        model.zero_grad()
        cost.backward()
        optimizer.step()
    costs.append(quadratic(model(INPUTS), TARGETS).data)
    return costs


# What each group of numbers is: the names that begin a group, a title, and what the lectures call the rule.
STEPS = (
    ("net_h1", "Forward", "net = Σ w·in + b,  out = σ(net)"),
    ("E_o1", "Cost", "E_o = 1/2 (target - out)²,  E = E_o1 + E_o2"),
    ("dE/dout_o1", "Backward, output layer", "dE/dout = out - target;  dE/dnet = dE/dout · out (1 - out)   (BP1)"),
    ("dE_o1/dout_h1", "Backward, hidden layer", "dE/dout_h = Σ dE/dnet_o · w, with the old w5 to w8;  then as above   (BP2)"),
    ("dE/dw1", "Gradients", "dE/dw = dE/dnet · in   (BP4);  dE/db = dE/dnet   (BP3)"),
    ("new w1", f"One step with learning rate {RATE}", "new w = w - rate · dE/dw"),
)  # fmt: skip


def formulas(biases: str = "fixed") -> dict[str, str]:
    """How each number of `numbers` comes about, in the names of the others and of the weights, biases and inputs."""
    shared = biases == "shared"
    found: dict[str, str] = {}
    for layer, side, before in ((0, "h", ("i1", "i2")), (1, "o", ("out_h1", "out_h2"))):
        for j in (1, 2):
            first = 4 * layer + 2 * j - 1
            bias = f"b{layer + 1}" if shared else f"b_{side}{j}"
            found[f"net_{side}{j}"] = f"w{first}·{before[0]} + w{first + 1}·{before[1]} + {bias}"
            found[f"out_{side}{j}"] = f"σ(net_{side}{j})"
            for k in (0, 1):
                found[f"dE/dw{first + k}"] = f"dE/dnet_{side}{j} · {before[k]}"
            found[f"dout_{side}{j}/dnet_{side}{j}"] = f"out_{side}{j}·(1 - out_{side}{j})"
            found[f"dE/dnet_{side}{j}"] = f"dE/dout_{side}{j} · dout_{side}{j}/dnet_{side}{j}"
            found[f"dE/db_{side}{j}"] = f"dE/dnet_{side}{j}"
        found[f"dE/db{layer + 1}"] = f"dE/dnet_{side}1 + dE/dnet_{side}2"
    for j, target in enumerate(TARGETS, 1):
        found[f"E_o{j}"] = f"1/2·({target} - out_o{j})²"
        found[f"dE/dout_o{j}"] = f"out_o{j} - {target}"
        for k in (1, 2):
            found[f"dE_o{k}/dout_h{j}"] = f"dE/dnet_o{k} · w{2 * k + 2 + j}"
        found[f"dE/dout_h{j}"] = f"dE_o1/dout_h{j} + dE_o2/dout_h{j}"
    found["E"] = "E_o1 + E_o2"
    names = [name.removeprefix("dE/d") for name in found if name.startswith(("dE/dw", "dE/db"))]
    return found | {f"new {name}": f"{name} - {RATE} · dE/d{name}" for name in names}


NAME = re.compile(r"[a-zA-Z]\w*(?:/d\w+)?")


def put_in(formula: str, known: dict[str, float], digits: int) -> str:
    """The formula with numbers in place of the names; a negative one in parentheses, except at the beginning."""

    def number(found: re.Match[str]) -> str:
        if found[0] not in known:
            return found[0]
        text = f"{known[found[0]]:.{digits}f}".rstrip("0").rstrip(".")
        return f"({text})" if text.startswith("-") and found.start() else text

    return NAME.sub(number, formula)


def lines(biases: str = "fixed", digits: int = 9, width: int = 100) -> list[str]:
    """The computation step by step, in the lecture's order: each formula, the numbers put into it, and what comes out.

    What does not fit into `width` columns is broken before an equals sign.
    """
    page = Page(width)
    titles = {first: (title, rule) for first, title, rule in STEPS}
    said = {"fixed": "fixed, as in the lecture", "own": "one for each neuron, learning", "shared": "one for each layer, learning"}
    written = [
        *page.prose("Matt Mazur's network:", f"inputs {INPUTS}, targets {TARGETS}, learning rate {RATE};",
                    f"biases: {said[biases]}."),
        *page.prose("It has two layers of weights:", "W1 = layers[0] holds w1 to w4 (lecture: W²),",
                    "W2 = layers[1] holds w5 to w8 (lecture: W³)."),
    ]  # fmt: skip
    found, how = numbers(biases), formulas(biases)
    _, weights, own = network(biases)
    known = found | {leaf.label: leaf.data for leaf in weights + own} | dict(zip(("i1", "i2"), INPUTS))
    group: list[list[str]] = []
    for name, number in found.items():
        if name in titles:
            written += [*page.equations(group), ""] if group else [""]
            group = []
            written += page.prose(f"{titles[name][0]}:", titles[name][1])
        group.append([f"{name} = {how[name]}", put_in(how[name], known, digits), f"{number:.{digits}f}"])
    costs = train(10_000, biases)
    last = f"{costs[0]:.9f}  {costs[1]:.9f}  {costs[-1]:.9g}"
    return [*written, *page.equations(group), "", *page.prose("E after 0, 1 and 10 000 steps:", last)]
