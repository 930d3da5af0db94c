"""Neurons, layers and networks made of Values: initialisation, losses, training. A table of contents."""

from . import init, losses, optim, reading, stopping
from .activations import ELEMENTWISE, Activation
from .advice import TeacherWarning
from .curves import Curve, learning_curve, validation_curve
from .files import load, save
from .for_torch import to_torch
from .history import History
from .layers import Layer, Neuron
from .module import Module
from .network import MLP, Activations
from .networks.conv import Conv1d, Conv2d
from .networks.counting import lecun_1989
from .networks.echo import EchoState
from .networks.gpt import GPT
from .networks.hopfield import Hopfield
from .networks.memory import GRU, LSTM
from .networks.pooling import Flatten, MaxPool2d
from .networks.rbf import RBF
from .networks.recurrent import Elman, Forced, Jordan, gradient_over_time
from .networks.sequential import Last, PerStep, Sequential
from .networks.som import SOM
from .networks.tdnn import TDNN
from .penalties import l1, l2
from .perceptron import Perceptron
from .run import evaluate
from .search import learning_rate_search, restarts
from .targets import one_hot
from .training import fit

__all__ = [
    "ELEMENTWISE", "GPT", "GRU", "LSTM", "MLP", "RBF", "SOM", "TDNN", "Activation", "Activations", "Conv1d", "Conv2d", "Curve",
    "EchoState", "Elman", "Flatten", "Forced", "History", "Hopfield", "Jordan", "Last", "Layer", "MaxPool2d", "Module",
    "Neuron", "PerStep", "Perceptron", "Sequential", "TeacherWarning", "evaluate", "fit", "gradient_over_time", "init", "l1",
    "l2", "learning_curve", "learning_rate_search", "lecun_1989", "load", "losses", "one_hot", "optim", "reading", "restarts",
    "save", "stopping", "to_torch", "validation_curve",
]  # fmt: skip
