"""Compiled programs against eager Values: graphs of every kind, with and without a pattern, and no nn.

Hypothesis draws a recipe: a list of steps, each a row of the table and the numbers of the nodes it takes. The same recipe is
cooked once for the compiler, and once for each example with Values. Two ways to add up the same numbers differ by their
rounding, so the two may differ by 1e-12 of what was added up: the sum of the absolute contributions.
"""

import itertools
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine
from engine import TABLE, UndefinedError, Value, grad
from engine.graph import topological_order
from engine.value import Constant

CALM = 16.0  # a step whose result or slope would be larger for any example is replaced by sin, so that no digits drown
EXPONENTS = (-2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
SHAPES = [(), (1,), (2,), (3,), (4,), (2, 2), (2, 3), (1, 3), (3, 1), (2, 1, 2)]
EXACT = ("greater", "greater_equal", "equal", "sign", "step")  # they answer 0 or 1: no rounding makes them jump below
PARAMETERS = {"power": EXPONENTS, "step": (1.0, 0.0, 0.5), "leaky_relu": (0.01, 0.3, 0.0), "elu": (1.0, 0.7)}

stable = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

# The engine's own functions, called as anybody would: a list for a row over any number of operands.
FUNCTIONS = {name: row if row.arity else lambda *xs, row=row: row(xs) for name, row in TABLE.items()}


# --- eager, and how far apart the two may be ---


def nested(values, shape):
    """The values as lists in lists of that shape."""
    for length in shape[:0:-1]:
        values = [values[i : i + length] for i in range(0, len(values), length)]
    return values if shape else values[0]


def as_value(x):
    return x if isinstance(x, Value) else Constant(x)


def slopes(node):
    return [slope() for slope in node.op.slopes(node.data, [x.data for x in node.operands])]


def sizes(output):
    """For each node an amount that its value's rounding errors are a small part of: errors below it come up through slopes."""
    found = {}
    for node in topological_order(output):
        found[node] = abs(node.data)
        if node.op:
            found[node] += sum(abs(slope) * found[x] for slope, x in zip(slopes(node), node.operands))
    return found


def contributions(output):
    """For each node the sum of the absolute products along all paths from it to the output."""
    found = {output: 1.0}
    for node in reversed(topological_order(output)):
        if node.op and node in found:
            for slope, x in zip(slopes(node), node.operands):
                found[x] = found.get(x, 0.0) + found[node] * abs(slope)
    return found


def gradient_of(output, leaves):
    """Derivatives by the leaves, and what their rounding errors are a small part of."""
    amounts = contributions(output)
    return np.array([grad(output, leaves), [amounts.get(x, 0.0) for x in leaves]])


def run_eagerly(f, batch, n, parameters, *, has_aux=False, penalty=None, shares=None):
    """Everything a program could give, from one example after the other; each array has the numbers and their sizes."""
    values, others, slopes, inputs = [], [], np.zeros((2, len(parameters))), []
    cost, several = np.zeros(2), False
    for i in range(n):
        leaves = [[Value(x) for x in argument[i].ravel().tolist()] for argument in batch]
        result = f(*[nested(values, argument[i].shape) for values, argument in zip(leaves, batch)])
        result, aux = result if has_aux else (result, [])
        several = isinstance(result, list)
        ends = [as_value(x) for x in (result if several else [result])]
        values.append([[x.data, sizes(x)[x]] for x in ends])
        others.append([[x.data, sizes(x)[x]] for x in map(as_value, aux)])
        if not several:
            flat = [x for values in leaves for x in values]
            share = shares[i] if shares is not None else 1.0 / n
            derivatives = gradient_of(ends[0], [*parameters, *flat]) * share
            slopes += derivatives[:, : len(parameters)]
            inputs.append(derivatives[:, len(parameters) :])
            cost += np.array(values[-1][0]) * share
    if penalty:
        charge = as_value(penalty())
        slopes += gradient_of(charge, parameters)
        cost += [charge.data, sizes(charge)[charge]]
    values, others = np.array(values), np.array(others).reshape(n, -1, 2)
    if not several:
        values = values[:, 0]
    return SimpleNamespace(values=values, others=others, several=several, cost=cost, slopes=slopes, inputs=np.array(inputs))


def close(got, want, size, within):
    """Equal but for the part `within` of the sizes; a size of 0 asks for the very number."""
    got, want, size = np.asarray(got), np.asarray(want), np.asarray(size)
    assert got.shape == want.shape
    assert np.isfinite(got).all()
    wrong = abs(got - want) > within * size
    assert not wrong.any(), f"{got} is not {want}"


def compare(f, batch, parameters, *, has_aux=False, penalty=None, dtype="float64", within=1e-12, program=None, **options):
    """Compile f and hold all that the program gives against eager; the program."""
    if program is None:
        program = engine.compile(f, has_aux=has_aux, penalty=penalty, dtype=dtype)
    batch = [np.array(x, dtype=float) for x in batch]
    n = len(batch[0]) if batch else 1
    weights, mean = options.get("weights"), options.get("reduction", "mean") == "mean"
    shares = np.ones(n) if weights is None else np.array(weights)
    want = run_eagerly(
        f, batch, n, parameters, has_aux=has_aux, penalty=penalty, shares=shares / shares.sum() if mean else shares
    )
    result = program(*batch)
    values, others = result if has_aux else (result, None)
    close(values if batch else [values], want.values[..., 0], want.values[..., 1], within)
    if has_aux:
        close(others if batch else [others], want.others[..., 0], want.others[..., 1], within)
    assert all(type(text) is str for text in (str(program), program.source, program.latex(), program.explain()))
    if want.several:
        return program
    cost, gradient = program.value_and_grad(*batch, **options)
    if has_aux:
        cost, others = cost
        close(others if batch else [others], want.others[..., 0], want.others[..., 1], within)
    assert type(cost) is float
    close(cost, *want.cost, within)
    for parameter, number, size in zip(parameters, *want.slopes):
        if parameter in program.parameters.values:
            close(gradient[parameter], number, size, within)
        else:
            assert number == 0  # f does not read it
    if options.get("inputs"):
        got = np.concatenate([x.reshape(n, -1) for x in gradient.inputs], axis=1) if batch else np.zeros((n, 0))
        close(got, want.inputs[:, 0], want.inputs[:, 1], within)
        assert [x.shape for x in gradient.inputs] == [x.shape for x in batch]
    return program


# --- random graphs ---


class Cook:
    """Draws the steps one by one, with the nodes' numbers for every example at hand: operands must be in their domain."""

    def __init__(self, draw):
        self.draw = draw
        self.n = draw(st.integers(1, 4))
        self.shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=draw(st.sampled_from([1, 1, 1, 0])), max_size=3))
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        decimals = draw(st.sampled_from([0, 1, 3]))  # with none, there are ties and zeros
        self.batch = [rng.normal(size=(self.n, *shape)).round(decimals) + 0.0 for shape in self.shapes]
        self.weights = rng.normal(size=draw(st.integers(0, 9))).round(3)
        self.constants = draw(st.lists(st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 3.0]), min_size=1, max_size=2))
        columns = [x.reshape(self.n, -1).T for x in self.batch]
        self.nodes = [list(row) for column in columns for row in column.tolist()]
        self.fixed = [False] * len(self.nodes) + [True] * (len(self.weights) + len(self.constants))
        self.nodes += [[x] * self.n for x in [*self.weights.tolist(), *self.constants]]
        self.leaves = len(self.nodes)
        self.exact = [True] * self.leaves
        self.steps = []

    def place(self):
        """An operand: a recent node, a leaf, or one that is the same for all examples."""
        where = self.draw(st.sampled_from(["recent", "recent", "recent", "leaf", "leaf", "same for all"]))
        if where == "leaf":
            return self.draw(st.integers(0, self.leaves - 1))
        if where == "same for all":
            return self.draw(st.sampled_from([i for i, fixed in enumerate(self.fixed) if fixed]))
        return len(self.nodes) - 1 - self.draw(st.integers(0, min(7, len(self.nodes) - 1)))

    def add(self, name, static, *places):
        """One more step; its node."""
        row = TABLE[name].bind(static) if TABLE[name].parameter else TABLE[name]
        for i, domain in enumerate(row.smooth):
            if domain.low > -np.inf and self.leaves < 200 and not all(x > domain.low + 0.2 for x in self.nodes[places[i]]):
                places = [*places[:i], self.add("exp", 0.0, self.add("sin", 0.0, places[i])), *places[i + 1 :]]
        if not all(self.is_calm(row, [self.nodes[p][i] for p in places], places) for i in range(self.n)):
            name, static, places = "sin", 0.0, places[:1]
        self.steps.append((name, static, tuple(places)))
        self.nodes.append([float(cook_step(self.steps[-1], [x[i] for x in self.nodes])) for i in range(self.n)])
        self.fixed.append(all(self.fixed[p] for p in places))
        self.exact.append(name in EXACT)
        return len(self.nodes) - 1

    def is_calm(self, row, operands, places):
        for x, domain in zip(operands, row.smooth):
            if not domain.low + 0.1 <= x <= domain.high - 0.1 or (domain.hole and abs(x) < 0.1):
                return False
        if row.kink and not all(self.exact[p] for p in places) and (len(places) == 1 or len(set(places)) > 1):
            at = operands[0] if row.name == "where" and self.exact[places[0]] else row.kink(*operands)
            if abs(at) < 1e-3 and not (row.name == "where" and self.exact[places[0]]):
                return False  # a rounding would decide
        result = row.evaluate(*operands)
        return abs(result) < CALM and all(abs(slope()) < CALM for slope in row.slopes(result, operands))

    def many(self):
        """The same step several times, its operands moved on regularly or not at all: what has a pattern, more or less."""
        name = self.draw(st.sampled_from(list(TABLE)))
        static = self.draw(st.sampled_from(PARAMETERS.get(name, (0.0,))))
        first = [self.place() for _ in range(TABLE[name].arity or self.draw(st.integers(1, 4)))]
        moves = [self.draw(st.integers(0, 2)) for _ in first]
        total = len(self.nodes)
        for k in range(self.draw(st.sampled_from([1, 1, 1, 2, 3, 4]))):
            self.add(name, static, *[(p + k * move) % total for p, move in zip(first, moves)])

    def dots(self):
        """Sums of products, as loops would write them."""
        rows, terms = self.draw(st.integers(1, 3)), self.draw(st.integers(1, 4))
        a, b, c = self.place(), self.place(), self.place()
        along, across = self.draw(st.integers(0, 3)), self.draw(st.integers(0, 3))  # steps of a in a sum, and between sums
        forth, back = self.draw(st.sampled_from([1, 1, 0, -1])), self.draw(st.sampled_from([0, 0, 1]))
        how = self.draw(st.sampled_from(["fsum", "add", "sub", "bias", "neg"]))
        total = len(self.nodes)
        for i in range(rows):
            products = [
                self.add("mul", 0.0, (a + i * across + k * along) % total, (b + i * back + k * forth) % total)
                for k in range(terms)
            ]
            if how == "bias":
                products.append((c + i) % total)
            if how == "fsum":
                self.add("fsum", 0.0, *products)
                continue
            sofar = self.add("neg", 0.0, products[0]) if how == "neg" else products[0]
            for product in products[1:]:
                sofar = self.add("sub" if how == "sub" else "add", 0.0, sofar, product)


    def gather(self):
        """The sum of all that nobody has read so far: a cost that every gradient comes from."""
        read = {p for _, _, places in self.steps for p in places}
        ends = [i for i in range(self.leaves, len(self.nodes)) if i not in read] or [0]
        self.steps.append(("fsum", 0.0, tuple(ends)))
        self.nodes.append([sum(self.nodes[p][i] for p in ends) for i in range(self.n)])
        self.fixed.append(all(self.fixed[p] for p in ends))
        return len(self.nodes) - 1


