"""CSV tables and IDX files: what they hold, and one sentence for each way in which they can be damaged."""

import gzip
import math
import struct

import numpy as np
import pytest

import nn
from nn import data

FLOWERS = """sepal,petal,kind,colour
5.1,1.4,setosa,1
6.2,4.5,versicolor,0

 5.0 , 1.5 ,setosa,1
"6.9",5.1,virginica,0
"""


def csv_file(folder, text, encoding="utf-8"):
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


# --- CSV ---

def test_the_columns_are_named_and_the_target_is_one_of_them(tmp_path):
    table = data.from_csv(csv_file(tmp_path, FLOWERS), "kind", ["petal", "sepal"])
    assert table.X.tolist() == [[1.4, 5.1], [4.5, 6.2], [1.5, 5.0], [5.1, 6.9]]
    assert table.classes == ["setosa", "versicolor", "virginica"] and table.y.tolist() == [0, 1, 0, 2]
    assert table.columns == ["petal", "sepal"]


def test_all_other_columns_are_features_unless_some_are_named(tmp_path):
    table = data.from_csv(csv_file(tmp_path, "a;b;y\r\n1;2;0.5\r\n-3e1;4;1.5\r\n", "utf-8-sig"), "y", separator=";")
    assert table.columns == ["a", "b"] and table.X.tolist() == [[1.0, 2.0], [-30.0, 4.0]]
    assert table.y.tolist() == [0.5, 1.5] and table.classes == []


def test_a_table_can_be_learned_from(tmp_path):
    split = data.moons()
    lines = [f"{a},{b},{('upper', 'lower')[k]}" for (a, b), k in zip(split.X.tolist(), split.y.tolist())]
    table = data.from_csv(csv_file(tmp_path, "\n".join(["x1,x2,moon", *lines])), "moon")
    assert (table.X == split.X).all() and table.classes == ["lower", "upper"] and (table.y == 1 - split.y).all()
    assert nn.evaluate(nn.RBF(2, 10, 1, seed=0).fit(table.X, table.y), table.X, table.y)[1] == 1.0


