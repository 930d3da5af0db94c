"""What a teacher would say, looking over a student's shoulder: each remark once a run, none if `fit(warn=False)`."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .activations import RANGES
from .history import History

WATCHED = 100  # examples on which the units are looked at
NEARLY_ALL = 0.9


class TeacherWarning(UserWarning):
    """Something that runs, but will probably not do what its author hopes."""


class Teacher:
    """Looks at a network in training and says what is noticed, each thing once."""

    def __init__(self, model: Any, X: np.ndarray, *, warn: bool = True) -> None:
        self.model, self.warn = model, warn
        self.X = X[:: max(1, len(X) // WATCHED)]  # from all over the data, which may be sorted
        self.said: set[str] = set()

    def say(self, topic: str, sentence: str) -> None:
        """Warn, unless that was said before."""
        if self.warn and topic not in self.said:
            self.said.add(topic)
            warnings.warn(sentence, TeacherWarning, stacklevel=4)

    def targets(self, y: Any) -> None:
        """Before training: can the last activation reach the targets?"""
        activation = self.model.layers[-1].activation.name
        low, high = RANGES.get(activation, (-math.inf, math.inf))
        numbers = np.asarray(y, dtype=float)
        if (numbers < low).any() or (numbers > high).any():
            outside = numbers[(numbers < low) | (numbers > high)][0]
            self.say("targets", f"The target {outside:g} is out of reach: {activation} gives values from {low:g} to {high:g}.")

    def epoch(self, history: History) -> None:
        """After each epoch."""
        if not self.warn:
            return
        self._cost(history)
        z, a = self._units()
        for number, layer in enumerate(self.model.layers, 1):
            self._layer(number, layer, z[number - 1], a[number - 1])
        for number, layer in enumerate(self.model.layers[:-1], 1):
            self._twins(number, layer)

    def _units(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """z and a of every layer on the watched examples, (examples, units)."""
        zs, activations, a = [], [], self.X
        for layer in self.model.layers:
            with np.errstate(all="ignore"):
                z = np.clip(a @ layer.weight.T + layer.bias, -1e300, 1e300)  # a network about to burst is looked at, too
            a = layer.activation.on_rows(z)
            zs.append(z)
            activations.append(a)
        return zs, activations

    def _layer(self, number: int, layer: Any, z: np.ndarray, a: np.ndarray) -> None:
        name = layer.activation.name
        if name == "relu":
            dead = int((z <= 0).all(axis=0).sum())
            if dead:
                self.say(
                    f"dead {number}",
                    f"{dead} of the {layer.n_out} ReLU units of layer {number} are dead: they answer 0 to every example looked "
                    "at, so no gradient reaches them. A smaller learning rate or He's initialisation helps.",
                )
        if name in ("sigmoid", "tanh"):
            slope = a * (1 - a) / 0.25 if name == "sigmoid" else 1 - a**2
            if (slope < 0.01).mean() > NEARLY_ALL:
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
                "as much. Begin with random weights.",
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
