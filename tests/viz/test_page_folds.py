"""Folding that opens: a closed group is one operation with the right derivatives, and opening it keeps the moment."""

import math
import re

import pytest
from page_graphs import agree, close, elman, network, numbers

from engine import Value, grad
from engine.graph import topological_order
from engine.say.notation import show
from engine.value import apply
from nn import LSTM, MLP, Conv1d, Elman


def lstm(steps=3):
    model = LSTM(1, 2, seed=3)
    return sum(model([[Value(0.4 * t - 0.3, f"x{t}")] for t in range(steps)])[-1])


def elman_of_the_library(steps=3):
    return Elman(2, 3, 1, seed=1)([[Value(0.2 * t, f"x{t}"), Value(-0.1 * t, f"u{t}")] for t in range(steps)])[-1][0] ** 2


def convolution():
    model = Conv1d(1, 2, 2, seed=0)
    return sum(value**2 for row in model([[Value(0.3 * i - 0.5, f"x{i}") for i in range(5)]]) for value in row)


def pixels():
    return MLP(12, [4, 1], "tanh", seed=0)([Value(0.1 * i - 0.4, f"x{i}") for i in range(12)])


BUILDS = {"2-2-1": lambda: network(2, 2, 1), "2-3-2": lambda: network(2, 3, 2), "a loop by hand": elman,
          "Elman": elman_of_the_library, "LSTM": lstm, "convolution": convolution, "12 pixels": pixels}  # fmt: skip
each_build = pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
each_fold = pytest.mark.parametrize("fold", ["none", "neurons", "layers"])
CARDS = ("return Object.fromEntries(items.filter(item => item.value && !item.isConstant).map(item => "
         "[item.node, [item.value.textContent, item.gradient.textContent]]))")  # fmt: skip


def of_a_group(order, members, source, out):
    """∂out/∂source of a group alone, everything else that enters it being held: the engine's grad on a copy of the group."""
    copies = {}
    for i in members:
        node = order[i]
        operands = [copies.setdefault(x, Value(x.data)) for x in node.operands]
        copies[node] = apply(node.op, operands) if node.op else Value(node.data)
    return grad(copies[order[out]], [copies[order[source]]])[0]


@each_build
@pytest.mark.parametrize("fold", ["neurons", "layers"])
def test_a_closed_groups_local_derivatives_are_pythons(build, fold, opened):
    output = build()
    order = topological_order(output)
    found = opened(output, fold=fold).js("""
        return links.filter(link => link.to.group !== null && flows(link) && localOf(link) !== null)
          .map(link => [link.to.members, link.sources[0], link.to.node, localOf(link)])""")
    for members, source, out, theirs in found:
        assert close(theirs, of_a_group(order, members, source, out), 1e-10)
    if build is BUILDS["2-2-1"] and fold == "neurons":
        assert len(found) == 6  # 2·2 into the hidden layer, 2 into the output


@each_build
@each_fold
def test_however_it_is_folded_every_card_ends_with_pythons_numbers(build, fold, opened):
    output = build()
    page = opened(output, fold=fold)
    agree(page, output)
    page.go(page.last)
    data, slopes = numbers(output)
    for node, (value, gradient) in page.js(CARDS).items():
        assert value.replace("−", "-") == show(data[int(node)], 5)
        assert float(gradient.replace("−", "-").removeprefix("∂ ")) == pytest.approx(slopes[int(node)], rel=1e-3, abs=1e-12)
    # and what arrives on a card's arrows adds up to its gradient
    for arrived, whole in page.js("return items.filter(item => item.arrivals.length && item.node !== null)"
                                  ".map(item => [arrivedBy(item, Infinity), gradients[item.node]])"):  # fmt: skip
        assert math.fsum(arrived) == pytest.approx(whole, rel=1e-10, abs=1e-15)


