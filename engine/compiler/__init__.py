"""The compiler: from the cost of one example, written in scalars, to a program on matrices. It runs on NumPy.

A program is a list of instructions. Each stands for an array: `shape` is that of one example, and if it is batched there
is one such array for each example, in rows (n, *shape). This is their grammar; `verify` holds every pass to it:

    program     := instruction+                  operands before results
    instruction := leaf | elementwise | product | sum | move

    leaf        := input(argument)               what a batch brings: batched
                 | parameter(index)              entries of the vector of all parameters
                 | constant(numbers)
                 | seed                          the weight of each example in the cost of the batch: batched
    elementwise := row(x, ...)                   a row of the table on each entry; shapes broadcast from the right
                 | slope_i(result, x, ...)       that row's derivative with respect to operand i
    product     := apply(W, a)                   y[..., r] = Σ_k W[r, k]·a[..., k]
                 | outer(d, a)                   M[r, k] = Σ d[..., r]·a[..., k], over all other axes and the batch
                 | transpose(W)
    sum         := reduce(row, x)                fsum, logsumexp, amax or amin along the last axis, which is kept with length 1
                 | sum_to(shape, x)              over the axes along which an operand was broadcast
                 | total(x) | inner(x, y)        over all entries of all examples: Σ x, Σ x·y
    move        := take(x, index)                entries of x, in row-major order
                 | assemble(index, x, ...)       zeros, to which each x is added at its index
                 | concat(x, ...)                side by side along the last axis
                 | reshape(x, shape)

A dense layer is `row add(apply(W, a), b)`; the four equations of backpropagation are what `differentiate` makes of it.

The modules, in reading order: `passes` (the way from function to instructions), `trace`, `scalars`, `sums`, `grids`,
`blocks`, `storage`, `names`; `nodes`, `rules`, `verify` and `views`; `differentiate`; `lower`; `contractions`, `memory`, `sheet`
and `source` (the text that runs), `code`; `evaluate` (runs instructions one by
one, as a pure function of parameters and batch); `equations` and `report` (what is printed); `batch`, `parameters`, `undefined`
and `program` (what users see); `update` (an optimiser's rule on arrays) and `descent` (training steps).
"""

from . import guard
from .program import Gradient, Program, compile
