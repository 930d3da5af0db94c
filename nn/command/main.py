"""python -m nn: networks that learn, from the command line; the demos are in demos.py."""

from __future__ import annotations

import argparse
import codecs
import io
import os
import sys
import warnings
from pathlib import Path

from ...engine.command.terminal import Arguments, answer
from ..activations import ELEMENTWISE
from ..init import BY_NAME as INITS
from ..losses import BY_NAME as LOSSES
from ..optim import BY_NAME as OPTIMIZERS
from .demos import DEMOS, console


def whole(least: int, words: str) -> type:
    """A whole number from `least` on, as a type for argparse."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is not {words}")
        return number

    return read  # type: ignore[return-value]  # argparse takes any function of a string


def layers(text: str) -> tuple[int, ...]:
    """30,30 as sizes of hidden layers."""
    size = whole(1, "a number of neurons such as 30 or 30,30")
    return tuple(size(part) for part in text.split(","))


def batch(text: str) -> int | str:
    """A batch size: a number or "all"."""
    return "all" if text == "all" else whole(1, 'a batch size such as 1, 10 or "all"')(text)


def rate(text: str) -> float:
    """A learning rate."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a learning rate such as 0.1") from None
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{number:g} is not a learning rate such as 0.1")
    return number


def arguments() -> Arguments:
    """The command line that is understood."""
    parser = Arguments(prog="python -m nn", description="Networks made of Values, learning.", allow_abbrev=False)
    parser.add_argument("demo", nargs="?", choices=[*DEMOS], metavar="demo", help=", ".join(DEMOS))
    parser.add_argument("arguments", nargs="*", help="perceptron: a gate; predict: a file and a data set")
    parser.add_argument("--hidden", type=layers, metavar="30,30", help="neurons of each hidden layer")
    parser.add_argument("--activation", choices=[*ELEMENTWISE], metavar="NAME", help="of the hidden layers: tanh, relu, ...")
    parser.add_argument("--output", choices=[*ELEMENTWISE, "softmax"], metavar="NAME", help="activation of the last layer")
    parser.add_argument("--loss", choices=[*LOSSES], metavar="NAME", help=", ".join(LOSSES))
    parser.add_argument("--optimizer", choices=[*OPTIMIZERS], metavar="NAME", help=", ".join(OPTIMIZERS))
    parser.add_argument("--init", choices=[*INITS], metavar="NAME", help=", ".join(INITS))
    parser.add_argument("--lr", type=rate, metavar="0.1", help="learning rate")
    parser.add_argument("--epochs", type=whole(1, "a number of epochs from 1 on"), metavar="N", help="passes over the data")
    parser.add_argument("--batch-size", type=batch, metavar="N", help='examples per update, or "all"')
    parser.add_argument("--seed", type=int, metavar="N", help="of weights and shuffling; 0 if not given")
    parser.add_argument("--save", metavar="FILE", help="keep the trained network, as m.safetensors")
    parser.add_argument("--biases", choices=["fixed", "own", "shared"], help="mazur: how its biases learn")
    parser.add_argument("--fires", choices=[">=", ">"], help="perceptron: whether it fires at a tie")
    return parser


def run(words: list[str]) -> None:
    """Carry out a command line; raise ValueError or OSError with a clear message if that cannot be done."""
    options = arguments().read(words)
    if options.demo is None:
        if words:
            raise ValueError(f"Name a demo first, one of {', '.join(DEMOS)}: python -m nn xor {' '.join(words)}")
        for name, demo in DEMOS.items():
            print(f"  python -m nn {name:<12} {demo.what}  ({demo.takes})")
        return
    if options.arguments and options.demo not in ("perceptron", "predict"):
        raise ValueError(f"{options.demo} takes no further arguments; it was given {' '.join(options.arguments)!r}.")
    given = [name for name, value in vars(options).items() if value is not None and name not in ("demo", "arguments")]
    spare = [f"--{name.replace('_', '-')}" for name in given if name not in DEMOS[options.demo].options]
    if spare:
        takes = ", ".join(f"--{name.replace('_', '-')}" for name in DEMOS[options.demo].options) or "no options"
        raise ValueError(f"{options.demo} does not take {', '.join(spare)}; it takes {takes}.")
    options.seed, options.biases, options.fires = options.seed or 0, options.biases or "fixed", options.fires or ">="
    if options.save is not None:
        place = Path(options.save).absolute()
        if place.is_dir() or not os.access(place.parent, os.W_OK):
            raise ValueError(f"--save {options.save}: this is a folder, or its folder does not exist or cannot be written to.")
    DEMOS[options.demo].run(options, console())


PLAIN = "chainrule-plain"
SIGNS = {"→": "->", "·": "*", "Σ": "sum ", "σ": "sigmoid", "Δ": "d", "²": "^2", "∂": "d", "═": "="} | dict.fromkeys("┃│", "|")
SIGNS |= dict.fromkeys("━─", "-") | dict.fromkeys("╇┼┿", "+") | {"░": ".", "▒": "+", "▓": "#", "█": "@"}


def plainly(error: UnicodeError) -> tuple[str, int]:
    """The replacement for characters that the terminal's encoding lacks."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(SIGNS.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


codecs.register_error(PLAIN, plainly)


def main(words: list[str]) -> int:
    """0 if it could be done, 2 if not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN)
    warnings.showwarning = lambda message, *_: print(f"Note: {message}", file=sys.stderr)
    return answer(lambda: run(words))
