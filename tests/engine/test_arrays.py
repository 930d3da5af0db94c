"""Reading arrays: what comes in is what was given, and what would be changed on the way is refused."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

import engine
from engine import Constant, Value
from engine.arrays import real_array, shown
from nn import MLP, evaluate, fit, one_hot


def read(given, dtype=float):
    return real_array(given, "X must be numbers", dtype)


@pytest.mark.parametrize(("given", "numbers"), [
    ([[1, 2], [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
    ((1.5, True), [1.5, 1.0]),
    (range(3), [0.0, 1.0, 2.0]),
    (7, 7.0),
    ([], []),
    ([0.1, 5e-324, -0.0, 1e308], [0.1, 5e-324, -0.0, 1e308]),
    ([Fraction(1, 3), Decimal("0.1"), 2], [1 / 3, 0.1, 2.0]),
    ([10**20, 2**63, 1], [1e20, 9223372036854775808.0, 1.0]),
    ([Constant(2.0), 3.0], [2.0, 3.0]),
    ([[Constant(2.0)], [Constant(0.5)]], [[2.0], [0.5]]),
    (np.array([1.5, 2], dtype=object), [1.5, 2.0]),
    (np.array([1, 2], dtype=np.uint8), [1.0, 2.0]),
    (np.array([0.5], dtype=np.float16), [0.5]),
    (np.array([np.bool_(True), 2], dtype=object), [1.0, 2.0]),
    (np.arange(6.0).reshape(2, 3)[:, ::2], [[0.0, 2.0], [3.0, 5.0]]),
    ([np.array([1, 2]), [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
    (np.ma.array([1.0, 2.0]), [1.0, 2.0]),
    (np.ma.array([1.0, 2.0], mask=[False, False]), [1.0, 2.0]),
])  # fmt: skip
def test_real_numbers_come_in_unchanged(given, numbers):
    array = read(given)
    assert type(array) is np.ndarray and array.dtype == float and array.flags.c_contiguous
    assert array.tolist() == numbers


def test_inf_and_nan_come_in_and_a_smaller_type_may_make_inf():
    assert np.isnan(read([float("nan")])).all() and np.isinf(read([float("inf")])).all()
    assert read([1e300, 1.0], np.float32).tolist() == [float("inf"), 1.0]


def test_an_array_that_fits_is_not_copied():
    array = np.ones((2, 3))
    assert read(array) is array


def itself():
    rows = [1.0]
    rows.append(rows)
    return rows


class Silent:
    def __repr__(self):
        raise RuntimeError("no repr")


REFUSED = {
    "masked": (np.ma.array([1.0, 999.0], mask=[0, 1]), "masked array"),
    "masked rows": ([np.ma.array([1.0, 999.0], mask=[0, 1]), [1.0, 2.0]], "masked array"),
    "a masked entry": ([1.0, np.ma.masked], "masked array"),
    "masked in a tuple in a list": ([[(1.0, np.ma.masked)]], "masked array"),
    "complex": (np.array([1.0, 2j]), "complex numbers, whose imaginary parts would be lost"),
    "complex in a list": ([1.0, 2j], "complex numbers"),
    "complex in an object array": (np.array([1.0, np.complex128(2j)], dtype=object), "it has .*2j.*, which is not a number"),
    "dates": (np.array(["2020-01-01"], dtype="datetime64[D]"), "it has dates"),
    "spans": (np.array([3], dtype="timedelta64[s]"), "it has spans of time"),
    "a date object": ([datetime.date(2020, 1, 1)], r"datetime\.date\(2020, 1, 1\), which is not a number"),
    "a date in an object array": (np.array([np.datetime64("2020-01-01"), 1], dtype=object), "which is not a number"),
    "text": ("abc", "it has text: 'abc'"),
    "digits as text": ([["1", "2"]], "it has text: "),
    "text and numbers": ([1.0, "2"], "it has text: "),
    "bytes": (b"12", "it has text"),
    "a generator": ((i for i in range(3)), "it is a generator, which can be read only once: make a list of it"),
    "a zip": (zip([1], [2]), "it is a zip, which can be read only once"),
    "a sparse matrix": (sparse.csr_matrix(np.eye(2)), r"it is a sparse matrix, a csr_matrix: give its \.toarray\(\)"),
    "a sparse array": (sparse.coo_array(np.eye(2)), r"it is a sparse matrix, a coo_array"),
    "None": (None, "it is None"),
    "None inside": ([1.0, None], "it has None, which is not a number"),
    "a dictionary": ({"a": 1}, r"it is \{'a': 1\}"),
    "a set": ({1, 2}, r"it is \{1, 2\}"),
    "a function": (abs, "it is <built-in function abs>"),
    "a huge integer": ([[10**400, 1]], r"it has a number beyond 1\.8e\+308, the largest float"),
    "an integer that Python does not write": ([10**5000], "it has a number beyond"),
    "ragged rows": ([[1, 2], [3]], r"its rows have lengths \[1, 2\]"),
    "ragged below": ([[[1], [2]], [[3], [4, 5]]], "its rows differ in shape"),
    "a list that contains itself": (itself(), "its rows have lengths"),
    "lists in an object array": (np.array([[1, 2], None], dtype=object), r"it has \[1, 2\], which is not a number"),
    "a Value": ([Value(3.0, "w"), 1.0], r"it has the Value .*w.*, or give its number, \.data"),
    "one Value": (Value(3.0, "w"), r"it has the Value .*w"),
    "Values in an object array": (np.array([Value(3.0)], dtype=object), "No gradient flows through an array of numbers"),
    "records": (np.zeros(1, dtype=[("a", float)]), "it has entries of type"),
    "an object without a repr": (Silent(), "it is a Silent"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "sentence"), REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused_in_one_sentence(given, sentence):
    with pytest.raises(ValueError, match=f"^X must be numbers; .*{sentence}") as caught:
        read(given)
    said = str(caught.value)
    assert "\n" not in said and said.endswith(".") and len(said) < 260


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in ("a generator", "a zip")])
def test_every_door_refuses_the_same(name):
    """fit, predict, evaluate, one_hot, the weights of a state, and a compiled program."""
    given, _ = REFUSED[name]
    model = MLP(2, [1], seed=0)
    before = [p.data for p in model.parameters()]
    X, y = [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]
    program = engine.compile(lambda x, t: x * t)
    program([1.0], [2.0])
    for door, start in {
        lambda: fit(model, given, y): "X must be rows of 2 numbers",
        lambda: fit(model, X, given): "y must be numbers",
        lambda: fit(model, X, y, validation=(given, y)): "validation's X must be rows of 2 numbers",
        lambda: fit(model, X, y, validation=(X, given)): "validation's y must be numbers",
        lambda: model.predict(given): "X must be rows of 2 numbers",
        lambda: evaluate(model, X, given): "y must be numbers",
        lambda: one_hot(given, 3): "Classes must be whole numbers from 0 to 2",
        lambda: model.load_state_dict(model.state_dict() | {"layers.0.bias": given}): "layers.0.bias must be numbers",
        lambda: engine.compile(lambda x: x * 2)(given): "Argument 1 must be numbers",
        lambda: program([1.0], given): "t must be numbers",
        lambda: program.value_and_grad([1.0], [2.0], weights=given if given is not None else [given]): "weights must be numbers",
    }.items():
        with pytest.raises(ValueError, match=f"^{start}"):
            door()
    assert [p.data for p in model.parameters()] == before


def test_a_program_is_not_given_a_value_that_is_being_traced():
    inner = engine.compile(lambda x: x * 2)
    inner([1.0])
    with pytest.raises(engine.TracingError):
        engine.compile(lambda x: inner([x])[0] + x)([1.0])


def test_what_is_shown_is_one_short_line():
    assert shown([1, 2]) == "[1, 2]"
    assert shown(np.eye(2)) == "array([[1., 0.], [0., 1.]])"
    assert shown(list(range(1000))) == "[0, 1, 2, 3, 4, 5, ...]"
    assert len(shown("x" * 1000)) == 60
