"""program.to_numpy_script: a script that gives the program's own numbers, where there is nothing but NumPy."""

import json
import subprocess
import sys

import numpy as np
import pytest

import engine
import nn
from engine import Value, lookup, softmax


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def dense():
    model = nn.MLP(4, [5, 3], activation="gelu", seed=1)
    cost = lambda x, y: nn.losses.cross_entropy(model(x), y)
    return engine.compile(cost, penalty=lambda: nn.l2(0.1)(model, 10)), (numbers(7, 4), np.eye(3)[[0, 1, 2, 0, 1, 2, 2]])


def convolution():
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten(), nn.MLP(12, [2]))
    return engine.compile(lambda x, y: nn.losses.quadratic(model(x), y)), (numbers(5, 1, 8), numbers(5, 2, seed=1))


def recurrent():
    model = nn.LSTM(2, 3, seed=1)
    return engine.compile(lambda xs, y: (sum(model(xs)[-1]) - y) ** 2), (numbers(4, 6, 2), numbers(4, seed=1))


def with_others():
    w = [Value(x) for x in numbers(3).tolist()]
    f = lambda x: (dot(w, x) ** 2, softmax([dot(w, x), w[0]]))
    return engine.compile(f, has_aux=True), (numbers(4, 3),)


def scattered():
    p = [Value(x) for x in numbers(6).tolist()]
    return engine.compile(lambda x: dot(p[:4], x) ** 2 + sum(engine.exp(a * b) for a, b in zip(p[2:], p[:4]))), (numbers(5, 4),)


def embedding():
    table = [[Value(x) for x in row] for row in numbers(7, 3).tolist()]
    return engine.compile(lambda i, y: (sum(lookup(table, i)) - y) ** 2), (np.array([0.0, 6, 2, 2]), numbers(4, seed=1))


def same_for_all():
    w = [Value(x) for x in numbers(3).tolist()]
    return engine.compile(lambda x: dot(w, w) + 0 * x), (numbers(5),)


def without_arguments():
    w = [Value(x) for x in numbers(3).tolist()]
    return engine.compile(lambda: dot(w, w) + engine.erf(w[0])), ()


def single_precision():
    w = [Value(x) for x in numbers(3).tolist()]
    return engine.compile(lambda x: dot(w, x) ** 2, dtype="float32"), (numbers(4, 3),)


PROGRAMS = [dense, convolution, recurrent, with_others, scattered, embedding, same_for_all, without_arguments, single_precision]

LOOK = """
import json, runpy, sys
import numpy as np
program = runpy.run_path(sys.argv[1])["program"]
with np.load(sys.argv[2]) as stored:
    batch = [stored[name] for name in program.arguments]
cost, gradient = program.value_and_grad(*batch)
strangers = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"__main__", "numpy"}
print(json.dumps([program.predict(*batch).tolist(), cost, gradient.tolist(), sorted(x for x in strangers if x[0] != "_")]))
"""


def alone(folder, *words):
    """Run Python by itself: no path of ours, no environment, in another folder."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    return subprocess.run([sys.executable, "-I", *map(str, words)], cwd=elsewhere, capture_output=True, text=True, timeout=120)


def written(folder, program, batch):
    program.trace(*batch)
    program.to_numpy_script(folder / "model.py")
    np.savez(folder / "data.npz", **dict(zip(program.compiled.arguments, batch)))
    return folder / "model.py", folder / "data.npz"


@pytest.mark.parametrize("make", PROGRAMS)
def test_the_script_gives_the_programs_numbers(make, tmp_path):
    program, batch = make()
    script, data = written(tmp_path, program, batch)
    ran = alone(tmp_path, "-c", LOOK, script, data)
    assert ran.returncode == 0, ran.stderr
    rows, cost, gradient, strangers = json.loads(ran.stdout)
    value, slopes = program.value_and_grad(*batch)
    value = value[0] if program.has_aux else value
    expected = program(*batch)
    values, others = expected if program.has_aux else (expected, np.empty((max(1, len(rows)), 0)))
    np.testing.assert_array_equal(rows, np.column_stack([np.atleast_1d(values), others]).astype(float))
    np.testing.assert_array_equal(gradient, slopes.vector)
    assert cost == pytest.approx(value, rel=1e-15)
    assert strangers == []


def test_its_command_line_predicts_and_trains(tmp_path):
    program, batch = dense()
    script, data = written(tmp_path, program, batch)
    ran = alone(tmp_path, script, "predict", data)
    assert [float(line) for line in ran.stdout.split()] == program(*batch).tolist()

    ran = alone(tmp_path, script, "train", data, "--epochs", 3, "--rate", 0.2, "--batch", 4)
    assert ran.returncode == 0, ran.stderr
    costs = []
    for _ in range(3):  # the same by hand, on the program
        costs.append(0.0)
        for rows in (slice(0, 4), slice(4, 7)):
            part = [x[rows] for x in batch]
            cost, gradient = program.value_and_grad(*part)
            costs[-1] += cost * len(part[0]) / 7
            program.load_from({name: program.arrays[name] - 0.2 * gradient[name] for name in program.parameters.leaves})
    shown = [float(line.split()[-1]) for line in ran.stdout.splitlines()]
    np.testing.assert_allclose(shown, costs, rtol=1e-13)
    ran = alone(tmp_path, script, "predict", data)  # the parameters were written back
    np.testing.assert_allclose([float(line) for line in ran.stdout.split()], program(*batch), rtol=1e-12)


def test_what_is_wrong_with_its_data_is_said_in_a_sentence(tmp_path):
    program, (X, Y) = dense()
    script, data = written(tmp_path, program, (X, Y))
    before = script.with_suffix(".npz").read_bytes()
    np.savez(data, x=X)
    assert alone(tmp_path, script, "predict", data).stderr == f"{data} has no array y; it has x.\n"
    np.savez(data, x=X, y=Y[:, :2])
    wrong = "y has shape (7, 2); it must be (n, 3), a row for each of n examples.\n"
    assert alone(tmp_path, script, "predict", data).stderr == wrong
    np.savez(data, x=X, y=Y)
    ran = alone(tmp_path, script, "train", data, "--rate", "1e300")
    assert "became inf or nan: the rate is probably too large" in ran.stderr and ran.returncode
    assert script.with_suffix(".npz").read_bytes() == before


def test_several_results_are_predicted_and_not_trained(tmp_path):
    w = [Value(x) for x in numbers(3).tolist()]
    program, X = engine.compile(lambda x: [dot(w, x), x[0]]), numbers(4, 3)
    script, data = written(tmp_path, program, (X,))
    ran = alone(tmp_path, script, "predict", data)
    np.testing.assert_array_equal([list(map(float, line.split())) for line in ran.stdout.splitlines()], program(X))
    assert alone(tmp_path, script, "train", data).stderr.startswith("This program has several results")


@pytest.mark.parametrize("name", ["model.txt", "my model.py", "model"])
def test_a_name_that_is_no_modules_is_refused(name, tmp_path):
    program, batch = with_others()
    with pytest.raises(ValueError, match=r"is no name for a script: give one such as model.py"):
        program.trace(*batch).to_numpy_script(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_not_traced_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not traced yet"):
        engine.compile(lambda x: x).to_numpy_script(tmp_path / "model.py")
