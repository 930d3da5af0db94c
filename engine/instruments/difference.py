"""The best central difference that floats allow at a point, and how far it can be trusted.

A central difference (f(x + h) - f(x - h)) / (2h) has two errors. A wide step sees the curve of f: the error shrinks like
h². A narrow step sees the rounding of f's values, which is divided by h: that error grows like 1/h. Near 1 the two balance
at about h = 1e-5. Elsewhere the right step may be far from that: it has to stay small beside the distance to the nearest
corner, jump or pole, and large beside the gaps between floats. At sin(1e17) no step is both, and no difference can tell.

Hence several steps are tried, each with an estimate of its own error, which needs no derivative of f.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EPS = 1e-5  # near the cube root of a float's precision, where the two errors balance for a function whose scale is 1
TOLERANCE = 1e-6  # relative; beyond it comes only what the difference itself cannot know
TELLING = 1e-3  # a difference with a larger relative error says nothing


class Sample(NamedTuple):
    """f at one point: its value, how far rounding may have moved it, and numbers that are 0 where f has a corner, a jump
    or the edge of its domain. If one of them changes sign between two points, an edge lies in between."""

    value: float
    rounding: float
    edges: tuple[float, ...] = ()


class Difference(NamedTuple):
    """A central difference with the step h that it was taken with. `error` estimates how far it may be from the
    derivative; `rounding` is the part of it that comes from f's values; `seen` is the steeper of the slopes to the two
    sides, which is 0 only where f is flat."""

    numeric: float
    step: float
    error: float
    rounding: float
    seen: float

    def tells(self, exact: float) -> bool:
        """Whether the error is small beside the slopes that were seen. If f is flat: beside the slope that is claimed."""
        return self.seen == exact == 0 or self.error <= TELLING * (self.seen or abs(exact))

    def allowed(self, exact: float) -> float:
        """How far a derivative that is right may be from this difference."""
        return TOLERANCE * max(abs(exact), abs(self.numeric)) + self.error

    def blurs(self, exact: float, x: float) -> bool:
        """Whether it would accept other derivatives as well: compared with the slopes nearby, that of x² at 1e-300 is 0,
        whether it is 2e-300 or 4e-300. A slope that may come from the rounding of x, like that of sin at π/2, counts as 0."""
        size = max(abs(exact), abs(self.numeric))
        meant = abs(exact) > 4 * (math.ulp(x) / self.step) * self.seen
        return meant and self.error > TELLING * size and abs(exact - self.numeric) <= self.allowed(exact)

    def confirms(self, exact: float) -> bool:
        """Whether the two agree so well, as far as can be told, that no other step need be tried."""
        apart, size = abs(exact - self.numeric), max(abs(exact), abs(self.numeric))
        precise = self.error <= TOLERANCE * size and apart <= self.allowed(exact)
        return self.tells(exact) and (precise or apart <= TOLERANCE * size)


def best_difference(
    along: Callable[[float], Sample], x: float, exact: float, eps: float = EPS
) -> tuple[Difference | None, str]:
    """The difference to compare with `exact`, and in a few words why it cannot tell; empty if it can.

    None means that no difference could be taken. The search ends at the first step that confirms the derivative, unless
    a more precise one did not: a derivative that looks wrong is tried with every step.
    """
    here = along(x)
    found = []
    blocked = False
    for step in _steps(x, eps, nearest_edge(along, x, here, eps)):
        try:
            difference = central_difference(along, x, here, step)
        except (ArithmeticError, ValueError):  # f is not defined there
            continue
        if difference is None:
            blocked = True
        else:
            found.append(difference)
            if difference.confirms(exact) and difference.error == min(one.error for one in found):
                return difference, ""
    telling = [difference for difference in found if difference.tells(exact)]
    if telling:
        best = best_of(telling)
        return best, "lost in rounding" if best.blurs(exact, x) else ""
    if not found:
        return None, "too near a corner or edge" if blocked else "undefined nearby"
    best = min(found, key=lambda difference: difference.error / (difference.seen or abs(exact)))
    return found[0], "lost in rounding" if best.rounding >= best.error / 2 else "does not settle"


def best_of(telling: list[Difference]) -> Difference:
    """The most precise of the differences that agree with the narrowest. Among several good to nine digits, the first.

    From the narrowest step outwards, as long as the differences agree within their errors: a wide step may span a
    bump at x, and still look precise.
    """
    best, *wider = sorted(telling, key=lambda one: one.step)
    agreeing = {best}
    for one in wider:
        if abs(one.numeric - best.numeric) > one.error + best.error:
            break
        agreeing.add(one)
        best = min(best, one, key=lambda one: one.error)
    enough = TELLING * TOLERANCE * abs(best.numeric)
    return min([one for one in telling if one in agreeing], key=lambda one: max(one.error, enough))


def central_difference(along: Callable[[float], Sample], x: float, here: Sample, step: float) -> Difference | None:
    """The central difference with about this step; None if an edge lies between x - step and x + step.

    Its error is estimated from three things: what changes when the step is halved, what a parabola through the three
    values misses halfway, and the rounding of the values. The derivative being checked plays no part in the first two.
    """
    wide, narrow = ((abs(x) + h) - abs(x) for h in (step, step / 2))  # so that x + h and x - h are floats
    if not 0 < narrow < wide < math.inf:
        raise ValueError(f"a step of {step} is lost beside {x}")
    samples = []
    for t in (x + wide, x - wide, x + narrow, x - narrow):
        samples.append(along(t))
        if _lies_between(here, samples[-1]):
            return None
    right, left, near_right, near_left = (sample.value - here.value for sample in samples)
    numeric, finer = (right - left) / 2 / wide, (near_right - near_left) / 2 / narrow
    odd, even, share = (right - left) / 2, (right + left) / 2, narrow / wide
    missed = max(
        abs(near_right - (even * share + odd) * share),
        abs(near_left - (even * share - odd) * share),
    )  # fmt: skip
    rounding = max(sample.rounding for sample in (here, *samples)) / wide
    error = 2 * abs(numeric - finer) + missed / wide + rounding
    if not math.isfinite(numeric + error):
        raise OverflowError(f"the difference at {x} overflows")
    return Difference(numeric, wide, error, rounding, max(abs(right), abs(left)) / wide)


def tells_at(along: Callable[[float], Sample], x: float, exact: float, step: float) -> bool:
    """Whether a difference with just this step tells anything."""
    try:
        difference = central_difference(along, x, along(x), step)
    except (ArithmeticError, ValueError):
        return False
    return difference is not None and difference.tells(exact)


def _lies_between(here: Sample, there: Sample) -> bool:
    """Whether an edge lies between two points. An edge at x itself is another matter: see corner_of."""
    if len(here.edges) != len(there.edges):  # f took another branch there: only its values can tell
        return False
    return any(a and (b == 0 or (a > 0) != (b > 0)) for a, b in zip(here.edges, there.edges))


def first_step(x: float, eps: float = EPS) -> float:
    """eps for numbers below 10, and ten times as much for each further digit: 3 and 7 are checked with the same step."""
    return eps * 10.0 ** math.floor(math.log10(max(1.0, abs(x))))


def nearest_edge(along: Callable[[float], Sample], x: float, here: Sample, eps: float = EPS) -> float:
    """About how far the nearest corner, jump or edge of the domain is from x, by linear extrapolation; inf if none is found."""
    for step in (first_step(x, eps) * 1e-3**k for k in range(4)):
        for t in (x + step, x - step):
            try:
                there = along(t)
            except (ArithmeticError, ValueError):
                continue
            pairs = [(abs(a), abs(b - a)) for a, b in zip(here.edges, there.edges)]
            return min([step * (a / moved) for a, moved in pairs if a and moved], default=math.inf)
    return math.inf


def _steps(x: float, eps: float, edge: float) -> Iterator[float]:
    """Steps to try: from the first one outwards, then at the scale of x itself, then of the distance to the edge."""
    first = first_step(x, eps)
    yield first
    for k in range(1, 11):
        if k <= 4:
            yield first * 10.0**k
        yield first / 10.0**k
    for scale in (abs(x), edge):
        if 0 < scale < first:
            yield from (scale / 10.0**k for k in range(-3, 9))
