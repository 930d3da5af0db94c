"""Saved models: one safetensors file, the parameters as arrays and how to build the model in the metadata. Never pickle.

The names are those of `state_dict()`: layers.0.weight (out, in), layers.0.bias, layers.1.weight, ... The layers of a
torch.nn.Sequential of Linear and activation modules are numbered 0, 2, 4, ..., so one line loads a file there:

    sequential.load_state_dict({f"{2 * int(k.split('.')[1])}.{k.split('.')[2]}": v for k, v in load_file(path).items()})

A file may come from anyone. Its metadata is checked against the shapes of the arrays that it holds before anything is
built, so what a model costs in memory is bounded by the size of its file. A file never says how to build a class of the
user's own: `load(path, Net)` is told.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from ..engine import TABLE
from ..engine.arrays import shown
from ..engine.files import write_whole
from ..engine.primitive import Primitive
from .activations import elementwise
from .layers import Layer, Neuron
from .module import Module
from .network import MLP
from .networks.conv import Conv1d, Conv2d
from .networks.gpt import GPT
from .networks.memory import GRU, LSTM
from .networks.pooling import Flatten, MaxPool2d
from .networks.rbf import RBF
from .networks.recurrent import Elman, Forced, Jordan
from .networks.sequential import Last, PerStep, Sequential
from .networks.tdnn import TDNN

FORMAT = "chainrule-mlp/1"
MODULE_FORMAT = "chainrule-module/1"  # every other module
# What a file may say that it holds
KINDS = (
    Neuron, Layer, Sequential, PerStep, Last, Conv1d, Conv2d, MaxPool2d, Flatten, TDNN, RBF, Elman, Jordan, Forced, LSTM, GRU,
    GPT,
)  # fmt: skip
HOLDERS = {"Sequential": "parts", "PerStep": "part", "Forced": "model"}  # what consists of other modules, and where they are
OURS: dict[str, type[Module]] = {kind.__name__: kind for kind in KINDS}
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


def save(model: Module, path: str | os.PathLike[str], **remarks: Any) -> None:
    """Write the model to a file, whole or not at all. `remarks` (what JSON can hold) are kept beside it.

    A Value that stands at several places comes back as several, with one number: a file has arrays. Raises ValueError or
    TypeError for what a file cannot hold, and OSError if it cannot be written.
    """
    if isinstance(model, MLP):
        kinds = [layer.activation.to_keep() for layer in model.layers]
        architecture = Architecture(model.n_in, [layer.n_out for layer in model.layers], kinds)
        metadata = {"format": FORMAT, "architecture": json.dumps(architecture._asdict())}
    elif isinstance(model, Module):
        described = description(model)
        if type(model).__name__ in HOLDERS and "parts" in described and shapes_of(described).keys() != model.stacks().keys():
            raise ValueError("A part stands twice in this module, and a file cannot say that two are one: make the whole a class "
                             "of your own, and give that to load.")  # fmt: skip
        metadata = {"format": MODULE_FORMAT, "module": json.dumps(described)}
    else:
        raise TypeError(f"save takes a module, such as an MLP; it was given {shown(model)}.")
    metadata["remarks"] = to_json(remarks)
    data = to_bytes({name: np.asarray(array, order="C") for name, array in model.state_dict().items()}, metadata)
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


def description(module: Module) -> dict[str, Any]:
    """The class of a module and what to give it, as JSON can hold it; for a class of the user's own its name alone."""
    name = type(module).__name__
    if OURS.get(name) is not type(module):
        return {"class": name}
    if name in HOLDERS:
        held = getattr(module, HOLDERS[name])
        return {"class": name, "parts": [part_of(part) for part in (held if isinstance(held, list) else [held])]}
    return {"class": name, "settings": module.settings()}


def part_of(part: Any) -> dict[str, Any]:
    """A part of a Sequential: a module of ours, or a function of the engine's table."""
    if isinstance(part, Primitive) and TABLE.get(part.name) is part:
        return {"function": part.name}
    found = description(part) if isinstance(part, Module) else {}
    if "settings" not in found and "parts" not in found:
        raise ValueError(f"The part {shown(part)} of this Sequential is a function or a class of your own, which a file cannot "
                         "hold: make the whole a class of your own, and give that to load.")  # fmt: skip
    return found


def load(path: str | os.PathLike[str], make: Callable[[], Module] | None = None) -> Any:
    """The model that a file holds; of a class of your own if that class, or a function that makes such a module, is given.

    Raises FileNotFoundError, or a ValueError that names the file and what is wrong in it.
    """
    return load_with_remarks(path, make)[0]


