"""README is the first page: short, and readable wherever its text is shown. What its examples print is in test_docs.py."""

import re

from shown import BLOCK, README, ROOT

TEXT = README.read_text(encoding="utf-8")


def test_the_commands_to_begin_with_are_the_ones_that_exist():
    (shell,) = [text for language, text in BLOCK.findall(TEXT) if language == "sh"]
    commands = [line.split("#")[0].strip() for line in shell.splitlines()]
    assert commands[0] == "pip install . && python -m engine"
    assert commands[1] == 'pip install ".[test]" && pytest'
    checked = [line.replace("--quiet ", "") for line in (ROOT / ".ci" / "run").read_text().splitlines()]
    checked = [line.removeprefix("PYTHONHASHSEED=0 ").removesuffix(" -n auto") for line in checked]  # on all cores
    install, test = commands[1].split(" && ")
    assert checked.index(install) < checked.index(test), "what .ci/run runs is what README says"


def test_it_is_read_in_two_minutes():
    assert len(TEXT.splitlines()) <= 120


def test_it_shows_the_same_on_a_package_index():
    """There, no path into the repository leads anywhere: so its pictures are text, and it names files instead of linking them."""
    assert re.findall(r"!\[|<img|\]\((?!https?://|#)", TEXT) == []


def test_every_file_that_it_names_is_there():
    named = re.findall(r"`((?:docs|notebooks|engine|nn|viz|benchmarks|pictures)/[\w/.]*)`", TEXT)
    assert len(named) >= 3
    assert [path for path in named if not (ROOT / path).exists()] == []
