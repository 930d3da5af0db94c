"""Memory: Elman, Jordan, LSTM and GRU against NumPy, PyTorch, central differences and each other."""

import io
import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

import engine
import nn
from engine import Value
from nn import data
from nn.command import recurrent
from nn.examples import numbers_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(5, 7, 2))
MAKERS = {
    "Elman": lambda **given: nn.Elman(2, 3, 2, seed=1, **given),
    "Jordan": lambda **given: nn.Jordan(2, 3, 2, alpha=0.5, seed=1, **given),
    "Forced": lambda **given: nn.Forced(nn.Jordan(1, 3, 1, seed=1, **given)),
    "LSTM": lambda **given: nn.LSTM(2, 3, seed=1, **given),
    "GRU": lambda **given: nn.GRU(2, 3, seed=1, **given),
    "GRU, reset before": lambda **given: nn.GRU(2, 3, reset="before", seed=1, **given),
}


def sigma(z):
    return 1 / (1 + np.exp(-z))


# --- the formulas, again, on arrays ---

def elman(p, x, h):
    h = np.tanh(p["weight_ih_l0"] @ x + p["bias_ih_l0"] + p["weight_hh_l0"] @ h + p["bias_hh_l0"])
    return h, p["readout.weight"] @ h + p["readout.bias"]


def lstm(p, x, state):
    h, c = state
    i, f, g, o = np.split(p["weight_ih_l0"] @ x + p["bias_ih_l0"] + p["weight_hh_l0"] @ h + p["bias_hh_l0"], 4)
    c = sigma(f) * c + sigma(i) * np.tanh(g)
    h = sigma(o) * np.tanh(c)
    return (h, c), h


def gru(reset):
    def step(p, x, h):
        (wr, wz, wn), (ur, uz, un) = np.split(p["weight_ih_l0"], 3), np.split(p["weight_hh_l0"], 3)
        (br, bz, bn), (dr, dz, dn) = np.split(p["bias_ih_l0"], 3), np.split(p["bias_hh_l0"], 3)
        r, z = sigma(wr @ x + br + ur @ h + dr), sigma(wz @ x + bz + uz @ h + dz)
        past = r * (un @ h + dn) if reset == "after" else un @ (r * h) + dn
        h = (1 - z) * np.tanh(wn @ x + bn + past) + z * h
        return h, h

    return step


def jordan(p, x, state):
    c, y = state
    c = 0.5 * c + y
    y = p["readout.weight"] @ np.tanh(p["weight_ih"] @ x + p["weight_ch"] @ c + p["bias_h"]) + p["readout.bias"]
    return (c, y), y


ORACLES = {
    "Elman": (elman, np.zeros(3)), "LSTM": (lstm, (np.zeros(3), np.zeros(3))), "GRU": (gru("after"), np.zeros(3)),
    "GRU, reset before": (gru("before"), np.zeros(3)), "Jordan": (jordan, (np.zeros(2), np.zeros(2))),
}  # fmt: skip


@pytest.mark.parametrize("name", ORACLES)
def test_the_outputs_are_those_of_the_formula_on_arrays(name):
    model, (step, state) = MAKERS[name](), ORACLES[name]
    expected, p = [], model.state_dict()
    for x in X[0]:
        state, y = step(p, x, state)
        expected.append(y)
    np.testing.assert_allclose(numbers_of(model(X[0].tolist())), expected, rtol=1e-13)
    np.testing.assert_allclose(numbers_of(model(X[0])), expected, rtol=1e-13)  # an array of steps, too
    np.testing.assert_allclose(model.predict(np.tile(X, (2, 1, 1)))[0], expected, rtol=1e-12)  # compiled


# --- numbers by hand ---

def set_all(model, number):
    model.load_state_dict({name: np.full(array.shape, number) for name, array in model.state_dict().items()})
    return model


