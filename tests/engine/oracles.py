"""What each primitive ought to be, said a second time and independently: in mpmath, from the definition.

An oracle is the plain definition of the function and nothing more; no digit is nursed here, because there are enough of
them. Slopes are differences of the definition, so no derivative formula can be wrong in the same way twice. What no
definition decides, the slope at a corner, stands in CORNERS by hand: that is the design's table of conventions.

A new row of `engine.ops.TABLE` needs one line in ORACLES (and one in CORNERS if it has a kink); its sample points follow
from its number of operands and its domain.
"""

import math
from itertools import product

from mpmath import mp, mpf

from engine import TABLE

DIGITS = 800  # the first 434 digits of sigmoid(1000) are nines; narrow differences of differences need even more
TINY = 2.0**-1022  # the least normal float: below it, errors are absolute

ORACLES = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "fsum": lambda *xs: mp.fsum(xs),
    "power": mp.power,
    "pow": mp.power,
    "sqrt": mp.sqrt,
    "exp": mp.exp,
    "log": mp.log,
    "expm1": mp.expm1,
    "log1p": lambda x: mp.log(1 + x),
    "logsumexp": lambda *xs: mp.log(mp.fsum(map(mp.exp, xs))),
    "sin": mp.sin,
    "cos": mp.cos,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "erf": mp.erf,
    "erfc": lambda x: mp.erfc(x) if x < 1e10 else mpf(0),  # mpmath gives up there; erfc(1e10) is 1e-(4·10¹⁹)
    "abs": abs,
    "sign": mp.sign,
    "greater": lambda x, y: mpf(x > y),
    "greater_equal": lambda x, y: mpf(x >= y),
    "equal": lambda x, y: mpf(x == y),
    "where": lambda c, x, y: x if c != 0 else y,
    "maximum": max,
    "minimum": min,
    "step": lambda x, at_zero: mpf(x > 0) if x != 0 else at_zero,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda x, slope: x if x >= 0 else slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * mp.expm1(x),
    "gelu": lambda x: x * ORACLES["erfc"](-x / mp.sqrt(2)) / 2,
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "cbrt": lambda x: mp.sign(x) * mp.root(abs(x), 3),
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "exp2": lambda x: mp.power(2, x),
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "atan2": mp.atan2,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "asinh": lambda x: mp.sign(x) * mp.log(abs(x) + mp.sqrt(x * x + 1)),
    "acosh": lambda x: mp.log(x + mp.sqrt(x * x - 1)),
    "atanh": lambda x: mp.log((1 + x) / (1 - x)) / 2,
    "amax": lambda *xs: max(xs),
    "amin": lambda *xs: min(xs),
}

STATICS = {  # the static parameters to try; other rows take their default
    "power": (0.0, 1.0, 2.0, 3.0, 7.0, 100.0, 0.5, 1 / 3, 1.5, 2.5, 1e-5, 2.0**-20, -0.5, -1.0, -2.0, -100.0),
    "step": (1.0, 0.0, 0.5),
    "leaky_relu": (0.01, 0.2, 0.0, -1.0),
    "elu": (1.0, 0.5, 2.0),
}

# Corners, jumps and edges, by hand: operands, static parameter, value, slopes. None: the sweep must refuse.
CORNERS = {
    "relu": [((0.0,), None, 0.0, (0.0,))],
    "leaky_relu": [((0.0,), 0.01, 0.0, (1.0,)), ((0.0,), 0.2, 0.0, (1.0,))],
    "elu": [((0.0,), 1.0, 0.0, (1.0,)), ((0.0,), 2.0, 0.0, (2.0,))],
    "abs": [((0.0,), None, 0.0, (0.0,))],
    "sign": [((0.0,), None, 0.0, (0.0,)), ((-0.0,), None, 0.0, (0.0,))],
    "step": [((0.0,), 1.0, 1.0, (0.0,)), ((0.0,), 0.0, 0.0, (0.0,)), ((0.0,), 0.5, 0.5, (0.0,))],
    "greater": [((2.0, 2.0), None, 0.0, (0.0, 0.0))],
    "greater_equal": [((2.0, 2.0), None, 1.0, (0.0, 0.0))],
    "equal": [((2.0, 2.0), None, 1.0, (0.0, 0.0))],
    "maximum": [((3.0, 3.0), None, 3.0, (0.5, 0.5)), ((0.0, -0.0), None, 0.0, (0.5, 0.5))],
    "minimum": [((3.0, 3.0), None, 3.0, (0.5, 0.5)), ((0.0, -0.0), None, 0.0, (0.5, 0.5))],
    "amax": [
        ((3.0, 3.0), None, 3.0, (0.5, 0.5)),
        ((2.0, 1.0, 2.0, 2.0), None, 2.0, (1 / 3, 0.0, 1 / 3, 1 / 3)),
        ((0.0, -0.0, -1.0), None, 0.0, (0.5, 0.5, 0.0)),
    ],
    "amin": [
        ((3.0, 3.0), None, 3.0, (0.5, 0.5)),
        ((2.0, 4.0, 2.0, 2.0), None, 2.0, (1 / 3, 0.0, 1 / 3, 1 / 3)),
        ((0.0, -0.0, 1.0), None, 0.0, (0.5, 0.5, 0.0)),
    ],
    "hypot": [((0.0, 0.0), None, 0.0, (0.0, 0.0))],
    "atan2": [((0.0, 0.0), None, 0.0, (0.0, 0.0)), ((0.0, -2.0), None, math.pi, (-0.5, 0.0))],
    "cbrt": [((0.0,), None, 0.0, (None,))],
    "asin": [((1.0,), None, math.pi / 2, (None,)), ((-1.0,), None, -math.pi / 2, (None,))],
    "acos": [((1.0,), None, 0.0, (None,)), ((-1.0,), None, math.pi, (None,))],
    "acosh": [((1.0,), None, 0.0, (None,))],
    "where": [((0.0, 5.0, 7.0), None, 7.0, (0.0, 0.0, 1.0))],
    "power": [
        ((0.0,), 0.0, 1.0, (0.0,)),  # x**0 is 1 everywhere, so flat everywhere
        ((0.0,), 1.0, 0.0, (1.0,)),
        ((0.0,), 1.5, 0.0, (0.0,)),
        ((0.0,), 0.5, 0.0, (None,)),
    ],
    "sqrt": [((0.0,), None, 0.0, (None,))],
    "pow": [
        ((0.0, 2.0), None, 0.0, (0.0, 0.0)),  # 0**y is 0 for every y > 0, so flat there
        ((0.0, 1.0), None, 0.0, (1.0, 0.0)),
        ((0.0, 0.5), None, 0.0, (None, 0.0)),
        ((0.0, 0.0), None, 1.0, (None, None)),
        ((-2.0, 3.0), None, -8.0, (12.0, None)),  # (-2)**3.001 is no real number
    ],
}

