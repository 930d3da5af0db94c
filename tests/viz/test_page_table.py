"""Every row of the engine's table as JavaScript: each value and each derivative in the browser is Python's."""

import itertools
import json
import math

import pytest
from page_graphs import close

from engine import TABLE
from viz.pages.javascript import LIBRARY, functions

FEW = (0.0, 1e-9, 0.3, 1.0, 1.5, 2.5, 7.0, 40.0)
MANY = (*FEW, 1e-300, 1e-16, 0.5, 0.75, 1.9, 1.999, 2.0, 2.001, 3.3, 5.5, 10.0, 20.0, 26.0, 38.5, 100.0, 700.0, 740.0,
        1000.0, 1e10)  # fmt: skip
MIXED = [(2.0,), (0.0, 0.0), (1.0, 2.0, 3.0), (-0.5, 0.25, -0.125), (0.0, -40.0), (-40.0, 0.0, -41.0), (0.0, -700.0, -740.0),
         (math.log(0.5), math.log(0.5)), (1000.0, 999.0, 998.0), (0.1,) * 10, (1.0, 1e-16, -1.0), (1e16, 1.0, -1e16)]  # fmt: skip


def both_signs(magnitudes):
    return sorted({*magnitudes, *(-x for x in magnitudes)})


def points(row):
    """Where a row is tried, in its domain and outside."""
    if row.arity is None:
        return MIXED
    if row.arity == 3:
        return list(itertools.product((-2.5, 0.0, 3.0), repeat=3))
    return list(itertools.product(both_signs(MANY if row.arity == 1 else FEW), repeat=row.arity))


STATICS = {"power": (0.0, 1.0, 2.0, 3.0, 0.5, 1 / 3, 2.5, -1.0, -2.0, -0.5), "step": (1.0, 0.0), "elu": (1.0, 2.0)}
ROWS = [row.bind(static) for row in TABLE.values() if row.parameter for static in STATICS.get(row.name, (row.default,))]
ROWS += [row for row in TABLE.values() if not row.parameter]


def in_python(rule):
    """The number that a rule gives; None where it gives none."""
    try:
        number = float(rule())
    except (ArithmeticError, ValueError):
        return None
    return number if math.isfinite(number) else None


IN_BROWSER = """
return JSON.parse(arguments[0]).map(([script, at]) => {
  const {forward, slopes} = eval(script), r = forward(...at);
  return [r, ...slopes.map(slope => slope(r, ...at))].map(number => Number.isFinite(number) ? String(number) : null);
});
"""


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_value_and_every_derivative_is_pythons(row, driver):
    driver.get("about:blank")
    tried, scripts = points(row), {}
    for at in tried:
        if len(at) not in scripts:
            words = functions(row, len(at))
            slopes = ", ".join(words["slopes"])
            scripts[len(at)] = f"(() => {{ {LIBRARY}\nreturn {{forward: {words['forward']}, slopes: [{slopes}]}} }})()"
    found = driver.execute_script(IN_BROWSER, json.dumps([(scripts[len(at)], at) for at in tried]))
    compared = 0
    for at, (value, *slopes) in zip(tried, found):
        expected = in_python(lambda at=at: row.evaluate(*at))
        theirs = None if value is None else float(value)
        assert close(theirs, expected), f"{row}{at}: {theirs} in the browser, {expected} in Python"
        if expected is None:
            continue
        for position, slope in enumerate(slopes):
            expected_slope = in_python(lambda at=at, r=expected, i=position: row.derivative(r, at, i))
            theirs = None if slope is None else float(slope)
            assert close(theirs, expected_slope), f"slope {position} of {row}{at}: {theirs} there, {expected_slope} in Python"
            compared += expected_slope is not None
    inside = [at for at in tried if all(x in domain for x, domain in zip(at, row.smooth))]
    assert compared >= len(inside) / 4 >= 2
