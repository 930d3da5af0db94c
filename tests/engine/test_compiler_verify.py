# --- verify ---

B = Builder([])
P6 = B.parameter(np.arange(6).reshape(2, 3))
V3 = B.parameter(np.arange(3))
X3, X2, X23 = B.input(0, (3,)), B.input(1, (2,)), B.input(2, (2, 3))


def made(kind, operands, shape, batched=False, **more):
    return Node(B, kind, tuple(operands), (BATCH, *shape) if batched else shape, **more)


def program_of(*last):
    return [P6, V3, X3, X2, X23, *last]


ILL_FORMED = {
    "an operand after its reader": (lambda: [B.transpose(P6), P6], "comes before one of its operands"),
    "a missing operand": (lambda: [B.transpose(P6)], "comes before one of its operands"),
    "twice the same": (lambda: program_of(P6), "appears twice"),
    "an unknown kind": (lambda: program_of(made("fold", [X3], (3,), True)), "has an unknown kind"),
    "too many operands": (lambda: program_of(made("transpose", [P6, P6], (3, 2))), "has 2 operands; its kind takes 1"),
    "too few operands": (lambda: program_of(made("apply", [P6], (2,))), "has 1 operands; its kind takes 2"),
    "a leaf with operands": (lambda: program_of(made("seed", [X3], (1,), True)), "has 1 operands; its kind takes 0"),
    "a batched parameter": (lambda: [made("parameter", [], (1,), True, index=(np.array([0]),))], "batched is True"),
    "an input for all examples": (lambda: [made("input", [], (3,))], "batched is False"),
    "a batched total": (lambda: program_of(made("total", [X3], (), True)), "batched is True"),
    "a row that forgot the batch": (lambda: program_of(made("row", [X3], (3,), row=ops.exp)), "batched is False"),
    "a row of another shape": (lambda: program_of(made("row", [X3], (2,), True, row=ops.exp)), r"has shape \(2,\).*\(3,\)"),
    "a row of shapes apart": (lambda: program_of(made("row", [X3, X2], (3,), True, row=ops.add)), r"has shape \(3,\)"),
    "a seed of three": (lambda: [made("seed", [], (3,), True)], r"has shape \(3,\)"),
    "a constant of another shape": (lambda: [made("constant", [], (3,), number=np.ones(2))], r"has shape \(3,\)"),
    "a product that does not fit": (lambda: program_of(made("apply", [P6, X2], (2,), True)), r"has shape \(2,\)"),
    "a product turned round": (lambda: program_of(made("apply", [P6, X3], (3,), True)), r"has shape \(3,\).*\(2,\)"),
    "an outer product turned round": (lambda: program_of(made("outer", [X3, X2], (2, 3))), r"has shape \(2, 3\).*\(3, 2\)"),
    "an outer product of axes apart": (lambda: program_of(made("outer", [X23, X3], (3, 3))), r"has shape \(3, 3\)"),
    "a transposed vector": (lambda: program_of(made("transpose", [V3], (3,))), r"has shape \(3,\)"),
    "a transpose of the same shape": (lambda: program_of(made("transpose", [P6], (2, 3))), r"operands give \(3, 2\)"),
    "a sum that lost its axis": (lambda: program_of(made("reduce", [X23], (2,), True, row=ops.fsum)), r"give \(2, 1\)"),
    "parts too short": (lambda: program_of(made("concat", [X3, X2], (4,), True)), r"operands give \(5,\)"),
    "parts of other axes": (lambda: program_of(made("concat", [X3, X23], (6,), True)), r"has shape \(6,\)"),
    "a total with an axis": (lambda: program_of(made("total", [X3], (1,))), r"operands give \(\)"),
    "an inner product of lengths apart": (lambda: program_of(made("inner", [X3, X2], ())), r"has shape \(\)"),
    "a reshape that loses entries": (lambda: program_of(made("reshape", [X23], (5,), True)), r"has shape \(5,\)"),
    "a sum to more": (lambda: program_of(made("sum_to", [X3], (2, 3), True)), r"has shape \(2, 3\)"),
    "an index of another shape": (
        lambda: program_of(made("take", [X3], (2,), True, index=(np.array([0]),))), r"has an index of shape \(1,\)"
    ),
    "an entry too far": (lambda: program_of(made("take", [X3], (1,), True, index=(np.array([3]),))), "outside the 3 that exist"),
    "an entry before the first": (
        lambda: program_of(made("take", [X3], (1,), True, index=(np.array([-1]),))), "outside the 3 that exist"
    ),
    "a parameter too far": (lambda: [made("parameter", [], (1,), index=(np.array([6]),))], "outside the 6 that exist"),
    "parts of another shape": (
        lambda: program_of(made("assemble", [X3], (4,), True, index=(np.array([0, 1]),))), "shape of their index"
    ),
    "parts without an index": (lambda: program_of(made("assemble", [X3], (4,), True)), "shape of their index"),
    "a part too far": (
        lambda: program_of(made("assemble", [X3], (4,), True, index=(np.array([0, 1, 4]),))), "adds parts outside its shape"
    ),
    "a row of two of one": (lambda: program_of(made("row", [X3], (3,), True, row=ops.add)), "has 1 operands; add takes 2"),
    "a slope by the third": (
        lambda: program_of(made("slope", [X3, X3], (3,), True, row=ops.tanh, position=1)),
        "differentiates operand 1, which does not exist",
    ),
}  # fmt: skip

