"""Nodes as programs that run: the text for NumPy, a script that stands alone, a function for JAX."""
