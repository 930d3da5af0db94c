"""The table of primitives: one row each. Everything else is an interpreter of these rows.

`primitive.py` says what the fields of a row mean. To add an operation, add its row: the tests, the functions and methods
on Values, the explanations and the gradient check pick it up from here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .primitive import (
    ABOVE_MINUS_ONE,
    ABOVE_ONE,
    INSIDE_ONE,
    NONNEGATIVE,
    NONZERO,
    ONE_OR_MORE,
    POSITIVE,
    REAL,
    WITHIN_ONE,
    ActivationFacts,
    Domain,
    Notation,
    Primitive,
    call,
)

if TYPE_CHECKING:
    from typing import Any

    Number = Any  # a float, a Value, a term, ...: whatever kind of number runs through a rule

TABLE: dict[str, Primitive] = {}


def declare(*fields: Any, **options: Any) -> Primitive:
    """Add a row to the table."""
    row = Primitive(*fields, **options)
    TABLE[row.name] = row
    return row


def row_named(name: str, static: float | None) -> Primitive:
    """A row of the table, with its static parameter fixed if one is given. Unpickling a row calls this."""
    if name not in TABLE:
        raise LookupError(f"There is no row {name!r} in this table: declare it first, as the program that made the pickle did.")
    return TABLE[name] if static is None else TABLE[name].bind(static)


def _reduce(row: Primitive) -> tuple[Any, ...]:
    """Copies and pickles store the name: rules are lambdas, which cannot be pickled."""
    if TABLE.get(row.name) is not row.family:
        raise TypeError(f"{row} cannot be copied or pickled: only rows of the table can, since they are looked up by name.")
    return row_named, (row.name, row.static)


Primitive.__reduce__ = _reduce  # type: ignore[method-assign, assignment]  # set here, where the table is


class NamedNumber(float):
    """A number with a name, shown by its name: √(2π)."""

    def __new__(cls, number: float, text: str, latex: str, level: float = 5) -> NamedNumber:
        """A float gets its value in __new__; __init__ adds the names."""
        return super().__new__(cls, number)

    def __init__(self, number: float, text: str, latex: str, level: float = 5) -> None:
        self.text = text
        self.latex = latex
        self.level = level  # how tightly its text binds; see Notation


TWO_OVER_ROOT_PI = NamedNumber(2 / math.sqrt(math.pi), "2/√π", r"\frac{2}{\sqrt{\pi}}", level=2)
ROOT_TWO = NamedNumber(math.sqrt(2), "√2", r"\sqrt{2}")
ROOT_TWO_PI = NamedNumber(math.sqrt(2 * math.pi), "√(2π)", r"\sqrt{2\pi}")
LOG_2 = NamedNumber(math.log(2), "log(2)", r"\log 2")
LOG_10 = NamedNumber(math.log(10), "log(10)", r"\log 10")


# --- arithmetic ---

add: Primitive = declare(
    "add", lambda x, y: x + y, (lambda r, x, y: 1.0, lambda r, x, y: 1.0),
    notation=Notation("{0} + {1}", "{0} + {1}", 1, (1, 2)), native=True,
)
sub: Primitive = declare(
    "sub", lambda x, y: x - y, (lambda r, x, y: 1.0, lambda r, x, y: -1.0),
    notation=Notation("{0} - {1}", "{0} - {1}", 1, (1, 2)), native=True,
)
mul: Primitive = declare(
    "mul", lambda x, y: x * y, (lambda r, x, y: y, lambda r, x, y: x),
    notation=Notation("{0}·{1}", r"{0} \cdot {1}", 2, (2, 3)), native=True,
)
div: Primitive = declare(  # -r/y keeps the digits where y² would underflow or overflow
    "div", lambda x, y: x / y, (lambda r, x, y: 1.0 / y, lambda r, x, y: -r / y),
    textbook=(lambda r, x, y: 1.0 / y, lambda r, x, y: -(x / power(y, 2.0))),
    domain=(REAL, NONZERO), fault="divides by zero",
    notation=Notation("{0}/{1}", r"\frac{{{0}}}{{{1}}}", 2, (2, 3), enclosed=True), native=True,
)
neg: Primitive = declare(
    "neg", lambda x: -x, lambda r, x: -1.0,
    notation=Notation("-{0}", "-{0}", 1.5, (2,)), native=True,
)
def _fsum(*xs: float) -> float:
    """The sum, rounded once. Where a partial sum overflows, everything is scaled down first: the total may still fit."""
    try:
        return math.fsum(xs)
    except OverflowError:
        return math.fsum(x * 2.0**-64 for x in xs) * 2.0**64


def _added(terms: list[Any]) -> Any:
    """The terms with + between them, for formulas."""
    return sum(terms[1:], terms[0])


fsum: Primitive = declare(  # one node for a sum of any length
    "fsum", _fsum, lambda r, *xs: [1.0] * len(xs), formula=lambda *xs: _added(list(xs)), any_arity=True, native=True,
)


# --- powers and roots ---

def _power_derivative(result: Number, x: Number, exponent: float) -> Any:
    """n·xⁿ⁻¹, with x⁰ and x¹ written out. x**0 is 1 everywhere, so its derivative is 0, at 0 too."""
    if exponent in (0.0, 1.0):
        return exponent
    if exponent == 2.0:
        return 2.0 * x
    if exponent < 0.5 and not exponent.is_integer():  # n - 1 may be rounded, and xⁿ⁻¹ overflow where n·xⁿ⁻¹ does not
        return exponent * result / x
    return exponent * power(x, exponent - 1.0)


def _power_derivative_in_words(result: Number, x: Number, exponent: float) -> Any:
    return _power_derivative(result, x, exponent) if exponent in (0.0, 1.0, 2.0) else exponent * power(x, exponent - 1.0)


def _power_domains(exponent: float) -> tuple[tuple[Domain], tuple[Domain]]:
    """Where xⁿ exists, and where its derivative does."""
    if exponent.is_integer():
        return ((REAL,), (REAL,)) if exponent >= 0 else ((NONZERO,), (NONZERO,))
    return (NONNEGATIVE if exponent > 0 else POSITIVE,), (NONNEGATIVE if exponent > 1 else POSITIVE,)


power: Primitive = declare(  # the exponent is a number: one operand, negative bases where the exponent allows
    "power", lambda x, exponent: math.pow(x, exponent), _power_derivative, textbook=_power_derivative_in_words,
    parameter="exponent", default=2.0, domains=_power_domains,
    notation=Notation("{0}**{p}", "{0}^{{{p}}}", 4, (5,)), native=True,
)


def _slope_in_base(result: Number, x: Number, y: Number) -> Any:
    """y·xʸ⁻¹; as y·xʸ/x where y < 1/2, since there y - 1 is rounded, and xʸ⁻¹ can overflow where y·xʸ⁻¹ does not."""
    divide = greater(0.5, y) * (1.0 - equal(x, 0.0))
    return where(divide, y * result / where(divide, x, 1.0), y * general_power(where(divide, 1.0, x), y - 1.0))


def _slope_in_exponent(result: Number, x: Number, y: Number) -> Any:
    """xʸ·log(x); 0 at x = 0: there xʸ is 0 for every y > 0, and log(y), which exists for exactly these, replaces log(x)."""
    return result * log(where(equal(x, 0.0), y, x))


general_power: Primitive = declare(  # the exponent is a Value
    "pow", lambda x, y: math.pow(x, y), (_slope_in_base, _slope_in_exponent),
    textbook=(lambda r, x, y: y * general_power(x, y - 1.0), lambda r, x, y: r * log(x)),
    domain=(POSITIVE, REAL), notation=Notation("{0}**{1}", "{0}^{{{1}}}", 4, (5, 5)), native=True,
)
sqrt: Primitive = declare(
    "sqrt", lambda x: math.sqrt(x), lambda r, x: 0.5 / r, textbook=lambda r, x: 1.0 / (2.0 * r), image=(0.0, math.inf),
    domain=(NONNEGATIVE,), smooth=(POSITIVE,), notation=Notation("sqrt({0})", r"\sqrt{{{0}}}"), native=True,
)
cbrt: Primitive = declare(  # the cube root, of negative numbers too
    "cbrt", lambda x: math.cbrt(x), lambda r, x: 1.0 / (3.0 * (r * r)), textbook=lambda r, x: 1.0 / (3.0 * power(r, 2.0)),
    smooth=(NONZERO,), notation=Notation("cbrt({0})", r"\sqrt[3]{{{0}}}"), native=True,
)
def _direction(x: Number, r: Number) -> Any:
    """x/r, where r is the length of a vector and x one of its components; 0 for the vector 0, which has no direction."""
    return x / where(equal(r, 0.0), 1.0, r)


hypot: Primitive = declare(  # the length of the vector (x, y); neither x² nor y² can overflow or underflow
    "hypot", lambda x, y: math.hypot(x, y), (lambda r, x, y: _direction(x, r), lambda r, x, y: _direction(y, r)),
    textbook=(lambda r, x, y: x / r, lambda r, x, y: y / r), formula=lambda x, y: sqrt(power(x, 2.0) + power(y, 2.0)),
    kink=lambda x, y: maximum(abs(x), abs(y)), convention="both slopes are 0 at (0, 0), a corner", image=(0.0, math.inf),
    native=True,
)


# --- exponentials and logarithms ---

exp: Primitive = declare(
    "exp", lambda x: math.exp(x), lambda r, x: r, notation=Notation("exp({0})", "e^{{{0}}}"), image=(0.0, math.inf), native=True,
)
exp2: Primitive = declare(  # native, so that whole numbers give powers of 2 without any rounding
    "exp2", lambda x: math.exp2(x), lambda r, x: r * LOG_2, notation=Notation("exp2({0})", "2^{{{0}}}"), image=(0.0, math.inf),
    native=True,
)
log: Primitive = declare(
    "log", lambda x: math.log(x), lambda r, x: 1.0 / x, domain=(POSITIVE,), notation=call("log", r"\log"), native=True,
)
log2: Primitive = declare(  # native, as log10 is, so that powers of 2 give whole numbers; 1/log(2) is rounded once
    "log2", lambda x: math.log2(x), lambda r, x: (1.0 / LOG_2) / x, textbook=lambda r, x: 1.0 / (x * LOG_2),
    formula=lambda x: log(x) / LOG_2, domain=(POSITIVE,), notation=call("log2", r"\log_2"), native=True,
)
log10: Primitive = declare(
    "log10", lambda x: math.log10(x), lambda r, x: (1.0 / LOG_10) / x, textbook=lambda r, x: 1.0 / (x * LOG_10),
    formula=lambda x: log(x) / LOG_10, domain=(POSITIVE,), notation=call("log10", r"\log_{{10}}"), native=True,
)
expm1: Primitive = declare(  # exp(x) - 1, with its digits near 0
    "expm1", lambda x: math.expm1(x), lambda r, x: exp(x), formula=lambda x: exp(x) - 1.0, image=(-1.0, math.inf), native=True,
)
log1p: Primitive = declare(  # log(1 + x), with its digits near 0
    "log1p", lambda x: math.log1p(x), lambda r, x: 1.0 / (1.0 + x), formula=lambda x: log(1.0 + x), domain=(ABOVE_MINUS_ONE,),
    native=True,
)


def _logsumexp(*xs: float) -> float:
    """log(exp(x1) + exp(x2) + ...): shifted by the largest, so that nothing overflows; log1p for the digits near 0."""
    rest = list(xs)
    largest = max(rest)
    rest.remove(largest)
    return largest + math.log1p(math.fsum(math.exp(x - largest) for x in rest))


def _softmax(result: Number, *xs: Number) -> list[Any]:
    """exp(x - r) for each x. They sum to 1 up to the rounding of r, which dividing by their sum removes."""
    shares = [exp(x - result) for x in xs]
    total = fsum(shares)
    return [share / total for share in shares]


logsumexp: Primitive = declare(
    "logsumexp", _logsumexp, _softmax, textbook=lambda r, *xs: [exp(x - r) for x in xs],
    formula=lambda *xs: log(_added([exp(x) for x in xs])), any_arity=True, native=True,
)


# --- sines, hyperbolic functions, their inverses, and the error function ---

sin: Primitive = declare(
    "sin", lambda x: math.sin(x), lambda r, x: cos(x), notation=call("sin", r"\sin"), image=(-1.0, 1.0),
    activation=ActivationFacts(), native=True,
)
cos: Primitive = declare(
    "cos", lambda x: math.cos(x), lambda r, x: -sin(x), notation=call("cos", r"\cos"), image=(-1.0, 1.0),
    activation=ActivationFacts(), native=True,
)
tan: Primitive = declare(  # no float is so near to a pole that tan overflows
    "tan", lambda x: sin(x) / cos(x), lambda r, x: 1.0 + r * r, textbook=lambda r, x: 1.0 / power(cos(x), 2.0),
    notation=call("tan", r"\tan"),
)
def _across(result: Number, y: Number, x: Number) -> Any:
    """x/(x² + y²), without x² and y², which may overflow or underflow; 0 at (0, 0)."""
    r = hypot(x, y)
    return _direction(_direction(x, r), r)


def _off_the_cut(y: Number, x: Number) -> Any:
    """How far (x, y) is from the cut of atan2, the ray y = 0, x <= 0: the larger of two coordinates, which cannot overflow."""
    return where(greater(x, 0.0), maximum(x, abs(y)), abs(y))


atan2: Primitive = declare(  # the angle of the point (x, y); y comes first, as in every language
    "atan2", lambda y, x: math.atan2(y, x), (_across, lambda r, y, x: -_across(r, x, y)),
    textbook=(
        lambda r, y, x: x / (power(x, 2.0) + power(y, 2.0)),
        lambda r, y, x: -(y / (power(x, 2.0) + power(y, 2.0))),
    ),
    kink=_off_the_cut, image=(-math.pi, math.pi), native=True,
    convention="at y = 0, x < 0, where the angle jumps from π to -π, the slopes are those of both sides; at (0, 0) they are 0",
)
def _one_minus_square(x: Number) -> Any:
    """1 - x²: factored near 1 and -1, where it would lose digits; not near 0, where the factors' derivatives cancel."""
    return where(greater(abs(x), 0.5), (1.0 - x) * (1.0 + x), 1.0 - x * x)