# The grammar forbids these, too.
MORE_ILL_FORMED = {
    "a sum to what does not fit": lambda: program_of(made("sum_to", [X3], (2,), True)),
    "a product with a vector for a matrix": lambda: program_of(made("apply", [V3, X3], (3,), True)),
    "a product with a matrix for each example": lambda: program_of(made("apply", [X23, X3], (2,), True)),
    "an outer product of numbers": lambda: program_of(x := B.input(3, ()), made("outer", [x, x], ())),
    "an outer product of one batched factor": lambda: program_of(made("outer", [X3, V3], (3, 3))),
    "an inner product of one batched factor": lambda: program_of(made("inner", [X3, V3], ())),
    "a sum over no axis": lambda: program_of(x := B.input(3, ()), made("reduce", [x], (1,), True, row=ops.fsum)),
    "a reduction by a row of one operand": lambda: program_of(made("reduce", [X3], (1,), True, row=ops.exp)),
    "a take without an index": lambda: program_of(made("take", [X3], (3,), True)),
    "a take with two indices": lambda: program_of(made("take", [X3], (1,), True, index=(np.array([0]), np.array([1])))),
    "a slope without the row's operands": lambda: program_of(made("slope", [X3, X3], (3,), True, row=ops.mul)),
    "a row without a row": lambda: program_of(made("row", [X3], (3,), True)),
    "a row without operands": lambda: [made("row", [], (), row=ops.add)],
    "a transposed matrix for each example": lambda: program_of(made("transpose", [X23], (3, 2), True)),
    "nothing side by side": lambda: [made("concat", [], ())],
    "numbers side by side": lambda: program_of(x := B.input(3, ()), made("concat", [x, x], (2,), True)),
    "a sum to a batch that there is not": lambda: program_of(made("sum_to", [V3], (3,), True)),
}


def test_the_good_half_of_the_broken_programs_is_accepted():
    verify(program_of(), 6)


@pytest.mark.parametrize("case", ILL_FORMED)
def test_verify_says_what_is_wrong(case):
    make, complaint = ILL_FORMED[case]
    with pytest.raises(IllFormed, match=complaint):
        verify(make(), 6)


@pytest.mark.parametrize("case", MORE_ILL_FORMED)
def test_verify_rejects_what_the_grammar_forbids(case):
    with pytest.raises(IllFormed):
        verify(MORE_ILL_FORMED[case](), 6)


@pytest.mark.parametrize("make", MAKERS)
def test_verify_accepts_what_the_passes_make(make):
    program, _ = compiled(make)
    verify(everything(program), len(program.compiled.order))


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
