"""A progress bar with the current cost: live in a terminal and in a notebook, a line now and then in a pipe."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .history import History

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Progress:
    """Shows epochs as they pass; does nothing unless `enabled`."""

    def __init__(self, epochs: int | None, *, enabled: bool) -> None:
        self.epochs, self.enabled = epochs, enabled
        in_notebook = "ipykernel" in sys.modules and find_spec("ipywidgets") is not None  # what rich draws with there
        self.live = enabled and (sys.stderr.isatty() or in_notebook)
        self.bar: RichProgress | None = None

    def __enter__(self) -> Progress:
        if self.live:
            from rich.console import Console  # here, since most runs show no bar
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress

            self.bar = RichProgress(
                TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn(),
                console=Console(stderr=True),
            )  # fmt: skip
            self.bar.start()
            self.task = self.bar.add_task("", total=self.epochs)
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.bar:
            self.bar.stop()

    def advance(self, history: History) -> None:
        """One more epoch is done."""
        said = f"cost {history.cost[-1]:.5f}"
        if history.accuracy[-1] == history.accuracy[-1]:
            said += f"  accuracy {history.accuracy[-1]:.3f}"
        if self.bar:
            self.bar.update(self.task, advance=1, description=said)
        elif self.enabled and (history.epochs % max(1, (self.epochs or 100) // 10) == 0 or history.epochs == 1):
            print(f"epoch {history.epochs}: {said}", file=sys.stderr, flush=True)
