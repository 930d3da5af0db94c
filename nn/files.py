"""Saved models: one safetensors file, the parameters as arrays and the architecture in the metadata. Never pickle.

The names are those of `state_dict()`: layers.0.weight (out, in), layers.0.bias, layers.1.weight, ... The layers of a
torch.nn.Sequential of Linear and activation modules are numbered 0, 2, 4, ..., so one line loads a file there:

    sequential.load_state_dict({f"{2 * int(k.split('.')[1])}.{k.split('.')[2]}": v for k, v in load_file(path).items()})

A file may come from anyone. Its metadata is checked against the shapes of the arrays that it holds before anything is
built, so what a model costs in memory is bounded by the size of its file.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from ..engine.arrays import shown
from ..engine.files import write_whole
from .activations import elementwise
from .network import MLP

FORMAT = "chainrule-mlp/1"
FLOATS = ("F64", "F32", "F16")  # what safetensors calls the types of arrays that a model may be stored in
LONGEST, DEEPEST = 1_000_000, 50  # characters of a JSON text, and how deep its lists and dictionaries may be nested


class Architecture(NamedTuple):
    """What a file says about its network: the number of inputs, then the size and the activation of each layer."""

    n_in: int
    sizes: list[int]
    activations: list[str]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The names and shapes of the arrays of such a network."""
        found: dict[str, tuple[int, ...]] = {}
        for i, (below, above) in enumerate(zip([self.n_in, *self.sizes], self.sizes)):
            found |= {f"layers.{i}.weight": (above, below), f"layers.{i}.bias": (above,)}
        return found


def save(model: MLP, path: str | os.PathLike[str], **remarks: Any) -> None:
    """Write the model to a file, whole or not at all. `remarks` (what JSON can hold) are kept beside the architecture.

    Raises ValueError or TypeError for what a file cannot hold, and OSError if it cannot be written.
    """
    custom = [layer.activation.name for layer in model.layers if layer.activation.custom]
    if custom:
        raise ValueError(f"The activation {custom[0]!r} is a function of your own, which a file cannot hold; use a named one.")
    architecture = Architecture(model.n_in, [n.n_out for n in model.layers], [n.activation.name for n in model.layers])
    metadata = {"format": FORMAT, "architecture": json.dumps(architecture._asdict()), "remarks": to_json(remarks)}
    data = to_bytes({name: np.ascontiguousarray(array) for name, array in model.state_dict().items()}, metadata)
    write_whole(path, data)


def to_json(remarks: dict[str, Any]) -> str:
    """The remarks as JSON; a ValueError refuses what `load` would not read again."""
    try:
        text = json.dumps(remarks)
        from_json(text, "remarks")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"A file cannot hold these remarks: {error}") from None
    return text


def from_json(text: str, what: str) -> dict[str, Any]:
    """The object that a JSON text holds; a ValueError says why it does not, or why it is not read."""
    if len(text) > LONGEST:
        raise ValueError(f"the JSON of the {what} is longer than {LONGEST} characters.")
    depth = deepest = 0
    for sign in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):  # brackets inside strings do not count
        depth += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise ValueError(f"the JSON of the {what} is nested more than {DEEPEST} deep.")
    try:
        found = json.loads(text)
    except ValueError as error:  # the place of the mistake, or an integer of too many digits
        raise ValueError(f"the JSON of the {what} cannot be read: {error}.") from None
    if not isinstance(found, dict):
        raise ValueError(f"the JSON of the {what} is not an object but {shown(found)}.")
    return found


def load(path: str | os.PathLike[str]) -> MLP:
    """The model that a file holds. Raises FileNotFoundError, or a ValueError that names the file and what is wrong in it."""
    return load_with_remarks(path)[0]


def load_with_remarks(path: str | os.PathLike[str]) -> tuple[MLP, dict[str, Any]]:
    """The model, and the remarks it was saved with."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            return read(file)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is not a whole safetensors file: {one_line(error)}.") from None
    except ValueError as error:
        raise ValueError(f"{path} {one_line(error)}") from None


def one_line(error: Exception) -> str:
    """An error's message on one line of moderate length: parts of it may come from the file."""
    line = " ".join(str(error).split())
    return line if len(line) <= 500 else f"{line[:497]}..."


def read(file: Any) -> tuple[MLP, dict[str, Any]]:
    """The model and the remarks of an open file; each ValueError continues a sentence that begins with the file's name."""
    metadata = file.metadata() or {}
    if metadata.get("format") != FORMAT:
        raise ValueError(f"is a safetensors file, but not a model saved by chainrule (its format is not {FORMAT}).")
    try:
        architecture = architecture_of(from_json(metadata.get("architecture", ""), "architecture"))
        remarks = from_json(metadata.get("remarks", "{}"), "remarks")
        check_arrays({name: file.get_slice(name) for name in file.keys()}, architecture)  # noqa: SIM118
        *hidden, output = architecture.activations
        model = MLP(architecture.n_in, architecture.sizes, hidden, output, init="zeros")
        model.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118  # not a dictionary
    except ValueError as error:
        raise ValueError(f"does not fit together: {error}") from None
    return model, remarks


def architecture_of(data: dict[str, Any]) -> Architecture:
    """The architecture that the metadata describes, if it is one."""
    missing = Architecture._fields - data.keys()
    if missing:
        raise ValueError(f"the architecture does not say {' and '.join(sorted(missing))}.")
    n_in, sizes, activations = (data[field] for field in Architecture._fields)
    if not isinstance(sizes, list) or not sizes or not all(map(is_size, [n_in, *sizes])):
        raise ValueError("the architecture needs whole numbers from 1 on as n_in and as a list of sizes; it has n_in = "
                         f"{shown(n_in)} and sizes = {shown(sizes)}.")  # fmt: skip
    if not isinstance(activations, list) or len(activations) != len(sizes):
        raise ValueError(f"the architecture needs a list of {len(sizes)} activations, one for each layer; it has "
                         f"{shown(activations)}.")  # fmt: skip
    for name in activations:
        if not isinstance(name, str) or (elementwise(name) is None and name != "softmax"):
            raise ValueError(f"there is no activation {shown(name)}.")
    return Architecture(n_in, sizes, activations)


def is_size(number: Any) -> bool:
    """Whether this can be a number of inputs or of neurons."""
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1


def check_arrays(arrays: dict[str, Any], architecture: Architecture) -> None:
    """Refuse arrays, of which only type and shape are read, that are not those of a network of this architecture."""
    if len(arrays) < len(architecture.sizes):
        raise ValueError(f"the architecture has {len(architecture.sizes)} layers, and there are only {len(arrays)} arrays.")
    shapes = architecture.shapes()
    if arrays.keys() != shapes.keys():
        missing, extra = sorted(shapes.keys() - arrays.keys()), sorted(arrays.keys() - shapes.keys())
        raise ValueError(f"the arrays belong to another network: missing {shown(missing) if missing else 'none'}, unexpected "
                         f"{shown(extra) if extra else 'none'}.")  # fmt: skip
    for name, array in arrays.items():
        kind, shape = array.get_dtype(), tuple(array.get_shape())
        if kind not in FLOATS:
            raise ValueError(f"{name} has the type {kind}; a model's arrays have one of the types {', '.join(FLOATS)}.")
        if shape != shapes[name]:
            raise ValueError(f"{name} has shape {shown(shape)} in the file and {shown(shapes[name])} in this network.")
