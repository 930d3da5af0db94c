"""Saved models: one safetensors file, the parameters as arrays and the architecture in the metadata. Never pickle.

The names are those of `state_dict()`: layers.0.weight (out, in), layers.0.bias, layers.1.weight, ... The layers of a
torch.nn.Sequential of Linear and activation modules are numbered 0, 2, 4, ..., so one line loads a file there:

    sequential.load_state_dict({f"{2 * int(k.split('.')[1])}.{k.split('.')[2]}": v for k, v in load_file(path).items()})
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from engine.files import write_whole

from .network import MLP

FORMAT = "chainrule-mlp/1"


def save(model: MLP, path: str | os.PathLike[str], **remarks: Any) -> None:
    """Write the model to a file, whole or not at all. `remarks` (strings, numbers) are kept beside the architecture."""
    custom = [layer.activation.name for layer in model.layers if layer.activation.custom]
    if custom:
        raise ValueError(f"The activation {custom[0]!r} is a function of your own, which a file cannot hold; use one by name.")
    architecture = {
        "n_in": model.n_in,
        "sizes": [layer.n_out for layer in model.layers],
        "activations": [layer.activation.name for layer in model.layers],
    }
    metadata = {"format": FORMAT, "architecture": json.dumps(architecture), "remarks": json.dumps(remarks)}
    data = to_bytes({name: np.ascontiguousarray(array) for name, array in model.state_dict().items()}, metadata)
    write_whole(path, data)


def load(path: str | os.PathLike[str]) -> MLP:
    """The model that a file holds."""
    return load_with_remarks(path)[0]


def load_with_remarks(path: str | os.PathLike[str]) -> tuple[MLP, dict[str, Any]]:
    """The model, and the remarks it was saved with."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dictionary
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a whole safetensors file of plain arrays: {error}.") from None
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path} is a safetensors file, but not a model saved by chainrule (its format is not {FORMAT}).")
    try:
        architecture = json.loads(metadata["architecture"])
        *hidden, output = architecture["activations"]
        sizes = [architecture["n_in"], *architecture["sizes"]]
        held = sum(array.size for array in state.values())
        if all(isinstance(size, int) for size in sizes) and sum(map(int.__mul__, sizes, sizes[1:])) > 2 * held + 1000:
            raise ValueError(f"the architecture {architecture} has far more parameters than the {held} that are there.")
        model = MLP(architecture["n_in"], architecture["sizes"], hidden, output, init="zeros")
        model.load_state_dict(state)
        return model, json.loads(metadata.get("remarks", "{}"))
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} does not fit together: {error}") from None
