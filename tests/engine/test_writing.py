"""What is printed can be typed: each row's notation, whole expressions, and `as_text`, whose text is the same graph again."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import TABLE, Constant, StaleGraphError, UndefinedError, Value, as_text, grad, parse, recompute
from engine.command.tokens import is_name
from engine.graph import topological_order
from engine.ops import general_power, sigmoid
from engine.primitive import Notation, Primitive, call
from engine.say.explain import steps
from engine.say.headline import expression
from engine.say.notation import Term, write

stable = settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def shape(output):
    """The graph as plain data: each node's row, static parameter, operands by their places, kind, and number to the last bit."""
    order = topological_order(output)
    place = {node: i for i, node in enumerate(order)}
    return [
        (node.op and node.op.name, node.op and node.op.static, [place[x] for x in node.operands], node.constant, node.data.hex())
        for node in order
    ]


def bound(row, static):
    return row.bind(static) if row.parameter else row


def where_it_works(row):
    """Numbers for x, y and z at which the row has a value."""
    for numbers in [(0.4, 0.25, 0.75), (1.4, 1.25, 1.75)]:
        try:
            row(*numbers[: row.arity])
        except UndefinedError:
            continue
        return dict(zip("xyz", numbers, strict=True))
    raise AssertionError(f"{row} needs numbers of its own here")


# --- each row as it is printed ---

STATICS = (2.0, 3.0, -1.0, -2.0, 0.0, 1.0, 0.5, -0.5, 1 / 3, 1e6, 1e-05, 100.0)
ROWS = [
    pytest.param(bound(row, static), id=f"{name} {static if row.parameter else ''}")
    for name, row in TABLE.items() for static in ((row.default, *STATICS) if row.parameter else (0.0,))
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_each_row_is_read_as_it_is_printed(row):
    variables = {name: Value(number, name) for name, number in where_it_works(row).items()}
    operands = list(variables.values())[: row.arity]
    text = write(row, [Term.name(x.label) for x in operands], digits=17).text
    f = parse(text, **variables)
    assert (f.op.family, f.op.static, f.operands) == (row.family, row.static, tuple(operands))


@pytest.mark.parametrize("name", TABLE)
def test_each_row_is_read_by_its_own_name(name):
    row = TABLE[name]
    f = parse(f"{name}({', '.join('xyz'[: row.arity or 3])})", **where_it_works(bound(row, row.default)))
    assert f.op.family is row


def test_a_parameter_is_printed_unless_it_is_the_default():
    x = Value(0.5, "x")
    assert [expression(f) for f in (TABLE["elu"](x), TABLE["elu"](x, 2), TABLE["step"](x), TABLE["step"](x, 0))] == [
        "elu(x)", "elu(x, alpha=2)", "step(x)", "step(x, at_zero=0)"]  # fmt: skip


def test_the_forward_steps_on_the_board_are_a_text_that_can_be_typed():
    f = parse("v = |x|**0.3333333333333333; u = σ(v·y); 2u/z", x=-3, y=4, z=0.1)
    text = "\n".join(f"{step.quantity} = {step.formula}" for step in steps(f, digits=17) if step.kind == "forward")
    assert shape(parse(text, x=-3, y=4, z=0.1)) == shape(f)


# --- graphs ---

NUMBERS = st.floats(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 2.0, -2.0, 0.1, math.e, math.pi, 1e-300, 5e-324, 1e16])
LABELS = st.sampled_from(["", "", "", "x", "w", "w", "θ", "σ", "e", "pi", "v1", "exp", "if", "x·y", "w[0]", "2", "ä"])


@st.composite
def graphs(draw):
    """A node computed by rows of the whole table from variables, constants with and without a name, and other nodes."""
    nodes = [Value(draw(NUMBERS), draw(LABELS)) for _ in range(draw(st.integers(1, 3)))]
    nodes += [Constant(draw(NUMBERS), draw(LABELS)) for _ in range(draw(st.integers(1, 3)))]
    for _ in range(draw(st.integers(1, 25))):
        row = TABLE[draw(st.sampled_from(list(TABLE)))]
        operands = [nodes[-1 - draw(st.integers(0, min(6, len(nodes) - 1)))] for _ in range(row.arity or draw(st.integers(1, 4)))]
        try:
            nodes.append(bound(row, draw(st.just(row.default) | NUMBERS))(*operands))
        except UndefinedError:
            nodes.append(TABLE["sin"](operands[0]))
        nodes[-1].label = draw(LABELS)
    return nodes[-1]


