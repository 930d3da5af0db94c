"""The demos of RBF networks, reservoirs and universal approximation: what they say is what was computed."""

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

import nn
from nn import data
from nn.command import echo, rbf, sine


def said(demo, encoding="utf-8", **options):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    demo.run(SimpleNamespace(**{"seed": 0, "save": None, "demo": "gallery", **options}), Console(file=stream, width=100))
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


def test_bumps_solve_xor_and_learn_where_to_stand(capsys, tmp_path):
    text = said(rbf, seed=0, save=str(tmp_path / "few.safetensors"))
    assert re.findall(r"│ (\d\.\d{12})", text) == ["0.000000000000", "1.000000000000", "1.000000000000", "0.000000000000"]
    assert float(re.search(r"gradient check on 14 parameters, once: largest relative error (\S+)", text).group(1)) < 1e-6
    shares = {name.strip(): (float(a), float(b)) for name, a, b in re.findall(r"\n(.*?)│ +\d+ │ +(\S+) │ +(\S+)", text)}
    assert shares["4 bumps that moved"][1] > shares["4 bumps by k-means"][1] > 0.8
    assert shares["10 bumps by k-means"] == (1.0, 1.0)
    kept = nn.load(tmp_path / "few.safetensors")
    split = data.moons(400)
    assert nn.evaluate(kept, split.X_test, split.y_test)[1] == pytest.approx(shares["4 bumps that moved"][1], abs=1e-3)


def test_nothing_is_saved_unless_asked_for(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    said(rbf)
    assert [*tmp_path.iterdir()] == []


def test_the_straight_line_beside_the_bumps_is_that_of_least_squares():
    split = data.moons(400)
    by_network = nn.RBF(2, 1, 1, centres=[[0.0, 0.0]])
    assert len(by_network.parameters()) == 5
    slopes = np.linalg.solve(*(lambda A: (A.T @ A, A.T @ split.y))(np.column_stack([np.ones(200), split.X])))
    right = [np.mean((slopes[0] + X @ slopes[1:] >= 0.5) == y) for X, y in ((split.X, split.y), (split.X_test, split.y_test))]
    assert rbf.straight(split) == pytest.approx(right)


def test_the_forecasts_are_judged_against_simple_ones():
    text = said(echo, seed=3)
    errors = [float(found) for found in re.findall(r"one step ahead (\S+) of the range", text)]
    assert len(errors) == 5 and np.median(errors) < 1e-3
    table = {name.strip(): float(error) for name, error in re.findall(r"\n(.*?) │ (\d\.\de-\d\d) +│ \d\.\de-\d\d", text)}
    assert sorted(errors)[2] in table.values() and table["as now"] > 0.01
    assert table["last 20, linear"] < np.median(errors)  # and the text says so
    free = [int(found) for found in re.findall(r"│ (\d+) (?:steps?|or more)", text)]
    assert min(free[:3]) > 100 and max(free[3:]) < 20


def test_how_long_a_free_run_lasts():
    truth = np.zeros(5)
    assert echo.lasts(np.array([0.0, 0.05, 0.2, 0.0]), truth) == "2 steps"
    assert echo.lasts(np.array([0.0, 0.2]), truth) == "1 step"
    assert echo.lasts(np.zeros(5), truth) == "5 or more"


def test_the_more_neurons_the_nearer_the_sine(monkeypatch):
    monkeypatch.setattr(sine, "SIZES", (1, 3))
    text = said(sine, seed=0)
    one, three = (float(found) for found in re.findall(r"hidden: error (\S+)", text))
    assert three < 0.02 < 0.2 < one < 0.3
    assert "a straight line" in text and float(re.search(r"largest relative error (\S+)", text).group(1)) < 1e-6


def test_without_block_characters_the_curves_are_drawn_with_others(monkeypatch):
    monkeypatch.setattr(sine, "SIZES", (1,))
    monkeypatch.setattr(sine, "EPOCHS", 5)
    text = said(sine, encoding="latin-1")
    assert re.search(r"\n1-1-1 +[_.\-=+*#@]+", text)