def cook_step(step, nodes):
    name, static, places = step
    return FUNCTIONS[name](*[nodes[p] for p in places], *([static] if TABLE[name].parameter else []))


@st.composite
def recipes(draw):
    """What to compile and what to feed it."""
    cook = Cook(draw)
    for _ in range(draw(st.sampled_from([*range(9), 5, 6, 7, 8]))):
        (cook.dots if draw(st.integers(0, 3)) == 3 else cook.many)()
    what = draw(st.sampled_from(["everything", "everything", "everything", "last", "any", "several"]))
    last = cook.gather() if what == "everything" else len(cook.nodes) - 1
    fixed = [i for i, same in enumerate(cook.fixed) if same]
    ends = st.integers(0, last)
    return SimpleNamespace(
        batch=cook.batch, numbers=cook.weights, constants=cook.constants, wrap=draw(st.booleans()), steps=cook.steps,
        fixed=cook.fixed, n=cook.n,
        outputs=draw(ends) if what == "any" else draw(st.lists(ends, min_size=1, max_size=5)) if what == "several" else last,
        aux=draw(st.one_of(st.none(), st.none(), st.lists(ends, min_size=1, max_size=4))),
        penalty=draw(st.one_of(st.none(), st.none(), st.sampled_from(fixed))),
        options={
            "weights": draw(st.one_of(st.none(), st.just([1.0, 0.5, 0.0, 2.5][: cook.n]))) if cook.batch else None,
            "reduction": draw(st.sampled_from(["mean", "sum"])),
            "inputs": draw(st.booleans()),
        },
    )  # fmt: skip


