"""The words of an expression: names, numbers and signs, each with its column; and the error for text that cannot be read.

The signs are those of Python (x**2*y, x == y) and those of the board (x²·y, √x, |x|, π), so that what is printed can be typed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LETTER = "A-Za-z_Α-Ωα-ω"  # Latin and Greek
NAME = re.compile(f"[{LETTER}][{LETTER}0-9]*")
KEYWORDS = ("if", "else")
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
SAME = {"·": "*", "⋅": "*", "≥": ">=", "≤": "<="}  # two ways to write one sign

ADVICE = {
    "^": "write powers as x**2 or x²", "×": "write products as x*y or x·y", "−": "write minus as -",
    "÷": "write division as x/y", "∕": "write division as x/y", "[": "write parentheses as ( and )",
    "{": "write parentheses as ( and )", "%": "there is no remainder here",
    "!": "for x != y write 1 - (x == y)", "≠": "for x != y write 1 - (x == y)",
    ".": "write numbers as 0.5, and functions as exp(x)",
}  # fmt: skip
OTHERWISE = "use names, numbers, + - * / **, parentheses and functions such as exp(x)"

TOKEN = re.compile(
    r"(?P<space>[ \t\r]+)|(?P<end>[;\n])|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    rf"|(?P<name>{NAME.pattern})|(?P<superscript>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|(?P<sign>\*\*|>=|<=|==|[-+*·⋅/(),=<>≥≤√|])|(?P<other>.)"
)


class ParseError(ValueError):
    """Text that is not an expression: where, what is wrong, and what would be right."""

    def __init__(self, text: str, column: int, advice: str) -> None:
        self.text = text
        self.column = column  # counted from 1
        self.advice = advice
        end = "" if advice.endswith("?") else "."
        super().__init__(f'Cannot read "{_near(text, column)[0]}" at column {column}: {advice}{end}')

    def __reduce__(self) -> tuple[type[ParseError], tuple[str, int, str]]:
        """A copy is made of the same three things."""
        return type(self), (self.text, self.column, self.advice)


def pointed(error: Exception) -> list[str]:
    """The input and a caret under the place, if the error knows its place in a text; nothing otherwise."""
    text, column = getattr(error, "text", None), getattr(error, "column", None)
    if text is None or column is None:
        return []
    near, place = _near(text, column)
    return [near, " " * place + "^"]


def _near(text: str, column: int, most: int = 60) -> tuple[str, int]:
    """The part of a text around a column, on one line, and where the column is in it."""
    start = max(0, min(column - 1 - most // 2, len(text) - most))
    cut = text[start : start + most]
    shown = "".join(sign if sign.isprintable() else "?" for sign in cut)  # half a character of bytes is not printable
    before, after = "..." if start else "", "..." if start + most < len(text) else ""
    return before + shown + after, len(before) + column - 1 - start


class Token(NamedTuple):
    """A word of the text; `kind` is a group of TOKEN, or "keyword" or "end"; `column` counts from 1."""

    kind: str
    text: str
    column: int

    def touches(self, other: Token) -> bool:
        """Whether the other follows without a space."""
        return self.column + len(self.text) == other.column


def tokens(text: str) -> list[Token]:
    """The words of the text, spaces left out, "end" last."""
    found = []
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "other":
            broken = "\udc80" <= match[0] <= "\udcff"  # how Python passes on a byte that is not text
            advice = "this byte is not text; type it again" if broken else ADVICE.get(match[0], OTHERWISE)
            raise ParseError(text, match.start() + 1, advice)
        if kind != "space":
            kind = "keyword" if match[0] in KEYWORDS else kind
            found.append(Token(kind, SAME.get(match[0], match[0]), match.start() + 1))
    return [*found, Token("end", "", len(text) + 1)]


def is_name(text: str) -> bool:
    """Whether the text can be the name of a variable. (Not `isidentifier`, which is true of "x·y".)"""
    return NAME.fullmatch(text) is not None and text not in KEYWORDS
