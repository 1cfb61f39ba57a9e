"""What can be done with the runs of the list: order, search, name, note, tag, delete, undo.

A mixin of the Runs pane. Everything is done in the directory of the run, whose trainer, if it has
one, is not disturbed.
"""

from __future__ import annotations

from collections.abc import Callable

from cnnlib.errors import CnnError
from cnnlib.runs import Run, RunSummary, labels, trash
from cnnlib.runs.directory import SORT_KEYS, sort
from tui.panes.base import Pane
from tui.render.sweep.row import SweepRow
from tui.screens.ask import AskScreen

ORDERS = tuple(SORT_KEYS)


class Arranging(Pane):
    """See the module; the pane keeps the list and the cursor.

    Attributes:
        words: what all listed runs have in their line; empty: all are listed.
        order: by what they are sorted.
    """

    words: str = ""
    order: str = ORDERS[0]
    _deleted: Run | None = None

    def chosen_run(self) -> RunSummary | None:
        """The run under the cursor."""
        raise NotImplementedError

    def relist(self) -> None:
        """Read the directory again, now."""
        raise NotImplementedError

    def arranged(self, runs: list[RunSummary]) -> list[RunSummary]:
        """The runs that are to be listed, in the order that is wanted."""
        return sort([run for run in runs if run.has(self.words)], self.order)

    def arrangement(self) -> str:
        """What is not as usual in the list, in words; empty: nothing."""
        words = [f"/{self.words}"] if self.words else []
        words += [f"by {self.order}"] if self.order != ORDERS[0] else []
        words += ["u takes the deleted run back"] if self._deleted is not None else []
        return "  ".join(words)

    def go_back(self) -> bool:
        """Escape: all runs again."""
        found, self.words = bool(self.words), ""
        if found:
            self.relist()
        return found

    def action_sort(self) -> None:
        """The next order."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.say(f"by {self.order}")
        self.relist()

    def action_search(self) -> None:
        """Ask for words that the listed runs must have."""

        def search(answer: str | None) -> None:
            if answer is not None:
                self.words = " ".join(answer.split())
                self.relist()

        question = "Words of the name, note, #tag, state, data or network; none lists all."
        self.application.push_screen(AskScreen("Search", question, self.words), search)

    def action_rename(self) -> None:
        """Ask for another name."""
        self._ask("Name", "The directory keeps its name.", lambda run: run.name, labels.rename)

    def action_note(self) -> None:
        """Ask for a note."""

        def note_of(summary: RunSummary) -> str:
            return labels.Labels.of(Run(summary.path).description()).note

        self._ask("Note", "A line about this run; none removes it.", note_of, labels.annotate)

    def action_tags(self) -> None:
        """Ask for tags."""

        def write(run: Run, text: str) -> None:
            tags = set(labels.tags_in(text))
            before = labels.Labels.of(run.description()).tags
            labels.tag(run, tags, set(before) - tags)

        self._ask("Tags", "Single words.", lambda run: " ".join(run.tags), write)

    def _ask(
        self,
        title: str,
        question: str,
        now: Callable[[RunSummary], str],
        write: Callable[[Run, str], object],
    ) -> None:
        chosen = self.chosen_run()
        if chosen is None or self._is_sweep(chosen):
            return
        if chosen.state == "damaged":
            self.say(f"{chosen.id} is damaged: {chosen.note}")
            return
        run = Run(chosen.path)

        def attempt(text: str) -> str:
            try:
                write(run, text)
            except CnnError as error:
                return str(error)
            return ""

        def done(answer: str | None) -> None:
            if answer is not None:
                self.relist()

        screen = AskScreen(f"{title} of {run.id}", question, now(chosen), check=attempt)
        self.application.push_screen(screen, done)

    def _is_sweep(self, chosen: RunSummary) -> bool:
        """Whether it is a sweep, of which it is said that nothing of this can be done."""
        if isinstance(chosen, SweepRow):
            self.say(f"{chosen.id} is a sweep, and stays as it is: Enter opens it")
        return isinstance(chosen, SweepRow)

    def action_delete(self) -> None:
        """Move the run to the trash; `undo` brings it back."""
        chosen, shown = self.chosen_run(), self.session.run
        if chosen is None or self._is_sweep(chosen):
            return
        if shown is not None and shown.path.absolute() == chosen.path.absolute():
            self.say(f"{chosen.id} is shown in the other panes: open another run first")
            return
        try:
            self._deleted = Run(trash.delete(Run(chosen.path)))
        except CnnError as error:
            self.application.say(str(error), "error")
            return
        self.say(f"{chosen.id} is in the trash: u takes it back")
        self.relist()

    def action_undo(self) -> None:
        """Take the last run that was deleted out of the trash."""
        which = self._deleted.id if self._deleted is not None else None
        self._deleted = None
        try:
            run = trash.restore(self.session.runs_root, which)
        except CnnError as error:
            self.say(str(error))
            return
        self.say(f"{run.id} is back")
        self.relist()
