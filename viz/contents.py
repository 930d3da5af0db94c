"""Pictures of graphs, networks and learning. A table of contents."""

# Graphs
from .drawing import Drawing, draw
from .frames import draw_steps
from .html import page
from .render import NoRenderer
from .text_tree import tree

# Networks and learning
from .curves import plot_activation, plot_activations, plot_history
from .network import draw_network
from .pixels import plot_digits, plot_weights
from .surfaces import plot_boundary, plot_descent
