"""PyTorch, JAX and micrograd on the tasks of compiled.py, as their users write them. Without one of them its row is left out."""

from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import numpy as np

try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None
try:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
except ImportError:
    jax = jnp = None


# --- networks of layers: moons and digits ---

def torch_step(sizes, hinge, rate):
    """The usual modules, autograd and torch.optim.SGD."""
    layers = []
    for a, b in pairwise(sizes):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU() if hinge else torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*(layers[:-1] if hinge else layers)).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)

    def step(x, y):
        optimizer.zero_grad()
        out = model(x)
        if hinge:
            cost = (1 - y * out).relu().mean() + 1e-4 * sum((p * p).sum() for p in model.parameters())
        else:
            cost = 0.5 * ((out - y) ** 2).sum() / len(x)
        cost.backward()
        optimizer.step()
        return cost

    return step


def jax_functions(sizes, hinge, rate):
    """A jitted step, and the pure step for a scan over an epoch."""
    draw = np.random.default_rng(0)
    weights = [(jnp.array(draw.normal(0, 1 / np.sqrt(a), (b, a))), jnp.zeros(b)) for a, b in pairwise(sizes)]

    def cost(weights, x, y):
        a = x
        for i, (w, b) in enumerate(weights):
            z = a @ w.T + b
            a = (z if i == len(weights) - 1 else jnp.maximum(z, 0)) if hinge else jax.nn.sigmoid(z)
        if hinge:
            return jnp.maximum(0, 1 - y * a).mean() + 1e-4 * sum((w * w).sum() + (b * b).sum() for w, b in weights)
        return 0.5 * ((a - y) ** 2).sum() / len(x)

    def step(weights, x, y):
        value, gradient = jax.value_and_grad(cost)(weights, x, y)
        return jax.tree_util.tree_map(lambda p, g: p - rate * g, weights, gradient), value

    return weights, step


def jax_step(sizes, hinge, rate):
    """jit of one step, the parameters going in and out."""
    weights, pure = jax_functions(sizes, hinge, rate)
    step, state = jax.jit(pure), [weights]

    def run(x, y):
        state[0], value = step(state[0], x, y)
        return value.block_until_ready()

    return run


def jax_epoch(sizes, X, Y, size, rate):
    """An epoch in one jitted scan."""
    weights, pure = jax_functions(sizes, False, rate)
    xs, ys = jnp.array(X).reshape(-1, size, X.shape[1]), jnp.array(Y).reshape(-1, size, Y.shape[1])
    epoch = jax.jit(lambda weights, xs, ys: jax.lax.scan(lambda w, batch: pure(w, *batch), weights, (xs, ys)))
    state = [weights]

    def run():
        state[0], _ = jax.block_until_ready(epoch(state[0], xs, ys))

    return run


def micrograd_step(rate):
    """micrograd on the same network and cost (benchmarks/eager.py)."""
    from eager import Micrograd, Network

    network = Network(Micrograd)

    def step(x, y):
        cost = network.cost(x.tolist(), y[:, 0].tolist())
        network.zero_grad()
        cost.backward()
        network.update(rate)

    return step



# --- the works of works.py: the parameters are arrays by name, and m is torch, or the same functions of JAX ---

def attention(m, p, x, y):
    """softmax(Q Kᵀ/√width) V."""
    q, k, v = (x @ p[name] for name in ("Wq", "Wk", "Wv"))
    return quadratic(m.softmax(q @ k.mT / x.shape[-1] ** 0.5, -1) @ v, y)


def quadratic(output, y):
    """The mean over the batch of 1/2 Σ (output - y)²."""
    return 0.5 * ((output - y) ** 2).sum() / len(y)