asin: Primitive = declare(
    "asin", lambda x: atan2(x, sqrt(_one_minus_square(x))), lambda r, x: 1.0 / sqrt(_one_minus_square(x)),
    textbook=lambda r, x: 1.0 / sqrt(1.0 - power(x, 2.0)), formula=lambda x: atan2(x, sqrt(1.0 - power(x, 2.0))),
    domain=(WITHIN_ONE,), smooth=(INSIDE_ONE,), image=(-math.pi / 2, math.pi / 2), notation=call("asin", r"\arcsin"),
)
acos: Primitive = declare(
    "acos", lambda x: atan2(sqrt(_one_minus_square(x)), x), lambda r, x: -1.0 / sqrt(_one_minus_square(x)),
    textbook=lambda r, x: -(1.0 / sqrt(1.0 - power(x, 2.0))), formula=lambda x: atan2(sqrt(1.0 - power(x, 2.0)), x),
    domain=(WITHIN_ONE,), smooth=(INSIDE_ONE,), image=(0.0, math.pi), notation=call("acos", r"\arccos"),
)
def _over_one_plus_square(x: Number) -> Any:
    """1/(1 + x²). Beyond 1e8, where the 1 no longer counts, it is computed as (1/x)², since x² could overflow."""
    near = greater(1e8, abs(x))
    inner = where(near, x, 0.0)
    return where(near, 1.0 / (1.0 + inner * inner), power(1.0 / where(near, 1.0, x), 2.0))


