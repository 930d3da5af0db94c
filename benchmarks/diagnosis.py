"""How far a wrong derivative tells what went wrong: a bench test of engine.diagnose. Run: python benchmarks/diagnosis.py [seed]

The answers come from programs, not from learners: it is a test on the bench. Expressions are drawn at random, half of them
from a list of typical exercises, at points with one or two decimals ("generic") and at small whole numbers. Five questions:

    right     the right answer in many forms: how often is it called wrong?
    planted   the answer of a slip of the catalogue, to three to five digits: is it named, is it first, among the first two?
    held out  the answer of a slip that the catalogue lacks (held_out_slips.py): how often is a slip named all the same?
    random    a number near the right one: the same question
    follows   an earlier answer is wrong, and this one worked out rightly from it: is it seen?
"""

import math
import random
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a bare clone needs no installation

from held_out_slips import HELD_OUT

import engine
from engine.graph import Graph
from engine.instruments.beliefs import is_same, predictions
from engine.instruments.diagnose import DERIVATIVES
from engine.instruments.slips import FACTS
from engine.instruments.working import Working

EXERCISES = [
    "x**2*y/z", "x/(x+y)", "(x*y+z)/(x-w)", "x**3/(y*z)", "sin(x)/x", "1/(x**2+y)", "(x*y+z)**3", "(2*x-y)**4", "3*x**2-5*x+7",
    "x**y", "(x**2+y**2)**0.5", "exp(x**2*y)", "log(x*y+z)", "sin(x*y)", "exp(-x)*sin(y*x)", "x*log(x)", "sin(x)**2",
    "cos(x**2)", "sqrt(x*y)", "x*y+x/z", "x*x*y", "(x+y)*(x-z)", "x*sin(x)+y", "x*y*x+exp(x)", "(x*y)**2+x*y*z",
    "sigmoid(w*x+v*y+b)", "tanh(w*x+v*y+b)", "(sigmoid(w*x+b)-t)**2/2", "(t-tanh(w*x+v*y+b))**2", "v*sigmoid(w*x+b)+c",
    "sigmoid(v*sigmoid(w*x+b)+c)", "p = sigmoid(v*x+b); q = tanh(u*x+c); (sigmoid(w*p+y*q+d)-t)**2/2",
    "p = sigmoid(u*x+b); q = sigmoid(v*x+b); (sigmoid(w*p+y*q+d)-t)**2/2 + (sigmoid(z*p+v*q+d)-t)**2/2",
]  # fmt: skip
NAMES = "xyzwvbctudpq"


def random_text(rng, depth):
    """A random expression in x, y, z and small whole numbers."""
    if depth == 0 or rng.random() < 0.12:
        return rng.choice(["x", "x", "y", "y", "z", str(rng.randint(2, 5))])
    kind = rng.choices(["*", "/", "+", "-", "power", "function"], [4, 3, 3, 2, 3, 4])[0]
    left = random_text(rng, depth - 1)
    if kind == "function":
        return f"{rng.choice(['exp', 'log', 'sin', 'sigmoid', 'tanh'])}({left})"
    if kind == "power":
        return f"({left})**({rng.choice([2, 2, 3, -1])})"
    return f"({left}){kind}({random_text(rng, depth - 1)})"


def problem(rng, whole):
    """An expression at a point, an input to differentiate by, and the right answer, not too large and not too small."""
    while True:
        text = random_text(rng, rng.choice([2, 2, 3])) if rng.random() < 0.5 else rng.choice(EXERCISES)
        point = {name: float(rng.randint(1, 5)) if whole else round(rng.uniform(0.3, 3), rng.choice([1, 1, 2])) for name in NAMES}
        try:
            f = engine.parse(text, **point)
            x = rng.choice(list(f.inputs.values()))
            right = engine.grad(f, x)
        except (ArithmeticError, ValueError, IndexError):
            continue
        if f.op is not None and 1e-3 < abs(right) < 1e4 and len(Graph(f).order) > 3:
            return f, x, right


def typed(number, digits):
    """A number as someone writes it: whole if it is, else to so many digits, without an exponent."""
    exact = f"{number:.10g}"
    if len(exact) <= digits + 2 and "e" not in exact:
        return exact
    return f"{number:.{max(0, digits - 1 - math.floor(math.log10(abs(number))))}f}"


def is_usable(number, right):
    """Whether it is a number that someone would write down, and clearly wrong."""
    sound = isinstance(number, float) and math.isfinite(number) and 1e-3 < abs(number) < 1e5
    return sound and abs(number - right) > 0.02 * abs(right)


def right_answers(rng, count):
    """Forms of the right answer; how many are called wrong."""
    tally = Counter()
    for k in range(count):
        f, x, right = problem(rng, whole=k % 2 == 0)
        forms = [repr(right), f"{right:.2g}", f"{right:.3g}", f"{right:.6g}", f"{right:.3e}", f"{right:.4f}", f"{right:+.5g}",
                 f" x = {right:.4g}", f"{right!r}*2/2", f"-({-right!r})", f"{right:.5g}".replace("-", "−"), right]
        near = Fraction(right).limit_denominator(5000)
        if abs(float(near) - right) < 1e-13 * abs(right):
            top, below = near.numerator, near.denominator
            forms += [str(near), f"{3 * top}/{3 * below}", f"{top} / {below}", f"{2 * top}·1/{2 * below}", near]
        for form in forms:
            diagnosis = engine.diagnose(f, x, form)
            tally["answers"] += 1
            tally["called wrong"] += diagnosis.kind not in ("right", "digits")
            tally["asked for more digits"] += diagnosis.kind == "digits"
    return tally


