"""The colours of values and of gradients, said once for pictures, pages and terminals.

Forward is ink, backward is orange. A terminal's ink is its own: whatever stands out from its background, black or white.
The orange of the pictures is too dark for a black one; number 166 of the 256 colours, #d75f00, has a contrast of 3.5 or
more with white, black, and the usual dark and light themes. No colour says what the text does not: a sign is a sign.
"""

from __future__ import annotations

import re

VALUE = "#1a1a1a"  # in a picture, and on the page
GRADIENT = "#a33c00"

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
