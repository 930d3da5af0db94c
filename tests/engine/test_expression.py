"""Text to Values: the grammar, the names, and what is refused, with its column and what would be right."""

import math
import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import ParseError, UndefinedError, Value, parse
from engine.command.tokens import pointed
from engine.graph import topological_order


def value(text, **variables):
    return parse(text, **variables).data


# --- what can be written ---

@pytest.mark.parametrize(("text", "result"), [
    ("x + 2*y", 11),
    ("x - y - 1", -2),  # from left to right
    ("x/y/2", 0.375),
    ("2**x**2", 512),  # but powers from right to left
    ("-x**2", -9),  # a sign binds less tightly than a power ...
    ("(-x)**2", 9),
    ("2**-x", 0.125),  # ... but may stand in an exponent
    ("-x*-y", 12),
    ("--x", 3),
    ("+x", 3),
    ("((x))", 3),
    (".5 + 1. + 1e-1 + 2.5E+1", 26.6),
    ("\\tx\\n\\n", 3),
    ("exp(0)*x", 3),
    ("maximum(x, y)", 4),
    ("minimum(x, y)", 3),
    ("abs(x - y)", 1),
    ("logsumexp(x, x, x)", 3 + math.log(3)),
    ("elu(x - y)", math.exp(-1) - 1),
    ("elu(x - y, 2)", 2 * (math.exp(-1) - 1)),
    ("elu(x - y, alpha=2)", 2 * (math.exp(-1) - 1)),
    ("leaky_relu(x - y, negative_slope=1/4)", -0.25),
    ("step(0*x, at_zero=0)", 0),
    ("where(x, y, 7)", 4),
    ("pi*x", math.pi * 3),
    ("e**x", math.e**3),
    ("x²·y/z", 18),  # as it is printed
    ("x⁻¹ + 2⁰", 4 / 3),
    ("-x²", -9),
    ("2x + 0.5y²", 14),
    ("-2x/y", -1.5),
    ("√(x + 1)", 2),
    ("√√y·√2", 2),
    ("2/√π", 2 / math.sqrt(math.pi)),
    ("√(2π)", math.sqrt(2 * math.pi)),
    ("|x - y|·|-z|", 2),
    ("||x| - |y|²|", 13),
    ("σ(0·x)", 0.5),
    ("ln(e)*x", 3),
    ("max(x, y) - min(x, y)", 1),
    ("(x > 1) + (x >= 3) + (x < y) + (x ≤ 3) + (x == 3)", 5),
    ("greater(x, y)", 0),
    ("where(greater(x, 0), x, 0)", 3),  # the remedy that the tracer prints
    ("x if x > y else y", 4),
    ("1 if x > y else 2 if x > z else 3", 2),
    ("exp(1 if x else y)", math.e),
    ("add(x, mul(y, z))", 11),
    ("power(x, exponent=3) + pow(x, y)", 108),
    ("number = 2; number*x", 6),
    ("v = x**2; u = v*y; u/z", 18),
    ("v = x**2\\nu = v*y\\nu/z\\n", 18),
    ("v = x; v = v*v; v*v;", 81),  # a name may be assigned again
])  # fmt: skip
def test_an_expression_means_what_python_and_the_lecture_mean(text, result):
    text = text.replace("\\t", "\t").replace("\\n", "\n")
    assert value(text, x=3, y=4, z=2) == pytest.approx(result, rel=1e-15)


def binary(operands):
    return st.tuples(operands, st.sampled_from(["+", "-", "*", "/", "**"]), operands).map(" ".join)


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "y", "2", "0.5", "1e1", "3."]),
    lambda smaller: binary(smaller) | smaller.map("({})".format) | smaller.map("-{}".format) | smaller.map("+{}".format),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_precedence_is_pythons_own(text):
    """Python's eval is the oracle, on text made of nothing but numbers and signs. Undefined here is undefined there."""
    try:
        expected = eval(text, {"__builtins__": {}}, {"x": 1.25, "y": 0.75})
    except ArithmeticError:
        expected = None
    try:
        found = value(text, x=1.25, y=0.75)
    except UndefinedError:
        found = None
    if isinstance(expected, complex) or (expected is not None and not math.isfinite(expected)):
        expected = None  # the engine has neither complex numbers nor infinities
    assert found == pytest.approx(expected, rel=1e-13) if expected is not None else found is None


