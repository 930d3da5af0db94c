"""The steps of a page, in a real browser: moving through them, what each says, and what is lit and known meanwhile."""

import pytest
from page_graphs import GRAPHS, ids, worked

from engine import parse, steps
from engine.say.notation import show

each_graph = pytest.mark.parametrize("build", GRAPHS.values(), ids=GRAPHS)
LINES = "return document.querySelector('#now').textContent"


def lines(output):
    """The engine's steps as the page writes them, without the sums."""
    found = []
    for step in [step for step in steps(output) if step.kind != "sum"]:
        left, equals = step.quantity, " = "
        if step.expected > 1:
            left, equals = f"{left} by way of {next(s.name for s in steps(output) if s.node is step.via)}:", " "
        whole = f"{left}{equals}{step.formula} = {step.numbers} = {show(step.result)}"
        found.append(whole if step.kind != "seed" else f"{left} = 1")
    return found


def test_buttons_keys_slider_and_list_move_through_the_steps(opened):
    from selenium.webdriver.common.keys import Keys

    page = opened(worked())
    assert (page.step, page.last) == (0, 9)
    seen = []
    for move in (
        lambda: page.click("next"), lambda: page.click("next"), lambda: page.click("back"), lambda: page.click("last"),
        lambda: page.click("next"), lambda: page.click("first"), lambda: page.click("back"), lambda: page.press(Keys.ARROW_RIGHT),
        lambda: page.press(Keys.ARROW_RIGHT), lambda: page.press(Keys.ARROW_LEFT), lambda: page.press(Keys.END),
        lambda: page.press(Keys.HOME), lambda: page.go(7), lambda: page.find("#steps li:nth-child(4)").click(),
    ):  # fmt: skip
        move()
        page.wait()
        seen.append(page.step)
    assert seen == [1, 2, 1, 9, 9, 0, 0, 1, 2, 1, 9, 0, 7, 4]


def test_step_seven_is_the_seventh_entry_of_the_list(opened):
    page = opened(worked())
    for number in range(1, 10):
        page.find(f"#steps li:nth-child({number})").click()
        page.wait()
        assert page.text("#count") == f"step {number} of 9"
        assert page.texts("#steps [aria-current]") == page.now
    assert page.js("return document.querySelectorAll('#steps li').length") == 9


def test_arrow_keys_in_a_field_move_the_cursor_and_not_the_step(opened):
    from selenium.webdriver.common.keys import Keys

    page = opened(worked())
    page.field("x").send_keys(Keys.ARROW_RIGHT, Keys.END)
    page.wait()
    assert page.step == 0


def test_play_goes_to_the_end_by_itself_and_can_be_stopped(opened):
    from selenium.webdriver.support.ui import WebDriverWait

    page = opened(worked(), "step=7")
    page.choose("speed", "4")
    page.press(" ")
    assert page.text("#play-word") == "pause"
    page.press(" ")
    assert page.text("#play-word") == "play"
    stopped = page.js("return state.time")
    assert 7 < stopped < 9
    page.wait()
    assert page.js("return state.time") == stopped
    page.click("play")
    WebDriverWait(page.driver, 20).until(lambda _: page.text("#play-word") == "play")
    assert page.js("return state.time") == 9


def test_next_shows_a_step_as_it_happens_and_once_more_is_the_step_after(opened):
    page = opened(worked(), media=())
    page.click("next")
    assert 0 < page.js("return state.time") < 1
    page.click("next")
    assert 1 <= page.js("return state.time") < 2
    page.click("back")
    assert page.js("return state.time") == 1


@each_graph
def test_every_step_reads_like_the_engines(build, opened):
    output = build()
    page = opened(output, fold="none")
    expected = lines(output)
    assert page.last == len(expected)
    assert [shown.split("\n")[0] for shown in page.walk(LINES, first=1)] == expected


@each_graph
def test_the_formula_that_is_seen_has_the_numbers_of_the_line_that_is_heard(build, opened):
    """MathML and text come from the same row by two ways: the numbers in both are the same, in the same order."""
    page = opened(build(), fold="none")
    formula = "return [document.querySelector('#now').textContent, document.querySelector('#formula').textContent]"
    for text, math in page.walk(formula, first=1):
        result = text.split("\n")[0].rsplit(" = ", 1)[1]
        if "e" not in result:  # a power of ten is set with a raised exponent
            assert f"={result.replace('-', '−')}" in math


@pytest.mark.parametrize("name", ["a saturated sigmoid", "a saturated tanh"])
def test_where_the_textbooks_formula_loses_the_digits_the_computed_form_is_shown_too(name, opened):
    output = GRAPHS[name]()
    page = opened(output, fold="none")
    found = [step for step in steps(output) if step.kind != "sum"]
    remarks = [(number, step.computed) for number, step in enumerate(found, 1) if step.computed]
    assert remarks
    for number, computed in remarks:
        page.go(number)
        assert computed in page.text("#sentence")


def test_where_paths_meet_the_sum_grows(opened):
    page = opened(GRAPHS["three paths"]())
    assert [line for text in page.walk(LINES) for line in text.split("\n") if line.startswith("so far")] == [
        "so far 0.333333 + 6 = 6.33333 (2 of 3 paths: add)",
        "so far 0.333333 + 6 + 6 = 12.3333 (3 of 3 paths: add)",
    ]


