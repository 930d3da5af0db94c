"""python -m nn: what the demos print, and how mistakes are answered: one plain line, exit status 2, nothing half-written."""

import io
import json
import os
import re
import subprocess
import sys
import warnings
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import nn
from engine.say.colours import ORANGE
from nn import MLP, data, load, mazur, save
from nn.command.main import PLAIN, main
from nn.command.shared import compared, duration
from nn.command.table import DEMOS
from nn.data import Split
from nn.perceptron import GATES

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def as_from_a_shell(monkeypatch):
    """The command prints the teacher's remarks itself; the tests' "warnings are errors" would get in its way."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back afterwards
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield


@pytest.fixture
def answer(capsys):
    """The command in this process: its output, if it could do what it was asked."""

    def call(*words):
        status = main(list(words))
        said = capsys.readouterr()
        assert status == 0, said.err
        return said.out

    return call


@pytest.fixture
def few_digits(monkeypatch):
    """Forty of the digits to learn from and forty to be judged by."""
    whole = data.digits()
    monkeypatch.setattr(data, "digits", lambda: Split(whole.X[:40], whole.y[:40], whole.X_test[:40], whole.y_test[:40]))


# --- the demos ---

def test_alone_it_lists_the_demos_in_groups_and_how_long_each_takes(answer):
    lines = answer().splitlines()
    listed = [re.match(r"  python -m nn (\S+) .*\((.* seconds?|.* minutes?|at once)\)$", line) for line in lines]
    heading, under = None, {}
    for line, found in zip(lines, listed):
        if found:
            under[found[1]] = heading
        else:
            heading = line.removesuffix(":")
    assert under == {name: demo.group for name, demo in DEMOS.items()}
    assert len(lines) == len(DEMOS) + len(set(under.values()))  # each heading once


@pytest.mark.parametrize("biases", ["fixed", "own", "shared"])
def test_mazur_prints_every_number_of_the_lecture(answer, biases, monkeypatch):
    monkeypatch.setattr(mazur, "train", lambda steps, biases: [0.298371109, 0.291027774, 3.51e-5])  # tested elsewhere
    text = re.sub(r"\n +(?== )", " ", answer("mazur", "--biases", biases))  # an equation that was broken
    printed = dict(re.findall(r"^  (\S+(?: [wb]\S+)?) += .* = +(-?\d\.\d{9})$", text, re.MULTILINE))
    assert {name: float(number) for name, number in printed.items()} == pytest.approx(mazur.numbers(biases), abs=6e-10)


def test_in_a_terminal_the_way_back_has_the_colour_of_gradients(answer, monkeypatch):
    monkeypatch.setattr(mazur, "train", lambda steps, biases: [0.298371109, 0.291027774, 3.51e-5])
    plain = answer("mazur")
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system="256", width=80, _environ={})
    DEMOS["mazur"].run(Namespace(biases="fixed"), terminal)
    coloured = terminal.file.getvalue()
    assert "\x1b" not in plain and re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain
    back = [line for line in coloured.splitlines() if line.startswith(f"\x1b[{ORANGE}m")]
    begins = re.compile("\x1b.*m(Backward|Gradients|  dE|  dout| +=)")
    assert back and all(begins.match(line) or "Σ" in line or "out - target" in line for line in back)
    assert [line for line in plain.splitlines() if line.startswith(("  dE", "  dout"))] == [
        re.sub("\x1b\\[[0-9;]*m", "", line) for line in back if "m  d" in line]  # fmt: skip


@pytest.mark.parametrize(("words", "verdict"), [
    (["and"], "Learned in 6 epochs and 11 changes (mistakes by epoch: 2, 3, 3, 2, 1, 0): w = (2, 1), b = -3."),
    (["and", "--fires", ">"], "Learned in 6 epochs and 10 changes (mistakes by epoch: 1, 3, 3, 2, 1, 0): w = (2, 1), b = -2."),
    (["or"], "Learned in 4 epochs and 5 changes (mistakes by epoch: 2, 2, 1, 0): w = (1, 1), b = -1."),
    (["nand"], "Learned in 6 epochs and 10 changes (mistakes by epoch: 1, 3, 3, 2, 1, 0): w = (-2, -1), b = 2."),
    (["nor"], "Learned in 4 epochs and 4 changes (mistakes by epoch: 1, 2, 1, 0): w = (-1, -1), b = 0."),
    (["x1 and not x2"], "Learned in 5 epochs and 7 changes (mistakes by epoch: 3, 2, 1, 1, 0): w = (1, -2), b = -1."),
    (["xor"], "Never: the state after epoch 3 is the one after epoch 2, so it cycles for ever (mistakes by epoch: "
              "3, 3, 4). No line separates xor; a hidden layer does: python -m nn xor"),
])  # fmt: skip
def test_perceptron_prints_the_table_and_the_verdict(answer, words, verdict):
    text = answer("perceptron", *words)
    assert text.splitlines()[-1] == verdict
    rows = [line for line in text.splitlines() if re.match(r" +\d+ │", line)]
    assert len(rows) == 4 * len(re.search(r"mistakes by epoch: ([\d, ]+)", verdict)[1].split(", "))
    assert sum("changes" in row for row in rows) == sum(map(int, re.findall(r"\d+", re.search(r"epoch: ([\d, ]+)", verdict)[1])))


@pytest.mark.parametrize("width", [40, 74, 80])
def test_the_table_of_the_perceptron_fits_the_terminal_with_every_number(width):
    for name, targets in GATES.items():
        narrow = Console(file=io.StringIO(), width=width, _environ={})
        DEMOS["perceptron"].run(Namespace(gate=[name], fires=">="), narrow)
        rows = [line for line in narrow.file.getvalue().splitlines() if re.match(r" +\d+ │", line)]
        assert len(rows) >= 4 and len(rows) % 4 == 0 and max(map(len, rows)) <= width
        assert "…" not in narrow.file.getvalue()
        cells = [[cell.strip() for cell in row.split("│")] for row in rows]
        assert [int(row[2 if width == 40 else 3]) for row in cells] == [*targets] * (len(rows) // 4)


def test_the_words_of_a_gate_may_stand_alone(answer):
    assert answer("perceptron", "x1", "and", "not", "x2") == answer("perceptron", "x1 and not x2")


def test_xor_is_learned(answer):
    text = answer("xor")
    assert "MLP(2 → 4 tanh → 1 sigmoid; 17 parameters)" in text
    rows = re.findall(r"^ *(\d) │ +(\d) │ +(\d) │ +([-\d.e]+) *$", text, re.MULTILINE)
    assert [(int(a) ^ int(b)) == int(t) == round(float(output)) for a, b, t, output in rows] == [True] * 4


def test_options_change_the_network_and_the_training(answer):
    text = answer("xor", "--hidden", "3,2", "--activation", "relu", "--loss", "quadratic", "--optimizer", "adam", "--lr", "0.02",
                  "--epochs", "3", "--batch-size", "2", "--seed", "5", "--init", "he")  # fmt: skip
    assert "MLP(2 → 3 relu → 2 relu → 1 sigmoid; 20 parameters)" in text
    assert "quadratic, adam with learning rate 0.02, batches of 2" in text
    assert "in 3 epochs, 6 updates" in text


def test_a_seed_gives_the_same_answers(answer):
    def outputs(seed):
        return re.findall(r"│ +([-\d.]+)$", answer("xor", "--epochs", "5", "--seed", seed), re.MULTILINE)

    assert outputs("1") == outputs("1") != outputs("2")


@pytest.mark.parametrize("loss", ["quadratic", "mse", "binary_cross_entropy", "binary_cross_entropy_with_logits", "hinge"])
def test_xor_and_moons_take_every_cost_of_one_output(answer, loss):
    assert "in 2 epochs" in answer("xor", "--loss", loss, "--epochs", "2")
    assert "test accuracy" in answer("moons", "--loss", loss, "--epochs", "2", "--hidden", "3")


def test_moons_are_told_apart_and_drawn(answer):
    text = answer("moons", "--hidden", "8", "--epochs", "15")
    assert float(re.search(r"test accuracy (\d\.\d+)", text)[1]) > 0.8
    plane = [line for line in text.splitlines() if re.fullmatch("[▒ ox]+", line)]
    assert len(plane) == 20 and max(map(len, plane)) <= 60
    assert min("".join(plane).count(sign) for sign in "ox") > 30  # the 100 examples of the test, where they do not coincide
    first, last = plane[1:4], plane[-4:-1]
    assert "x" not in "".join(first) and "o" not in "".join(last)  # the upper moon is class 0, the lower is class 1


def test_moons_are_judged_between_the_targets_that_were_learned(answer):
    """A linear output that learns 0 and 1 parts them at one half, not at 0."""
    text = answer("moons", "--loss", "quadratic", "--output", "linear", "--hidden", "8", "--epochs", "15")
    learned = float(re.search(r"test accuracy (\d\.\d+)", text)[1])
    assert learned > 0.8
    assert "▒" in text and re.search("  ", text)


def test_speeds_are_those_of_a_step_in_honest_words(answer, few_digits):
    said = " ".join(answer("digits", "--epochs", "2").split())
    assert re.search(r"an update took \S+ (µs|ms), compiled to matrices; .* takes \S+ m?s: about \d+ times as long", said)
    assert re.search(r"an update takes \S+ m?s, example by example on Values", answer("digits", "--epochs", "1"))


@pytest.mark.parametrize(("compiled", "eager", "said"), [
    (1e-4, 0.0697, "about 700 times as long"),
    (2e-3, 5e-3, "about 2 times as long"),
    (8.0e-4, 6.3e-4, "about as long"),
    (8.0e-4, 8.9e-4, "about as long"),
    (8.0e-4, 2e-4, "less than that, since this network is too small for its matrices to pay"),
])  # fmt: skip
def test_two_times_are_compared_in_words(compiled, eager, said):
    assert compared(compiled, eager).endswith(f": {said}")


def test_digits_are_learned_judged_and_drawn(answer, few_digits):
    text = answer("digits", "--epochs", "1")
    assert "MLP(64 → 15 sigmoid → 10 sigmoid; 1135 parameters)" in text
    right, count = map(int, re.search(r"test accuracy \d\.\d{4}: (\d+) of (\d+) right", text).groups())
    assert count == 40
    table = [re.findall(r"\d+|·", line.split("┃")[-1]) for line in text.splitlines() if line.startswith("is ")]
    counts = [[0 if cell == "·" else int(cell) for cell in row[1:]] for row in table]
    assert (len(counts), sum(map(sum, counts)), sum(row[i] for i, row in enumerate(counts))) == (10, 40, right)
    assert re.search(r"\d, taken for \d", text) and "█" in text


@pytest.mark.parametrize(("loss", "output"), [
    ("cross_entropy", "linear"), ("binary_cross_entropy", "sigmoid"), ("hinge", "linear"), ("mse", "sigmoid"),
    ("binary_cross_entropy_with_logits", "linear"),
])  # fmt: skip
def test_digits_take_every_cost_and_the_output_that_goes_with_it(answer, few_digits, loss, output):
    assert f"10 {output};" in answer("digits", "--epochs", "1", "--hidden", "3", "--loss", loss)


def test_digits_are_split_once_and_for_all():
    one, other = data.digits(), data.digits()
    assert all((a == b).all() for a, b in zip(one, other))
    assert (one.X.shape, one.X_test.shape) == ((1347, 64), (450, 64))
    assert (one.X.min(), one.X.max()) == (0, 1)  # E45: 0 is paper, 1 is ink
    assert abs(np.bincount(one.y) / 1347 - np.bincount(one.y_test) / 450).max() < 0.002  # each digit in equal share


def test_a_trained_network_is_saved_and_predicts_in_another_run(answer, few_digits, tmp_path):
    path = str(tmp_path / "m.safetensors")
    learned = answer("digits", "--epochs", "1", "--save", path)
    assert f"python -m nn predict {path} digits" in " ".join(learned.split())
    assert repr(load(path)) == "MLP(64 → 15 sigmoid → 10 sigmoid; 1135 parameters)"
    accuracy = re.search(r"test accuracy .*", learned)[0]
    assert accuracy in answer("predict", path, "digits")
    assert accuracy in answer("predict", path)


def test_only_a_file_that_predict_reads_is_offered_to_it(answer, tmp_path):
    """`predict` knows the digits: for xor and moons there is nothing to try."""
    path = str(tmp_path / "m.safetensors")
    text = " ".join(answer("xor", "--epochs", "2", "--save", path).split())
    assert load(path).n_in == 2
    assert path in text and f"predict {path} xor" not in text


def test_the_name_of_a_file_is_printed_as_it_is(answer, tmp_path):
    """In one piece, so that it can be copied, and with brackets that rich might take for colours."""
    path = str(tmp_path / "a_name_that_is_too_long_for_the_rest_of_a_line_[bold]of_80_columns.safetensors")
    assert path in answer("xor", "--epochs", "2", "--save", path)


def test_before_it_trains_a_demo_checks_the_gradient(answer):
    """Row R67: pick, begin, check the gradient, train, plot; the check prints its largest relative error, below 1e-6."""
    text = answer("xor", "--epochs", "2")
    found = re.search(r"(?i)gradient.*check.*?(\d(?:\.\d+)?e-\d+)", text)
    assert found and float(found[1]) < 1e-6
    assert found.start() < text.index("cost ")


def test_the_teachers_remarks_are_notes_on_the_side(capsys):
    assert main(["xor", "--init", "zeros", "--epochs", "3"]) == 0
    said = capsys.readouterr()
    assert said.err.count("Note: All 4 units of layer 1 are identical") == 1
    assert "Note" not in said.out


@pytest.mark.parametrize(("words", "said"), [
    (["xor", "--lr", "1e308", "--epochs", "5"], "saturated"),  # tanh and sigmoid stay within their bounds
    (["moons", "--lr", "1e200", "--epochs", "3"], "became inf or nan"),
    (["moons", "--lr", "1e308", "--epochs", "3"], "became inf or nan"),
], ids=lambda words: " ".join(words) if isinstance(words, list) else "")  # fmt: skip
def test_a_rate_far_too_large_is_told_as_such(capsys, words, said):
    assert main(words) in (0, 2)
    assert said in capsys.readouterr().err


# --- descent on a linear unit; what generalises ---

def cells(text):
    """The rows of all tables: lists of words."""
    return [[cell.strip() for cell in line.split("│")] for line in text.splitlines() if "│" in line]


def test_linear_has_the_lectures_numbers_for_the_batch_and_online(answer):
    """X = 1, 2, 3 and y = 2, 3, 4 from w = b = 0: J = 14.5, its gradient (-9, -20); J as a sum, not a mean."""
    text = answer("linear")
    assert "J = 14.5" in text
    rows = {row[0]: row[1:] for row in cells(text)}
    assert rows["dJ/dw = Σ (a - y)·x"] == ["-20"] * 3 and rows["dJ/db = Σ (a - y)"] == ["-9"] * 3
    assert rows["batch, sum: one step for all three"] == ["1", "0.45", "0.45375"]
    assert rows["batch, mean: one step for all three"][:2] == ["0.333333", "0.15"]
    assert [rows[f"online: after x = {x}"][:2] for x in (1, 2, 3)] == [["0.1", "0.1"], ["0.37", "0.235"], ["0.76825", "0.36775"]]
    assert rows["online: after x = 3"][2] == "1.85471"


def test_linear_runs_away_where_the_second_derivatives_say_so(answer):
    """At 2 over the largest eigenvalue of Σ (x, 1)(x, 1)ᵀ; online, where a pass over the three enlarges the distance."""
    inputs = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    largest = float(np.linalg.eigvalsh(inputs.T @ inputs).max())
    text = " ".join(answer("linear").split())
    assert f"2/{largest:.3f} = {2 / largest:.4f}" in text
    verdicts = {float(row[0]): row[1:] for row in cells(answer("linear")) if re.fullmatch(r"0\.\d+", row[0])}
    assert len(verdicts) == 7
    for rate, (total, mean, _) in verdicts.items():
        assert (total == "runs away") is (rate > 2 / largest)
        assert (mean == "runs away") is (rate > 6 / largest)

    def growth(rate):
        through = np.eye(2)
        for v in inputs:
            through = (np.eye(2) - rate * np.outer(v, v)) @ through
        return abs(np.linalg.eigvals(through)).max()

    limit = float(re.search(r"bears rates up to (\d\.\d+)", text)[1])
    assert growth(limit - 1e-3) < 1 < growth(limit + 1e-3)
    assert all(growth(rate) < 1 and online != "runs away" for rate, (_, _, online) in verdicts.items())


def test_linear_takes_another_rate_for_its_first_epoch(answer):
    assert "The first epoch, learning rate 0.1" in answer("linear", "--lr", "0.1")
    assert ["batch, sum: one step for all three", "2", "0.9"] in [row[:3] for row in cells(answer("linear", "--lr", "0.1"))]


def test_generalise_shows_the_gap_and_what_each_condition_says(answer):
    text = answer("generalise", "--seeds", "1")
    assert "Means of 1 start, each" in text
    assert [row[0] for row in cells(text)][:10] == ["10", "20", "50", "100", "200", "0", "0.01", "0.1", "1", "10"]
    for _, cost, _, wrong, test_wrong, gap in cells(text)[:10]:
        assert float(cost) >= 0
        assert float(test_wrong[:-2]) - float(wrong[:-2]) == pytest.approx(float(gap[:-2]), abs=0.11)
    conditions = {row[0]: row[1:] for row in cells(text)[10:]}
    assert conditions["Epochs(300)"][0] == "300" and "Epochs(300): 300 epochs are done" in text
    assert float(conditions["Target(0.1)"][1]) <= 0.1 and "has reached the target 0.1" in text
    said = " ".join(text.split())
    assert "the validation cost has not fallen for 20 epochs; epoch" in said and "weights were restored" in said


def test_the_tables_of_the_lesson_are_what_generalise_measures(answer):
    """The lesson's order is: when to stop, the penalty, the data. Rounding differs from machine to machine, and 300 epochs
    make more of it, so costs may be off by 5 %, shares by a point, epochs by 5."""
    lesson = json.loads((ROOT / "notebooks" / "06_will_it_generalise.ipynb").read_text(encoding="utf-8"))
    lines = "".join("".join(cell["source"]) + "\n" for cell in lesson["cells"])
    stated = [row.split("|")[2:-1] for row in re.findall(r"^\|.*\d.*\|$", lines, re.MULTILINE)]
    found = [row[1:] for row in cells(answer("generalise"))]
    for said, row in zip(stated, [*found[10:], *found[5:10], *found[:5]], strict=True):
        for here, there in zip(said, row, strict=True):
            off = 1.0 if "%" in here else 5 if "." not in here else 0.05 * float(there) + 0.002
            assert float(here.rstrip(" %")) == pytest.approx(float(there.rstrip(" %")), abs=off)


def test_choose_rejects_the_rates_at_both_ends_and_keeps_the_best_start(answer):
    text = answer("choose")
    rows = {row[0]: row[1:] for row in cells(text)}
    costs = {rate: float(rows[rate][0]) for rate in ("0.001", "0.01", "0.1", "10")}
    chosen = [row for row in cells(text) if row[-1] == "smallest"]
    assert len(chosen) == 1 and float(chosen[0][1]) <= min(costs.values())
    assert costs["0.001"] > 2 * float(chosen[0][1]) and costs["10"] > 2 * float(chosen[0][1])
    starts = cells(text)[5:]
    assert [row[0] for row in starts] == [*map(str, range(10))]
    kept = min(float(row[1]) for row in starts)
    assert f"cost {kept:.3f}: 00, 01, 10 and 11" in " ".join(text.split())
    learned = sum(row[2] == "learned" for row in starts)
    assert f"{learned} of 10 learn it" in text and 0 < learned < 10


# --- help ---

def shown_help(capsys, *words):
    """The help of a command line; its text with every run of white space as one space."""
    with pytest.raises(SystemExit) as caught:
        main([*words, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert max(map(len, said.out.splitlines())) <= 80
    return " ".join(said.out.split())


def test_help_lists_the_demos_in_groups(capsys):
    text = shown_help(capsys)
    assert all(f"{demo.group}: " in text and f" {name} {demo.what} ({demo.takes})" in text for name, demo in DEMOS.items())
    assert "--epochs" not in text  # that is the business of a demo


HELP = {  # what the lectures' networks are, as the demos' own tests and documents have it
    "digits": "15", "moons": "16,16", "xor": "4",
    "digits --lr": "3;", "moons --lr": "0.1;", "xor --lr": "0.5;",
    "digits --epochs": "60", "moons --epochs": "40", "xor --epochs": "300",
    "digits --batch-size": "10", "moons --batch-size": "10", "xor --batch-size": "all",
    "digits --loss": "quadratic", "moons --loss": "hinge", "xor --loss": "binary_cross_entropy",
    "digits --activation": "sigmoid", "moons --activation": "relu", "xor --activation": "tanh",
    "digits --seed": "0", "mazur --biases": "fixed", "perceptron --fires": ">=",
}  # fmt: skip


@pytest.mark.parametrize("option", HELP)
def test_the_help_of_a_demo_has_its_own_defaults(capsys, option):
    demo, _, flag = option.partition(" ")
    text = shown_help(capsys, demo).partition("options:")[2]
    assert re.search(rf"{flag or '--hidden'} [^()]*\(default: {re.escape(HELP[option])}", text)


@pytest.mark.parametrize("name", DEMOS)
def test_the_help_of_a_demo_has_its_own_options_and_says_what_it_learns_from(capsys, name):
    text = shown_help(capsys, name)
    others = {flag for demo in DEMOS.values() for flag, _ in demo.options} - {flag for flag, _ in DEMOS[name].options}
    listed = re.findall("(--[a-z-]+) ", text.partition("options:")[2])
    assert all(flag in listed for flag, _ in DEMOS[name].options if flag.startswith("--"))
    assert not [flag for flag in others if flag in listed]
    assert DEMOS[name].data in text and DEMOS[name].takes in text


def test_the_defaults_in_the_help_are_the_ones_that_are_used(capsys, monkeypatch):
    """What a demo announces before it trains, beside what its help says."""
    def no_fit(*_, epochs, **settings):
        raise ValueError(str(epochs))

    monkeypatch.setattr("nn.command.demos.fit", no_fit)
    for name in ("digits", "moons", "xor"):
        listed = shown_help(capsys, name).partition("and exit")[2]
        said_default = dict(re.findall(r"--([a-z-]+) [^()]*\(default: ([^ ;)]+)", listed))
        assert main([name]) == 2
        out, epochs = capsys.readouterr()
        assert epochs.strip() == said_default["epochs"]
        assert f"{said_default['loss']}, {said_default['optimizer']} with learning rate {said_default['lr']}, " in out
        assert f"batches of {said_default['batch-size']}" in out
        assert all(f" {size} {said_default['activation']}" in out for size in said_default["hidden"].split(","))


# --- mistakes ---

def refused(capsys, words, sentence):
    """One plain line on stderr, exit status 2, and nothing was trained."""
    status = main(words)
    said = capsys.readouterr()
    assert status == 2
    assert re.search(sentence, said.err), said.err
    assert said.err.endswith("\n") and said.err.count("\n") == 1
    assert "cost " not in said.out and "saved" not in said.out


MISTAKES = [
    (["digit"], r"There is no demo 'digit'; did you mean digits\?"),
    (["letters"], "There is no demo 'letters'; there are digits, moons, xor, mazur, perceptron, .*predict"),
    (["--epochs", "3", "moons"], "Name the demo first, then its options: python -m nn moons --epochs 3"),
    (["--bogus"], "unrecognized arguments: --bogus. See python -m nn --help"),
    (["xor", "--bogus=3"], r"xor does not take --bogus; it takes --hidden, .*, --save\.$"),
    (["predict", "m.safetensors", "--epochs", "3"], "predict does not take --epochs; it takes no options"),
    (["xor", "more"], "xor takes no further arguments; it was given 'more'"),
    (["perceptron", "iff"], "There is no gate 'iff'; there are and, or, nand, nor, x1 and not x2, xor"),
    (["perceptron", "and", "--fires", "=>"], "'=>'"),
    (["mazur", "--biases", "none"], "'none'"),
    (["xor", "--hidden", "-3"], "--hidden: -3 is not a number of neurons such as 30 or 30,30"),
    (["xor", "--hidden", "0"], "--hidden: 0 is not"),
    (["xor", "--hidden", "3,,3"], "--hidden: '' is not"),
    (["xor", "--hidden", "2.5"], r"--hidden: '2\.5' is not"),
    (["xor", "--activation", "sigmod"], "--activation: invalid choice: 'sigmod'.*'sigmoid'"),
    (["xor", "--activation", "softmax"], "--activation"),
    (["xor", "--output", "sigmod"], "--output: invalid choice"),
    (["xor", "--loss", "logloss"], "--loss: invalid choice: 'logloss'.*'cross_entropy'"),
    (["xor", "--loss", "cross_entropy"], "for one use binary_cross_entropy"),
    (["digits", "--loss", "cross_entropy", "--output", "softmax"], "softmax would be applied twice.*Write output='linear'"),
    (["xor", "--optimizer", "adamw"], "--optimizer: invalid choice"),
    (["xor", "--init", "random"], "--init: invalid choice"),
    (["xor", "--lr", "0"], "--lr: 0 is not a learning rate such as 0.1"),
    (["xor", "--lr", "-1"], "--lr: -1 is not a learning rate"),
    (["xor", "--lr", "nan"], "--lr: nan is not"),
    (["xor", "--lr", "fast"], "--lr: 'fast' is not"),
    (["xor", "--epochs", "0"], "--epochs: 0 is not a number of epochs from 1 on"),
    (["xor", "--epochs", "many"], "--epochs: 'many' is not"),
    (["xor", "--batch-size", "0"], "--batch-size: 0 is not a batch size such as 1, 10 or \"all\""),
    (["xor", "--batch-size", "some"], "--batch-size: 'some' is not"),
    (["xor", "--seed", "x"], "--seed"),
    (["linear", "--lr", "-1"], "--lr: -1 is not a learning rate"),
    (["generalise", "--seeds", "0"], "--seeds: 0 is not a number of starts from 1 on"),
    (["choose", "--folds", "1"], "--folds: 1 is not a number of folds from 2 on"),
    (["choose", "--folds", "101"], "k = 101: give a whole number of folds, from 2 to the number of examples, 100"),
    (["predict"], "predict takes a file and a data set: python -m nn predict m.safetensors digits"),
    (["predict", "m.safetensors", "letters"], "predict takes a file and a data set"),
    (["predict", "nowhere.safetensors"], "There is no file nowhere.safetensors"),
    (["predict", str(ROOT / "README.md")], "README.md is not a whole safetensors file"),
    (["xor", "--activation", "log"], "log"),  # log(0) has no value: the network cannot even begin
    (["xor", "--output", "sqrt"], "sqrt"),
]


@pytest.mark.parametrize(("words", "sentence"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_a_mistake_is_answered_by_one_line(capsys, words, sentence):
    refused(capsys, words, sentence)


@pytest.mark.parametrize(("model", "title"), [
    (MLP(2, [3, 1], seed=0), r"MLP\(2 → .*"), (nn.Elman(2, 3, 10), "Elman"), (nn.TDNN(), "TDNN"), (nn.Flatten(), "Flatten"),
    (nn.Sequential(nn.Last(), nn.Last(), nn.Last()), "Sequential"), (nn.RBF(64, 2, 9, "random"), "RBF"),
])  # fmt: skip
def test_a_network_for_other_data_is_told_as_such(capsys, tmp_path, model, title):
    path = str(tmp_path / "m.safetensors")
    save(model, path)
    refused(capsys, ["predict", path], rf"m\.safetensors holds {title}.*; digits have 64 inputs, or 8 rows of 8, and 10 outputs")


def test_a_network_that_takes_images_is_judged_too(answer, few_digits, tmp_path):
    path = str(tmp_path / "m.safetensors")
    save(nn.Sequential(nn.Conv2d(1, 2, 3, seed=0), nn.MaxPool2d(2), nn.Flatten(), nn.Layer(18, 10, seed=0)), path)
    assert "test accuracy" in answer("predict", path, "digits")


@pytest.mark.parametrize("place", ["nowhere/m.safetensors", "."], ids=["no such folder", "a folder"])
def test_a_place_that_cannot_be_written_is_told_before_the_training(capsys, tmp_path, place):
    before = sorted(tmp_path.iterdir())
    refused(capsys, ["xor", "--epochs", "2", "--save", str(tmp_path / place)], "--save .*")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("words", [
    ["mazur", "--save", "m.safetensors"], ["perceptron", "and", "--epochs", "3"], ["xor", "--biases", "own", "--epochs", "2"],
], ids=" ".join)  # fmt: skip
def test_an_option_that_a_demo_does_not_take_is_not_passed_over_in_silence(capsys, words, monkeypatch):
    monkeypatch.setattr(mazur, "train", lambda steps, biases: [0.0, 0.0, 0.0])
    refused(capsys, words, next(word for word in words if word.startswith("--")))


def test_ctrl_c_outside_of_training_ends_without_a_traceback(monkeypatch, capsys):
    def interrupt(*_, **given):
        raise KeyboardInterrupt

    monkeypatch.setattr(mazur, "lines", interrupt)
    assert main(["mazur"]) == 130
    assert "Traceback" not in capsys.readouterr().err


# --- as a user starts it ---

def run(*words):
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-m", "nn", *words], cwd=ROOT, env=environment, capture_output=True,
                          encoding="utf-8", timeout=60)  # fmt: skip


def test_the_command_runs_in_a_pipe():
    done = run("xor", "--epochs", "2")
    assert done.returncode == 0 and "in 2 epochs" in done.stdout
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["epoch 1", "epoch 2"]
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 120


@pytest.mark.parametrize(("words", "printed"), [
    ("generalise --seeds 1", "lambda/(2m) sum  w^2"), ("mazur", "(lecture: W^3)"), ("xor --epochs 2", "MLP(2 -> 4 tanh"),
    ("rbf", "phi = exp(-|x - c|^2)"), ("echo", "x(t-tau)/(1 + x(t-tau)^10)"), ("hopfield", "1/2 erfc(sqrt(n / 2p))"),
    ("som", "rate 0.500, sigma 2.000"),
])  # fmt: skip
def test_an_old_terminal_gets_words_for_the_signs_it_lacks(words, printed):
    done = subprocess.run([sys.executable, "-m", "nn", *words.split()], cwd=ROOT, capture_output=True, timeout=60,
                          encoding="ascii", env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii"})  # fmt: skip
    assert done.returncode == 0 and printed in done.stdout and "?" not in done.stdout


def test_a_time_in_microseconds_can_be_written_in_an_old_terminal():
    assert f"an update took {duration(445e-6)}".encode("ascii", errors=PLAIN) == b"an update took 445 us"
