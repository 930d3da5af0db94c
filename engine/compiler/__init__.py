"""The compiler: from the cost of one example, written in scalars, to a program on matrices. It runs on NumPy.

A program is a list of nodes, each of which stands for an array with named axes. The batch is one axis among others: the
first, of the length n that a call brings; a node without it has one value for all examples. This is their grammar; `verify`
holds every pass to it:

    program := node+                                operands before results
    node    := leaf | map | contract | reduce | take | put | loop | part

    leaf    := input(argument)                      what a batch brings
             | parameter(index)                     entries of the vector of all parameters
             | constant(numbers)
             | seed                                 the weight of each example in the cost of the batch
             | hole                                 in the body of a loop: a state, or the step's entry of a sequence
    map(row, x, ...)                                y[axes] = row(x[axes], ...), entry by entry; shapes broadcast from the right
    map(row'i, y, x, ...)                           the row's derivative with respect to operand i, y being its result
    contract("nk,rk->nr", x, w)                     products of two operands, or entries of one, summed over the letters that
                                                    the result lacks; n is the batch
    reduce(row, x)                                  logsumexp, amax or amin along the last axis, which is kept with length 1;
                                                    softmax, which keeps it whole
    take(x, index)                                  entries of x, in row-major order within one example: a view, if the index
                                                    goes in equal steps, else a table
    take(x, i)                                      the rows of a table that whole numbers of the data choose
    put(shape, (x, index), ...)                     zeros, to which each x is added at its index: the adjoint of take
    loop(steps, body, carried, per step)            a stretch that repeats: states carried from step to step, entries of
                                                    sequences, results kept of every step
    part(loop, i)                                   one of these, with an axis for time

A dense layer is `map add(contract("nk,rk->nr", a, W), b)`; the four equations of backpropagation are what `differentiate`
makes of it, with one rule for each kind of node.

The rooms: `finding` leads from the function to nodes (`passes` is the way), `printing` writes them as the lectures do,
`writing` makes programs of them that run. Here are the nodes themselves (`nodes`, `rules`, `verify`, `differentiate`,
`evaluate`) and what users see: `program`, `parameters`, `descent`.
"""

from . import guard
from .program import Gradient, Program, compile
