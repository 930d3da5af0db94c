"""Colours: that they can be read and told apart; in a terminal, where they are, where not, and that they take no room."""

import colorsys
import itertools
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.command.main import report
from engine.say.colours import BOLD, DARK, LIGHT, ORANGE
from engine.say.layout import Page

ROOT = Path(__file__).parents[2]
ESCAPE = re.compile("\x1b\\[([0-9;]*)m")
COMMANDS = [
    [], ["x*x*y/z", "x=3", "y=4", "z=2"], ["tanh(x)", "x=20"], ["x-y", "x=3", "y=2", "--check", "--hessian", "--paths", "x"],
    ["x*y", "x=3", "y=4", "--quiet"], ["x*x", "x=3", "--program"], ["x*x", "x=3", "--latex"], ["x*x", "x=3", "--json"],
    ["alpha*x**2 + θ", "alpha=0.123456789", "x=1e-7", "θ=-1"],
]  # fmt: skip


def in_a_terminal(*words, **environment):
    """What the command writes to a terminal of 80 columns."""
    terminal, its_end = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", "COLUMNS": "80", **environment}
    with subprocess.Popen([sys.executable, "-m", "engine", *words], cwd=ROOT, env=environment, stdout=its_end) as process:
        os.close(its_end)
        shown = b""
        while chunk := _read(terminal):
            shown += chunk
    os.close(terminal)
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def in_a_pipe(*words, **environment):
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", **environment}
    done = subprocess.run([sys.executable, "-m", "engine", *words], cwd=ROOT, env=environment, capture_output=True,
                          encoding="utf-8", timeout=60)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_terminal_gets_colours_a_pipe_gets_none_and_the_text_is_the_same():
    plain, coloured = in_a_pipe(TERM="xterm-256color"), in_a_terminal(TERM="xterm-256color")
    assert "\x1b" not in plain
    assert ESCAPE.sub("", coloured) == plain
    assert {*ESCAPE.findall(coloured)} == {BOLD, ORANGE, "0"}


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {}, {"TERM": "xterm", "NO_COLOR": "1"},
                                         {"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}], ids=str)  # fmt: skip
def test_a_terminal_that_has_no_colours_or_wants_none_gets_none(environment):
    assert in_a_terminal(**environment) == in_a_pipe()


def test_force_color_colours_a_pipe_and_an_empty_variable_is_none():
    assert ESCAPE.sub("", in_a_pipe(FORCE_COLOR="1")) == in_a_pipe() != in_a_pipe(FORCE_COLOR="1")
    assert "\x1b" not in in_a_pipe(FORCE_COLOR="")
    assert "\x1b" in in_a_terminal(TERM="xterm", NO_COLOR="")


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("ascii", [False, True])
def test_colours_take_no_room(words, width, ascii):
    plain, coloured = report(words, width, ascii), report(words, width, ascii, colour=True)
    assert [ESCAPE.sub("", line) for line in coloured] == plain
    for line in coloured:  # each line by itself: a colour that begins ends
        codes = ESCAPE.findall(line)
        assert {*codes[::2]} <= {BOLD, ORANGE} and {*codes[1::2]} <= {"0"} and len(codes) % 2 == 0


def test_values_are_bold_and_gradients_orange():
    lines = report(["x**2", "x=3"], 80, False, colour=True)
    words = [(code, word) for line in lines for code, word in re.findall("\x1b\\[([0-9;]+)m([^\x1b]+)\x1b\\[0m", line)]
    assert words == [
        (BOLD, "Forward:"), (BOLD, "f"), (BOLD, "9"),
        (ORANGE, "Backward:"), (ORANGE, "∂f/∂f"), (ORANGE, "1"),
        (ORANGE, "∂f/∂x"), (ORANGE, "∂f/∂f"), (ORANGE, "1"), (ORANGE, "6"),  # 1 arrived; the slope 2·3 is made of values
        (ORANGE, "Gradient"), (ORANGE, "∂f/∂x"), (ORANGE, "6"), (ORANGE, "6"),
    ]  # fmt: skip


@pytest.mark.parametrize("option", ["--latex", "--json", "--program"])
def test_what_is_copied_elsewhere_has_no_colours(option):
    assert "\x1b" not in "".join(report(["x**2", "x=3", option], 80, False, colour=True))


def test_a_page_without_colours_leaves_words_alone():
    assert Page().gradient("∂f/∂x") == Page().value("∂f/∂x") == "∂f/∂x"


def rgb(code):
    """The colour of one of the 6·6·6 in the cube of the 256 (xterm's levels), from 0 to 1."""
    levels = (0, 95, 135, 175, 215, 255)
    place = int(code.removeprefix("38;5;")) - 16
    return tuple(levels[place // step % 6] / 255 for step in (36, 6, 1))


def from_hex(colour):
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def luminance(colour):
    """WCAG 2's relative luminance."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """WCAG 2's ratio, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("background", ["#ffffff", "#000000", "#1e1e1e", "#fdf6e3", "#002b36"])
def test_the_orange_can_be_read_on_light_and_on_dark(background):
    """3 is what WCAG asks of large text and of signs; the numbers could do without their colour."""
    assert contrast(rgb(ORANGE), from_hex(background)) >= 3.5


def test_the_orange_is_the_hue_of_the_pictures():
    hue = [colorsys.rgb_to_hsv(*colour)[0] for colour in (rgb(ORANGE), from_hex(LIGHT["gradient"]))]
    assert hue[0] == pytest.approx(hue[1], abs=0.02)  # of a turn


# --- the colours of pictures and pages ---

THEMES = {"light": LIGHT, "dark": DARK}
GROUNDS = ("paper", "card", "value_bg", "gradient_bg", "weight_bg")
HUES = ("value", "gradient", "weight")

# Machado, Oliveira, Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009), table for
# severity 1.0; the matrices act on linear RGB.
BLIND = {
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "normal": np.eye(3),
}


def lab(colour, seen_by="normal"):
    """CIE L*a*b* (white D65) of a colour as someone sees it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in from_hex(colour)]
    linear = np.clip(np.array(BLIND[seen_by]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in to_xyz @ linear / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_letters_and_lines_stand_out_from_every_ground(theme, ground):
    colours = THEMES[theme]
    for letters in ("ink", "soft", *HUES):
        assert contrast(from_hex(colours[letters]), from_hex(colours[ground])) >= 4.5, letters
    assert contrast(from_hex(colours["line"]), from_hex(colours[ground])) >= 3


@pytest.mark.parametrize("seen_by", BLIND)
@pytest.mark.parametrize("theme", THEMES)
def test_values_gradients_and_weights_are_told_apart(theme, seen_by):
    """A distance of 2.3 can just be noticed (Mahy 1994); 25 needs no comparison side by side."""
    for one, other in itertools.combinations(HUES, 2):
        distance = np.linalg.norm(lab(THEMES[theme][one], seen_by) - lab(THEMES[theme][other], seen_by))
        assert distance >= 25, (one, other)


def test_both_themes_have_the_same_colours():
    assert LIGHT.keys() == DARK.keys()
