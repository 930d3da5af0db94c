"""Two tables that are made from the source when the site is built, so that they cannot fall behind it.

    files    of a folder in their reading order, each with the first sentence of its docstring; files that are not named come last
    rows     of the engine's table: value, derivatives, where they exist, and conventions
"""

import ast
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from engine import TABLE
from engine.primitive import REAL
from engine.say.manual import operand_names
from engine.say.notation import Term, partial, write

ROOT = Path(__file__).parents[2]


def table(heads, rows, classes=()):
    """A table of cells, each a list of paragraphs, which are lists of nodes."""
    group = nodes.tgroup(cols=len(heads))
    group += [nodes.colspec(colwidth=1) for _ in heads]
    head, body = nodes.thead(), nodes.tbody()
    head += line([[[nodes.Text(text)]] for text in heads])
    body += [line(row) for row in rows]
    group += [head, body]
    return nodes.table("", group, classes=list(classes))


def line(cells):
    """A row of a table."""
    return nodes.row("", *(nodes.entry("", *(nodes.paragraph("", "", *part) for part in cell)) for cell in cells))


def code(text):
    """A word of the program."""
    return nodes.literal(text, text)


class Files(SphinxDirective):
    """The files of a folder, in the order in which to read them."""

    required_arguments = 1
    has_content = True

    def run(self):
        """Make the table."""
        folder = ROOT / self.arguments[0]
        named = " ".join(self.content).split()
        found = sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "__main__"))
        missing = [name for name in named if name not in found]
        if missing:
            raise self.error(f"There is no {self.arguments[0]}/{missing[0]}.py.")
        order = named + [name for name in found if name not in named]
        rows = [[[[code(f"{self.arguments[0]}/{name}.py")]], [sentence(folder / f"{name}.py")]] for name in order]
        return [table(("file", "what is in it"), rows, ["files"])]


def sentence(path):
    """The first line of a file's docstring, what is in `backticks` as code."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    parts = docstring.partition("\n")[0].split("`")
    return [code(part) if i % 2 else nodes.Text(part) for i, part in enumerate(parts)]


class Rows(SphinxDirective):
    """The table of operations."""

    def run(self):
        """Make the table."""
        return [table(("name", "value r", "derivatives"), [self.cells(row) for row in TABLE.values()], ["rows"])]

    def cells(self, family):
        """Name, value, derivatives as the textbook has them, and what was decided where mathematics leaves a choice."""
        row = family.bind(family.default) if family.parameter else family
        names = operand_names(family)
        terms, result = [Term.name(name) for name in names], Term.name("r")
        written = write(row, terms).latex
        formula = Term.of(row.formula(*terms)).latex if row.formula else written
        value = written if formula == written else f"{written} = {formula}"
        slopes = []
        for position, name in enumerate(names if row.arity else names[:1]):
            slope = Term.of(row.derivative(result, terms, position, shown=True)).latex
            slopes.append([nodes.math(text=f"{partial('r', name).latex} = {slope}")])
        pairs = [(name, domain) for name, domain in zip(names, row.domain * len(names)) if domain is not REAL]
        wanted = [f"{name} not 0" if domain.hole else domain.words.format(name) for name, domain in pairs]
        remarks = [f"Exists for {' and '.join(wanted)}."] if wanted else []
        remarks += [f"Here {family.parameter} = {family.default:g}."] if family.parameter else []
        remarks += [f"{row.convention[0].upper()}{row.convention[1:]}."] if row.convention else []
        below = [[nodes.emphasis("", " ".join(remarks))]] if remarks else []
        return [[[code(family.name)]], [[nodes.math(text=value)], *below], slopes]


def setup(app):
    """Sphinx calls this."""
    app.add_directive("files", Files)
    app.add_directive("rows", Rows)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
