"""erf and erfc on arrays: mpmath's digits over the whole range, and exactly the numbers that a Value has."""

import math
import subprocess
import sys

import numpy as np
import pytest
from mpmath import mp, mpf

import engine
from engine import Constant, on_arrays

FUNCTIONS = {"erf": (engine.erf, on_arrays.erf, mp.erf), "erfc": (engine.erfc, on_arrays.erfc, mp.erfc)}
RNG = np.random.default_rng(0)
POINTS = np.concatenate([
    RNG.uniform(-6.0, 6.0, 400), RNG.uniform(0.0, 27.3, 400), 10.0 ** RNG.uniform(-323.0, 0.0, 200),
    -(10.0 ** RNG.uniform(-323.0, 0.0, 100)), [0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 0.5, 26.6, 27.2],
])  # fmt: skip
ENDS = np.array([30.0, -30.0, 1e10, 1e308, -1e308, math.inf, -math.inf, math.nan])
ON_ENDS = {"erf": [1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, math.nan], "erfc": [0.0, 2.0, 0.0, 0.0, 2.0, 0.0, 2.0, math.nan]}


def program(name, dtype="float64"):
    row = FUNCTIONS[name][0]
    return engine.compile(lambda x: row(x), dtype=dtype)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_digits_are_those_of_mpmath(name):
    """Within 6 units of the last place, the most that is known of a widespread C library; subnormal results too."""
    _, on_array, oracle = FUNCTIONS[name]
    with mp.workdps(50):
        for x, found in zip(POINTS.tolist(), on_array(POINTS).tolist()):
            exact = oracle(mpf(x))
            assert abs(mpf(found) - exact) <= 6 * mpf(math.ulp(float(exact))), x


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_float32_is_the_nearest(name):
    _, on_array, oracle = FUNCTIONS[name]
    points = POINTS.astype(np.float32)
    found = on_array(points)
    assert found.dtype == np.float32
    with mp.workdps(50):
        exact = np.array([float(oracle(mpf(x))) for x in points.tolist()])
    assert (found == exact.astype(np.float32)).all()


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_ends_and_the_sign_of_zero(name, dtype):
    on_array = FUNCTIONS[name][1]
    found = on_array(ENDS.astype(dtype) if dtype == "float64" else np.clip(ENDS, -3e38, 3e38).astype(dtype))
    np.testing.assert_array_equal(found, np.array(ON_ENDS[name], dtype))
    zeros = on_array(np.array([0.0, -0.0], dtype))
    assert np.signbit(zeros).tolist() == ([False, True] if name == "erf" else [False, False])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_has_the_very_digits_of_a_value(name):
    row = FUNCTIONS[name][0]
    eager = [row(Constant(x)).data for x in POINTS.tolist()]
    assert program(name)(POINTS).tolist() == eager
    assert program(name, "float32")(POINTS).tolist() == [
        float(np.float32(row(Constant(x)).data)) for x in POINTS.astype(np.float32).tolist()
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_shapes_strides_and_plain_numbers(name):
    on_array, plain = FUNCTIONS[name][1], getattr(math, name)
    assert on_array(0.3) == on_array(np.float64(0.3)) == on_array(np.array(0.3)) == plain(0.3)
    assert on_array(2).dtype == float and on_array(np.array([1, 2])).tolist() == [plain(1), plain(2)]
    assert on_array(np.empty((0, 3))).shape == (0, 3)
    table = RNG.normal(size=(4, 6))
    for view in (table, table.T, table[::2, ::-1], np.broadcast_to(table[0], (3, 6)), table[None, :, None]):
        assert on_array(view).tolist() == np.vectorize(plain)(view).tolist()
    before = table.copy()
    on_array(table)
    assert (table == before).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_program_writes_it_into_its_buffers(dtype):
    """Sums and products of several, against Values."""
    def f(x, w):
        return engine.fsum(engine.erf(v * w[0]) * engine.erfc(w[1] - v) for v in x) + engine.erf(w[0]) * engine.erfc(w[1])

    X, W = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    whole = engine.compile(f, dtype=dtype)
    assert whole(X, W) == pytest.approx(
        [f([Constant(v) for v in x], [Constant(v) for v in w]).data for x, w in zip(X.tolist(), W.tolist())],
        rel=1e-13 if dtype == "float64" else 1e-5,
    )
    assert "copyto" in whole.source and "import erf, erfc\n" in whole.source


def test_no_library_beyond_numpy_is_loaded_for_it():
    code = "import engine, sys; engine.compile(lambda x: engine.gelu(x))([0.5]); assert 'scipy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
