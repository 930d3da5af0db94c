"""python -m viz: the picture of an expression or of a saved network, from the command line."""

import sys

from chainrule.engine.command.terminal import start

sys.exit(start("chainrule.viz.command", sys.argv[1:]))
