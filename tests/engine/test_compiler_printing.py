"""What a program prints: the lectures' equations, by the names that the parameters' owners gave."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine import Value, exp, fsum, maximum, sigmoid, softmax, tanh
from engine.compiler.passes import run_passes
from engine.compiler.printing import equations
from engine.compiler.printing.terms import named

random = np.random.default_rng(0)


def array(*shape):
    """Nested lists of Values without labels."""
    if len(shape) == 1:
        return [Value(number) for number in random.normal(size=shape[0]).tolist()]
    return [array(*shape[1:]) for _ in range(shape[0])]


def times(matrix, vector):
    return [sum(w * x for w, x in zip(row, vector)) for row in matrix]


def printed(f, *shapes):
    """The text for one example of these shapes, and that it can be set as LaTeX as well, twice."""
    compiled = run_passes(f, [random.normal(size=shape) for shape in shapes], has_aux=False, penalty=None)
    text = equations.text(compiled)
    assert equations.latex(compiled) == equations.latex(compiled) and equations.text(compiled) == text
    return text


def lines_of(text, *starts):
    """The lines that begin so, in their order."""
    return [line.strip() for line in text.splitlines() if line.strip().startswith(starts)]


def shares_of(scores):
    """softmax, written by hand."""
    e = [exp(score) for score in scores]
    return [value / fsum(e) for value in e]


def stable(scores):
    """The same with the maximum subtracted."""
    largest = scores[0]
    for score in scores[1:]:
        largest = maximum(largest, score)
    return shares_of([score - largest for score in scores])


@pytest.mark.parametrize("shares", [softmax, shares_of, stable])
def test_attention_is_printed_as_papers_print_it(shares):
    Wq, Wk, Wv = array(6, 5), array(6, 5), array(6, 5)

    def cost(x):
        Q, K, V = ([times(W, row) for row in x] for W in (Wq, Wk, Wv))
        outputs = []
        for q in Q:
            a = shares([sum(s * t for s, t in zip(q, k)) / math.sqrt(6) for k in K])
            outputs += [sum(share * v[j] for share, v in zip(a, V)) for j in range(6)]
        return fsum([o * o for o in outputs])

    text = printed(cost, (4, 5))
    assert set(lines_of(text, "Q =", "K =", "V =")) == {"Q = x Wqᵀ", "K = x Wkᵀ", "V = x Wvᵀ"}
    assert lines_of(text, "S =", "A =", "O =") == ["S = Q Kᵀ/√d    (d = 6)", "A = softmax(S)", "O = A V"]
    assert "exp" not in text and "entries" not in text and "W1" not in text
    assert "Wk (6×5)" in text and "∂C/∂Wq = " in text


def test_a_causal_mask_is_a_remark():
    Wq, Wk = array(3, 3), array(3, 3)

    def cost(x):
        Q, K = ([times(W, row) for row in x] for W in (Wq, Wk))
        total = []
        for i, q in enumerate(Q):
            a = softmax([sum(s * t for s, t in zip(q, K[j])) for j in range(i + 1)])
            total += [sum(a[j] * x[j][c] for j in range(i + 1)) for c in range(3)]
        return fsum([o * o for o in total])

    text = printed(cost, (5, 3))
    assert lines_of(text, "S =", "A =") == ["S = Q Kᵀ", "A = softmax(S)    (of j ≤ i)"]


W_i, U_i, b_i = array(3, 2), array(3, 3), array(3)
W_f, U_f, b_f = array(3, 2), array(3, 3), array(3)
W_g, U_g, b_g = array(3, 2), array(3, 3), array(3)
W_o, U_o, b_o = array(3, 2), array(3, 3), array(3)


def lstm(x):
    h, c = [0.0] * 3, [0.0] * 3
    for now in x:
        def gate(f, W, U, b, h=h, now=now):
            return [f(s + t + bias) for s, t, bias in zip(times(W, now), times(U, h), b)]

        i, f = gate(sigmoid, W_i, U_i, b_i), gate(sigmoid, W_f, U_f, b_f)
        g, o = gate(tanh, W_g, U_g, b_g), gate(sigmoid, W_o, U_o, b_o)
        c = [keep * old + write * new for keep, old, write, new in zip(f, c, i, g)]
        h = [show * tanh(cell) for show, cell in zip(o, c)]
    return fsum([a * a for a in h])


def test_an_lstm_is_its_six_equations_in_a_loop_and_backwards_in_another():
    text = printed(lstm, (8, 2))
    assert "for t = 1 ... 8:    (h[0] = 0, c[0] = 0)\n" in text and "for t = 8 ... 1:" in text
    for gate, function in (("i", "σ"), ("f", "σ"), ("o", "σ"), ("g", "tanh")):
        assert f"    {gate}[t] = {function}(W_{gate} x[t] + U_{gate} h[t-1] + b_{gate})\n" in text
        assert f"∂C/∂U_{gate} = Σ_t δ_{gate}[t] h[t-1]ᵀ" in text
    assert "    h[t] = o[t] ⊙ tanh(c[t])\n" in text and "C = Σ h[8]²" in text
    assert len(printed(lstm, (20, 2))) <= len(text) + 20  # its length does not depend on the number of steps


def test_parameters_have_the_names_of_variables_attributes_keys_and_labels():
    class Holder:
        def __init__(self):
            self.weights, self._bias = array(3, 2), array(3)

    holder, table = Holder(), {"layer0.scale": array(3), "shift": Value(0.1)}
    labelled = [[Value(1.0, f"M{j}_{k}") for k in (1, 2, 3)] for j in (1, 2)]

    def cost(x):
        z = [tanh(a + b) for a, b in zip(times(holder.weights, x), holder._bias)]
        z = [tanh(s * a + table["shift"]) for s, a in zip(table["layer0.scale"], z)]
        return fsum([v * v for v in times(labelled, z)])

    head = printed(cost, (2,)).splitlines()[1]
    assert all(name in head for name in ("weights (3×2)", "bias (3)", "scale (3)", "shift (1)", "M (2×3)"))


def test_a_part_of_an_array_is_written_with_its_index():
    W = array(4, 6)

    def cost(x):
        first = [tanh(z) for z in times([row[:3] for row in W], x)]
        return fsum([a * a for a in times([row[2:] for row in W[:2]], first)])

    head = printed(cost, (3,)).splitlines()[1]
    assert head == "parameters: W[:, 0:3] (4×3), W[0:2, 2:6] (2×4)"


def test_two_things_of_one_name_are_told_apart():
    class Layer:
        def __init__(self):
            self.W = array(3, 3)

    blocks = [Layer(), Layer()]

    def cost(x):
        for block in blocks:
            x = [tanh(z) for z in times(block.W, x)]
        return fsum([a * a for a in x])

    text = printed(cost, (3,))
    assert "parameters: W1 (3×3), W2 (3×3)" in text and "z2 = W2 a1" in text


@pytest.mark.parametrize(
    ("name", "latex"),
    [("W_i", "W_{i}"), ("Wq", "W_{q}"), ("b'", "b'"), ("δ2", r"\delta_{2}"), ("δ_o[t]", r"\delta_{o}\left[t\right]"),
     ("h[t-1]", r"h\left[t-1\right]"), ("W12", "W_{12}"), ("alpha", r"\alpha"),
     ("∂C/∂W_i", r"\frac{\partial C}{\partial W_{i}}")],
)  # fmt: skip
def test_names_have_subscripts_in_latex(name, latex):
    assert named(name).latex == latex


def test_numbers_of_parameters_have_no_holes_where_layers_are_shared():
    rows = [[[Value(0.1) for _ in range(4)]] for _ in range(4)]  # neurons in a list of lists: no name of their own
    outs = [[[Value(0.1) for _ in range(4)]] for _ in range(2)]

    def cost(x):
        for _ in range(2):
            x = [tanh(sum(w * v for w, v in zip(row[0], x))) for row in rows]
        return fsum([sum(w * v for w, v in zip(row[0], x)) ** 2 for row in outs])

    text = printed(cost, (4,))
    assert "z3 = " in text and "W3" not in text


def test_neurons_keep_their_names_where_a_flat_list_has_all_parameters():
    parameters = [Value(0.5, "w1_11"), Value(0.1, "b1_1")]
    text = printed(lambda x: (parameters[0] * x[0] + parameters[1]) ** 2, (1,))
    assert "∂C/∂w1_11 = " in text and "∂C/∂b1_1 = " in text and "parameters[" not in text


def test_latex_says_what_is_carried_and_what_is_masked_as_the_text_does():
    U, b = array(3, 3), array(3)

    def over_time(x):
        h = [0.0] * 3
        for row in x:
            h = [tanh(z + entry + bias) for z, entry, bias in zip(times(U, h), row, b)]
        return fsum(h)

    def causal(Q, K):
        rows = [softmax([score / math.sqrt(4) for score in times(K[: i + 1], q)]) for i, q in enumerate(Q)]
        return fsum([a * a for row in rows for a in row])

    loop, mask = (
        equations.latex(run_passes(f, [random.normal(size=shape) for shape in shapes], has_aux=False, penalty=None))
        for f, shapes in ((over_time, [(5, 3)]), (causal, [(5, 4), (5, 4)]))
    )
    assert r"&\text{for } t = 1, \dots, 5 \quad \text{(h[0] = 0)} \\" in loop.splitlines()
    assert "\n" + r"&\quad h\left[t\right] = \tanh" in loop
    assert r"\operatorname{softmax}\left(S\right) \quad \text{(of j ≤ i)}" in mask


def test_the_error_that_leaves_a_loop_backwards_is_that_of_its_first_state():
    W, U = array(3, 3), array(3, 3)

    def cost(x):
        h = None
        for row in x:  # at the first step there is no h
            z = times(W, row)
            h = [tanh(a if h is None else a + b) for a, b in zip(z, times(U, h or row))]
        return fsum(h)

    text = printed(cost, (6, 3))
    assert "δh[0] ⊙ tanh'(" in text and "][" not in text


def test_a_gate_that_is_computed_together_with_another_is_shown_as_a_function_of_its_part():
    """torch's stack of gates, i, f, g, o: i and f adjoin, and are one sigmoid."""
    W, U, b, V = array(12, 2), array(12, 3), array(12), array(1, 3)

    def cost(x):
        h = c = [0.0] * 3
        for row in x:
            z = [w + u + bias for w, u, bias in zip(times(W, row), times(U, h), b)]
            i, f, g, o = z[:3], z[3:6], z[6:9], z[9:]
            c = [sigmoid(f[j]) * c[j] + sigmoid(i[j]) * tanh(g[j]) for j in range(3)]
            h = [sigmoid(o[j]) * tanh(c[j]) for j in range(3)]
        return times(V, h)[0] ** 2

    text = printed(cost, (6, 2))
    assert lines_of(text, "c[t] =", "h[t] =") == [
        "c[t] = σ(z1[t][3:6]) ⊙ c[t-1] + σ(z1[t][0:3]) ⊙ tanh(z1[t][6:9])", "h[t] = σ(z1[t][9:12]) ⊙ tanh(c[t])",
    ]  # fmt: skip
    assert ")[" not in text.replace("(h[0]", "")
