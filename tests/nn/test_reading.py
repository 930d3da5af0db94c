"""Reading a number: strips are cut into the digits they were made of, what touches is reported, and most numbers are read."""

from functools import cache

import numpy as np
import pytest

from nn import MLP, Module, data, fit, optim, reading
from nn.data import strips
from nn.data.numbers import trimmed
from nn.reading import as_read, digits_in, read

DIGITS = data.digits()
EVERY = np.concatenate([DIGITS.X, DIGITS.X_test]).reshape(-1, 8, 8)


@cache
def reader(seed=0):
    model = MLP(64, [30, 10], activation="sigmoid", output="sigmoid", seed=seed)
    optimizer = optim.SGD(model.parameters(), lr=3.0)
    fit(model, as_read(DIGITS.X), DIGITS.y, optimizer=optimizer, epochs=60, batch_size=10, seed=0)
    return model


def beside(*pictures, gap=2, margin=2):
    """Pictures of one height in a row."""
    height = pictures[0].shape[0]
    blank = np.zeros((height, gap))
    row = np.hstack([part for picture in pictures for part in (picture, blank)][:-1])
    return np.pad(row, margin)


def block(height=8, width=4):
    return np.ones((height, width))


# --- strips ---

def test_strips_are_made_of_test_digits_only():
    known = {trimmed(x.reshape(8, 8)).tobytes() for x in DIGITS.X_test}
    for strip in strips(5, 4, gap=(2, 2)):
        columns = np.flatnonzero(strip.image.any(axis=0))
        pieces = np.split(strip.image, [i + 1 for i in columns if not strip.image[:, i + 1].any()], axis=1)[:4]
        for piece in pieces:
            digit = trimmed(piece[2:10])
            assert digit.tobytes() in known


def test_the_text_is_what_is_written():
    classes = {trimmed(x.reshape(8, 8)).tobytes(): str(y) for x, y in zip(DIGITS.X_test, DIGITS.y_test)}
    strip = strips(1, 1, seed=3)[0]
    assert classes[trimmed(strip.image[2:10]).tobytes()] == strip.text


def test_a_seed_gives_the_same_strips_and_ink_and_scale_are_as_said():
    first, again, dark, large = (strips(2, **how) for how in ({}, {}, {"ink": "dark"}, {"scale": 3}))
    for a, b, c, d in zip(first, again, dark, large):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.image, 1 - c.image)
        np.testing.assert_array_equal(a.image, d.image[1::3, 1::3])
        assert a.text == b.text == c.text == d.text and len(a.text) == 6


# --- cutting ---

def test_boxes_are_in_order_and_around_the_ink():
    cut = digits_in(beside(block(), block(width=3), block(width=6), gap=3))
    assert [piece.box for piece in cut.pieces] == [(2, 2, 6, 10), (9, 2, 12, 10), (15, 2, 21, 10)]
    assert cut.ink == "bright" and not cut.touching and not cut.specks


@pytest.mark.parametrize("ink", ["bright", "dark"])
def test_polarity_is_found_or_said(ink):
    for strip in strips(10, ink=ink):
        found, said = digits_in(strip.image), digits_in(strip.image, ink)
        assert found.ink == said.ink == ink
        np.testing.assert_array_equal(found.crops, said.crops)


@pytest.mark.parametrize("settings", [
    {}, {"gap": (1, 1)}, {"ink": "dark"}, {"scale": 3}, {"noise": 0.05}, {"scale": 2, "noise": 0.05, "ink": "dark"},
])  # fmt: skip
def test_with_gaps_99_of_100_strips_are_cut_rightly(settings):
    """Rightly: six pieces, and each box meets the columns of its digit."""
    right = 0
    for strip in strips(100, **settings):
        cut = digits_in(strip.image)
        right += len(cut.pieces) == 6 and not cut.touching
    assert right >= 99


