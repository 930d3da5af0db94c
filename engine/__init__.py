"""A scalar autograd engine you can read, inspect and trust. This file is its table of contents."""

from contextlib import suppress

with suppress(ModuleNotFoundError):  # engine/ copied alone has one name only
    from chainrule.rooms import share

    share(__name__, __file__)

# Values, and what you can do with a graph of them
from .value import Constant, Value, zero_grad
from .modes import no_grad
from .derivatives import count_paths, grad, hessian, jacobian, paths
from .forward import jvp
from .instruments.replay import recompute
from .instruments.counting import count_operations

# Seeing: every step as data, text and LaTeX; and from text to Values and back
from .say.explain import explain, latex, steps
from .say.export import to_data
from .say.manual import manual
from .command.expression import parse
from .command.writing import as_text

# Practising: an exercise from a level and a seed
from .instruments.drill import exercise

# Trusting: gradient checks, and errors
from .instruments.check import GradientError, compare, gradcheck, numeric_derivative
from .errors import StaleGraphError
from .command.tokens import ParseError
from .modes import TracingError
from .primitive import UndefinedError

# Teaching: from a wrong answer to what may have gone wrong
from .instruments.diagnose import diagnose
from .instruments.verdict import Diagnosis
from .instruments.answers import AnswerError

# Functions: the rows of the table, on Values and on floats
from .ops import (
    TABLE, acos, acosh, amax, amin, asin, asinh, atan, atan2, atanh, cbrt, cos, cosh, elu, equal, erf, erfc, exp, exp2, expm1,
    fsum, gelu, greater, greater_equal, hypot, leaky_relu, log, log10, log1p, log2, logsumexp, maximum, minimum, relu, sech,
    sigmoid, sign, silu, sin, sinh, softplus, softsign, sqrt, step, tan, tanh, where,
)  # fmt: skip
from .functions import log_softmax, softmax
from .lookup import lookup
from .own_rows import primitive
from . import micrograd

# Running: `engine.compile(f)`, always written in full, since plain `compile` is Python's. It needs NumPy: loaded on first use
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .compiler import Program as Program
    from .compiler import compile as compile

__all__ = [
    "TABLE", "AnswerError", "Constant", "Diagnosis", "GradientError", "ParseError", "StaleGraphError", "TracingError",
    "UndefinedError", "Value", "acos", "acosh", "amax", "amin", "as_text", "asin", "asinh", "atan", "atan2", "atanh", "cbrt",
    "compare", "cos", "cosh", "count_operations", "count_paths", "diagnose", "elu", "equal", "erf", "erfc", "exercise", "exp",
    "exp2", "explain", "expm1", "fsum", "gelu", "grad", "gradcheck", "greater", "greater_equal", "hessian", "hypot", "jacobian",
    "jvp", "latex", "leaky_relu", "log", "log10", "log1p", "log2", "log_softmax", "logsumexp", "lookup", "manual", "maximum",
    "micrograd", "minimum", "no_grad", "numeric_derivative", "parse", "paths", "primitive", "recompute", "relu", "sech",
    "sigmoid", "sign", "silu", "sin", "sinh", "softmax", "softplus", "softsign", "sqrt", "step", "steps", "tan", "tanh",
    "to_data", "where", "zero_grad",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name in ("compile", "Program"):
        try:
            from . import compiler
        except ModuleNotFoundError as error:
            sentence = f"engine.compile needs {error.name}, which is not installed: pip install {error.name}"
            raise ModuleNotFoundError(sentence, name=error.name) from None

        return getattr(compiler, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
