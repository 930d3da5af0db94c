"""What the three commands share: the command line's parser, error output, and the streams."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from ..say.layout import Page
from ..say.notation import plain
from .tokens import ParseError, pointed

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, TextIO

LONGEST_LINE = 300  # characters of one line of complaint


class UsageError(ValueError):
    """A command line that asks for something that is not there; its text is what the user reads."""


class Arguments(argparse.ArgumentParser):
    """The parser of a command line: its errors are one line, and its help is as wide as the terminal.

    `more` gives further lines for the end of the help, set on a page.
    """

    def __init__(self, more: Callable[[Page], list[str]] | None = None, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_AsWide, **settings)
        self.more = more

    def format_help(self) -> str:
        """The help, in the characters that the terminal has."""
        page = Page(columns(), ascii=not has_signs(sys.stdout))
        lines = ["", *self.more(page)] if self.more else []
        return page.text(super().format_help() + "\n".join(lines) + "\n" * bool(lines))

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting."""
        raise UsageError(f"{message}. See {self.prog} --help.")

    def read(self, words: list[str]) -> argparse.Namespace:
        """Read the words. "-x**2" is an expression, not an option: a space before it keeps argparse from taking it for one."""
        options = {option for action in self._actions for option in action.option_strings}
        given, unknown = self.parse_known_intermixed_args(
            [f" {word}" if word[:1] == "-" and word[:2] != "--" and word not in options else word for word in words]
        )
        if unknown:
            self.refuse(unknown)
        return given

    def refuse(self, unknown: list[str]) -> NoReturn:
        """Say that these words mean nothing here."""
        self.error(f"unrecognized arguments: {' '.join(unknown).strip()}")


class _AsWide(argparse.HelpFormatter):
    """Help that is as wide as the answers of the command."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, **{"width": columns(), **settings})


def columns() -> int:
    """How wide an answer may be: the terminal's columns, from 40 on; 80 in a pipe."""
    return max(40, shutil.get_terminal_size((80, 24)).columns) if sys.stdout.isatty() else 80


def start(command: str, words: list[str]) -> int:
    """Run the command whose module is named: its main, on the words. A package that it needs and lacks is named, too."""
    open_streams()
    status = []

    def work() -> None:
        try:
            module = import_module(command)
        except ModuleNotFoundError as error:
            from chainrule.rooms import needed

            raise RuntimeError(needed(error, f"python -m {command.split('.')[1]}")) from None
        status.append(module.main(words))

    return answer(work) or status[0]


def answer(work: Callable[[], None]) -> int:
    """Do the work of a command and return its exit status: 0 if it was done, 2 if not, with a message."""
    try:
        work()
        sys.stdout.flush()
    except (ArithmeticError, ValueError, RuntimeError) as error:
        complain(error)
        return 2
    except BrokenPipeError:  # the reader of the pipe has seen enough
        _abandon_output()
    except OSError as error:
        place = "The answer" if error.filename is None else str(error.filename)
        complain(error if error.errno is None else OSError(f"{place} could not be written: {error.strerror}."))
        _abandon_output()
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _abandon_output() -> None:
    """Discard the output that is left, so that Python does not try to write it again at exit."""
    with suppress(OSError, ValueError):  # if it is not a real stream, nothing is left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(error: Exception) -> None:
    """Print what is wrong: the input, a caret and a sentence. What the user typed is never rewritten."""
    sentence = str(error)
    if not has_signs(sys.stderr):
        ours = error.advice if isinstance(error, ParseError) else sentence  # before the advice, the user is quoted
        before, _, after = sentence.rpartition(ours)
        sentence = before + plain(ours) + after
    for line in [*pointed(error), *sentence.split("\n")]:
        line = line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "..."
        print(writable(line, sys.stderr), file=sys.stderr)


def writable(text: str, stream: TextIO) -> str:
    """The text with a question mark for each character that the stream lacks: names and quoted input may have any."""
    encoding = stream.encoding or "ascii"
    return text.encode(encoding, "replace").decode(encoding)


def has_signs(stream: TextIO) -> bool:
    """Whether the stream's encoding has the mathematical signs used here."""
    try:
        "∂·²⁻σ√π→".encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def has_colours(stream: TextIO) -> bool:
    """Whether colours are wanted: in a terminal that has them, unless NO_COLOR is set; anywhere, if FORCE_COLOR is."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM", "dumb") != "dumb")


def open_streams() -> None:
    """Where a stream was closed before we began, what is written to it goes nowhere."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  # open as long as the process is
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
