"""The formulas of a row with places for its operands, as text and as MathML, which the browser fills with names or numbers.

A place is OPEN key CLOSE: the key 0, 1, ... is an operand, r the result. OPEN (key) CLOSE is a place whose parentheses are
there for the sake of a negative number only: x² but (-3)². The parentheses of a call, sin(x), are written out.

The engine writes LaTeX; the short interpreter below turns it into MathML. (latex2mathml would do that too, but not keep the
parentheses of a place apart from those of a call.) It uses elements that look right without a mathematical font, so a
choice is written in one line. LaTeX that it does not know, as a row of a user's own may have, is shown as the row's text.
"""

from __future__ import annotations

import html
import re
from typing import Any, NamedTuple

from ...engine.primitive import Primitive
from ...engine.say.notation import Term, write

OPEN, CLOSE = "\ue000", "\ue001"  # characters that no label uses
PLACE = re.compile(f"{OPEN}(\\w+){CLOSE}")
OPTIONAL = re.compile(rf"(?<!\w)\({OPEN}(\w+){CLOSE}\)")  # after a letter they would be those of a call
SPACE = "\u00a0"  # an ordinary space at the edge of an element is dropped

TOKEN = re.compile(
    rf"\s*(?:(?P<place>{OPEN}\w+{CLOSE})|(?P<odd>\\char`\\.)|(?P<command>\\[A-Za-z]+|\\.)|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<letter>[^\W\d_])|(?P<sign>.))"
)
SIGNS = {r"\cdot": "⋅", r"\ge": "≥", r"\le": "≤", r"\partial": "∂", "-": "−", "+": "+", "=": "=", ">": "&gt;", "<": "&lt;",
         "/": "/", ",": ",", "!": "!"}  # fmt: skip
GREEK = "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi omega"
LETTERS = {"\\" + name: letter for name, letter in zip(GREEK.split(), "αβγδεζηθκλμνξπρστφχψω", strict=True)}
NAMES = "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth log ln lg exp max min"
FUNCTIONS = {"\\" + name for name in NAMES.split()}


def row_formulas(row: Primitive, count: int) -> dict[str, Any]:
    """The formulas of one operation with `count` operands, as MathML and, under "text", as text.

    Each of the two has "value", the formula of the result; "slopes", the local derivatives as the textbook writes them;
    "levels", how tightly each of these binds (see engine.primitive.Notation: below 2 it needs parentheses in a product);
    and "computed", the local derivatives in the form that is computed.
    """
    # each place binds like a sign, so that it has parentheses wherever a negative number needs them
    places = [Term(f"{OPEN}{i}{CLOSE}", f"{OPEN}{i}{CLOSE}", 1.5) for i in range(count)]
    result = Term(f"{OPEN}r{CLOSE}", f"{OPEN}r{CLOSE}", 1.5)
    value = write(row, places)
    slopes = [Term.of(row.derivative(result, places, i, shown=True)) for i in range(count)]
    computed = [Term.of(row.derivative(result, places, i)) for i in range(count)]
    set_slopes = [mathml(slope) for slope in slopes]
    return {
        "value": mathml(value).markup,
        "slopes": [slope.markup for slope in set_slopes],
        "levels": [slope.level for slope in set_slopes],
        "computed": [mathml(slope).markup for slope in computed],
        "text": {
            "value": marked(value.text),
            "slopes": [marked(slope.text) for slope in slopes],
            "levels": [slope.level for slope in slopes],
            "computed": [marked(slope.text) for slope in computed],
        },
    }


def marked(text: str) -> str:
    """The text with the parentheses that only a negative number needs taken into the mark of their place."""
    return OPTIONAL.sub(rf"{OPEN}(\1){CLOSE}", text)


class Formula(NamedTuple):
    """MathML, and how tightly its outermost operation binds."""

    markup: str
    level: float


