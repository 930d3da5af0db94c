"""What a row of the table is: an operation, its derivatives, where it exists and how it is written.

A row holds what is true of an operation whatever kind of number runs through it:

    name         sin, mul, sigmoid, ...: what `value.op.name` reads
    forward      the rule for the result: forward(*operands)
    derivatives  one rule for each operand: derivative(result, *operands); a single rule needs no tuple
    textbook     the derivatives as they are shown, where the computed form differs from the book's
    domain       for each operand, where the result exists; `smooth`: where the derivatives exist
    kink         a number that is 0 where the function has a corner or a jump: kink(*operands)
    notation     how the operation is written, as text and as LaTeX
    formula      the value as the textbook writes it, where the forward rule takes another form
    convention   what was decided where mathematics leaves a choice: the slope at a corner, the value at a jump
    image        the least and the greatest value (or the limits it approaches)
    primed       whether its derivative is written f'(z), and stays one operation in what the compiler prints
    activation   what a network needs to know about it, if it can be an activation

Rules use arithmetic and other rows only, so the same rule runs on floats, on Values (derivatives of derivatives), on
terms (formulas, and through them other languages). Hence no `if` on a number: `where` and the comparison rows choose.

Two kinds of row differ from this. A row with a static `parameter` (the exponent of x**2, the slope of leaky_relu)
passes it to each rule after the operands. A row over any number of operands (`arity` None: fsum, logsumexp) has one
derivative rule that returns a list, with an entry for each operand.

`native` marks the vocabulary: rows whose forward rule is Python's own, and which every other interpreter must supply
itself. All other rows are written in that vocabulary.

Calling a row computes its result. Numbers that are not floats take part by having a method `_compute(row, operands)`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # typing is not imported when the engine runs
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar

    Rule = Callable[..., Any]  # of Numbers (number.py), all of one kind, to a Number of that kind or a float
    Domains = tuple["Domain", ...]

LARGEST = 1.7976931348623157e308  # the largest float; past it arithmetic overflows


class UndefinedError(ArithmeticError):
    """A requested value or derivative does not exist, or is too large for a float."""


class TooLargeError(UndefinedError, OverflowError):
    """A result exists, but no float is large enough for it."""


class Domain:
    """Where an operand may lie: between `low` and `high` (or at them, if `closed`), and not at 0 if there is a `hole`."""

    def __init__(
        self, words: str, low: float = -math.inf, high: float = math.inf, *, closed: bool = False, hole: bool = False
    ) -> None:
        self.words = words  # completes "Any ... works."; {} is the operand
        self.low = low
        self.high = high
        self.closed = closed
        self.hole = hole

    def __contains__(self, x: float) -> bool:
        inside = self.low <= x <= self.high if self.closed else self.low < x < self.high
        return inside and not (self.hole and x == 0)

    def works(self, name: str) -> str:
        """What would be valid for an operand of this name."""
        return f"Any {self.words.format(name)} works."

    def instead_of(self, number: float) -> str:
        """What would be valid in place of a number without a name."""
        return f"Any {self.words.format('number')} works in place of {number:g}."


REAL = Domain("{}")
NONZERO = Domain("other {}", hole=True)
POSITIVE = Domain("{} > 0", low=0.0)
NONNEGATIVE = Domain("{} >= 0", low=0.0, closed=True)
ABOVE_MINUS_ONE = Domain("{} > -1", low=-1.0)
ABOVE_ONE = Domain("{} > 1", low=1.0)
ONE_OR_MORE = Domain("{} >= 1", low=1.0, closed=True)
WITHIN_ONE = Domain("{} from -1 to 1", low=-1.0, high=1.0, closed=True)
INSIDE_ONE = Domain("{} strictly between -1 and 1", low=-1.0, high=1.0)


class Notation:
    """How an operation is written: {0}, {1}, ... are its operands, {p} its static parameter.

    `level` says how tightly the whole binds: 0 choices, 1 sums, 1.5 signs, 2 products, 4 powers, 5 names and calls. An
    operand that binds less tightly than its entry in `slots` is put in parentheses. Without slots, {0} is all operands,
    separated by commas. LaTeX uses the same levels, except for fractions, roots and the like (`enclosed`), whose bars and
    braces do the work of parentheses.
    """

    def __init__(
        self, text: str, latex: str, level: float = 5, slots: tuple[float, ...] = (), *, enclosed: bool = False
    ) -> None:
        self.text = text
        self.latex = latex
        self.level = level
        self.slots = slots
        self.latex_level = 5 if enclosed else level
        self.latex_slots = (0,) * len(slots) if enclosed else slots


def call(name: str, latex: str = "") -> Notation:
    """The notation of a function: name(operands)."""
    latex = latex or rf"\operatorname{{{{{name}}}}}".replace("_", r"\_")
    return Notation(name + "({0})", latex + r"\left({0}\right)")


class ActivationFacts:
    """Facts about a row that can be the activation of a neuron.

    init      how the weights that feed it are initialised by default: "xavier", or "he" for relu and its relatives
    steepest  its largest slope if it saturates, else 0; a unit whose slope is a small fraction of that hardly learns
    """

    def __init__(self, init: str = "xavier", steepest: float = 0.0) -> None:
        self.init = init
        self.steepest = steepest


class _Docstring:
    """The docstring of rows: the class has its own text, a row has what `manual` writes, so that help(engine.gelu) is useful."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def __get__(self, row: Primitive | None, owner: type) -> str | None:
        return self.text if row is None or not hasattr(owner, "manual") else row.manual()


