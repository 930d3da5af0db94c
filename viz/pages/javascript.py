"""JavaScript: an interpreter of rows whose results are JavaScript expressions, which a browser runs.

The rule of a row, run on these objects, writes itself as a JavaScript expression. Only the native vocabulary is spelled out
here, because every interpreter must supply that itself; everything else follows from the engine's table.
"""

from __future__ import annotations

import json
from typing import Any

from ...engine.interpreter import Interpreter
from ...engine.primitive import Primitive

# What JavaScript calls the native rows; {0}, {1}, ... are the operands, {p} the static parameter.
NATIVE = {
    "add": "({0} + {1})", "sub": "({0} - {1})", "mul": "({0} * {1})", "div": "({0} / {1})", "neg": "(-{0})",
    "power": "Math.pow({0}, {p})", "pow": "Math.pow({0}, {1})", "sqrt": "Math.sqrt({0})", "exp": "Math.exp({0})",
    "log": "Math.log({0})", "expm1": "Math.expm1({0})", "log1p": "Math.log1p({0})", "sin": "Math.sin({0})",
    "cos": "Math.cos({0})", "tanh": "Math.tanh({0})", "erf": "erf({0})", "erfc": "erfc({0})", "abs": "Math.abs({0})",
    "sign": "Math.sign({0})", "greater": "({0} > {1} ? 1 : 0)", "greater_equal": "({0} >= {1} ? 1 : 0)",
    "equal": "({0} === {1} ? 1 : 0)", "where": "({0} ? {1} : {2})", "maximum": "Math.max({0}, {1})",
    "minimum": "Math.min({0}, {1})", "fsum": "sum([{all}])", "logsumexp": "logsumexp([{all}])",
    "amax": "Math.max({all})", "amin": "Math.min({all})", "cbrt": "Math.cbrt({0})", "hypot": "Math.hypot({0}, {1})",
    "exp2": "Math.pow(2, {0})", "log2": "Math.log2({0})", "log10": "Math.log10({0})", "atan2": "Math.atan2({0}, {1})",
    "sinh": "Math.sinh({0})", "cosh": "Math.cosh({0})", "asinh": "Math.asinh({0})", "acosh": "Math.acosh({0})",
}  # fmt: skip

# The natives that JavaScript lacks. erf and erfc: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6
# (a series of positive terms, for |x| < 2) and 7.1.14 (a continued fraction, beyond), both to the last digits.
LIBRARY = """
function erfSeries(x) {
  let term = x, total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) { term *= 2 * x * x / (2 * n + 1); total += term; }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * total;
}
function erfcFraction(x) {
  let tail = 0;
  for (let n = 120; n > 0; n--) tail = n / 2 / (x + tail);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + tail));
}
function erf(x) { return Math.abs(x) < 2 ? erfSeries(x) : Math.sign(x) * (1 - erfcFraction(Math.abs(x))); }
function erfc(x) { return x < -2 ? 2 - erfcFraction(-x) : x < 2 ? 1 - erfSeries(x) : erfcFraction(x); }
function sum(xs) {  // Shewchuk's partial sums, which lose nothing: Python's math.fsum
  const partials = [];
  for (let x of xs) {
    let kept = 0;
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y, low = y - (high - x);
      if (low) partials[kept++] = low;
      x = high;
    }
    partials.length = kept;
    partials.push(x);
  }
  return partials.reverse().reduce((total, x) => total + x, 0);
}
function logsumexp(xs) {
  const largest = Math.max(...xs), at = xs.indexOf(largest);
  return largest + Math.log1p(sum(xs.map((x, i) => i === at ? 0 : Math.exp(x - largest))));
}
""".strip()


class Script(Interpreter):
    """A JavaScript expression."""

    def __init__(self, text: str) -> None:
        self.text = text

    @staticmethod
    def of(thing: Any) -> Script:
        """A script itself, or a number as one, with every digit."""
        return thing if isinstance(thing, Script) else Script(json.dumps(float(thing)))

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Script:
        return run(row, [Script.of(operand) for operand in operands])


def run(row: Primitive, operands: list[Script]) -> Script:
    """The result of a row: in its native words, or by its forward rule."""
    if not row.native:
        return Script.of(row.forward(*operands))
    texts = [operand.text for operand in operands]
    static = "" if row.static is None else json.dumps(row.static)
    return Script(NATIVE[row.name].format(*texts, p=static, all=", ".join(texts)))


def functions(row: Primitive, count: int) -> dict[str, Any]:
    """A row for `count` operands as JavaScript: {"forward": "(x0, x1) => ...", "slopes": ["(r, x0, x1) => ...", ...],
    "textbook": the slopes in the form that is shown}."""
    names = [f"x{i}" for i in range(count)]
    operands = [Script(name) for name in names]
    heads = ", ".join(names)

    def slopes(shown: bool) -> list[str]:
        texts = [Script.of(row.derivative(Script("r"), operands, i, shown=shown)).text for i in range(count)]
        return [f"({', '.join(['r', *names])}) => {text}" for text in texts]

    return {"forward": f"({heads}) => {run(row, operands).text}", "slopes": slopes(False), "textbook": slopes(True)}