def mathml(term: Term) -> Formula:
    """A term as MathML, without the <math> around it."""
    try:
        items = Reader(term.latex).whole()
    except UnknownLatexError:
        return Formula(spelled(term.text), term.level)
    is_choice = len(items) == 1 and items[0].kind == "choice"
    return Formula(row_of(items), 0 if is_choice else term.latex_level)


def spelled(text: str) -> str:
    """A text as MathML, cut at its places."""
    parts = re.split(f"({OPEN}\\(?\\w+\\)?{CLOSE})", marked(text))
    return row_of([Item("place", part) if part[0] == OPEN else Item("other", mtext(part)) for part in parts if part])


def mtext(words: str) -> str:
    """Words inside a formula."""
    return f"<mtext>{html.escape(words).replace(' ', SPACE)}</mtext>"


class UnknownLatexError(ValueError):
    """LaTeX that the interpreter does not know."""


class Item(NamedTuple):
    """A part of a formula. Its kind: operator, function, place, fraction, power, choice or other."""

    kind: str
    markup: str


def row_of(items: list[Item]) -> str:
    """Items side by side. A choice is in parentheses, unless it stands alone: where it ends could not be seen."""
    if len(items) == 1:
        return items[0].markup
    return "<mrow>" + "".join(in_parentheses(item) if item.kind == "choice" else item.markup for item in items) + "</mrow>"


def in_parentheses(item: Item) -> str:
    """The item in parentheses."""
    return f"<mrow><mo>(</mo>{item.markup}<mo>)</mo></mrow>"


