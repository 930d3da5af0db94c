"""The catalogue: each slip gives the number that it stands for, worked out here by hand."""

import math
import re

import pytest

import engine
from engine import ops
from engine.graph import Graph
from engine.instruments.beliefs import predictions
from engine.instruments.diagnose import DERIVATIVES, VALUES
from engine.instruments.slips import FACTS, FAMILIES
from engine.instruments.working import Change, Forwards, Working

sigma = engine.sigmoid


def slope(a):
    """σ' from the result."""
    return a * (1 - a)


def numbers(name, text, wrt, **point):
    """What a slip of the catalogue gives for an expression."""
    f = engine.parse(text, **point)
    found = predictions(Working(Graph(f), f.inputs[wrt]), DERIVATIVES)
    return [number for slip, given in found.items() if slip.name == name for number in given]


X, Y, Z = 1.7, 2.3, 0.6

# (slip, expression, wrt, the number that one gets with it), at x = 1.7, y = 2.3, z = 0.6
BY_HAND = [
    ("quotient: minus dropped", "y/x", "x", Y / X**2),
    ("quotient: minus dropped", "(x+y)/(x*z)", "x", (X * Z + (X + Y) * Z) / (X * Z) ** 2),
    ("quotient: reversed", "(x+y)/(x*z)", "x", ((X + Y) * Z - X * Z) / (X * Z) ** 2),
    ("quotient: not squared", "y/x", "x", -Y / X),
    ("quotient: not squared", "(x+y)/(x*z)", "x", (X * Z - (X + Y) * Z) / (X * Z)),
    ("quotient: u'/v'", "x**2/(x*z)", "x", 2 * X / Z),
    ("product: u'v'", "x**2*sin(x)", "x", 2 * X * math.cos(X)),
    ("product: own factor", "x*y", "x", X),
    ("factor left out", "x**2*y", "x", 2 * X),
    ("factor left out", "x**2/y", "x", 2 * X),
    ("constant factor left out", "3*x**2", "x", 2 * X),
    ("constant factor left out", "(x-y)**2/2", "x", 2 * (X - Y)),
    ("power: exponent not in front", "x**3*y", "x", X**2 * Y),
    ("power: base lost", "x**3*y", "x", 3 * Y),
    ("power rule on an exponential", "exp(x*y)", "x", X * Y * math.exp(X * Y - 1) * Y),
    ("power rule on an exponential", "y**x", "x", X * Y ** (X - 1)),
    ("constant kept", "x**2+y", "x", 2 * X + Y),
    ("constant varied", "x**2+y*z", "x", 2 * X + Z),
    ("inner forgotten", "sin(x*y)", "x", math.cos(X * Y)),
    ("inner forgotten", "(x*y+z)**3", "x", 3 * (X * Y + Z) ** 2),
    ("outer at x", "sin(x*y)", "x", math.cos(X) * Y),
    ("outer at g'", "sin(x*y)", "x", math.cos(Y) * Y),
    ("outer left out", "log(x*y+z)", "x", Y),
    ("value for slope", "sin(x*y)", "x", math.sin(X * Y) * Y),
    ("path forgotten", "x*y+sin(x)", "x", Y),
    ("gradient overwritten", "x*y+x*z+sin(x)", "x", math.cos(X)),
    ("paths multiplied", "x*y+sin(x)", "x", Y * math.cos(X)),
    ("local only", "x**2*y/z", "x", 2 * X),
    ("other operand", "x**2*y/z", "x", X**2 / Z),
    ("neighbour", "x**2*y/z", "x", Y / Z),
    ("minus lost", "y-x**2", "x", 2 * X),
    ("angle in degrees", "sin(x)*y", "x", math.cos(math.radians(X)) * Y),
    ("inverse slope", "x**2/z", "x", 2 * X * Z),
    ("sign", "x**2*y", "x", -2 * X * Y),
    ("factor two", "x**3", "x", 6 * X**2),
    ("reciprocal", "x**2*y", "x", 1 / (2 * X * Y)),
    ("squared as doubled", "sin(x**2)", "x", math.cos(2 * X) * 2 * X),
    ("product as sum", "sin(x*y)", "x", math.cos(X + Y) * Y),
    ("sum as product", "sin(x+y)", "x", math.cos(X * Y)),
    ("order reversed", "(x-y)**2", "x", 2 * (Y - X)),
    ("minus forgotten", "exp(-x)", "x", -math.exp(X)),
    ("function left out", "sin(x)**2", "x", 2 * X * math.cos(X)),
    ("degrees forwards", "sin(x)**2", "x", 2 * math.sin(math.radians(X)) * math.cos(X)),
]


