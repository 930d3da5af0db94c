"""How long a page of 500 nodes takes to write, and to open in a browser. Run: python benchmarks/page.py

Opening is what the browser itself reports, from the request to the end of the `load` event, by when the first step is shown.
The best of five; the machine's other work only ever adds.
"""

import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a bare clone needs no installation
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "viz"))

from browser import start

from engine import Value, tanh
from engine.graph import topological_order
from viz import page

OPENING = "const [entry] = performance.getEntriesByType('navigation'); return entry.loadEventEnd - entry.startTime"


def chain(length):
    """tanh(... tanh(tanh(x·w0)·w1) ...): three nodes for each weight."""
    total = Value(0.5, "x")
    for i in range(length):
        total = tanh(total * Value(0.5, f"w{i}"))
    return total


def main():
    """Print both times."""
    output = chain(167)
    with tempfile.TemporaryDirectory() as folder:
        begin = perf_counter()
        path = page(output, Path(folder) / "page.html")
        written = perf_counter() - begin
        driver = start(Path(folder) / "profile")
        try:
            times = []
            for _ in range(5):
                driver.get("about:blank")
                driver.get(path.as_uri())
                times.append(driver.execute_script(OPENING) / 1000)
        finally:
            driver.quit()
    print(f"{len(topological_order(output))} nodes: written in {written:.2f} s, opened in {min(times):.2f} s")


if __name__ == "__main__":
    main()
