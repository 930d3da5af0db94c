"""While a function is traced its Values may be computed with, but not looked at; outside nothing is different.

Each way to look is one function here, so that the line the message must name is a line of that function.
"""

import copy
import inspect
import math
import pickle
import threading

import numpy as np
import pytest

import engine
from engine import TracingError, Value, exp, log, sqrt, tanh

BATCH = np.array([1.0, 2.0])
CHOOSE, COMPUTE = "Choose by a computation: engine.maximum", r"engine.exp\(x\), not math.exp\(x\)"
FROZEN = "It would freeze"


def as_condition(v):
    if v:
        return 1.0


def as_end_of_a_loop(v):
    while v:
        v = v - 1


def assigned(v):
    v.data = 2.0


def without_a_graph(v):
    with engine.no_grad():
        return v * 2


def matched(v):
    match v:
        case 1.0:
            return 1.0


LOOKS = {
    "<": (lambda v: v < 1, CHOOSE),
    "<=": (lambda v: v <= 1, CHOOSE),
    ">": (lambda v: v > 1, CHOOSE),
    ">=": (lambda v: v >= 1, CHOOSE),
    "a number <": (lambda v: 1.0 < v, CHOOSE),  # noqa: SIM300  # the number is asked first
    "a NumPy number <": (lambda v: np.float64(1) < v, CHOOSE),
    "a Value <": (lambda v: v < v * 2, CHOOSE),
    "==": (lambda v: v == 1.0, CHOOSE),
    "!=": (lambda v: v != 1.0, CHOOSE),
    "a number ==": (lambda v: 1.0 == v, CHOOSE),  # noqa: SIM300
    "a NumPy number ==": (lambda v: np.float64(1) == v, CHOOSE),
    "a Value ==": (lambda v: v == v * 1, CHOOSE),
    "in": (lambda v: v in [1.0, 2.0], CHOOSE),
    "a number in": (lambda v: 1.0 in [v], CHOOSE),
    "index": (lambda v: [1.0, 2.0].index(v), CHOOSE),
    "match": (matched, CHOOSE),
    "bool": (lambda v: bool(v), CHOOSE),
    "if": (as_condition, CHOOSE),
    "while": (as_end_of_a_loop, CHOOSE),
    "not": (lambda v: not v, CHOOSE),
    "and": (lambda v: v and 1.0, CHOOSE),
    "or": (lambda v: v or 1.0, CHOOSE),
    "any": (lambda v: any([v]), CHOOSE),
    "float": (lambda v: float(v), COMPUTE),
    "complex": (lambda v: complex(v), COMPUTE),
    "int": (lambda v: int(v), COMPUTE),
    "%.2f": (lambda v: "%.2f" % v, COMPUTE),  # noqa: UP031
    "math.exp": (lambda v: math.exp(v), COMPUTE),
    "math.floor": (lambda v: math.floor(v), COMPUTE),
    "math.isclose": (lambda v: math.isclose(v, 1.0), COMPUTE),
    "Value(v)": (lambda v: Value(v), COMPUTE),
    "np.float64": (lambda v: np.float64(v), COMPUTE),
    "an array of floats": (lambda v: np.array([v], dtype=float), COMPUTE),
    "list[v]": (lambda v: [1, 2, 3][v], "equal"),
    "a slice": (lambda v: [1, 2, 3][:v], "equal"),
    "range": (lambda v: range(v), "equal"),
    "data": (lambda v: v.data, COMPUTE),
    "assigning data": (assigned, "before or after the program runs"),
    "grad": (lambda v: v.grad, "create_graph=True"),
    "backward": (lambda v: (v * v).backward(), "value_and_grad"),
    "detach": (lambda v: v.detach(), FROZEN),
    "copy": (lambda v: copy.copy(v), "Use the Value itself"),
    "deepcopy": (lambda v: copy.deepcopy([v]), "Use the Value itself"),
    "pickle": (lambda v: pickle.dumps(v), "Use the Value itself"),
    "max": (lambda v: max(v, 0.0), CHOOSE),
    "min": (lambda v: min(0.0, v), CHOOSE),
    "sorted": (lambda v: sorted([v, v * 2]), CHOOSE),
    "no_grad": (without_a_graph, FROZEN),
    "an array >": (lambda v: np.array([v]) > 0, CHOOSE),
    "an array ==": (lambda v: np.array([v]) == 0, CHOOSE),
    "np.maximum": (lambda v: np.maximum(v, 0.0), CHOOSE),
    "np.max": (lambda v: np.max([v, v * 2]), CHOOSE),
    "np.any": (lambda v: np.any(np.array([v])), CHOOSE),
    "explain": (lambda v: engine.explain(v * v), "not numbers"),
}