def test_on_the_card_the_sum_grows_too(opened):
    output = GRAPHS["three paths"]()
    page = opened(output)
    parts = "return ['gradient', 'sum'].map(part => document.querySelector(`#${arguments[0]} .${part}`).textContent)"
    cards = page.walk(parts, ids(output)["x"])
    seen = list(dict.fromkeys(map(tuple, cards)))
    assert seen == [("", ""), ("∂ +0.3333", "+0.333  …"), ("∂ +6.333", "+0.333  +6  …"), ("∂ +12.33", "+0.333  +6  +6")]


def test_the_cards_whose_numbers_are_used_are_lit(opened):
    output = worked()
    at = ids(output)
    page = opened(output)
    page.go(2)  # u = v·y
    assert page.lit() == {at["u"], at["v"], at["y"]}
    page.go(9)  # ∂f/∂x by way of v
    assert page.lit() == {at["v"], at["x"]}
    assert page.texts(".chip.lit") == ["×6"]


def test_a_product_of_a_number_with_itself_has_two_arrows_and_lights_one_after_the_other(opened):
    page = opened(parse("x*x", x=3))
    lit = "return [...document.querySelectorAll('.edge')].map(edge => edge.matches('.backward'))"
    assert page.walk(lit)[3:] == [[True, False], [False, True]]


def test_a_number_stands_in_the_graph_from_its_step_on(opened):
    output = worked()
    v = ids(output)["v"]
    page = opened(output)
    assert page.card(v) == {"name": "v", "sign": "x²"}
    page.go(1)
    assert page.card(v) == {"name": "v", "sign": "x²", "value": "9"}
    page.go(page.last)
    assert page.card(v) == {"name": "v", "sign": "x²", "value": "9", "gradient": "∂ +2"}
    page.go(0)
    assert page.card(v) == {"name": "v", "sign": "x²"}


def test_the_last_state_shows_every_value_gradient_and_local_derivative(opened):
    page = opened(worked(), "step=9")
    cards = page.js("return [...document.querySelectorAll('.card')].map(card => ['name', 'value', 'gradient']"
                    ".map(part => card.querySelector('.' + part).textContent).join(' '))")  # fmt: skip
    assert sorted(cards) == ["f 18 ∂ +1", "u 36 ∂ +0.5", "v 9 ∂ +2", "x 3 ∂ +12", "y 4 ∂ +4.5", "z 2 ∂ −9"]
    assert sorted(page.chips()) == ["×0.5", "×4", "×6", "×9", "×−9"]


@each_graph
def test_what_comes_later_has_no_result_anywhere(build, opened):
    """At each step: later rows of the list name their subject alone, and cards and chips show only what is there."""
    output = build()
    page = opened(output, fold="none")
    expected = lines(output)
    found = page.walk("return [[...document.querySelectorAll('#steps li:not(.group) > span')].map(row => row.textContent), "
                      "document.querySelectorAll('.chip:not([display=none])').length]")  # fmt: skip
    for step, (rows, chips) in enumerate(found):
        for number, (row, line) in enumerate(zip(rows, expected), 1):
            if number <= step:
                assert row.split("; ")[0] == line
            else:
                assert line.startswith(row)
                assert "=" not in row
        assert chips <= max(0, sum(" · " in line for line in expected[:step]))


def test_a_sentence_says_each_step_in_words_and_says_nothing_twice(opened):
    page = opened(worked())
    sentences = page.walk("return document.querySelector('#sentence').textContent")
    assert sentences[5] == "If u grows a little, f grows 0.5 times as much."
    assert sentences[6] == "If z grows a little, f falls 9 times as much."
    assert sentences[7] == "If v grows a little, u grows 4 times as much, and f grows 2 times as much this way."


def test_the_headline_has_the_expression(opened):
    assert opened(worked()).text("h1").replace(" ", "") == "f=x2⋅yz"


@pytest.mark.parametrize("way", ["click", "keyboard"])
def test_a_card_tells_its_story(way, opened):
    output = GRAPHS["three paths"]()
    page = opened(output)
    card = page.find(f"#{ids(output)['x']}")
    if way == "click":
        card.click()
    else:
        page.js("arguments[0].focus()", card)
        page.press("\n")
    page.go(page.last)
    told = page.texts("#story p")
    assert told[0] == "x = 3, given"
    assert told[-1].endswith("so far 0.333333 + 6 + 6 = 12.3333 (3 of 3 paths: add)")


def test_a_story_does_not_tell_what_comes_later(opened):
    output = GRAPHS["three paths"]()
    page = opened(output)
    page.find(f"#{ids(output)['x']}").click()
    page.wait()
    assert not any("12.3333" in line or "= 6" in line for line in page.texts("#story p"))


def test_every_card_can_be_reached_by_the_keyboard(opened):
    page = opened(worked())
    reachable = page.js("return [...document.querySelectorAll('.card[tabindex=\"0\"]')].map(card => card.id)")
    assert set(ids(worked()).values()) <= set(reachable)