def test_an_lstm_of_zeros_has_half_open_gates_and_says_nothing():
    model = set_all(nn.LSTM(1, 1), 0.0)
    found = model.activations([[3.0], [-1.0]])
    assert [v.data for gate in (found.i, found.f, found.o) for (v,) in gate] == [0.5] * 6
    assert [v.data for (v,) in found.h] == [0.0, 0.0]


def test_an_lstm_with_open_gates_counts_and_one_with_a_closed_forget_gate_forgets():
    """With i = f = o = 1 the cell is the sum of tanh(x): two steps with x = 1 make 2·tanh 1."""
    model = set_all(nn.LSTM(1, 1), 0.0)
    state = model.state_dict()
    state["bias_ih_l0"] = [1000.0, 1000.0, 0.0, 1000.0]  # i, f, g, o
    state["weight_ih_l0"] = [[0.0], [0.0], [1.0], [0.0]]
    model.load_state_dict(state)
    assert [v.data for (v,) in model.activations([[1.0], [1.0]]).c] == pytest.approx([np.tanh(1), 2 * np.tanh(1)], rel=1e-15)
    state["bias_ih_l0"] = [1000.0, -1000.0, 0.0, 1000.0]
    model.load_state_dict(state)
    assert [v.data for (v,) in model.activations([[1.0], [1.0]]).c] == pytest.approx([np.tanh(1)] * 2, rel=1e-15)


def test_a_gru_s_z_keeps_the_old_state_and_r_hides_it():
    model = set_all(nn.GRU(1, 1), 0.0)
    state = model.state_dict()
    state["weight_ih_l0"] = [[0.0], [-1000.0], [1.0]]  # r, z, n: z is 0 where x is positive, 1 where it is negative
    model.load_state_dict(state)
    assert [v.data for (v,) in model([[0.5], [-0.5], [0.25]])] == pytest.approx(np.tanh([0.5, 0.5, 0.25]), rel=1e-15)


def test_chung_s_gru_is_torch_s_with_the_rows_z_negated():
    ours = nn.GRU(2, 3, seed=2)
    p = {name: np.array_split(array, 3) for name, array in ours.state_dict().items()}
    chung = np.zeros(3)
    for x in X[0]:  # with p's rows z negated, h' = (1 - z)·h + z·n
        r = sigma(p["weight_ih_l0"][0] @ x + p["bias_ih_l0"][0] + p["weight_hh_l0"][0] @ chung + p["bias_hh_l0"][0])
        z = sigma(-p["weight_ih_l0"][1] @ x - p["bias_ih_l0"][1] - p["weight_hh_l0"][1] @ chung - p["bias_hh_l0"][1])
        n = p["weight_ih_l0"][2] @ x + p["bias_ih_l0"][2] + r * (p["weight_hh_l0"][2] @ chung + p["bias_hh_l0"][2])
        chung = (1 - z) * chung + z * np.tanh(n)
    np.testing.assert_allclose(numbers_of(ours(X[0])[-1]), chung, rtol=1e-13)


# --- parameters: counts, names, initialisation ---

def test_the_counts_are_the_published_ones():
    counts = [len(model.parameters()) for model in (nn.LSTM(2, 3), nn.GRU(2, 3), nn.Elman(2, 3, 1), nn.Jordan(2, 3, 1))]
    assert counts == [84, 63, 3 * (2 + 3 + 2) + 4, 3 * (2 + 1 + 1) + 4]  # 72 and 54 with one bias


def test_forget_bias_is_added_to_the_rows_f_and_moves_nothing_else():
    without, with_one = nn.LSTM(2, 3, seed=0).state_dict(), nn.LSTM(2, 3, forget_bias=1.0, seed=0).state_dict()
    difference = with_one["bias_ih_l0"] - without["bias_ih_l0"]
    assert difference == pytest.approx([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0], abs=1e-15)
    assert all((with_one[name] == without[name]).all() for name in without if name != "bias_ih_l0")


