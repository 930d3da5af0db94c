"""Training: the one loop, what it records, when it stops, what it says; and what stands around it."""

import io
import math
import sys
import warnings
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from engine import Value, sigmoid
from nn import MLP, History, evaluate, fit, l1, l2, learning_rate_search, losses, optim, restarts
from nn.advice import TeacherWarning
from nn.data import xor
from nn.stopping import EarlyStopping, Epochs, Plateau, Target
from tests.interrupts import Interrupted

LINE = [[1.0], [2.0], [3.0]], [2.0, 3.0, 4.0]
AND = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 0.0, 0.0, 1.0]


def line(w=0.0, b=0.0):
    return MLP.from_weights([[[w]]], [[b]])


def one_weight(w=0.0):
    """w·x, the bias being a constant: every iterate can be worked out by hand."""
    return MLP.from_weights([[[w]]], [[Value(0.0).detach()]])


def sgd(model, lr):
    return optim.SGD(model.parameters(), lr=lr)


def numbers(model):
    return [p.data for p in model.parameters()]


def remarks(act):
    """What the teacher says meanwhile; any other warning is an error."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("error")
        warnings.simplefilter("always", TeacherWarning)
        act()
    return [str(warning.message) for warning in said]


# --- batches (R19, R31; E47: a batch may be the whole set or a part of it, so both have a name of their own) ---

@pytest.mark.parametrize(("batch_size", "updates"), [(1, 10), ("all", 1), (4, 3), (10, 1), (99, 1)])
def test_an_epoch_has_as_many_updates_as_batches(batch_size, updates):
    X = [[float(i)] for i in range(10)]
    model = line()
    history = fit(model, X, [0.0] * 10, batch_size=batch_size, epochs=3, optimizer=sgd(model, 0.0))
    assert (history.updates, history.epochs) == (3 * updates, 3)


@pytest.mark.parametrize(("reduction", "lr", "after", "cost"), [
    ("sum", 0.05, (1.0, 0.45), 14.5),  # w and b of y = w x + b; the curriculum writes w1 and w0
    ("mean", 0.15, (1.0, 0.45), 14.5 / 3),  # a mean over three is a third of the sum: three times the rate
])  # fmt: skip
def test_full_batch_descent_of_a_line(reduction, lr, after, cost):
    model = line()
    history = fit(model, *LINE, optimizer=sgd(model, lr), batch_size="all", epochs=1, reduction=reduction)
    assert numbers(model) == pytest.approx(after, abs=1e-15)
    assert history.cost == [pytest.approx(cost, abs=1e-14)]
    again = fit(model, *LINE, optimizer=sgd(model, 0.0), batch_size="all", epochs=1, reduction="sum")
    assert again.cost == [pytest.approx(0.45375, abs=1e-12)]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_online_descent_of_a_line_moves_after_every_example(reduction):
    model = line()
    fit(model, *LINE, optimizer=sgd(model, 0.05), batch_size=1, epochs=1, shuffle=False, reduction=reduction)
    assert numbers(model) == pytest.approx((0.76825, 0.36775), abs=1e-14)
    rest = fit(model, *LINE, optimizer=sgd(model, 0.0), batch_size="all", epochs=1, reduction="sum")
    assert rest.cost[0] == pytest.approx(1.85471, abs=6e-6)


def test_in_the_long_run_the_line_is_found():
    model = line()
    fit(model, *LINE, optimizer=sgd(model, 0.05), batch_size="all", epochs=2000, reduction="sum", warn=False)
    assert numbers(model) == pytest.approx([1, 1], abs=1e-9)


def test_the_full_batch_does_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 2)), rng.normal(size=12)
    found = []
    for order in (np.arange(12), rng.permutation(12)):
        model = MLP(2, [3, 1], "tanh", seed=1)
        history = fit(model, X[order], y[order], batch_size="all", epochs=5, seed=int(order[0]))
        found.append((history.cost, numbers(model)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-12)


class Watch:
    """A quadratic cost that notes the targets it is asked about: in training with Values, in validation with floats.

    A compiled run asks once, with symbols; so these runs are eager.
    """

    def __init__(self):
        self.trained, self.validated = [], []

    def __call__(self, prediction, target):
        (self.trained if isinstance(prediction, Value) and not prediction.constant else self.validated).append(target)
        return losses.quadratic(prediction, target)


def epochs_of(watch, count, epochs):
    """The training targets epoch by epoch; what `fit` tried before the first is left out."""
    seen = watch.trained[-count * epochs :]
    return [seen[i : i + count] for i in range(0, count * epochs, count)]


def test_every_epoch_sees_each_example_once_in_another_order():
    watch, y = Watch(), [float(i) for i in range(8)]
    fit(line(), [[0.0]] * 8, y, loss=watch, batch_size=3, epochs=3, compiled=False)
    first, second, third = epochs_of(watch, 8, 3)
    assert sorted(first) == sorted(second) == sorted(third) == y
    assert first != second != third != y


def test_without_shuffling_the_order_is_that_of_the_data():
    watch, y = Watch(), [float(i) for i in range(8)]
    fit(line(), [[0.0]] * 8, y, loss=watch, batch_size=3, epochs=2, shuffle=False, compiled=False)
    assert epochs_of(watch, 8, 2) == [y, y]


def test_the_same_seed_gives_the_same_bits():
    def run(seed):
        X, y = xor()
        model = MLP(2, [4, 1], "tanh", "sigmoid", seed=7)
        history = fit(model, X, y, batch_size=2, epochs=20, seed=seed, optimizer=optim.Adam(model.parameters(), lr=0.05))
        return history.cost, history.gradient_norm, numbers(model)

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_training_leaves_pythons_own_random_numbers_alone():
    import random

    random.seed(1)
    expected = Random(1).random()
    fit(line(), *LINE, epochs=2, validation=0.34)
    assert random.random() == expected


# --- what is recorded ---

def test_the_history_has_an_entry_for_every_epoch():
    model = MLP(2, [3, 1], "tanh", "sigmoid", seed=0)
    history = fit(model, *AND, loss="binary_cross_entropy", batch_size=2, epochs=5, validation=AND)
    assert history.epochs == 5 and history.updates == 10
    for entries in (history.cost, history.accuracy, history.gradient_norm, history.time, history.validation_cost,
                    history.validation_accuracy):  # fmt: skip
        assert len(entries) == 5 and all(math.isfinite(x) for x in entries)
    assert history.time == sorted(history.time) and history.time[0] > 0
    assert history.reason == "5 epochs are done"
    assert repr(history).startswith("History(5 epochs, 10 updates, cost ")


def test_without_validation_its_lists_are_empty():
    history = fit(line(), *LINE, epochs=2)
    assert history.validation_cost == history.validation_accuracy == []
    assert repr(History()) == "History(0 epochs, 0 updates; still running)"


def test_the_gradient_norm_is_that_of_the_last_update():
    model = line()
    history = fit(model, *LINE, optimizer=sgd(model, 0.0), batch_size="all", epochs=1, reduction="sum")
    assert history.gradient_norm == [pytest.approx(math.hypot(9, 20))]


def test_accuracy_is_the_share_of_right_answers_and_nan_for_regression():
    model = MLP.from_weights([[[1.0, 1.0]]], [[-1.5]], output="sigmoid")  # right on all of AND
    assert fit(model, *AND, optimizer=sgd(model, 0.0), epochs=1).accuracy == [1.0]
    model = MLP.from_weights([[[1.0, 1.0]]], [[-0.5]], output="sigmoid")  # this is OR: two rows differ
    assert fit(model, *AND, optimizer=sgd(model, 0.0), epochs=1).accuracy == [0.5]
    assert math.isnan(fit(line(), *LINE, epochs=1).accuracy[0])


@pytest.mark.parametrize(("loss", "targets"), [
    ("quadratic", [0, 2, 1, 1]), ("quadratic", [[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0]]), ("cross_entropy", [0, 2, 1, 1]),
    ("hinge", [0, 2, 1, 1]),
])  # fmt: skip
def test_classes_and_one_hot_rows_are_judged_by_the_largest_output(loss, targets):
    model = MLP.from_weights([[[1, 0], [0, 1], [0.4, 0.4]]], [[0, 0, 0]])
    X = [[2, 0], [0.5, 0.5], [0, 2], [0.1, 0.2]]  # answers 0, 0, 1, 1
    assert fit(model, X, targets, loss=loss, optimizer=sgd(model, 0.0), epochs=1).accuracy == [0.75]


def test_logits_and_hinge_scores_are_judged_at_0():
    model = line(1.0)
    X = [[0.3], [-0.3]]  # 0.3 is a yes for a logit, though it is below one half
    assert fit(model, X, [1, 0], loss="binary_cross_entropy_with_logits", optimizer=sgd(model, 0.0), epochs=1).accuracy == [1.0]
    assert fit(model, X, [1, -1], loss="hinge", optimizer=sgd(model, 0.0), epochs=1).accuracy == [1.0]


def test_validation_data_of_one_class_are_judged_like_the_training_data():
    """Targets of -1 and 1 part at 0, also in a set that happens to hold 1s only."""
    model = line(0.3)
    history = fit(model, [[1.0], [-1.0]], [1, -1], loss="hinge", optimizer=sgd(model, 0.0), epochs=1, validation=([[1.0]], [1]))
    assert (history.accuracy, history.validation_accuracy) == ([1.0], [1.0])


def test_gradients_are_cleared_at_the_end():
    model = line()
    fit(model, *LINE, epochs=1)
    assert not any(p.has_grad for p in model.parameters())


# --- validation ---

def test_a_share_is_set_aside_at_random_and_never_trained_on():
    y = [float(i) for i in range(20)]
    held_out = []
    for seed in (0, 0, 1):
        watch = Watch()
        fit(line(), [[0.0]] * 20, y, loss=watch, validation=0.25, epochs=2, seed=seed, compiled=False)
        train, rest = set(watch.trained), set(watch.validated)
        assert (len(train), len(rest)) == (15, 5) and not train & rest
        held_out.append(rest)
    assert held_out[0] == held_out[1] != held_out[2]


def test_given_validation_data_are_judged_after_each_epoch_without_the_penalty():
    model = one_weight(1.0)
    history = fit(model, [[1.0]], [1.0], validation=([[1.0], [2.0]], [0.0, 0.0]), penalty=l2(5.0), epochs=1,
                  optimizer=sgd(model, 0.1))  # fmt: skip
    w = 1 - 0.1 * 5  # the cost pulls nowhere at w = 1, the penalty does
    assert numbers(model)[0] == pytest.approx(w)
    assert history.validation_cost == [pytest.approx((w**2 / 2 + (2 * w) ** 2 / 2) / 2)]
    assert history.cost == [2.5]  # 5/2 · 1², before the update


# --- when it stops: each condition alone, and its reason (R46, R68) ---

def test_ten_epochs_are_enough_if_nothing_is_said():
    assert fit(line(), *LINE).reason == "10 epochs are done"
    assert fit(line(), *LINE, stop=[Epochs(4)]).reason == "4 epochs are done"
    assert fit(line(), *LINE, stop=[Epochs(4)], epochs=3).reason == "3 epochs are done"


def test_a_target_stops_at_its_cost():
    model = one_weight()
    history = fit(model, [[1.0]], [2.0], optimizer=sgd(model, 0.1), stop=[Target(0.5)])
    # the cost before epoch n + 1 is (2 · 0.9ⁿ)²/2: .565 after 6 and .457 after 7
    assert history.epochs == 8
    assert history.reason == "the cost 0.457536 has reached the target 0.5"


def test_a_plateau_is_a_cost_that_no_longer_falls():
    model = one_weight()
    history = fit(model, [[1.0]], [2.0], optimizer=sgd(model, 1.0), stop=[Plateau(patience=3)])
    assert history.cost == [2.0, 0.0, 0.0, 0.0, 0.0]
    assert history.reason == "the cost has not fallen for 3 epochs"


def towards_2_judged_at_1(model, **options):
    """The weight goes to 2 by w = 2(1 - 0.9ⁿ); the validation wants 1 and is best after epoch 7, at 1.0434."""
    return fit(model, [[1.0]], [2.0], validation=([[1.0]], [1.0]), optimizer=sgd(model, 0.1), **options)


def test_early_stopping_has_patience_and_puts_the_best_weights_back():
    model = one_weight()
    history = towards_2_judged_at_1(model, stop=[EarlyStopping(patience=3)])
    assert history.epochs == 10
    assert history.reason == "the validation cost has not fallen for 3 epochs; epoch 7's weights were restored"
    assert numbers(model)[0] == pytest.approx(2 * (1 - 0.9**7), rel=1e-14)
    assert int(np.argmin(history.validation_cost)) == 6


def test_the_best_weights_are_put_back_however_the_run_ends():
    model = one_weight()
    history = towards_2_judged_at_1(model, stop=[EarlyStopping(patience=5)], epochs=9)
    assert history.reason == "9 epochs are done; epoch 7's weights were restored"
    assert numbers(model)[0] == pytest.approx(2 * (1 - 0.9**7), rel=1e-14)


@pytest.mark.parametrize("condition", [EarlyStopping(patience=2), Plateau(patience=2)], ids=["early stopping", "plateau"])
def test_a_condition_may_serve_several_runs(condition):
    lengths = {towards_2_judged_at_1(one_weight(), stop=[condition], epochs=60).epochs for _ in range(3)}
    assert len(lengths) == 1


def test_a_run_without_an_epoch_takes_no_weights_from_an_earlier_one():
    """Here the second run, of another network, diverges in its first epoch."""
    condition = EarlyStopping(patience=2)
    towards_2_judged_at_1(one_weight(), stop=[condition], epochs=3)
    model = MLP(1, [2, 1], "linear", seed=0)
    with pytest.warns(TeacherWarning, match="became inf or nan at update 2"):
        fit(model, *LINE, optimizer=sgd(model, 1e200), batch_size=1, validation=LINE, stop=[condition])
    assert all(map(math.isfinite, numbers(model)))


def test_any_function_of_history_and_model_is_a_condition():
    model = one_weight()
    history = fit(model, [[1.0]], [2.0], optimizer=sgd(model, 0.1), stop=[lambda h, m: "w > 1" * (m.parameters()[0].data > 1)])
    assert (history.reason, history.epochs) == ("w > 1", 7)


def test_the_first_condition_with_a_reason_ends_the_run():
    assert fit(line(), *LINE, stop=[Target(1e9), Epochs(1)]).reason.startswith("the cost")
    assert fit(line(), *LINE, stop=[Epochs(1), Target(1e9)]).reason == "1 epoch is done"


def test_early_stopping_needs_validation_data():
    with pytest.raises(ValueError, match=r"watches the validation cost: give fit\(validation=0\.2\) or validation=\(X, y\)"):
        fit(line(), *LINE, stop=[EarlyStopping()])


# --- Ctrl-C ---

def test_ctrl_c_between_epochs_keeps_what_was_learned():
    model = one_weight()

    def interrupt(history, model):
        if history.epochs == 3:
            raise KeyboardInterrupt

    history = fit(model, [[1.0]], [2.0], optimizer=sgd(model, 0.1), epochs=10, callbacks=[interrupt])
    assert history.reason == "interrupted after update 3; what was learned so far is kept"
    assert numbers(model)[0] == pytest.approx(2 * (1 - 0.9**3))
    assert (history.epochs, history.updates) == (3, 3)


def test_ctrl_c_within_an_epoch_keeps_the_updates_that_are_done():
    model, asked = one_weight(), []

    def loss(prediction, target):
        asked.append(target)
        if len(asked) == 1 + 3:  # `fit` tries the loss once before it begins
            raise KeyboardInterrupt
        return losses.quadratic(prediction, target)

    history = fit(model, [[1.0]] * 5, [2.0] * 5, loss=loss, optimizer=sgd(model, 0.1), batch_size=1, compiled=False)
    assert history.reason.startswith("interrupted after update 2")
    assert numbers(model)[0] == pytest.approx(2 * (1 - 0.9**2))
    assert history.epochs == 0 and not model.parameters()[0].has_grad


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("compiled", [True, False])
def test_wherever_ctrl_c_comes_the_history_says_how_many_updates_were_made(optimizer, compiled):
    """While fit traces, while the optimiser's rule is compiled, or in the midst of a step."""
    def run(epochs, tracer):
        model = line(0.5, 0.25)
        chosen = optim.BY_NAME[optimizer](model.parameters())
        with tracer:
            history = fit(model, *LINE, optimizer=chosen, batch_size=1, epochs=epochs, shuffle=False, compiled=compiled)
        return history, (numbers(model), [dict(m) for m in chosen.memory])

    rooms = ("trace.py", "code.py", "descent.py", "update.py", "optim.py", "compiled.py", "run.py", "parameters.py")
    _, start = run(1, Interrupted(0))
    after = {0: ([0.5, 0.25], [{}, {}]), 3: start}
    for count in (1, 2, 4, 5):  # so many updates, by as many examples in one epoch
        model = line(0.5, 0.25)
        chosen = optim.BY_NAME[optimizer](model.parameters())
        X, y = [(LINE[part] * 2)[:count] for part in (0, 1)]
        fit(model, X, y, optimizer=chosen, batch_size=1, epochs=1, shuffle=False, compiled=compiled)
        after[count] = numbers(model), chosen.memory
    seen = set()
    for k in range(1, 20_000, 23):
        tracer = Interrupted(k, *rooms, within=("run_for", "epoch"))
        history, state = run(2, tracer)
        if tracer.left > 0:
            break
        assert history.reason.startswith(f"interrupted after update {history.updates};")
        if history.updates < 6:
            assert state == after[history.updates]
        seen.add(history.updates)
    assert {0, 1, 2, 3, 4, 5} <= seen


