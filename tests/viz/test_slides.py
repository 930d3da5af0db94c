"""Slides: one for each step, numbered, with the same layout; vectors whose text is text; with the answers or without."""

import html
import re
import zlib

import pytest

from engine import Value, parse, sigmoid, steps
from engine.graph import Graph
from engine.say.colours import LIGHT
from viz import draw_steps
from viz.frames import formula, frames
from viz.slides import Slides


def worked():
    return parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)


def words_in(svg):
    """The texts of an SVG as a reader sees them; a formula's letters, which are set one by one, are joined."""
    found = re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>|\s+(?=<)", "", text)).strip() for text in found]


def slides(output, folder, **options):
    return [file.read_text(encoding="utf-8") for file in draw_steps(output, folder, **options)]


def streams(pdf):
    """What a PDF's pages draw, decompressed."""
    found = []
    for data in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(data))
        except zlib.error:
            found.append(data)
    return found


# --- files ---

def test_the_steps_are_the_pages_of_a_pdf_that_holds_no_image(tmp_path):
    path = tmp_path / "steps.pdf"
    assert draw_steps(worked(), path) == [path]
    pdf = path.read_bytes()
    assert len(re.findall(rb"/Type /Page\b", pdf)) == len(steps(worked()))
    assert not re.search(rb"/Subtype\s*/Image", pdf)
    assert rb"/FontFile2" in pdf and rb"/ToUnicode" in pdf  # the fonts are embedded, and text can be selected
    assert any(b" Tj" in page or b" TJ" in page for page in streams(pdf))


def test_the_steps_are_the_files_of_a_folder_counted_from_1(tmp_path):
    files = draw_steps(worked(), tmp_path / "steps")
    count = len(steps(worked()))
    assert [file.name for file in files] == [f"{i:02d}.svg" for i in range(1, count + 1)]
    for number, file in enumerate(files, 1):
        svg = file.read_text(encoding="utf-8")
        assert f"{number} of {count}" in words_in(svg)
        assert "<image" not in svg


def test_the_same_graph_gives_the_same_slides(tmp_path):
    assert slides(worked(), tmp_path / "a") == slides(worked(), tmp_path / "b")


@pytest.mark.parametrize("name", ["steps.png", "steps.html"])
def test_slides_have_no_other_form(name, tmp_path):
    with pytest.raises(ValueError, match=rf"{name}: the slides of the steps go into a \.pdf, or into a folder of SVGs\."):
        draw_steps(worked(), tmp_path / name)


def test_more_slides_than_anyone_looks_through_are_refused(tmp_path):
    total = Value(1.0, "x")
    for _ in range(301):
        total = -total
    with pytest.raises(ValueError, match="more than 300 nodes"):
        draw_steps(total, tmp_path / "steps")
    assert not any(tmp_path.iterdir())


# --- what is on them ---

def test_values_appear_going_forward_and_gradients_going_back(tmp_path):
    first, seed, *_, last = slides(parse("x*x", x=3), tmp_path)
    assert {"3", "9"} <= set(words_in(first)) and not any("∂" in word for word in words_in(first))
    assert "∂ 1" in words_in(seed)
    assert "∂ 3" not in words_in(seed) and "∂ 6" not in words_in(seed)  # what is not known yet is not shown
    assert "∂ 6" in words_in(last)


def test_a_local_derivative_stays_once_its_edge_was_passed(tmp_path):
    shown = [{word for word in words_in(svg) if word.startswith("×")} for svg in slides(worked(), tmp_path)]
    assert shown == [set()] * 4 + [
        {"×0.5"}, {"×0.5", "×-9"}, {"×0.5", "×-9", "×4"}, {"×0.5", "×-9", "×4", "×9"}, {"×0.5", "×-9", "×4", "×9", "×6"},
    ]  # fmt: skip


def test_every_slide_has_one_sentence_that_does_not_give_the_result_away(tmp_path):
    output = worked()
    for frame in frames(Graph(output)):
        assert frame.sentence.count(".") == 1 and frame.sentence.endswith(".")
        assert not re.search(r"\d", frame.sentence)
    assert [frame.sentence for frame in frames(Graph(output))][:2] == [
        "Forward: v is computed from x.", "Forward: u is computed from v and y.",
    ]  # fmt: skip