@pytest.mark.parametrize("name", MAKERS)
def test_parameters_are_uniform_within_one_over_root_n_and_the_same_for_the_same_seed(name):
    numbers = np.array([p.data for p in MAKERS[name]().parameters()])
    assert (abs(numbers) <= 3**-0.5).all() and abs(numbers).max() > 0.9 * 3**-0.5
    assert numbers.tolist() == [p.data for p in MAKERS[name]().parameters()]
    wide = np.array([p.data for p in nn.LSTM(4, 16, seed=0).parameters()])
    assert abs(wide.mean()) < 0.01 and wide.std() == pytest.approx(0.25 / 3**0.5, rel=0.03)


# --- torch: the same names, shapes, numbers and gradients ---

@pytest.mark.parametrize("kind", ["Elman", "LSTM", "GRU"])
def test_weights_travel_both_ways_between_us_and_torch(kind):
    torch = pytest.importorskip("torch")
    made = {"Elman": torch.nn.RNN, "LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}[kind](2, 3, batch_first=True).double()
    ours = MAKERS[kind]()
    state = {name: array for name, array in ours.state_dict().items() if not name.startswith("readout")}
    assert {name: array.shape for name, array in state.items()} == {n: tuple(p.shape) for n, p in made.named_parameters()}

    made.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})  # there
    there, _ = made(torch.from_numpy(X))
    h = [[[v.data for v in step] for step in ours.activations(x.tolist()).h] for x in X]
    np.testing.assert_allclose(h, there.detach().numpy(), rtol=1e-12)

    other = MAKERS[kind]()
    for p in other.parameters():
        p.data = 0.0
    fresh = type(made)(2, 3, batch_first=True).double()
    extra = {name: array for name, array in other.state_dict().items() if name.startswith("readout")}
    other.load_state_dict({**extra, **{name: p.detach().numpy() for name, p in fresh.named_parameters()}})  # and back
    here = [[v.data for v in step] for step in other.activations(X[0].tolist()).h]
    np.testing.assert_allclose(here, fresh(torch.from_numpy(X[:1]))[0][0].detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", ["Elman", "LSTM", "GRU"])
def test_gradients_through_time_are_torch_s(kind):
    torch = pytest.importorskip("torch")
    made = {"Elman": torch.nn.RNN, "LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}[kind](2, 3, batch_first=True).double()
    ours = MAKERS[kind]()
    state = {name: array for name, array in ours.state_dict().items() if not name.startswith("readout")}
    made.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    (made(torch.from_numpy(X[:1]))[0] ** 2).sum().backward()
    sum(v * v for step in ours.activations(X[0].tolist()).h for v in step).backward()
    for name, p in made.named_parameters():
        gradients = [value.grad for value in ours.stacks()[name].values]
        np.testing.assert_allclose(gradients, p.grad.numpy().ravel(), rtol=1e-10, atol=1e-14)


# --- backpropagation through time ---

@pytest.mark.parametrize("name", MAKERS)
def test_gradients_are_those_of_central_differences(name):
    model = MAKERS[name]()
    cost = sum(v * v for step in model(X[0][:4].tolist()) for v in step)
    assert engine.gradcheck(cost, model.parameters())


def test_a_weight_s_gradient_is_the_sum_over_its_uses():
    """Elman by hand: delta[t] = (1 - h²)·(Vᵀ dy[t] + Uᵀ delta[t+1]); ∂C/∂U = Σ delta[t] h[t-1]ᵀ, ∂C/∂W = Σ delta[t] x[t]ᵀ."""
    model = nn.Elman(2, 3, 2, seed=4)
    p, found = model.state_dict(), model.activations(X[0].tolist())
    sum(v * v for step in found.y for v in step).backward()
    h, y = np.array(numbers_of(found.h)), np.array(numbers_of(found.y))
    delta, dW, dU = np.zeros(3), np.zeros((3, 2)), np.zeros((3, 3))
    for t in reversed(range(len(h))):
        delta = (1 - h[t] ** 2) * (p["readout.weight"].T @ (2 * y[t]) + p["weight_hh_l0"].T @ delta)
        np.testing.assert_allclose([z.grad for z in found.z[t]], delta, rtol=1e-12)
        dW += np.outer(delta, X[0][t])
        dU += np.outer(delta, h[t - 1]) if t else 0
    np.testing.assert_allclose([[w.grad for w in row] for row in model.weight_ih_l0], dW, rtol=1e-12)
    np.testing.assert_allclose([[u.grad for u in row] for row in model.weight_hh_l0], dU, rtol=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_compiled_training_goes_as_training_on_values(name):
    y = RANDOM.normal(size=np.shape(MAKERS[name]().predict(X)))
    costs = [nn.fit(MAKERS[name](), X, y, epochs=3, batch_size=2, compiled=way, warn=False).cost for way in (True, False)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-10)
    assert costs[0][-1] < costs[0][0]


@pytest.mark.parametrize("name", ["Elman", "LSTM", "GRU"])
def test_the_compiled_program_has_the_network_s_matrices(name):
    model = MAKERS[name]()
    program = model.compile()
    program(X)
    assert "W" in str(program) and "x[t]" in str(program)


# --- Jordan ---

def test_jordan_with_an_identity_for_a_readout_is_elman():
    """alpha = 0, V = 1, d = 0, g the identity: then the answers are the hidden state."""
    n = 3
    elman, jordan = nn.Elman(2, n, n, seed=3), nn.Jordan(2, n, n, seed=4)
    p = elman.state_dict()
    jordan.load_state_dict({
        "weight_ih": p["weight_ih_l0"], "weight_ch": p["weight_hh_l0"], "bias_h": p["bias_ih_l0"] + p["bias_hh_l0"],
        "readout.weight": np.eye(n), "readout.bias": np.zeros(n),
    })  # fmt: skip
    np.testing.assert_allclose(numbers_of(jordan(X[0])), numbers_of(elman.activations(X[0]).h), rtol=1e-12)


def test_the_context_is_a_decaying_sum_of_the_answers():
    found = nn.Jordan(2, 3, 1, alpha=0.5, seed=0).activations(X[0])
    c, y = (np.array(numbers_of(steps))[:, 0] for steps in (found.c, found.y))
    assert c == pytest.approx([sum(0.5 ** (t - 1 - s) * y[s] for s in range(t)) for t in range(7)], rel=1e-12)


def test_teacher_forcing_puts_the_right_answers_into_the_context():
    model, answers = nn.Jordan(2, 3, 1, seed=0), [1.0, -2.0, 3.0, 0.5, 0.0, 0.0, 9.0]
    forced = model.states(X[0], answers)
    assert numbers_of(forced.c) == [[0.0], *[[y] for y in answers[:-1]]]
    own = numbers_of(model(X[0]))
    assert numbers_of(model(X[0], targets=own)) == own  # its own answers make a free run
    assert numbers_of(model(X[0], targets=answers))[0] == own[0] and numbers_of(forced.y)[1] != own[1]


def test_forced_is_trained_with_the_teacher_and_the_network_learns():
    model = nn.Jordan(1, 4, 1, seed=0)
    x, y = np.ones((1, 8, 1)), np.array([[[0.8], [-0.8]] * 4])  # on and off: it has to know its last answer
    before = model.state_dict()["weight_ch"]
    adam = nn.optim.Adam(model.parameters(), lr=0.05)
    history = nn.fit(nn.Forced(model), np.concatenate([x, y], axis=2), y, optimizer=adam, epochs=400, warn=False)
    assert history.cost[-1] < 1e-3 and (model.state_dict()["weight_ch"] != before).any()
    np.testing.assert_allclose(model.predict(x)[0, :, 0], y[0, :, 0], atol=0.15)  # running free


# --- the tasks ---

def test_bits_of_temporal_xor_are_pairs_and_their_xor():
    X, y = data.temporal_xor(50, 30, seed=3)
    assert X.shape == (50, 30, 1) and y.shape == (50, 30) and set(np.unique(X)) == {0, 1}
    assert (X[:, 1:, 0] == y[:, :-1]).all()
    assert (y[:, 1::3] == (X[:, 0::3, 0] + X[:, 1::3, 0]) % 2).all()
    assert 0.4 < y[:, 0::3].mean() < 0.6 and 0.4 < y[:, 2::3].mean() < 0.6
    assert (data.temporal_xor(50, 30, seed=3)[0] == X).all() and data.temporal_xor(2, 31)[1].shape == (2, 31)


def test_the_target_of_the_adding_problem_is_the_sum_of_two_marked_numbers_one_in_either_half():
    X, y = data.adding(2000, 40, seed=1)
    assert X.shape == (2000, 40, 2) and (X[:, :20, 1].sum(axis=1) == 1).all() and (X[:, 20:, 1].sum(axis=1) == 1).all()
    np.testing.assert_allclose((X[:, :, 0] * X[:, :, 1]).sum(axis=1), y, rtol=1e-15)
    assert np.var(y) == pytest.approx(1 / 6, rel=0.05)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: data.adding(0), "examples = 0: give a whole number, at least 1"),
    (lambda: data.adding(5, 1), "steps = 1: give a whole number, at least 2"),
    (lambda: data.temporal_xor(2.5), "sequences = 2.5: give a whole number, at least 1"),
    (lambda: data.temporal_xor(2, 2), "steps = 2: give a whole number, at least 3"),
])  # fmt: skip
def test_data_are_asked_for_in_whole_numbers(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


# --- distance in time ---

def test_the_gradient_over_time_is_elman_s_product_of_matrices():
    model = nn.Elman(2, 3, 1, seed=0)
    p, h = model.state_dict(), np.array(numbers_of(model.activations(X[0]).h))
    matrix, expected = np.eye(3), []
    for t in reversed(range(7)):
        matrix = matrix * (1 - h[t] ** 2)  # ∂h[T]/∂z[t]
        expected.insert(0, np.linalg.norm(matrix @ p["weight_ih_l0"]))
        matrix = matrix @ p["weight_hh_l0"]
    np.testing.assert_allclose(nn.gradient_over_time(model, X[0]), expected, rtol=1e-12)
    with pytest.raises(TypeError, match="takes a recurrent network"):
        nn.gradient_over_time(nn.MLP(2, [1]), X[0])


# --- what goes with them ---

def test_readouts_at_the_end_and_at_every_step():
    cell, layer = nn.LSTM(2, 3, seed=0), nn.Layer(3, 1, "linear", seed=0)
    h = cell(X[0])
    assert numbers_of(nn.Sequential(cell, nn.Last(), layer)(X[0])) == numbers_of(layer(h[-1]))
    assert numbers_of(nn.Sequential(cell, nn.PerStep(layer))(X[0])) == [numbers_of(layer(step)) for step in h]
    assert set(nn.Sequential(cell, nn.PerStep(layer)).state_dict()) >= {"0.weight_ih_l0", "1.part.weight"}
    logits = nn.Sequential(cell, nn.PerStep(nn.Layer(3, 1, "linear")))
    with pytest.raises(ValueError, match="binary_cross_entropy takes probabilities"):
        nn.fit(logits, X, np.zeros((5, 7)), loss="binary_cross_entropy")


@pytest.mark.parametrize("name", MAKERS.keys() - {"Forced"})
def test_they_are_saved_and_loaded_alone_and_in_a_row(name, tmp_path):
    model, path = MAKERS[name](), tmp_path / "model.safetensors"
    nn.save(model, path)
    assert numbers_of(nn.load(path)(X[0])) == numbers_of(model(X[0]))
    row = nn.Sequential(model, nn.Last(), nn.Layer(len(model(X[0])[0]), 1, seed=0))
    nn.save(row, path)
    assert numbers_of(nn.load(path)(X[0])) == numbers_of(row(X[0]))


def test_steps_of_many_examples_are_predicted_by_a_program_in_their_own_shape(monkeypatch):
    model = MAKERS["Elman"]()
    expected = [numbers_of(model(x)) for x in X]
    many = np.tile(X, (3, 1, 1))
    shape = np.shape(expected[0])
    calls = []
    states = nn.Elman.states
    monkeypatch.setattr(nn.Elman, "states", lambda *given: calls.append(1) or states(*given))
    found = model.predict(many)
    assert found.shape == (15, *shape) and len(calls) < 15
    np.testing.assert_allclose(found[:5], expected, rtol=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_sequences_of_different_lengths_are_read_and_trained_on(name):
    model = MAKERS[name]()
    lengths = [x[: 3 + i] for i, x in enumerate(X)]
    y = [np.zeros(np.shape(steps)) for steps in model.predict(lengths)]
    assert [len(steps) for steps in y] == [3, 4, 5, 6, 7]
    history = nn.fit(model, lengths, y, epochs=3, batch_size="all", warn=False)
    assert history.cost[-1] < history.cost[0]


@pytest.mark.parametrize("lengths", [[9, 9], [3, 9], [7, 7]])
def test_examples_for_validation_may_have_another_length_than_those_for_training(lengths):
    held = [RANDOM.normal(size=(steps, 2)) for steps in lengths]
    costs = [
        nn.fit(MAKERS["Elman"](), X, X, epochs=2, compiled=compiled, validation=(held, held)).validation_cost
        for compiled in (True, False)
    ]  # fmt: skip
    assert costs[0] == pytest.approx(costs[1], rel=1e-12)


def test_activations_are_named_by_step_and_unit():
    found = MAKERS["LSTM"]().activations(X[0])
    assert found._fields == ("x", "i", "f", "g", "o", "c", "h") and found.output is found.h
    assert (found.f[2][1].label, found.c[6][0].label) == ("f3_2", "c7_1")
    assert all(len(steps) == 7 for steps in found)
    x = Value(0.5, "mine")
    assert nn.GRU(1, 2, seed=0).activations([[x]]).x[0][0] is x and x.label == "mine"


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: nn.Elman(0, 3, 1), "Elman needs a whole number of inputs, at least 1, not 0"),
    (lambda: nn.LSTM(2, True), "LSTM needs a whole number of hidden units, at least 1, not True"),
    (lambda: nn.GRU(2, 3.0), "GRU needs a whole number of hidden units"),
    (lambda: nn.GRU(2, 3, reset="later"), "reset = 'later': give \"after\""),
    (lambda: nn.Jordan(2, 3, 1, alpha=1.0), "alpha = 1.0: give the share of the context"),
    (lambda: nn.Jordan(2, 3, 0), "Jordan needs a whole number of outputs, at least 1, not 0"),
    (lambda: nn.Jordan(2, 3, 1)(X[0], targets=[1.0]), "there are 7 steps and 1 targets"),
    (lambda: nn.Jordan(2, 3, 2)(X[0], targets=np.zeros((7, 3))), "This takes 2 inputs; it was given 3"),
    (lambda: nn.LSTM(2, 3)([]), r"a list of steps with 2 numbers each; it was given \[\]"),
    (lambda: nn.LSTM(2, 3)(1.0), "it was given 1.0"),
    (lambda: nn.LSTM(2, 3)([0.5, 0.5]), "This takes 2 inputs, as a list; it was given 0.5"),
    (lambda: nn.LSTM(2, 3)([[0.5, 0.5], [0.5]]), "This takes 2 inputs; it was given 1"),
    (lambda: nn.LSTM(2, 3).predict(X[0]), r"of shape \(steps, 2\) with at least one step; example 0 has shape \(2,\)"),
    (lambda: nn.LSTM(2, 3, forget_bias="1"), "forget_bias = '1': give a number"),
])  # fmt: skip
def test_what_does_not_fit_is_one_sentence(make, sentence):
    with pytest.raises(ValueError, match=sentence), warnings.catch_warnings():
        warnings.simplefilter("error")
        make()


