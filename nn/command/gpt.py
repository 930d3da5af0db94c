"""python -m nn gpt: a GPT in single numbers learns the names of the elements, and makes up new ones."""

from __future__ import annotations

import math
from random import Random
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console

from ... import engine
from .. import data
from ..data.names import ALPHABET, Letters
from ..networks.gpt import GPT
from ..optim import Adam
from .shared import checked, compared, curve, keep

BLOCK = 16  # positions; the longest name, rutherfordium, needs 14
UNSEEN = 18  # names for the test
CHECKED = 6  # parameters: a cost of so many nodes takes its time
NEW, MOST = 10, 100  # names to be made up, and how many are drawn for that at most


def run(options: Any, console: Console) -> None:
    """One block, four heads and 4,192 parameters, compiled from the cost of one name.

    100 names are few for so many parameters. They are soon learned by heart, and the cost of the names that were set aside rises
    again after some 50 updates, while what is made up sounds better the longer it learns.
    """
    random = Random(options.seed)
    names = data.elements()
    unseen = set(random.sample(names, UNSEEN))
    learned, others = (data.next_letters(part, BLOCK) for part in ([n for n in names if n not in unseen], sorted(unseen)))
    model = GPT(len(ALPHABET), BLOCK, seed=options.seed)
    console.print(f"{model!r}\n{len(learned.tokens)} names of elements to learn from, {UNSEEN} set aside: "
                  f"{', '.join(sorted(unseen)[:4])}, ...")  # fmt: skip
    first_two = (array[0, :2].tolist() for array in learned)
    console.print(checked(model.cost(*first_two), model, options.seed, CHECKED))
    began = perf_counter()
    program = engine.compile(model.cost).trace(*learned)
    before = [cost(program, part) for part in (learned, others)]
    console.print(f"the cost of one name, traced and compiled in {perf_counter() - began:.1f} s: a program of "
                  f"{len(program.operations)} operations on arrays")  # fmt: skip
    if options.program:
        console.print(f"\n{program}\n", highlight=False, markup=False, soft_wrap=True)
    costs, seconds = train(program, model, learned, options)
    after = [cost(program, part) for part in (learned, others)]
    console.print(f"cost of a letter {before[0]:.3f} → {after[0]:.3f} in {options.updates} updates and {sum(seconds):.1f} s; "
                  f"of the names set aside {before[1]:.3f} → {after[1]:.3f}\nto guess a letter costs log 27 = "
                  f"{math.log(27):.3f}", highlight=False)  # fmt: skip
    if options.updates > 1:  # the first writes the program's text
        console.print(compared(float(np.median(seconds[1:])), on_values(model, learned) * options.batch_size))
        means = [part.mean() for part in np.array_split(costs, min(60, len(costs)))]
        console.print(f"cost by update: {curve(means, console)}", highlight=False)
    keep(model, options, console)
    write(model, {*names}, options, random, console)


def cost(program: engine.Program, letters: Letters) -> float:
    """The mean cost of a letter, over names."""
    return float(program(*letters).mean())


def train(program: engine.Program, model: GPT, letters: Letters, options: Any) -> tuple[list[float], list[float]]:
    """Updates by Adam, each on names drawn at random; the cost and the time of each."""
    random = np.random.default_rng(options.seed)
    size = min(options.batch_size, len(letters.tokens))
    descent = program.descend(Adam(model.parameters(), lr=options.lr))
    costs, seconds = [], []
    for _ in range(options.updates):
        chosen = random.choice(len(letters.tokens), size, replace=False)
        began = perf_counter()
        total, _, _ = descent.step(*(array[chosen] for array in letters))
        seconds.append(perf_counter() - began)
        costs.append(total / size)
    descent.store()
    return costs, seconds


def on_values(model: GPT, letters: Letters) -> float:
    """How long one name takes on Values, forward and back."""
    began = perf_counter()
    model.cost(*(array[0].tolist() for array in letters)).backward()
    took = perf_counter() - began
    model.zero_grad()
    return took


def write(model: GPT, known: set[str], options: Any, random: Random, console: Console) -> None:
    """Names of the network's own, letter by letter; those that exist are left out."""
    new: list[str] = []
    drawn = 0
    while len(new) < NEW and drawn < MOST:
        name = data.spelled(model.generate(0, 0, temperature=options.temperature, seed=random))
        drawn += 1
        if name and name not in known and name not in new:
            new.append(name)
    console.print(f"\n{drawn} names drawn at temperature {options.temperature:g}; {len(new)} of them are new:")
    for name in new:
        console.print(f"  {name}", highlight=False)
