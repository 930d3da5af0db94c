"""Saved models: what comes back, and what happens to files that are not whole."""

import json
import struct
from random import Random

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import engine
import nn.files
from engine import Value, tanh
from nn import MLP, load, save
from nn.command import main as nn_command
from nn.files import FORMAT, load_with_remarks
from viz import command as viz_command


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


class Net(nn.Module):
    def __init__(self, units=3):
        self.inside, self.scale = nn.Layer(2, units, "tanh", seed=0), Value(2.0)

    def __call__(self, x):
        return self.scale * engine.fsum(self.inside(x))


@pytest.mark.parametrize("make", [
    lambda: nn.Layer(2, 3, "tanh", seed=0),
    lambda: nn.Sequential(nn.Layer(2, 3, "linear", seed=0), nn.Sequential(nn.Layer(3, 1, seed=1)), lambda outputs: outputs[0]),
])  # fmt: skip
def test_a_module_of_ours_comes_back_by_itself(path, make):
    module = make()
    if isinstance(module, nn.Sequential):
        module.parts[-1] = engine.fsum  # a row of the table is stored by its name
    save(module, path)
    again = load(path)
    assert repr(again) == repr(module)
    assert [p.data for p in again.parameters()] == [p.data for p in module.parameters()]
    X = np.random.default_rng(0).normal(size=(3, 2))
    np.testing.assert_array_equal(again.predict(X), module.predict(X))


def test_a_class_of_ones_own_comes_back_if_it_is_given(path):
    net = Net()
    net.scale.data = 7.0
    save(net, path, note="mine")
    again, remarks = load_with_remarks(path, Net)
    assert ([p.data for p in again.parameters()], remarks) == ([p.data for p in net.parameters()], {"note": "mine"})
    refused(path, r"the class 'Net' is not chainrule's, so load must be told how to build it: load\(path, Net\)")
    with pytest.raises(ValueError, match=r"inside\.bias has shape \(3,\) in the file and \(4,\)"):
        load(path, lambda: Net(4))
    for make in (net.scale, lambda: 3):
        with pytest.raises(TypeError, match="load takes a class, or a function"):
            load(path, make)


@pytest.mark.parametrize(("module", "error", "sentence"), [
    (nn.Sequential(nn.Layer(2, 1), lambda outputs: outputs[0]), ValueError, "which a file cannot hold: make the whole a class"),
    (nn.Sequential(Net()), ValueError, r"The part Net.* is a function or a class of your own"),
    (nn.Sequential(*2 * [nn.Layer(2, 2)]), ValueError, "A part stands twice in this module"),
    (3, TypeError, "save takes a module, such as an MLP; it was given 3"),
])  # fmt: skip
def test_what_a_file_cannot_hold_is_refused_and_no_file_is_begun(path, module, error, sentence):
    with pytest.raises(error, match=sentence):
        save(module, path)
    assert not path.exists()


EVERY = {
    "Neuron": lambda: nn.Neuron(3, "tanh", seed=1), "Layer": lambda: nn.Layer(3, 2, seed=1),
    "MLP": lambda: nn.MLP(3, [2, 1], seed=1),
    "Sequential": lambda: nn.Sequential(nn.LSTM(2, 3, seed=1), nn.Last(), nn.Layer(3, 1, seed=1)),
    "PerStep": lambda: nn.PerStep(nn.Sequential(nn.Layer(2, 2, seed=1))), "Last": nn.Last,
    "Conv1d": lambda: nn.Conv1d(2, 3, 2, seed=1), "Conv2d": lambda: nn.Conv2d(1, 2, (2, 3), seed=1),
    "MaxPool2d": lambda: nn.MaxPool2d(2), "Flatten": nn.Flatten, "TDNN": lambda: nn.TDNN(seed=1),
    "RBF": lambda: nn.RBF(2, 3, 1, centres="random", seed=1), "Elman": lambda: nn.Elman(2, 3, 1, seed=1),
    "Jordan": lambda: nn.Jordan(2, 3, 2, alpha=0.5, seed=1), "Forced": lambda: nn.Forced(nn.Jordan(2, 3, 2, seed=1)),
    "LSTM": lambda: nn.LSTM(2, 3, seed=1), "GRU": lambda: nn.GRU(2, 3, reset="before", seed=1),
    "GPT": lambda: nn.GPT(5, 4, 6, 3, seed=1),
}  # fmt: skip


