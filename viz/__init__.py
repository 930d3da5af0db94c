"""Pictures of graphs, networks and learning. A table of contents."""

from .drawing import Drawing, draw
from .render import NoRenderer
