"""How time and memory grow with the graph. Run: python benchmarks/growth.py

A chain of two-Value operations, v = v*y, from 1,000 to 1,000,000 of them, is built, swept and released. If the cost of a
node does not depend on how many there are, time and memory are proportional to size**1; the exponent is fitted by least
squares through the logarithms. Times are taken without tracemalloc, which would slow them down several times, and both with
Python's garbage collector and without: a growing graph makes it look at everything again each time the graph has grown by
a quarter, which adds a share to the build that rises from nothing (1,000 nodes fit between two looks) to its full height.
"""

import gc
import math
import platform
import sys
import tracemalloc
from pathlib import Path
from statistics import linear_regression, median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a bare clone needs no installation

from engine import Value

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
PHASES = ("build", "sweep", "release")


def chain(length):
    """v = x*y*y*...: every node has two Values for operands, and none is a constant."""
    v, y = Value(1.0), Value(1.0)
    for _ in range(length):
        v = v * y
    return v


def seconds(length):
    """The time to build a chain, to sweep it and to let it go."""
    start = perf_counter()
    v = chain(length)
    built = perf_counter()
    v.backward()
    swept = perf_counter()
    del v
    return built - start, swept - built, perf_counter() - swept


def peak_bytes(length):
    """The peak of the memory in use while building and while sweeping, and what is left after the release."""
    tracemalloc.start()
    v = chain(length)
    built = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    v.backward()
    swept = tracemalloc.get_traced_memory()[1]
    del v
    left = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return built, swept, left


def exponent(costs):
    """The p of cost = constant * size**p."""
    return linear_regression([math.log(size) for size in SIZES], [math.log(cost) for cost in costs]).slope


def table(title, names, costs, unit=1.0):
    """Print, for each size, what one operation costs; below it the exponents."""
    print(f"\n{title:>32}" + "".join(f"{name:>10}" for name in names))
    for size, row in zip(SIZES, costs, strict=True):
        print(f"{size:>32,}" + "".join(f"{cost / size / unit:>10.3g}" for cost in row))
    print(f"{'exponent':>32}" + "".join(f"{exponent(column):>10.2f}" for column in zip(*costs, strict=True)))


def main():
    """Measure and print the tables."""
    print(f"Python {platform.python_version()}; a chain of operations v = v*y; what one operation costs, by their number")
    seconds(SIZES[0])  # the first run pays for Python's own warming up
    for state, switch in (("on", gc.enable), ("off", gc.disable)):
        switch()
        times = []
        for size in SIZES:
            runs = [seconds(size) for _ in range(max(3, 30_000 // size))]
            times.append([median(column) for column in zip(*runs, strict=True)])
        table(f"µs, collector {state}", PHASES, times, 1e-6)
    gc.enable()
    peaks = [peak_bytes(size) for size in SIZES]
    table("bytes at the peak", PHASES[:2], [row[:2] for row in peaks])
    print(f"\nLeft after the release of {SIZES[-1]:,} operations: {peaks[-1][2]:,} bytes.")


if __name__ == "__main__":
    main()
