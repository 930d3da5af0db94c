"""RBF networks: the formula, XOR with given centres, least squares, k-means, and training by backpropagation."""

import math
from random import Random

import numpy as np
import pytest
from sklearn.cluster import KMeans

import nn
from engine import Value, compile, gradcheck
from nn import data
from nn.networks.rbf import kmeans, lloyd

MOONS = data.moons()
POINTS, CLASSES = np.concatenate([MOONS.X, MOONS.X_test]), np.concatenate([MOONS.y, MOONS.y_test])
CENTRES = [[0.0, 0.0], [1.0, 0.5], [-1.0, 2.0]]


def with_numbers(n_out=2):
    model = nn.RBF(2, 3, n_out, centres=CENTRES, width=0.8, seed=0)
    state = model.state_dict()
    random = np.random.default_rng(0)
    model.load_state_dict({name: random.normal(size=array.shape) if "output" in name else array for name, array in state.items()})
    return model


def by_formula(model, X):
    """y = b + Σ w exp(-‖x - c‖² / 2s²) with hypot and loops, from the state alone."""
    state = model.state_dict()
    rows = []
    for x in X:
        heights = [math.exp(-math.dist(x, c) ** 2 / (2 * float(state["width"]) ** 2)) for c in state["centres"]]
        pairs = zip(state["output.weight"], state["output.bias"])
        rows.append([b + math.fsum(w * h for w, h in zip(weights, heights)) for weights, b in pairs])
    return np.array(rows)


# --- the formula ---