@pytest.mark.parametrize(("name", "text", "wrt", "expected"), BY_HAND, ids=lambda part: str(part)[:30])
def test_a_slip_gives_the_number_that_one_gets_by_hand(name, text, wrt, expected):
    point = {letter: number for letter, number in (("x", X), ("y", Y), ("z", Z)) if re.search(rf"\b{letter}\b", text)}
    assert any(math.isclose(number, expected, rel_tol=1e-9) for number in numbers(name, text, wrt, **point))


# Two inputs, two hidden neurons, two outputs, all with σ; the cost is half the sum of squares
NETWORK = (
    "h = sigmoid(a*p + b*q + k); g = sigmoid(c*p + d*q + k2); "
    "o = sigmoid(u*h + v*g + m); r = sigmoid(s*h + t*g + m2); (o - y)**2/2 + (r - z)**2/2"
)
AT = {
    "p": 0.7, "q": -0.4, "a": 0.3, "b": -0.6, "k": 0.2, "c": 0.9, "d": 0.5, "k2": -0.3, "u": 1.1,
    "v": -0.8, "m": 0.1, "s": 0.4, "t": 1.3, "m2": -0.2, "y": 0.9, "z": 0.1,
}  # fmt: skip


def by_hand():
    """Everything about the network, from the formulas of the lecture."""
    n = dict(AT)
    n["zh"] = n["a"] * n["p"] + n["b"] * n["q"] + n["k"]
    n["zg"] = n["c"] * n["p"] + n["d"] * n["q"] + n["k2"]
    n["h"], n["g"] = sigma(n["zh"]), sigma(n["zg"])
    n["zo"] = n["u"] * n["h"] + n["v"] * n["g"] + n["m"]
    n["zr"] = n["s"] * n["h"] + n["t"] * n["g"] + n["m2"]
    n["o"], n["r"] = sigma(n["zo"]), sigma(n["zr"])
    n["do"], n["dr"] = (n["o"] - n["y"]) * slope(n["o"]), (n["r"] - n["z"]) * slope(n["r"])
    n["dh"] = (n["u"] * n["do"] + n["s"] * n["dr"]) * slope(n["h"])
    return n


