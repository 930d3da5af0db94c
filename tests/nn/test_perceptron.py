"""The perceptron: gates by hand and by learning, the 24 rows of AND, and what no line can do."""

from fractions import Fraction
from itertools import product

import pytest

from engine import Value
from nn import MLP, Neuron, Perceptron
from nn.perceptron import GATES, Learning, decision_table, gate, inputs, xor_from_features, xor_from_gates

BOTH = pytest.mark.parametrize("fires", [">=", ">"])


def answers(perceptron):
    return [answer for _, answer in perceptron.truth_table()]


# --- the neuron ---

@pytest.mark.parametrize(("bias", "fires", "expected"), [
    (-2, ">=", [0, 0, 0, 1]),  # AND
    (-2, ">", [0, 0, 0, 0]),  # nothing at all
    (-1, ">=", [0, 1, 1, 1]),  # OR
    (-1, ">", [0, 0, 0, 1]),  # AND
])  # fmt: skip
def test_at_a_tie_the_two_lectures_part(bias, fires, expected):
    """E41: one fires at w·x + b >= 0, the other at > 0."""
    assert answers(Perceptron([1, 1], bias, fires=fires)) == expected


def test_a_threshold_is_minus_the_bias():
    """E19, E40: AND with threshold 1.5 has b = -1.5; with b = +1.5 it would fire always."""
    assert answers(Perceptron([1, 1], threshold=1.5)) == answers(Perceptron([1, 1], -1.5)) == [0, 0, 0, 1]
    assert answers(Perceptron([1, 1], 1.5)) == [1, 1, 1, 1]
    assert (Perceptron([1, 1], threshold=1.5).b, Perceptron([1, 1], -1.5).threshold) == (-1.5, 1.5)


def test_outputs_may_be_bipolar():
    perceptron = Perceptron([1, 1], -1, outputs=(-1, 1))
    assert perceptron.truth_table() == [((-1, -1), -1), ((-1, 1), -1), ((1, -1), -1), ((1, 1), 1)]


@pytest.mark.parametrize(("threshold", "yes"), [(5, 4), (3, 5)])
def test_evidence_is_weighed(threshold, yes):
    """Three factors of weights 6, 2, 2: from 5 on the first decides alone; from 3 on the two others together do as well."""
    table = decision_table((6, 2, 2), threshold)
    assert len(table) == 8 and sum(answer for _, answer in table) == yes
    for (first, second, third), answer in table:
        assert answer == (first or (threshold == 3 and second and third))


@BOTH
@pytest.mark.parametrize(("name", "weights", "bias"), [
    ("and", (1, 1), -1.5), ("or", (1, 1), -0.5), ("nand", (-2, -2), 3), ("x1 and not x2", (1, -1), -0.5),
])  # fmt: skip
def test_the_gates_of_the_lectures_have_no_ties(name, weights, bias, fires):
    assert tuple(answers(Perceptron(weights, bias, fires=fires))) == GATES[name]


# --- learning ---

AND_24 = """
1 00 0  0 1  0  0 -1  0 0 -1
1 01 0 -1 0  0  0  0  0 0 -1
1 10 0 -1 0  0  0  0  0 0 -1
1 11 1 -1 0  1  1  1  1 1  0
2 00 0  0 1  0  0 -1  1 1 -1
2 01 0  0 1  0 -1 -1  1 0 -2
2 10 0 -1 0  0  0  0  1 0 -2
2 11 1 -1 0  1  1  1  2 1 -1
3 00 0 -1 0  0  0  0  2 1 -1
3 01 0  0 1  0 -1 -1  2 0 -2
3 10 0  0 1 -1  0 -1  1 0 -3
3 11 1 -2 0  1  1  1  2 1 -2
4 00 0 -2 0  0  0  0  2 1 -2
4 01 0 -1 0  0  0  0  2 1 -2
4 10 0  0 1 -1  0 -1  1 1 -3
4 11 1 -1 0  1  1  1  2 2 -2
5 00 0 -2 0  0  0  0  2 2 -2
5 01 0  0 1  0 -1 -1  2 1 -3
5 10 0 -1 0  0  0  0  2 1 -3
5 11 1  0 1  0  0  0  2 1 -3
6 00 0 -3 0  0  0  0  2 1 -3
6 01 0 -2 0  0  0  0  2 1 -3
6 10 0 -1 0  0  0  0  2 1 -3
6 11 1  0 1  0  0  0  2 1 -3
"""  # epoch, x, target, sum, answer, dw1 dw2 db, w1 w2 b


def test_the_24_rows_of_and():
    _, run = gate("and")
    for line, row in zip(AND_24.split("\n")[1:-1], run.table, strict=True):
        epoch, x, *numbers = line.split()
        assert (row.epoch, row.x) == (int(epoch), tuple(map(int, x)))
        assert [row.target, row.sum, row.answer, *row.dw, row.db, *row.w, row.b] == list(map(int, numbers))


