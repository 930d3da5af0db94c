"""Compiled programs beside NumPy written by hand, PyTorch, JAX and micrograd. Run: python benchmarks/compiled.py

Three tasks, each a training step or many: forward, backward and plain gradient descent, in float64 on one thread.

    moons    2-16-16-1, ReLU, hinge loss and L2, a batch of 100 samples: one step
    MNIST    784-30-10, sigmoid, quadratic cost, on data of MNIST's shape: an epoch, with batches of 10 and of 128
    digits   64-15-10, the same on data of the digits' shape: an epoch with batches of 10

`program` is what a user calls, program.descend(SGD).step; `fit` is a whole epoch of nn.fit, with its
shuffling, its checks, its counting of hits and the history. All take turns within one run, so that a busy machine is
unfair to none; what is printed are medians, and each one's part of the time of NumPy by hand.
"""

import os

for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import gc
import platform
import sys
import tracemalloc
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a bare clone needs no installation

import numpy as np
from by_hand import Digits, Floor, Moons

import engine
from nn import MLP, History, losses, optim
from nn.compiled import CompiledRun
from nn.targets import Targets

try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None
try:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
except ImportError:
    jax = None

TURNS, RATE = 9, 0.1


# --- the competitors: each gives a function that makes one step on (x, y), or one epoch on all ---

def program_step(sizes, hinge, dtype="float64"):
    """engine.compile, as a user would write it."""
    model = network(sizes, hinge)
    cost = losses.hinge if hinge else losses.quadratic
    penalty = (lambda: 1e-4 * sum(p * p for p in model.parameters())) if hinge else None
    program = engine.compile(lambda x, y: cost(model(x), y), penalty=penalty, dtype=dtype)
    descent = []

    def step(x, y):
        if not descent:
            descent.append(program.trace(x[:1], y[:1]).descend(optim.SGD(model.parameters(), lr=RATE)))
        return descent[0].step(x, y)

    return step


def network(sizes, hinge):
    """The network of a task."""
    return MLP(sizes[0], sizes[1:], *(("relu", "linear") if hinge else ("sigmoid", "sigmoid")), seed=0)


def by_hand_step(sizes, hinge, n, dtype=np.float64, kind=None):
    """NumPy by hand, or the products alone."""
    task = (kind or (Moons if hinge else Digits))(sizes, n, dtype=dtype)
    return lambda x, y: task.step(x, y, RATE)


def torch_step(sizes, hinge):
    """The usual modules, autograd and torch.optim.SGD."""
    layers = []
    for a, b in pairwise(sizes):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU() if hinge else torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*(layers[:-1] if hinge else layers)).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def step(x, y):
        optimizer.zero_grad()
        out = model(x)
        if hinge:
            cost = (1 - y * out).relu().mean() + 1e-4 * sum((p * p).sum() for p in model.parameters())
        else:
            cost = 0.5 * ((out - y) ** 2).sum() / len(x)
        cost.backward()
        optimizer.step()
        return cost

    return step


def jax_functions(sizes, hinge):
    """A jitted step, and the pure step for a scan over an epoch."""
    draw = np.random.default_rng(0)
    weights = [(jnp.array(draw.normal(0, 1 / np.sqrt(a), (b, a))), jnp.zeros(b)) for a, b in pairwise(sizes)]

    def cost(weights, x, y):
        a = x
        for i, (w, b) in enumerate(weights):
            z = a @ w.T + b
            a = (z if i == len(weights) - 1 else jnp.maximum(z, 0)) if hinge else jax.nn.sigmoid(z)
        if hinge:
            return jnp.maximum(0, 1 - y * a).mean() + 1e-4 * sum((w * w).sum() + (b * b).sum() for w, b in weights)
        return 0.5 * ((a - y) ** 2).sum() / len(x)

    def step(weights, x, y):
        value, gradient = jax.value_and_grad(cost)(weights, x, y)
        return jax.tree_util.tree_map(lambda p, g: p - RATE * g, weights, gradient), value

    return weights, step


def jax_step(sizes, hinge):
    """jit of one step, the parameters going in and out."""
    weights, pure = jax_functions(sizes, hinge)
    step, state = jax.jit(pure), [weights]

    def run(x, y):
        state[0], value = step(state[0], x, y)
        return value.block_until_ready()

    return run


def jax_epoch(sizes, X, Y, size):
    """An epoch in one jitted scan."""
    weights, pure = jax_functions(sizes, hinge=False)
    xs, ys = jnp.array(X).reshape(-1, size, X.shape[1]), jnp.array(Y).reshape(-1, size, Y.shape[1])
    epoch = jax.jit(lambda weights, xs, ys: jax.lax.scan(lambda w, batch: pure(w, *batch), weights, (xs, ys)))
    state = [weights]

    def run():
        state[0], _ = jax.block_until_ready(epoch(state[0], xs, ys))

    return run


def fit_epoch(sizes, X, Y, size):
    """An epoch of nn.fit's run."""
    model = network(sizes, hinge=False)
    run = CompiledRun(model, optim.SGD(model.parameters(), lr=RATE), losses.quadratic, X,
                      Targets(Y, len(X), sizes[-1], losses.quadratic), None, "mean", History())  # fmt: skip
    order = list(range(len(X)))
    return lambda: run.epoch([order[i : i + size] for i in range(0, len(X), size)])


def micrograd_step():
    """micrograd on the same network and cost (benchmarks/eager.py)."""
    from eager import Micrograd, Network

    network = Network(Micrograd)

    def step(x, y):
        cost = network.cost(x.tolist(), y[:, 0].tolist())
        network.zero_grad()
        cost.backward()
        network.update(RATE)

    return step