def test_forced_and_per_step_take_what_they_are_made_for():
    with pytest.raises(TypeError, match="Forced takes a Jordan network"):
        nn.Forced(nn.Elman(1, 2, 1))
    with pytest.raises(TypeError, match="PerStep takes a module"):
        nn.PerStep(engine.tanh)


# --- what they learn ---

def test_an_elman_network_of_five_units_predicts_every_third_bit():
    """Squared error 1/4 on the two bits that are random, towards 0 on the third."""
    X, y = data.temporal_xor(200, 30, seed=0)
    X_test, y_test = data.temporal_xor(100, 30, seed=1)
    model = nn.Elman(1, 5, 1, seed=0)
    adam = nn.optim.Adam(model.parameters(), lr=0.01, clip=1.0)
    nn.fit(model, X, y, loss="mse", optimizer=adam, epochs=120, batch_size=20, compiled=True)
    errors = ((model.predict(X_test)[:, :, 0] - y_test) ** 2).mean(axis=0)
    assert errors[1::3].max() < 0.02
    assert errors[0::3].min() > 0.23 and errors[2::3].min() > 0.23


def test_what_is_far_away_vanishes_unless_the_forget_gate_stands_open():
    """At 20 steps, as a share of the last step's: about 2e-6 for Elman, 4e-5 for the LSTM, 1e-2 with forget_bias=1."""
    makers = (lambda s: nn.Elman(1, 8, 1, seed=s), lambda s: nn.LSTM(1, 8, seed=s), lambda s: nn.LSTM(1, 8, 1, seed=s))
    shares = []
    for make in makers:
        found = [nn.gradient_over_time(make(seed), np.random.default_rng(seed).normal(size=(21, 1))) for seed in range(3)]
        shares.append(np.median([g[0] / g[-1] for g in found]))
    assert shares[0] < 2e-5 and 5e-6 < shares[1] < 5e-4 and 2e-3 < shares[2] < 5e-2


