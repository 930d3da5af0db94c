"""Unrolled steps, found among the classes: what is made, step after step, from what the step before has made.

A recurrence unrolled over T steps is T classes for each of its quantities, h[1], h[2], ...: each reads the one before. To find
them, walk downwards from two classes that are made alike, the later made from the earlier, both at once: pairs that are alike
are one quantity at two times, and what follows each other in pairs is a chain. Where the walk meets things that differ, the
recurrence begins.

    z[3] ~ z[2]    because  h[2] ~ h[1]    because  z[2] ~ z[1]  ...    chains: z[1] z[2] z[3] and h[1] h[2] h[3]
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Any

from .classes import NOTHING, Classes

FEWEST = 4  # steps that are worth a loop
TRIED = 2  # of the classes that are alike, so many last ones are where a walk is begun
Chains = list[list[int]]  # the classes of each quantity, the first step first


def find_chains(classes: Classes) -> Chains:
    """The chains of the longest recurrence; none if there is none."""
    found = Found(classes)
    best, most = Chains(), 0
    alike: dict[Any, list[int]] = defaultdict(list)
    for c in found.free:
        alike[found.form(c)].append(c)
    for b in sorted((c for group in alike.values() if len(group) >= FEWEST for c in group[-TRIED:]), reverse=True):
        above = found.above(b)
        for a in [a for a in reversed(alike[found.form(b)]) if a < b and a in above][:2]:
            chains = found.chains(a, b)
            score = sum(map(len, chains))
            if score > most:
                best, most = chains, score
    return best


class Found:
    """Walks over the classes."""

    def __init__(self, classes: Classes) -> None:
        self.classes = classes
        self.free = [c for c, nodes in classes.members.items() if nodes[0] not in classes.within]  # of no recurrence yet
        self.below = {c: {int(x) for x in classes.seen[classes.step[classes.members[c][0]].reads]} for c in self.free}

    def form(self, c: int) -> Any:
        """What classes that are alike have in common, whatever they read."""
        made, nodes = self.classes.made[c], self.classes.members[c]
        return made.row, len(made.below), len(nodes), len(self.classes.step[nodes[0]].reads)

    def above(self, c: int) -> set[int]:
        """Everything that a class is made from."""
        found, stack = set[int](), [c]
        while stack:
            for x in self.below.get(stack.pop(), ()):
                if x not in found:
                    found.add(x)
                    stack.append(x)
        return found

    def pairs(self, a: int, b: int) -> list[tuple[int, int]] | None:
        """The classes that correspond if a and b are one quantity at two times; None if they are not."""
        if a not in self.below or b not in self.below or self.form(a) != self.form(b):
            return None
        one, other = self.classes.made[a], self.classes.made[b]
        if one.row is not None:
            return list(zip(one.below, other.below))
        mine, others = (sorted(made.below, key=self._order) for made in (one, other))
        found = []
        for (sign, *x), (sign_, *y) in zip(mine, others):
            if sign != sign_ or (x[1] == NOTHING) != (y[1] == NOTHING):
                return None
            if self._row(x[0]) != self._row(y[0]) or self._row(x[1]) != self._row(y[1]):
                y = y[::-1]  # the first state is the same for all examples, and had come first
            found += [(p, q) for p, q in zip(x, y) if NOTHING not in (p, q)]
        return found

    def _order(self, kind: Any) -> Any:
        return -kind[0], kind[2] == NOTHING, sorted(map(self._row, kind[1:])), kind[1:]

    def _row(self, c: int) -> str:
        """What a class does, in a word."""
        made = self.classes.made[c] if c >= 0 else None
        return "" if made is None else made.row.name if made.row else "sum" if made.depth else "leaf"

    def chains(self, a: int, b: int) -> Chains:
        """The chains of the recurrence in which b is a one step later, as long as most of them are."""
        earlier: dict[int, int] = {}
        later: dict[int, int] = {}
        heap = [(-b, -a)]
        while heap:
            b_, a_ = (-c for c in heapq.heappop(heap))
            if a_ == b_ or b_ in earlier or a_ in later:
                continue
            below = self.pairs(a_, b_)
            if below is None:
                continue
            earlier[b_], later[a_] = a_, b_
            for x, y in below:
                heapq.heappush(heap, (-y, -x))
        found = []
        for end in earlier:
            if end not in later:
                chain = [end]
                while chain[-1] in earlier:
                    chain.append(earlier[chain[-1]])
                found.append(chain[::-1])
        longest = max((len(chain) for chain in found if b in chain), default=0)
        cyclic = [chain for chain in found if 2 * len(chain) >= longest and not self.above(chain[-1]).isdisjoint(chain[:-1])]
        return cyclic if longest >= FEWEST and cyclic else []
