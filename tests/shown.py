"""What a page of documentation shows, read from its text and run. README and the pages in docs/ are held to the same rules:

    ```python     a program, run by itself; the block right after it is what it prints, and without one it prints nothing
    ```console    commands, each after a $, and what they print
    ```           what is printed, to the last character
    ```text       the same, where lines may be broken anywhere: for long sentences. An error is shown without its traceback
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?:^ .*\n)+(?:[\w.]+\.)?(\w+:)", re.MULTILINE)


class Example(NamedTuple):
    """Something to run, what it should print, and whether lines may be broken anywhere."""

    name: str
    text: str
    printed: str
    broken: bool


def programs(page):
    """The python blocks of a page, each with the block of output that follows it."""
    text = page.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    for i, block in enumerate(blocks):
        if block[1] == "python":
            after = blocks[i + 1] if i + 1 < len(blocks) else None
            shown = after is not None and after[1] in ("", "text") and not text[block.end() : after.start()].strip()
            line = text.count("\n", 0, block.start()) + 1
            name = f"{page.name} line {line}"
            yield Example(name, block[2], after[2] if shown else "", shown and after[1] == "text")


def sessions(page):
    """Each command of the console blocks of a page, with the lines that follow it."""
    for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "console":
            for part in text.split("$ ")[1:]:
                command, _, output = part.partition("\n")
                yield Example(f"{page.name} {command}", command, output, False)


def run(words, folder):
    """What Python prints, started in some folder with these words; errors without their traceback."""
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120,
        env={"PATH": "", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    return TRACEBACK.sub(r"\1", done.stdout + done.stderr)


def run_program(text, folder):
    """What a program prints. It is kept in a file, so that errors can quote its lines."""
    (folder / "example.py").write_text(text, encoding="utf-8")
    return run(["example.py"], folder)


def run_command(command, folder):
    """What a command of a console block prints."""
    python, *words = shlex.split(command)
    assert python == "python"
    return run(words, folder)


def words_of(text):
    """The text without its line breaks."""
    return " ".join(text.split())
