"""A real browser for the tests of pages; where none can be had they skip, and say why."""

import shutil

import pytest

from viz import page

QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--window-size=1600,900", "--touch-events=enabled",
)  # fmt: skip
SCREEN = (1600, 900)  # wide enough for the lists at the side
CALM = {"name": "prefers-reduced-motion", "value": "reduce"}  # a step is done at once, and the camera is where it will be


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
    running.set_script_timeout(300)  # seconds: a walk through hundreds of steps on a busy machine
    yield running
    running.quit()


@pytest.fixture
def emulate(driver):
    """Chromium's own emulation of screens and media, taken back afterwards."""
    yield lambda command, **options: driver.execute_cdp_cmd(f"Emulation.{command}", options)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture
def opened(driver, tmp_path, emulate):
    """opened(output, "x=3&step=5"): the page of a graph in the browser. Afterwards: no console message and no request.

    size    of the window; `phone` says that it is one
    media   what the reader prefers; by default no motion, so that nothing has to be waited for
    """

    def open_it(output, link="", *, fold="auto", size=SCREEN, phone=False, media=(CALM,)):
        path = page(output, tmp_path / "chain-rule.html", fold=fold)
        emulate("setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=phone)
        emulate("setEmulatedMedia", features=[*media])
        driver.get("about:blank")  # a link that differs in its # alone would not load the page again
        driver.get_log("browser")
        driver.get(path.as_uri() + ("#" + link if link else ""))
        shown = Page(driver)
        shown.wait()
        return shown

    yield open_it
    assert driver.get_log("browser") == []
    assert driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)") == []


class Page:
    """The page of a graph as a reader uses it: by what is on it, not by its variables."""

    def __init__(self, driver):
        self.driver = driver

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self):
        """Until the page has drawn itself again."""
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).textContent", selector)

    def texts(self, selector):
        """The text of each element that is seen."""
        return self.js("return [...document.querySelectorAll(arguments[0])].filter(e => e.getClientRects().length)"
                       ".map(e => e.textContent)", selector)  # fmt: skip

    def press(self, *keys):
        """Keys, to whatever has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()
        self.wait()

    def click(self, name):
        self.find(f"#{name}").click()
        self.wait()

    def click_on(self, selector, text=""):
        """A click on the first part of the drawing that has this text in it, wherever it is."""
        self.js("[...document.querySelectorAll(arguments[0])].find(part => part.textContent.includes(arguments[1]))"
                ".dispatchEvent(new Event('click'))", selector, text)  # fmt: skip
        self.wait()

    def choose(self, name, option):
        """Choose in a list."""
        self.js("const list = document.getElementById(arguments[0]); list.value = arguments[1]; "
                "list.dispatchEvent(new Event('change'))", name, option)  # fmt: skip
        self.wait()

    @property
    def step(self):
        """Where we are, as it is written above the formula."""
        return int(self.text("#count").split()[1])

    @property
    def last(self):
        return int(self.text("#count").split()[-1])

    def go(self, time):
        """Move the slider of time, as a mouse would."""
        self.js("const s = document.querySelector('#scrub'); s.value = arguments[0]; s.dispatchEvent(new Event('input'))", time)
        self.wait()

    def walk(self, script, *arguments, first=0):
        """What a script returns at each step, from the first to the last."""
        return self.driver.execute_async_script(f"""
            const done = arguments[arguments.length - 1], found = [], scrub = document.querySelector("#scrub");
            const look = () => {{ {script} }};
            const at = step => {{
              if (step > Number(scrub.max)) {{ done(found); return; }}
              scrub.value = step;
              scrub.dispatchEvent(new Event("input"));
              requestAnimationFrame(() => requestAnimationFrame(() => {{ found.push(look()); at(step + 1); }}));
            }};
            at({first});""", *arguments)

    @property
    def now(self):
        """What the step says, as text: the equation, and from the second path on the sum so far."""
        return self.text("#now").split("\n")

    @property
    def hash(self):
        return self.js("return decodeURIComponent(location.hash)")

    def field(self, name):
        """The field of the input of this name, in the list at the side."""
        return self.js("return [...document.querySelectorAll('#inputs label')].find(label => "
                       "label.firstChild.textContent === arguments[0] + ' = ').querySelector('input')", name)  # fmt: skip

    def in_field(self, name):
        return self.field(name).get_attribute("value")

    def refused(self, name):
        """What is said beside the field."""
        return self.js("return arguments[0].parentElement.querySelector('small').textContent", self.field(name))

    def type(self, name, text):
        """Replace what stands in an input's field, key by key."""
        field = self.field(name)
        self.js("arguments[0].select()", field)
        field.send_keys(text)
        self.wait()

    def put(self, name, text):
        """Let a text stand in an input's field, all at once."""
        self.js("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", self.field(name), text)
        self.wait()

    def lit(self):
        """The ids of the cards that are lit."""
        return set(self.js("return [...document.querySelectorAll('.card.lit')].map(card => card.id)"))

    def card(self, node):
        """What stands on a card: {"name": "v", "value": "9", "gradient": "∂ +2", ...}."""
        return self.js("return Object.fromEntries([...document.getElementById(arguments[0]).querySelectorAll('text')]"
                       ".map(text => [text.getAttribute('class'), [...text.childNodes].filter(part => part.nodeName !== 'title')"
                       ".map(part => part.textContent).join('')]).filter(([, text]) => text))", node)  # fmt: skip

    def chips(self):
        """The local derivatives that stand on arrows just now."""
        return self.texts(".chip")

    def numbers(self):
        """Every value and gradient that the page has computed."""
        return self.js("return [values, gradients]")

    def everything(self):
        """All that a reader could see, hear or find: the texts, and the names for a screen reader."""
        return self.js("""
            const seen = [...document.querySelectorAll("body *:not(script):not(style)")];
            const said = seen.flatMap(part => [...part.attributes]
              .filter(({ name }) => ["aria-label", "title", "alt", "aria-valuetext", "placeholder"].includes(name))
              .map(attribute => attribute.value));
            const own = part => [...part.childNodes].filter(node => node.nodeType === 3).map(node => node.data);
            const values = [...document.querySelectorAll("input:not([type=range])")].map(field => field.value);
            return [...seen.flatMap(own), ...said, ...values, document.title].join(" \\n ")""")
