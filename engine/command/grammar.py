"""The grammar of expressions: text to statements, each a short program for a stack machine.

    program      statement  { (";" | newline)  statement }
    statement    [ name "=" ]  choice
    choice       comparison  [ "if"  comparison  "else"  choice ]
    comparison   sum  [ (">" | ">=" | "<" | "<=" | "==")  sum ]
    sum          product  { ("+" | "-")  product }
    product      signed  { ("*" | "·" | "/")  signed }
    signed       { "-" | "+" }  [ coefficient ]  power
    power        root  [ "**"  signed  |  superscript ]
    root         { "√" }  atom
    atom         number  |  name  |  name "(" arguments ")"  |  "(" choice ")"  |  "|" choice "|"
    arguments    argument  { ","  argument }       argument   choice  |  name "=" choice

A coefficient is a number that touches a name of letters, as in 2x. Nothing is computed here. Anything else is
refused, with its column and what would be right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .tokens import OTHERWISE, SUPERSCRIPTS, ParseError, Token, tokens

if TYPE_CHECKING:
    from typing import Any

LONGEST_TEXT = 1_000_000  # characters
LONGEST = 10_000  # characters of one statement
DEEPEST = 60  # levels of parentheses, signs, powers and choices; the parser calls itself for each
NUMBER = "#"  # the action that puts a number on the stack; no name has this sign
COMPARISONS = (">", ">=", "<", "<=", "==")


class Instruction(NamedTuple):
    """One step of a stack machine: put a number or a variable on the stack, or apply an operation to the top."""

    action: str  # NUMBER, the name of a variable or function, or an operator
    takes: int = 0  # how many operands it takes from the stack
    number: float = 0.0
    keyword: str = ""  # the name of the last argument, if it was given by name
    column: int = 0
    call: bool = False  # whether it is written as a function


class Statement(NamedTuple):
    """An expression, ready to run, and the name it is assigned to (empty if none)."""

    name: str
    code: list[Instruction]


class Parser:
    """Reads a text from left to right, one method for each line of the grammar, and writes down what to compute."""

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"parse reads text, not the {type(text).__name__} {text!r:.60}.")
        longest = max(re.split("[;\n]", text), key=len)
        for part, most in ((text, LONGEST_TEXT), (longest, LONGEST)):
            if len(part) > most:
                advice = f"it has {len(part)} characters, and at most {most} are read"
                raise ParseError(text, text.index(part) + most + 1, advice)
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
        """Read the next token if it is one of these signs or keywords."""
        token = self.next
        if token.kind not in ("sign", "keyword") or token.text not in words:
            return None
        self.place += 1
        return token

    def error(self, advice: str) -> ParseError:
        """What is wrong at the next token."""
        return ParseError(self.text, self.next.column, advice)

    def emit(self, action: str, column: int, **more: Any) -> None:
        """Write down one instruction."""
        self.code.append(Instruction(action, column=column, **more))

    def deeper(self) -> None:
        """One more level of nesting; the caller takes it back."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"it is nested more than {DEEPEST} deep; assign a part to a name: v = ...; v + 1")

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
        before, token = self.tokens[self.place - 1], self.next
        if token.text == ")":
            return 'this ")" closes nothing; leave it out, or open it with "("'
        if token.text == "=":
            return "only a name can be assigned to, as in v = x**2; v*y (and x == y compares)"
        if token.text in COMPARISONS:
            return "compare two things at a time: write (x > y)*(y > z)"
        if token.text == "else":
            return 'this "else" has no "if": write x if c else y'
        if before.text in ("sin", "cos", "exp", "log", "ln", "sqrt", "tanh", "sigmoid", "relu", "abs"):
            return f"{before.text} is a function: write {before.text}({token.text})"
        if token.text == "," and before.kind == self.tokens[self.place + 1].kind == "number":
            return "write numbers with a point: 1.5"
        if token.kind == "superscript" or token.text == "**":
            return "a power of a power needs parentheses: (x**2)**3"
        if token.text == "|":
            return f'this "|" closes nothing; to multiply by an absolute value write {before.text}*|x|'
        if token.kind in ("number", "name") or token.text in ("(", "√"):
            base = self.tokens[self.place - 2].text if before.kind == "superscript" else ""
            return f"write products with a star: {base}{before.text}*{token.text}"
        return OTHERWISE

    def statement(self) -> Statement:
        """[ name "=" ] choice."""
        token, name = self.next, ""
        if token.kind == "name" and self.tokens[self.place + 1].text == "=":
            name = token.text
            self.place += 2
        self.code = []
        self.choice()
        return Statement(name, self.code)

    def choice(self) -> None:
        """A comparison, or one of two things: x if c else y, where a further choice belongs to the last."""
        self.comparison()
        if sign := self.accept("if"):
            self.comparison()
            if not self.accept("else"):
                raise self.error("a choice has two sides: write x if c else y")
            self.deeper()
            self.choice()
            self.depth -= 1
            self.emit("if", sign.column, takes=3)

    def comparison(self) -> None:
        """A sum, or two of them compared."""
        self.sum()
        if sign := self.accept(*COMPARISONS):
            self.sum()
            self.emit(sign.text, sign.column, takes=2)

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
            self.signed(after=sign.text)
            self.emit(sign.text, sign.column, takes=2)

    def signed(self, after: str = "") -> None:
        """A power and the signs before it, which bind less tightly: -x**2 is -(x**2), and -2x is -(2x)."""
        self.deeper()
        if sign := self.accept("-", "+"):
            self.signed(after)
            if sign.text == "-":
                self.emit("negative", sign.column, takes=1)
        elif self.has_coefficient():
            number, name = self.next, self.tokens[self.place + 1]
            if after in ("/", "**"):
                advice = f"{after}{number.text}{name.text} can be read in two ways: write {after}({number.text}*{name.text})"
                raise self.error(f"{advice}, or {after}{number.text}*{name.text}")
            self.place += 1
            self.emit(NUMBER, number.column, number=float(number.text))
            self.power()
            self.emit("*", name.column, takes=2)
        else:
            self.power()
        self.depth -= 1

    def has_coefficient(self) -> bool:
        """Whether a number touches a name of letters here, as in 2x; not in 2x1 or 2sin(x), where a star is asked for."""
        number = self.next
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", number.text):  # not 1e5: it would be read as one word with a name
            return False
        name = self.tokens[self.place + 1]
        is_plain = name.kind == "name" and name.text.isalpha() and number.touches(name)
        return is_plain and self.tokens[self.place + 2].text != "("

    def power(self) -> None:
        """A root and its exponent: x**y, or x² and x⁻¹ with a whole number."""
        start = self.next
        self.root()
        exponent = self.next
        has_exponent = exponent.kind == "superscript" or exponent.text == "**"
        if start.text == "√" and has_exponent:
            raise self.error("the root of a power needs parentheses: write sqrt(x**2) or sqrt(x)**2")
        if exponent.kind == "superscript":
            self.place += 1
            self.emit(NUMBER, exponent.column, number=float(exponent.text.translate(SUPERSCRIPTS)))
        elif self.accept("**"):
            self.signed(after="**")  # from right to left: 2**3**2 is 2**(3**2)
        if has_exponent:
            self.emit("**", exponent.column, takes=2)

    def root(self) -> None:
        """An atom, with root signs before it."""
        roots = []
        while sign := self.accept("√"):
            roots.append(sign.column)
        self.atom()
        for column in reversed(roots):
            self.emit("√", column, takes=1)

    def atom(self) -> None:
        """A number, a variable, a call, or something in parentheses or between bars."""
        token = self.next
        if token.kind == "number":
            self.place += 1
            self.emit(NUMBER, token.column, number=float(token.text))
        elif token.kind == "name":
            self.place += 1
            if self.accept("("):
                self.arguments(token)
            else:
                self.emit(token.text, token.column)
        elif self.accept("("):
            self.choice()
            self.close(token)
        elif self.accept("|"):
            self.choice()
            self.close(token, "|")
            self.emit("absolute", token.column, takes=1)
        elif token.kind == "end":
            raise self.error("something is missing here: a name, a number or a parenthesis")
        else:
            raise self.error(f'a name, a number or "(" belongs here, not "{token.text}"')

    def close(self, opened: Token, sign: str = ")") -> None:
        """The parenthesis or bar that closes `opened`."""
        if not self.accept(sign):
            not_closed = f'the "{opened.text if sign == "|" else "("}" of column {opened.column} is not closed here'
            raise self.error(not_closed if self.next.kind == "end" else self.unexpected())

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
        self.emit(function.text, function.column, takes=count, keyword=keyword, call=True)

    def argument(self) -> str:
        """A choice, after a keyword if one is written; the keyword."""
        keyword = ""
        if self.next.kind == "name" and self.tokens[self.place + 1].text == "=":
            keyword = self.next.text
            self.place += 2
        self.choice()
        return keyword


def variables_of(program: list[Statement]) -> dict[str, int]:
    """The names that statements take from outside, with the column of each: those that are not assigned before."""
    assigned: set[str] = set()
    found: dict[str, int] = {}
    for statement in program:
        for step in statement.code:
            if is_variable(step) and step.action not in assigned:
                found.setdefault(step.action, step.column)
        assigned.add(statement.name)
    return found


def is_variable(step: Instruction) -> bool:
    """Whether the step puts a variable on the stack."""
    return step.takes == 0 and step.action != NUMBER and not step.call
