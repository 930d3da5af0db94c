"""The demo `python -m nn hopfield`: letters recalled from noise, energy one by one and all at once, and capacity."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console

from .. import show
from ..networks.hopfield import Hopfield, Recall, letters, measured_error, noisy, one_step_error
from .shared import has_blocks

NOISE, TRIALS, UNITS = 0.25, 100, 400
LOADS = (42, 55, 74, 148)
# Three patterns of four units, and a state from which the energy rises if all units change at once
SMALL, START = ([1, -1, -1, 1], [-1, 1, -1, 1], [1, 1, -1, -1]), [-1, -1, -1, 1]


def run(options: Any, console: Console) -> None:
    """Four letters of 64 pixels are stored, and recalled with a quarter of the pixels wrong."""
    seed = options.seed
    known = letters()
    net = Hopfield(64).store([*known.values()])
    console.print(f"{net}: the letters {', '.join(known)} of 8x8 pixels; any two differ in about half of them\n", soft_wrap=True)
    pictures, titles = [], []
    for i, (name, pattern) in enumerate(known.items()):
        recall = net.recall(noisy(pattern, NOISE, seed + i), seed=seed)
        for title, state in ((name, pattern), ("noisy", recall.states[0]), ("recalled", recall.state)):
            pictures.append(show.digit(((state + 1) / 2).tolist(), ascii=not has_blocks(console)))
            titles.append(f"{title}, E = {net.energy(state):.1f}")
    console.print("\n".join(show.beside(pictures, titles, 3)), highlight=False)
    console.print("\n".join(recalled(seed)), highlight=False, soft_wrap=True)
    small = Hopfield(4).store(SMALL)
    one_by_one, at_once = small.recall(START, seed=seed), small.recall(START, "sync")
    console.print("\nFour units, three patterns, one start: the energy, state by state")
    console.print(f"  one after the other: {course(one_by_one)}, then it rests: it never rises", soft_wrap=True)
    console.print(f"  all at once:         {course(at_once)}, and so on: it rose, and two states take turns", soft_wrap=True)
    console.print(f"\nHow much can be stored: p random patterns in {UNITS} units, and the share wrong after one step\n")
    errors = {p: (measured_error(UNITS, p, seed=seed), one_step_error(UNITS, p)) for p in LOADS}
    rows = [(p, f"{p / UNITS:.3f}", *(f"{share:.4f}" for share in shares)) for p, shares in errors.items()]
    console.print(show.table("", ["p", "p / n", "measured", "½ erfc(√(n / 2p))"], rows))
    console.print("\nBeyond p = 0.138 n or so, what is wrong after one step makes more go wrong, and the memories are lost.",
                  soft_wrap=True)  # fmt: skip


def recalled(seed: int) -> list[str]:
    """How often letters come back whole from noise: few that are unlike, more, and some that are alike, beside doing nothing."""
    lines = [f"Recalled without a fault, of {TRIALS} times with {NOISE:.0%} of the pixels turned over (before recall: none is):"]
    for names in ("HJYZ", "HJYZEF", "EFPA"):
        known = letters(names)
        net = Hopfield(64).store([*known.values()])
        patterns = [*known.values()]
        right = 0
        for i in range(TRIALS):
            pattern = patterns[i % len(patterns)]
            right += np.array_equal(net.recall(noisy(pattern, NOISE, seed + i), seed=seed + i).state, pattern)
        most = max(abs(p @ q) / 64 for i, p in enumerate(patterns) for q in patterns[:i])
        lines.append(f"  {names:<7} {right:>3}   the two that are most alike overlap by {most:.2f}")
    return lines


def course(recall: Recall) -> str:
    """The energies in one line."""
    return " → ".join(f"{energy:g}" for energy in recall.energies)
