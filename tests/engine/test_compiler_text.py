"""The text that runs, against the nodes evaluated one by one; it is the same in every process, and keeps nothing of the trace."""

import gc
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from compiled_examples import MAKERS, attention, classes, compiled, dense, everything, two_convolutions

import engine
from engine import Value
from engine.compiler.differentiate import backward
from engine.compiler.evaluate import evaluate
from engine.compiler.nodes import reachable


def by_meaning(program, batch, xp=np):
    """Values, mean and gradient by the reference evaluator."""
    c, n = program.compiled, len(batch[0]) if batch else 1
    found = backward(c).gradients
    order = reachable([*c.ends, *(adjoint for _, adjoint in found)])
    known = dict(evaluate(order, program.parameters.vector, batch, 1.0 / n, xp))
    gradient = np.zeros(len(c.order))
    for parameter, adjoint in found:
        np.add.at(gradient, parameter.index[0], known[adjoint])
    values = np.broadcast_to(known[c.outputs], (n, 1))[:, 0]
    penalty = float(known[c.penalty].sum()) if c.penalty is not None else 0.0
    return values, values.mean() + penalty, gradient


def frozen(x):
    if isinstance(x, np.ndarray):
        x.setflags(write=False)
    return x


class Frozen:
    """NumPy whose arrays cannot be written into."""

    def __getattr__(self, name):
        made = getattr(np, name)
        if not callable(made) or isinstance(made, type):
            return made
        if isinstance(made, np.ufunc):
            return Frozen.Ufunc(made)
        return lambda *arguments, **options: frozen(made(*arguments, **options))

    class Ufunc:
        def __init__(self, made):
            self.made = made

        def __call__(self, *arguments, **options):
            return frozen(self.made(*arguments, **options))

        def __getattr__(self, name):
            method = getattr(self.made, name)
            return lambda *arguments, **options: frozen(method(*arguments, **options))