# These give plain numbers, which would be those of one example for good.
DERIVATIVES = {
    "grad": lambda v: engine.grad(v * v, v) * v,
    "hessian": lambda v: engine.hessian(v * v * v, [v])[0][0] * v,
    "jacobian": lambda v: engine.jacobian([v * v], [v])[0][0] * v,
    "paths": lambda v: next(engine.paths(exp(v * v), v)).product * v,
}


def looking(look, at):
    """A function of one example that looks at its input, or at a parameter."""
    p = Value(0.5, "p")
    return (lambda x: look(x)) if at == "an input" else (lambda x: [look(p), x][1])


@pytest.mark.parametrize("at", ["an input", "a parameter"])
@pytest.mark.parametrize("how", LOOKS)
def test_every_way_to_look_is_refused_with_place_and_remedy(how, at):
    look, instead = LOOKS[how]
    with pytest.raises(TracingError, match=instead) as caught:
        engine.compile(looking(look, at))(BATCH)
    lines, first = inspect.getsourcelines(look)
    places = {f"test_tracing.py, line {number}:" for number in range(first, first + len(lines))}
    assert any(str(caught.value).startswith(place) for place in places), str(caught.value)
    assert engine.modes.tracing.blocks == 0


@pytest.mark.parametrize("how", ["round(v)", "round(v, 2)", "math.trunc(v)", "v // 1", "v % 2", "divmod(v, 2)", "len(v)",
                                 "list(v)", "f'{v:.2f}'", "'{:.1f}'.format(v)", "'%d' % v", "+v"])  # fmt: skip
def test_what_no_value_does_is_pythons_own_type_error(how):
    with pytest.raises(TypeError):
        engine.compile(lambda v: eval(how, {"v": v, "math": math}))(BATCH)


@pytest.mark.parametrize("how", DERIVATIVES)
def test_a_derivative_that_is_a_plain_number_is_not_frozen(how):
    """It would be the derivative at the first example, for every example."""
    f = DERIVATIVES[how]
    try:
        got = engine.compile(f)(BATCH)
    except TracingError:
        return
    np.testing.assert_allclose(got, [float(f(Value(x))) for x in BATCH], rtol=1e-12)


PLAIN = {
    "grad": (DERIVATIVES["grad"], "asks for derivatives as plain numbers", "Write create_graph=True: then they are Values."),
    "paths": (DERIVATIVES["paths"], "asks for paths, which are plain numbers", "Write engine.grad(f, x, create_graph=True)."),
    "jvp": (lambda v: engine.jvp(v * v, [v], [1.0])[1] * v, "asks for a derivative as a plain number",
            "Write engine.grad(f, x, create_graph=True)."),
}  # fmt: skip


@pytest.mark.parametrize("how", PLAIN)
def test_a_derivative_that_would_be_a_plain_number_is_refused_with_what_to_write(how):
    f, asked, instead = PLAIN[how]
    with pytest.raises(TracingError) as caught:
        engine.compile(f)(BATCH)
    assert f"` {asked}: a compiled program sees values, not numbers" in str(caught.value)
    assert str(caught.value).endswith(f" {instead}")