def test_what_is_written_is_what_is_in_the_graph():
    f = parse("v = x**2; u = v*y; u/z", x=3, y=4, z=2)
    assert [node.label for node in topological_order(f)] == ["x", "v", "y", "u", "z", "f"]
    assert [node.op.name for node in topological_order(f) if node.op] == ["power", "mul", "div"]


@pytest.mark.parametrize(("text", "operations"), [
    ("x**2", ["power"]),  # a number as exponent belongs to the operation, even a computed one
    ("x**(1 + 1)", ["power"]),
    ("x**y", ["pow"]),
    ("2**x", ["pow"]),
    ("2*3*x", ["mul"]),  # numbers among themselves are computed at once
    ("-x", ["neg"]),
    ("-2*x", ["mul"]),
    ("x*x", ["mul"]),
    ("+x + 0.5", ["add"]),
    ("sigmoid(x)", ["sigmoid"]),
])  # fmt: skip
def test_an_expression_is_as_few_nodes_as_it_has_operations_on_values(text, operations):
    output = parse(text, x=3.0, **({"y": 2.0} if "y" in text else {}))
    assert [node.op.name for node in topological_order(output) if node.op] == operations


def test_a_number_alone_is_a_constant():
    assert parse("2 + 3").constant
    assert value("2 + 3") == 5.0


# --- names ---

def test_the_result_knows_its_inputs_by_name():
    f = parse("x**2*y/z", x=3, y=4, z=2)
    f.backward()
    assert {name: leaf.grad for name, leaf in f.inputs.items()} == {"x": 12.0, "y": 4.5, "z": -9.0}


def test_variables_may_be_values_that_have_a_history():
    w = Value(2, "w")
    f = parse("a*x + 1", a=w * w, x=5)
    f.backward()
    assert (f.data, w.grad) == (21.0, 20.0)
    assert list(f.inputs) == ["w", "x"]


def test_a_value_without_a_label_takes_the_name_it_is_given_and_one_with_a_label_keeps_it():
    plain, labelled = Value(3), Value(4, "mine")
    f = parse("x*y", x=plain, y=labelled)
    assert (plain.label, labelled.label) == ("x", "mine")
    assert f.inputs["x"] is plain


@pytest.mark.parametrize(("text", "label"), [
    ("x*x", "f"),  # the result is called f ...
    ("cost = x*x", "cost"),  # ... unless it is given another name,
    ("cost = x*x; cost", "cost"),
    ("f*x", ""),  # or the name is taken
    ("x", "x"),
])  # fmt: skip
def test_the_result_has_a_name(text, label):
    assert parse(text, x=3, **({"f": 2} if text.startswith("f") else {})).label == label


@pytest.mark.parametrize(("text", "variables", "result"), [
    ("e*pi + exp*sin", {"e": 2, "pi": 3, "exp": 4, "sin": 5}, 26),
    ("exp(exp)", {"exp": 0}, 1),  # with parentheses after it, a name is a function
    ("pi = 3; 2*pi*r", {"r": 1}, 6),
    ("x = 4; x*x", {"x": 3}, 16),
])  # fmt: skip
def test_the_users_own_names_win(text, variables, result):
    assert value(text, **variables) == result


def test_undefined_arithmetic_in_text_is_named_as_the_text_names_it():
    with pytest.raises(UndefinedError) as caught:
        parse("v = x**2; u = v*y; u/z", x=3, y=4, z=0)
    assert str(caught.value) == (
        "f = u/z divides by zero: u = 36, z = 0. Neither f nor ∂f/∂z = -u/z² exists there. Any other z works."
    )


# --- what is refused ---

