"""Strips with handwritten numbers, put together from the digits of the test, which no training sees."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..arguments import check_whole
from .sets import digits

GAP = (1, 4)  # blank columns between two digits, at least and at most


class Strip(NamedTuple):
    """A picture (rows, columns) and the number that is written on it."""

    image: np.ndarray
    text: str


def strips(
    count: int = 100, length: int = 6, *, gap: tuple[int, int] = GAP, noise: float = 0.0, ink: str = "bright", scale: int = 1,
    seed: int | None = 0,
) -> list[Strip]:  # fmt: skip
    """Strips of so many digits each, drawn at random from the test's; the same ones for the same seed.

    gap      at least and at most so many blank columns between two digits; 0 lets them meet, -2 overlap by two columns
    noise    the standard deviation of what is added to each pixel; ink is 1 and paper 0, and everything stays between
    ink      "bright" as the digits are, or "dark" on bright paper
    scale    how many pixels wide and high a pixel of the digits becomes
    """
    for name, number, least in (("count", count, 1), ("length", length, 1), ("scale", scale, 1)):
        check_whole(number, name, least)
    if not whole_pair(gap) or gap[0] > gap[1] or gap[0] < -2:
        raise ValueError(f"gap = {gap!r}: give the least and the largest number of blank columns, such as (1, 4); at least -2.")
    if not 0 <= noise < float("inf") or ink not in ("bright", "dark"):
        raise ValueError(f'noise = {noise!r}, ink = {ink!r}: noise must be 0 or more, ink "bright" or "dark".')
    split, random = digits(), np.random.default_rng(seed)
    made = []
    for _ in range(count):
        chosen = random.integers(len(split.X_test), size=length)
        image = strip([trimmed(split.X_test[i].reshape(8, 8)) for i in chosen], random.integers(gap[0], gap[1] + 1, size=length))
        image = np.kron(image, np.ones((scale, scale)))
        image = np.clip(image + noise * random.standard_normal(image.shape), 0, 1) if noise else image
        made.append(Strip(1 - image if ink == "dark" else image, "".join(str(split.y_test[i]) for i in chosen)))
    return made


def strip(pictures: list[np.ndarray], gaps: np.ndarray) -> np.ndarray:
    """Pictures in a row, each with its gap behind it (the last gap is not used), and two pixels of paper around."""
    starts = [2]
    for picture, gap in zip(pictures, gaps[:-1]):
        starts.append(starts[-1] + max(1, picture.shape[1] + int(gap)))
    image = np.zeros((12, max(start + picture.shape[1] for start, picture in zip(starts, pictures)) + 2))
    for start, picture in zip(starts, pictures):
        place = image[2:10, start : start + picture.shape[1]]
        np.maximum(place, picture, out=place)
    return image


def trimmed(picture: np.ndarray) -> np.ndarray:
    """Without the blank columns at its sides."""
    columns = np.flatnonzero(picture.any(axis=0))
    return picture[:, columns[0] : columns[-1] + 1]


def whole_pair(pair: Any) -> bool:
    """Whether this is a pair of whole numbers."""
    return isinstance(pair, (tuple, list)) and len(pair) == 2 and all(isinstance(n, (int, np.integer)) for n in pair)
