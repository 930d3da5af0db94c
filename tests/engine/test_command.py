"""python -m engine: what it prints, in which signs and widths, and how it answers mistakes."""

import json
import math
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine import TABLE, as_text, hessian, parse, to_data
from engine.command.main import main, report
from engine.command.terminal import UsageError
from engine.command.words import GROUPS, vocabulary
from engine.primitive import UndefinedError
from engine.say.layout import Page

ROOT = Path(__file__).parents[2]
WORKED = ["x**2*y/z", "x=3", "y=4", "z=2"]

EXAMPLE = """\
f = x²·y/z   at   x = 3, y = 4, z = 2

Forward: each value from the ones above it
  v = x²  = 3²   = 9
  u = v·y = 9·4  = 36
  f = u/z = 36/2 = 18

Backward: the derivative that arrives, times the local derivative
  ∂f/∂f                   = 1
  ∂f/∂u = ∂f/∂f · 1/z     = 1 · 1/2      = 0.5
  ∂f/∂z = ∂f/∂f · (-u/z²) = 1 · (-36/2²) = -9
  ∂f/∂v = ∂f/∂u · y       = 0.5 · 4      = 2
  ∂f/∂y = ∂f/∂u · v       = 0.5 · 9      = 4.5
  ∂f/∂x = ∂f/∂v · 2x      = 2 · 2·3      = 12

Gradient   chain rule   central difference (h = 1e-05)
  ∂f/∂x            12                               12   agree
  ∂f/∂y           4.5                              4.5   agree
  ∂f/∂z            -9                               -9   agree

Read it: raise z by 0.01 and f changes by about
  -9 · 0.01 = -0.09 (exactly -0.0896).
Your turn:  python -m engine "x*x*y/z" x=3 y=4 z=2     now x has two paths
Picture:    python -m viz "x**2*y/z" x=3 y=4 z=2 -o graph.svg
"""


