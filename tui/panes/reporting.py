"""What the panes share that show a report: workers read it from the run, or make it.

The report of a run stands in its directory when the training has ended, with its hardest mistakes.
Before that, and for all mistakes of a network that makes many, the best weights are tried on the
test images: told how far it is, given up by Escape, gone on with by Enter.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from cnnlib.errors import CnnError
from cnnlib.report import Report
from cnnlib.runs import Run
from data.dataset import Dataset
from data.errors import DataError
from tui.experiment.evaluation import read_report
from tui.inspection.going_through import now_and_then
from tui.inspection.sources import Source, Stamp, source_of, stamp_of
from tui.panes.renewing import RenewedPane
from tui.render.format import count
from tui.session import Session


@dataclass(frozen=True)
class ReportQuestion:
    """Which report is wanted: the run's file, or one made with a network on a data set."""

    run_id: str
    stamp: Stamp | None
    source: Source | None = None
    data: str = ""


class ReportPane(RenewedPane):
    """A pane that shows a report."""

    @dataclass
    class ReportRead(Message):
        """The worker has the report (all of it, when ``whole``), or says why there is none."""

        question: ReportQuestion
        report: Report | None
        problem: str
        whole: bool = True

    @dataclass
    class Tried(Message):
        """The worker has gone through so many test images."""

        question: ReportQuestion
        done: int

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.inspector = session.inspector
        self.report: Report | None = None
        self.report_problem = ""
        self.question: ReportQuestion | None = None
        self.tried = 0
        """Test images gone through so far."""
        self.given_up = False
        self._answered: ReportQuestion | None = None

    @property
    def is_reading(self) -> bool:
        """Whether the worker is still at it."""
        return self.question != self._answered and not self.given_up

    @property
    def is_final(self) -> bool:
        """Whether the report is the one that the run wrote at its end."""
        return self._answered is not None and self._answered.stamp is not None

    def wants_report(self) -> bool:
        """Whether a report is to be made where the run wrote none."""
        return True

    def ask_report(self, session: Session) -> None:
        """Have the worker read or make the report of the session's run, if it is a new one."""
        question = self._question(session)
        if question == self.question:
            return
        if question is None or self.question is None or question.run_id != self.question.run_id:
            self.report, self.report_problem = None, ""
        self.question = question
        self._ask()

    def _ask(self) -> None:
        question, run = self.question, self.session.run
        self.tried, self.given_up = 0, False
        if question is None or run is None:
            self._answered = question
        else:
            self._read(question, run, self.session.dataset)

    def _question(self, session: Session) -> ReportQuestion | None:
        run, dataset = session.run, session.dataset
        if run is None:
            return None
        stamp = None if session.series.is_live else stamp_of(run.report_path)
        if dataset is None:
            return ReportQuestion(run.id, stamp) if stamp is not None else None
        source = source_of(run, session.settings.architecture, dataset)
        if stamp is not None or (source.trained and self.wants_report()):
            return ReportQuestion(run.id, stamp, source, dataset.sha256)
        return None

    @work(thread=True, exclusive=True, exit_on_error=False, group="report")
    def _read(self, question: ReportQuestion, run: Run, dataset: Dataset | None) -> None:
        report, problem = None, ""
        try:
            if question.stamp is not None:
                report = read_report(run)
            if dataset is not None and _is_short(report, dataset):
                if report is not None:
                    self.post_message(self.ReportRead(question, report, "", whole=False))
                report = self._try(question, dataset, report)
        except (CnnError, DataError, OSError) as error:
            problem = str(error) if report is None else ""
        if not get_current_worker().is_cancelled:
            self.post_message(self.ReportRead(question, report, problem))

    def _try(
        self, question: ReportQuestion, dataset: Dataset, known: Report | None
    ) -> Report | None:
        """The report of the network itself, where that is the one that is known in part."""
        worker, source = get_current_worker(), question.source
        if source is None or not source.trained:
            return known
        told = now_and_then(
            lambda done: self.post_message(self.Tried(question, done)), lambda: worker.is_cancelled
        )
        made = self.inspector.report(source, question.data, dataset.test, dataset.classes, told)
        if made is None or (known is not None and (made.confusion != known.confusion).any()):
            return known
        return made

    @on(ReportRead)
    def _report_read(self, message: ReportRead) -> None:
        if message.question != self.question:
            return
        if message.whole:
            self._answered = message.question
        self.report, self.report_problem = message.report, message.problem
        self.renew()

    @on(Tried)
    def _told(self, message: Tried) -> None:
        if message.question == self.question:
            self.tried = message.done
            if self.is_shown:
                self.draw()

    def reading_words(self) -> str:
        """How far the worker is, or that it was given up; empty where nothing is asked."""
        test = self.session.split("test")
        done = f"{count(self.tried)} of {count(len(test or ()))} test images"
        if self.given_up:
            return f"Given up after {done}. Enter goes on."
        if not self.is_reading:
            return ""
        return (
            f"{done} tried ...  Esc gives up"
            if self.tried
            else "looking through the test images..."
        )

    def give_up_reading(self) -> bool:
        """Stop trying the test images; whether they were being tried."""
        if not self.is_reading:
            return False
        self.workers.cancel_group(self, "report")
        self.given_up = True
        self.draw()
        return True

    def go_on_reading(self) -> bool:
        """Go on after it was given up; whether it was."""
        if not self.given_up:
            return False
        self._ask()
        self.draw()
        return True


def _is_short(report: Report | None, dataset: Dataset) -> bool:
    """Whether a report on these test images is missing, or lists only some of the mistakes."""
    if report is None:
        return True
    of_these = int(report.confusion.sum()) == len(dataset.test)
    return of_these and len(report.mistakes) < report.mistakes_total