def block(m, p, x, y, heads=4):
    """A transformer block, causal."""
    n, tokens, width = x.shape
    size = width // heads

    def norm(x):
        return x * ((x * x).mean(-1)[..., None] + 1e-5) ** -0.5

    normed = norm(x)
    q, k, v = ((normed @ p[name]).reshape(n, tokens, heads, size).swapaxes(1, 2) for name in ("Wq", "Wk", "Wv"))
    scores = q @ k.mT / size**0.5 + m.asarray(np.triu(np.full((tokens, tokens), -np.inf), 1))
    h = x + (m.softmax(scores, -1) @ v).swapaxes(1, 2).reshape(n, tokens, width) @ p["Wo"]
    return quadratic(h + m.relu(norm(h) @ p["W1"]) @ p["W2"], y)


def recurrent(cell, m, p, x, y):
    """A loop over time of the cell, whose state starts at 0, as JAX users write it; the cost is of the last h, state[0]."""
    from_x = x.swapaxes(0, 1) @ p["weight_ih"].T + p["bias_ih"]
    start = (m.zeros(y.shape),) * 2
    last, _ = jax.lax.scan(lambda state, z: (cell(m, z, state[0] @ p["weight_hh"].T + p["bias_hh"], state), None), start, from_x)
    return quadratic(last[0], y)


def lstm(m, from_x, from_h, state):
    """(h, c) of the next step."""
    i, f, g, o = m.split(from_x + from_h, 4, 1)
    c = m.sigmoid(f) * state[1] + m.sigmoid(i) * m.tanh(g)
    return m.sigmoid(o) * m.tanh(c), c


def gru(m, from_x, from_h, state):
    """h of the next step, twice."""
    (r, z, n), (r_past, z_past, n_past) = m.split(from_x, 3, 1), m.split(from_h, 3, 1)
    z = m.sigmoid(z + z_past)
    h = (1 - z) * m.tanh(n + m.sigmoid(r + r_past) * n_past) + z * state[0]
    return h, h


def rbf(m, p, x, y):
    """Gaussian units and a linear output."""
    distances = ((x[:, None] - p["centres"]) ** 2).sum(-1)
    return quadratic(m.exp(-distances / (2 * p["widths"] ** 2)) @ p["weights"] + p["bias"], y)


COSTS = {"attention": attention, "block": block, "lstm": partial(recurrent, lstm), "gru": partial(recurrent, gru), "rbf": rbf}


def torch_work(name, arrays, rate):
    """The step on (x, y): autograd and SGD. LSTM and GRU are torch's own modules, whose loop over time is C++."""
    if name in ("lstm", "gru"):
        sizes = arrays["weight_ih"].shape[1], arrays["weight_hh"].shape[1]
        module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[name](*sizes, batch_first=True).double()
        module.load_state_dict({f"{key}_l0": torch.tensor(array) for key, array in arrays.items()})
        parameters = list(module.parameters())

        def cost(x, y):
            return quadratic(module(x)[0][:, -1], y)
    else:
        named = {key: torch.tensor(array, requires_grad=True) for key, array in arrays.items()}
        parameters, cost = list(named.values()), partial(COSTS[name], torch, named)
    optimizer = torch.optim.SGD(parameters, lr=rate)

    def step(x, y):
        optimizer.zero_grad()
        value = cost(x, y)
        value.backward()
        optimizer.step()
        return value.detach()

    return step


def jax_work(name, arrays, rate):
    """The step on (x, y): jit of value_and_grad and of the update."""
    m = SimpleNamespace(softmax=jax.nn.softmax, relu=jax.nn.relu, sigmoid=jax.nn.sigmoid, tanh=jnp.tanh, exp=jnp.exp,
                        asarray=jnp.asarray, split=jnp.split, zeros=jnp.zeros)  # fmt: skip
    cost = jax.value_and_grad(partial(COSTS[name], m))

    def pure(p, x, y):
        value, gradient = cost(p, x, y)
        return {key: p[key] - rate * gradient[key] for key in p}, value

    step, state = jax.jit(pure), [{key: jnp.array(array) for key, array in arrays.items()}]

    def run(x, y):
        state[0], value = step(state[0], x, y)
        return value.block_until_ready()

    return run
