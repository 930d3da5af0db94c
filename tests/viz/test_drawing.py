"""Pictures of a graph: what is drawn, in which forms, how large graphs fold, and what is said where nothing can be drawn."""

import html
import io
import os
import re
import shutil
import sys

import pytest
import rich.console
from IPython.core.formatters import DisplayFormatter

import viz.render
from engine import TABLE, StaleGraphError, Value, fsum, grad, latex, parse, steps, tanh
from engine.derivatives import local_derivative
from engine.graph import names, topological_order
from nn import MLP
from viz import NoRenderer, draw, draw_steps, page, tree
from viz.drawing import stretch
from viz.folding import READABLE
from viz.pages.javascript import NATIVE

HOSTILE = ["<script>alert(1)</script>", '"', "'", "&", "a < b", "</script>", "two\nlines", "a]b", "-->", "\\", r"\N", "x;y", "%%"]


def worked():
    """The worked example: f = u/z with u = v·y and v = x², at x = 3, y = 4, z = 2."""
    return parse("v = x**2; u = v*y; f = u/z", x=3, y=4, z=2)


def swept():
    f = worked()
    f.backward()
    return f


def cost():
    """The quadratic cost of a 2-16-16-1 network at one example."""
    model = MLP(2, [16, 16, 1], activation="tanh", seed=0)
    return (model([0.5, -0.3]) - 1.0) ** 2 / 2


def words_in(svg):
    """The texts of an SVG, as a reader sees them."""
    return [html.unescape(word) for word in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def box(drawing, name):
    """The box with this name."""
    return next(box for box in drawing.picture.boxes if box.lines[0] == name)


# --- what is drawn ---

def test_the_worked_example_has_six_values_and_three_operations():
    drawing = draw(worked())
    assert [box.lines[0] for box in drawing.picture.boxes] == ["x", "v", "y", "u", "z", "f"]
    assert [circle.text for circle in drawing.picture.circles] == ["²", "·", "/"]
    assert drawing.dot.count("shape=box") == 6
    assert drawing.dot.count("shape=circle") == 3
    assert repr(drawing) == "Drawing(6 values, 3 operations)"


def test_a_box_reads_name_then_value_then_gradient():
    drawing = draw(swept())
    assert {box.lines: box.gradient for box in drawing.picture.boxes} == {
        ("x", "3"): "∂ 12", ("v", "9"): "∂ 2", ("y", "4"): "∂ 4.5", ("u", "36"): "∂ 0.5", ("z", "2"): "∂ -9", ("f", "18"): "∂ 1",
    }  # fmt: skip
    words = words_in(drawing.svg())
    assert words[:3] == ["x", "3", "∂ 12"]  # from top to bottom
    assert words.count("∂ -9") == 1


def test_before_a_sweep_a_gradient_is_not_computed_and_no_false_0_is_shown():
    drawing = draw(worked())
    assert {box.gradient for box in drawing.picture.boxes} == {"not computed"}
    assert drawing.dot.count("not computed") == 6
    assert not re.search(r"∂\s*0\b", drawing.dot)


def test_a_gradient_of_0_that_was_computed_is_a_0():
    x = Value(0.0, "x")
    f = x**2
    f.backward()
    assert box(draw(f), "x").gradient == "∂ 0"


def test_each_arrow_into_an_operation_has_its_local_derivative():
    f = worked()
    order = topological_order(f)
    arrows = {(arrow.tail, arrow.head): arrow.text for arrow in draw(f).picture.arrows if arrow.head.endswith("op")}
    for i, node in enumerate(order):
        for position, operand in enumerate(node.operands):
            slope = local_derivative(node, position, names(order))
            words = arrows[f"n{order.index(operand)}", f"n{i}op"]
            assert words[0] == "×" and float(words[1:]) == slope
    assert len(arrows) == 5


def test_gradients_slopes_and_digits_are_options():
    plain = draw(swept(), gradients=False, slopes=False)
    assert "∂" not in plain.dot
    assert {arrow.text for arrow in plain.picture.arrows} == {""}
    third = parse("x/3", x=1)
    assert [box(draw(third, digits=n), "f").lines[1] for n in (2, 4, 8)] == ["0.33", "0.3333", "0.33333333"]


def test_a_slope_that_does_not_exist_is_called_undefined():
    arrows = draw(parse("sqrt(x)", x=0)).picture.arrows
    assert [arrow.text for arrow in arrows] == ["undefined", ""]


def test_a_square_written_as_a_product_has_two_arrows_from_one_box():
    drawing = draw(parse("x*x", x=3))
    arrows = [(arrow.tail, arrow.head, arrow.text) for arrow in drawing.picture.arrows]
    assert arrows[:2] == [("n0", "n1op", "×3")] * 2
    assert drawing.dot.count("n0 -> n1op") == 2


def test_a_constant_is_a_small_box_with_its_number_and_no_gradient():
    f = parse("3*x", x=2)
    f.backward()
    constant = next(box for box in draw(f).picture.boxes if box.kind == "constant")
    assert (constant.lines, constant.gradient) == (("3",), "")


def test_flow_makes_an_arrow_as_thick_as_the_gradient_that_passes():
    f = parse("a*x + b*y", a=100, x=1, b=1, y=1)
    f.backward()
    widths = [float(width) for width in re.findall(r"->.*penwidth=([\d.]+)", draw(f, flow=True).dot)]
    assert max(widths) == 5.5
    assert min(widths) < 1
    assert not re.search("->.*penwidth", draw(f).dot)


def test_the_same_graph_gives_the_same_dot():
    assert draw(swept()).dot == draw(swept()).dot
    assert draw(cost()).dot == draw(cost()).dot
    assert draw(cost(), fold="none").mermaid == draw(cost(), fold="none").mermaid


def test_drawing_changes_nothing():
    f = worked()
    draw(f).svg()
    assert not any(node.has_grad for node in topological_order(f))


@pytest.mark.parametrize("draw_it", [draw, tree, lambda f: draw_steps(f, "never")], ids=["draw", "tree", "draw_steps"])
def test_a_stale_graph_is_refused_with_the_engines_sentence(draw_it):
    f = worked()
    f.inputs["x"].data = 5
    with pytest.raises(StaleGraphError) as engines:
        steps(f)
    with pytest.raises(StaleGraphError, match="x was changed from 3 to 5 after f was computed") as ours:
        draw_it(f)
    assert str(ours.value) == str(engines.value)


def test_a_graph_of_second_derivatives_draws():
    x, y = Value(2, "x"), Value(3, "y")
    slope = grad(tanh(x * y) + x**3, x, create_graph=True)
    curvature = grad(slope, x, create_graph=True)
    for output in (slope, curvature):
        drawing = draw(output, fold="none")
        assert len(drawing.picture.boxes) == len(topological_order(output))
        assert drawing.svg().count('class="node"') == len(drawing.picture.boxes) + len(drawing.picture.circles)


def test_an_input_alone_is_one_box():
    assert repr(draw(Value(3, "x"))) == "Drawing(1 values, 0 operations)"


# --- labels are text ---

@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_is_shown_as_it_is_in_svg(label):
    svg = draw(Value(2, label) * Value(5, "y")).svg()
    assert words_in(svg).count(label.replace("\n", " ")) == 1
    assert "<script" not in svg


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_cannot_leave_its_quotes_in_mermaid(label):
    text = draw(Value(2, label) * Value(5, "y")).mermaid
    line = next(line for line in text.splitlines() if line.startswith("    n0["))
    inside = re.fullmatch(r'    n0\["([^"]*)"\]', line)[1]
    shown = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), inside.split("<br>")[0])
    assert shown == label.replace("\n", " ")


