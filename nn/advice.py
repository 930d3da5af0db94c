"""What a teacher would say, looking over a student's shoulder: each remark once per run, none with `fit(warn=False)`."""

from __future__ import annotations

import sys
import warnings
from types import FrameType
from typing import Any

import numpy as np

from ..engine.arrays import shown
from ..engine.modes import is_ours
from .examples import Examples
from .history import History
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy
from .network import MLP
from .targets import AnyTargets

WATCHED = 100  # examples on which the units are inspected
NEARLY_ALL = 0.9
ROUNDING = 1e-6  # shares that were rounded to float32 add up to 1 within this


class TeacherWarning(UserWarning):
    """A remark on something that runs, but probably does not do what its author hopes."""


def caller() -> tuple[str, int, str]:
    """The file, line and module of the innermost line outside this project: the user's call of `fit`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    if frame is None:  # Python itself called us
        return "sys", 1, "sys"
    return frame.f_code.co_filename, frame.f_lineno, frame.f_globals.get("__name__", "<unknown>")


class Teacher:
    """Looks at a network in training and remarks on what it notices, once per run for each thing."""

    def __init__(self, model: Any, X: Examples, *, warn: bool = True) -> None:
        self.model, self.warn = model, warn
        self.X: Any = X[:: max(1, len(X) // WATCHED)]  # from all over the data, which may be sorted
        self.said: set[str] = set()
        self.shown: dict[Any, Any] = {}  # where Python records the warnings it has shown; empty for each new run

    def say(self, topic: str, sentence: str) -> None:
        """Warn at the line that called `fit`, unless this run has said so before.

        Python shows a warning once per line, and remembers that for as long as the module lives. A student who fixes one
        thing and runs the cell again should hear about the next run, too, so each run keeps that memory for itself.
        """
        if self.warn and topic not in self.said:
            self.said.add(topic)
            path, line, module = caller()
            warnings.warn_explicit(sentence, TeacherWarning, path, line, module, self.shown)

    def targets(self, targets: AnyTargets) -> None:
        """Before training: can the outputs reach the targets, is the cost bounded below?"""
        numbers, loss = targets.numbers, targets.loss
        activation = self.model.output_activation
        low, high = activation.image if activation else (-np.inf, np.inf)
        outside = numbers[(numbers < low) | (numbers > high)]
        if outside.size:
            self.say("targets", f"The target {outside[0]:g} is out of reach: {activation} gives values from {low:g} to {high:g}.")
        elif loss in (binary_cross_entropy, binary_cross_entropy_with_logits):
            outside = numbers[(numbers < 0) | (numbers > 1)]
            if outside.size:
                self.say("targets", f"The target {outside[0]:g} is out of reach: a probability lies between 0 and 1. With any "
                                    f"other target {loss.__name__} falls far below 0 as the outputs grow.")  # fmt: skip
        elif loss is cross_entropy and targets.n_out > 1:
            rows = numbers.reshape(-1, targets.n_out)
            wrong = np.flatnonzero((rows < 0).any(axis=1) | (abs(rows.sum(axis=1) - 1) > ROUNDING))
            if wrong.size:
                row = shown([float(f"{number:.6g}") for number in rows[wrong[0]]])
                self.say("targets", f"The target {row} is out of reach: softmax gives numbers from 0 to 1 that add up to 1. "
                                    "With negative targets cross_entropy falls without bound.")  # fmt: skip

    def epoch(self, history: History) -> None:
        """After each epoch."""
        if not self.warn:
            return
        self._cost(history)
        if not isinstance(self.model, MLP):
            return
        for number, (layer, (z, _)) in enumerate(zip(self.model.layers, self.model.on_rows(self.X)), 1):
            self._layer(number, layer, z)
        for number, layer in enumerate(self.model.layers[:-1], 1):
            self._twins(number, layer)

    def _layer(self, number: int, layer: Any, z: np.ndarray) -> None:
        name = layer.activation.name
        if name == "relu":
            dead = int((z <= 0).all(axis=0).sum())
            if dead:
                self.say(
                    f"dead {number}",
                    f"{dead} of the {layer.n_out} ReLU units of layer {number} are dead: they output 0 for every example looked "
                    "at, so no gradient reaches them. A smaller learning rate or He's initialisation helps.",
                )
        steepness = layer.activation.steepness(z)
        if steepness is not None and (steepness < 0.01).mean() > NEARLY_ALL:
            self.say(
                f"saturated {number}",
                f"Layer {number} is saturated: nearly all its {name} units have a slope below a hundredth of the largest, "
                "so the gradient vanishes there. Smaller weights or scaled inputs help.",
            )

    def _twins(self, number: int, layer: Any) -> None:
        above = self.model.layers[number].weight
        units = np.column_stack([layer.weight, layer.bias, above.T])
        kinds = len(np.unique(units, axis=0))
        if kinds < layer.n_out:
            which = f"All {layer.n_out}" if kinds == 1 else f"{layer.n_out - kinds + 1} or more of the {layer.n_out}"
            self.say(
                "symmetric",
                f"{which} units of layer {number} are identical and stay so, since they get equal gradients: one unit would do "
                "as well. Begin with random weights.",
            )

    def _cost(self, history: History) -> None:
        cost = history.cost
        rises = len(cost) >= 4 and cost[-1] > cost[-2] > cost[-3] > cost[-4] and cost[-1] > cost[0]
        jumps = len(cost) >= 2 and cost[-1] > 10 * cost[0] > 0
        if rises or jumps:
            self.say(
                "grows",
                f"The cost grows: {cost[0]:.4g} → {cost[-1]:.4g} by update {history.updates}. The learning rate is probably "
                "too large.",
            )
