"""A link to a page is a moment: its step, what is open and covered, and the numbers of the inputs, whatever they are called."""

import pytest
from browser import SCREEN
from page_graphs import ids, network, worked

from engine import Value


def test_a_link_is_a_moment_in_a_lecture(opened):
    page = opened(worked(), "x=3&y=4&z=0.1&step=5")
    assert page.step == 5
    assert page.in_field("z") == "0.1"
    assert page.now == ["∂f/∂u = ∂f/∂f · 1/z = 1 · 1/0.1 = 10"]


def test_the_address_follows_the_point_and_the_step(opened):
    page = opened(worked())
    assert page.hash == "#step=0"
    page.go(4)
    page.type("y", "-0.5")
    assert page.hash == "#step=4&y=-0.5"
    page.choose("cover", "gradient")
    assert page.hash == "#step=4&cover=gradient&y=-0.5"


def test_a_link_in_the_middle_of_a_step_shows_the_middle(opened):
    page = opened(worked(), "step=6.4")
    assert page.step == 7
    assert page.js("return state.time") == 6.4


def test_a_number_is_carried_as_it_was_typed(opened):
    page = opened(worked(), "step=3&z=1/3&x=sqrt(2)%2B1&y=pi/2")
    assert [page.in_field(name) for name in "xyz"] == ["sqrt(2)+1", "pi/2", "1/3"]
    again = opened(worked(), page.js("return location.hash")[1:])
    assert again.numbers() == page.numbers()
    assert [again.in_field(name) for name in "xyz"] == ["sqrt(2)+1", "pi/2", "1/3"]


def test_the_browsers_own_address_line_moves_the_page(opened):
    page = opened(worked())
    page.js("location.hash = '#x=10&step=1'")
    page.wait()
    assert page.now == ["v = x² = 10² = 100"]
    assert page.in_field("x") == "10"


def test_the_address_line_says_what_is_covered_and_open(opened):
    page = opened(network(2, 2, 1), fold="layers")
    page.js("location.hash = '#open=all&cover=value'")
    page.wait()
    assert page.find("#cover").get_attribute("value") == "value"
    assert page.js("return document.querySelectorAll('.card.fold').length") == 0


DAMAGED = ["step=99", "step=-3", "step=x", "q=5&x=&y=two&z=1e999", "%", "x=%zz&step=1", "=", "&&step=2", "open=nothing",
           "cover=all", "step=NaN", "step=Infinity", "step", "x=2,5"]  # fmt: skip


@pytest.mark.parametrize("link", DAMAGED)
def test_a_damaged_link_opens_the_page_all_the_same(link, opened):
    page = opened(worked(), link)
    assert 0 <= page.step <= page.last == 9
    assert page.numbers()[0] == [3, 9, 4, 36, 2, 18]
    page.go(9)
    assert page.now == ["∂f/∂x = ∂f/∂v · 2x = 2 · 2·3 = 12"]


def test_a_link_may_lead_to_an_undefined_point(opened):
    page = opened(worked(), "z=0&step=5")
    assert page.text("#sentence").startswith("f = u/z divides by zero: u = 36, z = 0.")
    page.type("z", "2")
    assert page.numbers()[0] == [3, 9, 4, 36, 2, 18]
    page.go(5)
    assert page.now == ["∂f/∂u = ∂f/∂f · 1/z = 1 · 1/2 = 0.5"]


LABELS = ["a&b=c%", "step", "open", "cover", "dark", "projector", "bare", "value.step", "value.x", "x y", "#", "ä+"]


@pytest.mark.parametrize("label", LABELS)
def test_an_input_of_any_name_finds_its_way_through_the_link(label, opened):
    def build():
        return Value(2, label) * Value(3, "y")

    page = opened(build(), "step=1")
    page.type(label, "7/2")
    link = page.js("return location.hash")[1:]
    again = opened(build(), link)
    assert again.in_field(label) == "7/2"
    assert again.numbers()[0] == [3.5, 3, 10.5]
    assert again.step == 1
    shown = again.js("return [document.documentElement.className, state.cover, state.open.size]")
    assert shown == ["", "", 0]


def test_inputs_that_are_called_like_words_of_the_page_do_not_take_their_places(opened):
    page = opened(Value(2, "step") * Value(3, "value.step"), "step=2&value.step=5&value.value.step=7")
    assert page.step == 2
    assert [page.in_field("step"), page.in_field("value.step")] == ["5", "7"]


def test_what_is_open_is_in_the_link(opened):
    output = network(2, 2, 1)
    page = opened(output, fold="layers")
    assert "open=" not in page.hash
    page.find(".card.fold").click()
    page.wait()
    assert "&open=" in page.hash
    cards = "return [...document.querySelectorAll('.card')].map(card => card.id)"
    assert opened(output, page.js("return location.hash")[1:], fold="layers").js(cards) == page.js(cards)


@pytest.mark.parametrize(("fold", "folds"), [("none", 0), ("neurons", 3), ("layers", 2), ("auto", None)])
def test_the_page_opens_as_fold_says(fold, folds, opened):
    page = opened(network(2, 2, 1), fold=fold)
    closed = page.js("return document.querySelectorAll('.card.fold').length")
    assert closed == folds if folds is not None else closed <= 3


def test_another_fold_is_refused():
    from viz.pages.graph import html_of

    with pytest.raises(ValueError, match=r"fold = 'all' must be one of none, neurons, layers, auto"):
        html_of(worked(), fold="all")


def test_a_bare_page_has_the_graph_and_the_step_alone(opened):
    page = opened(worked(), "step=7&bare")
    assert page.now == ["∂f/∂v = ∂f/∂u · y = 0.5 · 4 = 2"]
    assert page.texts("#head, #side, #bar") == []
    assert page.texts("#formula") != []
    width, height = page.js("const b = document.querySelector('#cards').getBoundingClientRect(); return [b.width, b.height]")
    assert width > SCREEN[0] / 2 or height > SCREEN[1] / 2


def test_a_dark_link_and_a_projector_link(opened):
    page = opened(worked(), "step=7&dark&projector")
    assert page.js("return [document.documentElement.dataset.theme, document.documentElement.className]") == ["dark", "projector"]
    assert page.texts("#side") == []
    assert "dark" in page.hash
    assert "projector" in page.hash
    assert page.card(ids(worked())["v"])["gradient"] == "∂ +2"
