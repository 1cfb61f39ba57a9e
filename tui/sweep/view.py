"""A sweep as it stands, as plain data: its state, its trials, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cnnlib.runs.directory import Run
from tui.sweep.journal import Trial
from tui.sweep.plan import Sweep
from tui.sweep.results import ranked


@dataclass(frozen=True)
class TrialView:
    """A trial as it stands.

    Attributes:
        trial: what the journal tells of it.
        state: that of the trial, but "queued" while it waits for a trainer, and "interrupted"
            where neither trainer nor driver is at work.
        value: of one that finished its own, else the newest of an epoch; None: there is none.
        epochs: that are done.
        seconds: under training, of all its runs; None: not read yet.
        runs: its run directories, one a seed.
    """

    trial: Trial
    state: str
    value: float | None = None
    epochs: int = 0
    seconds: float | None = None
    runs: tuple[Run, ...] = ()

    @property
    def number(self) -> int:
        """Of the trial."""
        return self.trial.number


@dataclass(frozen=True)
class SweepView:
    """A sweep as it stands.

    Attributes:
        folder: where it is.
        state: "running", "silent" (its driver is elsewhere and was not heard of lately),
            "finished", "interrupted", "new", "gone".
        sweep: what it is asked to do; None: that cannot be read.
        trials: those that were begun, in the order of their numbers.
        problem: what is wrong, in a line; "" where nothing is.
        began: when its first trial did, in seconds since 1970; 0.0: none did.
        behind: there is more to read at once.
    """

    folder: Path
    state: str
    sweep: Sweep | None = None
    trials: tuple[TrialView, ...] = ()
    problem: str = ""
    began: float = 0.0
    behind: bool = False

    @property
    def driven(self) -> bool:
        """Whether a driver is at work, as far as one can tell."""
        return self.state in ("running", "silent")

    @property
    def planned(self) -> int:
        """How many trials there are to be."""
        return max(self.sweep.trials if self.sweep is not None else 0, len(self.trials))

    @property
    def over(self) -> int:
        """How many are over."""
        return sum(view.trial.over for view in self.trials)

    @property
    def objective(self) -> str:
        """What is compared: "accuracy" or "loss"."""
        return self.sweep.objective if self.sweep is not None else "accuracy"

    @property
    def names(self) -> list[str]:
        """The settings that vary."""
        if self.sweep is not None:
            return list(self.sweep.space)
        return list(dict.fromkeys(name for view in self.trials for name in view.trial.parameters))

    @property
    def epochs(self) -> int:
        """Of the longest trial; 0 where that is not known."""
        return self.sweep.most_epochs if self.sweep is not None else 0

    def counts(self) -> Counter[str]:
        """How many trials stand how."""
        return Counter(view.state for view in self.trials)

    def ranking(self) -> list[Trial]:
        """The trials that finished, the best first."""
        return ranked((view.trial for view in self.trials), self.objective)
