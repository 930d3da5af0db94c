"""The demos of maps, memories and the reader of numbers: what they print is what the networks say."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from nn import data
from nn.command import hopfield, read, som
from nn.data import Split


def said_by(demo, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    demo.run(SimpleNamespace(seed=0, save=None), Console(file=stream, width=80, highlight=False))
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


@pytest.fixture
def few(monkeypatch):
    whole = data.digits()
    monkeypatch.setattr(data, "digits", lambda: Split(whole.X[:200], whole.y[:200], whole.X_test[:60], whole.y_test[:60]))
    monkeypatch.setattr(som, "STEPS", 500)
    monkeypatch.setattr(hopfield, "TRIALS", 12)
    monkeypatch.setattr(hopfield, "UNITS", 60)
    monkeypatch.setattr(hopfield, "LOADS", (6, 12))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_map_shows_its_errors_beside_those_of_digits_drawn_at_random(few, encoding):
    said = said_by(som, encoding)
    assert "step   500: rate 0.167" in said and "the map" in said and "100 random digits" in said
    assert len([line for line in said.splitlines() if len(line.split()) == 10 and line.split()[0].isdecimal()]) == 10
    assert ("█" in said) == (encoding == "utf-8")


def test_the_hopfield_network_recalls_and_swings_and_is_measured(few):
    said = said_by(hopfield)
    assert "  HJYZ     12 " in said
    assert "one after the other: 0 → -0.5, then it rests" in said
    assert "all at once:         0 → 1.5 → 1.5 → 1.5" in said
    assert "measured" in said and "½ erfc(√(n / 2p))" in said


def test_numbers_are_read_beside_what_single_digits_promise(few, monkeypatch):
    monkeypatch.setattr(read, "EPOCHS", 2)
    monkeypatch.setattr(read, "STRIPS", 3)
    said = said_by(read)
    assert "A strip with the number" in said and "of 3 strips" in said and "if mistakes were independent" in said
    assert "reported as touching" in said
