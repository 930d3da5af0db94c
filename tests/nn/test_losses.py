"""The costs of one example: the lectures' numbers, their slopes, and their edges."""

import math

import numpy as np
import pytest

from engine import Value, grad, gradcheck, sigmoid, softmax
from nn import MLP, losses, one_hot
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge,
    mse,
    quadratic,
)


def slopes(loss, prediction, target):
    """The cost, and its derivative with respect to each output."""
    outputs = [Value(a) for a in np.atleast_1d(prediction)]
    cost = loss(outputs if len(outputs) > 1 else outputs[0], target)
    return cost.data, grad(cost, outputs)


# --- the lectures' numbers (4.4) ---

@pytest.mark.parametrize(("p", "y", "cost", "delta"), [(0.8, 1, 0.223143551, -0.2), (0.8, 0, 1.609437912, 0.8)])
def test_the_log_loss_of_one_output(p, y, cost, delta):
    z = Value(math.log(p / (1 - p)))
    found = binary_cross_entropy(sigmoid(z), y)
    assert found.data == pytest.approx(cost, abs=6e-10)
    assert grad(found, z) == pytest.approx(delta, abs=1e-15)


def test_the_log_loss_is_averaged_over_examples():
    found = [binary_cross_entropy(p, y) for p, y in ((0.8, 1), (0.4, 0))]
    assert sum(found) / 2 == pytest.approx(0.366984588, abs=6e-10)


def test_the_log_loss_of_four_outputs_is_their_sum():
    """E32: the bracket encloses both terms; y log h alone would be .356674944."""
    h, y = (0.7, 0.2, 0.1, 0.4), (1, 0, 0, 0)
    z = [Value(math.log(p / (1 - p))) for p in h]
    found = binary_cross_entropy([sigmoid(v) for v in z], y)
    assert found.data == pytest.approx(1.196004635, abs=6e-10)
    assert grad(found, z) == pytest.approx([-0.3, 0.2, 0.1, 0.4], abs=1e-15)
    assert found.data > -math.log(0.7) == pytest.approx(0.356674944, abs=6e-10)


@pytest.mark.parametrize(("target", "cost", "delta"), [
    (1, 1.407605964, [0.090030573, -0.755271529, 0.665240956]),  # the second class, e_2 in the deck
    ([0, 1, 0], 1.407605964, [0.090030573, -0.755271529, 0.665240956]),
    (2, 0.407605964, [0.090030573, 0.244728471, -0.334759044]),
    (np.int64(2), 0.407605964, [0.090030573, 0.244728471, -0.334759044]),
    (2.0, 0.407605964, [0.090030573, 0.244728471, -0.334759044]),
    (np.array([0.0, 0.0, 1.0]), 0.407605964, [0.090030573, 0.244728471, -0.334759044]),
])  # fmt: skip
def test_cross_entropy_takes_a_class_or_its_one_hot_row(target, cost, delta):
    found, slope = slopes(cross_entropy, [1.0, 2.0, 3.0], target)
    assert found == pytest.approx(cost, abs=6e-10)
    assert slope == pytest.approx(delta, abs=6e-10)


def test_cross_entropy_takes_shares_as_well():
    found, slope = slopes(cross_entropy, [1.0, 2.0, 3.0], [0.2, 0.3, 0.5])
    logs = np.array([1, 2, 3]) - math.log(sum(map(math.exp, (1, 2, 3))))
    assert found == pytest.approx(-logs @ [0.2, 0.3, 0.5], rel=1e-14)
    assert slope == pytest.approx(np.exp(logs) - [0.2, 0.3, 0.5], abs=1e-15)


def test_quadratic_is_half_the_square_and_mse_the_mean_of_squares():
    """E46: the lectures' "MSE" has a further 1/2; here each name is one thing."""
    assert slopes(quadratic, [3.0, -1.0], [1.0, 0.0]) == (2.5, [2.0, -1.0])
    assert slopes(mse, [3.0, -1.0], [1.0, 0.0]) == (2.5, [2.0, -1.0])  # 1/2 and 1/n meet at two outputs
    assert slopes(quadratic, 3.0, 1.0) == (2.0, [2.0])
    assert slopes(mse, 3.0, 1.0) == (4.0, [4.0])
    assert slopes(mse, [1.0, 2.0, 3.0, 4.0], [0.0] * 4) == (7.5, [0.5, 1.0, 1.5, 2.0])


def test_mazurs_error_is_the_sum_of_its_parts():
    out, target = (0.751365069552, 0.772928465321), (0.01, 0.99)
    assert quadratic(out, target) == pytest.approx(0.298371108760, abs=1e-12)
    assert [quadratic(a, y) for a, y in zip(out, target)] == pytest.approx([0.274811083176, 0.023560025584], abs=1e-12)


@pytest.mark.parametrize(("score", "y", "cost", "slope"), [
    (0.3, 1, 0.7, -1), (0.3, -1, 1.3, 1), (2.0, 1, 0, 0), (-2.0, -1, 0, 0),
    (1.0, 1, 0, 0), (-1.0, -1, 0, 0),  # the corner counts as flat
])  # fmt: skip
def test_hinge_charges_what_is_within_the_margin(score, y, cost, slope):
    found, (d,) = slopes(hinge, score, y)
    assert (found, d) == (pytest.approx(cost), slope)


