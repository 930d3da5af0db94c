"""Tasks that need a memory: the target at a step depends on what came some steps before."""

from __future__ import annotations

import numpy as np

from ..arguments import check_whole


def temporal_xor(sequences: int = 100, steps: int = 30, seed: int | None = 0) -> tuple[np.ndarray, np.ndarray]:
    """Elman's XOR in time: X (sequences, steps, 1) are bits, and y (sequences, steps) is the bit that comes next.

    Of each three bits two are random and the third is their XOR: 101 000 011 110 ... Only every third bit can be predicted, from
    the two before it; for the others no answer is better than 1/2, whose squared error is .25. Step 0 is a first bit, so
    the target is predictable at the steps 1, 4, 7, ... Elman 1990 has one sequence of 3,000 bits; here are several.
    """
    check_whole(sequences, "sequences", 1)
    check_whole(steps, "steps", 3)
    bits = np.random.default_rng(seed).integers(0, 2, size=(sequences, steps // 3 + 1, 3)).astype(float)
    bits[:, :, 2] = bits[:, :, 0] != bits[:, :, 1]
    row = bits.reshape(sequences, -1)
    return row[:, :steps, None], row[:, 1 : steps + 1]


def adding(examples: int = 1000, steps: int = 40, seed: int | None = 0) -> tuple[np.ndarray, np.ndarray]:
    """The adding problem: each step is a number from [0, 1] and a mark; the target is the sum of the two marked numbers.

    X is (examples, steps, 2), y (examples). One mark, 1 among zeros, is in either half, at a random place. The target's variance
    is 1/6: a network that remembers nothing has a mean squared error of .167 at best. Hochreiter and Schmidhuber 1997 have
    numbers from [-1, 1], marks of 1 and -1, and a scaled sum; this is the form of Le, Jaitly and Hinton 2015.
    """
    check_whole(examples, "examples", 1)
    check_whole(steps, "steps", 2)
    random = np.random.default_rng(seed)
    X = np.zeros((examples, steps, 2))
    X[:, :, 0] = random.random((examples, steps))
    first, second = random.integers(0, steps // 2, examples), random.integers(steps // 2, steps, examples)
    rows = np.arange(examples)
    X[rows, first, 1] = X[rows, second, 1] = 1.0
    return X, X[rows, first, 0] + X[rows, second, 0]
