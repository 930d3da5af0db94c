"""The chain rule, seen: every step as data, on the board, in LaTeX, as JSON and in a notebook."""

import json

import pytest

from engine import Value, explain, grad, latex, parse, sigmoid, sqrt, steps, tanh, to_data
from engine.graph import names, topological_order
from engine.say.headline import expression


@pytest.fixture
def f():
    return parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)


# --- steps: the computation as data ---

def test_the_steps_of_the_worked_example_line_by_line(f):
    found = [(step.kind, step.quantity, step.formula, step.numbers, step.result) for step in steps(f)]
    assert found == [
        ("forward", "v", "x²", "3²", 9),
        ("forward", "u", "v·y", "9·4", 36),
        ("forward", "f", "u/z", "36/2", 18),
        ("seed", "∂f/∂f", "1", "1", 1),
        ("backward", "∂f/∂u", "∂f/∂f · 1/z", "1 · 1/2", 0.5),
        ("backward", "∂f/∂z", "∂f/∂f · (-u/z²)", "1 · (-36/2²)", -9),
        ("backward", "∂f/∂v", "∂f/∂u · y", "0.5 · 4", 2),
        ("backward", "∂f/∂y", "∂f/∂u · v", "0.5 · 9", 4.5),
        ("backward", "∂f/∂x", "∂f/∂v · 2x", "2 · 2·3", 12),
    ]


def test_a_backward_step_knows_its_edge(f):
    u, z = f.operands
    step = steps(f)[5]
    assert (step.node, step.via, step.position) == (z, f, 1)
    assert (step.total, step.arrived, step.expected) == (-9.0, 1, 1)
    assert u.operands[0].label == steps(f)[6].name == "v"


def test_where_two_paths_meet_each_contribution_is_shown_and_the_sum():
    f = parse("x*x*y/z", x=3, y=4, z=2)
    first, second, total = steps(f)[-3:]
    assert [(s.kind, s.formula, s.numbers, s.result) for s in (first, second)] == [
        ("backward", "∂f/∂v1 · x", "2 · 3", 6)] * 2  # fmt: skip
    assert (first.position, second.position) == (0, 1)
    assert (first.total, second.total) == (6, 12)
    assert (first.arrived, second.arrived, second.expected) == (1, 2, 2)
    assert (total.kind, total.formula, total.numbers, total.result) == ("sum", "two paths: add", "6 + 6", 12)


def test_three_contributions_and_a_negative_one():
    x = Value(2, "x")
    f = x * x * 5 - x
    assert [s.numbers for s in steps(f) if s.kind == "sum"] == ["-1 + 10 + 10"]
    assert [s.formula for s in steps(f) if s.kind == "sum"] == ["three paths: add"]
    f = x - x
    assert [(s.numbers, s.result) for s in steps(f) if s.kind == "sum"] == [("1 + (-1)", 0)]


def test_the_steps_end_in_the_gradient_of_every_node():
    f = parse("tanh(x*y)*x + exp(-y)*maximum(x, y)", x=0.3, y=0.7)
    last = {step.node: step.result for step in steps(f) if step.kind != "forward"}
    nodes = [node for node in topological_order(f) if not node.constant]
    assert [last[node] for node in nodes] == pytest.approx(grad(f, nodes), rel=1e-15)


def test_looking_leaves_every_gradient_alone(f):
    steps(f)
    explain(f)
    to_data(f)
    assert not any(node.has_grad for node in topological_order(f))


def test_a_constant_is_no_target_of_a_backward_step():
    assert [step.quantity for step in steps(2 * Value(3, "x") + 1)] == ["v1", "v2", "∂v2/∂v2", "∂v2/∂v1", "∂v2/∂x"]


@pytest.mark.parametrize(("function", "at", "numbers", "computed"), [
    (sigmoid, 40.0, "1 · 1·(1 - 1)", "computed as f·σ(-t) = 4.24835e-18, which keeps the digits"),
    (tanh, 20.0, "1 · (1 - 1²)", "computed as sech(t)² = 1.69934e-17, which keeps the digits"),
    (sigmoid, 1.0, "1 · 0.731059·(1 - 0.731059)", ""),  # here the textbook's formula gives the printed result
    (tanh, 0.5, "1 · (1 - 0.462117²)", ""),
])  # fmt: skip
def test_where_the_textbooks_formula_would_give_another_number_the_computed_form_is_shown(function, at, numbers, computed):
    f = function(Value(at, "t"))
    f.label = "f"
    step = steps(f)[-1]
    assert (step.numbers, step.computed) == (numbers, computed)
    assert computed in explain(f)