def functions_of(recipe):
    """The function of one example, the penalty, and the parameters that they read."""
    parameters = [Value(x) for x in recipe.numbers]
    constants = [Constant(x) if recipe.wrap else x for x in recipe.constants]
    entries = sum(x[0].size for x in recipe.batch)

    def cooked(inputs):
        nodes = [*inputs, *parameters, *constants]
        for step in recipe.steps:
            known = inputs[:1] != [None] or recipe.fixed[len(nodes)]
            nodes.append(cook_step(step, nodes) if known else None)
        return nodes

    def f(*arguments):
        while any(isinstance(x, list) for x in arguments):
            arguments = list(itertools.chain.from_iterable(x if isinstance(x, list) else [x] for x in arguments))
        nodes = cooked(list(arguments))
        result = [nodes[i] for i in recipe.outputs] if isinstance(recipe.outputs, list) else nodes[recipe.outputs]
        return result if recipe.aux is None else (result, [nodes[i] for i in recipe.aux])

    def penalty():
        return cooked([None] * entries)[recipe.penalty]

    return f, None if recipe.penalty is None else penalty, parameters


@settings(stable, max_examples=250, report_multiple_bugs=False)
@given(recipes())
def test_any_graph_compiles_to_the_values_and_gradients_of_eager(recipe):
    f, penalty, parameters = functions_of(recipe)
    compare(f, recipe.batch, parameters, has_aux=recipe.aux is not None, penalty=penalty, **recipe.options)


