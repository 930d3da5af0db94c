"""A table looked up: the row itself outside a trace, nodes that choose inside one, and what is no position."""

import numpy as np
import pytest

import engine
from engine import Constant, TracingError, Value, lookup
from engine.modes import tracing


def embeddings():
    return [[Value(10.0 * row + column, f"E{row}_{column}") for column in range(3)] for row in range(4)]


# --- outside a trace ---

@pytest.mark.parametrize("i", [2, np.int64(2), np.uint8(2), 2.0, Value(2.0), Constant(2)], ids=repr)
def test_the_row_itself_is_given(i):
    table = embeddings()
    assert lookup(table, i) is table[2]
    entries = table[0]
    assert lookup(entries, i) is entries[2]


def test_the_gradient_goes_to_the_rows_that_were_looked_up_and_adds_up():
    """C = 2·E[1][0] + 3·E[3][0] + 5·E[1][0]."""
    table = embeddings()
    cost = sum(weight * lookup(table, i)[0] for weight, i in ((2.0, 1), (3.0, 3), (5.0, 1)))
    cost.backward()
    assert cost.data == 7.0 * 10.0 + 3.0 * 30.0
    assert [row[0].grad for row in table] == [0.0, 7.0, 0.0, 3.0]
    assert not any(entry.has_grad for row in table for entry in row[1:])


@pytest.mark.parametrize("i", [-1, 4, np.int64(-4), -2.0, 10**400, Value(-1.0), Value(4.0)], ids=lambda i: f"{i!r:.12}")
def test_a_position_outside_is_refused(i):
    with pytest.raises(IndexError, match=r"^There is no row -?\d+ in a table of 4:.* is 0 and the last 3\.$") as error:
        lookup(embeddings(), i)
    assert ("does not count from the end" in str(error.value)) == ((i.data if isinstance(i, Value) else i) < 0)


@pytest.mark.parametrize(
    "i", [True, np.True_, 1.5, Value(2.5), float("nan"), float("inf"), "1", None, [1], np.array([1]), slice(1), 1j], ids=repr
)
def test_what_is_no_whole_number_is_refused(i):
    with pytest.raises(TypeError, match=r"^lookup takes a whole number .* it was given "):
        lookup(embeddings(), i)


def test_an_empty_table_is_refused():
    with pytest.raises(IndexError, match=r"^lookup was given an empty table"):
        lookup([], 0)


# --- inside a trace ---

def test_a_trace_gets_a_node_for_each_number_of_the_row():
    table, i = embeddings(), Value(2.0, "i")
    with tracing():
        row = lookup(table, i)
    assert [entry.op.name for entry in row] == ["choose"] * 3
    assert [entry.operands for entry in row] == [(i, *column) for column in zip(*table)]
    assert [entry.data for entry in row] == [20.0, 21.0, 22.0]


def test_the_chosen_entry_has_slope_one_all_others_and_the_position_zero():
    table, i = embeddings(), Value(2.0, "i")
    with tracing():
        row = lookup(table, i)
        cost = 2.0 * row[0] + 3.0 * row[1] * row[1]
    cost.backward()
    assert [[entry.grad for entry in line] for line in table] == [[0.0] * 3, [0.0] * 3, [2.0, 6.0 * 21.0, 0.0], [0.0] * 3]
    assert [entry.has_grad for entry in table[2]] == [True, True, False]
    assert i.grad == 0.0


def test_a_table_of_numbers_gives_one_node():
    entries, i = [Value(5.0), 7.0, Value(9.0)], Value(1.0, "i")
    with tracing():
        found = lookup(entries, i)
    assert (found.data, found.op.name) == (7.0, "choose")
    found.backward()
    assert entries[0].grad == entries[2].grad == 0.0


def test_the_derivative_can_be_differentiated_again():
    """Of f = e_1³ it is 3·e_1², and of that 6·e_1."""
    entries, i = [Value(2.0), Value(3.0)], Value(1.0, "i")
    with tracing():
        first = engine.grad(lookup(entries, i) ** 3, entries, create_graph=True)
    second = engine.grad(first[1], entries)
    assert [slope.data for slope in first] == [0.0, 27.0]
    assert second == [0.0, 18.0]


def test_a_position_that_is_known_while_tracing_gives_the_row_itself():
    table = embeddings()
    with tracing():
        assert lookup(table, 3) is table[3] and lookup(table, Constant(3)) is table[3]


@pytest.mark.parametrize(("number", "error"), [(4.0, IndexError), (-1.0, IndexError), (0.5, TypeError)])
def test_the_first_example_is_checked_while_it_is_traced(number, error):
    with tracing(), pytest.raises(error):
        lookup(embeddings(), Value(number, "i"))


def test_a_computed_position_is_refused_while_tracing():
    i = Value(1.0, "i")
    assert lookup([5.0, 6.0, 7.0], i + 1) == 7.0
    with tracing(), pytest.raises(TracingError, match=r"lookup takes a position that is an argument .* computed, by add: "):
        lookup([5.0, 6.0, 7.0], i + 1)


def test_rows_of_different_lengths_are_refused_while_tracing():
    with tracing(), pytest.raises(ValueError, match=r"^The rows of a table .* have one length; these have 1, 2\.$"):
        lookup([[1.0], [1.0, 2.0]], Value(0.0))
    with tracing(), pytest.raises(ValueError, match=r"these have a number, 2\.$"):
        lookup([1.0, [1.0, 2.0]], Value(0.0))


@pytest.mark.parametrize("position", [2.0, -1.0])
def test_the_operation_refuses_a_position_that_was_changed_later(position):
    """Recomputed with another number in it, a graph that was traced gives an error, never another row."""
    i = Value(1.0, "i")
    with tracing():
        found = lookup([5.0, 6.0], i)
    i.data = position
    with pytest.raises(engine.UndefinedError, match="has no such entry"):
        engine.recompute(found)