# --- measuring ---

def in_turns(functions, repeat, turns=TURNS):
    """The median time of a call of each function, taken in turns; each turn calls it `repeat` times."""
    times = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(turns):
        for name, function in functions.items():
            gc.collect()
            began = perf_counter()
            for _ in range(repeat):
                function()
            times[name].append((perf_counter() - began) / repeat)
    return {name: median(found) for name, found in times.items()}


def show(title, times):
    """A table of times, and of parts of the time by hand."""
    print(f"\n{title}")
    for name, seconds in times.items():
        unit, factor = ("µs", 1e6) if seconds < 1e-3 else ("ms", 1e3)
        print(f"  {name:<34}{factor * seconds:9.4g} {unit}   {seconds / times['NumPy by hand']:8.2f}")


def moons():
    """One step on 100 samples."""
    draw = np.random.default_rng(1)
    x = draw.random((100, 2))
    y = np.sign(x[:, :1] - x[:, 1:])
    sizes = (2, 16, 16, 1)
    steps = {"NumPy by hand": by_hand_step(sizes, True, 100), "program": program_step(sizes, True)}
    labels = y[:, 0].copy()  # one number for each example, as the scalar cost has it
    calls = {
        name: lambda step=step, targets=labels if name == "program" else y: step(x, targets) for name, step in steps.items()
    }
    if torch:
        step, tx, ty = torch_step(sizes, True), torch.tensor(x), torch.tensor(y)
        calls["PyTorch"] = lambda: step(tx, ty)
    if jax:
        jitted, jx, jy = jax_step(sizes, True), jnp.array(x), jnp.array(y)
        calls["JAX, jit"] = lambda: jitted(jx, jy)
    times = in_turns(calls, 300)
    try:
        slow = micrograd_step()
    except SystemExit:
        slow = None
    if slow:
        times |= in_turns({"micrograd": lambda: slow(x, y)}, 1, 3)
        gc.disable()
        times |= in_turns({"micrograd, collector off": lambda: slow(x, y)}, 1, 3)
        gc.enable()
    show("moons: a step of 2-16-16-1 on 100 samples", times)


def epochs(title, sizes, examples, size, repeat):
    """An epoch in mini-batches, already shuffled."""
    draw = np.random.default_rng(1)
    X, Y = draw.random((examples, sizes[0])), np.eye(sizes[-1])[draw.integers(0, sizes[-1], examples)]
    batches = [(X[i : i + size], Y[i : i + size]) for i in range(0, examples, size)]

    def epoch(step, batches):
        return lambda: [step(x, y) for x, y in batches]

    steps = {
        "the matrix products alone": by_hand_step(sizes, False, size, kind=Floor),
        "NumPy by hand": by_hand_step(sizes, False, size), "program": program_step(sizes, False),
    }  # fmt: skip
    calls = {name: epoch(step, batches) for name, step in steps.items()}
    if torch:
        calls["PyTorch"] = epoch(torch_step(sizes, False), [(torch.tensor(x), torch.tensor(y)) for x, y in batches])
    if jax:
        calls["JAX, jit of a step"] = epoch(jax_step(sizes, False), [(jnp.array(x), jnp.array(y)) for x, y in batches])
        calls["JAX, scan over the epoch"] = jax_epoch(sizes, X, Y, size)
    single = [(x.astype(np.float32), y.astype(np.float32)) for x, y in batches]
    calls["NumPy by hand, float32"] = epoch(by_hand_step(sizes, False, size, np.float32), single)
    calls["program, float32"] = epoch(program_step(sizes, False, "float32"), single)
    times = in_turns(calls, repeat)
    # by itself, since storing the parameters to Values after each epoch makes every other program look at its own again
    again = in_turns({"NumPy by hand": calls["NumPy by hand"], "fit": fit_epoch(sizes, X, Y, size)}, repeat)
    times["fit, everything included"] = again["fit"] / again["NumPy by hand"] * times["NumPy by hand"]
    show(f"{title}: an epoch of {'-'.join(map(str, sizes))}, {examples} examples in batches of {size}", times)


def compiling():
    """Time and memory of tracing and compiling, for each scalar node."""
    print("\ncompiling                nodes     time   bytes a node at the peak")
    for sizes in ((64, 15, 10), (784, 30, 10), (784, 100, 10)):
        model, example = network(sizes, hinge=False), (np.zeros((1, sizes[0])), np.zeros((1, sizes[-1])))

        def compiled(model=model, example=example):
            program = engine.compile(lambda x, y: losses.quadratic(model(x), y)).trace(*example)
            program.code()
            return program

        began = perf_counter()
        counts = compiled().compiled.counts
        seconds = perf_counter() - began
        nodes = sum(counts[:4])
        gc.collect()
        tracemalloc.start()
        compiled()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"  {'-'.join(map(str, sizes)):<16}{nodes:>12}{seconds:>7.2f} s{peak / nodes:>10.0f}")


if __name__ == "__main__":
    versions = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    versions += [f"{module.__name__} {module.__version__}" for module in (torch, jax) if module]
    print(f"{', '.join(versions)}; float64, one thread, medians; the last column is the part of NumPy by hand")
    moons()
    epochs("MNIST's shape", (784, 30, 10), 2000, 10, 1)
    epochs("MNIST's shape", (784, 30, 10), 12800, 128, 1)
    epochs("digits", (64, 15, 10), 1500, 10, 3)
    compiling()
