"""python -m engine: the chain rule of an expression, from the command line."""

import sys

from .command.terminal import start

sys.exit(start(f"{__package__}.command.main", sys.argv[1:]))