def test_digits_are_chosen(f):
    third = parse("x/3", x=1)
    assert [steps(third, digits=digits)[2].numbers for digits in (3, 9)] == ["1 · 1/3"] * 2
    assert "0.333 " in explain(third, digits=3).replace("\n", " ")
    assert "0.333333333 " in explain(third, digits=9).replace("\n", " ")


# --- explain: the board ---

BOARD = """\
f = x²·y/z   at   x = 3, y = 4, z = 2

Forward: each value from the ones above it
  v = x²  = 3²   = 9
  u = v·y = 9·4  = 36
  f = u/z = 36/2 = 18

Backward: the derivative that arrives, times the local derivative
  ∂f/∂f                   = 1
  ∂f/∂u = ∂f/∂f · 1/z     = 1 · 1/2      = 0.5
  ∂f/∂z = ∂f/∂f · (-u/z²) = 1 · (-36/2²) = -9
  ∂f/∂v = ∂f/∂u · y       = 0.5 · 4      = 2
  ∂f/∂y = ∂f/∂u · v       = 0.5 · 9      = 4.5
  ∂f/∂x = ∂f/∂v · 2x      = 2 · 2·3      = 12"""


def test_the_worked_example_stands_on_the_board_as_a_lecturer_would_put_it(f):
    assert explain(f) == BOARD


def test_the_sum_over_two_paths_stands_under_them():
    assert explain(parse("x*x", x=3)).splitlines()[-4:] == [
        "  ∂f/∂f             = 1",
        "  ∂f/∂x = ∂f/∂f · x = 1 · 3 = 3",
        "  ∂f/∂x = ∂f/∂f · x = 1 · 3 = 3",
        "  ∂f/∂x = 3 + 3 = 6   two paths: add",
    ]


def test_wrt_keeps_the_steps_that_lead_to_these_nodes(f):
    assert explain(f, wrt=[f.inputs["x"]]).splitlines()[-4:] == [
        "  ∂f/∂f               = 1",
        "  ∂f/∂u = ∂f/∂f · 1/z = 1 · 1/2 = 0.5",
        "  ∂f/∂v = ∂f/∂u · y   = 0.5 · 4 = 2",
        "  ∂f/∂x = ∂f/∂v · 2x  = 2 · 2·3 = 12",
    ]
    assert [step.name for step in steps(f, wrt=[f.inputs["y"]]) if step.kind == "backward"] == ["u", "y"]


def test_an_input_alone_and_a_constant_have_little_to_explain():
    assert explain(Value(3, "x")).splitlines()[0] == "x   at   x = 3"
    assert explain(Value(3, "x")).splitlines()[-1] == "  ∂x/∂x = 1"


@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_wider_than_the_page(width):
    f = parse("sigmoid(weight*pixel + bias)", weight=0.123456, pixel=-2.34567, bias=3.45678)
    assert max(map(len, explain(f, width=width).splitlines())) <= width


def test_a_long_expression_is_headed_by_its_name_alone():
    total = sum(Value(i, f"number{i}") for i in range(20))
    head = explain(total, width=200).splitlines()[0]
    assert head.startswith("v19   at   number0 = 0, number1 = 1")
    assert head.endswith("(20 inputs)")
    assert explain(total).splitlines()[0] == "v19"  # the inputs have the next lines to themselves