@pytest.mark.parametrize(("text", "sentence"), [
    ("", r"table\.csv is empty: its first line must name the columns"),
    ("\n\n", "is empty"),
    ("a,y\n", "has the names of columns, but no example below them"),
    ("1,2\n3,4\n", r"must name its columns in the first line; that has only numbers: \['1', '2'\]"),
    ("a,a,y\n1,2,3\n", "has the name 'a' twice in its first line"),
    ("a,,y\n1,2,3\n", "has a column without a name in its first line"),
    ("a,b\n1,2\n", r"has no column 'y'; it has 'a', 'b'\.$"),
    ("a;y\n1;2\n", r"has no column 'y'; it has 'a;y'\. Is another separator needed\?"),
    ("y\n1\n", "has only the target column 'y', and nothing to predict it from"),
    ("a,y\n1,2\n\n1,2,3\n", r"table\.csv, line 4: 3 cells, but 2 columns are named in line 1"),
    ("a,y\n1,2\none,2\n", r"line 3, column 'a': 'one' is not a number"),
    ("a,y\n1,2\n,2\n", r"line 3, column 'a': there is no number; remove the line, or fill it in"),
    ("a,y\n1,2\nnan,2\n", r"line 3, column 'a': 'nan' is not a number"),
    ("a,y\n1,2\n1_000,2\n", r"line 3, column 'a': '1_000' is not a number"),
    ("a,y\n1,2\n1,1o\n", r"line 3, column 'y': '1o' is not a number"),  # not two classes
    ("a,y\n1,cat\n1,\n", r"line 3, column 'y': there is no target; remove the line"),
    ('a,y\n1,2\n"1,2\n', r"table\.csv, line 3: unexpected end of data"),
    ('a,y\n"1"x,2\n', r"table\.csv, line 2: ',' expected after '\"'"),
])  # fmt: skip
def test_a_table_that_cannot_be_read_is_refused_with_its_line(tmp_path, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        data.from_csv(csv_file(tmp_path, text), "y")


@pytest.mark.parametrize(("options", "sentence"), [
    ({"columns": ["a", "c"]}, "has no column 'c'; it has 'a', 'b', 'y'"),
    ({"columns": ["a", "y"]}, r"columns = \['a', 'y'\]: the target 'y' is no feature"),
    ({"columns": ["a", "a"]}, "no feature comes twice"),
    ({"columns": "a"}, "columns = 'a': give a list of names"),
    ({"columns": []}, r"columns = \[\]: give a list of names"),
    ({"separator": ", "}, "separator = ', ': give the one character"),
])  # fmt: skip
def test_so_are_options_that_do_not_fit(tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        data.from_csv(csv_file(tmp_path, "a,b,y\n1,2,3\n"), "y", **options)


def test_text_in_another_encoding_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"table\.csv is not text in UTF-8"):
        data.from_csv(csv_file(tmp_path, "grün,y\n1,2\n", "latin-1"), "y")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        data.from_csv(tmp_path / "none.csv", "y")


def test_bytes_at_random_never_end_in_another_error(tmp_path):
    random = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(FLOWERS.encode())
        for _ in range(random.integers(1, 6)):
            content[random.integers(len(content))] = random.integers(256)
        path = tmp_path / "table.csv"
        path.write_bytes(bytes(content))
        try:
            table = data.from_csv(path, "colour", ["sepal", "petal"])
        except ValueError as error:
            assert str(path) in str(error) and "\n" not in str(error)
        else:
            assert np.isfinite(table.X).all() and len(table.X) == len(table.y)


# --- IDX ---

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array):
    """The bytes of an IDX file, written here by the format's description."""
    code = CODES[array.dtype.str[1:]]
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("zipped", [False, True])
def test_an_idx_file_gives_its_array(tmp_path, kind, zipped):
    for shape in ((3,), (2, 3), (2, 3, 4)):
        array = (np.arange(math.prod(shape)) * 5 - (0 if kind == "u1" else 7)).astype(kind).reshape(shape)
        path = tmp_path / "array"  # the name does not matter
        path.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
        found = data.from_idx(path)
        assert found.dtype == array.dtype and found.dtype.isnative and (found == array).all() and found.shape == shape
        found[0] = 1  # it can be written to


GOOD = idx(np.arange(24, dtype="u1").reshape(2, 3, 4))