# --- callbacks and progress ---

def test_callbacks_see_the_history_and_may_change_the_parameters():
    model, seen = one_weight(), []

    def back_to_0(history, network):
        seen.append((history.epochs, network is model, round(network.parameters()[0].data, 12)))
        network.parameters()[0].data = 0.0

    fit(model, [[1.0]], [2.0], optimizer=sgd(model, 0.1), epochs=3, callbacks=[back_to_0])
    assert seen == [(1, True, 0.2), (2, True, 0.2), (3, True, 0.2)]


def test_an_error_in_a_callback_is_its_authors():
    with pytest.raises(ZeroDivisionError):
        fit(line(), *LINE, callbacks=[lambda history, model: 1 / 0])


@pytest.fixture
def in_no_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)


def test_in_a_pipe_progress_is_a_line_now_and_then(capsys, in_no_notebook):
    fit(MLP(2, [1], output="sigmoid", seed=0), *AND, epochs=50, progress=True)
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"epoch {n}" for n in (1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50)]
    assert all("cost 0." in line and "accuracy" in line for line in lines)
    assert said.out == "" and "\x1b" not in said.err and "\r" not in said.err


def test_in_a_terminal_it_is_a_bar_with_the_cost(monkeypatch, in_no_notebook):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", Terminal())
    history = fit(line(), *LINE, epochs=5, progress=True)
    shown = sys.stderr.getvalue()
    assert "5/5" in shown and "\x1b[" in shown and f"cost {history.cost[-1]:.5f}" in shown


