# --- grids ---

rows_of = arrays_of.arrays(np.int32, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=st.integers(0, 3))


def combinations(R, C, order):
    pairs = [(u, v) for v in C for u in R]
    return np.array([pairs[i][0] for i in order]), np.array([pairs[i][1] for i in order])


@stable
@given(st.data(), st.integers(1, 3))
def test_every_shuffled_grid_is_found(data, k):
    rows = data.draw(st.lists(st.tuples(*[st.integers(0, 5)] * k), min_size=1, max_size=4, unique=True))
    columns = data.draw(st.lists(st.tuples(*[st.integers(0, 5)] * k), min_size=1, max_size=4, unique=True))
    u, v = combinations(rows, columns, data.draw(st.permutations(range(len(rows) * len(columns)))))
    grid = grids.find_grid(u, v)
    assert grid.rows.tolist() == sorted(map(list, rows)) and grid.columns.tolist() == sorted(map(list, columns))
    assert sorted(grid.order.tolist()) == list(range(len(u)))
    np.testing.assert_array_equal(u[grid.order], np.tile(grid.rows, (len(columns), 1)))
    np.testing.assert_array_equal(v[grid.order], np.repeat(grid.columns, len(rows), axis=0))
    if len(u) > 1:
        assert grids.find_grid(u[1:], v[1:]) is None or 1 in (len(rows), len(columns))
        assert grids.find_grid(np.vstack([u, u[:1]]), np.vstack([v, v[:1]])) is None  # one stands twice
        assert grids.find_grid(np.vstack([u[1:], u[1:2]]), np.vstack([v[1:], v[1:2]])) is None  # and one is missing


@stable
@given(rows_of)
def test_distinct_rows_are_sorted_and_give_the_index_back(index):
    rows, which = grids.distinct(index)
    np.testing.assert_array_equal(rows[which], index)
    assert rows.tolist() == sorted(map(list, set(map(tuple, index.tolist()))))


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