def test_nothing_jumps_from_slide_to_slide(tmp_path):
    """Each name stands at one place in all of them, and so do the three operations."""
    for name in ("x", "y", "z", "v", "u", "f", "²", "/"):
        places = {tuple(re.findall(rf'x="([-\d.]+)" y="([-\d.]+)"[^>]*>{name}<', svg)[:1])
                  for svg in slides(worked(), tmp_path, answers="both")}  # fmt: skip
        assert len(places) == 1 and places != {()}


def test_a_gradient_s_arrow_points_back(tmp_path):
    """The heads of lit arrows: a triangle's first corner is its tip, and on the way from u to v that is left of its base."""
    svg = slides(worked(), tmp_path)[6]
    x = r"([-\d.]+) [-\d.]+ \n"
    heads = re.findall(rf'<path d="M {x}L {x}L {x}z\n"[^>]*fill: {LIGHT["gradient"]}', svg)
    assert len(heads) == 2
    for tip, *base in heads:
        assert all(float(tip) < float(x) for x in base)


def test_a_formula_is_set_with_fractions():
    shown = [formula(step)[0] for step in steps(parse("v = x**2; f = v*y", x=3, y=4))]
    assert shown == [
        "$v = x^{2} = 3^{2} =$",
        r"$f = v \cdot y = 9 \cdot 4 =$",
        r"$\dfrac{\partial f}{\partial f} =$",
        r"$\dfrac{\partial f}{\partial v} = \dfrac{\partial f}{\partial f} \cdot y = 1 \cdot 4 =$",
        r"$\dfrac{\partial f}{\partial y} = \dfrac{\partial f}{\partial f} \cdot v = 1 \cdot 9 =$",
        r"$\dfrac{\partial f}{\partial x} = \dfrac{\partial f}{\partial v} \cdot 2 x = 4 \cdot 2 \cdot 3 =$",
    ]


NAMES = ["$x$", "a_b^c", r"\frac", "a & b", "1 < 2", "ш", "\u4e2d", "\ud800", "two\nlines", "h1_1", "%"]


@pytest.mark.parametrize("label", NAMES, ids=ascii)
def test_any_name_can_stand_on_a_slide(label, tmp_path):
    f = Value(2.0, label) * Value(3.0, "y")
    shown = [words_in(svg) for svg in slides(f, tmp_path / "steps")]
    name = Graph(f).names[f.operands[0]]
    assert all(name in words for words in shown)
    draw_steps(f, tmp_path / "steps.pdf")


# --- questions ---

def test_without_answers_the_result_of_each_step_is_a_box_to_be_filled(tmp_path):
    shown = slides(worked(), tmp_path, answers=False)
    assert all("?" in words_in(svg) for svg in shown)
    first, second = map(words_in, shown[:2])
    assert "9" not in first and "9" in second  # v = 9 is asked for, and then known
    assert "∂ ?" in words_in(shown[4]) and "∂ 0.5" not in words_in(shown[4])


def test_with_both_each_step_is_asked_and_then_answered(tmp_path):
    files = draw_steps(worked(), tmp_path, answers="both")
    count = len(steps(worked()))
    assert [file.name for file in files] == [f"{i:02d}{letter}.svg" for i in range(1, count + 1) for letter in "ab"]
    asked, answered = (words_in(file.read_text(encoding="utf-8")) for file in files[:2])
    assert "?" in asked and "9" not in asked
    assert "?" not in answered and "9" in answered


def test_where_paths_meet_what_has_arrived_is_kept(tmp_path):
    f = parse("u = x*y; f = u + x", x=3, y=4)
    x = f.inputs["x"]
    place = Graph(f).order.index(x)
    seen = [frame.gradients.get(place) for frame in frames(Graph(f), "both") if frame.gradients.get(place)]
    assert seen[0] == "?" and "1" in seen and "1 + ?" in seen and seen[-1] == "5"


def test_another_choice_of_answers_is_refused(tmp_path):
    with pytest.raises(ValueError, match='answers = \'none\' must be True, False or "both"'):
        draw_steps(worked(), tmp_path, answers="none")


def test_slides_of_a_neuron_fit_their_boxes(tmp_path):
    """No text is wider than its box: at 0.62 of the size of its type a letter, the widest font in use."""
    f = sigmoid(Value(0.123456, "weight") * Value(-7.654321, "x") + Value(1e-7, "b"))
    pictured = Slides(Graph(f), list(frames(Graph(f), True, 6)))
    for i, (width, _) in pictured.layout.boxes.items():
        texts = [frame.values.get(i, "") for frame in pictured.frames] + [frame.gradients.get(i, "") for frame in pictured.frames]
        assert max(len(text) for text in texts) * 12 * 0.62 < width
