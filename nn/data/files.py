"""Data of one's own: tables in CSV files, and pictures in the IDX files that MNIST comes in."""

from __future__ import annotations

import csv
import gzip
import math
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ...engine.arrays import shown
from .sets import Split

PathLike = str | os.PathLike[str]
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}  # IDX: the largest byte comes first
CHUNK = 1 << 20  # bytes read at once: a header may promise more than any memory holds
DIMENSIONS = 32  # more than any picture has, and not more than NumPy's arrays can have


# --- CSV ---

class Table(NamedTuple):
    """What a CSV file holds: X (examples, columns), y (examples), the names of the columns of X, and those of the classes.

    If the target column has names in it, y has their places in `classes`, which are sorted; else `classes` is empty.
    """

    X: np.ndarray
    y: np.ndarray
    columns: list[str]
    classes: list[str]


def from_csv(path: PathLike, target: str, columns: Sequence[str] | None = None, *, separator: str = ",") -> Table:
    """Examples from a CSV file in UTF-8 whose first line names the columns; empty lines are skipped.

    target    the column to be predicted: numbers, or names of classes
    columns   the columns that are features, in this order; None takes all others

    A ValueError names the file, the line and the column of what cannot be read.
    """
    if not isinstance(separator, str) or len(separator) != 1 or separator in '\r\n" ':
        raise ValueError(f"separator = {shown(separator)}: give the one character between two cells, such as \",\" or \";\".")
    if columns is not None and (isinstance(columns, str) or not len(columns)):
        raise ValueError(f"columns = {shown(columns)}: give a list of names, or None for all columns but the target.")
    exists(path)
    lines, rows = [], []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=separator, strict=True)
            try:
                for row in reader:
                    if any(cell.strip() for cell in row):
                        lines.append(reader.line_num)
                        rows.append([cell.strip() for cell in row])
            except csv.Error as error:
                raise ValueError(f"{path}, line {reader.line_num}: {error}.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8: {error.reason}.") from None
    names, wanted = header(path, rows, target, columns)
    if len(rows) < 2:
        raise ValueError(f"{path} has the names of columns, but no example below them.")
    for line, row in zip(lines, rows):
        if len(row) != len(names):
            raise ValueError(f"{path}, line {line}: {len(row)} cells, but {len(names)} columns are named in line {lines[0]}.")
    cells = [[row[names.index(name)] for row in rows[1:]] for name in wanted]
    X = np.array([numbers(path, lines[1:], name, column) for name, column in zip(wanted, cells)]).T
    answers = [row[names.index(target)] for row in rows[1:]]
    if any(is_number(answer) for answer in answers):
        return Table(X, np.array(numbers(path, lines[1:], target, answers)), wanted, [])
    empty = [line for line, answer in zip(lines[1:], answers) if not answer]
    if empty:
        raise ValueError(f"{path}, line {empty[0]}, column {target!r}: there is no target; remove the line, or fill it in.")
    classes = sorted(set(answers))
    return Table(X, np.array([classes.index(answer) for answer in answers]), wanted, classes)