REFUSED = [
    # text, column, advice
    ("x²y/z", 3, "write products with a star: x²*y"),
    ("x^2", 2, "write powers as x**2 or x²"),
    ("x×y", 2, "write products as x*y or x·y"),
    ("2x1", 2, "write products with a star: 2*x1"),  # only a name of letters takes a number before it: not 0x10, 2e3
    ("2sin(x)", 2, "write products with a star: 2*sin"),
    ("2 x", 3, "write products with a star: 2*x"),
    ("x2²y", 4, "write products with a star: x2²*y"),
    ("1/2x", 3, "/2x can be read in two ways: write /(2*x), or /2*x"),
    ("x**-2y", 5, "can be read in two ways: write **(2*y), or **2*y"),
    ("√x²", 3, "the root of a power needs parentheses: write sqrt(x**2) or sqrt(x)**2"),
    ("x²³²**2", 5, "a power of a power needs parentheses: (x**2)**3"),
    ("x y", 3, "write products with a star: x*y"),
    ("1e5x", 4, "write products with a star: 1e5*x"),
    ("0x10", 2, "write products with a star: 0*x10"),
    ("(x)(y)", 4, "write products with a star"),
    ("x−y", 2, "write minus as -"),
    ("x÷y", 2, "write division as x/y"),
    ("[x]", 1, "write parentheses as ( and )"),
    ("math.exp(x)", 5, "write numbers as 0.5, and functions as exp(x)"),
    ("(x", 3, 'the "(" of column 1 is not closed here'),
    ("exp(x", 6, "is not closed here"),
    ("x)", 2, 'this ")" closes nothing; leave it out, or open it with "("'),
    ("", 1, "there is no expression; write one such as x**2*y/z"),
    (" ; ", 1, "there is no expression; write one such as x**2*y/z"),
    ("x +", 4, "something is missing here: a name, a number or a parenthesis"),
    ("v =", 4, "something is missing here"),
    ("*x", 1, 'a name, a number or "(" belongs here, not "*"'),
    ("x//y", 3, 'a name, a number or "(" belongs here, not "/"'),
    ("()", 2, 'a name, a number or "(" belongs here, not ")"'),
    ("3 = x", 3, "only a name can be assigned to, as in v = x**2; v*y"),
    ("x + y = 3", 7, "only a name can be assigned to, as in v = x**2; v*y (and x == y compares)"),
    ("x > y > 1", 7, "compare two things at a time: write (x > y)*(y > z)"),
    ("x != y", 3, "for x != y write 1 - (x == y)"),
    ("x if y", 7, "a choice has two sides: write x if c else y"),
    ("x else y", 3, 'this "else" has no "if": write x if c else y'),
    ("if x", 1, 'a name, a number or "(" belongs here, not "if"'),
    ("|x", 3, 'the "|" of column 1 is not closed here'),
    ("(|x)", 4, 'this ")" closes nothing'),
    ("x|", 2, 'this "|" closes nothing; to multiply by an absolute value write x*|x|'),
    ("constant(x)", 1, "constant takes one number, as in constant(3)"),
    ("variable()", 1, "variable takes one number, as in variable(3)"),
    ("x, y", 2, "use names, numbers, + - * / **, parentheses and functions such as exp(x)"),
    ("lambda: 3", 7, "use names, numbers"),
    ("__import__('os')", 12, "use names, numbers"),
    ("'x'", 1, "use names, numbers"),
    ("x\\0", 2, "use names, numbers"),
    ("w", 1, "w has no value; give it one, such as w=2 (known: x, y)"),
    ("u = v; v = x", 5, "v has no value"),
    ("sin", 1, "sin is a function: write sin(x)"),
    ("Sin(x)", 1, "there is no function Sin; did you mean sin?"),
    ("sigmoyd(x)", 1, "there is no function sigmoyd; did you mean sigmoid?"),
    ("x(3)", 1, "there is no function x; there are "),
    ("exp()", 1, "exp takes 1 argument; here it has 0"),
    ("exp(x, y)", 1, "exp takes 1 argument; here it has 2"),
    ("Φ(x)", 1, "there is no function Φ"),
    ("σ", 1, "σ is a function: write σ(x)"),
    ("maximum(x)", 1, "maximum takes 2 arguments; here it has 1"),
    ("elu(x, 1, 2)", 1, "elu takes 1 argument, and alpha= if you like; here it has 3"),
    ("elu(x, beta=2)", 1, "elu has no argument beta="),
    ("elu(x, alpha=y)", 1, "alpha of elu must be a number, not something computed"),
    ("x + 1e999", 5, "this number is larger than any float; 1.8e308 is the largest"),
    ("x + \udcff", 5, "this byte is not text; type it again"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "advice"), REFUSED, ids=[ascii(text) for text, _, _ in REFUSED])
def test_everything_else_is_refused_with_its_column_and_what_would_be_right(text, column, advice):
    text = text.replace("\\0", "\0")
    with pytest.raises(ParseError) as caught:
        parse(text, x=3, y=4)
    assert (caught.value.column, caught.value.text) == (column, text)
    assert advice in caught.value.advice


def test_the_sentence_of_the_issue():
    with pytest.raises(ParseError) as caught:
        parse("x²y/z", x=3, y=4, z=2)
    assert str(caught.value) == 'Cannot read "x²y/z" at column 3: write products with a star: x²*y.'
    assert pointed(caught.value) == ["x²y/z", "  ^"]


