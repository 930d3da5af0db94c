"""What the lessons share: a prediction first, then the answer."""

import math


def reveal(answer: object, guess: object = None) -> None:
    """Show the answer once there is a guess, and say how close it was."""
    if guess is None:
        print("First your prediction: put it in place of None in the cell above, then run both cells again.")
        return
    if isinstance(answer, bool) or not hasattr(answer, "__float__") or not hasattr(guess, "__float__"):
        print(f"{_said(guess == answer)} It is {answer}.")
        return
    right = math.isclose(float(guess), float(answer), rel_tol=5e-3, abs_tol=1e-9)
    distance = "" if right else f" Your guess {float(guess):g} is off by {abs(float(guess) - float(answer)):g}."
    print(f"{_said(right)} It is {float(answer):g}.{distance}")


def _said(right: bool) -> str:
    return "Yes." if right else "Not quite: look again at how it comes about."
