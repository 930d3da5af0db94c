"""What happened in a run of `fit`, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class History:
    """One entry per epoch in each list.

    cost                  the cost over the training data: reduced as asked, penalty included, measured while training
    accuracy              the share of training examples classified correctly; nan for regression
    gradient_norm         the Euclidean norm of the gradient at the last update of the epoch
    time                  seconds since the start
    validation_cost       the cost over the validation data, without penalty; empty if there is none
    validation_accuracy   the share classified correctly there
    updates               how many updates were made in all
    diverged              whether the run ended because a number became inf or nan
    reason                why the run ended, in words
    """

    cost: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    validation_cost: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    updates: int = 0
    diverged: bool = False
    reason: str = ""

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.cost)

    def __repr__(self) -> str:
        last = f", cost {self.cost[0]:.6g} → {self.cost[-1]:.6g}" if self.cost else ""
        return f"History({self.epochs} epochs, {self.updates} updates{last}; {self.reason or 'still running'})"
