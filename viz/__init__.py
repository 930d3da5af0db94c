"""Pictures of graphs, networks and learning. contents.py and plots/ list what there is."""

from typing import TYPE_CHECKING

from chainrule.rooms import listed, on_first_use, share

share(__name__, __file__)

if TYPE_CHECKING:
    from .contents import *
    from .plots import *

__getattr__ = on_first_use(__name__, "contents", "plots")
__dir__ = listed(__name__, globals(), "contents", "plots")