def test_with_whole_numbers_no_row_shows_a_minus_zero():
    _, run = gate("and")
    assert "-0.0" not in repr(run.table)


STATES = {  # at the end of each epoch, and the mistakes by epoch; the last epoch is clean
    ("and", ">="): ("1,1,0 2,1,-1 2,1,-2 2,2,-2 2,1,-3 2,1,-3", "2,3,3,2,1,0"),
    ("and", ">"): ("1,1,1 2,1,0 2,1,-1 2,2,-1 2,1,-2 2,1,-2", "1,3,3,2,1,0"),
    ("or", ">="): ("0,1,0 1,1,0 1,1,-1 1,1,-1", "2,2,1,0"),
    ("or", ">"): ("0,1,1 1,1,1 1,1,0 1,1,0", "1,2,1,0"),
    ("nand", ">="): ("-1,-1,-1 -2,-1,0 -2,-1,1 -2,-2,1 -2,-1,2 -2,-1,2", "1,3,3,2,1,0"),
    ("nand", ">"): ("-1,-1,0 -2,-1,1 -2,-1,2 -2,-2,2 -2,-1,3 -2,-1,3", "2,3,3,2,1,0"),
    ("nor", ">="): ("0,-1,-1 -1,-1,-1 -1,-1,0 -1,-1,0", "1,2,1,0"),
    ("nor", ">"): ("0,-1,0 -1,-1,0 -1,-1,1 -1,-1,1", "2,2,1,0"),
    ("x1 and not x2", ">="): ("0,-1,-1 0,-2,-1 1,-2,0 1,-2,-1 1,-2,-1", "3,2,1,1,0"),
    ("x1 and not x2", ">"): ("0,-1,0 0,-2,0 1,-2,1 1,-2,0 1,-2,0", "2,2,1,1,0"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "fires"), STATES)
def test_every_separable_gate_is_learned_as_the_table_says(name, fires):
    perceptron, run = gate(name, fires)
    states, errors = STATES[name, fires]
    assert run.states == [tuple(map(int, state.split(","))) for state in states.split()]
    assert run.errors == list(map(int, errors.split(",")))
    assert run.converged and run.cycle is None
    assert tuple(answers(perceptron)) == GATES[name]
    assert (*perceptron.w, perceptron.b) == run.states[-1]


@pytest.mark.parametrize(("name", "fires", "epochs", "mistakes"), [
    ("and", ">=", 6, 11), ("and", ">", 6, 10), ("or", ">=", 4, 5), ("nand", ">=", 6, 10), ("nor", ">=", 4, 4),
    ("x1 and not x2", ">=", 5, 7),
])  # fmt: skip
def test_the_mistakes_that_the_convergence_theorem_bounds_are_counted(name, fires, epochs, mistakes):
    _, run = gate(name, fires)
    assert (len(run.errors), run.updates) == (epochs, mistakes)
    assert run.updates == sum(row.answer != row.target for row in run.table)


@pytest.mark.parametrize(("fires", "state", "errors"), [(">=", (-1, 0, 0), [3, 3, 4]), (">", (-1, 0, 1), [2, 3, 4])])
def test_xor_goes_round_for_ever(fires, state, errors):
    """From epoch 2 on the state is the same after each epoch, four mistakes an epoch: no line separates XOR."""
    perceptron, run = gate("xor", fires)
    assert (run.converged, run.cycle, run.errors) == (False, 2, errors)
    assert run.states[1] == run.states[2] == state
    again = perceptron.learn(inputs(), GATES["xor"])  # one more epoch: the same four mistakes, the same state
    assert (again.errors, again.states, again.cycle) == ([4], [state], 0)


def test_a_run_may_end_for_want_of_epochs():
    run = Perceptron([0, 0], 0).learn(inputs(), GATES["and"], epochs=3)
    assert (run.errors, run.converged, run.cycle) == ([2, 3, 3], False, None)


# --- traps ---

@pytest.mark.parametrize("lr", [1, 2, 0.5, 8, Fraction(1, 10), Fraction(1, 5)])
def test_from_zero_the_rate_only_scales_the_weights(lr):
    perceptron = Perceptron([0, 0], 0)
    run = perceptron.learn(inputs(), GATES["and"], lr=lr)
    assert run.errors == [2, 3, 3, 2, 1, 0]
    assert (*perceptron.w, perceptron.b) == (2 * lr, lr, -3 * lr)


@pytest.mark.parametrize("lr", [0.1, 0.2])
def test_but_rounding_can_decide_a_tie(lr):
    """Trap (a): with floats of 0.1 the tie of the fifth epoch becomes -2.8e-17, and learning stops after 4 epochs."""
    perceptron = Perceptron([0, 0], 0)
    run = perceptron.learn(inputs(), GATES["and"], lr=lr)
    assert run.converged and len(run.errors) == 4
    assert (*perceptron.w, perceptron.b) == pytest.approx((2 * lr, lr, -2 * lr))
    assert any(-1e-16 < row.sum < 0 for row in run.table)


