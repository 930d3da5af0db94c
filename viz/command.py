"""python -m viz: the picture of an expression or of a saved network, from the command line."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

from ..engine import Value, parse
from ..engine.command.tables import variables_from
from ..engine.command.terminal import Arguments, UsageError, answer
from .drawing import SHARP, draw
from .folding import FOLDS
from .pages.graph import page
from .slides import draw_steps

WORKED_EXAMPLE = "v = x**2; u = v*y; u/z"
FORMS = (".svg", ".png", ".pdf", ".dot", ".gv", ".mmd", ".html")


def arguments() -> Arguments:
    """The command line that is understood."""
    parser = Arguments(
        prog="python -m viz",
        usage='%(prog)s ["expression" x=3 ...] [-o FILE] [options]',
        description="Pictures of an expression's graph, with gradients; or of a saved network.",
        epilog='Example: python -m viz "x**2*y/z" x=3 y=4 z=2 -o graph.svg',
    )
    parser.add_argument("expression", nargs="?", help='such as "x**2*y/z"; or the word network')
    parser.add_argument("values", nargs="*", help="a number for each variable: x=3 y=1/3; or the file of a saved network")
    parser.add_argument("-o", "--output", metavar="FILE", help="graph.svg, .png, .pdf, .dot, .mmd, or .html for the page")
    parser.add_argument("--steps", action="store_true", help="a slide for each step: into a .pdf, or a folder of SVGs")
    parser.add_argument("--no-answers", action="store_true", help="with --steps: the result of each step is a box to be filled")
    parser.add_argument("--fold", choices=FOLDS, default="auto", help="how to fold a large graph")
    parser.add_argument("--no-gradients", action="store_true", help="the values only")
    parser.add_argument("--scale", type=float, default=1.0, metavar="N", help="a .png has N times 192 dots per inch")
    parser.add_argument("--open", action="store_true", help="show the file when it is written")
    return parser


def run(words: list[str]) -> Path:
    """Carry out a command line and return what was written."""
    given = arguments().read(words)
    if given.expression == "network":
        if given.steps or given.no_answers or given.no_gradients or given.fold != "auto" or given.scale != 1.0:
            raise UsageError("network takes -o FILE and --open; the other options are for graphs.")
        return network(given.values, given.output)
    path = Path(given.output or ("chain-rule.html" if not given.steps else "chain-rule.pdf"))
    folder = given.steps and not path.suffix
    if path.suffix.lower() not in FORMS and not folder:
        raise UsageError(f"{path} does not name a format: end it with {', '.join(FORMS)}.")
    unused = unused_options(given, path)
    if unused:
        raise UsageError(f"{unused[0]} says nothing about {path}: {unused[1]}.")
    output = graph(given.expression, given.values)
    if given.steps:
        draw_steps(output, path, answers=not given.no_answers)
    elif path.suffix.lower() == ".html":
        page(output, path, fold=given.fold)
    else:
        if not given.no_gradients:
            output.backward()
        drawing = draw(output, path, fold=given.fold, gradients=not given.no_gradients, scale=given.scale)
        if drawing.note:
            print(drawing.note)
    if given.open:
        webbrowser.open(path.absolute().as_uri())
    return path


def unused_options(given: Any, path: Path) -> tuple[str, str] | None:
    """An option that has no meaning for what is written, and what it is for; None if there is none."""
    form = path.suffix.lower()
    for option, is_given, has_meaning, purpose in (
        ("--scale", given.scale != 1.0, form == ".png", "it is for a .png"),
        ("--no-answers", given.no_answers, given.steps, "it is for --steps"),
        ("--no-gradients", given.no_gradients, not given.steps and form != ".html", "it is for a picture"),
        ("--fold", given.fold != "auto", not given.steps, "slides show every node"),
    ):
        if is_given and not has_meaning:
            return option, purpose
    return None


def graph(text: str | None, values: list[str]) -> Value:
    """The expression as a graph; the worked example if there is none."""
    if text is None:
        return parse(WORKED_EXAMPLE, x=3, y=4, z=2)
    output = parse(text.strip(), **variables_from(text.strip(), values))
    if output.constant:
        raise UsageError(f"{text.strip()} has no variables, so there is no graph to draw.")
    return output


def network(values: list[str], output: str | None) -> Path:
    """A network as a page on which it learns, or, from a file, as circles and lines."""
    if len(values) > 1:
        raise UsageError("network takes the file of one saved network: python -m viz network m.safetensors -o net.svg")
    path = Path(output or ("network.svg" if values else "network.html"))
    if path.suffix.lower() not in (".html", ".svg", ".png", ".pdf"):
        raise UsageError(f"{path} does not name a format: end it with .html, .svg, .png or .pdf.")
    from ..nn import load
    from .pages.training import example, training_page

    model, X, y = example()
    if values:
        model = load(values[0])
        if model.output_activation.name == "tanh":
            y = [2 * kind - 1 for kind in y]
    if path.suffix.lower() == ".html":
        sigmoid = model.output_activation.name == "sigmoid"
        return training_page(model, X, y, path, loss="binary_cross_entropy" if sigmoid else "quadratic", lr=0.3, batch_size=10)
    import io

    import matplotlib

    matplotlib.use("Agg")
    from ..engine.files import write_whole
    from .plots.network import draw_network

    kept = io.BytesIO()
    draw_network(model).figure.savefig(kept, format=path.suffix.lower()[1:], bbox_inches="tight", dpi=SHARP)
    write_whole(path, kept.getvalue())
    return path


def main(words: list[str]) -> int:
    """0 if the picture was written, 2 if not."""
    return answer(lambda: print(run(words)))