N = by_hand()
OF_NETWORKS = [
    ("activation: formula at z", "u", (N["o"] - N["y"]) * slope(N["zo"]) * N["h"]),
    ("activation: slope at a", "u", (N["o"] - N["y"]) * slope(sigma(N["o"])) * N["h"]),
    ("outer left out", "u", (N["o"] - N["y"]) * N["h"]),
    ("input missing", "u", N["do"]),
    ("pre-activation for activation", "u", N["do"] * N["zh"]),
    ("bias times input", "m", N["do"] * N["h"]),
    ("difference reversed", "u", -N["do"] * N["h"]),
    ("constant factor left out", "u", 2 * N["do"] * N["h"]),
    ("W for its transpose", "a", (N["u"] * N["do"] + N["v"] * N["dr"]) * slope(N["h"]) * N["p"]),
    ("weights already updated", "a", ((N["u"] - 0.5 * N["do"] * N["h"]) * N["do"] + (N["s"] - 0.5 * N["dr"] * N["h"]) * N["dr"])
     * slope(N["h"]) * N["p"]),
    ("path forgotten", "a", N["u"] * N["do"] * slope(N["h"]) * N["p"]),
    ("update for gradient", "u", 0.5 * N["do"] * N["h"]),
    ("update for gradient", "u", N["u"] - 0.5 * N["do"] * N["h"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "wrt", "expected"), OF_NETWORKS)
def test_a_slip_of_networks_gives_the_number_that_one_gets_by_hand(name, wrt, expected):
    assert any(math.isclose(number, expected, rel_tol=1e-9) for number in numbers(name, NETWORK, wrt, **AT))


def test_the_network_by_hand_is_the_network():
    f = engine.parse(NETWORK, **AT)
    assert math.isclose(engine.grad(f, f.inputs["a"]), N["dh"] * N["p"])


def test_the_sum_for_the_mean():
    """Two examples, (w·x - y)² and (w·z - y)², and the cost is their mean."""
    found = numbers("constant factor left out", "((w*x-y)**2 + (w*z-y)**2)/2", "w", w=0.5, x=X, y=Y, z=Z)
    assert found == [pytest.approx(2 * X * (0.5 * X - Y) + 2 * Z * (0.5 * Z - Y))]


def test_every_slip_of_the_catalogue_is_tried_here():
    tried = {name for name, *_ in [*BY_HAND, *OF_NETWORKS]}
    assert {slip.name for slip in DERIVATIVES} == tried


@pytest.mark.parametrize("slip", DERIVATIVES, ids=lambda slip: slip.name)
def test_a_slip_has_its_words(slip):
    """The reason completes a sentence; the hint is one, and has no number that could be the answer."""
    assert slip.why[0].islower() or slip.why[0] == "W"
    assert not slip.why.endswith(".")
    assert slip.hint.endswith((".", "?"))
    assert not re.search(r"\d", slip.hint)


def test_the_names_are_different_and_the_facts_belong_to_families():
    names = [slip.name for slip in DERIVATIVES]
    assert len(set(names)) == len(names)
    assert {slip.family for slip in DERIVATIVES if slip.name in FACTS} <= set(FAMILIES)
    assert set(FAMILIES) <= {slip.family for slip in DERIVATIVES}
    for sentence, hint in FAMILIES.values():
        assert sentence.endswith(".") and hint.endswith((".", "?"))


# --- a new row has the general slips without a line in the catalogue ---

@pytest.fixture
def cube():
    row = ops.declare("cube_for_slips", lambda x: x * x * x, lambda r, x: 3.0 * (x * x))
    yield row
    del ops.TABLE["cube_for_slips"]


def test_a_new_row_has_the_general_slips(cube):
    x, y = engine.Value(X, "x"), engine.Value(Y, "y")
    f = cube(x * y)
    found = {slip.name: list(given) for slip, given in predictions(Working(Graph(f), x), DERIVATIVES).items()}

    def gives(name, expected):
        return any(math.isclose(number, expected, rel_tol=1e-12) for number in found[name])

    assert gives("inner forgotten", 3 * (X * Y) ** 2)
    assert gives("outer at x", 3 * X**2 * Y)
    assert gives("outer at g'", 3 * Y**2 * Y)
    assert gives("outer left out", Y)
    assert gives("value for slope", (X * Y) ** 3 * Y)
    assert gives("inverse slope", Y / (3 * (X * Y) ** 2))


@pytest.mark.parametrize("row", [row for row in ops.TABLE.values() if row.arity and not row.parameter], ids=lambda row: row.name)
def test_the_slips_can_be_tried_at_every_row_of_the_table(row):
    """Whatever the row is, the catalogue gives finite numbers, none of them the right one."""
    for start in (0.4, 1.6):
        x = engine.Value(start, "x")
        others = [engine.Value(start + 0.3 * i, f"y{i}") for i in range(1, row.arity)]
        try:
            f = row(x * 1.1, *others) * 1.3
            working = Working(Graph(f), x)
        except engine.UndefinedError:
            continue
        for given in predictions(working, DERIVATIVES).values():
            assert all(math.isfinite(number) and not math.isclose(number, working.right, rel_tol=1e-12) for number in given)
        break
    else:
        pytest.fail("no point was found at which the row exists")


# --- working ---

def test_without_a_change_the_sweep_gives_the_gradient():
    f = engine.parse(NETWORK, **AT)
    for x in f.inputs.values():
        working = Working(Graph(f), x)
        assert math.isclose(working.right, engine.grad(f, x), rel_tol=1e-12)
        assert math.isclose(working.result(Change()), working.right, rel_tol=1e-12)
        assert math.isclose(working.rates[f], working.right, rel_tol=1e-12), "forwards as backwards"


def test_working_changes_no_value():
    f = engine.parse(NETWORK, **AT)
    before = [(node.data, node.has_grad) for node in Graph(f).order]
    predictions(Working(Graph(f), f.inputs["a"]), DERIVATIVES)
    assert [(node.data, node.has_grad) for node in Graph(f).order] == before


def test_a_slip_at_every_occurrence_is_tried_beside_each_single_one():
    text = "y/x + z/x**2"
    both = Y / X**2 + Z * 2 / X**3
    first, second = Y / X**2 - Z * 2 / X**3, -Y / X**2 + Z * 2 / X**3
    found = numbers("quotient: minus dropped", text, "x", x=X, y=Y, z=Z)
    assert sorted(found) == pytest.approx(sorted([both, first, second]))


def test_values_have_slips_of_their_own():
    f = engine.parse("x**2*y", x=3.0, y=5.0)
    found = {slip.name: list(given) for slip, given in predictions(Forwards(Graph(f)), VALUES).items()}
    assert found["squared as doubled"] == [30]
    assert found["product as sum"] == [14]
    assert found["sign"] == [-45]
