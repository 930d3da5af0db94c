"""python -m chainrule, or plain chainrule where it is installed: the three commands under one name."""

import sys

from chainrule.engine.command.terminal import start


def main() -> int:
    """`nn` and `viz` as the first word choose those commands; everything else is the engine's."""
    words = sys.argv[1:]
    if words[:1] == ["nn"]:
        return start("chainrule.nn.command.main", words[1:])
    if words[:1] == ["viz"]:
        return start("chainrule.viz.command", words[1:])
    return start("chainrule.engine.command.main", words)


if __name__ == "__main__":
    sys.exit(main())
