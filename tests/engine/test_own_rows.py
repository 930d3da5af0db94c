"""Rows of one's own: from ten lines on, they are functions, methods, words, explained, checked, drawn and compiled."""

import math
import pickle

import numpy as np
import pytest

import engine
from engine import TABLE, UndefinedError, Value, explain, grad, gradcheck, hessian, parse, primitive
from engine.primitive import NONNEGATIVE, POSITIVE


@pytest.fixture
def cube():
    row = primitive("cube", lambda x: x**3, lambda result, x: 3 * x**2)
    yield row
    del TABLE["cube"]
    del Value.cube


def test_a_row_of_one_s_own_is_a_function_and_a_method(cube):
    x = Value(2.0, "x")
    assert cube(2.0) == 8.0 and cube(x).data == x.cube().data == 8.0
    x.cube().backward()
    assert x.grad == 12.0
    assert hessian(cube(x), [x]) == [[12.0]] and grad(cube(x), x, create_graph=True).data == 12.0


def test_it_is_explained_parsed_checked_and_compiled(cube):
    f = parse("cube(x)*y", x=2, y=5)
    assert f.data == 40.0
    assert "cube(x)" in explain(f) and "3x²" in explain(f).replace("3·x²", "3x²")
    assert all(c.agrees for c in gradcheck(f, list(f.inputs.values())))
    program = engine.compile(lambda x: cube(x) + x)
    assert program([1.0, 2.0]).tolist() == [2.0, 10.0]
    w = Value(2.0)
    cost, slopes = engine.compile(lambda x: w.cube() * x).value_and_grad([1.0, 3.0])
    assert (cost, slopes[w]) == (16.0, 24.0)


def test_a_row_of_two_operands_and_one_with_a_parameter():
    try:
        hyp = primitive("own_hypot", lambda x, y: (x * x + y * y) ** 0.5, (lambda r, x, y: x / r, lambda r, x, y: y / r))
        x, y = Value(3.0), Value(4.0)
        hyp(x, y).backward()
        assert (x.grad, y.grad, x.own_hypot(y).data) == (0.6, 0.8, 5.0)
        scaled = primitive("scaled", lambda x, k: k * x, lambda r, x, k: k, parameter="k", default=2.0)
        assert scaled(x).data == 6.0 and x.scaled(k=5).data == 15.0
    finally:
        for name in ("own_hypot", "scaled"):
            TABLE.pop(name, None)


def test_it_pickles_by_name(cube):
    assert pickle.loads(pickle.dumps(cube)) is cube
    assert pickle.loads(pickle.dumps(engine.ops.power.bind(3.0))).static == 3.0


def test_a_rule_that_uses_math_computes_and_is_refused_by_whatever_needs_more():
    try:
        row = primitive("own_exp", lambda x: math.exp(x), lambda result, x: result)
        x = Value(1.0, "x")
        f = row(x)
        f.backward()
        assert x.grad == math.e
        assert "own_exp(x)" in explain(f)
        with pytest.raises(TypeError, match=r"engine\.exp\(x\) instead of math\.exp\(x\)"):
            engine.compile(row)([1.0])
    finally:
        TABLE.pop("own_exp", None)


def test_a_row_over_any_number_of_operands_computes_and_is_not_compiled():
    try:
        squares = primitive("squares", lambda *xs: sum(x * x for x in xs), lambda r, *xs: [2 * x for x in xs], any_arity=True)
        x, y = Value(3.0), Value(4.0)
        assert squares(x, y).data == 25.0 and grad(squares(x, y), [x, y]) == [6.0, 8.0]
        with pytest.raises(engine.TracingError, match=r"squares takes any number of operands, .* is not compiled"):
            engine.compile(lambda a: squares(a, x, y))([1.0, 2.0])  # it gave the logsumexp
    finally:
        TABLE.pop("squares", None)


