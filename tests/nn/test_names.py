"""Names as documents: the letters that are read, those to come, and how much each counts."""

import pytest

from nn import data


def test_there_are_118_elements_in_letters_from_a_to_z():
    names = data.elements()
    assert (len(names), len(set(names)), max(map(len, names))) == (118, 118, 13)
    assert set("".join(names)) <= set("abcdefghijklmnopqrstuvwxyz")
    assert [names[number - 1] for number in (1, 8, 26, 79, 92, 118)] == ["hydrogen", "oxygen", "iron", "gold", "uranium",
                                                                         "oganesson"]  # fmt: skip


def test_letters_and_the_letters_to_come():
    tokens, targets, weights = data.next_letters(["tin", "zinc"], block=6)
    assert tokens.tolist() == [[0, 20, 9, 14, 0, 0], [0, 26, 9, 14, 3, 0]]
    assert targets.tolist() == [[20, 9, 14, 0, 0, 0], [26, 9, 14, 3, 0, 0]]
    assert weights.tolist() == [[1 / 4] * 4 + [0.0] * 2, [1 / 5] * 5 + [0.0]]
    assert [data.spelled(row) for row in tokens] == ["tin", "zinc"]
    assert data.spelled([]) == "" and data.spelled([20, 9, 14]) == "tin"


def test_rows_of_letters_are_read_back():
    names = data.elements()
    letters = data.next_letters(names)
    assert [data.spelled(row) for row in letters.tokens.tolist()] == names
    assert letters.weights.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize(("names", "sentence"), [
    (["Tin"], "letters from a to z"), (["tin zinc"], "letters from a to z"), ([""], "letters from a to z"), ([3], "letters from"),
    (["copper"], "copper has 6 letters, and 6 positions have room for 5"), ([], "at least one name"),
])  # fmt: skip
def test_other_names_are_refused(names, sentence):
    with pytest.raises(ValueError, match=sentence):
        data.next_letters(names, block=6)
