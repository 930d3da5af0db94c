"""Optimisers: from gradients to new parameters. Names, defaults and update rules are PyTorch's, sources in each docstring.

A rule is written once, as arithmetic on one parameter's number p, its gradient g and its memory, a dictionary. It uses
+ - * / and ** only, so that arrays can take the place of numbers.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any, ClassVar

from ..engine import Value, zero_grad
from .advice import TeacherWarning


class Optimizer:
    """Keeps the parameters and a memory for each; subclasses define the rule.

    clip  the longest gradient that the rule sees: where the norm over all parameters, √(Σ g²), is larger, every g is
          multiplied by clip / norm. The direction stays, and so does `.grad`. Pascanu, Mikolov and Bengio 2013; None does
          not clip. (torch.nn.utils.clip_grad_norm_ adds 1e-6 to the norm, and changes `.grad`.)
    """

    def __init__(self, parameters: Iterable[Value], lr: float, clip: float | None = None, **options: float) -> None:
        self.parameters = list(parameters) if isinstance(parameters, Iterable) else []
        if not self.parameters or not all(isinstance(p, Value) for p in self.parameters):
            raise ValueError("An optimiser needs the parameters to improve, as Values: SGD(model.parameters(), lr=0.1).")
        for name, number in {"lr": lr, **options}.items():
            if not number >= 0:
                raise ValueError(f"{name} = {number} must be 0 or greater.")
        if clip is not None and not clip > 0:
            raise ValueError(f"clip = {clip} must be the largest norm that a gradient may have, above 0; None does not clip.")
        self.lr, self.clip = lr, clip
        self.memory: list[dict[str, Any]] = [{} for _ in self.parameters]
        self.warn = True  # whether to say so when a step is taken on gradients that were not cleared

    def rule(self, p: Any, g: Any, memory: dict[str, Any]) -> Any:
        """The new parameter; `memory` is this parameter's own, empty at first."""
        raise NotImplementedError

    def step(self) -> None:
        """Move every parameter that has a gradient; none is moved if one would become inf or nan, or if Ctrl-C is pressed."""
        self._notice_uncleared()
        gradients = [p.grad for p in self.parameters if p.has_grad]
        norm = 0.0 if self.clip is None else math.hypot(*gradients)
        if self.clip is not None and norm > self.clip:
            gradients = [g * (self.clip / norm) for g in gradients]
        memories = [dict(memory) for memory in self.memory]  # kept only if the whole step is made
        having = [(p, memory) for p, memory in zip(self.parameters, memories) if p.has_grad]
        moved = [(p, self.rule(p.data, g, memory)) for (p, memory), g in zip(having, gradients)]
        for p, number in moved:
            if not abs(number) < float("inf"):
                name = p.label or "A parameter"
                raise OverflowError(f"{name} would become {number}: the learning rate {self.lr} is too large.")
        before = [p.data for p, _ in moved]
        try:
            for p, number in moved:
                p.data = number
            self.memory = memories
        except BaseException:
            for (p, _), number in zip(moved, before):
                p.data = number
            raise

    def zero_grad(self) -> None:
        """Reset the gradient of every parameter to not computed."""
        zero_grad(self.parameters)

    def _notice_uncleared(self) -> None:
        """Warn once when a sweep has added to gradients that an earlier step has used already."""
        if self.warn and any(isinstance(p._grad, Spent) and p._grad.added for p in self.parameters):
            self.warn = False
            warnings.warn(
                "step() was called on gradients that contain those of an earlier step: call zero_grad() before backward(). "
                "(Adding up several sweeps on purpose is fine: one step() after them, then zero_grad().)",
                TeacherWarning, stacklevel=3,
            )  # fmt: skip
        for p in self.parameters if self.warn else ():
            if p._grad is not None:
                p._grad = Spent(p._grad)


class Spent(float):
    """A gradient that a step has used. A sum with it remembers that; clearing it, or assigning to it, forgets."""

    added = False

    def __add__(self, other: float) -> Spent:
        total = Spent(float(self) + other)
        total.added = True
        return total


