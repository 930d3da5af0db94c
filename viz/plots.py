"""Plots of learning, with matplotlib. A table of contents; each takes an `ax` and returns it."""

from .curves import plot_activation, plot_activations, plot_history
from .pixels import plot_digits, plot_weights
from .surfaces import plot_boundary, plot_descent

__all__ = [
    "plot_activation", "plot_activations", "plot_boundary", "plot_descent", "plot_digits", "plot_history", "plot_weights",
]  # fmt: skip
