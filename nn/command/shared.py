"""What the demos share: the gradient check before training, training with a report, saving, and what a terminal can show."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from rich.console import Console

from ...engine import Value, compare
from .. import show
from ..files import save
from ..history import History
from ..module import Module
from ..optim import Optimizer
from ..training import fit

CHECKED = 30  # parameters whose derivative is compared with a central difference before training


def checked(cost: Value, model: Module, seed: int, count: int | None = None) -> str:
    """The lectures' recipe: compare a few derivatives with central differences once, then never again while training."""
    parameters = model.parameters()
    found = compare(cost, Random(seed).sample(parameters, min(count or CHECKED, len(parameters))))
    errors = [abs(c.exact - c.numeric) / max(abs(c.exact), abs(c.numeric), 1e-3) for c in found]
    return f"gradient check on {len(found)} parameters, once: largest relative error {max(errors):.1e}"


def trained(
    model: Module, X: Any, y: Any, loss: str, optimizer: Optimizer, epochs: int, batch_size: int, seed: int, console: Console,
    **given: Any,
) -> History:  # fmt: skip
    """Train with a progress bar, and say how it went."""
    history = fit(model, X, y, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=batch_size, seed=seed, progress=True,
                  **given)  # fmt: skip
    console.print(
        f"cost {history.cost[0]:.4f} → {history.cost[-1]:.4f} in {history.epochs} epochs and {history.time[-1]:.1f} s "
        f"({1e3 * history.time[-1] / history.updates:.2g} ms an update): {history.reason}" if history.cost else history.reason
    )  # fmt: skip
    return history


def keep(model: Module, options: Any, console: Console) -> None:
    """Save the network, if that is asked for."""
    if options.save:
        save(model, options.save, demo=options.demo)
        console.print(f"saved as {options.save}", soft_wrap=True, markup=False)


def curve(numbers: Any, console: Console) -> str:
    """Numbers as a line of bars, plain where the console has no block characters."""
    return show.curve(list(numbers), ascii=not has_blocks(console))


def has_blocks(console: Console) -> bool:
    """Whether the console's encoding has the block characters."""
    try:
        (show.SHADES + "▁").encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True


def compared(compiled: float, eager: float) -> str:
    """How long an update took, in seconds, beside the time it takes one example after the other."""
    return (f"an update took {duration(compiled)}, compiled to matrices; example by example, on Values, it takes "
            f"{duration(eager)}: {_beside(eager / compiled)}")  # fmt: skip


def _beside(ratio: float) -> str:
    """A ratio of two times in words: the first digit is all that a clock can tell."""
    if ratio < 2 / 3:
        return "less than that, since this network is too small for its matrices to pay"
    if ratio < 1.5:
        return "about as long"
    return f"about {round(ratio, -int(math.log10(ratio))):.0f} times as long"


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
