"""A real browser for the page's tests; where none can be had they skip, and say why."""

import math
import shutil
import sys

import pytest

from engine import grad
from engine.graph import topological_order
from viz import page

QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1200,900",
)  # fmt: skip


def start(profile):
    """Chromium without a window, with a profile of its own; a pytest skip where it cannot be had."""
    try:
        from selenium import webdriver
        from selenium.common.exceptions import WebDriverException
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        pytest.skip("the page was not tried in a browser: selenium is not installed")
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("the page was not tried in a browser: no chromium and chromedriver on the PATH (Debian: chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for option in (*QUIET, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    try:
        return webdriver.Chrome(service=Service(driver), options=options)
    except WebDriverException as error:
        pytest.skip(f"the page was not tried in a browser: chromium does not start: {str(error).splitlines()[0]}")


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    """One browser for all tests."""
    running = start(tmp_path_factory.mktemp("profile"))
    yield running
    running.quit()


@pytest.fixture
def opened(driver, tmp_path):
    """opened(output, "x=3&step=5"): the page of a graph in the browser. Afterwards: no console message and no request."""

    def open_it(output, link=""):
        path = page(output, tmp_path / "chain-rule.html")
        driver.get("about:blank")  # a link that differs in its # alone would not load the page again
        driver.get_log("browser")
        driver.get(path.as_uri() + ("#" + link if link else ""))
        return Page(driver)

    yield open_it
    assert driver.get_log("browser") == []
    assert driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)") == []


class Page:
    """The page as a reader uses it: by what is on it, not by its variables."""

    def __init__(self, driver):
        self.driver = driver

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).textContent", selector)

    def press(self, *keys):
        """Keys, to whatever has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def click(self, name):
        self.find(f"#{name}").click()

    @property
    def step(self):
        return int(self.js("return document.querySelector('#slider').value"))

    @property
    def last(self):
        return int(self.js("return document.querySelector('#slider').max"))

    def go(self, step):
        """Move the slider, as a mouse would."""
        self.js("const s = document.querySelector('#slider'); s.value = arguments[0]; s.dispatchEvent(new Event('input'))", step)

    @property
    def now(self):
        """The lines of the step that is shown; the first is where we are."""
        return self.text("#now").split("\n")

    @property
    def hash(self):
        return self.js("return decodeURIComponent(location.hash)")

    def field(self, name):
        """The field of the input of this name."""
        return self.js("return [...document.querySelectorAll('#inputs label')].find(label => "
                       "label.textContent.trim() === arguments[0] + ' =').querySelector('input')", name)  # fmt: skip

    def type(self, name, text):
        """Replace what stands in an input's field, key by key."""
        field = self.field(name)
        self.js("arguments[0].select()", field)
        field.send_keys(text)

    def put(self, name, text):
        """Let a text stand in an input's field, all at once."""
        self.js("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", self.field(name), text)

    def lit(self):
        """The ids of what is lit in the graph."""
        return set(self.js("return [...document.querySelectorAll('#graph .lit')].map(part => part.id)"))

    def box(self, node):
        """The texts in a box: name, value and gradient."""
        texts = self.js("return [...document.querySelectorAll('#' + arguments[0] + ' text')].map(t => t.textContent)", node)
        return [text for text in texts if text]

    def numbers(self):
        """Every value and gradient that the page has computed."""
        return self.js("return [values, gradients]")


def ids(output):
    """The id of each node in the page, by its label or its name."""
    from engine.graph import names

    order = topological_order(output)
    return {name: f"n{i}" for i, name in enumerate(names(order)[node] for node in order)}


def numbers(output):
    """Every value, and every gradient (None for a constant), in the page's order."""
    order = topological_order(output)
    free = [node for node in order if not node.constant]
    slopes = dict(zip(free, grad(output, free)))
    return [node.data for node in order], [slopes.get(node) for node in order]


def close(theirs, ours, tolerance=1e-12):
    """Whether two numbers agree to 1e-12 of their size."""
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(theirs, ours, rel_tol=tolerance, abs_tol=sys.float_info.min)