class SGD(Optimizer):
    """p ← p - lr·g, with momentum if asked: V ← momentum·V + (1 - dampening)·g, then p ← p - lr·V; V starts as g.

    `nesterov` steps by g + momentum·V; `weight_decay` adds weight_decay·p to g. As torch.optim.SGD.
    `ema=True` is the lectures' running average: V starts at 0, V ← momentum·V + (1 - momentum)·g. With lr·(1 - momentum)
    in place of lr, the classical form moves the same way.
    """

    options: ClassVar = ("lr", "momentum", "dampening", "nesterov", "weight_decay", "ema")

    def __init__(
        self, parameters: Iterable[Value], lr: float = 0.1, momentum: float = 0.0, dampening: float = 0.0,
        nesterov: bool = False, weight_decay: float = 0.0, ema: bool = False, clip: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parameters, lr, clip, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum == 0 or dampening != 0 or ema):
            raise ValueError("Nesterov's momentum needs a momentum, and goes with neither dampening nor ema.")
        self.momentum, self.dampening, self.nesterov = momentum, dampening, nesterov
        self.weight_decay, self.ema = weight_decay, ema

    def rule(self, p: Any, g: Any, memory: dict[str, Any]) -> Any:
        """The update rule above."""
        g = g + self.weight_decay * p
        if self.ema:
            g = memory["V"] = self.momentum * memory.get("V", 0.0) + (1 - self.momentum) * g
        elif self.momentum:
            memory["V"] = self.momentum * memory["V"] + (1 - self.dampening) * g if "V" in memory else g
            g = g + self.momentum * memory["V"] if self.nesterov else memory["V"]
        return p - self.lr * g


class Adagrad(Optimizer):
    """S ← S + g²; p ← p - lr·g / (√S + eps). Duchi, Hazan and Singer 2011; as torch.optim.Adagrad."""

    options: ClassVar = ("lr", "eps")

    def __init__(self, parameters: Iterable[Value], lr: float = 0.01, eps: float = 1e-10, clip: float | None = None) -> None:
        super().__init__(parameters, lr, clip, eps=eps)
        self.eps = eps

    def rule(self, p: Any, g: Any, memory: dict[str, Any]) -> Any:
        """The update rule above."""
        memory["S"] = memory.get("S", 0.0) + g * g
        return p - self.lr * g / (memory["S"] ** 0.5 + self.eps)


class RMSprop(Optimizer):
    """S ← alpha·S + (1 - alpha)·g²; p ← p - lr·g / (√S + eps). Tieleman and Hinton 2012; as torch.optim.RMSprop."""

    options: ClassVar = ("lr", "alpha", "eps")

    def __init__(
        self, parameters: Iterable[Value], lr: float = 0.01, alpha: float = 0.99, eps: float = 1e-8, clip: float | None = None
    ) -> None:
        super().__init__(parameters, lr, clip, alpha=alpha, eps=eps)
        self.alpha, self.eps = alpha, eps

    def rule(self, p: Any, g: Any, memory: dict[str, Any]) -> Any:
        """The update rule above."""
        memory["S"] = self.alpha * memory.get("S", 0.0) + (1 - self.alpha) * g * g
        return p - self.lr * g / (memory["S"] ** 0.5 + self.eps)


class Adam(Optimizer):
    """M ← β1·M + (1 - β1)·g; S ← β2·S + (1 - β2)·g²; p ← p - lr·M' / (√S' + eps), where M' = M/(1 - β1ᵗ), S' = S/(1 - β2ᵗ)
    correct for both starting at 0. Kingma and Ba 2015; as torch.optim.Adam.
    """  # fmt: skip

    options: ClassVar = ("lr", "betas", "eps")

    def __init__(
        self, parameters: Iterable[Value], lr: float = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        clip: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parameters, lr, clip, eps=eps, beta1=betas[0], beta2=betas[1])
        for name, beta in zip(("beta1", "beta2"), betas):
            if beta >= 1:
                raise ValueError(f"{name} = {beta} must be below 1: at 1 gradients would have no effect.")
        self.betas, self.eps = betas, eps

    def rule(self, p: Any, g: Any, memory: dict[str, Any]) -> Any:
        """The update rule above."""
        beta1, beta2 = self.betas
        t = memory["t"] = memory.get("t", 0) + 1
        memory["M"] = beta1 * memory.get("M", 0.0) + (1 - beta1) * g
        memory["S"] = beta2 * memory.get("S", 0.0) + (1 - beta2) * g * g
        return p - self.lr * (memory["M"] / (1 - beta1**t)) / ((memory["S"] / (1 - beta2**t)) ** 0.5 + self.eps)


BY_NAME: dict[str, type[Optimizer]] = {"sgd": SGD, "adagrad": Adagrad, "rmsprop": RMSprop, "adam": Adam}
