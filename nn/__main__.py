"""python -m nn: networks that learn, from the command line."""

import sys

from chainrule.engine.command.terminal import start

sys.exit(start("chainrule.nn.command.main", sys.argv[1:]))
