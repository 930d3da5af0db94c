"""Pictures of networks: the user's names, the weights and their gradients, inputs in order, layers as shades."""

import re
import struct

import pytest
from test_drawing import words_in

from engine import Value, parse, sigmoid
from engine.say.colours import LIGHT
from nn import MLP, losses
from nn.mazur import example
from viz import draw
from viz.shades import letters_on, shade, span


def cost(*sizes, labels=True, **options):
    """The quadratic cost of a network at one example, swept; and the network."""
    model = MLP(sizes[0], list(sizes[1:]), "tanh", seed=1, **options)
    x = [Value(round(0.1 * i, 1), f"x{i}") if labels else 0.1 * i for i in range(1, sizes[0] + 1)]
    outputs = model(x)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    total = losses.quadratic(outputs, [0.5] * len(outputs))
    total.label = "C"
    total.backward()
    return total, model


def folds(drawing):
    return {box.lines[0]: box for box in drawing.picture.boxes if box.kind == "fold"}


def places(svg):
    """Where the middle of each text stands, from the SVG itself."""
    found = re.findall(r'<text[^>]* x="([-\d.]+)" y="([-\d.]+)"[^>]*>([^<]*)</text>', svg)
    return {word: (float(x), float(y)) for x, y, word in found}


# --- neurons ---

def test_a_folded_neuron_keeps_the_name_that_its_output_was_given():
    drawing = draw(example().cost, fold="neurons")
    assert list(folds(drawing)) == ["out_h1", "out_h2", "out_o1", "out_o2"]
    assert folds(drawing)["out_h1"].lines == ("out_h1", "= σ(net_h1)", "0.5933")
    assert {"out_h1", "= σ(net_h1)", "out_o2"} <= set(words_in(drawing.svg()))


def test_a_neuron_without_a_name_has_a_number_and_its_formula():
    n1 = Value(1.0, "n1")  # a name that the user has taken
    output = sigmoid(Value(2.0, "a") * n1 + Value(0.5, "b") * Value(3.0, "y") + Value(1.0, "c"))
    box = folds(draw(output, fold="neurons"))["n2"]
    assert box.lines[1] == "= σ(Σ w·x + b)"


def test_the_weights_of_a_neuron_are_listed_with_their_gradients():
    """Mazur's numbers: ∂E/∂w5 = 0.0822, ∂E/∂w6 = 0.0827."""
    box = folds(draw(example("own").cost, fold="neurons"))["out_o1"]
    assert [row[:2] for row in box.table] == [("w5", "0.4"), ("w6", "0.45"), ("b_o1", "0.6")]
    assert [float(row[2]) for row in box.table[:2]] == pytest.approx([0.082167041, 0.082667628], abs=5e-5)


def test_a_weight_is_in_its_own_colour_and_never_in_that_of_gradients():
    dot = draw(example().cost, fold="neurons").dot
    assert f'<FONT COLOR="{LIGHT["weight"]}">0.15</FONT>' in dot
    assert f'<FONT COLOR="{LIGHT["gradient"]}">0.15</FONT>' not in dot
    assert f'<FONT COLOR="{LIGHT["gradient"]}">0.0004386</FONT>' in dot


def test_which_neurons_list_their_weights_can_be_chosen():
    few, many = cost(2, 2, 1)[0], cost(8, 2, 1)[0]
    listed = {(size, weights): [len(box.table) for box in folds(draw(f, fold="neurons", weights=weights)).values()]
              for size, f in (("few", few), ("many", many)) for weights in ("auto", "all", "none")}  # fmt: skip
    assert listed == {
        ("few", "auto"): [3, 3, 3], ("few", "all"): [3, 3, 3], ("few", "none"): [0, 0, 0],
        ("many", "auto"): [0, 0, 3], ("many", "all"): [9, 9, 3], ("many", "none"): [0, 0, 0],
    }  # fmt: skip
    with pytest.raises(ValueError, match="weights = 'some' must be one of auto, all, none"):
        draw(few, weights="some")


def test_before_a_sweep_a_weight_has_no_gradient():
    model = MLP(2, [1], seed=0)
    box = folds(draw(model([Value(1.0, "x1"), Value(2.0, "x2")]), fold="neurons"))["n1"]
    assert {row[2] for row in box.table} == {"not computed"}
    bare = folds(draw(model([Value(1.0, "x1"), Value(2.0, "x2")]), fold="neurons", gradients=False))["n1"]
    assert {row[2] for row in bare.table} == {""}