def test_without_a_wish_nothing_is_printed(capsys):
    fit(line(), *LINE)
    assert capsys.readouterr() == ("", "")


# --- penalties (R47, E27, E36, E37) ---

def net_2321():
    return MLP.from_weights(
        [[[-0.5, 0], [-0.2, 0.3], [0.1, -0.5]], [[0.2, -0.4, 0.1], [0.5, -0.1, 0.4]], [[-0.2, 0.3]]],
        [[0.1, 0.4, -0.4], [-0.3, 0], [0.4]], "sigmoid", "sigmoid",
    )  # fmt: skip


@pytest.mark.parametrize(("penalty", "m", "charge"), [
    (l2(0.1), 1, 0.07),  # Σ W² = 1.4
    (l2(0.1), 4, 0.0175),
    (l2(0.1, biases=True), 4, 0.099),  # Σ b² = .58; this convention has no m
    (l2(0.0), 4, 0.0),
    (l1(0.1), 1, 0.38),  # Σ |W| = 3.8
    (l1(0.1), 4, 0.095),
    (l1(0.1, biases=True), 4, 0.54),  # Σ |b| = 1.6
])  # fmt: skip
def test_a_penalty_has_two_conventions(penalty, m, charge):
    """E36: lambda/(2m) over the weights, or lambda/2 over all parameters."""
    assert penalty(net_2321(), m).data == pytest.approx(charge, abs=1e-12)