@stable
@given(graphs())
def test_a_graph_is_the_same_after_it_was_written_and_read(output):
    text = as_text(output)
    again = parse(text)
    assert shape(again) == shape(output)
    assert as_text(again) == text


@pytest.mark.parametrize("name", TABLE)
def test_every_row_goes_the_way_there_and_back(name):
    row = bound(TABLE[name], 0.3)
    numbers = where_it_works(row)
    x, y, z = Value(numbers["x"], "x"), Constant(numbers["y"]), Value(-numbers["z"]) + 2 * numbers["z"]
    for operands in ([x, y, z], [y, x, x], [z, z, y], [y, y, y], [z, x, z]):
        f = row(*operands[: row.arity])
        assert shape(parse(as_text(f))) == shape(f)


def test_the_text_reads_like_the_board():
    f = parse("v = x²; u = v·y; u/z + 2v", x=3, y=4, z=0.1)
    assert as_text(f).splitlines() == [
        "x = variable(3)", "v = x²", "y = variable(4)", "u = v·y", "z = variable(0.1)", "v1 = u/z", "v2 = 2v", "f = v1 + v2",
    ]  # fmt: skip


def test_a_network_with_its_weights_by_name_is_a_text():
    from nn import MLP

    network = MLP(2, [3, 1], activation="tanh", seed=0)
    f = network([Value(0.5, "x1"), Value(-1.5, "x2")])
    again = parse(as_text(f))
    assert shape(again) == shape(f)
    weights = [node for node in topological_order(f) if not node.operands]
    copies = [node for node in topological_order(again) if not node.operands]
    assert grad(again, copies) == grad(f, weights)


@pytest.mark.parametrize(("label", "name"), [
    ("θ", "θ"), ("w1", "w1"), ("exp", "exp"), ("e", "e"), ("w[0]", "w_0"), ("x·y", "x_y"), ("∂f/∂x", "df_dx"), ("if", "v_if"),
    ("2", "v_2"), ("ä", "v"), ("layers.0.w", "layers_0_w"), ("σ", "σ"),
])  # fmt: skip
def test_a_label_that_can_be_typed_is_kept_and_another_is_changed(label, name):
    assert as_text(Value(2, label) * Value(3, "y")).splitlines()[0] == f"{name} = variable(2)"


def test_names_that_are_changed_stay_apart():
    lines = as_text(Value(1, "w[0]") + Value(2, "w.0") + Value(3, "w_0")).splitlines()
    assert [line.partition(" =")[0] for line in lines] == ["w_0_2", "w_0_3", "v1", "w_0", "v2"]


def test_where_a_printed_name_is_a_variable_the_rows_own_name_is_written():
    f = sigmoid(Value(1, "σ"))
    assert as_text(f) == "σ = variable(1)\nv1 = sigmoid(σ)"
    assert as_text(sigmoid(Value(1, "x"))) == "x = variable(1)\nv1 = σ(x)"


def test_a_constant_among_constants_says_that_it_is_a_node():
    assert as_text(Constant(2) * Constant(3)) == "v1 = mul(constant(2), constant(3))"
    assert as_text(Constant(2, "rate") * Constant(3)) == "rate = constant(2)\nv1 = rate·3"


def test_an_exponent_that_is_a_node_stays_one():
    x = Value(3, "x")
    assert as_text(general_power(x, 2.0)) == "x = variable(3)\nv1 = pow(x, 2)"
    assert as_text(x**2.0) == "x = variable(3)\nv1 = x²"


def test_a_leaf_alone_is_a_text():
    assert as_text(Value(3, "x")) == "x = variable(3)"
    assert shape(parse(as_text(Constant(-0.0)))) == shape(Constant(-0.0))


