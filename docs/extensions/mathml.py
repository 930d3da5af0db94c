"""Mathematics as MathML, which browsers set by themselves: no script, no font and no network is needed.

Sphinx's own way loads MathJax from another server. The converter used here comes with docutils, which Sphinx is built on.
"""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml


def mathml(tex, **options):
    r"""The formula. The converter does not know two things: \_ in a name, and the space that TeX puts after \log."""
    tex = re.sub(r"\\operatorname\{[^}]*\}", lambda name: name[0].replace(r"\_", "_"), tex)
    return tex2mathml(re.sub(r"\\log (?=\d)", r"\\log\\,", tex), **options)


def visit_inline(writer, node):
    """A formula in a line of text."""
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def visit_block(writer, node):
    """A formula on a line of its own."""
    writer.body.append(f'<div class="math">{mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app):
    """Sphinx calls this."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