# --- graphs at an edge, and some that have been wrong ---


def values(*numbers):
    return [Value(x) for x in numbers]


EXAMPLES = np.array([[0.3, -1.2, 2.0], [1.1, 0.4, -0.7]])

ENDS = {
    "an input": lambda x, p: x[1],
    "a parameter": lambda x, p: p[0],
    "a Constant": lambda x, p: Constant(2.0),
    "a number": lambda x, p: 2.0,
    "a function of a Constant": lambda x, p: engine.exp(Constant(1.0)),
    "a function of parameters": lambda x, p: engine.exp(p[0]) * p[1],
    "x + x": lambda x, p: x[0] + x[0],
    "x·x": lambda x, p: x[0] * x[0],
    "x - x": lambda x, p: x[0] - x[0],
    "p + p": lambda x, p: p[0] + p[0],
    "p·p": lambda x, p: p[0] * p[0],
    "-p": lambda x, p: -p[0],
    "0·x": lambda x, p: 0.0 * x[0] * p[0],
    "x**0": lambda x, p: x[0] ** 0 * p[0],
    "x**1": lambda x, p: x[0] ** 1 * p[0],
    "flat": lambda x, p: engine.step(x[0]) + engine.sign(p[0]),
    "equal expressions": lambda x, p: (p[0] * x[0] + p[1]) * (p[0] * x[0] + p[1]) + (p[1] + x[0] * p[0]),
    "fsum of one": lambda x, p: engine.fsum([p[0]]) * engine.fsum([x[0]]),
    "fsum of one parameter, many times": lambda x, p: engine.fsum([p[0]] * 5) * x[0],
    "fsum of one input, many times": lambda x, p: engine.fsum([x[0]] * 5) * p[0],
    "logsumexp of one": lambda x, p: engine.logsumexp([p[0]]) + engine.logsumexp([x[0]]),
    "logsumexp of equal": lambda x, p: engine.logsumexp([p[0]] * 3) + engine.logsumexp([x[0]] * 3),
    "logsumexp of everything": lambda x, p: engine.logsumexp([*x, *p, 0.5, x[0] * p[0], p[1] * p[2]]),
    "logsumexp far from 0": lambda x, p: engine.logsumexp([1000.0 + x[0], 1000.0 + p[0], -1000.0]),
    "a choice": lambda x, p: engine.where(engine.greater(x[0], p[0]), x[1] * p[1], p[2]),
    "a tie": lambda x, p: engine.maximum(x[0], x[0]) * p[0] + engine.minimum(p[1], p[1]),
    "powers": lambda x, p: (1.0 + x[0] * x[0]) ** p[0] + (1.0 + p[1] * p[1]) ** x[1] + 2.0 ** x[2],
}