atan: Primitive = declare(
    "atan", lambda x: atan2(x, 1.0), lambda r, x: _over_one_plus_square(x),
    textbook=lambda r, x: 1.0 / (1.0 + power(x, 2.0)), image=(-math.pi / 2, math.pi / 2), notation=call("atan", r"\arctan"),
)
sinh: Primitive = declare(  # native: exp(x) overflows a little before sinh(x) and cosh(x) do
    "sinh", lambda x: math.sinh(x), lambda r, x: cosh(x), formula=lambda x: (exp(x) - exp(-x)) / 2.0,
    notation=call("sinh", r"\sinh"), native=True,
)
cosh: Primitive = declare(
    "cosh", lambda x: math.cosh(x), lambda r, x: sinh(x), formula=lambda x: (exp(x) + exp(-x)) / 2.0, image=(1.0, math.inf),
    notation=call("cosh", r"\cosh"), native=True,
)
tanh: Primitive = declare(  # 1 - tanh² loses every digit where tanh is nearly 1; sech² keeps them
    "tanh", lambda x: math.tanh(x), lambda r, x: power(sech(x), 2.0), textbook=lambda r, x: 1.0 - power(r, 2.0),
    formula=lambda x: sinh(x) / cosh(x), image=(-1.0, 1.0), primed=True, activation=ActivationFacts(steepest=1.0),
    notation=call("tanh", r"\tanh"), native=True,
)
sech: Primitive = declare(  # 1/cosh, in a form that cannot overflow; it is here to give tanh its derivative
    "sech", lambda x: 2.0 * exp(-abs(x)) / (1.0 + exp(-2.0 * abs(x))), lambda r, x: -r * tanh(x),
    formula=lambda x: 1.0 / cosh(x), image=(0.0, 1.0), primed=True,
)
asinh: Primitive = declare(
    "asinh", lambda x: math.asinh(x), lambda r, x: 1.0 / hypot(1.0, x), textbook=lambda r, x: 1.0 / sqrt(1.0 + power(x, 2.0)),
    formula=lambda x: log(x + sqrt(1.0 + power(x, 2.0))), notation=call("asinh", r"\operatorname{{arsinh}}"), native=True,
)
acosh: Primitive = declare(  # the product of two roots, since x² - 1 may overflow, and near 1 it loses digits
    "acosh", lambda x: math.acosh(x), lambda r, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),
    textbook=lambda r, x: 1.0 / sqrt(power(x, 2.0) - 1.0), formula=lambda x: log(x + sqrt(power(x, 2.0) - 1.0)),
    domain=(ONE_OR_MORE,), smooth=(ABOVE_ONE,), image=(0.0, math.inf), notation=call("acosh", r"\operatorname{{arcosh}}"),
    native=True,
)
atanh: Primitive = declare(
    "atanh", lambda x: 0.5 * (log1p(x) - log1p(-x)), lambda r, x: 1.0 / _one_minus_square(x),
    textbook=lambda r, x: 1.0 / (1.0 - power(x, 2.0)), formula=lambda x: log((1.0 + x) / (1.0 - x)) / 2.0,
    domain=(INSIDE_ONE,), notation=call("atanh", r"\operatorname{{artanh}}"),
)
def _bell(x: Number) -> Any:
    """exp(-x²), which is 0 beyond 40: there x² is not computed, since it could overflow."""
    inside = where(greater(40.0, abs(x)), x, 0.0)
    return where(greater(40.0, abs(x)), exp(-(inside * inside)), 0.0)


