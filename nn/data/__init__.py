"""Data for the demos and lessons: a table of contents.

The digits are those of E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
1998, https://doi.org/10.24432/C50P49, under the licence CC BY 4.0; assets/digits.md says more.
"""

from .files import Table, from_csv, from_idx, mnist
from .names import Letters, elements, next_letters, spelled
from .numbers import Strip, strips
from .sequences import adding, temporal_xor
from .series import mackey_glass, sine
from .sets import SYLLABLES, Split, digits, moons, stratified_split, syllables, xor

__all__ = [
    "SYLLABLES", "Letters", "Split", "Strip", "Table", "adding", "digits", "elements", "from_csv", "from_idx", "mackey_glass",
    "mnist", "moons", "next_letters", "sine", "spelled", "stratified_split", "strips", "syllables", "temporal_xor", "xor",
]  # fmt: skip
