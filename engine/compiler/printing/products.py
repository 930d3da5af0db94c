"""A contraction of two operands as a product of matrices, told by its letters: "rk,k->r" is W x, "r,k->rk" is δ xᵀ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ...say.notation import Term
from .terms import Product, transposed, wrapped


def matrix_product(words: Sequence[str], terms: Sequence[Term]) -> tuple[Term, str]:
    """The product, and the letters that are not written, since it is one such product for each of their values: heads, say.

    `words` are the letters of the two operands and of the result, as each is laid out on paper.
    """
    u, v, w = words
    silent = "".join(c for c in w if c in u and c in v)
    u, v, w = (without(word, silent) for word in words)
    while max(map(len, (u, v, w))) > 2:
        merged = _merged(u, v, w)
        if merged is not None:
            u, v, w = merged
            continue
        alone = [c for c in w if max(len(word) for word in (u, v, w) if c in word) > 2]
        if not alone:
            return by_letters(words, terms), ""
        silent, (u, v, w) = silent + alone[0], (without(word, alone[0]) for word in (u, v, w))
    a, b = terms
    for (first, one), (second, other) in (((a, u), (b, v)), ((b, v), (a, u))):
        if len(one) == len(other) == 1 and one + other == w:
            return Product(first, transposed(second)), silent
        inner = set(one) & set(other)
        if len(inner) != 1 or len(one) + len(other) - 2 != len(w) or len(one) < len(other):
            continue
        (k,) = inner
        if without(one, k) + without(other, k) == w:
            first, second = first if one[-1] == k else transposed(first), second if other[0] == k else transposed(second)
            return Product(first, second), silent
    return by_letters(words, terms), ""


def by_letters(words: Sequence[str], terms: Sequence[Term]) -> Term:
    """Σ_c x[a, c]·y[b, c]: always true, if nothing shorter is."""
    *letters, result = words
    factors = [wrapped(term, 5) for term in terms]
    gone = "".join(dict.fromkeys(c for word in letters for c in word if c not in result))
    text = "·".join(f"{t.text}[{', '.join(word)}]" if word else t.text for t, word in zip(factors, letters))
    latex = r" \cdot ".join(f"{t.latex}_{{{word}}}" if word else t.latex for t, word in zip(factors, letters))
    if gone:
        return Term(f"Σ_{gone} {text}", rf"\sum_{{{gone}}} {latex}", 1.5)
    return Term(text, latex, 2)


def without(word: str, letters: str) -> str:
    """The word without these letters."""
    return "".join(c for c in word if c not in letters)


def _merged(*words: str) -> tuple[str, ...] | None:
    """The words with two neighbours as one letter, if these are neighbours wherever they are."""
    longest = max(words, key=len)
    for pair in pairwise(longest):
        together = "".join(pair)
        if all(together in word or not set(pair) & set(word) for word in words):
            return tuple(word.replace(together, together[0]) for word in words)
    return None
