"""Docstrings for the site. They are written as plain text, to be read in the source and by help(); this gives them markup.

Words in `backticks` become code, columns become a list of terms, and what is indented stays as it is. Everything else is a
paragraph, in which * and _ mean themselves.
"""

import re
from textwrap import dedent

INDENTED = re.compile(r"\s+\S")
COLUMNS = re.compile(r"(\S.*?) {2,}(\S.*)")  # a term, at least two spaces, what it is


def marked_up(lines):
    """The lines of a docstring as reStructuredText."""
    result, indented = [], False
    for block in blocks(lines):
        if INDENTED.match(block[0]) and aligned(block):
            block = dedent("\n".join(block)).splitlines()
        if INDENTED.match(block[0]):
            result += [*([] if indented else ["::", ""]), *(f"    {line}" for line in block)]
        elif COLUMNS.match(block[0]):
            result += terms(block)
        else:
            result += [inline(line) for line in block]
        result.append("")
        indented = INDENTED.match(block[0])
    return result


def blocks(lines):
    """Runs of lines between empty lines; what is indented below a paragraph is a block of its own."""
    block = []
    for line in lines:
        below = block and INDENTED.match(line) and not INDENTED.match(block[0]) and not COLUMNS.match(block[0])
        if block and (not line.strip() or below):
            yield block
            block = []
        if line.strip():
            block.append(line)
    if block:
        yield block


def aligned(block):
    """Whether an indented block is two columns, rather than a piece of a program or a grammar."""
    first = COLUMNS.search(block[0])
    if first is None or len(block) == 1 or ":=" in block[0]:
        return False
    for line in block[1:]:
        row = COLUMNS.search(line)
        goes_on = len(line) - len(line.lstrip()) >= first.start(2)
        if not goes_on and (row is None or row.span(1)[0] != first.start(1) or row.start(2) != first.start(2)):
            return False
    return True


def terms(block):
    """A block of two columns as a list of terms; a line that begins further in goes on with the one before."""
    result = []
    for line in block:
        columns = COLUMNS.fullmatch(line)
        if columns and not INDENTED.match(line):
            result += [f"``{columns[1].strip('`')}``", f"    {inline(columns[2])}"]
        else:
            result.append(f"    {inline(line.strip())}")
    return result


def inline(line):
    """Backticks mark code; the signs that would mean something else in reStructuredText mean themselves."""
    parts = line.split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner
        return escaped(line)
    return "".join(f"``{part}``" if i % 2 else escaped(part) for i, part in enumerate(parts))


def escaped(text):
    """The text with a backslash before each sign that could be markup."""
    return re.sub(r"([\\*_|`]|^\+)", r"\\\1", text)


def process(app, what, name, thing, options, lines):
    """Autodoc calls this with every docstring, which it may change in place."""
    lines[:] = marked_up(lines)


def setup(app):
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
