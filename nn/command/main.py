"""python -m nn: networks that learn, from the command line; the demos are in table.py."""

from __future__ import annotations

import codecs
import io
import os
import sys
import warnings
from argparse import Namespace
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from ...engine.command.terminal import Arguments, UsageError, answer
from ...engine.say.layout import Page, wrapped
from .demos import console
from .table import DEMOS, Demo


class DemoArguments(Arguments):
    """The command line after the name of a demo."""

    def __init__(self, name: str, demo: Demo) -> None:
        about = f"{demo.what[0].upper()}{demo.what[1:]}. Data: {demo.data}. It takes {demo.takes}."
        about = about.replace("takes at once", "answers at once")
        words = "".join(f"{settings.get('metavar', word)} " for word, settings in demo.options if not word.startswith("-"))
        super().__init__(prog=f"python -m nn {name}", usage=f"%(prog)s {words}[options]", description=about)
        self.name = name
        for flag, settings in demo.options:
            self.add_argument(flag, **settings)

    def refuse(self, unknown: list[str]) -> NoReturn:
        """Say which options are not this demo's, and which are."""
        flags = [word.partition("=")[0] for word in unknown if word.startswith("--")]
        if not flags:
            raise UsageError(f"{self.name} takes no further arguments; it was given {' '.join(unknown).strip()!r}.")
        takes = ", ".join(flag for flag, _ in DEMOS[self.name].options if flag.startswith("--")) or "no options"
        raise UsageError(f"{self.name} does not take {', '.join(flags)}; it takes {takes}.")


def read(words: list[str]) -> Namespace | None:
    """The demo that was asked for, as `demo`, and its options; None if none was."""
    if not words:
        return None
    name, *rest = words
    if name in DEMOS:
        options = DemoArguments(name, DEMOS[name]).read(rest)
        options.demo = name
        return options
    if name.startswith("-"):
        if any(name.partition("=")[0] == flag for demo in DEMOS.values() for flag, _ in demo.options):
            demo = next((word for word in words if word in DEMOS), "xor")
            words = [word for word in words if word != demo]
            raise UsageError(f"Name the demo first, then its options: python -m nn {demo} {' '.join(words)}")
        about = "Networks made of Values, learning."
        Arguments(listing, prog="python -m nn", usage="%(prog)s demo [options]", description=about).read(words)
    close = get_close_matches(name.lower(), DEMOS, 1)
    instead = f"did you mean {close[0]}?" if close else f"there are {', '.join(DEMOS)}."
    raise UsageError(f"There is no demo {name!r:.60}; {instead}")


def groups() -> list[str]:
    """The headings of the demos, in the order in which they are met."""
    return list(dict.fromkeys(demo.group for demo in DEMOS.values()))


def listing(page: Page) -> list[str]:
    """The demos, under the headings of their groups."""
    lines: list[str] = []
    column = max(map(len, DEMOS)) + 4
    for group in groups():
        lines += ["", f"{group}:"]
        for name, demo in ((name, demo) for name, demo in DEMOS.items() if demo.group == group):
            first, *others = wrapped(f"{demo.what} ({demo.takes})", page.width - column, rest="")
            lines += [f"  {name:<{column - 2}}{first}", *(" " * column + line for line in others)]
    return [*lines[1:], "", *wrapped("Each demo has options of its own: python -m nn xor --help", page.width)]


def run(words: list[str]) -> None:
    """Carry out a command line; raise ValueError or OSError with a clear message if that cannot be done."""
    options = read(words)
    if options is None:
        for group in groups():
            print(f"{group}:")
            for name, demo in DEMOS.items():
                if demo.group == group:
                    print(f"  python -m nn {name:<12} {demo.what}  ({demo.takes})")
        return
    if getattr(options, "save", None) is not None:
        place = Path(options.save).absolute()
        if place.is_dir() or not os.access(place.parent, os.W_OK):
            raise ValueError(f"--save {options.save}: this is a folder, or its folder does not exist or cannot be written to.")
    DEMOS[options.demo].run(options, console())


PLAIN = "chainrule-plain"
SIGNS = {"→": "->", "·": "*", "Σ": "sum ", "σ": "sigmoid", "Δ": "d", "²": "^2", "∂": "d", "═": "="} | dict.fromkeys("┃│", "|")
SIGNS |= dict.fromkeys("━─", "-") | dict.fromkeys("╇┼┿", "+") | {"░": ".", "▒": "+", "▓": "#", "█": "@"}
SIGNS |= {"½": "1/2", "λ": "lambda", "π": "pi", "τ": "tau", "φ": "phi", "µ": "u", "√": "sqrt", "‖": "|", "³": "^3"}


def plainly(error: UnicodeError) -> tuple[str, int]:
    """The replacement for characters that the terminal's encoding lacks."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(SIGNS.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


codecs.register_error(PLAIN, plainly)


def main(words: list[str]) -> int:
    """0 if it could be done, 2 if not."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN)
    warnings.showwarning = lambda message, *_: print(f"Note: {message}", file=sys.stderr)
    return answer(lambda: run(words))
