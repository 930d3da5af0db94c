"""Attention and a transformer block in NumPy by hand, in the manner of by_hand.py: each step is forward, backward, update.

The layout is what makes them fast. A product of stacks of small matrices is quickest where BLAS need not sum along the rows
of both factors, so the queries are (examples, tokens, units), the keys and values (units, examples, tokens). The scores have
the key as their first axis: the softmax then adds and compares whole rows. Keys and values are padded by 64 bytes a row, since
rows of 2048 bytes would compete for the same few lines of the cache; the scores are not, since a call on one block of memory is
quicker. Weights are (in, out): Q = X Wq. `out` is the last argument without its name, which saves a tenth of a short call.
"""

import numpy as np
from by_hand import Arrays


def padded(rows, columns):
    """An array whose rows do not begin at multiples of a power of two."""
    return np.empty((rows, columns + 8))[:, :columns]


class Attention:
    """S = Q Kᵀ/√width, A = softmax(S), O = A V with Q = X Wq, K = X Wk, V = X Wv; cost 1/2 sum (O - Y)^2, the mean over n."""

    def __init__(self, tokens, width, n, seed=0):
        self.parameters = Arrays([(width, width), (width, 2 * width)])
        self.parameters.vector[...] = np.random.default_rng(seed).normal(0, 1 / np.sqrt(width), len(self.parameters.vector))
        self.n, self.width, self.scale = n, width, 1 / np.sqrt(width)
        self.factors = np.full(3 * width * width, 1 / n)  # of the gradient: the mean, and for Wq the scale of the scores
        self.factors[: width * width] *= self.scale
        columns = n * tokens
        self.scaled = np.empty((width, width))
        self.q, self.o, self.dq = (np.empty((n, tokens, width)) for _ in range(3))
        self.kv, self.dkv = padded(2 * width, columns), padded(2 * width, columns)
        self.a, self.da, self.product = (np.empty((tokens, columns)) for _ in range(3))
        self.top, self.total = np.empty(columns), np.empty(columns)
        self.ones = np.ones(tokens)
        # views of them, a matrix for each example: units or keys before tokens
        self.q_rows, self.dq_rows = self.q.reshape(columns, width), self.dq.reshape(columns, width)
        self.k_of, self.v_of, self.dk_of, self.dv_of = (
            half.reshape(width, n, tokens).transpose(1, 0, 2)
            for both in (self.kv, self.dkv) for half in (both[:width], both[width:])
        )  # fmt: skip
        self.a_of, self.da_of = (x.reshape(tokens, n, tokens).transpose(1, 0, 2) for x in (self.a, self.da))

    def named(self, arrays):
        """The parameters or gradients by their names in works.py."""
        return {"Wq": arrays[0], "Wk": arrays[1][:, : self.width], "Wv": arrays[1][:, self.width :]}

    def step(self, x, y, rate):
        """One update on the batch x, y (n, tokens, width); returns its mean cost before the update."""
        p = self.parameters
        Wq, Wkv = p.arrays
        dWq, dWkv = p.gradients
        rows = x.reshape(self.q_rows.shape)
        q, o, a, da, top, total = self.q, self.o, self.a, self.da, self.top, self.total
        k_of, v_of, a_of, da_of = self.k_of, self.v_of, self.a_of, self.da_of
        np.multiply(Wq, self.scale, self.scaled)  # the scale of the scores, where it costs least
        np.dot(rows, self.scaled, self.q_rows)
        np.matmul(Wkv.T, rows.T, self.kv)
        np.matmul(k_of.mT, q.mT, a_of)
        np.maximum.reduce(a, 0, None, top)
        np.subtract(a, top, a)
        np.exp(a, a)
        np.dot(self.ones, a, total)
        np.divide(a, total, a)
        np.matmul(a_of.mT, v_of.mT, o)
        np.subtract(o, y, o)
        flat = o.ravel()
        cost = 0.5 * np.dot(flat, flat) / self.n
        o_of = o.mT  # from here on n times the derivative with respect to O
        np.matmul(o_of, a_of.mT, self.dv_of)
        np.matmul(v_of.mT, o_of, da_of)
        np.multiply(da, a, self.product)
        np.dot(self.ones, self.product, total)
        np.subtract(da, total, da)
        np.multiply(da, a, da)
        np.matmul(da_of.mT, k_of.mT, self.dq)
        np.matmul(q.mT, da_of.mT, self.dk_of)
        np.dot(rows.T, self.dq_rows, dWq)
        np.dot(rows.T, self.dkv.T, dWkv)
        np.multiply(p.gradient, self.factors, p.gradient)
        p.descend(rate)
        return cost