erf: Primitive = declare(
    "erf", lambda x: math.erf(x), lambda r, x: TWO_OVER_ROOT_PI * _bell(x),
    textbook=lambda r, x: TWO_OVER_ROOT_PI * exp(-power(x, 2.0)), image=(-1.0, 1.0), primed=True,
    activation=ActivationFacts(steepest=TWO_OVER_ROOT_PI), native=True,
)
erfc: Primitive = declare(  # 1 - erf, without the cancellation
    "erfc", lambda x: math.erfc(x), lambda r, x: -(TWO_OVER_ROOT_PI * _bell(x)),
    textbook=lambda r, x: -(TWO_OVER_ROOT_PI * exp(-power(x, 2.0))), formula=lambda x: 1.0 - erf(x), image=(0.0, 2.0),
    primed=True, native=True,
)


# --- corners, jumps and choices: the convention says in words what the rules do there ---

COMPARED = "1 where it is true, else 0; both slopes are 0 everywhere"

absolute: Primitive = declare(
    "abs", lambda x: abs(x), lambda r, x: sign(x), kink=lambda x: x, convention="the slope at 0, a corner, is 0",
    image=(0.0, math.inf), notation=Notation("|{0}|", r"\left|{0}\right|"), native=True,
)
sign: Primitive = declare(
    "sign", lambda x: math.copysign(1.0, x) if x else 0.0, lambda r, x: 0.0, kink=lambda x: x,
    convention="the value at 0, a jump, is 0; the slope is 0 everywhere", image=(-1.0, 1.0), activation=ActivationFacts(),
    native=True,
)
greater: Primitive = declare(  # comparisons give 1 or 0, and are flat
    "greater", lambda x, y: float(x > y), (lambda r, x, y: 0.0, lambda r, x, y: 0.0), kink=lambda x, y: x - y,
    convention=COMPARED, image=(0.0, 1.0), notation=Notation("{0} > {1}", "{0} > {1}", 0.5, (1, 1)), native=True,
)
greater_equal: Primitive = declare(
    "greater_equal", lambda x, y: float(x >= y), (lambda r, x, y: 0.0, lambda r, x, y: 0.0), kink=lambda x, y: x - y,
    convention=COMPARED, image=(0.0, 1.0), notation=Notation("{0} >= {1}", r"{0} \ge {1}", 0.5, (1, 1)), native=True,
)
equal: Primitive = declare(
    "equal", lambda x, y: float(x == y), (lambda r, x, y: 0.0, lambda r, x, y: 0.0), kink=lambda x, y: x - y,
    convention=COMPARED, image=(0.0, 1.0), notation=Notation("{0} == {1}", "{0} = {1}", 0.5, (1, 1)), native=True,
)
where: Primitive = declare(  # the second operand where the first is not 0, else the third; both are computed, one is chosen
    "where", lambda c, x, y: x if c else y,
    (lambda r, c, x, y: 0.0, lambda r, c, x, y: where(c, 1.0, 0.0), lambda r, c, x, y: where(c, 0.0, 1.0)),
    kink=lambda c, x, y: c, convention="the slope in the condition is 0, although the value jumps", native=True,
    notation=Notation(
        "{1} if {0} else {2}", r"\begin{{cases}}{1} & \text{{if }} {0} \\ {2} & \text{{else}}\end{{cases}}",
        0, (0.5, 0.5, 0), enclosed=True,
    ),
)
def _larger(x: Number, y: Number) -> Any:
    """1 where x > y, 0 where x < y, and 1/2 at a tie: the slope of maximum in x."""
    return 0.5 * (greater(x, y) + greater_equal(x, y))


