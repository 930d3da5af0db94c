"""What shared weights save, counted: the network for zip codes of 1989, plane by plane. Nothing here is trained.

For a convolution of today, `Conv2d(3, 1, 4).connections(64, 64)` counts. The lectures' example: an image of 64x64 pixels with
3 colours, of which a unit sees a patch of 4x4. Its 48 weights are used at 61·61 = 3,721 places, 178,608 times in all, and so
many weights there would be without sharing.
"""

from __future__ import annotations

from typing import NamedTuple


class Counts(NamedTuple):
    """How large a layer is. A connection is one use of a weight or of a bias; a parameter is one number to be learned."""

    layer: str
    units: int
    connections: int
    parameters: int


def lecun_1989(*, shared_biases: bool = False) -> list[Counts]:
    """The network of LeCun and others, Backpropagation applied to handwritten zip code recognition, Neural Computation 1, 1989.

    16x16 pixels; H1: 12 planes of 8x8 units, each seeing 5x5 pixels; H2: 12 planes of 4x4, each seeing 5x5 units of 8 of the 12
    planes; H3: 30 units that see all of H2; 10 outputs. A plane shares its weights, but in 1989 each unit has a bias of its own
    (`shared_biases=True` counts one for each plane instead, as everybody does today). What lies beyond the border is a
    constant there, and counts as a connection.
    """
    planes, kernel, fed_by, hidden, outputs = 12, 5 * 5, 8, 30, 10

    def plane(layer: str, side: int, inputs: int) -> Counts:
        units = planes * side * side
        return Counts(layer, units, units * (inputs + 1), planes * inputs + (planes if shared_biases else units))

    def dense(layer: str, units: int, inputs: int) -> Counts:
        return Counts(layer, units, units * (inputs + 1), units * (inputs + 1))

    h1, h2 = plane("H1", 8, kernel), plane("H2", 4, fed_by * kernel)
    layers = [Counts("input", 16 * 16, 0, 0), h1, h2, dense("H3", hidden, h2.units), dense("output", outputs, hidden)]
    return [*layers, Counts("together", *(sum(column) for column in zip(*(row[1:] for row in layers))))]
