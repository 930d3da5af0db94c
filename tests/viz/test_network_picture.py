"""A network's picture says what the network computes, and leaves the network alone."""

import matplotlib

matplotlib.use("Agg")
import pytest
from matplotlib import pyplot

from engine.say.colours import LIGHT
from nn import MLP
from nn.mazur import network
from viz.plots.network import draw_network


def words(ax):
    return [text.get_text() for text in ax.texts]


def lines(ax):
    return {line.get_gid(): line for line in ax.lines if line.get_gid()}


def test_the_lecture_s_network_shows_activations_and_errors():
    """Mazur's example: 0.751 and 0.773 come out, and delta of the first output neuron is 0.1385."""
    model, *_ = network()
    ax = draw_network(model, [0.05, 0.1], [0.01, 0.99])
    assert {"0.05", "0.1", "0.593", "0.597", "0.751", "0.773", "δ 0.138", "δ -0.0381"} <= set(words(ax))
    assert ax.get_title() == "cost 0.2984"


def test_layers_are_counted_from_1_and_the_input_is_called_so():
    ax = draw_network(MLP(2, [3, 1], "tanh"))
    assert {"input", "layer 1\ntanh", "layer 2\nlinear"} <= set(words(ax))
    assert not any("lecture" in word for word in words(ax))


def test_a_weight_s_size_is_the_width_and_its_sign_the_dashes():
    ax = draw_network(MLP.from_weights([[[2.0, -1.0, 0.0]]], [[0.5]]))
    drawn = lines(ax)
    large, negative, none = (drawn[f"W1[1,{k}]"] for k in (1, 2, 3))
    assert large.get_linewidth() > negative.get_linewidth() > none.get_linewidth()
    assert (large.get_linestyle(), negative.get_linestyle(), none.get_linestyle()) == ("-", "--", ":")
    assert {large.get_color(), negative.get_color()} == {LIGHT["weight"]}  # the dashes are the sign
    assert {"2", "-1", "b 0.5", "x3", "a1"} <= set(words(ax))
    assert [text.get_text() for text in ax.get_legend().texts] == ["w > 0", "w < 0", "the widest: |w| = 2"]


def images(ax):
    return {image.get_gid(): image.get_array() for image in ax.images}


def test_a_wide_network_has_images_of_its_weights_and_no_lines():
    model = MLP(64, [15, 10], seed=1)
    ax = draw_network(model)
    assert lines(ax) == {}
    assert images(ax).keys() == {"W1", "W2"}
    for name, layer in zip(("W1", "W2"), model.layers):
        assert images(ax)[name].tolist() == layer.weight.tolist()
    circles = {points.get_gid(): len(points.get_offsets()) for points in ax.collections}
    assert circles == {"layer 2": 10}
    assert {"64 numbers", "15 neurons", "W1  15×64", "W2  10×15"} <= set(words(ax))


def test_a_strip_holds_the_activations_and_another_the_errors():
    """For one linear output and the quadratic cost, delta is a - y; before it, delta = w·(a - y)·(1 - a²)."""
    model = MLP(12, [11, 1], "tanh", seed=1)
    x = [i / 12 for i in range(12)]
    shown = images(draw_network(model, x, 0.5))
    found = model.activations(x)
    assert shown["x of layer 0"].ravel().tolist() == x
    assert shown["a of layer 1"].ravel().tolist() == [a.data for a in found.a[0]]
    error = found.a[1][0].data - 0.5
    expected = [w * error * (1 - a.data**2) for w, a in zip(model.layers[1].weight[0], found.a[0])]
    assert shown["δ of layer 1"].ravel().tolist() == pytest.approx(expected)


def test_where_layers_become_strips_is_a_choice():
    model = MLP(4, [3, 1], seed=1)
    assert len(lines(draw_network(model))) == 4 * 3 + 3
    mixed = draw_network(model, most=3)
    assert images(mixed).keys() == {"W1"}
    assert len(lines(mixed)) == 3
    assert images(draw_network(model, most=2)).keys() == {"W1", "W2"}


def test_the_model_s_gradients_are_not_disturbed():
    model = MLP(2, [2, 1], seed=1)
    model.parameters()[0].grad = 7.0
    before = [(p.has_grad, p.grad, p.data) for p in model.parameters()]
    draw_network(model, [1, 2], 1)
    assert [(p.has_grad, p.grad, p.data) for p in model.parameters()] == before


def test_a_class_may_be_the_target_and_another_loss_the_cost():
    """For softmax and cross entropy delta is the share minus what it should be, so all of them sum to 0."""
    model = MLP.from_weights([[[1.0], [1.0]]], [[0.0, 0.0]])
    assert {"δ -0.5", "δ 0.5"} <= set(words(draw_network(model, [3.0], 0, loss="cross_entropy")))


def test_it_draws_on_the_ax_that_is_given():
    ax = pyplot.subplots()[1]
    assert draw_network(MLP(2, [1]), ax=ax) is ax


@pytest.mark.parametrize(("arguments", "options", "error", "sentence"), [
    (("net",), {}, TypeError, "A network is needed"),
    ((MLP(2, [1]), [1, 2, 3]), {}, ValueError, "takes 2 inputs"),
    ((MLP(2, [1]), None, 1), {}, ValueError, "A target belongs to an input"),
    ((MLP(2, [1]), [1, 2], [1, 2]), {}, ValueError, "targets"),
    ((MLP(2, [1]),), {"most": 0}, ValueError, "at least 1"),
    ((MLP(2, [1]),), {"ax": 3}, TypeError, "ax must be"),
])  # fmt: skip
def test_wrong_input_is_answered_in_one_sentence(arguments, options, error, sentence):
    with pytest.raises(error, match=sentence) as caught:
        draw_network(*arguments, **options)
    assert "\n" not in str(caught.value)