@pytest.mark.parametrize("end", ENDS)
def test_any_end_will_do(end):
    parameters = values(0.7, -0.4, 1.3)
    for charge in (None, "a parameter", "a Constant", "p·p", "a function of a Constant"):
        penalty = charge and (lambda: as_value(ENDS[charge](None, parameters)))  # noqa: B023  # used in this round
        for options in ({"inputs": True}, {"weights": [2.0, 0.5]}, {"reduction": "sum"}):
            compare(lambda x: ENDS[end](x, parameters), [EXAMPLES], parameters, penalty=penalty, **options)


def test_any_ends_will_do_side_by_side():
    parameters = values(0.7, -0.4, 1.3)

    def f(x):
        return [end(x, parameters) for end in ENDS.values()]

    compare(f, [EXAMPLES], parameters)
    compare(lambda x: f(x)[::-1], [EXAMPLES], parameters)
    compare(lambda x: (x[0] * parameters[0], f(x)), [EXAMPLES], parameters, has_aux=True)


@pytest.mark.parametrize("end", ["a parameter", "a Constant", "a number", "a function of a Constant", "p·p", "-p", "p + p"])
def test_a_program_may_have_no_arguments(end):
    parameters = values(0.7, -0.4, 1.3)

    def f():
        return ENDS[end](None, parameters)

    compare(f, [], parameters)
    compare(f, [], parameters, penalty=lambda: parameters[0] * parameters[1])
    compare(lambda: [f(), f(), parameters[2]], [], parameters)
    compare(lambda: (parameters[0] * parameters[1], [f(), 1.0]), [], parameters, has_aux=True)


def test_a_penalty_may_be_what_a_derivative_is():
    p, q = parameters = values(0.7, -0.4)
    compare(lambda: p, [], parameters, penalty=lambda: 1.0)
    compare(lambda x: p + x, [[1.0, 2.0]], parameters, penalty=lambda: 1.0)
    compare(lambda: p * q, [], parameters, penalty=lambda: p)
    compare(lambda: p * 2.0, [], parameters, penalty=lambda: 2.0)


def test_others_have_one_shape_without_arguments_too():
    p, q = values(0.7, -0.4)
    program = engine.compile(lambda: (p * q, [p, q]), has_aux=True)
    cost, others = program()
    (same_cost, same_others), _ = program.value_and_grad()
    assert type(cost) is type(same_cost) is float
    assert others.shape == same_others.shape == (2,)


def test_parameters_may_stand_in_several_sums():
    parameters = p, q, r, s = values(0.7, -0.4, 1.3, 0.2)
    fsum = engine.fsum
    compare(lambda x: fsum([p, q, p]) * fsum([r, q, r]) * x[0], [EXAMPLES], parameters)
    compare(lambda x: fsum([p, q, p]) * 1.0 + fsum([r, s]) * 0.5 + x[0] + r, [EXAMPLES], parameters)
    compare(lambda x: (fsum([p, q]) + fsum([r, s, s]) * 0.5 + r, [fsum([p, q])]), [EXAMPLES], parameters, has_aux=True)
    compare(lambda x: fsum([p, q, r, s]) * fsum([s, r, q, p]) + fsum([p, r]) * x[0], [EXAMPLES], parameters)
    compare(lambda x: x[0] * p, [EXAMPLES], parameters, penalty=lambda: fsum([p, q, q]) * fsum([q, r, r]))


def test_the_gradient_of_one_input_may_be_a_factor_of_another():
    (p,) = parameters = values(0.7)
    x, y = [[1.0], [2.0]], [[3.0], [-1.0]]
    for options in ({}, {"weights": [1.0, 3.0]}):
        compare(lambda x, y: -(p * x[0]) + x[0] * y[0], [x, y], parameters, inputs=True, **options)
        compare(lambda x, y: -(2.0 * x[0]) * p + x[0] * y[0], [x, y], parameters, inputs=True, **options)


FAR = [0.0, 1e-320, 1e-300, 1e-160, 1e-8, 0.3, 1.0, 5.0, 19.0, 27.0, 40.0, 88.0, 105.0, 354.0, 700.0, 709.5, 710.0, 750.0, 1e155]
UNARY = [(name, static) for name, row in TABLE.items() if row.arity == 1 for static in PARAMETERS.get(name, (row.default,))]


