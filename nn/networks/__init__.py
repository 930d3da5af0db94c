"""The networks of the lectures beside the multilayer perceptron, each on Values: nn/contents.py lists them."""