@pytest.mark.parametrize("name", ["previous", "has_grad"])
def test_other_state_of_a_parameter_is_not_looked_at_either(name):
    p = Value(0.5)
    p.data, p.grad = 0.6, 1.0
    with pytest.raises(TracingError):
        engine.compile(lambda x: x if getattr(p, name) else x * 2)(BATCH)


def test_assigning_a_gradient_is_refused():
    p = Value(0.5)
    with pytest.raises(TracingError):
        engine.compile(lambda x: [setattr(p, "grad", 1.0), x][1])(BATCH)


def test_what_does_not_look_is_allowed():
    p = Value(0.5, "p")

    def f(x):
        assert x is not p and x == x and p in [p] and x in {x} and {x: 1}[x] == 1 and hash(x) and x != "x"
        assert isinstance(x, Value) and not isinstance(x, float) and x.label == "x" and x is not None and x != None  # noqa: E711
        return sum([max([x]), p]) + np.exp(x) + np.array([x, p]).sum() + np.dot([x, 1.0], [p, p]) + abs(-x) + 2**x + x**p

    np.testing.assert_allclose(engine.compile(f)(BATCH), [f(Value(x, "x")).data for x in BATCH], rtol=1e-12)


# --- outside ---


def test_outside_a_trace_values_are_looked_at_as_ever():
    engine.compile(lambda x: x)(BATCH)
    x, y = Value(1.0), Value(2.0)
    assert x < y <= 2 and y > 1 >= x and bool(x) and not Value(0.0)
    assert x == x and x != y and x != 1.0 and x != Value(1.0) and y in [x, y] and [x, y].index(y) == 1
    assert len({x, y, x}) == 2 and {x: "x"}[x] == "x" and 1.0 not in [x]
    assert max(x, y) is y and sorted([y, x])[0] is x and x.data == x.item() == 1
    assert copy.copy(x).data == copy.deepcopy([x])[0].data == pickle.loads(pickle.dumps(x)).data == x.detach().data == 1.0
    with engine.no_grad():
        assert (x * 2).constant
    (x * y).backward()
    assert (x.grad, y.grad) == (2.0, 1.0)


@pytest.mark.parametrize("use", [lambda v: [1, 2, 3][v], lambda v: range(v), lambda v: "a" * v])
def test_outside_a_value_as_a_position_is_a_type_error_with_a_sentence(use):
    with pytest.raises(TypeError, match=r"A position is a whole number.*int\(value\.data\)"):
        use(Value(1.0))


def test_another_thread_may_look_while_this_one_traces():
    seen, other = [], Value(3.0)

    def look():
        seen.append((other.data, other > 2, bool(other), other == 3.0, copy.copy(other).data, (other * 2).data))

    def f(x):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return x * other

    np.testing.assert_allclose(engine.compile(f)(BATCH), 3 * BATCH)
    assert seen == [(3.0, True, True, False, 3.0, 6.0)]


