"""Names to learn from, letter by letter, and names as rows of whole numbers.

The list was typed for this package: the English names of the 118 elements, in the spelling of the International Union of Pure
and Applied Chemistry, by atomic number. They are facts, which belong to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..arguments import check_whole

ELEMENTS = """
hydrogen helium lithium beryllium boron carbon nitrogen oxygen fluorine neon sodium magnesium aluminium silicon phosphorus sulfur
chlorine argon potassium calcium scandium titanium vanadium chromium manganese iron cobalt nickel copper zinc gallium germanium
arsenic selenium bromine krypton rubidium strontium yttrium zirconium niobium molybdenum technetium ruthenium rhodium palladium
silver cadmium indium tin antimony tellurium iodine xenon caesium barium lanthanum cerium praseodymium neodymium promethium
samarium europium gadolinium terbium dysprosium holmium erbium thulium ytterbium lutetium hafnium tantalum tungsten rhenium osmium
iridium platinum gold mercury thallium lead bismuth polonium astatine radon francium radium actinium thorium protactinium uranium
neptunium plutonium americium curium berkelium californium einsteinium fermium mendelevium nobelium lawrencium rutherfordium
dubnium seaborgium bohrium hassium meitnerium darmstadtium roentgenium copernicium nihonium flerovium moscovium livermorium
tennessine oganesson
"""

MARK = "."  # token 0: what stands before the first letter of a name and after its last
ALPHABET = MARK + "abcdefghijklmnopqrstuvwxyz"


class Letters(NamedTuple):
    """Names as rows of `block` positions: at each the letter that is read, the letter to come, and how much it counts."""

    tokens: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


def elements() -> list[str]:
    """The English names of the 118 chemical elements, in lower case, by atomic number."""
    return ELEMENTS.split()


def next_letters(names: Iterable[str], block: int = 16) -> Letters:
    """Names as tasks of predicting each letter from those before it; three arrays of whole numbers and weights, (names, block).

    A token is a position in ".abc...z"; the dot begins and ends every name. Of tin the letters . t i n are read, and t i n . are
    the answers. A name of n letters has n + 1 positions, each with the weight 1/(n + 1), so that a weighted sum over them is
    their mean. Behind the end the row is filled up with dots of weight 0.

    Filling up, rather than a program for each length: in a network that looks only backwards, what stands behind the end of a
    name changes nothing in front of it, and the weight 0 keeps it out of the cost. So one program of one shape serves all names.
    A ValueError refuses a name that has other signs than a to z, or does not fit.
    """
    check_whole(block, "block", 2)
    rows = [checked(name, block) for name in ([names] if isinstance(names, str) else names)]
    if not rows:
        raise ValueError("There must be at least one name.")
    tokens, targets = np.zeros((2, len(rows), block), dtype=int)
    weights = np.zeros((len(rows), block))
    for i, letters in enumerate(rows):
        end = len(letters) + 1
        tokens[i, 1:end] = targets[i, : end - 1] = letters
        weights[i, :end] = 1 / end
    return Letters(tokens, targets, weights)


def checked(name: str, block: int) -> list[int]:
    """A name's letters as positions in the alphabet."""
    if not isinstance(name, str) or not name or set(name) - set(ALPHABET[1:]):
        raise ValueError(f"A name has letters from a to z, at least one and all in lower case; {name!r:.60} is not such a name.")
    if len(name) >= block:
        raise ValueError(f"{name} has {len(name)} letters, and {block} positions have room for {block - 1}: a name takes one "
                         "position more than it has letters.")  # fmt: skip
    return [ALPHABET.index(letter) for letter in name]


def spelled(tokens: Sequence[int]) -> str:
    """The letters of a row of tokens, as far as the second dot."""
    return "".join(ALPHABET[token] for token in tokens).strip(MARK).partition(MARK)[0]
