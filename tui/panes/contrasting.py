"""What Evaluate asks of workers: the score without wrong labels, and another run's predictions.

Predictions follow from a report where it lists all mistakes; else the network is asked, which is
told how far it is and can be given up.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from cnnlib.errors import CnnError, RunError
from cnnlib.explain import CorrectedAccuracy, corrected_accuracy, is_mnist_test
from cnnlib.metrics import Agreement, agreement
from cnnlib.report import Report
from cnnlib.runs import Run
from data.dataset import Dataset
from data.errors import DataError
from tui.experiment.evaluation import read_report
from tui.inspection.going_through import Told, now_and_then
from tui.inspection.sources import Source, source_of
from tui.panes.comparing import ChoosingRuns
from tui.panes.reporting import ReportPane
from tui.session import Session


@dataclass(frozen=True)
class CompareQuestion:
    """Two networks on the test images of a data set; without the second, the first alone."""

    first: Source
    second: Source | None
    data: str


class ContrastingPane(ReportPane, ChoosingRuns):
    """A pane that knows more about the predictions behind a report."""

    @dataclass
    class Compared(Message):
        """The worker has compared."""

        question: CompareQuestion
        corrected: CorrectedAccuracy | None
        agreement: Agreement | None
        problem: str

    @dataclass
    class Contrasted(Message):
        """The worker has gone through so many test images."""

        question: CompareQuestion
        done: int

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.contrasted = 0
        """Test images that were tried for the comparison so far."""
        self.other: Run | None = None
        """The run that is compared with the one shown."""
        self.corrected: CorrectedAccuracy | None = None
        self.agreement: Agreement | None = None
        self.compare_problem = ""
        self._compared: CompareQuestion | None = None

    def ask_comparison(self) -> None:
        """Have the worker compare, once there is a report."""
        session, dataset, report = self.session, self.session.dataset, self.report
        run = session.run
        if run is None or dataset is None or report is None or not self._is_of(dataset, report):
            return
        text = session.settings.architecture
        if self.other is not None and self.other.path == run.path:
            self.other = None
        second = source_of(self.other, text, dataset) if self.other is not None else None
        question = CompareQuestion(source_of(run, text, dataset), second, dataset.sha256)
        if question != self._compared:
            self._compared, self.contrasted = question, 0
            self.corrected, self.agreement, self.compare_problem = None, None, ""
            if question.second is not None or is_mnist_test(dataset.test.labels):
                self._compare(question, report, dataset)

    def _is_of(self, dataset: Dataset, report: Report) -> bool:
        return int(report.confusion.sum()) == len(dataset.test)

    @work(thread=True, exclusive=True, exit_on_error=False, group="compare")
    def _compare(self, question: CompareQuestion, report: Report, dataset: Dataset) -> None:
        worker = get_current_worker()
        told = now_and_then(
            lambda done: self.post_message(self.Contrasted(question, done)),
            lambda: worker.is_cancelled,
        )
        corrected, found, problem = None, None, ""
        try:
            labels, ask = dataset.test.labels, self.inspector.predicted
            first = ask(question.first, question.data, report, dataset.test, told)
            if first is not None and is_mnist_test(labels):
                corrected = corrected_accuracy(labels, first)
            if first is not None and question.second is not None and question.second.run:
                theirs = self._report_of(question.second, dataset, told)
                if theirs is not None:
                    second = ask(question.second, question.data, theirs, dataset.test, told)
                    found = agreement(labels, first, second) if second is not None else None
        except (CnnError, DataError, OSError) as error:
            problem = str(error)
        if not worker.is_cancelled:
            self.post_message(self.Compared(question, corrected, found, problem))

    def _report_of(self, source: Source, dataset: Dataset, told: Told) -> Report | None:
        """The other run's report on these test images; None where that was given up."""
        if source.run is None:
            return None
        _require_data(source.run, dataset)
        if source.run.report_path.exists():
            return read_report(source.run)
        return self.inspector.report(source, dataset.sha256, dataset.test, dataset.classes, told)

    @on(Contrasted)
    def _contrasted(self, message: Contrasted) -> None:
        if message.question == self._compared:
            self.contrasted = message.done
            self.renew()

    def stop_comparing(self) -> bool:
        """Give up the comparison that is being made; whether one was."""
        if self.other is None or self.agreement is not None or self.compare_problem:
            return False
        self.workers.cancel_group(self, "compare")
        self.other = None
        return True

    @on(Compared)
    def _comparison_made(self, message: Compared) -> None:
        if message.question == self._compared:
            self.corrected, self.agreement = message.corrected, message.agreement
            self.compare_problem = message.problem
            self.renew()


def _require_data(other: Run, dataset: Dataset) -> None:
    seen = other.description().get("data", {}).get("sha256")
    if seen != dataset.sha256:
        raise RunError(
            f"the comparison with {other.id}",
            expected="a run on the same data",
            received=f"one on {other.description().get('data', {}).get('name', 'other data')}",
        )
