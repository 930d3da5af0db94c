"""The checkers between the passes: each accepts what the passes make, and says what is wrong with anything else."""

import math
from array import array

import numpy as np
import pytest
from compiled_examples import MAKERS, compiled, everything

from engine import ops
from engine.compiler.finding import scalars, sums
from engine.compiler.nodes import BATCH, SOFTMAX, Builder, IllFormed, Node, reachable
from engine.compiler.verify import COMPLAINTS, verify

# --- nodes ---

B = Builder([])
P6, V3, P22 = (B.parameter(np.arange(math.prod(shape)).reshape(shape)) for shape in ((2, 3), (3,), (2, 2)))
X, X3, X2, X23 = B.input(0, ()), B.input(1, (3,)), B.input(2, (2,)), B.input(3, (2, 3))
LEAVES = [P6, V3, P22, X, X3, X2, X23]


def made(kind, operands, shape, batched=False, **more):
    """A node as no builder would make it, later than all others."""
    x = Node(B, kind, tuple(operands), (BATCH, *shape) if batched else shape, **more)
    x.serial = 1000
    return x


def index(*places):
    return (np.array(places),)


ILL_FORMED = {
    "an operand after its reader": (lambda: [P6, ops.exp(X3), X3], "comes before one of its operands"),
    "a missing operand": (lambda: [ops.exp(X3)], "comes before one of its operands"),
    "twice the same": (lambda: [*LEAVES, P6], "appears twice"),
    "an unknown kind": (lambda: made("fold", [X3], (3,), True), "has an unknown kind"),
    "a batch in the middle": (lambda: made("map", [X3], (3, BATCH), row=ops.exp), "has a batch axis that is not the first"),
    # leaves
    "a leaf with operands": (lambda: made("seed", [X3], (), True), "is a leaf with operands"),
    "an input for all examples": (lambda: made("input", [], (3,)), "has no batch axis"),
    "a seed for all examples": (lambda: made("seed", [], ()), "has no batch axis"),
    "a constant of another shape": (
        lambda: made("constant", [], (3,), number=np.ones(2)), r"shape \(3,\) and numbers of .*\(2,\)"
    ),
    "a parameter of another shape": (lambda: made("parameter", [], (2,), index=index(0)), r"has an index of shape \[\(1,\)\]"),
    "a parameter too far": (lambda: made("parameter", [], (1,), index=index(6)), "outside the 6 that exist"),
    "a parameter without an index": (lambda: made("parameter", [], (1,)), r"has an index of shape \[\]"),
    # map
    "a map without a row": (lambda: made("map", [X3], (3,), True), "has no row of the table"),
    "a row of two of one": (lambda: made("map", [X3], (3,), True, row=ops.add), "has 1 operands; add takes 2"),
    "a row of no operands": (lambda: made("map", [], (), row=ops.exp), "has 0 operands; exp takes 1"),
    "a row that forgot the batch": (
        lambda: made("map", [X3], (3,), row=ops.exp), r"has shape \(3,\); its operands give \(0, 3\)"
    ),
    "a row of another shape": (lambda: made("map", [X3], (2,), True, row=ops.exp), r"has shape \(0, 2\).*\(0, 3\)"),
    "a row of shapes apart": (lambda: made("map", [X3, X2], (3,), True, row=ops.add), r"has shape \(0, 3\)"),
    "a column under a matrix": (lambda: made("map", [X, X3], (3,), True, row=ops.add), "whose batch axis is not in front"),
    "a slope by the third": (
        lambda: made("map", [X3, X3], (3,), True, row=ops.tanh, position=1), "differentiates operand 1, which"
    ),
    "a slope without the row's operands": (lambda: made("map", [X3, X3], (3,), True, row=ops.mul, position=0), "mul takes 3"),
    # contract
    "a contraction of three": (lambda: made("contract", [X3] * 3, (), True, spec="na,na,na->n"), "a contraction has one or two"),
    "letters for two": (lambda: made("contract", [X3], (), True, spec="na,na->n"), "has 1 operands, its letters are for 2"),
    "a letter too few": (lambda: made("contract", [X23], (2,), True, spec="na->n"), "needs a letter for each axis"),
    "one letter for two axes": (lambda: made("contract", [P22], (), spec="aa->"), "each of them once"),
    "a product that does not fit": (
        lambda: made("contract", [X2, P6], (2,), True, spec="nk,rk->nr"), "different length under the letter k"
    ),
    "the batch under another letter": (lambda: made("contract", [X3], (), spec="ab->"), "under the letter a"),
    "an axis under the batch's letter": (lambda: made("contract", [V3], (), spec="n->"), "under the letter n"),
    "a product turned round": (lambda: made("contract", [X3, P6], (3,), True, spec="nk,rk->nr"), r"\(0, 3\).*give \(0, 2\)"),
    "a letter from nowhere": (lambda: made("contract", [X3], (3,), True, spec="na->nb"), "result in letters of its operands"),
    "nothing to sum over": (lambda: made("contract", [X3, X2], (3, 2), True, spec="na,nb->nab"), "must sum over a letter"),
    # reduce
    "a reduction by a row of one operand": (lambda: made("reduce", [X3], (1,), True, row=ops.exp), "is not a reduction"),
    "a reduction of two": (lambda: made("reduce", [X3, X3], (1,), True, row=ops.logsumexp), "is not a reduction of one operand"),
    "a reduction without a row": (lambda: made("reduce", [X3], (1,), True), "is not a reduction"),
    "a reduction that lost its axis": (lambda: made("reduce", [X23], (2,), True, row=ops.amax), r"give \(0, 2, 1\)"),
    "a softmax that lost its axis": (lambda: made("reduce", [X23], (2, 1), True, row=SOFTMAX), r"give \(0, 2, 3\)"),
    "a reduction over the batch": (lambda: made("reduce", [X], (), row=ops.logsumexp), "reduces a last axis that does not exist"),
    # take
    "an index of another shape": (lambda: made("take", [X3], (2,), True, index=index(0)), r"has an index of shape \[\(1,\)\]"),
    "an entry too far": (lambda: made("take", [X3], (1,), True, index=index(3)), "outside the 3 that exist"),
    "an entry before the first": (lambda: made("take", [X3], (1,), True, index=index(-1)), "outside the 3 that exist"),
    "a take without an index": (lambda: made("take", [X3], (3,), True), r"has an index of shape \[\]"),
    "a take with two indices": (lambda: made("take", [X3], (1,), True, index=index(0) * 2), "has an index of shape"),
    "a take that forgot the batch": (
        lambda: made("take", [X3], (1,), index=index(0)), "has a batch axis where its operand has none, or"
    ),
    "a take that adds a batch": (
        lambda: made("take", [V3], (1,), True, index=index(0)), "has a batch axis where its operand has none"
    ),
    "a take of three": (lambda: made("take", [P6, X, X], (3,), True), "has 3 operands; it takes 1 or 2"),
    "rows of a table for each example": (lambda: made("take", [X23, X], (3,), True), "not one table for all examples"),
    "rows of a vector": (lambda: made("take", [V3, X], (), True), "not one table for all examples"),
    "rows by numbers and an index": (lambda: made("take", [P6, X], (3,), True, index=index(0)), "not one table for all examples"),
    "rows of another length": (lambda: made("take", [P6, X], (2,), True), r"give \(0, 3\)"),
    # put
    "parts of another shape": (lambda: made("put", [X3], (4,), True, index=index(0, 1)), "shape of their index"),
    "parts without an index": (lambda: made("put", [X3], (4,), True), "shape of their index"),
    "a part too far": (lambda: made("put", [X3], (4,), True, index=index(0, 1, 4)), "adds parts outside its shape"),
    "a part before the first": (lambda: made("put", [X3], (4,), True, index=index(-1, 0, 1)), "adds parts outside its shape"),
    "parts that lost the batch": (
        lambda: made("put", [X3], (4,), index=index(0, 1, 2)), "has a batch axis that its parts contradict"
    ),
    "rows that do not fit": (lambda: made("put", [X3, X], (4, 2)), "adds rows that do not fit"),
    "rows put into a vector": (lambda: made("put", [X3, X], (3,)), "adds rows that do not fit"),
}  # fmt: skip


