"""A scalar autograd engine that can be read, seen through and trusted. This file is its table of contents."""

# The number that remembers, and what one does with a graph of them
from .backward import grad, hessian, jacobian, paths

# Trusting: the check, and the errors
from .check import GradientError, compare, gradcheck, numeric_derivative
from .counting import count_operations
from .data import to_data
from .errors import StaleGraphError

# Seeing: every step as data, text and LaTeX
from .explain import explain, latex, steps
from .grammar import ParseError, parse
from .functions import log_softmax, softmax
from .graph import count_paths

# Functions: the rows of the table, on Values and on floats
from .ops import (
    TABLE,
    cos,
    elu,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    fsum,
    gelu,
    greater,
    greater_equal,
    leaky_relu,
    log,
    log1p,
    logsumexp,
    maximum,
    minimum,
    relu,
    sech,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    step,
    tanh,
    where,
)  # fmt: skip
from .primitive import UndefinedError
from .replay import recompute
from .value import Constant, Value, no_grad, zero_grad
