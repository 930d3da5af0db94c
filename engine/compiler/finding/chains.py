"""Unrolled steps, found among the classes: what is made, step after step, from what the step before has made.

A recurrence unrolled over T steps is T classes for each of its quantities, h[1], h[2], ...: each reads the one before. To find
them, walk downwards from two classes that are made alike, the later made from the earlier, both at once: pairs that are alike
are one quantity at two times, and what follows each other in pairs is a chain. Where the walk meets things that differ, the
recurrence begins.

    z[3] ~ z[2]    because  h[2] ~ h[1]    because  z[2] ~ z[1]  ...    chains: z[1] z[2] z[3] and h[1] h[2] h[3]
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ... import ops
from .classes import NOTHING, Classes, Kind, Step, Terms

FEWEST = 4  # steps that are worth a loop
TRIED = 2  # of the classes that are alike, so many last ones are where a walk is begun
Chains = list[list[int]]  # the classes of each quantity, the first step first


def find_chains(classes: Classes) -> Chains:
    """The chains of the longest recurrence; none if there is none."""
    walk = Walk(classes)
    best, most = Chains(), 0
    alike: dict[Any, list[int]] = defaultdict(list)
    for c in walk.free:
        alike[walk.form(c)].append(c)
    for b in sorted((c for group in alike.values() if len(group) >= FEWEST for c in group[-TRIED:]), reverse=True):
        above = walk.above(b)
        for a in [a for a in reversed(alike[walk.form(b)]) if a < b and a in above][:2]:
            chains = walk.chains(a, b)
            score = sum(map(len, chains))
            if score > most:
                best, most = chains, score
    return best


class Walk:
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


# --- what is done to the classes of a recurrence ---

def roll_up(classes: Classes, chains: Sequence[Sequence[int]]) -> None:
    """Take the classes of these chains for one recurrence: from outside, each of its quantities is one class."""
    quantities = [[classes.members[c] for c in chain] for chain in chains]
    for chain, steps in zip(chains, quantities):
        number = len(classes.varying)
        classes.varying.append(any(classes.made[c].batched for c in chain))
        classes.body.update(dict.fromkeys((node for nodes in steps for node in nodes), number))
    body = {node for steps in quantities for nodes in steps for node in nodes}
    classes.within.update(dict.fromkeys(body | _between(classes, body), len(classes.loops)))
    classes.loops.append(quantities)
    for steps in quantities:
        _hoist(classes, steps)
    classes.settle()


def _between(classes: Classes, body: set[int]) -> set[int]:
    """What is made from these nodes, and read by others of them."""
    made, read = set[int](), set[int]()
    order = sorted(classes.step, key=classes.when.__getitem__)
    for node in order:
        if any(x in body or x in made for x in classes.step[node].reads):
            made.add(node)
    for node in reversed(order):
        if node in body or node in read:
            read.update(classes.step[node].reads)
    return made & read


def _hoist(classes: Classes, steps: Sequence[Sequence[int]]) -> None:
    """What the sums of a recurrence read from outside become sums of their own, W x[t] + b, made for all steps at once."""
    last = [classes.step[node].terms for node in steps[-1]]
    weights: set[int] = set()  # the parameters that weigh what is carried, in the first step as well
    for terms in last:
        if terms is None:
            return
        inside = _inside(classes, terms, weights)
        if inside.all() or not inside.any() or not (terms.second[~inside] >= 0).any():
            return
        weights.update(x for part in terms[1:] for x in part[inside].tolist() if x >= 0 and classes.of[x] == classes.parameters)
    for node in (node for nodes in steps for node in nodes):
        terms = classes.step[node].terms
        assert terms is not None
        inside = _inside(classes, terms, weights)
        if inside.all():
            continue
        new = classes.add_step(Step(None, (), terms.without(inside)), classes.when[node] - 0.5)
        classes.step[node] = classes.with_term(terms.without(~inside), new)


def _inside(classes: Classes, terms: Terms, weights: set[int]) -> np.ndarray:
    """The terms that read the recurrence, or weigh what it starts from."""
    factors = zip(terms.first.tolist(), terms.second.tolist())
    return np.array([any(x in classes.body or x in weights for x in pair) for pair in factors], dtype=bool)


def open_sums(classes: Classes) -> None:
    """Make steps of their own of parts of sums that are steps elsewhere. What a recurrence puts out is read once by the cost
    after the last step, and had become terms of it: (1 - z)·n + z·h - y, or o·tanh(c) - y."""
    alike: Counter[Any] = Counter()
    for c in classes.members:
        if classes.made[c].row is None:
            alike[_look_of_terms(classes, classes.made[c].below)] += 1
        elif classes.made[c].row is ops.mul:
            alike[_look_of_terms(classes, [(True, *classes.made[c].below)])] += 1
    before = classes.size
    often = sorted((look for look, count in alike.items() if count >= 3), key=len, reverse=True)
    for node, step in list(classes.step.items()):
        if step.terms is None:
            continue
        of = classes.seen_by(node)
        kinds = classes.kinds(step.terms, of)
        looks = {kind: _look_of_terms(classes, [kind]) for kind in kinds}
        for look in often:
            mine = [kind for kind in kinds if looks[kind] <= look]
            if 0 < len(mine) == len(look) < len(kinds) and all(kinds[kind] == 1 and kind[2] >= 0 for kind in mine):
                _open(classes, node, mine, of)
                break
    if classes.size > before:
        classes.settle()


def _look_of_terms(classes: Classes, kinds: Iterable[Kind]) -> frozenset[Any]:
    """The rows of the factors, whatever they have read."""
    return frozenset((sign, *sorted(_look(classes, x) for x in uv if x >= 0)) for sign, *uv in kinds)


def _look(classes: Classes, c: int) -> str:
    made = classes.made[c]
    return made.row.name if made.row else f"leaf {made.below}" if not made.depth else "sum"


def _open(classes: Classes, node: int, kinds: Sequence[Kind], of: np.ndarray) -> None:
    """Take the terms of these kinds out of a sum, into a step that it reads."""
    terms = classes.step[node].terms
    assert terms is not None
    second = np.where(terms.second >= 0, of[terms.second], NOTHING)
    mine = np.zeros(len(second), bool)
    for sign, p, q in kinds:
        mine |= (of[terms.first] == p) & (second == q) & ((terms.scale > 0) == sign)
    taken = terms.without(~mine)
    is_product = len(taken.scale) == 1 and taken.scale[0] == 1
    step = Step(ops.mul, [int(taken.first[0]), int(taken.second[0])]) if is_product else Step(None, (), taken)
    new = classes.add_step(step, classes.when[node] - 0.5)
    classes.step[node] = classes.with_term(terms.without(mine), new)
