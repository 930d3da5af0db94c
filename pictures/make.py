"""The pictures that README shows: python pictures/make.py makes them anew. The page's needs Chromium, the others only pip."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "chainrule"}  # text as text; the same file every time

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from engine import Value, parse  # noqa: E402  # the path has to be known first
from nn import MLP, data, fit, losses, optim  # noqa: E402
from viz import draw, page, plot_boundary  # noqa: E402
from viz.plots.network import draw_network  # noqa: E402

QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def worked_example() -> Value:
    """f = x²y/z at (3, 4, 2), swept."""
    f = parse("v = x**2; u = v*y; u/z", x=3, y=4, z=2)
    f.backward()
    return f


def make_graph() -> None:
    """The graph with values above and gradients below."""
    drawing = draw(worked_example())
    drawing.save(HERE / "graph.dot")
    drawing.save(HERE / "graph.svg")


def make_network() -> None:
    """The lecture's 2-2-2 network with its activations and errors."""
    model = MLP.from_weights(
        [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]], [[0.35, 0.35], [0.60, 0.60]], "sigmoid", "sigmoid"
    )
    axes = draw_network(model, [0.05, 0.10], [0.01, 0.99], loss=losses.quadratic)
    axes.figure.savefig(HERE / "network.svg", bbox_inches="tight", metadata={"Date": None})


def make_moons() -> None:
    """Two moons, told apart: the border, and the examples."""
    moons = data.moons()
    model = MLP(2, [16, 16, 1], "tanh", "sigmoid", seed=1)
    fit(model, moons.X, moons.y, loss="binary_cross_entropy", optimizer=optim.Adam(model.parameters(), lr=0.02), epochs=100)
    axes = plot_boundary(model, moons.X_test, moons.y_test, loss="binary_cross_entropy")
    axes.figure.savefig(HERE / "moons.svg", bbox_inches="tight", metadata={"Date": None})


def make_page() -> None:
    """A screenshot of the page, in the middle of the way back."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("page.png is left as it is: there is no Chromium here")
        return
    with tempfile.TemporaryDirectory() as folder:
        written = page(worked_example(), Path(folder) / "chain-rule.html")
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", *QUIET, f"--user-data-dir={folder}/profile",
             "--window-size=1280,720", "--virtual-time-budget=2000", f"--screenshot={HERE / 'page.png'}",
             f"{written.as_uri()}#x=3&y=4&z=2&step=7"], check=True, capture_output=True,
        )  # fmt: skip


if __name__ == "__main__":
    make_graph()
    make_network()
    make_moons()
    make_page()
