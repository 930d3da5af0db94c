"""Tables of positions and the grids in them: what is regular is found in any order, and holes are filled without harm."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from engine.compiler.finding import grids, tables
from engine.compiler.finding.grids import Sheet
from engine.compiler.finding.tables import HOLE

stable = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
rows_of = arrays_of.arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=st.integers(0, 3))
with_holes = arrays_of.arrays(
    np.int64, arrays_of.array_shapes(min_dims=2, max_dims=3, max_side=4), elements=st.integers(HOLE, 5)
).filter(lambda table: table.max() >= 0)  # fmt: skip


def in_steps(shape, start, step):
    """Entries that go in equal steps along each axis."""
    return start + sum((np.arange(n) * s).reshape([-1 if a == d else 1 for a in range(len(shape))])
                       for d, (n, s) in enumerate(zip(shape, step)))  # fmt: skip


def goes_in_steps(index):
    """Whether a step along an axis adds the same wherever it is made."""
    return all(len(np.unique(np.diff(index, axis=axis))) <= 1 for axis in range(index.ndim))


# --- regular tables ---


@stable
@given(rows_of)
def test_distinct_rows_are_sorted_and_give_the_index_back(index):
    rows, which = tables.distinct(index)
    np.testing.assert_array_equal(rows[which], index)
    assert rows.tolist() == sorted(map(list, set(map(tuple, index.tolist()))))


def shapes_of(count):
    """All shapes of so many entries, axes of length 1 left out."""
    found = [()] if count == 1 else []
    for length in range(2, count + 1):
        if count % length == 0:
            found += [(length, *rest) for rest in shapes_of(count // length)]
    return found


@stable
@given(st.data(), st.lists(st.integers(2, 3), min_size=1, max_size=3), st.integers(1, 2), st.booleans())
def test_a_joint_shape_is_the_shortest_in_which_all_columns_go_in_equal_steps(data, shape, columns, spoilt):
    steps = [data.draw(st.tuples(*[st.integers(0, 4)] * len(shape))) for _ in range(columns)]
    table = np.stack([in_steps(shape, 0, step).ravel() for step in steps], axis=1)
    if spoilt:
        table[data.draw(st.integers(0, len(table) - 1)), 0] += 1
    fitting = [s for s in shapes_of(len(table)) if all(goes_in_steps(column.reshape(s)) for column in table.T)]
    found = tables.joint_shape(table)
    assert (found is None) == (not fitting)
    assert found is None or (found in fitting and len(found) == min(map(len, fitting)))


@stable
@given(st.data(), st.lists(st.integers(2, 4), min_size=1, max_size=3))
def test_rows_that_are_lines_along_an_axis_are_recognised_in_any_order(data, shape):
    axis = data.draw(st.integers(0, len(shape) - 1))
    lines = np.moveaxis(np.arange(math.prod(shape)).reshape(shape), axis, -1).reshape(-1, shape[axis])
    rows = lines[data.draw(st.permutations(range(len(lines))))]
    rest, where = tables.along_an_axis(rows, tuple(shape))
    assert rest == (tuple(length for d, length in enumerate(shape) if d != axis) or (1,))
    np.testing.assert_array_equal(rows[where], lines)
    if len(rows) > 1:
        assert tables.along_an_axis(rows[1:], tuple(shape)) is None  # one is missing
        assert tables.along_an_axis(np.vstack([rows[1:], rows[1:2]]), tuple(shape)) is None  # and one stands twice
    assert tables.along_an_axis(rows[:, ::-1], tuple(shape)) is None


@stable
@given(with_holes, st.sets(st.integers(0, 1)))
def test_axes_of_repetition_go_and_nothing_is_lost(table, always):
    short, kept = tables.without_repeats(table, sorted(always))
    back = np.broadcast_to(short.reshape([length if axis in kept else 1 for axis, length in enumerate(table.shape)]), table.shape)
    np.testing.assert_array_equal(back[table >= 0], table[table >= 0])
    assert always <= set(kept)
    for axis in set(kept) - always:  # each of the others has two different entries on some line
        lines = np.moveaxis(table, axis, -1).reshape(-1, table.shape[axis])
        assert any(len(set(line.tolist()) - {HOLE}) > 1 for line in lines)


@stable
@given(with_holes)
def test_holes_read_entries_that_exist(table):
    size = int(table.max()) + 1
    for full in (tables.completed(table, size), tables.repeated(table)):
        assert full.shape == table.shape and full.min() >= 0 and full.max() < size
        np.testing.assert_array_equal(full[table >= 0], table[table >= 0])
    flat, filled = (x.reshape(-1, table.shape[-1]).tolist() for x in (table, tables.repeated(table)))
    for row, full in zip(flat, filled):
        assert set(full) <= set(row) - {HOLE} or set(row) == {HOLE}


@stable
@given(st.data(), st.lists(st.integers(2, 4), min_size=2, max_size=2), st.tuples(st.integers(0, 4), st.integers(0, 2)))
def test_holes_in_equal_steps_are_filled_by_the_steps(data, shape, step):
    table = in_steps(shape, 1, step)
    holes = data.draw(arrays_of.arrays(bool, tuple(shape)))
    holes[:2, :2] = False  # the steps can be seen
    found = tables.completed(np.where(holes, HOLE, table), int(table.max()) + 1)
    np.testing.assert_array_equal(found, table)


def test_steps_that_only_some_rows_show_change_no_entry():
    table = np.array([[2, 2, 2], [0, HOLE, 1]])
    assert tables.completed(table, 5)[:, [0, 2]].tolist() == [[2, 2], [0, 1]]


def test_a_part_of_a_row_becomes_that_row():
    table = np.array([[7, 2, HOLE], [7, 2, 5], [3, 8, 1], [3, HOLE, 1], [HOLE, HOLE, HOLE]])
    assert tables.completed(table, 9)[:4].tolist() == [[7, 2, 5], [7, 2, 5], [3, 8, 1], [3, 8, 1]]


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("stride", [1, 2])
def test_patches_at_a_border_are_one_pattern_that_is_shifted(stride, dilation):
    """By hand: the coordinates of every pixel of every 3×3 patch around a pixel, and a hole where they leave the image."""
    shape = 5, 6
    centres = list(product(range(0, 5, stride), range(0, 6, stride)))
    around = [(dilation * i, dilation * j) for i, j in product((-1, 0, 1), repeat=2)]
    wanted = np.array([[(r + i, c + j) for i, j in around] for r, c in centres])
    inside = ((wanted >= 0) & (wanted < shape)).all(axis=-1)
    table = np.where(inside, wanted[..., 0] * 6 + wanted[..., 1], HOLE)
    found = tables.shifted(table, shape)
    assert found is not None
    np.testing.assert_array_equal(np.stack(found, axis=-1), wanted)
    inner = np.flatnonzero(inside.all(axis=1))[0]
    missing = table.copy()
    missing[inner - 1, 4] = HOLE  # the centre is not beyond the border
    assert tables.shifted(missing, shape) is None
    bent = table.copy()
    bent[np.flatnonzero(inside.all(axis=1))[-1], 4] += 1
    assert tables.shifted(bent, shape) is None


# --- grids ---


@stable
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=12))
def test_components_are_what_is_connected(pairs):
    u, v = (np.array([[pair[i]] for pair in pairs]) for i in (0, 1))
    group = list(range(len(pairs)))  # by hand: join until nothing changes
    for _ in pairs:
        for i, a in enumerate(pairs):
            for j, b in enumerate(pairs):
                if a[0] == b[0] or a[1] == b[1]:
                    group[i] = group[j] = min(group[i], group[j])
    assert grids.components(u, v).tolist() == group


def row(u, v, scale=1.0):
    return np.array(u), np.array(v), np.full(len(u), scale)


def test_a_sheet_has_its_rows_sorted_and_short_rows_end_in_holes():
    rows = [row([5, 4, 6], [2, 0, 1]), row([8], [3], -2.0), row([], [])]
    sheet = Sheet.of_rows(rows, by_data=True)
    assert sheet.v.tolist() == [[0, 1, 2], [3, HOLE, HOLE], [HOLE] * 3] and sheet.u[0].tolist() == [4, 6, 5]
    assert Sheet.of_rows(rows, by_data=False).u.tolist() == [[4, 5, 6], [8, HOLE, HOLE], [HOLE] * 3]
    assert sheet.scale[1].tolist() == [-2, 0, 0] and sheet.hole.sum() == 5


def test_equal_sums_have_equal_keys_and_others_have_not():
    rows = [row([1, 2], [3, 4]), row([2, 1], [4, 3]), row([1, 2], [3, 4], 2.0), row([1, 2], [4, 3]), row([1], [3])]
    keys = Sheet.of_rows(rows, by_data=True).key().tolist()
    assert keys[0] == keys[1] and len(set(map(tuple, keys))) == 4


def test_short_rows_are_laid_over_whole_ones():
    sheet = Sheet.of_rows([row([0, 1, 2], [4, 5, 6]), row([1, 2], [3, 4]), row([0, 1], [5, 7])], by_data=True)
    over = sheet.over("u")
    assert over.u.tolist() == [[0, 1, 2]] * 3
    assert over.v.tolist() == [[4, 5, 6], [HOLE, 3, 4], [5, 7, HOLE]] and (over.hole == (over.v == HOLE)).all()
    assert sheet.over("v") is None  # 3 and 7 are in no whole row


def test_a_row_with_a_factor_twice_is_laid_over_no_row():
    sheet = Sheet.of_rows([row([0, 1, 2], [4, 5, 6]), row([0, 1], [4, 4])], by_data=True)
    assert sheet.over("v") is None
    assert sheet.over("u").v.tolist() == [[4, 5, 6], [4, 4, HOLE]]


def test_the_rows_of_a_triangle_are_whole_on_both_sides():
    """Σ_j a[i, j]·v[j] over j <= i."""
    sheet = Sheet.of_rows([row([4 * i + j for j in range(i + 1)], range(i + 1)) for i in range(4)], by_data=True).aligned((16, 4))
    assert sheet.v.tolist() == [[0, 1, 2, 3]] * 4
    assert (np.diff(sheet.u, axis=1) == 1).all() and (np.diff(sheet.u, axis=0) == 4).all()
    assert sheet.hole.tolist() == [[j > i for j in range(4)] for i in range(4)]


@stable
@given(st.data(), st.integers(1, 3), st.integers(1, 3))
def test_products_of_two_sets_are_turned_the_same_way(data, queries, keys):
    """q_i·k_j of one source: two entries of each q, two of each k, every product written either way round."""
    sets = [(2 * place, 2 * place + 1) for place in data.draw(st.permutations(range(queries + keys)))]
    rows = []
    for q, k in product(sets[:queries], sets[queries:]):
        rows.append(row(*zip(*[data.draw(st.permutations(both)) for both in zip(q, k)])))
    found = grids.orient(rows)
    asking = {place for q in sets[:queries] for place in q}
    assert len({bool(asking & set(u.tolist())) for u, _, _ in found}) == 1  # all first factors, or none
    for (u, v, _), (p, q, _) in zip(rows, found):
        assert sorted(map(sorted, zip(u, v))) == sorted(map(sorted, zip(p, q)))


def test_a_matrix_of_all_products_of_one_set_stays_as_it_is_written():
    rows = [row([i], [j]) for i, j in product(range(3), repeat=2)]
    assert grids.orient(rows) is rows
