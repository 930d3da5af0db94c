"""Matt Mazur's 2-2-2 network: every number of the curriculum's table 3.3, the biases fixed, own or shared."""

import math
import re
from itertools import pairwise

import pytest

from engine import Value
from nn import mazur, optim

NUMBERS = {
    "net_h1": 0.3775, "net_h2": 0.3925,  # E25: net_h1 has w2·i2, not w3·i2
    "out_h1": 0.593269992107, "out_h2": 0.596884378260,
    "net_o1": 1.105905967060, "net_o2": 1.224921404096,
    "out_o1": 0.751365069552, "out_o2": 0.772928465321,
    "E_o1": 0.274811083176, "E_o2": 0.023560025584, "E": 0.298371108760,  # E24: the target is 0.01
    "dE/dout_o1": 0.741365069552, "dE/dout_o2": -0.217071534679,
    "dout_o1/dnet_o1": 0.186815601809, "dout_o2/dnet_o2": 0.175510052817,
    "dout_h1/dnet_h1": 0.241300708572, "dout_h2/dnet_h2": 0.240613417249,
    "dE/dnet_o1": 0.138498561629, "dE/dnet_o2": -0.038098236517,
    "dE_o1/dout_h1": 0.055399424651, "dE_o2/dout_h1": -0.019049118258,  # E25: the slide's last digit is off by one
    "dE/dout_h1": 0.036350306393,
    "dE_o1/dout_h2": 0.062324352733, "dE_o2/dout_h2": -0.020954030084, "dE/dout_h2": 0.041370322649,
    "dE/dnet_h1": 0.008771354689, "dE/dnet_h2": 0.009954254705,
    "dE/dw1": 0.000438567734, "new w1": 0.149780716133,
    "dE/dw2": 0.000877135469, "new w2": 0.199561432266,
    "dE/dw3": 0.000497712735, "new w3": 0.249751143632,
    "dE/dw4": 0.000995425471, "new w4": 0.299502287265,
    "dE/dw5": 0.082167040564, "new w5": 0.358916479718,
    "dE/dw6": 0.082667627848, "new w6": 0.408666186076,
    "dE/dw7": -0.022602540477, "new w7": 0.511301270239,
    "dE/dw8": -0.022740242216, "new w8": 0.561370121108,
}  # fmt: skip
OWN = {
    "dE/db_h1": 0.008771354689, "dE/db_h2": 0.009954254705, "dE/db_o1": 0.138498561629, "dE/db_o2": -0.038098236517,
    "new b_h1": 0.345614322655, "new b_h2": 0.345022872647, "new b_o1": 0.530750719186, "new b_o2": 0.619049118258,
}  # fmt: skip
SHARED = {  # one bias for two neurons collects both of their errors
    "dE/db1": 0.018725609395, "dE/db2": 0.100400325112, "new b1": 0.340637195303, "new b2": 0.549799837444,
}  # fmt: skip


@pytest.mark.parametrize(("biases", "more"), [("fixed", {}), ("own", OWN), ("shared", SHARED)])
def test_every_number_of_the_table_is_found(biases, more):
    expected = NUMBERS | more
    found = mazur.numbers(biases)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=6e-13)  # twelve digits, rounded


def test_the_error_falls_faster_if_the_biases_learn_too():
    """E25: the slides leave them as they are."""
    fixed, own, shared = (mazur.train(1, biases)[1] for biases in ("fixed", "own", "shared"))
    assert own < fixed and shared < fixed < 0.298371108760


def test_hidden_gradients_use_the_old_weights():
    """The trap: with the new w5 to w8 already in place, dE/dw1 comes out as .000364722878."""
    lesson = mazur.example()
    assert lesson.weights[0].grad == pytest.approx(0.000438567734, abs=6e-13)
    new = [mazur.numbers()[f"new w{i}"] for i in (5, 7)]
    delta = [z.grad for z in lesson.activations.z[1]]
    out_h1, i1 = lesson.activations.a[0][0].data, 0.05
    wrong = sum(w * d for w, d in zip(new, delta)) * out_h1 * (1 - out_h1) * i1
    assert wrong == pytest.approx(0.000364722878, abs=6e-13)
    assert 0.15 - 0.5 * wrong == pytest.approx(0.149817638561, abs=6e-13)


