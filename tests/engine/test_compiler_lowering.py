"""Rows in NumPy's words: the forms in which a few of them are computed, against the definition in many digits; all others
must not be changed by being lowered.
"""

import numpy as np
import pytest
from mpmath import mp, mpf
from oracles import DIGITS, ORACLES, slope

from engine import ops
from engine.compiler.evaluate import apply_row, evaluate
from engine.compiler.nodes import Builder, reachable
from engine.compiler.rules import RULES
from engine.compiler.writing.lower import FORMS, lower

EXTREMES = [s * x for x in (1e-300, 1e-8, 0.1, 0.3, 1.0, 2.5, 18.0, 36.0, 40.0, 88.0, 100.0, 350.0, 700.0, 710.0, 745.0, 1e6)
            for s in (1, -1)]  # fmt: skip


def lowered(row, dtype, *, derivative):
    """The numbers that the program computes for a row, or its slope, at all extremes."""
    b = Builder(RULES)
    x = b.input(0, ())
    end = b.map(row, x)
    if derivative:
        end = b.slope(row, 0, end, (x,))
    order = reachable([end])
    found = lower(order)
    at = np.array([0.0, *EXTREMES], dtype=dtype)
    with np.errstate(all="ignore"):
        values = dict(evaluate(reachable([found[end]]), np.zeros(0, dtype), [at]))[found[end]]
        return at, values, apply_row(end, [at] if not derivative else [apply_row(end.operands[0], [at], np), at], np)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("derivative", [False, True], ids=["forward", "slope"])
@pytest.mark.parametrize("row", FORMS, ids=str)
def test_a_form_is_the_row_to_the_last_digits(row, derivative, dtype):
    at, got, by_the_table = lowered(row, dtype, derivative=derivative)
    assert got.dtype == dtype and np.isfinite(got).all()
    info = np.finfo(dtype)
    oracle = slope(ORACLES[row.name], 0) if derivative else ORACLES[row.name]
    for x, y, table in zip(at.tolist(), got.tolist(), by_the_table.tolist()):
        with mp.workdps(DIGITS):
            want = oracle(mpf(x))
            error, near = abs(mpf(y) - want), abs(want)
        if not (derivative and row.kink and x == 0):  # the slope at a corner is the table's
            assert error <= 8 * info.eps * near + 4 * info.tiny, (x, y, mp.nstr(want, 17))
        assert abs(y - table) <= 16 * info.eps * abs(table) + 8 * info.tiny, (x, y, table)


ROWS = [row for row in ops.TABLE.values() if row.arity == 1 and row not in (ops.power,)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_lowering_any_row_of_one_operand_changes_nothing(row, dtype):
    row = row.bind(row.default) if row.parameter else row
    info = np.finfo(dtype)
    for derivative in (False, True):
        at, got, table = lowered(row, dtype, derivative=derivative)
        inside = np.array([x in (row.smooth if derivative else row.domain)[0] for x in at.tolist()])
        got, table = np.broadcast_to(got, at.shape)[inside], np.broadcast_to(table, at.shape)[inside]
        assert not np.isnan(got[~np.isnan(table)]).any()
        finite = np.isfinite(table)
        np.testing.assert_array_equal(np.isfinite(got), finite)
        np.testing.assert_allclose(got[finite], table[finite], rtol=16 * info.eps, atol=8 * info.tiny)