@pytest.mark.parametrize(("name", "static"), UNARY)
def test_far_from_0_a_row_is_what_it_is_eagerly_or_the_same_error(name, static):
    example = 1.0 if 1.0 in TABLE[name].domain[0] else 0.5
    program = engine.compile(lambda x: cook_step((name, static, [0]), [x])).trace([example])
    for number in (*FAR, *(-x for x in FAR)):
        x = Value(number)
        try:
            y = cook_step((name, static, [0]), [x])
            want = [y.data, grad(y, x)]
        except UndefinedError:
            with pytest.raises(UndefinedError):
                program.value_and_grad([number], inputs=True)
            continue
        value, gradient = program.value_and_grad([number], inputs=True)
        assert [value, gradient.inputs[0][0]] == pytest.approx(want, rel=1e-12, abs=1e-307)


def test_a_gradient_may_be_as_large_as_a_float():
    parameters = p, q = values(1e-200, 1e-150)
    compare(lambda x: engine.log(p) * x + 1.0 / q, [[1.0, 2.0]], parameters)


# --- bare loops, in the orders that people write them ---

rng = np.random.default_rng(0)
IN, OUT = 4, 3


def matrix(rows, columns):
    return [values(*row) for row in rng.normal(size=(rows, columns)).tolist()]


def flat(*things):
    """All Values among nested lists."""
    return [x for thing in things for x in (flat(*thing) if isinstance(thing, list) else [thing])]


W, V, b = matrix(OUT, IN), matrix(2, OUT), values(0.1, -0.2, 0.3)
ROTATED = [[(i + k) % IN for k in range(IN)] for i in range(OUT)]


def dense(x):
    return [sum(w * a for w, a in zip(row, x)) + c for row, c in zip(W, b)]


def normalised(x):
    mean = sum(x) / IN
    scale = (sum((a - mean) ** 2 for a in x) / IN + 1e-5) ** 0.5
    return [(a - mean) / scale * c for a, c in zip(x, b)]


LOOPS = {
    "sums of products": dense,
    "bias first": lambda x: [c + sum(w * a for w, a in zip(row, x)) for row, c in zip(W, b)],
    "bias subtracted": lambda x: [sum(a * w for w, a in zip(row, x)) - c for row, c in zip(W, b)],
    "everything subtracted": lambda x: [c - u[0] * x[0] - u[1] * x[1] - u[2] * x[2] - u[3] * x[3] for u, c in zip(W, b)],
    "negated": lambda x: [-(c - sum(-(w * a) for w, a in zip(row, x))) for row, c in zip(W, b)],
    "signs mixed": lambda x: [row[0] * x[0] - row[1] * x[1] + row[2] * x[2] - row[3] * x[3] for row in W],
    "signs that differ by row": lambda x: [
        sum(w * a if (i + k) % 2 else -(w * a) for k, (w, a) in enumerate(zip(row, x))) for i, row in enumerate(W)
    ],
    "reversed": lambda x: [sum(W[i][k] * x[k] for k in reversed(range(IN))) + b[i] for i in reversed(range(OUT))],
    "each row in an order of its own": lambda x: [sum(W[i][k] * x[k] for k in ROTATED[i]) for i in range(OUT)],
    "a tree": lambda x: [(row[0] * x[0] + row[3] * x[3]) + (c + (row[2] * x[2] + row[1] * x[1])) for row, c in zip(W, b)],
    "fsum": lambda x: [engine.fsum([w * a for w, a in zip(row, x)] + [c]) for row, c in zip(W, b)],
    "rows of different lengths": lambda x: [sum(W[i][k] * x[k] for k in range(i + 2)) + b[i] for i in range(OUT)],
    "one row": lambda x: [sum(w * a for w, a in zip(W[0], x)) + b[0]],
    "the matrix transposed": lambda x: [sum(W[i][k] * x[i] for i in range(OUT)) for k in range(IN)],
    "the matrix and its transpose": lambda x: [sum(W[i][k] * y for i, y in enumerate(dense(x))) for k in range(IN)],
    "a circulant": lambda x: [sum(W[0][(k - i) % IN] * x[k] for k in range(IN)) for i in range(IN)],
    "a convolution": lambda x: [W[0][0] * x[i] + W[0][1] * x[i + 1] + W[0][2] for i in range(IN - 1)],
    "two filters": lambda x: [sum(W[j][k] * x[i + k] for k in range(2)) + b[j] for j in range(2) for i in range(IN - 1)],
    "a weight twice in a row": lambda x: [row[0] * x[0] + row[0] * x[1] + row[1] * x[2] + row[0] * x[3] for row in W],
    "an input twice in a row": lambda x: [row[0] * x[0] + row[1] * x[0] + row[2] * x[1] + row[3] * x[1] for row in W],
    "a symmetric matrix": lambda x: [sum(W[min(i, k)][max(i, k)] * x[k] for k in range(3)) for i in range(3)],
    "one weight for all": lambda x: [sum(W[0][0] * a for a in x) + c for c in b],
    "a weight that is its own bias": lambda x: [sum(w * a for w, a in zip(row, x)) + row[0] for row in W],
    "the bias of another": lambda x: [sum(w * a for w, a in zip(W[i], x)) + W[(i + 1) % OUT][0] for i in range(OUT)],
    "squares of weights": lambda x: [sum(w * w * a for w, a in zip(row, x)) for row in W],
    "a quadratic form": lambda x: [sum(W[i][k] * x[i] * x[k] for i in range(OUT) for k in range(IN))],
    "outer products": lambda x: [x[i] * x[k] * W[i][k] for i in range(OUT) for k in range(IN)],
    "numbers as weights": lambda x: [sum((i - k) * a for k, a in enumerate(x)) for i in range(OUT)],
    "numbers among the weights": lambda x: [row[0] * x[0] + 2.0 * x[1] - row[1] * x[2] + 0.5 * x[3] for row in W],
    "two layers": lambda x: [sum(v * a for v, a in zip(row, [engine.tanh(z) for z in dense(x)])) + b[0] for row in V],
    "two layers of one matrix": lambda x: dense([*map(engine.sigmoid, dense(x)), x[0]]),
    "layers that skip": lambda x: [z * engine.tanh(z) + x[i] for i, z in enumerate(dense(x))],
    "normalised": normalised,
    "softmax": lambda x: engine.softmax(dense(x)),
    "attention": lambda x: [sum(p * a for p, a in zip(engine.softmax([z * y for y in dense(x)]), x)) for z in dense(x)],
}


