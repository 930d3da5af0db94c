"""Networks with gates, which decide what is kept: the LSTM and the GRU. Names, order of gates and biases are PyTorch's."""

from __future__ import annotations

from numbers import Real
from random import Random
from typing import Any, NamedTuple

from ...engine import Value, sigmoid, tanh
from .recurrent import Draw, Recurrent, affine, plus, torch_shapes, zeros


class LSTMStates(NamedTuple):
    """What an LSTM computed for one sequence: lists over time. i, f and o are the gates, g is what may be written, c the cell."""

    x: list[list[Any]]
    i: list[list[Any]]
    f: list[list[Any]]
    g: list[list[Any]]
    o: list[list[Any]]
    c: list[list[Any]]
    h: list[list[Any]]

    @property
    def output(self) -> list[list[Any]]:
        """The prediction: h at each step."""
        return self.h


class LSTM(Recurrent):
    """Long short-term memory: a cell c that is added to, rather than multiplied, so that what it holds can last.

        i = σ(Wi x[t] + bi + Ui h[t-1] + bi')       input gate: how much is written
        f = σ(Wf x[t] + bf + Uf h[t-1] + bf')       forget gate: how much of the cell is kept
        g = tanh(Wg x[t] + bg + Ug h[t-1] + bg')    what is written
        o = σ(Wo x[t] + bo + Uo h[t-1] + bo')       output gate: how much is shown
        c[t] = f·c[t-1] + i·g
        h[t] = o·tanh(c[t])

    Hochreiter and Schmidhuber 1997; the forget gate is from Gers, Schmidhuber and Cummins 2000. No peepholes.

    Parameters, as in torch.nn.LSTM: weight_ih_l0 (4·n_hidden, n_in), weight_hh_l0 (4·n_hidden, n_hidden), bias_ih_l0 and
    bias_hh_l0 (4·n_hidden). Their rows are those of i, then f, g, o, n_hidden of each; so weights travel both ways by
    state_dict(). Keras has i, f, c, o (its c is our g) and one bias, the sum of the two; ONNX has i, o, f, c. The parameters
    are drawn as PyTorch does, uniform within ±1/√n_hidden, and then `forget_bias` is added to the rows f of bias_ih_l0: with 1 or
    2 the cell is kept at first (Gers et al. 2000; Jozefowicz et al. 2015), with 0 about half of it is lost at each step.

    Called with (steps, n_in) it gives h, (steps, n_hidden). For a readout: Sequential(LSTM(2, 8), Last(), Layer(8, 1, "linear")).
    """  # fmt: skip

    def __init__(self, n_in: int, n_hidden: int, forget_bias: float = 0.0, *, seed: int | Random | None = None) -> None:
        self._sizes(n_in, n_hidden)
        if not isinstance(forget_bias, Real) or not abs(forget_bias) < float("inf"):
            raise ValueError(f"forget_bias = {forget_bias!r}: give a number, such as 1 for a cell that is kept at first.")
        draw = Draw(n_hidden, seed)
        self.weight_ih_l0: list[list[Value]] = draw.matrix("W", 4 * n_hidden, n_in)
        self.weight_hh_l0: list[list[Value]] = draw.matrix("U", 4 * n_hidden, n_hidden)
        self.bias_ih_l0: list[Value] = draw.vector("b", 4 * n_hidden)
        self.bias_hh_l0: list[Value] = draw.vector("b'", 4 * n_hidden)
        for bias in self.bias_ih_l0[n_hidden : 2 * n_hidden]:
            bias.data += forget_bias

    def settings(self) -> dict[str, Any]:
        """Its sizes."""
        return {"n_in": self.n_in, "n_hidden": self.n_hidden}

    @classmethod
    def shapes(cls, n_in: int, n_hidden: int) -> dict[str, tuple[int, ...]]:
        """PyTorch's four arrays."""
        return torch_shapes(4, n_in, n_hidden)

    def states(self, x: Any) -> LSTMStates:
        """The gates, the cell and h at each step."""
        found = LSTMStates(self.steps_of(x), [], [], [], [], [], [])
        n = self.n_hidden
        h, c = zeros(n), zeros(n)
        for now in found.x:
            z = plus(affine(self.weight_ih_l0, now, self.bias_ih_l0), affine(self.weight_hh_l0, h, self.bias_hh_l0))
            i, f, o = ([sigmoid(value) for value in z[start : start + n]] for start in (0, n, 3 * n))
            g = [tanh(value) for value in z[2 * n : 3 * n]]
            c = [keep * old + write * new for keep, old, write, new in zip(f, c, i, g)]
            h = [show * tanh(cell) for show, cell in zip(o, c)]
            for over_time, values in zip(found[1:], (i, f, g, o, c, h)):
                over_time.append(values)
        return found