class Reader:
    """Reads the LaTeX that the engine writes, one method for each thing that can stand in it."""

    def __init__(self, latex: str) -> None:
        self.tokens = [(match.lastgroup or "", match[match.lastgroup or 0]) for match in TOKEN.finditer(latex.strip())]
        self.place = 0

    @property
    def next(self) -> str:
        """The text of the token to be read; empty at the end."""
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def expect(self, *texts: str) -> None:
        """Read these tokens."""
        for text in texts:
            if self.next != text:
                raise UnknownLatexError(f"{self.next!r} where {text!r} was expected")
            self.place += 1

    def whole(self) -> list[Item]:
        """The items of the whole text."""
        items = self.items("")
        self.expect("")
        return items

    def items(self, *ends: str) -> list[Item]:
        """Items up to one of these tokens, which is not read."""
        found: list[Item] = []
        while self.next not in ends:
            if self.next in ("^", "_"):
                if not found:
                    raise UnknownLatexError(f"{self.next} has nothing before it")
                found.append(self.script(found.pop()))
                continue
            item = self.item(follows=found[-1].kind if found else "operator")
            if item.kind == "call":  # a function and its argument are one thing, which a power may follow
                item = Item("other", f"<mrow>{found.pop().markup}{item.markup}</mrow>")
            elif found and found[-1].kind == "function" and item.kind != "operator":  # \log 2
                item = Item("other", f"<mrow>{found.pop().markup}{in_parentheses(item)}</mrow>")
            found.append(item)
        return found

    def script(self, base: Item) -> Item:
        """What stands above or below the line, after its base."""
        element, kind = ("msup", "power") if self.next == "^" else ("msub", base.kind)
        self.place += 1
        needs = element == "msup" and base.kind in ("fraction", "power", "choice")  # LaTeX has braces here, which are not seen
        markup = in_parentheses(base) if needs else base.markup
        return Item(kind, f"<{element}>{markup}{row_of(self.group())}</{element}>")

    def group(self) -> list[Item]:
        """What stands between braces, or one item."""
        if self.next != "{":
            return [self.item(follows="operator")]
        self.expect("{")
        items = self.items("}", "")
        self.expect("}")
        return items

    def item(self, follows: str) -> Item:
        """One item; `follows` is the kind of the one before it."""
        if self.place == len(self.tokens):
            raise UnknownLatexError("it ends too early")
        kind, text = self.tokens[self.place]
        self.place += 1
        if kind == "place":
            return Item("place", text)
        if kind == "number":
            return Item("other", f"<mn>{text}</mn>")
        if kind == "letter":
            return Item("other", f"<mi>{text}</mi>")
        if text in SIGNS:
            return Item("operator", f"<mo>{SIGNS[text]}</mo>")
        if text in LETTERS:
            return Item("other", f"<mi>{LETTERS[text]}</mi>")
        if text in FUNCTIONS:
            return Item("function", f"<mi>{text[1:]}</mi>")
        return self.construct(text, follows)

    def construct(self, command: str, follows: str) -> Item:
        """What a command or a brace begins."""
        if command == r"\left":
            return self.fenced(follows)
        if command == "{":
            self.place -= 1
            items = self.group()
            return items[0] if len(items) == 1 else Item("other", row_of(items))
        if command == r"\frac":
            return Item("fraction", f"<mfrac>{row_of(self.group())}{row_of(self.group())}</mfrac>")
        if command == r"\sqrt" and self.next == "[":
            self.expect("[")
            index = row_of(self.items("]", ""))
            self.expect("]")
            return Item("other", f"<mroot>{row_of(self.group())}{index}</mroot>")
        if command == r"\sqrt":
            return Item("other", f"<msqrt>{row_of(self.group())}</msqrt>")
        if command in (r"\operatorname", r"\mathrm"):
            return Item("function" if command == r"\operatorname" else "other", upright(self.verbatim()))
        if command == r"\text":
            return Item("other", mtext(self.verbatim()))
        if command == r"\begin":
            return self.choice()
        raise UnknownLatexError(command)

    def fenced(self, follows: str) -> Item:
        r"""\left( ... \right) or \left| ... \right|; after an operator, parentheses round a place alone are optional."""
        opening = self.next
        closing = {"(": ")", "|": "|"}.get(opening)
        if closing is None:
            raise UnknownLatexError(opening)
        self.expect(opening)
        items = self.items(r"\right", "")
        self.expect(r"\right", closing)
        is_call = opening == "(" and follows != "operator"
        if opening == "(" and not is_call and len(items) == 1 and items[0].kind == "place":
            return Item("other", marked(f"({items[0].markup})"))
        return Item("call" if is_call else "other", f"<mrow><mo>{opening}</mo>{row_of(items)}<mo>{closing}</mo></mrow>")

    def verbatim(self) -> str:
        """The letters between braces, as they are: leaky_relu."""
        self.expect("{")
        letters = []
        while self.next != "}":
            kind, text = self.tokens[self.place] if self.next else ("", "")
            if kind not in ("letter", "number", "sign", "odd") and text != r"\_":
                raise UnknownLatexError(text)
            letters.append(text[-1] if kind == "odd" or text == r"\_" else text)
            self.place += 1
        self.expect("}")
        return "".join(letters)

    def choice(self) -> Item:
        r"""\begin{cases} a & \text{if } c \\ b & \text{else} \end{cases}, written in one line: a if c else b."""
        self.expect("{", *"cases", "}")
        first = self.items("&", "")
        self.expect("&", r"\text", "{", "i", "f", "}")
        condition = self.items(r"\\", "")
        self.expect(r"\\")
        second = self.items("&", "")
        self.expect("&", r"\text", "{", *"else", "}", r"\end", "{", *"cases", "}")
        # the first of two is in parentheses if it is a choice itself; the second needs none, for nothing follows it
        before = in_parentheses(first[0]) if len(first) == 1 and first[0].kind == "choice" else row_of(first)
        middle, last = mtext(" if "), mtext(" else ")
        return Item("choice", f"<mrow>{before}{middle}{row_of(condition)}{last}{row_of(second)}</mrow>")


def upright(word: str) -> str:
    """A word as an identifier; a single letter must be told to stand upright."""
    style = ' mathvariant="normal"' if len(word) == 1 else ""
    return f"<mi{style}>{html.escape(word)}</mi>"