def _larger_in_words(x: Number, y: Number) -> Any:
    return where(greater(x, y), 1.0, where(equal(x, y), 0.5, 0.0))


maximum: Primitive = declare(
    "maximum", lambda x, y: max(x, y), (lambda r, x, y: _larger(x, y), lambda r, x, y: _larger(y, x)),
    textbook=(lambda r, x, y: _larger_in_words(x, y), lambda r, x, y: _larger_in_words(y, x)),
    kink=lambda x, y: x - y, convention="at a tie, a corner, both slopes are 1/2", native=True,
)
minimum: Primitive = declare(
    "minimum", lambda x, y: min(x, y), (lambda r, x, y: _larger(y, x), lambda r, x, y: _larger(x, y)),
    textbook=(lambda r, x, y: _larger_in_words(y, x), lambda r, x, y: _larger_in_words(x, y)),
    kink=lambda x, y: x - y, convention="at a tie, a corner, both slopes are 1/2", native=True,
)
def _shared(result: Number, *xs: Number) -> list[Any]:
    """1/k for each of the k operands that are equal to the result, 0 for all others."""
    chosen = [equal(x, result) for x in xs]
    count = fsum(chosen)
    return [one / count for one in chosen]


def _lead(*xs: float) -> float:
    """The gap between the smallest operand and the next: 0 at a tie."""
    first, second, *_ = *sorted(xs), math.inf
    return second - first