def load_with_remarks(path: str | os.PathLike[str], make: Callable[[], Module] | None = None) -> tuple[Any, dict[str, Any]]:
    """The model, and the remarks it was saved with."""
    if make is not None and not callable(make):
        raise TypeError(f"load takes a class, or a function without arguments that makes a module; it was given {shown(make)}.")
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            return read(file, make)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is not a whole safetensors file: {one_line(error)}.") from None
    except ValueError as error:
        raise ValueError(f"{path} {one_line(error)}") from None


def one_line(error: Exception) -> str:
    """An error's message on one line of moderate length: parts of it may come from the file."""
    line = " ".join(str(error).split())
    return line if len(line) <= 500 else f"{line[:497]}..."


def read(file: Any, make: Callable[[], Module] | None) -> tuple[Module, dict[str, Any]]:
    """The model and the remarks of an open file; each ValueError continues a sentence that begins with the file's name."""
    metadata = file.metadata() or {}
    kind = metadata.get("format")
    if kind not in (FORMAT, MODULE_FORMAT):
        raise ValueError(f"is a safetensors file, but not a model saved by chainrule (its format is not {FORMAT}).")
    arrays = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  # not a dictionary
    try:
        remarks = from_json(metadata.get("remarks", "{}"), "remarks")
        if make is not None:
            model = make()
            if not isinstance(model, Module):
                raise TypeError(f"load takes a class, or a function that makes a module; this made {shown(model)}.")
            check_arrays(arrays, {name: stack.shape for name, stack in model.stacks().items()})
        elif kind == FORMAT:
            architecture = architecture_of(from_json(metadata.get("architecture", ""), "architecture"))
            layers = len(architecture.sizes)
            if len(arrays) < layers:
                raise ValueError(f"the architecture has {layers} layers, and there are only {len(arrays)} arrays.")
            check_arrays(arrays, architecture.shapes())
            *hidden, output = architecture.activations
            model = MLP(architecture.n_in, architecture.sizes, hidden, output, init="zeros")
        else:
            described = from_json(metadata.get("module", ""), "module")
            check_arrays(arrays, shapes_of(described))
            model = built(described)
        model.load_state_dict({name: file.get_tensor(name) for name in arrays})
    except ValueError as error:
        raise ValueError(f"does not fit together: {error}") from None
    return model, remarks


def shapes_of(described: Any) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the arrays of a module that is described so; a ValueError says why it is not known."""
    if not isinstance(described, dict) or not isinstance(name := described.get("class"), str):
        raise ValueError(f"a module is described by its class, not by {shown(described)}.")
    kind = OURS.get(name)
    if kind is None or (name not in HOLDERS and "settings" not in described):
        raise ValueError(f"the class {shown(name)} is not chainrule's, so load must be told how to build it: load(path, Net), "
                         "where Net is that class or a function that makes such a module.")  # fmt: skip
    if name in HOLDERS:
        parts = described.get("parts")
        if not isinstance(parts, list) or not parts:
            raise ValueError(f"a {name} is described by a list of its parts, not by {shown(parts)}.")
        places = [str(i) if kind is Sequential else HOLDERS[name] for i in range(len(parts))]
        modules = [(place, part) for place, part in zip(places, parts) if not is_function(part)]
        return {f"{place}.{path}": shape for place, part in modules for path, shape in shapes_of(part).items()}
    try:
        return kind.shapes(**described["settings"])
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"the settings of {name}, {shown(described['settings'])}, are not such: {one_line(error)}") from None


def is_function(part: Any) -> bool:
    """Whether a part of a Sequential is described as a function of the engine's table that takes one thing."""
    name = part.get("function") if isinstance(part, dict) else None
    return isinstance(name, str) and name in TABLE and TABLE[name].arity in (1, None)


def built(described: dict[str, Any]) -> Module:
    """The module that is described so, its parameters anything: what its arrays would be has been held against the file."""
    kind: Callable[..., Module] = OURS[described["class"]]
    try:
        if described["class"] in HOLDERS:
            return kind(*[TABLE[part["function"]] if is_function(part) else built(part) for part in described["parts"]])
        return kind(**described["settings"])
    except TypeError as error:  # a setting of the wrong type
        raise ValueError(f"the settings {shown(described.get('settings'))} are not such: {one_line(error)}") from None


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


def check_arrays(arrays: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> None:
    """Refuse arrays, of which only type and shape are read, that do not have these names and shapes."""
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