# --- the demos ---

def shown(demo, **given):
    """What a demo writes."""
    text = io.StringIO()
    options = SimpleNamespace(**{"seed": 0, "save": None, "demo": "it", **given})
    demo(options, Console(file=text, width=100))
    return text.getvalue()


def test_elman_s_demo_checks_derivatives_and_shows_the_three_kinds_of_bits(capsys):
    text = shown(recurrent.elman)
    assert "gradient check on 30 parameters, once: largest relative error" in text
    assert "predictable bits that are right: 100.0%" in text
    assert len(re.findall(r"random +│ +0\.2[4-6]\d+", text)) == 2


def test_jordan_s_demo_compares_the_teacher_with_a_free_run(capsys, tmp_path):
    path = tmp_path / "jordan.safetensors"
    text = shown(recurrent.jordan, save=str(path))
    taught, free, mean = (float(re.search(rf"{words} (\d\.\d+)", text)[1]) for words in (
        "on its own answers:", "\nrunning free:", "always the mean:"))  # fmt: skip
    assert free < taught and free < 0.01 < mean == 0.32
    assert isinstance(nn.load(path), nn.Jordan)


def test_the_adding_problem_is_solved_with_gates_here_in_eight_steps(capsys, monkeypatch):
    monkeypatch.setattr(recurrent, "ADDED", 8)
    monkeypatch.setattr(recurrent, "MOST", 5)
    text = shown(recurrent.gru)
    assert float(re.search(r"GRU +│ +(0\.\d+)", text)[1]) < 0.01
    assert 0.14 < float(re.search(r"always the mean, 1 +│ +(0\.\d+)", text)[1]) < 0.19
    monkeypatch.setattr(recurrent, "MOST", 1)
    assert "LSTM(384 parameters)" in (text := shown(recurrent.lstm)) and "h_4" in text