def logistic():
    return MLP.from_weights([[[0.5, -0.3]]], [[0.1]], output="sigmoid")


def test_the_regularised_logistic_cost_has_its_gradient():
    """E27: (Delta + lambda Theta)/m; the slide's Delta/m + lambda Theta would be (.298811003, .555024706, -.293847870)."""
    model = logistic()
    history = fit(model, *AND, loss="binary_cross_entropy", optimizer=sgd(model, 1), batch_size="all", epochs=1, penalty=l2(1.0))
    assert history.cost == [pytest.approx(0.776094681, abs=6e-10)]
    gradient = np.array(numbers(logistic())) - numbers(model)
    assert gradient == pytest.approx([0.180024706, -0.068847870, 0.298811003], abs=6e-10)
    assert history.gradient_norm == [pytest.approx(np.linalg.norm(gradient), rel=1e-12)]


def test_the_m_of_a_penalty_is_the_size_of_the_training_set_and_not_of_the_batch():
    """Updates of one example each charge lambda/(2·4): with costs that pull nowhere, w shrinks by (1 - eta lambda/m) a step."""
    model = one_weight(1.0)
    history = fit(model, [[0.0]] * 4, [0.0] * 4, optimizer=sgd(model, 0.1), batch_size=1, epochs=1, penalty=l2(2.0))
    assert numbers(model)[0] == pytest.approx((1 - 0.1 * 2 / 4) ** 4, rel=1e-14)
    assert history.cost == [pytest.approx(sum(2 / 8 * (0.95**k) ** 2 for k in range(4)) / 4)]