@pytest.mark.parametrize(("text", "formula"), [
    ("x - (y - z)", "x - (y - z)"),
    ("x - y - z", "x - y - z"),
    ("x/(y*z)", "x/(y·z)"),
    ("x/y*z", "x/y·z"),
    ("(x + y)*z", "(x + y)·z"),
    ("(x + y)**2", "(x + y)²"),
    ("(x**2)**3", "(x²)³"),
    ("(-x)**2", "(-x)²"),
    ("-x**2", "-x²"),
    ("-(x + y)", "-(x + y)"),
    ("x*-y", "x·(-y)"),
    ("x**-1", "x⁻¹"),
    ("x**y", "x**y"),
    ("x**(y + 1)", "x**(y + 1)"),
    ("x**0.5", "x**0.5"),
    ("2*x", "2x"),
    ("x*2", "x·2"),
    ("exp(x)*y", "exp(x)·y"),
    ("abs(x - y)", "|x - y|"),
    ("elu(x, alpha=2)", "elu(x, alpha=2)"),
    ("sigmoid(x)", "σ(x)"),
])  # fmt: skip
def test_formulas_have_the_parentheses_they_need_and_no_others(text, formula):
    variables = {name: number for name, number in (("x", 3), ("y", 4), ("z", 2)) if name in text.replace("exp", "")}
    assert explain(parse(text, **variables)).startswith(f"f = {formula}   at   ")


@pytest.mark.parametrize(("f", "formula", "written"), [
    (lambda x: x * -2, "x·(-2)", r"x \cdot \left(-2\right)"),
    (lambda x: x + -2, "x + (-2)", r"x + \left(-2\right)"),
    (lambda x: x * 0.5, "x·0.5", r"x \cdot 0.5"),
    (lambda x: x + 1e20, "x + 1e+20", r"x + 10^{20}"),
])  # fmt: skip
def test_a_constant_in_a_formula_is_a_number_and_a_negative_one_has_parentheses(f, formula, written):
    step = steps(f(Value(3, "x")))[0]
    assert step.formula == formula
    assert step.latex[1] == written


def test_a_negative_base_keeps_its_parentheses_in_the_headline():
    assert expression((-2) ** Value(3, "x")) == "(-2)**x"


# --- LaTeX ---

def test_latex_of_the_worked_example(f):
    assert latex(f).splitlines() == [
        r"\begin{align*}",
        r"v &= x^{2} = 3^{2} = 9 \\",
        r"u &= v \cdot y = 9 \cdot 4 = 36 \\",
        r"f &= \frac{u}{z} = \frac{36}{2} = 18 \\",
        r"\frac{\partial f}{\partial f} &= 1 \\",
        r"\frac{\partial f}{\partial u} &= \frac{\partial f}{\partial f} \cdot \frac{1}{z} = 1 \cdot \frac{1}{2} = 0.5 \\",
        r"\frac{\partial f}{\partial z} &= \frac{\partial f}{\partial f} \cdot \left(-\frac{u}{z^{2}}\right)"
        r" = 1 \cdot \left(-\frac{36}{2^{2}}\right) = -9 \\",
        r"\frac{\partial f}{\partial v} &= \frac{\partial f}{\partial u} \cdot y = 0.5 \cdot 4 = 2 \\",
        r"\frac{\partial f}{\partial y} &= \frac{\partial f}{\partial u} \cdot v = 0.5 \cdot 9 = 4.5 \\",
        r"\frac{\partial f}{\partial x} &= \frac{\partial f}{\partial v} \cdot 2 x = 2 \cdot 2 \cdot 3 = 12",
        r"\end{align*}",
    ]


def test_latex_takes_wrt_too(f):
    assert r"\partial z" not in latex(f, wrt=[f.inputs["x"]])


@pytest.mark.parametrize(("label", "written"), [
    ("x", "x"), ("x1", "x_{1}"), ("alpha", r"\alpha"), ("alpha_2", r"\alpha_{2}"), ("cost", r"\mathrm{cost}"),
    ("50%", r"\mathrm{50\char`\%}"),
])  # fmt: skip
def test_latex_writes_names_as_mathematics_does(label, written):
    assert rf"\frac{{\partial v1}}{{\partial {written}}}".replace("v1", "v_{1}") in latex(Value(2, label) * 3)


def test_latex_writes_powers_of_ten():
    assert r"2.5 \cdot 10^{-7}" in latex(Value(2.5e-7, "x") * 2)
    assert r"10^{20}" in latex(Value(1e20, "x") * 2)


