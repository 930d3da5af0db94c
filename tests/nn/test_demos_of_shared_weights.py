"""python -m nn conv and tdnn, shortened: what they print."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

import nn
from nn import data
from nn.command import conv, shared, tdnn


@pytest.fixture
def said(monkeypatch):
    """What a demo prints with 60 examples and two epochs, without the progress bar."""
    for name in ("digits", "syllables"):
        whole = getattr(data, name)()
        few = data.Split(whole.X[:60], whole.y[:60], whole.X_test[:60], whole.y_test[:60])
        monkeypatch.setattr(data, name, lambda few=few: few)
    fit = nn.training.fit
    monkeypatch.setattr(
        shared, "fit", lambda *given, **options: fit(*given, **options | {"epochs": 2, "progress": False, "warn": False})
    )
    monkeypatch.setattr(shared, "CHECKED", 3)

    def run(demo, **options):
        text = io.StringIO()
        demo.run(SimpleNamespace(**{"seed": 0, "save": None, "demo": "conv"} | options), Console(file=text, width=80))
        return text.getvalue()

    return run


def test_conv_counts_checks_trains_and_compares(said, tmp_path):
    text = said(conv, save=str(tmp_path / "m.safetensors"))
    counted = ["48 weights, laid on 3,721 places", "178,608", "64,660", "9,760", "8,824"]
    found = ["2,592 connections of its first part share 72 weights", "gradient check on 3 parameters"]
    for words in (*counted, *found, "8 kernels │        810", "64-15-10  │       1135"):
        assert words in text, words
    assert text.count(" ms an update)") == 2
    assert float(text.split("largest relative error ")[1].split()[0]) < 1e-6
    model = nn.load(tmp_path / "m.safetensors")
    assert len(model.parameters()) == 810


def test_tdnn_checks_trains_compares_and_shows_that_it_does_not_ask_when(said):
    text = said(tdnn)
    assert text.count(" ms an update)") == 3
    assert float(text.split("largest relative error ")[1].split()[0]) < 1e-6
    assert float(text.split("the sums differ by ")[1].split()[0]) < 1e-13
    rows = [line.split("│") for line in text.splitlines() if line.count("│") == 2]
    assert [int(row[1]) for row in rows] == [515, 523, 491]
