"""`nn`, the short name of chainrule.nn. Installed as a package of its own; a clone has the room itself instead."""

from typing import TYPE_CHECKING

from chainrule import nn
from chainrule.rooms import share

if TYPE_CHECKING:  # for editors and type checkers
    from chainrule.nn import *  # noqa: F403

share(__name__)


def __getattr__(name: str) -> object:
    """For a thread that was waiting for this import to end: Python gives it this module, and not the shared one."""
    return getattr(nn, name)
