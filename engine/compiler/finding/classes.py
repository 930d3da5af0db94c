"""Pass 4: classes. Steps that are made alike belong to one class, and one class will become one node.

How a step is made is its row and the classes of its operands; for a sum of products, the set of its kinds of terms. How many
terms there are does not count: the sums over j <= i of causal attention are one class for all i. Since an operand's class
says how it was made in turn, what is made alike is equally deep, and the order in which things were made plays no part.

    classify     every step gets its class
    strict       sums whose lengths differ by accident (784 terms here, 3 there) are told apart by their length
    promote      a sum of one term looks like that term: e_1/Σe is e_1/e_1 for the first position. Where readers agree but for
                 an operand that is a sum for some and its only term for others, the others are made sums of one term
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...lookup import choose
from ...primitive import Primitive
from .scalars import CONSTANT, INPUT, PARAMETER, Scalars
from .sums import Steps

SHORT = 40  # terms that Python counts faster than NumPy
NOTHING = -1  # in place of a second factor
PADDED = 2.5  # a triangle padded to a square costs 2; what costs more stays apart
Kind = tuple[bool, int, int]  # of a term: whether its sign is +, the classes of its factors (or NOTHING)

ARITHMETIC: dict[Primitive, Any] = {  # these rows as sums: sign and factors, by place among the operands
    ops.add: [(1.0, 0, None), (1.0, 1, None)], ops.sub: [(1.0, 0, None), (-1.0, 1, None)],
    ops.neg: [(-1.0, 0, None)], ops.mul: [(1.0, 0, 1)],
}  # fmt: skip
SYMMETRIC = (ops.add, ops.mul)


def is_reduction(row: Primitive | None) -> bool:
    """Whether this is a row over any number of operands whose order does not matter."""
    return row is not None and row.arity is None and row is not choose


class Terms(NamedTuple):
    """Of a sum Σ scale·first·second: numbers, nodes, and nodes or NOTHING."""

    scale: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def without(self, gone: np.ndarray) -> Terms:
        """The terms that are not gone."""
        return Terms(*(part[~gone] for part in self))


class Step(NamedTuple):
    """What a step does: a row applied to operands; a row over any number of operands (arity None); or a sum of terms."""

    row: Primitive | None
    operands: Sequence[int]
    terms: Terms | None = None

    @property
    def reads(self) -> list[int]:
        """The nodes that it reads."""
        if self.terms is None:
            return list(self.operands)
        return [*self.terms.first.tolist(), *(v for v in self.terms.second.tolist() if v >= 0)]


class Made(NamedTuple):
    """How the steps of a class are made: the row and the operands' classes, or the kinds of a sum's terms; whether it differs
    from example to example; and how deep it lies."""

    row: Primitive | None
    below: Any
    batched: bool
    depth: int


class Classes:
    """The steps, some of them rewritten, and the class of every node.

    step      of each node that is computed; of: the class of each node, by number; made: how, for each class
    members   of each class that is computed: its nodes, in the order in which they were made
    apart     steps that the lift has found to lie in different grids get different numbers here
    """

    def __init__(self, scalars: Scalars, steps: Steps) -> None:
        self.scalars, self.size = scalars, len(scalars)
        self.uses = np.bincount(scalars.operands, minlength=len(scalars))
        self.kind, self.entry, self.numbers = np.array(scalars.kind), np.array(scalars.entry), np.array([*scalars.constants, 0.0])
        self.parameters = PARAMETER - 1  # the class of all parameters: leaves are classified first, in the order of their kinds
        self.step: dict[int, Step] = {}
        self.when: dict[int, float] = {}  # the order in which they are computed
        for i, node in enumerate(steps.nodes):
            self.when[node] = i
            if node in steps.sums:
                terms = Terms(*(np.array(part) for part in steps.sums[node]))
                self.step[node] = Step(None, (), self._simplified(terms))
            else:
                self.step[node] = Step(scalars.row_of(node), list(scalars.of(node)))
        self.strict: set[int] = set()
        self.apart: dict[int, int] = {}
        self.wrapped: dict[int, int] = {}
        self.loops: list[list[list[list[int]]]] = []  # of each recurrence the quantities, of each the nodes of every step
        self.body: dict[int, int] = {}  # nodes of recurrences, and the number of their quantity
        self.varying: list[bool] = []  # of each quantity, whether it differs from example to example
        self.within: dict[int, int] = {}  # the same and all that lies between them, and the number of their recurrence
        self.settle()

    def settle(self) -> None:
        """Classify until nothing changes any more."""
        while self._classify() or self._promote():
            pass

    # --- the class of each node ---

    def _classify(self) -> bool:
        """Give each step its class; True if the lengths of some sums turned out to differ by accident."""
        self.of, self.seen = np.full(self.size, -1), np.full(self.size, -1)
        self._views = [np.full(self.size, -1) for _ in self.loops]
        self.made: list[Made] = []
        self.batched = np.zeros(0, bool)
        self.members: dict[int, list[int]] = defaultdict(list)
        self._known: dict[Any, int] = {}
        for kind in range(1, int(self.kind.max(initial=0)) + 1):
            leaf = self._number(("leaf", kind), Made(None, kind, kind >= INPUT, 0))
            for found in (self.of, self.seen, *self._views):
                found[: len(self.kind)][self.kind == kind] = leaf
        for node in sorted(self.step, key=self.when.__getitem__):
            self._add(node, self.step[node])
        before = len(self.strict)
        for nodes in self.members.values():
            row = self.step[nodes[0]].row
            if (row is None or is_reduction(row)) and not self._is_ragged(nodes):
                self.strict.update(nodes)
        return len(self.strict) > before

    def _add(self, node: int, step: Step) -> None:
        of = self.seen_by(node)
        below = set(of[step.reads].tolist())
        batched = any(self.made[c].batched for c in below)
        depth = 1 + max(self.made[c].depth for c in below)
        length: Any = None
        if step.terms is not None:
            self.step[node] = step = step._replace(terms=self._oriented(step.terms, of))
            kinds = self.kinds(step.terms, of)  # type: ignore[arg-type]  # there are terms
            how: Any = frozenset(kinds)
            if node in self.strict:
                length = tuple(sorted(kinds.items()))
        elif is_reduction(step.row):
            how = tuple(sorted(below))
            counted = len(how) > 1 or node in self.strict
            length = tuple(sorted(of[list(step.operands)].tolist())) if counted else None
        else:
            self.step[node] = step = step._replace(operands=self._ordered(step, of))
            how = tuple(of[list(step.operands)].tolist())
        key = step.row, how, length, self.apart.get(node), self.within.get(node)
        c = self._number(key, Made(step.row, how, batched, depth))
        self.members[c].append(node)
        over_time = c
        if node in self.body:
            over_time = self._number(("over time", self.body[node]), Made(None, None, self.varying[self.body[node]], 0))
        self.of[node], self.seen[node] = c, over_time
        for number, view in enumerate(self._views):
            view[node] = c if self.within.get(node) == number else over_time

    def seen_by(self, node: int) -> np.ndarray:
        """The class of each node as this one sees it: outside of a recurrence, a quantity is the same class at all times."""
        return self._views[self.within[node]] if node in self.within else self.seen

    def _number(self, key: Any, made: Made) -> int:
        if key not in self._known:
            self._known[key] = len(self.made)
            if len(self.made) == len(self.batched):  # room for as many again
                self.batched = np.append(self.batched, np.zeros(len(self.made) + 8, bool))
            self.batched[len(self.made)] = made.batched
            self.made.append(made)
        return self._known[key]

    def _ordered(self, step: Step, of: np.ndarray) -> Sequence[int]:
        """The operands; where their order does not matter, those that are the same for all examples first."""
        if step.row not in SYMMETRIC:
            return step.operands
        return sorted(step.operands, key=lambda x: (self.made[of[x]].batched, -self.made[of[x]].depth, of[x]))

    def _oriented(self, terms: Terms, of: np.ndarray) -> Terms:
        """In a product, what is the same for all examples stands first; of two parameters the one used less often, a weight."""
        scale, first, second = terms
        product = second >= 0
        if not product.any():
            return terms
        ranks = [self._rank(factor, of) for factor in (first, np.where(product, second, first))]
        swap = product & (ranks[1] < ranks[0])
        return Terms(scale, np.where(swap, second, first), np.where(swap, first, second))

    def _rank(self, nodes: np.ndarray, of: np.ndarray) -> np.ndarray:
        c = of[nodes]
        uses = np.where(c == self.parameters, self.uses[np.minimum(nodes, len(self.uses) - 1)], 0)
        rank: np.ndarray = (self.batched[c] * len(self.made) + c) * (int(self.uses.max()) + 2) + uses
        return rank

    def kinds(self, terms: Terms, of: np.ndarray) -> dict[Kind, int]:
        """The kinds of the terms, and how many there are of each."""
        if len(terms.scale) <= SHORT:
            seconds = [int(of[v]) if v >= 0 else NOTHING for v in terms.second.tolist()]
            return Counter(zip((terms.scale > 0).tolist(), of[terms.first].tolist(), seconds))
        size = len(self.made) + 1
        second = np.where(terms.second >= 0, of[terms.second], NOTHING) + 1
        packed, counts = np.unique((of[terms.first] * size + second) * 2 + (terms.scale > 0), return_counts=True)
        return {(bool(p % 2), p // 2 // size, p // 2 % size - 1): k for p, k in zip(packed.tolist(), counts.tolist())}

    def _is_ragged(self, nodes: list[int]) -> bool:
        """Whether the sums have one length, or lengths that belong together: those of a causal loop, of a border."""
        found = [self.step[node].terms for node in nodes]
        lengths = np.array([len(self.step[node].operands) if t is None else len(t.scale) for node, t in zip(nodes, found)])
        if len(set(lengths.tolist())) == 1:
            of = self.seen_by(nodes[0])
            return len({tuple(sorted(self.kinds(terms, of).items())) for terms in found if terms is not None}) <= 1
        biases = {int(((t.second < 0) & (self.of[t.first] == self.parameters)).sum()) for t in found if t is not None}
        if len(biases) > 1:  # one bias here, two there
            return False
        if set(nodes) & self.strict or lengths.max() * len(lengths) > PADDED * lengths.sum() + 8:
            return False
        different = np.unique(lengths)
        return (len(different) > 2 and len(set(np.diff(different).tolist())) == 1) or self._nested(found)

    def _nested(self, found: Sequence[Terms | None]) -> bool:
        """Whether the factors on one side of each shorter sum are among those of a longest one: a border."""
        if found[0] is None:
            return False
        longest = max(len(terms.scale) for terms in found if terms is not None)
        for side in ("first", "second"):
            sets = [set(getattr(terms, side).tolist()) - {NOTHING} for terms in found]
            full = {frozenset(s) for s, terms in zip(sets, found) if terms is not None and len(terms.scale) == longest}
            if all(s and any(s <= whole for whole in full) for s in sets):
                return True
        return False

    # --- sums of one term ---

    def as_sum(self, c: int) -> frozenset[Kind]:
        """A class seen as a sum: what its kinds would be."""
        made = self.made[c]
        if made.row is None and made.depth:
            kinds: frozenset[Kind] = made.below
            return kinds
        if made.row in ARITHMETIC:
            found = []
            for sign, u, v in ARITHMETIC[made.row]:
                factors = sorted((made.below[i] for i in (u, v) if i is not None), key=lambda x: (self.made[x].batched, x))
                found.append((sign > 0, *factors, *([NOTHING] if v is None else [])))
            return frozenset(found)
        return frozenset({(True, c, NOTHING)})

    def _promote(self) -> bool:
        """Make sums of one term where readers would otherwise be alike; True if there were any."""
        readers: dict[Any, dict[Any, dict[int, list[int]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for c, made in enumerate(self.made):
            if c not in self.members or is_reduction(made.row):
                continue
            slots: dict[Any, set[int]] = defaultdict(set)
            key: Any
            if made.row is not None:
                key = made.row, *map(self.as_sum, made.below)
                for i, x in enumerate(made.below):
                    slots[i].add(x)
            else:
                seen = {kind: frozenset(self.as_sum(x) for x in kind[1:] if x >= 0) for kind in made.below}
                key = frozenset((kind[0], seen[kind]) for kind in seen)
                for kind in seen:
                    for x in kind[1:]:
                        if x >= 0:
                            slots[kind[0], seen[kind], self.as_sum(x)].add(x)
            for slot, below in slots.items():
                for x in below:
                    readers[key][slot][x].append(c)
        changed = False
        for of_key in readers.values():
            for slot, found in of_key.items():
                if len(found) > 1 and any(self._is_family(c) for c in found):
                    for c, by in found.items():
                        if self.made[c].row is not None or not self.made[c].depth:
                            changed |= self._make_sums(c, by, slot)
        return changed

    def _is_family(self, c: int) -> bool:
        """Whether these are sums of several lengths."""
        if self.made[c].row is not None or not self.made[c].depth:
            return False
        return len({len(self.step[node].terms.scale) for node in self.members[c]}) > 1  # type: ignore[union-attr]

    def _make_sums(self, c: int, readers: Iterable[int], slot: Any) -> bool:
        """Turn the steps of a class into sums, for these readers; of a row's operands only the one in that slot."""
        row = self.made[c].row
        changed = False
        if row in ARITHMETIC:
            for node in self.members[c]:
                operands = self.step[node].operands
                if self.step[node].terms is not None:  # for another reader
                    continue
                changed = True
                terms = [(s, operands[u], NOTHING if v is None else operands[v]) for s, u, v in ARITHMETIC[row]]
                self.step[node] = Step(None, (), Terms(*map(np.array, zip(*terms))))
            return changed
        for reader in readers:
            for node in self.members[reader]:
                step, of = self.step[node], self.seen_by(node)
                if step.terms is None:
                    operands = [self._sum_of(x) if i == slot and of[x] == c else x for i, x in enumerate(step.operands)]
                    changed |= operands != list(step.operands)
                    self.step[node] = step._replace(operands=operands)
                else:
                    mine = [np.array([self._sum_of(x) if x >= 0 and of[x] == c else x for x in part.tolist()])
                            for part in step.terms[1:]]  # fmt: skip
                    changed |= any((a != b).any() for a, b in zip(mine, step.terms[1:]))
                    self.step[node] = step._replace(terms=Terms(step.terms.scale, *mine))
        return changed

    def _sum_of(self, node: int) -> int:
        """A new step: the sum whose only term is this node."""
        if node not in self.wrapped:
            alone = Terms(np.ones(1), np.array([node]), np.array([NOTHING]))
            self.wrapped[node] = self.add_step(Step(None, (), alone), self.when.get(node, -1) + 0.5)
            self.of, self.seen, *self._views = (np.append(found, -1) for found in (self.of, self.seen, *self._views))
        return self.wrapped[node]

    def add_step(self, step: Step, when: float) -> int:
        """A step that was not traced: its node, which comes at this time among those that were."""
        node, self.size = self.size, self.size + 1
        self.step[node], self.when[node] = step, when
        return node

    def _simplified(self, terms: Terms) -> Terms:
        """Among products with data, a parameter times a constant is a term with the constant as its scale: a bias as the weight
        of 1. Where all data are constants, they stay data. Products with 0 wait for `drop_zeros`."""
        scale, first, second = terms
        product = second >= 0
        if self._is_fixed(terms):
            return terms
        for one, other in ((first, second), (second, first)):
            number = self._number_of(one)
            known = product & (number != 0) & ~np.isnan(number) & (self.kind[other] == PARAMETER)
            scale = np.where(known, scale * number, scale)
            first, second, product = np.where(known, other, first), np.where(known, NOTHING, second), product & ~known
        return Terms(scale, first, second)

    def _is_fixed(self, terms: Terms) -> bool:
        """Whether a sum reads parameters and constants alone."""
        leaf = (len(self.kind) > terms.first) & (terms.second < len(self.kind))
        kinds = [self.kind[np.where(leaf & (part >= 0), part, 0)] for part in terms[1:]]
        fixed = [(kind == CONSTANT) | (kind == PARAMETER) | (part < 0) for kind, part in zip(kinds, terms[1:])]
        return bool((leaf & fixed[0] & fixed[1]).all())

    def _number_of(self, nodes: np.ndarray) -> np.ndarray:
        """The numbers of constants; nan for what is none."""
        leaf = np.where((nodes >= 0) & (nodes < len(self.kind)), nodes, 0)
        constant = (nodes >= 0) & (nodes < len(self.kind)) & (self.kind[leaf] == CONSTANT)
        return np.where(constant, self.numbers[np.where(constant, self.entry[leaf], -1)], np.nan)

    def drop_zeros(self) -> None:
        """Leave out products with 0, a border of zeros say; not in recurrences, which may begin with a state of zeros, nor
        where all data are constants."""
        changed = False
        for node, step in self.step.items():
            if step.terms is None or node in self.within or self._is_fixed(step.terms):
                continue
            gone = (self._number_of(step.terms.first) == 0) | (self._number_of(step.terms.second) == 0)
            if gone.any():
                changed = True
                self.step[node] = Step(None, (), step.terms.without(gone if not gone.all() else np.arange(len(gone)) > 0))
        if changed:
            self.strict.clear()
            self.settle()

    def with_term(self, terms: Terms, node: int) -> Step:
        """A sum with one more term."""
        return Step(None, (), Terms(*(np.append(part, end) for part, end in zip(terms, (1.0, node, NOTHING)))))
