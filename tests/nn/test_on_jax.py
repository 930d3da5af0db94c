"""fit(..., backend="jax"): the same numbers as NumPy's, on one device and on eight."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import engine
import nn
from nn.optim import SGD, Adagrad, Adam, Optimizer, RMSprop

if importlib.util.find_spec("jax") is None:
    pytest.skip("JAX is an extra: pip install chainrule[jax]", allow_module_level=True)

ROOT = Path(__file__).parents[2]
random = np.random.default_rng(0)
X, Y = random.normal(size=(50, 4)), np.eye(3)[random.integers(0, 3, 50)]

OPTIMISERS = {
    "sgd": lambda p: SGD(p, lr=0.1, weight_decay=0.01),
    "momentum": lambda p: SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
    "nesterov": lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "average": lambda p: SGD(p, lr=0.1, momentum=0.9, ema=True),
    "adam": lambda p: Adam(p, lr=0.01),
    "clipped": lambda p: Adam(p, lr=0.01, clip=0.05),
    "adagrad": lambda p: Adagrad(p),
    "rmsprop": lambda p: RMSprop(p),
    "some parameters": lambda p: Adam(p[7:], clip=0.05),
}


def network():
    return nn.MLP(4, [5, 3], activation="tanh", seed=0)


def trained(optimiser, backend, **options):
    model = network()
    chosen = OPTIMISERS[optimiser](model.parameters())
    options = {"epochs": 2, "batch_size": 16, "shuffle": False, **options}
    history = nn.fit(model, X, Y, optimizer=chosen, backend=backend, **options)
    return model, chosen, history


def numbers(model):
    return [p.data for p in model.parameters()]


def close(one, other, tolerance=1e-12):
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def same(one, other):
    """Two results of `trained`: the parameters, the optimisers' memories, the histories."""
    (a, memory, first), (b, memories, second) = (one[0], one[1].memory, one[2]), (other[0], other[1].memory, other[2])
    close(numbers(a), numbers(b))
    assert [list(x) for x in memory] == [list(x) for x in memories]
    close([v for x in memory for v in x.values()], [v for x in memories for v in x.values()])
    assert [type(v) is int for x in memory for v in x.values()] == [type(v) is int for x in memories for v in x.values()]
    close(first.cost, second.cost)
    close(first.gradient_norm, second.gradient_norm)
    close(first.accuracy, second.accuracy)  # nan where there is none
    assert (first.updates, first.reason) == (second.updates, second.reason)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_it_trains_as_numpy_does(optimiser):
    same(trained(optimiser, "numpy"), trained(optimiser, "jax"))


@pytest.mark.parametrize("options", [
    {"reduction": "sum"}, {"penalty": nn.l2(0.1)}, {"batch_size": "all"}, {"batch_size": 1, "epochs": 1}, {"validation": 0.2},
    {"shuffle": True, "seed": 3}, {"batch_size": 50, "epochs": 1},
], ids=str)  # fmt: skip
def test_every_option_means_the_same(options):
    same(trained("momentum", "numpy", **options), trained("momentum", "jax", **options))


def test_a_second_run_goes_on_with_the_optimisers_memory():
    results = []
    for backend in ("numpy", "jax"):
        model, chosen, _ = trained("adam", "numpy")
        results.append((model, chosen, nn.fit(model, X, Y, optimizer=chosen, epochs=2, shuffle=False, backend=backend)))
    same(*results)


def test_callbacks_see_values_gradients_and_memory_and_may_change_the_rate():
    seen = {}
    for backend in ("numpy", "jax"):
        model = network()
        chosen = Adam(model.parameters(), lr=0.01)
        seen[backend] = []

        def callback(history, model, chosen=chosen, seen=seen[backend]):
            seen.append([*numbers(model), *(p.grad for p in model.parameters()), *(m["S"] for m in chosen.memory)])
            chosen.lr /= 2
            model.parameters()[0].data += 0.1

        nn.fit(model, X, Y, optimizer=chosen, epochs=3, callbacks=[callback], backend=backend)
    close(seen["numpy"], seen["jax"])


def test_sequences_train_as_well():
    xs, ys = random.normal(size=(12, 9, 2)), random.normal(size=(12, 9, 1))
    results = []
    for backend in ("numpy", "jax"):
        model = nn.Elman(2, 3, 1, seed=1)
        chosen = SGD(model.parameters(), lr=0.1, momentum=0.5)
        results.append((model, chosen, nn.fit(model, xs, ys, optimizer=chosen, epochs=2, batch_size=4, backend=backend)))
    same(*results)


