"""Value: a number that remembers the operation and the Values it was computed from."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from math import isfinite
from numbers import Real
from threading import Lock
from typing import TYPE_CHECKING

from . import ops, tracing
from .backward import sweep
from .errors import UndefinedValueError
from .graph import leaves, names, topological_order
from .primitive import Primitive
from .say.notation import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

_new = object.__new__

# no_grad() is per thread and task, which is what a ContextVar is for; but asking it costs more than an addition does, so
# a plain count of open blocks, anywhere, is looked at first.
_off = ContextVar("no_grad", default=False)
_open_blocks = 0
_counting = Lock()


CHOOSE = "Choose by a computation: engine.maximum, minimum, where(greater(x, y), a, b), step, relu."
COMPUTE = "Compute with the Value itself, by operators and engine's functions: engine.exp(x), not math.exp(x)."


class _Assignments:
    """How often the data of any Value was assigned: whoever keeps a copy of the numbers can see whether it may be old."""

    count = 0


assignments = _Assignments()


def _infix(row: Primitive) -> Callable[[Value, Any], Any]:
    """The method for `self row other`. Most of a network's operations pass here, so a node is made without a call."""
    forward = row.forward

    def method(self: Value, other: Any) -> Any:
        if type(other) is not Value and not isinstance(other, Value):
            if type(other) is not float and not isinstance(other, Real):
                return NotImplemented  # an array goes element by element; anything else gets Python's own TypeError
            other = Constant(other)
        try:
            data = forward(self._data, other._data)
        except (ArithmeticError, ValueError):
            raise UndefinedValueError(row, (self, other)) from None
        if _open_blocks or not isfinite(data):
            return _node(row, data, (self, other))
        node = _new(Value)
        node._data = data
        node._grad = None
        node.op = row
        node.operands = (self, other)
        node._label = ""
        return node

    return method


def _reflected(row: Primitive) -> Callable[[Value, Any], Any]:
    """The method for `other row self`, where the other is no Value."""
    method = _infix(row)
    return lambda self, other: method(Constant(other), self) if isinstance(other, Real) else NotImplemented


def _method(row: Primitive) -> Callable[..., Any]:
    """The row as a method: v.exp(), v.elu(alpha=2), v.maximum(w)."""
    forward = row.forward

    def activation(self: Value) -> Any:  # one operand and no parameter: the short way
        try:
            data = forward(self._data)
        except (ArithmeticError, ValueError):
            raise UndefinedValueError(row, (self,)) from None
        return _node(row, data, (self,))

    def method(self: Value, *others: Any, **named: float) -> Any:
        return row(self, *others, **named)

    chosen = activation if row.arity == 1 and not row.parameter else method
    chosen.__doc__ = f"engine.{row.name}(self, ...)"
    return chosen