def test_the_outputs_are_weighted_bumps():
    model = with_numbers()
    expected = by_formula(model, POINTS)
    np.testing.assert_allclose([[v.data for v in model(x)] for x in POINTS[:20]], expected[:20], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(model.predict(POINTS), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(model.predict(POINTS[:3]), expected[:3], rtol=1e-12, atol=1e-14)


def test_one_output_is_a_value_and_several_are_a_list():
    assert isinstance(nn.RBF(2, 3, 1, centres=CENTRES)([0.0, 1.0]), Value)
    assert [type(v) for v in nn.RBF(2, 3, 2, centres=CENTRES)([0.0, 1.0])] == [Value, Value]


def test_activations_hold_what_happened_inside():
    model = with_numbers()
    inside = model.activations([1.0, 0.0])
    assert [d.data for d in inside.squared_distances] == [1.0, 0.25, 8.0]
    assert [h.data for h in inside.phi] == pytest.approx([math.exp(-d / 1.28) for d in (1.0, 0.25, 8.0)], rel=1e-14)
    assert [v.data for v in inside.output] == [v.data for v in model([1.0, 0.0])]
    assert [value.label for value in (*inside.squared_distances[:1], *inside.phi[:1])] == ["d²1", "φ1"]
    np.testing.assert_allclose(model.features([[1.0, 0.0]])[0], [h.data for h in inside.phi], rtol=1e-14)


def test_a_bump_is_one_at_its_centre_and_falls_by_root_e_within_a_width():
    model = nn.RBF(1, 1, 1, centres=[[3.0]], width=0.5)
    heights = [model.activations([x]).phi[0].data for x in (3.0, 3.5, 2.5, 4.0)]
    assert heights == pytest.approx([1.0, math.exp(-0.5), math.exp(-0.5), math.exp(-2.0)], rel=1e-15)


def test_the_width_follows_from_the_centres_unless_it_is_given():
    assert nn.RBF(2, 3, 1, centres=CENTRES).width.data == pytest.approx(math.dist([1.0, 0.5], [-1.0, 2.0]) / math.sqrt(6))
    assert nn.RBF(2, 3, 1, centres=CENTRES, width=2).width.data == 2.0
    assert nn.RBF(2, 1, 1, centres=[[1.0, 2.0]]).width.data == 1.0  # there is no distance to take it from


def test_parameters_have_names_and_labels():
    model = nn.RBF(2, 3, 2, centres=CENTRES)
    assert {name: array.shape for name, array in model.state_dict().items()} == nn.RBF.shapes(2, 3, 2)
    labels = " ".join(value.label for value in model.parameters())
    assert labels == "c11 c12 c21 c22 c31 c32 s w2_11 w2_12 w2_13 w2_21 w2_22 w2_23 b2_1 b2_2"
    assert len(model.parameters()) == 3 * 2 + 1 + 2 * 3 + 2


# --- XOR ---

def test_two_given_centres_solve_xor_exactly():
    """The centres (0,0) and (1,1): with s = √2/√4 the bumps are exp(-d²), and three different points fix three weights."""
    X, y = data.xor()
    model = nn.RBF(2, 2, 1, centres=[[0, 0], [1, 1]]).fit(X, y)
    assert model.width.data == pytest.approx(math.sqrt(0.5), rel=1e-15)
    assert model.predict(X) == pytest.approx(y, abs=1e-14)
    e = math.exp(-1.0)  # w (1 + e²) + b = 0 and 2 w e + b = 1
    w = -1.0 / (1 - e) ** 2
    state = model.state_dict()
    assert state["output.weight"][0] == pytest.approx([w, w], rel=1e-13)
    assert state["output.bias"][0] == pytest.approx(1 - 2 * w * e, rel=1e-13)
    assert model.centre_numbers.tolist() == [[0.0, 0.0], [1.0, 1.0]]


# --- least squares ---

def test_least_squares_solves_the_normal_equations():
    model = nn.RBF(2, 3, 2, centres=CENTRES).fit(POINTS, CLASSES)
    design = np.column_stack([[[v.data for v in model.activations(x).phi] for x in POINTS], np.ones(len(POINTS))])
    targets = np.eye(2)[CLASSES]
    solved = np.linalg.solve(design.T @ design, design.T @ targets).T
    state = model.state_dict()
    np.testing.assert_allclose(np.column_stack([state["output.weight"], state["output.bias"]]), solved, rtol=1e-9)


def test_at_the_least_squares_the_gradient_of_the_output_weights_is_zero():
    model = nn.RBF(2, 3, 1, centres=CENTRES).fit(POINTS, CLASSES)
    model.zero_grad()
    sum((model(x) - t) ** 2 for x, t in zip(POINTS.tolist(), CLASSES.tolist())).backward()
    assert max(abs(p.grad) for p in model.output.parameters()) < 1e-11
    assert max(abs(c.grad) for centre in model.centres for c in centre) > 1  # these have further to go


def test_ten_bumps_learn_two_moons_whatever_the_seed():
    """Published for 200 points, noise .1, s = d_max / √(2k): training accuracy 1."""
    for seed in range(5):
        model = nn.RBF(2, 10, 1, seed=seed).fit(POINTS, CLASSES)
        assert nn.evaluate(model, POINTS, CLASSES)[1] == 1.0
        centres = model.centre_numbers
        largest = max(math.dist(a, b) for a in centres for b in centres)
        assert model.width.data == pytest.approx(largest / math.sqrt(20), rel=1e-14)


def test_the_output_weights_found_by_gradient_approach_those_of_least_squares():
    exact = nn.RBF(2, 3, 1, centres=CENTRES).fit(POINTS, CLASSES)
    model = nn.RBF(2, 3, 1, centres=CENTRES, seed=0)
    optimizer = nn.optim.Adam(model.output.parameters(), lr=0.05)
    nn.fit(model, POINTS, CLASSES, optimizer=optimizer, batch_size="all", epochs=1500)
    assert nn.evaluate(model, POINTS, CLASSES)[0] == pytest.approx(nn.evaluate(exact, POINTS, CLASSES)[0], rel=1e-6)
    assert model.centre_numbers.tolist() == CENTRES and model.width.data == exact.width.data  # frozen


# --- k-means ---

@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_lloyds_rounds_are_scikit_learns(count):
    for seed in range(4):
        start = POINTS[Random(seed).sample(range(len(POINTS)), count)]
        theirs = KMeans(count, init=start, n_init=1, algorithm="lloyd", tol=0, max_iter=300).fit(POINTS).cluster_centers_
        np.testing.assert_allclose(lloyd(POINTS, start), theirs, rtol=1e-9, atol=1e-12)


def test_kmeans_finds_clusters_that_lie_apart():
    random = np.random.default_rng(1)
    middles = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])
    X = np.concatenate([middle + random.normal(scale=0.1, size=(20, 2)) for middle in middles])
    means = [X[i : i + 20].mean(axis=0) for i in range(0, 80, 20)]
    for seed in range(5):
        found = kmeans(X, 4, Random(seed))
        ordered = [min(found, key=lambda centre, mean=mean: math.dist(centre, mean)) for mean in means]
        np.testing.assert_allclose(ordered, means, rtol=1e-12)


