"""Pictures of graphs, networks and learning. A table of contents."""

from .drawing import Drawing, draw
from .frames import draw_steps
from .page import page
from .render import NoRenderer
from .text_tree import tree
