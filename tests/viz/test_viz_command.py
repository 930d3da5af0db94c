"""python -m viz: which file each command line writes, and how it answers mistakes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine import Value, parse, steps
from viz import page
from viz.command import main

ROOT = Path(__file__).parents[2]
WORKED = ["x**2*y/z", "x=3", "y=4", "z=2"]
STARTS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph", "gv": b"digraph", "mmd": b"flowchart LR",
          "html": b"<!doctype html>"}  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(here):
    return sorted(path.name for path in here.iterdir())


# --- what is written ---

def test_alone_it_writes_the_page_of_the_worked_example_here_and_prints_its_path(here, capsys):
    assert main([]) == 0
    assert capsys.readouterr() == ("chain-rule.html\n", "")
    assert written(here) == ["chain-rule.html"]


@pytest.mark.parametrize(("form", "start"), STARTS.items())
def test_the_form_is_the_one_that_the_name_ends_with(form, start, here, capsys):
    assert main([*WORKED, "-o", f"graph.{form}"]) == 0
    assert capsys.readouterr() == (f"graph.{form}\n", "")
    assert (here / f"graph.{form}").read_bytes().startswith(start)
    assert written(here) == [f"graph.{form}"]


def test_gradients_are_drawn_unless_they_are_not_wanted(here):
    main([*WORKED, "-o", "with.mmd"])
    main([*WORKED, "--no-gradients", "-o", "without.mmd"])
    assert "∂ 12" in Path("with.mmd").read_text()
    assert "not computed" not in Path("with.mmd").read_text()
    without = Path("without.mmd").read_text()
    assert "∂" not in without
    assert "not computed" not in without


def test_the_steps_are_pages_or_the_files_of_a_folder(here, capsys):
    count = len(steps(parse("v = x**2; u = v*y; u/z", x=3, y=4, z=2)))
    assert main([*WORKED, "--steps"]) == 0
    assert main([*WORKED, "--steps", "-o", "frames"]) == 0
    assert capsys.readouterr().out == "chain-rule.pdf\nframes\n"
    assert len(re.findall(rb"/Type /Page\b", Path("chain-rule.pdf").read_bytes())) == count
    assert written(here / "frames") == [f"{i:02d}.svg" for i in range(1, count + 1)]


def test_slides_come_without_their_answers_on_request(here):
    assert main([*WORKED, "--steps", "--no-answers", "-o", "questions"]) == 0
    assert all(">?<" in path.read_text(encoding="utf-8") for path in (here / "questions").iterdir())


def test_a_png_is_as_sharp_as_it_is_told(here):
    assert main([*WORKED, "-o", "one.png"]) == main([*WORKED, "--scale", "2", "-o", "two.png"]) == 0
    one, two = (int.from_bytes(Path(name).read_bytes()[16:20], "big") for name in ("one.png", "two.png"))
    assert two == pytest.approx(2 * one, rel=0.01)


def test_a_large_graph_folds_as_it_is_told(here, capsys):
    neuron = " + ".join(f"w{i}*x{i}" for i in range(30))
    numbers = [f"{name}{i}=0.1" for i in range(30) for name in "wx"]
    assert main([f"tanh({neuron})", *numbers, "-o", "graph.mmd"]) == 0
    note, path = capsys.readouterr().out.splitlines()
    assert "folded into neurons" in note
    assert path == "graph.mmd"
    assert main([f"tanh({neuron})", *numbers, "--fold", "none", "-o", "all.mmd"]) == 0
    assert capsys.readouterr().out == "all.mmd\n"
    assert Path("all.mmd").read_text().count("\n") > 3 * Path("graph.mmd").read_text().count("\n")


def test_a_negative_expression_and_a_late_option_are_understood(here):
    assert main(["-x", "-o", "graph.mmd", "x=3", "--no-gradients"]) == 0
    assert "<br>3" in Path("graph.mmd").read_text()


def test_an_existing_file_is_replaced(here):
    Path("graph.dot").write_text("old")
    assert main([*WORKED, "-o", "graph.dot"]) == 0
    assert Path("graph.dot").read_text().startswith("digraph")


def test_the_file_is_shown_on_request(here, monkeypatch):
    shown = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    assert main([*WORKED, "-o", "graph.svg", "--open"]) == 0
    assert shown == [(here / "graph.svg").as_uri()]


def test_a_saved_network_is_drawn(here, capsys):
    pytest.importorskip("viz.plots.network")
    from nn import MLP, save

    save(MLP(2, [3, 1], seed=0), "m.safetensors")
    assert main(["network", "m.safetensors", "-o", "net.svg"]) == 0
    assert capsys.readouterr().out == "net.svg\n"
    assert Path("net.svg").read_text().startswith("<?xml")


def test_without_a_file_it_writes_the_page_of_a_network_that_learns(here, capsys):
    assert main(["network"]) == 0
    assert capsys.readouterr().out == "network.html\n"
    assert "Content-Security-Policy" in Path("network.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("output", ["sigmoid", "tanh", "linear"])
def test_the_page_begins_with_the_weights_of_a_saved_network(output, here):
    from nn import MLP, save

    model = MLP(2, [3, 1], "relu", output=output, seed=0)
    save(model, "m.safetensors")
    assert main(["network", "m.safetensors", "-o", "net.html"]) == 0
    assert str(model.layers[0].neurons[0].w[0].data) in Path("net.html").read_text(encoding="utf-8")


def test_the_module_runs_as_a_command(here):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "viz", "x*x", "x=3", "-o", "graph.svg"],
        cwd=here, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "graph.svg\n", "")


# --- mistakes ---

MISTAKES = {
    "an unknown form": ([*WORKED, "-o", "graph.jpeg"], r"graph\.jpeg does not name a format: .*\.html"),
    "no form": ([*WORKED, "-o", "graph"], "graph does not name a format"),
    "a folder that is not there": ([*WORKED, "-o", "nowhere/graph.svg"], r"Cannot write \S*nowhere/graph\.svg: No such file"),
    "a page in a folder that is not there": ([*WORKED, "-o", "nowhere/graph.html"], r"nowhere/graph\.html: No such file"),
    "steps into a folder of a folder that is not there": ([*WORKED, "--steps", "-o", "nowhere/frames"], "nowhere/frames"),
    "steps as a picture": ([*WORKED, "--steps", "-o", "graph.png"], "the slides of the steps go into a .pdf, or into a folder"),
    "a bad expression": (["x**2*+/z", "x=3"], "column"),
    "a missing value": (["x*y", "x=3"], "y has no value; add y=2"),
    "a value to spare": (["x*2", "x=3", "q=1"], "does not use q"),
    "no number": (["x*2", "x=three"], "x=three is not a number"),
    "no variables": (["2+3"], r"2\+3 has no variables, so there is no graph to draw"),
    "an undefined value": (["x/z", "x=1", "z=0", "-o", "graph.svg"], "divides by zero: x = 1, z = 0"),
    "an undefined slope": (["sqrt(x)", "x=0", "-o", "graph.svg"], "does not exist"),
    "undefined steps": (["sqrt(x)", "x=0", "--steps", "-o", "frames"], "does not exist"),
    "no scale": ([*WORKED, "--scale", "0", "-o", "graph.png"], "scale = 0.0 must be a number above 0"),
    "an unknown fold": ([*WORKED, "--fold", "all"], "invalid choice: 'all'"),
    "an unknown option": ([*WORKED, "--colour"], "unrecognized arguments: --colour"),
    "two networks": (["network", "a.safetensors", "b.safetensors"], "network takes the file of one saved network"),
    "a network that is not there": (["network", "m.safetensors"], "m.safetensors"),
    "a network in no form": (["network", "m.safetensors", "-o", "net.dot"], "end it with .html, .svg, .png or .pdf"),
    "a network that the page cannot show": (["network", "wide.safetensors", "-o", "net.html"], "must have two inputs"),
    "a folder in the way": ([*WORKED, "-o", "folder.svg"], r"Cannot write \S*folder\.svg: Is a directory"),
    "a very long expression": (["x+" * 5000 + "*", "x=1"], "column"),
}


@pytest.mark.parametrize(("words", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_gets_a_few_plain_lines_and_leaves_nothing_behind(words, sentence, here, capsys):
    if "folder.svg" in words:
        Path("folder.svg").mkdir()
    if "wide.safetensors" in words:
        from nn import MLP, save

        save(MLP(3, [1], seed=0), "wide.safetensors")
    before = written(here)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(sentence, err)
    assert 1 <= len(err.splitlines()) <= 4
    assert "Traceback" not in err
    assert max(map(len, err.splitlines())) <= 300
    assert written(here) == before


def test_a_failure_leaves_the_old_file_as_it_was(here, capsys):
    main([*WORKED, "-o", "graph.svg"])
    before = Path("graph.svg").read_bytes()
    assert main(["x/z", "x=1", "z=0", "-o", "graph.svg"]) == 2
    assert Path("graph.svg").read_bytes() == before
    assert written(here) == ["graph.svg"]


def test_where_nothing_can_draw_the_command_says_what_to_install(here, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr("shutil.which", lambda command: None)
    assert main([*WORKED, "-o", "graph.svg"]) == 2
    assert 'pip install "pygraphviz>=2"' in capsys.readouterr().err
    assert main([*WORKED, "--steps", "-o", "frames"]) == 2
    assert written(here) == []


def test_the_page_needs_nothing_to_draw_with(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr("shutil.which", lambda command: None)
    assert main([*WORKED, "-o", "graph.html"]) == 0


@pytest.mark.parametrize("fold", ["none", "neurons", "layers"])
def test_the_page_opens_folded_as_it_was_asked_for(fold, here):
    sums = "h1 = tanh(w1*x + w2*y); h2 = tanh(w3*x + w4*y); w5*h1 + w6*h2"
    assert main([sums, "x=1", "y=2", *(f"w{i}=0.{i}" for i in range(1, 7)), "--fold", fold, "-o", "net.html"]) == 0
    groups = json.loads(re.search(r"const GROUPS = (.*);", Path("net.html").read_text(encoding="utf-8"))[1])
    shown = {"none": {"layer", "neuron"}, "neurons": {"layer"}, "layers": set()}
    assert {group["kind"] for group in groups if group["open"]} == shown[fold]
    assert {group["kind"] for group in groups} == {"layer", "neuron"}


def test_a_page_of_more_nodes_than_a_browser_takes_is_refused():
    x = Value(1.0, "x")
    for _ in range(20_001):
        x = x + 1.0
    with pytest.raises(ValueError, match=r"up to 20000 nodes.*one example's cost"):
        page(x, "large.html")


@pytest.mark.parametrize(("words", "said"), [
    (["--scale", "3", "-o", "x.svg"], "--scale says nothing about x.svg: it is for a .png"),
    (["--no-answers", "-o", "x.html"], "--no-answers says nothing about x.html: it is for --steps"),
    (["--no-gradients", "-o", "x.html"], "--no-gradients says nothing about x.html: it is for a picture"),
    (["--steps", "--fold", "layers", "-o", "x.pdf"], "--fold says nothing about x.pdf: slides show every node"),
])  # fmt: skip
def test_an_option_that_would_do_nothing_is_refused(words, said, here, capsys):
    assert main([*WORKED, *words]) == 2
    assert said in capsys.readouterr().err
    assert main(["network", "--fold", "layers", "-o", "n.html"]) == 2
    assert "network takes -o FILE" in capsys.readouterr().err
    assert written(here) == []
