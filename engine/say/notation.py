"""Formulas: an interpreter of rows whose results are written formulas, as text and as LaTeX.

A Term takes part in arithmetic like a number, but what it computes is how the result is written: `Term.name("x") * 2.0` is `x·2`.
Running a row's derivative rule on terms therefore prints the chain rule; running it on terms that are numbers prints the
same rule with the numbers put in.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING

from .. import ops
from ..interpreter import Interpreter
from ..primitive import Primitive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ..value import Value

DIGITS = 6  # significant digits shown, unless asked otherwise

NAMED = {math.e: ops.NamedNumber(math.e, "e", "e"), math.pi: ops.NamedNumber(math.pi, "π", r"\pi")}

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN_POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
PLAIN_SIGNS = {"⊙": "*", "ᵀ": "^T", "Σ": "sum", "δ": "delta", "×": "x",
               "·": "*", "∂": "d", "σ": "sigmoid", "√(2π)": "sqrt(2*pi)", "√": "sqrt", "π": "pi"}
GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "pi",
         "rho", "sigma", "tau", "phi", "chi", "psi", "omega"}  # fmt: skip


class Term(Interpreter):
    """A formula: its text and its LaTeX, and how tightly the outermost operation of each binds (see Notation)."""

    def __init__(self, text: str, latex: str, level: float = 5, latex_level: float | None = None) -> None:
        self.text = text
        self.latex = latex
        self.level = level
        self.latex_level = level if latex_level is None else latex_level

    @staticmethod
    def name(name: str) -> Term:
        """A variable."""
        return Term(name, latex_name(name))

    @staticmethod
    def number(number: float, digits: int = DIGITS, *, constant: bool = False) -> Term:
        """A number; a negative one binds like a sign, so that it is put in parentheses inside a product.

        A constant that is e or π is written by its name. A result that happens to be e, such as exp(1), is not.
        """
        number = NAMED.get(number, number) if constant else number
        if isinstance(number, ops.NamedNumber):
            return Term(number.text, number.latex, number.level, 5)
        text = show(number, digits)
        return Term(text, latex_number(text), 1.5 if text.startswith("-") else 5)

    @staticmethod
    def of(thing: Term | float) -> Term:
        """The thing itself if it is a term, else the number as a term."""
        return thing if isinstance(thing, Term) else Term.number(thing)

    def _compute(self, row: Primitive, operands: tuple[Any, ...]) -> Term:
        """The row's notation with the operands put in; a leading minus is pulled out of a product: -2x, not (-2)·x."""
        terms = [Term.of(operand) for operand in operands]
        if row is ops.mul and isinstance(operands[0], float) and operands[0] < 0:
            rest = terms[1] if operands[0] == -1 else write(row, [Term.number(-operands[0]), terms[1]])
            return write(ops.neg, [rest])
        return write(row, terms)


def terms(nodes: Iterable[Value], called: Mapping[Value, str], digits: int = DIGITS) -> list[Term]:
    """Nodes of a graph as terms: a constant without a label is written as its number, all else by its name."""
    return [
        Term.number(node.data, digits, constant=True) if node.constant and not node.label else Term.name(called[node])
        for node in nodes
    ]


def write(row: Primitive, terms: list[Term], digits: int = DIGITS) -> Term:
    """The row's notation with the terms put in, and its static parameter to some significant digits."""
    notation = row.notation
    static = "" if row.static is None else show(row.static, digits)
    if notation.slots:
        texts = [_inside(term.text, term.level, slot, "({})") for term, slot in zip(terms, notation.slots)]
        slots = notation.latex_slots
        latex = [_inside(term.latex, term.latex_level, slot, r"\left({}\right)") for term, slot in zip(terms, slots)]
    else:
        # a parameter that is not the default is one more argument: elu(x, alpha=2)
        more = [f"{row.parameter}={static}"] if static and row.static != row.family.default else []
        texts = [", ".join([term.text for term in terms] + more)]
        latex = [", ".join([term.latex for term in terms] + [latex_name(word) for word in more])]
    written = notation.text.format(*texts, p=static)
    in_latex = notation.latex.format(*latex, p=latex_number(static))
    if row.family is ops.power and static.lstrip("-").isdigit():
        written = texts[0] + static.translate(SUPERSCRIPTS)
    elif row is ops.mul and re.fullmatch("[0-9]+", texts[0]) and texts[1].isalpha():  # 2x
        written, in_latex = texts[0] + texts[1], f"{latex[0]} {latex[1]}"
    return Term(written, in_latex, notation.level, notation.latex_level)


def _inside(text: str, level: float, slot: float, parentheses: str) -> str:
    return text if level >= slot else parentheses.format(text)


def show(number: float, digits: int = DIGITS) -> str:
    """A number to some significant digits, without a trailing .0; minus zero is 0."""
    return f"{number + 0.0:.{digits}g}"


def latex_number(text: str) -> str:
    """1e-05 as 10^{-5}, 2.5e+20 as 2.5 \\cdot 10^{20}; other numbers as they are."""
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    ten = f"10^{{{int(exponent)}}}"
    return ten if mantissa == "1" else rf"{mantissa} \cdot {ten}"


def latex_name(name: str) -> str:
    """A variable's name: x, x_{2}, \\alpha, or upright if it is a word."""
    match = re.fullmatch(r"([A-Za-z]+)_?(\d*)", name)
    if match is None:
        return r"\mathrm{" + re.sub(r"([\\{}$&#^_%~])", lambda sign: r"\char`" + "\\" + sign[0], name) + "}"
    stem, index = match.groups()
    stem = stem if len(stem) == 1 else "\\" + stem if stem in GREEK else rf"\mathrm{{{stem}}}"
    return f"{stem}_{{{index}}}" if index else stem


def partial(top: str, bottom: str) -> Term:
    """∂top/∂bottom."""
    return Term(f"∂{top}/∂{bottom}", rf"\frac{{\partial {latex_name(top)}}}{{\partial {latex_name(bottom)}}}")


def plain(text: str) -> str:
    """The text in ASCII, for terminals that lack these characters: x**2*y/z, df/dx."""
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: "**" + power[0].translate(PLAIN_POWERS), text)
    text = re.sub(r"√(\w+)", r"√(\1)", text)  # sqrt(2) needs parentheses, where √2 has none
    for sign, word in PLAIN_SIGNS.items():
        text = text.replace(sign, word)
    return re.sub("[Α-Ωα-ω]", _spelled, text)


def _spelled(letter: re.Match[str]) -> str:
    """A Greek letter by its name: theta for θ, Phi for Φ."""
    name = unicodedata.name(letter[0], "unknown").split()[-1]  # GREEK SMALL LETTER THETA
    return name.lower() if letter[0].islower() else name.capitalize()