@pytest.mark.parametrize(("content", "sentence"), [
    (b"", r"is not an IDX file: it begins with b'', not with two zero bytes"),
    (b"\x89PNG....", "is not an IDX file: it begins with b'.x89PNG'"),
    (GOOD[:2] + b"\x07" + GOOD[3:], "has numbers of type 0x07; IDX has 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e"),
    (GOOD[:3] + b"\x00" + GOOD[4:], "has 0 dimensions; an array has 1 to 32"),
    (GOOD[:3] + b"\xff" + GOOD[4:], "has 255 dimensions"),
    (GOOD[:10], "ends before the sizes of its 3 dimensions do"),
    (GOOD[:-1], r"has the shape \(2, 3, 4\), which takes 24 bytes, but only 23 follow"),
    (GOOD + b"\0", r"which takes 24 bytes, but more follow"),
    (GOOD[:4] + b"\0\0\0\0" + GOOD[8:], r"has the shape \(0, 3, 4\): nothing is in it"),
    (GOOD[:4] + b"\xff" * 12 + GOOD[16:], r"has the shape \(4294967295, .*\), which takes \d+ bytes, but only 24"),
    (gzip.compress(GOOD, mtime=0)[:-9], "is not a whole gzip file: Compressed file ended before the end-of-stream marker"),
    (gzip.compress(GOOD, mtime=0)[:-5] + b"\0" + gzip.compress(GOOD, mtime=0)[-4:], "is not a whole gzip file: CRC check failed"),
    (b"\x1f\x8b" + GOOD, "is not a whole gzip file: "),
])  # fmt: skip
def test_a_damaged_idx_file_is_refused_in_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as caught:
        data.from_idx(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("zipped", [False, True])
def test_cut_and_changed_idx_files_give_an_array_or_a_sentence(tmp_path, zipped):
    whole = gzip.compress(GOOD, mtime=0) if zipped else GOOD
    random = np.random.default_rng(0)
    damaged = [whole[:end] for end in range(len(whole))]
    for _ in range(400):
        changed = bytearray(whole)
        for _ in range(random.integers(1, 4)):
            changed[random.integers(len(changed))] = random.integers(256)
        damaged.append(bytes(changed))
    refused = 0
    for content in damaged:
        path = tmp_path / "damaged"
        path.write_bytes(content)
        try:
            assert data.from_idx(path).size <= 24
        except ValueError as error:
            refused += 1
            assert str(error).startswith(str(path)) and str(error).endswith(".") and "\n" not in str(error)
    assert refused >= len(whole)  # each that was cut, at least


# --- MNIST ---

def strokes(count, seed):
    """Pictures of 28x28 with a bar for each class at its own height, and noise; no one's handwriting."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % 10).astype("u1")
    pictures = random.integers(0, 60, size=(count, 28, 28))
    for picture, label in zip(pictures, labels):
        picture[2 + 2 * label : 5 + 2 * label, 4:24] += 190
    return pictures.astype("u1"), labels


def folder_of(path, train, test, *, zipped=False, dot=False):
    for part, (images, labels) in (("train", train), ("t10k", test)):
        for name, array in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)):
            name = f"{part}-{name.replace('-idx', '.idx') if dot else name}{'.gz' if zipped else ''}"
            (path / name).write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    return path


@pytest.mark.parametrize("form", [{}, {"zipped": True}, {"dot": True}])
def test_the_four_files_are_read_as_published(tmp_path, form):
    train, test = strokes(30, 0), strokes(10, 1)
    split = data.mnist(folder_of(tmp_path, train, test, **form))
    assert split.X.shape == (30, 784) and split.X_test.shape == (10, 784)
    assert (split.X.reshape(30, 28, 28) * 255).round().astype(int).tolist() == train[0].tolist() and split.X.max() <= 1
    assert split.y.tolist() == train[1].tolist() and split.y_test.tolist() == test[1].tolist()


def test_784_15_10_trains_on_them(tmp_path):
    split = data.mnist(folder_of(tmp_path, strokes(200, 0), strokes(50, 1), zipped=True))
    model = nn.MLP(784, [15, 10], activation="sigmoid", output="sigmoid", seed=0)
    assert len(model.parameters()) == 11_935
    descent = nn.optim.SGD(model.parameters(), lr=1.0)
    history = nn.fit(model, split.X, split.y, optimizer=descent, epochs=15, batch_size=10, compiled=True)
    assert history.cost[-1] < 0.5 * history.cost[0]
    assert nn.evaluate(model, split.X_test, split.y_test)[1] > 0.8


@pytest.mark.parametrize(("change", "error", "sentence"), [
    (lambda f: (f / "t10k-labels-idx1-ubyte").unlink(), FileNotFoundError,
     "neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz in"),
    (lambda f: (f / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(7, "u1"))), ValueError,
     "train-images-idx3-ubyte has 20 pictures, and .*train-labels-idx1-ubyte has 7 labels"),
    (lambda f: (f / "train-images-idx3-ubyte").write_bytes(idx(np.zeros((20, 784), "u1"))), ValueError,
     "train-images-idx3-ubyte must hold bytes in 3 dimensions; it holds uint8 in 2"),
    (lambda f: (f / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(20, "f4"))), ValueError, "it holds float32 in 1"),
    (lambda f: (f / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((10, 8, 8), "u1"))), ValueError,
     "have 784 pixels for training and 64 for the test"),
    (lambda f: (f / "train-images-idx3-ubyte").write_bytes(b"<html>"), ValueError, "train-images-idx3-ubyte is not an IDX file"),
])  # fmt: skip
def test_files_that_do_not_belong_together_are_refused(tmp_path, change, error, sentence):
    change(folder_of(tmp_path, strokes(20, 0), strokes(10, 1)))
    with pytest.raises(error, match=sentence):
        data.mnist(tmp_path)