@pytest.mark.parametrize("make", MAKERS)
def test_the_text_that_runs_agrees_with_the_meaning(make):
    program, batch = compiled(make)
    values, mean, gradient = by_meaning(program, batch)
    np.testing.assert_allclose(np.reshape(program(*batch), -1), values, rtol=1e-12, atol=1e-14)
    value, found = program.value_and_grad(*batch)
    np.testing.assert_allclose(value, mean, rtol=1e-12)
    np.testing.assert_allclose(found.vector, gradient, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("make", MAKERS)
def test_the_reference_writes_nothing_in_place(make):
    program, batch = compiled(make)
    before = [array.copy() for array in batch], program.parameters.vector.copy()
    values, mean, gradient = by_meaning(program, [frozen(array.copy()) for array in batch], Frozen())
    want = by_meaning(program, batch)
    for a, b in zip((values, mean, gradient), want):
        np.testing.assert_allclose(a, b, rtol=1e-13)
    for a, b in zip(batch, before[0]):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(program.parameters.vector, before[1])


@pytest.mark.parametrize("make", MAKERS)
def test_the_reference_keeps_single_precision(make):
    program, batch = compiled(make, dtype="float32")
    batch = [array.astype("float32") for array in batch]
    seed = np.float32(1 / max(1, len(batch[0]) if batch else 1))
    for x, value in evaluate(everything(program), program.parameters.vector, batch, seed):
        assert np.asarray(value).dtype == "float32", x


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("inputs", [False, True])
@pytest.mark.parametrize("make", MAKERS)
def test_the_source_is_a_module_that_shows_what_it_reads(make, inputs, weighted):
    program, _ = compiled(make)
    source = program.code(weighted=weighted, inputs=inputs).source
    compile(source, "source", "exec")
    for x in program.compiled.parameters:
        assert re.search(rf"(?<![^\W_]){x.name}(?![^\W_])", source), x.name  # k and q, computed as one, are k_q
    for name in program.compiled.arguments:
        assert re.search(rf"\b{name}\b", source), name
    assert os.getcwd() not in source and os.path.dirname(engine.__file__) not in source and " at 0x" not in source
    assert all(line == line.rstrip() for line in source.splitlines())


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_function_gives_the_same_text(make):
    f, penalty, batch = make()
    keep = []  # so that objects get other addresses
    texts = set()
    for _ in range(5):
        program = engine.compile(f, penalty=penalty).trace(*batch)
        keep.append((program, [object() for _ in range(37)]))
        texts.add((program.source, str(program), program.latex(), program.explain()))
    assert len(texts) == 1


def test_another_process_gives_the_same_text():
    code = "import sys; sys.path[:0] = ['tests/engine', '.']; import compiled_examples as t; "
    code += "print([t.compiled(make)[0].source for make in t.MAKERS])"
    root = os.path.dirname(os.path.dirname(engine.__file__))
    texts = {
        subprocess.run([sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True,
                       text=True, check=True, timeout=60).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(texts) == 1


@pytest.mark.parametrize("make", [dense, classes, two_convolutions, attention])
def test_more_batch_sizes_than_are_kept_give_right_results(make):
    program, batch = compiled(make)
    n = len(batch[0])
    for size in [*range(1, 13), 1, 12, 2, 11]:
        rows = [array[np.arange(size) % n] for array in batch]
        value, gradient = program.value_and_grad(*rows)
        values, mean, want = by_meaning(program, rows)
        np.testing.assert_allclose([value, *gradient.vector], [mean, *want], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(program(*rows), values, rtol=1e-12, atol=1e-14)


def test_two_programs_that_share_parameters_do_not_disturb_each_other():
    f, _, batch = dense()
    first, second = engine.compile(f), engine.compile(lambda x, y: f(x, y) * 2)
    value, gradient = first.value_and_grad(*batch)
    double, twice = second.value_and_grad(*batch)
    again, same = first.value_and_grad(*batch)
    assert value == again
    np.testing.assert_allclose(double, 2 * value, rtol=1e-14)
    np.testing.assert_array_equal(gradient.vector, same.vector)
    np.testing.assert_allclose(twice.vector, 2 * gradient.vector, rtol=1e-12)


def test_results_are_the_callers_own():
    program, batch = compiled(dense)
    values, with_inputs = program(*batch), program.value_and_grad(*batch, inputs=True)[1].inputs
    kept = [values.copy(), *(slopes.copy() for slopes in with_inputs)]
    program(*(array[::-1].copy() for array in batch))
    program.value_and_grad(*(array[::-1].copy() for array in batch), inputs=True)
    for a, b in zip([values, *with_inputs], kept):
        np.testing.assert_array_equal(a, b)
        assert a.flags.writeable


def test_a_batch_is_never_written_into():
    for make in MAKERS:
        program, batch = compiled(make)
        before = [array.copy() for array in batch]
        batch = [frozen(array) for array in batch]
        program(*batch)
        program.value_and_grad(*batch, inputs=True)
        for a, b in zip(batch, before):
            np.testing.assert_array_equal(a, b)


def test_each_gradient_has_memory_of_its_own():
    program, (x, y) = compiled(dense)
    _, first = program.value_and_grad(x, y)
    kept = first.vector.copy()
    _, second = program.value_and_grad(x + 1, y)
    assert not np.shares_memory(first.vector, second.vector)
    np.testing.assert_array_equal(first.vector, kept)


def test_nothing_of_the_scalar_graph_is_kept():
    def nodes():
        gc.collect()
        return sum(isinstance(x, Value) and x.op is not None for x in gc.get_objects())

    before = nodes()
    kept = []
    for make in MAKERS:
        f, penalty, batch = make()
        program = engine.compile(f, penalty=penalty)
        program(*batch)
        program.value_and_grad(*batch, inputs=True)
        str(program), program.latex(), program.explain()
        kept.append(program)
        assert nodes() <= before, make.__name__