def test_numbers_that_no_formula_gives_are_refused():
    x = Value(3, "x")
    v = x * x
    f = v + 1
    x.data = 4
    with pytest.raises(StaleGraphError):
        as_text(f)
    recompute(f, {v: 5.0})
    with pytest.raises(ValueError, match=r"^v1 was set to 5 by hand, so no formula gives it: call recompute\(v2\) first\.$"):
        as_text(f)


# --- rows of the user's own ---

@pytest.fixture
def own_row():
    """A row put into the table for one test."""
    added = []

    def add(name, **options):
        TABLE[name] = Primitive(name, lambda x, y: x * x + y, (lambda r, x, y: 2.0 * x, lambda r, x, y: 1.0), **options)
        added.append(name)
        return TABLE[name]

    yield add
    for name in added:
        del TABLE[name]


@pytest.mark.parametrize(("options", "printed"), [
    ({}, "mine(x, y)"),
    ({"notation": call("Φ")}, "Φ(x, y)"),
    ({"notation": Notation("{0} ⊕ {1}", r"{0} \oplus {1}", 1, (1, 2))}, "mine(x, y)"),  # signs that are not in the grammar
])  # fmt: skip
def test_a_row_of_the_users_own_is_read_and_written(own_row, options, printed):
    row = own_row("mine", **options)
    f = parse("mine(x, y)", x=3, y=4)
    assert (f.op, f.data) == (row, 13.0)
    assert as_text(f).splitlines()[-1] == f"f = {printed}"
    assert shape(parse(as_text(f))) == shape(f)


# --- whole expressions ---

def in_one_line(output):
    """The expression with all digits; and its leaves by name, labels that are no names changed."""
    terms, leaves = {}, {}
    for i, node in enumerate(topological_order(output)):
        if node.op:
            terms[node] = write(node.op, [terms[operand] for operand in node.operands], 17)
        elif node.constant and not node.label:
            terms[node] = Term.number(node.data, 17)
        else:
            is_taken = node.label in leaves or node.label == "σ"  # σ(x) is no function where σ is a variable
            name = node.label if is_name(node.label) and not is_taken else f"q{i}"
            terms[node], leaves[name] = Term.name(name), node.data
    return terms[output].text, leaves


@pytest.mark.parametrize("outer", [param for param in ROWS if param.id.endswith(" ") or "0.5" in param.id or "2.0" in param.id])
@pytest.mark.parametrize("numbers", [(0.4, 0.25, 0.75), (1.5, 2.5, -1.25), (-2.0, 3.0, 3.0)], ids=str)
def test_each_row_inside_each_other_is_read_as_it_is_printed(outer, numbers):
    """Parentheses stand where they are needed: the binding levels of the notation are those of the grammar."""
    x, y, z = (Value(number, name) for number, name in zip(numbers, "xyz", strict=True))
    for inner in [param.values[0] for param in ROWS]:
        for position in range(outer.arity or 2):
            try:
                part = inner(*[y, z, x][: inner.arity])
                operands = [z, x, y][: outer.arity]
                operands[position] = part
                f = outer(*operands)
            except UndefinedError:  # the logarithm of a negative number: no graph, so nothing to print
                continue
            again = parse(in_one_line(f)[0], x=x, y=y, z=z)
            if (outer.name, inner.name) in (("neg", "mul"), ("neg", "div")):  # -x·y is read as (-x)·y
                assert again.data == f.data
            else:
                assert shape(again) == shape(f)


@stable
@given(graphs())
def test_an_expression_as_it_is_printed_has_the_same_value(output):
    """The value and not the nodes: numbers among themselves are computed at once."""
    text, leaves = in_one_line(output)
    if len(text) < 2000:
        assert parse(text, **leaves).data == output.data


def test_known_constants_are_printed_by_their_names():
    assert expression(parse("e**x + π·x - 2.718281828459045", x=1)) == "e**x + π·x - e"
    assert expression(parse("e**x - 2.71828", x=1)) == "e**x - 2.71828"
    step = steps(parse("2*exp(x)", x=1))[1]
    assert step.numbers == "2·2.71828"  # a result is a number, even where it happens to be e
