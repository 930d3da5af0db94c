"""Slips that the catalogue of engine/instruments/slips.py lacks: what may be said about their answers is "cannot tell".

Written from what goes wrong on paper, before the catalogue was written, and not changed since. Each is a function
(f, x) -> the wrong derivative of f with respect to x, or None where the slip has no place. Nothing of the diagnosis is used:
the derivative is carried forwards through the graph, with a wrong rule for some of the operations.
"""

import math

from engine.graph import topological_order


def carried(f, x, rule):
    """df/dx carried forwards; `rule(node, numbers, rates)` gives a node's rate where the slip changes it, else None.

    None where it changes nothing, so that the slip has no place in f.
    """
    rates, changed = {}, False
    for node in topological_order(f):
        if node is x or not node.operands:
            rates[node] = float(node is x)
            continue
        numbers, below = [operand.data for operand in node.operands], [rates[operand] for operand in node.operands]
        slopes = [node.op.derivative(node.data, numbers, i) for i in range(len(numbers))]
        rates[node] = sum(slope * rate for slope, rate in zip(slopes, below))
        wrong = rule(node, numbers, below) if any(below) else None
        if wrong is not None:
            rates[node], changed = wrong, True
    return rates[f] if changed else None


def on(name, formula, when=lambda u, v, du, dv: True):
    """The slip that differentiates one operation of two operands by this formula of u, v, u' and v'."""

    def rule(node, numbers, rates):
        if node.op.name == name and when(*numbers, *rates):
            return formula(*numbers, *rates)
        return None

    return lambda f, x: carried(f, x, rule)


def of_one(formula, *names):
    """The slip that gives functions of one operand this derivative: formula(number, result), times the inner rate."""

    def rule(node, numbers, rates):
        return formula(numbers[0], node.data) * rates[0] if node.op.name in names else None

    return lambda f, x: carried(f, x, rule)


def of_power(formula):
    """The slip that gives x**n this derivative: formula(x, n, inner rate)."""

    def rule(node, numbers, rates):
        return formula(numbers[0], node.op.static, rates[0]) if node.op.name == "power" else None

    return lambda f, x: carried(f, x, rule)


def of_the_right_one(formula):
    """The slip that does something to the right answer: formula(right, f, x)."""

    def slip(f, x):
        right = carried(f, x, lambda node, numbers, rates: None if node is not f else _plain(node, numbers, rates))
        return None if right is None else formula(right, f.data, x.data)

    return slip


def _plain(node, numbers, rates):
    return sum(node.op.derivative(node.data, numbers, i) * rate for i, rate in enumerate(rates))


def at_other_numbers(change):
    """The right rule at wrong numbers: change(leaf, x) gives the number that a leaf is taken to have."""

    def slip(f, x):
        numbers, rates = {}, {}
        for node in topological_order(f):
            if not node.operands:
                numbers[node], rates[node] = (node.data if node.constant else change(node, x)), float(node is x)
            else:
                below = [numbers[operand] for operand in node.operands]
                numbers[node] = node.op.evaluate(*below)
                rates[node] = sum(node.op.derivative(numbers[node], below, i) * rates[operand]
                                  for i, operand in enumerate(node.operands))
        return rates[f]

    return slip


def difference(step):
    """The change of f over a step that is far too large, for its derivative."""

    def slip(f, x):
        numbers = {}
        for node in topological_order(f):
            if node.operands:
                numbers[node] = node.op.evaluate(*[numbers[operand] for operand in node.operands])
            else:
                numbers[node] = node.data + step * (node is x)
        return (numbers[f] - f.data) / step

    return slip


def digits_swapped(right, f, x):
    """12 for 21: the first two digits that differ change places."""
    text = f"{right:.4g}"
    for i in range(len(text) - 1):
        if text[i].isdigit() and text[i + 1].isdigit() and text[i] != text[i + 1]:
            return float(text[:i] + text[i + 1] + text[i] + text[i + 2 :])
    return None


def both(u, v, du, dv):
    """Whether both operands depend on x."""
    return du != 0 and dv != 0


def below(u, v, du, dv):
    """Whether the denominator depends on x."""
    return dv != 0


