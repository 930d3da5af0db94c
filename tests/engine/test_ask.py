"""python -m engine ... --ask: the conversation, at a terminal, in a pipe, to its end or not."""

import io
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from engine import parse
from engine.command.ask import ask, questions
from engine.command.main import main, report
from engine.command.terminal import UsageError
from engine.graph import Graph
from engine.say.explain import board
from engine.say.layout import Page

ROOT = Path(__file__).parents[2]
WORKED = ["v = x**2; u = v*y; u/z", "x=3", "y=4", "z=2"]
RIGHT = ["9", "36", "18", "0.5", "-9", "2", "4.5", "12"]


def conversation(*answers, words=WORKED, page=None, wrt=None):
    """What is said, as one text, if these lines are typed and then the input ends."""
    lines = iter(answers)
    graph = Graph(parse(words[0], **{word[0]: float(word[2:]) for word in words[1:]}))
    return "\n".join(ask(graph, wrt, page or Page(80), lambda: next(lines, None)))


def after(said, question):
    """What is said under a question, until the next."""
    return said.split(f"{question}\n", 1)[1].split("\n\n", 1)[0]


def test_the_page_shows_what_is_said():
    """Between the lines of the command stand those that were typed: what is neither indented nor a sentence."""
    page = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    shown = page.split("## Being asked", 1)[1].split("```\n", 2)[1].rstrip("\n")
    typed = iter([line for line in shown.split("\n") if re.fullmatch(r"[-\d/]+|show", line)])
    graph = Graph(parse(WORKED[0], x=3, y=4, z=2))
    said = []

    def read():
        said.append(next(typed))
        return said[-1]

    for line in ask(graph, [graph.output.inputs["z"]], Page(80), read):
        said.append(line)
    assert "\n".join(said) == shown


def test_it_asks_for_the_numbers_of_the_board_in_its_order():
    graph = Graph(parse(WORKED[0], x=3, y=4, z=2))
    asked = [question.text.partition(" = ")[0] for question in questions(graph, None)]
    assert asked == ["v", "u", "f", "∂f/∂u", "∂f/∂z", "∂f/∂v", "∂f/∂y", "∂f/∂x"]
    shown = [line.split(" = ")[0].strip() for line in board(graph, None, Page(80)) if line.startswith("  ")]
    assert [name for name in shown if name != "∂f/∂f"] == asked


def test_where_paths_meet_only_the_sum_is_asked_for():
    graph = Graph(parse("x*y + x**2", x=3, y=4))
    asked = [question.text for question in questions(graph, None)]
    assert asked.count("∂f/∂x = ?") == 1


def test_all_right():
    said = conversation(*RIGHT)
    assert "8 of 8 points: 8 right at once, 0 with help." in said
    assert said.count("Right: ") == 8 and "Not yet" not in said


def test_a_wrong_answer_gets_a_hint_then_the_hole_then_the_step():
    said = conversation(*RIGHT[:7], "1.1", "1.3", "1.7")
    lines = [line.strip() for line in after(said, "8 of 8: ∂f/∂x = ?").split("\n")]
    assert lines[0] == "Not yet."
    assert lines[1].startswith("Which nodes lie between the two?")
    assert lines[-2] == "∂f/∂x = ∂f/∂v · ∂v/∂x = 2 · ?"
    assert lines[-1] == "∂f/∂x = ∂f/∂v · 2x = 2 · 2·3 = 12"
    assert "7 of 8 points: 7 right at once, 0 with help." in said


def test_a_hint_does_not_say_that_the_sign_alone_is_wrong():
    said = after(conversation(*RIGHT[:4], "9", "9"), "5 of 8: ∂f/∂z = ?")
    first, second = said.split("Everything but the sign is right.")
    assert "sign" not in first and "-9" not in first
    assert "∂f/∂z = ∂f/∂f · ∂f/∂z = 1 · ?" in second and "-9" not in second


def test_a_slip_is_said_with_the_first_wrong_answer():
    words = ["v = x**2; u = v*y; u/z", "x=1.73", "y=2.39", "z=0.94"]
    said = conversation("", "", "", "", "", "", "", "5.0851", words=words)
    assert "This is what one gets if only the exponent is left of the power." in said
    assert "What has become of the base?" in said


def test_with_help_is_half_a_point():
    said = conversation("8", "9", *RIGHT[1:])
    assert "7.5 of 8 points: 7 right at once, 1 with help." in said


def test_one_early_error_is_not_punished_at_every_later_step():
    """v = 10 instead of 9, and all that follows from it worked out rightly; Enter leaves the answer standing."""
    said = conversation("10", "", "40", "20", "0.5", "-10", "2", "5", "12")
    assert "Right, given your v = 10." in said
    assert "7 of 8 points:" in said and "(4 of them given an earlier answer)" in said