@pytest.mark.parametrize(("text", "column"), [("x" + " + x" * 100 + " ^", 403), ("^" + " + x" * 100, 1),
                                              ("x" + " + x" * 50 + "^ + x" * 50, 202)])  # fmt: skip
def test_of_a_long_text_the_part_around_the_caret_is_shown(text, column):
    with pytest.raises(ParseError) as caught:
        parse(text, x=1)
    near, caret = pointed(caught.value)
    assert caught.value.column == column
    assert len(near) <= 70
    assert near[caret.index("^")] == "^"


@pytest.mark.parametrize(("advised", "variables"), [
    ("x**2*y/z", {"x": 3, "y": 4, "z": 2}), ("x*y", {"x": 3, "y": 4}), ("v = x**2; v*y", {"x": 3, "y": 4}),
    ("sqrt(x)", {"x": 3}), ("exp(x)", {"x": 3}), ("abs(x)", {"x": 3}), ("step(x)", {"x": 3}), ("pi", {}),
    ("maximum(x, y)", {"x": 3, "y": 4}), ("where(c, x, y)", {"c": 1, "x": 3, "y": 4}),
])  # fmt: skip
def test_what_the_advice_recommends_works(advised, variables):
    assert math.isfinite(value(advised, **variables))


@pytest.mark.parametrize("text", [b"x", 3, None, ["x"]], ids=repr)
def test_what_is_no_text_is_refused(text):
    with pytest.raises(TypeError):
        parse(text, x=3)


MONSTERS = {
    "a million characters": "x+" * 500_000 + "x",
    "a million letters": "x" * 1_000_000,
    "statements beyond a million characters": "v = x;" * 200_000,
    "a number of a million digits": "1" * 1_000_000,
    "parentheses 50,000 deep": "(" * 50_000 + "x" + ")" * 50_000,
    "parentheses never closed": "(" * 5_000,
    "signs 50,000 deep": "-" * 50_000 + "x",
    "powers 3,000 deep": "x**" * 3_000 + "x",
    "calls 2,000 deep": "exp(" * 2_000 + "x" + ")" * 2_000,
    "a number of 9,000 digits": "1" * 9_000,
}


@pytest.mark.parametrize("name", MONSTERS)
def test_monsters_are_refused_at_once(name):
    start = time.perf_counter()
    with pytest.raises(ParseError) as caught:
        parse(MONSTERS[name], x=1.0)
    assert time.perf_counter() - start < 1
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["9**9**9**9", "x**9**9**9", "exp(exp(exp(exp(x))))"])
def test_towers_of_powers_overflow_at_once(text):
    start = time.perf_counter()
    with pytest.raises(UndefinedError, match="overflows"):
        parse(text, **({"x": 9.0} if "x" in text else {}))
    assert time.perf_counter() - start < 1


WORDS = ["x", "y", "σ", "exp", "max", "elu", "pow", "fsum", "constant", "if", "else", "alpha", "2", "0.5", "1e308", "²", "⁻¹",
         "+", "-", "*", "·", "/", "**", "(", ")", "(", ")", ",", "=", "==", ">", ">=", "<", "√", "|", ";", " "]  # fmt: skip


@settings(max_examples=2000, deadline=None, derandomize=True, database=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map("".join) | st.text(max_size=12), min_size=5, max_size=5))
def test_whatever_is_typed_is_read_or_refused_with_a_sentence(texts):
    """10,000 texts, of the grammar's own words and of any signs at all."""
    for text in texts:
        try:
            assert math.isfinite(value(text, x=3.0, y=0.5))
        except (ParseError, UndefinedError) as error:
            assert str(error)


def test_a_long_and_a_moderately_deep_expression_are_read():
    assert value("x" + "+x" * 4_000, x=1) == 4_001
    assert value("(" * 50 + "x" + ")" * 50, x=1) == 1
    assert value("-" * 50 + "x", x=1) == 1
    assert value("; ".join(f"v{i} = x + {i}" for i in range(500)), x=1) == 500
    assert value("\n".join(f"v{i} = x + {i}" for i in range(20_000)), x=1) == 20_000  # the text of a large graph


def test_the_error_pickles():
    with pytest.raises(ParseError) as caught:
        parse("x +", x=1)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.text, again.column) == (str(caught.value), "x +", caught.value.column)