def test_every_module_is_in_the_table_below():
    offered = {name: getattr(nn, name) for name in nn.contents.__all__}
    kinds = {name for name, kind in offered.items() if isinstance(kind, type) and issubclass(kind, nn.Module)}
    assert kinds - {"Module"} == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_every_module_of_ours_comes_back_by_itself(path, name):
    module = EVERY[name]()
    save(module, path)
    again = load(path)
    assert type(again) is type(module) and repr(again) == repr(module)
    assert {k: v.tolist() for k, v in again.state_dict().items()} == {k: v.tolist() for k, v in module.state_dict().items()}
    assert {k: stack.shape for k, stack in module.stacks().items()} == {k: v.shape for k, v in load_file(path).items()}


LAYER = {"class": "Layer", "settings": {"n_in": 2, "n_out": 3, "activation": "tanh"}}


@pytest.mark.parametrize(("module", "sentence"), [
    ({"class": "Layer", "settings": {"n_in": 10**9, "n_out": 3}}, r"weight has shape \(3, 2\) in the file and \(3, 1000000000\)"),
    ({"class": "Layer", "settings": {"n_in": [2], "n_out": 3}}, "does not fit together"),
    ({"class": "Layer", "settings": {"depth": 2}}, "the settings of Layer, .* are not such"),
    ({"class": "Layer", "settings": [2, 3]}, "the settings of Layer"),
    ({"class": "Layer", "settings": LAYER["settings"] | {"activation": "\x1b[2J"}}, r"There is no activation '\\x1b\[2J'"),
    ({"class": "Layer"}, "load must be told"),
    ({"class": "os.system", "settings": {"command": "true"}}, "the class 'os.system' is not chainrule's"),
    ({"class": ["Layer"]}, "a module is described by its class"),
    ({"class": "Sequential"}, "a list of its parts"),
    ({"class": "Sequential", "parts": [LAYER, {"function": "eval"}]}, "a module is described by its class"),
    ({"class": "Sequential", "parts": [LAYER, {"function": "mul"}]}, "a module is described by its class"),
    ({"class": "Sequential", "parts": [LAYER, 3]}, "a module is described by its class, not by 3"),
    ({"class": "Sequential", "parts": [{"function": "tanh"}]}, "unexpected"),
])  # fmt: skip
def test_a_module_that_is_described_otherwise_is_refused(path, module, sentence):
    metadata = {"format": nn.files.MODULE_FORMAT, "module": json.dumps(module), "remarks": "{}"}
    save_file(nn.Layer(2, 3, seed=0).state_dict(), path, metadata)
    refused(path, sentence)


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
    (good(n_in=5), r"layers\.0\.weight has shape \(4, 3\) in the file and \(4, 5\)"),
    (good(sizes=[2]), "does not fit together"),
    (good(sizes=[4, 2, 1]), r"a list of 3 activations, one for each layer; it has \['tanh', 'sigmoid'\]"),
    (good(sizes=[4, -2]), r"whole numbers from 1 on as n_in and as a list of sizes; it has n_in = 3 and sizes = \[4, -2\]"),
    (good(sizes=[4, 2.5]), r"sizes = \[4, 2\.5\]"),
    (good(sizes=[True, 2]), r"sizes = \[True, 2\]"),
    (good(sizes={"4": 2}), r"sizes = \{'4': 2\}"),
    (good(n_in=10**9, sizes=[1, 2.5], activations=["relu", "linear"]), r"n_in = 1000000000 and sizes = \[1, 2\.5\]"),
    (good(n_in=10**9, sizes=[10**9, None]), r"sizes = \[1000000000, None\]"),
    (good(n_in=10**9), r"layers\.0\.weight has shape \(4, 3\) in the file and \(4, 1000000000\)"),
    (good(sizes=[1] * 100_000, activations=["relu"] * 100_000), "does not fit together: the JSON of the architecture is longer"),
    (good(sizes=[1] * 50_000, activations=["exp"] * 50_000), "the architecture has 50000 layers, and there are only 4 arrays"),
    (good(sizes=[]), "does not fit together"),
    (good(sizes=7), "does not fit together"),
    (good(n_in=None), "n_in = None"),
    (good(activations=["tanh", "sigmoidal"]), "there is no activation 'sigmoidal'"),
    (good(activations=["tanh", "\x1b[2J\n"]), r"there is no activation '\\x1b\[2J\\n'"),
    (good(activations=["tanh", None]), "there is no activation None"),
    (good(activations="ts"), "a list of 2 activations, one for each layer; it has 'ts'"),
    (good(activations=["softmax", "sigmoid"]), "softmax is for the output layer"),
    (good(activations=[]), "does not fit together"),
    (good(activations=None), "does not fit together"),
    (good() | {"architecture": "{"}, "does not fit together"),
    (good() | {"architecture": "[1]"}, "does not fit together"),
    (good() | {"remarks": "{"}, "does not fit together"),
    (good() | {"remarks": "[1]"}, r"the JSON of the remarks is not an object but \[1\]"),
    (good() | {"remarks": "[" * 100_000}, "the JSON of the remarks is nested more than 50 deep"),
    (good() | {"architecture": '{"a":' * 100_000}, "the JSON of the architecture is nested more than 50 deep"),
    (good() | {"remarks": '{"a": "' + "x" * 2_000_000 + '"}'}, "the JSON of the remarks is longer than 1000000 characters"),
    (good() | {"architecture": '{"n_in": ' + "9" * 5000 + "}"}, "the JSON of the architecture cannot be read"),
    (good() | {"architecture": '{"n_in": 3, "sizes": [4, 2]}'}, "the architecture does not say activations"),
    ({"format": FORMAT}, "architecture"),
    (good() | {"format": "chainrule-mlp/99"}, "not a model saved by chainrule"),
    ({}, "not a model saved by chainrule"),
])  # fmt: skip
def test_a_file_whose_parts_do_not_fit_is_refused(path, metadata, sentence):
    save_file(make().state_dict(), path, metadata)
    refused(path, sentence)


