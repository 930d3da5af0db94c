"""A page is alone in the world and trusts no label: labels are text, and nothing is ever asked for."""

import re

import pytest
from page_graphs import GRAPHS, ids, network, worked

from engine import Value
from viz.pages.graph import html_of

HOSTILE = ["<script>alert(1)</script>", '"', "'", "&amp;", "two\nlines", "</script>", "</title>", "<!--", "{{rows}}", "\\", r"\N",
           "\u2028", "${x}", " ", "<img src=x onerror=alert(1)>", "</math><b>", "\ue0000\ue001"]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_is_shown_as_text(label, opened):
    output = Value(2, label) * Value(5, "y")
    label = next(iter(ids(output)))  # its name: the label, but for line breaks, and v1 if it is blank
    page = opened(output)
    drawn = page.card("n0")["name"]
    assert drawn in (label, f"{label[:23]}…")
    assert page.card("n0")["value"] == "2"
    assert page.in_field("y") == "5"
    assert page.in_field(label) == "2"
    page.go(1)
    assert f"= {label}·y = 2·5 = 10" in page.text("#now")
    assert label.replace(" ", "\u00a0") in page.text("#formula") or label == "v1"
    assert page.js("return document.scripts.length") == 1
    assert page.js("return document.querySelectorAll('img, b:not(#way), math script').length") == 0
    assert page.js("return document.title").startswith("The chain rule of v")
    page.go(page.last)
    assert page.card("n0")["gradient"] == "∂ +5"


def test_the_outputs_label_is_text_in_the_title_too(opened):
    output = Value(2, "x") * 3
    output.label = "</title><script>alert(1)</script>"
    page = opened(output)
    assert page.js("return document.title") == f"The chain rule of {output.label}"
    assert output.label in page.text("h1")


def test_the_names_of_a_network_are_text_where_it_is_folded(opened):
    x, y = Value(1, "<i>x</i>"), Value(2, "y&z")
    neuron = (Value(0.5, "<b>") * x + Value(0.25, "w2") * y + Value(0.1, "b")).sigmoid()
    neuron.label = "</script><h1>"
    page = opened(neuron * 2, fold="neurons")
    assert page.js("return document.querySelectorAll('i, h1').length") == 1  # the headline
    page.click("folds")
    assert page.js("return document.querySelectorAll('i, h1').length") == 1
    assert page.js("return [...document.querySelectorAll('.tab')].map(tab => tab.textContent)") == [f"{neuron.label}: close"]


def test_the_file_names_no_address_and_forbids_itself_all_requests():
    text = html_of(worked())
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names of XML, which nobody fetches
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)[1]
    assert policy.startswith("default-src 'none';")
    assert text.index("Content-Security-Policy") < text.index("<style")


def test_the_policy_holds_in_the_browser(opened, driver):
    page = opened(worked())
    blocked = page.js("return fetch('http://127.0.0.1:9/').then(() => 'fetched', error => error.name)")
    assert blocked == "TypeError"
    messages = driver.get_log("browser")  # read here, so that the fixture finds none
    assert any("Content Security Policy" in entry["message"] for entry in messages)


@pytest.mark.parametrize("build", [*GRAPHS.values(), lambda: network(2, 2, 1)], ids=[*GRAPHS, "a network"])
def test_the_same_graph_gives_the_same_page(build):
    assert html_of(build()) == html_of(build())


def test_no_part_of_the_skeleton_is_left_empty():
    assert "{{" not in html_of(worked())


def test_a_slider_drawn_to_and_fro_leaves_no_message_and_the_right_step(opened):
    page = opened(worked())
    page.js("const s = document.querySelector('#scrub');"
            "for (let n = 0; n < 500; n++) { s.value = n % 97 / 10; s.dispatchEvent(new Event('input')); }")  # fmt: skip
    page.go(7)
    assert page.step == 7  # the fixture looks at the console
