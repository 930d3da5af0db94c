"""Value: a number that remembers the operation and the Values it was computed from.

    x = Value(3.0, "x")          a leaf: its op is None, it has no operands
    v = x**2                     op is the row `power` of the table, operands are (x,)
    v.backward()                 sets x.grad to 6.0

Every result is made by `apply(row, operands)`, except that the methods of one and two operands make the same node with fewer
calls: nearly all of a network's operations are theirs.
"""

from __future__ import annotations

import operator
import sys
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING

from . import ops
from .backward import assignments, sweep
from .browser import free_in_a_loop
from .errors import UndefinedValueError, agrees
from .graph import Graph, topological_order
from .modes import no_grad, refuse
from .primitive import Primitive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_new = object.__new__

ADVICE = "Compute with the Value itself: engine.exp(x), not math.exp(x); for the number alone write x.data."


def apply(row: Primitive, operands: Iterable[Any]) -> Value:
    """The result of a row of the table on Values and plain numbers, as a new node."""
    values = tuple([x if isinstance(x, Value) else constant(x) for x in operands])
    try:
        data = row.forward(*[x._data for x in values])
    except (ArithmeticError, ValueError):
        raise UndefinedValueError.at(row, values) from None
    return _result(row, data, values)


def _result(row: Primitive, data: float, operands: tuple[Value, ...]) -> Value:
    """The node of a result: finite, or an error; under no_grad() a constant."""
    if type(data) is not float:  # a user's own row may return an int
        data = _number(data)
    if not isfinite(data):
        raise UndefinedValueError.at(row, operands)
    if no_grad.blocks and no_grad:
        refuse("computes under no_grad()", "It would freeze the numbers of one example into the program.")
        return Constant(data)
    node = _new(Value)
    node._data = data
    node._grad = None
    node._made = assignments.last
    node.op = row
    node.operands = operands
    return node


def constant(number: Any) -> Constant:
    """A plain number as a node."""
    node = _new(Constant)
    node._data = number if type(number) is float and isfinite(number) else _number(number)
    node._grad = None
    node.op = None
    node.operands = ()
    return node


def prefix(row: Primitive) -> Callable[[Value], Value]:
    """The method for a row of one operand."""
    forward = row.forward

    def method(self: Value) -> Value:
        try:
            data = forward(self._data)
        except (ArithmeticError, ValueError):
            raise UndefinedValueError.at(row, (self,)) from None
        return _result(row, data, (self,))

    return method


def infix(row: Primitive) -> Callable[[Value, Any], Any]:
    """The method for `self row other`: apply and _result in one piece."""
    forward = row.forward

    def method(self: Value, other: Any) -> Any:
        if type(other) is not Value and not isinstance(other, Value):
            if type(other) is not float and not isinstance(other, Real):
                return NotImplemented  # an array goes element by element; anything else gets Python's own TypeError
            other = constant(other)
        try:
            data = forward(self._data, other._data)
        except (ArithmeticError, ValueError):
            raise UndefinedValueError.at(row, (self, other)) from None
        if no_grad.blocks or not isfinite(data):
            return _result(row, data, (self, other))
        node = _new(Value)
        node._data = data
        node._grad = None
        node._made = assignments.last
        node.op = row
        node.operands = (self, other)
        return node

    return method


def _reflected(row: Primitive) -> Callable[[Value, Any], Any]:
    """The method for `other row self`, where the other is not a Value."""
    method = infix(row)
    return lambda self, other: method(constant(other), self) if isinstance(other, Real) else NotImplemented


def _comparison(compare: Callable[[float, float], bool]) -> Callable[[Value, Any], Any]:
    """Values compare by their data, with Values and with plain numbers."""

    def method(self: Value, other: Any) -> Any:
        if isinstance(other, Value):
            return compare(self._data, other._data)
        return compare(self._data, float(other)) if isinstance(other, Real) else NotImplemented

    return method