HELD_OUT = {
    "the exponent is not lowered": of_power(lambda x, n, dx: n * x**n * dx),
    "the exponent is lowered by two": of_power(lambda x, n, dx: n * x ** (n - 2) * dx),
    "the lowered exponent goes to the front": of_power(lambda x, n, dx: (n - 1) * x ** (n - 1) * dx),
    "integrated": of_power(lambda x, n, dx: x ** (n + 1) / (n + 1) * dx if n != -1 else math.log(x)),
    "base and exponent change places": of_power(lambda x, n, dx: n**x * dx),
    "exponent added instead of multiplied": of_power(lambda x, n, dx: (n + x ** (n - 1)) * dx),
    "inner derivative raised too": of_power(lambda x, n, dx: n * (x * dx) ** (n - 1)),
    "inner derivative added": of_power(lambda x, n, dx: n * x ** (n - 1) + dx),
    "divided by the inner derivative": of_power(lambda x, n, dx: n * x ** (n - 1) / dx),
    "product rule with a minus": on("mul", lambda u, v, du, dv: du * v - u * dv, both),
    "product: derivatives added": on("mul", lambda u, v, du, dv: du + dv, both),
    "product: its terms multiplied": on("mul", lambda u, v, du, dv: du * v * u * dv, both),
    "product: uv + u'v'": on("mul", lambda u, v, du, dv: u * v + du * dv, both),
    "product: divided by the factor": on("mul", lambda u, v, du, dv: du / v + dv / u),
    "factor added": on("mul", lambda u, v, du, dv: du + v if dv == 0 else dv + u if du == 0 else du * v + dv * u),
    "product squared like a denominator": on("mul", lambda u, v, du, dv: (du * v + u * dv) / v**2),
    "quotient: denominator doubled": on("div", lambda u, v, du, dv: (du * v - u * dv) / (2 * v), below),
    "quotient: denominator's derivative squared": on("div", lambda u, v, du, dv: (du * v - u * dv) / dv**2, below),
    "quotient: numerator squared": on("div", lambda u, v, du, dv: (du * v - u * dv) / u**2, below),
    "quotient: denominator cubed": on("div", lambda u, v, du, dv: (du * v - u * dv) / v**3, below),
    "quotient: u'u - v'v": on("div", lambda u, v, du, dv: (du * u - dv * v) / v**2, both),
    "quotient: u forgotten": on("div", lambda u, v, du, dv: du / v - dv / v**2, lambda u, v, du, dv: dv != 0),
    "quotient: multiplied by the denominator": on("div", lambda u, v, du, dv: du * v, lambda u, v, du, dv: dv == 0),
    "quotient: logarithm of the denominator": on("div", lambda u, v, du, dv: u * math.log(v) * dv, lambda u, v, du, dv: du == 0),
    "sum treated as a product": on("add", lambda u, v, du, dv: du * v + u * dv),
    "exp: times its own exponent": of_one(lambda x, r: x * r, "exp"),
    "exp: exponent lowered": of_one(lambda x, r: math.exp(x - 1), "exp"),
    "exp: plus one": of_one(lambda x, r: r + 1, "exp"),
    "log: to base ten": of_one(lambda x, r: 1 / (x * math.log(10)), "log"),
    "log: divided by x too": of_one(lambda x, r: r / x, "log"),
    "log: 1/x squared": of_one(lambda x, r: 1 / x**2, "log"),
    "sin: of the inverse": of_one(lambda x, r: 1 / math.sqrt(1 + x * x), "sin", "cos"),
    "sin: one minus": of_one(lambda x, r: 1 - r, "sin", "cos"),
    "sqrt: like a square": of_one(lambda x, r: 2 * r, "sqrt"),
    "sigmoid: a squared too often": of_one(lambda x, r: r**2 * (1 - r), "sigmoid"),
    "sigmoid: a(1 + a)": of_one(lambda x, r: r * (1 + r), "sigmoid"),
    "sigmoid: 1 - a": of_one(lambda x, r: 1 - r, "sigmoid"),
    "sigmoid: as tanh": of_one(lambda x, r: 1 - r**2, "sigmoid"),
    "tanh: not squared": of_one(lambda x, r: 1 - r, "tanh"),
    "tanh: as sigmoid": of_one(lambda x, r: r * (1 - r), "tanh"),
    "tanh: with a plus": of_one(lambda x, r: 1 + r**2, "tanh"),
    "change over a step of 1": difference(1.0),
    "change over a step of 0.5": difference(0.5),
    "average slope from 0": of_the_right_one(lambda right, f, x: f / x),
    "times f": of_the_right_one(lambda right, f, x: right * f),
    "divided by f": of_the_right_one(lambda right, f, x: right / f),
    "times x": of_the_right_one(lambda right, f, x: right * x),
    "f added": of_the_right_one(lambda right, f, x: right + f),
    "one added": of_the_right_one(lambda right, f, x: right + 1),
    "squared": of_the_right_one(lambda right, f, x: right**2),
    "root taken": of_the_right_one(lambda right, f, x: math.sqrt(right) if right > 0 else None),
    "point slipped to the right": of_the_right_one(lambda right, f, x: right * 10),
    "point slipped to the left": of_the_right_one(lambda right, f, x: right / 10),
    "two digits change places": of_the_right_one(digits_swapped),
    "three times too much": of_the_right_one(lambda right, f, x: right * 3),
    "x read one too large": at_other_numbers(lambda leaf, x: leaf.data + (leaf is x)),
    "another number read one too large": at_other_numbers(lambda leaf, x: leaf.data + (leaf is not x)),
    "every number taken for 1": at_other_numbers(lambda leaf, x: 1.0),
    "x taken for 0.1 less": at_other_numbers(lambda leaf, x: leaf.data - 0.1 * (leaf is x)),
}