def whole(ends):
    """The program that is to be refused: leaves and a node behind them, or a list as it is."""
    return ends if isinstance(ends, list) else [*LEAVES, ends]


def test_the_good_half_of_the_broken_programs_is_accepted():
    good = [ops.exp(X3), ops.add(X3, V3), B.contract("nk,rk->nr", X3, P6), B.reduce(ops.logsumexp, X23), B.softmax(X23),
            B.take(X3, np.array([0, 2])), B.choose(P6, X), B.put((4,), [X3], index(0, 1, 3)), B.slope(ops.tanh, 0, X3, [X3]),
            made("put", (X3, X), (2, 3))]  # fmt: skip
    for x in good:
        verify(reachable([x]), 6)
    verify(LEAVES, 6)


@pytest.mark.parametrize("case", ILL_FORMED)
def test_verify_says_what_is_wrong(case):
    make, complaint = ILL_FORMED[case]
    with pytest.raises(IllFormed, match=complaint):
        verify(whole(make()), 6)


@pytest.mark.parametrize("make", MAKERS)
def test_verify_accepts_what_the_passes_make(make):
    program, _ = compiled(make)
    verify(everything(program), len(program.compiled.order))


# --- loops: h[t] = exp(h[t-1] + W x[t]) ---

X43 = B.input(4, (4, 3))
H, S = B.hole((BATCH, 2)), B.hole((BATCH, 3))
NEXT = ops.exp(B.map(ops.add, H, B.contract("nk,rk->nr", S, P6)))
LOOP = B.loop(4, [H], [NEXT], [V3_1 := B.parameter(np.array([0]))], [S], [X43], [NEXT])


