"""What the Sweep view asks of workers: how the sweep stands, and what its settings matter.

The worker reads on in the sweep's files while the view is seen. Importances are weighed anew when
another trial has finished and they are seen; Optuna is imported for them and for nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from textual import on, work
from textual.message import Message

from cnnlib.errors import CnnError
from tui.panes.base import Pane
from tui.session import Session
from tui.sweep.following import SweepFollower
from tui.sweep.journal import Trial
from tui.sweep.looking import TrialRuns
from tui.sweep.plan import Sweep
from tui.sweep.study import ENOUGH, comparable, importances
from tui.sweep.view import SweepView

SECONDS_BETWEEN_LOOKS = 1.0
Weighed = tuple[Sweep | None, list[Trial]]
"""What is searched, and the trials that finished."""


class Sweeping(Pane):
    """See the module."""

    @dataclass
    class Looked(Message):
        """The worker has read on."""

        view: SweepView

    @dataclass
    class SharesWeighed(Message):
        """How much each setting matters, or why that cannot be said."""

        of: Weighed
        shares: Mapping[str, float]
        missing: str

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.view: SweepView | None = None
        self.shares: Mapping[str, float] = {}
        self.missing = ""
        self._files: tuple[SweepFollower, TrialRuns] | None = None
        self._reading: SweepFollower | None = None
        self._looked = 0.0
        self._weighed: Weighed | None = None

    def draw(self) -> None:
        """Draw what is known."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Look again from time to time, while the pane is seen."""
        self.set_interval(SECONDS_BETWEEN_LOOKS, self._look_again)

    # How it stands

    def follow(self, folder: Path) -> None:
        """Follow the sweep in this folder from now on."""
        if self._files is None or self._files[0].folder != folder:
            self._files = SweepFollower(folder), TrialRuns(folder)
            self.view, self.shares, self.missing, self._weighed = None, {}, "", None
        if time.monotonic() - self._looked > SECONDS_BETWEEN_LOOKS or self.view is None:
            self.look()

    def look(self) -> None:
        """Read on, unless that is being done."""
        if self._files is not None and self._reading is not self._files[0]:
            self._reading = self._files[0]
            self._read(*self._files)

    def _look_again(self) -> None:
        if self.is_shown:
            self.look()

    @work(thread=True, exit_on_error=False, group="sweep")
    def _read(self, follower: SweepFollower, runs: TrialRuns) -> None:
        self.post_message(self.Looked(runs.look(follower.glance())))

    @on(Looked)
    def _take(self, message: Looked) -> None:
        message.stop()
        if self._files is None or message.view.folder != self._files[0].folder:
            return  # of the sweep that was shown before
        self._reading, self._looked = None, time.monotonic()
        before, self.view = self.view, message.view
        if self.is_shown:
            if self.view != before:
                self.draw()
            if self.view.behind:
                self.look()

    # What its settings matter

    def weigh(self) -> None:
        """Have it weighed how much each setting matters, where that may be another by now."""
        view = self.view
        if view is None:
            return
        of = view.sweep, [each.trial for each in view.trials if each.trial.state == "finished"]
        if of == self._weighed:
            return
        self._weighed = of
        sweep, finished = of
        count = len(comparable(sweep, finished)) if sweep is not None else 0
        if sweep is None:
            self.shares, self.missing = {}, "Importances need sweep.toml, which cannot be read."
        elif count < ENOUGH:
            self.shares = {}
            self.missing = f"Importances are told from {ENOUGH} finished trials on: {count} so far."
        else:
            self.missing = "weighing ..."
            self._weigh(sweep, of)

    @work(thread=True, exclusive=True, exit_on_error=False, group="importances")
    def _weigh(self, sweep: Sweep, of: Weighed) -> None:
        try:
            shares = importances(sweep, of[1])
            missing = "" if shares else "All finished trials came to the same: nothing to explain."
        except CnnError as error:
            shares, missing = {}, str(error)
        self.post_message(self.SharesWeighed(of, shares, missing))

    @on(SharesWeighed)
    def _keep_shares(self, message: SharesWeighed) -> None:
        message.stop()
        if message.of is self._weighed:
            self.shares, self.missing = message.shares, message.missing
            if self.is_shown:
                self.draw()
