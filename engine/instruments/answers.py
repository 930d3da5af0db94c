"""What a learner typed as an answer: -9, -36/4, 4.5, 2*exp(-1), 1.2e-3; a number, and how exactly it is meant.

4.5 stands for anything that rounds to 4.5, so it is right for 4.4972; -36/4 means exactly that.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from numbers import Real
from typing import NamedTuple

from ..command.expression import parse
from ..command.tokens import ParseError
from ..primitive import UndefinedError
from ..value import Value

EXACT = 1e-9  # relative: two computed numbers that differ by less are the same
COMMA = re.compile(r"(?<![\w.])([+-]?[0-9]+),([0-9]+)(?![\w.])")
MIXED = re.compile(r"([+-]?[0-9]+)\s+([0-9]+)\s*/\s*([0-9]+)")
CUT = 0.02  # relative: how much may be lost where digits are cut off rather than rounded
MOST_PLACES = 300  # before or after the point
LONGEST_ADVICE = 100  # characters of what the grammar says, some of which lists every function
MANY = 10_000  # the largest denominator of a number that counts as a fraction


class AnswerError(ValueError):
    """An answer that is not one number; its text says what would be."""


class Answer(NamedTuple):
    """A typed number.

    value   the number; `text` as it was typed
    half    half a unit of its last digit; 0 where it is meant exactly
    grain   how far apart the numbers lie that are written like this
    digits  its significant digits; infinite where it is meant exactly
    """

    value: float
    text: str
    half: float
    grain: float
    digits: float

    def fits(self, number: float, slack: float = 0.0) -> bool:
        """Whether this is the number, rounded to the digits typed; `slack` is what the number itself may be off by."""
        return abs(self.value - number) <= self.half * (1 + EXACT) + EXACT * abs(number) + slack

    def is_cut_from(self, number: float) -> bool:
        """Whether the number's further digits were cut off rather than rounded: 0.66 for 2/3."""
        rest = abs(number) - abs(self.value)
        return 0 <= rest < min(2 * self.half, CUT * abs(number)) and self.value * number > 0

    @property
    def is_precise(self) -> bool:
        """Whether it says more than the size of a number: two digits or more."""
        return self.digits >= 2


def read_answer(given: object) -> Answer:
    """An answer from a text or a number. Raises AnswerError where it is not one number."""
    if isinstance(given, Answer):
        return given
    if isinstance(given, Value):
        given = given.data
    if isinstance(given, Fraction):
        given = str(given)
    if not isinstance(given, str):
        if isinstance(given, bool) or not isinstance(given, Real) or not math.isfinite(given):
            raise AnswerError(f"An answer is a finite number or a text such as -9, -36/4 or 4.5, not {given!r:.60}.")
        given = repr(float(given)).removesuffix(".0")
    text = re.sub(r"^[^=≈]*[=≈]", "", given).replace("−", "-").strip()
    try:
        decimal = Decimal(text.replace(" ", "")) if re.fullmatch(r"[-+.\deE ]+", text) and text.isascii() else None
    except InvalidOperation:
        decimal = None
    if decimal is not None and not re.search(r"[\d.] +[\d.]", text):
        value, (_, figures, exponent) = float(decimal), decimal.as_tuple()
        if not math.isfinite(value) or abs(int(exponent)) > MOST_PLACES:
            raise AnswerError(f"{given.strip()!r:.60} is not a number that a float can hold.")
        unit = 10.0 ** int(exponent)
        return Answer(value, text, unit / 2, unit, len("".join(map(str, figures)).lstrip("0")))
    value = _computed(given, text)
    near = Fraction(value).limit_denominator(MANY)
    is_fraction = abs(float(near) - value) <= 1e-12 * abs(value)
    return Answer(value, text, 0.0, 1 / near.denominator if is_fraction else 1e-6 * (abs(value) or 1.0), math.inf)


def _computed(given: str, text: str) -> float:
    """The number of an answer that is a calculation."""
    if not text:
        raise AnswerError("An answer is a number, such as -9, -36/4 or 4.5; here is none.")
    if comma := COMMA.search(text):
        raise AnswerError(f"{given.strip()!r:.60} has a decimal comma; write a point: {comma[1]}.{comma[2]}.")
    if mixed := MIXED.fullmatch(text):
        whole, above, below = mixed.groups()
        sign = "-" if whole.startswith("-") else "+"
        raise AnswerError(f"{given.strip()!r:.60} can be read in two ways; write {whole} {sign} {above}/{below}.")
    if set(";\n=") & set(text):
        raise AnswerError(f"{given.strip()!r:.60} is more than one number.")
    try:
        return parse(text).data
    except (ParseError, UndefinedError) as error:
        advice = error.advice if isinstance(error, ParseError) else str(error)
        more = f" ({advice.rstrip('.')})" if len(advice) <= LONGEST_ADVICE else ""
        raise AnswerError(f"{given.strip()!r:.60} is not a number such as -9, -36/4 or 4.5{more}.") from None