class Primitive:
    """One row of the table; the module's docstring says what its fields mean."""

    __doc__ = _Docstring(__doc__)  # in the class body, __doc__ is the text above

    if TYPE_CHECKING:
        manual: ClassVar[Callable[[Primitive], str]]  # say/manual.py adds it

    def __init__(
        self,
        name: str,
        forward: Rule,
        derivatives: Rule | tuple[Rule, ...],
        *,
        textbook: Rule | tuple[Rule, ...] | None = None,
        domain: Domains = (),
        smooth: Domains = (),
        domains: Callable[[float], tuple[Domains, Domains]] | None = None,
        fault: str = "is undefined",
        kink: Rule | None = None,
        notation: Notation | None = None,
        any_arity: bool = False,
        parameter: str = "",
        default: float = 0.0,
        native: bool = False,
        formula: Rule | None = None,
        convention: str = "",
        image: tuple[float, float] = (-math.inf, math.inf),
        primed: bool = False,
        activation: ActivationFacts | None = None,
    ) -> None:
        self.name = name
        self.forward = forward
        self.derivatives = _as_tuple(derivatives)
        self.textbook = _as_tuple(textbook) if textbook else self.derivatives
        self.domain = domain or (REAL,) * len(self.derivatives)
        self.smooth = smooth or self.domain
        self.domains = domains  # both, where they depend on the static parameter
        self.fault = fault  # completes "u/z ..." where the value does not exist
        self.kink = kink
        self.notation = notation or call(name)
        self.arity = None if any_arity else len(self.derivatives)
        self.parameter = parameter
        self.default = default
        self.native = native
        self.formula = formula or (None if native else forward)
        self.convention = convention
        self.image = image
        self.primed = primed
        self.activation = activation
        self.family = self  # the row of the table that a bound row came from
        self.static: float | None = None  # the parameter's number, once bound
        self._bound: dict[float, Primitive] = {}

    @property
    def is_function(self) -> bool:
        """Whether it is written name(x, ...) with a fixed number of operands, so that it can be a method of the first."""
        return self.arity is not None and (not self.notation.slots or self.name == "where")

    def __repr__(self) -> str:
        return self.name if self.static is None else f"{self.name}({self.parameter}={self.static:g})"

    def bind(self, static: float) -> Primitive:
        """The row with its static parameter fixed: `power.bind(2.0)` is the operation x -> x**2."""
        row = self._bound.get(static)
        if row is None:
            if not math.isfinite(static):
                raise ValueError(f"{self.name}: {self.parameter} = {static} is not a finite number.")
            domain, smooth = self.domains(static) if self.domains else (self.domain, self.smooth)
            row = Primitive(
                self.name,
                _fix(self.forward, static),
                tuple(_fix(rule, static) for rule in self.derivatives),
                textbook=tuple(_fix(rule, static) for rule in self.textbook),
                domain=domain,
                smooth=smooth,
                fault=self.fault,
                kink=self.kink and _fix(self.kink, static),
                notation=self.notation,
                parameter=self.parameter,
                default=self.default,
                native=self.native,
                formula=self.formula and _fix(self.formula, static),
                convention=self.convention,
                image=self.image,
                primed=self.primed,
                activation=self.activation,
            )
            row.family, row.static = self, static
            if len(self._bound) >= 256:  # an endless variety of exponents must not fill the memory
                self._bound.clear()
            self._bound[static] = row
        return row

    def derivative(self, result: Any, operands: Sequence[Any], position: int, *, shown: bool = False) -> Any:
        """The local derivative with respect to one operand; `shown`: in the textbook's form."""
        rules = self.textbook if shown else self.derivatives
        if self.arity is None:
            return rules[0](result, *operands)[position]
        return rules[position](result, *operands)

    def slopes(self, result: Any, operands: Sequence[Any], *, shown: bool = False) -> Sequence[Callable[[], Any]]:
        """The local derivatives with respect to all operands, each a function to call when it is needed."""
        rules = self.textbook if shown else self.derivatives
        if self.arity is None:
            return [_later(lambda slope: slope, slope) for slope in rules[0](result, *operands)]
        return [_later(rule, result, *operands) for rule in rules]

    def __call__(self, *operands: Any, **named: float) -> Any:
        """Compute with floats, Values or terms, alone or mixed; a static parameter comes last, or by its name."""
        row, given = self, operands
        if self.parameter and self.static is None:
            static = self.default
            if len(operands) == len(self.derivatives) + 1:
                *operands, static = operands  # type: ignore[assignment]  # a list serves as well as a tuple from here on
            static = named.pop(self.parameter, static)
            if hasattr(static, "_compute"):
                raise TypeError(f"{self.parameter} of {self.name} is a plain number, which no gradient reaches; not {static!r}.")
            row = self.bind(float(static))
        elif self.arity is None and len(operands) == 1:
            operands = tuple(operands[0]) if hasattr(operands[0], "__iter__") else operands
        if named or len(operands) != (self.arity or max(1, len(operands))):
            wants = "a list of numbers or Values, at least one" if self.arity is None else f"{self.arity} operand(s)"
            wants += f" and {self.parameter}=number" if self.parameter else ""
            had = f"{len(given)} {' '.join(named)}".rstrip() if self.arity else "none"
            raise TypeError(f"{self.name} takes {wants}; it was given {had}.")
        for operand in operands:
            if type(operand) is not float and hasattr(operand, "_compute"):
                return operand._compute(row, tuple(operands))
        return row.evaluate(*operands)

    def evaluate(self, *numbers: float) -> float:
        """The result for plain numbers, or an error: never nan, never a silent inf."""
        try:
            result = self.forward(*numbers)
            if math.isfinite(result):
                return float(result)
            if math.isnan(result):  # no row of the table gives it; a user's may
                raise ArithmeticError
        except TypeError:
            for number in numbers:
                if isinstance(number, str) or not hasattr(number, "__float__"):
                    raise TypeError(f"{self.name} takes numbers and Values, not {number!r:.60}.") from None
            raise
        except OverflowError:
            pass
        except (ArithmeticError, ValueError):
            works = [domain.instead_of(x) for domain, x in zip(self.domain, numbers) if x not in domain]
            raise UndefinedError(" ".join([f"{self._call(numbers)} {self.fault}.", *works[:1]])) from None
        raise TooLargeError(f"{self._call(numbers)} overflows: the result is larger than {LARGEST:.2g}, the largest float.")

    def _call(self, numbers: Sequence[float]) -> str:
        return f"{self.name}({', '.join(f'{number:g}' for number in numbers)})"


def _as_tuple(rules: Rule | tuple[Rule, ...]) -> tuple[Rule, ...]:
    return rules if isinstance(rules, tuple) else (rules,)


def _later(rule: Rule, *arguments: Any) -> Callable[[], Any]:
    return lambda: rule(*arguments)


def _fix(rule: Rule, static: float) -> Rule:
    return lambda *operands: rule(*operands, static)
