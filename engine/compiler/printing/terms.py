"""Terms for matrices: names with their subscripts, products, transposes, sums, calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ...say.notation import Term, latex_name

ZERO = Term("0", "0")


def named(name: str) -> Term:
    """A name as a term; in LaTeX with δ, a subscript (W_i and Wq), primes, and the index of a part in brackets."""
    if name.startswith("∂"):
        above, below = (named(part.removeprefix("∂")).latex for part in name.split("/"))
        return Term(name, rf"\frac{{\partial {above}}}{{\partial {below}}}", 5)
    stem, bracket, index = name.partition("[")
    bare = stem.rstrip("'")
    primes = "'" * (len(stem) - len(bare))
    parts = re.fullmatch(r"(δ?[A-Za-z]*)_([A-Za-z]\w*)|([A-Z])([a-z]\d*)", bare)
    first, subscript = (parts[1] or parts[3], parts[2] or parts[4]) if parts else (bare, "")
    error = re.fullmatch("δ([A-Za-z]+)", first)  # δh: named by what it is the error of
    written = rf"\delta {latex_name(error[1])}" if error else latex_name(first.replace("δ", "delta"))
    if subscript:
        written += f"_{{{subscript}}}" if re.fullmatch(r"[A-Za-z]\d*", subscript) else rf"_{{{latex_name(subscript)}}}"
    return Term(name, written + primes + (rf"\left[{index[:-1]}\right]" if bracket else ""))


def wrapped(term: Term, level: float) -> Term:
    """The term in parentheses, unless it binds as tightly as that."""
    text = term.text if term.level >= level else f"({term.text})"
    latex = term.latex if term.latex_level >= level else rf"\left({term.latex}\right)"
    return Term(text, latex, max(level, term.level), max(level, term.latex_level))


def joined(first: Term, sign: str, latex: str, second: Term, level: float = 2, inner: float = 2) -> Term:
    """Two terms with a sign between them."""
    a, b = wrapped(first, level), wrapped(second, inner)
    return Term(f"{a.text}{sign}{b.text}", f"{a.latex}{latex}{b.latex}", level)


class Product(Term):
    """Two matrices side by side."""

    def __init__(self, first: Term, second: Term) -> None:
        self.factors = first, second
        if first.level == 2 and " ⊙ " in first.text:  # (x ⊙ y) W
            first = wrapped(first, 3)
        written = joined(first, " ", " ", second, 2, 3)
        super().__init__(written.text, written.latex, 2)


class Transposed(Term):
    """Wᵀ."""

    def __init__(self, matrix: Term) -> None:
        self.matrix = matrix
        inside = wrapped(matrix, 5)
        super().__init__(inside.text + "ᵀ", inside.latex + r"^{\top}")


def transposed(term: Term) -> Term:
    """Wᵀ; (Wᵀ)ᵀ = W, and (A Bᵀ)ᵀ = B Aᵀ."""
    if isinstance(term, Transposed):
        return term.matrix
    if isinstance(term, Product) and any(isinstance(factor, Transposed) for factor in term.factors):
        first, second = term.factors
        return Product(transposed(second), transposed(first))
    return Transposed(term)


def summed(term: Term, over: str = "") -> Term:
    """Σ x, or Σ_j x."""
    inside = wrapped(term, 2)
    return Term(f"Σ{'_' + over if over else ''} {inside.text}", rf"\sum{'_' + over if over else ''} {inside.latex}", 1.5)


def call(name: str, terms: Iterable[Term]) -> Term:
    """name(x, y)."""
    terms = list(terms)
    latex = rf"\operatorname{{{name}}}".replace("_", r"\_") + rf"\left({', '.join(t.latex for t in terms)}\right)"
    return Term(f"{name}({', '.join(t.text for t in terms)})", latex)


def listed(terms: Sequence[Term], sign: str = "; ") -> Term:
    """[a; b]."""
    return Term(f"[{sign.join(t.text for t in terms)}]", rf"\left[{sign.join(t.latex for t in terms)}\right]")
