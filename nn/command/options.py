"""The options of the demos: what can be typed, and what a demo does where nothing is typed.

An option is declared once, as argparse takes it: its flag (or, without dashes, the name of a word that follows the demo's)
and its settings. `training` gives the options of a demo that trains a network, each with the demo's own default in its help.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

from ..activations import ELEMENTWISE
from ..init import BY_NAME as INITS
from ..losses import BY_NAME as LOSSES
from ..optim import BY_NAME as OPTIMIZERS

# The last activation that a loss expects, used unless --output asks for another
OUTPUTS = {"cross_entropy": "linear", "binary_cross_entropy_with_logits": "linear", "hinge": "linear"}
USUAL_RATE = 0.01  # a common starting point for the adaptive optimisers, used where one is asked for without a rate


class Recipe(NamedTuple):
    """The settings of a demo that trains, unless options override them."""

    hidden: tuple[int, ...]
    activation: str
    output: str
    loss: str
    optimizer: str
    lr: float
    epochs: int
    batch_size: int | str
    init: str | None = None


class Option(NamedTuple):
    """A flag such as --epochs, or a word such as the file of predict, with the arguments of argparse's add_argument."""

    flag: str
    settings: dict[str, Any]


def option(flag: str, help: str, **settings: Any) -> Option:
    """An option; the help may say %(default)s."""
    return Option(flag, {"help": help, **settings})


def recipe(default: Recipe, options: Any) -> Recipe:
    """The default, changed by the options that were given."""
    given = {name: value for name in default._fields if (value := getattr(options, name, None)) is not None}
    if "loss" in given and "output" not in given:
        given["output"] = OUTPUTS.get(given["loss"], "sigmoid")
    if "optimizer" in given and "lr" not in given and given["optimizer"] != default.optimizer:
        given["lr"] = USUAL_RATE
    return default._replace(**given)


def training(default: Recipe) -> tuple[Option, ...]:
    """The options of a demo that trains a network.

    An option that is not given reads None, since what is used then may depend on those that are: see `recipe`.
    """
    init = default.init or "he for relu and its relatives, else xavier"
    hidden = ",".join(map(str, default.hidden))
    return (
        option("--hidden", f"neurons of each hidden layer (default: {hidden})", type=layers, metavar="30,30"),
        option("--activation", f"of the hidden layers: tanh, relu, ... (default: {default.activation})", choices=[*ELEMENTWISE],
               metavar="NAME"),
        option("--output", f"activation of the last layer (default: {default.output}, or what goes with --loss)",
               choices=[*ELEMENTWISE, "softmax"], metavar="NAME"),
        option("--loss", f"{', '.join(LOSSES)} (default: {default.loss})", choices=[*LOSSES], metavar="NAME"),
        option("--optimizer", f"{', '.join(OPTIMIZERS)} (default: {default.optimizer})", choices=[*OPTIMIZERS], metavar="NAME"),
        option("--init", f"how weights begin: {', '.join(INITS)} (default: {init})", choices=[*INITS], metavar="NAME"),
        option("--lr", f"learning rate (default: {default.lr:g}; {USUAL_RATE:g} with another optimizer)", type=rate,
               metavar="0.1"),
        option("--epochs", f"passes over the data (default: {default.epochs})", type=whole(1, "a number of epochs from 1 on"),
               metavar="N"),
        option("--batch-size", f'examples per update, or "all" (default: {default.batch_size})', type=batch, metavar="N"),
        option("--seed", "of weights and shuffling (default: %(default)s)", type=int, default=0, metavar="N"),
        option("--save", "keep the trained network, as m.safetensors", metavar="FILE"),
    )  # fmt: skip


# --- what can be typed after a flag ---

def whole(least: int, words: str) -> Callable[[str], int]:
    """A whole number from `least` on, as a type for argparse."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is not {words}")
        return number

    return read


def layers(text: str) -> tuple[int, ...]:
    """30,30 as sizes of hidden layers."""
    size = whole(1, "a number of neurons such as 30 or 30,30")
    return tuple(size(part) for part in text.split(","))


def batch(text: str) -> int | str:
    """A batch size: a number or "all"."""
    return "all" if text == "all" else whole(1, 'a batch size such as 1, 10 or "all"')(text)


def above_zero(words: str) -> Callable[[str], float]:
    """A number above 0, as a type for argparse."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}") from None
        if not 0 < number < float("inf"):
            raise argparse.ArgumentTypeError(f"{number:g} is not {words}")
        return number

    return read


rate = above_zero("a learning rate such as 0.1")