def test_braces_balance_in_every_formula():
    f = parse("sigmoid(x)*elu(y, alpha=2) + sqrt(x)/gelu(x)**3 + x**y + logsumexp(x, y) - abs(maximum(x, y))", x=0.3, y=0.7)
    for line in latex(f).splitlines():
        assert line.count("{") == line.count("}")
        assert line.count(r"\left(") == line.count(r"\right)")


# --- data ---

def test_the_stable_form_of_the_smallest_graph_that_has_everything():
    x = Value(3, "x")
    f = x * 2
    f.label = "f"
    assert to_data(f) == {
        "format": "chainrule/1",
        "expression": "x·2",
        "output": "f",
        "nodes": [
            {"name": "x", "value": 3.0, "gradient": 2.0, "constant": False, "op": None, "parameter": None, "operands": []},
            {"name": "2", "value": 2.0, "gradient": None, "constant": True, "op": None, "parameter": None, "operands": []},
            {"name": "f", "value": 6.0, "gradient": 1.0, "constant": False, "op": "mul", "parameter": None,
             "operands": ["x", "2"]},
        ],
        "steps": [
            {"kind": "forward", "node": "f", "quantity": "f", "formula": "x·2", "numbers": "3·2", "result": 6.0,
             "via": None, "position": None, "total": 0.0, "arrived": 0, "expected": 0},
            {"kind": "seed", "node": "f", "quantity": "∂f/∂f", "formula": "1", "numbers": "1", "result": 1.0,
             "via": None, "position": None, "total": 0.0, "arrived": 0, "expected": 0},
            {"kind": "backward", "node": "x", "quantity": "∂f/∂x", "formula": "∂f/∂f · 2", "numbers": "1 · 2", "result": 2.0,
             "via": "f", "position": 0, "total": 2.0, "arrived": 1, "expected": 1},
        ],
        "gradient": {"x": 2.0},
    }  # fmt: skip


def test_data_goes_through_json_and_back_with_every_digit():
    f = parse("x*x*y/z + elu(x, alpha=2) - 1/3", x=1 / 3, y=0.1, z=7)
    data = to_data(f)
    assert json.loads(json.dumps(data)) == data
    assert [node["value"] for node in data["nodes"]] == [node.data for node in topological_order(f)]


def test_an_operand_in_the_data_is_one_node_and_no_other():
    x = Value(1, "x")
    f = (x + 0.1) * (x + 0.1000000001)  # two constants that look alike at six digits
    data = to_data(f)
    by_name = {}
    for node in data["nodes"]:
        assert by_name.setdefault(node["name"], node["value"]) == node["value"]


def test_one_rule_names_the_nodes_everywhere():
    x, y = Value(3, "x"), Value(4, "x")
    f = (x * y + 2) * (x * y)
    expected = ["x", "x_2", "v1", "2", "v2", "v3", "v4"]
    assert list(names(topological_order(f)).values()) == expected
    assert [node["name"] for node in to_data(f)["nodes"]] == expected
    assert [step.name for step in steps(f) if step.kind == "forward"] == ["v1", "v2", "v3", "v4"]
    assert explain(f).splitlines()[0].endswith("at   x = 3, x_2 = 4")
    assert "∂v4/∂x_2" in explain(f)


# --- in a notebook ---

def test_a_small_graph_shows_its_chain_rule_and_names_are_escaped():
    a = Value(2, "<b>&")
    html = (a * a)._repr_html_()
    assert html.startswith("<pre>v1 = &lt;b&gt;&amp;·&lt;b&gt;&amp;   at   &lt;b&gt;&amp; = 2\n")
    assert "<b>" not in html
    assert "2 + 2 = 4   two paths: add</pre>" in html


def test_a_large_graph_and_a_leaf_show_their_number():
    v = Value(0, "x")
    assert v._repr_html_() == "<pre>Value(0, label=&#x27;x&#x27;)</pre>"
    for _ in range(100_000):
        v = v + 1.0
    assert v._repr_html_() == "<pre>Value(100000, op=add)</pre>"


def test_a_value_shows_itself_even_where_its_derivative_does_not_exist():
    assert "Value(0, op=sqrt)" in sqrt(Value(0, "x"))._repr_html_()


def test_a_stale_value_shows_itself_with_the_notice(f):
    f.inputs["x"].data = 5
    assert "x was changed from 3 to 5 after f was computed" in f._repr_html_()