class GRUStates(NamedTuple):
    """What a GRU computed for one sequence: lists over time. r and z are the gates, n is the new state that is proposed."""

    x: list[list[Any]]
    r: list[list[Any]]
    z: list[list[Any]]
    n: list[list[Any]]
    h: list[list[Any]]

    @property
    def output(self) -> list[list[Any]]:
        """The prediction: h at each step."""
        return self.h


class GRU(Recurrent):
    """Gated recurrent unit: h moves from its old value towards a new one, as far as the gate z lets it.

        r = σ(Wr x[t] + br + Ur h[t-1] + br')            reset gate: how much of the past the proposal sees
        z = σ(Wz x[t] + bz + Uz h[t-1] + bz')            update gate: how much of the past is kept
        n = tanh(Wn x[t] + bn + r·(Un h[t-1] + bn'))     reset="after", as PyTorch computes it
        n = tanh(Wn x[t] + bn + Un (r·h[t-1]) + bn')     reset="before", as in Cho et al. 2014
        h[t] = (1 - z)·n + z·h[t-1]

    The last line is Cho's and PyTorch's. Chung et al. 2014 have z the other way round, h[t] = (1 - z)·h[t-1] + z·n: since
    1 - σ(a) = σ(-a), the rows z of all parameters change their sign on the way from one to the other.

    Parameters, as in torch.nn.GRU: weight_ih_l0 (3·n_hidden, n_in), weight_hh_l0 (3·n_hidden, n_hidden), bias_ih_l0 and
    bias_hh_l0 (3·n_hidden). Their rows are those of r, then z, n, n_hidden of each; with reset="after" weights travel both ways
    by state_dict(). (Keras has z, r, n.) They are drawn as PyTorch does, uniform within ±1/√n_hidden. Called with
    (steps, n_in) it gives h, (steps, n_hidden).
    """  # fmt: skip

    def __init__(self, n_in: int, n_hidden: int, reset: str = "after", *, seed: int | Random | None = None) -> None:
        self._sizes(n_in, n_hidden)
        if reset not in ("after", "before"):
            raise ValueError(f'reset = {reset!r}: give "after" (the product with U, as PyTorch) or "before" (it, as Cho et al.).')
        self.reset = reset
        draw = Draw(n_hidden, seed)
        self.weight_ih_l0 = draw.matrix("W", 3 * n_hidden, n_in)
        self.weight_hh_l0 = draw.matrix("U", 3 * n_hidden, n_hidden)
        self.bias_ih_l0 = draw.vector("b", 3 * n_hidden)
        self.bias_hh_l0 = draw.vector("b'", 3 * n_hidden)

    def settings(self) -> dict[str, Any]:
        """Its sizes and where it resets."""
        return {"n_in": self.n_in, "n_hidden": self.n_hidden, "reset": self.reset}

    @classmethod
    def shapes(cls, n_in: int, n_hidden: int, reset: str = "after") -> dict[str, tuple[int, ...]]:
        """PyTorch's four arrays."""
        return torch_shapes(3, n_in, n_hidden)

    def states(self, x: Any) -> GRUStates:
        """The gates, the proposal and h at each step."""
        found = GRUStates(self.steps_of(x), [], [], [], [])
        k = 2 * self.n_hidden  # where the rows of n begin, behind those of r and z
        weights, biases = self.weight_hh_l0, self.bias_hh_l0
        h = zeros(self.n_hidden)
        for now in found.x:
            seen = affine(self.weight_ih_l0, now, self.bias_ih_l0)
            gates = [sigmoid(value) for value in plus(seen[:k], affine(weights[:k], h, biases[:k]))]
            r, z = gates[: self.n_hidden], gates[self.n_hidden :]
            if self.reset == "after":
                past = [open_ * value for open_, value in zip(r, affine(weights[k:], h, biases[k:]))]
            else:
                past = affine(weights[k:], [open_ * value for open_, value in zip(r, h)], biases[k:])
            n = [tanh(value) for value in plus(seen[k:], past)]
            h = [(1 - keep) * new + keep * old for keep, new, old in zip(z, n, h)]
            for over_time, values in zip(found[1:], (r, z, n, h)):
                over_time.append(values)
        return found