def test_bipolar_targets_take_the_same_way():
    """Trap (b), E20: with -1 and +1, and the same step eta, every row is the same but for its target and answer."""
    targets = [-1, -1, -1, 1]
    run = Perceptron([0, 0], 0, outputs=(-1, 1)).learn(inputs(), targets)
    _, binary = gate("and")
    assert run.errors == binary.errors
    assert [(r.x, r.sum, r.dw, r.db, r.w, r.b) for r in run.table] == [(r.x, r.sum, r.dw, r.db, r.w, r.b) for r in binary.table]


def test_a_bias_that_is_counted_twice_is_found_out():
    """Trap (c), E18: x0 = 1 inside the sum and + b besides converges in 3 epochs, to w0 = -1, w = (1, 1), b = -1."""
    perceptron = Perceptron([0, 0, 0], 0)
    run = perceptron.learn([(1, *x) for x in inputs()], GATES["and"])
    assert (len(run.errors), perceptron.w, perceptron.b) == (3, (-1, 1, 1), -1)
    assert len(gate("and")[1].errors) == 6  # what is right


def test_learning_may_begin_anywhere():
    for start in product((-3, 0.5, 2), repeat=3):
        perceptron = Perceptron(start[:2], start[2])
        assert perceptron.learn(inputs(), GATES["or"]).converged
        assert tuple(answers(perceptron)) == GATES["or"]


# --- XOR all the same ---

@pytest.mark.parametrize("way", ["or", "and", "nand"])
def test_xor_is_composed_of_gates_in_three_ways(way):
    assert [xor_from_gates(*x, way=way) for x in inputs()] == [0, 1, 1, 0]


def test_xor_is_separable_once_the_product_is_a_feature():
    assert [xor_from_features(*x) for x in inputs()] == [0, 1, 1, 0]
    perceptron = Perceptron([0, 0, 0], 0)
    assert perceptron.learn([(a, b, a * b) for a, b in inputs()], GATES["xor"]).converged  # and it can be learned


def test_xor_of_sigmoids_needs_a_gain():
    """Row R16: gates sharpened by a gain of 20 answer within 4.6e-5 of 0 and 1."""
    gain = 20
    weights = [[[gain, -gain], [-gain, gain]], [[gain, gain]]]
    model = MLP.from_weights(weights, [[-gain / 2] * 2, [-gain / 2]], "sigmoid", "sigmoid")
    assert model.predict(inputs()) == pytest.approx([4.5e-5, 0.999955, 0.999955, 4.5e-5], abs=1e-6)


def test_xor_of_two_relus_is_exact():
    model = MLP.from_weights([[[1, 1], [1, 1]], [[1, -2]]], [[0, -1], [0]], "relu")
    assert model.predict(inputs()).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("name", ["and", "or", "nand"])
def test_the_gradient_through_a_step_is_zero(name):
    """Which is why the next lecture takes the sigmoid: a step neuron is a perceptron, and nothing reaches its weights."""
    learned, _ = gate(name)
    neuron = Neuron(2, "step")
    for w, number in zip([*neuron.w, neuron.b], [*learned.w, learned.b]):
        w.data = number
    assert [neuron(x).data for x in inputs()] == list(GATES[name])
    neuron([1, 1]).backward()
    assert [p.grad for p in neuron.parameters()] == [0, 0, 0]
    assert isinstance(neuron.b, Value)


# --- what is refused ---

@pytest.mark.parametrize(("act", "sentence"), [
    (lambda: Perceptron([1, 1]), "Give exactly one of bias and threshold: bias = -threshold"),
    (lambda: Perceptron([1, 1], 1, threshold=1), "Give exactly one of bias and threshold"),
    (lambda: Perceptron([1, 1], 1, fires="=>"), "fires = '=>': give"),
    (lambda: Perceptron([1, 1], 1)([1]), "takes 2 inputs; it was given 1"),
    (lambda: Perceptron([1, 1], 1).learn(inputs(), [0, 1, 2, 0]), r"one target, 0 or 1, for each of the 4 inputs; it was given"),
    (lambda: Perceptron([1, 1], 1).learn(inputs(), [0, 1]), "for each of the 4 inputs"),
    (lambda: gate("iff"), "There is no gate 'iff'; there are and, or, nand, nor, x1 and not x2, xor"),
    (lambda: xor_from_gates(0, 1, way="xnor"), "way = 'xnor': give"),
])  # fmt: skip
def test_a_mistake_is_answered_by_a_sentence(act, sentence):
    with pytest.raises(ValueError, match=sentence):
        act()


def test_the_record_of_no_learning_is_empty():
    assert Learning([], [], False, None).updates == 0
    assert repr(Perceptron([1, -1], 0.5, fires=">")) == "Perceptron(w=(1, -1), b=0.5, fires > 0)"
