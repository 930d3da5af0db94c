"""Pictures of networks and learning: a table of contents. For graphs, see contents.py."""

from .bumps import plot_bumps
from .conv import plot_delays, plot_evidence, plot_kernels, plot_maps, plot_window
from .curves import plot_activation, plot_activations, plot_history, plot_learning_curves
from .hopfield import plot_capacity, plot_energy, plot_recall
from .network import draw_network
from .pixels import plot_digits, plot_weights
from .reading import plot_reading
from .recurrent import draw_unrolled, plot_gates, plot_gradient_over_time, plot_states
from .series import plot_forecast, plot_reservoir
from .som import plot_distance_map, plot_net, plot_som, plot_unfolding
from .surfaces import plot_boundary, plot_descent

__all__ = [
    "draw_network", "draw_unrolled", "plot_activation", "plot_activations", "plot_boundary", "plot_bumps", "plot_capacity",
    "plot_delays", "plot_descent", "plot_digits", "plot_distance_map", "plot_energy", "plot_evidence", "plot_forecast",
    "plot_gates", "plot_gradient_over_time", "plot_history", "plot_kernels", "plot_learning_curves", "plot_maps", "plot_net",
    "plot_reading", "plot_recall", "plot_reservoir", "plot_som", "plot_states", "plot_unfolding", "plot_weights",
    "plot_window",
]  # fmt: skip