class Block:
    """A transformer block: H = X + Wo·heads(norm(X)), then H + W2 relu(W1 norm(H)); the cost as for Attention.

    Each token sees itself and those before it. norm(x) = x / √(mean(x²) + 1e-5), without parameters; there are no biases. All
    but the queries and outputs of the heads are (units, examples · tokens).
    """

    def __init__(self, tokens, width, heads, hidden, n, seed=0):
        shapes = [(width, width), (width, 2 * width), (width, width), (width, hidden), (hidden, width)]
        self.parameters = Arrays(shapes)
        draw = np.random.default_rng(seed)
        for array in self.parameters.arrays:
            array[...] = draw.normal(0, 1 / np.sqrt(array.shape[0]), array.shape)
        self.n, self.width, self.scale = n, width, 1 / np.sqrt(width // heads)
        self.factors = np.full(len(self.parameters.vector), 1 / n)
        self.factors[: width * width] *= self.scale
        columns = n * tokens
        self.means = np.full(width, 1 / width)  # its product with columns: their means
        self.scaled = np.empty((width, width))
        self.x, self.norm1, self.h, self.norm2, self.dh, self.dnorm, self.product = (np.empty((width, columns)) for _ in range(7))
        self.out = np.empty((width, columns))
        self.z, self.mask, self.dz = (np.empty((hidden, columns)) for _ in range(3))
        self.size1, self.size2, self.mean = (np.empty(columns) for _ in range(3))
        self.q, self.dq, self.o, self.do = (np.empty((columns, width)) for _ in range(4))
        self.kv, self.dkv = padded(2 * width, columns), padded(2 * width, columns)
        self.a, self.da, self.scores = (np.empty((tokens, heads * columns)) for _ in range(3))
        self.top, self.total = np.empty(heads * columns), np.empty(heads * columns)
        self.ones = np.ones(tokens)
        ahead = np.arange(tokens)[:, None] > np.tile(np.arange(tokens), heads * n)  # (key, query): the key comes later
        self.seen, self.hidden, self.zeros = np.where(ahead, 0.0, 1.0), np.where(ahead, -np.inf, 0.0), np.zeros(ahead.shape)
        # views of them, a matrix for each head and example
        self.q_of, self.dq_of, self.o_of, self.do_of = (
            x.reshape(n, tokens, heads, -1).transpose(2, 0, 1, 3) for x in (self.q, self.dq, self.o, self.do)
        )
        self.k_of, self.v_of, self.dk_of, self.dv_of = (
            half.reshape(heads, -1, n, tokens).transpose(0, 2, 1, 3)
            for both in (self.kv, self.dkv) for half in (both[:width], both[width:])
        )  # fmt: skip
        self.a_of, self.da_of = (x.reshape(tokens, heads, n, tokens).transpose(1, 2, 0, 3) for x in (self.a, self.da))

    def named(self, arrays):
        """The parameters or gradients by their names in works.py."""
        Wq, Wkv, Wo, W1, W2 = arrays
        return {"Wq": Wq, "Wk": Wkv[:, : self.width], "Wv": Wkv[:, self.width :], "Wo": Wo, "W1": W1, "W2": W2}

    def normalise(self, x, size, out):
        """out = x / size with size = √(mean(x²) + 1e-5), kept as its reciprocal."""
        np.multiply(x, x, self.product)
        np.dot(self.means, self.product, size)
        np.add(size, 1e-5, size)
        np.sqrt(size, size)
        np.divide(1.0, size, size)
        np.multiply(x, size, out)

    def step(self, x, y, rate):
        """One update on the batch x, y (n, tokens, width); returns its mean cost before the update."""
        p = self.parameters
        Wq, Wkv, Wo, W1, W2 = p.arrays
        dWq, dWkv, dWo, dW1, dW2 = p.gradients
        norm1, norm2, h, out, z, dz = self.norm1, self.norm2, self.h, self.out, self.z, self.dz
        np.copyto(self.x, x.reshape(-1, self.width).T)
        self.normalise(self.x, self.size1, norm1)
        self.attend(Wq, Wkv)
        np.dot(Wo.T, self.o.T, h)
        np.add(h, self.x, h)
        self.normalise(h, self.size2, norm2)
        np.dot(W1.T, norm2, z)
        np.greater(z, 0.0, self.mask)
        np.multiply(z, self.mask, z)  # quicker than maximum(z, 0), and the mask is needed anyway
        np.dot(W2.T, z, out)
        np.add(out, h, out)
        np.subtract(out, y.reshape(-1, self.width).T, out)  # from here on n times the derivative with respect to the output
        flat = out.ravel()
        cost = 0.5 * np.dot(flat, flat) / self.n
        np.dot(z, out.T, dW2)
        np.dot(W2, out, dz)
        np.multiply(dz, self.mask, dz)
        np.dot(norm2, dz.T, dW1)
        dh, dnorm, product, mean = self.dh, self.dnorm, self.product, self.mean
        np.dot(W1, dz, dnorm)
        np.multiply(dnorm, norm2, product)
        np.dot(self.means, product, mean)
        np.multiply(norm2, mean, product)
        np.subtract(dnorm, product, dnorm)
        np.multiply(dnorm, self.size2, dnorm)
        np.add(out, dnorm, dh)
        np.dot(self.o.T, dh.T, dWo)
        np.dot(dh.T, Wo.T, self.do)
        self.attend_back()
        np.dot(norm1, self.dq, dWq)
        np.dot(norm1, self.dkv.T, dWkv)
        np.multiply(p.gradient, self.factors, p.gradient)
        p.descend(rate)
        return cost

    def attend(self, Wq, Wkv):
        """O, the outputs of all heads, from norm1."""
        a, top, total = self.a, self.top, self.total
        np.multiply(Wq, self.scale, self.scaled)
        np.dot(self.norm1.T, self.scaled, self.q)
        np.matmul(Wkv.T, self.norm1, self.kv)
        np.matmul(self.k_of.mT, self.q_of.mT, self.a_of)
        np.add(a, self.hidden, self.scores)
        np.maximum.reduce(self.scores, 0, None, top)
        # exp(-inf) takes three times as long as another exp, so hidden scores become 0 behind it; below 0, they do not overflow
        np.subtract(a, top, a)
        np.minimum(a, self.zeros, a)
        np.exp(a, a)
        np.multiply(a, self.seen, a)
        np.dot(self.ones, a, total)
        np.divide(a, total, a)
        np.matmul(self.a_of.mT, self.v_of.mT, self.o_of)

    def attend_back(self):
        """The derivatives with respect to queries, keys and values from that with respect to O."""
        a, da = self.a, self.da
        do_of = self.do_of.mT
        np.matmul(do_of, self.a_of.mT, self.dv_of)
        np.matmul(self.v_of.mT, do_of, self.da_of)
        np.multiply(da, a, self.scores)
        np.dot(self.ones, self.scores, self.total)
        np.subtract(da, self.total, da)
        np.multiply(da, a, da)
        np.matmul(self.da_of.mT, self.k_of.mT, self.dq_of)
        np.matmul(self.q_of.mT, self.da_of.mT, self.dk_of)