def test_crops_are_the_digits_themselves():
    """Up to where they stand: the same columns of ink, without shades below the faintest."""
    strip = strips(1, 6, gap=(3, 3), seed=8)[0]
    known = {trimmed(x.reshape(8, 8)).tobytes() for x in DIGITS.X_test}
    cut = digits_in(strip.image)
    assert cut.crops.shape == (6, 8, 8) and cut.crops.min() == 0 and cut.crops.max() <= 1
    for crop in cut.crops:
        assert trimmed(crop).tobytes() in known


def test_placed_as_the_training_digits_nine_in_ten_are_where_they_were():
    assert np.mean((as_read(DIGITS.X) == DIGITS.X).all(axis=1)) > 0.9


@pytest.mark.parametrize("scale", [1, 2, 3, 5])
def test_the_size_of_the_strip_does_not_matter(scale):
    strip, large = (strips(1, seed=2, scale=factor)[0].image for factor in (1, scale))
    np.testing.assert_allclose(digits_in(large).crops, digits_in(strip).crops, atol=1e-12)


def test_digits_whose_columns_overlap_are_parted_if_they_do_not_touch():
    """Two slanted strokes of full height: the first one's top stands above the second one's foot, and no column is blank."""
    slant = np.kron(np.eye(4)[::-1], np.ones((2, 1)))
    strip = np.zeros((12, 11))
    strip[2:10, 2:6] = slant
    strip[2:10, 5:9] += slant
    cut = digits_in(strip)
    assert [(piece.box, piece.touching) for piece in cut.pieces] == [((2, 2, 6, 10), False), ((5, 2, 9, 10), False)]
    assert not cut.specks


def test_specks_are_left_out_and_reported():
    strip = beside(block(), block(), gap=6)
    strip[5, 8] = 1
    cut = digits_in(strip)
    assert len(cut.pieces) == 2 and cut.specks == [(8, 5, 9, 6)]


# --- touching ---

def test_digits_that_touch_are_reported_and_not_offered_as_one():
    cut = digits_in(beside(block(width=6), np.hstack([block(width=6), block(width=5)])))
    assert [piece.touching for piece in cut.pieces] == [False, True]
    assert cut.touching == [(10, 2, 21, 10)] and len(cut.crops) == 1


@pytest.mark.parametrize(("overlap", "most"), [(0, 5), (1, 15)])
def test_pairs_without_a_gap_are_parted_or_reported(overlap, most):
    """Of 1000 pairs of any digits; two that hide one another until they are as wide as one are no wider than a digit."""
    random = np.random.default_rng(5)
    silent = 0
    for i, j in random.integers(len(EVERY), size=(1000, 2)):
        first, second = trimmed(EVERY[i]), trimmed(EVERY[j])
        strip = np.zeros((12, first.shape[1] + second.shape[1] - overlap + 4))
        strip[2:10, 2 : 2 + first.shape[1]] = first
        place = strip[2:10, -2 - second.shape[1] : -2]
        np.maximum(place, second, out=place)
        cut = digits_in(strip)
        silent += len(cut.pieces) < 2 and not cut.touching
    assert silent < most


def test_no_more_than_one_digit_in_a_thousand_is_taken_for_two():
    cuts = [digits_in(np.pad(digit, 2)) for digit in EVERY]
    assert sum(len(cut.pieces) != 1 or bool(cut.touching) for cut in cuts) <= len(EVERY) / 1000


# --- reading ---

def test_of_100_six_digit_numbers_at_least_80_are_read():
    """In the mean of three networks; beside what the accuracy per digit leads one to expect."""
    counts, expected = [], []
    for model in map(reader, range(3)):
        counts.append(sum(read(strip.image, model).text == strip.text for strip in strips(100)))
        expected.append(np.mean(model.predict(as_read(DIGITS.X_test)).argmax(axis=1) == DIGITS.y_test) ** 6)
    assert np.mean(counts) >= 80
    assert np.mean(counts) / 100 == pytest.approx(np.mean(expected), abs=0.1)  # all read the same strips


