"""The parameters of a program: the Values that the function read, and the array that the program computes with.

The numbers exist twice. Assigning to a Value's data is noticed at the next call, and the array follows. A program never
changes a Value by itself: `store_to` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..backward import assignments
from ..value import Value
from .nodes import Node


class Parameters:
    """The vector of all parameters, and the Values whose numbers they are.

    values   the Values; place: the position of each in the vector; order: the same as an array
    vector   their numbers; gradient: the buffer for the derivatives
    marked   the vector with one more entry, by which Descent sees whether an update was made; marked_gradient goes with it
    arrays   the parameter nodes by name: each has an index into the vector
    """

    def __init__(
        self, values: list[Value], order: np.ndarray, nodes: Iterable[Node], dtype: np.dtype[Any]
    ) -> None:
        self.values, self.order = values, order
        self.place = dict(zip(values, order.tolist()))
        self.arrays = {x.name: x for x in nodes}
        self.marked, self.marked_gradient = np.zeros(len(order) + 1, dtype), np.zeros(len(order) + 1, dtype)
        self.vector, self.gradient = self.marked[:-1], self.marked_gradient[:-1]
        self._agreed = self.vector.copy()  # the numbers when the two sides last agreed
        self.ahead = False  # whether the vector has moved since
        self.load_from()

    def load_from(self, values: Iterable[Value] | None = None) -> None:
        """Take Values' data into the vector; Values that are not listed are left as they were."""
        chosen, places = self._chosen(values)
        self._agreed[places] = self.vector[places] = [value._data for value in chosen]
        if chosen is self.values:
            self.ahead, self._seen = False, assignments.last

    def store_to(self, values: Iterable[Value] | None = None) -> None:
        """Put the vector's numbers into the Values, all or those listed."""
        chosen, places = self._chosen(values)
        numbers = self.vector[places]
        if not np.isfinite(numbers).all():
            raise ValueError("A parameter is inf or nan; Values hold finite numbers, so none was stored.")
        followed = chosen is self.values or self._seen == assignments.last
        for value, number in zip(chosen, numbers.tolist()):
            value._previous, value._data = value._data, number  # as assigning to .data does, without checking again
        assignments.note()
        self._agreed[places] = numbers
        if followed:
            self._seen = assignments.last
        if chosen is self.values:
            self.ahead = False

    def _numbers(self) -> np.ndarray:
        """The Values' numbers in the order of the vector."""
        numbers = np.empty_like(self.vector)
        numbers[self.order] = [value._data for value in self.values]
        return numbers

    def _chosen(self, values: Any) -> tuple[list[Value], np.ndarray]:
        """The Values asked for, all if None, and their positions."""
        if values is None:
            return self.values, self.order
        if isinstance(values, Value):
            values = [values]
        chosen = list(values.parameters() if hasattr(values, "parameters") else values)
        strangers = [value for value in chosen if value not in self.place]
        if strangers or not chosen:
            what = f"{strangers[0]!r:.80} is not a parameter" if strangers else "An empty list has no parameter"
            raise ValueError(f"{what} of this program; its parameters are the {len(self.values)} Values that the function read.")
        return chosen, np.array([self.place[value] for value in chosen], dtype=np.intp)

    def synchronise(self) -> None:
        """Follow the Values if any was assigned to; an error if both sides have changed."""
        if self._seen == assignments.last:
            return
        if not self.ahead:
            self.load_from()
        elif (self._numbers() != self._agreed).any():
            raise ValueError(
                "The program's arrays have moved, and Values were assigned to since: say which side counts, "
                "by program.store_to() (the arrays) or program.load_from() (the Values)."
            )
        else:
            self._seen = assignments.last

    def index_of(self, name: str) -> np.ndarray:
        """The positions of a parameter array's numbers in the vector, in that array's shape."""
        if name not in self.arrays:
            raise KeyError(f"There is no {name!r}; there are {', '.join(self.arrays)}.")
        index: np.ndarray = self.arrays[name].index[0]
        return index
