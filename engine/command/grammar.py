"""The grammar of expressions: text to statements, each a short program for a stack machine.

    program    statement  { (";" | newline)  statement }
    statement  [ name "=" ]  sum
    sum        product  { ("+" | "-")  product }
    product    signed  { ("*" | "/")  signed }
    signed     { "-" | "+" }  power
    power      atom  [ "**"  signed ]
    atom       number  |  name  |  name "(" arguments ")"  |  "(" sum ")"
    arguments  argument  { ","  argument }       argument   sum  |  name "=" sum

Nothing is computed here. What this grammar does not have is refused, with its column and what would be right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

LONGEST = 10_000  # characters
DEEPEST = 100  # levels of parentheses, signs and powers; the parser calls itself for each

POWERS_AND_PRODUCTS = "write powers as x**2 and products as x*y"
ADVICE = {
    "^": POWERS_AND_PRODUCTS, "²": POWERS_AND_PRODUCTS, "³": POWERS_AND_PRODUCTS, "·": POWERS_AND_PRODUCTS,
    "×": POWERS_AND_PRODUCTS, "−": "write minus as -", "÷": "write division as x/y", "∕": "write division as x/y",
    "[": "write parentheses as ( and )", "{": "write parentheses as ( and )", "√": "write square roots as sqrt(x)",
    "π": "write pi", "%": "there is no remainder here", "!": "there is neither ! nor != here", "|": "write abs(x)",
    "σ": "write sigmoid(x)", "θ": "names are Latin letters: write theta",
    ".": "write numbers as 0.5, and functions as exp(x)", "<": "write step(x), maximum(x, y) or where(c, x, y)",
    ">": "write step(x), maximum(x, y) or where(c, x, y)",
}  # fmt: skip
OTHERWISE = "use names, numbers, + - * / **, parentheses and functions such as exp(x)"

TOKEN = re.compile(
    r"(?P<space>[ \t\r]+)|(?P<end>[;\n])|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|[-+*/(),=])|(?P<other>.)",
    re.ASCII,
)


class ParseError(ValueError):
    """Text that is not an expression: where, what is wrong, and what would be right."""

    def __init__(self, text: str, column: int, advice: str) -> None:
        self.text = text
        self.column = column  # counted from 1
        self.advice = advice
        end = "" if advice.endswith("?") else "."
        super().__init__(f'Cannot read "{_near(text, column)[0]}" at column {column}: {advice}{end}')


def pointed(error: Exception) -> list[str]:
    """The input and a caret under the place, if the error knows its place in a text; nothing otherwise."""
    text, column = getattr(error, "text", None), getattr(error, "column", None)
    if text is None or column is None:
        return []
    near, place = _near(text, column)
    return [near, " " * place + "^"]


def _near(text: str, column: int, most: int = 60) -> tuple[str, int]:
    """The part of a text around a column, on one line, and where the column is in it."""
    start = max(0, min(column - 1 - most // 2, len(text) - most))
    cut = text[start : start + most]
    shown = "".join(sign if sign.isprintable() else "?" for sign in cut)  # half a character of bytes is not printable
    before, after = "..." if start else "", "..." if start + most < len(text) else ""
    return before + shown + after, len(before) + column - 1 - start


class Token(NamedTuple):
    """A word of the text; `kind` is a group of TOKEN, or "end"; `column` counts from 1."""

    kind: str
    text: str
    column: int


def tokens(text: str) -> list[Token]:
    """The words of the text, spaces left out, "end" last."""
    found = []
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "other":
            broken = "\udc80" <= match[0] <= "\udcff"  # how Python passes on a byte that is no text
            advice = "this byte is not text; type it again" if broken else ADVICE.get(match[0], OTHERWISE)
            raise ParseError(text, match.start() + 1, advice)
        if kind != "space":
            found.append(Token(kind, match[0], match.start() + 1))
    return [*found, Token("end", "", len(text) + 1)]


class Instruction(NamedTuple):
    """One step of a stack machine: put a number or a variable on the stack, or apply an operation to the topmost."""

    action: str  # "number", "name", an operator, or the name of a function
    takes: int = 0  # how many operands it takes from the stack
    number: float = 0.0
    keyword: str = ""  # the name of the last argument, if it was given by name
    column: int = 0


class Statement(NamedTuple):
    """An expression, ready to run, and the name it is assigned to (empty if none)."""

    name: str
    code: list[Instruction]


class Parser:
    """Reads a text from left to right, one method for each line of the grammar, and writes down what to compute."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"parse reads text, not the {type(text).__name__} {text!r:.60}.")
        if len(text) > LONGEST:
            raise ParseError(text, LONGEST + 1, f"it has {len(text)} characters, and {LONGEST} are the most that is read")
        self.text = text
        self.tokens = tokens(text)
        self.place = 0
        self.depth = 0
        self.code: list[Instruction] = []

    @property
    def next(self) -> Token:
        """The token to be read."""
        return self.tokens[self.place]

    def accept(self, *words: str) -> Token | None:
        """Read the next token if it is one of these signs."""
        token = self.next
        if token.kind != "sign" or token.text not in words:
            return None
        self.place += 1
        return token

    def error(self, advice: str) -> ParseError:
        """What is wrong at the next token."""
        return ParseError(self.text, self.next.column, advice)

    def emit(self, action: str, column: int, **more: Any) -> None:
        """Write down one instruction."""
        self.code.append(Instruction(action, column=column, **more))

    def program(self) -> list[Statement]:
        """All statements of the text."""
        statements = []
        while self.place < len(self.tokens):
            if self.next.kind == "end":
                self.place += 1
                continue
            statements.append(self.statement())
            if self.next.kind != "end":
                raise self.error(self.unexpected())
        if not statements:
            raise ParseError(self.text, 1, "there is no expression; write one such as x**2*y/z")
        return statements

    def unexpected(self) -> str:
        """Advice for a token after which nothing can follow."""
        before = self.tokens[self.place - 1]
        if self.next.text == ")":
            return 'this ")" closes nothing; leave it out, or open it with "("'
        if self.next.text == "=":
            return "only a name can be assigned to, as in v = x**2; v*y"
        if before.text in ("sin", "cos", "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "abs"):
            return f"{before.text} is a function: write {before.text}({self.next.text})"
        if self.next.text == "," and before.kind == self.tokens[self.place + 1].kind == "number":
            return "write numbers with a point: 1.5"
        if self.next.kind in ("number", "name") or self.next.text == "(":
            return f"write products with a star: {before.text}*{self.next.text}"
        return OTHERWISE

    def statement(self) -> Statement:
        """[ name "=" ] sum."""
        token, name = self.next, ""
        if token.kind == "name" and self.tokens[self.place + 1].text == "=":
            name = token.text
            self.place += 2
        self.code = []
        self.sum()
        return Statement(name, self.code)

    def sum(self) -> None:
        """Products, added and subtracted from left to right."""
        self.product()
        while sign := self.accept("+", "-"):
            self.product()
            self.emit(sign.text, sign.column, takes=2)

    def product(self) -> None:
        """Signed powers, multiplied and divided from left to right."""
        self.signed()
        while sign := self.accept("*", "/"):
            self.signed()
            self.emit(sign.text, sign.column, takes=2)

    def signed(self) -> None:
        """A power and the signs before it, which bind less tightly: -x**2 is -(x**2)."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"it is nested more than {DEEPEST} deep; assign a part to a name: v = ...; v + 1")
        if sign := self.accept("-", "+"):
            self.signed()
            if sign.text == "-":
                self.emit("negative", sign.column, takes=1)
        else:
            self.atom()
            if sign := self.accept("**"):
                self.signed()  # from right to left: 2**3**2 is 2**(3**2)
                self.emit("**", sign.column, takes=2)
        self.depth -= 1

    def atom(self) -> None:
        """A number, a variable, a call, or a sum in parentheses."""
        token = self.next
        if token.kind == "number":
            self.place += 1
            self.emit("number", token.column, number=float(token.text))
        elif token.kind == "name":
            self.place += 1
            if self.accept("("):
                self.arguments(token)
            else:
                self.emit(token.text, token.column)
        elif self.accept("("):
            self.sum()
            self.close(token)
        elif token.kind == "end":
            raise self.error("something is missing here: a name, a number or a parenthesis")
        else:
            raise self.error(f'a name, a number or "(" belongs here, not "{token.text}"')

    def close(self, opened: Token) -> None:
        """The parenthesis that answers `opened`."""
        if not self.accept(")"):
            raise self.error(
                f'the "(" of column {opened.column} is not closed here' if self.next.kind == "end" else self.unexpected()
            )

    def arguments(self, function: Token) -> None:
        """The arguments of a call, and the call."""
        count, keyword = 0, ""
        if self.next.text != ")":
            count = 1
            keyword = self.argument()
            while self.accept(","):
                count += 1
                keyword = self.argument()
        self.close(function)
        self.emit(function.text, function.column, takes=count or -1, keyword=keyword)

    def argument(self) -> str:
        """A sum, after a keyword if one is written; the keyword."""
        keyword = ""
        if self.next.kind == "name" and self.tokens[self.place + 1].text == "=":
            keyword = self.next.text
            self.place += 2
        self.sum()
        return keyword


def variables_of(text: str) -> dict[str, int]:
    """The names that the text takes from outside, with the column of each: those that are not assigned before."""
    assigned: set[str] = set()
    found: dict[str, int] = {}
    for statement in Parser(text).program():
        for step in statement.code:
            if step.takes == 0 and step.action != "number" and step.action not in assigned:
                found.setdefault(step.action, step.column)
        assigned.add(statement.name)
    return found
