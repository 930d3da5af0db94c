"""Networks that read a sequence step by step: what they share, and the networks of Elman and Jordan.

A sequence is a list of steps, each a list of n_in numbers: (steps, n_in). At each step the same weights see the step's
numbers and what the network remembers; before the first step it remembers zeros. Backpropagation through time is plain
backpropagation: a weight is used at every step, and its gradient is the sum over its uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np

from ... import engine
from ...engine import Constant, Value
from ..activations import Activation
from ..arguments import is_whole
from ..examples import Examples, sequences
from ..layers import Kind, Layer, add_up, checked, weighted_sum
from ..module import Module


class Recurrent(Module):
    """A network with a memory. Subclasses have n_in and n_hidden, and define `states`."""

    n_in: int
    n_hidden: int

    def __call__(self, x: Any) -> list[list[Any]]:
        """The outputs at each step of one sequence."""
        return self.states(x).output  # type: ignore[no-any-return]

    def states(self, x: Any) -> Any:
        """Everything that is computed for one sequence: a named tuple of lists over time."""
        raise NotImplementedError

    def activations(self, x: Any) -> Any:
        """The states for one sequence, as Values that are named h3_1 for unit 1 at step 3; steps are counted from 1."""
        found = self.states(x)
        for letter, steps in found._asdict().items():
            for t, values in enumerate(steps, 1):
                for j, value in enumerate(values, 1):
                    if isinstance(value, Value) and not value.label:
                        value.label = f"{letter}{t}_{j}"
        return found

    def examples(self, X: Any, name: str = "X") -> Examples:
        """Sequences of steps of n_in numbers; their lengths may differ."""
        return sequences(X, self.n_in, name)

    def steps_of(self, x: Any) -> list[list[Any]]:
        """One sequence as lists of Values."""
        if not hasattr(x, "__iter__") or not len(x):
            raise ValueError(f"This takes a sequence, a list of steps with {self.n_in} numbers each; it was given {x!r:.60}.")
        return [checked(step, self.n_in) for step in x]

    def _sizes(self, n_in: int, n_hidden: int, n_out: int = 1) -> None:
        """Check the sizes, and keep the first two."""
        for size, of_what in ((n_in, "inputs"), (n_hidden, "hidden units"), (n_out, "outputs")):
            if not is_whole(size) or size < 1:
                raise ValueError(f"{type(self).__name__} needs a whole number of {of_what}, at least 1, not {size!r}.")
        self.n_in, self.n_hidden = int(n_in), int(n_hidden)


class Draw:
    """Parameters drawn as PyTorch draws those of its recurrent layers: uniform within ±1/√n, n being the hidden units."""

    def __init__(self, n: int, seed: int | Random | None) -> None:
        self.limit = n**-0.5
        self.random = seed if isinstance(seed, Random) else Random(seed)

    def number(self) -> float:
        """One number."""
        return self.random.uniform(-self.limit, self.limit)

    def matrix(self, letter: str, rows: int, columns: int) -> list[list[Value]]:
        """Weights (out, in), named W1_2 for the one to unit 1 from input 2."""
        return [[Value(self.number(), f"{letter}{j}_{k}") for k in range(1, columns + 1)] for j in range(1, rows + 1)]

    def vector(self, letter: str, rows: int) -> list[Value]:
        """Biases."""
        return [Value(self.number(), f"{letter}{j}") for j in range(1, rows + 1)]

    def readout(self, n_out: int, n_hidden: int, kind: Kind) -> Layer:
        """A layer from the hidden units to the outputs; PyTorch draws a Linear with n inputs within ±1/√n, too."""
        return Layer.from_weights(self.matrix("V", n_out, n_hidden), self.vector("d", n_out), kind)


def torch_shapes(gates: int, n_in: int, n_hidden: int) -> dict[str, tuple[int, ...]]:
    """The shapes of PyTorch's four arrays, of so many stacked gates."""
    rows = gates * n_hidden
    return {
        "weight_ih_l0": (rows, n_in), "weight_hh_l0": (rows, n_hidden), "bias_ih_l0": (rows,), "bias_hh_l0": (rows,),
    }  # fmt: skip


def affine(weights: Sequence[Sequence[Any]], x: Sequence[Any], biases: Sequence[Any]) -> list[Any]:
    """W x + b."""
    return [weighted_sum(row, x, b) for row, b in zip(weights, biases)]


def times(weights: Sequence[Sequence[Any]], x: Sequence[Any]) -> list[Any]:
    """W x."""
    return [add_up(w * value for w, value in zip(row, x)) for row in weights]