def test_the_errors_of_a_rule_that_uses_math_can_be_read():
    try:
        row = primitive("own_log", lambda x: math.log(x), lambda r, x: 1 / math.fabs(x), domain=(POSITIVE,))
        with pytest.raises(UndefinedError) as caught:
            row(Value(-0.5, "x"))
        assert str(caught.value) == (
            "own_log(x) is undefined: x = -0.5. Neither own_log(x) nor ∂(own_log(x))/∂x exists there. Any x > 0 works."
        )
        row = primitive("own_root", lambda x: math.sqrt(x), lambda r, x: 1 / (2 * math.sqrt(x)),
                        domain=(NONNEGATIVE,), smooth=(POSITIVE,))  # fmt: skip
        with pytest.raises(UndefinedError) as caught:
            row(Value(0.0, "x")).backward()
        assert str(caught.value) == (
            "The derivative of v1 = own_root(x) with respect to x does not exist: ∂v1/∂x at x = 0. The value itself does: "
            "v1 = 0. Any x > 0 works."
        )
    finally:
        TABLE.pop("own_log", None)
        TABLE.pop("own_root", None)


@pytest.mark.parametrize("name", ["data", "grad", "op", "backward", "operands", "label", "item", "_x", "1x", "a b", 3, None])
def test_a_name_that_values_use_is_refused(name):
    with pytest.raises(ValueError, match=r"give your row another name|A row needs a name such as cube"):
        primitive(name, lambda x: x, lambda r, x: 1.0)
    assert name not in TABLE


@pytest.mark.parametrize(("name", "forward", "derivatives", "options", "sentence"), [
    ("lambda", abs, abs, {}, "lambda is a word of Python itself"),
    ("twice", 2.0, lambda r, x: 2.0, {}, r"The rules of twice are functions, .*; 2\.0 is not one"),
    ("twice", lambda x: 2 * x, 2.0, {}, r"The rules of twice are functions, .*; 2\.0 is not one"),
    ("twice", lambda x: 2 * x, [2.0], {}, r"The rules of twice are functions, .*; 2\.0 is not one"),
    ("twice", lambda x: 2 * x, lambda r, x: 2.0, {"native": True}, "leave it out for twice"),
])  # fmt: skip
def test_what_is_no_row_is_refused(name, forward, derivatives, options, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        primitive(name, forward, derivatives, **options)
    assert name not in TABLE


def test_the_derivatives_may_be_a_list():
    try:
        row = primitive("area", lambda x, y: x * y, [lambda r, x, y: y, lambda r, x, y: x])
        x, y = Value(3.0), Value(4.0)
        assert grad(row(x, y), [x, y]) == [4.0, 3.0]
    finally:
        TABLE.pop("area", None)


def test_the_parser_takes_a_row_before_its_own_other_names_for_functions():
    try:
        primitive("ln", lambda x: 2 * x, lambda r, x: 2.0)
        assert parse("ln(x)", x=5.0).data == 10.0
    finally:
        TABLE.pop("ln", None)
    assert parse("ln(x)", x=1.0).data == 0.0


def test_a_result_that_is_nan_is_undefined_and_not_too_large():
    try:
        row = primitive("no_number", lambda x: x * math.nan, lambda r, x: 1.0)
        for x in (Value(2.0, "x"), 2.0):
            with pytest.raises(UndefinedError, match=r"^no_number\(.\) is undefined") as caught:
                row(x)
            assert not isinstance(caught.value, OverflowError)
    finally:
        TABLE.pop("no_number", None)


def test_a_row_of_the_engine_is_not_replaced():
    with pytest.raises(ValueError, match="row of the engine's table already"):
        primitive("exp", lambda x: x, lambda r, x: 1.0)
    assert engine.exp(0.0) == 1.0


def test_running_a_cell_again_replaces_the_row(cube):
    again = primitive("cube", lambda x: x * x * x, lambda result, x: 3.0 * x * x)
    assert TABLE["cube"] is again and Value(2.0).cube().op is again and again(3.0) == 27.0


def test_a_result_that_is_no_number_is_refused():
    try:
        row = primitive("nothing", lambda x: None, lambda r, x: 0.0)
        with pytest.raises(TypeError):
            row(Value(1.0))
        whole = primitive("nothing", lambda x: 3, lambda r, x: 0.0)
        assert type(whole(Value(1.0)).data) is float
    finally:
        TABLE.pop("nothing", None)


def test_an_array_passes_through_it(cube):
    assert [v.data for v in cube(Value(2.0)) * np.array([1.0, 2.0])] == [8.0, 16.0]
