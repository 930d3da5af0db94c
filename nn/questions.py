"""The questions of `python -m nn quiz` and of the lessons: each choice, right or wrong, has its explanation.

To add one, write its row. The right choice stands first; it is asked in another order, drawn by a seed. What can be computed
of an answer is computed by tests/nn/test_quiz.py.
"""

from __future__ import annotations

from random import Random
from textwrap import fill
from typing import NamedTuple

LETTERS = "abcdefgh"
WIDTH = 100  # columns of a question in a lesson


class Option(NamedTuple):
    """One of the choices, and what there is to say about it."""

    text: str
    why: str


class Question(NamedTuple):
    """A question with its options, the right one first; `name` is how a lesson asks for it, `lesson` where it belongs."""

    name: str
    lesson: str
    text: str
    options: tuple[Option, ...]

    @property
    def right(self) -> Option:
        """The right option, wherever a shuffle has put it."""
        return next(question for question in QUESTIONS if question.name == self.name).options[0]

    @property
    def letter(self) -> str:
        """The letter of the right option."""
        return LETTERS[self.options.index(self.right)]

    def shuffled(self, seed: int | str) -> Question:
        """The same question with its options in another order."""
        return self._replace(options=tuple(Random(f"{seed} {self.name}").sample(self.options, len(self.options))))

    def option(self, answer: str) -> Option | None:
        """The option that a letter such as "b", "B" or "b)" stands for; None if there is none."""
        letter = answer.strip().rstrip(".)").lower()
        return self.options[LETTERS.index(letter)] if len(letter) == 1 and letter in LETTERS[: len(self.options)] else None

    def lines(self, width: int = WIDTH) -> list[str]:
        """The question and its lettered options."""
        lettered = [fill(f"{letter}) {option.text}", width, initial_indent="  ", subsequent_indent="     ")
                    for letter, option in zip(LETTERS, self.options)]  # fmt: skip
        return [line for part in (fill(self.text, width), *lettered) for line in part.split("\n")]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def ask(name: str) -> Question:
    """The question of this name, for a lesson: its options are in an order that stays the same. KeyError if there is none."""
    return {question.name: question for question in QUESTIONS}[name].shuffled(name)


def _question(name: str, lesson: str, text: str, *options: tuple[str, str]) -> Question:
    return Question(name, lesson, text, tuple(Option(*option) for option in options))