def plus(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """a + b, entry by entry."""
    return [p + q for p, q in zip(a, b)]


def zeros(count: int) -> list[Any]:
    """What a network remembers before the first step."""
    return [Constant(0.0)] * count


class ElmanStates(NamedTuple):
    """What an Elman network computed for one sequence: lists over time. z is what h is the activation of."""

    x: list[list[Any]]
    z: list[list[Any]]
    h: list[list[Any]]
    y: list[list[Any]]

    @property
    def output(self) -> list[list[Any]]:
        """The prediction: y at each step."""
        return self.y


class Elman(Recurrent):
    """h[t] = f(W x[t] + b + U h[t-1] + b'), y[t] = g(V h[t] + d). Elman 1990, Finding structure in time.

    f is tanh unless `activation` says otherwise (Elman's is logistic), g the `output` activation. The context units of the
    paper are copies of the last hidden state; they are U's inputs. Elman trains with the context held constant; here the gradient
    goes back through all steps.

    Parameters, as in torch.nn.RNN: weight_ih_l0 is W (n_hidden, n_in), weight_hh_l0 is U (n_hidden, n_hidden), bias_ih_l0
    and bias_hh_l0 are b and b'; readout.weight is V (n_out, n_hidden), readout.bias is d. All are drawn as PyTorch does,
    uniform within ±1/√n_hidden. Called with (steps, n_in) it gives (steps, n_out).
    """

    def __init__(
        self, n_in: int, n_hidden: int, n_out: int, activation: Kind = "tanh", output: Kind = "linear", *,
        seed: int | Random | None = None,
    ) -> None:  # fmt: skip
        self._sizes(n_in, n_hidden, n_out)
        self.activation = Activation(activation)
        draw = Draw(n_hidden, seed)
        self.weight_ih_l0 = draw.matrix("W", n_hidden, n_in)
        self.weight_hh_l0 = draw.matrix("U", n_hidden, n_hidden)
        self.bias_ih_l0 = draw.vector("b", n_hidden)
        self.bias_hh_l0 = draw.vector("b'", n_hidden)
        self.readout = draw.readout(n_out, n_hidden, output)

    @property
    def output_activation(self) -> Activation:
        """The readout's."""
        return self.readout.activation

    def settings(self) -> dict[str, Any]:
        """Its sizes and the names of its activations."""
        return {
            "n_in": self.n_in, "n_hidden": self.n_hidden, "n_out": self.readout.n_out,
            "activation": self.activation.to_keep(), "output": self.readout.activation.to_keep(),
        }  # fmt: skip

    @classmethod
    def shapes(
        cls, n_in: int, n_hidden: int, n_out: int, activation: str = "tanh", output: str = "linear"
    ) -> dict[str, tuple[int, ...]]:
        """PyTorch's four arrays, and the readout's two."""
        return {**torch_shapes(1, n_in, n_hidden), "readout.weight": (n_out, n_hidden), "readout.bias": (n_out,)}

    def states(self, x: Any) -> ElmanStates:
        """x, z, h and y at each step."""
        found = ElmanStates(self.steps_of(x), [], [], [])
        h = zeros(self.n_hidden)
        for now in found.x:
            z = plus(affine(self.weight_ih_l0, now, self.bias_ih_l0), affine(self.weight_hh_l0, h, self.bias_hh_l0))
            h = self.activation(z)
            found.z.append(z)
            found.h.append(h)
            found.y.append(self.readout(h))
        return found


class JordanStates(NamedTuple):
    """What a Jordan network computed for one sequence: lists over time. c is the context that each step began with."""

    x: list[list[Any]]
    c: list[list[Any]]
    z: list[list[Any]]
    h: list[list[Any]]
    y: list[list[Any]]

    @property
    def output(self) -> list[list[Any]]:
        """The prediction: y at each step."""
        return self.y


class Jordan(Recurrent):
    """c[t] = alpha·c[t-1] + y[t-1], h[t] = f(W x[t] + U c[t] + b), y[t] = g(V h[t] + d). Jordan 1986, Serial order.

    The network remembers what it answered, where Elman's remembers what it thought; alpha is how much of the older context
    is kept. c[1] is 0. f is tanh and g linear unless `activation` and `output` say otherwise.

    Teacher forcing: model(x, targets=y) puts the right answers y[t-1] into the context, in place of the network's own; without
    targets it runs free. `fit` calls model(x), so it trains a free run; `Forced(model)` is trained with the teacher.

    Parameters: weight_ih is W (n_hidden, n_in), weight_ch is U (n_hidden, n_out), bias_h is b, readout.weight is V
    (n_out, n_hidden), readout.bias is d, drawn as for Elman. Called with (steps, n_in) it gives (steps, n_out).
    """

    def __init__(
        self, n_in: int, n_hidden: int, n_out: int, alpha: float = 0.0, activation: Kind = "tanh", output: Kind = "linear", *,
        seed: int | Random | None = None,
    ) -> None:  # fmt: skip
        self._sizes(n_in, n_hidden, n_out)
        if not 0 <= alpha < 1:
            raise ValueError(f"alpha = {alpha}: give the share of the context that is kept, from 0 to below 1.")
        self.alpha, self.activation = float(alpha), Activation(activation)
        draw = Draw(n_hidden, seed)
        self.weight_ih = draw.matrix("W", n_hidden, n_in)
        self.weight_ch = draw.matrix("U", n_hidden, n_out)
        self.bias_h = draw.vector("b", n_hidden)
        self.readout = draw.readout(n_out, n_hidden, output)

    @property
    def n_out(self) -> int:
        """How many outputs it gives at each step, and how many units its context has."""
        return self.readout.n_out

    @property
    def output_activation(self) -> Activation:
        """The readout's."""
        return self.readout.activation

    def settings(self) -> dict[str, Any]:
        """Its sizes, alpha and the names of its activations."""
        return {
            "n_in": self.n_in, "n_hidden": self.n_hidden, "n_out": self.n_out, "alpha": self.alpha,
            "activation": self.activation.to_keep(), "output": self.readout.activation.to_keep(),
        }  # fmt: skip

    @classmethod
    def shapes(
        cls, n_in: int, n_hidden: int, n_out: int, alpha: float = 0.0, activation: str = "tanh", output: str = "linear"
    ) -> dict[str, tuple[int, ...]]:
        """W, U, b, V, d."""
        return {
            "weight_ih": (n_hidden, n_in), "weight_ch": (n_hidden, n_out), "bias_h": (n_hidden,),
            "readout.weight": (n_out, n_hidden), "readout.bias": (n_out,),
        }  # fmt: skip

    def __call__(self, x: Any, targets: Any = None) -> list[list[Any]]:
        """The outputs at each step; with `targets` (steps, n_out) these are the context."""
        return self.states(x, targets).y

    def states(self, x: Any, targets: Any = None) -> JordanStates:
        """x, c, z, h and y at each step."""
        found = JordanStates(self.steps_of(x), [], [], [], [])
        forced = None if targets is None else self._answers(targets, len(found.x))
        c, y = zeros(self.n_out), zeros(self.n_out)
        for t, now in enumerate(found.x):
            c = plus([self.alpha * value for value in c], y) if self.alpha else y
            z = plus(affine(self.weight_ih, now, self.bias_h), times(self.weight_ch, c))
            h = self.activation(z)
            found.c.append(c)
            found.z.append(z)
            found.h.append(h)
            found.y.append(self.readout(h))
            y = found.y[-1] if forced is None else forced[t]
        return found

    def _answers(self, targets: Any, steps: int) -> list[list[Any]]:
        """The teacher's answers, as many as there are steps; for one output a number may stand for a list of one."""
        rows = [row if hasattr(row, "__iter__") else [row] for row in targets]
        if len(rows) != steps:
            raise ValueError(f"The teacher needs an answer for each step: there are {steps} steps and {len(rows)} targets.")
        return [checked(row, self.n_out) for row in rows]


class Forced(Recurrent):
    """A Jordan network with its teacher, to be trained by `fit`: a step is x[t] followed by the right answer y[t].

    The answer of a step is seen from the next step on. The parameters are the network's own:

        nn.fit(nn.Forced(model), np.concatenate([X, Y], axis=2), Y)    # X (examples, steps, n_in), Y (examples, steps, n_out)
        model.predict(X)                                               # runs free
    """

    def __init__(self, model: Jordan) -> None:
        if not isinstance(model, Jordan):
            raise TypeError(f"Forced takes a Jordan network, whose context are its answers; it was given {model!r:.60}.")
        self.model = model
        self._sizes(model.n_in + model.n_out, model.n_hidden)

    @property
    def output_activation(self) -> Activation:
        """The network's."""
        return self.model.output_activation

    def states(self, x: Any) -> JordanStates:
        """The network's states, with the answers in its context."""
        steps, n = self.steps_of(x), self.model.n_in
        return self.model.states([step[:n] for step in steps], [step[n:] for step in steps])


def gradient_over_time(model: Recurrent, x: Any) -> np.ndarray:
    """‖∂h[T]/∂x[t]‖ for each step t of a sequence of T steps: how much of what was seen at t can still be learned from.

    The norm is Frobenius's, the root of the sum of all squares in the matrix (n_hidden, n_in). In Elman's network the
    matrix is the product of T - t matrices f'(z)·U, and with them it shrinks or grows as a power: Hochreiter 1991; Bengio, Simard
    and Frasconi 1994.
    """
    if not isinstance(model, Recurrent):
        raise TypeError(f"gradient_over_time takes a recurrent network, such as LSTM(2, 8); it was given {model!r:.60}.")
    plain = x.tolist() if isinstance(x, np.ndarray) else x
    steps = [[Value(number, f"x{t}_{k}") for k, number in enumerate(step, 1)] for t, step in enumerate(plain, 1)]
    found = np.array(engine.jacobian(model.states(steps).h[-1], [value for step in steps for value in step]))
    norms: np.ndarray = np.sqrt((found.reshape(len(found), len(steps), -1) ** 2).sum(axis=(0, 2)))
    return norms
