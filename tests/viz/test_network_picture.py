"""A network's picture says what the network computes, and leaves the network alone."""

import matplotlib

matplotlib.use("Agg")
import pytest
from matplotlib import pyplot

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


def test_both_ways_of_counting_layers_are_named():
    ax = draw_network(MLP(2, [3, 1], "tanh"))
    titles = ["layer 0 (lecture 1)\ninput", "layer 1 (lecture 2)\ntanh", "layer 2 (lecture 3)\nlinear"]
    assert [word for word in words(ax) if word.startswith("layer")] == titles


def test_a_weight_s_size_is_the_width_and_its_sign_the_dashes():
    ax = draw_network(MLP.from_weights([[[2.0, -1.0, 0.0]]], [[0.5]]))
    drawn = lines(ax)
    large, negative, none = (drawn[f"W1[1,{k}]"] for k in (1, 2, 3))
    assert large.get_linewidth() > negative.get_linewidth() > none.get_linewidth()
    assert (large.get_linestyle(), negative.get_linestyle(), none.get_linestyle()) == ("-", "--", ":")
    assert large.get_color() != negative.get_color()
    assert {"2", "-1", "b 0.5", "x3", "a1"} <= set(words(ax))
    assert [text.get_text() for text in ax.get_legend().texts] == ["w > 0", "w < 0", "the widest: |w| = 2"]


@pytest.mark.parametrize(("most", "left_out", "drawn"), [(10, [54, 5], 10 * 10 + 10 * 10), (3, [61, 12, 7], 3 * 3 + 3 * 3)])
def test_what_is_left_out_of_a_wide_layer_is_counted(most, left_out, drawn):
    ax = draw_network(MLP(64, [15, 10], seed=1), most=most)
    assert [word for word in words(ax) if "more" in word] == [f"⋮\n… {count} more" for count in left_out]
    assert len(lines(ax)) == drawn
    circles = {points.get_gid(): len(points.get_offsets()) for points in ax.collections}
    assert circles == {"layer 0": most, "layer 1": most, "layer 2": most}


def test_the_first_and_the_last_neurons_stay():
    ax = draw_network(MLP(64, [1]), most=4)
    assert sorted(lines(ax)) == ["W1[1,1]", "W1[1,2]", "W1[1,63]", "W1[1,64]"]


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
