"""How much a number says about the slip behind it.

A number proves little: several slips often give the same one, and some meet it by chance. So each slip that fits is weighed
against the others, and against the chance that something else gave this number to these digits:

    belief in a slip  =  sum over its numbers that fit of P(someone writes so few digits)  /  how many numbers it can give
    something else    =  odds that a slip is unknown · slips that apply · density of wrong numbers there · grain of the answer

The density is a Cauchy distribution around the right number: most wrong numbers are of its size, and some are far away. All
beliefs together are scaled to 1.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from .working import Change

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .answers import Answer
    from .slips import Rule, Slip
    from .working import Forwards, Working

ODDS_UNKNOWN = 5.0  # five of six wrong answers come from no slip of the catalogue, as long as nothing else is known
FEW_DIGITS = {0: 0.0, 1: 0.02, 2: 0.1, 3: 0.6}  # how readily someone rounds to so few digits; to more: 1
SAME = 1e-9  # relative: two computed numbers that differ by less are the same number
PRECISE = 1e-5  # a grain this small, relative to the number, is needed before two slips are believed at once
MOST_PAIRS = 12_000


class Belief(NamedTuple):
    """A slip that gives the answer, what it changes, and its share of the belief."""

    slip: Slip
    change: Change
    share: float


def predictions(working: Forwards, catalogue: Iterable[Slip]) -> dict[Slip, dict[float, Change]]:
    """The numbers that each slip gives, at one place or at every occurrence of an operation, without the right one."""
    found: dict[Slip, dict[float, Change]] = {}
    for slip in catalogue:
        numbers: dict[float, Change] = {}
        for change in _changes(slip, working):
            try:
                number = working.result(change)
            except (ArithmeticError, ValueError):  # with this slip there is no result
                continue
            if math.isfinite(number) and not any(is_same(number, other) for other in (working.right, *numbers)):
                numbers[number] = change
        if numbers:
            found[slip] = numbers
    return found


def _changes(slip: Slip, working: Forwards) -> list[Change]:
    """What the slip changes: place by place, and all places of one kind at once."""
    single: list[Change] = []
    everywhere: dict[tuple[Rule, str], Change] = {}
    for rule in slip.rules:
        for change, kind in rule(working):
            single.append(change)
            if kind is not None:
                before = everywhere.get((rule, kind), Change())
                everywhere[rule, kind] = before.joined(change) or before
    return [*single, *everywhere.values()]


def is_same(one: float, other: float) -> bool:
    """Whether two computed numbers differ by rounding alone."""
    return abs(one - other) <= SAME * max(abs(one), abs(other)) + 1e-13


def weigh(answer: Answer, right: float, found: dict[Slip, dict[float, Change]]) -> list[Belief]:
    """The slips that give the answer, the most credible first; what is missing to 1 is the belief in something else."""
    readily = FEW_DIGITS.get(int(answer.digits), 1.0) if math.isfinite(answer.digits) else 1.0
    fitting = []
    for slip, numbers in found.items():
        fits = [(1.0 if is_same(answer.value, number) else readily, change)
                for number, change in numbers.items() if answer.fits(number)]
        if fits:
            fitting.append((slip, fits[0][1], sum(likely for likely, _ in fits) / len(numbers)))
    scale = abs(right) or 1.0
    density = 1 / (math.pi * scale * (1 + ((answer.value - right) / scale) ** 2))
    total = ODDS_UNKNOWN * len(found) * density * answer.grain + sum(belief for _, _, belief in fitting)
    beliefs = [Belief(slip, change, belief / total) for slip, change, belief in fitting if belief]
    return sorted(beliefs, key=lambda belief: -belief.share)


def only_pair(answer: Answer, working: Working, found: dict[Slip, dict[float, Change]]) -> list[Belief]:
    """Two slips at once: only for an answer of many digits, and if exactly one pair gives it."""
    single = [(slip, change) for slip, numbers in found.items() for change in numbers.values() if change.result is None]
    if answer.grain > PRECISE * abs(answer.value) or len(single) * len(single) > MOST_PAIRS:
        return []
    fitting: dict[tuple[Slip, Slip], list[Belief]] = {}
    for (one, change), (two, other) in itertools.combinations(single, 2):
        both = change.joined(other) if one is not two else None
        if both is None:
            continue
        try:
            number = working.result(both)
        except (ArithmeticError, ValueError):
            continue
        if answer.fits(number):
            fitting[one, two] = [Belief(one, change, 0.5), Belief(two, other, 0.5)]
    return next(iter(fitting.values())) if len(fitting) == 1 else []
