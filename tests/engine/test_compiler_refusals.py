"""What a user may call things, give to a program and return from a function; and what is said of all else."""

import numpy as np
import pytest
from compiled_examples import MAKERS, X, compiled, without_arguments

import engine
from engine import UndefinedError, Value, exp, log, logsumexp, tanh

# --- names: what a user calls a thing may be anything ---

WORDS = ["n", "s", "theta", "gradient", "constants", "empty", "dot", "exp", "tanh", "multiply", "add", "take", "copyto", "ones",
         "ones_n", "ones_2", "seeds", "run", "build", "logsumexp", "strided", "z1", "W1", "C", "a0", "v1", "t3", "c0", "i0", "k",
         "view", "δ1", "print"]  # fmt: skip
SPECIAL_WORDS = ["lambda", "class", "None", "if", "import", "__debug__", "match", "ﬁ", "x", "two words", "1st", "∂C/∂w", "é"]


def agrees(f, batch):
    program = engine.compile(f)
    costs = [f(*map(valued, example)) for example in zip(*batch)]
    np.testing.assert_allclose(program(*batch), [cost.data for cost in costs], rtol=1e-12)
    value, gradient = program.value_and_grad(*batch, inputs=True)
    total = engine.fsum(costs) / len(costs)
    np.testing.assert_allclose(value, total.data, rtol=1e-12)
    values = program.parameters.values
    np.testing.assert_allclose([gradient[p] for p in values], engine.grad(total, values), rtol=1e-12)
    weighted, _ = program.value_and_grad(*batch, weights=np.ones(len(batch[0])))
    np.testing.assert_allclose(weighted, value, rtol=1e-12)
    assert str(program) and program.latex() and program.explain() and len(program.arrays) == len(gradient)


def valued(x):
    return [valued(row) for row in x] if np.ndim(x) else Value(float(x))


@pytest.mark.parametrize("word", WORDS)
def test_an_argument_may_have_any_name(word):
    w = [Value(0.5), Value(-0.25)]
    space = {"w": w, "tanh_": tanh, "exp_": exp, "logsumexp_": logsumexp}
    f = eval(f"lambda {word}: tanh_(w[0]*{word}[0] + w[1]*{word}[1] + w[0])**2 + exp_({word}[0]*{word}[1]) + logsumexp_({word})",
             space)  # fmt: skip
    agrees(f, (X[:, :2],))


@pytest.mark.parametrize("word", [*WORDS, *SPECIAL_WORDS])
def test_a_parameter_may_have_any_label(word):
    p, q = Value(0.5, word), Value(0.7, "q")
    agrees(lambda x: exp(p * x) + tanh(p + x) * q + log(p), (X[:, 0],))


# --- what a program is called with ---


def square(**options):
    return engine.compile(lambda x: x * x, **options)


def of_two():
    return engine.compile(lambda x, y: x[0] * y + x[1])


def traced(program, *batch):
    return program.trace(*batch)


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ((["a", "b"],), r"Argument 1 must be numbers.*\['a', 'b'\]"),
        (("abc",), "Argument 1 must be numbers"),
        (([[1.0, 2.0], [3.0]],), "Argument 1 must be numbers"),
        (([1j],), "Argument 1 must be numbers"),
        (([object()],), "Argument 1 must be numbers"),
        ((1.0,), "Argument 1 is one number"),
        (([],), "Argument 1 is an empty batch"),
        ((np.zeros((0, 3)),), "Argument 1 is an empty batch"),
        ((np.array([np.nan, 1.0]),), r"(Argument 1|\bx\b).*nan"),
        ((np.array([np.inf, 1.0]),), r"(Argument 1|\bx\b).*inf"),
        (([None, 1.0],), r"(Argument 1|\bx\b)"),
    ],
)
def test_a_first_batch_that_is_none_names_the_argument(batch, sentence):
    with pytest.raises((ValueError, UndefinedError), match=sentence):
        square()(*batch)


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        (([[1.0, 2.0]], ["a"]), "y must be numbers"),
        (([[1.0], [1.0, 2.0]], [1.0]), "x must be numbers"),
        ((np.zeros((2, 3)), [1.0, 2.0]), r"x has shape \(2, 3\); this program takes \(n, 2\)"),
        ((np.zeros((2, 2)), [[1.0], [2.0]]), r"y has shape \(2, 1\); this program takes \(n,\)"),
        ((np.zeros(2), [1.0, 2.0]), r"x has shape \(2,\); this program takes \(n, 2\)"),
        ((np.zeros((2, 2)), 1.0), r"y has shape \(\)"),
        ((1.0, [1.0]), r"x has shape \(\)"),
        ((np.zeros((2, 2)), [1.0, 2.0, 3.0]), "x has 2 examples and y has 3"),
        ((np.zeros((2, 2)), []), "y is an empty batch"),
        ((np.zeros((0, 2)), [1.0]), "x is an empty batch"),
        ((np.zeros((0, 2)), []), "x is an empty batch"),
    ],
)
@pytest.mark.parametrize("how", ["call", "value_and_grad"])
def test_a_later_batch_that_does_not_fit_names_the_argument(batch, sentence, how):
    program = traced(of_two(), np.zeros((2, 2)), [1.0, 2.0])
    with pytest.raises(ValueError, match=sentence):
        (program if how == "call" else program.value_and_grad)(*batch)


