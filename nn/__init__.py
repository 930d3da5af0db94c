"""Neurons, layers and networks made of Values: initialisation, losses, training. contents.py lists what there is."""

from typing import TYPE_CHECKING

from chainrule.rooms import listed, on_first_use, share

share(__name__, __file__)

from .perceptron import Perceptron  # the only one that needs no NumPy

if TYPE_CHECKING:
    from .contents import *

__getattr__ = on_first_use(__name__, "contents")
__dir__ = listed(__name__, globals(), "contents")
