"""The quiz: what can be computed of an answer is, without our code where that is possible; and how the command behaves."""

import io
import itertools
import math
import os
import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nn import MLP, losses
from nn.command import quiz
from nn.questions import QUESTIONS, ask

RIGHT = re.compile(r"^It is ([a-d])\) ", re.MULTILINE)
BY_NAME = {question.name: question for question in QUESTIONS}


def asked(typed, width=80, monkeypatch=None, **options):
    """What the command prints when this is typed."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    console = Console(file=io.StringIO(), width=width)
    quiz.run(Namespace(**({"seed": 0, "questions": len(QUESTIONS)} | options)), console)
    return console.file.getvalue()


# --- the answers ---

def test_the_central_difference_and_what_others_get_for_it():
    def cost(t):
        return t**3

    eps, found = 0.01, BY_NAME["difference"]
    apart, ahead = cost(1 + eps) - cost(1 - eps), cost(1 + eps) - cost(1)
    computed = [apart / (2 * eps), 3.0, ahead / eps, apart / eps]
    assert [round(number, 4) for number in computed] == [float(option.text) for option in found.options]


def test_the_paths_are_counted_by_walking_them():
    walked = list(itertools.product(range(6), range(7), range(3)))
    assert BY_NAME["paths"].right.text.endswith(f"= {len(walked)}")


INPUTS = [(0, 0), (0, 1), (1, 0), (1, 1)]
TABLES = {  # of the gates that the explanations name
    "w = (1, 1), b = -1.5": (0, 0, 0, 1),
    "w = (1, 1), b = 1.5": (1, 1, 1, 1),
    "w = (1, 1), b = -0.5": (0, 1, 1, 1),
    "w = (-1, -1), b = 1.5": (1, 1, 1, 0),
}


def test_the_gates_are_what_is_said_of_them():
    for option in BY_NAME["and"].options:
        w1, w2, b = (float(number) for number in option.text.replace("w = (", "").replace("), b =", ",").split(","))
        assert tuple(int(w1 * x1 + w2 * x2 + b > 0) for x1, x2 in INPUTS) == TABLES[option.text]


GATES = {
    "AND": lambda p, q: p & q, "OR": lambda p, q: p | q, "NAND": lambda p, q: 1 - (p & q), "NOR": lambda p, q: 1 - (p | q),
}  # fmt: skip


def test_xor_is_the_combination_that_is_called_right():
    for option in BY_NAME["xor"].options[:3]:
        table = [eval(option.text, GATES | {"x1": x1, "x2": x2}) for x1, x2 in INPUTS]
        assert (table == [0, 1, 1, 0]) == (option == BY_NAME["xor"].right)


def test_fourteen_of_sixteen_functions_of_two_bits_are_separable():
    grid = [n / 2 for n in range(-4, 5)]
    found = {tuple(int(w1 * x1 + w2 * x2 + b > 0) for x1, x2 in INPUTS) for w1 in grid for w2 in grid for b in grid}
    assert len(found) == 14 and not {(0, 1, 1, 0), (1, 0, 0, 1)} & found


def test_differences_take_two_passes_for_each_parameter():
    parameters = 784 * 15 + 15 + 15 * 10 + 10
    texts = [option.text for option in BY_NAME["forward passes"].options]
    assert [int("".join(filter(str.isdigit, text))) for text in texts[:3]] == [2 * parameters, parameters + 1, parameters]


@pytest.mark.parametrize("target", [0, 1])
def test_weights_of_0_fix_the_error_of_the_sender_only(target):
    W2 = [[0.0, -0.4, 0.1], [0.0, -0.1, 0.4]]  # neuron 1 of layer 2 sends nothing
    weights = [[[-0.5, 0.0], [-0.2, 0.3], [0.1, -0.5]], W2, [[-0.2, 0.3]]]
    model = MLP.from_weights(weights, [[0.1, 0.4, -0.4], [-0.3, 0.0], [0.4]], "sigmoid", "sigmoid")
    run = model.activations([1.0, 2.0])
    losses.binary_cross_entropy(run.output, target).backward()
    assert run.delta[0][0] == 0 and math.copysign(1, run.delta[1][0]) == (1 if target else -1)


def test_five_linear_layers_are_one():
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(3, 3)), rng.normal(size=3)) for _ in range(5)]

    def through(x):
        for W, b in layers:
            x = W @ x + b
        return x

    matrix = np.column_stack([through(e) - through(np.zeros(3)) for e in np.eye(3)])
    x = rng.normal(size=3)
    assert through(x) == pytest.approx(matrix @ x + through(np.zeros(3)))


def test_weights_of_0_have_gradients_but_the_same_in_each_neuron():
    model = MLP(2, [2, 1], activation="sigmoid", output="sigmoid", init=0.0)
    losses.binary_cross_entropy(model([1.0, 1.0]), 1).backward()
    behind = [w.grad for w in model.layers[1].neurons[0].w]
    assert behind[0] == behind[1] != 0


# --- the questions ---

@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_explains_each_choice(question):
    assert len(question.options) == 4 == len({option.text for option in question.options})
    assert all(option.why.endswith((".", ")")) and len(option.why) > 20 for option in question.options)
    for seed in range(20):
        shuffled = question.shuffled(seed)
        assert sorted(shuffled.options) == sorted(question.options)
        assert shuffled.option(shuffled.letter) == question.options[0] == shuffled.option(f"{shuffled.letter.upper()})")
    assert len({question.shuffled(seed).letter for seed in range(20)}) == 4


def test_a_lesson_asks_by_name_and_always_in_the_same_order():
    assert str(ask("and")) == str(ask("and"))
    with pytest.raises(KeyError):
        ask("or")


# --- the command ---

def test_who_answers_all_of_them_is_told_so(monkeypatch):
    order = RIGHT.findall(asked("s\n" * 15, monkeypatch=monkeypatch))
    said = asked("\n".join(order), monkeypatch=monkeypatch)
    assert said.splitlines()[-1] == "15 of 15 right at once."
    assert said.count("Right.") == 15


def test_a_wrong_answer_is_explained_and_may_be_tried_again(monkeypatch):
    letters = set("abcd")
    [right] = RIGHT.findall(asked("s\n", monkeypatch=monkeypatch))
    wrong = min(letters - {right})
    said = asked(f"{wrong}\n{right}\n", monkeypatch=monkeypatch, questions=1)
    assert "Not that one. " in said and "Try again, or s." in said
    assert said.splitlines()[-1] == "0 of 1 right at once."
    explained = [line for line in said.splitlines() if line.lstrip().startswith(tuple(f"{letter})" for letter in letters))]
    assert len(explained) == 4 + 2  # the choices, and the two that were not tried


@pytest.mark.parametrize("typed", ["", "q\n", "\n\n"])
def test_the_end_of_the_answers_is_polite(typed, monkeypatch):
    assert asked(typed, monkeypatch=monkeypatch, seed=7).splitlines()[-2:] == [
        "No question was answered.", "The same questions again: python -m nn quiz --seed 7",
    ]  # fmt: skip


def test_what_is_no_choice_is_said(monkeypatch):
    assert "'e' is none of the choices: a letter from a to d, s or q." in asked("e\n", monkeypatch=monkeypatch)


@pytest.mark.parametrize("width", [40, 60])
def test_on_a_narrow_terminal_every_line_fits(width, monkeypatch):
    assert max(map(len, asked("a\ns\n" * 15, width, monkeypatch).splitlines())) <= width


def test_seeds_differ(monkeypatch):
    said = [asked("s\n" * 15, monkeypatch=monkeypatch, seed=seed) for seed in (1, 2)]
    assert said[0] != said[1] and said[0] == asked("s\n" * 15, monkeypatch=monkeypatch, seed=1)


def test_it_runs_in_a_pipe_and_with_few_signs():
    done = subprocess.run([sys.executable, "-m", "nn", "quiz", "--questions", "3"], cwd=Path(__file__).parents[2],
                          input="s\ns\ns\n", capture_output=True, text=True, timeout=60,
                          env=os.environ | {"PYTHONIOENCODING": "ascii"})  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0 of 3 right at once."
