"""The demo of a GPT: what it says is what was computed, and what it makes up are names."""

import io
import math
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from nn import data, load
from nn.command import gpt
from nn.command.main import main
from nn.data.names import ALPHABET

METALS = ["tin", "zinc", "iron", "lead", "gold", "neon", "argon", "boron", "radon", "xenon"]


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(data, "elements", lambda: METALS)
    monkeypatch.setattr(gpt, "UNSEEN", 2)
    monkeypatch.setattr(gpt, "BLOCK", 7)
    monkeypatch.setattr(gpt, "CHECKED", 1)


def said(**options):
    stream = io.StringIO()
    options = {"updates": 30, "lr": 0.01, "batch_size": 4, "temperature": 0.8, "seed": 0, "program": False, "save": None,
               "demo": "gpt"} | options  # fmt: skip
    gpt.run(SimpleNamespace(**options), Console(file=stream, width=200))
    return stream.getvalue()


def test_the_demo_learns_and_makes_up_names(few):
    text = said()
    assert float(re.search(r"largest relative error (\S+)", text).group(1)) < 1e-6
    before, after = map(float, re.search(r"cost of a letter (\S+) → (\S+) in 30 updates", text).groups())
    assert before == pytest.approx(math.log(27), abs=0.1) and after < 2.7
    assert re.search(r"an update took .* compiled to matrices; example by example, on Values, it takes .* times as long", text)
    drawn, new = map(int, re.search(r"(\d+) names drawn at temperature 0\.8; (\d+) of them are new:", text).groups())
    names = text.splitlines()[-new:]
    assert 0 < new <= drawn <= gpt.MOST and new <= gpt.NEW
    assert all(re.fullmatch("  [a-z]{1,7}", name) for name in names)
    assert len(set(names)) == new and not {name.strip() for name in names} & {*METALS}


def test_a_seed_gives_the_same_names(few):
    first, again, other = (said(updates=3, seed=seed).partition("names drawn")[2] for seed in (1, 1, 2))
    assert first == again != other


def test_the_trained_network_can_be_kept_and_the_program_printed(few, tmp_path):
    text = said(updates=1, batch_size=50, save=str(tmp_path / "names.safetensors"), program=True)
    assert re.search("^ *C = .*weights", text, re.MULTILINE)
    kept = load(tmp_path / "names.safetensors")
    assert kept.settings() == {"vocabulary": len(ALPHABET), "block": 7, "width": 16, "heads": 4}


@pytest.mark.parametrize(("words", "sentence"), [
    (["--updates", "0"], "0 is not a number of updates from 1 on"), (["--updates", "x"], "'x' is not a number of updates"),
    (["--temperature", "0"], "0 is not a temperature such as 0.5"), (["--temperature", "nan"], "nan is not a temperature"),
    (["--lr", "-1"], "-1 is not a learning rate"), (["--batch-size", "0"], "0 is not a number of names from 1 on"),
    (["--epochs", "3"], "gpt does not take --epochs"),
])  # fmt: skip
def test_other_options_are_answered_by_a_sentence(capsys, words, sentence):
    assert main(["gpt", *words]) == 2
    assert sentence in capsys.readouterr().err