def test_two_threads_trace_at_once():
    ready, results = threading.Barrier(2, timeout=10), {}

    def work(factor):
        def f(x):
            ready.wait()
            return x * factor

        results[factor] = engine.compile(f)(BATCH)

    threads = [threading.Thread(target=work, args=(factor,)) for factor in (2.0, 3.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose([results[2.0], results[3.0]], [2 * BATCH, 3 * BATCH])
    assert engine.modes.tracing.blocks == 0


# --- one inside the other, and exceptions ---


def test_a_trace_inside_a_trace_leaves_the_outer_one_open():
    def f(x):
        assert engine.compile(lambda y: y * y)([3.0]) == [9.0]
        return 1.0 if x > 0 else x

    with pytest.raises(TracingError, match=r"test_tracing\.py"):
        engine.compile(f)(BATCH)
    assert engine.modes.tracing.blocks == 0


def test_a_program_called_with_traced_values_says_that_it_looks():
    inner = engine.compile(lambda y: y * y)
    inner(BATCH)
    with pytest.raises(TracingError, match=r"test_tracing\.py"):
        engine.compile(lambda x: inner([x])[0])(BATCH)


@pytest.mark.parametrize("error", [KeyError("k"), ZeroDivisionError(), KeyboardInterrupt(), TracingError("mine")])
def test_after_an_exception_the_trace_is_closed_and_the_next_one_works(error):
    fails = [True]

    def f(x):
        if fails.pop() if fails else False:
            raise error
        return x * 2

    program = engine.compile(f)
    with pytest.raises(type(error)):
        program(BATCH)
    assert engine.modes.tracing.blocks == 0 and Value(1.0) < 2 and repr(program) == "Program(not traced yet)"
    np.testing.assert_allclose(program(BATCH), 2 * BATCH)


def test_after_an_exception_in_the_penalty_the_trace_is_closed():
    p = Value(0.5)
    with pytest.raises(TracingError, match=r"test_tracing\.py"):
        engine.compile(lambda x: x * p, penalty=lambda: 1.0 if p > 0 else p)(BATCH)
    assert engine.modes.tracing.blocks == 0 and p.data == 0.5


@pytest.mark.parametrize(
    ("f", "sentence"),
    [
        (lambda x: log(x - 1), r"log\(v1\) is undefined: v1 = 0 \(from x = 1\).*Any v1 > 0 works"),
        (lambda x: 1 / (x - 1), r"divides by zero: v1 = 0 \(from x = 1\)"),
        (lambda x: exp(1000 * x), r"overflows: v1 = 1000 \(from x = 1\)"),
    ],
)
def test_what_is_undefined_at_the_first_example_keeps_its_own_sentence(f, sentence):
    with pytest.raises(engine.UndefinedError, match=sentence):
        engine.compile(f)(BATCH)
    assert engine.modes.tracing.blocks == 0


def test_a_derivative_undefined_at_the_first_example_keeps_its_own_sentence():
    f = lambda x: engine.grad(sqrt(x - 1), x, create_graph=True)
    with pytest.raises(engine.UndefinedError, match="does not exist"):
        f(Value(1.0))
    with pytest.raises(engine.UndefinedError, match="does not exist"):
        engine.compile(f)(BATCH)


# --- derivatives inside the function ---


@pytest.mark.parametrize(
    "f",
    [
        lambda x, p: engine.grad(tanh(x * p) * x, x, create_graph=True),
        lambda x, p: engine.grad(engine.grad(exp(x * p), x, create_graph=True) * x, x, create_graph=True),
        lambda x, p: sum(g * g for g in engine.grad(x * x * p + p * p * p, [x, p], create_graph=True)),
        lambda x, p: engine.grad(engine.gelu(x * p), p, create_graph=True) ** 2 + x,
    ],
)
def test_gradients_inside_the_function_compile_and_agree(f):
    p = Value(0.7, "p")
    program = engine.compile(lambda x: f(x, p))
    values, slopes = [], []
    for number in BATCH:
        cost = f(Value(number), p)
        values.append(cost.data)
        slopes.append(engine.grad(cost, p))
    np.testing.assert_allclose(program(BATCH), values, rtol=1e-12)
    value, gradient = program.value_and_grad(BATCH)
    np.testing.assert_allclose([value, gradient[p]], [np.mean(values), np.mean(slopes)], rtol=1e-12)


def test_a_block_of_no_grad_around_a_program_does_not_matter():
    p = Value(0.5)
    program = engine.compile(lambda x: x * p)
    with engine.no_grad():  # the first call traces
        np.testing.assert_allclose(program(BATCH), 0.5 * BATCH)


def test_help_shows_the_arguments_of_a_guarded_method():
    assert engine.compile  # which guards them
    assert [*inspect.signature(Value.backward).parameters] == ["self", "seed"]
    assert [*inspect.signature(Value.detach).parameters] == ["self"]