class Value:
    """One number in a graph.

    data      the number, a float
    grad      the derivative of the last swept output with respect to it; 0.0 before any sweep (see `has_grad`)
    op        the row of the table that computed it; None for a leaf
    operands  the Values it was computed from, in order; x*x has x twice
    label     its name in explanations and pictures

    Values compare by their data (<, <=, >, >=); == and hash go by identity, so that sets can tell them apart.
    """

    # Few and plain, since each object a node holds costs memory and garbage collection. _label is set when a label is given,
    # _previous when data is assigned; _made is how many assignments there had been when a computed node was made.
    __slots__ = ("_data", "_grad", "_label", "_made", "_previous", "op", "operands")

    constant = False  # whether it collects no gradient; True for the subclass Constant

    def __init__(
        self, data: Any, second: Any = "", op: str = "", /, *, label: str = "", _children: Any = (), _op: str = ""
    ) -> None:
        """Value(3.0), Value(3.0, "x"), Value(3.0, label="x"); and as micrograd writes it, Value(9.0, (x,), "**2")."""
        self._data = data if type(data) is float and isfinite(data) else _number(data)
        self._grad: float | None = None
        self.op: Primitive | None = None
        self.operands: tuple[Value, ...] = ()
        if second != "" or label or _children or op or _op:
            if isinstance(second, tuple):
                _children, second = second, label
            self.label = second or label
            if _children or op or _op:
                self._adopt(_children, op or _op)

    @property
    def data(self) -> float:
        """The number. Assigning to it changes this node alone: what was computed from it keeps its value until `recompute`,
        and a sweep before that raises a StaleGraphError."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._previous, self._data = self._data, _number(data)
        assignments.note()
        if self.op is not None and agrees(self):
            del self._previous  # a computed number that was put back is not overridden any more

    def item(self) -> float:
        """The number, as in PyTorch."""
        return self.data

    @property
    def label(self) -> str:
        """Its name in explanations and pictures; empty for a node that is to be numbered: v1, v2, ..."""
        return getattr(self, "_label", "")

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"The label of a Value is text, not the {type(label).__name__} {label!r:.60}.")
        self._label = label

    @property
    def previous(self) -> float | None:
        """The number before the last assignment to `data`; None if there was none, or a computed number was put back."""
        return self._before

    @property
    def _before(self) -> float | None:  # what the engine reads, while tracing too
        return getattr(self, "_previous", None)

    @property
    def inputs(self) -> dict[str, Value]:
        """The labelled leaves that this Value depends on, by name; a second leaf named w is w_2, as everywhere."""
        graph = Graph(self)
        return {graph.names[leaf]: leaf for leaf in graph.inputs if leaf.label}

    @property
    def grad(self) -> float:
        """The derivative of the swept output with respect to this node; 0.0 before any sweep."""
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: float | None) -> None:
        if not self.constant:
            self._grad = None if grad is None else _number(grad)  # None: not computed, as in PyTorch

    @property
    def has_grad(self) -> bool:
        """Whether a gradient has been computed (or set): tells 0 from not yet computed."""
        return self._grad is not None

    __add__ = infix(ops.add)
    __sub__ = infix(ops.sub)
    __mul__ = infix(ops.mul)
    __truediv__ = infix(ops.div)
    __rsub__ = _reflected(ops.sub)
    __rmul__ = _reflected(ops.mul)
    __rtruediv__ = _reflected(ops.div)
    __rpow__ = _reflected(ops.general_power)

    def __radd__(self, other: Any) -> Any:
        """0 + v is v itself, so that sum() adds no node of its own."""
        if not isinstance(other, Real):
            return NotImplemented
        return self if other == 0 else constant(other) + self

    def __pow__(self, exponent: Any) -> Any:
        """With a number, a node whose operation includes the exponent; with a Value, a node with two operands."""
        if isinstance(exponent, Value):
            return apply(ops.general_power, (self, exponent))
        return apply(ops.power.bind(_number(exponent)), (self,)) if isinstance(exponent, Real) else NotImplemented

    __neg__ = prefix(ops.neg)
    __abs__ = prefix(ops.absolute)

    if TYPE_CHECKING:  # own_rows.py adds the functions as methods, which a type checker cannot see

        def __getattr__(self, name: str) -> Any: ...

        _made: int
        _repr_html_: Callable[[Value], str]  # what a notebook shows; say/explain.py adds it
        _adopt: Callable[[Any, str], None]  # Value(data, children, op); micrograd.py adds it

    def backward(self, seed: float = 1.0) -> None:
        """Compute the derivative of this Value (times `seed`) with respect to every node of its graph, into `.grad`."""
        sweep(self, _number(seed))

    def zero_grad(self) -> None:
        """Reset every gradient in this Value's graph to not computed."""
        zero_grad(topological_order(self))

    def detach(self) -> Constant:
        """The same number without its history: a constant, which no gradient passes through."""
        return Constant(self._data, self.label)

    def __repr__(self) -> str:
        parts = [f"{self._data + 0.0:.12g}"]
        parts += [f"label={self.label!r}"] if self.label else []
        parts += [f"op={self.op}"] if self.op else []
        parts += [f"grad={self._grad + 0.0:.12g}"] if self._grad is not None else []
        return f"{type(self).__name__}({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        """f"{v:.3f}" formats the number."""
        return format(self.data, spec) if spec else repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles keep the number and the label, and drop the graph."""
        return type(self), (self._data, self.label)

    def __float__(self) -> float:
        """A plain number would be cut off from the graph, and its gradient silently lost."""
        raise TypeError(
            f"{self!r} was asked for a plain number, by float, int, Value, or a function of math or NumPy; no gradient would "
            f"pass through it. {ADVICE}"
        )

    __int__ = __float__

    def __index__(self) -> int:
        raise TypeError(f"A position is a whole number, and {self!r} is a Value: write int(value.data).")

    def __bool__(self) -> bool:
        return self._data != 0.0

    def __eq__(self, other: object) -> bool:
        return self is other or NotImplemented

    __hash__ = object.__hash__

    if sys.platform == "emscripten":
        __del__ = free_in_a_loop

    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Value:
        """What a row of the table calls when a Value is among its operands."""
        return apply(row, operands)


class Constant(Value):
    """A number in a graph that collects no gradient: the 3 of 3*x, or a detached Value. It converts to a float freely."""

    __slots__ = ()
    constant = True

    def __float__(self) -> float:
        return self._data

    def __int__(self) -> int:
        return int(self._data)


def _number(data: Any) -> float:
    """A finite float, or an error that says what was given instead."""
    if isinstance(data, str) or not hasattr(data, "__float__"):
        raise TypeError(f"A Value holds one number, not the {type(data).__name__} {data!r:.60}.")
    try:
        number = float(data)
    except OverflowError:
        raise OverflowError(f"A Value holds a float, and the {type(data).__name__} given is larger than any.") from None
    if not isfinite(number):
        raise ValueError(f"{number} is not a number to compute with: a Value holds a finite number.")
    return number


def number_of(thing: Any) -> float:
    """The number of a Value or of a plain number, as a float."""
    return thing.data if isinstance(thing, Value) else float(thing)


def zero_grad(values: Iterable[Value]) -> None:
    """Reset the gradient of each Value to not computed, so that the next sweep starts from 0."""
    several = list(values) if hasattr(values, "__iter__") else [values]
    for value in several:
        if not isinstance(value, Value):
            raise TypeError(f"zero_grad takes Values: zero_grad([x, y]), or f.zero_grad() for a whole graph; not {value!r:.60}.")
        value._grad = None