@each_build
def test_the_line_of_a_folded_neuron_multiplies_what_arrives_by_its_local_derivative(build, opened):
    page = opened(build(), fold="neurons")
    compared = 0
    for text in page.walk("return document.querySelector('#now').textContent"):
        numbered = re.search(r" = (\S+) · (\(?-?[\d.e-]+\)?) = (\S+)$", text.split("\n")[0])
        if numbered:
            arriving, slope, share = (float(part.strip("()")) for part in numbered.groups() if part)
            assert share == pytest.approx(arriving * slope, rel=1e-4, abs=1e-12)
            compared += 1
    assert compared >= 3


@each_build
def test_opening_and_closing_changes_no_number_and_comes_back_to_the_same_page(build, opened):
    output = build()
    page = opened(output, fold="layers")
    before = [page.texts(".card text"), page.texts("#steps li"), page.last]
    for _ in range(5):
        if page.text("#folds") == "fold all":
            break
        page.click("folds")
        agree(page, output)
    assert page.text("#folds") == "fold all"
    assert page.js("return items.length") == page.js("return NODES.length")
    page.click("folds")
    assert [page.texts(".card text"), page.texts("#steps li"), page.last] == before
    agree(page, output)


def groups_seen(page):
    return page.js("return items.filter(item => item.group !== null).map(item => item.group)")