def test_hinge_adds_up_its_outputs():
    assert slopes(hinge, [0.5, -2.0, 0.0], [1, -1, -1]) == (1.5, [-1, 0, 1])


def test_digit_6_is_the_seventh_place_and_argmax_reads_it_back():
    row = one_hot([6], 10)[0]
    assert row.tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    assert row.argmax() == 6


# --- the target is no variable ---

@pytest.mark.parametrize("loss", losses.BY_NAME.values(), ids=losses.BY_NAME)
def test_a_cost_agrees_with_differences_and_is_the_same_on_plain_numbers(loss):
    outputs, target = [0.3, 0.6], [1.0, 0.0] if loss is not hinge else [1, -1]
    inputs = [Value(a) for a in outputs]
    cost = loss(inputs, target)
    assert float(loss(outputs, target)) == cost.data
    assert all(c.agrees for c in gradcheck(cost, inputs))
    assert set(cost.inputs) == set() and isinstance(cost, Value)


# --- edges ---

@pytest.mark.parametrize(("z", "y", "cost", "slope"), [
    (1000.0, 1, 0, 0), (1000.0, 0, 1000, 1), (-1000.0, 1, 1000, -1), (-1000.0, 0, 0, 0),
    (0.0, 1, math.log(2), -0.5), (40.0, 1, 4.248354255291589e-18, -4.248354255291589e-18),
])  # fmt: skip
def test_the_log_loss_from_logits_is_exact_where_the_sigmoid_is_0_or_1(z, y, cost, slope):
    found, (d,) = slopes(binary_cross_entropy_with_logits, z, y)
    assert (found, d) == (pytest.approx(cost, rel=1e-14), pytest.approx(slope, rel=1e-14))


@pytest.mark.parametrize("sign", [1, -1])
def test_cross_entropy_is_stable_for_large_logits(sign):
    found, slope = slopes(cross_entropy, [sign * 1000.0, sign * 1001.0, sign * 1002.0], 1)
    near, near_slope = slopes(cross_entropy, [0.0, sign * 1.0, sign * 2.0], 1)
    assert found == pytest.approx(near, rel=1e-12)
    assert slope == pytest.approx(near_slope, rel=1e-12)
    assert slopes(cross_entropy, [1000.0, -1000.0], 1) == (2000.0, [1.0, -1.0])
    assert slopes(cross_entropy, [1000.0, -1000.0], 0) == (0.0, [0.0, 0.0])


@pytest.mark.parametrize(("p", "y", "cost"), [(0.0, 0, 0), (1.0, 1, 0), (0.0, 1, 100), (1.0, 0, 100), (1e-60, 1, 100)])
def test_zero_times_log_zero_is_zero_and_no_logarithm_is_below_minus_100(p, y, cost):
    found, (d,) = slopes(binary_cross_entropy, p, y)
    assert found == pytest.approx(cost, rel=1e-14)
    assert math.isfinite(d)


def test_a_target_between_0_and_1_is_a_share():
    found, (d,) = slopes(binary_cross_entropy, 0.25, 0.5)
    assert found == pytest.approx(-0.5 * (math.log(0.25) + math.log(0.75)), rel=1e-15)
    assert d == pytest.approx(-0.5 / 0.25 + 0.5 / 0.75, rel=1e-14)


# --- torch, where there is one ---

@pytest.mark.parametrize(("name", "outputs", "target"), [
    ("mse", [0.3, -1.2, 5.0], [1.0, 0.0, 4.0]),
    ("binary_cross_entropy", [0.3, 0.9, 1e-9], [1.0, 0.0, 0.5]),
    ("binary_cross_entropy", [0.0, 1.0, 1e-50], [1.0, 0.0, 1.0]),  # the clamp
    ("binary_cross_entropy_with_logits", [3.0, -1000.0, 1000.0], [1.0, 1.0, 0.0]),
    ("cross_entropy", [1.0, 2.0, 3.0], [0.0, 1.0, 0.0]),
    ("cross_entropy", [1000.0, -1000.0, 0.0], [0.2, 0.3, 0.5]),
])  # fmt: skip
def test_torch_computes_the_same_cost(name, outputs, target):
    torch = pytest.importorskip("torch")
    a = torch.tensor(outputs, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(target, dtype=torch.float64)
    reduction = {} if name in ("mse", "cross_entropy") else {"reduction": "sum"}
    theirs = getattr(torch.nn.functional, {"mse": "mse_loss"}.get(name, name))(a, y, **reduction)
    theirs.backward()
    cost, slope = slopes(losses.BY_NAME[name], outputs, target)
    assert cost == pytest.approx(theirs.item(), rel=1e-12)
    if name != "binary_cross_entropy" or min(outputs) > 1e-12:  # beyond the clamp torch keeps a slope of its own making
        assert slope == pytest.approx(a.grad.tolist(), rel=1e-11, abs=1e-15)


def test_torch_counts_a_class_as_we_do():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.cross_entropy(torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64), torch.tensor([2]))
    assert cross_entropy([1.0, 2.0, 3.0], 2) == pytest.approx(theirs.item(), rel=1e-15)


