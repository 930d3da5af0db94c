"""Modules of the page's script, put into one file as on the page and run by node; tests skip where there is none."""

import json
import shutil
import subprocess

import pytest

from viz.pages.assemble import bundle, embedded, words
from viz.pages.javascript import LIBRARY
from viz.pages.typed import typed_functions

NODE = shutil.which("node")


def run(module, code, given=None, more=None):
    """What the code returns after the module and all that it imports, of which `more` has some; GIVEN is what is given."""
    if NODE is None:
        pytest.skip("the page's script was not tried by itself: there is no node")
    data = f"export const WORDS = {embedded(words('graph'))};\nexport const FUNCTIONS = {typed_functions()};\n"
    script = f"{LIBRARY}\n{bundle(module, {'data.js': data, **(more or {})})}\nconst GIVEN = {embedded(given)};\n"
    program = f'"use strict";\n{script}\nprocess.stdout.write(JSON.stringify((() => {{ {code} }})()));'
    done = subprocess.run([NODE, "-"], input=program, encoding="utf-8", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