class Value:
    """One number in a graph.

    data      the number, a float
    grad      the derivative of the last swept output with respect to it; 0.0 before any sweep (see `has_grad`)
    op        the row of the table that computed it; None for a leaf
    operands  the Values it was computed from, in order; x*x has x twice
    label     its name in explanations and pictures

    Values compare by their data (<, <=, >, >=); == and hash go by identity, so that they can be told apart in sets.
    """

    # Few and plain: the collector and the memory pay for each object a node holds. _previous is set when data is assigned.
    __slots__ = ("_data", "_grad", "_label", "_previous", "op", "operands")

    constant = False  # whether it collects no gradient; True for the subclass Constant

    def __init__(self, data: Any, label: str = "") -> None:
        self._data = _number(data)
        self._grad: float | None = None
        self.op: Primitive | None = None
        self.operands: tuple[Value, ...] = ()
        self.label = label

    @property
    def data(self) -> float:
        """The number. Assigning to it changes this node alone: what was computed from it keeps its value until `recompute`,
        and a sweep before that would mix old numbers with new ones."""
        if tracing.open_traces:
            tracing.refuse("reads .data", COMPUTE)
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if tracing.open_traces:
            tracing.refuse("assigns to .data", "Change numbers before or after the program runs, not inside it.")
        self._previous, self._data = self._data, _number(data)
        assignments.count += 1

    @property
    def label(self) -> str:
        """Its name in explanations and pictures; empty for a node that is to be numbered: v1, v2, ..."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"The label of a Value is text, not the {type(label).__name__} {label!r:.60}.")
        self._label = label

    @property
    def previous(self) -> float | None:
        """The number before the last assignment to `data`; None if none was ever assigned."""
        if tracing.open_traces:
            tracing.refuse("reads .previous", COMPUTE)
        return getattr(self, "_previous", None)

    def _forget_previous(self) -> None:
        if hasattr(self, "_previous"):
            del self._previous

    @property
    def inputs(self) -> dict[str, Value]:
        """The labelled leaves that this Value depends on, by name; a second leaf of the name w is w_2, as everywhere."""
        order = topological_order(self)
        called = names(order)
        return {called[leaf]: leaf for leaf in leaves(order) if leaf.label}

    @property
    def grad(self) -> float:
        """The derivative of the swept output with respect to this node; 0.0 before any sweep."""
        if tracing.open_traces:
            tracing.refuse("reads .grad", "Write engine.grad(f, x, create_graph=True): derivatives as Values.")
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: float | None) -> None:
        if tracing.open_traces:
            tracing.refuse("assigns to .grad", "Change numbers before or after the program runs, not inside it.")
        if not self.constant:
            self._grad = None if grad is None else _number(grad)  # None: not computed, as in PyTorch

    @property
    def has_grad(self) -> bool:
        """Whether a gradient has been computed (or set): tells 0 from not yet known."""
        if tracing.open_traces:
            tracing.refuse("reads .has_grad", COMPUTE)
        return self._grad is not None

    __add__ = _infix(ops.add)
    __sub__ = _infix(ops.sub)
    __mul__ = _infix(ops.mul)
    __truediv__ = _infix(ops.div)
    __rsub__ = _reflected(ops.sub)
    __rmul__ = _reflected(ops.mul)
    __rtruediv__ = _reflected(ops.div)
    __rpow__ = _reflected(ops.general_power)

    def __radd__(self, other: Any) -> Any:
        """0 + v is v itself, so that sum() adds no node of its own."""
        if isinstance(other, Real) and other == 0:
            return self
        return _add_to(self, other)

    def __pow__(self, exponent: Any) -> Any:
        """With a number, one node that has the exponent as a part of its operation; with a Value, a node of both."""
        if isinstance(exponent, Real):
            return self._compute(ops.power.bind(_number(exponent)), (self,))
        return _to_value_power(self, exponent)

    def __neg__(self) -> Value:
        return self._compute(ops.neg, (self,))

    def __abs__(self) -> Value:
        return self._compute(ops.absolute, (self,))

    if TYPE_CHECKING:  # the rows that are written as functions become methods below, which a type checker cannot see

        def __getattr__(self, name: str) -> Any: ...

        _repr_html_: Callable[[Value], str]  # what a notebook shows; say/explain.py brings it

    def backward(self, seed: float = 1.0) -> None:
        """Compute the derivative of this Value (times `seed`) with respect to every node of its graph, into `.grad`."""
        if tracing.open_traces:
            tracing.refuse("calls backward()", "Leave it out: the program has a backward pass of its own, value_and_grad.")
        sweep(self, _number(seed))

    def zero_grad(self) -> None:
        """Set every gradient of this Value's graph back to not computed."""
        zero_grad(topological_order(self))

    def detach(self) -> Constant:
        """The same number without the history: a constant, which no gradient passes."""
        if tracing.open_traces:
            tracing.refuse("calls detach()", "It would freeze the number of one example into the program.")
        return Constant(self._data, self.label)

    def __repr__(self) -> str:
        parts = [show(self._data, 12)]
        parts += [f"label={self.label!r}"] if self.label else []
        parts += [f"op={self.op}"] if self.op else []
        parts += [f"grad={show(self._grad, 12)}"] if self._grad is not None else []
        return f"{type(self).__name__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles keep number and label and leave the graph behind."""
        if tracing.open_traces:
            tracing.refuse("copies a Value", "Use the Value itself: a copy would be frozen at the number of one example.")
        return type(self), (self._data, self.label)

    def __float__(self) -> float:
        if tracing.open_traces:
            tracing.refuse("asks for a plain number (float, or a function of math)", COMPUTE)
        return self._data

    def __int__(self) -> int:
        if tracing.open_traces:
            tracing.refuse("asks for a whole number (int)", COMPUTE)
        return int(self._data)

    def __index__(self) -> int:
        if tracing.open_traces:
            tracing.refuse(
                "takes a Value for a position in a list, or multiplies a list by it",
                "Multiply the entries, sum(w * v for v in x); instead of choosing one, add up all, each times "
                "engine.equal(i, k).",
            )
        raise TypeError(f"A position is a whole number, and {self!r} is a Value: write int(value).")

    def __bool__(self) -> bool:
        if tracing.open_traces:
            tracing.refuse("asks whether a Value is true (if, and, or, not, while)", CHOOSE)
        return self._data != 0.0

    def __eq__(self, other: object) -> bool:
        if tracing.open_traces and isinstance(other, (Value, Real)) and other is not self:
            tracing.refuse("compares with == or `in`", CHOOSE)
        return self is other or NotImplemented

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> bool:
        return self._data < _compared(other) if isinstance(other, (Value, Real)) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return self._data <= _compared(other) if isinstance(other, (Value, Real)) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return self._data > _compared(other) if isinstance(other, (Value, Real)) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return self._data >= _compared(other) if isinstance(other, (Value, Real)) else NotImplemented

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Value:
        """Apply a row of the table to Values and numbers."""
        values = tuple([self._wrap(operand) for operand in operands])
        try:
            data = row.forward(*[value._data for value in values])
        except (ArithmeticError, ValueError):
            raise UndefinedValueError(row, values) from None
        return _node(row, data, values)

    @staticmethod
    def _wrap(operand: Any) -> Value:
        return operand if isinstance(operand, Value) else Constant(operand)