def test_a_centre_that_nobody_joins_moves_to_the_example_farthest_from_its_own():
    X = np.array([[0.0], [1.0], [2.0], [9.0]])
    assert sorted(lloyd(X, np.array([[1.0], [50.0], [60.0]])).ravel()) == [0.5, 2.0, 9.0]


def test_as_many_centres_as_different_examples_are_those_examples():
    X = np.array([[0.0], [1.0], [1.0], [4.0]])
    assert sorted(kmeans(X, 3, Random(0)).ravel()) == [0.0, 1.0, 4.0]
    with pytest.raises(ValueError, match="as many different examples as centres: 3 examples, 4 centres"):
        nn.RBF(1, 4, 1).fit(X, [0, 1, 1, 0])


def test_the_same_seed_places_the_same_centres():
    one, other = (nn.RBF(2, 10, 1, seed=3).fit(POINTS, CLASSES).state_dict() for _ in range(2))
    assert all((one[name] == other[name]).all() for name in one)
    again = nn.RBF(2, 10, 1, seed=3)
    assert (again.fit(POINTS, CLASSES).fit(POINTS, CLASSES).state_dict()["centres"] == one["centres"]).all()


def test_given_centres_stay_and_so_does_a_given_width():
    model = nn.RBF(2, 3, 1, centres=CENTRES).fit(POINTS, CLASSES)
    assert model.centre_numbers.tolist() == CENTRES
    assert nn.RBF(2, 4, 1, width=0.3, seed=0).fit(POINTS, CLASSES).width.data == 0.3


# --- by backpropagation ---

def test_derivatives_by_centres_width_and_weights_are_those_of_differences():
    model = with_numbers(1)
    for x, target in (([0.3, -0.7], 1.0), ([1.0, 0.5], 0.0)):  # the second lies on a centre
        compared = gradcheck((model(x) - target) ** 2, model.parameters())
        assert len(compared) == 11 and all(abs(c.exact - c.numeric) <= 1e-7 * max(1, abs(c.exact)) for c in compared)


def test_the_derivative_by_a_centre_is_that_of_the_formula():
    """∂φ/∂c = φ (x - c)/s² and ∂φ/∂s = φ d²/s³."""
    model = nn.RBF(2, 1, 1, centres=[[0.2, -0.1]], width=0.7)
    phi = model.activations([1.0, 0.5]).phi[0]
    phi.backward()
    assert [c.grad for c in model.centres[0]] == pytest.approx([phi.data * 0.8 / 0.49, phi.data * 0.6 / 0.49], rel=1e-13)
    assert model.width.grad == pytest.approx(phi.data * (0.64 + 0.36) / 0.343, rel=1e-13)


@pytest.mark.parametrize("compiled", [True, False])
def test_backpropagation_moves_the_centres_and_lowers_the_cost(compiled):
    model = nn.RBF(2, 4, 1, seed=1).fit(MOONS.X, MOONS.y)
    before, cost = model.centre_numbers, nn.evaluate(model, MOONS.X, MOONS.y)[0]
    optimizer = nn.optim.Adam(model.parameters(), lr=0.02)
    history = nn.fit(model, MOONS.X, MOONS.y, optimizer=optimizer, epochs=10, compiled=compiled)
    assert history.cost[-1] < 0.8 * cost
    assert (model.centre_numbers != before).all()


