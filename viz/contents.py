"""Pictures of graphs: a table of contents. For networks and learning, which need NumPy, see plots/."""

from .drawing import Drawing, draw
from .pages.graph import page
from .pages.training import training_page
from .render import NoRenderer
from .slides import draw_steps
from .text_tree import tree

__all__ = [
    "Drawing", "NoRenderer", "draw", "draw_steps", "page", "training_page", "tree",
]  # fmt: skip