def test_no_row_of_a_label_in_dot_holds_markup_of_the_users():
    dot = draw(Value(2, "<script>") * Value(5, '"]; evil [')).dot
    assert "<script>" not in dot
    assert "&lt;script&gt;" in dot
    assert '"]; evil' not in dot


# --- files ---

STARTS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph", "gv": b"digraph", "mmd": b"flowchart LR"}


@pytest.mark.parametrize(("form", "start"), STARTS.items())
def test_a_file_has_the_form_that_its_name_ends_with(form, start, tmp_path):
    path = draw(worked()).save(tmp_path / f"graph.{form}")
    assert path.read_bytes().startswith(start)
    assert [each.name for each in tmp_path.iterdir()] == [f"graph.{form}"]


@pytest.mark.parametrize("name", ["graph.jpeg", "graph"])
def test_a_name_that_tells_no_form_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=rf"^{name} does not name a format: end it with \.svg, .* or \.mmd\.$"):
        draw(worked()).save(tmp_path / name)
    assert not any(tmp_path.iterdir())


def test_in_a_notebook_a_drawing_shows_itself():
    drawing = draw(worked())
    assert drawing._repr_svg_() == drawing.svg()
    assert drawing._repr_markdown_() is None


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = draw(worked()).save(tmp_path / "graph.svg")
    before = path.read_bytes()
    monkeypatch.setattr("viz.drawing.render", lambda dot, form: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        draw(swept()).save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


# --- with and without Graphviz ---

@pytest.fixture
def no_pygraphviz(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)  # importing it now raises an ImportError


def test_where_nothing_can_draw_the_message_names_the_one_command_that_helps(no_pygraphviz, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda command: None)
    drawing = draw(worked())
    for ask in (drawing.svg, drawing.png, drawing.pdf, lambda: drawing.save(tmp_path / "graph.png")):
        with pytest.raises(NoRenderer, match=r'run  pip install "pygraphviz>=2"'):
            ask()
    assert not any(tmp_path.iterdir())


def test_the_text_forms_need_no_graphviz(no_pygraphviz, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda command: None)
    assert draw(worked()).save(tmp_path / "graph.dot").stat().st_size > 0
    assert draw(worked()).save(tmp_path / "graph.mmd").stat().st_size > 0


def test_a_notebook_without_graphviz_gets_the_drawing_in_mermaid(no_pygraphviz, monkeypatch):
    """As a code block of its own, in which no label can end it."""
    monkeypatch.setattr(shutil, "which", lambda command: None)
    drawing = draw(Value(1.0, "```\n```") * 2)
    data, _ = DisplayFormatter().format(drawing)
    assert set(data) == {"text/plain", "text/markdown"}
    first, *lines, last = data["text/markdown"].splitlines()
    assert (first, last) == ("```mermaid", "```")
    assert lines == drawing.mermaid.splitlines()
    assert not any("```" in line for line in lines)


def test_in_a_browser_there_is_nothing_to_install_and_the_message_names_the_forms_that_work(no_pygraphviz, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(shutil, "which", lambda command: None)
    with pytest.raises(NoRenderer, match=r"^Graphviz, .* the svg, does not run in a browser\. Save the graph as \.mmd or \.dot"):
        draw(worked()).save(tmp_path / "graph.svg")
    assert not any(tmp_path.iterdir())


def program(folder, body):
    """A `dot` of our own."""
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_without_the_wheel_dot_on_the_path_is_used(no_pygraphviz, monkeypatch, tmp_path):
    program(tmp_path, 'echo "$1"; cat')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert draw(worked()).svg() == f"-Tsvg\n{draw(worked()).dot}"


def test_what_dot_complains_about_is_passed_on(no_pygraphviz, monkeypatch, tmp_path):
    program(tmp_path, "echo out of memory >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(RuntimeError, match=r"dot could not draw this graph: out of memory"):
        draw(worked()).svg()


def test_drawing_says_nothing_on_standard_error(capfd):
    for ask in (draw(worked()).svg, draw(worked()).png, draw(worked()).pdf):
        ask()
    assert capfd.readouterr() == ("", "")


def test_standard_error_is_the_users_again_after_a_failure(capfd):
    with pytest.raises(ZeroDivisionError), viz.render.quiet_stderr():
        os.write(2, b"aside")  # as a library in C writes: to the file, past sys.stderr
        1 / 0  # noqa: B018
    print("heard", file=sys.stderr, flush=True)
    assert capfd.readouterr().err == "heard\n"


# --- large graphs ---

def test_the_cost_of_a_network_folds_by_itself_until_it_fits_a_screen():
    drawing = draw(cost())
    assert len(drawing.picture.boxes) + len(drawing.picture.circles) <= READABLE
    assert re.fullmatch(r"\d+ nodes and operations: folded into layers; draw\(..., fold='none'\) shows them all", drawing.note)
    assert drawing.note in words_in(drawing.svg())
    titles = [box.lines[0] for box in drawing.picture.boxes if box.kind == "fold"]
    assert titles == ["layer 1", "layer 2", "n33"]


def test_a_neuron_is_one_box_with_its_activation_and_value():
    output = cost()
    folds = [box for box in draw(output, fold="neurons").picture.boxes if box.kind == "fold"]
    assert len(folds) == 16 + 16 + 1
    assert folds[0].lines[:2] == ("n1", "= tanh(Σ w·x + b)")
    assert -1 < float(folds[0].lines[2]) < 1


def test_without_folding_every_value_has_its_box():
    output = cost()
    drawing = draw(output, fold="none")
    assert len(drawing.picture.boxes) == len(topological_order(output))
    assert drawing.note == ""


def test_a_graph_that_fits_is_not_folded():
    assert draw(worked()).note == ""
    assert not any(box.kind == "fold" for box in draw(worked()).picture.boxes)


def test_folding_reads_the_structure_and_no_class():
    w = [Value(0.1 * i, f"w{i}") for i in range(3)]
    x = [Value(1.0 + i, f"x{i}") for i in range(3)]
    by_hand = tanh(w[0] * x[0] + w[1] * x[1] + w[2] * x[2])
    by_fsum = tanh(fsum([a * b for a, b in zip(w, x)]))
    for output in (by_hand, by_fsum):
        assert repr(draw(output, fold="neurons")) == "Drawing(4 values, 0 operations)"


@pytest.mark.parametrize("fold", ["none", "neurons", "layers", "auto"])
def test_every_arrow_joins_two_things_that_are_drawn(fold):
    painted = draw(cost(), fold=fold).picture
    drawn = {thing.id for thing in (*painted.boxes, *painted.circles)}
    ends = {end for arrow in painted.arrows for end in (arrow.tail, arrow.head)}
    assert ends <= drawn
    assert len(drawn) == len(painted.boxes) + len(painted.circles)


def test_graphviz_is_told_to_hurry_where_arrows_reach_far():
    """An input read at 40 depths took Graphviz a minute, and with these settings less than a second."""
    x = total = Value(0.5, "x")
    for _ in range(40):
        total = total * x + 1
    assert "nslimit" in draw(total, fold="none").dot and "mclimit" in draw(total, fold="none").dot
    assert "nslimit" not in draw(cost()).dot and "nslimit" not in draw(worked()).dot


@pytest.mark.parametrize(("text", "columns"), [
    ("x*x", 3),  # two arrows into the product, one out of it
    ("x**2*y/z", 8),  # y and z stand just before their operations
    ("(x**2)**2 + x", 11),  # six arrows between neighbours, and one that passes two operations and two values
])  # fmt: skip
def test_how_far_arrows_reach_is_counted_in_columns(text, columns):
    assert stretch(draw(parse(text, **{name: 2 for name in "xyz" if name in text})).picture) == columns


def test_an_unknown_fold_is_refused():
    with pytest.raises(ValueError, match="fold = 'all' must be one of none, neurons, layers, auto"):
        draw(worked(), fold="all")


# --- the tree for terminals ---

def lines(output, capsys):
    rich.print(tree(output))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_the_tree_goes_from_the_output_down_to_its_inputs(capsys):
    assert lines(swept(), capsys) == [
        "f = u/z = 18   ∂ 1",
        "├── u = v·y = 36   ∂ 0.5",
        "│   ├── v = x² = 9   ∂ 2",
        "│   │   └── x = 3   ∂ 12",
        "│   └── y = 4   ∂ 4.5",
        "└── z = 2   ∂ -9",
    ]


def test_a_shared_node_is_drawn_once_and_named_after_that(capsys):
    shown = lines(parse("u = x + 1; f = u*u", x=2), capsys)
    assert shown[0] == "f = u·u = 9   ∂ not computed"
    assert sum("u = x + 1 = 3" in line for line in shown) == 1
    assert shown[-1] == "└── u (above)"


def test_a_label_in_square_brackets_is_no_style_of_the_terminal(capsys):
    assert lines(Value(3, "[red]x[/red]"), capsys) == ["[red]x[/red] = 3   ∂ not computed"]


def test_a_tree_too_long_to_read_is_refused():
    total = Value(0.0, "x")
    for _ in range(2001):
        total = -total
    with pytest.raises(ValueError, match=r"more than 2000 nodes; draw\(output\) folds"):
        tree(total)


def test_the_deepest_tree_that_is_drawn_prints(capsys):
    total = Value(1.0, "x")
    for _ in range(1500):
        total = -total
    rich.console.Console(width=8000).print(tree(total))
    assert capsys.readouterr().out.splitlines()[-1].strip() == "└── x = 1   ∂ not computed"


# --- half of a surrogate pair, which no encoding has: the sign U+FFFD stands for it ---

@pytest.mark.parametrize("label", ["\ud800", "a\udfffb", "\ude00\ud83d"], ids=ascii)
def test_a_label_that_cannot_be_encoded_spoils_no_picture(label, tmp_path):
    f = tanh(parse("x", x=2) * Value(3.0, label)) + 1
    f.label = f"f{label}"
    f.backward()
    drawing = draw(f)
    readable = re.sub("[\ud800-\udfff]", "\ufffd", f.label)
    assert readable in drawing.dot and readable in drawing.svg()
    assert f"#{0xFFFD};" in drawing.mermaid
    for form in ("svg", "png", "pdf", "dot", "mmd"):
        assert drawing.save(tmp_path / f"picture.{form}").stat().st_size > 0
    assert readable in (tmp_path / "picture.dot").read_text(encoding="utf-8")
    written = page(f, tmp_path / "page.html").read_text(encoding="utf-8")
    assert readable in written and "\\ud8" not in written and "\\udf" not in written
    assert len(draw_steps(f, tmp_path / "steps")) > 5
    draw_steps(f, tmp_path / "steps.pdf")
    out = io.StringIO()
    rich.console.Console(file=out).print(tree(f))
    for text in (latex(f), drawing.dot, drawing.mermaid, out.getvalue()):
        assert text.encode()
    assert f.label == f"f{label}"  # the Value itself keeps what it was given


# --- the page's words ---

def test_every_native_row_has_its_words_in_javascript():
    assert {row.name for row in TABLE.values() if row.native} <= NATIVE.keys()
