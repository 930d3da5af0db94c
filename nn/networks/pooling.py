"""What stands between convolutions and layers: the largest of each window, and all numbers in a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine import amax
from ..module import Module
from ..nested import each, flat, shape_of


class MaxPool2d(Module):
    """a[c][i][j] = the largest x[c][i·stride + p][j·stride + q] under a window; stride is the window's size if none is given.

    (channels, height, width) gives (channels, rows, columns); what no whole window covers is left out, as in PyTorch. If k
    inputs share the largest value, each has slope 1/k; PyTorch gives all of it to one of them.
    """

    def __init__(self, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None) -> None:
        self.kernel_size = each(kernel_size, 2, "kernel_size", 1)
        self.stride = self.kernel_size if stride is None else each(stride, 2, "stride", 1)

    def settings(self) -> dict[str, Any]:
        """The window's size and stride."""
        return {"kernel_size": list(self.kernel_size), "stride": list(self.stride)}

    @classmethod
    def shapes(cls, kernel_size: Any, stride: Any = None) -> dict[str, tuple[int, ...]]:
        """None: it has no parameters."""
        return {}

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """The largest of each window, for one example."""
        x = x.tolist() if isinstance(x, np.ndarray) else x
        shape = shape_of(x)
        if len(shape) != 3 or any(n < k for n, k in zip(shape[1:], self.kernel_size)):
            raise ValueError(f"This takes (channels, height, width), the image being {self.kernel_size} at least; it was given "
                             f"{shape}.")  # fmt: skip
        height, width = self.kernel_size
        corners = [range(0, n - k + 1, s) for n, k, s in zip(shape[1:], self.kernel_size, self.stride)]
        return [
            [[amax([channel[i + p][j + q] for p in range(height) for q in range(width)]) for j in corners[1]] for i in corners[0]]
            for channel in x
        ]  # fmt: skip

    def __repr__(self) -> str:
        size, stride = (pair[0] if len(set(pair)) == 1 else pair for pair in (self.kernel_size, self.stride))
        return f"MaxPool2d({size})" if self.stride == self.kernel_size else f"MaxPool2d({size}, stride={stride})"


class Flatten(Module):
    """All numbers of one example in a row: channel by channel, row by row, as PyTorch does. What a Layer takes."""

    def settings(self) -> dict[str, Any]:
        """None are needed."""
        return {}

    @classmethod
    def shapes(cls) -> dict[str, tuple[int, ...]]:
        """None: it has no parameters."""
        return {}

    def __call__(self, x: Any) -> list[Any]:
        """The row."""
        return flat(x.tolist() if isinstance(x, np.ndarray) else x)

    def __repr__(self) -> str:
        return "Flatten()"
