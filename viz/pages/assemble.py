"""A page put together: one HTML file from a skeleton, its styles, its words and its script.

The script is written as modules in script/, which import from each other as any module does; here they are put one after
the other, those that are imported first, and their import and export words are taken off. Inside one file they share one
scope, so no two of them may use the same name at the top; a test holds that, and `bundle` refuses it.

A skeleton has {{name}} where a part goes and {{words.name}} where a word of words.json goes. Both pages are made by it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from ...engine.say.colours import DARK, LIGHT

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.M)
TOP = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.M)


def asset(*path: str) -> str:
    """A file of this folder: asset("script", "camera.js")."""
    return files(__package__).joinpath(*path).read_text(encoding="utf-8")


def words(page: str) -> dict[str, Any]:
    """Every word of a page: those that all pages share, and its own."""
    table = json.loads(asset("assets", "words.json"))
    return {**table["shared"], **table[page]}


def embedded(data: Any) -> str:
    """Data as JavaScript that is safe inside a script element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def bundle(first: str, given: Mapping[str, str]) -> str:
    """The module `first` and all that it imports, as one script; `given` are modules that are made for this page."""
    done: dict[str, str] = {}
    stack = [first]
    while stack:
        name = stack[-1]
        text = given[name] if name in given else asset("script", name)
        waiting = [other for other in IMPORT.findall(text) if other not in done]
        if not waiting:
            done[stack.pop()] = text
        elif waiting[0] in stack:
            raise ValueError(f"{name} and {waiting[0]} import each other: which of them comes first?")
        else:
            stack.append(waiting[0])
    owners: dict[str, str] = {}
    for name, text in done.items():
        for word in TOP.findall(text):
            if word in owners:
                raise ValueError(f"{word} stands at the top of {owners[word]} and of {name}: give one of them another name.")
            owners[word] = name
    return "\n".join(f"// {name}\n" + re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.M).strip() + "\n"
                     for name, text in done.items())  # fmt: skip


def assemble(skeleton: str, said: Mapping[str, Any], parts: Mapping[str, str]) -> str:
    """The skeleton with its parts and words put in; words are escaped, parts are HTML already."""

    def part(match: re.Match[str]) -> str:
        name = match[1]
        return html.escape(said[name.removeprefix("words.")]) if name.startswith("words.") else parts[name]

    return re.sub(r"\{\{([\w. ]+)\}\}", part, asset("assets", skeleton))


def colour_rules() -> str:
    """The colours as CSS variables: light, dark where the system is dark or the reader wants it so, and light on paper."""

    def variables(colours: Mapping[str, str]) -> str:
        return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in colours.items())

    light, dark = variables(LIGHT), variables(DARK)
    return (f":root {{ {light} }}\n"
            f"@media screen {{ :root[data-theme=dark] {{ {dark} }} }}\n"
            f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n")  # fmt: skip