def loop(operands=None, **changed):
    """The loop with something changed in its body, or with other operands."""
    return made("loop", LOOP.operands if operands is None else operands, (), body=LOOP.body._replace(**changed))


def test_a_good_loop_and_its_results_are_accepted():
    verify(reachable([B.kept(LOOP, NEXT), B.kept(LOOP, H)]), 6)
    verify(reachable([loop(steps=4), loop(backwards=True)]), 6)


OTHER = B.hole((BATCH, 2))
ILL_FORMED_LOOPS = {
    "no body": (lambda: made("loop", [], ()), "has no body"),
    "a hole outside of a loop": (lambda: ops.exp(H), "stands outside of a loop"),
    "a first state too long": (lambda: loop([V3, *LOOP.operands[1:]]), "begins with states of other shapes than it carries"),
    "no first state": (lambda: loop([]), "has 0 operands, and not one for each state"),
    "no sequence": (lambda: loop([V3_1], following=(ops.exp(H),), results=()), "has 1 operands, and not one for each state"),
    "a state that becomes nothing": (lambda: loop(following=()), "begins with states of other shapes"),
    "a state that grows": (lambda: loop(following=(ops.exp(S),), results=()), "carries states whose shape changes"),
    "a sequence too short": (lambda: loop(steps=5), r"reads a sequence of shape \(0, 4, 3\) in 5 steps, \(0, 3\) each"),
    "a sequence of other entries": (lambda: loop([V3_1, B.input(5, (4, 2)), P6]), r"reads a sequence of shape \(0, 4, 2\)"),
    "a sequence for all examples": (
        lambda: loop([V3_1, B.parameter(np.zeros((4, 3), int)), P6]), r"reads a sequence of shape \(4, 3\)"
    ),
    "a matrix that it does not list": (lambda: loop(LOOP.operands[:2]), "has 2 operands, and not one for each state"),
    "more than its body reads": (lambda: loop([*LOOP.operands, V3]), "has 4 operands, and not one for each state"),
    "another matrix than its body reads": (lambda: loop([*LOOP.operands[:2], P22]), "does not list what its body reads"),
    "a mistake in the body": (
        lambda: loop([V3_1, X43], following=(made("map", [H], (2,), True, row=ops.add),), results=()),
        "in its body .* has 1 operands; add takes 2",
    ),
    "a part of what is no loop": (lambda: made("part", [X3], (3,), True, position=0), "is not a result of a loop"),
    "a part of nothing": (lambda: made("part", [], (3,), True, position=0), "is not a result of a loop"),
    "a part without a number": (lambda: made("part", [LOOP], (4, 2), True), "is not a result of a loop"),
    "a part too far": (lambda: made("part", [LOOP], (4, 2), True, position=len(LOOP.body.results)), "is not a result of a loop"),
    "a part without time": (
        lambda: made("part", [LOOP], (2,), True, position=LOOP.body.results.index(NEXT)), r"give \(0, 4, 2\)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ILL_FORMED_LOOPS)
def test_verify_says_what_is_wrong_with_a_loop(case):
    make, complaint = ILL_FORMED_LOOPS[case]
    x = make()
    with pytest.raises(IllFormed, match=complaint):
        verify([*reachable(x.operands), x], 6)


def test_every_kind_of_node_has_ill_formed_examples():
    last = [whole(make())[-1] for make, _ in ILL_FORMED.values()] + [make() for make, _ in ILL_FORMED_LOOPS.values()]
    assert {x.kind for x in last} >= COMPLAINTS.keys() - {"hole"}  # a hole stands among the operands


# --- the scalar passes ---


def graph(kinds, operands, outputs=(), rows=(ops.add,)):
    """A scalar graph by hand: rows for computed nodes are all the first."""
    found = scalars.Scalars()
    found.rows = list(rows)
    for kind, below in zip(kinds, operands):
        found.operands.extend(below)
        scalars._add(found, kind, 0, 0 if kind == scalars.COMPUTED else -1)
    found.outputs = list(outputs)
    return found


LEAF, NODE = scalars.PARAMETER, scalars.COMPUTED


def test_a_scalar_graph_in_order_is_accepted():
    scalars.check(graph([LEAF, LEAF, NODE], [[], [], [0, 1]]))


@pytest.mark.parametrize(
    ("kinds", "operands"),
    [
        ([LEAF, NODE], [[], [0, 1]]),  # it reads itself
        ([LEAF, NODE, LEAF], [[], [0, 2], []]),  # what comes later
        ([LEAF, LEAF], [[], [0]]),  # a leaf that is computed
        ([LEAF, NODE], [[], []]),  # a computed node of nothing
        ([scalars.CONSTANT, scalars.INPUT], [[], [0]]),
    ],
)
def test_a_broken_scalar_graph_is_rejected(kinds, operands):
    with pytest.raises(IllFormed, match="of the scalar graph"):
        scalars.check(graph(kinds, operands))


CHAIN = ([LEAF, LEAF, NODE, NODE], [[], [], [0, 1], [2, 1]])


@pytest.mark.parametrize(
    ("steps", "outputs", "complaint"),
    [
        (sums.Steps([3], {}), [3], "step 3 needs node 2"),
        (sums.Steps([3, 2], {}), [3], "step 3 needs node 2"),
        (sums.Steps([2], {}), [3], "output 3 is not computed"),
        (sums.Steps([], {}), [2], "output 2 is not computed"),
        (sums.Steps([3], {3: sums.Sum(array("d", [1.0]), array("i", [0]), array("i", [2]))}), [3], "step 3 needs node 2"),
    ],
)
def test_broken_steps_are_rejected(steps, outputs, complaint):
    with pytest.raises(IllFormed, match=complaint):
        sums.check(graph(*CHAIN, outputs), steps)


def test_steps_in_order_are_accepted():
    sums.check(graph(*CHAIN, [3]), sums.Steps([2, 3], {}))
    sums.check(graph(*CHAIN, [3]), sums.Steps([3], {3: sums.Sum(array("d", [1, 1]), array("i", [0, 1]), array("i", [-1, 1]))}))
