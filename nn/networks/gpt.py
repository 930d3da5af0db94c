"""A GPT in single numbers: a network that reads tokens and says at each position which may come next.

It is one block of the transformer (Vaswani and others 2017, Attention is all you need) in the form of GPT-2 (Radford and
others 2019), whose positions look only backwards. It has no biases, and its norms are root mean squares (Zhang and Sennrich
2019). The idea of writing a whole GPT on scalars is A. Karpathy's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any

from ...engine import Value, fsum, logsumexp, lookup, no_grad, relu, softmax, sqrt
from ..arguments import check_whole
from ..module import Module
from .recurrent import plus

TINY = 1e-5  # keeps the norm of a vector of zeros away from 0


class GPT(Module):
    """At each position t, from the token there and those before it:

        x = norm(E[token] + P[t])                          the token, and where it stands
        q, k, v = W_Q norm(x), W_K norm(x), W_V norm(x)    kept for the positions to come: k and v
        s_j = q·k_j / √d,  a = softmax(s),  o = Σ a_j v_j  for j = 1 ... t, in each head by itself, on its d = width/heads entries
        x = x + W_O o                                      attention, added to what it has read
        x = x + W_2 relu(W_1 norm(x))                      a network of two layers, 4·width wide, added likewise
        logits = W_U x

    where norm(x) is x divided by the root of its mean square. `vocabulary` is the number of tokens, and at most `block` are read.

    Parameters: E and W_U (vocabulary, width), P (block, width), W_Q, W_K, W_V and W_O (width, width), W_1 (4·width, width),
    W_2 (width, 4·width), all drawn from a normal distribution around 0 with the standard deviation `spread`. If that is small,
    so are the logits, and the first cost is about log(vocabulary), that of a guess. Called with the tokens of one document, whole
    numbers, it gives their logits: (positions, vocabulary). A ValueError refuses sizes that do not fit.
    """

    def __init__(
        self, vocabulary: int, block: int = 16, width: int = 16, heads: int = 4, *, spread: float = 0.05,
        seed: int | Random | None = None,
    ) -> None:  # fmt: skip
        for name, number in (("vocabulary", vocabulary), ("block", block), ("width", width), ("heads", heads)):
            check_whole(number, name, 1)
        if width % heads:
            raise ValueError(f"width = {width} and heads = {heads}: each head takes as many entries, so heads must divide width.")
        self.vocabulary, self.block, self.width, self.heads = int(vocabulary), int(block), int(width), int(heads)
        random = seed if isinstance(seed, Random) else Random(seed)
        for name, (rows, columns) in self.shapes(vocabulary, block, width).items():
            setattr(self, name, [[Value(random.gauss(0.0, spread), f"{name}{i}_{j}") for j in range(1, columns + 1)]
                                 for i in range(1, rows + 1)])  # fmt: skip

    E: list[list[Value]]
    P: list[list[Value]]
    W_Q: list[list[Value]]
    W_K: list[list[Value]]
    W_V: list[list[Value]]
    W_O: list[list[Value]]
    W_1: list[list[Value]]
    W_2: list[list[Value]]
    W_U: list[list[Value]]

    def settings(self) -> dict[str, Any]:
        """Its sizes."""
        return {"vocabulary": self.vocabulary, "block": self.block, "width": self.width, "heads": self.heads}

    @classmethod
    def shapes(cls, vocabulary: int, block: int = 16, width: int = 16, heads: int = 4) -> dict[str, tuple[int, ...]]:
        """Its nine matrices."""
        square = (width, width)
        return {
            "E": (vocabulary, width), "P": (block, width), "W_Q": square, "W_K": square, "W_V": square, "W_O": square,
            "W_1": (4 * width, width), "W_2": (width, 4 * width), "W_U": (vocabulary, width),
        }  # fmt: skip

    def __call__(self, tokens: Sequence[Any]) -> list[list[Any]]:
        """The logits at each position of one document."""
        if not 0 < len(tokens) <= self.block:
            raise ValueError(f"This GPT reads a document of 1 to {self.block} tokens; it was given one of {len(tokens)}.")
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        return [self.step(token, keys, values) for token in tokens]

    def step(self, token: Any, keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
        """The logits for the token to come. `keys` and `values` have those of the positions before, and get this one's."""
        x = norm(plus(lookup(self.E, token), lookup(self.P, len(keys))))
        x = plus(x, self.attention(norm(x), keys, values))
        x = plus(x, self.two_layers(norm(x)))
        return linear(self.W_U, x)

    def attention(self, x: list[Any], keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
        """W_O o, where o are the mixtures of values by all heads, side by side."""
        query = linear(self.W_Q, x)
        keys.append(linear(self.W_K, x))
        values.append(linear(self.W_V, x))
        size = self.width // self.heads
        mixed = []
        for start in range(0, self.width, size):
            head = slice(start, start + size)
            scores = [dot(query[head], key[head]) / math.sqrt(size) for key in keys]
            shares = softmax(scores)
            mixed += [dot(shares, column) for column in zip(*[value[head] for value in values])]
        return linear(self.W_O, mixed)

    def two_layers(self, x: list[Any]) -> list[Any]:
        """W_2 relu(W_1 x)."""
        return linear(self.W_2, [relu(z) for z in linear(self.W_1, x)])

    def cost(self, tokens: Sequence[Any], targets: Sequence[Any], weights: Sequence[Any] | None = None) -> Any:
        """Σ w·(-log softmax(logits)[target]), the cross entropy of one document; without weights the mean over its positions."""
        if weights is None:
            weights = [1 / max(1, len(tokens))] * len(tokens)
        if not len(tokens) == len(targets) == len(weights):
            raise ValueError("Each position needs a token, a target and a weight: there are "
                             f"{len(tokens)} tokens, {len(targets)} targets and {len(weights)} weights.")  # fmt: skip
        logits = self(tokens)
        return fsum([w * (logsumexp(z) - lookup(z, target)) for z, target, w in zip(logits, targets, weights)])

    def generate(self, start: int, end: int, *, temperature: float = 1.0, seed: int | Random | None = None) -> list[int]:
        """A document of the network's own, without the tokens `start` and `end`.

        It begins with `start`. Each token to come is drawn with the probabilities softmax(logits/temperature), until `end` is
        drawn or `block` tokens have been read. The lower the temperature, the more often the likeliest token is drawn.
        """
        if not 0 < temperature < math.inf:
            raise ValueError(f"temperature = {temperature!r}: give a number above 0; 1 draws by the network's own probabilities.")
        random = seed if isinstance(seed, Random) else Random(seed)
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        written = [start]
        with no_grad():
            while len(keys) < self.block:
                logits = [z.data for z in self.step(written[-1], keys, values)]
                shares = [math.exp((z - max(logits)) / temperature) for z in logits]
                written += random.choices(range(self.vocabulary), shares)
                if written[-1] == end:
                    return written[1:-1]
        return written[1:]


def dot(x: Sequence[Any], y: Sequence[Any]) -> Any:
    """x·y. fsum is one node for all the additions, which halves the nodes of a document."""
    return fsum([p * q for p, q in zip(x, y)])


def linear(weights: Sequence[Sequence[Any]], x: Sequence[Any]) -> list[Any]:
    """W x."""
    return [dot(row, x) for row in weights]


def norm(x: Sequence[Any]) -> list[Any]:
    """x divided by the root of its mean square."""
    length = sqrt(dot(x, x) / len(x) + TINY)
    return [entry / length for entry in x]