def test_where_it_diverges_the_last_good_parameters_are_kept():
    results = []
    for backend in ("numpy", "jax"):
        model = nn.MLP(4, [5, 3], activation="linear", seed=0)
        chosen = SGD(model.parameters(), lr=1e80)
        history = nn.fit(model, X, Y, optimizer=chosen, epochs=3, shuffle=False, warn=False, backend=backend)
        assert history.diverged
        results.append((model, history))
    (a, first), (b, second) = results
    np.testing.assert_allclose(numbers(a), numbers(b), rtol=1e-9)
    assert first.updates == second.updates
    assert second.reason.split(":")[0] == first.reason.split(":")[0]


# --- several devices, in a process that has eight ---

SCRIPT = """
import json, re, sys
import numpy as np, jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
import engine, nn
from nn.jax_updates import Shares, updates_of

found = {"devices": len(jax.devices())}
random = np.random.default_rng(1)
X, Y = random.normal(size=(64, 6)), np.eye(4)[random.integers(0, 4, 64)]
model = nn.MLP(6, [8, 4], activation="sigmoid", output="sigmoid", seed=1)
program = engine.compile(lambda x, y: nn.losses.quadratic(model(x), y)).trace(X, Y)
value, slopes = program.value_and_grad(X, Y)

def compared(result):
    cost, gradient = result
    return [abs(float(cost) - value), *(float(np.abs(gradient[k] - slopes[k]).max()) for k in gradient)]

def reductions(text):
    return re.findall(r"= .* all-reduce\\(", text)

with jax.enable_x64(True):
    cost, params = program.to_jax()
    step = jax.jit(jax.value_and_grad(cost))
    one = step(params, X, Y)
    found["one device"] = compared(one)

    mesh = Mesh(np.array(jax.devices()), ("data",))
    rows, whole = NamedSharding(mesh, P("data")), NamedSharding(mesh, P())
    step = jax.jit(jax.value_and_grad(cost), out_shardings=whole)
    given = jax.device_put(params, whole), *jax.device_put((X, Y), rows)
    found["eight"] = compared(step(*given))
    found["all-reduces"] = len(reductions(step.lower(*given).compile().as_text()))

    mesh = Mesh(np.array(jax.devices()).reshape(4, 2), ("data", "model"))
    lie = {"W1": P("model", None), "b1": P("model"), "W2": P(None, "model"), "b2": P()}
    cut = {name: jax.device_put(array, NamedSharding(mesh, lie[name])) for name, array in params.items()}
    result = jax.jit(jax.value_and_grad(cost))(cut, *jax.device_put((X, Y), NamedSharding(mesh, P("data"))))
    found["model axis"] = compared(result)
    found["lie"] = [result[1][name].sharding.is_equivalent_to(cut[name].sharding, cut[name].ndim) for name in params]

    # the scan that fit runs
    function, _ = program.to_jax(parts=True)
    shares = Shares(8, 16)
    updates = updates_of(function, nn.optim.SGD(model.parameters(), lr=0.1), {}, first=False, careful=False, mean=True,
                         shares=shares)
    batches = shares.cut(X.reshape(4, 16, 6)), shares.cut(Y.reshape(4, 16, 4))
    given = shares.whole(params), {name: {} for name in params}, 0.1, *batches
    text = jax.jit(updates).lower(*given).compile().as_text()
    found["in the scan"] = len(reductions(text))
    body = re.search(r"while\\(.*body=%?([\\w.-]+)", text)[1]
    found["in its step"] = len(reductions(re.search(rf"(?s)^%?{re.escape(body)} .*?^}}", text, re.M)[0]))

trained = []
for backend, devices in (("numpy", None), ("jax", 8), ("jax", jax.devices()[:2])):
    model = nn.MLP(6, [8, 4], activation="sigmoid", output="sigmoid", seed=1)
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    history = nn.fit(model, X[:60], Y[:60], optimizer=optimizer, epochs=2, batch_size=16, backend=backend, devices=devices)
    trained.append([*history.cost, *history.accuracy, *(p.data for p in model.parameters())])
found["fit"] = [float(np.abs(np.subtract(trained[0], other)).max()) for other in trained[1:]]
found["refused"] = []
for devices, size in ((9, 16), (8, 20), ([], 16), (0, 16), ("gpu", 16)):
    try:
        nn.fit(model, X, Y, backend="jax", devices=devices, batch_size=size)
    except ValueError as error:
        found["refused"].append(str(error))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def eight():
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    ran = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["devices"] == 8
    return found


def test_the_gradient_of_eight_devices_is_that_of_one(eight):
    assert max(eight["one device"]) < 1e-12
    assert max(eight["eight"]) < 1e-12


def test_an_update_exchanges_one_thing(eight):
    assert eight["all-reduces"] == 1
    assert eight["in the scan"] == eight["in its step"] == 1


def test_parameters_may_be_cut_along_an_axis_of_their_own(eight):
    assert max(eight["model axis"]) < 1e-12
    assert all(eight["lie"])


def test_fit_on_several_devices_trains_as_numpy_does(eight):
    assert max(eight["fit"]) < 1e-9


def test_devices_that_do_not_fit_are_refused(eight):
    many, uneven, none, zero, text = eight["refused"]
    assert many == "devices = 9: JAX finds 8 here, so give 1 to 8."
    assert uneven.startswith("A batch of 20 examples cannot be cut into 8 equal shares: ")
    assert zero == "devices = 0: JAX finds 8 here, so give 1 to 8."
    for sentence in (none, text):
        assert sentence.startswith("devices takes a number, or a list of JAX's devices")


# --- two processes, as two hosts would be ---

HOST = """
import sys, jax
jax.distributed.initialize(sys.argv[2], num_processes=2, process_id=int(sys.argv[1]))
import numpy as np
import nn

