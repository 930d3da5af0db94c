"""Record once, replay: the same graph at other numbers, and the notice when graph and numbers no longer agree."""

import pytest

from engine import StaleGraphError, UndefinedError, Value, explain, gradcheck, latex, parse, recompute, steps, to_data
from engine.graph import topological_order


@pytest.fixture
def f():
    return parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)


def node(output, label):
    """The node of this label."""
    return next(node for node in topological_order(output) if node.label == label)


def numbers(output):
    return [node.data for node in topological_order(output)]


# --- recompute ---

def test_the_same_graph_gives_the_output_for_new_inputs(f):
    before = topological_order(f)
    assert recompute(f, {f.inputs["x"]: 5.0}) == 50.0
    assert numbers(f) == [5, 25, 4, 100, 2, 50]  # x, v, y, u, z, f
    assert topological_order(f) == before  # in place: no node is new


def test_numbers_stay_until_they_are_given_anew(f):
    recompute(f, {f.inputs["x"]: 5.0})
    assert recompute(f, {f.inputs["z"]: 4.0}) == 25.0
    assert recompute(f) == 25.0


def test_a_leaf_may_also_be_assigned_to_before_recomputing(f):
    f.inputs["x"].data = 5.0
    assert f.data == 18.0  # assignment changes one node alone
    assert recompute(f) == 50.0


def test_an_inner_node_may_be_overridden_whatever_its_operands_say(f):
    u = node(f, "u")
    assert recompute(f, {u: 10.0}) == 5.0
    assert (u.data, node(f, "v").data) == (10.0, 9.0)
    assert "u = set by hand = set by hand = 10" in explain(f)
    assert recompute(f) == 18.0  # the next recompute without it lets go
    assert u.data == 36.0


def test_the_output_itself_may_be_overridden(f):
    assert recompute(f, {f: 7.0}) == 7.0
    assert recompute(f) == 18.0


def test_an_override_outlives_nothing_but_itself(f):
    recompute(f, {node(f, "u"): 10.0})
    assert recompute(f, {node(f, "v"): 1.0}) == 2.0  # 1·4/2: u is computed again


def test_backward_can_follow(f):
    x = f.inputs["x"]
    f.backward()
    recompute(f, {x: 5.0})
    assert (x.grad, f.has_grad) == (12.0, False)  # leaves keep what they accumulated, inner gradients are out of date
    f.zero_grad()
    f.backward()
    assert (x.grad, f.inputs["y"].grad, f.inputs["z"].grad) == (20.0, 12.5, -25.0)


def test_a_whole_curve_needs_one_recording():
    square = parse("s**2", s=0)
    s = square.inputs["s"]
    assert [recompute(square, {s: t}) for t in (-1, 0, 2, 3)] == [1, 0, 4, 9]


def test_choices_are_made_again():
    x = Value(3.0)
    y = x.relu() + x.step()
    assert [recompute(y, {x: t}) for t in (-3, 0, 2)] == [0, 1, 3]


def test_a_node_that_is_not_in_the_graph_cannot_be_set(f):
    with pytest.raises(ValueError, match=r"Value\(7, label='w'\) is not in the graph of Value\(18, label='f', op=div\)"):
        recompute(f, {f.inputs["x"]: 5.0, Value(7, "w"): 1.0})
    assert numbers(f) == [3, 9, 4, 36, 2, 18]


@pytest.mark.parametrize(("wrong", "error"), [("3", TypeError), (float("nan"), ValueError), (None, TypeError)])
def test_what_is_no_number_cannot_be_set(f, wrong, error):
    with pytest.raises(error):
        recompute(f, {f.inputs["y"]: 5.0, f.inputs["x"]: wrong})
    assert numbers(f) == [3, 9, 4, 36, 2, 18]


@pytest.mark.parametrize(("values", "sentence"), [
    ({"x": 5, "z": 0},
     "f = u/z divides by zero: u = 100, z = 0. Neither f nor ∂f/∂z = -u/z² exists there. Any other z works."),
    ({"x": 1e200}, "v = x² overflows: x = 1e+200, and the result is larger than 1.8e+308, the largest float."),
])  # fmt: skip
def test_an_undefined_point_is_named_and_leaves_everything_as_it_was(f, values, sentence):
    f.backward()
    with pytest.raises(UndefinedError) as caught:
        recompute(f, {f.inputs[name]: number for name, number in values.items()})
    assert str(caught.value) == sentence
    assert numbers(f) == [3, 9, 4, 36, 2, 18]
    assert (f.inputs["x"].grad, f.grad) == (12.0, 1.0)
    assert explain(f)  # and the graph is not stale


def test_a_graph_of_a_hundred_thousand_nodes_is_recomputed():
    x = v = Value(1.0)
    for _ in range(100_000):
        v = v + x
    assert recompute(v, {x: 2.0}) == 200_002.0


# --- stale graphs ---

LOOKS = {
    "explain": explain,
    "steps": steps,
    "latex": latex,
    "to_data": to_data,
    "gradcheck": lambda f: gradcheck(f, list(f.inputs.values())),
}
each_look = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)


@each_look
def test_a_graph_whose_leaf_was_changed_afterwards_is_not_explained_as_if_nothing_had_happened(f, look):
    f.inputs["x"].data = 5.0
    with pytest.raises(StaleGraphError) as caught:
        look(f)
    assert str(caught.value) == (
        "x was changed from 3 to 5 after f was computed; f = 18 still belongs to x = 3. "
        "Call recompute(f), or compute f again."
    )


@each_look
@pytest.mark.parametrize("freshen", [recompute, lambda f: setattr(f.inputs["x"], "data", 3.0)], ids=["recompute", "undo"])
def test_a_graph_is_fresh_again_when_numbers_and_results_agree(f, look, freshen):
    f.inputs["x"].data = 5.0
    freshen(f)
    assert look(f)


def test_the_notice_names_the_number_that_the_output_still_belongs_to():
    x = Value(3, "x")
    x.data = 5.0  # changed before f was computed: nothing is stale
    f = x * x
    f.label = "f"
    assert steps(f)[0].numbers == "5·5"
    x.data = 7.0
    with pytest.raises(StaleGraphError, match=r"x was changed from 5 to 7 after .*; f = 25 still belongs to x = 5"):
        steps(f)


def test_an_override_counts_even_if_the_number_stays():
    f = parse("v = x**2; u = v*y; u/z", x=3, y=4, z=2)
    x = f.inputs["x"]
    v = f.operands[0].operands[0]
    recompute(f, {x: 5, v: 9})
    assert "set by hand" in explain(f)
    recompute(f, {v: 10})
    assert gradcheck(f, [f.inputs["y"]])[0].exact == 5.0  # y·v/z with the v that was set


def test_a_leaf_changed_twice_is_noticed_too(f):
    f.inputs["x"].data = 5.0
    f.inputs["x"].data = 7.0
    with pytest.raises(StaleGraphError, match=r"x was changed to 7 after .*; f = 18 still belongs to an earlier x"):
        explain(f)


def test_a_second_output_of_the_same_leaf_goes_stale_when_the_first_is_recomputed():
    x = Value(3, "x")
    f, g = x * x, x + x
    recompute(f, {x: 5.0})
    assert explain(f)
    with pytest.raises(StaleGraphError, match="x was changed from 3 to 5"):
        explain(g)


def test_training_by_assignment_works_as_in_micrograd():
    x = Value(3.0)
    for _ in range(3):
        loss = x * x
        x.grad = 0
        loss.backward()
        x.data -= 0.25 * x.grad  # halves x
    assert x.data == 0.375
