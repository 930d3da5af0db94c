"""A network on its way into PyTorch: the same parameters and the same outputs, for whoever goes on there.

torch is no dependency: it is imported when `to_torch` is called (`pip install "chainrule[torch]"`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..engine.arrays import shown
from .module import Module

if TYPE_CHECKING:
    import torch


def to_torch(model: Module) -> torch.nn.Module:
    """The network as a torch.nn.Module, in float64; outputs and gradients agree with ours to 1e-12.

        theirs = nn.to_torch(model)                  # Sequential(Linear(2, 4), Tanh(), Linear(4, 1), Sigmoid(), ...)
        theirs(torch.tensor(X))                      # model.predict(X), with a gradient in torch

    Whatever is the same thing in torch is made of torch's own modules (Linear, Conv1d, Conv2d, MaxPool2d, Flatten, RNN,
    LSTM, GRU with reset="after", most activations); the rest (RBF, TDNN, Jordan, ...) are small modules of ours. It takes what
    `model.predict` takes, as a tensor in float64, with one sequence length for the whole batch, and gives what it gives, in
    the same shape: a single output has no dimension of its own.

    The parameters are copies, in the order and the shapes of `model.state_dict()`. So they come back by

        model.load_state_dict(dict(zip(model.state_dict(), (p.detach() for p in theirs.parameters()), strict=True)))

    but for a Neuron, whose weights are (1, n_in) there, and for arrays of Values that two modules share: those are one
    parameter there. Where a max-pooling window has several largest numbers, each gets its share of the gradient here,
    and one of them gets all of it in torch.

    Raises TypeError for what is no module of this package, ValueError for what torch cannot hold (an activation of your own,
    a weight that is computed from other Values), and ModuleNotFoundError if torch is not installed.
    """  # fmt: skip
    if not isinstance(model, Module):
        raise TypeError(f"to_torch takes a module, such as MLP(2, [3, 1]); it was given {shown(model)}.")
    try:
        from .torch_makers import Conversion
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        sentence = "to_torch needs torch, which is not installed: pip install torch"
        raise ModuleNotFoundError(sentence, name="torch") from None
    found: Any = Conversion(model).of(model)
    return found
