"""Compiled programs beside NumPy written by hand, PyTorch, JAX and micrograd. Run: python benchmarks/compiled.py

Tasks, each a training step or many: forward, backward and plain gradient descent, in float64 on one thread. Run all, or
those that you name: python benchmarks/compiled.py attention lstm

    moons      2-16-16-1, ReLU, hinge loss and L2, a batch of 100 samples: one step
    mnist      784-30-10, sigmoid, quadratic cost, on data of MNIST's shape: an epoch, with batches of 10 and of 128
    digits     64-15-10, the same on data of the digits' shape: an epoch with batches of 10
    attention  8 tokens of width 16, a batch of 32; this and the following: one step, written on single numbers in works.py
    block      a transformer block on as many tokens: 4 heads, causal, RMS norm, an MLP 16-64-16
    lstm, gru  20 steps, 8 -> 16, a batch of 32, the cost at the last step
    rbf        2 inputs, 32 Gaussian units, a batch of 100
    compiling  time and memory of tracing and compiling

`program` is what a user calls, program.descend(SGD).step; `fit` is a whole epoch of nn.fit, with its
shuffling, its checks, its counting of hits and the history. All take turns within one run, so that a busy machine is
unfair to none; what is printed are medians, and each one's part of the time of NumPy by hand. Before a work of works.py is
measured, its cost and gradient by hand are compared with the engine's.
"""

import os

for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import gc
import platform
import sys
import tracemalloc
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a bare clone needs no installation

import numpy as np
import rivals
from by_hand import Digits, Floor, Moons
from rivals import jax, jnp, torch
from works import WORKS, check

import engine
from nn import MLP, History, losses, optim
from nn.compiled import CompiledRun
from nn.targets import Targets

TURNS, RATE = 9, 0.1
SMALL_RATE = 1e-3  # for works that see one batch some thousand times


# --- ours and NumPy by hand: each gives a function that makes one step on (x, y), or one epoch on all; others: rivals.py ---

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


def fit_epoch(sizes, X, Y, size):
    """An epoch of nn.fit's run."""
    model = network(sizes, hinge=False)
    run = CompiledRun(model, optim.SGD(model.parameters(), lr=RATE), losses.quadratic, X,
                      Targets(Y, len(X), sizes[-1], losses.quadratic), None, "mean", History())  # fmt: skip
    order = list(range(len(X)))
    return lambda: run.epoch([order[i : i + size] for i in range(0, len(X), size)])


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
        step, tx, ty = rivals.torch_step(sizes, True, RATE), torch.tensor(x), torch.tensor(y)
        calls["PyTorch"] = lambda: step(tx, ty)
    if jax:
        jitted, jx, jy = rivals.jax_step(sizes, True, RATE), jnp.array(x), jnp.array(y)
        calls["JAX, jit"] = lambda: jitted(jx, jy)
    times = in_turns(calls, 300)
    try:
        slow = rivals.micrograd_step(RATE)
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
        calls["PyTorch"] = epoch(rivals.torch_step(sizes, False, RATE), [(torch.tensor(x), torch.tensor(y)) for x, y in batches])
    if jax:
        jitted = rivals.jax_step(sizes, False, RATE)
        calls["JAX, jit of a step"] = epoch(jitted, [(jnp.array(x), jnp.array(y)) for x, y in batches])
        calls["JAX, scan over the epoch"] = rivals.jax_epoch(sizes, X, Y, size, RATE)
    single = [(x.astype(np.float32), y.astype(np.float32)) for x, y in batches]
    calls["NumPy by hand, float32"] = epoch(by_hand_step(sizes, False, size, np.float32), single)
    calls["program, float32"] = epoch(program_step(sizes, False, "float32"), single)
    times = in_turns(calls, repeat)
    # by itself, since storing the parameters to Values after each epoch makes every other program look at its own again
    again = in_turns({"NumPy by hand": calls["NumPy by hand"], "fit": fit_epoch(sizes, X, Y, size)}, repeat)
    times["fit, everything included"] = again["fit"] / again["NumPy by hand"] * times["NumPy by hand"]
    show(f"{title}: an epoch of {'-'.join(map(str, sizes))}, {examples} examples in batches of {size}", times)


def work(name):
    """One step of a work of works.py."""
    check(name)
    task, (x, y), by_hand = WORKS[name], WORKS[name].batch(), WORKS[name].by_hand()
    arrays = {key: array.copy() for key, array in by_hand.named(by_hand.parameters.arrays).items()}
    program, _ = task.program(arrays)
    descent = program.trace(x, y).descend(optim.SGD(program.parameters.values, lr=SMALL_RATE))
    calls = {"NumPy by hand": lambda: by_hand.step(x, y, SMALL_RATE), "program": lambda: descent.step(x, y)[0] / len(x)}
    if torch:
        step, tx, ty = rivals.torch_work(name, arrays, SMALL_RATE), torch.tensor(x), torch.tensor(y)
        calls["PyTorch"] = lambda: step(tx, ty)
    if jax:
        jitted, jx, jy = rivals.jax_work(name, arrays, SMALL_RATE), jnp.array(x), jnp.array(y)
        calls["JAX, jit"] = lambda: jitted(jx, jy)
    for call in calls.values():
        call()
    last = {other: float(call()) for other, call in calls.items()}  # the second step's cost shows that the first was right
    assert max(last.values()) - min(last.values()) <= 1e-10 * max(last.values()), last
    show(f"{task.title}: a step on {len(x)} examples", in_turns(calls, 100))


def mnist():
    """Batches of ten, where calls cost most, and of 128."""
    epochs("MNIST's shape", (784, 30, 10), 2000, 10, 1)
    epochs("MNIST's shape", (784, 30, 10), 12800, 128, 1)


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


TASKS = {"moons": moons, "mnist": mnist, "digits": lambda: epochs("digits", (64, 15, 10), 1500, 10, 3)}
TASKS |= {name: partial(work, name) for name in WORKS} | {"compiling": compiling}

if __name__ == "__main__":
    chosen = sys.argv[1:] or list(TASKS)
    for name in chosen:
        if name not in TASKS:
            raise SystemExit(f"There is no task {name!r}; there are {', '.join(TASKS)}.")
    versions = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    versions += [f"{module.__name__} {module.__version__}" for module in (torch, jax) if module]
    print(f"{', '.join(versions)}; float64, one thread, medians; the last column is the part of NumPy by hand")
    for name in chosen:
        TASKS[name]()