random = np.random.default_rng(1)
X, Y = random.normal(size=(64, 6)), np.eye(4)[random.integers(0, 4, 64)]
results = []
for options in ({}, {"backend": "jax", "devices": jax.devices()}):
    model = nn.MLP(6, [8, 4], activation="sigmoid", output="sigmoid", seed=1)
    history = nn.fit(model, X, Y, optimizer="adam", epochs=2, batch_size=16, **options)
    results.append([*history.cost, *history.accuracy, *(p.data for p in model.parameters())])
print("found", len(jax.devices()), len(jax.local_devices()), np.abs(np.subtract(*results)).max())
"""


def test_two_processes_train_together():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", HOST]
    hosts = [subprocess.Popen([*command, str(i), address], cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) for i in range(2)]  # fmt: skip
    try:
        said = [host.communicate(timeout=200) for host in hosts]
    finally:
        for host in hosts:
            host.kill()
    for out, error in said:
        assert "found" in out, error
        devices, own, difference = out[out.index("found") :].split()[1:4]
        assert (devices, own) == ("4", "2")
        assert float(difference) < 1e-9


# --- what is refused ---

def refused(match, kind=ValueError, model=None, **options):
    with pytest.raises(kind, match=match):
        nn.fit(model or network(), X, Y, **options)


def test_wrong_arguments_are_refused():
    refused(r'^backend = \'torch\': give "numpy" or "jax"\.$', backend="torch")
    refused("compiled=False does not go with it", backend="jax", compiled=False)
    refused('devices go with backend="jax"', devices=2)


def test_an_optimiser_with_a_step_of_its_own_is_refused():
    class Own(Optimizer):
        def step(self):
            pass

    model = network()
    refused("Own has a step of its own", model=model, optimizer=Own(model.parameters(), lr=0.1), backend="jax")


def test_a_rule_that_looks_at_numbers_is_refused():
    class Sign(Optimizer):
        def rule(self, p, g, memory):
            return p - self.lr if g > 0 else p + self.lr

    model = network()
    sign = Sign(model.parameters(), lr=0.1)
    refused("^The rule of Sign looks at a number", engine.TracingError, model=model, optimizer=sign, backend="jax")


def test_a_network_that_cannot_be_traced_is_refused():
    def looking(prediction, y):
        return (prediction[0] - y[0]) ** 2 if prediction[0].data > 0 else (prediction[0] + y[0]) ** 2

    refused("looks at|reads", engine.TracingError, loss=looking, backend="jax")


def test_without_jax_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    refused("^This needs jax, which is not installed: pip install jax$", ModuleNotFoundError, backend="jax")


PAGE = (ROOT / "docs" / "past_one_machine.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```py\n(.*?)```", PAGE, re.DOTALL), ids=["by hand", "fit", "model axis"])
def test_what_the_page_shows_runs(text):
    subprocess.run([sys.executable, "-W", "error", "-c", text], cwd=ROOT, check=True, capture_output=True, timeout=120)
