"""What every test of pictures and pages needs."""

import pytest
from browser import driver, emulate, opened  # noqa: F401  # fixtures, so that all tests share one browser
from matplotlib import pyplot


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")
