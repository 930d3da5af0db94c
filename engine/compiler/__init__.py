"""The compiler."""

from .program import Gradient, Program, compile