def test_a_wrong_gradient_is_followed_too():
    said = conversation(*RIGHT[:5], "3", "", "4.5", "18")
    assert after(said, "8 of 8: ∂f/∂x = ?").strip() == "Right, given your ∂f/∂v = 3."


@pytest.mark.parametrize("word", ["show", "s", "show me", "SHOW", " s "])
def test_the_step_is_always_to_be_had(word):
    said = conversation(word, "36")
    assert "v = x² = 3² = 9" in after(said, "1 of 8: v = x² = ?")
    assert "1 of 8 points: 1 right at once, 0 with help, 6 not asked." in " ".join(said.split())


@pytest.mark.parametrize("word", ["q", "Q", "quit", "exit"])
def test_one_can_leave(word):
    said = " ".join(conversation("9", word, "36").split())
    assert said.endswith("1 of 8 points: 1 right at once, 0 with help, 7 not asked.")


def test_the_end_of_the_input_is_no_error():
    assert " ".join(conversation().split()).endswith("0 of 8 points: 0 right at once, 0 with help, 8 not asked.")


def test_what_is_no_number_is_asked_again_and_costs_nothing():
    said = conversation("nine", "9,0", "9", *RIGHT[1:])
    assert "'nine' is not a number such as -9, -36/4 or 4.5" in said
    assert "write a point: 9.0" in said
    assert "8 of 8 points: 8 right at once, 0 with help." in said


def test_any_form_is_taken():
    said = conversation("3²", "9*4", "36/2", "1/2", "-36/4", "0.5·4", "9/2", "4*3")
    assert "8 of 8 points" in said


def test_some_derivatives_only(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("9\n36\n18\n0.5\n4.5\n"))
    assert main([*WORKED, "--ask", "--wrt", "y"]) == 0
    said = capsys.readouterr().out
    assert "5 of 5 points" in said and "∂f/∂x" not in said and "∂f/∂z" not in said


@pytest.mark.parametrize("width", [40, 60])
def test_it_fits_a_narrow_terminal(width):
    said = conversation("7", "7", "7", "9", "9", "9", "q", page=Page(width))
    assert max(map(len, said.split("\n"))) <= width


def test_it_is_said_in_ascii_where_there_is_nothing_else():
    said = conversation(*RIGHT[:4], "9", "9", "9", page=Page(80, ascii=True))
    assert said.isascii() and "df/dz = df/df * df/dz = 1 * ?" in said


def test_unlabelled_nodes_keep_their_names_in_every_question():
    said = conversation("9", "1", "1", "1", words=["x**2*y/z", "x=3", "y=4", "z=2"])
    assert "v2 = v1·y = 9·4 = ?" in said


def test_the_same_node_twice_is_no_trouble():
    said = conversation("9", "27", "q", words=["x*x*x", "x=3"])
    assert said.count("Right: ") == 2


def test_it_goes_with_nothing_that_prints_the_answers():
    for option in ("--json", "--latex", "--check", "--quiet"):
        with pytest.raises(UsageError, match="do not go together"):
            report([*WORKED, "--ask", option], 80, False)


def test_without_an_expression_it_asks_for_the_worked_example(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("q\n"))
    assert main(["--ask"]) == 0
    assert "1 of 8: v = x² = ?" in capsys.readouterr().out


def run(*words, typed):
    """The command with a pipe for its input."""
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-m", "engine", *words], cwd=ROOT, env=environment, input=typed, capture_output=True,
                          timeout=60, check=False)  # fmt: skip


def test_a_pipe_works():
    done = run(*WORKED, "--ask", typed="\n".join(RIGHT).encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert "8 of 8 points" in done.stdout.decode()


def test_bytes_that_are_no_text_are_no_answer():
    done = run(*WORKED, "--ask", typed=b"\xff\xfe\n9\nq\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "is not a number" in done.stdout.decode() and "Right: v = 9." in done.stdout.decode()


def test_a_closed_input_is_an_end():
    command = f"{sys.executable} -m engine --ask <&-"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"8 not asked" in done.stdout


def test_a_terminal_works():
    """Each question appears before its answer is typed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "engine", *WORKED, "--ask"]
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", "TERM": "dumb"}
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        seen = b""
        try:
            for awaited, answer in ((b"1 of 8: v", b"9\n"), (b"2 of 8: u", b"q\n"), (b"points", b"")):
                while awaited not in seen:
                    assert select.select([ours], [], [], 60)[0], seen  # nothing more is said
                    seen += os.read(ours, 4096)
                os.write(ours, answer)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
    os.close(theirs)
    os.close(ours)