amax: Primitive = declare(  # the largest of any number of operands
    "amax", lambda *xs: max(xs), _shared, kink=lambda *xs: _lead(*(-x for x in xs)),
    convention="at a tie, a corner, the k operands that are equal to the result have slope 1/k each",
    any_arity=True, notation=call("amax", r"\max"), native=True,
)
amin: Primitive = declare(  # the smallest of any number of operands
    "amin", lambda *xs: min(xs), _shared, kink=_lead,
    convention="at a tie, a corner, the k operands that are equal to the result have slope 1/k each",
    any_arity=True, notation=call("amin", r"\min"), native=True,
)
step: Primitive = declare(
    "step", lambda x, at_zero: where(equal(x, 0.0), at_zero, greater(x, 0.0)), lambda r, x, at_zero: 0.0,
    formula=lambda x, at_zero: where(greater(x, 0.0), 1.0, where(equal(x, 0.0), at_zero, 0.0)),
    parameter="at_zero", default=1.0, kink=lambda x, at_zero: x, image=(0.0, 1.0), activation=ActivationFacts(),
    convention="it fires at x >= 0, or, with at_zero=0, only at x > 0; the slope is 0 everywhere, at the jump too",
)


# --- activations ---

sigmoid: Primitive = declare(  # r·σ(-x) is r(1 - r) with the digits of 1 - r where r is nearly 1
    "sigmoid", lambda x: where(greater_equal(x, 0.0), 1.0, exp(-abs(x))) / (1.0 + exp(-abs(x))),
    lambda r, x: r * sigmoid(-x), textbook=lambda r, x: r * (1.0 - r), formula=lambda x: 1.0 / (1.0 + exp(-x)),
    image=(0.0, 1.0), primed=True, activation=ActivationFacts(steepest=0.25), notation=call("σ", r"\sigma"),
)
softplus: Primitive = declare(  # log(1 + exp(x)), without overflow
    "softplus", lambda x: maximum(x, 0.0) + log1p(exp(-abs(x))), lambda r, x: sigmoid(x),
    formula=lambda x: log(1.0 + exp(x)), image=(0.0, math.inf), primed=True, activation=ActivationFacts("he"),
)
relu: Primitive = declare(
    "relu", lambda x: maximum(x, 0.0), lambda r, x: greater(x, 0.0), textbook=lambda r, x: where(greater(x, 0.0), 1.0, 0.0),
    kink=lambda x: x, convention="the slope at 0, a corner, is 0", image=(0.0, math.inf), primed=True,
    activation=ActivationFacts("he"),
)
leaky_relu: Primitive = declare(
    "leaky_relu", lambda x, negative_slope: where(greater_equal(x, 0.0), x, negative_slope * x),
    lambda r, x, negative_slope: where(greater_equal(x, 0.0), 1.0, negative_slope),
    parameter="negative_slope", default=0.01, kink=lambda x, negative_slope: x,
    convention="the slope at 0, a corner, is 1", primed=True, activation=ActivationFacts("he"),
)
elu: Primitive = declare(  # the inner `where` keeps exp from overflowing where the outer does not use it
    "elu", lambda x, alpha: where(greater(x, 0.0), x, alpha * expm1(minimum(x, 0.0))),
    lambda r, x, alpha: where(greater(x, 0.0), 1.0, alpha * exp(where(greater(x, 0.0), 0.0, x))),
    textbook=lambda r, x, alpha: where(greater(x, 0.0), 1.0, alpha * exp(x)),
    formula=lambda x, alpha: where(greater(x, 0.0), x, alpha * (exp(x) - 1.0)),
    parameter="alpha", default=1.0, kink=lambda x, alpha: x, convention="the slope at 0 is alpha: a corner, unless that is 1",
    primed=True, activation=ActivationFacts("he"),
)
gelu: Primitive = declare(  # x·Φ(x) with the normal distribution Φ by erfc, which keeps the digits of the left tail
    "gelu", lambda x: 0.5 * x * erfc(-x / ROOT_TWO),
    lambda r, x: 0.5 * erfc(-x / ROOT_TWO) + x * _bell(x / ROOT_TWO) / ROOT_TWO_PI,
    textbook=lambda r, x: 0.5 * (1.0 + erf(x / ROOT_TWO)) + x * exp(-(power(x, 2.0) / 2.0)) / ROOT_TWO_PI,
    formula=lambda x: 0.5 * x * (1.0 + erf(x / ROOT_TWO)), primed=True, activation=ActivationFacts("he"),
)
silu: Primitive = declare(  # also called swish
    "silu", lambda x: x * sigmoid(x), lambda r, x: sigmoid(x) * (1.0 + x * sigmoid(-x)),
    textbook=lambda r, x: sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))), primed=True, activation=ActivationFacts("he"),
)
softsign: Primitive = declare(  # its slope has a corner at 0, the function itself has none
    "softsign", lambda x: x / (1.0 + abs(x)), lambda r, x: power(1.0 / (1.0 + abs(x)), 2.0),
    textbook=lambda r, x: 1.0 / power(1.0 + abs(x), 2.0), image=(-1.0, 1.0), primed=True,
    activation=ActivationFacts(steepest=1.0),
)