@pytest.mark.parametrize("name", ["2-2-1", "a loop by hand", "LSTM"])
def test_opening_a_group_keeps_the_moment(name, opened):
    """The step that was shown is still shown; if it was the group's own, the one inside that ends it."""
    page = opened(BUILDS[name](), fold="layers" if name != "2-2-1" else "neurons")
    for step in range(0, page.last + 1, max(1, page.last // 8)):
        for group in groups_seen(page):
            page.go(step)
            now, own = page.js("const step = stepAt(state.time); return [document.querySelector('#now').textContent, "
                               "[step?.item, step?.link?.from].some(item => item?.group === arguments[0])]", group)  # fmt: skip
            known = page.js(CARDS)
            page.js("document.getElementById('g' + arguments[0]).dispatchEvent(new Event('click'))", group)
            page.wait()
            assert page.js("return state.open.has(arguments[0])", group)
            after = page.js(CARDS)
            if not own:
                assert page.text("#now") == now
                both = known.keys() & after.keys()
                assert {node: after[node] for node in both} == {node: known[node] for node in both}
            page.js("act.toggle([arguments[0]])", group)
            page.wait()
            if not own:
                assert page.text("#now") == now


def test_a_click_on_a_card_opens_a_neuron_and_a_click_on_its_frame_closes_it(opened):
    page = opened(network(2, 2, 1), fold="neurons", size=(1600, 1000))
    before = page.js("return items.length")
    page.find(".card.fold").click()
    page.wait()
    assert page.js("return items.length") > before
    assert page.texts(".frame") == [""]
    name = page.texts(".tab")
    frame = page.js("return document.querySelector('.tab').getAttribute('transform')")
    assert frame
    assert any(text.endswith(": close") for text in name)
    page.click_on(".tab", ": close")
    assert page.js("return items.length") == before


def test_a_click_on_a_layers_name_opens_all_its_neurons(opened):
    page = opened(network(2, 3, 1), fold="neurons")
    page.click_on(".tab", "layer 1: open all")
    assert len(page.texts(".frame")) == 3
    assert "layer 1: close all" in page.texts(".tab")


def test_the_list_folds_as_the_graph_does(opened):
    page = opened(network(2, 2, 1), fold="neurons")
    folded = page.js("return document.querySelectorAll('#steps li').length")
    assert page.js("return document.querySelectorAll('#steps li.group').length") == 0
    page.find("#steps li button").click()  # + of the first neuron
    page.wait()
    heads = page.js("return [...document.querySelectorAll('#steps li.group')].map(row => row.firstChild.textContent)")
    assert len(heads) == 2, "forward and backward"
    for head in heads:
        assert re.fullmatch(r"\S+: \d+ steps?", head)
    counts = page.js("""
        const depth = row => row.style.getPropertyValue("--depth"), rows = [...document.querySelectorAll("#steps li")];
        return rows.flatMap((head, n) => {
          const end = rows.findIndex((row, m) => m > n && depth(row) <= depth(head));
          return head.matches(".group") ? [(end < 0 ? rows.length : end) - n - 1] : [];
        })""")
    assert [int(re.search(r": (\d+)", head)[1]) for head in heads] == counts
    page.find("#steps li.group button").click()
    page.wait()
    assert page.js("return document.querySelectorAll('#steps li').length") == folded


def test_the_steps_of_an_open_group_stand_together(opened):
    page = opened(network(2, 2, 1), fold="none")
    heads = [text.split(":")[0] for text in page.texts("#steps li.group")]
    assert all(heads.count(head) == 2 for head in heads), "forward once, backward once"


def test_one_step_is_one_step(opened):
    page = opened(elman(), fold="neurons")
    assert not any(": 1 steps" in text for text in page.texts("#steps li"))


@pytest.mark.parametrize("build", [elman, elman_of_the_library, lstm], ids=["by hand", "Elman", "LSTM"])
def test_a_loop_over_time_is_one_cell_that_opens_into_its_moments(build, opened):
    page = opened(build(), fold="layers")
    assert [text for text in page.texts(".card.fold .sign") if text == "↻"] == ["↻"]
    page.click_on(".card.fold", "↻")
    moments = page.js("return items.filter(item => GROUPS[item.group]?.kind === 'moment').map(item => [item.title, item.x])")
    assert [title for title, _ in moments] == ["t = 1", "t = 2", "t = 3"]
    left = [x for _, x in moments]
    assert left == sorted(left), "time runs from left to right"


def test_values_that_leave_a_layer_are_a_strip(opened):
    output = network(2, 3, 1)
    order = topological_order(output)
    page = opened(output, fold="layers")
    strip = page.js("const item = items.find(item => item.outs.length === 3); return [item.key, item.outs]")
    cells = ("return [...document.getElementById(arguments[0]).querySelectorAll(arguments[1])]"
             ".map(cell => [Number(cell.getAttribute('fill-opacity')), cell.dataset.sign ?? ''])")  # fmt: skip
    assert page.js(cells, strip[0], ".cell.number") == [[0, ""]] * 3, "empty before it is computed"
    page.go(page.last)
    slopes = grad(output, [order[i] for i in strip[1]])
    for part, expected in ((".number", [order[i].data for i in strip[1]]), (".slope", slopes)):
        shown = page.js(cells, strip[0], f".cell{part}")
        assert [sign == "negative" for _, sign in shown] == [x < 0 for x in expected]
        largest = max(map(abs, expected))
        assert [opacity for opacity, _ in shown] == pytest.approx([0.12 + 0.88 * abs(x) / largest for x in expected], abs=1e-3)
    label = page.find(f"#{strip[0]}").accessible_name
    assert all(show(order[i].data, 3) in label for i in strip[1])


def test_too_many_cards_are_refused_in_words(opened):
    page = opened(MLP(20, [30, 2], "tanh", seed=0)([0.1] * 20)[0], fold="layers")
    before = page.js("return items.length")
    for _ in range(4):
        page.click("folds")
    assert page.js("return items.length") < 1600
    if page.js("return items.length") == before:
        assert "1600" in page.text("#notice")


@each_build
def test_no_key_of_the_keyboard_breaks_an_open_page(build, opened):
    page = opened(build(), fold="neurons")
    for key in "offl+-0pdlo ":
        page.press(key)
    assert page.text("#count").startswith("step ")


def test_a_page_of_five_thousand_nodes_is_smaller_than_two_megabytes_and_opens_folded(opened):
    output = MLP(30, [54, 1], "tanh", seed=0)([Value(0.02 * i, f"x{i}") for i in range(30)])
    order = topological_order(output)
    assert len(order) >= 5000
    page = opened(output)
    assert page.js("return document.documentElement.outerHTML.length") < 2_000_000
    assert page.js("return items.length") <= 60
    assert page.js("return gradients.length") == len(order)
    agree(page, output)