def planted(rng, count, whole):
    """Slips of the catalogue: is the slip named, how far up is it?"""
    tally = Counter()
    for _ in range(count):
        f, x, right = problem(rng, whole)
        numbers = {slip: [n for n in found if is_usable(n, right)]
                   for slip, found in predictions(Working(Graph(f), x), DERIVATIVES).items()}
        able = [slip for slip, found in numbers.items() if found]
        for slip in rng.sample(able, min(3, len(able))):
            diagnosis = engine.diagnose(f, x, typed(rng.choice(numbers[slip]), rng.choice([3, 4, 5])))
            order = [belief.slip for belief in diagnosis.alternatives]
            tally["answers"] += 1
            tally["named"] += diagnosis.slip == slip.name
            tally["a wrong name"] += diagnosis.slip not in (None, slip.name)
            same = diagnosis.kind == "family" and slip.family == diagnosis.family
            tally["its family, or the fact, said"] += same
            tally["a wrong family"] += diagnosis.kind == "family" and not same
            tally["several, it among them"] += diagnosis.kind == "several" and slip in order
            tally["first"] += order[:1] == [slip]
            tally["among the first two"] += slip in order[:2]
            tally["cannot tell"] += diagnosis.kind == "unknown"
    return tally


def held_out(rng, count, whole):
    """Slips that the catalogue lacks: is one named all the same? `per` counts by slip."""
    tally, per = Counter(), Counter()
    for _ in range(count):
        f, x, right = problem(rng, whole)
        for name in rng.sample(sorted(HELD_OUT), 8):
            try:
                number = HELD_OUT[name](f, x)
            except (ArithmeticError, ValueError, TypeError):  # a root of a negative number may be complex
                continue
            if number is None or isinstance(number, complex) or not is_usable(float(number), right):
                continue
            found = predictions(Working(Graph(f), x), DERIVATIVES)
            _count_names(tally, engine.diagnose(f, x, typed(number, rng.choice([3, 4, 5]))))
            tally["the same number as a slip's"] += any(is_same(number, n) for numbers in found.values() for n in numbers)
            per[name] += engine.diagnose(f, x, typed(number, 4)).slip is not None
    return tally, per


def near_the_right_one(rng, count, whole):
    """Random numbers."""
    tally = Counter()
    for _ in range(count):
        f, x, right = problem(rng, whole)
        number = float(round(right + rng.choice([-1, 1]) * rng.randint(1, 12))) if whole else right * (1 + rng.gauss(0, 0.5))
        if is_usable(number, right):
            _count_names(tally, engine.diagnose(f, x, typed(number, rng.choice([3, 4, 5]))))
    return tally


def _count_names(tally, diagnosis):
    tally["answers"] += 1
    tally["named"] += diagnosis.kind in ("slip", "pair")
    fact = diagnosis.kind == "family" and any(belief.slip.name in FACTS for belief in diagnosis.alternatives)
    tally["a family said"] += diagnosis.kind == "family" and not fact
    tally["a fact said of the number"] += fact
    tally["several mentioned"] += diagnosis.kind == "several"
    tally["cannot tell"] += diagnosis.kind == "unknown"


def following(rng, count):
    """An earlier gradient is wrong, and what is worked out from it right."""
    tally = Counter()
    for _ in range(count):
        f, x, right = problem(rng, whole=False)
        working = Working(Graph(f), x)
        between = [node for node in working.order[1:-1] if working.gradients[node]]
        if not between:
            continue
        node = rng.choice(between)
        said = typed(working.gradients[node] * rng.choice([-1, 2, 0.5, rng.uniform(0.3, 3)]), 4)
        number = Working(Graph(f), x, {}, {node: float(said)}).right
        if is_usable(number, right):
            tally["answers"] += 1
            tally["seen"] += engine.diagnose(f, x, typed(number, 4), {node: said}).kind == "follows"
    return tally


def show(title, tally):
    """One line of figures."""
    count = tally.pop("answers") or 1
    figures = "  ".join(f"{what} {number} ({100 * number / count:.1f} %)" for what, number in tally.items())
    print(f"{title}, {count} answers: {figures}")


def main(seed, count):
    """All figures."""
    show("right", right_answers(random.Random(seed), count // 3))
    for whole, where in ((False, "generic points"), (True, "small whole numbers")):
        show(f"planted, {where}", planted(random.Random(seed + 1), count, whole))
        tally, per = held_out(random.Random(seed + 2), count, whole)
        show(f"held out, {where}", tally)
        print("   most often named:", ", ".join(f"{name} {times}" for name, times in per.most_common(6) if times))
        show(f"random, {where}", near_the_right_one(random.Random(seed + 3), count, whole))
    show("follows", following(random.Random(seed + 4), count))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 600)