@pytest.mark.parametrize("batch", [(), ([[1.0, 2.0]],), ([[1.0, 2.0]], [1.0], [1.0])])
def test_a_wrong_number_of_arguments_names_those_that_there_are(batch):
    program = traced(of_two(), np.zeros((2, 2)), [1.0, 2.0])
    with pytest.raises(TypeError, match=f"takes 2 arguments: x, y; it was given {len(batch)}"):
        program(*batch)


def test_the_first_batch_is_looked_over_before_the_function_runs():
    with pytest.raises(ValueError, match="x has 1 examples and y has 2"):
        of_two()([[1.0, 2.0]], [1.0, 2.0])


def test_complex_numbers_are_refused_as_arrays_as_well():
    with pytest.raises(ValueError, match="Argument 1"):
        square()(np.array([1j, 2j]))


def test_an_axis_of_length_zero_is_an_axis():
    p = Value(0.5)
    np.testing.assert_allclose(engine.compile(lambda x: p * len(x))(np.zeros((3, 0))), [0.0] * 3)
    np.testing.assert_allclose(engine.compile(lambda x: p * len(x))(np.zeros((3, 2, 0))), [1.0] * 3)


def test_what_can_be_an_array_is_a_batch():
    for batch in ([1, 2], (1.0, 2.0), np.array([1, 2]), np.array([1.0, 2.0], "float32"), [True, 2],
                  [engine.Constant(1.0), 2.0], np.array([1.0, 0.0, 2.0, 0.0])[::2], range(1, 3)):  # fmt: skip
        np.testing.assert_array_equal(square()(batch), [1.0, 4.0])
        np.testing.assert_array_equal(traced(square(), [3.0])(batch), [1.0, 4.0])


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("how", ["call", "value_and_grad"])
def test_what_is_no_number_in_a_later_batch_is_named_with_its_example(how, check, number):
    program = traced(of_two(), np.zeros((2, 2)), [1.0, 2.0])
    batch = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, number]])
    with pytest.raises(UndefinedError, match=rf"The input x is {number} for example 2 of the batch, entry 1"):
        (program if how == "call" else program.value_and_grad)(batch, [1.0, 2.0, 3.0], check=check)


def test_check_names_the_first_block_and_example():
    w = [Value(1.0), Value(1.0)]
    program = engine.compile(lambda x: tanh(log(w[0] * x[0] + w[1] * x[1])) * 2).trace([[1.0, 1.0]])
    batch = [[1.0, 2.0], [1.0, -3.0], [-1.0, -1.0]]
    for run in (program, program.value_and_grad):
        for check in (False, True):
            with pytest.raises(UndefinedError, match=r"^log\(z1\) is nan for example 1 of the batch\. Everything before it"):
                run(batch, check=check)


