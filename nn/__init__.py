"""Neurons, layers and networks made of Values."""