def test_an_arrow_into_a_folded_neuron_has_its_derivative():
    """∂h/∂x = σ'(z)·w, by a central difference."""
    def neuron(x):
        return sigmoid(Value(-0.7, "w1") * Value(x, "x1") + Value(0.4, "w2") * Value(2.0, "x2") + Value(0.3, "b"))

    arrow = next(arrow for arrow in draw(neuron(1.5), fold="neurons", digits=6).picture.arrows if arrow.head == "neuron1")
    difference = (neuron(1.5 + 1e-5).data - neuron(1.5 - 1e-5).data) / 2e-5
    assert float(arrow.text.removeprefix("×")) == pytest.approx(difference, rel=1e-5)
    assert arrow.negative


def test_an_input_that_a_neuron_reads_twice_has_the_sum_of_both_ways():
    x = Value(2.0, "x")
    output = Value(3.0, "w1") * x + Value(-5.0, "w2") * x
    assert [arrow.text for arrow in draw(output, fold="neurons").picture.arrows] == ["×-2"]


def test_a_negative_local_derivative_is_a_dashed_arrow():
    dot = draw(parse("x - y", x=1, y=2)).dot
    assert [("dashed" in line) for line in dot.splitlines() if "->" in line] == [False, True, False]


@pytest.mark.parametrize("sizes", [(3, 5, 4, 1), (12, 2, 1)])
def test_inputs_and_neurons_stand_in_their_order(sizes):
    svg = places(draw(cost(*sizes)[0], fold="neurons").svg())
    for names in ([f"x{i}" for i in range(1, sizes[0] + 1)], [f"n{j}" for j in range(1, sizes[1] + 1)]):
        heights = [svg[name][1] for name in names]
        assert heights == sorted(heights)
        assert len({round(svg[name][0]) for name in names}) <= 3  # below each other, up to the widths of the boxes


def test_inputs_of_an_unfolded_sum_stand_in_their_order():
    terms = " + ".join(f"w{i}*x{i}" for i in range(1, 12))
    f = parse(terms, **{f"{name}{i}": 1 for name in "wx" for i in range(1, 12)})
    svg = places(draw(f, fold="none").svg())
    for name in "wx":
        heights = [svg[f"{name}{i}"][1] for i in (1, 2)]
        assert heights == sorted(heights)


# --- layers ---

def test_a_layer_shows_its_weights_outputs_and_gradients():
    output, model = cost(64, 15, 10)
    drawing = draw(output)
    first, second = folds(drawing).values()
    assert (first.lines, second.lines) == (("layer 1", "15 × tanh"), ("layer 2", "10 × Σ"))
    for box, layer, size in ((first, model.layers[0], "W 15×64"), (second, model.layers[1], "W 10×15")):
        weights, a, gradient = box.shades
        assert (weights.kind, weights.head) == ("weight", size)
        assert [list(row) for row in weights.rows] == layer.weight.tolist()
        assert (a.kind, gradient.kind) == ("value", "gradient")
    found = model.activations([round(0.1 * i, 1) for i in range(1, 65)])
    assert [row[0] for row in first.shades[1].rows] == [value.data for value in found.a[0]]
    # at the end ∂C/∂a = a - y
    assert [row[0] for row in second.shades[2].rows] == pytest.approx([value.data - 0.5 for value in found.a[1]])


def test_a_wide_network_is_four_boxes_and_three_arrows():
    """Not the 1,100 lines of its weights: the inputs are a strip, and so are the layers; the cost is a box."""
    drawing = draw(cost(64, 15, 10)[0])
    assert [box.lines[0] for box in drawing.picture.boxes] == ["x1 … x64", "layer 1", "layer 2", "C"]
    assert [(arrow.tail, arrow.head) for arrow in drawing.picture.arrows] == [
        ("inputs1", "layer1"), ("layer1", "layer2"), ("layer2", "cost"),
    ]  # fmt: skip
    assert drawing.picture.legend in words_in(drawing.svg())
    cells = 64 * 15 + 15 * 10 + 2 * (64 + 15 + 10)  # each weight, and each activation with its gradient
    filled = len(re.findall(r'<polygon fill="#', drawing.svg()))
    assert cells <= filled <= cells + 10


