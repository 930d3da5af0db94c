"""How the site is built: sphinx-build -W docs build/site. Nothing in it is loaded from elsewhere; it works without a network."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]

project = "chainrule"
author = "the chainrule authors"
html_title = "chainrule"
language = "en"
smartquotes = False  # a prime in a formula is not an apostrophe

extensions = ["myst_parser", "sphinx.ext.autodoc", "mathml", "docstrings", "tables"]
exclude_patterns = ["extensions"]
suppress_warnings = ["myst.header"]  # a room's page begins its reference at its own level

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
html_math_renderer = "mathml"

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # loss=quadratic, as the source has it, and no address in memory
python_maximum_signature_line_length = 90
add_module_names = True

html_theme = "furo"  # system fonts only
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_last_updated_fmt = None
highlight_language = "none"  # a block without a language is what was printed
pygments_style = "default"
pygments_dark_style = "monokai"