@pytest.mark.parametrize(("lam", "minimum"), [(0.5, 0.6667), (1.0, 0.5), (10.0, 0.0909)])
def test_l2_shrinks_and_never_to_0(lam, minimum):
    """E37: the minimum of (w - 1)²/2 + lambda w²/2 is 1/(1 + lambda)."""
    model = one_weight()
    fit(model, [[1.0]], [1.0], optimizer=sgd(model, 0.05), epochs=500, penalty=l2(lam))
    assert numbers(model)[0] == pytest.approx(1 / (1 + lam), rel=1e-9)
    assert numbers(model)[0] == pytest.approx(minimum, abs=6e-5)


@pytest.mark.parametrize(("lam", "within"), [(0.5, 1e-9), (2.0, 0.16)])
def test_l1_goes_to_max_of_0_and_1_minus_lambda(lam, within):
    """E37: this is what gives zeros. Plain descent reaches the corner only up to its step: eta·(1 + lambda) around 0."""
    model = one_weight()
    fit(model, [[1.0]], [1.0], optimizer=sgd(model, 0.05), epochs=500, penalty=l1(lam))
    assert numbers(model)[0] == pytest.approx(max(0, 1 - lam), abs=within)


def test_weight_decay_and_the_second_convention_are_the_same():
    one, other = net_2321(), net_2321()
    data = [[1.0, 2.0], [0.0, -1.0]], [1.0, 0.0]
    fit(one, *data, optimizer=sgd(one, 0.1), epochs=5, penalty=l2(0.3, biases=True))
    fit(other, *data, optimizer=optim.SGD(other.parameters(), lr=0.1, weight_decay=0.3), epochs=5)
    assert numbers(one) == pytest.approx(numbers(other), rel=1e-13)


# --- a run that diverges, in every mode ---

@pytest.mark.parametrize("validation", [None, ([[5.0]], [1.0])], ids=["alone", "validated"])
@pytest.mark.parametrize("batch_size", [1, 2, "all"])
@pytest.mark.parametrize("sizes", [[1], [3, 1], [3, 3, 1]], ids=str)
@pytest.mark.parametrize("lr", [1e120, 1e300])
def test_a_run_that_leaves_the_numbers_ends_with_its_step_and_its_parameters_kept(sizes, batch_size, validation, lr):
    model = MLP(1, sizes, "relu", init="uniform", bias=0.3, seed=1)
    runs = []
    said = remarks(lambda: runs.append(fit(model, *LINE, optimizer=sgd(model, lr), batch_size=batch_size, epochs=20,
                                           validation=validation)))  # fmt: skip
    (history,) = runs
    assert history.diverged and "became inf or nan" in history.reason
    assert sum("became inf or nan at update" in remark and "learning rate" in remark for remark in said) == 1
    assert all(map(math.isfinite, numbers(model)))
    assert all(map(math.isfinite, history.cost))


def test_a_learning_rate_slightly_too_large_is_noticed_while_the_cost_still_is_a_number():
    model = one_weight(1.0)
    said = remarks(lambda: fit(model, [[1.0]], [0.0], optimizer=sgd(model, 2.5), epochs=12))
    assert said == ["The cost grows: 0.5 → 5.695 by update 4. The learning rate is probably too large."]


# --- what a teacher would say ---

def dead():
    return MLP.from_weights([[[1, 1], [-1, -1], [-1, 0]], [[1, 1, 1]]], [[0.5, -5, -5], [0]], "relu"), AND


def saturated():
    return MLP.from_weights([[[90, 50], [-90, 70]], [[1, 1]]], [[40, 30], [0]], "sigmoid"), AND


def identical():
    return MLP(2, [3, 1], "tanh", init="zeros"), AND


def growing():
    return one_weight(1.0), ([[1.0]], [0.0])


def out_of_reach():
    return MLP(2, [1], output="sigmoid", seed=0), (AND[0], [0, 0, 0, 2.0])


def diverging():
    return one_weight(1.0), ([[1e3]], [0.0])


TEACHER = [
    (dead, 0.001, "2 of the 3 ReLU units of layer 1 are dead: they output 0 for every example"),
    (saturated, 0.001, "Layer 1 is saturated: nearly all its sigmoid units"),
    (identical, 0.1, "All 3 units of layer 1 are identical and stay so"),
    (growing, 2.5, "The cost grows"),
    (out_of_reach, 0.1, "The target 2 is out of reach: sigmoid gives values from 0 to 1"),
    (diverging, 1e300, "The cost became inf or nan at update 2: the learning rate is probably too large"),
]
each_remark = pytest.mark.parametrize(("case", "lr", "remark"), TEACHER, ids=[case.__name__ for case, *_ in TEACHER])