def run(*words, python=(), cwd=ROOT, **environment):
    """The command as a user starts it; the output as text."""
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(
        [sys.executable, *python, "-m", "engine", *words],
        cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip


@pytest.fixture
def answer(capsys):
    """The command in this process: its output."""

    def call(*words):
        status = main(list(words))
        out, err = capsys.readouterr()
        assert (status, err) == (0, "")
        return out

    return call


@pytest.fixture
def complaint(capsys):
    """The command in this process, given something it cannot answer: its lines on standard error."""

    def call(*words):
        status = main(list(words))
        out, err = capsys.readouterr()
        assert (status, out) == (2, "")
        return err.splitlines()

    return call


# --- the worked example ---

def test_without_arguments_it_shows_the_worked_example():
    shown = run()
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == EXAMPLE


def test_it_runs_from_a_bare_copy_with_nothing_but_the_standard_library(tmp_path):
    shutil.copytree(ROOT / "engine", tmp_path / "engine", ignore=shutil.ignore_patterns("__pycache__", "compiler"))
    shown = run(python=["-S", "-E", "-X", "utf8"], cwd=tmp_path)  # -S: no installed package can be imported
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == EXAMPLE


def test_a_terminal_without_the_signs_gets_ascii():
    shown = run(PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.isascii()
    assert "  df/dz = df/df * (-u/z**2) = 1 * (-36/2**2) = -9\n" in shown.stdout
    assert "  v = x**2 = 3**2 = 9\n" in shown.stdout


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("words", [[], WORKED, ["sigmoid(x) + gelu(x)**3", "x=1"], ["tanh(x)", "x=20"],
                                   ["alpha*x**2", "alpha=0.123456789", "x=1e-7"]], ids=" ".join)  # fmt: skip
def test_it_fits_the_terminal(words, width):
    assert max(map(len, report(words, width, False))) <= width


def test_a_terminal_of_60_columns_is_noticed():
    terminal, its_end = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", "COLUMNS": "60"}
    with subprocess.Popen([sys.executable, "-m", "engine"], cwd=ROOT, env=environment, stdout=its_end) as process:
        os.close(its_end)
        shown = b""
        while chunk := _read(terminal):
            shown += chunk
    os.close(terminal)
    assert process.returncode == 0
    assert shown.decode().replace("\r\n", "\n").splitlines() == report([], 60, False)


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_a_pipe_that_is_closed_early_is_no_error():
    script = f'"{sys.executable}" -m engine "x**2" x=3 --json | head -n 1; echo "${{PIPESTATUS[0]}}"'
    shown = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (shown.stdout.splitlines(), shown.stderr) == (["{", "0"], "")


def test_there_is_no_colour_in_a_pipe():
    assert "\x1b" not in run(*WORKED).stdout


# --- any expression ---

def test_an_expression_gets_the_names_of_the_rule(answer):
    assert answer("x*x*y/z", "x=3", "y=4", "z=2").splitlines()[2:6] == [
        "Forward: each value from the ones above it",
        "  v1 = x·x  = 3·3  = 9",
        "  v2 = v1·y = 9·4  = 36",
        "  f  = v2/z = 36/2 = 18",
    ]


@pytest.mark.parametrize(("words", "lines"), [
    (["-x**2", "x=3"], ["∂f/∂x = -6"]),  # begins with a minus, and is no option
    (["-x", "x=-3"], ["∂f/∂x = -1"]),
    (["x*y", "x=1/3", "y=pi/2"], ["∂f/∂x = 1.5708", "∂f/∂y = 0.333333"]),
    (["x*y", "x=1/3", "y=2", "--digits", "9"], ["∂f/∂x = 2", "∂f/∂y = 0.333333333"]),
    (["x*y", "x=1e-3", "y=-2**2"], ["∂f/∂x = -4", "∂f/∂y = 0.001"]),
    (["x**2*y/z", "x=3", "y=4", "z=2", "--wrt", "z,x"], ["∂f/∂z = -9", "∂f/∂x = 12"]),
    (["v = x**2; u = v*y; u/z", "x=3", "y=4", "z=2", "--wrt", "u"], ["∂f/∂u = 0.5"]),
    (["cost = (w*x - t)**2", "w=2", "x=3", "t=5"], ["∂cost/∂w = 6", "∂cost/∂x = 4", "∂cost/∂t = -2"]),
    (["e*x", "x=2", "e=3"], ["∂f/∂e = 2", "∂f/∂x = 3"]),  # the user's e, not Euler's
    (["--", "-x", "x=1"], ["∂f/∂x = -1"]),
])  # fmt: skip
def test_quiet_gives_the_gradient_only(answer, words, lines):
    assert answer("--quiet", *words).splitlines() == lines


def test_wrt_keeps_what_leads_there(answer):
    shown = answer(*WORKED, "--wrt", "x,y")
    assert "∂f/∂x" in shown
    assert "∂f/∂z" not in shown


def test_check_shows_both_derivatives_side_by_side(answer):
    assert answer(*WORKED, "--check").splitlines() == EXAMPLE.splitlines()[15:19]


def test_check_says_where_there_is_no_derivative(answer):
    header, row = answer("relu(x)", "x=0", "--check").splitlines()  # and no third line: that it cannot tell says less
    assert header and row.endswith("not differentiable here")


@pytest.mark.parametrize(("words", "width", "table"), [
    (["abs(x-y)", "x=1", "y=1.000001"], 80, [
        "Gradient   chain rule   central difference (h = 1e-07)",
        "  ∂f/∂x            -1                               -1   agree",
        "  ∂f/∂y             1                                1   agree",
    ]),
    (["x*y", "x=3", "y=4000"], 80, [  # each has a step of its own
        "Gradient   chain rule   central difference   h",
        "  ∂f/∂x          4000                 4000   1e-05   agree",
        "  ∂f/∂y             3                    3    0.01   agree",
    ]),
    (["x*y", "x=3", "y=4"], 71, [
        "Gradient   chain rule   difference   h",
        "  ∂f/∂x             4            4   1e-05   agree",
        "  ∂f/∂y             3            3   1e-05   agree",
    ]),
    (["sin(x)", "x=1e17"], 80, [
        "Gradient   chain rule   central difference (h = 1e+12)",
        "  ∂f/∂x     -0.885557                      5.41287e-13   cannot tell",
        "Cannot tell ∂f/∂x: lost in rounding.",
    ]),
    (["x**1.5", "x=0"], 80, [
        "Gradient   chain rule   central difference   h",
        "  ∂f/∂x             0   none                     cannot tell",
        "Cannot tell ∂f/∂x: undefined nearby.",
    ]),
], ids=["near a corner", "two steps", "narrow", "lost", "no neighbours"])  # fmt: skip
def test_check_shows_the_step_and_says_where_it_cannot_tell(words, width, table):
    assert report([*words, "--check"], width, False) == table


def test_check_says_where_a_rule_is_wrong(monkeypatch):
    monkeypatch.setattr(TABLE["exp"], "derivatives", (lambda r, x: 2.0 * r,))
    assert report(["exp(x)", "x=0", "--check"], 80, False)[1].split() == ["∂f/∂x", "2", "1", "DISAGREE"]


def test_hessian_is_a_table_of_second_derivatives(answer):
    assert answer(*WORKED, "--hessian").splitlines() == [
        "Second derivatives: first by the row's variable, then by the column's",
        "          ∂/∂x   ∂/∂y    ∂/∂z",
        "  ∂f/∂x      4       3      -6",
        "  ∂f/∂y      3       0   -2.25",
        "  ∂f/∂z     -6   -2.25       9",
    ]
    f = parse("x**2*y/z", x=3, y=4, z=2)
    assert hessian(f, list(f.inputs.values()))[2] == [-6.0, -2.25, 9.0]


def test_paths_are_multiplied_along_and_added_over(answer):
    assert answer("x*x*y/z", "x=3", "y=4", "z=2", "--paths", "x").splitlines() == [
        "Paths from x to f: multiply along each, add over all",
        "  x → v1 → v2 → f   3 · 4 · 0.5   = 6",
        "  x → v1 → v2 → f   3 · 4 · 0.5   = 6",
        "  ∂f/∂x = 6 + 6 = 12",
    ]


def test_paths_beyond_number_are_counted(answer):
    doubling = "v0 = x*1; " + "; ".join(f"v{i} = v{i - 1} + v{i - 1}" for i in range(1, 101))
    assert answer(doubling, "x=1", "--paths", "x") == (
        f"{2**100} paths lead from x to v100, too many to list; ∂v100/∂x = {2.0**100:.6g}.\n"
    )


PROGRAM = """\
parameters: x (1), y (1), z (1)

v1 = x²
v2 = v1·y
f = v2/z

∂f/∂v2 = 1/z
∂f/∂v1 = ∂f/∂v2·y

∂f/∂x = 2·∂f/∂v1·x
∂f/∂y = ∂f/∂v2·v1
∂f/∂z = -f/z

at x = 3, y = 4, z = 2: f = 18, ∂f/∂x = 12, ∂f/∂y = 4.5, ∂f/∂z = -9
"""


def test_the_program_of_an_expression_is_shown_with_every_step_by_its_name(answer):
    shown = answer(*WORKED, "--program")
    assert shown.startswith(PROGRAM)
    text = shown[len(PROGRAM) :].strip()
    space = {}
    exec(text, space)  # the text runs
    import numpy as np

    gradient = np.zeros(3)
    assert space["build"](1, np.array([3.0, 4.0, 2.0]), gradient, [])(1.0) == (18.0,)
    assert gradient.tolist() == [12.0, 4.5, -9.0]


@pytest.mark.parametrize("expression", [
    "x", "-x", "x+x", "2", "x*x", "logsumexp(x, 2, x)", "gelu(x)**3", "relu(0*x)", "maximum(x, 1)",
])  # fmt: skip
def test_every_expression_that_is_understood_has_a_program(answer, expression):
    shown = answer(expression, *(["x=3"] if expression != "2" else []), "--program")
    assert "∂x = " in shown or "no variables" in shown


def test_a_program_needs_no_numbers_but_an_expression_that_exists_somewhere(answer):
    assert answer("x**2*y/z", "--program").startswith(PROGRAM.partition("at x")[0])
    assert answer("log(x - 3)", "--program").startswith("parameters: x (1)")
    with pytest.raises(UndefinedError, match="Any v2 > 0 works"):
        report(["log(-1 - x**2)", "--program"], 80, ascii=False)


def test_where_a_derivative_does_not_exist_the_program_says_it_as_the_engine_does():
    with pytest.raises(UndefinedError, match="The derivative of f = sqrt"):
        report(["sqrt(x)", "x=0", "--program"], 80, ascii=False)


def test_the_program_goes_with_no_other_form(answer):
    for other in (["--latex"], ["--json"], ["--quiet"], ["--check"], ["--wrt", "x"]):
        with pytest.raises(UsageError, match="do not go together"):
            report([*WORKED, "--program", *other], 80, ascii=False)


def test_latex_and_json_are_for_other_programs(answer):
    shown = answer(*WORKED, "--latex").splitlines()
    assert (shown[0], shown[-1]) == (r"\begin{align*}", r"\end{align*}")
    assert json.loads(answer(*WORKED, "--json")) == to_data(parse("x**2*y/z", x=3, y=4, z=2))


def test_an_expression_without_variables_has_a_value_and_no_derivatives(answer):
    assert answer("2 + 3").splitlines() == [
        "2 + 3 = 5", "It has no variables, so there is nothing to differentiate by."]  # fmt: skip


def test_a_number_alone_is_data_for_other_programs_too(answer):
    data = json.loads(answer("2 + 3", "--json"))
    assert (data["output"], data["nodes"][0]["value"], data["gradient"], data["steps"][0]["kind"]) == ("5", 5.0, {}, "seed")
    assert answer("2/1e20", "--latex") == "\\begin{align*}\nf &= 2 \\cdot 10^{-20}\n\\end{align*}\n"


def test_a_graph_of_constants_has_a_value_and_no_derivatives(answer):
    product = "v = constant(2)*constant(3)"
    assert answer(product).splitlines()[0] == "v = constant(2)*constant(3) = 6"
    assert json.loads(answer(product, "--json"))["nodes"][-1]["value"] == 6.0
    assert r"v &= 2 \cdot 3" in answer(product, "--latex")


@pytest.mark.parametrize(("words", "read"), [
    (["(w*x - y)**2", "w=2", "x=3", "y=5"], "raise w by"),  # not the target y, although the cost falls with it
    (["(y - w*x)**2", "w=1", "x=3", "y=5"], "raise w by"),
    (["0.5*(a - y)**2", "a=1.1", "y=1"], "raise a by"),
    (["0.5*(t - a)**2", "a=1.1", "t=1"], "raise a by"),
    (["a - b", "a=3", "b=5"], "raise b by"),  # nothing but sides of a difference: the one that makes it fall
    (["v = w*x; (v - y)**2", "w=2", "x=3", "y=5", "--wrt", "y"], "raise y by"),  # asked for
])  # fmt: skip
def test_what_is_read_out_is_a_leaf_that_one_would_change(answer, words, read):
    assert read in answer(*words)


@pytest.mark.parametrize(("words", "read"), [
    (["abs(x-y)", "x=1", "y=1.000001"], "raise x by 1e-06 and f changes by about -1 · 1e-06 = -1e-06 (exactly -1e-06)."),
    (["x**2", "x=0.001"], "raise x by 0.0001 and f changes by about 0.002 · 0.0001 = 2e-07 (exactly 2.1e-07)."),
    (["sqrt(1-x)", "x=0.995"], "raise x by 0.0001 and"),  # 0.01 further on it is undefined
])  # fmt: skip
def test_the_nudge_is_small_enough_for_the_derivative_to_tell_the_change(answer, words, read):
    assert read in " ".join(answer(*words).split())


def test_e_is_printed_by_its_name_in_its_power_and_in_the_derivative(answer):
    said = answer("e**x", "x=2")
    assert said.startswith("f = e**x   at   x = 2\n") and "∂f/∂x = ∂f/∂f · f·log(e)" in said
    assert "2.718" not in said and "2.718" not in answer("e**x", "x=2", "--latex")


def test_the_text_of_a_graph_can_be_given_to_the_command(answer):
    text = as_text(parse("x**2*y/z", x=3, y=4, z=2))
    assert answer(text, "--quiet").splitlines() == ["∂f/∂x = 12", "∂f/∂y = 4.5", "∂f/∂z = -9"]


def test_what_is_printed_can_be_typed_in_ascii_too():
    shown = run("x²·y/√z", "x=3", "y=4", "z=2", PYTHONIOENCODING="ascii").stdout
    headline = shown.partition("   at")[0].removeprefix("f = ")
    assert headline == "x**2*y/sqrt(z)"
    assert run(headline, "x=3", "y=4", "z=2", PYTHONIOENCODING="ascii").stdout.splitlines()[:-1] == shown.splitlines()[:-1]


def test_a_name_in_greek_is_spelled_out_in_ascii():
    shown = run("θ² + |Φ| + (x ≥ 1)", "θ=3", "Φ=2", "x=5", "--quiet", PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stdout) == (0, "df/dtheta = 6\ndf/dPhi = 1\ndf/dx = 0\n")
    assert run("θ≥1", "θ=3", PYTHONIOENCODING="ascii").returncode == 0


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert all(option in shown for option in
               ["--wrt", "--check", "--hessian", "--paths", "--latex", "--json", "--digits", "--quiet", "--program"])  # fmt: skip


def test_help_lists_what_can_be_typed_and_all_of_it_can_be():
    """Each entry is given to the parser with numbers at which everything exists, and computes what Python's math does."""
    lines = vocabulary(Page(80))
    entries = [entry for line in lines if line.startswith("    ") for entry in line.strip().split("   ")]
    ways = [way.replace(", ...", ", 3") for entry in entries for way in entry.split(" or ")]
    found = {way: parse(way, x=2.0 if "acosh" in way else 0.5, y=0.5, c=1.0).data for way in ways}
    for way in found:
        function = way.partition("(")[0]
        if hasattr(math, function) and way.endswith("(x)"):
            assert found[way] == pytest.approx(getattr(math, function)(2.0 if function == "acosh" else 0.5), rel=1e-15), way
    assert {row.name for row in TABLE.values() if row.is_function} <= {way.partition("(")[0] for way in ways}
    assert found["pi"] == found["π"] == math.pi and found["x²"] == 0.25 and found["2x"] == 1.0


def test_the_groups_of_the_help_are_the_parts_of_the_table():
    """Its headings, and the row under each, as the source has them."""
    source = (ROOT / "engine" / "ops.py").read_text(encoding="utf-8")
    parts = re.findall(r"^# --- ([^:\n]*)(?:: [^\n]*)? ---$.*?declare\([^\n]*?\n\s*\"(\w+)\"", source, re.MULTILINE | re.DOTALL)
    assert {first: heading for heading, first in parts} == GROUPS


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_list_of_what_can_be_typed_fits_the_terminal(width):
    lines = vocabulary(Page(width))
    assert max(map(len, lines)) <= width
    assert sorted(" ".join(lines).split()) == sorted(" ".join(vocabulary(Page(80))).split())
    assert "leaky_relu(x, negative_slope=0.01)" in "\n".join(lines)  # no entry is broken


def test_where_the_terminal_lacks_the_signs_help_leaves_them_out():
    shown = run("--help", PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "x*y   2x   x/y" in shown.stdout and "    pi   e\n" in shown.stdout


# --- mistakes ---

MISTAKES = {
    # in the expression
    "syntax": (["x +", "x=1"], "something is missing here"),
    "power": (["x^2", "x=2"], "write powers as x**2"),
    "product": (["2 x", "x=2"], "write products with a star: 2*x"),
    "unknown function": (["foo(x)", "x=1"], "there is no function foo"),
    "function without parentheses": (["sin", "x=1"], "sin is a function: write sin(x)"),
    "empty": ([""], "there is no expression"),
    "million characters": (["x+" * 500_000 + "x", "x=1"], "it has 1000001 characters"),
    "nesting": (["(" * 50_000 + "x" + ")" * 50_000, "x=1"], "characters"),
    "deep nesting in a short text": (["(" * 3_000 + "x" + ")" * 3_000, "x=1"], "nested more than"),
    "no text": (["x + \udcff", "x=1"], "this byte is not text"),
    "control characters": (["x\x1b[31m", "x=1"], "Cannot read"),
    # in the arithmetic
    "division by zero": (["x/y", "x=1", "y=0"], "f = x/y divides by zero: x = 1, y = 0."),
    "division by a constant zero": (["x/0", "x=1"], "divides by zero"),
    "tower": (["9**9**9**9"], "overflows"),
    "logarithm": (["log(x)", "x=0"], "Any x > 0 works."),
    "no derivative": (["sqrt(x)", "x=0"], "The derivative of f = sqrt(x) with respect to x does not exist"),
    # in the values
    "unknown name": (["x + y", "x=1"], "y has no value; add y=2."),
    "missing variables": (["x + y"], "x and y have no value; add x=2 y=2."),
    "spare variable": (["x**2", "x=1", "y=2"], "The expression does not use y; it uses x."),
    "assigned": (["v=x**2; v", "v=2"], "v is assigned in the expression, so leave v=... out; give numbers to x."),
    "assigned, and nothing else": (["v=e; v", "v=2"], "leave v=... out; it has no other variables."),
    "repeated variable": (["x**2", "x=1", "x=2"], "x is given twice"),
    "not a number": (["x**2", "x=three"], "x=three is not a number such as x=3, x=1/3 or x=pi/2"),
    "nan": (["x**2", "x=nan"], "x=nan is not a number"),
    "inf": (["x**2", "x=inf"], "x=inf is not a number"),
    "too large": (["x**2", "x=1e999"], "x=1e999 is not a number"),
    "undefined number": (["x**2", "x=1/0"], "x=1/0 is not a number"),
    "no number": (["x**2", "x="], "x= is not a number"),
    "long number": (["x**2", "x=" + "9" * 100_000], "is not a number"),
    "no name": (["x**2", "=3"], "'=3' is not a value such as x=3"),
    "no equals sign": (["x**2", "x"], "'x' is not a value such as x=3"),
    "long name": (["a" * 9_000], "has no value"),
    # in the options
    "unknown option": (["x", "x=3", "--colour"], "unrecognized arguments: --colour"),
    "digits": (["x", "x=3", "--digits", "0"], "a float has 1 to 17 significant digits"),
    "digits that are none": (["x", "x=3", "--digits", "six"], "invalid int value: 'six'"),
    "very many digits": (["x", "x=3", "--digits", "9" * 5_000], "--digits"),
    "wrt": (["x", "x=3", "--wrt", "q"], "There is no 'q' to differentiate by; there are x."),
    "paths": (["x", "x=3", "--paths", "q"], "There is no 'q'"),
    "option without its argument": (["x", "x=3", "--paths"], "expected one argument"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_at_most_four_plain_lines(complaint, name):
    words, sentence = MISTAKES[name]
    lines = complaint(*words)
    assert 1 <= len(lines) <= 4
    assert sentence in " ".join(lines)
    assert "Traceback" not in " ".join(lines)
    assert all(line.isprintable() and len(line) < 400 for line in lines)


IN_THE_EXPRESSION = ["syntax", "power", "product", "unknown function", "function without parentheses", "no text",
                     "division by zero", "division by a constant zero", "tower", "logarithm", "unknown name"]  # fmt: skip


@pytest.mark.parametrize("name", IN_THE_EXPRESSION)
def test_a_mistake_in_the_expression_is_shown_in_it_with_a_caret(complaint, name):
    words, _ = MISTAKES[name]
    shown, caret, *_ = complaint(*words)
    assert shown == words[0].replace("\udcff", "?")
    assert caret.strip() == "^"
    assert len(caret) <= len(shown) + 1


def test_the_caret_stands_under_the_place(complaint):
    assert complaint("x + 2 y", "x=1", "y=1") == [
        "x + 2 y",
        "      ^",
        'Cannot read "x + 2 y" at column 7: write products with a star: 2*y.',
    ]


def test_a_mistake_in_signs_that_the_terminal_lacks_is_still_the_users_own():
    shown = run("x²y/z", "x=3", "y=4", "z=2", PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stdout) == (2, "")
    first, caret, sentence = shown.stderr.splitlines()
    assert caret.index("^") == 2
    assert sentence.endswith("at column 3: write products with a star: x**2*y.")
    assert "x**2" not in first  # nobody wrote that


@pytest.mark.parametrize("words", [["x^2", "x=2"], ["x/y", "x=1", "y=0"], ["9**9**9**9"], [b"x\xff", "x=1"],
                                   ["x", b"x=\xff"], ["x", "x=1", b"--wrt=\xff"]],
                         ids=["syntax", "division", "tower", "bytes", "bytes in a value", "bytes in an option"])  # fmt: skip
def test_a_mistake_ends_the_process_with_status_2_and_no_traceback(words):
    shown = run(*words)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert 1 <= len(shown.stderr.splitlines()) <= 4
    assert "Traceback" not in shown.stderr
