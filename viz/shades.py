"""Numbers as shades of the colour of what they are: light is large, dark is small. Lightness is seen by everyone."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.say.colours import LIGHT

DARKEST = 0.3  # how much of the colour is left in the darkest shade


def ramp(kind: str) -> tuple[str, str, str]:
    """The darkest, the middle and the lightest shade of "value", "gradient" or "weight"."""
    hue = LIGHT[kind]
    return "#" + "".join(f"{round(DARKEST * part):02x}" for part in parts(hue)), hue, LIGHT[f"{kind}_bg"]


def shade(number: float, low: float, high: float, kind: str) -> str:
    """The shade of a number between `low`, the darkest, and `high`, the lightest."""
    place = min(max((number - low) / (high - low), 0.0), 1.0) if high > low else 0.5
    dark, middle, light = ramp(kind)
    start, end, share = (dark, middle, 2 * place) if place < 0.5 else (middle, light, 2 * place - 1)
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(parts(start), parts(end)))


def span(numbers: Sequence[float]) -> tuple[float, float]:
    """From where to where the shades reach: from 0 if no number is negative, else as far below 0 as above."""
    largest = max(map(abs, numbers), default=0.0) or 1.0
    return (0.0 if min(numbers, default=0.0) >= 0 else -largest), largest


def letters_on(colour: str) -> str:
    """Black or white, whichever stands out more: by WCAG's luminance, the contrast is at least 4.5."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (p / 255 for p in parts(colour)))
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


def parts(colour: str) -> list[int]:
    """Red, green and blue of "#rrggbb"."""
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