@each_remark
def test_the_teacher_says_each_thing_once(case, lr, remark):
    model, data = case()
    said = remarks(lambda: fit(model, *data, optimizer=sgd(model, lr), batch_size="all", epochs=8))
    assert sum(sentence.startswith(remark) for sentence in said) == 1
    assert len(said) == 1


@each_remark
def test_the_teacher_is_silent_if_asked(case, lr, remark):
    model, data = case()
    assert remarks(lambda: fit(model, *data, optimizer=sgd(model, lr), batch_size="all", epochs=8, warn=False)) == []


def here():
    return sys._getframe(1).f_lineno


@pytest.mark.parametrize("compiled", [True, False])
@each_remark
def test_each_remark_points_at_the_line_that_called_fit(case, lr, remark, compiled):
    """Those after an epoch, too, which are found deeper inside than those before the first."""
    model, data = case()
    with pytest.warns(TeacherWarning) as said:
        line = here() + 1
        fit(model, *data, optimizer=sgd(model, lr), batch_size="all", epochs=8, compiled=compiled)
    assert [(warning.filename, warning.lineno) for warning in said] == [(__file__, line)]


def test_a_second_run_of_the_same_line_is_remarked_on_again():
    """Python shows a warning once per line of a module; a student runs the same cell again and again."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(3):
            model, data = dead()
            fit(model, *data, optimizer=sgd(model, 0.001), batch_size="all", epochs=3)
    assert len(said) == 3


def test_the_users_own_filter_is_respected():
    model, data = out_of_reach()
    with warnings.catch_warnings(record=True) as said:
        warnings.filterwarnings("ignore", "The target 2 is out of reach", TeacherWarning)
        fit(model, *data, epochs=1)
    assert said == []
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=TeacherWarning, module=__name__)
        with pytest.raises(TeacherWarning, match="out of reach"):
            fit(model, *data, epochs=1)


@pytest.mark.parametrize(("loss", "output", "sizes", "y", "remark"), [
    ("binary_cross_entropy_with_logits", "linear", [1], [0, 1, 2, 1],
     "The target 2 is out of reach: a probability lies between 0 and 1. With any other target "
     "binary_cross_entropy_with_logits falls far below 0 as the outputs grow."),
    ("binary_cross_entropy_with_logits", "linear", [2], [[0, 1], [0.5, 1], [-0.5, 1], [1, 1]], "The target -0.5 is out of reach"),
    ("binary_cross_entropy", lambda z: sigmoid(z), [1], [0, 1, 3, 1], "The target 3 is out of reach: a probability"),
    ("cross_entropy", "linear", [2], [[3, -1], [0, 1], [1, 0], [0, 1]],
     "The target [3.0, -1.0] is out of reach: softmax gives numbers from 0 to 1 that add up to 1. "
     "With negative targets cross_entropy falls without bound."),
    ("cross_entropy", "linear", [2], [[1, 0], [0, 0], [1, 0], [0, 1]], "The target [0.0, 0.0] is out of reach"),
    ("cross_entropy", "linear", [2], [[1, 0], [0, 1], [1, 5], [0, 1]], "The target [1.0, 5.0] is out of reach"),
])  # fmt: skip
def test_a_cost_without_a_floor_is_remarked_on(loss, output, sizes, y, remark):
    model = MLP(2, sizes, output=output, seed=0)
    said = remarks(lambda: fit(model, AND[0], y, loss=loss, epochs=1, compiled=False))
    assert len(said) == 1 and said[0].startswith(remark)


@pytest.mark.parametrize(("loss", "sizes", "y"), [
    ("binary_cross_entropy_with_logits", [1], [0, 1, 0.5, 1]),
    ("cross_entropy", [2], [0, 1, 1, 0]),
    ("cross_entropy", [2], np.array([[0.1, 0.9], [1 / 3, 2 / 3], [1, 0], [0.7, 0.3]], dtype="float32")),
    ("quadratic", [1], [5.0, -3.0, 1e6, 0]),
])  # fmt: skip
def test_targets_within_reach_get_no_remark(loss, sizes, y):
    model = MLP(2, sizes, seed=0)
    assert remarks(lambda: fit(model, AND[0], y, loss=loss, epochs=1, optimizer=sgd(model, 1e-9))) == []


def test_a_run_that_was_silent_does_not_silence_the_optimiser_for_ever():
    model = one_weight(1.0)
    optimizer = sgd(model, 0.1)
    fit(model, [[1.0]], [0.0], optimizer=optimizer, epochs=1, warn=False)
    assert optimizer.warn


def test_a_good_run_gets_no_remark():
    model = MLP(2, [4, 1], "tanh", "sigmoid", init="uniform", seed=0)
    assert remarks(lambda: fit(model, *xor(), epochs=30, batch_size=2)) == []


# --- bad data, refused before anything moves ---

@pytest.mark.parametrize(("change", "sentence"), [
    ({"X": [[1.0, 2.0]] * 4}, r"must have shape \(examples, 1\).*; it has shape \(4, 2\)"),
    ({"X": [[1.0], [2.0], [math.nan], [1.0]]}, "Row 2, column 0 of X is nan"),
    ({"X": [[1.0], [2.0], [1.0, 2.0], [1.0]]}, r"rows have lengths \[1, 2\]"),
    ({"X": []}, "at least one example"),
    ({"y": [1.0, 0.0]}, "4 rows of data, 2 targets"),
    ({"y": [1.0, 0.0, math.inf, 0.0]}, "The target of row 2 is inf"),
    ({"y": [[1.0, 0.0]] * 4}, r"has 1 outputs, but the targets have shape \(4, 2\)"),
    ({"y": ["a", "b", "a", "b"]}, "target"),
    ({"y": None}, "target"),
    ({"loss": "logloss"}, "There is no loss 'logloss'"),
    ({"loss": "hinge"}, r"hinge takes the targets -1 and 1; for targets 0 and 1 write 2\*y - 1"),
    ({"loss": "cross_entropy"}, "for one use binary_cross_entropy"),
    ({"optimizer": "adamm"}, "There is no optimiser 'adamm'; there are sgd, adagrad, rmsprop, adam"),
    ({"batch_size": 0}, "batch_size = 0: give a number of examples"),
    ({"batch_size": "full"}, "batch_size = 'full'"),
    ({"batch_size": 2.5}, r"batch_size = 2\.5"),
    ({"epochs": 0}, "epochs = 0: give a whole number of passes over the data, at least 1"),
    ({"epochs": True}, "epochs = True"),
    ({"epochs": "ten"}, "epochs = 'ten'"),
    ({"batch_size": True}, "batch_size = True"),
    ({"batch_size": np.array([1, 2])}, r"batch_size = array\(\[1, 2\]\)"),
    ({"optimizer": 3}, r"optimizer takes an optimiser such as SGD\(.*, or a name, one of sgd, .*; it was given 3"),
    ({"optimizer": int}, "optimizer takes an optimiser such as SGD.*; it was given <class 'int'>"),
    ({"optimizer": optim.Adam}, r"optimizer takes an instance, not a class: Adam\(model\.parameters\(\), lr=0\.1\)"),
    ({"loss": None}, r"loss takes a function of \(prediction, target\), or a name, .*; it was given None"),
    ({"loss": lambda p, y: None}, "The loss must return one Value, .*; it returned None"),
    ({"loss": lambda p, y: "big"}, "The loss must return one Value, .*; it returned 'big'"),
    ({"loss": lambda p, y: [(p - y) ** 2]}, r"The loss must return one Value, .*; it returned \[Value"),
    ({"loss": lambda p, y: (p.data - y) ** 2}, r"it returned the number 0\.25, through which no gradient flows"),
    ({"penalty": lambda model, m: None}, "The penalty must return one Value, .*; it returned None"),
    ({"penalty": 0.1}, r"penalty takes a penalty with its strength, l2\(0\.1\) or l1\(0\.1\); it was given 0\.1"),
    ({"penalty": l2}, "penalty takes a penalty with its strength"),
    ({"validation": "a"}, r"validation takes a share such as 0\.2, or \(X, y\); it was given 'a'"),
    ({"validation": True}, "it was given True"),
    ({"validation": np.ones(3)}, r"it was given array\("),
    ({"validation": ([[1.0]],)}, "it was given 1 things"),
    ({"validation": math.nan}, "validation = nan"),
    ({"callbacks": print}, r"callbacks takes a list of functions of \(history, model\), .* <built-in function print>"),
    ({"callbacks": 3}, "callbacks takes a list of functions"),
    ({"callbacks": None}, "callbacks takes a list of functions"),
    ({"callbacks": ["print"]}, r"it was given \['print'\]"),
    ({"stop": 3}, r"stop takes a list of conditions, instances and not classes, such as stop=.*; it was given 3"),
    ({"stop": None}, "stop takes a list of conditions"),
    ({"stop": Target(0.1)}, "stop takes a list of conditions"),
    ({"stop": [Target]}, "stop takes a list of conditions"),
    ({"seed": [1]}, r"seed = \[1\]: give a whole number, or None"),
    ({"compiled": "yes"}, "compiled = 'yes': give None, True or False"),
    ({"reduction": "median"}, "reduction = 'median'"),
    ({"validation": 0.01}, r"validation = 0\.01: give a share that leaves examples on both sides"),
    ({"validation": 1.0}, r"validation = 1\.0"),
    ({"validation": ([[1.0, 2.0]], [1.0])}, r"it has shape \(1, 2\)"),
    ({"validation": ([[1.0]], [1.0, 2.0])}, "1 rows of data, 2 targets"),
])  # fmt: skip
def test_a_mistake_is_answered_before_anything_moves(change, sentence):
    model = line(0.5)
    arguments = {"X": [[1.0], [2.0], [3.0], [4.0]], "y": [0.0, 1.0, 0.0, 1.0]} | change
    with pytest.raises((TypeError, ValueError), match=sentence) as caught:
        fit(model, arguments.pop("X"), arguments.pop("y"), **arguments)
    assert "\n" not in str(caught.value)
    assert numbers(model) == [0.5, 0.0]


def test_a_seed_of_numpys_is_a_seed():
    runs = [line(0.5), line(0.5)]
    for model, seed in zip(runs, (3, np.int64(3))):
        fit(model, *LINE, seed=seed, batch_size=1, epochs=2)
    assert numbers(runs[0]) == numbers(runs[1])


@pytest.mark.parametrize("y", [[0, 1, 3], [0.5, 1, 2], [-1, 0, 1]])
def test_what_is_no_class_is_refused(y):
    with pytest.raises(ValueError, match="A class is a whole number from 0 to 2"):
        fit(MLP(1, [3], seed=0), *LINE[:1], y)


def test_softmax_and_cross_entropy_are_refused_before_training():
    model = MLP(1, [3], output="softmax", seed=0)
    before = numbers(model)
    with pytest.raises(ValueError, match=r"softmax would be applied twice: .* Write output='linear'"):
        fit(model, LINE[0], [0, 1, 2], loss="cross_entropy")
    assert numbers(model) == before


def test_an_optimiser_of_another_model_is_refused():
    """Otherwise the run would go through, and nothing would be learned."""
    with pytest.raises(ValueError, match=r"optimi[sz]er"):
        fit(line(), *LINE, optimizer=sgd(line(), 0.1), epochs=1)


# --- around a run: restarts, the choice of a rate ---

def test_restarts_keep_the_best_and_are_never_worse_than_the_first():
    X, y = xor()

    def train(model):
        return fit(model, X, y, loss="binary_cross_entropy", optimizer=sgd(model, 1.5), batch_size="all", epochs=120, warn=False)

    def make(seed):
        return MLP(2, [2, 1], "tanh", "sigmoid", seed=3 + seed)

    model, history, costs = restarts(make, train, count=5)
    assert len(costs) == 5 and history.cost[-1] == min(costs)
    assert costs[0] > 0.3 > 0.1 > min(costs)  # two hidden units are few: the first beginning ends in a local minimum
    assert train(make(costs.index(min(costs)))).cost == history.cost
    right = (model.predict(X) > 0.5) == (np.array(y) > 0.5)
    assert right.all()


def test_the_search_for_a_rate_lets_every_example_validate_once_for_each_rate():
    watch, y = Watch(), [float(i) for i in range(10)]
    learning_rate_search(line, [[0.0]] * 10, y, [0.1, 0.2], k=5, loss=watch, epochs=1)
    assert watch.validated == y * 2  # the folds {0,1} {2,3} ... {8,9}, in order


def test_the_search_for_a_rate_rejects_one_that_diverges():
    """f = w²/2 from 1, ten steps: w is multiplied by 1 - rate each time (R41)."""

    def search():
        return learning_rate_search(lambda: one_weight(1.0), [[1.0]] * 10, [0.0] * 10, [0.1, 0.9, 1.9, 2.1, 1e200],
                                    batch_size="all", epochs=10)  # fmt: skip

    best, costs = search()
    assert best == 0.9
    assert costs[0.1] == pytest.approx(0.348678440**2 / 2, rel=1e-8)
    assert costs[2.1] == pytest.approx(2.593742460**2 / 2, rel=1e-8)
    assert costs[1e200] == math.inf
    assert search() == (best, costs)


# --- it learns ---

def test_xor_is_learned_from_most_beginnings():
    """Row R17: all four rows right; eight of ten seeds at least."""
    X, y = xor()
    solved = 0
    for seed in range(10):
        model = MLP(2, [4, 1], "tanh", "sigmoid", seed=seed)
        fit(model, X, y, loss="binary_cross_entropy", optimizer=sgd(model, 1.0), batch_size="all", epochs=80, seed=seed)
        solved += bool(((model.predict(X) > 0.5) == (np.array(y) > 0.5)).all())
    assert solved >= 8


def test_a_curve_is_approximated():
    """Row R66, E38: a layer of tanh and a line come near to the sine on [0, 2π]."""
    X = np.linspace(0, 2 * math.pi, 25)[:, None]
    y = np.sin(X[:, 0])
    model = MLP(1, [6, 1], "tanh", seed=1)
    fit(model, X, y, optimizer=optim.Adam(model.parameters(), lr=0.03), batch_size=5, epochs=250)
    assert math.sqrt(np.mean((model.predict(X) - y) ** 2)) < 0.1


@pytest.mark.parametrize("optimizer", [*optim.BY_NAME, None])
@pytest.mark.parametrize("loss", ["quadratic", "mse", "binary_cross_entropy"])
def test_every_cost_falls_with_every_optimiser_by_name(loss, optimizer):
    model = MLP(2, [1], output="sigmoid", seed=0)
    history = fit(model, *AND, loss=loss, optimizer=optimizer, batch_size="all", epochs=10)
    assert all(later < earlier for earlier, later in pairwise(history.cost))


def test_a_users_own_functions_may_use_the_methods_of_values():
    """In training, in validation, in prediction and for the teacher, who works with plain numbers elsewhere."""
    model = MLP(2, [3, 1], lambda z: z.tanh(), Value.sigmoid, seed=0)
    with pytest.warns(TeacherWarning, match="one example at a time"):  # `if y` cannot be compiled
        history = fit(model, *AND, loss=lambda p, y: -(p.log() if y else (1 - p).log()), validation=AND, epochs=2)
    assert history.epochs == 2
    assert model.predict(AND[0]).shape == (4,)


def test_the_weights_that_are_put_back_are_those_that_were_judged():
    def disturb(history, model):
        for p in model.parameters():
            p.data += 3.0

    model = MLP(2, [3, 1], "tanh", "sigmoid", seed=0)
    history = fit(model, *AND, validation=AND, stop=[EarlyStopping(2)], callbacks=[disturb], epochs=6, warn=False)
    assert evaluate(model, *AND)[0] == pytest.approx(min(history.validation_cost), rel=1e-14)
