"""The colours of everything that is shown, said once for pictures, plots, slides, pages and terminals.

Blue is a value (forward), vermilion is a gradient (backward), teal is a weight; ink is the rest. Each has a pale ground of
its own, `..._bg`. No colour says what the text does not: a sign is a minus sign, and a negative line is dashed.

Letters have a contrast of 4.5 or more with whatever they stand on, lines of 3 or more (WCAG 2.2, 1.4.3 and 1.4.11), and the
three hues stay apart for the colour-blind. `rule` and `glow` are ornaments, which nobody has to see to understand:
hairlines between rows, and a halo around what is lit, on which nothing is written.

A terminal's ink is its own: whatever stands out from its background, black or white, so values are bold. The vermilion of
the pictures is too dark for a black one; number 166 of the 256 colours, #d75f00, has a contrast of 3.5 or more with white,
black, and the usual dark and light themes.
"""

from __future__ import annotations

import re

LIGHT = {
    "paper": "#fbfaf7", "card": "#ffffff", "ink": "#1d2129", "soft": "#5d6470", "line": "#767d89", "rule": "#dcdad3",
    "value": "#0b5cad", "value_bg": "#e3eefa",
    "gradient": "#b23b00", "gradient_bg": "#fde9dc",
    "weight": "#00695c", "weight_bg": "#e0f2ee",
    "glow": "#ffd257",
}  # fmt: skip
DARK = {
    "paper": "#12151b", "card": "#1c212a", "ink": "#eef0f4", "soft": "#a8b0bd", "line": "#8a93a1", "rule": "#333a46",
    "value": "#86bdff", "value_bg": "#1c3454",
    "gradient": "#ffa36b", "gradient_bg": "#4a2813",
    "weight": "#5fd0bd", "weight_bg": "#12352f",
    "glow": "#c99a1d",
}  # fmt: skip

ORANGE_OF_256 = 166
BOLD = "1"  # in a terminal: codes to be put between ESC [ and m
ORANGE = f"38;5;{ORANGE_OF_256}"
CODES = re.compile("\x1b\\[[0-9;]*m")


def paint(text: str, code: str) -> str:
    """Each word of the text in a colour, so that a text can be broken between its words."""
    return re.sub(r"\S+", rf"\033[{code}m\g<0>\033[0m", text)


def bare(text: str) -> str:
    """The text without colours: what is read, and what counts for its width."""
    return CODES.sub("", text) if "\x1b" in text else text
