"""python -m chainrule, or plain chainrule where it is installed: the three commands under one name."""

import sys

from chainrule import __version__
from chainrule.engine.command.terminal import start

COMMANDS = {"engine": "chainrule.engine.command.main", "nn": "chainrule.nn.command.main", "viz": "chainrule.viz.command"}
ABOUT = """\
chainrule "x**2*y/z" x=3 y=4 z=2              every step of the chain rule; also chainrule engine, python -m engine
chainrule nn xor                              networks that learn; also python -m nn
chainrule viz "x**2*y/z" x=3 y=4 z=2 -o f.svg   pictures; also python -m viz
chainrule --version

Each has a help of its own: chainrule engine --help, chainrule nn --help, chainrule viz --help.
"""


def main() -> int:
    """The first word chooses a command; where it is none of them, everything is an expression for the engine's."""
    first, *rest = sys.argv[1:] or [""]
    if first in COMMANDS:
        return start(COMMANDS[first], rest)
    if first in ("-h", "--help", "--version"):
        print(f"chainrule {__version__}" if first == "--version" else ABOUT, end="\n" * (first == "--version"))
        return 0
    return start(COMMANDS["engine"], sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
