"""Reading a number: a strip of handwritten digits is cut into single ones, each is read by a network that was trained on digits.

The cut comes first and knows nothing of digits but that they are about as high as the line, hardly wider than high, and apart.
What it cannot part it reports: two digits that touch are no digit, and are not offered to the network as one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..engine.arrays import real_array, shown

SIDE = 8  # crops are as the training digits are: 8x8 pixels, from 0, paper, to 1, ink
CORE = 0.25  # a pixel with more ink belongs to a digit; with less it may be the rim of one, or a shade of the paper
FAINT = 0.05  # less than this is paper, or less than NOISES standard deviations of the paper's noise if that is more
NOISES = 3.0
WIDEST = 0.875  # of the line: of 1797 digits, none has its core wider than 7 of 8 pixels
SPECK = 0.4  # what is lower than this share of the highest piece is no digit
WHOLE = 0.75  # a part of a piece that is so high is a digit of its own
VALLEY = 0.2  # at a seam between two touching digits there is less ink than this share of the height
MASS = 3.57  # the mean place of the ink in the training digits, column by column from 0
LEFT = (1, 2)  # where all but 18 of the training digits begin
DOUBT = 0.2  # so near to the middle between two columns, a digit may stand in either (chosen on training digits set aside)
PAPER = 0.1  # at least this share of a strip is paper
UNKNOWN = "?"


class Piece(NamedTuple):
    """A digit of the strip, or several that touch: its box and, unless it is `touching`, its 8x8 crop.

    The box is (left, top, right, bottom): columns left to right - 1, rows top to bottom - 1. `second` is the crop with the digit
    a column further, if it could as well stand there.
    """

    box: tuple[int, int, int, int]
    crop: np.ndarray | None
    second: np.ndarray | None = None

    @property
    def touching(self) -> bool:
        """Whether this is more than one digit, as far as can be seen."""
        return self.crop is None


class Cut(NamedTuple):
    """What `digits_in` found: the pieces from left to right, the polarity, and boxes of specks that were left out."""

    pieces: list[Piece]
    ink: str
    specks: list[tuple[int, int, int, int]]

    @property
    def crops(self) -> np.ndarray:
        """The digits, (digits, 8, 8), without what touches."""
        return np.array([piece.crop for piece in self.pieces if piece.crop is not None]).reshape(-1, SIDE, SIDE)

    @property
    def touching(self) -> list[tuple[int, int, int, int]]:
        """The boxes of what touches."""
        return [piece.box for piece in self.pieces if piece.touching]


class Reading(NamedTuple):
    """The number as text, with "?" for digits that touch; a confidence between 0 and 1 for each character, and the cut."""

    text: str
    confidence: list[float]
    cut: Cut


def digits_in(strip: Any, ink: str | None = None) -> Cut:
    """Cut a strip, rows of pixels with one line of digits, into single digits.

    ink    "bright" or "dark": which pixels are ink. If not said, it is found: there is more paper than ink.

    A blank column parts two digits; so does a slanted gap, if both parts are nearly as high as the line. What is wider than
    7/8 of the line's height, or has a narrow seam between two parts of full height, is reported as touching. Two digits that
    are no wider than one, since they lie on top of one another, cannot be told from it by this. Each digit is scaled to a height
    of 8 pixels (unless it is within a pixel of that), and placed so that its ink lies where that of the training digits lies.
    """
    x, ink = inked(strip, ink)
    core = x > CORE
    faint = max(FAINT, NOISES * noise_of(x[~wider(core, max(1, round(height_of(core) / SIDE)))]))
    runs = stretches(np.asarray(core.any(axis=0)))
    parts: list[np.ndarray] = []
    heights = [height_of(core[:, left:right]) for left, right in runs]
    line = max(heights)
    specks = []
    for (left, right), height in zip(runs, heights):
        within = np.zeros_like(core)
        within[:, left:right] = core[:, left:right]
        if height < SPECK * line:
            specks.append(box_of(within))
        else:
            parts += split(within, line)
    parts.sort(key=lambda part: box_of(part)[0])
    taken = np.sum(parts, axis=0) > 0
    pieces = []
    for part in parts:
        near = wider(part, max(1, round(height_of(part) / SIDE)))  # a pixel of the training digits around it
        whole = part | (near & ~taken & (x > faint))  # its rim too, but nothing of its neighbours
        crops = (None, None) if touches(part, x, line) else places_of(np.where(whole, x, 0.0))
        pieces.append(Piece(box_of(whole), *crops))
    return Cut(pieces, ink, specks)


def read(strip: Any, model: Any, *, ink: str | None = None, shape: tuple[int, ...] = (SIDE * SIDE,)) -> Reading:
    """The number on a strip, read by a network that takes digits of this shape, (64,) or (8, 8) or (1, 8, 8), and has 10 outputs.

    Where the place of a digit is in doubt, both crops are read, and the mean of the outputs counts. The confidence is the largest
    output's share: of the sum of the outputs, if none is negative (sigmoid, softmax), else of the sum of e^output. It says how
    sure the network is, not how often it is right; what touches is read as "?", with confidence 0. Networks read better if
    they were trained on digits that stand where these stand: `as_read(X)`.
    """
    cut = digits_in(strip, ink)
    text, confidence = [], []
    for piece in cut.pieces:
        crops = [crop for crop in (piece.crop, piece.second) if crop is not None]
        if not crops:
            text.append(UNKNOWN)
            confidence.append(0.0)
            continue
        outputs = np.asarray(model.predict(np.reshape(crops, (len(crops), *shape))), dtype=float).reshape(len(crops), -1)
        if outputs.shape[1] != 10:
            raise ValueError(f"read needs a network with 10 outputs, one for each digit; this one has {outputs.shape[1]}.")
        output = outputs.mean(axis=0)
        weights = output if output.min() >= 0 and output.max() > 0 else np.exp(output - output.max())
        text.append(str(int(output.argmax())))
        confidence.append(float(weights.max() / weights.sum()))
    return Reading("".join(text), confidence, cut)


def as_read(X: Any) -> np.ndarray:
    """Digits (examples, 64) placed as `digits_in` places them: a network for reading is trained on these."""
    digits = real_array(X, "X must be rows of 64 numbers, one row for each digit")
    if digits.ndim != 2 or digits.shape[1] != SIDE * SIDE:
        raise ValueError(f"X must have shape (examples, {SIDE * SIDE}); it has shape {digits.shape}.")
    if not (digits > FAINT).any(axis=1).all():
        raise ValueError("One of these digits has no ink.")
    placed = [places_of(np.where(digit > FAINT, digit, 0.0))[0] for digit in digits.reshape(-1, SIDE, SIDE)]
    return np.array(placed).reshape(digits.shape)


# --- from shades to ink ---

def inked(strip: Any, ink: str | None) -> tuple[np.ndarray, str]:
    """The strip from 0, paper, to 1, ink, and which pixels are ink: the bright or the dark ones."""
    x = real_array(strip, "A strip must be rows of pixels, all of one length")
    if x.ndim != 2 or not x.size or not np.isfinite(x).all():
        raise ValueError(f"A strip must be rows of pixels, finite numbers; its shape is {x.shape}.")
    if ink not in (None, "bright", "dark"):
        raise ValueError(f'ink = {shown(ink)}: give "bright", "dark", or None to have it found.')
    low, high = float(x.min()), float(x.max())
    if low == high:
        raise ValueError(f"This strip has no ink: all of its pixels are {low:g}.")
    ink = ink or ("bright" if np.median(x) < (low + high) / 2 else "dark")
    x = x - low if ink == "bright" else high - x
    paper = float(np.quantile(x, PAPER))  # rather than the one pixel with the least ink, which noise may have made
    if paper >= high - low:
        raise ValueError(f"This strip is nearly all ink, if ink is {ink}.")
    return np.clip((x - paper) / (high - low - paper), 0, 1), ink


def stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    """Where flags are set, without a break: from, to (the first that is not)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2])]


