"""Every word of the pages stands in one table: no script says anything by itself, and nothing in the table is for nobody."""

import re
from importlib.resources import files

import pytest
from page_graphs import network

from viz.pages.assemble import asset, words
from viz.pages.mathml import GREEK

FOLDER = files("viz") / "pages"
MODULES = sorted(path.name for path in (FOLDER / "script").iterdir() if path.name.endswith(".js"))
OF_GRAPHS = [name for name in MODULES if not name.startswith("train_")]
PAGES = ("graph", "training")
CLASSES = {name for page in PAGES for name in re.findall(r"\.([a-z][\w-]*)", asset("assets", f"{page}.css"))}


def strings(script):
    """The texts between quotes in a script, its comments and regular expressions left out; templates without their ${...}."""
    found = []
    pattern = re.compile(r"""
        //[^\n]* | /\*.*?\*/ | (?P<double>"(?:\\.|[^"\\\n])*") | (?P<single>'(?:\\.|[^'\\\n])*') | (?P<template>`(?:\\.|[^`\\])*`)
        | (?<=[(,=:\[!&|?{;\s])/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*
    """, re.X | re.S)  # fmt: skip
    for match in pattern.finditer(script):
        if match["double"] or match["single"]:
            found.append(match[0][1:-1])
        elif match["template"]:
            found.append(re.sub(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "…", match[0][1:-1]))
    return found


def keys(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{prefix}{key}.")
        else:
            yield prefix + key


NAMES = {key.split(".")[-1] for page in PAGES for key in keys(words(page))}


def is_prose(text):
    """Two or more words that are neither the name of an entry of the table, nor classes of the style sheet, nor Greek letters."""
    if not re.search(r"[^\W\d_]+\s+[^\W\d_]+", re.sub(r"<[^>]*>", " ", text)):  # markup itself says nothing
        return False
    named = re.compile(".*".join(map(re.escape, text.split("…"))))
    technical = CLASSES | {*GREEK.split(), "use", "strict"}
    whole = re.findall(r"(?<![\w-])\w[\w-]*(?![\w…-])", text)
    return not any(named.fullmatch(name) for name in NAMES) and not technical.issuperset(whole)


@pytest.mark.parametrize("name", MODULES)
def test_no_script_has_prose_of_its_own(name):
    assert [text for text in strings(asset("script", name)) if is_prose(text)] == []


PROSE = ['"The step is done"', "'press the button'", "`${x} grows a little`", '"Click here"', "`<b>Read this</b>`"]


@pytest.mark.parametrize("prose", PROSE)
def test_prose_would_be_noticed(prose):
    script = asset("script", "side.js") + f"\nsetText(node, {prose});\n"
    assert [text for text in strings(script) if is_prose(text)] != []


def sources(*skeletons, modules):
    return "\n".join([*(asset("assets", name) for name in skeletons), *(asset("script", name) for name in modules),
                      *((FOLDER / name).read_text(encoding="utf-8") for name in ("graph.py", "typed.py"))])  # fmt: skip


def is_used(key, text):
    """A word is used by its name: {{words.name}}, say("name"), WORDS.name, `${way} as much`, or as the name of a slip."""
    last = key.split(".")[-1]
    begun = rf"`\$\{{[^`]*\}}{re.escape(last[5:])}`"  # the beginning is put in: grows, falls
    word = re.escape(last)
    ways = [rf"[\"']{word}[\"']", rf"\.{word}\b", rf"words\.{word}\}}", rf"\b{word}:", begun]
    return any(re.search(way, text) for way in ways)


def test_every_word_of_the_graphs_table_is_used():
    text = sources("graph.html", modules=OF_GRAPHS)
    said = {key: value for key, value in words("graph").items() if key not in ("numbers",)}
    assert [key for key in keys(said) if not is_used(key, text)] == []


def test_a_word_that_nobody_uses_would_be_noticed():
    assert not is_used("a word for nobody", sources("graph.html", modules=OF_GRAPHS))


def test_every_word_that_is_asked_for_is_in_the_table():
    said = words("graph")
    asked = {key for name in OF_GRAPHS for key in re.findall(r'\bsay\("([^"]+)"', asset("script", name))}
    asked |= set(re.findall(r"\{\{words\.([\w ]+)\}\}", asset("assets", "graph.html")))
    assert asked <= said.keys()
    assert len(asked) > 40


def test_the_skeleton_has_no_word_of_its_own():
    bare = re.sub(r"<style>.*?</style>|<script>.*?</script>|<!--.*?-->", "", asset("assets", "graph.html"), flags=re.S)
    text = re.sub(r"\{\{[\w. ]+\}\}", "", re.sub(r"<[^>]*>", " ", bare))
    assert re.findall(r"[A-Za-z]{2,}", text) == []
    labels = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"{]*)"', bare)
    assert all(len(label) <= 1 for label in labels), "keys alone"


def test_places_in_sentences_are_filled_on_the_page(opened):
    """No {place} is left open, and no "undefined" put into one, at any step of a folded network."""
    page = opened(network(2, 2, 1), fold="neurons")
    seen = page.walk("return document.body.innerText + "
                     "[...document.querySelectorAll('[aria-label]')].map(e => e.ariaLabel).join()")  # fmt: skip
    assert not [text for text in seen if re.search(r"\{\w+\}|undefined|null|NaN", text)]
