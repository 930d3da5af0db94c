"""A GPT in single numbers: its values and derivatives against NumPy by hand, what it may look at, what it learns and writes."""

import math

import numpy as np
import pytest

import engine
from nn import GPT, data
from nn.optim import Adam

SMALL = {"vocabulary": 5, "block": 4, "width": 6, "heads": 3}
TOKENS, TARGETS, WEIGHTS = [0, 3, 1, 3], [3, 1, 3, 0], [0.5, 0.25, 0.125, 0.0]


@pytest.fixture
def model():
    return GPT(**SMALL, spread=0.6, seed=3)


# --- by hand ---

def norm(x):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5)


def softmax(x):
    shares = np.exp(x - x.real.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def logits_by_hand(arrays, tokens, heads):
    """All positions at once, on matrices; a mask hides what is to come. It works on complex numbers, too."""
    w = {name: arrays[name] for name in arrays}
    T, width = len(tokens), w["E"].shape[1]
    x = norm(w["E"][tokens] + w["P"][:T])
    q, k, v = (norm(x) @ w[name].T for name in ("W_Q", "W_K", "W_V"))
    q, k, v = (a.reshape(T, heads, width // heads).transpose(1, 0, 2) for a in (q, k, v))
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(width // heads)
    shares = softmax(np.where(np.tri(T, dtype=bool), scores, -1e300))
    x = x + (shares @ v).transpose(1, 0, 2).reshape(T, width) @ w["W_O"].T
    z = norm(x) @ w["W_1"].T
    x = x + np.where(z.real > 0, z, 0) @ w["W_2"].T
    return x @ w["W_U"].T


def cost_by_hand(arrays, tokens, targets, weights, heads):
    z = logits_by_hand(arrays, tokens, heads)
    return -(np.array(weights) * np.log(softmax(z))[np.arange(len(tokens)), targets]).sum()


def gradient_by_hand(arrays, *example):
    """Each derivative by a step in the imaginary direction: Im f(x + ih)/h, in which nothing cancels."""
    found = {}
    for name, array in arrays.items():
        found[name] = np.empty_like(array)
        for place in np.ndindex(array.shape):
            moved = arrays | {name: array.astype(complex)}
            moved[name][place] += 1e-30j
            found[name][place] = cost_by_hand(moved, *example).imag / 1e-30
    return found


def gradients(model):
    return {name: np.array([p.grad for p in stack.values]).reshape(stack.shape) for name, stack in model.stacks().items()}


def test_the_logits_are_those_computed_by_hand(model):
    found = np.array([[z.data for z in row] for row in model(TOKENS)])
    assert found == pytest.approx(logits_by_hand(model.state_dict(), TOKENS, 3), rel=1e-13, abs=1e-14)
    assert model.predict([TOKENS])[0] == pytest.approx(found, rel=1e-15)


def test_the_cost_and_its_gradient_are_those_computed_by_hand(model):
    cost = model.cost(TOKENS, TARGETS, WEIGHTS)
    cost.backward()
    by_hand = gradient_by_hand(model.state_dict(), TOKENS, TARGETS, WEIGHTS, 3)
    assert cost.data == pytest.approx(cost_by_hand(model.state_dict(), TOKENS, TARGETS, WEIGHTS, 3), rel=1e-14)
    for name, found in gradients(model).items():
        assert found == pytest.approx(by_hand[name], rel=1e-11, abs=1e-14), name
    assert all(np.abs(found).max() > 1e-3 for found in by_hand.values())


def test_without_weights_the_cost_is_the_mean_over_the_positions(model):
    assert model.cost(TOKENS, TARGETS).data == pytest.approx(model.cost(TOKENS, TARGETS, [0.25] * 4).data, rel=1e-15)


def test_a_new_network_costs_as_much_as_a_guess():
    model = GPT(27, seed=0)
    assert model.cost([0, 5, 9], [5, 9, 0]).data == pytest.approx(math.log(27), abs=0.1)


# --- it looks only backwards ---

def test_a_later_token_changes_no_earlier_logit(model):
    first, second = ([[z.data for z in row] for row in model(tokens)] for tokens in ([0, 3, 1, 3], [0, 3, 2, 4]))
    assert first[:2] == second[:2]
    assert first[2] != second[2]


def test_no_gradient_reaches_a_later_position(model):
    model.cost(TOKENS, TARGETS, [0.0, 1.0, 0.0, 0.0]).backward()
    reached = [max(abs(p.grad) for p in row) > 0 for row in model.P]
    assert reached == [True, True, False, False]


def test_what_fills_a_document_up_changes_neither_its_cost_nor_its_gradient():
    model = GPT(27, block=6, width=4, heads=2, spread=0.5, seed=1)
    tokens, targets, weights = (array[0].tolist() for array in data.next_letters(["tin"], block=6))
    found = []
    for end in (4, 6):
        model.zero_grad()
        cost = model.cost(tokens[:end], targets[:end], weights[:end])
        cost.backward()
        found.append([cost.data, *(p.grad for p in model.parameters())])
    assert found[0] == pytest.approx(found[1], rel=1e-14, abs=1e-17)


def test_positions_one_after_the_other_give_the_same_logits(model):
    keys, values = [], []
    one_by_one = [[z.data for z in model.step(token, keys, values)] for token in TOKENS]
    assert one_by_one == [[z.data for z in row] for row in model(TOKENS)]


# --- compiled ---

def test_a_program_gives_the_cost_and_the_gradient_of_every_document(model):
    """The tokens of the first document, with which it is traced, differ from the second's."""
    documents = [(TOKENS, TARGETS, WEIGHTS), ([0, 4, 0, 0], [4, 0, 0, 0], [0.5, 0.5, 0.0, 0.0])]
    program = engine.compile(model.cost)
    costs = program(*map(np.array, zip(*documents)))
    total, gradient = program.value_and_grad(*map(np.array, zip(*documents)))
    by_hand = [cost_by_hand(model.state_dict(), *document, 3) for document in documents]
    assert costs == pytest.approx(by_hand, rel=1e-13)
    assert total == pytest.approx(np.mean(by_hand), rel=1e-13)
    gradient.store_to()
    slopes = [gradient_by_hand(model.state_dict(), *document, 3) for document in documents]
    for name, found in gradients(model).items():
        assert found == pytest.approx((slopes[0][name] + slopes[1][name]) / 2, rel=1e-11, abs=1e-14), name


def test_training_lowers_the_cost():
    letters = data.next_letters(["tin", "zinc", "iron", "lead", "gold"], block=5)
    model = GPT(27, block=5, width=8, heads=2, seed=0)
    program = engine.compile(model.cost)
    before = program(*letters).mean()
    descent = program.descend(Adam(model.parameters(), lr=0.02))
    for _ in range(60):
        descent.step(*letters)
    descent.store()
    assert before == pytest.approx(math.log(27), abs=0.1)
    assert program(*letters).mean() < 0.6
    assert data.spelled(model.generate(0, 0, temperature=0.1, seed=0)) in ("tin", "zinc", "iron", "lead", "gold")


# --- what it writes ---

def test_what_is_written_are_tokens_without_the_ends_and_never_too_many():
    model = GPT(27, block=8, width=4, heads=2, seed=0)
    written = [model.generate(0, 0, seed=seed) for seed in range(20)]
    assert all(0 < token < 27 for tokens in written for token in tokens)
    assert {len(tokens) for tokens in written} >= {8} and max(map(len, written)) == 8
    assert written == [model.generate(0, 0, seed=seed) for seed in range(20)]
    assert not any(p.has_grad for p in model.parameters())


def test_the_colder_the_likelier(model):
    """At 1e-300 it is the likeliest token each time; at 1e300 every token has the same chance."""
    likeliest = [0]
    for _ in range(4):
        likeliest.append(int(np.argmax(logits_by_hand(model.state_dict(), likeliest, 3)[-1])))
    assert model.generate(0, 99, temperature=1e-300, seed=0) == likeliest[1:]
    drawn = [token for seed in range(60) for token in model.generate(0, 99, temperature=1e300, seed=seed)]
    assert min(np.bincount(drawn, minlength=5)) > 24  # of 240, 48 each


def test_probabilities_are_those_of_the_softmax():
    """Of 2,000 first tokens each has its share, within four standard deviations."""
    model = GPT(**SMALL | {"block": 1}, spread=0.6, seed=3)
    shares = softmax(logits_by_hand(model.state_dict(), [0], 3)[0] / 0.5)
    counts = np.bincount([model.generate(0, 99, temperature=0.5, seed=seed)[0] for seed in range(2000)], minlength=5)
    assert (np.abs(counts - 2000 * shares) < 4 * np.sqrt(2000 * shares * (1 - shares))).all()


# --- what is refused ---

@pytest.mark.parametrize(("settings", "sentence"), [
    ({"width": 6, "heads": 4}, "heads must divide width"), ({"vocabulary": 0}, "vocabulary = 0"), ({"block": 1.5}, "block = 1.5"),
    ({"heads": 0}, "heads = 0"), ({"width": True}, "width = True"),
])  # fmt: skip
def test_sizes_that_do_not_fit_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        GPT(**{**SMALL, **settings})


@pytest.mark.parametrize("count", [0, 5])
def test_a_document_of_another_length_is_refused(model, count):
    with pytest.raises(ValueError, match=f"reads a document of 1 to 4 tokens; it was given one of {count}"):
        model([0] * count)
    with pytest.raises(ValueError, match=f"it was given one of {count}"):
        model.cost([0] * count, [0] * count)


@pytest.mark.parametrize(("token", "error"), [(5, IndexError), (-1, IndexError), (0.5, TypeError)])
def test_a_token_outside_the_vocabulary_is_refused(model, token, error):
    with pytest.raises(error):
        model([0, token])
    with pytest.raises(error):
        model.cost([0, 1], [1, token])


def test_a_position_too_many_is_refused(model):
    keys, values = [], []
    for _ in range(4):
        model.step(0, keys, values)
    with pytest.raises(IndexError, match="no row 4 in a table of 4"):
        model.step(0, keys, values)


def test_tokens_targets_and_weights_go_together(model):
    with pytest.raises(ValueError, match="2 tokens, 1 targets and 2 weights"):
        model.cost([0, 1], [1])


@pytest.mark.parametrize("temperature", [0, -1.0, math.inf, math.nan])
def test_a_temperature_is_above_zero(model, temperature):
    with pytest.raises(ValueError, match=r"^temperature = .* give a number above 0"):
        model.generate(0, 0, temperature=temperature)
