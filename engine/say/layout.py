"""The page that text is set on: how wide it is, how many digits it shows, which characters it has, and whether colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .colours import BOLD, ORANGE, bare, paint
from .notation import DIGITS, plain, show

if TYPE_CHECKING:
    from collections.abc import Sequence

INDENT = "  "


class Page:
    """Sets numbers, tables and equations. `ascii` pages write df/dx, * and **2 for ∂f/∂x, · and ².

    Colours are put on words before they are set, and take no room: without them the text is the same, space by space.
    """

    def __init__(self, width: int = 80, digits: int = DIGITS, *, ascii: bool = False, colour: bool = False) -> None:
        self.width = width
        self.digits = digits
        self.ascii = ascii
        self.colour = colour

    def value(self, text: str) -> str:
        """Words of the way forward."""
        return paint(text, BOLD) if self.colour else text

    def gradient(self, text: str) -> str:
        """Words of the way back."""
        return paint(text, ORANGE) if self.colour else text

    def text(self, text: str) -> str:
        """The text in the characters that the page has."""
        return plain(text) if self.ascii else text

    def show(self, number: float) -> str:
        """A number to the page's digits."""
        return show(number, self.digits)

    def prose(self, *parts: str) -> list[str]:
        """A sentence on one line if it fits, else with its parts on lines of their own, further ones indented."""
        whole = self.text(" ".join(parts))
        if wide(whole) <= self.width:
            return [whole]
        return [
            line
            for i, part in enumerate(parts)
            for line in wrapped(self.text(part), self.width, first=INDENT if i else "", rest=2 * INDENT)
        ]

    def table(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """Rows of cells, each column as wide as its widest cell; numbers are right-aligned, words left-aligned."""
        rows = [[self.text(cell) for cell in row] for row in rows]
        widths = [max(wide(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows)))]
        return [
            (INDENT + "   ".join(padded(cell, width, left=_is_number(cell)) for cell, width in zip(row, widths))).rstrip()
            for row in rows
        ]

    def equations(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """Chains of equations, a row each. The first cell is "left = right"; further cells follow after equals signs. A
        row whose first cell is indented is a remark.

        In columns where all fit into the width; otherwise each row is set by itself, broken before an equals sign.
        """
        rows = [[self.text(cell) for cell in row] for row in rows]
        split = [row if row[0].startswith(" ") else [*row[0].split(" = ", 1), *row[1:]] for row in rows]
        columns = max(map(len, split))
        widths = [max((wide(row[i]) for row in split if len(row) == columns), default=0) for i in range(1, columns - 1)]
        widths.insert(0, max((wide(row[0]) for row in split if len(row) > 1), default=0))
        lines = []
        for row in split:
            if len(row) == columns:
                cells = [padded(cell, width) for cell, width in zip(row, widths)] + [*row[columns - 1 :]]
            elif len(row) == 2:  # a result without a formula: where the formulas end
                cells = [padded(row[0], sum(widths[:-1]) + 3 * (columns - 3)), row[1]]
            else:
                cells = [padded(row[0], widths[0]), *row[1:]]
            lines.append(INDENT + " = ".join(cells))
        if max(map(wide, lines)) <= self.width:
            return [line.rstrip() for line in lines]
        return [line for row in split for line in self._broken(row)]

    def _broken(self, row: Sequence[str]) -> list[str]:
        """One chain of equations on as many lines as it needs; a continued line begins with its equals sign."""
        whole = INDENT + " = ".join(row)
        if wide(whole) <= self.width:
            return [whole.rstrip()]
        margin = INDENT + " " * min(wide(row[0]), 8)
        lines = [INDENT + " = ".join(row[:2]), *[f"{margin} = {cell}" for cell in row[2:]]]
        return [part for line in lines for part in wrapped(line, self.width, rest=margin + "     ")]


def wrapped(text: str, width: int, *, first: str = "", rest: str = INDENT) -> list[str]:
    """A text broken between words into lines of the width; a word that is longer has a line to itself."""
    words = text.split()
    lines = [first + " " * (len(text) - len(text.lstrip())) + words[0]]
    for word in words[1:]:
        if wide(lines[-1]) + wide(word) + 1 > width:
            lines.append(rest + word)
        else:
            lines[-1] += " " + word
    return lines


def wide(text: str) -> int:
    """How many columns a text takes."""
    return len(bare(text))


def padded(text: str, width: int, *, left: bool = False) -> str:
    """The text with spaces after it, or to the left of it, up to the width."""
    space = " " * (width - wide(text))
    return space + text if left else text + space


def _is_number(cell: str) -> bool:
    cell = bare(cell)
    return cell[:1].isdigit() or (cell[:1] == "-" and cell[1:2].isdigit())