class Constant(Value):
    """A number in a graph that collects no gradient: the 3 of 3*x, or a detached Value."""

    __slots__ = ()
    constant = True


def _node(row: Primitive, data: float, operands: tuple[Value, ...]) -> Value:
    """The result of an operation as a Value."""
    if not isfinite(data):
        raise UndefinedValueError(row, operands)
    if _open_blocks and _off.get():
        if tracing.open_traces:
            tracing.refuse("computes under no_grad()", "It would freeze the numbers of one example into the program.")
        return Constant(data)
    node = _new(Value)
    node._data = data
    node._grad = None
    node.op = row
    node.operands = operands
    node._label = ""
    return node


def _compared(other: Any) -> float:
    """The other side of a comparison."""
    if tracing.open_traces:
        tracing.refuse("compares with <, <=, > or >= (max, min and sorted do so, too)", CHOOSE)
    return float(other)


def _number(data: Any) -> float:
    """A finite float, or an error that says what was given instead."""
    if type(data) is float and isfinite(data):
        return data
    if isinstance(data, str) or not hasattr(data, "__float__"):
        raise TypeError(f"A Value holds one number, not the {type(data).__name__} {data!r:.60}.")
    try:
        number = float(data)
    except OverflowError:
        raise OverflowError(f"A Value holds a float, and the {type(data).__name__} given is larger than any.") from None
    if not isfinite(number):
        raise ValueError(f"{number} is not a number to compute with: a Value holds a finite number.")
    return number


_add_to = _reflected(ops.add)
_to_value_power = _infix(ops.general_power)

for _row in ops.TABLE.values():
    if _row.arity is not None and (not _row.notation.slots or _row is ops.where):
        setattr(Value, _row.name, _method(_row))


def zero_grad(values: Iterable[Value]) -> None:
    """Set the gradient of each Value back to not computed, so that the next sweep starts from 0."""
    several = list(values) if hasattr(values, "__iter__") else [values]
    for value in several:
        if not isinstance(value, Value):
            raise TypeError(f"zero_grad takes Values: zero_grad([x, y]), or f.zero_grad() for a whole graph; not {value!r:.60}.")
        value._grad = None


@contextmanager
def recording() -> Iterator[None]:
    """Inside this block arithmetic records its graph, whatever no_grad() stands around it: a trace needs it."""
    token = _off.set(False)
    try:
        yield
    finally:
        _off.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside this block arithmetic records nothing: results are constants.

    Blocks nest, and are per thread and task. (A generator that is left inside its block leaves its caller inside, too.)
    """
    global _open_blocks
    token = _off.set(True)
    with _counting:
        _open_blocks += 1
    try:
        yield
    finally:
        with _counting:
            _open_blocks -= 1
        _off.reset(token)
