"""What the panes share that show a report: it is read by a worker, once for each file.

The report of a run stands in its directory when the training has ended. Before that, a pane that
asks for it gets one made from the latest checkpoint on the test images.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.message import Message

from cnnlib.errors import CnnError
from cnnlib.report import Report
from cnnlib.runs import Run
from data.dataset import Dataset
from data.errors import DataError
from tui.experiment.evaluation import read_report
from tui.inspection import Inspector, Source, Stamp, source_of, stamp_of
from tui.panes.base import Pane
from tui.session import Session


@dataclass(frozen=True)
class ReportQuestion:
    """Which report is wanted: the run's file, or one made with a network on a data set."""

    run_id: str
    stamp: Stamp | None
    source: Source | None = None
    data: str = ""


class ReportPane(Pane):
    """A pane that shows a report."""

    computes = False
    """Whether a report is made from the latest checkpoint where the run wrote none yet."""

    @dataclass
    class ReportRead(Message):
        """The worker has the report, or says why there is none."""

        question: ReportQuestion
        report: Report | None
        problem: str

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.inspector = Inspector()
        self.report: Report | None = None
        self.report_problem = ""
        self.question: ReportQuestion | None = None
        self._answered: ReportQuestion | None = None

    @property
    def is_reading(self) -> bool:
        """Whether the worker is still at it."""
        return self.question != self._answered

    @property
    def is_final(self) -> bool:
        """Whether the report is the one that the run wrote at its end."""
        return self._answered is not None and self._answered.stamp is not None

    def ask_report(self, session: Session) -> None:
        """Have the worker read or make the report of the session's run, if it is a new one."""
        question = self._question(session)
        if question == self.question:
            return
        if question is None or self.question is None or question.run_id != self.question.run_id:
            self.report, self.report_problem = None, ""
        self.question = question
        if question is None or session.run is None:
            self._answered = question
        else:
            self._read(question, session.run, session.dataset)

    def _question(self, session: Session) -> ReportQuestion | None:
        run, dataset = session.run, session.dataset
        if run is None:
            return None
        stamp = stamp_of(run.report_path)
        if stamp is not None:
            return ReportQuestion(run.id, stamp)
        if self.computes and dataset is not None:
            source = source_of(run, session.settings.architecture, dataset)
            if source.trained:
                return ReportQuestion(run.id, None, source, dataset.sha256)
        return None

    @work(thread=True, exclusive=True, exit_on_error=False, group="report")
    def _read(self, question: ReportQuestion, run: Run, dataset: Dataset | None) -> None:
        report, problem = None, ""
        try:
            if question.source is None:
                report = read_report(run)
            elif dataset is not None:
                report = self.inspector.report(
                    question.source, "test", dataset.test, dataset.classes
                )
        except (CnnError, DataError, OSError) as error:
            problem = str(error)
        self.post_message(self.ReportRead(question, report, problem))

    @on(ReportRead)
    def _report_read(self, message: ReportRead) -> None:
        if message.question != self.question:
            return
        self._answered = message.question
        self.report, self.report_problem = message.report, message.problem
        if self.is_shown:
            self.draw()

    def draw(self) -> None:
        """Draw what is known; called when the report has come."""
        raise NotImplementedError