def test_each_character_has_a_confidence():
    found = read(strips(1)[0].image, reader())
    assert len(found.text) == len(found.confidence) == 6
    for piece, digit, confidence in zip(found.cut.pieces, found.text, found.confidence):
        crops = [crop.ravel() for crop in (piece.crop, piece.second) if crop is not None]
        outputs = reader().predict(crops).mean(axis=0)
        assert int(digit) == outputs.argmax() and confidence == pytest.approx(outputs.max() / outputs.sum())


def test_where_the_place_is_in_doubt_both_are_offered():
    """Ink belongs at 3.57 in the mean. With its own mean at 2.5 a digit begins at column 1; at 1.95 it might begin at 2."""
    even, slanted = block(width=6), block(width=6)
    slanted[:, 5], slanted[:, 4] = 0.26, 0.5
    sure, unsure = (digits_in(beside(picture, gap=1)).pieces[0] for picture in (even, slanted))
    assert sure.second is None and sure.crop[:, 0].max() == 0 and sure.crop[0, 1] == 1
    assert {int(np.flatnonzero(crop.any(axis=0))[0]) for crop in (unsure.crop, unsure.second)} == {1, 2}
    np.testing.assert_array_equal(trimmed(unsure.crop), trimmed(unsure.second))


def test_what_touches_is_a_question_mark_with_confidence_0():
    strip = strips(1, 3, gap=(3, 3))[0].image
    strip = np.hstack([strip, np.pad(np.ones((8, 14)), ((2, 2), (0, 2)))])
    found = read(strip, reader())
    assert found.text[-1] == "?" and found.confidence[-1] == 0 and "?" not in found.text[:3]


class Fixed(Module):
    """Ten outputs whatever it is shown, and the shape of what it was."""

    def __init__(self, outputs):
        self.outputs = outputs

    def __call__(self, x):
        self.shown = np.shape(x)
        return list(self.outputs)


def test_the_confidence_of_linear_outputs_is_their_softmax():
    found = read(beside(block()), Fixed([0.0] * 9 + [-1.0]))
    assert found.text == "0" and found.confidence == pytest.approx([1 / (9 + np.exp(-1))])


def test_a_network_may_take_pictures():
    model = Fixed([0.0] * 7 + [1.0, 0.0, 0.0])
    assert read(beside(block()), model, shape=(1, 8, 8)).text == "7"
    assert model.shown == (1, 8, 8)


# --- what is refused ---

@pytest.mark.parametrize(("call", "says"), [
    (lambda: digits_in([1, 2]), r"A strip must be rows of pixels, finite numbers; its shape is \(2,\)"),
    (lambda: digits_in(np.zeros((4, 4))), "This strip has no ink: all of its pixels are 0"),
    (lambda: digits_in(np.full((2, 2), np.nan)), "finite numbers"),
    (lambda: digits_in(np.eye(4), "red"), "ink = 'red': give"),
    (lambda: digits_in(1 - np.eye(20), "bright"), "nearly all ink, if ink is bright"),
    (lambda: read(beside(block()), Fixed([1.0, 2.0])), "10 outputs, one for each digit; this one has 2"),
    (lambda: as_read([[1, 2]]), r"X must have shape \(examples, 64\)"),
    (lambda: as_read(np.zeros((1, 64))), "One of these digits has no ink"),
    (lambda: strips(0), "count = 0: give a whole number, at least 1"),
    (lambda: strips(1, gap=(3, 1)), r"gap = \(3, 1\)"),
    (lambda: strips(1, noise=-1), "noise = -1"),
    (lambda: strips(1, ink="red"), "ink = 'red'"),
])  # fmt: skip
def test_mistakes_are_answered_in_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_the_names_are_there():
    assert reading.read is read and data.strips is strips
