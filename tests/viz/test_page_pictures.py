"""Ten pages as pictures, compared with those that are kept: whoever changes how a page looks looks at it.

The kept pictures have half the page's size and few colours. To keep new ones, delete the old, run this file, which writes them,
look at each, and run it again.
"""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from browser import CALM
from page_graphs import GRAPHS, elman, network, worked
from PIL import Image

KEPT = Path(__file__).parent / "pictures"
DARK = {"name": "prefers-color-scheme", "value": "dark"}
PAGES = {  # graph, link, what `opened` is asked for besides
    "begin": (worked, "", {}), "forward": (worked, "step=2", {}),
    "backward": (worked, "step=6.36", {}), "end": (worked, "step=9", {}),
    "dark": (worked, "step=7", {"media": (CALM, DARK)}), "predict": (worked, "step=8&cover=gradient", {}),
    "paths": (GRAPHS["three paths"], "step=99", {}), "folded": (lambda: network(2, 2, 1), "step=12", {"fold": "neurons"}),
    "loop": (elman, "step=99", {}), "phone": (worked, "step=6", {"size": (390, 844), "phone": True}),
}  # fmt: skip
BLOCK = 8  # pixels of a kept picture: a letter covers a good part of a block
TOLERANCE = 2.5  # mean difference of a block, of 255: a label that is missing gives more, a rounding of colours less
PROBE = "The quick ∂f/∂x −36.5 Σσ ⋅"
WIDTHS = {"page": 209.398, "drawing": 246.865, "formula": 228.447}  # of the probe, in the fonts with which the pictures were made


def picture(page):
    """The page as it is seen, at half its size."""
    page.wait()
    png = base64.b64decode(page.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])
    whole = Image.open(io.BytesIO(png)).convert("RGB").reduce(2)
    return whole.point(lambda level: level & 0xF8)  # fewer colours, smaller files


def difference(one, other):
    """The largest mean difference of a block."""
    a, b = (np.asarray(image.convert("RGB"), dtype=float) for image in (one, other))
    if a.shape != b.shape:
        return 255.0
    apart = np.abs(a - b).mean(axis=2)
    height, width = (-(-size // BLOCK) * BLOCK for size in apart.shape)
    padded = np.zeros((height, width))
    padded[: apart.shape[0], : apart.shape[1]] = apart
    return padded.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).mean(axis=(1, 3)).max()


def fonts(page):
    """How wide the probe is in the page's fonts; other fonts make other pictures."""
    return page.js("""
        const ink = document.createElement("canvas").getContext("2d");
        const measured = font => Object.assign(ink, { font }).measureText(arguments[0]).width;
        const family = selector => getComputedStyle(document.querySelector(selector)).fontFamily;
        return { page: measured(`16px ${family("body")}`), drawing: measured(`650 17px ${family("#stage")}`),
                 formula: measured(`21px ${family("math")}`) };""", PROBE)  # fmt: skip


@pytest.fixture
def reference(opened):
    """reference(name): one of the pages, or a skip where the browser has other fonts."""

    def open_it(name):
        build, link, more = PAGES[name]
        page = opened(build(), link, **{"size": (1280, 800), **more})
        if fonts(page) != pytest.approx(WIDTHS, abs=0.01):
            pytest.skip(f"the pages were not compared with their pictures: this browser has other fonts ({fonts(page)})")
        return page

    return open_it


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_did(name, reference, tmp_path):
    now, kept = picture(reference(name)), KEPT / f"{name}.png"
    if not kept.exists():
        now.save(kept, optimize=True)
        pytest.fail(f"{kept} was not there, and is now. Look at it.")
    found = difference(now, Image.open(kept))
    if found > TOLERANCE:
        now.save(tmp_path / f"{name}.png")
    assert found <= TOLERANCE, f"the page {name} looks different: compare {tmp_path / name}.png with {kept}"


@pytest.mark.parametrize("name", ["end", "folded", "phone", "dark"])
def test_a_label_that_is_missing_is_noticed(name, reference):
    """Each text of the drawing is taken away in turn."""
    page = reference(name)
    whole = picture(page)
    shown = page.js("""
        return [...document.querySelectorAll("#stage text")].flatMap((text, n) => {
          const b = text.getBoundingClientRect(), top = document.elementFromPoint((b.left + b.right) / 2, (b.top + b.bottom) / 2);
          return text.textContent && b.width && top && text.parentNode.contains(top) ? [n] : [];
        });""")
    assert len(shown) > 5
    for number in shown:
        fade = ("const text = document.querySelectorAll('#stage text')[arguments[0]];"
                "text.style.opacity = arguments[1]; return text.textContent")  # fmt: skip
        label = page.js(fade, number, 0)
        assert difference(whole, picture(page)) > TOLERANCE, label
        page.js(fade, number, 1)


def test_a_colour_that_is_another_is_noticed(reference):
    page = reference("end")
    whole = picture(page)
    page.js("document.documentElement.style.setProperty('--gradient', '#0b5cad')")
    assert difference(whole, picture(page)) > TOLERANCE


def test_the_kept_pictures_are_small():
    assert sorted(path.stem for path in KEPT.glob("*.png")) == sorted(PAGES)
    assert sum(path.stat().st_size for path in KEPT.glob("*.png")) < 400_000
