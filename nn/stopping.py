"""When to stop. A condition looks at the history after each epoch and returns the reason to stop, or "" to go on."""

from __future__ import annotations

from typing import Any, Protocol

from .history import History


class Stop(Protocol):
    """What `fit(stop=[...])` takes."""

    def __call__(self, history: History, model: Any) -> str:
        """The reason to stop now; empty to go on."""
        ...


def patient(epochs: int) -> int:
    """The patience, or an error if it is below 1."""
    if epochs < 1:
        raise ValueError(f"patience = {epochs}: wait for at least one epoch.")
    return epochs


class Epochs:
    """Stops after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def __call__(self, history: History, model: Any) -> str:
        """The reason, once it is reached."""
        return f"{self.epochs} epoch{'s are' if self.epochs != 1 else ' is'} done" if history.epochs >= self.epochs else ""


class Target:
    """Stops when the cost has come down to a target."""

    def __init__(self, cost: float) -> None:
        self.cost = cost

    def __call__(self, history: History, model: Any) -> str:
        """The reason, once it is reached."""
        reached = history.cost[-1] <= self.cost
        return f"the cost {history.cost[-1]:.6g} has reached the target {self.cost:g}" if reached else ""


class Plateau:
    """Stops when the cost has not fallen by more than `least` for `patience` epochs."""

    def __init__(self, patience: int = 5, least: float = 1e-6) -> None:
        self.patience, self.least = patient(patience), least
        self.begin()

    def begin(self) -> None:
        """Forget an earlier run; a condition may be used for several."""
        self.best, self.waited = float("inf"), 0

    def __call__(self, history: History, model: Any) -> str:
        """The reason, when patience runs out."""
        if history.cost[-1] < self.best - self.least:
            self.best, self.waited = history.cost[-1], 0
        else:
            self.waited += 1
        return f"the cost has not fallen for {self.waited} epochs" if self.waited >= self.patience else ""


class EarlyStopping:
    """Stops when the validation cost has not fallen for `patience` epochs; the best weights are restored."""

    def __init__(self, patience: int = 5) -> None:
        self.patience = patient(patience)
        self.begin()

    def begin(self) -> None:
        """Forget an earlier run."""
        self.best, self.waited, self.best_epoch = float("inf"), 0, 0
        self.weights: dict[str, Any] = {}

    def __call__(self, history: History, model: Any) -> str:
        """The reason, when patience runs out."""
        if not history.validation_cost:
            raise ValueError("EarlyStopping watches the validation cost: give fit(validation=0.2) or validation=(X, y).")
        if history.validation_cost[-1] < self.best:
            self.best, self.waited, self.best_epoch = history.validation_cost[-1], 0, history.epochs
            self.weights = model.state_dict()
            return ""
        self.waited += 1
        if self.waited < self.patience:
            return ""
        return f"the validation cost has not fallen for {self.waited} epochs"

    def finish(self, model: Any) -> str:
        """Restore the best weights, however the run ended; say which epoch's they are."""
        if not self.weights:
            return ""
        model.load_state_dict(self.weights)
        return f"; epoch {self.best_epoch}'s weights were restored"