@pytest.mark.parametrize("loop", LOOPS)
def test_bare_loops_agree_with_eager_whatever_their_order(loop):
    ends = [
        lambda ys: ys,
        lambda ys: sum((y - 0.3 * i) ** 2 for i, y in enumerate(ys)),
        sum,
        lambda ys: engine.logsumexp(ys) - ys[0],
    ]
    for end in ends:
        compare(lambda x, end=end: end(LOOPS[loop](x)), [rng.normal(size=(3, IN))], flat(W, V, b), inputs=True)


def test_a_parameter_may_be_in_a_matrix_a_bias_and_the_penalty():
    parameters = flat(W, b)

    def f(x):
        return sum((y + W[0][0]) ** 2 for y in LOOPS["a weight that is its own bias"](x))

    def penalty():
        return 0.01 * sum(p * p for p in [*W[0], *b]) + abs(W[1][1]) * W[0][0]

    x = rng.normal(size=(5, IN))
    for options in ({}, {"weights": [1.0, 0.0, 2.0, 0.5, 0.5], "inputs": True}, {"reduction": "sum", "inputs": True}):
        compare(f, [x], parameters, penalty=penalty, **options)


def test_images_as_nested_lists_agree_with_eager():
    kernel, out = matrix(2, 2), values(0.5, -0.5, 0.25, 1.0)

    def f(image, y):
        windows = [
            sum(kernel[i][k] * image[0][r + i][c + k] for i in range(2) for k in range(2)) for r in range(2) for c in range(2)
        ]
        largest = engine.maximum(engine.maximum(windows[0], windows[1]), engine.maximum(windows[2], windows[3]))
        return (sum(o * engine.relu(z) for o, z in zip(out, windows)) - y) ** 2 + largest

    compare(f, [rng.normal(size=(4, 1, 3, 3)), rng.normal(size=4)], flat(kernel, out), inputs=True)


def test_a_loop_over_time_agrees_with_eager():
    recurrent, inward = matrix(3, 3), matrix(3, 2)

    def f(sequence):
        state = [0.0, 0.0, 0.0]
        for x in sequence:
            state = [
                engine.tanh(sum(u * s for u, s in zip(recurrent[i], state)) + sum(w * a for w, a in zip(inward[i], x)) + b[i])
                for i in range(3)
            ]
        return sum(s * s for s in state)

    compare(f, [rng.normal(size=(3, 5, 2))], flat(recurrent, inward, b), inputs=True)