_MAGNITUDES = (
    5e-324, 1e-310, 1e-300, 1e-150, 1e-16, 1e-8, 1e-3, 0.1, 0.5, 0.75, 1.0, 1.7, 2.0, 5.5, 10.0, 20.0, 26.0, 38.5, 40.0,
    100.0, 700.0, 709.7, 740.0, 1000.0, 1e10, 1e16, 1e150, 1e308,
)  # fmt: skip
_FEW = (5e-324, 1e-310, 1e-160, 1e-9, 0.3, 1.5, 2.5, 40.0, 1e155, 1e308)


def _both_signs(magnitudes: tuple[float, ...]) -> tuple[float, ...]:
    return (0.0, *magnitudes, *(-x for x in magnitudes))


_SAMPLES = {  # by the number of operands; the products contain every tie
    1: [(x,) for x in (*_both_signs(_MAGNITUDES), -1 + 2**-53, -1 + 1e-9, -0.999, 1 - 2**-53, 1 + 2**-52, 1 + 1e-9)],
    2: list(product(_both_signs(_FEW), repeat=2)),
    3: list(product((-1e308, -2.5, 0.0, 5e-324, 3.0), repeat=3)),
    None: [
        (2.0,), (0.0, 0.0), (1.0, 2.0, 3.0), (-0.5, 0.25, -0.125), (0.0, -40.0), (-40.0, 0.0, -41.0), (0.0, -700.0, -740.0),
        (math.log(0.5), math.log(0.5)), (1e-300, 5e-324), (1.0, 1e-16, -1.0), (1e16, 1.0, -1e16), (1000.0, 1000.0),
        (1000.0, 999.0, 998.0), (-1000.0, -1000.0), (1000.0, -1000.0), (1e308, -1e308), (-1e308, 0.0), (1e308, 5.0),
    ],
}  # fmt: skip


def named(row, static):
    """A row and its oracle with the static parameter, if there is one, fixed in both."""
    if not row.parameter:
        return row, ORACLES[row.name]
    return row.bind(static), lambda *operands: ORACLES[row.name](*operands, mpf(static))


# Each (row, oracle) to be tested, once for each static parameter. Rows without an oracle fail a test of their own.
CASES = [
    named(row, static)
    for row in TABLE.values()
    if row.name in ORACLES
    for static in (STATICS.get(row.name, (row.default,)) if row.parameter else (None,))
]


def within(domains, at):
    """Whether each operand lies in its domain; a row over any number of operands has one domain for them all."""
    return all(x in domains[i % len(domains)] for i, x in enumerate(at))


def points(row):
    """The sample points at which the row has a value."""
    return [at for at in _SAMPLES[row.arity] if within(row.domain, at)]


def is_smooth(row, at):
    """Whether a derivative can be found from both sides: no corner, and no edge of the domain."""
    domains = [row.smooth[i % len(row.smooth)] for i in range(len(at))]
    at_edge = any(x in (domain.low, domain.high) for x, domain in zip(at, domains, strict=True))
    return within(row.smooth, at) and not at_edge and not (row.kink and row.kink(*at) == 0)


def slope(f, position):
    """∂f/∂(operand at `position`), as a function: a central difference so narrow that 50 digits of it are right."""

    def derivative(*at):
        h = min(max(abs(at[position]), TINY), 1) * mpf(10) ** -60
        above, below = list(at), list(at)
        above[position] += h
        below[position] -= h
        return (f(*above) - f(*below)) / (2 * h)

    return derivative
