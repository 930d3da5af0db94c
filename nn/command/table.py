"""The demos of `python -m nn`: the table from which the list of demos, their help and their options are made.

A demo is a function that gets the options of the command line and a console to write to. To add one, write its function
and its entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rich.console import Console

from ..perceptron import GATES
from ..questions import QUESTIONS
from . import (
    conv,
    demos,
    echo,
    generalise,
    gpt,
    hopfield,
    linear,
    quiz,
    rbf,
    read,
    recurrent,
    sine,
    som,
    tdnn,
)
from .options import Option, above_zero, option, rate, training, whole


class Demo(NamedTuple):
    """A demo: what it shows, from which data, how long it takes, and what can be typed after its name."""

    run: Callable[[Any, Console], None]
    group: str  # the heading in the list of demos
    what: str
    takes: str
    data: str
    options: tuple[Option, ...] = ()


BY_HAND = "Step by step, every number"
LEARNING = "Networks that learn from examples"
UNSEEN = "What it makes of examples it has not seen"
SPACE = "Shared weights, bumps and pictures"
TIME = "Sequences and memory"
MAPS = "Maps and memories, without a gradient"
KEPT = "Networks that were saved"

SEED = option("--seed", "of what is random (default: %(default)s)", type=whole(0, "a seed from 0 on"), default=0, metavar="N")
SAVE = option("--save", "keep the trained network, as m.safetensors", metavar="FILE")

DEMOS = {
    "digits": Demo(
        demos.digits, LEARNING, "64-15-10 learns handwritten digits", "3 seconds",
        "1797 handwritten digits of 8x8 pixels; 1347 to learn from, 450 for the test", training(demos.DIGITS),
    ),
    "moons": Demo(
        demos.moons, LEARNING, "2-16-16-1 tells two half circles apart", "2 seconds",
        "200 points on two interleaving half circles; one half to learn from, one for the test", training(demos.MOONS),
    ),
    "xor": Demo(demos.xor, LEARNING, "a hidden layer learns XOR", "1 second", "the four rows of XOR", training(demos.XOR)),
    "mazur": Demo(
        demos.mazur_demo, BY_HAND, "the lecture's 2-2-2 network, every number of one step", "5 seconds",
        "one example: the inputs 0.05 and 0.1, the targets 0.01 and 0.99",
        (option("--biases", "fixed as in the lecture; or learning, each neuron with its own or each layer with a shared one "
                "(default: %(default)s)", choices=["fixed", "own", "shared"], default="fixed"),),
    ),
    "perceptron": Demo(
        demos.perceptron, BY_HAND, "the learning rule row by row: and, or, nand, nor, xor, x1 and not x2", "at once",
        "the four rows of the gate's truth table",
        (option("gate", f"{', '.join(GATES)} (default: and)", nargs="*"),
         option("--fires", "whether it fires at a tie, w·x + b = 0 (default: %(default)s)", choices=[">=", ">"], default=">=")),
    ),
    "linear": Demo(
        linear.run, BY_HAND, "a linear unit: batch and online descent, and how large a step may be", "1 second",
        "three points on the line y = x + 1",
        (option("--lr", "learning rate of the first epoch (default: %(default)s)", type=rate, default=0.05, metavar="0.1"),),
    ),
    "quiz": Demo(
        quiz.run, BY_HAND, "questions, and an explanation for each answer, right or wrong", "10 minutes",
        f"{len(QUESTIONS)} questions on the lessons 1 to 7",
        (option("--seed", "of the order (default: %(default)s)", type=whole(0, "a seed from 0 on"), default=0, metavar="N"),
         option("--questions", "how many (default: all)", type=whole(1, "a number of questions from 1 on"),
                default=len(QUESTIONS), metavar="N")),
    ),
    "generalise": Demo(
        generalise.generalise, UNSEEN, "overfitting against data and penalty; three conditions to stop", "8 seconds",
        "2000 points on two half circles so noisy that they overlap; one half to learn from, one for the test",
        (option("--seeds", "starts to take the mean of (default: %(default)s)", type=whole(1, "a number of starts from 1 on"),
                default=10, metavar="N"),),
    ),
    "choose": Demo(
        generalise.choose, UNSEEN, "the learning rate by cross-validation, the best of several starts", "2 seconds",
        "100 points on two noisy half circles, and the four rows of XOR",
        (option("--folds", "parts that the examples are cut into (default: %(default)s)",
                type=whole(2, "a number of folds from 2 on"), default=5, metavar="K"),),
    ),
    "sine": Demo(
        sine.run, UNSEEN, "the more hidden neurons, the nearer a network comes to a sine", "5 seconds",
        "60 points of sin x from -π to π", (SEED,),
    ),
    "conv": Demo(
        conv.run, SPACE, "shared weights: counted, and 8 kernels that read digits", "8 seconds",
        "1797 handwritten digits of 8x8 pixels; 1347 to learn from, 450 for the test", (SEED, SAVE),
    ),
    "tdnn": Demo(
        tdnn.run, SPACE, "weights shared over time tell rising tones from falling ones", "7 seconds",
        "600 made-up sounds of 15 frames and 16 coefficients; one half to learn from, one for the test", (SEED, SAVE),
    ),
    "rbf": Demo(
        rbf.run, SPACE, "bumps solve XOR exactly, tell two moons apart, and learn where to stand", "1 second",
        "the four rows of XOR; 400 points on two half circles, one half for the test", (SEED, SAVE),
    ),
    "read": Demo(
        read.run, SPACE, "six-digit numbers, cut into digits and read", "5 seconds",
        "strips made of the test's 450 digits; 1347 others to learn from", (SEED, SAVE),
    ),
    "elman": Demo(
        recurrent.elman, TIME, "1-5-1 with a memory predicts every third bit", "4 seconds",
        "temporal XOR: 200 rows of 30 bits to learn from, 200 for the test", (SEED, SAVE),
    ),
    "jordan": Demo(
        recurrent.jordan, TIME, "a network continues a movement from its own answers", "3 seconds",
        "two plans, each a walk round a circle of 24 steps", (SEED, SAVE),
    ),
    "lstm": Demo(
        recurrent.lstm, TIME, "8 LSTM units add two marked numbers of 40, beside Elman's", "15 seconds",
        "the adding problem: 3,200 sequences to learn from, 1,000 for the test", (SEED, SAVE),
    ),
    "gru": Demo(
        recurrent.gru, TIME, "8 GRU units add two marked numbers of 40, beside Elman's", "10 seconds",
        "the adding problem: 3,200 sequences to learn from, 1,000 for the test", (SEED, SAVE),
    ),
    "gpt": Demo(
        gpt.run, TIME, "a GPT in single numbers makes up names of elements", "5 seconds",
        f"the names of the 118 chemical elements; {gpt.UNSEEN} of them are set aside",
        (option("--updates", "steps of Adam (default: %(default)s)", type=whole(1, "a number of updates from 1 on"), default=200,
                metavar="N"),
         option("--lr", "learning rate (default: %(default)s)", type=rate, default=0.01, metavar="0.01"),
         option("--batch-size", "names per update (default: %(default)s)", type=whole(1, "a number of names from 1 on"),
                default=10, metavar="N"),
         option("--temperature", "of what is drawn: the lower, the likelier each letter (default: %(default)s)",
                type=above_zero("a temperature such as 0.5"), default=0.7, metavar="0.5"),
         option("--program", "print the compiled program", action="store_true"),
         SEED, SAVE),
    ),
    "echo": Demo(
        echo.run, TIME, "a reservoir that never learns forecasts a chaotic series", "3 seconds",
        "the Mackey-Glass series, tau = 17: 100 steps of warm-up, 2000 to learn from, 500 for the test", (SEED,),
    ),
    "som": Demo(
        som.run, MAPS, "a map of 10x10 neurons orders handwritten digits, without labels", "2 seconds",
        "1347 handwritten digits of 8x8 pixels, judged on 450 others", (SEED,),
    ),
    "hopfield": Demo(
        hopfield.run, MAPS, "letters recalled from noise; energy, cycles, capacity", "2 seconds",
        "letters of 8x8 pixels, and random patterns of 400 units", (SEED,),
    ),
    "predict": Demo(
        demos.predict, KEPT, "a saved network on the test digits: predict m.safetensors digits", "at once",
        "the 450 digits of the test, which training did not see",
        (option("file", "a network that python -m nn digits --save m.safetensors kept", nargs="?", metavar="FILE"),
         option("data", "digits, the only data set so far", nargs="?", default="digits", metavar="digits")),
    ),
}  # fmt: skip
