"""Saved models: what comes back, and what happens to files that are not whole."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engine import tanh
from nn import MLP, init, load, save
from nn.files import FORMAT, load_with_remarks


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.safetensors"


def make(seed=0):
    return MLP(3, [4, 2], "tanh", "sigmoid", seed=seed)


def good(**change):
    """The metadata of a file that fits `make()`, with something changed."""
    architecture = {"n_in": 3, "sizes": [4, 2], "activations": ["tanh", "sigmoid"]} | change
    return {"format": FORMAT, "architecture": json.dumps(architecture), "remarks": "{}"}


# --- what comes back ---

def test_a_model_comes_back_bit_by_bit(path):
    model = make()
    model.layers[0].neurons[0].b.data = 0.1 + 0.2  # a number with all its digits
    model.layers[0].neurons[1].b.data = 5e-324
    save(model, path)
    again = load(path)
    assert repr(again) == repr(model)
    assert [p.data for p in again.parameters()] == [p.data for p in model.parameters()]
    assert all(p.op is None for p in again.parameters())
    X = np.random.default_rng(0).normal(size=(10, 3))
    assert (again.predict(X) == model.predict(X)).all()


def test_remarks_are_kept_beside_it(path):
    save(make(), path, demo="digits", accuracy=0.95, note="größer")
    assert load_with_remarks(path)[1] == {"demo": "digits", "accuracy": 0.95, "note": "größer"}


def test_the_file_is_safetensors_with_the_names_of_the_state(path):
    model = make()
    save(model, str(path))
    arrays = load_file(path)
    assert {name: array.tolist() for name, array in arrays.items()} == {
        name: array.tolist() for name, array in model.state_dict().items()
    }


def test_the_weights_go_into_a_sequential_of_torch_by_one_line(path):
    torch = pytest.importorskip("torch")
    model = make()
    save(model, path)
    sequential = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2), torch.nn.Sigmoid()).double()
    from safetensors.torch import load_file  # the line below is the docstring's

    sequential.load_state_dict({f"{2 * int(k.split('.')[1])}.{k.split('.')[2]}": v for k, v in load_file(path).items()})
    X = np.random.default_rng(0).normal(size=(10, 3))
    assert sequential(torch.tensor(X)).detach().numpy() == pytest.approx(model.predict(X), rel=1e-13)


# --- files that are not whole ---

def refused(path, sentence):
    """One sentence of a ValueError, on one line, that names the file."""
    with pytest.raises(ValueError, match=sentence) as caught:
        load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 60, 0.5, -1])
def test_a_truncated_file_is_refused(path, keep):
    save(make(), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep) if isinstance(keep, float) else keep])
    refused(path, "is not a whole safetensors file")


@pytest.mark.parametrize("data", [b"hello", b"\x80\x04K\x01.", b"\xff" * 100, b"PK\x03\x04" + b"\0" * 50])
def test_a_foreign_file_is_refused(path, data):
    path.write_bytes(data)
    refused(path, "is not a whole safetensors file")


@pytest.mark.parametrize("at", range(8, 90, 9))
def test_a_file_with_a_damaged_head_is_refused(path, at):
    save(make(), path)
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    refused(path, "is not a whole safetensors file")


def test_another_programs_safetensors_are_refused(path):
    save_file(make().state_dict(), path)
    refused(path, "is a safetensors file, but not a model saved by chainrule")


@pytest.mark.parametrize(("metadata", "sentence"), [
    (good(n_in=5), r"layers\.0\.weight has shape \(4, 3\) there and \(4, 5\)"),
    (good(sizes=[2]), "does not fit together"),
    (good(sizes=[4, 2, 1]), "2 are needed, 1 given"),
    (good(sizes=[4, -2]), "-2 was asked for"),
    (good(sizes=[]), "does not fit together"),
    (good(sizes=7), "does not fit together"),
    (good(n_in=None), "None was asked for"),
    (good(activations=["tanh", "sigmoidal"]), "There is no activation 'sigmoidal'"),
    (good(activations=["softmax", "sigmoid"]), "softmax is for the output layer"),
    (good(activations=[]), "does not fit together"),
    (good(activations=None), "does not fit together"),
    (good() | {"architecture": "{"}, "does not fit together"),
    (good() | {"architecture": "[1]"}, "does not fit together"),
    (good() | {"remarks": "{"}, "does not fit together"),
    ({"format": FORMAT}, "architecture"),
    (good() | {"format": "chainrule-mlp/99"}, "not a model saved by chainrule"),
    ({}, "not a model saved by chainrule"),
])  # fmt: skip
def test_a_file_whose_parts_do_not_fit_is_refused(path, metadata, sentence):
    save_file(make().state_dict(), path, metadata)
    refused(path, sentence)


@pytest.mark.parametrize(("change", "sentence"), [
    ({"layers.0.bias": np.zeros(3)}, r"layers\.0\.bias has shape \(3,\) there and \(4,\)"),
    ({"layers.9.bias": np.zeros(3)}, r"not known here \['layers\.9\.bias'\]"),
    ({"layers.0.bias": np.array([1, 2, np.nan, 4])}, "contains nan or inf"),
])  # fmt: skip
def test_a_file_with_other_arrays_is_refused(path, change, sentence):
    save_file(make().state_dict() | change, path, good())
    refused(path, sentence)


def test_arrays_of_a_kind_that_numpy_has_not_are_refused(path):
    """bfloat16, as torch writes it."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    save_file({name: torch.tensor(array).bfloat16() for name, array in make().state_dict().items()}, path, good())
    refused(path, "does not fit together|not a whole")


def test_an_architecture_far_larger_than_the_file_is_refused_before_it_is_built(path, monkeypatch):
    """A damaged number must not fill the memory with weights that the file does not hold."""
    def build(*_):
        raise AssertionError("a layer of ten million neurons was begun")

    monkeypatch.setitem(init.BY_NAME, "zeros", build)
    save_file(make().state_dict(), path, good(sizes=[10_000_000, 2]))
    refused(path, "does not fit together")


def test_no_file_and_a_folder_are_told_as_such(tmp_path):
    for place in (tmp_path / "nothing.safetensors", tmp_path):
        with pytest.raises((FileNotFoundError, IsADirectoryError), match=f"{place}"):
            load(place)


# --- what cannot be saved ---

def test_a_folder_that_is_not_there_is_told_in_one_line(tmp_path):
    with pytest.raises(OSError, match=r"Cannot write .*m\.safetensors: No such file or directory\."):
        save(make(), tmp_path / "nowhere" / "m.safetensors")


def test_a_function_of_ones_own_cannot_be_saved_and_no_file_is_begun(path):
    with pytest.raises(ValueError, match=r"The activation '<lambda>' is a function of your own, which a file cannot hold"):
        save(MLP(2, [3, 1], lambda z: z * z), path)
    assert not path.exists()


def test_the_engines_own_function_has_a_name_and_can_be_saved(path):
    save(MLP(2, [3, 1], tanh, seed=0), path)
    assert repr(load(path)) == "MLP(2 → 3 tanh → 1 linear; 13 parameters)"


def test_a_remark_that_is_no_number_or_text_is_refused_and_no_file_is_begun(path):
    with pytest.raises(TypeError):
        save(make(), path, remark=object())
    assert not path.exists()