def test_pixels_given_as_plain_numbers_are_a_strip_too():
    drawing = draw(cost(64, 15, 10, labels=False)[0])
    assert [box.lines[:2] for box in drawing.picture.boxes][:1] == [("inputs", "64 numbers")]


def test_a_matrix_too_large_for_a_picture_is_summarised():
    weights = folds(draw(cost(150, 15, 13)[0]))["layer 1"].shades[0]
    assert weights.head == "W 15×150"
    assert (len(weights.rows), len(weights.rows[0])) == (15, 50)


def test_the_gradients_of_a_layer_s_weights_are_shown_on_request():
    output, model = cost(3, 5, 4, 1)
    last = folds(draw(output, fold="layers", weights="all"))["layer 1"].shades[-1]
    assert (last.kind, last.head) == ("gradient", "∂ of W")
    gradients = [[w.grad for w in neuron.w] for neuron in model.layers[0].neurons]
    assert [list(row) for row in last.rows] == gradients
    assert [s.kind for s in folds(draw(output, fold="layers", weights="none"))["layer 1"].shades] == ["value", "gradient"]


def test_no_box_of_a_folded_picture_is_empty():
    """Graphviz draws an empty box, and says nothing, where it cannot read a label."""
    for fold in ("neurons", "layers"):
        for gradients in (True, False):
            drawing = draw(cost(3, 5, 4, 1)[0], fold=fold, gradients=gradients)
            words = set(words_in(drawing.svg()))
            assert {box.lines[0] for box in drawing.picture.boxes} <= words


# --- shades ---

def test_a_shade_is_the_lighter_the_larger_its_number():
    numbers = [-1.0, -0.5, 0.0, 0.25, 1.0]
    low, high = span(numbers)
    assert (low, high) == (-1.0, 1.0)
    for kind in ("value", "gradient", "weight"):
        sums = [sum(int(shade(number, low, high, kind)[i : i + 2], 16) for i in (1, 3, 5)) for number in numbers]
        assert sums == sorted(sums) and len(set(sums)) == 5
        assert shade(0.0, low, high, kind) == LIGHT[kind]


def test_shades_begin_at_0_where_nothing_is_negative():
    assert span([0.2, 0.9]) == (0.0, 0.9)
    assert span([0.0, 0.0]) == (0.0, 1.0)


def test_letters_on_a_shade_can_be_read():
    def luminance(colour):
        rgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for kind in ("value", "gradient", "weight"):
        for step in range(21):
            ground = shade(step / 20, 0.0, 1.0, kind)
            low, high = sorted((luminance(ground), luminance(letters_on(ground))))
            assert (high + 0.05) / (low + 0.05) >= 4.5


# --- files ---

def width_of(png):
    return struct.unpack(">I", png[16:20])[0]


def test_a_png_is_sharp_and_scale_makes_it_sharper(tmp_path):
    """An SVG's width is in points, of which an inch has 72."""
    f = parse("x**2*y/z", x=3, y=4, z=2)
    points = float(re.search(r'<svg width="([\d.]+)pt"', draw(f).svg())[1])
    assert width_of(draw(f).png()) == pytest.approx(points / 72 * 192, rel=0.02)
    assert width_of(draw(f).png(scale=2)) == pytest.approx(2 * width_of(draw(f).png()), rel=0.01)
    draw(f, tmp_path / "f.png", scale=0.5)
    draw(f).save(tmp_path / "g.png", scale=0.5)
    assert (tmp_path / "f.png").read_bytes() == (tmp_path / "g.png").read_bytes()
    assert width_of((tmp_path / "f.png").read_bytes()) == pytest.approx(points / 72 * 96, rel=0.02)


@pytest.mark.parametrize("scale", [0, -1, True, "2", 1000])
def test_a_scale_that_is_no_size_is_refused(scale):
    with pytest.raises(ValueError, match=r"^scale = .* must be a number above 0, at most 20"):
        draw(parse("x*x", x=3)).png(scale=scale)


def test_draw_writes_the_file_that_it_is_given(tmp_path):
    f = parse("x*x", x=3)
    drawing = draw(f, tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text(encoding="utf-8") == drawing.svg() == drawing._repr_svg_()


def test_a_drawing_cannot_be_a_page_and_says_how_to_write_one(tmp_path):
    with pytest.raises(ValueError, match=r"x\.html would be a page, .*: viz\.page\(f, 'x\.html'\)"):
        draw(parse("x*x", x=3)).save(tmp_path / "x.html")
    assert not any(tmp_path.iterdir())