def test_batches_may_change_their_size_between_calls():
    def f(x):
        return sum(y * y for y in LOOPS["two layers"](x))

    program = engine.compile(f)
    for n in (1, 7, 3, 7, *range(1, 12), 1):  # more sizes than a program keeps buffers for
        for options in ({}, {"weights": rng.uniform(0.5, 2.0, n)}, {"inputs": True}, {"reduction": "sum"}):
            compare(f, [rng.normal(size=(n, IN))], flat(W, V, b), program=program, **options)


def test_results_are_not_overwritten_by_the_next_call():
    program = engine.compile(lambda x: (sum(LOOPS["two layers"](x)), LOOPS["fsum"](x)), has_aux=True)
    first, second = rng.normal(size=(2, 3, IN))
    costs, others = program(first)
    (cost, aux), gradient = program.value_and_grad(first, inputs=True)
    results = [costs, others, aux, gradient.vector, *gradient.inputs, first]
    before = [x.copy() for x in results]
    program(second)
    program.value_and_grad(second, inputs=True)
    assert all((x == y).all() for x, y in zip(results, before))
    assert program.value_and_grad(first)[0][0] == cost


@pytest.mark.parametrize("loop", LOOPS)
def test_single_precision_agrees_with_eager_to_its_own_digits(loop):
    x = rng.normal(size=(3, IN)).astype("float32")
    program = compare(lambda x: sum(y**2 for y in LOOPS[loop](x)), [x], flat(W, V, b), dtype="float32", within=1e-4, inputs=True)
    assert program(x).dtype == program.value_and_grad(x)[1].vector.dtype == np.float32


def test_numbers_assigned_between_calls_are_noticed():
    p, q = parameters = values(0.5, -2.0)

    def f(x):
        return engine.sin(p * x) * q + p

    program = engine.compile(f, penalty=lambda: p * q)
    for p.data, q.data in ((0.5, -2.0), (1.5, -2.0), (1.5, 0.25)):
        compare(f, [rng.normal(size=4)], parameters, program=program, penalty=lambda: p * q)


def test_numbers_go_from_one_side_to_the_other_when_asked_to():
    p, q = values(0.5, -2.0)
    program = engine.compile(lambda x: p * x + q).trace([1.0])
    p.data = 3.0
    program.store_to()  # the program's numbers, which are the older ones
    assert (p.data, q.data) == (0.5, -2.0)
    p.data, q.data = 4.0, 5.0
    program.load_from([p])
    program.load_from([q])
    assert program([2.0]).tolist() == [13.0]
    q.data = 6.0
    program.store_to([p])
    assert program([2.0]).tolist() == [14.0]  # q was assigned to, and nobody has asked to forget it


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("row", "slope"), [
    (engine.sigmoid, lambda x: mpmath.sech(x / 2) ** 2 / 4), (engine.tanh, lambda x: mpmath.sech(x) ** 2),
], ids=["sigmoid", "tanh"])  # fmt: skip
def test_a_saturated_slope_goes_to_0_however_large_its_factor(row, slope, dtype):
    """1e308·σ'(800) is 0 and not 1.2: the exponential may not stop at the largest float."""
    largest = 1e308 if dtype == "float64" else 1e37
    program = engine.compile(lambda x: largest * row(x), dtype=dtype)
    smallest = float(np.finfo(dtype).smallest_normal)
    for x in (-1000.0, -800.0, -200.0, -90.0, -40.0, -1.0, 0.0, 1.0, 15.0, 40.0, 90.0, 200.0, 350.0, 700.0, 720.0, 800.0, 1e5):
        value, gradient = program.value_and_grad([x], inputs=True)
        expected = largest * slope(mpmath.mpf(x))
        found = gradient.inputs[0].item()
        # a slope below the smallest normal number has lost digits before the factor comes
        assert abs(found - expected) <= (1e-12 if dtype == "float64" else 1e-5) * expected + largest * smallest
        if x >= 720.0:
            assert found == 0.0 and value == pytest.approx(largest)


def test_numbers_stay_with_the_parameters_that_they_weigh():
    """Σ w·c of parameters and numbers depends on the order of both."""
    p, q, r = parameters = values(0.3, -0.7, 1.1)
    compare(lambda x: engine.sin(p * 2.0 + r * 3.0 + engine.sin(q * 2.0 + r * 3.0 + x[0])), [EXAMPLES], parameters)
