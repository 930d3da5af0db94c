"""Rules applied in place: each array is overwritten, and nothing that is read later."""

from random import Random

import numpy as np
import pytest

from engine.compiler.inplace import InPlace
from engine.modes import TracingError


def both(rule, names, numbers=()):
    """The arrays after the rule, in place, and what the rule gives on copies of them; and the text."""
    arrays = {name: np.arange(1.0, 4.0) * (i + 1) for i, name in enumerate(names)}
    wanted = rule({name: array.copy() for name, array in arrays.items()} | dict.fromkeys(numbers, 3.0))
    program = InPlace(rule, arrays, list(numbers), read=["g"])
    returned = program(*[3.0] * len(numbers))
    return {name: arrays[name] for name in names if name != "g"}, wanted, returned, program.source


def agree(rule, names, numbers=()):
    got, wanted, returned, source = both(rule, names, numbers)
    for name, array in got.items():
        assert array == pytest.approx(wanted[name], rel=1e-12)
    assert list(returned or ()) == [wanted[name] for name in numbers]
    return source


def test_a_step_of_descent_is_one_call():
    assert "axpy(g, p, a=-0.1)" in agree(lambda s: {"p": s["p"] - 0.1 * s["g"]}, "pg")


def test_an_option_that_is_off_costs_nothing():
    source = agree(lambda s: {"p": s["p"] - 0.1 * (s["g"] + 0.0 * s["p"])}, "pg")
    assert "axpy(g, p, a=-0.1)" in source and "multiply" not in source


def test_who_is_read_later_is_not_overwritten_yet():
    def follows(s):
        half = 0.5 * s["p"]
        return {"p": s["p"] - 0.1 * s["g"], "q": s["q"] - half}

    agree(follows, "pgq")


def test_one_result_may_go_to_two_places():
    def mirrored(s):
        moved = s["p"] - 0.1 * s["g"]
        return {"a": moved, "p": moved}

    agree(mirrored, "pga")


def test_a_count_of_steps_goes_in_and_out_as_a_number():
    agree(lambda s: {"p": s["p"] - s["g"] / (1 - 0.9 ** s["t"]), "t": s["t"] + 1}, "pg", ["t"])


@pytest.mark.parametrize(("rule", "says"), [
    (lambda s: {"p": s["p"] if s["g"] > 0 else -s["p"]}, "must be arithmetic"),
    (lambda s: {"p": s["p"] * float(s["g"])}, "must be arithmetic"),
    (lambda s: {"p": s["p"] if s["g"] == 0 else 2 * s["p"]}, "must be arithmetic"),
    (lambda s: {"p": s["p"] * 2, "V": s["g"]}, "comes and goes"),
    (lambda s: {}, "comes and goes"),
], ids=["if", "float", "==", "more", "less"])  # fmt: skip
def test_what_is_no_rule_is_refused(rule, says):
    with pytest.raises(TracingError, match=says):
        InPlace(rule, {"p": np.ones(3), "g": np.ones(3)}, [], read=["g"])


def test_arrays_that_change_places_are_refused():
    with pytest.raises(TracingError, match="one array on as another"):
        InPlace(lambda s: {"a": s["b"], "b": s["a"]}, {"a": np.ones(3), "b": np.ones(3)}, [])


def random_rule(seed, names):
    """Sums, differences, products and steps of what there is, some of it used several times."""
    def rule(symbols):
        random = Random(seed)
        pool = [symbols[name] for name in names]
        for _ in range(random.randint(1, 6)):
            x, y, factor, kind = random.choice(pool), random.choice(pool), random.choice([0.5, 2.0, -0.1]), random.randrange(4)
            pool.append([x + y, x * factor, x - y * 0.1, x * y][kind])
        return {name: random.choice(pool[len(names) :]) for name in names if name != "g"}

    return rule


def test_any_rule_in_place_gives_what_it_gives_on_copies():
    for seed in range(800):
        names = "pguv"[: Random(seed).randint(2, 4)]
        try:
            agree(random_rule(seed, names), names)
        except TracingError as refused:  # x·0.5·2 is x itself: that is handing on
            assert "one array on as another" in str(refused)
