"""The data sets, splits and folds, with scikit-learn as the oracle: the same numbers to the last bit."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import KFold, train_test_split

from nn import MLP, data, learning_rate_search, search


def same(ours, theirs):
    """Whether two rows of arrays have the same types, shapes and bits."""
    return all((a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()) for a, b in zip(ours, theirs, strict=True))


def oracle_split(X, y, share, seed):
    X, X_test, y, y_test = train_test_split(X, y, test_size=share, random_state=seed, stratify=y)
    return X, y, X_test, y_test


# --- digits ---

def test_the_digits_are_scikit_learns():
    images, classes = load_digits(return_X_y=True)
    assert same(data.digits(), oracle_split(images / 16, classes, 0.25, 0))


def test_the_file_of_the_digits_is_small_and_its_makers_and_licence_stand_beside_it():
    path = Path(data.__file__).parents[1] / "assets"
    with np.load(path / "digits.npz") as file:
        held = {name: (file[name].dtype.name, file[name].shape) for name in file}
    assert held == {"images": ("uint8", (1797, 8, 8)), "classes": ("uint8", (1797,))}
    assert (path / "digits.npz").stat().st_size < 60_000
    notice = (path / "digits.md").read_text(encoding="utf-8")
    for words in ("Alpaydin", "Kaynak", "CC BY 4.0", "creativecommons.org/licenses/by/4.0", "10.24432/C50P49", "Changes"):
        assert words in notice
    assert "Alpaydin" in data.__doc__ and "CC BY 4.0" in data.__doc__


# --- moons ---

@pytest.mark.parametrize("noise", [0.0, 0.1, 1.5])
def test_the_moons_are_scikit_learns(noise):
    for examples in (*range(4, 60), 199, 200, 201, 1000):
        for seed in (0, 1, 2, 12345, 2**32 - 1):
            X, y = make_moons(n_samples=examples, noise=noise, random_state=seed)
            assert same(data.moons(examples, noise, seed), oracle_split(X, y, 0.5, 0)), (examples, seed)


def test_the_moons_lie_on_two_half_circles():
    """Without noise: the upper half of the circle round (0, 0), the lower half of the one round (1, 1/2)."""
    X, y, *_ = data.moons(50, noise=0.0)
    centre = np.where(y[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    assert np.hypot(*(X - centre).T) == pytest.approx(np.ones(25))
    assert ((X - centre)[:, 1] * np.where(y == 0, 1, -1) > -1e-12).all()


def test_without_a_seed_the_moons_differ_each_time():
    assert not same(data.moons(seed=None), data.moons(seed=None))


@pytest.mark.parametrize(("given", "sentence"), [
    ({"examples": 3}, r"examples = 3: give a whole number, at least 4"),
    ({"examples": -4}, r"examples = -4: give a whole number, at least 4"),
    ({"examples": 10.0}, r"examples = 10\.0: give a whole number"),
    ({"examples": "10"}, r"examples = '10': give a whole number"),
    ({"noise": -0.1}, r"noise = -0\.1: give a standard deviation"),
    ({"noise": math.nan}, r"noise = nan: give a standard deviation"),
    ({"noise": math.inf}, r"noise = inf: give a standard deviation"),
    ({"noise": None}, r"noise = None: give a standard deviation"),
])  # fmt: skip
def test_moons_that_cannot_be_made_are_refused(given, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}"):
        data.moons(**given)


# --- splits ---

@pytest.mark.parametrize("share", [0.1, 0.25, 1 / 3, 0.5, 0.7])
@pytest.mark.parametrize("classes", [
    [3, 4], [7, 7, 7], [11, 2, 40, 5], [10] * 10, [13, 17, 19, 23, 29, 31, 37], [2, 300], [2] * 49,
])  # fmt: skip
def test_a_split_is_scikit_learns(classes, share):
    """Where remainders tie, random numbers are drawn: also by rounding alone, since 1/49·49 is a little less than 1."""
    names = np.random.RandomState(0).permutation(len(classes)) - 3
    for seed in range(25):
        y = np.random.RandomState(1000 + seed).permutation(np.repeat(names, classes))
        X = np.arange(2.0 * len(y)).reshape(-1, 2)
        try:
            expected = oracle_split(X, y, share, seed)
        except ValueError:
            with pytest.raises(ValueError, match="too few"):
                data.stratified_split(X, y, share, seed)
        else:
            assert same(data.stratified_split(X, y, share, seed), expected), seed


def test_a_split_takes_lists_and_classes_with_names():
    X, y = [[0.0], [1.0], [2.0], [3.0], [4.0]], ["cat", "dog", "cat", "dog", "cat"]
    split = data.stratified_split(X, y, 0.4, seed=3)
    assert same(split, oracle_split(np.array(X), np.array(y), 0.4, 3))
    assert sorted([*split.X.ravel(), *split.X_test.ravel()]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("X", "y", "share", "sentence"), [
    ([[0], [1]], [0], 0.5, r"X and y must have one row and one class for each example; their shapes are \(2, 1\) and \(1,\)"),
    ([[0], [1]], [[0], [1]], 0.5, r"X and y must have one row .* \(2, 1\) and \(2, 1\)"),
    ([[0]] * 4, [0, 0, 1, 1], 0, r"test_share = 0: give a share between 0 and 1"),
    ([[0]] * 4, [0, 0, 1, 1], 1.0, r"test_share = 1\.0: give a share"),
    ([[0]] * 4, [0, 0, 1, 1], "half", r"test_share = 'half': give a share"),
    ([[0]] * 4, [0, 0, 0, 1], 0.5, r"4 examples, 2 of them for the test, are too few .* of 2 classes: every class needs two"),
    ([[0]] * 6, [0, 0, 1, 1, 2, 2], 0.2, r"6 examples, 2 of them for the test, are too few .* of 3 classes"),
    ([[0]] * 6, [0, 0, 1, 1, 2, 2], 0.8, r"6 examples, 5 of them for the test, are too few"),
    ([], [], 0.5, r"0 examples, 0 of them for the test, are too few"),
])  # fmt: skip
def test_what_cannot_be_split_is_refused(X, y, share, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}"):
        data.stratified_split(X, y, share)


# --- folds ---

@pytest.mark.parametrize("examples", [2, 3, 5, 10, 11, 97, 100])
def test_the_folds_are_scikit_learns(examples):
    for k in range(2, min(examples, 12) + 1):
        for ours, theirs in zip(search.folds(examples, k), KFold(k).split(np.zeros(examples)), strict=True):
            assert same(ours, theirs)


@pytest.mark.parametrize("k", [1, 0, -2, 11, 2.0, True, "5", None])
def test_folds_that_cannot_be_made_are_refused(k):
    with pytest.raises(ValueError, match=rf"^k = {k!r}: give a whole number of folds, from 2 to the number of examples, 10\.$"):
        list(search.folds(10, k))


def test_the_search_says_so_where_the_folds_are_too_many():
    with pytest.raises(ValueError, match=r"^k = 5: .* the number of examples, 3\.$"):
        learning_rate_search(lambda: MLP(1, [1], seed=0), [[0.0]] * 3, [0.0] * 3, [0.1])


# --- no library is needed for it ---

def test_nothing_beyond_numpy_is_loaded_for_the_data():
    code = ("import sys; from nn import data; from nn.search import folds; data.digits(); data.moons(); list(folds(10, 3)); "
            "assert not {'sklearn', 'scipy', 'pandas', 'joblib'} & set(sys.modules)")  # fmt: skip
    subprocess.run([sys.executable, "-c", code], check=True)