def header(path: PathLike, rows: list[list[str]], target: str, columns: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """All names of columns, and those that are features."""
    if not rows:
        raise ValueError(f"{path} is empty: its first line must name the columns.")
    names = rows[0]
    if all(map(is_number, names)):
        raise ValueError(f"{path} must name its columns in the first line; that has only numbers: {shown(names)}.")
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice or "" in names:
        what = f"the name {twice[0]!r} twice" if twice and twice[0] else "a column without a name"
        raise ValueError(f"{path} has {what} in its first line: each column needs a name of its own.")
    wanted = list(columns) if columns is not None else [name for name in names if name != target]
    for name in (target, *wanted):
        if name not in names:
            hint = " Is another separator needed?" if len(names) == 1 else ""
            raise ValueError(f"{path} has no column {shown(name)}; it has {', '.join(map(repr, names)):.200}.{hint}")
    if target in wanted or len(set(wanted)) < len(wanted):
        raise ValueError(f"columns = {shown(columns)}: the target {target!r} is no feature, and no feature comes twice.")
    if not wanted:
        raise ValueError(f"{path} has only the target column {target!r}, and nothing to predict it from.")
    return names, wanted


def numbers(path: PathLike, lines: list[int], name: str, cells: list[str]) -> list[float]:
    """A column as numbers; a ValueError names the line of a cell that is none."""
    for line, cell in zip(lines, cells):
        if not is_number(cell):
            what = f"{shown(cell)} is not a number" if cell else "there is no number; remove the line, or fill it in"
            raise ValueError(f"{path}, line {line}, column {name!r}: {what}.")
    return [float(cell) for cell in cells]


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number as people write it; Python would also read 1_000."""
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


# --- IDX ---

def from_idx(path: PathLike) -> np.ndarray:
    """The array in an IDX file, the format of MNIST (LeCun, Cortes and Burges); gzipped or not.

    Two zero bytes, a byte for the type of number, one for how many dimensions; their sizes; then the numbers. A ValueError
    says what is wrong in a file that is damaged or is none.
    """
    exists(path)
    try:
        with open(path, "rb") as plain:
            zipped = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            return array_of(gzip.GzipFile(fileobj=plain) if zipped else plain)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is not a whole gzip file: {' '.join(str(error).split()).rstrip('.')}.") from None
    except ValueError as error:
        raise ValueError(f"{path} {error}") from None


def array_of(file: BinaryIO | gzip.GzipFile) -> np.ndarray:
    """The array in an open IDX file; each ValueError continues a sentence that begins with the file's name."""
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0":
        raise ValueError(f"is not an IDX file: it begins with {start!r}, not with two zero bytes, a type and its dimensions.")
    kind, dimensions = TYPES.get(start[2]), start[3]
    if kind is None:
        raise ValueError(f"has numbers of type 0x{start[2]:02x}; IDX has {', '.join(f'0x{code:02x}' for code in TYPES)}.")
    if not 1 <= dimensions <= DIMENSIONS:
        raise ValueError(f"has {dimensions} dimensions; an array has 1 to {DIMENSIONS}.")
    sizes = file.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise ValueError(f"ends before the sizes of its {dimensions} dimensions do.")
    shape = struct.unpack(f">{dimensions}I", sizes)
    if 0 in shape:
        raise ValueError(f"has the shape {shown(shape)}: nothing is in it.")
    size, content = math.prod(shape) * np.dtype(kind).itemsize, bytearray()
    while len(content) <= size and (chunk := file.read(CHUNK)):
        content += chunk
    if len(content) != size:
        there = f"only {len(content)}" if len(content) < size else "more"
        raise ValueError(f"has the shape {shown(shape)}, which takes {size} bytes, but {there} follow.")
    found = np.frombuffer(content, kind).reshape(shape)
    return found.astype(found.dtype.newbyteorder("="))


def mnist(folder: PathLike) -> Split:
    """MNIST, or another set in its form, from a folder with its four files: X (examples, pixels) from 0 to 1, y the classes.

    The files are train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, as
    they are published, each gzipped (.gz) or not. The 60,000 pictures of MNIST take 380 megabytes as X.
    """
    parts: list[np.ndarray] = []
    for part in ("train", "t10k"):
        where, images = idx_file(folder, f"{part}-images", 3)
        beside, labels = idx_file(folder, f"{part}-labels", 1)
        if len(images) != len(labels):
            raise ValueError(f"{where} has {len(images)} pictures, and {beside} has {len(labels)} labels: one belongs to each.")
        parts += [images.reshape(len(images), -1) / 255, labels.astype(int)]
    X, y, X_test, y_test = parts
    if X.shape[1] != X_test.shape[1]:
        raise ValueError(f"The pictures in {folder} have {X.shape[1]} pixels for training and {X_test.shape[1]} for the test.")
    return Split(X, y, X_test, y_test)


def idx_file(folder: PathLike, name: str, dimensions: int) -> tuple[Path, np.ndarray]:
    """One of the four files, which must hold bytes in so many dimensions, and its path."""
    full = f"{name}-idx{dimensions}-ubyte"
    known = (full, full.replace("-idx", ".idx"))  # some programs that unzip them write a dot
    tried = [Path(folder) / f"{file}{end}" for file in known for end in ("", ".gz")]
    path = next((path for path in tried if path.is_file()), None)
    if path is None:
        raise FileNotFoundError(f"There is neither {full} nor {full}.gz in {folder}.")
    array = from_idx(path)
    if array.dtype != np.uint8 or array.ndim != dimensions:
        raise ValueError(f"{path} must hold bytes in {dimensions} dimensions; it holds {array.dtype} in {array.ndim}.")
    return path, array


def exists(path: Any) -> None:
    """Refuse a path at which there is no file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path}.")