def box_of(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the pixels that are set; right and bottom are the first beyond them."""
    columns, rows = np.flatnonzero(pixels.any(axis=0)), np.flatnonzero(pixels.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def height_of(pixels: np.ndarray) -> int:
    """From the first row with ink to the last."""
    _, top, _, bottom = box_of(pixels)
    return bottom - top


# --- from ink to digits ---

def connected(pixels: np.ndarray) -> list[np.ndarray]:
    """Parts whose pixels are joined, by a side or a corner."""
    left = {(int(row), int(column)) for row, column in np.argwhere(pixels)}
    parts = []
    while left:
        part, waiting = np.zeros_like(pixels), [left.pop()]
        while waiting:
            row, column = waiting.pop()
            part[row, column] = True
            beside = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= beside
            waiting += beside
        parts.append(part)
    return parts


def split(pixels: np.ndarray, line: int) -> list[np.ndarray]:
    """Digits without a blank column between them, if they are not joined: parts that are nearly as high as the line.

    Smaller parts, such as the bar of a 5, go to the digit that is nearest to their middle.
    """
    parts = connected(pixels)
    whole = [part for part in parts if height_of(part) >= WHOLE * line]
    if len(whole) < 2:
        return [pixels]
    digits = [part.copy() for part in whole]
    for part in parts:
        if height_of(part) < WHOLE * line:
            digits[int(np.argmin([abs(middle_of(part) - middle_of(digit)) for digit in whole]))] |= part
    return digits


def middle_of(part: np.ndarray) -> float:
    """The mean column of its pixels."""
    return float(np.argwhere(part)[:, 1].mean())


def touches(part: np.ndarray, x: np.ndarray, line: int) -> bool:
    """Whether this part is more than one digit: wider than any, or with a seam between two parts of full height."""
    left, _, right, _ = box_of(part)
    if right - left > WIDEST * line:
        return True
    ink = np.where(part, x, 0.0).sum(axis=0)
    narrowest = max(1, round(2 * line / SIDE))
    for seam in range(left + narrowest, right - narrowest):
        halves = part[:, left:seam], part[:, seam + 1 : right]
        if ink[seam] < VALLEY * line and all(height_of(half) >= WHOLE * line for half in halves):
            return True
    return False


def wider(pixels: np.ndarray, by: int) -> np.ndarray:
    """The pixels and those around them, so many in each direction."""
    rows, columns = pixels.shape
    padded = np.pad(pixels, by)
    places = range(2 * by + 1)
    return np.asarray(np.any([padded[i : i + rows, j : j + columns] for i in places for j in places], axis=0))


def noise_of(paper: np.ndarray) -> float:
    """The standard deviation of the noise on the paper; what would be below 0 was cut off, so it is doubled."""
    return float(np.sqrt(2 * np.mean(paper**2))) if len(paper) else 0.0


def places_of(x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The ink in x as 8x8 pixels, as high as the training digits and placed as they are; if that is in doubt, in both places."""
    left, top, right, bottom = box_of(x > 0)
    digit = x[top:bottom, left:right]
    height, width = digit.shape
    if abs(height - SIDE) > 1 or width > SIDE:
        scale = SIDE / max(height, width)
        digit = resized(digit, max(1, min(SIDE, round(height * scale))), max(1, min(SIDE, round(width * scale))))
    digit = digit[:SIDE]  # a row less, if it is 9 high
    mass = float((digit.sum(axis=0) * np.arange(digit.shape[1])).sum() / digit.sum())
    first, second = LEFT if MASS - mass < sum(LEFT) / 2 else LEFT[::-1]
    in_doubt = abs(MASS - mass - sum(LEFT) / 2) < DOUBT and digit.shape[1] <= SIDE - max(LEFT)
    return placed_at(first, digit), placed_at(second, digit) if in_doubt else None


def placed_at(column: int, digit: np.ndarray) -> np.ndarray:
    """A crop with the digit in the middle of its rows, from this column on or as near to it as there is room."""
    height, width = digit.shape
    row, column = (SIDE - height) // 2, min(column, SIDE - width)
    crop = np.zeros((SIDE, SIDE))
    crop[row : row + height, column : column + width] = digit
    return crop


def resized(picture: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The picture with so many rows and columns: each new pixel is the mean over the area that it covers."""
    resized: np.ndarray = shares(picture.shape[0], rows) @ picture @ shares(picture.shape[1], columns).T
    return resized


def shares(old: int, new: int) -> np.ndarray:
    """How much of each of `old` pixels in a line goes into each of `new`, (new, old); rows sum to 1."""
    edges = np.arange(new + 1) * old / new
    start, end = np.maximum(edges[:-1, None], np.arange(old)), np.minimum(edges[1:, None], np.arange(old) + 1)
    overlap: np.ndarray = np.maximum(end - start, 0)
    return overlap * (new / old)