# --- what is refused ---

def test_softmax_twice_is_refused_with_what_to_write():
    model = MLP(2, [3, 3], "tanh", "softmax", seed=0)
    with pytest.raises(ValueError, match=r"softmax would be applied twice: .* Write output='linear' for the network"):
        cross_entropy(model([1, 2]), 1)
    with pytest.raises(ValueError, match="applied twice"):
        cross_entropy(softmax([Value(1.0), Value(2.0)]), [0, 1])


def test_a_quotient_that_is_no_softmax_is_a_logit():
    a, b, c = Value(1.0), Value(2.0), Value(4.0)
    assert cross_entropy([a / c, b / c], 0).data == pytest.approx(math.log(1 + math.exp(0.25)), rel=1e-14)


@pytest.mark.parametrize(("act", "sentence"), [
    (lambda: quadratic([1.0, 2.0], [1.0]), "one target for each output: 2 outputs, 1 targets"),
    (lambda: hinge(1.0, [1.0, -1.0]), "1 outputs, 2 targets"),
    (lambda: cross_entropy([1.0, 2.0], [1, 0, 0]), "2 outputs, 3 targets"),
    (lambda: cross_entropy([1.0, 2.0], 2), "A class is a whole number from 0 to 1; the target is 2"),
    (lambda: cross_entropy([1.0, 2.0], -1), "the target is -1"),
    (lambda: cross_entropy([1.0, 2.0], 0.5), r"the target is 0\.5"),
    (lambda: cross_entropy([1.0, 2.0], math.nan), "the target is nan"),
    (lambda: cross_entropy(1.0, 0), "two logits or more; for one use binary_cross_entropy"),
    (lambda: losses.loss_function(None), "loss takes a function of .prediction, target., or a name, .*; it was given None"),
    (lambda: losses.loss_function(3), "or a name, one of quadratic, mse, .*; it was given 3"),
    (lambda: losses.loss_function("logloss"), "There is no loss 'logloss'; there are quadratic, mse, binary_cross_entropy"),
])  # fmt: skip
def test_a_mistake_is_answered_by_a_sentence(act, sentence):
    with pytest.raises(ValueError, match=sentence):
        act()


NO_NUMBERS = {
    "a masked array": np.ma.array([1.0, 999.0], mask=[0, 1]), "a masked entry": [1.0, np.ma.masked],
    "complex": [1.0, 2j], "NumPy's complex": [1.0, np.complex128(2j)], "a complex array": np.array([1.0, 2j]),
    "dates": np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[D]"), "a date": [1.0, np.datetime64("2020-01-01")],
    "text": "ab", "a list of text": ["a", "b"], "None": None, "None inside": [1.0, None],
    "None in an object array": np.array([1.0, None]), "a generator": (i for i in range(2)),
}  # fmt: skip


@pytest.mark.parametrize("side", ["prediction", "target"])
@pytest.mark.parametrize("loss", losses.BY_NAME.values(), ids=losses.BY_NAME)
@pytest.mark.parametrize("given", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_real_number_is_refused_on_either_side(loss, side, given):
    both = {"prediction": [Value(1.0), Value(0.5)], "target": [1.0, 0.0]} | {side: given}
    with pytest.raises(ValueError, match=f"^The {side} must be real numbers"):
        loss(both["prediction"], both["target"])


def test_an_array_of_truth_values_is_one_of_1_and_0():
    yes_no = np.array([True, False])
    assert quadratic([0.5, 0.25], yes_no) == 0.5 * (0.25 + 0.0625)
    assert quadratic(yes_no, np.array([False, False])) == 0.5
    assert cross_entropy([1.0, 2.0], yes_no) == pytest.approx(math.log(1 + math.e), rel=1e-15)


@pytest.mark.parametrize("side", ["prediction", "target"])
def test_an_array_of_records_is_refused(side):
    both = {"prediction": [1.0], "target": [1.0]} | {side: np.array([(1, 2)], dtype="i,i")}
    with pytest.raises(ValueError, match=f"^The {side} must be real numbers; it has entries of type "):
        quadratic(both["prediction"], both["target"])


def test_object_arrays_of_values_and_a_class_as_an_array_are_taken():
    z = [Value(1.0), Value(0.5)]
    assert quadratic(np.array(z, dtype=object), [1.0, 0.0]).data == 0.125
    assert cross_entropy(z, np.array(1)).data == cross_entropy(z, 1).data


def test_outputs_may_stand_in_an_array_as_predict_gives_them():
    row = MLP(2, [3], seed=0).predict([[1, 2]])[0]
    for loss in losses.BY_NAME.values():
        target = [1, -1, 1] if loss is hinge else [1.0, 0.0, 0.0]
        assert loss(row, target) == pytest.approx(loss(row.tolist(), target), rel=1e-15)