QUESTIONS = (
    _question(
        "paths", "1",
        "A network has 4 inputs, hidden layers of 5, 6 and 7 neurons, and 3 outputs. Along how many paths does a weight that "
        "enters neuron 1 of the first hidden layer change the cost?",
        ("6 · 7 · 3 = 126", "From its one neuron it can go on to any of 6, then to any of 7, then to any of 3. The derivative "
         "is the sum over all 126; the sweep adds them up without listing them."),
        ("6 + 7 + 3 = 16", "Each step of a path has a choice that does not depend on the others, so the choices multiply."),
        ("5 · 6 · 7 · 3 = 630", "That counts the paths from all 5 neurons of the first hidden layer. This weight enters one."),
        ("3, one for each output", "There are 3 ends, but many ways to each: through any of 6 and then any of 7 neurons."),
    ),
    _question(
        "difference", "1",
        "J(θ) = θ³. What does the central difference (J(1 + ε) - J(1 - ε)) / 2ε give for ε = 0.01?",
        ("3.0001", "(1 + ε)³ - (1 - ε)³ = 6ε + 2ε³, and divided by 2ε that is 3 + ε². The error is ε² = 0.0001."),
        ("3", "That is the derivative itself, 3θ². A difference with a step that is not 0 is near it, not equal: here 3 + ε²."),
        ("3.0301", "That is the one-sided difference (J(1 + ε) - J(1)) / ε = 3 + 3ε + ε². Its error is about 3ε, so three "
         "hundred times as large."),
        ("6.0002", "That is what one gets by dividing by ε in place of 2ε: the two points are 2ε apart."),
    ),
    _question(
        "and", "2",
        "A neuron fires where w1·x1 + w2·x2 + b is above 0. Which of these is AND?",
        ("w = (1, 1), b = -1.5", "Only 1 + 1 - 1.5 = 0.5 is above 0. The threshold is 1.5, and the bias is minus the threshold."),
        ("w = (1, 1), b = 1.5", "The sum is 1.5 or more for all inputs, so it always fires. The bias is minus the threshold."),
        ("w = (1, 1), b = -0.5", "One input alone reaches 1 - 0.5 = 0.5, so it fires for 01 and 10 too: it is OR."),
        ("w = (-1, -1), b = 1.5", "The more is on, the lower the sum: only 1.5 - 2 is below 0. That is NAND, the opposite."),
    ),
    _question(
        "xor", "2",
        "Which of these gives XOR, 1 where exactly one of x1 and x2 is 1?",
        ("AND(OR(x1, x2), NAND(x1, x2))", "At least one, and not both. Each of the three gates is one neuron."),
        ("OR(AND(x1, x2), NOR(x1, x2))", "Both or none: that is 1 where the two are equal, the opposite of XOR."),
        ("AND(OR(x1, x2), AND(x1, x2))", "Where both are 1, at least one is, so the OR adds nothing: this is AND again."),
        ("one neuron with the right w and b", "A neuron draws one line, and no line has 01 and 10 on one side, 00 and 11 on "
         "the other."),
    ),
    _question(
        "one layer", "2",
        "Can a network without a hidden layer, with a step at its output, learn every function of its inputs?",
        ("No, only where a straight line (or plane) separates the two answers", "It answers by the sign of one weighted sum, "
         "and where that is 0 there is a line, or in more dimensions a plane."),
        ("Yes, if it is trained for long enough", "Training moves the line; it stays a line. For XOR the rule goes round in a "
         "cycle for ever."),
        ("Yes, if the learning rate is small enough", "From weights of 0 the rate only scales the weights; the sign of the sum "
         "stays what it was."),
        ("No, only AND and OR", "NAND, NOR and 'x1 and not x2' work as well: 14 of the 16 functions of two bits are separable. "
         "XOR and its opposite are not."),
    ),
    _question(
        "order", "3",
        "A network keeps the activations of its latest forward pass. Two examples x1 and x2 with targets y1 and y2 are to be "
        "learned from. In which order are forward passes (F) and backward passes (B) made?",
        ("F x1, B y1, F x2, B y2", "Each backward pass needs the activations of its own example, and these are still there."),
        ("F x1, F x2, B y1, B y2", "The second forward pass writes over the activations of the first, so B y1 would use those "
         "of x2. (A batch does it in this order, and keeps all activations.)"),
        ("B y1, F x1, B y2, F x2", "A backward pass multiplies by activations and slopes that a forward pass leaves behind."),
        ("F x1, B y2, F x2, B y1", "The error is taken between the answer to one example and the target of another."),
    ),
    _question(
        "linear neurons", "3",
        "All neurons are linear: σ(z) = z. What becomes of the four equations of backpropagation?",
        ("The factor σ' is 1 and drops out of BP1 and BP2; BP3 and BP4 stay", "δᴸ is then ∇ₐC, and δˡ = (Wˡ⁺¹)ᵀ δˡ⁺¹. What a "
         "weight or a bias gets from δ does not depend on σ."),
        ("σ' is 0, so nothing is learned", "The slope of z is 1 everywhere. It is 0 for a step, which is why nobody trains one "
         "that way."),
        ("All four lose a factor σ'", "BP3 and BP4 never had one: ∂C/∂b = δ and ∂C/∂w = a δ."),
        ("They no longer hold", "They hold for any activation with a slope, taken entry by entry. This one has the slope 1."),
    ),
    _question(
        "zero weights", "3",
        "In a network of four layers, the first being the input, all weights that leave neuron 1 of layer 2 are 0. What of "
        "δ, the error, of neuron 1 in layer 3?",
        ("It cannot be told from that", "It comes from the errors behind it, the weights that leave it, and its own slope. What "
         "enters from layer 2 only matters through z. (Layer 2 is another matter: there, δ of neuron 1 is 0.)"),
        ("It is 0", "What is 0 is the error of the neuron that the weights leave, neuron 1 of layer 2: errors go back through "
         "the weights that leave a neuron."),
        ("It is the same as that of neuron 2 in layer 3", "They share this one zero input; everything else can differ between "
         "them."),
        ("It is positive", "The sign of an error depends on the targets. A weight of 0 says nothing about it."),
    ),
    _question(
        "why backpropagation", "4",
        "Central differences need nothing but the cost. What is the main reason for backpropagation nevertheless?",
        ("Differences are very slow", "They take two forward passes for each parameter: 23 870 for the 11 935 of 784-15-10. "
         "Backpropagation takes one forward pass and one back for all of them."),
        ("Differences are less exact", "They are, but six or more digits are right, and descent would do with fewer."),
        ("Differences need a cost that has a formula", "They need none at all. That is why they are a good check."),
        ("Differences fail for more than one layer", "They do not look at layers: whatever computes a cost will do."),
    ),
    _question(
        "forward passes", "4",
        "A network has 11 935 parameters. How often must it run forward so that central differences give its whole gradient?",
        ("23 870 times", "Twice for each parameter: once a little above, once a little below."),
        ("11 936 times", "That is for one-sided differences: once for each parameter, and once for the point itself."),
        ("11 935 times", "Each parameter needs two points for a slope; central differences share none of them."),
        ("twice", "That is about what backpropagation costs: once forward, and once back."),
    ),
    _question(
        "layers and neurons", "4",
        "How many hidden layers, and how many neurons in each?",
        ("There is no rule: try several, and compare them on examples that were set aside", "More neurons usually fit better "
         "what was learned from, which is why the comparison needs other examples."),
        ("As many neurons as there are inputs", "784-15-10 reads digits well with 15. The number that suffices depends on the "
         "task."),
        ("One hidden layer always suffices, so one", "One layer can approximate any continuous function, if it is wide enough. "
         "It says nothing about how wide, or whether it is found by training."),
        ("As many as memory allows", "A large network can learn its examples by heart, and answer others worse."),
    ),
    _question(
        "zeros", "5",
        "Why should weights not all begin at 0?",
        ("The neurons of a layer would stay identical for ever", "They compute the same, so they get the same gradient, and "
         "take the same step. It is so for any constant, not only for 0."),
        ("All gradients would be 0", "Not all: with a sigmoid in the hidden layer the weights behind it do get gradients. But "
         "the same for every neuron."),
        ("The cost would be infinite", "With weights 0 a sigmoid answers 1/2, and the cost is an ordinary number."),
        ("Gradient descent cannot change a weight that is 0", "It subtracts a multiple of the gradient from any number. What is "
         "wrong is that the neurons move together."),
    ),
    _question(
        "does it learn", "5",
        "With gradient descent on all examples at once: which plot shows best whether learning works?",
        ("The cost J against the number of steps: it should never rise", "With all examples in each step and a small enough "
         "rate every step goes down. (With mini-batches the curve may wiggle.)"),
        ("The cost J against each of the weights", "With thousands of weights that is thousands of surfaces; and how J depends "
         "on w does not tell whether you are moving down."),
        ("The weights against the number of steps", "Weights that change may change for the worse."),
        ("The size of the gradient: it should rise", "Near a minimum it falls to 0."),
    ),
    _question(
        "best optimiser", "5",
        "Gradient descent, momentum, Nesterov, AdaGrad, RMSProp: which is best?",
        ("It depends on the problem", "Adaptive rates help most where the cost is steep one way and flat another; on a round "
         "bowl plain descent does as well. No one wins everywhere."),
        ("RMSProp, since it is the newest of the five", "It is often quick along ravines, yet plain descent with momentum may "
         "end in a better place."),
        ("Plain gradient descent, since it goes the steepest way", "The steepest way is steepest only for an infinitely small "
         "step. In a ravine it leads from wall to wall."),
        ("Momentum, since it gets over every hill", "It gets over some. A ball with too much momentum also runs past what it "
         "was looking for."),
    ),
    _question(
        "all linear", "7",
        "A network of five layers has no activation function: each is linear. Which networks can do the same?",
        ("One linear layer", "A product of matrices is a matrix: W5 W4 W3 W2 W1 is the one, and the biases add up as well."),
        ("Only another network of five layers", "Five matrices one after the other are one matrix."),
        ("One layer with a sigmoid", "A sigmoid bends; the five layers draw straight lines only."),
        ("A network with one hidden layer of sigmoids", "Near 0 a sigmoid is nearly straight, so it comes close. But exactly "
         "the same is one linear layer."),
    ),
)  # fmt: skip