def test_both_ways_of_training_agree():
    states = []
    for compiled in (True, False):
        model = nn.RBF(2, 3, 2, centres="random", seed=2)
        nn.fit(model, MOONS.X, MOONS.y, epochs=3, compiled=compiled)
        states.append(model.state_dict())
    for name in states[0]:
        np.testing.assert_allclose(states[0][name], states[1][name], rtol=1e-10)


def test_the_compiled_program_has_the_matrix_of_output_weights():
    model = with_numbers(1)
    program = compile(model)
    program(POINTS)
    assert "z1 = W1 exp(-v1) + b1" in str(program)


# --- kept in a file ---

def test_a_saved_network_is_loaded_with_its_centres(tmp_path):
    for model in (nn.RBF(2, 4, 2, seed=0).fit(POINTS, CLASSES), nn.RBF(2, 3, 1, centres=CENTRES, width=0.7, seed=0)):
        nn.save(model, tmp_path / "bumps.safetensors")
        loaded = nn.load(tmp_path / "bumps.safetensors")
        assert (loaded.predict(POINTS) == model.predict(POINTS)).all()
        assert loaded.settings() == model.settings()


# --- what is refused ---

@pytest.mark.parametrize(("arguments", "options", "sentence"), [
    ((0, 3, 1), {}, r"An RBF network needs a whole number of inputs, at least 1, not 0"),
    ((2, 2.0, 1), {}, r"a whole number of units, at least 1, not 2\.0"),
    ((2, 2, True), {}, r"a whole number of outputs, at least 1, not True"),
    ((2, 2, 1), {"width": 0}, r"width = 0: give a number greater than 0, or None"),
    ((2, 2, 1), {"width": math.nan}, r"width = nan: give a number greater than 0"),
    ((2, 2, 1), {"width": "wide"}, r"width = 'wide': give a number greater than 0"),
    ((2, 2, 1), {"centres": "k-means"}, r"centres = 'k-means': give \"kmeans\", \"random\", or 2 rows of 2 numbers"),
    ((2, 2, 1), {"centres": [[0, 0]]}, r"Each unit needs a centre: there are 2 units and 1 centres"),
    ((2, 2, 1), {"centres": [[0], [1]]}, r"centres must have shape \(examples, 2\)|centres must be"),
    ((2, 2, 1), {"centres": [[0, 0], [1, math.inf]]}, r"Row 1, column 1 of centres is inf"),
    ((2, 2, 1), {"seed": []}, r"seed = \[\]: give a whole number"),
])  # fmt: skip
def test_a_network_that_cannot_be_made_is_refused(arguments, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        nn.RBF(*arguments, **options)


def test_centres_without_places_are_said():
    for use in (lambda m: m([0.0, 0.0]), lambda m: nn.fit(m, POINTS, CLASSES), lambda m: m.predict(POINTS)):
        with pytest.raises(ValueError, match=r"The centres have no places yet: call fit\(X, y\), or place\(X\)"):
            use(nn.RBF(2, 3, 1))
    placed = nn.RBF(2, 3, 1, seed=0).place(POINTS)
    nn.fit(placed, POINTS, CLASSES, epochs=1)


@pytest.mark.parametrize(("X", "y", "sentence"), [
    ([[0.0]], [1.0], r"X must have shape \(examples, 2\)"),
    ([[0.0, math.nan], [1.0, 1.0]], [0, 1], "Row 0, column 1 of X is nan"),
    ([[0.0, 0.0], [1.0, 1.0]], [0], "y must have one target for each example: 2 rows of data, 1 targets"),
    ([[0.0, 0.0], [1.0, 1.0]], [0, math.inf], "The target of row 1 is inf"),
])  # fmt: skip
def test_data_that_do_not_fit_are_refused(X, y, sentence):
    with pytest.raises(ValueError, match=sentence):
        nn.RBF(2, 2, 1, centres=[[0, 0], [1, 1]]).fit(X, y)