def test_the_learning_rate_of_the_lecture_is_large_and_right():
    """E48: a rate is usually below 0.5; this one is 0.5, and the error still falls at every step."""
    costs = mazur.train(10_000)
    assert len(costs) == 10_001
    assert costs[0] == pytest.approx(0.298371108760, abs=6e-13)
    assert costs[1] == pytest.approx(0.291027774, abs=6e-10)
    assert costs[-1] == pytest.approx(3.51018778e-05, rel=1e-8)
    assert all(later <= earlier for earlier, later in pairwise(costs))  # quiz Q5: the curve to look at


def test_the_lesson_is_printed_step_by_step_with_every_number():
    lines = mazur.lines("own")
    text = "\n".join(lines)
    for name, number in (NUMBERS | OWN).items():
        found = next(line for line in lines if re.match(rf"  {re.escape(name)} ", line))
        assert float(found.split()[-1]) == pytest.approx(number, abs=6e-10)
    for title in ("Forward", "Cost", "Backward, output layer", "Backward, hidden layer", "Gradients", "One step"):
        assert title in text
    assert "W1 = layers[0]" in text and "W2 = layers[1]" in text and "lecture: W³" in text
    assert "0.298371109" in lines[-1]


def equations(lines):
    """Each equation of the board as its parts, its broken lines put together again."""
    joined = re.sub(r"\n +(?== )|\n {8,}(?=\S)", " ", "\n".join(lines))
    rows = [re.split(r"\s+=\s+", line.strip()) for line in joined.splitlines() if line.startswith("  ")]
    return {name: parts for name, *parts in rows if len(parts) == 3 and name not in ("dE/dout", "dE/dout_h", "net", "E_o")}


@pytest.mark.parametrize("width", [30, 80, 120])
@pytest.mark.parametrize("biases", ["fixed", "own", "shared"])
def test_the_numbers_put_into_a_formula_give_its_result(biases, width):
    """Python reads both: the formula with names, and the numbers in their place."""
    found = equations(mazur.lines(biases, width=width))
    known = {"i1": 0.05, "i2": 0.10} | {leaf.label: leaf.data for group in mazur.network(biases)[1:] for leaf in group}
    assert found.keys() == mazur.numbers(biases).keys()
    for name, (formula, numbers, result) in found.items():
        for written in (formula, numbers):
            text = re.sub(r"[a-zA-Z]\w*(/d\w+)?", lambda name: repr(known[name[0]]), written)
            text = re.sub(r"σ\(([-.\de]+)\)", r"1/(1 + exp(-(\1)))", text).replace("·", "*").replace("²", "**2")
            assert eval(text, {"exp": math.exp}) == pytest.approx(float(result), abs=2e-9), (name, written)
        known[name] = float(result)


def test_on_a_narrow_page_every_line_fits():
    assert max(map(len, mazur.lines(width=40))) <= 40
    assert max(map(len, mazur.lines(width=80))) <= 80


def test_every_value_has_the_lectures_name():
    lesson = mazur.example("shared")
    assert [z.label for layer in lesson.activations.z for z in layer] == ["net_h1", "net_h2", "net_o1", "net_o2"]
    assert [w.label for w in lesson.weights] == [f"w{i}" for i in range(1, 9)]
    assert lesson.cost.label == "E" and {"i1", "i2", "w1", "b2"} <= lesson.cost.inputs.keys()


def test_an_unknown_choice_of_biases_is_refused():
    with pytest.raises(ValueError, match="biases = 'none': give \"fixed\", \"own\" or \"shared\""):
        mazur.network("none")


def test_a_step_by_hand_is_the_optimisers_step():
    """w5 - 0.5 · 0.082167041 = 0.358916480, which is what the slide does with a pencil."""
    w5 = Value(0.40)
    w5.grad = 0.082167040564
    optim.SGD([w5], lr=0.5).step()
    assert w5.data == pytest.approx(0.358916479718, abs=6e-13)
