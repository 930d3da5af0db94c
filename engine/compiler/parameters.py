"""The parameters of a program: the Values that the function read, and the array that the program computes with.

The numbers exist twice. Assigning to a Value's data is noticed at the next call, and the array follows. A program never
changes a Value by itself: `store_to` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import real_array
from ..backward import assignments
from ..value import Value
from .nodes import Node

REST = "the rest"  # what no leaf holds; not a name that a parameter could have


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

    def load_from(self, values: Iterable[Value] | Mapping[str, Any] | None = None) -> None:
        """Take Values' data, or arrays by name, into the vector; what is not listed is left as it was."""
        if isinstance(values, Mapping):
            self._load_arrays(values)
            return
        chosen, places = self._chosen(values)
        self._agreed[places] = self.vector[places] = [value._data for value in chosen]
        if chosen is self.values:
            self.ahead, self._seen = False, assignments.last

    def _load_arrays(self, arrays: Mapping[str, Any]) -> None:
        """Take arrays by name into the vector, all of them or none; it is then ahead of the Values."""
        self.synchronise()
        vector = self.vector.copy()
        for name, given in arrays.items():
            index = self.leaves[REST] if name == REST and REST in self.leaves else self.index_of(name)
            array = real_array(given, f"{name} must be numbers, an array of shape {index.shape}", self.vector.dtype)
            if array.shape != index.shape:
                raise ValueError(f"{name} has shape {array.shape}; in this program it has shape {index.shape}.")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has an entry that is inf or nan; parameters are finite numbers, so none was loaded.")
            vector[index] = array
        self.vector[:] = vector
        self.ahead = True

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

    @cached_property
    def leaves(self) -> dict[str, np.ndarray]:
        """Arrays that together hold each entry of the vector once, by name: the index of each.

        A program may read one parameter in several arrays: the weights in W1 and W2, and again in the sum of a penalty. Matrices
        come first, then larger arrays; an array of which an entry is taken already is none. What is left is "the rest".
        """
        found: dict[str, np.ndarray] = {}
        taken = np.zeros(len(self.vector), dtype=bool)

        for x in sorted(self.arrays.values(), key=lambda x: (-min(len(x.shape), 2), -x.size, x.serial)):
            index = x.index[0]
            if not taken[index].any() and len(np.unique(index)) == index.size:
                found[x.name] = index
                taken[index] = True
        found = {name: found[name] for name in self.arrays if name in found}
        if not taken.all():
            found[REST] = np.flatnonzero(~taken)
        return found