@pytest.mark.parametrize(("change", "sentence"), [
    ({"layers.0.bias": np.zeros(3)}, r"layers\.0\.bias has shape \(3,\) in the file and \(4,\)"),
    ({"layers.9.bias": np.zeros(3)}, r"unexpected \['layers\.9\.bias'\]"),
    ({"layers.0.bias": np.array([1, 2, np.nan, 4])}, "contains nan or inf"),
])  # fmt: skip
def test_a_file_with_other_arrays_is_refused(path, change, sentence):
    save_file(make().state_dict() | change, path, good())
    refused(path, sentence)


def by_hand(header, data=b""):
    """A safetensors file as the format's description has it: the length of the header, the header, the numbers."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "BOOL": 1, "U8": 1, "I64": 8,
          "C64": 8, "F4": 0.5}  # fmt: skip


@pytest.mark.parametrize("kind", WIDTHS)
def test_floats_are_read_and_arrays_of_every_other_type_are_refused(path, kind):
    """float8 has no counterpart in NumPy, and the imaginary parts of complex numbers would be lost."""
    header, at = {"__metadata__": good()}, 0
    for name, array in make().state_dict().items():
        size = int(array.size * WIDTHS[kind])
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [at, at + size]}
        at += size
    path.write_bytes(by_hand(header, bytes(at)))
    if kind in ("F64", "F32", "F16"):
        assert [p.data for p in load(path).parameters()] == [0.0] * 26
    else:
        refused(path, f"layers.* has the type {kind}; a model's arrays have one of the types F64, F32, F16")


@pytest.mark.parametrize("change", [
    {"sizes": [10_000_000, 2]}, {"n_in": 10**9}, {"n_in": 10**9, "sizes": [1, 2.5]}, {"n_in": 10**9, "sizes": [10**9, None]},
    {"sizes": [10**9]}, {"sizes": [1] * 40_000, "activations": ["relu"] * 40_000},
], ids=str)  # fmt: skip
def test_an_architecture_that_the_file_does_not_hold_is_refused_before_anything_is_built(path, monkeypatch, change):
    """A damaged number must not fill the memory with weights that are not in the file."""
    def build(*_, **__):
        raise AssertionError("a network was begun")

    monkeypatch.setattr(nn.files, "MLP", build)
    save_file(make().state_dict(), path, good(**change))
    refused(path, "does not fit together")


@pytest.mark.parametrize("command", ["nn", "viz"])
def test_the_commands_say_one_sentence_about_a_hostile_file(path, capsys, command):
    main = nn_command.main if command == "nn" else viz_command.main
    words = ["predict", str(path), "digits"] if command == "nn" else ["network", str(path), "-o", str(path.with_suffix(".svg"))]
    for data in (by_hand({"__metadata__": good(n_in=10**9, sizes=[1, 2.5], activations=["relu", "linear"])}),
                 by_hand({"__metadata__": good() | {"architecture": "[" * 100_000}}),
                 by_hand({"__metadata__": good(), "a": {"dtype": "F8_E5M2", "shape": [1], "data_offsets": [0, 1]}}, b"1"),
                 by_hand(b"[" * 100_000), b"hello"):  # fmt: skip
        path.write_bytes(data)
        assert main(words) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and str(path) in said.err
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def damaged(random, data):
    """The file with some bits flipped, bytes cut out, doubled or overwritten."""
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5])):
        at = random.randrange(random.choice([8, 400, len(data)]))
        kind = random.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del data[at : at + random.randrange(1, 40)]
        elif kind == 2:
            data[at:at] = data[at : at + random.randrange(1, 40)]
        elif kind == 3:
            data[at : at + 1] = random.choice([b"0", b"9999", b"-", b'"', b"[", b"}", b"null", b"1e99", b"\xff", b"\\ud800"])
        else:
            del data[at:]
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_a_model_or_one_sentence(path, seed):
    random = Random(seed)
    save(make(), path, note="größer [", rate=0.1)
    whole = path.read_bytes()
    read = 0
    for _ in range(250):
        data = damaged(random, whole)
        if len(data) > 8 and random.random() < 0.5:  # the header's length made right again, so that more gets further
            data = struct.pack("<Q", max(0, data.rfind(b"}", 0, 600) + 1 - 8)) + data[8:]
        path.write_bytes(data)
        try:
            model, remarks = load_with_remarks(path)
        except ValueError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error) and len(str(error)) < 700
        else:
            read += 1
            assert model.parameters() and isinstance(remarks, dict)
    assert read < 250


ODD = [None, True, 0, -1, 1, 2, 3, 4, 1.5, 1e300, 10**30, "", "relu", "softmax", [], [3], [4, 2], ["tanh", "sigmoid"], {}]


@pytest.mark.parametrize("seed", range(4))
def test_hand_made_metadata_is_a_model_or_one_sentence(path, seed):
    random = Random(seed)
    for _ in range(100):
        change = {random.choice(["n_in", "sizes", "activations", "more"]): random.choice(ODD) for _ in range(2)}
        for key, value in change.items():
            if isinstance(value, list) and random.random() < 0.5:
                change[key] = [random.choice(ODD) for _ in range(random.randrange(4))]
        save_file(make().state_dict(), path, good(**change))
        try:
            assert repr(load(path)) == repr(make())  # nothing else fits the arrays
        except ValueError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
        except AssertionError:
            assert set(change.get("activations", [])) & {"relu", "softmax"}


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


def deep(levels):
    thing = []
    for _ in range(levels):
        thing = [thing]
    return thing


@pytest.mark.parametrize("remark", [deep(60), deep(100_000), "x" * 1_000_001], ids=["deep", "deepest", "long"])
def test_a_remark_that_could_not_be_read_again_is_refused_and_no_file_is_begun(path, remark):
    with pytest.raises(ValueError, match=r"^A file cannot hold these remarks: ") as caught:
        save(make(), path, remark=remark)
    assert len(str(caught.value)) < 200
    assert not path.exists()


def test_brackets_in_a_text_are_no_depth(path):
    save(make(), path, note="[" * 100 + '"\\', history=[[0.1] * 100] * 10)
    assert load_with_remarks(path)[1] == {"note": "[" * 100 + '"\\', "history": [[0.1] * 100] * 10}


def test_a_remark_that_is_no_number_or_text_is_refused_and_no_file_is_begun(path):
    with pytest.raises(TypeError):
        save(make(), path, remark=object())
    assert not path.exists()
