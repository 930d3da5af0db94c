"""Properties of random expressions: values, gradients and Hessians against mpmath, and against PyTorch where it is there.

Hypothesis draws a recipe: a list of steps, each the name of a row and which earlier nodes it takes, so that nodes are
shared and may be used twice in one step. The same recipe is then cooked three times, with Values, with mpmath's numbers
and with tensors. When a test fails, hypothesis shows the smallest recipe that still does.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracles import ORACLES, named

from engine import TABLE, Value, grad, hessian
from engine.value import number_of

CALM = 8.0  # a step that would leave [-8, 8] is replaced by sin, so that no digits drown in huge intermediate results
EXPONENTS = (-2.0, -1.0, 0.5, 1.5, 2.0, 3.0)
SMOOTH = [name for name, row in TABLE.items() if not row.kink and name in ORACLES]

stable = settings(max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@st.composite
def recipes(draw, names):
    """(numbers, variables, steps): the leaves, how many of them are variables, and steps (name, static, operand places)."""
    leaf = st.floats(-2, 2).map(lambda x: round(x, 3))
    variables = draw(st.integers(1, 3))
    numbers = draw(st.lists(leaf, min_size=variables, max_size=variables + 2))
    nodes, steps = list(numbers), []
    for _ in range(draw(st.integers(4, 16))):
        name = draw(st.sampled_from(names))
        static = draw(st.sampled_from(EXPONENTS)) if name == "power" else TABLE[name].default
        arity = TABLE[name].arity or draw(st.integers(1, 4))
        # favour recent nodes: deep graphs find more than wide ones
        places = [len(nodes) - 1 - min(draw(st.integers(0, 5)), len(nodes) - 1) for _ in range(arity)]
        if not is_calm(*named(TABLE[name], static), [nodes[place] for place in places]):
            name, places = "sin", places[:1]
        steps.append((name, static, places))
        nodes.append(float(cook_step(steps[-1], nodes, ORACLES)))
    return numbers, variables, steps


def is_calm(row, oracle, operands):
    """Whether the operands are well inside the row's domain, and the result small: then so are the derivatives."""
    for i, x in enumerate(operands):
        domain = row.smooth[i % len(row.smooth)]
        if not domain.low + 0.1 <= x <= domain.high - 0.1 or (domain.hole and abs(x) < 0.1):
            return False
    return abs(oracle(*operands)) < CALM


def cook_step(step, nodes, functions):
    name, static, places = step
    parameter = [static] if TABLE[name].parameter else []
    return functions[name](*[nodes[place] for place in places], *parameter)


def cook(steps, leaves, functions):
    """The last node of the recipe."""
    nodes = list(leaves)
    for step in steps:
        nodes.append(cook_step(step, nodes, functions))
    return nodes[-1]


def with_values(recipe):
    """Value, gradient and Hessian by the engine."""
    numbers, count, steps = recipe
    variables = [Value(x) for x in numbers[:count]]
    output = cook(steps, [*variables, *numbers[count:]], FUNCTIONS)
    output = output if isinstance(output, Value) else Value(output)  # a recipe may use constants alone
    return output, grad(output, variables), hessian(output, variables), variables


# The engine's own functions, called as anybody would: a list for a row over any number of operands.
FUNCTIONS = {name: row if row.arity else lambda *xs, row=row: row(xs) for name, row in TABLE.items()}


def agree(got, want):
    """Equal to 9 digits of the largest number among them: of terms that cancel, no more can be asked."""
    got, want = flatten(got), flatten(want)
    size = max([1.0, *map(abs, want)])
    assert got == pytest.approx(want, rel=0, abs=1e-9 * size)


def flatten(rows):
    return [number_of(x) for row in rows for x in (row if isinstance(row, list) else [row])]


@stable
@given(recipes(SMOOTH))
def test_values_gradients_and_hessians_agree_with_mpmath(recipe):
    numbers, count, steps = recipe
    output, gradient, curvature, _ = with_values(recipe)
    with mp.workdps(30):
        at, constants = [mpf(x) for x in numbers[:count]], [mpf(x) for x in numbers[count:]]

        def f(*variables):
            return cook(steps, [*variables, *constants], ORACLES)

        def derivative(*places):
            return mp.diff(f, at, [places.count(i) for i in range(count)])

        agree([output], [f(*at)])
        agree(gradient, [derivative(i) for i in range(count)])
        agree(curvature, [[derivative(*sorted((i, j))) for j in range(count)] for i in range(count)])


@stable
@given(recipes(SMOOTH))
def test_backward_grad_and_create_graph_give_the_same_gradient(recipe):
    output, gradient, _, variables = with_values(recipe)
    output.backward()
    assert [x.grad for x in variables] == pytest.approx(gradient, rel=1e-12)
    assert [g.data for g in grad(output, variables, create_graph=True)] == pytest.approx(gradient, rel=1e-12)


@stable
@given(recipes(SMOOTH))
def test_hessians_are_symmetric(recipe):
    _, _, curvature, _ = with_values(recipe)
    agree(curvature, [list(column) for column in zip(*curvature, strict=True)])


def torch_functions(torch):
    """The rows by PyTorch's names; where it has none, by what it has."""
    here = {
        "power": torch.pow,
        "pow": lambda x, y: (y * x.log()).exp(),  # where y is exactly 0, torch.pow's second derivative is wrong
        "fsum": lambda *xs: torch.stack(xs).sum(),
        "logsumexp": lambda *xs: torch.stack(xs).logsumexp(0),
        "sech": lambda x: 1 / torch.cosh(x),
        "softplus": torch.nn.functional.softplus,
        "gelu": torch.nn.functional.gelu,
    }
    return here | {name: getattr(torch, name) for name in SMOOTH if name not in here and hasattr(torch, name)}


def test_values_gradients_and_hessians_agree_with_torch():
    torch = pytest.importorskip("torch")
    functions = torch_functions(torch)

    def tensor(x, **options):
        return torch.tensor(x, dtype=torch.float64, **options)

    @stable
    @given(recipes([name for name in SMOOTH if name in functions]))
    def compare(recipe):
        numbers, count, steps = recipe
        output, gradient, curvature, _ = with_values(recipe)
        variables = [tensor(x, requires_grad=True) for x in numbers[:count]]
        peer = cook(steps, [*variables, *map(tensor, numbers[count:])], functions)
        peer = peer + 0 * sum(variables)  # so that every variable is in the graph, and its gradient a tensor
        slopes = torch.autograd.grad(peer, variables, create_graph=True)
        agree([output], [peer.item()])
        agree(gradient, [s.item() for s in slopes])
        twice = [torch.autograd.grad(s + 0 * sum(variables), variables, retain_graph=True) for s in slopes]
        agree(curvature, [list(map(float, row)) for row in twice])

    compare()