def test_check_finds_what_does_not_reach_the_result():
    program = engine.compile(lambda x: engine.where(engine.greater(x, 0.0), x, log(x))).trace([1.0])
    program([1.0, 2.0], check=True)
    np.testing.assert_array_equal(program([1.0, 0.5]), [1.0, 0.5])
    with pytest.raises(UndefinedError, match=r"log\(x\) is -?nan|log\(x\) is nan for example 1"):
        program([1.0, -1.0], check=True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"weights": [1.0]}, r"one weight for each example: 2 examples, weights of shape \(1,\)"),
        ({"weights": 2.0}, r"weights of shape \(\)"),
        ({"weights": [[1.0], [2.0]]}, r"weights of shape \(2, 1\)"),
        ({"weights": ["a", "b"]}, "weights must be numbers"),
        ({"weights": [1.0, [2.0]]}, "weights must be numbers"),
        ({"weights": [1.0, -1.0]}, "The weights add up to 0"),
        ({"weights": [0.0, 0.0]}, "The weights add up to 0"),
        ({"weights": [np.nan, 1.0]}, "The weights add up to nan"),
        ({"weights": [np.inf, 1.0], "reduction": "sum"}, "The weights add up to inf"),
        ({"reduction": "max"}, "reduction = 'max': give \"mean\" or \"sum\""),
        ({"reduction": None}, "reduction = None"),
    ],
)
def test_weights_and_reductions_that_are_none_are_named(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        square().value_and_grad([1.0, 2.0], **options)


@pytest.mark.parametrize("make", [m for m in MAKERS if m is not without_arguments])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weights_of_examples_weigh_values_and_derivatives(make, reduction):
    program, batch = compiled(make)
    n = len(batch[0])
    charge = program.value_and_grad(*batch)[0] - np.mean(program(*batch))
    w = np.arange(1.0, n + 1)
    value, gradient = program.value_and_grad(*batch, weights=w, reduction=reduction, inputs=True)
    divisor = w.sum() if reduction == "mean" else 1.0
    np.testing.assert_allclose(value, np.dot(program(*batch), w) / divisor + charge, rtol=1e-12)
    repeated = [np.repeat(array, np.arange(1, n + 1), axis=0) for array in batch]  # a weight of 2 is the example twice
    again, same = program.value_and_grad(*repeated, reduction=reduction)
    np.testing.assert_allclose(value, again, rtol=1e-12)
    np.testing.assert_allclose(gradient.vector, same.vector, rtol=1e-11, atol=1e-13)


# --- what a function returns ---


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (None, r"it returned nothing \(None\)"),
        ("text", "it returned 'text', of type str"),
        ([], "an empty list"),
        ((), "an empty list"),
        ([[1.0]], r"flat list of Values; it returned \[1.0\], of type list"),
        ([None], "nothing"),
        ({}, "of type dict"),
        (True, "of type bool"),
        (np.zeros((2, 2)), "of type ndarray"),
        (1j, "of type complex"),
    ],
)
def test_a_result_that_is_none_is_named(result, sentence):
    for run in (engine.compile(lambda x: result), engine.compile(lambda x: result).value_and_grad):
        with pytest.raises(engine.TracingError, match=sentence):
            run([1.0])


@pytest.mark.parametrize("result", [1.0, (1.0,), (1.0, [2.0], 3.0), [1.0, [2.0]]])
def test_without_a_pair_has_aux_says_so(result):
    with pytest.raises(engine.TracingError, match=r"With has_aux the function returns \(cost, list of others\)"):
        square_and(result)([1.0])


def square_and(result):
    return engine.compile(lambda x: result, has_aux=True)


@pytest.mark.parametrize("others", [[], ()])
def test_a_list_of_no_others_is_a_list(others):
    values, found = engine.compile(lambda x: (x * x, others), has_aux=True)([1.0, 2.0])
    np.testing.assert_array_equal(values, [1.0, 4.0])
    assert np.size(found) == 0


def test_a_penalty_that_is_no_cost_is_named():
    with pytest.raises(engine.TracingError, match="penalty"):
        engine.compile(lambda x: x, penalty=lambda: None)([1.0])
    with pytest.raises(TypeError, match="penalty"):
        engine.compile(lambda x: x, penalty=3)


@pytest.mark.parametrize("dtype", ["int32", "foo", "complex128"])
def test_a_dtype_that_is_none_is_named(dtype):
    with pytest.raises(ValueError, match=r"dtype = .*float64.*float32"):
        square(dtype=dtype)


def test_what_is_no_function_is_named():
    with pytest.raises(TypeError, match="takes a function of one example, not 3"):
        engine.compile(3)


def test_a_list_of_results_has_no_gradient():
    program = engine.compile(lambda x: [x, x * x])
    np.testing.assert_array_equal(program([1.0, 2.0]), [[1.0, 1.0], [2.0, 4.0]])
    with pytest.raises(ValueError, match="returns a list of 2: a gradient belongs to one number"):
        program.value_and_grad([1.0, 2.0])
    assert "return" in program.source and str(program) and program.latex() and program.explain()
    with pytest.raises(ValueError, match="a list of 1"):
        engine.compile(lambda x: [x]).value_and_grad([1.0])


def test_a_program_that_is_not_traced_says_what_to_do():
    program = square()
    assert repr(program) == "Program(not traced yet)"
    assert str(program) == "Program(not traced yet): give it a batch first, program(X, Y)"
    for look in ("source", "arrays", "parameters", "compiled"):
        with pytest.raises(ValueError, match="not traced yet: give it a batch first"):
            getattr(program, look)
    for call in ("latex", "explain", "load_from", "store_to", "code"):
        with pytest.raises(ValueError, match="not traced yet: give it a batch first"):
            getattr(program, call)()


# --- numbers at the edge of what a float holds ---


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: (1e200 * x) * (1e200 * x), 1e-201),
        (lambda x: 1e200 * (1e200 * x), 1e-300),
        (lambda x: 1e-200 * (1e-200 * x), 1e300),
        (lambda x: (x * x) / 1e-310 + x, 1e-160),
        (lambda x: 1e200 * (1e200 * (x * x) + x) + x, 1e-300),
    ],
)
def test_numbers_in_a_function_may_be_large_and_small(f, x):
    np.testing.assert_allclose(engine.compile(f)([x]), [f(Value(x)).data], rtol=1e-9)
